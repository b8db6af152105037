"""Line coverage of the parsers by their corpora.

    tests/fuzz/coverage.py FOLDER_OF_REPLAYS
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
replays = pathlib.Path(sys.argv[1])
# The module a target is there for, where its name does not say it.
MODULES = {"h1_request": "h1", "h1_response": "h1", "h2_client": "h2", "h2_origin": "h2"}

by_module = {}
for replay in sorted(replays.glob("fuzz_*")):
    if replay.suffix:
        continue
    name = replay.name.removeprefix("fuzz_")
    raw = replay.with_suffix(".profraw")
    subprocess.run([replay, ROOT / "corpus" / name], check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
    by_module.setdefault(MODULES.get(name, name), []).append((replay, raw))

for module, runs in by_module.items():
    data = replays / "merged.profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", data, *[raw for _, raw in runs]], check=True)
    objects = [arg for replay, _ in runs for arg in ("-object", replay)][1:]
    report = subprocess.run(["llvm-cov", "report", *objects, "-instr-profile", data], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    for line in report.splitlines():
        field = line.split()
        if field and re.search(rf"(^|/){re.escape(module)}(_\w+)?\.c$", field[0]):
            print(f"{field[0]:28} lines {field[9]:>8}")
