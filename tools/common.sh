# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034 # who sources it uses what it sets
#
# What tools/try, tools/check and tools/lab share. Sets $source, the clone; $cache, the user's
# folder for all that is kept outside of it; and $work, a folder in there for this clone alone.

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/virtccw
work=$cache/$(sha256sum <<<"$source" | cut -c1-12)

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Where apt takes Debian's packages from; not other packages', and not a list of mirrors.
debian_server() {
    local server

    # shellcheck disable=SC2016 # apt's own variable
    server=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
        grep -E '^https?://.*/debian/$' | head -n 1) || true
    say "${server:-http://deb.debian.org/debian/}"
}

# configure FOLDER [OPTION...]: makes a build folder, or brings an old one to these options.
configure() {
    local folder=$1

    shift
    if [[ -f $folder/build.ninja ]] && meson configure "$folder" "$@" >/dev/null 2>&1; then
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    meson setup "$folder" "$source" "$@"
}

# Why this machine cannot run the simulator, or nothing. Root needs no user namespace.
why_no_simulator() {
    local namespaces=(--net --mount)

    ((EUID == 0)) || namespaces+=(--user --map-root-user)
    if [[ ! -e /dev/fuse ]]; then
        say "there is no /dev/fuse here (modprobe fuse; in a container: --device /dev/fuse)"
    elif [[ ! -w /dev/fuse ]]; then
        say "/dev/fuse cannot be opened by $(id -un 2>/dev/null || id -u)"
    elif ! unshare "${namespaces[@]}" true 2>/dev/null; then
        say "namespaces are not allowed here (unshare ${namespaces[*]} fails)"
    fi
}
