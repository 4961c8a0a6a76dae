#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stop while outputs that spill do not take their events: an Elasticsearch that accepts requests and never answers,
one that is not there, a file that cannot be written. Each lets go of what it holds, for that lies on the disk: the end
comes by itself, well before shutdown.timeout, and says what is left and where; the next start delivers it.
waits: yes"""
import http.server
from support import *

COUNT = choose(300, 500, 5000)

class Store(http.server.ThreadingHTTPServer):
    """As much of Elasticsearch as takes documents; or answers nothing."""
    daemon_threads = True
    def __init__(self, port, answers):
        self.answers, self.asked, self.documents, self.lock = answers, 0, [], threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b'{"version":{"number":"8.15.0"},"tagline":"You Know, for Search"}')
    do_PUT = do_HEAD = do_GET
    def do_POST(self):
        store, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        store.asked += 1
        if not store.answers:
            threading.Event().wait(600)
        rows = [json.loads(line) for line in body.splitlines()][1::2]
        with store.lock:
            store.documents += [row["i"] for row in rows]
        items = [{"create": {"status": 201, "_index": "x"}} for _ in rows]
        self.answer(json.dumps({"errors": False, "items": items}).encode())

def config(port, output):
    return f"""input {{ tcp {{ port => {port} host => "127.0.0.1" codec => json_lines }} }} output {{ {output} }}"""

def rows(first, count):
    return "".join(json.dumps({"i": i, "text": "x" * 50}) + "\n" for i in range(first, first + count)).encode()

def elastic(port):
    return (f'elasticsearch {{ id => "sink" hosts => ["127.0.0.1:{port}"] index => "x" manage_template => false data_stream => false '
            f'compression_level => 0 batch_wait => 0 batch_events => 50 when_full => spill }}')

def part(what, output, stick, mend, found):
    """`stick` and `mend` make the sink stuck, and well; `found` tells the numbers that it has."""
    with Folder() as folder:
        port = free_port()
        is_stuck = stick(folder)
        text = config(port, output(folder))
        with Tailrace(folder, text, ["--shutdown.timeout", "120s"]) as t:
            send(port, rows(0, COUNT))
            wait(lambda: t.books()["received"] == COUNT, 30, f"{what}: all received")
            wait(lambda: is_stuck(t), 30, f"{what}: it is stuck")
            begun = time.monotonic()
            code = t.stop(60)
            took = time.monotonic() - begun
            said = [line for line in t.log().splitlines() if "spill.left" in line]
            ok(code == 0 and took < 60, f"{what}: it ends by itself, with {code}")
            ok(len(said) == 1 and f" {COUNT} events" in said[0] and "/spill/main/0/sink" in said[0], f"{what}: what is left is told: {said}")
        ok(not found(folder), f"{what}: nothing was delivered so far")
        mend(folder)
        with Tailrace(folder, text, ["--shutdown.timeout", "120s"]) as t:
            wait(lambda: len(set(found(folder))) == COUNT, 60, f"{what}: all come at the next start")
            send(port, rows(COUNT, 1))
            wait(lambda: COUNT in found(folder), 30, f"{what}: a fresh event")
            got = found(folder)
            ok(sorted(got) == list(range(COUNT + 1)), f"{what}: each came once, and a fresh one")
            wait(lambda: t.books()["in_flight"] == 0, 30, f"{what}: all is settled")
            ok(t.books_balance() and t.stop() == 0, f"{what}: the books balance")

def silent():
    store_port, stores = free_port(), []
    def stick(_):
        stores.append(Store(store_port, False))
        return lambda t: stores[0].asked > 0
    def mend(_):
        stores[0].shutdown()
        stores[0].server_close()
        stores.append(Store(store_port, True))
    part("a store that never answers", lambda _: elastic(store_port), stick, mend,
         lambda _: stores[1].documents if len(stores) > 1 else [])

def absent():
    store_port, stores = free_port(), []
    part("a store that is not there", lambda _: elastic(store_port),
         lambda _: lambda t: t.metric("tailrace_queued_batches") is not None,
         lambda _: stores.append(Store(store_port, True)), lambda _: stores[0].documents if stores else [])

def unwritable():
    def stick(folder):
        open(folder.file("place"), "w").close() # a file where a folder has to be
        return lambda t: "file.write" in t.log()
    def mend(folder):
        os.remove(folder.file("place"))
        os.mkdir(folder.file("place"))
    def found(folder):
        path = folder.file("place/out")
        return [json.loads(line)["i"] for line in lines_of(path)] if os.path.exists(path) else []
    part("a file that cannot be written", lambda folder: f'file {{ id => "sink" path => "{folder.file("place/out")}" codec => json_lines when_full => spill }}',
         stick, mend, found)

def queued():
    """Without a spill the queue has the events: the end comes by shutdown.timeout, and nothing is lost."""
    with Folder() as folder:
        port, store_port = free_port(), free_port()
        store = Store(store_port, False)
        text = config(port, elastic(store_port).replace("when_full => spill", ""))
        arguments = ["-S", "queue.type=persisted", "--shutdown.timeout", "2s"]
        with Tailrace(folder, text, arguments) as t:
            send(port, rows(0, COUNT))
            wait(lambda: t.metric("tailrace_queue_synced_events_total") == COUNT and store.asked, 30, "all synced, the store asked")
            code = t.stop(60)
            ok(code == 0 and "stop.left" in t.log() and "stop.again" in t.log(), f"the queue: it ends with {code}, and says that the queue has what is left")
        store.shutdown()
        store.server_close()
        store = Store(store_port, True)
        with Tailrace(folder, text, arguments) as t:
            send(port, rows(COUNT, 1))
            wait(lambda: set(store.documents) == set(range(COUNT + 1)), 60, "the queue: all, and a fresh one")
            wait(lambda: t.books()["in_flight"] == 0, 30, "the queue: all is settled")
            ok(len(store.documents) == COUNT + 1, "the queue: the next start delivers each once, and a fresh one")
            ok(t.books_balance() and t.stop(60) == 0, "the queue: the books balance")

for test in (queued, silent, absent, unwritable):
    test()
finish()
