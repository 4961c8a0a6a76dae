# SPDX-License-Identifier: Apache-2.0
"""Many connections: 5,000 open, 100 of them busy, some of those writing byte by byte; every line arrives
once, in the order of its connection, and an idle connection costs little."""
import resource, select
from support import *

OPEN, BUSY, BYTEWISE = choose(500, 5000, 5000), 100, 20
LINES = choose(50, 200, 1000)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < OPEN + 500:
    skip(f"needs {OPEN + 500} descriptors, has {hard}")
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

with Folder() as folder:
    port, out = free_port(), folder.file("out.txt")
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ file {{ path => "{out}" codec => line {{ format => "%{{message}}" }} }} }}""") as tailrace:
        send(port, b"warm up\n")
        wait(lambda: count_lines(out) == 1, 10, "the first line")
        before = tailrace.resident_kb()
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(OPEN)]
        for s in connections:
            s.sendall(b"")
        # the last one's line is read only after all before it were accepted
        connections[-1].sendall(b"accepted\n")
        wait(lambda: count_lines(out) == 2, 30, "all accepted")
        each = (tailrace.resident_kb() - before) * 1024 / OPEN
        ok(each < 4096, f"{OPEN} connections open, {each:.0f} bytes each")
        busy = connections[:BUSY]
        for n in range(LINES):
            for i, s in enumerate(busy):
                line = b"c%d n%d\n" % (i, n)
                if i < BYTEWISE:
                    for byte in line:
                        s.sendall(bytes([byte]))
                else:
                    s.sendall(line)
        busy[0].sendall(b"half")
        wait(lambda: count_lines(out) == 2 + BUSY * LINES, 60, f"{BUSY * LINES} lines of {BUSY} connections")
        for s in connections:
            s.close()
        wait(lambda: count_lines(out) == 3 + BUSY * LINES, 30, "the half line of a closed connection")
        lines = [l.decode() for l in lines_of(out)]
        ok(lines[-1] == "half", "it is the last")
        seen = {}
        for line in lines[2:-1]:
            connection, number = line.split()
            seen.setdefault(connection, []).append(int(number[1:]))
        ok(len(seen) == BUSY and all(v == list(range(LINES)) for v in seen.values()),
           "every line once, in the order of its connection")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.books()["received"] == 3 + BUSY * LINES, "the books agree")
        ok(tailrace.stop() == 0, "a clean end")
finish()
