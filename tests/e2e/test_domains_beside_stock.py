# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions of guests, by stock libvirtd 9.0.0's QEMU driver and by virtccwd.

The same calls of python3-libvirt to both: the same value, or an error with the same number,
but for what docs/differences.md lists under "Guests", by id.
"""

import os
import re
import xml.etree.ElementTree as ET

import libvirt
import pytest

import sidelib
from domainlib import DOMAIN, DOMAIN_UUID, hostdev_xml
from hostlib import LAB, SOURCE, read_file
from test_domxml_to_native import QEMU, stock as stock_qemu  # noqa: F401

pytestmark = [
    pytest.mark.skipif(LAB, reason='needs stock libvirtd'),
    pytest.mark.skipif(not sidelib.available() or not os.path.exists(QEMU),
                       reason='libvirtd or qemu-system-s390x is not installed')]

OTHER_UUID = '0e5a2c8e-6d51-44ca-b4a5-7a0d3b0d3f11'
A = 'http://example.org/a'
ELEMENT = libvirt.VIR_DOMAIN_METADATA_ELEMENT
TITLE = libvirt.VIR_DOMAIN_METADATA_TITLE
DESCRIPTION = libvirt.VIR_DOMAIN_METADATA_DESCRIPTION
ROW = re.compile(r'^\| `(guest-[a-z0-9-]+)` \|', re.M)


def document(name=DOMAIN, uuid=DOMAIN_UUID, inside='', devices='', memory="<memory>1048576</memory>"):
    uuid = f'<uuid>{uuid}</uuid>' if uuid else ''
    return (f"<domain type='qemu'><name>{name}</name>{uuid}{inside}{memory}<vcpu>2</vcpu>"
            "<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>"
            f'<devices><emulator>{QEMU}</emulator>{devices}</devices></domain>')


def addresses(domain):
    """The guest address of each device."""
    found = []
    for device in ET.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)).find('devices'):
        address = device.find("address[@type='ccw']")
        source = device.find('source/address')
        if address is not None:
            found.append((device.tag, device.get('type'), device.get('index'),
                          None if source is None else source.get('uuid'),
                          *map(address.get, ('cssid', 'ssid', 'devno'))))
    return sorted(found, key=str)


def define(text, flags=0):
    def do(connection):
        domain = connection.defineXMLFlags(text, flags)
        return domain.name(), domain.UUIDString(), domain.isPersistent(), addresses(domain)
    return do


def memory(text):
    def do(connection):
        domain = connection.defineXML(document(memory=text))
        shown = re.findall(r'<(\w*[mM]emory) unit=.(\w+).>(\d+)<', domain.XMLDesc())
        return shown, domain.maxMemory(), domain.info()
    return do


def of(call):
    """A call of the domain that is defined."""
    return lambda connection: call(connection.lookupByName(DOMAIN))


def set_metadata(kind, text, key=None, uri=None, flags=0):
    def do(domain):
        domain.setMetadata(kind, text, key, uri, flags)
        return domain.metadata(kind, uri)
    return of(do)


def undefine(flags):
    def do(connection):
        connection.defineXML(document()).undefineFlags(flags)
        return [domain.name() for domain in connection.listAllDomains()]
    return do


def rename(domain):
    domain.rename('renamed', 0)
    found = domain.name(), domain.connect().lookupByUUIDString(DOMAIN_UUID).name()
    domain.connect().lookupByName('renamed').rename(DOMAIN, 0)
    return found


def autostart(domain):
    found = []
    for wanted in (0, 1, 1, 0):
        domain.setAutostart(wanted)
        found.append((domain.autostart(), len(domain.connect().listAllDomains(
            libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART))))
    return found


def many_devices():
    scsi = "<controller type='scsi' model='virtio-scsi'/>"
    return (hostdev_xml() + scsi + scsi + "<rng model='virtio'><backend model='random'/></rng>"
            + hostdev_xml(OTHER_UUID, "<address type='ccw' cssid='0xfe' ssid='0' devno='3'/>"))


# In this order; what differs, and the row of docs/differences.md.
CALLS = [
    ('define', define(document()), None),
    ('define again', define(document()), None),
    ('define devices', define(document(devices=many_devices())), None),
    ('define, other name', define(document(name='other')), None),
    ('define, other uuid', define(document(uuid=OTHER_UUID)), None),
    ('define, no memory', define(document(memory='')), None),
    ('define, memory 0', define(document(memory='<memory>0</memory>')), None),
    ('memory in MiB', memory("<memory unit='MiB'>512</memory>"), None),
    ('memory in bytes', memory("<memory unit='b'>1048577</memory>"), None),
    ('memory in KB', memory("<memory unit='KB'>1000001</memory>"), None),
    ('more current memory', memory("<memory>524288</memory><currentMemory>600000"
                                   '</currentMemory>'), None),
    ('less current memory', memory("<memory>524288</memory><currentMemory>600"
                                   '</currentMemory>'), None),
    ('define, unit', define(document(memory="<memory unit='X'>1</memory>")), 'guest-memory-unit'),
    ('define, two devices', define(document().replace(
        '</domain>', f'<devices>{hostdev_xml()}</devices></domain>')), None),
    ('define, controllers', define(document(devices="<controller type='scsi' index='1'/>" * 2)), None),
    ('define, capabilities', define(document(devices=hostdev_xml().replace(
        'subsystem', 'capabilities'))), None),
    ('define, cssid', define(document(devices=hostdev_xml(
        address="<address type='ccw' cssid='0' ssid='0' devno='0'/>"))), 'guest-cssid'),
    ('define, no XML', define('<domain'), None),
    ('define, network', define('<network/>'), None),
    ('define, name', define(document(name='a/b')), None),
    ('define, flags', define(document(), 1 << 7), None),
    ('define', define(document()), None),
    ('no description', of(lambda d: d.metadata(DESCRIPTION, None)), None),
    ('description', set_metadata(DESCRIPTION, 'a <b> & c\nd'), None),
    ('title', set_metadata(TITLE, 'short'), None),
    ('title of lines', set_metadata(TITLE, 'a\nb'), None),
    ('no title', set_metadata(TITLE, ''), None),
    ('metadata type', of(lambda d: d.setMetadata(3, 'x', 'o', A, 0)), None),
    ('metadata', set_metadata(ELEMENT, "<who a='1'>me</who>", 'o', A), None),
    ('metadata nested', set_metadata(ELEMENT, '<a><b>x</b><c/></a>', 'o', A), None),
    ('metadata of others', set_metadata(ELEMENT, "<a xmlns:z='urn:z'><z:b/></a>", 'o', A), None),
    ('metadata, second', set_metadata(ELEMENT, '<a/>', 'p', 'urn:second'), None),
    ('metadata, declared', set_metadata(
        ELEMENT, f"<o:a xmlns:o='{A}'><o:b/></o:a>", 'o', A), 'guest-metadata-prefix'),
    ('metadata, clash', set_metadata(
        ELEMENT, "<o:a xmlns:o='urn:x'/>", 'o', A), 'guest-metadata-errors'),
    ('metadata, prefix', set_metadata(ELEMENT, '<a/>', 'a b', A), 'guest-metadata-errors'),
    ('metadata, namespace', set_metadata(
        ELEMENT, "<a xmlns='urn:x'/>", 'o', 'urn:third'), 'guest-metadata-namespace'),
    ('metadata, no XML', set_metadata(ELEMENT, '<a', 'o', A), None),
    ('metadata, no prefix', set_metadata(ELEMENT, '<a/>', None, A), None),
    ('metadata, no URI', of(lambda d: d.setMetadata(ELEMENT, '<a/>', 'o', None, 0)), None),
    ('metadata, remove', set_metadata(ELEMENT, None, None, A), None),
    ('metadata, live', set_metadata(ELEMENT, '<a/>', 'o', A, 1), None),
    ('metadata, none', of(lambda d: d.metadata(ELEMENT, 'urn:none')), None),
    ('autostart', of(autostart), None),
    ('rename', of(rename), None),
    ('rename, same', of(lambda d: d.rename(DOMAIN, 0)), None),
    ('rename, bad', of(lambda d: d.rename('a/b', 0)), None),
    ('rename, empty', of(lambda d: d.rename('', 0)), None),
    ('info', of(lambda d: (d.info(), d.isActive(), d.isUpdated(), d.OSType(),
                           d.hasManagedSaveImage(), d.state())), None),
    ('most vcpus', of(lambda d: d.maxVcpus()), None),
    ('id', of(lambda d: d.ID()), None),
    ('vcpus', of(lambda d: [d.vcpusFlags(f) for f in (2, 6)]), None),
    ('vcpus, live', of(lambda d: d.vcpusFlags(1)), None),
    ('destroy', of(lambda d: d.destroy()), None),
    ('shutdown', of(lambda d: d.shutdown()), None),
    ('suspend', of(lambda d: d.suspend()), None),
    ('resume', of(lambda d: d.resume()), None),
    ('dumpxml, flags', of(lambda d: d.XMLDesc(1 << 9)), None),
    ('lookup, none', lambda c: c.lookupByName('none'), None),
    ('lookup, no uuid', lambda c: c.lookupByUUIDString(OTHER_UUID), None),
    ('lookup, no id', lambda c: c.lookupByID(7), None),
    ('numbers', lambda c: (c.numOfDomains(), c.numOfDefinedDomains(), c.listDefinedDomains(),
                           c.listDomainsID()), None),
    ('native, format', lambda c: c.domainXMLToNative('xen-xl',document(), 0), None),
    ('native, flags', lambda c: c.domainXMLToNative('qemu-argv',document(), 1), None),
    ('from native', lambda c: 'domain' in c.domainXMLFromNative(
        'qemu-argv', 'qemu-system-s390x -m 1', 0), 'guest-from-native'),
    *((f'undefine {flags:#x}', undefine(flags), None) for flags in (
        0, 1, 2, 4, 8, 16, 32, 64, 4 | 8, 32 | 64, 1 << 8)),
    ('undefine, gone', of(lambda d: d.undefine()), None),
    ('create', lambda c: c.createXML(document(devices=hostdev_xml())), 'guest-start'),
]


def outcome(call, connection):
    try:
        return call(connection)
    except libvirt.libvirtError as error:
        return 'error', error.get_error_code()


def test_the_same_as_stock(stock_qemu, lv):  # noqa: F811
    rows = set(ROW.findall(read_file(os.path.join(SOURCE, 'docs/differences.md'))))
    found, seen = {}, set()
    for name, call, row in CALLS:
        theirs, our = outcome(call, stock_qemu), outcome(call, lv)
        if theirs != our and row:
            seen.add(row)
        elif theirs != our or row:
            found[name] = f'{row or "no row"}\n  stock: {theirs}\n  ours:  {our}'
    assert not found, '\n'.join(f'{name}: {what}' for name, what in found.items())
    assert seen == rows


def test_stock_takes_what_we_give(stock_qemu, lv):  # noqa: F811
    """The document of a definition is one for the QEMU driver, as our refusal to start says."""
    domain = lv.defineXML(document(devices=many_devices()))
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)
    there = stock_qemu.defineXMLFlags(text, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    assert addresses(there) == addresses(domain)
    back = lv.defineXMLFlags(there.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
                               libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
    assert addresses(back) == addresses(domain)
    there.undefine()
