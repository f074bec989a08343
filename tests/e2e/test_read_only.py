# SPDX-License-Identifier: LGPL-2.1-or-later
"""A read-only connection: every write is refused with code 29, and changes nothing.

libvirt's client library refuses writes of a read-only connection by itself, so the daemon is
asked here by connections of which the library does not know, and by none of it.
"""

import os
import re

import libvirt
import pytest

from domainlib import DOMAIN, DOMAIN_UUID, domain_xml
from hostlib import (CSS, RO_SOCKET, RW_SOCKET, SOURCE, URI, UUID, Virsh, bind_vfio,
                     define_file, definition_path, mdev_exists, mdev_name, mdev_xml, read_file,
                     wait_for)
from rpcclient import SHAPES, RpcClient, RpcError, xdr

MDEV = mdev_name()
DENIED = libvirt.VIR_ERR_OPERATION_DENIED
ROW = re.compile(r'ROW\((\d+), "(\w+)", (\w+), \w+,\s*\w+,\s*(READ|WRITE)\b')


def operations(kind):
    """The rows of the daemon's table of operations: (procedure, name, shape)."""
    text = read_file(os.path.join(SOURCE, 'src/driver/operation.c'))
    rows = ROW.findall(text)
    assert len(rows) == text.count('    ROW(')
    return [(int(number), name, shape) for number, name, shape, word in rows if word == kind]


WRITES = operations('WRITE')
IDS = [name for _, name, _ in WRITES]


def arguments(name, shape):
    """Arguments that would do something: what is defined, and a document of it."""
    values = {'s': [MDEV, mdev_xml()], 'o': [None], 'i': [1]}
    if 'Domain' in name:
        text = DOMAIN if shape.startswith('DOMAIN') else domain_xml(vcpus=3)
        values = {'s': [text], 'o': ['other'], 'i': [0], 'u': [DOMAIN_UUID]}
    encoded = []
    for kind in SHAPES[shape]:
        encoded.append(values[kind].pop(0) if len(values[kind]) > 1 else values[kind][0])
    return xdr(SHAPES[shape], *encoded)


@pytest.fixture
def device(daemon):
    """A device that is defined, so that a write could find it."""
    bind_vfio()
    define_file()
    wait_for(lambda: MDEV in Virsh().names('--all'), 'the definition is seen')
    before = read_file(definition_path())
    Virsh().ok('define', '/dev/stdin', stdin=domain_xml())
    domain = Virsh().ok('dumpxml', DOMAIN)
    yield
    assert read_file(definition_path()) == before
    assert Virsh().ok('dumpxml', DOMAIN) == domain
    assert Virsh().ok('list', '--all', '--name').split() == [DOMAIN]
    assert not Virsh().ok('list', '--all', '--name', '--autostart').split()
    assert not mdev_exists()


def test_table_has_writes():
    assert {'NodeDeviceDefineXML', 'NodeDeviceUndefine', 'NodeDeviceCreate',
            'NodeDeviceSetAutostart', 'NodeDeviceUpdate', 'NodeDeviceCreateXML',
            'NodeDeviceDestroy', 'DomainDefineXML', 'DomainUndefineFlags', 'DomainRename',
            'DomainSetMetadata', 'DomainSetAutostart', 'DomainCreate'} <= set(IDS)


@pytest.mark.parametrize('socket, flags', [(RO_SOCKET, 0), (RW_SOCKET, 1)],
                         ids=['read-only-socket', 'read-only-flag'])
@pytest.mark.parametrize('number, name, shape', WRITES, ids=IDS)
def test_refused(device, socket, flags, number, name, shape):
    with RpcClient(socket) as client:
        client.open(flags=flags)
        for payload in (arguments(name, shape), b'', b'\xff' * 64):
            with pytest.raises(RpcError) as refused:
                client.call(number, payload)
            assert refused.value.code == DENIED
            assert f'vir{name}' in refused.value.text
        client.call(59)


@pytest.mark.parametrize('number, name, shape', WRITES, ids=IDS)
def test_not_before_open(device, number, name, shape):
    with RpcClient(RW_SOCKET) as client:
        client.call(66)
        with pytest.raises(RpcError) as refused:
            client.call(number, arguments(name, shape))
        assert refused.value.code == libvirt.VIR_ERR_INTERNAL_ERROR
        assert 'not open' in refused.value.text


def test_library_that_does_not_know(device, event_loop):
    """A read-write connection of the library, to the read-only socket."""
    connection = libvirt.open(f'{URI}?socket={RO_SOCKET}')
    node = connection.nodeDeviceLookupByName(MDEV)
    for write in (lambda: connection.nodeDeviceDefineXML(mdev_xml()),
                  lambda: connection.nodeDeviceCreateXML(mdev_xml()),
                  node.create, node.destroy, node.undefine, lambda: node.setAutostart(1)):
        with pytest.raises(libvirt.libvirtError) as refused:
            write()
        assert refused.value.get_error_code() == DENIED
    assert node.autostart() == 0 and node.isActive() == 0 and node.isPersistent() == 1
    assert UUID in node.XMLDesc()
    connection.close()


def test_library_that_knows(device, event_loop):
    connection = libvirt.openReadOnly(URI)
    with pytest.raises(libvirt.libvirtError) as refused:
        connection.nodeDeviceLookupByName(MDEV).create()
    assert refused.value.get_error_code() == DENIED
    assert connection.nodeDeviceLookupByName(CSS).XMLDesc()
    connection.close()


@pytest.mark.parametrize('verb', ['start', 'destroy', 'undefine', 'autostart'])
def test_virsh(device, verb):
    error = Virsh(options=['-r']).fails(f'nodedev-{verb}', MDEV)
    assert 'read only access' in error


def test_reads_are_allowed(device):
    """What virsh needs for reading works with -r."""
    virsh = Virsh(options=['-r'])
    assert MDEV in virsh.names('--all')
    assert UUID in virsh.ok('nodedev-dumpxml', MDEV)
    assert virsh.ok('nodedev-info', CSS)
    assert virsh.ok('nodedev-list', '--tree', '--all')
