#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What editors/ holds: the grammar that colours pipelines, run by a small interpreter of TextMate grammars over
samples and every example; the VS Code extension's files. quick: yes"""
import plistlib, re
from support import *

EDITORS = os.path.join(ROOT, "editors")

def load(*names):
    with open(os.path.join(EDITORS, *names), encoding="utf-8") as f:
        return json.load(f)

grammar = load("tailrace.tmLanguage.json")

# ---- the interpreter: begin, end, match, include, captures; rules in order, the leftmost match wins ----

def expanded(patterns, seen=()):
    for rule in patterns:
        if "include" not in rule:
            if "match" in rule or "begin" in rule:
                yield rule
            else:
                yield from expanded(rule["patterns"], seen)
            continue
        name = rule["include"].lstrip("#")
        if name not in seen:
            yield from expanded([grammar["repository"][name]], seen + (name,))

compiled = {}
def expression(text):
    if text not in compiled:
        compiled[text] = re.compile(text)
    return compiled[text]

class Colours:
    """Scopes of each character; the stack goes from line to line."""
    def __init__(self):
        self.stack = [({"patterns": grammar["patterns"]}, [grammar["scopeName"]])]
    def line(self, text):
        scopes = [None] * len(text)
        def paint(start, end, names):
            for i in range(start, end):
                scopes[i] = names
        def captures(rule, key, found, names):
            for number, capture in rule.get(key, {}).items():
                start, end = found.span(int(number))
                if start >= 0:
                    paint(start, end, names + [capture["name"]])
        at, turns = 0, 0
        while at <= len(text):
            rule, names = self.stack[-1]
            inner = names + ([rule["contentName"]] if "contentName" in rule else [])
            best, chosen = None, None
            if "end" in rule:
                best, chosen = expression(rule["end"]).search(text, at), "end"
            for candidate in expanded(rule["patterns"] if "patterns" in rule else []):
                found = expression(candidate.get("match") or candidate["begin"]).search(text, at)
                if found and (best is None or found.start() < best.start()):
                    best, chosen = found, candidate
            if best is None:
                paint(at, len(text), inner)
                return scopes
            paint(at, best.start(), inner)
            if chosen == "end":
                paint(best.start(), best.end(), names)
                captures(rule, "endCaptures", best, names)
                self.stack.pop()
            else:
                own = names + ([chosen["name"]] if "name" in chosen else [])
                paint(best.start(), best.end(), own)
                if "match" in chosen:
                    captures(chosen, "captures", best, own)
                else:
                    captures(chosen, "beginCaptures", best, own)
                    self.stack.append((chosen, own))
            turns = turns + 1 if best.end() == at else 0
            at = best.end()
            if turns > 50 or (at == len(text) and chosen != "end" and not text[best.start():]):
                return scopes
        return scopes

def scope_of(text, part, nth=0):
    """The innermost scope of the n-th `part` of a text, without the grammar's name."""
    colours, at = Colours(), -1
    for _ in range(nth + 1):
        at = text.index(part, at + 1)
    for number, line in enumerate(text.split("\n")):
        scopes = colours.line(line)
        start = sum(len(l) + 1 for l in text.split("\n")[:number])
        if start <= at < start + len(line):
            return (scopes[at - start] or ["?"])[-1].replace(".tailrace", "")
    return "?"

# ---- the grammar itself ----

def walk(value):
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)

includes = {rule["include"].lstrip("#") for rule in walk(grammar) if "include" in rule}
ok(includes == set(grammar["repository"]), "every rule is there and is used")
for rule in walk(grammar):
    for key in ("match", "begin", "end"):
        if isinstance(rule.get(key), str):
            try:
                groups = expression(rule[key]).groups
            except re.error as error:
                ok(False, f"{rule[key]}: {error}")
                continue
            numbers = [int(n) for n in rule.get({"match": "captures", "begin": "beginCaptures", "end": "endCaptures"}[key], {})]
            if max(numbers, default=0) > groups:
                ok(False, f"{rule[key]}: it has no group {max(numbers)}")
    names = [rule[k] for k in ("name", "contentName") if isinstance(rule.get(k), str)]
    if not all(n.endswith(".tailrace") or n == grammar["name"] for n in names):
        ok(False, f"{names}: a scope ends in .tailrace")
ok(len(compiled) > 30, f"{len(compiled)} expressions are valid")
ok(plistlib.loads(plistlib.dumps(grammar)) == grammar, "it can be written as a property list")

# ---- colours of samples ----

SAMPLE = '''# a comment
input { tcp { port => 5170 codec => json { charset => "UTF-8" } } }
filter {
  if [a][b] == "x" and level >= WARN and [c] =~ /a{2}\\/"[x]/ or "t" in [tags] {
    grok { match => { "message" => "%{IP:[c][ip]} %{INT:n:int} (?<word>x) ${HOST:x} \\"%{NAME}" } break_on_match => true }
  } else if !([q] in ["a", "b"]) {
    mutate { add_field => { "t" => "%{[a][b]} %{+YYYY.MM.dd}" 'k' => 'v' } rename => [ "x", 1.5 ] # why
      'quoted' => bare }
  } else { drop { } }
  [size] = downcase([b]) ?? "no" + 2
  [x] = { "m" => [verb], "n" => split([p], /a,b/) }
  let small = 1
  for item in [items] { [y] = item * -2 if item > 3 { break } }
  remove [a], [b][c]
  if small > 1 and [z] in [1, 2] { drop { percentage => 50 } }
}
output { stdout { } }
test "it works" { input => { "a" => "b" } dropped => false }
'''
for part, nth, scope in (
        ("# a", 0, "comment.line.number-sign"), ("input", 0, "keyword.control.section"), ("tcp", 0, "entity.name.type.plugin"),
        ("port", 0, "variable.parameter.option"), ("=>", 0, "keyword.operator.arrow"), ("5170", 0, "constant.numeric"),
        ("json", 0, "entity.name.type.plugin"), ("charset", 0, "variable.parameter.option"), ("UTF", 0, "string.quoted.double"),
        ("if", 0, "keyword.control.conditional"), ("[a][b]", 0, "variable.other.field"), ("==", 0, "keyword.operator"),
        ("and", 0, "keyword.operator.word"), ("level", 0, "support.variable.level"), ("WARN", 0, "constant.language.level"),
        ("=~", 0, "keyword.operator.match"), ("{2}", 0, "string.regexp"), ("\\/", 0, "constant.character.escape"), ("[x]", 0, "string.regexp"),
        ("tags", 0, "variable.other.field"), ("grok", 0, "entity.name.type.plugin"), ("match", 0, "variable.parameter.option"),
        ("IP", 0, "support.constant.grok"), ("[c][ip]", 0, "variable.other.field"), ("INT", 0, "support.constant.grok"),
        ("n:int", 0, "variable.other.field"), (":int", 0, "punctuation.separator"), ("int}", 0, "storage.type"), ("word", 0, "variable.other.field"),
        ("HOST", 0, "variable.other.environment"), ('\\"', 0, "constant.character.escape"), ("NAME", 0, "support.constant.grok"),
        ("true", 0, "constant.language.boolean"), ("else if", 0, "keyword.control.conditional"), ("[q]", 0, "variable.other.field"),
        ('"a"', 0, "punctuation.definition.string.begin"), ("mutate", 0, "entity.name.type.plugin"), ("add_field", 0, "variable.parameter.option"),
        ("[a][b]", 1, "variable.other.field"), ("+YYYY", 0, "constant.other.date"), ("k'", 0, "string.quoted.single"), ("1.5", 0, "constant.numeric"),
        ("# why", 0, "comment.line.number-sign"), ("quoted", 0, "variable.parameter.option"), ("bare", 0, "string.unquoted"),
        ("else {", 0, "keyword.control.conditional"), ("drop", 0, "entity.name.type.plugin"), ("[size]", 0, "variable.other.field"),
        ("downcase", 0, "support.function"), ("??", 0, "keyword.operator"), ("2\n", 0, "constant.numeric"), ("[verb]", 0, "variable.other.field"),
        ("split", 0, "support.function"), ("a,b/", 0, "string.regexp"), ("let", 0, "keyword.other.let"), ("small", 0, "variable.other.name"),
        ("for", 0, "keyword.control.loop"), ("item ", 0, "variable.other.name"), ("in [items]", 0, "keyword.control.loop"),
        ("[items]", 0, "variable.other.field"), ("[y]", 0, "variable.other.field"), ("* -", 0, "keyword.operator"), ("remove", 0, "keyword.other.remove"),
        ("[b][c]", 0, "variable.other.field"), ("small", 1, "variable.other.name"), ("1, 2", 0, "constant.numeric"),
        ("break }", 0, "keyword.control.loop"), ("test", 0, "keyword.control.section"), ("it works", 0, "entity.name.function.test"),
        ("input =>", 0, "variable.parameter.option"), ("dropped", 0, "variable.parameter.option"), ("percentage", 0, "variable.parameter.option"), ("output", 0, "keyword.control.section"), ("stdout", 0, "entity.name.type.plugin")):
    found = scope_of(SAMPLE, part, nth)
    ok(found == scope, f"{part!r} is {scope} {'' if found == scope else 'and not ' + found}")

# ---- whole files end as they began ----

def is_closed(text):
    colours = Colours()
    for line in text.split("\n"):
        colours.line(line)
    return len(colours.stack) == 1

files = []
for top, _, names in os.walk(os.path.join(ROOT, "examples")):
    files += [os.path.join(top, name) for name in names if name.endswith(".conf")]
texts = [SAMPLE] + [open(path, encoding="utf-8").read() for path in files]
ok(len(texts) > 8 and all(is_closed(text) for text in texts), "at the end of every example all braces and strings are closed")
ok(not is_closed("filter { grok {"), "and not at the end of a text that is open")

# ---- the extension ----

package, words = load("vscode", "package.json"), load("vscode", "language-configuration.json")
named = [package["main"]] + [g["path"] for g in package["contributes"]["grammars"]] + [l["configuration"] for l in package["contributes"]["languages"]]
ok(all(os.path.exists(os.path.join(EDITORS, "vscode", path)) for path in named), "the files it names are there")
ok(load("vscode", "tailrace.tmLanguage.json") == grammar, "its grammar is the one grammar")
language = package["contributes"]["languages"][0]
ok(language["id"] == "tailrace" and "Logstash" in language["aliases"] and "*.conf" not in language["filenamePatterns"], "its language takes not every .conf")
ok(re.search(language["firstLine"], "input {") and not re.search(language["firstLine"], "server {"), "the first line tells a pipeline from other files")
ok(words["comments"]["lineComment"] == "#", "comments begin with #")
for key in ("increaseIndentPattern", "decreaseIndentPattern"):
    expression(words["indentationRules"][key])
ok(re.search(words["indentationRules"]["increaseIndentPattern"], "  grok { # x") and not re.search(words["indentationRules"]["increaseIndentPattern"], "# {"), "lines that open a block indent")
version = re.search(r"project\(tailrace VERSION (\S+)", open(os.path.join(ROOT, "CMakeLists.txt")).read())[1]
ok(package["version"] == version, "its version is the program's")
script = open(os.path.join(EDITORS, "vscode", "extension.js")).read()
settings = set(package["contributes"]["configuration"]["properties"])
ok(settings == {"tailrace." + name for name in re.findall(r'settings\.get\("([^"]+)"\)', script)}, "its settings are those that it reads")
required = set(re.findall(r'require\("([^"/]+)', script)) - {"vscode"}
ok(required == set(package["dependencies"]), "its libraries are those that it loads")
ok(subprocess.run(["git", "ls-files", "editors"], cwd=ROOT, capture_output=True, text=True).stdout.find("node_modules") < 0, "no library is kept here")
finish()
