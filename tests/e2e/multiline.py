#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records of several lines through the real program: of a file, through kills and a clean stop, each whole and
none missing; of many connections whose lines are mixed; a last record that no line ends; held lines beyond
the memory they may take. quick: yes"""
import json, random, socket
from support import *

def record(n):
    """`r<N> <lines>` and its lines, so that a record that was cut or mixed is seen."""
    more = n % 7
    return [f"r{n} {more}"] + [f" {n} {i}" for i in range(more)]

def is_whole(text):
    n, more = text.split("\n")[0][1:].split(" ")
    return text.split("\n") == record(int(n)) and int(more) == int(n) % 7

def number(text):
    return int(text.split(" ")[0][1:])

def messages(path):
    """Of the lines of JSON that are whole; a kill may cut one short."""
    return [json.loads(line)["message"] for line in lines_of(path) if line.endswith(b"}")]

CODEC = 'codec => multiline { pattern => "^\\s" what => previous %s }'
OUTPUT = 'output { file { path => "%s" codec => json_lines flush_interval => 0 } }'

def file_config(folder, more=""):
    return ('input { file { path => "%s" start_position => "beginning" stat_interval => "20 ms" discover_interval => 5 '
            'sincedb_write_interval => "20 ms" %s } } ' % (folder.file("log.txt"), CODEC % more) + OUTPUT % folder.file("out.txt"))

def kills():
    rounds, step = choose(4, 10, 100), 2000
    random.seed(11)
    with Folder() as folder:
        out = folder.file("out.txt")
        lines = [line for n in range(rounds * step) for line in record(n)] + ["end"]
        data = "".join(line + "\n" for line in lines).encode()
        open(folder.file("log.txt"), "wb").close()
        with Tailrace(folder, file_config(folder)) as t:
            for n in range(rounds):
                with open(folder.file("log.txt"), "ab") as f: # cut anywhere, within records too
                    f.write(data[len(data) * n // rounds:len(data) * (n + 1) // rounds])
                seen = n * step + random.randrange(step // 2)
                wait(lambda: any(number(m) >= seen for m in messages(out)[-1:]), 30, f"record {seen}")
                if n == rounds // 2:
                    ok(t.stop() == 0, "a clean stop in the middle of a record")
                else:
                    t.kill()
                t.start()
            wait(lambda: messages(out)[-1:] and number(messages(out)[-1]) == rounds * step - 1, 30, "the last record")
            t.stop()
        got = messages(out)
        ok(all(is_whole(m) for m in got), f"{rounds} kills and stops: every record is whole")
        ok({number(m) for m in got} == set(range(rounds * step)), "no record is missing")
        ok("end" not in got, "a stop does not end the last record of a file: it is read again")

def connections():
    count, each = 40, choose(20, 100, 1000)
    with Folder() as folder:
        port, out = free_port(), folder.file("out.txt")
        config = 'input { tcp { host => "127.0.0.1" port => %d %s } } ' % (port, CODEC % "") + OUTPUT % out
        with Tailrace(folder, config) as t:
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
            todo = [[line for n in range(each) for line in record(k * each + n)] for k in range(count)]
            while any(todo): # a line of each in turn
                for s, lines in zip(sockets, todo):
                    if lines:
                        s.sendall((lines.pop(0) + "\n").encode())
            wait(lambda: len(messages(out)) >= count * (each - 1), 60, "all records but the last of each connection")
            for s in sockets[:count // 2]: s.close()
            wait(lambda: len(messages(out)) >= count * (each - 1) + count // 2, 60, "the last records of closed connections")
            ok(t.stop() == 0, "stops with records held")
            for s in sockets[count // 2:]: s.close()
        got = messages(out)
        ok(sorted(map(number, got)) == list(range(count * each)), "every record once: closing and stopping end the last ones")
        ok(all(is_whole(m) for m in got), "no record is mixed with one of another connection")

def idle():
    with Folder() as folder:
        out = folder.file("out.txt")
        with open(folder.file("log.txt"), "w") as f: f.write("one\n two\n")
        with Tailrace(folder, file_config(folder, 'auto_flush_interval => "200 ms"')) as t:
            wait(lambda: messages(out) == ["one\n two"], 20, "a record that nothing follows")
            ok(True, "auto_flush_interval ends a record that nothing follows")
            with open(folder.file("log.txt"), "a") as f: f.write(" three\n")
            wait(lambda: messages(out) == ["one\n two", " three"], 20, "what came later")
            ok(t.stop() == 0, "stops")
            t.start()
            with open(folder.file("log.txt"), "a") as f: f.write("four\n")
            wait(lambda: len(messages(out)) > 2, 20, "a line after the restart")
            ok(messages(out) == ["one\n two", " three", "four"], "what was ended is not read again")

def memory():
    """40 connections hold 1 MiB each; pipeline.memory is 32 MiB, of which a quarter may be held."""
    with Folder() as folder:
        port, out, count = free_port(), folder.file("out.txt"), 40
        config = 'input { tcp { host => "127.0.0.1" port => %d %s } } ' % (port, CODEC % "max_lines => 1000000") + OUTPUT % out
        folder.write("settings/logstash.yml", "pipeline.memory: 32mb\n")
        with Tailrace(folder, config) as t:
            text = (" " + "x" * 1000 + "\n").encode() * 1000
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
            for s in sockets: s.sendall(b"begin\n" + text)
            for s in sockets: s.close()
            expected = count * (len(text) + len("begin"))
            wait(lambda: sum(len(m) + 1 for m in messages(out)) >= expected, 60, "all bytes")
            events = [json.loads(line) for line in lines_of(out)]
            ok(any("multiline_codec_max_bytes_reached" in e["tags"] for e in events), "records beyond a quarter of the memory are ended and tagged")
            ok(sum(e["message"].count("x") for e in events) == count * 1000 * 1000, "no byte is missing")
            ok("half_records" in t.log(), "the log says so")
            ok(t.books_balance(), "the books balance")
            ok(t.stop() == 0, "stops")

kills()
connections()
idle()
memory()
finish()
