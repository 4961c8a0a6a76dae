#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dns filter against a name server of this test's own: answers, failures, silence, retries, caches; a
batch that waits is stopped and killed; with one worker and with four. quick: yes, waits: yes"""
import json, struct
from support import *

NAMES = {"www.example.org": ["192.0.2.1", "192.0.2.9"], "v6.example.org": ["2001:db8::1"]}
NAMES.update({f"host{n}.example.org": [f"10.0.{n // 256}.{n % 256}"] for n in range(1000)})
POINTERS = {"1.2.0.192.in-addr.arpa": "www.example.org"}

class Server:
    """A, AAAA and PTR over UDP. Names with `silent` get no answer, with `slow` a late one, with `refused` an
    error; `flaky` answers the second time."""
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked = []
        self.is_silent = False
        threading.Thread(target=self.serve, daemon=True).start()
    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            kind = struct.unpack(">H", query[at + 1:at + 3])[0]
            name = ".".join(labels).lower()
            self.asked.append((name, kind))
            seen = self.asked.count((name, kind))
            if self.is_silent or "silent" in name or ("flaky" in name and seen < 2):
                continue
            answers = []
            if kind == 1:
                answers = [socket.inet_aton(a) for a in NAMES.get(name, []) if ":" not in a]
                if "flaky" in name:
                    answers = [socket.inet_aton("192.0.2.7")]
            elif kind == 28:
                answers = [socket.inet_pton(socket.AF_INET6, a) for a in NAMES.get(name, []) if ":" in a]
            elif kind == 12 and name in POINTERS:
                answers = [b"".join(bytes([len(l)]) + l.encode() for l in POINTERS[name].split(".")) + b"\0"]
            code = 5 if "refused" in name else 0 if answers or name in NAMES else 3
            head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(answers), 0, 0)
            rows = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(a)) + a for a in answers)
            self.socket.sendto(head + query[12:at + 5] + rows, peer)

def run(folder, server, filters, rows, arguments=()):
    return through(folder, filters.replace("SERVER", f"127.0.0.1:{server.port}"), rows, arguments)

def answers(folder, server):
    dns = 'dns { resolve => ["a"] nameserver => "SERVER" timeout => 0.2 %s add_tag => ["found"] }'
    rows = [{"a": "www.example.org"}, {"a": ["v6.example.org"]}, {"a": "nobody.example.org"}, {"n": 1}, {"a": 7},
            {"a": ["x", "y"]}, {"a": ""}, {"a": "a\0b"}, {"a": "x" * 5000}, {"a": "192.0.2.4"}, {"a": "refused.example.org"},
            {"a": {"b": 1}}, {"a": "..;'\\\u00e9"}]
    out = run(folder, server, dns % "", rows)
    ok(out[:2] == [{"a": ["www.example.org", "192.0.2.1"], "tags": ["found"]},
                   {"a": ["v6.example.org", "2001:db8::1"], "tags": ["found"]}], "append makes lists of name and address")
    ok(out[3] == {"n": 1, "tags": ["found"]} and out[9] == {"a": ["192.0.2.4"] * 2, "tags": ["found"]},
       "a missing field is passed over, an address is its own")
    ok([out[i] for i in (2, 4, 5, 6, 7, 8, 10, 11, 12)] == [rows[i] for i in (2, 4, 5, 6, 7, 8, 10, 11, 12)],
       "what cannot be resolved goes on as it is")
    out = run(folder, server, dns % 'action => "replace"', rows[:2])
    ok([e["a"] for e in out] == ["192.0.2.1", ["2001:db8::1"]], "replace keeps the shape")
    reverse = 'dns { reverse => ["ip"] action => "replace" nameserver => ["SERVER"] }'
    out = run(folder, server, reverse, [{"ip": "192.0.2.1"}, {"ip": "192.0.2.77"}, {"ip": "www.example.org"}])
    ok([e["ip"] for e in out] == ["www.example.org", "192.0.2.77", "www.example.org"], "reverse: names of addresses")
    both = 'dns { resolve => ["a"] reverse => ["a"] action => "replace" nameserver => "SERVER" }'
    ok(run(folder, server, both, rows[:1])[0]["a"] == "www.example.org", "resolve comes before reverse")
    hosts = folder.write("hosts", "# ours\n10.1.1.1 db1.local db1 # the first\nno address\n10.1.1.2 db1\n")
    out = run(folder, server, f'dns {{ resolve => ["a"] action => "replace" hostsfile => "{hosts}" nameserver => "SERVER" }}',
              [{"a": "db1"}, {"a": "www.example.org"}])
    ok([e["a"] for e in out] == ["10.1.1.1", "192.0.2.1"], "hosts files come first")
    search = 'dns { resolve => ["a"] action => "replace" nameserver => { "address" => ["SERVER"] "search" => ["example.org"] } }'
    ok(run(folder, server, search, [{"a": "www"}])[0]["a"] == "192.0.2.1", "short names are searched in domains")

def silence(folder, server):
    dns = 'dns { resolve => ["a"] nameserver => "SERVER" timeout => 0.1 max_retries => %d action => "replace" }'
    out = run(folder, server, dns % 2, [{"a": "silent.example.org"}, {"a": "flaky.example.org"}, {"a": "www.example.org"}])
    ok(out == [{"a": "silent.example.org", "tags": ["_dnstimeout"]}, {"a": "192.0.2.7"}, {"a": "192.0.2.1"}],
       "silence is tagged, another try may answer, order is kept")
    ok(server.asked.count(("silent.example.org", 1)) == 3, "three attempts with two retries")

def caches(folder, server):
    dns = 'dns { resolve => ["a"] nameserver => "SERVER" timeout => 1 max_retries => 0 %s } '
    out = run(folder, server, dns % "", [{"a": f"host{n % 1000}.example.org"} for n in range(3000)])
    ok([e["a"][1] for e in out] == [NAMES[f"host{n % 1000}.example.org"][0] for n in range(3000)],
       "a thousand names, more than may be asked at once")
    for options, asked in (("", 15), ("hit_cache_size => 10", 11), ("hit_cache_size => 10 failed_cache_size => 10", 3),
                           ("hit_cache_size => 10 hit_cache_ttl => 0", 15)):
        start = len(server.asked)
        run(folder, server, dns % options, [{"a": "www.example.org"}, {"a": "nobody.example.org"}] * 5, ["-b", "1"])
        ok(len(server.asked) - start == asked, f"{asked} questions with '{options}'")

def waiting(folder, server, workers):
    """Stopped while answers are missing: the batch comes through; killed: lines are read again."""
    log, out = folder.file(f"in{workers}.log"), folder.file(f"out{workers}.json")
    with open(log, "w") as f:
        f.writelines('{"a":"host%d.example.org","n":%d}\n' % (n % 500, n) for n in range(5000))
    config = """input { file { path => "%s" mode => "tail" start_position => "beginning" codec => json_lines } }
    filter { dns { id => "names" resolve => ["a"] action => "replace" nameserver => "127.0.0.1:%d" timeout => 0.3 hit_cache_size => 1000 } }
    output { file { path => "%s" codec => json_lines } }""" % (log, server.port, out)
    server.is_silent = True
    with Tailrace(folder, config, ["-w", str(workers)], name=f"waiting{workers}") as tailrace:
        asked = len(server.asked)
        wait(lambda: len(server.asked) > asked, 10, "questions")
        wait(lambda: "names" in tailrace.get("/_node/stats"), 10, "the API answers")
        tailrace.kill()
        server.is_silent = False
        tailrace.start()
        wait(lambda: count_lines(out) >= 5000 and tailrace.books()["in_flight"] == 0, 20, "all lines written")
        events = [json.loads(line) for line in lines_of(out)]
        ok([e["n"] for e in events] == list(range(5000)), f"{workers} workers: order is kept while batches wait")
        ok(all(e["a"] == NAMES[f"host{e['n'] % 500}.example.org"][0] for e in events), f"{workers} workers: every name has its address")
        ok(tailrace.books_balance(), f"{workers} workers: the books balance")
        server.is_silent = True
        with open(log, "a") as f:
            f.writelines('{"a":"silent%d.example.org"}\n' % n for n in range(3))
        asked = len(server.asked)
        wait(lambda: len(server.asked) > asked, 10, "questions")
        ok(tailrace.stop() == 0 and count_lines(out) == 5003, f"{workers} workers: a stop waits for answers")
        server.is_silent = False

server = Server()
with Folder() as folder:
    answers(folder, server)
    silence(folder, server)
    caches(folder, server)
    waiting(folder, server, 1)
    waiting(folder, server, 4)
finish()
