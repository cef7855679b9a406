#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/tidy.sh - clang-tidy over files, but for those that it found clean before in the same form.
#
#   tests/tidy.sh CACHE FLAGS FILE...
#
# FLAGS is one word, the compiler's flags; paths in it are relative, so that another clone finds the same. A result is kept in CACHE under
# the digest of all that clang-tidy sees: its version, .clang-tidy, the flags, the name and the preprocessed text of the file with its
# comments (NOLINT is one) and its macros. Only clean results are kept. One line a finding; ends with 1 if there is one.
set -u
cache=$1 flags=$2
shift 2
mkdir -p "$cache" || exit 2
bad=0
version=$(clang-tidy --version)
for f in "$@"; do
    # shellcheck disable=SC2086
    text=$(clang -E -C -dD $flags "$f" 2>/dev/null) || text=
    key=$( (printf '%s\n' "$version" "$flags" "$f" "$text"; cat .clang-tidy) | sha256sum | cut -d' ' -f1)
    if [ -n "$text" ] && [ -e "$cache/$key" ]; then
        touch "$cache/$key" # what isn't asked for in two months goes
        echo "kept: $f"
        continue
    fi
    # shellcheck disable=SC2086
    if out=$(clang-tidy --quiet "$f" -- $flags 2>/dev/null); then
        [ -n "$text" ] && : >"$cache/$key"
        echo "looked at: $f"
    else
        printf '%s\n' "$out"
        echo "found something: $f"
        bad=1
    fi
done
exit $bad
