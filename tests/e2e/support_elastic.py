# SPDX-License-Identifier: Apache-2.0
"""For scripts about Elasticsearch: a real node in a folder, and what is asked of it."""
from support import *

NODE = os.path.join(ROOT, "tests/elasticsearch/node")

PAUSES = "retry_initial_interval => 0.2 retry_max_interval => 2 resurrect_delay => 0.5 ilm_enabled => false"

class Node:
    """A real server in `folder`, of which tests/elasticsearch/node says what it may be; ends with the block."""
    def __init__(self, folder, *arguments):
        self.dir = folder.file("node")
        os.makedirs(self.dir)
        self.port = int(self.run("start", self.dir, *arguments).strip())
    def run(self, *arguments, check=True):
        done = subprocess.run([NODE, *arguments], capture_output=True, text=True)
        if done.returncode == 77:
            skip(done.stderr.strip() or done.stdout.strip())
        if check and done.returncode:
            print(done.stderr)
            ok(False, "node " + " ".join(arguments))
            finish()
        return done.stdout
    def kill(self):
        self.run("kill", self.dir)
    def restart(self):
        self.run("restart", self.dir)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.run("kill", self.dir, check=False)
    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return json.loads(error.read() or b"{}")
    def count(self, index):
        return self.ask("GET", f"/{index}/_count").get("count", 0)
    def documents(self, index):
        """[(id, source)] of all."""
        self.ask("POST", f"/{index}/_refresh")
        found, page = [], self.ask("POST", f"/{index}/_search?scroll=1m&size=5000", {"sort": ["_doc"]})
        while page.get("hits", {}).get("hits"):
            found += [(h["_id"], h["_source"]) for h in page["hits"]["hits"]]
            page = self.ask("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return found

class Lines:
    """A tailrace that takes JSON lines."""
    def __init__(self, folder, node, options, name, arguments=(), pauses=PAUSES):
        self.port = free_port()
        self.tailrace = Tailrace(folder, 'input { tcp { host => "127.0.0.1" port => %d codec => json_lines } } output { elasticsearch { hosts => ["127.0.0.1:%d"] %s %s } }'
                                 % (self.port, node.port, pauses, options), name=name, arguments=["--pipeline.ecs_compatibility", "disabled", *arguments])
    def send(self, *rows):
        send(self.port, "".join(json.dumps(r) + "\n" for r in rows).encode())
    def settled(self, count):
        wait(lambda: self.tailrace.books()["received"] == count and self.tailrace.books()["in_flight"] == 0, 60, f"{count} events are settled")
        return self.tailrace.books()
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        self.tailrace.__exit__(*exc)
