#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pipelines joined by `pipeline` outputs and inputs, in the four usual patterns, with one worker and
with three: every record carries its number and a checksum, arrives once at each place, in order,
and the books of all pipelines balance; SIGTERM drains the whole chain. And what is refused. quick: yes"""
import socket, threading, zlib
from support import *

RECORDS = choose(5000, 20000, 1000000)

def record(producer, i):
    text = "record %d of %s, which must arrive whole" % (i, producer)
    return "%s %d c%08x %s\n" % (producer, i, zlib.crc32(text.encode()), text)

def numbers(lines, producer):
    """The sequence numbers of a producer in the order found; whatever is damaged counts as -1."""
    found = []
    for line in lines:
        name, number, checksum, text = line.split(" ", 3)
        if name == producer:
            found.append(int(number) if checksum == "c%08x" % zlib.crc32(text.encode()) else -1)
    return found

def entry(name, config, workers=1, **more):
    extra = "".join(f"  {key}: {value}\n" for key, value in more.items())
    return f"- pipeline.id: {name}\n  pipeline.workers: {workers}\n{extra}  config.string: |\n    {config}\n"

def text_lines(path):
    return open(path).read().splitlines() if os.path.exists(path) else []

def send_records(port, producer):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall("".join(record(producer, i) for i in range(RECORDS)).encode())

def everything(tailrace, pipelines):
    """(name, balanced, nothing in flight) of each that is not so."""
    return [p for p in pipelines if not tailrace.books_balance(pipeline=p) or tailrace.books(pipeline=p)["in_flight"]]

def refused(folder, text):
    folder.write("settings/pipelines.yml", text)
    with Tailrace(folder, arguments=["--config.test_and_exit"], name="refused", wait_ready=False) as t:
        return t.process.wait(timeout=30), t.log()

def patterns(workers):
    """Distributor, forked path and collector in one: two producers, `even` and `odd` by number, all in `copy`."""
    what = f"{workers} worker(s)"
    with Folder() as folder:
        port = free_port()
        out = {name: folder.file(name + ".txt") for name in ("even", "odd", "copy")}
        def store(name, more=""):
            return ('input { pipeline { address => %s tags => ["by_%s"] } } %s output { file { path => "%s" flush_interval => 0 '
                    'codec => line { format => "%%{message}" } } }' % (name, name, more, out[name]))
        text = entry("intake", 'input { tcp { host => "127.0.0.1" port => %d codec => line } } '
            'filter { mutate { add_field => { "[@metadata][way]" => "kept" } } } '
            'output { if [message] =~ /^\\w+ \\d*[02468] / { pipeline { send_to => even } } else { pipeline { send_to => odd } } '
            'pipeline { id => "fork" send_to => ["copy", "count"] } }' % port, workers)
        text += entry("even", store("even"), workers)
        text += entry("odd", store("odd"), 1)
        text += entry("copy", store("copy", 'filter { if [@metadata][way] != "kept" or "by_copy" not in [tags] or "by_even" in [tags] '
                                            '{ mutate { replace => { "message" => "x 0 c0 wrong" } } } }'), workers)
        text += entry("count", 'input { pipeline { address => count } } output { null {} }', workers)
        folder.write("settings/pipelines.yml", text)
        with Tailrace(folder) as t:
            producers = ["p%d" % i for i in range(4)]
            threads = [threading.Thread(target=send_records, args=(port, p)) for p in producers]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            all_pipelines = ("intake", "even", "odd", "copy", "count")
            wait(lambda: t.books(pipeline="intake")["delivered"] == 4 * RECORDS, 120, f"{what}: all delivered")
            ok(not everything(t, all_pipelines), f"{what}: books of all pipelines balance, nothing in flight")
            for name, share in (("even", 2), ("odd", 2), ("copy", 1), ("count", 1)):
                ok(t.books(pipeline=name)["delivered"] == 4 * RECORDS / share, f"{what}: {name} delivered its share")
            ok(t.metric("component_sent_events_total", pipeline="intake", component_id="fork") == 4 * RECORDS,
               f"{what}: an event to two addresses counts once at its output")
            ok(t.stop() == 0, f"{what}: exit code 0")
        for p in producers:
            # a connection stays with one worker, so its order holds at every receiver
            ok(numbers(text_lines(out["copy"]), p) == list(range(RECORDS)), f"{what}: copy has {p} whole and in order")
            ok(numbers(text_lines(out["even"]), p) == list(range(0, RECORDS, 2)), f"{what}: even has its half of {p} in order")
            ok(numbers(text_lines(out["odd"]), p) == list(range(1, RECORDS, 2)), f"{what}: odd has its half of {p} in order")

def drains():
    """SIGTERM in the middle of a load through a chain of three: what was received comes out."""
    with Folder() as folder:
        out = folder.file("out.txt")
        text = entry("last", 'input { pipeline { address => to_c } } output { file { path => "%s" codec => line { format => "%%{[event][sequence]}" } } }' % out)
        text += entry("middle", "input { pipeline { address => to_b } } output { pipeline { send_to => to_c } }", 3)
        text += entry("first", 'input { generator { message => "x" } } output { pipeline { send_to => to_b } }', 3)
        folder.write("settings/pipelines.yml", text)
        with Tailrace(folder) as t:
            wait(lambda: t.books(pipeline="last")["delivered"] > 1000, 60, "a load through the chain")
            ok(t.stop() == 0, "a chain under load: SIGTERM drains it, exit code 0")
        got = [int(line) for line in text_lines(out)]
        ok(got == list(range(len(got))) and len(got) > 1000, "a chain under load: every number once, in order, none missing")

class Sink:
    """Listens, and reads only when told."""
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port, self.may_read, self.data = self.listener.getsockname()[1], threading.Event(), []
        self.ended = threading.Event() # the sender has closed, and all it sent is in `data`
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                self.may_read.wait()
                while True:
                    chunk = connection.recv(1 << 20)
                    if not chunk:
                        break
                    self.data.append(chunk)
            self.ended.set()

def isolator():
    """A receiver whose store is stuck fills its own ring and parks its sender; memory stays bounded; another
    pipeline does not notice; when the store reads again, everything arrives, in order."""
    count = 20 * RECORDS
    with Folder() as folder:
        sink, out = Sink(), folder.file("out.txt")
        text = entry("stuck", 'input { pipeline { address => stuck } } output { tcp { host => "127.0.0.1" port => %d codec => line { format => "%%{[event][sequence]} %s" } } }'
                     % (sink.port, "x" * 400), **{"pipeline.memory": "8mb"})
        text += entry("intake", 'input { generator { message => "x" count => %d } } output { pipeline { send_to => [good, stuck] } }' % count)
        text += entry("good", 'input { pipeline { address => good } } output { file { path => "%s" codec => line { format => "%%{[event][sequence]}" } } }' % out)
        text += entry("other", 'input { generator { message => "x" } } output { null {} }')
        folder.write("settings/pipelines.yml", text)
        with Tailrace(folder) as t:
            wait(lambda: t.metric("tailrace_paused", pipeline="intake") or t.books(pipeline="intake")["in_flight"] > 1000, 60, "the sender to be held up")
            def settled():
                first = t.books(pipeline="intake")["received"]
                until = time.monotonic() + 1
                wait(lambda: time.monotonic() > until, 5, "a second")
                return first == t.books(pipeline="intake")["received"]
            wait(settled, 60, "the sender to be parked")
            ok(t.books(pipeline="intake")["received"] < count, "a stuck receiver parks its sender")
            other = t.books(pipeline="other")["received"]
            wait(lambda: t.books(pipeline="other")["received"] > other, 10, "the other pipeline to go on")
            ok(True, "another pipeline goes on")
            sink.may_read.set()
            wait(lambda: t.books(pipeline="intake")["delivered"] == count, 120, "everything delivered after all")
            ok(not everything(t, ("intake", "good", "stuck")), "the books balance after a stuck receiver")
            ok(t.stop() == 0, "exit code 0 after a stuck receiver")
        ok(sink.ended.wait(60), "the receiver sees the end of the connection")
        got = [int(line.split()[0]) for line in b"".join(sink.data).splitlines()]
        ok(got == list(range(count)), "the stuck receiver has everything once, in order")
        ok([int(l) for l in text_lines(out)] == list(range(count)), "the good receiver has everything once, in order")

def missing():
    """Nobody listens: events wait, or are dropped and counted."""
    with Folder() as folder:
        text = entry("waits", 'input { generator { message => "x" count => 100 } } output { pipeline { send_to => nowhere } }')
        text += entry("drops", 'input { generator { message => "x" count => 100 } } output { pipeline { send_to => [nowhere, here] ensure_delivery => false } }')
        text += entry("here", "input { pipeline { address => here } } output { null {} }")
        folder.write("settings/pipelines.yml", text)
        with Tailrace(folder, arguments=["--shutdown.timeout", "1s"], wait_ready=False) as t:
            wait(lambda: can_connect(t.api), 30, "the API") # an ended pipeline is not ready
            wait(lambda: t.books(pipeline="drops")["dropped"] == 100, 30, "drops counted")
            wait(lambda: t.books(pipeline="here")["delivered"] == 100, 30, "the other address served")
            ok(t.books_balance(pipeline="drops"), "dropped at one address: the books balance")
            ok("nobody listens at `nowhere`" in t.log(), "the log names the address")
            ok(t.books(pipeline="waits")["delivered"] == 0, "ensure_delivery: events wait")
            # 66: the thread sanitizer minds the threads of a forced end
            ok(t.stop() in (0, 66) and "stop.timeout" in t.log(), "what still waits at the stop is said, exit code 0")

def wrong():
    with Folder() as folder:
        code, log = refused(folder, entry("a", "input { pipeline { address => same } } output { null {} }") +
                                    entry("b", "input { pipeline { address => same } } output { null {} }"))
        ok(code == 78 and "pipeline `b`: the address `same` is taken by pipeline `a`" in log, "an address with two inputs is refused, both named")
        code, log = refused(folder, entry("a", "input { pipeline { address => to_a } } output { pipeline { send_to => to_b } }") +
                                    entry("b", "input { pipeline { address => to_b } } output { pipeline { send_to => to_c } }") +
                                    entry("c", "input { pipeline { address => to_c } } output { pipeline { send_to => to_a } }"))
        ok(code == 78 and "`a` -> `b` -> `c` -> `a`" in log, "a circle is refused, the chain named")
        code, log = refused(folder, entry("a", "input { pipeline { address => to_a } } output { pipeline { send_to => to_a } }"))
        ok(code == 78 and "`a` -> `a`" in log, "a pipeline that sends to itself is refused")

for workers in (1, 3):
    patterns(workers)
drains()
isolator()
missing()
wrong()
finish()
