#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments while records keep coming: nothing is missing, order of each partition holds, and what
comes twice was delivered but not committed when the program died: one window of under way records for each kill.
Static membership, so that each start has its partitions back at once. TAILRACE_KILLS, TAILRACE_SEED repeat a run.
waits: yes"""
from support_kafka import *

KILLS = int(os.environ.get("TAILRACE_KILLS", choose(2, 6, 500)))
SEED = int(os.environ.get("TAILRACE_SEED", "7"))
RATE, LIFE = 1000, 2.0   # records a second; longest life in seconds
COMMIT_MS = 200
WINDOW = int(RATE * LIFE)  # what is delivered in a life that never came to its first commit
rng = random.Random(SEED)

with Folder() as folder, Broker(folder) as broker:
    for topic, partitions in (("in", 3), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    broker.watch_ends(("high", 2), ("low", 2))
    sent = records(int(RATE * (KILLS * LIFE * 2 + 30)) // 3 * 3, 3, SEED)
    config = pipeline(broker, commit_ms=COMMIT_MS, input='group_instance_id => "one" session_timeout_ms => 6000')
    feeder = Feeder(broker, "in", sent, RATE)
    worst = before = busy = 0
    begun = time.monotonic()
    for i in range(KILLS):
        committed = broker.committed("g")
        with Tailrace(folder, config, name="run", wait_ready=False) as tailrace:
            moment = time.monotonic() + rng.random() * LIFE
            wait(lambda: time.monotonic() > moment, 5, "a random moment")
            tailrace.kill()
        ends = broker.ends()
        busy += ends > before
        worst = max(worst, ends - before - (broker.committed("g") - committed))
        before = ends
    print(f"seed {SEED}: {KILLS} kills in {time.monotonic() - begun:.0f} s, {busy} of them while records went through, "
          f"at most {worst} delivered and not committed at one")
    ok(busy >= KILLS // 4, f"{busy} of {KILLS} kills hit a program that delivered")
    uncommitted = broker.ends() - broker.committed("g")
    with Tailrace(folder, config, name="last") as tailrace:
        feeder.stop()
        ok(not feeder.failed, "every record was acknowledged by the broker")
        total = sum(map(len, sent.values()))
        wait(lambda: broker.committed("g") == total, 60 + total / 2000, f"all {total} records committed")
        ok(tailrace.books_balance(), "the books balance")
        broker.admin("produce", "-p", "0", "in", input=(record(0, len(sent[0]), rng) + "\n").encode())
        wait(lambda: broker.committed("g") == total + 1, 30, "a fresh record passes")
        ok(tailrace.stop() == 0, "stops with 0")
    sent[0].append(next(line for line in (json.loads(v)["message"] for t in ("high", "low") for _, v in broker.values(t))
                        if line.startswith("p0 %d " % len(sent[0]))))
    audit = Audit(broker, sent)
    audit.say(uncommitted)
    ok(worst <= WINDOW, f"at most {worst} doubles for one kill, {WINDOW} allowed ({audit.doubles / max(1, KILLS):.1f} a kill)")
finish()
