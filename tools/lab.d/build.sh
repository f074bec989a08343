# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what it uses and does not set is of tools/lab
#
# How tools/lab makes what its machines need, and keeps it.

# virtccw is built for each clone apart; kernel and userland serve them all.
cross=$lab/$(basename "$work")
# Name of a part -> the folder that has it.
declare -A made

# part NAME INPUT... -- COMMAND...: makes $lab/NAME, a link to a folder for these inputs, unless
# there is one: what another clone uses with other inputs stays as it is, for a day at least.
# INPUT is a file, or a text. COMMAND gets the folder as its last argument.
part() {
    local name=$1 inputs folder

    shift
    inputs=$(while [[ $1 != -- ]]; do
        if [[ -f $1 ]]; then cat "$1"; else echo "$1"; fi
        shift
    done | sha256sum | cut -c1-12)
    while [[ $1 != -- ]]; do shift; done
    shift
    folder=$lab/$name.$inputs
    [[ -d $folder ]] || make_part "$name" "$folder" "$@"
    touch "$folder"
    [[ -L $lab/$name ]] || rm -rf "${lab:?}/$name"
    ln -sfnT "$folder" "$lab/$name"
    find "$lab" -mindepth 1 -maxdepth 1 -name "$name.????????????" -mtime +0 -exec rm -rf {} +
}

# make_part NAME FOLDER COMMAND...
make_part() {
    local name=$1 folder=$2 begin=$SECONDS TIMEFORMAT='%0U + %0S' used

    shift 2
    say "Making $name ..."
    rm -rf "$lab/$name.new"
    mkdir "$lab/$name.new"
    if ! { time nice -n 10 "$@" "$lab/$name.new" >"$lab/$name.log" 2>&1; } 2>"$lab/$name.time"; then
        tail -n 20 "$lab/$name.log" >&2
        die "cannot make '$name'; the whole log is $lab/$name.log"
    fi
    mv -T "$lab/$name.new" "$folder"
    used=$(($(<"$lab/$name.time")))
    say "Made $name in $((SECONDS - begin)) s, $used s of a processor's time."
}

# The folder of a part: the link may lead to another one soon. As an input of others its name
# tells what it was made of.
real() {
    realpath -e "$lab/$1"
}

version_of() {
    dpkg-query -W -f='${Package} ${Version}\n' "$@"
}

build_kernel() {
    part kernel "$parts/kernel" "$parts/kernel.fragment" \
        "$(version_of linux-source-6.1 gcc-s390x-linux-gnu)" \
        -- "$parts/kernel" "$parts/kernel.fragment"
}

build_userland() {
    part userland "$parts/userland" "$parts/userland.packages" \
        -- "$parts/userland" "$parts/userland.packages"
}

# What the disks of both machines are made of.
root_inputs=("$parts/root" "$parts/guest.sh" "$parts/lab.service")

build_disk() {
    part disk "$parts/disk" "$parts/init" "${root_inputs[@]}" "$(real kernel)" \
        "$(real userland)" -- "$parts/disk" "$(real userland)" "$(real kernel)"
}

build_parts() {
    local kernel failed=0

    # One needs processors, the other one mostly the network. What is made is kept when the
    # other one fails.
    build_kernel &
    kernel=$!
    (build_userland) || failed=1
    wait "$kernel" || failed=1
    ((failed == 0)) || exit 1
    build_disk
    build_dasd_disk
    [[ $second == no ]] || part second "$parts/second" "$(real kernel)" \
        -- "$parts/second" "$(real kernel)"
}

build_virtccw() {
    mkdir -p "$cross"
    if ! "$parts/cross" "${made[userland]}" "$cross/build" "$cross/stage" >"$cross/log" 2>&1; then
        tail -n 30 "$cross/log" >&2
        die "virtccw does not build for s390x; the whole log is $cross/log"
    fi
}

# Not in $lab, which "clean" removes.
lock() {
    mkdir -p "$lab"
    exec {lock}>"$lab.lock"
    flock --nonblock "$lock" || {
        say "Waiting for another tools/lab to end what it makes ..." >&2
        flock "$lock"
    }
}

# One at a time: two clones share the kernel and the userland. It ends with "unlock", when what
# was built for this clone has been copied.
build() {
    local name

    "$source/tools/packages" install build lab
    lock
    build_parts
    for name in kernel userland disk dasd-disk second; do
        [[ ! -e $lab/$name ]] || made[$name]=$(real "$name")
    done
    build_virtccw
}

unlock() {
    exec {lock}>&-
}

clean() {
    lock
    rm -rf "$lab"
}
