#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A manual page and the program's --help tell of the same options, both ways.

Usage: manual.py PAGE.rst PROGRAM
"""

import re
import subprocess
import sys

from lintlib import Tap

OPTION = re.compile(r'(?<![\w-])--[a-z][a-z-]*')


def helped(program):
    """The options that start a line of --help."""
    out = subprocess.run([program, '--help'], capture_output=True, text=True, check=True)
    return {option for line in out.stdout.splitlines() if line.lstrip().startswith('-')
            for option in OPTION.findall(re.split(r'\s{2,}', line.strip())[0])}


def documented(page):
    """The options that are explained: a line of them, the explanation indented below."""
    with open(page, encoding='utf-8') as file:
        lines = [line.replace('*', '') for line in file.read().splitlines()]
    return {option for line, following in zip(lines, lines[1:])
            if line.startswith('-') and following.startswith('    ')
            for option in OPTION.findall(line)}


def main():
    page, program = sys.argv[1:]
    tap = Tap()
    shown, told = helped(program), documented(page)
    tap.result('--help shows options', [] if shown else ['it shows none'])
    tap.result('the page explains each option of --help',
               [f'{option} is not explained' for option in sorted(shown - told)])
    tap.result('--help shows each option of the page',
               [f'{option} is not shown' for option in sorted(told - shown)])
    tap.done()


main()
