#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Public headers: each compiles alone, is documented, and is what the library exports.

Usage: headers.py LIBRARY
"""

import re
import shutil
import subprocess
import sys

from lintlib import files, read, ROOT, Tap, without_comments

# A prototype at the start of a line: its name and its parameters.
PROTOTYPE = re.compile(r'^[A-Za-z][\w \*]*(?:\n[\w \*]*)??\b(vccw_\w+)\(([^;{]*?)\)\s*'
                       r'(?:G_GNUC_\w+(?:\([^)]*\))?\s*)*;', re.M | re.S)
COMMENT = re.compile(r'/\*\*(.*?)\*/', re.S)


def prototypes(text):
    """Of each function in a header: name, parameters, offset."""
    return [(m[1], m[2], m.start()) for m in PROTOTYPE.finditer(without_comments(text))]


def comment_before(text, offset):
    """The documentation comment that ends right before an offset, or None."""
    head = text[:offset].rstrip()
    start = head.rfind('/**')
    return head[start:] if head.endswith('*/') and start >= 0 and \
        head.find('*/', start) == len(head) - 2 else None


def undocumented(path):
    text = read(path)
    problems = []
    for name, parameters, offset in prototypes(text):
        comment = comment_before(text, offset)
        if comment is None or not re.search(rf'\b{name}\s*(\(\))?:', comment):
            problems.append(f'{path}: {name} has no comment "/** {name}: …"')
            continue
        for wanted in re.findall(r'^\s*\*\s*@(\w+):', comment, re.M):
            if not re.search(rf'\b{wanted}\b', parameters):
                problems.append(f'{path}: the comment of {name} tells of @{wanted}, which '
                                f'it does not take')
    return problems


def compile_alone(compiler, arguments, path):
    flags = subprocess.run(['pkg-config', '--cflags', 'glib-2.0'], capture_output=True,
                           text=True, check=True).stdout.split()
    header = path[len('include/'):]
    out = subprocess.run(
        [compiler, *arguments, '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-Iinclude',
         *flags, '-'], input=f'#include <{header}>\n', cwd=ROOT, capture_output=True, text=True)
    return out.stderr.splitlines()[:10] if out.returncode else []


def exported(library):
    out = subprocess.run(['nm', '-D', '--defined-only', library], capture_output=True,
                         text=True, check=True).stdout
    names = {line.split()[2].split('@')[0] for line in out.splitlines()
             if line.split()[1] in 'TBDRVW'}
    return names


def check_exports(tap, library, public):
    declared = {name for path in public for name, _, _ in prototypes(read(path))}
    found = exported(library)
    tap.result('every public function is exported',
               [f'{name} is not exported' for name in sorted(declared - found)])
    tap.result('nothing else is exported',
               [f'{name} is exported, but in no public header: narrow src/libvirtccw.map'
                for name in sorted(found - declared)])


def main():
    tap = Tap()
    public = files('.h', below='include')
    for path in public:
        tap.result(f'{path} compiles alone', compile_alone('cc', ['-std=gnu11', '-xc'], path))
        if shutil.which('c++'):
            tap.result(f'{path} compiles in C++',
                       compile_alone('c++', ['-std=c++17', '-xc++'], path))
        else:
            tap.skip(f'{path} compiles in C++', 'no C++ compiler is installed')
    for path in public + files('.h', below='src'):
        if prototypes(read(path)):
            tap.result(f'{path} is documented', undocumented(path))
    check_exports(tap, sys.argv[1], public)
    tap.done()


main()
