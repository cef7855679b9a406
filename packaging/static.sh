#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# packaging/static.sh - one program without shared libraries, for a Linux that has none of them: build/static-ARCHITECTURE/shelltree
#
#   packaging/static.sh              for the machine's own architecture
#   packaging/static.sh arm64        for another one of Debian's, by its cross compiler
#
# Debian's own static libraries and glibc, unpacked into a root of their own under build/; what Debian has no static library of, or one
# that drags in too much (libxlsxwriter; libxml2 with ICU's 30 MB), is built from Debian's source packages.
# What it needs of Debian's packages is installed where it is missing (as root, or with sudo). Nothing else outside build/ is written.
# JOBS=N runs so many compilers (default: as many as processors).
set -eu
cd "$(dirname "$0")/.."
top=$PWD
native=$(dpkg --print-architecture)
arch=${1:-$native}
out=$top/build/static-$arch
root=$out/root
prefix=$root/usr/local
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
mkdir -p "$out"
. packaging/sources.sh
need autoconf automake make gcc libc6-dev pkg-config libtool dpkg-dev mmdebstrap debian-archive-keyring
triplet=$(dpkg-architecture -a"$arch" -qDEB_HOST_GNU_TYPE 2>/dev/null)
[ "$arch" = "$native" ] || need "gcc-$(echo "$triplet" | tr _ -)"

# Headers and static libraries of that architecture; nothing in it is run.
libraries="libc6-dev libevtx-dev libbfio-dev libpcre2-dev libyaml-dev libdeflate-dev libxxhash-dev libssl-dev libarchive-dev zlib1g-dev
    libsqlite3-dev libminizip-dev libseccomp-dev nettle-dev libacl1-dev libzstd-dev liblz4-dev libbz2-dev liblzma-dev"
make_root() {
    [ -e "$out/root.made" ] && return
    say "unpacking Debian's libraries for $arch"
    rm -rf "$root"
    # shellcheck disable=SC2046,SC2086
    quiet "$out/root.log" mmdebstrap --mode=chrootless --variant=extract --arch="$arch" --include="$(echo $libraries | tr ' ' ,)" \
        $(apt-config dump Acquire::http::Proxy Acquire::https::Proxy | sed -n 's/^\([^ ]*\) "\(.*\)";/--aptopt=\1="\2";/p') \
        "$(suite)" "$root" $(mirror)
    mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
    touch "$out/root.made"
}

gcc="$triplet-gcc --sysroot=$root"
flags="-O2 -ffile-prefix-map=$top=."
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig:$root/usr/lib/$(dpkg-architecture -a"$arch" -qDEB_HOST_MULTIARCH)/pkgconfig

xlsxwriter() {
    [ -e "$prefix/lib/libxlsxwriter.a" ] && return
    fetch libxlsxwriter
    say "building libxlsxwriter.a"
    cd "$out/src/libxlsxwriter"
    mkdir -p objects
    local f
    for f in src/*.c third_party/tmpfileplus/tmpfileplus.c third_party/md5/md5.c; do
        [ -e "$f" ] || continue
        # shellcheck disable=SC2046,SC2086
        $gcc $flags -fPIE -DUSE_SYSTEM_MINIZIP $(pkg-config --cflags minizip) -Iinclude -c "$f" -o "objects/$(basename "$f" .c).o" || exit 1
    done
    "$triplet-ar" rcD "$prefix/lib/libxlsxwriter.a" objects/*.o
    cp -r include/xlsxwriter include/xlsxwriter.h "$prefix/include/"
    cat >"$prefix/lib/pkgconfig/xlsxwriter.pc" <<END
Name: xlsxwriter
Description: spreadsheets
Version: $(sed -n 's/.*LXW_VERSION "\(.*\)"/\1/p' include/xlsxwriter.h)
Cflags: -I/usr/local/include
Libs: -L/usr/local/lib -lxlsxwriter -lminizip -lz
END
    cd "$top"
}

xml2() {
    [ -e "$prefix/lib/libxml2.a" ] && return
    fetch libxml2
    say "building libxml2.a"
    cd "$out/src/libxml2"
    quiet autoreconf.log autoreconf -fi
    quiet configure.log ./configure -q --host="$triplet" --prefix=/usr/local --disable-shared --enable-static --without-icu \
        --without-lzma --without-zlib --without-python --without-http --without-ftp --without-iconv --without-modules \
        --without-catalog --without-debug --without-docbook CC="$gcc" CFLAGS="$flags -fPIE"
    quiet make.log make -s -j"$jobs" libxml2.la
    quiet install.log make -s install-libLTLIBRARIES install-data DESTDIR="$root"
    rm -f "$prefix/lib/"*.la # libtool's notes name paths outside the root
    cd "$top"
}

program() {
    say "building shelltree for $arch"
    [ -x configure ] || autoreconf -fi
    mkdir -p "$out/build" && cd "$out/build"
    [ -e Makefile ] || "$top/configure" -q --host="$triplet" --prefix=/usr --enable-static-program PKG_CONFIG=pkg-config CC="$gcc" \
        CFLAGS="-O2 -g -ffile-prefix-map=$top=."
    make -s -j"$jobs" shelltree
    "$triplet-strip" -o "$out/shelltree" shelltree
    cd "$top"
}

make_root
xlsxwriter
xml2
program
if readelf -d "$out/shelltree" | grep -q NEEDED; then say "it needs shared libraries"; exit 1; fi
say "build/static-$arch/shelltree: $(stat -c %s "$out/shelltree") bytes"
