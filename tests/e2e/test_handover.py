# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices taken from the host and given back, by stock virsh."""

import contextlib
import os
import re
import subprocess

import pytest

from hostlib import (CSS, LAB, OTHER_UUID, OVERRIDES, REMEMBERED, SUBCHANNEL, UUID, Daemon,
                     bind_vfio, client_uri, ctl, define_file, definition_path, mdev_exists, mdev_name,
                     mdev_xml, ok, read_file, run, wait_for, write_file)

pytestmark = pytest.mark.skipif(LAB, reason='the DASD and its uses are simulated')

MDEV = mdev_name()
DEVICE = '0.0.3000'
CCW = 'ccw_0_0_3000'
SYSFS = f'/sys/bus/css/devices/{SUBCHANNEL}'
OVERRIDE = f'{OVERRIDES}/css-{SUBCHANNEL}'
TAKEN = f'{REMEMBERED}/taken/{SUBCHANNEL}'


def driver(subchannel=SUBCHANNEL):
    link = f'/sys/bus/css/devices/{subchannel}/driver'
    return os.path.basename(os.readlink(link)) if os.path.islink(link) else None


def is_online(device=DEVICE):
    path = f'/sys/bus/ccw/devices/{device}/online'
    return os.path.exists(path) and read_file(path) == '1\n'


def assert_with_host():
    assert driver() == 'io_subchannel'
    assert read_file(f'{SYSFS}/driver_override') == '(null)\n'
    assert is_online()
    assert not os.path.exists(OVERRIDE)
    assert not os.path.exists(TAKEN)


def assert_with_vfio(persistent=True):
    assert driver() == 'vfio_ccw'
    assert read_file(f'{SYSFS}/driver_override') == 'vfio_ccw\n'
    assert os.path.exists(OVERRIDE) == persistent
    if persistent:
        assert read_file(OVERRIDE) == 'vfio_ccw\n'


@pytest.fixture
def offline_at_boot():
    """A DASD that stays offline when it appears, as without a rule of chzdev; now it is
    online."""
    ctl('set', SUBCHANNEL, 'online', '0')
    assert is_online()


@contextlib.contextmanager
def mounted(source='/dev/dasda1', point='/mnt'):
    ok('mount', '-t', 'tmpfs', source, point)
    try:
        yield
    finally:
        ok('umount', point)


class TestDetach:
    """virsh nodedev-detach and nodedev-reattach."""

    @pytest.mark.parametrize('name', [CSS, CCW])
    def test_there_and_back(self, virsh, offline_at_boot, name):
        assert 'detached' in virsh.ok('nodedev-detach', name)
        assert_with_vfio()
        assert CCW not in virsh.names('--cap', 'ccw')
        assert ok('driverctl', '-b', 'css', 'list-overrides').split() == [SUBCHANNEL, 'vfio_ccw']
        assert 're-attached' in virsh.ok('nodedev-reattach', CSS)
        assert_with_host()
        assert CCW in virsh.names('--cap', 'ccw')

    def test_idempotent(self, virsh):
        for _ in range(2):
            virsh.ok('nodedev-detach', CSS)
            assert_with_vfio()
        for _ in range(2):
            virsh.ok('nodedev-reattach', CSS)
            assert_with_host()

    def test_offline_stays_offline(self, virsh):
        ctl('set', SUBCHANNEL, 'online', '0')
        ctl('online', DEVICE, '0')
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-reattach', CSS)
        assert driver() == 'io_subchannel' and not is_online()

    def test_whole_procedure(self, virsh, document, offline_at_boot):
        virsh.ok('nodedev-detach', CSS, '--driver', 'vfio_ccw')
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        assert mdev_exists()
        assert MDEV in virsh.fails('nodedev-reattach', CSS)
        assert_with_vfio()
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_vfio()
        virsh.ok('nodedev-undefine', MDEV)
        virsh.ok('nodedev-reattach', CSS)
        assert_with_host()
        assert not os.path.exists(definition_path())
        assert os.listdir(f'{REMEMBERED}/device') == []

    def test_undoes_driverctl(self, virsh):
        ok('driverctl', '-b', 'css', 'set-override', SUBCHANNEL, 'vfio_ccw')
        virsh.ok('nodedev-reattach', CSS)
        assert_with_host()

    def test_driverctl_undoes(self, virsh):
        virsh.ok('nodedev-detach', CSS)
        ok('driverctl', '-b', 'css', 'unset-override', SUBCHANNEL)
        assert driver() == 'io_subchannel' and not os.path.exists(OVERRIDE)
        virsh.ok('nodedev-reattach', CSS)
        assert_with_host()

    def test_refuses(self, virsh):
        assert "can be 'vfio_ccw' only" in virsh.fails('nodedev-detach', CSS, '--driver', 'vfio')
        assert 'no reset of their own' in virsh.fails('nodedev-reset', CSS)
        assert 'neither a subchannel' in virsh.fails('nodedev-detach', 'computer')
        assert 'QDIO' in virsh.fails('nodedev-detach', 'css_0_0_0002')
        assert driver('0.0.0002') == 'io_subchannel'
        assert 'no node device' in virsh.fails('nodedev-detach', 'css_0_0_4711')

    def test_read_only(self, daemon):
        for verb in ('nodedev-detach', 'nodedev-reattach', 'nodedev-reset'):
            result = run('virsh', '-r', '-c', client_uri(), verb, CSS)
            assert result.rc == 1 and 'read only' in result.err, result.err
        assert_with_host()

    def test_loads_module(self, tmp_path):
        ctl('module', 'unload')
        write_file(str(tmp_path / 'modprobe'),
                   f'#!/bin/sh\nexec {os.environ["VIRTCCW_BUILD"]}/tools/sim/virtccw-sim ctl '
                   'module load\n')
        os.chmod(tmp_path / 'modprobe', 0o755)
        server = Daemon(tmp_path, env={'PATH': f'{tmp_path}:{os.environ["PATH"]}'})
        server.start()
        try:
            ok('virsh', '-c', client_uri(), 'nodedev-detach', CSS)
            assert_with_vfio()
        finally:
            server.stop()

    def test_without_module(self, tmp_path):
        ctl('module', 'unload')
        try:
            write_file(str(tmp_path / 'modprobe'), '#!/bin/sh\necho no such module >&2\nexit 1\n')
            os.chmod(tmp_path / 'modprobe', 0o755)
            server = Daemon(tmp_path, env={'PATH': f'{tmp_path}:{os.environ["PATH"]}'})
            server.start()
            result = run('virsh', '-c', client_uri(), 'nodedev-detach', CSS)
            server.stop()
            assert result.rc == 1 and 'no such module' in result.err, result.err
            assert_with_host()
        finally:
            ctl('module', 'load')

    def test_warns_of_rule(self, daemon, virsh):
        rule = '/etc/udev/rules.d/41-dasd-eckd-0.0.3000.rules'
        write_file(rule, '# Generated by chzdev\n')
        try:
            virsh.ok('nodedev-detach', CSS)
            daemon.wait_log(rule)
        finally:
            os.unlink(rule)


class TestUse:
    """What the host uses is not taken, whichever way one comes."""

    @pytest.fixture(params=['detach', 'start'])
    def refused(self, request, virsh):
        define_file()
        wait_for(lambda: MDEV in virsh.names('--cap', 'mdev', '--inactive'), 'it is listed')

        def check(*words):
            args = ('nodedev-detach', CSS) if request.param == 'detach' else \
                ('nodedev-start', MDEV)
            error = virsh.fails(*args)
            assert all(word in error for word in words), error
            assert_with_host()

        return check

    def test_mounted(self, refused):
        with mounted():
            refused("file system mounted at '/mnt' (dasda1)", DEVICE)

    def test_mounted_in_other_namespace(self, refused, tmp_path):
        script = f'mount -t tmpfs /dev/dasda1 {tmp_path} && echo ready && exec sleep 60'
        with subprocess.Popen(['unshare', '--mount', 'sh', '-c', script],
                              stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == 'ready\n'
            try:
                refused(f"file system mounted at '{tmp_path}' (dasda1)")
            finally:
                process.kill()

    def test_swap(self, refused):
        before = read_file('/proc/swaps')
        write_file('/proc/swaps', before + '/dev/dasda1 partition 1 0 -2\n')
        try:
            refused('swap space on dasda1')
        finally:
            write_file('/proc/swaps', before)

    def test_lvm(self, refused):
        ctl('set', SUBCHANNEL, 'holder', 'dm-0/vg0-data/LVM-abc')
        refused("LVM volume 'vg0-data' on dasda1")
        with mounted('/dev/mapper/vg0-data'):
            refused("file system mounted at '/mnt' (dm-0)", 'LVM volume')

    def test_md(self, refused):
        ctl('set', SUBCHANNEL, 'holder', 'md0')
        refused("MD array 'md0' on dasda1")

    def test_busy(self, refused):
        ctl('set', SUBCHANNEL, 'busy', '1')
        refused('does not go offline', 'in use')

    def test_alias(self, refused):
        ctl('set', SUBCHANNEL, 'alias', '1')
        refused('PAV alias of IBM.750000000BELG1.3000.00')

    def test_base_of_alias(self, refused):
        ctl('add-subchannel', '0.0.0005', 'device=0.0.30ff', 'cutype=3990/e9', 'online=1',
            'devtype=3390/0c', 'alias=1', 'uid=IBM.750000000BELG1.3000.00')
        refused('base of PAV alias 0.0.30ff')

    def test_tape(self, virsh):
        assert 'tape that is online' in virsh.fails('nodedev-detach', 'css_0_0_16ca')
        ctl('online', '0.0.7e52', '0')
        virsh.ok('nodedev-detach', 'css_0_0_16ca')


class TestStart:
    """A start takes its parent, and destroying gives it back."""

    def test_take_over(self, virsh, document, offline_at_boot):
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        assert mdev_exists()
        assert_with_vfio(persistent=False)
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_host()
        virsh.ok('nodedev-undefine', MDEV)

    def test_claimed_meanwhile(self, virsh, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_vfio()

    def test_claimed_by_driverctl(self, virsh, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        write_file(OVERRIDE, 'vfio_ccw\n')
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_vfio()

    def test_not_its_own(self, virsh, document):
        bind_vfio()
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        virsh.ok('nodedev-destroy', MDEV)
        assert driver() == 'vfio_ccw'

    def test_override_says_otherwise(self, virsh, document):
        write_file(OVERRIDE, 'io_subchannel\n')
        virsh.ok('nodedev-define', document(mdev_xml()))
        assert "override says 'io_subchannel'" in virsh.fails('nodedev-start', MDEV)
        assert driver() == 'io_subchannel' and is_online()

    def test_turned_off(self, tmp_path, document):
        config = tmp_path / 'virtccwd.conf'
        config.write_text('take_parents = 0\n')
        server = Daemon(tmp_path)
        server.start('--config', str(config))
        try:
            ok('virsh', '-c', client_uri(), 'nodedev-define', document(mdev_xml()))
            result = run('virsh', '-c', client_uri(), 'nodedev-start', MDEV)
            assert result.rc == 1 and 'io_subchannel' in result.err
            assert_with_host()
        finally:
            server.stop()

    def test_failed_start_gives_back(self, virsh, document, offline_at_boot):
        ctl('fault', '*/0.0.0004/mdev_supported_types/*/create', 'write', 'errno=EIO')
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.fails('nodedev-start', MDEV)
        assert_with_host()

    def test_after_reboot(self, daemon, virsh, document):
        """What a start took is the host's again after a boot, and nothing is left over."""
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-start', MDEV)
        daemon.stop()
        ctl('reboot')
        daemon.start()
        wait_for(lambda: not os.path.exists(TAKEN), 'the record is gone')
        assert_with_host()


class TestIdentity:
    """After a change of the I/O configuration no mdev is started on the wrong disk."""

    @staticmethod
    def renumber():
        ctl('remove-subchannel', '0.0.0004')
        ctl('add-subchannel', '0.0.0007', 'device=0.0.3000', 'cutype=3990/e9',
            'devtype=3390/0c', 'chpids=34,35')
        ctl('add-subchannel', '0.0.0004', 'device=0.0.4711', 'cutype=3990/e9',
            'devtype=3390/0c', 'chpids=34,35', 'driver=vfio_ccw')

    def test_autostart(self, daemon, virsh, document):
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-autostart', MDEV)
        daemon.stop()
        self.renumber()
        daemon.start()
        daemon.wait_log('0.0.4711')
        xml = virsh.ok('nodedev-dumpxml', MDEV)
        assert not mdev_exists()
        assert re.search('failed.*0.0.3000.*0.0.4711.*0.0.0007', xml), xml

    def test_start_and_move(self, daemon, virsh, document):
        virsh.ok('nodedev-detach', CSS)
        virsh.ok('nodedev-define', document(mdev_xml()))
        self.renumber()
        error = virsh.fails('nodedev-start', MDEV)
        assert all(word in error for word in ('0.0.3000', '0.0.4711', '0.0.0007',
                                              'nodedev-update')), error
        assert not mdev_exists()
        virsh.ok('nodedev-undefine', MDEV)
        virsh.ok('nodedev-define', document(mdev_xml(subchannel='0.0.0007')))
        virsh.ok('nodedev-start', mdev_name(subchannel='0.0.0007'))
        assert mdev_exists(subchannel='0.0.0007')

    def test_defined_by_mdevctl(self, daemon, virsh, document):
        ok('mdevctl', 'define', '-u', OTHER_UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io')
        path = f'{REMEMBERED}/device/{OTHER_UUID}@{SUBCHANNEL}'
        wait_for(lambda: os.path.exists(path), 'its device is remembered')
        assert read_file(path) == '0.0.3000\n'
        self.renumber()
        assert '0.0.4711' in virsh.fails('nodedev-start', mdev_name(OTHER_UUID))
        # Whoever defines it anew means what is there now (so does nodedev-update).
        virsh.ok('nodedev-define', document(mdev_xml(OTHER_UUID)))
        virsh.ok('nodedev-start', mdev_name(OTHER_UUID))
        assert mdev_exists(OTHER_UUID)


class TestEvents:
    """Each hand-over is told, once it shows."""

    def test_update_and_lifecycle(self, daemon, lv):
        import libvirt

        seen = []
        lv.nodeDeviceEventRegisterAny(
            None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
            lambda _, dev, event, *__: seen.append((dev.name(), event)), None)
        lv.nodeDeviceEventRegisterAny(
            None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE,
            lambda _, dev, *__: seen.append((dev.name(), 'update')), None)
        device = lv.nodeDeviceLookupByName(CSS)
        device.detachFlags(None, 0) if hasattr(device, 'detachFlags') else device.dettach()
        wait_for(lambda: (CCW, libvirt.VIR_NODE_DEVICE_EVENT_DELETED) in seen, 'it has gone')
        wait_for(lambda: (CSS, 'update') in seen, 'its subchannel has changed')
        seen.clear()
        device.reAttach()
        wait_for(lambda: (CCW, libvirt.VIR_NODE_DEVICE_EVENT_CREATED) in seen, 'it is back')
        wait_for(lambda: (CSS, 'update') in seen, 'its subchannel has changed')
