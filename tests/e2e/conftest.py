# SPDX-License-Identifier: LGPL-2.1-or-later
"""End-to-end tests: stock clients, the real daemon, a simulated host.

They run inside "virtccw-sim run"; started elsewhere, they start themselves there anew.
VIRTCCW_BUILD is the build folder, and VIRTCCW_REGENERATE=1 writes golden files anew.
VIRTCCW_FACE=module has the same tests run without a daemon, by libvirt_driver_ccw.so.
"""

import gc
import os
import resource
import shutil
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import hostlib
import modulelib

INSIDE = 'VIRTCCW_E2E_INSIDE'


# Files that run only if they are named, and the folders with programs that they need.
PROGRAMS = {'test_front_programs.py': ['programs', 'nova'], 'test_front_window.py': ['window']}


def named(config):
    """The paths that were given; files by their names alone."""
    return [os.path.basename(arg.split('::')[0]) for arg in config.args]


def make_clients(config):
    """Newer clients come from the network, which the simulated host does not have."""
    maker = os.path.join(hostlib.HERE, 'make-clients')
    names = named(config)
    if any(not name.endswith('.py') or name == 'test_new_clients.py' for name in names):
        subprocess.run([maker], check=False)
    for name in set(names) & set(PROGRAMS):
        subprocess.run([maker, *PROGRAMS[name]], check=False)


def pytest_ignore_collect(collection_path, config):
    """Programs are large, and take long to come by the network."""
    if collection_path.name in PROGRAMS and collection_path.name not in named(config):
        return True
    return None


def enter_host(config):
    """Runs the same command inside the simulated host, instead of this process."""
    capture = config.pluginmanager.getplugin('capturemanager')
    if capture:
        capture.stop_global_capturing()
    make_clients(config)
    os.chdir(config.invocation_params.dir)
    os.environ[INSIDE] = '1'
    os.execv(hostlib.VIRTCCW_SIM, [
        hostlib.VIRTCCW_SIM, 'run', '--', sys.executable, '-m', 'pytest',
        *map(str, config.invocation_params.args)])


def in_host():
    return hostlib.run(hostlib.VIRTCCW_SIM, 'ctl', 'dump').rc == 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if hostlib.LAB:
        # As a real host's processes may, and more than the kernel gives the first one.
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 65536))
        return
    if not os.path.exists(hostlib.VIRTCCW_SIM):
        pytest.exit(f'there is no {hostlib.VIRTCCW_SIM}: set VIRTCCW_BUILD, build first', 1)
    if in_host():
        return
    if os.environ.get(INSIDE):
        pytest.exit('the simulated host does not answer: virtccw-sim ctl dump fails', 1)
    enter_host(config)


def pytest_collection_modifyitems(items):
    if hostlib.MODULE:
        modulelib.skip(items)
    # After them, this process's libvirt no longer finds the daemon by ccw:///system.
    items.sort(key=lambda item: item.path.name.startswith(('test_module', 'test_faces')))


@pytest.fixture(autouse=True)
def garbage():
    """libvirt's bindings forget the error of a call when Python, in the middle of it, releases a
    device of an earlier test. So that is done between tests."""
    gc.disable()
    yield
    gc.collect(0)


@pytest.fixture(autouse=True)
def fresh_host():
    """Every test begins on a host that has just been booted, without definitions."""
    hostlib.reset_host()
    yield
    hostlib.end_daemons()


@pytest.fixture
def daemon(fresh_host, tmp_path):
    """A running virtccwd; it must end cleanly, and its log be free of faults."""
    if hostlib.MODULE:
        yield hostlib.NoDaemon()
        shutil.rmtree(hostlib.ROOTS, ignore_errors=True)
        return
    server = hostlib.Daemon(tmp_path)
    try:
        server.start()
        yield server
    finally:
        try:
            server.stop()
        finally:
            server.check_log()


@pytest.fixture
def virsh(daemon):
    return hostlib.Virsh()


@pytest.fixture(scope='session', autouse=True)
def _without_policy():
    """Whether virtccwd asks polkit by default depends on whether libvirt's actions are known."""
    if os.path.exists(hostlib.POLICY):
        hostlib.ok('mount', '-t', 'tmpfs', 'tmpfs', os.path.dirname(hostlib.POLICY))


@pytest.fixture(scope='session')
def event_loop():
    """libvirt's own event loop, in a thread."""
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    stop = threading.Event()

    def loop():
        while not stop.is_set():
            libvirt.virEventRunDefaultImpl()

    # Wakes the loop up often enough to see that it shall end.
    timer = libvirt.virEventAddTimeout(100, lambda *_: None, None)
    thread = threading.Thread(target=loop, daemon=True, name='event loop')
    thread.start()
    yield
    stop.set()
    thread.join(5)
    libvirt.virEventRemoveTimeout(timer)


@pytest.fixture
def lv(daemon, event_loop):
    """A connection of python3-libvirt."""
    import libvirt

    connection = libvirt.open(hostlib.URI)
    yield connection
    connection.close()


@pytest.fixture
def document(tmp_path):
    """Writes a document into a file of its own. Returns: its path."""
    count = 0

    def write(text):
        nonlocal count
        count += 1
        path = tmp_path / f'document-{count}.xml'
        path.write_text(text, encoding='utf-8')
        return str(path)

    return write
