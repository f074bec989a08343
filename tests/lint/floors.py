#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the floors of the house: a file includes only from its own folder or from below.

Also which outside library is known where: the libraries are part of the design, for a floor
that knows nothing of XML cannot come to depend on it.
"""

import os
import re

from lintlib import files, read, Tap, without_comments

FLOOR = {
    'base': 0, 'address': 0, 'css': 1, 'mdev': 2, 'xml': 2, 'qemu': 3, 'handover': 3, 'domain': 3,
    'driver': 4,
    'rpc': 5, 'front': 6, 'daemon': 7, 'module': 7, 'cli': 7,
    'callout': 8,
}
# The folder that a public header belongs to.
PUBLIC = {
    'error': 'base', 'address': 'address', 'css': 'css', 'mdev': 'mdev', 'nodedev-xml': 'xml',
    'hostdev-xml': 'xml',
    'qemu': 'qemu',
}
# Prefix of an outside header: folders that may include it.
OUTSIDE = {
    'libvirt/': {'driver', 'rpc', 'front', 'daemon', 'module'},
    'libxml/': {'xml', 'qemu'},
    'json-glib/': {'mdev'},
    'rpc/': {'rpc'},
    'systemd/': {'daemon', 'front'},
    'fuse': set(),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def may_include(own, other):
    """Whether a file in folder own may include a header of folder other."""
    if own == other or {own, other} == {'base', 'address'}:
        return True
    return FLOOR[other] < FLOOR[own]


def problem_of(own, path, header):
    """What is wrong with one #include, or None."""
    public = re.fullmatch(r'virtccw/(.+)\.h', header)
    folder = PUBLIC.get(public[1], '?') if public else header.split('/')[0]
    if public and folder == '?':
        return f"{path} includes <{header}>, which is on no floor: add it to {__file__}"
    if '/' in header and folder in FLOOR and (public or folder != 'rpc' or is_ours(header)):
        if not may_include(own, folder):
            return f'{path} ({own}, floor {FLOOR[own]}) includes {header} ' \
                f'({folder}, floor {FLOOR[folder]})'
        return None
    for prefix, allowed in OUTSIDE.items():
        if header.startswith(prefix) and own not in allowed:
            return f"{path}: {own} must know nothing of <{header}>"
    return None


def is_ours(header):
    """Tells our rpc/server.h from libtirpc's <rpc/xdr.h>."""
    return not {f'src/{header}', f'src/{header[:-2]}.x'}.isdisjoint(SOURCES)


def includes(path):
    return [header for _, header in INCLUDE.findall(without_comments(read(path)))]


def problems_of_folder(folder):
    paths = [p for p in SOURCES if p.startswith(f'src/{folder}/')]
    paths += [p for p in files('.h', below='include')
              if PUBLIC.get(os.path.basename(p)[:-2]) == folder]
    return [problem for path in paths for header in includes(path)
            for problem in [problem_of(folder, path, header)] if problem]


def unknown_folders():
    known = {f'src/{folder}' for folder in FLOOR}
    return [f'{path} is on no floor' for path in SOURCES
            if not any(path.startswith(folder + '/') for folder in known)]


def no_simulation():
    """The product has no simulation inside, and no tests."""
    return [f'{path} includes {header}' for path in SOURCES for header in includes(path)
            if header.startswith(('tools/', 'sim/', 'tests/', '../'))]


SOURCES = files('.c', '.h', '.x', below='src')


def main():
    tap = Tap()
    tap.result('every source is on a floor', unknown_folders())
    tap.result('no simulation in the product', no_simulation())
    for folder in FLOOR:
        if any(path.startswith(f'src/{folder}/') for path in SOURCES):
            tap.result(f'{folder} includes nothing from above', problems_of_folder(folder))
    tap.done()


main()
