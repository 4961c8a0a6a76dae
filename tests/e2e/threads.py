#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two pipelines of two workers each under load over TCP, with the API polled from several sides, SIGHUP now
and then, SIGTERM at the end: every line once, the books balance. Run by the gate on the program built with
-fsanitize=thread too, which must find nothing. quick: yes"""
from support import *

CONNECTIONS, LINES, HANGUPS = 8, choose(500, 5000, 50000), 5
PIPELINES = """
- pipeline.id: one
  pipeline.workers: 2
  config.string: |
    input { tcp { port => %(one)d host => "127.0.0.1" codec => line } }
    filter { grok { match => { "message" => "^%%{INT:connection} %%{INT:number}$" } } if [number] =~ /9$/ { mutate { add_tag => ["nine"] } } }
    output { file { path => "%(out)s-one.txt" codec => line { format => "%%{message}" } } }
- pipeline.id: two
  pipeline.workers: 2
  config.string: |
    input { tcp { port => %(two)d host => "127.0.0.1" codec => json_lines } generator { count => 1000 lines => ["x"] } }
    filter { if [message] == "x" { drop { } } else { date { match => ["t", "UNIX"] } } }
    output { file { path => "%(out)s-two.txt" codec => line { format => "%%{c} %%{n}" } } if [n] == 7 { null { } } }
"""

def load(port, number, line):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for first in range(0, LINES, 50):
            s.sendall(b"".join(line(number, n) for n in range(first, first + 50)))

def poll(tailrace, stopped):
    while not stopped.is_set():
        for path in ("/metrics", "/_node/stats", "/health", "/_node/hot_threads", "/_node/pipelines?graph=true"):
            try:
                tailrace.get(path)
            except urllib.error.HTTPError:
                pass
            except OSError:
                if not stopped.is_set():
                    raise

with Folder() as folder:
    ports = {"one": free_port(), "two": free_port(), "out": folder.file("out")}
    folder.write("settings/pipelines.yml", PIPELINES % ports)
    with Tailrace(folder, environment={"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}) as tailrace:
        stopped = threading.Event()
        threads = [threading.Thread(target=poll, args=(tailrace, stopped), daemon=True) for _ in range(2)]
        senders = [threading.Thread(target=load, daemon=True, args=args) for i in range(CONNECTIONS) for args in (
            (ports["one"], i, lambda c, n: b"%d %d\n" % (c, n)),
            (ports["two"], i, lambda c, n: b'{"c":%d,"n":%d,"t":"1700000000.5"}\n' % (c, n)))]
        for thread in threads + senders:
            thread.start()
        total = CONNECTIONS * LINES
        for i in range(HANGUPS):
            wait(lambda: tailrace.metric("tailrace_events_total", pipeline="one", state="received") >= total * i / HANGUPS, 120, f"share {i} of the load")
            tailrace.process.send_signal(signal.SIGHUP)
        for sender in senders:
            sender.join(120)
        wait(lambda: all(tailrace.metric("tailrace_events_total", pipeline=p, state="delivered") >= total for p in ("one", "two")), 120, "all delivered")
        ok(tailrace.books_balance(), "the books balance")
        stopped.set()
        for thread in threads:
            thread.join(30)
        ok(tailrace.stop(60) == 0, "SIGTERM: ends with 0")
        ok("ThreadSanitizer" not in tailrace.log() and "AddressSanitizer" not in tailrace.log(), "no sanitizer complains")
        if "Sanitizer" in tailrace.log():
            print(tailrace.log())
    wanted = sorted(b"%d %d" % (c, n) for c in range(CONNECTIONS) for n in range(LINES))
    for name in ("one", "two"):
        lines = lines_of(folder.file(f"out-{name}.txt"))
        ok(sorted(lines) == wanted, f"{name}: {len(lines)} lines, each of {total} once")
        last, in_order = {}, True
        for line in lines:
            c, n = map(int, line.split())
            in_order &= last.get(c, -1) < n
            last[c] = n
        ok(in_order, f"{name}: in the order of each connection")
finish()
