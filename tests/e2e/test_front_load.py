# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many relayed clients at once, and what they cost."""

import contextlib
import os
import resource
import select
import socket
import struct
import threading
import time

import pytest

import hostlib
import scriptedlib
import sidelib
from frontlib import FRONT
from hostlib import CSS, RW_SOCKET, SOCKETS, VIRTCCWD, run
from rpcclient import CALL, ERROR, HEADER, OK, REMOTE, RpcClient, RpcError, xdr
from scriptedlib import DOWNLOAD, NETWORKS
from test_front_deaths import STOCK_PATH, front_before
from test_front_hostdev import by_name, guest, hostdev

QEMU_SOCKET = f'{SOCKETS}/virtqemud-sock'
CLIENTS = 1000
MIB = 1 << 20
SANITIZED = 'libasan' in run('ldd', VIRTCCWD).out
BOUND = 256 * MIB  # as virtccwd(8) says, for 1,000 clients


@pytest.fixture(autouse=True)
def _many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 8 * CLIENTS:
        pytest.skip(f'the limit of open files is {hard}')
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(daemon):
    with open(f'/proc/{daemon.process.pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def open_clients(stack, number):
    clients = []
    for _ in range(number):
        client = stack.enter_context(RpcClient(QEMU_SOCKET))
        client.socket.settimeout(60)
        clients.append(client.open(FRONT))
    return clients


@pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed')
def test_1000_clients(fresh_host, tmp_path):
    """Of libvirtd's: all are open at once, and each gets its own answers."""
    with sidelib.Stock(tmp_path), contextlib.ExitStack() as stack:
        server = front_before(sidelib.SOCKET, tmp_path)
        before = memory(server)
        clients = open_clients(stack, CLIENTS)
        for _ in range(3):
            serials = [client.send(NETWORKS, xdr('ii', 1, 0)) for client in clients]
            for client, serial in zip(clients, serials):
                header, _ = client.receive()
                assert header[4] == serial and header[5] == OK
        for client in clients:
            assert client.call(113, xdr('s', CSS)).string() == CSS
        grown = memory(server) - before
        print(f'{CLIENTS} clients: {grown / CLIENTS / 1024:.1f} KiB each')
        assert SANITIZED or grown < 32 * MIB
        stack.close()
        server.stop()
        server.check_log()


class Pouring(scriptedlib.Connection):
    """Answers a download with more than anybody reads."""

    def download(self):
        self.send()
        with contextlib.suppress(scriptedlib.Gone):
            while True:
                self.send(bytes(256 << 10), 3, 2)
        raise scriptedlib.Gone


def test_memory_is_bounded(fresh_host, tmp_path, monkeypatch):
    """1,000 clients that want a stream each and read nothing of it; who reads is served."""
    monkeypatch.setattr(scriptedlib, 'Connection', Pouring)
    threading.stack_size(256 << 10)
    with scriptedlib.Scripted(STOCK_PATH), contextlib.ExitStack() as stack:
        server = front_before(STOCK_PATH, tmp_path)
        before = memory(server)
        clients = open_clients(stack, CLIENTS)
        for client in clients:
            client.send(DOWNLOAD, xdr('sss', 'pool', 'vol', 'key') + bytes(20))
        peak, end, slowest = 0, time.monotonic() + 4, 0
        with RpcClient(RW_SOCKET) as bystander:
            bystander.open()
            while time.monotonic() < end:
                begin = time.monotonic()
                assert bystander.call(113, xdr('s', CSS)).string() == CSS
                slowest = max(slowest, time.monotonic() - begin)
                peak = max(peak, memory(server) - before)
                time.sleep(0.01)
        print(f'{peak / MIB:.1f} MiB at most, a bystander waited {slowest * 1000:.1f} ms at most')
        assert SANITIZED or peak < BOUND
        stack.close()
        server.stop()
        server.check_log()


def message(procedure, payload=b'', length=None, serial=0):
    header = HEADER.pack(REMOTE, 1, procedure, CALL, serial, OK)
    return struct.pack('>I', length or len(payload) + 28) + header + payload


def test_half_messages(fresh_host, tmp_path):
    """1,000 clients that begin a document and do not end it: others still get theirs in."""
    with scriptedlib.Scripted(STOCK_PATH), contextlib.ExitStack() as stack:
        server = front_before(STOCK_PATH, tmp_path)
        clients = open_clients(stack, CLIENTS)
        before = memory(server)
        for client in clients:
            client.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.socket.send(message(428, bytes(200 << 10), length=(256 << 10) - 4))
        time.sleep(1)
        assert SANITIZED or memory(server) - before < BOUND
        with RpcClient(QEMU_SOCKET) as client:
            client.open(FRONT)
            assert client.call(113, xdr('s', CSS)).string() == CSS
        stack.close()
        server.stop()
        server.check_log()


def reads(daemon):
    with open(f'/proc/{daemon.process.pid}/io', encoding='ascii') as file:
        return int(dict(line.split(': ') for line in file)['syscr'])


def names(number):
    return (hostdev(by_name(f'ccw_0_1_{devno:04x}')) for devno in range(number))


def test_names_of_unknown_devices(fresh_host, tmp_path):
    """A guest that names as many as it may: the host is looked through once, not for each."""
    with scriptedlib.Scripted(STOCK_PATH), contextlib.ExitStack() as stack:
        server = front_before(STOCK_PATH, tmp_path)
        client = stack.enter_context(RpcClient(QEMU_SOCKET)).open(FRONT)
        before = reads(server)
        client.call(11, xdr('s', guest(*names(1024))))
        grown = reads(server) - before
        print(f'{grown} reads')
        assert grown < 1024
        with pytest.raises(RpcError, match='1,024 devices'):
            client.call(11, xdr('s', guest(*names(1025))))
        stack.close()
        server.stop()
        server.check_log()


class Deaf(scriptedlib.Connection):
    """Reads nothing more after a certain call."""

    def answer(self, procedure, payload):
        if procedure == 1000:
            self.daemon.may_die.wait(60)
            raise scriptedlib.Gone
        super().answer(procedure, payload)


LONG = bytes(12 * MIB)


def send_long(client):
    """Enough to have the stock daemon read no more, and then a document.

    Returns whether that has been taken. The refusal comes before the end has been received.
    """
    client.socket.sendall(message(1000) + message(303, LONG, serial=1))
    if not select.select([client.socket], [], [], 0.3)[0]:
        return True
    header, _ = client.receive()
    assert header[4] == 1 and header[5] == ERROR
    return False


def test_documents_that_wait(fresh_host, tmp_path, monkeypatch):
    """A daemon that reads nothing, and clients that send it long documents: some are refused.

    Those that were taken are paid for until they are gone, and not longer.
    """
    monkeypatch.setattr(scriptedlib, 'Connection', Deaf)
    with scriptedlib.Scripted(STOCK_PATH) as stock:
        server = front_before(STOCK_PATH, tmp_path)
        before = memory(server)
        for _ in range(3):
            with contextlib.ExitStack() as stack:
                clients = open_clients(stack, 40)
                taken = sum(map(send_long, clients))
                grown = memory(server) - before
            print(f'{taken} taken, {grown / MIB:.1f} MiB')
            assert 1 <= taken <= 64 // 12
            assert SANITIZED or grown < BOUND
            if not SANITIZED:  # which keeps what is free
                hostlib.wait_for(lambda: memory(server) - before < 16 * MIB, 'the memory is free')
        with RpcClient(QEMU_SOCKET) as client:
            client.open(FRONT)
            for _ in range(8):
                client.call(303, LONG)
        stock.may_die.set()
        server.stop()
        server.check_log()


def test_read_only_documents_are_short(fresh_host, tmp_path):
    """Who may not define a guest has no document of one to send."""
    with scriptedlib.Scripted(f'{STOCK_PATH}-ro'), contextlib.ExitStack() as stack:
        server = front_before(STOCK_PATH, tmp_path)
        client = stack.enter_context(RpcClient(f'{QEMU_SOCKET}-ro'))
        client.open(FRONT, 1)
        client.call(303, bytes(128 << 10))
        with pytest.raises(RpcError, match='too long for this call'):
            client.call(303, bytes(1 << 20))
        stack.close()
        server.stop()
        server.check_log()


def send_descriptors(client, fd):
    """Enough bytes to fill the way to the stock daemon, and then 32 descriptors."""
    client.socket.sendall(message(1000) + message(1001, bytes(300 << 10)))
    head = HEADER.pack(REMOTE, 1, 309, 4, 0, OK)
    client.socket.sendall(struct.pack('>I', 32) + head + struct.pack('>I', 32))
    for _ in range(32):
        socket.send_fds(client.socket, [b'\0'], [fd])


def test_descriptors_that_wait(fresh_host, tmp_path, monkeypatch):
    """A daemon that reads nothing, and clients that send it descriptors: root gets in."""
    monkeypatch.setattr(scriptedlib, 'Connection', Deaf)
    with scriptedlib.Scripted(STOCK_PATH) as stock, contextlib.ExitStack() as stack:
        server = front_before(STOCK_PATH, tmp_path)
        clients = open_clients(stack, 100)
        fds = f'/proc/{server.process.pid}/fd'
        before = len(os.listdir(fds))
        with open(os.devnull, 'rb') as file:
            for client in clients:
                with contextlib.suppress(OSError):  # it has been dropped
                    send_descriptors(client, file.fileno())
        time.sleep(0.5)
        held = len(os.listdir(fds)) - before
        print(f'{held} descriptors more')
        assert 0 < held <= 256
        with RpcClient(QEMU_SOCKET) as client:
            assert client.open(FRONT).call(113, xdr('s', CSS)).string() == CSS
        stock.may_die.set()
        stack.close()
        server.stop()
        server.check_log()
