# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end scripts share: a tailrace on free ports in a folder of its own, conditions with
deadlines instead of sleeps, `ok` lines that tests/run.py counts."""
import json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.environ.get("TAILRACE_PROGRAM", os.path.join(ROOT, "build/release/tailrace")))
MODE = os.environ.get("TAILRACE_TEST_MODE", "gate")
SHARED = os.environ.get("TAILRACE_SHARED", os.path.join(ROOT, "..", "shared"))
DATA = os.path.join(SHARED, "data")
failures = 0

def ok(condition, what):
    """Says whether something holds; the script goes on, finish() ends it."""
    global failures
    print(("ok " if condition else "not ok ") + what, flush=True)
    failures += not condition
    return condition

def finish():
    sys.exit(1 if failures else 0)

def skip(why):
    print("skipped: " + why)
    sys.exit(77)

def choose(quick, gate, long):
    """A size by mode of the run."""
    return {"quick": quick, "long": long}.get(MODE, gate)

def wait(condition, seconds, what):
    """Until `condition()` is true; returns its value. Ends the script when it is late."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            ok(False, f"{what} within {seconds} s")
            finish()
        time.sleep(0.01)

class Pace:
    """A source that does not give all at once: each turn() waits until it is `seconds` after the one before."""
    def __init__(self, seconds):
        self.seconds, self.due = seconds, time.monotonic()
    def turn(self):
        self.due += self.seconds
        wait(lambda: time.monotonic() >= self.due, self.seconds + 10, "the source's turn")

def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False

class Folder:
    """A temporary folder that goes away."""
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="tailrace-e2e-")
        return self
    def __exit__(self, *_):
        if os.environ.get("TAILRACE_KEEP"):
            print("kept:", self.path)
        else:
            shutil.rmtree(self.path, ignore_errors=True)
    def file(self, *names):
        return os.path.join(self.path, *names)
    def write(self, name, text):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

class Tailrace:
    """A running program. `config` is pipeline text, or None when `arguments` say all."""
    def __init__(self, folder, config=None, arguments=(), name="tailrace", wait_ready=True, environment=None, level="info", prefix=()):
        self.folder, self.name = folder, name
        self.api = free_port()
        self.log_path = folder.file(name + ".log")
        command = [PROGRAM, "--path.data", folder.file(name + ".data"), "--path.settings", folder.file("settings"),
                   "--api.http.port", str(self.api), "--log.level", level]
        if config is not None:
            command += ["-f", folder.write(name + ".conf", config)]
        self.command = list(prefix) + command + list(arguments)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.start(wait_ready)
    def start(self, wait_ready=True):
        self.log_file = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command, stdout=self.log_file, stderr=self.log_file,
                                        stdin=subprocess.DEVNULL, env=self.environment)
        if wait_ready:
            wait(lambda: self.process.poll() is not None or self.is_ready(), 30, f"{self.name} ready")
            if self.process.poll() is not None:
                print(self.log())
                ok(False, f"{self.name} started (exit code {self.process.returncode})")
                finish()
    def __enter__(self):
        return self
    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log_file.close()
    def log(self):
        return open(self.log_path, errors="replace").read()
    def get(self, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()
    def json(self, path):
        return json.loads(self.get(path))
    def is_ready(self):
        try:
            return self.get("/ready").startswith("ready")
        except OSError:
            return False
    def metrics(self):
        """{(name, frozenset of label pairs): value}"""
        values = {}
        for line in self.get("/metrics").splitlines():
            if line.startswith("#") or not line:
                continue
            left, value = line.rsplit(" ", 1)
            name, _, labels = left.partition("{")
            pairs = frozenset(tuple(p.split("=", 1)) for p in labels.rstrip("}").replace('"', "").split(",") if p)
            values[(name, pairs)] = float(value)
        return values
    def metric(self, wanted, values=None, **labels):
        """Sum of a metric's rows that have these labels; now, or in what metrics() gave."""
        need = set(labels.items())
        values = self.metrics() if values is None else values
        return sum(v for (name, pairs), v in values.items() if name == wanted and need <= set(pairs))
    def books(self, **labels):
        """All of one look: between two they move."""
        values = self.metrics()
        rows = {"in_flight": self.metric("tailrace_events_in_flight", values, **labels)}
        for state in ("received", "created", "delivered", "filtered", "dead_lettered", "dropped"):
            rows[state] = self.metric("tailrace_events_total", values, state=state, **labels)
        return rows
    def books_balance(self, **labels):
        b = self.books(**labels)
        return b["received"] + b["created"] == sum(b[k] for k in ("delivered", "filtered", "dead_lettered", "dropped", "in_flight"))
    def resident_kb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0
    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    def stop(self, seconds=30):
        """SIGTERM, drained; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            ok(False, f"{self.name} ends within {seconds} s of SIGTERM")
            self.process.kill()
            return self.process.wait()
    def kill(self):
        self.process.kill()
        return self.process.wait()

def send(port, data, host="127.0.0.1"):
    with socket.create_connection((host, port)) as s:
        s.sendall(data)

def through(folder, filters, rows, arguments=()):
    """What comes out of filters that are given these events on standard input, without what differs each time."""
    config = "input { stdin { codec => json_lines } } filter { %s } output { stdout { codec => json_lines } }" % filters
    done = subprocess.run([PROGRAM, "--path.data", folder.file("data"), "--path.settings", folder.file("none"),
                           "--api.enabled", "false", "--log.level", "error", "-f", folder.write("through.conf", config),
                           *arguments], input="".join(json.dumps(r) + "\n" for r in rows), capture_output=True, text=True,
                          timeout=60)
    if done.returncode:
        print(done.stderr)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [{k: v for k, v in e.items() if k not in ("@timestamp", "@version", "host")} for e in events]

def lines_of(path):
    """Whole lines of a file that may be growing."""
    if not os.path.exists(path):
        return []
    text = open(path, "rb").read()
    return text[:text.rfind(b"\n") + 1].splitlines()

def count_lines(path):
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as f:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: f.read(1 << 20), b""))
