#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job: an access log through tcp -> %{COMBINEDAPACHELOG} -> date -> JSON file, every field of
every line compared with an independent parser; in both ECS modes. quick: yes"""
import calendar, datetime, os, re, subprocess
from support import *

LINE = re.compile(r'^(\S+) (\S+) (\S+) \[([^\]]+)\] "(?:(\w+) (\S+)(?: HTTP/([\d.]+))?|(.*?))" (\d+|-) (\d+|-) ("[^"]*"|"(?:[^"\\]|\\.)*") ("[^"]*"|"(?:[^"\\]|\\.)*")$')

CONFIG = """
input { tcp { port => %d host => "127.0.0.1" } }
filter {
  grok { match => { "message" => "%%{COMBINEDAPACHELOG}" } }
  date { match => [ "timestamp", "dd/MMM/yyyy:HH:mm:ss Z" ] }
}
output { file { path => "%s" codec => json_lines } }
"""

def time_of(text):
    t = datetime.datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").astimezone(datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%S.000Z")

def legacy(m):
    names = ("clientip", "ident", "auth", "timestamp", "verb", "request", "httpversion", "rawrequest", "response", "bytes", "referrer", "agent")
    fields = {n: v for n, v in zip(names, m.groups()) if v}
    for name in ("response", "bytes"):
        if fields.get(name) == "-":
            del fields[name]
    return fields

def ecs(m):
    f, out = legacy(m), {}
    def put(path, value):
        at = out
        for step in path[:-1]:
            at = at.setdefault(step, {})
        at[path[-1]] = value
    put(("source", "address"), f["clientip"])
    if f["ident"] != "-": put(("apache", "access", "user", "identity"), f["ident"])
    if f["auth"] != "-": put(("user", "name"), f["auth"])
    put(("timestamp",), f["timestamp"])
    for name, path in (("verb", ("http", "request", "method")), ("request", ("url", "original")), ("httpversion", ("http", "version"))):
        if name in f: put(path, f[name])
    if "response" in f: put(("http", "response", "status_code"), int(f["response"]))
    if "bytes" in f: put(("http", "response", "body", "bytes"), int(f["bytes"]))
    for name, path in (("referrer", ("http", "request", "referrer")), ("agent", ("user_agent", "original"))):
        if f[name][1:-1] not in ("-", ""): put(path, f[name][1:-1])
    return out

def run(mode, lines):
    with Folder() as folder:
        port, out = free_port(), folder.file("out.json")
        with Tailrace(folder, CONFIG % (port, out), ["--pipeline.ecs_compatibility", mode]) as tailrace:
            send(port, b"".join(line + b"\n" for line in lines))
            wait(lambda: count_lines(out) >= len(lines), 60, f"{len(lines)} events")
            ok(tailrace.books_balance(), f"{mode}: the books balance")
            ok(tailrace.stop() == 0, f"{mode}: stops with 0")
        got = [json.loads(line) for line in lines_of(out)]
    ok(len(got) == len(lines), f"{mode}: {len(got)} events of {len(lines)} lines")
    wrong, unmatched, reasons = 0, 0, []
    for line, event in zip(lines, got):
        text = line.decode("utf-8", "replace")
        m = LINE.match(text)
        event.pop("@version", None), event.pop("host", None), event.pop("event", None), event.pop("port", None)
        stamp = event.pop("@timestamp")
        if event.pop("message") != text:
            wrong += 1
        elif not m:
            unmatched += 1
            reasons.append(text[-60:])
            wrong += event.get("tags") != ["_grokparsefailure"]
        else:
            wanted = legacy(m) if mode == "disabled" else ecs(m)
            if event != wanted or stamp != time_of(m.group(4)):
                wrong += 1
                if wrong < 4: print("expected", json.dumps(wanted), "\ngot     ", json.dumps(event), stamp)
    ok(wrong == 0, f"{mode}: every field of every line right ({wrong} wrong)")
    print(f"{mode}: {unmatched} lines did not match: {reasons}")

log = os.path.join(DATA, "access_combined.log")
if os.path.exists(log):
    lines = open(log, "rb").read().splitlines()
else:
    lines = subprocess.run([os.path.join(os.path.dirname(PROGRAM), "gen_access_log"), "10000", "7"], capture_output=True).stdout.splitlines()
    lines[4711] = lines[4711][:-1]  # one that does not match
for mode in ("disabled", "v8"):
    run(mode, lines)
finish()
