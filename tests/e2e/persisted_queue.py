#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""queue.type: persisted, in the real program: what was synced comes out, whatever happens between. A sender that
numbers its lines; kill -9; an output that is stuck; a full disk; fewer workers; a changed configuration; a stop with
and without queue.drain; a byte that was changed on the disk. TAILRACE_KILLS sets the number of kills. quick: yes"""
from support import *
import random, re

PERSISTED = ["-S", "queue.type=persisted"]

class Receiver:
    """A TCP server that writes down the lines it gets, or lets them wait."""
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.is_open = threading.Event()
        self.lines, self.peers, self.lock = [], 0, threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()
    def accept(self):
        while True:
            peer = self.socket.accept()[0]
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            self.peers += 1
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()
    def end(self):
        """Numbers of all that was sent to it before the sender was killed."""
        self.is_open.set()
        wait(lambda: self.peers == 0, 30, "the receiver has all")
        return set(int(line[:8]) for line in self.lines)
    def read(self, peer):
        tail = b""
        while True:
            self.is_open.wait()
            try:
                data = peer.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                self.peers -= 1
                return
            *lines, tail = (tail + data).split(b"\n")
            with self.lock:
                self.lines += lines

def lines(first, count, width=40):
    return b"".join(b"%08d %s\n" % (i, b"x" * width) for i in range(first, first + count))

def tcp_input(port, more=""):
    return f'tcp {{ port => {port} host => "127.0.0.1" id => "lines" {more} }}'

def to_file(port, out, filters=""):
    return f'input {{ {tcp_input(port)} }} filter {{ {filters} }} output {{ file {{ path => "{out}" codec => line {{ format => "%{{message}}" }} }} }}'

def to_tcp(port, receiver):
    return f'input {{ {tcp_input(port)} }} output {{ tcp {{ host => "127.0.0.1" port => {receiver.port} codec => line {{ format => "%{{message}}" }} }} }}'

def numbers(path):
    return [int(line[:8]) for line in lines_of(path)]

def queue(tailrace):
    return tailrace.json("/_node/stats/pipelines")["pipelines"]["main"]["queue"]

def synced(tailrace):
    return queue(tailrace)["log"]["synced_events"]

def passes(tailrace, port, out, what):
    """A fresh event comes through, and the books balance."""
    mark = b"99999999 fresh"
    send(port, mark + b"\n")
    wait(lambda: mark in lines_of(out), 20, f"{what}: a fresh event")
    wait(lambda: tailrace.books()["in_flight"] == 0, 20, f"{what}: nothing in flight")
    ok(tailrace.books_balance(), f"{what}: a fresh event passes, the books balance")

# ---- what it does when nothing happens ----

def fields():
    """An event is the same with and without the queue, whoever sent it."""
    with Folder() as folder:
        tcp, udp, syslog = free_port(), free_port(socket.SOCK_DGRAM), free_port()
        def run(name, arguments):
            out = folder.file(name)
            config = f'''input {{ {tcp_input(tcp, 'type => "t" tags => ["a", "b"]')}
                udp {{ port => {udp} host => "127.0.0.1" codec => json tags => "u" }}
                syslog {{ port => {syslog} host => "127.0.0.1" }} }}
              filter {{ mutate {{ add_field => {{ "meta" => "%{{[@metadata][input][tcp][source][ip]}}" }} }} }}
              output {{ file {{ path => "{out}" }} }}'''
            with Tailrace(folder, config, ["--pipeline.ecs_compatibility", "v8"] + arguments, name=name) as t:
                send(tcp, b"one\n\xff\x00two\n\nunfinished")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    for text in (b'{"a":1.50,"b":[{"c":null}]}', b"no json"):
                        s.sendto(text, ("127.0.0.1", udp))
                    s.sendto(b"<13>Oct 11 22:14:15 mymachine su[42]: by udp", ("127.0.0.1", syslog))
                send(syslog, b"<34>1 2003-10-11T22:14:15.003Z host app 1 ID [x@1 k=\"v\"] by tcp\n")
                wait(lambda: count_lines(out) == 8, 20, "all events")
                t.stop()
            events = [json.loads(line) for line in lines_of(out)]
            for event in events:
                if "tags" not in event or "_jsonparsefailure" in event["tags"] or "u" in event["tags"]:
                    pass
                if "2003" not in event["@timestamp"] and "T22:14:15" not in event["@timestamp"]:
                    event.pop("@timestamp")
            return sorted(json.dumps(e, sort_keys=True) for e in events)
        memory, persisted = run("memory", []), run("persisted", PERSISTED)
        if not ok(memory == persisted, "events are the same with and without the queue"):
            print(memory, persisted, sep="\n")

def multiline():
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        config = f'''input {{ {tcp_input(port, 'codec => multiline { pattern => "^ " what => previous }')} }}
                     output {{ file {{ path => "{out}" codec => line {{ format => "%{{message}}|%{{tags}}" }} }} }}'''
        with Tailrace(folder, config, PERSISTED) as t:
            send(port, b"one\n two\n three\nfour\n")
            wait(lambda: count_lines(out) >= 4, 20, "joined lines")
            ok(open(out).read() == "one\n two\n three|multiline\nfour|%{tags}\n", "joined lines go through the queue as one")
            ok(t.stop() == 0, "stops")

def standard_input():
    """An input that ends by itself leaves nothing in the queue."""
    with Folder() as folder:
        command = [PROGRAM, "--path.data", folder.file("data"), "--path.settings", folder.file("none"), "--api.enabled", "false",
                   "-S", "queue.type=persisted", "--log.level", "error", "-w", "2",
                   "-e", 'input { stdin {} } output { stdout { codec => line { format => "%{message}" } } }']
        data = lines(0, 20000)
        done = subprocess.run(command, input=data, capture_output=True, timeout=60)
        ok(done.returncode == 0 and done.stdout == data, "standard input: all lines in order, then the end")

# ---- kill -9 ----

class Sender(threading.Thread):
    """Sends numbered lines until the connection breaks."""
    def __init__(self, port, first):
        super().__init__(daemon=True)
        self.port, self.next = port, first
    def run(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as s:
                pace = Pace(0.01)
                while True:
                    s.sendall(lines(self.next, 1000))
                    self.next += 1000
                    pace.turn()
        except OSError:
            pass

def killed(rounds):
    """One connection a life: lines are synced in the order sent, so of `n` synced the first n must come out."""
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        random.seed(rounds)
        first, promised, promised_sum = 0, [], 0
        t = Tailrace(folder, to_file(port, out), PERSISTED + ["-S", "queue.compression=none"])
        with t:
            for i in range(rounds):
                sender = Sender(port, first)
                sender.start()
                until, count = time.monotonic() + random.random() * 0.25, 0
                while time.monotonic() < until:
                    count = synced(t)
                count = synced(t)
                t.kill()
                sender.join()
                promised.append((first, count))
                promised_sum += count
                first = sender.next + 100
                t.command[-1] = f"queue.compression={random.choice(('none', 'speed', 'balanced', 'size'))}"
                t.start()
            wait(lambda: queue(t)["events_count"] == 0, 60, "the queue is empty")
            passes(t, port, out, f"after {rounds} kills")
            # a kill within a write of the file output leaves a part of a line, and the next life writes behind it
            whole = [re.search(rb"(\d{8}) x{40}$", line) for line in lines_of(out) if b"fresh" not in line]
            torn = sum(not m or m.start() > 0 for m in whole)
            got = set(int(m[1]) for m in whole if m)
            lost = [n for start, count in promised for n in range(start, start + count) if n not in got]
            ok(not lost, f"{rounds} kills: {promised_sum} lines were synced, {len(lost)} of them lost {lost[:5]}")
            ok(torn <= rounds, f"all lines are whole, but for {torn} that were being written at a kill")
            ok(queue(t)["log"]["lost_records"] == 0, "no record is damaged")
            ok(t.stop() == 0, "stops")

# ---- outputs that are stuck ----

def stuck():
    """Input goes on while the output is stuck; then all of it comes, in order; memory stays bounded."""
    with Folder() as folder:
        port, receiver, count = free_port(), Receiver(), choose(40000, 100000, 400000)
        with Tailrace(folder, to_tcp(port, receiver), PERSISTED + ["-S", "pipeline.memory=4mb"]) as t:
            send(port, lines(0, count, 100))
            wait(lambda: synced(t) == count, 60, "all lines synced while the output is stuck")
            ok(len(receiver.lines) < count, f"{count} lines are durable, the output has taken nothing")
            state = queue(t)
            ok(state["events_count"] > 0 and state["queue_size_in_bytes"] > count * 50 and state["type"] == "persisted",
               "the API tells how much waits")
            wait(lambda: t.metric("tailrace_queue_oldest_seconds") > 0, 10, "the age of the oldest")
            ok(t.resident_kb() < 120000, "memory stays bounded")
            receiver.is_open.set()
            wait(lambda: len(receiver.lines) == count, 60, "all lines at the output")
            ok([int(l[:8]) for l in receiver.lines] == list(range(count)), "all lines in order, none twice")
            wait(lambda: queue(t)["events_count"] == 0, 20, "the queue is empty")
            ok(t.books_balance(), "the books balance")
            ok(t.stop() == 0, "stops")

def long_lines():
    """Lines as long as the memory is small: one at a time they pass, and those beyond a record are cut."""
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        config = to_file(port, out).replace('id => "lines"', 'id => "lines" line_limit => "4 MiB"')
        with Tailrace(folder, config, PERSISTED + ["-S", "pipeline.memory=4mb", "-S", "queue.page_capacity=2mb"]) as t:
            sizes = [900000, 10, 1000000, 50, 700000] * 2
            for i, size in enumerate(sizes):
                send(port, b"%08d " % i + b"y" * size + b"\n")
                wait(lambda: count_lines(out) == i + 1, 60, f"long line {i}")
            ok(sorted(len(line) for line in lines_of(out)) == sorted(s + 9 for s in sizes), "lines of a quarter of the memory pass")
            t.stop()
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        config = to_file(port, out).replace('id => "lines"', 'id => "lines" line_limit => "4 MiB"')
        with Tailrace(folder, config, PERSISTED + ["-S", "queue.page_capacity=1mb"]) as t:
            send(port, b"z" * 2000000 + b"\nshort\n")
            wait(lambda: count_lines(out) == 2, 60, "a line that is cut")
            ok(800000 < len(lines_of(out)[0]) < 1 << 20 and "queue.frame_cut" in t.log(), "a line longer than a record is cut, and that is told")
            t.stop()

def stopped(drain):
    """What is in the queue at a stop stays for the next start, or goes out first."""
    with Folder() as folder:
        port, receiver, count = free_port(), Receiver(), 120000
        arguments = PERSISTED + ["-S", f"queue.drain={str(drain).lower()}", "-S", "pipeline.memory=4mb"]
        with Tailrace(folder, to_tcp(port, receiver), arguments) as t:
            send(port, lines(0, count, 100))
            wait(lambda: synced(t) == count, 60, "all synced")
            t.process.send_signal(signal.SIGTERM)
            wait(lambda: "stop.signal" in t.log(), 10, "the signal is seen")
            receiver.is_open.set()
            code = t.process.wait(30)
            if not ok(code == 0, f"queue.drain {drain}: stops with 0"):
                print(code, t.log())
        ls = subprocess.run([PROGRAM, "queue", "ls", folder.file("tailrace.data/queue/main/0")], capture_output=True, text=True).stdout
        if drain:
            wait(lambda: len(receiver.lines) == count, 10, "all lines")
            ok(", 0 records to go" in ls, "queue.drain true: nothing is left")
            ok([int(l[:8]) for l in receiver.lines] == list(range(count)), "queue.drain true: all is out before the end")
            return
        dump = subprocess.run([PROGRAM, "queue", "dump", folder.file("tailrace.data/queue/main/0")], capture_output=True, text=True).stdout
        row = dump.splitlines()[-1].split("\t")
        ok(row[1] == "lines" and row[2].endswith("Z") and row[3].startswith(f"{count - 1:08} x"), "queue dump shows frames: input, arrival, text")
        ok(" to go" in ls and ", 0 records to go" not in ls, "queue.drain false: the rest stays on the disk")
        with Tailrace(folder, to_tcp(port, receiver), arguments, name="tailrace") as t:
            wait(lambda: len(receiver.lines) >= count, 60, "the rest after the next start")
            ok([int(l[:8]) for l in receiver.lines] == list(range(count)), "the rest comes at the next start, none twice")
            ok("queue.found" in t.log(), "the log says how many were waiting")
            t.stop()

# ---- disks ----

def limit_reached():
    """queue.max_bytes: inputs wait, nothing is lost, and it goes on by itself."""
    with Folder() as folder:
        port, receiver, count = free_port(), Receiver(), 60000
        arguments = PERSISTED + ["-S", "queue.max_bytes=4mb", "-S", "queue.page_capacity=512kb", "-S", "pipeline.memory=4mb"]
        with Tailrace(folder, to_tcp(port, receiver), arguments) as t:
            sender = threading.Thread(target=send, args=(port, lines(0, count, 200)), daemon=True)
            sender.start()
            wait(lambda: t.metric("tailrace_queue_full") == 1, 60, "the queue is full")
            ok("queue.full" in t.log(), "a full queue is told")
            sizes = [e.stat().st_size for e in os.scandir(folder.file("tailrace.data/queue/main/0")) if e.name.endswith(".seg")]
            ok(len(sizes) >= 8 and max(sizes) <= 512 << 10, f"files are no larger than queue.page_capacity: {sizes}")
            ok(queue(t)["queue_size_in_bytes"] <= 4 << 20, "its bytes stay below queue.max_bytes")
            receiver.is_open.set()
            wait(lambda: len(receiver.lines) == count, 60, "all lines")
            ok([int(l[:8]) for l in receiver.lines] == list(range(count)), "a full queue: inputs waited, all lines in order")
            wait(lambda: t.metric("tailrace_queue_full") == 0, 20, "not full any more")
            ok(t.books_balance() and t.stop() == 0, "the books balance")

def events_limit():
    """queue.max_events: with so many that wait inputs do, too; one less and they do not. It goes on by itself."""
    with Folder() as folder:
        port, receiver = free_port(), Receiver()
        away = receiver.port
        receiver.port = free_port()  # nobody is there: nothing is settled
        with Tailrace(folder, to_tcp(port, receiver).replace("tcp { host", "tcp { reconnect_interval => 1 host"),
                      PERSISTED + ["-w", "1", "-S", "queue.max_events=100"]) as t:
            send(port, lines(0, 98))
            wait(lambda: synced(t) == 98, 20, "two less than the limit")
            send(port, lines(98, 1))
            wait(lambda: synced(t) == 99, 20, "one less than the limit: inputs go on")
            send(port, lines(99, 1))
            wait(lambda: synced(t) == 100, 20, "the limit")
            send(port, lines(100, 50))
            until = time.monotonic() + 1
            wait(lambda: time.monotonic() > until or synced(t) > 100, 20, "more is not taken")
            ok(synced(t) == 100 and queue(t)["events_count"] == 100, "queue.max_events: with 100 that wait inputs wait")
            listener = socket.create_server(("127.0.0.1", receiver.port))
            receiver.socket, receiver.port = listener, away
            receiver.is_open.set()
            threading.Thread(target=receiver.accept, daemon=True).start()
            wait(lambda: len(receiver.lines) == 150, 30, "all lines")
            ok([int(l[:8]) for l in receiver.lines] == list(range(150)), "queue.max_events: then all come, in order")
            wait(lambda: queue(t)["events_count"] == 0, 20, "the queue is empty")
            ok(t.books_balance() and t.stop() == 0, "the books balance")

def checkpoints():
    """queue.checkpoint.acks: written down with each event that is settled, not once a second."""
    with Folder() as folder:
        port, out, count = free_port(), folder.file("out"), 20
        with Tailrace(folder, to_file(port, out), PERSISTED + ["-w", "1", "-S", "queue.checkpoint.acks=1"]) as t:
            begun = time.monotonic()
            for i in range(count):
                before = t.metric("tailrace_queue_checkpoints_total")
                send(port, lines(i, 1))
                wait(lambda: t.metric("tailrace_queue_checkpoints_total") > before and count_lines(out) == i + 1, 20, f"event {i}")
            ok(time.monotonic() - begun < count * 0.9, f"queue.checkpoint.acks=1: {count} events are written down one by one")
            t.kill()
        with Tailrace(folder, to_file(port, out), PERSISTED) as t:
            passes(t, port, out, "after the kill")
            ok(numbers(out)[:-1] == list(range(count)), "and none of them comes again after a kill")
            t.stop()

def disk_full():
    """No space on the disk: inputs wait, what is durable goes on to the outputs, and the end of it is seen."""
    with Folder() as folder:
        disk = folder.file("disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tailrace", disk], capture_output=True).returncode:
            print("skipped: no right to mount a file system")
            return
        try:
            port, out, count = free_port(), folder.file("out"), 60000
            arguments = PERSISTED + ["-S", f"path.queue={disk}/queue", "-S", "queue.page_capacity=1mb"]
            with Tailrace(folder, to_file(port, out), arguments) as t:
                send(port, lines(0, 10))
                wait(lambda: count_lines(out) == 10, 20, "the first lines")
                with open(f"{disk}/other", "wb", buffering=0) as f:
                    try:
                        while True:
                            f.write(b"x" * 4096)
                    except OSError:
                        pass
                sender = threading.Thread(target=send, args=(port, lines(10, count - 10, 100)), daemon=True)
                sender.start()
                wait(lambda: t.metric("tailrace_queue_failing") == 1, 60, "the full disk is seen")
                ok("queue.disk" in t.log() and "make room" in t.log(), "a full disk is told, with what to do")
                before = count_lines(out)
                wait(lambda: t.metric("tailrace_queue_events") == 0, 20, "what was durable goes out")
                os.remove(f"{disk}/other")
                wait(lambda: count_lines(out) == count, 60, "all lines")
                ok(numbers(out) == list(range(count)), f"a full disk and back: {before} lines before, all in order after")
                wait(lambda: "queue.disk_again" in t.log(), 20, "the end of it is told")
                passes(t, port, out, "after a full disk")
                ok(t.stop() == 0, "stops")
        finally:
            subprocess.run(["umount", "-l", disk])

def damaged():
    """A byte changed on the disk: the rest comes, and what is lost is told."""
    with Folder() as folder:
        port, receiver = free_port(), Receiver()
        with Tailrace(folder, to_tcp(port, receiver), PERSISTED + ["-S", "pipeline.memory=4mb"]) as t:
            for i in range(100):
                send(port, lines(i * 100, 100, 1500))
                wait(lambda: synced(t) == (i + 1) * 100, 20, "synced")
            t.kill()
        seen = receiver.end()
        path = folder.file("tailrace.data", "queue", "main", "0", f"{1:020}.seg")
        data = bytearray(open(path, "rb").read())
        at = data.index(b"00009950 ")
        data[at + 20] ^= 1
        open(path, "wb").write(data)
        out = folder.file("out")
        with Tailrace(folder, to_file(port, out), PERSISTED) as t:
            wait(lambda: queue(t)["events_count"] == 0, 20, "the rest is read")
            got = set(numbers(out)) | seen
            lost = sorted(set(range(10000)) - got)
            ok(0 < len(lost) <= 100 and 9950 in lost, f"a changed byte: {len(lost)} lines of one record are lost, all others come")
            log = queue(t)["log"]
            ok(log["lost_records"] == 1 and log["lost_events"] == len(lost), "how many are lost is counted")
            said = [line for line in t.log().splitlines() if "queue.lost" in line]
            ok(len(said) == 1 and f"{1:020}.seg" in said[0] and "records" in said[0] and "bytes" in said[0], "and told with file, byte and numbers")
            passes(t, port, out, "after a damage")
            t.stop()

# ---- compression ----

def compressed():
    """queue.compression: less on the disk; each life may have another; what many senders say is put together."""
    with Folder() as folder:
        port, receiver, count, out, used = free_port(), Receiver(), 10000, folder.file("out"), {}
        where, first = folder.file("tailrace.data/queue/main/0"), 0
        def tool(action):
            done = subprocess.run([PROGRAM, "queue", action, where], capture_output=True, text=True)
            return done.returncode, done.stdout
        for word in ("none", "size", "speed", "balanced", "none"):
            with Tailrace(folder, to_tcp(port, receiver), PERSISTED + ["-S", f"queue.compression={word}", "-S", "pipeline.memory=4mb"]) as t:
                send(port, lines(first, count, 200))
                wait(lambda: synced(t) == count, 60, f"all synced with {word}")
                used[word], first = t.metric("tailrace_queue_stored_bytes_total"), first + count
                t.kill()
        seen = receiver.end()
        ok(used["none"] > 200 * count and all(used[w] < used["none"] / 4 for w in ("speed", "balanced", "size")),
           f"queue.compression takes less of the disk: {used}")
        code, text = tool("dump")
        rows = [int(line.split("\t")[3][:8]) for line in text.splitlines()]
        ok(code == 0 and rows == sorted(rows) and rows[-1] == first - 1, "queue dump shows each frame of packed records")
        code, text = tool("check")
        ok(code == 0 and "nothing is lost" in text, f"queue check reads them: {text!r}")
        with Tailrace(folder, to_file(port, out), PERSISTED + ["-S", "queue.compression=size"]) as t:
            wait(lambda: queue(t)["events_count"] == 0, 60, "all is read")
            missing = set(range(first)) - set(numbers(out)) - seen
            ok(not missing, f"records of each kind are read by the last life: {len(missing)} lines lost of {first}")
            passes(t, port, out, "compressed")
            ok(t.stop() == 0, "stops")

# ---- other configurations ----

def fewer_workers():
    with Folder() as folder:
        port, receiver, count = free_port(), Receiver(), 20000
        with Tailrace(folder, to_tcp(port, receiver), PERSISTED + ["-w", "4", "-S", "pipeline.memory=4mb"]) as t:
            for i in range(40):
                send(port, lines(i * 500, 500, 100))
            wait(lambda: synced(t) == count, 60, "all synced")
            t.kill()
        folders = os.listdir(folder.file("tailrace.data/queue/main"))
        ok(sorted(folders) == ["0", "1", "2", "3"], "each worker has a folder")
        out = folder.file("out")
        with Tailrace(folder, to_file(port, out), PERSISTED + ["-w", "1"]) as t:
            wait(lambda: queue(t)["events_count"] == 0 and queue(t)["log"]["folders_left"] == 0, 60, "queues of former workers")
            got = set(numbers(out)) | receiver.end()
            ok(got == set(range(count)), "4 workers before, 1 after: all lines come out")
            ok(os.listdir(folder.file("tailrace.data/queue/main")) == ["0"], "folders of former workers are gone")
            passes(t, port, out, "fewer workers")
            ok(t.stop() == 0, "stops")

def changed_config():
    """Records of an input that is called otherwise, and of one that is gone."""
    with Folder() as folder:
        port, udp, receiver, out = free_port(), free_port(socket.SOCK_DGRAM), Receiver(), folder.file("out")
        both = to_tcp(port, receiver).replace("input {", f'input {{ udp {{ port => {udp} host => "127.0.0.1" id => "datagrams" }}')
        with Tailrace(folder, both, PERSISTED + ["-S", "pipeline.memory=4mb"]) as t:
            send(port, lines(0, 40000, 100))
            wait(lambda: synced(t) == 40000, 60, "lines synced")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                for i in range(5):
                    s.sendto(b"datagram", ("127.0.0.1", udp))
            wait(lambda: synced(t) == 40005, 60, "datagrams synced")
            t.kill()
        config = to_file(port, out, "mutate { add_tag => later }").replace('id => "lines"', 'id => "renamed"')
        with Tailrace(folder, config, PERSISTED) as t:
            wait(lambda: t.metric("tailrace_queue_blocked") == 1, 60, "the queue waits at the datagrams")
            wait(lambda: queue(t)["events_count"] == 5, 60, "all before them is read")
            ok("input that is gone" in t.get("/_health_report"), "the health report says that it waits")
            send(port, b"88888888 behind\n")
            wait(lambda: queue(t)["events_count"] == 6, 20, "inputs go on")
            got = set(numbers(out)) | receiver.end()
            ok(got == set(range(40000)), "another configuration reads what an input of another name left")
            ok("queue.input_renamed" in t.log(), "that is told")
            ok("queue.input_gone" in t.log() and "dead_letter_queue.enable" in t.log(), "without dead letters the queue waits at frames of an input that is gone, and says what to do")
            ok(t.stop() == 0, "it can be stopped then")
        with Tailrace(folder, config, PERSISTED + ["-S", "dead_letter_queue.enable=true"]) as t:
            wait(lambda: queue(t)["events_count"] == 0, 60, "all read")
            ok(b"88888888 behind" in lines_of(out), "with dead letters what was behind them comes")
            ok(queue(t)["log"]["orphaned_events"] == 5 and "queue.input_gone" in t.log(), "frames of an input that is gone are counted and told")
            shown = subprocess.run([PROGRAM, "dlq", "show", "main", "--json", "--path.data", folder.file("tailrace.data")], capture_output=True, text=True)
            letters = [json.loads(line) for line in shown.stdout.splitlines()]
            ok(len(letters) == 5 and all(l["event"]["message"] == "datagram" and "host" in l["event"] for l in letters) and
               all(l["stage"] == "queue" and l["id"] == "datagrams" and l["reason"].startswith("input_gone") for l in letters),
               "they are dead letters, with their bytes and what the sender had added")
            passes(t, port, out, "another configuration")
            t.stop()

def codec_letters():
    """What a codec refuses is a dead letter behind the queue, too."""
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        codec = "codec => json_lines { dead_letter_on_failure => true }"
        config = to_file(port, out).replace('id => "lines"', 'id => "lines" ' + codec)
        with Tailrace(folder, config, PERSISTED + ["-S", "dead_letter_queue.enable=true"]) as t:
            send(port, b'broken\n{"message":"99999998 whole"}\n')
            wait(lambda: t.metric("tailrace_dead_letters_written_total") == 1 and count_lines(out) == 1, 20, "the letter")
            wait(lambda: queue(t)["events_count"] == 0 and t.books()["in_flight"] == 0, 20, "all is settled")
            ok(t.books()["dead_lettered"] == 1 and t.books_balance() and t.stop() == 0,
               "what a codec refuses of the queue becomes a dead letter, the books balance")

def refused():
    with Folder() as folder:
        port = free_port()
        def run(*arguments):
            done = subprocess.run([PROGRAM, "--path.data", folder.file("d"), "--path.settings", folder.file("s"), "--api.enabled", "false",
                                   "-S", "queue.type=persisted", "-e", f"input {{ {tcp_input(port)} }} output {{ stdout {{}} }}", *arguments],
                                  capture_output=True, text=True, timeout=30)
            return done.returncode, done.stderr
        code, text = run("-S", "queue.max_bytes=1mb", "-S", "queue.page_capacity=2mb")
        ok(code == 78 and "queue.page_capacity" in text and "raise queue.max_bytes" in text, "files larger than the queue are refused")
        code, text = run("-S", "queue.max_bytes=4mb", "-S", "queue.page_capacity=1mb", "-w", "4")
        ok(code == 78 and "too little for 4 workers" in text, "too little room for all workers is refused")
        code, text = run("-S", "pipeline.id=a/b")
        ok(code == 78 and "queue's folder" in text, "an id that is no name of a folder is refused")
        open(folder.file("file"), "w").close()
        code, text = run("-S", f"path.queue={folder.file('file')}")
        ok(code == 1 and "queue.folder" in text, "a folder that cannot be made is told")
        with Tailrace(folder, to_file(port, folder.file("out")), PERSISTED + ["-S", f"path.queue={folder.file('q')}"]) as t:
            code, text = run("-S", f"path.queue={folder.file('q')}", "-w", "1")
            ok(code == 1 and "queue.locked" in text, "a queue that is open in another process is refused")
            t.stop()

if MODE != "quick" and os.environ.get("TAILRACE_KILLS"):
    killed(int(os.environ["TAILRACE_KILLS"]))
    finish()
ONLY = os.environ.get("TAILRACE_ONLY")
if ONLY:
    globals()[ONLY](*map(eval, sys.argv[1:]))
    finish()
for test in (fields, multiline, standard_input, stuck, long_lines, lambda: stopped(False), lambda: stopped(True), limit_reached, events_limit, checkpoints, disk_full,
             damaged, compressed, fewer_workers, changed_config, codec_letters, refused):
    test()
killed(choose(3, 8, 500))
finish()
