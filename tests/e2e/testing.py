#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tailrace test`: the tests of examples/ pass and reach everything; each flag and exit code; nothing is
opened but the files that are named. quick: yes"""
from support import *
import xml.etree.ElementTree as xml

EXAMPLES = os.path.join(ROOT, "examples")

def run(*arguments, cwd=None, environment=None, prefix=()):
    done = subprocess.run([*prefix, PROGRAM, "test", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, **(environment or {})))
    return done.returncode, done.stdout, done.stderr

def examples():
    code, out, errors = run(EXAMPLES, "--coverage-min", "100")
    if not ok(code == 0 and not errors, "the tests of examples/ pass"):
        print(out, errors)
    tested = {line.split(": ")[0].split()[-1].rsplit(":", 1)[0] for line in out.splitlines() if line.startswith("ok ")}
    ok(len(tested) >= 4, f"{len(tested)} examples have tests")
    ok(out.count("\nok ") + out.startswith("ok ") == int(out.splitlines()[-1].split()[0]), "one line a test, counts last")

def broken_example(folder):
    """A change of the configuration that its tests must see."""
    shutil.copytree(os.path.join(EXAMPLES, "levels"), folder.file("levels"))
    path = folder.file("levels", "levels.conf")
    text = open(path).read()
    open(path, "w").write(text.replace("level >= WARN", "level >= ERROR"))
    code, out, _ = run(cwd=folder.file("levels"))
    ok(code == 1 and "expected:  file, tcp\n          got:       file\n" in out, "a wrong route is seen: 1")
    open(path, "w").write(text.replace("drop", "drpo").replace("mutate", "mutat"))
    code, out, errors = run(cwd=folder.file("levels"))
    ok(code == 78 and "did you mean `mutate`?" in errors and "BROKEN" in out, "a wrong configuration: 78, with its place")
    ok(errors.count("there is no filter") == 1, "said once, however many tests need it")

def outputs_of_ci(folder):
    folder.write("a.conf", "filter { [b1] = [a] + 1 }\n")
    folder.write("a.test.conf", 'test "good" { input => { "a" => 1 } expect => { "b1" => 2 } }\n'
                                'test "bad <&\\"" { input => { "a" => 1 } expect => { "b1" => "<2>" } }\n')
    code, out, _ = run("--format", "json", "--junit", "report.xml", cwd=folder.path)
    lines = [json.loads(line) for line in out.splitlines()]
    ok(code == 1 and [l.get("result") for l in lines] == ["passed", "failed", None], "JSON: one object a test, then the sum")
    ok(lines[1]["problems"] == [{"event": 1, "subject": "[b1]", "expected": "<2>", "got": 2}], "with what differs as JSON")
    ok(lines[2]["failed"] == 1 and lines[2]["coverage"]["filters"] == {"reached": 1, "all": 1}, "and what was reached")
    suite = xml.parse(folder.file("report.xml")).getroot()[0]
    ok(suite.get("tests") == "2" and suite.get("failures") == "1", "JUnit's XML has the counts")
    ok(suite[1].get("name") == 'bad <&"' and suite[1][0].tag == "failure" and '"<2>"' in suite[1][0].text, "and the difference")
    ok(run("--filter", "good", cwd=folder.path)[0] == 0, "--filter: 0 when what is left passes")
    ok(run("--filter", "nothing like it", cwd=folder.path)[0] == 2, "--filter: 2 when nothing is left")
    ok(run("--nonsense")[0] == 2, "an unknown flag: 2")
    ok(run("--help")[0] == 0 and "--coverage-min" in run("--help")[1], "--help lists its flags")

NOBODY = 65534

def unreadable(folder):
    if os.getuid():
        return
    program = shutil.copy(PROGRAM, folder.file("program"))  # nobody may not reach the build folder
    os.chmod(program, 0o755)
    os.chmod(folder.path, 0o755)
    os.makedirs(folder.file("closed"), mode=0o700)
    done = subprocess.run([program, "test", folder.file("closed")], capture_output=True, text=True, user=NOBODY, timeout=60)
    ok(done.returncode == 78 and "error: cannot read the folder " in done.stderr and ": Permission denied" in done.stderr,
       "a folder that may not be read: 78")

def secrets(folder):
    """A secret of the keystore is used and not printed."""
    settings = folder.file("settings")
    os.makedirs(settings)
    environment = {"TAILRACE_KEYSTORE_PASS": "pass"}
    for command, stdin in ((["create"], ""), (["add", "TOKEN"], "sesame-open\n")):
        subprocess.run([PROGRAM, "keystore", *command, "--path.settings", settings], input=stdin, text=True, check=True,
                       capture_output=True, env=dict(os.environ, **environment))
    folder.write("s.conf", 'filter { [token] = "${TOKEN}" }\n')
    folder.write("s.test.conf", 'test "secret" { input => { } expect => { "token" => "x" } }\n')
    code, out, errors = run("--path.settings", settings, cwd=folder.path, environment=environment)
    ok(code == 1 and '"***"' in out and "sesame" not in out + errors, "secrets are masked in differences")

def opens_nothing(folder):
    """Outputs of every kind, and what the program asks of the system."""
    folder.write("n.conf", 'input { tcp { port => 1 } udp { port => 2 } kafka { topics => ["x"] } }\n'
                           'output { tcp { host => "127.0.0.1" port => 3 } kafka { topic_id => "x" }\n'
                           f'  file {{ path => "{folder.file("written")}" }} stdout {{ }} null {{ }} }}\n')
    folder.write("n.test.conf", 'test "all" { input => "x" outputs => ["tcp", "kafka", "file", "stdout", "null"] }\n')
    if not shutil.which("strace") or "asan" in PROGRAM:
        code, out, errors = run("n.test.conf", cwd=folder.path)
        ok(code == 0, "outputs of every kind are only written down")
        return
    code, out, errors = run("n.test.conf", cwd=folder.path,
                            prefix=("strace", "-f", "-o", folder.file("trace"), "-e", "trace=network,open,openat,creat,clone,clone3"))
    trace = open(folder.file("trace")).read()
    if not ok(code == 0, "outputs of every kind are only written down"):
        print(out, errors)
    calls = [l for l in trace.splitlines() if any(w in l for w in ("socket(", "bind(", "connect(", "O_WRONLY", "O_RDWR", "O_CREAT", "clone"))]
    if not ok(not calls, "no socket, no file to write, no thread"):
        print("\n".join(calls))
    ok(not os.path.exists(folder.file("written")), "no file came to be")

examples()
for part in (broken_example, outputs_of_ci, unreadable, secrets, opens_nothing):
    with Folder() as folder:
        part(folder)
finish()
