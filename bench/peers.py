"""The peers of the bench, each a process tree of its own on loopback with one
worker or thread: promptgate with everything on, HAProxy that ends TLS and
starts it again with the upstream verified, Squid with ssl_bump. All meet the
same origin and the same client, with the same curves and versions."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME, PLAIN_NAME = "chatgpt.com", "api.openai.com"
UPLOAD_NAME = "files.oaiusercontent.com"
NAMES = (NAME, PLAIN_NAME, UPLOAD_NAME)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"bench: {process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"bench: {process.args[0]}: no port {port} within {seconds} s")


def tree(pid):
    """The process and all its descendants."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = [pid]
    for p in found:
        found += [child for child, parent in parents.items() if parent == p]
    return found


class Origin:
    def __init__(self, folder):
        answer = folder / "answer.sse"
        with open(answer, "w") as out:
            subprocess.run(["node", ROOT / "bench/answer.js"], stdout=out, check=True)
        self.process = subprocess.Popen(
            [ROOT / "build/bench/origin", folder / "good.pem", folder / "good.key", answer],
            stdout=subprocess.PIPE, text=True)
        # Sessions can be resumed at the first port only.
        self.port, self.plain_port = map(int, self.process.stdout.readline().split())

    def stop(self):
        self.process.kill()
        self.process.wait()


class Peer:
    name, versions, process = "", ("h1", "h2"), None

    def address(self, host, version):
        """The load generator's words for reaching a host through this peer."""
        raise NotImplementedError

    def spawn(self, *command):
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.folder)

    def __init__(self, folder, origin):
        self.certs, self.origin = folder, origin
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=self.name + "-", dir=folder))
        self.folder.chmod(0o777)
        self.log = open(self.folder / "log", "wb")
        self.port = free_port()
        self.start(folder)

    def another(self):
        """A second one of the kind, fresh."""
        return type(self)(self.certs, self.origin)

    def cpu_seconds(self):
        total = 0
        for pid in tree(self.process.pid):
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except OSError:
                    continue
        return total / 1e9

    def settled_cpu_seconds(self):
        """After what was put off is done: the store's index, the log."""
        last = self.cpu_seconds()
        for _ in range(40):
            time.sleep(0.1)
            now = self.cpu_seconds()
            if now - last < 0.001:
                break
            last = now
        return now

    def memory_bytes(self):
        total = 0
        for pid in tree(self.process.pid):
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(rollup.split("Pss:")[1].split()[0]) * 1024
        return total

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                for pid in tree(self.process.pid):
                    os.kill(pid, 9)
                self.process.wait()


class Promptgate(Peer):
    name, workers, settings = "promptgate", 1, ""

    def edit(self, conf):
        """What is changed in the shipped configuration before the start."""

    def start(self, certs):
        conf = self.folder / "conf"
        shutil.copytree(ROOT / "conf", conf)
        self.edit(conf)
        resolve = {NAME: self.origin.port, UPLOAD_NAME: self.origin.port, PLAIN_NAME: self.origin.plain_port}
        at = ", ".join(f'"{k}:443": "127.0.0.1:{v}"' for k, v in resolve.items())
        (conf / "promptgate.yaml").write_text(
            f'listen: {{proxy: "127.0.0.1:{self.port}", console: "127.0.0.1:{free_port()}", '
            f'metrics: "127.0.0.1:{free_port()}"}}\n'
            f"data_dir: {self.folder}/data\nrun_as: nobody\nworkers: {self.workers}\n{self.settings}"
            f"upstream: {{resolve: {{{at}}}, extra_roots: [{certs}/root.pem]}}\n")
        binary = ROOT / os.environ.get("PROMPTGATE", "build/promptgate")
        self.spawn(binary, "run", "-c", conf / "promptgate.yaml")
        wait_for_port(self.port, self.process)
        self.ca = self.folder / "data/ca/ca.pem"

    def address(self, host, version):
        return [f"to={self.port}", f"tunnel={host}:443"]

    def worker(self):
        for pid in tree(self.process.pid):
            if b"worker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        raise SystemExit("bench: no worker")


class Haproxy(Peer):
    name = "haproxy"

    def start(self, certs):
        leaf = self.folder / "leaf.pem"
        leaf.write_text((certs / "good.pem").read_text() + (certs / "good.key").read_text())
        self.ports = {"h1": self.port, "h2": free_port(), "plain": free_port()}
        alpn = {"h1": "http/1.1", "h2": "h2", "plain": "http/1.1"}
        text = ("global\n nbthread 1\n maxconn 8000\n ssl-default-bind-curves X25519:P-256\n"
                " ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\n"
                " ssl-default-bind-options ssl-min-ver TLSv1.2\n ssl-default-server-options ssl-min-ver TLSv1.2\n"
                "defaults\n mode http\n timeout client 5m\n timeout server 5m\n timeout connect 5s\n"
                " http-reuse never\n")
        for kind, port in self.ports.items():
            to = self.origin.plain_port if kind == "plain" else self.origin.port
            text += (f"listen {kind}\n bind 127.0.0.1:{port} ssl crt {leaf} alpn {alpn[kind]}\n"
                     f" server origin 127.0.0.1:{to} ssl verify required ca-file {certs}/root.pem sni str({NAME}) "
                     f"verifyhost {NAME} alpn {alpn[kind]}{' no-ssl-reuse' if kind == 'plain' else ''}\n")
        (self.folder / "haproxy.cfg").write_text(text)
        self.spawn("haproxy", "-db", "-f", self.folder / "haproxy.cfg")
        wait_for_port(self.port, self.process)
        self.ca = certs / "root.pem"

    def address(self, host, version):
        return [f"to={self.ports['plain' if host == PLAIN_NAME else version]}"]


class Squid(Peer):
    name, versions = "squid", ("h1",)

    def start(self, certs):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=bench squid", "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out",
             "ca.pem"], cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        self.ca = self.folder / "ca.pem"
        database = self.folder / "certs"
        helper = "/usr/lib/squid/security_file_certgen"
        subprocess.run([helper, "-c", "-s", database, "-M", "4MB"], check=True, stdout=subprocess.DEVNULL)
        (self.folder / "hosts").write_text("".join(f"127.0.0.1 {name}\n" for name in NAMES))
        (self.folder / "squid.conf").write_text(
            f"http_port 127.0.0.1:{self.port} ssl-bump tls-cert={self.ca} tls-key={self.folder}/ca.key "
            "generate-host-certificates=on dynamic_cert_mem_cache_size=4MB\n"
            f"sslcrtd_program {helper} -s {database} -M 4MB\nsslcrtd_children 1\n"
            f"tls_outgoing_options cafile={certs}/root.pem\n"
            "acl step1 at_step SslBump1\nssl_bump peek step1\nssl_bump bump all\n"
            "http_access allow all\ncache deny all\naccess_log none\ncache_log stdio:/dev/stderr\n"
            f"hosts_file {self.folder}/hosts\npid_filename {self.folder}/pid\ncoredump_dir {self.folder}\n"
            f"shutdown_lifetime 1 second\nmax_filedescriptors 8192\npinger_enable off\n")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, "proxy", "proxy")
        self.spawn("squid", "-N", "-f", self.folder / "squid.conf")
        wait_for_port(self.port, self.process)

    def address(self, host, version):
        port = self.origin.plain_port if host == PLAIN_NAME else self.origin.port
        return [f"to={self.port}", f"tunnel={host}:{port}"]


class Direct:
    """No peer: what the client and the origin need by themselves."""
    name, versions = "direct", ("h1", "h2")

    def __init__(self, folder, origin):
        self.origin, self.ca = origin, folder / "root.pem"

    def address(self, host, version):
        return [f"to={self.origin.plain_port if host == PLAIN_NAME else self.origin.port}"]

    def another(self):
        return self

    def settled_cpu_seconds(self):
        return 0.0

    def cpu_seconds(self):
        return 0.0

    def memory_bytes(self):
        return 0

    def stop(self):
        pass
