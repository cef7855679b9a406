#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Measures a hunt over logs in archives against the same logs in a folder, and against bsdtar that only unpacks them:
#
#     bench/archives.sh [FOLDER]
#
# FOLDER (a fresh one in /var/tmp) gets the logs and archives, three times BYTES. From the environment:
#
#     BUILD   the build tree, without sanitizers (build/release)
#     BYTES   of all logs (1000000000), in logs of 50 MB; each process has a command line of its own
#     RUNS    how often each is run; the fastest counts (3)
#     RULES   the rules that are run (the pack); one small rule shows what reading costs
#     TMP     where the program's temporary files go (FOLDER)
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILD:-$top/build/release}" && pwd) || exit 2
bytes=${BYTES:-1000000000}
runs=${RUNS:-3}
rules=${RULES:-$top/rules}
out=${1:-$(mktemp -d /var/tmp/shelltree-bench-XXXXXX)}
tmp=${TMP:-$out}
program=$build/shelltree
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES="$top/rules"
for tool in bsdtar zip 7z zstd python3; do
    command -v $tool >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
make -s -C "$build" bench/corpus >&2 || exit 2
mkdir -p "$out/logs" || exit 2

# One log of that size, cut into logs at its chunks.
if [ ! -s "$out/logs/00.evtx" ]; then
    "$build/bench/corpus" mixed $((bytes / 1725 + 1)) "$out/all.evtx" || exit 2
    python3 - "$out" <<'END' || exit 2
import sys
out, part = sys.argv[1], 762 * 65536
with open(out + "/all.evtx", "rb") as f:
    head, n = f.read(4096), 0
    while chunk := f.read(part):
        with open("%s/logs/%02d.evtx" % (out, n), "wb") as g:
            g.write(head[:42] + (len(chunk) // 65536).to_bytes(2, "little") + head[44:] + chunk)
        n += 1
END
    rm -f "$out/all.evtx"
fi
cd "$out" || exit 2
[ -s logs.zip ] || zip -q -r logs.zip logs || exit 2
[ -s logs.tar.zst ] || bsdtar -cf - logs | zstd -q -T0 -o logs.tar.zst || exit 2
[ -s logs.7z ] || 7z a -bso0 -bsp0 -mx=1 logs.7z logs || exit 2

# fastest COMMAND...: seconds, seconds of processor with all children's, and the most memory (MB) of the fastest run
fastest() {
    for _ in $(seq "$runs"); do
        /usr/bin/time -o "$out/time" -f '%e %M %U %S' sh -c "$1" >/dev/null 2>"$out/says"
        tail -n 1 "$out/time"
    done | sort -n | awk 'NR == 1 { printf "%.2f s (%.2f s) | %.0f MB", $1, $3 + $4, $2 * 1024 / 1e6 }'
}

echo 'Seconds by the clock, and in brackets of processor, children included.'
du -bs logs | awk '{ printf "logs: %d bytes\n\n", $1 }'
echo '| what | bytes | `hunt`, 1 thread | memory | `hunt`, 2 threads | memory | `bsdtar -xO` to `wc -c` |'
echo '| --- | --- | --- | --- | --- | --- | --- |'
for what in logs logs.zip logs.tar.zst logs.7z; do
    hunt="$program hunt -q -f csv -r $rules --tmp $tmp $what"
    one=$(fastest "$hunt --threads 1")
    two=$(fastest "$hunt --threads 2")
    tar=
    [ $what = logs ] || tar=$(fastest "bsdtar -xOf $what | wc -c" | sed 's/ |.*//')
    echo "| $what | $(du -bs $what | cut -f1) | $one | $two | $tar |"
done
