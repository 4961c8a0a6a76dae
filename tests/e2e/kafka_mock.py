#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Faults that one real broker cannot have, by a cluster of three that answers as it is told (tests/tools/kafka_mock.c):
leaders that move, a coordinator that goes, brokers that go one after the other, too few replicas, a member and a
generation that are not known, an offset out of range, a fenced producer, slow answers. After each records go on to
pass; in the end none is missing. TAILRACE_ROUNDS times, in an order drawn by TAILRACE_SEED. long: only"""
from support_kafka import *

ROUNDS = int(os.environ.get("TAILRACE_ROUNDS", choose(1, 1, 10)))
SEED = int(os.environ.get("TAILRACE_SEED", "11"))
RATE, PARTITIONS = 300, 3
PRODUCE, FETCH, COMMIT, JOIN, HEARTBEAT = 0, 1, 8, 11, 12
rng = random.Random(SEED)

CONFIG = """
input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest" client_id => "t"
                auto_commit_interval_ms => 200 session_timeout_ms => 6000 heartbeat_interval_ms => 300 } }
output { kafka { bootstrap_servers => "%s" topic_id => "out" acks => "all" codec => line { format => "%%{message}" } } }
"""

class Mock:
    """Looks like a Broker to Feeder."""
    def __init__(self, admin_path):
        program = os.path.join(ROOT, "build/release/kafka_mock")
        if not os.path.exists(program):
            skip("needs build/release/kafka_mock")
        self.admin_path = admin_path
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "ok":
            ok(False, f"the mock obeys: {command}")
    def values(self, topic):
        done = subprocess.run([self.admin_path, self.address, "consume", "-v", topic], capture_output=True, text=True)
        return done.stdout.splitlines()

def pause(seconds):
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end, seconds + 5, "a while")

def errors(request, count, error):
    return lambda mock: mock.tell(f"errors {request} {count} {error}")

def leaders_move(mock):
    for topic in ("in", "out"):
        for partition in range(PARTITIONS):
            mock.tell(f"leader {topic} {partition} {rng.randrange(1, 4)}")

def broker_away(mock):
    broker = rng.randrange(1, 4)
    mock.tell(f"down {broker}")
    pause(2)
    mock.tell(f"up {broker}")

def all_away(mock):
    for broker in (1, 2, 3):
        mock.tell(f"down {broker}")
    pause(3)
    for broker in (1, 2, 3):
        mock.tell(f"up {broker}")

def slow(mock):
    mock.tell("rtt 2 800")
    pause(2)
    mock.tell("rtt 2 0")

FAULTS = {
    "leaders move": leaders_move,
    "the coordinator moves": lambda mock: mock.tell(f"coordinator g {rng.randrange(1, 4)}"),
    "a broker is away": broker_away,
    "all brokers are away": all_away,
    "slow answers": slow,
    "too few replicas": errors(PRODUCE, 20, 19),
    "too few replicas, after the append": errors(PRODUCE, 5, 20),
    "not the leader, of the producer": errors(PRODUCE, 5, 6),
    "not the leader, of the consumer": errors(FETCH, 5, 6),
    "the commit finds another coordinator": errors(COMMIT, 3, 16),
    "the commit comes from an old generation": errors(COMMIT, 1, 22),
    "a rebalance that goes on at the commit": errors(COMMIT, 2, 27),
    "a member that is not known": errors(HEARTBEAT, 1, 25),
    "an old generation": errors(HEARTBEAT, 1, 22),
    "joining while the coordinator loads": errors(JOIN, 2, 14),
    "a fenced producer": errors(PRODUCE, 1, 47),
    "an unknown producer": errors(PRODUCE, 1, 59),
}

with Folder() as folder, Mock(Broker(folder, start=False).admin_path) as mock:
    for topic in ("in", "out"):
        mock.tell(f"topic {topic} {PARTITIONS}")
    sent = records(RATE * 30 * len(FAULTS) * ROUNDS // 3 * 3, PARTITIONS, SEED)
    with Tailrace(folder, CONFIG % (mock.address, mock.address)) as tailrace:
        feeder = Feeder(mock, "in", sent, RATE)
        def delivered():
            return tailrace.metric("tailrace_events_total", state="delivered")
        for i in range(ROUNDS):
            names = list(FAULTS)
            rng.shuffle(names)
            for name in names:
                before = delivered()
                wait(lambda: delivered() > before, 60, f"before: {name}")
                FAULTS[name](mock)
                before, begun = delivered(), time.monotonic()
                wait(lambda: delivered() >= before + RATE, 60, f"{name}: records pass again")
                ok(True, f"{name}: records pass again after {time.monotonic() - begun:.1f} s")
        feeder.stop()
        # the feeder's records meet the same faults, so what the cluster has is what counts
        wanted = set(mock.values("in"))
        total = len(wanted)
        ok(total > sum(map(len, sent.values())) * 0.99, f"the cluster has {total} records")
        wait(lambda: tailrace.metric("tailrace_kafka_lag") == 0 and delivered() >= total, 60, f"all {total} records are through")
        cpu, _ = tailrace.cpu_seconds(), pause(2)
        ok(tailrace.cpu_seconds() - cpu < 0.3, "then it is idle")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "stops with 0")
    got = [l for l in mock.values("out") if l]
    ok(set(got) == wanted, f"{len(wanted - set(got))} missing, {len(set(got) - wanted)} unknown of {total}")
    print(f"seed {SEED}: {ROUNDS * len(FAULTS)} faults, {len(got) - len(set(got))} doubles")
finish()
