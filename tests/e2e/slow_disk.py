#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that answers no sync for a while: the queue's senders wait and memory stays, a member of a Kafka group keeps its
partitions, a pipeline that needs no sync goes on, the API answers; then all of it comes, once. A sync that fails: what
it had not written is written again. The syncs are held up by a shim in front of fdatasync and fsync.
waits: yes"""
from support_kafka import *

STALL = float(os.environ.get("TAILRACE_STALL", choose(13, 13, 120)))  # longer than max_poll_interval_ms
RATE = 500                                                           # Kafka records a second
LINES = int(max(STALL, 20) * 20000)                                  # more than the queue takes while it is stalled

SHIM = r"""
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int held(long call, int fd)
{
    const char *stall = getenv("STALL"), *fail = getenv("FAIL");
    while (stall && access(stall, F_OK) == 0) poll(NULL, 0, 10);
    if (fail && unlink(fail) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}
int fdatasync(int fd) { return held(SYS_fdatasync, fd); }
int fsync(int fd) { return held(SYS_fsync, fd); }
"""

PIPELINES = """
- pipeline.id: queued
  queue.type: persisted
  config.string: |
    input { tcp { port => %(queued)d host => "127.0.0.1" } }
    output { file { path => "%(folder)s/queued.out" %(line)s } }
- pipeline.id: kafka
  config.string: |
    input { kafka { bootstrap_servers => "%(address)s" topics => ["in"] group_id => "g" auto_offset_reset => "earliest"
                    auto_commit_interval_ms => 500 max_poll_interval_ms => 10000 session_timeout_ms => 6000 } }
    output { file { path => "%(folder)s/kafka.out" fsync => true %(line)s } }
- pipeline.id: free
  config.string: |
    input { tcp { port => %(free)d host => "127.0.0.1" } }
    output { file { path => "%(folder)s/free.out" %(line)s } }
"""
LINE = 'codec => line { format => "%{message}" }'

def shim(folder):
    """The environment of a program whose syncs can be held up and made to fail."""
    source, library = folder.write("shim.c", SHIM), folder.file("shim.so")
    if subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], capture_output=True).returncode:
        skip("no C compiler for the shim")
    return {"LD_PRELOAD": library, "STALL": folder.file("stall"), "FAIL": folder.file("fail")}

def failing_sync():
    """The system tells of a failed write-back once and then takes the bytes for written."""
    with Folder() as folder:
        port, out = free_port(), folder.file("out")
        config = f'input {{ tcp {{ port => {port} host => "127.0.0.1" }} }} output {{ file {{ path => "{out}" fsync => true {LINE} }} }}'
        with Tailrace(folder, config, environment=shim(folder)) as tailrace:
            folder.write("fail", "")
            send(port, b"first\n")
            wait(lambda: tailrace.books()["delivered"] == 1, 20, "the first line is delivered")
            ok(lines_of(out) == [b"first", b"first"], "what a failed sync was to write is written again")
            ok("file.write" in tailrace.log() and "file.resumed" in tailrace.log(), "and it is told")
            send(port, b"second\n")
            wait(lambda: lines_of(out)[2:] == [b"second"], 20, "a fresh line, once")
            wait(tailrace.books_balance, 10, "balanced books")
            ok(tailrace.stop() == 0, "stops with 0")

class Lag(threading.Thread):
    """100 lines a second to the pipeline that needs no sync; how long each is on its way at most."""
    def __init__(self, port, out):
        super().__init__(daemon=True)
        self.port, self.out, self.count, self.worst, self.ended = port, out, 0, 0, False
    def run(self):
        pace = Pace(0.01)
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            while not self.ended:
                begun = time.monotonic()
                s.sendall(b"%d\n" % self.count)
                self.count += 1
                wait(lambda: count_lines(self.out) == self.count, 30, "a line of the free pipeline")
                self.worst = max(self.worst, time.monotonic() - begun)
                pace.turn()

def load(port):
    with socket.create_connection(("127.0.0.1", port)) as s:
        for first in range(0, LINES, 1000):
            s.sendall(b"".join(b"%d %s\n" % (i, b"x" * 200) for i in range(first, first + 1000)))

def members(broker):
    return broker.admin("group", "g", check=False)

def during(tailrace, seconds):
    """(highest resident memory in KiB, longest time for an answer of the API) while the time passes."""
    begun, memory, slowest = time.monotonic(), 0, 0
    while time.monotonic() < begun + seconds:
        asked = time.monotonic()
        tailrace.metrics()
        slowest = max(slowest, time.monotonic() - asked)
        memory = max(memory, tailrace.resident_kb())
        Pace(0.1).turn()
    return memory, slowest

def stall(tailrace, folder, broker, ports):
    """The disk stands still under load; the numbers of what was sent."""
    group = members(broker)
    sent = records(int(STALL * RATE) // 3 * 3, 3)
    lag = Lag(ports["free"], folder.file("free.out"))
    folder.write("stall", "")
    feeder = Feeder(broker, "in", sent, RATE)
    sender = threading.Thread(target=load, args=(ports["queued"],), daemon=True)
    sender.start()
    lag.start()
    memory, slowest = during(tailrace, STALL)
    delivered = count_lines(folder.file("queued.out"))
    ok(delivered == 0, "nothing leaves the queue that is not synced")
    ok(members(broker) == group, "the same member of the group holds the same partitions")
    ok(memory < 160000, f"memory stays: {memory} KiB at most")
    ok(slowest < 5, f"the API answers within {slowest:.2f} s")
    ok(lag.count > 0 and lag.worst < 5, f"the pipeline that needs no sync goes on: {lag.count} lines, the slowest {lag.worst:.2f} s")
    os.unlink(folder.file("stall"))
    lag.ended = True
    for thread in (lag, sender):
        thread.join(120)
    wait(feeder.is_done, 60, "Kafka has all records")
    return sent, lag.count

def main():
    with Folder() as folder, Broker(folder) as broker:
        broker.topic("in", 3)
        ports = {"queued": free_port(), "free": free_port()}
        folder.write("settings/pipelines.yml", PIPELINES % dict(ports, folder=folder.path, address=broker.address, line=LINE))
        with Tailrace(folder, None, ["-S", "pipeline.memory=8mb", "-w", "1"], environment=shim(folder)) as tailrace:
            wait(lambda: "kafka.assigned" in tailrace.log(), 30, "partitions are assigned")
            sent, free = stall(tailrace, folder, broker, ports)
            count = sum(map(len, sent.values()))
            wait(lambda: count_lines(folder.file("queued.out")) == LINES, 120, "all lines of the queue")
            wait(lambda: broker.committed("g") == count, 60, "all records committed")
            numbers = [int(line.split()[0]) for line in lines_of(folder.file("queued.out"))]
            ok(numbers == list(range(LINES)), f"the queue: {LINES} lines in order, none twice")
            got = [line.decode() for line in lines_of(folder.file("kafka.out"))]
            ok(sorted(got) == sorted(line for part in sent.values() for line in part), f"Kafka: {count} records, none twice")
            for part in sent.values():
                mine = set(part)
                ok([line for line in got if line in mine] == part, "in the order of their partition")
            ok(tailrace.log().count("kafka.assigned") == 1 and "kafka.revoked" not in tailrace.log(), "no rebalance")
            ok(count_lines(folder.file("free.out")) == free, "all lines of the pipeline that needs no sync")
            for name in ("queued", "free"):
                send(ports[name], b"fresh\n")
                wait(lambda: lines_of(folder.file(name + ".out"))[-1] == b"fresh", 20, f"{name}: a fresh line")
            produce(broker, "in", {0: ["fresh"]})
            wait(lambda: lines_of(folder.file("kafka.out"))[-1] == b"fresh", 20, "kafka: a fresh record")
            wait(lambda: tailrace.books()["in_flight"] == 0, 30, "nothing in flight")
            for name in ("queued", "kafka", "free"):
                ok(tailrace.books_balance(pipeline=name), f"{name}: the books balance")
            ok(tailrace.stop() == 0, "stops with 0")

failing_sync()
main()
finish()
