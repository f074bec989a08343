# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stock daemon behind the front hangs or dies, at every point of a client's session.

The client is told within a second of its death, and our own devices are served throughout.
"""

import os
import random
import signal
import socket
import struct
import threading
import time

import libvirt
import pytest

import hostlib
import scriptedlib
import sidelib
from frontlib import CONFIG, FRONT
from hostlib import CSS, RW_SOCKET, SOCKETS, SUBCHANNELS, Virsh, at_most, wait_for, write_file
from rpcclient import HEADER, REMOTE, RpcClient, RpcError, xdr
from scriptedlib import (CLOSE, DEREGISTER, DOWNLOAD, GRAPHICS_FD, LIST_ALL, NETWORKS, OPEN,
                         REGISTER, STREAM, UPLOAD)

STOCK_PATH = '/run/scripted/sock'
QEMU_SOCKET = f'{SOCKETS}/virtqemud-sock'
LOOKUP = 113
POINTS = 400  # of a session with the scripted daemon
STOPS = 150  # of libvirtd
KILLS = 4
AT_ONCE = 0.5  # seconds for an answer about our own devices; on an idle machine milliseconds


def front_before(path, folder):
    write_file(folder / 'virtccwd.conf', CONFIG.format(socket=path, nodedev=path))
    server = hostlib.Daemon(folder)
    server.start('--config', str(folder / 'virtccwd.conf'))
    return server


@pytest.fixture(name='scripted')
def _scripted(fresh_host, tmp_path):
    with scriptedlib.Scripted(STOCK_PATH) as stock:
        server = front_before(STOCK_PATH, tmp_path)
        yield stock
        try:
            server.stop()
        finally:
            server.check_log()


class Session(RpcClient):
    """All kinds of messages there are, once each."""

    def stream(self, procedure, serial, status, data=b''):
        head = HEADER.pack(REMOTE, 1, procedure, STREAM, serial, status)
        self.socket.sendall(struct.pack('>I', 28 + len(data)) + head + data)

    def receive_stream(self, status):
        """Everything up to a piece of that status."""
        while True:
            header, data = self.receive()
            if header[3] == STREAM and header[5] == status and not data:
                return

    def download(self):
        serial = self.serial
        self.call(DOWNLOAD, xdr('sss', 'pool', 'vol', 'key') + bytes(20))
        self.receive_stream(2)
        self.stream(DOWNLOAD, serial, 0)
        self.receive_stream(0)

    def upload(self):
        serial = self.serial
        self.call(UPLOAD, xdr('sss', 'pool', 'vol', 'key') + bytes(20))
        for _ in range(3):
            self.stream(UPLOAD, serial, 2, bytes(1000))
        self.stream(UPLOAD, serial, 0)
        self.receive_stream(0)

    def take_fd(self):
        self.send(GRAPHICS_FD, xdr('sui', 'guest', '18e124fb-b2fc-47f6-a407-f256b6c49767', 1)
                  + bytes(8))
        head = self._receive(32)
        data, fds, _, _ = socket.recv_fds(self.socket, 1, 4)
        for fd in fds:
            os.close(fd)
        if not data:
            raise ConnectionError('the daemon hung up')
        assert struct.unpack('>8I', head)[7] == 1 and len(fds) == 1

    def whole(self):
        self.open(FRONT)
        assert self.call(LIST_ALL, xdr('ii', 1, 0)).strings()[-1] in SUBCHANNELS + [
            'computer', 'net_lo'] + hostlib.DEVICES
        self.call(NETWORKS, xdr('ii', 1, 0))
        callback = self.call(REGISTER, xdr('io', 0, None)).number()
        assert self.call(LOOKUP, xdr('s', CSS)).string() == CSS
        self.download()
        self.upload()
        self.take_fd()
        self.call(DEREGISTER, xdr('i', callback))
        self.call(CLOSE)


class Bystander:
    """Asks about our own devices again and again, on a connection of its own."""

    def __init__(self):
        self.client = RpcClient(RW_SOCKET).open()
        self.slowest = 0

    def ask(self):
        begin = time.monotonic()
        assert self.client.call(LOOKUP, xdr('s', CSS)).string() == CSS
        self.slowest = max(self.slowest, time.monotonic() - begin)


def test_a_session_as_it_should_be(scripted):
    with Session(QEMU_SOCKET) as client:
        client.whole()
    assert {OPEN, LIST_ALL, NETWORKS, REGISTER, DOWNLOAD, UPLOAD, GRAPHICS_FD, DEREGISTER,
            CLOSE} <= set(scripted.seen)


def ends(client):
    """What the end of the stock daemon is to its client: an error, or the connection's end."""
    try:
        client.whole()
    except (ConnectionError, RpcError):
        return time.monotonic()
    return None


def one_death(scripted, point, bystander):
    """Returns: how long after its death the client knew."""
    scripted.reset(point)
    outcome = []
    with Session(QEMU_SOCKET) as client:
        thread = threading.Thread(target=lambda: outcome.append(ends(client)))
        thread.start()
        assert scripted.hangs.wait(at_most(10)), f'it did not come to byte {point}'
        bystander.ask()
        death = time.monotonic()
        scripted.may_die.set()
        scripted.died.wait(at_most(10))
        bystander.ask()
        thread.join(at_most(10))
        assert not thread.is_alive(), f'byte {point}: the client waits for ever'
    assert outcome[0], f'byte {point}: the client noticed nothing'
    return outcome[0] - death


def test_dies_at_every_point(scripted):
    with Session(QEMU_SOCKET) as client:
        client.whole()
    whole = scripted.sent
    points = sorted(set(whole * i // POINTS for i in range(POINTS)))
    assert len(points) >= 200
    bystander = Bystander()
    slowest = max(one_death(scripted, point, bystander) for point in points)
    print(f'{len(points)} deaths in {whole} bytes: told in {slowest * 1000:.1f} ms at most, '
          f'a bystander answered in {bystander.slowest * 1000:.1f} ms at most')
    assert slowest < at_most(1)
    assert bystander.slowest < at_most(AT_ONCE)
    scripted.reset()
    with Session(QEMU_SOCKET) as client:
        client.whole()


def test_what_follows_a_refusal_is_not_taken_for_the_next(scripted):
    """A daemon that refuses and then goes on talking."""
    junk = struct.pack('>5I', 56, REMOTE, 1, 66, 1)
    scripted.answers[OPEN] = (1, scriptedlib.refusal(38, 'not now'))
    plain = scriptedlib.Connection.send

    def send(self, payload=b'', kind=1, status=0, procedure=None):
        if status == 1:
            program, version, called, serial = self.head
            self.write(struct.pack('>7I', 28 + len(payload), program, version, called, kind,
                                   serial, status) + payload + junk)
        else:
            plain(self, payload, kind, status, procedure)

    scriptedlib.Connection.send = send
    try:
        with RpcClient(QEMU_SOCKET) as client:
            client.call(66)
            for _ in range(3):
                client.send(OPEN, xdr('oi', FRONT, 0))
            for _ in range(3):
                header, payload = client.receive()
                assert header[5] == 1 and b'not now' in payload
            scripted.answers.clear()
            client.call(OPEN, xdr('oi', FRONT, 0))
            assert client.call(LOOKUP, xdr('s', CSS)).string() == CSS
    finally:
        scriptedlib.Connection.send = plain


def test_a_proxy_behind_it_is_refused(scripted):
    """virtproxyd says of each connection that it goes on to another daemon."""
    scripted.answers[60] = (0, struct.pack('>I', 1))
    message = Virsh(FRONT).fails('list')
    assert 'virtproxyd' in message and STOCK_PATH in message
    assert scripted.seen[:4] == [66, 1, 419, 60]
    assert set(SUBCHANNELS) <= set(Virsh('nodedev:///system').names())
    assert set(SUBCHANNELS) <= set(Virsh().names())


pytest_libvirtd = pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')


class Worker(threading.Thread):
    """Asks all kinds of things until something fails."""

    def __init__(self):
        super().__init__()
        self.ended = None
        self.error = None
        self.rounds = 0
        self.over = False
        self.start()

    def run(self):
        try:
            connection = libvirt.open(FRONT)
            while not self.over:
                connection.listAllNetworks()
                connection.listAllDevices()
                connection.nodeDeviceLookupByName(CSS).XMLDesc()
                connection.getCapabilities()
                self.rounds += 1
            connection.close()
        except libvirt.libvirtError as error:
            self.error = error
        self.ended = time.monotonic()


@pytest_libvirtd
def test_libvirtd_stopped_at_many_points(fresh_host, tmp_path):
    """It hangs now and then; who waits for it waits, and who need not is served."""
    chance = random.Random(1)
    with sidelib.Stock(tmp_path) as stock:
        server = front_before(sidelib.SOCKET, tmp_path)
        workers = [Worker() for _ in range(3)]
        bystander = Bystander()
        for _ in range(STOPS):
            time.sleep(chance.random() * 0.02)
            stock.process.send_signal(signal.SIGSTOP)
            try:
                bystander.ask()
                bystander.ask()
            finally:
                stock.process.send_signal(signal.SIGCONT)
        stock.process.send_signal(signal.SIGSTOP)
        try:  # who comes anew
            assert set(SUBCHANNELS) <= set(Virsh('nodedev:///system').names())
            assert set(SUBCHANNELS) <= set(Virsh().names())
        finally:
            stock.process.send_signal(signal.SIGCONT)
        wait_for(lambda: all(worker.rounds or worker.error for worker in workers),
                 'each has asked for everything', at_most(60))
        for worker in workers:
            worker.over = True
            worker.join(at_most(30))
            assert worker.error is None and worker.rounds > 0
        print(f'{STOPS} stops: a bystander answered in {bystander.slowest * 1000:.1f} ms at most')
        assert bystander.slowest < at_most(AT_ONCE)
        server.stop()
        server.check_log()


@pytest_libvirtd
def test_libvirtd_killed(fresh_host, tmp_path):
    chance = random.Random(2)
    server = front_before(sidelib.SOCKET, tmp_path)
    bystander = Bystander()
    slowest = 0
    for _ in range(KILLS):
        with sidelib.Stock(tmp_path) as stock:
            workers = [Worker() for _ in range(4)]
            while not all(worker.rounds for worker in workers):
                assert not any(worker.error for worker in workers)
                time.sleep(0.01)
            time.sleep(chance.random() * 0.2)
            stock.process.kill()
            stock.process.wait()
            death = time.monotonic()
            for worker in workers:
                bystander.ask()
                worker.join(at_most(10))
                assert worker.error is not None
                slowest = max(slowest, worker.ended - death)
        assert set(SUBCHANNELS) <= set(Virsh('nodedev:///system').names())
    print(f'{KILLS} kills: told in {slowest * 1000:.1f} ms at most')
    assert slowest < at_most(1)
    assert bystander.slowest < at_most(AT_ONCE)
    server.stop()
    server.check_log()
