"""make bench: promptgate with full inspection beside HAProxy, Squid ssl_bump
and a direct connection, interleaved in one run, as ratios to HAProxy
(docs/performance.md). CPU time is that of the peer's processes, so a shared
machine disturbs it less than wall time; latencies are disturbed.

Behind that the speed of extraction beside jansson (bench/extract.c) and of the
detection engine beside Hyperscan alone (bench/scan.c), and what exact data
match adds to it (bench/edm.c).

    bench.py [--quick] [--rounds N] [--only WORD,…] [--peers NAME,…] [--profile | --growth]
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import extraction
import growth
import matching
import scanning
from peers import NAME, PLAIN_NAME, ROOT, UPLOAD_NAME, Direct, Haproxy, Origin, Promptgate, Squid
from shares import profile

LOAD = ROOT / "build/bench/load"
MIB, GB = 1 << 20, 1e9
GET = ["method=GET", "path=/bytes/1024"]
PROMPT = ["method=POST", "path=/backend-api/conversation", "body=prompt"]
TOKENS = ["method=POST", "path=/backend-api/conversation?n=50&ms=5", "body=prompt"]
TOKENS_EACH = 50


class Scenario:
    """One kind of load; `figures` makes its numbers from what was measured."""

    def __init__(self, name, version, words, count, conns=1, host=NAME):
        self.name, self.version, self.words = name, version, words
        self.count, self.conns, self.host = count, conns, host

    def load(self, peer, count, *more):
        command = [LOAD, *peer.address(self.host, self.version), f"name={self.host}", f"ca={peer.ca}",
                   f"alpn={self.version}", *self.words, f"conns={self.conns}", f"count={count}", *more]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, peer, scale):
        """What one load gave; once more if a request failed: Squid's do."""
        count = max(min(self.count, self.conns), int(self.count * scale))
        for _ in range(3):
            before = peer.cpu_seconds()
            out, _ = self.load(peer, count).communicate(timeout=120)
            cpu = peer.settled_cpu_seconds() - before
            got = json.loads(out)
            if not got["failed"]:
                return self.figures(got, cpu)
            print(f"bench: {self.name} {peer.name}: {got['failed']} of {count} requests failed", file=sys.stderr)
        raise SystemExit("bench: failed three times")


class PerRequest(Scenario):
    unit = "CPU µs a request"

    def figures(self, got, cpu):
        return {"": cpu / got["count"] * 1e6}


class PerConnection(Scenario):
    unit = "CPU ms each"

    def figures(self, got, cpu):
        return {"": cpu / got["count"] * 1e3, ": client resumed, %": 100 * got["resumed"] / got["count"]}


class PerGigabyte(Scenario):
    unit = "CPU s per GB"

    def figures(self, got, cpu):
        size = next(w for w in self.words if w.startswith(("path=/bytes/", "body="))).rsplit("/", 1)[-1]
        return {"": cpu * GB / (int(size.rsplit("=", 1)[-1]) * got["count"])}


class Latency(Scenario):
    unit = "µs"

    def figures(self, got, cpu):
        return {" p50": got["latency"]["p50"], " p99": got["latency"]["p99"]}


class Tokens(Scenario):
    unit = "µs"

    def figures(self, got, cpu):
        token = got["token"]
        return {": first token p50": got["first"]["p50"], ": first token p99": got["first"]["p99"],
                ": token origin to client p50": token["p50"], ": token origin to client p99": token["p99"],
                ": token origin to client max": token["max"],
                ": tokens later than 35 ms": token["over_35ms"],
                ": CPU µs a token": cpu / (got["count"] * TOKENS_EACH) * 1e6}


class Idle(Scenario):
    """On a fresh peer: memory that earlier load left free would hide it."""
    unit = "KiB"

    def run(self, peer, scale):
        if peer.name == "direct":
            return {}
        count = int(self.conns * scale)
        fresh = peer.another()
        try:
            self.load(fresh, 8, "conns=8").communicate()
            before = fresh.memory_bytes()
            load = self.load(fresh, count, "hold=1", f"conns={count}")
            line = load.stdout.readline().split()
            if line[:1] != ["held"] or line[3] != "0":
                raise SystemExit(f"bench: {self.name} {peer.name}: {line}")
            time.sleep(1)
            grown = fresh.memory_bytes() - before
            load.communicate("\n")
        finally:
            fresh.stop()
        return {" per connection": grown / 1024 / count}


SCENARIOS = [
    PerRequest("GET 1 KiB, kept alive, h1", "h1", GET, 8000, 8),
    PerRequest("GET 1 KiB, kept alive, h2", "h2", GET, 8000, 8),
    PerRequest("2 KiB prompt, 64 KiB answer, h1", "h1", PROMPT, 500, 8),
    PerRequest("2 KiB prompt, 64 KiB answer, h2", "h2", PROMPT, 500, 8),
    PerConnection("new connection, full handshakes", "h1", [*GET, "fresh=1"], 250, 4, PLAIN_NAME),
    PerConnection("new connection, resumption allowed", "h1", [*GET, "fresh=1", "resume=1"], 300, 4),
    PerGigabyte("down, unscanned, h1", "h1", [f"path=/bytes/{256 * MIB}"], 1),
    PerGigabyte("down, unscanned, h2", "h2", [f"path=/bytes/{256 * MIB}"], 1),
    PerGigabyte("up, unscanned, h1", "h1", ["method=POST", "path=/ces/up", f"body={256 * MIB}"], 1),
    PerGigabyte("up, unscanned, h2", "h2", ["method=POST", "path=/ces/up", f"body={256 * MIB}"], 1),
    PerGigabyte("up, file scanned, h1", "h1", ["method=PUT", "path=/file", f"body={64 * MIB}"], 1, 1, UPLOAD_NAME),
    Latency("GET 1 KiB, one at a time, h1", "h1", GET, 800),
    Latency("prompt, one at a time, h1", "h1", PROMPT, 150),
    Latency("prompt, one at a time, h2", "h2", PROMPT, 150),
    Tokens("token stream, h1", "h1", TOKENS, 16, 4),
    Tokens("token stream, h2", "h2", TOKENS, 16, 4),
    Idle("idle, h1", "h1", GET, 1, 1000),
    Idle("idle, h2", "h2", GET, 1, 1000),
]


def measure(scenarios, peers, rounds, scale):
    """{figure: {peer: [value a round]}}, peers in turn within each scenario."""
    results, units = {}, {}
    for turn in range(rounds):
        for s in scenarios:
            if isinstance(s, Idle) and turn > 0:
                continue  # memory is the same each time
            for peer in peers[turn % len(peers):] + peers[:turn % len(peers)]:
                if s.version not in peer.versions:
                    continue
                print(f"\r\x1b[K{turn + 1}/{rounds} {s.name}: {peer.name}", end="", file=sys.stderr, flush=True)
                for suffix, value in s.run(peer, scale).items():
                    name = s.name + suffix
                    units[name] = "" if suffix.startswith(": ") and "token " not in suffix else s.unit
                    results.setdefault(name, {}).setdefault(peer.name, []).append(value)
    print("\r\x1b[K", end="", file=sys.stderr)
    return results, units


def ratios(values, peer, base="haproxy"):
    pairs = zip(values.get(peer, []), values.get(base, []))
    found = [a / b for a, b in pairs if b > 0]
    return {"min": min(found), "median": statistics.median(found), "max": max(found)} if found else None


def added(values, peer):
    """Over the direct connection of the same round."""
    pairs = zip(values.get(peer, []), values.get("direct", []))
    found = [a - b for a, b in pairs]
    return statistics.median(found) if found else None


def report(results, units):
    names = ("direct", "haproxy", "squid", "promptgate")
    print(f"{'medians':<54}" + "".join(f"{n:>11}" for n in names) + "  promptgate to haproxy, squid to haproxy")
    for figure, values in results.items():
        unit = units[figure]
        line = f"{figure + (', ' + unit if unit else ''):<54}"
        for name in names:
            got = values.get(name)
            line += f"{statistics.median(got):11.2f}" if got and (name != "direct" or unit == "µs") else " " * 11
        if unit == "µs":
            more = [f"{n} {added(values, n):+.0f}" for n in names[1:] if added(values, n) is not None]
            line += "  over direct: " + ", ".join(more)
        elif ratios(values, "promptgate"):
            r = ratios(values, "promptgate")
            line += f"{r['median']:8.2f} ({r['min']:.2f}-{r['max']:.2f})"
            squid = ratios(values, "squid")
            line += f"{squid['median']:8.2f}" if squid else ""
        print(line)


def first_line(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines()[0] if done.stdout else ""


def write_json(path, results, units, measured, args):
    path.write_text(json.dumps({
        "haproxy": first_line("haproxy", "-v"), "squid": first_line("squid", "-v"),
        "openssl": first_line("openssl", "version"), "cpus": os.cpu_count(), "load_average": os.getloadavg(),
        "rounds": args.rounds, "quick": args.quick,
        "figures": [{"name": name, "unit": units[name], "values": values,
                     "ratio": ratios(values, "promptgate"), "squid_ratio": ratios(values, "squid")}
                    for name, values in results.items()],
        **measured}, indent=1))


def make_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-bench-"))
    folder.chmod(0o755)
    subprocess.run(["sh", ROOT / "tests/standin/make_certs.sh", folder], check=True)
    return folder


def parse_args():
    parser = argparse.ArgumentParser(description="promptgate beside HAProxy and Squid")
    parser.add_argument("--quick", action="store_true", help="a quarter of the load, under a minute")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="scenarios whose name has one of these words; extraction, detection and edm are three")
    parser.add_argument("--peers", default="direct,haproxy,squid,promptgate")
    parser.add_argument("--growth", action="store_true", help="how cost grows (bench/growth.py) instead")
    parser.add_argument("--profile", action="store_true", help="perf of the worker in these scenarios instead")
    return parser.parse_args()


def compare_peers(args, scenarios):
    """As measure; None: only a profile was wanted."""
    folder = make_folder()
    origin, peers = Origin(folder), []
    try:
        kinds = {"direct": Direct, "haproxy": Haproxy, "squid": Squid, "promptgate": Promptgate}
        for name in (["promptgate"] if args.profile else args.peers.split(",")):
            peers.append(kinds[name](folder, origin))
        for peer in peers:  # leaves, tickets and page caches are warm
            for s in SCENARIOS[:5]:
                if s.version in peer.versions:
                    s.run(peer, 0.05)
        if args.profile:
            for s in scenarios:
                profile(s, peers[0], ROOT / f"build/bench/perf-{SCENARIOS.index(s)}.data")
            return None
        return measure(scenarios, peers, args.rounds, 0.25 if args.quick else 1)
    finally:
        for peer in peers:
            peer.stop()
        origin.stop()
        if os.environ.get("KEEP") is None:
            shutil.rmtree(folder, True)


def show_growth(rounds):
    folder = make_folder()
    origin = Origin(folder)
    try:
        growth.report(growth.measure(folder, origin, lambda words, count, conns, host: Scenario(
            "growth", "h1", words, count, conns, host), rounds))
    finally:
        origin.stop()
        shutil.rmtree(folder, True)


def main():
    args = parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if args.growth:
        show_growth(args.rounds)
        return
    words, started = args.only.split(","), time.monotonic()
    scenarios = [s for s in SCENARIOS if any(w in s.name for w in words)]
    results, units, measured = {}, {}, {"extraction": [], "scan": None, "edm": None}
    if scenarios:
        compared = compare_peers(args, scenarios)
        if compared is None:
            return
        results, units = compared
        report(results, units)
    again = 3 if args.quick else 7
    for name, key, module in (("extraction", "extraction", extraction), ("detection", "scan", scanning),
                              ("edm", "edm", matching)):
        if not any(w in name for w in words):
            continue
        measured[key] = module.measure(again)
        if measured[key] is not None:
            module.report(measured[key])
    write_json(ROOT / "build/bench.json", results, units, measured, args)
    print(f"{args.rounds} rounds in {time.monotonic() - started:.0f} s, load average "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; written to build/bench.json")


if __name__ == "__main__":
    main()
