# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the first processes of both machines have in common. The command's arguments, each ended
# by a NUL, are in /mnt/lab/command; what it leaves in /mnt/lab/results goes to the host.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
export VIRTCCW_LAB=1 VIRTCCW_RESULTS=/mnt/lab/results

# What systemd would mount itself, too.
mount_rest() {
    mkdir -p /dev/pts /dev/shm
    mount -t devpts devpts /dev/pts
    mount -t tmpfs tmpfs /dev/shm
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs tmpfs /tmp
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t debugfs debugfs /sys/kernel/debug
    ln -sfT /proc/self/fd /dev/fd
    ln -sf /proc/self/fd/0 /dev/stdin
    ln -sf /proc/self/fd/1 /dev/stdout
    ln -sf /proc/self/fd/2 /dev/stderr
}

# As at the boot of any system: udev learns of each device, and its rules act.
coldplug() {
    busybox syslogd -O /var/log/messages
    /usr/lib/systemd/systemd-udevd --daemon
    udevadm trigger --type=subsystems --action=add
    udevadm trigger --type=devices --action=add
    udevadm settle
}

# systemd would do it, told by driverctl's rule.
overrides() {
    local file

    for file in /etc/driverctl.d/*-*; do
        [[ -f $file ]] && driverctl load-override "${file##*/}"
    done
    udevadm settle
}

# With systemd as the first process: lab.service has it run the command.
start_systemd() {
    [[ ! -e /mnt/lab/daemon ]] || SYSTEMD_OFFLINE=1 systemctl --quiet enable \
        virtccwd.service virtccwd.socket virtccwd-ro.socket
    exec /usr/lib/systemd/systemd --unit=multi-user.target
}

# Without systemd.
start_alone() {
    mount_rest
    busybox ip link set lo up
    coldplug
    overrides
}
