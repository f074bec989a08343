# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests as QEMU's arguments: stock libvirtd 9.0.0's and ours, for the same documents.

The same vfio-ccw arguments and the same guest addresses of all ccw devices, or a refusal on
both sides with the same virErrorNumber. EXCEPTIONS has every kind of document on which we
answer otherwise, CODES every kind of refusal for which we have another number, and why.
"""

import glob
import json
import os
import random
import re
import shlex
import shutil

import libvirt
import pytest

import sidelib
from hostlib import BUILD, LAB, SOURCE, Virsh, ok, read_file

QEMU = '/usr/bin/qemu-system-s390x'
ARGUMENTS = os.path.join(BUILD, 'tests/load/guest-arguments')
STOCK_URI = f'qemu:///system?socket={sidelib.SOCKET}'

pytestmark = [
    pytest.mark.skipif(LAB, reason='needs stock libvirtd and the build folder'),
    pytest.mark.skipif(not sidelib.available() or not os.path.exists(QEMU),
                       reason='libvirtd or qemu-system-s390x is not installed')]

# Kinds of documents that stock libvirt takes and we refuse, or the other way round.
EXCEPTIONS = {
    'cssid-not-fe': 'stock accepts an address that no guest ever sees',
    'display-on': 'stock passes display and ramfb on, and QEMU refuses them when the guest starts',
    '3270': "stock has no 3270 terminals; QEMU's comes as <serial> here",
    'iommufd': 'stock 9.0.0 does not know the element, and leaves it out; QEMU 7.2 has none',
    'interface-address': "stock's conversion forgets a network device's address, and gives it "
                         'another one after all other devices have theirs',
    'graphics-two': 'stock has one VNC server for a guest, QEMU as many as are asked for',
    'cpu-of-host': 'stock compares the CPU model with the host, which here is no mainframe',
    'not-translated': 'stock translates it, leaves it to its daemon at run time, or drops it; '
                      'what no argument of ours would come of is refused',
    'alias': 'stock leaves out an alias that cannot be the name of a device',
    'other-host': 'without arch= or machine=, stock takes those of a host that is no mainframe',
    'doctype': 'stock accepts a DOCTYPE',
    'managed': 'stock reads any managed= but yes as no',
}

# Refused by both, by another number: (stock's, ours).
XML, CONFIG = libvirt.VIR_ERR_XML_ERROR, libvirt.VIR_ERR_CONFIG_UNSUPPORTED
CODES = {
    (libvirt.VIR_ERR_INTERNAL_ERROR, XML): 'faults of a document, which ours call XML_ERROR',
    (libvirt.VIR_ERR_INTERNAL_ERROR, CONFIG): 'what the host or the document cannot have',
    (libvirt.VIR_ERR_NO_NAME, XML): 'no <name>, or no <domain>',
    (libvirt.VIR_ERR_NO_TARGET, CONFIG): 'a disk without target',
    (libvirt.VIR_ERR_INVALID_ARG, XML): 'the unit of memory',
    (libvirt.VIR_ERR_SYSTEM_ERROR, CONFIG): 'a PCI device that this host has not',
    (libvirt.VIR_ERR_NO_SUPPORT, CONFIG): 'a CPU model that there is not',
    (XML, CONFIG): 'a value or combination that stock does not know, and we do not translate',
}

# VccwError to virErrorNumber, as src/driver/virerror.c has it.
NUMBERS = {1: libvirt.VIR_ERR_INVALID_ARG, 2: libvirt.VIR_ERR_XML_DETAIL, 3: XML,
           5: libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, 8: CONFIG}


def uuid_of(number):
    return f'{number:08x}-e163-4922-af60-757fc8ed48c6'


def address(devno, cssid='0xfe', ssid='0x0'):
    return f"<address type='ccw' cssid='{cssid}' ssid='{ssid}' devno='{devno}'/>"


def hostdev(number, inside='', attributes=''):
    return (f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw'{attributes}><source>"
            f"<address uuid='{uuid_of(number)}'/></source>{inside}</hostdev>")


def disk(number, inside='', prefix='vd', bus='virtio'):
    name = chr(ord('a') + number % 26)
    return (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
            f"<source file='/images/{number}'/><target dev='{prefix}{name}' bus='{bus}'/>"
            f'{inside}</disk>')


def interface(number, inside=''):
    return (f"<interface type='bridge'><mac address='52:54:00:00:00:{number:02x}'/>"
            f"<source bridge='virbr0'/><model type='virtio'/>{inside}</interface>")


def rng(_, inside=''):
    return f"<rng model='virtio'><backend model='random'>/dev/urandom</backend>{inside}</rng>"


def serial_controller(number, inside=''):
    return f"<controller type='virtio-serial' index='{number}'>{inside}</controller>"


def scsi_controller(number, inside=''):
    return f"<controller type='scsi' index='{number}' model='virtio-scsi'>{inside}</controller>"


def balloon(_, inside=''):
    return f"<memballoon model='virtio'>{inside}</memballoon>"


def domain(devices, before=''):
    return (f"<domain type='qemu'><name>guest</name><uuid>{uuid_of(1)}</uuid>"
            "<memory unit='MiB'>512</memory><os><type arch='s390x' machine='s390-ccw-virtio'>hvm"
            f'</type>{before}</os><devices><emulator>{QEMU}</emulator>'
            + ''.join(devices) + '</devices></domain>')


def any_guest(rand):
    """Devices of all kinds in any order; some addresses are given, with gaps."""
    used = set()
    makers = [(hostdev, 12), (disk, 8), (interface, 4), (rng, 2), (serial_controller, 2),
              (scsi_controller, 2)]
    devices = []
    for maker, most in makers:
        for number in range(rand.randint(0, most)):
            inside = ''
            if maker is not interface and rand.random() < 0.3:
                devno = rand.choice([rand.randrange(0, 24), rand.randrange(0, 0x10000)])
                ssid = rand.choice([0, 0, 0, 1, 3])
                if (ssid, devno) not in used:
                    used.add((ssid, devno))
                    inside = address(rand.choice(['0x%04x', '%d', '0x%x']) % devno, ssid=ssid)
            devices.append(maker(number, inside))
    if rand.random() < 0.5:
        devices.append(balloon(0, address('0x0003') if (0, 3) not in used else ''))
    rand.shuffle(devices)
    if rand.random() < 0.3:
        devices.append("<console type='pty'><target type='virtio'/></console>")
    if rand.random() < 0.3:
        devices.append("<channel type='unix'><target type='virtio' name='org.x'/></channel>")
    if rand.random() < 0.3:
        devices.append(disk(0, prefix='sd', bus='scsi'))
    if rand.random() < 0.3:
        devices.append("<vsock model='virtio'><cid auto='no' address='5'/></vsock>")
    return domain(devices)


def generated():
    rand = random.Random(4)
    for number in range(150):
        yield f'any-{number}', any_guest(rand)
    for count in (0, 1, 2, 16, 100, 300, 1000):
        yield f'many-{count}', domain(hostdev(n) for n in range(count))
        yield f'gaps-{count}', domain(
            hostdev(n, address(f'0x{2 * n:04x}') if n % 3 == 0 else '') for n in range(count))
    for order in (1, 2, 9):
        yield f'boot-{order}', domain([hostdev(1, f"<boot order='{order}'/>"), disk(0)])
        yield f'boot-both-{order}', domain([
            hostdev(1, f"<boot order='{order}'/>"), disk(0, f"<boot order='{order + 1}'/>")])
    for text in ('A', '12345678', 'LINUX 1', 'a.b'):
        yield f'loadparm-{text}', domain([hostdev(1, f"<boot order='1' loadparm='{text}'/>")])
    for name in ('ua-dasd', 'ua-1', 'hostdev7', 'other'):
        yield f'alias-{name}', domain([hostdev(1, f"<alias name='{name}'/>"), hostdev(2)])
    for managed in ('yes', 'no'):
        yield f'managed-{managed}', domain([hostdev(1, attributes=f" managed='{managed}'")])
    yield from refused()


def refused():
    """What must not become a guest."""
    twice = address('0x0001')
    yield 'no-address-twice', domain([hostdev(1, twice), hostdev(2, twice)])
    for maker in (disk, interface, rng, serial_controller, scsi_controller, balloon):
        yield f'no-twice-{maker.__name__}', domain([hostdev(1, twice), maker(0, twice)])
    yield 'no-uuid-twice', domain([hostdev(1), hostdev(1)])
    for number, attributes in enumerate((
            "type='ccw' cssid='0xfe' ssid='0x0'", "type='ccw' cssid='0xfe' devno='0x1'",
            "type='ccw' ssid='0x0' devno='0x1'", "type='ccw' cssid='0xfe' ssid='4' devno='0x1'",
            "type='ccw' cssid='0xfe' ssid='0' devno='0x10000'",
            "type='ccw' cssid='0xff' ssid='0' devno='0x1'",
            "type='ccw' cssid='x' ssid='0' devno='0x1'",
            "type='pci' domain='0' bus='0' slot='1' function='0'", "type='nonsense'",
            "type='drive' controller='0' bus='0' target='0' unit='0'")):
        yield f'no-address-{number}', domain([hostdev(1, f'<address {attributes}/>')])
    for number, text in enumerate(('', 'x', '90c6c135-ad44-41d0-b1b7-bae47de4862',
                                   '90c6c135-ad44-41d0-b1b7-bae47de4862g')):
        yield f'no-uuid-{number}', domain([hostdev(1).replace(uuid_of(1), text)])
    yield 'no-source', domain([re.sub('<source>.*</source>', '', hostdev(1))])
    yield 'no-model', domain([hostdev(1).replace(" model='vfio-ccw'", '')])
    yield 'no-model-known', domain([hostdev(1).replace('vfio-ccw', 'vfio-none')])
    yield 'no-boot-mixed', domain([hostdev(1, "<boot order='1'/>")], "<boot dev='hd'/>")
    yield 'no-boot-twice', domain([hostdev(n, "<boot order='1'/>") for n in (1, 2)])
    yield 'no-boot-zero', domain([hostdev(1, "<boot order='0'/>")])
    yield 'no-loadparm-long', domain([hostdev(1, "<boot order='1' loadparm='123456789'/>")])
    yield 'no-loadparm-sign', domain([hostdev(1, "<boot order='1' loadparm='a-b'/>")])
    yield 'no-alias-twice', domain([hostdev(n, "<alias name='ua-x'/>") for n in (1, 2)])
    yield 'cssid-not-fe', domain([hostdev(1, address('0x1', cssid='0x0'))])
    yield 'interface-address', domain([interface(1, address('0x0007')), hostdev(1)])
    yield 'display-on', domain([hostdev(1, attributes=" display='on'")])


def samples():
    for pattern in ('xmlfiles/guest-*', 'tests/unit/data/qemu-args/*',
                    'tests/unit/data/guest-read/*'):
        for path in sorted(glob.glob(f'{SOURCE}/{pattern}.xml')):
            yield os.path.basename(path)[:-4], emulated(path)
    for path in sorted(glob.glob(f'{SOURCE}/xmlfiles/invalid/guest-*.xml')):
        yield f'invalid-{os.path.basename(path)[6:-4]}', emulated(path)
    for path in sorted(glob.glob(f'{SOURCE}/tests/unit/data/qemu-refused/*.xml')):
        yield f'refused-{os.path.basename(path)[:-4]}', emulated(path)


def emulated(path):
    """The document in a file, for a host without KVM for s390x."""
    return read_file(path).replace("type='kvm'", "type='qemu'").replace(
        "<cpu mode='host-model' check='partial'/>", '')


def documents():
    return dict([*samples(), *generated()])


def exception_of(name, text):
    """The key in EXCEPTIONS that a document falls under, or None."""
    for key, sign in (('not-translated', name.startswith('refused-')),
                      ('cssid-not-fe', name in ('cssid-not-fe', 'invalid-cssid')),
                      ('interface-address', '</interface>' in text and re.search(
                          '<interface((?!</interface>).)*<address type=.ccw', text, re.S)),
                      ('display-on', 'display=' in text or 'ramfb=' in text),
                      ('alias', name.startswith('invalid-alias-')),
                      ('managed', name == 'invalid-managed'), ('doctype', '<!DOCTYPE' in text),
                      ('graphics-two', text.count('<graphics') == 2),
                      ('cpu-of-host', "check='partial'" in text),
                      ('other-host', not re.search("<type[^>]* machine=", text)),
                      ('3270', '3270' in text), ('iommufd', 'iommufd' in text)):
        if sign:
            return key
    return None


def ccw_devices(native):
    """What a command line gives the guest: (the vfio-ccw arguments, {id: driver and devno})."""
    words = shlex.split(native)
    values = [value for option, value in zip(words, words[1:]) if option == '-device']
    devices = [json.loads(value) for value in values]
    return ([value for value in values if json.loads(value)['driver'] == 'vfio-ccw'],
            {device['id']: (device['driver'], device['devno']) for device in devices
             if 'devno' in device})


class StockQemu(sidelib.Stock):
    """Asked for guests only."""

    def __init__(self, folder):
        super().__init__(folder)
        self.virsh = Virsh(STOCK_URI)

    def _answers(self):
        assert self.process.poll() is None, read_file(self.log_path)
        return os.path.exists(sidelib.SOCKET) and self.virsh('list').rc == 0


@pytest.fixture
def stock(tmp_path, monkeypatch):
    # libvirtd asks every QEMU that it finds what it can do, before it answers anybody.
    programs = tmp_path / 'programs'
    programs.mkdir()
    for name in ('libvirtd', 'virsh', 'qemu-system-s390x'):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv('PATH', str(programs))
    libvirt.registerErrorHandler(lambda *_: None, None)
    with StockQemu(str(tmp_path)):
        connection = libvirt.open(STOCK_URI)
        yield connection
        connection.close()


def ask_stock(connection, text):
    """The command line, or the number of the error."""
    try:
        return connection.domainXMLToNative('qemu-argv', text, 0)
    except libvirt.libvirtError as error:
        return error.get_error_code()


def answer_of(line):
    kind, text = line.split('\t', 1)
    return text if kind == 'ok' else NUMBERS[int(text.split('\t')[0])]


def ask_us(texts, folder):
    paths = []
    for number, text in enumerate(texts):
        paths.append(str(folder / f'{number}.xml'))
        (folder / f'{number}.xml').write_text(text, encoding='utf-8')
    lines = ok(ARGUMENTS, *paths).splitlines()
    assert len(lines) == len(paths)
    return [answer_of(line) for line in lines]


def is_refusal(answer):
    return isinstance(answer, int)


def difference(theirs, ours, codes):
    """What is different, or None. Adds the pair of numbers that CODES has to codes."""
    if is_refusal(theirs) and is_refusal(ours):
        if (theirs, ours) in CODES:
            codes.add((theirs, ours))
        elif theirs != ours:
            return f'stock: error {theirs}, ours: error {ours}'
        return None
    if is_refusal(theirs) or is_refusal(ours):
        return f'stock: {theirs}\nours: {ours}'
    stock_hostdevs, stock_devices = ccw_devices(theirs)
    our_hostdevs, our_devices = ccw_devices(ours)
    if stock_hostdevs != our_hostdevs:
        return f'stock: {stock_hostdevs}\nours: {our_hostdevs}'
    if stock_devices != our_devices:
        return f'stock: {stock_devices}\nours: {our_devices}'
    return None


def test_the_same_as_stock(stock, tmp_path):
    asked = documents()
    assert len(asked) >= 200
    ours = dict(zip(asked, ask_us(asked.values(), tmp_path)))
    found, excepted, both, codes = {}, set(), 0, set()
    for name, text in asked.items():
        theirs = ask_stock(stock, text)
        problem = difference(theirs, ours[name], codes)
        # Two refusals are alike, or CODES has them.
        key = exception_of(name, text) if not (is_refusal(theirs) and
                                               is_refusal(ours[name])) else None
        if problem and key:
            excepted.add(key)
        elif problem:
            found[name] = problem
        else:
            both += 1
    print(f'{len(asked)} documents, {both} the same, exceptions: {sorted(excepted)}, '
          f'other numbers: {sorted(codes)}')
    assert not found, '\n'.join(f'{name}: {problem}' for name, problem in found.items())
    assert both >= 200
    assert excepted == set(EXCEPTIONS) and codes == set(CODES), 'a row that nothing needs'
