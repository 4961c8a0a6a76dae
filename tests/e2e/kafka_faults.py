#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What brokers answer when they are not well: a record that is too large, an offset that is not
there any more, brokers that are killed and started again under load. It waits or drops by rule, says so, does not
spin, and nothing else is lost. TAILRACE_ROUNDS kills of the brokers, TAILRACE_DOWN seconds each. long: only"""
from support_kafka import *

ROUNDS = int(os.environ.get("TAILRACE_ROUNDS", choose(1, 2, 10)))
DOWN = int(os.environ.get("TAILRACE_DOWN", choose(2, 3, 10)))

COPY = """
input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "%s"
                auto_commit_interval_ms => 200 session_timeout_ms => 6000 %s } }
output { kafka { bootstrap_servers => "%s" topic_id => "out" acks => "all" codec => line { format => "%%{message}" } %s } }
"""

def idle(tailrace, what, seconds=3):
    cpu, begun = tailrace.cpu_seconds(), time.monotonic()
    wait(lambda: time.monotonic() > begun + seconds, seconds + 2, what)
    used = tailrace.cpu_seconds() - cpu
    ok(used < 0.15 * seconds, f"{what}: {used:.2f} s of CPU in {seconds} s")

def ended(tailrace, what):
    wait(tailrace.books_balance, 10, f"{what}: balanced books")
    ok(tailrace.stop() == 0, f"{what}: stops with 0")

def values(broker):
    return [value.rstrip("\\n") for _, value in broker.values("out")]

# ---- what the broker of the output does not take ----
class Other:
    """A second broker has a folder of its own."""
    def __init__(self, folder):
        self.path = folder.file("other")
        os.mkdir(self.path)
    def file(self, *names):
        return os.path.join(self.path, *names)

with Folder() as folder, Broker(folder) as broker, Broker(Other(folder), message_max_bytes="20000") as other:
    broker.topic("in", 2)
    other.topic("out", 1)
    lines = {0: ["a %d" % i for i in range(1000)], 1: ["b %d" % i for i in range(1000)]}
    produce(broker, "in", lines)
    with Tailrace(folder, COPY % (broker.address, "earliest", "", other.address, 'max_request_size => 100000'), name="large") as tailrace:
        wait(lambda: broker.committed("g") == 2000, 60, "all are delivered")
        got = values(other)
        ok(sorted(got) == sorted(lines[0] + lines[1]), f"0 missing, {len(got) - 2000} doubles")
        ok(all([l for l in got if l[0] == name] == lines[p] for p, name in ((0, "a"), (1, "b"))), "in the order of each partition")
        # a record that no broker takes
        produce(broker, "in", {0: ["a before"], 1: ["b " + "x" * 50000]})
        wait(lambda: tailrace.metric("component_dropped_events_total") == 1, 30, "the record that is too large is dropped and counted")
        produce(broker, "in", {1: ["b after"]})
        wait(lambda: broker.committed("g") == 2003, 30, "what follows is delivered")
        ok(set(values(other)) >= {"a before", "b after"} and len(values(other)) == 2002, "and nothing else is missing")
        ok("output.rejected" in tailrace.log() or "kafka.dropped" in tailrace.log(), "the log says which and why")
        ended(tailrace, "the broker of the output")

    # ---- offsets that are not there ----
    broker.admin("commit", "g", "in", "0", "999999")
    with Tailrace(folder, COPY % (broker.address, "earliest", "", other.address, 'max_request_size => 100000'), name="range") as tailrace:
        wait(lambda: tailrace.metric("tailrace_events_total", state="received") >= 1001, 40, "an offset that is not there: it begins at the earliest")
        produce(broker, "in", {0: ["a fresh"]})
        wait(lambda: "a fresh" in values(other), 30, "a fresh record")
        wait(lambda: tailrace.metric("tailrace_kafka_lag") == 0, 10, "no lag")
        ended(tailrace, "offset out of range, earliest")
    broker.admin("commit", "g", "in", "0", "999999")
    with Tailrace(folder, COPY % (broker.address, "none", "", other.address, 'max_request_size => 100000'), name="none") as tailrace:
        wait(lambda: tailrace.metric("component_input_errors_total") > 0, 40, "auto_offset_reset => none: an error, counted")
        produce(broker, "in", {1: ["b fresh"]})
        wait(lambda: "b fresh" in values(other), 30, "the other partition goes on")
        said = [l for l in tailrace.log().splitlines() if "kafka." in l and ("ffset" in l)]
        ok(said, f"the log says so: {said[-1][25:] if said else tailrace.log()[-600:]}")
        idle(tailrace, "without an offset")
        ended(tailrace, "offset out of range, none")

# ---- brokers down under load ----
with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(500 * (ROUNDS * (DOWN + 25) + 30) // 3 * 3, 3)
    config = pipeline(broker, commit_ms=200, input="session_timeout_ms => 6000")
    with Tailrace(folder, config, name="down") as tailrace:
        feeder = Feeder(broker, "in", sent, 500)
        for i in range(ROUNDS):
            before = broker.committed("g")
            wait(lambda: broker.committed("g") > before, 60, f"round {i + 1}: records are committed")
            broker.kill()
            idle(tailrace, f"round {i + 1}, all brokers down", DOWN)
            broker.restart()
        feeder.stop()
        ok(not feeder.failed, "every record was acknowledged by the broker")
        total = sum(map(len, sent.values()))
        wait(lambda: broker.committed("g") == total, 90, f"all {total} records committed")
        ended(tailrace, "brokers down")
    audit = Audit(broker, sent)
    audit.say(500 * 2 * ROUNDS)
finish()
