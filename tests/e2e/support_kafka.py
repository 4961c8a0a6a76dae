# SPDX-License-Identifier: Apache-2.0
"""For the scripts about Kafka: a broker, its topics, records that tell on loss, doubles and changes,
and the pipeline that routes them by level."""
import random, re, zlib
from support import *

BROKER = os.path.join(ROOT, "tests/kafka/broker")
LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]

class Broker:
    """A real broker in `folder`; ends with the block."""
    def __init__(self, folder, start=True, **settings):
        self.dir = folder.file("broker")
        self.admin_path = self.run("admin-path").strip()
        self.settings = ["%s=%s" % (k.replace("_", "."), v) for k, v in settings.items()]
        self.port = 0
        if start:
            self.start()
    def run(self, *arguments, check=True, input=None):
        done = subprocess.run([BROKER, *arguments], capture_output=True, text=True, input=input)
        if done.returncode == 77:
            skip(done.stderr.strip() or done.stdout.strip())
        if check and done.returncode:
            print(done.stderr)
            ok(False, "broker " + " ".join(arguments))
            finish()
        return done.stdout
    def start(self, port=0):
        self.address = self.run("start", self.dir, str(port), *self.settings).strip()
        self.port = int(self.address.rsplit(":", 1)[1])
    def restart(self):
        self.run("restart", self.dir)
    def kill(self):
        self.run("kill", self.dir)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.run("kill", self.dir, check=False)
    def admin(self, *arguments, input=None, check=True):
        done = subprocess.run([self.admin_path, self.address, *arguments], capture_output=True, input=input)
        if check and done.returncode:
            print(done.stderr.decode(errors="replace"))
            ok(False, "kafka_admin " + " ".join(arguments))
            finish()
        return done.stdout.decode()
    def topic(self, name, partitions):
        self.admin("topic", name, str(partitions))
    def committed(self, group):
        """Sum of the group's offsets: records done, where topics begin at 0."""
        rows = [line.split("\t") for line in self.admin("offsets", group, check=False).splitlines()]
        return sum(int(row[2]) for row in rows if row[2].isdigit())
    def watch_ends(self, *topics_partitions):
        """ends() then counts these topics: (name, partitions), empty now."""
        for topic, partitions in topics_partitions:
            for partition in range(partitions):
                command = [self.admin_path, self.address, "commit", "ends", topic, str(partition), "0"]
                # refused until the broker has made the topic that it keeps offsets in
                wait(lambda: subprocess.run(command, capture_output=True).returncode == 0, 30, "a group for the ends of topics")
    def ends(self):
        """How many records the watched topics have."""
        rows = [line.split("\t") for line in self.admin("offsets", "ends", check=False).splitlines()]
        return sum(int(row[3]) for row in rows if row[3].isdigit())
    def values(self, topic, *options):
        """[(partition, value)] in order; with `-c` as a read_committed reader sees them."""
        rows = []
        for line in self.admin("consume", *options, topic).splitlines():
            partition, _, _, value = line.split("\t", 3)
            rows.append((int(partition), value.replace("\\\\", "\\")))
        return rows

def record(producer, sequence, rng):
    text = "%s %s of %d words" % (rng.choice(["request", "session", "job"]), "x" * rng.randrange(60), sequence)
    level = LEVELS[sequence * 7 % 5]
    return "p%d %d %s c%08x %s" % (producer, sequence, level, zlib.crc32(text.encode()), text)

def records(count, partitions, seed=1):
    """{partition: [line]}; every partition has a producer of its own and its sequence."""
    rng = random.Random(seed)
    return {p: [record(p, i, rng) for i in range(count // partitions)] for p in range(partitions)}

def produce(broker, topic, lines_by_partition):
    for partition, lines in lines_by_partition.items():
        broker.admin("produce", "-p", str(partition), topic, input=("\n".join(lines) + "\n").encode())

class Feeder:
    """Writes every partition's lines at a steady rate, while others break things; wait for `done`, or stop()."""
    def __init__(self, broker, topic, lines_by_partition, rate):
        self.ended, self.failed = threading.Event(), 0
        each = rate / len(lines_by_partition)
        self.threads = [threading.Thread(target=self.feed, args=(broker, topic, p, lines, each), daemon=True)
                        for p, lines in lines_by_partition.items()]
        for thread in self.threads:
            thread.start()
    def feed(self, broker, topic, partition, lines, rate):
        # -X acks=all and no limit of time: it outlives a broker that is away
        command = [broker.admin_path, broker.address, "produce", "-p", str(partition), "-X", "message.timeout.ms=0",
                   "-X", "enable.idempotence=true", topic]
        admin = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        begun, sent = time.monotonic(), 0
        while sent < len(lines) and not self.ended.wait(0.05):
            until = min(len(lines), int((time.monotonic() - begun) * rate) + 1)
            if until > sent:
                admin.stdin.write(("\n".join(lines[sent:until]) + "\n").encode())
                admin.stdin.flush()
            sent = until
        del lines[sent:]  # what was not sent does not count
        admin.stdin.close()
        self.failed += admin.wait() != 0
    def is_done(self):
        return not any(thread.is_alive() for thread in self.threads)
    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)

PIPELINE = """
input { kafka { bootstrap_servers => "%(address)s" topics => ["%(topic)s"] group_id => "%(group)s"
                auto_offset_reset => "earliest" auto_commit_interval_ms => %(commit_ms)d decorate_events => "basic" %(input)s } }
filter {
  grok { match => { "message" => "^%%{WORD:producer} %%{INT:sequence} %%{WORD:level} %%{WORD:checksum} %%{GREEDYDATA:text}$" } }
  mutate { add_field => { "partition" => "%%{[@metadata][kafka][partition]}" } }
}
output {
  if [level] in ["WARN", "ERROR", "FATAL"] {
    kafka { bootstrap_servers => "%(address)s" topic_id => "high" message_key => "%%{producer}" acks => "all" codec => json %(output)s }
  } else {
    kafka { bootstrap_servers => "%(address)s" topic_id => "low" message_key => "%%{producer}" acks => "all" codec => json %(output)s }
  }
}
"""

def pipeline(broker, topic="in", group="g", commit_ms=500, input="", output=""):
    return PIPELINE % dict(address=broker.address, topic=topic, group=group, commit_ms=commit_ms, input=input, output=output)

class Audit:
    """What came out against what went in."""
    def __init__(self, broker, sent, topics=("high", "low"), options=()):
        self.doubles = self.altered = self.unknown = self.misrouted = self.disordered = self.count = 0
        wanted = {line for lines in sent.values() for line in lines}
        seen = set()
        for topic in topics:
            last = {}
            for partition, value in broker.values(topic, *options):
                event = json.loads(value)
                self.count += 1
                line = event["message"]
                if line not in wanted:
                    self.unknown += 1
                    continue
                again = line in seen
                self.doubles += again
                seen.add(line)
                self.altered += event["checksum"] != "c%08x" % zlib.crc32(event["text"].encode()) or event["partition"] != event["producer"][1:]
                self.misrouted += (event["level"] in LEVELS[2:]) != (topic == "high")
                sequence = int(event["sequence"])
                if not again and sequence < last.get(event["producer"], -1):
                    self.disordered += 1
                last[event["producer"]] = max(sequence, last.get(event["producer"], -1))
        self.missing = len(wanted - seen)
    def say(self, doubles_max, ordered=True):
        ok(self.missing == 0, f"{self.missing} missing")
        ok(self.altered == 0 and self.unknown == 0, f"{self.altered} altered, {self.unknown} unknown")
        ok(self.misrouted == 0, f"{self.misrouted} in the wrong topic")
        if ordered:
            ok(self.disordered == 0, f"{self.disordered} out of the order of their partition")
        ok(self.doubles <= doubles_max, f"{self.doubles} doubles, at most {doubles_max}")

def group_shares(broker, group):
    """How many partitions each member of a group has, smallest first."""
    lines = broker.admin("group", group, check=False).splitlines()
    return sorted(len(re.findall(r":\d+\b", line)) for line in lines[1:])
