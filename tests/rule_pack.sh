#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# Runs the cases of the pack (tests/pack), and sees that each rule has one that it hits and one that
# it must not.
srcdir=${srcdir:-.}
top=$(cd "$srcdir" && pwd)
program=${SHELLTREE:-$PWD/shelltree}
SHELLTREE_RULES=$top/rules
export SHELLTREE_RULES
cd "$top" || exit 99
fails=0

fail() {
    echo "FAIL: $*"
    fails=$((fails + 1))
}

"$program" rules test tests/pack || fail "exit status $?"
for rule in rules/*.kql; do
    grep -q "^// library: yes$" "$rule" && continue # what other rules use is tested with them
    [ "$rule" = rules/own-known-child.kql ] && continue # it needs a list: tests/golden has its cases
    cases=tests/pack/$(basename "$rule" .kql).yaml
    [ -f "$cases" ] || { fail "$rule: has no cases"; continue; }
    [ "$(grep -c "^rule: ../../$rule\$" "$cases")" -ge 2 ] || fail "$rule: fewer than two cases"
    grep -q '^rows:' "$cases" || fail "$rule: no case that it hits"
    grep -q '^count: 0$' "$cases" || fail "$rule: no case that it must not hit"
done
[ "$fails" = 0 ]
