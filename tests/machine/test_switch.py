# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccw-front switches a running host over and back, under the real systemd.

No guest is lost, and no client for longer than it takes to connect anew.
"""

import json
import os
import pathlib
import subprocess
import time

from machine import Machine

QEMU = 'qemu:///system'
GAP = 15  # seconds in which a client may fail to connect anew, on a very busy machine
# It loads a PSW that waits for an interrupt that never comes.
KERNEL = bytes.fromhex('0008000080000010' '0000000000000000' 'b2b2002000000000'
                       '0000000000000000' '0102000180000000' '0000000000000000')
XML = '''<domain type='qemu'><name>guest</name><memory unit='MiB'>128</memory>
<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type><kernel>/tmp/kernel</kernel></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator><video><model type='none'/></video></devices>
</domain>'''
# Connects anew for each call, and holds one connection until it is lost, for as long as its
# input lasts. Tells the longest time without an answer.
CLIENT = '''
import json, select, sys, time
import libvirt
libvirt.registerErrorHandler(lambda *_: None, None)
uri, held, last, gap, rounds, losses = sys.argv[1], None, time.monotonic(), 0, 0, 0
while not select.select([sys.stdin], [], [], 0.02)[0]:
    try:
        fresh = libvirt.open(uri)
        assert fresh.getLibVersion()
        fresh.close()
        held = held or libvirt.open(uri)
        assert held.getLibVersion()
    except libvirt.libvirtError:
        losses += held is not None
        held = None
        continue
    now = time.monotonic()
    gap, last, rounds = max(gap, now - last), now, rounds + 1
print(json.dumps({'gap': max(gap, time.monotonic() - last), 'rounds': rounds, 'losses': losses}))
'''


class Clients:
    """Clients of some URIs, which ask all the time."""

    def __init__(self, machine, *uris):
        self.processes = {uri: subprocess.Popen(
            machine.inside('python3', '-c', CLIENT, uri), text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) for uri in uris}

    def end(self):
        """Returns: what each URI's client saw."""
        told = {uri: json.loads(process.communicate('end\n', timeout=60)[0])
                for uri, process in self.processes.items()}
        print(told)
        return told


def qemu_of(machine):
    """The guest's process, which must be the same all the time, and run."""
    number = machine.ok('cat', '/run/libvirt/qemu/guest.pid').strip()
    assert 'qemu-system-s390x' in machine.ok('cat', f'/proc/{number}/cmdline')
    return number


def start_guest(machine):
    machine.write('/tmp/kernel', KERNEL)
    machine.write('/tmp/guest.xml', XML)
    machine.ok('virsh', '-c', QEMU, 'define', '/tmp/guest.xml')
    machine.ok('virsh', '-c', QEMU, 'start', 'guest')
    return qemu_of(machine)


def answers(machine, is_front):
    """Who answers qemu:///system: only virtccwd knows this word for "not ours"."""
    assert ('on: ' if is_front else 'off: ') in machine.ok('virtccw-front', 'status')
    listening = machine.ok('systemctl', 'is-active', 'virtccwd-qemu.socket') if is_front else \
        machine.run('systemctl', 'is-active', 'virtccwd-qemu.socket').stdout
    assert listening.strip() == ('active' if is_front else 'inactive')
    assert machine.ok('virsh', '-c', QEMU, 'domstate', 'guest').strip() == 'running'
    assert 'computer' in machine.ok('virsh', '-c', QEMU, 'nodedev-list')
    assert machine.ok('virsh', '-c', 'ccw:///system', 'uri').strip() == 'ccw:///system'


def has_access_control(machine):
    """What the stock daemon's file says holds for virtccwd, too: an option tells it which."""
    process = machine.ok('systemctl', 'show', '-P', 'MainPID', 'virtccwd.service').strip()
    options = machine.ok('cat', f'/proc/{process}/cmdline').split('\0')
    name = machine.stock.removesuffix('.service')
    return options[options.index('--stock-config') + 1] == f'/etc/libvirt/{name}.conf'


def rights(machine, *sockets):
    paths = [f'/run/libvirt/{name}' for name in sockets]
    return machine.ok('stat', '-c', '%a %u %g', *paths).split('\n')[:-1]


def keeps_rights(machine):
    """Who may not come in at the stock daemon's sockets may not at ours."""
    daemon = 'libvirt' if machine.stock == 'libvirtd.service' else 'virtqemud'
    before = '660 0 1', '664 0 1'
    for ro, (mode, *owner) in zip(('', '-ro'), map(str.split, before)):
        machine.ok('chmod', mode, f'/run/libvirt/{daemon}-sock{ro}')
        machine.ok('chown', ':'.join(owner), f'/run/libvirt/{daemon}-sock{ro}')
    machine.ok('virtccw-front', 'on')
    assert tuple(rights(machine, 'virtqemud-sock', 'virtqemud-sock-ro')) == before
    machine.ok('virtccw-front', 'off')


def switch(machine):
    process = start_guest(machine)
    machine.ok('systemctl', 'start', 'virtccwd.socket', 'virtccwd-ro.socket')
    answers(machine, False)
    keeps_rights(machine)
    for _ in range(2):
        for word in ('on', 'off'):
            clients = Clients(machine, QEMU, 'ccw:///system')
            time.sleep(2)
            begin = time.monotonic()
            machine.ok('virtccw-front', word)
            print(f'{word}: {time.monotonic() - begin:.1f} s', end=' ')
            answers(machine, word == 'on')
            assert word == 'off' or has_access_control(machine)
            time.sleep(2)
            for seen in clients.end().values():
                assert seen['gap'] < GAP and seen['rounds'] > 10 and seen['losses'] <= 2
            assert qemu_of(machine) == process
    machine.ok('virtccw-front', 'on')
    for unit in ('virtccwd.service', machine.stock):
        machine.ok('systemctl', 'restart', unit)
        answers(machine, True)
        assert qemu_of(machine) == process
    machine.ok('virsh', '-c', QEMU, 'destroy', 'guest')
    machine.ok('virtccw-front', 'off')
    assert not machine.run('sh', '-c', 'ls -d /etc/systemd/system/virt*.d').stdout
    log = machine.ok('journalctl', '--no-pager', '-u', 'virtccwd')
    assert 'CRITICAL' not in log and 'Failed' not in log, log


def test_monolithic(tmp_path):
    with Machine('machine', tmp_path) as machine:
        machine.stock = 'libvirtd.service'
        switch(machine)


# No Debian has virtqemud. libvirtd itself stands for it, started by units like upstream's, for
# what is tested is which sockets there are when; unless VIRTCCW_MODULAR names a folder with the
# real daemons and their units.
UNITS = {
    'virtqemud.socket': '''[Unit]
Before=virtqemud.service
[Socket]
ListenStream=/run/libvirt/virtqemud-sock
FileDescriptorName=libvirtd.socket
SocketMode=0666
RemoveOnStop=yes
[Install]
WantedBy=sockets.target
''',
    'virtqemud-ro.socket': '''[Unit]
Before=virtqemud.service
BindsTo=virtqemud.socket
After=virtqemud.socket
[Socket]
ListenStream=/run/libvirt/virtqemud-sock-ro
FileDescriptorName=libvirtd-ro.socket
Service=virtqemud.service
SocketMode=0666
RemoveOnStop=yes
[Install]
WantedBy=sockets.target
''',
    'virtqemud.service': '''[Unit]
Requires=virtqemud.socket virtqemud-ro.socket
After=virtqemud.socket virtqemud-ro.socket
[Service]
Type=notify
ExecStart=/usr/sbin/libvirtd --timeout 120
KillMode=process
[Install]
Also=virtqemud.socket virtqemud-ro.socket
''',
}


REAL = os.environ.get('VIRTCCW_MODULAR')  # a folder with the real ones, and their units


def install_real(machine):
    for path in sorted(pathlib.Path(REAL).iterdir()):
        place = '/etc/systemd/system' if path.suffix else '/usr/sbin'
        machine.write(f'{place}/{path.name}', path.read_bytes())
        machine.ok('chmod', '644' if path.suffix else '755', f'{place}/{path.name}')


def test_modular(tmp_path):
    sockets = [f'{daemon}{ro}.socket' for daemon in ('virtqemud', 'virtnodedevd')
               for ro in ('', '-ro')] if REAL else ['virtqemud.socket', 'virtqemud-ro.socket']
    with Machine('machine', tmp_path) as machine:
        machine.stock = 'virtqemud.service'
        machine.ok('systemctl', 'disable', '--now', 'libvirtd.service', 'libvirtd.socket',
                   'libvirtd-ro.socket', 'libvirtd-admin.socket')
        if REAL:
            install_real(machine)
        for name, text in UNITS.items() if not REAL else ():
            machine.write(f'/etc/systemd/system/{name}', text)
        machine.ok('systemctl', 'daemon-reload')
        machine.ok('systemctl', 'enable', '--now', *sockets)
        switch(machine)
        assert REAL is None or 'virtqemud' in machine.ok('systemctl', 'list-units', '--all')
        assert machine.ok('sh', '-c', 'ls /run/libvirt | grep stock || true') == ''
