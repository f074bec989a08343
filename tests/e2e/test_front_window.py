# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-manager itself, on a display of its own, gives a mediated device to a guest.

It is used by mouse. Where its buttons are is known: the display has one size, the window's
fonts come with it, and there is no window manager, so every window begins in the corner.
"""

import os
import time

import frontlib
from frontlib import EMULATOR, FRONT
from hostlib import SOURCE, UUID, Virsh, background, ok, read_file, run, wait_for, write_file
from test_front_programs import _front, _mdev, GUEST, SHARED, entering  # noqa: F401

pytestmark = frontlib.needs_guests
XML = f"""<domain type='qemu'><name>{GUEST}</name><memory unit='MiB'>128</memory>
<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>{EMULATOR}</emulator><video><model type='none'/></video></devices></domain>"""
DIALOG = 'Add New Virtual Hardware'
ADD_HARDWARE, MDEV_HOST_DEVICE, FIRST_DEVICE, FINISH = (95, 806), (104, 300), (300, 120), (676, 542)
SCREENSHOT = os.path.join(SOURCE, 'docs', 'virt-manager.png')
START = f'''
mkdir -p /tmp/.X11-unix
Xvfb :77 -screen 0 1024x900x24 &
for try in $(seq 100); do xdotool getmouselocation 2>/dev/null && break; sleep 0.1; done
exec dbus-run-session -- virt-manager --no-fork --connect {FRONT} --show-domain-editor {GUEST}
'''
SETTINGS = ('env', 'DISPLAY=:77', 'NO_AT_BRIDGE=1', 'GSETTINGS_BACKEND=memory')


class Window:
    """What a person sees and does."""

    def __init__(self, inside):
        self.inside = inside

    def do(self, *args):
        return run(*self.inside, *args, timeout=60)

    def shows(self, name):
        return self.do('xdotool', 'search', '--onlyvisible', '--name', name).rc == 0

    def click(self, place):
        assert self.do('xdotool', 'mousemove', *map(str, place), 'click', '1').rc == 0

    def take(self, path):
        result = self.do('import', '-window', DIALOG, '+dither', '-colors', '64', f'{SHARED}/shot.png')
        assert result.rc == 0, result
        with open(f'{SHARED}/shot.png', 'rb') as shot, open(path, 'wb') as file:
            file.write(shot.read())


def test_add_hardware(front, mdev, tmp_path):
    virsh = Virsh(FRONT)
    write_file(tmp_path / 'guest.xml', XML)
    virsh.ok('define', str(tmp_path / 'guest.xml'))
    inside = (*entering('window'), *SETTINGS)
    out = tmp_path / 'virt-manager.log'
    with background(*inside, 'sh', '-c', START, out=out):
        window = Window(inside)
        wait_for(lambda: window.shows(GUEST), f'the window of the guest: {read_file(out)}', 60)
        time.sleep(2)
        window.click(ADD_HARDWARE)
        wait_for(lambda: window.shows(DIALOG), 'the dialog', 20)
        window.click(MDEV_HOST_DEVICE)
        time.sleep(1)
        window.click(FIRST_DEVICE)
        time.sleep(1)
        window.take(tmp_path / 'shot.png')
        window.click(FINISH)
        wait_for(lambda: UUID in virsh.ok('dumpxml', GUEST), 'the guest has the device', 20)
    assert 'error' not in read_file(out).lower().replace('dbus.error', '')
    assert (tmp_path / 'shot.png').stat().st_size < 100 << 10
    assert "model='vfio-ccw'" in virsh.ok('dumpxml', GUEST)
    if os.environ.get('VIRTCCW_REGENERATE') == '1':
        ok('cp', str(tmp_path / 'shot.png'), SCREENSHOT)
