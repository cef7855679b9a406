#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/outputs.sh - what a golden case can't see: files and folders that are written, and that the
# way in (order of paths, a list, standard input) changes nothing.
set -u
: "${SHELLTREE:?names the program}"
cd "${srcdir:-.}" || exit 99
SHELLTREE_RULES=rules
export SHELLTREE_RULES
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
ran=0
bad=0

# check NAME COMMAND...: the command must succeed.
check() {
    name=$1
    shift
    ran=$((ran + 1))
    "$@" >"$tmp/log" 2>&1 && return
    bad=$((bad + 1))
    echo "not ok: $name"
    sed 's/^/    /' "$tmp/log" | head -n 20
}

# exits STATUS ARGUMENT...: the program ends with it.
exits() {
    want=$1
    shift
    "$SHELLTREE" "$@"
    got=$?
    [ "$got" = "$want" ] || { echo "exit status $got, wanted $want: $*"; return 1; }
}

# into FILE ARGUMENT...: standard output into a file, exit status 0.
into() {
    to=$1
    shift
    "$SHELLTREE" "$@" >"$to"
}

# Without the empty log: naming one gives status 3.
logs=$(find testdata -name '*.evtx' ! -name '*PowerShell*' | LC_ALL=C sort)
empty=$(find testdata -name '*PowerShell*' | head -n 1)
first=$(printf '%s\n' "$logs" | head -n 1)
[ -n "$first" ] || { echo "no logs in testdata"; exit 1; }
[ "$(printf '%s\n' "$logs" | wc -l)" -ge 2 ] || { echo "one log is too few"; exit 1; }
backwards=$(printf '%s\n' "$logs" | LC_ALL=C sort -r)

# ---- the whole set

set_is_whole() {
    for f in case.db findings.jsonl hosts.csv manifest-sha256.txt report.html run.json summary.md timeline.csv timeline.xlsx tree.txt; do
        [ -s "$tmp/case/$f" ] || { echo "$f is missing or empty"; return 1; }
    done
    (cd "$tmp/case" && sha256sum --strict -c manifest-sha256.txt)
}
check "dir: is written" exits 0 hunt -o "$tmp/case" testdata
check "dir: is whole, and its manifest holds" set_is_whole
check "dir: nothing lies beside it" test "$(ls -A "$tmp" | grep -c case)" = 1
check "csv: to standard output" into "$tmp/out.csv" hunt -f csv testdata
check "csv: with every hit confirmed" into "$tmp/confirmed.csv" hunt -f csv --confirm testdata
check "dir: timeline.csv is what goes to standard output" cmp "$tmp/case/timeline.csv" "$tmp/confirmed.csv"
check "jsonl: to standard output" into "$tmp/out.jsonl" hunt -f jsonl testdata
check "jsonl: with every hit confirmed" into "$tmp/confirmed.jsonl" hunt -f jsonl --confirm testdata
check "dir: findings.jsonl is what goes to standard output" cmp "$tmp/case/findings.jsonl" "$tmp/confirmed.jsonl"
check "dir: the page says what is confirmed" grep -q '<td>yes</td></tr>' "$tmp/case/report.html"
check "dir: is not written over" exits 2 hunt -o "$tmp/case" testdata
check "dir: is whole after that" set_is_whole
cp -r "$tmp/case" "$tmp/before"
check "dir: is written over with --force" exits 0 hunt --force -o "$tmp/case" testdata
check "dir: has the same bytes then" diff -r "$tmp/before" "$tmp/case"

# ---- how many hits libevtx is asked for without --confirm

cp -r testdata "$tmp/twice-a"
cp -r testdata "$tmp/twice-b"
# asked N [OPTION]: of N hits, how many have an answer, and is that said.
asked() {
    printf '// level: high\nDeviceProcessEvents | top %d by Timestamp\n' "$1" >"$tmp/hits.kql"
    rm -rf "$tmp/hits"
    "$SHELLTREE" hunt --duplicates --scope hits -r "$tmp/hits.kql" -o "$tmp/hits" ${2:+"$2"} "$tmp/twice-a" "$tmp/twice-b" 2>"$tmp/said" ||
        return 1
    said=no
    grep -q "libevtx read 256 of $1 hits again" "$tmp/said" && said=yes
    echo "$(grep -c '"Confirmed":' "$tmp/hits/findings.jsonl") of $(wc -l <"$tmp/hits/findings.jsonl"), said $said" >"$tmp/asked"
    grep -qx "$3" "$tmp/asked" || { cat "$tmp/asked" "$tmp/said"; return 1; }
}
check "confirm: as many as the bound" asked 256 '' '256 of 256, said no'
check "confirm: one more than the bound" asked 257 '' '256 of 257, said yes'
check "confirm: all if asked" asked 257 --confirm '257 of 257, said no'

check "dir: with a slash behind its name" exits 0 hunt -q -o "$tmp/slash/" testdata
check "dir: has the same bytes then, too" diff -r "$tmp/case" "$tmp/slash"
check "dir: can be entered as the umask says" sh -c \
    'mkdir "$0/usual" && [ "$(stat -c %a "$0/slash")" = "$(stat -c %a "$0/usual")" ]' "$tmp"
mkdir -m 750 "$tmp/empty"
check "dir: an empty folder that is there" exits 0 hunt -q -o "$tmp/empty" testdata
check "dir: has the same bytes then, too" diff -r "$tmp/case" "$tmp/empty"
check "dir: and the folder's mode" test "$(stat -c %a "$tmp/empty")" = 750
check "dir: nothing lies beside it" test "$(ls -A "$tmp" | grep -c empty)" = 1
mkdir "$tmp/hidden" && touch "$tmp/hidden/.mine"
check "dir: a folder that only looks empty" exits 2 hunt -q -o "$tmp/hidden" testdata
mkdir "$tmp/behind" && ln -s behind "$tmp/link"
check "dir: a link to an empty folder" exits 2 hunt -q --force -o "$tmp/link" testdata
check "dir: the link stays, and the folder stays empty" sh -c 'test -L "$0/link" && test -z "$(ls -A "$0/behind")"' "$tmp"
mkdir "$tmp/others" && echo mine >"$tmp/others/file"
check "dir: another's is not replaced, even with --force" exits 2 hunt --force -o "$tmp/others" testdata
check "dir: another's is whole after that" grep -q mine "$tmp/others/file"

# ---- tables of rules whose rows are no processes

mkdir "$tmp/rules"
cat >"$tmp/rules/by host #1.kql" <<'END'
DeviceProcessEvents | summarize n = count(), formula = "=1+1" by DeviceName | order by DeviceName asc
END
cat >"$tmp/rules/quiet.kql" <<'END'
// level: low
DeviceProcessEvents | summarize n = count()
END
table_is_there() {
    grep -q '"web01.corp.example","[0-9]*","'"$2"'=1+1"' "$1/tables/by host #1.csv" &&
        grep -q '  tables/by host #1.csv$' "$1/manifest-sha256.txt" &&
        (cd "$1" && sha256sum --strict -c manifest-sha256.txt) &&
        grep -q 'href="tables/by%20host%20%231.csv"' "$1/report.html" &&
        grep -q '"id":"by host #1".*"table_rows":[1-9]' "$1/run.json"
}
tables_are() { # DIR NAME...
    dir=$1
    shift
    [ "$(cd "$dir/tables" && LC_ALL=C ls)" = "$(printf '%s\n' "$@")" ]
}
check "tables: are written" exits 0 hunt -q -r "$tmp/rules" -o "$tmp/tables" testdata
check "tables: hold the rows, guarded" table_is_there "$tmp/tables" "'"
check "tables: one a rule" tables_are "$tmp/tables" "by host #1.csv" quiet.csv
check "tables: as programs want them" exits 0 hunt -q --csv-raw -r "$tmp/rules" -o "$tmp/tables-raw" testdata
check "tables: are raw then" table_is_there "$tmp/tables-raw" ""
check "tables: none below the level asked for" exits 0 hunt -q --min-level medium -r "$tmp/rules" -o "$tmp/tables-medium" testdata
check "tables: that of the other" tables_are "$tmp/tables-medium" "by host #1.csv"
cp -r "$tmp/tables" "$tmp/tables-before"
check "tables: are written over with --force" exits 0 hunt -q --force -r "$tmp/rules" -o "$tmp/tables" testdata
check "tables: have the same bytes then" diff -r "$tmp/tables-before" "$tmp/tables"
check "tables: go when nothing makes them" exits 0 hunt -q --force -r rules/potential-web-shell.kql -o "$tmp/tables" testdata
check "tables: are gone" test ! -e "$tmp/tables/tables"
echo mine >"$tmp/tables-before/tables/mine.csv"
echo mine >"$tmp/tables-before/notes"
mkdir "$tmp/tables-before/mine"
check "tables: with another's in it written over" exits 0 hunt -q --force -o "$tmp/tables-before" testdata
check "tables: another's comes along" grep -q mine "$tmp/tables-before/tables/mine.csv" "$tmp/tables-before/notes"
check "tables: another's folder, too" test -d "$tmp/tables-before/mine"
check "tables: and nothing of the old set" sh -c 'ls "$0/tables" | grep -qx mine.csv && ! ls -d "$0".partial*' "$tmp/tables-before"
cp -r "$tmp/tables" "$tmp/unlisted" && sed -i '/timeline.csv/d' "$tmp/unlisted/manifest-sha256.txt" && echo mine >"$tmp/unlisted/timeline.csv"
check "dir: what the manifest doesn't list is kept" sh -c \
    '"$0" hunt -q --force -o "$1" testdata 2>&1 | grep -q "are in" && grep -q mine "$1".partial-*/timeline.csv && grep -q UtcTime "$1/timeline.csv"' \
    "$SHELLTREE" "$tmp/unlisted"
# A set that somebody made whose tables lead elsewhere: what is there stays.
mkdir "$tmp/elsewhere" && echo mine >"$tmp/elsewhere/by host #1.csv" && echo mine >"$tmp/elsewhere/unlisted"
cp -r "$tmp/case" "$tmp/led" && rm -r "$tmp/led/tables" && ln -s ../elsewhere "$tmp/led/tables"
printf '%064d  tables/by host #1.csv\n' 0 >>"$tmp/led/manifest-sha256.txt"
"$SHELLTREE" hunt -q --force -r rules/potential-web-shell.kql -o "$tmp/led" testdata >"$tmp/said" 2>&1
check "tables: a link is not followed" test "$(cat "$tmp"/elsewhere/* | grep -c mine)" = 2
check "tables: but kept" sh -c 'test -L "$0/tables" || test -L "$0".partial-*/tables' "$tmp/led"
cp -r "$tmp/case" "$tmp/led2" && rm -r "$tmp/led2/tables" && ln -s ../elsewhere "$tmp/led2/tables"
printf '%064d  tables/by host #1.csv\n' 0 >>"$tmp/led2/manifest-sha256.txt"
"$SHELLTREE" hunt -q --force -r "$tmp/rules" -o "$tmp/led2" testdata >"$tmp/said" 2>&1
check "tables: not where there are new ones, either" test "$(cat "$tmp"/elsewhere/* | grep -c mine)" = 2
check "tables: which are the set's own" sh -c 'test -d "$0/tables" && ! test -L "$0/tables"' "$tmp/led2"
cp -r "$tmp/case" "$tmp/waiting" && rm "$tmp/waiting/manifest-sha256.txt" && mkfifo "$tmp/waiting/manifest-sha256.txt"
timeout 60 "$SHELLTREE" hunt -q --force -o "$tmp/waiting" testdata >"$tmp/said" 2>&1
check "dir: nor in the place of the set" test $? -ne 124
check "tables: without a directory it is said how to get them" sh -c \
    '"$0" hunt -r "$1" testdata 2>&1 >/dev/null | grep -q "of 2 rules (by host #1, quiet) are no process creation; -o DIR"' \
    "$SHELLTREE" "$tmp/rules"

check "dir: one host, told in run.json" exits 0 hunt -q --host web01 --since 2026-03-04 -o "$tmp/host" testdata
check "dir: run.json tells it" grep -q '"host":"web01".*"since":"2026-03-04T00:00:00' "$tmp/host/run.json"

# ---- what is told before evidence is read

# early WHAT ARGUMENT...: status 2, WHAT is said, and no word of the evidence's damage.
early() {
    what=$1
    shift
    exits 2 "$@" >"$tmp/early" 2>&1 || { cat "$tmp/early"; return 1; }
    grep -q "$what" "$tmp/early" && ! grep -q "passed over" "$tmp/early" && return
    cat "$tmp/early"
    return 1
}
check "early: no folder to write in" early "make it first" hunt -o "$tmp/no/such/one.csv" testdata
check "early: a folder in a file's place" early "no regular file" hunt --force -f csv -o "$tmp/others" testdata
check "early: a query's mistake" early "no column" query "DeviceProcessEvents | where Nonsense == 1" testdata
check "early: times the wrong way round" early "later than" hunt --since 2026-03-05 --until 2026-03-04 testdata

mkfifo "$tmp/pipe.kql"
slow_rule() {
    { exec 9>"$tmp/pipe.kql"; sleep 1; cat rules/potential-web-shell.kql >&9; } &
    (sleep 0.3; exec "$SHELLTREE" rules check "$tmp/pipe.kql") 2>&1
    status=$?
    wait
    return $status
}
check "rule: from a pipe that is slow" slow_rule

# ---- rules that would grow without end

# grows LAST EACH: forty lets, each with the one before it twice.
grows() {
    awk -v each="$2" -v last="$1" 'BEGIN { print "let t0 = " last ";"
        for (i = 1; i < 40; i++) { line = each; gsub(/THIS/, "t" i, line); gsub(/BEFORE/, "t" (i - 1), line); print line }
        print "DeviceProcessEvents | where FileName in (t39)" }' >"$tmp/grows.kql"
    (ulimit -t 20; "$SHELLTREE" rules check "$tmp/grows.kql") >"$tmp/grown" 2>&1
    [ $? = 2 ] && grep -q "longer than the limit\|when written out" "$tmp/grown" && return
    head -c 1000 "$tmp/grown"
    return 1
}
check "rule: a text that doubles" grows '"xxxxxxxx"' 'let THIS = strcat(BEFORE, BEFORE);'
check "rule: an array that doubles" grows 'dynamic(["x", "y"])' 'let THIS = array_concat(BEFORE, BEFORE);'
check "rule: a table that doubles" grows 'DeviceProcessEvents | project FileName' 'let THIS = union BEFORE, BEFORE;'

# ---- one file

check "file: is written" exits 0 hunt -o "$tmp/one.csv" testdata
check "file: has the bytes of standard output" cmp "$tmp/one.csv" "$tmp/out.csv"
check "file: is not written over" exits 2 hunt -o "$tmp/one.csv" testdata
check "file: in no folder" exits 2 hunt -o "$tmp/no/such/one.csv" testdata
mkdir "$tmp/evidence"
cp "$first" "$tmp/evidence/"
check "file: never in the evidence" exits 2 hunt -o "$tmp/evidence/one.csv" "$tmp/evidence"
check "dir: never in the evidence" exits 2 hunt -o "$tmp/evidence/case" "$tmp/evidence"
check "evidence: is as it was" test "$(ls -A "$tmp/evidence" | wc -l)" = 1
closed() { # what is said must not land in the file because its number is free
    "$SHELLTREE" hunt -o "$tmp/closed.csv" testdata <&- >&- 2>&-
    [ $? = 0 ] && cmp "$tmp/closed.csv" "$tmp/out.csv" && {
        "$SHELLTREE" hunt -f csv testdata >&- 2>/dev/null
        [ $? = 2 ]
    }
}
check "streams: closed ones do no harm" closed
interrupted() { # one log 20,000 times over takes long enough to be caught at it
    awk -v p="$first" 'BEGIN { for (i = 0; i < 20000; i++) print p }' >"$tmp/many"
    "$SHELLTREE" extract --duplicates --files-from "$tmp/many" -o "$tmp/stopped.jsonl" &
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -n "$(find "$tmp" -name 'stopped*')" ] && break
        sleep 0.2
    done
    kill -s TERM $! && wait $!
    [ $? = 143 ] && [ -z "$(find "$tmp" -name 'stopped*')" ]
}
check "interrupted: ends by the signal, and nothing stays" interrupted
full_disk() { "$SHELLTREE" hunt -f csv testdata >/dev/full; [ $? = 2 ]; }
check "full disk: gives 2" full_disk

# ---- memory in a file: the same bytes, or words and 2

# bounded FILE ARGUMENT...: with next to nothing held in memory the output is FILE's, and a file was used.
bounded() {
    to=$1
    shift
    "$SHELLTREE" "$@" --memory 1 >"$tmp/bounded" 2>"$tmp/said" || { cat "$tmp/said"; return 1; }
    cmp "$to" "$tmp/bounded" && grep -q 'lay in a temporary file' "$tmp/said"
}
query='DeviceProcessEvents | summarize n = count() by DeviceName, FileName | sort by DeviceName asc, FileName asc'
check "query: to standard output" into "$tmp/query" query -f csv "$query" testdata
check "tree: to standard output" into "$tmp/tree" tree testdata
for threads in 1 7; do
    check "memory: hunt, $threads threads" bounded "$tmp/out.csv" hunt -f csv --threads $threads testdata
    check "memory: tree, $threads threads" bounded "$tmp/tree" tree --threads $threads testdata
    check "memory: query, $threads threads" bounded "$tmp/query" query -f csv --threads $threads "$query" testdata
done
check "memory: the set, with every hit confirmed" exits 0 hunt --memory 1 -o "$tmp/spilled" testdata
check "memory: the set has the same bytes" diff -r "$tmp/case" "$tmp/spilled"
check "memory: a bound that isn't met uses no file" exits 0 hunt --memory 4G -o "$tmp/unspilled" testdata
check "memory: and says nothing of one" sh -c '! grep -q temporary "$1"' - "$tmp/log"
no_room() {
    "$SHELLTREE" hunt -f csv --memory 1 --tmp-size 100K testdata >/dev/null 2>"$tmp/said"
    [ $? = 2 ] && grep -q -e '--memory: .*--tmp' "$tmp/said"
}
check "memory: no room for the file gives 2 and says so" no_room
no_large_file() { # a limit on the size of files is like a full disk
    (ulimit -f 200 && "$SHELLTREE" hunt -f csv --memory 1 testdata >/dev/null 2>"$tmp/said")
    [ $? = 2 ] && grep -q -e '--memory: ' "$tmp/said"
}
check "memory: a limit on the size of files gives 2 and says so" no_large_file
check "memory: not where there is no folder for it" exits 2 hunt --memory 1 --tmp "$tmp/nowhere" testdata
check "memory: a word is no size" exits 2 hunt --memory lots testdata

# ---- ways in

# shellcheck disable=SC2086
check "paths: forwards" into "$tmp/forwards" hunt -f jsonl $logs
# shellcheck disable=SC2086
check "paths: backwards" into "$tmp/backwards" hunt -f jsonl $backwards
check "paths: their order changes nothing" cmp "$tmp/forwards" "$tmp/backwards"
printf '%s\n' "$logs" >"$tmp/list"
check "list: is read" into "$tmp/listed" hunt -f jsonl --files-from "$tmp/list"
check "list: gives what the paths give" cmp "$tmp/forwards" "$tmp/listed"
tr '\n' '\0' <"$tmp/list" >"$tmp/list0"
check "list: ended by NUL" into "$tmp/listed" hunt -f jsonl --null --files-from "$tmp/list0"
check "list: gives the same" cmp "$tmp/forwards" "$tmp/listed"
: >"$tmp/nothing"
check "list: an empty one is no evidence" exits 2 hunt --files-from "$tmp/nothing"
without_source() { sed 's/"Source":"[^"]*"/"Source":""/'; }
from_stdin() {
    "$SHELLTREE" hunt -f jsonl --scope all - <"$first" | without_source >"$tmp/stdin"
    "$SHELLTREE" hunt -f jsonl --scope all "$first" | without_source >"$tmp/file"
    [ -s "$tmp/file" ] && cmp "$tmp/stdin" "$tmp/file"
}
check "an empty log that was named: gives 3" exits 3 tree "$empty"
check "standard input: gives what the file gives" from_stdin
cut_in_two() { # a log cut short gives what is still in it, and status 3
    head -c $(($(wc -c <"$first") - 30000)) "$first" >"$tmp/evidence/cut.evtx"
    exits 3 hunt -f jsonl --scope all "$tmp/evidence/cut.evtx" && exits 3 hunt "$tmp/evidence/cut.evtx"
}
check "a log that was cut short: gives 3" cut_in_two

# A log needs nothing of its file header: all of it is read, and it is said that it was damaged.
without_header() {
    mkdir -p "$tmp/evidence"
    { head -c 4096 /dev/zero; tail -c +4097 "$first"; } >"$tmp/evidence/headless.evtx"
    exits 0 hunt --force --verbose -o "$tmp/headless" "$tmp/evidence/headless.evtx" 2>"$tmp/said" || return 1
    grep -q "headless.evtx: its file header is missing" "$tmp/said" || { cat "$tmp/said"; return 1; }
    grep -q '"header_bad":true' "$tmp/headless/run.json"
}
check "a log without its header: is read in full, and that is said" without_header

# One long log of several hosts, damaged here and there: what is said of it doesn't depend on who read which part.
in_parts() {
    # shellcheck disable=SC2086
    { head -c 4096 "$first"; for round in 1 2 3 4 5 6 7 8 9 10 11 12; do for log in $logs; do tail -c +4097 "$log"; done; done; } >"$tmp/long.evtx"
    for at in 9000 300000 2000000; do
        printf 'ruined' | dd of="$tmp/long.evtx" bs=1 seek=$at conv=notrunc 2>/dev/null
    done
    for threads in 1 2 3 7; do
        "$SHELLTREE" hunt -q --now 2026-06-01 -f html --threads $threads "$tmp/long.evtx" >"$tmp/long.$threads" 2>/dev/null
        cmp "$tmp/long.1" "$tmp/long.$threads" || return 1
    done
    grep -q 'unread' "$tmp/long.1"
}
check "a damaged log of several hosts: the same page, whoever reads which part" in_parts

# A pipe gives what it holds once, and these lists are read by each rule that asks for them.
printf 'server,child,command pattern,reason,level\nw3wp.exe,cmd.exe,,ours,none\n' >"$tmp/own.csv"
through_a_pipe() { # through_a_pipe OPTION-AND-PREFIX ARGUMENT...
    option=$1
    shift
    rm -f "$tmp/pipe"
    mkfifo "$tmp/pipe" || return 1
    "$SHELLTREE" "$@" "$option$tmp/own.csv" testdata/iis >"$tmp/from-file" 2>/dev/null
    "$SHELLTREE" "$@" testdata/iis >"$tmp/without" 2>/dev/null
    cat "$tmp/own.csv" >"$tmp/pipe" &
    "$SHELLTREE" "$@" "$option$tmp/pipe" testdata/iis >"$tmp/from-pipe" 2>/dev/null
    wait $!
    ! cmp -s "$tmp/from-file" "$tmp/without" && cmp "$tmp/from-file" "$tmp/from-pipe"
}
check "--known: a pipe gives what the file gives" through_a_pipe --known= hunt -f csv

# Of several wildcards that fit, the first in the list counts, however they are looked for.
first_entry() {
    printf 'server,child,command pattern,reason,level\nw3wp.exe,%s\n' "$1" >"$tmp/turns.csv"
    shift
    for entry in "$@"; do printf 'w3wp.exe,%s\n' "$entry"; done >>"$tmp/turns.csv"
    "$SHELLTREE" hunt -f csv --known="$tmp/turns.csv" testdata/iis 2>/dev/null | grep -q 'to your own list: right' &&
        ! "$SHELLTREE" hunt -f csv --known="$tmp/turns.csv" testdata/iis 2>/dev/null | grep -q 'to your own list: wrong'
}
check "--known: the first of two wildcards" first_entry '*md,,right,low' 'cm*,,wrong,low'
query='externaldata(server:string, child:string)["https://own.example/l"] with (format="csv")'
check "--external: so does it" through_a_pipe --external=https://own.example/l= query "union ($query), ($query)"

echo "outputs: $ran checks, $bad failed"
[ "$bad" -eq 0 ]
