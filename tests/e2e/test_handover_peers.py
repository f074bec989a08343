# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hand-overs beside the tools that a host has: each sees what the other did, and honours it."""

import os

import pytest

import sidelib
from hostlib import (CSS, LAB, MODULE, OVERRIDES, REMEMBERED, SUBCHANNEL, UUID, define_file,
                     mdev_exists, mdev_name, mdev_xml, ok, read_file, wait_for, write_file)

pytestmark = [
    pytest.mark.skipif(LAB or MODULE, reason='on the simulated host, by the daemon'),
    pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')]

MDEV = mdev_name()
CCW = 'ccw_0_0_3000'
DRIVER = f'/sys/bus/css/devices/{SUBCHANNEL}/driver'
OVERRIDE = f'{OVERRIDES}/css-{SUBCHANNEL}'
ONLINE = '/sys/bus/ccw/devices/0.0.3000/online'


def driver():
    try:
        return os.path.basename(os.readlink(DRIVER))
    except FileNotFoundError:
        return None


def is_with_host():
    return (driver() == 'io_subchannel' and read_file(ONLINE) == '1\n'
            and not os.listdir(OVERRIDES) and not os.path.exists(f'{REMEMBERED}/taken/{SUBCHANNEL}'))


@pytest.fixture
def stock(daemon, tmp_path):
    """virsh of stock libvirtd, which knows nothing of virtccw."""
    with sidelib.Stock(tmp_path) as server:
        yield server.virsh


def sees(virsh, text):
    return lambda: text in virsh.ok('nodedev-dumpxml', CSS)


class TestStockLibvirt:
    """Stock libvirtd beside virtccwd."""

    def test_sees_detached(self, stock, virsh):
        assert sees(stock, '<name>io_subchannel</name>')() and CCW in stock.names('--cap', 'ccw')
        virsh.ok('nodedev-detach', CSS)
        wait_for(sees(stock, '<name>vfio_ccw</name>'), 'stock libvirt sees the driver')
        wait_for(sees(stock, "<type id='vfio_ccw-io'>"), 'stock libvirt sees what can be made')
        wait_for(lambda: CCW not in stock.names('--cap', 'ccw'), 'stock libvirt misses the device')
        virsh.ok('nodedev-reattach', CSS)
        wait_for(sees(stock, '<name>io_subchannel</name>'), 'stock libvirt sees it given back')
        assert is_with_host()

    def test_uses_detached(self, stock, virsh, document):
        """What we gave to vfio_ccw it defines and starts on; what it started we respect."""
        virsh.ok('nodedev-detach', CSS)
        wait_for(sees(stock, "<type id='vfio_ccw-io'>"), 'stock libvirt sees it')
        stock.ok('nodedev-define', document(mdev_xml()))
        stock.ok('nodedev-start', MDEV)
        wait_for(lambda: MDEV in virsh.names('--cap', 'mdev'), 'we see what it started')
        wait_for(lambda: MDEV in stock.names('--cap', 'mdev'), 'so does stock libvirt')
        assert MDEV in virsh.fails('nodedev-reattach', CSS) and mdev_exists()
        stock.ok('nodedev-destroy', MDEV)
        stock.ok('nodedev-undefine', MDEV)
        virsh.ok('nodedev-reattach', CSS)
        assert is_with_host()

    def test_ends_what_we_took(self, daemon, stock, virsh, document):
        """A start takes its parent; stock libvirt destroys: the host gets it back in the end."""
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        wait_for(lambda: MDEV in stock.names('--cap', 'mdev'), 'stock libvirt sees it')
        stock.ok('nodedev-destroy', MDEV)
        daemon.restart()
        wait_for(is_with_host, 'the next start of the daemon gives it back')


class TestMdevctl:
    """mdevctl beside virtccwd."""

    def test_sees_and_ends(self, virsh, document):
        virsh.ok('nodedev-detach', CSS)
        assert 'vfio_ccw-io' in ok('mdevctl', 'types', '--parent', SUBCHANNEL)
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        assert f'{UUID} {SUBCHANNEL} vfio_ccw-io' in ok('mdevctl', 'list')
        ok('mdevctl', 'stop', '--uuid', UUID)
        wait_for(lambda: MDEV not in virsh.names('--cap', 'mdev'), 'we see that it has gone')
        assert driver() == 'vfio_ccw'
        virsh.ok('nodedev-reattach', CSS)
        assert is_with_host()

    def test_started_by_it(self, virsh):
        """What it has started we do not pull the subchannel away from."""
        virsh.ok('nodedev-detach', CSS)
        define_file()
        ok('mdevctl', 'start', '--uuid', UUID)
        assert MDEV in virsh.fails('nodedev-reattach', CSS)
        wait_for(lambda: MDEV in virsh.names('--cap', 'mdev'), 'we see it')
        virsh.ok('nodedev-destroy', MDEV)
        assert driver() == 'vfio_ccw'


class TestDriverctl:
    """driverctl beside virtccwd."""

    def test_sees(self, virsh):
        virsh.ok('nodedev-detach', CSS)
        assert ok('driverctl', '-b', 'css', 'list-overrides').split() == [SUBCHANNEL, 'vfio_ccw']
        assert f'{SUBCHANNEL} vfio_ccw [*]' in ok('driverctl', '-b', 'css', 'list-devices')

    def test_boot(self, daemon, virsh):
        """Its override at boot is what detaching wants; reattaching still knows what was."""
        virsh.ok('nodedev-detach', CSS)
        daemon.stop()
        ok('driverctl', '-b', 'css', '--nosave', 'unset-override', SUBCHANNEL)
        ok('driverctl', '-b', 'css', 'load-override', SUBCHANNEL)
        daemon.start()
        assert driver() == 'vfio_ccw'
        virsh.ok('nodedev-reattach', CSS)
        assert is_with_host()

    def test_its_override_stays(self, virsh, document):
        """What it has set a start uses, and destroying leaves."""
        ok('driverctl', '-b', 'css', 'set-override', SUBCHANNEL, 'vfio_ccw')
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        virsh.ok('nodedev-destroy', MDEV)
        assert driver() == 'vfio_ccw' and os.listdir(OVERRIDES) == [f'css-{SUBCHANNEL}']

    def test_other_driver(self, virsh, document):
        """An override for another driver: no start takes it; whoever detaches means it."""
        write_file(OVERRIDE, 'io_subchannel\n')
        virsh.ok('nodedev-define', document(mdev_xml()))
        assert "override says 'io_subchannel'" in virsh.fails('nodedev-start', MDEV)
        virsh.ok('nodedev-detach', CSS)
        assert driver() == 'vfio_ccw'
        virsh.ok('nodedev-reattach', CSS)
        assert driver() == 'io_subchannel' and read_file(OVERRIDE) == 'io_subchannel\n'
