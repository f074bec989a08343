# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd in front of stock libvirtd: qemu:///system with our devices.

The same questions go to libvirtd itself and through the front; what is not about channel
devices must be the same.
"""

import os
import re
import signal
import socket
import struct
import threading
import time

import libvirt
import pytest

import frontlib
import sidelib
from frontlib import CONFIG, FRONT, STOCK
from hostlib import (CSS, OTHER_UUID, RW_SOCKET, SOCKETS, SUBCHANNELS, Virsh, at_most, background,
                     bind_vfio, mdev_exists, mdev_name, mdev_xml, run, until_heard, wait_for,
                     write_file)
from rpcclient import RpcClient, xdr

pytestmark = frontlib.needs_libvirtd

QEMU_SOCKET = f'{SOCKETS}/virtqemud-sock'
OURS = re.compile('(css|ccw)_|mdev_.*_[0-9a-f]_[0-9a-f]_[0-9a-f]{4}$')
NETWORK = '''<network><name>front</name><bridge name='virbrfront'/>
<ip address='192.168.250.1' netmask='255.255.255.0'/></network>'''
POOL = "<pool type='dir'><name>front</name><target><path>{}</path></target></pool>"
SECRET = '''<secret ephemeral='no' private='no'>
<uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid><description>front</description></secret>'''
FILTER = "<filter name='front' chain='root'><rule action='drop' direction='in'/></filter>"


@pytest.fixture(name='stock')
def _stock(fresh_host, tmp_path):
    with sidelib.Stock(tmp_path) as stock:
        yield stock


@pytest.fixture(name='front')
def _front(stock, tmp_path):
    with frontlib.running(tmp_path) as server:
        yield server


@pytest.fixture(name='virsh')
def _virsh(front):
    return Virsh(FRONT)


def test_each_device_once(stock, virsh):
    stock_names = stock.virsh.names('--all')
    names = virsh.names('--all')
    assert len(names) == len(set(names))
    assert {name for name in names if not OURS.match(name)} == \
        {name for name in stock_names if not OURS.match(name)}
    assert 'computer' in names
    assert {name for name in names if OURS.match(name)} == \
        {name for name in Virsh().names('--all') if OURS.match(name)}
    assert set(SUBCHANNELS) <= set(names)


def test_all_ways_to_list(front):
    connection = libvirt.open(FRONT)
    names = connection.listDevices(None)
    assert connection.numOfDevices(None) == len(names) == len(set(names))
    assert {device.name() for device in connection.listAllDevices()} == set(names)
    assert set(connection.listDevices('css')) == set(SUBCHANNELS)
    assert connection.numOfDevices('css') == len(SUBCHANNELS)
    assert all(not OURS.match(name) for name in connection.listDevices('pci'))
    connection.close()


def test_count_alone(front):
    with RpcClient(QEMU_SOCKET) as client:
        client.open(FRONT)
        answers = [client.call(285, xdr('ii', need, 0)) for need in (1, 0)]
    names, none = [answer.strings() for answer in answers]
    counts = [answer.number() for answer in answers]
    assert none == [] and counts == [len(names)] * 2


def test_our_devices_are_answered_by_us(virsh):
    for name in SUBCHANNELS:
        assert virsh.ok('nodedev-dumpxml', name) == Virsh().ok('nodedev-dumpxml', name)
    assert 'computer' in virsh.ok('nodedev-dumpxml', 'computer')
    assert 'css_0_0_9999' in virsh.fails('nodedev-dumpxml', 'css_0_0_9999')


def test_whole_life_of_a_mediated_device(virsh, tmp_path):
    bind_vfio()
    path = tmp_path / 'mdev.xml'
    write_file(path, mdev_xml())
    name = mdev_name()
    assert name in virsh.ok('nodedev-define', str(path))
    virsh.ok('nodedev-autostart', name)
    virsh.ok('nodedev-start', name)
    assert mdev_exists()
    assert name in virsh.names('--cap', 'mdev')
    virsh.ok('nodedev-destroy', name)
    assert not mdev_exists()
    virsh.ok('nodedev-undefine', name)
    assert name not in virsh.names('--all')


def test_read_only(front):
    virsh = Virsh(FRONT, ('--readonly',))
    assert set(SUBCHANNELS) <= set(virsh.names())
    assert 'read only access' in virsh.fails('nodedev-destroy', CSS)


def documents(folder):
    os.makedirs(folder / 'pool', exist_ok=True)
    for name, text in (('network', NETWORK), ('pool', POOL.format(folder / 'pool')),
                       ('secret', SECRET), ('filter', FILTER)):
        write_file(folder / f'{name}.xml', text)


# What is not ours, through all of stock libvirt's drivers, failures among them.
COMMANDS = [line.split() for line in '''
uri
hostname
sysinfo
nodeinfo
nodecpumap
nodememstats
version --daemon
maxvcpus
capabilities
domcapabilities --arch s390x
cpu-models s390x
list --all
list --all --name
dominfo nothing
dumpxml nothing
start nothing
destroy nothing
undefine nothing
domuuid 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
net-define {network}
net-list --all
net-info front
net-dumpxml front
net-autostart front
net-uuid front
net-undefine front
net-info front
pool-define {pool}
pool-list --all
pool-info front
pool-dumpxml front
pool-start front
pool-refresh front
vol-create-as front front.img 1M
vol-list front
vol-info front.img front
vol-dumpxml front.img front
vol-path front.img front
vol-resize front.img 2M front
vol-clone front.img front2.img front
vol-delete front2.img front
vol-wipe front.img front
vol-upload front.img {upload} front
vol-download front.img {download} front
vol-delete front.img front
pool-destroy front
pool-undefine front
pool-info front
secret-define {secret}
secret-list
secret-dumpxml 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
secret-set-value 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f YWJj
secret-get-value 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
secret-undefine 0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
nwfilter-define {filter}
nwfilter-list
nwfilter-dumpxml front
nwfilter-undefine front
iface-list --all
nodedev-dumpxml computer
nodedev-list --cap net
domxml-to-native qemu-argv {pool}
qemu-monitor-command nothing query-version
snapshot-list nothing
blockjob nothing vda --info
event --list
'''.strip().splitlines()]
# Differs from run to run, whoever is asked.
CHANGES = re.compile(r'(?m)\d+ KiB|^.*(free|cached|buffers|Allocation|Available|capacity|<timestamps>|'
                     r'[am c]time>|<available|<allocation|Total:).*$|(?<=<uuid>)[-0-9a-f]{36}|'
                     r'^UUID:.*$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|<mac address=.*')


def test_same_as_without_the_front(stock, front, tmp_path):
    """Each command twice in a row would see what the first did, so the whole row is run
    without the front, and then with it."""
    documents(tmp_path)
    paths = {path.stem: str(path) for path in tmp_path.glob('*.xml')}
    paths.update(upload=str(tmp_path / 'up'), download=str(tmp_path / 'down'))
    (tmp_path / 'up').write_bytes(os.urandom(1 << 20))
    outputs = []
    for uri in (STOCK, FRONT):
        virsh = Virsh(uri)
        rows = []
        for command in COMMANDS:
            words = [word.format(**paths) for word in command]
            result = virsh(*words)
            text = CHANGES.sub('~', f'{result.rc} {result.out} {result.err}')
            rows.append(text.replace(f'?socket={sidelib.SOCKET}', ''))
        outputs.append(rows)
        assert (tmp_path / 'down').read_bytes()[:1 << 20] == (tmp_path / 'up').read_bytes()
        os.unlink(tmp_path / 'down')
    assert len(COMMANDS) >= 60
    for command, direct, relayed in zip(COMMANDS, *outputs):
        assert relayed == direct, f'{command}: {direct!r} became {relayed!r}'


def test_streams_keep_every_byte(stock, front, tmp_path):
    """Both directions, more than any buffer holds, with holes."""
    connection = libvirt.open(FRONT)
    pool = connection.storagePoolCreateXML(POOL.format(tmp_path))
    size = 64 << 20
    data = os.urandom(1 << 20)
    volume = pool.createXML(f'<volume><name>v</name><capacity>{size}</capacity></volume>')
    stream = connection.newStream()
    volume.upload(stream, 0, size)
    sent = []

    def give(_, count, __):
        done = sum(sent)
        chunk = data[done % len(data):][:min(count, size - done)]
        sent.append(len(chunk))
        return chunk

    stream.sendAll(give, None)
    stream.finish()
    got = []
    stream = connection.newStream()
    volume.download(stream, 0, size)
    stream.recvAll(lambda _, chunk, __: got.append(chunk), None)
    stream.finish()
    assert b''.join(got) == data * (size // len(data))
    sparse = connection.newStream()
    volume.download(sparse, 0, size, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    sparse.abort()
    volume.delete()
    pool.destroy()
    connection.close()


def test_events_of_both(stock, front, tmp_path):
    """One callback hears of our devices and of the stock daemon's, of each once."""
    out = tmp_path / 'events'
    bind_vfio()
    with background('virsh', '-c', FRONT, 'nodedev-event', '--event', 'lifecycle', '--loop',
                    '--timeout', '30', out=out):
        path = tmp_path / 'mdev.xml'
        write_file(path, mdev_xml(OTHER_UUID))
        until_heard(out, lambda: Virsh(FRONT).ok('nodedev-define', str(path)) and
                    Virsh(FRONT).ok('nodedev-undefine', mdev_name(OTHER_UUID)))
        write_file(path, mdev_xml())
        Virsh(FRONT).ok('nodedev-define', str(path))
        Virsh(FRONT).ok('nodedev-start', mdev_name())
        Virsh(FRONT).ok('nodedev-destroy', mdev_name())
        Virsh(FRONT).ok('nodedev-undefine', mdev_name())
        wait_for(lambda: re.search(f'{mdev_name()}.*Undefined', out.read_text()), 'the last event')
        time.sleep(0.5)
    lines = [line for line in out.read_text().splitlines() if mdev_name() in line]
    assert [line.split()[-1] for line in lines] == ['Defined', 'Created', 'Deleted', 'Undefined']


def test_network_events_pass(front, tmp_path):
    out = tmp_path / 'events'
    documents(tmp_path)

    def change():
        Virsh(FRONT).ok('net-define', str(tmp_path / 'network.xml'))
        Virsh(FRONT).ok('net-undefine', 'front')

    with background('virsh', '-c', FRONT, 'net-event', '--event', 'lifecycle', '--loop',
                    '--timeout', '30', out=out):
        until_heard(out, change)
        change()
        wait_for(lambda: re.search('Defined(.*\n)*.*Undefined', out.read_text()), 'both events')


def test_32_threads(front):
    """Replies come in any order; each thread must get its own."""
    connection = libvirt.open(FRONT)
    failures = []

    def ask(number):
        try:
            for _ in range(50):
                name = SUBCHANNELS[number % len(SUBCHANNELS)]
                assert name in connection.nodeDeviceLookupByName(name).XMLDesc()
                assert connection.listNetworks() is not None
                assert connection.getURI() == FRONT
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(at_most(60))
    assert not failures and not any(thread.is_alive() for thread in threads)
    connection.close()


def test_stock_daemon_dies(stock, front):
    """The client is told within a second, and our own devices are served on."""
    connection = libvirt.open(FRONT)
    ours = Virsh()
    stock.process.send_signal(signal.SIGKILL)
    stock.process.wait()
    begin = time.monotonic()
    with pytest.raises(libvirt.libvirtError):
        connection.listNetworks()
    assert time.monotonic() - begin < at_most(1)
    assert 'Failed to connect socket' in Virsh(FRONT).fails('list')
    assert set(SUBCHANNELS) <= set(ours.names())
    assert set(SUBCHANNELS) <= set(Virsh('nodedev:///system').names())


def test_calls_under_way_when_it_dies(stock, front):
    """Killed at many points of a client's work: an error at once, never a hang."""
    outcomes = []

    def work():
        try:
            connection = libvirt.open(FRONT)
            while True:
                connection.listAllNetworks()
                connection.listAllDevices()
        except libvirt.libvirtError as error:
            outcomes.append(error.get_error_code())

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    stock.process.send_signal(signal.SIGKILL)
    stock.process.wait()
    begin = time.monotonic()
    for thread in threads:
        thread.join(at_most(10))
        assert not thread.is_alive()
    assert time.monotonic() - begin < at_most(1)
    assert len(outcomes) == 16


def test_stopped_stock_daemon_harms_nobody_else(stock, front):
    """While libvirtd hangs, who asks for our own devices is answered."""
    stock.process.send_signal(signal.SIGSTOP)
    try:
        waiting = threading.Thread(target=lambda: run('virsh', '-c', FRONT, 'list', timeout=30))
        waiting.start()
        with RpcClient(RW_SOCKET) as client:
            assert client.call(66)
    finally:
        stock.process.send_signal(signal.SIGCONT)
    waiting.join(30)


def test_identity_is_told_before_anything_else(front, tmp_path):
    """A daemon that refuses to hear who the client is never gets its calls."""
    path = f'{sidelib.FOLDER}/fake'
    seen = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    front.stop()
    config = tmp_path / 'fake.conf'
    write_file(config, CONFIG.format(socket=path, nodedev=path))
    front.start('--config', str(config))

    def serve():
        peer, _ = listener.accept()
        while True:
            head = peer.recv(28, socket.MSG_WAITALL)
            if len(head) < 28:
                return
            length, program, version, procedure, _, serial, _ = struct.unpack('>7I', head)
            peer.recv(length - 28, socket.MSG_WAITALL)
            seen.append(procedure)
            body, status = b'', 0
            if procedure == 66:
                body = struct.pack('>2I', 1, 0)
            elif procedure == 419:
                status = 1
                body = struct.pack('>3I', 88, 7, 1) + xdr('s', 'not you') + struct.pack(
                    '>9I', 2, 0, 0, 0, 0, 0, 0, 0, 0)
            peer.sendall(struct.pack('>7I', 28 + len(body), program, version, procedure, 1,
                                     serial, status) + body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    result = run('virsh', '-c', FRONT, 'list')
    assert result.rc == 1 and 'not you' in result.err
    thread.join(10)
    assert seen == [66, 1, 419]
