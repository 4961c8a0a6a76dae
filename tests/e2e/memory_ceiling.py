#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two dozen pipelines, together allowed many times what the machine gives, and none of their outputs reads. The
process stays below its ceiling: memory.limit, or four fifths of the cgroup's limit; everything comes once the
outputs read again."""
import zlib
from support import *

PIPELINES, LINES = 24, choose(12000, 12000, 30000)
CEILING = 76 * 1024  # KiB
TEXT = "x" * 900

ENTRY = """
- pipeline.id: p%(n)d
  config.string: |
    input { tcp { port => %(port)d host => "127.0.0.1" codec => line } }
    output { tcp { host => "127.0.0.1" port => %(sink)d codec => line { format => "%%{message}" } } }
"""

def line(pipeline, number):
    return "%d %d %08x %s\n" % (pipeline, number, zlib.crc32(b"%d" % number), TEXT)

class Sink(threading.Thread):
    """Reads nothing before it may."""
    def __init__(self):
        super().__init__(daemon=True)
        self.listener, self.data = socket.socket(), []
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.start()
    def run(self):
        connection, _ = self.listener.accept()
        may_read.wait()
        while chunk := connection.recv(1 << 20):
            self.data.append(chunk)
    def numbers(self):
        return [int(l.split()[1]) for l in b"".join(self.data).splitlines()]

def load(pipeline, port):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        for first in range(0, LINES, 100):
            s.sendall("".join(line(pipeline, n) for n in range(first, first + 100)).encode())

def peak_kb(tailrace):
    return int(next(l.split()[1] for l in open(f"/proc/{tailrace.process.pid}/status") if l.startswith("VmHWM:")))

def run(folder, arguments, prefix=()):
    global may_read
    may_read = threading.Event()
    sinks, ports = [Sink() for _ in range(PIPELINES)], [free_port() for _ in range(PIPELINES)]
    folder.write("settings/pipelines.yml", "".join(ENTRY % dict(n=i, port=ports[i], sink=sinks[i].port) for i in range(PIPELINES)))
    with Tailrace(folder, None, arguments, prefix=prefix) as tailrace:
        senders = [threading.Thread(target=load, args=(i, p), daemon=True) for i, p in enumerate(ports)]
        for sender in senders:
            sender.start()
        wait(lambda: tailrace.metric("tailrace_paused") > PIPELINES / 2, 60, "pipelines pause")
        wait(lambda: "(memory.limit)" in tailrace.log(), 10, "the log says that the ceiling is the reason")
        used, limit = tailrace.metric("tailrace_process_memory_bytes"), tailrace.metric("tailrace_process_memory_limit_bytes")
        ok(abs(limit / 1024 / CEILING - 7 / 8) < 0.001, f"the bound is {limit / 2**20:.1f} MiB, {used / 2**20:.1f} are used")
        ok(any(s.is_alive() for s in senders), "senders are held back")
        may_read.set()
        for sender in senders:
            sender.join(120)
        wait(lambda: tailrace.books()["delivered"] == PIPELINES * LINES, 120, "everything delivered")
        ok(tailrace.books_balance(), "the books balance")
        peak = peak_kb(tailrace)
        ok(peak < CEILING, f"at most {peak / 1024:.1f} MiB were resident, {CEILING / 1024:.0f} allowed")
        ok(tailrace.stop() == 0, "stops with 0")
        for sink in sinks:
            sink.join(30)
        ok(all(s.numbers() == list(range(LINES)) for s in sinks), f"{PIPELINES} times {LINES} lines, each once, in order")

with Folder() as folder:
    run(folder, ("-S", f"memory.limit={CEILING}kb"))

GROUP = f"/sys/fs/cgroup/memory/tailrace-test-{os.getpid()}"
try:
    os.mkdir(GROUP)
    open(f"{GROUP}/memory.limit_in_bytes", "w").write(str(CEILING * 1024 * 5 // 4))
except OSError as error:
    print("skipped: a memory cgroup of version 1 cannot be made here:", error)
    finish()
try:
    with Folder() as folder:
        run(folder, (), ("sh", "-c", f'echo $$ > {GROUP}/cgroup.procs && exec "$@"', "in-cgroup"))
    ok("oom_kill 0" in open(f"{GROUP}/memory.oom_control").read(), "nothing was killed for memory")
finally:
    os.rmdir(GROUP)
finish()
