# SPDX-License-Identifier: LGPL-2.1-or-later
"""<virtccw:channel>: what a device is, its paths, and who uses it."""

import glob
import os
import re
import xml.etree.ElementTree as ET

import pytest

import sidelib
from hostlib import (CSS, LAB, OTHER, REMEMBERED, SUBCHANNEL, UUID, css_name,
                     ctl, mdev_name, mdev_xml, ok, read_file, wait_for, write_file)
from test_handover import mounted

pytestmark = pytest.mark.skipif(LAB, reason='the DASD and its uses are simulated')

MDEV = mdev_name()
CCW = 'ccw_0_0_3000'
NS = '{urn:virtccw:nodedev:1}'
DASD = {'id': '0.0.3000', 'cutype': '3990/e9', 'devtype': '3390/0c',
        'uid': 'IBM.750000000BELG1.3000.00'}
GUESTS = '/run/libvirt/qemu'


def run_guest(name, uuid):
    """A status file, as libvirt's QEMU driver writes it."""
    write_file(f'{GUESTS}/{name}.xml.new', f'''<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit {name}
or other application using the libvirt API.
-->

<domstatus state='running' reason='booted' pid='4711'>
  <taint flag='high-privileges'/>
  <monitor path='/var/lib/libvirt/qemu/domain-1-{name}/monitor.sock' type='unix'/>
  <devices>
    <device alias='hostdev0'/>
  </devices>
  <domain type='kvm' id='1'>
    <name>{name}</name>
    <uuid>11111111-2222-3333-4444-555555555555</uuid>
    <devices>
      <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-ccw'>
        <source>
          <address uuid='{uuid}'/>
        </source>
        <alias name='hostdev0'/>
        <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>
      </hostdev>
    </devices>
  </domain>
</domstatus>
''')
    os.rename(f'{GUESTS}/{name}.xml.new', f'{GUESTS}/{name}.xml')


class Channel:
    """The element of one document."""

    def __init__(self, virsh, node):
        self.element = ET.fromstring(virsh.ok('nodedev-dumpxml', node)).find(f'{NS}channel')
        assert self.element is not None

    def attributes(self, name):
        found = self.element.find(NS + name)
        return None if found is None else found.attrib

    @property
    def users(self):
        return [(use.get('by'), use.get('what')) for use in self.element.findall(f'{NS}use')]

    @property
    def chpids(self):
        return [path.get('chpid') for path in self.element.iter(f'{NS}path')]


class TestDevice:
    """What it is, also when the host does not see it."""

    @pytest.mark.parametrize('node', [CSS, CCW])
    def test_with_host(self, virsh, node):
        channel = Channel(virsh, node)
        assert channel.attributes('device') == DASD
        assert channel.attributes('paths') == {'pim': '0xc0', 'pam': '0xc0', 'pom': '0xff',
                                               'vpm': '0xc0'}
        assert channel.chpids == ['0x34', '0x35']
        assert channel.attributes('override') is None
        assert channel.users == []

    def test_with_vfio(self, daemon, virsh, document):
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-define', document(mdev_xml()))
        for _ in range(2):
            for node in (CSS, MDEV):
                assert Channel(virsh, node).attributes('device') == DASD
            assert Channel(virsh, CSS).attributes('override') == {'driver': 'vfio_ccw'}
            virsh.ok('nodedev-start', MDEV)
            assert Channel(virsh, MDEV).attributes('device') == DASD
            # After a boot it is vfio_ccw's from the beginning: nobody has seen the volume.
            daemon.stop()
            ctl('reboot')
            daemon.start()

    def test_bound_by_others(self, daemon, virsh):
        """By driverctl, and virtccwd was told nothing."""
        kept = f'{REMEMBERED}/volumes'
        wait_for(lambda: os.path.exists(kept) and DASD['uid'] in read_file(kept), 'it is kept')
        ok('driverctl', '-b', 'css', 'set-override', SUBCHANNEL, 'vfio_ccw')
        assert Channel(virsh, CSS).attributes('device') == DASD
        daemon.restart()
        assert Channel(virsh, CSS).attributes('device') == DASD

    def test_offline(self, virsh):
        """The kernel tells no uid then."""
        assert Channel(virsh, CCW).attributes('device') == DASD
        ctl('online', '0.0.3000', '0')
        assert Channel(virsh, CCW).attributes('device') == DASD

    def test_other_disk(self, virsh):
        """Another device of the same number is not taken for the old one."""
        ctl('remove-subchannel', SUBCHANNEL)
        ctl('add-subchannel', SUBCHANNEL, 'device=0.0.3000', 'cutype=1750/13', 'devtype=3380/0e',
            'chpids=34')
        wait_for(lambda: CCW in virsh.names('--cap', 'ccw'), 'it is listed')
        assert Channel(virsh, CCW).attributes('device') == {
            'id': '0.0.3000', 'cutype': '1750/13', 'devtype': '3380/0e'}

    def test_file_that_cannot_be_understood(self, daemon, virsh):
        daemon.stop()
        write_file(f'{REMEMBERED}/volumes', '0.0.3000 a\n\0\nx y z u\n0.0.2b09 1/2 3/4 kept\n')
        daemon.start()
        assert Channel(virsh, CCW).attributes('device') == DASD

    def test_file_that_cannot_be_read(self, daemon, virsh):
        """It is not replaced: what it has would be lost."""
        daemon.stop()
        os.makedirs(REMEMBERED, exist_ok=True)
        if os.path.exists(f'{REMEMBERED}/volumes'):
            os.unlink(f'{REMEMBERED}/volumes')
        os.symlink('volumes', f'{REMEMBERED}/volumes')
        daemon.start()
        assert Channel(virsh, CCW).attributes('device') == DASD
        daemon.wait_log('nothing new is remembered until virtccwd is restarted')
        daemon.stop()
        assert os.path.islink(f'{REMEMBERED}/volumes')

    def test_renumbered(self, daemon, virsh, document):
        """A definition shows the device that it is for, and what is there instead."""
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-define', document(mdev_xml()))
        ctl('remove-subchannel', SUBCHANNEL)
        wait_for(lambda: CSS not in virsh.names(), 'it has gone')
        assert Channel(virsh, MDEV).attributes('device') == DASD
        assert Channel(virsh, MDEV).attributes('paths') is None
        ctl('add-subchannel', SUBCHANNEL, 'device=0.0.4711', 'cutype=3990/e9', 'devtype=3390/0c',
            'chpids=34')
        wait_for(lambda: CSS in virsh.names(), 'another one is there')
        for _ in range(2):
            channel = Channel(virsh, MDEV)
            assert channel.attributes('device') == DASD
            assert channel.attributes('instead') == {'id': '0.0.4711'}
            assert channel.chpids == []
            daemon.restart()
            wait_for(lambda: Channel(virsh, MDEV).attributes('instead'), 'it has been read')
        virsh.ok('nodedev-define', document(mdev_xml()))
        wait_for(lambda: not Channel(virsh, MDEV).attributes('instead'), 'it means this one now')
        assert Channel(virsh, MDEV).attributes('device')['id'] == '0.0.4711'

    def test_without_device(self, virsh):
        ctl('add-subchannel', '0.0.0600', 'chpids=34')
        wait_for(lambda: 'css_0_0_0600' in virsh.names('--cap', 'css'), 'it is listed')
        channel = Channel(virsh, 'css_0_0_0600')
        assert channel.attributes('device') is None and channel.chpids == ['0x34']


class TestUse:
    """By the host, and by a guest."""

    def test_host(self, virsh):
        for node in (CSS, CCW):
            with mounted():
                assert Channel(virsh, node).users == [
                    ('host', "file system mounted at '/mnt' (dasda1)")]
            assert Channel(virsh, node).users == []
        before = read_file('/proc/swaps')
        write_file('/proc/swaps', before + '/dev/dasda1 partition 1 0 -2\n')
        try:
            assert Channel(virsh, CCW).users == [('host', 'swap space on dasda1')]
        finally:
            write_file('/proc/swaps', before)

    def test_as_the_check_names_it(self, virsh):
        ctl('set', SUBCHANNEL, 'holder', 'dm-0/vg0-data/LVM-abc')
        with mounted('/dev/mapper/vg0-data'):
            shown = [what for _, what in Channel(virsh, CCW).users]
            error = virsh.fails('nodedev-detach', CSS)
        assert shown == ["file system mounted at '/mnt' (dm-0)", "LVM volume 'vg0-data' on dasda1"]
        assert ', '.join(shown) in error

    def test_tape(self, virsh):
        assert Channel(virsh, 'ccw_0_0_7e52').users == [('host', 'tape that is online')]

    def test_guest(self, virsh, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        assert Channel(virsh, MDEV).users == []
        try:
            run_guest('other', '99999999-2222-3333-4444-555555555555')
            assert Channel(virsh, MDEV).users == []
            run_guest('linux-1', UUID)
            for node in (MDEV, CSS):
                assert Channel(virsh, node).users == [('domain', 'linux-1')]
            assert Channel(virsh, css_name(OTHER)).users == []
            # Detached from it, and the file written anew within the same tick of the clock.
            run_guest('linux-1', '99999999-2222-3333-4444-555555555555')
            assert Channel(virsh, MDEV).users == []
            run_guest('linux-1', UUID)
            assert Channel(virsh, MDEV).users == [('domain', 'linux-1')]
            write_file(f'{GUESTS}/broken.xml', '<domstatus><domain><na')
            os.unlink(f'{GUESTS}/linux-1.xml')
            assert Channel(virsh, MDEV).users == []
        finally:
            for path in glob.glob(f'{GUESTS}/*.xml'):
                os.unlink(path)


class TestRoundTrip:
    """What was printed can be defined again, here and by stock libvirt."""

    @pytest.mark.parametrize('validate', [False, True])
    def test_ours(self, virsh, document, validate):
        virsh.ok('nodedev-define', document(mdev_xml()))
        printed = virsh.ok('nodedev-dumpxml', MDEV)
        assert '<virtccw:channel' in printed
        virsh.ok('nodedev-undefine', MDEV)
        virsh.ok('nodedev-define', document(printed), *(['--validate'] if validate else []))
        assert virsh.ok('nodedev-dumpxml', MDEV) == printed
        with mounted():  # it was not in use when it was printed
            virsh.ok('nodedev-define', document(printed))
            assert virsh.ok('nodedev-dumpxml', MDEV) != printed

    @pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')
    def test_stock(self, virsh, document, tmp_path):
        virsh.ok('nodedev-define', document(mdev_xml()))
        printed = virsh.ok('nodedev-dumpxml', MDEV)
        virsh.ok('nodedev-undefine', MDEV)
        with sidelib.Stock(tmp_path) as stock:
            stock.virsh.ok('nodedev-define', document(printed))
            wait_for(lambda: MDEV in stock.virsh.names('--inactive'), 'it is listed')
            theirs = stock.virsh.ok('nodedev-dumpxml', MDEV)
            wait_for(lambda: MDEV in virsh.names('--inactive'), 'we list it')
            assert re.sub('(?s)  <virtccw:.*</virtccw:channel>\n', '', printed) == theirs
