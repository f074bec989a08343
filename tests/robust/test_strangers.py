# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user who may only read can do to the daemon without speaking to it: nothing."""

import os
import resource
import subprocess
import sys

import pytest

import conftest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")

# Locks a file as nobody, if it may, says so, and keeps the lock.
LOCKER = """
import fcntl, os, sys
os.setgroups([])
os.setuid(65534)
try:
    fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
    print('locked', flush=True)
except OSError as error:
    print(error, flush=True)
sys.stdin.read()
"""

# Takes connections as nobody, says how many there are, and keeps them.
TAKER = """
import os, socket, sys
os.setgroups([])
os.setuid(65534)
held = []
for _ in range(int(sys.argv[2])):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(sys.argv[1])
    held.append(peer)
print(len(held), flush=True)
sys.stdin.read()
"""


def as_nobody(program, *arguments):
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def open_folders(host):
    for folder in (host.root, *host.root.parents[:3]):
        folder.chmod(folder.stat().st_mode & 0o7777 | 0o055)


def test_lock_of_the_instance(host):
    """Nobody else can hold the lock that a daemon needs to start."""
    host.start()
    host.stop()
    open_folders(host)
    (host.root / "run/virtccwd.pid").chmod(0o644)  # as an older version left it
    host.start()
    host.stop()
    with as_nobody(LOCKER, host.root / "run/virtccwd.pid") as locker:
        assert "Permission denied" in locker.stdout.readline()
        host.start()
        locker.stdin.close()
    host.stop()


def test_few_descriptors(host, monkeypatch):
    """All connections that one user gets leave descriptors for root, host and store."""
    limited = host.root / "limited"
    daemon = os.path.abspath(conftest.DAEMON)
    limited.write_text(f'#!/bin/sh\nulimit -n 256\nexec {daemon} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr(conftest, "DAEMON", str(limited))
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 400
    host.start()
    open_folders(host)
    with as_nobody(TAKER, host.sockets / "virtccwd-sock-ro", 300) as taker:
        assert taker.stdout.readline() == "300\n"
        host.wait(lambda: len(os.listdir(f"/proc/{host.process.pid}/fd")) > 64,
                  "the connections")
        connection = host.open()
        device = connection.nodeDeviceDefineXML(
            "<device><parent>css_0_0_0001</parent><capability type='mdev'>"
            "<type id='vfio_ccw-io'/></capability></device>")
        assert device.name() in [d.name() for d in connection.listAllDevices(0)]
        connection.close()
        taker.stdin.close()
    host.stop()
