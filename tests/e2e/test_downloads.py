"""Files that come down: a link and its bytes on connections and workers of
their own are one activity, whole, broken off, in parts, or never fetched."""
import base64
import hashlib
import json
import os
import signal
import subprocess
import unittest

import documents
from gateway import CARD, GatewayTest, wait_for
from test_bodies import MIB, Watch

LINE = b"a line of a report, one of many, 63 bytes to its end; promptgate\n"
NAME = "response_with_file.downloaded"
BIG = 100 * MIB


def contents(size, card=False):
    data = (LINE * (size // len(LINE) + 1))[:size]
    return data[:-25] + f"card {CARD}\n".encode() if card else data


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Downloads(GatewayTest):
    settings = "capture: full"
    hosts = (*GatewayTest.hosts, "prod7.blob.core.windows.net:443", "else.blob.core.windows.net:443")

    def ask(self, file, conversation, *args, **more):
        """The link, as the interpreter's download asks for it."""
        more = "".join(f"&{k}={v}" for k, v in more.items())
        url = (f"https://chatgpt.com/backend-api/conversation/{conversation}/interpreter/download?message_id=m-{conversation}"
               f"&sandbox_path=%2Fmnt%2Fdata%2F{conversation}%20report.txt&file={file}{more}")
        return json.loads(self.curl(url, *args))["download_url"]

    def of(self, conversation):
        return [a for a in self.gateway.activities() if a.get("conversation_id") == conversation]

    def one(self, conversation, done=True):
        """The only activity of the conversation, once it is (not) complete."""
        found = wait_for(lambda: [a for a in [self.of(conversation)] if a and a[0].get("complete") is done
                                  and a[0].get("outcome")], 10, f"{conversation}: {self.of(conversation)}")[0]
        self.assertEqual([(a["activity"], a["category"]) for a in found], [(NAME, "Data Download")])
        return found[0]

    def test_link_and_bytes_are_one_activity(self):
        for version in ("--http1.1", "--http2"):
            for at in ("estuary", "storage"):
                conversation = f"c-{at}{version}"
                body = self.curl(self.ask("file_1000", conversation, version, at=at), version, text=False)
                self.assertEqual(body, contents(1000))
                a = self.one(conversation)
                self.assertEqual(a["files"][0].pop("text")["content"], body.decode())
                self.assertEqual((a["files"][0], a["message_id"], a["verdict"]), ({
                    "name": f"{conversation} report.txt", "bytes": 1000, "type": "text/plain", "sha256": digest(body),
                    "declared_type": "application/octet-stream", "id": "file_1000"}, f"m-{conversation}", "allow"))

    def test_a_hundred_mebibytes_at_flat_memory(self):
        url = self.ask(f"file_{BIG}", "c-big")
        with Watch(self.gateway) as watch:
            got = subprocess.run(["curl", "-sS", "--max-time", "120", "--cacert", self.gateway.ca, "-x",
                                  f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", self.folder / "big", url])
        self.assertEqual(got.returncode, 0)
        data = (self.folder / "big").read_bytes()
        self.assertEqual(len(data), BIG)
        self.assertLess(watch.growth, 48 * MIB)
        file = self.one("c-big")["files"][0]
        self.assertEqual((file["bytes"], file["sha256"]), (BIG, digest(data)))

    def test_what_is_found_in_it(self):
        self.curl(self.ask("file_700000card", "c-card"))
        a = self.one("c-card")
        self.assertEqual([(f["where"], f["type"], f["start"]) for f in a["findings"]],
                         [("file", "credit-card", 700000 - 20)])
        self.assertEqual((a["verdict"], a["files"][0]["sha256"]), ("alert", digest(contents(700000, True))))

    def test_broken_off_by_the_service(self):
        for version in ("--http1.1", "--http2"):
            conversation = f"c-cut{version}"
            url = self.ask("file_300000", conversation, version, more="%26abort%3D100000")
            self.curl(url, version, check=False, text=False)
            a = wait_for(lambda: [a for a in self.of(conversation) if a["files"][0].get("bytes") == 100000], 10,
                         f"{self.of(conversation)}")[0]
            self.assertEqual((a["complete"], a["files"][0].get("sha256")), (False, None))

    def test_broken_off_by_the_client(self):
        url = self.ask(f"file_{50 * MIB}", "c-left", more="%26slow%3D20")
        path = self.folder / "left"
        client = subprocess.Popen(["curl", "-sS", "--cacert", self.gateway.ca, "-x",
                                   f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", path, url], stderr=subprocess.DEVNULL)
        wait_for(lambda: path.exists() and path.stat().st_size > 0, what="some bytes")
        client.kill()
        client.wait()
        a = wait_for(lambda: [a for a in self.of("c-left") if 0 < a["files"][0].get("bytes", 0) < 50 * MIB], 10,
                     f"{self.of('c-left')}")[0]
        self.assertEqual((a["complete"], a["files"][0].get("sha256")), (False, None))

    def test_ranges_on_connections_of_their_own(self):
        url = self.ask("file_1000000card", "c-parts")
        for first, last in ((0, 399999), (700000, 999999), (300000, 799999)):
            self.curl(url, "-r", f"{first}-{last}", text=False)
        a = self.one("c-parts")
        self.assertEqual((a["files"][0]["bytes"], a["files"][0].get("sha256")), (1000000, digest(contents(1000000, True))))
        self.assertEqual([f["start"] for f in a["findings"]], [1000000 - 20])

    def fetch_parts(self, url, spans, size):
        """All of them at once, each by a process of its own; and their bytes."""
        parts = [self.folder / f"part{i}" for i in range(len(spans))]
        clients = [subprocess.Popen(["curl", "-sS", "--max-time", "60", "--cacert", self.gateway.ca, "-x",
                                     f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", path, "-r", f"{a}-{b - 1}", url])
                   for path, (a, b) in zip(parts, spans)]
        self.assertEqual([c.wait() for c in clients], [0] * len(clients))
        self.assertEqual(b"".join(p.read_bytes() for p in parts), contents(size, True))

    def test_ranges_at_once_are_put_together(self):
        for round in range(4):
            url = self.ask(f"file_{6 * MIB}card", f"c-once{round}")
            spans = [(i * MIB, (i + 1) * MIB) for i in range(6)]
            self.fetch_parts(url, spans, 6 * MIB)
            file = self.one(f"c-once{round}")["files"][0]
            self.assertEqual((file["bytes"], file.get("sha256"), file.get("type")),
                             (6 * MIB, digest(contents(6 * MIB, True)), "text/plain"))

    def test_ranges_in_their_order_have_a_hash(self):
        for version in ("--http1.1", "--http2"):
            url = self.ask("file_1000000card", f"c-order{version}")
            for first, last in ((0, 1), (2, 399999), (400000, 799999), (800000, 999999)):
                self.curl(url, "-r", f"{first}-{last}", version, text=False)
            a = self.one(f"c-order{version}")
            self.assertEqual((a["files"][0]["bytes"], a["files"][0].get("sha256"), a["files"][0].get("type")),
                             (1000000, digest(contents(1000000, True)), "text/plain"))
            self.assertEqual([f["start"] for f in a["findings"]], [1000000 - 20])

    def test_what_broke_off_is_gone_on_with(self):
        url = self.ask("file_300000", "c-resumed", more="%26abort%3D100000")
        self.curl(url, check=False, text=False)
        wait_for(lambda: [a for a in self.of("c-resumed") if a["files"][0].get("bytes") == 100000], 10, "the first part")
        self.curl(url.replace("&abort=100000", ""), "-r", "100000-", text=False)
        self.assertEqual(self.one("c-resumed")["files"][0]["sha256"], digest(contents(300000)))

    def test_a_link_handed_out_twice_is_one_download(self):
        for i in range(8):  # whoever is gone before the keeper has answered
            url = self.ask(f"file_{7000 + i}", f"c-twice{i}", more="%26abort%3D100")
            self.curl(url, check=False, text=False)
            wait_for(lambda: [a for a in self.of(f"c-twice{i}") if a["files"][0].get("bytes") == 100], 10, "the beginning")
            self.curl(self.ask(f"file_{7000 + i}", f"c-twice{i}"))
            self.assertEqual(self.one(f"c-twice{i}")["files"][0]["bytes"], 7000 + i)

    def test_several_ranges_in_one_answer(self):
        url = self.ask("file_5000", "c-several")
        self.curl(url, "-r", "0-999,2000-4999", text=False)
        self.curl(url, "-r", "900-1999,4000-4100", text=False)
        a = self.one("c-several")
        self.assertEqual((a["files"][0]["bytes"], a["files"][0].get("sha256")), (5000, digest(contents(5000))))
        self.curl(self.ask("file_4000", "c-pair"), "-r", "0-999,1000-3999", text=False)
        self.assertEqual(self.one("c-pair")["files"][0]["sha256"], digest(contents(4000)))

    def test_fetched_again_is_told_once(self):
        url = self.ask("file_2000", "c-again")
        for _ in range(3):
            self.curl(url)
        first = self.one("c-again")
        self.curl(self.ask("file_2000", "c-again"))
        self.assertEqual(len(wait_for(lambda: [a for a in [self.of("c-again")] if len(a) == 2 and
                                               all(b["complete"] for b in a)], 10, "two")[0]), 2)
        self.assertIn(first["id"], [a["id"] for a in self.of("c-again")])

    def test_a_host_that_only_the_link_names(self):
        alone = "https://else.blob.core.windows.net/made-up/file_500?sig=1"
        self.curl(alone, "-k", check=False)
        url = self.ask("file_500", "c-blob", at="blob")
        self.assertEqual(self.curl(url, text=False), contents(500))
        self.assertEqual(self.one("c-blob")["http"]["host"], "prod7.blob.core.windows.net")
        self.assertEqual([a for a in self.gateway.activities() if a["http"]["host"].startswith("else.")], [])

    def test_a_fetch_that_is_sent_on_is_one_download(self):
        """Link, redirect and bytes are asked for by a process each, some at once, so on connections of two workers."""
        for i, to in enumerate(("storage", "blob") * 8):
            version = ("--http1.1", "--http2")[i // 2 % 2]
            url = self.ask(f"file_{3000 + i}", f"c-moved{i}", version, more=f"%26moved%3D{to}")
            at = self.curl(url, version, "-o", os.devnull, "-w", "%{redirect_url}")
            self.assertIn("file_", at)
            self.assertEqual(self.curl(at, version, text=False), contents(3000 + i))
        for i in range(16):
            a = self.one(f"c-moved{i}")
            self.assertEqual((a["files"][0]["name"], a["files"][0]["sha256"], a["files"][0]["type"], a["http"]["status"]),
                             (f"c-moved{i} report.txt", digest(contents(3000 + i)), "text/plain", 200))

    def test_without_a_link_before_it_too(self):
        for version in ("--http1.1", "--http2"):
            id = f"file_4{version[-1]}00"
            url = f"https://chatgpt.com/backend-api/estuary/content?id={id}&sig=1&moved=blob"
            self.assertEqual(len(self.curl(url, "-L", version, text=False)), int(id[5:]))

            def of_it(id=id):
                return [a for a in self.gateway.activities() if a["activity"] == NAME and a["files"][0].get("id") == id]
            found = wait_for(lambda: [a for a in [of_it()] if a and a[0].get("complete")], 10, f"{of_it()}")[0]
            self.assertEqual([(a["files"][0]["sha256"], a["http"]["host"]) for a in found],
                             [(digest(contents(int(id[5:]))), "prod7.blob.core.windows.net")])

    def test_ranges_that_are_sent_on(self):
        url = self.ask("file_90000card", "c-moved-parts", more="%26moved%3Dstorage")
        for first, last in ((50000, 89999), (0, 49999)):
            self.curl(url, "-L", "-r", f"{first}-{last}", text=False)
        file = self.one("c-moved-parts")["files"][0]
        self.assertEqual((file["bytes"], file["sha256"]), (90000, digest(contents(90000, True))))

    def test_errors_are_no_download(self):
        self.assertEqual(self.status("https://chatgpt.com/backend-api/estuary/content?id=gone&sig=x"), 422)
        self.curl(self.ask("file_10", "c-after"))
        self.one("c-after")
        self.assertEqual([a for a in self.gateway.activities() if a["http"].get("status") == 422], [])


class Documents(GatewayTest):
    settings = "capture: full\nworkers: 2"
    ask, of, one = Downloads.ask, Downloads.of, Downloads.one

    def document(self, data, conversation):
        sent = base64.urlsafe_b64encode(data).decode().rstrip("=")
        return self.ask(f"file_{len(data)}", conversation, more=f"%26data%3D{sent}")

    def test_what_a_document_holds_is_found_after_the_client_has_left(self):
        for i in range(6):
            data = documents.docx(f"<w:p><w:r><w:t>card {CARD} and {i}</w:t></w:r></w:p>")
            version = ("--http1.1", "--http2")[i % 2]
            self.assertEqual(self.curl(self.document(data, f"c-doc{i}"), version, text=False), data)
            a = self.one(f"c-doc{i}")
            self.assertEqual([(f["where"], f["type"]) for f in a["findings"] if f["type"] == "credit-card"],
                             [("file", "credit-card")])
            self.assertEqual((a["verdict"], a["files"][0]["sha256"], a["files"][0]["type"].split(".")[-1]),
                             ("alert", digest(data), "document"))
            self.assertIn(f"card {CARD} and {i}", a["files"][0]["text"]["content"])

    def test_a_document_in_ranges_is_opened_as_a_whole(self):
        data = documents.docx(f"<w:p><w:r><w:t>card {CARD} in parts</w:t></w:r></w:p>", **{"word/a.bin": os.urandom(6000)})
        url = self.document(data, "c-ranged")
        for first, last in ((3000, len(data) - 1), (0, 999), (900, 3001)):
            self.curl(url, "-r", f"{first}-{last}", text=False)
        a = self.one("c-ranged")
        self.assertEqual(([f["type"] for f in a["findings"] if f["type"] == "credit-card"], a["files"][0].get("sha256")),
                         (["credit-card"], digest(data)))
        self.assertIn(f"card {CARD} in parts", a["files"][0]["text"]["content"])

    def test_nobody_waits_for_a_document_to_be_read(self):
        for version in ("--http1.1", "--http2"):
            data, other = documents.docx(f"<w:p><w:r><w:t>card {CARD}</w:t></w:r></w:p>"), contents(500)
            slow, quick = self.document(data, f"c-slow{version}"), self.ask("file_500", f"c-quick{version}")
            extractor, = self.gateway.roles("extractor")
            os.kill(extractor, signal.SIGSTOP)
            try:  # one connection for both
                self.assertEqual(self.curl(quick, slow, version, text=False), data + other)
                self.one(f"c-quick{version}")
                self.assertEqual([a["complete"] for a in self.of(f"c-slow{version}")], [False])
            finally:
                os.kill(extractor, signal.SIGCONT)
            self.assertEqual(self.one(f"c-slow{version}")["verdict"], "alert")

    def test_a_document_that_broke_off(self):
        data = documents.zipped({"a.txt": "card " + CARD, "b.bin": os.urandom(3000)}, documents.zipfile.ZIP_STORED)
        sent = base64.urlsafe_b64encode(data).decode().rstrip("=")
        url = self.ask(f"file_{len(data)}", "c-broken", more=f"%26data%3D{sent}%26abort%3D2000")
        self.curl(url, check=False, text=False)
        a = wait_for(lambda: [a for a in self.of("c-broken") if a.get("findings")], 10, f"{self.of('c-broken')}")[0]
        self.assertEqual((a["complete"], a["files"][0].get("sha256"), a.get("failure")), (False, None, None))


class Policy(GatewayTest):
    settings = "capture: full"
    policy = """
mode: enforce
default: allow
rules:
  - {name: no-taking-away, when: {activity: response_with_file.downloaded, direction: up, file_type: text/x-secret}, verdict: block}
  - {name: no-cards, when: {activity: response_with_file.downloaded, type: [credit-card]}, verdict: block}
  - {name: no-zips, when: {file_type: application/zip}, verdict: block}
"""
    ask, of, one, document = Downloads.ask, Downloads.of, Downloads.one, Documents.document

    def test_what_is_known_before_stops_it(self):
        url = self.ask("file_30", "c-never", mime="text/x-secret")
        self.assertEqual(self.status(url), 403)
        blocked = wait_for(lambda: [a for a in self.gateway.activities() if a["verdict"] == "block"], 10, "a block")
        self.assertEqual([(a["activity"], a["rule"]) for a in blocked], [(NAME, "no-taking-away")])
        self.assertEqual([e for e in self.standin.seen() if "estuary" in e["path"]], [])

    def test_what_its_bytes_say_is_told(self):
        for conversation, text, rule in (("c-said", f"card {CARD}", "no-cards"), ("c-zip", "nothing", "no-zips")):
            data = documents.zipped({"a.txt": text})
            self.assertEqual(self.curl(self.document(data, conversation), text=False), data)
            a = self.one(conversation)
            self.assertEqual((a["verdict"], a["rule"]), ("alert", rule))


class Crashes(GatewayTest):
    settings = "capture: full"
    ask, of, one = Downloads.ask, Downloads.of, Downloads.one

    def kill_workers(self):
        before = set(self.gateway.roles("worker"))
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(set(self.gateway.roles("worker")) - before) == 2 and self.gateway.is_ready(), 20, "new workers")

    def test_a_link_never_followed_outlives_its_worker(self):
        self.ask("file_10", "c-link")
        before = self.one("c-link", False)
        self.assertEqual((before["files"][0]["name"], before["outcome"]), ("c-link report.txt", "success"))
        self.kill_workers()
        url = self.ask("file_11", "c-late")
        self.assertEqual({**self.one("c-link", False), "id": 0}, {**before, "id": 0})
        self.curl(url)  # and the bytes of another come through a worker that never saw its link
        self.one("c-late")

    def test_bytes_that_a_crash_cut(self):
        url = self.ask(f"file_{50 * MIB}", "c-crash", more="%26slow%3D20")
        client = subprocess.Popen(["curl", "-sS", "--cacert", self.gateway.ca, "-x",
                                   f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", self.folder / "cut", url],
                                  stderr=subprocess.DEVNULL)
        wait_for(lambda: (self.folder / "cut").exists() and (self.folder / "cut").stat().st_size > MIB, 20, "some bytes")
        self.kill_workers()
        client.wait()
        a = wait_for(lambda: [a for a in self.of("c-crash") if a.get("outcome") == "failure"], 10, f"{self.of('c-crash')}")[0]
        self.assertEqual((a["activity"], a["complete"], a["files"][0]["name"]), (NAME, False, "c-crash report.txt"))


if __name__ == "__main__":
    unittest.main()
