"""Answers that break off on one worker's connection and go on on another's
(facts/chatgpt-wire.md §4.9), whatever dies in between."""
import os
import pathlib
import signal
import threading
import unittest
import uuid

from exchanges import dumps, message, prompt
from gateway import wait_for
from raw import read_response
from replay_resume import END, WHOLE, part, pieces
from wire import WireTest, open_tls


def chunk(text):
    data = text.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def clients_of(pid):
    """Remote ports of the connections that a process has."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}").removeprefix("socket:[").rstrip("]"))
        except OSError:
            pass
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].split(":")[1], 16) for row in rows if row[9] in inodes}


class Resumed(WireTest):
    settings = "capture: full"

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to see whose a connection is")
        self.conversation, self.answer, self.asked = (str(uuid.uuid4()) for _ in range(3))
        self.events = pieces(self.answer, self.asked, self.conversation, *WHOLE)
        self.streams = {}
        self.origin.answer = self.serve
        wait_for(lambda: len(self.gateway.roles("worker")) == 2, 10, "two workers")

    def serve(self, connection, head):
        name = head.split(b" ")[1].decode().partition("?stream=")[2]
        text, is_whole, length = self.streams[name]
        had = next(r for r in self.origin.requests if name.encode() in r).partition(b"\r\n\r\n")[2]
        while len(had) < length:  # an answer is to a whole request
            had += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
                           chunk(text) + (b"0\r\n\r\n" if is_whole else b""))
        connection.close()

    def open_on(self, is_wanted, host="chatgpt.com"):
        """A connection to a worker that is wanted, and the worker."""
        for _ in range(200):
            sock = open_tls(self, host)
            port = sock.getsockname()[1]
            pid = next(p for p in self.gateway.roles("worker") if port in clients_of(p))
            if is_wanted(pid):
                return sock, pid
            sock.close()
        raise AssertionError("the kernel gives all connections to one worker")

    def send(self, path, body, stream, is_whole, is_wanted=lambda pid: True, host="chatgpt.com", method="POST"):
        """The worker that passed the stream on."""
        name = uuid.uuid4().hex
        data = b"" if body is None else dumps(body).encode()
        self.streams[name] = (stream, is_whole, len(data))
        sock, pid = self.open_on(is_wanted, host)
        with sock:
            sock.sendall(f"{method} {path}?stream={name} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
            try:
                _, got = read_response(sock)
            except OSError:  # broken off, as told
                got = None
        if is_whole:
            self.assertEqual(got.decode(), stream)
        return pid

    def answers(self):
        return [a for a in self.gateway.activities("--since", "1h")
                if a["activity"] == "response.generated" and a.get("conversation_id") == self.conversation]

    def told(self, *contents):
        """The answers, once their texts are those; exactly so many."""
        def look():
            found = self.answers()
            texts = [a["text"].get("content") for a in found]
            return found if sorted(t or "" for t in texts) == sorted(t or "" for t in contents) else None
        try:
            return wait_for(look, 10, "the answers")
        except AssertionError:
            self.assertEqual([a["text"].get("content") for a in self.answers()], list(contents))
            raise

    def break_off(self, n):
        body = prompt(message("When?", self.asked), conversation_id=self.conversation, parent="p")
        pid = self.send("/backend-api/f/conversation", body, part(*self.events[:n]), False)
        (a,) = self.told("".join(WHOLE[:n - 1]))
        self.assertIs(a["complete"], False)
        return pid, a["id"]

    def resume(self, n, is_wanted, upto=None):
        body = {"conversation_id": self.conversation, "offset": n}
        rest = part(*self.events[n:upto], *([] if upto else [END]), done=not upto)
        return self.send("/backend-api/f/conversation/resume", body, rest, upto is None, is_wanted)

    def kill(self, pid, kind):
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: pid not in self.gateway.roles() and
                 len(self.gateway.roles(kind)) == (2 if kind == "worker" else 1), 10, f"new {kind}")

    def check_whole(self, id):
        (a,) = self.told("".join(WHOLE))
        self.assertEqual((a["id"], a["complete"], a["message_id"]), (id, True, self.answer))
        (asked,) = [p for p in self.gateway.activities("--since", "1h") if p.get("message_id") == self.asked]
        self.assertEqual(a["reply_to"], asked["id"])

    def test_another_worker_goes_on_with_it(self):
        first, id = self.break_off(3)
        self.resume(3, lambda pid: pid != first)
        self.check_whole(id)

    def test_it_breaks_off_again_and_comes_back(self):
        first, id = self.break_off(2)
        second = self.resume(2, lambda pid: pid != first, upto=4)
        self.told("".join(WHOLE[:3]))
        self.resume(4, lambda pid: pid != second)
        self.check_whole(id)

    def test_nobody_goes_on_with_it(self):
        self.break_off(3)
        self.send("/backend-api/f/conversation", prompt(message("Hello?"), conversation_id=self.conversation),
                  part(END, done=True), True)
        (a,) = self.told("".join(WHOLE[:2]))
        self.assertIs(a["complete"], False)

    def test_the_keeper_dies_in_between(self):
        """What it knew is gone, and with it whose words these are: the rest is
        recorded by itself, hidden text, with nothing lost and nothing twice."""
        first, _ = self.break_off(3)
        (keeper,) = self.gateway.roles("keeper")
        self.kill(keeper, "keeper")
        self.resume(3, lambda pid: pid != first)

        def both():
            told = self.answers()
            return told if len(told) == 2 and any("hidden" in a["text"] for a in told) else None
        begun, rest = sorted(wait_for(both, 10, "the rest"), key=lambda a: "hidden" in a["text"])
        self.assertEqual(begun["text"]["content"], "".join(WHOLE[:2]))
        self.assertEqual(rest["text"]["hidden"].replace("\n", ""), "".join(WHOLE[2:]))

    def test_the_first_connection_is_still_open(self):
        """The client is back before the old connection's end is seen."""
        name, data = uuid.uuid4().hex, dumps(prompt(message("When?", self.asked), conversation_id=self.conversation,
                                                    parent="p")).encode()
        over = threading.Event()
        serve = self.origin.answer

        def hold(connection, head):
            if name.encode() not in head:
                serve(connection, head)
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n" + chunk(part(*self.events[:3])))
            over.wait(30)
            connection.close()

        self.origin.answer = hold
        sock, first = self.open_on(lambda pid: True)
        with sock:
            sock.sendall(f"POST /backend-api/f/conversation?stream={name} HTTP/1.1\r\nHost: chatgpt.com\r\n"
                         f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
            got = b""
            while b"leaves" not in got:
                got += sock.recv(65536)
            self.resume(3, lambda pid: pid != first)
            (rest,) = self.told(None)
        over.set()
        self.check_whole(rest["id"])

    def test_an_edit_while_the_answer_still_comes(self):
        name, over, serve = uuid.uuid4().hex, threading.Event(), self.origin.answer
        data = dumps(prompt(message("When?", self.asked), conversation_id=self.conversation, parent="p")).encode()

        def hold(connection, head):
            if name.encode() not in head:
                serve(connection, head)
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n" + chunk(part(*self.events[:3])))
            over.wait(30)
            connection.close()

        self.origin.answer = hold
        sock, first = self.open_on(lambda pid: True)
        with sock:
            sock.sendall(f"POST /backend-api/f/conversation?stream={name} HTTP/1.1\r\nHost: chatgpt.com\r\n"
                         f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
            got = b""
            while b"leaves" not in got:
                got += sock.recv(65536)
            edit = str(uuid.uuid4())
            self.send("/backend-api/f/conversation",
                      prompt(message("When then?", edit), conversation_id=self.conversation, parent="p"),
                      part(*pieces(str(uuid.uuid4()), edit, self.conversation, "Later.")), True, lambda pid: pid != first)
        over.set()
        (a,) = [p for p in self.gateway.activities("--since", "1h") if p.get("message_id") == edit]
        self.assertEqual((a["activity"], a.get("update")), ("prompt.updated", "edit"))

    def test_a_response_of_the_api_goes_on_at_another_worker(self):
        id = "resp_" + uuid.uuid4().hex

        def event(number, **more):
            return f"data: {dumps({'sequence_number': number, **more})}\n\n"

        def piece(number, text):
            return event(number, type="response.output_text.delta", item_id="m", output_index=0, content_index=0, delta=text)

        def told():
            return [a for a in self.gateway.activities("--since", "1h") if a.get("message_id") == id]

        begun = event(0, type="response.created", response={"id": id, "model": "gpt-5.1"}) + piece(1, "One, ")
        ended = piece(1, "One, ") + piece(2, "two.") + event(3, type="response.completed", response={"id": id, "output": []})
        body = {"model": "gpt-5.1", "input": "Count", "background": True, "stream": True}
        first = self.send("/v1/responses", body, begun, False, host="api.openai.com")
        (part,) = wait_for(told, 10, "the part")
        self.assertEqual((part["text"]["content"], part["complete"]), ("One, ", False))
        self.send("/v1/responses/" + id, None, ended, True, lambda pid: pid != first, "api.openai.com", "GET")
        wait_for(lambda: [a for a in told() if a.get("complete")], 10, "the rest")
        (a,) = told()
        self.assertEqual((a["id"], a["text"]["content"], a["reply_to"]), (part["id"], "One, two.", part["reply_to"]))

    def test_the_worker_dies_in_between(self):
        first, id = self.break_off(3)
        self.kill(first, "worker")
        self.told("".join(WHOLE[:2]))
        self.resume(3, lambda pid: pid != first)
        self.check_whole(id)


if __name__ == "__main__":
    unittest.main()
