#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sink that stops reading under full load: the pipeline's inputs pause, memory stays, nothing is
lost, and a second pipeline does not notice. Every record carries its number and a checksum."""
import socket, statistics, threading, zlib
from support import *

HOLD = choose(8, 20, 120)      # seconds the sink does not read
SETTLE = min(10, HOLD / 2)     # memory is compared from here on
RECORDS = choose(20000, 200000, 2000000)

PIPELINES = """
- pipeline.id: stuck
  config.string: |
    input { tcp { port => %(stuck)d host => "127.0.0.1" codec => line } }
    filter { grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence} %%{WORD:checksum} %%{GREEDYDATA:text}$" } } }
    output { tcp { host => "127.0.0.1" port => %(sink)d codec => json_lines } }
- pipeline.id: free
  config.string: |
    input { generator { message => "x 1 2 hello" count => 0 } }
    filter { grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence} %%{WORD:checksum} %%{GREEDYDATA:text}$" } } }
    output { null { } }
"""

def record(i):
    text = "record %d of a stream that must arrive whole" % i
    return "p0 %d c%08x %s\n" % (i, zlib.crc32(text.encode()), text)

class Sink:
    """Accepts one connection and reads only while it may."""
    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.may_read, self.data, self.ended = threading.Event(), [], False
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        while not self.ended:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            with connection:
                while True:
                    self.may_read.wait()
                    chunk = connection.recv(1 << 20)
                    if not chunk:
                        break
                    self.data.append(chunk)
    def lines(self):
        return b"".join(self.data).splitlines()

def load(port, progress):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for start in range(0, RECORDS, 1000):
            s.sendall("".join(record(i) for i in range(start, start + 1000)).encode())
            progress[0] = start + 1000

def rate(tailrace, seconds):
    """Events a second of the free pipeline, median of one-second looks."""
    looks, last, at = [], None, None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        n, now = tailrace.metric("tailrace_events_total", pipeline="free", state="received"), time.monotonic()
        if last is not None and now - at >= 1:
            looks.append((n - last) / (now - at))
            last, at = n, now
        elif last is None:
            last, at = n, now
        threading.Event().wait(0.1)
    return statistics.median(looks)

with Folder() as folder:
    sink, port = Sink(), free_port()
    folder.write("settings/pipelines.yml", PIPELINES % {"stuck": port, "sink": sink.port})
    with Tailrace(folder, None) as tailrace:
        before = rate(tailrace, SETTLE)
        progress = [0]
        sender = threading.Thread(target=load, args=(port, progress), daemon=True)
        sender.start()
        begun = time.monotonic()
        wait(lambda: tailrace.metric("tailrace_paused", pipeline="stuck") == 1, 20, "the inputs pause")
        deadline = begun + SETTLE
        wait(lambda: time.monotonic() > deadline, SETTLE + 5, "the settling time")
        first, sent = tailrace.resident_kb(), progress[0]
        during = rate(tailrace, HOLD - SETTLE)
        grown = tailrace.resident_kb() - first
        ok(grown < 1024, f"memory grew by {grown} KiB in the {HOLD - SETTLE:.0f} s after the first {SETTLE:.0f} s")
        ok(progress[0] == sent, f"the sender is held back ({sent} of {RECORDS} records taken)")
        ok(tailrace.metric("tailrace_memory_bytes", pipeline="stuck") < tailrace.metric("tailrace_memory_limit_bytes", pipeline="stuck"), "memory stays below its limit")
        # the free pipeline shared the machine with the sender's first seconds only
        ok(during > before * 0.95, f"the other pipeline keeps its speed: {before:,.0f} before, {during:,.0f} events/s during")
        sink.may_read.set()
        sender.join(120)
        wait(lambda: tailrace.metric("tailrace_events_total", pipeline="stuck", state="delivered") >= RECORDS, 300, "all delivered")
        ok(tailrace.books_balance(pipeline="stuck"), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
        wait(lambda: len(b"".join(sink.data)) and sink.data[-1].endswith(b"\n"), 10, "the sink has all")
        got = [json.loads(line) for line in sink.lines()]
        numbers = [int(e["sequence"]) for e in got]
        altered = sum(e["checksum"] != "c%08x" % zlib.crc32(e["text"].encode()) for e in got)
        ok(set(numbers) == set(range(RECORDS)), f"0 missing, 0 unknown of {RECORDS}")
        ok(altered == 0, "0 altered")
        ok(len(numbers) == RECORDS, f"{len(numbers) - RECORDS} duplicates")
        ok(numbers == sorted(numbers), "order of the connection kept")
finish()
