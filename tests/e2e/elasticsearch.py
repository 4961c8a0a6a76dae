#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Elasticsearch, fed from a real Kafka: documents by grok, the store killed and started again in the
middle, this program too, sets equal and each document once; mapping errors; a block on writes waited out; the
template. long: only"""
from support_kafka import *
from support_elastic import *

RECORDS = int(os.environ.get("TAILRACE_RECORDS", choose(3000, 3000, 1000002)))
PAUSES = "retry_initial_interval => 0.2 retry_max_interval => 2 resurrect_delay => 0.5 ilm_enabled => false"

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

class Lines:
    """A tailrace that takes JSON lines."""
    def __init__(self, folder, node, options, name):
        self.port = free_port()
        self.tailrace = Tailrace(folder, 'input { tcp { host => "127.0.0.1" port => %d codec => json_lines } } output { elasticsearch { hosts => ["127.0.0.1:%d"] %s %s } }'
                                 % (self.port, node.port, PAUSES, options), name=name, arguments=["--pipeline.ecs_compatibility", "disabled"])
    def send(self, *rows):
        send(self.port, "".join(json.dumps(r) + "\n" for r in rows).encode())
    def settled(self, count):
        wait(lambda: self.tailrace.books()["received"] == count and self.tailrace.books()["in_flight"] == 0, 60, f"{count} events are settled")
        return self.tailrace.books()
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        self.tailrace.__exit__(*exc)

def mapping_errors(folder, node):
    node.ask("PUT", "/strict", {"mappings": {"dynamic": "strict", "properties": {"n": {"type": "integer"}, "@timestamp": {"type": "date"}, "@version": {"type": "keyword"}, "host": {"type": "keyword"}, "port": {"type": "integer"}}}})
    with Lines(folder, node, 'index => "strict" manage_template => false', "strict") as lines:
        lines.send(*[{"n": n if n % 5 else f"word {n}"} for n in range(100)], {"n": 1, "unknown": 2})
        books = lines.settled(101)
        ok(books["dropped"] + books["dead_lettered"] == 21, "what the mapping refuses is rejected")
        node.ask("POST", "/strict/_refresh")
        ok(node.count("strict") == 80, "the others of the same requests are stored")
        ok("document_parsing_exception" in lines.tailrace.log() or "mapper_parsing_exception" in lines.tailrace.log(), "with the store's own words")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def write_block(folder, node):
    node.ask("PUT", "/blocked", {})
    with Lines(folder, node, 'index => "blocked" manage_template => false', "blocked") as lines:
        node.ask("PUT", "/blocked/_settings", {"index.blocks.read_only_allow_delete": True})
        lines.send(*[{"n": n} for n in range(200)])
        wait(lambda: lines.tailrace.metric("output_events_again_total", **{"class": "blocked"}) >= 400, 30, "a read-only index is tried again")
        ok(lines.tailrace.books()["dropped"] == 0, "nothing is dropped meanwhile")
        node.ask("PUT", "/blocked/_settings", {"index.blocks.read_only_allow_delete": None})
        lines.settled(200)
        node.ask("POST", "/blocked/_refresh")
        ok(node.count("blocked") == 200, "when the block is off all are stored, once")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def actions(folder, node):
    with Lines(folder, node, 'index => "acts" action => "%{[@metadata][do]}" document_id => "%{[@metadata][id]}" doc_as_upsert => true manage_template => false', "acts") as lines:
        rows = [("index", "a", 1), ("create", "b", 1), ("update", "a", 2), ("update", "c", 3), ("create", "b", 4), ("index", "d", 1), ("delete", "d", 1), ("delete", "none", 1)]
        lines.send(*[{"v": v, "@metadata": {"do": do, "id": i}} for do, i, v in rows])
        books = lines.settled(len(rows))
        found = {i: source["v"] for i, source in node.documents("acts")}
        ok(found == {"a": 2, "b": 1, "c": 3}, f"index, create, update, delete: {found}")
        ok(books["dropped"] == 1, "a document that is there already is dropped by create")
        ok(lines.tailrace.stop() == 0, "ends with 0")

def template(folder, node):
    with Lines(folder, node, "", "template") as lines:
        lines.send({"message": "x" * 300, "n": 1})
        lines.settled(1)
        ok("logstash" in [t["name"] for t in node.ask("GET", "/_index_template").get("index_templates", [])], "the template is put")
        index, = node.ask("GET", "/logstash-*/_mapping").items()
        fields = index[1]["mappings"]["properties"]
        ok(fields["message"] == {"type": "text", "norms": False} and fields["@version"]["type"] == "keyword", "and holds for the day's index")
        ok(lines.tailrace.stop() == 0, "ends with 0")

with Folder() as folder, Node(folder) as node:
    print([n["version"] for n in node.ask("GET", "/_nodes/_local")["nodes"].values()])
    for part in (mapping_errors, write_block, actions, template):
        part(folder, node)
    with Broker(folder) as broker:
        from_kafka(folder, broker, node)
finish()
