# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that lets go of a detached device late: libvirt says that it is detached at once.

The stock daemon is one of few words, and the guest's QEMU a file that is held open.
"""

import os

import pytest

import hostlib
from hostlib import SUBCHANNEL, UUID, define_file, mdev_exists, wait_for
from rpcclient import RpcClient, xdr
from scriptedlib import ERROR, refusal
from test_front_deaths import QEMU_SOCKET, _scripted  # noqa: F401

ATTACH, DETACH, GET_METADATA = 8, 13, 265
NO_DOMAIN_METADATA = 80
GUEST = 'front-letting-go'
GUEST_UUID = '6f0a2d0a-52b1-4b9b-9b0c-6a4a8a4d5a03'
HOSTDEV = f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw' managed='yes'>" \
          f"<source><address uuid='{UUID}'/></source></hostdev>"
RECORD = f'{hostlib.REMEMBERED}/holder/{UUID}'


def driver():
    try:
        return os.path.basename(os.readlink(f'/sys/bus/css/devices/{SUBCHANNEL}/driver'))
    except FileNotFoundError:
        return None


def change():
    return xdr('suis', GUEST, GUEST_UUID, 1, HOSTDEV)


@pytest.fixture(name='client')
def _client(scripted):
    scripted.answers[GET_METADATA] = ERROR, refusal(NO_DOMAIN_METADATA, 'none')
    with RpcClient(QEMU_SOCKET) as client:
        client.socket.settimeout(30)
        yield client.open('qemu:///system')


def test_device_is_given_back_when_the_guest_lets_go(client):
    define_file()
    wait_for(lambda: os.path.exists(hostlib.definition_path()), 'it is defined')
    client.call(ATTACH, change())
    assert driver() == 'vfio_ccw' and mdev_exists() and os.path.exists(RECORD)
    group = os.path.basename(os.readlink(f'/sys/bus/mdev/devices/{UUID}/iommu_group'))
    with open(f'/dev/vfio/{group}', 'r+b', buffering=0):
        client.call(DETACH, change())
        assert driver() == 'vfio_ccw' and mdev_exists()
    wait_for(lambda: not os.path.exists(RECORD), 'it is given back', 20)
    wait_for(lambda: driver() == 'io_subchannel', 'the host has it', 5)
    assert not mdev_exists()
