# SPDX-License-Identifier: Apache-2.0
"""Real senders: logger and rsyslog, RFC 3164 and RFC 5424, UDP, lines and octet counting, and a million
lines' worst habit: lines that begin with a digit."""
import json, shutil, subprocess
from support import *

for program in ("logger", "rsyslogd"):
    if not shutil.which(program):
        skip(f"{program} is not installed")

def two_port():
    """Free for TCP and UDP."""
    while True:
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass

RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
module(load="imfile" PollingInterval="1")
input(type="imuxsock" Socket="{socket}")
template(name="five" type="string" string="<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% [x@1 q=\\"a\\\\\\"b\\"] %msg:2:$%")
if $syslogtag startswith "old" then action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat")
if $syslogtag startswith "iso" then action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="RSYSLOG_ForwardFormat")
if $syslogtag startswith "five" then action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="five" TCP_Framing="octet-counted")
if $syslogtag startswith "dgram" then action(type="omfwd" target="127.0.0.1" port="{port}" protocol="udp" template="RSYSLOG_SyslogProtocol23Format")
"""

def logger(port, *options):
    subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(port), "--tag", "tool", *options], check=True)

with Folder() as folder:
    port, out = two_port(), folder.file("out.json")
    with Tailrace(folder, f"""
        input {{ syslog {{ port => {port} }} }}
        output {{ file {{ path => "{out}" codec => json_lines }} }}""") as tailrace:
        def events():
            return [json.loads(line) for line in lines_of(out)]
        def expect(message, what, check):
            found = wait(lambda: [e for e in events() if e["message"] == message], 10, what)
            ok(len(found) == 1 and not found[0].get("tags") and check(found[0]), what)

        logger(port, "-T", "--rfc3164", "-p", "mail.err", "l3164 tcp")
        expect("l3164 tcp", "logger, RFC 3164, TCP", lambda e: e["process"]["name"] == "tool"
               and e["log"]["syslog"]["facility"] == {"code": 2, "name": "mail"}
               and e["log"]["syslog"]["severity"] == {"code": 3, "name": "Error"})
        logger(port, "-d", "--rfc3164", "l3164 udp")
        expect("l3164 udp", "logger, RFC 3164, UDP", lambda e: e["host"]["ip"] == "127.0.0.1")
        logger(port, "-T", "--rfc5424", "--msgid", "M1", "--sd-id", "z@1", "--sd-param", 'k="v"', "l5424 tcp")
        expect("l5424 tcp", "logger, RFC 5424, TCP", lambda e: e["log"]["syslog"]["msgid"] == "M1"
               and e["log"]["syslog"]["structured_data"]["z@1"] == {"k": "v"})
        logger(port, "-T", "--rfc5424", "--octet-count", "l5424 counted")
        expect("l5424 counted", "logger, RFC 5424, octet counting", lambda e: e["log"]["syslog"]["version"] == "1")

        unix = folder.file("rsyslog.sock")
        config = folder.write("rsyslog.conf", RSYSLOG.format(socket=unix, port=port))
        rsyslog = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", folder.file("rsyslog.pid")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: os.path.exists(unix), 10, "rsyslog's socket")
            for tag in ("old", "iso", "five", "dgram"):
                subprocess.run(["logger", "-u", unix, "--tag", tag, f"r {tag}"], check=True)
            expect("r old", "rsyslog, traditional format, lines", lambda e: e["process"]["name"] == "old")
            expect("r iso", "rsyslog, its own format with RFC 3339 times",
                   lambda e: e["process"]["name"] == "iso" and len(e["@timestamp"]) > 24)
            expect("r five", "rsyslog, RFC 5424, octet counting", lambda e: e["process"]["name"] == "five"
                   and e["log"]["syslog"]["structured_data"]["x@1"] == {"q": 'a"b'})
            # its template puts a second blank before the text: RFC 5424 takes that for text
            expect(" r dgram", "rsyslog, RFC 5424, UDP", lambda e: e["log"]["syslog"]["appname"] == "dgram")
        finally:
            rsyslog.terminate()
            rsyslog.wait()

        before = len(events())
        count = choose(2000, 20000, 200000)
        send(port, b"".join(b"%d <%d> bottles\n" % (i, i) if i else b"first\n" for i in range(count)))
        wait(lambda: count_lines(out) == before + count, 60, "lines that begin with a digit")
        tail = events()[before:]
        ok([e["message"] for e in tail[1:]] == [f"{i} <{i}> bottles" for i in range(1, count)],
           f"{count} lines that begin with a digit are lines, in order")
        ok(all(e["tags"] == ["_grokparsefailure_sysloginput"] for e in tail), "and are tagged as no syslog")
        ok(tailrace.stop() == 0, "a clean end")
finish()
