#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A burst of ten times the usual load (60 s of it in `./test long`) from a shipper that waits for its acknowledgements, in
front of an output that takes four and a half times the usual load at most. Without a queue the shipper holds the burst and
the tier says that it is paused; with `queue.type: persisted` the disk holds it and the shipper is not kept waiting. In both
nothing is lost, nothing comes twice, the order stays, memory does not grow, and all of it is through in less than twice
the burst's time after its end. waits: yes"""
import select
from support_lumberjack import *
from support import *

USUAL, TIMES, TAKEN = 2000, 10, 9000  # events a second: usual, of the burst (times usual), the output's most
BURST = choose(1, 2, 60)              # seconds
TICK = 0.02
LENGTH = 200                          # bytes of an event at the output
BULK, WINDOWS_OPEN = 1024, 2          # events of a window at most, windows sent and not acknowledged: as shippers do it
RESIDENT_MAX_KB = 64 << 10

class Sink:
    """Takes TAKEN events a second at most, and no more in advance than its small buffer."""
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port, self.count, self.is_in_order = self.listener.getsockname()[1], 0, True
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        peer, pace, data = self.listener.accept()[0], Pace(TICK), b""
        with peer:
            while True:
                pace.turn()
                wanted = int(TAKEN * TICK) * LENGTH
                while len(data) < wanted:
                    more = peer.recv(wanted - len(data), socket.MSG_DONTWAIT) if select.select([peer], [], [], 0)[0] else None
                    if more == b"":
                        return
                    if more is None:
                        break
                    data += more
                whole = len(data) // LENGTH
                for i in range(whole):
                    self.is_in_order &= int(data[i * LENGTH:i * LENGTH + 12]) == self.count + i
                self.count += whole
                data = data[whole * LENGTH:]

class Load(threading.Thread):
    """A shipper whose application makes `rate` events a second, whatever the tier does: tokens in a bucket without a lid."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.shipper, self.rate, self.made, self.sent, self.acked = Shipper(port), USUAL, 0.0, 0, 0
        self.open, self.backlog_most, self.latency_most = [], 0, 0.0
        self.tail, self.goes = "x" * (LENGTH - 14), True
    def window(self):
        count = min(int(self.made) - self.sent, BULK)
        self.shipper.send_events([{"message": f"{n:012d} {self.tail}"} for n in range(self.sent, self.sent + count)], seals=False)
        self.sent += count
        self.open.append((self.sent, count, time.monotonic()))
    def acknowledged(self):
        while self.open and select.select([self.shipper.socket], [], [], 0)[0]:
            last, count, since = self.open[0]
            if self.shipper.ack()[1] == count:
                self.acked = last
                self.latency_most = max(self.latency_most, time.monotonic() - since)
                self.open.pop(0)
    def run(self):
        pace, before = Pace(TICK), time.monotonic()
        while self.goes or self.acked < int(self.made):
            pace.turn()
            now = time.monotonic()
            if self.goes:
                self.made += self.rate * (now - before)
            before = now
            self.acknowledged()
            while len(self.open) < WINDOWS_OPEN and self.sent < int(self.made):
                self.window()
            self.backlog_most = max(self.backlog_most, int(self.made) - self.acked)
    def stop(self):
        self.goes = False
        self.join(60)

def config(port, sink):
    return f"""
        input {{ beats {{ id => "beats" port => {port} host => "127.0.0.1" }} }}
        filter {{ grok {{ match => {{ "message" => "^%{{INT:n:int}} %{{WORD:x}}" }} }} }}
        output {{ tcp {{ id => "slow" host => "127.0.0.1" port => {sink.port} codec => line {{ format => "%{{message}}" }} }} }}"""

def elapses(seconds):
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() >= end, seconds + 10, "the time")

def burst(folder, name, settings):
    port, sink = free_port(), Sink()
    with Tailrace(folder, config(port, sink), ["-w", "1", *settings], name=name) as tailrace:
        load = Load(port)
        load.start()
        wait(lambda: sink.count > USUAL, 30, "the usual load passes")
        paused, begun = tailrace.metric("tailrace_paused_seconds_total"), time.monotonic()
        load.rate = USUAL * TIMES
        elapses(BURST)
        load.rate, ended = USUAL, time.monotonic()
        paused = tailrace.metric("tailrace_paused_seconds_total") - paused
        queued, resident = tailrace.metric("tailrace_queue_events") or 0, tailrace.resident_kb()
        behind = load.made - sink.count
        wait(lambda: load.made - sink.count < USUAL * 0.5, 3 * BURST + 30, "the burst is through")
        through = time.monotonic() - ended
        load.stop()
        total = int(load.made)
        wait(lambda: sink.count == total, 30, f"all {total} are there, {sink.count} are")
        print(f"   {name}: {total} events, a burst of {ended - begun:.1f} s, {behind:,.0f} behind at its end, {queued:,.0f} on disk; "
              f"through {through:.1f} s later; most at the shipper {load.backlog_most:,}, acknowledged after {load.latency_most:.2f} s "
              f"at most; paused {paused:.1f} s; {resident} KiB")
        ok(sink.is_in_order and sink.count == load.acked == total, f"{name}: each acknowledged event came once, in order")
        ok(through < 2 * BURST, f"{name}: through in less than twice the burst's time")
        ok(resident < RESIDENT_MAX_KB, f"{name}: memory does not grow")
        if settings:
            ok(queued > (TIMES * USUAL - TAKEN) * BURST * 0.5, f"{name}: the disk holds the burst")
            ok(load.backlog_most < behind / 2, f"{name}: the shipper does not")
            wait(lambda: tailrace.metric("tailrace_queue_events") == 0, 20, "an empty queue")
        else:
            ok(paused > BURST * 0.2, f"{name}: the tier says that it was paused")
            ok(load.backlog_most > behind / 2, f"{name}: the shipper holds the burst")
        wait(tailrace.books_balance, 20, "balanced books")
        ok(tailrace.stop() == 0, "stops")

with Folder() as folder:
    burst(folder, "memory", [])
    burst(folder, "disk", ["-S", "queue.type=persisted"])
finish()
