# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that fails, hangs or loses devices in the middle of an operation.

Whatever happens, other clients are served meanwhile, the client that asked is told what
happened, the list agrees with sysfs soon after, and the daemon lives.
"""

import threading
import time

import libvirt
import pytest

import hostlib
from hostlib import (CSS, OTHER_UUID, SUBCHANNEL, URI, UUID, at_most, bind_vfio, ctl, define_file,
                     hangs, mdev_exists, mdev_name, mdev_xml, simulated, wait_for)

TYPES = f'bus/css/devices/{SUBCHANNEL}/mdev_supported_types/vfio_ccw-io'
CREATE = f'{TYPES}/create'
REMOVE = f'devices/css0/{SUBCHANNEL}/{UUID}/remove'
ALL_CSS = libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV

# Error codes that tell a person something; 1 (internal error) and 38 without a cause do not.
TELLING = {9, 53, 55, 67, 68, 87, 99, 38}


@pytest.fixture
def bound(fresh_host):
    bind_vfio()


class Asked(threading.Thread):
    """A call in a thread and a connection of its own; `error` is what it ended with."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function, self.error = function, None
        self.began = time.monotonic()
        self.start()

    def run(self):
        connection = libvirt.open(URI)
        try:
            self.function(connection)
        except libvirt.libvirtError as error:
            self.error = error
        self.took = time.monotonic() - self.began
        connection.close()

    def wait(self, seconds=20):
        self.join(seconds)
        assert not self.is_alive(), 'the call has not been answered'
        return self.error


def start(connection, uuid=UUID, subchannel=SUBCHANNEL):
    connection.nodeDeviceLookupByName(mdev_name(uuid, subchannel)).create()


def destroy(connection):
    connection.nodeDeviceLookupByName(mdev_name()).destroy()


def served_quickly(connection, rounds=200):
    """The slowest of many calls by another client, in seconds."""
    slowest = 0
    for _ in range(rounds):
        began = time.monotonic()
        connection.nodeDeviceLookupByName(CSS).XMLDesc()
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def agrees_with_sysfs(connection):
    names = {device.name() for device in connection.listAllDevices(
        libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
        | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE)}
    return names == ({mdev_name()} if mdev_exists() else set())


@simulated
@pytest.mark.parametrize('operation', ['start', 'destroy', 'create'])
def test_hanging_write(bound, daemon, lv, tmp_path, operation):
    """The one who asked is answered at the deadline; everybody else at once."""
    config = tmp_path / 'virtccwd.conf'
    config.write_text('operation_timeout = 2\n')
    daemon.stop()
    daemon.start('--config', str(config))
    connection = libvirt.open(URI)
    calls = {'start': start, 'destroy': destroy,
             'create': lambda c: c.nodeDeviceCreateXML(mdev_xml())}
    if operation != 'create':
        connection.nodeDeviceDefineXML(mdev_xml())
    if operation == 'destroy':
        start(connection)
    ctl('fault', REMOVE if operation == 'destroy' else CREATE, 'write', 'hang')
    asked = Asked(calls[operation])
    wait_for(lambda: hangs(daemon.process), 'it hangs')
    assert served_quickly(connection) < at_most(0.5)
    error = asked.wait()
    assert error.get_error_code() == 68 and 'still in progress' in str(error)
    assert 1.5 < asked.took < at_most(4)
    # A second call on the same device waits for the first, and never writes beside it.
    again = Asked(calls[operation])
    assert again.wait().get_error_code() == 68
    writes = [line for line in ctl('log').splitlines() if '/create' in line or '/remove' in line]
    assert len([line for line in writes if operation != 'destroy' or 'remove' in line]) <= 1
    ctl('unfault')
    wait_for(lambda: mdev_exists() == (operation != 'destroy'), 'the late result')
    wait_for(lambda: agrees_with_sysfs(connection), 'the list to show the late result')
    connection.close()


@simulated
def test_end_while_hanging(bound, daemon):
    """SIGTERM is not held up by a write that never ends."""
    connection = libvirt.open(URI)
    connection.nodeDeviceDefineXML(mdev_xml())
    ctl('fault', CREATE, 'write', 'hang')
    asked = Asked(start)
    wait_for(lambda: hangs(daemon.process), 'it hangs')
    began = time.monotonic()
    daemon.process.terminate()
    daemon.process.wait(20)
    assert time.monotonic() - began < at_most(7)
    assert daemon.process.returncode == 0
    daemon.process = None
    ctl('unfault')
    asked.wait()
    daemon.start()
    connection = libvirt.open(URI)
    wait_for(lambda: agrees_with_sysfs(connection), 'the truth after a restart')


@simulated
def test_end_while_working(bound, daemon):
    """SIGTERM lets a call that is under way come to its answer, and be answered."""
    connection = libvirt.open(URI)
    connection.nodeDeviceDefineXML(mdev_xml())
    ctl('fault', CREATE, 'write', 'hang')
    asked = Asked(start)
    wait_for(lambda: hangs(daemon.process), 'it hangs')
    daemon.process.terminate()
    time.sleep(0.3)
    ctl('unfault')
    assert asked.wait() is None
    assert daemon.process.wait(20) == 0
    daemon.process = None
    assert mdev_exists()


ERRNOS = ['EINVAL', 'ENODEV', 'EBUSY', 'EIO', 'ENOMEM', 'EUSERS', 'EEXIST', 'EPERM', 'EACCES',
          'EAGAIN', 'ENOSPC', 'ENXIO', 'EROFS', 'ETIMEDOUT']


@simulated
@pytest.mark.parametrize('errno', ERRNOS)
def test_failing_create(bound, daemon, lv, errno):
    device = lv.nodeDeviceDefineXML(mdev_xml())
    ctl('fault', CREATE, 'write', f'errno={errno}', 'count=1')
    with pytest.raises(libvirt.libvirtError) as caught:
        device.create()
    assert caught.value.get_error_code() in TELLING, str(caught.value)
    assert SUBCHANNEL in str(caught.value) or CSS in str(caught.value) \
        or mdev_name() in str(caught.value)
    assert not mdev_exists() and not device.isActive()
    ctl('unfault')
    device.create()
    assert device.isActive()


@simulated
@pytest.mark.parametrize('errno', ['EINVAL', 'EBUSY', 'EIO', 'EACCES', 'ENOMEM', 'EROFS'])
def test_failing_remove(bound, daemon, lv, errno):
    device = lv.nodeDeviceDefineXML(mdev_xml())
    device.create()
    ctl('fault', REMOVE, 'write', f'errno={errno}', 'count=1')
    with pytest.raises(libvirt.libvirtError) as caught:
        device.destroy()
    assert caught.value.get_error_code() in TELLING, str(caught.value)
    assert device.isActive()
    ctl('unfault')
    device.destroy()
    assert not mdev_exists()


@simulated
@pytest.mark.parametrize('path', ['chpids', 'dev_busid', 'type', 'mdev_supported_types/*/name',
                                  'mdev_supported_types/*/available_instances'])
def test_unreadable_attributes(bound, daemon, lv, path):
    """A description leaves out what the kernel does not tell."""
    ctl('fault', f'bus/css/devices/{SUBCHANNEL}/{path}', 'read', 'errno=ENODEV')
    assert CSS in lv.nodeDeviceLookupByName(CSS).XMLDesc()
    assert len(lv.listAllDevices(ALL_CSS)) >= 5
    ctl('unfault')


@simulated
def test_in_use(bound, daemon, lv):
    """Destroying a device that somebody has open: refused at once, and the user named."""
    device = lv.nodeDeviceDefineXML(mdev_xml())
    device.create()
    ctl('hold', UUID)
    began = time.monotonic()
    with pytest.raises(libvirt.libvirtError) as caught:
        device.destroy()
    assert time.monotonic() - began < at_most(5)
    assert caught.value.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY
    assert mdev_name() in str(caught.value) or UUID in str(caught.value)
    assert mdev_exists()
    ctl('release', UUID)
    device.destroy()


def test_in_use_by_a_process(bound, daemon, lv):
    """The message names the process that has the VFIO group open."""
    device = lv.nodeDeviceDefineXML(mdev_xml())
    device.create()
    group = device.XMLDesc().split("iommuGroup number='")[1].split("'")[0]
    with open(f'/dev/vfio/{group}', 'rb'):
        with pytest.raises(libvirt.libvirtError) as caught:
            device.destroy()
    assert caught.value.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY
    assert 'process' in str(caught.value) and 'python3' in str(caught.value)
    device.destroy()


UNPLUG_DURING = {
    'start': (CREATE, lambda c: start(c)),
    'create': (CREATE, lambda c: c.nodeDeviceCreateXML(mdev_xml())),
    'destroy': (REMOVE, lambda c: destroy(c)),
}


@simulated
@pytest.mark.parametrize('operation', UNPLUG_DURING)
@pytest.mark.parametrize('delay', [None, '0.1', '0.3'])
def test_unplug_during(bound, daemon, lv, operation, delay):
    """The parent goes while the operation writes to it."""
    path, ask = UNPLUG_DURING[operation]
    if operation != 'create':
        lv.nodeDeviceDefineXML(mdev_xml())
    if operation == 'destroy':
        start(lv)
    if delay:
        ctl('fault', path, 'write', 'errno=0', f'delay={delay}')
    asked = Asked(ask)
    ctl('remove-subchannel', SUBCHANNEL)
    error = asked.wait()
    assert error is None or error.get_error_code() in TELLING, str(error)
    wait_for(lambda: agrees_with_sysfs(lv), 'the list to agree with sysfs')
    wait_for(lambda: CSS not in [device.name() for device in lv.listAllDevices(ALL_CSS)],
             'the subchannel to be gone')
    if operation != 'create':
        assert lv.nodeDeviceLookupByName(mdev_name()).isPersistent()
    ctl('unfault')


READS = {
    'list': lambda c: c.listAllDevices(),
    'dumpxml': lambda c: c.nodeDeviceLookupByName(CSS).XMLDesc(),
    'define': lambda c: c.nodeDeviceDefineXML(mdev_xml()),
    'autostart': lambda c: c.nodeDeviceLookupByName(mdev_name()).setAutostart(1),
    'undefine': lambda c: c.nodeDeviceLookupByName(mdev_name()).undefine(),
    'start': start,
    'destroy': destroy,
}


@simulated
def test_unplug_storm(bound, daemon, lv):
    """The parent comes and goes while clients do everything at once."""
    over = threading.Event()
    strange = []

    def work(ask):
        connection = libvirt.open(URI)
        while not over.is_set():
            try:
                ask(connection)
            except libvirt.libvirtError as error:
                if error.get_error_code() not in TELLING:
                    strange.append(str(error))
        connection.close()

    workers = [threading.Thread(target=work, args=(ask,)) for ask in READS.values()]
    for worker in workers:
        worker.start()
    try:
        for _ in range(25):
            ctl('remove-subchannel', SUBCHANNEL)
            ctl('add-subchannel', SUBCHANNEL, 'device=0.0.3000', 'driver=vfio_ccw')
    finally:
        over.set()
        for worker in workers:
            worker.join(40)
    assert not any(worker.is_alive() for worker in workers)
    assert strange == []
    wait_for(lambda: agrees_with_sysfs(lv), 'the list to agree with sysfs')
    wait_for(lambda: CSS in [device.name() for device in lv.listAllDevices(ALL_CSS)], 'it is back')


@simulated
def test_lost_uevents(daemon, lv):
    """A storm that overflows the socket's buffer: the list is right all the same."""
    daemon.process.send_signal(hostlib.signal.SIGSTOP)
    ctl('storm', '60000')
    ctl('remove-subchannel', '0.0.0313')
    ctl('add-subchannel', '0.0.0aaa', 'device=0.0.4aaa')
    daemon.process.send_signal(hostlib.signal.SIGCONT)
    wait_for(lambda: {'css_0_0_0aaa'} <= (names := {d.name() for d in
                                                    lv.listAllDevices(ALL_CSS)})
             and 'css_0_0_0313' not in names, 'the list to be right', at_most(5))
    ctl('remove-subchannel', '0.0.0aaa')  # and the listener still listens
    wait_for(lambda: 'css_0_0_0aaa' not in {d.name() for d in lv.listAllDevices(ALL_CSS)},
             'the next event')


@simulated
def test_forged_uevents(daemon, lv):
    """What a uevent says is only a reason to look: sysfs decides."""
    before = sorted(device.name() for device in lv.listAllDevices())
    for path in ('/devices/css0/0.0.ffff', '/devices/css0/0.0.0004', '/devices/css0/../../x',
                 '/devices/css0/' + 'x' * 300):
        for action in ('add', 'remove', 'change', 'bind', 'unbind', 'strange'):
            ctl('uevent', action, path, 'SUBSYSTEM=css', 'MDEV_STATE=registered')
    ctl('add-subchannel', '0.0.0bbb', 'device=0.0.4bbb')
    wait_for(lambda: len(lv.listAllDevices()) > len(before), 'a real event after them')
    assert set(before) <= {device.name() for device in lv.listAllDevices()}


def test_two_compete_for_one_parent(bound, daemon, lv):
    """Two autostarted definitions, one instance: one starts, the other says why not."""
    for uuid in (UUID, OTHER_UUID):
        define_file(uuid, start='auto')
    daemon.restart()
    connection = libvirt.open(URI)
    wait_for(lambda: mdev_exists(UUID), 'the first to start')
    other = connection.nodeDeviceLookupByName(mdev_name(OTHER_UUID))
    wait_for(lambda: "result='waiting'" not in other.XMLDesc(), 'the second to have its turn')
    assert "<virtccw:autostart" in other.XMLDesc() and "result='failed'" in other.XMLDesc()
