# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/dasd.md, as a new user would follow it: each command, and what it says."""

import os
import subprocess

import pytest

from hostlib import LAB, MODULE, SOURCE, read_file

pytestmark = pytest.mark.skipif(LAB or MODULE, reason='the guide is for the simulated host')

GUIDE = 'docs/dasd.md'


def steps():
    """What is typed there, with what it says: [(command, lines)]; what is only shown is neither."""
    found = []
    command = False
    for line in read_file(os.path.join(SOURCE, GUIDE)).splitlines():
        if line.startswith('    # '):
            found.append((line[6:], []))
            command = True
        elif not line.startswith('    ') and line:
            command = False
        elif command and line:
            found[-1][1].append(line[4:])
    return found


def test_guide(daemon, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LC_ALL', 'C')
    monkeypatch.setenv('VIRSH_DEFAULT_CONNECT_URI', 'ccw:///system')
    count = 0
    for command, expected in steps():
        if command in ('virtccwd &', 'export VIRSH_DEFAULT_CONNECT_URI=ccw:///system'):
            continue  # done
        if command.startswith('cat ') and command.endswith('.xml'):
            (tmp_path / command[4:]).write_text('\n'.join(expected) + '\n')
        done = subprocess.run(['bash', '-c', command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        said = [line for line in done.stdout.splitlines() if line]
        assert said == expected, f'# {command}\n{done.stdout}'
        count += 1
    assert count > 25
