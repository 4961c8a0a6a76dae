#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Text cases: a configuration, what goes in, what comes out (tests/cases/**/*.case).

    tests/run_cases.py [--program PATH] [--accept] [FILE...]

A case file holds one or more cases, each of sections that begin at a line `--- NAME`:

    === what this case shows
    --- config              filters (or whole sections); stdin and stdout are added when absent
    --- arguments           more command-line arguments, one a line            (optional)
    --- command             all arguments, one a line: a command of its own    (optional)
    --- environment         NAME=VALUE, one a line                             (optional)
    --- file NAME           a file in the case's folder, of which DIR in config and arguments is the
                            path: the settings folder, too. Without `config` the arguments say what runs
    --- base64 NAME         a file that is no text
    --- input               lines for standard input; JSON objects become events, other lines `message`
    --- output              events that come out, one JSON object a line
    --- stdout              what the program prints on standard output, byte for byte
    --- errors              what the program prints on standard error instead of starting
    --- exit                its exit code, 0 unless given                       (optional)
    --- format              a text for `tailrace fmt -`, instead of a configuration that runs
    --- formatted           what it becomes; formatted again it must stay as it is

@timestamp, @version, host and event are compared only where the expected event names them.
--accept writes what came out into the file: read the difference before you commit it."""
import argparse, base64, difflib, json, os, re, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VOLATILE = ("@timestamp", "@version", "host", "event")

def parse(path):
    cases, case, section = [], None, None
    for line in open(path, encoding="utf-8", errors="surrogateescape").read().split("\n"):
        if line.startswith("=== "):
            case = {"title": line[4:], "order": []}
            cases.append(case)
            section = None
        elif line.startswith("--- ") and case is not None:
            section = line[4:].strip()
            case[section] = []
            case["order"].append(section)
        elif section is not None:
            case[section].append(line)
    for case in cases:
        for name in case["order"]:
            while case[name] and not case[name][-1].strip():
                case[name].pop()
    return cases

def looks_json(lines):
    return bool(lines) and all(line.startswith("{") for line in lines if line)

def command(program, case, folder):
    for name in case["order"]:
        if name.startswith("file "):
            path = os.path.join(folder, name[5:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w", encoding="utf-8", errors="surrogateescape").write("\n".join(case[name]) + "\n")
        elif name.startswith("base64 "):
            path = os.path.join(folder, name[7:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "wb").write(base64.b64decode("".join(case[name])))
    if "command" in case:
        return [program] + [a.replace("DIR", folder) for a in case["command"]]
    base = [program, "--path.data", "data", "--path.settings", ".", "--api.enabled", "false", "--log.level", "fatal"]
    base += [a.replace("DIR", folder) for a in case.get("arguments", [])]
    if "config" not in case:
        return base
    text = "\n".join(case["config"]).replace("DIR", folder)
    if not re.search(r"(?m)^\s*(input|filter|output)\s*\{", text):
        text = "filter {\n%s\n}" % text
    # the case's own text stays first, so that places in its errors are its own
    if not re.search(r"(?m)^\s*input\s*\{", text):
        codec = "json_lines" if looks_json(case.get("input", [])) else "line"
        text += "\ninput { stdin { codec => %s } }" % codec
    if not re.search(r"(?m)^\s*output\s*\{", text):
        text += "\noutput { stdout { codec => json_lines } }"
    config = os.path.join(folder, "case.conf")
    open(config, "w", encoding="utf-8", errors="surrogateescape").write(text + "\n")
    return base + ["-f", "case.conf"]

def run(program, case):
    with tempfile.TemporaryDirectory(prefix="tailrace-case-") as folder:
        stdin = "".join(line + "\n" for line in case.get("input", []))
        try:
            done = subprocess.run(command(program, case, folder), timeout=60, capture_output=True, cwd=folder,
                                  env=dict(os.environ, **dict(line.split("=", 1) for line in case.get("environment", []))),
                                  input=stdin.encode("utf-8", "surrogateescape"))
        except subprocess.TimeoutExpired:
            return 124, "", "timed out"
        errors = done.stderr.decode("utf-8", "replace")
        return done.returncode, done.stdout.decode("utf-8", "replace").replace(folder, "DIR"), errors.replace(folder, "DIR")

def format_text(program, case, lines):
    done = subprocess.run([program, "fmt", *case.get("arguments", []), "-"], timeout=60, capture_output=True,
                          input="".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape"))
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "replace")

def difference(wanted, got):
    return "\n".join(difflib.unified_diff(wanted, got, "expected", "got", lineterm=""))

def check_format(program, case):
    code, out, errors = format_text(program, case, case["format"])
    if code != int((case.get("exit") or ["0"])[0]):
        return f"exit code {code}: {errors.strip()}"
    if "errors" in case:
        got = [line.rstrip() for line in errors.rstrip("\n").split("\n")]
        return difference(case["errors"], got) or (out and "a result in spite of it")
    lines = out.split("\n")[:-1]
    if lines != case["formatted"]:
        return difference(case["formatted"], lines)
    again = format_text(program, case, lines)[1]
    return None if again == out else "formatted again:\n" + difference(lines, again.split("\n")[:-1])

def comparable(got, wanted):
    return {k: v for k, v in got.items() if k in wanted or k not in VOLATILE}

def check(program, case):
    """None when it passes, else what is different."""
    if "format" in case:
        return check_format(program, case) or None
    code, out, errors = run(program, case)
    problems = []
    if code != int((case.get("exit") or ["0"])[0]):
        problems.append(f"exit code {code}: {errors.strip()}")
    if "output" in case:
        got = [json.loads(line) for line in out.splitlines() if line]
        wanted = [json.loads(line) for line in case["output"] if line]
        for i in range(max(len(got), len(wanted))):
            a = wanted[i] if i < len(wanted) else None
            b = comparable(got[i], a or {}) if i < len(got) else None
            if a != b:
                problems.append("event %d\n  expected %s\n  got      %s" % (
                    i + 1, json.dumps(a, ensure_ascii=False), json.dumps(b, ensure_ascii=False)))
    if "stdout" in case and out.rstrip("\n") != "\n".join(case["stdout"]):
        problems.append("\n".join(difflib.unified_diff(case["stdout"], out.rstrip("\n").split("\n"), "expected", "got", lineterm="")))
    if "errors" in case:
        wanted, got = [l.rstrip() for l in case["errors"]], [l.rstrip() for l in errors.rstrip("\n").splitlines()]
        if wanted != got:
            problems.append("\n".join(difflib.unified_diff(wanted, got, "expected", "got", lineterm="")))
    return "\n".join(problems) or None

def accept(program, path, cases):
    blocks = []
    for case in cases:
        code, out, errors = format_text(program, case, case["format"]) if "format" in case else run(program, case)
        if "formatted" in case:
            case["formatted"] = out.split("\n")[:-1]
        if "output" in case:
            old = [json.loads(l) for l in case["output"] if l]
            events = [json.loads(l) for l in out.splitlines() if l]
            case["output"] = [json.dumps(comparable(e, old[i] if i < len(old) else {}), ensure_ascii=False)
                              for i, e in enumerate(events)]
        if "stdout" in case:
            case["stdout"] = out.rstrip("\n").split("\n")
        if "errors" in case:
            case["errors"] = [l.rstrip() for l in errors.rstrip("\n").splitlines()]
        if code and "exit" not in case:
            case["order"].append("exit")
        if "exit" in case["order"]:
            case["exit"] = [str(code)]
        blocks.append("=== " + case["title"] + "\n" +
                      "".join("--- %s\n%s\n" % (n, "\n".join(case[n])) if case[n] else "--- %s\n" % n for n in case["order"]))
    open(path, "w", encoding="utf-8", errors="surrogateescape").write("\n".join(blocks))

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/tailrace"))
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    args.program = os.path.abspath(args.program)
    args.files = [os.path.abspath(f) for f in args.files]
    files = args.files or sorted(os.path.join(d, f) for d, _, names in os.walk(os.path.join(HERE, "cases"))
                                 for f in names if f.endswith(".case"))
    passed = failed = 0
    with ThreadPoolExecutor(2) as pool:
        for path in files:
            cases = parse(path)
            if not cases:
                continue  # of another runner (tests/unit)
            if args.accept:
                accept(args.program, path, cases)
                continue
            for case, problem in zip(cases, pool.map(lambda c: check(args.program, c), cases)):
                if problem is None:
                    passed += 1
                    continue
                failed += 1
                print("FAIL %s: %s\n%s\n" % (os.path.relpath(path, ROOT), case["title"], problem))
    print(f"cases: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)

if __name__ == "__main__":
    main()
