"""Searching all that a gateway keeps and holds for what it must not: its files,
its evidence (opened: all that can be kept is), what it says of itself, and the
memory of its processes, the parent's too."""
import pathlib
import re
import subprocess
import tempfile

from gateway import BINARY, CARD, GatewayTest, wait_for

SECONDS = 30

# RFC 7541, appendix B: how a digest's digits travel in the head of HTTP/2.
HUFFMAN = dict(zip("012ac3456789bdef", "00000 00001 00010 00011 00100 011001 011010 011011 011100 011101 011110 011111 "
                   "100011 100100 00101 100101".split()))


def packed(digest):
    """The bytes of a digest in a head, wherever in a byte it begins."""
    bits = "".join(HUFFMAN[c] for c in digest)
    whole = (bits[at:at + (len(bits) - at) // 8 * 8] for at in range(8))
    return [int(part, 2).to_bytes(len(part) // 8, "big") for part in whole]


class Searched(GatewayTest):
    settings = "capture: full\nlog: {level: debug}\n"

    @classmethod
    def setUpClass(cls):
        keys = tempfile.TemporaryDirectory(prefix="pg-keys-")
        cls.addClassCleanup(keys.cleanup)
        cls.key = pathlib.Path(keys.name) / "investigator"
        subprocess.run([BINARY, "evidence", "keygen", cls.key], check=True, stdout=subprocess.DEVNULL)
        cls.settings = (f"{Searched.settings}evidence: {{public_key: {cls.key}.pub, keep: all, min_severity: low, "
                        "text: whole, max_bytes: 65536}\n")
        super().setUpClass()

    def evidence(self):
        """All that was sealed, opened."""
        ids = [a["id"] for a in self.gateway.activities("--since", "1h") if a.get("evidence")]
        done = subprocess.run([BINARY, "evidence", "open", "-c", self.gateway.config, "--key", self.key, *ids], check=True,
                              stdout=subprocess.PIPE, timeout=60)
        return done.stdout

    def check_evidence(self, needles):
        """Of what may be kept there is some."""
        message, _ = self.send_prompt(f"pay with {CARD} please")
        self.activity(message)
        opened = wait_for(lambda: (found := self.evidence()) and CARD.encode() in found and found, SECONDS, "evidence")
        self.assertEqual([n for n in needles if n in opened], [])

    def processes(self):
        return {**self.gateway.roles(), self.gateway.process.pid: "parent"}

    @staticmethod
    def memory(pid):
        """The readable memory of a process, piece by piece."""
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
                if not found or "[v" in line:
                    continue
                start, end = (int(x, 16) for x in found.groups())
                try:
                    mem.seek(start)
                    yield line.strip(), mem.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue

    def places(self, needles, but=()):
        """Where in the processes' memory one of the needles is; not looked for in roles of the kinds `but`."""
        found = []
        for pid, role in self.processes().items():
            if role.startswith(tuple(but)):
                continue
            for line, data in self.memory(pid):
                found += [(role, line, n, data[max(0, data.find(n) - 200):data.find(n) + 90])
                          for n in needles if n in data]
        return found

    def files(self):
        folders = [self.gateway.data, self.gateway.folder]
        return {p for folder in folders for p in pathlib.Path(folder).rglob("*")
                if p.is_file() and "conf" not in p.parts and not p.name.startswith("standin")}

    def metrics_text(self):
        return subprocess.run(["curl", "-sf", f"http://127.0.0.1:{self.gateway.metrics_port}/metrics"], check=True,
                              stdout=subprocess.PIPE).stdout

    def check_files(self, needles):
        """In the store, its journal, the log, evidence, metrics, core files: none of them."""
        listed = self.metrics_text()
        self.assertEqual([n for n in needles if n in listed], [])
        files = self.files()
        self.assertTrue(any("store" in p.parts for p in files))
        self.assertEqual([(str(p), n) for p in files for n in needles if n in p.read_bytes()], [])

    def check_nowhere(self, needles, but=()):
        """Whoever has an answer's last byte may be ahead of the end of the exchange."""
        self.check_files(needles)
        self.check_evidence(needles)
        found = []

        def look():
            found[:] = self.places(needles, but)
            return not found
        try:
            wait_for(look, SECONDS, "nothing in memory")
        except AssertionError:
            self.assertEqual(found, [])
            raise
