#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every message that the program can say about a configuration stands in some case, as it is printed.

    tests/messages.py [--list]

The sources are read for calls of diag_error(), diag_warning(), diag_offer(), diag_hint(), diag_note(), diag_other()
and of the functions that wrap them (found by their `const char *format, ...`). A `%s` whose argument is
a literal, a choice of literals, a variable that gets literals, or a parameter that callers give
literals for, is taken apart: each of its texts is a message of its own. Each must match a line of
tests/cases (after `error:`, behind a caret, after `=`), or a text of tests/unit or tests/e2e.

No text may have an internal word in it. --list prints the inventory, each with where it is shown."""
import os, re, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ["core", "dsl", "filters", "inputs", "outputs", "pipelines"]
# the subject of the message, and which argument is its format
SAYS = {"diag_error": ("message", 2), "diag_warning": ("message", 2), "diag_offer": ("message", 2), "diag_hint": ("hint", 2),
        "diag_note": ("note", 2), "diag_other": ("other", 3)}
# Texts whose `%s` need not be shown with each of its values: the same values are asked for elsewhere.
ONCE = ("the text ends where %s is expected", "expected %s, found a control character (byte 0x%02x)",
        "expected %s, found a text")
# Texts that no case can bring about, and why.
UNSHOWN = {
    "libcurl is not to be had: \0": "it is installed where tests run",
    "install the package libcurl4": "it is installed where tests run",
    "the hosts file `\0` has more than \0 bytes": "4 MiB are too much for a case",
    "cannot open the keystore \0: the file is larger than 16 MiB": "16 MiB are too much for a case",
    "cannot open the keystore \0: the cipher is not to be had": "GnuTLS has it unless it is configured otherwise",
    "cannot write the keystore \0: the cipher is not to be had": "GnuTLS has it unless it is configured otherwise",
    "cannot write the keystore \0: no random bytes are to be had": "Linux always has them",
    "cannot write the keystore \0: encryption has failed": "it does not with a key of the right size",
    "codec `\0` cannot encode: it is for inputs": "this version has no such codec",
    "`\0` takes a string, not `\0\0`": "every scalar is one",
    "`\0` takes one word, not `\0\0`": "every scalar is one",
    "`\0` takes a field, not `\0\0`": "a text that is none has a message of its own",
    "a newer version wrote records of \0: \0": "there is no newer version yet; tests/unit/core/queue/queue_log.c makes such a record",
    "not all can be remembered": "a million ranges are too much for a case",
    "purge whole files: --before TIME, or --replayed": "the same",
    "xml needs libxml2, which is not installed": "needs a machine without it",
    "install the package libxml2": "needs a machine without it",
    "cannot read the pattern file `\0`: \0": "needs a file that root cannot read",
    "`regexes` is needed: there is no list of user agents": "the tests' machines have Debian's",
    "install Debian's package uap-core, or give the regexes.yaml of uap-core": "the same",
    "\0 has more than 64 MiB": "tests/e2e/grok_command.py makes such a file",
    "give a part of it: head -n 10000 FILE | tailrace grok …": "tests/e2e/grok_command.py makes such a file",
    "on which lines?": "needs a terminal",
    "\0 cannot be formatted without changing what it means": "a fault of the formatter, which the fuzzer looks for",
    "this is a fault of tailrace: please report it, with the text": "a fault of the formatter",
}
INTERNAL = re.compile(r"\b(AST|nodes?|tokens?|opcodes?|structs?|NULL|nullptr|enums?|lexer|parser|arena|"
                      r"malloc|callbacks?|assertion|pointers?|bytecode|errno)\b(?!\.name)")
DEPTH_MAX = 4
ANY = "\0"  # stands for a text that is not known here

def walk(top, *ends):
    for folder, dirs, names in os.walk(os.path.join(ROOT, top)):
        dirs.sort()
        for name in sorted(names):
            if name.endswith(ends):
                yield os.path.relpath(os.path.join(folder, name), ROOT)

def read(path):
    return open(os.path.join(ROOT, path), encoding="utf-8", errors="replace").read()

# ---- C, as far as it is needed: functions, calls, arguments, literals ----

def blank_comments(text):
    """Comments become blanks, so that places stay."""
    parts = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*', re.S)
    return parts.sub(lambda m: m[0] if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)

def quote_end(text, at):
    """The place of the quote that closes the one at `at`."""
    quote, at = text[at], at + 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at

def matching(text, at):
    """The place of the bracket that closes the one at `at`."""
    pairs, depth = {"(": ")", "{": "}", "[": "]"}, []
    i = at
    while i < len(text):
        c = text[i]
        if c in "\"'":
            i = quote_end(text, i)
        elif c in pairs:
            depth.append(pairs[c])
        elif depth and c == depth[-1]:
            depth.pop()
            if not depth:
                return i
        i += 1
    return len(text) - 1

def split(text, separators):
    """Parts between separators that stand outside of brackets and quotes."""
    parts, start, i = [], 0, 0
    while i < len(text):
        if text[i] in "\"'":
            i = quote_end(text, i)
        elif text[i] in "([{":
            i = matching(text, i)
        elif text[i] in separators:
            parts.append(text[start:i].strip())
            start = i + 1
        i += 1
    return parts + [text[start:].strip()]

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'", "a": "\a", "b": "\b"}

def unquote(body):
    raw = re.sub(rb"\\(x[0-9a-fA-F]{2}|.)",
                 lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" and len(m[1]) == 3
                 else ESCAPES[m[1].decode()].encode(), body.encode())
    return raw.decode("utf-8", "replace")

def literal(text):
    """The text of adjacent literals; names between them (macros) may be anything. None: no literal."""
    out, rest = "", text.strip()
    if not re.search(r'"', rest):
        return None
    while rest:
        found = re.match(r'"((?:\\.|[^"\\])*)"\s*', rest)
        if found:
            out += unquote(found[1])
        else:
            found = re.match(r"[A-Z_]\w*\s*", rest)
            if not found:
                return None
            out += ANY
        rest = rest[found.end():]
    return out

class Function:
    def __init__(self, path, name, parameters, body, line):
        self.path, self.name, self.body, self.line = path, name, body, line
        self.parameters = parameters
        self.words = set(re.findall(r"\b(\w+)\(", body))

def functions_of(path):
    text = blank_comments(read(path))
    for found in re.finditer(r"(?m)^[a-zA-Z_][\w \t*]*?\**(\w+)\(", text):
        close = matching(text, found.end() - 1)
        brace = re.match(r"\s*\{", text[close + 1:])
        if not brace or found[1] in ("if", "while", "for", "switch"):
            continue
        start = close + 1 + brace.end() - 1
        names = [re.sub(r".*?(\w+)(\[.*)?$", r"\1", p) if p != "..." else p
                 for p in split(text[found.end():close].replace("\n", " "), ",")]
        yield Function(path, found[1], names, text[start:matching(text, start) + 1], text[:start].count("\n") + 1)

def calls_of(function, name):
    if name not in function.words:
        return
    for found in re.finditer(rf"\b{name}\(", function.body):
        close = matching(function.body, found.end() - 1)
        line = function.line + function.body[:found.start()].count("\n")
        yield line, split(function.body[found.end():close], ",")

FUNCTIONS = [f for top in SOURCES for path in walk(top, ".c") for f in functions_of(path)]
BY_NAME = {}
for function in FUNCTIONS:
    BY_NAME.setdefault(function.name, []).append(function)

# names of the language's functions, which some C functions share
LANGUAGE = set(re.findall(r'(?m)^    \{"([a-z_]+)",', "".join(read(p) for p in walk("dsl", ".c"))))

def find_wrappers():
    """Functions with a format of their own, which say what it makes."""
    is_new = True
    while is_new:
        is_new = False
        for function in FUNCTIONS:
            if function.name in SAYS or function.parameters[-1:] != ["..."] or len(function.parameters) < 2:
                continue
            for name in list(SAYS):
                if name in function.words and SAYS[name][0] == "message":
                    SAYS[function.name] = (SAYS[name][0], len(function.parameters) - 2)
                    is_new = True
                    break

# ---- what a text can be ----

def texts_of(argument, function, depth=0):
    """All texts that an argument may be; ANY for what is not seen from here."""
    argument = argument.strip()
    if argument.startswith("(") and matching(argument, 0) == len(argument) - 1:
        argument = argument[1:-1].strip()
    choice = split(argument, "?")
    if len(choice) > 1:
        rest = argument[len(choice[0]) + argument[len(choice[0]):].index("?") + 1:]
        sides = split_choice(rest)
        return [t for side in sides for t in texts_of(side, function, depth)]
    if argument == "NULL":
        return []
    whole = literal(argument)
    if whole is not None:
        return [whole]
    if depth == DEPTH_MAX:
        return [ANY]
    if re.fullmatch(r"\w+", argument):
        return name_texts(argument, function, depth)
    called = re.fullmatch(r"(\w+)\(.*\)", argument, re.S)
    if called and called[1] in BY_NAME:
        return returned_texts(called[1], depth)
    return [ANY]

def split_choice(rest):
    """The two sides of `a : b`, where a may hold another choice."""
    level, parts = 0, split(rest, ":?")
    at = 0
    for part in parts:
        at = rest.index(part, at) + len(part) if part else at
        while at < len(rest) and rest[at] not in ":?":
            at += 1
        if at < len(rest) and rest[at] == "?":
            level += 1
        elif level == 0:
            return [rest[:at], rest[at + 1:]]
        else:
            level -= 1
        at += 1
    return [rest]

def name_texts(name, function, depth):
    found = []
    for m in re.finditer(rf"(?<![\w.>]){name}(?:\[\])?\s*=(?!=)", function.body):
        value = split(function.body[m.end():matching_end(function.body, m.end())], ";,")[0]
        if re.fullmatch(r"\s*\w+\s*", value) and value.strip() == name:
            continue
        found += texts_of(value, function, depth + 1)
    if name in function.parameters and not found:
        at = function.parameters.index(name)
        for other in FUNCTIONS:
            if other.path != function.path and not is_shared(function):
                continue
            for _, arguments in calls_of(other, function.name):
                if at < len(arguments):
                    found += texts_of(arguments[at], other, depth + 1)
    if not found:
        shared = re.search(rf'(?m)^static const char {name}\[\] = ([^;]*);', blank_comments(read(function.path)))
        found = [literal(shared[1])] if shared and literal(shared[1]) else []
    return found or [ANY]

def matching_end(text, at):
    """Where the statement ends."""
    end = text.find(";", at)
    return len(text) if end < 0 else end

def is_shared(function):
    return len(BY_NAME[function.name]) == 1

def returned_texts(name, depth):
    found = []
    for function in BY_NAME[name]:
        for m in re.finditer(r"\breturn\b([^;]*);", function.body):
            found += texts_of(m[1], function, depth + 1)
    return found or [ANY]

CONVERSION = re.compile(r"%(?:%|[-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?(hh|h|ll|l|z|j|t)?([diouxXcsfgeu]))")

def expand(text, arguments, function):
    """The texts that a format and its arguments can make: each value of one `%s` once, with anything
    for the others, which is given beside. Single words are names (of options and the like): one stands
    for all."""
    parts, values, at, given = [], [], 0, list(arguments)
    for found in CONVERSION.finditer(text):
        parts.append(text[at:found.start()])
        at = found.end()
        if found[0] == "%%":
            values.append(["%"])
            continue
        if found[2] == "*" and given and not given[0].startswith("STR_ARG"):
            given = given[1:]
        argument = given.pop(0) if given else "?"
        is_seen = found[4] == "s" and found[2] != "*" and text not in ONCE
        known = texts_of(argument, function) if is_seen else [ANY]
        known = [ANY if re.fullmatch(r"[a-z_]+", value) else value for value in known]
        values.append(list(dict.fromkeys(known)) or [ANY])
    parts.append(text[at:])
    common = [v[0] if len(v) == 1 else ANY for v in values]
    rows = [(common[:i] + [value] + common[i + 1:], value) for i, v in enumerate(values) if len(v) > 1 for value in v]
    return [("".join(p + v for p, v in zip(parts, row + [""])), value) for row, value in rows or [(common, ANY)]]

def inventory():
    """(kind, text, the part that varies, place) of everything that can be said."""
    for function in FUNCTIONS:
        for name, (kind, at) in SAYS.items():
            if function.name in SAYS:
                continue
            for line, arguments in calls_of(function, name):
                if len(arguments) <= at:
                    continue
                for form in texts_of(arguments[at], function):
                    for text, value in expand(form, arguments[at + 1:], function):
                        yield kind, text, value, f"{function.path}:{line}"

# ---- what is shown ----

PLACES = {"message": r"(?:error|warning|note): (.*)|  (?:refused|different) +(.*)", "hint": r"[ ]*\|.*?\^+ (.*)|[ ]*= (.*)", "note": r"[ ]*= (.*)",
          "other": r"[ ]*\|.*?-+ (.*)"}

def shown():
    lines = {kind: {} for kind in PLACES}
    for path in walk("tests/cases", ".case"):
        for line in read(path).split("\n"):
            for kind, place in PLACES.items():
                found = re.fullmatch(place, line.rstrip())
                if found:
                    lines[kind].setdefault(next(g for g in found.groups() if g is not None), path)
    return lines

def pattern(text):
    parts = [re.escape(part).replace("\n", ".").replace("\t", ".") for part in text.split(ANY)]
    return ".*".join(parts)

def find(kind, text, value, lines, others):
    """The file that shows the text. A unit test may look at the part that varies alone."""
    whole = re.compile(pattern(text))
    part = value if len(value) > 12 and ANY not in value else None
    for line, path in lines[kind].items():
        if whole.fullmatch(line):
            return path
    for path, content in others:
        if whole.search(content) or (part and part in content):
            return path
    return None

def leaks(text):
    word = INTERNAL.search(text)
    if word:
        return word[0]
    for name in re.findall(r"\b(\w+)\(", text):
        if "_" in name and name in BY_NAME and name not in LANGUAGE:
            return name + "()"
    return None

def main():
    find_wrappers()
    lines = shown()
    others = [(p, read(p).replace('\\"', '"')) for p in list(walk("tests/unit", ".c", ".h")) + list(walk("tests/e2e", ".py"))]
    seen, passed, problems, count = {}, 0, [], 0
    for kind, text, value, place in inventory():
        if text.replace(ANY, "").strip(" `.:") and (kind, text) not in seen:
            seen[kind, text] = value, place
    for (kind, text), (value, place) in seen.items():
        word, where = leaks(text), find(kind, text, value, lines, others)
        plain = text.replace(ANY, "…")
        if word:
            problems.append(f"{place}: the {kind} `{plain}` has the internal word {word}")
        if not where and text not in UNSHOWN:
            problems.append(f"{place}: no case shows the {kind} `{plain}`")
        if where and text in UNSHOWN:
            problems.append(f"{place}: `{plain}` is shown in {where}, and stands in UNSHOWN")
        passed += (word is None) + (where is not None)
        if "--list" in sys.argv[1:]:
            print(f"{kind:8} {plain}\n         {place}, shown in {where}")
    for kind in lines:
        for line, path in lines[kind].items():
            word = leaks(line)
            passed += word is None
            if word:
                problems.append(f"{path}: `{line}` has the internal word {word}")
    for problem in problems:
        print("messages:", problem)
    messages = sum(kind == "message" for kind, _ in seen)
    print(f"{messages} messages, {len(seen) - messages} hints, notes and second places")
    print(f"messages: {passed} passed, {len(problems)} failed")
    sys.exit(1 if problems else 0)

main()
