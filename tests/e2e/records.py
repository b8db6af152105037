"""TLS records written by hand: a connection is opened by Python's ssl, then its
keys are taken from the key log and whatever a test wants is sealed and sent
(RFC 8446 §5 and §7, RFC 5246 §6; AEADs by libcrypto).

    player = Records(socket, context, "chatgpt.com")    # or is_server=True
    player.send(HANDSHAKE, key_update())
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import pathlib
import ssl
import tempfile

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
CLIENT_HELLO, NEW_SESSION_TICKET, KEY_UPDATE = 1, 4, 24
WARNING, FATAL = 1, 2
CLOSE_NOTIFY, USER_CANCELED, NO_RENEGOTIATION = 0, 90, 100

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for _name in ("EVP_CIPHER_CTX_new", "EVP_get_cipherbyname"):
    getattr(_crypto, _name).restype = ctypes.c_void_p
_AEADS = {"AES_128_GCM": (b"id-aes128-GCM", 16), "AES_256_GCM": (b"id-aes256-GCM", 32),
          "CHACHA20_POLY1305": (b"ChaCha20-Poly1305", 32)}


def seal(aead, key, nonce, header, plain):
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(_crypto.EVP_get_cipherbyname(_AEADS[aead][0]))
    out, tag, n = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    good = _crypto.EVP_EncryptInit_ex(context, cipher, None, key, nonce) == 1 and \
        _crypto.EVP_EncryptUpdate(context, None, ctypes.byref(n), header, len(header)) == 1 and \
        _crypto.EVP_EncryptUpdate(context, out, ctypes.byref(n), plain, len(plain)) == 1 and \
        _crypto.EVP_EncryptFinal_ex(context, tag, ctypes.byref(ctypes.c_int())) == 1 and \
        _crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag) == 1  # EVP_CTRL_AEAD_GET_TAG
    _crypto.EVP_CIPHER_CTX_free(context)
    if not good:
        raise ValueError(aead)
    return out.raw[:len(plain)] + tag.raw


def record(kind, data, version=0x0303):
    return bytes([kind]) + version.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def key_update(is_asking=True):
    return message(KEY_UPDATE, bytes([is_asking]))


class Records:
    """One direction of an open TLS 1.2 or 1.3 connection, ours."""

    def __init__(self, plain, context, name=None, is_server=False):
        self.socket = plain
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "keys"
            context.keylog_filename = str(log)
            self.incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.seen = b""
            self.tls = context.wrap_bio(self.incoming, outgoing, is_server, server_hostname=name)
            self._shake(outgoing)
            self.keys = dict()
            for line in filter(lambda line: line[0] != "#", log.read_text().splitlines()):
                label, random, secret = line.split()
                self.keys[label] = bytes.fromhex(secret)
                self.client_random = bytes.fromhex(random)
        suite = self.tls.cipher()[0]
        self.aead = next((a for a in _AEADS if a.replace("_", "") in suite.replace("-", "").replace("_", "")), None)
        self.hash = hashlib.sha384 if suite.endswith("SHA384") else hashlib.sha256
        self.is_tls13 = self.tls.version() == "TLSv1.3"
        if self.is_tls13:
            self.secret = self.keys[f"{'SERVER' if is_server else 'CLIENT'}_TRAFFIC_SECRET_0"]
            self._derive()
        else:
            self._derive_tls12()

    def _shake(self, outgoing):
        while True:
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            if outgoing.pending:
                self.socket.sendall(outgoing.read())
            if done:
                return
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed in the handshake")
            self.seen += part
            self.incoming.write(part)

    def _expand(self, label, size):
        info = size.to_bytes(2, "big") + bytes([6 + len(label)]) + b"tls13 " + label + b"\0"
        return hmac.digest(self.secret, info + b"\1", self.hash)[:size]

    def _derive(self):
        self.key, self.iv, self.number = self._expand(b"key", _AEADS[self.aead][1]), self._expand(b"iv", 12), 0

    def _derive_tls12(self):
        """A client's write key; the first record under it was Finished."""
        at = self.seen.index(b"\x16\x03\x03") + 5 + 4 + 2
        seed = b"key expansion" + self.seen[at:at + 32] + self.client_random
        secret, a, block = self.keys["CLIENT_RANDOM"], seed, b""
        while len(block) < 2 * 32 + 8:
            a = hmac.digest(secret, a, self.hash)
            block += hmac.digest(secret, a + seed, self.hash)
        size = _AEADS[self.aead][1]
        self.key, self.iv, self.number = block[:size], block[2 * size:2 * size + 4], 1

    def sealed(self, kind, data):
        number, self.number = self.number.to_bytes(8, "big"), self.number + 1
        if self.is_tls13:
            header = bytes([APPLICATION]) + b"\3\3" + (len(data) + 17).to_bytes(2, "big")
            nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + number))
            return header + seal(self.aead, self.key, nonce, header, data + bytes([kind]))
        header = number + bytes([kind]) + b"\3\3" + len(data).to_bytes(2, "big")
        return record(kind, number + seal(self.aead, self.key, self.iv + number, header, data))

    def send(self, *records):
        """(kind, data) each."""
        self.socket.sendall(b"".join(self.sealed(*r) for r in records))

    def updated(self, is_asking=True):
        """A KeyUpdate as bytes; what follows is under the next keys."""
        out = self.sealed(HANDSHAKE, key_update(is_asking))
        self.secret = self._expand(b"traffic upd", self.hash().digest_size)
        self._derive()
        return out
