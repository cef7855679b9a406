#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/windows.sh - the Windows program under Wine gives the bytes that the program from here gives.
#
#   tests/windows.sh [SHELLTREE.EXE [SHELLTREE]]    default: build/windows/shelltree.exe (packaging/windows.sh), build/nolibevtx/shelltree
#
# The program from here is one without the second reader (configure --without-libevtx), since that changes columns; the golden cases that
# need libevtx are left out. All verbs over testdata, archives of every kind, deep and foreign names, backslashes, patterns, whole
# sets. Without Wine or the program it says so and ends with 77.
set -u
cd "$(dirname "$0")/.." || exit 2
top=$PWD
exe=$(realpath -m "${1:-build/windows/shelltree.exe}")
here=$(realpath -m "${2:-build/nolibevtx/shelltree}")
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES=$top/rules WINEDEBUG=-all
skip() { echo "windows: skipped: $*"; exit 77; }
command -v wine >/dev/null || skip "no Wine here (apt install wine)"
[ -x "$exe" ] || skip "$exe isn't there: packaging/windows.sh builds it"
if [ $# -lt 2 ]; then # of the sources as they are
    mkdir -p build/nolibevtx
    (cd build/nolibevtx && { [ -e Makefile ] || "$top/configure" -q --without-libevtx CFLAGS="-O1 -g"; } && make -s -j"$(nproc)" shelltree) || exit 1
fi
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export WINEPREFIX=${WINEPREFIX:-$top/build/wine} there=$tmp/there
mkdir -p "$WINEPREFIX"
printf '#!/bin/sh\nexec wine "%s" "$@"\n' "$exe" >"$there"
chmod +x "$there"
"$there" --version >"$tmp/version" 2>/dev/null </dev/null || skip "Wine doesn't run it"
cat "$tmp/version"

ran=0
bad=0
# What is said of the bars differs, and is meant to.
words() { grep -v -e "which nothing holds on this system" -e "no filter of system calls" -e "no Landlock here" -e "without a filter of system calls" "$1"; }
# same ARGUMENT...: both streams and the exit status.
same() {
    local a b
    "$here" "$@" >"$tmp/a.out" 2>"$tmp/a.err" </dev/null
    a=$?
    "$there" "$@" >"$tmp/b.out" 2>"$tmp/b.err" </dev/null
    b=$?
    ran=$((ran + 1))
    if [ $a != $b ] || ! cmp -s "$tmp/a.out" "$tmp/b.out" || [ "$(words "$tmp/a.err")" != "$(words "$tmp/b.err")" ]; then
        echo "differs: $* (status $a, on Windows $b)"
        cmp "$tmp/a.out" "$tmp/b.out"
        diff <(words "$tmp/a.err") <(words "$tmp/b.err") | head -n 5
        bad=$((bad + 1))
    fi
}

for format in text csv jsonl html timesketch ecs navigator markdown dot l2tcsv bodyfile; do
    same hunt --format $format testdata
done
for verb in tree "tree -f jsonl" extract "extract -f jsonl" "extract --xml" "extract --carve" "hunt --scope all --threads 7"; do
    # shellcheck disable=SC2086
    same $verb testdata
done
same query 'DeviceProcessEvents | summarize n = count(), dcount(FileName) by DeviceName | order by n desc' testdata
same query -f json 'Processes | extend x = ipv4_is_private("10.0.0.1"), y = 1.0 / 3, z = parse_ipv6("::1") | take 5' testdata
same rules list
same rules check rules
same rules test tests/pack
same hunt --name here --name there --duplicates --trust-inferred testdata/iis testdata/tomcat
printf '%s\n' testdata/iis testdata/tomcat >"$tmp/list"
same extract --files-from "$tmp/list"
same hunt testdata/nowhere testdata/iis
for dir in tests/golden/cases/*/; do
    [ -f "$dir/args" ] && [ ! -f "$dir/stdin" ] || continue
    eval "set -- $(cat "$dir/args")"
    same "$@"
done

# evidence with names of all kinds, in folders and in archives
log="testdata/iis/Microsoft-Windows-Sysmon%4Operational.evtx"
deep=$(printf 'a%.0s' $(seq 50))
deep=$tmp/ev/$deep/$deep/$deep/$deep/$deep/$deep/$deep
mkdir -p "$tmp/ev/dér ök/日本" "$deep"
cp "$log" "$tmp/ev/dér ök/日本/s.evtx"
cp "$log" "$tmp/ev/dér ök/latin.evtx"
cp "$log" "$deep/x.evtx"
python3 - "$tmp" <<'EOF'
import os, sys, tarfile, zipfile
top = sys.argv[1]
with zipfile.ZipFile(top + "/a.zip", "w", zipfile.ZIP_DEFLATED) as z, tarfile.open(top + "/a.tar.xz", "w:xz") as t, tarfile.open(top + "/a.tgz", "w:gz") as g:
    for folder, _, names in sorted(os.walk(top + "/ev")):
        for name in sorted(names):
            path = os.path.join(folder, name)
            for add in (z.write, t.add, g.add):
                add(path, os.path.relpath(path, top + "/ev"))
log = top + "/ev/dér ök/latin.evtx"
with tarfile.open(top + "/gnu.tar", "w", format=tarfile.GNU_FORMAT) as t:
    t.add(log, "dér.evtx")
with zipfile.ZipFile(top + "/old.zip", "w") as z:  # of a program that knew no UTF-8
    z.write(log, "dXr.evtx")
with open(top + "/old.zip", "rb") as f:
    old = f.read().replace(b"dXr.evtx", b"d\x82r.evtx")
with open(top + "/old.zip", "wb") as f:
    f.write(old)
EOF
cd "$tmp" || exit 2
command -v zstd >/dev/null && zstd -q "$top/$log" -o log.zst
for evidence in ev a.zip a.tar.xz a.tgz gnu.tar old.zip log.zst; do
    [ -e $evidence ] || continue
    same extract $evidence
    same hunt -f jsonl $evidence
done
"$here" extract 'ev/dér ök/日本/s.evtx' >one 2>/dev/null
"$there" extract 'ev\dér ök\日本\*.evtx' >two 2>/dev/null
ran=$((ran + 1))
cmp one two || bad=$((bad + 1))

# a whole set, written over, and its case database read again
for turn in 1 2; do
    "$here" hunt -q --force -o set.here/ "$top/testdata" 2>/dev/null
    "$there" hunt -q --force -o set.there/ "$top/testdata" 2>/dev/null
    ran=$((ran + 1))
    diff -rq set.here set.there || bad=$((bad + 1))
done
same hunt -f csv set.here/case.db
same extract set.there/case.db
same hunt --since-run set.here/case.db "$top/testdata"
for part in 1 2 3; do
    "$here" extract -q -o here-$part.db --part $part/3 "$top/testdata" 2>/dev/null
    "$there" extract -q -o there-$part.db --part $part/3 "$top/testdata" 2>/dev/null
    ran=$((ran + 1))
    cmp here-$part.db there-$part.db || bad=$((bad + 1))
done
same hunt -f csv there-1.db here-2.db there-3.db
same extract -o here-1.db "$top/testdata"
"$here" extract - <"$top/$log" >one 2>/dev/null
"$there" extract - <"$top/$log" >two 2>/dev/null
ran=$((ran + 1))
cmp one two || bad=$((bad + 1))
if command -v zip >/dev/null; then
    zip -q -r -P secret sealed.zip "ev/dér ök" && printf 'other\nsecret\n' >passwords
    same extract sealed.zip
    same extract --password-file passwords sealed.zip
fi
# what isn't there says so
"$there" hunt --memory 64M "$top/testdata" >/dev/null 2>two </dev/null
[ $? = 2 ] && grep -q -e --memory two || { echo "--memory doesn't say that it isn't there"; bad=$((bad + 1)); }
ran=$((ran + 1))
left=$(find . -name '*partial*' -o -name 'shelltree-*' | wc -l)
[ "$left" = 0 ] || { echo "files are left over"; bad=$((bad + 1)); }
echo "windows: $ran comparisons, $bad differences"
[ "$bad" = 0 ]
