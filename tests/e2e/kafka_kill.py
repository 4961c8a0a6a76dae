#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: nothing is missing, and what comes twice was delivered but not committed
when the program died. Static membership, so that each start has its partitions back at once.
waits: yes"""
from support_kafka import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(3000, 60000, 1000002)))
KILLS = int(os.environ.get("TAILRACE_KILLS", choose(2, 4, 50)))
SEED = int(os.environ.get("TAILRACE_SEED", "7"))
rng = random.Random(SEED)

def delivered(broker, lines):
    return sum(1 for topic in ("high", "low") for line in {json.loads(v)["message"] for _, v in broker.values(topic)} if line in lines)

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(RECORDS, 3)
    lines = {line for part in sent.values() for line in part}
    produce(broker, "in", sent)
    config = pipeline(broker, commit_ms=200, input='group_instance_id => "one" session_timeout_ms => 6000')
    window = kills = 0
    for i in range(KILLS):
        with Tailrace(folder, config, name=f"run{i}") as tailrace:
            before = broker.committed("g")
            wait(lambda: broker.committed("g") > before or before == RECORDS, 30, "records are committed again")
            pause = time.monotonic() + rng.random() * 0.5
            wait(lambda: time.monotonic() > pause, 5, "a random moment")
            kills += before < RECORDS
            tailrace.kill()
            window += delivered(broker, lines) - broker.committed("g")
    with Tailrace(folder, config, name="last") as tailrace:
        wait(lambda: broker.committed("g") == RECORDS, 60 + RECORDS / 2000, "all records committed")
        ok(tailrace.stop() == 0, "stops with 0")
    print(f"seed {SEED}: {kills} kills while records were under way, {window} delivered and not committed then")
    Audit(broker, sent).say(window, ordered=False)
finish()
