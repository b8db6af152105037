"""K1–K7: the gateway's own certification authority over its life (../shared/facts/reliability.md, 2)."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from gateway import BINARY, ROOT, GatewayTest, TellingTest, Gateway, Standin, wait_for
from planted import Searched
from raw import client_context, read_response, tls_through

GET = b"GET /headers HTTP/1.1\r\nHost: %s\r\n\r\n"


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *map(str, args)], input=data, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def new_ca(folder, days=3650, more=()):
    """(certificate, key) as an administrator could make them."""
    key = folder / "new.key"
    key.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    cert = openssl("req", "-x509", "-new", "-key", key, "-sha256", "-days", days, "-subj", "/O=Lab/CN=Newer CA",
                   "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext",
                   "keyUsage=critical,keyCertSign,cRLSign", *more)
    return cert, key.read_bytes()


def replace(path, data, mode):
    """In one step, as an administrator should."""
    new = path.with_name(path.name + ".new")
    new.touch(mode)
    new.write_bytes(data)
    new.rename(path)


class Made(GatewayTest):
    """The CA of a first start."""

    def describe(self):
        return openssl("x509", "-in", self.gateway.ca, "-noout", "-text").decode()

    def test_k1_k4_the_ca_is_of_this_installation_and_for_leaves_only(self):
        text = self.describe()
        self.assertIn("prime256v1", text)
        self.assertIn("CA:TRUE, pathlen:0", text)
        self.assertIn("Certificate Sign, CRL Sign", text)
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder)
            config = other / "promptgate.yaml"
            config.write_text(f"data_dir: {other / 'data'}\n")
            subprocess.run([BINARY, "ca", "init", "-c", config], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertNotEqual((other / "data/ca/ca.key").read_bytes(), (self.gateway.data / "ca/ca.key").read_bytes())

    def test_k2_only_its_owner_can_read_the_key(self):
        key = (self.gateway.data / "ca/ca.key").stat()
        self.assertEqual((stat.S_IMODE(key.st_mode), key.st_uid), (0o600, os.geteuid()))

    @unittest.skipUnless(os.geteuid() == 0, "reads the memory of other processes")
    def test_k3_the_key_is_in_the_signer_alone_and_in_no_dump(self):
        """The private number, its limbs in memory's order and its PEM, searched for in the memory of each role."""
        pem = (self.gateway.data / "ca/ca.key").read_bytes()
        text = openssl("pkey", "-in", self.gateway.data / "ca/ca.key", "-noout", "-text").decode()
        number = bytes.fromhex(re.sub(r"[^0-9a-f]", "", text.split("priv:")[1].split("pub:")[0]))[-32:]
        forms = (number, number[::-1], pem.split(b"\n")[1][-40:])
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        for pid, role in self.gateway.roles().items():
            with self.subTest(role=role):
                held = any(form in piece for _, piece in Searched.memory(pid) for form in forms)
                self.assertEqual(held, role == "signer")
                limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
                self.assertRegex(limits, r"Max core file size +0 ")
        held = any(form in piece for _, piece in Searched.memory(self.gateway.process.pid) for form in forms)
        self.assertFalse(held, "the parent")
        signer = next(iter(self.gateway.roles("signer")))
        locked = re.search(r"VmLck:\s+(\d+)", pathlib.Path(f"/proc/{signer}/status").read_text())
        self.assertGreater(int(locked[1]), 0)


class Rotation(GatewayTest):
    def ask(self, ca, host):
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--cacert", ca, "-x",
                               f"http://127.0.0.1:{self.gateway.proxy_port}", "-o", "/dev/null", "-w", "%{http_code}",
                               f"https://{host}/headers"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stdout.decode() if done.returncode == 0 else done.returncode

    def test_k6_another_ca_takes_over_without_a_restart(self):
        old = self.folder / "old.pem"
        shutil.copy(self.gateway.ca, old)
        context = client_context(self.gateway)
        workers = set(self.gateway.roles("worker"))
        with tls_through(self.gateway, context=context) as live:
            live.sendall(GET % b"chatgpt.com")
            read_response(live)
            cert, key = new_ca(self.folder)
            new = self.folder / "new.pem"
            new.write_bytes(cert)
            folder = self.gateway.data / "ca"
            # The new one first: it signs.  The old one is still given out.
            replace(folder / "ca.key", key, 0o600)
            replace(folder / "ca.pem", cert + old.read_bytes(), 0o644)
            begun = len(self.gateway.log())
            self.gateway.signal(1)
            wait_for(lambda: "event=reload.in_use" in self.gateway.log()[begun:], 60, "the reload")
            for host in ("chatgpt.com", "api.openai.com"):  # one in the caches, one that has to be signed
                self.assertEqual(self.ask(new, host), "200", host)
                self.assertEqual(self.ask(old, host), 60, "a client without the new CA refuses")
            # What is open lives on.
            live.sendall(GET % b"chatgpt.com")
            self.assertIn(b" 200 ", read_response(live)[0])
        given = self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}/ca.pem", proxy=False)
        self.assertEqual(given.count("BEGIN CERTIFICATE"), 2)
        self.assertNotIn("PRIVATE", given)
        self.assertEqual(set(self.gateway.roles("worker")), workers)


class Ending(TellingTest):
    """A CA that somebody else made, and that ends soon."""

    def test_k5_the_end_is_told_by_log_and_metric(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-ca-"))
        folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, folder, True)
        standin = Standin(folder)
        self.addCleanup(standin.stop)
        gateway = Gateway(folder, {"chatgpt.com:443": f"127.0.0.1:{standin.port}"})
        (gateway.data / "ca").mkdir(parents=True)
        cert, key = new_ca(folder, 20)
        replace(gateway.data / "ca/ca.key", key, 0o600)
        replace(gateway.data / "ca/ca.pem", cert, 0o644)
        gateway.start()
        self.addCleanup(gateway.stop)
        self.assertRegex(gateway.log(), r"event=ca\.expires_soon days=(19|20)\b")
        end = openssl("x509", "-in", gateway.ca, "-noout", "-enddate").decode().split("=")[1].strip()
        seconds = int(subprocess.run(["date", "-d", end, "+%s"], check=True, stdout=subprocess.PIPE).stdout)
        metrics = gateway.metrics()
        told = [v for k, v in metrics.items() if k.startswith("promptgate_ca_expiry_timestamp_seconds")]
        self.assertEqual(told, [seconds])
        # And no leaf outlives it.
        with tls_through(gateway) as s:
            leaf = openssl("x509", "-inform", "der", "-noout", "-enddate", data=s.getpeercert(True)).decode()
        self.assertEqual(leaf.split("=")[1].strip(), end)


class Limited(GatewayTest):
    """A CA that is good for some names only: one that `ca init --limited` made, then one of an administrator's."""

    @classmethod
    def own_origins(cls):
        shutil.copytree(ROOT / "conf", cls.folder / "conf")
        config = cls.folder / "conf/first.yaml"
        config.write_text(f"data_dir: {cls.folder / 'data'}\nnode: gate.example.org\nconsole: {{hosts: [dlp.example.net]}}\n")
        subprocess.run([BINARY, "ca", "-c", config, "init", "--limited"], check=True, stdout=subprocess.PIPE)
        return {}

    def reload(self):
        begun = len(self.gateway.log())
        self.gateway.signal(1)
        wait_for(lambda: "event=reload.in_use" in self.gateway.log()[begun:], 60, "the reload")

    def test_k4_a_limited_ca_serves_what_it_is_for(self):
        text = openssl("x509", "-in", self.gateway.ca, "-noout", "-ext", "nameConstraints").decode()
        permitted = set(re.findall(r"DNS:(\S+)", text))
        self.assertIn("critical", text)
        self.assertLessEqual({"chatgpt.com", "api.openai.com", "localhost", "gate.example.org", "dlp.example.net",
                              "blob.core.windows.net"}, permitted)
        self.assertNotIn("com", permitted)
        for host in ("chatgpt.com", "api.openai.com", "files.oaiusercontent.com"):
            self.assertEqual(self.status(f"https://{host}/status/200"), 200, host)
        self.curl(f"https://127.0.0.1:{self.gateway.console_port}/login", proxy=False)

    def test_k4_others_than_us_refuse_its_leaves_for_other_names(self):
        key, leaf = self.folder / "x.key", self.folder / "x.pem"
        key.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        for name, is_good in (("a.chatgpt.com", True), ("bank.example", False)):
            request = openssl("req", "-new", "-key", key, "-subj", "/O=x", "-addext", f"subjectAltName=DNS:{name}")
            leaf.write_bytes(openssl("x509", "-req", "-CA", self.gateway.ca, "-CAkey", self.gateway.data / "ca/ca.key",
                                     "-copy_extensions", "copy", "-days", "2", data=request))
            done = subprocess.run(["openssl", "verify", "-CAfile", self.gateway.ca, leaf],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode == 0, is_good, (name, done.stderr))

    def test_k4_a_name_that_the_ca_is_not_for_is_refused_and_not_tunnelled(self):
        folder, begun = self.gateway.data / "ca", len(self.gateway.log())
        old = {path: path.read_bytes() for path in (folder / "ca.key", folder / "ca.pem")}

        def put_back():
            replace(folder / "ca.key", old[folder / "ca.key"], 0o600)
            replace(folder / "ca.pem", old[folder / "ca.pem"], 0o644)
            self.reload()
        self.addCleanup(put_back)
        cert, key = new_ca(self.folder, more=["-addext", "nameConstraints=critical,permitted;DNS:chatgpt.com"])
        replace(folder / "ca.key", key, 0o600)
        replace(folder / "ca.pem", cert, 0o644)
        self.reload()
        self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)
        seen = len(self.standin.seen())
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "-k", "-x", f"http://127.0.0.1:{self.gateway.proxy_port}",
                               "https://api.openai.com/status/200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(len(self.standin.seen()), seen)
        self.assertRegex(self.gateway.log()[begun:], r"event=mint\.failed .*host=api\.openai\.com")


if __name__ == "__main__":
    unittest.main()
