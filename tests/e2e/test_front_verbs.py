# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each right of libvirt's access control alone, asked of the real polkit.

Without a stock daemon: what virtccwd answers itself must ask for all that libvirt's own
daemons ask for, which is two rights for some calls.
"""

import json
import os
import threading
import time

import pytest

import hostlib
from domainlib import DOMAIN, DOMAIN_UUID, domain_xml
from hostlib import CSS, RW_SOCKET, SOCKETS, write_file
from rpcclient import RpcClient, RpcError, xdr
from test_front_rights import ACTION, alone, as_user, identity, pytestmark, stranger

assert pytestmark
GRANTED = '/run/granted'
RULES = '/etc/polkit-1/rules.d/10-granted.rules'
# polkit reads the rights anew for each question.
GRANT = '''polkit.addRule(function(action, subject) {
    if (action.id.indexOf('org.libvirt.api.') != 0)
        return polkit.Result.NOT_HANDLED;
    var granted = polkit.spawn(['/bin/cat', '/run/granted']).split('\\n');
    var right = action.id.substring('org.libvirt.api.'.length);
    if (granted.indexOf('not ' + action.lookup('domain_name')) >= 0 ||
        granted.indexOf('not ' + action.lookup('domain_uuid')) >= 0)
        return polkit.Result.NO;
    return granted.indexOf(right) >= 0 ? polkit.Result.YES : polkit.Result.NO;
});
'''
NODE = ('getattr', 'read', 'write', 'start', 'stop', 'detach', 'delete')
GUEST = ('getattr', 'read', 'read-secure', 'write', 'save', 'start', 'delete', 'init-control')
CONNECT = ('getattr', 'read', 'write', 'search-domains', 'search-node-devices')
ALWAYS = ['connect.getattr', 'connect.read']
DENIED = 88
OTHER_UUID = 'c7a5fdbd-cdaf-9455-926a-d65c16db1810'
CONFIG = 'access_drivers = [ "polkit" ]\n'


def guest(shape='', *values):
    """Arguments that begin with the guest."""
    return xdr('sui' + shape, DOMAIN, DOMAIN_UUID, -1, *values)


MDEV = hostlib.mdev_name()
DEVICE = 'node-device.'
# Procedure, arguments, the two rights.
TWO = {
    'create-mdev': (123, xdr('si', hostlib.mdev_xml(), 0), DEVICE + 'write', DEVICE + 'start'),
    'define-mdev': (428, xdr('si', hostlib.mdev_xml(), 0), DEVICE + 'write', DEVICE + 'save'),
    'update-mdev': (447, xdr('ssi', MDEV, hostlib.mdev_xml(), 0), DEVICE + 'write',
                    DEVICE + 'save'),
    'create': (10, xdr('si', domain_xml(), 0), 'domain.write', 'domain.start'),
    'define': (11, xdr('s', domain_xml()), 'domain.write', 'domain.save'),
    'define-flags': (350, xdr('si', domain_xml(), 0), 'domain.write', 'domain.save'),
    'secure': (14, guest('i', 1), 'domain.read', 'domain.read-secure'),
    'migratable': (14, guest('i', 8), 'domain.read', 'domain.read-secure'),
    'reboot': (27, guest('i', 2), 'domain.init-control', 'domain.write'),
    'shutdown': (258, guest('i', 2), 'domain.init-control', 'domain.write'),
    'vcpus': (200, guest('i', 8), 'domain.read', 'domain.write'),
    'metadata': (264, guest('iiiii', 0, 0, 0, 0, 2), 'domain.write', 'domain.save'),
    'rename': (358, guest('oi', DOMAIN, 0), 'domain.write', 'domain.save'),
}
# Those whose flags ask for one right only.
ONE = {
    'update-mdev': (447, xdr('ssi', MDEV, hostlib.mdev_xml(), 1), DEVICE + 'write'),
    'read': (14, guest('i', 0), 'domain.read'),
    'reboot': (27, guest('i', 0), 'domain.init-control'),
    'metadata': (264, guest('iiiii', 0, 0, 0, 0, 1), 'domain.write'),
}
CALL = '''
import base64, json
from rpcclient import RpcClient, RpcError
with RpcClient(sys.argv[1]) as client:
    client.socket.settimeout(30)
    client.open(polkit=True)
    codes = []
    for procedure, payload in json.loads(sys.argv[2]):
        try:
            client.call(procedure, bytes.fromhex(payload))
            codes.append(0)
        except RpcError as error:
            codes.append(error.code)
print(json.dumps(codes))'''


def grant(*lines):
    write_file(GRANTED, '\n'.join([*ALWAYS, *lines, '']))
    os.chmod(GRANTED, 0o644)


def call(*calls):
    """What an ordinary user gets for calls: libvirt's codes, or 0."""
    return as_user(CALL, RW_SOCKET, json.dumps([(n, data.hex()) for n, data in calls]))


def actions(without=()):
    names = [f'{kind}.{verb}' for kind, verbs in
             (('node-device', (*NODE, 'save')), ('domain', GUEST), ('connect', CONNECT))
             for verb in verbs]
    return ''.join(ACTION.format(name=name, answer='no') for name in names
                   if name not in without)


@pytest.fixture(name='rules')
def granting_rules():
    grant()
    write_file(RULES, GRANT)
    yield
    os.unlink(RULES)
    os.unlink(GRANTED)


def test_two_rights(fresh_host, rules, tmp_path):
    """One of them is never enough."""
    with alone(tmp_path, CONFIG, 'yes', 'yes', actions()):
        with RpcClient(RW_SOCKET) as root:
            root.open()
            root.call(11, xdr('s', domain_xml()))
        told = {}
        for name, (procedure, payload, first, second) in TWO.items():
            for rights in ((), (first,), (second,)):
                grant(*rights)
                told[name, rights] = call((procedure, payload))[0]
        assert told == dict.fromkeys(told, DENIED)
        assert hostlib.Virsh().names('--cap', 'mdev') == []
        hostlib.ok('virsh', '-c', 'ccw:///system', 'nodedev-detach', CSS)
        for name, (procedure, payload, first, second) in TWO.items():
            grant(first, second)
            told[name] = call((procedure, payload))[0]
            assert told[name] != DENIED, name
        assert told['create-mdev'] == told['define'] == told['secure'] == 0, told
        for name, (procedure, payload, right) in ONE.items():
            grant(right)
            assert call((procedure, payload))[0] != DENIED, name


def test_rules_about_one_guest(fresh_host, rules, tmp_path):
    """A rule may name a guest, by its name or its UUID; nothing reaches this one then."""
    other = ('other', OTHER_UUID)
    rights = [f'domain.{verb}' for verb in GUEST]
    calls = [(23, xdr('s', DOMAIN)), (24, xdr('u', DOMAIN_UUID)), (14, guest('i', 0)),
             (16, guest()), (29, guest('i', 1)), (11, xdr('s', domain_xml())), (35, guest())]
    with alone(tmp_path, CONFIG, 'yes', 'yes', actions()):
        with RpcClient(RW_SOCKET) as root:
            root.open()
            for args in ((), other):
                root.call(11, xdr('s', domain_xml(*args)))
        for hidden in (DOMAIN, DOMAIN_UUID):
            grant(*rights, f'not {hidden}')
            assert call(*calls) == [DENIED] * len(calls)
            assert call((23, xdr('s', 'other')), (24, xdr('u', other[1]))) == [0, 0]
        # What is not there, and what is no document, is told of as by libvirt's daemons.
        assert call((23, xdr('s', 'nobody')), (35, xdr('sui', 'nobody', hostlib.UUID, -1)),
                    (11, xdr('s', '<domain'))) == [42, 42, 35]
        grant(*rights)
        assert call(*calls) == [0] * len(calls)


SEEN = '''
import json, libvirt, time
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open('ccw:///system')
heard = []
connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                  lambda _, guest, *__: heard.append(guest.name()), None)
open('/tmp/virtccw-verbs-listening', 'w').close()
libvirt.virEventAddTimeout(200, lambda *_: None, None)
end = time.monotonic() + 20
while 'other' not in heard and time.monotonic() < end:
    libvirt.virEventRunDefaultImpl()
print(json.dumps([[guest.name() for guest in connection.listAllDomains()],
                  connection.listDefinedDomains(), connection.numOfDefinedDomains(), heard]))'''


def test_guests_that_may_not_be_seen(fresh_host, rules, tmp_path):
    """They are left out of lists, numbers and events."""
    grant('connect.search-domains', 'domain.getattr', f'not {DOMAIN}')
    told = []
    with alone(tmp_path, CONFIG, 'yes', 'yes', actions()), RpcClient(RW_SOCKET) as root:
        root.open()
        waiting = threading.Thread(target=lambda: told.append(as_user(SEEN)))
        waiting.start()
        hostlib.wait_for(lambda: os.path.exists('/tmp/virtccw-verbs-listening'), 'it listens')
        os.unlink('/tmp/virtccw-verbs-listening')
        root.call(11, xdr('s', domain_xml()))
        root.call(11, xdr('s', domain_xml('other', OTHER_UUID)))
        waiting.join(40)
        assert told == [[['other'], ['other'], 1, ['other']]]
        assert call((273, xdr('ii', 0, 0)), (37, xdr('i', 9)), (51, b'')) == [0] * 3
        grant('domain.getattr')
        assert call((21, xdr('i', 9)), (25, b''), (273, xdr('ii', 1, 0))) == [DENIED] * 3


def test_event_right_behind_the_registration(fresh_host, rules, tmp_path):
    """polkit took its time, and still the client has a moment to note down the callback."""
    write_file(RULES, SLOW + GRANT)
    grant('connect.search-domains', 'domain.getattr')
    with alone(tmp_path, CONFIG, 'yes', 'yes', actions()), RpcClient(RW_SOCKET) as root:
        root.open()
        told = []
        # A client that is woken late takes the moment for shorter than it is.
        while len(told) < 5 and not (told and told[-1][1] > 0.03):
            waiting = threading.Thread(target=lambda: told.append(as_user(REGISTER, RW_SOCKET)))
            waiting.start()
            while waiting.is_alive():
                root.call(11, xdr('s', domain_xml()))
                time.sleep(0.001)
            assert told and told[-1][0] == ['reply', 'event'], told
        assert told[-1][1] > 0.03, told


# So much longer than the moment takes.
SLOW = '''polkit.addRule(function(action, subject) {
    if (action.id == 'org.libvirt.api.connect.search-domains')
        polkit.spawn(['/bin/sleep', '0.3']);
    return polkit.Result.NOT_HANDLED;
});
'''
REGISTER = '''
import json, time
from rpcclient import RpcClient, REPLY, xdr
with RpcClient(sys.argv[1]) as client:
    client.socket.settimeout(30)
    client.open(polkit=True)
    client.send(316, xdr('ii', 0, 0))
    kinds, times = [], []
    for _ in range(2):
        kinds.append('reply' if client.receive()[0][3] == REPLY else 'event')
        times.append(time.monotonic())
print(json.dumps([kinds, times[1] - times[0]]))'''


def test_libvirt_without_the_right_to_save_devices(fresh_host, rules, tmp_path):
    """Old ones have none, and their node devices are defined by the right to write."""
    define = (428, TWO['define-mdev'][1])
    with alone(tmp_path, CONFIG, 'yes', 'yes', actions(without=[DEVICE + 'save'])):
        grant(DEVICE + 'start')
        assert call(define) == [DENIED]
        grant(DEVICE + 'write')
        assert call(define) == [0]


def test_identity_of_an_odd_type(fresh_host, rules, tmp_path):
    """Who is told of in a way that libvirt does not use is nobody, and never root."""
    define = (428, TWO['define-mdev'][1])
    config = f'stock_nodedev_socket = "/run/nothing"\nfront_nodedev = 1\n{CONFIG}'
    odd = [('i', 1, [0]), ('i', 2, [0]), ('i', 6, [0]), ('s', 7, ['0']), ('s', 7, ['root']),
           ('ii', 4, [1, 0]), ('ii', 3, [1, 0]), ('ii', 4, [0, 0xffffffff]),
           ('ii', 5, [0, 0])]
    with alone(tmp_path, config, 'yes', 'yes', actions()), stranger() as process:
        for shape, kind, values in odd:
            with RpcClient(f'{SOCKETS}/virtnodedevd-sock') as client:
                client.open('nodedev:///system')
                told = identity(process)
                # The same, with this one in place of the first parameter.
                first = xdr('isi', 3, 'unix-user-id', 4) + bytes(4)
                assert told.startswith(first)
                client.call(419, xdr('isi' + shape, 3, 'unix-user-id', kind, *values)
                            + told[len(first) + 4:])
                with pytest.raises(RpcError) as caught:
                    client.call(*define)
                assert caught.value.code == DENIED, (shape, kind, values)
        assert CSS in hostlib.Virsh().names('--cap', 'css')
