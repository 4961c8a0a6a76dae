#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much of Logstash's language is shown by cases: for each section of its description the number of
cases in this project and how many pass, then the vectors beside the project by file, then every
departure with its reason.

    tests/count_language_cases.py [--program PATH] [--unit-tests PATH]

Cases are the text files below (tests/cases/language/NUMBER-….case by their name) and the tables of the
unit tests. A departure is a case whose answer is not Logstash's, on purpose."""
import argparse, os, re, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
import run_cases

ROOT = run_cases.ROOT
SECTIONS = [
    ("1.1", "source text", ""), ("1.2", "grammar", ""), ("1.3", "values", ""), ("1.4", "escapes", ""),
    ("1.5", "options given twice", ""), ("1.6", "sections, files, order", ""), ("1.7", "identity", ""),
    ("1.8", "types of options", ""), ("1.9", "conditions", ""), ("1.10", "messages", ""),
    ("1.11", "field references", ""), ("1.12", "sprintf", ""), ("1.13", "environment and keystore", ""),
    ("2.1", "shape of an event", ""), ("2.2", "reading and writing", ""), ("2.3", "JSON", ""),
    ("2.4", "text and charsets", ""), ("2.5", "failure tags", "in the cases of each plugin"), ("2.6", "ECS", ""),
    ("3", "common options", ""), ("4.1", "settings", ""), ("4.2", "pipelines.yml", ""), ("4.3", "command line", ""),
    ("4.4", "exit codes and signals", "tests/e2e/command_line.py, stdio.py"),
    ("4.5", "reload", "not in this version: refused or warned of"),
    ("4.6", "pipeline to pipeline", "tests/e2e/pipeline_to_pipeline.py"),
    ("5.1", "threads and batches", "tests/e2e/threads.py"), ("5.2", "order", ""),
    ("5.3", "flush", "not in this version: no filter here holds events"),
    ("5.4", "failures within a batch", "1.9, and tests/e2e/bad_input.py"),
    ("5.5", "queue on disk", "not in this version: refused"), ("5.6", "dead letters", "tests/e2e/dead_letters.py"),
    ("5.7", "stop", "tests/e2e/stop_while_stuck.py, kafka_early_stop.py"),
]
FILES = {  # of tests/cases, the longest that fits
    "conditions/": "1.9", "branches/": "5.2", "config/escapes": "1.4", "config/environment": "1.13",
    "config/files": "1.6", "common/": "3", "codecs/": "2.4", "messages/": "1.10", "messages/settings": "4.1",
    "messages/yaml": "4.1", "messages/command_line": "4.3", "messages/keystore": "1.13", "messages/sources": "1.6",
    "messages/options": "1.8", "messages/option_values": "1.8", "messages/secrets": "1.8", "messages/topology": "4.6", "messages/compat": None,
}
SUITES = "@(reference|parser|condition|diagnostics)/*"

def section_of(path):
    name = os.path.relpath(path, os.path.join(ROOT, "tests/cases"))
    found = re.match(r"language/(\d)(?:\.(\d+))?-", name)
    if found:
        return found[1] + ("." + str(int(found[2])) if found[2] else "")
    fits = [prefix for prefix in FILES if name.startswith(prefix)]
    return FILES[max(fits, key=len)] if fits else None

def text_cases(program):
    """(section, passed) of every case in a text file that belongs to a section."""
    top = os.path.join(ROOT, "tests/cases")
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            section = section_of(path)
            if not name.endswith(".case") or section is None:
                continue
            cases = run_cases.parse(path)
            with ThreadPoolExecutor(2) as pool:
                for case, problem in zip(cases, pool.map(lambda c: run_cases.check(program, c), cases)):
                    if problem:
                        print(f"failed: {os.path.relpath(path, ROOT)}: {case['title']}")
                    yield section, problem is None

def table_cases(unit_tests):
    """(table, section, passed, departure) of every row of the unit tests' tables."""
    with tempfile.NamedTemporaryFile("r", suffix=".cases") as file:
        subprocess.run([unit_tests, "--filter", SUITES], cwd=ROOT, capture_output=True,
                       env=dict(os.environ, TAILRACE_CASES=file.name))
        for line in file:
            table, section, result, departure = line.rstrip("\n").split("\t")
            yield table, section, result == "passed", departure

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/tailrace"))
    parser.add_argument("--unit-tests", default=os.path.join(ROOT, "build/release/unit_tests"))
    args = parser.parse_args()
    counts, vectors, departures = {}, {}, {}
    def count(into, key, passed, departs=False):
        row = into.setdefault(key, [0, 0, 0])
        row[0] += 1
        row[1] += passed
        row[2] += departs
    for section, passed in text_cases(os.path.abspath(args.program)):
        count(counts, section, passed)
    for table, section, passed, departure in table_cases(os.path.abspath(args.unit_tests)):
        count(vectors if section == "vectors" else counts, table if section == "vectors" else section, passed, departure != "")
        if departure:
            key = departure, table
            departures[key] = departures.get(key, 0) + 1
    print(f"{'section':32}{'cases':>7}{'passed':>8}{'departures':>12}")
    for number, name, elsewhere in SECTIONS:
        cases, passed, departs = counts.get(number, (0, 0, 0))
        print(f"{number + ' ' + name:32}{cases:7}{passed:8}{departs:12}{'   ' + elsewhere if elsewhere else ''}")
    total = [sum(row[i] for row in counts.values()) for i in range(3)]
    print(f"{'all':32}{total[0]:7}{total[1]:8}{total[2]:12}\n\n{'vectors':32}{'lines':>7}{'passed':>8}{'departures':>12}")
    for name, (cases, passed, departs) in sorted(vectors.items()):
        print(f"{name:32}{cases:7}{passed:8}{departs:12}")
    if not vectors:
        print("  (not beside this checkout; the tables above hold them)")
    print("\ndepartures")
    for (why, table), number in sorted(departures.items()):
        print(f"  {number} {table}: {why}")
    failed = sum(row[0] - row[1] for row in (*counts.values(), *vectors.values()))
    print(f"\nlanguage cases: {sum(row[1] for row in (*counts.values(), *vectors.values()))} passed, {failed} failed")
    sys.exit(1 if failed else 0)

main()
