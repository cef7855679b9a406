#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Measures the program and other readers over the same logs, and prints the tables of bench/README.md:
#
#     bench/run.sh [FOLDER]
#
# FOLDER (a fresh one in /tmp) gets the logs and hyperfine's results; it needs some 8 GB. From the environment:
#
#     BUILD     the build tree, without sanitizers (build/release)
#     EVIDENCE  real Sysmon logs to make a corpus of (../shared/data/evtx, if that is there)
#     WIDE      folders of more kinds of them, to make another one of (evtx, sigma, scenario and detection there)
#     REAL      bytes of each of these (153000000)
#     MIXED     processes of the generated corpora, rising (125000 250000 500000 1000000 2000000)
#     MANY      processes of the corpora whose processes are findings all (1000000)
#     RUNS      how often each command runs (9); over a corpus of more than 500 MB a third of that
#     PAIRED    anything: the program and evtx_dump take turns, for a machine that others use too
#
# What isn't installed (evtx_dump, evtxexport, chainsaw) has no row.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${BUILD:-$top/build/release}" && pwd) || exit 2
evidence=${EVIDENCE:-$top/../shared/data/evtx}
wide=${WIDE:-$(for d in evtx sigma scenario detection; do printf '%s ' "$top/../shared/data/$d"; done)}
perfcorpus=$top/../shared/accept/perfcorpus.py
real=${REAL:-153000000}
mixed=${MIXED:-125000 250000 500000 1000000 2000000}
many=${MANY:-1000000}
runs=${RUNS:-9}
out=${1:-$(mktemp -d)}
program=$build/shelltree
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES="$top/rules"

for tool in hyperfine awk; do
    command -v $tool >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
[ -x /usr/bin/time ] || { echo '/usr/bin/time is missing' >&2; exit 2; }
[ -x "$program" ] || { echo "$program isn't a program: ./quickstart builds build/release" >&2; exit 2; }
make -s -C "$build" bench/corpus bench/decode >&2 || exit 2
mkdir -p "$out" || exit 2

# the logs

# corpus SHAPE PROCESSES: $out/SHAPE.PROCESSES.evtx
corpus() {
    [ -s "$out/$1.$2.evtx" ] || "$build/bench/corpus" "$1" "$2" "$out/$1.$2.evtx" || exit 2
}

# real_corpus NAME FOLDER...: $out/NAME.evtx
real_corpus() {
    name=$1
    shift
    [ -f "$perfcorpus" ] && [ -d "$1" ] || return 1
    [ -s "$out/$name.evtx" ] || python3 "$perfcorpus" "$@" --out "$out/$name.evtx" --size "$real" >"$out/$name.says" || exit 2
}

# measuring

bytes() { wc -c <"$out/$1.evtx"; }

runs_for() {
    n=$runs
    [ "$(bytes "$1")" -le 500000000 ] || n=$((runs / 3))
    [ $n -gt 0 ] || n=1
    echo $n
}

# row NAME CORPUS COMMAND...: medians and deviations of seconds go to $out/NAME.CORPUS. The corpus is put behind the
# command, what it prints into a file, or TO.
row() {
    name=$1 log=$2
    shift 2
    hyperfine -N --ignore-failure --style none --warmup 1 --runs "${ONCE:-$(runs_for "$log")}" --export-csv "$out/$name.$log" \
        --output "${TO:-$out/result}" "$* $out/$log.evtx" >"$out/$name.$log.says" 2>&1 ||
        { cat "$out/$name.$log.says" >&2; rm -f "$out/$name.$log"; }
}

# turns CORPUS: the program with two threads and evtx_dump in turns, the median of the ratios.
turns() {
    i=0
    while [ $i -lt "$(runs_for "$1")" ]; do
        for one in hunt2 dump; do
            command=$hunt' --threads 2'
            [ $one = hunt2 ] || command='evtx_dump -t 2 -o jsonl'
            # shellcheck disable=SC2086
            /usr/bin/time -o "$out/turn.$one" -f '%e %U %S' $command "$out/$1.evtx" >"$out/result" 2>/dev/null
        done
        tail -qn 1 "$out/turn.hunt2" "$out/turn.dump" | tr '\n' ' ' | awk '{ spent = $5 + $6; print $1 / $4, spent ? ($2 + $3) / spent : 0 }'
        i=$((i + 1))
    done | sort -n | awk '{ wall[NR] = $1; cpu[NR] = $2 }
        END { m = int((NR + 1) / 2); n = asort_by(cpu, NR); printf "%.2f %.2f\n", wall[m], cpu[m] }
        function asort_by(v, n,   i, k, t) { for (i = 2; i <= n; i++) for (k = i; k > 1 && v[k - 1] > v[k]; k--) { t = v[k]; v[k] = v[k - 1]; v[k - 1] = t } return n }' \
        >"$out/turns.$1"
}

# peak NAME CORPUS COMMAND...: kilobytes and seconds go to $out/NAME.CORPUS.peak
peak() {
    name=$1 log=$2
    shift 2
    /usr/bin/time -o "$out/time" -f '%M %e' "$@" "$out/$log.evtx" >"$out/result" 2>/dev/null
    tail -n 1 "$out/time" >"$out/$name.$log.peak"
}

# printing

median() { [ ! -s "$out/$1.$2" ] || awk -F, 'NR == 2 { print $4 }' "$out/$1.$2"; }

cell() { # NAME CORPUS
    [ ! -s "$out/$1.$2" ] || awk -F, 'NR == 2 { if ($3 == "") $3 = 0; printf "%.3f ± %.3f", $4, $3 }' "$out/$1.$2"
}

ratio() { # SECONDS SECONDS
    [ -z "$1" ] || [ -z "$2" ] || awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

twice() { awk -v a="$1" 'BEGIN { print 2 * a }'; }

line() { # CORPUS WHAT
    h2=$(median hunt2 "$1")
    h1=$(median hunt1 "$1") both=$(median both "$1")
    r=$(ratio "$h2" "$(median dump "$1")")
    [ ! -s "$out/turns.$1" ] || r=$(awk '{ printf "%s (processor time %s)", $1, $2 }' "$out/turns.$1")
    echo "| $2, $(bytes "$1") bytes | $(cell hunt2 "$1") | $(cell hunt1 "$1") | $(ratio "$h1" "$h2") | $(ratio "${h1:+$(twice "$h1")}" "$both") | $(cell dump "$1") | $r | $(cell cat "$1") |"
}

peak_line() { # CORPUS WHAT PROCESSES
    awk -v what="$2" -v n="$3" '{ printf "| %s | %.0f MB | %s | %.2f s |\n", what, $1 * 1024 / 1e6, n ? sprintf("%.0f", $1 * 1024 / n) : "", $2 }' "$out/hunt.$1.peak"
}

# what is measured

hunt="$program hunt -q -f csv"
# Two programs that have nothing to do with each other: more than they gain by the second processor, two threads can't.
cat >"$out/at-once" <<SCRIPT
"\$@" >"$out/result.other" 2>/dev/null &
"\$@"
wait
SCRIPT
measure() { # CORPUS
    row hunt2 "$1" "$hunt" --threads 2
    row hunt1 "$1" "$hunt" --threads 1
    row both "$1" sh "$out/at-once" "$hunt" --threads 1
    ! command -v evtx_dump >/dev/null || row dump "$1" evtx_dump -t 2 -o jsonl
    [ -z "${PAIRED:-}" ] || ! command -v evtx_dump >/dev/null || turns "$1"
    TO=/dev/null
    row cat "$1" cat
    TO=
    # shellcheck disable=SC2086
    peak hunt "$1" $hunt --threads 2
}

cat <<HEAD
$(date -u +%F), $(nproc) processors ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r), commit \
$(git -C "$top" rev-parse --short HEAD 2>/dev/null), load $(cut -d ' ' -f 1-3 /proc/loadavg). Seconds, median ± deviation of $runs runs.

"Two at once" is what two hunts of one thread each gain by the second processor: no two threads can gain more.

| corpus | hunt, 2 threads | 1 thread | second thread | two at once | evtx_dump -t 2 | hunt / evtx_dump | cat |
| --- | --- | --- | --- | --- | --- | --- | --- |
HEAD
! real_corpus real "$evidence" || { measure real; line real 'real chunks'; }
# shellcheck disable=SC2086
! real_corpus wide $wide || { measure wide; line wide 'real chunks of more kinds'; }
before= earlier=
for n in $mixed; do
    corpus mixed "$n"
    measure "mixed.$n"
    line "mixed.$n" "mixed, $n processes"
done

printf '\n| growth of hunt, 2 threads | times the time | times the processes |\n| --- | --- | --- |\n'
for n in $mixed; do
    now=$(median hunt2 "mixed.$n")
    [ -z "$before" ] || echo "| from $earlier to $n | $(ratio "$now" "$before") | $(ratio "$n" "$earlier") |"
    before=$now earlier=$n
done

printf '\n| hunt, 2 threads | peak memory | bytes a process | time |\n| --- | --- | --- | --- |\n'
[ ! -s "$out/real.evtx" ] || peak_line real 'real chunks' 0
for n in $mixed; do
    peak_line "mixed.$n" "mixed, $n processes" "$n"
done
for shape in flat chain; do
    corpus $shape "$many"
    # shellcheck disable=SC2086
    peak hunt "$shape.$many" $hunt --threads 2
    peak_line "$shape.$many" "$shape, $many processes, each a finding" "$many"
done

# others, and parts of it, over the first corpus
first=real
[ -s "$out/real.evtx" ] || for n in $mixed; do first=mixed.$n; break; done
row digest $first "$hunt" --threads 2 --digest
row extract $first "$program" extract -q -f jsonl --threads 2
row decode1 $first "$build/bench/decode" native 1
row decode2 $first "$build/bench/decode" native 2
ONCE=1
! command -v chainsaw >/dev/null || row chainsaw $first chainsaw dump --jsonl
! command -v evtxexport >/dev/null || row export $first evtxexport
row libevtx2 $first "$build/bench/decode" libevtx 2
ONCE=
printf '\n| over the first | seconds |\n| --- | --- |\n'
while read -r name what; do
    [ ! -s "$out/$name.$first" ] || echo "| $what | $(cell "$name" $first) |"
done <<'ROWS'
digest `hunt -f csv --threads 2 --digest`
extract `extract -f jsonl --threads 2`
decode1 decoding alone, native, 1 thread
decode2 decoding alone, native, 2 threads
chainsaw `chainsaw dump --jsonl`, once
export `evtxexport`, text, once
libevtx2 decoding alone, libevtx, 2 threads, once
ROWS
rm -f "$out/result" "$out/result.other" "$out/at-once" "$out/time" "$out"/turn.*
