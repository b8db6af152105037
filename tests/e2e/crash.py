"""kill -9 of any role, or of all and the parent at once, under load: what the
stand-in got is in the store exactly once, nothing is there that nobody sent,
nothing stays open (issue 2; L1).

    crash.py [--rounds 100] [--clients 32] [--seed N]        (make chaos)
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from gateway import Gateway, Standin, wait_for
from load import Load

KINDS = ("worker", "worker", "signer", "storer", "keeper", "console", "everything")


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Crash:
    def __init__(self, clients=32, seed=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-crash-"))
        self.folder.chmod(0o755)
        self.random = random.Random(seed)
        self.killed = collections.Counter()
        self.standin = Standin(self.folder, extra=["--delay", "1"])
        self.gateway = Gateway(self.folder, {"chatgpt.com:443": f"127.0.0.1:{self.standin.port}"})
        self.gateway.start()
        self.load = Load(self.gateway, clients)

    def round(self, kind):
        answered = self.load.count("answered")
        self.killed[kind] += 1
        if kind == "everything":
            pids = [self.gateway.process.pid, *self.gateway.roles()]
            for pid in pids:
                kill(pid)
            self.gateway.process.wait()
            self.gateway.start()
        else:
            roles = list(self.gateway.roles(kind))
            if roles:
                kill(self.random.choice(roles))
        time.sleep(self.random.uniform(0.1, 0.5))
        wait_for(lambda: self.load.count("answered") > answered, 15, f"answers after the end of {kind}")

    def run(self, kinds):
        with self.load:
            wait_for(lambda: self.load.count("answered") > 2 * len(self.load.clients), 20, "load")
            for kind in kinds:
                self.round(kind)

    def prompts(self):
        return [a for a in self.gateway.activities("--since", "6h") if a["activity"].startswith("prompt.")]

    def check(self):
        """A list of what is wrong; figures are left in self.figures."""
        wait_for(lambda: len(self.gateway.roles()) == 7, 20, "seven roles")
        try:
            wait_for(lambda: all(a.get("outcome") for a in self.prompts()), 20, "an end of every prompt")
        except AssertionError:
            pass  # reported below, with its number
        prompts, sent = self.prompts(), set(self.load.every("sent"))
        stored = collections.Counter(a.get("message_id") for a in prompts)
        seen = collections.Counter(e["message_id"] for e in self.standin.seen())
        self.figures = {
            "killed": dict(self.killed), "sent": len(sent), "answered": self.load.count("answered"),
            "refused": self.load.count("refused"), "broken connections": self.load.count("broken"),
            "in the stand-in's journal": len(seen), "stored": len(prompts),
            "stored but never forwarded": len(set(stored) - set(seen)),
        }
        wrong = {
            "twice at the stand-in": [m for m, n in seen.items() if n != 1],
            "at the stand-in, not stored": [m for m in seen if stored[m] == 0],
            "stored more than once": [m for m, n in stored.items() if n > 1],
            "stored, sent by nobody": [m for m in stored if m not in sent],
            "stored without an actor": [a["id"] for a in prompts if not a.get("actor", {}).get("user")],
            "left open": [a["id"] for a in prompts if not a.get("outcome")],
            "answered, not at the stand-in": [m for m in self.load.every("answered") if m not in seen],
        }
        return [f"{what}: {len(ids)}, e.g. {ids[:3]}" for what, ids in wrong.items() if ids]

    def close(self):
        try:
            self.gateway.stop(30)
            self.gateway.check_health()
        finally:
            self.standin.stop()
            if os.environ.get("KEEP") is None:
                shutil.rmtree(self.folder, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    start = time.monotonic()
    crash = Crash(options.clients, options.seed)
    try:
        crash.run(crash.random.choice(KINDS) for _ in range(options.rounds))
        wrong = crash.check()
    finally:
        crash.close()
    print(f"{options.rounds} rounds, {options.clients} clients, {time.monotonic() - start:.0f} s")
    for name, value in crash.figures.items():
        print(f"  {name}: {value}")
    print("\n".join(wrong) if wrong else "every prompt that arrived is in the store exactly once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
