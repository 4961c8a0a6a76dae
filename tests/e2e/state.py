#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Filters that keep state and have timers: the same answers with one worker and with four, events of timers
while it runs and at the end, killed in the middle, books balanced. quick: yes"""
import json
from support import *

CONFIG = """
input { tcp { port => %(port)d host => "127.0.0.1" codec => json_lines } }
filter {
  if [kind] == "burst" {
    throttle { id => "limit" key => "%%{key}" after_count => 3 add_tag => ["throttled"] }
  } else if [kind] == "task" {
    elapsed { id => "tasks" start_tag => "begin" end_tag => "end" unique_id_field => "task" timeout => 1 }
  }
  if [kind] == "begin" {
    aggregate { task_id => "%%{task}" map_action => "create" add_tag => ["began"] }
  }
  if [kind] == "end" {
    aggregate { task_id => "%%{task}" map_action => "update" end_of_task => true add_tag => ["ended"] }
  }
  metrics { id => "numbers" meter => ["%%{kind}"] rates => [1] add_tag => ["numbers"] }
}
output { file { path => "%(out)s" codec => json_lines } }
"""

def events(path):
    return [json.loads(line) for line in lines_of(path)]

def tagged(path, tag):
    return [e for e in events(path) if tag in e.get("tags", [])]

def feed(port, rows, connections):
    """The rows, dealt out to so many connections, which the kernel deals out to the workers."""
    parts = ["".join(json.dumps(row) + "\n" for row in rows[n::connections]) for n in range(connections)]
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in parts]
    for s, part in zip(sockets, parts):
        s.sendall(part.encode())
    for s in sockets:
        s.close()

def with_workers(folder, workers):
    port, out = free_port(), folder.file(f"out{workers}.json")
    name = f"tailrace{workers}"
    with Tailrace(folder, CONFIG % {"port": port, "out": out}, ["-w", str(workers)], name=name) as tailrace:
        at = {"@timestamp": "2026-01-01T00:00:00Z"}
        bursts = [{"kind": "burst", "key": "k%d" % (n % 50), **at} for n in range(2000)]
        starts = [{"kind": "task", "task": n, "tags": ["begin"], **at} for n in range(40)]
        ends = [{"kind": "task", "task": n, "tags": ["end"], "@timestamp": "2026-01-01T00:00:02Z"} for n in range(30)]
        feed(port, bursts, 16)
        feed(port, starts, 8)
        wait(lambda: tailrace.metric("tailrace_events_total", state="delivered") >= 2040, 10, "starts written")
        feed(port, ends, 8)
        wait(lambda: len(tagged(out, "numbers")) >= 1, 9, "events of the timer")
        wait(lambda: len(tagged(out, "elapsed_expired_error")) >= 10, 9, "starts that expire")
        wait(lambda: tailrace.books()["in_flight"] == 0, 10, "all settled")
        written = events(out)
        ok(len([e for e in written if e.get("kind") == "burst" and "tags" not in e]) == 150,
           f"{workers} workers: 3 of each of 50 keys pass, all others are throttled")
        ok(len(tagged(out, "elapsed_match")) == 30 and len(tagged(out, "elapsed_end_without_start")) == 0,
           f"{workers} workers: each end finds its start, whoever has read it")
        ok(sorted(e["task"] for e in tagged(out, "elapsed_expired_error")) == list(range(30, 40)),
           f"{workers} workers: each start without an end expires once")
        numbers = tagged(out, "numbers")
        ok(all(set(e) <= {"@timestamp", "@version", "message", "tags", "burst", "task", "%{kind}"} for e in numbers) and
           numbers[-1]["burst"]["count"] == 2000, f"{workers} workers: one set of numbers for all of them")
        ok(tailrace.metric("component_filter_states", component_id="limit") == 50 and
           tailrace.metric("component_filter_states", component_id="tasks") == 0 and
           tailrace.metric("component_filter_state_bytes", component_id="limit") > 0, f"{workers} workers: states are in /metrics")
        ok(tailrace.books_balance() and tailrace.books()["created"] == len(events(out)) - 2070,
           f"{workers} workers: the books balance, with what timers made")
        turns = [{"kind": kind, "task": "t%d" % n} for n in range(100) for kind in ("begin", "end") * 3]
        feed(port, turns, 1)
        wait(lambda: len([e for e in events(out) if e.get("kind") == "end"]) == 300, 10, "tasks written")
        ok(len(tagged(out, "began")) == 300 and len(tagged(out, "ended")) == 300,
           f"{workers} workers: filters that share maps see events in turn")
        feed(port, starts[:5], 4)
        wait(lambda: len([e for e in events(out) if e.get("tags") == ["begin"]]) >= 45, 10, "more starts")
        before = len(tagged(out, "numbers"))
        ok(tailrace.stop() == 0, f"{workers} workers: stops")
        last = tagged(out, "numbers")
        ok(len(last) == before + 1 and last[-1]["task"]["count"] == 75,
           f"{workers} workers: at the end the last worker tells what all have counted, once")
        return [e["burst"]["count"] for e in last[-1:]]

def killed(folder):
    """What was in memory is lost, and nothing else: lines are read again."""
    log, out = folder.file("in.log"), folder.file("killed.json")
    with open(log, "w") as f:
        f.writelines('{"kind":"burst","key":"%d"}\n' % (n % 7) for n in range(20000))
    config = """
    input { file { path => "%s" mode => "tail" start_position => "beginning" codec => json_lines } }
    filter { throttle { key => "%%{key}" after_count => 5 add_tag => ["throttled"] } metrics { meter => ["all"] } }
    output { file { path => "%s" codec => json_lines } }""" % (log, out)
    with Tailrace(folder, config, ["-w", "4"], name="killed") as tailrace:
        wait(lambda: count_lines(out) > 1000, 10, "lines written")
        tailrace.kill()
        tailrace.start()
        wait(lambda: count_lines(out) >= 20000 and tailrace.books()["in_flight"] == 0, 20, "all lines written")
        ok(tailrace.books_balance(), "the books balance after a kill")
        ok(tailrace.stop() == 0, "stops after a kill")

def flood(port, data):
    try:
        send(port, data)
    except OSError:
        pass # the pipeline stopped before it had read all

def stuck(folder):
    """The output is full when the pipeline stops: what filters hold back waits behind it, and comes."""
    port, sink = free_port(), socket.socket()
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sink.bind(("127.0.0.1", 0))
    sink.listen(1)
    config = """
    input { tcp { port => %d host => "127.0.0.1" codec => json_lines } }
    filter { metrics { meter => ["all"] rates => [1] } elapsed { start_tag => "a" end_tag => "b" unique_id_field => "n" timeout => 0 }
        metrics { meter => ["behind"] rates => [1] } }
    output { tcp { host => "127.0.0.1" port => %d codec => json_lines } }""" % (port, sink.getsockname()[1])
    with Tailrace(folder, config, name="stuck") as tailrace:
        rows = "".join(json.dumps({"n": n, "tags": ["a"], "pad": "x" * 1000}) + "\n" for n in range(20000))
        threading.Thread(target=flood, args=(port, rows.encode()), daemon=True).start()
        peer, _ = sink.accept()
        wait(lambda: tailrace.metric("tailrace_paused") >= 1, 10, "the output is full")
        tailrace.process.send_signal(signal.SIGTERM)
        wait(lambda: "stop.signal" in tailrace.log(), 10, "the stop begins")
        lines, rest = [], b""
        while True:
            part = peer.recv(1 << 16)
            if not part:
                break
            *whole, rest = (rest + part).split(b"\n")
            lines += whole
        ok(tailrace.process.wait(20) == 0 and not rest, "a stuck output's pipeline stops once it reads")
        got = [json.loads(line) for line in lines]
        read = [e for e in got if "pad" in e]
        expired = [e for e in got if "elapsed_expired_error" in e.get("tags", [])]
        told = [e for e in got if "all" in e or "behind" in e]
        ok(sorted(e["n"] for e in expired) == [e["n"] for e in read], "every start that was read expires, though the output was full")
        ok(told[-1]["behind"]["count"] == len(got) - sum("behind" in e for e in got),
           "the last filter has seen what those before it gave at the end")

def in_the_repl(folder):
    typed = '{"k": "a"}\nmetrics { meter => ["%{k}"] }\n'
    done = subprocess.run([PROGRAM, "repl"], input=typed, capture_output=True, text=True, timeout=30, cwd=folder.path)
    ok("created, by a timer" in done.stdout and "[a][count]  1" in done.stdout, "the repl shows events of timers")

with Folder() as folder:
    in_the_repl(folder)
    told = {}
    def tell(workers):
        told[workers] = with_workers(folder, workers)
    threads = [threading.Thread(target=tell, args=(n,)) for n in (1, 4)] # each waits for the same timers
    for thread in threads:
        thread.start()
    killed(folder)
    stuck(folder)
    for thread in threads:
        thread.join()
    ok(set(told) == {1, 4} and told[1] == told[4], "one worker and four give the same numbers")
finish()
