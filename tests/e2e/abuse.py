"""Attacks on a gateway while a good client works (../shared/facts/reliability.md,
D1–D6 and F33): what the good client waits, how far the workers' memory grows and
how soon all is well again.  `make chaos` prints the figures and holds them to the
bounds; test_abuse.py runs each attack once and measures no time.

    abuse.py [--seconds 3]
"""
import argparse
import contextlib
import gzip
import multiprocessing
import socket
import ssl
import statistics
import sys
import time

from gateway import GatewayTest, wait_for
from raw import client_context, read_response, tls_through
from test_bodies import Watch
from test_peers import FLOODS
from wire import GOAWAY, H2, SETTINGS, block, frame, request_fields, reset

WAIT_MS, GROWTH_MIB, WELL_SECONDS = 50, 64, 2
NEW_NAMES = 1000
ATTACKER = "127.0.0.7"  # an address of its own, as it would be
POST = (b"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json\r\n"
        b"%sContent-Length: %d\r\n\r\n")


def plain(gateway):
    return socket.create_connection(("127.0.0.1", gateway.proxy_port), 5, (ATTACKER, 0))


def tunnel(gateway, host="chatgpt.com"):
    s = plain(gateway)
    s.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    if b" 200 " not in s.recv(4096):
        s.close()
        raise ConnectionError("no tunnel")
    return s


def inside(gateway, alpn=("http/1.1",)):
    return client_context(gateway, alpn).wrap_socket(tunnel(gateway), server_hostname="chatgpt.com")


def flood(frames):
    """D1: frames of HTTP/2, until the gateway has had enough of them."""
    def attack(test):
        h2 = H2(inside(test.gateway, ("h2",)))
        try:
            for at in range(0, 20000, 50):
                h2.send(b"".join(frames(i) for i in range(at, at + 50)))
                if h2.read(lambda f: f[0] == GOAWAY, 0.001) or h2.end is not None:
                    break
        except OSError:
            pass
        h2.close()
    return attack


def table_thrash(i):
    """Each header block fills the table anew; the gateway answers by itself (421), so that no origin is the bottleneck."""
    fields = b"".join(b"\x40" + bytes([6]) + b"x%05d" % (n % 100000) + bytes([100]) + b"v" * 100
                      for n in range(i * 40, i * 40 + 40))
    return frame(1, 5, 2 * i + 1, block(request_fields("/", "files.oaiusercontent.com")) + fields)


def header_bomb(i):
    """One large field, and then a thousand times its index."""
    first = b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000 if i == 0 else b""  # 4,000 bytes
    return frame(1, 5, 2 * i + 1, block(request_fields("/status/204")) + first + b"\xbe" * 2000)


def hoard(count, begin):
    """D2, D4: connections that have begun something and never go on."""
    def attack(test):
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                try:
                    stack.enter_context(begin(test.gateway))
                except (OSError, ssl.SSLError):
                    continue
            time.sleep(0.2)
    return attack


def begun(opener, data):
    def begin(gateway):
        s = opener(gateway)
        s.sendall(data)
        return s
    return begin


def slow_reader(gateway):
    s = inside(gateway)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.sendall(b"GET /download?bytes=100000000 HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
    return s


BOMB = gzip.compress(b"[" + b" " * (256 << 20), 9)
NESTED = gzip.compress(gzip.compress(b"[" + b" " * (64 << 20), 9), 9)


def bomb(body, encoding):
    """D3: a body that unpacks to far more than it is."""
    def attack(test):
        with inside(test.gateway) as s:
            s.sendall(POST % (b"Content-Encoding: %s\r\n" % encoding, len(body)))
            with contextlib.suppress(OSError):
                s.sendall(body)
                read_response(s)
    return attack


def vanish(test):
    """D4: requests whose client is gone before the answer."""
    for _ in range(20):
        s = inside(test.gateway)
        s.sendall(b"GET /download?bytes=10000000 HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
        reset(s)


def new_names(count):
    """D6: names that were never seen, one after the other."""
    def attack(test):
        for _ in range(count):
            test.fresh_name += 1
            host = f"n{test.fresh_name % NEW_NAMES}.chatgpt.com"
            with contextlib.suppress(OSError):
                client_context(test.gateway).wrap_socket(tunnel(test.gateway, host), server_hostname=host).close()
    return attack


ATTACKS = {
    **{f"D1 {name}": flood(frames) for name, frames in FLOODS.items()},
    "D1 HPACK table thrash": flood(table_thrash),
    "D1 header bomb": flood(header_bomb),
    "D1 settings with values": flood(lambda i: frame(SETTINGS, 0, 0, b"\0\1" + (i % 4096).to_bytes(4, "big"))),
    "D2 slow heads": hoard(200, begun(plain, b"GET /hea")),
    "D2 half a hello": hoard(60, begun(tunnel, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")),
    "D2 slow bodies": hoard(40, begun(inside, POST % (b"", 100000) + b"{")),
    "D2 slow readers": hoard(20, slow_reader),
    "D3 gzip bomb": bomb(BOMB, b"gzip"),
    "D3 nested gzip": bomb(NESTED, b"gzip, gzip"),
    "D4 vanishing clients": vanish,
    "D4 connections of one address": hoard(1000, plain),
    "D6 new names": new_names(50),
}


class Attacked(GatewayTest):
    """Two workers; the attacker has an address of its own."""
    settings = "clients: {max_per_address: 200}"
    fresh_name = 0

    @classmethod
    def own_origins(cls):
        return {f"n{i}.chatgpt.com:443": f"127.0.0.1:{cls.standin.port}" for i in range(NEW_NAMES)}

    def well(self):
        with tls_through(self.gateway) as s:
            s.sendall(b"GET /status/200 HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            return b" 200 " in read_response(s)[0]


def p95(times):
    return statistics.quantiles(times, n=20)[18] * 1000


def good_client(gateway, pipe):
    """What each request takes, until told to end: in a process of its own, since the attacker needs this one."""
    times = []
    with tls_through(gateway) as s:
        pipe.send("open")
        while not pipe.poll(0.005):
            start = time.monotonic()
            s.sendall(b"GET /status/204 HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            if not s.recv(65536).startswith(b"HTTP/1.1 204"):
                raise ConnectionError("no answer")
            times.append(time.monotonic() - start)
    pipe.send(times)


def measure(test, attack, seconds):
    """(p95 of the good client in ms, growth in MiB, seconds until all is well, rounds)."""
    here, there = multiprocessing.Pipe()
    client = multiprocessing.get_context("fork").Process(target=good_client, args=(test.gateway, there), daemon=True)
    client.start()
    there.close()
    here.recv()
    rounds, end = 0, time.monotonic() + seconds
    with Watch(test.gateway) as watch:
        while time.monotonic() < end:
            if attack is None:
                time.sleep(0.1)
            else:
                attack(test)
            rounds += 1
    over = time.monotonic()
    wait_for(test.well, 10, "service")
    well = time.monotonic() - over
    here.send("end")
    times = here.recv()  # EOFError: the good client was cut
    client.join(5)
    return p95(times), watch.growth / (1 << 20), well, rounds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args().seconds
    Attacked.setUpClass()
    bad = []
    try:
        test = Attacked("well")
        quiet = measure(test, None, seconds)
        print(f"{'attack':32} {'p95 ms':>8} {'MiB':>6} {'well s':>7} {'rounds':>7}")
        print(f"{'none':32} {quiet[0]:8.1f} {quiet[1]:6.1f} {quiet[2]:7.2f}", flush=True)
        for name, attack in ATTACKS.items():
            waited, growth, well, rounds = measure(test, attack, seconds)
            print(f"{name:32} {waited:8.1f} {growth:6.1f} {well:7.2f} {rounds:7d}", flush=True)
            if waited - quiet[0] >= WAIT_MS or growth >= GROWTH_MIB or well >= WELL_SECONDS:
                bad.append(name)
    finally:
        Attacked.tearDownClass()
    print(f"bounds: p95 {WAIT_MS} ms above a quiet one's, {GROWTH_MIB} MiB, {WELL_SECONDS} s; beyond them: {', '.join(bad) or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
