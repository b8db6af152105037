"""Administration (facts/openai-admin.md §2 and §3): every documented write and
what it is, as it succeeds, fails, meets a challenge page, is asked for in
advance, tried again, spelt with escapes, at other hosts; several events of
one exchange, verbs in bodies, and what nothing explains."""
import hashlib

from exchanges import CARD, KEY, dumps, entry
from replay_cases import ANY, CASES, case

API = "https://api.openai.com"
O = API + "/v1/organization"
P = O + "/projects/proj_1"
R = API + "/v1/projects/proj_1"
CKPT = API + "/v1/fine_tuning/checkpoints/ft:gpt-4o-mini-2024-07-18:acme:sup:9xYz"
WS = "8f3c1d52-7a90-4d6e-9a41-2f1be0c6d7a3"
W = f"https://chatgpt.com/backend-api/accounts/{WS}"
SECRET = "sk-svcacct-T0pS3cretKeyValueThatNobodyMaySee0123456789wxyz"
PEM = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUE2d5\n-----END CERTIFICATE-----\n"
ADMIN = {"authorization": "Bearer sk-admin-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd", "accept": "application/json"}
CONSOLE = {"authorization": "Bearer sess-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789efgh", "openai-organization": "org-acme",
           "origin": "https://platform.openai.com", "referer": "https://platform.openai.com/settings",
           "accept": "application/json"}
CHALLENGE = "<!DOCTYPE html><html><title>Just a moment...</title></html>"


def key_facts(secret=SECRET):
    return {"key_last4": secret[-4:], "key_sha256": hashlib.sha256(secret.encode()).hexdigest()}


def write(method, url, body=None, answer=None, fields=ADMIN, status=200, **more):
    more = {"answer_kind": "application/json", "kind": "application/json" if body is not None else None, **more}
    if answer is not None and not isinstance(answer, (str, bytes)):
        answer = dumps(answer)
    if body is not None and not isinstance(body, (str, bytes)):
        body = dumps(body)
    return entry(url, body, answer, method=method, fields=fields, status=status, **more)


def told(activity, target=None, changes=None, facts=None, **more):
    """An activity of the platform: exactly this target and these changes, at least these details."""
    kind = "chatgpt" if more.pop("chat", False) else "openai-platform"
    wanted = {"activity": activity, "content": None, "hidden": None, "verdict": "allow", "outcome": "success",
              "service": kind, "changes": changes, "facts": facts or {}, **more}
    if isinstance(target, tuple):
        wanted["target"] = {k: v for k, v in zip(("type", "id", "name"), target) if v}
    elif "targets" not in wanted:
        wanted["target"] = target
    return wanted


def gone(object, id):
    return {"object": object, "id": id, "deleted": True}


# ---- the 63 routes of §3, and the console's of §2 ----

ROWS = []


def row(name, method, url, body, answer, *expected, **more):
    ROWS.append((name, method, url, body, answer, expected, more))


row("admin key made", "POST", O + "/admin_api_keys", {"name": "ci", "expires_in_seconds": 3600},
    {"object": "organization.admin_api_key", "id": "key_1", "name": "ci", "redacted_value": "sk-admin...wxyz",
     "created_at": 1, "expires_at": 1790003600, "owner": {"id": "user-1", "name": "Ana", "role": "owner"},
     "value": SECRET},
    told("api_key.created", ("api_key", "key_1", "ci"),
         facts={"kind": "admin", "expires_at": 1790003600, "owner": "Ana", "channel": "api", **key_facts()},
         category="Administration", project_id=None, verdict="alert"))
row("admin key deleted", "DELETE", O + "/admin_api_keys/key_1", None, gone("organization.admin_api_key.deleted", "key_1"),
    told("api_key.deleted", ("api_key", "key_1")))
row("project key deleted", "DELETE", P + "/api_keys/key_2", None, gone("organization.project.api_key.deleted", "key_2"),
    told("api_key.deleted", ("api_key", "key_2"), project_id="proj_1"))
row("service account key", "POST", P + "/service_accounts/svc_acct_1/api_keys",
    {"name": "deploy", "scopes": ["model.read", "all"]},
    {"object": "organization.project.service_account.api_key", "id": "key_3", "name": "deploy", "value": SECRET},
    told("api_key.created", ("api_key", "key_3", "deploy"), project_id="proj_1",
         facts={"parent": "svc_acct_1", "scopes": ["model.read", "all"], **key_facts()}, verdict="alert"))
row("certificate uploaded", "POST", O + "/certificates", {"certificate": PEM, "name": "edge"},
    {"object": "certificate", "id": "cert_1", "name": "edge", "certificate_details": {"valid_at": 5, "expires_at": 9}},
    told("certificate.created", ("certificate", "cert_1", "edge"), facts={"valid_at": 5, "expires_at": 9}))
row("certificate renamed", "POST", O + "/certificates/cert_1", {"name": "edge b"},
    {"object": "certificate", "id": "cert_1", "name": "edge b"},
    told("certificate.updated", ("certificate", "cert_1", "edge b"), ["name"]))
row("certificate deleted", "DELETE", O + "/certificates/cert_1", None, {"object": "certificate.deleted", "id": "cert_1"},
    told("certificate.deleted", ("certificate", "cert_1")))
for verb, state in (("activate", True), ("deactivate", False)):
    for place, project in ((O, None), (P, "proj_1")):
        kind = "organization" if project is None else "organization.project"
        row(f"certificates {verb}d {project}", "POST", f"{place}/certificates/{verb}",
            {"certificate_ids": ["cert_1", "cert_2"]},
            {"object": f"{kind}.certificate.{verb[:-1]}ion",
             "data": [{"id": "cert_1", "name": "edge", "active": state}, {"id": "cert_2", "name": "b", "active": state}]},
            told(f"certificates.{verb}d", project_id=project,
                 targets=[{"type": "certificate", "id": "cert_1", "name": "edge"},
                          {"type": "certificate", "id": "cert_2", "name": "b"}]))
row("one certificate activated", "POST", O + "/certificates/activate", {"certificate_ids": ["cert_1"]},
    {"object": "organization.certificate.activation", "data": [{"id": "cert_1", "name": "edge", "active": True}]},
    told("certificates.activated", ("certificate", "cert_1", "edge"), targets=None))
row("invite", "POST", O + "/invites",
    {"email": "new@corp.example", "role": "reader", "projects": [{"id": "proj_1", "role": "owner"}]},
    {"object": "organization.invite", "id": "invite-1", "email": "new@corp.example", "role": "reader",
     "status": "pending", "expires_at": 7, "accepted_at": None, "projects": [{"id": "proj_1", "role": "owner"}]},
    told("invite.sent", ("invite", "invite-1", "new@corp.example"),
         facts={"role": "reader", "projects": ["proj_1"], "project_roles": ["owner"]}, category="Administration",
         verdict="alert"))
row("invite deleted", "DELETE", O + "/invites/invite-1", None, gone("organization.invite.deleted", "invite-1"),
    told("invite.deleted", ("invite", "invite-1")))
row("project", "POST", O + "/projects", {"name": "Blue", "residency": "EU_STORAGE_PROCESSING"},
    {"object": "organization.project", "id": "proj_9", "name": "Blue", "created_at": 1, "archived_at": None,
     "status": "active"},
    told("project.created", ("project", "proj_9", "Blue"), project_id="proj_9",
         facts={"residency": "EU_STORAGE_PROCESSING"}))
row("project renamed", "POST", P, {"name": "Green", "external_key_id": None},
    {"object": "organization.project", "id": "proj_1", "name": "Green", "status": "active"},
    told("project.updated", ("project", "proj_1", "Green"), ["name"], project_id="proj_1"))
row("project archived", "POST", P + "/archive", None,
    {"object": "organization.project", "id": "proj_1", "name": "Green", "status": "archived", "archived_at": 3},
    told("project.archived", ("project", "proj_1", "Green"), project_id="proj_1"))
SETTINGS = [
    ("POST", "/data_retention", {"retention_type": "zero_data_retention"}, ["retention_type"]),
    ("POST", "/spend_limit", {"threshold_amount": 5000, "currency": "USD", "interval": "month"},
     ["threshold_amount", "currency", "interval"]),
    ("DELETE", "/spend_limit", None, ["spend_limit"]),
    ("POST", "/spend_alerts", {"threshold_amount": 90, "notification_channel": {"type": "email"}},
     ["threshold_amount", "notification_channel"]),
    ("POST", "/spend_alerts/alert_1", {"threshold_amount": 95}, ["threshold_amount"]),
    ("DELETE", "/spend_alerts/alert_1", None, ["spend_alerts"]),
]
for method, path, body, changes in SETTINGS:
    setting = path.split("/")[1]
    reply = gone("deleted", "x") if method == "DELETE" else {"object": f"organization.{setting}", **(body or {})}
    row(f"organization {method} {path}", method, O + path, body, reply,
        told("organization.updated", ("organization", "org-acme"), changes, facts={"setting": setting}, project_id=None),
        fields={**ADMIN, "openai-organization": "org-acme"})
    row(f"project {method} {path}", method, P + path, body, reply,
        told("project.updated", ("project", "proj_1"), changes, facts={"setting": setting}, project_id="proj_1"))
row("project tools", "POST", P + "/hosted_tool_permissions",
    {"file_search": {"enabled": True}, "mcp": {"enabled": False}}, {"object": "project.hosted_tool_permissions"},
    told("project.updated", ("project", "proj_1"), ["file_search", "mcp"], facts={"setting": "hosted_tool_permissions"}))
row("project models", "POST", P + "/model_permissions", {"mode": "allow_list", "model_ids": ["gpt-5"]},
    {"object": "project.model_permissions", "mode": "allow_list", "model_ids": ["gpt-5"]},
    told("project.updated", ("project", "proj_1"), ["mode", "model_ids"],
         facts={"setting": "model_permissions", "mode": "allow_list", "models": ["gpt-5"]}))
row("project models reset", "DELETE", P + "/model_permissions", None, {"deleted": True},
    told("project.updated", ("project", "proj_1"), ["model_permissions"]))
row("rate limit", "POST", P + "/rate_limits/rl-gpt-5", {"max_requests_per_1_minute": 10, "max_tokens_per_1_minute": 99},
    {"object": "project.rate_limit", "id": "rl-gpt-5", "model": "gpt-5", "max_requests_per_1_minute": 10},
    told("rate_limit.updated", ("rate_limit", "rl-gpt-5", "gpt-5"),
         ["max_requests_per_1_minute", "max_tokens_per_1_minute"], project_id="proj_1"))
row("rate limit reset", "DELETE", P + "/rate_limits/rl-gpt-5", None, {},
    told("rate_limit.deleted", ("rate_limit", "rl-gpt-5")))
row("service account with key", "POST", P + "/service_accounts", {"name": "bot"},
    {"object": "organization.project.service_account", "id": "svc_acct_1", "name": "bot", "role": "member",
     "created_at": 1, "api_key": {"object": "organization.project.service_account.api_key", "value": SECRET,
                                  "name": "Secret Key", "created_at": 1, "id": "key_8"}},
    told("service_account.created", ("service_account", "svc_acct_1", "bot"), project_id="proj_1",
         facts={"role": "member"}, category="User Account Creation"),
    told("api_key.created", ("api_key", "key_8", "Secret Key"), project_id="proj_1",
         facts={"parent": "svc_acct_1", **key_facts()}))
row("service account alone", "POST", P + "/service_accounts", {"name": "bot", "create_service_account_only": True},
    {"object": "organization.project.service_account", "id": "svc_acct_2", "name": "bot", "role": "none",
     "api_key": None}, told("service_account.created", ("service_account", "svc_acct_2", "bot")))
row("service account changed", "POST", P + "/service_accounts/svc_acct_1", {"role": "owner"},
    {"object": "organization.project.service_account", "id": "svc_acct_1", "name": "bot", "role": "owner"},
    told("service_account.updated", ("service_account", "svc_acct_1", "bot"), ["role"], facts={"role": "owner"},
         verdict="alert"))
row("service account deleted", "DELETE", P + "/service_accounts/svc_acct_1", None,
    gone("organization.project.service_account.deleted", "svc_acct_1"),
    told("service_account.deleted", ("service_account", "svc_acct_1"), category="User Account Deletion"))
row("user added by id", "POST", P + "/users", {"user_id": "user-7", "role": "member"},
    {"object": "organization.project.user", "id": "user-7", "email": "bo@corp.example", "role": "member"},
    told("user.added", ("user", "user-7", "bo@corp.example"), facts={"role": "member"}, project_id="proj_1",
         category="User Account Creation"))
row("user added by mail", "POST", P + "/users", {"email": "bo@corp.example", "role": "owner"},
    {"object": "organization.project.user", "id": "user-7", "email": "bo@corp.example", "role": "owner"},
    told("user.added", ("user", "user-7", "bo@corp.example"), facts={"role": "owner"}, verdict="alert"))
for place, project in ((O, None), (P, "proj_1")):
    row(f"user changed {project}", "POST", place + "/users/user-7", {"role": "owner"},
        {"object": "organization.user", "id": "user-7", "email": "bo@corp.example", "role": "owner"},
        told("user.updated", ("user", "user-7", "bo@corp.example"), ["role"], facts={"role": "owner"},
             project_id=project, verdict="alert"))
    row(f"user deleted {project}", "DELETE", place + "/users/user-7", None, gone("organization.user.deleted", "user-7"),
        told("user.deleted", ("user", "user-7"), project_id=project, category="User Account Deletion"))
for place, project in ((O, None), (R, "proj_1")):
    for kind, id in (("user", "user-7"), ("group", "group_1")):
        row(f"role of {kind} {project}", "POST", f"{place}/{kind}s/{id}/roles", {"role_id": "role-admin"},
            {"object": f"{kind}.role", "role": {"id": "role-admin", "name": "Admin"}},
            told("role.assignment.created", (kind, id), project_id=project, verdict="alert",
                 facts={"role": "Admin", "role_id": "role-admin", "principal": kind}))
        row(f"role off {kind} {project}", "DELETE", f"{place}/{kind}s/{id}/roles/role-admin", None,
            {"object": f"{kind}.role.deleted", "deleted": True},
            told("role.assignment.deleted", (kind, id), project_id=project, facts={"role_id": "role-admin"}))
    row(f"role {project}", "POST", place + "/roles", {"role_name": "Auditor", "permissions": ["api.read"]},
        {"object": "role", "id": "role-1", "name": "Auditor", "permissions": ["api.read"]},
        told("role.created", ("role", "role-1", "Auditor"), facts={"scopes": ["api.read"]}, project_id=project))
    row(f"role changed {project}", "POST", place + "/roles/role-1", {"role_name": "Auditors"},
        {"object": "role", "id": "role-1", "name": "Auditors"},
        told("role.updated", ("role", "role-1", "Auditors"), ["role_name"], project_id=project))
    row(f"role deleted {project}", "DELETE", place + "/roles/role-1", None, gone("role.deleted", "role-1"),
        told("role.deleted", ("role", "role-1"), project_id=project))
row("group", "POST", O + "/groups", {"name": "Ops"}, {"object": "group", "id": "group_1", "name": "Ops"},
    told("group.created", ("group", "group_1", "Ops")))
row("group changed", "POST", O + "/groups/group_1", {"name": "Ops2"}, {"object": "group", "id": "group_1", "name": "Ops2"},
    told("group.updated", ("group", "group_1", "Ops2"), ["name"]))
row("group deleted", "DELETE", O + "/groups/group_1", None, gone("group.deleted", "group_1"),
    told("group.deleted", ("group", "group_1")))
row("group member", "POST", O + "/groups/group_1/users", {"user_id": "user-7"},
    {"object": "group.user", "user_id": "user-7", "group_id": "group_1"},
    told("group.updated", ("group", "group_1"), ["users"], facts={"user": "user-7"}))
row("group member off", "DELETE", O + "/groups/group_1/users/user-7", None, {"object": "group.user.deleted", "deleted": True},
    told("group.updated", ("group", "group_1"), ["users"], facts={"user": "user-7"}))
row("project group", "POST", P + "/groups", {"group_id": "group_1", "role": "member"},
    {"object": "project.group", "group_id": "group_1", "group_name": "Ops", "project_id": "proj_1"},
    told("group.updated", ("group", "group_1", "Ops"), ["projects"], project_id="proj_1"))
row("project group off", "DELETE", P + "/groups/group_1", None, {"object": "project.group.deleted", "deleted": True},
    told("group.updated", ("group", "group_1"), ["projects"], project_id="proj_1"))
CP = {"object": "list", "data": [{"object": "checkpoint.permission", "id": "cp_1", "project_id": "proj_A"},
                                 {"object": "checkpoint.permission", "id": "cp_2", "project_id": "proj_B"}],
      "first_id": "cp_1", "last_id": "cp_2", "has_more": False}
CK = {"checkpoint": "ft:gpt-4o-mini-2024-07-18:acme:sup:9xYz"}
row("checkpoint", "POST", CKPT + "/permissions", {"project_ids": ["proj_A", "proj_B"]}, CP,
    told("checkpoint.permission.created", ("checkpoint.permission", "cp_1"), project_id="proj_A", facts=CK),
    told("checkpoint.permission.created", ("checkpoint.permission", "cp_2"), project_id="proj_B", facts=CK))
row("checkpoint off", "DELETE", CKPT + "/permissions/cp_1", None,
    {"object": "checkpoint.permission", "id": "cp_1", "deleted": True},
    told("checkpoint.permission.deleted", ("checkpoint.permission", "cp_1"), facts=CK))

for prefix in ("/dashboard", "/v1/dashboard"):
    at = f"{API}{prefix}/organizations/org-acme/projects/proj_1/api_keys"
    row("console key made " + prefix, "POST", at, {"action": "create", "name": "laptop", "scopes": ["api.all"]},
        {"result": "success", "key": {"sensitive_id": SECRET, "object": "api_key", "name": "laptop", "created": 1,
                                      "last_use": None, "publishable": False}},
        told("api_key.created", ("api_key", "sk-svcacct-…wxyz", "laptop"), project_id="proj_1", verdict="alert",
             facts={"scopes": ["api.all"], "channel": "console", **key_facts()},
             actor={"workspace": "org-acme", "source": "session"}), fields=CONSOLE)
    row("console key changed " + prefix, "POST", at,
        {"action": "update", "redacted_key": "sk-...wxyz", "created_at": 1, "name": "desk", "scopes": ["model.read"]},
        {"result": "success"}, told("api_key.updated", ("api_key", "sk-...wxyz", "desk"), ["name", "scopes"],
                                    facts={"scopes": ["model.read"]}, project_id="proj_1"), fields=CONSOLE)
    row("console key deleted " + prefix, "POST", at, {"action": "delete", "redacted_key": "sk-...wxyz", "created_at": 1},
        {"result": "success"}, told("api_key.deleted", ("api_key", "sk-...wxyz"), project_id="proj_1"), fields=CONSOLE)
    row("console organization " + prefix, "POST", f"{API}{prefix}/organizations/org-acme",
        {"title": "Acme", "api_call_logging": "disabled"}, {"object": "organization"},
        told("organization.updated", ("organization", "org-acme", "Acme"), ["title", "api_call_logging"]), fields=CONSOLE)
    row("console service account " + prefix, "POST", API + prefix + "/service_accounts", {"id": "bot"},
        {"id": "svc_acct_3", "object": "service_account", "secret": [{"sensitive_id": SECRET, "created": 1}]},
        told("service_account.created", ("service_account", "svc_acct_3", "bot"), project_id="proj_5",
             facts={**key_facts()}), fields={**CONSOLE, "openai-project": "proj_5"})
row("legacy user key", "POST", API + "/dashboard/user/api_keys", {"action": "create", "name": "old"},
    {"result": "success", "key": {"sensitive_id": SECRET, "name": "old", "tracking_id": "key_77"}},
    told("api_key.created", ("api_key", "key_77", "old"), actor={"workspace": "org-acme"}), fields=CONSOLE)

CHATTER = {"chatgpt-account-id": WS, "origin": "https://chatgpt.com", "accept": "application/json",
           "oai-device-id": "d-1"}
row("chat invites", "POST", W + "/invites",
    {"email_addresses": ["a@x.example", "b@x.example", "bad"], "role": "account-admin", "resend_emails": True},
    {"account_invites": [{"id": "inv-1", "email_address": "a@x.example", "role": "account-admin"},
                         {"id": "inv-2", "email_address": "b@x.example", "role": "standard-user"}],
     "errored_emails": [{"email": "bad", "error": "invalid"}]},
    told("invite.sent", ("invite", "inv-1", "a@x.example"), chat=True, facts={"role": "account-admin"},
         actor={"workspace": WS}, verdict="alert"),
    told("invite.sent", ("invite", "inv-2", "b@x.example"), chat=True, facts={"role": "standard-user"}), fields=CHATTER)
row("chat invites all failed", "POST", W + "/invites", {"email_addresses": ["bad"], "role": "standard-user"},
    {"account_invites": [], "errored_emails": [{"email_address": "bad", "error": "invalid"}]}, fields=CHATTER)
row("chat invite accepted", "POST", W + "/invites/accept", {}, {"success": True},
    told("invite.accepted", None, chat=True, category="User Account Creation"), fields=CHATTER)
row("chat request approved", "PATCH", W + "/invites/inv-9",
    {"accept_request": True, "role": "standard-user", "seat_type": "default"}, {"id": "inv-9"},
    told("invite.accepted", ("invite", "inv-9"), chat=True, facts={"role": "standard-user"}), fields=CHATTER)
row("chat asks to join", "POST", W + "/invites/request", {}, {"success": True}, fields=CHATTER)
row("chat invite deleted", "DELETE", W + "/invites", {"email_address": "a@x.example"}, None,
    told("invite.deleted", ("invite", None, "a@x.example"), chat=True), fields=CHATTER)
row("chat role", "PATCH", W + "/users/user-7", {"role": "account-owner"}, {"id": "user-7", "role": "account-owner"},
    told("user.updated", ("user", "user-7"), ["role"], chat=True, facts={"role": "account-owner"},
         verdict="alert"), fields=CHATTER)
row("chat removed", "DELETE", W + "/users/user-7", None, {"success": True},
    told("user.deleted", ("user", "user-7"), chat=True, facts={"self": None}), fields=CHATTER)
row("chat left", "DELETE", W + "/users/user-7", None, None,
    told("user.deleted", ("user", "user-7"), chat=True, facts={"self": True}),
    fields={**CHATTER, "cookie": "_puid=user-7:1790000000-abc"}, status=204, answer_kind=None)


def ways(number, name, method, url, body, answer, expected, more):
    """One route: as it is, and in the ways in which it is no event."""
    def succeeds():
        return [write(method, url, body, answer, **more)], list(expected)

    def fails():
        kept = {k: v for k, v in more.items() if k == "fields"}
        error = {"error": {"code": "not_allowed", "message": "You cannot.", "param": None, "type": "invalid_request_error"}}
        return [write("OPTIONS", url, None, None, fields={**kept.get("fields", {}), "origin": "https://platform.openai.com",
                                                         "access-control-request-method": method}, status=204),
                write(method, url, body, error, status=(400, 401, 403, 404, 409, 429, 500)[number % 7], **kept),
                write(method, url, body, CHALLENGE, answer_kind="text/html; charset=utf-8", **kept),
                write(method, url, body, "\n " + CHALLENGE, **kept)], []

    def asked_by_a_page():
        """The platform's console calls the same routes, under a session and for an organization."""
        same = [{**e, "facts": {**e["facts"], "channel": "console"}} for e in expected]
        for e in same:
            if (e.get("target") or {}).get("type") == "organization":
                e["target"] = {**e["target"], "id": "org-acme"}
        return [write(method, url, body, answer, **{**more, "fields": CONSOLE})], same
    CASES.append((f"admin {name}", succeeds))
    if url.startswith(API) and more.get("fields", ADMIN) is ADMIN:
        CASES.append((f"admin {name}: from the console", asked_by_a_page))
    CASES.append((f"admin {name}: no event", fails))


for number, (name, method, url, body, answer, expected, more) in enumerate(ROWS):
    ways(number, name, method, url, body, answer, expected, more)


# ---- traps ----

@case
def admin_retry():
    body = {"name": "Blue"}
    done = {"object": "organization.project", "id": "proj_9", "name": "Blue"}
    return ([write("POST", O + "/projects", body, {"error": {"message": "busy"}}, status=429, second=0),
             write("POST", O + "/projects", body, {"error": {"message": "oops"}}, status=503, second=1),
             write("POST", O + "/projects", body, done, second=2)],
            [told("project.created", ("project", "proj_9", "Blue"))])


@case
def admin_reads():
    listed = {"object": "list", "data": [], "has_more": False}
    return [write("GET", u, None, listed) for u in
            (O + "/projects", O + "/admin_api_keys", O + "/invites", P + "/users", O + "/audit_logs?limit=5",
             O + "/usage/completions")] + [write("HEAD", O + "/projects", None, None)], []


@case
def admin_escapes():
    ckpt = API + "/v1/fine_tuning/checkpoints/ft%3Agpt-4o-mini-2024-07-18%3Aacme%3Asup%3A9xYz/permissions"
    renamed = {"object": "organization.project", "id": "proj_1", "name": "N"}
    return ([write("POST", ckpt + "?limit=1", {"project_ids": ["proj_A"]}, {"object": "list", "data": CP["data"][:1]}),
             write("POST", O + "/projects/proj%5F1/", {"name": "N"}, renamed, second=1),
             write("POST", O + "/projects/proj_1%2Farchive", {"name": "N"}, renamed, second=2),
             write("POST", O + "/projects/proj_1/archive/more", {}, renamed, second=3)],
            [told("checkpoint.permission.created", ("checkpoint.permission", "cp_1"), project_id="proj_A", facts=CK),
             told("project.updated", ("project", "proj_1", "N"), ["name"], project_id="proj_1"),
             told("project.updated", ("project", "proj_1/archive", "N"), ["name"], project_id="proj_1/archive"),
             told("admin.unclassified", None, facts={"method": "POST",
                                                     "template": "/v1/organization/projects/{id}/archive/more"})])


@case
def admin_hosts():
    body, done = {"name": "Blue"}, {"object": "organization.project", "id": "proj_9", "name": "Blue"}
    def at(host, second):
        return write("POST", f"https://{host}/v1/organization/projects", body, done, second=second)
    hosts = ["us.api.openai.com", "eu.api.openai.com", "ae.api.openai.com"]
    beside = ["api.openai.com.evil.example", "xapi.openai.com", "api.openai.co", "openai.com", "api-openai.com"]
    return ([at(h, i) for i, h in enumerate(hosts + beside)],
            [told("project.created", ("project", "proj_9", "Blue"), http={"host": h}) for h in hosts])


@case
def admin_literals_before_parameters():
    """`activate` stands where an id would; a project may be called archive."""
    done = {"object": "organization.project", "id": "archive", "name": "x"}
    return ([write("POST", O + "/projects/archive", {"name": "x"}, done)],
            [told("project.updated", ("project", "archive", "x"), ["name"])])


@case
def admin_key_action_unknown():
    at = API + "/dashboard/organizations/org-acme/projects/proj_1/api_keys"
    return ([write("POST", at, {"action": "rotate", "redacted_key": "sk-...wxyz"}, {"result": "success"}, fields=CONSOLE)],
            [told("admin.unclassified", None, project_id="proj_1",
                  facts={"method": "POST", "template": "/dashboard/organizations/{id}/projects/{id}/api_keys",
                         "body_keys": ["action", "redacted_key"]})])


@case
def admin_unclassified():
    secret = {"client_secret": "wJ4~Q8x", "metadata_url": "https://idp.example/x", "a@b.example": 1}
    facts = {"method": "POST", "body_keys": ["client_secret", "metadata_url", "{key}"]}
    chat = {**facts, "template": "/backend-api/accounts/{id}/sso/connections"}
    return ([write("POST", API + "/v1/dashboard/organizations/org-acme/sso", secret, {"ok": True}, fields=CONSOLE),
             write("POST", W + "/sso/connections", secret, None, fields=CHATTER, second=1),
             write("PATCH", W, {"name": "New"}, {"ok": True}, fields=CHATTER, second=2),
             write("DELETE", "https://platform.openai.com/x/y", None, None, fields=CONSOLE, second=3),
             write("PUT", "https://admin.openai.com/api/ip_allowlist", {"allowed_ips": []}, {}, fields=CONSOLE, second=4),
             write("POST", "https://api.chatgpt.com/v1/manage/x", {"a": 1}, {}, second=5),
             write("POST", API + "/v1/organization/new_thing", {"a": 1}, {"error": {}}, status=400, second=6),
             write("PATCH", W + "/invites/inv-1", {"accept_request": False}, {}, fields=CHATTER, second=7)],
            [told("admin.unclassified", None, facts={**facts, "template": "/v1/dashboard/organizations/{id}/sso"},
                  category="Administration"),
             told("admin.unclassified", None, chat=True, facts=chat),
             told("admin.unclassified", None, chat=True, facts={"method": "PATCH", "body_keys": ["name"]}),
             told("admin.unclassified", None, facts={"method": "DELETE", "template": "/x/y", "body_keys": None}),
             told("admin.unclassified", None, facts={"template": "/api/ip_allowlist"}),
             told("admin.unclassified", None, chat=True, facts={"template": "/v1/manage/x"}),
             told("admin.unclassified", None, chat=True, facts={"body_keys": ["accept_request"]})])


@case
def admin_unclassified_is_scanned():
    """What is found is told, and nothing of what it is: the body may hold secrets, too."""
    found = {"type": "credit-card", "sample": None, "content": None, "hidden": None}
    blocked = {"verdict": "block", "outcome": "failure", "http": {"status": 403}}
    body = {"note": "card " + CARD, "nested": [{"client_secret": SECRET}]}
    form = "note=card+4111+1111+1111+1111&x=" + "y" * 20
    return ([write("POST", API + "/v1/dashboard/organizations/org-acme/notes", body, {"ok": True}, fields=CONSOLE),
             write("PATCH", W + "/settings/x", {"a": "card " + CARD}, {}, fields=CHATTER, second=1),
             write("PUT", "https://admin.openai.com/api/x", form, {}, fields=CONSOLE, second=2,
                   kind="application/x-www-form-urlencoded"),
             write("POST", "https://platform.openai.com/api/y", CARD, {}, fields=CONSOLE, second=3, kind="text/plain"),
             write("POST", O + "/admin_api_keys", {"name": "for " + CARD}, {"value": SECRET, "id": "key_1"}, second=4)],
            [told("admin.unclassified", None, **blocked, **found),
             told("admin.unclassified", None, chat=True, **blocked, **found),
             told("admin.unclassified", None, **blocked, **found),
             told("admin.unclassified", None, **blocked, **found),
             told("api_key.created", ("api_key", None, "for " + CARD), facts={"kind": "admin"}, **blocked, **found)])


@case
def admin_beside_the_other_maps():
    """What chatgpt.yaml and openai-api.yaml explain stays theirs."""
    done = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
    return ([write("POST", API + "/v1/chat/completions", {"model": "gpt-5", "messages": [
                {"role": "user", "content": "hello"}]}, done)],
            [{"activity": "prompt.created", "content": "hello", "service": "openai-api"},
             {"activity": "response.generated", "content": "yes", "service": "openai-api"}])


@case
def admin_body_that_is_no_json():
    return ([write("POST", O + "/invites", '{"email": "a@x.example", "role": "own', {"object": "organization.invite"})],
            [told("invite.sent", None, verdict="block", outcome="failure", failure="parse")])


@case
def admin_encoded():
    done = {"object": "organization.project", "id": "proj_9", "name": "Blue"}
    return ([write("POST", O + "/projects", {"name": "Blue"}, done, answer_encoding=e, second=i)
             for i, e in enumerate(("gzip", "br", "zstd", "deflate"))],
            [told("project.created", ("project", "proj_9", "Blue"))] * 4)


@case
def admin_compliance_api():
    return ([write("DELETE", f"https://api.chatgpt.com/v1/compliance/workspaces/{WS}/conversations/c-1", None,
                   {"deleted": True})],
            [told("conversation.deleted", None, chat=True, conversation_id="c-1", category="Data Delete")])


@case
def admin_names_are_scanned_and_private_keys_stay():
    key = KEY.replace("\n", "\\n")
    return ([write("POST", O + "/certificates", f'{{"certificate": "{key}", "name": "oops"}}', {"object": "certificate"}),
             write("POST", O + "/projects", {"name": "paid with " + CARD}, {"id": "proj_1"}, second=1)],
            [told("certificate.created", ("certificate", None, "oops"), verdict="block", outcome="failure", hidden=ANY),
             told("project.created", ANY, verdict="block", outcome="failure", hidden=ANY)])


@case
def admin_documented_body_is_missing():
    return ([write("POST", O + "/projects", {"name": "x"}, ""),
             write("POST", O + "/projects", {"name": "x"}, "ok", answer_kind="text/plain", second=1),
             write("DELETE", O + "/users/user-7", None, {"object": "organization.user.deleted", "deleted": False}, second=2),
             write("POST", API + "/dashboard/user/api_keys", {"action": "create"}, {"result": "error"}, second=3)], [])
