#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stop while Kafka is away: an output that spills lets go of the records it has handed to the client, as they lie on
disk, too; the end comes soon, says how much is left, and the next start delivers each record once the broker is back.
waits: yes"""
from support_kafka import *

RECORDS = 2000
CONFIG = """
input { tcp { port => %d host => "127.0.0.1" codec => line } }
output { kafka { id => "away" bootstrap_servers => "%s" topic_id => "out" codec => line { format => "%%{message}" }
                 acks => "all" when_full => spill } }
"""

with Folder() as folder, Broker(folder) as broker:
    broker.topic("out", 1)
    port = free_port()
    text = CONFIG % (port, broker.address)
    lines = ["record %d" % i for i in range(RECORDS)]
    with Tailrace(folder, text, name="t") as tailrace:
        broker.kill()
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall("".join(line + "\n" for line in lines).encode())
        wait(lambda: tailrace.metric("tailrace_events_total", state="received") == RECORDS, 20, "all records are read")
        begun = time.monotonic()
        code = tailrace.stop(60)
        took = time.monotonic() - begun
        ok(code == 0 and took < 30, f"exit code {code} after {took:.1f} s")
        ok("spill.left" in tailrace.log(), "and it says what is left")
    broker.restart()
    with Tailrace(folder, text, name="t") as tailrace:
        wait(lambda: len(broker.values("out")) >= RECORDS, 60, "the next start delivers what was left")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops with 0")
    ok(sorted(value.rstrip("\\n") for _, value in broker.values("out")) == sorted(lines), "each record once, unaltered")
finish()
