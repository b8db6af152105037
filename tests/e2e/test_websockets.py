"""WebSockets: inspected message by message, over an HTTP/1.1 upgrade and
HTTP/2 extended CONNECT; refused where secrets go or where their handshake
cannot be read."""
import base64
import json
import os
import signal
import struct
import threading
import time
import unittest

import documents
import wire
from gateway import CARD, GatewayTest, wait_for
from raw import read_response, tls_through
from test_clients import node
from test_http import Scripted
from websocket import BINARY, CLOSE, PING, PONG, TEXT, Stream, Upgraded, accept, frame, handshake, websockets_over_h2

EVENTS, CODEX = "/ws/user/user-ana", "/backend-api/codex/responses"
DEFLATE = "permessage-deflate; client_max_window_bits"


def turn(text, **more):
    """A client's frame of Codex (chatgpt-wire §3.10)."""
    return json.dumps({"type": "response.create", "model": "gpt-5-codex", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}], **more})


class SocketTest(GatewayTest):
    settings = "capture: full"

    def recorded(self, check, what, seconds=10):
        """The activities for which check holds, once there are some."""
        return wait_for(lambda: [a for a in self.gateway.activities("--since", "1h") if check(a)], seconds, what)

    def refused(self, reason):
        return self.recorded(lambda a: a.get("failure") == reason, reason)

    def prompt_of(self, text):
        return self.recorded(lambda a: a["activity"] == "prompt.created" and a["text"].get("content") == text and
                             a.get("outcome"), text)

    def arrived(self, text):
        return [s for s in self.standin.seen() if text in (s.get("text") or "")]

    def check_turn(self, ws, text, fragments=1):
        ws.send(turn(text), fragments)
        last = ws.read_until("response.completed")[-1]
        self.assertIn("You said %d bytes" % len(text.encode()), last)
        return last


class WebSockets(SocketTest):
    standin_args = ("--h1",)

    # ---- the handshake ----

    def test_one_where_secrets_go_is_refused_and_recorded(self):
        with Upgraded(self.gateway, "/api/auth/session?token=hidden") as ws:
            self.assertEqual(ws.status, 403)
        found = self.refused("websocket-not-allowed")
        self.assertNotIn("hidden", json.dumps(found))

    def test_one_that_no_map_names_is_read_generically(self):
        with Upgraded(self.gateway, "/backend-api/somewhere?token=hidden") as ws:
            self.assertEqual(ws.status, 101)
            ws.send("plain words that nobody explains")
            self.assertEqual(ws.read(), "plain words that nobody explains")
            ws.send("card " + CARD)
            self.assertIn("promptgate", ws.read())
            self.assertEqual(ws.read()[0], 1008)
        self.assertEqual(self.arrived("4111"), [])
        found = self.recorded(lambda a: a["activity"] == "service.unclassified" and a["verdict"] == "block", "the record")
        self.assertNotIn("hidden", json.dumps(found))

    def test_a_card_in_the_address_of_one_that_no_map_names_opens_nothing(self):
        with Upgraded(self.gateway, "/backend-api/somewhere?q=card+" + CARD.replace(" ", "+")) as ws:
            self.assertEqual(ws.status, 403)
        self.recorded(lambda a: a["activity"] == "service.unclassified" and a["verdict"] == "block" and
                      [f["where"] for f in a["findings"]] == ["url"], "the record")

    def test_a_declined_upgrade_is_an_ordinary_answer(self):
        with tls_through(self.gateway) as s:
            s.sendall(handshake(EVENTS)[0].replace(b"Upgrade: websocket", b"Upgrade: h2c"))
            self.assertNotIn(b" 101 ", read_response(s)[0])
        with Upgraded(self.gateway, EVENTS + "?status=401") as ws:
            self.assertEqual((ws.status, bytes(ws.bytes)), (401, b"no"))

    def test_a_handshake_that_cannot_be_read_opens_nothing(self):
        for change, reason in ((b"Sec-WebSocket-Version: 8", "ws-version"), (b"X-Version: 13", "ws-version")):
            with tls_through(self.gateway) as s:
                s.sendall(handshake(EVENTS)[0].replace(b"Sec-WebSocket-Version: 13", change))
                self.assertIn(b" 403 ", read_response(s)[0])
            self.refused(reason)
        with tls_through(self.gateway) as s:
            s.sendall(handshake(EVENTS)[0].replace(b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: x"))
            self.assertIn(b" 403 ", read_response(s)[0])
        self.refused("ws-key")
        body = json.dumps(self.prompt("unseen")).encode()
        with tls_through(self.gateway) as s:  # no upgrade at all: a request like any other
            s.sendall(handshake("/backend-api/conversation", fields=[f"Content-Length: {len(body)}"])[0]
                      .replace(b"GET ", b"POST ") + body)
            self.assertIn(b" 200 ", read_response(s)[0])
        self.prompt_of("unseen")
        with Upgraded(self.gateway, EVENTS + "?extension=x-opaque", extensions=DEFLATE) as ws:
            self.assertEqual(ws.status, 502)
        self.refused("ws-extension")

    def test_only_what_can_be_read_is_offered(self):
        path = "/ws/user/offers"
        for offer, want in ((DEFLATE + ", x-other", DEFLATE), ("x-other", None), (None, None),
                            ("permessage-deflate; mystery, permessage-deflate", "permessage-deflate")):
            with Upgraded(self.gateway, path, extensions=offer) as ws:
                self.assertEqual(ws.status, 101)
                self.assertIn(ws.accept, ws.head)
            seen = [s for s in self.standin.seen() if s.get("socket") == path and "upgrade" in s]
            self.assertEqual(seen[-1].get("offer"), want)

    # ---- messages ----

    def test_s3_messages_pass_whole_and_the_socket_closes_in_good_order(self):
        for extensions, query in ((None, ""), (DEFLATE, ""), (DEFLATE, "?takeover=0"), (DEFLATE, "?deflate=0"),
                                  (DEFLATE, "?fragment=9")):
            with Upgraded(self.gateway, EVENTS + query + "#secret".replace("#", "&" if query else "?"),
                          extensions=extensions) as ws:
                for i, text in enumerate(("hello", "Grüße", "x" * 125, "y" * 126, "z" * 70000, "", "hello")):
                    ws.send(text, 1 + i % 3)
                    self.assertEqual(ws.read(), text)
                ws.close(1000)
                self.assertEqual(ws.read(), (1000, ""))
                self.assertEqual(ws.recv(), b"")
        self.assertNotIn("secret", json.dumps(self.gateway.activities()))
        self.assertFalse([s for s in self.standin.seen() if s.get("isMasked") is False])

    def test_codex_turns_are_prompts_with_their_answers(self):
        for i, (extensions, query) in enumerate(((None, ""), (DEFLATE, ""), (DEFLATE, "?takeover=0"), (DEFLATE, "?fragment=7"))):
            with Upgraded(self.gateway, CODEX + query, extensions=extensions) as ws:
                for j, fragments in enumerate((1, 2, 9)):
                    text = f"turn {j} of socket {i}, Grüße"
                    self.check_turn(ws, text, fragments)
                    prompt = self.prompt_of(text)[0]
                    answer = self.recorded(lambda a: a.get("reply_to") == prompt["id"], "its answer")[0]
                    self.assertEqual((answer["activity"], answer["complete"]), ("response.generated", True))
                    self.assertIn("You said", answer["text"]["content"])
        self.assertFalse([a for a in self.gateway.activities() if "not inspected" in (a.get("reason") or "")])

    def test_a_card_number_is_blocked_in_the_socket(self):
        for i, (extensions, fragments) in enumerate(((None, 1), (None, 40), (DEFLATE, 1), (DEFLATE, 40))):
            before = len(self.standin.seen())
            with Upgraded(self.gateway, CODEX, extensions=extensions) as ws:
                self.check_turn(ws, "this may go")
                ws.sendall(ws.message(turn(f"pay {i} with {CARD}"), fragments) + frame("behind it", PING))
                said = json.loads(ws.read())
                self.assertEqual((said["type"], said["error"]["code"]), ("error", "blocked_by_policy"))
                self.assertEqual(ws.read()[0], 1008)
                ws.close(1008)
                self.assertEqual(ws.recv(), b"")
            blocked = self.prompt_of(f"pay {i} with {CARD}")[0]
            self.assertEqual((blocked["verdict"], blocked["outcome"]), ("block", "failure"))
            wait_for(lambda: [s for s in self.standin.seen()[before:] if s.get("opcode") == CLOSE], 5, "close at the origin")
            seen = self.standin.seen()[before:]
            self.assertEqual(len([s for s in seen if s.get("text")]), 1)
            self.assertEqual([s for s in seen if s.get("opcode") == PING], [], "nothing passes what was blocked")

    def test_words_in_control_frames_are_judged_too(self):
        def reason(text):
            return struct.pack(">H", 1000) + text.encode()
        for path in (CODEX, EVENTS):
            for data in (frame(CARD, PING), frame(CARD, PONG), frame(reason(CARD), CLOSE)):
                before = len(self.standin.seen())
                with Upgraded(self.gateway, path) as ws:
                    ws.sendall(data)
                    said = ws.read()
                    while not isinstance(said, tuple):
                        said = ws.read()
                    self.assertEqual(said[0], 1008)
                    ws.close(1008)
                    self.assertEqual(ws.recv(), b"")
                wait_for(lambda: [s for s in self.standin.seen()[before:] if s.get("opcode") == CLOSE], 5, "close at the origin")
                opcodes = [s["opcode"] for s in self.standin.seen()[before:] if s.get("opcode")]
                self.assertEqual(opcodes, [CLOSE])
                self.assertNotIn("4111", str(self.standin.seen()[before:]))
            with Upgraded(self.gateway, path) as ws:
                ws.sendall(frame("are you still there", PING) + frame(b"\xff" * 20, PING))
                self.assertEqual([ws.read_frame() for _ in range(2)], [(0x8a, b"are you still there"), (0x8a, b"\xff" * 20)])
                ws.sendall(frame(reason("all is said, good bye"), CLOSE))
                self.assertEqual(ws.read()[0], 1000)
                self.assertEqual(ws.recv(), b"")

    def test_a_document_in_a_message_is_opened_before_it_goes_on(self):
        def with_file(text, said):
            data = documents.docx(f"<w:p><w:r><w:t>{said}</w:t></w:r></w:p>")
            file = {"type": "input_file", "filename": "a.docx", "file_data": "data:application/msword;base64," +
                    base64.b64encode(data).decode()}
            return json.dumps({"type": "response.create", "model": "gpt-5-codex", "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}, file]}]})
        for i in range(3):
            with Upgraded(self.gateway, CODEX) as ws:
                ws.send(with_file(f"clean {i}", f"nothing {i}"), 3)
                ws.read_until("response.completed")
                self.check_turn(ws, f"behind it {i}")
                self.assertTrue(self.arrived(f"clean {i}"))
                ws.sendall(ws.message(with_file(f"bad {i}", "card " + CARD)) + ws.message(turn(f"never {i}")))
                self.assertEqual(json.loads(ws.read())["error"]["code"], "blocked_by_policy")
                self.assertEqual(ws.read()[0], 1008)
            good, bad = (self.recorded(lambda a: (a.get("text") or {}).get("content") == t, t)[0]
                         for t in (f"clean {i}", f"bad {i}"))
            self.assertIn(f"nothing {i}", good["files"][0]["text"]["content"])
            self.assertEqual((bad["verdict"], [f["where"] for f in bad["findings"] if f["type"] == "credit-card"]),
                             ("block", ["file"]))
            self.assertEqual(self.arrived(f"bad {i}") + self.arrived(f"never {i}"), [])

    def test_a_client_that_vanishes_while_its_document_is_read(self):
        extractor, = self.gateway.roles("extractor")
        os.kill(extractor, signal.SIGSTOP)
        try:
            with Upgraded(self.gateway, CODEX) as ws:
                data = base64.b64encode(documents.docx()).decode()
                ws.send(turn("left", input=[{"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "left alone"},
                    {"type": "input_file", "filename": "a.docx", "file_data": "data:application/msword;base64," + data}]}]))
                time.sleep(0.3)  # it is with the extractor
        finally:
            os.kill(extractor, signal.SIGCONT)
        with Upgraded(self.gateway, CODEX) as ws:
            self.check_turn(ws, "after it")
        self.assertEqual(self.arrived("left alone"), [])

    def test_order_is_kept_while_messages_wait_for_their_verdict(self):
        with Upgraded(self.gateway, EVENTS) as ws:
            ws.sendall(b"".join(ws.message(f"message {i}") + frame(str(i), PING) for i in range(60)))
            got = [ws.read_frame() for _ in range(120)]
        seen = [s for s in self.standin.seen() if s.get("socket") == EVENTS and s.get("opcode")]
        self.assertEqual([s["opcode"] for s in seen[-120:]], [TEXT, PING] * 60)
        self.assertEqual([p.decode() for f, p in got if f & 15 == TEXT], [f"message {i}" for i in range(60)])
        self.assertEqual([p.decode() for f, p in got if f & 15 == PONG], [str(i) for i in range(60)])

    def test_a_ping_between_fragments_does_not_wait_for_the_message(self):
        with Upgraded(self.gateway, EVENTS) as ws:
            ws.sendall(frame("first ", TEXT, fin=False) + frame("are you there", PING))
            self.assertEqual(ws.read_frame(), (0x8a, b"are you there"))
            ws.sendall(frame("second", 0))
            self.assertEqual(ws.read(), "first second")

    # ---- violations and bounds ----

    def test_a_violation_ends_the_socket_and_is_recorded(self):
        part = frame("x", TEXT, fin=False)
        cases = (("ws-not-masked", 1002, frame("x", mask=False)), ("ws-reserved-bits", 1002, frame("x", rsv1=True)),
                 ("ws-opcode", 1002, frame("x", 3)), ("ws-control-fragmented", 1002, frame("x", PING, fin=False)),
                 ("ws-control-too-long", 1002, frame("x" * 126, PING)), ("ws-continues-nothing", 1002, frame("x", 0)),
                 ("ws-message-in-message", 1002, part + frame("y")), ("ws-not-utf8", 1007, frame(b"\xc3")),
                 ("ws-close-status", 1002, frame(b"\x03\xed", CLOSE)), ("ws-length", 1002, b"\x82\xfe\0\x05mask"))
        for reason, status, data in cases:
            before = len(self.standin.seen())
            with Upgraded(self.gateway, EVENTS) as ws:
                ws.send("fine")
                self.assertEqual(ws.read(), "fine")
                ws.sendall(data)
                self.assertEqual(ws.read()[0], status, reason)
                self.assertEqual(ws.recv(), b"")
            self.assertEqual(len([s for s in self.standin.seen()[before:] if s.get("text")]), 1, reason)
            self.assertEqual(self.refused(reason)[0]["activity"], "connection.refused")

    def test_bad_compression_ends_the_socket(self):
        with Upgraded(self.gateway, EVENTS, extensions=DEFLATE) as ws:
            ws.sendall(frame(b"\xff\xff\xff", rsv1=True))
            self.assertEqual(ws.read()[0], 1007)
        self.refused("ws-deflate")
        with Upgraded(self.gateway, EVENTS, extensions=DEFLATE) as ws:
            ws.send("0" * (8 << 20))
            self.assertEqual(ws.read()[0], 1009)
        self.refused("ws-bomb")

    def test_a_message_above_the_bound_is_refused(self):
        with Upgraded(self.gateway, EVENTS) as ws:
            ws.sendall(frame(b"", TEXT, fin=False)[:1] + struct.pack(">BQ", 0xff, 17 << 20) + b"mask" + b"x" * 65536)
            self.assertEqual(ws.read()[0], 1009)
        found = self.recorded(lambda a: a.get("failure") == "limit" and a["verdict"] == "block", "the record")
        self.assertEqual(found[0]["http"]["path"], EVENTS)

    def test_a_big_message_passes(self):
        for extensions in (None, DEFLATE):
            text = "".join(f"line {i} of a long paste\n" for i in range(200000))
            with Upgraded(self.gateway, EVENTS, extensions=extensions) as ws:
                ws.send(text, 5)
                got = ws.read()
                self.assertEqual(len(got), len(text))
                self.assertEqual(got, text)

    def test_a_flood_from_the_origin_is_not_stalled(self):
        start = time.monotonic()
        with Upgraded(self.gateway, f"{EVENTS}?flood={48 << 20}") as ws:
            self.assertEqual(len(ws.read()), 48 << 20)
            ws.send("still there")
            self.assertEqual(ws.read(), "still there")
        self.assertLess(time.monotonic() - start, 20)
        found = self.recorded(lambda a: a.get("failure") == "limit" and a["verdict"] != "block", "passed unread")
        self.assertEqual(found[0]["activity"], "service.unclassified")

    # ---- ends ----

    def test_a_client_that_vanishes_mid_message_leaves_nothing_behind(self):
        ws = Upgraded(self.gateway, CODEX)
        ws.sendall(ws.message(turn("never finished, card " + CARD))[:-5])
        ws.sock.close()
        with Upgraded(self.gateway, CODEX) as ws:
            self.check_turn(ws, "the next one")
        self.assertEqual(self.arrived("never finished"), [])

    def test_s2_an_origin_that_vanishes_ends_the_socket(self):
        with Upgraded(self.gateway, CODEX + "?vanish=2") as ws:
            self.check_turn(ws, "before it vanished")
            ws.send(turn("into the void"))
            with self.assertRaises(EOFError):
                ws.read()
        self.assertTrue(self.prompt_of("into the void"))

    def test_many_sockets_at_once(self):
        errors = []

        def talk(i):
            try:
                with Upgraded(self.gateway, CODEX, extensions=DEFLATE if i % 2 else None) as ws:
                    for j in range(5):
                        self.check_turn(ws, f"socket {i} turn {j}", 1 + i % 4)
                    ws.close()
                    self.assertEqual(ws.read()[0], 1000)
            except Exception as error:  # noqa: BLE001 - told below
                errors.append((i, repr(error)))
        threads = [threading.Thread(target=talk, args=(i,)) for i in range(60)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(120)
        self.assertEqual(errors, [])
        found = wait_for(lambda: (lambda f: f if len(f) == 300 else None)(
            [a for a in self.gateway.activities() if a["activity"] == "prompt.created" and
             (a["text"].get("content") or "").startswith("socket ")]), 20, "300 prompts")
        self.assertEqual(len({a["text"]["content"] for a in found}), 300)


class WebSocketTimes(SocketTest):
    standin_args = ("--h1",)
    settings = "capture: full\ntimeouts: {stream: 1000}"

    def test_s5_an_idle_socket_is_closed(self):
        with Upgraded(self.gateway, EVENTS) as ws:
            ws.send("one")
            self.assertEqual(ws.read(), "one")
            self.assertEqual(ws.read()[0], 1001)


class WebSocketStop(SocketTest):
    standin_args = ("--h1",)

    def test_a_quiet_socket_does_not_hold_up_the_end(self):
        with Upgraded(self.gateway, EVENTS) as ws:
            ws.send("one")
            self.assertEqual(ws.read(), "one")
            began, ended = time.monotonic(), []
            stop = threading.Thread(target=lambda: ended.append(self.gateway.stop(30)))
            stop.start()
            self.assertEqual(ws.read()[0], 1001)
            ws.close(1001)
            self.assertEqual(ws.recv(), b"")
        stop.join()
        self.assertEqual(ended, [0])
        self.assertLess(time.monotonic() - began, 8, "less than the drain's time")


class WebSocketCrash(SocketTest):
    standin_args = ("--h1",)

    def test_open_records_are_closed_when_the_worker_dies(self):
        with Upgraded(self.gateway, CODEX + "?silent=1") as ws:
            ws.send(turn("cut by a crash"))
            cut = self.recorded(lambda a: a.get("text", {}).get("content") == "cut by a crash", "its open record")[0]
            self.assertNotIn("outcome", cut)
            for pid, role in self.gateway.roles().items():
                if role.startswith("worker"):
                    os.kill(pid, signal.SIGKILL)
            with self.assertRaises((EOFError, ConnectionError)):
                ws.read_frame()
        self.assertEqual(self.prompt_of("cut by a crash")[0]["outcome"], "failure")
        with Upgraded(self.gateway, CODEX) as ws:
            self.check_turn(ws, "with the next worker")


class WebSocketOrigins(Scripted):
    settings = "capture: full"

    def open(self, **more):
        return Upgraded(self.gateway, EVENTS, "sora.chatgpt.com", **more)

    def refused(self, reason):
        return wait_for(lambda: [a for a in self.gateway.activities() if a.get("failure") == reason], 10, reason)

    def test_a_violation_of_the_origins_ends_the_socket_and_is_recorded(self):
        cases = (("ws-masked", 1002, frame("x")), ("ws-not-utf8", 1007, frame(b"\xc3", mask=False)),
                 ("ws-reserved-bits", 1002, frame("x", rsv1=True, mask=False)))
        for reason, status, data in cases:
            got = []

            def script(s):
                accept(s)
                s.sendall(frame("fine", mask=False) + data)
                while part := s.recv(65536):
                    got.append(part)
            self.play(script)
            with self.open() as ws:
                self.assertEqual(ws.read(), "fine")
                self.assertEqual(ws.read()[0], status, reason)
            self.refused(reason)
            wait_for(lambda: b"".join(got)[:1] == b"\x88", 5, "the close at the origin")

    def test_an_answer_without_the_keys_answer_opens_nothing(self):
        def script(s):
            s.recv(65536)
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            s.recv(65536)
        self.play(script)
        with self.open() as ws:
            self.assertEqual(ws.status, 502)
        self.refused("ws-accept")

    def test_s3_a_subprotocol_that_nobody_asked_for_opens_nothing(self):
        def script(s):
            accept(s, "Sec-WebSocket-Protocol: chat")
            s.recv(65536)
        for asked, status in (((), 502), (("Sec-WebSocket-Protocol: other",), 502),
                              (("Sec-WebSocket-Protocol: other, chat",), 101)):
            self.play(script)
            with self.subTest(asked=asked), self.open(fields=asked) as ws:
                self.assertEqual(ws.status, status)
        self.refused("ws-subprotocol")

    def test_s6_a_reader_that_stops_stops_the_writer(self):
        """Both ways: what nobody reads is not piled up in the gateway."""
        go, total = threading.Event(), []

        def script(s):
            accept(s)
            go.wait(20)
            while part := s.recv(65536):
                total.append(len(part))
        self.play(script)
        with self.open() as ws:
            ws.sock.settimeout(1)
            block, sent = frame(b"z" * 65536, BINARY), 0
            try:
                while sent < 64 << 20:
                    ws.sendall(block)
                    sent += len(block)
            except TimeoutError:
                pass
            self.assertLess(sent, 48 << 20, "the gateway took all of it")
            self.assertGreater(sent, 0)
            go.set()
            wait_for(lambda: sum(total) > sent // 2, 20, "the bytes go on when the origin reads")

    def test_s6_a_slow_client_holds_the_origin_back(self):
        sent = []

        def script(s):
            accept(s)
            block = frame("y" * 65000, mask=False)
            s.settimeout(2)
            try:
                while sum(sent) < 64 << 20:
                    s.sendall(block)
                    sent.append(len(block))
            except TimeoutError:
                pass
        self.play(script)
        with self.open() as ws:
            time.sleep(3)
            self.assertLess(sum(sent), 48 << 20, "the gateway took all of it")
            self.assertEqual(ws.read(), "y" * 65000)

    def test_what_comes_with_the_answer_is_read_too(self):
        def script(s):
            accept(s)
            s.sendall(b"".join(frame(f"early {i}", mask=False) for i in range(2000)))
            while s.recv(65536):
                pass
        self.play(script)
        with self.open() as ws:
            self.assertEqual([ws.read() for _ in range(2000)], [f"early {i}" for i in range(2000)])

    def test_a_block_waits_for_the_end_of_the_origins_message(self):
        step = threading.Event()

        def script(s):
            accept(s)
            s.sendall(frame("first half, ", TEXT, fin=False, mask=False))
            step.wait(10)
            time.sleep(0.5)
            s.sendall(frame("second half", 0, mask=False) + frame("not wanted any more", mask=False))
            while s.recv(65536):
                pass
        self.play(script)
        with self.open() as ws:
            self.assertEqual(ws.read_frame()[1], b"first half, ")
            ws.send("my card: " + CARD)
            step.set()
            self.assertEqual(ws.read_frame()[1], b"second half")
            self.assertIn("promptgate", ws.read())
            self.assertEqual(ws.read()[0], 1008)


class WebSocketsOverH2(SocketTest):
    def test_s3_turns_pass_and_are_recorded(self):
        h2 = websockets_over_h2(self)
        for number, (extensions, query) in enumerate(((None, ""), (DEFLATE, ""), (DEFLATE, "?takeover=0"), (DEFLATE, "?fragment=7"))):
            ws = Stream(h2, 2 * number + 1, CODEX + query, extensions=extensions)
            self.assertEqual(ws.status, 200)
            for j in (1, 3):
                text = f"stream {number} with {j} fragments"
                self.check_turn(ws, text, j)
                a = self.prompt_of(text)[0]
                self.assertEqual((a["http"]["version"], a["http"]["status"]), ("2", 200))
            ws.close(1000)
            self.assertEqual(ws.read()[0], 1000)
            self.assertEqual((ws.recv(), ws.ended), (b"", "end"))
        h2.close()

    def test_one_stream_is_blocked_the_others_go_on(self):
        h2 = websockets_over_h2(self)
        one, two = Stream(h2, 1, CODEX, extensions=DEFLATE), Stream(h2, 3, CODEX)
        h2.send(wire.headers(5, wire.request_fields("/headers")))
        one.send(turn("card " + CARD), 3)
        self.assertEqual(json.loads(one.read())["error"]["code"], "blocked_by_policy")
        self.assertEqual(one.read()[0], 1008)
        one.close(1008)
        self.assertEqual((one.recv(), one.ended), (b"", "end"))
        self.check_turn(two, "unharmed")
        self.assertEqual(h2.outcome(5)[0], 200)
        self.assertEqual(self.arrived("4111"), [])
        h2.close()

    def test_refusals(self):
        h2 = websockets_over_h2(self)
        self.assertEqual(Stream(h2, 1, "/api/auth/session").status, 403)
        self.assertEqual(Stream(h2, 3, EVENTS + "?status=404").status, 404)
        h2.send(wire.headers(5, [(":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "https"), (":path", EVENTS),
                                 (":authority", "chatgpt.com")], end=False))
        self.assertIn(b"ws-protocol", h2.outcome(5)[1])
        self.refused("websocket-not-allowed")
        self.refused("ws-protocol")
        ws = Stream(h2, 7, EVENTS)
        ws.sendall(frame("x", mask=False))
        self.assertEqual(ws.read()[0], 1002)
        self.assertEqual((ws.recv(), ws.ended), (b"", "end"))
        h2.close()

    def test_big_messages_and_floods_share_the_connection(self):
        h2 = websockets_over_h2(self)
        ws = Stream(h2, 1, f"{EVENTS}?flood={4 << 20}")
        self.assertEqual(len(ws.read()), 4 << 20)
        text = "".join(f"row {i}\n" for i in range(8000))
        ws.send(text, 3)
        self.assertEqual(ws.read(), text)
        h2.close()

    def test_a_stream_that_is_reset_ends_its_socket_only(self):
        h2 = websockets_over_h2(self)
        one, two = Stream(h2, 1, EVENTS), Stream(h2, 3, EVENTS)
        one.sendall(frame("half a mess", TEXT, fin=False))
        h2.send(wire.frame(wire.RST, 0, 1, struct.pack(">I", 8)))
        two.send("alive")
        self.assertEqual(two.read(), "alive")
        two.end()
        self.assertEqual((two.recv(), two.ended), (b"", "end"))
        h2.close()

    def test_what_comes_before_the_answer_is_judged_too(self):
        h2 = websockets_over_h2(self)
        early = wire.frame(wire.DATA, 0, 1, frame(turn("early card " + CARD)))
        ws = Stream(h2, 1, CODEX, behind=early)
        self.assertEqual(ws.status, 200)
        self.assertEqual(json.loads(ws.read())["error"]["code"], "blocked_by_policy")
        Stream(h2, 3, "/backend-api/elsewhere", behind=wire.frame(wire.DATA, 0, 3, frame("early and refused")))
        self.assertEqual(self.arrived("early"), [])
        h2.close()

    def test_an_h1_client_has_an_h1_origin(self):
        with Upgraded(self.gateway, CODEX) as ws:
            self.assertEqual(ws.status, 101)
            self.check_turn(ws, "by HTTP/1.1")

    def test_chromium_talks_through_it(self):
        seen = node("browser_socket.js", f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac", str(self.gateway.ca))
        self.assertIn("permessage-deflate", seen["passed"]["extensions"])
        self.assertEqual((seen["passed"]["code"], seen["passed"]["wasClean"]), (1000, True))
        self.assertEqual(sum("response.completed" in m for m in seen["passed"]["messages"]), 2)
        self.assertEqual((seen["blocked"]["code"], seen["blocked"]["wasClean"]), (1008, True))
        self.assertEqual(json.loads(seen["blocked"]["messages"][-1])["error"]["code"], "blocked_by_policy")
        self.assertEqual(seen["refused"]["code"], 1006)
        for text in ("a first turn", "a second turn", "a third turn"):
            self.assertEqual(self.prompt_of(text)[0]["http"]["version"], "2", "over the page's own connection")
        self.assertEqual(self.arrived("pay with"), [])


class WebSocketsBetweenVersions(SocketTest):
    """The origin would speak HTTP/2, the client is kept on HTTP/1.1."""
    settings = "capture: full\nalpn: client-h1"

    def test_the_upgrade_has_a_connection_of_its_own(self):
        with tls_through(self.gateway) as s:
            s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            self.assertEqual(json.loads(read_response(s)[1])["version"], "2.0")
            ws = Upgraded(self.gateway, CODEX, sock=s)
            self.assertEqual(ws.status, 101)
            self.check_turn(ws, "between the versions")


class WebSocketsOfAnOldOrigin(SocketTest):
    """Nothing is announced that the origin does not offer."""
    settings = "capture: full\nalpn: server-h1"

    def test_extended_connect_is_not_announced(self):
        h2 = wire.H2(wire.open_tls(self, "chatgpt.com", alpn=("h2",)))
        h2.send(wire.frame(wire.SETTINGS, wire.ACK) + wire.headers(1, wire.request_fields("/headers")))
        self.assertEqual(h2.outcome(1)[0], 200)
        settings = b"".join(f[3] for f in h2.frames if f[0] == wire.SETTINGS)
        self.assertNotIn(b"\0\x08", [settings[at:at + 2] for at in range(0, len(settings), 6)])
        h2.send(wire.headers(3, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", EVENTS),
                                 (":authority", "chatgpt.com"), ("sec-websocket-version", "13")], end=False))
        self.assertEqual(h2.outcome(3)[2], "rst-1")
        h2.close()
        with Upgraded(self.gateway, CODEX) as ws:
            self.check_turn(ws, "by an upgrade")


if __name__ == "__main__":
    unittest.main()
