#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Members of a group come and go under a steady load, each time in a way drawn at random: SIGTERM, kill -9, SIGSTOP for
longer than the session's timeout and then SIGCONT (it wakes as a member that was put out) or kill -9. After 100 such
rebalances nothing is missing; what comes twice was under way at a kill or a stop. TAILRACE_REBALANCES, TAILRACE_SEED.
long: only"""
import contextlib
from support_kafka import *

REBALANCES = int(os.environ.get("TAILRACE_REBALANCES", choose(4, 8, 100)))
SEED = int(os.environ.get("TAILRACE_SEED", "3"))
RATE, PARTITIONS, SESSION = 600, 6, 2.0
UNDER_WAY = 2.0  # seconds of the load that one fault may have delivered and not committed
rng = random.Random(SEED)

def start(folder, config, number):
    return running.enter_context(Tailrace(folder, config, name=f"member{number}"))

with Folder() as folder, Broker(folder, group_initial_rebalance_delay_ms="0", group_min_session_timeout_ms="1000") as broker, \
     contextlib.ExitStack() as running:
    for topic, partitions in (("in", PARTITIONS), ("high", 2), ("low", 2)):
        broker.topic(topic, partitions)
    sent = records(int(RATE * (REBALANCES * 6 + 60)) // PARTITIONS * PARTITIONS, PARTITIONS, SEED)
    config = pipeline(broker, commit_ms=200, input=f"heartbeat_interval_ms => 300 session_timeout_ms => {SESSION * 1000:.0f} max_poll_interval_ms => 10000")
    shares = lambda wanted, what: wait(lambda: group_shares(broker, "g") == wanted, 40, what)
    members, number, done, ways = [start(folder, config, 0), start(folder, config, 1)], 2, 0, {}
    shares([3, 3], "two members share the partitions")
    feeder = Feeder(broker, "in", sent, RATE)
    rough, begun, before = 0, time.monotonic(), broker.committed("g")
    while done < REBALANCES:
        wait(lambda: broker.committed("g") > before, 30, "records pass")
        before = broker.committed("g")
        victim = members.pop(rng.randrange(2))
        way = rng.choice(["term", "kill", "freeze", "freeze and kill"])
        ways[way] = ways.get(way, 0) + 1
        rough += way != "term"
        if way == "term":
            if victim.stop() != 0:
                ok(False, f"rebalance {done}: the member that leaves ends with 0")
        elif way == "kill":
            victim.kill()
        else:
            victim.process.send_signal(signal.SIGSTOP)
        shares([6], f"rebalance {done} ({way}): the other has all partitions")
        if way == "freeze":
            victim.process.send_signal(signal.SIGCONT)
            members.append(victim)
        else:
            if victim.process.poll() is None:
                victim.kill()
            members.append(start(folder, config, number))
            number += 1
        shares([3, 3], f"rebalance {done + 1} ({way}): shared again")
        done += 2
    print(f"seed {SEED}: {done} rebalances in {time.monotonic() - begun:.0f} s: " + ", ".join(f"{n} {w}" for w, n in sorted(ways.items())))
    feeder.stop()
    ok(not feeder.failed, "every record was acknowledged by the broker")
    total = sum(map(len, sent.values()))
    wait(lambda: broker.committed("g") == total, 60 + total / 2000, f"all {total} records committed")
    lag = sum(m.metric("tailrace_kafka_partitions") for m in members)
    ok(lag == PARTITIONS, f"{lag:.0f} partitions in /metrics of both members")
    for member in members:
        wait(lambda: member.metric("tailrace_kafka_lag") == 0, 20, "no lag is told")
        ok(member.books_balance(), "the books balance")
        ok(member.stop() == 0, "stops with 0")
    Audit(broker, sent).say(int(rough * RATE * UNDER_WAY), ordered=False)
finish()
