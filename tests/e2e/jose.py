"""Keys, JWKs and signed tokens by the program openssl, so that the tests need
no library for it."""
import base64
import hashlib
import hmac
import json
import subprocess


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*args, given=b""):
    return subprocess.run(["openssl", *args], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def dumps(value):
    return json.dumps(value, separators=(",", ":")).encode()


def raw_signature(der, size):
    """DER's two numbers side by side (RFC 7518, 3.4)."""
    at, numbers = 2 + (der[1] & 0x80 and der[1] & 0x7f), []
    for _ in range(2):
        n = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + n], "big").to_bytes(size, "big"))
        at += 2 + n
    return b"".join(numbers)


class Key:
    """An RSA, P-256 or Ed25519 key in a file of `folder`."""

    def __init__(self, folder, kid, kind="RSA"):
        self.kid, self.kind, self.path = kid, kind, folder / f"{kid}.pem"
        how = {"RSA": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "EC": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
               "OKP": ["ED25519"]}[kind]
        self.path.write_bytes(openssl("genpkey", "-algorithm", *how))
        self.alg = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[kind]

    def public_pem(self):
        return openssl("pkey", "-in", self.path, "-pubout")

    def jwk(self, **more):
        der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        jwk = {"kty": self.kind, "kid": self.kid, "use": "sig"}
        if self.kind == "EC":
            jwk.update(crv="P-256", x=encode(der[-64:-32]), y=encode(der[-32:]))
        elif self.kind == "OKP":
            jwk.update(crv="Ed25519", x=encode(der[-32:]))
        else:
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
            jwk.update(n=encode(bytes.fromhex(modulus)), e="AQAB")
        return {**jwk, **more}

    def sign(self, text, alg=None):
        if self.kind == "OKP":
            message = self.path.with_suffix(".text")
            message.write_bytes(text)
            return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", message)
        more = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if alg == "PS256" else []
        made = openssl("dgst", "-sha256", "-sign", self.path, *more, given=text)
        return raw_signature(made, 32) if self.kind == "EC" else made

    def token(self, claims, header=None, alg=None):
        """header: instead of the usual one; alg: how it is signed."""
        head = header if header is not None else {"alg": alg or self.alg, "typ": "JWT", "kid": self.kid}
        text = f"{encode(dumps(head))}.{encode(dumps(claims))}".encode()
        return f"{text.decode()}.{encode(self.sign(text, alg))}"


def unsigned(claims, header):
    return f"{encode(dumps(header))}.{encode(dumps(claims))}."


def hmac_token(claims, header, secret):
    text = f"{encode(dumps(header))}.{encode(dumps(claims))}".encode()
    return f"{text.decode()}.{encode(hmac.new(secret, text, hashlib.sha256).digest())}"
