# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what it uses and does not set is of tools/lab
#
# The DASD machine, for tools/lab: what is kept for it, and how a command runs on it.

build_dasd_disk() {
    part dasd-disk "$parts/dasd-disk" "$parts/dasd-init" "$parts/dasd-ckd" "$parts/dasd-no-jit.c" \
        "${root_inputs[@]}" "$(real userland)" "$(real kernel)" \
        -- "$parts/dasd-disk" "$(real userland)" "$(real kernel)"
}

# pack_for_dasd RUN COMMAND...: what the guest is to get.
pack_for_dasd() {
    local run=$1

    shift
    mkdir "$run/lab"
    command_line "$@" >"$run/lab/command"
    cp -r "$cross/stage" "$run/lab/stage"
    mkdir "$run/lab/source"
    # Folders of builds would be too much for the machine.
    tar -C "$source" --exclude=./.git --exclude-tag-all=build.ninja -c . |
        tar -C "$run/lab/source" -x
    [[ $init != systemd ]] || touch "$run/lab/systemd"
    [[ $daemon == no ]] || touch "$run/lab/daemon"
    if [[ -n $disk ]]; then
        touch "$run/lab/keep"
        if [[ -e $disk ]]; then
            tar -C "$run" -xf "$disk"
            mv "$run/state" "$run/lab/state"
        fi
    fi
    tar -C "$run/lab" --format=gnu --owner=root:0 --group=root:0 -cf "$run/in" .
}

# keep_dasds RUN: what the next boot with the same --disk begins with.
keep_dasds() {
    local run=$1

    mv "$run/got/state" "$run/state"
    (cd "$run" && tar -cf "$disk.new" state ./*.cckd)
    mv "$disk.new" "$disk"
}

# boot_dasd RUN: 125 is ours, as that of timeout and the like.
boot_dasd() {
    local run=$1 status=0

    "$parts/dasd-machine" "${made[kernel]}/image" "${made[dasd-disk]}/image" "$run" "$limit" ||
        status=$?
    if ((status == 124 || status == 137)); then
        too_long "$run/console"
        return
    elif ((status)) || ! { mkdir "$run/got" && tar -C "$run/got" -xf "$run/back" &&
        (cd "$run/got" && sha256sum --quiet -c sums); } 2>"$run/error"; then
        cat "$run/dasdinit.log" "$run/error" >&2 2>/dev/null || true
        ended_early "$run/console"
        return
    fi
    [[ -z $disk ]] || keep_dasds "$run"
    hand_over "$run/got/results"
    cat "$run/got/err" >&2
    cat "$run/got/out"
    return "$(<"$run/got/status")"
}

run_dasd() {
    local run

    [[ $second == no ]] || die "--second is for the QEMU machine only"
    [[ -z $disk ]] || disk=$(realpath "$disk")
    build >&2
    make_run
    pack_for_dasd "$run" "$@"
    unlock
    boot_dasd "$run"
}
