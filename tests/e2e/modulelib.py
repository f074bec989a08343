# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of the tests cannot apply to libvirt_driver_ccw.so (VIRTCCW_FACE=module), and why."""

import pytest

SOCKETS = 'the module has no sockets: nothing but libvirt speaks to it'
PROCESS = 'this is about virtccwd as a process; the module has none'
ELSEWHERE = 'this starts daemons of its own; the module is not part of it'
AUTOSTART = ('with etc= the module starts nothing by itself: virtccwd or mdevctl, whose store '
             'that is, do')
ITSELF = 'here the process that holds the device is the caller itself'
UNHEARD = 'only the process that changes a domain is told of it: there is no daemon between them'
UNWATCHED = 'the host is watched only while a process has the root open'
UNSEEN = 'not every difference is seen where tests are skipped'

# Beginnings of a test's name, FILE or FILE::TEST, and the reason.
REASONS = {
    'test_daemon.py': PROCESS,
    'test_hostile_clients.py': SOCKETS,
    'test_front': ELSEWHERE,
    'test_channel.py::TestDevice::test_bound_by_others': UNWATCHED,
    'test_domains.py::test_event': UNHEARD,
    **{f'test_handover.py::{name}': ELSEWHERE for name in (
        'TestDetach::test_loads_module', 'TestDetach::test_without_module', 'TestStart::test_turned_off')},
    'test_native.py::test_read_only': SOCKETS,
    'test_handover.py::TestIdentity::test_defined_by_mdevctl': UNWATCHED,
    'test_hostile_host.py::test_in_use_by_a_process': ITSELF,
    'test_read_only.py::test_refused': SOCKETS,
    'test_read_only.py::test_not_before_open': SOCKETS,
    'test_read_only.py::test_library_that_does_not_know': SOCKETS,
    **{f'test_mdevctl.py::TestAutostart::test_{name}': AUTOSTART for name in (
        'when_bound_later', 'when_bound_at_once', 'when_plugged_later', 'manual_stays',
        'destroyed_stays_destroyed')},
    'test_side_by_side.py::TestBehaviour::test_autostart': AUTOSTART,
    'test_side_by_side.py::TestBehaviour::test_read_only_autostart': AUTOSTART,
    'test_side_by_side.py::test_every_documented_difference_was_seen': UNSEEN,
    'test_virsh.py::TestConnection::test_unknown_path': PROCESS,
}


def skip(items):
    """Marks the tests that cannot apply."""
    for item in items:
        name = '/'.join(item.nodeid.split('/')[-1:])
        for beginning, reason in REASONS.items():
            if name.startswith(beginning):
                item.add_marker(pytest.mark.skip(reason=reason))
