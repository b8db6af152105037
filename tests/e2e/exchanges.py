"""Exchanges in the shapes of the services, for captures: how clients and the
service write them (facts/chatgpt-wire.md), nothing of how promptgate reads
them.  test_replay.py says what is expected."""
import base64
import ctypes
import ctypes.util
import gzip
import json
import uuid
import zlib

CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n" \
      "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm\n-----END RSA PRIVATE KEY-----"


def dumps(value, **more):
    return json.dumps(value, ensure_ascii=False, **more)


# ---- content encodings ----

def brotli(data):
    lib = ctypes.CDLL(ctypes.util.find_library("brotlienc") or "libbrotlienc.so.1")
    size = ctypes.c_size_t(len(data) + 1024)
    out = ctypes.create_string_buffer(size.value)
    assert lib.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    return out.raw[:size.value]


def zstd(data):
    lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    lib.ZSTD_compress.restype = ctypes.c_size_t
    size = len(data) + 1024
    out = ctypes.create_string_buffer(size)
    n = lib.ZSTD_compress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:n]


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


ENCODERS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "br": brotli, "zstd": zstd, "deflate": zlib.compress}


def encode(data, encoding):
    for name in encoding.replace(" ", "").split(","):
        data = ENCODERS[name](data)
    return data


# ---- HAR ----

def headers(pairs):
    return [{"name": n, "value": v} for n, v in pairs.items()]


def content(data, encoding, key="text"):
    """The body as exporters write it: text, or base64 where it is none."""
    if data is None:
        return {}
    if encoding is None:
        try:
            return {key: data.decode()}
        except UnicodeDecodeError:
            pass
    return {key: base64.b64encode(data).decode(), "encoding": "base64"}


def entry(url, body=None, answer=None, method="POST", kind="application/json", fields=None, status=200,
          answer_kind="text/event-stream; charset=utf-8", version="http/2.0", second=0, millis=500,
          encoding=None, answer_encoding=None, is_kept=False, is_base64=False, is_answer_base64=False):
    """encoding: the body travels in it; is_kept: the exporter undid it and kept the header."""
    sent = {"accept": "text/event-stream"}
    if body is not None and kind is not None:
        sent["content-type"] = kind
    data = body.encode() if isinstance(body, str) else body
    if encoding:
        sent["content-encoding"] = encoding
        data = data if is_kept else encode(data, encoding)
    sent.update(fields or {})
    got = {"content-type": answer_kind} if answer_kind else {}
    reply = answer.encode() if isinstance(answer, str) else answer
    if answer_encoding:
        got["content-encoding"] = answer_encoding
        reply = reply if is_kept else encode(reply, answer_encoding)
    request = {"method": method, "url": url, "httpVersion": version, "headers": headers(sent), "queryString": [],
               "cookies": [], "headersSize": -1, "bodySize": len(data or b"")}
    is_raw = is_base64 or (encoding and not is_kept)
    if data is not None:
        request["postData"] = {"mimeType": kind or "", **content(data, "base64" if is_raw else None)}
    is_raw = is_answer_base64 or (answer_encoding and not is_kept)
    response = {"status": status, "statusText": "", "httpVersion": version, "headers": headers(got), "cookies": [],
                "content": {"size": len(reply or b""), "mimeType": answer_kind or "",
                            **content(reply, "base64" if is_raw else None)},
                "redirectURL": "", "headersSize": -1, "bodySize": -1}
    start = f"2026-11-22T10:{second // 60:02d}:{second % 60:02d}.250Z"
    return {"startedDateTime": start, "time": millis, "request": request, "response": response, "cache": {},
            "timings": {"send": 1, "wait": 1, "receive": 1}}


def har(entries):
    return {"log": {"version": "1.2", "creator": {"name": "made up", "version": "1"}, "pages": [],
                    "entries": entries}}


# ---- ChatGPT: requests ----

CHAT = "https://chatgpt.com"
F = CHAT + "/backend-api/f/conversation"
OLD = CHAT + "/backend-api/conversation"


def message(text, id=None, role="user", parts=None, content=None, **more):
    made = {"id": id or str(uuid.uuid4()), "author": {"role": role}, "create_time": 1790000000.125,
            "content": content or {"content_type": "text", "parts": [text] if parts is None else parts},
            "metadata": {"selected_sources": [], "serialization_metadata": {"custom_symbol_offsets": []}}}
    made.update(more)
    return {k: v for k, v in made.items() if v != "absent"}


def prompt(*messages, action="next", parent="client-created-root", **more):
    made = {"action": action, "messages": list(messages), "parent_message_id": parent, "model": "auto",
            "client_prepare_state": "success", "timezone_offset_min": -120, "timezone": "Europe/Paris",
            "conversation_mode": {"kind": "primary_assistant"}, "enable_message_followups": True,
            "system_hints": [], "supports_buffering": True, "supported_encodings": ["v1"],
            "client_contextual_info": {"is_dark_mode": False, "app_name": "chatgpt.com"}}
    made.update(more)
    return {k: v for k, v in made.items() if v != "absent"}


# ---- ChatGPT: answers ----

def document(id, parts=None, role="assistant", parent=None, content=None, conversation=None, **more):
    metadata = {"model_slug": "gpt-5-6"} if role == "assistant" else {}
    if parent:
        metadata["parent_id"] = parent
    metadata.update(more.pop("metadata", {}))
    made = {"id": id, "author": {"role": role, "name": more.pop("name", None), "metadata": {}},
            "create_time": 1790000001.5, "update_time": None,
            "content": content or {"content_type": "text", "parts": parts if parts is not None else [""]},
            "status": "in_progress", "end_turn": None, "weight": 1.0, "metadata": metadata, "recipient": "all",
            "channel": None}
    made.update(more)
    return {"message": made, "conversation_id": conversation, "error": None}


def sse(*events, end="\n", done=True, pad=""):
    """Each event: a string (its data), an object (its JSON), or (name, either)."""
    out = []
    for event in list(events) + (["[DONE]"] if done else []):
        name, data = event if isinstance(event, tuple) else (None, event)
        if not isinstance(data, str):
            data = dumps(data) + pad
        out += [f"event: {name}"] if name else []
        out += [f"data: {line}" for line in data.split("\n")] + [""]
    return end.join(out) + end


def delta(*deltas, done=True, complete=True, before=(), conversation="c", **more):
    """A v1 stream; dicts with `type` are typed events and have no event line."""
    events = [("delta_encoding", '"v1"'), *before]
    for d in deltas:
        events.append(d if isinstance(d, (str, tuple)) or "type" in d else ("delta", d))
    if complete:
        events.append({"type": "message_stream_complete", "conversation_id": conversation})
    return sse(*events, done=done, **more)


def add(doc, c=0):
    return {"p": "", "o": "add", "v": doc, "c": c}


def append(text, path="/message/content/parts/0"):
    return {"p": path, "o": "append", "v": text}


def plain(text, id, parent, conversation, **more):
    """The usual answer: one visible document, filled by appends."""
    half = len(text) // 2
    return delta(add(document(id, parent=parent, conversation=conversation, channel="final", **more)),
                 append(text[:half]), {"v": text[half:]},
                 {"p": "", "o": "patch", "v": [
                     {"p": "/message/status", "o": "replace", "v": "finished_successfully"},
                     {"p": "/message/end_turn", "o": "replace", "v": True},
                     {"p": "/message/metadata", "o": "append", "v": {"is_complete": True}}]},
                 conversation=conversation)


def legacy(*documents, done=True, **more):
    return sse(*documents, done=done, **more)


def token(email=None, user="user-1", account="w-token"):
    claims = {"aud": ["https://api.openai.com/v1"], "sub": "auth0|x",
              "https://api.openai.com/auth": {"chatgpt_account_id": account, "chatgpt_user_id": user,
                                              "chatgpt_plan_type": "team"}}
    if email:
        claims["https://api.openai.com/profile"] = {"email": email, "email_verified": True}
    middle = base64.urlsafe_b64encode(dumps(claims).encode()).rstrip(b"=").decode()
    return "Bearer eyJhbGciOiJSUzI1NiJ9." + middle + ".c2ln"
