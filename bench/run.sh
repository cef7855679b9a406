#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Measures the program, and other readers of the same logs, and prints the tables of bench/README.md:
#
#     bench/run.sh [FOLDER]
#
# FOLDER (a fresh one in /tmp) gets the logs and hyperfine's results; it needs some 5 GB. From the environment:
#
#     BUILD     the build tree, without sanitizers (build/release)
#     EVIDENCE  real Sysmon logs to make the corpus of (../shared/data/evtx, if that is there)
#     SMALL, LARGE  bytes of the two logs (150000000, 1000000000)
#     MANY      processes of the generated logs (1000000)
#     RUNS      how often each command runs (10)
#
# Without real logs the corpus is generated. What isn't installed (evtx_dump, evtxexport) has no row.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILD:-$top/build/release}" && pwd) || exit 2
evidence=${EVIDENCE:-$top/../shared/data/evtx}
perfcorpus=$top/../shared/accept/perfcorpus.py
small=${SMALL:-150000000}
large=${LARGE:-1000000000}
many=${MANY:-1000000}
runs=${RUNS:-10}
out=${1:-$(mktemp -d)}
program=$build/shelltree
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES="$top/rules"
RECORD_BYTES=1725 # of a generated record

for tool in hyperfine awk dd; do
    command -v $tool >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
[ -x /usr/bin/time ] || { echo '/usr/bin/time is missing' >&2; exit 2; }
[ -x "$program" ] || { echo "$program isn't a program: ./quickstart builds build/release" >&2; exit 2; }
make -s -C "$build" bench/corpus bench/decode >&2 || exit 2
mkdir -p "$out" || exit 2

# the logs

# log NAME BYTES
log() {
    [ -s "$out/$1" ] || if [ -f "$perfcorpus" ] && [ -d "$evidence" ]; then
        python3 "$perfcorpus" "$evidence" --out "$out/$1" --size "$2" >"$out/$1.says" || exit 2
    else
        "$build/bench/corpus" mixed $(($2 / RECORD_BYTES + 1)) "$out/$1" || exit 2
    fi
    sync "$out/$1"
}

# processes SHAPE
processes() {
    [ -s "$out/$1.evtx" ] || "$build/bench/corpus" "$1" "$many" "$out/$1.evtx" || exit 2
}

# measuring

# row NAME LOG RUNS COMMAND...: means and deviations go to $out/NAME.LOG. What it prints goes to a file, or to TO;
# COLD=1 empties the cache before each run.
row() {
    name=$1 log=$2 times=$3
    shift 3
    prepare=
    [ -z "${COLD:-}" ] || prepare="dd if=$out/$log.evtx iflag=nocache count=0 status=none"
    warm=1
    [ "$times" -gt 1 ] || warm=0
    hyperfine -N --ignore-failure --style none --warmup $warm --runs "$times" ${prepare:+--prepare "$prepare"} \
        --export-csv "$out/$name.$log" --output "${TO:-$out/result}" "$*" >"$out/$name.$log.says" 2>&1 ||
        { cat "$out/$name.$log.says" >&2; rm -f "$out/$name.$log"; }
}

# both NAME COMMAND...: over the small and the large log, which is put behind the command.
both() {
    name=$1
    shift
    row "$name" small "$runs" "$@" "$out/small.evtx"
    row "$name" large $((runs / 2 + 1)) "$@" "$out/large.evtx"
}

# peak NAME COMMAND...: kilobytes go to $out/NAME.peak
peak() {
    name=$1
    shift
    /usr/bin/time -o "$out/$name.time" -f '%M %e' "$@" >"$out/result" 2>"$out/$name.says"
    tail -n 1 "$out/$name.time" >"$out/$name.peak"
}

# mean NAME LOG: seconds, or nothing
mean() { [ ! -s "$out/$1.$2" ] || awk -F, 'NR == 2 { print $2 }' "$out/$1.$2"; }

# printing

cell() {
    if [ -s "$out/$1.$2" ]; then
        awk -F, 'NR == 2 { if ($3 == "") $3 = 0; printf "%.1f ± %.1f ms", 1000 * $2, 1000 * $3 }' "$out/$1.$2"
    fi
}

line() { # NAME WHAT
    [ ! -s "$out/$1.small" ] || echo "| $2 | $(cell "$1" small) | $(cell "$1" large) |"
}

ratio() { # WHAT SECONDS SECONDS
    [ -z "$2" ] || [ -z "$3" ] || awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN { printf "| %s | %.3f |\n", what, a / b }'
}

peak_line() { # NAME WHAT
    awk -v what="$2" '{ printf "| %s | %.0f MB | %.2f s |\n", what, $1 * 1024 / 1e6, $2 }' "$out/$1.peak"
}

# what is measured

log small.evtx "$small"
log large.evtx "$large"
log twice.evtx $((2 * small))
processes flat
processes chain

hunt="$program hunt -q -f csv"
both hunt1 $hunt --threads 1
both hunt2 $hunt --threads 2
both digest $hunt --threads 2 --digest
both extract "$program" extract -q -f jsonl --threads 2
! command -v evtx_dump >/dev/null || both dump evtx_dump -t 2 -o jsonl
! command -v evtxexport >/dev/null || row export small 1 evtxexport "$out/small.evtx"
TO=/dev/null
both cat cat
TO=
both decode1 "$build/bench/decode" native 1
both decode2 "$build/bench/decode" native 2
row libevtx1 small 1 "$build/bench/decode" libevtx 1 "$out/small.evtx"
row libevtx2 small 1 "$build/bench/decode" libevtx 2 "$out/small.evtx"
row hunt2 twice "$runs" $hunt --threads 2 "$out/twice.evtx"
COLD=1
both cold $hunt --threads 2
TO=/dev/null
both coldcat cat
TO=
COLD=
peak small $hunt --threads 2 "$out/small.evtx"
peak large $hunt --threads 2 "$out/large.evtx"
peak flat $hunt --threads 2 "$out/flat.evtx"
peak chain $hunt --threads 2 "$out/chain.evtx"

cat <<TABLE
$(date -u +%F), $(nproc) processors ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r), commit \
$(git -C "$top" rev-parse --short HEAD 2>/dev/null). Small: $(wc -c <"$out/small.evtx") bytes, large: $(wc -c <"$out/large.evtx") bytes; $runs runs, mean ± deviation.

| what | small | large |
| --- | --- | --- |
$(line hunt1 '`hunt -f csv --threads 1`')
$(line hunt2 '`hunt -f csv --threads 2`')
$(line digest '`hunt -f csv --threads 2 --digest`')
$(line extract '`extract -f jsonl --threads 2`')
$(line dump "\`evtx_dump -t 2 -o jsonl\`")
$(line export '`evtxexport`, text, once')
$(line cat '`cat >/dev/null`')
$(line decode1 'decoding alone, native, 1 thread')
$(line decode2 'decoding alone, native, 2 threads')
$(line libevtx1 'decoding alone, libevtx, 1 thread, once')
$(line libevtx2 'decoding alone, libevtx, 2 threads, once')
$(line cold '`hunt -f csv --threads 2`, cold cache')
$(line coldcat '`cat >/dev/null`, cold cache')

| of the small log | ratio |
| --- | --- |
$(ratio 'hunt, 2 threads / evtx_dump, 2 threads' "$(mean hunt2 small)" "$(mean dump small)")
$(ratio 'decoding alone, 2 threads: native / libevtx' "$(mean decode2 small)" "$(mean libevtx2 small)")
$(ratio 'hunt, 1 thread / 2 threads' "$(mean hunt1 small)" "$(mean hunt2 small)")
$(ratio 'decoding alone, 1 thread / 2 threads' "$(mean decode1 small)" "$(mean decode2 small)")
$(ratio 'hunt, twice the bytes / once' "$(mean hunt2 twice)" "$(mean hunt2 small)")
$(ratio 'hunt with digests / without' "$(mean digest small)" "$(mean hunt2 small)")

| hunt, 2 threads | peak memory | time |
| --- | --- | --- |
$(peak_line small 'small')
$(peak_line large 'large')
$(peak_line flat "$many processes of one server, each a finding")
$(peak_line chain "$many processes in a line, each a finding")
TABLE
rm -f "$out/result"
