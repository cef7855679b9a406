# shellcheck shell=bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/roots.sh - roots of other releases and architectures, made by mmdebstrap: for the tests beside it, which source it with $top
# (the clone) and $suite set, and with skip().

export LC_ALL=C.UTF-8
say() { printf '%s\n' "$*"; }

if [ "$(id -u)" = 0 ]; then as_root() { "$@"; }; else as_root() { sudo -n "$@"; }; fi

# The mirror that apt has for Debian here; none on another distribution: mmdebstrap knows one.
mirror() { apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null | awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'; }

proxies() { apt-config dump Acquire::http::Proxy Acquire::https::Proxy 2>/dev/null | sed 's/^/--aptopt=/'; }

# make_root ARCH DIR PACKAGES: unless it stands already, made with the same.
make_root() {
    local arch=$1 dir=$2 want opts=() line m
    want="$suite $arch $3"
    [ "$(cat "$dir.is" 2>/dev/null)" = "$want" ] && [ -x "$dir/bin/sh" ] && return 0
    while IFS= read -r line; do [ -n "$line" ] && opts+=("$line"); done < <(proxies)
    m=$(mirror)
    say "making a root of $suite for $arch in ${dir#"$top"/}"
    as_root rm -rf "$dir"
    rm -f "$dir.is"
    as_root mmdebstrap --mode=root --verbose --variant=minbase --arch="$arch" ${3:+--include="$3"} \
        ${opts[@]+"${opts[@]}"} "$suite" "$dir" ${m:+"$m"} >"$dir.log" 2>&1 </dev/null || {
        grep -E "^(Err|E:)" "$dir.log" | head -n 5
        as_root rm -rf "$dir"
        return 1
    }
    echo "$want" >"$dir.is"
}

# inside DIR COMMAND: runs it in the root, with /proc and /dev, as no one of the system outside.
inside() {
    as_root unshare --mount --pid --fork sh -c '
        root=$1
        mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 125
        exec chroot "$root" env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC \
            CCACHE_DIR=/var/cache/ccache ELSEWHERE=1 sh -c "$2"' inside "$1" "$2" </dev/null
}

# The sources as they are in the work tree, with their times, so that what didn't change isn't built again: in DIR/src.
copy_sources() {
    as_root rm -rf "$1/src.new" && as_root mkdir -p "$1/src.new" "$1/build" || return 1
    { git -c safe.directory="$top" ls-files -z --cached --others --exclude-standard 2>/dev/null ||
        find . -path ./build -prune -o -type f -print0; } |
        while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
        tar --null -T - -cf - | as_root tar -xf - --no-same-owner -C "$1/src.new" || return 1
    as_root rm -rf "$1/src" && as_root mv "$1/src.new" "$1/src"
}

# What a root needs here; else the test is skipped.
can_make_roots() {
    command -v mmdebstrap >/dev/null || skip "no mmdebstrap here (apt install mmdebstrap)"
    as_root true 2>/dev/null || skip "neither root nor sudo without a password"
    mkdir -p build/roots
}
