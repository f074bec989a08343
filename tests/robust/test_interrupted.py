# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kill -9, or a failing system call, at every point of every change of the store.

For each kind of file system call, strace interferes with the n-th one after it was attached
to the waiting daemon; n grows until the operation gets through untouched. After each point the definition must be exactly as
before or as after; what was acknowledged must be as after; no other definition may change;
and real mdevctl must be able to read the store when it is installed.
"""

import errno
import json
import os
import re
import shutil
import signal
import subprocess

import libvirt
import pytest

UUID = "18e124fb-b2fc-47f6-a407-f256b6c49767"
OTHER = "90c6c135-ad44-41d0-b1b7-bae47de48627"
NAME = f"mdev_{UUID.replace('-', '_')}_0_0_0001"
PARENT = "0.0.0001"

# Every call by which the store can be changed or looked at on the way.
CALLS = ("openat,newfstatat,fstat,mkdirat,flock,fchmod,fchown,write,fsync,fdatasync,"
         "renameat,renameat2,linkat,unlinkat,close,read")
MOST = 40  # more calls of one kind than any operation makes; the sweep must end before

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def document(kind="vfio_ccw-io"):
    return (f"<device><parent>css_0_0_0001</parent><capability type='mdev'>"
            f"<type id='{kind}'/><uuid>{UUID}</uuid></capability></device>")


def definition(kind="vfio_ccw-io", start="manual"):
    return json.dumps({"mdev_type": kind, "start": start, "attrs": [], "kept": [1, {"a": None}]})


def lookup(connection):
    return connection.nodeDeviceLookupByName(NAME)


# name, definition before (None: there is none), what the client asks for
OPERATIONS = {
    "define": (None, lambda c: c.nodeDeviceDefineXML(document())),
    "redefine": (definition("vfio_ccw-io", "auto"),
                 lambda c: c.nodeDeviceDefineXML(document("vfio_ccw-other"))),
    "autostart": (definition(), lambda c: lookup(c).setAutostart(1)),
    "undefine": (definition(), lambda c: lookup(c).undefine()),
}


def expected(operation, before):
    """The definition after the operation, as parsed JSON; None if it is gone."""
    after = json.loads(before) if before else None
    if operation == "define":
        return {"mdev_type": "vfio_ccw-io", "start": "manual", "attrs": []}
    if operation == "redefine":
        after["mdev_type"] = "vfio_ccw-other"
    if operation == "autostart":
        after["start"] = "auto"
    return None if operation == "undefine" else after


class Store:
    def __init__(self, host, before):
        self.file = host.store / PARENT / UUID
        self.neighbour = host.store / "0.0.0002" / OTHER
        self.before = before
        for file in (self.file, self.neighbour):
            file.parent.mkdir(exist_ok=True)
        self.neighbour.write_text(definition())
        self.reset()

    def reset(self):
        if self.before is None:
            self.file.unlink(missing_ok=True)
        else:
            self.file.write_text(self.before)

    def content(self):
        return json.loads(self.file.read_text()) if self.file.exists() else None

    def check(self, operation, acknowledged):
        before = json.loads(self.before) if self.before else None
        after = expected(operation, self.before)
        content = self.content()
        assert content in ([after] if acknowledged else [before, after])
        assert self.neighbour.read_text() == definition()

    def leftovers(self):
        return [file.name for file in self.file.parent.iterdir() if file.name != UUID]


class Interference:
    """strace on the running daemon; as a context manager it is attached and detached."""

    def __init__(self, process, what, tmp_path):
        self.command = ["strace", "-f", "-q", "-p", str(process.pid), "-o",
                        str(tmp_path / "strace"), "-e", f"trace={CALLS}", "-e",
                        f"inject={what}"]
        self.output = tmp_path / "strace"
        self.pid = process.pid

    def __enter__(self):
        self.output.unlink(missing_ok=True)
        self.strace = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        return self

    def wait_attached(self, host):
        host.wait(lambda: traced(host.process.pid), "strace to attach")

    def __exit__(self, *_):
        # strace can wait for ever for the other threads of a process that it has killed;
        # without it they are gone at once.
        self.killed = state(self.pid) == "Z"
        self.strace.send_signal(signal.SIGKILL if self.killed else signal.SIGINT)
        try:
            self.strace.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.killed = state(self.pid) == "Z"
            self.strace.kill()
            self.strace.communicate()

    def happened(self):
        return "(INJECTED)" in self.output.read_text()


def status_field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return re.search(rf"^{name}:\s*(\S+)", status.read(), re.M)[1]


def state(pid):
    """One letter, as ps shows it; Z is dead."""
    return status_field(pid, "State")


def traced(pid):
    return status_field(pid, "TracerPid") != "0"


def readable_by_mdevctl(host):
    """Real mdevctl, shown our store: it must list every definition."""
    if not shutil.which("mdevctl"):
        return True
    # Root needs no user namespace, and is refused one in some containers.
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else
                                        ["--user", "--map-root-user"])
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mdevctl was not asked: no mount namespace may be made here")
    script = f"mount --bind {host.store} /etc/mdevctl.d && mdevctl list -d --dumpjson"
    done = subprocess.run([*unshare, "sh", "-c", script], capture_output=True, text=True,
                          check=False)
    listed = done.stdout.count('"mdev_type"')
    return done.returncode == 0 and listed == len(list(host.store.glob("0.*/*-*")))


def interrupt(host, tmp_path, store, operation, call, n):
    """Kills the daemon as it enters the n-th `call`; returns whether that happened."""
    store.reset()
    host.start()
    connection = host.open()
    with Interference(host.process, f"{call}:signal=KILL:when={n}", tmp_path) as strace:
        strace.wait_attached(host)
        try:
            OPERATIONS[operation][1](connection)
            acknowledged = True
        except libvirt.libvirtError:
            acknowledged = False
            host.wait(lambda: state(host.process.pid) == "Z", "the daemon to be dead")
    store.check(operation, acknowledged)
    host.kill()
    return strace.killed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed(host, tmp_path, operation):
    store = Store(host, OPERATIONS[operation][0])
    points = 0
    for call in CALLS.split(","):
        for n in range(1, MOST):
            if not interrupt(host, tmp_path, store, operation, call, n):
                break
            points += 1
        else:
            pytest.fail(f"{operation} still does {call} a {MOST}th time")
    assert points >= 10
    host.start()  # no repair step: it comes up by itself, and tidies up
    assert store.leftovers() == []
    assert len(host.open().listAllDevices(1 << 14)) == len(list(host.store.glob("0.*/*-*")))
    host.stop()
    assert readable_by_mdevctl(host)
    print(f"{operation}: killed at {points} points")


CHANGES = "openat,mkdirat,write,fsync,renameat2,unlinkat"


CODES = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT")}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_failing(host, tmp_path, operation, name):
    """One failing call: the client is told which file and why, and nothing is half done."""
    before, ask = OPERATIONS[operation]
    store = Store(host, before)
    failures = 0
    host.start()
    for call in CHANGES.split(","):
        for n in range(1, 12):
            store.reset()
            connection = host.open()
            host.wait(lambda: settled(connection, before), "the view to follow the reset")
            message = None
            with Interference(host.process, f"{call}:error={name}:when={n}",
                              tmp_path) as interference:
                interference.wait_attached(host)
                try:
                    ask(connection)
                except libvirt.libvirtError as error:
                    message = error.get_error_message()
            store.check(operation, message is None)
            if message is not None:
                failures += 1
                assert str(host.store) in message and os.strerror(CODES[name]) in message
            elif not interference.happened():
                break
    assert failures >= 1
    assert readable_by_mdevctl(host)


def settled(connection, before):
    """Whether the daemon's view shows the definition as it was reset."""
    try:
        xml = lookup(connection).XMLDesc()
    except libvirt.libvirtError:
        return before is None
    if before is None:
        return False
    wanted = json.loads(before)
    return (f"id='{wanted['mdev_type']}'" in xml
            and lookup(connection).autostart() == (wanted["start"] == "auto"))
