#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`delivery => exactly_once`: several outputs and a topic for dead letters in one transaction; kills at random moments,
members that come and go, records that no broker takes. A read_committed reader of all topics sees each record once
(one that goes to two topics, once in each), in the order of its partition.
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

# a third of the records goes to each of two outputs and to the dead letters; one in five of the first two to a third, too
CONFIG = """
input { kafka { bootstrap_servers => "%(address)s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                heartbeat_interval_ms => 300 session_timeout_ms => 6000 %(input)s } }
filter {
  grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence} %%{WORD:level} %%{WORD:checksum} (?<text>%%{WORD:kind} .*)$" } }
  if [kind] == "job" { grok { id => "no_jobs" match => { "message" => "^no job$" } dead_letter_on_failure => true } }
}
output {
  if [kind] == "request" {
    kafka { %(common)s topic_id => "requests" dead_letter_topic => "dead" }
  } else {
    kafka { %(common)s topic_id => "sessions" }
  }
  if [level] == "FATAL" { kafka { %(common)s topic_id => "%%{[level]}" } }
}
"""
COMMON = """bootstrap_servers => "%s" message_key => "%%{producer}" codec => json delivery => "exactly_once" transactional_id => "%s" """
TOPICS = (("requests", 2), ("sessions", 2), ("FATAL", 1), ("dead", 1))

def config(broker, id="one", input=""):
    return CONFIG % dict(address=broker.address, common=COMMON % (broker.address, id), input=input)

def belongs(line):
    """The topics that a record belongs into."""
    _, _, level, _, kind, *_ = line.split()
    if kind == "job":
        return ["dead"]
    return ["requests" if kind == "request" else "sessions"] + ["FATAL"] * (level == "FATAL")

def audit(broker, sent):
    wanted = {name: {} for name, _ in TOPICS}
    for lines in sent.values():
        for line in lines:
            for topic in belongs(line):
                wanted[topic][line] = 0
    unknown = altered = disordered = 0
    for topic, lines in wanted.items():
        last = {}
        for _, value in broker.values(topic, "-c"):
            line = value if topic == "dead" else json.loads(value)["message"]
            altered += topic != "dead" and json.loads(value)["checksum"] != "c%08x" % zlib.crc32(json.loads(value)["text"].encode())
            if line not in lines:
                unknown += 1
                continue
            lines[line] += 1
            producer, sequence = line.split()[0], int(line.split()[1])
            disordered += sequence < last.get(producer, -1)
            last[producer] = max(sequence, last.get(producer, -1))
    counts = [count for lines in wanted.values() for count in lines.values()]
    print(", ".join(f"{topic}: {len(lines)}" for topic, lines in wanted.items()))
    ok(counts.count(0) == 0, f"{counts.count(0)} missing of {len(counts)}")
    ok(unknown == 0 and altered == 0, f"{unknown} in the wrong topic, {altered} altered")
    ok(disordered == 0, f"{disordered} out of the order of their partition")
    ok(max(counts) == 1, f"{sum(count > 1 for count in counts)} doubles")

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
    """What no broker takes, what no filter and no condition can do with, what is no JSON: each is one dead letter, in
    the transaction, which tells of it in headers; the others come once. A letter that is too large is cut."""
    with Broker(folder, message_max_bytes="20000") as broker:
        for topic in ("in", "out", "dead"):
            broker.topic(topic, 1)
        small = [json.dumps({"message": "record %d" % i, "n": i}) for i in range(400)]
        large, broken = json.dumps({"message": "x" * 12000, "n": 1}), "{no json"
        for part in (small[:200], [large, broken, json.dumps({"message": "no number", "n": [1]})], small[200:]):
            produce(broker, "in", {0: part})
        text = """input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                                  codec => json { dead_letter_on_failure => true } } }
        filter { if [n] > 100 { mutate { add_tag => ["late"] } } }
        output { kafka { bootstrap_servers => "%s" topic_id => "out" codec => line { format => "%%{message}%%{message}" }
                         delivery => "exactly_once" dead_letter_topic => "dead" } }""" % (broker.address, broker.address)
        with Tailrace(folder, text, name="refused") as tailrace:
            wait(lambda: broker.committed("g") == 403, 120, "all records committed")
            ok(tailrace.metric("tailrace_dead_letters_written_total") >= 3, "dead letters are counted")
            ok(tailrace.metric("tailrace_dead_letters_dropped_total", reason="topic") == 0, "and none is dropped")
            ok(tailrace.books_balance(), "the books balance")
            ok(tailrace.stop() == 0, "stops with 0")
        got = [value.rstrip("\\n") for _, value in broker.values("out", "-c")]
        ok(got == [json.loads(line)["message"] * 2 for line in small], f"all others are there once, in order ({len(got)})")
        told = folder.file("letters")
        text = """input { kafka { bootstrap_servers => "%s" topics => ["dead"] group_id => "letters" auto_offset_reset => "earliest"
                                  isolation_level => "read_committed" decorate_events => "extended" } }
        filter { mutate { copy => { "[@metadata][kafka][headers]" => "told" } } }
        output { file { path => "%s" codec => json_lines } }""" % (broker.address, told)
        with Tailrace(folder, text, name="letters") as tailrace:
            wait(lambda: broker.committed("letters") >= 3, 60, "the dead letters are read")
            tailrace.stop()
        letters = {}
        for line in open(told):
            letter = json.loads(line)
            letters.setdefault(letter["told"]["tailrace.stage"], []).append(letter)
        ok({stage: len(rows) for stage, rows in letters.items()} == {"codec": 1, "condition": 1, "output": 1},
           f"one letter for each: {sorted(letters)}")
        codec, condition, output = (letters[stage][0] for stage in ("codec", "condition", "output"))
        ok(codec["message"] == broken, "what is no JSON is there as it came")
        ok(codec["told"]["tailrace.offset"] == "201" and codec["told"]["tailrace.topic"] == "in", "and where it came from")
        ok(json.loads(condition["told"]["tailrace.event"])["n"] == [1], "the event of a condition is there as JSON")
        ok(output["told"]["tailrace.reason"] == "MSG_SIZE_TOO_LARGE" and output["told"]["tailrace.offset"] == "200",
           f"the record that is too large: {output['told']['tailrace.reason']}")
        ok(output["message"] == large[:4096] and output["told"]["tailrace.cut"] == str(len(large)), f"its letter is cut to {len(output['message'])} bytes, and says so")

with Folder() as folder:
    refused(folder)
with Folder() as folder, Broker(folder, group_initial_rebalance_delay_ms="0") as broker:
    for topic, partitions in (("in", PARTITIONS), *TOPICS):
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
    expected = sum(len(belongs(line)) for lines in sent.values() for line in lines)
    wait(lambda: sum(len(broker.values(topic, "-c")) for topic, _ in TOPICS) >= expected, 60, "readers see all of it")
    audit(broker, sent)
finish()
