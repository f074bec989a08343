# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's whole life through the front: the same as without it.

Stock libvirtd runs a guest for s390x under QEMU's own emulation, which only waits. What is
compared is what virsh prints, for a guest that lives twice: once without the front, and once
with it.
"""

import os
import pty
import re
import shutil
import subprocess

import libvirt
import pytest

import frontlib
import hostlib
import sidelib
from frontlib import EMULATOR, FRONT, KERNEL, STOCK
from hostlib import Virsh, background, run, until_heard, wait_for, write_file

GUEST = 'front-guest'
pytestmark = frontlib.needs_guests
XML = f'''<domain type='qemu'>
  <name>{GUEST}</name>
  <uuid>c4f61f0d-1df3-4d6e-9c3b-5d8a2f0d9b11</uuid>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type><kernel>{{kernel}}</kernel></os>
  <devices>
    <emulator>{EMULATOR}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{{disk}}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <console type='pty'><target type='sclp' port='0'/></console>
    <video><model type='virtio'/></video>
    <graphics type='vnc' autoport='yes'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
'''
DISK = '''<disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='{second}'/><target dev='vdb' bus='virtio'/></disk>'''
HOSTDEV = '''<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>
<source><address uuid='18e124fb-b2fc-47f6-a407-f256b6c49767'/></source></hostdev>'''

# The guest's life. A word "!" runs what follows without virsh.
LIFE = [line.split() for line in '''
define {xml}
list --all
dominfo {guest}
domuuid {guest}
domstate {guest} --reason
dumpxml {guest}
domblklist {guest}
edit {guest}
dumpxml {guest}
desc {guest} --new-desc text
desc {guest}
metadata {guest} http://example.org/ns --key k --set <a/>
metadata {guest} http://example.org/ns
setmem {guest} 65536 --config
vcpucount {guest}
autostart {guest}
autostart {guest} --disable
domxml-to-native qemu-argv --domain {guest}
attach-device {guest} {second} --config
detach-device {guest} {second} --config
snapshot-list {guest}
start {guest} --paused
domid {guest}
domstate {guest} --reason
start {guest}
domblkinfo {guest} vda
domblkstat {guest} vda
domiflist {guest}
vcpuinfo {guest}
domdisplay {guest}
vncdisplay {guest}
ttyconsole {guest}
qemu-monitor-command {guest} {{"execute":"query-status"}}
qemu-monitor-command {guest} --hmp info~status
resume {guest}
domtime {guest}
domcontrol {guest}
domjobinfo {guest}
suspend {guest}
screenshot {guest} {shot}
attach-device {guest} {second} --live
domblklist {guest}
detach-device {guest} {second} --live
attach-device {guest} {hostdev} --live
blockcopy {guest} vda {copy} --wait --transient-job --finish
blockjob {guest} vda --info
snapshot-create-as {guest} s1
snapshot-list {guest}
snapshot-dumpxml {guest} s1
snapshot-revert {guest} s1
snapshot-delete {guest} s1
dump {guest} {dump} --memory-only
save {guest} {save}
list --all
restore {save} --paused
managedsave {guest}
dominfo {guest}
start {guest} --paused
domrename {guest} other
reset {guest}
inject-nmi {guest}
destroy {guest}
domstate {guest} --reason
domrename {guest} {guest}2
domrename {guest}2 {guest}
undefine {guest}
dumpxml {guest}
'''.strip().splitlines()]
CHANGES = re.compile(
    r"(?m)^Id:.*|^ [0-9]+ +|id='\d+'|/dev/pts/\d+|^ *[0-9.]+ [kKMG]iB.*|Time.*|time.*|"
    r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*|domain-\d+-|"id":"libvirt-\d+"|creationTime>.*|'
    r'Block Copy: \[.*|<creation.*|(?<=seclabel)|wr_.*|rd_.*|flush_.*|^Screenshot saved.*|^\d+$|'
    r'Allocation:.*|Physical:.*|s1 +.*|CPU [tT]ime.*|^CPU: .*|<parent>.*')


@pytest.fixture(name='stock')
def _stock(fresh_host, tmp_path):
    with frontlib.stock_with_guests(tmp_path, GUEST) as stock:
        yield stock


@pytest.fixture(name='front')
def _front(stock, tmp_path):
    with frontlib.running(tmp_path) as server:
        yield server


def places(folder):
    """What the commands name: files, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    names = {name: f'{folder}/{name}' for name in ('disk', 'copy', 'save', 'dump', 'shot')}
    names.update(xml=f'{folder}/xml.xml', second=f'{folder}/second.xml', guest=GUEST,
                 hostdev=f'{folder}/hostdev.xml')
    hostlib.ok('qemu-img', 'create', '-q', '-f', 'qcow2', names['disk'], '16M')
    hostlib.ok('qemu-img', 'create', '-q', '-f', 'raw', f'{folder}/second.raw', '1M')
    with open(f'{folder}/kernel', 'wb') as file:
        file.write(KERNEL)
    write_file(names['xml'], XML.format(disk=names['disk'], kernel=f'{folder}/kernel'))
    write_file(names['second'], DISK.format(second=f'{folder}/second.raw'))
    write_file(names['hostdev'], HOSTDEV)
    write_file(f'{folder}/editor', '#!/bin/sh\nsed -i "s/<vcpu.*1</<vcpu>2</" "$1"\n')
    os.chmod(f'{folder}/editor', 0o755)
    return names


def live(uri, folder):
    """A guest's life. Returns: what each command printed, without what always differs."""
    names = places(folder)
    virsh, told = Virsh(uri), []
    os.environ['EDITOR'] = f'{folder}/editor'
    for words in LIFE:
        result = virsh(*[word.format(**names).replace('~', ' ') for word in words])
        text = CHANGES.sub('~', f'{result.out}\n{result.err}')
        told.append((result.rc, text.replace(f'?socket={sidelib.SOCKET}', '')))
    return told


def test_whole_life(stock, front, tmp_path):
    assert len(LIFE) >= 60
    direct = live(STOCK, tmp_path / 'life')
    relayed = live(FRONT, tmp_path / 'life')
    bad = [(words, text) for words, (rc, text) in zip(LIFE, direct) if rc]
    assert len(LIFE) - len(bad) >= 50, bad
    for words, one, other in zip(LIFE, direct, relayed):
        assert other == one, f'{words}: {one!r} became {other!r}'


def ends_by_key(console, terminal):
    os.write(terminal, b'\x1d')
    try:
        console.wait(0.5)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_console(stock, front, tmp_path):
    """A stream in both directions, ended by the one who watches."""
    names = places(tmp_path / 'guest')
    virsh = Virsh(FRONT)
    virsh.ok('define', names['xml'])
    virsh.ok('start', GUEST, '--paused')
    ours, theirs = pty.openpty()
    console = subprocess.Popen(['virsh', '-c', FRONT, 'console', GUEST], stdin=theirs,
                               stdout=theirs, stderr=theirs)
    try:
        seen = b''
        while b'Escape character' not in seen:
            seen += os.read(ours, 1000)
        # What is typed before virsh has the terminal for itself is thrown away.
        wait_for(lambda: ends_by_key(console, ours), 'the key ends the console')
        assert console.returncode == 0
    finally:
        console.kill()
        console.wait()
    assert b'Connected to domain' in seen
    virsh.ok('destroy', GUEST)
    virsh.ok('undefine', GUEST)


def test_events_of_a_guest(stock, front, tmp_path):
    names = places(tmp_path / 'guest')
    other = tmp_path / 'other.xml'
    other.write_text("<domain type='qemu'><name>other</name><memory>1024</memory><os>"
                     "<type arch='s390x'>hvm</type></os></domain>")
    told = []
    for uri in (STOCK, FRONT):
        out = tmp_path / f'events-{len(told)}'
        with background('virsh', '-c', uri, 'event', '--all', '--loop', '--timeout', '60', out=out):
            virsh = Virsh(uri)
            until_heard(out, lambda: virsh.ok('define', str(other)) and virsh.ok('undefine', 'other'))
            virsh.ok('define', names['xml'])
            virsh.ok('start', GUEST, '--paused')
            virsh.ok('resume', GUEST)
            virsh.ok('destroy', GUEST)
            virsh.ok('undefine', GUEST)
            wait_for(lambda out=out: re.search(f"'{GUEST}'.*Undefined", out.read_text()),
                     'the last event')
        # That QEMU shuts down libvirtd tells only if it reads it before it ends it.
        told.append(''.join(line for line in out.read_text().splitlines(True)
                            if "'other'" not in line and 'Shutdown' not in line))
    assert told[0].replace(f'?socket={sidelib.SOCKET}', '') == told[1]
    assert told[1].count("event 'lifecycle'") >= 5


def test_guest_survives_the_front(stock, front, tmp_path):
    """virtccwd comes and goes; the guest does not notice."""
    names = places(tmp_path / 'guest')
    Virsh(FRONT).ok('define', names['xml'])
    Virsh(FRONT).ok('start', GUEST, '--paused')
    front.process.kill()
    front.process.wait()
    assert Virsh(STOCK).ok('domstate', GUEST).strip() == 'paused'
    front.start('--config', str(tmp_path / 'virtccwd.conf'))
    assert Virsh(FRONT).ok('domstate', GUEST).strip() == 'paused'
    Virsh(FRONT).ok('destroy', GUEST)
    Virsh(FRONT).ok('undefine', GUEST)


def test_long_job_beside_other_calls(stock, front, tmp_path):
    """While one call takes long, others of the same connection are answered."""
    names = places(tmp_path / 'guest')
    Virsh(FRONT).ok('define', names['xml'])
    Virsh(FRONT).ok('start', GUEST)
    connection = libvirt.open(FRONT)
    domain = connection.lookupByName(GUEST)
    assert domain.blockStats('vda')
    assert run('virsh', '-c', FRONT, 'dump', GUEST, names['dump'], '--memory-only',
               timeout=60).rc == 0
    assert domain.isActive()
    connection.close()
    Virsh(FRONT).ok('destroy', GUEST)
    Virsh(FRONT).ok('undefine', GUEST)
