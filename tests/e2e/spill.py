#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An output that is down, under every policy (when_full): the other output goes on to the end, and when the sink is
back it gets everything, in order; through kill -9, a stop, a full disk. Every record carries its number and a
checksum; each part ends with the books. waits: yes"""
import base64, hashlib, zlib
from support import *

RECORDS = choose(60000, 80000, 400000)  # with their text more than lane, sockets and the memory in front hold
SMALL = choose(2000, 5000, 20000)

def record(i):
    text = f"{i} {base64.b64encode(hashlib.shake_128(b'%d' % i).digest(225)).decode()}"  # what compression leaves
    return f"{i} {zlib.crc32(text.encode()):08x} {text}"

def load(port, first, count):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for start in range(first, first + count, 1000):
            s.sendall("".join(record(i) + "\n" for i in range(start, min(start + 1000, first + count))).encode())

def numbers(lines):
    """Of whole, unaltered records; None for others."""
    for line in lines:
        number, _, rest = line.partition(" ")
        yield int(number) if number.isdigit() and line == record(int(number)) else None

class Sink:
    """A server that can stop reading, and be away: refused, and back at the same port."""
    def __init__(self, reads=True):
        self.port, self.data, self.may_read, self.listener = free_port(), [], threading.Event(), None
        if reads:
            self.may_read.set()
    def open(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()
        return self
    def run(self):
        while True:
            connection, _ = self.listener.accept()
            self.data.append(bytearray())
            threading.Thread(target=self.read, args=(connection, self.data[-1]), daemon=True).start()
    def read(self, connection, data):
        while True:
            self.may_read.wait()
            try:
                chunk = connection.recv(1 << 20)
            except OSError:
                return
            if not chunk:
                return
            data.extend(chunk)
    def count(self):
        return sum(data.count(b"\n") for data in self.data)
    def lines(self):
        """Whole ones, of all connections in their order."""
        return [line for data in self.data for line in data[:data.rfind(b"\n") + 1].decode().splitlines()]

LINE = 'codec => line { format => "%{message}" }'

def config(port, sink, options, other=""):
    return f"""input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ id => "sink" host => "127.0.0.1" port => {sink.port} reconnect_interval => 1 {LINE} {options} }} {other} }}"""

def output_books(tailrace, name):
    row = {k: tailrace.metric(f"component_{k}_events_total", component_id=name)
           for k in ("offered", "sent", "dead_lettered", "dropped", "full_dropped", "spilled", "drained", "diverted")}
    row["waiting"] = tailrace.metric("component_waiting_events", component_id=name)
    return row

def ends_well(tailrace, what):
    books = tailrace.books()
    ok(tailrace.books_balance() and books["in_flight"] == 0, f"{what}: the books of the pipeline balance")
    row = output_books(tailrace, "sink")
    ok(row["offered"] == row["sent"] + row["dropped"] and row["waiting"] == 0, f"{what}: and those of the output: {row}")

def all_there(found, count, what):
    found = list(found)
    ok(None not in found, f"{what}: every record unaltered")
    firsts = list(dict.fromkeys(found))
    ok(firsts == list(range(count)), f"{what}: {len(set(found))} of {count}, in order, {len(found) - len(firsts)} twice")

# ---- stuck, killed, back ----

with Folder() as folder:
    sink, port, other = Sink(reads=False).open(), free_port(), folder.file("other")
    text = config(port, sink, "when_full => spill", f'file {{ path => "{other}" {LINE} }}')
    tailrace = Tailrace(folder, text)
    with tailrace:
        load(port, 0, RECORDS)
        wait(lambda: count_lines(other) == RECORDS, 60, "the other output has all")
        all_there(numbers(open(other).read().splitlines()), RECORDS, "the other output")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "everything is on disk or sent")
        row = output_books(tailrace, "sink")
        ok(row["spilled"] > RECORDS / 2 and row["sent"] < RECORDS / 2, f"what the sink does not take is on disk: {row}")
        ok(tailrace.metric("component_waiting_seconds", component_id="sink") > 0, "and its age is told")
        ok("spill.begun" in tailrace.log(), "the log says so")
        kept = tailrace.metric("tailrace_memory_bytes")
        ok(kept < 24 << 20, f"memory stays: {kept / 1e6:.0f} MB of events")
        tailrace.kill()
        sink.may_read.set()
        tailrace.start()
        wait(lambda: "spill.found" in tailrace.log(), 10, "killed and started: it says what lies on disk")
        wait(lambda: sink.count() >= RECORDS and tailrace.metric("component_waiting_events") == 0, 60, "the sink has all")
        load(port, RECORDS, 10)
        wait(lambda: tailrace.books()["in_flight"] == 0 and count_lines(other) == RECORDS + 10, 20, "fresh ones pass")
        wait(lambda: f"\n{record(RECORDS + 9)}\n".encode() in sink.data[-1], 20, "and arrive")
        all_there(numbers(sink.lines()), RECORDS + 10, "the sink, after kill -9")
        wait(lambda: "spill.ended" in tailrace.log(), 10, "the log says that it is over")
        ends_well(tailrace, "after kill -9")
        ok(tailrace.stop() == 0, "a clean end")

# ---- refused, stopped, back ----

with Folder() as folder:
    sink, port = Sink(), free_port()
    tailrace = Tailrace(folder, config(port, sink, "when_full => spill"))
    with tailrace:
        load(port, 0, SMALL)
        wait(lambda: tailrace.books()["received"] == SMALL and tailrace.books()["in_flight"] == 0, 20, "all on disk")
        begun = time.monotonic()
        code = tailrace.stop()
        ok(code == 0 and time.monotonic() - begun < 10, f"a stop does not wait for it: code {code}")
        ok(f"{SMALL} events were not sent and lie in" in tailrace.log(), "and says what is left and where")
        lies = subprocess.run([PROGRAM, "queue", "dump", folder.file("tailrace.data", "spill", "main", "0", "sink")],
                              capture_output=True, text=True)
        rows = [json.loads(line.split("\t", 1)[1]) for line in lies.stdout.splitlines()]
        ok(lies.returncode == 0 and [int(r["message"].split()[0]) for r in rows] == list(range(SMALL)), "queue dump shows the events")
        rewrite = lambda text: open(folder.file("tailrace.conf"), "w").write(text)
        rewrite(f'input {{ tcp {{ port => {port} }} }} output {{ null {{ }} }}')
        tailrace.start()
        wait(lambda: f"{SMALL} events lie in" in tailrace.log() and "spill.leftover" in tailrace.log(), 10, "an output is gone, not its log")
        tailrace.stop()
        sink.open()
        rewrite(config(port, sink, "")) # whatever the option says now
        tailrace.start()
        wait(lambda: sink.count() >= SMALL, 30, "the sink has all")
        all_there(numbers(sink.lines()), SMALL, "after a stop")
        load(port, SMALL, 5)
        wait(lambda: sink.count() == SMALL + 5, 20, "fresh ones pass")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
        ends_well(tailrace, "after a stop")
        ok(tailrace.stop() == 0, "a clean end")

# ---- workers that are gone ----

with Folder() as folder:
    sink, port = Sink(), free_port()
    tailrace = Tailrace(folder, config(port, sink, "when_full => spill"), ["-w", "3"])
    with tailrace:
        for i in range(12):  # connections are dealt out to the workers
            load(port, i * 10, 10)
        wait(lambda: tailrace.books()["received"] == 120 and tailrace.books()["in_flight"] == 0, 20, "all on disk")
        tailrace.stop()
        tailrace.command[tailrace.command.index("3")] = "1"
        sink.open()
        tailrace.start()
        wait(lambda: sorted(numbers(sink.lines())) == list(range(120)), 20, "one worker sends what three left")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
        ends_well(tailrace, "after fewer workers")
        tailrace.stop()

# ---- a full disk ----

with Folder() as folder:
    data = folder.file("tailrace.data")
    os.makedirs(data)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", data], capture_output=True).returncode == 0
    if not mounted:
        print("a full disk: not tried, for a tmpfs cannot be mounted here")
    try:
        sink, port = Sink(), free_port()
        tailrace = Tailrace(folder, config(port, sink, 'when_full => spill spill_max_bytes => "16mb"')) if mounted else None
        if tailrace:
            with tailrace:
                sender = threading.Thread(target=load, args=(port, 0, RECORDS), daemon=True)
                sender.start()
                wait(lambda: "spill.disk" in tailrace.log() and tailrace.metric("tailrace_paused") == 1, 30, "a full disk is said, inputs pause")
                ok(tailrace.is_ready() and output_books(tailrace, "sink")["dropped"] == 0, "nothing is dropped")
                subprocess.run(["mount", "-o", "remount,size=200m", data], check=True)
                wait(lambda: tailrace.metric("component_spill_bytes") > 10 << 20, 30, "with space back it goes on by itself")
                sink.open()
                wait(lambda: sink.count() >= RECORDS, 60, "the sink has all")
                all_there(numbers(sink.lines()), RECORDS, "after a full disk")
                wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
                ends_well(tailrace, "after a full disk")
                ok(tailrace.stop() == 0, "a clean end")
    finally:
        if mounted:
            subprocess.run(["umount", "-l", data])

# ---- without a disk ----

for policy in ("drop_newest", "drop_oldest"):
    with Folder() as folder:
        sink, port = Sink(), free_port()
        tailrace = Tailrace(folder, config(port, sink, f"when_full => {policy}"))
        with tailrace:
            load(port, 0, RECORDS)
            wait(lambda: tailrace.books()["received"] == RECORDS, 60, "nothing stops")
            wait(lambda: tailrace.metric("tailrace_queued_batches") == 0, 20, "nothing is parked")
            dropped = output_books(tailrace, "sink")["dropped"]
            ok(0 < dropped < RECORDS, f"{policy}: {dropped:.0f} of {RECORDS} dropped, said: {'output.dropped' in tailrace.log()}")
            sink.open()
            wait(lambda: sink.count() >= RECORDS - dropped, 60, "the sink has the rest")
            wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
            found = list(numbers(sink.lines()))
            ok(len(found) == RECORDS - dropped and found == sorted(found) and None not in found, f"{policy}: exactly the rest, in order")
            kept = RECORDS - 1 in found
            ok(kept == (policy == "drop_oldest"), f"{policy}: the newest {'is' if kept else 'is not'} there")
            ok(tailrace.books()["dropped"] == dropped, "the pipeline counts them, too")
            ends_well(tailrace, policy)
            ok(tailrace.stop() == 0, "a clean end")

with Folder() as folder:
    sink, port, other = Sink(), free_port(), folder.file("other")
    tailrace = Tailrace(folder, config(port, sink, 'when_full => divert divert_to => "rest"',
                                       f'if [message] == "none" {{ file {{ id => "rest" path => "{other}" {LINE} }} }}'))
    with tailrace:
        load(port, 0, RECORDS)
        wait(lambda: tailrace.books()["received"] == RECORDS and count_lines(other) > 0, 60, "the other output gets some")
        sink.open()
        wait(lambda: sink.count() + count_lines(other) == RECORDS, 60, "all are somewhere")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all settled")
        found = list(numbers(sink.lines())) + list(numbers(open(other).read().splitlines()))
        ok(sorted(found) == list(range(RECORDS)), "divert: each once")
        ok(output_books(tailrace, "sink")["diverted"] == count_lines(other), "and counted")
        ends_well(tailrace, "divert")
        ok(tailrace.stop() == 0, "a clean end")

finish()
