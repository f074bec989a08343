#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a script prints when asked for help is the comment that it begins with, all of it."""

import os
import subprocess

from lintlib import read, ROOT, Tap


def head(path):
    """The comment below the SPDX line, without its marks."""
    comment = read(path).split('\n\n', 1)[0].splitlines()[3:]
    return [line[1:].removeprefix(' ') for line in comment]


def main():
    tap = Tap()
    for path in ('run', 'tools/check', 'tools/lab', 'tools/try'):
        for option in ('--help', '-h'):
            out = subprocess.run([os.path.join(ROOT, path), option], capture_output=True, text=True)
            lines = (out.stdout + out.stderr).strip('\n').splitlines()
            tap.result(f'{path} {option}', lines if lines != head(path) else [])
    tap.done()


main()
