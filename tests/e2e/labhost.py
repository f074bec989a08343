# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab's machine (tools/lab): a real kernel, put back as it was before each test.

QEMU's monitor is reached from inside, so that a test can pull a device out.
"""

import contextlib
import glob
import json
import os
import select
import time

import pytest

SYS = '/sys/bus/css'
MONITOR = '/dev/virtio-ports/monitor'
# How long QEMU may take for an answer, in seconds: it may have to wait for the processors, too.
ANSWER = 120


def _write(path, text):
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)


def _read(path):
    with open(path, encoding='ascii') as file:
        return file.read().strip()


def _wait(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f'after {seconds} s still not so: {what}'
        time.sleep(0.02)


def _names(prefix, folder):
    return sorted(f'{prefix}_' + os.path.basename(path).replace('.', '_')
                  for path in glob.glob(f'{folder}/devices/*.*.*'))


def subchannels():
    """The names of all subchannels: this machine has I/O subchannels only."""
    return _names('css', SYS)


def devices():
    """The names of all ccw devices."""
    return _names('ccw', '/sys/bus/ccw')


def driver(subchannel):
    """The driver that a subchannel is bound to, or None."""
    try:
        return os.path.basename(os.readlink(f'{SYS}/devices/{subchannel}/driver'))
    except FileNotFoundError:
        return None


def is_ready(subchannel):
    """Whether it has its device again, and nothing more will happen to that by itself.

    virtio_ccw sets its devices online in the background. It must not be unbound meanwhile:
    Linux 6.1 goes on with the subchannel, which is another driver's by then, and writes into
    memory of vfio_ccw (see docs/lab.md).
    """
    for path in glob.glob(f'{SYS}/devices/{subchannel}/[0-9]*.[0-9]*.*'):
        with contextlib.suppress(FileNotFoundError):
            if _read(f'{path}/cutype').startswith('3832/'):
                return _read(f'{path}/online') == '1'
            return True
    with contextlib.suppress(FileNotFoundError):
        # One whose device was pulled out may stay, and has nothing to wait for.
        return _read(f'{SYS}/devices/{subchannel}/dev_busid') == 'none'
    return False


def free(subchannel):
    """Gives a subchannel back to the kernel's own choice of driver."""
    device = f'{SYS}/devices/{subchannel}'
    if _read(f'{device}/driver_override') != '(null)':
        _write(f'{device}/driver_override', '\n')
    if driver(subchannel) != 'io_subchannel':
        if driver(subchannel):
            _write(f'{device}/driver/unbind', subchannel)
        _write(f'{SYS}/drivers_probe', subchannel)
    _wait(lambda: is_ready(subchannel), f'{subchannel} has its device again')


def reset():
    """No mediated devices, each subchannel at its own driver."""
    for path in glob.glob('/sys/bus/mdev/devices/*/remove'):
        _write(path, '1')
    for path in glob.glob(f'{SYS}/devices/0.*'):
        if _read(f'{path}/type') == '0':
            free(os.path.basename(path))


def only_simulated(verb):
    """Ends a test that needs what a real kernel does not do when told to."""
    pytest.skip(f"only the simulator can do '{verb}'")


# What QEMU can pull out and put back, and how.
PLUGGED = {'0.0.0007': {'driver': 'virtio-rng-ccw', 'id': 'rng2b09', 'devno': 'fe.0.2b09'}}


@contextlib.contextmanager
def pulled_out(subchannel):
    """A device that was there at boot is not there meanwhile."""
    with contextlib.closing(monitor()) as qemu:
        qemu.command('device_del', id=PLUGGED[subchannel]['id'])
        try:
            yield
        finally:
            qemu.command('device_add', **PLUGGED[subchannel])
    _wait(lambda: is_ready(subchannel), f'{subchannel} has its device again')


@contextlib.contextmanager
def plugged(device):
    """A device that was not there before is there meanwhile. Gives: its subchannel."""
    path = f'{SYS}/devices/*/{device}'
    with contextlib.closing(monitor()) as qemu:
        qemu.command('device_add', driver='virtio-net-ccw', id='extra',
                     devno=device.replace('0', 'fe', 1))
        try:
            _wait(lambda: glob.glob(path), f'{device} is there')
            subchannel = os.path.basename(os.path.dirname(glob.glob(path)[0]))
            _wait(lambda: is_ready(subchannel), f'{device} is ready')
            yield subchannel
        finally:
            qemu.command('device_del', id='extra')
    _wait(lambda: not glob.glob(path), f'{device} is gone')
    # The subchannel mostly goes too, but now and then stays until the kernel looks again.
    if os.path.exists(f'{SYS}/devices/{subchannel}'):
        _write('/sys/devices/css0/rescan', '1')
    _wait(lambda: not os.path.exists(f'{SYS}/devices/{subchannel}'), f'{subchannel} is gone')


def monitor():
    """QEMU's monitor; ends a test on a machine that has none."""
    if not os.path.exists(MONITOR):
        pytest.skip('this machine cannot be told to pull devices out')
    return Monitor()


class Monitor:
    """QEMU's monitor, in its JSON."""

    def __init__(self):
        self.file = open(MONITOR, 'r+b', buffering=0)
        self.rest = b''
        # The first one to come must say this, and nobody may say it again.
        self.command('qmp_capabilities', may_fail=True)

    def _some(self, deadline):
        left = max(deadline - time.monotonic(), 0)
        if not select.select([self.file], [], [], left)[0]:
            raise TimeoutError(f"QEMU's monitor has not answered within {ANSWER} s")
        some = self.file.read(4096)
        if not some:
            raise EOFError("nobody is at the other end of QEMU's monitor")
        return some

    def _line(self):
        deadline = time.monotonic() + ANSWER
        while b'\n' not in self.rest:
            self.rest += self._some(deadline)
        line, self.rest = self.rest.split(b'\n', 1)
        return json.loads(line)

    def command(self, name, may_fail=False, **arguments):
        """Runs a command. Returns: its answer; events and the greeting are skipped."""
        text = json.dumps({'execute': name, 'arguments': arguments})
        self.file.write(text.encode() + b'\n')
        while True:
            answer = self._line()
            assert may_fail or 'error' not in answer, answer
            if 'return' in answer or 'error' in answer:
                return answer.get('return')

    def close(self):
        self.file.close()
