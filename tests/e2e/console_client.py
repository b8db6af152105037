"""The console as a browser without scripts sees it, and as a program with a
token does; every JSON answer is held against console/openapi.yaml."""
import json
import pathlib
import re
import subprocess
import urllib.parse

import requests
import yaml

from gateway import BINARY, ROOT, wait_for

OPENAPI = yaml.safe_load((ROOT / "console/openapi.yaml").read_text())
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def resolve(schema):
    while "$ref" in schema:
        node = OPENAPI
        for part in schema["$ref"][2:].split("/"):
            node = node[part]
        schema = node
    return schema


def check(value, schema, where="$"):
    """The part of JSON Schema that the file uses."""
    schema = resolve(schema)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or any(isinstance(value, KINDS[k]) and not (k == "integer" and isinstance(value, bool))
                            for k in kinds), f"{where}: {value!r} is no {kinds}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r} is not among {schema['enum']}"
    if "const" in schema:
        assert value == schema["const"], f"{where}: {value!r} is not {schema['const']!r}"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            assert name in value, f"{where}: {name} is missing"
        for name, member in value.items():
            more = schema.get("additionalProperties", True)
            assert name in known or more is not False, f"{where}: {name} is not described"
            check(member, known.get(name, more if isinstance(more, dict) else {}), f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            check(item, schema["items"], f"{where}[{i}]")


def operation(method, path):
    for pattern, methods in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(pattern)), path) and method.lower() in methods:
            return methods[method.lower()]
    return None


def check_answer(answer):
    path = urllib.parse.urlsplit(answer.url).path
    described = operation(answer.request.method, path)
    if described is None or not path.startswith(("/api/", "/login")):
        return
    cases = described["responses"]
    if answer.status_code in (405, 413, 421):  # of any path
        check(json.loads(answer.content), OPENAPI["components"]["schemas"]["error"])
        return
    assert str(answer.status_code) in cases, f"{answer.request.method} {path}: {answer.status_code} is not described"
    content = resolve(cases[str(answer.status_code)]).get("content", {})
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if kind == "application/json":
        assert kind in content, f"{path}: {kind} is not described"
        check(json.loads(answer.content), content[kind].get("schema", {}))


class Console:
    """Logged in as the first administrator, or as given; by token if given."""

    def __init__(self, gateway, user=None, password=None, token=None):
        self.base = f"https://127.0.0.1:{gateway.console_port}"
        self.http = requests.Session()
        self.http.verify = str(gateway.ca)
        self.http.trust_env = False
        self.csrf = None
        if token is not None:
            self.http.headers["Authorization"] = "Bearer " + token
        elif user != "":
            name, secret = administrator(gateway) if user is None else (user, password)
            answer = self.login(name, secret)
            assert answer.status_code == 200, (answer.status_code, answer.text)

    def login(self, user, password, **more):
        answer = self.post("/login", data={"username": user, "password": password},
                           headers={"Accept": "application/json"}, **more)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    def get(self, path, **more):
        more.setdefault("allow_redirects", False)
        answer = self.http.get(self.base + path, timeout=30, **more)
        if not more.get("stream"):
            check_answer(answer)
        return answer

    def post(self, path, **more):
        more.setdefault("allow_redirects", False)
        answer = self.http.post(self.base + path, timeout=30, **more)
        check_answer(answer)
        return answer

    def change(self, path, body, method="POST", **more):
        """A change as the pages make it: with the session's token."""
        answer = self.http.request(method, f"{self.base}/api/v1/{path}", json=body, timeout=30,
                                   headers={"X-CSRF-Token": self.csrf or ""}, **more)
        check_answer(answer)
        return answer

    def items(self, path, **parameters):
        answer = self.get("/api/v1/" + path, params=parameters)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()["items"]


def administrator(gateway):
    """A password that the first start made, or one set anew."""
    initial = gateway.data / "admin.initial"
    if initial.exists():
        return initial.read_text().split()
    add_user(gateway, "root@example.com", "administrator", "correct horse battery")
    return "root@example.com", "correct horse battery"


def add_user(gateway, name, role, password):
    known = subprocess.run([BINARY, "user", "list", "-c", gateway.config], capture_output=True, text=True, check=True)
    if name in known.stdout:
        return
    reads = gateway.log().count("console.logins")
    subprocess.run([BINARY, "user", "add", name, "--role", role, "--password-stdin", "-c", gateway.config],
                   input=password.encode() + b"\n", check=True, stdout=subprocess.DEVNULL)
    wait_for(lambda: gateway.log().count("console.logins") > reads, 10, "the logins to be re-read")
