#!/usr/bin/env python3
"""Writes the seeds of the fuzz target alerts: each shipped rule with activities
that complete it or nearly so, and every kind of mistake in a rule."""
import hashlib
import itertools
import json
import pathlib

import yaml

HERE = pathlib.Path(__file__).parent
ROOT = HERE / "corpus" / "alerts"
SHIPPED = yaml.safe_load((HERE / "../../conf/alerts.yaml").read_text())["rules"]
MISTAKES = ["rules: 3", "rules: [3]", "rules:\n- {name: a}", "rules:\n- {name: a, when: {}}", "x: 1", "rules: []", "",
            "rules:\n- {name: a, when: {activity: a}, within: 8d}", "rules:\n- {name: a, when: {activity: []}}",
            "rules:\n- {name: a, when: {activity: a}, by: shoe}", "rules:\n- {name: a, when: {details: 3}}",
            "rules:\n- {name: a, when: {activity: a}, count: 1001, within: 1s}", "rules:\n- {when: {activity: a}}",
            "rules:\n- {name: a, when: {activity: a}, count: 2, after: {activity: b, within: 1h}}",
            "rules:\n- {name: a, when: {activity: a}, after: {activity: b}}", "rules:\n- [", "- a\n- b",
            "rules:\n- {name: a, when: {activity: a}, severity: grave, message: 3, unless: 4}"]
ODD = ["null", "[]", "{}", "x", '{"time":1}', '{"id":[],"time":"never","activity":{}}', '{"time":"2026-01-01T00:00:00Z"}',
       '{"id":"1","time":"2026-01-01T00:00:00Z","activity":"a","actor":[[]],"target":3,"targets":{"id":[[1]]},"alerts":7}']
# What a rule may look at in every form a record has it, and in some that none has.
FORMS = {"details": [{"count": 7}, {"count": True}, {"count": False}, {"count": ["x", 7]}, {"count": [[7]]}, {"count": {}}, {"count": None}],
         "target": [{"id": "7"}, {"id": ["7", "8"]}, [{"id": "8"}, {"name": "7"}], [["7"]], {"name": 7}, [], {"id": ""}]}
FORM_RULES = ("rules:\n- {name: details, when: {details: {count: ['7', 'true', 'false']}}}\n- {name: target, when: {target: '7'}}\n"
              "- {name: often, when: {activity: a}, unless: {target: '8'}, count: 2, within: 1h, by: target}\n"
              "- {name: many, when: {activity: a}, count: 2, within: 10m, by: ip, distinct: target}\n")
PARTS = {"user": ("actor", "user"), "ip": ("actor", "ip"), "workspace": ("actor", "workspace")}


def first(value):
    return str((value if isinstance(value, list) else [value])[0]).replace("*", "x")


def activity(selectors, i, distinct):
    made = {"id": f"id-{i}", "time": f"2026-01-01T00:{i // 60 % 60:02d}:{i % 60:02d}Z", "verdict": "allow",
            "actor": {"user": "ana@x", "ip": "10.0.0.1"}, "outcome": "success", "target": {"type": "user", "id": "u"}}
    for key, value in selectors.items():
        if key == "details":
            made["details"] = {k: first(v) for k, v in value.items()}
        elif key in ("role", "scope"):
            made.setdefault("details", {})["scopes" if key == "scope" else key] = first(value)
        elif key == "change":
            made["changes"] = [first(value)]
        elif key == "target":
            made["target"]["name"] = first(value)
        elif key == "target_type":
            made["target"]["type"] = first(value)
        else:
            made[key] = first(value)
    if distinct == "target":
        made["target"]["id"] = f"u-{i}"
    elif distinct in PARTS:
        made["actor"][distinct] = f"{distinct}-{i}"
    return json.dumps(made, separators=(",", ":"))


def seeds():
    for rule in SHIPPED:
        after, more = rule.get("after"), rule.get("count", 1)
        lines = [activity(rule["when"], i, rule.get("distinct")) for i in range(more)]
        if after:
            known = {k: v for k, v in after.items() if k not in ("count", "within", "distinct")}
            lines = [activity(known, i, after.get("distinct")) for i in range(after.get("count", 1))] + [
                activity(rule["when"], 60, None)]
        text = yaml.safe_dump({"rules": [rule]}, default_flow_style=False)
        yield text + "---\n" + "\n".join(lines)
        yield text + "---\n" + "\n".join(reversed(lines))
        yield text + "---\n" + "\n".join(lines + lines[:1] + ODD[:2])
    for key, values in FORMS.items():
        for other in ("allow", "block", None):
            yield FORM_RULES + "---\n" + "\n".join(json.dumps({"id": f"f{i}", "time": f"2026-01-01T00:{i:02d}:00Z", "activity": "a",
                                                             "verdict": other, "actor": {"ip": "::1"}, key: v}) for i, v in enumerate(values))
    # The same target later and earlier, twice, as the log has it, and with alerts that it had.
    times = ["00:05", "00:04", "00:09", "00:05", "00:20", "00:00"]
    for targets in ("aaaaaa", "ababab", "abcabc"):
        for more in ({}, {"details": {"event_id": "e"}}, {"alerts": [{"rule": "many", "severity": "high"}, {"rule": "old", "severity": "medium"}]}):
            yield FORM_RULES + "---\n" + "\n".join(json.dumps({"id": f"m{i}", "time": f"2026-01-01T00:{t}Z", "activity": "a", "verdict": "allow",
                                                             "actor": {"ip": "::1"}, "target": {"id": targets[i], "name": "n"}, **more})
                                                 for i, t in enumerate(times))
    for text, lines in itertools.product(MISTAKES, (ODD, ['{"id":"1","time":"2026-01-01T00:00:00Z","activity":"login.failed"}'])):
        yield text + "\n---\n" + "\n".join(lines)


if __name__ == "__main__":
    ROOT.mkdir(parents=True, exist_ok=True)
    for text in seeds():
        (ROOT / hashlib.sha1(text.encode()).hexdigest()[:12]).write_text(text)
    print(len(list(ROOT.iterdir())))
