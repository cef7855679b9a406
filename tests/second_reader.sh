#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/second_reader.sh - both readers over all of testdata/. What libevtx can't read depends on its version, so this
# says what holds for each.
set -u
: "${SHELLTREE:?names the program}"
cd "${srcdir:-.}" || exit 99
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES=rules
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

"$SHELLTREE" verify testdata >"$tmp/out" 2>"$tmp/err"
status=$?
# of each log: agree + only native, and whatever else is wrong
awk '/ agree, / && !/^total/ {
         match($0, /: [0-9]+ agree, /)
         name = substr($0, 1, RSTART - 1)
         split(substr($0, RSTART + 2), n, / [a-z ]+(, |$)/)
         printf "%s %d %d %d\n", name, n[1] + n[2], n[3], n[4]
     }
     /^total/ { sub(/.*; /, ""); print }' "$tmp/out" >"$tmp/got"
cat >"$tmp/want" <<'END'
testdata/clean/Microsoft-Windows-Sysmon%4Operational.evtx 136 0 0
testdata/clean/old-schema.evtx 37 0 0
testdata/collector/ForwardedEvents.evtx 90 0 0
testdata/iis/Microsoft-Windows-PowerShell%4Admin.evtx 0 0 0
testdata/iis/Microsoft-Windows-Sysmon%4Operational.evtx 129 0 0
testdata/iis/System.evtx 4 0 0
testdata/tomcat/sysmon.evtx 59 0 0
0 not explained
END
bad=0
if ! diff -u "$tmp/want" "$tmp/got" || [ "$status" != 0 ]; then
    cat "$tmp/out" "$tmp/err"
    echo "verify: exit status $status"
    bad=1
fi

# Hits that the second reader can't read are counted as often in words as in rows.
"$SHELLTREE" hunt --confirm -f csv --scope hits testdata/tomcat testdata/collector >"$tmp/out" 2>"$tmp/err"
rows=$(grep -c '"unreadable"' "$tmp/out")
said=$(sed -n "s/.*libevtx can't read \([0-9]*\) of 11 hits.*/\1/p" "$tmp/err")
if [ "$rows" != "${said:-0}" ] || [ "$(grep -cE '"(yes|unreadable)".?$' "$tmp/out")" != 11 ]; then
    cat "$tmp/out" "$tmp/err"
    bad=1
fi
exit $bad
