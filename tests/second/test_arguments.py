# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU starts with our arguments for a guest that has a mediated device of vfio_ccw."""

import itertools
import json
import shlex
import socket
import subprocess
import time

from hostlib import UUID, ok, read_file, write_file
from test_guest import start

ARGUMENTS = '/mnt/build/tests/load/guest-arguments'
PATIENCE = 300

# The processors stand still (-S): what is looked at is there before the first instruction.
DOCUMENT = '''<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>second</name>
  <memory unit='MiB'>128</memory>
  <os>
    <type arch='s390x' machine='s390-ccw-virtio'>hvm</type>
  </os>
  <devices>
    <emulator>/usr/bin/qemu-system-s390x</emulator>
    <hostdev mode='subsystem' type='mdev' model='vfio-ccw'>
      <source>
        <address uuid='{uuid}'/>
      </source>
      <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/>
    </hostdev>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-S'/>
    <qemu:arg value='-qmp'/>
    <qemu:arg value='unix:{socket},server=on,wait=off'/>
  </qemu:commandline>
</domain>
'''


def ask(path, process, log, *commands):
    """Says each QMP command to QEMU. Returns: the last answer."""
    deadline = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_UNIX) as connection:
        while connection.connect_ex(path):
            assert process.poll() is None, f'QEMU ended: {read_file(log)}'
            assert time.monotonic() < deadline, f'QEMU does not answer: {read_file(log)}'
            time.sleep(0.2)
        connection.settimeout(PATIENCE)
        stream = connection.makefile('rw', encoding='utf-8')
        json.loads(stream.readline())
        for command in commands:
            stream.write(json.dumps(command) + '\n')
            stream.flush()
            while 'return' not in (answer := json.loads(stream.readline())):
                assert 'error' not in answer, answer
    return answer['return']


def of_device(tree, name):
    """The lines of one device in what "info qtree" prints."""
    lines = [line.strip() for line in tree.splitlines()]
    assert f'dev: {name}' in lines, tree
    rest = lines[lines.index(f'dev: {name}') + 1:]
    return list(itertools.takewhile(lambda line: not line.startswith(('dev: ', 'bus: ')), rest))


def test_qtree_has_the_device(virsh, document, tmp_path):
    start(virsh, document)
    path, log = str(tmp_path / 'qmp'), str(tmp_path / 'log')
    write_file(str(tmp_path / 'guest.xml'), DOCUMENT.format(uuid=UUID, socket=path))
    kind, native = ok(ARGUMENTS, str(tmp_path / 'guest.xml'), timeout=PATIENCE).split('\t', 1)
    assert kind == 'ok', native
    with open(log, 'wb') as file:
        process = subprocess.Popen(shlex.split(native), stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file)
    try:
        tree = ask(path, process, log, {'execute': 'qmp_capabilities'},
                   {'execute': 'human-monitor-command',
                    'arguments': {'command-line': 'info qtree'}})
    finally:
        process.kill()
        process.wait()
    properties = of_device(tree, 'vfio-ccw, id "hostdev0"')
    print('\n'.join(properties))
    assert 'devno = "fe.0.1234"' in properties
    assert any(line.startswith('sysfsdev = ') and UUID in line for line in properties)
