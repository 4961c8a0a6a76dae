#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stdin, generator, stdout: files and pipes, a last line without newline, a reader that sleeps. quick: yes"""
import subprocess
from support import *

def run(folder, config, stdin=b"", stdout=subprocess.PIPE):
    command = [PROGRAM, "--path.data", folder.file("data"), "--api.http.port", str(free_port()), "--log.level", "error", "-e", config]
    return subprocess.run(command, input=stdin, stdout=stdout, timeout=60)

LINES = 'stdout { codec => line { format => "%{message}" } }'

with Folder() as folder:
    config = "input { stdin { } } output { %s }" % LINES
    for text in (b"", b"\n", b"one", b"one\ntwo\n", b"one\r\n\ntwo\nlast", b"x" * 300000 + b"\ny\n"):
        done = run(folder, config, text)
        want = text if text.endswith(b"\n") or not text else text + b"\n"
        ok(done.stdout == want and done.returncode == 0, f"stdin to stdout, {len(text)} bytes")
    many = b"".join(b"%d\n" % n for n in range(200000))
    ok(run(folder, config, many).stdout == many, "200000 lines through pipes, in order")
    path = folder.write("out.txt", "before\n")
    with open(path, "ab") as f:
        run(folder, config, many, stdout=f)
    ok(open(path, "rb").read() == b"before\n" + many, "stdout is a file: appended")

    config = 'input { generator { lines => ["a", "b"] count => 3 threads => 2 } } output { stdout { codec => line { format => "%{message}%{[event][sequence]}" } } }'
    ok(run(folder, config).stdout.split() == b"a0 b0 a0 b0 a1 b1 a1 b1 a2 b2 a2 b2".split(), "generator: rounds over lines")

    # a reader that sleeps holds this pipeline and nothing else
    config = "input { generator { count => 100000 codec => line } } output { %s }" % LINES
    with Tailrace(folder, wait_ready=False, arguments=["--version"]) as probe:
        probe.process.wait()
        process = subprocess.Popen([PROGRAM, "--path.data", folder.file("data"), "--api.http.port", str(probe.api),
                                    "--log.level", "error", "-e", config], stdout=subprocess.PIPE)
        wait(lambda: can_connect(probe.api) and probe.is_ready(), 20, "the API answers while stdout is held")
        wait(lambda: probe.metric("tailrace_events_total", state="received") > 0, 20, "events were read")
        ok(process.poll() is None, "it waits for its reader")
        text = process.stdout.read()
        ok(process.wait(20) == 0 and text == b"Hello world!\n" * 100000, "and writes all when it comes")
finish()
