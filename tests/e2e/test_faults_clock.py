"""F53 (and what of F38 belongs to it): the wall clock moves while streams are open - over midnight and over a run of
retention, with ticket keys and the CA replaced meanwhile - and back.  wrong_clock.c is preloaded into every role."""
import datetime
import json
import pathlib
import queue
import ssl
import struct
import subprocess
import unittest
import uuid

from faults import FEW, FaultTest
from gateway import wait_for
from raw import read_head, tls_through
from test_ca import new_ca, replace

DAY = 86400
SOURCE = pathlib.Path(__file__).with_name("wrong_clock.c")


def chunk(text):
    return b"%x\r\n" % len(text) + text + b"\r\n"


class Stream:
    """An answer in pieces, each sent when the test says so; `ended`: the client has seen its end."""

    def __init__(self, test, text, before=None):
        self.test, self.answer = test, str(uuid.uuid4())
        self.conversation = before.conversation if before else str(uuid.uuid4())
        self.steps = queue.Queue()
        test.play("sora.chatgpt.com", self.serve)
        goes_on = {"conversation_id": self.conversation, "parent_message_id": before.answer} if before else {}
        body = test.prompt(text, **goes_on)
        self.message = body["messages"][0]["id"]
        data = json.dumps(body).encode()
        self.sock = tls_through(test.gateway, "sora.chatgpt.com", context=test.context)
        test.addCleanup(self.sock.close)
        self.sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: sora.chatgpt.com\r\n"
                          b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    def serve(self, s):
        head, rest = read_head(s)
        size = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
        while len(rest) < size:
            rest += s.recv(65536)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (text := self.steps.get(timeout=60)) is not None:
            s.sendall(chunk(b"data: " + text.encode() + b"\n\n"))
        s.sendall(b"0\r\n\r\n")

    def says(self, text, status="in_progress"):
        """Sends, and waits until the client has it."""
        event = {"conversation_id": self.conversation, "message": {
            "id": self.answer, "author": {"role": "assistant"}, "status": status, "end_turn": status != "in_progress",
            "content": {"content_type": "text", "parts": [text]}, "metadata": {"parent_id": self.message}}}
        self.steps.put(json.dumps(event))
        self.until(text.encode())

    def until(self, what):
        self.sock.settimeout(20)
        got = b""
        while what not in got:
            part = self.sock.recv(65536)
            self.test.assertTrue(part, "the stream was cut")
            got += part
        return got

    def end(self, text):
        self.says(text, "finished_successfully")
        self.steps.put("[DONE]")
        self.steps.put(None)
        self.until(b"0\r\n\r\n")


class WrongClock(FaultTest):
    origins = {"sora.chatgpt.com": {"tls": True}}
    settings = FEW + "retention: {days: 3}\n"

    @classmethod
    def setUpClass(cls):
        cls.context = ssl.create_default_context()
        cls.context.check_hostname, cls.context.verify_mode = False, ssl.CERT_NONE  # its own clock is another
        super().setUpClass()

    @classmethod
    def own_origins(cls):
        library, cls.clock = cls.folder / "wrong_clock.so", cls.folder / "clock"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        cls.clock.write_bytes(bytes(8))
        cls.folder.chmod(0o755)
        cls.prefix = ("env", f"LD_PRELOAD={library}", f"WRONG_CLOCK={cls.clock}")
        return super().own_origins()

    def setUp(self):
        self.move(0)

    def tearDown(self):
        self.doCleanups()

    def move(self, seconds):
        """In place: the roles have it mapped."""
        with open(self.clock, "r+b") as f:
            f.write(struct.pack("=q", int(seconds)))
        self.offset = int(seconds)

    def reload(self):
        begun = len(self.gateway.log())
        self.gateway.signal(1)
        wait_for(lambda: "event=reload.in_use" in self.gateway.log()[begun:], what="the reload")

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.offset)

    def shown(self):
        """All activities; `activities` itself has the true clock, so it is asked for a span that holds both."""
        return self.gateway.activities("--since", "60d", "--until",
                                       (self.now() + datetime.timedelta(days=60)).isoformat())

    def one(self, name, check):
        found = wait_for(lambda: [a for a in self.shown() if a["activity"] == name and check(a)], what=name)
        self.assertEqual(len(found), 1, found)
        return found[0]

    @staticmethod
    def time_of(activity):
        return datetime.datetime.fromisoformat(activity["time"].replace("Z", "+00:00"))

    def test_f53_a_stream_over_midnight_belongs_to_its_start_and_keeps_its_link(self):
        old = Stream(self, "long ago")
        old.end("gone soon")
        self.one("response.generated", lambda a: a.get("message_id") == old.answer and a.get("complete") is True)
        self.move(1.5 * DAY)
        stream = Stream(self, "before midnight")
        stream.says("The")
        started = self.now()
        midnight = (started + datetime.timedelta(days=1)).date().isoformat()
        workers = set(self.gateway.roles("worker"))
        # Midnight passes (twice), ticket keys and the CA are others, retention runs with a bound that the first prompt
        # is beyond and this one is not.
        self.move(3 * DAY)
        folder = self.gateway.data / "ca"
        cert, key = new_ca(self.folder)
        replace(folder / "ca.key", key, 0o600)
        replace(folder / "ca.pem", cert, 0o644)
        self.gateway.write_config(self.settings.replace("days: 3", "days: 2"))
        self.reload()
        wait_for(lambda: not [a for a in self.shown() if a.get("message_id") in (old.message, old.answer)],
                 what="the retention run")
        stream.says("The long")
        stream.end("The long answer")
        prompt = self.one("prompt.created", lambda a: a.get("message_id") == stream.message and a.get("outcome"))
        answer = self.one("response.generated", lambda a: a.get("message_id") == stream.answer and a.get("complete") is True)
        for activity in (prompt, answer):
            self.assertLess(abs(self.time_of(activity) - started).total_seconds(), 60, activity["time"])
            self.assertLess(activity["time"], midnight)
        self.assertEqual(answer["conversation_id"], stream.conversation)
        self.assertEqual((prompt["outcome"], prompt["verdict"]), ("success", "allow"))
        self.assertEqual(answer["parent_message_id"], stream.message)
        self.assertEqual(set(self.gateway.roles("worker")), workers)
        # What comes after midnight is of after midnight, and of the same conversation.
        later = Stream(self, "after midnight", stream)
        later.end("Good morning")
        follow = self.one("prompt.created", lambda a: a.get("message_id") == later.message and a.get("outcome"))
        self.assertLess(abs(self.time_of(follow) - self.now()).total_seconds(), 60)
        self.assertEqual(follow["conversation_id"], stream.conversation)

    def test_f53_a_clock_that_is_set_back_cuts_nothing_and_loses_nothing(self):
        self.move(2 * 3600)  # certificates of today are good in the hour before
        stream = Stream(self, "an hour twice")
        stream.says("One")
        begun = self.now()
        self.move(3600)
        second = Stream(self, "in the hour before")
        second.says("T")
        stream.says("One two")
        self.move(9 * 3600)
        second.end("Two")
        stream.end("One two three")
        for one, at in ((stream, begun), (second, begun - datetime.timedelta(hours=1))):
            prompt = self.one("prompt.created", lambda a, o=one: a.get("message_id") == o.message and a.get("outcome"))
            answer = self.one("response.generated",
                              lambda a, o=one: a.get("message_id") == o.answer and a.get("complete") is True)
            self.assertEqual(answer["parent_message_id"], one.message)
            for activity in (prompt, answer):
                self.assertLess(abs(self.time_of(activity) - at).total_seconds(), 60, activity["time"])
        ids = [a["id"] for a in self.shown()]
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()
