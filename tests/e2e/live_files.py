#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A dictionary and a list of networks that change while events pass: the new answers come without a restart, a
file that is wrong keeps the old ones and is said and counted. quick: yes"""
from support import *

CONFIG = """
input { tcp { port => %(port)d host => "127.0.0.1" codec => line } }
filter {
  translate { source => "message" target => "meaning" dictionary_path => "%(words)s" refresh_interval => 1
              refresh_behaviour => "replace" fallback => "unknown" id => "words" }
  cidr { address => "10.1.2.3" network_path => "%(nets)s" refresh_interval => 1 add_tag => ["inside"] id => "nets" }
}
output { file { path => "%(out)s" codec => json_lines flush_interval => 0 } }
"""

def replace(path, text):
    """As operators do it: written beside it, then renamed."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)

def counter(tailrace, name, counter):
    plugins = tailrace.json("/_node/stats/pipelines")["pipelines"]["main"]["plugins"]["filters"]
    return next(p for p in plugins if p["id"] == name).get(counter)

with Folder() as folder:
    words, nets, out = folder.write("words.yml", "x: old\n"), folder.write("nets", "10.0.0.0/8\n"), folder.file("out")
    port = free_port()
    with Tailrace(folder, CONFIG % {"port": port, "words": words, "nets": nets, "out": out}) as tailrace:
        with socket.create_connection(("127.0.0.1", port)) as s:
            def answer():
                """Sends one event and returns what became of it."""
                answer.sent += 1
                s.sendall(b"x\n")
                wait(lambda: os.path.exists(out) and open(out).read().count("\n") >= answer.sent, 10, "an event")
                event = json.loads(open(out).read().splitlines()[answer.sent - 1])
                return event["meaning"], "inside" in event.get("tags", [])
            answer.sent = 0
            ok(answer() == ("old", True), "what the files say at first")
            replace(words, "x: new\n")
            replace(nets, "11.0.0.0/8\n")
            wait(lambda: answer() == ("new", False), 20, "the new answers")
            ok(True, "what they say after a change")
            replace(words, "x: [\n")
            wait(lambda: answer() and "cannot be read again: line" in tailrace.log(), 20, "the complaint")
            ok(answer() == ("new", False), "a file that is wrong keeps the old answers")
            os.unlink(nets)
            wait(lambda: answer() and "the list of networks" in tailrace.log() and "No such file" in tailrace.log(), 20, "the complaint")
            ok(answer() == ("new", False), "a file that is gone, too")
            replace(words, "y: %s\n" % ("long " * 40000))
            wait(lambda: answer() == ("unknown", False), 20, "a file that a thread reads")
            ok(counter(tailrace, "words", "reloads") == 2 and counter(tailrace, "words", "reload_failures") == 1,
               "readings are counted")
            ok(counter(tailrace, "nets", "reloads") == 1 and counter(tailrace, "nets", "reload_failures") == 1,
               "of the networks, too")
        ok(tailrace.books_balance(), "the books balance")
        ok(tailrace.stop() == 0, "it ends")
finish()
