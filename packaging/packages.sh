# shellcheck shell=bash
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# packaging/packages.sh - Debian's packages, installed where they are missing: for quickstart and the scripts here, which source it.
# $logs is the folder that apt's words go into. Whoever sources it has say().

missing_packages() {
    local p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

apt_install() {
    as_root apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# The package lists are fetched only when the ones at hand don't do.
install_packages() {
    local want
    want=$(missing_packages "$@")
    [ -n "$want" ] || return 0
    say "installing: $want"
    # shellcheck disable=SC2086
    apt_install $want >>"$logs/packages.log" 2>&1 ||
        { as_root apt-get update -qq >>"$logs/packages.log" 2>&1 &&
            apt_install $want >>"$logs/packages.log" 2>&1; } ||
        { tail -n 20 "$logs/packages.log"
          say "could not install: $want"
          say "install them by hand (as root: apt-get install $want) and run this again"
          return 1; }
}
