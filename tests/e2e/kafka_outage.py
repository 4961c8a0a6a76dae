#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All brokers are away for TAILRACE_OUTAGE seconds (300 in `./test long`), killed under load: who writes waits, without
cost and within its memory, the queue on disk takes what comes over TCP meanwhile, and once a broker is back everything
is there, in the order of each partition; what comes twice was under way.
long: only"""
from support_kafka import *

OUTAGE = float(os.environ.get("TAILRACE_OUTAGE", choose(4, 8, 300)))
RATE = 1000      # records a second, and lines a second
LEAD = 3         # seconds of load before the outage
MEMORY_KB = 4096 # what resident memory may grow by while the outage lasts, and has lasted a while

QUEUED = """
input { tcp { port => %d host => "127.0.0.1" } }
output { kafka { bootstrap_servers => "%s" topic_id => "lines" message_key => "one" codec => line { format => "%%{message}" } } }
"""

class Lines(threading.Thread):
    """Numbered lines over one connection, at a pace, until it is ended."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.count, self.ended = port, 0, False
    def run(self):
        pace = Pace(0.05)
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            while not self.ended:
                step = int(RATE * 0.05)
                s.sendall(b"".join(b"%d %s\n" % (i, b"y" * 100) for i in range(self.count, self.count + step)))
                self.count += step
                pace.turn()

def synced(tailrace):
    return tailrace.json("/_node/stats/pipelines")["pipelines"]["queued"]["queue"]["log"]["synced_events"]

def passes(seconds):
    begun = time.monotonic()
    wait(lambda: time.monotonic() > begun + seconds, seconds + 10, "the time")

def outage(tailrace, broker, lines):
    """The brokers are away, and what the program does meanwhile."""
    broker.kill()
    wait(lambda: "kafka.unreachable" in tailrace.log(), 20, "it says that no broker answers")
    passes(OUTAGE / 2)
    memory, cpu, begun, logged = tailrace.resident_kb(), tailrace.cpu_seconds(), time.monotonic(), len(tailrace.log())
    passes(OUTAGE / 2)
    grown, took = tailrace.resident_kb() - memory, time.monotonic() - begun
    used = (tailrace.cpu_seconds() - cpu) / took
    ok(grown < MEMORY_KB, f"memory grew by {grown} KiB in the second half of {OUTAGE:.0f} s ({memory} KiB before)")
    ok(used < 0.25, f"{used:.1%} of a core while {RATE} lines a second go to the disk")
    ok(len(tailrace.log()) - logged < 20000 + 500 * took, f"the log grew by {len(tailrace.log()) - logged} bytes in {took:.0f} s")
    wait(lambda: synced(tailrace) >= lines.count - RATE, 20, "lines are taken by the queue on disk")
    broker.restart()

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2), ("lines", 2)):
        broker.topic(topic, partitions)
    port, sent = free_port(), records(int((LEAD + OUTAGE + 5) * RATE) // 3 * 3, 3)
    folder.write("settings/pipelines.yml", "".join(
        f"- pipeline.id: {name}\n{more}  config.string: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
        for name, text, more in (("routed", pipeline(broker, commit_ms=200, input="session_timeout_ms => 6000"), ""),
                                 ("queued", QUEUED % (port, broker.address), "  queue.type: persisted\n"))))
    with Tailrace(folder, None, ["-S", "pipeline.memory=16mb", "-w", "1"]) as tailrace:
        lines, feeder = Lines(port), Feeder(broker, "in", sent, RATE)
        lines.start()
        wait(lambda: broker.committed("g") > LEAD * RATE, 30, "records are committed")
        outage(tailrace, broker, lines)
        wait(feeder.is_done, OUTAGE + 120, "Kafka has all records")
        lines.ended = True
        lines.join(30)
        count = sum(map(len, sent.values()))
        wait(lambda: broker.committed("g") == count, 120, "all records committed")
        wait(lambda: tailrace.metric("tailrace_queue_events") == 0, 120, "the queue is empty")
        fresh = record(0, len(sent[0]), random.Random(1))
        sent[0].append(fresh)
        produce(broker, "in", {0: [fresh]})
        wait(lambda: broker.committed("g") == count + 1, 20, "a fresh record passes")
        send(port, b"%d fresh\n" % lines.count)
        wait(lambda: tailrace.metric("tailrace_queue_events") == 0, 20, "a fresh line passes")
        wait(lambda: tailrace.books()["in_flight"] == 0, 30, "nothing in flight")
        for name in ("routed", "queued"):
            ok(tailrace.books_balance(pipeline=name), f"{name}: the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
    Audit(broker, sent).say(5 * RATE)
    got = [int(value.split()[0]) for _, value in broker.values("lines")]
    firsts = list(dict.fromkeys(got))
    ok(firsts == list(range(lines.count + 1)), f"the queue's lines: {lines.count + 1}, all there, in order, {len(got) - len(firsts)} twice")
    ok(len(got) - len(firsts) <= 5 * RATE, "what comes twice was under way")
finish()
