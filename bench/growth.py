"""make bench ARGS=--growth: how promptgate's cost grows with connections,
detectors, bytes of a body and workers. Prints the tables of docs/performance.md
and draws docs/growth.svg; the figures are in build/bench/growth.json.

CPU time is that of all roles, read again once what was put off is done; a
measurement is one load on a fresh gateway, the median of `rounds`.
"""
import json
import statistics

import yaml

import plot
from peers import NAME, ROOT, UPLOAD_NAME, Promptgate

CONNECTIONS, DETECTORS, WORKERS = (1, 100, 10_000), (10, 1_000), (1, 2)
SIZES = tuple(1024 * 10 ** n for n in range(5)) + (100 << 20,)
GET = ["method=GET", "path=/bytes/1024"]
PROMPT = ["method=POST", "path=/backend-api/conversation", "body=prompt"]
REQUESTS, ROUND_BYTES = 6000, 64 << 20
TOLD_APART = 100  # fewer connections cannot be told from what else a role's memory does
POLICY_TYPES = ("credit-card", "iban", "us-ssn", "private-key")  # those that the shipped policy names


class Crowd(Promptgate):
    """All clients of the bench have one address."""
    settings = "clients: {max_per_address: 20000}\ntimeouts: {idle: 600000}\n"


class TwoWorkers(Crowd):
    """10,000 connections are 20,000 descriptors: more than one process may hold
    on many machines."""
    workers = 2


def token(number):
    """A detector as those of vendors are."""
    name = f"grow{number:04d}"
    return {"id": name, "type": "vendor-key", "group": "secret", "severity": "high", "description": "made up",
            "patterns": [{"anchor": [f"{name}_[a-z0-9]{{4}}"],
                          "match": f"(?<![A-Za-z0-9]){name}_[a-z0-9]{{32}}(?![A-Za-z0-9])"}],
            "confidence": {"base": "high"}, "examples": [f"key {name}_" + "a1b2c3d4" * 4],
            "counter_examples": [f"key {name}_a1b2"]}


class Detectors(Promptgate):
    """Evenly chosen ones of those that are shipped; made up ones behind them."""
    count = 0

    def edit(self, conf):
        folder = conf / "detectors"
        shipped = [d for path in sorted(folder.glob("*.yaml")) for d in yaml.safe_load(path.read_text())["detectors"]]
        for path in folder.glob("*.yaml"):
            path.unlink()
        chosen = [next(d for d in shipped if d.get("type") == kind) for kind in POLICY_TYPES]
        others = [d for d in shipped if d not in chosen]
        chosen += others[::max(1, len(others) // self.count)][:self.count - len(chosen)]
        chosen += [token(n) for n in range(self.count - len(chosen))]
        (folder / "all.yaml").write_text(yaml.safe_dump({"detectors": chosen}, allow_unicode=True))


def with_detectors(count):
    return type(f"Detectors{count}", (Detectors,), {"count": count})


def loaded(peer, scenario, words, count, conns, host=NAME):
    """What the load says, CPU seconds and seconds of it."""
    load = scenario(words, count, conns, host).load(peer, count)
    before = peer.cpu_seconds()
    got = json.loads(load.communicate(timeout=600)[0])
    if got["failed"]:
        raise SystemExit(f"growth: {got['failed']} requests failed: {words}")
    return got, peer.settled_cpu_seconds() - before


def per_connections(peer, scenario, conns):
    """So many are open; requests go over them in turn, eight at a time."""
    loaded(peer, scenario, GET, 8, 8)
    before = peer.memory_bytes()
    load = scenario([*GET, "hold=1", f"walk={REQUESTS}"], conns, conns, NAME).load(peer, conns)
    held = load.stdout.readline().split()
    if held[:1] != ["held"] or held[3] != "0":
        raise SystemExit(f"growth: {conns} connections: {held}")
    grown = peer.memory_bytes() - before
    cpu = peer.settled_cpu_seconds()
    load.stdin.write("\n")
    load.stdin.flush()
    got = json.loads(load.stdout.readline())
    cpu = peer.settled_cpu_seconds() - cpu
    load.communicate(timeout=600)  # closing them is no part of a request
    return {"cpu_us": cpu / got["count"] * 1e6, "p50_us": got["latency"]["p50"], "p99_us": got["latency"]["p99"],
            **({"memory_kib": grown / 1024 / conns} if conns >= TOLD_APART else {})}


def per_detectors(peer, scenario, _):
    loaded(peer, scenario, PROMPT, 50, 8)
    got, cpu = loaded(peer, scenario, PROMPT, 400, 8)
    return {"cpu_us": cpu / got["count"] * 1e6, "memory_mib": peer.memory_bytes() / (1 << 20)}


def per_bytes(peer, scenario, size):
    count = max(1, min(400, ROUND_BYTES // size))
    kinds = {"file_ms": (["method=PUT", "path=/file", f"body={size}"], UPLOAD_NAME),
             "up_ms": (["method=POST", "path=/ces/up", f"body={size}"], NAME),
             "down_ms": ([f"path=/bytes/{size}"], NAME)}
    found = {}
    for name, (words, host) in kinds.items():
        loaded(peer, scenario, words, 1, 1, host)
        got, cpu = loaded(peer, scenario, words, count, 1, host)
        found[name] = cpu / got["count"] * 1e3
    return found


def per_workers(peer, scenario, _):
    found = {}
    for name, words, count in (("get", GET, REQUESTS), ("prompt", PROMPT, 400)):
        loaded(peer, scenario, words, 50, 16)
        got, cpu = loaded(peer, scenario, words, count, 16)
        found |= {f"{name}_us": cpu / got["count"] * 1e6, f"{name}_a_second": got["count"] / got["seconds"]}
    return found


SERIES = {
    "connections": [(n, TwoWorkers, per_connections) for n in CONNECTIONS],
    "detectors": [(n, with_detectors(n), per_detectors) for n in DETECTORS],
    "bytes": [(n, Crowd, per_bytes) for n in SIZES],
    "workers": [(n, kind, per_workers) for n, kind in zip(WORKERS, (Crowd, TwoWorkers))],
}


def medians(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def measure(folder, origin, scenario, rounds):
    """{series: [[x, {figure: median}]]}"""
    found = {name: [] for name in SERIES}
    for name, points in SERIES.items():
        for x, kind, figures in points:
            rows = []
            for _ in range(rounds):
                peer = kind(folder, origin)
                try:
                    rows.append(figures(peer, scenario, x))
                finally:
                    peer.stop()
            found[name].append([x, medians(rows)])
            print(f"growth: {name} {x}: " + ", ".join(f"{k} {v:.4g}" for k, v in found[name][-1][1].items()), flush=True)
    return found


def count_text(count):
    return f"{count:,}"


def size_text(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 and size % (1 << 20) == 0 else f"{size // 1024:,} KiB"


TITLES = {
    "connections": ("open connections", count_text, {"cpu_us": "CPU µs a GET", "p50_us": "p50 µs", "p99_us": "p99 µs",
                                              "memory_kib": "KiB a connection"}),
    "detectors": ("detectors", count_text, {"cpu_us": "CPU µs a prompt", "memory_mib": "memory of all roles, MiB"}),
    "bytes": ("body", size_text, {"file_ms": "file up, scanned, CPU ms", "up_ms": "up, unscanned", "down_ms": "down, unscanned"}),
    "workers": ("workers", count_text, {"get_us": "CPU µs a GET", "get_a_second": "GET a second", "prompt_us": "CPU µs a prompt",
                                 "prompt_a_second": "prompts a second"}),
}


def cell(figure):
    if figure is None:
        return "–"
    return f"{figure:.3g}" if figure < 100 else f"{figure:,.0f}"


def table(name, rows):
    first, text, columns = TITLES[name]
    lines = [f"| {first} | " + " | ".join(columns.values()) + " |", "| ---: |" + " ---: |" * len(columns)]
    lines += [f"| {text(x)} | " + " | ".join(cell(row.get(key)) for key in columns) + " |"
              for x, row in rows]
    return "\n".join(lines)


def report(found):
    (ROOT / "build/bench/growth.json").write_text(json.dumps(found, indent=1))
    for name, rows in found.items():
        print(table(name, rows) + "\n")
    (ROOT / "docs/growth.svg").write_text(plot.draw([
        plot.Panel("GET of 1 KiB", "open connections", "CPU µs", {"a request": [(x, r["cpu_us"]) for x, r in found["connections"]]}),
        plot.Panel("2 KiB prompt, 64 KiB answer", "detectors", "CPU µs", {"a prompt": [(x, r["cpu_us"]) for x, r in found["detectors"]]}),
        plot.Panel("one body", "bytes", "CPU ms", {
            "file, scanned": [(x, r["file_ms"]) for x, r in found["bytes"]],
            "up": [(x, r["up_ms"]) for x, r in found["bytes"]],
            "down": [(x, r["down_ms"]) for x, r in found["bytes"]]}),
        plot.Panel("two cores, client and origin on them too", "workers", "a second", {
            "GET": [(x, r["get_a_second"]) for x, r in found["workers"]],
            "prompts": [(x, r["prompt_a_second"]) for x, r in found["workers"]]}),
    ]))
