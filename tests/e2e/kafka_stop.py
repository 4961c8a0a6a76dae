#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM with an output that does not read, to a program that reads Kafka, as process 1 of its own namespace where
that can be made: at shutdown.timeout it ends with 0 and says from which offsets reading goes on; a second SIGTERM
ends it at once, with 1. The next start, with an output that reads, delivers everything that was left. long: only"""
import re
from support_kafka import *

RECORDS = choose(30000, 30000, 90000)
LIMIT = 2

CONFIG = """
input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                auto_commit_interval_ms => 200 session_timeout_ms => 6000 group_instance_id => "one" } }
output { tcp { id => "sink" host => "127.0.0.1" port => %d codec => line { format => "%%{message}" } } }
"""

class Sink(threading.Thread):
    """Reads so many bytes, then no more until it may."""
    def __init__(self, most):
        super().__init__(daemon=True)
        self.listener, self.data, self.left, self.may_read = socket.socket(), b"", most, threading.Event()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.start()
    def run(self):
        connection, _ = self.listener.accept()
        while True:
            if self.left <= 0:
                self.may_read.wait()
            chunk = connection.recv(65536)
            if not chunk:
                return
            self.data += chunk
            self.left -= len(chunk)
    def lines(self):
        return self.data.decode().split("\n")[:-1]

# process 1 gets no signal that it has no handler for
AS_FIRST = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
prefix = AS_FIRST if subprocess.run([*AS_FIRST, "true"], capture_output=True).returncode == 0 else ()
print("as process 1" if prefix else "without a namespace of its own")

def the_program(tailrace):
    """Its id: with a namespace it is a child of unshare."""
    if not prefix:
        return tailrace.process.pid
    return int(open(f"/proc/{tailrace.process.pid}/task/{tailrace.process.pid}/children").read().split()[0])

def begin(folder, broker, sink, name, *arguments):
    tailrace = Tailrace(folder, CONFIG % (broker.address, sink.port), arguments, name=name, prefix=prefix)
    wait(lambda: tailrace.metric("tailrace_paused") == 1, 30, "the input pauses")
    lag = RECORDS - broker.committed("g")
    wait(lambda: 0 < RECORDS - broker.committed("g") <= tailrace.metric("tailrace_kafka_lag") <= lag, 10, f"the lag is told")
    return tailrace

def sink_lines(sinks):
    return len({line for sink in sinks for line in sink.lines()})

with Folder() as folder, Broker(folder) as broker:
    broker.topic("in", 3)
    sent = {p: ["p%d %d %s" % (p, i, "x" * 600) for i in range(RECORDS // 3)] for p in range(3)}
    produce(broker, "in", sent)
    sinks = [Sink(200000)]
    with begin(folder, broker, sinks[0], "limited", "--shutdown.timeout", f"{LIMIT}s") as tailrace:
        left, begun = tailrace.books()["in_flight"], time.monotonic()
        os.kill(the_program(tailrace), signal.SIGTERM)
        code = tailrace.process.wait(LIMIT + 20)
        took = time.monotonic() - begun
        ok(code == 0 and LIMIT - 0.5 < took < LIMIT + 2, f"ends with {code} after {took:.1f} s of {LIMIT}")
        said = re.search(r"(\d+) events are left, (\d+) in output sink; held up by sink", tailrace.log())
        ok(said and int(said[1]) == left, f"says what is left: {said and said[0]} of {left:.0f}")
        again = re.search(r"(\d+) records are not done and are read again at the next start, (.*) \(stop.again\)", tailrace.log())
        offsets = {int(p): int(o) for p, o in re.findall(r"in partition (\d) from offset (\d+)", again[2] if again else "")}
        ok(again and int(again[1]) == left and offsets, f"and where it goes on: {again and again[0]}")
        committed = {int(r.split("\t")[1]): int(r.split("\t")[2]) for r in broker.admin("offsets", "g").splitlines() if r.split("\t")[2].isdigit()}
        ok(all(committed.get(p, 0) == o for p, o in offsets.items()), f"those offsets are committed: {committed}")
        before = len(sinks[0].lines())
    sinks.append(Sink(200000))
    with begin(folder, broker, sinks[1], "forced") as tailrace:
        begun = time.monotonic()
        os.kill(the_program(tailrace), signal.SIGTERM)
        wait(lambda: "stop.signal" in tailrace.log(), 10, "the first SIGTERM is noticed")
        os.kill(the_program(tailrace), signal.SIGTERM)
        ok(tailrace.process.wait(10) == 1 and time.monotonic() - begun < 5, "a second SIGTERM ends it at once, with 1")
        ok("stop.again" in tailrace.log(), "and it says what is read again")
    for sink in sinks:  # what the kernel had of them is delivered
        sink.may_read.set()
    sinks.append(Sink(1 << 40))
    with Tailrace(folder, CONFIG % (broker.address, sinks[2].port), name="last") as tailrace:
        wait(lambda: broker.committed("g") == RECORDS, 60 + RECORDS / 2000, "all records committed")
        wait(lambda: tailrace.metric("tailrace_kafka_lag") == 0, 10, "no lag")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
    wanted = {line for lines in sent.values() for line in lines}
    wait(lambda: sinks[2].data.endswith(b"\n") and sink_lines(sinks) >= RECORDS, 30, "the sink has all")
    got = [line for sink in sinks for line in sink.lines()]
    torn = [line for sink in sinks for line in sink.data.decode().split("\n")[-1:] if line]
    ok(set(got) == wanted, f"{len(wanted - set(got))} missing, {len(set(got) - wanted)} unknown, {len(torn)} torn at an end")
    ok(len(got) - RECORDS <= 2 * left, f"{len(got) - RECORDS} doubles, at most what was under way at the two ends")
finish()
