# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as a process: how it starts, is reached, and ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from hostlib import (CSS, DEFINITIONS, RO_SOCKET, RW_SOCKET, SLOW, URI, VIRTCCWD, Daemon, Virsh, css_name,
                     define_file, mdev_name, mdev_xml, ok, plugged, read_file, run, wait_for,
                     write_file)
from rpcclient import RpcClient

NOBODY = 65534


def test_second_instance_refuses(daemon, virsh):
    result = run(VIRTCCWD)
    assert result.rc == 1
    assert re.fullmatch(r'virtccwd: .*\n', result.err) and str(daemon.process.pid) in result.err
    assert CSS in virsh.names()


def test_other_folders_can_be_served_beside_it(daemon, virsh, tmp_path):
    """Nothing is shared unless it is named."""
    folder = tmp_path / 'sockets'
    other = Daemon(tmp_path)
    other.log_path = str(tmp_path / 'other.log')
    path = folder / 'virtccwd-sock'
    with open(other.log_path, 'wb') as log:
        other.process = subprocess.Popen(
            [VIRTCCWD, '--socket-dir', folder, '--state-dir', tmp_path / 'state',
             '--definitions', tmp_path / 'definitions'], stderr=log)
    wait_for(path.exists, 'its socket is there')
    define_file()
    wait_for(lambda: mdev_name() in virsh.names('--all'), 'it is listed')
    assert mdev_name() not in Virsh(f'{URI}?socket={path}').names('--all')
    other.stop()
    assert not path.exists()
    assert CSS in virsh.names()


def test_socket_of_a_daemon_that_lets_nobody_in(daemon, tmp_path):
    """It is somebody's although he is too busy to answer, and nobody waits for him."""
    path = str(tmp_path / 'virtccwd-sock-ro')
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen(0)
        client.connect(path)
        result = run(VIRTCCWD, '--socket-dir', str(tmp_path), '--state-dir', str(tmp_path / 'state'))
        assert result.rc == 1 and f"another daemon answers at '{path}'" in result.err
        assert os.path.exists(path)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly(daemon, number):
    with RpcClient(RW_SOCKET) as idle:
        idle.open()
        daemon.process.send_signal(number)
        assert daemon.process.wait(10 * SLOW) == 0
        with pytest.raises(ConnectionError):
            idle.receive()
    assert not os.path.exists(RW_SOCKET) and not os.path.exists(RO_SOCKET)
    daemon.process = None


def test_starts_after_a_crash(daemon, virsh):
    """Sockets and lock that were left behind are no obstacle."""
    daemon.process.kill()
    daemon.process.wait()
    assert os.path.exists(RW_SOCKET)
    daemon.start()
    assert CSS in virsh.names()


def test_timeout(daemon, virsh):
    """It stays while there is a client, and ends some time after the last one."""
    daemon.stop()
    daemon.start('--timeout', '1')
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(RW_SOCKET)
        time.sleep(1.5)
        assert daemon.process.poll() is None
    assert daemon.process.wait(10 * SLOW) == 0
    daemon.process = None


def test_permissions_of_sockets(daemon):
    assert os.stat(RW_SOCKET).st_mode & 0o777 == 0o600
    assert os.stat(RO_SOCKET).st_mode & 0o777 == 0o666


def test_configuration(daemon, tmp_path):
    path = tmp_path / 'virtccwd.conf'
    path.write_text('unix_sock_rw_perms = "0660"\n')
    daemon.stop()
    daemon.start('--config', str(path))
    assert os.stat(RW_SOCKET).st_mode & 0o777 == 0o660
    daemon.stop()
    path.write_text('# good\nunix_sock_mode = "0666"\n')
    result = run(VIRTCCWD, '--config', str(path))
    assert result.rc == 1 and f'{path}:2: ' in result.err and "'unix_sock_mode'" in result.err


@pytest.mark.parametrize('options', [['--nothing'], ['word'], ['--timeout', '-1'],
                                     ['--config', '/nowhere'], ['--sysfs', '/nowhere']])
def test_bad_options(fresh_host, options):
    result = run(VIRTCCWD, *options)
    assert result.rc == 1 and re.fullmatch(r'virtccwd: .*\n', result.err)


def test_version_and_help(fresh_host):
    assert re.fullmatch(r'virtccwd \(virtccw\) \d+\.\d+\.\d+\n', ok(VIRTCCWD, '--version'))
    assert '--socket-dir' in ok(VIRTCCWD, '--help')


def test_reload(daemon, virsh):
    """SIGHUP reads everything anew; nobody is disconnected, nothing is told twice."""
    with socket.socket(socket.AF_UNIX) as idle:
        idle.connect(RW_SOCKET)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_log('reading host and definitions anew')
        idle.settimeout(0.1)
        with pytest.raises(TimeoutError):
            idle.recv(1)
    assert CSS in virsh.names()


def test_socket_activation(fresh_host, tmp_path):
    """systemd has the sockets; the first client starts the daemon."""
    if not shutil.which('systemd-socket-activate'):
        pytest.skip('systemd-socket-activate is not installed')
    os.makedirs(os.path.dirname(RW_SOCKET), exist_ok=True)
    for path in (RW_SOCKET, RO_SOCKET):
        if os.path.exists(path):
            os.unlink(path)
    server = Daemon(tmp_path, (
        'systemd-socket-activate', '-l', RW_SOCKET, '-l', RO_SOCKET,
        '--fdname=virtccwd.socket:virtccwd-ro.socket', VIRTCCWD))
    with open(server.log_path, 'wb') as log:
        server.process = subprocess.Popen(server.argv, stdin=subprocess.DEVNULL, stderr=log)
    wait_for(lambda: os.path.exists(RO_SOCKET), 'the sockets are there')
    virsh = Virsh(options=['-r'])
    assert CSS in virsh.names()
    assert 'read only' in virsh.fails('nodedev-destroy', CSS)
    assert 'not a mediated device' in Virsh().fails('nodedev-destroy', CSS)
    server.stop()
    assert os.path.exists(RW_SOCKET), 'the socket is not ours to remove'
    server.check_log()
    os.unlink(RW_SOCKET)
    os.unlink(RO_SOCKET)


def test_tells_systemd_when_it_is_ready(fresh_host, tmp_path):
    path = str(tmp_path / 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(10)
        server = Daemon(tmp_path, env={'NOTIFY_SOCKET': path})
        server.start()
        assert b'READY=1' in notify.recv(1000)
        server.stop()
        assert b'STOPPING=1' in notify.recv(1000)
    server.check_log()


def test_host_without_channel_subsystem(fresh_host, tmp_path):
    """An empty host is a host."""
    (tmp_path / 'sys').mkdir()
    server = Daemon(tmp_path)
    server.start('--sysfs', str(tmp_path / 'sys'))
    assert Virsh().names('--all') == ['computer']
    server.stop()
    server.check_log()


class TestSession:
    """ccw:///session: an ordinary user's, started by the client library.

    Debian's library starts libvirtd instead, unless it is told "mode=direct" or finds the
    socket of a virtccwd that runs already.
    """

    URI = 'ccw:///session?mode=direct'

    @pytest.fixture
    def user(self, fresh_host, tmp_path):
        """The command to become somebody without rights, and his environment."""
        # A kernel without user namespaces does not have this file.
        users = '/proc/self/uid_map'
        if os.path.exists(users) and read_file(users).split()[2] == '1':
            pytest.skip('there is only one user in this user namespace')
        runtime = f'/run/user-{NOBODY}'
        shutil.rmtree(runtime, ignore_errors=True)
        os.mkdir(runtime, 0o700)
        os.chown(runtime, NOBODY, NOBODY)
        shutil.copy(VIRTCCWD, runtime)  # where it was built he may not be able to look
        yield ('setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups', 'env',
               f'XDG_RUNTIME_DIR={runtime}', f'XDG_CONFIG_HOME={runtime}/config',
               f'XDG_CACHE_HOME={runtime}/cache', f'HOME={runtime}',
               f'VIRTD_PATH={runtime}')
        path = f'{runtime}/virtccw/virtccwd.pid'
        if os.path.exists(path):
            pid = int(read_file(path))
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not os.path.exists(f'{runtime}/libvirt/virtccwd-sock'), 'it ended')

    def test_started_by_the_library(self, user):
        virsh = Virsh(self.URI, command=(*user, 'virsh'))
        assert CSS in virsh.names()
        virsh = Virsh('ccw:///session', command=(*user, 'virsh'))
        assert virsh.ok('uri') == 'ccw:///session\n\n'
        assert '<devno>0x3000</devno>' in virsh.ok('nodedev-dumpxml', CSS)
        assert 'ccw_0_0_3000' in virsh.names()

    def test_has_no_more_rights_than_its_user(self, user, document):
        os.chmod(DEFINITIONS, 0o755)
        virsh = Virsh(self.URI, command=(*user, 'virsh'))
        path = f'/run/user-{NOBODY}/document.xml'
        write_file(path, mdev_xml())
        error = virsh.fails('nodedev-define', path)
        assert 'Permission denied' in error and DEFINITIONS in error
        assert os.listdir(DEFINITIONS) in ([], ['scripts.d'])

    def test_follows_the_host(self, user):
        virsh = Virsh(self.URI, command=(*user, 'virsh'))
        assert CSS in virsh.names()
        with plugged() as (subchannel, _):
            wait_for(lambda: css_name(subchannel) in virsh.names(), 'it is listed')

    def test_ordinary_users_may_read_the_system(self, user, daemon):
        """The read-only socket is for all; the other one is not."""
        virsh = Virsh(command=(*user, 'virsh'), options=['-r'])
        assert CSS in virsh.names()
        assert 'Permission denied' in Virsh(command=(*user, 'virsh')).fails('uri')
