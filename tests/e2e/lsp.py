#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The language server as an editor sees it: diagnostics to the column, hover, completion in whole and in
broken texts, edits, formatting, outline, and frames that no editor would send. quick: yes"""
import random
from support_lsp import *

URI = "file:///t/web.conf"
NAMED = {"textDocument": {"uri": URI}}

def span(line, start, end, last=None):
    return {"start": {"line": line, "character": start}, "end": {"line": line if last is None else last, "character": end}}

def shown(diagnostics):
    """Place, severity and first line of each."""
    return [(d["range"]["start"]["line"], d["range"]["start"]["character"], d["range"]["end"]["character"],
             d["severity"], d["message"].split("\n")[0]) for d in diagnostics]

def lines_of_text(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

class Model:
    """The same text in Python: offsets of UTF-16 positions, lines ended by LF, CR LF or CR."""
    def __init__(self, text):
        self.text = text
    def offset(self, position):
        at, line = 0, position["line"]
        while line and at < len(self.text):
            if self.text.startswith("\r\n", at):
                at += 1
            line -= self.text[at] in "\r\n"
            at += 1
        left = position["character"]
        while left and at < len(self.text) and self.text[at] not in "\r\n":
            units = 2 if ord(self.text[at]) > 0xffff else 1
            if units > left:
                break
            left -= units
            at += 1
        return at
    def edit(self, change):
        if "range" not in change:
            self.text = change["text"]
            return
        a, b = sorted((self.offset(change["range"]["start"]), self.offset(change["range"]["end"])))
        self.text = self.text[:a] + change["text"] + self.text[b:]

# ---- the protocol's life ----

with Editor(initialize=False) as e:
    ok(e.ask("textDocument/hover", {})["error"]["code"] == -32002, "a request before initialize is refused")
    e.open("filter {")
    e.notify("initialized", {})
    answer = e.ask("initialize", {"capabilities": {}})["result"]
    ok(answer["capabilities"]["positionEncoding"] == "utf-16", "UTF-16 unless the editor offers UTF-8")
    ok(answer["serverInfo"]["name"] == "tailrace" and answer["serverInfo"]["version"], "it says its name and version")
    ok(e.ask("initialize", {"capabilities": {}})["error"]["code"] == -32600, "initialize comes once")
    ok(e.ask("workspace/unheardOf", {})["error"]["code"] == -32601, "an unknown method is said to be one")
    e.notify("$/cancelRequest", {"id": 1})
    e.notify("$/unheardOf", {})
    ok(e.ask("textDocument/hover", NAMED)["error"]["code"] == -32602, "a hover without position is refused")
    ok(e.ask("textDocument/hover", {"position": {"line": 0, "character": 0}})["error"]["code"] == -32602, "one without document too")
    bad = dict(NAMED, position={"line": -1, "character": 0})
    ok(e.ask("textDocument/hover", bad)["error"]["code"] == -32602, "a negative line is refused")
    ok(e.ask("textDocument/hover", dict(NAMED, position={"line": 0, "character": 0})) == {"jsonrpc": "2.0", "id": e.number, "result": None},
       "what was opened before initialize is not open")
    ok(e.ask("shutdown", None)["result"] is None, "shutdown is answered")
    ok(e.ask("textDocument/hover", NAMED)["error"]["code"] == -32600, "nothing is answered after it")
    e.notify("exit", None)
    ok(e.process.wait(SECONDS) == 0, "exit after shutdown: 0")

for name, send, code in (("exit without shutdown", lambda e: e.notify("exit", None), 1),
                         ("end of input without shutdown", lambda e: e.process.stdin.close(), 1),
                         ("end of input after shutdown", lambda e: (e.request("shutdown", None), e.process.stdin.close()), 0)):
    with Editor() as e:
        send(e)
        ok(e.process.wait(SECONDS) == code, f"{name}: {code}")
with Editor(arguments=["--stdio"]) as e:
    ok(e.end() == 0, "--stdio is accepted")
with Editor() as e:
    e.process.stdout.close()
    e.open("filter {")
    ok(e.process.wait(SECONDS) == 1, "an editor that reads no more ends it")
    e.process.stdout = open(os.devnull, "rb")

# ---- frames that no editor sends ----

with Editor() as e:
    def framed(body):
        return b"Content-Length: %d\r\n\r\n" % len(body) + body
    hostile = [
        (b"Content-Length: -5\r\n\r\n", -32700), (b"Content-Length: abc\r\n\r\n", -32700), (b"Hello: 1\r\n\r\n", -32700),
        (b"Content-Length: 99999999999999999999\r\n\r\n", -32700), (b"x" * 5000, -32700),
        (framed(b"{]"), -32700), (framed(b""), -32700), (framed(b"\xff\xfe\x00"), -32700), (framed(b'{"id":{}'), -32700),
        (framed(b"[]"), -32600), (framed(b"7"), -32600), (framed(b'{"method":7,"params":1}'), -32600),
        (framed(b'{"id":{},"method":"shutdown"}'), -32600),
    ]
    for data, code in hostile:
        e.write(data)
        answer = e.read()
        ok(answer["id"] is None and answer["error"]["code"] == code, f"{data[:30]} is told to be wrong")
        ok(e.ask("textDocument/documentSymbol", NAMED)["result"] is None, "and the next message is read")
    deep = b"[" * 100000 + b"]" * 100000
    e.write(b"Content-Length: %d\r\n\r\n" % len(deep) + deep)
    ok(e.read()["error"]["code"] == -32700, "100,000 arrays within each other")
    wide = b"[" + b"1," * 300000 + b"1]"
    e.write(b"Content-Length: %d\r\n\r\n" % len(wide) + wide)
    ok(e.read()["error"]["code"] == -32600, "300,000 values in one message")
    for change in ({"range": 5, "text": "x"}, {"range": span(0, 0, 0)}, {"text": 5}, 7, {"range": span(0, -1, 0), "text": "x"}):
        e.open("a")
        e.change([change], 2)
    e.notify("textDocument/didOpen", {"textDocument": {"uri": 5}})
    e.notify("textDocument/didChange", {})
    e.notify("textDocument/didClose", {"textDocument": {"uri": "file:///never/opened"}})
    ok(e.ask("textDocument/documentSymbol", NAMED)["result"] == [], "and goes on serving")
    e.diagnostics()
    e.write(b"Content-Length: 2147483648\r\n\r\n{}")
    ok(next(m for m in iter(e.read, None) if "error" in m)["error"]["code"] == -32600, "a body of 2 GB is refused, and waited for")
    e.process.stdin.close()
    ok(e.process.wait(SECONDS) == 1, "until the input ends")

# ---- diagnostics ----

FAULTS = '''input { tcp { prot => 5170 } }
filter {
  grok { match => { "message" => "ü𝄞 %{IPROHOST:a}" } }
  mutate { add_tag => ["ä𝄞"] renam => { "a" => "b" } }
  if [a] == "x" { drop { percentage => 500 } }
  if level >= WARNN { drop { } }
  mutate { id => "x" } mutate { id => "x" }
  gork { }
}
output { stdout { codec => jsn }
'''
WANT = [
    (0, 8, 11, 1, "input `tcp` needs the option `port`"),
    (0, 14, 18, 1, "input `tcp` has no option `prot`"),
    (2, 38, 51, 1, "grok pattern `IPROHOST` is not defined"),
    (3, 30, 35, 1, "filter `mutate` has no option `renam`"),
    (4, 39, 42, 1, "`percentage` is out of bounds"),
    (5, 14, 19, 1, "`WARNN` is no level"),
    (6, 38, 41, 1, "two plugins have the id `x`"),
    (7, 2, 6, 1, "there is no filter `gork`"),
    (8, 27, 30, 1, "there is no codec `jsn`"),
    (9, 0, 0, 1, "the text ends where `}` is expected"),
]
WANT[8] = (9,) + WANT[8][1:]
WANT[9] = (10,) + WANT[9][1:]

with Editor() as e:
    found = e.check(FAULTS)
    ok(shown(found) == WANT, f"all faults of a text, columns in UTF-16 {shown(found) if shown(found) != WANT else ''}")
    ok(found[1]["message"].split("\n")[1] == "did you mean `port`?", "the remedy stands in the message")
    ok(found[6]["relatedInformation"] == [{"location": {"uri": URI, "range": span(6, 17, 20)}, "message": "first given here"}],
       "a second place is related information")
    ok(found[9]["relatedInformation"][0]["location"]["range"] == span(9, 7, 8), "the brace that is open")
    ok("Expected one of" not in found[9]["message"] and found[0]["source"] == "tailrace", "Logstash's own words are left out")

    fixes = e.request("textDocument/codeAction", dict(NAMED, range=span(0, 0, 0, 99), context={"diagnostics": []}))
    edits = {f["title"]: f["edit"]["changes"][URI] for f in fixes}
    ok(edits == {"Write `port`": [{"range": span(0, 14, 18), "newText": "port"}],
                 "Write `IPORHOST`": [{"range": span(2, 40, 48), "newText": "IPORHOST"}],
                 "Write `rename`": [{"range": span(3, 30, 36 - 1), "newText": "rename"}],
                 "Write `WARN`": [{"range": span(5, 14, 19), "newText": "WARN"}],
                 "Write `grok`": [{"range": span(7, 2, 6), "newText": "grok"}],
                 "Write `json`": [{"range": span(9, 27, 30), "newText": "json"}]}, f"suggestions are quick fixes {edits}")
    ok(all(f["kind"] == "quickfix" and f["isPreferred"] for f in fixes), "of that kind")
    near = e.request("textDocument/codeAction", dict(NAMED, range=span(3, 31, 31), context={"diagnostics": []}))
    ok([f["title"] for f in near] == ["Write `rename`"], "only those at the cursor are offered")

    e.change([{"text": "filter { }"}], 2)
    ok(e.diagnostics(version=2) == [], "a text without fault has none")
    e.notify("textDocument/didClose", NAMED)
    ok(e.diagnostics() == [], "a closed document has none")

with Editor("utf-8") as e:
    ok(e.answer["capabilities"]["positionEncoding"] == "utf-8", "UTF-8 when it is offered")
    found = shown(e.check(FAULTS))
    ok(found[2] == (2, 41, 54, 1, WANT[2][4]) and found[3][:3] == (3, 33, 38), "columns in bytes then")

with Editor(environment={"LSP_PORT": "70000"}) as e:
    text = 'input { tcp { port => "${NOWHERE_SET}" } udp { port => "${LSP_PORT}" } }\n' \
           'filter { if [a] == "${NOT_SET}" { mutate { add_field => { "a" => "é ${ALSO_NOT} ${SET:x}" } } } }'
    ok(shown(e.check(text)) == [(0, 55, 68, 1, "`port` is out of bounds"),
                                (0, 23, 37, 3, "the variable `NOWHERE_SET` is not defined on this machine"),
                                (1, 20, 30, 3, "the variable `NOT_SET` is not defined on this machine"),
                                (1, 68, 79, 3, "the variable `ALSO_NOT` is not defined on this machine")],
       "a variable that is not defined here is information, and nothing follows from it")

with Editor() as e:
    ok(shown(e.check("- pipeline.id: a\n  pipeline.wrokers: 2\n- pipeline.id: a\n  path.config: x\n", "file:///t/pipelines.yml")) ==
       [(1, 2, 18, 1, "there is no setting `pipeline.wrokers`"), (2, 15, 16, 1, "two pipelines have the id `a`")], "pipelines.yml")
    ok(shown(e.check("pipeline.workers: many\nqueue.type: persisted\n", "file:///t/logstash.yml"))[0][:4] == (0, 18, 22, 1), "logstash.yml")
    ok(e.check("a: [", "file:///t/other.yaml") == [], "of other YAML nothing is said")
    ok(len(e.check("a: [", "file:///t/tailrace.yml")) == 1, "tailrace.yml")
    ok(e.request("textDocument/hover", {"textDocument": {"uri": "file:///t/logstash.yml"}, "position": {"line": 0, "character": 1}}) is None,
       "settings have no hover")

with Editor() as e:
    text = 'test "é𝄞" { input => "x" wehre => "y" where => "[a] ==" }\ntest "é𝄞" { input => "x" dropped => true }\n'
    ok(shown(e.check(text, "file:///t/web.test.conf")) ==
       [(0, 26, 31, 1, "a `test` has no option `wehre`"), (0, 55, 55, 1, "the text ends where a field or a value is expected"),
        (1, 5, 10, 1, "two tests have the name `é𝄞`")], "tests are checked, their conditions too")

# what `tailrace check` says, at the same places
def checked(folder, text):
    path = folder.write("web.conf", text)
    done = subprocess.run([PROGRAM, "check", "--format", "json", "--path.settings", folder.file("none"), path],
                          capture_output=True, text=True, timeout=60)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted((r["line"] - 1, r["severity"], r["message"]) for r in rows if "line" in r)

def examples():
    for top, _, names in os.walk(os.path.join(ROOT, "examples")):
        for name in sorted(names):
            if name.endswith(".conf"):
                yield os.path.join(top, name)

with Folder() as folder, Editor() as e:
    texts = [open(path).read() for path in examples()]
    ok(len(texts) >= 8 and all(not [d for d in e.check(text) if d["severity"] < 3] for text in texts), "examples are without fault")
    broken = [FAULTS, "filter { if [a] in [\"x\"] and [b] or { } }\ninput {", "filter {\n grok { match => [\"a\" \"b\"] }\n}\noutput { file { } }"]
    broken += [text.replace("=>", "=", 2) for text in texts[:4]] + [text.replace("}", "", 1) for text in texts[:4]]
    for number, text in enumerate(broken):
        mine = sorted((line, "error" if severity == 1 else "warning", text) for line, _, _, severity, text in shown(e.check(text))
                      if "needs the option" not in text)
        # of a plugin that could not be read whole nothing is said to be missing: it is being written
        theirs = [row for row in checked(folder, text) if "needs the option" not in row[2]]
        ok(mine == theirs, f"broken text {number}: the same as check says {'' if mine == theirs else (mine, theirs)}")

# ---- hover ----

HOVERS = [
    ('filter { gr|ok { } }', "**grok** (filter)", "- `match` hash: Fields and the patterns to try on each, in order. The library: tailrace docs patterns."),
    ('filter { grok { |match => {} } }', "**match** of the filter `grok`", "hash"),
    ('filter { grok { break_on_match| => true } }', "**break_on_match** of the filter `grok`", "true or false, default `true`"),
    ('input { udp { workers| => 2 } }', "**workers** of the input `udp`", "Without effect here."),
    ('filter { mutate { add_tag| => ["a"] } }', "**add_tag** of the filter `mutate`", "Tags to add when the filter succeeds."),
    ('filter { grok { match => { "m" => "é %{IP|ORHOST:a}" } } }', "**IPORHOST** (grok pattern)\n\nAn address or a host's name\n", "%{IP}|%{HOSTNAME}"),
    ('filter { grok { match => { "m" => "%{OWN|:a}" } pattern_definitions => { "OWN" => "%{INT:[n][m]:int}x" } } }', "**OWN** (grok pattern)", "Sets: `[n][m]` (int)"),
    ('filter { [a] = down|case([b]) }', "downcase(text: string) -> string", '- `downcase("ABC")` is `"abc"`'),
    ('filter { if lev|el >= WARN { } }', "**level**", "TRACE < DEBUG < INFO < WARN"),
    ('filter { if level >= WA|RN { } }', "**level**", "syslog"),
    ('filter { if [a] no|t in [b] { } }', "**not**", "the opposite of `in`"),
    ('output { stdout { codec => rubyde|bug } }', "**rubydebug** (codec)", "- `metadata`"),
    ('output { stdout { codec => json { char|set => "UTF-8" } } }', "**charset** of the codec `json`", "charset"),
    ('input { kafka { decorate_events => ba|sic } }', "**decorate_events** of the input `kafka`", "one of none, basic, extended"),
    ('filter {\n  grok { match => { "message" => "%{IP:[c][ip]}" } }\n  if [c]|[ip] { mutate { rename => { "[c][ip]" => "x" } } }\n}',
     "**[c][ip]** (field)", "- set in line 2 (grok)\n- read in line 3\n- removed in line 3 (mutate)"),
    ('filter { grok { match => { "message" => "%{COMBINEDAPACHELOG}" } } if [source]|[address] { } }', "**[source][address]** (field)", "- set in line 1 (grok)"),
    ('filter { mutate { add_field => { "x" => "é %{[a|]} %{b}" } } }', "**[a]** (field)", "- read in line 1 (mutate)"),
    ('filter {\n  let size = 1\n  [a] = si|ze\n}', "**size** (name)", "- given in line 2"),
    ('te|st "a" { }', "**test** (block)", "- `where`"),
    ('test "a" { whe|re => "x" }', "**where** of the block `test`", "Conditions that every event fulfils."),
    ('filter { le|t size = 1 }', "**let**", "to the end of its block"),
    ('filter { for x i|n [a] { } }', "**in**", "list"),
    ('filter { f|or x in [a] { con|tinue } }'.replace("con|", "con"), "**for**", "It holds no plugins"),
    ('filter { for x in [a] { con|tinue } }', "**continue**", "next item"),
    # broken texts
    ('filter { gr|ok { match => { "a" => ', "**grok** (filter)", "Options:"),
    ('filter {\n  grok { mat|ch => { "a" => "b\n  }\n  date { }', "**match** of the filter `grok`", "hash"),
]
with Editor() as e:
    for marked, *wanted in HOVERS:
        text = e.hover(marked) or ""
        ok(all(part in text for part in wanted), f"hover {marked!r} {'' if all(p in text for p in wanted) else text!r}")
    for marked in ("|", "filter { | }", "filter { # gr|ok\n }", 'filter { unheard| { } }', 'filter { grok { unheard| => 1 } }', 'filter { mutate { add_tag => ["a|"] } }'):
        ok(e.hover(marked) is None, f"nothing to say: {marked!r}")
    found = e.at('filter { mutate { add_field => { "x" => "é𝄞 %{[a|]}" } } }', "textDocument/hover")
    ok(found["range"] == span(0, 47, 50) and found["contents"]["kind"] == "markdown", "what it is about, in UTF-16")

# ---- completion ----

def has(labels, *wanted):
    return all(w in labels for w in wanted)

PLACES = [
    ("|", {"input", "filter", "output", "test"}, set()),
    ('test "a" { | }', {"input", "expect", "where"}, {"grok", "id"}),
    ('test "a" { input => "x" exact => | }', {"true", "false"}, set()),
    ("filter { |", {"grok", "mutate", "if", "else if", "remove", "[message]"}, {"tcp", "match"}),
    ("input { | }", {"tcp", "kafka"}, {"grok", "if"}),
    ("output { k|", {"kafka", "if"}, {"grok", "remove"}),
    ("filter {\n  grok {\n    |\n  }\n}", {"match", "add_tag", "id"}, {"if", "mutate"}),
    ("filter { grok { match => { } | add_tag => [] } }", {"overwrite", "remove_field"}, {"match", "add_tag"}),
    ("filter { grok { mat| } }", {"match"}, set()),
    ("output { kafka { | } }", {"topic_id", "codec"}, {"broker_list", "block_on_buffer_full"}),
    ("filter { grok { break_on_match => | } }", {"true", "false"}, {"match"}),
    ("input { kafka { isolation_level => | } }", {"read_uncommitted", "read_committed"}, set()),
    ('input { kafka { isolation_level => "read_|" } }', {"read_uncommitted", "read_committed"}, set()),
    ("output { stdout { codec => | } }", {"rubydebug", "json"}, {"true"}),
    ("output { stdout { codec => json { | } } }", {"charset", "id"}, {"codec"}),
    ('filter { grok { match => { "message" => "%{|" } } }', {"IPORHOST", "COMBINEDAPACHELOG"}, {"message", "_IPV4TAIL"}),
    ('filter { grok { match => { "message" => "x %{IP|} y" } } }', {"IPORHOST"}, set()),
    ('filter { grok { match => { "message" => "%{OWN|" } pattern_definitions => { "OWNED" => "x" } } }', {"OWNED"}, set()),
    ('filter { mutate { add_field => { "[q][r]" => "x" } } grok { match => { "message" => "%{IP:|" } } }', {"[q][r]", "message"}, {"IPORHOST"}),
    ('filter { grok { match => { "message" => "%{INT:a:|}" } } }', {"int", "float"}, {"message"}),
    ('filter { json { source => "|" } [from][here] = 1 }', {"message", "[from][here]"}, set()),
    ('filter { mutate { rename => { "|', {"message"}, {"rename"}),
    ('filter { [seen] = 1 mutate { add_field => { "a" => "%{|" } } }', {"seen", "message"}, {"IPORHOST"}),
    ('filter { grok { match => { "m" => "%{COMBINEDAPACHELOG}" } } if [|', {"[source][address]", "[http][request][method]"}, {"grok"}),
    ("filter { if | { drop { } } }", {"[message]", "level"}, {"grok"}),
    ("filter { if [a] |", {"and", "in", "=="}, {"[message]"}),
    ("filter { if level >= |", {"WARN", "FATAL"}, {"[message]"}),
    ("filter { if level([sev]) == W|", {"WARN"}, {"[message]"}),
    ("filter { [a] = |", {"downcase", "[message]", "null"}, {"grok"}),
    ("filter { [a] = downcase(|", {"upcase", "[message]"}, {"grok"}),
    ("filter { [a] = 1\n  | }", {"grok", "if"}, set()),
    ("filter { let size = 1 [a] = s|", {"size", "split"}, set()),
    ("filter { remove [|", {"[message]"}, {"grok"}),
    ("filter { if is_|", {"is_ip", "[message]", "true"}, {"grok"}),
    ("filter { for item in [list] { | } }", {"if", "let", "break", "continue", "[message]"}, {"grok"}),
    ("filter { for item in [list] { [a] = | } }", {"item"}, set()),
    ("filter { for item in [list] { } [a] = | }", {"downcase"}, {"item"}),
    ("filter { if [a] { let inner = 1 } let outer = 2 [b] = | }", {"outer"}, {"inner"}),
    ("filter { |", {"let", "for"}, {"break"}),
    # broken texts
    ("filter {\n  grok { match => { \"m\" => \"%{IP|\n  }\n  mutate { }\n}", {"IPORHOST"}, set()),
    ("filter {\n  mutate {\n    rename => { \"a\" => \"b\"\n  grok {\n    |\n", {"match"}, {"rename"}),
    ("filter {\n  if [a] == \n  mutate { |", {"rename"}, {"match"}),
    ("input { tcp { port => \nfilter {\n  |", {"grok"}, {"tcp"}),
    ("filter { grok { match => { \"a\" => \"b\" } }\noutput {\n  stdout { codec => | }", {"json"}, set()),
]
with Editor() as e:
    for marked, wanted, unwanted in PLACES:
        labels = set(e.labels(marked))
        ok(wanted <= labels and not unwanted & labels, f"completion {marked!r} {'' if wanted <= labels else wanted - labels} {unwanted & labels or ''}")
    for marked in ("filter { # |", "filter { if [a] =~ /|", 'filter { if [a] == "|', "filter { grok { match |", "filter { let |", 'filter { mutate { add_tag => ["|'):
        ok(e.labels(marked) == [], f"nothing to offer: {marked!r}")

    def item(marked, label):
        return next(i for i in e.at(marked, "textDocument/completion")["items"] if i["label"] == label)
    ok(item("input { tc| }", "tcp")["textEdit"] == {"range": span(0, 8, 10), "newText": "tcp {\n\tport => $1\n}"}, "a plugin brings its required options")
    ok(item("filter { grok { | } }", "match")["textEdit"]["newText"] == 'match => { "$1" => "$2" }', "an option brings the form of its value")
    ok(item("filter { grok { | } }", "timeout_scope")["textEdit"]["newText"] == "timeout_scope => ${1|pattern,event|}", "with its choices")
    ok(item('filter { grok { match => { "é𝄞" => "é𝄞 %{IP|" } } }', "IPORHOST")["textEdit"] == {"range": span(0, 43, 45), "newText": "IPORHOST}"},
       "what is replaced, in UTF-16; the brace is closed")
    ok(item('filter { grok { match => { "a" => "%{I|}" } } }', "INT")["textEdit"]["newText"] == "INT", "unless it is there")
    ok(item('filter { grok { match => { "a" => "%|" } } }', "INT")["textEdit"] == {"range": span(0, 35, 36), "newText": "%{INT}"}, "behind a per cent sign")
    ok(item("filter { if [mes|", "[message]")["textEdit"] == {"range": span(0, 12, 16), "newText": "[message]"}, "a field replaces its bracket")
    ok(item("filter { if [a][|", "[message]")["textEdit"]["range"] == span(0, 12, 16), "and all before it")
    documented = item("filter { grok { | } }", "match")
    ok(documented["detail"] == "hash" and "Fields and the patterns" in documented["documentation"]["value"], "an option with its help")
with Editor(snippets=False) as e:
    plain = next(i for i in e.at("input { tc|", "textDocument/completion")["items"] if i["label"] == "tcp")
    ok(plain["textEdit"]["newText"] == "tcp" and "insertTextFormat" not in plain, "plain texts for an editor without snippets")

# ---- formatting ----

with Editor() as e:
    def formatted(text):
        e.open(text)
        edits = e.request("textDocument/formatting", dict(NAMED, options={"tabSize": 8, "insertSpaces": False}))
        model = Model(text)
        for change in edits or []:
            model.edit({"range": change["range"], "text": change["newText"]})
        return edits, model.text
    rough = "# é𝄞\nfilter {\n  mutate { }\n\n\n  mutate   { add_tag=>[ \"é𝄞\" ] }\n}\noutput { stdout { } }\n"
    edits, text = formatted(rough)
    ok(text == "# é𝄞\nfilter {\n  mutate { }\n\n  mutate { add_tag => [\"é𝄞\"] }\n}\noutput { stdout { } }\n", f"a text is formatted {text!r}")
    ok([c["range"] for c in edits] == [span(4, 0, 0, 6)], "by one edit of the lines that differ")
    ok(formatted(text) == ([], text), "what is formatted stays")
    ok(formatted("filter {")[0] is None, "a text with errors stays, too")
    with Folder() as folder:
        for path in examples():
            source = open(path).read().replace("    ", " ").replace("=> ", "=>")
            done = subprocess.run([PROGRAM, "fmt", "-"], input=source, capture_output=True, text=True, timeout=60)
            ok(done.returncode == 0 and formatted(source)[1] == done.stdout, f"{os.path.basename(path)}: as tailrace fmt does it")

# ---- functions, fields, outline ----

with Editor() as e:
    found = e.at("filter { [a] = replace([b], |", "textDocument/signatureHelp")
    ok(found["signatures"][0]["label"].startswith("replace(text: string, ") and found["activeParameter"] == 1, "the second argument of a function")
    ok(e.at('filter { [a] = replace([b], upcase(split([c], |"x")', "textDocument/signatureHelp")["signatures"][0]["label"].startswith("split("), "of the innermost one")
    ok(e.at("filter { [a] = ([b] + |", "textDocument/signatureHelp") is None, "parentheses alone are no function")

    text = '''filter {
  grok { match => { "message" => "%{IP:[c][ip]} é %{INT:n}" } }
  if [c][ip] =~ /x/ { mutate { add_field => { "x" => "é𝄞 %{[c][ip]}" } } }
  [c][ip] = downcase([c][ip])
  let size = [n]
  [m] = size + 1
}
'''
    e.open(text)
    at = {"line": 2, "character": 8}
    places = lambda found: sorted((l["range"]["start"]["line"], l["range"]["start"]["character"], l["range"]["end"]["character"]) for l in found)
    ok(places(e.request("textDocument/definition", dict(NAMED, position=at))) == [(1, 39, 46), (3, 2, 9)], "a field is defined where it is set")
    used = [(2, 5, 12), (2, 60, 67), (3, 21, 28)]
    ok(places(e.request("textDocument/references", dict(NAMED, position=at, context={"includeDeclaration": False}))) == used, "and used elsewhere, in strings too")
    ok(places(e.request("textDocument/references", dict(NAMED, position=at, context={"includeDeclaration": True}))) == sorted(used + [(1, 39, 46), (3, 2, 9)]), "all of it")
    inner = "filter {\n  if [a] { let n = 1 [x] = n }\n  let n = 2\n  for n in [l] { [y] = n }\n  [z] = n\n}\n"
    ok(places(e.at(inner.replace("[z] = n", "[z] = |n"), "textDocument/definition")) == [(2, 6, 7)], "a name is known in its block")
    ok(places(e.at(inner.replace("[y] = n", "[y] = |n"), "textDocument/definition")) == [(3, 6, 7)], "and hides an outer one")
    ok(places(e.at(inner.replace("let n = 1", "let |n = 1"), "textDocument/references", context={})) == [(1, 27, 28)], "each with its own uses")
    e.open(text)
    ok(places(e.request("textDocument/definition", dict(NAMED, position={"line": 5, "character": 9}))) == [(4, 6, 10)], "a name is defined by let")
    ok(places(e.request("textDocument/references", dict(NAMED, position={"line": 4, "character": 7}, context={}))) == [(5, 8, 12)], "and used in expressions")

    text = 'input { }\nfilter {\n  if [a] == "é" and\n     [b] {\n    grok {\n      id => "é𝄞"\n    }\n  } else {\n    drop { }\n  }\n}\n'
    e.open(text)
    tree = e.request("textDocument/documentSymbol", NAMED)
    def names(symbols):
        return [(s["name"], names(s["children"])) if s["children"] else s["name"] for s in symbols]
    ok(names(tree) == ["input", ("filter", [('if [a] == "é" and [b]', ["grok"]), ("else", ["drop"])])], f"the outline {names(tree)}")
    grok = tree[1]["children"][0]["children"][0]
    ok(grok["detail"] == "é𝄞" and grok["range"] == span(4, 4, 5, 6) and grok["selectionRange"] == span(4, 4, 8), "a plugin with its id and places")
    folds = [(f["startLine"], f["endLine"]) for f in e.request("textDocument/foldingRange", NAMED)]
    ok(folds == [(1, 9), (3, 6), (4, 5), (7, 8)], f"folds leave the closing brace {folds}")

# ---- edits ----

TEXT = "# é𝄞x\nfilter { mutate { add_tag => [\"𝄞é\"] } }\r\nif\n"
def same(e, model, version):
    """Does the server hold the model's text? Its answers are those about a document opened with it."""
    e.open(model.text, "file:///t/copy.conf", version=version)
    ours, theirs = e.diagnostics(version=version), e.diagnostics("file:///t/copy.conf", version)
    symbols = [e.request("textDocument/" + what, {"textDocument": {"uri": uri}})
               for what in ("documentSymbol", "foldingRange") for uri in (URI, "file:///t/copy.conf")]
    return (json.dumps(ours).replace(URI, "file:///t/copy.conf") == json.dumps(theirs) and symbols[0] == symbols[1] and symbols[2] == symbols[3])

with Editor() as e:
    model, version = Model(TEXT), 1
    e.open(TEXT)
    inside = [span(0, 4, 4), span(0, 3, 5), span(0, 2, 4), span(1, 31, 33), span(1, 99, 99), span(2, 0, 0, 99), span(99, 0, 0), span(0, 5, 0, 1)]
    for change in [{"range": r, "text": t} for r in inside for t in ("", "ü", "𝄞\r\n", "\r", "filter {\n")]:
        version += 1
        model.edit(change)
        e.change([change], version)
        ok(same(e, model, version), f"an edit within characters and lines: {change}")

    random.seed(7)
    pieces = ["a", "é", "𝄞", "\n", "\r\n", "\r", " ", "{", "}", "[", "]", '"', "'", "#", "=>", "%{IP", "if ", "grok { ", "filter {", "\u0000", "\t", "x" * 50, ""]
    start = open(next(iter(examples()))).read()
    model.edit({"text": start})
    version += 1
    e.change([{"text": start}], version)
    agreed = same(e, model, version)
    for number in range(1000):
        changes = []
        for _ in range(random.choice((1, 1, 1, 3))):
            line, column = random.randrange(len(lines_of_text(model.text)) + 1), random.randrange(45)
            last = line + random.choice((0, 0, 0, 1))
            changes.append({"range": span(line, column, column + random.choice((0, 0, 1, 2, 5)), last), "text": random.choice(pieces)})
            model.edit(changes[-1])
        version += 1
        e.change(changes, version)
        if number % 20 == 19:
            agreed = agreed and same(e, model, version)
    ok(agreed, "1,000 random edits give the text that a resync gives")
    ok(e.end() == 0, "and it ends well")

# ---- many edits, large texts, many documents ----

SANITIZED = "asan" in PROGRAM # what was freed is then kept for a while

def resident_kb(process):
    return int(next(l for l in open(f"/proc/{process.pid}/status") if l.startswith("VmRSS:")).split()[1])

with Editor() as e:
    block = '  grok { match => { "message" => "%%{IPORHOST:a%d} %%{INT:b}" } }\n  if [a] == "x" { mutate { add_tag => ["t"] } }\n'
    text = "filter {\n" + "".join(block % n for n in range(20)) + "}\n"
    e.open(text)
    sizes = []
    for number in range(2, 10002):
        there = number % 2 == 0
        line = 1 + number // 2 % 40
        e.change([{"range": span(line, 2, 2 if there else 3), "text": "é" if there else ""}], number)
        if number % 100 == 0:
            e.request("textDocument/completion", dict(NAMED, position={"line": line, "character": 4}))
            e.diagnostics(version=number)
        if number % 2000 == 0:
            sizes.append(resident_kb(e.process))
    ok(sizes[-1] < sizes[0] + 2048 or SANITIZED, f"10,000 edits do not let it grow: {sizes} KB")

    # 2 MiB in lines, and over the limit
    big = "filter {\n" + "  mutate { add_tag => [\"é\"] }\n" * 60000 + "}\n"
    e.open(big, "file:///t/big.conf")
    ok(e.diagnostics("file:///t/big.conf") == [], "a text of 60,000 plugins")
    e.change([{"text": big + "#" * (4 << 20)}], 2, "file:///t/big.conf")
    ok(shown(e.diagnostics("file:///t/big.conf"))[0][3:] == (2, "this text is not checked: it is over 4096 KiB, or all open ones are over 64 MiB"),
       "a text over the limit is said not to be checked")
    ok(e.request("textDocument/documentSymbol", {"textDocument": {"uri": "file:///t/big.conf"}}) is None, "and nothing is answered about it")
    e.change([{"range": span(0, 0, 0), "text": "x"}], 3, "file:///t/big.conf")
    e.change([{"text": "filter { }"}], 4, "file:///t/big.conf")
    ok(e.diagnostics("file:///t/big.conf", 4) == [], "until it fits again")
    for number in range(515):
        e.open("", f"file:///t/many/{number}.conf")
    e.request("textDocument/documentSymbol", NAMED)
    shown_messages = [m["params"]["message"] for m in e.told if m["method"] == "window/showMessage"]
    ok(len(shown_messages) == 5 and "too many documents" in shown_messages[0], "512 documents may be open at once")
    ok(e.end() == 0, "it ends well")
finish()
