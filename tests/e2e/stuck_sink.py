#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sink that stops reading under full load: the pipeline's inputs pause, memory stays, nothing is
lost, and a second pipeline does not notice. Every record carries its number and a checksum."""
import socket, statistics, threading, zlib
from support_speed import *

HOLD = choose(8, 12, 120)      # seconds the sink does not read
SETTLE = min(10, HOLD / 2)     # memory is compared from here on
RECORDS = choose(200000, 200000, 2000000)
WINDOW = 1                     # seconds of one measurement

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

def window(tailrace):
    def look():
        return (tailrace.metric("tailrace_events_total", pipeline="free", state="received"), time.monotonic(),
                *thread_times(tailrace, "free/0"))
    first, machine = look(), machine_speed()
    wait(lambda: time.monotonic() >= first[1] + WINDOW, WINDOW + 5, "the measurement")
    events, wall, run, waited = (b - a for a, b in zip(first, look()))
    return events / (run / 1e9) / (machine + machine_speed()) * 2, (run + waited) / 1e9 / wall, events / wall

def speed(tailrace, seconds):
    """Of the free pipeline, each the median of windows: events for each byte that the machine could have
    checksummed in the time that its thread had a core (so that others on the machine do not count), the share
    of the time it was runnable at all, events a second of wall time."""
    windows = [window(tailrace) for _ in range(max(3, int(seconds / WINDOW)))]
    return tuple(statistics.median(column) for column in zip(*windows))

with Folder() as folder:
    sink, port = Sink(), free_port()
    folder.write("settings/pipelines.yml", PIPELINES % {"stuck": port, "sink": sink.port})
    with Tailrace(folder, None) as tailrace:
        before, runnable, wall_before = speed(tailrace, SETTLE)
        ok(runnable > 0.95, f"the free pipeline is never blocked before ({runnable:.1%} of the time runnable)")
        progress = [0]
        sender = threading.Thread(target=load, args=(port, progress), daemon=True)
        sender.start()
        begun = time.monotonic()
        wait(lambda: tailrace.metric("tailrace_paused", pipeline="stuck") == 1, 20, "the inputs pause")
        deadline = begun + SETTLE
        wait(lambda: time.monotonic() > deadline, SETTLE + 5, "the settling time")
        first, sent = tailrace.resident_kb(), progress[0]
        for _ in range(3):  # a slower pipeline stays slower, a busy neighbour does not
            during, runnable, wall_during = speed(tailrace, HOLD - SETTLE)
            if during > before * 0.95:
                break
        grown = tailrace.resident_kb() - first
        ok(grown < 1024, f"memory grew by {grown} KiB in the {HOLD - SETTLE:.0f} s after the first {SETTLE:.0f} s")
        ok(progress[0] == sent, f"the sender is held back ({sent} of {RECORDS} records taken)")
        ok(tailrace.metric("tailrace_memory_bytes", pipeline="stuck") < tailrace.metric("tailrace_memory_limit_bytes", pipeline="stuck"), "memory stays below its limit")
        ok(runnable > 0.95, f"the free pipeline is never blocked during ({runnable:.1%} of the time runnable)")
        sink.may_read.set()
        sender.join(120)
        wait(lambda: tailrace.metric("tailrace_events_total", pipeline="stuck", state="delivered") >= RECORDS, 300, "all delivered")
        ok(tailrace.books_balance(pipeline="stuck"), "the books balance")
        usual = before # the machine's own speed changes: what it does afterwards says so
        if during <= before * 0.95:
            usual = min(before, speed(tailrace, HOLD - SETTLE)[0])
        ok(during > usual * 0.95, f"and keeps its speed: {during / usual:.1%} of what it did for its time on a core "
           f"({wall_before:,.0f} and {wall_during:,.0f} a second of wall time)")
        output = tailrace.json("/_node/stats")["pipelines"]["stuck"]["plugins"]["outputs"][0]
        ok(output["events"]["duration_in_millis"] > (HOLD - SETTLE) * 1000, "the output's time tells how long it held everything up")
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
