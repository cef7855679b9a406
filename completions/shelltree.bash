# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# shelltree.bash - completion for bash. tests/options_in_man.sh holds the lists against --help.

_shelltree_verbs='hunt tree query extract verify rules'
_shelltree_options_hunt='--name --since-run --format --output --rules --scope --min-level --since --until --host --now --ago --trust-inferred --clock-offset --servers --known --ioc --notes --external --param --stub-services --max-rows --max-memory --max-time --files-from --null --engine --threads --archive-depth --password-file --memory --tmp --tmp-size --carve --duplicates --digest --rule-status --exclude-rule --exclude-rules --placeholders --strict-rules --csv-raw --confirm --exit-code --force --color --width --full --no-pager --ascii --quiet --verbose --help'
_shelltree_options_tree='--format --output --host --incident --guid --pid --image --around --files-from --null --engine --threads --archive-depth --password-file --memory --tmp --tmp-size --carve --duplicates --csv-raw --clock-offset --force --color --width --no-pager --ascii --quiet --verbose --help'
_shelltree_options_query='--format --output --host --incident --now --ago --trust-inferred --clock-offset --servers --known --external --param --stub-services --max-rows --max-memory --max-time --file --tables --columns --explain --files-from --null --engine --threads --archive-depth --password-file --memory --tmp --tmp-size --carve --duplicates --csv-raw --force --width --ascii --quiet --verbose --help'
_shelltree_options_extract='--confirm --name --part --failed --format --output --host --files-from --null --engine --threads --archive-depth --password-file --tmp --tmp-size --carve --duplicates --csv-raw --xml --force --quiet --verbose --help'
_shelltree_options_verify='--format --output --files-from --null --threads --archive-depth --password-file --tmp --tmp-size --carve --duplicates --force --ascii --quiet --verbose --help'
_shelltree_options_rules='--format --output --rules --rule-status --exclude-rule --exclude-rules --placeholders --strict-rules --max-rows --max-memory --max-time --servers --known --external --param --stub-services --force --width --ascii --quiet --help'

_shelltree_values()
{
    case $1 in
    -f | --format)
        case $2 in
        hunt) echo 'bodyfile casedb csv dot ecs html jsonl l2tcsv markdown navigator text timesketch xlsx' ;;
        tree) echo 'csv jsonl text' ;;
        query | rules) echo 'csv json jsonl text' ;;
        extract) echo 'casedb csv jsonl' ;;
        verify) echo 'jsonl text' ;;
        esac
        ;;
    --scope) echo 'hits incident all' ;;
    --min-level) echo 'informational low medium high critical' ;;
    --ago) echo 'off strict' ;;
    --engine) echo 'native libevtx' ;;
    --color) echo 'auto always never' ;;
    esac
}

_shelltree()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
    local options values
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$_shelltree_verbs --help --version" -- "$cur")
        return
    fi
    case $prev in
    -o | --output | -r | --rules | --servers | --known | --ioc | --notes | --file | --files-from | --password-file | --tmp | --since-run)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --since | --until | --now | --around | --host | --incident | --guid | --pid | --image | --threads | --width | --clock-offset | --external | --param | --max-rows | --max-memory | --max-time | --archive-depth | --tmp-size | --memory | --name | --part | --failed)
        return
        ;;
    esac
    values=$(_shelltree_values "$prev" "$verb")
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
        return
    fi
    options=_shelltree_options_$verb
    case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "${!options}" -- "$cur") ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        if [ "$verb" = rules ] && [ "$COMP_CWORD" = 2 ]; then
            mapfile -t COMPREPLY < <(compgen -W 'list check test' -- "$cur")
        fi
        ;;
    esac
}
complete -o filenames -F _shelltree shelltree
