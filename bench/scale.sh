#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Measures hunts over many hosts, a log of PROCESSES each, with all in memory and with --memory:
#
#     bench/scale.sh [FOLDER]
#
# FOLDER (a fresh one in /var/tmp) gets the logs, 17 MB for 10,000 processes. From the environment:
#
#     BUILD      the build tree, without sanitizers (build/release)
#     HOSTS      how many, one row each ('20 200'; 2000 with the defaults take 34 GB of disk and 9 GB of memory)
#     PROCESSES  of each host (10000), each with a command line of its own, one in two hundred below a web server
#     MEMORY     what --memory is given (an eighth of what a hunt takes without it)
#     LIMITED    a command in front of the hunt with --memory, one that holds it to less memory:
#                'systemd-run --scope -q -p MemoryMax=512M'
#     TMP        where its temporary file goes (FOLDER); on a disk
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILD:-$top/build/release}" && pwd) || exit 2
out=${1:-$(mktemp -d /var/tmp/shelltree-scale-XXXXXX)}
tmp=${TMP:-$out}
processes=${PROCESSES:-10000}
program=$build/shelltree
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES="$top/rules"
make -s -C "$build" bench/corpus >&2 || exit 2

# measured COMMAND...: its output to $out/csv, "seconds user+system kilobytes" to $out/took.
measured() {
    /usr/bin/time -o "$out/took" -f '%e %U %S %M' "$@" >"$out/csv" || { echo "it ended with $?: $*" >&2; exit 1; }
}

echo '| hosts, processes | logs | wall | processor | largest memory | with --memory | processor | in the file | same bytes |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
for hosts in ${HOSTS:-20 200}; do
    logs=$out/logs-$hosts
    mkdir -p "$logs" || exit 2
    i=1
    while [ "$i" -le "$hosts" ]; do
        [ -s "$logs/host$i.evtx" ] || ln "$out"/logs-*/"host$i.evtx" "$logs/" 2>/dev/null ||
            "$build/bench/corpus" mixed "$processes" "$logs/host$i.evtx" "host$i.corp.example" || exit 2
        i=$((i + 1))
    done
    measured "$program" hunt -q -f csv "$logs"
    read -r wall user system memory <"$out/took"
    mv "$out/csv" "$out/whole"
    # shellcheck disable=SC2086
    measured ${LIMITED:-} "$program" hunt -f csv --memory "${MEMORY:-$((memory / 8))K}" --tmp "$tmp" "$logs" 2>"$out/said"
    read -r wall2 user2 system2 _ <"$out/took"
    file=$(sed -n 's/.*--memory: at most \([0-9]*\) MiB.*/\1/p' "$out/said")
    same=no
    cmp -s "$out/whole" "$out/csv" && same=yes
    echo "| $hosts, $((hosts * processes)) | $(du -Lsm "$logs" | cut -f1) MB | $wall s | $(echo "$user + $system" | bc) s | $((memory / 1024)) MiB |" \
        "$wall2 s | $(echo "$user2 + $system2" | bc) s | ${file:-0} MiB | $same |"
done
