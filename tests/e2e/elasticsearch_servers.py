#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each kind of store that there is a server of: actions, routing, versions, scripts, data streams, templates; what a
mapping refuses dies, is kept, and is replayed when the mapping is mended, killed in the middle or not; a disk above its
flood stage is waited out. usage: elasticsearch_servers.py [SERVER [PART]]; long: only"""
from support_elastic import *

SERVERS = ["elasticsearch-8.15.0", "elasticsearch-7.17.29", "elasticsearch-9.0.1", "opensearch-2.19.6"]
KEEP = ["-S", "dead_letter_queue.enable=true"]
PLAIN = PAUSES.replace("ilm_enabled => false", "")
REPLAYED = 4000
KILLS = 3
META = "manage_template => false document_id => \"%{[@metadata][id]}\" "

def dlq(folder, name, *arguments):
    command = [PROGRAM, "dlq", *arguments, "--path.data", folder.file(name + ".data"), "--path.settings", folder.file("settings")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr

def letters(folder, name, *arguments):
    return [json.loads(line) for line in dlq(folder, name, "show", "main", "--json", *arguments).splitlines()]

# --- what an event says of its document ---

def actions(folder, node):
    with Lines(folder, node, 'index => "acts" action => "%{[@metadata][do]}" document_id => "%{[@metadata][id]}" doc_as_upsert => true manage_template => false', "acts") as lines:
        rows = [("index", "a", 1), ("create", "b", 1), ("update", "a", 2), ("update", "c", 3), ("create", "b", 4), ("index", "d", 1), ("delete", "d", 1), ("delete", "none", 1)]
        lines.send(*[{"v": v, "@metadata": {"do": do, "id": i}} for do, i, v in rows])
        books = lines.settled(len(rows))
        found = {i: source["v"] for i, source in node.documents("acts")}
        ok(found == {"a": 2, "b": 1, "c": 3}, f"index, create, update, upsert, delete: {found}")
        ok(books["dropped"] == 1 and "version_conflict_engine_exception" in lines.tailrace.log(), "409: create drops what is there already")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def routing_and_versions(folder, node):
    node.ask("PUT", "/routed", {"mappings": {"_routing": {"required": True}}, "settings": {"number_of_shards": 3}})
    node.ask("PUT", "/_ingest/pipeline/nothing", {"processors": []})
    options = META + 'index => "routed" routing => "%{r}" version => "%{v}" version_type => "external" pipeline => "nothing"'
    with Lines(folder, node, options, "routed", KEEP) as lines:
        lines.send({"r": "x", "v": 5, "@metadata": {"id": "one"}})
        lines.settled(1)
        lines.send({"r": "x", "v": 4, "@metadata": {"id": "one"}})
        books = lines.settled(2)
        found = node.ask("GET", "/routed/_doc/one?routing=x")
        ok(found.get("_version") == 5 and found.get("_routing") == "x" and found["_source"]["v"] == 5, "routing, version and pipeline; an older version is dropped")
        ok(books["dropped"] == 1 and lines.tailrace.stop() == 0, "ends with 0")

def scripts(folder, node):
    if not node.name.startswith("opensearch"):
        return ok(True, f"{node.name} has no language for scripts here: none is tried")
    options = META + 'index => "counted" action => "update" scripted_upsert => true script_lang => "painless" script => "ctx._source.n = (ctx._source.n == null ? 0 : ctx._source.n) + params.event.n"'
    with Lines(folder, node, options, "counted") as lines:
        lines.send(*[{"n": n, "@metadata": {"id": "sum"}} for n in range(1, 11)])
        lines.settled(10)
        ok(dict(node.documents("counted"))["sum"]["n"] == 55, "a script adds what comes, in order, from a document that it makes")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def data_streams(folder, node):
    made = node.ask("PUT", "/_index_template/streams", {"index_patterns": ["logs-*-*"], "data_stream": {}, "priority": 300})
    if not made.get("acknowledged"):
        return ok(True, f"{node.name} has no data streams here: none is tried")
    with Lines(folder, node, "data_stream => true kafka_document_id => true", "stream", KEEP, PLAIN) as lines:
        at = lambda offset: {"kafka": {"topic": "t", "partition": 0, "offset": offset}}
        lines.send(*[{"n": n, "@metadata": at(n % 50)} for n in range(100)], {"n": 1, "@timestamp": "2024-01-01T00:00:00Z", "data_stream": {"dataset": "web"}})
        books = lines.settled(101)
        found = node.documents("logs-generic-default")
        ok(books["delivered"] == 101 and len(found) == 50, f"a data stream by action create, the second of an id is there already: {len(found)}")
        node.ask("POST", "/logs-web-default/_refresh")
        hits = node.ask("GET", "/logs-web-default/_search")["hits"]["hits"]
        ok(len(hits) == 1 and hits[0]["_index"].startswith(".ds-logs-web-default-"), f"another by the event's fields: {hits[0]['_index']}")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def template(folder, node):
    with Lines(folder, node, 'ilm_enabled => "auto"', "template", pauses=PLAIN) as lines:
        lines.send({"message": "x" * 300, "n": 1})
        lines.settled(1)
        is_old = node.name.startswith("elasticsearch-7")
        names = list(node.ask("GET", "/_template")) if is_old else [t["name"] for t in node.ask("GET", "/_index_template").get("index_templates", [])]
        ok("logstash" in names, f"the template is put: {names}")
        (index, fields), = [(k, v["mappings"]["properties"]) for k, v in node.ask("GET", "/logstash-*/_mapping").items()]
        ok(fields["message"] == {"type": "text", "norms": False} and fields["@version"]["type"] == "keyword", "and holds for the day's index")
        ok(index.startswith("logstash-2"), f"a server without lifecycles gets an index a day: {index}")
        number = node.name.partition("-")[2]
        ok(f"is {'OpenSearch' if 'open' in node.name else 'Elasticsearch'} {number}" in lines.tailrace.log(), "and it was known who it is")
        ok(lines.tailrace.stop() == 0, "ends with 0")
    with Lines(folder, node, "ilm_enabled => true", "lifecycle", pauses=PLAIN) as lines:
        wait(lambda: "no lifecycle management is to be had" in lines.tailrace.log(), 30, "lifecycles asked for, and not there: said")
        ok(lines.tailrace.stop() == 0, "ends with 0")

# --- refused, mended, replayed ---

def strict(node, index, **more):
    fields = {"n": {"type": "integer"}, "@timestamp": {"type": "date"}, "@version": {"type": "keyword"}, "host": {"type": "keyword"}, "port": {"type": "integer"}, "data_stream": {"type": "object"}}
    node.ask("PUT", f"/{index}", {"mappings": {"dynamic": "strict", "properties": dict(fields, **more)}})

def mend(node, index):
    ok(node.ask("PUT", f"/{index}/_mapping", {"properties": {"word": {"type": "keyword"}}}).get("acknowledged"), "the mapping is mended")

def refuse(lines, first, count, index):
    """Of the rows every second has a field that the mapping does not know."""
    lines.send(*[dict({"n": n, "@metadata": {"id": f"d{n}", "index": index, "note": f"m{n}"}}, **({"word": "w"} if n % 2 else {})) for n in range(first, first + count)])

def all_once(node, index, count, what):
    found = node.documents(index)
    ok(sorted(i for i, _ in found) == sorted(f"d{n}" for n in range(count)), f"{what}: each is there once ({len(found)} of {count})")
    ok(all(source.get("word") == ("w" if source["n"] % 2 else None) for _, source in found), f"{what}: as it was sent")

def replay(folder, node):
    strict(node, "strict-a")
    options = META + 'id => "store" index => "strict-%{[@metadata][index]}"'
    with Lines(folder, node, options, "replay", KEEP) as lines:
        refuse(lines, 0, 200, "a")
        books = lines.settled(200)
        ok(books["dead_lettered"] == 100 and books["dropped"] == 0 and node.count("strict-a") <= 100, "what the mapping refuses dies, the others of the same requests do not")
        found = letters(folder, "replay")
        ok(len(found) == 100 and {f["reason"] for f in found} == {"strict_dynamic_mapping_exception"} and all("[word]" in f["text"] for f in found), f"the letters have the store's words: {found[0]['text']}")
        ok(len(letters(folder, "replay", "--where", "[@metadata][note] =~ '^m[0-9]+$' and [word] == 'w'")) == 100, "and the event whole, with its metadata")
        mend(node, "strict-a")
        told = dlq(folder, "replay", "replay", "main", "-f", folder.file("replay.conf"))
        ok(told.startswith("100 replayed: 0 dead again, 0 dropped; 0 left"), f"replayed: {told.strip()}")
        all_once(node, "strict-a", 200, "replay")
        ok("100 letters, 0 not replayed" in dlq(folder, "replay", "ls"), "and the letters are marked so")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def followed(folder, node):
    """The same by the input, which follows while more die."""
    strict(node, "strict-b", word={"type": "keyword"})
    strict(node, "old-b")
    with Lines(folder, node, META + 'id => "store" index => "old-%{[@metadata][index]}"', "followed", KEEP) as lines:
        reader = """input { dead_letter_queue { path => "%s" pipeline_id => "main" } } output { elasticsearch { hosts => ["127.0.0.1:%d"] %s %s
            index => "strict-%%{[@metadata][index]}" } }""" % (folder.file("followed.data", "dead_letter_queue"), node.port, PAUSES, META)
        with Tailrace(folder, reader, name="reader") as tailrace:
            for first in 0, 200:
                refuse(lines, first, 200, "b")
                lines.settled(first + 200)
                wait(lambda: tailrace.books()["received"] == (first + 200) // 2 and tailrace.books()["in_flight"] == 0, 60, "letters are followed")
            ok(tailrace.books_balance() and tailrace.books()["delivered"] == 200 and tailrace.stop() == 0, "all that died are delivered")
        ok(sorted(i for i, _ in node.documents("strict-b")) == sorted(f"d{n}" for n in range(400) if n % 2), "each is there once")
        ok(lines.tailrace.stop() == 0, "ends with 0")

def replay_killed(folder, node):
    strict(node, "strict-c")
    options = META + 'id => "store" index => "strict-%{[@metadata][index]}"'
    with Lines(folder, node, options, "killed", KEEP) as lines:
        refuse(lines, 0, 2 * REPLAYED, "c")
        lines.settled(2 * REPLAYED)
        ok(lines.tailrace.stop() == 0, "ends with 0")
    mend(node, "strict-c")
    position = folder.file("killed.data", "dead_letter_queue", "main", "replay.position")
    command = [PROGRAM, "dlq", "replay", "main", "-f", folder.file("killed.conf"), "--path.data", folder.file("killed.data"), "--path.settings", folder.file("settings"), "-b", "20"]
    told = lambda: open(position).read() if os.path.exists(position) else ""
    partly, before = 0, ""
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait(lambda: told() != before or process.poll() is not None, 60, "the replay moves")
        process.send_signal(signal.SIGSTOP)
        process.kill()
        process.wait()
        before = told()
        partly += f" {REPLAYED}\n" not in before
    ok(partly > 0, f"{partly} of {KILLS} kills came in the middle")
    last = dlq(folder, "killed", "replay", "main", "-f", folder.file("killed.conf"))
    ok("0 dead again, 0 dropped; 0 left" in last, f"the last replay ends it: {last.strip()}")
    all_once(node, "strict-c", 2 * REPLAYED, f"replay killed {KILLS} times")

def deletes(folder, node):
    """A delete that is refused is kept whole, and deletes when it is sent again."""
    node.ask("PUT", "/_cluster/settings", {"transient": {"action.auto_create_index": "false"}})
    options = META + 'id => "store" index => "del-%{[@metadata][index]}" action => "delete" version => "%{v}" version_type => "external"'
    with Lines(folder, node, options, "deletes", KEEP) as lines:
        lines.send({"v": 7, "why": "gone", "@metadata": {"id": "d1", "index": "x"}})
        ok(lines.settled(1)["dead_lettered"] == 1, "a delete where there is no index dies")
        letter, = letters(folder, "deletes", "--where", "[@metadata][id] == 'd1'")
        ok(letter["event"]["why"] == "gone", f"its event is kept whole: {letter['text']}")
        node.ask("PUT", "/del-x", {})
        node.ask("PUT", "/del-x/_doc/d1?version=6&version_type=external&refresh=true", {"a": 1})
        told = dlq(folder, "deletes", "replay", "main", "-f", folder.file("deletes.conf"))
        ok(told.startswith("1 replayed: 0 dead again") and node.documents("del-x") == [], f"and deletes: {told.strip()}")
        ok(lines.tailrace.stop() == 0, "ends with 0")
    node.ask("PUT", "/_cluster/settings", {"transient": {"action.auto_create_index": None}})

# --- a full disk ---

def write_block(folder, node):
    node.ask("PUT", "/blocked", {})
    with Lines(folder, node, 'index => "blocked" manage_template => false', "blocked") as lines:
        node.ask("PUT", "/blocked/_settings", {"index.blocks.read_only_allow_delete": True})
        lines.send(*[{"n": n} for n in range(200)])
        waited_out(lines, 200)
        node.ask("PUT", "/blocked/_settings", {"index.blocks.read_only_allow_delete": None})
        lines.settled(200)
        node.ask("POST", "/blocked/_refresh")
        ok(node.count("blocked") == 200, "when the block is off all are stored, once")
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "ends with 0")

def waited_out(lines, count):
    wait(lambda: lines.tailrace.metric("output_events_again_total", **{"class": "blocked"}) >= 2 * count, 60, "what is blocked is tried again")
    ok(lines.tailrace.books()["dropped"] == 0 and lines.tailrace.books()["dead_lettered"] == 0, "nothing is dropped meanwhile, and nothing dies")
    ok("elasticsearch.blocked" in lines.tailrace.log(), "it is said")

def flood_stage(folder, node):
    """The server blocks its indices by itself, since its disk is fuller than it was told to bear."""
    disk = "cluster.routing.allocation.disk."
    levels = lambda *marks: node.ask("PUT", "/_cluster/settings", {"transient": dict(zip((disk + "watermark.low", disk + "watermark.high", disk + "watermark.flood_stage"), marks))})
    blocked = lambda: "read_only_allow_delete" in json.dumps(node.ask("GET", "/flooded/_settings"))
    node.ask("PUT", "/flooded", {"settings": {"number_of_replicas": 0}})
    node.ask("PUT", "/_cluster/settings", {"transient": {disk + "threshold_enabled": True, "cluster.info.update.interval": "10s"}})
    with Lines(folder, node, 'index => "flooded" manage_template => false', "flooded") as lines:
        levels("100000gb", "100000gb", "100000gb")
        wait(blocked, 90, "the server is at its flood stage")
        lines.send(*[{"n": n} for n in range(200)])
        waited_out(lines, 200)
        levels("1mb", "1mb", "1mb")
        wait(lambda: not blocked(), 90, "there is room again")
        lines.settled(200)
        ok(sorted(source["n"] for _, source in node.documents("flooded")) == list(range(200)), "all are stored, once")
        lines.send({"n": -1})
        lines.settled(201)
        ok(lines.tailrace.books_balance() and lines.tailrace.stop() == 0, "a fresh event passes; ends with 0")
    node.ask("PUT", "/_cluster/settings", {"transient": {disk + "threshold_enabled": False}})

PARTS = [actions, routing_and_versions, scripts, data_streams, template, replay, followed, replay_killed, deletes, write_block, flood_stage]

def one(server, parts):
    with Folder() as folder, Node(folder, server) as node:
        node.name = server
        for part in parts:
            part(folder, node)
    finish()

def each():
    tried = 0
    for server in SERVERS:
        done = subprocess.run([sys.executable, __file__, server], stdout=subprocess.PIPE, text=True)
        print("".join(f"{line}  [{server}]\n" if line.startswith(("ok", "not ok")) else line + "\n" for line in done.stdout.splitlines()), end="")
        tried += done.returncode != 77
        ok(done.returncode in (0, 77), f"{server} is through")
    if not tried:
        skip("no server can be had")
    finish()

if len(sys.argv) > 1:
    one(sys.argv[1], [p for p in PARTS if p.__name__ in sys.argv[2:] or len(sys.argv) == 2])
else:
    each()
