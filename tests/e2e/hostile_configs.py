#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configurations that nobody means well with: nested without end, of a size without end, cut off, or no
text at all. Each is read or refused with a place, quickly and in bounded memory; none crashes. quick: yes"""
from support import *
import resource

SECONDS, MEGABYTES = 20, 450          # of processor time and of memory, one file
SANITIZED = "asan" in PROGRAM         # memory and time are then the sanitizer's, and so are their bounds
N = 100000

def check(path, arguments=(), environment=None):
    """(exit code, what was said, seconds of processor time, megabytes)."""
    command = [PROGRAM, "check", "--path.settings", os.path.dirname(path), "--path.data", path + ".data", *arguments]
    said = open(path + ".said", "w+b")
    process = subprocess.Popen(command, stdout=said, stderr=said, env=dict(os.environ, **(environment or {})),
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (10 * SECONDS, 10 * SECONDS)))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    said.close()
    return process.returncode, text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10

def judge(what, result, expected=None):
    """`expected` is part of what must be said; None: it may be right, too."""
    code, text, seconds, megabytes = result
    place = "\n" in text and "--> " in text
    right = code == 78 and "error:" in text and place if expected else code == 0 or (code == 78 and place)
    right = right and (expected or "") in text
    bounded = seconds < SECONDS * (10 if SANITIZED else 1) and (SANITIZED or megabytes < MEGABYTES)
    if not ok(right and bounded, f"{what}: {expected or 'read or refused'}"):
        print(f"  exit code {code}, {seconds:.1f} s, {megabytes} MB: {text[:400]}")

DEEP = "more than 128 levels within each other"
FILES = {
    "nested ifs": ("filter { " + "if [a] { " * N + "}" * N + " }", DEEP),
    "an endless else if": ("filter { if [a] { }" + " else if [a] { }" * N + " }", None),
    "nested arrays": ("filter { mutate { add_tag => " + "[" * N + "]" * N + " } }", DEEP),
    "nested hashes": ("filter { mutate { add_field => " + '{ "k" => ' * N + "1" + " }" * N + " } }", DEEP),
    "nested codecs": ("input { stdin { codec => " + "json { codec => " * N + "x" + " }" * N + " } }", DEEP),
    "nested parentheses": ("filter { if " + "(" * N + "[a]" + ")" * N + " { } }", DEEP),
    "nested negations": ("filter { if " + "!(" * N + "[a]" + ")" * N + " { } }", DEEP),
    "nested expressions": ("filter { [a] = " + "(" * N + "1" + ")" * N + " }", DEEP),
    "endless minus": ("filter { [a] = " + "-" * N + "1 }", DEEP),
    "endless choices": ("filter { [a] = " + "[b] ? 1 : " * N + "2 }", DEEP),
    "endless calls": ("filter { [a] = " + "upcase(" * N + "[b]" + ")" * N + " }", DEEP),
    "an endless sum": ("filter { [a] = 1" + " + 1" * N + " }", "more than 5000 parts"),
    "endless indexes": ("filter { [a] = [[1]]" + "[0]" * N + " }", "more than 5000 parts"),
    "an endless and": ("filter { if [a]" + " and [a]" * N + " { } }", "more than 5000 parts"),
    "xor within xor": ("filter { if " + "[a] xor (" * 90 + "[b]" + ")" * 90 + " { } }", "makes this condition too large"),
    "Ruby parameters within each other": ('filter { ruby { code => "[1].each { |' + "(" * N + "a" + ")" * N + '| }" } }', "nested more than 150 deep"),
    "Ruby lists within each other": ('filter { ruby { code => "' + "[" * N + '" } }', "nested more than 150 deep"),
    "nested loops": ("filter { " + "for a in [l] { " * N + "}" * N + " }", "more than 64 names are known here"),
    "nested sums in a condition": ("filter { if " + "(1 + " * N + "1" + ")" * N + " > 2 { } }", DEEP),
    "endless nots in a condition": ("filter { if " + "!" * N + "length([a]) { } }", DEEP),
    "sums of sums in a condition": ("filter { if " + "(" * 100 + "[a] == 1 and " * 600 + "[a] + 1 == 2" + ") + 1" * 100 + " > 1 { } }",
                                    "so many parts are within too many parentheses"),
    "100,000 names": ("filter {\n" + "".join(f"let n{i} = {i}\n" for i in range(N)) + "}", "error:"),
    "one name 90,000 times": ("filter {\n" + "let n = 1\n" * 90000 + "}", None),
    "computed steps within each other": ("filter { [a] = [b]" + "[([c]" * N + ")]" * N + " }", "error:"),
    "a string of 10 MB": ('filter { mutate { add_tag => ["' + "x" * (10 << 20) + '"] } }', None),
    "a comment of 10 MB": ("# " + "x" * (10 << 20) + "\nfilter { drp { } }", "did you mean `drop`?"),
    "a line of 10 MB": ("filter { drp { } " + " " * (10 << 20) + " mutat { } }", "did you mean `mutate`?"),
    "a string of 10 MB that never ends": ('filter { mutate { add_tag => ["' + "x\n" * (5 << 20), "this string never ends"),
    "a million statements": ("filter { " + "drop { } " * 1000000 + " }", "more than 100000 plugins and branches"),
    "a million assignments": ("filter {\n" + "[a] = 1\n" * 1000000 + " }", "more than 100000 plugins and branches"),
    "a million values": ("filter { mutate { add_tag => [" + "1," * 1000001 + "1] } }", "more than 1000000 values"),
    "100,000 options": ("filter { mutate { " + " ".join(f"o{i} => 1" for i in range(N)) + " } }", "more than 10000 options"),
    "10,000 options that there are not": ("filter { mutate { " + " ".join(f"o{i} => 1" for i in range(9999)) + " } }", "has no option `o0`"),
    "an option given 9,000 times": ("filter { mutate { " + 'add_tag => ["x"] ' * 9000 + " } }", None),
    "a hash given 9,000 times": ("filter { mutate { " + " ".join('add_field => { "k%d" => "x" }' % i for i in range(9000)) + " } }", None),
    "a list of 300,000 texts": ("filter { if [a] in [" + ",".join(f'"k{i}"' for i in range(300000)) + "] { } }", None),
    "a hash of 300,000 keys": ("filter { mutate { add_field => { " + " ".join(f'"k{i}" => "v"' for i in range(300000)) + " } } }", None),
    "a key 300,000 times": ("filter { mutate { add_field => { " + '"k" => "v" ' * 300000 + " } } }", "the key `k` is there twice"),
    "a number of a million digits": ("filter { drop { percentage => " + "9" * 1000000 + " } }", "this number is too large"),
    "a condition on such a number": ("filter { if [a] == " + "9" * 1000000 + " { } }", "this number is too large"),
    "a reference of 100,000 steps": ("filter { if " + "[a]" * N + " { } }", "more than 64 steps"),
    "50,000 branches on one line": ("filter { " + 'if [a] == "b" { drop { } } ' * 50000 + " }", None),
    "99,000 faults on one line": ("filter { " + "drp { } " * 99000 + " }", "and 98980 more errors"),
    "100,000 faults in lines": ("filter {\n" + "mutate { = }\n" * N + "}", "more errors"),
    "50,000 plugins of one id": ("filter { " + 'drop { id => "x" } ' * 50000 + " }", "two plugins have the id `x`"),
    "quotes alone": ('"' * 1000000, "expected a section"),
    "braces alone": ("{" * 1000000, "expected a section"),
    "closing braces alone": ("}" * 1000000, "this `}` closes nothing"),
    "zero bytes alone": (b"\0" * 1000000, "found a control character (byte 0x00)"),
    "bytes that are no text": (b'filter { mutate { add_tag => ["' + b"\xff" * 1000000 + b'"] } }', "the text is not UTF-8: byte 0xff"),
    "a byte-order mark": (b"\xef\xbb\xbffilter { }", "begins with a byte-order mark"),
    "a UTF-16 text": ("filter { }".encode("utf-16"), "the text is not UTF-8"),
    "a million lone CRs": ("#\r" * 1000000, "a carriage return alone does not end a comment"),
    "a regular expression of 50,000 groups": ("filter { if [a] =~ /" + "(" * 50000 + ")" * 50000 + "/ { } }", "the regular expression is not valid"),
    "one that repeats repetitions": ("filter { if [a] =~ /a{1000}{1000}{1000}/ { } }", "the regular expression is not valid"),
    "one of 200,000 classes": ("filter { if [a] =~ /" + "[a-z]" * 200000 + "/ { } }", "the regular expression is not valid"),
    "one that looks behind without end": ("filter { if [a] =~ /(?<=a*)b/ { } }", "the regular expression is not valid"),
    "a date of 100,000 letters": ('filter { date { match => ["a", "' + "y" * N + '"] } }', "date format `yyyy"),
    "a template of 100,000 letters": ('filter { mutate { add_tag => ["%{+' + "y" * N + '}"] } }', "cannot be expanded"),
    "100,000 placeholders": ('filter { mutate { add_tag => ["' + "%{a}" * N + '"] } }', None),
    "a pattern of 20,000 references": ('filter { grok { match => { "message" => "' + "%{WORD:a} " * 20000 + '" } } }', "references are needed"),
    "patterns that need each other": ('filter { grok { match => { "message" => "%{A}" } pattern_definitions => { "A" => "%{B}" "B" => "%{A}" } } }', "refers to itself"),
}

def files(folder):
    for i, (what, (text, expected)) in enumerate(FILES.items()):
        if SANITIZED and MODE == "quick" and len(text) > 1 << 20:
            continue # ten times slower there; the release build has them all, `./test long` both
        path = folder.file(f"{i}.conf")
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        judge(what, check(path, [path]), expected)

def settings(folder):
    rows = {
        "settings nested without end": ("a: " + "[" * N + "]" * N, "nested too deep"),
        "keys nested without end": ("".join(" " * i + "a:\n" for i in range(2000)), "nested too deep"),
        "400,000 settings on one line": ("{" + ", ".join(f"a{i}: b" for i in range(400000)) + "}", "too many values"),
        "20,000 settings that there are not": ("\n".join(f"a{i}: b" for i in range(20000)), "there is no setting `a0`"),
        "a settings file of 9 MB": ("#" * (9 << 20), "the file is larger than 8388608 bytes"),
        "zero bytes as settings": (b"\0" * N, "a control character stands here"),
        "an endless alias": ("a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(1000)), "aliases are not supported here"),
        "a quote of 5 MB that never ends": ('node.name: "' + "x\n" * (5 << 19), "a quote is never closed"),
    }
    for i, (what, (text, expected)) in enumerate(rows.items()):
        path = folder.file(f"settings{i}", "tailrace.yml")
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        judge(what, check(path, ["-e", "input { stdin { } }"]), expected)
    path = folder.file("many", "pipelines.yml")
    folder.write("many/pipelines.yml", "".join(f'- {{pipeline.id: p{i}, config.string: "input {{ }}"}}\n' for i in range(1025)))
    judge("1025 pipelines", check(path), "more than 1024 pipelines")
    path = folder.file("text.conf")
    folder.write("text.conf", 'filter { mutate { add_tag => ["' + "${HOSTILE}" * 200 + '"] } }')
    judge("variables that grow without end", check(path, [path], {"HOSTILE": "x" * 100000}), "this is longer than 16777216 bytes")

def patterns(folder):
    path = folder.file("large", "patterns")
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as out:
        out.truncate((8 << 20) + 1)
    config = folder.write("grok.conf", 'filter { grok { match => { "message" => "x" } patterns_dir => ["%s"] } }' % path)
    judge("a pattern file over its limit", check(config, [config]), f"the pattern file `{path}` has more than 8388608 bytes")

def pipes(folder):
    """A named pipe is read like a file, alone and in a folder; a folder of a file's name is skipped."""
    for where in ("alone/fifo", "folder/20.conf"):
        path = folder.file(*where.split("/"))
        os.makedirs(os.path.dirname(path))
        os.mkfifo(path)
        if where.startswith("folder"):
            os.makedirs(folder.file("folder", "10.conf"))
        writer = threading.Thread(target=lambda: open(path, "w").write("filter { drp { } }\n"))
        writer.start()
        judge(f"a named pipe ({where})", check(path, [path if where.startswith("alone") else os.path.dirname(path)]), "did you mean `drop`?")
        writer.join()

REAL = """input { tcp { port => 5170 codec => json { target => "t" } } }
filter {
  # a comment
  if [type] == "a\\"b" and ![x][y] or ([n] >= 010 and "x" in [tags]) {
    grok { match => { "message" => ["%{IP:ip} %{NUMBER:n:int}", '(?<q>[^"]*)'] } add_field => { "%{a}" => "é ${HOME:none}" } }
  } else if [m] =~ /a\\/b[/]c/ or [a] not in ["b", 'c', 1.5] { drop { percentage => 5 } }
  else { [a][b] = [c] ? upcase("x") ?? null : { "k" => [1, -2] } remove [d], [e] }
}
output { if level >= WARN { stdout { } } else { null { } } }
"""

def cuts(folder):
    """A real configuration, cut: every prefix at this stride here, at every byte in tests/unit/dsl."""
    data = REAL.encode()
    path = folder.file("cut.conf")
    results = []
    for end in range(1, len(data), choose(23, 7, 1)):
        with open(path, "wb") as out:
            out.write(data[:end])
        code, text, seconds, _ = check(path, [path])
        results.append(code == 0 or (code == 78 and "--> " in text))
        if not results[-1]:
            print(f"  cut behind {end} bytes: {code} {text}")
    ok(all(results), f"{len(results)} prefixes of a real configuration: each is read, or refused with a place")

with Folder() as folder:
    files(folder)
    settings(folder)
    patterns(folder)
    pipes(folder)
    cuts(folder)
finish()
