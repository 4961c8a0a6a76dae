#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The input beats with a shipper that speaks its protocol to the byte: versions, windows, compression, cuts,
bombs, slow outputs, stops and kills. What was acknowledged is never missing. quick: yes, waits: yes"""
import random
from support_tls import *
from support_lumberjack import *

WINDOWS, WINDOW = choose(20, 100, 2000), choose(50, 200, 2000)
CONNECTIONS = choose(100, 1000, 5000)
KILLS = choose(3, 10, 100)
resource_limit = __import__("resource")
resource_limit.setrlimit(resource_limit.RLIMIT_NOFILE, (resource_limit.getrlimit(resource_limit.RLIMIT_NOFILE)[1],) * 2)

def events_of(path):
    return [json.loads(line) for line in lines_of(path)]

def config(port, out, more="", filters="", plugin="beats"):
    return f"""
        input {{ {plugin} {{ port => {port} host => "127.0.0.1" {more} }} }}
        filter {{ {filters} }}
        output {{ file {{ path => "{out}" codec => json_lines }} }}"""

def balanced(tailrace):
    wait(tailrace.books_balance, 10, "balanced books")
    ok(tailrace.stop() == 0, "a clean end")

def protocol(folder):
    """What comes in each form becomes the same event; what is no protocol is closed and said."""
    port, out = free_port(), folder.file("protocol.txt")
    filters = 'mutate { copy => { "[@metadata]" => "meta" } }'
    with Tailrace(folder, config(port, out, filters=filters), name="protocol") as tailrace:
        beat = {"@timestamp": "2026-01-02T03:04:05.678Z", "message": "hello", "agent": {"name": "a"}, "tags": ["t"],
                "@metadata": {"beat": "filebeat", "type": "_doc", "version": "8.1.0",
                              "input": {"beats": {"host": {"ip": "6.6.6.6"}}}}}
        with Shipper(port) as s:
            s.send_events([beat], seals=False)
            ok(s.acked(1) == [1], "an event in the clear is acknowledged")
            s.send_events([{"line": "one"}, {"no": "text"}, beat])
            ok(s.acked(3)[-1] == 3, "and three, compressed")
            s.send(window(0))
            ok(s.ack() == (b"2", 0), "an empty window, too")
            s.send(window(2, b"1") + data(7, {"line": "old", "file": "/x"}) + data(8, {"line": "older", "": ""}))
            answers = [s.ack()]
            while answers[-1] != (b"1", 8):
                answers.append(s.ack())
            ok(True, "version 1 is answered with version 1")
            s.send(window(5) + event(1, {"n": 1}) + window(1) + event(1, {"n": 2}))
            s.acked(1), s.acked(1)
            ok(True, "a new window ends the one before")
            s.send(window(1) + b"2J" + struct.pack(">II", 1, 9) + b"{\"broken\"")
            s.acked(1)
        wait(lambda: count_lines(out) == 9, 10, "nine events")
        got = events_of(out)
        first = got[0]
        ok(first["message"] == "hello" and first["agent"] == {"name": "a"} and first["@timestamp"] == "2026-01-02T03:04:05.678Z",
           "its fields and its time")
        ok(first["meta"]["beat"] == "filebeat" and first["meta"]["input"]["beats"]["host"]["ip"] == "127.0.0.1",
           "@metadata of the shipper, and its address, which it cannot choose")
        ok(first["tags"] == ["t", "beats_input_codec_plain_applied"] and first["event"]["original"] == "hello", "tags and original")
        ok(got[1]["message"] == "one" and "line" not in got[1], "`line` is the message")
        ok(got[2]["no"] == "text" and got[2]["tags"] == ["beats_input_raw_event"], "an object without a message is the event")
        ok(got[4]["message"] == "old" and got[4]["file"] == "/x", "an event of version 1")
        ok(got[8]["tags"] == ["_jsonparsefailure"] and got[8]["message"] == '{"broken"', "what is no JSON is kept, tagged")
        stream = window(3) + event(1, {"message": "a" * 50}) + compressed(event(2, {"message": "b"}) + event(3, {"message": "c" * 300}))
        for at in range(1, len(stream)):
            with Shipper(port) as s:
                s.send(stream[:at])
                s.send(stream[at:])
                if s.acked(3) is None:
                    ok(False, f"cut at byte {at}")
        wait(lambda: count_lines(out) == 9 + 3 * (len(stream) - 1), 10, "the same stream cut at every byte")
        bomb = compressed(b"2J" + struct.pack(">II", 1, 11 << 20) + b" " * (8 << 20), level=9)
        deep = window(1) + compressed(compressed(event(1, {"a": 1})))
        for what, bytes, why in (
                ("a bomb", window(1) + bomb, "too large"), ("a C frame within a C frame", deep, "within a compressed"),
                ("a damaged C frame", window(1) + b"2C\0\0\0\x08abcdefgh", "damaged"),
                ("a C frame that ends within a frame", window(1) + compressed(event(1, {"a": 1})[:-1]), "ends within"),
                ("a frame of an unknown kind", b"2Z\0\0\0\1", "not known"), ("HTTP", b"GET / HTTP/1.1\r\n\r\n", "does not speak"),
                ("an event without a window", event(1, {"a": 1}), "than its window"),
                ("an event of 4 GiB", window(1) + b"2J" + struct.pack(">II", 1, 0xffffffff), "too long"),
                ("an event of no length", window(1) + b"2J" + struct.pack(">II", 1, 0), "empty"),
                ("too many fields", window(1) + b"1D" + struct.pack(">II", 1, 1025), "too many")):
            with Shipper(port) as s:
                try:
                    s.send(bytes)
                except ConnectionError:
                    pass
                ok(s.is_closed(), what + " ends the connection")
        ok(tailrace.metric("component_input_errors_total") == 10, "each is counted")
        ok(all(w in tailrace.log() for w in ("too large", "within a compressed", "damaged")), "and said")
        many = [Shipper(port) for _ in range(CONNECTIONS)]
        for i, s in enumerate(many):
            s.send_events([{"message": f"c{i}"}])
        ok(all(s.acked(1) for s in many), f"{CONNECTIONS} connections")
        for s in many:
            s.__exit__()
        wait(lambda: tailrace.metric("component_open_connections") == 0, 10, "no connection left")
        wait(lambda: tailrace.metric("tailrace_memory_bytes") < 1 << 20, 10, "no memory kept")
        balanced(tailrace)

def slow_output(folder):
    """While the output stands still nothing is acknowledged but that work goes on; a stop waits for what is owed."""
    port, out_port = free_port(), free_port()
    listener = socket.create_server(("127.0.0.1", out_port))
    listener.settimeout(30)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    total = 30000
    text = "x" * 500
    with Tailrace(folder, f"""
        input {{ beats {{ port => {port} host => "127.0.0.1" client_inactivity_timeout => 2 }} }}
        output {{ tcp {{ host => "127.0.0.1" port => {out_port} codec => line {{ format => "%{{n}} {text}" }} }} }}""",
                  name="slow", arguments=["-w", "1"]) as tailrace:
        frames = b"".join(event(i + 1, {"n": i, "message": "m%d" % random.random()}) for i in range(total))
        stream = window(total) + compressed(frames) # made before its connection counts as idle
        with Shipper(port) as idle:
            ok(idle.is_closed(), "an idle connection is closed after client_inactivity_timeout")
        with Shipper(port) as s:
            sender = threading.Thread(target=lambda: s.send(stream), daemon=True)
            sender.start()
            connection = listener.accept()[0]
            seen = []
            while 0 not in seen:
                answer = s.ack()
                if answer is None:
                    break
                seen.append(answer[1])
            ok(0 in seen, "a shipper that waits is told that work goes on")
            ok(seen == sorted(seen[:-1]) + [0] and total not in seen, "not more than was sent is acknowledged")
            got = []
            def drain():
                while chunk := connection.recv(1 << 16):
                    got.append(chunk)
            reader = threading.Thread(target=drain, daemon=True)
            tailrace.process.send_signal(signal.SIGTERM)
            reader.start()
            acked = []
            while answer := s.ack():
                acked.append(answer[1])
            sender.join(10)
            steps = [n for n in acked if n]
            ok(steps == sorted(steps), "acknowledgements come in order")
            tailrace.process.wait(30)
            reader.join(10)
            lines = b"".join(got).splitlines()
            have = {int(line.split()[0]) for line in lines if line.endswith(b"x")}
            last = steps[-1] if steps else max(seen)
            ok(have >= set(range(last)), f"after a stop: the {last} that were acknowledged were delivered")
            ok(tailrace.process.returncode == 0, "a clean end")
    listener.close()

def kills(folder, pki):
    """Killed at random moments; a shipper sends again what was not acknowledged, over TLS."""
    port, out = free_port(), folder.file("kills.txt")
    cert, key = pki.certificate("beats", "ca")
    more = f'ssl => true ssl_certificate => "{cert}" ssl_key => "{key}"'
    context = client_context(pki.file("ca.pem"))
    tailrace = Tailrace(folder, config(port, out, more, plugin="elastic_agent"), name="kills", arguments=["-w", "2"])
    random.seed(7)
    acked, next_id, killed = set(), 0, 0
    with tailrace:
        while killed < KILLS or next_id < WINDOWS * WINDOW:
            try:
                with Shipper(port, lambda s: context.wrap_socket(s, server_hostname="localhost")) as s:
                    for _ in range(10):
                        ids = list(range(next_id, next_id + WINDOW))
                        s.send_events([{"message": str(i)} for i in ids])
                        if killed < KILLS and random.random() < 0.3:
                            threading.Timer(random.random() / 50, tailrace.process.kill).start()
                            killed += 1
                        while True:
                            answer = s.ack()
                            if answer is None:
                                raise ConnectionError
                            acked.update(ids[:answer[1]])
                            if answer[1] == WINDOW:
                                break
                        next_id += WINDOW
            except (OSError, ssl.SSLError):
                if tailrace.process.poll() is None and not killed:
                    raise
                wait(lambda: tailrace.process.poll() is not None or tailrace.is_ready(), 10, "dead or alive")
                if tailrace.process.poll() is not None:
                    tailrace.start()
        wait(tailrace.books_balance, 10, "balanced books")
        wait(lambda: {int(e["message"]) for e in events_of(out) if "message" in e} >= acked, 10, "each acknowledged event")
        ok(len(acked) >= WINDOWS * WINDOW, f"{killed} kills: {len(acked)} acknowledged events, none is missing")
        with Shipper(port, lambda s: context.wrap_socket(s, server_hostname="localhost")) as s:
            s.send_events([{"message": "-1"}])
            ok(s.acked(1), "a fresh event passes")
        balanced(tailrace)

with Folder() as folder:
    pki = Certificates(folder)
    pki.authority("ca")
    protocol(folder)
    if MODE != "quick": # it waits for keep-alives
        slow_output(folder)
    kills(folder, pki)
finish()
