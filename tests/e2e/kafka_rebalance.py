#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second member joins and leaves again and again under load: nothing is lost, and since each leaves
properly, what comes twice is at most what was under way.
waits: yes"""
from support_kafka import *

ROUNDS = int(os.environ.get("TAILRACE_ROUNDS", choose(2, 5, 50)))
CHUNK = choose(3000, 12000, 30000)
PARTITIONS = 6

with Folder() as folder, Broker(folder, group_initial_rebalance_delay_ms="0") as broker:
    for topic, partitions in (("in", PARTITIONS), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(CHUNK * (2 * ROUNDS + 1), PARTITIONS)
    per = CHUNK // PARTITIONS
    step = 0
    def feed():
        global step
        produce(broker, "in", {p: lines[step * per:(step + 1) * per] for p, lines in sent.items()})
        step += 1
    config = pipeline(broker, commit_ms=200, input="heartbeat_interval_ms => 300 session_timeout_ms => 6000")
    with Tailrace(folder, config, name="first") as first:
        wait(lambda: "kafka.assigned" in first.log(), 30, "the first member has partitions")
        for i in range(ROUNDS):
            feed()
            with Tailrace(folder, config, name=f"second{i}") as second:
                wait(lambda: group_shares(broker, "g") == [3, 3], 30, "the second member has three partitions")
                feed()
                ok(second.stop() == 0, f"round {i + 1}: the second stops with 0")
            wait(lambda: group_shares(broker, "g") == [6], 30, "the first has all partitions back")
        feed()
        total = sum(len(lines) for lines in sent.values())
        wait(lambda: broker.committed("g") == total, 60, "all records committed")
        ok("revoked_early" not in first.log(), "every partition was drained before it was given away")
        ok(first.stop() == 0, "stops with 0")
    Audit(broker, sent).say(0, ordered=False)
finish()
