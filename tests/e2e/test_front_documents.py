# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whichever call carries a guest's document to stock libvirtd: the front looks at it.

The calls are found in libvirt itself, in its description of the API and in its client library,
so one that a later libvirt adds makes a test fail here.
"""

import re
import subprocess
import xml.etree.ElementTree

import libvirt
import pytest

import hostlib
import test_front_hostdev
from hostlib import SOCKETS
from rpcclient import RpcClient, RpcError, xdr
from test_front_hostdev import GUEST, GUEST_UUID, _front, _stock, by_name, guest, hostdev

pytestmark = test_front_hostdev.pytestmark
assert _front and _stock  # fixtures
API = '/usr/share/libvirt/api/libvirt-api.xml'
DOMAIN = xdr('sui', GUEST, GUEST_UUID, -1)
PATH = '/tmp/image'


def params(name, text):
    return xdr('isiisis', 2, 'other', 1, 5, name, 7, text)


def hyper():
    return xdr('ii', 0, 0)


# Of libvirt's remote protocol: the number, and the arguments with a document.
CALLS = {
    'domain_attach_device': (8, lambda text: DOMAIN + xdr('s', text)),
    'domain_create_xml': (10, lambda text: xdr('si', text, 0)),
    'domain_define_xml': (11, lambda text: xdr('s', text)),
    'domain_detach_device': (13, lambda text: DOMAIN + xdr('s', text)),
    'domain_migrate_prepare2': (108, lambda text: xdr('o', 'tcp:x') + hyper() + xdr('o', None)
                                + hyper() + xdr('s', text)),
    'connect_domain_xml_to_native': (136, lambda text: xdr('ssi', 'qemu-argv', text, 0)),
    'domain_migrate_prepare_tunnel': (148, lambda text: hyper() + xdr('o', 'x') + hyper()
                                      + xdr('s', text)),
    'domain_attach_device_flags': (160, lambda text: DOMAIN + xdr('si', text, 2)),
    'domain_detach_device_flags': (161, lambda text: DOMAIN + xdr('si', text, 2)),
    'domain_update_device_flags': (174, lambda text: DOMAIN + xdr('si', text, 2)),
    'domain_snapshot_create_xml': (185, lambda text: DOMAIN + xdr('si', text, 1)),
    'domain_migrate_begin3': (213, lambda text: DOMAIN + xdr('o', text) + hyper() + xdr('o', None)
                              + hyper()),
    'domain_migrate_prepare3': (214, lambda text: xdr('so', 'cookie', None) + hyper()
                                + xdr('o', 'name') + hyper() + xdr('s', text)),
    'domain_migrate_prepare_tunnel3': (215, lambda text: xdr('i', 0) + hyper() + xdr('o', None)
                                       + hyper() + xdr('s', text)),
    'domain_migrate_perform3': (216, lambda text: DOMAIN + xdr('oioo', text, 0, None, None)
                                + hyper() + xdr('o', None) + hyper()),
    'domain_save_flags': (232, lambda text: DOMAIN + xdr('soi', PATH, text, 0)),
    'domain_restore_flags': (233, lambda text: xdr('soi', PATH, text, 0)),
    'domain_save_image_define_xml': (236, lambda text: xdr('ssi', PATH, text, 0)),
    'domain_migrate_begin3_params': (302, lambda text: DOMAIN + params('destination_xml', text)
                                     + xdr('i', 0)),
    'domain_migrate_prepare3_params': (303, lambda text: params('destination_xml', text)
                                       + xdr('ii', 0, 0)),
    'domain_migrate_prepare_tunnel3_params': (304, lambda text: params('persistent_xml', text)
                                              + xdr('ii', 0, 0)),
    'domain_migrate_perform3_params': (305, lambda text: DOMAIN + xdr('o', 'qemu+ssh://x/system')
                                       + params('persistent_xml', text) + xdr('ii', 0, 0)),
    'domain_create_xml_with_files': (309, lambda text: xdr('si', text, 0)),
    'domain_define_xml_flags': (350, lambda text: xdr('si', text, 0)),
    'domain_managed_save_define_xml': (389, lambda text: DOMAIN + xdr('oi', text, 0)),
    'domain_checkpoint_create_xml': (411, lambda text: DOMAIN + xdr('si', text, 1)),
    'domain_save_params': (440, lambda text: DOMAIN + params('dxml', text) + xdr('i', 0)),
    'domain_restore_params': (441, lambda text: params('dxml', text) + xdr('i', 0)),
}
# Their documents are of other things, or are looked at by nobody any more.
OTHERS = {
    'connect_domain_xml_from_native', 'connect_find_storage_pool_sources', 'domain_backup_begin',
    'domain_backup_get_xml_desc', 'domain_block_copy', 'domain_checkpoint_get_xml_desc',
    'domain_detach_device_alias', 'domain_get_xml_desc', 'domain_managed_save_get_xml_desc',
    'domain_save_image_get_xml_desc', 'domain_snapshot_get_xml_desc',
    'connect_baseline_cpu', 'connect_baseline_hypervisor_cpu', 'connect_compare_cpu',
    'connect_compare_hypervisor_cpu', 'domain_get_metadata', 'domain_set_metadata',
    'domain_migrate_prepare', 'domain_migrate_perform',  # of the first protocol: without one
}
# What other names of the API become on their way.
ALIASES = {'domain_create_linux': 'domain_create_xml', 'domain_migrate2': 'domain_migrate_prepare2',
           'domain_migrate_to_uri2': 'domain_migrate_perform3'}
# Typed parameters that are documents.
PARAMS = {'VIR_DOMAIN_SAVE_PARAM_DXML', 'VIR_MIGRATE_PARAM_DEST_XML', 'VIR_MIGRATE_PARAM_PERSIST_XML'}
OF_DEVICES = {8, 13, 160, 161, 174}
WRAPPED = {185: 'domainsnapshot', 411: 'domaincheckpoint'}
BAD = hostdev(by_name('pci_0000_00_00_0'))


def document(procedure, text):
    if procedure in OF_DEVICES:
        return text
    whole = guest(text)
    wrapper = WRAPPED.get(procedure)
    return f'<{wrapper}><name>x</name>{whole}</{wrapper}>' if wrapper else whole


def test_none_is_forgotten_of_the_api():
    tree = xml.etree.ElementTree.parse(API)
    for function in tree.iter('function'):
        name = function.get('name')
        told = ' '.join(part.get('name') + (part.get('info') or '') for part in function.iter('arg'))
        if not name.startswith(('virDomain', 'virConnect')) or 'xml' not in told.lower():
            continue
        words = re.sub('(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', name[3:]).lower()
        words = ALIASES.get(words, words)
        assert words in CALLS or words in OTHERS, name
    macros = {macro.get('name') for macro in tree.iter('macro')
              if 'xml' in (macro.get('string') or '').lower()}
    assert macros == PARAMS


def test_none_is_forgotten_of_the_protocol():
    """Steps of migrations are no part of the API."""
    library = hostlib.ok('sh', '-c', 'ldconfig -p | sed -n "s/.*libvirt[.]so[.]0 .* => //p" | head -1')
    symbols = subprocess.run(['nm', '-D', '--defined-only', library.strip()], check=True, text=True,
                             capture_output=True).stdout
    names = set(re.findall(r'xdr_remote_((?:connect_)?domain_\w+)_args', symbols))
    assert len(names) > 200
    telling = re.compile('xml|migrate_(begin|prepare|perform)|(attach|detach|update)_device|'
                         '_(save|restore|define|create)_(flags|params)|backup_begin|block_copy')
    without = {'domain_create_with_flags', 'domain_restore', 'domain_save'}
    for name in names:
        if telling.search(name) and name not in without:
            assert name in CALLS or name in OTHERS, name
    assert set(CALLS) <= names


@pytest.mark.parametrize('name', CALLS)
def test_is_looked_at(front, name):
    """What is wrong with a hostdev is told by us, before libvirtd finds anything else wrong."""
    procedure, arguments = CALLS[name]
    with RpcClient(f'{SOCKETS}/virtqemud-sock') as client:
        client.open('qemu:///system')
        payload = arguments(document(procedure, BAD))
        with pytest.raises(RpcError, match='name of a node device') as caught:
            client.call(procedure, payload)
        assert caught.value.code == libvirt.VIR_ERR_XML_ERROR
        # libvirtd itself decodes the arguments, so they are what they seem to be.
        with pytest.raises(RpcError) as caught:
            client.call(procedure, arguments(document(procedure, '').replace('domain', 'nothing')))
        assert 'Unable to decode' not in caught.value.text
        assert 'name of a node device' not in caught.value.text
