"""What the tests of faults (F1 to F55 of ../shared/facts/reliability.md, 4) have
in common: a gateway that starts in a moment, origins played by the test, and
after each test a look whether all is as before."""
import os
import pathlib
import re
import subprocess

from gateway import GatewayTest, wait_for
from raw import Origin
from test_bodies import rss

FEW = "detectors: [detectors/financial.yaml]\n"  # compiled in a moment
POLICY = """mode: enforce
default: allow
rules:
  - name: no-cards
    when: {direction: up, type: [credit-card]}
    verdict: block
    message: "Cards stay here."
"""
HOST = b"Host: chatgpt.com\r\n"


def worker_of(gateway, sock):
    """Pid of the worker that holds the other end of a socket, by `ss`."""
    port = sock.getsockname()[1]
    out = subprocess.run(["ss", "-tnpH", f"sport = :{gateway.proxy_port} and dport = :{port}"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"pid=(\d+)", out)[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class FaultTest(GatewayTest):
    """`origins` names hosts that the test plays: host -> options of raw.Origin;
    self.play(host, serve) says how its next connections are served."""
    settings, policy, origins = FEW, POLICY, {}

    @classmethod
    def own_origins(cls):
        cls.played, cls.servers = {}, {}
        for host, options in cls.origins.items():
            cls.servers[host] = Origin(lambda s, h=host: cls.played[h](s), **options)
        return {f"{host}:443": f"127.0.0.1:{server.port}" for host, server in cls.servers.items()}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for server in cls.servers.values():
            server.stop()

    def play(self, host, serve):
        self.played[host] = serve

    def memory(self):
        return sum(map(rss, self.gateway.roles("worker")))

    def held(self):
        """Descriptors by role."""
        return {kind: descriptors(pid) for pid, kind in self.gateway.roles().items() if kind != "worker"} | {
            f"worker {pid}": descriptors(pid) for pid in self.gateway.roles("worker")}

    def setUp(self):
        self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)
        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, 10, "nobody connected")
        self.roles_before, self.held_before = self.gateway.roles(), self.held() if os.geteuid() == 0 else {}

    def tearDown(self):
        """Service is normal, nobody has died, nothing is left over."""
        self.doCleanups()  # sockets of the test
        wait_for(lambda: self.status("https://chatgpt.com/status/200") == 200, 5, "service afterwards")
        self.assertEqual(self.gateway.roles(), self.roles_before)
        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, 10, "connections to end")
        if self.held_before:
            wait_for(lambda: all(n <= self.held_before[role] for role, n in self.held().items()), 5,
                     f"descriptors given back: {self.held_before}, {self.held()}")
