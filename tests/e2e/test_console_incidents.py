"""Incidents and saved views over real traffic: what makes one, who may change
it, what is recorded, hostile words, a crash and a rebuilt store."""
import json
import os
import signal
import uuid

from console_client import Console, add_user
from gateway import CARD, GatewayTest, wait_for
from test_identity import bearer

PASSWORD = "correct horse battery"
HOSTILE = "<img src=x onerror=alert(1)>\"'`--;${7*7}\u202e"
ROLES = ("analyst", "investigator", "auditor", "administrator")


class Incidents(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in ROLES:
            add_user(cls.gateway, f"{role}@example.com", role, PASSWORD)
        cls.consoles = {role: Console(cls.gateway, f"{role}@example.com", PASSWORD) for role in ROLES}
        cls.analyst = cls.consoles["analyst"]

    def say(self, text, user, conversation=None):
        more = {"conversation_id": conversation} if conversation else {}
        record, _ = self.send_prompt(text, "-H", bearer(user, "Sales"), **more)
        return record

    def incident_of(self, user, activities=1, **filters):
        """Of a user: made once its activities are over and indexed."""
        def made():
            found = [i for i in self.analyst.items("incidents", user=user, **filters) if i["activities"] == activities]
            return found[0] if found else None
        return wait_for(made, 20, f"an incident of {user}")

    def make(self, count=1):
        """An incident of its own: a user that nobody else is."""
        user, conversation = f"{uuid.uuid4().hex[:8]}@example.com", str(uuid.uuid4())
        for _ in range(count):
            self.say(f"my card {CARD} please", user, conversation)
        return self.incident_of(user, count), user, conversation

    def detail(self, incident, **parameters):
        answer = self.analyst.get(f"/api/v1/incidents/{incident['id']}", params=parameters)
        self.assertEqual(200, answer.status_code, answer.text)
        return answer.json()

    # ---- what makes one ----

    def test_what_was_stopped_is_grouped_by_rule_and_conversation(self):
        incident, user, conversation = self.make(3)
        self.assertEqual(("no-payment-cards", conversation, "new", 3), tuple(
            incident[k] for k in ("rule", "conversation_id", "status", "activities")))
        self.assertEqual("high", incident["severity"])
        self.assertNotIn("owner", incident)
        seen = self.detail(incident)
        items = seen["activities"]["items"]
        self.assertEqual(sorted(a["time"] for a in items), [a["time"] for a in items])
        self.assertEqual({conversation}, {a["conversation_id"] for a in items})
        self.assertNotIn(CARD, json.dumps(seen))
        self.assertEqual([], seen["history"])
        first = self.detail(incident, limit=2)["activities"]
        rest = self.detail(incident, limit=2, cursor=first["next"])["activities"]
        self.assertEqual([a["id"] for a in items], [a["id"] for a in first["items"] + rest["items"]])
        self.assertIsNone(rest["next"])

    def test_filters_numbers_and_pages_agree(self):
        for _ in range(3):
            self.make()
        answer = self.analyst.get("/api/v1/incidents", params={"counts": 1, "limit": 1000}).json()
        self.assertEqual(len(answer["items"]), answer["total"])
        for name, key in (("status", "status"), ("rule", "rule"), ("severity", "severity"), ("user", "user")):
            for item in answer["facets"][name]["items"]:
                shown = self.analyst.items("incidents", **{name: item["value"] or "-"})
                self.assertEqual(item["count"], len(shown), (name, item))
                self.assertEqual({item["value"]}, {i.get(key, "") for i in shown})
        seen, cursor = [], None
        while True:
            page = self.analyst.get("/api/v1/incidents", params={"limit": 2, "cursor": cursor}).json()
            seen += [i["id"] for i in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        self.assertEqual([i["id"] for i in answer["items"]], seen)
        self.assertEqual([], self.analyst.items("incidents", until="2020-01-01T00:00:00Z"))
        for bad in ({"limit": 0}, {"cursor": "x"}, {"since": "yesterday"}, {"user": b"\xff"}, {"rule": "a" * 1000}):
            self.assertEqual(400, self.analyst.get("/api/v1/incidents", params=bad).status_code, bad)
        for odd in ("' OR 1=1 --", "[a-z]*", HOSTILE):
            self.assertEqual([], self.analyst.items("incidents", rule=odd))

    # ---- changes ----

    def test_each_change_is_shown_kept_in_the_history_and_recorded(self):
        incident, _, _ = self.make()
        path = f"incidents/{incident['id']}"
        answer = self.analyst.change(path, {"status": "opened", "owner": "investigator@example.com"})
        self.assertEqual({"changed": 1, "shown": True}, answer.json())
        self.assertEqual(200, self.consoles["investigator"].change(path, {"comment": HOSTILE}).status_code)
        self.assertEqual(200, self.analyst.change(path, {"owner": "", "status": "resolved"}).status_code)
        seen = self.detail(incident)
        self.assertEqual(("resolved", 1), (seen["incident"]["status"], seen["incident"]["comments"]))
        self.assertNotIn("owner", seen["incident"])
        self.assertEqual([{"user": "analyst@example.com", "status": "opened", "owner": "investigator@example.com"},
                          {"user": "investigator@example.com", "comment": HOSTILE},
                          {"user": "analyst@example.com", "status": "resolved", "owner": ""}],
                         [{k: v for k, v in c.items() if k != "time"} for c in seen["history"]])
        records = [r for r in self.consoles["auditor"].items("audit", activity="console.incident.changed", limit=1000)
                   if r["details"]["incidents"] == [incident["id"]]]
        self.assertEqual(3, len(records))
        self.assertEqual({"type": "incident", "id": incident["id"]}, records[0]["target"])

    def test_many_change_at_once(self):
        made = [self.make()[0] for _ in range(3)]
        ids = [i["id"] for i in made]
        answer = self.analyst.change("incidents", {"ids": ids, "status": "suppressed", "comment": "noise"})
        self.assertEqual(3, answer.json()["changed"])
        for incident in made:
            self.assertEqual(("suppressed", 1), tuple(self.detail(incident)["incident"][k] for k in ("status", "comments")))
        # All or none: one of them is not there.
        answer = self.analyst.change("incidents", {"ids": [ids[0], str(uuid.uuid4())], "status": "new"})
        self.assertEqual(404, answer.status_code)
        self.assertEqual("suppressed", self.detail(made[0])["incident"]["status"])

    def test_only_who_may_changes_and_only_with_the_token(self):
        incident, _, _ = self.make()
        path = f"incidents/{incident['id']}"
        for role, status in (("auditor", 403), ("analyst", 200), ("investigator", 200), ("administrator", 200)):
            self.assertEqual(status, self.consoles[role].change(path, {"comment": "seen"}).status_code, role)
            self.assertEqual(status, self.consoles[role].change("incidents", {"ids": [incident["id"]], "comment": "x"}).status_code)
            self.assertEqual(200, self.consoles[role].get(f"/api/v1/{path}").status_code, role)
        for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": self.analyst.csrf, "Origin": "https://evil.example"}):
            answer = self.analyst.post(f"/api/v1/{path}", headers=headers, json={"status": "resolved"})
            self.assertEqual((403, "csrf"), (answer.status_code, answer.json()["error"]))
        self.assertEqual(401, Console(self.gateway, "").post(f"/api/v1/{path}", json={"status": "resolved"}).status_code)
        self.assertEqual("new", self.detail(incident)["incident"]["status"])

    def test_a_change_that_makes_no_sense_is_refused(self):
        incident, _, _ = self.make()
        for body in ({}, [], "x", {"status": "gone"}, {"status": 1}, {"owner": "nobody@example.com"}, {"owner": None},
                     {"owner": "auditor@example.com"}, {"comment": ""}, {"comment": "a" * 4001}, {"comment": ["a"]},
                     {"status": "new", "severity": "low"}, {"ids": [incident["id"]], "status": "new"}):
            answer = self.analyst.change(f"incidents/{incident['id']}", body)
            self.assertEqual(400, answer.status_code, body)
        for ids in (None, [], "x", [incident["id"]] * 501):
            self.assertEqual(400, self.analyst.change("incidents", {"ids": ids, "status": "new"}).status_code)
        for ids in ([1], [""], ["x"], [None], [HOSTILE]):
            self.assertEqual(404, self.analyst.change("incidents", {"ids": ids, "status": "new"}).status_code, ids)
        for name in ("x", str(uuid.uuid4()), "%00"):
            self.assertEqual(404, self.analyst.get(f"/api/v1/incidents/{name}").status_code)
        for body in (b"{", b"\xff", b'{"status":"new","status":"opened"}'):
            answer = self.analyst.post(f"/api/v1/incidents/{incident['id']}", data=body, headers={"X-CSRF-Token": self.analyst.csrf})
            self.assertEqual(400, answer.status_code, body)
        self.assertEqual([], self.detail(incident)["history"])

    def test_something_new_opens_it_again_unless_it_is_suppressed(self):
        for status, after in (("resolved", "opened"), ("false-positive", "opened"), ("suppressed", "suppressed")):
            incident, user, conversation = self.make()
            self.analyst.change(f"incidents/{incident['id']}", {"status": status})
            self.say(f"again {CARD}", user, conversation)
            self.assertEqual(after, self.incident_of(user, 2)["status"])
            seen = self.detail(incident)
            again = seen["activities"]["items"][-1]["id"]
            self.assertEqual(again if after == "opened" else None, seen["history"][-1].get("activity"))

    # ---- crashes ----

    def test_a_change_outlives_crashes_and_a_rebuilt_store(self):
        incident, _, _ = self.make()
        self.analyst.change(f"incidents/{incident['id']}", {"status": "resolved", "comment": "kept"})
        before = self.detail(incident)
        store = self.gateway.data / "store"
        storer = next(iter(self.gateway.roles("storer")))
        os.kill(storer, signal.SIGKILL)
        wait_for(lambda: self.gateway.roles("storer") and storer not in self.gateway.roles("storer"), 20, "another storer")
        self.assertEqual(before, self.detail(incident))
        # The whole gateway dies, and the database is lost.
        roles = self.gateway.roles()
        self.gateway.signal(signal.SIGKILL)
        self.gateway.process.wait()
        for pid in roles:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # gone with its parent
        for name in ("store.db", "store.db-wal", "store.db-shm"):
            (store / name).unlink(missing_ok=True)
        self.gateway.start()
        type(self).consoles = {role: Console(self.gateway, f"{role}@example.com", PASSWORD) for role in ROLES}
        type(self).analyst = self.consoles["analyst"]
        path = f"/api/v1/incidents/{incident['id']}"

        def rebuilt():
            answer = self.analyst.get(path)  # 503, 404 while it is being built
            return answer.json() if answer.status_code == 200 and answer.json()["history"] else None
        self.assertEqual(before, wait_for(rebuilt, 20, "its history again"))

    # ---- views ----

    def test_views_are_saved_shared_and_deleted(self):
        analyst, auditor = self.analyst, self.consoles["auditor"]
        names = lambda console: {(v["user"], v["name"]) for v in console.items("views")}
        view = {"page": "/activities", "name": HOSTILE[:40], "query": "since=7d&verdict=block&q=%22a%26b%22", "shared": False}
        saved = analyst.change("views", view).json()
        self.assertEqual(("analyst@example.com", view["name"], view["query"], False),
                         tuple(saved[k] for k in ("user", "name", "query", "shared")))
        self.assertIn(("analyst@example.com", view["name"]), names(analyst))
        self.assertNotIn(("analyst@example.com", view["name"]), names(auditor))
        again = analyst.change("views", {**view, "query": "since=1h", "shared": True}).json()
        self.assertEqual((saved["id"], "since=1h", True), tuple(again[k] for k in ("id", "query", "shared")))
        self.assertIn(("analyst@example.com", view["name"]), names(auditor))
        # Another's view is another's.
        path = f"views/{saved['id']}"
        self.assertEqual(403, auditor.change(path, None, "DELETE").status_code)
        self.assertEqual(403, analyst.http.delete(f"{analyst.base}/api/v1/{path}", timeout=30).status_code)
        self.assertEqual(204, analyst.change(path, None, "DELETE").status_code)
        self.assertNotIn(("analyst@example.com", view["name"]), names(analyst))
        self.assertEqual(404, analyst.change(path, None, "DELETE").status_code)
        # What is private is not even there for others; what is shared an administrator may take back.
        private = analyst.change("views", {**view, "name": "private"}).json()["id"]
        self.assertEqual(404, self.consoles["administrator"].change(f"views/{private}", None, "DELETE").status_code)
        shared = analyst.change("views", {**view, "name": "shared", "shared": True}).json()["id"]
        self.assertEqual(204, self.consoles["administrator"].change(f"views/{shared}", None, "DELETE").status_code)
        done = [r["activity"] for r in auditor.items("audit", activity="console.view.*", user="analyst@example.com")]
        self.assertEqual((4, 1), (done.count("console.view.saved"), done.count("console.view.deleted")))

    def test_an_auditor_saves_for_himself_only(self):
        view = {"page": "/activities", "name": "mine", "query": ""}
        self.assertEqual(200, self.consoles["auditor"].change("views", view).status_code)
        self.assertEqual(400, self.consoles["auditor"].change("views", {**view, "shared": True}).status_code)

    def test_a_view_that_is_none_is_refused(self):
        view = {"page": "/activities", "name": "x", "query": "a=b"}
        for bad in ({"page": "//evil.example"}, {"page": "https://evil.example"}, {"page": ""}, {"page": "/a?b"}, {"name": ""},
                    {"name": " "}, {"name": "a" * 101}, {"query": "a b"}, {"query": "#x"}, {"query": "a" * 2001},
                    {"query": "ä"}, {"shared": "yes"}, {"more": 1}):
            self.assertEqual(400, self.analyst.change("views", {**view, **bad}).status_code, bad)


if __name__ == "__main__":
    import unittest
    unittest.main()
