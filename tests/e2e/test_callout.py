# SPDX-License-Identifier: LGPL-2.1-or-later
"""The call-out: plain mdevctl, and stock libvirt, which starts devices by it."""

import contextlib
import os
import subprocess

import pytest

import sidelib
from hostlib import (CALLOUT, LAB, MODULE, OTHER, OTHER_UUID, REMEMBERED, SOCKETS, SUBCHANNEL, UUID,
                     Daemon, bind_vfio, child, ctl, definition_path, install_callout, mdev_exists,
                     mdev_name, mdev_xml, mdevctl_rule, ok, read_file, run, wait_for, write_file)
from test_handover import (OVERRIDE, TAKEN, assert_with_host, assert_with_vfio, driver, is_online,
                           mounted)

pytestmark = pytest.mark.skipif(LAB or MODULE, reason='the DASD and its uses are simulated')

MDEV = mdev_name()
DEVICE_FILE = f'{REMEMBERED}/device/{UUID}@{SUBCHANNEL}'


@pytest.fixture(autouse=True)
def callout(fresh_host):
    ctl('set', SUBCHANNEL, 'online', '0')  # when it appears again; now it is online
    install_callout()
    assert_with_host()


def define(*args, uuid=UUID, subchannel=SUBCHANNEL):
    return run('mdevctl', 'define', '-u', uuid, '-p', subchannel, '-t', 'vfio_ccw-io', *args)


def refused(*words, argv=('mdevctl', 'start', '-u', UUID)):
    result = run(*argv)
    assert result.rc == 1, result
    assert all(word in result.err for word in words), result.err
    assert not mdev_exists()
    return result.err


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Gives the call-out settings of its own."""

    def write(text):
        path = tmp_path / 'virtccwd.conf'
        path.write_text(text)
        monkeypatch.setenv('VIRTCCWD_CONFIG', str(path))

    return write


@contextlib.contextmanager
def swap():
    before = read_file('/proc/swaps')
    write_file('/proc/swaps', before + '/dev/dasda1 partition 1 0 -2\n')
    try:
        yield
    finally:
        write_file('/proc/swaps', before)


class TestStart:
    """mdevctl start takes the parent, and stop gives it back."""

    def test_defined(self):
        assert define().err == ''
        ok('mdevctl', 'start', '-u', UUID)
        assert mdev_exists()
        assert_with_vfio(persistent=False)
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    def test_transient(self):
        ok('mdevctl', 'start', '-u', UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io')
        assert mdev_exists()
        assert_with_vfio(persistent=False)
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    def test_attributes_on_standard_input(self):
        """More than a pipe holds: the call-out reads it all."""
        attrs = ''.join(f'{{"a{number}": "{"x" * 100}"}},' for number in range(1000))
        text = f'{{"mdev_type": "vfio_ccw-io", "start": "manual", "attrs": [{attrs[:-1]}]}}'
        refused('a0', argv=('sh', '-c', f"printf '%s' '{text}' | mdevctl start -u {UUID} "
                            f'-p {SUBCHANNEL} --jsonfile /dev/stdin'))
        assert_with_host()

    def test_parent_was_with_vfio(self):
        bind_vfio()
        define()
        ok('mdevctl', 'start', '-u', UUID)
        ok('mdevctl', 'stop', '-u', UUID)
        assert driver() == 'vfio_ccw' and not os.path.exists(TAKEN)

    def test_failed_start_gives_back(self):
        define()
        ctl('fault', '*/0.0.0004/mdev_supported_types/*/create', 'write', 'errno=EIO')
        refused()
        assert_with_host()

    def test_start_of_what_is_active(self):
        """A second start fails, and the parent stays where it is."""
        define()
        ok('mdevctl', 'start', '-u', UUID)
        assert run('mdevctl', 'start', '-u', UUID).rc == 1
        result = run('mdevctl', 'start', '-u', OTHER_UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io')
        assert result.rc == 1
        assert mdev_exists()
        assert_with_vfio(persistent=False)
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    @pytest.mark.parametrize('step', ['taking', 'whole', 'giving'])
    def test_autostart_meanwhile(self, step):
        """As long as a start has the parent, mdevctl's rule starts nothing on it: what is there
        in the midst of giving it back would keep it from the host."""
        define()
        ok('mdevctl', 'start', '-u', UUID)
        ok('sed', '-i', f's/^step=.*/step={step}/', TAKEN)
        result = run(CALLOUT, '-t', 'vfio_ccw-io', '-e', 'pre', '-a', 'start', '-s', 'none',
                     '-u', OTHER_UUID, '-p', SUBCHANNEL, stdin='{}',
                     env={'DEVPATH': '/devices/css0/0.0.0004', 'ACTION': 'change',
                          'SUBSYSTEM': 'css'})
        assert result.rc == 1 and 'taken from the host for a start' in result.err, result
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    def test_override_says_otherwise(self):
        write_file(OVERRIDE, 'io_subchannel\n')
        define()
        refused("override says 'io_subchannel'")
        assert driver() == 'io_subchannel' and is_online()

    def test_absent_parent(self):
        result = define(subchannel='0.0.9999')
        assert result.rc == 0 and 'no subchannel 0.0.9999' in result.err, result
        refused('no subchannel 0.0.9999')

    def test_turned_off(self, config):
        config('take_parents = 0\n')
        result = define()
        assert result.rc == 0 and 'start would fail' in result.err, result
        assert 'io_subchannel' in result.err
        refused()
        assert_with_host()

    def test_settings_that_cannot_be_read(self, config):
        """What may be taken is not known then; devices of others are none of our business."""
        define()
        config('take_parent = 0\n')
        refused('take_parent')
        assert_with_host()
        for argv in (('-t', 'i915', '-e', 'pre', '-a', 'start', '-p', '0000:00:02.0'),
                     ('-t', 'vfio_ap-passthrough', '-e', 'pre', '-a', 'start', '-p', 'matrix')):
            result = run(CALLOUT, *argv, '-s', 'none', '-u', UUID)
            assert (result.rc, result.err) == (2, '')

    def test_not_for_us(self):
        for event, action, status in (('get', 'attributes', 2), ('get', 'capabilities', 2),
                                      ('live', 'modify', 2), ('pre', 'new', 0),
                                      ('post', 'new', 0), ('notify', 'start', 0)):
            result = run(CALLOUT, '-t', 'vfio_ccw-io', '-e', event, '-a', action, '-s', 'none',
                         '-u', UUID, '-p', SUBCHANNEL)
            assert (result.rc, result.out, result.err) == (status, '', ''), (event, action)
        assert run(CALLOUT, '--new-option').rc == 2


class TestUse:
    """What the host uses is not taken, and every user is named; define warns of it."""

    @pytest.mark.parametrize('user,words', [
        (mounted, "file system mounted at '/mnt' (dasda1)"), (swap, 'swap space on dasda1')])
    def test_refused(self, user, words):
        with user():
            result = define()
            assert result.rc == 0 and os.path.exists(definition_path()), result
            assert 'a start would fail now' in result.err and words in result.err
            refused(words, '0.0.3000')
            assert_with_host()
        ok('mdevctl', 'start', '-u', UUID)
        assert mdev_exists()

    def test_lvm(self):
        ctl('set', SUBCHANNEL, 'holder', 'dm-0/vg0-data/LVM-abc')
        assert "LVM volume 'vg0-data'" in define().err
        refused("LVM volume 'vg0-data' on dasda1")
        assert_with_host()

    def test_qdio(self):
        result = define(subchannel='0.0.0002')
        assert result.rc == 0 and 'QDIO' in result.err, result
        refused('QDIO')
        assert driver('0.0.0002') == 'io_subchannel'


class TestStop:
    """A device is not pulled away from under a guest."""

    def test_held(self):
        define()
        ok('mdevctl', 'start', '-u', UUID)
        ctl('hold', UUID)
        try:
            result = run('mdevctl', 'stop', '-u', UUID)
        finally:
            ctl('release', UUID)
        assert result.rc == 1 and 'in use by' in result.err, result
        assert mdev_exists()
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    def test_guest_has_it(self):
        """It may be on its way, and has not opened it yet."""
        define()
        ok('mdevctl', 'start', '-u', UUID)
        runs = f'{SOCKETS}/qemu/a-guest.xml'
        record = f'{REMEMBERED}/holder/{UUID}'
        write_file(runs, '')
        write_file(record, f'[guest]\nparent={SUBCHANNEL}\nguest=a-guest\nuuid={UUID}\n'
                   'started=false\nruns=true\npid=1\nsince=0\n')
        try:
            result = run('mdevctl', 'stop', '-u', UUID)
        finally:
            os.unlink(runs)
        assert result.rc == 1 and "guest 'a-guest'" in result.err, result
        assert mdev_exists()
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()


class TestIdentity:
    """The device number is remembered with mdevctl's definitions, without virtccwd."""

    @staticmethod
    def renumber():
        ctl('remove-subchannel', '0.0.0004')
        ctl('add-subchannel', '0.0.0007', 'device=0.0.3000', 'cutype=3990/e9',
            'devtype=3390/0c', 'chpids=34,35')
        ctl('add-subchannel', '0.0.0004', 'device=0.0.4711', 'cutype=3990/e9',
            'devtype=3390/0c', 'chpids=34,35', 'driver=vfio_ccw')

    def test_remembered_and_forgotten(self):
        define()
        assert read_file(DEVICE_FILE) == '0.0.3000\n'
        ok('mdevctl', 'undefine', '-u', UUID)
        assert not os.path.exists(DEVICE_FILE)

    def test_other_disk(self):
        define()
        self.renumber()
        refused('0.0.3000', '0.0.4711', '0.0.0007')
        # Another time of starting is no word on which disk is meant.
        ok('mdevctl', 'modify', '-u', UUID, '--auto')
        refused('0.0.3000', '0.0.4711')
        ok('mdevctl', 'undefine', '-u', UUID)
        define()
        ok('mdevctl', 'start', '-u', UUID)
        assert mdev_exists()

    def test_autostart_by_udev(self):
        """mdevctl's own rule does not start it on the wrong disk."""
        define('--auto')
        self.renumber()
        with mdevctl_rule():
            define('--auto', uuid=OTHER_UUID, subchannel=OTHER)
            ok('driverctl', '-b', 'css', 'unset-override', SUBCHANNEL)
            bind_vfio(SUBCHANNEL, OTHER)
            wait_for(lambda: mdev_exists(OTHER_UUID, OTHER), 'the other one is started')
        assert not mdev_exists()


class TestBesideVirtccwd:
    """Each does its own work, once, and sees what the other did."""

    def test_started_by_one_stopped_by_the_other(self, virsh, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        ok('mdevctl', 'start', '-u', UUID)
        wait_for(lambda: MDEV in virsh.names(), 'it is listed as active')
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_host()
        virsh.ok('nodedev-start', MDEV)
        assert_with_vfio(persistent=False)
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_host()

    def test_detached_meanwhile(self, virsh):
        define()
        ok('mdevctl', 'start', '-u', UUID)
        virsh.ok('nodedev-detach', 'css_0_0_0004')
        ok('mdevctl', 'stop', '-u', UUID)
        assert_with_vfio()

    def test_virtccwd_starts_meanwhile(self, tmp_path):
        """It leaves what a running mdevctl is about to use, and gives back what a killed one has
        left behind."""
        define()
        for wrapper in [], ['sh', '-c', '"$@"; exit $?', 'sh']:
            result = run(*wrapper, CALLOUT, '-t', 'vfio_ccw-io', '-e', 'pre', '-a', 'start', '-s',
                         'none', '-u', UUID, '-p', SUBCHANNEL, stdin='{}')
            assert result.rc == 0, result
            assert_with_vfio(persistent=False)
            server = Daemon(tmp_path)
            server.start()
            try:
                ok('virsh', '-c', 'ccw:///system', 'nodedev-list')
                if wrapper:
                    wait_for(lambda: 'left half done' in server.log(), 'it is reported')
                    assert_with_host()
                else:
                    assert_with_vfio(persistent=False)
            finally:
                server.stop()

    @pytest.mark.parametrize('rule', [False, True], ids=['alone', 'with the rule of mdevctl'])
    def test_autostarted(self, daemon, virsh, rule):
        """The parent registers when the start takes it: nobody else is to start something."""
        define('--auto')
        define('--auto', uuid='00000000-0000-4000-8000-000000000000')
        wait_for(lambda: len(virsh.names('--inactive')) == 2, 'both are listed')
        with mdevctl_rule() if rule else contextlib.nullcontext():
            for _ in range(5):
                ok('mdevctl', 'start', '-u', UUID)
                assert mdev_exists()
                ok('mdevctl', 'stop', '-u', UUID)
                assert_with_host()
            for _ in range(5):
                virsh.ok('nodedev-start', MDEV)
                assert mdev_exists()
                virsh.ok('nodedev-destroy', MDEV)
                assert_with_host()
        assert 'autostart' not in daemon.log()

    def test_both_at_once(self, virsh):
        """One of the two gets it, and nothing hangs or stays half done."""
        define()
        wait_for(lambda: MDEV in virsh.names('--inactive'), 'it is listed')
        for _ in range(5):
            with child(['mdevctl', 'start', '-u', UUID], stderr=subprocess.DEVNULL) as theirs:
                ours = virsh('nodedev-start', MDEV)
                assert 0 in (theirs.wait(30), ours.rc), ours
            assert mdev_exists()
            assert_with_vfio(persistent=False)
            ok('mdevctl', 'stop', '-u', UUID)
            assert_with_host()


@pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')
class TestStockLibvirt:
    """nodedev-start of stock libvirt, whose mediated devices mdevctl starts."""

    @pytest.fixture
    def stock(self, tmp_path):
        with sidelib.Stock(tmp_path) as running:
            yield running.virsh

    def test_start_and_destroy(self, stock, document):
        stock.ok('nodedev-define', document(mdev_xml()))
        wait_for(lambda: MDEV in stock.names('--inactive'), 'it is listed')
        assert read_file(DEVICE_FILE) == '0.0.3000\n'
        stock.ok('nodedev-start', MDEV)
        assert mdev_exists()
        assert_with_vfio(persistent=False)
        wait_for(lambda: MDEV in stock.names(), 'it is listed as active')
        stock.ok('nodedev-destroy', MDEV)
        assert_with_host()

    def test_refused(self, stock, document):
        stock.ok('nodedev-define', document(mdev_xml()))
        wait_for(lambda: MDEV in stock.names('--inactive'), 'it is listed')
        with mounted():
            result = stock('nodedev-start', MDEV)
            assert result.rc == 1
            assert "file system mounted at '/mnt' (dasda1)" in result.err, result.err
        assert_with_host()

    def test_with_virtccwd(self, daemon, virsh, stock, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-autostart', MDEV)
        wait_for(lambda: MDEV in stock.names('--inactive'), 'stock lists it')
        stock.ok('nodedev-start', MDEV)
        wait_for(lambda: MDEV in virsh.names(), 'we list it as active')
        virsh.ok('nodedev-destroy', MDEV)
        assert_with_host()
        assert 'autostart' not in daemon.log()
