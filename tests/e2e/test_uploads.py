"""Files going up, live: their steps come on connections of their own, to
several workers, and are one activity in the store, in any order, and if a
worker dies in between."""
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import threading
import time
import unittest
import uuid

import documents
from abuse import GROWTH_MIB, Attacked, measure
from exchanges import CARD
from gateway import GatewayTest, wait_for
from raw import read_response
from wire import open_tls

FILES = "https://chatgpt.com/backend-api/files"
BESIDE_MS = 1000  # on a machine that is busy otherwise, too
TEXT = b"quarter,amount\nQ1,12\n"


class UploadsTest(GatewayTest):

    def post(self, url, body, *args):
        return self.curl(url, "-H", "content-type: application/json", "-d", json.dumps(body), *args)

    def put(self, url, data, *args):
        path = self.folder / uuid.uuid4().hex
        path.write_bytes(data)
        return self.status(url, "-X", "PUT", "--data-binary", f"@{path}", "-H", "content-type: text/plain",
                           "-H", "x-ms-blob-type: BlockBlob", *args)

    def announce(self, name, size=len(TEXT)):
        said = json.loads(self.post(FILES, {"file_name": name, "file_size": size, "mime_type": "text/plain",
                                            "use_case": "my_files"}))
        return said["file_id"], said["upload_url"]

    def stored(self, name, state=lambda a: a.get("outcome") and "sha256" in a["files"][0]):
        """The one activity of that file."""
        def look():
            return [a for a in self.gateway.activities() if a["activity"] == "file.uploaded"
                    and any(f.get("name") == name for f in a.get("files", []))]
        wait_for(lambda: any(map(state, look())), 10, f"the upload of {name}")
        found = look()
        self.assertEqual(len(found), 1, found)
        return found[0]

    def uses(self, id):
        message, answer = self.send_prompt("sum it up", messages=[{
            "id": str(uuid.uuid4()), "author": {"role": "user"}, "metadata": {"attachments": [{"id": id, "name": "x"}]},
            "content": {"content_type": "text", "parts": ["sum it up"]}}])
        return message, answer


class Uploads(UploadsTest):
    settings = "capture: full\nworkers: 2"

    def test_name_and_bytes_meet_whatever_worker_has_them(self):
        for i in range(12):
            name = f"classic-{i}.txt"
            id, url = self.announce(name)
            self.assertEqual(self.put(url, TEXT, ("--http1.1", "--http2")[i % 2]), 201)
            self.post(f"{FILES}/{id}/uploaded", {})
            a = self.stored(name)
            self.assertEqual((a["files"][0]["id"], a["files"][0]["sha256"], a["outcome"], a["files"][0]["text"]["content"]),
                             (id, hashlib.sha256(TEXT).hexdigest(), "success", TEXT.decode()))

    def test_a_name_after_the_bytes(self):
        for i in range(6):
            name = f"late-{i}.txt"
            said = json.loads(self.post(f"{FILES}/upload_reservations", {"intended_use_case": "my_files"}))
            self.assertEqual(self.put(said["upload_url"], TEXT), 201)
            self.post(f"{FILES}/upload_reservations/{said['reservation_id']}/claim_and_finish", {"file_name": name})
            a = self.stored(name)
            self.assertEqual((a["files"][0]["id"], a["files"][0]["bytes"], a["outcome"]),
                             (said["reservation_id"], len(TEXT), "success"))

    def test_a_late_name_can_still_be_refused(self):
        said = json.loads(self.post(f"{FILES}/upload_reservations", {}))
        self.assertEqual(self.put(said["upload_url"], TEXT), 201)
        claim = f"{FILES}/upload_reservations/{said['reservation_id']}/claim_and_finish"
        status = self.status(claim, "-H", "content-type: application/json", "-d", json.dumps({"file_name": CARD + ".txt"}))
        self.assertEqual(status, 403)
        self.assertEqual([e for e in self.standin.seen() if e["path"].endswith(said["reservation_id"] + "/claim_and_finish")], [])
        self.assertEqual(self.stored(CARD + ".txt")["verdict"], "block")

    def test_blocks_in_parallel_are_one_file(self):
        id, url = self.announce("blocks.txt")
        names = [base64.b64encode(b"%03d" % i).decode() for i in range(8)]
        pieces = [b"line %d of the file\n" % i * 50 for i in range(8)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = pool.map(lambda i: self.put(f"{url}&comp=block&blockid={names[i]}", pieces[i]), (5, 0, 7, 1, 3, 2, 6, 4))
            self.assertEqual(set(done), {201})
        blocklist = "<BlockList>" + "".join(f"<Latest>{n}</Latest>" for n in names) + "</BlockList>"
        self.assertEqual(self.put(url + "&comp=blocklist", blocklist.encode()), 201)
        a = self.stored("blocks.txt")
        self.assertEqual((a["files"][0]["sha256"], a["outcome"]), (hashlib.sha256(b"".join(pieces)).hexdigest(), "success"))

    def put_ranges(self, url, data, borders):
        """All are begun before one of them ends, and end at the same moment."""
        host, _, path = url.removeprefix("https://").partition("/")
        ranges = list(zip([0, *borders], [*borders, len(data)]))
        ready = threading.Barrier(len(ranges))

        def send(start, end):
            with open_tls(self, host) as sock:
                sock.sendall((f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\nContent-Length: {end - start}\r\n"
                              f"Content-Range: bytes {start}-{end - 1}/{len(data)}\r\n\r\n").encode() + data[start:end - 1])
                ready.wait(10)
                time.sleep(.2)  # what they ask the keeper at first has been answered
                ready.wait(10)
                sock.sendall(data[end - 1:end])
                return read_response(sock)[0].split(b" ")[1]
        with concurrent.futures.ThreadPoolExecutor(len(ranges)) as pool:
            self.assertEqual(set(pool.map(lambda r: send(*r), ranges)), {b"201"})

    def test_ranges_at_the_same_moment_are_one_file(self):
        for number, size in enumerate((90, 60000, 900, 40000)):
            name, data = f"ranges-{number}.txt", b"words of range and more\n" * size
            id, url = self.announce(name, len(data))
            self.put_ranges(url, data, [len(data) // 3, len(data) // 2][:1 + number % 2])
            a = self.stored(name)
            self.assertEqual((a["files"][0]["id"], a["files"][0]["bytes"], a["files"][0]["sha256"], a["outcome"]),
                             (id, len(data), hashlib.sha256(data).hexdigest(), "success"))

    def put_blocks(self, url, pieces):
        names = [base64.b64encode(b"%03d" % i).decode() for i in range(len(pieces))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda i: self.put(f"{url}&comp=block&blockid={names[i]}", pieces[i]),
                                 reversed(range(len(pieces)))))
        self.assertEqual(set(done), {201})
        return "<BlockList>" + "".join(f"<Latest>{n}</Latest>" for n in names) + "</BlockList>"

    def test_large_blocks_are_put_together(self):
        id, url = self.announce("halves.txt")
        pieces = [b"%d words and words\n" % i * size for i, size in enumerate((90000, 600000, 20, 300000))]
        blocklist = self.put_blocks(url, pieces)  # the second is streamed
        self.assertEqual(self.put(url + "&comp=blocklist", blocklist.encode()), 201)
        a = self.stored("halves.txt")
        self.assertEqual((a["files"][0]["sha256"], a["files"][0]["type"], a["outcome"]),
                         (hashlib.sha256(b"".join(pieces)).hexdigest(), "text/plain", "success"))

    def test_a_document_in_blocks_is_read_before_it_is_put_together(self):
        padding = {"word/media/1.bin": os.urandom(3 << 20)}
        for name, text, status in (("blocks1.docx", "harmless", 201), ("blocks2.docx", "pay the " + CARD, 403)):
            data = documents.docx(f"<w:p><w:del w:author='x'><w:r><w:delText>{text[:12]}</w:delText></w:r><w:r><w:delText>"
                                  f"{text[12:]}</w:delText></w:r></w:del></w:p>", **padding)
            id, url = self.announce(name)
            blocklist = self.put_blocks(url, [data[i:i + 700000] for i in range(0, len(data), 700000)])
            before = len(self.standin.seen())
            self.assertEqual(self.put(url + "&comp=blocklist", blocklist.encode()), status)
            lists = [e for e in self.standin.seen()[before:] if e.get("bytes") == len(blocklist)]
            self.assertEqual(len(lists), 0 if status == 403 else 1)
            a = self.stored(name, lambda a: a.get("outcome") and "sha256" in a["files"][0])
            self.assertEqual((a["files"][0]["sha256"], a["verdict"] == "block"),
                             (hashlib.sha256(data).hexdigest(), status == 403))
            self.assertIn("deleted-word", a["files"][0]["text"]["content"])

    def test_blocks_outlive_the_workers_that_saw_them(self):
        id, url = self.announce("outlive.txt")
        pieces = [b"%d words and words\n" % i * 9000 for i in range(3)]
        blocklist = self.put_blocks(url, pieces)
        for pid in list(self.gateway.roles("worker")):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(self.gateway.roles("worker")) == 2, 10, "new workers")
        self.assertEqual(self.put(url + "&comp=blocklist", blocklist.encode(), "--retry", "5", "--retry-all-errors"), 201)
        a = self.stored("outlive.txt")
        self.assertEqual((a["files"][0]["sha256"], a["outcome"]), (hashlib.sha256(b"".join(pieces)).hexdigest(), "success"))

    def test_blocks_that_the_keeper_lost_are_refused(self):
        id, url = self.announce("lost.txt")
        blocklist = self.put_blocks(url, [b"words and words\n" * 9000] * 2)
        for pid in self.gateway.roles("keeper"):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.gateway.roles("keeper"), 10, "a new keeper")
        self.assertEqual(self.put(url + "&comp=blocklist", blocklist.encode()), 403)
        found = [a for a in self.gateway.activities() if a["activity"] == "file.uploaded" and a["verdict"] == "block"
                 and a.get("failure") == "parse"]
        self.assertEqual([a["http"]["path"] for a in found], [url.split("?")[0].split("/", 3)[3].join(["/", ""])])
        self.assertTrue(self.stored("lost.txt", lambda a: a.get("outcome")))  # what was announced is still there

    def test_a_long_text_whose_name_follows(self):
        text = b"a line of \"words\"\n" * 30000
        said = json.loads(self.post(f"{FILES}/upload_reservations", {"intended_use_case": "my_files"}))
        self.assertEqual(self.put(said["upload_url"], text), 201)
        self.post(f"{FILES}/upload_reservations/{said['reservation_id']}/claim_and_finish", {"file_name": "long.txt"})
        self.assertEqual(self.stored("long.txt")["files"][0]["text"]["content"], text.decode())

    def test_what_was_refused_cannot_be_used(self):
        id, url = self.announce("bad.txt")
        self.assertEqual(self.put(url, f"card {CARD}\n".encode()), 403)
        self.assertEqual(self.stored("bad.txt")["verdict"], "block")
        before = len(self.standin.seen())
        for _ in range(4):
            self.uses(id)
        self.assertEqual([e for e in self.standin.seen()[before:] if e["path"].endswith("conversation")], [])
        used = [a for a in self.gateway.activities() if a["activity"].startswith("prompt_with_file")
                and a["files"][0].get("id") == id]
        self.assertEqual({a["verdict"] for a in used}, {"block"})

    def test_a_large_file_streams_under_the_activity_of_its_name(self):
        data = b"words and words\n" * (20 * 65536)
        id, url = self.announce("large.txt", len(data))
        self.assertEqual(self.put(url, data), 201)
        a = self.stored("large.txt")
        self.assertEqual((a["files"][0]["id"], a["files"][0]["sha256"], a["files"][0]["type"]),
                         (id, hashlib.sha256(data).hexdigest(), "text/plain"))

    def of_name(self, name):
        return [a for a in self.gateway.activities() if a["activity"] == "file.uploaded"
                and any(f.get("name") == name for f in a.get("files", []))]

    def test_a_file_that_goes_up_again_is_told_once(self):
        large = b"words and words\n" * (12 * 65536)
        for name, data, times in (("again.txt", TEXT, 6), ("again-large.txt", large, 2)):
            id, url = self.announce(name, len(data))
            self.assertEqual(self.put(url, data), 201)
            self.post(f"{FILES}/{id}/uploaded", {})
            first = self.stored(name)
            for i in range(times):
                self.assertEqual(self.put(url, data, ("--http1.1", "--http2")[i % 2]), 201)
            id, url = self.announce("then-" + name)
            self.assertEqual(self.put(url, TEXT), 201)
            self.stored("then-" + name)
            wait_for(lambda: [a["id"] for a in self.of_name(name)] == [first["id"]], 10, "what was opened to be taken back")
            again = self.stored(name)
            self.assertEqual((again["id"], again["files"], again["outcome"]), (first["id"], first["files"], "success"))

    def test_a_file_that_goes_up_with_other_bytes_loses_nothing(self):
        id, url = self.announce("other.txt")
        bad, fixed = f"card {CARD}\n".encode(), b"card removed\n"
        self.assertEqual([self.put(url, data) for data in (bad, bad, fixed, TEXT)], [403, 403, 201, 201])

        def verdicts():
            return sorted((a["verdict"], a["files"][0].get("sha256")) for a in self.of_name("other.txt")
                          if a.get("outcome"))
        said = sorted((verdict, hashlib.sha256(data).hexdigest())
                      for verdict, data in (("block", bad), ("allow", fixed), ("allow", TEXT)))
        wait_for(lambda: verdicts() == said, 10, "the three of them")
        message, _ = self.uses(id)
        wait_for(lambda: [a for a in self.gateway.activities() if a.get("message_id") == message], 10, "the prompt")
        prompt = next(a for a in self.gateway.activities() if a.get("message_id") == message)
        self.assertEqual((prompt["verdict"], prompt["files"][0]["sha256"]), ("allow", hashlib.sha256(TEXT).hexdigest()))

    def test_a_large_form_joins_its_announcement_wherever_it_names_it(self):
        data = b"words and words\n" * (12 * 65536)
        path = self.folder / "form.txt"
        path.write_bytes(data)
        for order in (-1, 1):
            name = f"form{order}.txt"
            id, url = self.announce(name, len(data))
            fields = [("-F", f"file=@{path};filename=blob;type=text/plain"), ("--form-string", f"upload_url={url}")]
            args = [x for field in fields[::order] for x in field]
            self.assertEqual(self.status("https://chatgpt.com/backend-api/estuary/upload_content_bytes", *args), 201)
            a = self.stored(name)
            self.assertEqual((a["files"][0]["id"], a["files"][0]["sha256"], a["outcome"], a.get("complete")),
                             (id, hashlib.sha256(data).hexdigest(), "success", None))
            self.assertEqual([a for a in self.gateway.activities() if a["activity"] == "file.uploaded"
                              and a["files"][0].get("name") == "blob"], [])

    def test_f45_a_file_full_of_numbers_does_not_hold_a_worker_up(self):
        line = b"2026-11-22T10:02:%02d.123Z INFO request %d took 12 ms from 198.51.100.%d\n"
        piece = b"".join(line % (i % 60, i * 7919, i % 256) for i in range(10000))
        data = piece * (12 * 1048576 // len(piece))
        id, url = self.announce("numbers.log", len(data))
        workers = set(self.gateway.roles("worker"))
        self.assertEqual(self.put(url, data, "--max-time", "120"), 201)
        a = self.stored("numbers.log")
        self.assertEqual((a["files"][0]["id"], a["files"][0]["sha256"]), (id, hashlib.sha256(data).hexdigest()))
        self.assertEqual(set(self.gateway.roles("worker")), workers)
        self.assertNotIn("role.stuck", self.gateway.log())

    def test_the_text_of_a_document_is_the_files(self):
        id, url = self.announce("plan.docx")
        data = documents.docx()  # of another moment it is another file
        self.assertEqual(self.put(url, data), 201)
        a = self.stored("plan.docx")
        for word in documents.DOCX_WORDS:
            self.assertIn(word, a["files"][0]["text"]["content"])
        self.assertEqual((a["outcome"], a["files"][0]["sha256"]), ("success", hashlib.sha256(data).hexdigest()))

    def test_what_a_document_hides_is_found_before_it_goes_on(self):
        hidden = f"<w:p><w:del w:author='x'><w:r><w:delText>pay {CARD[:6]}</w:delText></w:r><w:r><w:delText>{CARD[6:]}" \
                 "</w:delText></w:r></w:del></w:p>"
        content = documents.zipped({"in.docx": documents.docx(hidden)})
        for version in ("--http1.1", "--http2"):
            id, url = self.announce(version + ".zip")
            before = len(self.standin.seen())
            self.assertEqual(self.put(url, content, version), 403)
            self.assertEqual([e for e in self.standin.seen()[before:] if e.get("bytes") == len(content)], [])
            a = self.stored(version + ".zip")
            self.assertEqual((a["verdict"], [f["where"] for f in a["findings"] if f["type"] == "credit-card"]),
                             ("block", ["file"]))

    def test_a_screenshot_is_read(self):
        id, url = self.announce("shot.png")
        self.assertEqual(self.put(url, documents.picture([f"card {CARD}", "of somebody"])), 403)
        self.assertIn("credit-card", [f["type"] for f in self.stored("shot.png")["findings"]])

    def test_what_cannot_be_read_is_refused_as_configured(self):
        id, url = self.announce("locked.xls")
        self.assertEqual(self.put(url, documents.xls(password=True)), 403)
        a = self.stored("locked.xls")
        self.assertEqual((a["verdict"], a["failure"], [f["type"] for f in a["findings"]]),
                         ("block", "extract", ["unreadable-file"]))

    def test_a_streamed_document_keeps_its_end_until_it_is_read(self):
        padding = {f"word/media/{i}.bin": os.urandom(1 << 20) for i in range(10)}  # over hold.max_bytes
        for text, status in (("harmless", 201), (f"pay {CARD}", 403)):
            content = documents.docx(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>", **padding)
            id, url = self.announce(text[:3] + ".docx", len(content))
            before = len(self.standin.seen())
            self.assertEqual(self.put(url, content), status)
            whole = [e for e in self.standin.seen()[before:] if e.get("bytes") == len(content)]
            self.assertEqual(len(whole), 0 if status == 403 else 1)
            a = self.stored(text[:3] + ".docx", lambda a: a.get("outcome"))
            found = [f["type"] for f in a["findings"] if f["group"] == "financial"]
            self.assertEqual((a["verdict"] == "block", found), (True, ["credit-card"]) if status == 403 else (False, []))

    def test_an_extractor_that_dies_costs_nothing(self):
        for pid in self.gateway.roles("extractor"):
            os.kill(pid, signal.SIGKILL)
        id, url = self.announce("after.docx")
        self.assertEqual(self.put(url, documents.docx()), 201)
        self.assertIn("deleted-word", self.stored("after.docx")["files"][0]["text"]["content"])

    def kill_readers(self, count):
        """The first so many processes that the extractor starts from now on."""
        (extractor,) = self.gateway.roles("extractor")
        children = pathlib.Path(f"/proc/{extractor}/task/{extractor}/children")
        killed = set()

        def look():
            for pid in set(map(int, children.read_text().split())) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            return len(killed) >= count
        wait_for(look, 30, "readers to be killed")

    def test_a_file_has_another_reader_when_one_is_killed(self):
        picture = documents.picture([f"card {CARD}"] + ["of somebody"] * 11)  # a second of work
        for kills, found in ((1, ["credit-card"]), (2, ["unreadable-file"])):
            id, url = self.announce(f"killed-{kills}.png")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                killing = pool.submit(self.kill_readers, kills)
                self.assertEqual(self.put(url, picture), 403)
                killing.result()
            a = self.stored(f"killed-{kills}.png")
            self.assertEqual([f["type"] for f in a["findings"]], found)
        self.assertIn("event=extract.reader_failed signal=9 ", self.gateway.log())

    def test_documents_at_once_wait_for_each_other(self):
        urls = [self.announce(f"many-{i}.docx")[1] for i in range(24)]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            done = list(pool.map(lambda url: self.put(url, documents.docx()), urls))
        self.assertEqual(set(done), {201})

    def test_a_crash_between_name_and_bytes_loses_nothing(self):
        id, url = self.announce("crash.txt")
        self.stored("crash.txt", lambda a: a.get("outcome"))
        for pid in list(self.gateway.roles("worker")):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(self.gateway.roles("worker")) == 2, 10, "new workers")
        a = self.stored("crash.txt", lambda a: a.get("outcome"))
        self.assertEqual(a["complete"], False)
        self.assertEqual(self.put(url, TEXT, "--retry", "5", "--retry-all-errors"), 201)
        a = self.stored("crash.txt")
        self.assertEqual((a["files"][0]["id"], a["files"][0]["bytes"], a["outcome"]), (id, len(TEXT), "success"))


class Heavy(Attacked):
    """F45: beside somebody who wants something else, of the same worker perhaps."""

    def test_f45_a_hundred_megabytes_of_text_are_judged_while_others_are_served(self):
        line = b"2026-11-22T10:02:%02d.123Z INFO request %d took 12 ms from 198.51.100.%d\n"
        piece = b"".join(line % (i % 60, i * 7919, i % 256) for i in range(10000))
        path, statuses = self.folder / "large.log", []
        path.write_bytes(piece * (100 * 1000000 // len(piece)) + b"and card " + CARD.encode() + b"\n")
        once = [lambda: statuses.append(self.status(
            "https://files.oaiusercontent.com/files/f45/raw?sig=x", "-X", "PUT", "-T", path, "-H", "content-type: text/plain",
            "-H", "x-ms-blob-type: BlockBlob", "--max-time", "300"))]
        waited, growth, _, _ = measure(self, lambda _: once.pop()() if once else time.sleep(0.1), 1)
        self.assertEqual(statuses, [403])
        self.assertTrue(all(e.get("aborted") for e in self.standin.seen() if e["path"] == "/files/f45/raw"), "it was let past")
        if waited >= BESIDE_MS:  # by the file, or is the machine slow for everybody?
            waited -= 20 * measure(self, None, 5)[0]
        self.assertLess(waited, BESIDE_MS)
        self.assertLess(growth, GROWTH_MIB)
        self.assertNotIn("role.stuck", self.gateway.log())


class Waiting(UploadsTest):
    """Files whose bytes do not come."""
    settings = "capture: full\nworkers: 2\ntimeouts: {file: 1000}"

    def state(self, name):
        with contextlib.closing(sqlite3.connect(f"file:{self.gateway.data}/store/store.db?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT state, outcome, json FROM activity WHERE json LIKE ?", [f"%{name}%"]).fetchall()
        self.assertEqual(len(rows), 1)
        return rows[0][0], rows[0][1], json.loads(rows[0][2])["complete"]

    def test_what_was_announced_is_closed_and_completed_all_the_same(self):
        id, url = self.announce("waits.txt")
        self.stored("waits.txt", lambda a: a.get("outcome"))
        wait_for(lambda: self.state("waits.txt") == (1, "success", False), 10, "the record to be closed")
        self.assertEqual(self.put(url, TEXT), 201)
        a = self.stored("waits.txt")
        self.assertEqual((a["files"][0]["id"], a["files"][0]["bytes"], a.get("complete")), (id, len(TEXT), None))


if __name__ == "__main__":
    unittest.main()
