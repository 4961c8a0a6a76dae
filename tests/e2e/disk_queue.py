#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tailrace queue: the folder of a queue listed, checked, dumped, repaired. The files are written here by the
tables of ARCHITECTURE.md, so these are checked, too. quick: yes"""
from support import *
import struct

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)

def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF

def segment(first, payloads, group=2, version=1, salt=0x1122334455667788):
    header = b"TRLS" + struct.pack("<HHQQI", version, 0, first, salt, 1024)
    header += struct.pack("<I", crc32c(header))
    out, seed = header + header, crc32c(struct.pack("<Q", salt))
    for i, payload in enumerate(payloads):
        rest = struct.pack("<IQ", len(payload) | (0x80000000 if i % group == 0 else 0), first + i) + payload
        out += struct.pack("<I", crc32c(rest, seed)) + rest
    return out

def slot(generation, synced, cursors):
    out = b"TRLC" + struct.pack("<HHQQ", 1, len(cursors), generation, synced)
    for name, done in cursors:
        out += struct.pack("<QB", done, len(name)) + name.encode().ljust(55, b"\0")
    out = out.ljust(4092, b"\0")
    return out + struct.pack("<I", crc32c(out))

LINES = [b"first line", b"tab\there", b"\xff\x00 \\", "fourth\u00e9\u009b".encode(), b"fifth", b"sixth"]

def queue(folder, name, files):
    path = folder.file(name)
    os.makedirs(path)
    for file, content in files.items():
        open(os.path.join(path, file), "wb").write(content)
    return path

def name(first):
    return f"{first:020}.seg"

def whole():
    return {name(1): segment(1, LINES[:4]), name(5): segment(5, LINES[4:]) + bytes(500),
            "checkpoint": slot(8, 6, [("elasticsearch", 4), ("file", 6)]) + slot(7, 4, [("elasticsearch", 1)])}

def run(*arguments):
    done = subprocess.run([PROGRAM, "queue", *arguments], capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()

def content(path):
    return {n: open(os.path.join(path, n), "rb").read() for n in os.listdir(path)}

def looks(folder):
    path = queue(folder, "whole", dict(whole(), **{"notes.txt": b"mine", "segment.tmp": b"half"}))
    before = content(path)
    code, out, errors = run("ls", path)
    ok(code == 0 and errors == "", f"ls of a whole queue: 0 {errors}")
    ok(f"{name(1)}" in out and f"{name(5)}          106 bytes" in out, "ls names segments, with the bytes that are in use")
    ok("reader elasticsearch: done up to 4, 2 records to go" in out and "reader file: done up to 6, 0 records to go" in out,
       "ls says how far readers are, by the newer slot")
    ok("2 segments, " in out and "last record 6" in out and "not the queue's: notes.txt" in out, "ls sums up")
    ok(run("check", path) == (0, "not the queue's: notes.txt\n6 records read, nothing is lost\n", ""), "check reads all of it")
    dumped = "1\tfirst line\n2\ttab\\x09here\n3\t\\xff\\x00 \\\\\n4\tfourth\u00e9\\xc2\\x9b\n5\tfifth\n6\tsixth\n"
    code, out, errors = run("dump", path)
    ok((code, errors) == (0, "") and out == dumped, f"dump prints number and text {out!r}")
    ok(content(path) == before, "none of them changes anything")

def damage(folder):
    files = whole()
    bad = bytearray(files[name(1)])
    bad[64 + 16 + 3] ^= 1
    files[name(1)] = bytes(bad)
    path = queue(folder, "damaged", files)
    line = f"damaged: records 1 to 1, {name(1)} at byte 64, 26 bytes\n"
    ok(run("check", path) == (1, line + "5 records read, what is lost is told above\n", ""), "check tells a damaged record")
    ok(run("dump", path)[0] == 1 and run("dump", path)[1].startswith("2\t"), "dump leaves it out and says 1")
    del files[name(1)]
    path = queue(folder, "headless", dict(files, **{name(1): b"x" * 64 + whole()[name(1)][64:]}))
    ok("header damaged: records 1 to 4" in run("check", path)[1], "check tells a damaged header")
    path = queue(folder, "missing", dict(files, checkpoint=slot(2, 9, [("a", 0)]) * 2))
    code, out, errors = run("check", path)
    ok(code == 1 and f"missing: records 7 to 9, {name(5)} at byte 106" in out, f"check tells what was synced and is gone {out}")
    ok("missing: records 7 to 9" in run("ls", path)[1] and run("ls", path)[0] == 1, "so does ls")

def repairs(folder):
    files = whole()
    files[name(5)] = segment(5, LINES[4:] + [b"torn"], group=4)[:-2] + bytes(100)
    files["segment.tmp"] = b"half"
    path = queue(folder, "torn", files)
    told = f"unfinished: record 7, {name(5)} at byte 106, 18 bytes (never acknowledged)\n"
    ok(run("check", path) == (0, told + "6 records read, nothing is lost\n", ""), "check tells an unfinished end, which is no loss")
    code, out, errors = run("repair", path)
    ok(code == 0 and "cut off: the unfinished end" in out and "removed: 1 unfinished file" in out, f"repair cuts it off {out}{errors}")
    ok(content(path) == {name(1): files[name(1)], name(5): segment(5, LINES[4:], group=4), "checkpoint": files["checkpoint"]},
       "and leaves the rest as it was")
    ok(run("repair", path) == (0, "6 records read, nothing is lost\n", ""), "a second repair finds nothing")
    os.unlink(os.path.join(path, "checkpoint"))
    code, out, errors = run("check", path)
    ok(code == 1 and "checkpoint: lost; all that is there is read again" in out, "check tells a lost checkpoint")
    ok(run("repair", path)[0] == 1 and run("check", path)[0] == 0, "repair tells it once, and makes another")

def refusals(folder):
    what = "error: what is to be done with which queue?\n"
    usage = "tailrace queue ls FOLDER, check FOLDER, dump FOLDER or repair FOLDER"
    for words in ([], ["ls"], ["eat", folder.path], ["ls", "a", "b"]):
        code, out, errors = run(*words)
        ok(code == 2 and errors.startswith(what) and usage in errors, f"wrong usage {words}")
    ok(run("ls", folder.file("nowhere")) == (1, "", f"error: no queue is in {folder.file('nowhere')}\n"), "no folder")
    os.makedirs(folder.file("empty"))
    ok(run("repair", folder.file("empty")) == (1, "", f"error: no queue is in {folder.file('empty')}\n") and
       os.listdir(folder.file("empty")) == [], "repair makes nothing of an empty folder")
    ok("cannot be read" in run("check", folder.write("file", ""))[2], "a file is no folder")
    newer = dict(whole(), **{name(5): segment(5, LINES[4:], version=3)})
    path = queue(folder, "newer", newer)
    for action in ("check", "repair"):
        code, out, errors = run(action, path)
        ok(code == 1 and f"{path}/{name(5)} is of format 3, which a newer version wrote" in errors and "use that version; nothing was changed" in errors,
           f"{action} of what a newer version wrote")
    ok(content(path) == newer, "which is left as it is")
    import fcntl
    path = queue(folder, "busy", whole())
    with open(os.path.join(path, "checkpoint")) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ok(run("check", path)[0] == 0, "check looks at a queue that is in use")
        code, out, errors = run("repair", path)
        ok(code == 1 and f"{path} is open in a running instance" in errors and
           "stop it first; `tailrace queue check` looks without stopping it" in errors, "repair does not touch it")

with Folder() as folder:
    looks(folder)
    damage(folder)
    repairs(folder)
    refusals(folder)
finish()
