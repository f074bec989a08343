# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clients of libvirt 11 and 12, each from a folder of its own (see make-clients)."""

import os
import re
import shutil
import socket

import pytest

from domainlib import DOMAIN, DOMAIN_UUID, domain_xml
from hostlib import (CLIENTS, CSS, MODULE, OTHER, SOCKETS, SUBCHANNEL, UUID, URI, Virsh, background,
                     bind_vfio, client_uri, define_file, mdev_exists, mdev_name, mdev_xml, ok,
                     read_file, wait_for, write_file)
from test_virsh import DEVICES, SUBCHANNELS, UNKNOWN, UNSUPPORTED

MDEV = mdev_name()
# Runs a command in a folder that has this host's sockets.
ENTER = ('mkdir -p "$0/run/libvirt" && mount --bind /run/libvirt "$0/run/libvirt" && '
         'exec chroot "$0" "$@"')
# The same with this host itself, for the module, the same file for all clients. Where libxml2
# has another name by now, it gets its old one, too: what the module calls has not changed.
ENTER_MODULE = '''
set -e
stores="/etc/mdevctl.d /etc/driverctl.d /etc/libvirt /var/lib/virtccw"
for folder in /dev $stores; do mkdir -p "$folder" "$0$folder"; done
for folder in /run /sys /proc /dev $stores; do mount --rbind $folder "$0$folder"; done
mount -t tmpfs none "$0/mnt"
cp "$LIBVIRT_DRIVER_DIR/libvirt_driver_ccw.so" "$0/mnt"
for file in "$0"/usr/lib/*/libxml2.so.16; do
    [ ! -e "$file" ] || ln -s "${file#$0}" "$0/mnt/libxml2.so.2"
done
export LIBVIRT_DRIVER_DIR=/mnt LD_LIBRARY_PATH=/mnt
exec chroot "$0" "$@"
'''


@pytest.fixture(params=['trixie', 'sid', 'bookworm-backports'])
def client(request):
    """The command to run something of that client."""
    folder = os.path.join(CLIENTS, request.param)
    if not os.path.isdir(folder):
        pytest.skip(f'there is no {folder}: tests/e2e/make-clients could not make it')
    return ('unshare', '--mount', 'sh', '-c', ENTER_MODULE if MODULE else ENTER, folder)


@pytest.fixture
def new(client, daemon):
    """Its virsh."""
    return Virsh(command=(*client, 'virsh'))


@pytest.fixture
def shared_document():
    """Writes a document where such a client can read it too. Returns: its path."""
    count = 0

    def write(text):
        nonlocal count
        count += 1
        path = f'{SOCKETS}/e2e/document-{count}.xml'
        write_file(path, text)
        return path

    return write


def test_version(client, new):
    version = ok(*client, 'virsh', '--version')
    assert int(version.split('.')[0]) >= 11
    assert Virsh(URI, command=new.command).ok('uri') == f'{URI}\n\n'
    assert new.ok('hostname') == f'{socket.gethostname()}\n\n'
    assert 'Running hypervisor: CCW ' in new.ok('version')
    assert '<arch>' in new.ok('capabilities')


def test_unsupported(new):
    """All of it in one shell, which lives on."""
    script = ''.join(f'{command}\nnodedev-list --cap system\n' for command in UNSUPPORTED)
    result = new(stdin=script + 'nodedev-list --cap css\n')
    assert len(UNKNOWN.findall(result.err)) == len(UNSUPPORTED)
    assert set(SUBCHANNELS) <= set(result.out.split())
    assert 'Disconnected' not in result.err


def test_list(new):
    bind_vfio()
    define_file()
    wait_for(lambda: MDEV in new.names('--all'), 'it is listed')
    assert new.names('--cap', 'css') == SUBCHANNELS
    assert new.names('--cap', 'ccw') == [name for name in DEVICES if name != 'ccw_0_0_3000']
    assert new.names('--cap', 'mdev_types') == [CSS]
    assert new.names('--cap', 'ccwgroup') == new.names('--cap', 'ccwgroup_member') == []
    assert new.names('--inactive') == [MDEV]
    assert MDEV in new.ok('nodedev-list', '--tree', '--all')
    assert new.names('--persistent', '--all') == ['computer', MDEV]
    assert MDEV not in new.names('--transient')
    new.ok('nodedev-start', MDEV)
    assert MDEV in new.names('--persistent')
    new.ok('nodedev-undefine', MDEV)
    assert MDEV in new.names('--transient') and MDEV not in new.names('--persistent')


def test_procedure(new, shared_document):
    bind_vfio()
    path = shared_document(mdev_xml())
    assert f"Node device '{MDEV}' defined from '{path}'" in \
        new.ok('nodedev-define', '--validate', path)
    assert 'marked as autostarted' in new.ok('nodedev-autostart', MDEV)
    assert f'Device {MDEV} started' in new.ok('nodedev-start', MDEV)
    assert mdev_exists()
    assert re.search(r'Active: +yes\nPersistent: +yes\nAutostart: +yes\n',
                     new.ok('nodedev-info', MDEV))
    assert new.ok('nodedev-dumpxml', MDEV) == Virsh().ok('nodedev-dumpxml', MDEV)
    inactive = new.ok('nodedev-dumpxml', MDEV, '--inactive')
    assert f'<uuid>{UUID}</uuid>' in inactive and '<path>' not in inactive
    assert f"Destroyed node device '{MDEV}'" in new.ok('nodedev-destroy', MDEV)
    assert f"Undefined node device '{MDEV}'" in new.ok('nodedev-undefine', MDEV)


def test_inactive_document(new, shared_document):
    bind_vfio()
    assert 'not persistent' in new.fails('nodedev-dumpxml', CSS, '--inactive')
    new.ok('nodedev-create', shared_document(mdev_xml()))
    assert 'not persistent' in new.fails('nodedev-dumpxml', MDEV, '--inactive')


def test_update(new, shared_document):
    bind_vfio()
    attr = "<attr name='one' value='1'/>"
    new.ok('nodedev-define', shared_document(mdev_xml()))
    new.ok('nodedev-autostart', MDEV)
    path = shared_document(mdev_xml(extra=attr))
    out = new.ok('nodedev-update', MDEV, path, '--config')
    assert MDEV in out and 'updated' in out.lower()
    assert attr in new.ok('nodedev-dumpxml', MDEV, '--inactive')
    assert re.search(r'Autostart: +yes', new.ok('nodedev-info', MDEV))
    assert 'not active' in new.fails('nodedev-update', MDEV, path, '--live')
    plain = shared_document(mdev_xml())
    new.ok('nodedev-update', MDEV, plain)  # what is current: its definition
    assert attr not in new.ok('nodedev-dumpxml', MDEV)
    new.ok('nodedev-start', MDEV)
    new.ok('nodedev-update', MDEV, plain, '--live')
    new.ok('nodedev-update', MDEV, path, '--config')
    assert attr in new.ok('nodedev-dumpxml', MDEV, '--inactive')
    assert 'attributes' in new.fails('nodedev-update', MDEV, path, '--live')
    new.ok('nodedev-undefine', MDEV)
    assert 'transient' in new.fails('nodedev-update', MDEV, path, '--config')


def test_update_of_another_device(new, shared_document):
    new.ok('nodedev-define', shared_document(mdev_xml()))
    other = shared_document(mdev_xml('90c6c135-ad44-41d0-b1b7-bae47de48627'))
    assert 'uuid' in new.fails('nodedev-update', MDEV, other).lower()
    other = shared_document(mdev_xml(subchannel=OTHER))
    assert 'parent' in new.fails('nodedev-update', MDEV, other)
    assert 'mediated' in new.fails('nodedev-update', CSS, other)


@pytest.mark.parametrize('verb', ['start', 'destroy', 'undefine', 'autostart'])
def test_read_only(client, daemon, verb):
    define_file()
    virsh = Virsh(options=['-r'], command=(*client, 'virsh'))
    wait_for(lambda: MDEV in virsh.names('--all'), 'it is listed')
    assert 'read only access' in virsh.fails(f'nodedev-{verb}', MDEV)
    assert UUID in virsh.ok('nodedev-dumpxml', MDEV)


def test_events(client, new, tmp_path):
    bind_vfio()
    path = str(tmp_path / 'events')
    define_file(subchannel=SUBCHANNEL)
    wait_for(lambda: MDEV in new.names('--all'), 'it is listed')
    virsh = Virsh()
    with background(*client, 'stdbuf', '-oL', 'virsh', '-c', client_uri(), 'nodedev-event', '--loop',
                    '--event', 'lifecycle', out=path):

        def heard():
            virsh.ok('nodedev-start', MDEV)
            virsh.ok('nodedev-destroy', MDEV)
            return f"event 'lifecycle' for node device {MDEV}: Deleted" in read_file(path)

        wait_for(heard, 'it hears')


@pytest.fixture
def domains(new, shared_document):
    """Its virsh, with a domain defined by it, and the way to edit it with sed."""
    if MODULE:
        pytest.skip('the module of another process keeps other domains')
    new.ok('define', shared_document(domain_xml()), '--validate')
    return new


def test_domains(client, domains, shared_document):
    """All that is done with definitions."""
    xml = domains.ok('dumpxml', DOMAIN)
    assert xml == Virsh().ok('dumpxml', DOMAIN) and 'vfio-ccw' in xml
    assert domains.ok('list', '--all', '--name').split() == [DOMAIN]
    assert domains.ok('list', '--all', '--uuid').split() == [DOMAIN_UUID]
    assert domains.ok('domuuid', DOMAIN).strip() == DOMAIN_UUID
    assert domains.ok('domname', DOMAIN_UUID).strip() == DOMAIN
    assert domains.ok('domstate', DOMAIN, '--reason').startswith('shut off')
    assert re.search(r'Persistent: +yes\n', domains.ok('dominfo', DOMAIN))
    assert 'already exists' in domains.fails('define', shared_document(domain_xml(
        uuid='0e5a2c8e-6d51-44ca-b4a5-7a0d3b0d3f11')))
    assert '0xfe' in domains.fails('define', shared_document(xml.replace("'0xfe'", "'0x0'")))
    domains.ok('autostart', DOMAIN)
    assert domains.ok('list', '--all', '--autostart', '--name').split() == [DOMAIN]
    domains.ok('desc', DOMAIN, '--title', 'short')
    domains.ok('desc', DOMAIN, '--config', 'longer')
    assert domains.ok('desc', DOMAIN).strip() == 'longer'
    domains.ok('metadata', DOMAIN, 'urn:a', '--key', 'o', '--set', '<who>me</who>')
    assert domains.ok('metadata', DOMAIN, 'urn:a').strip() == '<who>me</who>'
    assert 'a QEMU driver is needed' in domains.fails('start', DOMAIN)
    assert 'domain is not running' in domains.fails('destroy', DOMAIN)
    domains.ok('domrename', DOMAIN, 'new')
    assert 'short' in domains.ok('list', '--all', '--title')
    domains.ok('undefine', 'new', '--nvram', '--tpm', '--managed-save')
    assert domains.ok('list', '--all', '--name').split() == []


def test_domain_edit(client, domains):
    editor = ('env', "EDITOR=sed -i 's|>2</vcpu>|>4</vcpu>|'")
    edited = Virsh(command=(*client, *editor, 'virsh')).ok('edit', DOMAIN)
    assert 'edited' in edited and '>4</vcpu>' in domains.ok('dumpxml', DOMAIN)
    done = Virsh(command=(*client, *editor, 'virsh')).ok('edit', DOMAIN)
    assert 'not changed' in done


@pytest.mark.skipif(not shutil.which('qemu-system-s390x'), reason='there is no QEMU for s390x')
def test_domain_native(domains, shared_document):
    native = domains.ok('domxml-to-native', 'qemu-argv', '--domain', DOMAIN)
    assert '"driver":"vfio-ccw"' in native and '"devno":"fe.0.0000"' in native
    back = domains.ok('domxml-from-native', 'qemu-argv', shared_document(native))
    assert 'vfio-ccw' in back and "devno='0x0000'" in back
    capabilities = domains.ok('domcapabilities')
    assert '<value>vfio-ccw</value>' in capabilities
    assert "<arch name='s390x'>" in domains.ok('capabilities')


def test_domain_events(client, domains, shared_document, tmp_path):
    path = str(tmp_path / 'events')
    with background(*client, 'stdbuf', '-oL', 'virsh', '-c', client_uri(), 'event', '--loop',
                    '--event', 'lifecycle', out=path):

        def heard():
            domains.ok('define', shared_document(domain_xml()))
            return f"event 'lifecycle' for domain '{DOMAIN}': Defined Updated" in read_file(path)

        wait_for(heard, 'it hears')


def test_domain_python(client, domains):
    out = ok(*client, 'python3', '-c', f'''
import libvirt
connection = libvirt.open("{URI}")
domain = connection.lookupByName("{DOMAIN}")
domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<a/>", "o", "urn:a", 0)
print(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "urn:a", 0))
domain.setAutostart(1)
domain.rename("new", 0)
print([found.name() for found in connection.listAllDomains()], domain.autostart(), domain.info())
domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
print(connection.numOfDefinedDomains())
''')
    assert out == "<a/>\n['new'] 1 [5, 1048576, 1048576, 2, 0]\n0\n"


def test_python(client, daemon):
    """Its python3-libvirt."""
    bind_vfio()
    out = ok(*client, 'python3', '-c', f'''
import libvirt
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open("{URI}")
node = connection.nodeDeviceDefineXML("""{mdev_xml()}""")
node.setAutostart(1)
node.create()
print(node.name(), node.isActive(), node.isPersistent(), node.autostart(), node.parent())
if hasattr(node, "update"): # Debian 12's bindings are older than the library of its backports
    node.update("""{mdev_xml()}""", libvirt.VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG)
print("<path>" in node.XMLDesc(1))
node.destroy()
node.undefine()
print(connection.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV))
''')
    assert out == f'{MDEV} 1 1 1 {CSS}\nFalse\n[]\n'


def test_domain(new, shared_document):
    path = shared_document(domain_xml())
    assert f"Domain '{DOMAIN}' defined from {path}" in new.ok('define', path)
    try:
        assert new.ok('list', '--all', '--name').split() == [DOMAIN]
        assert "devno='0x0000'" in new.ok('dumpxml', DOMAIN)
        assert re.search(r'Persistent: +yes\nAutostart: +disable', new.ok('dominfo', DOMAIN))
        new.ok('autostart', DOMAIN)
        new.ok('desc', DOMAIN, '--title', 'a title')
        assert new.ok('desc', DOMAIN, '--title').strip() == 'a title'
        new.ok('metadata', DOMAIN, 'http://example.org/', '--key', 'k', '--set', '<a/>')
        assert 'a' in new.ok('metadata', DOMAIN, 'http://example.org/')
        assert 'a QEMU driver is needed' in new.fails('start', DOMAIN)
        new.ok('domrename', DOMAIN, 'new')
        new.ok('domrename', 'new', DOMAIN)
    finally:
        new.ok('undefine', DOMAIN)
    assert new.ok('list', '--all', '--name').split() == []
