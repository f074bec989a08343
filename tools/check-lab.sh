# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what it uses and does not set is of tools/check
#
# The stages of tools/check that need the lab's machines (tools/lab).

# The parts of the stage "lab", in two rows that run side by side, and what "lab_more" has beyond;
# LAB_PARTS names those to run instead, of both. "qemu-NAME" and "dasd-NAME" are the end-to-end
# tests of tests/e2e/test_NAME.py on that machine; each file has a machine of its own, so that one
# that hangs takes only one along. docs/lab.md tells why these.
lab_rows=(
    'unit qemu-kernel qemu-pulled_out qemu-procedure qemu-mdevctl qemu-virsh qemu-events'
    'run dasd dasd-procedure dasd-kernel guest shell reboot'
)
lab_more_rows=(
    'module qemu-bindings qemu-daemon qemu-hostile_host qemu-hostile_clients qemu-read_only
        qemu-bad_input'
    'handover-dasd handover-qemu dasd-mdevctl dasd-events dasd-virsh'
)

lab_as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

can_install() {
    apt-get install -s --no-install-recommends "$@" >/dev/null 2>&1
}

mirror_answers() {
    local server

    server=$(debian_server)
    [[ -n $server ]] && timeout 60 /usr/lib/apt/apt-helper download-file \
        "${server}dists/bookworm/InRelease" "$check/InRelease" >/dev/null 2>&1
}

# Why this machine cannot make the lab or run its machines, or nothing.
why_no_lab() {
    local missing

    if ! command -v dpkg-query >/dev/null; then
        say "the lab is made of Debian's packages, and this is another system"
        return
    fi
    mapfile -t missing < <("$source/tools/packages" missing build lab)
    if ((${#missing[@]} && EUID != 0)) && ! sudo -n true 2>/dev/null; then
        say "packages are missing, and only root can install them: ${missing[*]}"
    elif ((${#missing[@]})) && ! can_install "${missing[@]}" &&
        ! { lab_as_root apt-get update -q >/dev/null 2>&1 && can_install "${missing[@]}"; }; then
        say "apt-get cannot install all of these here (Debian 12 has them): ${missing[*]}"
    elif ((EUID != 0)) && ! unshare --user --map-root-user true 2>/dev/null; then
        say "user namespaces are not allowed here (unshare --user --map-root-user fails)"
    elif (($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) < 5 << 20)); then
        say "its machines need 5 GB of memory, and less is free"
    elif [[ ! -d $cache/lab/kernel ]] && (($(df --output=avail -k "$check" | tail -n 1) < 6 << 20)); then
        say "it needs 6 GB below $check, and less is free"
    elif [[ ! -d $cache/lab/userland ]] && ! mirror_answers; then
        say "the server that apt takes packages from does not answer"
    fi
}

# Making it takes minutes the first time; the stages before the lab's leave processors idle.
lab_reason=
lab_results=$check/lab
begin_lab() {
    rm -rf "$lab_results"
    lab_reason=$(why_no_lab)
    [[ -z $lab_reason ]] || return 0
    step lab-packages "$source/tools/packages" install build lab || return 0
    # No job of this shell: others wait for all of them.
    (nice -n 19 "$source/tools/lab" build >"$check/log/lab-begun" 2>&1 &)
}

# need_lab NAME: 1 if there is none; NAME is then skipped, or has failed.
lab_made=
need_lab() {
    if [[ -n $lab_reason ]]; then
        skip "$1" "$lab_reason"
        return 1
    fi
    if [[ -z $lab_made ]]; then
        lab_made=failed
        # Waits for the one in the background, and finds little to do then.
        step lab-build "$source/tools/lab" build && lab_made=ok
    fi
    [[ $lab_made == ok ]]
}

# take FILE NAME: a file of results, for tools/check-summary; 1 if there is none.
take() {
    [[ -s $1 ]] && cp "$1" "$results/$2"
}

# lab_try LOG OUT COMMAND...
lab_try() {
    local log=$1 out=$2 status=0

    shift 2
    "$@" >"$out" 2>"$log" || status=$?
    cat "$out" >>"$log"
    return "$status"
}

# lab_tests NAME COMMAND...: a command whose results are in $lab_results/NAME, or its TAP output.
# When the machine died below it, which the kernels do now and then on their emulated processors
# (docs/lab.md), it runs once more, and is told of as a result of its own.
lab_tests() {
    local name=lab-$1 folder=$lab_results/$1 log=$check/log/lab-$1 begin=$SECONDS status=0 word=ok

    shift
    mkdir -p "$folder"
    lab_try "$log" "$folder/out" "$@" || status=$?
    if ((status)) && grep -qF 'lab: the machine ended before' "$log"; then
        mv "$log" "$log.first"
        word="ok, but the first machine died, see $log.first"
        skip "$name-first" "its machine died: $(grep -m 1 -oE 'Kernel panic.*|Oops.*' \
            "$log.first" || tail -n 1 "$log.first")"
        status=0
        lab_try "$log" "$folder/out" "$@" || status=$?
    fi
    ((status == 0)) || word="FAILED, see $log"
    told "$name" "$word" "$begin"
    # An end that no result explains is a failure, too.
    if take "$folder/pytest.xml" "$name.xml"; then
        ((status == 0)) || grep -qE '<(failure|error)' "$folder/pytest.xml" ||
            record "$name-end" failed "exit status $status" "$log"
    elif take "$folder/unit.tap" "$name.tap" ||
        { grep -q '^1\.\.' "$folder/out" && take "$folder/out" "$name.tap"; }; then
        ((status == 0)) || grep -q '^not ok' "$results/$name.tap" ||
            record "$name-end" failed "exit status $status" "$log"
    else
        record "$name" failed "exit status $status, and no results" "$log"
    fi
}

lab_run() {
    local name=$1

    shift
    lab_tests "$name" "$source/tools/lab" run --no-daemon --results "$lab_results/$name" "$@"
}

lab_part() {
    local part=$1 options=(--timeout 1200)

    case $part in
    unit) lab_run unit --timeout 1800 -- /mnt/source/tools/lab.d/unit ;;
    module)
        lab_run module "${options[@]}" -- env VIRTCCW_FACE=module \
            /mnt/source/tools/lab.d/e2e tests/e2e/test_procedure.py tests/e2e/test_module.py
        ;;
    guest)
        need_release &&
            step lab-guest env VIRTCCW_BUILD="$check/release" "$source/tests/lab/guest"
        ;;
    handover-*) lab_tests "$part" "$source/tests/lab/handover" "${part#*-}" ;;
    dasd | reboot | run | shell) lab_tests "$part" "$source/tests/lab/$part" ;;
    qemu-* | dasd-*)
        [[ $part == qemu-* ]] || options=(--machine dasd --timeout 1800)
        lab_run "$part" "${options[@]}" -- \
            /mnt/source/tools/lab.d/e2e "tests/e2e/test_${part#*-}.py"
        ;;
    esac
}

lab_row() {
    local part

    for part; do
        [[ -z ${LAB_PARTS:-} || " $LAB_PARTS " == *" $part "* ]] || continue
        lab_part "$part" || true
    done
}

check_lab_parts() {
    local part

    for part in ${LAB_PARTS:-}; do
        [[ " ${lab_rows[*]} ${lab_more_rows[*]} " == *[[:space:]]"$part"[[:space:]]* ]] ||
            die "LAB_PARTS has '$part'; there is: $(xargs <<<"${lab_rows[*]} ${lab_more_rows[*]}")"
    done
}

# lab_stage NAME ROW...
lab_stage() {
    local name=$1 row

    shift
    need_lab "$name" || return 0
    for row; do
        # shellcheck disable=SC2086 # names without anything special
        lab_row $row &
    done
    wait
}

stage_lab() {
    if [[ -n ${LAB_PARTS:-} ]]; then
        lab_stage lab "${lab_rows[@]}" "${lab_more_rows[@]}"
    else
        lab_stage lab "${lab_rows[@]}"
    fi
}

stage_lab_more() {
    [[ -n ${LAB_PARTS:-} ]] || lab_stage lab_more "${lab_more_rows[@]}"
}

# What its tests print is kept: the guest's own words.
stage_second() {
    need_lab second || return 0
    lab_tests second env VIRTCCW_RESULTS="$lab_results/second" "$source/tests/lab/second"
    grep -h cutype "$check/log/lab-second"
}
