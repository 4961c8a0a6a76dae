#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every filter against bad input: each kind of value in its field, absent fields, 1 MiB, the worst 1 MiB that its work
could meet, invalid UTF-8, zero bytes, values and texts nested deeply. The event goes on with the documented tag, its field
as it was, counted as failed; nothing is lost, nothing crashes, nothing holds a pipeline up. quick: yes"""
import http.server, struct
from support import *

MIB = 1 << 20
SECONDS_MAX = 20  # of one filter on all its events; without their limits these ones take minutes
ABSENT = object()

def nested(depth):
    value = "x"
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value

def fill(part, size=MIB - 1000):
    return (part * (size // len(part) + 1))[:size]

VALUES = {
    "absent": ABSENT, "null": None, "true": True, "false": False, "number": 42, "zero": 0, "negative": -7,
    "float": 1.5, "digits": int("9" * 400), "empty": "", "blank": " \t ", "text": "hello", "list": ["a", 1, None, {"b": []}],
    "texts": ["a", "b"], "nothing": [], "nulls": [None], "map": {"a": {"b": [1]}}, "bare": {}, "deep": nested(100),
    "nul": "a\0b\0", "invalid": b"a\xff\xfe=b\x80", "big": "x" * MIB,
}
NUMBERS = "number zero negative float digits"
OTHERS = f"true false {NUMBERS} list texts nothing nulls map bare deep"  # neither text nor null nor absent

class Row:
    """What a filter makes of each value: `done` (the common options ran), `pass` (as it was), `gone`, or the tags that it
    gets. `*` is of all values that are not named. `worst`: more values, with what becomes of them. `changes`: the field is
    changed where it is done; `leaves`: fields that a failed event may have got, as the specification says; `untagged`:
    what counts as failed without a tag, as it says."""
    def __init__(self, name, where, config, outcomes, worst={}, changes=False, leaves="", untagged=()):
        self.name, self.where, self.worst, self.changes, self.leaves = name, where, worst, changes, leaves.split()
        self.untagged = untagged
        self.config = config.replace("MORE", f'id => "{name}" add_tag => ["done"]')
        named = {value: outcome for outcome, values in outcomes.items() for value in values.split()}
        self.cases = [(kind, value, named.get(kind, named["*"])) for kind, value in VALUES.items()]
        self.cases += [(kind, value, outcome) for kind, (value, outcome) in worst.items()]

def ruby(code):
    return f'ruby {{ code => "{code}" MORE }}'

UNRESOLVED = set(VALUES) - {"absent", "null"} | {"dots", "labels", "colons"}
RUBY, XML, KV, LATE = "_rubyexception", "_xmlparsefailure", "_kv_filter_error", "_kv_filter_timeout"
RUNAWAY = ["a" * 30 + "b"] * 30000  # each takes an expression such as (a+)+$ to its limit
ROWS = [
    Row("aggregate", "2.19", """aggregate { task_id => "%{v}" code => "map['v'] = event.get('v')" MORE }""",
        {"pass": "absent null", "_aggregateexception": "deep", "done": "*"}),
    Row("aggregate: a sum", "2.19", """aggregate { task_id => "%{kind}" code => "map['n'] ||= 0; map['n'] += event.get('v')" MORE }""",
        {"done": "number zero negative float", "_aggregateexception": "*"}),
    Row("bytes", "2.15", 'bytes { source => "v" target => "out" MORE }', {"_bytesparsefailure": "*"},
        {"9s": (fill("9"), "_bytesparsefailure"), "groups": (fill("1 "), "_bytesparsefailure")}),
    Row("cidr", "2.17", 'cidr { address => ["%{v}"] network => ["10.0.0.0/8", "fe80::/10"] MORE }', {"pass": "*"},
        {"colons": (fill(":"), "pass"), "many": (["1.2.3.4"] * 100000, "pass")}),
    Row("cidr: networks", "2.17", 'cidr { address => ["1.2.3.4"] network => ["%{v}"] MORE }', {"pass": "*"},
        {"many": (fill("10.0.0.0/8,"), "pass"), "slashes": (fill("/"), "pass")}),
    Row("cidr: a field", "2.17", 'cidr { address_field => "v" network => ["10.0.0.0/8"] MORE }', {"pass": "*"},
        {"many": (["1.2.3.4"] * 100000, "pass")}),
    Row("cipher", "manual", 'cipher { mode => "decrypt" algorithm => "aes-128-cbc" key => "0123456789abcdef" iv_random_length => 16 source => "v" target => "out" MORE }',
        {"pass": "absent null empty", "_cipherfailure": "*"}, {"base64": (fill("QUJD"), "_cipherfailure"), "pads": (fill("="), "_cipherfailure")}),
    Row("cipher: encrypt", "manual", 'cipher { mode => "encrypt" algorithm => "aes-128-cbc" key => "0123456789abcdef" iv_random_length => 16 source => "v" target => "out" MORE }',
        {"pass": "absent null empty", "done": "blank text nul invalid big", "_cipherfailure": "*"}),
    Row("clone", "2.8", 'clone { clones => ["copy"] MORE }', {"pass + copy done": "*"}),
    Row("csv", "2.7", 'csv { source => "v" MORE }', {"pass": "absent null false", "done": "blank text nul invalid big", "_csvparsefailure": "*"},
        {"columns": (fill(","), "_csvparsefailure"), "quotes": (fill('""'), "done"), "open": ('"' + fill("a,"), "_csvparsefailure"), "lines": (fill("\n"), "done")}),
    Row("csv: convert", "2.7", 'csv { source => "v" columns => ["a", "b", "c"] convert => { "a" => "integer" "b" => "date_time" "c" => "float" } MORE }',
        {"pass": "absent null false", "done": "blank text nul invalid big", "_csvparsefailure": "*"},
        {"9s": (fill("9"), "done"), "fraction": ("1,2," + fill("9"), "done")}),
    Row("date", "2.3", 'date { match => ["v", "ISO8601", "UNIX", "UNIX_MS", "TAI64N", "MMM dd HH:mm:ss"] target => "out" MORE }',
        {"pass": "absent null", "done": "number zero negative float", "_dateparsefailure": "*"},
        {"9s": (fill("9"), "_dateparsefailure"), "iso": ("2024-01-01T00:00:00." + fill("1"), "_dateparsefailure")}),
    Row("dissect", "2.5", 'dissect { mapping => { "v" => "%{a},%{b->} %{+a/2}" } MORE }', {"pass": "absent", "_dissectfailure": "*"}, untagged=["absent"], worst=
        {"commas": (fill(","), "_dissectfailure"), "padding": ("a," + fill(" "), "done")}),
    Row("dissect: convert", "2.5", 'dissect { mapping => { "v" => "%{a}=%{b}" } convert_datatype => { "a" => "int" } MORE }',
        {"_dataconversionnullvalue_a_int": "absent", "_dataconversionuncoercible_a_int done": "invalid list",
         "_dissectfailure _dataconversionnullvalue_a_int": "*"}, untagged=["absent"], worst={"9s": (fill("9") + "=", "_dataconversionuncoercible_a_int done")}),
    Row("dns", "2.18", 'dns { resolve => ["v"] action => "replace" nameserver => "127.0.0.1:DNS" timeout => 5 MORE }', {"done": "absent null", "pass": "*"}, untagged=UNRESOLVED, worst={"dots": (fill("."), "pass"), "labels": (fill("a."), "pass")}),
    Row("dns: reverse", "2.18", 'dns { reverse => ["v"] nameserver => "127.0.0.1:DNS" timeout => 5 MORE }', {"done": "absent null", "pass": "*"}, untagged=UNRESOLVED, worst={"colons": (fill(":"), "pass")}),
    Row("drop", "2.8", "drop { MORE }", {"gone": "*"}),
    Row("elapsed", "7", 'elapsed { start_tag => "s" end_tag => "e" unique_id_field => "v" MORE }', {"pass": "*"}),
    Row("elapsed: an end", "7", 'mutate { add_tag => ["e"] } elapsed { start_tag => "s" end_tag => "e" unique_id_field => "v" MORE }',
        {"e": "absent null", "e elapsed_end_without_start done": "*"}),
    Row("fingerprint", "2.11", 'fingerprint { source => ["v"] target => "out" MORE }', {"done": "*"}),
    Row("fingerprint: all fields", "2.11", 'fingerprint { target => "out" method => "MURMUR3_128" concatenate_all_fields => true MORE }', {"done": "*"}),
    Row("fingerprint: punctuation", "2.11", 'fingerprint { source => ["v"] target => "out" method => "PUNCTUATION" MORE }', {"done": "*"},
        {"many": ([".,"] * 100000, "done")}),
    Row("fingerprint: a network", "2.11", 'fingerprint { source => ["v"] target => "out" method => "IPV4_NETWORK" key => "24" MORE }',
        {"done": "absent null nothing", "_fingerprintfailure": "*"}, {"dots": (fill("1."), "_fingerprintfailure")}),
    Row("geoip", "2.13", 'geoip { source => "v" target => "out" database => "FOLDER/city.mmdb" MORE }', {"_geoip_lookup_failure": "*"},
        {"colons": (fill(":"), "_geoip_lookup_failure")}, leaves="out"),
    Row("grok", "2.1", 'grok { match => { "v" => ["^%{IPORHOST:a} %{USER:b} %{NUMBER:c}", "%{COMBINEDAPACHELOG}"] } MORE }', {"_grokparsefailure": "*"},
        {"quotes": ("1.1.1.1 - - [" + fill('"'), "_grokparsefailure"), "dots": (fill("a."), "_grokparsefailure")}),
    Row("grok: a runaway", "2.1", 'grok { match => { "v" => "^(a+)+$" } tag_on_failure => ["missed"] MORE }', {"done": "texts list", "missed": "*"},
        {"many": (RUNAWAY, "_groktimeout"), "as": (fill("a") + "b", "_groktimeout")}),
    Row("grok: many patterns", "2.1", 'grok { match => { "v" => [%s] } MORE }' % ", ".join(f'"^(x|xx)+[yz]{{{n + 1}}}$"' for n in range(40)), {"_grokparsefailure": "*", "_groktimeout": "big"}),
    Row("http", "7", 'http { url => "http://127.0.0.1:HTTP/" verb => "POST" body => "%{v}" target_body => "out" target_headers => "[@metadata][h]" MORE }', {"done": "*"}),
    Row("http: the address", "7", 'http { url => "%{v}" target_body => "out" target_headers => "[@metadata][h]" MORE }', {"_httprequestfailure": "*"},
        {"slashes": ("http://" + fill("/"), "_httprequestfailure")}),
    Row("json", "2.6", 'json { source => "v" MORE }', {"pass": "absent null false", "_jsonparsefailure": "*"},
        {"brackets": (fill("["), "_jsonparsefailure"), "10,000 lists": ("[" * 10000 + "]" * 10000, "_jsonparsefailure"),
         "10,000 maps": ('{"a":' * 10000 + "1" + "}" * 10000, "_jsonparsefailure"), "128 maps": ('{"a":' * 128 + "1" + "}" * 128, "done"),
         "129 maps": ('{"a":' * 129 + "1" + "}" * 129, "_jsonparsefailure"), "9s": ('{"a":' + fill("9") + "}", "_jsonparsefailure"),
         "escapes": ('{"a":"' + fill("\\u0001", 600000) + '"}', "done"), "members": (json.dumps({f"k{n}": n for n in range(60000)}), "done"),
         "references": (json.dumps({f"[a][k{n}]": 1 for n in range(50000)}), "done"), "steps": (json.dumps({fill("[a]", 30000): 1}), "_jsonparsefailure"),
         "equal keys": ("{" + '"a":1,' * 60000 + '"a":2}', "done"), "tags": ('{"tags":{"a":1}}', "_jsonparsefailure"),
         "a time": ('{"@timestamp":[1]}', "_timestampparsefailure done")}),
    Row("json: target", "2.6", 'json { source => "v" target => "out" MORE }', {"pass": "absent null false", "done": "empty blank", "_jsonparsefailure": "*"},
        {"items": ("[" + "1," * 130000 + "1]", "done"), "lists": ("[" + "[]," * 130000 + "[]]", "done"), "too many": ("[" + "1," * 300000 + "1]", "_jsonparsefailure")}),
    Row("json_encode", "2.15", 'json_encode { source => "v" target => "out" MORE }', {"pass": "absent", "done": "*"}, {"controls": (fill("\x01", 1000000), "_memory_limit")}),
    Row("kv", "2.4", 'kv { source => "v" MORE }', {"done": "invalid", KV: "list nulls", "pass": "*"},
        {"signs": (fill("="), "pass"), "equal keys": (fill("a=1 "), "_memory_limit"), "keys": ("".join(f"k{n}=1 " for n in range(60000)), "done"),
         "quotes": (fill('a="'), "done"), "brackets": (fill("a=("), "done"), "backslashes": (fill("\\"), "pass"), "blanks": ("a" + fill(" ") + "b", "pass"),
         "references": ("".join(f"[a][k{n}]=1 " for n in range(50000)), "done")}),
    Row("kv: recursive", "2.4", 'kv { source => "v" recursive => true target => "out" MORE }', {"done": "invalid", KV: "list nulls", "pass": "*"},
        {"nests": (fill("a=(b=["), "done")}),
    Row("kv: expressions", "2.4", 'kv { source => "v" field_split_pattern => ";+ *" value_split_pattern => ":+=?" target => "out" MORE }',
        {KV: "list nulls", "pass": "*"}, {"many": ([":" * 2000 + ";" * 2000] * 250, LATE), "colons": (fill(":"), LATE)}),
    Row("kv: trimmed", "2.4", 'kv { source => "v" trim_key => "<>" remove_char_value => "a" allow_duplicate_values => false target => "out" MORE }',
        {"done": "invalid", KV: "list nulls", "pass": "*"}, {"different": ("".join(f"k={n} " for n in range(60000)), LATE), "signs": ("k=" + fill("<"), "done")}),
    Row("metrics", "2.20", 'metrics { meter => ["m_%{v}"] timer => { "t" => "%{v}" } MORE }', {"pass": "*"}),
    Row("mutate: integer", "2.2", 'mutate { convert => { "v" => "integer" } MORE }',
        {"_mutate_error": "empty blank text list texts nul invalid big", "done": "*"},
        {"9s": (fill("9"), "_mutate_error"), "exponent": ("1e999999999", "_mutate_error"), "hex": ("0x" + fill("f"), "_mutate_error")}, changes=True),
    Row("mutate: float", "2.2", 'mutate { convert => { "v" => "float" } MORE }', {"_mutate_error": "empty blank text list texts nul invalid big", "done": "*"},
        {"9s": (fill("9"), "_mutate_error")}, changes=True),
    Row("mutate: boolean", "2.2", 'mutate { convert => { "v" => "boolean" } MORE }', {"done": "*"}, {"lines": (fill("x\n"), "done")}, changes=True),
    Row("mutate: gsub", "2.2", 'mutate { gsub => ["v", "(a|aa)+$", "b"] MORE }', {"done": "*"},
        {"as": (fill("a") + "c", "_mutate_error"), "many": (["a" * 40 + "c"] * 20000, "_mutate_error")}, changes=True),
    Row("mutate: gsub grows", "2.2", 'mutate { gsub => ["v", "", "%{v}"] MORE }', {"_memory_limit": "big", "done": "*"}, {"squared": (fill("a", 4096), "_memory_limit")}, changes=True),
    Row("mutate: gsub of the event", "2.2", 'mutate { gsub => ["v", "%{v}", "%{v}"] MORE }', {"_mutate_error": "big invalid list", "done": "*"},
        {"alternatives": (fill("a|"), "_mutate_error"), "groups": ("(" * 5000 + "x" + ")" * 5000, "_mutate_error"), "powers": ("((a{1000}){1000}){1000}", "_mutate_error")}, changes=True),
    Row("mutate: case", "2.2", 'mutate { uppercase => ["v"] capitalize => ["v"] MORE }', {"done": "*"}, {"grows": (fill("\u0149", MIB // 3), "done")}, changes=True),
    Row("mutate: strip", "2.2", 'mutate { strip => ["v"] MORE }', {"_mutate_error": "list nulls", "done": "*"}, {"blanks": ("a" + fill(" ") + "b", "done")}, changes=True),
    Row("mutate: split", "2.2", 'mutate { split => { "v" => "x" } MORE }', {"_memory_limit": "big", "done": "*"}, changes=True),
    Row("mutate: join", "2.2", 'mutate { join => { "v" => ", " } MORE }', {"done": "*"}, {"many": ([[1]] * 20000, "done")}, changes=True),
    Row("mutate: rename", "2.2", 'mutate { rename => { "more" => "[v][x]" } MORE }', {"done": "absent map bare deep", "_mutate_error": "*"}, changes=True),
    Row("mutate: rename to any name", "2.2", 'mutate { rename => { "more" => "%{v}" } MORE }', {"_mutate_error": "list map deep", "done": "*"},
        {"steps": (fill("[a]", 30000), "_mutate_error")}),
    Row("mutate: merge", "2.2", 'mutate { merge => { "v" => "keep" } MORE }', {"done": "*"}, changes=True),
    Row("prune", "2.14", 'prune { blacklist_names => ["^(q+)+$"] blacklist_values => { "v" => "^(a+)+$" } MORE }', {"done": "*"},
        {"as": (fill("a") + "b", "done"), "many": (RUNAWAY, "done")}, changes=True),
    Row("prune: interpolate", "2.14", 'prune { interpolate => true blacklist_names => ["^%{v}q$"] blacklist_values => { "v" => "^(%{v})+q" } MORE }', {"done": "*"},
        {"brackets": (fill("("), "done"), "powers": ("((a{1000}){1000}){1000}", "done")}, changes=True),
    Row("ruby", "2.21", ruby("event.set('out', event.get('v').length)"), {RUBY: f"absent null true false {NUMBERS}", "done": "*"}),
    Row("ruby: to_i", "2.21", ruby("n = event.get('v').to_i; event.set('out', n * n)"), {RUBY: "true false digits list texts nothing nulls map bare deep", "done": "*"}, {"9s": (fill("9"), RUBY)}),
    Row("ruby: a runaway", "2.21", ruby("event.set('out', event.get('v').select { |x| x =~ /^(a+)+$/ })"), {"done": "texts nothing nulls bare", RUBY: "*"}, {"many": (RUNAWAY, RUBY)}),
    Row("ruby: a text grows", "2.21", ruby("s = event.get('v').to_s + 'x'; s += s while s.length < 100000000"), {RUBY: "*"}),
    Row("ruby: a power", "2.21", ruby("event.set('out', 7 ** event.get('v'))"), {"done": "zero float", RUBY: "*"}, {"large": (10 ** 9, RUBY)}),
    Row("ruby: JSON", "2.21", ruby("event.set('out', JSON.parse(event.get('v')))"), {RUBY: "*"}, {"brackets": (fill("["), RUBY)}),
    Row("split", "2.8", 'split { field => "v" MORE }', {"gone": "empty nothing nulls", "pass": "blank text nul invalid big", "3 done": "list", "2 done": "texts", "_split_type_failure": "*"},
        {"lines": (fill("\n"), "_memory_limit"), "pieces": (fill("a\n"), "_memory_limit")}, changes=True),
    Row("syslog_pri", "2.9", 'syslog_pri { syslog_pri_field_name => "v" MORE }', {"_syslogpriparsefailure done": "digits", "done": "*"}, {"9s": (fill("9"), "_syslogpriparsefailure done")}),
    Row("throttle", "2.16", 'throttle { key => "%{v}" after_count => 100000 period => "%{v}" MORE }', {"pass": "*"}, {"9s": (fill("9"), "pass")}),
    Row("translate", "2.10", 'translate { source => "v" target => "out" dictionary => { "a" => "b" "42" => "n" } MORE }', {"done": "number list texts", "pass": "*"}),
    Row("translate: expressions", "2.10", 'translate { source => "v" target => "out" regex => true dictionary => { "^(a+)+$" => "b" "(x*)*y" => "n" } MORE }',
        {"done": "list texts", "pass": "*"}, {"as": (fill("a") + "b", "pass")}),
    Row("translate: parts", "2.10", 'translate { source => "v" target => "out" exact => false dictionary => { "hel" => "%s" } MORE }' % ("A" * 40), {"done": "text", "pass": "*"},
        {"hels": (fill("hel"), "_memory_limit")}),
    Row("translate: a list", "2.10", 'translate { source => "v" iterate_on => "v" target => "out" regex => true dictionary => { "^(a+)+$" => "b" "^c" => "d" } MORE }',
        {"done": "list texts", "pass": "*"}, {"many": (RUNAWAY, "pass")}, leaves="out"),
    Row("truncate", "2.15", 'truncate { fields => ["v"] length_bytes => 3 MORE }', {"done": "text nul invalid big", "pass": "*"}, {"continued": (b"\x80" * 300000, "done")}, changes=True),
    Row("urldecode", "2.15", 'urldecode { field => "v" MORE }', {"done": "*"}, {"signs": (fill("%"), "done"), "bad": (fill("%ff"), "done")}, changes=True),
    Row("useragent", "2.12", 'useragent { source => "v" target => "out" regexes => "FOLDER/agents.yaml" MORE }',
        {"done": "blank text list texts nul invalid big", "pass": "*"}, {"brackets": (fill("Mozilla/5.0 ("), "done"), "versions": (fill("Version/1."), "done"), "words": (fill("Linux; Android 1; "), "done")}),
    Row("uuid", "2.15", 'uuid { target => "out" MORE }', {"done": "*"}),
    Row("xml", "2.22", 'xml { source => "v" target => "out" MORE }', {"pass": "absent null empty blank", XML: "*"},
        {"open": (fill("<"), XML), "10,000 deep": ("<a>" * 10000 + "</a>" * 10000, XML), "100 deep": ("<a>" * 100 + "x" + "</a>" * 100, "done"),
         "attributes": ("<a " + " ".join(f'a{n}=""' for n in range(80000)) + "/>", XML), "names": ("<a " + " ".join(f'xmlns:a{n}="u"' for n in range(40000)) + "/>", XML),
         "entities": ('<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><a>&b;</a>', XML), "comments": ("<a>" + "<!---->" * 140000 + "x</a>", "done"), "wide": ("<r>" + "<a>x</a>" * 12000 + "</r>", "done")}),
    Row("xml: expressions", "2.22", 'xml { source => "v" store_xml => false xpath => { "//a//a/text()" => "out" "count(//*[name()=name(//a)])" => "count" } MORE }',
        {"pass": "absent null empty blank", XML: "*"},
        {"open": (fill("<a>"), XML), "wide": ("<r>" + "<a>x</a>" * 110000 + "</r>", XML), "nested": ("<r>" + ("<a>" * 80 + "x" + "</a>" * 80) * 1700 + "</r>", XML), "small": ("<a>x<a>y</a></a>", "done")}, leaves="out count"),
]

# ---- what some filters ask ----
def names_answer(server):
    while True:
        query, peer = server.recvfrom(65536)
        end = query.index(b"\0", 12) + 5
        server.sendto(query[:2] + struct.pack(">5H", 0x8183, 1, 0, 0, 0) + query[12:end], peer)  # no such name

class Web(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", -1
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass

def servers_start():
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 0))
    threading.Thread(target=names_answer, args=(names,), daemon=True).start()
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    web.daemon_threads = True
    threading.Thread(target=web.serve_forever, daemon=True).start()
    return {"DNS": str(names.getsockname()[1]), "HTTP": str(web.server_port)}

def files_make(folder):
    subprocess.run([sys.executable, os.path.join(ROOT, "tests/tools/make_mmdb.py"), "GeoLite2-City", folder.file("city.mmdb")],
                   input='{"203.0.113.0/24": {"city": {"names": {"en": "Kassel"}}}}', text=True, check=True)
    listed = "/usr/share/uap-core/regexes.yaml"
    agents = open(listed).read() if os.path.exists(listed) else (
        "user_agent_parsers:\n  - regex: '(x+x+)+y/(\\d+)'\nos_parsers:\n  - regex: 'Linux; (\\w+)'\ndevice_parsers:\n  - regex: '; *(\\w+) Build'\n")
    folder.write("agents.yaml", agents)

# ---- the corpus ----
def line(number, row, kind, value):
    head = json.dumps({"n": number, "row": row.name, "kind": kind, "keep": ["it"], "more": "m"}).encode()[:-1]
    if value is ABSENT:
        return head + b"}\n"
    text = b'"' + value + b'"' if isinstance(value, bytes) else json.dumps(value).encode()
    return head + b', "v": ' + text + b"}\n"

def shown(value):
    """Bytes that are no text are U+FFFD in JSON, one for each."""
    return "".join(chr(b) if b < 128 else "\ufffd" for b in value) if isinstance(value, bytes) else value

def is_same(event, value):
    if value is ABSENT:
        return "v" not in event
    return "v" in event and type(event["v"]) is type(shown(value)) and event["v"] == shown(value)

KNOWN = {"n", "row", "kind", "keep", "more", "v", "tags", "@timestamp", "@version", "host"}
def fault(row, kind, value, outcome, events):
    """What is wrong with what came out for one event; None: nothing."""
    tags = [" ".join(sorted(t for t in e.get("tags", []) if t != "_invalid_utf8")) for e in events]
    wanted = {"gone": [], "pass": [""], "pass + copy done": ["", "copy done"], "2 done": ["done"] * 2, "3 done": ["done"] * 3}
    if tags != wanted.get(outcome, [" ".join(sorted(outcome.split()))]):
        return f"tags {tags} instead of {outcome}"
    for event in events:
        is_done = "done" in event.get("tags", [])
        more = set(event) - KNOWN
        if not (row.changes and is_done) and not is_same(event, value):
            return "the field is not what it was"
        if event.get("keep") != ["it"] or (not is_done and event.get("more") != "m"):
            return "another field is not what it was"
        if not is_done and more - set(row.leaves):
            return f"it got {more}"
    return None

def is_failure(outcome):
    """Counted as failed: tagged, and the common options did not run. A value that cannot be converted is neither."""
    words = outcome.split()
    return "done" not in words and any(w == "missed" or (w[0] == "_" and not w.startswith("_dataconversion")) for w in words)

def read(path):
    """Numbers of many digits stay as they are written: Python takes long for them, and refuses 4,300."""
    events = {}
    for text in lines_of(path):
        event = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 1000 else digits)
        events.setdefault(event.get("n"), []).append(event)
    return events

missing = sorted({f[:-2] for f in os.listdir(os.path.join(ROOT, "filters")) if f.endswith(".c")} - {r.name.split(":")[0] for r in ROWS})
ok(not missing, f"each filter has a row {missing}")
with Folder() as folder:
    files_make(folder)
    port, out, words = free_port(), folder.file("out.json"), {**servers_start(), "FOLDER": folder.path}
    arms = " else ".join(f'if [row] == "{r.name}" {{ {r.config} }}' for r in ROWS)
    for word, value in words.items():
        arms = arms.replace(word, value)
    config = f'''input {{ tcp {{ port => {port} host => "127.0.0.1" codec => json_lines line_limit => 8388608 }} }}
        filter {{ {arms} }} output {{ file {{ path => "{out}" codec => json_lines flush_interval => 0 }} }}'''
    with Tailrace(folder, config, level="error", arguments=["--pipeline.batch.size", "1"]) as tailrace:
        sent = [(row, *case) for row in ROWS for case in row.cases]
        with socket.create_connection(("127.0.0.1", port)) as peer:
            for number, (row, kind, value, _) in enumerate(sent):
                peer.sendall(line(number, row, kind, value))
        wait(lambda: tailrace.process.poll() is not None or (tailrace.books()["received"] == len(sent) and tailrace.metric("tailrace_events_in_flight") == 0),
             choose(60, 120, 300), f"all {len(sent)} events are through")
        ok(tailrace.process.poll() is None, "it runs")
        metrics = tailrace.metrics()
        counts = lambda name, row: sum(v for (n, pairs), v in metrics.items() if n == name and ("component_id", row.name) in pairs)
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "it stops with 0")
        events = read(out)
    for row in ROWS:
        faults = [f"{kind}: {why}" for number, (r, kind, value, outcome) in enumerate(sent) if r is row
                  for why in [fault(row, kind, value, outcome, events.get(number, []))] if why]
        failed = sum(is_failure(outcome) or kind in row.untagged for kind, _, outcome in row.cases)
        if counts("component_filter_failed_total", row) != failed:
            faults.append(f"{counts('component_filter_failed_total', row):.0f} counted as failed instead of {failed}")
        seconds = counts("component_filter_seconds_total", row)
        if seconds > SECONDS_MAX:
            faults.append(f"{seconds:.1f} s")
        ok(not faults, f"{row.name}: {len(row.cases)} kinds of values as in {row.where} {faults}")
    numbers = set(range(len(sent)))
    ok(set(events) <= numbers | {None}, "no event that was not sent")
finish()
