"""F52: what somebody does to the console is not felt by who uses the proxy."""
import collections
import contextlib
import http.client
import queue
import sqlite3
import ssl
import threading
import time
import unittest

from abuse import WAIT_MS, Attacked, measure
from console_client import Console, administrator
from faults import FEW, POLICY
from test_bodies import rss

ROWS = 100_000  # a million for once: some minutes, nearly all of them to write the rows
LOGINS, LOGINS_OF_AN_ADDRESS, AT_ONCE = 1000, 25, 16


class Admin(Attacked):
    policy = POLICY
    settings = FEW + "retention: {days: 3650}"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name, cls.password = administrator(cls.gateway)

    def unfelt(self, act):
        """A client of the proxy waits not much longer than while nothing is done."""
        quiet = measure(self, None, 1)[0]
        once = [act]
        waited = measure(self, lambda _: once.pop()() if once else time.sleep(0.1), 1)[0]
        if waited >= WAIT_MS + quiet:  # by this, or is the machine slower now?
            quiet = max(quiet, measure(self, None, 2)[0])
        self.assertLess(waited, WAIT_MS + quiet)

    def log_in(self, address, name):
        """The status of one login from that address."""
        context = ssl.create_default_context(cafile=str(self.gateway.ca))
        with contextlib.closing(http.client.HTTPSConnection(
                "127.0.0.1", self.gateway.console_port, timeout=60, source_address=(address, 0), context=context)) as peer:
            peer.request("POST", "/login", f"username={name}&password=wrong", {
                "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"})
            return peer.getresponse().status

    def test_f52_a_thousand_logins_are_answered_and_the_proxy_does_not_feel_them(self):
        left, statuses = queue.SimpleQueue(), queue.SimpleQueue()
        for i in range(LOGINS):
            left.put((f"127.0.52.{i // LOGINS_OF_AN_ADDRESS + 1}", f"name{i}"))

        def log_in():
            with contextlib.suppress(queue.Empty):
                while True:
                    statuses.put(self.log_in(*left.get_nowait()))
        threads = [threading.Thread(target=log_in) for _ in range(AT_ONCE)]

        def all_of_them():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.unfelt(all_of_them)
        answers = collections.Counter(statuses.get() for _ in range(statuses.qsize()))
        self.assertEqual(answers.total(), LOGINS)
        self.assertLessEqual(answers.keys(), {401, 429, 503})
        self.assertEqual(Console(self.gateway, self.name, self.password).get("/api/v1/session").status_code, 200)

    def fill(self):
        """The store as it is after many days: the last activity, again and again."""
        with contextlib.closing(sqlite3.connect(self.gateway.data / "store/store.db", timeout=60)) as db, db:
            names = ", ".join(row[1] for row in db.execute("PRAGMA table_info(activity)")
                              if row[1] not in ("seq", "id", "time_ms"))
            seq = db.execute("SELECT max(seq) FROM activity").fetchone()[0]
            db.execute(f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
                INSERT INTO activity(id, time_ms, {names}) SELECT id || '-' || i, time_ms - i, {names}
                FROM n, (SELECT * FROM activity WHERE seq = {seq})""")
            columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(facet)") if row[1] not in ("seq", "time_ms"))
            db.execute(f"""INSERT OR IGNORE INTO facet(time_ms, seq, {columns}) SELECT a.time_ms, a.seq, {columns}
                FROM (SELECT time_ms, seq FROM activity WHERE seq > {seq}) a, (SELECT * FROM facet WHERE seq = {seq})""")

    def test_f52_an_export_of_many_rows_is_whole_bounded_and_not_felt(self):
        message, _ = self.send_prompt("hello")
        self.activity(message)
        self.gateway.stop()
        self.fill()
        self.gateway.start()
        console = Console(self.gateway, self.name, self.password)
        role = min(self.gateway.roles("console"))
        before, pieces = rss(role), []

        def export():
            answer = console.get("/api/v1/activities.jsonl", stream=True)
            self.assertEqual(answer.status_code, 200)
            pieces.extend((piece.count(b"\n"), len(piece)) for piece in answer.iter_content(1 << 16))
        self.unfelt(export)
        rows, size = map(sum, zip(*pieces))
        self.assertGreaterEqual(rows, ROWS)
        self.assertLess(rss(role) - before, 64 << 20)
        self.assertEqual(min(self.gateway.roles("console")), role)


if __name__ == "__main__":
    unittest.main()
