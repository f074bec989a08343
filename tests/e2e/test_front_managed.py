# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of stock libvirtd that get their channel devices when they start.

The simulator has no VFIO, so QEMU would refuse vfio-ccw devices. For what comes after that,
guests run by a program that keeps those from QEMU (qemu-without-vfio); the lab has the real one.
"""

import concurrent.futures
import fcntl
import os
import signal
import subprocess
import time
import uuid

import libvirt
import pytest

import frontlib
import hostlib
from frontlib import EMULATOR, FRONT, STOCK
from hostlib import (CSS, SUBCHANNEL, UUID, Virsh, child, ctl, define_file, mdev_exists, mdev_name,
                     run, wait_for, write_file)
from rpcclient import RpcClient, xdr
from test_front_hostdev import (ADDRESS, BY_ADDRESS, BY_UUID, GUEST, GUEST_UUID, by_name, flat,
                                guest, hostdev, uuid_in)

HOOK = os.path.join(hostlib.BUILD, 'src/daemon/virtccw-hook')
HOOKS = '/etc/libvirt/hooks/qemu.d'
RECORDS = f'{hostlib.REMEMBERED}/holder'
MANAGED = " managed='yes'"
RUNNER = os.path.join(hostlib.HERE, 'qemu-without-vfio')
pytestmark = frontlib.needs_guests


@pytest.fixture(name='stock')
def _stock(fresh_host, tmp_path):
    os.makedirs(HOOKS, exist_ok=True)
    if not os.path.lexists(f'{HOOKS}/virtccw'):
        os.symlink(HOOK, f'{HOOKS}/virtccw')
    with frontlib.stock_with_guests(tmp_path, GUEST, 'other') as stock:
        yield stock


@pytest.fixture(name='front')
def _front(stock, tmp_path):
    with frontlib.running(tmp_path) as server:
        yield server


@pytest.fixture(name='way')
def _way(front):
    connection = libvirt.open(FRONT)
    yield connection
    connection.close()


def driver(subchannel=SUBCHANNEL):
    try:
        return os.path.basename(os.readlink(f'/sys/bus/css/devices/{subchannel}/driver'))
    except FileNotFoundError:  # on its way
        return None


def with_host(subchannel=SUBCHANNEL):
    """The host has it as before: its driver, no override, nothing remembered of it."""
    return driver(subchannel) == 'io_subchannel' and not records() and \
        hostlib.read_file(f'/sys/bus/css/devices/{subchannel}/driver_override').strip() == '(null)'


def records():
    return os.listdir(RECORDS) if os.path.isdir(RECORDS) else []


def renamed(text, name='other'):
    return text.replace(f'<name>{GUEST}<', f'<name>{name}<').replace(GUEST_UUID, str(
        uuid.uuid5(uuid.NAMESPACE_DNS, name)))


def pid_of(name=GUEST):
    return int(hostlib.read_file(f'{hostlib.SOCKETS}/qemu/{name}.pid'))


def runs(text):
    """The same guest, run by the program above, and with no more memory locked than an ordinary
    user may lock."""
    return text.replace(EMULATOR, RUNNER).replace(
        '<memory ', "<memtune><hard_limit unit='KiB'>64</hard_limit></memtune><memory ")


@pytest.mark.parametrize('source', [BY_ADDRESS, by_name(CSS), BY_UUID])
def test_start_and_destroy(way, source):
    if source == BY_UUID:
        define_file()
    domain = way.defineXML(runs(guest(hostdev(source, MANAGED))))
    assert with_host()
    for _ in range(2):
        domain.create()
        mdev = uuid_in(libvirt.open(STOCK).lookupByName(GUEST).XMLDesc())
        assert driver() == 'vfio_ccw' and mdev_exists(mdev)
        assert records() == [mdev]
        assert "managed='yes'" in domain.XMLDesc()
        domain.destroy()
        assert with_host() and not mdev_exists(mdev)


def test_stop_by_the_guest_itself(way):
    """QEMU ends without anybody asking for it."""
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    domain.create()
    os.kill(pid_of(), signal.SIGKILL)
    wait_for(with_host, 'the host has it back')
    assert not domain.isActive()


def test_transient_guest(way):
    domain = way.createXML(runs(guest(hostdev(more=MANAGED))))
    assert driver() == 'vfio_ccw'
    assert ADDRESS.format('3000') in domain.XMLDesc()
    domain.destroy()
    assert with_host()


def test_qemu_refuses_to_start(way):
    """As here, where there is no VFIO."""
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))).replace(RUNNER, EMULATOR))
    with pytest.raises(libvirt.libvirtError, match='vfio'):
        domain.create()
    assert with_host()


def test_what_was_active_stays(way):
    """A device that somebody started before is only used."""
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    mdev = uuid_in(libvirt.open(STOCK).lookupByName(GUEST).XMLDesc())
    Virsh(FRONT).ok('nodedev-start', mdev_name(mdev))
    domain.create()
    domain.destroy()
    assert mdev_exists(mdev) and not records()


def test_not_managed(way):
    """Then it is left to those who manage it."""
    domain = way.defineXML(runs(guest(hostdev())))
    mdev = uuid_in(libvirt.open(STOCK).lookupByName(GUEST).XMLDesc())
    with pytest.raises(libvirt.libvirtError, match=f"virsh nodedev-start {mdev_name(mdev)}'"):
        domain.create()
    assert with_host()
    Virsh(FRONT).ok('nodedev-start', mdev_name(mdev))
    domain.create()
    assert 'front-hostdev' in Virsh(FRONT).fails('nodedev-destroy', mdev_name(mdev))
    domain.destroy()
    assert mdev_exists(mdev) and not records()


def renumber():
    """0.0.3000 moves to another subchannel, and another DASD takes its place."""
    ctl('remove-subchannel', SUBCHANNEL)
    ctl('add-subchannel', '0.0.0007', 'device=0.0.3000', 'cutype=3990/e9', 'devtype=3390/0c')
    ctl('add-subchannel', SUBCHANNEL, 'device=0.0.4711', 'cutype=3990/e9', 'devtype=3390/0c')


def define_and_remember():
    define_file()
    wait_for(lambda: os.path.exists(f'{hostlib.REMEMBERED}/device/{UUID}@{SUBCHANNEL}'),
             'its device is remembered')


@pytest.mark.parametrize('source', [by_name(CSS), by_name(mdev_name())])
def test_other_disk_behind_the_subchannel(way, source):
    """By whichever name, a guest gets the disk that its definition is for."""
    define_and_remember()
    domain = way.defineXML(runs(guest(hostdev(source, MANAGED))))
    renumber()
    with pytest.raises(libvirt.libvirtError, match='0.0.3000.*0.0.4711'):
        domain.create()
    assert with_host() and not mdev_exists()


@pytest.mark.parametrize('there', [True, False])
def test_uuid_is_active_on_another_disk(way, document, there):
    """The stock daemon would look at the UUID only."""
    define_and_remember()
    domain = way.defineXML(runs(guest(hostdev())))
    renumber()
    if not there:
        ctl('remove-subchannel', '0.0.0007')
    Virsh(FRONT).ok('nodedev-define', document(hostlib.mdev_xml()))
    Virsh(FRONT).ok('nodedev-start', mdev_name())
    with pytest.raises(libvirt.libvirtError,
                       match='another disk' if there else 'ccw_0_0_3000.*not on this host'):
        domain.create()
    assert not records()


def test_device_that_has_moved(way):
    """Named by its number it is found again."""
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    renumber()
    domain.create()
    assert driver('0.0.0007') == 'vfio_ccw' and driver() == 'io_subchannel'
    domain.destroy()
    assert with_host('0.0.0007')


def test_start_that_fails_leaves_nothing(way):
    """Not even where the administrator's device, which stood in the way, keeps the parent."""
    define_file()
    define_file(hostlib.OTHER_UUID)
    other = mdev_name(hostlib.OTHER_UUID)
    domain = way.defineXML(runs(guest(hostdev(BY_UUID, MANAGED))))
    wait_for(lambda: Virsh(FRONT)('nodedev-start', other).rc == 0, 'the other one is started')
    with pytest.raises(libvirt.libvirtError, match='cannot have its channel device'):
        domain.create()
    assert not records() and mdev_exists(hostlib.OTHER_UUID)
    Virsh(FRONT).ok('nodedev-destroy', other)
    assert with_host()


def test_what_cannot_be_given_back_is_anybodys(way):
    """Also while libvirtd, which was to bring it to the guest, goes on."""
    define_file()
    wait_for(lambda: Virsh(FRONT)('nodedev-start', mdev_name()).rc == 0, 'it is started')
    since = hostlib.read_file('/proc/self/stat').rsplit(')', 1)[1].split()[19]
    write_file(f'{RECORDS}/{UUID}', f'[guest]\nparent={SUBCHANNEL}\nguest={GUEST}\n'
               f'uuid={GUEST_UUID}\nstarted=true\nruns=false\npid={os.getpid()}\nsince={since}\n')
    assert GUEST in Virsh(FRONT).fails('nodedev-destroy', mdev_name())
    ctl('hold', UUID)
    try:
        result = run(HOOK, GUEST, 'release', 'end', '-', stdin=guest(hostdev(BY_UUID)))
        assert result.rc == 1 and 'in use' in result.err, result
    finally:
        ctl('release', UUID)
    Virsh(FRONT).ok('nodedev-destroy', mdev_name())
    assert driver() == 'io_subchannel'


def test_record_is_damaged(way):
    """Then some guest may have the device."""
    define_file()
    domain = way.defineXML(runs(guest(hostdev(BY_UUID))))
    wait_for(lambda: Virsh(FRONT)('nodedev-start', mdev_name()).rc == 0, 'it is started')
    write_file(f'{RECORDS}/{UUID}', 'nonsense')
    for command in (['nodedev-destroy', mdev_name()], ['nodedev-reattach', CSS]):
        assert 'is damaged' in Virsh(FRONT).fails(*command)
    with pytest.raises(libvirt.libvirtError, match='is damaged'):
        domain.create()
    os.unlink(f'{RECORDS}/{UUID}')
    Virsh(FRONT).ok('nodedev-destroy', mdev_name())
    assert with_host()


@pytest.mark.parametrize('name', ['a/b', b'a\xff'])
def test_name_that_no_guest_has(front, name):
    """It would be written down, and could not be read again."""
    define_file()
    result = subprocess.run([HOOK, name, 'prepare', 'begin', '-'], text=True, check=False,
                            input=guest(hostdev(BY_UUID, MANAGED)), capture_output=True)
    assert result.returncode == 1 and 'UTF-8' in result.stderr, result
    assert with_host()


def test_device_that_does_not_go_online_again(way):
    """It can be given to guests all the same, and is online as soon as that is possible."""
    ctl('set', SUBCHANNEL, 'online', '0')
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    domain.create()
    ctl('fault', '*/0.0.3000/online', 'write', 'errno=EIO')
    domain.destroy()
    wait_for(lambda: driver() == 'io_subchannel' and not records(), 'the guest is done with it', 30)
    domain.create()
    assert driver() == 'vfio_ccw'
    ctl('unfault')
    domain.destroy()
    assert with_host()
    assert hostlib.read_file('/sys/bus/ccw/devices/0.0.3000/online') == '1\n'


def test_record_does_not_come_back(tmp_path):
    """A guest that ended while it was being told to run."""
    record = f'{RECORDS}/{UUID}'
    write_file(record, f'[guest]\nparent={SUBCHANNEL}\nguest={GUEST}\nuuid={GUEST_UUID}\n'
               'started=false\nruns=false\npid=1\nsince=0\n')
    os.makedirs(f'{hostlib.REMEMBERED}/lock', exist_ok=True)
    lock = os.open(f'{hostlib.REMEMBERED}/lock/guest-{SUBCHANNEL}', os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with open(tmp_path / 'guest.xml', 'w+', encoding='utf-8') as file:
        file.write(guest(hostdev(BY_UUID)))
        file.seek(0)
        with child([HOOK, GUEST, 'started', 'begin', '-'], stdin=file) as process:
            time.sleep(0.5)
            os.unlink(record)
            os.close(lock)
            assert process.wait(20) == 0
    assert not records()


def test_host_uses_it(way):
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    hostlib.ok('mount', '-t', 'tmpfs', '/dev/dasda1', '/mnt')
    try:
        with pytest.raises(libvirt.libvirtError, match="file system mounted at '/mnt'"):
            domain.create()
        assert with_host()
    finally:
        hostlib.ok('umount', '/mnt')
    domain.create()
    domain.destroy()


def test_administrator_wants_the_host_to_have_it(way):
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    write_file(f'{hostlib.OVERRIDES}/css-{SUBCHANNEL}', 'io_subchannel\n')
    with pytest.raises(libvirt.libvirtError, match="driver override says 'io_subchannel'"):
        domain.create()
    assert with_host()


def test_device_that_is_not_there(way):
    domain = way.defineXML(runs(guest(hostdev(f"<source>{ADDRESS.format('4711')}</source>", MANAGED))))
    with pytest.raises(libvirt.libvirtError, match='ccw_0_0_4711.*not on this host'):
        domain.create()


def test_one_of_two_cannot_be_had(way):
    """The other one is with the host again."""
    text = runs(guest(hostdev(more=MANAGED),
                      hostdev(f"<source>{ADDRESS.format('4711')}</source>", MANAGED)))
    domain = way.defineXML(text)
    with pytest.raises(libvirt.libvirtError, match='4711'):
        domain.create()
    assert with_host()


@pytest.mark.parametrize('other', [BY_ADDRESS, BY_UUID])
def test_two_guests(way, other):
    """The second is refused, by whichever name it knows the device, and told who has it."""
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    define_file()
    second = way.defineXML(renamed(runs(guest(hostdev(other, MANAGED)))))
    with pytest.raises(libvirt.libvirtError, match=GUEST) as caught:
        second.create()
    assert caught.value.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY
    assert str(caught.value).startswith("resource busy: the guest 'other' cannot have")
    assert driver() == 'vfio_ccw' and len(records()) == 1
    way.lookupByName(GUEST).destroy()
    assert with_host()
    second.create()
    assert driver() == 'vfio_ccw'
    second.destroy()
    assert with_host()


def test_guest_and_manager(way):
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    mdev = records()[0]
    for command in (['nodedev-destroy', mdev_name(mdev)], ['nodedev-reattach', CSS]):
        message = Virsh(FRONT).fails(*command)
        assert f"guest '{GUEST}'" in message and 'busy' in message, message
    assert mdev_exists(mdev)


def test_without_virtccwd(stock, front):
    """What was defined through it runs without it, autostarted by libvirtd."""
    connection = libvirt.open(FRONT)
    connection.defineXML(runs(guest(hostdev(more=MANAGED)))).setAutostart(1)
    connection.close()
    front.stop()
    stock.__exit__()
    # libvirtd autostarts once after each boot.
    os.unlink(f'{hostlib.SOCKETS}/qemu/autostarted')
    stock.start_again()
    wait_for(lambda: driver() == 'vfio_ccw', 'it is started')
    wait_for(lambda: 'running' in Virsh(STOCK).ok('domstate', GUEST), 'it runs')
    Virsh(STOCK).ok('destroy', GUEST)
    assert with_host()


def test_virtccwd_is_killed(way, front, tmp_path):
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    mdev = records()
    front.process.kill()
    front.process.wait()
    front.start('--config', str(tmp_path / 'virtccwd.conf'))
    time.sleep(0.5)
    assert driver() == 'vfio_ccw' and records() == mdev
    Virsh(FRONT).ok('destroy', GUEST)
    assert with_host()


def kill_stock(stock):
    stock.process.kill()
    stock.process.wait()


def test_libvirtd_is_killed(way, stock):
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    kill_stock(stock)
    assert driver() == 'vfio_ccw'
    stock.start_again()
    # Answered when libvirtd has found its guest again; who destroys it before gets an error.
    Virsh(STOCK).ok('qemu-monitor-command', GUEST, '--hmp', 'info status')
    Virsh(STOCK).ok('destroy', GUEST)
    assert with_host()


def test_libvirtd_and_qemu_are_killed(way, stock):
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    pid = pid_of()
    kill_stock(stock)
    os.kill(pid, signal.SIGKILL)
    stock.start_again()
    wait_for(with_host, 'the host has it back')


def test_libvirtd_is_killed_while_it_starts_a_guest(way, stock, front, tmp_path):
    """The guest never came; whoever looks next gives the device back."""
    way.defineXML(runs(guest(hostdev(more=MANAGED))))
    slow = f'{HOOKS}/zz-slow'
    write_file(slow, '#!/bin/sh\n[ "$2" != prepare ] || exec sleep 20\n')
    os.chmod(slow, 0o755)
    try:
        with child(['virsh', '-c', STOCK, 'start', GUEST]) as start:
            wait_for(lambda: driver() == 'vfio_ccw' and records(), 'it is taken')
            kill_stock(stock)
            start.wait(20)
    finally:
        os.unlink(slow)
    front.process.kill()
    front.process.wait()
    front.start('--config', str(tmp_path / 'virtccwd.conf'))
    wait_for(with_host, 'the host has it back')
    front.wait_log('is no more')


def test_what_is_left_over_is_tried_again(way, stock, front, tmp_path):
    """As when a hook is still at work while virtccwd starts."""
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    front.process.kill()
    front.process.wait()
    kill_stock(stock)
    os.kill(pid_of(), signal.SIGKILL)
    os.unlink(f'{hostlib.SOCKETS}/qemu/{GUEST}.xml')
    with open(f'{hostlib.REMEMBERED}/lock/guest-{SUBCHANNEL}', 'wb') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        front.start('--config', str(tmp_path / 'virtccwd.conf'))
        front.wait_log('cannot be given back')
        assert driver() == 'vfio_ccw'
    wait_for(with_host, 'the host has it back', 60)


LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
BOTH = LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG


def test_attach_that_qemu_refuses(way):
    """As here, where there is no VFIO: the host has the device back."""
    domain = way.defineXML(runs(guest()).replace(RUNNER, EMULATOR))
    domain.create()
    for flags in (LIVE, 0, BOTH):
        with pytest.raises(libvirt.libvirtError, match='vfio|group 0'):
            domain.attachDeviceFlags(hostdev(more=MANAGED), flags)
        assert with_host()
        assert '<hostdev' not in domain.XMLDesc()
        assert 'virtccw' not in libvirt.open(STOCK).lookupByName(GUEST).XMLDesc()
    with pytest.raises(libvirt.libvirtError, match='not on this host'):
        domain.attachDevice(hostdev(f"<source>{ADDRESS.format('4711')}</source>", MANAGED))
    domain.destroy()


@pytest.mark.parametrize('source', [BY_ADDRESS, by_name(CSS), BY_UUID])
@pytest.mark.parametrize('flags', [LIVE, 0, BOTH])
def test_attach_and_detach(way, source, flags):
    define_file()
    domain = way.defineXML(runs(guest()))
    domain.create()
    domain.attachDeviceFlags(hostdev(source, MANAGED), flags)
    assert driver() == 'vfio_ccw' and records() == [UUID]
    assert flat(source) in flat(domain.XMLDesc())
    assert (flat(source) in flat(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))) == \
        (flags == BOTH)
    domain.detachDeviceFlags(hostdev(source), flags)
    assert with_host() and '<hostdev' not in domain.XMLDesc()
    assert 'virtccw' not in libvirt.open(STOCK).lookupByName(GUEST).XMLDesc()
    domain.destroy()


def test_detach_by_alias(way):
    domain = way.defineXML(runs(guest(hostdev(more=MANAGED))))
    domain.create()
    domain.detachDeviceAlias('hostdev0', LIVE)
    assert with_host() and '<hostdev' not in domain.XMLDesc()
    domain.destroy()


def test_attached_and_never_detached(way):
    """It goes back with the guest, also when that is killed."""
    domain = way.defineXML(runs(guest()))
    for end in (domain.destroy, lambda: os.kill(pid_of(), signal.SIGKILL)):
        domain.create()
        domain.attachDeviceFlags(hostdev(more=MANAGED), LIVE)
        assert driver() == 'vfio_ccw'
        end()
        wait_for(with_host, 'the host has it back')


def test_attach_what_another_guest_has(way):
    way.defineXML(runs(guest(hostdev(more=MANAGED)))).create()
    other = way.defineXML(renamed(runs(guest())))
    other.create()
    with pytest.raises(libvirt.libvirtError, match=f"guest '{GUEST}'") as caught:
        other.attachDeviceFlags(hostdev(more=MANAGED), LIVE)
    assert caught.value.get_error_code() == libvirt.VIR_ERR_RESOURCE_BUSY
    way.lookupByName(GUEST).destroy()
    other.attachDeviceFlags(hostdev(more=MANAGED), LIVE)
    assert driver() == 'vfio_ccw'
    other.destroy()
    assert with_host()


def test_attach_under_a_false_name(way):
    """What is told of the guest is its name, not what the client calls it."""
    domain = way.defineXML(runs(guest()))
    domain.create()
    with RpcClient(f'{hostlib.SOCKETS}/virtqemud-sock') as client:
        client.open(FRONT)
        client.call(160, xdr('suisi', 'other', GUEST_UUID, domain.ID(), hostdev(more=MANAGED), LIVE))
    for mdev in Virsh(FRONT).names('--cap', 'mdev'):
        with pytest.raises(libvirt.libvirtError, match=f"'{GUEST}'"):
            way.nodeDeviceLookupByName(mdev).destroy()
    assert driver() == 'vfio_ccw'
    domain.destroy()
    assert with_host()


def test_virtccwd_is_killed_after_an_attach(way, front, tmp_path):
    domain = way.defineXML(runs(guest()))
    domain.create()
    domain.attachDeviceFlags(hostdev(more=MANAGED), LIVE)
    front.process.kill()
    front.process.wait()
    front.start('--config', str(tmp_path / 'virtccwd.conf'))
    time.sleep(0.5)
    assert driver() == 'vfio_ccw' and records()
    libvirt.open(FRONT).lookupByName(GUEST).detachDeviceFlags(hostdev(), LIVE)
    assert with_host()


def test_guest_without_channel_devices(way):
    """Even where the settings cannot be read."""
    domain = way.defineXML(runs(guest()))
    write_file('/etc/libvirt/virtccwd.conf', 'nonsense')
    try:
        domain.create()
        domain.destroy()
    finally:
        os.unlink('/etc/libvirt/virtccwd.conf')


def test_hook_by_hand():
    assert run(HOOK).rc == 2
    assert run(HOOK, 'a', 'prepare', 'begin', '-', stdin='<domain>vfio-ccw').rc == 1
    assert run(HOOK, 'a', 'prepare', 'begin', '-', stdin='<domain>').rc == 0
    assert run(HOOK, 'a', 'migrate', 'begin', '-', stdin='<domain>vfio-ccw').rc == 0


def test_one_uuid_on_two_subchannels():
    """Two guests that want it at one moment: one gets it, and the other is told who has it."""
    def text(subchannel):
        define_file(subchannel=subchannel)
        note = f"<source uuid='{UUID}' dev='{mdev_name(subchannel=subchannel)}'/>"
        return guest(hostdev(BY_UUID, MANAGED), metadata="<metadata><v:hostdevs xmlns:v="
                     f"'urn:virtccw:hostdev:1'>{note.replace('<', '<v:')}</v:hostdevs></metadata>")

    texts = {GUEST: text(SUBCHANNEL), 'other': renamed(text(hostlib.OTHER))}
    for _ in range(10):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = dict(zip(texts, pool.map(
                lambda name: run(HOOK, name, 'prepare', 'begin', '-', stdin=texts[name]), texts)))
        got = [name for name, result in results.items() if result.rc == 0]
        assert len(got) == 1 and records() == [UUID], results
        assert any(f"the guest '{got[0]}' has" in result.err for result in results.values()), results
        assert f'guest={got[0]}\n' in hostlib.read_file(f'{RECORDS}/{UUID}')
        for name, text in texts.items():
            assert run(HOOK, name, 'release', 'end', '-', stdin=text).rc == 0
        assert with_host() and with_host(hostlib.OTHER)
