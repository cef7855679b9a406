#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/valgrind.sh - the verbs over sound and damaged evidence under valgrind: no bad access, no use of what was
# never set, no leak but libevtx's own.
set -u
: "${SHELLTREE:?names the program}"
srcdir=${srcdir:-.}
export SHELLTREE_RULES="$srcdir/rules" LC_ALL=C.UTF-8 TZ=UTC
command -v valgrind >/dev/null || { echo 'valgrind is missing'; exit 77; }
grep -qE '__(asan|tsan|msan)_init' "$SHELLTREE" && { echo 'the program has a sanitizer in it'; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
ran=0 bad=0
FOUND=99

# clean ARGUMENT...: runs the program so.
clean() {
    ran=$((ran + 1))
    valgrind --quiet --error-exitcode=$FOUND --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --suppressions="$srcdir/tests/valgrind.supp" --child-silent-after-fork=yes "$SHELLTREE" "$@" >"$tmp/out" 2>"$tmp/err"
    [ $? -ne $FOUND ] && return
    bad=$((bad + 1))
    echo "shelltree $*:"
    grep '^==' "$tmp/err" | head -n 40
}

all="$srcdir/testdata $srcdir/tests/damaged"
# shellcheck disable=SC2086
{
    clean hunt -f csv $all
    clean hunt -f html --threads 2 --digest $all
    clean hunt --engine libevtx -f jsonl $all
    clean tree $all
    clean extract --xml $all
    clean extract -f jsonl --carve "$srcdir/tests/damaged"
    clean verify "$srcdir/tests/damaged"
    clean query 'DeviceProcessEvents | summarize count(), make_set(FileName) by DeviceName | join (Processes | count) on $left.count_ == $right.Count' \
        "$srcdir/testdata/iis"
}
clean rules check "$srcdir/rules" "$srcdir/tests/golden/broken.kql" "$srcdir/fuzz/corpus/kql/published-rule"
echo "valgrind: $ran commands, $bad with errors"
[ "$bad" -eq 0 ]
