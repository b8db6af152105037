"""Issue 5: administration through a running gateway: every call of the
official SDK, what a policy stops before it leaves, and the secrets that pass:
nowhere kept, and nowhere left in memory."""
import hashlib
import json
import os
import unittest

from exchanges import token
from gateway import CARD, GatewayTest, wait_for
from planted import Searched
from test_clients import node

WS = "8f3c1d52-7a90-4d6e-9a41-2f1be0c6d7a3"
SECONDS = 30

# What each call of admin.js is, in its order.
CALLS = {
    "admin key": "api_key.created", "admin key off": "api_key.deleted", "project key off": "api_key.deleted",
    "certificate": "certificate.created", "certificate renamed": "certificate.updated",
    "certificates on": "certificates.activated", "certificates off": "certificates.deactivated",
    "project certificates on": "certificates.activated", "project certificates off": "certificates.deactivated",
    "certificate off": "certificate.deleted", "invite": "invite.sent", "invite off": "invite.deleted",
    "project": "project.created", "project renamed": "project.updated", "project archived": "project.archived",
    "project retention": "project.updated", "project tools": "project.updated", "project models": "project.updated",
    "project models reset": "project.updated", "project limit": "project.updated",
    "project limit off": "project.updated", "project alert": "project.updated",
    "project alert changed": "project.updated", "project alert off": "project.updated",
    "rate limit": "rate_limit.updated", "service account": "service_account.created+api_key.created",
    "service account changed": "service_account.updated", "service account key": "api_key.created",
    "service account off": "service_account.deleted", "project user": "user.added",
    "project user changed": "user.updated", "project user off": "user.deleted", "user changed": "user.updated",
    "user off": "user.deleted", "role of user": "role.assignment.created",
    "role off user": "role.assignment.deleted", "role of group": "role.assignment.created",
    "role off group": "role.assignment.deleted", "project role of user": "role.assignment.created",
    "project role off user": "role.assignment.deleted", "project role of group": "role.assignment.created",
    "project role off group": "role.assignment.deleted", "role": "role.created", "role changed": "role.updated",
    "role off": "role.deleted", "project role": "role.created", "project role changed": "role.updated",
    "project role off": "role.deleted", "group": "group.created", "group changed": "group.updated",
    "group member": "group.updated", "group member off": "group.updated", "group off": "group.deleted",
    "project group": "group.updated", "project group off": "group.updated", "retention": "organization.updated",
    "limit": "organization.updated", "limit off": "organization.updated", "alert": "organization.updated",
    "alert changed": "organization.updated", "alert off": "organization.updated",
    "checkpoint": "checkpoint.permission.created+checkpoint.permission.created",
    "checkpoint off": "checkpoint.permission.deleted", "refused": "", "tried again": "project.created",
    "owner": "user.added",
}


def secret_of(name):
    """As tests/standin/admin.js makes it."""
    return "sk-planted-" + hashlib.sha256(b"secret of " + name.encode()).hexdigest()


class Admin(GatewayTest):
    policy = ("rules:\n  - {name: no-owners, when: {activity: [user.added, 'invite.*'], role: '*owner*'}, verdict: block, "
              "message: Ask for it.}\n"
              "  - {name: no-old-keys, when: {activity: api_key.created, target: old}, verdict: block}\n")

    def admin_activities(self, count):
        """All of them, once they are completed."""
        def look():
            found = [a for a in self.gateway.activities("--since", "1h") if a["http"]["status"]]
            return found if len(found) >= count else None
        return sorted(wait_for(look, SECONDS, f"{count} activities"), key=lambda a: a["time"])

    def test_every_call_of_the_sdk_is_what_it_does(self):
        came = node("admin.js", f"http://127.0.0.1:{self.gateway.proxy_port}", str(self.gateway.ca))
        self.assertEqual([name for name, _ in came], list(CALLS))
        failed = {name: got for name, got in came if isinstance(got, dict) and "kind" in got}
        self.assertEqual(set(failed), {"refused", "owner"}, failed)
        self.assertEqual({k: failed["owner"][k] for k in ("status", "kind", "code", "type")},
                         {"status": 403, "kind": "PermissionDeniedError", "code": "blocked_by_policy",
                          "type": "policy_violation"})
        self.assertIn("Ask for it.", failed["owner"]["message"])
        wanted = [a for name in CALLS for a in CALLS[name].split("+") if a]
        got = [a for a in self.admin_activities(len(wanted)) if a["actor"]["user"].startswith("sk-admin-")]
        self.assertEqual(sorted(a["activity"] for a in got), sorted(wanted))
        by_name = {(a["activity"], (a.get("target") or {}).get("name")): a for a in got}
        key = by_name["api_key.created", "ci"]
        self.assertEqual(key["details"]["key_last4"], secret_of("ci")[-4:])
        self.assertEqual(key["details"]["key_sha256"], hashlib.sha256(secret_of("ci").encode()).hexdigest())
        owner = by_name["user.added", "eve@corp.example"]
        self.assertEqual((owner["verdict"], owner["outcome"], owner["rule"]), ("block", "failure", "no-owners"))
        self.assertEqual([s for s in self.standin.seen() if s["path"].endswith("/users") and s["method"] == "POST"
                          and "email" in s.get("keys", [])], [])
        again = by_name["project.created", "retry"]
        self.assertEqual((again["http"]["status"], again["outcome"]), (200, "success"))
        spent = [a for a in got if a["activity"] == "organization.updated"]
        self.assertEqual({(a["target"]["type"], a["target"]["id"]) for a in spent}, {("organization", "org-acme")})

    def test_a_workspace_refuses_in_its_own_form(self):
        body = {"email_addresses": ["a@x.example"], "role": "account-owner"}
        said = self.curl(f"https://chatgpt.com/backend-api/accounts/{WS}/invites", "-H", "content-type: application/json",
                         "-d", json.dumps(body), "-w", " %{http_code}")
        answer, status = said.rsplit(" ", 1)
        self.assertEqual((list(json.loads(answer)), status), (["detail"], "403"))

    def test_a_blocked_key_never_reaches_the_service_and_what_fails_is_not_told(self):
        url = "https://api.openai.com/v1/dashboard/organizations/org-blocked/projects/proj_1/api_keys"
        for body, wanted in (({"action": "create", "name": "old"}, 403), ({"action": "create", "name": "fail-409"}, 409),
                             ({"action": "create", "name": "challenge"}, 200), ({"action": "create", "name": "new"}, 200)):
            self.assertEqual(self.status(url, "-H", "content-type: application/json", "-H", "origin: https://platform.openai.com",
                                         "-d", json.dumps(body)), wanted)
        self.assertEqual(len([s for s in self.standin.seen() if "org-blocked" in s["path"]]), 3)
        told = wait_for(lambda: (lambda got: got if len(got) == 2 else None)(
            [a for a in self.gateway.activities("--since", "1h") if a["http"]["status"] and
             a["actor"].get("workspace") == "org-blocked"]), SECONDS, "two activities")
        self.assertEqual(sorted((a["target"]["name"], a["verdict"], a["outcome"], a["details"]["channel"]) for a in told),
                         [("new", "allow", "success", "console"), ("old", "block", "failure", "console")])


class AdminPolicy(GatewayTest):
    """What the policy says of administration, as the official SDK meets it."""
    policy = ("groups: {key-makers: [ana@corp.example]}\n"
              "rules:\n"
              "  - {name: keys-by-their-makers, when: {activity: [api_key.created]}, unless: {group: [key-makers]}, "
              "verdict: block, message: Ask Ana for a key.}\n"
              "  - {name: no-owners, when: {activity: [user.added, user.updated, 'invite.*'], role: '*owner*'}, verdict: block}\n"
              "  - {name: invitations, when: {activity: invite.sent}, verdict: alert, severity: low}\n")
    calls = ["admin key", "invite", "service account", "project user", "user changed", "owner"]

    def test_keys_are_made_by_one_group_and_nobody_makes_owners(self):
        def run(mail):
            key = token(mail).removeprefix("Bearer ")
            return dict(node("admin.js", f"http://127.0.0.1:{self.gateway.proxy_port}", str(self.gateway.ca), key, *self.calls))
        ana, bob = run("ana@corp.example"), run("bob@corp.example")
        refused = {"status": 403, "kind": "PermissionDeniedError", "code": "blocked_by_policy", "type": "policy_violation"}
        for name, got, is_refused in (("admin key", ana, False), ("service account", ana, False), ("invite", bob, False),
                                      ("project user", bob, False), ("admin key", bob, True), ("service account", bob, True),
                                      ("owner", ana, True), ("owner", bob, True), ("user changed", ana, True)):
            with self.subTest(name):
                self.assertEqual({k: got[name].get(k) for k in refused} == refused, is_refused, got[name])
        self.assertIn("Ask Ana for a key.", bob["admin key"]["message"])
        self.assertEqual(ana["admin key"]["value"], secret_of("ci"))
        seen = [s["path"] for s in self.standin.seen()]
        self.assertEqual([sum(p.endswith(e) for p in seen) for e in ("admin_api_keys", "service_accounts", "invites", "user-7")],
                         [1, 1, 2, 0])

        def told():
            found = [(a["actor"]["user"].split("@")[0], a["activity"], a["verdict"], a["outcome"], a.get("rule"))
                     for a in self.gateway.activities("--since", "1h") if a["http"]["status"]]
            return sorted(found, key=str) if len(found) == 13 else None
        stopped = ("block", "failure")
        self.assertEqual(wait_for(told, SECONDS, "thirteen activities"), sorted([
            ("ana", "api_key.created", "alert", "success", "admin-key"),  # of conf/alerts.yaml
            ("ana", "api_key.created", "allow", "success", None),
            ("ana", "service_account.created", "allow", "success", None),
            ("bob", "api_key.created", *stopped, "keys-by-their-makers"),
            ("bob", "service_account.created", *stopped, "keys-by-their-makers"),
            *((who, "invite.sent", "alert", "success", "invitations") for who in ("ana", "bob")),
            *((who, "user.added", "allow", "success", None) for who in ("ana", "bob")),
            *((who, "user.added", *stopped, "no-owners") for who in ("ana", "bob")),
            *((who, "user.updated", *stopped, "no-owners") for who in ("ana", "bob"))], key=str))


class PlantedSecrets(Searched):
    """Keys that pass are in no file and in no memory afterwards, nor what let their makers in, though there is
    something in each request that evidence is kept of elsewhere."""
    policy = "rules:\n  - {name: told, when: {type: credit-card}, verdict: alert}\n"
    names = [f"planted-{i}" for i in range(4)]
    kept = ["kept-1", "kept-2"]

    @staticmethod
    def credentials(name):
        return (("authorization", "Bearer sk-admin-" + secret_of("bearer " + name)[11:]),
                ("cookie", "session=" + secret_of("cookie " + name)))

    def make_keys(self, name, version, query):
        base = "https://api.openai.com"
        for path, body in (("/v1/organization/admin_api_keys", {"name": name}),
                           ("/v1/organization/projects/proj_1/service_accounts", {"name": name}),
                           ("/dashboard/organizations/org-acme/projects/proj_1/api_keys",
                            {"action": "create", "name": name}),
                           ("/v1/dashboard/service_accounts", {"id": name}),
                           # nothing explains it, and the secret is in the request
                           ("/v1/dashboard/organizations/org-acme/sso", {"client_secret": secret_of(name)})):
            headers = [part for field in self.credentials(name) for part in ("-H", ": ".join(field))]
            answer = self.curl(base + path + query, version, "--compressed", "-H", "content-type: application/json",
                               *headers, "-d", json.dumps({**body, "note": f"paid with {CARD}"}))
            if "sso" not in path:
                self.assertIn(secret_of(name), answer)

    @unittest.skipUnless(os.geteuid() == 0, "reads the memory of other processes")
    def test_no_file_and_no_memory_has_a_key_that_passed(self):
        import requests
        ways = [(v, q) for v in ("--http1.1", "--http2") for q in ("?x=1", "?gzip=1")]
        for name, (version, query) in zip(self.names, ways):
            self.make_keys(name, version, query)
        session = requests.Session() # a connection that stays, with all that it remembers
        self.addCleanup(session.close)
        session.trust_env = False
        session.proxies = {"https": f"http://127.0.0.1:{self.gateway.proxy_port}"}
        session.verify = str(self.gateway.ca)
        for name in self.kept:
            done = session.post("https://api.openai.com/v1/organization/admin_api_keys", timeout=20, headers=dict(self.credentials(name)),
                                json={"name": name, "note": f"paid with {CARD}"})
            self.assertEqual(done.json()["value"], secret_of(name))
        wait_for(lambda: len([a for a in self.gateway.activities("--since", "1h") if a["http"]["status"]]) >=
                 6 * len(self.names) + len(self.kept), SECONDS, "activities")
        told = [f["type"] for a in self.gateway.activities("--since", "1h") for f in a.get("findings", [])]
        self.assertIn("credit-card", told)
        secrets = [secret_of(kind + n) for n in self.names + self.kept for kind in ("", "bearer ", "cookie ")]
        halves = [s[11:43].encode() for s in secrets] + [s[43:].encode()[:-4] for s in secrets]
        self.assertTrue(self.places([b"planted-3"]), "what may be kept is found")
        self.check_nowhere(halves)


if __name__ == "__main__":
    unittest.main()
