#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/golden/run.sh - the program's output, byte by byte.
#
# A case is a folder under cases/: `args` is one line as one would type it after `shelltree`,
# `want` is the exit status and both streams, `stdin` (if there is one) is fed to it. The
# program runs in the source directory, so paths are like testdata/... . A hunt runs twice, with
# one thread and with seven: both must give the same bytes.
#
#   UPDATE=1       writes `want` anew; read the diff like code
#   ONLY=threaded  only the cases that hunt
set -u
: "${SHELLTREE:?names the program}"
cd "${srcdir:-.}" || exit 99
export LC_ALL=C.UTF-8 TZ=UTC SHELLTREE_RULES=rules
unset NO_COLOR COLUMNS
got=$(mktemp -d) || exit 99
trap 'rm -rf "$got"' EXIT

# What bars there are (seccomp, Landlock) is the kernel's, and emulators have none.
bars='runs without a filter of system calls here|^shelltree: no filter of system calls here|^shelltree: no Landlock here'

# run FILE ARGUMENT...: exit status and both streams into FILE.
run() {
    to=$1
    shift
    "$SHELLTREE" "$@" <"$in" >"$got/out" 2>"$got/err"
    status=$?
    { echo "== exit $status"; echo "== stdout"; cat "$got/out"
      echo "== stderr"; grep -vE "$bars" "$got/err"; } >"$to"
}

ran=0
bad=0
for dir in tests/golden/cases/*/; do
    [ -f "$dir/args" ] || continue
    name=$(basename "$dir")
    eval "set -- $(cat "$dir/args")"
    in=/dev/null
    [ -f "$dir/stdin" ] && in=$dir/stdin
    if [ "$1" = hunt ]; then
        shift
        run "$got/one" hunt --threads 1 "$@"
        run "$got/all" hunt --threads 7 "$@"
        if ! diff -u --label "$name, 1 thread" --label "$name, 7 threads" "$got/one" "$got/all"; then
            bad=$((bad + 1))
        fi
    elif [ "${ONLY:-}" = threaded ]; then
        continue
    else
        run "$got/all" "$@"
    fi
    ran=$((ran + 1))
    if [ "${UPDATE:-0}" = 1 ]; then
        cp "$got/all" "$dir/want"
    elif ! diff -u --label "$name, wanted" --label "$name, got" "$dir/want" "$got/all"; then
        bad=$((bad + 1))
    fi
done
echo "golden: $ran cases, $bad differences"
[ "$ran" -gt 0 ] && [ "$bad" -eq 0 ] # no case found is a failure
