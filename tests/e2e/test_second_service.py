"""The worked example of docs/services.md, as it stands there: promptgate check
accepts it, and prompts and answers in the shapes of Anthropic's public
documentation come out of replay."""
import base64
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from exchanges import CARD, dumps, entry, har
from gateway import BINARY, ROOT
from test_replay import activity_problem

URL = "https://api.anthropic.com/v1/messages"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def example():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/services.md").read_text(), re.DOTALL)
    found = [b for b in blocks if b.startswith("service: anthropic")]
    assert len(found) == 1
    return found[0]


def ask(*messages, **more):
    return dumps({"model": "claude-x", "max_tokens": 64, "messages": list(messages), **more})


def user(content):
    return {"role": "user", "content": content}


def stream(*events):
    return "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in events)


def begin(index, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def piece(index, kind, **more):
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


def message(content, **more):
    return {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-x-1", "content": content,
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1}, **more}


def streamed(*pieces, is_whole=True):
    events = [{"type": "message_start", "message": message([])}, {"type": "ping"}, *pieces]
    if is_whole:
        events += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
                   {"type": "message_stop"}]
    return stream(*events)


HELLO = [begin(0, type="text", text=""), piece(0, "text_delta", text="Bon"), piece(0, "text_delta", text="jour 👋"),
         {"type": "content_block_stop", "index": 0}]
TOOLS = [begin(0, type="thinking", thinking=""), piece(0, "thinking_delta", thinking="hm"),
         begin(1, type="text", text=""), piece(1, "text_delta", text="I look"),
         begin(2, type="tool_use", id="toolu_1", name="search", input={}),
         piece(2, "input_json_delta", partial_json='{"q":'), piece(2, "input_json_delta", partial_json=' "x"}'),
         begin(3, type="text", text=""), piece(3, "text_delta", text="it up.")]


class SecondService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="pg-second-")
        cls.folder = pathlib.Path(cls.temporary.name)
        shutil.copytree(ROOT / "conf", cls.folder / "conf")
        (cls.folder / "conf/services/anthropic.yaml").write_text(example())
        cls.config = cls.folder / "conf/promptgate.yaml"
        cls.config.write_text(f"data_dir: {cls.folder}/data\nrun_as: nobody\npolicy: policy.yaml\n"
                              "detectors: [detectors/]\nservices: [services/chatgpt.yaml, services/openai-api.yaml, "
                              "services/anthropic.yaml]\n")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def run_it(self, *args):
        done = subprocess.run([BINARY, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check(self, entries, *expected):
        path = self.folder / "one.har"
        path.write_text(json.dumps(har(entries)))
        for sizes in ((), ("--chunk", "1"), ("--chunk", "7,3,1")):
            out = self.run_it("replay", "-c", self.config, *sizes, path)
            got = [json.loads(line) for line in out.splitlines()]
            problems = [p for p in map(activity_problem, expected, got) if p]
            self.assertEqual((len(got), problems), (len(expected), []), dumps(got, indent=1))

    def test_check_accepts_it(self):
        self.run_it("check", "-c", self.config)

    def test_a_prompt_and_its_streamed_answer_come_out(self):
        body = ask(user("first"), {"role": "assistant", "content": "well"}, user([{"type": "text", "text": "Hello"}]),
                   system="be brief", stream=True)
        self.check([entry(URL, body, streamed(*HELLO))],
                   {"activity": "prompt.created", "service": "anthropic", "content": "Hello", "model": "claude-x",
                    "hidden": "first\nwell\nbe brief", "verdict": "allow", "outcome": "success"},
                   {"activity": "response.generated", "content": "Bonjour 👋", "hidden": None, "message_id": "msg_01",
                    "model": "claude-x-1", "complete": True})

    def test_an_answer_in_one_body_comes_out(self):
        answer = message([{"type": "text", "text": "one"}, {"type": "tool_use", "id": "t", "name": "n",
                          "input": {"q": "x"}}, {"type": "text", "text": "two"}], stop_reason="end_turn")
        self.check([entry(URL, ask(user("Hello")), dumps(answer), answer_kind="application/json")],
                   {"activity": "prompt.created", "content": "Hello"},
                   {"activity": "response.generated", "content": "one\ntwo", "hidden": "x", "message_id": "msg_01",
                    "complete": True})

    def test_reasoning_and_tools_are_hidden_and_blocks_are_parts(self):
        self.check([entry(URL, ask(user("Hello"), stream=True), streamed(*TOOLS))],
                   {"activity": "prompt.created"},
                   {"activity": "response.generated", "content": "I look\nit up.", "hidden": 'hm\n{"q": "x"}',
                    "complete": True})

    def test_a_stream_that_breaks_off_is_not_complete(self):
        self.check([entry(URL, ask(user("Hello"), stream=True), streamed(*HELLO[:2], is_whole=False))],
                   {"activity": "prompt.created"},
                   {"activity": "response.generated", "content": "Bon", "complete": False})

    def test_a_file_inside_the_message_is_an_attachment(self):
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
        self.check([entry(URL, ask(user([{"type": "image", "source": source}, {"type": "text", "text": "what?"}])),
                          streamed(*HELLO))],
                   {"activity": "prompt_with_file.created", "content": "what?",
                    "files": [{"bytes": len(PNG), "sha256": hashlib.sha256(PNG).hexdigest()}]},
                   {"activity": "response.generated"})

    def test_a_card_is_blocked_and_an_error_is_no_answer(self):
        refusal = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        self.check([entry(URL, ask(user(f"pay {CARD}")), "", status=0),
                    entry(URL, ask(user("later")), dumps(refusal), answer_kind="application/json", status=529)],
                   {"activity": "prompt.created", "verdict": "block", "outcome": "failure"},
                   {"activity": "prompt.created", "verdict": "allow", "outcome": "failure"})

    def test_a_file_sent_is_an_upload(self):
        body = ('--b\r\nContent-Disposition: form-data; name="file"; filename="q3.csv"\r\nContent-Type: text/csv\r\n'
                "\r\na;b\r\n--b--\r\n")
        self.check([entry("https://api.anthropic.com/v1/files", body, '{"id":"file_1"}', answer_kind="application/json",
                          kind="multipart/form-data; boundary=b")],
                   {"activity": "file.uploaded", "files": [{"name": "q3.csv", "bytes": 3}]})


if __name__ == "__main__":
    unittest.main()
