#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line: exit codes, help, complaints, what runs beside what is wrong, signals, the log as
JSON. quick: yes, sanitizers: no"""
from support import *
import pty, re, select, termios

NOBODY = 65534

def run(folder, *arguments, stdin="", environment=None, user=None):
    """(exit code, stdout, stderr) of a program that ends by itself."""
    program = PROGRAM
    if user:  # who may not be able to reach the build folder
        program = shutil.copy(PROGRAM, folder.file("program"))
        os.chmod(program, 0o755)
    command = [program, *arguments]
    if not arguments or arguments[0] not in ("docs", "health", "tap", "top"):
        command += ["--path.data", folder.file("data"), "--path.settings", folder.file("settings"), "--api.enabled", "false"]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, user=user,
                          env=dict(os.environ, **(environment or {})))
    return done.returncode, done.stdout, done.stderr

def said(result, code, what, out="", errors=""):
    """`out` and `errors` must each be somewhere in what was said."""
    good = result[0] == code and out in result[1] and errors in result[2]
    if not ok(good, what):
        print(f"  exit code {result[0]}, not {code}; stdout: {result[1]!r}\n  stderr: {result[2]}")

def exit_codes(folder):
    said(run(folder, "-e", "input { generator { count => 2 } } output { null { } }"), 0, "0 when the inputs have ended")
    result = run(folder, "-e", "", stdin="hello\n")
    said(result, 0, "-e '' reads stdin and writes stdout", '"message" => "hello"')
    ok("warning" not in result[2], "without a warning")
    said(run(folder, "-t", "-e", "input { stdin { } }"), 0, "-t of a good one", "Configuration OK\n")
    said(run(folder, "-t", "-e", "input { stdn { } }"), 78, "-t of a wrong one", errors="did you mean `stdin`?")
    said(run(folder, "-e", "input { stdn { } }"), 78, "78: wrong configuration", errors="there is no input `stdn`")
    good = folder.write("good.conf", "input { stdin { } }\noutput { stdout { } }\n")
    said(run(folder, "check", good), 0, "check of a good file", "Configuration OK\n")
    wrong = folder.write("wrong.conf", "input { stdin { } }\nfilter { mutate { renam => { } } }\noutput { stdout { } }\n")
    result = run(folder, "check", wrong)
    said(result, 78, "check of a wrong file", errors="wrong.conf:2:19")
    ok("did you mean `rename`?" in result[2] and result[1] == "", "says the place and the remedy, and nothing else")
    said(run(folder, "check", good, wrong), 78, "check of both")
    said(run(folder, "explain", good), 0, "explain prints the program", "INPUT  stdin")
    said(run(folder), 78, "nothing to run", errors="nothing to run: give a configuration with -f PATH or -e TEXT")
    said(run(folder, "-f", "/nowhere/x.conf"), 78, "no such file", errors="no file is found for /nowhere/x.conf")
    said(run(folder, "-f", good, "-e", "x"), 78, "-f and -e together", errors="exclude each other")
    if os.getuid() == 0:
        os.chmod(folder.path, 0o755)
        os.chmod(good, 0o600)
        said(run(folder, "check", good, user=NOBODY), 78, "a file that may not be read", errors="good.conf: Permission denied")
        os.chmod(good, 0o644)
    os.makedirs(folder.file("empty"))
    said(run(folder, "-f", folder.file("empty")), 78, "an empty folder", errors="no file is found")

def usage(folder):
    version = run(folder, "--version")
    ok(version[0] == 0 and version[1].startswith("tailrace ") and version[1].count("\n") == 1, "--version")
    ok(run(folder, "-V") == version, "-V")
    helps = {c: run(folder, *c.split()) for c in ("--help", "-h", "check --help", "explain --help", "docs --help", "health --help", "tap --help", "top --help")}
    ok(all(r[0] == 0 and "Usage: tailrace" in r[1] and not r[2] for r in helps.values()), "--help of every command")
    ok(all(f"\n  {c} " in helps["--help"][1] for c in ("run", "check", "explain", "docs", "health", "tap", "top")), "--help lists the commands")
    ok("--where" in helps["tap --help"][1] and "--once" in helps["top --help"][1] and not any("--pipeline.workers" in helps[c][1] or "--compat" in helps[c][1] for c in ("tap --help", "top --help")), "tap and top list their own flags")
    ok("78 wrong configuration" in helps["--help"][1], "--help says the exit codes")
    ok(max(len(line) for r in helps.values() for line in r[1].splitlines()) <= 100, "no line of it is wider than 100 columns")
    said(run(folder, "--pipeline.wrokers", "3"), 2, "2: an unknown flag", errors="did you mean `--pipeline.workers`?")
    result = run(folder, "--pipeline.wrokers", "3")
    ok(result[2].count("error:") == 1, "and one complaint for it")
    done = subprocess.run([PROGRAM, "-w"], capture_output=True, text=True)
    said((done.returncode, done.stdout, done.stderr), 2, "a flag without its value", errors="the option needs a value")
    said(run(folder, "chek", "x.conf"), 2, "an unknown command", errors="did you mean `tailrace check`?")
    said(run(folder, "-S", "x"), 2, "-S without =", errors="expected KEY=VALUE")
    said(run(folder, "-S", "pipeline.wrokers=1", "-e", ""), 78, "an unknown setting", errors="did you mean `pipeline.workers`?")
    said(run(folder, "-w", "0", "-e", ""), 78, "no workers", errors="from 1 to 256")
    said(run(folder, "-w257", "-e", ""), 78, "too many workers", errors="from 1 to 256")
    said(run(folder, "-e", "", environment={"PIPELINE_WORKERS": "many"}), 78, "a wrong environment variable", errors="environment PIPELINE_WORKERS:1:1")
    said(run(folder, "-w", "1", "-e", "", environment={"PIPELINE_WORKERS": "999"}), 0, "the command line wins over the environment")
    said(run(folder, "docs"), 0, "docs lists the plugins", "Filters\n")
    said(run(folder, "docs", "grok"), 0, "docs of a plugin", "patterns_dir")
    said(run(folder, "docs", "settings"), 0, "docs of the settings", "pipeline.workers")
    said(run(folder, "docs", "gork"), 2, "docs of an unknown plugin", errors="did you mean grok")
    said(run(folder, "docs", "opcodes"), 0, "docs of the opcodes")
    code, out, errors = run(folder, "docs", "patterns")
    ok(code == 0 and not errors and len(re.findall(r"(?m)^  [A-Z0-9_]+$", out)) == 361, "docs of grok's patterns: 361 names")
    ok("\nfirewalls - Firewalls: NetScreen" in out and "\n  _" not in out, "in groups, and no part that is none's")
    ok(max(len(line) for line in out.splitlines()) <= 110, "no line is wider than 110 columns")
    said(run(folder, "docs", "SYSLOGPROG"), 0, "docs of a pattern", "    ecs-v1     [process][name], [process][pid]:int\n")
    said(run(folder, "docs", "ZEEK_BOOL"), 0, "docs of a pattern of one set", "(not in the legacy set)")
    said(run(folder, "docs", "COMBINEDAPACHLOG"), 2, "docs of a mistyped pattern", errors="did you mean COMBINEDAPACHELOG")

def editors(folder):
    """check --format json."""
    wrong = folder.write("editor/wrong.conf", "input { stdin { } }\nfilter { mutate { renam => { } } drp { } }\noutput { stdout { } }\n")
    code, out, errors = run(folder, "check", "--format", "json", wrong)
    ok(code == 78 and errors == "", "check --format json of a wrong file: 78, nothing on standard error")
    found = [json.loads(line) for line in out.splitlines()]
    ok([(m["line"], m["column"], m["end_line"], m["end_column"]) for m in found] == [(2, 19, 2, 24), (2, 34, 2, 37)], "a line for each message, with its span")
    ok(all(m["file"] == wrong and m["severity"] == "error" for m in found), "file and severity")
    ok(found[0]["hint"] == "did you mean `rename`?" and "`renam`" in found[0]["message"], "message and hint")
    ok(run(folder, "check", "--format=json", folder.write("editor/good.conf", "input { stdin { } } output { null { } }")) == (0, "", ""), "nothing for a good file")
    said(run(folder, "check", "--format", "xml", wrong), 2, "another format is refused", errors="expected text or json")
    said(run(folder, "--format", "json", "-e", ""), 2, "and the flag is check's alone", errors="unknown option")
    said(run(folder, "check", "--compt", "x"), 2, "a flag of check that is mistyped", errors="did you mean `--compat`?")

COMPAT_LOGSTASH = """pipeline.workers: 2
pipeline.batch.size: 250
xpack.monitoring.enabled: false
pipeline.plugin_classloaders: true
pipeline.bacth.size: 3
"""
COMPAT_PIPELINES = """- pipeline.id: main
  path.config: "/etc/logstash/conf.d/*.conf"
- pipeline.id: disk
  queue.type: persisted
  config.string: "input { stdin { codec => json { charset => 'UTF-8' } } } output { null { } }"
- pipeline.id: lost
  path.config: "/etc/logstash/lost/*.conf"
"""
COMPAT_CONF = """input { rabbitmq { host => "x" } stdin { } }
filter {
  grok { match => { "message" => "%{NOSUCH:a}" } timeout_millis => 100 }
  if [a] == "b" { mutate { renam => { } lowercase => ["x"] } }
}
output { tcp { host => "127.0.0.1" port => 1 } }
"""

def compat(folder):
    """check --compat: every line of a folder that has one of each kind."""
    place = folder.file("compat")
    folder.write("compat/logstash.yml", COMPAT_LOGSTASH)
    folder.write("compat/pipelines.yml", COMPAT_PIPELINES)
    folder.write("compat/conf.d/a.conf", COMPAT_CONF)
    code, out, errors = run(folder, "check", "--compat", place)
    ok(code == 78 and errors == "", "what is refused makes 78, and all is on standard output")
    lines = [" ".join(line.replace(place + "/", "").split()) for line in out.splitlines()]
    for expected in ("exact logstash.yml:2: pipeline.batch.size",
                     "different logstash.yml:1: pipeline.workers: each worker reads, filters and writes by itself",
                     "different logstash.yml:3: xpack.monitoring.enabled: accepted, without effect here",
                     "different logstash.yml:4: pipeline.plugin_classloaders: JVM only: without effect here.",
                     "refused logstash.yml:5: pipeline.bacth.size: there is no setting `pipeline.bacth.size` (did you mean `pipeline.batch.size`?)",
                     "pipeline main", "pipeline disk", "pipeline lost",
                     "refused conf.d/a.conf:1: input rabbitmq: there is no input `rabbitmq` (Logstash has it, this version has not)",
                     "exact conf.d/a.conf:1: input stdin", "exact conf.d/a.conf:3: filter grok",
                     "refused conf.d/a.conf:3: filter grok, match: grok pattern `NOSUCH` is not defined",
                     "different conf.d/a.conf:3: filter grok, timeout_millis: an attempt has 10 ms at most, however large this is",
                     "refused conf.d/a.conf:4: filter mutate, renam: filter `mutate` has no option `renam` (did you mean `rename`?)",
                     "exact conf.d/a.conf:4: filter mutate, lowercase",
                     "different conf.d/a.conf:6: output tcp: a server without clients drops records, counted",
                     "exact pipelines.yml:4: queue.type",
                     "exact config.string of disk:1: codec json", "exact config.string of disk:1: codec json, charset",
                     "settings 8 exact, 3 different, 1 refused", "plugins 6 exact, 1 different, 1 refused",
                     "options 4 exact, 1 different, 2 refused", "other complaints 0 exact, 0 different, 1 refused"):
        ok(lines.count(expected) == 1, f"compat says once: {expected}") or print(out)
    ok(any(line.startswith("refused no file is found for /etc/logstash/lost/*.conf") for line in lines), "a pipeline without its files")
    folder.write("plain/conf.d/a.conf", "input { stdin { } } filter { drop { } } output { stdout { } }")
    code, out, errors = run(folder, "check", "--compat", folder.file("plain") + "/")
    ok(code == 0 and "(none: every setting is the default)" in out, "a folder of conf.d alone: 0")
    ok("plugins           3 exact, 0 different, 0 refused" in out, "with its plugins counted")
    said(run(folder, "check", "--compat", folder.file("nowhere")), 78, "no such folder", "no pipeline is found in " + folder.file("nowhere"))

def at_terminal(command, environment, prompt, answer):
    """(all that a terminal showed, exit code) of a program that asks once: answered when it has asked."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, dict(os.environ, **environment))
    shown, deadline, answered = b"", time.monotonic() + 30, False
    while time.monotonic() < deadline and select.select([terminal], [], [], 30)[0]:
        try:
            got = os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if not got:
            break
        shown += got
        # the prompt is written before echo is turned off: answer once the terminal says it is
        while prompt in shown and not answered and time.monotonic() < deadline:
            if not termios.tcgetattr(terminal)[3] & termios.ECHO:
                os.write(terminal, answer)
                answered = True
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def keystore(folder):
    """keystore create, add, list, remove; ${NAME} from it; what is wrong with the file or the password."""
    place, secret = folder.file("settings"), "s3cret-Value"
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, "tailrace.keystore")
    password = {"TAILRACE_KEYSTORE_PASS": "open sesame", "LOGSTASH_KEYSTORE_PASS": "not this"}
    output = 'input { generator { count => 1 } } output { stdout { codec => line { format => "%s" } } }'
    said(run(folder, "keystore"), 2, "keystore alone is wrong usage", errors="create, add NAME..., list or remove NAME...")
    said(run(folder, "keystore", "add"), 2, "so is add without names", errors="create, add NAME")
    said(run(folder, "keystore", "add", "A", stdin="x\n"), 1, "add without a keystore", errors="make it with `tailrace keystore create`")
    said(run(folder, "keystore", "create", environment=password), 0, "keystore create", "Created " + path)
    ok(os.stat(path).st_mode & 0o777 == 0o600, "its mode is 0600")
    said(run(folder, "keystore", "create", environment=password), 1, "a second create changes nothing", errors="is there already")
    result = run(folder, "keystore", "add", "--stdin", "MY_SECRET", "other.name", stdin=secret + "\nport\n", environment=password)
    ok(result == (0, "Added MY_SECRET\nAdded other.name\n", ""), "add reads a line for each name, and prints no value")
    ok(run(folder, "keystore", "list", environment=password) == (0, "my_secret\nother.name\n", ""), "list prints the names alone")
    raw = open(path, "rb").read()
    ok(secret.encode() not in raw and b"my_secret" not in raw, "neither names nor values can be read in the file")
    said(run(folder, "-e", output % "<${MY_SECRET}>", environment=dict(password, MY_SECRET="of the environment")), 0, "${NAME} is looked for there first", f"<{secret}>")
    said(run(folder, "-e", output % "<${HERE}>", environment=dict(password, HERE="environment")), 0, "then in the environment", "<environment>")
    said(run(folder, "-e", output % "x", environment={"LOGSTASH_KEYSTORE_PASS": "open sesame"}), 0, "LOGSTASH_KEYSTORE_PASS is taken too", "x")
    result = run(folder, "-e", "input { tcp { port => '${MY_SECRET}' } } output { null { } }", environment=password)
    said(result, 78, "a secret in a wrong place", errors="not `***`")
    ok(secret not in result[1] + result[2], "is not quoted")
    said(run(folder, "-e", output % "x"), 78, "a start without the password", errors="set TAILRACE_KEYSTORE_PASS")
    said(run(folder, "keystore", "list", environment={"TAILRACE_KEYSTORE_PASS": "wrong"}), 1, "a wrong password", errors="the password is wrong, or the file is damaged")
    open(path, "wb").write(raw[:-1])
    said(run(folder, "keystore", "list", environment=password), 1, "a file that is cut", errors="the password is wrong, or the file is damaged")
    open(path, "wb").write(b"")
    said(run(folder, "keystore", "list", environment=password), 1, "an empty file", errors="it is no keystore of Tailrace")
    open(path, "wb").write(raw)
    result = run(folder, "keystore", "add", "my_secret", stdin="new-one\n", environment=password)
    ok(result == (0, "Replaced my_secret\n", ""), "add replaces, whatever the case")
    said(run(folder, "keystore", "add", "1x", stdin="v\n", environment=password), 1, "a name that ${NAME} cannot have", errors="begins with no digit")
    said(run(folder, "keystore", "add", "x", environment=password), 1, "no value", errors="no value for `x`: nothing is changed")
    said(run(folder, "keystore", "remove", "nobody", environment=password), 1, "remove of what is not there", errors="the keystore has no `nobody`")
    said(run(folder, "keystore", "remove", "MY_SECRET", environment=password), 0, "remove")
    ok(run(folder, "keystore", "list", environment=password)[1] == "other.name\n", "leaves the others")
    shown, code = at_terminal([PROGRAM, "keystore", "add", "TYPED", "--path.settings", place], password, b"Value of TYPED (not shown): ", b"typed-secret\n")
    ok(code == 0 and b"Added TYPED" in shown, "add asks at a terminal")
    ok(b"typed-secret" not in shown, "and what is typed is not echoed")
    said(run(folder, "-e", output % "<${TYPED}>", environment=password), 0, "what was typed is the secret", "<typed-secret>")
    os.remove(path)
    said(run(folder, "keystore", "create"), 0, "without a password", errors="the keystore has no password")
    run(folder, "keystore", "add", "TOKEN", stdin="abc\n")
    folder.write("settings/logstash.yml", 'node.name: "n-${TOKEN}"\nconfig.string: "%s"\n' % (output % "<${TOKEN}>").replace('"', '\\"'))
    said(run(folder), 0, "settings files and their texts have it too", "<abc>")
    os.remove(os.path.join(place, "logstash.yml"))
    os.remove(path)

def settings_files(folder):
    place = folder.file("of-settings")
    config = folder.write("of-settings/a.conf", 'input { generator { count => 1 } } output { stdout { codec => line { format => "%{message} ran" } } }')
    folder.write("of-settings/pipelines.yml", "- pipeline.id: a\n  path.config: ${A_CONF}\n  pipeline.workers: ${A_WORKERS:1}\n")
    arguments = ["--path.settings", place, "--path.data", folder.file("data"), "--api.enabled", "false"]
    environment = dict(os.environ, A_CONF=config)
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment, timeout=30)
    said((done.returncode, done.stdout, done.stderr), 0, "pipelines.yml with ${NAME} and ${NAME:default}", " ran\n")
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30)
    said((done.returncode, done.stdout, done.stderr), 78, "a ${NAME} that is not set", errors="A_CONF")
    for name, text, words in (("logstash.yml", "pipeline:\n  wrokers: 2\n", "did you mean `pipeline.workers`?"),
                              ("logstash.yml", "pipeline.workers: [\n", "logstash.yml:"),
                              ("logstash.yml", "queue.type: persisted\nqueue.max_bytes: 1mb\n", "is more than queue.max_bytes"),
                              ("pipelines.yml", "- path.config: x\n", "a pipeline needs `pipeline.id`"),
                              ("pipelines.yml", "a: b\n", "expected a list of pipelines"),
                              ("pipelines.yml", f"- pipeline.id: a\n  path.config: {config}\n- pipeline.id: a\n  path.config: {config}\n", "two pipelines have the id `a`")):
        folder.write("of-wrong/" + name, text)
        done = subprocess.run([PROGRAM, "--path.settings", folder.file("of-wrong"), *arguments[2:]], capture_output=True, text=True, timeout=30)
        said((done.returncode, done.stdout, done.stderr), 78, f"{name}: {words}", errors=words)
        os.unlink(folder.file("of-wrong", name))
    folder.write("of-foreign/logstash.yml", "xpack.monitoring.enabled: false\npath.plugins: []\nslowlog.threshold.warn: 2s\n")
    done = subprocess.run([PROGRAM, "--path.settings", folder.file("of-foreign"), *arguments[2:], "-e", ""], input="", capture_output=True, text=True, timeout=30)
    said((done.returncode, done.stdout, done.stderr), 0, "logstash.yml with settings that have no effect here")

STDIN_FOREVER = 'input { tcp { port => %d host => "127.0.0.1" } } output { null { } }'

def side_by_side(folder):
    port = free_port()
    with Tailrace(folder, STDIN_FOREVER % port, name="first") as first:
        ok(run(folder, "-e", "")[0] == 0, "another data folder is fine")
        done = subprocess.run([PROGRAM, "-e", "", "--path.data", folder.file("first.data"), "--path.settings", folder.file("settings"),
                               "--api.enabled", "false"], input="", capture_output=True, text=True, timeout=30)
        said((done.returncode, done.stdout, done.stderr), 1, "a data folder in use", errors="another instance is using path.data")
        said(run(folder, "-e", STDIN_FOREVER % port), 1, "1: a port in use", errors=f"port {port}: address already in use (net.listen)")
        done = subprocess.run([PROGRAM, "health", "--api.http.port", str(first.api)], capture_output=True, text=True, timeout=30)
        said((done.returncode, done.stdout, done.stderr), 0, "health of a running instance", "ok\n")
        ok(first.stop() == 0, "SIGTERM: ends with 0")
    secret = ["-S", "api.auth.type=basic", "-S", "api.auth.basic.username=ops", "-S", "api.auth.basic.password=s3cret"]
    with Tailrace(folder, STDIN_FOREVER % port, secret, name="locked", wait_ready=False) as locked:
        wait(lambda: can_connect(locked.api), 20, "the API")
        health = ["health", "--api.http.port", str(locked.api)]
        wait(lambda: "(ready)" in locked.log(), 20, "ready")
        said(run(folder, *health), 1, "health without the password", errors="status 401")
        said(run(folder, *health, *secret), 0, "health with it", "ok\n")
    said(run(folder, "health", "--api.http.port", str(first.api)), 1, "health of none", errors="Connection refused")
    twice = STDIN_FOREVER % port + "input { tcp { port => %d host => \"127.0.0.1\" } }" % port
    said(run(folder, "-e", twice), 78, "two inputs on one port", errors=f"two inputs listen on port {port}")
    # three pipelines: a wrong one, one whose port is taken, one that is well
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken, other = holder.getsockname()[1], free_port()
        folder.write("three/pipelines.yml", "".join(f"- pipeline.id: {n}\n  path.config: {folder.file('three', n)}.conf\n" for n in ("wrong", "taken", "well")))
        folder.write("three/wrong.conf", "input { stdn { } }")
        folder.write("three/taken.conf", STDIN_FOREVER % taken)
        folder.write("three/well.conf", 'input { tcp { port => %d host => "127.0.0.1" } } output { file { path => "%s" codec => line { format => "%%{message}" } } }' % (other, folder.file("well.out")))
        with Tailrace(folder, arguments=["--path.settings", folder.file("three")], name="three", wait_ready=False) as three:
            wait(lambda: "(ready)" in three.log(), 20, "the report")
            if not ok("ready: 1 of 3 pipelines running" in three.log(), "one of three pipelines runs"):
                print(three.log())
            ok("there is no input `stdn`" in three.log() and f"port {taken}: address already in use" in three.log(), "the log says why the two others do not")
            wait(lambda: can_connect(three.api), 20, "the API")
            ok(not three.is_ready(), "/ready says no")
            done = subprocess.run([PROGRAM, "health", "--api.http.port", str(three.api)], capture_output=True, text=True, timeout=30)
            said((done.returncode, done.stdout, done.stderr), 1, "health says no", errors="_health_report")
            send(other, b"still here\n")
            wait(lambda: lines_of(folder.file("well.out")) == [b"still here"], 20, "an event of the one that is well")
            if not ok(three.stop() == 1, "at its end the exit code tells: 1, a pipeline failed"):
                print(three.process.returncode, three.log())
    os.unlink(folder.file("three/taken.conf"))
    folder.write("three/taken.conf", STDIN_FOREVER % taken)
    with Tailrace(folder, arguments=["--path.settings", folder.file("three")], name="two", wait_ready=False) as two:
        wait(lambda: "ready: 2 of 3 pipelines running" in two.log(), 20, "the two others ready")
        ok(two.stop() == 78, "with only a wrong one beside: 78")

def signals(folder):
    """An output that takes nothing: the first SIGTERM drains and waits, the second forces."""
    port, sink = free_port(), free_port()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", sink))
        deaf.listen()
        config = 'input { tcp { port => %d host => "127.0.0.1" } } output { tcp { host => "127.0.0.1" port => %d } }' % (port, sink)
        with Tailrace(folder, config, name="stuck") as stuck:
            line = b"x" * 999 + b"\n"
            with socket.create_connection(("127.0.0.1", port)) as sender:
                sender.settimeout(1)
                try:
                    for _ in range(30000):
                        sender.sendall(line)
                except OSError:
                    pass  # it took what it can hold
                wait(lambda: stuck.books()["in_flight"] > 0, 20, "events in flight")
                stuck.process.send_signal(signal.SIGTERM)
                wait(lambda: "(stop.signal)" in stuck.log(), 20, "the first SIGTERM noticed")
                wait(lambda: "(stop.waiting)" in stuck.log(), 20, "the report of what it waits for")
                ok("held up by output tcp" in stuck.log(), "it names the output")
                ok(stuck.process.poll() is None, "it waits")
                stuck.process.send_signal(signal.SIGTERM)
                ok(stuck.process.wait(20) == 1, "the second SIGTERM forces: 1")
                ok("SIGTERM again: ending at once" in stuck.log() and "(stop.left)" in stuck.log(), "and says so, and what is left")
        with Tailrace(folder, config, ["--shutdown.timeout", "1s"], name="limited") as limited:
            with socket.create_connection(("127.0.0.1", port)) as sender:
                sender.settimeout(1)
                try:
                    for _ in range(30000):
                        sender.sendall(line)
                except OSError:
                    pass
                wait(lambda: limited.books()["in_flight"] > 0, 20, "events in flight")
                ok(limited.stop() == 0, "shutdown.timeout ends it with 0")
                ok("events were not delivered" in limited.log(), "and says how many events were lost")
    with Tailrace(folder, STDIN_FOREVER % port, name="interrupted") as interrupted:
        interrupted.process.send_signal(signal.SIGINT)
        ok(interrupted.process.wait(20) == 0, "SIGINT ends with 0")
    with Tailrace(folder, STDIN_FOREVER % port, ["--log.format", "json"], name="json", level="debug") as logged:
        send(port, b"x\n")
        wait(lambda: logged.metric("tailrace_events_total", state="delivered") == 1, 20, "an event")
        ok(logged.stop() == 0, "with --log.format json too")
        lines = [json.loads(line) for line in logged.log().splitlines()]
        ok(lines and all({"timestamp", "level", "code", "message"} <= set(line) for line in lines), f"each of {len(lines)} log lines is a JSON object")
        ok({"ready", "stop.signal"} <= {line["code"] for line in lines}, "with stable codes")

with Folder() as folder:
    exit_codes(folder)
    usage(folder)
    editors(folder)
    compat(folder)
    keystore(folder)
    settings_files(folder)
    side_by_side(folder)
    signals(folder)
finish()
