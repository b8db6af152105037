"""F36, F37: TLS used against the gateway, record by record, by clients and by
origins; chains made to cost time."""
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest

from faults import FEW, FaultTest, cpu_seconds
from gateway import certs, wait_for
from raw import client_context, read_head
from records import (ALERT, APPLICATION, CLIENT_HELLO, HANDSHAKE, NEW_SESSION_TICKET, NO_RENEGOTIATION, USER_CANCELED, WARNING,
                     Records, key_update, message, record)
from test_routes import hello
from wire import open_tls, read_all

MIB = 1 << 20
GET = b"GET /status/200 HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n"
PLAYED = "sora.chatgpt.com"


class Client(FaultTest):
    """F36 by a client."""
    settings = FEW + "timeouts: {handshake: 3000}"

    def player(self, version=ssl.TLSVersion.TLSv1_3):
        plain, _ = self.connect("chatgpt.com:443")
        self.addCleanup(plain.close)
        context = client_context(self.gateway)
        context.minimum_version = context.maximum_version = version
        return Records(plain, context, "chatgpt.com")

    def assert_cut(self, player, make, limit):
        """Fewer than `limit` of what make() gives are taken before the end."""
        sent, begin = 0, self.cpu()
        try:
            while sent < limit:
                player.socket.sendall(b"".join(make() for _ in range(20)))
                sent += 20
                player.socket.settimeout(0.002)
                try:
                    if not player.socket.recv(65536):
                        break
                except TimeoutError:
                    continue
        except OSError:
            pass
        self.assertLess(sent, limit, "never cut")
        self.assertNotEqual(read_all(player.socket, 5)[1], "open")
        player.socket.close()
        self.assertLess(self.cpu() - begin, 1.0)

    def cpu(self):
        return sum(map(cpu_seconds, self.gateway.roles("worker")))

    def test_f36_the_player_speaks_tls(self):
        """What it sends is understood; else the other tests would show nothing."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            player = self.player(version)
            before = self.gateway.metrics()["promptgate_requests_total"]
            player.send(*((APPLICATION, GET[i:i + 1]) for i in range(len(GET))))
            self.assertTrue(player.socket.recv(1))
            wait_for(lambda: self.gateway.metrics()["promptgate_requests_total"] == before + 1, 5, "the request")

    def test_f36_a_few_key_updates_pass_and_a_flood_is_cut(self):
        player = self.player()
        before = self.gateway.metrics()["promptgate_requests_total"]
        player.socket.sendall(b"".join(player.updated() for _ in range(5)))
        player.send((APPLICATION, GET))
        wait_for(lambda: self.gateway.metrics()["promptgate_requests_total"] == before + 1, 5, "the request")
        self.assert_cut(player, player.updated, 5000)

    def test_f36_floods_of_records_that_say_nothing_are_cut(self):
        for what, version, kind, data in (
                ("empty data", ssl.TLSVersion.TLSv1_3, APPLICATION, b""),
                ("empty data", ssl.TLSVersion.TLSv1_2, APPLICATION, b""),
                ("warnings", ssl.TLSVersion.TLSv1_2, ALERT, bytes([WARNING, USER_CANCELED])),
                ("no_renegotiation", ssl.TLSVersion.TLSv1_2, ALERT, bytes([WARNING, NO_RENEGOTIATION])),
                ("user_canceled", ssl.TLSVersion.TLSv1_3, ALERT, bytes([WARNING, USER_CANCELED]))):
            with self.subTest(what=what, version=version):
                player = self.player(version)
                self.assert_cut(player, lambda: player.sealed(kind, data), 5000)

    def test_f36_messages_that_have_no_place_here_end_it(self):
        another = hello("chatgpt.com")[5:]
        for what, version, kind, data in (
                ("a hello again", ssl.TLSVersion.TLSv1_3, HANDSHAKE, another),
                ("a ticket of a client's", ssl.TLSVersion.TLSv1_3, HANDSHAKE, message(NEW_SESSION_TICKET, bytes(60))),
                ("half a message, then data", ssl.TLSVersion.TLSv1_3, HANDSHAKE, key_update()[:3]),
                ("a message of 16 MiB", ssl.TLSVersion.TLSv1_3, HANDSHAKE, b"\x18\xff\xff\xff" + bytes(16000)),
                ("an unknown kind", ssl.TLSVersion.TLSv1_3, 42, b"x"),
                ("no kind at all", ssl.TLSVersion.TLSv1_3, 0, b""),
                ("change of cipher", ssl.TLSVersion.TLSv1_2, 20, b"\1"),
                ("an unknown kind", ssl.TLSVersion.TLSv1_2, 42, b"x")):
            with self.subTest(what=what, version=version):
                player = self.player(version)
                player.send((kind, data), (APPLICATION, GET))
                self.assertNotEqual(read_all(player.socket, 5)[1], "open")

    def test_f36_renegotiation_is_refused(self):
        """TLS 1.2: with an alert, once and again until it is enough; never a second handshake."""
        player = self.player(ssl.TLSVersion.TLSv1_2)
        again = hello("chatgpt.com")[5:]
        self.assert_cut(player, lambda: player.sealed(HANDSHAKE, again), 5000)

    def first(self, data, seconds=5):
        """What comes back for bytes in place of a hello."""
        plain, _ = self.connect("chatgpt.com:443")
        with plain:
            try:
                plain.sendall(data)
            except OSError:
                pass
            plain.settimeout(seconds)
            try:
                return plain.recv(4096)
            except OSError:
                return b""

    def test_f36_floods_before_the_hello_are_cut(self):
        whole = hello("chatgpt.com")
        begin = self.cpu()
        for what, data in {
                "empty records": record(HANDSHAKE, b"") * 20000,
                "warnings": record(ALERT, bytes([WARNING, USER_CANCELED])) * 20000,
                "empty records in the hello": record(HANDSHAKE, whole[5:20]) + record(HANDSHAKE, b"") * 20000,
                "a hello of 16 MiB": record(HANDSHAKE, message(CLIENT_HELLO, bytes(16000))[:16000]) +
                                     record(HANDSHAKE, bytes(16000)) * 20,
                "an SSLv2 hello": b"\x80\x2e\x01\3\1" + bytes(60),
        }.items():
            with self.subTest(what=what):
                answer = self.first(data)
                self.assertTrue(answer == b"" or answer[0] == ALERT, answer[:20])
        self.assertLess(self.cpu() - begin, 1.5)

    def test_f36_a_hello_in_records_of_a_byte_is_answered(self):
        whole = hello("chatgpt.com")
        answer = self.first(b"".join(record(HANDSHAKE, whole[i:i + 1], 0x0301) for i in range(5, len(whole))))
        self.assertEqual(answer[:1], bytes([HANDSHAKE]))

    def test_f36_a_ticket_of_16_kib_is_no_ticket(self):
        answer = self.first(hello("chatgpt.com", extra=b"\x00\x29" + (16000).to_bytes(2, "big") + os.urandom(16000)))
        self.assertTrue(answer == b"" or answer[0] in (ALERT, HANDSHAKE), answer[:20])
        self.assertEqual(self.first(hello("chatgpt.com"))[:1], bytes([HANDSHAKE]))

    def test_f36_compression_is_not_agreed_to(self):
        """CRIME: DEFLATE before null in a TLS 1.2 hello."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="chatgpt.com")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        data = bytearray(outgoing.read())
        at = 5 + 4 + 2 + 32
        at += 1 + data[at]
        at += 2 + int.from_bytes(data[at:at + 2], "big")
        self.assertEqual(bytes(data[at:at + 2]), b"\1\0")
        data[at:at + 2] = b"\2\1\0"
        for where, size in ((3, 2), (6, 3)):
            data[where:where + size] = (int.from_bytes(data[where:where + size], "big") + 1).to_bytes(size, "big")
        answer = self.first(bytes(data))
        self.assertEqual(answer[:1], bytes([HANDSHAKE]), answer[:10])
        at = 5 + 4 + 2 + 32
        at += 1 + answer[at] + 2
        self.assertEqual(answer[at], 0, "compression in the ServerHello")


class OfOrigins(FaultTest):
    """F36 by an origin, F37."""
    settings = FEW + "timeouts: {dial: 5000, handshake: 5000}\nalpn: server-h1"
    origins = {PLAYED: {}}

    def serve_records(self, more):
        """An answer in a connection of which `more(player)` makes something."""
        def serve(plain):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certs() / "good.pem", certs() / "good.key")
            context.minimum_version, context.num_tickets = ssl.TLSVersion.TLSv1_3, 0
            player = Records(plain, context, is_server=True)
            if not player.incoming.pending:  # else the request came with the Finished
                plain.recv(4096)
            more(player)
        self.play(PLAYED, serve)

    def get(self):
        with open_tls(self, PLAYED) as sock:
            sock.sendall(b"GET /x HTTP/1.1\r\nHost: sora.chatgpt.com\r\nConnection: close\r\n\r\n")
            return read_all(sock, 10)

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood"

    def test_f36_many_large_tickets_of_an_origin_cost_nothing(self):
        ticket = message(NEW_SESSION_TICKET, b"\0\0\x0e\x10" + bytes(4) + b"\1\1" + (15000).to_bytes(2, "big") +
                         os.urandom(15000) + b"\0\0")

        def more(player):
            for _ in range(1000):
                player.send((HANDSHAKE, ticket))
            player.send((APPLICATION, self.ANSWER))
        before = self.memory()
        self.serve_records(more)
        raw, _ = self.get()
        self.assertTrue(raw.endswith(b"good") or b" 502 " in raw[:20], raw[:100])
        self.assertLess(self.memory() - before, 16 * MIB)

    def test_f36_floods_of_an_origin_are_cut(self):
        for what, make in {
                "key updates": lambda p: p.updated(),
                "empty data": lambda p: p.sealed(APPLICATION, b""),
                "user_canceled": lambda p: p.sealed(ALERT, bytes([WARNING, USER_CANCELED]))}.items():
            taken = []

            def more(player, make=make, taken=taken):
                try:
                    for _ in range(200):
                        player.socket.sendall(b"".join(make(player) for _ in range(10)))
                    player.send((APPLICATION, self.ANSWER))
                    taken.append(1)
                except OSError:
                    pass
            with self.subTest(what=what):
                self.serve_records(more)
                raw, _ = self.get()
                self.assertRegex(raw[:13], rb"^HTTP/1.1 50[24] ")

    # ---- F37 ----

    def openssl(self, *args, text=None):
        return subprocess.run(["openssl", *map(str, args)], input=text, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def signed(self, name, issuer, extensions):
        """name.pem below issuer.pem, both with good.key's kind of key."""
        (self.chains / "ext").write_text(extensions)
        request = self.openssl("req", "-new", "-key", self.chains / "one.key", "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-CA", issuer, "-CAkey", self.issuer_key(issuer), "-days", "30", "-set_serial",
                     "0x" + os.urandom(15).hex(), "-extfile", self.chains / "ext", "-out", self.chains / f"{name}.pem",
                     text=request)
        return self.chains / f"{name}.pem"

    def issuer_key(self, issuer):
        return certs() / "root.key" if issuer.name == "root.pem" else self.chains / "one.key"

    def serve_chain(self, *pems):
        """CPU seconds of the workers for one GET to an origin with this chain, and its answer."""
        path = self.chains / "chain.pem"
        path.write_bytes(b"".join(p.read_bytes() for p in pems))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, self.chains / "one.key")

        def serve(plain):
            with context.wrap_socket(plain, server_side=True) as sock:
                read_head(sock)
                sock.sendall(self.ANSWER)
        self.play(PLAYED, serve)
        begin = sum(map(cpu_seconds, self.gateway.roles("worker")))
        raw, _ = self.get()
        return raw, sum(map(cpu_seconds, self.gateway.roles("worker"))) - begin

    def test_f37_pathological_chains_end_in_bounded_time(self):
        self.chains = pathlib.Path(tempfile.mkdtemp(prefix="pg-chains-"))
        self.addCleanup(shutil.rmtree, self.chains)
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.chains / "one.key")
        ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
        leaf = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                "subjectAltName=DNS:sora.chatgpt.com")
        many = "".join(f",DNS:n{i}.chatgpt.com" for i in range(10000))
        root = certs() / "root.pem"
        sans = self.signed("sans", root, leaf + many + "\n")
        some = self.signed("some", root, leaf + many[:60000].rsplit(",", 1)[0] + "\n")
        chain = [root]
        for i in range(100):
            chain.append(self.signed(f"ca{i}", chain[-1], ca))
        deep = self.signed("deep", chain[-1], leaf + "\n")
        good = self.signed("leaf", root, leaf + "\n")
        # Intermediates that all could have issued each other: same name, same key.
        loops = [self.signed("loop", root, ca)]
        loops[0] = loops[0].rename(self.chains / "loop0.pem")
        for i in range(1, 40):
            loops.append(self.signed("loop", loops[-1], ca).rename(self.chains / f"loop{i}.pem"))
        ends = self.signed("ends", loops[-1], leaf + "\n")
        for what, pems, statuses in (
                ("3,000 names", [some], (200,)), ("10,000 names", [sans], (502,)),
                ("100 intermediates", [deep, *reversed(chain[1:])], (502,)),
                ("1 MB of chain", [good] + chain[1:] * 17, (502,)),
                ("intermediates in a ring", [ends, *loops], (200, 502))):
            with self.subTest(what=what):
                raw, spent = self.serve_chain(*pems)
                self.assertIn(int(raw[9:12]), statuses, raw[:200])
                self.assertLess(spent, 0.1)


if __name__ == "__main__":
    unittest.main()
