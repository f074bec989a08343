# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as command lines, and what the emulator can do, by unmodified virsh."""

import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import time
import xml.etree.ElementTree as ET

import libvirt
import pytest

from domainlib import DOMAIN, domain_path, domain_xml, hostdev_xml
from hostlib import (BUILD, HERE, LAB, MODULE, RO_SOCKET, SOURCE, URI, VIRTCCWD, Daemon, Virsh,
                     at_most, background, golden, ok, run, wait_for)

QEMU = shutil.which('qemu-system-s390x')
MANUAL = os.path.join(SOURCE, 'xmlfiles/guest-manual.xml')
MANUAL_UUID = '7e270a25-e163-4922-af60-757fc8ed48c6'
QEMU_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'
SYSFSDEV = f'/sys/bus/mdev/devices/{MANUAL_UUID}'

emulator = pytest.mark.skipif(not QEMU, reason='qemu-system-s390x is not installed')


def to_native(virsh, *args):
    return shlex.split(virsh.ok('domxml-to-native', 'qemu-argv', *args))


def channel_devices(words):
    """The properties of each -device vfio-ccw, in the order that they are written in."""
    values = [value for option, value in zip(words, words[1:]) if option == '-device']
    devices = [json.loads(value) if value.startswith('{') else
               dict(pair.split('=', 1) for pair in f'driver={value}'.split(','))
               for value in values]
    return [list(device.items()) for device in devices if device['driver'] == 'vfio-ccw']


MANUAL_DEVICE = [('driver', 'vfio-ccw'), ('id', 'hostdev0'), ('sysfsdev', SYSFSDEV),
                 ('devno', 'fe.0.1234')]


@pytest.fixture
def write(tmp_path):
    """Writes a file for virsh. Returns: its path."""
    def do(text):
        path = tmp_path / 'document'
        path.write_text(text)
        return str(path)
    return do


@pytest.fixture
def own_folder():
    """A folder that is root's alone, up to /."""
    folder = pathlib.Path('/run/virtccw-emulators')
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def no_emulator(tmp_path, monkeypatch):
    """A daemon started after this one finds no QEMU."""
    monkeypatch.setenv('PATH', str(tmp_path))


@emulator
class TestToNative:
    """domxml-to-native qemu-argv."""

    def test_manual_as_file(self, virsh):
        words = to_native(virsh, MANUAL)
        assert QEMU in words
        assert channel_devices(words) == [MANUAL_DEVICE]

    def test_manual_by_name(self, virsh):
        virsh.ok('define', MANUAL)
        assert channel_devices(to_native(virsh, '--domain', 'manual')) == [MANUAL_DEVICE]
        assert to_native(virsh, '--domain', 'manual') == to_native(virsh, MANUAL)

    def test_addresses_are_given(self, virsh, write):
        devices = hostdev_xml() + hostdev_xml(MANUAL_UUID)
        found = channel_devices(to_native(virsh, write(domain_xml(devices=devices))))
        assert [dict(device)['devno'] for device in found] == ['fe.0.0000', 'fe.0.0001']
        assert virsh.ok('list', '--all', '--name').split() == []

    def test_bad_documents(self, virsh, write):
        def refused(text):
            return virsh.fails('domxml-to-native', 'qemu-argv', write(text))

        address = "<address type='ccw' cssid='0x0' ssid='0x0' devno='0x0001'/>"
        error = refused(domain_xml(devices=hostdev_xml(address=address)))
        assert 'cssid' in error and '0xfe' in error
        assert MANUAL_UUID in refused(domain_xml(devices=2 * hostdev_xml(MANUAL_UUID)))
        assert 'line 1, column 9' in refused('<domain>')
        assert virsh.ok('domxml-to-native', 'qemu-argv', MANUAL)

    def test_bad_emulator(self, virsh, write):
        """None is run that is not there, is not called as QEMU is, or that a stranger could
        have put there."""
        def refused(path):
            return virsh.fails('domxml-to-native', 'qemu-argv', write(
                domain_xml(devices=f'<emulator>{path}</emulator>')))

        assert "no emulator '/nowhere/qemu'" in refused('/nowhere/qemu')
        assert "no emulator 'bin/qemu-system-s390x'" in refused('bin/qemu-system-s390x')
        assert 'is called qemu-system-' in refused('/bin/true')

    def test_strange_emulator(self, virsh, write, own_folder):
        def refused(path):
            return virsh.fails('domxml-to-native', 'qemu-argv', write(
                domain_xml(devices=f'<emulator>{path}</emulator>')))

        witness = own_folder / 'witness'
        program = own_folder / 'folder/qemu-system-s390x'
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\ntouch {witness}\n')
        program.chmod(0o755)
        os.chown(program, 1, 1)
        assert 'nobody else may write' in refused(program)
        os.chown(program, 0, 0)
        for path in (program, program.parent):
            for mode in (0o777, 0o1777, 0o757):
                path.chmod(mode)
                assert f"could change '{path}'" in refused(program)
            path.chmod(0o775)
            os.chown(path, 0, 1)
            assert f"could change '{path}'" in refused(program)
            os.chown(path, 1, 0)
            assert f"could change '{path}'" in refused(program)
            os.chown(path, 0, 0)
        link = own_folder / 'qemu-system-s390x'
        link.symlink_to('/bin/true')
        assert 'is called qemu-system-' in refused(link)
        assert not witness.exists()
        link.unlink()
        link.symlink_to(program)
        assert f"'{program}' ended without an answer" in refused(link)
        assert witness.exists()

    def test_hanging_emulator(self, daemon, virsh, write, own_folder):
        """One that does not answer delays only those who ask for it, and ends with the daemon."""
        program = own_folder / 'qemu-system-s390x'
        program.write_text('#!/bin/sh\nexec sleep 100\n')
        program.chmod(0o755)
        path = write(domain_xml(devices=f'<emulator>{program}</emulator>'))
        begin = time.monotonic()
        with background(*virsh.argv, 'domxml-to-native', 'qemu-argv', path,
                        out=own_folder / 'out'):
            wait_for(lambda: 'sleep 100' in run('ps', 'ax').out, 'it runs')
            for verb in (['domxml-to-native', 'qemu-argv', MANUAL], ['domcapabilities'],
                         ['capabilities']):
                virsh.ok(*verb)
            daemon.stop()
        assert time.monotonic() - begin < at_most(15)
        wait_for(lambda: 'sleep 100' not in run('ps', 'ax').out, 'it is gone')

    def test_other_format(self, virsh):
        assert "'xen-xl'" in virsh.fails('domxml-to-native', 'xen-xl', MANUAL)
        assert "'xen-xl'" in virsh.fails('domxml-from-native', 'xen-xl', MANUAL)


class TestFromNative:
    """domxml-from-native qemu-argv."""

    def test_manual(self, virsh, write):
        path = write('qemu-system-s390x -M s390-ccw-virtio -m 2048 -device '
                     f'vfio-ccw,devno=fe.0.1234,sysfsdev={SYSFSDEV}\n')
        hostdev, = ET.fromstring(virsh.ok('domxml-from-native', 'qemu-argv', path)).iter('hostdev')
        assert hostdev.attrib | {'managed': ''} == {
            'mode': 'subsystem', 'type': 'mdev', 'model': 'vfio-ccw', 'managed': ''}
        assert hostdev.find('source/address').get('uuid') == MANUAL_UUID
        assert hostdev.find('address').attrib == {
            'type': 'ccw', 'cssid': '0xfe', 'ssid': '0x0', 'devno': '0x1234'}

    @emulator
    def test_there_and_back(self, virsh, write):
        words = to_native(virsh, MANUAL)
        xml = virsh.ok('domxml-from-native', 'qemu-argv', write(shlex.join(words)))
        assert channel_devices(to_native(virsh, write(xml))) == [MANUAL_DEVICE]
        virsh.ok('define', '/dev/stdin', stdin=xml)
        assert channel_devices(to_native(virsh, '--domain', 'manual')) == [MANUAL_DEVICE]

    @pytest.mark.parametrize('line, cause', [
        ('qemu-system-x86_64 -m 512', 'qemu-system-x86_64'),
        ("qemu-system-s390x -name 'open", 'byte 24'),
    ])
    def test_bad_lines(self, virsh, write, line, cause):
        assert cause in virsh.fails('domxml-from-native', 'qemu-argv', write(line))

    def test_the_rest_is_kept(self, virsh, write):
        device = f'vfio-ccw,devno=fe.0.zzzz,sysfsdev={SYSFSDEV}'
        root = ET.fromstring(virsh.ok('domxml-from-native', 'qemu-argv',
                                      write(f'qemu-system-s390x -device {device}')))
        assert [node.get('value') for node in root.iter(f'{{{QEMU_NAMESPACE}}}arg')] == [
            '-device', device]


@emulator
class TestCapabilities:
    """capabilities and domcapabilities."""

    def test_guests(self, virsh):
        guest, = ET.fromstring(virsh.ok('capabilities')).iter('guest')
        arch = guest.find('arch')
        assert guest.findtext('os_type') == 'hvm' and arch.get('name') == 's390x'
        assert arch.findtext('wordsize') == '64' and arch.findtext('emulator') == QEMU
        machines = {machine.text: machine for machine in arch.iter('machine')}
        canonical = machines['s390-ccw-virtio'].get('canonical')
        assert canonical.startswith('s390-ccw-virtio-') and canonical in machines
        assert int(machines[canonical].get('maxCpus')) >= 248
        types = {domain.get('type') for domain in arch.iter('domain')}
        assert types == ({'qemu', 'kvm'} if kvm(virsh) else {'qemu'})

    @pytest.mark.parametrize('args', [
        (), ('--arch', 's390x', '--virttype', 'qemu', '--machine', 's390-ccw-virtio')])
    def test_hostdev(self, virsh, args):
        root = ET.fromstring(virsh.ok('domcapabilities', *args))
        assert root.tag == 'domainCapabilities' and root.findtext('path') == QEMU
        assert root.findtext('arch') == 's390x'
        assert root.findtext('machine').startswith('s390-ccw-virtio-')
        hostdev = root.find('devices/hostdev')
        assert hostdev.get('supported') == 'yes'
        values = {enum.get('name'): [value.text for value in enum]
                  for enum in hostdev.iter('enum')}
        assert values['mode'] == ['subsystem']
        assert values['subsysType'] == ['mdev'] and values['model'] == ['vfio-ccw']
        assert virsh.ok('maxvcpus').strip() == root.find('vcpu').get('max')
        models = [model.text for model in root.findall("cpu/mode[@name='custom']/model")]
        assert 'z14' in models

    @pytest.mark.parametrize('args, cause', [
        (('--arch', 'x86_64'), "'x86_64'"),
        (('--machine', 'pc'), "'pc'"),
        (('--virttype', 'xen'), "'xen'"),
        (('--emulatorbin', '/nowhere/qemu'), "'/nowhere/qemu'"),
    ])
    def test_refused(self, virsh, args, cause):
        assert cause in virsh.fails('domcapabilities', *args)


@emulator
@pytest.mark.skipif(MODULE, reason='about the daemon')
@pytest.mark.skipif(platform.machine() != 'x86_64', reason="the filter is x86_64's")
def test_without_executable_memory(tmp_path):
    """As the shipped systemd unit has it: QEMU's emulator cannot start in its usual way."""
    filtered = os.path.join(HERE, 'no-exec-memory')
    plain = ['-S', '-nodefaults', '-nographic', '-machine', 'none,accel=kvm:tcg', '-qmp', 'stdio']
    assert 'Operation not permitted' in run(filtered, QEMU, *plain).err
    daemon = Daemon(tmp_path, argv=(filtered, VIRTCCWD))
    daemon.start()
    try:
        virsh = Virsh()
        assert ET.fromstring(virsh.ok('domcapabilities')).findtext('path') == QEMU
        assert channel_devices(to_native(virsh, MANUAL)) == [MANUAL_DEVICE]
    finally:
        daemon.stop()


def kvm(virsh):
    return virsh('domcapabilities', '--virttype', 'kvm').rc == 0


# A device of each kind, with what can be said of it.
ALL_DEVICES = '''
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none' io='threads' discard='unmap' detect_zeroes='unmap'
        error_policy='enospace' iothread='5' queues='2' queue_size='128' iommu='on' packed='on'/>
      <source file='{folder}/disk'/>
      <backingStore/>
      <blockio logical_block_size='512' physical_block_size='4096'/>
      <target dev='vda' bus='virtio'/>
      <serial>a,b</serial>
      <boot order='1' loadparm='2'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='unsafe'/>
      <source file='{folder}/disk'/>
      <target dev='sdb' bus='scsi'/>
      <readonly/>
      <shareable/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='scsi'/><readonly/></disk>
    <controller type='scsi' model='virtio-scsi'>
      <driver queues='2' cmd_per_lun='8' max_sectors='512' iommu='on'/>
      <alias name='ua-scsi'/>
    </controller>
    <controller type='virtio-serial' ports='16'/>
    <filesystem type='mount' accessmode='mapped'>
      <source dir='{folder}'/><target dir='share'/><readonly/>
    </filesystem>
    <interface type='user'><mtu size='1400'/><boot order='2'/></interface>
    <serial type='null'><target><model name='x-terminal3270'/></target></serial>
    <console type='null'><target type='sclp'/></console>
    <console type='file'>
      <source path='{folder}/console,1' append='on'/><target type='virtio'/>
    </console>
    <channel type='unix'>
      <source mode='bind' path='{folder}/agent'/><target type='virtio' name='org.qemu.a'/>
    </channel>
    <input type='keyboard' bus='virtio'/>
    <input type='mouse' bus='virtio'/>
    <input type='tablet' bus='virtio'><driver iommu='on'/></input>
    <graphics type='vnc' port='5999' listen='127.0.0.1'/>
    <video><model type='virtio' heads='2'><resolution x='1024' y='768'/></model></video>
    <watchdog model='diag288' action='dump'/>
    <memballoon model='virtio' autodeflate='on' freePageReporting='on'/>
    <rng model='virtio'>
      <rate bytes='1024' period='2000'/><backend model='random'>/dev/urandom</backend>
    </rng>
    <rng model='virtio'><backend model='builtin'/><driver iommu='on'/></rng>
    <panic model='s390'/>'''
EVERYTHING = '''<domain type='qemu'><name>a,b "c" 'd' $e</name><memory unit='MiB'>256</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/><nosharepages/></memoryBacking>
  <vcpu current='1'>3</vcpu><iothreads>2</iothreads><iothreadids><iothread id='5'/></iothreadids>
  <os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type><bootmenu enable='yes'/></os>
  <cpu mode='maximum'><topology sockets='3' cores='1' threads='1'/></cpu>
  <on_reboot>destroy</on_reboot>
  <keywrap><cipher name='aes' state='off'/><cipher name='dea' state='on'/></keywrap>
  <devices><emulator>{emulator}</emulator>{devices}</devices></domain>'''


def start_stopped(native):
    """Starts the command with processors that stand still. Returns: its devices, and what it
    said."""
    questions = ''.join(json.dumps(question) + '\n' for question in (
        {'execute': 'qmp_capabilities'},
        {'execute': 'qom-list', 'arguments': {'path': '/machine/peripheral'}},
        {'execute': 'quit'}))
    result = run(*shlex.split(native), '-S', '-qmp', 'stdio', stdin=questions)
    answers = [json.loads(line).get('return') for line in result.out.splitlines()]
    devices = [{member['name'] for member in answer} - {'type'}
               for answer in answers if isinstance(answer, list)]
    return devices, result.err


@emulator
@pytest.mark.skipif(LAB, reason='needs the build folder')
@pytest.mark.parametrize('form', [(), ('--legacy',)], ids=['json', 'legacy'])
def test_accepted_by_qemu(tmp_path, form):
    """The real QEMU takes every argument, and has the devices; one with a mediated device that
    is not there is refused for that alone."""
    arguments = os.path.join(BUILD, 'tests/load/guest-arguments')
    (tmp_path / 'disk').write_bytes(bytes(1 << 20))

    def native(devices):
        path = tmp_path / 'guest.xml'
        path.write_text(EVERYTHING.format(emulator=QEMU, devices=devices))
        kind, line = ok(arguments, *form, path).split('\t', 1)
        assert kind == 'ok', line
        return line

    line = native(ALL_DEVICES.format(folder=tmp_path))
    words = shlex.split(line)
    devices = [value for option, value in zip(words, words[1:]) if option == '-device']
    ids = {re.search(r'(?:"id":"|,id=)([^",]*)', device)[1] for device in devices}
    assert len(ids) == len(devices) == 19
    found, said = start_stopped(line)
    assert found == [ids], said
    found, said = start_stopped(native(hostdev_xml()))
    assert not found and len(said.splitlines()) == 1, said
    assert 'vfio-ccw' in said and 'No such file or directory' in said


@pytest.fixture
def known_emulator(own_folder, monkeypatch):
    """A daemon started after this one finds a QEMU 7.2 that says what Debian's has said."""
    program = own_folder / 'qemu-system-s390x'
    program.write_text(f'#!/bin/sh\nexec /bin/cat {SOURCE}/tests/unit/data/qemu/7.2.replies\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', str(own_folder))


def test_golden(known_emulator, daemon):
    virsh = Virsh(command=('/usr/bin/virsh',))
    golden('domcapabilities.xml', virsh.ok('domcapabilities'))
    xml = virsh.ok('capabilities')
    golden('capabilities.xml', xml.replace(f'<arch>{platform.machine()}<', '<arch>HOST<'))
    golden('guest-two-hostdevs.args', virsh.ok(
        'domxml-to-native', 'qemu-argv', f'{SOURCE}/xmlfiles/guest-two-hostdevs.xml').replace(
            ' -', '\n-'))


def test_without_emulator(no_emulator, daemon):
    """The host is still described; what needs an emulator says which."""
    virsh = Virsh(command=('/usr/bin/virsh',))
    root = ET.fromstring(virsh.ok('capabilities'))
    assert root.findtext('host/cpu/arch') and root.find('guest') is None
    for verb in (['domcapabilities'], ['domxml-to-native', 'qemu-argv', MANUAL]):
        assert "no emulator 'qemu-system-s390x'" in virsh.fails(*verb)


def test_read_only(virsh):
    """These run a program that the client may choose: libvirt's library refuses, and so do we."""
    for verb in (['domcapabilities'], ['domxml-to-native', 'qemu-argv', MANUAL],
                 ['domxml-from-native', 'qemu-argv', MANUAL]):
        assert 'read only access' in Virsh(options=['-r']).fails(*verb)
    connection = libvirt.open(f'{URI}?socket={RO_SOCKET}')
    for call in (lambda: connection.domainXMLToNative('qemu-argv', domain_xml(), 0),
                 lambda: connection.domainXMLFromNative('qemu-argv', 'qemu-system-s390x', 0),
                 connection.getDomainCapabilities):
        with pytest.raises(libvirt.libvirtError) as refused:
            call()
        assert refused.value.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED
    connection.close()
    assert DOMAIN not in Virsh().ok('list', '--all') and not os.path.exists(domain_path())
