#!/usr/bin/env python3
"""Measures what `palisade mcp wrap` adds to a call, against the same server without it, in one run.

    scripts/mcp_measure.py target/release/palisade [--soak 100000]

Prints the time of one call (p50, p99), calls a second with 32 in flight, and for a soak the memory and the open files
of the wrapper at its beginning and end. The server is this file with --server.
"""
import json, os, statistics, subprocess, sys, tempfile, threading, time


def server():
    tools = [{"name": "echo", "description": "Echo", "inputSchema": {"type": "object"}}]
    for line in sys.stdin:
        m = json.loads(line)
        if "id" not in m:
            continue
        r = {}
        if m["method"] == "initialize":
            r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
        elif m["method"] == "tools/list":
            r = {"tools": tools}
        elif m["method"] == "tools/call":
            r = {"content": [{"type": "text", "text": "x" * 200}]}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}) + "\n")
        sys.stdout.flush()


class Client:
    def __init__(self, command, env):
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.n = 0
        self.call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "m", "version": "1"}})
        self.call("tools/list", {})

    def send(self, method, params):
        self.n += 1
        self.p.stdin.write((json.dumps({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}) + "\n").encode())
        self.p.stdin.flush()
        return self.n

    def read(self):
        m = json.loads(self.p.stdout.readline())
        assert "result" in m and not m["result"].get("isError"), m
        return m

    def call(self, method, params):
        n = self.send(method, params)
        m = self.read()
        assert m["id"] == n
        return m

    def echo(self):
        self.call("tools/call", {"name": "echo", "arguments": {"n": 1}})

    def latency(self, calls=1000):
        times = []
        for _ in range(calls):
            t = time.perf_counter()
            self.echo()
            times.append(time.perf_counter() - t)
        times.sort()
        return statistics.median(times) * 1e6, times[int(len(times) * 0.99)] * 1e6

    def flood(self, calls, flight=32):
        gate = threading.Semaphore(flight)
        seen = set()

        def reader():
            for _ in range(calls):
                m = self.read()
                assert m["id"] not in seen
                seen.add(m["id"])
                gate.release()

        t = time.perf_counter()
        thread = threading.Thread(target=reader)
        thread.start()
        for _ in range(calls):
            gate.acquire()
            self.send("tools/call", {"name": "echo", "arguments": {"n": 1}})
        thread.join()
        return calls / (time.perf_counter() - t)

    def held(self):
        pid = self.p.pid
        rss = next(int(l.split()[1]) for l in open("/proc/%d/status" % pid) if l.startswith("VmRSS"))
        threads = len(os.listdir("/proc/%d/task" % pid))
        return "%d KiB, %d files, %d threads" % (rss, len(os.listdir("/proc/%d/fd" % pid)), threads)

    def close(self):
        self.p.stdin.close()
        self.p.stdout.read()
        return self.p.wait(10)


def main():
    palisade = os.path.abspath(sys.argv[1])
    soak = int(sys.argv[sys.argv.index("--soak") + 1]) if "--soak" in sys.argv else 0
    here = [sys.executable, os.path.abspath(__file__), "--server"]
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o700)
        env = dict(os.environ, PALISADE_HOME=home)
        wrapped = [palisade, "mcp", "wrap", "--name", "measured", "--"] + here
        for name, command in (("plain", here), ("wrapped", wrapped), ("plain", here), ("wrapped", wrapped)):
            client = Client(command, env)
            p50, p99 = client.latency()
            rate = client.flood(4000)
            print("%-8s one call: p50 %.0f us, p99 %.0f us; 32 in flight: %.0f calls/s" % (name, p50, p99, rate))
            client.close()
        if soak:
            client = Client(wrapped, env)
            client.flood(1000)
            print("soak: after 1000 calls", client.held())
            print("soak: %.0f calls/s" % client.flood(soak))
            print("soak: after %d calls more" % soak, client.held(), "; ended with", client.close())


if __name__ == "__main__":
    server() if "--server" in sys.argv else main()
