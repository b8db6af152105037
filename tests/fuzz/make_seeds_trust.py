"""Writes the seeds of fuzz_trust: python3 make_seeds_trust.py x509-limbo.json

The small cases of C2SP/x509-limbo as records (fuzz_trust.c says which), and chains made here with staples, lists, a root
of some hosts and our own CA, good and damaged.  Needs the module cryptography; signatures differ from run to run.
"""
import base64
import datetime
import json
import pathlib
import re
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = pathlib.Path(__file__).resolve().parent / "corpus/trust"
FROM, TO, NOW = datetime.datetime(2020, 1, 1), datetime.datetime(2090, 1, 1), datetime.datetime(2030, 1, 1)
SEED_BYTES = 3000


def record(kind, data):
    return kind.encode() + struct.pack(">H", len(data)) + data


def at(moment):
    return record("T", struct.pack(">q", int(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)))


def der(pem):
    return base64.b64decode(re.search(r"-----BEGIN [^-]+-----(.*?)-----END", pem, re.S)[1])


def is_small(case):
    return sum(map(len, case["trusted_certs"] + case["untrusted_intermediates"] + [case["peer_certificate"]])) < SEED_BYTES * 4 / 3


def limbo(case):
    name = (case["expected_peer_name"] or {}).get("value", "")
    when = datetime.datetime.fromisoformat(case["validation_time"].replace("Z", "+00:00")).replace(tzinfo=None) \
        if case["validation_time"] else NOW
    out = b"".join(record("R", der(pem)) for pem in case["trusted_certs"])
    out += b"".join(record("I", der(pem)) for pem in case["untrusted_intermediates"])
    out += b"".join(record("C", der(pem)) for pem in case.get("crls") or [])
    return out + record("L", der(case["peer_certificate"])) + record("H", name.encode()) + at(when)


class Cert:
    def __init__(self, name, issuer=None, ca=False, san=(), serial=7, extra=(), until=TO):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.issuer = issuer or self
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(self.issuer.name).public_key(
            self.key.public_key()).serial_number(serial).not_valid_before(FROM).not_valid_after(until)
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        if san:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in san]), False)
        for extension, is_critical in extra:
            builder = builder.add_extension(extension, is_critical)
        self.cert = builder.sign(self.issuer.key, hashes.SHA256())

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)


def staple(leaf, signer, status=ocsp.OCSPCertStatus.GOOD, until=TO, beside=(), issuer=None):
    revoked = status == ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.cert, (issuer or leaf.issuer).cert, hashes.SHA1(), status, FROM, until, FROM if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.cert)
    if beside:
        builder = builder.certificates([c.cert for c in beside])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def revocations(issuer, *serials):
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.name).last_update(FROM).next_update(TO)
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(FROM).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def made():
    must = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
    responder_use = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    root, other, own = Cert("root", ca=True), Cert("other", ca=True), Cert("own", ca=True)
    between = Cert("between", root, ca=True)
    leaf = Cert("leaf", between, san=["b.a.test", "*.b.test"])
    stapled = Cert("stapled", root, san=["s.test"], extra=[must])
    responder = Cert("responder", root, extra=[responder_use])
    base = record("R", root.der) + record("I", between.der) + at(NOW)
    good = base + record("L", leaf.der)
    for host in (b"b.a.test", b"x.b.test", b"c.test", b"", b"10.1.2.3", b"::1", b"b.a.test."):
        yield good + record("H", host)
    s = record("R", root.der) + at(NOW) + record("L", stapled.der) + record("H", b"s.test")
    yield s
    for answer in (staple(stapled, root), staple(stapled, root, ocsp.OCSPCertStatus.REVOKED),
                   staple(stapled, root, ocsp.OCSPCertStatus.UNKNOWN), staple(stapled, root, until=datetime.datetime(2021, 1, 1)),
                   staple(stapled, responder, beside=[responder]), staple(stapled, other, beside=[other]),
                   staple(leaf, root, issuer=root), ocsp.OCSPResponseBuilder.build_unsuccessful(
                       ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(serialization.Encoding.DER), b"\x30\x03\x0a\x01\x00"):
        for pad in (b"", b"\0"):  # the length's parity says whether a missing staple is minded
            yield s + record("S", answer) + pad
    for serials in ((), (7,), (8,)):
        yield good + record("H", b"b.a.test") + record("C", revocations(between, *serials)) + record("C", revocations(root))
    yield good + record("H", b"b.a.test") + record("C", revocations(other, 7))
    yield good + record("H", b"b.a.test") + record("C", b"\x30\x00")
    for owned, sent in ((own, leaf), (root, leaf), (own, Cert("l", own, san=["b.a.test"])), (between, leaf)):
        yield record("O", owned.der) + base + record("L", sent.der) + record("H", b"b.a.test")
    limited = Cert("limited", other, san=["b.a.test", "c.test"])
    for host in (b"b.a.test", b"c.test"):
        yield record("A", other.der) + base + record("L", limited.der) + record("H", host)
    yield record("A", b"nothing") + good + record("H", b"b.a.test")
    yield record("R", b"\x30\x82") + good
    for extra in ([x509.NameConstraints([x509.DNSName("a.test")], None)], [x509.NameConstraints(None, [x509.DNSName("a.test")])],
                  [x509.NameConstraints(None, [x509.DNSName(".a.test")])]):
        ca = Cert("limited ca", root, ca=True, extra=[(extra[0], True)])
        for san in (["b.a.test"], ["*.test"], ["*.a.test"]):
            yield (record("R", root.der) + record("I", ca.der) + at(NOW) + record("L", Cert("l", ca, san=san).der) +
                   record("H", b"b.a.test"))
    chain, issuer = b"", root
    for depth in range(12):
        issuer = Cert(f"{depth}", issuer, ca=True)
        chain += record("I", issuer.der)
        if depth in (7, 8, 11):
            yield record("R", root.der) + chain + at(NOW) + record("L", Cert("l", issuer, san=["a.test"]).der) + record("H", b"a.test")
    whole = good + record("H", b"b.a.test")
    for place in range(3, len(whole), len(whole) // 30):
        yield whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1:]
    yield whole[:-20]


def main():
    cases = json.loads(pathlib.Path(sys.argv[1]).read_text())["testcases"]
    seeds = [limbo(case) for case in cases if is_small(case)] + list(made())
    HERE.mkdir(parents=True, exist_ok=True)
    for old in HERE.iterdir():
        old.unlink()
    for number, seed in enumerate(seeds):
        (HERE / f"{number:03}").write_bytes(seed)
    print(len(seeds), "seeds,", sum(map(len, seeds)), "bytes")


if __name__ == "__main__":
    main()
