# SPDX-License-Identifier: LGPL-2.1-or-later
"""IBM's procedure for passing a DASD through, with stock tools, to its exact output."""

import os
import re

from hostlib import (CSS, LAB, SOURCE, SUBCHANNEL, UUID, ctl, definition_path, free,
                     mdev_exists, mdev_name, ok, read_file, wait_for, write_file)

DOCUMENT = os.path.join(SOURCE, 'xmlfiles', 'my_dasd_mdev.xml')
MDEV = mdev_name()


def info(active, autostart):
    return (f'Name:           {MDEV}\n'
            f'Parent:         {CSS}\n'
            f'Active:         {active}\n'
            'Persistent:     yes\n'
            f'Autostart:      {autostart}\n\n')


def override(verb, *args):
    return ok('driverctl', '-b', 'css', verb, SUBCHANNEL, *args)


def bind_and_define(virsh):
    assert '<devno>0x3000</devno>' in virsh.ok('nodedev-dumpxml', CSS)
    assert override('set-override', 'vfio_ccw') == ''
    assert "<type id='vfio_ccw-io'>" in virsh.ok('nodedev-dumpxml', CSS)
    assert virsh.ok('nodedev-define', DOCUMENT) == \
        f"Node device '{MDEV}' defined from '{DOCUMENT}'\n\n"
    assert virsh.ok('nodedev-info', MDEV) == info('no', 'no')


def autostart_and_start(virsh):
    assert virsh.ok('nodedev-autostart', MDEV) == f'Device {MDEV} marked as autostarted\n\n'
    assert virsh.ok('nodedev-start', MDEV) == f'Device {MDEV} started\n\n'
    assert virsh.ok('nodedev-info', MDEV) == info('yes', 'yes')
    assert mdev_exists()


def check_document(virsh):
    group = os.path.basename(os.readlink(f'/sys/bus/mdev/devices/{UUID}/iommu_group'))
    printed = virsh.ok('nodedev-dumpxml', MDEV)
    assert '<virtccw:channel ' in printed
    assert re.sub('(?s)  <virtccw:channel .*</virtccw:channel>\n', '', printed) == f'''<device>
  <name>{MDEV}</name>
  <path>/sys/devices/css0/{SUBCHANNEL}/{UUID}</path>
  <parent>{CSS}</parent>
  <driver>
    <name>vfio_ccw_mdev</name>
  </driver>
  <capability type='mdev'>
    <type id='vfio_ccw-io'/>
    <uuid>{UUID}</uuid>
    <parent_addr>{SUBCHANNEL}</parent_addr>
    <iommuGroup number='{group}'/>
  </capability>
</device>

'''


def forget():
    """What the kernel knows no more after a boot; tests/lab/reboot is about real ones."""
    if not LAB:
        ctl('reboot')
        return
    write_file(f'/sys/bus/mdev/devices/{UUID}/remove', '1')
    free()


def reboot(daemon):
    daemon.stop()
    forget()
    assert not mdev_exists()
    override('load-override')  # what driverctl's udev rule does at boot
    assert not mdev_exists()
    daemon.start()


def take_down(virsh):
    assert virsh.ok('nodedev-destroy', MDEV) == f"Destroyed node device '{MDEV}'\n\n"
    assert not mdev_exists()
    assert virsh.ok('nodedev-info', MDEV) == info('no', 'yes')
    assert virsh.ok('nodedev-undefine', MDEV) == f"Undefined node device '{MDEV}'\n\n"
    assert not os.path.exists(definition_path())
    assert MDEV not in virsh.names('--all')
    override('unset-override')
    wait_for(lambda: 'ccw_0_0_3000' in virsh.names('--cap', 'ccw'), 'the device is back')


def test_procedure(daemon, virsh):
    bind_and_define(virsh)
    autostart_and_start(virsh)
    check_document(virsh)
    assert read_file(definition_path()) == '''{
  "mdev_type": "vfio_ccw-io",
  "start": "auto",
  "attrs": []
}'''
    reboot(daemon)
    wait_for(mdev_exists, 'the device was autostarted')
    assert virsh.ok('nodedev-info', MDEV) == info('yes', 'yes')
    take_down(virsh)


def test_daemon_restart_leaves_devices_alone(daemon, virsh):
    """Without a reboot in between, the device stays as it is: guests may be using it."""
    bind_and_define(virsh)
    autostart_and_start(virsh)
    before = os.stat(f'/sys/bus/mdev/devices/{UUID}/').st_ino
    daemon.restart()
    assert virsh.ok('nodedev-info', MDEV) == info('yes', 'yes')
    assert os.stat(f'/sys/bus/mdev/devices/{UUID}/').st_ino == before
    assert 'cannot autostart' not in daemon.log()


def test_mdevctl_shows_each_step(daemon, virsh):
    """The older half of the procedure: mdevctl instead of virsh sees the same."""
    bind_and_define(virsh)
    assert ok('mdevctl', 'list', '-d') == f'{UUID} {SUBCHANNEL} vfio_ccw-io manual\n\n'
    autostart_and_start(virsh)
    assert ok('mdevctl', 'list', '-d').split() == \
        [UUID, SUBCHANNEL, 'vfio_ccw-io', 'auto', '(active)']
    virsh.ok('nodedev-destroy', MDEV)
    virsh.ok('nodedev-undefine', MDEV)
    assert ok('mdevctl', 'list', '-d') == '\n'
