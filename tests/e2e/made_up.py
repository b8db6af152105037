"""A journal of made-up activities, from which the indexer makes a store of any size."""
import json
import random
import struct
import time
import uuid
import zlib

DAYS = 30
ACTIVITIES = [("prompt.created", "Service Usage", 40), ("response.generated", "Service Usage", 38),
              ("prompt_with_file.created", "Data Upload", 5), ("file.uploaded", "Data Upload", 6),
              ("response_with_file.downloaded", "Data Download", 3), ("conversation.viewed", "Data Access", 5),
              ("prompt.updated", "Service Usage", 2), ("api_key.created", "Administration", 1)]
MODELS = ["gpt-5", "gpt-5-mini", "gpt-4o", "o3", "o4-mini"]
FINDINGS = [("payment-card", "credit-card", "financial"), ("iban", "iban", "financial"),
            ("aws-access-key", "aws-key", "secret"), ("us-ssn", "us-ssn", "personal"),
            ("email-list", "email", "personal")]
TYPES = ["application/pdf", "text/csv", "image/png", "application/zip"]
WORDS = ("the quarterly report shows that our sales grew while costs fell please write a summary of this meeting "
         "translate into french fix the bug in my python function explain how the cache works customer contract "
         "invoice budget roadmap launch security review database migration plan").split()


def activity(number, start_ms, step_ms, rng):
    name, category, _ = rng.choices(ACTIVITIES, [a[2] for a in ACTIVITIES])[0]
    ms = start_ms + int(number * step_ms)
    seconds, rest = divmod(ms, 1000)
    user = int(rng.paretovariate(0.6)) % 5000
    item = {
        "id": str(uuid.UUID(int=(ms << 80) | (7 << 76) | (number << 20) | 8 << 60)),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}Z",
        "node": "gw-1", "via": "inline" if rng.random() < 0.95 else "compliance-log",
        "service": rng.choices(["chatgpt", "openai-api", "openai-platform"], [85, 12, 3])[0],
        "activity": name, "category": category, "outcome": "success" if rng.random() < 0.98 else "failure",
        "actor": {"user": f"user{user}@example.com", "source": "proxy-auth", "ip": f"10.{user // 250}.{user % 250}.7",
                  "workspace": f"ws-{user % 12}"},
        "conversation_id": f"conv-{number // 9}", "model": rng.choice(MODELS),
        "text": {"bytes": 200, "sha256": "0" * 64, "sample": " ".join(rng.choices(WORDS, k=14))},
        "verdict": "allow",
        "http": {"method": "POST", "host": "chatgpt.com", "path": "/backend-api/conversation", "status": 200, "version": "2"},
    }
    if rng.random() < 0.06:
        detector, kind, group = rng.choice(FINDINGS)
        item["findings"] = [{"detector": detector, "type": kind, "group": group, "count": 1, "confidence": "high",
                             "severity": rng.choice(["low", "medium", "high"]), "where": "prompt",
                             "sample": "4•••••••••••1111", "start": 10, "end": 26}]
        item["verdict"] = rng.choice(["alert", "block"])
        item["rule"] = "no-" + kind
    if "file" in name:
        item["files"] = [{"name": f"{rng.choice(WORDS)}-{number % 1000}.pdf", "bytes": 48211, "type": rng.choice(TYPES)}]
    return item


def write_journal(folder, rows):
    """Segments as store/journal.h says."""
    folder.mkdir(parents=True)
    rng = random.Random(6)
    now = int(time.time() * 1000)
    step = DAYS * 86400000 / rows
    start = now - DAYS * 86400000
    number, segment = 0, 0
    while number < rows:
        segment += 1
        with open(folder / f"{segment:08}.j", "wb") as out:
            out.write(b"PGJ1\r\n\0\0" + struct.pack("<Q", segment))
            for number in range(number, min(rows, number + 60000)):
                item = activity(number, start, step, rng)
                body = struct.pack("<B3xQ", 2, 1) + item["id"].encode() + json.dumps(item, ensure_ascii=False).encode()
                length = struct.pack("<I", len(body))
                out.write(b"PGJe" + length + struct.pack("<I", zlib.crc32(body, zlib.crc32(length))) + body)
        number += 1
