#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The input beats with shippers that others wrote: Elastic's own client of the protocol (version 2, the Go module go-lumber)
in each way that it sends, killed under it; and lumberjack-protocol of npm (version 1). long: only"""
import hashlib
from support_tls import *

PEERS = os.path.join(ROOT, "tests/beats")
CACHE = os.environ.get("TAILRACE_TEST_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "tailrace-tests")
BATCHES, SIZE = choose(20, 40, 200), 2048 # as Filebeat has it
KILLS = choose(2, 3, 10)

def made(tool, files, make):
    """A folder of the cache, made by `make(folder)`, which tells whether it could be; None: there is no such tool here."""
    if not shutil.which(tool):
        return print(f"no {tool}: its shipper is not tried")
    digest = hashlib.sha256(b"".join(open(os.path.join(PEERS, name), "rb").read() for name in files)).hexdigest()[:8]
    target = os.path.join(CACHE, f"beats-{tool}-{digest}")
    if not os.path.isdir(target):
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            folder = os.path.join(scratch, "made")
            os.mkdir(folder)
            for name in files:
                shutil.copy(os.path.join(PEERS, name), folder)
            done = make(folder)
            if done.returncode:
                return print(f"{tool} cannot fetch or build its shipper: {done.stderr[-300:]}")
            os.rename(folder, target)
    return target

def command(*arguments, **more):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=300, **more)

def config(port, out, more=""):
    return f'input {{ beats {{ port => {port} host => "127.0.0.1" {more} }} }} output {{ file {{ path => "{out}" codec => json_lines }} }}'

def numbers(out):
    return [int(json.loads(line)["message"]) for line in lines_of(out)]

def acked(process):
    """The last word of a shipper that has ended well."""
    text, errors = process.communicate(timeout=600)
    ok(process.returncode == 0, f"the shipper ends with 0 {errors[-300:]}")
    words = [line for line in text.splitlines() if line.startswith("acked")]
    return int(words[-1].split()[1]) if words else 0

def start(*arguments):
    return subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

def go_ways(folder, shipper, pki):
    cert, key = pki.certificate("go", "ca")
    sealed = f'ssl_enabled => true ssl_certificate => "{cert}" ssl_key => "{key}"'
    for name, more, authority, level, ahead in (("plain", "", "-", 0, 0), ("compressed", "", "-", 3, 0), ("ahead", "", "-", 3, 8), ("tls", sealed, pki.file("ca.pem"), 6, 4)):
        port, out = free_port(), folder.file(name + ".json")
        with Tailrace(folder, config(port, out, more), name=name) as tailrace:
            last = acked(start(shipper, f"127.0.0.1:{port}", authority, BATCHES, SIZE, level, ahead))
            ok(last == BATCHES * SIZE and numbers(out) == list(range(last)), f"go-lumber, {name}: each of {last} once and in order")
            ok("(beats.protocol)" not in tailrace.log() and tailrace.books_balance() and tailrace.stop() == 0, f"go-lumber, {name}: ends with 0")

def go_killed(folder, shipper):
    port, out = free_port(), folder.file("killed.json")
    tailrace = Tailrace(folder, config(port, out), name="killed")
    with tailrace:
        process = start(shipper, f"127.0.0.1:{port}", "-", BATCHES, SIZE, 3, 0)
        for kill in range(KILLS):
            wait(lambda: count_lines(out) > (kill + 1) * BATCHES * SIZE // (KILLS + 2), 60, "some have come")
            tailrace.kill()
            tailrace.start()
        last = acked(process)
        whole = lambda line: line.startswith(b"{") and line.endswith(b"}")
        found = [int(json.loads(line)["message"]) for line in lines_of(out) if whole(line)]
        ok(last == BATCHES * SIZE and set(found) == set(range(last)), f"go-lumber, {KILLS} kills: none of {last} acknowledged ones is missing, {len(found) - last} came twice")
        ok(tailrace.books_balance() and tailrace.stop() == 0, "go-lumber, kills: ends with 0")

def npm(folder, modules, pki):
    cert, key = pki.certificate("npm", "ca")
    port, out, total = free_port(), folder.file("npm.json"), 20500
    with Tailrace(folder, config(port, out, f'ssl_enabled => true ssl_certificate => "{cert}" ssl_key => "{key}"'), name="npm") as tailrace:
        last = acked(start("node", os.path.join(PEERS, "shipper.js"), os.path.join(modules, "node_modules/lumberjack-protocol"), port, pki.file("ca.pem"), total, 1000))
        lines = [json.loads(line) for line in lines_of(out)]
        ok(last == total and [int(line.get("line", line.get("message"))) for line in lines] == list(range(total)), f"lumberjack-protocol, one window for its connection: each of {last} once and in order")
        ok("(beats.protocol)" not in tailrace.log() and tailrace.books_balance() and tailrace.stop() == 0, "lumberjack-protocol: ends with 0")

with Folder() as folder:
    pki = Certificates(folder)
    pki.authority("ca")
    go = made("go", ["go.mod", "go.sum", "shipper.go"], lambda path: command("go", "build", "-o", "shipper", ".", cwd=path))
    if go:
        go_ways(folder, os.path.join(go, "shipper"), pki)
        go_killed(folder, os.path.join(go, "shipper"))
    modules = made("npm", ["package.json"], lambda path: command("npm", "install", "--no-audit", "--no-fund", cwd=path))
    if modules:
        npm(folder, modules, pki)
    if not go and not modules:
        skip("neither go nor npm can be had")
finish()
