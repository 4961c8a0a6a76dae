#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS of the inputs tcp, syslog and beats and the output tcp: certificates good, expired, of the wrong authority or
name, absent; versions refused; garbage, plain text and stalled clients; certificates replaced under load
without a connection lost. quick: yes, waits: yes"""
from support_tls import *
from support_lumberjack import *

STALLED = choose(50, 300, 3000)
FAILING = choose(50, 200, 1000)
LINES = choose(2000, 20000, 200000)

def messages(path):
    return [line.decode() for line in lines_of(path)]

def failed(tailrace, reason):
    return tailrace.metric("component_tls_failed_handshakes_total", reason=reason)

def server_config(port, out, more, plugin="tcp", host="127.0.0.1"):
    return f"""
        input {{ {plugin} {{ port => {port} host => "{host}" ecs_compatibility => disabled ssl_enabled => true {more} }} }}
        output {{ file {{ path => "{out}" codec => line {{ format => "%{{message}}|%{{sslsubject}}" }} }} }}"""

def balanced(tailrace):
    wait(tailrace.books_balance, 10, "balanced books")
    ok(tailrace.stop() == 0, "a clean end")

def end(s):
    """Says that the session is over, and reads what the server has sent: else the kernel resets the connection, and half
    a line of one that broke is no event."""
    s.settimeout(10)
    try:
        s.unwrap()
    except (ssl.SSLError, OSError):
        pass

def clients(folder, pki):
    """What a server accepts and refuses."""
    port, out = free_port(), folder.file("clients.txt")
    cert, key = pki.certificate("server", "ca")
    good, stranger = pki.certificate("agent", "ca", "/O=Tests/CN=agent 7"), pki.certificate("stranger", "other")
    old = pki.certificate("old", "ca", days=-1)
    config = server_config(port, out, f"""ssl_certificate => "{cert}" ssl_key => "{key}" ssl_handshake_timeout => 2000
        ssl_certificate_authorities => ["{pki.file('ca.pem')}"] ssl_client_authentication => "required" """)
    with Tailrace(folder, config, name="clients") as tailrace:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connect(port, client_context(pki.file("ca.pem"), good, (version, version))) as s:
                s.sendall(b"hello " + s.version().encode() + b"\nhalf")
                end(s)
            wait(lambda: any(m.startswith("hello " + version.name.replace("_", ".")) for m in messages(out)), 10, f"a line over {version.name}")
        wait(lambda: len(messages(out)) == 4, 10, "half lines, at the end of their sessions")
        ok("hello TLSv1.3|CN=agent 7, O=Tests" in messages(out), "the event says who sent it")
        for what, context, reason in (
                ("no certificate", client_context(pki.file("ca.pem")), "certificate"),
                ("one of another authority", client_context(pki.file("ca.pem"), stranger), "certificate"),
                ("one that has expired", client_context(pki.file("ca.pem"), old), "certificate"),
                ("a client that does not trust this server", client_context(pki.file("other.pem"), good), "refused")):
            before = failed(tailrace, reason)
            ok(is_refused(port, context), what + ": refused")
            wait(lambda: failed(tailrace, reason) == before + 1, 10, f"{what}: counted as {reason}")
        ancient = client_context(pki.file("ca.pem"), good, ciphers="ALL:@SECLEVEL=0")
        ancient.minimum_version, ancient.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
        ok(is_refused(port, ancient), "TLS 1.1 is refused")
        wait(lambda: failed(tailrace, "version") == 1, 10, "and counted as version")
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(b"<13>plain text\n")
            ok(s.recv(10) == b"", "plain text ends the connection")
        wait(lambda: failed(tailrace, "plaintext") == 1, 10, "counted as plaintext")
        ok("does not speak TLS" in tailrace.log(), "and the log says what to do")
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(b"\x16\x03\x01\x00\x40" + b"\xfe" * 64)
            while s.recv(100):
                pass
        wait(lambda: failed(tailrace, "protocol") == 1, 10, "garbage within a record: counted as protocol")
        for i in range(FAILING):
            with socket.create_connection(("127.0.0.1", port), 10) as s:
                s.sendall(b"\x16\x03\x01\x02\x00\x01")
        wait(lambda: failed(tailrace, "closed") == FAILING, 30, f"{FAILING} clients that went away: counted as closed")
        stalled = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(STALLED)]
        for s in stalled:
            s.sendall(b"\x16\x03\x01\x02\x00\x01")
        started = time.monotonic()
        with connect(port, client_context(pki.file("ca.pem"), good)) as s:
            s.sendall(b"after the stalled\n")
        wait(lambda: any(m.startswith("after the stalled") for m in messages(out)), 10, "a line past clients that stall")
        given_up = lambda: failed(tailrace, "timeout") + failed(tailrace, "too_many")
        wait(lambda: given_up() == STALLED, 20, f"{STALLED} stalled handshakes given up")
        ok(time.monotonic() - started > 1, "after ssl_handshake_timeout, no sooner")
        for s in stalled:
            s.close()
        wait(lambda: tailrace.metric("component_open_connections") == 0, 10, "no connection left")
        ok(tailrace.metric("component_tls_sessions") == 0, "no session left")
        wait(lambda: tailrace.metric("tailrace_memory_bytes") < 1 << 20, 10, "their memory given back")
        expires = tailrace.metric("component_tls_certificate_expires_seconds")
        ok(29 * 86400 < expires - time.time() <= 30 * 86400, "the metric tells when the certificate expires")
        balanced(tailrace)

def rotation(folder, pki):
    """Certificates replaced while lines flow."""
    port, out = free_port(), folder.file("rotation.txt")
    cert, key = pki.certificate("rotating", "ca", "/CN=first")
    config = server_config(port, out, f'ssl_certificate => "{cert}" ssl_key => "{key}" ssl_client_authentication => "none"')
    context = client_context(pki.file("ca.pem"))
    def serving():
        with connect(port, context) as s:
            return dict(pair[0] for pair in s.getpeercert()["subject"])["commonName"]
    with Tailrace(folder, config, name="rotation", arguments=["-w", "2"]) as tailrace:
        streams = [connect(port, context) for _ in range(4)]
        ok(serving() == "first", "the first certificate serves")
        sent, changing = [0] * 4, threading.Event()
        def flow(i):
            while sent[i] < LINES // 4 or not changing.wait(0.01): # then slowly, as long as it takes
                streams[i].sendall(b"".join(b"s%d n%d\n" % (i, n) for n in range(sent[i], sent[i] + 100)))
                sent[i] += 100
        threads = [threading.Thread(target=flow, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        pki.certificate("rotating", "ca", "/CN=second")
        tailrace.process.send_signal(signal.SIGHUP)
        wait(lambda: serving() == "second", 20, "the second certificate serves new connections")
        open(cert, "w").write("no certificate\n")
        tailrace.process.send_signal(signal.SIGHUP)
        wait(lambda: tailrace.metric("component_tls_reload_failures_total") >= 2, 20, "a file that is none is counted")
        ok("stays in use" in tailrace.log(), "and said")
        ok(serving() == "second", "the one before serves on")
        pki.certificate("rotating", "ca", "/CN=third")
        if MODE == "quick":
            tailrace.process.send_signal(signal.SIGHUP)
        wait(lambda: serving() == "third", 30, "the third is found, too, in time without a signal")
        changing.set()
        for t in threads:
            t.join()
        for s in streams:
            s.close()
        wait(lambda: count_lines(out) >= sum(sent), 60, f"{sum(sent)} lines")
        seen = {}
        for m in messages(out):
            stream, n = m.split("|")[0].split()
            seen.setdefault(stream, []).append(int(n[1:]))
        ok(all(seen[f"s{i}"] == list(range(sent[i])) for i in range(4)), "each once, in order, over the connections of the first")
        balanced(tailrace)

def renewed(folder, pki, plugin):
    """The same of the other inputs: a connection that is there outlives its certificate."""
    port, out = free_port(), folder.file(f"renewed-{plugin}.txt")
    cert, key = pki.certificate("of-" + plugin, "ca", "/CN=first")
    names, context = [], client_context(pki.file("ca.pem"))
    def wrap(s):
        s = context.wrap_socket(s, server_hostname="localhost")
        names.append(dict(pair[0] for pair in s.getpeercert()["subject"])["commonName"])
        return s
    def say(shipper, text):
        if plugin == "beats":
            shipper.send_events([{"message": text}])
            ok(shipper.acked(1) is not None, f"{plugin}: {text}")
        else:
            shipper.send(b"<13>1 - h a - - - %s\n" % text.encode())
            wait(lambda: any(text in m for m in messages(out)), 10, f"{plugin}: {text}")
    def serves(name):
        with Shipper(port, wrap):
            return names[-1] == name
    with Tailrace(folder, server_config(port, out, f'ssl_certificate => "{cert}" ssl_key => "{key}" ssl_client_authentication => "none"', plugin), name="renewed-" + plugin) as tailrace:
        with Shipper(port, wrap) as old:
            say(old, "before")
            pki.certificate("of-" + plugin, "ca", "/CN=second")
            tailrace.process.send_signal(signal.SIGHUP)
            wait(lambda: serves("second"), 20, f"{plugin}: the second certificate serves new connections")
            say(old, "after")
        ok(names[0] == "first" and len(messages(out)) == 2, f"{plugin}: the connection of the first goes on")
        balanced(tailrace)

def outputs(folder, pki):
    """The output tcp as a client: it verifies name and authority, and loses nothing while it cannot."""
    cert, key = pki.certificate("sink", "ca")
    wrong = pki.certificate("wrong", "ca", names="DNS:elsewhere.example")
    agent = pki.certificate("sender", "ca", "/CN=sender")
    served, got, names, ended = {"pair": wrong, "ca": "other"}, [], [], threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    def serve():
        while not ended.is_set():
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*served["pair"])
            context.load_verify_locations(pki.file(served["ca"] + ".pem"))
            context.verify_mode = ssl.CERT_REQUIRED
            context.sni_callback = lambda s, name, c: names.append(name)
            try:
                with context.wrap_socket(connection, server_side=True) as s:
                    while chunk := s.recv(1 << 16):
                        got.append(chunk)
            except (ssl.SSLError, ConnectionError):
                connection.close()
    threading.Thread(target=serve, daemon=True).start()
    source = free_port()
    config = f"""
        input {{ tcp {{ port => {source} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ host => "localhost" port => {listener.getsockname()[1]} codec => line {{ format => "%{{message}}" }}
            reconnect_interval => "200ms" ssl_enabled => true ssl_certificate_authorities => "{pki.file('ca.pem')}"
            ssl_certificate => "{agent[0]}" ssl_key => "{agent[1]}" }} }}"""
    with Tailrace(folder, config, name="outputs") as tailrace:
        send(source, b"".join(b"n%d\n" % n for n in range(LINES)))
        wait(lambda: failed(tailrace, "certificate") >= 2, 20, "a certificate of another name is refused, again and again")
        ok("hostname mismatch" in tailrace.log().lower(), "the log says why")
        ok(not got, "nothing was sent to it")
        served["pair"] = pki.certificate("stale", "ca", days=-1)
        wait(lambda: "has expired" in tailrace.log(), 20, "an expired one is refused")
        served["pair"] = (cert, key)
        wait(lambda: failed(tailrace, "refused") >= 2, 20, "a server that refuses our certificate is counted as refused")
        ok(not got, "nothing was lost to it")
        served["ca"] = "ca"
        wait(lambda: b"".join(got).count(b"\n") == LINES, 60, f"{LINES} lines, once the name is right")
        ok(b"".join(got).split() == [b"n%d" % n for n in range(LINES)], "each once, in order")
        ok("localhost" in names, "the name was sent along (SNI)")
        balanced(tailrace)
    ended.set()
    listener.close()

def chain(folder, pki):
    """tcp out to syslog in, both with TLS: octets counted or lines, whatever comes."""
    port, source, out = free_port(), free_port(), folder.file("chain.txt")
    cert, key = pki.file("server.pem"), pki.file("server.key")
    config = f"""
        input {{ tcp {{ port => {source} host => "127.0.0.1" codec => line }} }}
        output {{ tcp {{ host => "127.0.0.1" port => {port} codec => line ssl_enabled => true
            ssl_certificate_authorities => "{pki.file('ca.pem')}" }} }}"""
    config = config.replace("codec => line ssl", 'codec => line { format => "<13>1 - h a - - - %{message}" } ssl')
    receiver = server_config(port, out, f'ssl_certificate => "{cert}" ssl_key => "{key}"', "syslog")
    with Tailrace(folder, receiver, name="receiver") as there, Tailrace(folder, config, name="sender") as here:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.connect(("127.0.0.1", port))
        udp.send(b"in the clear")
        try:
            udp.send(b"again")
            refused = False
        except ConnectionRefusedError:
            refused = True
        ok(refused, "with TLS nobody listens to UDP")
        send(source, b"".join(b"n%d\n" % n for n in range(LINES)))
        wait(lambda: count_lines(out) == LINES, 60, f"{LINES} messages from tcp to syslog over TLS")
        ok([m.split("|")[0] for m in messages(out)] == [f"n{n}" for n in range(LINES)], "each once, in order")
        balanced(here)
        balanced(there)

with Folder() as folder:
    pki = Certificates(folder)
    pki.authority("ca")
    pki.authority("other")
    clients(folder, pki)
    rotation(folder, pki)
    for plugin in "syslog", "beats":
        renewed(folder, pki, plugin)
    outputs(folder, pki)
    chain(folder, pki)
finish()
