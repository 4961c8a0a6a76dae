#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING.md's "How to add a filter", followed literally in a copy of the tree: its files are
written, its commands run. long: only"""
import re
from support import *

NEEDED = ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "core", "dsl", "filters", "inputs", "outputs", "pipelines",
          "deploy", "docs", "examples", "tests")

page = open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8").read()
page = page[page.index("## How to add a filter"):page.index("## A codec")]
blocks = re.findall(r"(?ms)^\d\. `?([^`:\n]+)`?:.*?^```\w*\n(.*?)^```", page)
ok([name for name, _ in blocks] == ["filters/shorten.c", "tests/cases/filters/shorten.case", "Build and run"],
   "the page has a filter, its cases and commands")
begun = time.monotonic()
with Folder() as folder:
    tree = folder.file("tree")
    os.mkdir(tree)
    for name in NEEDED:
        source = os.path.join(ROOT, name)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, os.path.join(tree, name))
    for name, text in blocks[:2]:
        folder.write("tree/" + name, text)
    # without optimization and tests: that is not what this is about
    configure = ["cmake", "--preset", "release", "-DTAILRACE_TESTS=OFF", "-DCMAKE_C_FLAGS_RELEASE=-O0"]
    commands = [configure] + [line.split() for line in blocks[2][1].splitlines()]
    for command in commands:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
        said = done.stdout + done.stderr
        good = done.returncode == 0 or (command[-1].endswith("tidy.py") and "shorten" not in said)
        if not ok(good, " ".join(command)):
            print(said[-3000:])
            finish()
        if "run_cases" in " ".join(command):
            ok("cases: 3 passed, 0 failed" in said, "its three cases pass")
        if "docs" in command:
            ok("Most bytes that are left." in said, "its manual is there")
    # and the cases see a filter that is broken
    path = os.path.join(tree, "filters/shorten.c")
    text = open(path).read().replace("utf8_valid_len(text)", "text.len")
    open(path, "w").write(text)
    subprocess.run(commands[1], cwd=tree, capture_output=True)
    done = subprocess.run(commands[2], cwd=tree, capture_output=True, text=True)
    ok("cases: 2 passed, 1 failed" in done.stdout, "its cases fail when it cuts within a character")
print(f"{time.monotonic() - begun:.0f} s")
finish()
