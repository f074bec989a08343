# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest has what virtccwd started, and reaches the device through the real vfio_ccw."""

from guest import Guest
from hostlib import UUID, mdev_exists, mdev_name, ok

# The 3270 terminal: a virtio device would be no device of its own for a guest.
SUBCHANNEL = '0.0.0005'
MDEV = mdev_name(subchannel=SUBCHANNEL)


def start(virsh, document):
    """As IBM's documents have it, from the driver to the started device."""
    ok('driverctl', '-b', 'css', 'set-override', SUBCHANNEL, 'vfio_ccw')
    virsh.ok('nodedev-define', document)
    virsh.ok('nodedev-start', MDEV)
    assert mdev_exists(subchannel=SUBCHANNEL)


def test_guest_sees_its_device(virsh, document, tmp_path):
    start(virsh, document)
    with Guest(tmp_path, UUID) as guest:
        guest.wait_end()
        lines = guest.console().splitlines()
    print('\n'.join(line for line in lines if '0.0.1234' in line))
    assert '0.0.1234 cutype=3270/00' in lines
    assert [line for line in lines if line.endswith('type=0 busid=0.0.1234')]
    virsh.ok('nodedev-destroy', MDEV)
    assert not mdev_exists(subchannel=SUBCHANNEL)
