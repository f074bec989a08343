# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: a code of its own for each kind, and a message that helps."""

import glob
import os

import libvirt
import pytest

from hostlib import (CSS, OTHER, OTHER_UUID, SOURCE, SUBCHANNEL, UUID, bind_vfio, define_file,
                     definition_path, mdev_exists, mdev_name, mdev_xml, wait_for)

MDEV = mdev_name()
ABSENT = '0.0.0abc'

BOMB = ('<!DOCTYPE device [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<device><name>&b;</name></device>')
FILE = '<!DOCTYPE device [<!ENTITY f SYSTEM "file:///etc/passwd">]><device><name>&f;</name></device>'


def refusal(call, *args):
    """The error that a call must end with: (code, message)."""
    with pytest.raises(libvirt.libvirtError) as refused:
        call(*args)
    message = refused.value.get_error_message()
    assert message and '\n' not in message and message == message.strip()
    assert '(null)' not in message and refused.value.get_error_code() != libvirt.VIR_ERR_INTERNAL_ERROR
    return refused.value.get_error_code(), message


def expect(code, *words):
    """A function that checks a refusal."""

    def check(call, *args):
        found, message = refusal(call, *args)
        assert found == code, message
        for word in words:
            assert word in message, message

    return check


def mdev(inner, parent=CSS):
    return f"<device><parent>{parent}</parent><capability type='mdev'>{inner}</capability></device>"


TYPE = "<type id='vfio_ccw-io'/>"

# Documents that can never be used: the same answer from define and from create.
DOCUMENTS = {
    'cut short': ('<device>\n<parent>', libvirt.VIR_ERR_XML_DETAIL, ['2']),
    'no XML': ('hello', libvirt.VIR_ERR_XML_DETAIL, ['1']),
    'empty': ('', None, []),
    'two roots': ('<device/>\n<device/>', libvirt.VIR_ERR_XML_DETAIL, ['2']),
    'bad UTF-8 as seen by XML': ('<device>&#0;</device>', libvirt.VIR_ERR_XML_DETAIL, ['1']),
    'unknown entity': ('<device>&nbsp;</device>', libvirt.VIR_ERR_XML_DETAIL, ['nbsp']),
    'bomb': (BOMB, libvirt.VIR_ERR_XML_ERROR, ['DOCTYPE']),
    'file': (FILE, libvirt.VIR_ERR_XML_ERROR, ['DOCTYPE']),
    'another root': ('<domain/>', libvirt.VIR_ERR_XML_ERROR, ['device']),
    'no capability': (f'<device><parent>{CSS}</parent></device>', libvirt.VIR_ERR_XML_ERROR,
                      ['capability']),
    'oversized': (mdev(f"{TYPE}<!-- {'x' * 70000} -->"), libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
                  ['65536']),
    'deep': ('<device>' + '<a>' * 5000 + '</a>' * 5000 + '</device>', None, []),
    'not an mdev': (f"<device><parent>{CSS}</parent><capability type='pci'/></device>",
                    libvirt.VIR_ERR_CONFIG_UNSUPPORTED, ['pci']),
    'a subchannel': ("<device><capability type='css'><cssid>0</cssid><ssid>0</ssid>"
                     '<devno>4</devno></capability></device>',
                     libvirt.VIR_ERR_CONFIG_UNSUPPORTED, ['mdev']),
    'no type': (mdev(''), libvirt.VIR_ERR_CONFIG_UNSUPPORTED, ['type']),
    'no parent': (f"<device><capability type='mdev'>{TYPE}</capability></device>", None,
                  ['parent']),
    'bad UUID': (mdev(f'{TYPE}<uuid>18e124fb</uuid>'), libvirt.VIR_ERR_XML_ERROR, ['18e124fb']),
    'parent is no subchannel': (mdev(TYPE, 'ccw_0_0_3000'), libvirt.VIR_ERR_NO_NODE_DEVICE,
                                ["'ccw_0_0_3000'", 'subchannel']),
    'parent is the computer': (mdev(TYPE, 'computer'), libvirt.VIR_ERR_NO_NODE_DEVICE,
                               ["'computer'", 'subchannel']),
    'parent is nothing': (mdev(TYPE, 'nothing'), libvirt.VIR_ERR_NO_NODE_DEVICE, ["'nothing'"]),
    'path as type': (mdev("<type id='../../x'/>"), None, ['../../x']),
    'attribute with a path': (mdev(f"{TYPE}<attr name='../remove' value='1'/>"), None,
                              ['../remove']),
    'attribute without name': (mdev(f"{TYPE}<attr value='1'/>"), None, ['attr']),
    'attribute twice as name': (mdev(f"{TYPE}<attr name='' value='1'/>"), None, ['attr']),
}


@pytest.mark.parametrize('name', DOCUMENTS)
def test_documents(lv, name):
    text, code, words = DOCUMENTS[name]
    bind_vfio()
    for call in (lv.nodeDeviceDefineXML, lv.nodeDeviceCreateXML):
        found, message = refusal(call, text)
        assert code in (None, found), message
        for word in words:
            assert word in message, message
    assert not lv.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV)
    assert not glob.glob('/etc/mdevctl.d/*/*-*')


@pytest.mark.parametrize('text', [
    mdev(f'{TYPE}<unknown/>'), mdev(f"{TYPE}<attr name='a'/>"),
    mdev(TYPE) .replace('<device>', '<device extra="1">')])
def test_schema(lv, text):
    expect(libvirt.VIR_ERR_XML_INVALID_SCHEMA, 'line')(
        lv.nodeDeviceDefineXML, text, libvirt.VIR_NODE_DEVICE_DEFINE_XML_VALIDATE)
    expect(libvirt.VIR_ERR_XML_INVALID_SCHEMA, 'line')(
        lv.nodeDeviceCreateXML, text, libvirt.VIR_NODE_DEVICE_CREATE_XML_VALIDATE)


def test_line_is_named(virsh, document):
    path = document('<device>\n  <parent>css_0_0_0004</parent>\n  <capability>\n</device>\n')
    assert '4' in virsh.fails('nodedev-define', path)


def test_unknown_device(lv):
    expect(libvirt.VIR_ERR_NO_NODE_DEVICE, "'css_0_0_0999'")(
        lv.nodeDeviceLookupByName, 'css_0_0_0999')


def test_unknown_flags(lv):
    expect(libvirt.VIR_ERR_INVALID_ARG, 'flags')(lv.nodeDeviceDefineXML, mdev_xml(), 1 << 20)
    expect(libvirt.VIR_ERR_INVALID_ARG, 'flags')(lv.listAllDevices, 1 << 25)


class TestStart:
    """A device that is defined, and cannot be started now."""

    def start(self, lv, uuid=UUID, subchannel=SUBCHANNEL, kind='vfio_ccw-io', extra=''):
        node = lv.nodeDeviceDefineXML(mdev_xml(uuid, subchannel, kind, extra))
        return node.create

    def test_absent_subchannel(self, lv):
        """It can be defined, as mdevctl can; but not started."""
        expect(libvirt.VIR_ERR_DEVICE_MISSING, ABSENT)(self.start(lv, subchannel=ABSENT))
        assert os.path.exists(definition_path(subchannel=ABSENT))
        expect(libvirt.VIR_ERR_DEVICE_MISSING, ABSENT)(
            lv.nodeDeviceCreateXML, mdev_xml(subchannel=ABSENT))

    def test_what_is_defined_can_be_undefined(self, lv):
        with pytest.raises(libvirt.libvirtError) as caught:
            lv.nodeDeviceCreateXML(mdev_xml(subchannel=ABSENT))
        assert 'cio_ignore' in str(caught.value) and 'undefine' not in str(caught.value)
        expect(libvirt.VIR_ERR_DEVICE_MISSING, 'undefine')(self.start(lv, subchannel=ABSENT))

    def test_parent_on_the_wrong_driver(self, lv):
        check = expect(libvirt.VIR_ERR_OPERATION_INVALID, SUBCHANNEL, 'io_subchannel',
                       f'driverctl -b css set-override {SUBCHANNEL} vfio_ccw')
        check(lv.nodeDeviceCreateXML, mdev_xml(OTHER_UUID))

    def test_type_not_offered(self, lv):
        bind_vfio()
        expect(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, SUBCHANNEL, 'no-such-type', 'vfio_ccw-io')(
            self.start(lv, kind='no-such-type'))

    def test_second_instance(self, lv):
        bind_vfio()
        self.start(lv)()
        expect(libvirt.VIR_ERR_RESOURCE_BUSY, SUBCHANNEL, MDEV)(self.start(lv, OTHER_UUID))
        assert mdev_exists() and not mdev_exists(OTHER_UUID)

    def test_uuid_active_elsewhere(self, lv):
        bind_vfio(SUBCHANNEL, OTHER)
        self.start(lv)()
        expect(libvirt.VIR_ERR_OPERATION_FAILED, MDEV, SUBCHANNEL)(
            self.start(lv, subchannel=OTHER))
        assert mdev_exists() and not mdev_exists(subchannel=OTHER)

    def test_already_active(self, lv):
        bind_vfio()
        self.start(lv)()
        expect(libvirt.VIR_ERR_OPERATION_INVALID, MDEV, 'active')(
            lv.nodeDeviceCreateXML, mdev_xml())
        expect(libvirt.VIR_ERR_OPERATION_INVALID, 'active')(
            lv.nodeDeviceLookupByName(MDEV).create)

    def test_attribute_that_does_not_exist(self, lv):
        """What was made for it is removed again."""
        bind_vfio()
        extra = '<attr name="assign_adapter" value="5"/>'
        expect(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'assign_adapter')(self.start(lv, extra=extra))
        wait_for(lambda: not mdev_exists(), 'nothing is left')

    def test_not_active(self, lv):
        node = lv.nodeDeviceDefineXML(mdev_xml())
        expect(libvirt.VIR_ERR_OPERATION_INVALID, MDEV, 'not active')(node.destroy)

    def test_gone_meanwhile(self, lv):
        node = lv.nodeDeviceDefineXML(mdev_xml())
        node.undefine()
        for call in (node.undefine, node.create, node.destroy, node.XMLDesc, node.isActive,
                     lambda: node.setAutostart(1)):
            expect(libvirt.VIR_ERR_NO_NODE_DEVICE, MDEV)(call)

    def test_subchannel_goes(self, lv):
        bind_vfio()
        node = lv.nodeDeviceDefineXML(mdev_xml())
        define_file(OTHER_UUID, ABSENT)
        name = mdev_name(OTHER_UUID, ABSENT)
        wait_for(lambda: any(node.name() == name for node in lv.listAllDevices()), 'listed')
        assert f'<parent_addr>{ABSENT}<' in lv.nodeDeviceLookupByName(name).XMLDesc()
        assert node.isActive() == 0


def test_samples_of_the_procedure_are_good(lv):
    """What the project ships as examples passes its own schema."""
    for path in ('my_dasd_mdev.xml', 'my_dasd_mdev-without-uuid.xml'):
        with open(os.path.join(SOURCE, 'xmlfiles', path), encoding='utf-8') as file:
            lv.nodeDeviceDefineXML(file.read(), 1).undefine()
