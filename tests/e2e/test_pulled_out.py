# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device that is pulled out while something is being done with its subchannel.

In the lab QEMU's monitor does it, and the real vfio_ccw lets go of what it had.
"""

import contextlib
import glob
import json
import os
import re
import subprocess
import threading
import time

import libvirt
import pytest

import labhost
from hostlib import (LAB, RW_SOCKET, SLOW, URI, UUID, at_most, bind_vfio, css_name, ctl,
                     definition_path, free, mdev_exists, mdev_name, mdev_xml, read_file, wait_for)
from rpcclient import RpcClient, RpcError, xdr

# The random-number generator; the simulated host has a DASD of this number.
SUBCHANNEL = '0.0.0007' if LAB else '0.0.0313'
CSS = css_name(SUBCHANNEL)
MDEV = mdev_name(subchannel=SUBCHANNEL)
NAMED = re.compile('|'.join([re.escape(SUBCHANNEL), CSS, MDEV, UUID]))
ALL = (libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV |
       libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV)
in_lab = pytest.mark.skipif(not LAB, reason='needs the real vfio_ccw: tools/lab')
# In seconds, on an ordinary machine: who waits longer, waits for what will not come.
LONG = 20
NODE_DEVICE_UPDATE = 447


class Plug:
    """The device can be pulled out, and is put back at the end."""

    # Whether it has been put in since the boot. Only such a one takes its subchannel with it
    # under io_subchannel, too.
    is_late = not LAB

    def __init__(self):
        self.monitor = labhost.monitor() if LAB else None
        self.is_out = False

    def out(self):
        if LAB:
            self.monitor.command('device_del', id=labhost.PLUGGED[SUBCHANNEL]['id'])
        else:
            ctl('remove-subchannel', SUBCHANNEL)
        self.is_out = True

    def back(self):
        if not self.is_out:
            return
        if LAB:
            self.monitor.command('device_add', **labhost.PLUGGED[SUBCHANNEL])
        else:
            ctl('add-subchannel', SUBCHANNEL, 'device=0.0.2b09')
        self.is_out = False
        wait_for(self._is_back, 'the kernel has the device again', LONG)

    def make_late(self):
        """Under vfio_ccw, which always lets the subchannel go."""
        if not Plug.is_late:
            bind_vfio(SUBCHANNEL)
            self.out()
            wait_for(is_away, 'the kernel has taken it away', LONG)
            self.back()
        Plug.is_late = True

    @staticmethod
    def _is_back():
        """With a driver, which is not at work on it any more."""
        if not LAB:
            return os.path.exists(f'/sys/bus/css/devices/{SUBCHANNEL}/driver')
        driver = labhost.driver(SUBCHANNEL)
        if not driver or 'none' in read_file(f'/sys/bus/css/devices/{SUBCHANNEL}/dev_busid'):
            return False
        return driver == 'vfio_ccw' or labhost.is_ready(SUBCHANNEL)


def is_away():
    return not os.path.exists(f'/sys/bus/css/devices/{SUBCHANNEL}')


@pytest.fixture
def plug():
    plug = Plug()
    try:
        plug.make_late()
        bind_vfio(SUBCHANNEL)
        yield plug
        plug.back()
    finally:
        if LAB:
            plug.monitor.close()


def mdev(connection):
    return connection.nodeDeviceLookupByName(MDEV)


def define(connection):
    connection.nodeDeviceDefineXML(mdev_xml(subchannel=SUBCHANNEL))


def create(connection):
    connection.nodeDeviceCreateXML(mdev_xml(subchannel=SUBCHANNEL))


def update(_):
    """By the daemon's protocol: this libvirt's client has no such call."""
    with RpcClient(RW_SOCKET) as client:
        client.socket.settimeout(LONG * SLOW)
        client.open()
        client.call(NODE_DEVICE_UPDATE, xdr('ssi', MDEV, mdev_xml(subchannel=SUBCHANNEL),
                                            libvirt.VIR_DOMAIN_AFFECT_CONFIG))


def undefine(connection):
    mdev(connection).undefine()


def start(connection):
    mdev(connection).create()


def destroy(connection):
    mdev(connection).destroy()


def autostart(connection):
    mdev(connection).setAutostart(1)


def no_autostart(connection):
    mdev(connection).setAutostart(0)


def host_has_it(_):
    free(SUBCHANNEL)


def detach(connection):
    connection.nodeDeviceLookupByName(CSS).dettach()


def reattach(connection):
    connection.nodeDeviceLookupByName(CSS).reAttach()


def look(connection):
    for device in connection.listAllDevices(ALL):
        device.XMLDesc()


class Worker(threading.Thread):
    """Makes the same calls again and again, at least once, in a connection of its own."""

    def __init__(self, calls):
        super().__init__(daemon=True)
        self.calls = calls
        self.over = threading.Event()
        self.rounds, self.slowest, self.errors = 0, 0, []
        self.start()

    def run(self):
        connection = libvirt.open(URI)
        while not self.rounds or not self.over.is_set():
            for call in self.calls:
                began = time.monotonic()
                try:
                    call(connection)
                except (libvirt.libvirtError, RpcError) as error:
                    self.errors.append(error)
                self.slowest = max(self.slowest, time.monotonic() - began)
            self.rounds += 1
        connection.close()

    def end(self):
        self.over.set()
        self.join(3 * LONG * SLOW)
        assert not self.is_alive(), 'a call has not been answered'


def listed(connection):
    return [device.name() for device in connection.listAllDevices(ALL)]


def check_gone(connection):
    """The subchannel is gone; of the mediated device only its definition may be left."""
    wait_for(lambda: CSS not in listed(connection), 'the subchannel is gone', LONG)
    assert not mdev_exists(subchannel=SUBCHANNEL)
    path = definition_path(subchannel=SUBCHANNEL)
    if os.path.exists(path):
        device = mdev(connection)
        wait_for(lambda: not device.isActive(), 'the device is inactive', LONG)
        assert device.isPersistent()
        assert device.autostart() == (json.loads(read_file(path))['start'] == 'auto')
    else:
        with pytest.raises(libvirt.libvirtError) as caught:
            mdev(connection)
        assert caught.value.get_error_code() == libvirt.VIR_ERR_NO_NODE_DEVICE


def check_errors(errors):
    """Each names the device, and none is a fault of ours."""
    for error in errors:
        code = error.code if isinstance(error, RpcError) else error.get_error_code()
        assert NAMED.search(str(error)), str(error)
        assert code != libvirt.VIR_ERR_INTERNAL_ERROR, str(error)


def check_usable(connection, plug):
    """Put back, it can be given to a guest like any other."""
    plug.back()
    wait_for(lambda: CSS in listed(connection), 'the subchannel is back', LONG)
    bind_vfio(SUBCHANNEL)
    if not os.path.exists(definition_path(subchannel=SUBCHANNEL)):
        define(connection)
    device = mdev(connection)
    if not device.isActive():  # it may have been marked as autostarted
        device.create()
    assert device.isActive() and mdev_exists(subchannel=SUBCHANNEL)


# What is there before, and what goes on while the device is pulled out.
ROUNDS = {
    'define-undefine': ([], [define, undefine]),
    'create-destroy': ([], [create, destroy]),
    'update': ([define, start], [update]),
    'autostart': ([define], [autostart, no_autostart]),
    'start-destroy': ([define], [start, destroy]),
    'list': ([define, start], [look]),
    'hand-over': ([host_has_it], [detach, reattach]),
}


@pytest.mark.parametrize('name', ROUNDS)
def test_meanwhile(plug, daemon, lv, name):
    before, calls = ROUNDS[name]
    if update in calls:
        daemon.check_log()  # the module has no protocol
    for call in before:
        call(lv)
    worker = Worker(calls)
    try:
        wait_for(lambda: worker.rounds >= 3, 'it has begun', LONG)
        assert not worker.errors, worker.errors
        plug.out()
        wait_for(lambda: CSS not in listed(lv), 'the subchannel is gone', LONG)
        rounds = worker.rounds
        wait_for(lambda: worker.rounds > rounds + 1, 'it goes on', LONG)
    finally:
        worker.end()
    print(f'{name}: {worker.rounds} rounds, the slowest call {worker.slowest:.2f} s, errors: '
          f'{sorted({str(error) for error in worker.errors})}')
    check_errors(worker.errors)
    assert worker.slowest < at_most(LONG)
    check_gone(lv)
    check_usable(lv, plug)


def traced(process):
    """Whether each thread of it is."""
    return all('TracerPid:\t0' not in read_file(path)
               for path in glob.glob(f'/proc/{process.pid}/task/*/status'))


# How long a write is held: longer than QEMU and the kernel take to pull a device out.
HELD = 2 * SLOW


@contextlib.contextmanager
def held_write(process, path, folder):
    """What the process writes to the file arrives seconds later. Gives: strace's log."""
    log = os.path.join(folder, 'strace')
    with open(log, 'wb') as file:
        tracer = subprocess.Popen(
            ['strace', '-f', '-p', str(process.pid), '-P', path, '-e', 'trace=write',
             '-e', f'inject=write:delay_enter={HELD * 1000000}'],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        wait_for(lambda: traced(process), 'strace is there', LONG)
        yield log
    finally:
        tracer.terminate()
        tracer.wait(LONG * SLOW)


HELD_CALLS = {
    'start': ([define], start, 'mdev_supported_types/vfio_ccw-io/create'),
    'destroy': ([define, start], destroy, f'{UUID}/remove'),
}


@in_lab
@pytest.mark.parametrize('name', HELD_CALLS)
def test_just_before_the_kernel_is_asked(plug, daemon, lv, tmp_path, name):
    """The daemon has opened the file, but not written to it."""
    before, call, file = HELD_CALLS[name]
    for before_call in before:
        before_call(lv)
    path = f'/sys/devices/css0/{SUBCHANNEL}/{file}'
    with held_write(daemon.process, path, tmp_path) as log:
        worker = Worker([call])
        worker.over.set()
        # It looks at each process for a user first, at each of its calls held by strace.
        wait_for(lambda: 'write(' in read_file(log), 'the daemon writes', 6 * LONG)
        plug.out()
        wait_for(is_away, 'the kernel has taken it away', LONG)
        assert 'DELAYED' not in read_file(log), 'the write came first'
        looker = Worker([look])  # the daemon answers meanwhile
        looker.end()
        worker.end()
        wait_for(lambda: 'ENODEV' in read_file(log), 'the write has failed', LONG)
        assert 'DELAYED' in read_file(log)
    print(f'{name}: {[str(error) for error in worker.errors + looker.errors]}')
    check_errors(worker.errors + looker.errors)
    # What goes away by itself is stopped, but what is not there cannot be started.
    assert bool(worker.errors) == (name == 'start')
    check_gone(lv)
    check_usable(lv, plug)
