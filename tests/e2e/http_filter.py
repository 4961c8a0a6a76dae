#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The http filter against a web server of this test's own: requests as the options say, answers of all
kinds, failures; a batch that waits is stopped and killed; with one worker and with four. quick: yes, waits: yes"""
import http.server, json
from support_tls import *

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        kind = self.path.split("/")[1].split("?")[0]
        status, headers, text = 200, [("content-type", "text/plain")], b"  hello \n"
        if kind == "json":
            headers, text = [("Content-Type", "application/json; charset=utf-8")], json.dumps({"id": self.path.split("/")[2], "list": [1, {"a": None}]}).encode()
        elif kind == "broken":
            headers, text = [("content-type", "application/json")], b'{"a": '
        elif kind == "two":
            headers += [("x-one", "1"), ("X-One", "2")]
        elif kind == "missing":
            status = 404
        elif kind == "moved":
            status, headers = 302, [("location", "/json/moved")]
        elif kind == "file":
            status, headers = 302, [("location", "file:///etc/hostname")]
        elif kind == "big":
            text = b"x" * 3000
        elif kind == "slow":
            self.server.gate.wait(20)
        elif kind == "drop":
            self.close_connection = True
            if self.server.seen.count(self.server.seen[-1]) < 2 and sum(s[1] == self.path for s in self.server.seen) < 2:
                return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer
    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    def handle_error(self, *_):
        pass

server = Server(("127.0.0.1", 0), Handler)
server.seen, server.gate = [], threading.Event()
server.gate.set()
threading.Thread(target=server.serve_forever, daemon=True).start()
BASE = f"http://127.0.0.1:{server.server_port}"

def run(folder, options, rows, arguments=()):
    return through(folder, "http { %s }" % options.replace("BASE", BASE), rows, arguments)

def answers(folder):
    out = run(folder, 'url => "BASE/%{kind}/%{id}" target_headers => "[@metadata][h]" add_tag => ["found"] answer_limit => 2000',
              [{"kind": k, "id": n} for n, k in enumerate(["json", "text", "broken", "missing", "moved", "big", "file", "drop"])], ["--pipeline.ecs_compatibility", "disabled"])
    ok(out[0]["body"] == {"id": "0", "list": [1, {"a": None}]} and out[0]["tags"] == ["found"], "JSON becomes fields")
    ok(out[1]["body"] == "hello", "text is trimmed")
    ok("body" not in out[2] and out[2]["tags"] == ["_jsonparsefailure", "found"], "what is not the JSON it claims to be is tagged")
    ok(out[3] == {"kind": "missing", "id": 3, "tags": ["_httprequestfailure"]}, "another status is tagged")
    ok(out[4]["body"]["id"] == "moved", "a redirect is followed")
    ok(out[5]["tags"] == ["_httprequestfailure"] and "body" not in out[5], "an answer over the limit is a failure")
    ok(out[6]["tags"] == ["_httprequestfailure"], "a redirect to a file leads nowhere")
    ok(out[7]["body"] == "hello" and "tags" in out[7], "a request whose connection broke is made again")
    out = run(folder, 'url => "BASE/two"', [{"n": 1}], ["--pipeline.ecs_compatibility", "v8"])
    ok(out[0]["http"]["response"]["body"]["content"] == "hello" and "headers" not in out[0], "targets in ECS mode")
    out = run(folder, 'url => "BASE/two" target_headers => "h"', [{"n": 1}])
    ok(out[0]["h"]["x-one"] == ["1", "2"] and out[0]["h"]["content-type"] == "text/plain", "headers, of one name several")
    hostile = ["file:///etc/hostname", "gopher://127.0.0.1/", "", "http://127.0.0.1:1/", "http://127.0.0.1:99999/", "http://a\0b", "ht tp://x y", "x" * 70000]
    out = run(folder, 'url => "%{u}" automatic_retries => 0', [{"u": u} for u in hostile])
    ok([e["u"] for e in out] == hostile and all(e["tags"] == ["_httprequestfailure"] for e in out), "addresses that lead nowhere are tagged")

def requests(folder):
    server.seen.clear()
    run(folder, '''url => "BASE/text?x=1" verb => "POST" query => { "q" => "%{q}" "list" => ["a", "b c"] } headers => { "X-Id" => "%{q}" }
        body => { "id" => "%{q}" "n" => 5 "deep" => ["%{n}", { "%{n}" => "y" }] } body_format => "json" user => "me" password => "pass"''',
        [{"q": "a&b=c\u00e9\r\nX-Evil: 1", "n": 7}])
    method, path, headers, body = server.seen[0]
    ok(method == "POST" and path == "/text?x=1&q=a%26b%3Dc%C3%A9%0D%0AX-Evil%3A%201&list=a&list=b%20c", "parameters are encoded")
    ok(headers.get("content-type") == "application/json" and "X-Evil" not in headers and headers["X-Id"].endswith("  X-Evil: 1"),
       "no event adds a header")
    ok(json.loads(body) == {"id": "a&b=c\u00e9\r\nX-Evil: 1", "n": 5, "deep": ["7", {"7": "y"}]}, "a body of JSON with fields in it")
    ok(headers.get("Authorization") == "Basic bWU6cGFzcw==", "basic authentication")
    for verb in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        server.seen.clear()
        out = run(folder, f'url => "BASE/text" verb => "{verb}" body => "text %{{n}}" headers => {{ "Content-Type" => "text/x" }} target_body => "b"', [{"n": 1}])
        ok(server.seen[0][0] == verb and out[0]["b"] == ("" if verb == "HEAD" else "hello"), verb)
    ok(server.seen[0][3] == b"text 1" and server.seen[0][2]["Content-Type"] == "text/x", "a body of text, a content-type of one's own")
    server.gate.clear()
    out = run(folder, 'url => "BASE/%{k}" request_timeout => 0.3', [{"k": "slow"}, {"k": "text"}])
    server.gate.set()
    ok(out[0]["tags"] == ["_httprequestfailure"] and "tags" not in out[1], "silence ends at request_timeout")

def waiting(folder, workers):
    log, out = folder.file(f"in{workers}.log"), folder.file(f"out{workers}.json")
    with open(log, "w") as f:
        f.writelines('{"n":%d}\n' % n for n in range(1000))
    config = """input { file { path => "%s" mode => "tail" start_position => "beginning" codec => json_lines } }
    filter { http { url => "%s/slow/%%{n}" target_headers => "[@metadata][h]" target_body => "b" } }
    output { file { path => "%s" codec => json_lines } }""" % (log, BASE, out)
    server.seen.clear()
    server.gate.clear()
    with Tailrace(folder, config, ["-w", str(workers)], name=f"waiting{workers}") as tailrace:
        wait(lambda: len(server.seen) > 10, 10, "requests")
        tailrace.kill()
        server.gate.set()
        tailrace.start()
        wait(lambda: count_lines(out) >= 1000 and tailrace.books()["in_flight"] == 0, 30, "all lines written")
        events = [json.loads(line) for line in lines_of(out)]
        ok([e["n"] for e in events] == list(range(1000)) and all(e.get("b") == "hello" for e in events),
           f"{workers} workers: every event has its answer, in order")
        ok(tailrace.books_balance(), f"{workers} workers: the books balance")
        server.gate.clear()
        server.seen.clear()
        with open(log, "a") as f:
            f.write('{"n":-1}\n')
        wait(lambda: len(server.seen) == 1, 10, "a request")
        tailrace.process.send_signal(signal.SIGTERM)
        wait(lambda: "stop.signal" in tailrace.log(), 10, "the stop begins")
        server.gate.set()
        ok(tailrace.process.wait(20) == 0 and count_lines(out) == 1001, f"{workers} workers: a stop waits for answers")

def secured(folder):
    """Over TLS: who is verified and who is asked for a certificate."""
    certificates = Certificates(folder)
    for name in ("ca", "other"):
        certificates.authority(name)
    pair = certificates.certificate("server", "ca")
    own = certificates.certificate("client", "ca")
    def serve(names=None, asks=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(certificates.certificate("stranger", "ca", names=names) if names else pair))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(certificates.file("ca.pem"))
        secure = Server(("127.0.0.1", 0), Handler)
        secure.seen, secure.gate = [], server.gate
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        return secure
    def asks(to, options):
        base = f"https://127.0.0.1:{to.server_port}"
        out = run(folder, f'url => "{base}/text" automatic_retries => 0 ' + options, [{"n": 1}], ["--pipeline.ecs_compatibility", "disabled"])
        return out[0].get("body") == "hello" and "tags" not in out[0]
    trusts = 'ssl_certificate_authorities => ["%s"] ' % certificates.file("ca.pem")
    plain, stranger, strict = serve(), serve(names="DNS:elsewhere"), serve(asks=True)
    ok(asks(plain, trusts), "https: a server of the authority is asked")
    ok(not asks(plain, ""), "the system's authorities do not know it")
    ok(not asks(plain, 'ssl_certificate_authorities => ["%s"]' % certificates.file("other.pem")), "nor does another one")
    ok(asks(plain, 'ssl_verification_mode => "none"'), "unless nothing is verified")
    ok(not asks(stranger, trusts), "a certificate for another name is refused")
    ok(asks(stranger, trusts + 'ssl_verification_mode => "certificate"'), "unless only the chain is verified")
    ok(not asks(strict, trusts), "a server that wants a certificate refuses who has none")
    ok(asks(strict, trusts + 'ssl_certificate => "%s" ssl_key => "%s"' % own), "and answers who has one")

with Folder() as folder:
    answers(folder)
    requests(folder)
    secured(folder)
    waiting(folder, 1)
    waiting(folder, 4)
finish()
