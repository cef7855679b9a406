#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/debian.sh - Debian's packages of this work tree: built in a root that has what debian/control asks for, looked at by that
# release's lintian, installed in a clean root and tried there by autopkgtest.
#
#   tests/debian.sh                    Debian 12 and 13 (bookworm, trixie), for the machine's own architecture
#   tests/debian.sh trixie             one of them
#   CHECK=1 tests/debian.sh ...        the build runs the tests, too
#
# The roots stay under build/roots and belong to root, the packages come to build/debian/SUITE. Needs mmdebstrap and autopkgtest; without
# one of them, or without root's rights, it says so and ends with 77.
set -u
cd "$(dirname "$0")/.." || exit 2
top=$PWD
arch=$(dpkg --print-architecture)
skip() { say "debian: skipped: $*"; exit 77; }
fail() { say "debian: $*"; exit 1; }
. tests/roots.sh

build_packages() { # SUITE ROOT
    copy_sources "$2" || fail "the sources can't be copied"
    inside "$2" 'apt-get update -qq && apt-get build-dep -y -qq --no-install-recommends /src >/dev/null' || fail "$1: what the build needs can't be installed"
    inside "$2" 'cd / && rm -f /*.deb /*.changes /*.buildinfo /*.dsc /*.tar.xz && cd /src && export PATH=${PATH#/usr/lib/ccache:} &&
        DEB_BUILD_OPTIONS="'"$([ "${CHECK:-0}" = 1 ] || echo nocheck) parallel=$(nproc)"'" dpkg-buildpackage -us -uc >/build/log 2>&1 ||
        { tail -n 40 /build/log; exit 1; }' || fail "$1: the package doesn't build"
}

look_at() { # SUITE ROOT
    say "$1: $(inside "$2" 'lintian --version')"
    inside "$2" 'cd / && lintian --allow-root --fail-on error --display-info --tag-display-limit 0 *.changes' || fail "$1: lintian has errors"
    say "$1: lintian has no errors"
}

# What is installed is tried in a root with nothing but a minimal Debian. autopkgtest opens its output anew, which would empty a log: so
# it writes into a pipe.
try() ( # SUITE ROOT PACKAGES
    set -o pipefail
    as_root unshare --mount sh -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 125
        exec autopkgtest --apt-upgrade --no-built-binaries "$2"/*.deb "$3" -- chroot "$1"' try "$2" "$3" "$4" </dev/null 2>&1 | cat
)

one() {
    suite=$1
    local root=$top/build/roots/$suite-$arch-packages clean=$top/build/roots/$suite-$arch-clean to=$top/build/debian/$suite
    make_root "$arch" "$root" build-essential,lintian,ca-certificates || skip "no root of $suite could be made; $root.log says why"
    build_packages "$suite" "$root"
    rm -rf "$to" && mkdir -p "$to"
    cp "$root"/*.deb "$root"/*.changes "$root"/*.dsc "$root"/*.tar.xz "$to/" || fail "$suite: no packages"
    look_at "$suite" "$root"
    as_root rm -rf "$clean" "$clean.is"
    make_root "$arch" "$clean" "" || skip "no clean root of $suite could be made"
    try "$suite" "$clean" "$to" "$root/src" || fail "$suite: autopkgtest fails"
    say "$suite: autopkgtest passed"
}

can_make_roots
command -v autopkgtest >/dev/null || skip "no autopkgtest here (apt install autopkgtest)"
[ $# -gt 0 ] || set -- bookworm trixie
for suite in "$@"; do
    (one "$suite") || exit $?
done
