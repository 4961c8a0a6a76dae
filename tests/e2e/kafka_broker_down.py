#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker is away at start, comes, is killed in the middle and comes back: the program waits, says
so, loses nothing; and ends on SIGTERM while there is no broker.
waits: yes"""
from support_kafka import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(3000, 60000, 1000002)))

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(RECORDS, 3)
    produce(broker, "in", sent)
    broker.kill()
    config = pipeline(broker, commit_ms=200, input="session_timeout_ms => 6000")
    with Tailrace(folder, config, name="without") as tailrace:
        wait(lambda: "kafka.unreachable" in tailrace.log(), 20, "it says that no broker answers")
        cpu, begun = tailrace.cpu_seconds(), time.monotonic()
        wait(lambda: time.monotonic() > begun + 3, 5, "three seconds without broker")
        used = tailrace.cpu_seconds() - cpu
        ok(used < 0.3, f"{used:.2f} s of CPU in 3 s without broker")
        ok(tailrace.log().count("kafka.unreachable") < 40, "it does not flood its log")
        ok(tailrace.stop() == 0, "ends on SIGTERM without broker")
    with Tailrace(folder, config, name="with") as tailrace:
        broker.restart()
        wait(lambda: broker.committed("g") > 0, 60, "records are committed once the broker is there")
        broker.kill()
        wait(lambda: tailrace.log().count("kafka.unreachable") > 1, 20, "it says that the broker is away")
        broker.restart()
        wait(lambda: broker.committed("g") == RECORDS, 90 + RECORDS / 2000, "all records committed")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
    # after the kill the group begins where it had committed
    Audit(broker, sent).say(RECORDS, ordered=False)
finish()
