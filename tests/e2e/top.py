#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tailrace top`: one table for scripts, and the live screen on a pseudo-terminal: keys, sizes, signals;
the terminal is given back however it ends. quick: yes"""
import fcntl, pty, re, select, struct, termios
from support import *

GIVE = b"\x1b[?7h\x1b[?25h\x1b[?1049l"
ROWS, COLUMNS = 30, 118
CONFIG = """
- pipeline.id: busy
  config.string: |
    input { generator { id => "gen" lines => ["a 1", "b 2", "c x"] } }
    filter { grok { id => "parse" match => { "message" => ["^%%{WORD:w} %%{INT:n:int}$", "^nothing"] } } if [w] == "b" { drop { id => "gone" } } }
    output { null { id => "nowhere" } }
- pipeline.id: stuck
  pipeline.workers: 2
  config.string: |
    input { tcp { id => "in" port => %(port)d host => "127.0.0.1" codec => line } }
    output { tcp { id => "sink" host => "127.0.0.1" port => %(closed)d codec => line } }
"""

def command(*arguments):
    done = subprocess.run([PROGRAM, "top", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr

class Screen:
    """top on a pseudo-terminal; `text` is what it shows now."""
    def __init__(self, *arguments):
        self.master, self.slave = pty.openpty()
        self.size(ROWS, COLUMNS)
        self.before = termios.tcgetattr(self.slave)
        self.data = b""
        self.process = subprocess.Popen([PROGRAM, "top", *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env=dict(os.environ, TERM="xterm"))
    def size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    def read(self):
        while select.select([self.master], [], [], 0.01)[0]:
            self.data += os.read(self.master, 65536)
    @property
    def raw(self):
        self.read()
        whole = self.data.split(b"\x1b[J")[:-1]  # a screen ends so
        return whole[-1].rsplit(b"\x1b[H", 1)[1] if whole else b""
    @property
    def text(self):
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.raw.decode()).replace("\r", "")
    def until(self, pattern, what):
        return wait(lambda: re.search(pattern, self.text, re.M), 20, what)
    def key(self, keys):
        os.write(self.master, keys)
    def ended(self, code, what):
        wait(lambda: self.process.poll() is not None, 20, what)
        self.read()
        ok(self.process.returncode == code and self.data.count(b"\x1b[?1049h") == self.data.count(GIVE) and self.data.rstrip().endswith(GIVE)
           and termios.tcgetattr(self.slave) == self.before, what) or print(self.process.returncode, self.data[-300:])
        os.close(self.master)
        os.close(self.slave)

def rate(text):
    return float(text[:-1]) * {"k": 1e3, "M": 1e6}[text[-1]]

def once(url, tailrace):
    code, out, err = command("--once", "--interval", "300ms", *url)
    ok(code == 0 and not err and "\x1b" not in out, "--once: a table without colours, 0")
    busy = re.search(r"^  busy +running +(\S+) +(\S+) +(\d+\.\d) +0\.0 .* 64\.0M +1 +0$", out, re.M)
    ok(busy and busy[1][-1] in "kM" and busy[2][-1] in "kM" and 0 < float(busy[3]) <= 101, "events in and out, and how busy the worker was")
    ok(re.search(r"^  stuck +running +0 +0 +0\.0 +(49|50)\.\d +\S+  sink +1 +\S+ +64\.0M +2 +1$", out, re.M), "paused: half of its workers, and for what") or print(out)
    parse = re.search(r"^  parse +grok +(\d+\.\d) +(\d+) ns +(\S+[kM]) +(\d+\.\d) +(\S+[kM]) +0 +0$", out, re.M)
    ok(parse and 60 < float(parse[4]) < 70 and float(parse[1]) <= float(busy[3]), "a filter: what it costs, a third fails")
    gone = re.search(r"^  gone +drop +\d+\.\d +\d+ ns +(\S+[kM]) +\S+ +0 +(\S+[kM]) +0$", out, re.M)
    ok(gone and abs(rate(gone[1]) - rate(gone[2])) < 0.01 * rate(gone[1]), "a drop drops all that comes (a batch may lie between the two reads)") or print(out)
    ok(out.index("  parse ") < out.index("  gone ") < out.index("(outputs, branches)"), "filters by their cost")
    ok(re.search(r"^  parse +\d+\.\d +\d+ ns +\S+[kM] +\d+\.\d +0  \^%\{WORD:w\} %\{INT:n:int\}\$$", out, re.M), "grok's patterns")
    ok(re.search(r"^  sink +tcp +0 +0 +\d\S* +stuck +(49|50)\.\d +\S+ +[1-9]\S* +0$", out, re.M), "an output that is stuck: in flight, lag, full, errors")
    ok(re.search(r"^  gen +generator +\S+[kM] +\S+[kM] +0 +0 +0$", out, re.M) and re.search(r"^  in +tcp ", out, re.M), "inputs")
    ok(command("--interval", "50ms", *url)[0] == 2 and command("--interval", "2h", *url)[0] == 2, "2: an interval out of its bounds")
    code, out, err = command(*url)
    ok(code == 2 and "no terminal" in err and "--once" in err, "2: standard output is no terminal")
    code, out, err = command("--once", "--url", f"http://127.0.0.1:{free_port()}")
    ok(code == 1 and "Connection refused" in err and not out, "1: nobody is there")
    stats = tailrace.json("/_node/stats/pipelines/stuck")["pipelines"]["stuck"]
    delivery = stats["plugins"]["outputs"][0]["delivery"]
    ok(stats["activity"]["waits_for"] == "sink" and stats["activity"]["paused_workers"] == 1 and stats["activity"]["memory_used_in_bytes"] > 0
       and delivery["in_flight"] == delivery["offered"] > 0, "the API has these numbers")

def live(url, folder, tailrace):
    screen = Screen("--interval", "200ms", *url)
    screen.until(r"^> busy +running +\d\S*[kM]", "a screen with rates")
    lines = screen.text.split("\n")
    ok(len(lines) <= ROWS and max(len(l) for l in lines) <= COLUMNS, "fits the screen")
    ok("q quit" in lines[1] and screen.raw.startswith(b"\x1b[1m") and b"\x1b[31m  stuck" in screen.raw, "a head, the keys, what is paused in red")
    ok("pipeline busy" in screen.text and "pipeline stuck" not in screen.text, "the costliest pipeline's plugins")
    for keys, name in ((b"\t", "stuck"), (b"\x1b[A", "busy"), (b"\x1b[B", "stuck"), (b"\x1b[Z", "busy"), (b"\x1bOC", "stuck"), (b"\x1b[D", "busy")):
        screen.key(keys)
        screen.until(rf"^pipeline {name}$", f"{keys!r} selects {name}")
    print("ok tab and arrows choose the pipeline")
    screen.key(b"p")
    screen.until("PAUSED$", "a word that it is paused")
    still = screen.text
    screen.key(b"\x1b[5~x")  # keys that mean nothing
    up = re.search(r"up (\S+)", still)[1]
    wait(lambda: tailrace.json("/_node/stats/jvm")["jvm"]["uptime_in_millis"] > 1000 * sum(int(x) * 60 ** i for i, x in enumerate(reversed(up.split(":")))) + 1200, 20, "a second")
    ok(screen.text == still, "p: the screen stands still")
    screen.key(b"p")
    wait(lambda: "PAUSED  " not in screen.text.split("\n")[0] and f"up {up}" not in screen.text, 20, "and goes on")
    screen.size(12, 60)
    wait(lambda: screen.text and len(screen.text.split("\n")) <= 12, 20, "the smaller screen")
    ok(max(len(l) for l in screen.text.split("\n")) <= 60, "another size: the screen is drawn anew to fit it")
    screen.key(b"q")
    screen.ended(0, "q: 0, and the terminal is as it was")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        screen = Screen(*url)
        screen.until("^> busy", "a screen")
        screen.process.send_signal(number)
        screen.ended(0, f"{number.name}: the terminal is as it was")
    screen = Screen(*url)
    screen.until("^> busy", "a screen")
    screen.key(b"\x03")
    screen.ended(0, "^C likewise")
    screen = Screen(*url)
    screen.until("^> busy", "a screen")
    screen.process.send_signal(signal.SIGSEGV)
    screen.ended(-signal.SIGSEGV, "a crash: the terminal is as it was")
    screen = Screen(*url)
    screen.until("^> busy", "a screen")
    screen.key(b"\x1a")
    state = lambda: open(f"/proc/{screen.process.pid}/stat").read().rsplit(")", 1)[1].split()[0]
    wait(lambda: state() == "T", 20, "^Z stops it")
    screen.read()
    ok(screen.data.endswith(GIVE) and termios.tcgetattr(screen.slave) == screen.before, "^Z: the shell gets the terminal as it was")
    screen.data = b""
    screen.process.send_signal(signal.SIGCONT)
    screen.until("^> busy", "the screen again")
    ok(screen.data.startswith(b"\x1b[?1049h"), "and it comes back")
    screen.data = b"\x1b[?1049h"
    screen.key(b"q")
    screen.ended(0, "q ends it then")

def gone(folder):
    """The instance ends and comes back."""
    with Tailrace(folder, 'input { generator { } } output { null { } }', name="gone") as tailrace:
        screen = Screen("--interval", "100ms", "--url", f"http://127.0.0.1:{tailrace.api}")
        screen.until(r"^  main +running +\d\S*[kM]", "a screen")
        tailrace.kill()
        screen.until("NO ANSWER: Connection refused$", "a word that nobody answers")
        tailrace.start()
        screen.until(r"up 00:00:0\d.*[^D]\n.*\n\n.*\n  main +running +\d\S*[kM]", "rates of the new one")
        ok(" -1" not in screen.text, "an instance that comes back is counted anew")
        screen.key(b"q")
        screen.ended(0, "q ends it")

def locked(folder):
    basic = ["-S", "api.auth.type=basic", "-S", "api.auth.basic.username=ops", "-S", "api.auth.basic.password=s3cret"]
    with Tailrace(folder, 'input { generator { } } output { null { } }', basic, name="locked", wait_ready=False) as tailrace:
        wait(lambda: can_connect(tailrace.api), 20, "the API")
        url = ["--once", "--interval", "100ms", "--url", f"http://127.0.0.1:{tailrace.api}"]
        code, out, err = command(*url)
        ok(code == 1 and "user and password needed" in err, "1: without the password")
        ok(command(*url, "--user", "ops:s3cret")[0] == 0, "with it")

with Folder() as folder:
    port, closed = free_port(), free_port()
    folder.write("settings/pipelines.yml", CONFIG % {"port": port, "closed": closed})
    with Tailrace(folder) as tailrace:
        text = b"".join(b"%06d %s\n" % (n, b"z" * 1000) for n in range(16000))
        def flood():
            try:
                send(port, text)
            except OSError:
                pass  # it is killed in the end
        threading.Thread(target=flood, daemon=True).start()
        wait(lambda: tailrace.metric("tailrace_paused", pipeline="stuck") == 1, 60, "the output is full")
        url = ["--url", f"http://127.0.0.1:{tailrace.api}"]
        once(url, tailrace)
        live(url, folder, tailrace)
        ok("Sanitizer" not in tailrace.log(), "no sanitizer complains")
        tailrace.kill()
    os.unlink(folder.file("settings/pipelines.yml"))
    gone(folder)
    locked(folder)
finish()
