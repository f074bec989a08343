# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that break the protocol, or take more than their share."""

import os
import pathlib
import random
import resource
import socket
import struct
import subprocess
import sys
import time

import pytest

import wire

LARGEST = 33554436  # length word of the largest message of the protocol
IDLE = 5000


@pytest.fixture
def served(host):
    host.start()
    yield host
    with wire.Client(host.sockets / "virtccwd-sock") as client:  # it is still there
        assert client.open().status == 0
    host.stop()


def connect(host, **options):
    return wire.Client(host.sockets / "virtccwd-sock", **options)


def resident(host):
    status = pathlib.Path(f"/proc/{host.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines()
                if line.startswith("VmRSS:"))


@pytest.mark.parametrize("length", [0, 4, 27, LARGEST + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_bad_length(served, length):
    with connect(served) as client:
        client.send(struct.pack(">I", length) + b"\0" * 24)
        assert client.is_closed()


@pytest.mark.parametrize("size", range(1, 28))
def test_truncated(served, size):
    with connect(served) as client:
        client.send(wire.message(wire.GET_TYPE)[:size])
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_unknown_program_and_version(served):
    with connect(served) as client:
        for program, version in ((1, 1), (wire.REMOTE, 2), (0x20008087, 1), (0x06900690, 1)):
            reply = client.call(1, serial=7, program=program, version=version)
            assert (reply.program, reply.serial, reply.status) == (program, 7, 1)
            code, text = reply.error()
            assert code == 39 and str(program) in text


def test_unknown_procedures(served):
    """Every number without a row: the shape that lets clients fall back."""
    with connect(served) as client:
        client.open()
        for procedure in (0, -1, 5, 61, 207, 443, 456, 1000, 0x7FFFFFFF):
            code, text = client.call(procedure, serial=procedure & 0xFF).error()
            assert code == 39 and text.startswith("unknown procedure")


def test_stray_messages(served):
    """What only a server may send is ignored, and the connection lives on."""
    with connect(served) as client:
        for kind in (wire.REPLY, wire.MESSAGE, wire.STREAM):
            client.send(wire.message(wire.GET_TYPE, kind=kind))
        assert client.open().status == 0


def test_bad_arguments(served):
    with connect(served) as client:
        client.open()
        for payload in (b"", b"\0\0", struct.pack(">I", 5) + b"ab",
                        struct.pack(">I", 0xFFFFFFFF), struct.pack(">I", 1 << 22)):
            code, _ = client.call(113, payload).error()
            assert code == 39
        code, text = client.call(113, wire.text("x" * 1000)).error()
        assert code == 53 and len(text) < 1000


def test_large_message(served):
    """Larger than any document may be: drained, answered, and never held in memory."""
    with connect(served) as client:
        client.open()
        before = resident(served)
        reply = client.call(wire.DEFINE, wire.text(b"x" * (4 << 20)) + b"\0\0\0\0", serial=9)
        assert reply.serial == 9 and reply.error()[0] == 74
        client.send(struct.pack(">I", LARGEST))
        client.send(wire.message(wire.DEFINE, serial=10)[4:])
        for _ in range((LARGEST - 28) // 65536 + 1):
            client.send(b"x" * min(65536, LARGEST - 28 - _ * 65536))
        assert client.receive().error()[0] == 74
        assert resident(served) - before < 8 << 10  # of 36 MiB that were sent


def test_pipelined(served):
    """Many calls at once: each is answered once, under its own serial."""
    with connect(served) as client:
        client.open()
        calls = 500
        for serial in range(calls):
            client.send(wire.message(wire.GET_TYPE, serial=serial))
        serials = [client.receive().serial for _ in range(calls)]
        assert sorted(serials) == list(range(calls))


def test_keepalive_before_all_else(served):
    with connect(served) as client:
        reply = client.call(1, program=wire.KEEPALIVE, kind=wire.MESSAGE)
        assert (reply.program, reply.procedure) == (wire.KEEPALIVE, 2)


def test_garbage(served):
    """Noise of every length, some of it behind a good header."""
    chance = random.Random(4711)
    for _ in range(300):
        with connect(served, timeout=1) as client:
            noise = chance.randbytes(chance.randrange(1, 400))
            if chance.random() < 0.7:
                noise = wire.message(chance.choice([1, 3, 60, 66, 113, 114, 123, 285, 374, 428,
                                                    430, 434, 447]), noise,
                                     kind=chance.choice([0, 0, 0, 4, 6, 9]))
            try:
                client.send(noise)
                client.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has hung up already
            client.is_closed()


def test_half_messages(served):
    """16 clients each begin a message of 32 MiB and stop: a bounded amount is held."""
    before = resident(served)
    clients = [connect(served) for _ in range(16)]
    for client in clients:
        client.socket.setblocking(False)
        try:
            client.send(struct.pack(">I", LARGEST) + wire.message(wire.DEFINE)[4:]
                        + b"x" * (4 << 20))
        except BlockingIOError:
            pass
    with connect(served) as client:
        assert client.open().status == 0
    assert resident(served) - before < 40 << 10
    for client in clients:
        client.socket.close()


# Takes as many connections as it can get on the read-only socket, as nobody, and holds them.
IDLER = """
import os, resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
held = []
for _ in range(int(sys.argv[2])):
    try:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(sys.argv[1])
        held.append(peer)
    except OSError as error:
        print(len(held), error, file=sys.stderr)
        break
print(len(held), flush=True)
sys.stdin.read()
"""


def test_idle_connections(served):
    """5,000 idle connections of one user: bounded memory, and root still gets in."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < IDLE + 500:
        pytest.skip("the limit of open files is too low for 5,000 connections")
    if os.geteuid() != 0:
        pytest.skip("only for root are places kept free")
    before = resident(served)
    name = "virtccwd-sock-ro"
    for folder in (served.root, *served.root.parents[:3]):
        folder.chmod(folder.stat().st_mode & 0o7777 | 0o055)
    with subprocess.Popen([sys.executable, "-c", IDLER, served.sockets / name, str(IDLE)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idler:
        held = int(idler.stdout.readline())
        began = time.monotonic()
        assert served.open().getType()
        assert time.monotonic() - began < 2
        grown = resident(served) - before
        idler.stdin.close()
    print(f"{held} connections held, {grown} KiB more")
    assert held >= 1000
    assert grown < 32 << 10
