# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock libvirtd 9.0.0 and virtccwd on the same host: the same, but for known differences.

docs/differences.md lists them by id. Each id must be seen here, or be marked there as "not
compared"; and a difference without an id is a failure.
"""

import os
import re

import libvirt
import pytest

import sidelib
from hostlib import (CSS, LAB, OTHER, OTHER_UUID, OVERRIDES, RO_SOCKET, SOURCE, SUBCHANNEL, THIRD,
                     URI, UUID, Virsh, bind_vfio, css_name, define_file, definition_path, mdev_name,
                     mdev_xml, ok, read_file, wait_for, write_file)
from rpcclient import RpcClient, RpcError, xdr

pytestmark = pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')

MDEV = mdev_name()
# Two more: one whose device is, or is set, offline, and one that loses its driver.
FOURTH, FOURTH_CCW = ('0.0.0005', '0.0.000a') if LAB else ('0.0.16ca', '0.0.7e52')
FIFTH = '0.0.0008' if LAB else '0.0.0002'
ABSENT = '0.0.9999'
OURS = re.compile(r'computer$|(css|ccw|mdev)_')
ROW = re.compile(r'^\| `([a-z0-9-]+)` \|(.*)\|$', re.M)
VALIDATE = 1

# Filled by the tests of this module, looked at by the last one.
seen = set()


def documented():
    """The ids in docs/differences.md: {id: whether it is compared}."""
    text = read_file(os.path.join(SOURCE, 'docs/differences.md'))
    return {found[1]: 'not compared' not in found[2] for found in ROW.finditer(text)
            if not found[1].startswith('guest-')}  # test_domains_beside_stock.py has those


def differ(identifier):
    """Notes a difference that was seen."""
    assert identifier in documented(), f'{identifier} is not in docs/differences.md'
    seen.add(identifier)


class Pair:
    """A question to both daemons."""

    def __init__(self, stock):
        self.stock_virsh = stock.virsh
        self.our_virsh = Virsh()
        self.stock = libvirt.open(sidelib.URI)
        self.ours = libvirt.open(URI)

    def close(self):
        self.stock.close()
        self.ours.close()

    def virsh(self, *args):
        """What both print: (stock, ours)."""
        return self.stock_virsh.ok(*args), self.our_virsh.ok(*args)

    def outcomes(self, call, clean=None):
        """What call(connection) does on both: a value, or the code of its error."""
        found = []
        for connection in (self.stock, self.ours):
            try:
                found.append(call(connection))
            except libvirt.libvirtError as error:
                found.append(error.get_error_code())
            if clean:
                clean(connection)
        return tuple(found)


@pytest.fixture
def prepare():
    """Replaced by tests that need something before the daemons start."""


@pytest.fixture
def pair(prepare, daemon, event_loop, tmp_path):
    with sidelib.Stock(tmp_path) as stock:
        both = Pair(stock)
        yield both
        both.close()


def host_of_all_kinds():
    """One of each: subchannels of both drivers, mdevs in each state, odd ones."""
    bind_vfio(SUBCHANNEL, THIRD)
    define_file()
    ok('mdevctl', 'start', '-u', UUID, '-p', SUBCHANNEL)
    define_file(OTHER_UUID, OTHER, 'auto')
    define_file(OTHER_UUID, ABSENT)
    write_file(definition_path(OTHER_UUID, FOURTH),
               '{"mdev_type": "vfio_ccw-io", "start": "manual",'
               ' "attrs": [{"one": "a<b>&\\"\'c"}, {"two": ""}, {"one": "1"}]}')
    ok('mdevctl', 'start', '-u', '11111111-2222-3333-4444-555555555555', '-p', THIRD,
       '-t', 'vfio_ccw-io')
    online = f'/sys/bus/ccw/devices/{FOURTH_CCW}/online'
    if read_file(online) == '1\n':
        write_file(online, '0')
    write_file(f'/sys/bus/css/devices/{FIFTH}/driver/unbind', FIFTH)


class TestSameHost:
    """What both tell of the same devices."""

    @pytest.fixture
    def prepare(self, fresh_host):
        host_of_all_kinds()

    @staticmethod
    def like_stock(name, stock, ours):
        """Our document, each known difference undone; those are noted."""
        for identifier, pattern, replacement in (
                ('ccw-state', r'    <state>(online|offline)</state>\n', ''),
                ('channel-element', r'(?s)  <virtccw:channel .*?</virtccw:channel>\n', ''),
                ('autostart-element', r'  <virtccw:autostart [^>]*/>\n', '')):
            undone = re.sub(pattern, replacement, ours)
            if undone != ours:
                differ(identifier)
                ours = undone
        escaped = re.sub(r"&(lt|gt|amp|quot|apos);", lambda m: {
            'lt': '<', 'gt': '>', 'amp': '&', 'quot': '"', 'apos': "'"}[m[1]], ours)
        if ours != stock and escaped == stock:
            differ('attr-escaped')
            return escaped
        absent = re.sub(r'<parent>css_\w+</parent>', '<parent>computer</parent>', ours)
        if ours != stock and absent == stock and name.endswith('_9999'):
            differ('definition-absent-parent')
            return absent
        return ours

    def test_names(self, pair):
        stock, ours = (set(out.split()) for out in pair.virsh('nodedev-list', '--all'))
        for name in stock - ours:
            assert not OURS.match(name), f'{name} is missing'
            differ('other-devices')
        for name in ours - stock:
            if name == css_name(FIFTH):
                differ('css-without-driver')
            else:
                assert name.startswith('ccw_'), f'{name} is unknown to stock'
                assert '<state>offline</state>' in pair.our_virsh.ok('nodedev-dumpxml', name)
                differ('ccw-offline')

    @pytest.mark.parametrize('cap', ['css', 'mdev', 'mdev_types', 'system'])
    @pytest.mark.parametrize('state', [[], ['--inactive'], ['--all']],
                             ids=['active', 'inactive', 'all'])
    def test_lists(self, pair, cap, state):
        stock, ours = pair.virsh('nodedev-list', '--cap', cap, *state)
        if cap == 'css':
            ours = ours.replace(f'{css_name(FIFTH)}\n', '')
        assert stock == ours

    def test_documents(self, pair):
        names = [name for name in pair.stock_virsh.names('--all') if OURS.match(name)]
        assert {name.split('_')[0] for name in names} == {'computer', 'css', 'ccw', 'mdev'}
        assert len([name for name in names if name.startswith('mdev_')]) == 5
        for name in names:
            stock, ours = pair.virsh('nodedev-dumpxml', name)
            assert self.like_stock(name, stock, ours) == stock

    def test_info(self, pair):
        for name in pair.stock_virsh.names('--all'):
            if OURS.match(name):
                stock, ours = pair.virsh('nodedev-info', name)
                assert stock == ours

    def test_capabilities_of_devices(self, pair):
        for name in pair.stock_virsh.names('--all'):
            if OURS.match(name):
                stock, ours = pair.outcomes(
                    lambda connection, name=name:
                    connection.nodeDeviceLookupByName(name).listCaps())
                assert stock == ours


def define(text, flags=0):
    """Defines, tells the name, and tidies up."""

    def call(connection):
        name = connection.nodeDeviceDefineXML(text, flags).name()
        # Stock answers before it knows the device itself.
        wait_for(lambda: name in connection.listDevices('mdev'), 'it is listed')
        connection.nodeDeviceLookupByName(name).undefine()
        wait_for(lambda: name not in connection.listDevices('mdev'), 'it is gone')
        return name

    return call


class TestInput:
    """Documents that one of the two refuses, or for another reason."""

    @staticmethod
    def document(inner="<type id='vfio_ccw-io'/>", before='', kind='mdev', name=''):
        return (f"{before}<device>{name}<parent>{CSS}</parent>"
                f"<capability type='{kind}'>{inner}</capability></device>")

    TYPE = "<type id='vfio_ccw-io'/>"
    NAME = '<name>new</name>'
    FULL = f'<uuid>{UUID}</uuid>'

    CASES = {
        'validate-without-name': (document(TYPE + FULL), VALIDATE, 92, MDEV),
        'validate-order': (f"<device><capability type='mdev'>{TYPE}{FULL}</capability>"
                           f'<parent>{CSS}</parent><name>new</name></device>',
                           VALIDATE, 92, MDEV),
        'validate-uuid-blanks': (document(f'{TYPE}<uuid> {UUID}</uuid>', name=NAME),
                                 VALIDATE, 92, MDEV),
        'doctype': (document(TYPE + FULL, '<!DOCTYPE device [<!ENTITY a "b">]>'), 0, MDEV, 27),
        'limits': (document(f"{TYPE}{FULL}<!-- {'x' * 70000} -->"), 0, MDEV, 74),
        'several-capabilities': (
            document(TYPE + FULL).replace(
                '</device>', f"<capability type='mdev'>{TYPE}</capability></device>"),
            0, MDEV, 27),
        'attr-without-value': (document(f"{TYPE}{FULL}<attr name='a'/>"), 0, MDEV, 27),
        'capability-unknown': (document(kind='bogus'), 0, 27, 67),
        'capability-other': (document(kind='pci'), 0, 1, 67),
        'uuid-unreadable': (document(f'{TYPE}<uuid>1</uuid>'), 0, 1, 27),
        'no-capability': (f'<device><parent>{CSS}</parent></device>', 0, 1, 27),
        'number-unreadable': (
            document('<cssid>x</cssid><ssid>0</ssid><devno>4</devno>', kind='css'), 0, 67, 27),
        'number-range': (
            document('<cssid>0</cssid><ssid>9</ssid><devno>4</devno>', kind='css'), 0, 67, 27),
        'parent-unknown': (document(TYPE).replace(CSS, 'css_x'), 0, 67, 53),
    }

    SAME = {
        'good': (document(TYPE + FULL), 0, MDEV),
        'good, validated': (document(TYPE + FULL, name=NAME), VALIDATE, MDEV),
        'any UUID': (document(f"{TYPE}<uuid>{UUID.upper().replace('-', '')}</uuid>"), 0, MDEV),
        'unknown elements': (document(f'<x/>{TYPE}{FULL}<y>1</y>'), 0, MDEV),
        'unknown element, validated': (document(f'<x/>{TYPE}{FULL}', name=NAME), VALIDATE, 92),
        'no type': (document(FULL), 0, 67),
        'malformed': ('<device>', 0, 35),
    }

    @pytest.mark.parametrize('identifier', CASES)
    def test_different(self, pair, identifier):
        text, flags, stock, ours = self.CASES[identifier]
        assert pair.outcomes(define(text, flags)) == (stock, ours)
        differ(identifier)

    @pytest.mark.parametrize('name', SAME)
    def test_same(self, pair, name):
        text, flags, outcome = self.SAME[name]
        assert pair.outcomes(define(text, flags)) == (outcome, outcome)


class TestBehaviour:
    """What both do when asked the same."""

    @staticmethod
    def known(pair, *names):
        """Waits until both know the devices."""
        for virsh in (pair.stock_virsh, pair.our_virsh):
            wait_for(lambda virsh=virsh: set(names) <= set(virsh.names('--all')),
                     f'{names} are listed')

    def test_define_for_absent_subchannel(self, pair):
        assert pair.outcomes(define(mdev_xml(subchannel=ABSENT))) == \
            (67, mdev_name(subchannel=ABSENT))
        differ('define-absent')

    def test_define_again(self, pair):
        define_file(start='auto')
        self.known(pair, MDEV)

        def call(connection):
            connection.nodeDeviceDefineXML(mdev_xml(extra="<attr name='a' value='1'/>"))
            return connection.nodeDeviceLookupByName(MDEV).autostart()

        assert pair.outcomes(call) == (1, 1)
        assert '"a": "1"' in read_file(definition_path())
        stock, _ = pair.outcomes(lambda connection: connection.nodeDeviceDefineXML(mdev_xml()))
        assert stock == libvirt.VIR_ERR_INTERNAL_ERROR
        differ('define-again')

    @pytest.fixture
    def twins(self, pair):
        bind_vfio(SUBCHANNEL, OTHER)
        self.twice(pair)
        return mdev_name(subchannel=OTHER)

    def twice(self, pair):
        define_file()
        define_file(subchannel=OTHER)
        self.known(pair, MDEV, mdev_name(subchannel=OTHER))

    def test_undefine_one_of_two(self, pair, twins):
        pair.ours.nodeDeviceLookupByName(MDEV).undefine()
        assert os.path.exists(definition_path(subchannel=OTHER))
        self.twice(pair)
        pair.stock.nodeDeviceLookupByName(MDEV).undefine()
        assert not os.path.exists(definition_path(subchannel=OTHER))
        differ('one-pair')

    def test_start_one_of_two(self, pair, twins):
        def call(connection):
            connection.nodeDeviceLookupByName(MDEV).create()
            return 'started'

        assert pair.outcomes(call) == (libvirt.VIR_ERR_INTERNAL_ERROR, 'started')
        pair.ours.nodeDeviceLookupByName(MDEV).destroy()
        differ('one-pair')

    def test_start_takes_parent(self, pair):
        define_file()
        self.known(pair, MDEV)
        assert pair.outcomes(
            lambda connection: connection.nodeDeviceLookupByName(MDEV).create()) == \
            (libvirt.VIR_ERR_INTERNAL_ERROR, 0)
        differ('start-takes-parent')

    def test_detach(self, pair):
        assert pair.outcomes(
            lambda connection: connection.nodeDeviceLookupByName(CSS).dettach()) == \
            (libvirt.VIR_ERR_NO_SUPPORT, 0)
        differ('detach')

    def test_errors_of_start(self, pair):
        write_file(f'{OVERRIDES}/css-{SUBCHANNEL}', 'io_subchannel\n')
        define_file()
        self.known(pair, MDEV)
        assert pair.outcomes(
            lambda connection: connection.nodeDeviceLookupByName(MDEV).create()) == \
            (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_OPERATION_INVALID)
        differ('start-errors')

    def test_destroy_in_use(self, pair):
        bind_vfio()
        define_file()
        ok('mdevctl', 'start', '-u', UUID, '-p', SUBCHANNEL)
        self.known(pair, MDEV)
        wait_for(lambda: pair.stock.nodeDeviceLookupByName(MDEV).isActive(), 'stock sees it')
        group = os.path.basename(os.readlink(f'/sys/bus/mdev/devices/{UUID}/iommu_group'))
        with open(f'/dev/vfio/{group}', 'rb'):
            assert pair.outcomes(
                lambda connection: connection.nodeDeviceLookupByName(MDEV).destroy()) == \
                (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_RESOURCE_BUSY)
        differ('destroy-in-use')

    def test_bad_file(self, pair):
        """One file that cannot be used hides all changes from stock."""
        write_file(definition_path(OTHER_UUID), '{')
        define_file()
        wait_for(lambda: MDEV in pair.our_virsh.names('--all'), 'it is listed')
        assert MDEV not in pair.stock_virsh.names('--all')
        differ('bad-file')

    def test_autostart(self, daemon, pair):
        """Without mdevctl's udev rule only virtccwd does it."""
        define_file(start='auto')
        self.known(pair, MDEV)
        bind_vfio()
        wait_for(lambda: pair.our_virsh.names('--cap', 'mdev') == [MDEV], 'it is started')
        daemon.wait_log(f"autostarted '{MDEV}'")
        differ('autostart')

    def test_read_only_autostart(self, pair):
        define_file(start='auto')
        self.known(pair, MDEV)
        answers = []
        for path, uri in ((f'{sidelib.SOCKET}-ro', 'nodedev:///system'), (RO_SOCKET, URI)):
            with RpcClient(path) as client:
                client.open(uri, flags=libvirt.VIR_CONNECT_RO)
                try:
                    answers.append(client.call(433, xdr('s', MDEV)).number())
                except RpcError as error:
                    answers.append(error.code)
        assert answers == [libvirt.VIR_ERR_OPERATION_DENIED, 1]
        differ('read-only-autostart')

    def test_one_after_the_other(self, pair):
        """What one does the other sees, and can undo."""
        bind_vfio()
        pair.stock.nodeDeviceDefineXML(mdev_xml())
        self.known(pair, MDEV)
        pair.ours.nodeDeviceLookupByName(MDEV).setAutostart(1)
        wait_for(pair.stock.nodeDeviceLookupByName(MDEV).autostart, 'stock sees it')
        pair.ours.nodeDeviceLookupByName(MDEV).create()
        wait_for(pair.stock.nodeDeviceLookupByName(MDEV).isActive, 'stock sees it')
        pair.stock.nodeDeviceLookupByName(MDEV).destroy()
        wait_for(lambda: not pair.ours.nodeDeviceLookupByName(MDEV).isActive(), 'we see it')
        pair.ours.nodeDeviceLookupByName(MDEV).undefine()
        wait_for(lambda: MDEV not in pair.stock_virsh.names('--all'), 'stock sees it')


def test_every_documented_difference_was_seen(request):
    """Must be the last one here; says nothing if others of this module were left out."""
    here = [item for item in request.session.items if item.fspath == request.node.fspath]
    everything = request.config.option.keyword == '' and not any(
        '::' in arg for arg in request.config.args)
    assert here[-1] is request.node
    if not everything:
        pytest.skip('only some of the comparisons were asked for')
    assert seen == {identifier for identifier, compared in documented().items() if compared}
