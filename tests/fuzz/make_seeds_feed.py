#!/usr/bin/env python3
"""Writes the seeds of the fuzz target feed: pages of both logs, whole and odd,
files of JSON Lines, and cursors."""
import hashlib
import itertools
import json
import pathlib

ROOT = pathlib.Path(__file__).parent / "corpus" / "feed"
TIMES = [[5, 4, 3], [3, 4, 5], [7, 7, 7], [1767600000, 1767599999], ["2026-01-05T08:00:00Z", None], [-1, 1e300], []]
LAST = [{"last_id": "e0"}, {"last_id": None}, {}, {"last_id": 7}]
ENDS = [None, "2026-01-05T08:00:00Z", "2026-01-05T08:00:00.123456Z", "x", 5]


def seeds():
    for times, last, more in itertools.product(TIMES, LAST, (True, False, None)):
        yield {"data": [{"id": f"e{i}", "effective_at": t} for i, t in enumerate(times)], "has_more": more, **last}
    for end, more, size in itertools.product(ENDS, (True, False), (0, 1 << 30)):
        yield {"data": [{"id": "eclf_1", "file_size": size, "file_sha256": ""}, {"id": "a/b?c"}, {}], "has_more": more, "last_end_time": end}
    for odd in ([], {}, {"data": {}}, {"data": [1, "a", None, []]}, {"last": -5}, {"last": 5, "seen": True, "by_before": True},
                {"after": {"ONE": "2026-01-05T08:00:00Z"}, "seen": True}, {"after": {"ONE": 5}}, {"after": []}):
        yield odd


ROOT.mkdir(parents=True, exist_ok=True)
texts = [json.dumps(s) for s in seeds()] + ["", "{", '{"a":1}\n{"b":2}\n\n', "\r\nx\r\n"]
for text in texts:
    (ROOT / hashlib.sha1(text.encode()).hexdigest()[:16]).write_text(text)
print(len(list(ROOT.iterdir())), "seeds")
