"""Runs every fuzz target for a while on a copy of its corpus.

    tests/fuzz/fuzz.py FOLDER_OF_TARGETS SECONDS_EACH

New inputs stay in build/fuzz-corpus; an input that is a finding is kept there
and named: make it a seed and a unit test.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
# Where a run takes milliseconds and a corpus has many features, libFuzzer's own
# schedule costs more than the runs.
OPTIONS = {"session": ["-entropic=0"]}
targets, seconds = pathlib.Path(sys.argv[1]), sys.argv[2]
found = []
for target in sorted(targets.glob("fuzz_*")):
    if target.suffix:
        continue
    name = target.name.removeprefix("fuzz_")
    work = ROOT.parent.parent / "build/fuzz-corpus" / name
    work.mkdir(parents=True, exist_ok=True)
    print(f"== {target.name}: {seconds} s", flush=True)
    done = subprocess.run([target, "-max_total_time=" + seconds, "-timeout=10", "-rss_limit_mb=2048",
                           "-print_final_stats=1", "-verbosity=0", *OPTIONS.get(name, []),
                           f"-artifact_prefix={work}-finding-", work, ROOT / "corpus" / name])
    if done.returncode != 0:
        found.append(target.name)
print("findings in: " + ", ".join(found) if found else "no finding")
sys.exit(1 if found else 0)
