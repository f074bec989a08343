# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions of domains, by unmodified virsh."""

import os
import re
import signal
import stat

import pytest

from domainlib import DOMAIN, DOMAIN_UUID, MDEV_UUID, domain_path, domain_xml, hostdev_xml
from hostlib import (DOMAINS, MODULE, Virsh, background, read_file, run, wait_for, write_file)

OTHER_UUID = '0e5a2c8e-6d51-44ca-b4a5-7a0d3b0d3f11'
NAMESPACE = 'http://example.org/owner'


@pytest.fixture
def define(virsh):
    """Defines a domain. Returns: what virsh said."""
    def do(*args, **parts):
        return virsh.ok('define', '/dev/stdin', *args, stdin=domain_xml(**parts))
    return do


def names(virsh, *args):
    return virsh.ok('list', '--name', *args).split()


@pytest.fixture
def edit(virsh, tmp_path):
    """virsh edit, with sed instead of a person. Returns: what it did."""
    def do(script):
        file = tmp_path / 'script'
        file.write_text(script)
        return run(*virsh.argv, 'edit', DOMAIN, env={'EDITOR': f'sed -i -f {file}'})
    return do


def test_define(virsh, define):
    assert f"Domain '{DOMAIN}' defined from" in define()
    assert names(virsh) == [] and names(virsh, '--all') == [DOMAIN]
    assert virsh.ok('domuuid', DOMAIN).strip() == DOMAIN_UUID
    assert virsh.ok('domname', DOMAIN_UUID).strip() == DOMAIN
    assert virsh.ok('domid', DOMAIN).strip() == '-'
    assert virsh.ok('domstate', DOMAIN, '--reason').strip() == 'shut off (unknown)'
    assert virsh.ok('list', '--all', '--uuid').split() == [DOMAIN_UUID]
    xml = virsh.ok('dumpxml', DOMAIN)
    assert "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0000'/>" in xml
    assert MDEV_UUID in xml


def test_info(virsh, define):
    define(vcpus=3)
    fields = dict(line.split(':', 1) for line in virsh.ok('dominfo', DOMAIN).splitlines()
                  if ':' in line)
    fields = {name: value.strip() for name, value in fields.items()}
    assert fields == {'Id': '-', 'Name': DOMAIN, 'UUID': DOMAIN_UUID, 'OS Type': 'hvm',
                      'State': 'shut off', 'CPU(s)': '3', 'Max memory': '1048576 KiB',
                      'Used memory': '1048576 KiB', 'Persistent': 'yes',
                      'Autostart': 'disable', 'Managed save': 'no'}
    assert virsh.ok('vcpucount', DOMAIN).split() == ['maximum', 'config', '3',
                                                     'current', 'config', '3']


def test_devices_are_edited(virsh, define):
    """A call that the driver does not have is refused as libvirt does, with a way out."""
    define()
    for verb, call in [('attach-device', 'Attach'), ('detach-device', 'Detach'),
                       ('update-device', 'Update')]:
        error = virsh.fails(verb, DOMAIN, '/dev/stdin', '--config', stdin=hostdev_xml(OTHER_UUID))
        assert 'not supported by the connection driver: ' \
               f'virDomain{call}DeviceFlags' in error
        assert MODULE or "'virsh edit'" in error and 'virtccw-front(8)' in error


def test_device_needs_the_front(virsh):
    """Without it nobody makes a UUID of the host's device; the error names what does."""
    by_uuid = f"<source><address uuid='{MDEV_UUID}'/></source>"
    for source in ("<source><address type='ccw' cssid='0x0' ssid='0x0' devno='0x3000'/></source>",
                   "<source dev='css_0_0_0004'/>"):
        xml = domain_xml(devices=hostdev_xml().replace(by_uuid, source))
        error = virsh.fails('define', '/dev/stdin', stdin=xml)
        assert 'has no UUID' in error and 'virtccw-front on' in error


def test_without_uuid(virsh, define):
    define(uuid=None)
    first = virsh.ok('domuuid', DOMAIN)
    assert f"'{DOMAIN}' already exists with uuid {first.strip()}" in virsh.fails(
        'define', '/dev/stdin', stdin=domain_xml(uuid=None))


def test_redefinition_is_stable(virsh, define):
    define()
    before = virsh.ok('dumpxml', DOMAIN)
    virsh.ok('define', '/dev/stdin', stdin=before)
    assert virsh.ok('dumpxml', DOMAIN) == before
    define(devices=hostdev_xml() + hostdev_xml(OTHER_UUID))
    assert "devno='0x0001'" in virsh.ok('dumpxml', DOMAIN)


def test_identity(virsh, define):
    """A domain is who has its UUID."""
    define()
    assert "rename it first" in virsh.fails('define', '/dev/stdin',
                                            stdin=domain_xml(name='other'))
    assert "already exists" in virsh.fails('define', '/dev/stdin',
                                           stdin=domain_xml(uuid=OTHER_UUID))
    assert names(virsh, '--all') == [DOMAIN]


@pytest.mark.parametrize('document, message', [
    ('<domain', 'line 1'),
    ('<network/>', 'network'),
    (domain_xml(name='a/b'), 'name'),
    (domain_xml(devices=hostdev_xml(address="<address type='ccw' cssid='0x0' ssid='0x0' "
                                            "devno='0x0001'/>")), '0xfe'),
    (domain_xml(devices=hostdev_xml() * 2), MDEV_UUID),
], ids=['syntax', 'other-root', 'name', 'cssid', 'twice'])
def test_refused(virsh, document, message):
    assert message in virsh.fails('define', '/dev/stdin', stdin=document)
    assert names(virsh, '--all') == []
    assert not os.path.exists(DOMAINS) or os.listdir(DOMAINS) == []


def test_validate(virsh, define):
    define('--validate')
    assert 'schema' in virsh.fails('define', '--validate', '/dev/stdin',
                                   stdin=domain_xml(devices="<hostdev mode='x'/>"))


def test_edit(virsh, define, edit):
    define()
    done = edit('s|>2</vcpu>|>4</vcpu>|')
    assert done.rc == 0 and 'edited' in done.out, done
    xml = virsh.ok('dumpxml', DOMAIN)
    assert '>4</vcpu>' in xml
    done = edit('')
    assert done.rc == 0 and 'not changed' in done.out
    assert virsh.ok('dumpxml', DOMAIN) == xml


def test_edit_adds_a_device(virsh, define, edit):
    define()
    done = edit(f's|</devices>|{hostdev_xml(OTHER_UUID)}</devices>|')
    assert done.rc == 0, done
    xml = virsh.ok('dumpxml', DOMAIN)
    addresses = re.findall(r"devno='(\w+)'", xml)
    assert xml.count('<hostdev') == 2 and OTHER_UUID in xml
    assert len(addresses) >= 2 and len(set(addresses)) == len(addresses)


def test_edit_refused(virsh, define, edit):
    """virsh would ask a person whether to try again; nothing is changed."""
    define()
    before = virsh.ok('dumpxml', DOMAIN)
    done = edit("s|cssid='0xfe'|cssid='0x0'|")
    assert 'error: Failed.' in done.err, done
    assert virsh.ok('dumpxml', DOMAIN) == before


def test_edit_keeps_what_is_not_ours(virsh, define, edit):
    define(extra=f"<metadata><o:who xmlns:o='{NAMESPACE}'>me</o:who></metadata>")
    edit('s|>2</vcpu>|>4</vcpu>|')
    assert 'me</o:who>' in virsh.ok('dumpxml', DOMAIN)


def test_undefine(virsh, define):
    define()
    virsh.ok('autostart', DOMAIN)
    assert 'has been undefined' in virsh.ok('undefine', DOMAIN)
    assert names(virsh, '--all') == []
    assert os.listdir(DOMAINS) == ['autostart'] and os.listdir(f'{DOMAINS}/autostart') == []
    assert 'failed to get domain' in virsh.fails('undefine', DOMAIN)
    define()
    assert names(virsh, '--all', '--autostart') == []


@pytest.mark.parametrize('flag', ['--nvram', '--keep-nvram', '--managed-save',
                                  '--snapshots-metadata', '--checkpoints-metadata'])
def test_undefine_with(virsh, define, flag):
    define()
    virsh.ok('undefine', DOMAIN, flag)
    assert names(virsh, '--all') == []


def test_rename(virsh, define):
    define()
    define(name='taken', uuid=OTHER_UUID)
    virsh.ok('autostart', DOMAIN)
    assert 'already exists' in virsh.fails('domrename', DOMAIN, 'taken')
    assert 'a/b' in virsh.fails('domrename', DOMAIN, 'a/b')
    virsh.ok('domrename', DOMAIN, 'new')
    assert names(virsh, '--all') == ['new', 'taken']
    assert names(virsh, '--all', '--autostart') == ['new']
    assert '<name>new</name>' in read_file(domain_path('new'))
    assert not os.path.lexists(domain_path()) and os.listdir(f'{DOMAINS}/autostart') == [
        'new.xml']


def test_list_flags(virsh, define):
    define(extra='<title>One with a title</title>')
    define(name='second', uuid=OTHER_UUID)
    virsh.ok('autostart', 'second')
    everything = [DOMAIN, 'second']
    for flags, expected in {
            '--inactive': everything, '--persistent --all': everything,
            '--state-shutoff --all': everything, '--without-managed-save --all': everything,
            '--without-snapshot --all': everything, '--transient --all': [],
            '--state-running --all': [], '--with-managed-save --all': [],
            '--with-snapshot --all': [], '--autostart --all': ['second'],
            '--no-autostart --all': [DOMAIN], '': []}.items():
        assert names(virsh, *flags.split()) == expected, flags
    listed = virsh.ok('list', '--all', '--title')
    assert 'One with a title' in listed and 'second' in listed


def test_autostart(virsh, define, daemon):
    define()
    assert 'marked as autostarted' in virsh.ok('autostart', DOMAIN)
    assert 'marked as autostarted' in virsh.ok('autostart', DOMAIN)
    assert os.path.islink(f'{DOMAINS}/autostart/{DOMAIN}.xml')
    define(vcpus=7)
    daemon.restart()
    assert names(virsh, '--all', '--autostart') == [DOMAIN]
    virsh.ok('autostart', DOMAIN, '--disable')
    virsh.ok('autostart', DOMAIN, '--disable')
    assert names(virsh, '--all', '--autostart') == []


def test_description(virsh, define):
    define()
    assert 'No description' in virsh.ok('desc', DOMAIN)
    virsh.ok('desc', DOMAIN, '--config', 'of two', 'words')
    virsh.ok('desc', DOMAIN, '--title', 'Short')
    assert virsh.ok('desc', DOMAIN).strip() == 'of two words'
    assert virsh.ok('desc', DOMAIN, '--title').strip() == 'Short'
    assert 'not running' in virsh.fails('desc', DOMAIN, '--live', 'x')
    virsh.ok('desc', DOMAIN, '')
    assert '<description>' not in virsh.ok('dumpxml', DOMAIN)


def test_metadata(virsh, define):
    define()
    virsh.ok('metadata', DOMAIN, NAMESPACE, '--key', 'o', '--set', '<who>me</who>')
    assert '>me</' in virsh.ok('metadata', DOMAIN, NAMESPACE)
    assert f"xmlns:o='{NAMESPACE}'" in virsh.ok('dumpxml', DOMAIN)
    assert virsh.fails('metadata', DOMAIN, NAMESPACE, '--key', 'o', '--set', '<who>')
    virsh.ok('metadata', DOMAIN, NAMESPACE, '--remove')
    assert 'not found' in virsh.fails('metadata', DOMAIN, NAMESPACE)


def test_password(virsh, define):
    """Shown only to those who ask for it, and may; and to nobody on the disk."""
    define(devices="<graphics type='vnc' passwd='secret'/>")
    assert 'secret' not in virsh.ok('dumpxml', DOMAIN)
    assert 'secret' in virsh.ok('dumpxml', DOMAIN, '--security-info')
    reader = Virsh(options=['-r'])
    assert 'secret' not in reader.ok('dumpxml', DOMAIN, '--inactive')
    assert reader.fails('dumpxml', DOMAIN, '--security-info')
    assert reader.fails('dumpxml', DOMAIN, '--migratable')
    assert stat.S_IMODE(os.stat(domain_path()).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(DOMAINS).st_mode) == 0o700


@pytest.mark.parametrize('verb', ['start', 'create'])
def test_start(virsh, define, verb, document):
    define()
    error = virsh.fails(verb, DOMAIN if verb == 'start' else document(domain_xml()))
    assert 'a QEMU driver is needed' in error and 'qemu:///system' in error


@pytest.mark.parametrize('verb', ['destroy', 'shutdown', 'reboot', 'reset', 'suspend', 'resume'])
def test_not_running(virsh, define, verb):
    define()
    assert 'domain is not running' in virsh.fails(verb, DOMAIN)


def test_restart(virsh, define, daemon):
    define(extra='<title>kept</title>')
    before = virsh.ok('dumpxml', DOMAIN)
    daemon.restart()
    assert virsh.ok('dumpxml', DOMAIN) == before
    assert 'kept' in virsh.ok('list', '--all', '--title')


def test_by_hand(virsh, define, daemon):
    """What was changed in the files is seen after a SIGHUP; what is wrong, named once."""
    define()
    define(name='gone', uuid=OTHER_UUID)
    with open(f'{DOMAINS}/bad.xml', 'w', encoding='utf-8') as file:
        file.write('<domain/>')
    with open(domain_path(), encoding='utf-8') as file:
        text = file.read()
    with open(f'{DOMAINS}/same.xml', 'w', encoding='utf-8') as file:
        file.write(text)
    with open(domain_path(), 'w', encoding='utf-8') as file:
        file.write(text.replace('<vcpu>2<', '<vcpu>5<'))
    os.unlink(domain_path('gone'))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: names(virsh, '--all') == [DOMAIN], 'the files are read')
    assert '<vcpu>5</vcpu>' in virsh.ok('dumpxml', DOMAIN)
    assert 'bad.xml' in daemon.log() and "'same'" in daemon.log()


def test_unusable_file(virsh, define, daemon):
    """Only a file that is gone undefines: one that cannot be read leaves what was known."""
    define()
    define(name='other', uuid=OTHER_UUID)
    before = virsh.ok('dumpxml', DOMAIN)
    text = read_file(domain_path())
    os.unlink(domain_path('other'))
    for spoil in (lambda: write_file(domain_path(), '<domain'),
                  lambda: write_file(domain_path(), ''),
                  lambda: os.truncate(domain_path(), 100 * 1024 * 1024),
                  lambda: (os.unlink(domain_path()), os.mkdir(domain_path()))):
        define(name='other', uuid=OTHER_UUID)
        os.unlink(domain_path('other'))
        spoil()
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: 'other' not in names(virsh, '--all'), 'the files are read')
        assert names(virsh, '--all') == [DOMAIN] and virsh.ok('dumpxml', DOMAIN) == before
    assert f'{DOMAIN}.xml' in daemon.log()
    os.rmdir(domain_path())
    write_file(domain_path(), text.replace('<vcpu>2<', '<vcpu>5<'))
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: '<vcpu>5</vcpu>' in virsh.ok('dumpxml', DOMAIN), 'the mended file is read')


def test_undefine_contradiction(virsh, define):
    define()
    for flags in (['--nvram', '--keep-nvram'], ['--tpm', '--keep-tpm']):
        assert virsh.fails('undefine', DOMAIN, *flags)
    assert names(virsh, '--all') == [DOMAIN]


def test_events(virsh, define, tmp_path):
    out = tmp_path / 'events'

    def heard():
        define(name='other', uuid=OTHER_UUID)
        virsh.ok('desc', 'other', '--title', 'x')
        return "'other': type title" in read_file(out)  # that is asked for after lifecycle

    with background('virsh', '-c', 'ccw:///system', 'event', '--all', '--loop', out=out):
        wait_for(heard, 'events are heard')
        define()
        virsh.ok('domrename', DOMAIN, 'new')
        virsh.ok('desc', 'new', '--title', 'x')
        virsh.ok('metadata', 'new', NAMESPACE, '--key', 'o', '--set', '<a/>')
        virsh.ok('undefine', 'new')
        define()
        wait_for(lambda: read_file(out).count(f"'{DOMAIN}': Defined Added") == 2, 'the last event')
    events = [line.strip('\0') for line in read_file(out).splitlines()
              if 'event' in line and "'other'" not in line]
    assert events == [
        f"event 'lifecycle' for domain '{DOMAIN}': Defined Added",
        f"event 'lifecycle' for domain '{DOMAIN}': Undefined Renamed",
        "event 'lifecycle' for domain 'new': Defined Renamed",
        "event 'metadata-change' for domain 'new': type title, uri <null>",
        f"event 'metadata-change' for domain 'new': type element, uri {NAMESPACE}",
        "event 'lifecycle' for domain 'new': Undefined Removed",
        f"event 'lifecycle' for domain '{DOMAIN}': Defined Added",
    ]


def test_event_of_one_domain(virsh, define, tmp_path):
    define()
    define(name='other', uuid=OTHER_UUID)
    out = tmp_path / 'events'
    with background('virsh', '-c', 'ccw:///system', 'event', '--domain', DOMAIN, '--event',
                    'lifecycle', '--loop', out=out):
        wait_for(lambda: define(name='other', uuid=OTHER_UUID) and define() and
                 read_file(out), 'an event')
    assert "'other'" not in read_file(out) and 'Updated' in read_file(out)
