# shellcheck shell=bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# packaging/sources.sh - Debian's source packages, fetched into $out/src: for the scripts beside it, which source it.
# $out is the folder of the build; apt's lists and its cache are kept there.
logs=$out
. packaging/packages.sh

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*"; }

# quiet LOG COMMAND...: its output goes into LOG, whose end is shown where it fails.
quiet() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 || { tail "$log"; say "failed: $*; $log says more"; exit 1; }
}

# What a script needs, installed where it is missing (dpkg tells); elsewhere its first command that is missing says so.
need() {
    ! command -v dpkg-query >/dev/null || install_packages "$@" || exit 1
}

suite() { . /etc/os-release && echo "$VERSION_CODENAME"; }
mirror() { apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'; }

private_apt() {
    apt-get -qq -o Dir::Etc::SourceList="$out/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$out/apt/lists" -o Dir::Cache="$out/apt/cache" -o APT::Sandbox::User= "$@"
}

# apt with lists of its own that has this release's source packages.
prepare_sources() {
    local uri
    mkdir -p "$out/apt/lists/partial" "$out/apt/cache/archives/partial" "$out/src"
    [ -e "$out/apt/updated" ] && return
    uri=$(mirror)
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri:-http://deb.debian.org/debian} $(suite) main" >"$out/apt/sources.list"
    private_apt update
    touch "$out/apt/updated"
}

# fetch PACKAGE: its source, unpacked and patched, in src/PACKAGE.
fetch() {
    [ -d "$out/src/$1" ] && return
    say "fetching the source of $1"
    prepare_sources
    (cd "$out/src" && quiet "$1.log" private_apt source "$1") || exit 1
    mv "$out/src/$1"-[0-9]*/ "$out/src/$1"
}
