# SPDX-License-Identifier: LGPL-2.1-or-later
"""The second level: guests inside the lab's machine that have a device passed through.

tests/lab/second runs them; they need the lab's machine with its second disk.
"""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), 'e2e')]

import hostlib  # noqa: E402

# Not 10 s: the machine may have little time for itself.
hostlib.wait_for.__defaults__ = (120,)


def pytest_configure(config):
    if not hostlib.LAB or not os.path.exists('/mnt/second/run'):
        pytest.exit("these tests need the lab's machine: run tests/lab/second", 1)


@pytest.fixture
def virsh(tmp_path):
    """virsh, a running virtccwd, and a host as after a boot, without definitions."""
    hostlib.reset_host()
    server = hostlib.Daemon(tmp_path)
    server.start()
    yield hostlib.Virsh()
    try:
        server.stop()
    finally:
        server.check_log()


@pytest.fixture
def document(tmp_path):
    """The definition of a device on the 3270's subchannel."""
    path = tmp_path / 'mdev.xml'
    path.write_text(hostlib.mdev_xml(subchannel='0.0.0005'), encoding='utf-8')
    return str(path)
