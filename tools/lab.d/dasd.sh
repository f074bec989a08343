# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what it uses and does not set is of tools/lab
#
# The DASD machine, for tools/lab: what is kept for it, and how a command runs on it.

build_dasd_parts() {
    part dasd-kernel "$parts/kernel" "$parts/dasd-kernel.fragment" \
        "$(version_of linux-source-6.1 gcc-s390x-linux-gnu)" \
        -- "$parts/kernel" "$parts/dasd-kernel.fragment"
    part dasd-disk "$parts/dasd-disk" "$parts/dasd-init" "$parts/dasd-ckd" "$parts/dasd-no-jit.c" \
        "$(<"$lab/userland/.inputs")" "$(<"$lab/dasd-kernel/.inputs")" \
        -- "$parts/dasd-disk" "$lab/userland" "$lab/dasd-kernel"
}

# pack_for_dasd RUN COMMAND...: what the guest is to get.
pack_for_dasd() {
    local run=$1

    shift
    mkdir "$run/lab"
    command_line "$@" >"$run/lab/command"
    cp -r "$cross/stage" "$run/lab/stage"
    mkdir "$run/lab/source"
    tar -C "$source" --exclude=./.git -c . | tar -C "$run/lab/source" -x
    tar -C "$run/lab" --format=gnu --owner=root:0 --group=root:0 \
        -cf "$run/in" command stage source
}

# boot_dasd RUN: 125 is ours, as that of timeout and the like.
boot_dasd() {
    local run=$1 status=0

    "$parts/dasd-machine" "$lab/dasd-kernel/image" "$lab/dasd-disk/image" "$run" "$limit" ||
        status=$?
    if ((status)) || ! { mkdir "$run/got" && tar -C "$run/got" -xf "$run/back" &&
        (cd "$run/got" && sha256sum --quiet -c sums); } 2>"$run/error"; then
        tail -n 40 "$run/console" >&2
        ((status != 124 && status != 137)) ||
            die "the machine was still running after $limit s"
        say "lab: the machine ended before the command did" >&2
        return 125
    fi
    cat "$run/got/err" >&2
    cat "$run/got/out"
    return "$(<"$run/got/status")"
}

run_dasd() {
    local run

    [[ -z $disk && $init == script ]] ||
        die "--disk and --systemd are for the QEMU machine only"
    build >&2
    run=$(mktemp -d "${TMPDIR:-/tmp}/virtccw-lab.XXXXXX")
    # shellcheck disable=SC2064 # now, not then
    trap "rm -rf '$run'" EXIT
    pack_for_dasd "$run" "$@"
    boot_dasd "$run"
}
