#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The systemd units: well-formed, closed enough, and no wider than they say.

Usage: units.py FOLDER
"""

import configparser
import os
import shutil
import subprocess
import sys
import tempfile

from lintlib import Tap

SOCKETS = {'virtccwd': 'virtccwd', 'virtccwd-qemu': 'virtqemud',
           'virtccwd-nodedev': 'virtnodedevd'}
UNITS = ('virtccwd.service', *(f'{unit}{ro}.socket' for unit in SOCKETS for ro in ('', '-ro')))
EXPOSURE = 20  # tenths


def setting(folder, unit, section, key):
    """The last value of a setting that is given once."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(os.path.join(folder, unit))
    return parser.get(section, key, fallback=None)


def wrong_settings(folder):
    """What a slip would open to everybody."""
    wanted = [
        ('virtccwd.socket', 'Socket', 'SocketMode', '0600'),
        ('virtccwd.service', 'Service', 'UMask', '0022'),
    ]
    for unit, daemon in SOCKETS.items():
        for ro in ('', '-ro'):
            wanted += [(f'{unit}{ro}.socket', 'Socket', 'ListenStream',
                        f'/run/libvirt/{daemon}-sock{ro}'),
                       (f'{unit}{ro}.socket', 'Socket', 'FileDescriptorName',
                        f'{unit}{ro}.socket')]
    return [f'{unit}: {key} is {found}, not {value}' for unit, section, key, value in wanted
            for found in [setting(folder, unit, section, key)] if found != value]


def verify(folder):
    """systemd-analyze on copies whose program exists."""
    with tempfile.TemporaryDirectory() as copy:
        for unit in UNITS:
            with open(os.path.join(folder, unit), encoding='utf-8') as file:
                lines = ['ExecStart=/bin/true\n' if line.startswith('ExecStart=') else line
                         for line in file if not line.startswith('Documentation=')]
            with open(os.path.join(copy, unit), 'w', encoding='utf-8') as file:
                file.writelines(lines)
        out = subprocess.run(['systemd-analyze', 'verify', *UNITS], cwd=copy,
                             env={**os.environ, 'SYSTEMD_UNIT_PATH': copy + ':'},
                             capture_output=True, text=True)
    said = [line for line in out.stderr.splitlines() if line.startswith('virtccw')]
    return said or ([out.stderr] if out.returncode else [])


def exposure(folder):
    out = subprocess.run(
        ['systemd-analyze', 'security', '--no-pager', '--offline=true',
         f'--threshold={EXPOSURE}', os.path.join(folder, 'virtccwd.service')],
        capture_output=True, text=True)
    return (out.stdout + out.stderr).splitlines()[-1:] if out.returncode else []


def main():
    tap = Tap()
    folder = sys.argv[1]
    tap.result('who may open the sockets', wrong_settings(folder))
    for name, check in (('systemd accepts the units', verify),
                        (f'exposure at most {EXPOSURE / 10}', exposure)):
        if shutil.which('systemd-analyze'):
            tap.result(name, check(folder))
        else:
            tap.skip(name, 'systemd-analyze is not installed')
    tap.done()


main()
