# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stock daemon of few words, that hangs or dies wherever a test wants it to.

It answers what a client needs for a whole session: authentication, opening, calls, events,
streams in both directions and file descriptors.
"""

import os
import socket
import struct
import threading

from rpcclient import xdr

CALL, REPLY, MESSAGE, STREAM, REPLY_WITH_FDS = 0, 1, 2, 3, 5
OK, ERROR, CONTINUE = 0, 1, 2
REMOTE = 0x20008086
OPEN, CLOSE, FEATURE, AUTH_LIST, GET_URI, IDENTITY = 1, 2, 60, 66, 110, 419
UPLOAD, DOWNLOAD, NETWORKS, LIST_ALL, GRAPHICS_FD = 208, 209, 283, 285, 343
REGISTER, DEREGISTER, EVENT, NETWORK_REGISTER = 374, 375, 376, 313
CHUNK = b'stream data ' * 9


class Gone(Exception):
    """The client, or this daemon, is gone."""


def refusal(code, text):
    """The payload of an error."""
    return struct.pack('>3I', code, 7, 1) + xdr('s', text) + struct.pack(
        '>9I', 2, 0, 0, 0, 0, 0, 0, 0, 0)


class Connection:
    """One client, served by a thread of its own."""

    def __init__(self, daemon, peer):
        self.daemon = daemon
        self.socket = peer
        self.left = daemon.bytes_to_live
        self.head = None

    def _receive(self, size):
        data = b''
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            data += part
        return data

    def read(self):
        """One message: procedure, type, status, payload."""
        size, program, version, procedure, kind, serial, status = struct.unpack(
            '>7I', self._receive(28))
        payload = self._receive(size - 28)
        if program == REMOTE:
            self.head = program, version, procedure, serial
            self.daemon.seen.append(procedure)
        return program, procedure, kind, status, payload

    def write(self, data):
        """Sends as much of it as it may live to send; then it hangs, and dies when told."""
        if self.left is not None and len(data) > self.left:
            data, dies = data[:self.left], True
        else:
            dies = False
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone from error
        if self.left is not None:
            self.left -= len(data)
        self.daemon.sent += len(data)
        if dies:
            self.daemon.hangs.set()
            self.daemon.may_die.wait(60)
            raise Gone

    def send(self, payload=b'', kind=REPLY, status=OK, procedure=None):
        program, version, called, serial = self.head
        self.write(struct.pack('>7I', 28 + len(payload), program, version,
                               called if procedure is None else procedure, kind,
                               1 if kind == MESSAGE else serial, status) + payload)

    def send_fd(self):
        program, version, procedure, serial = self.head
        self.write(struct.pack('>8I', 32, program, version, procedure, REPLY_WITH_FDS, serial,
                               OK, 1))
        with open(os.devnull, 'rb') as file:
            socket.send_fds(self.socket, [b'\0'], [file.fileno()])

    def download(self):
        self.send()
        for _ in range(3):
            self.send(CHUNK, STREAM, CONTINUE)
        self.send(b'', STREAM, CONTINUE)

    def answer(self, procedure, payload):
        """What a call leads to."""
        if procedure in self.daemon.answers:
            status, data = self.daemon.answers[procedure]
            self.send(data, status=status)
        elif procedure == AUTH_LIST:
            self.send(struct.pack('>2I', 1, 0))
        elif procedure == FEATURE:
            self.send(struct.pack('>I', struct.unpack('>I', payload)[0] != 2))
        elif procedure == GET_URI:
            self.send(xdr('s', 'qemu:///system'))
        elif procedure == LIST_ALL:
            self.send(struct.pack('>I', 2) + xdr('ss', 'computer', 'net_lo') +
                      struct.pack('>I', 2))
        elif procedure == NETWORKS:
            self.send(struct.pack('>I', 1) + xdr('s', 'default') + bytes(16) +
                      struct.pack('>I', 1))
        elif procedure == REGISTER:
            self.send(struct.pack('>I', 9))
            self.send(struct.pack('>I', 9) + xdr('sii', 'net_lo', 1, 0), MESSAGE, OK, EVENT)
        elif procedure == NETWORK_REGISTER:
            self.send(struct.pack('>I', 3))
        elif procedure == GRAPHICS_FD:
            self.send_fd()
        elif procedure == DOWNLOAD:
            self.download()
        else:
            self.send()

    def serve(self):
        try:
            while True:
                program, procedure, kind, status, payload = self.read()
                if program != REMOTE:
                    self.socket.sendall(struct.pack('>7I', 28, program, 1, 2, MESSAGE, 0, OK))
                elif kind == STREAM and status == OK:
                    self.send(b'', STREAM, OK)
                elif kind != STREAM:
                    self.answer(procedure, payload)
                if procedure == CLOSE and program == REMOTE:
                    return
        except Gone:
            pass
        finally:
            self.socket.close()
            self.daemon.died.set()


class Scripted:
    """It listens from the beginning of a "with" to the end.

    bytes_to_live: after so many bytes each connection hangs; None never does.
    answers: of a procedure: (status, payload), instead of what it would answer.
    """

    def __init__(self, path):
        self.path = path
        self.bytes_to_live = None
        self.answers = {}
        self.listener = None
        self.reset()

    def reset(self, bytes_to_live=None):
        self.bytes_to_live = bytes_to_live
        self.sent = 0
        self.seen = []
        self.hangs = threading.Event()
        self.may_die = threading.Event()
        self.died = threading.Event()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=Connection(self, peer).serve, daemon=True).start()

    def __enter__(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1024)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.may_die.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
