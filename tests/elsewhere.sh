#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/elsewhere.sh - builds shelltree in a Debian root of another release or architecture, and tries it there.
#
#   tests/elsewhere.sh check              Debian 13: build, unit and golden tests
#   tests/elsewhere.sh bytes i386 s390x   build, and compare the bytes of `extract testdata` with those from here
#   SUITE=bookworm tests/elsewhere.sh ... another release (default trixie, which is Debian 13)
#   CHECK=1 tests/elsewhere.sh bytes ...  the unit tests, too (hours under emulation)
#
# The root is made once, by mmdebstrap from the mirror that apt uses here, and kept under build/roots with its ccache and its
# objects. Root's rights are needed, or sudo without a password. An architecture that this machine doesn't run needs
# qemu-user-static, registered with the kernel (arch-test says whether it is). Where something of that is missing it says so and ends
# with 77. Nothing outside build/ is written. With a cross compiler (gcc-s390x-linux-gnu) `bytes` compiles with that and runs the result in the
# root. Some mirrors lack an architecture's newest packages; SUITE names a release that is whole.
set -u
cd "$(dirname "$0")/.." || exit 2
top=$PWD
suite=${SUITE:-trixie}
jobs=$(nproc 2>/dev/null || echo 2)

skip() { say "elsewhere: skipped: $*"; exit 77; }
fail() { say "elsewhere: $*"; exit 1; }
. tests/roots.sh

# What the build needs, and what its tests do.
packages() { echo "$("$top/quickstart" packages) ccache python3 mandoc" | tr -s ' \n' ',,' | sed 's/,$//'; }

build='cd /src && autoreconf -fi >/dev/null 2>&1 && cd /build &&
    { [ -e Makefile ] && [ /src/configure -ot config.status ] && cmp -s /src/configure configured ||
      { /src/configure -q --enable-werror CFLAGS="-O2 -g" && cp /src/configure configured; }; } && make -s V=1 -j '$jobs

# The same from here, with a compiler that this machine runs itself: minutes in place of an hour.
cross_build() {
    local triplet=$1 dir=$2
    [ -x configure ] || autoreconf -fi >/dev/null 2>&1 || return 1
    mkdir -p "$dir.cross" && cd "$dir.cross" || return 1
    export PKG_CONFIG_SYSROOT_DIR=$dir PKG_CONFIG_LIBDIR=$dir/usr/lib/$triplet/pkgconfig:$dir/usr/share/pkgconfig
    # The C library is the compiler's own: the root's names its parts by paths that hold inside it only.
    "$top/configure" -q --host="$triplet" --enable-werror CC="$triplet-gcc" CFLAGS="-O1 -g" \
        CPPFLAGS="-isystem $dir/usr/include/$triplet -isystem $dir/usr/include" LDFLAGS="-L/usr/$triplet/lib -Wl,-rpath-link,$dir/usr/lib/$triplet -Wl,-rpath-link,$dir/lib/$triplet" &&
        make -s V=1 -j "$jobs" shelltree && as_root cp shelltree "$dir/build/shelltree"
}

# The foreign architecture's triplet, if there is a compiler for it here.
cross_compiler() {
    local triplet
    triplet=$(dpkg-architecture -a"$1" -qDEB_HOST_GNU_TYPE 2>/dev/null)
    [ -n "$triplet" ] && [ "$1" != "$(dpkg --print-architecture)" ] && command -v "$triplet-gcc" >/dev/null && echo "$triplet"
}

try() {
    local what=$1 arch=$2 dir=$top/build/roots/$suite-$2
    make_root "$arch" "$dir" "$(packages)" || skip "no root of $suite for $arch could be made; $dir.log says why"
    inside "$dir" true || skip "no mounting in a namespace of one's own here: a root can't be entered"
    copy_sources "$dir" || fail "the sources can't be copied"
    local triplet=
    [ "$what" = bytes ] && [ "${CHECK:-0}" != 1 ] && triplet=$(cross_compiler "$arch")
    if [ -n "$triplet" ]; then
        (cross_build "$triplet" "$dir") || fail "$suite, $arch: it doesn't build with $triplet-gcc"
    else
        inside "$dir" "$build" || fail "$suite, $arch: it doesn't build"
    fi
    say "$suite, $arch: built with $(inside "$dir" 'gcc --version | head -n 1; uname -m; dpkg-query -W -f "\${Package} \${Version}, " libevtx-dev libxml2-dev libc6-dev' | tr '\n' ' ')"
    if [ "$what" = check ] || [ "${CHECK:-0}" = 1 ]; then
        inside "$dir" 'cd /build && make -s check -j '"$jobs"' TESTS="\$(check_PROGRAMS) tests/golden/run.sh tests/second_reader.sh tests/hardening.py" ||
            { rc=$?; cat test-suite.log; exit $rc; }' || fail "$suite, $arch: its tests fail"
    fi
    [ "$what" = bytes ] || return 0
    local here there
    here=$("$SHELLTREE" extract testdata 2>/dev/null | sha256sum)
    there=$(inside "$dir" 'cd /src && /build/shelltree extract testdata 2>/dev/null' | sha256sum)
    [ "$here" = "$there" ] || fail "$suite, $arch: extract testdata gives other bytes: ${there%% *}, here ${here%% *}"
    say "$suite, $arch: extract testdata gives the same bytes as here ($("$SHELLTREE" extract testdata 2>/dev/null | wc -c) bytes, SHA-256 ${here%% *})"
}

can_make_roots
what=${1:-}
[ $# -gt 0 ] && shift
case $what in
check) [ $# -gt 0 ] || set -- "$(dpkg --print-architecture)" ;;
bytes)
    for p in "${SHELLTREE:-}" build/gcc/shelltree build/release/shelltree build/dev/shelltree; do
        [ -x "$p" ] && { SHELLTREE=$p; break; }
    done
    [ -x "${SHELLTREE:-}" ] || fail "no shelltree built here to compare with: run ./quickstart first"
    [ $# -gt 0 ] || set -- i386 s390x ;;
*) say "usage: tests/elsewhere.sh check|bytes [ARCHITECTURE...]"; exit 2 ;;
esac
for arch in "$@"; do
    if [ "$arch" != "$(dpkg --print-architecture)" ] && command -v arch-test >/dev/null && ! arch-test "$arch" >/dev/null 2>&1; then
        skip "this machine doesn't run $arch (qemu-user-static, and its entry in /proc/sys/fs/binfmt_misc)"
    fi
    (try "$what" "$arch") || exit $?
done
