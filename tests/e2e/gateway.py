"""A gateway and a stand-in of its own for each test class, on loopback, with
at least two workers; ended by id.

    class Something(GatewayTest):
        settings = "capture: full"          # more YAML for promptgate.yaml
        def test_x(self):
            self.curl("https://chatgpt.com/")
"""
import atexit
import contextlib
import functools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("PROMPTGATE", ROOT / "build/promptgate"))
STANDIN = ROOT / "tests/standin"
START_SECONDS = 60  # seconds of work for the rules, shared with all that runs beside: a guard, not a promise
GUARD_SECONDS = 60
CARD = "4111 1111 1111 1111"

LOG_LINES, TOLD_ACTIVITIES, TOLD_CHARACTERS = 60, 8, 400  # of what a failure says

_certs = None
_started = []  # gateways, so that a failure can quote their logs


def certs():
    """The folder of the stand-in's certificates, made once a run."""
    global _certs
    if _certs is None:
        _certs = pathlib.Path(tempfile.mkdtemp(prefix="pg-certs-"))
        atexit.register(shutil.rmtree, _certs, True)
        subprocess.run(["sh", STANDIN / "make_certs.sh", _certs], check=True)
    return _certs


def free_port():
    """Below those that the system gives to clients: none of them takes it before the one it is for.  Nor does
    another test: a name without a file is held for each port for as long as this process lives."""
    while True:
        port = random.SystemRandom().randrange(10240, 32768)
        name = socket.socket(socket.AF_UNIX)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                name.bind(f"\0promptgate-test-port-{port}")
            except OSError:
                name.close()
                continue
        atexit.register(name.close)
        return port


def wait_for(check, seconds=GUARD_SECONDS, what="condition"):
    """What comes by itself.  `seconds` only end a wait that would be in vain, so they are never few, however
    short the usual wait; what must come in time is waited for by wait_within."""
    return wait_within(check, max(seconds, GUARD_SECONDS), what)


def wait_within(check, seconds, what="condition"):
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


class Standin:
    """The stand-in service (tests/standin) as a process."""

    def __init__(self, folder, cert="good", extra=()):
        self.port, self.clear_port = free_port(), free_port()
        self.journal = folder / f"standin-{self.port}.jsonl"
        self.journal.touch()
        self.process = subprocess.Popen(
            ["node", STANDIN / "standin.js", "--port", str(self.port), "--clear-port", str(self.clear_port),
             "--cert", certs() / f"{cert}.pem", "--key", certs() / f"{cert}.key",
             "--journal", self.journal, "--delay", "2", *extra], stdout=subprocess.DEVNULL)
        wait_for(lambda: can_connect(self.port), 10, "stand-in")

    def seen(self):
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Gateway:
    """`promptgate run` with a configuration and a data folder of its own."""
    prefix = ()  # of its command: prlimit, setpriv …

    def __init__(self, folder, resolve, settings="", policy=None, args=()):
        self.folder, self.args = folder, args
        self.proxy_port, self.console_port, self.metrics_port = free_port(), free_port(), free_port()
        self.data = folder / "data"
        conf = folder / "conf"
        if not conf.exists():
            shutil.copytree(ROOT / "conf", conf)
        if policy is not None:
            (conf / "policy.yaml").write_text(policy)
        self.config = conf / "promptgate.yaml"
        self.resolve, self.settings = resolve, settings
        self.write_config(settings)
        self.log_path = folder / "gateway.log"
        self.process = None
        self.listed = []  # activities, when last asked for

    def write_config(self, settings=""):
        resolve = ", ".join(f'"{k}": "{v}"' for k, v in self.resolve.items())
        base = {
            "listen": f'{{proxy: "127.0.0.1:{self.proxy_port}", console: "127.0.0.1:{self.console_port}", '
                      f'metrics: "127.0.0.1:{self.metrics_port}"}}',
            "data_dir": str(self.data), "workers": "2", "run_as": "nobody",
            "services": "[services/chatgpt.yaml, services/openai-api.yaml, services/openai-admin.yaml]", "detectors": "[detectors/]",
            "policy": "policy.yaml",
            "upstream": f"{{resolve: {{{resolve}}}, extra_roots: [{certs() / 'root.pem'}]}}",
        }
        given = {line.split(":")[0] for line in settings.splitlines() if line[:1].isalpha()}
        text = "".join(f"{k}: {v}\n" for k, v in base.items() if k not in given)
        self.config.write_text(text + settings + "\n")

    def start(self):
        said = len(self.log())
        if self not in _started:
            _started.append(self)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, BINARY, "run", "-c", self.config, *self.args], stdout=log, stderr=log)
        try:
            # A worker says ready before all roles are; one killed until then ends the start.
            wait_for(lambda: self.is_ready() and "role=parent event=ready " in self.log()[said:], START_SECONDS, "gateway ready")
        except AssertionError as error:
            self.stop()  # or it would run on
            raise AssertionError(f"{error}:\n{self.log()[-4000:]}") from None
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the gateway ended")
        done = subprocess.run(["curl", "-sf", "--max-time", "2", f"http://127.0.0.1:{self.proxy_port}/readyz"],
                              stdout=subprocess.DEVNULL)
        return done.returncode == 0 and (self.data / "ca/ca.pem").exists()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def check_health(self):
        """No role has crashed by itself, nor has a sanitizer spoken."""
        bad = re.findall(r".*(?:event=role\.ended.* signal=(?:4|6|7|8|11|31)\b|Sanitizer|runtime error:).*", self.log())
        if bad:
            raise AssertionError("\n".join(bad[:10]))

    @property
    def ca(self):
        return self.data / "ca/ca.pem"

    def roles(self, kind=None):
        """{pid: "worker-0" …} of the running roles."""
        out = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
                             stdout=subprocess.PIPE, text=True).stdout
        found = {}
        for line in out.splitlines():
            pid, *words = line.split()
            if "role" in words:
                at = words.index("role")
                found[int(pid)] = words[at + 1]
        return {p: k for p, k in found.items() if kind in (None, k)}

    def activities(self, *args):
        done = subprocess.run([BINARY, "activities", "-c", self.config, "--format", "json", *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError("activities: " + done.stderr)
        self.listed = [json.loads(line) for line in done.stdout.splitlines()]
        return self.listed

    def metrics(self):
        text = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{self.metrics_port}/metrics"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")}

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self, seconds=20):
        if self.process is None or self.process.poll() is not None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in self.roles():
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            raise


def shortened(value):
    if isinstance(value, dict):
        return {k: shortened(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shortened(v) for v in value]
    cut = isinstance(value, str) and len(value) > TOLD_CHARACTERS
    return f"{value[:TOLD_CHARACTERS]}… ({len(value)} characters)" if cut else value


def activities_in(trace):
    """Those that a variable of a failed test holds, the innermost call's first."""
    found = []
    while trace is not None:
        held = list(trace.tb_frame.f_locals.values())
        held += [v for one in held if isinstance(one, (list, tuple)) for v in one]
        found = [v for v in held if isinstance(v, dict) and {"id", "activity"} <= v.keys()] + found
        trace = trace.tb_next
    return list({json.dumps(a, sort_keys=True): a for a in found}.values())[:TOLD_ACTIVITIES]


class TellingTest(unittest.TestCase):
    """A failure holds what one needs to understand it without having it again:
    the activities it is about, and what the gateways have logged meanwhile."""

    def run(self, result=None):
        method = getattr(self, self._testMethodName)
        self.log_starts = {g.log_path: len(g.log()) for g in _started}
        for gateway in _started:
            gateway.listed = []

        @functools.wraps(method)
        def telling():
            with self.telling():
                method()
        setattr(self, self._testMethodName, telling)
        try:
            return super().run(result)
        finally:
            delattr(self, self._testMethodName)

    @contextlib.contextmanager
    def telling(self):
        try:
            yield
        except unittest.SkipTest:
            raise
        except Exception as error:
            if not hasattr(error, "__notes__"):  # of a subTest inside
                error.add_note("\n".join(self.told(error.__traceback__)))
            raise

    @contextlib.contextmanager
    def subTest(self, *args, **kwargs):
        with super().subTest(*args, **kwargs), self.telling():
            yield

    def told(self, trace):
        about = activities_in(trace)
        for gateway in () if about else _started:
            about += gateway.listed[-3:]
        for activity in about:
            yield "activity: " + json.dumps(shortened(activity), ensure_ascii=False)
        for gateway in _started:
            lines = gateway.log()[self.log_starts.get(gateway.log_path, 0):].splitlines()
            if lines:
                yield f"{gateway.log_path}, the last of {len(lines)} lines since the test began:"
                yield from lines[-LOG_LINES:]


class GatewayTest(TellingTest):
    settings, policy = "", None
    prefix = ()  # of the gateway's command
    cert, standin_args = "good", ()
    hosts = ("chatgpt.com:443", "chat.openai.com:443", "api.openai.com:443", "files.oaiusercontent.com:443",
             "other.test:443")

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-e2e-"))
        if os.geteuid() == 0:
            os.chmod(cls.folder, 0o755)
        cls.standin = Standin(cls.folder, cls.cert, cls.standin_args)
        resolve = {h: f"127.0.0.1:{cls.standin.port}" for h in cls.hosts}
        resolve |= {"chatgpt.com:80": f"127.0.0.1:{cls.standin.clear_port}",
                    "other.test:80": f"127.0.0.1:{cls.standin.clear_port}"}
        try:
            cls.gateway = Gateway(cls.folder, resolve | cls.own_origins(), cls.settings, cls.policy)
            cls.gateway.prefix = cls.prefix
            cls.gateway.start()
        except BaseException:
            cls.standin.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            cls.gateway.stop()
            cls.gateway.check_health()
        finally:
            cls.standin.stop()
            if os.environ.get("KEEP") is None:
                shutil.rmtree(cls.folder, True)

    @classmethod
    def own_origins(cls):
        """More for upstream.resolve: origins of the test's own, made here."""
        return {}

    # ---- clients ----

    def curl(self, url, *args, check=True, proxy=True, text=True):
        command = ["curl", "-sS", "--max-time", "30", "--cacert", self.gateway.ca]
        if proxy:
            command += ["-x", f"http://127.0.0.1:{self.gateway.proxy_port}"]
        done = subprocess.run([*command, *args, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"curl {url}: {done.returncode} {done.stderr.decode()}")
        return done.stdout.decode() if text else done.stdout

    def status(self, url, *args):
        return int(self.curl(url, "-o", "/dev/null", "-w", "%{http_code}", *args))

    @staticmethod
    def prompt(text, **more):
        body = {"action": "next", "messages": [{"id": str(uuid.uuid4()), "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [text]}, "metadata": {}}],
                "parent_message_id": "client-created-root", "model": "auto", **more}
        return body

    def send_prompt(self, text, *args, path="/backend-api/conversation", host="chatgpt.com", query="", **more):
        """Returns (message id, answer as text)."""
        body = self.prompt(text, **more)
        answer = self.curl(f"https://{host}{path}{query}", "-H", "content-type: application/json",
                           "-H", "accept: text/event-stream", "-d", json.dumps(body), *args)
        return body["messages"][0]["id"], answer

    def activity(self, message_id, name=None, seconds=GUARD_SECONDS):
        """The stored activity of a message, once its exchange is complete."""
        def look():
            for a in self.gateway.activities("--since", "1h"):
                if a.get("message_id") == message_id and name in (None, a["activity"]):
                    if a.get("outcome"):
                        return a
            return None
        return wait_for(look, seconds, f"activity of {message_id}")

    def connect(self, target, timeout=10):
        """A raw socket after CONNECT; returns (socket, status line)."""
        s = socket.create_connection(("127.0.0.1", self.gateway.proxy_port), timeout)
        s.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = s.recv(1)  # what follows the head is the tunnel's
            if not byte:
                break
            head += byte
        return s, head.split(b"\r\n")[0].decode()
