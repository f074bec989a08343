# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock libvirtd on the same simulated host, on sockets of its own.

With VIRTCCW_MODULAR=FOLDER it is virtqemud and virtnodedevd, which the folder holds, and
virtnetworkd, virtsecretd and virtstoraged, if they are there, where virtqemud looks for them.
"""

import os
import shutil
import subprocess

from hostlib import SOCKETS, Virsh, read_file, wait_for, write_file

FOLDER = '/run/stock'
MODULAR = os.environ.get('VIRTCCW_MODULAR')
OTHERS = ['virtnetworkd', 'virtsecretd', 'virtstoraged']
SOCKET, NODEDEV_SOCKET = [f'{FOLDER}/virtqemud-sock', f'{FOLDER}/virtnodedevd-sock'] if MODULAR \
    else [f'{FOLDER}/libvirt-sock'] * 2
URI = f'nodedev:///system?socket={NODEDEV_SOCKET}'

CONFIG = f'''unix_sock_dir = "{FOLDER}"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
'''


def available():
    return shutil.which('libvirtd') is not None


def _add_user():
    """libvirtd's QEMU driver, which comes with it, wants this user to exist."""
    for path, line in (('/etc/passwd', 'libvirt-qemu:x:0:0::/:/bin/false\n'),
                       ('/etc/group', 'libvirt-qemu:x:0:\n')):
        text = read_file(path)
        if 'libvirt-qemu:' not in text:
            write_file(path, text + line)


class Stock:
    """libvirtd, started anew."""

    def __init__(self, folder):
        self.log_path = os.path.join(folder, 'libvirtd.log')
        self.virsh = Virsh(URI)
        self.process = None  # the one with the QEMU driver
        self.others = []
        self.config = CONFIG
        self.env = {}

    def __enter__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        write_file(f'{FOLDER}/libvirtd.conf', self.config)
        _add_user()
        self.start_again()
        return self

    def _start(self, name, config='libvirtd.conf'):
        # Its own modules are where they are installed.
        env = {name: value for name, value in os.environ.items() if name != 'LIBVIRT_DRIVER_DIR'}
        with open(self.log_path, 'ab') as log:
            return subprocess.Popen(
                [os.path.join(MODULAR or '', name), '-f', f'{FOLDER}/{config}', '-p',
                 f'{FOLDER}/{name}.pid'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**env, 'SYSTEMD_DEVICE_VERIFY_SYSFS': '0', **self.env})

    def start_again(self):
        """After it was killed."""
        if MODULAR and not self.others:
            write_file(f'{FOLDER}/others.conf', CONFIG.replace(FOLDER, SOCKETS))
            self.others = [self._start('virtnodedevd')]
            self.others += [self._start(name, 'others.conf') for name in OTHERS
                            if os.path.exists(f'{MODULAR}/{name}')]
        self.process = self._start('virtqemud' if MODULAR else 'libvirtd')
        wait_for(self._answers, 'stock libvirtd answers', 30)

    def _answers(self):
        assert self.process.poll() is None, read_file(self.log_path)
        return os.path.exists(SOCKET) and os.path.exists(NODEDEV_SOCKET) and \
            self.virsh('nodedev-list').rc == 0

    def __exit__(self, *_):
        for process in (self.process, *self.others):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.others = []
