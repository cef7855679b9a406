#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/examples_in_man.sh - the rules that shelltree-rules(5) shows must be rules, and run.
set -u
: "${SHELLTREE:?names the program}"
srcdir=${srcdir:-.}
SHELLTREE_RULES=$srcdir/rules
export SHELLTREE_RULES
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# Each literal block that is a query becomes a file; cases of rules test and messages are none.
awk -v dir="$tmp" '
    /^\.Bd -literal/ { inside = 1; text = ""; next }
    /^\.Ed/ { inside = 0
              if (text ~ /^name: /) printf "%s", text >(dir "/case-" ++m ".yaml")
              if (text ~ /title: A web server starts a shell\n/) printf "%s", text >(dir "/web-shell.kql")
              if (text ~ /\n\| / && text !~ /^(name: |rule.kql:)/) printf "%s", text >(dir "/example-" ++n ".kql")
              next }
    inside { gsub(/\\e/, "\\"); gsub(/\\\(dq/, "\""); text = text $0 "\n" }
' "$srcdir/man/shelltree-rules.5"

ran=0
bad=0
for rule in "$tmp"/example-*.kql; do
    [ -f "$rule" ] || continue
    ran=$((ran + 1))
    { "$SHELLTREE" rules check "$rule" && "$SHELLTREE" query --file "$rule" "$srcdir/testdata/iis" >/dev/null; } ||
        { bad=$((bad + 1)); cat "$rule"; }
done
mkdir -p "$tmp/logs/clean" && cp "$srcdir/testdata/clean/old-schema.evtx" "$tmp/logs/clean"
"$SHELLTREE" rules test "$tmp/case-1.yaml" || bad=$((bad + 1))
echo "$ran examples, $bad of them wrong"
[ "$ran" -ge 8 ] && [ "$bad" -eq 0 ]
