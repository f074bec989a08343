# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel refuses or does by itself, and what is made of it.

On the simulated host the kernel's part is played; in the lab the real vfio_ccw answers.
"""

import contextlib
import fcntl
import glob
import os
import re
import subprocess
import time

import pytest

from hostlib import (CSS, LAB, OTHER_UUID, SLOW, SUBCHANNEL, THIRD, THIRD_CCW, UUID, bind_vfio,
                     css_name, ctl, define_file, definition_path, mdev_exists, mdev_name,
                     mdev_xml, ok, pulled_out, read_file, wait_for, write_file)

MDEV = mdev_name()
SECOND = mdev_name(OTHER_UUID)
in_lab = pytest.mark.skipif(not LAB, reason='needs the real vfio_ccw: tools/lab')

# Of linux/vfio.h; these have no size and no direction, so they are the same everywhere.
VFIO_SET_IOMMU = 0x3b66
VFIO_GROUP_SET_CONTAINER = 0x3b68
VFIO_GROUP_GET_DEVICE_FD = 0x3b6a
VFIO_TYPE1_IOMMU = 1


def group_path():
    group = os.path.basename(os.readlink(f'/sys/bus/mdev/devices/{UUID}/iommu_group'))
    return f'/dev/vfio/{group}'


@contextlib.contextmanager
def opened():
    """The device as QEMU has it open: a container, its group, the device itself.

    Gives: what an error must say of who has it.
    """
    if not LAB:
        ctl('hold', UUID)
        try:
            yield 'qemu-system-s39'
        finally:
            ctl('release', UUID)
        return
    with contextlib.ExitStack() as stack:

        def keep(fd):
            stack.callback(os.close, fd)
            return fd

        container = keep(os.open('/dev/vfio/vfio', os.O_RDWR))
        group = keep(os.open(group_path(), os.O_RDWR))
        fcntl.ioctl(group, VFIO_GROUP_SET_CONTAINER, container.to_bytes(4, 'big'))
        fcntl.ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU)
        # In a buffer that may be changed: only then the new descriptor is what it returns.
        name = bytearray(UUID.encode() + b'\0')
        keep(fcntl.ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name))
        yield str(os.getpid())


def start(virsh):
    bind_vfio()
    define_file()
    wait_for(lambda: MDEV in virsh.names('--all'), 'the definition is seen')
    virsh.ok('nodedev-start', MDEV)
    assert mdev_exists()


def active(virsh, name=MDEV):
    return 'Active:         yes' in virsh.ok('nodedev-info', name)


def test_second_device_on_a_subchannel(virsh):
    start(virsh)
    define_file(OTHER_UUID)
    wait_for(lambda: SECOND in virsh.names('--all'), 'the second definition is seen')
    error = virsh.fails('nodedev-start', SECOND)
    assert SUBCHANNEL in error or CSS in error, error
    assert active(virsh) and not active(virsh, SECOND) and not mdev_exists(OTHER_UUID)


def test_started_twice(virsh):
    start(virsh)
    assert 'active already' in virsh.fails('nodedev-start', MDEV)
    assert active(virsh)


def test_create_on_an_unbound_subchannel(virsh, document):
    """Only the start of a defined device takes its parent."""
    error = virsh.fails('nodedev-create', document(mdev_xml()))
    assert 'vfio_ccw' in error and 'driverctl' in error, error
    assert not mdev_exists()


def test_subchannel_unbound_under_a_device(virsh):
    """The kernel takes the device away; the definition stays."""
    start(virsh)
    write_file(f'/sys/bus/css/devices/{SUBCHANNEL}/driver/unbind', SUBCHANNEL)
    wait_for(lambda: not active(virsh), 'the device is gone')
    assert not mdev_exists() and os.path.exists(definition_path())
    virsh.ok('nodedev-start', MDEV)
    assert active(virsh)


def test_destroy_while_a_guest_has_it(virsh):
    start(virsh)
    with opened() as holder:
        begin = time.monotonic()
        error = virsh.fails('nodedev-destroy', MDEV)
        assert time.monotonic() - begin < 10 * SLOW
        assert 'in use' in error and re.search(rf'\b{holder}\b', error), error
        assert mdev_exists() and active(virsh)
    virsh.ok('nodedev-destroy', MDEV)
    assert not mdev_exists()


def test_given_back_while_a_guest_has_it(virsh):
    """The kernel would wait for the guest to end: refused before it is asked."""
    start(virsh)
    with opened() as holder:
        begin = time.monotonic()
        error = virsh.fails('nodedev-reattach', CSS)
        assert time.monotonic() - begin < 10 * SLOW
        assert MDEV in error and re.search(rf'\b{holder}\b', error), error
        assert mdev_exists() and active(virsh)
        assert read_file(f'/sys/bus/css/devices/{SUBCHANNEL}/driver_override') == 'vfio_ccw\n'
    assert MDEV in virsh.fails('nodedev-reattach', CSS)
    virsh.ok('nodedev-destroy', MDEV)
    virsh.ok('nodedev-reattach', CSS)
    assert 'vfio_ccw' not in os.readlink(f'/sys/bus/css/devices/{SUBCHANNEL}/driver')


def test_destroy_while_the_group_is_open(virsh):
    start(virsh)
    group = os.open(group_path(), os.O_RDWR)
    try:
        assert 'in use' in virsh.fails('nodedev-destroy', MDEV)
        assert mdev_exists()
    finally:
        os.close(group)
    virsh.ok('nodedev-destroy', MDEV)


def as_mdevctl_lists(virsh):
    """What we say of the device, in the words of mdevctl."""
    document = virsh.ok('nodedev-dumpxml', MDEV)
    said = dict(re.findall(r'^(\w+): +(\w+)$', virsh.ok('nodedev-info', MDEV), re.M))
    assert said['Active'] == 'yes'
    return [*re.search('<uuid>(.*)</uuid>', document).groups(),
            *re.search('<parent_addr>(.*)</parent_addr>', document).groups(),
            *re.search("<type id='(.*)'/>", document).groups(),
            {'yes': 'auto', 'no': 'manual'}[said['Autostart']],
            *{'yes': ['(defined)'], 'no': []}[said['Persistent']]]


@in_lab
def test_the_kernel_agrees(virsh):
    """lscss, mdevctl and driverctl say what we say."""
    ok('driverctl', '-b', 'css', 'set-override', SUBCHANNEL, 'vfio_ccw')
    start(virsh)
    rows = ok('lscss', '--vfio').splitlines()
    assert [row.split()[:2] for row in rows if UUID in row] == [[UUID, SUBCHANNEL]]
    assert ok('mdevctl', 'list').split() == as_mdevctl_lists(virsh)
    virsh.ok('nodedev-autostart', MDEV)
    assert ok('mdevctl', 'list').split() == as_mdevctl_lists(virsh)
    assert as_mdevctl_lists(virsh) == [UUID, SUBCHANNEL, 'vfio_ccw-io', 'auto', '(defined)']
    assert f'{SUBCHANNEL} vfio_ccw' in ok('driverctl', '-b', 'css', 'list-overrides')
    plain = {css_name(match) for match in re.findall(
        r'^(?:\S+) +(0\.\d\.[0-9a-f]{4}) ', ok('lscss'), re.M)}
    assert plain | {CSS} == set(virsh.names('--cap', 'css'))
    virsh.ok('nodedev-destroy', MDEV)
    ok('driverctl', '-b', 'css', 'unset-override', SUBCHANNEL)


def as_lsdasd_lists(document):
    """A DASD's bus-ID, status and type; while it is offline, lsdasd knows no type."""
    bus_id = re.search('<name>ccw_(.*)</name>', document)[1].replace('_', '.')
    state = re.search('<state>(.*)</state>', document)[1]
    kind = re.search('<name>dasd-(.*)</name>', document)[1].upper()
    return [bus_id, state] if state == 'offline' else [bus_id, state, kind]


@in_lab
def test_lsdasd_agrees(virsh):
    """It lists each DASD that we list, and calls it what we call it."""
    rows = [line.split() for line in ok('lsdasd', '-a').splitlines() if line.startswith('0.')]
    if not rows:
        pytest.skip('this machine has no DASD')
    # The DASDs of the system, and those that nobody has touched.
    assert {row[1] for row in rows} == {'active', 'offline'}
    listed = [row if row[1] == 'offline' else [row[0], 'online', row[4]] for row in rows]
    documents = [virsh.ok('nodedev-dumpxml', name) for name in virsh.names('--cap', 'ccw')]
    assert sorted(listed) == sorted(as_lsdasd_lists(document) for document in documents
                                    if '<name>dasd-' in document)


ON_BUS = f'/sys/bus/mdev/devices/{UUID}'
# Whoever takes the device by himself, and what he writes to which file.
TAKERS = {'remove': (f'{ON_BUS}/remove', '1'),
          'unbind': (f'/sys/bus/css/devices/{SUBCHANNEL}/driver/unbind', SUBCHANNEL)}


def hangs_in_write(writer):
    """Whether the process waits in a call for its output."""
    assert writer.poll() is None, 'the kernel did not wait'
    call = read_file(f'/proc/{writer.pid}/syscall').split()
    return len(call) > 1 and int(call[1], 16) == 1


@contextlib.contextmanager
def taken_by_others(verb):
    """Somebody else takes the device that a guest has, and has to wait for the guest."""
    path, text = TAKERS[verb]
    with opened():
        with open(path, 'wb') as file:
            writer = subprocess.Popen(['echo', text], stdout=file)
        wait_for(lambda: hangs_in_write(writer) and not os.path.exists(ON_BUS),
                 'the writer waits for the kernel, which has it on its list no more')
        yield
        assert hangs_in_write(writer)
    assert writer.wait(20 * SLOW) == 0


@pytest.mark.parametrize('verb', TAKERS)
def test_taken_by_others_while_a_guest_has_it(virsh, verb):
    """The kernel waits for the guest, but the daemon does not."""
    start(virsh)
    with taken_by_others(verb):
        begin = time.monotonic()
        assert MDEV in virsh.names('--cap', 'mdev', '--all')
        error = virsh.fails('nodedev-destroy', MDEV)
        assert time.monotonic() - begin < 10 * SLOW
        # Neither the kernel nor we have it on the list any more, whoever still uses it.
        assert MDEV in error and 'is not active' in error and not active(virsh), error
    assert not active(virsh) and not mdev_exists() and os.path.exists(definition_path())


def test_device_pulled_out_under_vfio_ccw(virsh):
    """The kernel hears of it by a channel report word, and takes the subchannel away."""
    mdev = mdev_name(subchannel=THIRD)
    bind_vfio(THIRD)
    define_file(subchannel=THIRD)
    wait_for(lambda: mdev in virsh.names('--all'), 'the definition is seen')
    virsh.ok('nodedev-start', mdev)
    with pulled_out():
        wait_for(lambda: css_name(THIRD) not in virsh.names(), 'the subchannel is gone')
        assert not active(virsh, mdev)
        assert THIRD in virsh.fails('nodedev-start', mdev)
    wait_for(lambda: css_name(THIRD) in virsh.names(), 'the subchannel is back', 20)


def test_device_pulled_out_under_io_subchannel(virsh):
    """Only the device goes, when it was there at boot: the subchannel is there without it."""
    ccw = 'ccw_' + THIRD_CCW.replace('.', '_')
    assert '<channel_dev_addr>' in virsh.ok('nodedev-dumpxml', css_name(THIRD))
    with pulled_out():
        wait_for(lambda: ccw not in virsh.names(), 'the device is gone')
        assert '<channel_dev_addr>' not in virsh.ok('nodedev-dumpxml', css_name(THIRD))
    wait_for(lambda: ccw in virsh.names(), 'the device is back', 20)
    assert '<channel_dev_addr>' in virsh.ok('nodedev-dumpxml', css_name(THIRD))


# The subchannel whose channel paths are varied off: in the lab no other one has them.
PATHLESS = '0.0.0005' if LAB else SUBCHANNEL
PATHLESS_CCW = 'ccw_0_0_000a' if LAB else 'ccw_0_0_3000'
has_paths = pytest.mark.skipif(LAB and not glob.glob('/sys/devices/css0/chp0.*'),
                               reason='this machine has no channel-path objects')


@contextlib.contextmanager
def without_paths():
    """All channel paths of the subchannel are varied off meanwhile."""
    chpids = read_file(f'/sys/bus/css/devices/{PATHLESS}/chpids').split()
    files = [f'/sys/devices/css0/chp0.{chpid}/status' for chpid in chpids if chpid != '00']
    assert files
    for file in files:
        write_file(file, 'off')
    try:
        yield
    finally:
        for file in files:
            write_file(file, 'on')


@has_paths
def test_paths_gone_under_a_device(virsh):
    """A mediated device outlives its channel paths, and can be stopped and started."""
    mdev = mdev_name(subchannel=PATHLESS)
    bind_vfio(PATHLESS)
    define_file(subchannel=PATHLESS)
    wait_for(lambda: mdev in virsh.names('--all'), 'the definition is seen')
    virsh.ok('nodedev-start', mdev)
    with without_paths():
        assert css_name(PATHLESS) in virsh.names() and active(virsh, mdev)
        virsh.ok('nodedev-destroy', mdev)
        assert not active(virsh, mdev)
        virsh.ok('nodedev-start', mdev)
    assert active(virsh, mdev) and mdev_exists(subchannel=PATHLESS)
    virsh.ok('nodedev-destroy', mdev)


@has_paths
def test_paths_gone_of_a_ccw_device(virsh):
    """Without a path the kernel has no device; its subchannel stays, and can be bound."""
    mdev = mdev_name(subchannel=PATHLESS)
    device = PATHLESS_CCW[len('ccw_'):].replace('_', '.')
    if read_file(f'/sys/bus/ccw/devices/{device}/online').strip() == '1':
        write_file(f'/sys/bus/ccw/devices/{device}/online', '0')
    assert PATHLESS_CCW in virsh.names('--all')
    with without_paths():
        wait_for(lambda: PATHLESS_CCW not in virsh.names('--all'), 'the device is gone', 20)
        assert '<name>css_' in virsh.ok('nodedev-dumpxml', css_name(PATHLESS))
        bind_vfio(PATHLESS)
        define_file(subchannel=PATHLESS)
        wait_for(lambda: mdev in virsh.names('--all'), 'the definition is seen')
        virsh.ok('nodedev-start', mdev)
        virsh.ok('nodedev-destroy', mdev)
