# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that want to harm: whatever they do, root gets in, and memory stays small."""

import contextlib
import os
import resource
import socket
import statistics
import struct
import time

import pytest
from hostlib import RO_SOCKET, RW_SOCKET, VIRTCCWD, at_most, run, wait_for
from rpcclient import CALL, HEADER, OK, REMOTE, RpcClient, xdr

MIB = 1024 * 1024
SANITIZED = 'libasan' in run('ldd', VIRTCCWD).out
OPEN, GET_TYPE, LOOKUP, LIST_ALL = 1, 3, 113, 285


def message(procedure, payload=b'', length=None):
    header = HEADER.pack(REMOTE, 1, procedure, CALL, 0, OK)
    return struct.pack('>I', length or len(payload) + 28) + header + payload


def memory(daemon):
    """Resident bytes of the daemon."""
    with open(f'/proc/{daemon.process.pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def time_to_open():
    """Seconds until root has opened a connection and called, at the median of five."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        with RpcClient(RW_SOCKET) as client:
            assert client.open().call(GET_TYPE).string()
        times.append(time.monotonic() - start)
    return statistics.median(times)


def check(daemon, megabytes):
    """Root gets in at once; memory is within a bound, which sanitizers do not keep."""
    assert time_to_open() < at_most(1 if SANITIZED else 0.2)
    if not SANITIZED:
        assert memory(daemon) < megabytes * MIB


@pytest.fixture
def crowd():
    """Makes connections; all are closed in the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        def connect(path=RO_SOCKET):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(path)  # it waits for its turn, as with a time limit it would not
            client.settimeout(5)
            return client
        yield connect
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_refused(client):
    try:
        return client.recv(1) == b''
    except ConnectionResetError:
        return True


def test_idle_multitude(daemon, crowd):
    """More read-only clients than there are places: those of root are not taken."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 6000:
        pytest.skip('the limit of open files is below 6,000')
    for _ in range(5000):
        last = crowd()
    assert is_refused(last)
    check(daemon, 24)
    wait_for(lambda: 'is refused' in daemon.log(), 'the refusal is in the log')


def test_half_messages(daemon, crowd):
    """Announced 32 MiB, sent 31: nothing of it is kept."""
    for _ in range(16):
        client = crowd()
        client.sendall(message(LOOKUP, length=32 * MIB + 4))
        for _ in range(31):
            client.sendall(bytes(MIB))
    check(daemon, 24)


def test_half_messages_that_fit(daemon, crowd):
    """Each within the limit of one message, together far above what all may have."""
    for _ in range(300):
        crowd().sendall(message(LOOKUP, length=250_000) + bytes(200_000))
    check(daemon, 64)


def test_never_reading(daemon, crowd):
    """Many ask for much and read nothing: they are asked less of, then dropped."""
    clients = [crowd() for _ in range(100)]
    calls = message(OPEN, xdr('oi', None, 0)) + 2000 * message(LIST_ALL, xdr('ii', 1, 0))
    for client in clients:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            client.send(calls)
    check(daemon, 96)


def test_bytes_that_drip(daemon, crowd):
    """A byte now and then keeps nobody's place: other clients are served meanwhile."""
    clients = [crowd() for _ in range(50)]
    for byte in message(GET_TYPE)[:10]:
        for client in clients:
            client.send(bytes([byte]))
        check(daemon, 24)


@pytest.mark.parametrize('garbage', [
    bytes(28), b'\xff' * 28, b'GET / HTTP/1.1\r\n\r\n' + bytes(32), struct.pack('>I', 27),
], ids=['zeros', 'ones', 'http', 'short'])
def test_garbage(daemon, crowd, garbage):
    client = crowd(RW_SOCKET)
    client.sendall(garbage)
    assert is_refused(client)
    check(daemon, 24)
