#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/licence.sh - each source file says under which licence it is, and the licence's text is there.
set -u
cd "${srcdir:-.}" || exit 99
bad=0 ran=0
say() { echo "$*"; bad=$((bad + 1)); }

for f in $(find src include tests fuzz bench rules man completions -type f \
        \( -name '*.[ch15]' -o -name '*.sh' -o -name '*.py' -o -name '*.kql' -o -name '*.supp' -o -name '*shelltree*' \) |
        grep -vE '^tests/(golden/[^/]*\.(kql|md|yaml)|golden/(cases|repository)|pack)|^fuzz/corpus') \
        quickstart configure.ac Makefile.am .ci/run; do
    ran=$((ran + 1))
    head -n 12 "$f" | grep -q 'SPDX-FileCopyrightText: ' || say "$f: no line SPDX-FileCopyrightText near its top"
    id=$(head -n 12 "$f" | sed -n 's/.*SPDX-License-Identifier: *//p' | sed 's, *\*/$,,' | head -n 1)
    case $id in
    Apache-2.0 | "Apache-2.0 AND Unicode-3.0") ;;
    NOASSERTION) grep -qF "$f" NOTICE || say "$f: NOTICE doesn't tell where it comes from" ;;
    *) say "$f: licence '$id'" ;;
    esac
done
head -n 3 LICENSE | grep -q 'Apache License' || say "LICENSE isn't the Apache License"
grep -q 'UNICODE LICENSE V3' LICENSES/Unicode-3.0.txt || say "LICENSES/Unicode-3.0.txt isn't Unicode's licence"
grep -qx 'Copyright The shelltree authors' NOTICE || say "NOTICE names no holder"
echo "$ran files, $bad without what they need"
[ "$ran" -gt 200 ] && [ "$bad" = 0 ]
