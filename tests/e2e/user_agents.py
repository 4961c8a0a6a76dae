#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""useragent with the whole list of uap-core (Debian's package of that name), on the texts of uap-core's own
tests: name, system and device as those expect. quick: yes"""
import re
from support import *

HOME = "/usr/share/uap-core"
if not os.path.exists(HOME + "/regexes.yaml"):
    skip("uap-core is not installed")

def cases(name):
    """The records of a test file: plain `key: value` lines, values in quotes or not."""
    record = None
    for line in open(f"{HOME}/tests/{name}", encoding="utf-8"):
        found = re.match(r"\s*(- )?(\w+):\s*(.*?)\s*$", line)
        if not found or found[2] == "test_cases": continue
        value = found[3]
        if value[:1] == "'": value = value[1:-1].replace("''", "'")
        elif value[:1] == '"': value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if found[1]:
            if record: yield record
            record = {}
        record[found[2]] = value
    yield record

# of a record the fields that are looked at: uap-core's name, the filter's
LOOKS = {"test_ua.yaml": [("family", "name"), ("major", "major"), ("minor", "minor"), ("patch", "patch")],
         "test_os.yaml": [("family", "os"), ("major", "os_major"), ("minor", "os_minor"), ("patch", "os_patch")],
         "test_device.yaml": [("family", "device")]}
CONFIG = """input { stdin { codec => json_lines } }
filter { useragent { source => "t" ecs_compatibility => disabled } }
output { stdout { codec => json_lines } }"""

with Folder() as folder:
    for name, looks in LOOKS.items():
        records = [r for r in cases(name) if r.get("user_agent_string")]
        records = records[::choose(7, 1, 1)]
        text = "".join(json.dumps({"t": r["user_agent_string"]}) + "\n" for r in records)
        command = [PROGRAM, "--path.data", folder.file("data"), "--path.settings", folder.path, "--log.level", "error",
                   "--api.enabled", "false", "-e", CONFIG]
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=120)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        wrong = []
        for record, event in zip(records, events):
            for theirs, ours in looks:
                if (record.get(theirs) or None) != event.get(ours):
                    wrong.append((record["user_agent_string"], ours, event.get(ours), record.get(theirs)))
        for row in wrong[:20]:
            print("  %s: %s is %s, expected %s" % row)
        ok(len(events) == len(records) and len(records) > 50, f"{name}: {len(records)} texts")
        ok(len(wrong) == 0, f"{name}: all as expected ({len(wrong)} differ)")
finish()
