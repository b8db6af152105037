"""SARIF 2.1.0 (OASIS, errata 01) as far as `promptgate scan` writes it: of
each object the members that may be there, and those that must.  Written from
the standard's text; an object or a member that is not here is a mistake."""
import re

# kind of object: {member: kind of its value}; "!" in front: it must be there.
OBJECTS = {
    "log": {"$schema": "uri", "!version": "2.1.0", "!runs": ["run"]},
    "run": {"!tool": "tool", "invocations": ["invocation"], "columnKind": "column kind", "results": ["result"],
            "originalUriBaseIds": {"artifact": None}},
    "tool": {"!driver": "component"},
    "component": {"!name": "text", "version": "text", "informationUri": "uri", "rules": {"unique": "rule"}},
    "rule": {"!id": "text", "name": "text", "shortDescription": "message string", "fullDescription": "message string",
             "help": "message string", "helpUri": "uri", "defaultConfiguration": "configuration", "properties": "bag"},
    "configuration": {"enabled": "bool", "level": "level", "rank": "rank"},
    "invocation": {"!executionSuccessful": "bool", "toolExecutionNotifications": ["notification"]},
    "notification": {"!message": "message", "level": "level", "locations": ["location"]},
    "result": {"ruleId": "text", "ruleIndex": "index", "level": "level", "!message": "message",
               "locations": ["location"], "partialFingerprints": {"text": None}, "properties": "bag"},
    "message": {"!text": "text"},
    "message string": {"!text": "text", "markdown": "text"},
    "location": {"physicalLocation": "place", "logicalLocations": ["logical"]},
    "place": {"!artifactLocation": "artifact", "region": "region"},
    "artifact": {"uri": "uri reference", "uriBaseId": "text"},
    "logical": {"name": "text", "fullyQualifiedName": "text", "kind": "text"},
    "region": {"startLine": "count", "startColumn": "count", "endLine": "count", "endColumn": "count",
               "byteOffset": "index", "byteLength": "index", "charOffset": "index", "charLength": "index",
               "snippet": "content"},
    "content": {"text": "text", "binary": "text"},
}
SCALARS = {
    "text": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
    "index": lambda v: type(v) is int and v >= 0,
    "count": lambda v: type(v) is int and v >= 1,
    "rank": lambda v: isinstance(v, (int, float)) and -1 <= v <= 100,
    "level": lambda v: v in ("none", "note", "warning", "error"),
    "column kind": lambda v: v in ("utf16CodeUnits", "unicodeCodePoints"),
    "2.1.0": lambda v: v == "2.1.0",
    "uri": lambda v: isinstance(v, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*", v),
    "uri reference": lambda v: isinstance(v, str) and re.fullmatch(r"(?:%[0-9A-F]{2}|[!$-;=@-Z_a-z~])+", v),
    # A property bag's `tags` are texts, each once.
    "bag": lambda v: isinstance(v, dict) and len(set(v.get("tags", []))) == len(v.get("tags", [])) and
    all(isinstance(t, str) for t in v.get("tags", [])),
}


def problems(value, kind="log", at="$"):
    """What is wrong, with the place; nothing, if all is right."""
    if isinstance(kind, list) or (isinstance(kind, dict) and "unique" in kind):
        if not isinstance(value, list):
            return [f"{at}: no array"]
        kind, unique = (kind[0], False) if isinstance(kind, list) else (kind["unique"], True)
        twice = unique and len({repr(v) for v in value}) != len(value)
        return [f"{at}: twice"] * twice + [p for i, v in enumerate(value) for p in problems(v, kind, f"{at}[{i}]")]
    if isinstance(kind, dict):
        of = next(iter(kind))
        return [p for k, v in value.items() for p in problems(v, of, f"{at}.{k}")]
    if kind in SCALARS:
        return [] if SCALARS[kind](value) else [f"{at}: {value!r} is no {kind}"]
    if not isinstance(value, dict):
        return [f"{at}: no object"]
    members = {k.lstrip("!"): v for k, v in OBJECTS[kind].items()}
    found = [f"{at}: lacks {k[1:]}" for k in OBJECTS[kind] if k[0] == "!" and k[1:] not in value]
    for name, member in value.items():
        found += problems(member, members[name], f"{at}.{name}") if name in members else [f"{at}: {name} is unknown"]
    if kind == "region" and ("startLine" in value and "endLine" in value):
        begin = (value["startLine"], value.get("startColumn", 1))
        if (value["endLine"], value.get("endColumn", begin[1] + 1)) < begin:
            found.append(f"{at}: ends before it begins")
    return found


def run_problems(run):
    """What the schema cannot say: references into the run."""
    rules = run["tool"]["driver"].get("rules", [])
    bases, found = run.get("originalUriBaseIds", {}), []
    for i, result in enumerate(run["results"]):
        if "ruleIndex" in result and rules[result["ruleIndex"]]["id"] != result["ruleId"]:
            found.append(f"results[{i}]: ruleIndex is another's")
        for location in result.get("locations", []):
            base = location["physicalLocation"]["artifactLocation"].get("uriBaseId")
            if base is not None and base not in bases:
                found.append(f"results[{i}]: {base} is not defined")
    if any(not base.get("uri", "/").endswith("/") for base in bases.values()):
        found.append("a base that ends without a slash")
    return found
