#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tailrace fmt: files in place, folders, standard input, --check, what must not happen to a file; then
every configuration there is. quick: yes"""
from support import *
import glob, pty, re, stat

UGLY = "input{stdin{}}\nfilter { drop { } }\n"
NEAT = "input { stdin { } }\nfilter { drop { } }\n"
WRONG = "filter { drop { }\n"
NOBODY = 65534

def fmt(*arguments, stdin="", **extra):
    """(exit code, stdout, stderr)"""
    extra = extra or {"text": True}
    done = subprocess.run([PROGRAM, "fmt", *arguments], input=stdin, capture_output=True, timeout=60, **extra)
    return done.returncode, done.stdout, done.stderr

def read(path):
    return open(path, newline="").read()

def in_place(folder):
    ugly, neat, wrong = (folder.write(n, t) for n, t in (("a.conf", UGLY), ("b.conf", NEAT), ("c.conf", WRONG)))
    before = os.stat(neat)
    ok(fmt("--check", ugly, neat) == (1, ugly + "\n", "") and read(ugly) == UGLY, "--check names what is not formatted, says 1 and changes nothing")
    ok(fmt(ugly, neat) == (0, ugly + "\n", "") and read(ugly) == NEAT, "a file is formatted and named")
    after = os.stat(neat)
    ok((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "what is formatted is not written")
    ok(fmt("--check", ugly, neat) == (0, "", ""), "--check of formatted files says 0")
    code, out, errors = fmt(wrong)
    ok(code == 78 and out == "" and read(wrong) == WRONG, "a file with errors stays as it is, and 78")
    ok(f"{wrong}:2:1" in errors and "the text ends where `}` is expected" in errors, "the errors are said as check says them")
    folder.write("a.conf", UGLY)
    code, out, errors = fmt(wrong, ugly)
    ok(code == 78 and out == ugly + "\n" and read(ugly) == NEAT, "one that is wrong does not keep the others")
    folder.write("latin.conf", "")
    open(folder.file("latin.conf"), "wb").write(b"# \xe4\n")
    code, out, errors = fmt(folder.file("latin.conf"))
    ok(code == 78 and "not UTF-8" in errors, "another encoding is refused")
    leftover = [n for n in os.listdir(folder.path) if n not in ("a.conf", "b.conf", "c.conf", "latin.conf")]
    ok(leftover == [], f"nothing is left beside them {leftover}")

def folders(folder):
    folder.write("conf/20.conf", UGLY)
    folder.write("conf/10.conf", UGLY)
    folder.write("conf/notes.txt", UGLY)
    folder.write("conf/.hidden.conf", UGLY)
    folder.write("conf/sub.conf/30.conf", UGLY)
    names = [folder.file("conf", n) for n in ("10.conf", "20.conf")]
    ok(fmt(folder.file("conf")) == (0, "".join(n + "\n" for n in names), ""), "of a folder its *.conf, in order")
    ok(fmt(folder.file("conf") + "/") == (0, "", ""), "a slash behind it")
    ok(all(read(folder.file("conf", n)) == UGLY for n in ("notes.txt", ".hidden.conf", "sub.conf/30.conf")), "and nothing else")
    code, out, errors = fmt(folder.file("conf/sub.conf"), folder.file("nowhere.conf"))
    ok(code == 1 and "nowhere.conf: No such file" in errors and out.endswith("30.conf\n"), "a file that is not there: 1, and the others are done")
    os.makedirs(folder.file("empty"))
    code, out, errors = fmt(folder.file("empty"))
    ok(code == 1 and f"no *.conf is in {folder.file('empty')}" in errors, "a folder without any")
    os.mkfifo(folder.file("pipe.conf"))
    code, out, errors = fmt(folder.file("pipe.conf"))
    ok(code == 1 and "pipe.conf is not a file" in errors, "a FIFO is refused, not waited for")

def input_to_output(folder):
    ok(fmt("-", stdin=UGLY) == (0, NEAT, ""), "- formats standard input to standard output")
    ok(fmt(stdin=UGLY) == (0, NEAT, ""), "so does no argument at all")
    code, out, errors = fmt("-", stdin=WRONG)
    ok(code == 78 and out == "" and "standard input:2:1" in errors, "nothing comes out of a text with errors")
    ok(fmt("--check", "-", stdin=UGLY) == (1, "standard input\n", ""), "--check of standard input")
    ok(fmt("--check", "-", stdin=NEAT)[0] == 0, "--check of formatted standard input")
    ok(fmt("-", folder.file("a.conf"))[0] == 2, "- beside files is wrong usage")
    primary, secondary = pty.openpty()
    done = subprocess.run([PROGRAM, "fmt"], stdin=secondary, capture_output=True, text=True, timeout=60)
    os.close(primary), os.close(secondary)
    ok(done.returncode == 2 and all(t in done.stderr for t in ("what is to be formatted?", "tailrace fmt FILE or FOLDER, or - for standard input")), "and a terminal is not read from: 2")
    code, out, errors = fmt("--chek")
    ok(code == 2 and "did you mean `--check`?" in errors, "a flag that is mistyped")
    code, out, errors = fmt("-f", folder.file("a.conf"))
    ok(code == 2 and "unknown option" in errors, "flags of settings are none of fmt's")
    for width, code in (("39", 2), ("40", 0), ("1000", 0), ("1001", 2), ("x", 2), ("", 2)):
        ok(fmt("--width", width, "-", stdin=NEAT)[0] == code, f"--width {width!r}: {code}")
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "fmt", "-"], input=UGLY, text=True, stdout=full, stderr=subprocess.PIPE)
    ok(done.returncode == 1 and "cannot write the result: No space left on device" in done.stderr, "an output that is full: 1")

def looks(folder):
    path = folder.write("look/real.conf", UGLY)
    link = folder.file("link.conf")
    os.symlink("look/real.conf", link)
    os.chmod(path, 0o2604 if os.getuid() else 0o4604)
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY)
        os.chmod(path, 0o4604)
    before = os.stat(path)
    ok(fmt(link) == (0, link + "\n", ""), "through a link")
    after = os.stat(path)
    ok(os.path.islink(link) and os.readlink(link) == "look/real.conf", "which stays a link")
    ok(read(path) == NEAT and after.st_ino != before.st_ino, "its file is replaced")
    ok(stat.S_IMODE(after.st_mode) == stat.S_IMODE(before.st_mode), f"mode kept ({after.st_mode:o}, {before.st_mode:o})")
    ok((after.st_uid, after.st_gid) == (before.st_uid, before.st_gid), "owner and group kept")
    os.symlink("nowhere", folder.file("dangling.conf"))
    ok(fmt(folder.file("dangling.conf"))[0] == 1, "a link to nothing")
    ok(os.listdir(folder.file("look")) == ["real.conf"], "nothing is left beside it")

def refusals(folder):
    if os.getuid():
        print("ok (refusals need another user: run as root)")
        return
    os.chmod(folder.path, 0o755)
    program = shutil.copy(PROGRAM, folder.file("program"))
    os.chmod(program, 0o755)
    def as_nobody(path):
        return subprocess.run([program, "fmt", path], capture_output=True, text=True, user=NOBODY, group=NOBODY, extra_groups=[])
    secret = folder.write("closed/secret.conf", UGLY)
    os.chmod(secret, 0o600)
    done = as_nobody(secret)
    ok(done.returncode == 1 and "secret.conf: Permission denied" in done.stderr, "a file that may not be read")
    os.chmod(secret, 0o644)
    done = as_nobody(secret)
    ok(done.returncode == 1 and "cannot write" in done.stderr and "Permission denied" in done.stderr, "a folder that may not be written")
    os.chmod(folder.file("closed"), 0o777)
    done = as_nobody(secret)
    ok(done.returncode == 1 and "Operation not permitted" in done.stderr, "an owner that cannot be kept")
    ok(read(secret) == UGLY and os.listdir(folder.file("closed")) == ["secret.conf"], "each time the file is as it was, and alone")

def full_disk(folder):
    """A limit on the size of files stands for the disk."""
    path = folder.write("full/big.conf", UGLY + "# %s\n" % ("x" * 100000))
    before = read(path)
    import resource
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))
    done = subprocess.run([PROGRAM, "fmt", path], capture_output=True, text=True, preexec_fn=limit)
    ok(done.returncode == 1 and "cannot write" in done.stderr and "File too large" in done.stderr, "a write that fails: 1")
    ok(read(path) == before and os.listdir(folder.file("full")) == ["big.conf"], "the file is as it was, and alone")

def configurations():
    """Texts of the examples, of every case, of the reference's vectors."""
    for path in sorted(glob.glob(os.path.join(ROOT, "examples/**/*.conf"), recursive=True)):
        yield path, read(path)
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/cases/**/*.case"), recursive=True)):
        text = open(path, errors="surrogateescape", newline="").read()
        if "\n----\n" in text:  # a configuration and what is said of it
            yield path, text.split("\n----\n")[0]
        for section in re.split(r"(?m)^(?=(?:===|---) )", text):
            head, _, body = section.partition("\n")
            if head.strip() in ("--- config", "--- format", "--- formatted") or re.match(r"--- file .*\.conf$", head):
                is_whole = re.search(r"(?m)^\s*(input|filter|output)\b", body)
                yield path, body if is_whole else "filter {\n%s\n}\n" % body
    vectors = os.path.join(SHARED, "spec/vectors")
    for name, form in (("grammar.jsonl", "%s"), ("conditions.jsonl", "filter { if %s { } }")):
        for line in open(os.path.join(vectors, name)) if os.path.exists(os.path.join(vectors, name)) else ():
            row = json.loads(line)
            yield name, form % (row.get("config") or row.get("condition"))

def sweep(folder):
    """In one run each: fmt itself compares tokens and tree before it writes."""
    names, first = [], {}
    for i, (origin, text) in enumerate(configurations()):
        path = folder.file("sweep", f"{i:05}.conf")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w", errors="surrogateescape", newline="").write(text)
        names.append(path)
        first[path] = origin
    code, out, errors = fmt(*names, errors="replace", encoding="utf-8")
    ok(code in (0, 78) and "fault of tailrace" not in errors, f"{len(names)} texts are formatted or refused")
    changed = out.splitlines()
    ok(len(changed) > 150, f"{len(changed)} of them were written")
    code, out, errors = fmt(*names, errors="replace", encoding="utf-8")
    again = [first[n] for n in out.splitlines()]
    ok(not again, f"and a second time none {again[:5]}")

def ours():
    paths = sorted(glob.glob(os.path.join(ROOT, "examples/**/*.conf"), recursive=True) + glob.glob(os.path.join(ROOT, "deploy/**/*.conf"), recursive=True))
    ok(len(paths) > 8 and fmt("--check", *paths) == (0, "", ""), f"the {len(paths)} configurations of the project are formatted")

ours()
with Folder() as folder:
    in_place(folder)
    folders(folder)
    input_to_output(folder)
    looks(folder)
    refusals(folder)
    full_disk(folder)
    sweep(folder)
finish()
