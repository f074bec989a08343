# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fine-grained access control of stock libvirt, with guests that name devices of the host.

Who may not define a guest causes nothing by trying; and who may, but may not define node
devices, gets no mediated device defined.
"""

import contextlib
import os

import pytest

import hostlib
import sidelib
from frontlib import EMULATOR
from hostlib import run, wait_for, write_file
from test_front_hostdev import BAD, BY_ADDRESS, guest, hostdev
from test_front_rights import FRONT_CONFIG, STOCK_CONFIG, as_user, polkit, pytestmark

assert pytestmark
ACTIONS = '/usr/share/polkit-1/actions'
ACTION = '''<action id='org.libvirt.api.{name}'><description>x</description><message>x</message>
<defaults><allow_any>{allow}</allow_any><allow_inactive>{allow}</allow_inactive>
<allow_active>{allow}</allow_active></defaults></action>
'''
ALLOWED = ['connect.getattr', 'connect.read', 'connect.write', 'connect.search-domains',
           'connect.search-node-devices', 'domain.getattr', 'domain.read', 'domain.save',
           'node-device.getattr', 'node-device.read']
VARIED = ['domain.write', 'domain.delete', 'node-device.write']
DEFINE = '''
import json, libvirt
connection = libvirt.open('qemu:///system')
try:
    connection.defineXML(sys.argv[1])
    print(json.dumps(0))
except libvirt.libvirtError as error:
    print(json.dumps(error.get_error_code()))
'''


@contextlib.contextmanager
def with_rules(folder, *rights):
    """Both daemons; an ordinary user may connect, and has these rights besides looking."""
    with polkit(folder, 'yes', 'yes'):
        actions = [ACTION.format(name=name, allow='yes') for name in [*ALLOWED, *rights]]
        actions += [ACTION.format(name=name, allow='no') for name in VARIED if name not in rights]
        write_file(f'{ACTIONS}/org.libvirt.api.policy', "<?xml version='1.0'?><policyconfig>"
                   + ''.join(actions) + '</policyconfig>')
        wait_for(lambda: run('pkcheck', '--action-id', 'org.libvirt.api.connect.getattr',
                             '--process', str(os.getpid())).rc == 0, 'polkit knows', 20)
        stock = sidelib.Stock(folder)
        stock.config = STOCK_CONFIG + 'access_drivers = ["polkit"]\n'
        with stock:
            write_file(f'{folder}/virtccwd.conf', FRONT_CONFIG)
            daemon = hostlib.Daemon(folder)
            daemon.start('--config', f'{folder}/virtccwd.conf')
            try:
                yield
            finally:
                daemon.stop()
                daemon.check_log()
                hostlib.Virsh(f'qemu:///system?socket={sidelib.SOCKET}')('undefine',
                                                                        'front-hostdev')


def definitions():
    return [name for name in os.listdir(hostlib.DEFINITIONS) if name.startswith('0.')]


@pytest.mark.skipif(not os.path.exists(EMULATOR), reason=f'there is no {EMULATOR}')
class TestRules:
    """An ordinary user, by what he may."""

    def test_may_not_define_guests(self, tmp_path):
        with with_rules(tmp_path):
            assert as_user(DEFINE, guest(hostdev(BY_ADDRESS))) == 88
            assert not definitions()

    def test_may_define_guests_only(self, tmp_path):
        with with_rules(tmp_path, 'domain.write'):
            assert as_user(DEFINE, guest(hostdev(BY_ADDRESS))) == 0
            assert not definitions()
            assert as_user(DEFINE, guest(BAD[0][0])) == BAD[0][1]

    def test_may_define_both(self, tmp_path):
        with with_rules(tmp_path, 'domain.write', 'node-device.write'):
            assert as_user(DEFINE, guest(hostdev(BY_ADDRESS))) == 0
            assert definitions() == [hostlib.SUBCHANNEL]
