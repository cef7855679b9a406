#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# packaging/static.sh - one program without shared libraries, for a Linux that has none of them: build/static/shelltree
#
#   packaging/static.sh          Debian's own static libraries and glibc; what Debian has no static library of, or one
#                                that drags in too much (libxlsxwriter; libxml2 with ICU's 30 MB), is built from Debian's source packages
#
# Needs what ./quickstart installs, and libacl1-dev libzstd-dev liblz4-dev libbz2-dev liblzma-dev dpkg-dev libtool. Nothing outside
# build/ is written. JOBS=N runs so many compilers (default: as many as processors).
set -eu
cd "$(dirname "$0")/.."
top=$PWD
out=$top/build/static
prefix=$out/prefix
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
mkdir -p "$out/apt/lists/partial" "$out/apt/cache/archives/partial" "$out/src" "$prefix/lib/pkgconfig" "$prefix/include"

say() { printf 'static: %s\n' "$*"; }

# apt with lists of its own that has this release's source packages.
sources() {
    local suite uri
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    uri=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri:-http://deb.debian.org/debian} $suite main" >"$out/apt/sources.list"
}

private_apt() {
    apt-get -qq -o Dir::Etc::SourceList="$out/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$out/apt/lists" -o Dir::Cache="$out/apt/cache" -o APT::Sandbox::User= "$@"
}

# fetch PACKAGE: its source, unpacked and patched, in src/PACKAGE.
fetch() {
    [ -d "$out/src/$1" ] && return
    say "fetching the source of $1"
    (cd "$out/src" && private_apt source "$1" >"$1.log" 2>&1) || { tail "$out/src/$1.log"; exit 1; }
    mv "$out/src/$1"-[0-9]* "$out/src/$1"
}

xlsxwriter() {
    [ -e "$prefix/lib/libxlsxwriter.a" ] && return
    fetch libxlsxwriter
    say "building libxlsxwriter.a"
    cd "$out/src/libxlsxwriter"
    mkdir -p objects
    local f flags
    flags="-O2 -fPIE -ffile-prefix-map=$out=. -DUSE_SYSTEM_MINIZIP $(pkg-config --cflags minizip)"
    for f in src/*.c third_party/tmpfileplus/tmpfileplus.c third_party/md5/md5.c; do
        [ -e "$f" ] || continue
        # shellcheck disable=SC2086
        ${CC:-cc} $flags -Iinclude -c "$f" -o "objects/$(basename "$f" .c).o" || exit 1
    done
    ar rcD "$prefix/lib/libxlsxwriter.a" objects/*.o
    cp -r include/xlsxwriter include/xlsxwriter.h "$prefix/include/"
    cat >"$prefix/lib/pkgconfig/xlsxwriter.pc" <<EOF
Name: xlsxwriter
Description: spreadsheets
Version: $(sed -n 's/.*LXW_VERSION "\(.*\)"/\1/p' include/xlsxwriter.h)
Cflags: -I$prefix/include
Libs: -L$prefix/lib -lxlsxwriter -lminizip -lz
EOF
    cd "$top"
}

xml2() {
    [ -e "$prefix/lib/libxml2.a" ] && return
    fetch libxml2
    say "building libxml2.a"
    cd "$out/src/libxml2"
    autoreconf -fi >autoreconf.log 2>&1 || { tail autoreconf.log; exit 1; }
    CFLAGS="-O2 -fPIE -ffile-prefix-map=$out=." ./configure -q --prefix="$prefix" --disable-shared --enable-static --without-icu \
        --without-lzma --without-zlib --without-python --without-http --without-ftp --without-iconv --without-modules \
        --without-catalog --without-debug --without-docbook >configure.log 2>&1 || { tail configure.log; exit 1; }
    make -s -j"$jobs" libxml2.la >make.log 2>&1 || { tail make.log; exit 1; }
    make -s install-libLTLIBRARIES install-data >install.log 2>&1 || { tail install.log; exit 1; }
    cd "$top"
}

program() {
    say "building shelltree"
    [ -x configure ] || autoreconf -fi
    mkdir -p "$out/build" && cd "$out/build"
    [ -e Makefile ] || "$top/configure" -q --prefix=/usr --enable-static-program PKG_CONFIG_PATH="$prefix/lib/pkgconfig" \
        CFLAGS="-O2 -g -ffile-prefix-map=$top=." CPPFLAGS="-I$prefix/include" LDFLAGS="-L$prefix/lib"
    make -s -j"$jobs" shelltree
    cp shelltree "$out/shelltree"
    strip "$out/shelltree"
    cd "$top"
}

sources
[ -e "$prefix/lib/libxml2.a" ] || private_apt update
xlsxwriter
xml2
program
"$out/shelltree" --version
if ldd "$out/shelltree" 2>/dev/null | grep -q '=>'; then say "it needs shared libraries"; exit 1; fi
say "build/static/shelltree: $(stat -c %s "$out/shelltree") bytes"
