#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A burst of ten times the usual load (60 s of it in `./test long`) in front of an output that takes four and a half times
the usual load at most. From shippers that wait for acknowledgements: they hold the burst, and the tier says that it is
paused. Over TCP with `queue.type: persisted`: the disk holds it, and the source is not kept waiting. In both nothing is
lost, nothing comes twice, the order stays, memory does not grow, and all of it is through in less than twice the burst's
time after its end. waits: yes"""
import select
from support_lumberjack import *
from support import *

USUAL, TIMES, TAKEN = 2000, 10, 9000  # events a second: usual, of the burst (times usual), the output's most
BURST = choose(1, 2, 60)              # seconds
TICK = 0.02
LENGTH = choose(2000, 2000, 500)        # bytes of an event at the output: more than lanes and sockets hold
BULK, WINDOWS_OPEN = 1024, 16         # events of a window at most, windows sent and not acknowledged: of some shippers
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

def message(n):
    return f"{n:012d} " + "x" * (LENGTH - 14)

class Load(threading.Thread):
    """An application that makes so many events a second, whatever the tier does: tokens in a bucket without a lid. They are
    behind until send() says that they are gone for good."""
    def __init__(self):
        super().__init__(daemon=True)
        self.gone, self.behind_most, self.goes = 0, 0, True
        self.base, self.since, self.speed = 0.0, time.monotonic(), USUAL
    def made(self):
        return int(self.base + (time.monotonic() - self.since) * self.speed)
    def pace(self, speed):
        now = time.monotonic()
        self.base, self.since, self.speed = self.base + (now - self.since) * self.speed, now, speed
    def run(self):
        pace = Pace(TICK)
        while self.goes or self.gone < self.made():
            pace.turn()
            self.send()
            self.behind_most = max(self.behind_most, self.made() - self.gone)
    def stop(self):
        self.pace(0)
        self.goes = False
        self.join(60)

class Beats(Load):
    def __init__(self, port):
        super().__init__()
        self.shipper, self.sent, self.open = Shipper(port), 0, []
    def window(self):
        count = min(self.made() - self.sent, BULK)
        self.shipper.send_events([{"message": message(n)} for n in range(self.sent, self.sent + count)], seals=False)
        self.sent += count
        self.open.append((self.sent, count))
    def send(self):
        while self.open and self.shipper.has_ack():
            last, count = self.open[0]
            if self.shipper.ack()[1] == count:
                self.gone = last
                self.open.pop(0)
        while len(self.open) < WINDOWS_OPEN and self.sent < self.made():
            self.window()

class Tcp(Load):
    def __init__(self, port):
        super().__init__()
        self.socket, self.rest = socket.create_connection(("127.0.0.1", port)), b""
        self.socket.setblocking(False)
    def send(self):
        while self.rest or self.gone < self.made():
            if not self.rest:
                count = min(self.made() - self.gone, BULK)
                self.rest = "".join(message(n) + "\n" for n in range(self.gone, self.gone + count)).encode()
                self.gone += count
            try:
                self.rest = self.rest[self.socket.send(self.rest):]
            except BlockingIOError:
                return

def config(port, sink, plugin):
    return f"""
        input {{ {plugin} {{ id => "in" port => {port} host => "127.0.0.1" }} }}
        filter {{ grok {{ match => {{ "message" => "^%{{INT:n:int}} %{{WORD:x}}" }} }} }}
        output {{ tcp {{ id => "slow" host => "127.0.0.1" port => {sink.port} codec => line {{ format => "%{{message}}" }} }} }}"""

def elapses(seconds):
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() >= end, seconds + 10, "the time")

def burst(folder, plugin, source, settings):
    port, sink = free_port(), Sink()
    with Tailrace(folder, config(port, sink, plugin), ["-w", "1", *settings], name=plugin) as tailrace:
        load = source(port)
        load.start()
        wait(lambda: sink.count > USUAL, 30, "the usual load passes")
        paused, begun = tailrace.metric("tailrace_paused_seconds_total"), time.monotonic()
        load.pace(USUAL * TIMES)
        elapses(BURST)
        load.pace(USUAL)
        ended = time.monotonic()
        paused = tailrace.metric("tailrace_paused_seconds_total") - paused
        queued, resident, behind = tailrace.metric("tailrace_queue_events") or 0, tailrace.resident_kb(), load.made() - sink.count
        wait(lambda: load.made() - sink.count < USUAL * 0.5, 3 * BURST + 30, "the burst is through")
        through = time.monotonic() - ended
        load.stop()
        total = load.made()
        wait(lambda: sink.count == total, 30, f"all {total} are there, {sink.count} are")
        print(f"   {plugin}: {total} events, a burst of {ended - begun:.1f} s, {behind:,.0f} behind at its end, {queued:,.0f} of them on "
              f"disk; through {through:.1f} s later; {load.behind_most:,} at the source at most; paused {paused:.1f} s; {resident} KiB")
        ok(sink.is_in_order and sink.count == load.gone == total, f"{plugin}: each event came once, in order")
        ok(through < 2 * BURST, f"{plugin}: through in less than twice the burst's time")
        ok(resident < RESIDENT_MAX_KB, f"{plugin}: memory does not grow")
        if settings:
            ok(queued > behind / 2, f"{plugin}: the disk holds the burst")
            ok(load.behind_most < behind / 2, f"{plugin}: the source does not wait")
            wait(lambda: tailrace.metric("tailrace_queue_events") == 0, 20, "an empty queue")
        else:
            ok(paused > BURST * 0.2, f"{plugin}: the tier says that it was paused")
            ok(load.behind_most > behind / 2, f"{plugin}: the shippers hold the burst")
        wait(tailrace.books_balance, 20, "balanced books")
        ok(tailrace.stop() == 0, "stops")

with Folder() as folder:
    burst(folder, "beats", Beats, [])
    burst(folder, "tcp", Tcp, ["-S", "queue.type=persisted", "-S", "queue.max_bytes=8gb"])
finish()
