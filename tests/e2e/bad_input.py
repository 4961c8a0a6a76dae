#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile and broken input: ports in use, files that cannot be read, bytes that are no text, lines over the
limit, half frames, JSON that is none; and every stream cut at every byte. To the byte, and in the books.
quick: yes"""
from support import *

LIMIT = 1 << 20  # of a line, unless line_limit says otherwise

def run(folder, inputs, name, filters="", outputs="", ready=True):
    """A tailrace that writes its events as JSON lines."""
    out = folder.file(name + ".json")
    config = "input { %s } filter { %s } output { file { path => \"%s\" codec => json_lines flush_interval => 0 } %s }" % (inputs, filters, out, outputs)
    return out, Tailrace(folder, config, name=name, wait_ready=ready)

def events(out, count):
    wait(lambda: count_lines(out) >= count, 20, f"{count} events")
    return [json.loads(line) for line in lines_of(out)]

def balanced(tailrace, received, what):
    wait(lambda: tailrace.books()["delivered"] == received, 10, f"{what}: {received} delivered")
    books = tailrace.books()
    ok(books["received"] == received and books["dropped"] == 0 and books["in_flight"] == 0 and tailrace.books_balance(),
       f"{what}: the books hold {received} received and delivered, nothing dropped")

# ---- ports ----
with Folder() as folder, socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    _, tailrace = run(folder, f'tcp {{ port => {port} host => "127.0.0.1" }}', "taken", ready=False)
    with tailrace:
        ok(tailrace.process.wait(20) == 1, "a port in use: exit code 1")
        said = [line for line in tailrace.log().splitlines() if "in use" in line]
        ok(len(said) >= 1 and f"port {port}" in said[0], "it says which port, and that it is in use")

with Folder() as folder:
    port = free_port()
    for kinds in (("tcp", "tcp"), ("udp", "udp"), ("syslog", "tcp")):
        inputs = " ".join(f'{kind} {{ port => {port} host => "127.0.0.1" }}' for kind in kinds)
        _, tailrace = run(folder, inputs, "_".join(kinds), ready=False)
        with tailrace:
            code = tailrace.process.wait(20)
            ok(code == 78 and str(port) in tailrace.log(), f"{kinds[0]} and {kinds[1]} on one port: refused, the port is named")
    _, tailrace = run(folder, f'tcp {{ port => {port} host => "127.0.0.1" }} udp {{ port => {port} host => "127.0.0.1" }}', "both")
    with tailrace:
        ok(tailrace.stop() == 0, "tcp and udp on one port are two ports")

    folder.write("settings/pipelines.yml", "".join(f"""
- pipeline.id: {name}
  pipeline.workers: 2
  config.string: 'input {{ tcp {{ id => "{name}_in" port => {port} host => "127.0.0.1" codec => line }} }} output {{ file {{ path => "{folder.file(name)}" codec => line {{ format => "%{{message}}" }} }} }}'
""" for name in ("first", "second")))
    with Tailrace(folder, name="shared", wait_ready=False) as tailrace:
        wait(lambda: "pipelines running" in tailrace.log(), 20, "both are tried")
        ok("ready: 1 of 2 pipelines running" in tailrace.log() and f"two inputs listen on port {port}" in tailrace.log() and "of pipeline `first`" in tailrace.log(),
           "two pipelines on one port: the second is refused, the first named")
        send(port, b"".join(b"%d\n" % n for n in range(1000)))
        wait(lambda: count_lines(folder.file("first")) == 1000, 10, "all lines of the port go to the first")
        ok(not os.path.exists(folder.file("second")), "and none to the second")
        ok(tailrace.stop() == 78, "the exit code tells of the one that was refused")

# ---- files ----
with Folder() as folder:
    secret, plain = folder.write("logs/secret.log", "never\n"), folder.write("logs/plain.log", "one\ntwo\n")
    os.chmod(secret, 0)
    os.mkdir(folder.file("logs/folder.log"))
    readable = os.geteuid() == 0  # root may read all
    out, tailrace = run(folder, 'file { path => "%s/*.log" start_position => "beginning" sincedb_path => "/dev/null" discover_interval => 1 stat_interval => "50 ms" }' % folder.file("logs"), "files")
    with tailrace:
        wanted = ["never", "one", "two"] if readable else ["one", "two"]
        got = events(out, len(wanted))
        ok(sorted(e["message"] for e in got) == wanted, "an unreadable file and a folder do not stop the others")
        if not readable:
            wait(lambda: "secret.log" in tailrace.log(), 10, "the unreadable file is named")
            ok("ermission denied" in tailrace.log(), "with the reason")
        ok(tailrace.stop() == 0, "files: stops with 0")

# ---- bytes ----
ROWS = [  # what is sent, what `message` holds
    (b"plain", "plain"),
    (b"", ""),
    (b"h\xc3\xa9llo \xe6\x97\xa5", "h\u00e9llo \u65e5"),
    (b"nul\x00in\x00it", "nul\x00in\x00it"),
    (b"\x00", "\x00"),
    (b"tab\tcr\rbell\x07esc\x1b[0m", "tab\tcr\rbell\x07esc\x1b[0m"),
    (b"crlf\r", "crlf\r"),
    (b"quote\" backslash\\ slash/", "quote\" backslash\\ slash/"),
]
BAD = [b"\xff", b"a\xffb", b"\xc3", b"\xc3(", b"\xe6\x97", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\x80\x80"]
AFTER = b"the stream is whole"
with Folder() as folder:
    port = free_port()
    raw = folder.file("raw.txt")
    out, tailrace = run(folder, f'tcp {{ port => {port} host => "127.0.0.1" codec => line }}', "bytes",
                        outputs='file { path => "%s" flush_interval => 0 codec => line { format => "%%{message}" } }' % raw)
    with tailrace:
        send(port, b"".join(row[0] + b"\n" for row in ROWS))
        got = events(out, len(ROWS))
        wrong = [(r[1], e["message"]) for r, e in zip(ROWS, got) if e["message"] != r[1] or "tags" in e]
        ok(len(got) == len(ROWS) and not wrong, f"{len(ROWS)} lines with NUL, controls and UTF-8 arrive byte for byte {wrong}")
        send(port, b"".join(bad + b"\n" for bad in BAD) + AFTER + b"\n")
        got = events(out, len(ROWS) + len(BAD) + 1)[len(ROWS):]
        shown = ["\ufffd", "a\ufffdb", "\ufffd", "\ufffd("] + ["\ufffd" * len(bad) for bad in BAD[4:]]
        wrong = [(s, e["message"]) for s, e in zip(shown, got) if e["message"] != s or e.get("tags") != ["_invalid_utf8"]]
        ok(not wrong, f"invalid UTF-8 is U+FFFD in JSON, one for each byte, and tagged {wrong}")
        ok(got[-1]["message"] == AFTER.decode(), "what follows is whole")
        balanced(tailrace, len(ROWS) + len(BAD) + 1, "bytes")
        sent = b"".join(text + b"\n" for text in [row[0] for row in ROWS] + BAD + [AFTER])
        ok(open(raw, "rb").read() == sent, "the line codec gives every byte back as it came")

# ---- long lines ----
with Folder() as folder:
    port, small = free_port(), free_port()
    out, tailrace = run(folder, f'tcp {{ id => "big" port => {port} host => "127.0.0.1" codec => line }} tcp {{ id => "small" port => {small} host => "127.0.0.1" codec => line line_limit => 16 }}', "long")
    with tailrace:
        texts = [b"a" * (LIMIT - 1), b"b" * LIMIT, b"c" * (LIMIT + 1), b"d" * (3 * LIMIT), AFTER]
        send(port, b"\n".join(texts) + b"\n")
        got = events(out, len(texts))
        for text, event in zip(texts, got):
            cut = len(text) > LIMIT
            ok(event["message"] == text[:LIMIT].decode() and (event.get("tags") == ["_line_cut"]) == cut,
               f"a line of {len(text)} bytes: {'the first %d stay, tagged' % LIMIT if cut else 'whole'}")
        ok(len(got) == len(texts), "one event for each line")
        ok(tailrace.metric("component_cut_frames_total", component_id="big") == 2, "two lines counted as cut")
        ok(tailrace.metric("component_cut_bytes_total", component_id="big") == 1 + 2 * LIMIT, "and their bytes")
        # at every length around the limit, and cut by the sender anywhere
        lines = [b"%02d" % n + b"x" * n for n in range(20)]
        stream = b"\n".join(lines) + b"\n"
        with socket.create_connection(("127.0.0.1", small)) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(stream), 5):
                s.sendall(stream[at:at + 5])
        got = events(out, len(texts) + len(lines))[len(texts):]
        ok([e["message"] for e in got] == [l[:16].decode() for l in lines], "line_limit 16: cut at 16, the rest of the stream intact")
        ok(sum("tags" in e for e in got) == sum(len(l) > 16 for l in lines) == tailrace.metric("component_cut_frames_total", component_id="small"), "each tagged and counted")
        balanced(tailrace, len(texts) + len(lines), "long lines")

# ---- ends of connections ----
with Folder() as folder:
    port, json_port, syslog = free_port(), free_port(), free_port()
    out, tailrace = run(folder, f'''tcp {{ id => "line" port => {port} host => "127.0.0.1" codec => line }}
        tcp {{ id => "json" port => {json_port} host => "127.0.0.1" codec => json_lines }}
        syslog {{ id => "syslog" port => {syslog} host => "127.0.0.1" }}''', "ends")
    with tailrace:
        count = 0
        def at_end(to, data, wanted, what):
            global count
            send(to, data)
            count += len(wanted)
            got = events(out, count)[count - len(wanted):]
            ok([e.get("message", e.get("a")) for e in got] == wanted, f"{what}: {[e.get('message', e.get('a')) for e in got]}")
            return got
        at_end(port, b"whole\nhalf", ["whole", "half"], "a half line at the end of a connection is an event")
        at_end(port, b"\xe6\x97", ["\ufffd\ufffd"], "half a character at the end")
        at_end(json_port, b'{"a":1}\n{"a":2}', [1, 2], "JSON without its newline at the end")
        got = at_end(json_port, b'{"a":1}\n{"a":', [1, '{"a":'], "half a JSON document at the end")
        ok(got[1].get("tags") == ["_jsonparsefailure"], "it is tagged")
        five = b"<13>1 - - - - - - "
        got = at_end(syslog, b"%d %son" % (len(five) + 2, five) + b"%d %shalf" % (len(five) + 9, five), ["on", "half"], "half an octet-counted frame at the end")
        got = at_end(syslog, b"<13>x", ["x"], "half a syslog line at the end")
        # a reset instead of an end: what is whole stays
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"before the reset\n")
            count += 1
            got = events(out, count)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        ok(got[-1]["message"] == "before the reset", "a line before a reset")
        for _ in range(50):  # connections without a byte
            socket.create_connection(("127.0.0.1", port)).close()
        at_end(port, b"alive\n", ["alive"], "50 connections without a byte do no harm")
        balanced(tailrace, count, "ends")

# ---- JSON that is none ----
NONE = [b"{", b"}", b"[", b"nul", b"{\"a\"}", b"{\"a\":}", b"{'a':1}", b"{\"a\":1,}", b"{\"a\":01}", b"{\"a\":+1}", b"{\"a\":NaN}",
        b"{\"a\":\"\\x\"}", b"{\"a\":\"\\ud800\"", b"17", b"\"text\"", b"null", b"[1,2]", b"<xml/>", b"[" * 5000, b"{\"a\":" * 3000]
with Folder() as folder:
    port, line = free_port(), free_port()
    out, tailrace = run(folder, f'tcp {{ port => {port} host => "127.0.0.1" codec => json_lines }} tcp {{ port => {line} host => "127.0.0.1" codec => line type => "line" }}', "json",
                        'if [type] == "line" { json { source => "message" } }')
    with tailrace:
        for to, what in ((port, "codec"), (line, "filter")):
            before = count_lines(out)
            send(to, b"\n".join(NONE) + b"\n" + b'{"good":1}\n')
            got = events(out, before + len(NONE) + 1)[before:]
            wrong = [n[:40] for n, e in zip(NONE, got) if e.get("message") != n.decode() or e.get("tags") != ["_jsonparsefailure"]]
            ok(len(got) == len(NONE) + 1 and not wrong, f"{what}: {len(NONE)} texts that are no JSON are tagged and kept {wrong}")
            ok(got[-1].get("good") == 1 and "tags" not in got[-1], f"{what}: the next one is read")
        balanced(tailrace, 2 * (len(NONE) + 1), "json")
        ok(tailrace.stop() == 0, "json: stops with 0")

# ---- every cut ----
def octets(*texts):
    return b"".join(b"%d %s" % (len(t), t) for t in texts)

SYSLOG = [b"<13>1 2024-02-05T10:20:30Z h a 1 - - caf\xc3\xa9", b"<34>Feb  5 10:20:30 h su[7]: no\nnewline"]
CUTS = [
    ("tcp line", "tcp", "codec => line", b"one\n\ntw\xc3\xa9 \xff\r\nlast\n"),
    ("tcp line, a delimiter of three", "tcp", 'codec => line { delimiter => "-=-" }', b"a-=b-=-c\n--=-d-=-"),
    ("tcp json_lines", "tcp", "codec => json_lines", b'{"a":"\\u00e9\\n","n":[1,{"x":null}]}\n\n{"b":1.50}\nnone\n[{"c":1},{"c":2}]\n'),
    ("syslog octet-counted", "syslog", "", octets(*SYSLOG)),
    ("syslog newline", "syslog", "", b"<13>1 2024-02-05T10:20:30Z h a 1 - - one\n<34>Feb  5 10:20:30 h su[7]: two\nthree\n"),
]
def content(line):
    event = json.loads(line)
    for name in ("@timestamp", "port", "@metadata"):
        event.pop(name, None)
    return json.dumps(event, sort_keys=True)

with Folder() as folder:
    ports = [free_port() for _ in CUTS]
    inputs = "\n".join(f'{kind} {{ port => {p} host => "127.0.0.1" type => "{i}" {options} }}' for i, ((_, kind, options, _), p) in enumerate(zip(CUTS, ports)))
    out, tailrace = run(folder, inputs, "cuts")
    with tailrace:
        total = 0
        for (name, _, _, data), port in zip(CUTS, ports):
            send(port, data)
            wait(lambda: count_lines(out) > total, 10, f"{name}: the first event")
            # the whole first: how many events it is shows when the books stand still
            send(port, b"")
            wait(lambda: tailrace.metric("tailrace_events_in_flight") == 0 and tailrace.books()["received"] == count_lines(out), 10, "all written")
            whole = [content(l) for l in lines_of(out)[total:]]
            total += len(whole)
            differ = []
            for at in range(1, len(data)):
                with socket.create_connection(("127.0.0.1", port)) as s:
                    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    s.sendall(data[:at])
                    if at % 8 == 0:
                        tailrace.metrics()  # time for the first part to be read by itself
                    s.sendall(data[at:])
                wait(lambda: count_lines(out) >= total + len(whole), 10, f"{name} cut at {at}")
                if [content(l) for l in lines_of(out)[total:]] != whole:
                    differ.append(at)
                total += len(whole)
            ok(not differ, f"{name}: {len(whole)} events, the same cut at each of {len(data) - 1} bytes {differ}")
        balanced(tailrace, total, "every cut")
        ok(tailrace.stop() == 0, "cuts: stops with 0")
finish()
