# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same calls by virtccwd and by the module: the same answers, errors and events."""

import itertools

import libvirt
import pytest

import hostlib
from domainlib import DOMAIN, DOMAIN_UUID, domain_xml, hostdev_xml
from hostlib import (CSS, LAB, MODULE, OTHER, OTHER_CCW, OTHER_UUID, RW_SOCKET, SUBCHANNEL,
                     UUID, bind_vfio, css_name, define_file, mdev_name, mdev_xml, module_uri,
                     run, wait_for)

MDEV, OTHER_MDEV = mdev_name(), mdev_name(OTHER_UUID, OTHER)
NAMES = ['computer', CSS, css_name(OTHER), OTHER_CCW, MDEV, OTHER_MDEV, 'css_0_0_fffe',
         f'mdev_{UUID}'.replace('-', '_'), 'nonsense', 'mdev_x', 'css_0_0_0004_', '-', 'ä' * 300]
FLAGS = [0, 1, 1 << 30, 1 << 31, 3 << 30, 1 << 16, 1 << 13, 1 << 14, 3 << 28, 1 << 22, 1 << 27]
DOCUMENTS = [
    mdev_xml(), mdev_xml(uuid=None), mdev_xml(kind='none'), mdev_xml(kind='../x'),
    mdev_xml(subchannel='0.0.fffe'), mdev_xml(extra="<attr name='a' value='1'/>"),
    mdev_xml(extra='<nonsense/>'), mdev_xml(uuid='1234'), '<device/>', '<device', '', 'x' * 70000,
    '<domain/>', mdev_xml(OTHER_UUID, OTHER), '<device><parent>computer</parent></device>']

# Once a process has opened ccw:///embed, libvirt's library takes ccw:///system for embedded.
DAEMON = f'ccw+unix:///system?socket={RW_SOCKET}'

pytestmark = [
    pytest.mark.skipif(LAB, reason='there is no room for both at once'),
    pytest.mark.skipif(MODULE, reason='this is about both faces'),
    pytest.mark.skipif('libasan' in run('ldd', hostlib.VIRTCCWD).out,
                       reason='stock programs cannot load a module with sanitizers')]


def plain(value):
    """An answer that can be compared."""
    if isinstance(value, libvirt.virNodeDevice):
        return value.name()
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def outcome(call):
    """What a call ends with: its answer, or all that is in its error."""
    try:
        return plain(call())
    except libvirt.libvirtError as error:
        # Where the API refuses a call by itself there is no message of ours.
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return ('not supported',)
        return ('error', error.get_error_code(), error.get_error_domain(),
                error.get_error_level(), error.get_error_message(), error.get_str1(),
                error.get_str2(), error.get_str3(), error.get_int1(), error.get_int2())


def reads(connection):
    """Everything that can be asked of either, and each answer."""
    for what in ('getType', 'getVersion', 'getLibVersion', 'getHostname', 'getCapabilities',
                 'isSecure', 'isAlive', 'getMaxVcpus', 'getInfo', 'getSysinfo', 'listNetworks',
                 'listAllStoragePools', 'listAllSecrets', 'getCPUMap'):
        args = {'getMaxVcpus': [None]}.get(what, [])
        yield what, outcome(lambda: getattr(connection, what)(*args))
    for flags in FLAGS:
        yield 'list', flags, outcome(lambda: connection.listAllDevices(flags))
        yield 'old list', flags, outcome(lambda: connection.listDevices(None, flags))
        yield 'number', flags, outcome(lambda: connection.numOfDevices('css', flags))
    for cap in ('system', 'css', 'ccw', 'mdev', 'mdev_types', 'pci', 'nonsense', ''):
        yield 'capability', cap, outcome(lambda: connection.listDevices(cap))
    for name in NAMES:
        yield from reads_of_device(connection, name)


def reads_of_device(connection, name):
    found = outcome(lambda: connection.nodeDeviceLookupByName(name))
    yield 'lookup', name, found
    if isinstance(found, tuple):
        return
    node = connection.nodeDeviceLookupByName(name)
    for what in ('parent', 'numOfCaps', 'listCaps', 'isActive', 'isPersistent', 'autostart'):
        yield what, name, outcome(getattr(node, what))
    for flags in (0, 1, 2):
        yield 'xml', name, flags, outcome(lambda: node.XMLDesc(flags))


def writes(connection):
    """A life of devices, with all that can go wrong in it."""
    for verb in ('nodeDeviceDefineXML', 'nodeDeviceCreateXML'):
        for number, document in enumerate(DOCUMENTS):
            if document == mdev_xml(uuid=None):
                continue  # each time another UUID
            for flags in (0, 1, 4):
                yield verb, number, flags, outcome(
                    lambda: getattr(connection, verb)(document, flags))
        yield 'then', [name for name in outcome(lambda: connection.listAllDevices(3 << 30))]
        for name in (MDEV, MDEV, OTHER_MDEV, CSS, 'computer', OTHER_CCW):
            yield from writes_of_device(connection, name)


def writes_of_device(connection, name):
    found = outcome(lambda: connection.nodeDeviceLookupByName(name))
    yield 'lookup', name, found
    if isinstance(found, tuple):
        return
    node = connection.nodeDeviceLookupByName(name)
    for what, args in (('setAutostart', (1,)), ('setAutostart', (7,)), ('create', ()),
                       ('create', (1,)), ('create', ()), ('setAutostart', (0,)),
                       ('destroy', ()), ('destroy', ()), ('undefine', (1,)), ('undefine', ()),
                       ('undefine', ()), ('create', ()), ('dettach', ()), ('reset', ()),
                       ('detachFlags', ('vfio',)), ('detachFlags', (None, 1)), ('reAttach', ()),
                       ('detachFlags', (None,)), ('reAttach', ()), ('reAttach', ())):
        yield name, what, args, outcome(lambda: getattr(node, what)(*args))
        yield name, 'state', [outcome(getattr(node, ask))
                              for ask in ('isActive', 'isPersistent', 'autostart')]


@pytest.fixture
def faces(daemon, event_loop):
    """A connection to each."""
    opened = [libvirt.open(DAEMON), libvirt.open(module_uri())]
    yield opened
    for connection in opened:
        connection.close()


def compare(first, second):
    first, second = list(first), list(second)
    assert len(first) > 100
    different = [pair for pair in itertools.zip_longest(first, second) if pair[0] != pair[1]]
    assert not different, f'{len(different)}: {different[:3]}'


def test_reads(faces):
    bind_vfio()
    define_file()
    define_file(OTHER_UUID, OTHER, 'auto')
    for connection in faces:
        wait_for(lambda: {MDEV, OTHER_MDEV} <= set(plain(connection.listAllDevices(3 << 30))),
                 'both are seen')
    faces[0].nodeDeviceLookupByName(MDEV).create()
    for connection in faces:
        wait_for(lambda: connection.nodeDeviceLookupByName(MDEV).isActive(), 'it is active')
    compare(reads(faces[0]), reads(faces[1]))


def test_read_only(daemon, event_loop):
    opened = [libvirt.openReadOnly(DAEMON), libvirt.openReadOnly(module_uri())]
    define_file()
    for connection in opened:
        wait_for(lambda: MDEV in plain(connection.listAllDevices(3 << 30)), 'it is seen')
    compare(writes(opened[0]), writes(opened[1]))
    for connection in opened:
        connection.close()


def test_writes_and_events(faces):
    traces, heard = [], [[], []]
    for number, connection in enumerate(faces):
        hostlib.reset_host()
        wait_for(lambda: not connection.listDevices('mdev') and
                 MDEV not in plain(connection.listAllDevices(3 << 30)), 'it is as after a boot')
        bind_vfio(SUBCHANNEL, OTHER)
        wait_for(lambda: len(connection.listDevices('mdev_types')) == 2, 'both are bound')
        ids = [connection.nodeDeviceEventRegisterAny(
                   None, 0, lambda _, node, *event: heard[number].append((node.name(), *event)),
                   None),
               connection.nodeDeviceEventRegisterAny(
                   None, 1, lambda _, node, opaque: heard[number].append(node.name()), None)]
        connection.nodeDeviceDefineXML(mdev_xml(OTHER_UUID, '0.0.3ffe')).undefine()
        wait_for(lambda: len(heard[number]) >= 2, 'it hears')
        traces.append(list(writes(connection)))
        connection.nodeDeviceDefineXML(mdev_xml(OTHER_UUID, '0.0.3fff')).undefine()
        wait_for(lambda: any('3fff' in str(event) and 3 in event for event in heard[number]),
                 'it has heard all')
        for callback in ids:
            connection.nodeDeviceEventDeregisterAny(callback)
    compare(*traces)
    mdevs = [[event for event in events if 'mdev' in str(event)] for events in heard]
    assert mdevs[0] == mdevs[1] and len(mdevs[0]) > 10


DOMAIN_DOCUMENTS = [
    domain_xml(), domain_xml(devices=hostdev_xml() * 2), domain_xml(vcpus=4), domain_xml(uuid=OTHER_UUID),
    domain_xml(name='second', uuid=OTHER_UUID), '<domain/>', '<domain', '', '<device/>', 'x' * 70000]
DOMAIN_READS = ('name', 'UUIDString', 'ID', 'info', 'state', 'OSType', 'maxMemory', 'maxVcpus',
                'isActive', 'isPersistent', 'isUpdated', 'autostart', 'hasManagedSaveImage',
                'vcpusFlags', 'memoryStats', 'snapshotNum', 'jobInfo', 'hostname')
DOMAIN_WRITES = (
    ('setAutostart', 1), ('setAutostart', 0), ('rename', 'new'), ('rename', DOMAIN), ('rename', 'a/b'),
    ('setMetadata', libvirt.VIR_DOMAIN_METADATA_TITLE, 'a title', None, None),
    ('setMetadata', libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, 'text', None, None, 4),
    ('setMetadata', libvirt.VIR_DOMAIN_METADATA_ELEMENT, '<a/>', 'k', 'http://example.org/x'),
    ('metadata', libvirt.VIR_DOMAIN_METADATA_TITLE, None),
    ('metadata', libvirt.VIR_DOMAIN_METADATA_ELEMENT, 'http://example.org/x'),
    ('metadata', libvirt.VIR_DOMAIN_METADATA_ELEMENT, 'http://example.org/y'),
    ('metadata', 7, None), ('XMLDesc', 0), ('XMLDesc', 2), ('XMLDesc', 1 << 20),
    ('create',), ('createWithFlags', 1), ('destroy',), ('destroyFlags', 1), ('reboot', 0), ('reset', 0),
    ('suspend',), ('resume',), ('shutdown',), ('shutdownFlags', 1), ('managedSave', 0),
    ('vcpusFlags', 2), ('vcpusFlags', 1), ('setVcpus', 3), ('attachDevice', '<disk/>'))
ENDS = (('undefineFlags', 1 << 20), ('undefineFlags', 4), ('undefine',), ('undefine',))


def of_connection(connection):
    for what, args in (('listAllDomains', ()), ('listAllDomains', (1,)), ('listAllDomains', (1 << 20,)),
                       ('listDefinedDomains', ()), ('numOfDefinedDomains', ()), ('listDomainsID', ()),
                       ('numOfDomains', ()), ('lookupByID', (1,)), ('lookupByName', (DOMAIN,)),
                       ('lookupByName', ('ä' * 300,)), ('lookupByUUIDString', (DOMAIN_UUID,)),
                       ('domainXMLToNative', ('qemu-argv', domain_xml(devices=''))),
                       ('domainXMLToNative', ('nonsense', domain_xml())),
                       ('domainXMLFromNative', ('qemu-argv', 'qemu-system-s390x -m 512')),
                       ('getDomainCapabilities', (None, 's390x')),
                       ('getDomainCapabilities', (None, 'nonsense')), ('getCapabilities', ())):
        found = outcome(lambda: getattr(connection, what)(*args))
        if isinstance(found, list):
            found = [one.name() if isinstance(one, libvirt.virDomain) else one for one in found]
        yield what, args, found.name() if isinstance(found, libvirt.virDomain) else found


def domains(connection):
    """Lives of domains, with all that can go wrong in them."""
    for number, document in enumerate(DOMAIN_DOCUMENTS):
        for flags in (0, 1, 4):
            found = outcome(lambda: connection.defineXMLFlags(document, flags))
            yield number, flags, found if isinstance(found, tuple) else found.name()
            yield from of_connection(connection)
            if isinstance(found, tuple):
                continue
            for what in DOMAIN_READS:
                yield what, outcome(getattr(found, what))
            for what, *args in DOMAIN_WRITES + (ENDS if number % 2 else ()):
                yield what, args, outcome(lambda: getattr(found, what)(*args))
                found = connection.lookupByUUIDString(found.UUIDString()) if what == 'rename' else found
    for found in sorted(connection.listAllDomains(), key=libvirt.virDomain.name):
        yield found.name(), outcome(found.undefine)


def test_domains(faces):
    traces, heard = [], [[], []]
    for number, connection in enumerate(faces):
        def hear(_, domain, *event, events=heard[number]):
            events.append((domain.name(), *event[:-1]))
        ids = [connection.domainEventRegisterAny(None, event, hear, None) for event in (0, 23)]
        traces.append(list(domains(connection)))
        connection.defineXML(domain_xml(name='last', devices='')).undefine()
        wait_for(lambda: ('last', 1, 0) in heard[number], 'it has heard all')
        for callback in ids:
            connection.domainEventDeregisterAny(callback)
    compare(*traces)
    assert heard[0] == heard[1] and len(heard[0]) > 20
    assert any('http://example.org/x' in event for event in heard[1])
