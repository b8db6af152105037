"""An OpenID provider of the tests' own, over https, with keys of its own: as
good as they come, and as bad as a test wants it."""
import base64
import hashlib
import http.server
import json
import secrets
import socketserver
import ssl
import threading
import time
import urllib.parse

from gateway import certs, free_port
from jose import Key, dumps

CLIENT, SECRET = "promptgate", "s3cret/with ü"


class Idp:
    """people: what the claims say of whoever signs in next; token: how an ID
    token is made of claims; answers: path -> what is sent instead of the usual
    (a function of the handler); held: what waits here is let go by its event."""

    def __init__(self, folder, kind="RSA"):
        self.key, self.folder = Key(folder, "k1", kind), folder
        self.published = [self.key]
        self.person = {"sub": "u-ana", "email": "ana@corp.example", "email_verified": True, "groups": ["dlp-analysts"]}
        self.claims, self.token = {}, None
        self.metadata, self.answers, self.seen, self.codes = {}, {}, [], {}
        self.asks, self.sends_iss = False, False
        self.port = free_port()
        self.issuer = f"https://127.0.0.1:{self.port}"
        server = type("Server", (socketserver.ThreadingMixIn, http.server.HTTPServer), {
            "daemon_threads": True, "request_queue_size": 128, "handle_error": lambda *_: None})
        self.server = server(("127.0.0.1", self.port), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs() / "good.pem", certs() / "good.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def count(self, path):
        return sum(1 for seen in self.seen if seen[1] == path)

    def settings(self, more=""):
        """The section of promptgate.yaml; the secret's file is beside it."""
        return (f"oidc: {{issuer: \"{self.issuer}\", name: Corp, client_id: {CLIENT}, secret_file: oidc.secret, "
                f"ca_file: {certs() / 'root.pem'}, roles: {{dlp-admins: administrator, dlp-audit: auditor, "
                f"dlp-analysts: analyst}}{more}}}")

    # ---- what it says ----

    def describe(self):
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/logout",
                "authorization_response_iss_parameter_supported": self.sends_iss, **self.metadata}

    def keys(self):
        return {"keys": [key.jwk() for key in self.published]}

    def make_token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, **self.person, **self.claims}
        claims = {k: v for k, v in claims.items() if v is not None}
        return self.token(claims) if self.token else self.key.token(claims)

    def back(self, query):
        """Where the browser is sent with a code."""
        code = secrets.token_hex(16)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], **({"iss": self.issuer} if self.sends_iss else {})}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(answer)

    def redeem(self, form, authorization):
        """(status, answer) of a token request."""
        given = base64.b64decode((authorization or "").removeprefix("Basic ")).decode()
        if [urllib.parse.unquote(x) for x in given.split(":")] != [CLIENT, SECRET]:
            return 401, {"error": "invalid_client"}
        query = self.codes.pop(form.get("code"), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if query is None or query["redirect_uri"] != form.get("redirect_uri") or query["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.make_token(query["nonce"])}

    # ---- the server ----

    def handler(idp):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", kind="application/json", **headers):
                body = body if isinstance(body, bytes) else dumps(body)
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                idp.seen.append(("GET", url.path, query))
                if url.path in idp.answers:
                    idp.answers[url.path](self)
                elif url.path == "/.well-known/openid-configuration":
                    self.reply(200, idp.describe())
                elif url.path == "/keys":
                    self.reply(200, idp.keys())
                elif url.path == "/authorize" and idp.asks:
                    self.reply(200, f"<!doctype html><link rel=icon href=\"data:,\"><title>Corp</title><a id=go href=\"{idp.back(query).replace('&', '&amp;')}\">"
                               "Go on as Ana</a>".encode(), "text/html")
                elif url.path == "/authorize":
                    self.reply(302, Location=idp.back(query))
                elif url.path == "/logout":
                    self.reply(200, b"<!doctype html><link rel=icon href=\"data:,\"><title>Signed out of Corp</title>", "text/html")
                else:
                    self.reply(404)

            def do_POST(self):
                text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                form = dict(urllib.parse.parse_qsl(text))
                idp.seen.append(("POST", self.path, form))
                if self.path in idp.answers:
                    idp.answers[self.path](self)
                elif self.path == "/token":
                    self.reply(*idp.redeem(form, self.headers.get("Authorization")))
                else:
                    self.reply(404)
        return Handler


class Hold:
    """An answer that waits until it is let go: `with Hold(idp, "/token") as held: held.arrived.wait()`."""

    def __init__(self, idp, path):
        self.idp, self.path = idp, path
        self.arrived, self.go = threading.Event(), threading.Event()

    def answer(self, handler):
        self.arrived.set()
        self.go.wait(60)
        try:
            handler.reply(500, {"error": "server_error"})
        except OSError:
            pass  # given up meanwhile

    def __enter__(self):
        self.idp.answers[self.path] = self.answer
        return self

    def __exit__(self, *_):
        del self.idp.answers[self.path]
        self.go.set()


