# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kill -9, or a failing system call, at every point of every change of a domain's definition.

As test_interrupted.py does it for mediated devices. After each point a daemon that is started
anew must show every domain exactly as before or as after the change, and what was acknowledged
as after; nothing may be left behind that is not tidied up; no other domain may change.
"""

import errno
import os
import shutil
import xml.etree.ElementTree as ET

import libvirt
import pytest

from test_interrupted import CALLS, CHANGES, MOST, Interference, state

NAME, NEW, NEIGHBOUR = "guest", "renamed", "neighbour"
UUID = "c7a5fdbd-cdaf-9455-926a-d65c16db1809"
OTHER = "0e5a2c8e-6d51-44ca-b4a5-7a0d3b0d3f11"
ELEMENT = libvirt.VIR_DOMAIN_METADATA_ELEMENT
CODES = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EROFS")}

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def document(vcpus=1, name=NAME, uuid=UUID, metadata=""):
    return (f"<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid>{metadata}"
            f"<memory>1024</memory><vcpu>{vcpus}</vcpu><os><type arch='s390x' "
            "machine='s390-ccw-virtio'>hvm</type></os><devices/></domain>")


def lookup(connection):
    return connection.lookupByName(NAME)


# A domain is {name: (vcpus, metadata, autostart)}.
PLAIN, MARKED = {NAME: (1, "", 0)}, {NAME: (1, "", 1)}

# name, domains before, what the client asks for, domains after
OPERATIONS = {
    "define": ({}, lambda c: c.defineXML(document()), PLAIN),
    "redefine": (MARKED, lambda c: c.defineXML(document(4)), {NAME: (4, "", 1)}),
    "autostart": (PLAIN, lambda c: lookup(c).setAutostart(1), MARKED),
    "no-autostart": (MARKED, lambda c: lookup(c).setAutostart(0), PLAIN),
    "rename": (MARKED, lambda c: lookup(c).rename(NEW), {NEW: (1, "", 1)}),
    "metadata": (PLAIN, lambda c: lookup(c).setMetadata(ELEMENT, "<a/>", "o", "urn:a"),
                 {NAME: (1, "<a/>", 0)}),
    "undefine": (MARKED, lambda c: lookup(c).undefine(), {}),
}


# Those that write a file.
WRITERS = ("define", "redefine", "rename", "metadata")


def metadata_of(domain):
    try:
        return domain.metadata(ELEMENT, "urn:a")
    except libvirt.libvirtError as error:
        assert error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN_METADATA
        return ""


def shown(connection):
    """The domains that the daemon shows, but for the neighbour, which must be as it was."""
    found = {domain.name(): (domain.info()[3], metadata_of(domain), domain.autostart())
             for domain in connection.listAllDomains()}
    assert found.pop(NEIGHBOUR) == (7, "", 1)
    return found


def kept(folder):
    """The same, as the files have it."""
    found = {}
    for file in folder.glob("*.xml"):
        root = ET.fromstring(file.read_text())
        link = folder / "autostart" / file.name
        found[file.stem] = (int(root.findtext("vcpu")),
                            "" if root.find("metadata") is None else "<a/>",
                            int(os.path.lexists(link)))
    assert found.pop(NEIGHBOUR) == (7, "", 1)
    return found


def reset(connection, before):
    """Brings the domains to what they are to be before."""
    for domain in connection.listAllDomains():
        if domain.name() != NEIGHBOUR:
            domain.undefine()
    if NEIGHBOUR not in [domain.name() for domain in connection.listAllDomains()]:
        connection.defineXML(document(7, NEIGHBOUR, OTHER)).setAutostart(1)
    for name, (vcpus, _, autostart) in before.items():
        connection.defineXML(document(vcpus, name)).setAutostart(autostart)
    assert shown(connection) == before


def leftovers(folder):
    """Files that belong to no domain."""
    names = {file.stem for file in folder.glob("*.xml")}
    return [str(file) for file in [*folder.iterdir(), *(folder / "autostart").iterdir()]
            if file.name != "autostart" and file.stem not in names]


def serves(connection):
    try:
        return connection.listAllDomains() is not None
    except libvirt.libvirtError:
        return False


def killed_at(host, tmp_path, operation, call, n):
    """Kills the daemon as it enters the n-th `call`. Returns: whether that happened."""
    before, ask, after = OPERATIONS[operation]
    connection = host.open()
    reset(connection, before)
    with Interference(host.process, f"{call}:signal=KILL:when={n}", tmp_path) as strace:
        strace.wait_attached(host)
        try:
            ask(connection)
            acknowledged = True
        except libvirt.libvirtError:
            acknowledged = False
            host.wait(lambda: state(host.process.pid) == "Z", "the daemon to be dead")
    # Killed after it had answered, it may be dying still.
    if not strace.killed and not serves(connection):
        host.wait(lambda: state(host.process.pid) == "Z", "the daemon to be dead")
        strace.killed = True
    if strace.killed:
        host.kill()
        host.start()
        connection = host.open()
    found = shown(connection)
    assert found in ([after] if acknowledged else [before, after]), (call, n)
    assert kept(host.domains) == found and leftovers(host.domains) == []
    return strace.killed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed(host, tmp_path, operation):
    host.start()
    points = 0
    for call in CALLS.split(","):
        for n in range(1, MOST):
            if not killed_at(host, tmp_path, operation, call, n):
                break
            points += 1
        else:
            pytest.fail(f"{operation} still does {call} a {MOST}th time")
    assert points >= 10
    print(f"{operation}: killed at {points} points")


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_failing(host, tmp_path, operation, name):
    """One failing call: the client is told which file and why; the daemon shows what is kept."""
    before, ask, after = OPERATIONS[operation]
    failures = 0
    host.start()
    connection = host.open()
    for call in CHANGES.split(",") + ["symlinkat"]:
        # One write at most is of a file; later ones wake the main loop, and never fail.
        most = 12 if call != "write" else 2 if operation in WRITERS else 1
        for n in range(1, most):
            reset(connection, before)
            message = None
            with Interference(host.process, f"{call}:error={name}:when={n}",
                              tmp_path) as interference:
                interference.wait_attached(host)
                try:
                    ask(connection)
                except libvirt.libvirtError as error:
                    message = error.get_error_message()
            found = shown(connection)
            assert found in ([after] if message is None else [before, after]), (call, n)
            assert kept(host.domains) == found, (call, n)
            if message is not None:
                failures += 1
                assert str(host.domains) in message and os.strerror(CODES[name]) in message
            elif not interference.happened():
                break
    assert failures >= 1
    host.stop()
    host.start()  # tidies up by itself
    assert shown(host.open()) == found and leftovers(host.domains) == []
