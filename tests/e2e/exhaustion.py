#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing left: no file descriptors (it turns senders away, says so, goes on), no memory in the budget (it pauses and
goes on), no memory at all (malloc and mmap fail from some call on: it aborts and says why, and the next start reads
again what was not delivered). TAILRACE_ROUNDS failures of malloc, at calls drawn by TAILRACE_SEED. long: only"""
import random
from support import *

ROUNDS = int(os.environ.get("TAILRACE_ROUNDS", choose(3, 5, 100)))
SEED = int(os.environ.get("TAILRACE_SEED", "5"))

# ---- descriptors ----
with Folder() as folder:
    port, out, CLIENTS = free_port(), folder.file("out.txt"), 100
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ file {{ path => "{out}" flush_interval => 0 codec => line {{ format => "%{{message}}" }} }} }}""",
                  prefix=("prlimit", "--nofile=64")) as tailrace:
        send(port, b"first\n")
        wait(lambda: count_lines(out) == 1, 10, "the first line")
        clients, alive = [], []
        for i in range(CLIENTS):
            s = socket.create_connection(("127.0.0.1", port))
            clients.append(s)
            s.settimeout(0.05)
        wait(lambda: "net.no_descriptors" in tailrace.log(), 10, "it says that no descriptor is left")
        cpu, begun = tailrace.cpu_seconds(), time.monotonic()
        wait(lambda: time.monotonic() > begun + 2, 5, "two seconds without descriptors")
        used = tailrace.cpu_seconds() - cpu
        ok(used < 0.5, f"it does not spin ({used:.2f} s of CPU in 2 s)")
        for i, s in enumerate(clients):
            try:
                if s.recv(1) == b"":
                    continue
            except TimeoutError:
                alive.append(s)
            except OSError:
                continue
        ok(0 < len(alive) < CLIENTS, f"{len(alive)} of {CLIENTS} senders are served, the others were turned away")
        for i, s in enumerate(alive):
            s.sendall(b"client %d\n" % i)
        wait(lambda: count_lines(out) >= 1 + len(alive), 10, "every line of those that are served")
        for s in clients:
            s.close()
        wait(lambda: tailrace.is_ready(), 10, "the API answers again")
        send(port, b"last\n")
        wait(lambda: b"last" in lines_of(out), 10, "a fresh line")
        ok(tailrace.metric("component_refused_connections_total") > 0, "those turned away are counted")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "without descriptors: stops with 0")

# ---- the budget refuses ----
with Folder() as folder:
    port, out, LINES = free_port(), folder.file("out.txt"), 50000
    with Tailrace(folder, f"""
        input {{ tcp {{ port => {port} host => "127.0.0.1" codec => line }} }}
        output {{ file {{ path => "{out}" codec => line {{ format => "%{{message}}" }} }} }}""",
                  ("-S", "memory.limit=1")) as tailrace:
        send(port, b"".join(b"%d %s\n" % (n, b"x" * 200) for n in range(LINES)))
        wait(lambda: count_lines(out) == LINES, 60, "all lines with a budget that is always used up")
        ok([int(l.split()[0]) for l in lines_of(out)] == list(range(LINES)), f"a budget that is always used up: {LINES} lines, each once, in order")
        ok("(memory.limit)" in tailrace.log(), "the log says so")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "used up: stops with 0")

# ---- malloc fails ----
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static atomic_long left = -1;
__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAIL_AFTER");
    if (text) left = atol(text);
}
static int fails(void)
{
    if (left < 0) return 0;
    if (left > 0 && atomic_fetch_sub(&left, 1) > 1) return 0;
    left = 0;
    errno = ENOMEM;
    return 1;
}
void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && fails()) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
"""
with Folder() as folder:
    source, shim = folder.write("shim.c", SHIM), folder.file("shim.so")
    if subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, source], capture_output=True).returncode:
        skip("no C compiler for the shim")
    LINES, out, chance = 20000, folder.file("out.txt"), random.Random(SEED)
    log = folder.file("in.log")
    config = f"""
        input {{ file {{ path => "{log}" start_position => "beginning" sincedb_write_interval => "50 ms" stat_interval => "20 ms" }} }}
        filter {{ grok {{ match => {{ "message" => "^%{{INT:n:int}} %{{GREEDYDATA:text}}$" }} }} }}
        output {{ file {{ path => "{out}" flush_interval => 0 codec => line {{ format => "%{{n}} %{{text}}" }} }} }}"""
    codes, said = {}, 0
    written = 0
    for round in range(ROUNDS):
        with open(log, "ab") as f:
            for n in range(written, written + LINES // ROUNDS):
                f.write(b"%d %s\n" % (n, b"t" * (n % 100 + 1)))
        written += LINES // ROUNDS
        after = chance.choice([chance.randrange(1, 300), chance.randrange(300, 1500)])
        with Tailrace(folder, config, name="failing", wait_ready=False,
                      environment={"LD_PRELOAD": shim, "FAIL_AFTER": str(after)}) as tailrace:
            try:
                code = tailrace.process.wait(1)
            except subprocess.TimeoutExpired:
                code = "alive"
                tailrace.kill()
            codes[code] = codes.get(code, 0) + 1
    text = open(folder.file("failing.log"), errors="replace").read()
    print(f"seed {SEED}: {ROUNDS} rounds, ends: {codes}; it said {text.count('out of memory')} times that memory is out")
    with Tailrace(folder, config, name="failing") as tailrace:
        wait(lambda: len({l.split()[0] for l in lines_of(out)}) >= written, 30, "all lines after the last start")
        wait(tailrace.books_balance, 10, "balanced books")
        ok(tailrace.stop() == 0, "healed: stops with 0")
    got = lines_of(out)
    odd = [l for l in got if len(l.split(b" ")) != 2 or l.split(b" ")[1] != b"t" * (int(l.split(b" ")[0]) % 100 + 1)]
    ok({int(l.split(b" ")[0]) for l in got if l not in odd} == set(range(written)), f"none of {written} lines is missing, {len(got) - written} doubles, {len(odd)} cut by an abort")
    ok(codes.get(-6, 0) + codes.get("alive", 0) + codes.get(1, 0) + codes.get(78, 0) == ROUNDS, f"it ends by abort, never by a fault: {codes}")
finish()
