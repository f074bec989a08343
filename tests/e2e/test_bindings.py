# SPDX-License-Identifier: LGPL-2.1-or-later
"""python3-libvirt, from many threads at once, with its events."""

import concurrent.futures
import threading
import uuid

import libvirt
import pytest

from domainlib import domain_xml
from hostlib import (CSS, MODULE, OTHER, SUBCHANNEL, URI, UUID, at_most, bind_vfio, mdev_exists,
                     mdev_name, mdev_xml, wait_for)

THREADS = 16
ROUNDS = 5
ALL_MDEVS = libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
MDEV = mdev_name()

LIFECYCLE = {libvirt.VIR_NODE_DEVICE_EVENT_CREATED: 'created',
             libvirt.VIR_NODE_DEVICE_EVENT_DELETED: 'deleted',
             libvirt.VIR_NODE_DEVICE_EVENT_DEFINED: 'defined',
             libvirt.VIR_NODE_DEVICE_EVENT_UNDEFINED: 'undefined'}


def in_threads(work, count=THREADS):
    """Runs work(number) in threads that begin at the same moment. Returns: the results."""
    barrier = threading.Barrier(count)

    def begin(number):
        barrier.wait(at_most(10))
        return work(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(begin, number) for number in range(count)]
        return [future.result(at_most(60)) for future in futures]


class Events:
    """The events of one connection, as libvirt's event loop delivers them."""

    def __init__(self, connection):
        self.connection = connection
        self.seen = []
        self.ids = [
            connection.nodeDeviceEventRegisterAny(
                None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, self._lifecycle, None),
            connection.nodeDeviceEventRegisterAny(
                None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE, self._update, None)]

    def _lifecycle(self, _connection, node, event, _detail, _opaque):
        self.seen.append((node.name(), LIFECYCLE[event]))

    def _update(self, _connection, node, _opaque):
        self.seen.append((node.name(), 'update'))

    def of(self, name):
        return [what for node, what in self.seen if node == name]

    def close(self):
        for callback in self.ids:
            self.connection.nodeDeviceEventDeregisterAny(callback)


@pytest.fixture
def events(lv):
    found = Events(lv)
    yield found
    found.close()


def life(connection, name, text):
    """All that happens to a device that cannot be started. Returns: nothing went wrong."""
    node = connection.nodeDeviceDefineXML(text)
    assert node.name() == name
    assert node.isPersistent() == 1 and node.isActive() == 0 and node.autostart() == 0
    node.setAutostart(1)
    assert node.autostart() == 1
    assert f'<name>{name}</name>' in node.XMLDesc()
    assert name in {found.name() for found in connection.listAllDevices(ALL_MDEVS)}
    node.setAutostart(0)
    assert node.autostart() == 0
    node.undefine()
    assert name not in {found.name() for found in connection.listAllDevices(ALL_MDEVS)}


def test_all_calls(lv, events):
    bind_vfio()
    node = lv.nodeDeviceDefineXML(mdev_xml())
    assert node.name() == MDEV and node.parent() == CSS and node.listCaps() == ['mdev']
    node.setAutostart(1)
    node.create()
    assert mdev_exists() and node.isActive() == 1
    assert f'<uuid>{UUID}</uuid>' in node.XMLDesc()
    node.destroy()
    node.undefine()
    wait_for(lambda: len(events.of(MDEV)) >= 5, 'all events have come')
    assert events.of(MDEV) == ['defined', 'update', 'created', 'deleted', 'undefined']


def test_old_calls_agree_with_new_ones(lv):
    bind_vfio()
    lv.nodeDeviceDefineXML(mdev_xml())
    names = [node.name() for node in lv.listAllDevices()]
    assert sorted(lv.listDevices(None)) == sorted(names)
    assert lv.numOfDevices(None) == len(names) == len(set(names))
    for cap, flag in (('css', libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV),
                      ('ccw', libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV),
                      ('mdev', ALL_MDEVS),
                      ('mdev_types', libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES),
                      ('system', libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM)):
        new = sorted(node.name() for node in lv.listAllDevices(flag))
        assert sorted(lv.listDevices(cap)) == new and new
        assert all(cap in lv.nodeDeviceLookupByName(name).listCaps() for name in new)
    assert lv.listDevices('nothing') == []


def test_connection(lv):
    assert lv.getURI() == URI and lv.getType() == 'CCW'
    assert lv.isSecure() == 1 and lv.isAlive() == 1 and lv.isEncrypted() == 0
    assert lv.getLibVersion() == 9000000
    assert lv.getHostname()


@pytest.mark.parametrize('shared', [True, False], ids=['one connection', 'one each'])
def test_threads(lv, events, shared):
    """Each thread plays with devices of its own; together they do not disturb each other."""

    def work(number):
        connection = lv if shared else libvirt.open(URI)
        names = []
        for _ in range(ROUNDS):
            own = str(uuid.uuid4())
            parent = f'0.0.{0x1000 + number:04x}'
            names.append(mdev_name(own, parent))
            life(connection, names[-1], mdev_xml(own, parent))
        if not shared:
            connection.close()
        return names

    names = sum(in_threads(work), [])
    assert lv.listAllDevices(ALL_MDEVS) == []
    for name in names:
        wait_for(lambda name=name: len(events.of(name)) >= 4, f'the events of {name}')
        assert events.of(name) == ['defined', 'update', 'update', 'undefined']


def test_threads_want_the_same_device(lv, events):
    """Of many that start it at once one wins; the others are told why not."""
    bind_vfio()
    node = lv.nodeDeviceDefineXML(mdev_xml())

    def work(verb):
        def attempt(_number):
            try:
                getattr(lv.nodeDeviceLookupByName(MDEV), verb)()
                return 'done'
            except libvirt.libvirtError as error:
                return error.get_error_code()
        return attempt

    for verb in ('create', 'destroy') * 3:
        results = in_threads(work(verb))
        assert results.count('done') == 1, results
        assert set(results) == {'done', libvirt.VIR_ERR_OPERATION_INVALID}
        assert node.isActive() == (verb == 'create')
    node.undefine()
    wait_for(lambda: 'undefined' in events.of(MDEV), 'the last event')
    assert events.of(MDEV) == ['defined', *['created', 'deleted'] * 3, 'undefined']


def test_threads_define_the_same_device(lv):
    """Defining is idempotent: all succeed, and there is one."""
    results = in_threads(lambda _: lv.nodeDeviceDefineXML(mdev_xml()).name())
    assert set(results) == {MDEV}
    assert [node.name() for node in lv.listAllDevices(ALL_MDEVS)] == [MDEV]


def test_threads_compete_for_one_subchannel(lv):
    """One instance: one of 16 gets it."""
    bind_vfio()

    def work(_number):
        own = str(uuid.uuid4())
        try:
            return lv.nodeDeviceCreateXML(mdev_xml(own, SUBCHANNEL)).name()
        except libvirt.libvirtError as error:
            assert error.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY, error
            return None

    winners = [name for name in in_threads(work) if name]
    assert len(winners) == 1
    assert [node.name() for node in lv.listAllDevices(ALL_MDEVS)] == winners


def test_reads_while_the_host_changes(lv):
    """Listing and describing never fail because a device comes and goes."""
    stop = threading.Event()

    def work(number):
        if number == 0:
            node = lv.nodeDeviceDefineXML(mdev_xml())
            for _ in range(20):
                node.create()
                node.destroy()
            stop.set()
            return 0
        count = 0
        while not stop.is_set():
            for node in lv.listAllDevices():
                try:
                    assert node.name() in node.XMLDesc()
                    count += 1
                except libvirt.libvirtError as error:
                    assert error.get_error_code() == libvirt.VIR_ERR_NO_NODE_DEVICE
        return count

    bind_vfio()
    assert all(count > 0 for count in in_threads(work)[1:])


def test_events_after_deregister(lv):
    found = Events(lv)
    found.close()
    lv.nodeDeviceDefineXML(mdev_xml()).undefine()
    again = Events(lv)
    name = mdev_name(subchannel=OTHER)
    node = lv.nodeDeviceDefineXML(mdev_xml(subchannel=OTHER))

    def heard():
        node.setAutostart(not node.autostart())
        return again.of(name)

    wait_for(heard, 'the second one hears')
    again.close()
    assert found.seen == []


@pytest.fixture
def domain_events(lv):
    """The lifecycle events of all domains, as (name, event)."""
    seen = []
    names = {libvirt.VIR_DOMAIN_EVENT_DEFINED: 'defined',
             libvirt.VIR_DOMAIN_EVENT_UNDEFINED: 'undefined'}
    callback = lv.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda _connection, domain, event, _detail, _opaque: seen.append(
            (domain.name(), names[event])), None)
    yield seen
    lv.domainEventDeregisterAny(callback)


@pytest.mark.parametrize('shared', [True, False], ids=['one connection', 'one each'])
def test_domains_in_threads(lv, domain_events, shared):
    """Each thread has a domain of its own; names and UUIDs stay those of one domain."""
    if MODULE and not shared:
        pytest.skip('a root is of one connection')

    def work(number):
        connection = lv if shared else libvirt.open(URI)
        name, own = f'guest{number}', str(uuid.uuid4())
        for round_ in range(ROUNDS):
            domain = connection.defineXML(domain_xml(name, own, vcpus=1 + round_))
            assert domain.UUIDString() == own and domain.info()[3] == 1 + round_
            domain.setAutostart(1)
            domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, f'<a n="{number}"/>', 'o',
                               'urn:a', 0)
            domain.rename(f'{name}-new', 0)
            domain = connection.lookupByUUIDString(own)
            assert domain.name() == f'{name}-new' and domain.autostart() == 1
            assert domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, 'urn:a') == (
                f'<a n="{number}"/>')
            domain.undefine()
        if not shared:
            connection.close()

    in_threads(work)
    assert lv.listAllDomains() == []
    for number in range(THREADS):
        name = f'guest{number}'
        wait_for(lambda name=name: len([1 for who, _ in domain_events if who.startswith(
            (f'{name}-',)) or who == name]) >= 4 * ROUNDS, f'the events of {name}')
        assert [what for who, what in domain_events if who in (name, f'{name}-new')] == [
            'defined', 'undefined', 'defined', 'undefined'] * ROUNDS


def test_threads_want_the_same_domain(lv):
    """Of many that define other domains of one name, one wins; the others are told so."""
    def work(_number):
        try:
            return lv.defineXML(domain_xml('guest', str(uuid.uuid4()))).UUIDString()
        except libvirt.libvirtError as error:
            assert error.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED, error
            return None

    winners = [own for own in in_threads(work) if own]
    assert [domain.UUIDString() for domain in lv.listAllDomains()] == winners
    assert len(winners) == 1
