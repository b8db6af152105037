#!/usr/bin/env python3
"""Recall of every detector of secrets on fresh values in many contexts.

Makes random values of each detector's shape (its own patterns, sampled),
puts them into assignments, configuration, commands, logs and sentences that
no rule was written for, and tells how many `promptgate scan` finds with any
detector of the group.  What a context hides from all detectors, or a
validator takes for no secret, shows up here.

contexts.py [--binary B] [--seed N] [--misses] [DETECTOR-WORD…]
"""

import argparse
import collections
import pathlib
import random
import re
import re._constants as sre
import re._parser as parser
import string

import yaml

from found import scan

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRINTABLE = string.ascii_letters + string.digits + "!#$%*+-./:=?@^_~"

# {v} the value, {n} a name in the usual spellings of the place.
NAMED = {
    "env": "{N}={v}\n",
    "env-export": "export {N}=\"{v}\"\n",
    "env-quoted": "FOO=1\n{N}='{v}'\nBAR=2\n",
    "dockerfile": "ENV {N} {v}\n",
    "compose": "    environment:\n      - {N}={v}\n      - DEBUG=1\n",
    "yaml": "service:\n  {n}: {v}\n  port: 80\n",
    "yaml-quoted": "{n}: \"{v}\"\n",
    "json": "{{\"id\": 7, \"{c}\": \"{v}\", \"on\": true}}",
    "json-inline": "{{\"{c}\":\"{v}\"}}",
    "json-escaped": "{{\\\"{n}\\\":\\\"{v}\\\"}}",
    "toml": "[auth]\n{n} = \"{v}\"\n",
    "ini": "[default]\n{n}={v}\nregion=eu\n",
    "properties": "app.{d}={v}\n",
    "xml": "<config>\n  <{c}>{v}</{c}>\n</config>",
    "xml-attribute": "<add key=\"{c}\" value=\"{v}\" />",
    "python": "{n} = '{v}'\n",
    "python-dict": "config = {{'{n}': '{v}', 'debug': False}}",
    "python-keyword": "client = Client({n}=\"{v}\", timeout=3)",
    "python-environ": "os.environ[\"{N}\"] = \"{v}\"",
    "python-default": "key = os.getenv(\"{N}\", \"{v}\")",
    "js-const": "const {c} = '{v}';",
    "js-object": "module.exports = {{ {c}: `{v}`, region: 'eu' }}",
    "js-env": "process.env.{N} = \"{v}\";",
    "js-or": "const {c} = process.env.{N} || '{v}';",
    "ts": "private readonly {c}: string = \"{v}\";",
    "go": "{c} := \"{v}\"\n",
    "go-const": "const {C} = `{v}`",
    "java": "private static final String {N} = \"{v}\";",
    "java-property": "System.setProperty(\"{d}\", \"{v}\");",
    "csharp": "var {c} = @\"{v}\";",
    "php": "define('{N}', '{v}');",
    "php-array": "'{n}' => '{v}',",
    "ruby": "ENV['{N}'] ||= '{v}'",
    "rust": "let {n}: &str = \"{v}\";",
    "kotlin": "val {c} = \"{v}\"",
    "swift": "let {c}: String = \"{v}\"",
    "powershell": "$env:{N} = \"{v}\"",
    "cmd": "set {N}={v}\r\n",
    "terraform": "variable \"{n}\" {{\n  default = \"{v}\"\n}}",
    "kubernetes": "- name: {N}\n  value: \"{v}\"\n",
    "option": "tool --{k} {v} --verbose",
    "option-equals": "tool --{k}={v} run",
    "query": "https://api.example.org/v1/items?{n}={v}&page=2",
    "log": "2026-03-04T10:11:12Z INFO loaded {n}={v} from disk",
    "csv": "name,value\n{n},{v}\n",
    "table": "| setting | value |\n| --- | --- |\n| {n} | {v} |\n",
    "html-cell": "<tr><td>{n}</td><td>{v}</td></tr>",
    "comment": "# {w}: {v}\n",
    "chat": "Why does this fail? My {w} is {v} and I get a 401.",
    "chat-colon": "here is the {w}: {v}",
    "chat-de": "Warum geht das nicht? Mein {w} ist {v} und es kommt 401.",
    "chat-es": "mi {w} es {v}, ¿qué hago mal?",
    "chat-fr": "voici mon {w} : {v}",
    "chat-new-line": "My {w}:\n\n{v}\n\nThanks!",
    "markdown": "Use `{v}` as the {w}.",
    "markdown-bold": "**{w}**: `{v}`",
}
BARE = {
    "alone": "{v}",
    "sentence": "please check {v} for me",
    "quoted": "\"{v}\"",
    "argument": "connect('{v}')",
    "bracket": "({v})",
    "list": "- {v}\n- something else\n",
    "header": "curl -H 'X-Token: {v}' https://example.org",
    "end": "it says {v}.",
    "comma": "a,{v},b",
    "slash": "https://example.org/{v}/x",
    "query": "https://example.org/?t={v}&u=1",
    "diff": "+{v}",
    "json": "[\"{v}\"]",
    "escaped": "\\\"{v}\\\"",
}


class Sampler:
    def __init__(self, chance):
        self.chance = chance

    def charset(self, items):
        chars = set()
        negate = False
        for op, arg in items:
            if op is sre.NEGATE:
                negate = True
            elif op is sre.LITERAL:
                chars.add(chr(arg))
            elif op is sre.RANGE:
                chars.update(chr(c) for c in range(arg[0], arg[1] + 1))
            elif op is sre.CATEGORY:
                chars.update(self.category(arg))
        if negate:
            return sorted(set(PRINTABLE) - chars)
        return sorted(chars)

    @staticmethod
    def category(which):
        return {sre.CATEGORY_DIGIT: string.digits,
                sre.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
                sre.CATEGORY_SPACE: " ",
                sre.CATEGORY_NOT_SPACE: PRINTABLE}.get(which, "a")

    def make(self, tree):
        out = []
        for op, arg in tree:
            if op is sre.LITERAL:
                out.append(chr(arg))
            elif op is sre.NOT_LITERAL:
                out.append(self.chance.choice(PRINTABLE))
            elif op is sre.ANY:
                out.append(self.chance.choice(PRINTABLE))
            elif op is sre.IN:
                out.append(self.chance.choice(self.charset(arg)))
            elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT,
                        sre.POSSESSIVE_REPEAT):
                least, most, sub = arg
                most = min(most, least + 12, 400)
                count = self.chance.randint(least, max(least, most))
                out += [self.make(sub) for _ in range(count)]
            elif op is sre.SUBPATTERN:
                value = self.make(arg[3])
                if arg[0] == 1:
                    self.group = value
                out.append(value)
            elif op is sre.ATOMIC_GROUP:
                out.append(self.make(arg))
            elif op is sre.BRANCH:
                out.append(self.make(self.chance.choice(arg[1])))
        return "".join(out)

    def sample(self, pattern, flags):
        self.group = None
        whole = self.make(parser.parse(pattern, flags))
        return whole, self.group


def spellings(words):
    """The names of one thing: API_KEY, api_key, apiKey …"""
    words = re.sub(r"[^A-Za-z0-9]+", " ", words).lower().split()
    camel = words[0] + "".join(w.capitalize() for w in words[1:])
    return {"N": "_".join(words).upper(), "n": "_".join(words), "c": camel,
            "C": camel[0].upper() + camel[1:], "d": ".".join(words),
            "k": "-".join(words), "w": " ".join(words)}


def cases(rule, chance, per_rule):
    """(context, text, value) of one rule."""
    patterns = rule["patterns"]
    words = (rule.get("keywords") or {}).get("words", [])
    for i in range(per_rule):
        pattern = patterns[i % len(patterns)]
        sampler = Sampler(chance)
        source = pattern.get("token") or pattern.get("match")
        if source is None:
            return
        try:
            whole, group = sampler.sample(source, re.DOTALL)
        except (re.error, TypeError, IndexError):
            return
        if "token" in pattern:
            value = group or whole
            if not words:
                return
            name = chance.choice(words) + " " + chance.choice(
                ["api key", "token", "secret", "access token", "key",
                 "client secret", "auth token"])
            place, form = chance.choice(sorted(NAMED.items()))
            yield place, form.format(v=value, **spellings(name)), value
        else:
            place, form = chance.choice(sorted(BARE.items()))
            yield "bare-" + place, form.format(v=whole), group or whole


def is_found(findings, text, value):
    start = len(text[:text.index(value)].encode())
    end = start + len(value.encode())
    return any(f["group"] == "secret" and f["start"] < end and
               start < f["end"] for f in findings)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=str(ROOT / "build/promptgate"))
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--per-detector", type=int, default=40)
    options.add_argument("--misses", action="store_true")
    options.add_argument("detectors", nargs="*")
    args = options.parse_args()
    chance = random.Random(args.seed)
    all_cases = []
    for file in sorted((ROOT / "conf/detectors").glob("*.yaml")):
        for rule in yaml.safe_load(file.read_text())["detectors"]:
            if rule.get("group") != "secret" or rule["type"] == "private-key":
                continue
            if args.detectors and not any(w in rule["id"]
                                          for w in args.detectors):
                continue
            for place, text, value in cases(rule, chance, args.per_detector):
                all_cases.append((rule["id"], place, text, value))
    answers = scan(args.binary, [c[2] for c in all_cases])
    report(all_cases, answers, args)


def report(all_cases, answers, args):
    counts = [collections.Counter(), collections.Counter()]
    for (rule, place, text, value), findings in zip(all_cases, answers):
        found = is_found(findings, text, value)
        for key in (("detector", rule), ("context", place), ("all", "all")):
            counts[0][key] += 1
            counts[1][key] += found
        if args.misses and not found:
            print("  miss %s %s %r in %r" % (rule, place, value, text[:160]))
    for key in sorted(counts[0]):
        total, found = counts[0][key], counts[1][key]
        if found < total or key[0] == "all":
            print("%-9s %-34s %4d of %4d  %.3f" % (
                key + (found, total, found / total)))


if __name__ == "__main__":
    main()
