#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/installed.sh - what `make install` leaves: docs/example.c is built against it with pkg-config, and runs; each header
# can be included by itself; the program finds its rules where they were put.
set -u
: "${SHELLTREE:?names the program}"
build=$(dirname "$SHELLTREE")
top=$(cd "${srcdir:-.}" && pwd)
command -v pkg-config >/dev/null || { echo "skipped: pkg-config isn't here"; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

(cd "$build" && ${MAKE:-make} -s install DESTDIR="$tmp/root" >"$tmp/log" 2>&1) || { cat "$tmp/log"; exit 1; }
pc=$(find "$tmp/root" -name shelltree.pc)
[ -n "$pc" ] || { echo "no shelltree.pc was installed"; exit 1; }
prefix=$(sed -n 's/^prefix=//p' "$pc")
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
flags=$(pkg-config --define-variable=prefix="$tmp/root$prefix" --cflags --libs shelltree) || exit 1

# shellcheck disable=SC2086
${CC:-cc} -std=c11 -Wall -Wextra ${SAN_FLAGS:-} -o "$tmp/example" "$top/docs/example.c" $flags ||
    { echo "docs/example.c doesn't build: $flags"; exit 1; }
"$tmp/example" "$top/testdata" >"$tmp/out" || { echo "docs/example.c ended with $?"; exit 1; }
grep -q 'web01.corp.example: w3wp.exe -> cmd.exe' "$tmp/out" || { head "$tmp/out"; echo "docs/example.c misses a process"; exit 1; }

for h in "$tmp/root$prefix"/include/shelltree/*.h; do
    echo "#include <shelltree/$(basename "$h")>" >"$tmp/one.c"
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -fsyntax-only "-I$tmp/root$prefix/include" "$tmp/one.c" ||
        { echo "$h can't be included by itself"; exit 1; }
done

"$tmp/root$prefix/bin/shelltree" --version >/dev/null || exit 1
SHELLTREE_RULES=$tmp/root$prefix/share/shelltree/rules "$tmp/root$prefix/bin/shelltree" rules list >"$tmp/rules" || exit 1
[ "$(wc -l <"$tmp/rules")" -ge 30 ] || { cat "$tmp/rules"; echo "rules are missing"; exit 1; }
