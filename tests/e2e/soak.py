#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A soak: four pipelines under steady load while their sinks are stopped, killed and started again at random.
Memory stays flat, the books balance, every line arrives, descriptors go back to where they were.
10 minutes in `./test long`, 20 s in the gate; SOAK_SECONDS and SOAK_SEED repeat a run."""
import random
from support import *

SECONDS = float(os.environ.get("SOAK_SECONDS", choose(6, 10, 600)))
SEED = int(os.environ.get("SOAK_SEED", random.randrange(1 << 30)))
RATE = 2000          # lines a second for each pipeline
PIPELINES = ("plain", "parsed", "json", "file")
STOPPED = "json"     # its sink is stopped but never killed: it must get every line once
SOCKET_KB = 6144     # what the kernel may hold of a connection (tcp_wmem, tcp_rmem): lost when its reader is killed
GROWTH_KB = 2048     # allowed from a quarter of the time to its end
chance = random.Random(SEED)
print(f"SOAK_SEED={SEED} SOAK_SECONDS={SECONDS:.0f}")

CONFIG = {
    "plain": 'input { tcp { port => %(in)d host => "127.0.0.1" codec => line } } output { tcp { host => "127.0.0.1" port => %(sink)d codec => line { format => "%%{message}" } } }',
    "parsed": 'input { tcp { port => %(in)d host => "127.0.0.1" codec => line } } filter { grok { match => { "message" => "^%%{WORD:w} %%{INT:n:int} %%{GREEDYDATA:rest}$" } } if [n] > 0 { mutate { add_tag => ["some"] } } } output { tcp { host => "127.0.0.1" port => %(sink)d codec => line { format => "%%{message}" } } }',
    "json": 'input { tcp { port => %(in)d host => "127.0.0.1" codec => json_lines } } output { tcp { host => "127.0.0.1" port => %(sink)d codec => line { format => "%%{message}" } } }',
    "file": 'input { tcp { port => %(in)d host => "127.0.0.1" codec => line } } filter { mutate { gsub => ["message", "x", "x"] } } output { file { path => "%(out)s" codec => line { format => "%%{message}" } } }',
}

def line(number):
    return "line %d %s" % (number, "x" * (number % 90))

class Sink(threading.Thread):
    """Keeps numbers of what it got; can stop reading, or cut its connections and stop listening."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.seen, self.repeats, self.odd = port, set(), 0, 0
        self.may_read, self.may_listen, self.ended, self.serving, self.kills = threading.Event(), threading.Event(), False, False, 0
        self.may_read.set()
        self.may_listen.set()
        self.start()
    def take(self, text):
        parts = text.split()
        if len(parts) < 2 or text.decode() != line(int(parts[1])):
            self.odd += 1  # a record cut by a kill; it comes again
            return
        number = int(parts[1])
        self.repeats += number in self.seen
        self.seen.add(number)
    def serve(self, connection):
        rest = b""
        connection.settimeout(0.05)
        while self.may_listen.is_set() and not self.ended:
            if not self.may_read.wait(0.05):
                continue
            try:
                chunk = connection.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                return
            if not chunk:
                break
            *whole, rest = (rest + chunk).split(b"\n")
            for text in whole:
                self.take(text)
    def run(self):
        while not self.ended:
            if not self.may_listen.wait(0.1):
                continue
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", self.port))
                listener.listen()
                listener.settimeout(0.1)
                while self.may_listen.is_set() and not self.ended:
                    try:
                        connection, _ = listener.accept()
                    except TimeoutError:
                        continue
                    with connection:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                        self.serving = True
                        self.serve(connection)
                        self.serving = False
                        if not self.may_listen.is_set():  # killed: what is unread is lost with a reset
                            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

class Sender(threading.Thread):
    """RATE lines a second as long as they are taken; a new connection every few thousand."""
    def __init__(self, port, as_json):
        super().__init__(daemon=True)
        self.port, self.as_json, self.sent, self.is_over = port, as_json, 0, threading.Event()
        self.start()
    def run(self):
        while not self.is_over.is_set():
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                for _ in range(20):
                    texts = [line(n) for n in range(self.sent, self.sent + RATE // 10)]
                    data = "".join((json.dumps({"message": t}) if self.as_json else t) + "\n" for t in texts)
                    s.sendall(data.encode())
                    self.sent += len(texts)
                    if self.is_over.wait(0.1):
                        break

def descriptors(tailrace):
    return len(os.listdir(f"/proc/{tailrace.process.pid}/fd"))

def trouble(sinks, seconds):
    """One thing goes wrong with one sink, for a while."""
    name = chance.choice(list(sinks))
    sink, how = sinks[name], "may_read" if name == STOPPED else chance.choice(("may_read", "may_listen"))
    sink.kills += how == "may_listen"
    getattr(sink, how).clear()
    pause = threading.Event()
    pause.wait(chance.uniform(0.05, seconds))
    getattr(sink, how).set()
    pause.wait(chance.uniform(0.05, seconds))

with Folder() as folder:
    ports = {name: {"in": free_port(), "sink": free_port(), "out": folder.file("out.txt")} for name in PIPELINES}
    folder.write("settings/pipelines.yml", "".join(f"- pipeline.id: {name}\n  pipeline.workers: {i % 2 + 1}\n  config.string: |\n    {CONFIG[name] % ports[name]}\n" for i, name in enumerate(PIPELINES)))
    sinks = {name: Sink(ports[name]["sink"]) for name in PIPELINES[:3]}
    with Tailrace(folder) as tailrace:
        idle = descriptors(tailrace)
        senders = {name: Sender(ports[name]["in"], name == "json") for name in PIPELINES}
        begun, first, most, troubles = time.monotonic(), None, 0, 0
        while time.monotonic() < begun + SECONDS:
            trouble(sinks, min(5, SECONDS / 10))
            troubles += 1
            resident = tailrace.resident_kb()
            if time.monotonic() < begun + SECONDS / 4:
                first = max(first or 0, resident)
            else:
                most = max(most, resident)
            if tailrace.process.poll() is not None or troubles % 20 == 0:
                ok(tailrace.process.poll() is None, f"alive after {troubles} troubles, {resident} KiB")
        for sender in senders.values():
            sender.is_over.set()
        for sender in senders.values():
            sender.join(60)
        total = {name: sender.sent for name, sender in senders.items()}
        wait(lambda: all(tailrace.metric("tailrace_events_total", pipeline=n, state="delivered") >= total[n] for n in PIPELINES), 120, "all delivered")
        for name in PIPELINES:
            books = tailrace.books(pipeline=name)
            ok(books["received"] == total[name] and books["dropped"] == 0 and tailrace.books_balance(pipeline=name), f"{name}: the books hold {total[name]} lines")
        ok(most - first < GROWTH_KB, f"memory: {first} KiB at most in the first quarter, {most} KiB after")
        # connections of the inputs end when their senders do; each sink's may stay, one a worker
        wait(lambda: descriptors(tailrace) <= idle + len(PIPELINES) + 2, 30, f"descriptors back to {idle} and the sinks' connections")
        ok(True, f"{troubles} troubles; {descriptors(tailrace)} descriptors, {idle} when idle")
        ok(tailrace.stop(60) == 0, "SIGTERM: ends with 0")
    for name, sink in sinks.items():
        wait(lambda: not sink.serving, 60, f"{name}: the sink has read all")
        sink.ended = True
        missing, bytes_each = total[name] - len(sink.seen), 50
        said = f"{name}: {sink.kills} kills, {missing} missing, {sink.repeats} repeated, {sink.odd} cut"
        if name == STOPPED:
            ok(missing == sink.repeats == sink.odd == 0, said)
        else:
            # TCP tells nobody what a killed reader left unread
            ok(missing * bytes_each <= sink.kills * SOCKET_KB * 1024 and sink.odd <= sink.kills and max(sink.seen) < total[name], said)
    lines = lines_of(folder.file("out.txt"))
    ok(sorted(lines, key=lambda l: int(l.split()[1])) == [line(n).encode() for n in range(total["file"])], f"file: {len(lines)} lines, each once")
finish()
