#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's names: each that is used is defined, and each import is used.

A line with "noqa" is for those who know better, such as who imports another file's fixtures.
"""

import ast
import os

from lintlib import files, read, ROOT, Tap

try:
    from pyflakes import checker, messages
except ImportError:
    checker = None


def is_python(path):
    with open(os.path.join(ROOT, path), 'rb') as file:
        first = file.readline()
    return path.endswith('.py') or first.startswith(b'#!') and b'python' in first


def problems_of(path):
    text = read(path)
    lines = text.splitlines()
    found = checker.Checker(ast.parse(text), filename=path).messages
    # A test's argument has the name of the fixture that was imported for it.
    return [str(one) for one in sorted(found, key=lambda one: one.lineno)
            if not isinstance(one, messages.RedefinedWhileUnused)
            and 'noqa' not in lines[one.lineno - 1]]


def main():
    tap = Tap()
    for path in files():
        if not is_python(path):
            continue
        if checker is None:
            tap.skip(path, 'python3-pyflakes is not installed')
            continue
        tap.result(path, problems_of(path))
    tap.done()


main()
