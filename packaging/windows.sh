#!/usr/bin/env bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# packaging/windows.sh - shelltree.exe for Windows on x86-64, one file that needs no DLL but Windows' own: build/windows/shelltree.exe
#
#   packaging/windows.sh         cross-built by mingw-w64; what Debian doesn't build for mingw-w64 is built from its source packages
#
# What it needs of Debian's packages is installed where it is missing (as root, or with sudo). Nothing else outside build/ is written.
# JOBS=N runs so many compilers (default: as many as processors). Without libevtx, and so without the second reader: --version says so.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
out=$top/build/windows
prefix=$out/prefix
host=x86_64-w64-mingw32
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}
flags="-O2 -ffile-prefix-map=$top=."
static="-DPCRE2_STATIC -DLIBARCHIVE_STATIC -DLZMA_API_STATIC -DYAML_DECLARE_STATIC -DLIBXML_STATIC" # else headers name functions of DLLs
mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
. packaging/sources.sh
need autoconf automake make gcc libc6-dev pkg-config gcc-mingw-w64-x86-64 libz-mingw-w64-dev libtool tcl dpkg-dev

# pc MODULE VERSION LIBS...
pc() {
    printf 'Name: %s\nDescription: %s\nVersion: %s\nCflags: -I%s/include\nLibs: -L%s/lib %s\n' "$1" "$1" "$2" "$prefix" "$prefix" "${*:3}" \
        >"$prefix/lib/pkgconfig/$1.pc"
}

# upstream PACKAGE: the version that Debian's source is of.
upstream() { dpkg-parsechangelog -l "$out/src/$1/debian/changelog" -S Version | sed -e 's/^[0-9]*://' -e 's/[-+].*//'; }

# Members' names come as on Linux, UTF-8 where that is said and else as the bytes that are there, not by way of the system's code pages.
names_are_utf8() {
    sed -i '/^get_current_\(codepage\|oemcp\)(void)$/,/^}/ s/^{$/{\n\treturn (CP_UTF8);/' libarchive/archive_string.c
    [ "$(grep -c '^.return (CP_UTF8);' libarchive/archive_string.c)" -ge 2 ] || { say "libarchive's code pages aren't where they were"; exit 1; }
}

# by_configure PACKAGE LIBRARY OPTIONS...: as its own configure builds it.
by_configure() {
    local package=$1 library=$2
    shift 2
    [ -e "$prefix/lib/$library" ] && return
    fetch "$package"
    say "building $library"
    cd "$out/src/$package"
    case $package in libxml2 | libarchive) rm -f configure ;; esac # Debian patches what theirs was made from
    [ "$package" != libarchive ] || names_are_utf8
    [ -x configure ] || quiet autoreconf.log autoreconf -fi
    quiet configure.log ./configure -q --host=$host --prefix="$prefix" --disable-shared --enable-static CFLAGS="$flags" \
        CPPFLAGS="-I$prefix/include $static" LDFLAGS="-L$prefix/lib" PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig" "$@"
    quiet make.log make -s -j"$jobs"
    quiet install.log make -s install
    cd "$top"
}

# by_hand LIBRARY DIRECTORY "FLAGS" FILES...: each file compiled, all in one library.
by_hand() {
    local library=$1 directory=$2 more=$3 f
    shift 3
    say "building $library"
    cd "$directory"
    rm -rf objects && mkdir objects
    for f in "$@"; do
        # shellcheck disable=SC2086
        $host-gcc $flags -w $more -c "$f" -o "objects/$(echo "${f%.c}" | tr / _).o"
    done
    $host-ar rcD "$prefix/lib/$library" objects/*.o
    cd "$top"
}

bzip2() {
    [ -e "$prefix/lib/libbz2.a" ] && return
    fetch bzip2
    by_hand libbz2.a "$out/src/bzip2" "" blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c bzlib.c
    cp "$out/src/bzip2/bzlib.h" "$prefix/include/"
}

zstd() {
    [ -e "$prefix/lib/libzstd.a" ] && return
    fetch libzstd
    # shellcheck disable=SC2046
    by_hand libzstd.a "$out/src/libzstd/lib" "-I. -DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0" \
        $(cd "$out/src/libzstd/lib" && ls common/*.c compress/*.c decompress/*.c)
    cp "$out/src/libzstd/lib/zstd.h" "$out/src/libzstd/lib/zstd_errors.h" "$prefix/include/"
    pc libzstd "$(upstream libzstd)" -lzstd
}

lz4() {
    [ -e "$prefix/lib/liblz4.a" ] && return
    fetch lz4
    by_hand liblz4.a "$out/src/lz4/lib" "-I. -DXXH_NAMESPACE=LZ4_" lz4.c lz4hc.c lz4frame.c xxhash.c
    cp "$out/src/lz4/lib/"lz4*.h "$prefix/include/"
    pc liblz4 "$(upstream lz4)" -llz4
}

deflate() {
    [ -e "$prefix/lib/libdeflate.a" ] && return
    fetch libdeflate
    # shellcheck disable=SC2046
    by_hand libdeflate.a "$out/src/libdeflate" "-I." $(cd "$out/src/libdeflate" && ls lib/*.c lib/x86/*.c)
    cp "$out/src/libdeflate/libdeflate.h" "$prefix/include/"
    pc libdeflate "$(sed -n 's/.*LIBDEFLATE_VERSION_STRING.*"\(.*\)"/\1/p' "$prefix/include/libdeflate.h")" -ldeflate
}

xxhash() {
    [ -e "$prefix/lib/libxxhash.a" ] && return
    fetch xxhash
    by_hand libxxhash.a "$out/src/xxhash" "" xxhash.c
    cp "$out/src/xxhash/xxhash.h" "$prefix/include/"
    pc libxxhash "$(upstream xxhash)" -lxxhash
}

sqlite() {
    [ -e "$prefix/lib/libsqlite3.a" ] && return
    fetch sqlite3
    cd "$out/src/sqlite3"
    [ -e sqlite3.c ] || { quiet configure.log ./configure -q --disable-tcl && quiet make.log make -s sqlite3.c; }
    by_hand libsqlite3.a "$out/src/sqlite3" "-DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_OMIT_LOAD_EXTENSION" sqlite3.c
    cp "$out/src/sqlite3/sqlite3.h" "$prefix/include/"
    pc sqlite3 "$(cat "$out/src/sqlite3/VERSION")" -lsqlite3
}

xlsxwriter() {
    [ -e "$prefix/lib/libxlsxwriter.a" ] && return
    fetch libxlsxwriter
    fetch zlib
    mkdir -p "$prefix/include/minizip"
    cp "$out/src/zlib/contrib/minizip/"*.h "$prefix/include/minizip/"
    by_hand libminizip.a "$out/src/zlib/contrib/minizip" "-I$prefix/include" ioapi.c zip.c
    pc minizip "$(upstream zlib)" -lminizip -lz
    # shellcheck disable=SC2046
    by_hand libxlsxwriter.a "$out/src/libxlsxwriter" "-Iinclude -I$prefix/include -DUSE_SYSTEM_MINIZIP" \
        $(cd "$out/src/libxlsxwriter" && ls src/*.c third_party/md5/md5.c third_party/tmpfileplus/tmpfileplus.c)
    cp -r "$out/src/libxlsxwriter/include/"* "$prefix/include/"
    pc xlsxwriter "$(sed -n 's/.*LXW_VERSION "\(.*\)"/\1/p' "$prefix/include/xlsxwriter.h")" -lxlsxwriter -lminizip -lz
}

libraries() {
    cp /usr/$host/lib/libz.a "$prefix/lib/"
    cp /usr/$host/include/z*.h "$prefix/include/"
    pc zlib "$(sed -n 's/#define ZLIB_VERSION "\(.*\)"/\1/p' "$prefix/include/zlib.h")" -lz
    bzip2
    zstd
    lz4
    deflate
    xxhash
    by_configure pcre2 libpcre2-8.a --enable-jit
    by_configure libyaml libyaml.a
    by_configure libxml2 libxml2.a --without-icu --without-lzma --without-zlib --without-python --without-http --without-ftp --without-iconv \
        --without-modules --without-catalog --without-debug --without-docbook
    by_configure xz-utils liblzma.a --disable-xz --disable-xzdec --disable-lzmadec --disable-lzmainfo --disable-scripts --disable-doc --disable-nls
    by_configure libarchive libarchive.a --disable-bsdtar --disable-bsdcpio --disable-bsdcat --without-xml2 --without-expat --without-openssl \
        --without-nettle --without-mbedtls --without-libb2 --disable-acl --disable-xattr
    sqlite
    xlsxwriter
}

program() {
    say "building shelltree.exe"
    [ -x configure ] || autoreconf -fi
    mkdir -p "$out/build" && cd "$out/build"
    [ -e Makefile ] || "$top/configure" -q --host=$host --prefix=/usr --enable-static-program --enable-werror --without-libevtx PKG_CONFIG=pkg-config \
        PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig" CFLAGS="-O2 -g -ffile-prefix-map=$top=." CPPFLAGS="-I$prefix/include $static" LDFLAGS="-L$prefix/lib"
    make -s -j"$jobs" shelltree.exe
    $host-strip -o "$out/shelltree.exe" shelltree.exe
    cd "$top"
}

libraries
[ "${1:-}" = libraries ] || {
    program
    say "build/windows/shelltree.exe: $(stat -c %s "$out/shelltree.exe") bytes"
}
