#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# fuzz/corpus has every seed that fuzz/seeds writes, byte for byte; it may have more.
srcdir=${srcdir:-.}
seeds=${SEEDS:-fuzz/seeds}
out=$(mktemp -d) || exit 99
trap 'rm -rf "$out"' EXIT
"$seeds" "$out" || exit 1
bad=0 files=0
for f in "$out"/*/*; do
    files=$((files + 1))
    name=${f#"$out"/}
    cmp -s "$f" "$srcdir/fuzz/corpus/$name" || { echo "not current: $name"; bad=1; }
done
[ "$bad" = 0 ] || { echo "run $seeds fuzz/corpus"; exit 1; }
echo "seeds are current: $files files"
[ "$files" -ge 20 ]
