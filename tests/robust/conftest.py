# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtccwd of its own for each test, on a plain tree that stands for sysfs.

These tests are about what the daemon does to its files and sockets when it is killed, when
system calls fail and when clients misbehave; they need neither simulator nor root.
"""

import os
import pathlib
import signal
import subprocess
import time

import libvirt
import pytest

libvirt.registerErrorHandler(lambda *_: None, None)

DAEMON = os.path.join(os.environ.get("VIRTCCW_BUILD", "build"), "src/daemon/virtccwd")
SYSTEM = os.geteuid() == 0


class Host:
    """A folder with a sysfs tree, a store and the daemon's sockets."""

    def __init__(self, root):
        self.root = root
        self.sysfs = root / "sys"
        self.store = root / "mdevctl.d"
        self.domains = root / "domains"
        self.sockets = root / "sockets"
        self.log = root / "log"
        self.process = None
        self.make_tree()
        for folder in ("callouts", "notifiers"):  # mdevctl wants them
            (self.store / "scripts.d" / folder).mkdir(parents=True)

    def make_tree(self):
        for folder in ("devices/css0", "bus/css/devices", "bus/css/drivers/io_subchannel",
                       "bus/ccw/devices", "bus/mdev/devices"):
            (self.sysfs / folder).mkdir(parents=True)
        for number in range(4):
            self.make_subchannel(f"0.0.{number:04x}", f"0.0.{number + 0x3000:04x}")

    def make_subchannel(self, bus_id, device):
        """On io_subchannel, so that nothing is autostarted on a tree that cannot act."""
        folder = self.sysfs / "devices/css0" / bus_id
        folder.mkdir(parents=True)
        (folder / "driver").symlink_to("../../../bus/css/drivers/io_subchannel")
        (folder / "type").write_text("0\n")
        (folder / "dev_busid").write_text(device + "\n")
        (self.sysfs / "bus/css/devices" / bus_id).symlink_to(
            f"../../../devices/css0/{bus_id}")

    def start(self, *options):
        # Not what polkit knows on this machine.
        config = self.root / "virtccwd.conf"
        config.write_text('auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [DAEMON, "--socket-dir", self.sockets, "--sysfs", self.sysfs,
                 "--definitions", self.store, "--state-dir", self.root / "run",
                 "--domains", self.domains, "--dev", self.root / "dev",
                 "--var-dir", self.root / "var", "--overrides", self.root / "driverctl.d",
                 "--udev-rules", self.root / "rules.d",
                 "--config", config, *options],
                stdout=log, stderr=log)
        self.wait(lambda: self.can_connect(), "the daemon to answer")
        return self

    def can_connect(self):
        if self.process.poll() is not None:
            pytest.fail(f"virtccwd ended: {self.log.read_text()}")
        try:
            self.open().close()
            return True
        except libvirt.libvirtError:
            return False

    def open(self, read_only=False):
        name = "virtccwd-sock-ro" if read_only and SYSTEM else "virtccwd-sock"
        uri = f"ccw+unix:///{'system' if SYSTEM else 'session'}?socket={self.sockets}/{name}"
        return libvirt.openReadOnly(uri) if read_only else libvirt.open(uri)

    @staticmethod
    def wait(condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited {seconds} s for {what}")
            time.sleep(0.005)

    def stop(self):
        """Ends the daemon as systemd would; its exit status must be 0."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(20) == 0, self.log.read_text()
        self.process = None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
        self.process = None

    def complaints(self):
        """What a sanitizer or GLib had to say."""
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines()
                if "Sanitizer" in line or "runtime error" in line or "CRITICAL" in line
                or "-critical" in line]


@pytest.fixture
def host(tmp_path):
    host = Host(pathlib.Path(tmp_path))
    yield host
    host.kill()
    assert host.complaints() == []
