"""What the gateway stores of live exchanges is what replay makes of a capture
of the same ones."""
import json
import pathlib
import subprocess
import unittest
import uuid

from exchanges import CARD, KEY, dumps, encode, entry, har, message, prompt, token
from gateway import BINARY, GatewayTest, wait_for

KEYS = ("service", "activity", "category", "outcome", "conversation_id", "message_id", "parent_message_id", "model",
        "project_id", "update", "attempts", "complete", "text", "files", "findings", "verdict", "rule", "failure")


class LiveAndReplay(GatewayTest):
    settings = "capture: full"

    def exchanges(self):
        """(host, path, body, headers) of a few of every kind."""
        c, mark = str(uuid.uuid4()), uuid.uuid4().hex[:8]
        file = {"id": "file-1", "name": "q3.xlsx", "size": 7, "mime_type": "text/csv"}
        image = {"asset_pointer": "sediment://file_00ab", "size_bytes": 9}
        chat = {"model": "gpt-4o", "stream": True, "messages": [
            {"role": "system", "content": "brief"}, {"role": "user", "content": f"api {mark}"}]}
        web = [prompt(message("first 👋 turn", f"{mark}-1")),
               prompt(message("follow-up", f"{mark}-2"), parent="p-1", conversation_id=c),
               prompt(message("edit", f"{mark}-3"), parent="p-1", conversation_id=c),
               prompt(message("again", f"{mark}-3b"), parent="p-1", conversation_id=c, action="variant"),
               prompt(message(f"pay {CARD}", f"{mark}-4")), prompt(message(KEY, f"{mark}-5")),
               prompt(message("", f"{mark}-6", parts=["4111 1111", "1111 1111"])),
               prompt(message("see", f"{mark}-7", metadata={"attachments": [file], "targeted_reply": "quoted"})),
               prompt(message("", f"{mark}-8", parts=[image, "what?", 7, None])),
               prompt(message("sys", f"{mark}-9s", "system"), message("two", f"{mark}-9"))]
        plain = {"content-type": "application/json", "accept": "text/event-stream",
                 "authorization": token("ana@example.com")}
        out = [("chatgpt.com", "/backend-api/f/conversation", dumps(b).encode(), plain) for b in web]
        out += [("chatgpt.com", "/backend-api/conversation", encode(dumps(prompt(message("packed", f"{mark}-{e}"))
                 ).encode(), e), plain | {"content-encoding": e}) for e in ("gzip", "br", "zstd", "deflate")]
        out += [("chatgpt.com", "/backend-api/f/conversation", b'{"action":"next","messages":[{"id":"', plain),
                ("chatgpt.com", f"/backend-api/unknown/{mark}?q=1", dumps({"note": f"hello {mark}"}).encode(), plain),
                ("chatgpt.com", "/backend-api/f/conversation/prepare",
                 dumps({"partial_query": message("draft", f"{mark}-d")}).encode(), plain),
                ("api.openai.com", "/v1/chat/completions", dumps(chat).encode(), plain)]
        return out

    def send(self, host, path, body, headers, number):
        """The answer's status, type and bytes, as a HAR entry keeps them."""
        file = self.folder / f"body-{number}"
        file.write_bytes(body)
        fields = [x for n, v in headers.items() for x in ("-H", f"{n}: {v}")]
        got = self.folder / f"answer-{number}"
        said = self.curl(f"https://{host}{path}", "--http2" if number % 2 else "--http1.1", "-X", "POST", *fields,
                         "--data-binary", f"@{file}", "-o", got, "-w", "%{http_code} %{content_type}")
        status, _, kind = said.partition(" ")
        return entry(f"https://{host}{path}", body, got.read_bytes(), kind=None, fields=headers, status=int(status),
                     answer_kind=kind, second=number, version="HTTP/2" if number % 2 else "HTTP/1.1", is_base64=True,
                     is_answer_base64=True)

    @staticmethod
    def comparable(activity):
        made = {k: activity.get(k) for k in KEYS}
        made["http"] = {k: activity["http"].get(k) for k in ("method", "host", "path", "status", "request_bytes")}
        made["actor"] = {k: activity["actor"].get(k) for k in ("account", "workspace", "device")}
        return json.dumps(made, sort_keys=True)

    def test_replay_of_a_capture_is_what_was_stored(self):
        entries = []
        for number, exchange in enumerate(self.exchanges()):
            before = len(self.gateway.activities())
            entries.append(self.send(*exchange, number))
            wait_for(lambda: len(self.gateway.activities()) > before, 10, f"activity of exchange {number}")
        path = pathlib.Path(self.folder) / "live.har"
        path.write_text(json.dumps(har(entries)))
        done = subprocess.run([BINARY, "replay", "-c", self.gateway.config, path], stdout=subprocess.PIPE, check=True)
        replayed = sorted(self.comparable(json.loads(line)) for line in done.stdout.splitlines())
        self.assertGreater(len(replayed), 25)

        def stored():
            return sorted(map(self.comparable, self.gateway.activities()))
        try:
            wait_for(lambda: stored() == replayed, 10, "the same activities")
        except AssertionError:
            self.assertEqual([json.loads(a) for a in stored()], [json.loads(a) for a in replayed])


if __name__ == "__main__":
    unittest.main()
