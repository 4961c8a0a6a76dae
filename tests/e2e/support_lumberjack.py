# SPDX-License-Identifier: Apache-2.0
"""A shipper that speaks Lumberjack to the byte: windows, JSON, data and compressed frames, acknowledgements."""
import json, select, socket, struct, zlib

def window(count, version=b"2"):
    return version + b"W" + struct.pack(">I", count)

def event(sequence, fields):
    text = json.dumps(fields).encode()
    return b"2J" + struct.pack(">II", sequence, len(text)) + text

def data(sequence, pairs):
    """An event of version 1: texts."""
    out = b"1D" + struct.pack(">II", sequence, len(pairs))
    for name, value in pairs.items():
        for text in (name.encode(), value.encode()):
            out += struct.pack(">I", len(text)) + text
    return out

def compressed(frames, version=b"2", level=3):
    sealed = zlib.compress(frames, level)
    return version + b"C" + struct.pack(">I", len(sealed)) + sealed

class Shipper:
    """One connection. `wrap` makes TLS of its socket."""
    def __init__(self, port, wrap=None, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        if wrap:
            self.socket = wrap(self.socket)
        self.rest = b""
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.socket.close()
    def send(self, bytes):
        self.socket.sendall(bytes)
    def send_events(self, events, seals=True):
        frames = b"".join(event(i + 1, e) for i, e in enumerate(events))
        self.send(window(len(events)) + (compressed(frames) if seals else frames))
    def ack(self):
        """The next acknowledgement: (version, sequence); None when the connection has ended."""
        while len(self.rest) < 6:
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self.rest += more
        frame, self.rest = self.rest[:6], self.rest[6:]
        assert frame[1:2] == b"A" and frame[:1] in b"12", frame
        return frame[:1], struct.unpack(">I", frame[2:])[0]
    def has_ack(self):
        """One can be read without waiting, or the connection has ended."""
        return len(self.rest) >= 6 or bool(select.select([self.socket], [], [], 0)[0])
    def acked(self, sequence):
        """Reads until that number; the numbers on the way. None: the connection has ended before."""
        seen = []
        while not seen or seen[-1] != sequence:
            answer = self.ack()
            if answer is None:
                return None
            seen.append(answer[1])
        return seen
    def is_closed(self):
        return self.ack() is None
