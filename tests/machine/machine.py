# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Debian of its own, with systemd as its first process and virtccw installed.

It is a folder that tests/e2e/make-clients has made, below a layer in memory that takes what is
changed; its processes have namespaces of their own.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import time

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get('VIRTCCW_BUILD', str(SOURCE / 'build'))
CACHE = os.environ.get('VIRTCCW_CACHE') or os.path.join(
    os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'virtccw')
BOOT = r'''
set -e
mount -t tmpfs -o mode=755 tmp "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2:$3,upperdir=$1/up,workdir=$1/work" "$1/root"
cd "$1/root"
mkdir -p proc sys dev run tmp
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 tmp dev
for node in null zero full random urandom tty kvm; do
    [ ! -e /dev/$node ] || { touch dev/$node; mount --bind /dev/$node dev/$node; }
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmp dev/shm
mount -t tmpfs -o mode=755 tmp run
mount -t tmpfs -o mode=1777 tmp tmp
tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
for unit in systemd-udevd.service console-getty.service getty.target; do
    ln -sf /dev/null etc/systemd/system/$unit
done
exec env -i container=virtccw PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    chroot . /lib/systemd/systemd --system --unit=multi-user.target
'''
QEMU_CONFIG = '''stdio_handler = "file"
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
'''


def cgroups():
    """Where the second version of control groups is mounted; None if it is not."""
    with open('/proc/mounts', encoding='utf-8') as file:
        for line in file:
            words = line.split()
            if words[2] == 'cgroup2':
                return words[1]
    return None


def why_not(name):
    """Why there can be no such machine here, or None."""
    if os.geteuid() != 0:
        return 'only root can boot a machine of its own'
    if not os.path.isdir(f'{CACHE}/clients/{name}'):
        return f'tests/e2e/make-clients could not make {name}'
    if cgroups() is None:
        return 'control groups of version 2 are not mounted'
    if subprocess.run(['unshare', '--mount', '--pid', '--fork', '--cgroup', '--net', 'true'],
                      check=False, capture_output=True).returncode:
        return 'namespaces are not allowed here'
    return None


class Machine:
    """Runs from the beginning of a "with" to its end."""

    def __init__(self, name, folder):
        reason = why_not(name)
        if reason:
            pytest.skip(reason)
        self.lower = f'{CACHE}/clients/{name}'
        self.folder = str(folder)
        self.installed = f'{folder}/installed'
        self.cgroup = f'{cgroups()}/virtccw-machine-{os.getpid()}'
        self.process = None
        self.first = None

    def _install(self):
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir',
                        self.installed], check=True, capture_output=True)
        if not os.path.exists(f'{self.installed}/usr/sbin/virtccwd'):
            pytest.skip(f'{BUILD} is not configured with --prefix=/usr')
        os.makedirs(f'{self.installed}/etc/libvirt', exist_ok=True)
        with open(f'{self.installed}/etc/libvirt/qemu.conf', 'w', encoding='ascii') as file:
            file.write(QEMU_CONFIG)

    def _child(self):
        path = f'/proc/{self.process.pid}/task/{self.process.pid}/children'
        with open(path, encoding='ascii') as file:
            return file.read().split()

    def __enter__(self):
        self._install()
        os.makedirs(f'{self.folder}/machine')
        os.makedirs(self.cgroup, exist_ok=True)
        self.process = subprocess.Popen(
            ['sh', '-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', self.cgroup, 'unshare', '--mount',
             '--pid', '--fork', '--uts', '--ipc', '--net', '--cgroup', '--kill-child', 'sh', '-c',
             BOOT, 'boot', f'{self.folder}/machine', self.installed, self.lower],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait(self._child, 'it has a first process')
            self.first = self._child()[0]
            self.wait(lambda: self.run('systemctl', 'is-system-running').stdout.strip() in
                      ('running', 'degraded'), 'it has booted', 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        time.sleep(0.2)
        for group in sorted(glob.glob(f'{self.cgroup}/**/', recursive=True), reverse=True):
            for _ in range(50):
                try:
                    os.rmdir(group)
                    break
                except OSError:
                    time.sleep(0.05)
        shutil.rmtree(self.installed)

    def wait(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, 'the machine has ended'
            assert time.monotonic() < end, f'after {seconds} s still not so: {what}'
            time.sleep(0.02)

    def inside(self, *argv):
        """The command line that runs something in it."""
        return ('nsenter', '-t', self.first, '-m', '-p', '-u', '-i', '-n', '-C', '-r', '-w', *argv)

    def run(self, *argv, stdin=None):
        return subprocess.run(self.inside(*argv), input=stdin, capture_output=True, text=True,
                              timeout=120, check=False,
                              stdin=subprocess.DEVNULL if stdin is None else None)

    def ok(self, *argv, stdin=None):
        done = self.run(*argv, stdin=stdin)
        assert done.returncode == 0, f'{argv}: {done.stderr or done.stdout}'
        return done.stdout

    def write(self, path, data):
        """Writes a file in it."""
        with open(f'/proc/{self.first}/root{path}', 'wb') as file:
            file.write(data if isinstance(data, bytes) else data.encode())
