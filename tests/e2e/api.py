#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API: every field that the usual consumers of Logstash's API decode, in its JSON type; health,
readiness, metrics; authentication; what it refuses. quick: yes"""
import base64, re, urllib.error
from support import *

CONFIG = """
input { generator { id => "gen" message => "x" count => 1000 } stdin { } tcp { id => "in" port => %d host => "127.0.0.1" } }
filter { [n] = [none] + 1 if length([none]) > 1 { } if [message] == "x" { mutate { id => "mut" add_field => { "a" => "b" } } } else { drop { } } }
output { null { id => "nul" } if [a] { file { id => "fil" path => "%s" } } }
"""

class Int: pass
class Real: pass   # a number; Logstash writes rates so
class Text: pass
class Opt:         # may be absent
    def __init__(self, of): self.of = of

WINDOW = {"current": Real, "lifetime": Real, "last_1_minute": Opt(Real), "last_5_minutes": Opt(Real),
          "last_15_minutes": Opt(Real), "last_1_hour": Opt(Real), "last_24_hours": Opt(Real)}
EVENTS = {"in": Int, "filtered": Int, "out": Int, "duration_in_millis": Int, "queue_push_duration_in_millis": Int}
FLOW = {n: WINDOW for n in ("input_throughput", "filter_throughput", "output_throughput", "queue_backpressure", "worker_concurrency")}
COMMON = {"host": Text, "version": Text, "http_address": Text, "id": Text, "name": Text, "ephemeral_id": Text,
          "snapshot": bool, "status": Text, "pipeline": {"workers": Int, "batch_size": Int, "batch_delay": Int}}
POOL = {n: Int for n in ("used_in_bytes", "max_in_bytes", "peak_used_in_bytes", "peak_max_in_bytes", "committed_in_bytes")}
COLLECTOR = {"collection_count": Int, "collection_time_in_millis": Int}
JVM = {"threads": {"count": Int, "peak_count": Int}, "uptime_in_millis": Int,
       "mem": {"heap_used_percent": Int, "heap_committed_in_bytes": Int, "heap_max_in_bytes": Int, "heap_used_in_bytes": Int,
               "non_heap_used_in_bytes": Int, "non_heap_committed_in_bytes": Int,
               "pools": {"young": POOL, "old": POOL, "survivor": POOL}},
       "gc": {"collectors": {"young": COLLECTOR, "old": COLLECTOR}}}
PROCESS = {"open_file_descriptors": Int, "peak_open_file_descriptors": Int, "max_file_descriptors": Int,
           "mem": {"total_virtual_in_bytes": Int},
           "cpu": {"total_in_millis": Int, "percent": Int, "load_average": {"1m": Real, "5m": Real, "15m": Real}}}
VERTEX = {"id": Text, "pipeline_ephemeral_id": Text, "events_in": Int, "events_out": Int, "duration_in_millis": Int,
          "queue_push_duration_in_millis": Int, "long_counters": [], "double_gauges": []}
ACTIVITY = dict({n: Int for n in ("batches", "busy_in_nanos", "paused_in_nanos", "paused_workers", "queued_batches",
                                  "memory_used_in_bytes", "memory_limit_in_bytes")}, state=Text, waits_for=None)
READING = {n: Int for n in ("frames", "bytes", "cut", "connections", "errors")}
OUTCOME = {n: Int for n in ("matched", "failed", "cancelled", "created", "duration_in_nanos")}
DELIVERY = {n: Int for n in ("offered", "sent", "dead_lettered", "dropped", "in_flight", "bytes", "requests", "retries", "errors", "full_in_nanos")}
PIPELINE = {"events": EVENTS, "activity": ACTIVITY, "flow": dict(FLOW, worker_utilization=WINDOW),
            "plugins": {"inputs": [{"id": Text, "name": Text, "events": {"out": Int, "queue_push_duration_in_millis": Int},
                                    "flow": {"throughput": WINDOW}, "reading": READING}],
                        "codecs": [{"id": Text, "name": Text, "decode": {"writes_in": Int, "out": Int, "duration_in_millis": Int},
                                    "encode": {"writes_in": Int, "duration_in_millis": Int}}],
                        "filters": [{"id": Text, "name": Text, "events": {"in": Int, "out": Int, "duration_in_millis": Int}, "outcome": OUTCOME,
                                     "flow": {"worker_utilization": WINDOW, "worker_millis_per_event": WINDOW}}],
                        "outputs": [{"id": Text, "name": Text, "events": {"in": Int, "out": Int, "duration_in_millis": Int}, "delivery": DELIVERY,
                                     "flow": {"worker_utilization": WINDOW, "worker_millis_per_event": WINDOW}}]},
            "reloads": {"successes": Int, "failures": Int, "last_success_timestamp": None, "last_failure_timestamp": None, "last_error": None},
            "queue": {"type": Text, "events_count": Int, "queue_size_in_bytes": Int, "max_queue_size_in_bytes": Int},
            "pipeline": {"workers": Int, "batch_size": Int, "batch_delay": Int}, "hash": Text, "ephemeral_id": Text}

def differs(value, shape, at=""):
    """The first place where a document has not its shape, or None."""
    if shape is Int: return None if type(value) is int else f"{at}: {value!r} is no integer"
    if shape is Real: return None if type(value) in (int, float) else f"{at}: {value!r} is no number"
    if shape is Text: return None if type(value) is str and value else f"{at}: {value!r} is no text"
    if shape is bool or shape is None: return None if value is None or type(value) is bool else f"{at}: {value!r}"
    if isinstance(shape, list):
        if type(value) is not list: return f"{at}: no list"
        return next((d for i, v in enumerate(value) for d in [differs(v, shape[0], f"{at}[{i}]")] if d), None) if shape else None
    if type(value) is not dict: return f"{at}: no object"
    for name, part in shape.items():
        if isinstance(part, Opt):
            if name not in value: continue
            part = part.of
        if name not in value: return f"{at}.{name}: absent"
        d = differs(value[name], part, f"{at}.{name}")
        if d: return d
    return None

def status_of(tailrace, path, method="GET", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{tailrace.api}{path}", method=method, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code

def shapes(tailrace):
    stats = dict(COMMON, jvm=JVM, process=PROCESS, events=EVENTS, flow=FLOW, reloads={"successes": Int, "failures": Int},
                 os={}, queue={"events_count": Int}, pipelines={"main": PIPELINE})
    info = {"ephemeral_id": Text, "hash": Text, "workers": Int, "batch_size": Int, "batch_delay": Int,
            "batch_output_chunking_growth_threshold_factor": Int, "dead_letter_queue_enabled": bool}
    graph = dict(info, graph={"hash": Text, "type": Text, "version": Text, "graph": {"vertices": [{"id": Text, "type": Text}],
                 "edges": [{"id": Text, "from": Text, "to": Text, "type": Text}]}})
    os_shape = {"name": Text, "arch": Text, "version": Text, "available_processors": Int}
    jvm = {"pid": Int, "version": Text, "vm_version": Text, "vm_vendor": Text, "vm_name": Text, "start_time_in_millis": Int,
           "mem": {n: Int for n in ("heap_init_in_bytes", "heap_max_in_bytes", "non_heap_init_in_bytes", "non_heap_max_in_bytes")}, "gc_collectors": []}
    health = {"status": Text, "symptom": Text, "timestamp": Text, "indicators": {"pipelines": {"status": Text, "symptom": Text,
              "indicators": {"main": {"status": Text, "symptom": Text, "details": {"status": {"state": Text}}}}}}}
    documents = {
        "/": dict(COMMON, build_date=str, build_sha=Text, build_snapshot=bool), "/_node": dict(COMMON, pipelines={"main": info}, os=os_shape, jvm=jvm),
        "/_node/os,jvm": dict(COMMON, os=os_shape, jvm=jvm), "/_node/pipelines": dict(COMMON, pipelines={"main": info}),
        "/_node/pipelines/main": dict(COMMON, pipelines={"main": info}),
        "/_node/pipelines?graph=true": dict(COMMON, pipelines={"main": graph}), "/_node/stats": stats,
        "/_node/stats?vertices=true": dict(stats, pipelines={"main": dict(PIPELINE, vertices=[VERTEX])}),
        "/_node/stats/pipelines": dict(COMMON, pipelines={"main": PIPELINE}),
        "/_node/stats/pipelines/main?vertices=true": dict(COMMON, pipelines={"main": dict(PIPELINE, vertices=[VERTEX])}),
        "/_node/stats/jvm,process": dict(COMMON, jvm=JVM, process=PROCESS), "/_node/plugins": dict(COMMON, total=Int, plugins=[{"name": Text, "version": Text}]),
        "/_health_report": health, "/_node/hot_threads": dict(COMMON, hot_threads={"time": Text, "busiest_threads": Int, "threads": [{"name": Text, "thread_id": Int, "percent_of_cpu_time": Real, "state": Text}]}),
        "/_node/logging": dict(COMMON, loggers={"tailrace": Text})}
    documents["/"]["build_date"] = Opt(Text)
    for path, shape in documents.items():
        d = differs(tailrace.json(path), shape)
        ok(d is None, f"GET {path}" + (f": {d}" if d else " has every field in its type"))

def main():
    with Folder() as folder:
        port = free_port()
        config = CONFIG % (port, folder.file("out.json"))
        with Tailrace(folder, config) as tailrace:
            wait(lambda: tailrace.metric("tailrace_events_total", state="delivered") == 1000, 20, "the generator's events")
            shapes(tailrace)
            stats = tailrace.json("/_node/stats")
            events = stats["pipelines"]["main"]["events"]
            ok((events["in"], events["out"]) == (1000, 1000), "counts of events are right")
            plugins = stats["pipelines"]["main"]["plugins"]
            ok([f["events"] for f in plugins["filters"] if f["id"] == "mut"][0]["in"] == 1000, "a filter's counts are right")
            ok(stats["version"].split(".")[0] >= "8" and re.fullmatch(r"\d+\.\d+\.\d+", stats["version"]), "the version is one that consumers accept")
            v = tailrace.json("/_node/pipelines?graph=true")["pipelines"]["main"]["graph"]["graph"]
            ids = {x["id"] for x in v["vertices"]}
            ok({"gen", "in", "mut", "nul", "fil", "__QUEUE__"} <= ids, "the graph has every plugin and the queue")
            ok(all(e["from"] in ids and e["to"] in ids for e in v["edges"]), "its edges join its vertices")
            ok(tailrace.get("/health") == "ok\n" and tailrace.get("/ready") == "ready\n", "/health and /ready")
            text = tailrace.get("/metrics")
            ok(all(re.fullmatch(r"(#.*|[a-z_]+(\{([a-z_]+=\"(\\.|[^\"\\])*\",?)*\})? -?[0-9.e+-]+)", l) for l in text.splitlines()), "/metrics is Prometheus' text format")
            ok(tailrace.metric("tailrace_expression_failures_total") == 2000, "an assignment and a condition that cannot be computed are counted")
            ok(tailrace.books_balance(), "the books balance")
            ok(status_of(tailrace, "/nowhere") == 404, "404 for an unknown path")
            ok(status_of(tailrace, "/_node/stats/nonsense") == 404, "404 for an unknown part")
            ok(status_of(tailrace, "/_node/stats/pipelines/other") == 404, "404 for an unknown pipeline")
            ok(status_of(tailrace, "/?wait_for_status=green&timeout=1s") == 200, "wait_for_status=green")
            ok(status_of(tailrace, "/?wait_for_status=blue&timeout=1s") == 400, "400 for an unknown status")
            ok(status_of(tailrace, "/", "DELETE") == 405, "405 for a method that is not served")
            ok(status_of(tailrace, "/" + "x" * 5000) in (404, 414), "a long path")
            ok(tailrace.stop() == 0, "stops with 0")
        secret = ["-S", "api.auth.type=basic", "-S", "api.auth.basic.username=ops", "-S", "api.auth.basic.password=s3cret"]
        with Tailrace(folder, config, secret, name="locked", wait_ready=False) as tailrace:
            wait(lambda: can_connect(tailrace.api), 20, "the API")
            token = lambda user: "Basic " + base64.b64encode(user.encode()).decode()
            ok(status_of(tailrace, "/") == 401, "401 without a password")
            ok(status_of(tailrace, "/", Authorization=token("ops:wrong")) == 401, "401 with a wrong password")
            ok(status_of(tailrace, "/", Authorization=token("ops:s3cret")) == 200, "200 with the right one")
            ok("s3cret" not in tailrace.log(), "the password is not in the log")
            tailrace.stop()
        with Tailrace(folder, config, ["-S", "api.http.host=0.0.0.0"], name="open", wait_ready=False) as tailrace:
            wait(lambda: "api.refused" in tailrace.log(), 20, "the refusal")
            ok(not can_connect(tailrace.api), "does not bind beyond loopback without a password")
            tailrace.stop()
    finish()

main()
