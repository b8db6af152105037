#!/usr/bin/python3
"""Document fingerprints, on texts of this machine: documentation of Debian
packages, pages of perl, manual pages in other scripts.

    /usr/bin/python3 bench/fingerprint.py [--seed N] [--misses]

Half of the documents are put into a set, Debian's common licences and half of
its copyright files as common texts.  Then parts of them are looked for, changed in the ways people change
what they copy, and texts that hold no such part: the other half, licences,
chats, single sentences, two paragraphs of a long document.  What one of those
is found for is compared letter by letter with the document named, since packages
do copy from each other.  Last, what the detector adds to the time of a scan.
"""
import argparse
import functools
import glob
import gzip
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROMPTGATE = os.path.join(HERE, "build/release-gcc/promptgate")
EVAL = os.environ.get("EVAL_DIR", os.path.join(HERE, "../shared/eval"))
GLOBS = ("/usr/share/doc/*/*.txt", "/usr/share/doc/*/*.txt.gz", "/usr/share/doc/*/NEWS*", "/usr/share/doc/*/README*",
         "/usr/share/doc/*/*.md*", "/usr/share/perl/5*/pod/*.pod", "/usr/share/perl/5*/**/*.pod")
OTHERS = ("/usr/share/man/zh_*/man?/*.gz", "/usr/share/man/ja/man?/*.gz", "/usr/share/man/ru/man?/*.gz",
          "/usr/share/man/ko/man?/*.gz", "/usr/share/man/de/man?/*.gz")
LICENCES = "/usr/share/common-licenses"
SMALLEST, LARGEST, MOST = 4000, 300000, 700
CONF = """data_dir: {0}/data
services: [{1}/conf/services]
detectors: [{0}/detectors]
policy: {1}/conf/policy.yaml
"""
DETECTOR = """detectors:
  - {id: document, kind: fingerprint, set: default, severity: high}
"""


def read(path):
    try:
        raw = open(path, "rb").read(4 * LARGEST)
        raw = gzip.decompress(raw) if path.endswith(".gz") else raw
        return raw.decode()
    except (OSError, EOFError, UnicodeDecodeError):
        return ""


def roff(text):
    """A manual page, roughly as it is read."""
    text = text[max(0, text.find("\n.SH")):]
    lines = [re.sub(r"\\f.|\\\(..|\\[-&]", "", line) for line in text.split("\n") if not line.startswith((".\\\"", "'"))]
    return "\n".join("" if re.match(r"\.[SPLT][HPS]", line) else line.lstrip(".") for line in lines)


def texts_of(globs, most, rng):
    paths = sorted({os.path.realpath(p) for g in globs for p in glob.glob(g, recursive=True) if os.path.isfile(p)})
    rng.shuffle(paths)
    found = {}
    for path in paths:
        text = roff(read(path)) if "/man/" in path else read(path)
        if SMALLEST <= len(text.encode()) <= LARGEST and text not in found.values():
            found[path.strip("/").replace("/", "_")] = text
        if len(found) == most:
            break
    return found


def letters(text):
    return len("".join(c for c in text if c.isalnum()).encode())


def paragraphs(text):
    return [p for p in re.split(r"\n\s*\n", text) if letters(p) >= 150]


def share(text, part, rng):
    start = rng.randrange(0, max(1, int(len(text) * (1 - part))))
    return text[start:start + int(len(text) * part) + 1]


def some(text, count, rng):
    """So many paragraphs that follow each other, and what is between them."""
    all_of_them = paragraphs(text)
    if len(all_of_them) < count:
        return None
    start = rng.randrange(len(all_of_them) - count + 1)
    at = text.find(all_of_them[start])
    last = all_of_them[start + count - 1]
    return text[at:text.find(last, at) + len(last)]


def edit(text, every, rng):
    """Every so manieth word goes, is another one, or gets one before it; of
    scripts without blanks, characters by fives."""
    words = re.findall(r"\S+\s*", text)
    if len(words) * 12 < len(text):
        words = [text[i:i + 5] for i in range(0, len(text), 5)]
    out, at = [], rng.randrange(every)
    for i, word in enumerate(words):
        if i % every == at:
            word = rng.choice(("", rng.choice(words), "indeed " + word))
        out.append(word)
    return "".join(out)


def reorder(text, rng):
    sentences = re.split(r"(?<=[.。!?])\s+", text)
    for i in range(0, len(sentences) - 3, 4):
        group = sentences[i:i + 4]
        rng.shuffle(group)
        sentences[i:i + 4] = group
    return " ".join(sentences)


def rewrap(text):
    return "\n".join("> " + line for p in text.split("\n\n") for line in textwrap.wrap(p, 50) + [""])


def changes(rng, chats):
    def chat(text):
        return rng.choice(chats) + "\n\n" + text + "\n\n" + rng.choice(chats)

    def edited_three(text):
        part = some(text, 3, rng)
        return part and chat(edit(part, 12, rng))

    yield "whole", lambda t: t
    for part in (60, 40, 25, 20):
        yield f"{part} %", lambda t, part=part: share(t, part / 100, rng)
    yield "three paragraphs", lambda t: some(t, 3, rng)
    yield "40 %, upper case, quoted, other lines", lambda t: rewrap(share(t, 0.4, rng)).upper()
    yield "25 %, every 15th word edited", lambda t: edit(share(t, 0.25, rng), 15, rng)
    yield "25 %, every 10th word edited", lambda t: edit(share(t, 0.25, rng), 10, rng)
    yield "40 %, sentences in another order", lambda t: reorder(share(t, 0.4, rng), rng)
    yield "30 %, 12th word, other lines, in a chat", lambda t: chat(rewrap(edit(share(t, 0.3, rng), 12, rng)))
    yield "three paragraphs, 12th word, in a chat", lambda t: edited_three(t)


def copyrights():
    return sorted(glob.glob("/usr/share/doc/*/copyright"))[:400]


class Set:
    def __init__(self, folder, documents):
        self.folder, self.conf = folder, os.path.join(folder, "promptgate.yaml")
        os.makedirs(os.path.join(folder, "detectors"))
        os.makedirs(os.path.join(folder, "documents"))
        open(self.conf, "w").write(CONF.format(folder, HERE))
        open(os.path.join(folder, "detectors/documents.yaml"), "w").write(DETECTOR)
        for name, text in documents.items():
            open(os.path.join(folder, "documents", name), "w").write(text)
        self.run("fingerprint", "add", "-c", self.conf, "--common", LICENCES, *copyrights()[::2])
        self.run("fingerprint", "add", "-c", self.conf, os.path.join(folder, "documents"))

    def run(self, *args, **more):
        return subprocess.run((PROMPTGATE,) + args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout

    def find(self, texts):
        """For each text: {document: similarity}."""
        lines = "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts))
        out = self.run("scan", "-c", self.conf, "--jsonl", input=lines.encode())
        return [{os.path.basename(f["document"]): f["similarity"] for f in json.loads(line)["findings"]
                 if f["type"] == "fingerprint"} for line in out.splitlines()]


GRAM = 24


def folded(text):
    return "".join(c for c in text.casefold() if c.isalnum())


@functools.lru_cache(maxsize=100000)
def grams(text):
    text = folded(text)
    return {text[i:i + GRAM] for i in range(len(text) - GRAM + 1)}


def really_holds(text, document):
    """All runs of 24 letters compared: a sixth of the document is there, or
    half of each of three of its paragraphs (those a set would tell apart)."""
    theirs, ours = grams(text), grams(document)
    if len(theirs & ours) >= len(ours) / 6:
        return True
    blocks = [grams(p) for p in re.split(r"\n\s*\n", document) if letters(p) > 80]
    return sum(2 * len(b & theirs) >= len(b) > 0 for b in blocks) >= 3


def recall(found, documents, rng, chats, show):
    total = hits = 0
    wrong = 0
    for title, change in changes(rng, chats):
        cases = [(name, change(text)) for name, text in documents.items()]
        cases = [(name, text) for name, text in cases if text and letters(text) >= 400]
        results = found.find([text for _, text in cases])
        good = 0
        errors = []
        for (name, text), result in zip(cases, results):
            good += name in result
            wrong += sum(other != name and not really_holds(text, documents.get(other, ""))
                         for other in result)
            if name in result and "%" in title:
                errors.append(abs(result[name] - int(title.split()[0])))
            if name not in result and show:
                print("  missed:", title, name, result)
        total += len(cases)
        hits += good
        print(f"  {title:44}{good:5} of {len(cases):4}  {good / len(cases):.3f}" +
              (f"   similarity off by {sum(errors) / len(errors):.1f}" if errors else ""))
    print(f"  {'all':44}{hits:5} of {total:4}  {hits / total:.3f}")
    return hits, wrong


def false_alarms(found, documents, kinds, show):
    wrong = 0
    for title, texts in kinds:
        results = found.find(texts)
        named = [(text, name, result[name]) for text, result in zip(texts, results) for name in result]
        false = [(t, n, s) for t, n, s in named if not really_holds(t, documents[n])]
        texts_named = sum(map(bool, results))
        false_texts = len({t for t, _, _ in false})
        wrong += false_texts
        print(f"  {title:44}{len(texts):5} texts, {texts_named} found, {false_texts} of them wrongly")
        for text, name, similarity in false if show else ():
            print("  wrong:", name, similarity, repr(text[:60]))
    return wrong


def cpu(found, conf, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.run("scan", "-c", conf, "--jsonl", stdin=open(path, "rb"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def cost(found, chats):
    shipped = os.path.join(HERE, "conf/detectors")
    path = os.path.join(found.folder, "chats.jsonl")
    with open(path, "w") as out:
        for i in range(20):
            for chat in chats:
                out.write(json.dumps({"id": i, "text": chat}) + "\n")
    empty = os.path.join(found.folder, "empty.jsonl")
    open(empty, "w").close()
    times = {}
    for name, folders in (("without", shipped), ("with", f"{shipped}, {found.folder}/detectors")):
        conf = os.path.join(found.folder, name + ".yaml")
        open(conf, "w").write(CONF.format(found.folder, HERE).replace(f"{found.folder}/detectors", folders))
        cpu(found, conf, empty)  # the database is compiled
        times[name] = min(cpu(found, conf, path) - cpu(found, conf, empty) for _ in range(5))
    size = sum(len(c.encode()) for c in chats) * 20
    more = times["with"] - times["without"]
    print(f"  benign chat, {size / 1e6:.0f} MB: {times['without']:.2f} s without, {times['with']:.2f} s with: "
          f"{100 * more / times['without']:+.1f} % of the time of a scan, {more / size * 1e9:.1f} ns a byte")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", action="store_true", help="name what was missed or found wrongly")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    chats = [json.loads(line)["text"] for line in open(os.path.join(EVAL, "benign-chat.jsonl"))] \
        if os.path.isdir(EVAL) else ["What does this text say?"] * 100
    texts = texts_of(GLOBS, MOST, rng) | texts_of(OTHERS, MOST // 2, rng)
    names = sorted(texts)
    rng.shuffle(names)
    half = {n: texts[n] for n in names[:len(names) // 2]}
    rest = [texts[n] for n in names[len(names) // 2:]]
    with tempfile.TemporaryDirectory() as folder:
        found = Set(folder, half)
        size = os.path.getsize(os.path.join(folder, "data/fingerprints/default"))
        print(f"{len(half)} documents, {sum(len(t.encode()) for t in half.values()) / 1e6:.1f} MB; "
              f"the set {size / 1e6:.1f} MB\ncopies:")
        hits, beside = recall(found, half, rng, chats, args.misses)
        print("no copies:")
        long = [t for t in half.values() if len(paragraphs(t)) > 30]
        wrong = false_alarms(found, half, (
            ("other documents of the same kinds", rest),
            ("licences, copyright files", [read(p) for p in copyrights()[1::2]]),
            ("chats", chats),
            ("a sentence or two", [share(p, 0.5, rng)[:160] for t in long for p in [rng.choice(paragraphs(t))]]),
            ("two paragraphs of a long document", [p for t in long for p in [some(t, 2, rng)]
                                                   if letters(p) < letters(t) * 0.15]),
        ), args.misses)
        print(f"precision: {hits / (hits + wrong + beside):.4f} ({wrong} texts wrongly, {beside} beside the right one)")
        cost(found, chats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
