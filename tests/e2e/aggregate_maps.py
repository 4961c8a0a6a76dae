#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""aggregate_maps_path: maps of two task_ids are saved at a stop and go on after the next start, with one worker and
with four; a start that fails keeps them; a file that is not sound is refused, and stays. quick: yes"""
import json, os
from support import *

CONFIG = """
input { tcp { port => %(port)d host => "127.0.0.1" codec => json_lines } }
filter {
  if [task] {
    aggregate { id => "sums" task_id => "%%{task}" code => "map['n'] = (map['n'] || 0) + event.get('n'); event.set('sum', map['n'])"
                aggregate_maps_path => "%(maps)s" push_map_as_event_on_timeout => true }
  } else {
    aggregate { id => "others" task_id => "%%{other}" code => "map['seen'] ||= []; map['seen'] << event.get('n'); event.set('seen', map['seen'])" }
  }
}
output { file { path => "%(out)s" codec => json_lines } }
"""

def feed(port, out, rows):
    before = count_lines(out)
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall("".join(json.dumps(row) + "\n" for row in rows).encode())
    wait(lambda: count_lines(out) >= before + len(rows), 10, "events written")
    return [json.loads(line) for line in lines_of(out)][before:]

def goes_on(folder, workers):
    port, out, maps = free_port(), folder.file(f"out{workers}.json"), folder.file(f"maps{workers}")
    config = CONFIG % {"port": port, "out": out, "maps": maps}
    tasks = [{"task": "t%d" % n, "n": n} for n in range(200)]
    with Tailrace(folder, config, ["-w", str(workers)], name=f"maps{workers}") as tailrace:
        feed(port, out, tasks + [{"other": "x", "n": 1}])
        ok(tailrace.stop() == 0 and os.path.getsize(maps) > 200 and os.stat(maps).st_mode & 0o777 == 0o600,
           f"{workers} workers: a stop saves the maps, for the owner alone")
        ok(count_lines(out) == 201, f"{workers} workers: maps that are saved do not become events")
        with socket.create_server(("127.0.0.1", port)):
            tailrace.start(wait_ready=False)
            wait(lambda: tailrace.process.poll() is not None, 10, "the start to fail")
        ok(tailrace.process.returncode != 0 and os.path.exists(maps), f"{workers} workers: a start that fails for another reason keeps them")
        tailrace.start()
        ok(not os.path.exists(maps), f"{workers} workers: the file is gone once it is read")
        got = feed(port, out, tasks + [{"other": "x", "n": 2}])
        ok(sorted(e["sum"] for e in got if "task" in e) == [2 * n for n in range(200)] and
           [e["seen"] for e in got if "other" in e] == [[1, 2]], f"{workers} workers: all maps go on where they were")
        ok(tailrace.books_balance(), f"{workers} workers: the books balance")

def refused(folder):
    maps = folder.file("broken")
    config = CONFIG % {"port": free_port(), "out": folder.file("none.json"), "maps": maps}
    for what, content in (("another file", b"[1, 2]\n"), ("a cut one", b"TRTASKS1\1\2"), ("a wrong sum", b"TRTASKS1" + b"\0" * 40)):
        with open(maps, "wb") as f:
            f.write(content)
        with Tailrace(folder, config, name="refused", wait_ready=False) as tailrace:
            wait(lambda: tailrace.process.poll() is not None, 10, "the start to fail")
            ok(tailrace.process.returncode != 0 and "aggregate.maps_refused" in tailrace.log() and
               open(maps, "rb").read() == content, f"{what} is refused, and left alone")

with Folder() as folder:
    for workers in (1, 4):
        goes_on(folder, workers)
    refused(folder)
finish()
