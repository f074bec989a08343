# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of stock libvirtd, through the front, that have a device of the host.

The device is the block device 0.0.3000; the guest's processors stand still, for what is looked
at is there before the first instruction.
"""

import glob
import os
import signal
import subprocess
import time

import libvirt
import pytest

import hostlib
import labhost
import sidelib
from hostlib import CSS, SUBCHANNEL, Virsh, mdev_exists, mdev_name, read_file, wait_for, write_file

FRONT = 'qemu:///system'
STOCK = f'qemu:///system?socket={sidelib.SOCKET}'
GUEST = 'second'
RECORDS = f'{hostlib.REMEMBERED}/holder'
CONFIG = f'''stock_qemu_socket = "{sidelib.SOCKET}"
front_qemu = 1
auth_unix_rw = "none"
auth_unix_ro = "none"
'''
QEMU_CONFIG = '''stdio_handler = "file"
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
'''
HOSTDEV = '''<hostdev mode='subsystem' type='mdev' model='vfio-ccw' managed='yes'>
  <source><address type='ccw' cssid='0x0' ssid='0x0' devno='0x3000'/></source>
  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>
</hostdev>'''
XML = '''<domain type='qemu'>
  <name>second</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
  <features><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
  <devices>
    <emulator>/usr/bin/qemu-system-s390x</emulator>
    {hostdev}
    <memballoon model='none'/>
    <video><model type='none'/></video>
  </devices>
</domain>
'''
PAUSED = libvirt.VIR_DOMAIN_START_PAUSED
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE


class Stock(sidelib.Stock):
    """libvirtd, which asks QEMU what it can do before it answers."""

    def _answers(self):
        assert self.process.poll() is None, read_file(self.log_path)
        try:
            return libvirt.open(STOCK).listAllDomains() is not None
        except libvirt.libvirtError:  # the socket of the one before
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope='module', name='stock')
def _stock(tmp_path_factory):
    hostlib.reset_host()
    write_file('/etc/libvirt/qemu.conf', QEMU_CONFIG)
    with Stock(tmp_path_factory.mktemp('stock')) as stock:
        yield stock


@pytest.fixture(scope='module', name='front')
def _front(stock, tmp_path_factory):
    folder = tmp_path_factory.mktemp('front')
    write_file(folder / 'virtccwd.conf', CONFIG)
    server = hostlib.Daemon(folder)
    server.start('--config', str(folder / 'virtccwd.conf'))
    server.config = str(folder / 'virtccwd.conf')
    yield server
    try:
        server.stop()
    finally:
        server.check_log()


@pytest.fixture(name='domain')
def _domain(front):
    """A guest that names the device by its bus-ID."""
    connection = libvirt.open(FRONT)
    yield connection.defineXML(XML.format(hostdev=HOSTDEV))
    connection.close()
    forget()


def forget():
    stock = libvirt.open(STOCK)
    for domain in stock.listAllDomains():
        if domain.isActive():
            domain.destroy()
        domain.undefine()
    stock.close()
    wait_for(with_host, 'the host has it back')


def driver():
    return labhost.driver(SUBCHANNEL)


def disks():
    """The host's block devices on 0.0.3000."""
    return glob.glob('/sys/bus/ccw/devices/0.0.3000/virtio*/block/*')


def with_host():
    """The host has it as before: a disk that can be read, and nothing is remembered."""
    return driver() == 'io_subchannel' and labhost.is_ready(SUBCHANNEL) and bool(disks()) and \
        not (os.path.isdir(RECORDS) and os.listdir(RECORDS))


def has_device(name=GUEST):
    """Whether the guest's QEMU has a vfio-ccw device."""
    tree = Virsh(FRONT).ok('qemu-monitor-command', name, '--hmp', 'info qtree')
    for line in tree.splitlines():
        if 'dev: vfio-ccw' in line:
            print(line.strip())
    return 'dev: vfio-ccw' in tree


def given():
    """The guest has it: the mediated device is there and opened."""
    mdev, = os.listdir(RECORDS)
    return driver() == 'vfio_ccw' and mdev_exists(mdev) and not disks() and has_device()


def pid_of(name=GUEST):
    return int(read_file(f'{hostlib.SOCKETS}/qemu/{name}.pid'))


def test_start_and_destroy(domain):
    assert with_host()
    print(hostlib.ok('lscss', '-d', '0.0.3000'))
    domain.createWithFlags(PAUSED)
    assert given()
    mdev, = os.listdir(RECORDS)
    print(hostlib.ok('lscss', '--vfio'))
    assert "devno='0x3000'" in domain.XMLDesc() and mdev not in domain.XMLDesc()
    for command in (['nodedev-destroy', mdev_name(mdev)], ['nodedev-reattach', CSS]):
        message = Virsh(FRONT).fails(*command)
        print(message)
        assert f"guest '{GUEST}'" in message
    domain.destroy()
    wait_for(with_host, 'the host has it back')
    print(hostlib.ok('lscss', '-d', '0.0.3000'))
    hostlib.ok('dd', f'if=/dev/{os.path.basename(disks()[0])}', 'of=/dev/null', 'count=1')


def test_a_second_guest_is_refused(domain):
    domain.createWithFlags(PAUSED)
    other = domain.connect().defineXML(XML.format(hostdev=HOSTDEV).replace(
        '<name>second<', '<name>third<'))
    with pytest.raises(libvirt.libvirtError, match=f"guest '{GUEST}'") as caught:
        other.createWithFlags(PAUSED)
    print(caught.value)
    assert given()


def test_attach_and_detach(front):
    connection = libvirt.open(FRONT)
    domain = connection.defineXML(XML.format(hostdev=''))
    domain.createWithFlags(PAUSED)
    for _ in range(2):
        domain.attachDeviceFlags(HOSTDEV, LIVE)
        assert given()
        assert "devno='0x3000'" in domain.XMLDesc()
        domain.detachDeviceFlags(HOSTDEV, LIVE)
        wait_for(with_host, 'the host has it back')
        assert not has_device() and 'hostdev' not in domain.XMLDesc()
    domain.attachDeviceFlags(HOSTDEV, LIVE)
    domain.detachDeviceAlias('hostdev0', LIVE)
    wait_for(with_host, 'the host has it back')
    domain.attachDeviceFlags(HOSTDEV, LIVE)
    os.kill(pid_of(), signal.SIGKILL)
    wait_for(with_host, 'the host has it back')
    domain.createWithFlags(PAUSED)
    domain.attachDeviceFlags(HOSTDEV, LIVE)
    front.process.kill()
    front.process.wait()
    front.start('--config', front.config)
    assert given()
    Virsh(FRONT).ok('detach-device', GUEST, document(HOSTDEV), '--live')
    wait_for(with_host, 'the host has it back')
    forget()


def document(text):
    write_file('/tmp/hostdev.xml', text)
    return '/tmp/hostdev.xml'


def test_qemu_is_killed(domain):
    domain.createWithFlags(PAUSED)
    assert given()
    os.kill(pid_of(), signal.SIGKILL)
    wait_for(with_host, 'the host has it back')


def test_libvirtd_is_killed(domain, stock):
    """The guest keeps its device; it goes back when the guest ends."""
    domain.createWithFlags(PAUSED)
    stock.kill()
    assert driver() == 'vfio_ccw'
    stock.start_again()
    assert given()
    # Answered when libvirtd has found its guest again; who destroys it before gets an error.
    Virsh(STOCK).ok('qemu-monitor-command', GUEST, '--hmp', 'info status')
    libvirt.open(STOCK).lookupByName(GUEST).destroy()
    wait_for(with_host, 'the host has it back')


def test_libvirtd_and_qemu_are_killed(domain, stock):
    domain.createWithFlags(PAUSED)
    pid = pid_of()
    stock.kill()
    os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    stock.start_again()
    wait_for(with_host, 'the host has it back')


def test_virtccwd_is_killed(domain, front):
    domain.createWithFlags(PAUSED)
    front.process.kill()
    front.process.wait()
    assert driver() == 'vfio_ccw'
    front.start('--config', front.config)
    assert given()
    front.process.kill()
    front.process.wait()
    libvirt.open(STOCK).lookupByName(GUEST).destroy()
    wait_for(with_host, 'the host has it back without virtccwd')
    front.start('--config', front.config)


def test_libvirtd_is_killed_while_it_starts_the_guest(domain, stock, front):
    """After our part is done, and before QEMU is there."""
    slow = '/etc/libvirt/hooks/qemu.d/zz-slow'
    write_file(slow, '#!/bin/sh\n[ "$2" != prepare ] || exec sleep 300\n')
    os.chmod(slow, 0o755)
    try:
        with subprocess.Popen(['virsh', '-c', STOCK, 'start', GUEST, '--paused']) as start:
            wait_for(lambda: driver() == 'vfio_ccw' and os.listdir(RECORDS), 'it is taken')
            stock.kill()
            start.wait(60)
    finally:
        os.unlink(slow)
    front.process.kill()
    front.process.wait()
    front.start('--config', front.config)
    wait_for(with_host, 'the host has it back')
    stock.start_again()
