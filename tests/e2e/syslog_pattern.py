# SPDX-License-Identifier: Apache-2.0
"""The syslog input with a grok_pattern of the user's: a device whose lines are neither RFC 3164 nor RFC 5424,
under legacy and ECS names, over TCP and UDP; what does not match keeps its text."""
from support import *

LINES = [b"<189>fw-7 2020-02-29T12:00:00+01:00 DENY src=192.0.2.1\n", b"something else\n"]

with Folder() as folder:
    legacy, ecs, out = free_port(), free_port(), folder.file("out.json")
    with Tailrace(folder, f"""
        input {{
          syslog {{ port => {legacy} ecs_compatibility => disabled add_field => {{ "names" => "legacy" }}
            grok_pattern => "^<%{{POSINT:priority}}>%{{WORD:logsource}}-%{{INT:unit:int}} %{{TIMESTAMP_ISO8601:timestamp8601}} %{{GREEDYDATA:message}}" }}
          syslog {{ port => {ecs} ecs_compatibility => v8 add_field => {{ "names" => "ecs" }}
            grok_pattern => "^<%{{POSINT:[log][syslog][priority]:int}}>%{{WORD:[host][hostname]}}-%{{INT:unit:int}} %{{TIMESTAMP_ISO8601:timestamp}} %{{GREEDYDATA:message}}" }}
        }}
        output {{ file {{ path => "{out}" codec => json_lines }} }}""") as tailrace:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for port in (legacy, ecs):
                send(port, b"".join(LINES))
                udp.sendto(LINES[0], ("127.0.0.1", port))
        wait(lambda: count_lines(out) == 6, 10, "six events")
        events = [json.loads(line) for line in lines_of(out)]
        deny = [e for e in events if e["message"] == "DENY src=192.0.2.1"]
        ok(len(deny) == 4 and all(e["@timestamp"].startswith("2020-02-29T11:00:00") and e["unit"] == 7
                                  and "tags" not in e for e in deny), "what matches is taken apart, over TCP and UDP")
        ok([(e["priority"], e["facility_label"], e["severity_label"], e["logsource"], e["timestamp"], e["host"])
            for e in deny if e["names"] == "legacy"]
           == [(189, "local7", "Notice", "fw", "2020-02-29T12:00:00+01:00", "127.0.0.1")] * 2, "legacy names")
        ok([(e["log"], e["host"], e["service"], e["event"], "timestamp" in e) for e in deny if e["names"] == "ecs"]
           == [({"syslog": {"priority": 189, "severity": {"code": 5, "name": "Notice"},
                            "facility": {"code": 23, "name": "local7"}}},
                {"ip": "127.0.0.1", "hostname": "fw"}, {"type": "system"},
                {"original": LINES[0].decode()[:-1]}, False)] * 2, "ECS names")
        other = [e for e in events if e["message"] == "something else"]
        ok(len(other) == 2 and all(e["tags"] == ["_grokparsefailure_sysloginput"] for e in other),
           "what does not match keeps its text and is tagged")
        ok(tailrace.books_balance() and tailrace.stop() == 0, "balanced books and a clean end")
finish()
