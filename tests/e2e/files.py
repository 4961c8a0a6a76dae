#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files to files: the position across restarts and kills, rotation under load, a disk that is full for
a while, read mode with gzip. Lines are numbered; every one must come, in order within its file. quick: yes"""
import glob, gzip, os, random, shutil, signal
from support import *

CONFIG = """
input { file { path => "%(logs)s/*.log" start_position => "beginning" %(sincedb)s
               stat_interval => "20 ms" discover_interval => 5 sincedb_write_interval => "50 ms" } }
output { file { path => "%(out)s" codec => line { format => "%%{message}" } } }
"""

def config(folder, out="out.txt"):
    os.makedirs(folder.file("logs"), exist_ok=True)
    return CONFIG % {"logs": folder.file("logs"), "out": folder.file(out), "sincedb": ""}

def numbers(path):
    return [int(line) for line in lines_of(path)]

def last_number(path):
    """Of the last whole line; -1: there is none."""
    whole = [line for line in lines_of(path)[-2:] if len(line) == 8]
    return int(whole[-1]) if whole else -1

def position(folder):
    """The highest that is on disk."""
    rows = [line.split() for path in glob.glob(folder.file("tailrace.data/**/.sincedb*"), recursive=True) for line in open(path)]
    return max((int(row[3]) for row in rows if len(row) > 3), default=0)

def append(path, first, count, chunk=0):
    """Numbered lines; with a chunk, cut anywhere by several writes."""
    data = b"".join(b"%08d\n" % n for n in range(first, first + count))
    with open(path, "ab", buffering=0) as f:
        for at in range(0, len(data), chunk or len(data)):
            f.write(data[at:at + (chunk or len(data))])

def restart_keeps_position():
    with Folder() as folder:
        log, out = folder.file("logs/a.log"), folder.file("out.txt")
        os.makedirs(folder.file("logs"))
        append(log, 0, 1000)
        with Tailrace(folder, config(folder)) as tailrace:
            wait(lambda: count_lines(out) == 1000, 20, "the first 1000 lines")
            ok(tailrace.stop() == 0, "stops cleanly")
            append(log, 1000, 500)
            tailrace.start()
            append(log, 1500, 500, chunk=7)
            wait(lambda: count_lines(out) >= 2000, 20, "the lines written while it was down, and after")
            tailrace.stop()
        ok(numbers(out) == list(range(2000)), "a clean restart neither loses nor repeats a line")

def kill_loses_nothing():
    rounds, step = choose(4, 12, 200), 20000
    random.seed(7)
    with Folder() as folder:
        log, out = folder.file("logs/a.log"), folder.file("out.txt")
        os.makedirs(folder.file("logs"))
        with Tailrace(folder, config(folder)) as tailrace:
            for n in range(rounds):
                append(log, n * step, step, chunk=4099)
                wanted = n * step + random.randrange(step)
                wait(lambda: last_number(out) > wanted, 20, f"lines of round {n}")
                if n % 2:  # before and after a position is written
                    wait(lambda: position(folder) >= (n * step) * 9, 20, f"the position of round {n}")
                tailrace.kill()
                tailrace.start()
            wait(lambda: lines_of(out)[-1:] == [b"%08d" % (rounds * step - 1)], 20, "the last line")
            tailrace.stop()
        # a kill may cut a line short: it stands alone, and the line comes again
        got = [int(line) for line in lines_of(out) if len(line) == 8]
        cut = [line for line in lines_of(out) if len(line) != 8]
        ok(len(cut) <= rounds and all(len(line) < 8 for line in cut), "lines cut short by a kill stand alone")
        ok(sorted(set(got)) == list(range(rounds * step)), f"{rounds} kills: no line is lost")
        backward = sum(b != a + 1 for a, b in zip(got, got[1:]))
        ok(backward <= rounds, "repeats are whole runs, one for each kill at most")
        print(f"   {len(got) - rounds * step} lines of {rounds * step} came twice")

def rotation_under_load():
    total, per_file = choose(60000, 300000, 3000000), choose(10000, 20000, 50000)
    with Folder() as folder:
        log, out = folder.file("logs/a.log"), folder.file("out.txt")
        with Tailrace(folder, config(folder)) as tailrace:
            for first in range(0, total, per_file):
                append(log, first, per_file // 2, chunk=8191)
                wait(lambda: count_lines(out) > first, 20, f"the file of line {first} is open")
                append(log, first + per_file // 2, per_file // 2, chunk=8191)
                if first % (2 * per_file):
                    os.rename(log, log + ".1")            # leaves the pattern, most of it unread
                else:
                    os.rename(log, folder.file(f"logs/old-{first}.log")) # another name in it
            wait(lambda: count_lines(out) >= total, 30, "all lines")
            ok(tailrace.stop() == 0, "stops cleanly")
        got = numbers(out)
        ok(sorted(got) == list(range(total)), f"{total} lines over {total // per_file} rotations: each exactly once")
        files = {}
        for n in got:
            files.setdefault(n // per_file, []).append(n)
        ok(all(f == sorted(f) for f in files.values()), "in order within each file")

def copytruncate():
    with Folder() as folder:
        log, out = folder.file("logs/a.log"), folder.file("out.txt")
        with Tailrace(folder, config(folder)) as tailrace:
            for n in range(5):
                append(log, n * 100, 100 - n) # always shorter than the one before
                wait(lambda: count_lines(out) == sum(100 - i for i in range(n + 1)), 20, f"copy {n}")
                shutil.copy(log, log + ".copy")
                os.truncate(log, 0)
            tailrace.stop()
        ok(numbers(out) == [n * 100 + i for n in range(5) for i in range(100 - n)], "copytruncate: each line once")

def full_disk():
    if not shutil.which("strace"):
        print("   no strace: the full disk is left out")
        return
    with Folder() as folder:
        log, out = folder.file("logs/a.log"), folder.file("out.txt")
        os.makedirs(folder.file("logs"))
        append(log, 0, 50000)
        # strace makes some of the writes to the output fail, and some short
        for error, name in (("error=ENOSPC:when=1..3", "ENOSPC"), ("error=EIO:when=2+3", "EIO"), ("error=EINTR:when=1+2", "EINTR")):
            for path in (out, folder.file("tailrace.data")):
                shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)
            prefix = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=write", "-P", out, "-e", "inject=write:" + error]
            with Tailrace(folder, config(folder), prefix=prefix) as tailrace:
                wait(lambda: count_lines(out) >= 50000, 60, f"all lines in spite of {name}")
                ok(numbers(out) == list(range(50000)), f"{name}: every line once, in order, none torn")
                # strace would only let go of it
                for child in open(f"/proc/{tailrace.process.pid}/task/{tailrace.process.pid}/children").read().split():
                    os.kill(int(child), signal.SIGKILL)

def read_mode():
    with Folder() as folder:
        os.makedirs(folder.file("logs"))
        append(folder.file("logs/b.log"), 0, 100)
        with gzip.open(folder.file("logs/c.log.gz"), "wb") as f:
            f.write(b"".join(b"%08d\n" % n for n in range(100, 100000)) + b"00100000")
        os.utime(folder.file("logs/b.log"), (1000, 1000))
        text = """
            input { file { path => "%s/*" mode => "read" exit_after_read => true stat_interval => "20 ms"
                           file_completed_action => "log_and_delete" file_completed_log_path => "%s" } }
            output { file { path => "%s" codec => line { format => "%%{message}" } } }
            """ % (folder.file("logs"), folder.file("done.txt"), folder.file("out.txt"))
        with Tailrace(folder, text, wait_ready=False) as tailrace:
            wait(lambda: tailrace.process.poll() is not None, 30, "exit_after_read ends the program")
            ok(tailrace.process.returncode == 0, "exit_after_read: exit code 0")
        ok(numbers_with_rest(folder.file("out.txt")) == list(range(100001)), "plain and gzip files, oldest first, the last line without newline too")
        ok(os.listdir(folder.file("logs")) == [], "completed files are deleted")
        ok(len(lines_of(folder.file("done.txt"))) == 2, "and logged")

def numbers_with_rest(path):
    return [int(line) for line in open(path).read().split()]

restart_keeps_position()
kill_loses_nothing()
rotation_under_load()
copytruncate()
full_disk()
read_mode()
finish()
