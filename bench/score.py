#!/usr/bin/env python3
"""Detection quality: recall and precision by family, findings on clean text.

Drives `promptgate scan --jsonl --unmask` over the evaluation records of
EVAL_DIR (README.md there describes them), once a set, and over sources and
scripts of this machine as code.

A labelled span is found when a finding shares a byte with it: of the same
type in the families' tables and the identifiers' pools, of the group
`secret` in the secrets' pool (whether the vendor's name is right is told
apart).  A finding is wrong when it stands in a completely labelled text
beside every span, or in a negative text that is about its type (or about
none).  `strict` also counts findings of the pool's kind in negative texts
about another type of it, and identifiers under another family's name.
Records with a disputable label are left out.
"""

import argparse
import collections
import datetime
import json
import os

from found import scan_records

SECRET_SETS = ["gitleaks", "noseyparker", "kingfisher", "titus",
               "detect-secrets", "secretlint", "credsweeper", "own"]
OTHER_SETS = ["presidio", "presidio-research", "pii-synthetic"]
BENIGN_SETS = ["benign-chat", "benign-prose"]
LOW = {"email", "phone", "ip", "mac", "url", "date", "uk-postcode", "de-plz",
       "vehicle-registration", "source-code"}
UNSCORED = {"person", "address", "location", "organization", "title", "age",
            "nrp", "zip", "other-pii"}
SECRETS = set("""
    ai-vendor-key alibaba anthropic-key artifactory atlassian
    auth-header-or-url aws-key aws-other aws-secret azure clojars cloudflare
    coinbase connection-string crates-io crypto-private-key databricks datadog
    digitalocean discord docker dropbox facebook fastly figma gcp
    generic-api-key github-token gitlab-token grafana hashicorp heroku
    huggingface jwt linear linkedin mailchimp mailgun newrelic notion npm
    nuget okta openai-key password password-hash paypal plaid planetscale
    postman private-key pypi rubygems sendgrid sendinblue sentry shopify slack
    square stripe telegram twilio twitter-twitch vendor-key""".split())
# Aims of the pools: recall, precision.
AIMS = {"secrets": (0.90, 0.95), "identifiers": (0.95, 0.98),
        "presidio": (0.93, 0.98)}
CODE_FOLDERS = ["/usr/lib/python3", "/usr/lib/python3.11", "/usr/include",
                "/usr/share/perl", "/usr/share/nodejs", "/usr/share/doc",
                "/usr/share/javascript", "/etc", "/usr/share/bash-completion",
                "/usr/lib/node_modules", "/usr/share/autoconf"]
CODE_ENDINGS = (".py", ".h", ".hpp", ".c", ".js", ".json", ".pl", ".pm",
                ".sh", ".css", ".html", ".conf", ".txt", ".ts", ".m4", ".rst",
                ".md", ".mjs", ".cjs", ".yaml", ".yml", ".lua", ".rb")
CODE_BYTES = 12_000_000
CODE_FILE_BYTES = 200_000


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def overlaps(finding, span):
    return finding["start"] < span["end"] and span["start"] < finding["end"]


class Score:
    """Counts of one pool: what belongs to it says `families`; `is_same`
    whether a finding's type is right for a span's."""

    def __init__(self, families, is_same):
        self.families = families
        self.is_same = is_same
        self.expected = collections.Counter()
        self.found = collections.Counter()
        self.named = collections.Counter()
        self.right = collections.Counter()
        self.wrong = collections.Counter()
        self.strict = collections.Counter()
        self.misses = []
        self.errors = []

    def add_spans(self, record, findings):
        for span in record["expect"]:
            if span["type"] not in self.families:
                continue
            near = [f for f in findings if overlaps(f, span)]
            self.expected[span["type"]] += 1
            self.named[span["type"]] += any(
                f["type"] == span["type"] for f in near)
            if any(self.is_same(f["type"], span["type"]) for f in near):
                self.found[span["type"]] += 1
            else:
                start = max(0, len(record["text"].encode()[:span["start"]]
                                   .decode(errors="replace")) - 60)
                self.misses.append((span["type"], record["id"],
                                    record.get("rule"), span["match"][:80],
                                    record["text"][start:start + 160]))

    def add(self, record, findings):
        self.add_spans(record, findings)
        spans = record["expect"]
        about = set(record.get("neg_types") or [])
        for f in findings:
            if f["type"] not in self.families:
                continue
            near = [s for s in spans if overlaps(f, s)]
            is_wrong = is_strict = False
            if any(self.is_same(f["type"], s["type"]) for s in near):
                self.right[f["type"]] += 1
                continue
            if record.get("negative") or record.get("benign"):
                is_wrong = not about or f["type"] in about
                is_strict = bool(about & self.families)
            elif record.get("complete"):
                is_wrong = not near
                is_strict = any(s["type"] in self.families for s in near)
            self.wrong[f["type"]] += is_wrong
            self.strict[f["type"]] += is_wrong or is_strict
            if is_wrong or is_strict:
                self.errors.append((
                    f["type"], "wrong" if is_wrong else "strict",
                    record["id"], record.get("rule"), f["detector"],
                    f["confidence"], f.get("match", "")[:80],
                    record["text"][:160]))

    def line(self, types):
        count = [sum(c[t] for t in types) for c in (
            self.expected, self.found, self.named, self.right, self.wrong,
            self.strict)]
        return "%6d %s %s  %6d %5d %5d  %s %s" % (
            count[0], ratio(count[1], count[0]), ratio(count[2], count[0]),
            count[3], count[4], count[5],
            ratio(count[3], count[3] + count[4]),
            ratio(count[3], count[3] + count[5]))

    def recall(self):
        return (sum(self.found.values()) / sum(self.expected.values())
                if self.expected else 0)

    def precision(self):
        all_of_them = sum(self.right.values()) + sum(self.wrong.values())
        return sum(self.right.values()) / all_of_them if all_of_them else 0


def ratio(part, whole):
    return "%.3f" % (part / whole) if whole else "    -"


HEAD = ("expect recall named   right wrong strict  precision (strict)")


def show(name, score, args):
    print("%-20s %s" % (name, HEAD))
    if args.families:
        for t in sorted(score.families):
            if score.expected[t] + score.right[t] + score.strict[t]:
                print("  %-18s %s" % (t, score.line([t])))
    print("  %-18s %s" % ("all", score.line(score.families)))
    if args.misses:
        for row in score.misses:
            print("  miss %s %s %s %r in %r" % row)
        for row in score.errors:
            print("  %s %s %s %s by %s, %s: %r in %r" % (
                (row[1], row[0]) + row[2:]))


def code_records():
    """Sources and scripts of the machine, the same ones each time."""
    records, total = [], 0
    names = []
    for folder in CODE_FOLDERS:
        for root, folders, files in os.walk(folder):
            folders.sort()
            names += [os.path.join(root, f) for f in sorted(files)
                      if f.endswith(CODE_ENDINGS)]
    step = max(1, len(names) // 4000)
    for name in names[::step]:
        try:
            with open(name, "rb") as file:
                text = file.read(CODE_FILE_BYTES)
        except OSError:
            continue
        records.append({"id": name, "text": text.decode(errors="replace")})
        total += len(text)
        if total > CODE_BYTES:
            break
    return records


def show_benign(name, records, command, args):
    answers = scan_records(command, records)
    megabytes = sum(len(r["text"].encode()) for r in records) / 1e6
    high = [(r, f) for r, found in zip(records, answers) for f in found
            if f["severity"] == "high"]
    blocked = [f for _, f in high if f["confidence"] == "high"]
    every = [f for found in answers for f in found]
    sensitive = [f for f in every if f["type"] not in LOW]
    print("%-14s %6.2f MB, per MB: %.2f high severity (%.2f of high "
          "confidence), %.2f not low, %.1f all" % (
              name, megabytes, len(high) / megabytes,
              len(blocked) / megabytes, len(sensitive) / megabytes,
              len(every) / megabytes))
    if args.misses:
        for r, found in zip(records, answers):
            for f in found:
                if f["type"] in LOW and not args.low:
                    continue
                text = r["text"].encode()
                print("  benign %s %s/%s %r %s: %r" % (
                    f["detector"], f["severity"], f["confidence"],
                    f["match"][:60], r["id"],
                    text[max(0, f["start"] - 50):f["end"] + 20]))
    return len(high) / megabytes


def same_type(found, wanted):
    return found == wanted


def both_secret(found, wanted):
    return found in SECRETS and wanted in SECRETS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/promptgate")
    parser.add_argument("--command", help="instead of BINARY scan …")
    parser.add_argument("--eval-dir",
                        default=os.environ.get("EVAL_DIR", "../shared/eval"))
    parser.add_argument("--misses", action="store_true",
                        help="what was missed, and what is wrong")
    parser.add_argument("--low", action="store_true",
                        help="with --misses: low families of clean text too")
    parser.add_argument("--families", action="store_true",
                        help="a line a family")
    parser.add_argument("--json", metavar="FILE",
                        help="the figures of each type as JSON, for the "
                        "console's page of detectors")
    parser.add_argument("sets", nargs="*",
                        help="these sets (or code); default all")
    args = parser.parse_args()
    command = args.command.split() if args.command else [
        args.binary, "scan", "--jsonl", "--unmask"]
    wanted = args.sets or SECRET_SETS + OTHER_SETS + BENIGN_SETS + [
        "evasion", "code"]
    sets = {}
    for name in wanted:
        path = os.path.join(args.eval_dir, name + ".jsonl")
        if name != "code" and os.path.exists(path):
            sets[name] = load(path)
    if len(sets) < len(wanted) - ("code" in wanted):
        print("SKIPPED %d sets: not in %s" % (
            len(wanted) - ("code" in wanted) - len(sets), args.eval_dir))
    summary = score_sets(sets, command, args)
    for name in BENIGN_SETS:
        if name in sets:
            summary.append((name, show_benign(name, sets[name], command,
                                              args)))
    if "code" in wanted:
        summary.append(("code", show_benign("code", code_records(), command,
                                            args)))
    if args.json:
        write_json(args, sets)
    print("\nsummary")
    for name, value in summary:
        print("  %-28s %s" % (name, value if isinstance(value, str)
                              else "%.2f high severity per MB" % value))


def score_sets(sets, command, args):
    everything = {s["type"] for records in sets.values() for r in records
                  for s in r["expect"]}
    everything |= {t for records in sets.values() for r in records
                   for t in r.get("neg_types") or []}
    everything -= UNSCORED
    identifiers = everything - SECRETS - LOW
    args.types = Score(everything, same_type)
    pools = {
        "secrets": Score(SECRETS, both_secret),
        "identifiers": Score(identifiers, same_type),
        "presidio": Score(everything - SECRETS, same_type),
    }
    evasion = collections.defaultdict(lambda: [0, 0])
    for name, records in sets.items():
        if name in BENIGN_SETS:
            continue
        records = [r for r in records if not r.get("weak")]
        score = Score(everything, same_type)
        for record, findings in zip(records, scan_records(command, records)):
            score.add(record, findings)
            if name == "evasion":
                add_evasion(evasion, record, findings)
            if name in SECRET_SETS:
                pools["secrets"].add(record, findings)
            if name in ("own", "presidio"):
                pools["identifiers"].add(record, findings)
            if name == "presidio":
                pools["presidio"].add(record, findings)
            if name in SECRET_SETS + ["presidio"]:
                args.types.add(record, findings)
        if args.families or args.sets:
            show(name, score, args)
    summary = []
    for name, score in pools.items():
        if not score.expected:
            continue
        if not args.sets:
            show("pool " + name, score, args)
        summary.append((name, "recall %.3f (aim %.2f) precision %.3f (aim "
                        "%.2f)" % (score.recall(), AIMS[name][0],
                                   score.precision(), AIMS[name][1])))
    for level, (found, total) in sorted(evasion.items()):
        summary.append(("evasion " + level, "%d of %d, %.3f" % (
            found, total, found / total)))
    return summary


def write_json(args, sets):
    """Of each type as it is: named right, over all labelled sets."""
    score = args.types
    types = {t: [score.expected[t], score.found[t], score.right[t],
                 score.wrong[t]] for t in sorted(score.families)
             if score.expected[t] + score.right[t] + score.wrong[t]}
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump({
            "measured": datetime.date.today().isoformat(),
            "how": "bench/score.py over labelled texts: " + ", ".join(
                s for s in sets if s in SECRET_SETS + ["presidio"]),
            "records": sum(len(sets[s]) for s in sets
                           if s in SECRET_SETS + ["presidio"]),
            "columns": ["expected", "found", "right", "wrong"],
            "types": types}, file, separators=(",", ":"))
        file.write("\n")


def add_evasion(evasion, record, findings):
    for span in record["expect"]:
        level = "plain" if record["evasion"] == "plain" else record["level"]
        evasion[level][1] += 1
        evasion[level][0] += any(
            overlaps(f, span) and f["type"] == span["type"] for f in findings)


if __name__ == "__main__":
    main()
