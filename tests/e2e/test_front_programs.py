# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that people use with qemu:///system, unmodified, through the front.

They come from folders of their own (see make-clients), so that nothing has to be installed.
"""

import contextlib
import json
import os
import re
import shutil
import time

import pytest

import frontlib
import hostlib
from frontlib import EMULATOR, FRONT, KERNEL
from hostlib import (CLIENTS, CSS, SOCKETS, SUBCHANNEL, SUBCHANNELS, UUID, Virsh, background,
                     bind_vfio, mdev_exists, mdev_name, mdev_xml, read_file, run, wait_for, write_file)

SHARED = f'{SOCKETS}/e2e'
MDEV = mdev_name()
GUEST = 'front-program'
pytestmark = frontlib.needs_guests
# Runs a command in a folder that has this host's sockets and its kernel's files.
ENTER = '''
set -e
mkdir -p "$0/run/libvirt" "$0/dev"
for folder in /run/libvirt /sys /proc /dev; do mount --rbind $folder "$0$folder"; done
mount -t tmpfs tmp "$0/tmp"
export HOME=/tmp LC_ALL=C.UTF-8
unset LIBVIRT_DRIVER_DIR PYTHONPATH
exec chroot "$0" "$@"
'''


def entering(name):
    """The command to run something of one of these folders."""
    folder = os.path.join(CLIENTS, name)
    if not os.path.isdir(folder):
        pytest.skip(f'there is no {folder}: tests/e2e/make-clients could not make it')
    return ('unshare', '--mount', 'sh', '-c', ENTER, folder)


@pytest.fixture(name='programs')
def _programs():
    return entering('programs')


@pytest.fixture(name='front')
def _front(fresh_host, tmp_path):
    shutil.rmtree(SHARED, ignore_errors=True)
    os.makedirs(SHARED)
    with frontlib.stock_with_guests(tmp_path, GUEST), frontlib.running(tmp_path) as server:
        yield server


@pytest.fixture(name='mdev')
def _mdev(front, tmp_path):
    """An active mediated device, made through the front."""
    bind_vfio()
    write_file(tmp_path / 'mdev.xml', mdev_xml())
    Virsh(FRONT).ok('nodedev-define', str(tmp_path / 'mdev.xml'))
    Virsh(FRONT).ok('nodedev-start', MDEV)
    return MDEV


def make_disk():
    """A disk, and a kernel that waits for ever."""
    hostlib.ok('qemu-img', 'create', '-q', '-f', 'qcow2', f'{SHARED}/disk', '16M')
    with open(f'{SHARED}/kernel', 'wb') as file:
        file.write(KERNEL)
    os.chmod(f'{SHARED}/kernel', 0o644)


def install(*more):
    """virt-install's command line for a guest of QEMU's own emulation."""
    return ('virt-install', '--connect', FRONT, '--import', '--name', GUEST, '--memory', '128',
            '--vcpus', '1', '--arch', 's390x', '--machine', 's390-ccw-virtio', '--virt-type',
            'qemu', '--osinfo', 'detect=off,require=off', '--disk', f'path={SHARED}/disk',
            '--network', 'none', '--graphics', 'none', '--noautoconsole', *more)


@pytest.mark.parametrize('suite', ['host', 'trixie', 'sid', 'bookworm-backports'])
def test_virsh_of_each_release(front, suite):
    """The same life of a mediated device and a guest with virsh 9, 11 and 12."""
    enter = () if suite == 'host' else entering(suite)
    virsh = Virsh(FRONT, command=(*enter, 'virsh'))
    assert virsh.ok('uri').strip() == FRONT
    bind_vfio()
    write_file(f'{SHARED}/mdev.xml', mdev_xml())
    virsh.ok('nodedev-define', f'{SHARED}/mdev.xml')
    virsh.ok('nodedev-start', MDEV)
    assert MDEV in virsh.names('--cap', 'mdev') and mdev_exists()
    assert set(SUBCHANNELS) <= set(virsh.names('--tree')) or CSS in virsh.ok(
        'nodedev-list', '--tree')
    make_disk()
    write_file(f'{SHARED}/guest.xml', f"""<domain type='qemu'><name>{GUEST}</name>
<memory unit='MiB'>128</memory><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type>
<kernel>{SHARED}/kernel</kernel></os><devices><emulator>{EMULATOR}</emulator>
<video><model type='none'/></video></devices></domain>""")
    virsh.ok('define', f'{SHARED}/guest.xml')
    virsh.ok('start', GUEST)
    assert virsh.ok('domstate', GUEST).strip() == 'running'
    assert 'query' in virsh.ok('qemu-monitor-command', GUEST, '--pretty',
                               '{"execute":"query-commands"}')
    virsh.ok('destroy', GUEST)
    virsh.ok('undefine', GUEST)
    virsh.ok('nodedev-destroy', MDEV)
    virsh.ok('nodedev-undefine', MDEV)


def test_virt_install(front, programs):
    """It creates a guest, which runs, and is there afterwards."""
    make_disk()
    result = run(*programs, *install('--boot', f'kernel={SHARED}/kernel'), timeout=120)
    assert result.rc == 0, result
    assert Virsh(FRONT).ok('domstate', GUEST).strip() == 'running'
    text = Virsh(FRONT).ok('dumpxml', GUEST, '--inactive')
    assert "machine='s390-ccw-virtio" in text and "type='virtio'" in text
    Virsh(FRONT).ok('destroy', GUEST)


def test_virt_install_with_hostdev(front, programs, mdev):
    """By the only name that it understands: the mediated device's node device."""
    make_disk()
    text = hostlib.ok(*programs, *install('--print-xml', '--hostdev', mdev), timeout=120)
    assert f'uuid="{UUID}"' in text and 'model="vfio-ccw"' in text
    write_file(f'{SHARED}/guest.xml', text)
    Virsh(FRONT).ok('define', f'{SHARED}/guest.xml')
    assert UUID in Virsh(FRONT).ok('dumpxml', GUEST)
    for name in (CSS, 'ccw_0_0_3000'):
        result = run(*programs, *install('--print-xml', '--hostdev', name), timeout=120)
        assert result.rc == 1 and 'ERROR' in result.err


def test_virt_install_gives_the_device(front, programs, mdev):
    """As far as this host goes, which has no VFIO for QEMU to open."""
    make_disk()
    result = run(*programs, *install('--hostdev', mdev, '--boot', f'kernel={SHARED}/kernel'),
                 timeout=120)
    assert result.rc == 1 and re.search('vfio|VFIO|locked memory', result.err)


def test_virt_xml(front, programs, mdev):
    make_disk()
    write_file(f'{SHARED}/guest.xml', hostlib.ok(*programs, *install('--print-xml'), timeout=120))
    Virsh(FRONT).ok('define', f'{SHARED}/guest.xml')
    xml = ('virt-xml', '--connect', FRONT, GUEST)
    out = hostlib.ok(*programs, *xml, '--add-device', '--hostdev', mdev, timeout=120)
    assert 'defined successfully' in out
    text = Virsh(FRONT).ok('dumpxml', GUEST)
    assert UUID in text and "type='ccw' cssid='0xfe'" in text
    hostlib.ok(*programs, *xml, '--edit', '--hostdev', 'address.type=ccw,address.cssid=0xfe,'
               'address.ssid=0x0,address.devno=0x1234', timeout=120)
    assert "devno='0x1234'" in Virsh(FRONT).ok('dumpxml', GUEST)
    hostlib.ok(*programs, *xml, '--remove-device', '--hostdev', '1', timeout=120)
    assert UUID not in Virsh(FRONT).ok('dumpxml', GUEST)


BUS_CONFIG = f'''<busconfig><type>system</type><listen>unix:path={SHARED}/bus</listen>
<auth>EXTERNAL</auth><policy context='default'><allow user='*'/><allow own='*'/>
<allow send_type='*'/><allow receive_type='*'/></policy></busconfig>'''
ADDRESS = f'unix:path={SHARED}/bus'
CONNECT = ('org.libvirt', '/org/libvirt/QEMU', 'org.libvirt.Connect')


@contextlib.contextmanager
def libvirt_dbus(programs, folder):
    """libvirt-dbus on a system bus of its own, as Cockpit finds it."""
    write_file(f'{SHARED}/bus.conf', BUS_CONFIG)
    with background('dbus-daemon', '--nofork', f'--config-file={SHARED}/bus.conf',
                    out=folder / 'bus.log'):
        wait_for(lambda: os.path.exists(f'{SHARED}/bus'), 'the bus is there')
        with background(*programs, 'env', f'DBUS_SYSTEM_BUS_ADDRESS={ADDRESS}', 'libvirt-dbus',
                        '--system', out=folder / 'libvirt-dbus.log'):
            wait_for(lambda: busctl('call', *CONNECT, 'ListDomains', 'u', '0').rc == 0,
                     'libvirt-dbus answers', 20)
            yield


def busctl(*args):
    return run('busctl', f'--address={ADDRESS}', '--json=short', *args)


def ask(*args):
    """Returns: what came back, of Python's types."""
    result = busctl(*args)
    assert result.rc == 0, result
    return json.loads(result.out)['data'] if result.out.strip() else None


@pytest.mark.skipif(not shutil.which('dbus-daemon'), reason='there is no dbus-daemon')
def test_libvirt_dbus(front, programs, tmp_path):
    """The calls and signals that Cockpit's page of virtual machines lives by."""
    bind_vfio()
    node = 'org.libvirt.NodeDevice'
    with libvirt_dbus(programs, tmp_path):
        paths = ask('call', *CONNECT, 'ListNodeDevices', 'u', '0')[0]
        names = {ask('get-property', 'org.libvirt', path, node, 'Name') for path in paths
                 if 'css' in path or 'ccw' in path}
        assert set(SUBCHANNELS) <= names
        signals = tmp_path / 'signals'
        with background('busctl', f'--address={ADDRESS}', 'monitor', out=signals):
            time.sleep(1)
            write_file(f'{SHARED}/mdev.xml', mdev_xml())
            path = ask('call', *CONNECT, 'NodeDeviceCreateXML', 'su', mdev_xml(), '0')[0]
            assert mdev_exists()
            text = ask('call', 'org.libvirt', path, node, 'GetXMLDesc', 'u', '0')[0]
            assert UUID in text
            assert ask('get-property', 'org.libvirt', path, node, 'Parent') == CSS
            make_disk()
            xml = hostlib.ok(*programs, *install('--print-xml'), timeout=120)
            domain = ask('call', *CONNECT, 'DomainDefineXML', 's', xml)[0]
            hostdev = ("<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"
                       f"<address uuid='{UUID}'/></source></hostdev>")
            ask('call', 'org.libvirt', domain, 'org.libvirt.Domain', 'AttachDevice', 'su',
                hostdev, '2')
            assert UUID in ask('call', 'org.libvirt', domain, 'org.libvirt.Domain', 'GetXMLDesc',
                               'u', '0')[0]
            ask('call', 'org.libvirt', path, node, 'Destroy')
            wait_for(lambda: read_file(signals).count('NodeDeviceEvent') >= 2
                     and 'DomainEvent' in read_file(signals), 'the signals')
        assert not mdev_exists()
        ask('call', 'org.libvirt', domain, 'org.libvirt.Domain', 'Undefine', 'u', '0')


NOVA = f'''
import nova.cmd  # as nova-compute does, whose threads are eventlet's
import json, os, sys
import nova.privsep
import nova.privsep.libvirt
from nova.virt.libvirt import driver, host
nova.privsep.sys_admin_pctxt.set_client_mode(False)  # it is root already
connected = host.Host({FRONT!r})
connected.initialize()
compute = driver.LibvirtDriver.__new__(driver.LibvirtDriver)
compute._host = connected
before = compute._get_mediated_devices()
capable = connected.list_mdev_capable_devices()
made = nova.privsep.libvirt.create_mdev({SUBCHANNEL!r}, 'vfio_ccw-io', {UUID!r})
for _ in range(200):
    after = compute._get_mediated_devices(types=['vfio_ccw-io'])
    if after:
        break
found = compute._get_mediated_device_information('mdev_' + made.replace('-', '_'))
print(json.dumps({{'version': connected.get_connection().getLibVersion(),
                   'domains': len(connected.list_guests(only_running=False)),
                   'hostname': connected.get_hostname(),
                   'arch': connected.get_capabilities().host.cpu.arch,
                   'before': before, 'capable': capable, 'after': after, 'found': found}}), flush=True)
os._exit(0)  # its threads would live on
'''


def test_nova(front):
    """Nova's own code makes a mediated device, lists and finds it."""
    nova = entering('nova')
    bind_vfio()
    result = run(*nova, 'python3', '-c', NOVA, timeout=180)
    assert result.rc == 0, result.err[-3000:]
    told = json.loads(result.out.splitlines()[-1])
    assert told['before'] == [] and told['capable'] == [CSS]
    assert told['found'] == told['after'][0]
    assert told['found']['uuid'] == UUID and told['found']['dev_id'] == MDEV
    assert told['found']['parent'] == CSS and told['found']['type'] == 'vfio_ccw-io'
    assert told['domains'] == 0 and told['version'] >= 9000000
