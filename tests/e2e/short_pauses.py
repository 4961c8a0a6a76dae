# SPDX-License-Identifier: Apache-2.0
"""Pauses that begin and end within one turn of the loop: an output is full, inputs stop reading, and there is
room again before the turn ends. Every connection that stopped goes on; all records arrive, in order.

First the turn is staged: the output is nearly full, then, while the program is stopped (SIGSTOP), connections
get more than fits and the sink takes what is there. Then a sink that is always a little too slow."""
import select
from support import *

CONNECTIONS, PIECE, TEXT = 40, 40, "x" * 1500
ROUNDS = choose(3, 5, 50)
RECORDS = choose(500, 2000, 50000)  # of each connection, with the slow sink

class Sink:
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port, self.connection, self.rest = self.listener.getsockname()[1], None, b""
        self.numbers, self.lines, self.bad = {}, 0, 0
    def read(self, most, seconds=0):
        """At most so many bytes; false when nothing came."""
        if not self.connection:
            self.connection, _ = self.listener.accept()
        if not select.select([self.connection], [], [], seconds)[0]:
            return False
        *lines, self.rest = (self.rest + self.connection.recv(most)).split(b"\n")
        for line in lines:
            name, number, text = line.decode().split()
            self.bad += text != TEXT or int(number) != self.numbers.get(name, -1) + 1
            self.numbers[name] = int(number)
        self.lines += len(lines)
        return True
    def read_until(self, lines, most, what):
        while self.lines < lines and self.read(most, 30):
            pass
        if self.lines < lines:
            ok(False, f"{what}: {self.lines} of {lines}, then nothing for 30 s")
            finish()

class Sender:
    def __init__(self, port, name):
        self.socket, self.name, self.sent = socket.create_connection(("127.0.0.1", port)), name, 0
    def send(self, count):
        self.socket.sendall("".join(f"{self.name} {n} {TEXT}\n" for n in range(self.sent, self.sent + count)).encode())
        self.sent += count

def staged(tailrace, sink, senders):
    def is_paused():
        return tailrace.metric("tailrace_paused") == 1
    def total():
        return sum(s.sent for s in senders)
    while not is_paused():
        senders[0].send(PIECE)
        wait(lambda: is_paused() or tailrace.metric("tailrace_events_total", state="received") == total(), 10, "the piece is taken")
    while is_paused():
        sink.read(16384)
    wait(lambda: tailrace.metric("tailrace_events_total", state="received") == total(), 10, "the output has taken all")
    tailrace.process.send_signal(signal.SIGSTOP)
    for sender in senders:
        sender.send(PIECE)
    while sink.read(1 << 20, 0.05):
        pass
    tailrace.process.send_signal(signal.SIGCONT)
    sink.read_until(total(), 1 << 20, "all records arrive though the pause was short")

with Folder() as folder:
    sink, port = Sink(), free_port()
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ host => "127.0.0.1" port => {sink.port} codec => line {{ format => "%{{message}}" }} }} }}""",
                  ("-b", "1")) as tailrace:
        senders = [Sender(port, f"c{i}") for i in range(CONNECTIONS)]
        for _ in range(ROUNDS):
            staged(tailrace, sink, senders)
        ok(True, f"{ROUNDS} staged pauses, nothing hangs")
        threads = [threading.Thread(target=sender.send, args=(RECORDS,), daemon=True) for sender in senders]
        staged_total = sink.lines
        for thread in threads:
            thread.start()
        total = staged_total + CONNECTIONS * RECORDS
        sink.read_until(total, 16384, "all records arrive at the slow sink")
        ok(sink.lines == total, f"{total} records arrived, nothing hangs")
        ok(not sink.bad, "each unaltered and in the order of its connection")
        ok(all(sink.numbers[s.name] == s.sent - 1 for s in senders), "of all connections")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "a clean end")
finish()
