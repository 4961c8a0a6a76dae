#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the tests: unit tests, text cases, end to end, sanitizers, stress, fuzzing, the
tree's rules. Called by ./test, which installs what is needed. Prints one line a step and a closing
line of counts; what a failing step printed is shown whole."""
import os, re, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SKIPPED = 77
FUZZ_SECONDS = {"gate": 60, "long": 3600}
mode = sys.argv[1] if len(sys.argv) > 1 else "gate"
only = sys.argv[2] if len(sys.argv) > 2 else ""
counts = {"passed": 0, "failed": 0, "skipped": 0}
failures = []  # (step, the lines that name what failed): said again at the end, where a log's reader looks
environment = dict(os.environ, TAILRACE_TEST_MODE=mode,
                   ASAN_OPTIONS="detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1",
                   UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                   TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
environment.pop("NOTIFY_SOCKET", None)

def report(name, passed, failed, skipped, seconds, note=""):
    counts["passed"] += passed
    counts["failed"] += failed
    counts["skipped"] += skipped
    word = "FAILED" if failed else "skipped" if skipped and not passed else "ok"
    print(f"{word:8}{name:44}{passed:6} passed{failed:4} failed{seconds:8.1f} s {note}", flush=True)

def run(command, timeout, **extra):
    begun = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              env=dict(environment, **extra), stdin=subprocess.DEVNULL)
        code, text = done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        code, text = 124, (late.stdout or b"").decode("utf-8", "replace") + f"\nnot done within {timeout} s"
    return code, text, time.monotonic() - begun

def step(name, command, timeout, count=None, result=None, **extra):
    """One program, or what came of it. `count` finds (passed, failed) in what it printed; else its exit code is one test."""
    if only and only not in name:
        return
    code, text, seconds = result or run(command, timeout, **extra)
    if code == SKIPPED:
        note = (text.strip().split("\n") or [""])[-1]
        strict = os.environ.get("TAILRACE_NO_SKIP") or os.environ.get("CI")
        report(name, 0, 1 if strict else 0, 0 if strict else 1, seconds, note)
        return
    passed, failed = (count(text) if count else None) or ((1, 0) if code == 0 else (0, 1))
    if code and not failed:
        failed = 1
    report(name, passed, failed, 0, seconds)
    if failed:
        print(text.rstrip(), flush=True)
        failures.append((name, failing_lines(text)))

def failing_lines(text):
    """The lines of a failed step that name what failed, in the form of each runner; else its last ones."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip().split("\n")
    named = [line for line in lines if re.match(r"not ok\b|\[(FAIL|----|CRASH|TIME)|FAIL(ED)?\b|SUMMARY: |.*\bERROR: ", line)]
    return (named or lines)[-12:]

def count_line(text):
    """`…: N passed, N failed` of our own runners: the last such line."""
    found = re.findall(r"(\d+) passed, (\d+) failed", text)
    return tuple(map(int, found[-1])) if found else None

def count_criterion(text):
    found = re.findall(r"Tested: \D*(\d+)\D+Passing: \D*(\d+)\D+Failing: \D*(\d+)\D+Crashing: \D*(\d+)",
                       re.sub(r"\x1b\[[0-9;]*m", "", text))
    return (int(found[-1][1]), int(found[-1][2]) + int(found[-1][3])) if found else None

def count_ok(text):
    """End-to-end scripts print `ok …` for each thing checked."""
    passed = len(re.findall(r"(?m)^ok\b", text))
    failed = len(re.findall(r"(?m)^not ok\b", text))
    return (passed, failed) if passed or failed else None

def build(preset, *targets):
    """All of it, or the targets named."""
    begun = time.monotonic()
    ninja = f"{ROOT}/build/{preset}/build.ninja"
    # a folder that ./demo configured, before Criterion was installed, has no unit tests
    if not os.path.exists(ninja) or (preset != "fuzz" and "unit_tests" not in open(ninja).read()):
        code, text, _ = run(["cmake", "--preset", preset], 300)
        if code:
            report(f"configure {preset}", 0, 1, 0, time.monotonic() - begun)
            print(text)
            return False
    code, text, _ = run(["cmake", "--build", "--preset", preset] + (["--target", *targets] if targets else []), 1800)
    report(f"build {preset}", 0 if code else 1, 1 if code else 0, 0, time.monotonic() - begun)
    if code:
        print("\n".join(text.split("\n")[-60:]))
    return code == 0

def scripts(folder):
    path = os.path.join(HERE, folder)
    return sorted(f for f in os.listdir(path) if f.endswith(".py") and not f.startswith("support")) if os.path.isdir(path) else []

def side_by_side(jobs, count=None, **extra):
    """Two at a time: each uses one core."""
    with ThreadPoolExecutor(2) as pool:
        for job, result in zip(jobs, pool.map(lambda job: run(job[1], job[2], **extra), jobs)):
            step(*job, count=count, result=result)

E2E_SECONDS = {"quick": 120, "gate": 600, "long": 7200}[mode]

def marks(name):
    """What an end-to-end script says of itself near its top."""
    return open(os.path.join(HERE, "e2e", name), errors="replace").read(4000)

def while_building():
    """Scripts that mostly wait (`waits: yes`): run two side by side while compilers use the cores."""
    names = [name for name in scripts("e2e") if "waits: yes" in marks(name) and mode == "gate"]
    jobs = [(f"e2e {name[:-3]}", ["python3", f"tests/e2e/{name}"], E2E_SECONDS) for name in names]
    pool = ThreadPoolExecutor(2)
    return [(job, pool.submit(run, job[1], job[2])) for job in jobs if not only or only in job[0]]

def end_to_end(sanitized=False):
    """A script says `quick: yes` near its top when it takes a few seconds at most; those are run with
    the sanitizers, too, two side by side and with the loads of `./test quick` in the gate, and so are in
    `./test quick` those that mostly wait; `sanitizers: no`: not in the gate; `long: only`: in `./test long` alone."""
    slow_mode = {"TAILRACE_TEST_MODE": "quick"} if mode == "gate" else {}
    jobs, waiting = [], []
    for name in scripts("e2e"):
        head = marks(name)
        if "quick: yes" not in head and (mode == "quick" or sanitized) or "waits: yes" in head and mode == "gate" and not sanitized:
            continue
        if "long: only" in head and mode != "long" or "sanitizers: no" in head and sanitized and mode != "long":
            continue
        limit = E2E_SECONDS
        if not sanitized and mode == "quick" and "waits: yes" in head:
            waiting.append((f"e2e {name[:-3]}", ["python3", f"tests/e2e/{name}"], limit))
        elif not sanitized:
            step(f"e2e {name[:-3]}", ["python3", f"tests/e2e/{name}"], limit, count_ok)
        elif name != "package.py":  # it runs a program that it unpacks
            jobs.append((f"e2e {name[:-3]}, address and undefined", ["python3", f"tests/e2e/{name}"], limit))
    extra = dict(TAILRACE_PROGRAM=os.path.join(ROOT, "build/asan/tailrace"), **slow_mode)
    side_by_side([job for job in waiting if not only or only in job[0]], count_ok)
    side_by_side([job for job in jobs if not only or only in job[0]], count_ok, **extra)

def programs(folder, preset):
    path = os.path.join(HERE, folder)
    names = sorted(f[:-2] for f in os.listdir(path) if f.endswith(".c")) if os.path.isdir(path) else []
    return [n for n in names if os.path.exists(f"{ROOT}/build/{preset}/{n}")]

def fuzz():
    targets, jobs = programs("fuzz", "fuzz"), []
    for name in targets:
        seconds = max(1, FUZZ_SECONDS[mode] // max(1, len(targets)))
        found = f"build/fuzz/found/{name}"
        corpus = f"tests/fuzz/corpus/{name}"
        os.makedirs(os.path.join(ROOT, found), exist_ok=True)
        command = [f"build/fuzz/{name}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                   "-print_final_stats=1", f"-artifact_prefix=build/fuzz/{name}-", found]
        if os.path.isdir(os.path.join(ROOT, corpus)):
            command.append(corpus)
        words = f"tests/fuzz/{name}.dict"
        if os.path.exists(os.path.join(ROOT, words)):
            command.insert(1, "-dict=" + words)
        if not only or only in f"fuzz {name[5:]} {seconds} s":
            jobs.append((f"fuzz {name[5:]} {seconds} s", command, seconds + 120))
    side_by_side(jobs)

def main():
    if mode not in ("quick", "gate", "long"):
        sys.exit("usage: ./test [quick|gate|long] [part of a step's name]")
    begun = time.monotonic()
    if build("release"):
        step("tidy", ["python3", "tests/tidy.py"], 60, count_line)
        step("messages", ["python3", "tests/messages.py"], 60, count_line)
        step("unit tests", ["build/release/unit_tests"], 300, count_criterion)
        step("cases", ["python3", "tests/run_cases.py"], 300, count_line)
        end_to_end()
    if mode != "quick":
        step("language cases", ["python3", "tests/count_language_cases.py"], 300, count_line)
        stress = sorted(f[:-2] for f in os.listdir(os.path.join(HERE, "stress")) if f.endswith(".c"))
        waiting = while_building()
        built = {preset: build(preset, *targets) for preset, targets in
                 (("asan", ("tailrace", "unit_tests")), ("tsan", ("tailrace", *stress)), ("fuzz", ()))}
        for job, result in waiting:
            step(*job, count=count_ok, result=result.result())
        if built["asan"]:
            step("unit tests, address and undefined", ["build/asan/unit_tests"], 900, count_criterion)
            step("cases, address and undefined", ["python3", "tests/run_cases.py", "--program", "build/asan/tailrace"],
                 600, count_line)
            end_to_end(sanitized=True)
        if built["tsan"]:
            for name in stress:
                step(f"stress {name}, threads", [f"build/tsan/{name}"], 600)
            for name in ("threads", "pipeline_to_pipeline", "tap"):
                step(f"e2e {name}, threads", ["python3", f"tests/e2e/{name}.py"], 600, count_ok,
                     TAILRACE_PROGRAM="build/tsan/tailrace",  # some twenty times slower: fewer records
                     TAILRACE_TEST_MODE="quick" if mode == "gate" else mode)
        if built["fuzz"]:
            fuzz()
    for name, lines in failures:
        print(f"\nfailed: {name}")
        print("\n".join("    " + line[:200] for line in lines))
    print(f"\n{mode}: {time.monotonic() - begun:.0f} s")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)

main()
