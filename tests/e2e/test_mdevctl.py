# SPDX-License-Identifier: LGPL-2.1-or-later
"""One store, two tools: what virsh does mdevctl sees, and the other way round."""

import json
import os
import time

import pytest

from hostlib import (DEFINITIONS, OTHER, OTHER_UUID, SLOW, SUBCHANNEL, UUID, at_most,
                     bind_vfio, ctl, define_file, definition_path, free, mdev_exists,
                     mdev_name, mdev_xml, mdevctl_rule, ok, read_file, run, simulated, wait_for,
                     write_file)

MDEV = mdev_name()


def listed():
    """What mdevctl list -d shows, as lists of words."""
    return [line.split() for line in ok('mdevctl', 'list', '-d').strip().splitlines()]


def dumped(uuid=UUID, subchannel=SUBCHANNEL):
    found = json.loads(ok('mdevctl', 'list', '-d', '--dumpjson'))
    return [config[uuid] for host in found for config in host.get(subchannel, [])
            if uuid in config]


class TestVirshToMdevctl:
    """What virsh defines."""

    def test_definition_is_shown(self, virsh, document):
        attrs = '<attr name="b" value="2"/><attr name="a" value="&lt;1&gt;"/>'
        virsh.ok('nodedev-define', document(mdev_xml(extra=attrs)))
        assert dumped() == [{'mdev_type': 'vfio_ccw-io', 'start': 'manual',
                             'attrs': [{'b': '2'}, {'a': '<1>'}]}]
        virsh.ok('nodedev-autostart', MDEV)
        assert listed()[0][:4] == [UUID, SUBCHANNEL, 'vfio_ccw-io', 'auto']
        virsh.ok('nodedev-undefine', MDEV)
        assert listed() == []

    def test_definition_can_be_started(self, virsh, document):
        bind_vfio()
        virsh.ok('nodedev-define', document(mdev_xml()))
        ok('mdevctl', 'start', '-u', UUID)
        assert mdev_exists()
        wait_for(lambda: MDEV in virsh.names(), 'virsh lists it as active')
        ok('mdevctl', 'stop', '-u', UUID)
        wait_for(lambda: MDEV in virsh.names('--inactive'), 'virsh lists it as inactive')

    def test_files_are_as_mdevctl_writes_them(self, virsh, document):
        """To the byte, so that whoever compares them sees no difference."""
        ok('mdevctl', 'define', '-u', UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io', '--auto')
        theirs = read_file(definition_path())
        virsh.ok('nodedev-define', document(mdev_xml(OTHER_UUID)))
        virsh.ok('nodedev-autostart', mdev_name(OTHER_UUID))
        assert read_file(definition_path(OTHER_UUID)) == theirs


def soon():
    """A second of an idle machine, for wait_for()."""
    return at_most(1) / SLOW


class TestMdevctlToVirsh:
    """What mdevctl does to definitions; virsh shows it within a second."""

    def test_define_modify_undefine(self, virsh):
        ok('mdevctl', 'define', '-u', UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io')
        wait_for(lambda: MDEV in virsh.names('--inactive'), 'it is listed', soon())
        assert '<attr' not in virsh.ok('nodedev-dumpxml', MDEV)
        ok('mdevctl', 'modify', '-u', UUID, '-p', SUBCHANNEL, '--auto')
        wait_for(lambda: 'Autostart:      yes' in virsh.ok('nodedev-info', MDEV),
                 'autostart is shown', soon())
        ok('mdevctl', 'modify', '-u', UUID, '-p', SUBCHANNEL, '--addattr', 'one',
           '--value', '1')
        wait_for(lambda: "<attr name='one' value='1'/>" in virsh.ok('nodedev-dumpxml', MDEV),
                 'the attribute is shown', soon())
        ok('mdevctl', 'undefine', '-u', UUID, '-p', SUBCHANNEL)
        wait_for(lambda: MDEV not in virsh.names('--all'), 'it is gone', soon())

    def test_start_and_stop(self, virsh):
        bind_vfio()
        ok('mdevctl', 'start', '-u', UUID, '-p', SUBCHANNEL, '-t', 'vfio_ccw-io')
        wait_for(lambda: MDEV in virsh.names(), 'it is listed', soon())
        assert 'Persistent:     no' in virsh.ok('nodedev-info', MDEV)
        ok('mdevctl', 'stop', '-u', UUID)
        wait_for(lambda: MDEV not in virsh.names('--all'), 'it is gone', soon())

    def test_folder_that_comes_and_goes(self, virsh):
        define_file(subchannel='0.0.0abc')
        name = mdev_name(subchannel='0.0.0abc')
        wait_for(lambda: name in virsh.names('--all'), 'it is listed', soon())
        os.unlink(definition_path(subchannel='0.0.0abc'))
        os.rmdir(f'{DEFINITIONS}/0.0.0abc')
        wait_for(lambda: name not in virsh.names('--all'), 'it is gone', soon())
        define_file(subchannel='0.0.0abc')
        wait_for(lambda: name in virsh.names('--all'), 'it is listed again', soon())


class TestSharing:
    """Nothing that is not asked for is touched."""

    EXTRA = '  "comment": "of the team for \\u00e4ther",\n  "nested": {"a": [1, 2.50, null]},\n'

    def test_unknown_keys_survive(self, virsh):
        define_file(extra=self.EXTRA)
        wait_for(lambda: MDEV in virsh.names('--all'), 'it is listed')
        before = json.loads(read_file(definition_path()))
        virsh.ok('nodedev-autostart', MDEV)
        assert json.loads(read_file(definition_path())) == {**before, 'start': 'auto'}
        virsh.ok('nodedev-autostart', MDEV, '--disable')
        assert json.loads(read_file(definition_path())) == before
        assert '2.50' in read_file(definition_path())

    def test_redefining_keeps_autostart_and_unknown_keys(self, virsh, document):
        define_file(start='auto', extra=self.EXTRA)
        wait_for(lambda: MDEV in virsh.names('--all'), 'it is listed')
        attr = '<attr name="one" value="1"/>'
        virsh.ok('nodedev-define', document(mdev_xml(extra=attr)))
        after = json.loads(read_file(definition_path()))
        assert after['start'] == 'auto' and after['nested'] == {'a': [1, 2.5, None]}
        assert after['attrs'] == [{'one': '1'}]

    @pytest.fixture
    def twins(self, virsh):
        """The same UUID, defined on two subchannels."""
        bind_vfio(SUBCHANNEL, OTHER)
        define_file()
        define_file(subchannel=OTHER)
        name = mdev_name(subchannel=OTHER)
        wait_for(lambda: {MDEV, name} <= set(virsh.names('--all')), 'both are listed')
        return name

    def test_autostart_touches_one(self, virsh, twins):
        virsh.ok('nodedev-autostart', MDEV)
        assert [line[1:4:2] for line in listed()] == [[SUBCHANNEL, 'auto'], [OTHER, 'manual']]
        assert 'Autostart:      no' in virsh.ok('nodedev-info', twins)

    def test_start_touches_one(self, virsh, twins):
        virsh.ok('nodedev-start', twins)
        assert mdev_exists(subchannel=OTHER) and not mdev_exists()
        assert virsh.names('--cap', 'mdev') == [twins]
        assert virsh.names('--inactive') == [MDEV]
        error = virsh.fails('nodedev-start', MDEV)
        assert OTHER in error and 'active' in error
        virsh.ok('nodedev-destroy', twins)
        assert not mdev_exists(subchannel=OTHER)

    def test_undefine_touches_one(self, virsh, twins):
        virsh.ok('nodedev-undefine', MDEV)
        assert [line[1] for line in listed()] == [OTHER]
        assert virsh.names('--inactive') == [twins]

    def test_one_bad_file_among_many(self, daemon, virsh):
        """999 are served; the bad one is named, once."""
        daemon.stop()
        uuids = [f'00000000-0000-4000-8000-{number:012x}' for number in range(1000)]
        for uuid in uuids:
            define_file(uuid, OTHER)
        write_file(definition_path(uuids[500], OTHER), '{"mdev_type": "vfio_ccw-io",')
        daemon.start()
        names = virsh.names('--inactive')
        assert names == [mdev_name(uuid, OTHER) for uuid in uuids if uuid != uuids[500]]
        daemon.wait_log(uuids[500])
        define_file(uuids[500], OTHER)
        wait_for(lambda: len(virsh.names('--inactive')) == 1000, 'all are listed')
        assert daemon.log().count(uuids[500]) == 1

    @pytest.mark.parametrize('text', [
        '', '[]', 'null', '{}', '{"mdev_type": 3, "start": "auto", "attrs": []}',
        '{"mdev_type": "vfio_ccw-io", "start": "perhaps", "attrs": []}',
        '{"mdev_type": "vfio_ccw-io", "start": "auto", "attrs": {}}', '\0', '[' * 100000],
        ids=['empty', 'array', 'null', 'nothing', 'number', 'start', 'attrs', 'nul', 'deep'])
    def test_bad_files(self, daemon, virsh, text):
        write_file(definition_path(), text)
        define_file(OTHER_UUID)
        wait_for(lambda: virsh.names('--inactive') == [mdev_name(OTHER_UUID)],
                 'the good one is listed')
        wait_for(lambda: UUID in daemon.log(), 'the bad one is named')
        assert read_file(definition_path()) == text

    def test_strangers_are_left_alone(self, daemon, virsh):
        """Other files and folders in the store: other mdevs, editors' leftovers, scripts."""
        strangers = [f'{DEFINITIONS}/0000:00:02.0/{UUID}', f'{DEFINITIONS}/matrix/{UUID}',
                     f'{DEFINITIONS}/README', f'{definition_path()}~',
                     f'{DEFINITIONS}/{SUBCHANNEL}/.{UUID}.swp']
        for path in strangers:
            write_file(path, '{"mdev_type": "i915", "start": "auto", "attrs": []}')
        daemon.restart()
        assert virsh.names('--cap', 'mdev', '--all') == []
        for path in strangers:
            assert os.path.exists(path)


class TestAutostart:
    """At the daemon's start, and whenever a subchannel begins to offer types."""

    def test_when_bound_later(self, daemon, virsh):
        define_file(start='auto')
        wait_for(lambda: MDEV in virsh.names('--inactive'), 'it is listed')
        assert not mdev_exists()
        bind_vfio()
        wait_for(mdev_exists, 'it is started')
        daemon.wait_log(f"autostarted '{MDEV}'")

    def test_when_bound_at_once(self, daemon, virsh):
        """Whichever of the two the daemon hears of first."""
        for number in range(10):
            uuid = f'00000000-0000-4000-8000-{number:012x}'
            define_file(uuid, start='auto')
            bind_vfio()
            wait_for(lambda uuid=uuid: mdev_exists(uuid), 'it is started')
            os.unlink(definition_path(uuid))
            free()

    @simulated
    def test_when_plugged_later(self, daemon, virsh):
        define_file(start='auto', subchannel='0.0.0500')
        ctl('add-subchannel', '0.0.0500', 'device=0.0.4711', 'cutype=3990/e9', 'devtype=3390/0c',
            'override=vfio_ccw')
        wait_for(lambda: mdev_exists(subchannel='0.0.0500'), 'it is started')

    def test_manual_stays(self, daemon, virsh):
        define_file()
        define_file(OTHER_UUID, OTHER, 'auto')
        bind_vfio(SUBCHANNEL, OTHER)
        wait_for(lambda: mdev_exists(OTHER_UUID, OTHER), 'the other is started')
        assert not mdev_exists()

    def test_destroyed_stays_destroyed(self, daemon, virsh):
        """Once for each registration: whoever destroys it meant it."""
        define_file(start='auto')
        bind_vfio()
        wait_for(lambda: MDEV in virsh.names(), 'it is started')
        virsh.ok('nodedev-destroy', MDEV)
        define_file(OTHER_UUID, OTHER, 'auto')
        bind_vfio(OTHER)
        wait_for(lambda: mdev_exists(OTHER_UUID, OTHER), 'the other is started')
        assert not mdev_exists()

    def test_outcome_is_shown(self, daemon, virsh):
        """Why it is not there is told by its document, and by the log."""
        define_file(start='auto')
        define_file(OTHER_UUID, start='auto')  # there is room for one of the two
        bind_vfio()
        daemon.wait_log('cannot autostart')
        first, second = sorted([UUID, OTHER_UUID], key=lambda uuid: not mdev_exists(uuid))
        assert mdev_exists(first) and not mdev_exists(second)
        xml = virsh.ok('nodedev-dumpxml', mdev_name(second))
        assert "<virtccw:autostart" in xml and "result='failed'" in xml
        assert mdev_name(first) in xml  # who has the place
        assert daemon.log().count(f"cannot autostart '{mdev_name(second)}'") == 1
        assert 'virtccw:autostart' not in virsh.ok('nodedev-dumpxml', mdev_name(first))
        virsh.ok('nodedev-destroy', mdev_name(first))
        virsh.ok('nodedev-start', mdev_name(second))
        assert 'virtccw:autostart' not in virsh.ok('nodedev-dumpxml', mdev_name(second))

    def test_waiting_is_shown(self, daemon, virsh):
        define_file(start='auto')
        wait_for(lambda: "result='waiting'" in virsh('nodedev-dumpxml', MDEV).out,
                 'that it waits is shown')
        assert 'vfio_ccw' in virsh.ok('nodedev-dumpxml', MDEV)

    def test_beside_mdevctl(self, daemon, virsh):
        """mdevctl's udev rule does the same at the same moment: once is enough."""
        with mdevctl_rule():
            define_file(start='auto')
            wait_for(lambda: MDEV in virsh.names('--inactive'), 'it is listed')
            for _ in range(5):
                bind_vfio()
                wait_for(lambda: MDEV in virsh.names(), 'it is started')
                time.sleep(0.2)  # time for a second attempt, if there were one
                virsh.ok('nodedev-destroy', MDEV)
                free()
        assert 'cannot autostart' not in daemon.log()
        assert "result='failed'" not in virsh.ok('nodedev-dumpxml', MDEV)


def test_mdevctl_without_our_daemon(daemon, virsh, document):
    """What was defined outlives the daemon: mdevctl alone starts it."""
    bind_vfio()
    virsh.ok('nodedev-define', document(mdev_xml()))
    daemon.stop()
    assert run('mdevctl', 'start', '-u', UUID).rc == 0
    assert mdev_exists()
