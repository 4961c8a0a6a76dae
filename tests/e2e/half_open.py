#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that break badly, in a network namespace of its own: a sender that vanishes (its packets are dropped),
one that is silent for longer than idle_timeout, a reset within a line, a receiver that closes its window, one that
vanishes, alone and beside one that is well. What was whole arrives once, half lines are thrown away and counted, descriptors go back.
waits: yes"""
from support import *

NAMESPACE = ("unshare", "--net")
if "TAILRACE_IN_NAMESPACE" not in os.environ:
    if os.geteuid() or subprocess.run([*NAMESPACE, "sh", "-c", "ip link set lo up && iptables -L"], capture_output=True).returncode:
        skip("needs root, network namespaces, ip and iptables")
    os.environ["TAILRACE_IN_NAMESPACE"] = "1"
    sys.exit(subprocess.run([*NAMESPACE, sys.executable, *sys.argv]).returncode)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
RESET = (socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

def filtered(port, on):
    """Packets from and to a port of the sender vanish."""
    for kind in ("--sport", "--dport"):
        subprocess.run(["iptables", "-A" if on else "-D", "INPUT", "-p", "tcp", kind, str(port), "-j", "DROP"], check=True)

def descriptors(tailrace):
    return len(os.listdir(f"/proc/{tailrace.process.pid}/fd"))

# ---- senders ----
with Folder() as folder:
    tcp, syslog, out = free_port(), free_port(), folder.file("out.txt")
    with Tailrace(folder, f"""
        input {{ tcp {{ id => "tcp" port => {tcp} host => "127.0.0.1" codec => line idle_timeout => 2 }}
                 syslog {{ id => "syslog" port => {syslog} host => "127.0.0.1" idle_timeout => 2 }} }}
        output {{ file {{ path => "{out}" flush_interval => 0 codec => line {{ format => "%{{message}}" }} }} }}""") as tailrace:
        before = descriptors(tailrace)
        def connect(port, text):
            s = socket.create_connection(("127.0.0.1", port))
            s.sendall(text)
            return s
        def open_now():
            return tailrace.metric("component_open_connections")
        def discarded():
            return tailrace.metric("component_discarded_frames_total")
        def line_comes(text):
            wait(lambda: text in lines_of(out), 10, f"the line {text}")
        s = connect(tcp, b"whole before a reset\nhalf")
        line_comes(b"whole before a reset")
        wait(lambda: open_now() == 1, 5, "it is open")
        s.setsockopt(*RESET)
        s.close()
        wait(lambda: open_now() == 0 and discarded() == 1, 5, "a reset within a line: the half line is thrown away and counted")
        s = connect(syslog, b"17 <13>octet counted50 <13>half")
        wait(lambda: open_now() == 1, 5, "it is open")
        line_comes(b"octet counted")
        s.setsockopt(*RESET)
        s.close()
        wait(lambda: open_now() == 0 and discarded() == 2, 5, "a reset within an octet-counted frame, too")
        ok(True, "a reset within a line or a frame: thrown away and counted")
        gone = [connect(tcp, b"whole of %d\nhalf" % i) for i in range(20)]
        for i in range(20):
            line_comes(b"whole of %d" % i)
        for s in gone:
            filtered(s.getsockname()[1], True)
        busy = connect(tcp, b"")
        begun = time.monotonic()
        def speaks():
            busy.sendall(b"busy\n")
            return open_now() == 1
        wait(speaks, 8, "20 vanished senders are let go, one that speaks stays")
        took = time.monotonic() - begun
        ok(0.5 < took < 5, f"20 senders that vanished are let go after {took:.1f} s of 2")
        ok(discarded() == 22, "their half lines are counted")
        busy.sendall(b"the last\n")
        line_comes(b"the last")
        busy.close()
        wait(lambda: descriptors(tailrace) <= before + 1, 10, "descriptors go back") # the output file
        ok(True, "descriptors are back where they were")
        for s in gone:
            filtered(s.getsockname()[1], False)
        got = lines_of(out)
        ok(not any(b"half" in l for l in got) and len([l for l in got if l.startswith(b"whole")]) == 21, "no half line is an event, every whole one is")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "stops with 0")

# ---- probes ----
with Folder() as folder:
    port = free_port()
    with Tailrace(folder, f'input {{ tcp {{ port => {port} host => "127.0.0.1" }} }} output {{ null {{ }} }}') as tailrace:
        s = socket.create_connection(("127.0.0.1", port))
        wait(lambda: tailrace.metric("component_open_connections") == 1, 5, "a connection")
        timers = subprocess.run(["ss", "-tno", "state", "established", "sport", "=", f":{port}"], capture_output=True, text=True).stdout
        ok("timer:(keepalive,5" in timers or "timer:(keepalive,1min" in timers or "timer:(keepalive,60" in timers, f"silent connections are probed after a minute: {timers.split()[-1]}")

# ---- receivers ----
def sink(read):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener

def numbers_read(connection, lines):
    """The first word of each line that comes, in order, when all have."""
    data, whole = bytearray(), 0
    connection.settimeout(0.5)
    def reads():
        nonlocal whole
        try:
            chunk = connection.recv(1 << 20)
            data.extend(chunk)
            whole += chunk.count(b"\n")
        except TimeoutError:
            pass
        return whole >= lines
    wait(reads, choose(60, 60, 200), "everything, once it is there again and reads")
    return [int(line.split()[0]) for line in bytes(data).split(b"\n")[:-1]]

with Folder() as folder:
    port, LINES = free_port(), 40000
    listener = sink(False)
    to = listener.getsockname()[1]
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ host => "127.0.0.1" port => {to} codec => line {{ format => "%{{message}}" }} }} }}""") as tailrace:
        sender = threading.Thread(target=send, args=(port, b"".join(b"%d %s\n" % (n, b"x" * 500) for n in range(LINES))), daemon=True)
        sender.start()
        connection, _ = listener.accept()
        wait(lambda: tailrace.metric("tailrace_paused") == 1, 20, "the input pauses")
        cpu, begun = tailrace.cpu_seconds(), time.monotonic()
        filtered(to, True) # and now it is not even there: probes of the closed window are not answered
        wait(lambda: time.monotonic() > begun + choose(3, 5, 60), 90, "a while")
        cpu = tailrace.cpu_seconds() - cpu
        ok(cpu < 0.5, f"a closed window, then a receiver that is gone: it waits ({cpu:.2f} s of CPU)")
        ok(tailrace.metric("component_sent_events_total") < LINES, "and keeps what was not taken")
        filtered(to, False)
        ok(numbers_read(connection, LINES) == list(range(LINES)), f"{LINES} lines, each once, in order")
        wait(lambda: tailrace.books()["delivered"] == LINES and tailrace.books_balance(), 10, "balanced books")
        ok(tailrace.stop() == 0, "stops with 0")

# ---- a receiver that vanishes beside one that is well ----
with Folder() as folder:
    port, out, more = free_port(), folder.file("out.txt"), choose(40000, 60000, 600000)
    listener = sink(False)
    to = listener.getsockname()[1]
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ id => "gone" host => "127.0.0.1" port => {to} when_full => spill codec => line {{ format => "%{{message}}" }} }}
                 file {{ path => "{out}" codec => line {{ format => "%{{message}}" }} }} }}""") as tailrace:
        send(port, b"0 first\n")
        connection, _ = listener.accept()
        wait(lambda: tailrace.books()["delivered"] == 1, 10, "the first one")
        filtered(to, True)
        sender = threading.Thread(target=send, args=(port, b"".join(b"%d %s\n" % (n, b"x" * 500) for n in range(1, more))), daemon=True)
        sender.start()
        wait(lambda: count_lines(out) == more, choose(60, 60, 300), "the other output has all while its packets vanish")
        wait(lambda: tailrace.books()["in_flight"] == 0, 20, "all are on disk, or were taken")
        ok(tailrace.metric("component_waiting_events", component_id="gone") > more / 2, "what vanishes for one waits on disk")
        filtered(to, False)
        ok(numbers_read(connection, more) == list(range(more)), f"{more} lines come once it is there again, each once, in order")
        wait(lambda: tailrace.metric("component_waiting_events", component_id="gone") == 0 and tailrace.books_balance(), 20, "balanced books")
        ok(tailrace.stop() == 0, "stops with 0")
finish()
