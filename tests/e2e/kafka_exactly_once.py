#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`delivery => exactly_once`: kills at random moments, members that come and go, a broker that dies, records that no
broker takes. A read_committed reader sees each record once, in the order of its partition.
waits: yes"""
import signal
from support_kafka import *

KILLS = int(os.environ.get("TAILRACE_KILLS", choose(2, 2, 50)))
REBALANCES = int(os.environ.get("TAILRACE_REBALANCES", choose(1, 1, 20)))
SEED = int(os.environ.get("TAILRACE_SEED", "7"))
PARTITIONS = 6
KILLED = 30000 * KILLS      # records read by processes that are killed
CHUNK = 3000                # and fed at each step of the members that come and go
rng = random.Random(SEED)

CONFIG = """
input { kafka { bootstrap_servers => "%(address)s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                decorate_events => "basic" heartbeat_interval_ms => 300 session_timeout_ms => 6000 %(input)s } }
filter {
  grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence} %%{WORD:level} %%{WORD:checksum} %%{GREEDYDATA:text}$" } }
  mutate { add_field => { "partition" => "%%{[@metadata][kafka][partition]}" "[@metadata][topic]" => "low" } }
  if [level] in ["WARN", "ERROR", "FATAL"] { mutate { replace => { "[@metadata][topic]" => "high" } } }
}
output { kafka { bootstrap_servers => "%(address)s" topic_id => "%%{[@metadata][topic]}" message_key => "%%{producer}"
                 codec => json delivery => "exactly_once" transactional_id => "%(id)s" } }
"""

def config(broker, id="one", input=""):
    return CONFIG % dict(address=broker.address, id=id, input=input)

def a_moment(most):
    until = time.monotonic() + rng.random() * most
    wait(lambda: time.monotonic() > until, most + 5, "a random moment")

def kills(folder, broker, total):
    """Each process dies while records are under way; the next one ends its transaction and goes on."""
    text = config(broker, input='group_instance_id => "one"')
    underway = 0
    for i in range(KILLS):
        with Tailrace(folder, text, name=f"run{i}") as tailrace:
            before = broker.committed("g")
            wait(lambda: broker.committed("g") > before or before == total, 60, "a transaction is committed")
            a_moment(0.4)
            tailrace.kill()
            underway += broker.committed("g") < total
    print(f"seed {SEED}: {KILLS} kills, {underway} of them while records were under way")

def members(folder, broker, feed):
    """Others join and leave, by stop, by kill and by being stopped for longer than their session."""
    with Tailrace(folder, config(broker, "first"), name="first") as first:
        wait(lambda: "kafka.assigned" in first.log(), 60, "the first member has partitions")
        for i in range(REBALANCES):
            feed()
            with Tailrace(folder, config(broker, f"second{i % 2}"), name=f"second{i}") as second:
                wait(lambda: group_shares(broker, "g") == [3, 3], 60, "the second member has three partitions")
                feed()
                if i % 3 == 1:
                    second.kill()
                elif i % 3 == 2:
                    second.process.send_signal(signal.SIGSTOP)
                    wait(lambda: group_shares(broker, "g") == [6], 60, "the stopped one is put out")
                    second.process.send_signal(signal.SIGCONT)
                    wait(lambda: "kafka.transaction" in second.log() or second.stop() == 0, 60, "it is fenced, or has nothing left")
                    second.kill()
                else:
                    ok(second.stop() == 0, f"round {i + 1}: the second stops with 0")
            wait(lambda: group_shares(broker, "g") == [6], 60, "the first has all partitions back")
        ok(first.stop() == 0, "stops with 0")

def refused(folder):
    """A record that no broker takes among others: it alone is dropped, the others come once."""
    with Broker(folder, message_max_bytes="20000") as broker:
        for topic in ("in", "out"):
            broker.topic(topic, 1)
        small = ["record %d" % i for i in range(400)]
        for part in (small[:200], ["x" * 12000], small[200:]):
            produce(broker, "in", {0: part})
        text = """input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest" } }
        output { kafka { bootstrap_servers => "%s" topic_id => "out" codec => line { format => "%%{message}%%{message}" }
                         delivery => "exactly_once" } }""" % (broker.address, broker.address)
        with Tailrace(folder, text, name="refused") as tailrace:
            wait(lambda: broker.committed("g") == 401, 120, "all records committed")
            ok(tailrace.metric("component_dropped_events_total") == 1, "the record that is too large is dropped and counted")
            ok(tailrace.stop() == 0, "stops with 0")
        got = [value.rstrip("\\n") for _, value in broker.values("out", "-c")]
        ok(got == [line * 2 for line in small], f"all others are there once, in order ({len(got)})")

with Folder() as folder:
    refused(folder)
with Folder() as folder, Broker(folder, group_initial_rebalance_delay_ms="0") as broker:
    for topic, partitions in (("in", PARTITIONS), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    total = KILLED + CHUNK * 2 * REBALANCES
    sent = records(total, PARTITIONS, SEED)
    fed = 0
    def feed(count=CHUNK):
        global fed
        begin, fed = fed // PARTITIONS, fed + count
        produce(broker, "in", {p: lines[begin:fed // PARTITIONS] for p, lines in sent.items()})
    feed(KILLED)
    kills(folder, broker, KILLED)
    members(folder, broker, feed)
    with Tailrace(folder, config(broker, "last")) as tailrace:
        wait(lambda: broker.committed("g") == total, 120, "all records committed")
        ok(tailrace.stop() == 0, "stops with 0")
    # what a killed member left open hides what is behind it until its transaction times out
    wait(lambda: sum(len(broker.values(topic, "-c")) for topic in ("high", "low")) >= total, 60, "readers see all of it")
    Audit(broker, sent, options=["-c"]).say(0, ordered=True)
finish()
