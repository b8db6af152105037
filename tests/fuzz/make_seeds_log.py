#!/usr/bin/env python3
"""Writes the seeds of the fuzz target log_event: an event of every type of the
audit log, actions and messages of the compliance log, and odd ones."""
import hashlib
import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent
ROOT = HERE / "corpus" / "log_event"
TYPES = re.findall(r'^    "([a-z_.]+)"', (HERE / "../../inspect/audit_log_types.c").read_text(), re.M)
ACTIONS = re.findall(r"[A-Z]{2,}(?:_[A-Z*]+)+", (HERE / "../../conf/services/chatgpt.yaml").read_text())
SESSION = {"type": "session", "session": {"user": {"id": "user-1", "email": "a@b.example"}, "ip_address": "192.0.2.1",
           "user_agent": "M", "ja3": "0", "ja4": "t", "ip_address_details": {"country": "PT", "city": "Porto"}}}
KEYS = [{"type": "api_key", "api_key": {"id": "key_1", "type": "user", "user": {"id": "u", "email": "a@b.example"}}},
        {"type": "api_key", "api_key": {"type": "service_account", "service_account": {"id": "svc_1"}}}, None]
PAYLOADS = [{"id": "i", "data": {"name": "n", "role": "owner", "scopes": ["a", 1], "value": "secret"}},
            {"id": "i", "changes_requested": {"role": "x", "enabled": True, "limit": 1.5, "meta": {"a": [{"b": None}]}}},
            {"certificates": [{"id": "c", "name": "n"}, "d"], "configs": []}, {"error_code": "e", "error_message": "m"},
            {"id": "sk-proj-0123456789abcdefghij", "project_id": "p", "email": "secret"}, [], "x", None]


def audit():
    for i, kind in enumerate(TYPES):
        yield {"id": f"audit_log-{i}", "type": kind, "effective_at": 1767607200 + i, "project": {"id": "p", "name": "n"},
               "actor": ([SESSION] + KEYS)[i % 4], kind: PAYLOADS[i % len(PAYLOADS)]}
    for kind in ("checkpoint_permission.created", "new.kind", "a b", "x" * 200, ""):
        yield {"type": kind, kind.replace(".", "_"): {"id": "i"}, "effective_at": "2026-01-05T10:00:00Z"}


def compliance():
    for i, action in enumerate(dict.fromkeys(ACTIONS)):
        yield {"event_id": f"e{i}", "type": "AUDIT_LOG", "timestamp": "2026-01-05T10:00:00Z", "action": action,
               "action_result": ("SUCCESS", "BLOCKED", "ERROR")[i % 3], "principal": {"id": "ws"},
               "actor": {"type": "ACCOUNT_USER", "user_id": "u", "user_email": "a@b.example"},
               "action_data": {"email_addresses": ["a", "b"], "user_id": "u", "new_role": "r", "feature": "f", "value": True,
                               "group_id": "g", "hostname": "h", "n": i}}
    for action in ("login_success", "login_failure", "logout_success", "token_issued", "login_blocked"):
        yield {"type": "AUTH_LOG", "action_data": {"action": action}, "actor": {"type": "API_KEY", "redacted_id": "sk-…1"}}
    for author in ("user", "assistant", "tool", "x"):
        for content in ("secret", {"type": "text", "value": "a secret"}, ["a", {"parts": ["b"]}], None):
            yield {"type": "CONVERSATION_MESSAGE", "message": {"id": "m", "author": {"type": author, "model": "g"}, "content": content,
                   "files": {"data": ["f", {"id": "f", "name": "secret.txt", "size": -1}]}}, "conversation": {"id": "c"}}
    yield {"action": "CODEX", "action_data": {"action_result": "what"}}
    yield {"type": "CODEX_LOG", "x": 1}


ROOT.mkdir(parents=True, exist_ok=True)
for event in (*audit(), *compliance(), [], {}, {"type": 1}):
    data = json.dumps(event).encode()
    (ROOT / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)
print(len(list(ROOT.iterdir())), "seeds")
