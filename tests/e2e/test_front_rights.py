# SPDX-License-Identifier: LGPL-2.1-or-later
"""An ordinary user gets through the front what stock libvirtd would give him: nothing more.

With the real polkit on a system bus of its own. Both daemons are asked the same by the same
user, for every procedure there is and some that there are not.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

import hostlib
import sidelib
from hostlib import CSS, HERE, RW_SOCKET, SOCKETS, run, wait_for, write_file
from rpcclient import RpcClient, RpcError, xdr

USER = 65534
LAST_PROCEDURE = 460
BUS = '/run/front-bus'
FRONT = f'{SOCKETS}/virtqemud-sock'
POLKITD = '/usr/lib/polkit-1/polkitd'
STOCK_CONFIG = f'''unix_sock_dir = "{sidelib.FOLDER}"
auth_unix_rw = "polkit"
auth_unix_ro = "polkit"
'''
FRONT_CONFIG = f'''stock_qemu_socket = "{sidelib.SOCKET}"
stock_nodedev_socket = "{sidelib.NODEDEV_SOCKET}"
front_qemu = 1
front_nodedev = 1
'''
BUS_CONFIG = f'''<busconfig><type>system</type><listen>unix:path={BUS}</listen>
<auth>EXTERNAL</auth><policy context='default'><allow user='*'/><allow own='*'/>
<allow send_type='*'/><allow receive_type='*'/><allow eavesdrop='false'/></policy></busconfig>'''
POLICY = '''<?xml version='1.0'?><!DOCTYPE policyconfig PUBLIC
'-//freedesktop//DTD polkit Policy Configuration 1.0//EN'
'http://www.freedesktop.org/software/polkit/policyconfig-1.dtd'>
<policyconfig>
<action id='org.libvirt.unix.monitor'><description>look</description><message>look</message>
<defaults><allow_any>{monitor}</allow_any><allow_inactive>{monitor}</allow_inactive>
<allow_active>{monitor}</allow_active></defaults></action>
<action id='org.libvirt.unix.manage'><description>change</description><message>change</message>
<defaults><allow_any>{manage}</allow_any><allow_inactive>{manage}</allow_inactive>
<allow_active>{manage}</allow_active></defaults></action>
{others}</policyconfig>'''
# One of libvirt's actions for access control call by call.
ACTION = '''<action id='org.libvirt.api.{name}'><description>x</description><message>x</message>
<defaults><allow_any>{answer}</allow_any><allow_inactive>{answer}</allow_inactive>
<allow_active>{answer}</allow_active></defaults></action>'''

pytestmark = [
    pytest.mark.skipif(not sidelib.available(), reason='libvirtd is not installed'),
    pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user'),
    pytest.mark.skipif(not (os.path.exists(POLKITD) and shutil.which('dbus-daemon')),
                       reason='polkit is not installed'),
]


@contextlib.contextmanager
def process(*argv, log):
    with open(log, 'ab') as file:
        started = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextlib.contextmanager
def polkit(folder, monitor, manage, others=''):
    """A system bus with polkit on it, which knows libvirt's two actions."""
    actions = '/usr/share/polkit-1/actions'
    write_file(f'{folder}/bus.conf', BUS_CONFIG)
    hostlib.ok('mount', '-t', 'tmpfs', 'tmpfs', actions)
    try:
        write_file(f'{actions}/org.libvirt.unix.policy',
                   POLICY.format(monitor=monitor, manage=manage, others=others))
        os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = f'unix:path={BUS}'
        log = f'{folder}/polkit.log'
        with process('dbus-daemon', '--nofork', f'--config-file={folder}/bus.conf',
                     log=log) as bus:
            wait_for(lambda: os.path.exists(BUS), 'the bus is there')
            with process(POLKITD, '--no-debug', log=log) as daemon:
                wait_for(lambda: run('pkcheck', '--action-id', 'org.libvirt.unix.monitor',
                                     '--process', str(os.getpid())).rc == 0,
                         'polkit answers', 20)
                yield bus, daemon
    finally:
        os.environ.pop('DBUS_SYSTEM_BUS_ADDRESS', None)
        hostlib.ok('umount', actions)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(BUS)


@contextlib.contextmanager
def running(folder, config):
    write_file(f'{folder}/virtccwd.conf', config)
    daemon = hostlib.Daemon(folder)
    daemon.start('--config', f'{folder}/virtccwd.conf')
    try:
        yield daemon
    finally:
        daemon.stop()
        daemon.check_log()


@contextlib.contextmanager
def both(folder, monitor='yes', manage='auth_admin_keep', others=None, front=''):
    """Stock libvirtd, and the front before it, with polkit asked by both; about each call, too,
    if there are answers to other questions."""
    # polkit lets root do all that it knows of.
    known = dict.fromkeys(('connect.search-node-devices', 'node-device.getattr'), 'no')
    actions = ''.join(ACTION.format(name=name, answer=answer)
                      for name, answer in {**known, **(others or {})}.items())
    with polkit(folder, monitor, manage, actions):
        stock = sidelib.Stock(folder)
        stock.config = STOCK_CONFIG + ('access_drivers = ["polkit"]\n' if others else '')
        with stock, running(folder, FRONT_CONFIG + front) as daemon:
            yield daemon


def as_user(script, *args):
    """Runs a piece of Python as an ordinary user. Returns: what it printed, as JSON."""
    begin = f'import sys; sys.path.insert(0, {HERE!r}); import os\n' \
        f'os.setgid({USER}); os.setuid({USER})\n'
    done = run(sys.executable, '-B', '-c', begin + script, *args, timeout=120)
    assert done.rc == 0, done.err
    return json.loads(done.out)


# What one user gets for each procedure: before authentication, and after it and an open.
ASK = '''
import json, struct
from rpcclient import RpcClient, RpcError, xdr

def outcome(client, procedure, payload=b''):
    try:
        client.call(procedure, payload)
        return 'ok'
    except RpcError as error:
        return error.code

def fresh():
    client = RpcClient(sys.argv[1])
    client.socket.settimeout(30)
    return client

def without(procedure):
    with fresh() as client:
        return outcome(client, procedure)

def authenticate(client):
    return outcome(client, 66), outcome(client, 70)

def within(procedure):
    """An empty payload: what is allowed fails to decode, or is done; the rest is refused."""
    with fresh() as client:
        authenticate(client)
        opened = outcome(client, 1, xdr('oi', 'qemu:///system', int(sys.argv[3])))
        return opened, outcome(client, procedure)

skip = {66, 70, 1, 2, 60} | set(range(67, 70))
with fresh() as client:
    auth = authenticate(client)
numbers = [number for number in range(int(sys.argv[2])) if number not in skip]
print(json.dumps({'auth': auth, 'without': [without(n) for n in numbers],
                  'within': [within(n) for n in numbers], 'numbers': numbers}))
'''


def ask(path, flags=0):
    return as_user(ASK, path, str(LAST_PROCEDURE), str(flags))


def test_without_rights_on_the_main_socket(tmp_path):
    """polkit would have to ask for a password, and there is nobody to be asked."""
    with both(tmp_path):
        stock, front = ask(sidelib.SOCKET), ask(FRONT)
        assert front['auth'] == stock['auth']
        assert front['auth'][1] != 'ok'
        assert front['without'] == stock['without']
        assert all(code != 'ok' for _, code in front['within'])
        assert front['within'] == stock['within']


def test_looking_is_allowed_on_the_other(tmp_path):
    with both(tmp_path):
        stock, front = ask(sidelib.SOCKET + '-ro'), ask(FRONT + '-ro')
        assert front['auth'] == stock['auth']
        assert front['without'] == stock['without']
        for number, direct, relayed in zip(stock['numbers'], stock['within'], front['within']):
            if relayed != direct:
                # Our own answer to bad arguments, never more than a refusal.
                assert relayed[1] != 'ok' and number in (118, 119, 120, 135, 301), \
                    (number, direct, relayed)


def test_who_is_let_in_can_change(tmp_path):
    with both(tmp_path, manage='yes'):
        result = as_user('''
import json, libvirt
connection = libvirt.open('qemu:///system')
print(json.dumps([device.name() for device in connection.listAllDevices()]))''')
        assert CSS in result


# Procedures of node devices, some of which virtccwd answers itself.
NODES = set(range(111, 121)) | {123, 124, 285, 297, 301, 374, 375} | set(range(428, 448))


def test_access_control_of_opening(tmp_path):
    """The daemon would let virtccwd open the connection, but not its client."""
    script = '''
import json, subprocess
done = subprocess.run(['virsh', '-c', sys.argv[1], 'uri'], text=True, stdin=subprocess.DEVNULL,
                      capture_output=True)
print(json.dumps([done.returncode, done.stdout, done.stderr]))'''
    with both(tmp_path, manage='yes', others={'connect.getattr': 'no', 'connect.write': 'yes'}):
        stock = as_user(script, f'qemu:///system?socket={sidelib.SOCKET}')
        front = as_user(script, 'qemu:///system')
        assert front == stock
        assert front[0] == 1 and 'access denied' in front[2]


def test_access_control_of_each_call(tmp_path):
    """Who is let in, but may do little, may do no more through the front."""
    with both(tmp_path, manage='yes', others={'connect.getattr': 'yes',
                                              'connect.search-domains': 'yes',
                                              'connect.read': 'no', 'connect.write': 'no'}):
        stock, front = ask(sidelib.SOCKET), ask(FRONT)
        assert front['auth'] == stock['auth']
        for number, direct, relayed in zip(stock['numbers'], stock['within'], front['within']):
            if number not in NODES:
                assert relayed == direct, (number, direct, relayed)
        assert {code for _, code in front['within']} >= {88}


CHANGES = {'detach': ('nodedev-detach', CSS), 'reattach': ('nodedev-reattach', CSS),
           'reset': ('nodedev-reset', CSS), 'define': ('nodedev-define', '/run/mdev.xml'),
           'create': ('nodedev-create', '/run/mdev.xml'), 'look': ('nodedev-dumpxml', CSS),
           'list': ('nodedev-list',)}


def test_access_control_of_our_own_calls(tmp_path):
    """Who may manage, but none of the node devices, does not get at ours as root."""
    script = '''
import json, subprocess
print(json.dumps({name: subprocess.run(
    ['virsh', '-c', 'qemu:///system', *words], text=True, stdin=subprocess.DEVNULL,
    capture_output=True).stderr for name, words in json.loads(sys.argv[1]).items()}))'''
    write_file('/run/mdev.xml', hostlib.mdev_xml())
    rights = dict.fromkeys(('connect.getattr', 'connect.search-domains', 'connect.read',
                            'connect.write', 'connect.search-node-devices',
                            'node-device.getattr', 'node-device.read'), 'yes')
    changes = dict.fromkeys(('start', 'stop', 'write', 'save', 'delete', 'detach'), 'no')
    rights.update({f'node-device.{verb}': answer for verb, answer in changes.items()})
    with both(tmp_path, manage='yes', others=rights, front='access_drivers = [ "polkit" ]\n'):
        told = as_user(script, json.dumps(CHANGES))
        for name in ('detach', 'reattach', 'reset', 'define', 'create'):
            assert 'access denied' in told[name], told
        assert told['look'] == told['list'] == '', told
        assert hostlib.Virsh().names('--cap', 'mdev') == []
        hostlib.ok('virsh', '-c', 'qemu:///system', 'nodedev-detach', CSS)  # root may
        hostlib.ok('virsh', '-c', 'qemu:///system', 'nodedev-reattach', CSS)


# What an administrator may write: some devices are nobody's business.
RULE = '''polkit.addRule(function(action, subject) {{
    if (action.id == 'org.libvirt.api.node-device.getattr' &&
        {names}.indexOf(action.lookup('node_device_name')) >= 0)
        return polkit.Result.NO;
}});'''
HIDDEN = [CSS, hostlib.mdev_name()]
LISTS = '''
import json, libvirt
connection = libvirt.open(sys.argv[1])
listed = connection.listDevices('css')
print(json.dumps([sorted(device.name() for device in connection.listAllDevices(1 << 16)),
                  sorted(listed), connection.numOfDevices('css')]))'''
LISTEN = '''
import json, libvirt, time
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open('qemu:///system')
seen = []
connection.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                      lambda _, device, *__: seen.append(device.name()), None)
open('/tmp/virtccw-rights-listening', 'w').close()
libvirt.virEventAddTimeout(200, lambda *_: None, None)
end = time.monotonic() + 20
while sys.argv[1] not in seen and time.monotonic() < end:
    libvirt.virEventRunDefaultImpl()
print(json.dumps(seen))'''


def test_devices_that_may_not_be_seen(fresh_host, tmp_path):
    """They are left out of lists and events, as libvirtd leaves them out."""
    rights = dict.fromkeys(('connect.getattr', 'connect.read', 'connect.search-node-devices',
                            'connect.write', 'node-device.getattr', 'node-device.read',
                            'node-device.write'), 'yes')
    write_file('/etc/polkit-1/rules.d/10-hidden.rules', RULE.format(names=HIDDEN))
    try:
        with both(tmp_path, manage='yes', others=rights, front='access_drivers = [ "polkit" ]\n'):
            stock = as_user(LISTS, f'qemu:///system?socket={sidelib.SOCKET}')
            front = as_user(LISTS, 'qemu:///system')
            assert front == stock
            assert CSS not in front[0] and hostlib.css_name(hostlib.OTHER) in front[0]
            assert as_user(LISTS, 'nodedev:///system')[0] == front[0]
            assert CSS in hostlib.Virsh('qemu:///system').names()  # root sees all
            hear(tmp_path)
            # By whichever name: that of old versions lacks the parent.
            names = [*HIDDEN, HIDDEN[1].removesuffix('_0_0_0004')]
            assert as_user(LOOK_UP, *names) == [88] * 3
            assert as_user(LOOK_UP, hostlib.mdev_name(hostlib.OTHER_UUID, hostlib.OTHER)) == [0]
    finally:
        os.unlink('/etc/polkit-1/rules.d/10-hidden.rules')


LOOK_UP = '''
import json, libvirt
connection = libvirt.open('qemu:///system')
codes = []
for name in sys.argv[1:]:
    try:
        connection.nodeDeviceLookupByName(name)
        codes.append(0)
    except libvirt.libvirtError as error:
        codes.append(error.get_error_code())
print(json.dumps(codes))'''


def hear(folder):
    shown = hostlib.mdev_name(hostlib.OTHER_UUID, hostlib.OTHER)
    told = []
    waiting = threading.Thread(target=lambda: told.append(as_user(LISTEN, shown)))
    waiting.start()
    wait_for(lambda: os.path.exists('/tmp/virtccw-rights-listening'), 'it listens')
    for index, text in enumerate((hostlib.mdev_xml(),
                                  hostlib.mdev_xml(hostlib.OTHER_UUID, hostlib.OTHER))):
        write_file(f'{folder}/{index}.xml', text)
        hostlib.ok('virsh', '-c', 'qemu:///system', 'nodedev-define', f'{folder}/{index}.xml')
    waiting.join(30)
    os.unlink('/tmp/virtccw-rights-listening')
    assert told == [[shown]]


def test_same_words_as_stock(tmp_path):
    """virsh tells an ordinary user the same."""
    script = '''
import json, subprocess
done = subprocess.run(['virsh', *sys.argv[1:], 'nodedev-list', '--cap', 'css'], text=True,
                      stdin=subprocess.DEVNULL, capture_output=True)
print(json.dumps([done.returncode, done.stdout, done.stderr]))'''
    with both(tmp_path, monitor='no'):
        for extra in ([], ['-r']):
            stock = as_user(script, '-c', 'qemu:///system?socket=' + sidelib.SOCKET
                            + ('-ro' if extra else ''), *extra)
            front = as_user(script, '-c', 'qemu:///system', *extra)
            assert front == stock
            assert front[0] == 1


OPEN = '''
import json
from rpcclient import RpcClient, RpcError
with RpcClient(sys.argv[1]) as client:
    client.socket.settimeout(20)
    client.call(66)
    try:
        client.call(70)
        print(json.dumps('ok'))
    except RpcError as error:
        print(json.dumps(error.code))'''


def identity(process):
    """What virtqemud tells of a client of its own, when it asks for node devices."""
    with open(f'/proc/{process.pid}/stat', encoding='ascii') as file:
        start = int(file.read().rsplit(')', 1)[1].split()[19])
    return xdr('isiiisiiisiiii', 3, 'unix-user-id', 4, 0, USER, 'process-id', 3, 0, process.pid,
               'process-time', 4, 0, start, 0)


@contextlib.contextmanager
def stranger():
    """A process of an ordinary user."""
    sleeper = subprocess.Popen(['setpriv', f'--reuid={USER}', '--clear-groups', 'sleep', '600'])
    try:
        wait_for(lambda: os.stat(f'/proc/{sleeper.pid}').st_uid == USER, 'it is another user')
        yield sleeper
    finally:
        sleeper.kill()
        sleeper.wait()


RIGHTS = dict.fromkeys(('connect.getattr', 'connect.read', 'connect.write', 'domain.getattr',
                        'connect.search-node-devices', 'connect.search-domains',
                        'node-device.getattr', 'node-device.read'), 'yes')


def may_define(client):
    try:
        client.call(428, xdr('si', hostlib.mdev_xml(), 0))
        client.call(429, xdr('si', hostlib.mdev_name(), 0))
        return True
    except RpcError as error:
        assert error.code == 88, error
        return False


def test_daemon_that_works_for_somebody(fresh_host, tmp_path):
    """Root's own rights are not lent to those whom a daemon of root's speaks for."""
    rights = {**RIGHTS, 'node-device.write': 'no', 'node-device.delete': 'no'}
    with both(tmp_path, manage='yes', others=rights, front='access_drivers = [ "polkit" ]\n'), \
            stranger() as process, RpcClient(f'{SOCKETS}/virtnodedevd-sock') as client:
        client.open('nodedev:///system')
        assert may_define(client)
        client.call(419, identity(process))
        assert not may_define(client)
        client.call(419, xdr('isiiii', 1, 'process-id', 3, 0, 1, 0))  # nobody is not root
        assert not may_define(client)
        if sidelib.MODULAR:
            write_file('/tmp/mdev.xml', hostlib.mdev_xml())
            told = as_user('''
import json, subprocess
print(json.dumps(subprocess.run(['virsh', '-c', sys.argv[1], 'nodedev-define', '/tmp/mdev.xml'],
                                capture_output=True, text=True).stderr))''',
                           f'qemu:///system?socket={sidelib.SOCKET}')
            assert 'access denied' in told


def test_daemon_that_works_for_somebody_while_stock_is_away(fresh_host, tmp_path):
    actions = ''.join(ACTION.format(name=name, answer=answer) for name, answer in
                      {**RIGHTS, 'node-device.write': 'no', 'node-device.delete': 'no'}.items())
    config = f'stock_nodedev_socket = "{sidelib.FOLDER}/nothing"\nfront_nodedev = 1\n' \
        'access_drivers = [ "polkit" ]\n'
    with alone(tmp_path, config, 'yes', 'yes', actions), stranger() as process, \
            RpcClient(f'{SOCKETS}/virtnodedevd-sock') as client:
        client.open('nodedev:///system')
        assert may_define(client)
        client.call(419, identity(process))
        assert not may_define(client)


OWN_CONFIG = 'unix_sock_rw_perms = "0666"\n'


@contextlib.contextmanager
def alone(folder, config, monitor, manage, others=''):
    """Without a stock daemon."""
    with polkit(folder, monitor, manage, others), running(folder, OWN_CONFIG + config) as daemon:
        yield daemon


@pytest.mark.parametrize('monitor,manage', [('yes', 'yes'), ('yes', 'no'), ('no', 'no')])
def test_own_sockets_without_a_stock_daemon(tmp_path, monitor, manage):
    """As libvirt's daemons do: where polkit knows libvirt's actions, it is asked."""
    codes = {'yes': 'ok', 'no': 45}
    with alone(tmp_path, '', monitor, manage):
        assert as_user(OPEN, RW_SOCKET) == codes[manage]
        assert as_user(OPEN, f'{RW_SOCKET}-ro') == codes[monitor]
        hostlib.Virsh().ok('nodedev-list')


def test_own_sockets_without_polkit(tmp_path):
    """Who does not want it can say so; the permissions of the socket decide then."""
    with alone(tmp_path, 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n', 'no', 'no'):
        assert as_user(OPEN, RW_SOCKET) == 45  # there is nothing to be asked
        assert as_user(LISTS, 'ccw:///system')[0]


def test_access_control_of_own_sockets(fresh_host, tmp_path):
    rights = dict.fromkeys(('connect.getattr', 'connect.read', 'connect.search-node-devices',
                            'node-device.getattr', 'node-device.read'), 'yes')
    actions = ''.join(ACTION.format(name=name, answer=answer) for name, answer in
                      {**rights, 'node-device.write': 'no'}.items())
    write_file('/tmp/mdev.xml', hostlib.mdev_xml())
    write_file('/etc/polkit-1/rules.d/10-hidden.rules', RULE.format(names=HIDDEN))
    try:
        with alone(tmp_path, 'access_drivers = [ "polkit" ]\n', 'yes', 'yes', actions):
            listed = as_user(LISTS, 'ccw:///system')
            assert CSS not in listed[0] and hostlib.css_name(hostlib.OTHER) in listed[0]
            assert listed[1] == listed[0] and listed[2] == len(listed[0])
            told = as_user('''
import json, subprocess
print(json.dumps(subprocess.run(['virsh', '-c', 'ccw:///system', 'nodedev-define', sys.argv[1]],
                                capture_output=True, text=True).stderr))''', '/tmp/mdev.xml')
            assert 'access denied' in told
    finally:
        os.unlink('/etc/polkit-1/rules.d/10-hidden.rules')


def processor_time(daemon):
    """Seconds that it has used so far."""
    with open(f'/proc/{daemon.process.pid}/stat', encoding='ascii') as file:
        words = file.read().rsplit(')', 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf('SC_CLK_TCK')


def test_bus_comes_and_goes(tmp_path):
    """Without the bus nobody is let in, and nothing spins; when it is back, all is well."""
    write_file(tmp_path / 'virtccwd.conf', FRONT_CONFIG)
    daemon = hostlib.Daemon(tmp_path)
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = f'unix:path={BUS}'
    daemon.env['DBUS_SYSTEM_BUS_ADDRESS'] = f'unix:path={BUS}'
    daemon.start('--config', str(tmp_path / 'virtccwd.conf'))
    try:
        for _ in range(2):
            with polkit(tmp_path, 'yes', 'yes'):
                assert as_user(OPEN, FRONT) == 'ok'
            before = processor_time(daemon)
            time.sleep(1)
            assert processor_time(daemon) - before < 0.3
            assert as_user(OPEN, FRONT) == 45
    finally:
        daemon.stop()
    daemon.check_log()


def test_bus_goes_while_it_is_asked(tmp_path):
    """polkit hangs, and then the bus is gone: who was waiting is told."""
    write_file(tmp_path / 'virtccwd.conf', FRONT_CONFIG)
    daemon = hostlib.Daemon(tmp_path)
    daemon.env['DBUS_SYSTEM_BUS_ADDRESS'] = f'unix:path={BUS}'
    daemon.start('--config', str(tmp_path / 'virtccwd.conf'))
    told = []
    try:
        with polkit(tmp_path, 'yes', 'yes') as processes:
            processes[1].send_signal(signal.SIGSTOP)
            waiting = threading.Thread(target=lambda: told.append(as_user(OPEN, FRONT)))
            waiting.start()
            time.sleep(1)
            with RpcClient(RW_SOCKET) as client:  # root is not asked about
                client.open()
            assert not told
            processes[0].kill()
            waiting.join(10)
            processes[1].send_signal(signal.SIGCONT)
        assert told == [45]
    finally:
        daemon.stop()
    daemon.check_log()


def test_no_polkit_no_entry(tmp_path):
    """With nobody to be asked nobody is let in, but root."""
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = 'unix:path=/run/no-such-bus'
    try:
        with sidelib.Stock(tmp_path):
            write_file(tmp_path / 'virtccwd.conf', FRONT_CONFIG)
            daemon = hostlib.Daemon(tmp_path)
            daemon.start('--config', str(tmp_path / 'virtccwd.conf'))
            assert ask(FRONT)['auth'][1] == 45
            assert CSS in hostlib.ok('virsh', '-c', 'qemu:///system', 'nodedev-list')
            daemon.stop()
            daemon.check_log()
    finally:
        del os.environ['DBUS_SYSTEM_BUS_ADDRESS']
