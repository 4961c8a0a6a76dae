#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The power goes at random moments under load: a real ext4 on a loop device is shut down so that what was not synced is
gone, the program is killed, the disk comes up again and the program starts. All that was promised is delivered: lines
that the queue says are synced; what a Beats shipper was acknowledged, behind an output that syncs its files, a spill
and dead letters; lines of a file whose position moved. TAILRACE_LOSSES, TAILRACE_SEED repeat a run."""
import fcntl, random, re, struct
from support import *
from support_lumberjack import Shipper

LOSSES = int(os.environ.get("TAILRACE_LOSSES", choose(2, 3, 200)))
SEED = int(os.environ.get("TAILRACE_SEED", random.randrange(1 << 30)))
SHUTDOWN, LOG_FLUSHED, LOG_LOST = 0x8004587D, 1, 2  # the ioctl of ext4 and XFS: with the journal flushed before, or not
WINDOW, TEXT = 50, "x" * 100
BEATS = ("written", "spilled", "letters")  # pipelines with a shipper each

class Disk:
    """An ext4 in a file, which can lose its power."""
    def __init__(self, folder):
        self.image, self.path = folder.file("image"), folder.file("disk")
        os.mkdir(self.path)
        with open(self.image, "wb") as f:
            f.truncate(1 << 30)
        made = subprocess.run(["mkfs.ext4", "-q", "-F", self.image], capture_output=True, text=True)
        if made.returncode or not self.mount():
            skip("needs root, mkfs.ext4 and a loop device")
    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.path], capture_output=True).returncode == 0
    def lose_power(self, flag):
        fd = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", flag))
        os.close(fd)
    def unmount(self):
        return subprocess.run(["umount", self.path], capture_output=True).returncode == 0
    def come_up(self):
        wait(self.unmount, 20, "the disk is let go")
        if not self.mount():
            ok(False, "the disk comes up")
            finish()
    def __enter__(self):
        return self
    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], capture_output=True)

class Sink:
    """Of the spilled events; away in every other life."""
    def __init__(self):
        self.port, self.data, self.listener, self.peers = free_port(), [], None, []
    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.run, args=(self.listener,), daemon=True).start()
    def close(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
    def run(self, listener):
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            self.data.append(bytearray())
            threading.Thread(target=self.read, args=(peer, self.data[-1]), daemon=True).start()
    def read(self, peer, data):
        with peer:
            while chunk := peer.recv(1 << 16):
                data.extend(chunk)
    def numbers(self):
        return [int(line[:-len(TEXT)]) for data in self.data for line in data.decode().splitlines() if line.endswith(" " + TEXT)]

def sends_until_it_breaks(port, first, send_more):
    """`send_more(connection, number)` gives the next number, until the other end is gone."""
    def run():
        try:
            with Shipper(port) as shipper:
                number = first
                while number is not None:
                    number = send_more(shipper, number)
        except OSError:
            pass
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread

class Load:
    """What is sent in one life, and what of it was promised."""
    def __init__(self, ports, source, first):
        self.acked = {name: [] for name in BEATS}
        self.ended, self.pace = False, Pace(0.005)
        self.threads = [sends_until_it_breaks(ports[name], first, self.window(self.acked[name])) for name in BEATS]
        self.threads.append(sends_until_it_breaks(ports["queued"], first, self.lines))
        self.threads.append(threading.Thread(target=self.append, args=(source,), daemon=True))
        self.threads[-1].start()
    def window(self, acked):
        def send_more(shipper, number):
            shipper.send_events([{"message": f"{i} {TEXT}", "i": i, "n": "text"} for i in range(number, number + WINDOW)])
            done = 0
            while done < WINDOW:
                answer = shipper.ack()
                if answer is None:
                    return None
                acked.extend(range(number + done, number + answer[1]))
                done = max(done, answer[1])
            return number + WINDOW
        return send_more
    def lines(self, shipper, number):
        self.pace.turn()
        shipper.send("".join(f"{i} {TEXT}\n" for i in range(number, number + 100)).encode())
        return number + 100
    def append(self, source):
        pace = Pace(0.01)
        while not self.ended:
            source.give(200)
            pace.turn()
    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join(30)

class Source:
    """A file that grows, on another disk."""
    def __init__(self, path):
        self.file, self.next = open(path, "w"), 0
    def give(self, count):
        self.file.write("".join(f"{i} {TEXT}\n" for i in range(self.next, self.next + count)))
        self.file.flush()
        self.next += count

def whole(line):
    """The number of a record; None for the head of one, as a kill or a loss leaves it."""
    match = re.fullmatch(rb"(\d+) x{%d}" % len(TEXT), line)
    return int(match[1]) if match else None

def numbers(path):
    if not os.path.exists(path):
        return set()
    with open(path, "rb") as f:
        return {whole(line[:-1]) for line in f} - {None}

def ends_with(path, number):
    with open(path, "rb") as f:
        f.seek(max(0, os.path.getsize(path) - 1000))
        return f.read().endswith(f"\n{number} {TEXT}\n".encode())

def configs(ports, folder, disk, sink):
    beats = lambda name: f'input {{ beats {{ port => {ports[name]} host => "127.0.0.1" }} }}'
    line = 'codec => line { format => "%{message}" }'
    return {
        "queued": f'input {{ tcp {{ id => "lines" port => {ports["queued"]} host => "127.0.0.1" }} }} output {{ file {{ path => "{folder.file("queued")}" {line} }} }}',
        "written": beats("written") + f""" filter {{ ruby {{ code => "event.set('part', event.get('i') / 200)" }} }}
            output {{ file {{ path => "{disk.path}/written/%{{part}}/lines" fsync => true {line} }} }}""",
        "spilled": beats("spilled") + f""" output {{ tcp {{ id => "sink" host => "127.0.0.1" port => {sink.port} {line}
            reconnect_interval => 1 when_full => spill }} }}""",
        "letters": beats("letters") + " filter { if [n] > 3 { mutate { } } } output { null { } }",
        "copied": f"""input {{ file {{ path => "{folder.file("source")}" start_position => beginning stat_interval => "10 ms"
            sincedb_write_interval => "20 ms" }} }} output {{ file {{ path => "{disk.path}/copied" fsync => true {line} }} }}""",
    }

def settings(texts):
    more = {"queued": "  queue.type: persisted\n  queue.max_bytes: 64mb\n  queue.page_capacity: 1mb\n", "letters": "  dead_letter_queue.enable: true\n"}
    return "".join(f"- pipeline.id: {name}\n  pipeline.workers: 1\n{more.get(name, '')}  config.string: |\n    " +
                   text.replace("\n", "\n    ") + "\n" for name, text in texts.items())

def synced(tailrace):
    """Of this life; None when it does not answer."""
    try:
        return tailrace.json("/_node/stats/pipelines")["pipelines"]["queued"]["queue"]["log"]["synced_events"]
    except OSError:
        return None

class Audit:
    """What was promised in all lives, and what came of it."""
    def __init__(self, folder, disk):
        self.folder, self.disk = folder, disk
        self.promised = {name: set() for name in ("queued",) + BEATS}
        self.early = set()  # of `written`, that are not there when the disk comes up
    def promise(self, load, first, count):
        self.promised["queued"].update(range(first, first + count))
        for name in BEATS:
            self.promised[name].update(load.acked[name])
    def look(self, load):
        """Files of an output that syncs: at once, before the program starts again."""
        parts = os.path.join(self.disk.path, "written")
        there = set()
        for part in os.listdir(parts) if os.path.isdir(parts) else ():
            there |= numbers(os.path.join(parts, part, "lines"))
            shutil.rmtree(os.path.join(parts, part))
        self.early |= set(load.acked["written"]) - there
    def letters(self):
        done = subprocess.run([PROGRAM, "dlq", "show", "letters", "--json", "--path.data", os.path.join(self.disk.path, "data"),
                               "--path.settings", self.folder.file("settings")], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr)
        return {json.loads(line)["event"]["i"] for line in done.stdout.splitlines()}
    def say(self, name, found):
        lost = sorted(self.promised[name] - found)
        ok(not lost, f"{name}: {len(self.promised[name])} promised, {len(lost)} lost {lost[:5]}")

def life(tailrace, ports, source, audit, draw, first):
    """One life under load, and its end."""
    load = Load(ports, source, first)
    until, count = time.monotonic() + draw.uniform(0.02, 0.6), 0
    while time.monotonic() < until:
        count = synced(tailrace) or count
    # promises count until the power goes: an fdatasync that is under way then may answer 0 for what is not there, but in
    # a real loss nobody would hear it
    promised = {name: list(acked) for name, acked in load.acked.items()}
    audit.disk.lose_power(draw.choice((LOG_FLUSHED, LOG_LOST)))
    lives_until = time.monotonic() + draw.choice((0, 0, 0.1))
    wait(lambda: time.monotonic() >= lives_until, 5, "in some lives the program meets the dead disk")
    tailrace.kill()
    load.end()
    load.acked = promised
    audit.promise(load, first, count)
    audit.disk.come_up()
    audit.look(load)

def recovers(tailrace, audit, draw):
    """The power goes again while the program starts."""
    tailrace.start(wait_ready=False)
    due = time.monotonic() + draw.uniform(0, 0.2)
    wait(lambda: time.monotonic() >= due, 5, "a start that is not through")
    audit.disk.lose_power(draw.choice((LOG_FLUSHED, LOG_LOST)))
    tailrace.kill()
    audit.disk.come_up()

def main():
    draw = random.Random(SEED)
    print(f"seed {SEED}, {LOSSES} losses of power")
    with Folder() as folder, Disk(folder) as disk:
        sink, source, audit = Sink(), Source(folder.file("source")), Audit(folder, disk)
        ports = {name: free_port() for name in ("queued",) + BEATS}
        folder.write("settings/pipelines.yml", settings(configs(ports, folder, disk, sink)))
        tailrace = Tailrace(folder, arguments=["--path.data", os.path.join(disk.path, "data")], wait_ready=False)
        with tailrace:
            wait(tailrace.is_ready, 30, "ready")
            for i in range(LOSSES):
                (sink.close if i % 2 == 0 else sink.open)()
                life(tailrace, ports, source, audit, draw, (i + 1) * 10000000)
                if i % 3 == 2:
                    recovers(tailrace, audit, draw)
                tailrace.start()
            sink.close()
            sink.open()
            ends(tailrace, folder, disk, sink, source, audit, ports)

def ends(tailrace, folder, disk, sink, source, audit, ports):
    fresh = 9000000000
    source.give(1)
    send(ports["queued"], f"{fresh} {TEXT}\n".encode())
    for name in BEATS:
        with Shipper(ports[name]) as shipper:
            shipper.send_events([{"message": f"{fresh} {TEXT}", "i": fresh, "n": "text"}])
            ok(shipper.acked(1), f"{name}: a fresh event is acknowledged")
        audit.promised[name].add(fresh)
    ok(not audit.early, f"written: {len(audit.promised['written']) - 1} acknowledged, {len(audit.early)} not in their file when the disk came up")
    audit.promised["written"] = {fresh}
    audit.promised["queued"].add(fresh)
    wait(lambda: any(data.endswith(f"{fresh} {TEXT}\n".encode()) for data in sink.data), 60, "spilled: a fresh event at the sink")
    wait(lambda: ends_with(folder.file("queued"), fresh), 60, "queued: a fresh event")
    wait(lambda: ends_with(os.path.join(disk.path, "copied"), source.next - 1), 60, "copied: a fresh event")
    wait(lambda: tailrace.books()["in_flight"] == 0, 60, "nothing in flight")
    for name in ("queued", *BEATS, "copied"):
        ok(tailrace.books_balance(pipeline=name), f"{name}: the books balance")
    audit.say("queued", numbers(folder.file("queued")))
    audit.say("written", numbers(f"{disk.path}/written/{fresh // 200}/lines"))
    audit.say("letters", audit.letters())
    spilled = sink.numbers()
    audit.say("spilled", set(spilled))
    firsts = list(dict.fromkeys(spilled))
    ok(firsts == sorted(firsts), f"spilled: in order, {len(spilled) - len(firsts)} twice")
    lost = set(range(source.next)) - numbers(os.path.join(disk.path, "copied"))
    ok(not lost, f"copied: {source.next} lines, {len(lost)} lost {sorted(lost)[:5]}")
    ok("queue.lost" not in tailrace.log() and "checkpoint_lost" not in tailrace.log(), "no promised record is damaged")
    ok(tailrace.stop() == 0, "stops")

main()
finish()
