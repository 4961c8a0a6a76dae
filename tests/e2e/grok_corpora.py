#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real logs (the folder data of TAILRACE_SHARED) through the patterns of the library that fit them, in both
ECS modes: hits by pattern, and a reason for every line that is missed. quick: yes"""
import json, os, re, subprocess
from support import *

# file: [(pattern, {reason: what the missed lines look like})]; a miss without a reason fails
LOGS = {
    "access_combined.log": [
        ("^%{COMMONAPACHELOG}", {}),
        ("^%{COMBINEDAPACHELOG}$", {"the agent's quote is not closed": r'"[^"]*$'}),
    ],
    "loghub_apache.log": [
        ("^%{HTTPD_ERRORLOG}$", {}),
        ("^%{HTTPD20_ERRORLOG}$", {}),
        ("^%{HTTPD24_ERRORLOG}$", {"a line of 2.0: no [module:level] [pid]": r"^\[[^]]+\] \[\w+\] (?!\[pid)"}),
    ],
    "loghub_hadoop.log": [
        (r"^%{TIMESTAMP_ISO8601:timestamp} +%{LOGLEVEL:level} +\[%{DATA:thread}\] %{JAVACLASS:class}: %{GREEDYDATA:text}$", {}),
        ("^%{CATALINALOG}$", {"log4j's format is not Tomcat's": r"^\d{4}-\d\d-\d\d \S+ [A-Z]+ +\["}),
        ("^%{TOMCATLOG}$", {"log4j's format is not Tomcat's": r"^\d{4}-\d\d-\d\d \S+ [A-Z]+ +\["}),
    ],
    "loghub_hdfs.log": [
        ("^%{INT:date} %{INT:time} %{INT:pid} %{LOGLEVEL:level} +%{JAVACLASS:class}: %{GREEDYDATA:text}$", {}),
        ("%{IPV4:address}", {"names no address": r"^(?!.*\d+\.\d+\.\d+\.\d+)"}),
        ("%{HOSTPORT:peer}", {"names no port": r"^(?!.*[0-9A-Za-z]:\d)"}),
    ],
    "loghub_linux.log": [
        ("^%{SYSLOGLINE}$", {}),
        ("^%{SYSLOGBASE} %{GREEDYDATA:text}$", {
            "the program's name holds a blank": r"^\w+ +\d+ \S+ \S+ syslogd 1\.4\.1: ",
            "two blanks before the program": r"^\w+ +\d+ \S+ \S+  ",
        }),
    ],
    "loghub_mac.log": [
        ("^%{SYSLOGLINE}$", {}),
        ("^%{SYSLOGBASE} %{GREEDYDATA:text}$", {
            "a pid is from 1 on": r"^\w+ +\d+ \S+ \S+ [^\s\[]+\[0\]",
            "the program's name holds a blank": r"^\w+ +\d+ \S+ \S+ (\w+ )+[^\s\[:]+(\[|:)",
            "no program": r"^\w+ +\d+ \S+ \S+ ---",
            "a second name in brackets behind the pid": r"^\w+ +\d+ \S+ \S+ \S+\[\d+\] ",
            "brackets within the program's name": r"^\w+ +\d+ \S+ \S+ [^\s\[]+\[\d+\]\[",
        }),
    ],
    "loghub_openssh.log": [
        ("^%{SYSLOGLINE}$", {}),
        ("^%{SYSLOGBASE} %{GREEDYDATA:text}$", {}),
    ],
    "loghub_thunderbird.log": [
        (r"^%{NOTSPACE:alert} %{INT:epoch} %{NOTSPACE:date} %{NOTSPACE:node} %{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host} %{SYSLOGPROG}: ?%{GREEDYDATA:text}$",
         {"no program": r"^(\S+ ){7}\S+@\S+ "}),
        ("%{SYSLOGBASE}", {"node/node is not a host's name": r"^(\S+ ){7}(\S+/\S+|\S+@\S+) "}),
    ],
    "loghub_zookeeper.log": [
        (r"^%{TIMESTAMP_ISO8601:timestamp} - %{LOGLEVEL:level} +\[%{DATA:thread}@%{INT:line}\] - %{GREEDYDATA:text}$", {}),
    ],
    "nginx_plus_json.log": [
        ('"address":%{QS:address}', {}),
        ("%{IP:address}", {}),
    ],
}

def events(name, patterns, mode):
    config = 'input { stdin { codec => line { charset => "BINARY" } } }\nfilter {\n'
    for i, pattern in enumerate(patterns):
        config += 'grok { match => { "message" => \'%s\' } target => "[@metadata][%d]" tag_on_failure => "%d" tag_on_timeout => "timeout" }\n' % (pattern, i, i)
    config += "}\noutput { stdout { codec => json_lines } }"
    with Folder() as folder:
        command = [PROGRAM, "--path.data", folder.file("data"), "--api.enabled", "false", "--log.level", "error",
                   "--pipeline.ecs_compatibility", mode, "-e", config]
        with open(os.path.join(DATA, name), "rb") as log:
            done = subprocess.run(command, stdin=log, stdout=subprocess.PIPE, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]

def reason_of(line, reasons):
    return next((reason for reason, looks in reasons.items() if re.search(looks, line)), None)

def check(name, mode):
    patterns = LOGS[name]
    got = events(name, [pattern for pattern, _ in patterns], mode)
    lines = sum(1 for line in open(os.path.join(DATA, name), "rb"))
    ok(len(got) == lines, f"{name}, {mode}: {len(got)} events of {lines} lines")
    ok(not any("timeout" in event.get("tags", ()) for event in got), f"{name}, {mode}: no timeout")
    for i, (pattern, reasons) in enumerate(patterns):
        missed = [event["message"] for event in got if str(i) in event.get("tags", ())]
        by_reason, unexplained = {}, []
        for line in missed:
            reason = reason_of(line.rstrip("\r"), reasons)
            by_reason[reason] = by_reason.get(reason, 0) + 1
            if reason is None:
                unexplained.append(line)
        told = "; ".join(f"{count}: {reason}" for reason, count in by_reason.items())
        ok(not unexplained, f"{name}, {mode}, {pattern}: {len(got) - len(missed)} hits, {len(missed)} misses{' (' + told + ')' if told else ''}")
        for line in unexplained[:3]:
            print(f"    no reason: {line[:200]}")

here = [name for name in LOGS if os.path.exists(os.path.join(DATA, name))]
ok(True, f"{len(here)} of {len(LOGS)} real logs are here ({DATA})")
for name in here:
    for mode in ("disabled", "v8"):
        check(name, mode)
finish()
