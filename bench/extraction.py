"""bench/extract.c's figures: the decoders beside jansson on the same bytes."""
import json
import statistics
import subprocess

from peers import ROOT


def measure(rounds):
    """[{input, name, mb_s, ratio to jansson in the same round}]"""
    done = subprocess.run([ROOT / "build/bench/extract", f"rounds={rounds}"], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)["figures"]
    base = {f["input"]: f["mb_s"] for f in figures if f["name"].startswith("jansson")}
    for f in figures:
        f["ratio"] = [a / b for a, b in zip(f["mb_s"], base[f["input"]])]
    return figures


def spread(values, digits):
    low, high = min(values), max(values)
    return f"{statistics.median(values):8.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def report(figures):
    print(f"\n{'extraction, medians (range)':<46}{'MB/s':>22}{'to jansson':>22}")
    for f in figures:
        name = f"{f['input']}: {f['name']}"
        print(f"{name:<46}{spread(f['mb_s'], 0):>22}{spread(f['ratio'], 1):>22}")
