# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt_driver_ccw.so under valgrind."""

import shutil
import sys
import xml.etree.ElementTree

import pytest

from domainlib import domain_xml
from hostlib import CSS, bind_vfio, mdev_name, mdev_xml, ok
from test_module import MODULE_FILE, pytestmark, root, uri  # noqa: F401

MDEV = mdev_name()

# What a script does, in several threads: everything once that the module has.
SCRIPT = """
import libvirt, sys, threading
libvirt.registerErrorHandler(lambda *_: None, None)
libvirt.virEventRegisterDefaultImpl()
stop = threading.Event()
def loop():
    while not stop.is_set():
        libvirt.virEventRunDefaultImpl()
timer = libvirt.virEventAddTimeout(20, lambda *_: None, None)
events = threading.Thread(target=loop)
events.start()
heard = []
shared = libvirt.open(sys.argv[1])
def work(number):
    connection = libvirt.open(sys.argv[1]) if number % 2 else shared
    ids = [connection.nodeDeviceEventRegisterAny(None, kind, lambda *a: heard.append(a[1].name()),
                                                 None) for kind in (0, 1)]
    guests = [connection.domainEventRegisterAny(None, kind, lambda *a: heard.append(a[1].name()),
                                                None) for kind in (0, 23)]
    xml = sys.argv[2].replace('NUMBER', '%012x' % number)
    node = connection.nodeDeviceDefineXML(xml)
    node.setAutostart(1)
    node.XMLDesc(), node.parent(), node.listCaps(), node.autostart(), node.isActive()
    connection.listAllDevices(), connection.listDevices('css'), connection.getCapabilities()
    connection.getType(), connection.getHostname(), connection.getVersion()
    for bad in (lambda: connection.nodeDeviceLookupByName('nothing'), node.create,
                lambda: connection.nodeDeviceCreateXML('<device'),
                lambda: libvirt.open(sys.argv[1] + '&etc=/etc'),
                lambda: libvirt.open('ccw:///embed?root=/proc/none')):
        try:
            bad()
        except libvirt.libvirtError:
            pass
        else:
            raise AssertionError('it should fail')
    node.undefine()
    domain = connection.defineXML(sys.argv[3].replace('NUMBER', '%012x' % number))
    domain.XMLDesc(), domain.info(), domain.state(), domain.isPersistent()
    domain.setMetadata(2, '<a/>', 'k', 'http://example.org/x', 2)
    domain.metadata(2, 'http://example.org/x')
    connection.listAllDomains(), connection.listDefinedDomains()
    domain.undefine()
    del node, domain
    for callback in ids:
        connection.nodeDeviceEventDeregisterAny(callback)
    for callback in guests:
        connection.domainEventDeregisterAny(callback)
    if number % 2:
        connection.close()
threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
shared.close()
stop.set()
events.join()
libvirt.virEventRemoveTimeout(timer)
print('done', any('guest' in name for name in heard), any('mdev' in name for name in heard))
"""


def ours(path):
    """What valgrind has found that has a function of the module in its stack."""
    errors = xml.etree.ElementTree.parse(path).getroot().findall('error')
    found = [error for error in errors if any(
        (frame.findtext('obj') or '').endswith(MODULE_FILE) for frame in error.iter('frame'))]
    # What stays reachable is not lost: the tables, which libvirt keeps for good. Nor is
    # what GLib counts references of, by pointers behind the count: what QEMU can do.
    return [xml.etree.ElementTree.tostring(error, encoding='unicode') for error in found
            if error.findtext('kind') not in ('Leak_StillReachable', 'Leak_PossiblyLost')]


@pytest.mark.skipif(shutil.which('valgrind') is None, reason='valgrind is not installed')
@pytest.mark.parametrize('client', ['virsh', 'python'])
def test_valgrind(root, tmp_path, document, client):
    """No error and no leak that comes by a function of the module."""
    address, report = uri(root), str(tmp_path / 'valgrind.xml')
    argv = ['valgrind', '--quiet', '--leak-check=full', '--show-leak-kinds=definite,possible',
            '--num-callers=40', '--xml=yes', f'--xml-file={report}']
    if client == 'virsh':
        bind_vfio()
        path = document(mdev_xml())
        out = ok(*argv, 'virsh', '-c', address,
                 f'nodedev-list --tree; nodedev-define {path}; nodedev-autostart {MDEV}; '
                 f'nodedev-start {MDEV}; nodedev-info {MDEV}; nodedev-dumpxml {MDEV}; '
                 f'nodedev-destroy {MDEV}; nodedev-undefine {MDEV}; version; uri; '
                 'nodedev-event --event lifecycle --timeout 1; nodedev-list --cap css',
                 timeout=300)
        assert f'Device {MDEV} started' in out and CSS in out
    else:
        text = mdev_xml('00000000-0000-4000-8000-NUMBER', '0.0.0abc')
        guest = domain_xml(name='guest-NUMBER', uuid='00000000-0000-4000-8000-NUMBER')
        assert ok(*argv, sys.executable, '-c', SCRIPT, address, text, guest, timeout=500,
                  env={'PYTHONMALLOC': 'malloc'}) == 'done True True\n'
    assert not ours(report), '\n'.join(ours(report))[:5000]
