# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt_driver_ccw.so: ccw:///embed, without any daemon."""

import contextlib
import fcntl
import glob
import os
import re
import threading
import time

import libvirt
import pytest

import sidelib
from domainlib import DOMAIN, domain_xml
from hostlib import (BUILD, CLIENTS, CSS, LAB, OTHER, OTHER_UUID, SOURCE, SUBCHANNEL, UUID, Virsh,
                     at_most, bind_vfio, define_file, mdev_exists, mdev_name, mdev_xml, ok,
                     read_file, run, wait_for, write_file)

MDEV = mdev_name()
MODULE_FILE = 'libvirt_driver_ccw.so'
MODULE_FOLDER = os.environ.get('LIBVIRT_DRIVER_DIR', f'{BUILD}/src/module')
ALL = libvirt.VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE

pytestmark = [
    pytest.mark.usefixtures('event_loop'),
    pytest.mark.skipif('libasan' in run('ldd', f'{MODULE_FOLDER}/{MODULE_FILE}').out,
                       reason='stock programs cannot load a module with sanitizers')]


@pytest.fixture
def root(tmp_path):
    """A root folder, not made yet."""
    return str(tmp_path / 'root')


def uri(root, **options):
    return f'ccw:///embed?root={root}' + ''.join(f'&{k}={v}' for k, v in options.items())


def threads():
    """The threads of this process that are the module's."""
    names = []
    for task in os.listdir('/proc/self/task'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            names.append(read_file(f'/proc/self/task/{task}/comm'))
    return [name for name in names if name.startswith('virtccw')]


def roots():
    """Those of them that a root has."""
    return [name for name in threads() if 'root' in name]


def refusal(address, flags=0):
    """What opening fails with: (code, message)."""
    with pytest.raises(libvirt.libvirtError) as refused:
        libvirt.openAuth(address, [[], None, None], flags)
    return refused.value.get_error_code(), refused.value.get_error_message()


def test_procedure(root, document):
    """IBM's procedure, each step in a process of its own."""
    virsh = Virsh(uri(root))
    bind_vfio()
    assert CSS in virsh.names('--cap', 'mdev_types')
    virsh.ok('nodedev-define', document(mdev_xml()))
    assert os.path.exists(f'{root}/etc/mdevctl.d/{SUBCHANNEL}/{UUID}')
    assert MDEV in virsh.names('--inactive')
    virsh.ok('nodedev-start', MDEV)
    assert mdev_exists()
    virsh.ok('nodedev-autostart', MDEV)
    assert 'Autostart:      yes' in virsh.ok('nodedev-info', MDEV)
    virsh.ok('nodedev-destroy', MDEV)
    assert not mdev_exists()
    assert MDEV in virsh.names('--inactive'), 'not started again by being looked at'
    virsh.ok('nodedev-undefine', MDEV)
    assert MDEV not in virsh.names('--all')


def test_layout_of_root(root):
    Virsh(uri(root)).ok('uri')
    found = sorted(os.path.relpath(os.path.join(folder, name), root)
                   for folder, folders, files in os.walk(root) for name in folders + files)
    assert {'etc', 'etc/mdevctl.d', 'run', 'run/ccw', 'run/ccw/driver.pid',
            'run/ccw/autostarted'} <= set(found)


def test_root_is_locked(root):
    connection = libvirt.open(uri(root))
    error = Virsh(uri(root)).fails('uri')
    assert str(os.getpid()) in error and root in error
    link = root + '-link'
    os.symlink(root, link)
    assert str(os.getpid()) in Virsh(uri(link)).fails('uri')
    connection.close()
    assert Virsh(uri(root)).ok('uri')


def test_two_connections_share_a_root(root):
    before = len(roots())
    first, second = libvirt.open(uri(root)), libvirt.open(uri(root))
    first.nodeDeviceDefineXML(mdev_xml())
    assert second.nodeDeviceLookupByName(MDEV).isPersistent()
    assert len(roots()) == before + 1
    first.close()
    second.nodeDeviceLookupByName(MDEV).undefine()
    second.close()
    wait_for(lambda: len(roots()) == before, 'its thread has ended')


def test_two_roots(root):
    first, second = libvirt.open(uri(root)), libvirt.open(uri(root + '2'))
    first.nodeDeviceDefineXML(mdev_xml())
    assert MDEV in [node.name() for node in first.listAllDevices(ALL)]
    assert MDEV not in [node.name() for node in second.listAllDevices(ALL)]
    assert CSS in second.listDevices(None)
    first.close()
    second.close()


def test_options_must_agree(root):
    connection = libvirt.open(uri(root))
    code, message = refusal(uri(root, etc='/etc'))
    assert code == libvirt.VIR_ERR_OPERATION_INVALID and 'other options' in message
    connection.close()


@pytest.mark.parametrize('query, word', [
    ('root=/tmp/r&sysf=/sys', 'sysf'), ('root=/tmp/r&sysfs=sys', 'absolute'),
    ('root=/tmp/r&sysfs=/nowhere', '/nowhere'), ('root=/tmp/r%FF', 'UTF-8'), ('root=/proc/nothing', '/proc/nothing')])
def test_bad_uri(query, word):
    code, message = refusal(f'ccw:///embed?{query}')
    assert word in message and code != libvirt.VIR_ERR_INTERNAL_ERROR


def test_root_of_others(root, tmp_path):
    """What lies in it is done with this user's rights."""
    os.makedirs(f'{root}/run')
    for folder in (root, str(tmp_path / 'above')):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        for inside in {root: '', str(tmp_path / 'above'): '/own'}[folder],:
            code, message = refusal(uri(folder + inside))
            assert code == libvirt.VIR_ERR_OPERATION_INVALID and 'other users' in message
        os.chmod(folder, 0o755)
        libvirt.open(uri(folder)).close()


def test_other_paths_are_not_ours(root):
    """ccw:///system is virtccwd's, also after the module has been loaded; but then libvirt's
    library, for any embedded driver, wants to be told the socket."""
    libvirt.open(uri(root)).close()
    code, message = refusal('ccw+unix:///system?socket=/nowhere/sock')
    assert code == libvirt.VIR_ERR_SYSTEM_ERROR and '/nowhere/sock' in message
    code, message = refusal('ccw:///system')
    assert code == libvirt.VIR_ERR_NO_CONNECT and 'ccw:///system' in message


def test_read_only(root):
    connection = libvirt.openReadOnly(uri(root))
    with pytest.raises(libvirt.libvirtError) as refused:
        connection.nodeDeviceDefineXML(mdev_xml())
    assert refused.value.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED
    assert connection.numOfDevices(None) > 0
    connection.close()


def test_another_sysfs(root, tmp_path):
    write_file(str(tmp_path / 'sys/devices/css0/0.0.00aa/type'), '0\n')
    os.makedirs(tmp_path / 'sys/bus/css/devices')
    os.symlink('../../../devices/css0/0.0.00aa', tmp_path / 'sys/bus/css/devices/0.0.00aa')
    connection = libvirt.open(uri(root, sysfs=tmp_path / 'sys'))
    assert sorted(connection.listDevices(None)) == ['computer', 'css_0_0_00aa']
    connection.close()


def test_closed_is_free(root):
    """Whoever comes next, in whatever process, finds the root free."""
    for value in range(20):
        connection = libvirt.open(uri(root))
        connection.nodeDeviceDefineXML(mdev_xml()).setAutostart(value % 2)
        connection.close()
        with open(f'{root}/run/ccw/driver.pid', encoding='utf-8') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TestAutostart:
    """In a root of its own nobody else starts what is to be started."""

    def define(self, root):
        connection = libvirt.open(uri(root))
        connection.nodeDeviceDefineXML(mdev_xml()).setAutostart(1)
        connection.close()

    def test_at_the_first_opening_after_a_boot(self, root):
        bind_vfio()
        self.define(root)
        assert not mdev_exists()
        os.unlink(f'{root}/run/ccw/autostarted')  # as if it were of another boot
        Virsh(uri(root)).ok('uri')
        assert mdev_exists(), 'it is there as soon as the root is open'
        Virsh(uri(root)).ok('nodedev-destroy', MDEV)
        Virsh(uri(root)).ok('uri')
        assert not mdev_exists(), 'once is enough'

    def test_when_the_parent_comes(self, root):
        self.define(root)
        connection = libvirt.open(uri(root))
        bind_vfio()
        wait_for(mdev_exists, 'it is started')
        connection.close()

    def test_not_what_is_the_hosts(self, root):
        define_file(start='auto')
        bind_vfio()
        Virsh(uri(root, etc='/etc')).ok('uri')
        assert not mdev_exists()


class TestEvents:
    """In the application's event loop."""

    def test_lifecycle_and_update(self, root):
        seen, callers = [], set()

        def lifecycle(connection, node, event, detail, opaque):
            callers.add(threading.current_thread().name)
            seen.append((opaque, node.name(), event))

        connection = libvirt.open(uri(root))
        bind_vfio()
        connection.nodeDeviceDefineXML(mdev_xml(OTHER_UUID, OTHER)).undefine()
        ids = [connection.nodeDeviceEventRegisterAny(node, 0, lifecycle, opaque)
               for node, opaque in ((None, 'all'),
                                    (connection.nodeDeviceLookupByName(CSS), 'one'))]
        update = connection.nodeDeviceEventRegisterAny(
            None, 1, lambda _, node, opaque: seen.append((opaque, node.name(), None)), 'new')
        node = connection.nodeDeviceDefineXML(mdev_xml())
        node.setAutostart(1)
        node.create()
        node.destroy()
        node.undefine()
        wanted = [('all', MDEV, 2), ('new', MDEV, None), ('all', MDEV, 0), ('all', MDEV, 1),
                  ('all', MDEV, 3)]
        wait_for(lambda: [entry for entry in seen if entry[1] == MDEV] == wanted, f'{seen}')
        assert not [entry for entry in seen if entry[0] == 'one']
        assert callers == {'event loop'}
        for number in (*ids, update):
            connection.nodeDeviceEventDeregisterAny(number)
        with pytest.raises(libvirt.libvirtError):
            connection.nodeDeviceEventDeregisterAny(ids[0])
        connection.nodeDeviceDefineXML(mdev_xml()).undefine()
        time.sleep(0.2)
        assert len([entry for entry in seen if entry[1] == MDEV]) == len(wanted)
        connection.close()

    def test_other_connections_hear_it(self, root):
        seen = []
        first, second = libvirt.open(uri(root)), libvirt.open(uri(root))
        number = second.nodeDeviceEventRegisterAny(
            None, 0, lambda _, node, event, *__: seen.append((node.name(), event)), None)
        first.nodeDeviceDefineXML(mdev_xml()).undefine()
        wait_for(lambda: seen == [(MDEV, 2), (MDEV, 3)], f'{seen}')
        second.nodeDeviceEventDeregisterAny(number)
        first.close()
        second.close()


def test_closed_by_a_callback(root):
    """Whatever comes meanwhile: libvirt then closes it with the queue of events locked."""
    stop, other = threading.Event(), libvirt.open(uri(root))

    def stream():
        while not stop.is_set():
            other.nodeDeviceDefineXML(mdev_xml()).undefine()

    def close_at_once(connection, node, event, detail, ends):
        connection.nodeDeviceEventDeregisterAny(ends['id'])
        ends.pop('connection').close()
        ends['over'].set()

    source = threading.Thread(target=stream)
    source.start()
    try:
        for _ in range(30):
            ends = {'connection': libvirt.open(uri(root)), 'over': threading.Event()}
            ends['id'] = ends['connection'].nodeDeviceEventRegisterAny(None, 0, close_at_once, ends)
            assert ends['over'].wait(20)
    finally:
        stop.set()
        source.join(20)
    assert not source.is_alive()
    other.close()


def test_sixteen_threads(root):
    """Each with its own device; one connection for the even, one each for the odd."""
    rounds, failures = 12, []
    shared = libvirt.open(uri(root))
    bind_vfio(SUBCHANNEL, OTHER)

    def work(number):
        connection = libvirt.open(uri(root)) if number % 2 else shared
        uuid = f'00000000-0000-4000-8000-{number:012}'
        for _ in range(rounds):
            node = connection.nodeDeviceDefineXML(mdev_xml(uuid, f'0.0.{number + 256:04x}'))
            node.setAutostart(1)
            assert node.autostart() == 1 and uuid in node.XMLDesc()
            assert node.name() in [other.name() for other in connection.listAllDevices(ALL)]
            with pytest.raises(libvirt.libvirtError) as refused:
                node.create()  # there is no such subchannel
            assert refused.value.get_error_message().count(node.name()[5:13]) <= 2
            assert f'0.0.{number + 256:04x}' in refused.value.get_error_message()
            node.undefine()
        if number % 2:
            connection.close()

    def run_one(number):
        try:
            work(number)
        except BaseException as error:
            failures.append((number, error))

    all_threads = [threading.Thread(target=run_one, args=(i,)) for i in range(16)]
    for thread in all_threads:
        thread.start()
    for thread in all_threads:
        thread.join(at_most(120))
    assert not failures and not any(thread.is_alive() for thread in all_threads)
    shared.close()


def in_child(work):
    """Has a child do something. Returns: whether that went well."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_after_fork(root):
    """Threads are not inherited: the child is told so, and does not wait for ever."""
    connection = libvirt.open(uri(root))

    def use():
        with pytest.raises(libvirt.libvirtError, match='fork'):
            connection.numOfDevices(None)

    assert in_child(use)
    assert in_child(lambda: refusal(uri(root))[1].index(f'process {os.getppid()} '))
    connection.close()


def test_open_after_fork(root):
    """Nor is the root: both may have one, the parent while a child lives on, too."""
    connection = libvirt.open(uri(root))
    over, begin = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.read(begin[0], 1)
        try:
            own = libvirt.open(uri(root))
            own.nodeDeviceDefineXML(mdev_xml()).undefine()
            own.close()
            os.write(over[1], b'+')
        finally:
            os._exit(0)
    connection.close()
    libvirt.open(uri(root)).close()
    os.write(begin[1], b'.')
    os.close(over[1])
    assert os.read(over[0], 1) == b'+'
    os.waitpid(child, 0)


def test_log(root):
    """What virtccw has to say goes to libvirt's log, wherever that is told to be."""
    log = root + '.log'
    env = {'LIBVIRT_LOG_FILTERS': '1:ccw', 'LIBVIRT_LOG_OUTPUTS': f'1:file:{log}'}
    write_file(f'{root}/etc/mdevctl.d/{SUBCHANNEL}/{UUID}', 'not JSON')

    def logged():  # not at once, for the file may still be in the writing
        assert run('virsh', '-c', uri(root), 'uri', env=env).err == ''
        return 'ignoring a definition' in read_file(log)

    wait_for(logged, 'it is in the log')


@pytest.mark.skipif(LAB, reason='it is made of what is built')
@pytest.mark.parametrize('release', ['', 'trixie', 'sid'])
def test_layout(release):
    """The places of the tables, proved by calls of the library itself."""
    folder = f'{CLIENTS}/{release}' if release else ''
    if not os.path.isdir(folder or '/'):
        pytest.skip(f'there is no {folder}: tests/e2e/make-clients could not make it')
    out = ok(f'{SOURCE}/tools/check-layout', *([folder] if release else []), timeout=300)
    assert re.fullmatch(r'libvirt \d+\.\d+\.0: 2\d\d ok, 0 wrong, 1\d not reached', out.strip())


@pytest.mark.skipif(LAB, reason='it preloads what is built for the tests')
@pytest.mark.parametrize('version, text', [('9001000', '9.1.0'), ('13000002', '13.0.2')])
def test_unknown_version(root, version, text):
    result = run('virsh', '-c', uri(root), 'uri', env={
        'VIRTCCW_TEST_VERSION': version,
        'LD_PRELOAD': f'{BUILD}/tests/module/libother-version.so'})
    assert result.rc == 1 and f'libvirt {text} is not a release' in result.err
    assert '9.0.0, 11.3.0 and 12.8.0' in result.err and 'internal error' not in result.err


class TestDomains:
    """Definitions of guests, in the root too."""

    def test_virsh(self, root):
        virsh = Virsh(uri(root))
        virsh.ok('define', '/dev/stdin', stdin=domain_xml())
        assert read_file(f'{root}/etc/ccw/{DOMAIN}.xml').count('<hostdev') == 1
        assert virsh.ok('list', '--all', '--name').split() == [DOMAIN]
        assert "devno='0x0000'" in virsh.ok('dumpxml', DOMAIN)
        assert 'a QEMU driver is needed' in virsh.fails('start', DOMAIN)
        virsh.ok('undefine', DOMAIN)
        assert virsh.ok('list', '--all', '--name').split() == []

    def test_events(self, root):
        seen = []

        def hear(connection, domain, *event):
            seen.append((domain.name(), *event))

        first, second = libvirt.open(uri(root)), libvirt.open(uri(root))
        numbers = [second.domainEventRegisterAny(None, event, hear, event) for event in (0, 23)]
        second.domainEventRegister(hear, 'old')
        domain = first.defineXML(domain_xml())
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, '<a/>', 'k', 'http://example.org/')
        domain.undefine()
        wanted = {(DOMAIN, 0, 0, 0), (DOMAIN, 0, 0, 'old'), (DOMAIN, 2, 'http://example.org/', 23),
                  (DOMAIN, 1, 0, 0), (DOMAIN, 1, 0, 'old')}
        wait_for(lambda: set(seen) == wanted, f'{seen}')
        second.domainEventDeregister(hear)
        for number in numbers:
            second.domainEventDeregisterAny(number)
        first.defineXML(domain_xml()).undefine()
        time.sleep(0.2)
        assert len(seen) == len(wanted)
        first.close()
        second.close()


def test_places_of_the_host(root, tmp_path):
    """With etc= all that lasts is beside it, however it is written."""
    os.makedirs(tmp_path / 'host/etc')
    os.makedirs(tmp_path / 'host/var/lib')
    virsh = Virsh(uri(root, etc=f'{tmp_path}/host/../host/etc/'))
    virsh.ok('nodedev-define', '/dev/stdin', stdin=mdev_xml())
    virsh.ok('define', '/dev/stdin', stdin=domain_xml())
    found = {os.path.relpath(os.path.join(folder, name), tmp_path / 'host')
             for folder, _, names in os.walk(tmp_path / 'host') for name in names}
    assert {f'etc/mdevctl.d/{SUBCHANNEL}/{UUID}', f'etc/libvirt/ccw/{DOMAIN}.xml',
            f'var/lib/virtccw/device/{UUID}@{SUBCHANNEL}'} <= found
    assert os.listdir(root) == ['run']


def test_places_that_are_not_there(root, tmp_path):
    """They are missed when the root is opened, and not by each call after it."""
    for etc, folder, make in [('etc', 'etc', 'etc'), ('etc', 'var/lib', 'var/lib')]:
        code, message = refusal(uri(root, etc=f'{tmp_path}/host/{etc}'))
        assert code == libvirt.VIR_ERR_SYSTEM_ERROR
        assert f"etc={tmp_path}/host/{etc}'" in message and f"'{tmp_path}/host/{folder}'" in message
        os.makedirs(tmp_path / 'host' / make)
    libvirt.open(uri(root, etc=f'{tmp_path}/host/etc')).close()


@pytest.mark.skipif(LAB, reason='the DASD is simulated')
def test_hand_over(root):
    """Taken from the host and given back, as it is remembered in the root."""
    virsh = Virsh(uri(root))
    driver = f'/sys/bus/css/devices/{SUBCHANNEL}/driver'
    virsh.ok('nodedev-detach', CSS)
    assert os.readlink(driver).endswith('/vfio_ccw')
    assert read_file(f'{root}/etc/driverctl.d/css-{SUBCHANNEL}') == 'vfio_ccw\n'
    assert not os.path.exists(f'/etc/driverctl.d/css-{SUBCHANNEL}')
    virsh.ok('nodedev-reattach', CSS)
    assert os.readlink(driver).endswith('/io_subchannel')
    virsh.ok('nodedev-define', '/dev/stdin', stdin=mdev_xml())
    virsh.ok('nodedev-start', MDEV)
    assert os.readlink(driver).endswith('/vfio_ccw') and mdev_exists()
    virsh.ok('nodedev-destroy', MDEV)
    assert os.readlink(driver).endswith('/io_subchannel')


@pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')
def test_stock_daemon(root, tmp_path):
    """libvirtd loads its own modules only, even where ours lies beside them."""
    folder = tmp_path / 'modules'
    os.mkdir(folder)
    for path in [*glob.glob('/usr/lib/*/libvirt/connection-driver/*.so'),
                 f'{MODULE_FOLDER}/{MODULE_FILE}']:
        if not os.path.lexists(folder / os.path.basename(path)):
            os.symlink(path, folder / os.path.basename(path))
    stock = sidelib.Stock(tmp_path)
    stock.env = {'LIBVIRT_DRIVER_DIR': str(folder)}
    with stock:
        def loaded():
            return MODULE_FILE in read_file(f'/proc/{stock.process.pid}/maps')

        assert not loaded()
        error = Virsh(f'ccw+unix:///system?socket={sidelib.SOCKET}').fails('nodedev-list')
        assert 'no connection driver available' in error
        # Who asks for it by a remote URI's name= would have it opened by root, and choose
        # the folder.
        for address, socket in (('nodedev+unix:///system', sidelib.SOCKET),
                                ('qemu+unix:///system', f'{sidelib.SOCKET}-ro')):
            virsh = Virsh(f'{address}?socket={socket}&name=ccw:///embed%3Froot%3D{root}')
            assert 'by a daemon for its client' in run(*virsh.argv, '-r', 'uri').err
        assert loaded() and not os.path.exists(root)
