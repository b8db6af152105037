"""F2 to F5, F9, F10, F43, F55: roles that are killed, stopped or cannot start,
a store that is damaged, read-only or cut, a log that nobody reads."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from faults import FEW, HOST, POLICY, FaultTest
from gateway import BINARY, Gateway, Standin, TellingTest, wait_for, wait_within
from load import Client, Load
from raw import tls_through


MIB = 1 << 20


class Signer(FaultTest):
    """F3."""
    NAMES = [f"n{i}.chatgpt.com" for i in range(4)]

    @classmethod
    def own_origins(cls):
        super().own_origins()
        return {f"{name}:443": f"127.0.0.1:{cls.standin.port}" for name in cls.NAMES}

    def setUp(self):
        pass  # who dies is part of it

    tearDown = setUp

    def test_f3_without_the_signer_known_names_go_on_and_new_ones_wait_or_get_503(self):
        tls_through(self.gateway, self.NAMES[0]).close()
        pid = min(self.gateway.roles("signer"))
        os.kill(pid, signal.SIGKILL)
        begin = time.monotonic()
        for name in (self.NAMES[0], self.NAMES[1]):  # known, new
            with tls_through(self.gateway, name) as sock:
                sock.sendall(b"GET /status/200 HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
                self.assertRegex(sock.recv(100), b"^HTTP/1.1 (200|503) ")
        self.assertLess(time.monotonic() - begin, 5)
        wait_for(lambda: self.gateway.roles("signer") and pid not in self.gateway.roles(), 5, "another signer")
        self.assertEqual(self.status(f"https://{self.NAMES[2]}/status/200"), 200)


class LittleMemory(FaultTest):
    """F43: what is held is bounded, long before the kernel has to kill."""
    settings = FEW + "hold: {max_bytes: 8388608, connection_bytes: 8388608, worker_bytes: 8388608}"

    def test_f43_bodies_beyond_the_bound_wait_unread_and_others_are_served(self):
        before = self.memory()
        part = b'{"messages":[{"content":{"parts":["' + b"x" * (7 * MIB)
        with contextlib.ExitStack() as socks:
            for _ in range(20):  # 140 MiB, none of them whole
                sock = socks.enter_context(tls_through(self.gateway))
                sock.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n" % (len(part) + 1) + part)
            self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)
            self.assertLess(self.memory() - before, 64 * MIB)
        message, answer = self.send_prompt("hello")
        self.assertIn("[DONE]", answer)
        self.assertEqual(self.activity(message)["outcome"], "success")


class LimitedMemory(FaultTest):
    """F43: a worker may have little more than it has (prlimit --as)."""
    settings = FEW + "workers: 1\nhold: {max_bytes: 8388608}"
    MORE = 160 * MIB

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pids = cls.gateway.roles()
        most = max(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) for pid in pids) * os.sysconf("SC_PAGESIZE")
        cls.gateway.stop()
        cls.gateway.prefix = ("prlimit", f"--as={most + cls.MORE}:unlimited")
        cls.gateway.start()

    def test_f43_near_the_limit_new_requests_get_503_and_when_to_come_again(self):
        pid = min(self.gateway.roles("worker"))
        part = b'{"messages":[{"content":{"parts":["' + b"x" * (7 * MIB)
        refused = []
        with contextlib.ExitStack() as socks:
            for _ in range(60):  # 420 MiB, none of them whole
                try:
                    sock = socks.enter_context(tls_through(self.gateway))
                except AssertionError as error:  # CONNECT's answer
                    refused.append(error.args[0])
                    break
                sock.settimeout(0.3)
                with contextlib.suppress(TimeoutError, ConnectionError):
                    sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n" % (len(part) + 1) + part)
            self.assertTrue(refused, "nobody was refused")
            self.assertRegex(refused[0], b"^HTTP/1.1 503 ")
            self.assertRegex(refused[0].lower(), b"retry-after: [1-9]")
            self.assertIn("event=memory.short", self.gateway.log())
            self.assertEqual(set(self.gateway.roles("worker")), {pid}, "it ran out of memory")
            self.assertTrue(self.gateway.is_ready(), "its own pages")
        wait_within(lambda: self.status("https://chatgpt.com/status/200") == 200, 2, "service as before")
        message, answer = self.send_prompt("hello")
        self.assertIn("[DONE]", answer)
        self.assertEqual(self.activity(message)["outcome"], "success")
        self.assertEqual(set(self.gateway.roles("worker")), {pid})
        self.assertIn("event=memory.enough", self.gateway.log())


class Alone(TellingTest):
    """Each with a gateway of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-alone-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.standin = Standin(self.folder)
        self.addCleanup(self.standin.stop)
        self.gateway = Gateway(self.folder, {"chatgpt.com:443": f"127.0.0.1:{self.standin.port}"}, FEW, POLICY)
        self.store = self.gateway.data / "store"

    def prompts(self, count):
        """Ids of prompts sent and answered."""
        client = Client(Load(self.gateway, 0, b"?delay=0"))
        with client.open() as sock:
            for _ in range(count):
                client.send_prompt(sock)
        self.assertEqual(len(client.answered), count)
        return client.sent

    def stored(self, ids, seconds=10):
        def look():
            known = [a.get("message_id") for a in self.gateway.activities("--since", "1h") if a.get("outcome")]
            return all(known.count(i) == 1 for i in ids)
        wait_for(look, seconds, "each prompt in the store, once")

    def test_f5_a_role_that_cannot_live_is_started_ever_more_slowly(self):
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        ended = 0
        others = self.gateway.roles().keys() - self.gateway.roles("keeper").keys()
        begin = time.monotonic()
        while time.monotonic() - begin < 4:
            for pid in self.gateway.roles("keeper"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    ended += 1
            time.sleep(0.01)
        self.assertLess(ended, 16, "it is started without a pause")
        self.assertGreater(ended, 3)
        self.assertLessEqual(others, self.gateway.roles().keys())
        wait_for(lambda: self.gateway.roles("keeper"), 10, "the keeper")
        self.stored(self.prompts(1))
        self.assertGreaterEqual(self.gateway.metrics()["promptgate_role_restarts_total"], ended)

    def test_f5_while_one_worker_cannot_live_the_other_serves(self):
        """As by a fault that no check foresees: it ends as soon as it is there."""
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        stays, first = sorted(self.gateway.roles("worker"))
        ended, begin = 0, time.monotonic()
        os.kill(first, signal.SIGKILL)
        with Load(self.gateway, 2, b"?delay=0") as load:
            while time.monotonic() - begin < 5:
                for pid in self.gateway.roles("worker").keys() - {stays, first}:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        ended += 1
                time.sleep(0.01)
            wait_for(lambda: load.count("answered") > 20, 20, "answers of the other")
        self.assertLess(ended, 16, "it is started without a pause")
        self.assertGreater(ended, 2)
        self.assertIn(stays, self.gateway.roles("worker"))
        wait_for(lambda: len(self.gateway.roles("worker")) == 2, 20, "another worker")
        self.assertGreaterEqual(self.gateway.metrics()["promptgate_role_restarts_total"], ended)
        self.stored(load.every("answered"))

    def test_f9_a_damaged_store_is_never_used_silently(self):
        """The index is made anew out of the journal, or the start is refused in words."""
        self.gateway.start()
        ids = self.prompts(20)
        self.stored(ids)
        self.assertEqual(self.gateway.stop(), 0)
        path = self.store / "store.db"
        for name in ("store.db-wal", "store.db-shm"):
            (self.store / name).unlink(missing_ok=True)
        whole = path.read_bytes()
        for what, data in (("no database", b"nonsense" * 512), ("half of it", whole[:len(whole) // 2]),
                           ("pages overwritten", whole[:4096] + os.urandom(len(whole) - 4096)), ("empty", b"")):
            with self.subTest(what=what):
                path.write_bytes(data)
                said = len(self.gateway.log())
                try:
                    self.gateway.start()
                except AssertionError:
                    self.assertRegex(self.gateway.log()[said:], "store")
                    continue
                try:
                    self.stored(ids)
                    self.stored(self.prompts(1))
                    if what != "empty":
                        self.assertRegex(self.gateway.log()[said:], "(warn|error).*(store|index)")
                finally:
                    self.gateway.stop()
                    for name in ("store.db-wal", "store.db-shm"):
                        (self.store / name).unlink(missing_ok=True)

    @unittest.skipUnless(os.geteuid() == 0, "mounts a file system")
    def test_f9_a_read_only_store_ends_the_start_in_words_and_is_whole_afterwards(self):
        data = self.gateway.data
        data.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", data], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.skipTest("mount: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", data], check=True)
        self.addCleanup(self.gateway.stop)
        self.gateway.start()
        ids = self.prompts(3)
        self.stored(ids)
        self.assertEqual(self.gateway.stop(), 0)
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        done = subprocess.run([BINARY, "run", "-c", self.gateway.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        self.assertNotIn(done.returncode, (0, 2), done.stdout)
        self.assertRegex(done.stdout, f"{data}.*[Rr]ead-only file system")
        self.assertFalse(self.gateway.roles(), "something runs on")
        subprocess.run(["mount", "-o", "remount,rw", data], check=True)
        self.gateway.start()
        self.stored(ids + self.prompts(1))

    def test_f10_a_log_that_nobody_reads_stops_nothing(self):
        """Its pipe is closed: no SIGPIPE, no loss of records."""
        read_end, write_end = os.pipe()
        self.gateway.process = subprocess.Popen([BINARY, "run", "-c", self.gateway.config], stdout=write_end, stderr=write_end)
        os.close(write_end)
        self.addCleanup(self.gateway.stop)
        wait_for(self.gateway.is_ready, 60, "gateway ready")
        os.close(read_end)
        pids = set(self.gateway.roles())
        self.gateway.signal(signal.SIGHUP)  # each role has something to say
        self.stored(self.prompts(5))
        self.assertLessEqual(pids, set(self.gateway.roles()))  # one more compiles for the reload

    def test_f10_a_log_that_is_moved_goes_on_in_the_new_file_when_it_is_copied(self):
        """Lines are whole and appended: copy and truncate loses nothing but what came between."""
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        os.truncate(self.gateway.log_path, 0)
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-x", f"http://127.0.0.1:{self.gateway.proxy_port}",
                               "https://169.254.169.254/"])
        self.assertNotEqual(done.returncode, 0)
        wait_for(lambda: "target.refused" in self.gateway.log(), 5, "the line")
        self.assertNotIn("\0", self.gateway.log())

    def refuse_to_connect(self, number):
        """A line of a worker's that no other is like."""
        target = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:443"
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 10) as sock:
            sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            self.assertIn(b" 403 ", sock.recv(4096))
        return f"target={target} "

    def test_f10_a_log_file_that_is_renamed_goes_on_in_a_new_one_without_loss(self):
        path = self.gateway.log_path
        self.gateway.write_config(FEW + f"log: {{file: ../{path.name}}}")
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        ending, told, moved = threading.Event(), [], []

        def talk():
            while not ending.is_set():
                told.append(self.refuse_to_connect(len(told)))
        talker = threading.Thread(target=talk)
        talker.start()
        try:
            for n in range(3):
                wait_for(lambda: len(told) > (n + 1) * 50, what="lines")
                old = self.folder / f"old{n}.log"
                path.rename(old)
                self.gateway.signal(signal.SIGHUP)
                wait_for(lambda: "event=reload.in_use" in self.gateway.log(), what="the new file in use")
                moved.append((old, old.stat().st_size))
                if os.geteuid() == 0:
                    for pid in (self.gateway.process.pid, *self.gateway.roles()):
                        self.assertEqual(os.readlink(f"/proc/{pid}/fd/2"), str(path.resolve()))
            wait_for(lambda: len(told) > 200, what="lines in the last one")
        finally:
            ending.set()
            talker.join()
        self.assertEqual([old.stat().st_size for old, _ in moved], [size for _, size in moved], "somebody writes to the old one")
        lines = "".join(p.read_text() for p in (*(old for old, _ in moved), path)).splitlines()
        own = [line for line in lines if not re.match("promptgate is running|  ", line)]  # standard output is in it, too
        self.assertFalse([line for line in own if not re.match(r"\d{4}-\S+Z \w+ role=\S+ event=", line)], "torn")
        found = [next(word for word in line.split() if word.startswith("target=")) + " " for line in lines if "target.refused" in line]
        self.assertEqual(sorted(found), sorted(told))
        self.assertIn("target=", path.read_text())

    def test_f10_a_log_file_that_cannot_be_opened_is_a_mistake(self):
        bad = FEW + "log: {file: not/there.log}"
        self.gateway.write_config(bad)
        done = subprocess.run([BINARY, "run", "-c", self.gateway.config], stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "not/there.log:.*No such file")
        self.gateway.write_config(FEW)
        self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.gateway.write_config(bad)
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: "event=reload.refused" in self.gateway.log(), what="the refusal")
        self.stored(self.prompts(1))

    def test_f55_a_copy_taken_in_mid_write_opens(self):
        """As a power cut leaves it: the files as they are at any moment, the journal's end torn."""
        self.gateway.start()
        copies = []
        with Load(self.gateway, 4, b"?delay=0") as load:
            wait_for(lambda: load.count("answered") > 20, 20, "load")
            for n in range(3):
                answered = set(load.every("answered"))
                copy = self.folder / f"copy{n}"
                shutil.copytree(self.gateway.data, copy, ignore=shutil.ignore_patterns("*-shm", "lock", "intake"))
                copies.append((copy, answered))
                wait_for(lambda: load.count("answered") > len(answered) + 20, 20, "more of it")
        self.gateway.stop()
        if os.geteuid() == 0:
            for copy, _ in copies:
                for path in (copy / "store", *(copy / "store").rglob("*")):
                    owner = (self.store / path.relative_to(copy / "store")).stat() if \
                        (self.store / path.relative_to(copy / "store")).exists() else self.store.stat()
                    os.chown(path, owner.st_uid, owner.st_gid)
        for n, (copy, answered) in enumerate(copies):
            newest = max((copy / "store/journal").iterdir(), key=lambda p: p.name)
            if n and newest.stat().st_size > 100:
                os.truncate(newest, newest.stat().st_size - 37 * n)  # in the middle of an entry
            shutil.rmtree(self.gateway.data)
            copy.rename(self.gateway.data)
            self.gateway.start()
            wait_for(lambda: len(answered - {a.get("message_id") for a in self.gateway.activities("--since", "1h")}) <= n, 10,
                     "what was answered before the copy")
            self.stored(self.prompts(1))
            self.assertEqual(self.gateway.stop(), 0)
            with contextlib.closing(sqlite3.connect(self.gateway.data / "store/store.db")) as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))


if __name__ == "__main__":
    unittest.main()
