# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin of pytest: processes that run side by side share the work (pytest -p share).

All are given the same tests. A file of them is run by the process that is the first to make a
folder of its name in the folder VIRTCCW_SHARE. Every end-to-end process has a simulated host of
its own, and most tests wait: two of them need little more than half the time.
"""

import functools
import os

import pytest

FOLDER = os.environ['VIRTCCW_SHARE']


@functools.lru_cache(maxsize=None)
def is_ours(path):
    """Whether this process is the first to want that file."""
    try:
        os.mkdir(os.path.join(FOLDER, path.name))
        return True
    except FileExistsError:
        return False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """True: has been dealt with, by somebody else."""
    return None if is_ours(item.path) else True
