#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package: builds it, looks at what it holds and needs, unpacks it and runs the program as its
unit would, told READY by a socket of our own; systemd checks the unit. quick: yes"""
import re, shlex
from support import *

def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        ok(False, f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        finish()
    return done.stdout

def contents(package):
    """{path: (mode, owner)}"""
    rows = [line.split(None, 5) for line in output_of("dpkg-deb", "-c", package).splitlines()]
    return {row[5].split(" -> ")[0].lstrip("."): (row[0], row[1]) for row in rows}

def look(package):
    files = contents(package)
    for path, mode in (("/usr/bin/tailrace", "-rwxr-xr-x"), ("/usr/lib/systemd/system/tailrace.service", "-rw-r--r--"),
                       ("/etc/tailrace/tailrace.yml", "-rw-r--r--"), ("/etc/tailrace/pipelines.yml", "-rw-r--r--"),
                       ("/etc/tailrace/conf.d/", "drwxr-xr-x"), ("/usr/share/doc/tailrace/copyright", "-rw-r--r--"),
                       ("/usr/share/doc/tailrace/examples/kafka/kafka.conf", "-rw-r--r--")):
        ok(files.get(path) == (mode, "root/root"), f"{path} is {mode} of root")
    ok(not any(re.search(r"/(tests|build|\.git|demo)/", path) for path in files), "nothing of the tests and builds")
    control = dict(line.split(": ", 1) for line in output_of("dpkg-deb", "-f", package).splitlines() if ": " in line)
    version = output_of(PROGRAM, "--version").split()[1]
    ok(control["Package"] == "tailrace" and control["Version"] == version, f"it is tailrace {version}")
    needs = {part.split()[0] for part in control["Depends"].split(", ")}
    listed = set(re.sub(r"#.*", "", open(os.path.join(ROOT, "scripts/runtime-packages.txt")).read()).split())
    ok(needs - {"libc6"} == listed, "it depends on what scripts/runtime-packages.txt lists" +
       (f": differs by {sorted(needs - {'libc6'} ^ listed)}" if needs - {"libc6"} != listed else ""))
    ok(control["Maintainer"] and control["Description"], "it has a maintainer and a description")
    conffiles = subprocess.run(f"dpkg-deb --ctrl-tarfile {shlex.quote(package)} | tar -xO --wildcards '*conffiles'", shell=True,
                               capture_output=True, text=True).stdout.split()
    ok(sorted(conffiles) == ["/etc/tailrace/pipelines.yml", "/etc/tailrace/tailrace.yml"], "both settings files are conffiles")
    size = os.path.getsize(package)
    ok(size < 2 << 20, f"{size} bytes, less than 2 MiB")

def verify_unit(root):
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed: the unit is not verified")
        return
    os.makedirs(os.path.join(root, "bin"), exist_ok=True)
    shutil.copy(shutil.which("kill"), os.path.join(root, "bin/kill"))  # of another package
    # units that it orders itself after are not in this root: only its own lines count
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root}", "tailrace.service"], capture_output=True, text=True)
    own = [line for line in (done.stdout + done.stderr).splitlines() if "tailrace" in line and "Failed to" not in line]
    ok(not own, "systemd accepts the unit" + "".join("\n  " + line for line in own))

def notified(folder, root):
    """Runs as the unit says, with a NOTIFY_SOCKET: READY when its port listens, STOPPING at SIGTERM."""
    port, api = free_port(), free_port()
    settings = os.path.join(root, "etc/tailrace")
    for name in ("pipelines.yml", "tailrace.yml"):
        path = os.path.join(settings, name)
        text = open(path).read().replace("/etc/tailrace", settings)
        open(path, "w").write(text + (f"api.http.port: {api}\n" if name == "tailrace.yml" else ""))
    out = folder.file("out.log")
    with open(os.path.join(settings, "conf.d/one.conf"), "w") as f:
        f.write('input { tcp { port => %d host => "127.0.0.1" } } output { file { path => "%s" codec => line { format => "%%{message}" } } }' % (port, out))
    unit = open(os.path.join(root, "usr/lib/systemd/system/tailrace.service")).read()
    start = re.search(r"(?m)^ExecStart=(.*)$", unit).group(1)
    command = shlex.split(start.replace("/usr/bin", root + "/usr/bin").replace("/etc/tailrace", settings).replace("/var/lib/tailrace", folder.file("state")))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(folder.file("notify"))
        notify.settimeout(20)
        with open(folder.file("log"), "wb") as log:
            process = subprocess.Popen(command, env=dict(os.environ, NOTIFY_SOCKET=folder.file("notify")), stderr=log)
        try:
            ok(notify.recv(4096) == b"READY=1", "READY=1 is told")
            ok(can_connect(port), "and then it listens")
            send(port, b"before\n")
            wait(lambda: lines_of(out) == [b"before"], 20, "an event")
            os.rename(out, out + ".1")
            process.send_signal(signal.SIGHUP)  # ExecReload
            # the signal and the line race: lines until one is in the new file
            wait(lambda: send(port, b"after\n") or lines_of(out), 20, "an event in the new file after SIGHUP")
            ok(set(lines_of(out)) == {b"after"} and lines_of(out + ".1")[0] == b"before", "ExecReload reopens output files")
            process.send_signal(signal.SIGTERM)
            ok(notify.recv(4096) == b"STOPPING=1", "STOPPING=1 is told")
            ok(process.wait(20) == 0, "it ends with 0")
        finally:
            if process.poll() is None:
                process.kill()

for tool in ("cpack", "dpkg-deb", "dpkg-shlibdeps", "file"):
    if not shutil.which(tool):
        skip(f"{tool} is not installed (tests/packages.txt)")
shutil.rmtree(os.path.join(ROOT, "build/release/package"), ignore_errors=True)
output_of("cmake", "--build", "--preset", "release", "--target", "package")
packages = [f for f in os.listdir(os.path.join(ROOT, "build/release/package")) if f.endswith(".deb")]
ok(len(packages) == 1, f"one package is built: {packages}")
package = os.path.join(ROOT, "build/release/package", packages[0])
look(package)
with Folder() as folder:
    root = folder.file("root")
    output_of("dpkg-deb", "-x", package, root)
    version = subprocess.run([root + "/usr/bin/tailrace", "--version"], capture_output=True, text=True)
    ok(version.returncode == 0, "the packaged program runs")
    verify_unit(root)
    notified(folder, root)
finish()
