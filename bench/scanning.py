"""bench/scan.c's figures: the detection engine end to end beside hs_scan alone
on the same database, over the benign texts of the evaluation set."""
import json
import os
import pathlib
import subprocess
import tempfile

from extraction import spread
from peers import ROOT

EVAL = pathlib.Path(os.environ.get("EVAL_DIR", ROOT.parent / "shared/eval"))
REPEAT_BYTES = 1 << 20  # small inputs are read again


def records(name):
    with open(EVAL / name, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def is_other_script(text):
    return sum(c > "\u007f" for c in text) > len(text) / 2


def inputs():
    """{name: bytes, texts divided by NUL}"""
    chat, prose = records("benign-chat.jsonl"), records("benign-prose.jsonl")
    texts = {
        "chat": [t for t in chat if t.isascii()],
        "prose": [t for t in prose if t.isascii()],
        "other scripts": [t for t in chat + prose if is_other_script(t)],
    }
    found = {}
    for name, each in texts.items():
        data = b"\0".join(t.replace("\0", " ").encode() for t in each)
        found[name] = b"\0".join([data] * (1 + REPEAT_BYTES // (len(data) + 1)))
    return found


def run(program, *arguments):
    """What a program of bench/ prints of the inputs; None without the evaluation set."""
    if not EVAL.is_dir():
        print(f"{program}: SKIPPED, no {EVAL}")
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, data in inputs().items():
            path = pathlib.Path(folder) / name
            path.write_bytes(data)
            files.append(f"{name}={path}")
        done = subprocess.run([ROOT / "build/bench" / program, *arguments, *files], stdout=subprocess.PIPE, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def measure(rounds):
    """What bench/scan.c prints."""
    figures = run("scan", f"rounds={rounds}")
    if figures is None:
        return None
    for f in figures["inputs"]:
        f["ratio"] = [a / b for a, b in zip(f["end_to_end"], f["hs_scan"])]
    return figures


def report(figures):
    print(f"\n{'detection, medians (range)':<28}{'end to end, MB/s':>24}{'hs_scan, MB/s':>24}{'ratio':>22}"
          f"{'4 KiB prompt, µs':>24}")
    for f in figures["inputs"]:
        us = f.get("prompt_us")
        prompt = f"p50 {us['p50']:.0f}, p99 {us['p99']:.0f}" if us else ""
        print(f"{f['input']:<28}{spread(f['end_to_end'], 1):>24}{spread(f['hs_scan'], 0):>24}"
              f"{spread(f['ratio'], 3):>22}{prompt:>24}")
    print(f"warm start with a compiled database: {figures['warm_start_ms']:.0f} ms, median of five")
