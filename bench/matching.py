"""bench/edm.c's figures: what exact data match costs texts that have nothing
of its table, by itself and within a scan, and what it finds there wrongly."""
import statistics

import scanning
from extraction import spread

ROWS = 1_000_000


def measure(rounds):
    """What bench/edm.c prints."""
    figures = scanning.run("edm", f"rounds={rounds}", f"rows={ROWS}")
    if figures is None:
        return None
    for f in figures["inputs"]:
        f["ratio"] = [a / b for a, b in zip(f["with"], f["without"])]
        f["ns_a_byte"] = [1e3 / rate for rate in f["walk"]]
        f["matches_a_mb"] = f["matches"] / (f["bytes"] / 1e6)
    return figures


def report(figures):
    print(f"\n{'exact data match, medians (range)':<36}{'walk, MB/s':>22}{'ns a byte':>11}{'scan without, MB/s':>24}"
          f"{'with, MB/s':>22}{'ratio':>20}{'matches a MB':>14}")
    for f in figures["inputs"]:
        print(f"{f['input']:<36}{spread(f['walk'], 0):>22}{statistics.median(f['ns_a_byte']):>11.1f}"
              f"{spread(f['without'], 1):>24}{spread(f['with'], 1):>22}{spread(f['ratio'], 2):>20}"
              f"{f['matches_a_mb']:>14.2f}")
    print(f"a table of {figures['rows']} rows of 8 columns: {figures['image_bytes'] / 1e6:.0f} MB, "
          f"built in {figures['build_s']:.0f} s of CPU")
