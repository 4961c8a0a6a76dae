# SPDX-License-Identifier: Apache-2.0
"""SIGTERM while an output is stuck and connections hold bytes that the pause kept from being read. When the sink
reads again, every byte that had arrived is delivered, half lines too, and the end is clean; when it never does,
shutdown.timeout ends the program in time, which says how many events were left.
waits: yes"""
import re
from support import *

CONNECTIONS = 400  # with what one socket buffer holds each: together more than an output holds
RECORDS, TEXT = 400, "x" * 100
LIMIT = choose(2, 6, 6)  # seconds; 6 is no multiple of the interval of reports

class Sink:
    """Reads nothing before it is told to."""
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port, self.may_read, self.data = self.listener.getsockname()[1], threading.Event(), []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
    def run(self):
        connection, _ = self.listener.accept()
        self.may_read.wait()
        while chunk := connection.recv(1 << 20):
            self.data.append(chunk)

def stuck(folder, sink, *arguments):
    port = free_port()
    tailrace = Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ host => "127.0.0.1" port => {sink.port} codec => line {{ format => "%{{message}}" }} }} }}""",
                        arguments)
    senders = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for i, s in enumerate(senders):
        s.sendall("".join(f"c{i} {n} {TEXT}\n" for n in range(RECORDS)).encode() + b"half %d" % i)
    wait(lambda: tailrace.metric("tailrace_paused") == 1, 20, "the inputs pause")
    received = tailrace.metric("tailrace_events_total", state="received")
    ok(received < CONNECTIONS * RECORDS, f"{received:.0f} of {CONNECTIONS * RECORDS} records read, the others held back")
    tailrace.process.send_signal(signal.SIGTERM)
    wait(lambda: "stop.signal" in tailrace.log() and not can_connect(port), 10, "inputs stop")
    return tailrace, senders

with Folder() as folder:
    sink = Sink()
    tailrace, senders = stuck(folder, sink)
    with tailrace:
        ok(tailrace.process.poll() is None, "it waits for the output")
        sink.may_read.set()
        try:
            code = tailrace.process.wait(30)
        except subprocess.TimeoutExpired:
            code = "none within 30 s"
            print(tailrace.log()[-2000:])
        ok(code == 0, f"a clean end once the sink reads (exit code {code})")
    sink.thread.join(10)
    seen, halves = {}, set()
    for line in b"".join(sink.data).decode().splitlines():
        name, number, *text = line.split()
        if name == "half":
            halves.add(int(number))
        else:
            seen.setdefault(name, []).append(int(number) if text == [TEXT] else None)
    lost = CONNECTIONS * RECORDS - sum(map(len, seen.values()))
    ok(lost == 0, f"{lost} records lost of {CONNECTIONS * RECORDS}")
    ok(all(numbers == list(range(len(numbers))) for numbers in seen.values()), "each once, unaltered, in order")
    ok(halves == set(range(CONNECTIONS)), f"{len(halves)} of {CONNECTIONS} half lines")

with Folder() as folder:
    begun = time.monotonic()
    tailrace, senders = stuck(folder, Sink(), "--shutdown.timeout", f"{LIMIT}s")
    with tailrace:
        begun, left = time.monotonic(), tailrace.books()["in_flight"]
        try:
            code = tailrace.process.wait(LIMIT + 30)
        except subprocess.TimeoutExpired:
            code = "none"
        took = time.monotonic() - begun
        ok(code == 1 and LIMIT - 1.5 < took < LIMIT + 1, f"exit code {code} after {took:.1f} s of {LIMIT}")
        said = re.search(r"not drained within shutdown.timeout: (\d+) events", tailrace.log())
        ok(said and int(said[1]) == left, f"it says how many were left: {said and said[1]} of {left:.0f}")
finish()
