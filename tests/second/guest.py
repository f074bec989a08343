# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest of the lab's machine: QEMU of /mnt/second, the lab's kernel, busybox."""

import os
import shutil
import subprocess
import time

SECOND = '/mnt/second'
HERE = os.path.dirname(os.path.abspath(__file__))
# QEMU emulates a processor inside of an emulated one: everything takes its time.
PATIENCE = 1200


def make_initrd(folder):
    """busybox and init. Returns: the path."""
    tree = os.path.join(folder, 'tree')
    for name in ('bin', 'proc', 'sys', 'dev'):
        os.makedirs(os.path.join(tree, name))
    shutil.copy(shutil.which('busybox'), os.path.join(tree, 'bin/busybox'))
    shutil.copy(os.path.join(HERE, 'init'), os.path.join(tree, 'init'))
    os.chmod(os.path.join(tree, 'init'), 0o755)
    path = os.path.join(folder, 'initrd')
    with open(path, 'wb') as file:
        subprocess.run('find . | busybox cpio -o -H newc', shell=True, cwd=tree, stdout=file,
                       stderr=subprocess.DEVNULL, check=True)
    return path


class Guest:
    """A guest that has a mediated device as 0.0.1234, from its start to its end."""

    def __init__(self, folder, uuid):
        self.console_path = os.path.join(folder, 'console')
        self.log_path = os.path.join(folder, 'qemu.log')
        argv = ['qemu-system-s390x', '-M', 's390-ccw-virtio', '-accel', 'tcg,tb-size=128',
                '-m', '256', '-nodefaults', '-display', 'none', '-no-reboot',
                '-kernel', f'{SECOND}/kernel', '-initrd', make_initrd(folder),
                '-append', 'console=ttysclp0 panic=-1',
                '-serial', f'file:{self.console_path}',
                '-device', f'vfio-ccw,devno=fe.0.1234,sysfsdev=/sys/bus/mdev/devices/{uuid}']
        with open(self.log_path, 'wb') as log, open(self.console_path, 'wb'):
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def console(self):
        with open(self.console_path, encoding='utf-8', errors='replace') as file:
            return file.read().replace('\r', '')

    def _said(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as file:
            return f'QEMU: {file.read()}\nconsole: {self.console()[-4000:]}'

    def wait_end(self):
        """Waits until the guest has switched itself off."""
        deadline = time.monotonic() + PATIENCE
        while 'The guest ends.' not in self.console():
            assert self.process.poll() is None, f'QEMU ended. {self._said()}'
            assert time.monotonic() < deadline, f'the guest did not come to its end. {self._said()}'
            time.sleep(0.2)
        assert self.process.wait(PATIENCE) == 0, self._said()
