#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Measures a hunt in a tree of many small files, of which a few are logs:
#
#     bench/files.sh [FOLDER]
#
# FOLDER (a fresh one in /var/tmp) gets the files, a thousand in a folder. From the environment:
#
#     BUILD   the build tree, without sanitizers (build/release)
#     FILES   how many (1000000)
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILD:-$top/build/release}" && pwd) || exit 2
out=${1:-$(mktemp -d /var/tmp/shelltree-files-XXXXXX)}
mkdir -p "$out/tree" || exit 2
python3 - "$out/tree" "${FILES:-1000000}" <<'END' || exit 2
import os, sys
top, n = sys.argv[1], int(sys.argv[2])
for i in range(n):
    folder = "%s/%04d" % (top, i // 1000)
    if i % 1000 == 0:
        os.makedirs(folder, exist_ok=True)
    fd = os.open("%s/%03d.txt" % (folder, i % 1000), os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(fd, b"note %d\n" % i)
    os.close(fd)
END
cp "$top"/testdata/iis/*.evtx "$out/tree/0000/" || exit 2
SHELLTREE_RULES=$top/rules /usr/bin/time -f '%e s, %U and %S s of processor, %M KB, exit %x' \
    "$build/shelltree" hunt -f csv "$out/tree" >"$out/rows.csv"
wc -l <"$out/rows.csv"
