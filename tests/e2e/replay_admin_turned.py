"""Administration written in ways its documentation does not show but HTTP and
JSON allow (facts/openai-admin.md §2, §3): spellings of addresses, orders and
kinds of members, forms of success, what looks like one and is none."""
from exchanges import dumps, token
from replay_admin import ADMIN, API, CHALLENGE, CHATTER, CONSOLE, O, P, R, SECRET, W, WS, key_facts, told, write
from replay_cases import case

PROJECT = {"object": "organization.project", "id": "proj_9", "name": "Blue"}
MADE = told("project.created", ("project", "proj_9", "Blue"), project_id="proj_9")


@case
def admin_turned_addresses():
    """Escapes in literals, in ids, a query that looks like a path, a slash at the end."""
    cert = {"object": "organization.certificate.activation", "data": [{"active": True, "name": "edge", "id": "cert_1"}]}
    limit = {"object": "project.rate_limit", "id": "rl-ft", "model": "ft:gpt-4o:acme"}
    return ([write("POST", O + "/%69nvites?x=/v1/organization/admin_api_keys", {"role": "reader", "email": "A@Corp.example"},
                   {"role": "reader", "email": "A@Corp.example", "id": "invite-2"}),
             write("POST", O + "/certificates/%61ctivate", {"certificate_ids": ["cert_1"]}, cert, second=1),
             write("POST", O + "/certificates/activate/", {"certificate_ids": ["cert_1"]}, cert, second=2),
             write("POST", P + "/rate_limits/rl-ft%3Agpt-4o%3Aacme", {"max_requests_per_1_day": 1}, limit, second=3),
             write("DELETE", O + "/users/user-%C3%A9", None, {"deleted": True, "id": "user-é"}, second=4),
             write("POST", O + "/projects/certificates", {"name": "c"}, {"id": "certificates", "name": "c"}, second=5),
             write("POST", O + "/groups/users/users", {"user_id": "user-7"}, {"user_id": "user-7"}, second=6),
             write("POST", O + "/users/roles/roles", {"role_id": "role-1"}, {"role": {"id": "role-1", "name": "Reader"}},
                   second=7)],
            [told("invite.sent", ("invite", "invite-2", "A@Corp.example"), facts={"role": "reader"}),
             told("certificates.activated", ("certificate", "cert_1", "edge")),
             told("certificates.activated", ("certificate", "cert_1", "edge")),
             told("rate_limit.updated", ("rate_limit", "rl-ft:gpt-4o:acme", "ft:gpt-4o:acme"), ["max_requests_per_1_day"]),
             told("user.deleted", ("user", "user-é")),
             told("project.updated", ("project", "certificates", "c"), ["name"], project_id="certificates"),
             told("group.updated", ("group", "users"), ["users"], facts={"user": "user-7"}),
             told("role.assignment.created", ("user", "roles"), facts={"role": "Reader", "role_id": "role-1"})])


@case
def admin_turned_hosts():
    hosts = ["API.OpenAI.com", "eu.api.openai.com:443", "api.openai.com."]
    beside = ["api.openai.com.attacker.example", "apiXopenai.com", "eu-api.openai.com.test", "chatgpt.com.evil.example",
              "notchatgpt.com", "api.openai.com-x.example"]
    entries = [write("POST", f"https://{h}/v1/organization/projects", {"name": "Blue"}, PROJECT, second=i)
               for i, h in enumerate(hosts + beside)]
    entries += [write("POST", f"https://{h}/backend-api/accounts/{WS}/invites", {"email_addresses": ["a@x.example"]},
                      {"account_invites": [{"id": "i", "email_address": "a@x.example"}]}, second=20 + i)
                for i, h in enumerate(beside)]
    return entries, [MADE] * len(hosts)


@case
def admin_turned_preflights_and_reads():
    ask = {"origin": "https://platform.openai.com", "access-control-request-method": "POST",
           "access-control-request-headers": "authorization,content-type"}
    return ([write("OPTIONS", u, None, a, fields=ask, status=s, second=i) for i, (u, s, a) in enumerate((
                (O + "/invites", 200, {"id": "invite-1", "email": "a@x.example"}), (P + "/archive", 204, None),
                (API + "/dashboard/organizations/org-1/projects/proj_1/api_keys", 200, {"result": "success"}),
                (W + "/invites", 200, {"account_invites": [{"id": "i", "email_address": "a@x.example"}]})))] +
            [write("HEAD", O + "/invites/invite-1", None, None, second=8),
             write("GET", P + "/service_accounts/svc_acct_1/api_keys", None, {"data": [{"id": "key_1"}]}, second=9)], [])


@case
def admin_turned_successes():
    """All of 2xx; JSON whatever it is called; packed; a byte order mark before it; nothing where nothing can be."""
    gone = {"object": "organization.user.deleted", "id": "user-1", "deleted": True}
    return ([write("POST", O + "/projects", {"name": "Blue"}, PROJECT, status=201),
             write("POST", O + "/projects", {"name": "Blue"}, PROJECT, status=202, answer_kind="text/plain", second=1),
             write("POST", O + "/projects", {"name": "Blue"}, PROJECT, answer_kind=None, second=2),
             write("POST", O + "/projects", {"name": "Blue"}, "\ufeff" + dumps(PROJECT), second=3),
             write("POST", O + "/projects", {"name": "Blue"}, " \r\n\t" + dumps(PROJECT, indent=2), answer_encoding="gzip",
                   answer_kind="application/json; charset=UTF-8", second=4),
             write("DELETE", O + "/users/user-1", None, gone, second=5, answer_encoding="br")],
            [MADE] * 5 + [told("user.deleted", ("user", "user-1"))])


@case
def admin_turned_failures():
    """Nothing happened, though an answer came."""
    body = {"name": "Blue"}
    return ([write("POST", O + "/projects", body, CHALLENGE, second=0, answer_kind="application/json"),
             write("POST", O + "/projects", body, "\ufeff\n" + CHALLENGE, second=1),
             write("POST", O + "/projects", body, CHALLENGE, answer_encoding="gzip", answer_kind="text/html", second=2),
             write("POST", O + "/projects", body, None, status=307, second=3),
             write("POST", O + "/projects", body, PROJECT, status=409, second=4),
             write("POST", O + "/projects", body, {"error": {"message": "busy"}}, status=500, second=5),
             write("POST", O + "/projects", body, {"error": {"message": "later"}}, status=429, second=6),
             write("DELETE", O + "/invites/invite-1", None, {"object": "organization.invite.deleted", "deleted": False}, second=7),
             write("PATCH", W + "/users/user-7", {"role": "account-owner"}, {"detail": "no"}, fields=CHATTER, status=403,
                   second=8)], [])


@case
def admin_turned_verbs_in_the_body():
    """The verb last, behind what nobody knows; one setting at a time; scopes that are null."""
    at = API + "/v1/dashboard/organizations/org-acme/projects/proj_1/api_keys"
    made = {"key": {"publishable": False, "created": 1, "scopes": None, "name": "ci", "sensitive_id": SECRET, "id": "key_4"},
            "result": "success", "later": {"name": "no", "result": "error"}}
    return ([write("POST", at, {"x": {"action": "delete", "name": "not this"}, "scopes": None, "name": "ci", "action": "create"},
                   made, fields=CONSOLE),
             write("POST", at, {"scopes": ["model.read"], "created_at": 1, "redacted_key": "sk-...ab12", "action": "update"},
                   {"result": "success"}, fields=CONSOLE, second=1),
             write("POST", at, {"name": "new", "redacted_key": "sk-...ab12", "action": "update", "created_at": 1},
                   {"result": "success", "key": {"name": "new"}}, fields=CONSOLE, second=2),
             write("POST", at, {"created_at": 1, "redacted_key": "sk-...ab12", "action": "delete"}, {"result": "success"},
                   fields=CONSOLE, second=3)],
            [told("api_key.created", ("api_key", "key_4", "ci"), facts={"scopes": None, **key_facts()}, project_id="proj_1",
                  actor={"workspace": "org-acme"}),
             told("api_key.updated", ("api_key", "sk-...ab12"), ["scopes"], facts={"scopes": ["model.read"]}),
             told("api_key.updated", ("api_key", "sk-...ab12", "new"), ["name"]),
             told("api_key.deleted", ("api_key", "sk-...ab12"))])


@case
def admin_turned_several_events():
    """Answers in another order than what was asked, elements with more and less than documented."""
    names = ["proj_C", "proj_A", "proj_B"]
    given = {"has_more": False, "data": [{"project_id": p, "x": [1], "id": "cp_" + p[-1]} for p in names], "object": "list"}
    invited = {"errored_emails": [{"error": "seat", "email_address": "c@x.example"}],
               "account_invites": [{"role": "standard-user", "email_address": "b@x.example", "id": "inv-2", "seat_type": "codex"},
                                   {"email_address": "a@x.example", "id": "inv-1"}], "unknown": None}
    account = {"api_key": {"name": "Secret Key", "id": "key_8", "value": SECRET, "object": "x"}, "role": "member",
               "name": "bot", "id": "svc_acct_1", "object": "organization.project.service_account"}
    off = {"data": [{"name": "b", "active": False, "id": "cert_2"}, {"id": "cert_1", "active": False}], "object": "x"}
    at = API + "/v1/fine_tuning/checkpoints/ft%3Agpt-4o%3Aacme%3A%3A9xYz/permissions"
    return ([write("POST", at, {"project_ids": sorted(names)}, given),
             write("POST", W + "/invites", {"seat_type": "default", "role": "standard-user", "flow_id": "f", "email_addresses":
                   ["a@x.example", "b@x.example", "c@x.example"], "submission_id": "s"}, invited, fields=CHATTER, second=1),
             write("POST", P + "/service_accounts", {"create_service_account_only": False, "name": "bot"}, account, second=2),
             write("POST", P + "/certificates/deactivate", {"certificate_ids": ["cert_1", "cert_2"]}, off, second=3)],
            [*(told("checkpoint.permission.created", ("checkpoint.permission", "cp_" + p[-1]), project_id=p,
                    facts={"checkpoint": "ft:gpt-4o:acme::9xYz"}) for p in names),
             told("invite.sent", ("invite", "inv-2", "b@x.example"), chat=True, actor={"workspace": WS},
                  facts={"role": "standard-user", "seat_type": "codex"}),
             told("invite.sent", ("invite", "inv-1", "a@x.example"), chat=True,
                  facts={"role": "standard-user", "seat_type": "default"}),
             told("service_account.created", ("service_account", "svc_acct_1", "bot"), facts={"role": "member"}),
             told("api_key.created", ("api_key", "key_8", "Secret Key"), facts={"parent": "svc_acct_1", **key_facts()}),
             told("certificates.deactivated", project_id="proj_1", targets=[{"type": "certificate", "id": "cert_2", "name": "b"},
                                                                            {"type": "certificate", "id": "cert_1"}])])


@case
def admin_turned_settings():
    limits = ["batch_1_day_max_input_tokens", "max_requests_per_1_day", "max_audio_megabytes_per_1_minute",
              "max_images_per_1_minute", "max_tokens_per_1_minute", "max_requests_per_1_minute"]
    return ([write("POST", P + "/rate_limits/rl-1", {k: i for i, k in enumerate(limits)}, {"model": "gpt-5", "id": "rl-1"}),
             write("POST", O + "/users/user-7", {"technical_level": "high", "role_id": "role-x"},
                   {"email": "bo@corp.example", "id": "user-7", "role": "reader"}, second=1),
             write("POST", P, {"external_key_id": "ek_1"}, {"id": "proj_1", "name": "Green"}, second=2),
             write("PATCH", W + "/users/user-7", {"seat_type": "default", "role": "account-admin"}, {}, fields=CHATTER, second=3),
             write("POST", R + "/users/user-7/roles", {"role_id": "role-1"}, {"role": {"name": "Reader", "id": "role-1"}},
                   second=4),
             write("POST", API + "/v1/dashboard/organizations/org-acme/", {"threads_ui_visibility": "NONE"}, {"ok": 1},
                   fields=CONSOLE, second=5),
             write("POST", P + "/archive", None, {"archived_at": 3, "status": "archived", "name": "Green", "id": "proj_1"},
                   fields={**ADMIN, "content-length": "0"}, second=6)],
            [told("rate_limit.updated", ("rate_limit", "rl-1", "gpt-5"), limits),
             told("user.updated", ("user", "user-7", "bo@corp.example"), ["technical_level", "role_id"],
                  facts={"role_id": "role-x"}),
             told("project.updated", ("project", "proj_1", "Green"), ["external_key_id"]),
             told("user.updated", ("user", "user-7"), ["seat_type", "role"], chat=True,
                  facts={"role": "account-admin", "seat_type": "default"}, verdict="alert"),
             told("role.assignment.created", ("user", "user-7"), project_id="proj_1", facts={"role": "Reader"}),
             told("organization.updated", ("organization", "org-acme"), ["threads_ui_visibility"], verdict="alert"),
             told("project.archived", ("project", "proj_1", "Green"))])


@case
def admin_turned_bodies():
    """Packed, escaped, with a member twice, with kinds nobody documented."""
    invite = {"id": "invite-1", "email": "a@x.example", "role": "owner", "object": "organization.invite"}
    cert = {"object": "organization.certificate.activation"}
    return ([write("POST", O + "/invites", {"email": "a@x.example", "role": "owner"}, invite, encoding="gzip"),
             write("POST", O + "/invites", '{"em\\u0061il": "a@x.example", "r\\u006fle": "reader"}', {"id": "invite-2"}, second=1),
             write("POST", O + "/certificates/activate", {"certificate_ids": ["cert_1", "cert_2"]}, cert, second=2),
             write("PATCH", W + "/invites/inv-9", {"role": "standard-user", "accept_request": "true"}, {}, fields=CHATTER,
                   second=3),
             write("POST", P, {"name": None, "external_key_id": None}, {"id": "proj_1", "name": "Green"}, second=4),
             write("POST", O + "/users/user-7", {"role": "reader", "x": {"role": "owner"}}, {"id": "user-7", "role": "reader"},
                   second=5)],
            [told("invite.sent", ("invite", "invite-1", "a@x.example"), facts={"role": "owner"}, verdict="alert"),
             told("invite.sent", ("invite", "invite-2", "a@x.example"), facts={"role": "reader"}),
             told("certificates.activated", targets=[{"type": "certificate", "id": "cert_1"},
                                                     {"type": "certificate", "id": "cert_2"}]),
             told("invite.accepted", ("invite", "inv-9"), chat=True),
             told("project.updated", ("project", "proj_1", "Green")),
             told("user.updated", ("user", "user-7"), ["role", "x"], facts={"role": "reader"})])


@case
def admin_turned_paths():
    """Dots are walked as a client does before it sends; what is no literal is none."""
    done = {"id": "invite-1", "email": "a@x.example"}
    return ([write("POST", O + "/projects/../invites", {"email": "a@x.example"}, done),
             write("POST", O + "/invites;v=2", {"email": "a@x.example"}, done, second=1),
             write("POST", O + "/%2e%2e/organization/invites", {"email": "a@x.example"}, done, second=2),
             write("DELETE", O + "/invites/invite-1#x", None, {"deleted": True}, second=3)],
            [told("invite.sent", ("invite", "invite-1", "a@x.example")), told("admin.unclassified"),
             told("invite.sent", ("invite", "invite-1", "a@x.example")), told("invite.deleted", ("invite", "invite-1"))])


@case
def admin_turned_empty_answers():
    """204 has no body to document; an error is one whatever its status."""
    return ([write("DELETE", O + "/users/user-7", None, None, status=204, answer_kind=None),
             write("DELETE", P + "/api_keys/key_1", None, None, status=204, answer_kind=None, second=1),
             write("POST", O + "/projects", {"name": "Blue"}, {"error": {"code": "x", "message": "no"}}, second=2),
             write("DELETE", W + "/users/user-8", None, "", status=200, fields=CHATTER, second=3)],
            [told("user.deleted", ("user", "user-7")), told("api_key.deleted", ("api_key", "key_1"), project_id="proj_1"),
             told("user.deleted", ("user", "user-8"), chat=True)])


@case
def admin_turned_actors():
    """A mail address in a token; a key by its fingerprint; the organization and project of the head, and of the path."""
    done = {"id": "invite-1", "email": "a@x.example"}
    who = {"authorization": token("Eve@corp.example"), "openai-organization": "org-1", "openai-project": "proj_head"}
    return ([write("POST", O + "/invites", {"email": "a@x.example"}, done, fields=who),
             write("POST", P + "/users", {"user_id": "user-3"}, {"id": "user-3"}, fields=who, second=1),
             write("POST", O + "/invites", {"email": "a@x.example"}, done, fields={**ADMIN, "referer": "https://admin.openai.com/"},
                   second=2)],
            [told("invite.sent", ("invite", "invite-1", "a@x.example"), facts={"channel": "api"}, project_id="proj_head",
                  actor={"account": "Eve@corp.example", "source": "jwt", "workspace": "org-1"}),
             told("user.added", ("user", "user-3"), project_id="proj_1", actor={"workspace": "org-1"}),
             told("invite.sent", ("invite", "invite-1", "a@x.example"), facts={"channel": "console"},
                  actor={"source": "api-key"})])
