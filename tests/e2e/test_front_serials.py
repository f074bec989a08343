# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that give several calls under way the same serial.

A reply is known by its serial alone: the answer to one call must never be taken for the
answer to another, least of all for that to a question of the front's own.
"""

import struct

import pytest

from hostlib import UUID
from rpcclient import CALL, HEADER, OK, REMOTE, RpcClient, xdr
from scriptedlib import ERROR, GET_URI, refusal
from test_front_deaths import QEMU_SOCKET, _scripted  # noqa: F401

DETACH, SET_METADATA, GET_METADATA = 13, 264, 265
NO_DOMAIN_METADATA = 80
GUEST_UUID = '6f0a2d0a-52b1-4b9b-9b0c-6a4a8a4d5a02'
HOSTDEV = f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw' managed='yes'>" \
          f"<source><address uuid='{UUID}'/></source></hostdev>"
MANY = 5000  # calls at once; more than may be under way


def call(procedure, serial, payload=b''):
    head = HEADER.pack(REMOTE, 1, procedure, CALL, serial, OK)
    return struct.pack('>I', 28 + len(payload)) + head + payload


def detach(serial):
    return call(DETACH, serial, xdr('suis', 'guest', GUEST_UUID, 1, HOSTDEV))


@pytest.fixture(name='client')
def _client(scripted):
    scripted.answers[GET_METADATA] = ERROR, refusal(NO_DOMAIN_METADATA, 'none')
    with RpcClient(QEMU_SOCKET) as client:
        yield client.open('qemu:///system')


def is_dropped(client):
    try:
        while True:
            header, _ = client.receive()
            assert header[2] == GET_URI
    except ConnectionError:
        return True


def test_each_has_its_own(scripted, client):
    client.socket.sendall(call(GET_URI, 7) + detach(8) + call(GET_URI, 9))
    replies = [client.receive()[0] for _ in range(3)]
    assert sorted((header[4], header[2], header[5]) for header in replies) == [
        (7, GET_URI, OK), (8, DETACH, OK), (9, GET_URI, OK)]
    assert scripted.seen.count(DETACH) == 1


@pytest.mark.parametrize('calls', [
    detach(7) + call(GET_URI, 7), call(GET_URI, 7) + detach(7), detach(7) + detach(7),
    detach(7) + call(GET_URI, 7) * 20])
def test_same_as_that_of_a_change(scripted, client, calls):
    client.socket.sendall(calls)
    assert is_dropped(client)
    assert DETACH not in scripted.seen and SET_METADATA not in scripted.seen


def test_same_as_that_of_a_finished_call(client):
    for _ in range(3):
        client.socket.sendall(call(GET_URI, 7))
        assert client.receive()[0][2] == GET_URI
        client.socket.sendall(detach(7))
        assert client.receive()[0][2] == DETACH


def test_calls_that_only_stock_answers(client):
    """It takes them as they come, so the front does, too."""
    client.socket.sendall(call(GET_URI, 7) * 3)
    assert [client.receive()[0][4] for _ in range(3)] == [7, 7, 7]


def test_very_many(client):
    """Which wait in the client's own socket."""
    client.socket.sendall(b''.join(call(GET_URI, serial) for serial in range(MANY)))
    assert [client.receive()[0][4] for _ in range(MANY)] == list(range(MANY))
