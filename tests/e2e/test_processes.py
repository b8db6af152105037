"""What the processes do to traffic under way: a role's death, reload and stop
with prompts and a stream in flight; which sockets each role holds.  How roles
start, end and are sandboxed is in test_roles.py."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from gateway import BINARY, Gateway, GatewayTest, Standin, TellingTest, can_connect, wait_for
from load import Client, Load, read_answer
from wire import DATA, END_STREAM, GOAWAY, H2, frame, headers, open_tls, request_fields

HOST = b"Host: chatgpt.com\r\n"


def begin_stream(test, delay=50):
    """An answer that takes a second or more, and has begun."""
    before, sock = len(test.standin.seen()), open_tls(test)
    body = json.dumps(GatewayTest.prompt("a slow one")).encode()
    sock.sendall(b"POST /backend-api/conversation?delay=%d HTTP/1.1\r\n" % delay + HOST +
                 b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    wait_for(lambda: len(test.standin.seen()) > before, 5, "the prompt upstream")
    time.sleep(0.2)
    return sock


class UnderWay(GatewayTest):
    def test_prompts_go_on_whatever_role_dies(self):
        """Only a worker's own connections notice; nobody waits for long."""
        for kind in ("signer", "storer", "keeper", "console", "worker"):
            with Load(self.gateway, 8, pause=0.01) as load:
                wait_for(lambda: load.count("answered") > 16, 10, "load")
                pid = min(self.gateway.roles(kind))
                started = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda: pid not in self.gateway.roles() and
                         len(self.gateway.roles(kind)) == (2 if kind == "worker" else 1), 5, f"new {kind}")
                self.assertLess(time.monotonic() - started, 1.0, kind)
                answered = load.count("answered")
                wait_for(lambda: load.count("answered") > answered + 40, 5, f"prompts after {kind}")
            if kind == "worker":
                self.assertLessEqual(load.count("broken"), len(load.clients))
            else:
                self.assertEqual((load.count("broken"), load.count("refused")), (0, 0), kind)
            self.assertLess(max(load.every("times")), 2.0, kind)
        self.assertEqual(set(load.every("answered")) - {e["message_id"] for e in self.standin.seen()}, set())

    def test_f47_l5_a_reload_cuts_no_stream_good_or_broken(self):
        policy = self.gateway.config.parent / "policy.yaml"
        good = policy.read_text()
        lines = good.count("\n")
        for text, counter in ((good + "# changed\n", "promptgate_reloads_total"),
                              (good + "modes: [\n", "promptgate_reloads_failed_total")):
            before = self.gateway.metrics()[counter]
            logged = len(self.gateway.log())
            sock = begin_stream(self)
            try:
                policy.write_text(text)
                self.gateway.signal(signal.SIGHUP)
                wait_for(lambda: self.gateway.metrics()[counter] == before + 1, 10, counter)
            finally:
                policy.write_text(good)
            with sock:
                status, answer = read_answer(sock)
            self.assertEqual(status, 200)
            self.assertIn(b"[DONE]", answer)
            if counter == "promptgate_reloads_failed_total":
                self.assertRegex(self.gateway.log()[logged:], rf"policy\.yaml:{lines + 1}|policy\.yaml:{lines + 2}")

    def sockets(self, pid):
        """(listening, other TCP sockets, files) of a process."""
        listening, others = set(), set()
        for name in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
                words = line.split()
                (listening if words[3] == "0A" else others).add(words[9])
        targets = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        inodes = {t.removeprefix("socket:[").rstrip("]") for t in targets if t.startswith("socket:")}
        files = [t for t in targets if t.startswith("/") and not t.startswith(("/dev/null", "/memfd:"))]
        return len(inodes & listening), len(inodes & others), files

    @staticmethod
    def tells_of_memory(file, pid):
        """What a worker looks at to shed load in time (proxy/headroom.h)."""
        return file == f"/proc/{pid}/statm" or re.fullmatch(r"/sys/fs/cgroup/.*memory\.[a-z]+", file)

    def test_only_those_have_network_sockets_that_need_them(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to look")
        wait_for(lambda: len(self.gateway.roles()) == 7, 10, "seven roles")
        for pid, kind in self.gateway.roles().items():
            listening, others, files = self.sockets(pid)
            self.assertEqual(listening, {"worker": 1, "console": 2}.get(kind, 0), kind)
            if kind not in ("worker", "console"):
                self.assertEqual(others, 0, kind)
            if kind != "storer":
                own = [f for f in files if not f.endswith(("/lock", "gateway.log"))
                       and not (kind == "worker" and self.tells_of_memory(f, pid))]
                self.assertEqual(own, [], kind)


class Stop(TellingTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-stop-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.standin = Standin(self.folder)
        self.addCleanup(self.standin.stop)
        self.gateway = Gateway(self.folder, {"chatgpt.com:443": f"127.0.0.1:{self.standin.port}"},
                               "timeouts: {drain: 8000}")
        self.gateway.start()
        self.addCleanup(self.gateway.stop)

    def connect(self, target, timeout=10):
        return GatewayTest.connect(self, target, timeout)

    def test_f49_sigterm_lets_a_stream_end_and_takes_nobody_new(self):
        sock = begin_stream(self, delay=60)
        stopped = []
        self.gateway.signal(signal.SIGTERM)
        waiter = threading.Thread(target=lambda: stopped.append(self.gateway.process.wait(20)))
        waiter.start()
        wait_for(lambda: not can_connect(self.gateway.proxy_port), 2, "a closed port")
        self.assertEqual(stopped, [])
        with sock:
            status, answer = read_answer(sock)
        self.assertEqual((status, b"[DONE]" in answer), (200, True))
        waiter.join(5)
        self.assertEqual(stopped, [0])
        prompts = [a for a in self.gateway.activities() if a["activity"] == "prompt.created"]
        self.assertEqual([a["outcome"] for a in prompts], ["success"])

    def test_f49_sigterm_says_goaway_and_lets_the_stream_end(self):
        body = json.dumps(GatewayTest.prompt("a slow one")).encode()
        h2 = H2(open_tls(self, alpn=("h2",)))
        h2.send(headers(1, [*request_fields("/backend-api/conversation?delay=60", method="POST"),
                            ("content-type", "application/json")], False) + frame(DATA, END_STREAM, 1, body))
        self.assertTrue(h2.read(lambda f: f[0] == DATA, 20), "the answer has begun")
        self.gateway.signal(signal.SIGTERM)
        self.assertTrue(h2.read(lambda f: f[0] == GOAWAY, 5), "told to go")
        goaway = h2.frames[-1][3]
        self.assertEqual((int.from_bytes(goaway[:4], "big"), int.from_bytes(goaway[4:8], "big")), (1, 0))
        self.assertTrue(h2.read(lambda f: f[2] == 1 and f[0] == DATA and f[1] & END_STREAM, 20), "cut")
        self.assertIn(b"[DONE]", b"".join(f[3] for f in h2.frames if f[0] == DATA))
        h2.close()
        self.assertEqual(self.gateway.process.wait(20), 0)

    def test_f49_sigterm_under_load_exits_with_0_in_time_and_records_all(self):
        with Load(self.gateway, 16) as load:
            wait_for(lambda: load.count("answered") > 64, 10, "load")
            begin = time.monotonic()
            self.gateway.signal(signal.SIGTERM)
            self.assertEqual(self.gateway.process.wait(20), 0)
            self.assertLess(time.monotonic() - begin, 9)
        seen = sorted(e["message_id"] for e in self.standin.seen())
        stored = [a for a in self.gateway.activities() if a["activity"] == "prompt.created"]
        self.assertEqual(sorted(a["message_id"] for a in stored if a["message_id"] in set(seen)), seen)
        self.assertTrue(all(a.get("outcome") for a in stored))
        # What was under way has ended well: nothing was cut by the stop.
        self.assertEqual(len(load.every("answered")), len(seen))


class EarlyReload(GatewayTest):
    def test_a_reload_asked_for_during_the_start_is_not_lost(self):
        """A SIGHUP between the first role and `ready` was dropped."""
        self.gateway.stop()
        self.gateway.log_path.write_text("")
        with open(self.gateway.log_path, "ab") as log:
            self.gateway.process = subprocess.Popen(
                [BINARY, "run", "-c", self.gateway.config], stdout=log, stderr=log)
        wait_for(lambda: self.gateway.roles(), 10, "the first role")
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: "event=reload.done" in self.gateway.log(), 10, "the reload")


if __name__ == "__main__":
    unittest.main()
