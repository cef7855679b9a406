#!/bin/sh
# Runs each rule of the pack alone over testdata/ and compares what it finds with
# tests/pack/RULE: host, number of the record and command line, one a line.
# UPDATE=1 writes those files again. Every rule must find something, and what is
# medium or worse must find nothing on the hosts of testdata/clean.
srcdir=${srcdir:-.}
top=$(cd "$srcdir" && pwd)
program=${SHELLTREE:-$PWD/shelltree}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
SHELLTREE_RULES=$top/rules
export SHELLTREE_RULES
cd "$top" || exit 99
fails=0

fail() {
    echo "FAIL: $*"
    fails=$((fails + 1))
}

found() { # rule's file
    "$program" hunt -q -f jsonl --scope hits -r "$1" testdata >"$tmp/rows" 2>"$tmp/messages" || {
        fail "$1: exit status $?"
        cat "$tmp/messages"
    }
    sed -nE 's/.*"Computer":"([^"]*)".*"CommandLine":"(([^"\\]|\\.)*)".*"EventRecordID":([0-9]+).*/\1 \4 \2/p' \
        "$tmp/rows"
}

for rule in rules/*.kql; do
    name=$(basename "$rule" .kql)
    [ "$name" = web-servers ] && continue
    found "$rule" >"$tmp/found"
    [ "$(wc -l <"$tmp/found")" -eq "$(wc -l <"$tmp/rows")" ] || fail "$name: rows that can't be read"
    [ -s "$tmp/found" ] || fail "$name: finds nothing"
    [ -n "$UPDATE" ] && cp "$tmp/found" "tests/pack/$name"
    diff -u "tests/pack/$name" "$tmp/found" || fail "$name: other findings than expected"
    grep -q '^// level: \(low\|informational\)' "$rule" || ! grep -E '^(web03|OLD04)' "$tmp/found" ||
        fail "$name: finds something where nothing is wrong"
done
# What is below a web server, and below which.
"$program" query -q -f csv 'DeviceProcessEvents
    | where isnotempty(WebServerFileName)
    | project ComputerName, WebServerFileName, WebServerDistance, FileName' testdata >"$tmp/below" ||
    fail "web-servers: exit status $?"
[ "$(wc -l <"$tmp/below")" -gt 20 ] || fail 'web-servers: marks nothing'
[ -n "$UPDATE" ] && cp "$tmp/below" tests/pack/web-servers
diff -u tests/pack/web-servers "$tmp/below" || fail 'web-servers: others than expected'
grep -E 'xw3wp|javaw|sqlservr' "$tmp/below" && fail 'web-servers: marks what only looks like one'

[ "$fails" = 0 ] && echo 'each rule finds what it should'
[ "$fails" = 0 ]
