# SPDX-License-Identifier: Apache-2.0
"""A client of the language server: its own framing, requests by name, positions found by a `|` in a text."""
import json, os, select, subprocess, time
from support import *

SECONDS = 30  # for one answer

class Editor:
    """A running `tailrace lsp`, initialized unless told otherwise."""
    def __init__(self, encoding="utf-16", snippets=True, initialize=True, options=None, arguments=(), environment=None):
        self.process = subprocess.Popen([PROGRAM, "lsp", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=dict(os.environ, **(environment or {})))
        self.bytes, self.number, self.told, self.encoding = b"", 0, [], encoding
        if initialize:
            self.answer = self.request("initialize", {
                "processId": None, "rootUri": None, "initializationOptions": options or {},
                "capabilities": {
                    "general": {"positionEncodings": [encoding]},
                    "textDocument": {
                        "completion": {"completionItem": {"snippetSupport": snippets}},
                        "hover": {"contentFormat": ["markdown", "plaintext"]},
                        "publishDiagnostics": {"relatedInformation": True}}}})
            self.notify("initialized", {})
    def __enter__(self):
        return self
    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    # ---- frames ----
    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()
    def send(self, message):
        body = json.dumps(dict({"jsonrpc": "2.0"}, **message)).encode()
        self.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    def _more(self):
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        more = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
        if not more:
            ok(False, "the server answers")
            finish()
        self.bytes += more
    def read(self):
        while b"\r\n\r\n" not in self.bytes:
            self._more()
        head, rest = self.bytes.split(b"\r\n\r\n", 1)
        length = int(head.split(b":")[1])
        self.bytes = rest
        while len(self.bytes) < length:
            self._more()
        body, self.bytes = self.bytes[:length], self.bytes[length:]
        return json.loads(body)

    # ---- messages ----
    def notify(self, method, params):
        self.send({"method": method, "params": params})
    def ask(self, method, params):
        """The whole answer, error or not; notifications that come before it are kept."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        return self.answer_of(self.number)
    def answer_of(self, number):
        while True:
            message = self.read()
            if "id" in message and "method" not in message:
                if message["id"] != number:
                    ok(False, f"an answer to {number}, not to {message['id']}: {message}")
                    finish()
                return message
            self.told.append(message)
    def request(self, method, params):
        answer = self.ask(method, params)
        if "error" in answer:
            ok(False, f"{method}: {answer['error']}")
        return answer.get("result")
    def end(self):
        """shutdown, exit; the exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(SECONDS)

    # ---- documents ----
    def open(self, text, uri="file:///t/web.conf", language="tailrace", version=1):
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}})
    def change(self, changes, version, uri="file:///t/web.conf"):
        self.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes})
    def diagnostics(self, uri="file:///t/web.conf", version=None):
        """The next ones of this document, or those of a version; earlier ones of it are forgotten."""
        while True:
            for i, message in enumerate(self.told):
                params = message["params"]
                if message["method"] != "textDocument/publishDiagnostics" or params["uri"] != uri:
                    continue
                if version is None or params["version"] == version:
                    self.told = [m for m in self.told[:i] if m["params"].get("uri") != uri] + self.told[i + 1:]
                    return params["diagnostics"]
            self.told.append(self.read())
    def check(self, text, uri="file:///t/web.conf"):
        self.open(text, uri)
        return self.diagnostics(uri)
    def position(self, text, offset):
        """Of a character of `text`, as the server counts."""
        before = text[:offset].split("\n")
        last = before[-1]
        width = len(last.encode()) if self.encoding == "utf-8" else len(last.encode("utf-16-le")) // 2
        return {"line": len(before) - 1, "character": width}
    def at(self, marked, method, uri="file:///t/web.conf", **more):
        """A request at the `|` of a text, which is opened without it."""
        offset = marked.index("|")
        text = marked[:offset] + marked[offset + 1:]
        self.open(text, uri)
        return self.request(method, dict({"textDocument": {"uri": uri}, "position": self.position(text, offset)}, **more))
    def labels(self, marked):
        found = self.at(marked, "textDocument/completion")
        return [item["label"] for item in found["items"]] if found else []
    def hover(self, marked):
        found = self.at(marked, "textDocument/hover")
        return found["contents"]["value"] if found else None
