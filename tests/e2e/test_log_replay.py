"""`promptgate replay --audit-log|--compliance-log`: each of the product's
twenty-nine administrative events as either log tells it (facts/openai-admin.md
§5.3, §6.3), and saved logs in the forms that people have them in."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from gateway import BINARY, CARD, ROOT

SESSION = {"type": "session", "session": {"user": {"id": "user-1", "email": "ana@corp.example"}, "ip_address": "192.0.2.17"}}
# type: (payload, target or targets, changes, some of the details)
AUDIT = {
    "organization.updated": ({"id": "org-1", "changes_requested": {"title": "T", "threads_ui_visibility": "NONE"}},
                             {"type": "organization", "id": "org-1", "name": "T"}, ["title", "threads_ui_visibility"],
                             {"threads_ui_visibility": "NONE"}),
    "login.succeeded": (None, None, None, {}),
    "login.failed": ({"error_code": "wrong", "error_message": "Wrong password"}, None, None,
                     {"error_code": "wrong", "error_message": "Wrong password"}),
    "logout.succeeded": (None, None, None, {}),
    "logout.failed": ({"error_code": "gone"}, None, None, {"error_code": "gone"}),
    "api_key.created": ({"id": "key_1", "data": {"scopes": ["api.all"]}}, {"type": "api_key", "id": "key_1"}, None,
                        {"scopes": ["api.all"]}),
    "api_key.updated": ({"id": "key_1", "changes_requested": {"scopes": ["api.read"]}}, {"type": "api_key", "id": "key_1"},
                        ["scopes"], {"scopes": ["api.read"]}),
    "api_key.deleted": ({"id": "key_1"}, {"type": "api_key", "id": "key_1"}, None, {}),
    "project.created": ({"id": "proj_1", "data": {"name": "n", "title": "t"}}, {"type": "project", "id": "proj_1", "name": "n"},
                        None, {"title": "t"}),
    "project.updated": ({"id": "proj_1", "changes_requested": {"title": "t"}}, {"type": "project", "id": "proj_1", "name": "t"},
                        ["title"], {}),
    "project.archived": ({"id": "proj_1"}, {"type": "project", "id": "proj_1"}, None, {}),
    "invite.sent": ({"id": "invite-1", "data": {"email": "new@corp.example", "role": "reader"}},
                    {"type": "invite", "id": "invite-1", "name": "new@corp.example"}, None, {"role": "reader"}),
    "invite.accepted": ({"id": "invite-1"}, {"type": "invite", "id": "invite-1"}, None, {}),
    "invite.deleted": ({"id": "invite-1"}, {"type": "invite", "id": "invite-1"}, None, {}),
    "service_account.created": ({"id": "svc_acct_1", "data": {"role": "member"}},
                                {"type": "service_account", "id": "svc_acct_1"}, None, {"role": "member"}),
    "service_account.updated": ({"id": "svc_acct_1", "changes_requested": {"role": "owner"}},
                                {"type": "service_account", "id": "svc_acct_1"}, ["role"], {"role": "owner"}),
    "service_account.deleted": ({"id": "svc_acct_1"}, {"type": "service_account", "id": "svc_acct_1"}, None, {}),
    "user.added": ({"id": "user-2", "data": {"role": "reader"}}, {"type": "user", "id": "user-2"}, None, {"role": "reader"}),
    "user.updated": ({"id": "user-2", "changes_requested": {"role": "owner"}}, {"type": "user", "id": "user-2"}, ["role"],
                     {"role": "owner"}),
    "user.deleted": ({"id": "user-2"}, {"type": "user", "id": "user-2"}, None, {}),
    "rate_limit.updated": ({"id": "rl-1", "changes_requested": {"max_requests_per_1_minute": 5}},
                           {"type": "rate_limit", "id": "rl-1"}, ["max_requests_per_1_minute"], {"max_requests_per_1_minute": 5}),
    "rate_limit.deleted": ({"id": "rl-1"}, {"type": "rate_limit", "id": "rl-1"}, None, {}),
    "certificate.created": ({"id": "cert_1", "name": "edge"}, {"type": "certificate", "id": "cert_1", "name": "edge"}, None, {}),
    "certificate.updated": ({"id": "cert_1", "name": "edge"}, {"type": "certificate", "id": "cert_1", "name": "edge"}, ["name"], {}),
    "certificate.deleted": ({"id": "cert_1", "name": "edge", "certificate": "-----BEGIN CERTIFICATE-----"},
                            {"type": "certificate", "id": "cert_1", "name": "edge"}, None, {}),
    "certificates.activated": ({"certificates": [{"id": "cert_1", "name": "a"}, {"id": "cert_2", "name": "b"}]},
                               [{"type": "certificate", "id": "cert_1", "name": "a"}, {"type": "certificate", "id": "cert_2", "name": "b"}],
                               None, {}),
    "certificates.deactivated": ({"certificates": [{"id": "cert_1", "name": "a"}]},
                                 {"type": "certificate", "id": "cert_1", "name": "a"}, None, {}),
    "checkpoint.permission.created": ({"id": "cp_1", "data": {"project_id": "proj_9", "fine_tuned_model_checkpoint": "ft:g:o:n:i"}},
                                      {"type": "checkpoint.permission", "id": "cp_1"}, None, {"checkpoint": "ft:g:o:n:i"}),
    "checkpoint.permission.deleted": ({"id": "cp_1"}, {"id": "cp_1"}, None, {}),
}
CATEGORIES = {"login.succeeded": "Login Success", "login.failed": "Login Failure", "user.added": "User Account Creation",
              "invite.accepted": "User Account Creation", "service_account.created": "User Account Creation",
              "user.deleted": "User Account Deletion", "service_account.deleted": "User Account Deletion"}
# (type, action, data, result): (activity, outcome, target, changes)
COMPLIANCE = [
    ("AUTH_LOG", "login_success", {}, None, "login.succeeded", "success", None, None),
    ("AUTH_LOG", "login_failed", {}, None, "login.failed", "failure", None, None),
    ("AUTH_LOG", "login_failure", {}, None, "login.failed", "failure", None, None),
    ("AUTH_LOG", "logout_success", {}, None, "logout.succeeded", "success", None, None),
    ("AUTH_LOG", "token_issued", {}, None, "token_issued", "success", None, None),
    ("AUDIT_LOG", "SESSION_LOGOUT_ALL", {"user_id": "user-2"}, "SUCCESS", "logout.succeeded", "success", "user-2", None),
    ("AUDIT_LOG", "INVITE_SEND", {"email_addresses": ["n@x.example"], "role": "standard-user"}, "SUCCESS", "invite.sent", "success",
     "n@x.example", None),
    ("AUDIT_LOG", "INVITE_ACCEPT_ALL", {"total_requested": 3}, "SUCCESS", "invite.accepted", "success", None, None),
    ("AUDIT_LOG", "USER_ROLE_UPDATED", {"user_id": "user-2", "new_role": "account-owner"}, "BLOCKED", "user.updated", "failure", "user-2",
     ["role"]),
    ("AUDIT_LOG", "ROLE_SET_GPT_PERMISSIONS", {"role_id": "r1", "can_share": True}, "SUCCESS", "role.updated", "success", "r1",
     ["can_share"]),
    ("AUDIT_LOG", "ROLE_ASSIGN", {"role_id": "r1"}, "SUCCESS", "role.assignment.created", "success", "r1", None),
    ("AUDIT_LOG", "GROUP_ADD_USERS", {"group_id": "g1", "user_ids": ["u"]}, "SUCCESS", "group.updated", "success", "g1", ["users"]),
    ("AUDIT_LOG", "WORKSPACE_TOGGLE_FEATURE", {"feature": "memory", "value": False}, "SUCCESS", "organization.updated", "success", "ws-1",
     ["memory"]),
    ("AUDIT_LOG", "WORKSPACE_SET_CHATGPT_IP_ALLOWLIST", {"allowed_ips": ["0.0.0.0/0"]}, "ERROR", "organization.updated", "failure", "ws-1",
     ["ip_allowlist"]),
    ("AUDIT_LOG", "DOMAIN_CREATE", {"hostname": "corp.example"}, "SUCCESS", "organization.updated", "success", "corp.example", ["domains"]),
    ("AUDIT_LOG", "LIST_WORKSPACE_LOG_FILES", {}, "SUCCESS", "LIST_WORKSPACE_LOG_FILES", "success", None, None),
]


class LogReplay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-log-")
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "log"

    def replay(self, kind, text):
        """(activities, exit status, complaints)"""
        self.file.write_text(text)
        done = subprocess.run([BINARY, "replay", "-c", ROOT / "conf/promptgate.yaml", f"--{kind}-log", self.file],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode, done.stderr.decode()

    def test_each_of_the_29_events_of_the_audit_log(self):
        self.assertEqual(len(AUDIT), 29)
        events = [{"object": "organization.audit_log", "id": f"audit_log-{i}", "type": kind, "effective_at": 1767607200 + i,
                   "actor": SESSION, **({kind: row[0]} if row[0] else {})} for i, (kind, row) in enumerate(AUDIT.items())]
        got, status, _ = self.replay("audit", json.dumps({"object": "list", "data": events, "has_more": False}, indent=1))
        self.assertEqual((len(got), status), (29, 0))
        for event, activity, (kind, (_, target, changes, details)) in zip(events, got, AUDIT.items()):
            with self.subTest(kind):
                self.assertEqual(activity["activity"], kind)
                self.assertEqual((activity["via"], activity["service"]), ("audit-log", "openai-platform"))
                self.assertEqual(activity["category"], CATEGORIES.get(kind, "Administration"))
                self.assertEqual(activity["outcome"], "failure" if kind.endswith(".failed") else "success")
                self.assertEqual(activity["actor"], {"user": "ana@corp.example", "account": "ana@corp.example", "user_id": "user-1",
                                                     "source": "session", "ip": "192.0.2.17"})
                self.assertEqual(activity["details"]["event_id"], event["id"])
                self.assertEqual(activity.get("changes"), changes)
                for key, value in details.items():
                    self.assertEqual(activity["details"][key], value)
                if isinstance(target, list):
                    self.assertEqual(activity["targets"], target)
                elif target:
                    self.assertEqual({**activity["target"], **target}, activity["target"])
                else:
                    self.assertNotIn("target", activity)
        self.assertEqual(got[27]["project_id"], "proj_9")

    def test_actions_of_the_compliance_log(self):
        lines = []
        for i, (kind, action, data, result, *_) in enumerate(COMPLIANCE):
            event = {"event_id": f"e{i}", "type": kind, "timestamp": "2026-01-05T10:00:00.5Z",
                     "principal": {"id": "ws-1", "type": "CHATGPT_WORKSPACE"},
                     "actor": {"type": "ACCOUNT_USER", "user_id": "user-1", "user_email": "ana@corp.example"},
                     "request_metadata": {"client_ip": "192.0.2.17"}, "action_data": data}
            if result:
                event |= {"action": action, "action_result": result, "action_privilege": "ADMIN"}
            else:
                event["action_data"] = {"action": action, **data}
            lines.append(json.dumps(event))
        got, status, _ = self.replay("compliance", "\n".join(lines) + "\n")
        self.assertEqual((len(got), status), (len(COMPLIANCE), 0))
        for activity, (_, action, _, _, name, outcome, target, changes) in zip(got, COMPLIANCE):
            with self.subTest(action):
                self.assertEqual((activity["activity"], activity["outcome"]), (name, outcome))
                self.assertEqual((activity["via"], activity["service"], activity["time"]),
                                 ("compliance-log", "chatgpt", "2026-01-05T10:00:00.500Z"))
                self.assertEqual(activity["actor"]["workspace"], "ws-1")
                self.assertEqual(activity.get("changes"), changes)
                self.assertEqual(target in activity.get("target", {}).values() if target else "target" not in activity, True)

    def test_a_message_is_scanned_like_a_live_one(self):
        event = {"event_id": "e", "type": "CONVERSATION_MESSAGE", "timestamp": "2026-01-05T10:00:00Z",
                 "message": {"id": "m", "author": {"type": "user"}, "content": {"type": "text", "value": f"pay {CARD}"}},
                 "conversation": {"id": "c"}}
        (got,), _, _ = self.replay("compliance", json.dumps(event))
        self.assertEqual((got["activity"], got["findings"][0]["type"]), ("prompt.created", "credit-card"))
        self.assertEqual((got["verdict"], got["mode"]), ("block", "monitor"))  # it has happened already
        self.assertEqual(got["text"]["content"], f"pay {CARD}")

    def test_forms_of_saved_logs(self):
        events = [{"type": "user.added", "id": f"audit_log-{i}", "effective_at": 1767607200, "user.added": {"id": str(i)}} for i in range(3)]
        page = {"object": "list", "data": events, "has_more": False}
        forms = [json.dumps(page, indent=2), json.dumps(events), "\n".join(map(json.dumps, events)), json.dumps(page) + "\n" + json.dumps(page),
                 "\r\n\r\n".join(map(json.dumps, events + events)) + "\r\n"]
        for text in forms:
            got, status, _ = self.replay("audit", text)
            self.assertEqual(([a["target"]["id"] for a in got], status), (["0", "1", "2"], 0))
        got, status, said = self.replay("audit", json.dumps(events[0]) + "\nnot json\n[1]\n" + json.dumps(events[1]))
        self.assertEqual((len(got), status), (2, 2))
        self.assertIn("log:2: no log event", said)
        self.assertIn("log:3: no log event", said)
        self.assertEqual(self.replay("audit", "")[:2], ([], 0))

    def test_events_written_in_ways_of_their_own(self):
        """Members in any order and more of them, old names, nulls, kinds that differ; each still says what it says."""
        key = {"api_key": {"service_account": {"id": "svc_acct_ci"}, "type": "service_account", "id": "key_55"}, "type": "api_key"}
        user = {"session": {"ip_address_details": {"asn": "", "latitude": ""}, "ip_address": "2001:db8::7",
                            "user": {"email": "Zoë@corp.example", "id": "user-9"}, "ja3": ""}, "type": "session"}
        who, of_key = ("Zoë@corp.example", "session", "2001:db8::7"), ("svc_acct_ci", "api-key", None)
        nobody = (None, None, None)
        rows = [  # type, payload, actor, (user, source, ip), target(s), changes, details, more of the event
            ("checkpoint_permission.created", {"data": {"fine_tuned_model_checkpoint": "ft:a:b", "project_id": "proj_7"}, "id": "cp_7"},
             key, of_key, ("checkpoint.permission", "cp_7"), None, {"checkpoint": "ft:a:b"}, {}),
            ("api_key.updated", {"data": {"scopes": ["all"]}, "id": "key_1"}, user, who, ("api_key", "key_1"), ["scopes"],
             {"scopes": ["all"]}, {}),
            ("invite.sent", {"data": {"role": "owner", "email": "N@X.example", "later": {"a": [1]}}, "id": "invite-7"}, user, who,
             ("invite", "invite-7", "N@X.example"), None, {"role": "owner"}, {"project": None}),
            ("login.failed", {"error_message": "no", "error_code": "c"}, None, nobody, None, None, {"error_code": "c"}, {}),
            ("logout.succeeded", {}, user, who, None, None, {}, {"object": "organization.audit_log"}),
            ("certificates.deactivated", {"certificates": [{"name": "b", "id": "cert_2"}, {"id": "cert_1"}]}, key, of_key,
             [("certificate", "cert_2", "b"), ("certificate", "cert_1")], None, {}, {}),
            ("ip_allowlist.config.activated", {"configs": [{"name": "hq", "id": "cfg_1"}]}, user, who, ("ip_allowlist", "cfg_1", "hq"), None,
             {}, {}),
            ("rate_limit.updated", {"changes_requested": {"batch_1_day_max_input_tokens": 1, "max_requests_per_1_day": 2}, "id": "rl-1"},
             key, of_key, ("rate_limit", "rl-1"), ["batch_1_day_max_input_tokens", "max_requests_per_1_day"],
             {"max_requests_per_1_day": 2}, {}),
            ("role.assignment.created", {"resource_type": "organization", "principal_type": "user", "principal_id": "user-3", "id": "ra_1"},
             user, who, ("user", "user-3"), None, {"assignment_id": "ra_1"}, {}),
            ("user.updated", {"changes_requested": {"role": "owner"}, "id": "proj_x"}, key, of_key, ("user", "proj_x"), ["role"],
             {"role": "owner"}, {}),
            ("project.updated", {"changes_requested": {"title": "Grün"}, "id": "proj_1"}, user, who, ("project", "proj_1", "Grün"), ["title"],
             {}, {"project": {"name": "Default", "id": "proj_0"}}),
            ("tenant.sso_connection.updated", {"id": "conn_1", "client_secret": "PlantedSecretOfTheConnection"}, user, who,
             ("tenant.sso_connection", "conn_1"), None, {}, {}),
            ("something.quite.new", {"id": "x_1", "note": "sk-svcacct-PlantedKeyValue0123456789"}, key, of_key,
             ("something.quite", "x_1"), None, {}, {"extra": {"deep": [{"er": 1}]}}),
            ("service_account.updated", {"changes_requested": {"role": None}, "id": "svc_1"}, user, who, ("service_account", "svc_1"),
             ["role"], {}, {}),
            ("scim.disabled", {"id": "scim_1"}, {"type": "session", "session": None}, nobody, ("scim", "scim_1"), None, {}, {}),
            ("external_key.removed", {"id": "ek_1"}, {"type": "api_key", "api_key": {"type": "user", "user": {"email": "k@x.example"}}},
             ("k@x.example", "api-key", None), ("external_key", "ek_1"), None, {}, {}),
            ("user.deleted", {"id": "user-5"}, user, who, ("user", "user-5"), None, {}, {"user_deleted": {"id": "not-this"}}),
            ("group.updated", {"changes_requested": {"group_name": "Ops"}, "id": "g_1"}, user, who, ("group", "g_1", "Ops"), ["group_name"],
             {}, {}),
        ]
        events = [{**more, kind: payload, "actor": actor, "effective_at": 1767607200 + i, "type": kind, "id": f"audit_log-{i}"}
                  for i, (kind, payload, actor, *_, more) in enumerate(rows)]
        events[1]["effective_at"] = 1767607201.0
        events[2]["effective_at"] = "1767607202"
        underscored = {"id": "req_1", "type": "invite.deleted", "effective_at": 1767607300, "invite_deleted": {"id": "invite-1"}}
        lines = [json.dumps(e, ensure_ascii=bool(i % 2)) for i, e in enumerate([*events, underscored, events[3]])]
        got, status, said = self.replay("audit", "\ufeff" + "\r\n".join(lines) + "\r\n\r\n")
        self.assertEqual((len(got), status), (len(rows) + 1, 0), said)  # what comes twice is told once
        self.assertNotIn("Planted", json.dumps(got))
        self.assertEqual((got[-1]["activity"], got[-1]["target"]["id"]), ("invite.deleted", "invite-1"))
        for i, (activity, (kind, _, _, actor, target, changes, details, _)) in enumerate(zip(got, rows)):
            with self.subTest(kind):
                self.assertEqual(activity["activity"], kind.replace("checkpoint_", "checkpoint."))
                self.assertEqual(activity["time"], f"2026-01-05T10:00:{i:02d}.000Z")
                found = activity["actor"]
                self.assertEqual(tuple(found.get(k) for k in ("user", "source", "ip")), actor)
                listed = [tuple(t[k] for k in ("type", "id", "name") if k in t)
                          for t in activity.get("targets", [activity["target"]] if "target" in activity else [])]
                self.assertEqual(listed, target if isinstance(target, list) else [target] if target else [])
                self.assertEqual(activity.get("changes"), changes)
                self.assertEqual({k: activity["details"].get(k) for k in details}, details)
        self.assertEqual([got[0].get("project_id"), got[10].get("project_id")], ["proj_7", "proj_0"])

    def test_actions_written_in_ways_of_their_own(self):
        """The action inside or beside its data, several addresses, results of every word, times with an offset."""
        rows = [  # event, [(activity, outcome, target)]
            ({"type": "AUDIT_LOG", "action": "INVITE_SEND", "action_result": "SUCCESS",
              "action_data": {"role": "standard-user", "email_addresses": ["b@x.example", "A@x.example"]}},
             [("invite.sent", "success", ("invite", None, "b@x.example")), ("invite.sent", "success", ("invite", None, "A@x.example"))]),
            ({"type": "AUTH_LOG", "action_data": {"auth_provider_name": "okta", "action": "login_failure"}}, [("login.failed", "failure", None)]),
            ({"type": "auth_log", "action": "LOGIN_SUCCESS"}, [("login.succeeded", "success", None)]),
            ({"type": "AUTH_LOG", "action_data": {"action": "challenge_blocked"}}, [("challenge_blocked", "failure", None)]),
            ({"type": "AUDIT_LOG", "action": "USER_ROLE_UPDATED", "action_result": "ERROR", "action_data": {"user_id": "user-2", "new_role": "x"}},
             [("user.updated", "failure", ("user", "user-2"))]),
            ({"type": "AUDIT_LOG", "action_result": "BLOCKED", "action_data": {"action": "DOMAIN_CREATE", "hostname": "corp.example"}},
             [("organization.updated", "failure", ("domain", None, "corp.example"))]),
            ({"type": "AUDIT_LOG", "action": "WORKSPACE_SET_WHATEVER_IP_ALLOWLIST", "action_result": "SUCCESS",
              "action_data": {"allowed_ips": ["10.0.0.0/8"]}}, [("organization.updated", "success", ("organization", "ws-1"))]),
            ({"type": "AUDIT_LOG", "action": "SESSION_REVOKE", "action_result": "SUCCESS", "action_data": {"user_id": "user-3"}},
             [("logout.succeeded", "success", ("user", "user-3"))]),
            ({"type": "AUDIT_LOG", "action": "INVITE_ACCEPT_ALL", "action_result": "SUCCESS", "action_data": {"total_requested": 3}},
             [("invite.accepted", "success", None)]),
            ({"type": "AUDIT_LOG", "action": "SOMETHING_NEW", "action_result": "SUCCESS", "action_data": {"token": "PlantedToken"}},
             [("SOMETHING_NEW", "success", None)]),
            ({"type": "AUDIT_LOG", "action": "GROUP_REMOVE_USER", "action_result": "SUCCESS", "action_data": {"group_id": "g1", "name": "Ops"}},
             [("group.updated", "success", ("group", "g1", "Ops"))]),
            ({"type": "CODEX_LOG", "whatever": 1}, [("CODEX_LOG", None, None)]),
            ({"type": "CONVERSATION_MESSAGE", "conversation": {"id": "c1", "project_id": "p1"}, "previous_message_id": "m0",
              "message": {"files": {"data": [{"id": "file-1", "name": "q.pdf"}]}, "content": {"type": "text", "value": "hello"},
                          "author": {"type": "user"}, "id": "m1"}}, [("prompt_with_file.created", "success", None)]),
            ({"type": "CONVERSATION_MESSAGE", "conversation": {"id": "c1"},
              "message": {"author": {"model": "gpt-5", "type": "assistant"}, "content": {"value": "hi"}, "id": "m2"}},
             [("response.generated", "success", None)]),
        ]
        lines = [json.dumps({**event, "actor": {"user_email": "ana@corp.example", "type": "ACCOUNT_USER"}, "principal": {"id": "ws-1"},
                             "timestamp": f"2026-01-05T12:00:{i:02d}.5+02:00", "event_id": f"e{i}"}) for i, (event, _) in enumerate(rows)]
        got, status, said = self.replay("compliance", "\ufeff" + "\n\r\n".join(lines + lines[:3]))
        wanted = [(i, *row) for i, (_, told) in enumerate(rows) for row in told]
        self.assertEqual((len(got), status), (len(wanted), 0), said)
        self.assertNotIn("Planted", json.dumps(got))
        for activity, (i, name, outcome, target) in zip(got, wanted):
            with self.subTest(name):
                self.assertEqual((activity["activity"], activity.get("outcome"), activity["time"]),
                                 (name, outcome, f"2026-01-05T10:00:{i:02d}.500Z"))
                self.assertEqual(activity["actor"]["user"], "ana@corp.example")
                found = activity.get("target")
                self.assertEqual(found and {k: v for k, v in found.items()},
                                 target and {k: v for k, v in zip(("type", "id", "name"), target) if v})
        self.assertEqual((got[-2]["parent_message_id"], got[-2]["project_id"], got[-2]["files"][0]["name"]), ("m0", "p1", "q.pdf"))
        self.assertEqual((got[-1]["model"], got[-1]["text"]["content"]), ("gpt-5", "hi"))


if __name__ == "__main__":
    unittest.main()
