# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the linters share: which files there are, and how to report in TAP."""

import os
import re
import sys

ROOT = os.environ.get('VIRTCCW_SOURCE') or \
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _is_ours(folder, name):
    """Whether to look into a subfolder: not into git's, caches, or somebody's build."""
    return (not name.startswith('.') or name == '.ci') and name != '__pycache__' and \
        not os.path.exists(os.path.join(folder, name, 'build.ninja'))


def files(*suffixes, below=''):
    """Paths, relative to the source root, of the files with one of the suffixes (or all)."""
    found = []
    for folder, names, leaves in os.walk(os.path.join(ROOT, below)):
        names[:] = sorted(n for n in names if _is_ours(folder, n))
        for leaf in sorted(leaves):
            if not suffixes or leaf.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, leaf), ROOT))
    return found


def read(path):
    """The text of a file of ours."""
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def without_comments(text):
    """C text with its comments blanked, line numbers kept."""
    return re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m.group()), text, flags=re.S)


class Tap:
    """Prints one result a call; problems are diagnostics, and make it a failure."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def result(self, name, problems):
        self.number += 1
        if problems:
            self.failed += 1
        print(f"{'not ok' if problems else 'ok'} {self.number} {name}")
        for problem in problems:
            print(f'# {problem}')

    def skip(self, name, reason):
        self.number += 1
        print(f'ok {self.number} {name} # SKIP {reason}')

    def done(self):
        print(f'1..{self.number}')
        sys.exit(1 if self.failed or not self.number else 0)
