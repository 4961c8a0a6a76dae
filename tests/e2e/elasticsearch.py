#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Elasticsearch, fed from a real Kafka: documents by grok, the store killed and started again in the
middle, this program too, sets equal and each document once. long: only"""
from support_kafka import *
from support_elastic import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(3000, 3000, 1000002)))

def from_kafka(folder, broker, node):
    broker.topic("in", 3)
    sent = records(RECORDS, 3)
    produce(broker, "in", sent)
    config = """input { kafka { bootstrap_servers => "%s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest" decorate_events => "basic"
                 group_instance_id => "one" session_timeout_ms => 6000 auto_commit_interval_ms => 200 } }
      filter { grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence:int} %%{WORD:level} %%{WORD:checksum} %%{GREEDYDATA:text}$" } } }
      output { elasticsearch { hosts => ["127.0.0.1:%d"] index => "logs-%%{level}" kafka_document_id => true %s } }""" % (broker.address, node.port, PAUSES)
    config = config.replace("logs-%{level}", "logs-%{producer}")
    begin = time.monotonic()
    with Tailrace(folder, config, name="first") as tailrace:
        wait(lambda: broker.committed("g") > RECORDS // 10, 120, "the first records are stored")
        node.kill()
        at = broker.committed("g")
        wait(lambda: tailrace.metric("output_hosts_open") == 1, 60, "the store is gone, and left alone")
        ok(broker.committed("g") <= at + RECORDS // 3, "what is not stored is not committed")
        node.restart()
        wait(lambda: broker.committed("g") > min(RECORDS // 2, at + 1000) or broker.committed("g") == RECORDS, 180, "it goes on by itself")
        tailrace.kill()
    with Tailrace(folder, config, name="second") as tailrace:
        wait(lambda: broker.committed("g") == RECORDS, 120 + RECORDS / 2000, "all records are committed")
        ok(tailrace.books_balance() and tailrace.books()["dropped"] == 0, "the books balance, nothing is dropped")
        cpu, resident = tailrace.cpu_seconds(), tailrace.resident_kb()
        ok(tailrace.stop() == 0, "ends with 0")
    print(f"{RECORDS} records in {time.monotonic() - begin:.0f} s, both kills in it; second run: {cpu:.1f} s of CPU, {resident} KiB resident")
    found = node.documents("logs-*")
    lines = {line for part in sent.values() for line in part}
    texts = [source["message"] for _, source in found]
    ok(len(texts) == RECORDS and set(texts) == lines, f"each record is there, once ({len(texts)} of {RECORDS})")
    ok(all(i.startswith("in-") for i, _ in found), "its id is topic, partition, offset")
    ok(all(source["checksum"] == "c%08x" % zlib.crc32(source["text"].encode()) for _, source in found), "and it is what grok made of it")

with Folder() as folder, Node(folder) as node:
    print([n["version"] for n in node.ask("GET", "/_nodes/_local")["nodes"].values()])
    with Broker(folder) as broker:
        from_kafka(folder, broker, node)
finish()
