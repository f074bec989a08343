# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bare client of libvirt's remote protocol.

libvirt's own client library refuses by itself what it thinks cannot work; this one sends
whatever it is told to, so that a test meets the daemon itself.
"""

import os
import socket
import struct
import uuid

REMOTE = 0x20008086
CALL, REPLY, MESSAGE = 0, 1, 2
OK, ERROR = 0, 1
HEADER = struct.Struct('>IIiiIi')  # program, version, procedure, type, serial, status

# Shapes of arguments, as in the daemon's table of operations, and how to encode them.
SHAPES = {
    'NONE': '',
    'NAME': 's',
    'NUMBER': 'i',
    'NAME_FLAGS': 'si',
    'NAME_NUMBER': 'si',
    'NAME_TEXT_FLAGS': 'ssi',
    'NAME_OPTTEXT_FLAGS': 'soi',
    'NUMBER_FLAGS': 'ii',
    'NUMBER_OPTNAME': 'io',
    'OPTNAME_FLAGS': 'oi',
    'OPTNAME_NUMBER_FLAGS': 'oii',
    'OPTNAME': 'o',
    'OPTNAMES_FLAGS': 'ooooi',
    'UUID': 'u',
    'DOMAIN': 'sui',
    'DOMAIN_FLAGS': 'suii',
    'DOMAIN_NUMBER': 'suii',
    'DOMAIN_OPTTEXT_FLAGS': 'suioi',
    'DOMAIN_NUMBER_OPTTEXT_FLAGS': 'suiioi',
    'DOMAIN_NUMBER_OPTTEXTS_FLAGS': 'suiioooi',
    'NUMBER_OPTDOMAIN': 'io',
}


def xdr(shape, *values):
    """Encodes values: 'i' a number of 32 bits, 's' a string, 'o' a string or None, 'u' a UUID."""
    out = b''
    for kind, value in zip(shape, values, strict=True):
        if kind == 'i':
            out += struct.pack('>I', value & 0xffffffff)
            continue
        if kind == 'u':
            out += uuid.UUID(value).bytes
            continue
        if kind == 'o':
            out += struct.pack('>I', value is not None)
            if value is None:
                continue
        data = value.encode()
        out += struct.pack('>I', len(data)) + data + bytes(-len(data) % 4)
    return out


class Decoder:
    """Takes a payload apart."""

    def __init__(self, data):
        self.data = data

    def _take(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        assert len(taken) == size, 'the payload ends early'
        return taken

    def number(self):
        return struct.unpack('>i', self._take(4))[0]

    def string(self):
        size = self.number()
        return self._take(size + -size % 4)[:size].decode()

    def optional(self):
        return self.string() if self.number() else None

    def strings(self):
        return [self.string() for _ in range(self.number())]


class RpcError(Exception):
    """An error that the daemon answered with."""

    def __init__(self, payload):
        decoder = Decoder(payload)
        self.code = decoder.number()
        self.domain = decoder.number()
        self.text = decoder.optional()
        super().__init__(f'{self.code}: {self.text}')


class RpcClient:
    """One connection; calls are sent one after the other."""

    def __init__(self, path):
        self.serial = 0
        self.messages = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10 * int(os.environ.get('VIRTCCW_SLOW', '1')))
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _receive(self, size):
        data = b''
        while len(data) < size:
            chunk = self.socket.recv(size - len(data))
            if not chunk:
                raise ConnectionError('the daemon hung up')
            data += chunk
        return data

    def receive(self):
        """One message: (program, version, procedure, type, serial, status), payload."""
        size = struct.unpack('>I', self._receive(4))[0]
        data = self._receive(size - 4)
        return HEADER.unpack(data[:HEADER.size]), data[HEADER.size:]

    def send(self, procedure, payload=b'', program=REMOTE, version=1):
        data = HEADER.pack(program, version, procedure, CALL, self.serial, OK) + payload
        self.socket.sendall(struct.pack('>I', len(data) + 4) + data)
        self.serial += 1
        return self.serial - 1

    def call(self, procedure, payload=b'', **options):
        """Calls and waits. Returns a Decoder of the result; raises RpcError."""
        serial = self.send(procedure, payload, **options)
        while True:
            header, data = self.receive()
            if header[3] != REPLY:
                self.messages.append((header, data))
                continue
            assert header[4] == serial, 'a reply to another call'
            if header[5] == ERROR:
                raise RpcError(data)
            return Decoder(data)

    def open(self, uri='ccw:///system', flags=0, polkit=False):
        """As libvirt's own client does it; with polkit, as an ordinary user."""
        self.call(66)
        if polkit:
            self.call(70)
        self.call(1, xdr('oi', uri, flags))
        return self
