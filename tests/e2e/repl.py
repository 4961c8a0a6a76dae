#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tailrace repl` at a terminal: prompts, editing and history, more lines while something is open, the
terminal as it was afterwards; without libedit; and that a running instance does not load it. quick: yes"""
from support import *
import pty, select, termios

class Terminal:
    """A program at a terminal of its own; `screen` is all that it wrote."""
    def __init__(self, *arguments, environment=None):
        self.primary, self.secondary = pty.openpty()
        self.before = termios.tcgetattr(self.secondary)
        self.screen = ""
        self.process = subprocess.Popen([PROGRAM, "repl", *arguments], stdin=self.secondary, stdout=self.secondary,
                                        stderr=self.secondary, start_new_session=True,
                                        env=dict(os.environ, TERM="xterm", **(environment or {})))
    def __enter__(self):
        return self
    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.primary)
        os.close(self.secondary)
    def read(self):
        while select.select([self.primary], [], [], 0)[0]:
            self.screen += os.read(self.primary, 65536).decode("utf-8", "replace")
        return self.screen
    def send(self, text, expect, what):
        """Types; waits until `expect` is on the screen behind what was there."""
        start = len(self.read())
        os.write(self.primary, text.encode())
        wait(lambda: expect in self.read()[start:], 10, what)
        ok(True, what)
    def end(self, text, what):
        os.write(self.primary, text.encode())
        wait(lambda: (self.read(), self.process.poll() is not None)[1], 10, what)
        ok(self.process.returncode == 0, f"{what}: 0")
        ok(termios.tcgetattr(self.secondary)[3] == self.before[3], "and the terminal is as it was")

UP, LEFT, BACKSPACE = "\x1b[A", "\x1b[D", "\x7f"

def editing(folder):
    config = folder.write("web.conf", 'filter { [double] = [n] * 2 }\noutput { stdout { } }\n')
    with Terminal(config) as terminal:
        wait(lambda: "web.conf: 1 filter, 0 conditions, 1 output;" in terminal.read() and "> " in terminal.screen, 10, "a prompt")
        ok(":help" in terminal.screen, "help is offered")
        terminal.send('{"n": 4}\r', "+ [n]  4", "an event")
        terminal.send(":run\r", "+ [double]  8", "a configuration is run")
        ok("goes to stdout" in terminal.read(), "and its routes are told")
        terminal.send("[n] + 38x" + BACKSPACE + "\r", "42  (integer)", "a character is taken back")
        terminal.send(UP + "0\r", "384  (integer)", "a line comes back and is changed")
        terminal.send('length("äöü") * 10\r', "30  (integer)", "characters are more than bytes")
        terminal.send('"ä1"' + LEFT + BACKSPACE + "2\r", '"ä2"', "the cursor moves over them")
        terminal.send("mutate {\r", "| ", "an open brace asks for more")
        terminal.send('  add_tag => ["x"]\r}\r', "+ tag x", "and is run when it is closed")
        terminal.send(":event\r", '"tags":["x"]', "the event is shown")
        terminal.end(":quit\r", ":quit ends it")

def without_libedit(folder):
    """A file that is no library stands where it is looked for first."""
    folder.write("libedit.so.2", "")
    with Terminal(environment={"LD_LIBRARY_PATH": folder.path}) as terminal:
        wait(lambda: "> " in terminal.read(), 10, "a prompt without libedit")
        ok("libedit" not in open(f"/proc/{terminal.process.pid}/maps").read(), "it is not there")
        terminal.send("1 + 1\n", "2  (integer)", "what is typed is answered")
        terminal.send("mutate {\n", "| ", "more lines are asked for")
        terminal.send('add_tag => ["x"] }\n', "+ tag x", "and read")
        terminal.end("\x04", "^D ends it")

def history():
    """As many lines as prompt.h says (PROMPT_HISTORY_MAX) come back."""
    with Terminal() as terminal:
        wait(lambda: "> " in terminal.read(), 10, "a prompt")
        for first in range(0, 1001, 100):  # fewer bytes at once than a terminal holds
            last = min(first + 99, 1000)
            terminal.screen = ""
            os.write(terminal.primary, "".join(f"{n}\r" for n in range(first, last + 1)).encode())
            wait(lambda: f"{last}  (integer)" in terminal.read(), 20, f"line {last}")
        for shown in range(901, 0, -100):
            os.write(terminal.primary, (UP * 100).encode())
            wait(lambda: f"> {shown}" in terminal.read()[-8:], 20, f"line {shown} comes back")
        terminal.screen = ""
        os.write(terminal.primary, UP.encode())
        wait(lambda: "\a" in terminal.read(), 10, "a bell")
        terminal.send("\r", "\n1  (integer)", "the oldest of 1,000 lines comes back, the one before is forgotten")
        terminal.end("\x04", "^D ends it")

def piped():
    done = subprocess.run([PROGRAM, "repl"], input="1 + 1\n[a] = 5\n", capture_output=True, text=True, timeout=30)
    ok(done.returncode == 0 and done.stdout == "2  (integer)\n+ [a]  5\n" and not done.stderr, "a pipe gets answers alone")
    for size, answer in ((1024 * 1024, f"{1024 * 1024 - len('length(``)')}  (integer)"), (1024 * 1024 + 1, "error: more than 1048576 bytes at once")):
        text = 'length("' + "x" * (size - len('length("")')) + '")'
        done = subprocess.run([PROGRAM, "repl"], input=text + "\n1\n", capture_output=True, text=True, timeout=30)
        ok(done.stdout.splitlines() == [answer, "1  (integer)"], f"{size} bytes at once: {answer}")

def not_in_a_running_instance(folder):
    config = f"input {{ udp {{ port => {free_port(socket.SOCK_DGRAM)} }} }} output {{ null {{ }} }}"
    with Tailrace(folder, config) as tailrace:
        ok("libedit" not in open(f"/proc/{tailrace.process.pid}/maps").read(), "a running instance has no libedit in it")

history()
for part in (editing, without_libedit):
    with Folder() as folder:
        part(folder)
piped()
with Folder() as folder:
    not_in_a_running_instance(folder)
finish()
