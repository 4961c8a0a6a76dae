#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an output that is down (when_full => spill) costs the other one. Windows with the sink there and away in turn, as
fast as the source and the healthy output can, first with nothing between input and outputs, then with grok and date as on
access logs; then one long outage of TAILRACE_DOWN_SECONDS (600 in `./test long`) at a pace that leaves the cores room.
In `./test long`, on a quiet machine, the healthy output loses less than 5% of its events a second at that pace. Printed
beside: events a second when saturated, where worker and disk thread take each other's memory and cores, and events for each
CPU second of the worker and of the program. At the end the sink gets everything, in order. TAILRACE_WINDOWS pairs of
TAILRACE_WINDOW seconds, TAILRACE_PACE events a second. long: only"""
import multiprocessing, random, statistics
from support_speed import *

DOWN = float(os.environ.get("TAILRACE_DOWN_SECONDS", choose(5, 5, 600)))
WINDOWS = int(os.environ.get("TAILRACE_WINDOWS", choose(2, 2, 12)))
WINDOW = float(os.environ.get("TAILRACE_WINDOW", choose(1, 1, 5)))
PACE = int(os.environ.get("TAILRACE_PACE", 20000))
STEP, LENGTH = 500, 300  # events of one write of the source; bytes of one
LOSS_MAX = 0.05
LINES = 5000  # different ones, in turn: the log compresses, and more than its window holds

def access_lines():
    """Such as servers write: many hosts, paths and programs, of one length."""
    rng = random.Random(1)
    agents = [f"Mozilla/5.0 ({system}; rv:{n}.0) Gecko/20100101 Firefox/{n}.0" for n in range(100, 145)
              for system in ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15")]
    for _ in range(LINES):
        path = "/".join(rng.choice(("images", "api", "v2", "blog", "static", f"{rng.randrange(1 << 32):08x}"))
                        for _ in range(rng.randrange(1, 5)))
        yield (f'{rng.randrange(1, 224)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)} - - '
               f'[17/May/2015:{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02} +0000] '
               f'"{rng.choice(("GET", "GET", "GET", "POST", "HEAD"))} /{path} HTTP/1.1" {rng.choice((200, 200, 200, 304, 404, 500))} '
               f'{rng.randrange(200000)} "-" "{rng.choice(agents)}"').ljust(LENGTH - 14)[:LENGTH - 14]

PARSED = """grok { match => { "message" => "^%{INT:[number]} %{COMBINEDAPACHELOG}" } }
            date { match => [ "timestamp", "dd/MMM/yyyy:HH:mm:ss Z" ] }"""

def send_lines(port, pipe):
    """A number is a pace to go on at, 0 as fast as they are taken; None stops, and is answered with the count."""
    texts, count = [b" " + line.encode() + b"\n" for line in access_lines()], 0
    with socket.create_connection(("127.0.0.1", port)) as s:
        while True:
            pace = pipe.recv()
            if pace is None:
                pipe.send(count)
                continue
            due = Pace(STEP / pace) if pace else None
            while not pipe.poll():
                if due:
                    due.turn()
                s.sendall(b"".join(b"%012d" % i + texts[i % LINES] for i in range(count, count + STEP)))
                count += STEP

class Source:
    """Numbered lines over one connection, from a process of its own: it takes no time of those who read."""
    def __init__(self, port):
        self.pipe, theirs = multiprocessing.Pipe()
        self.count = 0
        multiprocessing.Process(target=send_lines, args=(port, theirs), daemon=True).start()
    def go(self, pace=0):
        self.pipe.send(pace)
    def stop(self):
        self.pipe.send(None)
        self.count = self.pipe.recv()

class Sink:
    """Reads all that comes and looks at the order of its numbers; can go away and come back."""
    def __init__(self):
        self.port, self.listener, self.peers, self.count, self.next, self.gaps = free_port(), None, [], 0, 0, 0
    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self
    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            peer.shutdown(socket.SHUT_RDWR)
        self.peers = []
    def accept(self, listener):
        while True:
            try:
                self.peers.append(listener.accept()[0])
            except OSError:
                return
            threading.Thread(target=self.read, args=(self.peers[-1],), daemon=True).start()
    def read(self, peer):
        """Every event has LENGTH bytes, so the first number of what came tells all of them, when their last fits."""
        data = bytearray()
        with peer:
            while chunk := self.more(peer):
                data += chunk
                whole = len(data) // LENGTH
                if whole:
                    first, last = int(data[:12]), int(data[(whole - 1) * LENGTH:][:12])
                    self.gaps += first > self.next or last - first != whole - 1
                    self.next = max(self.next, last + 1)
                    self.count += whole
                    del data[:whole * LENGTH]
    def more(self, peer):
        try:
            return peer.recv(1 << 20)
        except OSError:
            return b""

def config(port, healthy, sink, filters):
    line = 'codec => line { format => "%{message}" }'
    return f"""input {{ tcp {{ port => {port} host => "127.0.0.1" }} }} filter {{ {filters} }} output {{
        tcp {{ id => "healthy" host => "127.0.0.1" port => {healthy.port} {line} }}
        tcp {{ id => "sink" host => "127.0.0.1" port => {sink.port} reconnect_interval => 1 {line}
              when_full => spill spill_max_bytes => "64gb" }} }}"""

class Meter:
    def __init__(self, tailrace):
        self.tailrace = tailrace
    def look(self):
        return (self.tailrace.metric("component_sent_events_total", component_id="healthy"), time.monotonic(),
                self.tailrace.cpu_seconds(), thread_times(self.tailrace, "main/0")[0] / 1e9)
    def window(self, seconds):
        """(events a CPU second of the program, of its worker, a second of wall time), the first two against the machine."""
        first, machine = self.look(), machine_speed()
        wait(lambda: time.monotonic() >= first[1] + seconds, seconds + 10, "the measurement")
        events, wall, cpu, worker = (b - a for a, b in zip(first, self.look()))
        machine = (machine + machine_speed()) / 2e9
        return events / cpu / machine, events / worker / machine, events / wall

def waiting(tailrace):
    return tailrace.metric("component_waiting_events", component_id="sink")

def back(tailrace, source, sink):
    """The source stops, the sink comes back and gets all."""
    source.stop()
    sink.open()
    wait(lambda: sink.next == source.count and waiting(tailrace) == 0, 600, f"the sink has all {source.count}, has {sink.next}")

def away(tailrace, source, sink, pace=0):
    wait(lambda: sink.next == source.count, 60, "the sink has all before it goes: what TCP holds for it would be lost")
    sink.close()
    source.go(pace)
    wait(lambda: tailrace.metric("component_spill_bytes", component_id="sink") > 1 << 20, 60, "events are on disk")

def say(what, up, down, asserted):
    names = ("a CPU second of the program", "a CPU second of its worker", "a second")
    for i, name in enumerate(names):
        before, now = (statistics.median(window[i] for window in windows) for windows in (up, down))
        text = f"{what}: events {name}: {now / before:.1%} of what it is with the sink there"
        print("   " + text + f" ({before:,.0f} and {now:,.0f})")
        if name in asserted and MODE == "long":
            ok(now >= before * (1 - LOSS_MAX), text)

def in_turn(tailrace, meter, source, sink):
    """Both states in turn, as fast as it goes."""
    up, down = [], []
    for _ in range(WINDOWS):
        source.go()
        up.append(meter.window(WINDOW))
        source.stop()
        away(tailrace, source, sink)
        down.append(meter.window(WINDOW))
        back(tailrace, source, sink)
    return up, down

def outage(tailrace, meter, source, sink):
    """One long outage between two times with the sink, all at the same pace."""
    source.go(PACE)
    up = [meter.window(WINDOW) for _ in range(WINDOWS)]
    source.stop()
    away(tailrace, source, sink, PACE)
    begun, down = time.monotonic(), []
    while time.monotonic() < begun + DOWN:
        down.append(meter.window(WINDOW))
    print(f"   down for {time.monotonic() - begun:.0f} s: {waiting(tailrace):,.0f} events wait, "
          f"{tailrace.metric('component_spill_bytes', component_id='sink') / 1e6:,.0f} MB on disk, {tailrace.resident_kb()} KiB resident")
    back(tailrace, source, sink)
    source.go(PACE)
    up += [meter.window(WINDOW) for _ in range(WINDOWS)]
    source.stop()
    return up, down

def compare(folder, name, filters, long_outage):
    port, healthy, sink = free_port(), Sink().open(), Sink().open()
    with Tailrace(folder, config(port, healthy, sink, filters), ["-w", "1"], name=name) as tailrace:
        source, meter = Source(port), Meter(tailrace)
        source.go()
        meter.window(1)
        source.stop()
        say(f"{name}, saturated", *in_turn(tailrace, meter, source, sink), ())
        if long_outage:
            say(f"{name}, {PACE} events a second", *outage(tailrace, meter, source, sink), ("a second",))
        wait(lambda: sink.next == healthy.next == source.count, 60, "both have all")
        for output, at in (("healthy", healthy), ("sink", sink)):
            ok(at.gaps == 0, f"{name}: {output}: {source.count} events, all there, in order, {at.count - source.count} twice")
        ok(healthy.count == source.count, "nothing comes twice where nothing failed")
        plugins = tailrace.json("/_node/stats/pipelines/main")["pipelines"]["main"]["plugins"]
        ok(all(row.get("failures", 0) == 0 for row in plugins["filters"]), "all is parsed")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "nothing in flight")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "stops")

with Folder() as folder:
    compare(folder, "bare", "", False)
    compare(folder, "parsed", PARSED, True)
finish()
