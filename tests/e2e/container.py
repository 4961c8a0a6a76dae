#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container image: built from the Dockerfile, run as process 1 with a read-only root and no
capabilities, with Logstash's mounts and variables, asked for its health, stopped. Needs root, and the
packages of tests/container/packages.txt, which it installs. In `gate` too: a minute once the
base image is in the cache. waits: yes"""
import resource
from support import *

CONTAINER = os.path.join(ROOT, "tests/container")
CACHE = os.environ.get("TAILRACE_TEST_CACHE") or os.path.expanduser("~/.cache/tailrace-tests")
BASE = "docker.io/library/debian:bookworm-slim"
IMAGE = "localhost/tailrace:test"
PULL_SECONDS = 20

def run(*command, check=True, timeout=600, why=""):
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 124, "", "timed out")
    if done.returncode == 77:
        skip((done.stdout.strip() or done.stderr.strip()).split("\n")[-1])
    if check and done.returncode:
        ok(False, why or " ".join(command[:4]))
        print(done.stdout[-2000:], done.stderr[-2000:])
        finish()
    return done

def engine_settings(folder):
    """Storage and settings of our own, so that the machine's are not touched."""
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
    if limit < 0:
        limit = 65536
    tasks = min(16384, int(open("/proc/sys/kernel/pid_max").read()))
    names = {"CONTAINERS_STORAGE_CONF": '[storage]\ndriver="%s"\ngraphroot="%s"\nrunroot="%s"\n' % (
                 os.environ.get("TAILRACE_STORAGE_DRIVER", "overlay"), folder.file("store"), folder.file("run")),
             "CONTAINERS_CONF": '[containers]\ndefault_ulimits=["nofile=%d:%d","nproc=%d:%d"]\n[engine]\nruntime="runc"\n'
                                'cgroup_manager="cgroupfs"\nevents_logger="file"\n' % (limit, limit, tasks, tasks),
             "CONTAINERS_REGISTRIES_CONF": 'unqualified-search-registries=["docker.io"]\n'}
    for name, text in names.items():
        os.environ[name] = folder.write(name.lower(), text)

def base_image():
    """The public image, or where it cannot be pulled a stand-in from the cache or made anew."""
    if not os.environ.get("TAILRACE_BASE_STANDIN") and run("podman", "pull", "-q", BASE, check=False, timeout=PULL_SECONDS).returncode == 0:
        return "pulled"
    tar = os.path.join(CACHE, "debian-bookworm-slim.tar")
    if not os.path.exists(tar):
        os.makedirs(CACHE, exist_ok=True)
        run(os.path.join(CONTAINER, "base"), tar)
    made = run("podman", "import", "-q", "-c", 'CMD ["bash"]', "-c",
               "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", tar, BASE, check=False)
    if made.returncode:  # within a chroot, for one
        skip("podman cannot store an image here: " + made.stderr.strip()[-150:])
    return "a stand-in by mmdebstrap"

def inspect(what, form):
    return run("podman", "inspect", what, "--format", form).stdout.strip()

class Running:
    """A container with everything taken away that it should not need."""
    def __init__(self, name, *arguments, command=()):
        self.name = name
        run("podman", "run", "-d", "--name", name, "--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt",
            "no-new-privileges", "--memory", "128m", "--pids-limit", "64", *arguments, IMAGE, *command)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        run("podman", "rm", "-f", self.name, check=False)
    def log(self):
        done = run("podman", "logs", self.name)
        return done.stdout + done.stderr
    def healthy(self):
        return run("podman", "healthcheck", "run", self.name, check=False).returncode == 0
    def is_running(self):
        return inspect(self.name, "{{.State.Running}}") == "true"
    def wait_for(self, text):
        def seen():
            if text not in self.log():
                if not self.is_running():
                    print(self.log())
                    ok(False, f"{self.name} still runs")
                    finish()
                return False
            return True
        wait(seen, 30, f"{self.name}: {text!r} in the log")
    def stop(self):
        run("podman", "stop", "-t", "20", self.name)
        return int(inspect(self.name, "{{.State.ExitCode}}"))

def image():
    begun = time.monotonic()
    how = base_image()
    print(f"the base image is {how}: {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    run("buildah", "bud", "--isolation", "chroot", "--network", "host", "--pull=never", "--format", "docker", "-t", IMAGE, ".", timeout=1500, why="the image is built")
    ok(True, f"the image is built in {time.monotonic() - begun:.0f} s")
    base, size = int(inspect(BASE, "{{.Size}}")), int(inspect(IMAGE, "{{.Size}}"))
    # 37 MiB of it are ICU, which Debian's libxml2 (filter xml) needs, and libcurl's libraries (filter http)
    ok(size - base < 64 << 20, f"it is {size >> 20} MiB, {size - base >> 20} MiB more than its base")
    ok(inspect(IMAGE, "{{.User}}") == "10001:0", "its user is a number, not root")
    ok(inspect(IMAGE, "{{.Config.StopSignal}}") == "SIGTERM", "it is stopped by SIGTERM")
    ok("Apache-2.0" in inspect(IMAGE, '{{index .Labels "org.opencontainers.image.licenses"}}'), "its licence is a label")
    ok(json.loads(run("podman", "image", "inspect", IMAGE).stdout)[0]["Healthcheck"]["Test"] == ["CMD", "/usr/bin/tailrace", "health"], "its health check is the program's own")

def default_pipeline():
    """Nothing mounted: syslog to the container's output."""
    api, port = free_port(), free_port()
    with Running("tailrace-default", "-e", f"SYSLOG_PORT={port}", "-e", f"API_HTTP_PORT={api}") as c:
        c.wait_for("(ready)")
        ok(c.healthy(), "healthy")
        send(port, b"<13>1 2026-11-23T10:00:00Z h a - - - it works\n")
        c.wait_for('"message":"it works"')
        ok(run("podman", "exec", c.name, "/usr/bin/tailrace", "--version").stdout.startswith("tailrace "), "the program can be run beside")
        status = run("podman", "exec", c.name, "cat", "/proc/1/status").stdout
        ok("Name:\ttailrace" in status and "Uid:\t10001\t" in status, "it is process 1, as user 10001")
        ok(c.stop() == 0, "podman stop: exit code 0")
        ok("SIGTERM" in c.log(), "it drained on SIGTERM")

def mounted(folder):
    """As Logstash's image is used: a pipeline folder, settings, variables, a state volume."""
    port, api = free_port(), free_port()
    out, state = folder.file("out"), folder.file("state")
    for path in (out, state):
        os.makedirs(path)
        os.chown(path, 10001, 0)
    os.chmod(folder.path, 0o755)
    folder.write("pipeline/one.conf", 'input { tcp { port => %d host => "127.0.0.1" } } output { file { path => "/out/events.json" codec => json_lines } }' % port)
    folder.write("config/logstash.yml", "pipeline.batch.size: 250\nxpack.monitoring.enabled: false\n")
    folder.write("config/pipelines.yml", "- pipeline.id: mounted\n  path.config: /usr/share/logstash/pipeline\n")
    arguments = ["-v", folder.file("pipeline") + ":/usr/share/logstash/pipeline:ro", "-v", folder.file("config") + ":/usr/share/logstash/config:ro",
                 "-v", out + ":/out", "-v", state + ":/var/lib/tailrace", "-e", "PIPELINE_WORKERS=2", "-e", "LOG_FORMAT=json", "-e", f"API_HTTP_PORT={api}"]
    with Running("tailrace-mounted", *arguments) as c:
        c.wait_for('"code":"ready"')
        node = json.load(urllib.request.urlopen(f"http://127.0.0.1:{api}/_node/pipelines", timeout=10))["pipelines"]
        ok(node["mounted"]["workers"] == 2 and node["mounted"]["batch_size"] == 250, "PIPELINE_WORKERS and logstash.yml are in force")
        send(port, b"".join(b"line %d\n" % i for i in range(10000)))
        wait(lambda: count_lines(os.path.join(out, "events.json")) == 10000, 30, "10000 events")
        ok(c.healthy(), "healthy")
        ok(c.stop() == 0, "exit code 0")
        ok(os.path.exists(os.path.join(state, "uuid")), "its state is in the volume")
    with Running("tailrace-wrong", "-v", folder.file("config") + ":/usr/share/logstash/pipeline:ro") as c:
        wait(lambda: not c.is_running(), 30, "the end of a wrong configuration")
        ok(int(inspect(c.name, "{{.State.ExitCode}}")) == 78, "78: wrong configuration")
    folder.write("etc/pipelines.yml", '- pipeline.id: own\n  config.string: "input { stdin { } }"\n')
    with Running("tailrace-etc", "-v", folder.file("etc") + ":/etc/tailrace:ro", command=("-t",)) as c:
        wait(lambda: not c.is_running(), 30, "the end of -t")
        ok("Configuration OK" in c.log(), "/etc/tailrace is the same folder, and arguments are the program's")

if os.getuid() != 0:
    skip("needs root")
run(os.path.join(CONTAINER, "install"))
with Folder() as folder:
    engine_settings(folder)
    if run("podman", "info", check=False).returncode:
        os.environ["TAILRACE_STORAGE_DRIVER"] = "vfs"
        engine_settings(folder)
    try:
        image()
        default_pipeline()
        mounted(folder)
    finally:
        run("podman", "rmi", "-a", "-f", check=False)
        subprocess.run(["umount", folder.file("store/overlay")], capture_output=True)
finish()
