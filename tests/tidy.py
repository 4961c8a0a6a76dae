#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tree's own rules, checked on its text: includes point one way, every plugin has cases and help,
every option has help, no file is without its first lines, nothing names what it may not."""
import os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAYERS = ["core", "dsl", "filters", "inputs", "outputs", "pipelines"]
MAY = {"core": {"core"}, "dsl": {"core", "dsl"}, "filters": {"core", "filters"}, "inputs": {"core", "inputs"},
       "outputs": {"core", "outputs"}, "pipelines": set(LAYERS)}
LINE_MAX, FILE_MAX = 120, 1500
problems, checks = [], 0

def check(ok, message):
    global checks
    checks += 1
    if not ok:
        problems.append(message)

def files(top, *ends):
    for folder, dirs, names in os.walk(os.path.join(ROOT, top)):
        dirs[:] = [d for d in dirs if d not in ("build", ".git", "target")]
        for name in sorted(names):
            if name.endswith(ends):
                yield os.path.relpath(os.path.join(folder, name), ROOT)

def read(path):
    return open(os.path.join(ROOT, path), encoding="utf-8", errors="replace").read()

for layer in LAYERS:
    for path in files(layer, ".c", ".h"):
        text = read(path)
        for included in re.findall(r'(?m)^\s*#\s*include\s+"(\w+)/', text):
            if included in LAYERS:
                check(included in MAY[layer], f"{path}: {layer} may not include {included}/")
        check(text.startswith("/* SPDX-License-Identifier: Apache-2.0 */"), f"{path}: no SPDX line first")
        check(text.count("\n") <= FILE_MAX, f"{path}: more than {FILE_MAX} lines")
        wide = [n for n, line in enumerate(text.split("\n"), 1) if len(line) > LINE_MAX]
        check(not wide, f"{path}:{wide[:3]}: wider than {LINE_MAX} columns")
        check(not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text), f"{path}: something is left open")
        if path.endswith(".h"):
            check(text.count("/*") >= 2, f"{path}: the header does not say what it is")

for folder, kind in (("filters", "filter"), ("inputs", "input"), ("outputs", "output"), ("core/codecs", "codec")):
    for path in files(folder, ".c"):
        name = os.path.basename(path)[:-2]
        text = read(path)
        check(f"{kind}_{name}" in text, f"{path}: does not define {kind}_{name}")
        check(".summary" in text, f"{path}: the plugin has no summary")
        for row in re.findall(r"OPTION_(?!END|GROUP|IGNORED|OBSOLETE)\w+\s*\((?:[^()]|\([^()]*\))*\)", text):
            check(".help" in row, f"{path}: an option without help: {row[:70]}")
        tested = any(re.search(rf"\b{name}\b", read(p)) for p in
                     list(files("tests/cases", ".case")) + list(files("tests/e2e", ".py")) + list(files("tests/unit", ".c")))
        check(tested, f"{path}: no test names `{name}`")

for path in files("tests", ".py"):
    name = os.path.basename(path)[:-3]
    check(name not in getattr(sys, "stdlib_module_names", ()), f"{path}: a module of Python has this name: whoever imports that runs this")

manual = read("docs/operations.md")
def told(name, what):
    check(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", manual), f"docs/operations.md does not tell of {what} {name}")
for layer in LAYERS:
    for path in files(layer, ".c"):
        for code in re.findall(r'LOG\(\w+,\s*"([a-z_.]+)"', read(path)):
            told(code, "the log code")
for path in files("pipelines", ".c"):
    if os.path.basename(path).startswith("metrics_"):
        for name in re.findall(r'"((?:tailrace|component|grok|output|process|kafka)_[a-z_]+)"', read(path)):
            told(name, "the metric")
for name in re.findall(r'(?m)^    \{(?:0|\'.\'), "([a-z_.]+)"', read("pipelines/command_line.c")):
    told("--" + name, "the flag")

def tracked():
    """Every file of the project; without git or a repository, all there are."""
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    except FileNotFoundError:
        listed = []
    return listed if len(listed) > 1 else list(files(".", ""))

for path in tracked():
    if not path or path.endswith((".case", ".log")) or path.startswith("tests/cases/"):
        continue
    text = read(path)
    check(not re.search(r"https?://[^\s\"')]*(deb\.debian|npmjs|repo1?\.maven|pypi\.org|crates\.io)", text),
          f"{path}: names a package registry's host")
    if path.startswith("tests/") and path.endswith((".py", ".c", ".sh")) and path != "tests/tidy.py":
        check(not re.search(r"\b(?:u|nano)?sleep\s*\(\s*[1-9]", text) or "deadline" in text,
              f"{path}: sleeps instead of waiting for a condition")

for problem in problems:
    print("tidy:", problem)
print(f"tidy: {checks - len(problems)} passed, {len(problems)} failed")
sys.exit(1 if problems else 0)
