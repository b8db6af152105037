"""Searching all that a gateway keeps and holds for what it must not: its files,
what it says of itself, and the memory of its roles."""
import pathlib
import re
import subprocess

from gateway import GatewayTest, wait_for

SECONDS = 30


class Searched(GatewayTest):
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

    def places(self, needles):
        """Where in the roles' memory one of the needles is."""
        found = []
        for pid, role in self.gateway.roles().items():
            for line, data in self.memory(pid):
                found += [(role, line, n.decode(), data[max(0, data.find(n) - 200):data.find(n) + 90])
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
        """In the store, its journal, the log, evidence, metrics: none of them."""
        listed = self.metrics_text()
        self.assertEqual([n for n in needles if n in listed], [])
        files = self.files()
        self.assertTrue(any("store" in p.parts for p in files))
        self.assertEqual([(str(p), n) for p in files for n in needles if n in p.read_bytes()], [])

    def check_nowhere(self, needles):
        """Whoever has an answer's last byte may be ahead of the end of the exchange."""
        self.check_files(needles)
        found = []

        def look():
            found[:] = self.places(needles)
            return not found
        try:
            wait_for(look, SECONDS, "nothing in memory")
        except AssertionError:
            self.assertEqual(found, [])
            raise
