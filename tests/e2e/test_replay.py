"""What `promptgate replay` makes of some two hundred exchanges in the shapes of
facts/chatgpt-wire.md, whole and in pieces: each case is one or more exchanges
with the activities that the contract and the fact sheet demand for them.

    CASE=word   only cases whose name has the word; their lines are printed
"""
import datetime
import itertools
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import replay_admin  # noqa: F401  (they register their cases)
import replay_admin_turned  # noqa: F401
import replay_answered  # noqa: F401
import replay_answers  # noqa: F401
import replay_api
import replay_asked  # noqa: F401
import replay_beside  # noqa: F401
import replay_content  # noqa: F401
import replay_fetches  # noqa: F401
import replay_files_again  # noqa: F401
import replay_files_contract  # noqa: F401
import replay_files_down  # noqa: F401
import replay_files_offered  # noqa: F401
import replay_files_up  # noqa: F401
import replay_forms  # noqa: F401
import replay_guises  # noqa: F401
import replay_hostile  # noqa: F401
import replay_identity  # noqa: F401
import replay_items  # noqa: F401
import replay_models  # noqa: F401
import replay_more  # noqa: F401
import replay_mweb  # noqa: F401
import replay_order  # noqa: F401
import replay_pieces  # noqa: F401
import replay_other  # noqa: F401
import replay_prompts  # noqa: F401
import replay_public  # noqa: F401
import replay_public_turned  # noqa: F401
import replay_rare_answers  # noqa: F401
import replay_rare_links  # noqa: F401
import replay_rare_prompts  # noqa: F401
import replay_rare_turns  # noqa: F401
import replay_rarer  # noqa: F401
import replay_resume  # noqa: F401
import replay_seam  # noqa: F401
import replay_signin  # noqa: F401
import replay_signin_turned  # noqa: F401
import replay_storage  # noqa: F401
import replay_talks  # noqa: F401
import replay_transfers  # noqa: F401
import replay_turns  # noqa: F401
import replay_views  # noqa: F401
import replay_words_elsewhere  # noqa: F401
import replay_writes  # noqa: F401
import replay_ws  # noqa: F401
from exchanges import dumps, har
from gateway import BINARY, ROOT
from replay_cases import ANY, CASES

# ---- running ----

def activity_problem(want, got):
    text = got.get("text") or {}
    hidden, said_ = text.get("hidden"), text.get("content")
    for key, value in want.items():
        if value is ANY or key == "replies_to":
            continue
        values = value if isinstance(value, list) else [value]
        if key in ("content", "hidden"):
            found = text.get(key)
        elif key in ("hidden_has", "content_has"):
            found = hidden if key == "hidden_has" else said_
            if all(v in (found or "") for v in values):
                continue
        elif key == "anywhere":
            found = (said_ or "") + "\n" + (hidden or "")
            if value in found:
                continue
        elif key in ("where", "start", "type", "sample"):
            found = [f.get(key) for f in got.get("findings", [])]
            if value in found:
                continue
        elif key == "file_ids":
            found = [f.get("id") for f in got.get("files", [])]
        elif key == "actor_has":
            found = dumps(got.get("actor"))
            if all(v in found for v in values) and replay_api.SK not in found:
                continue
        elif key == "facts":
            found = {k: (got.get("details") or {}).get(k) for k in value}
        elif key in ("http", "actor"):
            found = {k: (got.get(key) or {}).get(k) for k in value}
        elif key == "files" and value is not None:
            keys = [set(v) for v in value]
            found = got.get("files") or []
            if len(found) == len(keys):
                found = [{k: f.get(k) for k in ks} for f, ks in zip(found, keys)]
        else:
            found = got.get(key)
        if found != value:
            return f"{key}: wanted {value!r}, got {found!r}"
    return None


class Replay(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pg-replay-")
        only = os.environ.get("CASE", "")
        cls.chosen = [c for c in CASES if only in c[0]]
        cls.path, cls.cases, cls.entries = cls.capture("all.har", cls.chosen)
        cls.whole = cls.replay(cls.path)

    @classmethod
    def capture(cls, name, chosen):
        """All cases in one file, each in its own quarter of an hour."""
        path = pathlib.Path(cls.folder.name) / name
        entries, cases = [], {}
        start = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
        for number, (name, make) in enumerate(chosen):
            made, expected = make()
            begin = start + datetime.timedelta(minutes=15 * number)
            for e in made:
                at = datetime.datetime.fromisoformat(e["startedDateTime"].replace("Z", "+00:00"))
                at = begin + (at - datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.timezone.utc))
                for m in e.get("_webSocketMessages", []):
                    m["time"] += at.timestamp()
                e["startedDateTime"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            entries += made
            cases[begin] = (name, expected)
        path.write_text(json.dumps(har(entries), ensure_ascii=True), encoding="ascii")
        return path, cases, entries

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def replay(*args):
        done = subprocess.run([BINARY, "replay", "-c", ROOT / "conf/promptgate.yaml", *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"replay: status {done.returncode}: {done.stderr.decode()[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    @staticmethod
    def comparable(activity):
        return {k: v for k, v in activity.items() if k not in ("id", "reply_to", "reason")}

    @staticmethod
    def of_case(whole, begin):
        def is_in(activity):
            at = datetime.datetime.fromisoformat(activity["time"].replace("Z", "+00:00"))
            return begin <= at < begin + datetime.timedelta(minutes=15)
        return [a for a in whole if is_in(a)]

    def check(self, cases, whole):
        for begin, (name, expected) in cases.items():
            got = self.of_case(whole, begin)
            if os.environ.get("CASE"):
                print("\n".join(dumps(a, indent=1) for a in got))
            with self.subTest(name):
                problems = [f"{i}: {p}" for i, p in enumerate(map(activity_problem, expected, got)) if p]
                problems += [f"{i}: no reply to {w['replies_to']}" for i, (w, g) in enumerate(zip(expected, got))
                             if "replies_to" in w and g.get("reply_to") != got[w["replies_to"]]["id"]]
                names = [a["activity"] for a in got]
                wanted = [n if e["activity"] is ANY else e["activity"] for e, n in
                          itertools.zip_longest(expected, names, fillvalue={"activity": "nothing"}) if e]
                self.assertEqual((problems, names), ([], wanted))

    def test_every_case_yields_what_the_contract_says(self):
        self.check(self.cases, self.whole)

    def test_cases_know_nothing_of_each_other(self):
        shuffled = random.Random(1).sample(self.chosen, len(self.chosen))
        path, cases, _ = self.capture("shuffled.har", shuffled)
        self.check(cases, self.replay(path))

    def test_times_are_the_captures(self):
        starts = {e["startedDateTime"] for e in self.entries}
        self.assertEqual([a["time"] for a in self.whole if a["time"] not in starts], [])

    def test_ids_are_unique(self):
        ids = [a["id"] for a in self.whole]
        self.assertEqual(len(ids), len(set(ids)))

    def test_pieces_change_nothing(self):
        rng = random.Random(7)
        sizes = ["1", "7,3,1", ",".join(str(rng.randint(1, 90)) for _ in range(40)), "65536", "4096,1"]
        whole = list(map(self.comparable, self.whole))
        for size in sizes:
            with self.subTest(size):
                self.assertEqual(list(map(self.comparable, self.replay("--chunk", size, self.path))), whole)


if __name__ == "__main__":
    unittest.main()
