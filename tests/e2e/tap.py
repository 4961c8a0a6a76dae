#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tailrace tap` and /_tap on the real program: what a tap shows is exact, in order and bounded; what
passes meanwhile is not touched by taps that come, go, sleep or are killed; who may look. quick: yes"""
import base64, http.client, re, urllib.parse
from support import *

COMES_AND_GOES = choose(100, 300, 2000)
CONNECTIONS = 4
CONFIG = """
input { tcp { id => "in" port => %(port)d host => "127.0.0.1" codec => json_lines } }
filter {
  mutate { id => "mark" add_field => { "marked" => "%%{n}" "[@metadata][kept]" => "aside" } remove_field => ["old"] }
  if [last] == 7 { drop { id => "seven" } }
}
output { file { id => "out" path => "%(out)s" codec => line { format => "%%{c} %%{n}" } } }
"""

class Watcher:
    """Reads a tap line by line; `notes` and `events` of what came so far."""
    def __init__(self, tailrace, **query):
        self.notes, self.events = [], []
        self.connection = http.client.HTTPConnection("127.0.0.1", tailrace.api, timeout=30)
        self.connection.request("GET", "/_tap?" + urllib.parse.urlencode(query))
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            self.until(lambda: self.notes)
        else:
            self.error = json.loads(self.answer.read())["error"]
    def line(self):
        text = self.answer.readline()
        if text:
            line = json.loads(text)
            (self.notes if "note" in line else self.events).append(line)
        return bool(text)
    def until(self, condition):
        while not condition() and self.line():
            pass
    def rest(self):
        self.until(lambda: False)
        return self
    def close(self):
        self.connection.close()
    @property
    def end(self):
        return self.notes[-1] if self.notes[-1]["note"] == "ended" else None

def numbers(count, connection=0, first=0):
    return b"".join(b'{"c":%d,"n":%d,"last":%d,"old":1}\n' % (connection, n, n % 8) for n in range(first, first + count))

def passing(count):
    """Of so many those that are not dropped."""
    return [n for n in range(count) if n % 8 != 7]

def taps_open(tailrace):
    return tailrace.metric("tailrace_taps_open")

def exact(tailrace, port):
    """One worker's connection: exactly these events, in their order."""
    watcher = Watcher(tailrace, limit=300, rate=0, at="out")
    ok(watcher.notes[0] == {"note": "started", "pipeline": "main", "plugin": None, "at": "out", "workers": 2, "rate": 0}, "the stream begins when every worker looks")
    send(port, numbers(400))
    watcher.rest()
    ok([e["event"]["n"] for e in watcher.events] == passing(400)[:300], "limit: exactly so many, in order, the dropped ones are not among them")
    ok(watcher.end["why"] == "limit" and watcher.end["shown"] == 300, "the last line says why it ended")
    ok(all(e["event"]["marked"] == str(e["event"]["n"]) and "old" not in e["event"] and "@metadata" not in e["event"] for e in watcher.events), "events are whole, behind all filters")
    ok({(e["pipeline"], e["plugin"], e["at"]) for e in watcher.events} == {("main", None, "out")} and all(re.fullmatch(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", e["time"]) for e in watcher.events), "each line says where and when")
    wait(lambda: taps_open(tailrace) == 0, 10, "the tap is gone")
    watcher = Watcher(tailrace, where="[n] >= 95 and [n] < 98", limit=3, at="in", rate=0, metadata="")
    send(port, numbers(200))
    watcher.rest()
    ok([e["event"]["n"] for e in watcher.events] == [95, 96, 97] and "@metadata" in watcher.events[0]["event"] and "old" in watcher.events[0]["event"], "where and metadata, before all filters")
    watcher = Watcher(tailrace, sample=10, limit=20, rate=0, plugin="in")
    send(port, numbers(200))
    ok([e["event"]["n"] for e in watcher.rest().events] == list(range(0, 200, 10)), "sample: every tenth; the pipeline's only input can be named")
    watcher = Watcher(tailrace, plugin="out", seconds=1, rate=5, metadata="true")
    send(port, numbers(1000))
    watcher.rest()
    shown, lost = watcher.end["shown"], watcher.end["not_shown"]
    ok(watcher.end["why"] == "seconds" and 5 <= shown <= 10 and watcher.end["passed"] == shown + sum(lost.values()) and lost["rate"] > 0, f"rate and seconds: {shown} shown, the others are counted")
    ok(watcher.events[0]["event"]["@metadata"]["kept"] == "aside", "an output's events with their metadata")

def pairs(tailrace, port):
    watcher = Watcher(tailrace, plugin="mark", limit=3, rate=0)
    send(port, numbers(5))
    lines = watcher.rest().events
    ok([(l["at"], l["event"]["n"]) for l in lines] == [(at, n) for n in range(3) for at in ("in", "out")], "a filter: before and behind, event by event")
    ok(len({l["id"] for l in lines}) == 3 and "marked" not in lines[0]["event"] and lines[1]["event"]["marked"] == "0", "the two lines of an event share its id")
    watcher = Watcher(tailrace, plugin="seven", limit=1, rate=0)
    send(port, numbers(8))
    lines = watcher.rest().events
    ok([l["event"] and l["event"]["n"] for l in lines] == [7, None], "an event that a filter drops is null behind it")
    watcher = Watcher(tailrace, at="both", where='[marked] == "3"', limit=1, rate=0)
    send(port, numbers(8))
    lines = watcher.rest().events
    ok([(l["at"], l["event"]["n"], "marked" in l["event"]) for l in lines] == [("in", 3, False), ("out", 3, True)], "a pipeline as a whole; where may hold behind it only")

def come_and_go(tailrace, port, path):
    """Nothing is lost or doubled while taps come and go."""
    before = count_lines(path)
    stopped, sent = threading.Event(), [0] * CONNECTIONS
    def load(c):
        with socket.create_connection(("127.0.0.1", port)) as s:
            while not stopped.is_set():
                s.sendall(numbers(50, c, sent[c]))
                sent[c] += 50
                stopped.wait(0.005)
    senders = [threading.Thread(target=load, args=(c,), daemon=True) for c in range(CONNECTIONS)]
    for sender in senders:
        sender.start()
    kinds = ({"rate": 0, "at": "both"}, {"plugin": "mark"}, {"where": "[n] > 10", "at": "in"}, {"plugin": "out", "rate": 0}, {"plugin": "seven"})
    shown = 0
    for i in range(COMES_AND_GOES):
        watcher = Watcher(tailrace, limit=1 + i % 7, **kinds[i % len(kinds)])
        if i % 3:
            watcher.until(lambda: watcher.events)
        if i % 2:
            watcher.close()  # in the middle
        else:
            shown += len(watcher.rest().events)
            watcher.close()
    stopped.set()
    for sender in senders:
        sender.join(60)
    total = sum(len(passing(n)) for n in sent)
    wait(lambda: tailrace.books()["in_flight"] == 0 and count_lines(path) >= before + total, 60, f"all {total} lines")
    lines = lines_of(path)[before:]
    ok(sorted(lines) == sorted(b"%d %d" % (c, n) for c in range(CONNECTIONS) for n in passing(sent[c])), f"{COMES_AND_GOES} taps came and went: each of {total} lines once")
    last, in_order = {}, True
    for line in lines:
        c, n = map(int, line.split())
        in_order &= last.get(c, -1) < n
        last[c] = n
    ok(in_order and shown > 0, "in the order of each connection")
    ok(tailrace.books_balance() and tailrace.metric("component_dropped_events_total") == 0, "the books balance")
    wait(lambda: taps_open(tailrace) == 0, 10, "no tap is left")
    ok(tailrace.metric("tailrace_taps_opened_total") >= COMES_AND_GOES and tailrace.metric("tailrace_tap_events_total") >= shown, "the metrics have counted")

def refusals(tailrace):
    def refused(status, what, **query):
        watcher = Watcher(tailrace, **query)
        good = watcher.status == status
        ok(good, what) or print(watcher.status, getattr(watcher, "error", None))
        return getattr(watcher, "error", {})
    error = refused(404, "an unknown pipeline", pipeline="mian")
    ok(error["hint"] == "did you mean `main`?" and error["ids"] == ["main"], "with a near name and a list")
    error = refused(404, "an unknown plugin", plugin="sevn")
    ok(error["hint"] == "did you mean `seven`?" and error["ids"] == ["in", "mark", "seven", "out"], "with a near name and a list")
    error = refused(400, "a wrong condition", where="[n] = 3")
    ok("where:1:5" in error["text"] and error["hint"] == "write ==", "with its place and the remedy")
    ok("did you mean `limit`" in refused(400, "an unknown parameter", limt=3)["text"], "with a near name")
    refused(400, "no number", limit="many")
    refused(400, "too long", seconds=24 * 3600 + 1)
    refused(400, "behind an output is nothing", plugin="out", at="out")
    refused(400, "before an input is nothing", plugin="in", at="both")
    ok(refused(400, "a condition that is too long", where="[n] == 1 or " * 400 + "[n] == 2")["message"] == "the condition has more than 4096 bytes", "with the limit")
    refused(400, "too many parameters", **{f"p{i}": 1 for i in range(40)})
    refused(400, "bytes that are no text", where=b"\xff")
    refused(400, "a byte 0", where="[a] == '\0'")
    taps = [Watcher(tailrace, seconds=60) for _ in range(8)]
    ok(all(t.status == 200 for t in taps), "eight taps at once")
    refused(429, "and no ninth")
    for tap in taps:
        tap.close()
    wait(lambda: taps_open(tailrace) == 0, 10, "they end with their watchers")
    request = urllib.request.Request(f"http://127.0.0.1:{tailrace.api}/_tap", headers={"Host": "evil.example"})
    try:
        status = urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as answer:
        status = answer.code
    ok(status == 403, "a browser's page of another name reads nothing")

def command(*arguments, **more):
    done = subprocess.run([PROGRAM, "tap", *arguments], capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr

def commands(folder, tailrace, port):
    url = ["--url", f"http://127.0.0.1:{tailrace.api}"]
    def tap(*arguments):
        """The command with events that come once it looks."""
        process = subprocess.Popen([PROGRAM, "tap", *arguments, *url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = process.stderr.readline()
        send(port, numbers(20))
        out, err = process.communicate(timeout=30)
        return process.returncode, out, first + err
    code, out, err = tap("main", "--limit", "2", "--where", "[n] > 3")
    lines = [json.loads(line) for line in out.splitlines()]
    ok(code == 0 and [l["event"]["n"] for l in lines] == [4, 5], "the command: JSON lines where standard output is no terminal")
    ok("tailrace: behind main, 2 workers" in err and "tailrace: ended: limit; " in err, "what is said goes to standard error")
    code, out, err = tap("main/mark", "--limit", "1", "--format", "pretty")
    ok(code == 0 and re.search(r"^main/mark changed  \S+Z  worker \d$", out, re.M) and re.search(r'^  \+ marked +"0"$', out, re.M)
       and re.search(r'^  - old +1$', out, re.M) and re.search(r"^    n +0$", out, re.M), "pretty: what the filter changed") or print(out)
    code, out, err = tap("/seven", "--limit", "1", "--format", "pretty")
    ok(code == 0 and out.startswith("main/seven dropped  "), "pretty: what it dropped")
    code, out, err = command("mian", *url)
    ok(code == 2 and "there is no pipeline `mian`; did you mean `main`?" in err and "there are: main" in err, "2: an unknown pipeline")
    code, out, err = command("main/outt", *url)
    ok(code == 2 and "did you mean `out`?" in err and "there are: in, mark, seven, out" in err, "2: an unknown plugin")
    code, out, err = command("--where", "[n] = 1", *url)
    ok(code == 2 and "where:1:5" in err and "write ==" in err, "2: a wrong condition, with its place")
    code, out, err = command("--limit", "x", *url)
    ok(code == 2 and "`limit` takes a whole number" in err, "2: a wrong flag")
    ok(command("main", "other", *url)[0] == 2 and command("--url", "https://x")[0] == 2 and command("--rate", "-1", *url)[0] == 2, "2: two places; no http; a negative rate")
    code, out, err = command("--url", f"http://127.0.0.1:{free_port()}")
    ok(code == 1 and "Connection refused" in err, "1: nobody is there")
    process = subprocess.Popen([PROGRAM, "tap", "--rate", "0", *url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stderr.readline()
    ok(taps_open(tailrace) == 1, "a tap is open")
    process.kill()
    process.communicate()
    wait(lambda: taps_open(tailrace) == 0, 10, "a killed watcher's tap ends though nothing passes")
    print("ok a killed watcher's tap ends, though nothing passes")

def slow(folder):
    """Who does not read slows nobody, and is told what was left out when he does."""
    with Tailrace(folder, 'input { generator { lines => ["%s"] } } output { null { } }' % ("x" * 200), name="slow") as tailrace:
        with socket.create_connection(("127.0.0.1", tailrace.api)) as s:
            s.sendall(b"GET /_tap?rate=0 HTTP/1.0\r\n\r\n")
            delivered = lambda: tailrace.metric("tailrace_events_total", state="delivered")
            wait(lambda: taps_open(tailrace) == 1, 10, "the tap")
            seen = wait(lambda: tailrace.metric("tailrace_tap_events_total") > 3000 and tailrace.metric("tailrace_tap_events_total"), 30, "a full ring")
            begun = delivered()
            wait(lambda: delivered() > begun + 100000, 60, "the pipeline goes on")
            ok(tailrace.metric("tailrace_paused_seconds_total") == 0, "a watcher who does not read: nothing waits for him")
            process = subprocess.Popen([PROGRAM, "tap", "--limit", "3", "--url", f"http://127.0.0.1:{tailrace.api}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            ok(process.communicate(timeout=30)[0].count(b"\n") == 3, "nor does another watcher")
            held = tailrace.metric("tailrace_tap_events_total")
            ok(tailrace.stop(20) == 0, "the program stops with a tap open")
            s.settimeout(20)
            data = b"".join(iter(lambda: s.recv(1 << 20), b""))
        lines = data.split(b"\r\n\r\n", 1)[1].splitlines()
        events = [json.loads(line) for line in lines if line.endswith(b"}}")]
        sequence = [e["event"]["event"]["sequence"] for e in events if "event" in e]
        ok(len(sequence) > 1000 and sequence == sorted(sequence), f"what he reads at last is whole lines in order ({len(sequence)} of {int(held)} shown)")
        ok("AddressSanitizer" not in tailrace.log(), "no sanitizer complains")

def drops(folder):
    """The same, but he reads again: the counts agree with what came."""
    with Tailrace(folder, 'input { generator { lines => ["%s"] } } output { null { } }' % ("y" * 300), name="drops") as tailrace:
        watcher = Watcher(tailrace, rate=0, seconds=3)
        passed = lambda: tailrace.metric("tailrace_events_total", state="delivered")
        begun = passed()
        wait(lambda: passed() > begun + 200000, 60, "events while nobody reads")
        watcher.rest()
        end = watcher.end
        underway = end["passed"] - end["shown"] - sum(end["not_shown"].values()) # in the batch that its worker looks at
        ok((end["not_shown"]["slow_watcher"] > 0 or "tsan" in PROGRAM) and 0 <= underway <= 125, f"all that passed is shown or counted: {end}")
        ok(len(watcher.events) == end["shown"], "all that is said to be shown has come")
        ok(tailrace.stop() == 0, "ends with 0")

def parked(folder):
    """Taps come and go while a batch is parked at an output: it goes on where it was."""
    with socket.socket() as sink:
        sink.bind(("127.0.0.1", 0))
        sink.listen()
        sink.settimeout(30)
        port, out = free_port(), folder.file("parked.txt")
        config = """input { tcp { id => "in" port => %d host => "127.0.0.1" codec => line } }
            filter { mutate { id => "m" add_tag => ["t"] } }
            output { null { } file { path => "%s" codec => line { format => "%%{message}" } }
                     if "t" in [tags] { tcp { id => "sink" host => "127.0.0.1" port => %d codec => line { format => "%%{message}" } } } null { } }""" % (port, out, sink.getsockname()[1])
        with Tailrace(folder, config, name="parked") as tailrace:
            text = b"".join(b"%06d %s\n" % (n, b"z" * 1000) for n in range(16000))
            sender = threading.Thread(target=send, args=(port, text), daemon=True)
            sender.start()
            peer, _ = sink.accept()
            wait(lambda: tailrace.metric("tailrace_paused") == 1, 60, "the output is full")
            for at in ("in", "both", "out"):
                watcher = Watcher(tailrace, rate=0, at=at)
                ok(watcher.status == 200 and watcher.notes[0]["note"] == "started", f"a tap opens while a batch is parked ({at})")
                if at != "out":
                    watcher.close()
                    wait(lambda: taps_open(tailrace) == 0, 10, "closed")
            received = b""
            peer.settimeout(30)
            while len(received) < len(text):
                received += peer.recv(1 << 20)
                if watcher.answer and len(received) > len(text) // 2:
                    watcher.close()
                    watcher.answer = None
            ok(received == text, "each line once and in order at the output that was full")
            sender.join(10)
            wait(lambda: tailrace.books()["in_flight"] == 0, 30, "settled")
            ok(b"".join(l + b"\n" for l in lines_of(out)) == text, "and at the one before it")
            ok(tailrace.books_balance() and tailrace.stop() == 0, "the books balance")

def secrets(folder):
    """Who may look."""
    generator = 'input { generator { } } output { null { } }'
    basic = ["-S", "api.auth.type=basic", "-S", "api.auth.basic.username=ops", "-S", "api.auth.basic.password=s3cret"]
    with Tailrace(folder, generator, basic, name="locked", wait_ready=False) as tailrace:
        wait(lambda: can_connect(tailrace.api), 20, "the API")
        url = ["--url", f"http://127.0.0.1:{tailrace.api}", "--limit", "1"]
        code, out, err = command("main", *url)
        ok(code == 1 and "user and password needed: --user NAME" in err, "no tap without the password")
        ok(command("main", *url, "--user", "ops:wrong")[0] == 1, "nor with a wrong one")
        code, out, err = command("main", *url, "--user", "ops:s3cret")
        ok(code == 0 and out.count("\n") == 1, "with --user NAME:PASSWORD")
        ok(command("main", *url, "--user", "ops", input="s3cret\n")[0] == 0, "with --user NAME and the password on standard input")
        ok(command("main", "--limit", "1", "--api.http.port", str(tailrace.api), *basic)[0] == 0, "with the settings' user")
        request = urllib.request.Request(f"http://127.0.0.1:{tailrace.api}/_tap?limit=1", headers={
            "Host": "proxy.example", "Authorization": "Basic " + base64.b64encode(b"ops:s3cret").decode()})
        ok(urllib.request.urlopen(request, timeout=20).status == 200, "with a password the Host may be any")
        tailrace.stop()
    for value, host, status in (("false", "127.0.0.1", 403), ("auto", "0.0.0.0", 403), ("true", "0.0.0.0", 200)):
        more = ["-S", f"api.tap.enabled={value}", "-S", f"api.http.host={host}"] + (basic if host == "0.0.0.0" else [])
        with Tailrace(folder, generator, more, name=f"may-{value}", wait_ready=False) as tailrace:
            wait(lambda: can_connect(tailrace.api), 20, "the API")
            code, out, err = command("main", "--url", f"http://127.0.0.1:{tailrace.api}", "--limit", "1", "--user", "ops:s3cret")
            ok((code == 0) == (status == 200) and (status == 200 or "api.tap.enabled: true" in err), f"api.tap.enabled: {value} at {host}")
            tailrace.stop()

def several(folder):
    """Pipelines, and one that has ended."""
    folder.write("settings/pipelines.yml", """
- pipeline.id: short
  config.string: 'input { generator { count => 1 } } output { null { } }'
- pipeline.id: long
  pipeline.workers: 2
  config.string: 'input { generator { id => "a" } tcp { id => "b" port => %d host => "127.0.0.1" } } output { null { } }'
""" % free_port())
    with Tailrace(folder, name="several", wait_ready=False) as tailrace:
        wait(lambda: can_connect(tailrace.api) and "has ended" in tailrace.log(), 20, "one has ended")
        error = Watcher(tailrace).error
        ok(error["message"] == "which pipeline? there are several" and error["ids"] == ["short", "long"], "which of several must be said")
        ok(Watcher(tailrace, pipeline="short").status == 409, "one that has ended shows nothing")
        ok(Watcher(tailrace, pipeline="long", plugin="a").status == 400, "several inputs cannot be told apart")
        watcher = Watcher(tailrace, pipeline="long", limit=5)
        ok(len(watcher.rest().events) == 5 and watcher.end["why"] == "limit", "another is looked at")
        stays = Watcher(tailrace, pipeline="long", seconds=60)
        ok(tailrace.stop(20) == 0 and stays.rest().end["why"] in ("pipeline_ended", "stopped"), "a stop ends the tap, and says so")
    os.unlink(folder.file("settings/pipelines.yml"))

with Folder() as folder:
    port, path = free_port(), folder.file("out.txt")
    with Tailrace(folder, CONFIG % {"port": port, "out": path}, ["-w", "2"]) as tailrace:
        exact(tailrace, port)
        pairs(tailrace, port)
        refusals(tailrace)
        commands(folder, tailrace, port)
        wait(lambda: tailrace.books()["in_flight"] == 0, 30, "quiet")
        come_and_go(tailrace, port, path)
        ok("tap.opened" in tailrace.log() and "tap.closed" in tailrace.log(), "the log says who looked")
        ok(tailrace.stop() == 0, "ends with 0")
        ok("Sanitizer" not in tailrace.log(), "no sanitizer complains")
    parked(folder)
    slow(folder)
    drops(folder)
    secrets(folder)
    several(folder)
finish()
