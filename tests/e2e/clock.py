#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps by an hour and by ten years, both ways, under load; the process is stopped (SIGSTOP) and goes on;
others take the cores. No stall, no storm, no negative time, no connection given up, dates as they were written.
long: only"""
from support import *

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
JUMPS = ["+3600", "-3600", "+315360000", "-315360000", "+0"]
STOPPED = int(os.environ.get("TAILRACE_STOPPED", choose(3, 5, 60)))  # seconds

CONFIG = """
    input { tcp { port => %(port)d host => "127.0.0.1" codec => line idle_timeout => 600 } }
    filter { grok { match => { "message" => "^%%{INT:n} %%{TIMESTAMP_ISO8601:t}$" } }
             throttle { key => "all" after_count => 1000000 period => 60 max_age => 120 add_tag => "throttled" }
             date { match => ["t", "ISO8601"] target => "when" } }
    output { file { path => "%(out)s" flush_interval => 0 codec => line { format => "%%{n} %%{when} %%{@timestamp}" } } }"""

def line(n):
    return b"%d 2024-02-05T10:20:%02d.000Z\n" % (n, n % 60)

class Load(threading.Thread):
    """So many lines a second over one connection."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.sent, self.ended, self.broke = 0, threading.Event(), None
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.start()
    def run(self):
        while not self.ended.wait(0.01):
            try:
                self.connection.sendall(b"".join(line(self.sent + i) for i in range(20)))
            except OSError as error:
                self.broke = error
                return
            self.sent += 20
    def stop(self):
        self.ended.set()
        self.join(20)
        self.connection.close()

def passes(tailrace, out, what):
    """Lines go through within a second or two, at little cost."""
    before, cpu, begun = count_lines(out), tailrace.cpu_seconds(), time.monotonic()
    wait(lambda: time.monotonic() > begun + 1, 5, "a second")
    wait(lambda: count_lines(out) >= before + 500, 5, f"{what}: lines pass")
    used = tailrace.cpu_seconds() - cpu
    ok(used < 0.9 * (time.monotonic() - begun), f"{what}: lines pass, {used:.2f} s of CPU in {time.monotonic() - begun:.1f} s")

def audit(tailrace, load, out, what):
    load.stop()
    ok(load.broke is None, f"{what}: the connection holds")
    wait(lambda: count_lines(out) == load.sent, 30, f"{what}: all lines")
    got = [l.split() for l in lines_of(out)]
    ok([int(n) for n, _, _ in got] == list(range(load.sent)), f"{what}: {load.sent} lines, each once, in order")
    ok(all(when == b"2024-02-05T10:20:%02d.000Z" % (int(n) % 60) for n, when, _ in got), f"{what}: dates as they were written")
    wait(tailrace.books_balance, 10, "balanced books")
    negative = [name for (name, _), value in tailrace.metrics().items() if value < 0]
    ok(not negative, f"{what}: no metric is negative {negative}")
    ok(tailrace.stop() == 0, f"{what}: stops with 0")

def jumps():
    if not os.path.exists(LIBRARY):
        print("the clock: skipped, no libfaketime")
        return
    with Folder() as folder:
        port, out, clock = free_port(), folder.file("out.txt"), folder.write("clock", "+0\n")
        environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        with Tailrace(folder, CONFIG % dict(port=port, out=out), environment=environment) as tailrace:
            load = Load(port)
            passes(tailrace, out, "before")
            for jump in JUMPS:
                with open(clock + ".new", "w") as f:
                    f.write(jump + "\n")
                os.rename(clock + ".new", clock)
                passes(tailrace, out, f"a jump to {jump} s")
            audit(tailrace, load, out, "the clock")
            years = {int(l.split()[2][:4]) for l in lines_of(out)}
            ok(max(years) - min(years) >= 19, f"and it did jump: {sorted(years)}")

def stopped():
    with Folder() as folder:
        port, out = free_port(), folder.file("out.txt")
        with Tailrace(folder, CONFIG % dict(port=port, out=out)) as tailrace:
            load = Load(port)
            passes(tailrace, out, "before")
            tailrace.process.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            wait(lambda: time.monotonic() > begun + STOPPED, STOPPED + 5, "the time it is stopped")
            tailrace.process.send_signal(signal.SIGCONT)
            passes(tailrace, out, f"after {STOPPED} s of SIGSTOP")
            hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
            try:
                for _ in range(choose(1, 2, 10)):
                    passes(tailrace, out, f"{len(hogs)} others on {os.cpu_count()} cores")
            finally:
                for hog in hogs:
                    hog.kill()
                    hog.wait()
            audit(tailrace, load, out, "stopped")

jumps()
stopped()
finish()
