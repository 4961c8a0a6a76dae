#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tailrace grok`: what the filter does with a line is what the command says of it; misses point at the
place; an order that it proposes is faster and has the same winners; what it suggests matches. On real logs
(the folder data of TAILRACE_SHARED) where they are there. quick: yes"""
import json, os, re, subprocess
from support import *

PATTERNS = [r"^%{DATA:a};%{DATA:b};%{DATA:c};%{DATA:d};%{DATA:e};",
            r"^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{WORD:a}, %{GREEDYDATA:rest}",
            r"^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{GREEDYDATA:rest}"]
LINES = ["2024-01-01T00:00:00Z INFO a, b, c, d; e; f; g", "a;b;c;d;e;f", "2024-01-01T00:00:00Z WARN up", "2024-01-01T00:00:00Z what",
         "", "é;x", "2024-01-01T00:00:00Z INFO"]

def run(*arguments, stdin=b""):
    done = subprocess.run([PROGRAM, "grok", *arguments], input=stdin, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

def config_of(patterns):
    return "filter { grok { match => { \"message\" => [%s] } } }\n" % ", ".join(f"'{p}'" for p in patterns)

def filter_winners(folder):
    """What the pipeline itself makes of the lines: the fields of each event."""
    text = config_of(PATTERNS)
    done = subprocess.run([PROGRAM, "--path.data", folder.file("data"), "--api.enabled", "false", "--log.level", "error", "-e",
                           "input { stdin { codec => line } } %s output { stdout { codec => json_lines } }" % text],
                          input="\n".join(LINES).encode() + b"\n", capture_output=True, timeout=60)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    for event in events:
        for name in ("@timestamp", "@version", "message", "host", "event", "tags"):
            event.pop(name, None)
    return events

def same_as_the_filter(folder):
    folder.write("web.conf", config_of(PATTERNS))
    folder.write("lines", "\n".join(LINES) + "\n")
    code, out, errors = run("--config", folder.file("web.conf"), "--sample", folder.file("lines"), "--json")
    told = [json.loads(line) for line in out.splitlines()]
    ok(code == 1 and not errors and len(told) == len(LINES) + 1, "one object a line, and the counts; 1 because lines are missed")
    captures = [line.get("captures", {}) for line in told[:-1]]
    expected = filter_winners(folder)
    if not ok(captures == expected, "captures are what the filter stores"):
        print(captures, expected)
    ok([line["matched"] for line in told[:-1]] == [True, True, True, False, False, False, False], "who matches")
    miss = told[3]
    ok(miss["nearest"]["number"] == 2 and miss["expected"] == "%{LOGLEVEL}" and miss["found"] == "what" and miss["column"] == 22,
       f"a miss names the part and the place: {miss['parts_matched']!r} {miss['expected']!r} {miss['found']!r} {miss['column']}")
    end = told[-1]
    ok((end["lines"], end["matched"], end["missed"]) == (7, 3, 4) and [p["hits"] for p in end["patterns"]] == [1, 1, 1], "counts")
    ok(sum(reason["lines"] for reason in end["missed_because"]) == 4, "every miss has a reason")

def sources_of_lines(folder):
    code, out, _ = run(PATTERNS[2], stdin=b"2024-01-01T00:00:00Z INFO x\n")
    ok(code == 0 and "matched by the pattern" in out, "standard input; 0 when all is matched")
    code, out, _ = run(PATTERNS[2], stdin=b"\xff\xfe\n\x00\n")
    ok(code == 1 and "2 lines: 0 matched" in out, "what is not text does no harm")
    code, out, _ = run(r"(?:a(?=.)|x)*[bc]", stdin=b"a" * 30000)
    ok(code == 1 and "given up after 10 ms" in out and "1 given up" in out, "a pattern that is given up is told from a miss")
    with open(folder.file("large"), "wb") as large:
        large.truncate(64 * 1024 * 1024 + 1)
    code, _, errors = run("x", folder.file("large"))
    ok(code == 1 and "has more than 64 MiB" in errors and "head -n 10000 FILE | tailrace grok" in errors, "a sample has a limit")
    code, out, _ = run("--help")
    ok(code == 0 and "--suggest" in out and "--where" not in out, "--help lists its flags")

def order(folder):
    folder.write("slow.conf", config_of([PATTERNS[0], PATTERNS[1], r"^%{WORD:w} ok$"]))
    folder.write("sample", "".join("go ok\n" if i % 50 else LINES[i // 50 % 2] + "\n" for i in range(2000)))
    code, out, _ = run("--config", folder.file("slow.conf"), "--cost", "--sample", folder.file("sample"), "--json")
    told = [json.loads(line) for line in out.splitlines()]
    ok(code == 0 and [p["ns"] for p in told[:3]] == sorted((p["ns"] for p in told[:3]), reverse=True), "the dearest first")
    ok({p["pattern"]: p["wins"] for p in told[:3]} == {1: 20, 2: 20, 3: 1960}, "who wins how many lines")
    ok(told[3]["best_order_ns"] <= told[3]["order_ns"] and sorted(told[3]["best_order"]) == [1, 2, 3], "an order, and its time")
    folder.write("tied.conf", config_of([r"%{GREEDYDATA:a}ok$", r"^%{WORD:w} ok$", r"^go"]))
    code, out, _ = run("--config", folder.file("tied.conf"), "--cost", "--sample", folder.file("sample"), "--json")
    tied = json.loads(out.splitlines()[-1])
    ok(tied["best_order"][0] == 1, "a pattern stays before those that would take its lines")
    code, out, _ = run("--config", folder.file("slow.conf"), "--cost", folder.file("sample"))
    ok(code == 0 and "2000 lines, 3 patterns, the dearest first" in out and "ns a line" in out, "the same for people")
    many = config_of([f"^x{i}" for i in range(1001)])
    folder.write("many.conf", many)
    code, _, errors = run("--config", folder.file("many.conf"), "--cost", folder.file("sample"))
    ok(code == 1 and "there are more than 1000 patterns" in errors, "patterns of --cost have a limit")

def real_logs():
    for name in sorted(n for n in (os.listdir(DATA) if os.path.isdir(DATA) else ()) if n.endswith(".log")):
        code, out, errors = run("--suggest", "--json", os.path.join(DATA, name))
        suggestions = [json.loads(line) for line in out.splitlines()]
        best = max((s["matches"] / s["lines"] for s in suggestions), default=0)
        ok(code == 0 and not errors and best > 0.1, f"{name}: {len(suggestions)} patterns, the widest matches {100 * best:.0f} %")
        ok(all(s["matches"] >= 1 for s in suggestions), f"{name}: each matches its lines")
    log = os.path.join(DATA, "access_combined.log")
    if os.path.exists(log):
        code, out, _ = run("%{COMBINEDAPACHELOG}$", log, "--summary")
        ok(code == 1 and "10000 lines: 9999 matched, 1 missed" in out and re.search(r"then expected .*; line 8899: ", out),
           "the one odd line of an access log is explained")

with Folder() as folder:
    same_as_the_filter(folder)
    sources_of_lines(folder)
    order(folder)
real_logs()
finish()
