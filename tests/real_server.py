# SPDX-License-Identifier: Apache-2.0
"""What the scripts share that run a real server for the tests (kafka/broker, elasticsearch/node): how it is fetched
once into a cache, by Maven and a pom; the files of a folder that one runs in; ends, waited for. Nothing of any one
server."""
import contextlib, fcntl, hashlib, os, re, shutil, socket, subprocess, sys, time

INSTALL_SECONDS_MAX = 300

class Failure(Exception):
    """Its text goes to stderr, its status is the exit code: 1 failed, 2 wrong usage, 77 cannot run here."""
    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status

def skip(text):
    return Failure(text, 77)

def main(name, run):
    """`run(command, arguments)`, and what it fails with."""
    try:
        run(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:])
    except Failure as failure:
        print(f"{name}: {failure}" if failure.status != 2 else failure, file=sys.stderr)
        sys.exit(failure.status)

# --- fetching ---

def cache_root():
    home = os.path.join(os.path.expanduser("~"), ".cache", "tailrace-tests")
    return os.environ.get("TAILRACE_TEST_CACHE") or home

def digest_of(path):
    """For names in the cache: what is made of a file that has changed is not taken from an older one."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:8]

@contextlib.contextmanager
def cache_lock(name):
    """A second installer waits, and then finds the work done."""
    os.makedirs(cache_root(), exist_ok=True)
    with open(os.path.join(cache_root(), f".{name}-lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

def java_version(java):
    """0: it tells none."""
    text = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', text)
    return int(found.group(1)) if found else 0

def maven_copy(pom, target, *options):
    """The pom's dependencies into the folder `target`."""
    packages = f"tests/{os.path.basename(os.path.dirname(pom))}/packages.txt"
    maven = shutil.which("mvn")
    if not maven:
        raise skip(f"no mvn (see {packages})")
    command = [maven, "-q", "-B", "-C", "-f", pom, "dependency:copy-dependencies", *options, f"-DoutputDirectory={target}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise skip(f"mvn did not fetch what {pom} names in {INSTALL_SECONDS_MAX} s") from None
    if done.returncode:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        lines = [line[8:] for line in plain.splitlines() if line.startswith("[ERROR]")]
        raise skip(f"mvn did not fetch what {pom} names: {(lines or [f'exit {done.returncode}'])[0][:300]}")

# --- a server in a folder ---

def text_read(directory, name):
    try:
        with open(os.path.join(directory, name)) as file:
            return file.read().strip()
    except FileNotFoundError:
        raise Failure(f"{directory} has no {name}: nothing was started there") from None

def text_write(directory, name, text):
    with open(os.path.join(directory, name), "w") as file:
        file.write(text)

def is_alive(pid):
    """A zombie is not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False

def port_any():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

def until(condition, seconds):
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
