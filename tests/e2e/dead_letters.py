#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dead letters: what each stage cannot deal with is kept, found, shown, sent again and deleted; a replay that is killed
goes on where it was; full, missing and unusable disks cost letters, never the pipeline. The books balance. quick: yes"""
import subprocess
from support import *

EVENTS = choose(300, 300, 3000)
KILLS = choose(2, 4, 40)
REPLAYED = choose(4000, 6000, 20000)

def command(folder, *arguments, name="tailrace"):
    done = subprocess.run([PROGRAM, "dlq", *arguments, "--path.data", folder.file(name + ".data"), "--path.settings",
                           folder.file("settings")], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr

def letters(folder, *arguments):
    return [json.loads(line) for line in command(folder, "show", "main", "--json", *arguments)[1].splitlines()]

def lost(t):
    rows = t.metrics()
    return {dict(pairs)["reason"]: v for (name, pairs), v in rows.items()
            if name == "tailrace_dead_letters_dropped_total" and v}

def written(t, count, what="letters are written"):
    wait(lambda: t.metric("tailrace_dead_letters_written_total") >= count, 30, what)

def send_rows(port, rows):
    send(port, "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode())

def parsed(line):
    """None: it is not whole."""
    try:
        return json.loads(line)
    except ValueError:
        return None

def ids(path):
    return [json.loads(line).get("i") for line in lines_of(path)]

ON = ["-S", "dead_letter_queue.enable=true"]
FAILS = "if [n] > 3 { mutate { } }"

def stages():
    """Every stage, then a look at each, then a replay: outputs get their own alone."""
    config = """
      input {{ tcp {{ port => {port} codec => json_lines {{ dead_letter_on_failure => true }} }} }}
      filter {{
        mutate {{ add_field => {{ "[@metadata][via]" => "tcp" }} }}
        if [way] == "condition" and [n] > 3 {{ mutate {{ }} }}
        if [way] == "filter" {{ grok {{ id => "digits" match => {{ "message" => "^%{{NUMBER:n}}$" }} dead_letter_on_failure => true }} }}
      }}
      output {{
        kafka {{ id => "store" bootstrap_servers => "127.0.0.1:1" topic_id => "t" codec => json max_request_size => 1000
                 retries => 1 }}
        {more}
      }}"""
    with Folder() as folder:
        port, out = free_port(), folder.file("all.json")
        text = config.format(port=port, more='file { path => "%s" codec => json_lines }' % out)
        # the output `store` takes what is smaller, so nothing is waited for: only large ones are sent to it
        text = text.replace("kafka {", 'if [way] == "output" { kafka {', 1).replace("retries => 1 }", "retries => 1 } }", 1)
        with Tailrace(folder, text, arguments=ON) as t:
            rows = []
            for i in range(EVENTS):
                rows += [{"i": i, "way": "condition", "n": "text"}, {"i": i, "way": "filter", "message": "no %d" % i},
                         {"i": i, "way": "output", "message": "x" * 2000}, "broken %d" % i, {"i": i, "way": "well"}]
            send_rows(port, rows)
            written(t, 4 * EVENTS)
            wait(lambda: count_lines(out) == 2 * EVENTS, 30, "what is well is delivered")
            wait(lambda: t.books()["in_flight"] == 0, 30, "all is settled")
            books = t.books()
            ok(books["dead_lettered"] == 4 * EVENTS and books["dropped"] == 0 and t.books_balance(),
               f"each stage's events are dead-lettered in the books: {books}")
            stats = t.json("/_node/stats/pipelines")["pipelines"]["main"]["dead_letter_queue"]
            ok(stats["written_events"] == 4 * EVENTS and stats["queue_size_in_bytes"] > 2000 * EVENTS and
               stats["dropped_events"] == 0 and stats["last_error"] == "no errors" and
               stats["storage_policy"] == "drop_newer" and stats["max_queue_size_in_bytes"] == 1 << 30,
               "the API tells of them as Logstash does")
            node = t.json("/_node/pipelines")["pipelines"]["main"]
            ok(node["dead_letter_queue_enabled"] and node["dead_letter_queue_path"].endswith("/dead_letter_queue/main"),
               "and where they are")
            code, told, errors = command(folder, "ls")
            ok(code == 0 and f"main: {4 * EVENTS} letters, {4 * EVENTS} not replayed" in told and
               all(f"{EVENTS}  {what}" in told for what in ("condition if-statement: condition evaluation error",
                   "filter    digits: failed", "output    store: MSG_SIZE_TOO_LARGE")), "ls counts them while it runs")
            found = letters(folder)
            hashes = {letter["config_hash"] for letter in found}
            ok(len(found) == 4 * EVENTS and hashes == {node["hash"]}, "show tells of each, with the configuration's hash")
            by = {stage: [f for f in found if f["stage"] == stage] for stage in ("codec", "filter", "condition", "output")}
            ok([f["original"] for f in by["codec"]] == ["broken %d" % i for i in range(EVENTS)], "codec: the bytes as they came")
            ok(all(f["text"] == "_grokparsefailure" and f["event"]["message"] == "no %d" % f["event"]["i"]
                   for f in by["filter"]), "filter: the event and its failure tag")
            ok([f["event"]["i"] for f in by["condition"]] == list(range(EVENTS)) and
               by["condition"][0]["text"].endswith("cannot be ordered"), "condition: the event, in order, and why")
            ok(by["output"][0]["id"] == "store" and by["output"][0]["plugin"] == "kafka" and
               by["output"][0]["attempts"] == 1 and by["output"][0]["text"], "output: who refused, and what it said")
            ok(all(f["metadata"]["via"] == "tcp" and f["metadata"]["dead_letter_queue"]["stage"] == stage
                   for stage in ("filter", "condition", "output") for f in by[stage]), "the metadata stands beside the event")
            half = letters(folder, "--where", "[i] < 10 and [@metadata][dead_letter_queue][stage] == 'filter'")
            ok(sorted(f["event"]["i"] for f in half) == list(range(10)), "show --where takes a condition")
            ok(len(letters(folder, "--limit", "3")) == 3, "show --limit ends early")
            ok(command(folder, "show", "main", "--limit", "1")[1].startswith("0/1 "), "show is for people, too")
            ok('"via":"tcp","dead_letter_queue":{"plugin_type":"grok"' in command(folder, "show", "main", "--where", "[way] == 'filter'", "--limit", "1")[1],
               "with metadata of its own")
            mended = text.replace("[n] > 3", "[n] == 3").replace('match => { "message" => "^%{NUMBER:n}$" }',
                                                                'match => { "message" => "%{WORD:w}" }')
            at = mended.index("kafka {")
            mended = (mended[:at] + 'file { id => "store" path => "%s" codec => json_lines }' % folder.file("store.json") +
                      mended[mended.index("retries => 1 }") + len("retries => 1 }"):])
            path = folder.write("mended.conf", mended)
            code, told, errors = command(folder, "replay", "main", "-f", path, "--where", "[i] < 10")
            ok((code, told.strip()) == (0, "30 replayed: 0 dead again, 0 dropped; %d left" % (4 * EVENTS - 30)),
               f"replay --where takes some: {told}{errors}")
            code, told, errors = command(folder, "replay", "main", "-f", path)
            ok((code, told.strip()) == (0, "%d replayed: 0 dead again, 0 dropped; 0 left" % (4 * EVENTS - 30)),
               f"replay takes the rest: {told}{errors}")
            ok(command(folder, "replay", "main", "-f", path)[1] == "0 replayed: 0 dead again, 0 dropped; 0 left\n",
               "and nothing is left")
            ok(sorted(ids(folder.file("store.json"))) == list(range(EVENTS)), "the output that refused got each once")
            again = [json.loads(line) for line in lines_of(out)][2 * EVENTS:]
            ok(sorted(e["i"] for e in again if e.get("way") == "filter") == list(range(EVENTS)) and
               sorted(e["i"] for e in again if e.get("way") == "condition") == list(range(EVENTS)) and
               len(again) == 3 * EVENTS and not [e for e in again if e.get("way") == "output"],
               "others went through the filters; the outputs that had taken an event did not get it again")
            renamed = folder.write("renamed.conf", mended.replace('id => "store"', 'id => "other"'))
            send_rows(port, [{"i": 7777, "way": "output", "message": "x" * 2000}])
            written(t, 4 * EVENTS + 1)
            code, told, errors = command(folder, "replay", "main", "-f", renamed)
            ok(code == 1 and "1 letters are left: the outputs that refused them are not in the configuration" in errors and
               "give the output its old id, or replay with --filters" in errors, "a letter of an output that is gone stays")
            code, told, errors = command(folder, "replay", "main", "-f", renamed, "--filters")
            ok(code == 0 and 7777 in ids(out) and 7777 in ids(folder.file("store.json")), "until it is to go through the filters")
            ok("0 file" in command(folder, "purge", "main", "--before", "2001-01-01")[1], "purge --before keeps what is newer")
            ok(command(folder, "purge", "main")[0] == 0 and len(letters(folder)) > 0, "purge leaves the file that is written")
            send_rows(port, [{"i": 8888, "way": "condition", "n": "text"}])
            written(t, 4 * EVENTS + 2)
            ok(t.stop() == 0, "it stops")
        ok(len(letters(folder, "--where", "[i] == 8888")) == 1, "the last one is there after the stop")
        ok(command(folder, "purge", "main")[1] == "1 file deleted\n" and not letters(folder), "purge deletes them all")

def purged():
    """Letters among others are purged by a condition: nobody gets them any more, and the file goes with the last of them."""
    config = 'input { stdin { codec => json_lines } } filter { %s } output { file { id => "f" path => "%s" codec => json_lines } }'
    with Folder() as folder:
        def dies(first, count):
            rows = "".join(json.dumps({"i": i, "n": "text"}) + "\n" for i in range(first, first + count))
            path = folder.write("first.conf", config % (FAILS, folder.file("out.json")))
            subprocess.run([PROGRAM, "-f", path, "--path.data", folder.file("tailrace.data"), "--api.enabled", "false",
                            "--log.level", "fatal", *ON], input=rows.encode(), timeout=60)
        dies(0, 100)
        there = lambda: sorted(letter["event"]["i"] for letter in letters(folder))
        ok(command(folder, "purge", "main", "--where", "[i] < 40")[:2] == (0, "40 letters purged, 0 files deleted\n"), "purge --where takes some")
        ok(there() == list(range(40, 100)) and "main: 60 letters" in command(folder, "ls")[1], "show and ls do not see them")
        ok(command(folder, "purge", "main", "--where", "[i] < 40")[1].startswith("0 letters purged"), "nor does a second purge")
        out = folder.file("again.json")
        mended = folder.write("mended.conf", config % ("", out))
        code, told, errors = command(folder, "replay", "main", "-f", mended, "--where", "[i] < 50")
        ok(code == 0 and ids(out) == list(range(40, 50)), f"nor does a replay: {told}{errors}")
        reader = folder.write("reader.conf", """input { dead_letter_queue { path => "%s" commit_offsets => false } }
            output { file { path => "%s" codec => json_lines } }""" % (folder.file("tailrace.data/dead_letter_queue"), folder.file("read.json")))
        with Tailrace(folder, open(reader).read(), name="reader") as t:
            wait(lambda: count_lines(folder.file("read.json")) == 60, 30, "the input has read them")
            ok(ids(folder.file("read.json")) == list(range(40, 100)) and t.stop() == 0, "nor does the input")
        ok(command(folder, "purge", "main", "--where", "[i] >= 40")[1] == "60 letters purged, 1 file deleted\n", "the file goes with its last letters")
        dies(200, 10)
        ok(there() == list(range(200, 210)), "letters that come later are there")
        position = folder.file("tailrace.data/dead_letter_queue/main/purge.position")
        os.rename(position, position + ".away")
        os.mkdir(position)
        code, told, errors = command(folder, "purge", "main", "--where", "[i] > 0")
        ok(code == 1 and "/purge.position cannot be written: " in errors and there() == list(range(200, 210)), "marks that cannot be written are told, and nothing is deleted")
        os.rmdir(position)
        os.rename(position + ".away", position)
        ok(command(folder, "purge", "main", "--where", "[i] > 0")[1] == "10 letters purged, 1 file deleted\n", "and can be purged, too")

def killed():
    """A replay that is killed again and again: each letter once, but for what was under way."""
    config = 'input { stdin { codec => json_lines } } filter { %s } output { file { id => "f" path => "%s" codec => json_lines } }'
    with Folder() as folder:
        out = folder.file("out.json")
        rows = "".join(json.dumps({"i": i, "n": "text"}) + "\n" for i in range(REPLAYED))
        folder.write("rows.json", rows)
        first = folder.write("first.conf", config % (FAILS, out))
        subprocess.run([PROGRAM, "-f", first, "--path.data", folder.file("tailrace.data"), "--api.enabled", "false",
                        "--log.level", "fatal", *ON], stdin=open(folder.file("rows.json")), timeout=60)
        ok(len(letters(folder)) == REPLAYED and not lines_of(out), "all have died")
        mended = folder.write("mended.conf", config % ("", out))
        replay = [PROGRAM, "dlq", "replay", "main", "-f", mended, "--path.data", folder.file("tailrace.data"), "-b", "20"]
        position = folder.file("tailrace.data", "dead_letter_queue", "main", "replay.position")
        before, partly = None, 0
        for kill in range(KILLS):
            process = subprocess.Popen(replay, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            def has_moved():
                now = open(position).read() if os.path.exists(position) else None
                return now != before or process.poll() is not None
            wait(has_moved, 30, "the replay moves")
            process.send_signal(signal.SIGSTOP) # or it could be through before it is killed
            if kill == 0 and process.poll() is None:
                code, told, errors = command(folder, "replay", "main", "-f", mended)
                ok((code == 1 and "another replay of pipeline `main` is running" in errors) or process.poll() is not None,
                   "a second replay is refused")
            process.kill()
            process.wait()
            before = open(position).read()
            partly += f" {REPLAYED}\n" not in before
        ok(partly > 0, f"{partly} of {KILLS} kills came in the middle")
        done = subprocess.run(replay, capture_output=True, text=True, timeout=60)
        found = [event["i"] for event in map(parsed, lines_of(out)) if event]
        torn = len(lines_of(out)) - len(found)
        ok(torn <= KILLS, f"{torn} lines were being written at a kill, and end there")
        ok(done.returncode == 0 and set(found) == set(range(REPLAYED)), f"after {KILLS} kills none is missing")
        ok(len(found) - REPLAYED <= KILLS * 1000, f"{len(found) - REPLAYED} came twice: what was under way")
        ok(f" {REPLAYED}\n" in open(position).read(), "and all are told as replayed")

def followed():
    """The input reads another pipeline's letters as they come, and goes on where it was."""
    with Folder() as folder:
        port, out, top = free_port(), folder.file("out.json"), folder.file("letters")
        sender = "input { tcp { port => %d codec => json_lines } } filter { %s } output { null { } }" % (port, FAILS)
        reader = """input { dead_letter_queue { path => "%s" pipeline_id => "s" clean_consumed => true } }
                    filter { mutate { add_field => { "why" => "%%{[@metadata][dead_letter_queue][reason]}"
                                                     "who" => "%%{[@metadata][dead_letter_queue][plugin_type]}" } } }
                    output { file { path => "%s" codec => json_lines } }""" % (top, out)
        folder.write("settings/pipelines.yml", "- pipeline.id: s\n  pipeline.workers: 2\n  dead_letter_queue.enable: true\n"
                     "  config.string: |\n    %s\n- pipeline.id: r\n  config.string: |\n    %s\n" %
                     (sender, reader.replace("\n", "\n    ")))
        arguments = ["-S", "path.dead_letter_queue=" + top]
        total = 0
        for round in range(2):
            with Tailrace(folder, arguments=arguments) as t:
                for part in range(2):
                    send_rows(port, [{"i": total + i, "n": "text"} for i in range(EVENTS)])
                    total += EVENTS
                    wait(lambda: count_lines(out) >= total, 30, "letters are followed")
                wait(lambda: t.books()["in_flight"] == 0, 30, "all is settled")
                ok(t.books_balance(pipeline="s") and t.books_balance(pipeline="r"), "the books of both balance")
                ok(t.stop() == 0, "both stop")
        ok(sorted(ids(out)) == list(range(total)), "each came once, over a restart")
        event = json.loads(lines_of(out)[0])
        ok(event["why"].startswith("condition evaluation error: ") and event["who"] == "if-statement", "with what it died of")
        left = [name for log in "01" for name in os.listdir(os.path.join(top, "s", log)) if name.endswith(".seg")]
        ok(len(left) <= 2, f"clean_consumed deleted what was done: {left}")

def poison():
    """A pipeline that is fed with its own dead letters, which die again each time."""
    with Folder() as folder:
        port = free_port()
        config = """input {{ tcp {{ port => {port} codec => json_lines }} dead_letter_queue {{ path => "{top}" }} }}
                    filter {{ {fails} }} output {{ null {{ }} }}""".format(
                        port=port, fails=FAILS, top=folder.file("tailrace.data", "dead_letter_queue"))
        with Tailrace(folder, config, arguments=ON) as t:
            send_rows(port, [{"i": i, "n": "text"} for i in range(20)])
            wait(lambda: lost(t) == {"poison": 20}, 30, "poison is given up")
            ok(t.metric("tailrace_dead_letters_written_total") == 8 * 20, "after it died 8 times")
            wait(lambda: t.books()["in_flight"] == 0, 30, "nothing goes round")
            ok(t.books_balance() and t.books()["dropped"] == 20, "and it is dropped in the books")
            ok({f["deaths"] for f in letters(folder)} == set(range(1, 9)), "letters tell how often")
            ok(t.stop() == 0, "it stops")

def no_room(name, arguments, check, prefix=(), count=4 * 300, fails=True):
    """Letters for which there is no room: the pipeline goes on."""
    with Folder() as folder:
        port, out = free_port(), folder.file("out.json")
        config = 'input { tcp { port => %d codec => json_lines } } filter { %s } output { file { path => "%s" codec => json_lines } }' % (
            port, FAILS, out)
        arguments = [a.replace("FOLDER", folder.path) for a in arguments]
        prefix = [a.replace("FOLDER", folder.path) for a in prefix]
        with Tailrace(folder, config, arguments=ON + arguments, prefix=prefix) as t:
            for part in range(4):
                rows = [{"i": i, "n": "text", "x": "y" * 1000} for i in range(part * count // 4, (part + 1) * count // 4)]
                send_rows(port, rows)
                wait(lambda: t.books()["received"] >= (part + 1) * count // 4, 30, "events arrive")
                wait(lambda: t.books()["in_flight"] == 0, 30, "all is settled")
            send_rows(port, [{"i": -1, "n": 1}])
            wait(lambda: count_lines(out) == 1, 30, "a fresh event passes")
            wait(lambda: t.books()["in_flight"] == 0, 30, "all is settled")
            books = t.books()
            stats = t.json("/_node/stats/pipelines")["pipelines"]["main"]["dead_letter_queue"]
            ok(t.books_balance() and books["dead_lettered"] + books["dropped"] == count and
               check(folder, t, stats), f"{name}: {books} {stats}")
            ok(t.stop() == 0, f"{name}: it stops")

def full_is_said(folder, t, stats):
    return (stats["dropped"]["full"] > 0 and stats["written_events"] > 0 and stats["queue_size_in_bytes"] <= 256 * 1024 and
            "dead_letter_queue.max_bytes" in stats["last_error"] and "(dead_letters.dropped)" in t.log() and
            [f["event"]["i"] for f in letters(folder)] == list(range(stats["written_events"])))

def newest_are_there(folder, t, stats):
    numbers = [f["event"]["i"] for f in letters(folder)]
    return (stats["dropped"]["evicted"] > 0 and stats["dropped"]["full"] == 0 and numbers[-1] == 1199 and
            numbers == list(range(numbers[0], 1200)) and stats["written_events"] == 1200)

def disk_is_blamed(folder, t, stats):
    return stats["dropped"]["disk"] == 1200 and "(dead_letters.disk)" in t.log() and stats["last_error"] != "no errors"

def tmpfs_is_full(folder, t, stats):
    return stats["dropped"]["disk"] > 0 and stats["last_error"] == "no space left on device"

def old_ones_go():
    with Folder() as folder:
        port = free_port()
        config = "input { tcp { port => %d codec => json_lines } } filter { %s } output { null { } }" % (port, FAILS)
        arguments = ON + ["-S", "dead_letter_queue.retain.age=1s", "-S", "dead_letter_queue.max_bytes=256kb"]
        with Tailrace(folder, config, arguments=arguments) as t:
            send_rows(port, [{"i": i, "n": "text", "x": "y" * 1000} for i in range(150)])
            written(t, 150)
            wait(lambda: t.metric("tailrace_dead_letters_expired_total") >= 150, 30, "old letters go")
            wait(lambda: t.metric("tailrace_dead_letters_bytes") == 0, 30, "and their files")
            ok(t.books_balance() and t.stop() == 0, "retain.age deletes letters that are too old")

def refused():
    """Words for what cannot be done."""
    rows = [
        ((), 2, "what is to be done with whose dead letters?", "tailrace dlq ls [PIPELINE], show PIPELINE, replay PIPELINE or purge PIPELINE"),
        (("purge", "main", "--where", "[a] == 1", "--replayed"), 2, "--where excludes --before and --replayed", "ask in the condition for [@metadata][dead_letter_queue][entry_time]"),
        (("ls", "main", "--where", "[a] == 1"), 2, "--where is for show, replay and purge", "leave it out"),
        (("ls", "--limit", "1"), 2, "--limit is for show", "leave it out"),
        (("show", "main", "--replayed"), 2, "--before and --replayed are for purge", "leave them out"),
        (("purge", "main", "--replayed", "--before", "2024-01-01"), 2, "--before and --replayed exclude each other", "give one"),
        (("show", "main", "--filters"), 2, "--filters is for replay", "leave it out"),
        (("purge", "main", "--before", "soon"), 2, "--before is no time since 1970", "write it like 2024-03-05T07:00:00Z"),
        (("show", "main"), 1, "no dead letters of pipeline `main` are in ", "is it this folder? --path.data DIR or -S path.dead_letter_queue=DIR says another"),
        (("replay", "other"), 78, "pipelines.yml has no pipeline `other`", "-f PATH gives its text"),
    ]
    with Folder() as folder:
        folder.write("settings/pipelines.yml", "- pipeline.id: main\n  config.string: input { stdin { } }\n")
        for arguments, code, error, hint in rows:
            got, told, errors = command(folder, *arguments)
            ok(got == code and "error: " + error in errors and hint in errors, f"dlq {' '.join(arguments)}: {error}")
        ok(command(folder, "show", "main", "--where", "[a] =")[0] == 2, "a condition that is wrong is refused")
        ok(command(folder, "ls")[1].startswith("no dead letters in "), "ls where there are none")
        os.makedirs(folder.file("tailrace.data", "dead_letter_queue", "main", "replay.lock"))
        got, told, errors = command(folder, "replay", "main")
        ok(got == 1 and "replay.lock cannot be locked: Is a directory" in errors, "a lock that cannot be had is told")

def damaged():
    with Folder() as folder:
        config = 'input { stdin { codec => json_lines } } filter { %s } output { null { } }'
        path = folder.write("a.conf", config % FAILS)
        subprocess.run([PROGRAM, "-f", path, "--path.data", folder.file("tailrace.data"), "--api.enabled", "false",
                        "--log.level", "fatal", *ON], input=b'{"i":1,"n":"t"}\n{"i":2,"n":"t"}\n{"i":3,"n":"t"}\n', timeout=60)
        log = folder.file("tailrace.data", "dead_letter_queue", "main", "0")
        segment = os.path.join(log, [n for n in os.listdir(log) if n.endswith(".seg")][0])
        content = bytearray(open(segment, "rb").read())
        content[content.find(b"if-statement", content.find(b"if-statement") + 200)] ^= 1
        open(segment, "wb").write(content)
        code, told, errors = command(folder, "show", "main", "--json")
        ok(code == 1 and "1 letter is damaged, or of a newer version" in errors and
           len(told.splitlines()) == 2, f"damage is told, the others are shown: {errors}")
        odd = folder.write("tailrace.data/dead_letter_queue/main/1", "not a log")
        code, told, errors = command(folder, "replay", "main", "-f", folder.write("b.conf", config % ""))
        ok(code == 1 and "2 replayed" in told and "1 letters are damaged, or of a newer version" in errors and
           "reading or remembering failed: not a directory" in errors, f"a replay tells what it could not read: {told}{errors}")
        os.remove(odd)
        os.remove(folder.file("tailrace.data", "dead_letter_queue", "main", "replay.position"))
        os.makedirs(folder.file("tailrace.data", "dead_letter_queue", "main", "replay.position"))
        code, told, errors = command(folder, "replay", "main", "-f", folder.write("b.conf", config % ""))
        ok(code == 1, f"positions that cannot be read stop a replay: {told}{errors}")

if "tsan" not in PROGRAM:  # librdkafka's threads begin by calls that the thread sanitizer does not see
    stages()
killed()
followed()
poison()
no_room("max_bytes, drop_newer", ["-S", "dead_letter_queue.max_bytes=256kb"], full_is_said)
no_room("max_bytes, drop_older", ["-S", "dead_letter_queue.max_bytes=256kb", "-S", "dead_letter_queue.storage_policy=drop_older"],
        newest_are_there)
no_room("a folder that cannot be made", ["-S", "path.dead_letter_queue=/proc/none"], disk_is_blamed)
if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0:
    mount = 'mkdir "FOLDER/small" && mount -t tmpfs -o size=300k none "FOLDER/small" && exec "$@"'
    no_room("a full disk", ["-S", "path.dead_letter_queue=FOLDER/small", "-S", "dead_letter_queue.max_bytes=1mb"], tmpfs_is_full,
            prefix=["unshare", "-m", "sh", "-c", mount, "sh"])
else:
    print("not here: mounting a small file system")
old_ones_go()
purged()
refused()
damaged()
finish()
