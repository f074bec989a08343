# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handing a device over, disturbed at each system call.

A preloaded library (tests/inject) makes the n-th call of the daemon's worker, or of mdevctl's
call-out, about sysfs or the stores fail, stand still, or be its last; n grows until the
operation gets through untouched. Or the device goes while the call stands still. Afterwards the
device must be wholly with the host or wholly with vfio_ccw, what is stored must agree, and the
next call, or the next start of the daemon, must have everything as it was in the beginning.

VIRTCCW_SWEEP=1 takes more time: each call instead of those only that change something, further
errors, and failures that last.
"""

import collections
import contextlib
import errno
import mmap
import os
import struct
import threading
import typing

import libvirt
import pytest

from hostlib import (BUILD, CSS, LAB, MODULE, OTHER, OTHER_UUID, OVERRIDES, REMEMBERED, SUBCHANNEL,
                     UUID, Daemon, ctl, define_file, install_callout, mdev_exists, mdev_name, ok,
                     read_file, run, wait_for, write_file)

pytestmark = pytest.mark.skipif(LAB or MODULE, reason='the device and its faults are simulated')

LIBRARY = f'{BUILD}/tests/inject/libinject.so'
SWEEP = os.environ.get('VIRTCCW_SWEEP') == '1'
MDEV = mdev_name()
OTHER_MDEV = mdev_name(OTHER_UUID, OTHER)
DEVICE = '0.0.3000'
SYSFS = f'/sys/bus/css/devices/{SUBCHANNEL}'
ONLINE = f'/sys/bus/ccw/devices/{DEVICE}/online'
OVERRIDE = f'{OVERRIDES}/css-{SUBCHANNEL}'
TAKEN = f'{REMEMBERED}/taken/{SUBCHANNEL}'
NEIGHBOUR = 'css_0_0_0313'
MOST = 2000  # more calls than any operation makes

# How often the daemon was disturbed, by kind.
POINTS = collections.Counter()


class Inject:
    """The page shared with the preloaded library."""

    FORMAT = '8i512s256s'
    FAIL, KILL, STAND = 1, 2, 3
    # Devices and volumes are remembered by other jobs, whenever these come to it.
    STORES = '/sys', OVERRIDES, f'{REMEMBERED}/taken'

    def __init__(self, folder):
        self.path = os.path.join(folder, 'inject')
        with open(self.path, 'wb') as file:
            file.write(bytes(mmap.PAGESIZE))
        with open(self.path, 'r+b') as file:
            self.page = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    by_callout = False

    def arm(self, action, first, last=None, errnum=0, changes=True, watched=STORES):
        """From now on the calls first … last are interfered with."""
        names = b''.join(name.encode().ljust(64, b'\0') for name in watched)
        self.page[:] = struct.pack(self.FORMAT, 0, errnum, changes, first, last or first, 0, 0, 0,
                                   names, b'').ljust(mmap.PAGESIZE, b'\0')
        self.page[:4] = struct.pack('i', action)

    def disarm(self):
        self.page[:4] = bytes(4)

    def _field(self, index):
        return struct.unpack_from('i', self.page, 4 * index)[0]

    @property
    def hits(self):
        return self._field(6)

    @property
    def standing(self):
        return self._field(7)

    def go_on(self):
        self.page[28:32] = bytes(4)

    @property
    def what(self):
        """The last call that was interfered with."""
        return self.page[544:800].split(b'\0')[0].decode()


class Refused(Exception):
    """mdevctl, or its call-out, has complained."""


class Host:
    """The daemon with the library, and what there is of the device."""

    def __init__(self, folder):
        self.inject = Inject(folder)
        asan = os.environ.get('ASAN_OPTIONS', '')
        self.config = os.path.join(folder, 'virtccwd.conf')
        write_file(self.config, '')
        self.env = {'LD_PRELOAD': LIBRARY, 'VIRTCCW_INJECT': self.inject.path,
                    'ASAN_OPTIONS': f'{asan}:verify_asan_link_order=0'}
        self.daemon = Daemon(folder, env=self.env)
        self.connection = None
        self.was_away = False  # then nobody may know that it was online

    def start(self):
        self.daemon.start('--config', self.config)
        self.connection = libvirt.open('ccw:///system')

    def restart(self):
        """The daemon has been killed, or is to be."""
        self.connection = None
        if not self.inject.by_callout:
            self.daemon.process.wait(20)
            self.daemon.process = None
        self.daemon.stop()
        self.start()

    def answer_within(self, seconds):
        """From now on the daemon answers after that time what is not over by then."""
        write_file(self.config, f'operation_timeout = {seconds}\n')
        self.connection = None
        self.daemon.stop()
        self.start()

    def mdevctl(self, verb):
        result = run('mdevctl', verb, '--uuid', UUID, env=self.env)
        if result.rc or result.err:
            raise Refused(result.err)

    def node(self, name):
        """A node device, as soon as the daemon knows it."""
        def look():
            try:
                return self.connection.nodeDeviceLookupByName(name)
            except libvirt.libvirtError:
                return None
        return wait_for(look, f'{name} is known')

    def plug(self):
        """The device is there, and does not go online by itself when it is bound again."""
        if not os.path.isdir(SYSFS):
            ctl('add-subchannel', SUBCHANNEL, f'device={DEVICE}', 'cutype=3990/e9', 'online=1',
                'devtype=3390/0c', 'chpids=34,35', 'block=dasda',
                'uid=IBM.750000000BELG1.3000.00')
        ctl('set', SUBCHANNEL, 'online', '0')

    def tidy_up(self):
        """What a person would do next: everything must be as in the beginning."""
        if mdev_exists():
            self.node(MDEV).destroy()
        self.node(CSS).reAttach()
        if self.was_away and where() == OFFLINE:
            ctl('online', DEVICE, '1')
        self.was_away = False
        assert where() == 'host' and stores() == (None, None), f'{where()} {stores()}'


def look(path):
    """What a file has, or None; it may go at any moment."""
    try:
        return read_file(path).strip()
    except OSError:
        return None


def where():
    """Who has the device: 'host', 'vfio_ccw', or what is wrong."""
    try:
        driver = os.path.basename(os.readlink(f'{SYSFS}/driver'))
    except OSError:
        driver = None
    override = look(f'{SYSFS}/driver_override')
    if driver == 'vfio_ccw' and override == 'vfio_ccw':
        return 'vfio_ccw'
    online = look(ONLINE)
    if driver == 'io_subchannel' and override == '(null)' and online == '1':
        return 'host'
    return f'driver {driver}, override {override}, online {online}'


def stores():
    """What driverctl's store says, and how far the hand-over is by what is remembered."""
    override, taken = look(OVERRIDE), look(TAKEN)
    if taken is None:
        return override, None
    lines = dict(line.split('=') for line in taken.splitlines() if '=' in line)
    return override, lines['step'] + (' by start' if lines['by_start'] == 'true' else '')


OFFLINE = 'driver io_subchannel, override (null), online 0'

# Whom the stores tell of, when they are whole.
AGREE = {
    'host': [(None, None)],
    'vfio_ccw': [('vfio_ccw', 'whole'), (None, 'whole by start')],
}


def is_whole():
    place = where()
    return place in AGREE and stores() in AGREE[place]


class Operation(typing.NamedTuple):
    """What a client asks for, on a host that is prepared for it."""

    name: str
    after: str  # who has the device then
    prepare: typing.Callable
    act: typing.Callable


def call(device, method):
    """Calls a method of the node device, which the daemon must know by now."""
    return lambda host: getattr(host.connection.nodeDeviceLookupByName(device), method)()


DETACH = Operation('detach', 'vfio_ccw', lambda host: None, call(CSS, 'dettach'))
REATTACH = Operation('reattach', 'host', lambda host: host.node(CSS).dettach(), call(CSS, 'reAttach'))
# They take the parent, and give it back.
START = Operation('start', 'vfio_ccw', lambda host: host.node(MDEV), call(MDEV, 'create'))
DESTROY = Operation('destroy', 'host', lambda host: host.node(MDEV).create(), call(MDEV, 'destroy'))
# With its call-out.
MDEVCTL_START = START._replace(name='mdevctlstart', act=lambda host: host.mdevctl('start'))
MDEVCTL_STOP = DESTROY._replace(name='mdevctlstop', act=lambda host: host.mdevctl('stop'))


@pytest.fixture(params=[DETACH, START, DESTROY, REATTACH, MDEVCTL_START, MDEVCTL_STOP],
                ids=lambda one: one.name)
def operation(request, host):
    host.inject.by_callout = request.param in (MDEVCTL_START, MDEVCTL_STOP)
    return request.param


@pytest.fixture
def host(tmp_path):
    libvirt.registerErrorHandler(lambda *_: None, None)
    define_file()
    install_callout()
    one = Host(tmp_path)
    one.plug()
    one.start()
    try:
        yield one
    finally:
        one.inject.disarm()
        one.inject.go_on()
        ctl('unfault')
        one.connection = None
        one.daemon.stop()
        one.daemon.check_log()


def attempt(operation, host):
    """Returns: what was refused with, or None."""
    try:
        operation.act(host)
    except libvirt.libvirtError as error:
        return error.get_error_message()
    except Refused as error:
        return str(error)
    return None


def sweep(host, operation, disturb):
    """disturb(n) for n = 1, 2, … on the operation, until there is no n-th call."""
    for n in range(1, MOST):
        operation.prepare(host)
        if not disturb(n):
            host.tidy_up()
            return n - 1
        host.tidy_up()
    pytest.fail(f'{operation.name} makes more than {MOST} calls')


def check_refused(what, message, operation):
    """After a call that came back: the device is with one of both, and nobody was told lies."""
    assert is_whole() or message, f'{what}: done, but {where()} {stores()}'
    assert where() in AGREE, f'{what}: {where()} {stores()}: {message}'
    if message is None:
        assert where() == operation.after, f'{what}: done, but {where()}'
    else:
        assert CSS in message or MDEV in message or "'/sys'" in message, f'{what}: {message}'
    if not is_whole():
        # Known to be half done: whoever comes next finishes it.
        assert stores()[1] not in (None, 'whole', 'whole by start'), f'{what}: {stores()}'


ERRORS = ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EBUSY', 'ENOMEM'] if SWEEP else ['EIO']


@pytest.mark.parametrize('name', ERRORS)
def test_failing(host, operation, name):
    """Each call fails once."""

    def disturb(n):
        host.inject.arm(Inject.FAIL, n, errnum=getattr(errno, name),
                        changes=host.inject.by_callout and not SWEEP)
        message = attempt(operation, host)
        host.inject.disarm()
        if host.inject.hits:
            check_refused(f'{n}: {host.inject.what}', message, operation)
        return host.inject.hits

    points = sweep(host, operation, disturb)
    POINTS['failed'] += points
    assert points > 10


@pytest.mark.skipif(not SWEEP, reason='takes long: VIRTCCW_SWEEP=1')
def test_failing_on(host, operation):
    """From a call on everything that would change something fails, also what would undo it."""

    def disturb(n):
        host.inject.arm(Inject.FAIL, n, MOST, errno.EIO)
        message = attempt(operation, host)
        host.inject.disarm()
        assert message or not host.inject.hits
        return host.inject.hits

    POINTS['failed on'] += sweep(host, operation, disturb)


def test_killed(host, operation):
    """The daemon is killed at each call that changes something."""

    def disturb(n):
        host.inject.arm(Inject.KILL, n, changes=not SWEEP)
        message = attempt(operation, host)
        host.inject.disarm()
        if not host.inject.hits:
            return False
        what = f'{n}: {host.inject.what}'
        # What mdevctl itself has done it acknowledges, though nobody follows; and it does not
        # need the daemon.
        assert message or operation is MDEVCTL_STOP or \
            (operation is MDEVCTL_START and not host.inject.by_callout), \
            f'{what}: acknowledged by the dead'
        if host.inject.by_callout and n % 2:
            return True  # the next call is for a daemon that was running all the while
        half = stores()[1] in ('taking', 'taking by start', 'giving', 'giving by start')
        host.restart()
        wait_for(is_whole, f'{what}: it is repaired: {where()} {stores()}')
        if half:
            wait_for(lambda: 'left half done' in host.daemon.log(), f'{what}: it is reported')
        os.truncate(host.daemon.log_path, 0)
        return True

    points = sweep(host, operation, disturb)
    POINTS['killed'] += points
    assert points > 10


@contextlib.contextmanager
def in_background(operation, host):
    """The operation, while what is in the block is done. Gives: where its answer will be."""
    answer = []
    thread = threading.Thread(
        target=lambda: answer.append(attempt(operation, host)))
    thread.start()
    try:
        yield answer
    finally:
        host.inject.go_on()
        thread.join(30)
        assert not thread.is_alive()


def wait_standing(host, answer):
    """Returns: whether there is an n-th call."""
    wait_for(lambda: host.inject.standing or answer, 'it stands still, or is over')
    return host.inject.standing


def test_hanging(host, operation):
    """Each call that changes something hangs: other devices are served, and it goes on later."""
    other = libvirt.open('ccw:///system')

    def disturb(n):
        host.inject.arm(Inject.STAND, n)
        with in_background(operation, host) as answer:
            stood = wait_standing(host, answer)
            if stood:
                neighbour = other.nodeDeviceLookupByName(NEIGHBOUR)
                neighbour.dettach()
                neighbour.reAttach()
                assert len(other.listAllDevices()) > 5 and not answer
                host.inject.go_on()
        host.inject.disarm()
        assert answer == [None] and is_whole() and where() == operation.after, \
            f'{n}: {host.inject.what}: {answer} {where()} {stores()}'
        return stood

    points = sweep(host, operation, disturb)
    POINTS['hung'] += points
    assert points > 10


def test_gone(host, operation):
    """The device goes at each call, and comes back later."""

    def disturb(n):
        host.inject.arm(Inject.STAND, n, changes=not SWEEP)
        with in_background(operation, host) as answer:
            stood = wait_standing(host, answer)
            if stood:
                ctl('remove-subchannel', SUBCHANNEL)
                host.inject.go_on()
        host.inject.disarm()
        if stood:
            what = f'{n}: {host.inject.what}'
            assert not os.path.isdir(SYSFS) and not mdev_exists(), what
            # Without it there is nothing to be half done, but what an administrator wants of
            # it when it comes back.
            assert stores() in [(None, None), ('vfio_ccw', 'whole')] or answer[0], \
                f'{what}: {answer} {stores()}'
            host.plug()
        return stood

    points = sweep(host, operation, disturb)
    POINTS['gone'] += points
    assert points > 10


def test_cut_off(host, operation):
    """The device behind the subchannel goes at each call, and comes back later."""

    def disturb(n):
        host.inject.arm(Inject.STAND, n, changes=not SWEEP)
        with in_background(operation, host) as answer:
            stood = wait_standing(host, answer)
            if stood:
                ctl('set', SUBCHANNEL, 'device', 'none')
                host.inject.go_on()
        host.inject.disarm()
        host.was_away = stood
        if stood and os.path.isdir(SYSFS):
            ctl('set', SUBCHANNEL, 'device', DEVICE)
        elif stood:
            host.plug()
        return stood

    POINTS['cut off'] += sweep(host, operation, disturb)


# Files of sysfs that an operation writes to, and in which the kernel may keep it.
BLOCKING = {
    DETACH: ['*/0.0.3000/online', '*/0.0.0004/driver_override', '*/io_subchannel/unbind',
             '*/vfio_ccw/bind'],
    REATTACH: ['*/0.0.0004/driver_override', '*/vfio_ccw/unbind', '*/css/drivers_probe',
               '*/0.0.3000/online'],
    START: ['*/vfio_ccw/bind', '*/vfio_ccw-io/create'],
    DESTROY: [f'*/{UUID}/remove', '*/vfio_ccw/unbind'],
}


@pytest.mark.parametrize(('one', 'path'), [(one, path) for one, paths in BLOCKING.items()
                                           for path in paths])
def test_blocked_in_kernel(host, one, path):
    """A write really blocks for longer than the daemon waits: a timeout, and a result later."""
    define_file(OTHER_UUID, OTHER)
    host.node(OTHER_MDEV)
    one.prepare(host)
    host.answer_within(3)
    ctl('fault', path, 'write', 'hang', 'count=1')
    message = attempt(one, host)
    assert message and 'still in progress' in message, message
    # Of the neighbour's hand-over FUSE lets nothing through: one write at a time to a file.
    assert NEIGHBOUR in ok('virsh', '-c', 'ccw:///system', 'nodedev-dumpxml', NEIGHBOUR)
    ok('virsh', '-c', 'ccw:///system', 'nodedev-undefine', OTHER_MDEV)
    ctl('unfault')
    wait_for(lambda: is_whole() and where() == one.after and mdev_exists() == (one is START),
             'it is over')
    POINTS['blocked in the kernel'] += 1
    host.answer_within(30)
    host.tidy_up()


USES = {
    'mount': lambda: ok('mount', '-t', 'tmpfs', '/dev/dasda1', '/mnt'),
    'swap': lambda: write_file('/proc/swaps',
                               read_file('/proc/swaps') + '/dev/dasda1 partition 1 0 -2\n'),
    'lvm': lambda: ctl('set', SUBCHANNEL, 'holder', 'dm-0/vg0-data/LVM-abc'),
    'alias': lambda: ctl('set', SUBCHANNEL, 'alias', '1'),
}


@pytest.mark.parametrize('use', USES if SWEEP else ['mount', 'lvm'])
def test_unknown_is_used(host, use):
    """Whatever cannot be looked at, a device in use is not taken."""
    swaps = read_file('/proc/swaps')
    USES[use]()
    watched = '/sys', '/proc/swaps', f'/proc/{os.getpid()}/'
    try:
        for n in range(1, MOST):
            host.inject.arm(Inject.FAIL, n, errnum=errno.EIO, changes=False, watched=watched)
            message = attempt(DETACH, host)
            host.inject.disarm()
            assert message and where() == 'host', f'{n}: {host.inject.what}: {message}'
            if not host.inject.hits:
                break
    finally:
        if use == 'mount':
            ok('umount', '/mnt')
        write_file('/proc/swaps', swaps)
    POINTS['look failed'] += n - 1
    assert n > 30 and stores() == (None, None)


def test_count(capsys, request):
    """How often that was, if all ran."""
    with capsys.disabled():
        print(f'\nhand-over: disturbed at {sum(POINTS.values())} points: ' +
              ', '.join(f'{count} {kind}' for kind, count in POINTS.items()))
    if not {'failed', 'killed', 'hung', 'gone'} <= set(POINTS):
        pytest.skip('not all of them were run')
    assert sum(POINTS.values()) >= 200
