"""F1, F6, F7, F39, F42, F46: what breaks inside or below the gateway.  After
the fault is gone, service is normal within 2 s without a restart, and nothing
went past unrecorded (../shared/facts/reliability.md, 4).  What peers do is in
test_peers.py and the other test_faults_*.py; docs/reliability.md has them all."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
import unittest

from faults import cpu_seconds, worker_of
from gateway import BINARY, CARD, Gateway, GatewayTest, Standin, TellingTest, certs, wait_for
from load import Client, Load, read_answer
from test_bodies import rss
from wire import open_tls, read_all

MIB = 1 << 20
HOST = b"Host: chatgpt.com\r\n"


class Worker(GatewayTest):
    def stream_elsewhere(self, pid):
        """A slow answer under way at another worker than pid."""
        for _ in range(50):
            sock = open_tls(self)
            if worker_of(self.gateway, sock) != pid:
                body = json.dumps(self.prompt("slow")).encode()
                sock.sendall(b"POST /backend-api/conversation?delay=60 HTTP/1.1\r\n" + HOST +
                             b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                return sock
            sock.close()
        self.fail("all connections at one worker")

    def test_f1_a_worker_dies_in_mid_upload(self):
        total, block = 100 * MIB, b"u" * 65536
        up = open_tls(self, "files.oaiusercontent.com")
        pid = worker_of(self.gateway, up)
        other = self.stream_elsewhere(pid)
        up.sendall(b"PUT /files/f1/raw?sig=x HTTP/1.1\r\nHost: files.oaiusercontent.com\r\n"
                   b"Content-Type: application/octet-stream\r\nx-ms-blob-type: BlockBlob\r\n"
                   b"Content-Length: %d\r\n\r\n" % total)
        with self.assertRaises(OSError):
            for at in range(0, total, len(block)):
                if at == total // 2:
                    killed = time.monotonic()
                    os.kill(pid, signal.SIGKILL)
                up.sendall(block)
        up.close()
        wait_for(lambda: len(self.gateway.roles("worker")) == 2 and pid not in self.gateway.roles(), 5, "a new worker")
        self.assertLess(time.monotonic() - killed, 1.0)
        self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)
        status, answer = read_answer(other)
        other.close()
        self.assertEqual(status, 200)
        self.assertIn(b"[DONE]", answer)
        seen = wait_for(lambda: [e for e in self.standin.seen() if e["path"] == "/files/f1/raw"], 5, "the abort")
        self.assertEqual([(e.get("aborted"), e["bytes"] < total) for e in seen], [(True, True)])

        def record():
            return [a for a in self.gateway.activities("--since", "5m") if a["activity"] == "file.uploaded"
                    and a["http"]["path"] == "/files/f1/raw" and a.get("outcome")]
        self.assertEqual([a["outcome"] for a in wait_for(record, 10, "its record")], ["failure"])


class FewDescriptors(GatewayTest):
    """F42: a hundred for each process, of which 64 are never a client's."""
    prefix = ("prlimit", "--nofile=100:100")
    settings = "timeouts: {idle: 3000}"

    def healthz(self):
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 2) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return read_all(sock, 0.5)

    def test_f42_d5_accepting_pauses_without_spinning_and_recovers(self):
        workers = self.gateway.roles("worker")
        with Load(self.gateway, 0) as load:
            client = Client(load)
            with client.open() as early:
                client.send_prompt(early)
                hoard = [socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 2) for _ in range(120)]
                try:
                    wait_for(lambda: self.healthz() == (b"", "open"), what="nobody to be accepted any more")
                    before, begin = {p: cpu_seconds(p) for p in workers}, time.monotonic()
                    time.sleep(1.5)
                    for pid, used in before.items():
                        self.assertLess((cpu_seconds(pid) - used) / (time.monotonic() - begin), 0.2, "a worker spins")
                    # Who is in is served, dialling and recording as before.
                    client.send_prompt(early)
                finally:
                    for sock in hoard:
                        sock.close()
                freed = time.monotonic()
                wait_for(lambda: self.healthz()[0].startswith(b"HTTP/1.1 200"), 5, "service")
                self.assertLess(time.monotonic() - freed, 2)
            self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)
            self.assertEqual(len(client.answered), 2)
            for message in client.sent:
                self.assertEqual(self.activity(message)["outcome"], "success")
        self.assertEqual(self.gateway.roles("worker").keys(), workers.keys())


class Locked(GatewayTest):
    """F7: another process holds SQLite's write lock."""

    def test_f7_a_locked_store_delays_nobody_and_drains_in_order(self):
        with Load(self.gateway, 0, b"?delay=0") as load:
            client = Client(load)
            with client.open() as sock:
                for _ in range(80):
                    client.send_prompt(sock)
                quiet = statistics.median(client.times[20:])
                wait_for(lambda: self.stored(client.sent) == client.sent, 10, "the records before")
                client.times, before = [], list(client.sent)
                lock = sqlite3.connect(self.gateway.data / "store/store.db", timeout=10, isolation_level=None)
                lock.execute("BEGIN EXCLUSIVE")
                try:
                    begin = time.monotonic()
                    while time.monotonic() - begin < 5:
                        client.send_prompt(sock)
                        time.sleep(0.02)
                    self.assertEqual(self.stored(client.sent), before, "somebody wrote in spite of the lock")
                finally:
                    lock.execute("ROLLBACK")
                    lock.close()
                self.assertLess(statistics.median(client.times), quiet + 0.005)
                self.assertGreater(len(client.times), 40)
                self.assertEqual(client.refused, 0)
                wait_for(lambda: self.stored(client.sent) == client.sent, 5, "the records after, in order")

    def stored(self, _):
        """Message ids in the order of their arrival in the store."""
        with contextlib.closing(sqlite3.connect(f"file:{self.gateway.data}/store/store.db?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT json FROM activity WHERE activity = 'prompt.created' ORDER BY seq").fetchall()
        return [json.loads(row[0])["message_id"] for row in rows]


class FullDisk(TellingTest):
    """F6: the journal's file system is full."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-full-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.standin = Standin(self.folder)
        self.addCleanup(self.standin.stop)
        self.gateway = Gateway(self.folder, {host: f"127.0.0.1:{self.standin.port}" for host in
                                             ("chatgpt.com:443", "files.oaiusercontent.com:443")})
        self.gateway.start()
        self.gateway.stop()
        self.journal = self.gateway.data / "store/journal"
        owner = self.journal.stat()
        kept = {p.name: p.read_bytes() for p in self.journal.iterdir() if p.is_file()}
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,mode=700,uid={owner.st_uid},gid={owner.st_gid}",
                               "pg-full", self.journal], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.skipTest("mount: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.journal], check=True)
        for name, data in kept.items():
            (self.journal / name).write_bytes(data)
            os.chown(self.journal / name, owner.st_uid, owner.st_gid)
            os.chmod(self.journal / name, 0o600)
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.client = Client(Load(self.gateway, 0))

    def send(self):
        """(status, answer) of a prompt; its id is client.sent[-1]."""
        with self.client.open() as sock:
            sock.settimeout(15)
            message = GatewayTest.prompt("hello disk")
            body = json.dumps(message).encode()
            self.client.sent.append(message["messages"][0]["id"])
            sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Accept: text/event-stream\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return read_answer(sock)

    def arrived(self):
        return self.client.sent[-1] in [e.get("message_id") for e in self.standin.seen()]

    def upload(self):
        """curl's status of 12 MiB, which pass while they are scanned."""
        done = subprocess.run(["curl", "-s", "--max-time", "20", "--http1.1", "--cacert", self.gateway.ca, "-x",
                               f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", "/dev/null", "-w", "%{http_code}",
                               "-T", "-", "-H", "x-ms-blob-type: BlockBlob", "-H", "Expect:",
                               "https://files.oaiusercontent.com/files/f6/raw?sig=x"], input=bytes(12 * MIB),
                              stdout=subprocess.PIPE)
        return int(done.stdout)

    def uploads(self):
        return [e for e in self.standin.seen() if e["path"] == "/files/f6/raw"]

    def fill(self):
        with open(self.journal / "fill", "wb", buffering=0) as fill:
            with contextlib.suppress(OSError):
                while fill.write(b"\0" * 4096):
                    pass

    def reload_with(self, settings):
        done = self.gateway.metrics()["promptgate_reloads_total"]
        self.gateway.write_config(settings)
        used = self.gateway.log().count("event=reload.in_use")
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.metrics()["promptgate_reloads_total"] > done, 10, "reload")
        wait_for(lambda: self.gateway.log().count("event=reload.in_use") > used, what="its use by all")

    def test_f6_d5_p6_a_full_disk_gives_the_configured_answer_and_it_recovers(self):
        status, answer = self.send()
        self.assertEqual((status, self.arrived()), (200, True))
        pids = set(self.gateway.roles())
        self.fill()
        for _ in range(20):  # the last page of the segment may take a few yet
            status, answer = self.send()
            if not self.arrived():
                break
        self.assertIn(b"promptgate", answer)
        self.assertFalse(self.arrived(), "forwarded without a record")
        for _ in range(5):
            begin = time.monotonic()
            status, answer = self.send()
            self.assertFalse(self.arrived())
            self.assertIn(b"promptgate", answer)
            self.assertLess(time.monotonic() - begin, 6)
        for _ in range(12):  # its record is shorter than a prompt's: some may fit yet into the last page
            before = self.uploads()
            self.assertGreaterEqual(self.upload(), 400)
            self.assertTrue(all(e.get("aborted") for e in self.uploads()), "whole without its last record")
            if self.uploads() == before:
                break
        self.assertEqual(self.uploads(), before, "forwarded without a record")
        self.assertRegex(self.gateway.log(), "event=journal")
        self.reload_with("on_failure: {store: record}")
        status, answer = self.send()
        self.assertEqual((status, self.arrived()), (200, True), "record: it goes on without one")
        self.reload_with("")
        (self.journal / "fill").unlink()
        begin = time.monotonic()
        wait_for(lambda: self.send()[0] == 200 and self.arrived(), 5, "service")
        self.assertLess(time.monotonic() - begin, 2)
        last = self.client.sent[-1]
        wait_for(lambda: [a for a in self.gateway.activities("--since", "5m") if a.get("message_id") == last
                          and a.get("outcome") == "success"], 5, "its record")
        self.assertEqual(self.upload(), 201)
        self.assertEqual(set(self.gateway.roles()), pids, "nobody was restarted")


class Keys(TellingTest):
    """F39: a CA that must not be used is refused at the start and at a
    reload, and the old one stays."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-keys-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.gateway = Gateway(self.folder, {})
        subprocess.run([BINARY, "ca", "init", "-c", self.gateway.config], check=True, stdout=subprocess.DEVNULL)
        self.key, self.cert = self.gateway.data / "ca/ca.key", self.gateway.data / "ca/ca.pem"

    def refused(self, *words, prefix=()):
        done = subprocess.run([*prefix, BINARY, "run", "-c", self.gateway.config], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)

    def other_key(self):
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key], check=True)
        self.key.chmod(0o600)

    def expire(self):
        (self.folder / "ext").write_text("basicConstraints=critical,CA:TRUE,pathlen:0\n"
                                         "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n")
        request = subprocess.run(["openssl", "req", "-new", "-key", self.key, "-subj", "/CN=expired"], check=True,
                                 stdout=subprocess.PIPE).stdout
        subprocess.run(["openssl", "x509", "-req", "-signkey", self.key, "-days", "-1", "-extfile",
                        self.folder / "ext", "-out", self.cert], input=request, check=True, stderr=subprocess.DEVNULL)

    def test_f39_a_key_that_others_may_read(self):
        for mode in (0o640, 0o604, 0o660):
            self.key.chmod(mode)
            self.refused("ca.key", "read by others")

    def test_f39_a_key_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to give it away")
        os.chown(self.key, 65534, 65534)
        self.refused("ca.key", "belong to uid 0")

    def test_f39_no_key_and_an_unreadable_one(self):
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, 65534, 65534)
            certs().chmod(0o755)
        self.key.chmod(0)
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
        self.refused("ca.key", prefix=prefix)
        self.key.unlink()
        self.refused("ca.key", prefix=prefix)

    def test_f39_a_key_of_another_certificate(self):
        self.other_key()
        self.refused("ca.key")

    def test_f39_an_expired_ca(self):
        self.expire()
        self.refused("ca.pem", "expired")

    def test_f39_a_reload_with_a_wrong_ca_is_refused_and_the_old_one_stays(self):
        standin = Standin(self.folder)
        self.addCleanup(standin.stop)
        self.gateway.resolve["chatgpt.com:443"] = self.gateway.resolve["chat.openai.com:443"] = \
            f"127.0.0.1:{standin.port}"
        self.gateway.write_config()
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        ca, key = self.folder / "old.pem", self.key.read_bytes()
        ca.write_bytes(self.cert.read_bytes())

        def status(host):
            done = subprocess.run(["curl", "-s", "--cacert", ca, "-x", f"http://127.0.0.1:{self.gateway.proxy_port}",
                                   "-o", "/dev/null", "-w", "%{http_code}", f"https://{host}/status/200"],
                                  stdout=subprocess.PIPE, text=True)
            return done.stdout

        def put_back():
            self.key.write_bytes(key)
            self.key.chmod(0o600)
            self.cert.write_bytes(ca.read_bytes())
        for spoil in (self.other_key, lambda: self.key.chmod(0o644), self.key.unlink, self.expire):
            failed = self.gateway.metrics()["promptgate_reloads_failed_total"]
            spoil()
            try:
                self.gateway.signal(signal.SIGHUP)
                wait_for(lambda: self.gateway.metrics()["promptgate_reloads_failed_total"] == failed + 1, 5,
                         f"refusal after {spoil}")
                self.assertEqual(status("chatgpt.com"), "200")
            finally:
                put_back()
        self.assertEqual(status("chat.openai.com"), "200")
        self.assertIn("ca.", self.gateway.log())


GOOD = """mode: enforce
default: allow
rules:
  - name: generation-{n}
    when: {{direction: up, type: [credit-card]}}
    verdict: block
    message: "Cards of generation {n} stay here."
"""


class Reloads(GatewayTest):
    """F46: a hundred reloads under load, some of them broken."""
    policy = GOOD.format(n=0)

    def reload(self, expect_good):
        name = "promptgate_reloads_total" if expect_good else "promptgate_reloads_failed_total"
        before = self.gateway.metrics()[name]
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.metrics()[name] > before, 20, name)

    def worker_memory(self):
        return sum(map(rss, self.gateway.roles("worker")))

    def test_f46_a_hundred_reloads_under_load_are_atomic(self):
        conf = self.gateway.config.parent
        policy, detectors = conf / "policy.yaml", conf / "detectors/financial.yaml"
        whole, pids = detectors.read_text(), set(self.gateway.roles())
        verdicts, ending, wrong = set(), threading.Event(), []

        def ask():
            while not ending.is_set():
                message, answer = self.send_prompt(f"pay with {CARD} now")
                found = re.findall(r"generation (\d+)", answer)
                verdicts.update(found)
                if len(set(found)) != 1:
                    wrong.append(answer)
        with Load(self.gateway, 4, pause=0.02) as load:
            asker = threading.Thread(target=ask)
            asker.start()
            early = None
            for n in range(1, 101):
                kind = n % 5
                if kind == 3:  # a half-written policy
                    policy.write_text(GOOD.format(n=n)[:-70])
                elif kind == 4:  # broken detectors beside a good policy
                    policy.write_text(GOOD.format(n=n))
                    detectors.write_text(whole[:len(whole) // 2] + "\n  - [")
                else:
                    policy.write_text(GOOD.format(n=n))
                self.reload(expect_good=kind not in (3, 4))
                detectors.write_text(whole)
                if n == 20:
                    early = self.worker_memory()
            ending.set()
            asker.join(30)
        self.assertEqual(wrong, [])
        self.assertEqual(set(self.gateway.roles()), pids)
        self.assertFalse(verdicts & {str(n) for n in range(1, 101) if n % 5 in (3, 4)}, "a broken one was used")
        self.assertGreater(len(verdicts), 5)
        self.assertGreater(load.count("answered"), 50)
        self.assertEqual(load.count("broken"), 0)
        self.assertEqual(load.count("refused"), 0)
        self.assertNotIn(CARD, json.dumps(self.standin.seen()))
        # A connection keeps the rules that it began with: not before they are closed can all be given back.
        wait_for(lambda: self.worker_memory() - early < 16 * MIB, 10, "the memory of a hundred configurations back")
        self.assertIn("policy.yaml:", self.gateway.log())


if __name__ == "__main__":
    unittest.main()
