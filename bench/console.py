"""How fast the console answers over a large store.

    bench/console.py [--rows 1000000] [--keep FOLDER]

Writes a journal of made-up activities, has the real indexer build the store
from it, starts a gateway on that store and times the API: the median and the
worst of five answers each, first row of lists and whole numbers.  Exits with 1
when a bound of docs/console.md is missed.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
from gateway import BINARY, Gateway  # noqa: E402
from console_client import Console  # noqa: E402
from made_up import DAYS, write_journal  # noqa: E402

CASES = [  # what, path, bound in ms
    ("list, all", "activities?limit=50", 300),
    ("list, one user", "activities?limit=50&user=user77@example.com", 300),
    ("list, nothing matches", "activities?limit=50&user=nobody@example.com&verdict=block", 300),
    ("list, rare: type and model and verdict", "activities?limit=50&type=iban&model=o3&verdict=block&severity=high", 300),
    ("list, globs", "activities?limit=50&activity=prompt*&user=user1*&file_type=*zip", 300),
    ("list, network", "activities?limit=50&network=10.7.0.0/16&category=Data+Upload", 300),
    ("list, common word", "activities?limit=50&q=report", 300),
    ("list, phrase and verdict", "activities?limit=50&verdict=block&q=%22cache+works%22", 300),
    ("list, prefix of many words", "activities?limit=50&q=t", 300),
    ("list, several words", "activities?limit=50&q=%22report%22+%22budget%22+plan", 300),
    ("list, a word that nothing has", "activities?limit=50&q=zzz", 300),
    ("list, word and filter and period", "activities?limit=50&q=invoice&user=user1*&verdict=block&since=7d", 300),
    ("list, word and two values and none of one", "activities?limit=50&q=invoice&model=o3&model=gpt-4o&type=-", 300),
    ("list, word in a conversation", "activities?limit=50&q=i&conversation_id=conv-5000", 300),
    ("list, left out", "activities?limit=50&exclude=user:user1*&exclude=verdict:allow&exclude=model:o3", 300),
    ("list, either of two words, without a third", "activities?limit=50&q=invoice+OR+budget+-report", 300),
    ("list, without a word", "activities?limit=50&q=-t", 300),
    ("page, deep", "activities?limit=50&cursor={middle}", 300),
    ("page, deep, word", "activities?limit=50&q=invoice&cursor={middle}", 300),
    ("page, deep, globs and word", "activities?limit=50&activity=prompt*&user=user1*&q=cache&cursor={middle}", 300),
    ("page, deep, rare", "activities?limit=50&type=iban&model=o3&verdict=block&cursor={middle}", 300),
    ("list, conversation", "activities?limit=50&conversation_id=conv-5000", 300),
    ("incidents, all", "incidents?limit=50", 300),
    ("incidents, one user, new, high", "incidents?limit=50&user=user77@example.com&status=new&severity=high", 300),
    ("incidents, nothing matches", "incidents?limit=50&rule=nothing*&status=resolved", 300),
    ("incidents with numbers", "incidents?limit=50&counts=1", 1000),
    ("services, a day", "services?since=24h", 1000),
    ("services, all", "services", 2000),
    ("stats, all facets, a day", "stats?facet=all&since=24h", 1000),
    ("stats, all facets, 7 days", "stats?facet=all&since=7d", 1000),
    ("stats, all facets, whole store", "stats?facet=all", 2000),
    ("stats, all facets, filtered", "stats?facet=all&verdict=block&activity=prompt*&type=iban", 2000),
    ("stats, word", "stats?facet=all&q=invoice", 2000),
    ("stats, word, a day", "stats?facet=all&q=invoice&since=24h", 1000),
    ("stats, word, 7 days", "stats?facet=all&q=invoice&since=7d", 1000),
    ("stats, prefix that 85 in 100 have", "stats?facet=all&q=t", 2000),
    ("stats, phrase", "stats?facet=all&q=%22cache+works%22", 2000),
    ("stats, several words", "stats?facet=all&q=%22report%22+%22budget%22+plan", 2000),
    ("stats, a word that nothing has", "stats?facet=all&q=zzz", 2000),
    ("stats, left out", "stats?facet=all&exclude=user:user1*&exclude=verdict:allow&exclude=model:o3", 2000),
    ("stats, either of two words, without a third", "stats?facet=all&q=invoice+OR+budget+-report", 2000),
    ("stats, without a prefix that 85 in 100 have", "stats?facet=all&q=NOT+tomorrow+-invoice+-report", 2000),
    ("stats, word and filters", "stats?facet=all&q=invoice&verdict=block&user=user1*&model=o3&model=gpt-4o", 2000),
    ("stats, word and none of one", "stats?facet=all&q=invoice&type=-", 2000),
    *[(f"stats, {facet} of a word", f"stats?facet={facet}&buckets=0&q=invoice", 2000)
      for facet in ("user", "network", "type", "node")],
    *[(f"users by {sort}, whole store", f"users?sort={sort}&limit=50", 2000) for sort in ("risk", "bytes", "user")],
    ("users, word", "users?limit=50&q=invoice", 2000),
]


def cpu_ms(gateway):
    """What the role has used: on a busy machine the honest figure."""
    fields = pathlib.Path(f"/proc/{console_pid(gateway)}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(gateway, console, path):
    times, used = [], cpu_ms(gateway)
    for _ in range(5):
        start = time.monotonic()
        answer = console.get("/api/v1/" + path)
        times.append((time.monotonic() - start) * 1000)
        assert answer.status_code == 200, answer.text
    return times, (cpu_ms(gateway) - used) / len(times), answer


def console_pid(gateway):
    return next(iter(gateway.roles("console")))


def memory(gateway):
    text = pathlib.Path(f"/proc/{console_pid(gateway)}/status").read_text()
    return {k: int(text.split(k + ":")[1].split()[0]) // 1024 for k in ("VmRSS", "VmHWM")}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1000000)
    options.add_argument("--keep", type=pathlib.Path, help="a folder to keep the store in, or to take it from")
    given = options.parse_args()
    folder = given.keep or pathlib.Path(tempfile.mkdtemp(prefix="pg-bench-console-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    gateway = Gateway(folder, {}, "retention: {days: 365, bytes: 107374182400}")
    store = gateway.data / "store"
    if not (store / "store.db").exists():
        start = time.monotonic()
        write_journal(store / "journal", given.rows)
        print(f"journal of {given.rows} activities: {time.monotonic() - start:.0f} s", flush=True)
        start = time.monotonic()
        while True:  # each call waits for a bounded time
            done = subprocess.run([BINARY, "activities", "--since", "1s", "-c", gateway.config], capture_output=True)
            if done.returncode == 0:
                break
        seconds = time.monotonic() - start
        print(f"index: {seconds:.0f} s, {seconds / given.rows * 1e6:.0f} us an activity, "
              f"{(store / 'store.db').stat().st_size / given.rows:.0f} bytes each", flush=True)
        subprocess.run(["chown", "-R", "nobody", store], check=False)
    missed = 0
    gateway.start()
    try:
        console = Console(gateway)
        while console.get("/api/v1/health").json()["queues"]["unfilled"] > 0:
            time.sleep(1)  # a store that was kept from before
        middle = f"{int((time.time() - DAYS / 2 * 86400) * 1000)}-0"
        print(f"memory before: {memory(gateway)}")
        for what, path, bound in CASES:
            times, cpu, answer = measure(gateway, console, path.format(middle=middle))
            median = statistics.median(times)
            missed += median > bound
            size = len(answer.json().get("items") or []) or answer.json().get("total")
            print(f"{'ok  ' if median <= bound else 'SLOW'} {what:42} median {median:6.0f} ms, worst {max(times):6.0f} ms, CPU {cpu:4.0f} ms "
                  f"(bound {bound}), {size}", flush=True)
        print(f"memory after: {memory(gateway)}")
    finally:
        gateway.stop()
        if not given.keep:
            shutil.rmtree(folder, True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
