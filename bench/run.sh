#!/bin/sh
# Times the program against other readers of the same logs, warm:
#
#     bench/run.sh EVIDENCE... [-- NAME COMMAND...]
#
# EVIDENCE is .evtx files. COMMAND is one more program to time; the files are put
# behind it. SHELLTREE names the program (./build/shelltree), RUNS how often each
# runs (10), OUT where results go (a fresh folder).
set -eu
program=${SHELLTREE:-build/shelltree}
runs=${RUNS:-10}
out=${OUT:-$(mktemp -d)}
rules=$(cd "$(dirname "$0")/../rules" && pwd)
files=$out/files
: >"$files"
command -v hyperfine >/dev/null || { echo 'hyperfine is missing: apt install hyperfine' >&2; exit 2; }
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    printf '%s\n' "$1" >>"$files"
    shift
done
command -v "$program" >/dev/null || { echo "$program isn't a program" >&2; exit 2; }
[ -s "$files" ] || { sed -n '2,9p' "$0" >&2; exit 2; }
[ $# -eq 0 ] || shift

# For a shell; a quote in a name is written as '\''.
names=$(sed "s/'/'\\\\''/g; s/.*/'&'/" "$files" | tr '\n' ' ')
bytes=$(eval "cat $names" | wc -c)
echo "$(wc -l <"$files") files, $bytes bytes, $(nproc) processors; results in $out"

set -- "$@"
extra=
[ $# -ge 2 ] && { extra_name=$1; shift; extra=$*; }

time_one() { # name, command
    hyperfine --ignore-failure --shell sh --warmup 2 --runs "$runs" --style basic \
        --export-json "$out/$1.json" --command-name "$1" "$2" 2>"$out/$1.messages" | grep -E 'Time|Range'
}

for threads in 1 2 $(nproc); do
    [ -e "$out/hunt-$threads.json" ] && continue
    echo "shelltree hunt, whole pack, CSV, $threads threads"
    time_one "hunt-$threads" "'$program' hunt -q -f csv -r '$rules' --threads $threads $names >'$out/hunt.csv'"
done
echo 'shelltree extract, JSONL'
time_one extract "'$program' extract -q -f jsonl $names >'$out/extract.jsonl'"
echo 'cat, to a file'
time_one cat "cat $names >'$out/copy'"
if command -v evtxexport >/dev/null; then
    echo 'evtxexport (libevtx), text'
    time_one evtxexport "for f in $names; do evtxexport \"\$f\"; done >'$out/evtxexport.txt'"
fi
if [ -n "$extra" ]; then
    echo "$extra_name"
    time_one "$extra_name" "$extra $names >'$out/extra'"
fi
rm -f "$out/copy" "$out/hunt.csv" "$out/extract.jsonl" "$out/evtxexport.txt" "$out/extra"
