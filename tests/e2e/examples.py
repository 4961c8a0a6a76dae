#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The configurations in examples/: each passes `tailrace check`, runs as it is on its sample, and
writes what its folder `expected` holds. `--accept` writes that anew. The one for Kafka is run by
tests/e2e/examples_kafka.py. quick: yes"""
import datetime, gzip, shutil
from support import *

EXAMPLES = os.path.join(ROOT, "examples")
ACCEPT = "--accept" in sys.argv

def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")

DAYS = {today()}  # and the day on which it ends; no sample is of these

def comparable(line):
    """An event without what depends on the machine: its name and the place of the sample."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if "name" in event.get("host", {}):
        del event["host"]["name"]
    event.get("log", {}).pop("file", None)
    for name in ("host", "log"):
        if event.get(name) == {}:
            del event[name]
    if "time" in event or "tags" in event:
        event.pop("@timestamp", None)  # its line has no year, or was not understood: of this moment
    return json.dumps(event, ensure_ascii=False)

def name_of(file):
    """A file of the moment, for events without a time of their own, is called so."""
    for day in DAYS:
        file = file.replace(day, "TODAY")
    return file.removesuffix(".gz")

def read(path):
    data = gzip.open(path).read() if path.endswith(".gz") else open(path, "rb").read()
    return [comparable(line) for line in data.decode("utf-8", "replace").splitlines()]

def check(name, environment):
    done = subprocess.run([PROGRAM, "check", os.path.join(EXAMPLES, name)], capture_output=True, text=True,
                          env=dict(os.environ, **environment))
    ok(done.returncode == 0 and done.stdout == "Configuration OK\n" and not done.stderr,
       f"{name}: tailrace check" + (": " + done.stderr if done.stderr else ""))

def compare(name, out):
    """Every expected file is there, line for line, and no other."""
    expected = os.path.join(EXAMPLES, name, "expected")
    if ACCEPT:
        shutil.rmtree(expected, ignore_errors=True)
        os.makedirs(expected)
        for file in os.listdir(out):
            with open(os.path.join(expected, name_of(file)), "w") as to:
                to.write("".join(line + "\n" for line in read(os.path.join(out, file))))
    wanted = {f: read(os.path.join(expected, f)) for f in os.listdir(expected)}
    DAYS.add(today())
    got = {name_of(f): read(os.path.join(out, f)) for f in os.listdir(out)}
    ok(got.keys() == wanted.keys(), f"{name}: writes {', '.join(sorted(wanted))}" +
       (f", not {', '.join(sorted(got))}" if got.keys() != wanted.keys() else ""))
    for file in sorted(wanted):
        if not ok(got.get(file) == wanted[file], f"{name}: {file} is as expected"):
            print("expected", *wanted[file], "got", *got.get(file, []), sep="\n  ")

def sample_of(name, file="sample.log"):
    return open(os.path.join(EXAMPLES, name, file), "rb").read()

def run(name, config, environment, expected_events, send_sample=None):
    """Runs an example until its events are settled, stops it, compares."""
    with Folder() as folder:
        out = folder.file("out")
        os.mkdir(out)
        environment = {k: v.replace("FOLDER", folder.path) for k, v in dict(environment, OUT=out).items()}
        for file, text in (config.get("files") or {}).items():
            folder.write(file, text.decode())
        with Tailrace(folder, arguments=config["arguments"], environment=environment) as tailrace:
            if send_sample:
                send_sample()
            wait(lambda: sum(tailrace.books()[k] for k in ("delivered", "filtered")) >= expected_events, 20,
                 f"{name}: {expected_events} events")
            ok(tailrace.books_balance(), f"{name}: the books balance")
            ok(tailrace.stop() == 0, f"{name}: stops with 0")
        compare(name, out)

def path(*names):
    return os.path.join(EXAMPLES, *names)

def access_log():
    check("access-log/access-log.conf", {})
    run("access-log", {"arguments": ["-f", path("access-log", "access-log.conf")]},
        {"ACCESS_LOG": path("access-log", "sample.log")}, 4)

def syslog_relay():
    port = free_port()
    check("syslog-relay/syslog-relay.conf", {})
    run("syslog-relay", {"arguments": ["-f", path("syslog-relay", "syslog-relay.conf")]}, {"SYSLOG_PORT": str(port)}, 4,
        lambda: send(port, sample_of("syslog-relay")))

def levels():
    port, alert_port = free_port(), free_port()
    check("levels/levels.conf", {})
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", alert_port))
        listener.listen()
        run("levels", {"arguments": ["-f", path("levels", "levels.conf")]},
            {"PORT": str(port), "ALERT_PORT": str(alert_port)}, 5, lambda: send(port, sample_of("levels")))
        listener.settimeout(10)
        peer, _ = listener.accept()
        data = b"".join(iter(lambda: peer.recv(65536), b""))
        alerts = [json.loads(line)["service"] for line in data.splitlines()]
        ok(alerts == ["payments", "search"], "levels: the second collector got the warning and the error")
        ok(b"hunter2" not in data and b"password" not in data, "levels: passwords are removed")

def many_pipelines():
    environment = {"CONF": path("many-pipelines"), "LOGS": "FOLDER/logs"}
    for name in ("system.conf", "zookeeper.conf"):
        check("many-pipelines/" + name, {})
    run("many-pipelines", {"arguments": ["--path.settings", path("many-pipelines")],
                           "files": {"logs/auth.log": sample_of("many-pipelines", "sample-auth.log"),
                                     "logs/zookeeper.log": sample_of("many-pipelines", "sample-zookeeper.log")}},
        environment, 6)

access_log()
syslog_relay()
levels()
many_pipelines()
finish()
