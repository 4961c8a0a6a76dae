#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The elasticsearch output against a scripted store: overload, refusals of single documents, requests that are
too large, garbage, answers without end, slow ones, dead and deaf hosts. What is sent by whom is kept by id, so
that nothing is missing, and nothing is there twice but what a lost answer allows. quick: yes, waits: yes"""
import gzip, http.server, ssl
from support import *

EVENTS = 400
QUICK = 'retry_initial_interval => 0.05 retry_max_interval => 0.2 resurrect_delay => 0.1 manage_template => false ilm_enabled => false batch_events => 50 batch_wait => 0.02'

class Store(http.server.ThreadingHTTPServer):
    """`script(store, request number, documents)` gives None (all are taken), or (status, body or generator), or a
    function of a document to (status, error type)."""
    daemon_threads = True
    request_queue_size = 256
    def __init__(self, script=None, port=0, tls=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.setup, self.is_bare = lambda method, path: (200, "{}"), False
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.script = script or (lambda store, number, documents: None)
        self.closes, self.peers = False, []
        self.lock, self.number, self.documents, self.log, self.sizes, self.seen = threading.Lock(), 0, {}, [], [], []
        self.concurrent = self.concurrent_most = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()
    def handle_error(self, *_):
        pass
    def take(self, document):
        with self.lock:
            self.documents.setdefault(document["n"], []).append(document)
            self.log.append(document)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def say(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if self.server.closes:
            self.send_header("connection", "close")
            self.close_connection = True
        if isinstance(body, str):
            body = body.encode()
        if isinstance(body, bytes):
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)
            return
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for part in body:
                self.wfile.write(part)
        except OSError:
            pass
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append((self.command, self.path, json.loads(body or b"null")))
        self.say(*((200, '{"version": {"number": "8.15.0"}}') if self.path == "/" and not self.server.is_bare else self.server.setup(self.command, self.path)))
    do_HEAD = do_PUT = do_GET
    def do_POST(self):
        store = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        packed = self.headers.get("content-encoding") == "gzip"
        lines = [json.loads(line) for line in (gzip.decompress(body) if packed else body).splitlines()]
        documents = read(lines)
        with store.lock:
            store.number += 1
            number = store.number
            store.concurrent += 1
            store.concurrent_most = max(store.concurrent, store.concurrent_most)
            store.sizes.append(len(documents))
            store.seen.append((self.command, self.path, dict(self.headers)))
        if hasattr(self.connection, "getpeercert"):
            store.peers.append(dict(pair[0] for pair in self.connection.getpeercert()["subject"])["commonName"])
        try:
            answer = store.script(store, number, documents)
            if isinstance(answer, tuple):
                self.say(*answer)
                return
            items = []
            for action, line, document in documents:
                status, error = answer(document) if answer else (201, None)
                if status < 300:
                    store.take(dict(document or {}, _line=line, _action=action))
                item = {"status": status}
                if error:
                    item["error"] = {"type": error, "reason": "because", "caused_by": {"reason": "of that"}}
                items.append({action: item})
            errors = any("error" in v for i in items for v in i.values())
            self.say(200, json.dumps({"took": 3, "errors": errors, "items": items}))
        finally:
            with store.lock:
                store.concurrent -= 1

def read(lines):
    documents = []
    at = 0
    while at < len(lines):
        (action, line), = lines[at].items()
        at += 1
        document = {"n": line.get("_id")} if action == "delete" else lines[at]
        at += action != "delete"
        documents.append((action, line, document))
    return documents

class Run:
    """A tailrace that reads lines of JSON from a socket and sends them to stores."""
    def __init__(self, folder, stores, options="", name="run", arguments=(), scheme="http"):
        self.port, self.counts = free_port(), {}
        hosts = ", ".join(f'"{scheme}://127.0.0.1:{s if isinstance(s, int) else s.server_port}"' for s in stores)
        self.tailrace = Tailrace(folder, 'input { tcp { host => "127.0.0.1" port => %d codec => json_lines } } output { elasticsearch { hosts => [%s] %s %s } }'
                                 % (self.port, hosts, QUICK, options), name=name, arguments=["--pipeline.ecs_compatibility", "disabled", *arguments])
    def send(self, first=0, count=EVENTS, **more):
        send(self.port, "".join(json.dumps(dict(more, n=n, pad="x" * 20)) + "\n" for n in range(first, first + count)).encode())
    def settled(self):
        b = self.tailrace.books()
        return b["received"] and b["in_flight"] == 0
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        self.tailrace.__exit__(*exc)
    def again(self, reason):
        return self.counts.get(reason) if self.tailrace.process.poll() is not None else self.tailrace.metric("output_events_again_total", **{"class": reason})
    def end(self, what, stores, twice=False, rejected=0, missing=(), count=EVENTS):
        """The oracle: each once, a fresh event passes, the books balance, the end is clean."""
        wait(lambda: self.tailrace.books()["received"] >= count and self.settled(), 30, f"{what}: all settled")
        self.send(10 ** 6, 1)
        wait(lambda: any(10 ** 6 in s.documents for s in stores), 10, f"{what}: a fresh event passes")
        wait(self.settled, 10, "settled")
        found = {}
        for s in stores:
            for n, copies in s.documents.items():
                found[n] = found.get(n, 0) + len(copies)
        wanted = set(range(count)) - set(missing) | {10 ** 6}
        ok(set(found) == wanted, f"{what}: what was sent is there ({len(found)} of {len(wanted)})")
        if not twice:
            ok(all(k == 1 for k in found.values()), f"{what}: and once")
        books = self.tailrace.books()
        if not ok(self.tailrace.books_balance() and books["dropped"] + books["dead_lettered"] == rejected, f"{what}: the books balance"):
            print(books, self.tailrace.books())
        self.resident = self.tailrace.resident_kb()
        self.counts = {reason: self.again(reason) for reason in ("garbage", "timeout")}
        ok(self.tailrace.stop() == 0, f"{what}: ends with 0")

def requests(folder):
    with Store() as store, Run(folder, [store], 'index => "logs-%{pad}" user => "u" password => "p" custom_headers => { "x-a" => "b" } parameters => { "c" => "d e" }') as run:
        run.send()
        run.end("plain", [store], missing=(), count=EVENTS)
        posts = [s for s in store.seen if s[0] == "POST"]
        headers = {k.lower(): v for k, v in posts[0][2].items()}
        ok(posts[0][1] == "/_bulk?filter_path=errors,items.*.error,items.*.status&c=d%20e", "the address of bulk requests")
        ok(headers["authorization"] == "Basic dTpw" and headers["x-a"] == "b" and headers["content-encoding"] == "gzip", "headers, login, compression")
        one = store.documents[3][0]
        ok(one["_line"] == {"_index": "logs-" + "x" * 20} and one["_action"] == "index" and one["@timestamp"], "index from a template, the document whole")
        ok(max(store.sizes) <= 50, "requests have at most batch_events documents")

def logins(folder):
    """Each says who it is in its own way; of compressed and other requests the store gets the same."""
    ways = [('bearer_token => "secret"', "Bearer secret"), ('user => "u" password => "p:q"', "Basic dTpwOnE="), ("compression_level => 0", None), ("http_compression => false", None)]
    for n, (options, wanted) in enumerate(ways):
        with Store() as store, Run(folder, [store], options, name=f"login{n}") as run:
            run.send(count=3)
            wait(lambda: len(store.documents) == 3, 10, "they came")
            headers = {k.lower(): v for k, v in next(s for s in store.seen if s[0] == "POST")[2].items()}
            ok(headers.get("authorization") == wanted and ("content-encoding" in headers) == (wanted is not None), f"{options}: {headers.get('authorization')}")
            ok(run.tailrace.stop() == 0, "ends with 0")

def bytes_of_requests(folder):
    """batch_bytes bounds a request; a document above it goes alone."""
    with Store() as store, Run(folder, [store], "batch_bytes => 2000 compression_level => 0", name="bytes") as run:
        run.send(0, 200)
        run.send(200, 1, large="y" * 5000)
        run.send(201, 100)
        run.end("batch_bytes", [store], count=301)
        lengths = [int({k.lower(): v for k, v in s[2].items()}["content-length"]) for s in store.seen if s[0] == "POST"]
        ok([n for n in lengths if n > 2000] == [max(lengths)] and 5000 < max(lengths) < 6000, "no request has more, but that of one that is larger alone")

def storms(folder):
    def script(store, number, documents):
        return [(429, "{}"), (503, "busy"), None][number % 3] if number < 40 else None
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        run.end("429 and 503", [store])
        ok(store.concurrent_most <= 8, "not more requests at once than allowed")

def storms_of_documents(folder):
    tries = {}
    def script(store, number, documents):
        def one(document):
            n = tries[document["n"]] = tries.get(document["n"], 0) + 1
            if document["n"] % 7 == 3 and n < 3:
                return 429, "es_rejected_execution_exception"
            if document["n"] % 50 == 8:
                return 400, "mapper_parsing_exception"
            if document["n"] % 50 == 9:
                return 409, "version_conflict_engine_exception"
            return 201, None
        return one
    gone = [n for n in range(EVENTS) if n % 50 in (8, 9) and n % 7 != 3] + [n for n in range(EVENTS) if n % 50 in (8, 9) and n % 7 == 3]
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        run.end("single documents", [store], rejected=len(gone), missing=gone)
        ok(all(n == (3 if k % 7 == 3 else 1) for k, n in tries.items()), "only those that were not taken are sent again")
        log = run.tailrace.log()
        ok("output.rejected" in log and "mapper_parsing_exception: because: of that" in log, "a refusal is said with the store's words")

def too_large(folder):
    def script(store, number, documents):
        return (413, "") if len(documents) > 12 or any(d[2]["n"] == 77 for d in documents) else None
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        run.end("413", [store], rejected=1, missing=[77])
        ok(run.tailrace is not None and max(s for s in store.sizes) > 12, "requests go in halves")

def endless():
    part = b'{"took":1,"errors":true,"items":[' + b'{"index":{"status":400}},' * 2000
    for _ in range(10 * 2 ** 30 // len(part)):
        yield part

def slow(text):
    pace = Pace(0.25)  # 1 KiB a second
    for at in range(0, len(text), 256):
        pace.turn()
        yield text[at:at + 256]

def garbage(folder):
    answers = ["", "no json", "{", '{"errors":true}', '{"errors":true,"items":[]}', '{"errors":true,"items":[1,2]}', "[" * 100000, '{"errors":tru', "\0" * 1000]
    def script(store, number, documents):
        return (200, answers[number - 1]) if number <= len(answers) else None
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        run.end("garbage", [store])
        ok(run.again("garbage") > 0, "garbage is counted so")

def without_end(folder):
    def script(store, number, documents):
        return (200, endless()) if len(documents) > 20 else None
    with Store(script) as store, Run(folder, [store], "answer_limit => 65536") as run:
        before = run.tailrace.resident_kb()
        run.send()
        run.end("10 GB of an answer", [store])
        ok("elasticsearch.answer_limit" in run.tailrace.log(), "the limit is said")
        ok(run.resident < before + 64 * 1024, f"memory is bounded: {before} KiB before, {run.resident} after")

def slowly(folder):
    text = json.dumps({"took": 1, "errors": False, "items": [{"index": {"status": 201}}] * 40}).encode()
    def script(store, number, documents):
        if number > 1:
            return None
        for d in documents:
            store.take(d[2])
        return 200, slow(text)
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        run.end("an answer at 1 KiB/s", [store])

def denied(folder):
    gate = threading.Event()
    def script(store, number, documents):
        return None if gate.is_set() else (403, '{"error":{"type":"security_exception","reason":"no right"},"status":403}')
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        wait(lambda: run.tailrace.metric("output_hosts_open") == 1, 10, "the host is left alone")
        health = run.tailrace.json("/_health_report")["indicators"]["pipelines"]["indicators"]["main"]
        ok(health["diagnosis"][0]["id"] == "tailrace:health:output:hosts", "the health report has it, too")
        ok(run.tailrace.books()["dropped"] == 0 and "elasticsearch.denied" in run.tailrace.log(), "a refused login drops nothing and is said")
        gate.set()
        run.end("403", [store])

def blocked(folder):
    gate = threading.Event()
    def script(store, number, documents):
        return None if gate.is_set() else lambda d: (403, "cluster_block_exception")
    with Store(script) as store, Run(folder, [store]) as run:
        run.send()
        wait(lambda: run.again("blocked") > EVENTS, 10, "a block on writes is waited out")
        ok(run.tailrace.metric("output_request_limit") == 1, "with one request at a time")
        gate.set()
        run.end("a block on writes", [store])

def hosts(folder):
    dead = free_port()
    with Store() as one, Store() as two, Run(folder, [one, dead, two]) as run:
        run.send()
        wait(run.settled, 20, "settled")
        ok(one.number > 1 and two.number > 1, "hosts are used in turn")
        with Store(port=dead) as three:
            at = [EVENTS]
            def more():
                run.send(at[0], 50)
                at[0] += 50
                return three.number > 1
            wait(more, 20, "a host that is there again is used again")
            run.end("several hosts", [one, two, three], count=at[0])

def deaf(folder):
    with socket.socket() as s, socket.socket() as full, Store() as store:
        for listener, backlog in (s, 64), (full, 0):
            listener.bind(("127.0.0.1", 0))
            listener.listen(backlog)
        first = socket.create_connection(full.getsockname())  # the next ones are not even accepted: a black hole
        with first, Run(folder, [store, s.getsockname()[1], full.getsockname()[1]], "timeout => 0.3") as run:
            run.send()
            run.end("a deaf host", [store])
            ok(run.again("timeout") > 0, "what it does not answer is sent elsewhere")

def down_then_up(folder):
    port = free_port()
    with Run(folder, [port], name="down") as run:
        run.send()
        wait(lambda: "elasticsearch.setup" in run.tailrace.log(), 10, "said that nobody answers")
        with Store(port=port) as store:
            run.end("a store that comes later", [store])

def one_id_in_order(folder):
    first = {}
    def script(store, number, documents):
        def one(document):
            key = (document["n"] % 10, document["n"])
            if document["n"] % 3 == 0 and first.setdefault(key, number) == number:
                return 429, "es_rejected_execution_exception"
            return 201, None
        return one
    with Store(script) as store, Run(folder, [store], 'document_id => "%{id}"') as run:
        send(run.port, "".join(json.dumps({"n": n, "id": n % 10}) + "\n" for n in range(EVENTS)).encode())
        wait(lambda: run.tailrace.books()["received"] == EVENTS and run.settled(), 20, "settled")
        last = {}
        for document in store.log:
            last[document["_line"]["_id"]] = document["n"]
        ok(sorted(last.values()) == list(range(EVENTS - 10, EVENTS)), "of one id the last one wins")
        ok(set(store.documents) == set(range(EVENTS)), "nothing is missing")
        ok(run.tailrace.stop() == 0, "ends with 0")

def in_order(folder):
    def script(store, number, documents):
        return (503, "") if number % 3 == 1 else None
    with Store(script) as store, Run(folder, [store], "ordered => true") as run:
        run.send()
        wait(lambda: run.tailrace.books()["received"] == EVENTS and run.settled(), 20, "settled")
        ok([d["n"] for d in store.log] == list(range(EVENTS)), "ordered: documents come in order")
        ok(store.concurrent_most == 1, "ordered: one request at a time")
        ok(run.tailrace.books_balance() and run.tailrace.stop() == 0, "ordered: ends with 0")

def held(folder):
    gate = threading.Event()
    def script(store, number, documents):
        gate.wait(30)
    with Store(script) as store, Run(folder, [store], arguments=["-S", "pipeline.memory=8mb"]) as run:
        pad = "x" * 1000
        data = "".join(json.dumps({"n": n, "pad": pad}) + "\n" for n in range(20000)).encode()
        sender = threading.Thread(target=send, args=(run.port, data), daemon=True)
        sender.start()
        wait(lambda: run.tailrace.metric("tailrace_paused") == 1, 20, "a store that does not answer pauses the inputs")
        ok(run.tailrace.metric("output_held_bytes") <= 2 * 2 ** 20 + 65536 and run.tailrace.resident_kb() < 100 * 1024, "memory is bounded: %d KiB" % run.tailrace.resident_kb())
        gate.set()
        run.end("a store that stands still", [store], count=20000)

def actions(folder):
    with Store() as store, Run(folder, [store], 'action => "%{do}" document_id => "%{id}" index => "i-%{kind}" routing => "r" retry_on_conflict => 2 doc_as_upsert => true') as run:
        rows = [{"n": 1, "do": "index", "id": "a", "kind": "k"}, {"n": 2, "do": "create", "id": "b", "kind": "k"}, {"n": 3, "do": "update", "id": "c", "kind": "k"},
                {"n": 4, "do": "delete", "id": "d", "kind": "k"}, {"n": 5, "do": "nothing", "id": "e", "kind": "k"}, {"n": 6, "do": "index", "id": "f"}, {"n": 7, "do": "index", "id": "x" * 513, "kind": "k"}]
        store.take = lambda document: store.log.append(document)
        send(run.port, "".join(json.dumps(r) + "\n" for r in rows).encode())
        wait(lambda: run.tailrace.books()["received"] == len(rows) and run.settled(), 10, "settled")
        lines = [(d["_action"], d["_line"]) for d in store.log]
        ok(lines == [("index", {"_index": "i-k", "_id": "a", "routing": "r"}), ("create", {"_index": "i-k", "_id": "b", "routing": "r"}),
                     ("update", {"_index": "i-k", "_id": "c", "routing": "r", "retry_on_conflict": 2}), ("delete", {"_index": "i-k", "_id": "d", "routing": "r"})], "actions from a field")
        ok(store.log[2]["doc"]["n"] == 3 and store.log[2]["doc_as_upsert"] is True, "update has the event as its document")
        ok(run.tailrace.books()["dropped"] == 3, "an action, an index and an id that cannot be are refused")
        ok(run.tailrace.stop() == 0, "ends with 0")

def sent_as(folder, name, options, *rows):
    """[(action line, the line behind it)] of these events."""
    with Store() as store, Run(folder, [store], options, name=name) as run:
        store.take = lambda document: store.log.append(document)
        send(run.port, "".join(json.dumps(r) + "\n" for r in rows).encode())
        wait(lambda: run.tailrace.books()["received"] == len(rows) and run.settled(), 10, f"{name}: settled")
        ok(run.tailrace.books_balance() and run.tailrace.stop() == 0, f"{name}: ends with 0")
        return [({d.pop("_action"): d.pop("_line")}, d) for d in store.log]

def updates(folder):
    (line, body), = sent_as(folder, "script", 'index => "i" action => "update" document_id => "%{n}" script => "ctx._source.n += %{n}" scripted_upsert => true pipeline => "p"', {"n": 4})
    ok(line == {"update": {"_index": "i", "_id": "4", "pipeline": "p", "retry_on_conflict": 1}}, "update names document and pipeline")
    ok(body["script"]["source"] == "ctx._source.n += 4" and body["script"]["lang"] == "painless" and body["script"]["params"]["event"]["n"] == 4 and body["scripted_upsert"] is True and body["upsert"] == {}, "a script gets the event")
    (_, body), = sent_as(folder, "upsert", 'index => "i" action => "update" document_id => "%{n}" upsert => \'{"made": %{n}}\' script => "s" script_type => "indexed"', {"n": 5})
    ok(body["script"]["id"] == "s" and body["upsert"] == {"made": 5}, "an upsert of one's own, a script by its id")
    own = {"n": 1, "@metadata": {"_ingest_document": {"index": "own", "id": "7", "routing": "r", "pipeline": "q", "version": 3, "version_type": "external"}}}
    (line, _), (other, _) = sent_as(folder, "metadata", "", own, {"n": 2, "@metadata": {"target_ingest_pipeline": "t"}})
    ok(line == {"index": {"_index": "own", "_id": "7", "routing": "r", "pipeline": "q", "version": "3", "version_type": "external"}}, "what an event carries of its document holds where no option speaks")
    ok(other["index"]["pipeline"] == "t" and other["index"]["_index"].startswith("logstash-2"), "a target pipeline too")
    (line, _), = sent_as(folder, "options", 'index => "i" document_id => "o" version => "%{n}" version_type => "external_gte"', dict(own, n=9))
    ok(line["index"] == {"_index": "i", "_id": "o", "routing": "r", "pipeline": "q", "version": "9", "version_type": "external_gte"}, "options come first")
    lines = sent_as(folder, "names", 'index => "%{gone}-x" dlq_on_failed_indexname_interpolation => false', {"n": 1})
    ok(lines[0][0] == {"index": {"_index": "%{gone}-x"}}, "a name that lacks its field is sent when that is asked for")

def rules(folder):
    statuses = {0: (201, None), 1: (422, "odd"), 2: (400, "dropped_type"), 3: (404, "index_not_found_exception"), 4: (409, "version_conflict")}
    with Store(lambda *_: lambda d: statuses[d["n"]]) as store, Run(folder, [store], 'dlq_custom_codes => [422] drop_error_types => ["dropped_type"] silence_errors_in_log => ["version_conflict"]') as run:
        run.send(count=5)
        wait(lambda: run.tailrace.books()["received"] == 5 and run.settled(), 10, "settled")
        log = run.tailrace.log()
        ok(store.number == 1 and run.tailrace.books()["dropped"] == 4, "codes and types of one's own: nothing of it is sent again")
        ok(log.count("output.rejected") == 2 and log.count("elasticsearch.dropped") == 1 and "version_conflict" not in log, "each is said, or not, as asked for")
        ok(run.tailrace.stop() == 0, "ends with 0")

def kept_whole(folder):
    """A dead letter has the event that it was, metadata too, also of a delete, which has no document; also when requests
    were cut in halves, or sent again in part, before."""
    tries = {}
    def script(store, number, documents):
        if len(documents) > 4:
            return 413, ""
        def one(document):
            n = tries[str(document["n"])] = tries.get(str(document["n"]), 0) + 1
            return (429, "busy") if n == 1 else (400, "mapper_parsing_exception")
        return one
    with Store(script) as store, Run(folder, [store], 'action => "%{[@metadata][do]}" document_id => "%{n}"', name="kept", arguments=["-S", "dead_letter_queue.enable=true"]) as run:
        rows = [{"n": n, "@metadata": {"do": "delete" if n % 2 else "index", **({"mark": f"m{n}"} if n % 3 else {})}} for n in range(20)]
        send(run.port, "".join(json.dumps(r) + "\n" for r in rows).encode())
        wait(lambda: run.tailrace.books()["received"] == 20 and run.settled(), 20, "settled")
        ok(run.tailrace.books()["dead_lettered"] == 20 and run.tailrace.books_balance(), "all are refused")
        for where, wanted in ("[@metadata][do] == 'delete'", range(1, 20, 2)), ("[@metadata][do] == 'index'", range(0, 20, 2)), ("[@metadata][dead_letter_queue][class] == 'mapper_parsing_exception'", range(20)), ("[@metadata][mark] == 'm' + to_string([n])", [n for n in range(20) if n % 3]):
            shown = subprocess.run([PROGRAM, "dlq", "show", "main", "--json", "--where", where, "--path.data", folder.file("kept.data"), "--path.settings", folder.file("settings")], capture_output=True, text=True)
            ok(sorted(json.loads(line)["event"]["n"] for line in shown.stdout.splitlines()) == list(wanted), f"letters where {where}")
        ok(run.tailrace.stop() == 0, "ends with 0")

def limited(folder):
    with Store() as store, Run(folder, [store], "rate_limit_events => 200") as run:
        begin = time.monotonic()
        run.send()
        run.end("a rate limit", [store])
        ok(time.monotonic() - begin > 0.7, "200 at once, 200 a second")

def streams(folder):
    with Store() as store:
        port = free_port()
        with Tailrace(folder, 'input { tcp { host => "127.0.0.1" port => %d codec => json_lines } } output { opensearch { hosts => ["127.0.0.1:%d"] batch_wait => 0 compression_level => 0 } }' % (port, store.server_port), name="streams") as tailrace:
            send(port, b'{"n":1}\n{"n":2,"data_stream":{"dataset":"web"}}\n')
            wait(lambda: len(store.log) == 2, 10, "documents came")
            ok([d["_line"]["_index"] for d in store.log] == ["logs-generic-default", "logs-web-default"] and store.log[0]["_action"] == "create", "without index options events go to data streams")
            ok([d["data_stream"] for d in store.log] == [{"type": "logs", "dataset": d, "namespace": "default"} for d in ("generic", "web")], "whose names are in the documents")
            ok(tailrace.stop() == 0, "ends with 0")

def kafka_ids(folder):
    with Store(lambda store, number, documents: (lambda d: (409, "version_conflict_engine_exception") if d["n"] == 2 else (201, None))) as store, \
            Run(folder, [store], "kafka_document_id => true") as run:
        at = lambda offset: {"kafka": {"topic": "t", "partition": 3, "offset": offset}}
        send(run.port, "".join(json.dumps(r) + "\n" for r in [{"n": 0, "@metadata": at(5)}, {"n": 1, "@metadata": at(5)}, {"n": 2, "@metadata": at(6)}, {"n": 3}]).encode())
        wait(lambda: run.tailrace.books()["received"] == 4 and run.settled(), 10, "settled")
        ok([d["_line"].get("_id") for d in store.log] == ["t-3-5", "t-3-5-1", None], "ids are topic, partition, offset; events of one record are told apart")
        ok(run.tailrace.books()["delivered"] == 4, "one that is there already counts as sent")
        ok(run.tailrace.stop() == 0, "ends with 0")

MISSING = (404, '{"error":{"type":"resource_not_found_exception","reason":"none"},"status":404}')

def at_start(folder, name, options, setup, is_bare=False):
    """What is asked of a store before the first document, and the index of that."""
    with Store() as store:
        tries = {}
        def answer(method, path):
            tries[method, path] = tries.get((method, path), 0) + 1
            return setup(method, path, tries[method, path])
        store.setup, store.is_bare = answer, is_bare
        port = free_port()
        config = 'input { tcp { host => "127.0.0.1" port => %d codec => json_lines } } output { elasticsearch { hosts => ["127.0.0.1:%d"] retry_initial_interval => 0.02 retry_max_interval => 0.05 batch_wait => 0 %s } }'
        with Tailrace(folder, config % (port, store.server_port, options), name=name, arguments=["--pipeline.ecs_compatibility", "disabled"]) as tailrace:
            send(port, b'{"n":1}\n')
            wait(lambda: store.log, 20, f"{name}: a document")
            ok(tailrace.stop() == 0, f"{name}: ends with 0")
        return [s for s in store.seen if s[0] != "POST" and s[1] != "/"], store.log[0]["_line"]["_index"], tailrace.log()

POLICY = {"policy": {"phases": {"hot": {"actions": {"rollover": {"max_size": "50gb", "max_age": "30d"}}}}}}
LIFECYCLE = {"index.lifecycle.name": "logstash-policy", "index.lifecycle.rollover_alias": "logstash"}
TEXT = {"type": "text", "norms": False}
INDEX_TEMPLATE = {"index_patterns": ["logstash-*"], "priority": 200, "template": {
    "settings": {"index.refresh_interval": "5s", "number_of_shards": 1},
    "mappings": {
        "dynamic_templates": [
            {"message_field": {"path_match": "message", "match_mapping_type": "string", "mapping": TEXT}},
            {"string_fields": {"match": "*", "match_mapping_type": "string", "mapping": {**TEXT, "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}}}],
        "properties": {
            "@timestamp": {"type": "date"}, "@version": {"type": "keyword"},
            "geoip": {"dynamic": True, "properties": {"ip": {"type": "ip"}, "location": {"type": "geo_point"}, "latitude": {"type": "half_float"}, "longitude": {"type": "half_float"}}}}}}}

def set_up(folder):
    seen, index, _ = at_start(folder, "lifecycle", "", lambda method, path, tries: MISSING if method in ("GET", "HEAD") else (200, "{}"))
    ok([s[:2] for s in seen] == [("GET", "/_ilm/policy/logstash-policy"), ("PUT", "/_ilm/policy/logstash-policy"), ("HEAD", "/_index_template/logstash"), ("PUT", "/_index_template/logstash"),
                                 ("HEAD", "/_alias/logstash"), ("PUT", "/%3Clogstash-%7Bnow%2Fd%7D-000001%3E")], "policy, template, first index")
    template = seen[3][2]
    ok(template["index_patterns"] == ["logstash-*"] and template["template"]["settings"]["index.lifecycle.rollover_alias"] == "logstash" and index == "logstash", "documents go to the alias")
    ok(seen[1][2] == POLICY and template == dict(INDEX_TEMPLATE, template={**INDEX_TEMPLATE["template"], "settings": {**INDEX_TEMPLATE["template"]["settings"], **LIFECYCLE}}), "their texts, member for member")
    ok(seen[5][2] == {"aliases": {"logstash": {"is_write_index": True}}}, "whose first index is the one to write to")
    seen, index, _ = at_start(folder, "without", "", lambda method, path, tries: (400, '{"error":"no handler"}') if "_ilm" in path else (200, "{}"))
    ok(index.startswith("logstash-2") and [s[:2] for s in seen][-1] == ("HEAD", "/_index_template/logstash"), "a store without lifecycles gets an index a day; a template that is there stays")
    own = folder.write("own.json", '{"index_patterns": ["x-*"], "template": {}}')
    seen, index, _ = at_start(folder, "own", f'template => "{own}" template_name => "mine" template_overwrite => true template_api => "legacy" ilm_enabled => false index => "x-1"', lambda *_: (200, "{}"))
    ok(seen[-1][:2] == ("PUT", "/_template/mine") and seen[-1][2]["index_patterns"] == ["x-*"] and index == "x-1", "a template of one's own, by the old API")
    nodes = lambda method, path, tries: (200, '{"nodes":{"abc":{"version":"7.17.0"}}}') if "_nodes" in path else (404, "{}") if method != "PUT" else (200, "{}")
    seen, index, log = at_start(folder, "bare", "ilm_enabled => false", nodes, is_bare=True)
    ok("is Elasticsearch 7.17.0" in log and seen[-1][:2] == ("PUT", "/_template/logstash") and "settings" in seen[-1][2], "a store with nothing at / is asked for its nodes; before version 8 the template is the old one")
    seen, index, log = at_start(folder, "later", "ilm_enabled => false", lambda method, path, tries: (200, "{}") if tries > 2 else (403, '{"error":{"type":"security_exception","reason":"no"}}'))
    ok("elasticsearch.denied" in log and "refuses the login" in log, "what is refused at start is said and tried again")

def certificate(folder, name, issuer=None):
    """A key and a certificate for 127.0.0.1, of its own or of an issuer."""
    key, cert = folder.file(name + ".key"), folder.file(name + ".pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", cert]
    if issuer:
        command += ["-CA", issuer[0], "-CAkey", issuer[1], "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
    return cert, key

def tls(folder):
    authority, other = certificate(folder, "authority"), certificate(folder, "other")
    server, client = certificate(folder, "server", authority), certificate(folder, "client", authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    context.load_verify_locations(authority[0])
    context.verify_mode = ssl.CERT_REQUIRED
    own = f'ssl_certificate => "{client[0]}" ssl_key => "{client[1]}" '
    with Store(tls=context) as store, Run(folder, [store], own + f'ssl_certificate_authorities => "{authority[0]}" api_key => "id:key"', scheme="https") as run:
        run.send()
        run.end("TLS, with the client's certificate", [store])
        ok({s[2].get("authorization") for s in store.seen if s[0] == "POST"} == {"ApiKey aWQ6a2V5"}, "and an API key")
    with Store(tls=context) as store, Run(folder, [store], own + f'ssl_certificate_authorities => "{authority[0]}"', name="renewed", scheme="https") as run:
        run.send(0, 10)
        wait(lambda: len(store.documents) == 10, 10, "some came")
        for now, before in zip(certificate(folder, "successor", authority), client):
            os.replace(now, before)
        run.send(10, 10)
        wait(lambda: len(store.documents) == 20, 10, "more came")
        ok(set(store.peers) == {"client"}, "a certificate is renewed: connections stay")
        store.closes = True
        sent = 20
        while store.peers[-1] != "successor" and sent < 400:
            run.send(sent, 1)
            sent += 1
            wait(lambda: len(store.documents) == sent, 10, "one came")
        ok(store.peers[-1] == "successor", "and new ones have it")
        run.end("renewed", [store], count=sent)
    for name, options, why in (("foreign", own + f'ssl_certificate_authorities => "{other[0]}"', "certificate"), ("without", f'ssl_certificate_authorities => "{authority[0]}"', "")):
        with Store(tls=context) as store, Run(folder, [store], options, name=name, scheme="https") as run:
            wait(lambda: run.tailrace.log().count("elasticsearch.setup") > 1, 20, f"{name}: refused")
            ok(not store.seen and why in run.tailrace.log(), f"{name}: nothing is sent")
            ok(run.tailrace.stop() == 0, f"{name}: ends with 0 though the store was never there")

def example(folder):
    sample = os.path.join(ROOT, "examples/access-log/sample.log")
    with Store() as store:
        environment = {"STORE": f"127.0.0.1:{store.server_port}", "ACCESS_LOG": sample, "ES_USER": "u", "ES_PASSWORD": "p"}
        with Tailrace(folder, arguments=["-f", os.path.join(ROOT, "examples/elasticsearch/elasticsearch.conf")], environment=environment, name="example") as tailrace:
            store.take = lambda document: store.log.append(document)
            wait(lambda: len(store.log) == count_lines(sample), 10, "the lines of the example's sample")
            indices = sorted({d["_line"]["_index"].rsplit("-", 1)[0] for d in store.log})
            ok(indices == ["access", "not-understood"], f"the example: {indices}")
            ok(tailrace.stop() == 0, "ends with 0")

PARTS = [requests, storms, storms_of_documents, too_large, logins, bytes_of_requests, garbage, without_end, slowly, denied, blocked, hosts, deaf, down_then_up,
         one_id_in_order, in_order, held, actions, updates, rules, kept_whole, limited, streams,
         kafka_ids, set_up, tls, example]
AT_ONCE = 8

def side_by_side(parts):
    """Most of a part is waiting: a process for each, a few at a time."""
    running, left = [], list(parts)
    while running or left:
        while left and len(running) < AT_ONCE:
            part = left.pop(0)
            running.append((part, subprocess.Popen([sys.executable, __file__, part.__name__], stdout=subprocess.PIPE, text=True)))
        part, process = running.pop(0)
        text = process.communicate()[0]
        print(text, end="")
        ok(process.returncode == 0, f"{part.__name__} is through")

if len(sys.argv) > 1:
    with Folder() as folder:
        next(p for p in PARTS if p.__name__ == sys.argv[1])(folder)
else:
    side_by_side(choose(PARTS[:4], PARTS, PARTS))
finish()
