#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What plugins declare of fields (`check --fields`) against what their events have: each event of the text
cases is made by assignments, so that all its fields and types are known, and goes through the case's own
filters; each input gets real traffic. Every field that comes out must be declared, with its type; every
field that is declared to be there must come out. In both ECS modes. quick: yes sanitizers: no"""
import glob, importlib.util, json, re, socket, subprocess
from concurrent.futures import ThreadPoolExecutor
from support import *

CASES = os.path.join(ROOT, "tests", "cases")
spec = importlib.util.spec_from_file_location("run_cases", os.path.join(ROOT, "tests", "run_cases.py"))
run_cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_cases)

def type_of(value):
    if value is None: return "null"
    if isinstance(value, bool): return "boolean"
    if isinstance(value, int): return "integer"
    if isinstance(value, float): return "float"
    if isinstance(value, list): return "array"
    return "object" if isinstance(value, dict) else "string"

def fits(value, types):
    word = type_of(value)
    if word == "integer" or word == "float":
        return bool({"any", "number", word} & set(types))
    return bool({"any", word} & set(types)) or (word == "string" and "time" in types)

def reference(steps):
    return steps[0] if len(steps) == 1 else "".join("[%s]" % s for s in steps)

def flatten(value, steps, out):
    """Every field of an event with its steps, objects too."""
    for name, item in value.items():
        out[reference(steps + [name])] = (steps + [name], item)
        if isinstance(item, dict):
            flatten(item, steps + [name], out)

def differences(event, declared):
    """What an event has against its declaration, or the other way round."""
    fields = {f["name"]: f for f in declared["fields"] if not f["name"].startswith("[@metadata]")}
    found, problems = {}, []
    flatten(event, [], found)
    for name, (steps, value) in found.items():
        if name in fields:
            if not fits(value, fields[name]["types"]):
                problems.append(f"{name} is {type_of(value)}, declared {fields[name]['types']}")
            continue
        parents = [reference(steps[:n]) for n in range(1, len(steps))]
        known = [p for p in parents if p in fields]
        is_open = fields[known[-1]]["open"] if known else declared["open"]
        if not is_open:
            problems.append(f"{name} is not declared")
    for name, field in fields.items():
        parent = re.sub(r"\[[^\[\]]*\]$", "", name)
        if not field["missing"] and name not in found and (parent == "" or parent in found or parent[1:-1] in found):
            problems.append(f"{name} is declared to be there")
    return problems

# ---- filters: the text cases ----

def literal(value):
    """A value as an expression; None when it cannot be written."""
    if isinstance(value, str):
        for quote in '"\'':
            if quote not in value and "${" not in value:
                return None if value.endswith("\\") else quote + value + quote
        return None
    if isinstance(value, float):
        return None if "e" in repr(value) or "n" in repr(value) else repr(value)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value) if value is None or abs(value) < 2**63 else None
    if isinstance(value, list):
        items = [literal(v) for v in value]
        if None in items: return None
        return "[[%s]]" % items[0] if len(items) == 1 and items[0].startswith("[") else "[%s]" % ", ".join(items)
    items = [(literal(k), literal(v)) for k, v in value.items()]
    return None if any(None in pair for pair in items) else "{ %s }" % ", ".join("%s => %s" % pair for pair in items)

def prelude(event):
    """Statements that make the event from an empty one; None when they cannot."""
    lines = ["remove [message]"]
    for name, value in event.items():
        text = literal(value)
        if text is None or re.search(r'[\[\],"]|^@|^$', name): return None
        if name == "tags" and not (isinstance(value, list) and all(isinstance(v, str) for v in value)): return None
        lines.append("[%s] = %s" % (name, text))
    return "\n".join(lines)

def jobs():
    """(title, configuration, environment) of all events of all cases that come out at stdout."""
    for path in sorted(glob.glob(os.path.join(CASES, "**", "*.case"), recursive=True)):
        for case in run_cases.parse(path):
            text = "\n".join(case.get("config", []))
            is_whole = re.search(r"(?m)^\s*(input|output)\s*\{", text)
            if not text or "output" not in case or is_whole or any(n.startswith("file") for n in case["order"]):
                continue
            if "arguments" in case:
                continue
            if re.search(r"(?m)^\s*filter\s*\{", text) is None:
                text = "filter {\n%s\n}" % text
            is_json = run_cases.looks_json(case["input"])
            for n, line in enumerate(case["input"]):
                try:
                    event = json.loads(line) if is_json else {"message": line}
                except ValueError:
                    continue
                before = prelude(event)
                if before is None: continue
                config = ('input { generator { lines => ["x"] count => 1 } }\nfilter {\n%s\n}\n%s\n'
                          "output { stdout { codec => json_lines } }\n" % (before, text))
                title = f"{os.path.relpath(path, CASES)}: {case['title']}, event {n + 1}"
                yield title, config, dict(l.split("=", 1) for l in case.get("environment", []))

def program(config, environment, *arguments):
    with Folder() as folder:
        command = [PROGRAM] + [a for a in arguments if a == "check"]
        command += ["--path.data", folder.file("data"), "--path.settings", folder.path, "--log.level", "fatal",
                    "--api.enabled", "false", "-f", folder.write("x.conf", config)]
        command += [a for a in arguments if a != "check"]
        done = subprocess.run(command, capture_output=True, timeout=60, cwd=folder.path,
                              env=dict(os.environ, **environment))
        return [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith("{")]

def declaration(config, environment, mode):
    said = program(config, environment, "check", "--fields", "--format", "json", "--pipeline.ecs_compatibility", mode)
    return next((s for s in reversed(said) if s.get("fields_after") == "filters"), None)

def examine(job):
    title, config, environment = job
    problems, compared = [], 0
    for mode in ("v8", "disabled"):
        declared = declaration(config, environment, mode)
        if not declared: continue
        for event in program(config, environment, "--pipeline.ecs_compatibility", mode):
            compared += 1
            problems += [f"{title} ({mode}): {p}" for p in differences(event, declared)]
    return compared, problems

every = list(jobs())
chosen = every[::choose(12, 4, 1)]
with ThreadPoolExecutor(2) as pool:
    results = list(pool.map(examine, chosen))
compared = sum(n for n, _ in results)
problems = [p for _, found in results for p in found]
for problem in problems[:20]:
    print(problem)
ok(len(every) > 300, f"{len(every)} events of the cases can be made by assignments")
ok(compared > choose(30, 100, 500), f"{compared} events came out and were compared")
ok(not problems, f"filters: what events have is what is declared ({len(problems)} differences)")

# ---- inputs ----

LINES = ["one line", "<34>Oct 11 22:14:15 web1 su[231]: 'su root' failed", "x" * 40, ""]
SYSLOG = ["<34>Oct 11 22:14:15 web1 su[231]: 'su root' failed", "<13>Oct 11 22:14:15 web1 kernel: up",
          "<165>1 2003-10-11T22:14:15.003Z web1 app 8710 ID47 [sd@1 a=\"1\" b=\"2\"] told", "nothing of the kind",
          "<165>1 2003-10-11T22:14:15.003Z - - - - - -", "<189>29: 000024: Oct 11 22:14:15: %SYS-5-CONFIG: done"]
PATTERN = "<%{POSINT:priority}>%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:[host][hostname]} %{GREEDYDATA:message}"

def to_tcp(port, lines, first=""):
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall((first + "".join(line + "\n" for line in lines)).encode())

def to_udp(port, lines):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for line in lines:
            s.sendto(line.encode(), ("127.0.0.1", port))

# name, options of the input (PORT), how to send, lines, events that come of them at least
INPUTS = [
    ("tcp", "tcp { port => PORT host => '127.0.0.1' type => 'x' tags => ['t'] add_field => { 'a' => '%{message}' } }", to_tcp, LINES, 4),
    ("tcp, json", "tcp { port => PORT host => '127.0.0.1' codec => json_lines { target => '[doc]' } }", to_tcp,
     ['{"a": 1, "host": "h"}', "no json"], 2),
    ("tcp behind a proxy", "tcp { port => PORT host => '127.0.0.1' proxy_protocol => true }",
     lambda port, lines: to_tcp(port, lines, "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n"), LINES, 4),
    ("udp", "udp { port => PORT host => '127.0.0.1' }", to_udp, LINES[:3], 3),
    ("syslog by tcp", "syslog { port => PORT host => '127.0.0.1' }", to_tcp, SYSLOG, 5),
    ("syslog by udp", "syslog { port => PORT host => '127.0.0.1' use_labels => false service_type => 'web' }", to_udp, SYSLOG, 5),
    ("syslog with a pattern", "syslog { port => PORT host => '127.0.0.1' grok_pattern => '%s' }" % PATTERN, to_tcp, SYSLOG, 5),
    ("file", "file { path => 'FOLDER/in.log' mode => 'read' }", None, LINES[:3], 3),
    ("generator", "generator { lines => ['a', 'b'] count => 2 }", None, [], 4),
]

def comes(folder, config, send, port, lines, count):
    """The events that come of the lines, as far as they have come when there are enough."""
    path = folder.file("out.json")
    read = lambda: [json.loads(l) for l in open(path)] if os.path.exists(path) else []
    with Tailrace(folder, config, wait_ready=send is not None) as tailrace:
        if send:
            send(port, lines)
        wait(lambda: len(read()) >= count, 20, "the events")
        if send or "file {" in config:
            tailrace.stop()
    return read()

for name, options, send, lines, count in INPUTS:
    for mode in ("v8", "disabled"):
        with Folder() as folder:
            port = free_port()
            folder.write("settings/logstash.yml", f"pipeline.ecs_compatibility: {mode}\n")
            folder.write("in.log", "".join(line + "\n" for line in lines))
            config = ("input { %s }\nfilter { mutate { copy => { '[@metadata]' => 'meta' } } }\n"
                      "output { file { path => 'FOLDER/out.json' codec => json_lines } }\n" % options)
            config = config.replace("PORT", str(port)).replace("FOLDER", folder.path)
            declared = declaration(config, {}, mode)
            events = comes(folder, config, send, port, lines, count)
            problems = [p for event in events for p in differences(event, declared)]
            ok(len(events) >= count and not problems, f"{name} ({mode}): {len(events)} events have what is declared")
            for problem in sorted(set(problems))[:10]:
                print("   ", problem)
finish()
