#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/instructions.sh - counts the instructions of a hunt over a small corpus and prints how far they are from the
# figure in tests/instructions.txt, which is of a build with -O2. It tells, and fails for nothing but a run that fails.
set -u
: "${SHELLTREE:?names the program}"
srcdir=${srcdir:-.}
export SHELLTREE_RULES="$srcdir/rules" LC_ALL=C.UTF-8 TZ=UTC
corpus=$(dirname "$SHELLTREE")/bench/corpus
PROCESSES=4000
grep -qE '__(asan|tsan|msan)_init' "$SHELLTREE" && { echo 'the program has a sanitizer in it'; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$corpus" mixed $PROCESSES "$tmp/mixed.evtx" || exit 99

hunt() { "$@" "$SHELLTREE" hunt -q -f csv --threads 1 "$tmp/mixed.evtx" >"$tmp/out" 2>"$tmp/err"; }

# What perf counts, where the machine lets it; else callgrind, which is slow and exact.
count() {
    if perf stat -x , -e instructions:u true 2>&1 | grep -q '^[0-9]'; then
        hunt perf stat -x , -e instructions:u -o "$tmp/count" || return 1
        sed -n 's/^\([0-9][0-9]*\),.*instructions.*/\1/p' "$tmp/count"
    else
        hunt valgrind --tool=callgrind --callgrind-out-file=/dev/null || return 1
        sed -n 's/^==.*Collected : \([0-9]*\).*/\1/p' "$tmp/err"
    fi
}

command -v perf >/dev/null || command -v valgrind >/dev/null || { echo 'neither perf nor valgrind is here'; exit 77; }
now=$(count) || { echo "the hunt failed"; cat "$tmp/err"; exit 1; }
[ -n "$now" ] || { echo 'nothing was counted here'; exit 77; }
was=$(sed -n 's/^hunt \([0-9]*\)$/\1/p' "$srcdir/tests/instructions.txt")
awk -v now="$now" -v was="$was" -v n="$PROCESSES" 'BEGIN {
    printf "hunt over %d processes: %.1f million instructions, %+.1f %% from the %.1f million noted\n", n, now / 1e6, 100 * (now - was) / was, was / 1e6 }'
