#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An output is down for minutes, and the program is killed at random moments meanwhile: the other output goes on to
the end at its speed, and when the sink is back it gets every promised event, in order, twice only those of the seconds
before a kill. Promised are those of files: positions move on only behind what is sent or on disk. long: only"""
import random
from support import *

SECONDS = float(os.environ.get("TAILRACE_DOWN_SECONDS", choose(20, 20, 600)))
KILLS = int(os.environ.get("TAILRACE_KILLS", choose(2, 2, 20)))
SEED = int(os.environ.get("TAILRACE_SEED", random.randrange(1 << 30)))
TEXT = "x" * 300
LINE = 'codec => line { format => "%{message}" }'

class Sink:
    def __init__(self):
        self.port, self.data = free_port(), []
    def open(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        while True:
            connection, _ = self.listener.accept()
            self.data.append(bytearray())
            while chunk := connection.recv(1 << 20):
                self.data[-1].extend(chunk)
    def count(self):
        return sum(data.count(b"\n") for data in self.data)

def cpu_per_event(down):
    """Seconds of CPU for each event of the other output, with the sink reading or away."""
    with Folder() as folder:
        sink, source, other = Sink(), folder.file("source"), folder.file("other")
        if not down:
            sink.open()
        with open(source, "w") as f:
            for i in range(200000):
                f.write(f"{i} {TEXT}\n")
        with Tailrace(folder, f"""input {{ file {{ path => "{source}" mode => read file_completed_action => log
                file_completed_log_path => "{folder.file('done')}" }} }}
            output {{ tcp {{ id => "sink" host => "127.0.0.1" port => {sink.port} {LINE} when_full => spill }}
                file {{ path => "{other}" {LINE} }} }}""") as tailrace:
            wait(lambda: count_lines(other) == 200000, 120, "the other output has all")
            return tailrace.cpu_seconds() / 200000

up, away = cpu_per_event(False), cpu_per_event(True)
print(f"CPU for an event of the other output: {up * 1e6:.2f} us with the sink, {away * 1e6:.2f} us without")

print(f"seed {SEED}, {SECONDS:.0f} s, {KILLS} kills")
draw = random.Random(SEED)
with Folder() as folder:
    sink, source, other = Sink(), folder.file("source"), folder.file("other")
    open(source, "w").close()
    tailrace = Tailrace(folder, f"""input {{ file {{ path => "{source}" start_position => beginning stat_interval => 0.1 sincedb_write_interval => 1 }} }}
        output {{ tcp {{ id => "sink" host => "127.0.0.1" port => {sink.port} reconnect_interval => 1 {LINE}
                when_full => spill spill_max_bytes => "8gb" }}
            file {{ path => "{other}" {LINE} }} }}""")
    with tailrace:
        written, begun, kills = 0, time.monotonic(), sorted(draw.uniform(0, SECONDS) for _ in range(KILLS))
        with open(source, "a") as f:
            pace = Pace(0.05)
            while time.monotonic() < begun + SECONDS:
                f.write("".join(f"{i} {TEXT}\n" for i in range(written, written + 500)))
                f.flush()
                written += 500
                if kills and time.monotonic() > begun + kills[0]:
                    kills.pop(0)
                    tailrace.kill()
                    tailrace.start()
                pace.turn()
        numbers = lambda lines: [int(line.split()[0]) for line in lines if line.endswith(" " + TEXT)]
        wait(lambda: lines_of(other) and lines_of(other)[-1].startswith(b"%d " % (written - 1)), 60, "the other output has all")
        ok(list(dict.fromkeys(numbers(line.decode() for line in lines_of(other)))) == list(range(written)), f"the other output: all {written}, in order")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all is on disk")
        sink.open()
        wait(lambda: tailrace.metric("component_waiting_events") == 0 and sink.count() >= written, 300, "the sink has all")
        wait(lambda: "spill.ended" in tailrace.log(), 20, "it is over")
        found = numbers(line for data in sink.data for line in data.decode().splitlines())
        firsts = list(dict.fromkeys(found))
        ok(len(found) - len(firsts) <= KILLS * 40000, "what comes twice is of the seconds before the kills")
        ok(firsts == list(range(written)), f"the sink: {len(firsts)} of {written}, in order, {len(found) - len(firsts)} twice")
        with open(source, "a") as f:
            f.write(f"{written} {TEXT}\n")
        wait(lambda: sink.data[-1].endswith(f"{written} {TEXT}\n".encode()), 20, "a fresh one passes")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
        ok(tailrace.books_balance(), "the books of the pipeline balance")
        row = {k: tailrace.metric(f"component_{k}_events_total", component_id="sink") for k in ("offered", "sent", "dropped")}
        ok(row["offered"] == row["sent"] and row["dropped"] == 0, f"and those of the output: {row}")
        ok(tailrace.stop() == 0, "a clean end")
finish()
