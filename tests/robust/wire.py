# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's remote protocol, as far as a test needs it to say things no library would say."""

import socket
import struct

REMOTE = 0x20008086
KEEPALIVE = 0x6B656570
CALL, REPLY, MESSAGE, STREAM = 0, 1, 2, 3
OPEN, CLOSE, GET_TYPE, LIST_ALL, DEFINE = 1, 2, 3, 285, 428


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def optional(value):
    return struct.pack(">I", 0) if value is None else struct.pack(">I", 1) + text(value)


def message(procedure, payload=b"", serial=0, program=REMOTE, version=1, kind=CALL, status=0,
            length=None):
    head = struct.pack(">IIiiIi", program, version, procedure, kind, serial, status)
    size = 4 + len(head) + len(payload) if length is None else length
    return struct.pack(">I", size) + head + payload


class Reply:
    def __init__(self, data):
        (self.program, self.version, self.procedure, self.kind, self.serial,
         self.status) = struct.unpack(">IIiiIi", data[:24])
        self.payload = data[24:]

    def error(self):
        """(code, message) of an error reply."""
        code, _, present = struct.unpack(">iiI", self.payload[:12])
        length = struct.unpack(">I", self.payload[12:16])[0] if present else 0
        return code, self.payload[16:16 + length].decode()


class Client:
    """One connection; it does what it is told and no more."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def receive(self):
        size, = struct.unpack(">I", self.exactly(4))
        return Reply(self.exactly(size - 4))

    def call(self, procedure, payload=b"", **header):
        self.send(message(procedure, payload, **header))
        return self.receive()

    def open(self, uri=""):
        return self.call(OPEN, optional(uri) + struct.pack(">I", 0))

    def is_closed(self):
        """Whether the server hangs up now (rather than answer or wait)."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True
