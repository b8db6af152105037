"""Clients that send prompts with fresh message ids, each over TLS through
CONNECT on connections of its own, until told to stop."""
import json
import socket
import ssl
import threading
import time
import uuid

PROMPTS_A_CONNECTION = 8


def read_answer(sock):
    """(status, body still framed) of one HTTP/1.1 answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("closed before an answer")
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None)
    while len(body) < length if length is not None else not body.endswith(b"0\r\n\r\n"):
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("cut in the middle of an answer")
        body += part
    return int(lines[0].split()[1]), body


class Client(threading.Thread):
    def __init__(self, load):
        super().__init__(daemon=True)
        self.load = load
        self.sent, self.answered, self.times = [], [], []
        self.refused = self.broken = 0

    def open(self):
        sock = socket.create_connection(("127.0.0.1", self.load.port), 5)
        try:
            sock.sendall(b"CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: chatgpt.com:443\r\n\r\n")
            head = b""
            while b"\r\n\r\n" not in head:
                part = sock.recv(4096)
                if not part:
                    raise ConnectionError("closed before CONNECT's answer")
                head += part
            return self.load.context.wrap_socket(sock, server_hostname="chatgpt.com")
        except BaseException:
            sock.close()
            raise

    def send_prompt(self, sock):
        message = str(uuid.uuid4())
        body = json.dumps({"action": "next", "model": "auto", "messages": [
            {"id": message, "author": {"role": "user"},
             "content": {"content_type": "text", "parts": ["load " + message]}}]}).encode()
        self.sent.append(message)
        start = time.monotonic()
        sock.sendall(b"POST /backend-api/conversation" + self.load.query + b" HTTP/1.1\r\nHost: chatgpt.com\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        status, answer = read_answer(sock)
        self.times.append(time.monotonic() - start)
        if status == 200 and b"[DONE]" in answer:
            self.answered.append(message)
        else:
            self.refused += 1

    def run(self):
        while not self.load.ending.is_set():
            try:
                with self.open() as sock:
                    for _ in range(PROMPTS_A_CONNECTION):
                        if self.load.ending.is_set():
                            break
                        self.send_prompt(sock)
                        time.sleep(self.load.pause)
            except (OSError, ValueError, ssl.SSLError):
                self.broken += 1
                time.sleep(0.02)


class Load:
    """with Load(gateway, 32) as load: ...; afterwards its figures."""

    def __init__(self, gateway, clients, query=b"", pause=0.0):
        self.port, self.query, self.pause = gateway.proxy_port, query, pause
        self.context = ssl.create_default_context(cafile=str(gateway.ca))
        self.ending = threading.Event()
        self.clients = [Client(self) for _ in range(clients)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ending.set()
        for client in self.clients:
            client.join(30)

    def every(self, name):
        return [item for client in self.clients for item in getattr(client, name)]

    def count(self, name):
        value = (getattr(client, name) for client in self.clients)
        return sum(v if isinstance(v, int) else len(v) for v in value)
