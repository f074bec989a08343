# SPDX-License-Identifier: LGPL-2.1-or-later
"""nodedev-event --loop: each change once and in order, whoever made it."""

import contextlib
import os
import re
import shutil
import time
import uuid

import pytest

from hostlib import (MODULE, OTHER, OTHER_UUID, SUBCHANNEL, UUID, background, bind_vfio, client_uri, css_name,
                     ctl, define_file, definition_path, free, mdev_name, mdev_xml, ok, plugged,
                     read_file, simulated, wait_for, write_file)
from test_channel import run_guest

MDEV = mdev_name()
BEACON = '_0_0_3fff'
LINE = re.compile(r"event '(\w+)' for node device (\w+)(?:: (\w+))?$", re.M)


def listen_command():
    return ('stdbuf', '-oL', 'virsh', '-c', client_uri(), 'nodedev-event', '--loop')


class Listener:
    """What virsh nodedev-event --loop has printed into a file."""

    def __init__(self, path, connection):
        self.path = path
        self.connection = connection

    def _lines(self):
        return LINE.findall(read_file(self.path))

    def seen(self):
        """The events seen so far, without those of beacons."""
        return [(node, what) if what else node for _, node, what in self._lines()
                if not node.endswith(BEACON)]

    def beacon(self):
        """Makes harmless events. Returns: a condition, that one of them has been seen."""
        names = set()

        def seen():
            # Once more each time: who reads files may find one gone before it has looked.
            node = self.connection.nodeDeviceDefineXML(mdev_xml(str(uuid.uuid4()), '0.0.3fff'))
            names.add(node.name())
            time.sleep(0.01)
            node.setAutostart(True)
            time.sleep(0.05)
            node.undefine()
            return any(name in names for _, name, _ in self._lines())

        return seen

    def expect(self, *events):
        """These, and no others; a beacon's events come after all that happened before."""
        with contextlib.suppress(AssertionError):  # what was seen tells more
            wait_for(lambda: len(self.seen()) >= len(events), f'{events} are seen')
        wait_for(self.beacon(), 'the beacon is seen')
        assert self.seen() == list(events)


@pytest.fixture
def listen(lv, tmp_path):
    """Starts a listener to one kind of event. It is listening when this returns."""
    with contextlib.ExitStack() as stack:

        def start(event, *args):
            path = str(tmp_path / f'events-{event}')
            stack.enter_context(background(*listen_command(), '--event', event, *args, out=path))
            listener = Listener(path, lv)
            if not args:
                wait_for(listener.beacon(), 'the listener hears something')
            return listener

        yield start


def test_by_virsh(virsh, listen, document):
    bind_vfio()
    events = listen('lifecycle')
    virsh.ok('nodedev-define', document(mdev_xml()))
    virsh.ok('nodedev-start', MDEV)
    virsh.ok('nodedev-destroy', MDEV)
    virsh.ok('nodedev-undefine', MDEV)
    events.expect((MDEV, 'Defined'), (MDEV, 'Created'), (MDEV, 'Deleted'),
                  (MDEV, 'Undefined'))


def test_transient_by_virsh(virsh, listen, document):
    bind_vfio()
    events = listen('lifecycle')
    virsh.ok('nodedev-create', document(mdev_xml()))
    virsh.ok('nodedev-destroy', MDEV)
    events.expect((MDEV, 'Created'), (MDEV, 'Deleted'))


def test_by_mdevctl(listen):
    """One after another: what is undone before anybody has looked never was."""
    bind_vfio()
    events = listen('lifecycle')
    told = []
    for event, *command in (
            ('Defined', 'define', '-u', UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io'),
            ('Created', 'start', '-u', UUID, '-p', SUBCHANNEL), ('Deleted', 'stop', '-u', UUID),
            ('Undefined', 'undefine', '-u', UUID, '-p', SUBCHANNEL)):
        ok('mdevctl', *command)
        told.append((MDEV, event))
        events.expect(*told)


def test_hot_plug(listen):
    events = listen('lifecycle')
    with plugged() as (subchannel, _):
        wait_for(lambda: len(events.seen()) == 2, 'both have been added')
    name = css_name(subchannel)
    events.expect((name, 'Created'), ('ccw_0_0_4711', 'Created'),
                  ('ccw_0_0_4711', 'Deleted'), (name, 'Deleted'))


def test_binding(listen):
    """The device behind a subchannel goes when vfio_ccw takes it."""
    events = listen('lifecycle')
    bind_vfio()
    events.expect(('ccw_0_0_3000', 'Deleted'))


def test_updates(virsh, listen, document):
    """A definition that is changed; a subchannel that changes its driver."""
    virsh.ok('nodedev-define', document(mdev_xml()))
    events = listen('update')
    virsh.ok('nodedev-autostart', MDEV)
    events.expect(MDEV)
    ok('mdevctl', 'modify', '-u', UUID, '-p', SUBCHANNEL, '--manual')
    events.expect(MDEV, MDEV)
    bind_vfio(OTHER)
    wait_for(lambda: css_name(OTHER) in events.seen(), 'the other driver is seen')


def test_one_device_only(virsh, listen, document):
    """--device lets nothing else pass."""
    bind_vfio()
    virsh.ok('nodedev-define', document(mdev_xml()))
    events = listen('lifecycle', '--device', MDEV)

    def heard():
        virsh.ok('nodedev-start', MDEV)
        virsh.ok('nodedev-destroy', MDEV)
        events.beacon()()
        return {(MDEV, 'Created'), (MDEV, 'Deleted')} <= set(events.seen())

    wait_for(heard, 'something is heard')
    assert set(events.seen()) == {(MDEV, 'Created'), (MDEV, 'Deleted')}
    assert f'{BEACON}:' not in read_file(events.path)


def test_unusable_definition_is_no_event(listen):
    events = listen('lifecycle')
    write_file(definition_path(), '{ this is no JSON')
    define_file(subchannel=OTHER)
    other = mdev_name(subchannel=OTHER)
    events.expect((other, 'Defined'))


class TestChannel:
    """Update events of what changes about a channel device, and none without a change."""

    CCW = 'ccw_0_0_3000'
    STATUS = '/sys/devices/css0/chp0.34/status'

    @simulated
    def test_bind_and_unbind(self, listen):
        events = listen('update')
        bind_vfio()
        wait_for(lambda: css_name() in events.seen(), 'the other driver is told')
        before = events.seen().count(css_name())
        free()
        wait_for(lambda: events.seen().count(css_name()) > before, 'the old one is told')

    @simulated
    def test_online_and_offline(self, virsh, listen):
        events = listen('update')
        for number, value in enumerate(('0', '1'), 1):
            write_file('/sys/bus/ccw/devices/0.0.3000/online', value)
            wait_for(lambda number=number: events.seen().count(self.CCW) >= number,
                     f'{value} is told')
            state = 'online' if value == '1' else 'offline'
            assert f'<state>{state}</state>' in virsh.ok('nodedev-dumpxml', self.CCW)

    @simulated
    def test_path_varied(self, virsh, listen):
        """By chchp, which is a write of whoever: the kernel has no uevent for it."""
        events = listen('update')
        using = [css_name(), css_name('0.0.003c'), self.CCW, 'ccw_0_0_c60c']
        for count, value, vpm in ((1, 'offline', '0x40'), (2, 'online', '0xc0')):
            write_file(self.STATUS, value)
            events.expect(*using * count)
            assert f"vpm='{vpm}'" in virsh.ok('nodedev-dumpxml', css_name())

    @simulated
    @pytest.mark.skipif(MODULE, reason='whoever listens is another process than who looks')
    def test_path_lost(self, virsh, listen, document):
        """The machine has lost it: noticed when somebody looks."""
        bind_vfio()
        virsh.ok('nodedev-create', document(mdev_xml()))
        events = listen('update')
        ctl('set', SUBCHANNEL, 'pam', '40')
        assert "pam='0x40'" in virsh.ok('nodedev-dumpxml', MDEV)
        events.expect(css_name(), MDEV)
        assert "pam='0x40'" in virsh.ok('nodedev-dumpxml', css_name())
        events.expect(css_name(), MDEV)


class TestUse:
    """Update events when the user that documents tell is another one."""

    CCW = 'ccw_0_0_3000'
    GUESTS = '/run/libvirt/qemu'
    DASD = '../../devices/css0/0.0.0004/0.0.3000/block/dasda'

    @pytest.fixture
    def blocks(self, tmp_path):
        """Block devices as the kernel has them by their names; the simulator shows them below
        their devices only."""
        links = {'dasda1': f'{self.DASD}/dasda1', 'vda': '../../devices/pci0/block/vda'}
        for name, path in links.items():
            os.symlink(path, tmp_path / name)
        (tmp_path / 'dm-0' / 'slaves').mkdir(parents=True)
        os.symlink(f'../../{self.DASD}/dasda1', tmp_path / 'dm-0' / 'slaves' / 'dasda1')
        os.symlink('dm-0', tmp_path / 'dm-9')
        ok('mount', '--bind', str(tmp_path), '/sys/class/block')
        yield
        ok('umount', '/sys/class/block')

    @simulated
    @pytest.mark.parametrize('source', ['/dev/dasda1', '/dev/dm-9'])
    def test_mount(self, listen, blocks, source):
        events = listen('update')
        told = [css_name(), self.CCW]
        ok('mount', '-t', 'tmpfs', source, '/mnt')
        try:
            events.expect(*told)
            ok('mount', '-t', 'tmpfs', '/dev/vda', '/srv')
            ok('umount', '/srv')
            ok('mount', '--bind', '/mnt', '/mnt')
            wait_for(lambda: len(events.seen()) == 4, 'the other mount of it is told')
            ok('umount', '/mnt')
            wait_for(lambda: len(events.seen()) == 6, 'its end, too')
        finally:
            ok('umount', '/mnt')
        events.expect(*told * 4)

    @simulated
    def test_mount_without_a_device(self, listen, blocks):
        """Its source is a word that anybody may choose."""
        events = listen('update')
        told = [css_name(), self.CCW]
        ok('mount', '-t', 'ramfs', '/dev/dasda1', '/srv')
        try:
            time.sleep(1)  # it would have been told by now
            ok('mount', '-t', 'tmpfs', '/dev/dasda1', '/mnt')
            events.expect(*told)
            ok('umount', '/mnt')
            events.expect(*told * 2)
        finally:
            ok('umount', '/srv')

    @simulated
    @pytest.mark.parametrize('exists', [False, True])
    def test_guest(self, virsh, listen, document, exists):
        """libvirtd may come later than whoever listens."""
        shutil.rmtree(self.GUESTS, ignore_errors=True)
        if exists:
            os.makedirs(self.GUESTS)
        bind_vfio()
        virsh.ok('nodedev-create', document(mdev_xml()))
        events = listen('update')
        told = [css_name(), MDEV]
        os.makedirs(self.GUESTS, exist_ok=True)
        try:
            for count, used in enumerate((UUID, OTHER_UUID, UUID), 1):
                run_guest('linux-1', used)
                events.expect(*told * count)
                run_guest('linux-1', used)
            os.unlink(f'{self.GUESTS}/linux-1.xml')
            events.expect(*told * 4)
        finally:
            shutil.rmtree(self.GUESTS)


def test_names_of_events(virsh):
    assert virsh.ok('nodedev-event', '--list').split() == ['lifecycle', 'update']
