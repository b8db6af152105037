"""The gate: what is held, how much, what of a refused body can reach the
origin, and how a refusal looks to each kind of client."""
import json
import os
import signal
import socket
import threading
import time
import unittest
import uuid

from gateway import CARD, GatewayTest, certs, wait_for
from raw import read_head, read_response, tls_through

MIB = 1 << 20


class Shapes(GatewayTest):
    def block(self, *args, path="/backend-api/conversation", host="chatgpt.com", body=None, **more):
        before = len(self.standin.seen())
        body = body if body is not None else json.dumps(self.prompt("card " + CARD, **more))
        out = self.curl(f"https://{host}{path}", *args, "-d", body, "-D", "-",
                        "--suppress-connect-headers")
        self.assertEqual(len(self.standin.seen()), before, "something left")
        head, text = out.replace("\r", "").split("\n\n", 1)
        return head.lower(), text

    JSON = ("-H", "content-type: application/json")
    SSE = ("-H", "accept: text/event-stream")

    @staticmethod
    def events(text):
        found = []
        for block in text.strip().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            found.append((lines.get("event"), lines["data"]))
        return found

    def complete_notice(self, notice):
        self.assertIn("promptgate", notice)
        self.assertIn("no-payment-cards", notice)
        self.assertIn("This looks like a payment-card number.", notice)
        self.assertIn("Please remove", notice)
        number = notice.split("Activity: ")[1].split()[0]
        a = wait_for(lambda: [a for a in self.gateway.activities() if a["id"] == number and a.get("outcome")], 5,
                     "the activity named in the notice")
        self.assertEqual(a[0]["verdict"], "block")

    def test_an_event_stream_in_delta_encoding(self):
        for version in ("--http1.1", "--http2"):
            head, text = self.block(version, *self.JSON, *self.SSE, supported_encodings=["v1"],
                                    conversation_id="11111111-2222-4333-8444-555555555555")
            self.assertIn(" 200", head.splitlines()[0])
            self.assertIn("content-type: text/event-stream", head)
            events = self.events(text)
            self.assertEqual(events[0], ("delta_encoding", '"v1"'))
            delta = json.loads(events[1][1])
            self.assertEqual(events[1][0], "delta")
            message = delta["v"]["message"]
            self.assertEqual(message["author"]["role"], "assistant")
            self.assertEqual(message["status"], "finished_successfully")
            self.assertEqual(delta["v"]["conversation_id"], "11111111-2222-4333-8444-555555555555")
            self.complete_notice(message["content"]["parts"][0])
            self.assertEqual(json.loads(events[-2][1])["type"], "message_stream_complete")
            self.assertEqual(events[-1][1], "[DONE]")

    def test_an_event_stream_in_the_legacy_encoding(self):
        head, text = self.block(*self.JSON, *self.SSE)
        self.assertIn("content-type: text/event-stream", head)
        events = self.events(text)
        self.complete_notice(json.loads(events[0][1])["message"]["content"]["parts"][0])
        self.assertEqual(events[-1][1], "[DONE]")

    def test_a_json_error_that_no_client_repeats(self):
        head, text = self.block(*self.JSON, "-H", "accept: application/json")
        self.assertIn(" 403", head.splitlines()[0])
        self.assertNotIn("retry-after", head)
        self.complete_notice(json.loads(text)["detail"])

    def test_the_public_api_gets_its_own_error(self):
        body = json.dumps({"model": "gpt-4o", "stream": True,
                           "messages": [{"role": "user", "content": "card " + CARD}]})
        head, text = self.block(*self.JSON, path="/v1/chat/completions", host="api.openai.com", body=body)
        self.assertIn(" 403", head.splitlines()[0])
        error = json.loads(text)["error"]
        self.assertEqual(error["code"], "blocked_by_policy")
        self.complete_notice(error["message"])
        body = json.dumps({"model": "gpt-4o", "input": "card " + CARD})
        head, text = self.block(*self.JSON, path="/v1/responses", host="api.openai.com", body=body)
        self.complete_notice(json.loads(text)["error"]["message"])

    def test_a_navigation_gets_a_page(self):
        before = len(self.standin.seen())
        page = self.curl("https://chatgpt.com/?q=my+card+4111+1111+1111+1111", "-H", "sec-fetch-mode: navigate", "-H",
                         "accept: text/html,*/*", "-D", "-")
        self.assertEqual(len(self.standin.seen()), before)
        self.assertIn("text/html", page.lower())
        self.complete_notice(page.split("<h1>")[1].replace("</p>", " "))

    def test_a_form_is_refused(self):
        head, _ = self.block("-H", "content-type: application/x-www-form-urlencoded", path="/backend-api/unknown",
                             body="text=my+card+4111%201111+1111+1111&x=1")
        self.assertIn(" 403", head.splitlines()[0])

    def test_a_multipart_form_and_binary_bodies_are_searched(self):
        boundary = "x" * 20
        multipart = (f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\ncard {CARD}\r\n'
                     f'--{boundary}--\r\n')
        head, _ = self.block("-H", f"content-type: multipart/form-data; boundary={boundary}",
                             path="/backend-api/unknown", body=multipart)
        self.assertIn(" 403", head.splitlines()[0])
        path = self.folder / "binary"
        path.write_bytes(os.urandom(2000) + f" card {CARD} ".encode() + os.urandom(2000))
        before = len(self.standin.seen())
        out = self.curl("https://chatgpt.com/backend-api/unknown", "-H", "content-type: application/octet-stream",
                        "--data-binary", f"@{path}", "-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual((out, len(self.standin.seen())), ("403", before))

    def test_a_page_of_another_origin_may_read_the_refusal(self):
        head, _ = self.block(*self.JSON, "-H", "origin: https://chat.openai.com")
        self.assertIn("access-control-allow-origin: https://chat.openai.com", head)
        self.assertIn("access-control-allow-credentials: true", head)

    def test_the_connection_goes_on_after_a_refusal(self):
        body = json.dumps(self.prompt("card " + CARD)).encode()
        with tls_through(self.gateway) as s:
            for _ in range(3):
                s.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: "
                          b"application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                self.assertIn(b" 403 ", read_response(s)[0])
                s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
                self.assertIn(b" 200 ", read_response(s)[0])


class Uploads(GatewayTest):
    HOST = "files.oaiusercontent.com"

    def upload(self, version, data, path="/files/{}/raw"):
        name = self.folder / "upload.bin"
        name.write_bytes(data)
        path = path.format(uuid.uuid4())
        out = self.curl(f"https://{self.HOST}{path}?sig=secret", version, "-T", str(name), "-H",
                        "content-type: text/plain", "-H", "x-ms-blob-type: BlockBlob", "-w", "\n%{http_code}",
                        check=False)
        seen = wait_for(lambda: [e for e in self.standin.seen() if e["path"] == path] or [None], 1, "")
        return out, seen[0], path

    def filler(self, n):
        return (b"an ordinary line of text, nothing to see\n" * (n // 41 + 1))[:n]

    def activity_of(self, path):
        return wait_for(lambda: [a for a in self.gateway.activities()
                                 if a.get("http", {}).get("path") == path and a.get("outcome")], 10, "the record")[0]

    def test_a_small_file_passes_or_is_refused_whole(self):
        for version in ("--http1.1", "--http2"):
            out, seen, path = self.upload(version, self.filler(100000))
            self.assertEqual((out.splitlines()[-1], seen["bytes"]), ("201", 100000))
            a = self.activity_of(path)
            self.assertEqual((a["activity"], a["outcome"], a["files"][0]["bytes"]), ("file.uploaded", "success", 100000))
            out, seen, path = self.upload(version, self.filler(50000) + b"card " + CARD.encode() + b"\n")
            self.assertEqual((out.splitlines()[-1], seen), ("403", None))
            self.assertEqual(self.activity_of(path)["verdict"], "block")

    def never_complete(self, version, data):
        size = len(data)
        out, seen, path = self.upload(version, data)
        self.assertNotEqual(out.splitlines()[-1], "201")
        time.sleep(0.3)
        seen = [e for e in self.standin.seen() if e["path"] == path]
        self.assertFalse([e for e in seen if not e.get("aborted")], "a complete body arrived")
        for e in seen:
            self.assertLess(e["bytes"], size)
        self.assertEqual(self.activity_of(path)["verdict"], "block")
        self.assertIn("findings", self.activity_of(path))

    def test_a_card_in_a_big_file_keeps_it_from_completing(self):
        big = 10 * MIB
        card = b" card " + CARD.encode() + b" \n"
        for version in ("--http1.1", "--http2"):
            for at in (0, big // 2, big - len(card)):
                data = bytearray(self.filler(big))
                data[at:at + len(card)] = card
                self.never_complete(version, bytes(data))

    def test_a_card_over_a_slice_border_is_found(self):
        step = 256 * 1024
        for shift in (5, 12):
            data = bytearray(self.filler(9 * MIB + 100))
            at = 8 * MIB + step - shift
            data[at:at + len(CARD) + 2] = b" " + CARD.encode() + b" "
            self.never_complete("--http1.1", bytes(data))

    def test_a_big_clean_file_arrives_whole(self):
        import hashlib
        data = self.filler(20 * MIB)
        for version in ("--http1.1", "--http2"):
            out, seen, path = self.upload(version, data)
            self.assertEqual(out.splitlines()[-1], "201")
            self.assertEqual(seen["sha256"], hashlib.sha256(data).hexdigest())
            self.assertEqual(self.activity_of(path)["verdict"], "allow")
            self.assertNotIn("secret", json.dumps(self.activity_of(path)))


class OversizeBlock(GatewayTest):
    settings = "hold: {max_bytes: 1000000, oversize: block}"

    def test_a_bigger_upload_is_refused_before_a_byte_leaves(self):
        path = self.folder / "upload.bin"
        path.write_bytes(b"a" * (3 * MIB))
        for version in ("--http1.1", "--http2"):
            before = len(self.standin.seen())
            out = self.curl("https://files.oaiusercontent.com/files/x/raw", version, "-T", str(path), "-o", "/dev/null",
                            "-w", "%{http_code}", check=False)
            self.assertEqual(out, "403")
            self.assertEqual(len(self.standin.seen()), before)


class Monitor(GatewayTest):
    settings = "capture: sample"
    policy = """
mode: monitor
default: allow
groups: {admins: []}
rules:
  - {name: no-cards, when: {direction: up, type: [credit-card]}, verdict: block, severity: high, message: "No."}
"""

    def test_what_would_be_blocked_goes_on_and_is_marked(self):
        message, answer = self.send_prompt("card " + CARD)
        self.assertIn("You said", answer)
        self.assertTrue([e for e in self.standin.seen() if e.get("message_id") == message])
        a = self.activity(message)
        self.assertEqual((a["verdict"], a["rule"], a["outcome"]), ("block", "no-cards", "success"))
        self.assertTrue(a.get("monitored") or a.get("mode") == "monitor", a)

    def test_a_reload_to_enforce_takes_effect_without_a_cut(self):
        with tls_through(self.gateway) as s:
            s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            read_response(s)
            policy = self.gateway.config.parent / "policy.yaml"
            policy.write_text(policy.read_text().replace("monitor", "enforce"))
            self.gateway.signal(1)
            try:
                wait_for(lambda: "promptgate" in self.send_prompt("card " + CARD)[1], 10, "enforcement")
                s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
                self.assertIn(b" 200 ", read_response(s)[0])
            finally:
                policy.write_text(policy.read_text().replace("enforce", "monitor"))
                self.gateway.signal(1)
                wait_for(lambda: "You said" in self.send_prompt("card " + CARD)[1], 10, "monitor again")

    def test_a_broken_reload_changes_nothing(self):
        policy = self.gateway.config.parent / "policy.yaml"
        good = policy.read_text()
        policy.write_text(good.replace("verdict: block", "verdict: coach"))
        try:
            before = self.gateway.metrics()["promptgate_reloads_failed_total"]
            self.gateway.signal(1)
            wait_for(lambda: self.gateway.metrics()["promptgate_reloads_failed_total"] > before, 10, "a refused reload")
            self.assertRegex(self.gateway.log(), r"policy\.yaml:\d+: .*coach")
            self.assertIn("You said", self.send_prompt("card " + CARD)[1])
        finally:
            policy.write_text(good)


class WithoutRoles(GatewayTest):
    """P6: what an intercepted host needs is away."""

    def test_p6_without_the_signer_nothing_in_scope_is_let_past(self):
        root = str(certs() / "root.pem")
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        seen = len(self.standin.seen())
        stopped = next(iter(self.gateway.roles("signer")))
        os.kill(stopped, signal.SIGSTOP)
        # Whoever believes the origin's own root only would get through a tunnel.
        for host in ("chatgpt.com", "api.openai.com"):
            with self.assertRaises(AssertionError):
                self.curl(f"https://{host}/headers", "--cacert", root, "--max-time", "8")
        self.assertEqual(len(self.standin.seen()), seen)
        # What is none of ours goes on.
        self.assertEqual(self.status("https://other.test/headers", "--cacert", root), 200)
        wait_for(lambda: stopped not in self.gateway.roles(), 20, "the watchdog")
        wait_for(lambda: self.curl("https://api.openai.com/headers", "-o", "/dev/null", "-w", "%{http_code}",
                                   check=False) == "200", 20, "service")


class HoldLimits(GatewayTest):
    settings = "workers: 1\nhold: {max_bytes: 4000000, connection_bytes: 4000000, worker_bytes: 4000000}"

    def start_body(self, size):
        """Sends all but the last byte of a prompt, as far as it is taken."""
        text = json.dumps(self.prompt("w" * size)).encode()
        s = tls_through(self.gateway)
        s.settimeout(10)
        s.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json"
                  b"\r\nContent-Length: %d\r\n\r\n" % len(text))
        return s, text

    def test_one_big_body_passes_though_the_bounds_are_small(self):
        s, text = self.start_body(3500000)
        with s:
            s.sendall(text)
            self.assertIn(b" 200 ", read_head(s)[0])

    def test_many_held_bodies_stay_within_the_bound_and_all_pass(self):
        n, size, done, errors = 12, 900000, [], []
        bodies = [self.start_body(size) for _ in range(n)]
        peak, stop = [0], threading.Event()

        def watch():
            while not stop.wait(0.02):
                peak[0] = max(peak[0], self.gateway.metrics().get("promptgate_held_bytes", 0))

        def send(s, text):
            try:
                s.settimeout(40)
                s.sendall(text[:-1])
                go.wait(30)
                s.sendall(text[-1:])
                done.append(b" 200 " in read_head(s)[0])
            except OSError as error:
                errors.append(error)
        go = threading.Event()
        watcher = threading.Thread(target=watch)
        watcher.start()
        threads = [threading.Thread(target=send, args=b) for b in bodies]
        [t.start() for t in threads]
        time.sleep(2)
        go.set()
        [t.join() for t in threads]
        stop.set()
        watcher.join()
        for s, _ in bodies:
            s.close()
        self.assertEqual((len(done), errors), (n, []))
        self.assertTrue(all(done))
        self.assertGreater(peak[0], 1000000)
        self.assertLess(peak[0], 4000000 + n * 300000)  # each may have a read or two under way
        wait_for(lambda: self.gateway.metrics()["promptgate_held_bytes"] == 0, 5, "nothing held any more")


if __name__ == "__main__":
    unittest.main()
