"""Big bodies at flat memory, many streams, and every pair of versions:
HTTP/1.1 and HTTP/2 on either side."""
import json
import pathlib
import subprocess
import threading
import unittest

from gateway import CARD, GatewayTest

MIB = 1 << 20
BIG = 1024 * MIB  # flat memory shows at this size


def rss(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


class Watch:
    """The largest memory of the workers while something runs."""

    def __init__(self, gateway):
        self.pids, self.peak, self.stop = list(gateway.roles("worker")), 0, threading.Event()
        self.start = sum(map(rss, self.pids))

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def look(self):
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, sum(map(rss, self.pids)))

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    @property
    def growth(self):
        return self.peak - self.start


class Pairs:
    """What must hold for each pair; the subclasses choose it."""
    versions = ("--http1.1", "--http2")

    def test_s4_a_gigabyte_down_at_flat_memory(self):
        for version in self.versions:
            with Watch(self.gateway) as watch:
                out = self.curl(f"https://chatgpt.com/download?bytes={BIG}", version, "-o", "/dev/null",
                                "-w", "%{size_download} %{http_version}", "--max-time", "120")
            self.assertEqual(int(out.split()[0]), BIG)
            self.assertLess(watch.growth, 48 * MIB, version)

    def test_s4_a_gigabyte_up_at_flat_memory(self):
        for version in self.versions:
            with Watch(self.gateway) as watch:
                sender = subprocess.Popen(["head", "-c", str(BIG), "/dev/zero"], stdout=subprocess.PIPE)
                out = subprocess.run(
                    ["curl", "-sS", "--cacert", self.gateway.ca, "-x",
                     f"http://127.0.0.1:{self.gateway.proxy_port}", version, "-T", "-", "--max-time", "120",
                     "-H", "x-ms-blob-type: BlockBlob", "-H", "content-type: application/octet-stream",
                     "https://files.oaiusercontent.com/files/big/raw?sig=x"],
                    stdin=sender.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                sender.stdout.close()
                sender.wait()
            self.assertIn(f'"bytes":{BIG}', out.stdout, out.stderr)
            self.assertLess(watch.growth, 48 * MIB, version)

    def test_64_streams_at_once(self):
        for version in self.versions:
            before = len(self.standin.seen())
            config = "".join(
                f'next\nurl = "https://chatgpt.com/backend-api/conversation"\noutput = "{self.folder}/out-{i}"\n'
                f'cacert = "{self.gateway.ca}"\nproxy = "http://127.0.0.1:{self.gateway.proxy_port}"\n'
                f'header = "content-type: application/json"\n'
                "data = " + json.dumps(json.dumps(self.prompt(f"stream {i}"))) + "\n" for i in range(64))
            path = self.folder / "curl.config"
            path.write_text(config.removeprefix("next\n"))
            subprocess.run(["curl", "-sS", "--parallel", "--parallel-max", "64", version, "--max-time", "60",
                            "-K", path], check=True)
            for i in range(64):
                self.assertIn("[DONE]", (self.folder / f"out-{i}").read_text())
            self.assertEqual(len(self.standin.seen()) - before, 64)

    def test_heads_without_bodies_and_trailers(self):
        for version in self.versions:
            for status in (204, 304):
                self.assertEqual(self.status(f"https://chatgpt.com/status/{status}", version), status)
            head = self.curl("https://chatgpt.com/anything", version, "-I")
            self.assertIn("x-standin: head", head.lower())
            self.assertIn("content-length: 1234", head.lower())
            self.assertIn("with trailers", self.curl("https://chatgpt.com/trailers", version))

    def test_a_block_on_this_pair(self):
        for version in self.versions:
            before = len(self.standin.seen())
            _, answer = self.send_prompt("card " + CARD, version)
            self.assertIn("promptgate", answer)
            self.assertEqual(len(self.standin.seen()), before)

    def test_an_oversized_prompt_is_refused_not_waved_through(self):
        for version in self.versions:
            before = len(self.standin.seen())
            path = self.folder / "huge.json"
            path.write_text(json.dumps(self.prompt("x" * (9 * MIB))))
            out = self.curl("https://chatgpt.com/backend-api/conversation", version, "-H",
                            "content-type: application/json", "-H", "Expect:", "--data-binary", f"@{path}",
                            "-w", "\n%{http_code}", check=False)
            self.assertEqual(out.splitlines()[-1], "403")
            self.assertEqual(len(self.standin.seen()), before)


class Mirrored(Pairs, GatewayTest):
    pass


class ClientH1(Pairs, GatewayTest):
    settings = "alpn: client-h1"


class ServerH1(Pairs, GatewayTest):
    settings = "alpn: server-h1"


if __name__ == "__main__":
    unittest.main()
