"""Raw bytes for the end-to-end tests: one request and its answer, and origins
that say exactly what a test wants, in clear text or over TLS."""
import base64
import socket
import ssl
import threading

from gateway import certs, free_port


def basic(user, password):
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}\r\n"


def read_head(s):
    data = b""
    while b"\r\n\r\n" not in data:
        part = s.recv(65536)
        if not part:
            return data, b""
        data += part
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


def _fields(head):
    lines = head.split(b"\r\n")[1:]
    return {k.strip().lower(): v.strip() for k, v in (line.split(b":", 1) for line in lines if b":" in line)}


def _read_chunked(s, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            part = s.recv(65536)
            if not part:
                return body
            data += part
        line, data = data.split(b"\r\n", 1)
        n = int(line.split(b";")[0], 16)
        while len(data) < n + 2 or (n == 0 and b"\r\n" not in data):
            part = s.recv(65536)
            if not part:
                return body + data
            data += part
        if n == 0:
            return body
        body, data = body + data[:n], data[n + 2:]


def read_response(s, has_body=True):
    """(head with its status line, body) of one HTTP/1 response."""
    head, data = read_head(s)
    fields = _fields(head)
    if not has_body or not head:
        return head, data
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return head, _read_chunked(s, data)
    n = int(fields.get(b"content-length", b"0"))
    while len(data) < n:
        part = s.recv(65536)
        if not part:
            break
        data += part
    return head, data


def ask(gateway, request, body=True, timeout=20):
    """Sends the text on a connection of its own; (head, body)."""
    with socket.create_connection(("127.0.0.1", gateway.proxy_port), timeout) as s:
        s.sendall(request.encode() if isinstance(request, str) else request)
        return read_response(s, body)


def tls_through(gateway, host="chatgpt.com", alpn=("http/1.1",), sni=None, session=None, context=None):
    """TLS with the forged leaf through CONNECT, HTTP/1 unless told."""
    s = socket.create_connection(("127.0.0.1", gateway.proxy_port), 20)
    s.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head, _ = read_head(s)
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise AssertionError(head)
    context = context or client_context(gateway, alpn)
    return context.wrap_socket(s, server_hostname=sni or host, session=session)


def client_context(gateway, alpn=("http/1.1",)):
    context = ssl.create_default_context(cafile=str(gateway.ca))
    context.set_alpn_protocols(list(alpn))
    return context


class Origin:
    """A server on loopback; `serve(socket)` runs for each connection in a
    thread.  tls: with the good certificate."""

    def __init__(self, serve, tls=False, alpn=("http/1.1",), family=socket.AF_INET):
        self.serve, self.error, self.accepted = serve, None, 0
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certs() / "good.pem", certs() / "good.key")
            self.context.set_alpn_protocols(list(alpn))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._run, args=(s,), daemon=True).start()

    def _run(self, s):
        try:
            s.settimeout(30)
            if self.context is not None:
                s = self.context.wrap_socket(s, server_side=True)
            self.serve(s)
        except (OSError, ValueError) as error:
            self.error = error
        finally:
            s.close()

    def stop(self):
        self.listener.close()


class Dns:
    """A name server on loopback: names maps "a.test" to addresses of either
    family, or to a function that gives them anew; silent holds (name, family) that never get an answer."""

    def __init__(self, names, silent=()):
        self.names, self.silent, self.asked = names, set(silent), []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_port()  # it is for TCP as well
        self.socket.bind(("127.0.0.1", self.port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(data)
            if answer:
                self.socket.sendto(answer, peer)

    def _answer(self, data):
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        question = data[12:at + 5]
        name, kind = ".".join(labels).lower(), int.from_bytes(data[at + 1:at + 3], "big")
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        self.asked.append((name, family))
        if (name, family) in self.silent:
            return None
        records = b""
        count = 0
        addresses = self.names.get(name, ())
        for address in addresses() if callable(addresses) else addresses:
            if (":" in address) == (family == socket.AF_INET6):
                packed = socket.inet_pton(family, address)
                records += b"\xc0\x0c" + question[-4:] + (1).to_bytes(4, "big") + \
                    len(packed).to_bytes(2, "big") + packed
                count += 1
        code = 0 if name in self.names else 3
        return data[:2] + (0x8180 | code).to_bytes(2, "big") + b"\0\1" + count.to_bytes(2, "big") + \
            b"\0\0\0\0" + question + records

    def stop(self):
        self.socket.close()
