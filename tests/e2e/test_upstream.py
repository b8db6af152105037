"""U1–U15, U18, C2, C4: what a browser would refuse is refused, before the client
is told of any success; the reason reaches the user, the log and the store."""
import json
import os
import re
import select
import signal
import ssl
import subprocess
import threading
import unittest

from gateway import GatewayTest, Standin, certs, wait_for
from raw import Origin, client_context, read_response, tls_through


class BadCertificates(GatewayTest):
    def lead_to(self, name):
        """api.openai.com is a stand-in with this certificate."""
        standin = Standin(self.folder, name, ["--weak"])
        self.addCleanup(standin.stop)
        self.gateway.resolve["api.openai.com:443"] = f"127.0.0.1:{standin.port}"
        self.gateway.write_config(self.settings)
        self.gateway.stop()
        self.gateway.start()
        return standin

    def refused(self, name, reason):
        standin = self.lead_to(name)
        for version in ("--http1.1", "--http2"):
            body = self.curl("https://api.openai.com/v1/models", version, "-w", "\n%{http_code}")
            self.assertEqual(body.splitlines()[-1], "502", name)
            self.assertIn(reason, body, name)
        self.assertEqual(standin.seen(), [])
        refusals = [a for a in self.gateway.activities() if a["activity"] == "connection.refused"]
        self.assertTrue(any(reason in json.dumps(a) for a in refusals), name)
        self.assertIn("origin.failed", self.gateway.log())

    def test_u1_an_unknown_issuer_is_refused(self):
        self.refused("unknown-issuer", "unknown-issuer")

    def test_u1_a_root_of_the_same_name_is_refused(self):
        self.refused("same-name-root", "unknown-issuer")

    def test_u1_self_signed_is_refused(self):
        self.refused("self-signed", "self-signed")

    def test_u2_a_wrong_name_is_refused(self):
        self.refused("wrong-name", "name-mismatch")

    def test_u2_a_common_name_is_no_name(self):
        self.refused("cn-only", "name-mismatch")

    def test_u4_expired_is_refused(self):
        self.refused("expired", "expired")

    def test_u5_a_clients_certificate_is_refused(self):
        self.refused("client-eku", "wrong-usage")

    def test_u6_a_short_rsa_key_is_refused(self):
        self.refused("weak-key", "weak-key")

    def test_u6_sha1_is_refused(self):
        self.refused("sha1", "weak-signature")

    def test_u15_a_page_explains_the_refusal_to_a_person(self):
        self.lead_to("expired")
        page = self.curl("https://api.openai.com/", "-H", "accept: text/html")
        self.assertIn("<h1>", page)
        told = next(line for line in self.gateway.log().splitlines()[::-1] if "event=origin.failed" in line)
        for where in (page, told):  # the verdict, the host, who issued it
            self.assertIn("expired", where)
            self.assertIn("api.openai.com", where)
            self.assertRegex(where, "issued by [^)]*CN ?= ?\\S+")


def server_context(cert="good", version=None, wants_certificate=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs() / f"{cert}.pem", certs() / f"{cert}.key")
    context.set_alpn_protocols(["http/1.1"])
    if version:
        context.minimum_version = context.maximum_version = version
    if wants_certificate:
        context.load_verify_locations(certs() / "root.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class OwnOrigins(GatewayTest):
    """Origins whose TLS a test changes as it likes."""
    settings = "bypass: [bypassed.chatgpt.com]"
    names = ("changing", "waiting", "older", "newer", "mtls12", "mtls13", "crl")

    @classmethod
    def own_origins(cls):
        cls.got = []

        def serve(s):
            while data := s.recv(65536):
                cls.got.append(data)
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        cls.origins = {name: Origin(serve, tls=True) for name in cls.names}
        for origin in cls.origins.values():
            origin.context = server_context()
            cls.addClassCleanup(origin.stop)
        resolve = {f"{name}.chatgpt.com:443": f"127.0.0.1:{o.port}" for name, o in cls.origins.items()}
        return resolve | {"bypassed.chatgpt.com:443": resolve["mtls13.chatgpt.com:443"]}

    def code(self, name, *args):
        return self.status(f"https://{name}.chatgpt.com/", *args)

    def test_u12_c2_a_changed_certificate_is_judged_anew_and_its_leaf_says_so_only(self):
        self.assertEqual(self.code("changing"), 200)
        got = len(self.got)
        self.origins["changing"].context = server_context("expired")
        # The leaf is cached, the verdict is not.
        for _ in range(2):
            with tls_through(self.gateway, "changing.chatgpt.com") as s:
                s.sendall(b"GET / HTTP/1.1\r\nHost: changing.chatgpt.com\r\n\r\n")
                head, body = read_response(s)
                self.assertIn(b" 502 ", head)
                self.assertIn(b"expired", body)
        self.assertEqual(len(self.got), got, "a request went on")
        self.origins["changing"].context = server_context()
        self.assertEqual(self.code("changing"), 200)

    def test_u14_nothing_of_our_handshake_comes_before_the_origin_is_verified(self):
        going = threading.Event()
        origin = self.origins["waiting"]
        origin.context.sni_callback = lambda *_: going.wait(20) and None
        s, status = self.connect("waiting.chatgpt.com:443")
        self.assertIn(" 200", status)
        context, incoming, outgoing = client_context(self.gateway), ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="waiting.chatgpt.com")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        s.sendall(outgoing.read())
        wait_for(lambda: origin.accepted, 10, "the origin's handshake")
        self.assertEqual(select.select([s], [], [], 0.5)[0], [], "an answer before the origin's")
        going.set()
        self.assertEqual(s.recv(1), b"\x16")
        s.close()

    def test_c4_a_version_above_the_origins_is_marked_in_the_log(self):
        self.origins["older"].context = server_context(version=ssl.TLSVersion.TLSv1_2)
        self.origins["newer"].context = server_context(version=ssl.TLSVersion.TLSv1_3)
        for name in ("older", "newer"):
            with tls_through(self.gateway, f"{name}.chatgpt.com") as s:
                self.assertEqual(s.version(), "TLSv1.3")
        self.assertRegex(self.gateway.log(),
                         r"event=client\.tls\.stronger .*host=older\.chatgpt\.com client=TLSv1\.3 origin=TLSv1\.2")
        self.assertNotRegex(self.gateway.log(), r"client\.tls\.stronger .*newer\.chatgpt\.com")

    def test_u18_an_origin_that_wants_our_certificate_is_told_as_such(self):
        for name, version in (("mtls12", ssl.TLSVersion.TLSv1_2), ("mtls13", ssl.TLSVersion.TLSv1_3)):
            self.origins[name].context = server_context(version=version, wants_certificate=True)
            with self.subTest(name):
                body = self.curl(f"https://{name}.chatgpt.com/", "-w", " %{http_code}")
                self.assertTrue(body.endswith(" 502"), body)
                self.assertIn("client-certificate-required", body)
                self.assertRegex(self.gateway.log(),
                                 rf"event=origin\.failed .*host={name}\.chatgpt\.com .*reason=client-certificate-required")

    def test_u18_a_bypassed_host_gets_the_clients_own_certificate(self):
        self.origins["mtls13"].context = server_context(wants_certificate=True)
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", "-x", f"http://127.0.0.1:{self.gateway.proxy_port}", "--cacert",
             certs() / "root.pem", "--cert", certs() / "client-eku.pem", "--key", certs() / "client-eku.key",
             "https://bypassed.chatgpt.com/"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.stdout, b"hi", done.stderr)

    def test_u13_a_root_of_one_host_counts_for_no_other(self):
        """The first pattern that fits counts; a wrong file changes nothing; a reload takes it away again."""
        config = self.gateway.config.read_text()
        self.addCleanup(self.reload)
        self.addCleanup(self.gateway.config.write_text, config)
        for name in ("newer", "older"):
            self.origins[name].context = server_context("unknown-issuer")

        def configured(value):
            self.gateway.config.write_text(config.replace("extra_roots: [", f"host_roots: {value}, extra_roots: ["))
            begun = len(self.gateway.log())
            self.gateway.signal(signal.SIGHUP)
            wait_for(lambda: re.search("event=reload\\.(in_use|refused)", self.gateway.log()[begun:]), what="reload")
            return self.gateway.log()[begun:]
        self.assertEqual((self.code("newer"), self.code("older")), (502, 502))
        log = configured(f'{{"newer.chatgpt.com": {certs() / "stranger.pem"}}}')
        self.assertRegex(log, r"event=roots\.loaded file=\S+stranger\.pem certificates=1 .*hosts=newer\.chatgpt\.com")
        self.assertEqual((self.code("newer"), self.code("older")), (200, 502))
        self.assertIn("reload.refused", configured('{"newer.chatgpt.com": absent.pem}'))
        self.assertIn("reload.refused", configured('{"New Host": root.pem}'))
        self.assertEqual((self.code("newer"), self.code("older")), (200, 502))

    def test_u13_the_roots_are_named_dated_and_renewed(self):
        def told(since=0):
            return re.findall(r"event=roots\.loaded file=(\S+) certificates=(\d+) modified=(\S+)", self.gateway.log()[since:])
        roots = self.gateway.config.parent / "more.pem"
        first = {file: int(n) for file, n, _ in told()}
        self.assertEqual(first[str(certs() / "root.pem")], 1)
        self.assertGreater(first["/etc/ssl/certs/ca-certificates.crt"], 10)
        roots.write_bytes((certs() / "root.pem").read_bytes() + (certs() / "stranger.pem").read_bytes())
        os.utime(roots, (1700000000, 1700000000))
        config = self.gateway.config.read_text()
        self.gateway.config.write_text(config.replace("extra_roots: [", "extra_roots: [more.pem, "))
        self.addCleanup(self.gateway.config.write_text, config)
        self.origins["newer"].context = server_context("unknown-issuer")
        self.assertEqual(self.code("newer"), 502)
        begun = len(self.gateway.log())
        self.reload()
        self.assertIn((str(roots), "2", "2023-11-14T22:13:20.000Z"), told(begun))
        self.assertEqual(self.code("newer"), 200)

    def revocation_list(self, serial):
        """A CRL of the stand-in's root with that serial, or none."""
        folder = self.folder / "crl"
        folder.mkdir(exist_ok=True)
        line = f"R\t350101000000Z\t250101000000Z\t{serial}\tunknown\t/CN=good\n" if serial else ""
        (folder / "index.txt").write_text(line)
        (folder / "ca.cnf").write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {folder}/index.txt\ndefault_md = sha256\n")
        out = self.gateway.config.parent / "lab.crl"
        subprocess.run(["openssl", "ca", "-gencrl", "-config", folder / "ca.cnf", "-cert", certs() / "root.pem",
                        "-keyfile", certs() / "root.key", "-crldays", "30", "-out", out], check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def reload(self):
        begun = len(self.gateway.log())
        self.gateway.signal(1)
        wait_for(lambda: "event=reload.in_use" in self.gateway.log()[begun:], 60, "the reload")

    def test_u9_a_local_list_takes_effect_and_ends_without_a_restart(self):
        self.assertEqual(self.code("crl"), 200)
        roles = set(self.gateway.roles())
        serial = subprocess.run(["openssl", "x509", "-in", certs() / "good.pem", "-noout", "-serial"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout.strip().split("=")[1]
        self.revocation_list(serial)
        config = self.gateway.config.read_text()
        self.gateway.config.write_text(config.replace("upstream: {", "upstream: {crl: [lab.crl], "))
        self.addCleanup(self.gateway.config.write_text, config)
        self.reload()
        body = self.curl("https://crl.chatgpt.com/", "-w", " %{http_code}")
        self.assertTrue(body.endswith(" 502") and "revoked" in body, body)
        self.revocation_list(None)
        self.reload()
        self.assertEqual(self.code("crl"), 200)
        self.assertEqual(set(self.gateway.roles()), roles)


if __name__ == "__main__":
    unittest.main()
