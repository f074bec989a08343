# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated host, the daemon in it, and the stock tools that a person has there.

In the lab (tools/lab) the host is a machine with a real kernel instead; what only the
simulator can do is skipped there.

With VIRTCCW_FACE=module the clients load libvirt_driver_ccw.so, and there is no daemon; what
needs one is skipped. Each process then has a root of its own, because a root is locked; what
they share is the host and its /etc.
"""

import contextlib
import glob
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import typing

import pytest

import labhost

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get('VIRTCCW_BUILD', os.path.join(SOURCE, 'build'))
LAB = os.environ.get('VIRTCCW_LAB') == '1'
# How much longer everything may take: the lab's processors are emulated ones.
SLOW = int(os.environ.get('VIRTCCW_SLOW', '1'))
VIRTCCWD = '/usr/sbin/virtccwd' if LAB else os.path.join(BUILD, 'src/daemon/virtccwd')
CALLOUT = '/usr/libexec/virtccw/virtccw-callout' if LAB else \
    os.path.join(BUILD, 'src/callout/virtccw-callout')
CALLOUT_LINK = '/etc/mdevctl.d/scripts.d/callouts/virtccw'
VIRTCCW_SIM = os.path.join(BUILD, 'tools/sim/virtccw-sim')

# Other releases of libvirt, by tests/e2e/make-clients.
CACHE = os.environ.get('VIRTCCW_CACHE') or os.path.join(
    os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'virtccw')
CLIENTS = os.path.join(CACHE, 'clients')

MODULE = os.environ.get('VIRTCCW_FACE') == 'module'
ROOTS = '/run/virtccw-e2e'
_roots = itertools.count()


def module_uri():
    """A URI of the module with a root that no process has."""
    return f'ccw:///embed?root={ROOTS}/{os.getpid()}-{next(_roots)}&etc=/etc'


# What this process connects to; others, see client_uri().
URI = module_uri() if MODULE else 'ccw:///system'


def client_uri():
    """What one more process connects to."""
    return module_uri() if MODULE else URI


SOCKETS = '/run/libvirt'
RW_SOCKET = f'{SOCKETS}/virtccwd-sock'
RO_SOCKET = f'{SOCKETS}/virtccwd-sock-ro'
DEFINITIONS = '/etc/mdevctl.d'
OVERRIDES = '/etc/driverctl.d'
DOMAINS = '/etc/libvirt/ccw'
REMEMBERED = '/var/lib/virtccw'

# IBM's example: the DASD 0.0.3000 behind subchannel 0.0.0004.
UUID = '18e124fb-b2fc-47f6-a407-f256b6c49767'
OTHER_UUID = '90c6c135-ad44-41d0-b1b7-bae47de48627'
SUBCHANNEL = '0.0.0004'
CSS = 'css_0_0_0004'
# Two more with devices that vfio_ccw takes.
OTHER = '0.0.0006' if LAB else '0.0.0313'
OTHER_CCW = 'ccw_0_0_c60c' if LAB else 'ccw_0_0_2b09'
THIRD = '0.0.0007' if LAB else '0.0.003c'
THIRD_CCW = '0.0.2b09' if LAB else '0.0.c60c'
# What the host has. Of the simulator's, 0.0.ff40 is no I/O subchannel.
SUBCHANNELS = labhost.subchannels() if LAB else [
    'css_0_0_0002', 'css_0_0_0004', 'css_0_0_003c', 'css_0_0_0313', 'css_0_0_16ca']
DEVICES = labhost.devices() if LAB else [
    'ccw_0_0_1900', 'ccw_0_0_2b09', 'ccw_0_0_3000', 'ccw_0_0_7e52', 'ccw_0_0_c60c']

POLICY = '/usr/share/polkit-1/actions/org.libvirt.unix.policy'

# For tests of what a real kernel does not do when told to: failing a given system call, say.
simulated = pytest.mark.skipif(LAB, reason='needs what only the simulator does at will')

# A line of libvirt's log that is no error.
LOGGED = re.compile(r'[\d: .+-]+: (info|warning) : ')

# What a log must not have, whatever was tested.
FAULTS = re.compile(r'Sanitizer|runtime error:|CRITICAL|critical \*\*|assertion|Segmentation')


class Result(typing.NamedTuple):
    """What a command did."""

    rc: int
    out: str
    err: str


def run(*argv, stdin=None, timeout=60, env=None):
    """Runs a command to its end, messages in English."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout * SLOW,
                          stdin=subprocess.DEVNULL if stdin is None else None, check=False,
                          env={**os.environ, 'LC_ALL': 'C', **(env or {})})
    return Result(done.returncode, done.stdout, done.stderr)


def ok(*argv, **options):
    """Runs a command that must succeed. Returns: what it printed."""
    result = run(*argv, **options)
    assert result.rc == 0, f'{" ".join(argv)}: {result.err or result.out}'
    return result.out


def wait_for(condition, what, seconds=30):
    """Waits until the condition gives something true. Returns: what it gave."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f'after {seconds} s still not so: {what}'
        time.sleep(0.005)


@contextlib.contextmanager
def child(argv, **options):
    """A process; when the test fails meanwhile it is killed, where Popen would wait for it."""
    with subprocess.Popen(argv, **options) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def at_most(seconds):
    """A time that is kept on an idle machine: more where others want the processors, too."""
    return seconds * SLOW * (1 + 4 * os.getloadavg()[0] / os.cpu_count())


def hangs(process):
    """Whether a thread of it waits for the simulated host's file system."""
    return any('request_wait' in read_file(path)
               for path in glob.glob(f'/proc/{process.pid}/task/*/wchan'))


def mdev_name(uuid=UUID, subchannel=SUBCHANNEL):
    return '_'.join(['mdev', uuid.replace('-', '_'), subchannel.replace('.', '_')])


def css_name(subchannel=SUBCHANNEL):
    return 'css_' + subchannel.replace('.', '_')


def mdev_xml(uuid=UUID, subchannel=SUBCHANNEL, kind='vfio_ccw-io', extra=''):
    """A document as a person writes it to define or create a mediated device."""
    uuid = f'<uuid>{uuid}</uuid>' if uuid else ''
    return (f'<device><parent>{css_name(subchannel)}</parent>'
            f"<capability type='mdev'><type id='{kind}'/>{uuid}{extra}</capability></device>")


def ctl(*args):
    """Makes something happen to the simulated host."""
    if LAB:
        labhost.only_simulated(args[0])
    return ok(VIRTCCW_SIM, 'ctl', *args)


def definition_path(uuid=UUID, subchannel=SUBCHANNEL):
    return f'{DEFINITIONS}/{subchannel}/{uuid}'


def write_file(path, text):
    """Its folder is made, too; but below /sys only the kernel makes any."""
    if not os.path.abspath(path).startswith('/sys/'):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def read_file(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def define_file(uuid=UUID, subchannel=SUBCHANNEL, start='manual', extra=''):
    """Puts a definition into the store by hand, as mdevctl would."""
    write_file(definition_path(uuid, subchannel),
               '{\n  "mdev_type": "vfio_ccw-io",\n'
               f'  "start": "{start}",\n{extra}  "attrs": []\n}}')


def bind_vfio(*subchannels):
    """Gives subchannels to vfio_ccw, as driverctl does, but remembered by nobody."""
    for subchannel in subchannels or (SUBCHANNEL,):
        device = f'/sys/bus/css/devices/{subchannel}'
        for path, text in ((f'{device}/driver_override', 'vfio_ccw'),
                           (f'{device}/driver/unbind', subchannel),
                           ('/sys/bus/css/drivers_probe', subchannel)):
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)


def free(subchannel=SUBCHANNEL):
    """Gives a subchannel back to the kernel's own choice of driver."""
    if LAB:
        labhost.free(subchannel)
        return
    device = f'/sys/bus/css/devices/{subchannel}'
    for path, text in ((f'{device}/driver_override', '\n'),
                       (f'{device}/driver/unbind', subchannel),
                       ('/sys/bus/css/drivers_probe', subchannel)):
        with open(path, 'w', encoding='ascii') as file:
            file.write(text)


@contextlib.contextmanager
def plugged():
    """A further device, plugged in meanwhile. Gives: its subchannel and its own bus-ID."""
    if LAB:
        with labhost.plugged('0.0.4711') as subchannel:
            yield subchannel, '0.0.4711'
        return
    ctl('add-subchannel', '0.0.0500', 'device=0.0.4711', 'cutype=3990/e9', 'devtype=3390/0c')
    try:
        yield '0.0.0500', '0.0.4711'
    finally:
        ctl('remove-subchannel', '0.0.0500')


@contextlib.contextmanager
def pulled_out():
    """Meanwhile the device of THIRD, which was there at boot, is not there."""
    if LAB:
        with labhost.pulled_out(THIRD):
            yield
        return
    ctl('set', THIRD, 'device', 'none')
    try:
        yield
    finally:
        if os.path.isdir(f'/sys/bus/css/devices/{THIRD}'):
            ctl('set', THIRD, 'device', THIRD_CCW)
        else:
            ctl('add-subchannel', THIRD, f'device={THIRD_CCW}', 'cutype=3990/e9',
                'devtype=3390/0a', 'online=1')


@contextlib.contextmanager
def mdevctl_rule():
    """Meanwhile mdevctl's udev rule starts what is to be started automatically."""
    if LAB:
        # The rule of Debian 12 calls it where it is not.
        os.symlink('/usr/bin/mdevctl', '/usr/sbin/mdevctl')
    else:
        ctl('autostart-udev', 'on')
    try:
        yield
    finally:
        if LAB:
            os.unlink('/usr/sbin/mdevctl')
        else:
            ctl('autostart-udev', 'off')


def mdev_exists(uuid=UUID, subchannel=SUBCHANNEL):
    """Whether the kernel has the mediated device, on that subchannel."""
    return os.path.isdir(f'/sys/bus/css/devices/{subchannel}/{uuid}')


def install_callout():
    """Has mdevctl call us, as after "meson install"."""
    os.makedirs(os.path.dirname(CALLOUT_LINK), exist_ok=True)
    os.symlink(CALLOUT, CALLOUT_LINK)


def empty_stores():
    """No definition, no override, nothing remembered, and mdevctl on its own."""
    if os.path.lexists(CALLOUT_LINK):
        os.unlink(CALLOUT_LINK)
    shutil.rmtree(DOMAINS, ignore_errors=True)
    shutil.rmtree(REMEMBERED, ignore_errors=True)
    for folder in (DEFINITIONS, OVERRIDES):
        os.makedirs(folder, exist_ok=True)
        # What a killed daemon was about to write, too.
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                if os.path.basename(path) != 'scripts.d':
                    shutil.rmtree(path)
            else:
                os.unlink(path)


def reset_host():
    """As after a boot of a freshly installed host, which binds what overrides say."""
    empty_stores()
    if LAB:
        labhost.reset()
    else:
        ctl('unfault')
        ctl('autostart-udev', 'off')
        ctl('reboot')
        ctl('log', 'clear')
    empty_stores()


class Virsh:
    """virsh with a connection."""

    def __init__(self, uri=None, options=(), command=('virsh',)):
        self.uri = uri
        self.options = options
        self.command = command

    @property
    def argv(self):
        """The command line of one more process."""
        return (*self.command, '-c', self.uri or client_uri(), *self.options)

    def __call__(self, *args, stdin=None):
        return run(*self.argv, *args, stdin=stdin)

    def ok(self, *args, stdin=None):
        """Must succeed. Returns: what it printed."""
        return ok(*self.argv, *args, stdin=stdin)

    def fails(self, *args, stdin=None):
        """Must fail in virsh's polite way. Returns: the messages."""
        result = self(*args, stdin=stdin)
        assert result.rc == 1, f'{args}: exit status {result.rc}: {result}'
        lines = result.err.splitlines()
        if MODULE:  # which logs where its client does
            lines = [line for line in lines if not LOGGED.match(line)]
        assert lines and all(line.startswith('error: ') for line in lines), result.err
        return result.err

    def names(self, *args):
        """What nodedev-list lists."""
        return self.ok('nodedev-list', *args).split()


class Daemon:
    """virtccwd on its usual sockets."""

    running = set()

    def __init__(self, folder, argv=(VIRTCCWD,), env=None):
        self.argv = argv
        self.env = {**os.environ, **(env or {})}
        self.log_path = os.path.join(folder, 'virtccwd.log')
        self.process = None

    def start(self, *args):
        """Starts it, and waits until it is ready."""
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen([*self.argv, *args], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env)
        self.running.add(self.process)
        wait_for(self._listens, 'virtccwd listens')

    def _listens(self):
        assert self.process.poll() is None, f'virtccwd ended: {self.log()}'
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(RW_SOCKET) == 0

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as file:
            return file.read()

    def wait_log(self, text):
        wait_for(lambda: text in self.log(), f'the log has "{text}"')

    def stop(self):
        """Ends it cleanly."""
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20 * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process = None
        assert status == 0, f'virtccwd ended with {status}: {self.log()[-4000:]}'

    def restart(self):
        self.stop()
        self.start()

    def check_log(self):
        found = FAULTS.search(self.log())
        assert not found, self.log()[max(0, found.start() - 200):][:8000]


def end_daemons():
    """Those of a test that has failed would be in the way of all others."""
    while Daemon.running:
        process = Daemon.running.pop()
        process.kill()
        process.wait()


class NoDaemon:
    """Instead of it, where the module is under test: there is none."""

    def __getattr__(self, name):
        pytest.skip(f"the module has no daemon: no '{name}'")


@contextlib.contextmanager
def background(*argv, out):
    """Runs a command meanwhile, its output going to the file."""
    with open(out, 'ab') as file:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                   env={**os.environ, 'LC_ALL': 'C'})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10 * SLOW)


def is_open_elsewhere(path):
    """Whether another process has the file open, as one that waits for a lock has."""
    for link in glob.glob('/proc/[0-9]*/fd/*'):
        with contextlib.suppress(OSError):
            if os.readlink(link) == path and not link.startswith(f'/proc/{os.getpid()}/'):
                return True
    return False


def until_heard(path, act):
    """Acts again and again, until whoever writes to the file has heard of it."""
    def has_heard():
        act()
        return os.path.getsize(path)

    wait_for(has_heard, 'events are heard')


def golden(name, text):
    """The text must be that of the file in golden/; VIRTCCW_REGENERATE=1 writes it."""
    path = os.path.join(HERE, 'golden', name)
    if os.environ.get('VIRTCCW_REGENERATE') == '1':
        write_file(path, text)
    assert text == read_file(path), f'not as in {path}'
