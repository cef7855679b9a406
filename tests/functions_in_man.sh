#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/functions_in_man.sh - shelltree-rules(5) lists every function, aggregate and operator.
#
#   UPDATE=1  writes the functions' list into the page anew
set -u
: "${FUNCTIONS:?names the program that prints the list}"
srcdir=${srcdir:-.}
page=$srcdir/man/shelltree-rules.5
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$FUNCTIONS" >"$tmp/want" || exit 1
awk -v list="$tmp/want" '
    /^\.\\" The list ends here/ { inside = 0 }
    !inside { print }
    /^\.\\" The list that .* prints begins here/ { inside = 1; while ((getline line <list) > 0) print line }
' "$page" >"$tmp/page"
[ "${UPDATE:-0}" = 1 ] && cp "$tmp/page" "$page"
bad=0
diff -u "$page" "$tmp/page" || bad=1

# The words of the parser's table of operators.
words=$(sed -n 's/^ *{ "\([a-z-]*\)", ST_KQL_PIPE_[A-Z_]*.*/\1/p' "$srcdir/src/rules/kql/syntax/parse_ops.c")
sed -n '/^\.It Ic /p; /^\.Ic /p' "$page" | tr -s ' ,' '\n\n' >"$tmp/listed"
for word in $words; do
    grep -qx -e "$word" "$tmp/listed" || { echo "the operator $word isn't in the page"; bad=1; }
done
[ -n "$words" ] && [ "$bad" -eq 0 ]
