#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# testdata/, tests/damaged/ and tests/events/ are what tests/support/story writes, byte for byte;
# tests/windows/ what tests/support/windows does.
srcdir=${srcdir:-.}
story=${STORY:-tests/support/story}
windows=${WINDOWS:-tests/support/windows}
out=$(mktemp -d) || exit 99
trap 'rm -rf "$out"' EXIT
for run in once twice; do
    mkdir "$out/$run"
    "$story" "$out/$run/testdata" "$out/$run/damaged" "$out/$run/events" || exit 1
    "$windows" "$out/$run/windows" || exit 1
done
diff -r "$out/once" "$out/twice" || { echo 'two runs differ'; exit 1; }
same=0
diff -r -x README.md "$out/once/testdata" "$srcdir/testdata" || same=1
diff -r "$out/once/damaged" "$srcdir/tests/damaged" || same=1
diff -r "$out/once/events" "$srcdir/tests/events" || same=1
diff -r "$out/once/windows" "$srcdir/tests/windows" || { echo "not current: run $windows tests/windows"; exit 1; }
[ "$same" = 0 ] || { echo "not current: run $story testdata tests/damaged tests/events"; exit 1; }
files=$(find "$out/once" -type f | wc -l)
echo "test evidence is current: $files files"
[ "$files" -ge 10 ]
