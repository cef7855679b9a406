#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/rights.sh - the program has given its rights up by the time it opens evidence.
set -u
: "${SHELLTREE:?names the program}"
cd "${srcdir:-.}" || exit 99
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES=rules
[ -r /proc/self/status ] || { echo 'no /proc here'; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
bad=0

mkfifo "$tmp/evidence" || exit 99
"$SHELLTREE" extract -v -o "$tmp/out.jsonl" - <"$tmp/evidence" 2>"$tmp/err" &
pid=$!
exec 3>"$tmp/evidence" # the program runs now, or will
# NoNewPrivs is set before the filter of system calls: a look between the two proves nothing, so both are waited for.
i=0
while :; do
    cp "/proc/$pid/status" "$tmp/status"
    grep -q 'Seccomp:[[:space:]]*2' "$tmp/status" && break
    grep -q 'no filter of system calls' "$tmp/err" && break
    [ $i -lt 100 ] || break
    sleep 0.1
    i=$((i + 1))
done
cat testdata/tomcat/sysmon.evtx >&3
exec 3>&-
wait "$pid" || { echo "extract: exit status $?"; bad=1; }
[ "$(wc -l <"$tmp/out.jsonl")" = 59 ] || { echo 'extract: not 59 records'; bad=1; }
grep -q 'NoNewPrivs:[[:space:]]*1' "$tmp/status" || { echo 'it can still gain rights'; bad=1; }
if grep -q 'no filter of system calls' "$tmp/err"; then
    echo 'it says that it has no filter here'
else
    grep -q 'Seccomp:[[:space:]]*2' "$tmp/status" || { echo 'no filter of system calls, and it says nothing'; bad=1; }
fi
[ $bad = 0 ] || cat "$tmp/status" "$tmp/err"
exit $bad
