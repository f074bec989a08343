# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd in front of stock libvirtd, and what a guest there needs to run."""

import contextlib
import os

import pytest

import hostlib
import sidelib
from hostlib import Virsh, write_file

FRONT = 'qemu:///system'
STOCK = f'qemu:///system?socket={sidelib.SOCKET}'
CONFIG = '''stock_qemu_socket = "{socket}"
stock_nodedev_socket = "{nodedev}"
front_qemu = 1
front_nodedev = 1
auth_unix_rw = "none"
auth_unix_ro = "none"
'''

EMULATOR = '/usr/bin/qemu-system-s390x'
QEMU_CONFIG = '''stdio_handler = "file"
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
'''
# A PSW for the start, which points to one instruction that loads another, which waits for an
# interrupt that never comes (Principles of Operation, chapter 4).
KERNEL = bytes.fromhex('0008000080000010' '0000000000000000' 'b2b2002000000000'
                       '0000000000000000' '0102000180000000' '0000000000000000')
KERNEL_FILE = '/run/front-kernel'

needs_libvirtd = pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')
# For guests that run.
needs_guests = [needs_libvirtd,
                pytest.mark.skipif(not os.path.exists(EMULATOR), reason=f'there is no {EMULATOR}')]


@contextlib.contextmanager
def running(folder):
    """virtccwd before the stock libvirtd of sidelib; it must end cleanly, and its log be free
    of faults."""
    config = os.path.join(folder, 'virtccwd.conf')
    write_file(config, CONFIG.format(socket=sidelib.SOCKET, nodedev=sidelib.NODEDEV_SOCKET))
    server = hostlib.Daemon(folder)
    server.start('--config', config)
    yield server
    try:
        server.stop()
    finally:
        server.check_log()


@contextlib.contextmanager
def stock_with_guests(folder, *names):
    """Stock libvirtd that runs guests; those with the names are gone afterwards."""
    write_file('/etc/libvirt/qemu.conf', QEMU_CONFIG)
    with open(KERNEL_FILE, 'wb') as file:
        file.write(KERNEL)
    with sidelib.Stock(folder) as stock:
        yield stock
        for name in names:
            Virsh(STOCK)('destroy', name)
            Virsh(STOCK)('undefine', name)
