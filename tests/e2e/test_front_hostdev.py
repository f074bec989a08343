# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of stock libvirtd that name their channel devices, through the front."""

import os
import re

import libvirt
import pytest

import frontlib
import hostlib
from frontlib import EMULATOR, FRONT, KERNEL_FILE, STOCK
from hostlib import (CSS, OTHER_CCW, SUBCHANNEL, UUID, Virsh, define_file, mdev_name,
                     write_file)

CCW = 'ccw_0_0_3000'
GUEST = 'front-hostdev'
GUEST_UUID = '6f0a2d0a-52b1-4b9b-9b0c-6a4a8a4d5a01'
NAMESPACE = 'urn:virtccw:hostdev:1'
pytestmark = frontlib.needs_guests
XML = f'''<domain type='qemu'>
  <name>{GUEST}</name>
  <uuid>{GUEST_UUID}</uuid>{{metadata}}
  <memory unit='MiB'>128</memory>
  <os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type><kernel>{KERNEL_FILE}</kernel></os>
  <devices>
    <emulator>{EMULATOR}</emulator>
    {{hostdevs}}
    <video><model type='none'/></video>
  </devices>
</domain>
'''
HOSTDEV = "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'{more}>{source}</hostdev>"
ADDRESS = "<address type='ccw' cssid='0x0' ssid='0x0' devno='0x{}'/>"
BY_ADDRESS = f"<source>{ADDRESS.format('3000')}</source>"
BY_UUID = f"<source><address uuid='{UUID}'/></source>"


def by_name(name):
    return f"<source dev='{name}'/>"


def hostdev(source=BY_ADDRESS, more=''):
    return HOSTDEV.format(source=source, more=more)


def guest(*hostdevs, metadata=''):
    return XML.format(hostdevs='\n'.join(hostdevs), metadata=metadata)


def flat(text):
    """Without the blanks between elements."""
    return re.sub(r'>\s+<', '><', text)


@pytest.fixture(name='stock')
def _stock(fresh_host, tmp_path):
    with frontlib.stock_with_guests(tmp_path, GUEST) as stock:
        yield stock


@pytest.fixture(name='front')
def _front(stock, tmp_path):
    with frontlib.running(tmp_path) as server:
        yield server


@pytest.fixture(name='both')
def _both(front):
    """The same daemon, through the front and without it."""
    ways = libvirt.open(FRONT), libvirt.open(STOCK)
    yield ways
    for way in ways:
        way.close()


def uuid_in(text):
    found = re.findall(r"<hostdev .*?<address uuid='(.*?)'", text, re.S)
    assert len(found) == 1, text
    return found[0]


@pytest.mark.parametrize('source', [BY_ADDRESS, by_name(CSS), by_name(CCW)])
def test_by_device(both, source):
    front, stock = both
    domain = front.defineXML(guest(hostdev(source)))
    assert flat(source) in flat(domain.XMLDesc())
    assert NAMESPACE not in domain.XMLDesc()
    behind = stock.lookupByName(GUEST).XMLDesc()
    uuid = uuid_in(behind)
    assert NAMESPACE in behind
    name = mdev_name(uuid)
    assert name in {device.name() for device in front.listAllDevices()}
    assert hostlib.read_file(hostlib.definition_path(uuid))
    assert domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE).count(NAMESPACE) == 0
    again = front.defineXML(domain.XMLDesc())
    assert uuid_in(stock.lookupByName(GUEST).XMLDesc()) == uuid
    assert flat(again.XMLDesc()) == flat(domain.XMLDesc())


def test_what_is_there_is_found(both):
    define_file()
    front, stock = both
    domain = front.defineXML(guest(hostdev()))
    assert uuid_in(stock.lookupByName(GUEST).XMLDesc()) == UUID
    assert ADDRESS.format('3000') in domain.XMLDesc()
    assert os.listdir(f'{hostlib.DEFINITIONS}/{SUBCHANNEL}') == [UUID]


def test_device_that_is_not_there(both):
    """It may come: to define the guest is allowed, as for a PCI device."""
    front, stock = both
    domain = front.defineXML(guest(hostdev(f"<source>{ADDRESS.format('4711')}</source>")))
    assert "devno='0x4711'" in domain.XMLDesc()
    assert uuid_in(stock.lookupByName(GUEST).XMLDesc())
    assert not [name for name in os.listdir(hostlib.DEFINITIONS) if name.startswith('0.')]


def test_by_uuid_is_not_touched(both):
    front, stock = both
    domain = front.defineXML(guest(hostdev(BY_UUID, " managed='yes'")))
    assert domain.XMLDesc() == stock.lookupByName(GUEST).XMLDesc()
    assert flat(BY_UUID) in flat(domain.XMLDesc())


def test_other_metadata_stays(both):
    front, stock = both
    other = "<metadata><k:a xmlns:k='http://example.org/'><k:b/></k:a></metadata>"
    domain = front.defineXML(guest(hostdev(), metadata=other))
    assert flat(domain.XMLDesc()).count('<k:b/>') == 1
    assert NAMESPACE not in domain.XMLDesc()
    assert NAMESPACE in stock.lookupByName(GUEST).XMLDesc()
    front.defineXML(guest(hostdev(BY_UUID), metadata=other))
    assert NAMESPACE not in stock.lookupByName(GUEST).XMLDesc()


def test_edit(both, tmp_path, monkeypatch):
    front, stock = both
    front.defineXML(guest(hostdev()))
    uuid = uuid_in(stock.lookupByName(GUEST).XMLDesc())
    editor = tmp_path / 'editor'
    write_file(editor, f'#!/bin/sh\ncp "$1" {tmp_path}/seen\nsed -i "s/131072/262144/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv('EDITOR', str(editor))
    assert 'edited' in Virsh(FRONT).ok('edit', GUEST)
    seen = (tmp_path / 'seen').read_text()
    assert "devno='0x3000'" in seen and uuid not in seen and 'virtccw' not in seen
    assert uuid_in(stock.lookupByName(GUEST).XMLDesc()) == uuid
    assert '262144' in stock.lookupByName(GUEST).XMLDesc()


BAD = [
    (hostdev(BY_UUID, " display='on'"), libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'no display'),
    (hostdev('<source/>'), libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'has no UUID'),
    (hostdev("<source><address type='ccw' devno='0x3000'/></source>"), libvirt.VIR_ERR_XML_ERROR,
     'all of cssid, ssid and devno'),
    (hostdev(f"<source>{ADDRESS.format('3000').replace('0x0', '0xfe', 1)}</source>"),
     libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "cssid='0x0'"),
    (hostdev(by_name('pci_0000_00_00_0')), libvirt.VIR_ERR_XML_ERROR, 'name of a node device'),
    (hostdev(by_name('css_0_0_0004').replace('/>', f'>{ADDRESS.format("3000")}</source>')),
     libvirt.VIR_ERR_XML_ERROR, 'both dev and'),
    (hostdev() + hostdev(by_name(CSS)), libvirt.VIR_ERR_XML_ERROR, 'mediated device'),
    (hostdev(BY_UUID + "<address type='ccw' cssid='0' ssid='0' devno='0x1'/>"),
     libvirt.VIR_ERR_CONFIG_UNSUPPORTED, '0xfe'),
]


@pytest.mark.parametrize('text,code,words', BAD)
def test_refused_early(both, text, code, words):
    front, stock = both
    with pytest.raises(libvirt.libvirtError, match=re.escape(words)) as caught:
        front.defineXML(guest(text))
    assert caught.value.get_error_code() == code
    assert stock.listAllDomains() == []
    assert os.listdir(hostlib.DEFINITIONS) in ([], ['scripts.d'])


def test_what_stock_refuses_has_no_effect(both):
    front, stock = both
    text = guest(hostdev()).replace('<memory', '<vcpu>none</vcpu><memory')
    for way in both:
        with pytest.raises(libvirt.libvirtError):
            way.defineXML(text)
    with pytest.raises(libvirt.libvirtError):
        front.defineXML(guest(hostdev()).replace(EMULATOR, '/bin/true'))
    assert os.listdir(hostlib.DEFINITIONS) in ([], ['scripts.d'])


def test_no_xml_is_refused_in_stocks_words(both):
    errors = []
    for way in both:
        with pytest.raises(libvirt.libvirtError) as caught:
            way.defineXML('<domain>vfio-ccw')
        errors.append((caught.value.get_error_code(), str(caught.value)))
    assert errors[0] == errors[1]


def test_read_only_hears_nothing_of_us(front):
    """Whoever may not change anything gets stock's answer, whatever the document."""
    connection = libvirt.openReadOnly(FRONT)
    for text in (guest(hostdev()), guest(BAD[0][0])):
        with pytest.raises(libvirt.libvirtError) as caught:
            connection.defineXML(text)
        assert caught.value.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED
    connection.close()
    assert os.listdir(hostlib.DEFINITIONS) in ([], ['scripts.d'])


CONFIG_FLAG = libvirt.VIR_DOMAIN_AFFECT_CONFIG


def test_attach_and_detach_of_a_definition(both):
    front, stock = both
    domain = front.defineXML(guest())
    domain.attachDeviceFlags(hostdev(), CONFIG_FLAG)
    assert ADDRESS.format('3000') in domain.XMLDesc()
    behind = stock.lookupByName(GUEST).XMLDesc()
    uuid = uuid_in(behind)
    assert NAMESPACE in behind and NAMESPACE not in domain.XMLDesc()
    assert hostlib.read_file(hostlib.definition_path(uuid))
    domain.attachDeviceFlags(hostdev(by_name(OTHER_CCW)), CONFIG_FLAG)
    assert f"dev='{OTHER_CCW}'" in domain.XMLDesc() and "devno='0x3000'" in domain.XMLDesc()
    domain.detachDeviceFlags(hostdev(), CONFIG_FLAG)
    assert "devno='0x3000'" not in domain.XMLDesc()
    assert f"dev='{OTHER_CCW}'" in domain.XMLDesc()
    domain.detachDeviceFlags(hostdev(by_name(OTHER_CCW)), CONFIG_FLAG)
    assert '<hostdev' not in stock.lookupByName(GUEST).XMLDesc()
    assert NAMESPACE not in stock.lookupByName(GUEST).XMLDesc()


def test_detach_by_alias(both):
    front, stock = both
    domain = front.defineXML(guest(hostdev(BY_ADDRESS + "<alias name='ua-disk'/>")))
    with pytest.raises(libvirt.libvirtError):
        domain.detachDeviceAlias('ua-other', CONFIG_FLAG)
    assert "devno='0x3000'" in domain.XMLDesc()
    domain.detachDeviceAlias('ua-disk', CONFIG_FLAG)
    assert '<hostdev' not in domain.XMLDesc()
    assert NAMESPACE not in stock.lookupByName(GUEST).XMLDesc()


def test_attach_that_stock_refuses(both):
    front, stock = both
    domain = front.defineXML(guest())
    before = stock.lookupByName(GUEST).XMLDesc()
    for call, flags in ((domain.attachDevice, ()), (domain.detachDevice, ()),
                        (domain.attachDeviceFlags, (libvirt.VIR_DOMAIN_AFFECT_LIVE,))):
        with pytest.raises(libvirt.libvirtError, match='not running'):
            call(hostdev(), *flags)
    with pytest.raises(libvirt.libvirtError):
        domain.attachDeviceFlags(hostdev(), 0x40000)
    domain.attachDeviceFlags(hostdev(), CONFIG_FLAG)
    with pytest.raises(libvirt.libvirtError):
        domain.attachDeviceFlags(hostdev(), CONFIG_FLAG)
    assert ADDRESS.format('3000') in domain.XMLDesc()
    domain.detachDeviceFlags(hostdev(), CONFIG_FLAG)
    with pytest.raises(libvirt.libvirtError):
        domain.detachDeviceFlags(hostdev(), CONFIG_FLAG)
    # libvirt keeps an empty element.
    assert stock.lookupByName(GUEST).XMLDesc().replace('  <metadata/>\n', '') == before


def test_long_document(both):
    """More than our own documents may have."""
    front, _ = both
    text = guest(hostdev()).replace('<memory', f"<description>{'x' * 1000000}</description><memory")
    domain = front.defineXML(text)
    assert "devno='0x3000'" in domain.XMLDesc() and 'x' * 1000000 in domain.XMLDesc()


def test_to_native(both):
    front, _ = both
    argv = front.domainXMLToNative('qemu-argv', guest(hostdev()))
    assert re.search('vfio-ccw.*/sys/bus/mdev/devices/[-0-9a-f]{36}', argv)


def test_from_native(both):
    """The stock daemon cannot."""
    front, stock = both
    argv = ('qemu-system-s390x -M s390-ccw-virtio -device vfio-ccw,devno=fe.0.1234,'
            f'sysfsdev=/sys/bus/mdev/devices/{UUID}')
    text = front.domainXMLFromNative('qemu-argv', argv)
    assert f"<address uuid='{UUID}'/>" in text and "devno='0x1234'" in text
    with pytest.raises(libvirt.libvirtError, match='not supported'):
        stock.domainXMLFromNative('qemu-argv', argv)
