# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stock virsh answers on ccw:///system, verb by verb."""

import platform
import re
import socket

import pytest

from hostlib import (CSS, DEVICES, LAB, MODULE, OTHER, OTHER_CCW, OTHER_UUID, SUBCHANNEL,
                     SUBCHANNELS, URI, UUID, Virsh, bind_vfio, css_name, define_file,
                     definition_path, golden, mdev_exists, mdev_name, mdev_xml, plugged,
                     read_file, wait_for)

MDEV = mdev_name()
simulated_devices = pytest.mark.skipif(
    LAB, reason="the expected documents are those of the simulator's devices")

# Every capability that nodedev-list knows by name, and what this host has of it.
CAPABILITIES = {
    'system': ['computer'],
    'css': SUBCHANNELS,
    'ccw': DEVICES,
    **{name: [] for name in (
        'mdev', 'mdev_types', 'pci', 'usb_device', 'usb', 'net', 'scsi_host', 'scsi_target',
        'scsi', 'storage', 'fc_host', 'vports', 'scsi_generic', 'drm', 'vdpa', 'ap_card',
        'ap_queue', 'ap_matrix', 'vpd')},
}

# What has no meaning on this connection, and what virsh says then.
UNSUPPORTED = [
    'pool-list --all', 'net-list --all', 'iface-list', 'nwfilter-list',
    'secret-list', 'domstats', 'nodeinfo', 'sysinfo', 'freecell', 'nodecpumap',
    'nodememstats', 'node-memory-tune', 'nodesuspend mem 60',
    'cpu-models x86_64', 'find-storage-pool-sources dir', 'vol-list default',
    'net-info default', 'nwfilter-dumpxml clean-traffic', 'iface-dumpxml eth0',
    'nwfilter-binding-list', 'iface-begin', 'allocpages 4 4',
]
UNKNOWN = re.compile(r'error: this function is not supported by the connection driver: vir\w+'
                     if MODULE else
                     r'error: unknown procedure: \d+ \(virtccwd does not have this call\)')


class TestConnection:
    """What is asked of the connection itself."""

    @pytest.mark.parametrize('options', [[], ['-r']], ids=['write', 'read-only'])
    def test_answers(self, daemon, options):
        virsh = Virsh(URI, options)
        assert virsh.ok('uri') == f'{URI}\n\n'
        assert virsh.ok('hostname') == f'{socket.gethostname()}\n\n'
        assert f'<arch>{platform.machine()}</arch>' in virsh.ok('capabilities')
        assert 'Using API: CCW 9.0.0\n' in virsh.ok('version')
        assert re.search(r'Running hypervisor: CCW \d+\.\d+\.\d+\n', virsh.ok('version'))
        assert 'Running against daemon: 9.0.0\n' in virsh.ok('version', '--daemon')

    def test_unknown_path(self, daemon):
        error = Virsh('ccw:///nowhere').fails('uri')
        assert "'ccw:///nowhere'" in error and 'ccw:///system' in error

    @pytest.mark.parametrize('command', UNSUPPORTED)
    def test_what_does_not_apply_fails_politely(self, virsh, command):
        errors = virsh.fails(*command.split()).splitlines()
        assert len(errors) <= 2  # what virsh wanted to do, and why it could not
        assert UNKNOWN.fullmatch(errors[-1]), errors

    def test_shell_lives_on(self, virsh):
        """All of it in one connection, which then still works."""
        script = ''.join(f'{command}\nnodedev-list --cap system\n' for command in UNSUPPORTED)
        result = virsh(stdin=script + 'nodedev-list --cap css\n')
        assert len(UNKNOWN.findall(result.err)) == len(UNSUPPORTED)
        assert len(re.findall(r'^computer$', result.out, re.M)) == len(UNSUPPORTED)
        assert set(SUBCHANNELS) <= set(result.out.split())
        assert 'Disconnected' not in result.err and 'reconnect' not in result.err


class TestList:
    """nodedev-list."""

    @pytest.mark.parametrize('name', CAPABILITIES)
    def test_capability(self, virsh, name):
        assert virsh.names('--cap', name) == CAPABILITIES[name]

    def test_capabilities_add_up(self, virsh):
        assert virsh.names('--cap', 'css,ccw,pci') == sorted(SUBCHANNELS + DEVICES)

    def test_unknown_capability(self, virsh):
        assert "'nothing'" in virsh.fails('nodedev-list', '--cap', 'nothing') or \
            'Invalid capability type' in virsh.fails('nodedev-list', '--cap', 'nothing')

    def test_states(self, virsh):
        bind_vfio(SUBCHANNEL, OTHER)
        define_file()
        define_file(OTHER_UUID, OTHER)
        other = mdev_name(OTHER_UUID, OTHER)
        wait_for(lambda: len(virsh.names('--all', '--cap', 'mdev')) == 2, 'both are seen')
        virsh.ok('nodedev-start', MDEV)
        assert virsh.names('--cap', 'mdev') == [MDEV]
        assert virsh.names('--cap', 'mdev', '--inactive') == [other]
        assert virsh.names('--inactive') == [other]
        assert virsh.names('--cap', 'mdev', '--all') == [MDEV, other]
        assert virsh.names('--cap', 'mdev_types') == ['css_0_0_0004', css_name(OTHER)]
        everything = virsh.names('--all')
        assert everything == sorted(everything) and len(set(everything)) == len(everything)
        assert set(everything) == {'computer', MDEV, other, *SUBCHANNELS, *DEVICES} - \
            {'ccw_0_0_3000', OTHER_CCW}

    @simulated_devices
    def test_tree(self, virsh):
        bind_vfio()
        define_file()
        define_file(OTHER_UUID, '0.0.9999')  # on a subchannel that is not there
        wait_for(lambda: len(virsh.names('--all', '--cap', 'mdev')) == 2, 'both are seen')
        virsh.ok('nodedev-start', MDEV)
        golden('tree.txt', virsh.ok('nodedev-list', '--tree'))
        golden('tree-all.txt', virsh.ok('nodedev-list', '--tree', '--all'))


class TestDocuments:
    """nodedev-dumpxml and -info."""

    @simulated_devices
    def test_golden(self, virsh):
        virsh.ok('nodedev-dumpxml', 'ccw_0_0_3000')  # it has been seen before it goes
        bind_vfio()
        define_file()
        define_file(OTHER_UUID, OTHER)
        wait_for(lambda: len(virsh.names('--all', '--cap', 'mdev')) == 2, 'both are seen')
        golden('css-vfio-free.xml', virsh.ok('nodedev-dumpxml', CSS))
        virsh.ok('nodedev-start', MDEV)
        for name, node in {
                'computer.xml': 'computer',
                'css-vfio-taken.xml': CSS,
                'css-io.xml': css_name(OTHER),
                'ccw-online.xml': OTHER_CCW,
                'ccw-offline.xml': 'ccw_0_0_1900',
                'mdev-active.xml': MDEV,
                'mdev-inactive.xml': mdev_name(OTHER_UUID, OTHER)}.items():
            golden(name, virsh.ok('nodedev-dumpxml', node))

    @pytest.mark.parametrize('node, parent, persistent', [
        ('computer', '', 'yes'), (CSS, 'computer', 'no'), ('ccw_0_0_3000', CSS, 'no')])
    def test_info(self, virsh, node, parent, persistent):
        assert virsh.ok('nodedev-info', node) == (
            f'Name:           {node}\n'
            f'Parent:         {parent}\n'
            f'Active:         yes\nPersistent:     {persistent}\nAutostart:      {persistent}\n\n')

    def test_xpath(self, virsh):
        if '--xpath' not in virsh('help', 'nodedev-dumpxml').out:
            pytest.skip('this virsh has no --xpath')
        assert virsh.ok('nodedev-dumpxml', CSS, '--xpath', '//channel_dev_addr/devno') == \
            '<devno>0x3000</devno>\n\n'

    def test_old_name(self, virsh):
        """Clients of libvirt before 7.8 keep names without the parent."""
        define_file()
        wait_for(lambda: MDEV in virsh.names('--all'), 'the definition is seen')
        assert f'<name>{MDEV}</name>' in virsh.ok('nodedev-dumpxml', MDEV[:41])

    @pytest.mark.parametrize('name', [
        'css_0_0_9999', 'nothing', 'css_0_0_0004 ', 'CSS_0_0_0004', 'css_0_0_00040',
        'mdev_18e124fb_b2fc_47f6_a407_f256b6c49767', 'ccw_0_0_', 'x' * 5000])
    def test_not_there(self, virsh, name):
        error = virsh.fails('nodedev-dumpxml', name)
        assert 'Node device not found' in error or 'Could not find matching device' in error


class TestLife:
    """The verbs that change something."""

    def test_transient(self, virsh, document):
        bind_vfio()
        path = document(mdev_xml())
        assert virsh.ok('nodedev-create', path) == \
            f'Node device {MDEV} created from {path}\n\n'
        assert mdev_exists()
        info = virsh.ok('nodedev-info', MDEV)
        assert re.search(r'Active: +yes\nPersistent: +no\nAutostart: +no\n', info)
        assert 'transient' in virsh.fails('nodedev-undefine', MDEV)
        assert 'transient' in virsh.fails('nodedev-autostart', MDEV)
        assert 'active already' in virsh.fails('nodedev-start', MDEV)
        virsh.ok('nodedev-destroy', MDEV)
        assert not mdev_exists()
        assert virsh.names('--cap', 'mdev', '--all') == []

    def test_create_validates(self, virsh, document):
        bind_vfio()
        assert 'created from' in virsh.ok('nodedev-create', '--validate', document(mdev_xml()))

    def test_create_of_a_defined_device_starts_it(self, virsh, document):
        bind_vfio()
        path = document(mdev_xml())
        virsh.ok('nodedev-define', '--validate', path)
        virsh.ok('nodedev-create', path)
        info = virsh.ok('nodedev-info', MDEV)
        assert re.search(r'Active: +yes\nPersistent: +yes\n', info)

    def test_uuid_is_made(self, virsh, document):
        out = virsh.ok('nodedev-define', document(mdev_xml(uuid=None)))
        names = virsh.names('--inactive')
        assert len(names) == 1 and f"'{names[0]}' defined" in out
        assert re.fullmatch(r'mdev_\w{8}_\w{4}_4\w{3}_[89ab]\w{3}_\w{12}_0_0_0004', names[0])

    def test_uuid_in_any_form(self, virsh, document):
        loose = f' {UUID.upper().replace("-", "")} '
        assert MDEV in virsh.ok('nodedev-define', document(mdev_xml(uuid=loose)))

    def test_autostart_on_and_off(self, virsh, document):
        virsh.ok('nodedev-define', document(mdev_xml()))
        assert virsh.ok('nodedev-autostart', MDEV) == \
            f'Device {MDEV} marked as autostarted\n\n'
        assert '"start": "auto"' in read_file(definition_path())
        assert virsh.ok('nodedev-autostart', MDEV, '--disable') == \
            f'Device {MDEV} unmarked as autostarted\n\n'
        assert '"start": "manual"' in read_file(definition_path())

    def test_undefine_of_an_active_device(self, virsh, document):
        """It becomes transient, and goes when it is destroyed."""
        bind_vfio()
        virsh.ok('nodedev-define', document(mdev_xml()))
        virsh.ok('nodedev-autostart', MDEV)
        virsh.ok('nodedev-start', MDEV)
        virsh.ok('nodedev-undefine', MDEV)
        info = virsh.ok('nodedev-info', MDEV)
        assert re.search(r'Active: +yes\nPersistent: +no\nAutostart: +no\n', info)
        virsh.ok('nodedev-destroy', MDEV)
        assert MDEV not in virsh.names('--all')

    def test_dumped_definition_can_be_defined_again(self, virsh, document):
        attr = '<attr name="one" value="a&lt;b&amp;&quot;"/><attr name="two" value=""/>'
        virsh.ok('nodedev-define', document(mdev_xml(extra=attr)))
        dumped = virsh.ok('nodedev-dumpxml', MDEV)
        virsh.ok('nodedev-undefine', MDEV)
        virsh.ok('nodedev-define', '--validate', document(dumped))
        assert virsh.ok('nodedev-dumpxml', MDEV) == dumped

    @pytest.mark.parametrize('verb', ['start', 'destroy', 'undefine', 'autostart'])
    @pytest.mark.parametrize('node', [CSS, 'ccw_0_0_3000', 'computer'])
    def test_only_mediated_devices(self, virsh, verb, node):
        error = virsh.fails(f'nodedev-{verb}', node)
        assert f"'{node}'" in error and 'not a mediated device' in error

    def test_hot_plug_is_seen(self, virsh):
        with plugged() as (subchannel, _):
            names = {css_name(subchannel), 'ccw_0_0_4711'}
            wait_for(lambda: names <= set(virsh.names()), 'it is listed')
        wait_for(lambda: not names & set(virsh.names()), 'it is gone')
