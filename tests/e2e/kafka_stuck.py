#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sink that does not read for longer than max.poll.interval.ms: the member keeps its partitions,
memory stays, and everything arrives once the sink reads again.
waits: yes"""
import socket
from support_kafka import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(200000, 300000, 2000000))) // 3 * 3
HOLD = int(os.environ.get("TAILRACE_HOLD", choose(15, 35, 1200)))

CONFIG = """
input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                auto_commit_interval_ms => 500 max_poll_interval_ms => 10000 session_timeout_ms => 6000 } }
output { tcp { host => "127.0.0.1" port => %d codec => json_lines } }
"""

def group(broker):
    return broker.admin("group", "g", check=False)

class Sink:
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.may_read, self.data = threading.Event(), []
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        while True:
            connection, _ = self.listener.accept()
            self.data.append([])
            threading.Thread(target=self.read, args=(connection, self.data[-1]), daemon=True).start()
    def read(self, connection, data):
        while self.may_read.wait():
            try:
                chunk = connection.recv(1 << 20)
            except OSError:
                return
            if not chunk:
                return
            data.append(chunk)
    def lines(self):
        """Whole lines of all connections."""
        return [line for data in self.data for line in b"".join(data).split(b"\n")[:-1]]

with Folder() as folder, Broker(folder) as broker:
    broker.topic("in", 3)
    sent = records(RECORDS, 3)
    produce(broker, "in", sent)
    sink = Sink()
    with Tailrace(folder, CONFIG % (broker.address, sink.port)) as tailrace:
        wait(lambda: tailrace.metric("tailrace_paused") == 1, 30, "the input pauses")
        begun = time.monotonic()
        wait(lambda: time.monotonic() > begun + 10, 15, "the settling time")
        members, first, cpu = group(broker), tailrace.resident_kb(), tailrace.cpu_seconds()
        wait(lambda: time.monotonic() > begun + HOLD, HOLD + 5, "the hold")
        grown = tailrace.resident_kb() - first
        print(f"{first} KiB after 10 s, {tailrace.cpu_seconds() - cpu:.2f} s of CPU in {HOLD - 10} s")
        ok(grown < 1024, f"memory grew by {grown} KiB in the {HOLD - 10} s after the first 10 s")
        ok(members and group(broker) == members, "the same member holds the same partitions")
        ok(tailrace.log().count("kafka.assigned") == 1 and "kafka.revoked" not in tailrace.log(), "no rebalance")
        sink.may_read.set()
        wait(lambda: broker.committed("g") == RECORDS, 60 + RECORDS / 2000, "all records committed")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
        wanted = {line for part in sent.values() for line in part}
        wait(lambda: len(sink.lines()) >= RECORDS, 30, f"the sink has all ({len(sink.lines())} of {RECORDS}, {len(sink.data)} connections)")
        got = [json.loads(line)["message"] for line in sink.lines()]
        ok(set(got) == wanted, f"{len(wanted - set(got))} missing, {len(set(got) - wanted)} unknown")
        ok(len(got) == RECORDS, f"{len(got) - RECORDS} doubles")
finish()
