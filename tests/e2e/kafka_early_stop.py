#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM while the member joins its group: librdkafka before 2.2 aborts the process when it leaves in
the middle of its first assignment; the input waits for that.
waits: yes"""
from support_kafka import *

STOPS = choose(5, 20, 200)
rng = random.Random(int(os.environ.get("TAILRACE_SEED", "5")))

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    config = pipeline(broker, commit_ms=200, input='group_instance_id => "one" session_timeout_ms => 6000')
    codes = {}
    for i in range(STOPS):
        with Tailrace(folder, config, name=f"run{i}") as tailrace:
            moment = time.monotonic() + rng.random() * 0.06
            wait(lambda: time.monotonic() > moment, 5, "a random moment")
            code = tailrace.stop()
            codes[code] = codes.get(code, 0) + 1
            if code:
                print(tailrace.log()[-600:])
    ok(codes == {0: STOPS}, f"{STOPS} early stops: exit codes {codes}")
finish()
