#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shell scripts go through shellcheck."""

import os
import shutil
import subprocess

from lintlib import files, ROOT, Tap


def is_shell(path):
    with open(os.path.join(ROOT, path), 'rb') as file:
        first = file.readline()
    return path.endswith('.sh') or first.startswith(b'#!') and first.rstrip().endswith(b'sh')


def main():
    tap = Tap()
    for path in files():
        if not is_shell(path):
            continue
        if not shutil.which('shellcheck'):
            tap.skip(path, 'shellcheck is not installed')
            continue
        out = subprocess.run(['shellcheck', '--external-sources', path], cwd=ROOT,
                             capture_output=True, text=True)
        tap.result(path, out.stdout.splitlines() if out.returncode else [])
    tap.done()


main()
