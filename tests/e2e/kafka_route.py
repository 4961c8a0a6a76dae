#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topic to grok to two topics by level: every record arrives once, whole, where it belongs and in the
order of its partition.
waits: yes"""
from support_kafka import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(3000, 60000, 1000000)))
PARTITIONS = 3

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", PARTITIONS), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(RECORDS, PARTITIONS)
    produce(broker, "in", sent)
    begun = time.monotonic()
    with Tailrace(folder, pipeline(broker)) as tailrace:
        wait(lambda: broker.committed("g") == RECORDS, 60 + RECORDS / 5000, "all records committed")
        took = time.monotonic() - begun
        print(f"{RECORDS} records in {took:.1f} s, {tailrace.cpu_seconds():.2f} s of CPU, {tailrace.resident_kb()} KiB")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
        errors = [line for line in tailrace.log().splitlines() if "ERROR" in line]
        ok(not errors, f"{len(errors)} errors in the log {errors[:2]}")
    Audit(broker, sent).say(0)
finish()
