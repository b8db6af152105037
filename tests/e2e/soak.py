"""Mixed traffic for half an hour: chat, uploads, downloads, aborts, errors,
blocks, reloads and killed workers.  Between two rounds nothing is connected,
and each role is weighed: its memory must not rise, no descriptor be left over
(issue 7; need 12 of ../shared/facts/reliability.md, 3).

    soak.py [--seconds 1800] [--round 20]                       (make soak)
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from crash import kill
from faults import descriptors
from gateway import CARD, Gateway, GatewayTest, Standin, wait_for
from load import Load, read_answer
from made_up import write_journal
from raw import tls_through
from test_bodies import rss
from wire import reset

MIB = 1 << 20
# A role fails when it grows by more than both: the first catches a leak in half an hour, the second is what
# allocators and caches move in a few minutes.
SLOPE_MIB_HOUR = 16.0
GROWTH_MIB = 6.0
DESCRIPTORS_MORE = 2
WARM_UP = 0.34  # of the rounds: caches fill, tables reach their size
CHATS, PAUSE = 6, 0.03
STORED = 30000
# The keeper's table is full after some 2,700 histories, that of the ends of conversations after KEEP_TAILS_MAX chats.
TURNS, FILL_STEP, FILL_MOST, FILL_FLAT_MIB = 200, 600, 12000, 2.0
TAILS = 8192


class Soak:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-soak-"))
        self.folder.chmod(0o755)
        self.standin = Standin(self.folder)
        self.gateway = Gateway(self.folder, {f"{host}:443": f"127.0.0.1:{self.standin.port}" for host in
                                             ("chatgpt.com", "files.oaiusercontent.com")})
        # A store larger than the storer's cache of its pages, which is full at once.
        store = self.gateway.data / "store"
        write_journal(store / "journal", STORED)
        subprocess.run(["chown", "-R", "nobody:nogroup", store], check=False)
        try:
            self.gateway.start()
        except BaseException:
            self.standin.stop()
            raise
        self.kept = min(self.gateway.roles("worker"))  # the other one is killed again and again
        self.samples, self.done = {}, dict.fromkeys(("chats", "blocks", "uploads", "downloads", "aborts", "errors",
                                                     "reloads", "kills"), 0)

    # ---- traffic; a killed worker cuts any of it ----

    def exchange(self, head, body=b"", host="chatgpt.com"):
        with tls_through(self.gateway, host) as sock:
            sock.sendall(head.encode() + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\nContent-Length: %d\r\n" % len(body) +
                         b"Content-Type: application/json\r\nx-ms-blob-type: BlockBlob\r\n\r\n" + body)
            return read_answer(sock)

    def chat(self, text, query=""):
        return self.exchange("POST /backend-api/conversation" + query, json.dumps(GatewayTest.prompt(text)).encode())

    def block(self):
        self.chat(f"pay with {CARD} now")

    def upload(self):
        self.exchange(f"PUT /files/soak{self.done['uploads']}/raw?sig=x", os.urandom(MIB) * 9, "files.oaiusercontent.com")

    def download(self):
        self.exchange("GET /download?bytes=3000000")

    def abort(self):
        with tls_through(self.gateway) as sock:
            body = json.dumps(GatewayTest.prompt("tell me more")).encode()
            sock.sendall(b"POST /backend-api/conversation?delay=20&size=40000 HTTP/1.1\r\nHost: chatgpt.com\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            sock.recv(1000)
            reset(sock)

    def error(self):
        """One of what is refused or breaks, in turn."""
        kind = self.done["errors"] % 4
        if kind == 0:
            self.chat("cut by the origin", "?abort=200")
        elif kind == 1:
            self.exchange("GET /bad request")
        elif kind == 2:
            self.exchange("POST /backend-api/conversation", b'{"messages":[')
        else:
            tls_through(self.gateway, "unknown.invalid").close()

    def repeat(self, name, act, pause):
        while not self.ending.is_set():
            try:
                act()
            except (OSError, ValueError, AssertionError):
                pass  # cut by a kill, or meant to fail
            self.done[name] += 1
            self.ending.wait(pause)

    def reload(self):
        before = self.gateway.metrics()["promptgate_reloads_total"]
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.metrics()["promptgate_reloads_total"] > before, 60, "a reload")
        self.done["reloads"] += 1

    def kill_a_worker(self):
        workers = set(self.gateway.roles("worker"))
        kill(max(workers - {self.kept}))
        wait_for(lambda: len(self.gateway.roles("worker")) == 2 and set(self.gateway.roles("worker")) != workers, 60,
                 "another worker")
        self.done["kills"] += 1

    # ---- what is bounded by its size is full from the beginning ----

    def keeper_mib(self):
        return rss(next(iter(self.gateway.roles("keeper")))) / MIB

    def read_histories(self, count):
        with tls_through(self.gateway, "chatgpt.com") as sock:
            for _ in range(count):
                sock.sendall(f"GET /backend-api/conversation/{uuid.uuid4()}?turns={TURNS} HTTP/1.1\r\n"
                             "Host: chatgpt.com\r\n\r\n".encode())
                status, _ = read_answer(sock)
                if status != 200:
                    raise AssertionError(f"a history was answered {status}")

    def fill(self):
        """Conversations with many turns until the keeper's table grows no more; chats for the rest of its tables."""
        start, before, read = time.monotonic(), self.keeper_mib(), 0
        while read < FILL_MOST:
            with concurrent.futures.ThreadPoolExecutor(CHATS) as pool:
                list(pool.map(self.read_histories, [FILL_STEP // CHATS] * CHATS))
            read += FILL_STEP // CHATS * CHATS
            now = self.keeper_mib()
            if now - before < FILL_FLAT_MIB:
                break
            before = now
        else:
            raise AssertionError(f"the keeper still grew after {read} histories: {before:.0f} MiB")
        with Load(self.gateway, CHATS, pause=0) as load:
            wait_for(lambda: load.count("answered") >= TAILS, 600, f"{TAILS} chats")
        print(f"{read} histories of {TURNS} turns and {TAILS} chats in {time.monotonic() - start:.0f} s: "
              f"the keeper had {now:.0f} MiB, then {self.keeper_mib():.0f}", flush=True)

    def round(self, seconds):
        self.ending = threading.Event()
        acts = [threading.Thread(target=self.repeat, args=args, daemon=True) for args in (
            ("blocks", self.block, 0.2), ("uploads", self.upload, 0.5), ("downloads", self.download, 0.3),
            ("aborts", self.abort, 0.1), ("errors", self.error, 0.1))]
        with Load(self.gateway, CHATS, pause=PAUSE) as load:
            for act in acts:
                act.start()
            self.ending.wait(seconds / 3)
            self.reload()
            self.ending.wait(seconds / 3)
            self.kill_a_worker()
            self.ending.wait(seconds / 3)
            self.ending.set()
            for act in acts:
                act.join(60)
        self.done["chats"] += load.count("answered")
        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, 60, "an end of all connections")

    # ---- weighing ----

    def weigh(self, at):
        kinds = self.gateway.roles()
        for pid, kind in {**kinds, self.gateway.process.pid: "parent"}.items():
            name = kind if kind != "worker" else "worker, kept" if pid == self.kept else "worker, killed"
            try:
                self.samples.setdefault(name, []).append((at, rss(pid) / MIB, descriptors(pid)))
            except (OSError, IndexError):
                continue  # it has just ended

    def run(self, seconds, each):
        self.fill()
        start, rounds = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            self.round(each)
            rounds += 1
            self.weigh(time.monotonic() - start)
            print(f"round {rounds}: " + ", ".join(f"{name} {at[-1][1]:.1f} MiB {at[-1][2]} fds" for name, at in
                                                  sorted(self.samples.items())), flush=True)

    def report(self):
        """Prints a line a role; a list of what is wrong."""
        wrong = []
        print(f"{'role':16} {'rounds':>6} {'MiB first':>9} {'last':>7} {'MiB/h':>7} {'fds first':>9} {'last':>5}")
        for name, samples in sorted(self.samples.items()):
            warm = samples[int(len(samples) * WARM_UP):]
            slope, growth = slope_of(warm)
            first, last = warm[0], warm[-1]
            print(f"{name:16} {len(warm):6} {first[1]:9.1f} {last[1]:7.1f} {slope:7.1f} {first[2]:9} {last[2]:5}")
            if name != "worker, killed" and slope > SLOPE_MIB_HOUR and growth > GROWTH_MIB:
                wrong.append(f"{name}: {slope:.1f} MiB/h (at most {SLOPE_MIB_HOUR:.0f}), {growth:.1f} MiB more")
            if last[2] > first[2] + DESCRIPTORS_MORE:
                wrong.append(f"{name}: {last[2] - first[2]} descriptors left over")
        if self.kept not in self.gateway.roles():
            wrong.append("the worker that nobody killed has died")
        print(", ".join(f"{n} {name}" for name, n in self.done.items()))
        return wrong + [f"no {name}" for name, n in self.done.items() if n == 0]

    def close(self):
        try:
            self.gateway.stop(30)
            self.gateway.check_health()
        finally:
            self.standin.stop()
            if os.environ.get("KEEP") is None:
                shutil.rmtree(self.folder, True)


def slope_of(samples):
    """(MiB an hour by least squares, MiB that line rises over the samples)."""
    n = len(samples)
    times, sizes = [s[0] for s in samples], [s[1] for s in samples]
    mean_t, mean_s = sum(times) / n, sum(sizes) / n
    spread = sum((t - mean_t) ** 2 for t in times)
    if spread == 0:
        return 0.0, 0.0
    a_second = sum((t - mean_t) * (s - mean_s) for t, s in zip(times, sizes)) / spread
    return a_second * 3600, a_second * (times[-1] - times[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--round", type=int, default=20)
    options = parser.parse_args()
    soak = Soak()
    try:
        soak.run(options.seconds, options.round)
        wrong = soak.report()
    finally:
        soak.close()
    print("\n".join(wrong) if wrong else "memory is flat, no descriptor is left over")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
