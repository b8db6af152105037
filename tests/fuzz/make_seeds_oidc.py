#!/usr/bin/env python3
"""Writes the seeds of the fuzz target oidc: tokens of each algorithm with each
mistake, key sets, metadata, answers, claims, and the roles' messages."""
import hashlib
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from jose import Key, dumps, hmac_token, unsigned  # noqa: E402

ROOT = HERE / "corpus" / "oidc"
GOOD = {"iss": "https://idp.example", "aud": "gate", "sub": "u-1", "nonce": "N", "exp": 1800000300, "iat": 1800000000,
        "email": "ana@corp.example", "email_verified": True, "realm": {"groups": ["dlp"]}}
CHANGES = [{}, {"iss": "https://evil.example"}, {"aud": ["gate"]}, {"aud": ["gate", "x"]}, {"aud": []}, {"aud": 3}, {"azp": "gate"},
           {"azp": "x"}, {"nonce": "M"}, {"nonce": None}, {"exp": 1}, {"exp": "x"}, {"exp": 1.8e9}, {"iat": None}, {"iat": 1e300},
           {"iat": 1800000100}, {"nbf": 1800000100}, {"nbf": []}, {"nbf": 1}, {"sub": ""}, {"sub": "x" * 300}, {"email": "a@x"},
           {"email_verified": "true"}, {"email_verified": False}, {"realm": {"groups": "eyes"}}, {"realm": {}}, {"email": "a b"},
           {"realm/groups": ["dlp"]}, {"email": "@corp.example"}, {"realm": {"groups": [1, None, "eyes"]}}]
ENDPOINTS = {"issuer": "https://idp.example", "authorization_endpoint": "https://idp.example/a", "token_endpoint":
             "https://idp.example/t", "jwks_uri": "https://idp.example/k"}
METADATA = [{}, {"issuer": "https://evil.example"}, {"token_endpoint": "http://x"}, {"jwks_uri": "https://u@x/"}, {"jwks_uri": 3},
            {"end_session_endpoint": "https://idp.example/o"}, {"end_session_endpoint": "x"},
            {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
            {"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]},
            {"token_endpoint_auth_methods_supported": "x"}, {"authorization_response_iss_parameter_supported": True}]
QUESTION = {"id": 1, "code": "c", "verifier": "v", "nonce": "n", "redirect_uri": "https://gate/x"}
ANSWER = {"id": 1, "fault": "fine", "name": "ana", "subject": "s", "role": "analyst", "hint": "a.b.c"}
STATE = {"authorization_endpoint": "https://i/a", "end_session_endpoint": "", "sends_iss": True}


def tokens(folder):
    rsa, ec, okp = (Key(folder, kid, kind) for kid, kind in (("r", "RSA"), ("e", "EC"), ("o", "OKP")))
    keys = dumps({"keys": [rsa.jwk(), ec.jwk(alg="ES256"), okp.jwk()]})
    for change in CHANGES:
        yield keys, ec.token({**GOOD, **change})
    for key, alg in ((rsa, "RS256"), (rsa, "PS256"), (ec, "ES256"), (okp, "EdDSA")):
        yield keys, key.token(GOOD, alg=alg)
        yield keys, key.token(GOOD, {"alg": alg, "kid": "x"}, alg)
        yield keys, key.token(GOOD, {"alg": alg}, alg)
        yield keys, key.token(GOOD, {"alg": "RS384", "kid": key.kid}, alg)
    for header in ({}, [], {"alg": "ES256", "kid": 3}, {"alg": "ES256", "kid": "e", "typ": "at+jwt"},
                   {"alg": "ES256", "kid": "e", "crit": ["b64"]}, {"alg": "ES256", "kid": "e", "typ": "application/jwt"}):
        yield keys, ec.token(GOOD, header)
    yield keys, unsigned(GOOD, {"alg": "none"})
    yield keys, hmac_token(GOOD, {"alg": "HS256", "kid": "r"}, rsa.public_pem())
    good = ec.token(GOOD)
    for bad in (good[:-10], good + ".x", good.replace(".", "..", 1), good + "=", good + "+", "", ".", "..", "a.b.c", good[5:]):
        yield keys, bad
    yield dumps({"keys": [ec.jwk(), Key(folder, "e2", "EC").jwk()]}), ec.token(GOOD, {"alg": "ES256"})
    yield dumps({"keys": [okp.jwk(kid=None)]}), okp.token(GOOD)


def key_sets(folder):
    rsa, ec, okp = (Key(folder, kid, kind) for kid, kind in (("a", "RSA"), ("b", "EC"), ("c", "OKP")))
    yield from ({"keys": [k.jwk()]} for k in (rsa, ec, okp))
    for more in ({"use": "enc"}, {"alg": "HS256"}, {"alg": "ES256"}, {"kid": "x" * 300}, {"kid": "a\0b"}, {"n": "AQAB"}, {"n": "", "e": ""},
                 {"e": "AQABAQAB"}, {"n": "A+/="}, {"n": "x" * 1600}, {"n": "_" * 1400}, {"n": "AAAA" + rsa.jwk()["n"]}, {"kty": "oct"}):
        yield {"keys": [rsa.jwk(**more)]}
    for more in ({"crv": "P-384"}, {"crv": "P-521"}, {"x": "AA"}, {"x": ec.jwk()["y"]}, {"y": None}):
        yield {"keys": [ec.jwk(**more)]}
    yield {"keys": [okp.jwk(crv="X25519"), okp.jwk(x="AA"), okp.jwk(x=None)]}
    yield {"keys": [okp.jwk()] * 40}
    yield from ({}, [], {"keys": {}}, {"keys": [1, [], {}]})


def seeds(folder):
    for keys, token in tokens(folder):
        yield b"t" + keys + b"\n" + token.encode()
    for keys in key_sets(folder):
        yield b"k" + dumps(keys)
    for change in METADATA:
        yield b"m" + dumps({**ENDPOINTS, **change})
    for change in CHANGES:
        yield b"c" + dumps({**GOOD, **change})
    for change in ({"realm": None}, {"sub": "a@corp.example"}, {"sub": "a@corp.example", "realm": {}}, {"email": "ana@corp.example\x7f"}):
        yield b"c" + dumps({**GOOD, **change})
    for mode in (b"a", b"e"):
        for body in ({"id_token": "a.b.c"}, {"error": "invalid_grant"}, {"error": "invalid_client"}, {"error": 3}, {"id_token": 3}, []):
            yield mode + dumps(body)
        yield mode + b"<html>"
    for name in QUESTION:
        yield b"q" + dumps({k: v for k, v in QUESTION.items() if k != name})
    yield b"q" + dumps(QUESTION)
    yield b"q" + dumps({**QUESTION, "code": "x" * 5000})
    for endpoint in ("https://idp.example/authorize", "https://idp.example/realms/a/", "https://idp.example", "http://x", "https://i/a?b=c", "x"):
        for lines in (["gate", "s3cret", "code", "verifier"], ["a:b c+d%", "ü&=", "\x01/\xff", "~-._"], ["", "", "", ""], ["gate"]):
            yield b"w" + "\n".join([endpoint, *lines]).encode("latin-1")
    for name in ANSWER:
        yield b"s" + dumps({k: v for k, v in ANSWER.items() if k != name})
    for change in ({}, {"role": "proxy"}, {"role": "auditor"}, {"name": "a b"}, {"fault": "nonce"}, {"fault": "x"}, {"subject": "a\0b"}):
        yield b"s" + dumps({**ANSWER, **change})
    for change in ({}, {"authorization_endpoint": ""}, {"end_session_endpoint": "x"}, {"sends_iss": 3}):
        yield b"s" + dumps({**STATE, **change})
    yield b"s" + json.dumps([ANSWER]).encode()
    yield b"s" + b"{" * 9


if __name__ == "__main__":
    ROOT.mkdir(parents=True, exist_ok=True)
    for old in ROOT.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as made:
        for seed in seeds(pathlib.Path(made)):
            (ROOT / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)
    print(len(list(ROOT.iterdir())))
