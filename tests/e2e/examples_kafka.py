#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/kafka against a real broker: a topic through grok to two topics.
waits: yes"""
from support import *

HERE = os.path.join(ROOT, "examples/kafka")
BROKER = os.path.join(ROOT, "tests/kafka/broker")

def broker(*arguments, stdin=None):
    done = subprocess.run([BROKER, *arguments], input=stdin, capture_output=True)
    if done.returncode == 77:
        skip(done.stderr.decode().strip())
    if done.returncode:
        ok(False, f"broker {' '.join(arguments)}: {done.stderr.decode()}")
        finish()
    return done.stdout.decode()

def records(folder, topic):
    """Values of a topic, whatever their order over partitions."""
    return sorted(broker("admin", folder, "consume", "-v", topic).splitlines())

broker("install")
with Folder() as folder:
    data = folder.file("broker")
    address = broker("start", data).strip()
    try:
        for topic in ("logs-raw", "logs-parsed", "logs-not-understood"):
            broker("topic", data, topic, "2")
        broker("admin", data, "produce", "logs-raw", stdin=open(os.path.join(HERE, "sample.log"), "rb").read())
        environment = {"BROKERS": address, "GROUP": "example"}
        done = subprocess.run([PROGRAM, "check", os.path.join(HERE, "kafka.conf")], capture_output=True, text=True)
        ok(done.returncode == 0 and done.stdout == "Configuration OK\n", "tailrace check " + done.stderr)
        with Tailrace(folder, arguments=["-f", os.path.join(HERE, "kafka.conf"), "-w", "2"], environment=environment) as tailrace:
            wait(lambda: tailrace.metric("tailrace_events_total", state="delivered") >= 3, 60, "three events delivered")
            ok(tailrace.books_balance(), "the books balance")
            ok(tailrace.stop() == 0, "stops with 0")
        parsed = sorted((json.loads(r) for r in records(data, "logs-parsed")), key=lambda e: e["@timestamp"])
        ok([(e["@timestamp"], e["log"]["level"], e["log"]["logger"], e["text"]) for e in parsed] ==
           [("2026-11-23T10:00:00.125Z", "INFO", "com.example.Orders", "order 4711 taken"),
            ("2026-11-23T10:00:01.000Z", "ERROR", "com.example.Payments", "bank refused: timeout")],
           "logs-parsed has the two that were understood")
        ok(records(data, "logs-not-understood") == ["Caused by: java.net.SocketTimeoutException"],
           "logs-not-understood has the one that was not, unchanged")
        lag = [int(line.split()[4]) for line in broker("offsets", data, "example").splitlines() if line.split()[4:] and line.split()[4].isdigit()]
        ok(lag and sum(lag) == 0, f"everything is committed: lag {lag}")
    finally:
        broker("kill", data)
finish()
