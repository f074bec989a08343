#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Licence lines, layout and sizes of the source files."""

import os
import shutil
import subprocess

from lintlib import files, read, ROOT, Tap

LICENCE = 'SPDX-License-Identifier: LGPL-2.1-or-later'
MAX_FUNCTION = 90
MAX_FILE = 1000
CLANG_FORMAT = '14'
CODE = ('.c', '.h', '.x', '.py', '.sh', '.map')
TEXT = CODE + ('.build', 'meson_options.txt', '.rst', '.md', '.in', '.conf', '.rng')


def is_script(path):
    """Whether an extensionless file starts with #!."""
    if '.' in os.path.basename(path):
        return False
    with open(os.path.join(ROOT, path), 'rb') as file:
        return file.read(2) == b'#!'


def ours(suffixes, scripts=True):
    """Files that we write by hand: no recorded output, no fuzzing corpus."""
    return [path for path in files() if '/corpus/' not in path and '/golden/' not in path
            and (path.endswith(suffixes) or scripts and is_script(path))]


def without_licence():
    return [f'{path}: no "{LICENCE}" in its first lines' for path in ours(TEXT)
            if LICENCE not in '\n'.join(read(path).splitlines()[:2])]


def untidy():
    """What .editorconfig asks of each text."""
    problems = []
    for path in ours(TEXT):
        text = read(path)
        problems += [f'{path}:{n}: trailing blank' for n, line in enumerate(text.split('\n'), 1)
                     if line != line.rstrip()]
        if text and (not text.endswith('\n') or text.endswith('\n\n')):
            problems.append(f'{path}: must end with one newline')
        if '\t' in text:
            problems.append(f'{path}: has a tab')
    return problems


def long_files():
    return [f'{path}: {n} lines, at most {MAX_FILE}' for path in ours(CODE)
            for n in [read(path).count('\n')] if n > MAX_FILE]


def long_functions(tool):
    # --kinds takes one letter of each language: f is a function, m a method in Python.
    out = subprocess.run(
        [tool, '-x', '--fields=+e', '--kinds-C=f', '--kinds-Python=fm', '--kinds-Sh=f',
         '--languages=C,Python,Sh', '--_xformat=%{line} %{end} %{input} %{name}', '-L', '-'],
        input='\n'.join(ours(CODE)), cwd=ROOT, capture_output=True, text=True, check=True)
    problems = []
    for line in out.stdout.splitlines():
        start, end, path, name = line.split(' ', 3)
        if end and int(end) - int(start) + 1 > MAX_FUNCTION:
            problems.append(f'{path}:{start}: {name} has {int(end) - int(start) + 1} lines, '
                            f'at most {MAX_FUNCTION}')
    return problems


def badly_formatted(paths):
    out = subprocess.run(['clang-format', '--dry-run', '-Werror', '--', *paths], cwd=ROOT,
                         capture_output=True, text=True)
    bad = sorted({line.split(':')[0] for line in out.stderr.splitlines() if ': error:' in line})
    return [f'{path}: run clang-format -i' for path in bad] or \
        ([out.stderr] if out.returncode else [])


def check_functions(tap):
    tool = shutil.which('ctags-universal') or shutil.which('ctags')
    name = f'no function over {MAX_FUNCTION} lines'
    if tool:
        tap.result(name, long_functions(tool))
    else:
        tap.skip(name, 'universal-ctags is not installed')


def check_format(tap):
    paths = ours(('.c', '.h'), scripts=False)
    version = shutil.which('clang-format') and subprocess.run(
        ['clang-format', '--version'], capture_output=True, text=True).stdout
    for folder in sorted({'/'.join(path.split('/')[:2]) for path in paths}):
        name = f'{folder} is formatted'
        if version and f'version {CLANG_FORMAT}.' in version:
            tap.result(name, badly_formatted([p for p in paths if p.startswith(folder + '/')]))
        else:
            tap.skip(name, f'clang-format {CLANG_FORMAT} is not installed')


def main():
    tap = Tap()
    tap.result('licence in every file', without_licence())
    tap.result('tidy text', untidy())
    tap.result(f'no file over {MAX_FILE} lines', long_files())
    check_functions(tap)
    check_format(tap)
    tap.done()


main()
