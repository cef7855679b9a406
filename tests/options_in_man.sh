#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/options_in_man.sh - one list of options in four places: --help of each verb, the manual
# page's `.It Fl` lines, and the completions for bash and zsh. They must not drift apart.
set -u
: "${SHELLTREE:?names the program}"
srcdir=${srcdir:-.}
bad=0

# differ WHAT LEFT RIGHT: complains if two sorted lists are not the same.
differ() {
    [ "$2" = "$3" ] && return
    bad=$((bad + 1))
    echo "$1:"
    for word in $2; do case " $(echo $3) " in *" $word "*) ;; *) echo "  $word is missing" ;; esac; done
    for word in $3; do case " $(echo $2) " in *" $word "*) ;; *) echo "  $word is not an option" ;; esac; done
}

# Option names in --help stand at the beginning of a line: "  -f, --format FORMAT  how ...".
of_help() {
    "$SHELLTREE" "$1" --help | sed -n 's/^ \{1,6\}\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort -u
}

verbs=$("$SHELLTREE" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$verbs" ] || { echo "--help names no verb"; exit 1; }

all=
for verb in $verbs; do
    have=$(of_help "$verb")
    [ -n "$have" ] || { echo "$verb --help names no option"; bad=$((bad + 1)); }
    all="$all $have"
    differ "$verb in completions/shelltree.bash" "$have" \
        "$(sed -n "s/^_shelltree_options_$verb='\(.*\)'\$/\1/p" "$srcdir/completions/shelltree.bash" | tr ' ' '\n' | sort -u)"
    differ "$verb in completions/_shelltree" "$have" \
        "$(sed -n "/^ *$verb)/,/;;/s/.*\(--[a-z-]*\)[=[}].*/\1/p" "$srcdir/completions/_shelltree" | sort -u)"
    grep -q "^\.It Cm $verb\b" "$srcdir/man/shelltree.1" ||
        { echo "man/shelltree.1: verb $verb is missing"; bad=$((bad + 1)); }
    formats=$("$SHELLTREE" "$verb" --help | sed -n 's/^Formats: \([a-z0-9 ]*\) (.*/\1/p' | tr ' ' '\n' | sort)
    [ -n "$formats" ] || { echo "$verb --help names no format"; bad=$((bad + 1)); }
    differ "formats of $verb in completions/_shelltree" "$formats" \
        "$(sed -n "/^ *$verb)/,/;;/s/.*:format:(\([a-z0-9 ]*\)).*/\1/p" "$srcdir/completions/_shelltree" | tr ' ' '\n' | sort)"
    differ "formats of $verb in completions/shelltree.bash" "$formats" \
        "$(bash -c '. "$1"; _shelltree_values --format "$2"' formats "$srcdir/completions/shelltree.bash" "$verb" |
            tr ' ' '\n' | sort)"
    for format in $formats; do
        grep -q "^\.Cm $format\b" "$srcdir/man/shelltree.1" ||
            { echo "man/shelltree.1: format $format is missing"; bad=$((bad + 1)); }
    done
done
all=$(for word in $all --version; do echo "$word"; done | sort -u)

differ "man/shelltree.1" "$all" \
    "$(sed -n '/^\.It Fl /p' "$srcdir/man/shelltree.1" | grep -o 'Fl -[a-z-]*' | sed 's/^Fl /-/' | sort -u)"

# Short forms: the same letters in --help and in the manual page.
differ "short options in man/shelltree.1" \
    "$(for verb in $verbs; do "$SHELLTREE" "$verb" --help; done | sed -n 's/^  \(-[a-z]\), --.*/\1/p' | sort -u)" \
    "$(sed -n 's/^\.It Fl \([a-z]\) .*/-\1/p' "$srcdir/man/shelltree.1" | sort -u)"

[ "$bad" -eq 0 ] && echo "options: $(echo "$all" | wc -l) in the manual page, the completions and --help"
[ "$bad" -eq 0 ]
