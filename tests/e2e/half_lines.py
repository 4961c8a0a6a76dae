# SPDX-License-Identifier: Apache-2.0
"""Thousands of half lines and a small pipeline.memory: they may fill a quarter of it, beyond that the largest is
cut, tagged and counted, and nobody is locked out: whole lines go on arriving, and every half line's next."""
import resource
from support import *

OPEN = choose(2000, 10000, 15000)
LARGE, SMALL = 300000, choose(5000, 1000, 1000)  # bytes; OPEN * SMALL is twice the quarter
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < OPEN + 500:
    skip(f"needs {OPEN + 500} descriptors, has {hard}")
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

with Folder() as folder:
    port, out = free_port(), folder.file("out.json")
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line ecs_compatibility => disabled }} }}
        filter {{ mutate {{ remove_field => ["host", "port", "@version", "@timestamp"] }} }}
        output {{ file {{ path => "{out}" codec => json_lines }} }}""", ("-S", "pipeline.memory=16mb")) as tailrace:
        def received():
            return tailrace.metric("tailrace_events_total", state="received")
        def is_read(text):
            send(port, text + b"\n")  # behind all that was sent before: a worker reads in turns
            wait(lambda: text in open(out, "rb").read() if os.path.exists(out) else False, 30, f"{text} is read")
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(OPEN)]
        connections[0].sendall(b"large " + b"x" * LARGE)
        for i, s in enumerate(connections[1:], 1):
            s.sendall(b"half %d " % i + b"y" * SMALL)
        is_read(b"whole line")
        wait(lambda: tailrace.metric("component_cut_frames_total") > 0, 10, "cuts are counted")
        ok(tailrace.metric("tailrace_paused") == 0, "the inputs are not paused")
        used, limit = tailrace.metric("tailrace_memory_bytes"), tailrace.metric("tailrace_memory_limit_bytes")
        ok(used < limit, f"{used / 2**20:.1f} of {limit / 2**20:.1f} MiB are used")
        for i, s in enumerate(connections):
            s.sendall(b" end\nnext %d\n" % i)
        wait(lambda: received() == 2 * OPEN + 1, 60, f"two lines of each of {OPEN} connections")
        wait(lambda: count_lines(out) == 2 * OPEN + 1, 30, "all are written")
        cuts = tailrace.metric("component_cut_frames_total")
        events = [json.loads(line) for line in lines_of(out)]
        cut = [e["message"] for e in events if e.get("tags") == ["_line_cut"]]
        ok(cut and len(cut) == cuts, f"{len(cut)} lines are tagged, {cuts:.0f} counted")
        ok(cut[0].startswith("large x"), "the largest was cut first")
        whole = [e["message"] for e in events if "tags" not in e]
        ok({m for m in whole if m.startswith("next")} == {f"next {i}" for i in range(OPEN)}, "the next line of each arrives")
        ok(all(m == f"half {m.split()[1]} " + "y" * SMALL + " end" for m in whole if m.startswith("half")),
           f"{sum(m.startswith('half') for m in whole)} half lines were completed")
        ok(all(m == f"half {m.split()[1]} " + "y" * (len(m) - len(f"half {m.split()[1]} ")) for m in cut[1:]),
           "what was cut is the beginning of its line")
        ok("unfinished lines fill a quarter of pipeline.memory" in tailrace.log(), "the log says it")
        wait(tailrace.books_balance, 10, "balanced books")
        for s in connections:
            s.close()
        ok(tailrace.stop() == 0, "a clean end")
finish()
