"""Files going up (facts/chatgpt-wire.md §3.5, §5, §9.3): every step of a file
is one activity, whatever the order, and the prompt that uses it refers to it."""
import base64
import hashlib
import random

import documents
from exchanges import CARD, CHAT, F, OLD, dumps, entry, message, prompt
from replay_cases import ANY, BAD, case, expect

B = CHAT + "/backend-api"
API = "https://api.openai.com/v1"
SAS = "?se=2026-11-22T11%3A00Z&sp=w&sv=2024-08-04&sr=b&sig=a%2Bb%3D"
TEXT = b"quarter,amount\nQ1,12\nQ2,14\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SECRET = b"pay with " + CARD.encode() + b" today\n"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TYPE = "multipart/form-data; boundary=zz9"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def call(url, body, answer=None, second=0, answer_kind="application/json", **more):
    text = answer if answer is None or isinstance(answer, (str, bytes)) else dumps(answer)
    return entry(url, body if isinstance(body, (str, bytes)) else dumps(body), text, second=second,
                 answer_kind=answer_kind, **more)


def put(url, data, second, kind="text/csv", status=201, **more):
    return entry(url, data, method="PUT", kind=kind, second=second, status=status,
                 fields={"x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08"}, **more)


def announce(id, url, name="q3.csv", size=len(TEXT), kind="text/csv", second=0, base=B, answer=None, **more):
    body = {"file_name": name, "file_size": size, "mime_type": kind, "use_case": "my_files",
            "timezone_offset_min": -60, "reset_rate_limits": False, **more}
    return call(base + "/files", body, answer or {"status": "success", "upload_url": url, "file_id": id}, second)


def uploaded(id, second, base=B, **answer):
    return call(f"{base}/files/{id}/uploaded", {}, {"status": "success", "download_url": CHAT + "/x", **answer}, second)


def process(id, name, second):
    lines = [{"file_id": id, "event": f"file.processing.{e}", "message": "m", "progress": p, "extra": None}
             for e, p in (("started", 0), ("file_ready", 50), ("completed", 100))]
    body = {"file_id": id, "file_name": name, "use_case": "my_files", "index_for_retrieval": True,
            "entry_surface": "chat_composer", "metadata": {"store_in_library": True}}
    return call(B + "/files/process_upload_stream", body, "".join(dumps(x) + "\n" for x in lines), second,
                answer_kind="text/event-stream")


def whole(data, **more):
    return {"bytes": len(data), "sha256": sha(data), **more}


def told(*files, **more):
    return expect("file.uploaded", files=list(files), category="Data Upload", **more)


def asks(id, text="what is in it?", second=8, url=F, name="q3.csv", **more):
    file = {"id": id, "name": name, "size": 5, "mime_type": "text/csv", **more}
    return entry(url, dumps(prompt(message(text, "m-" + id, metadata={"attachments": [file]}))), second=second)


def asked(*files, **more):
    return expect("prompt_with_file.created", files=list(files), **{"content": ANY, **more})


def parts(*each):
    out = b""
    for name, data, *file in each:
        more = f'; filename="{file[0]}"\r\nContent-Type: {file[1]}' if file else ""
        out += f'--zz9\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        out += (data if isinstance(data, bytes) else data.encode()) + b"\r\n"
    return out + b"--zz9--\r\n"


def form(url, *each, answer=None, second=0, **more):
    return call(url, parts(*each), answer, second, kind=TYPE, **more)


# ---- 5.1: name, bytes, end ----

@case
def up_classic():
    url = "https://files.oaiusercontent.com/file-Classic1" + SAS
    return [announce("file-Classic1", url), put(url, TEXT, 2), uploaded("file-Classic1", 4, file_name="q3.csv"),
            process("file-Classic1", "q3.csv", 6), asks("file-Classic1")], [
        told(whole(TEXT, id="file-Classic1", name="q3.csv", type="text/plain", declared_type="text/csv"),
             http={"method": "PUT", "host": "files.oaiusercontent.com", "path": "/file-Classic1", "status": 201}),
        asked(whole(TEXT, id="file-Classic1", name="q3.csv", type="text/plain"))]


@case
def up_classic_in_other_regions_and_prefixes():
    made, expected = [], []
    for i, (base, host) in enumerate([
            (CHAT + "/backend-anon", "sdmntprwestus3.oaiusercontent.com"),
            ("https://android.chat.openai.com/backend-api", "files09.oaiusercontent.com"),
            (CHAT + "/backend-alt", "oaisdmntpreastus.blob.core.windows.net")]):
        url = f"https://{host}/files/0000-{i}/raw{SAS}"
        id = f"file_region{i}"
        made += [announce(id, url, base=base, second=10 * i), put(url, TEXT, 10 * i + 2),
                 uploaded(id, 10 * i + 3, base=base), asks(id, second=10 * i + 5, url=OLD)]
        expected += [told(whole(TEXT, id=id, name="q3.csv")), asked(whole(TEXT, id=id, name="q3.csv"))]
    return made, expected


@case
def up_to_hosts_that_the_answer_names():
    made, expected = [], []
    for i, url in enumerate(["https://somebody.blob.core.windows.net/c/blob1" + SAS,
                             "https://bucket7.s3.ap-south-1.amazonaws.com/up/k1?X-Amz-Algorithm=A&X-Amz-Signature=s",
                             "https://bucket8.s3.amazonaws.com/up/k2?x-amz-algorithm=A"]):
        made += [announce(f"file_host{i}", url, second=10 * i), put(url, TEXT, 10 * i + 2, status=200)]
        expected.append(told(whole(TEXT, id=f"file_host{i}", name="q3.csv")))
    made.append(put("https://strangers.blob.core.windows.net/private/blob" + SAS, SECRET, 40))
    return made, expected


@case
def up_without_its_announcement():
    url = "https://sdmntprwestus.oaiusercontent.com/files/nobody/raw" + SAS
    return [put(url, TEXT, 0), put(url, TEXT + b"x", 2)], [
        told(whole(TEXT, id=None, name=None)), told(whole(TEXT + b"x"))]


@case
def up_never_came():
    return [announce("file-never", "https://files.oaiusercontent.com/file-never" + SAS, name="ghost.pdf")], [
        told({"id": "file-never", "name": "ghost.pdf"}, complete=False)]


@case
def up_announcement_refused_by_the_service():
    answer = {"status": "error", "error_code": "file_too_large", "error_message": "x"}
    return [announce("", "", name="big.iso", answer=answer),
            call(B + "/files", {"file_name": "b.txt", "file_size": 3}, {"detail": "no"}, 2, status=413)], []


@case
def up_announcement_refused_and_tried_again():
    url = "https://files.oaiusercontent.com/file-Again1" + SAS
    return [announce("", "", answer={"status": "error", "error_code": "rate_limited", "error_message": "x"}),
            announce("file-Again1", url, second=2), put(url, TEXT, 4)], [told(whole(TEXT, id="file-Again1"))]


@case
def up_announcement_refused_by_the_service_whose_name_says_something():
    return [call(B + "/files", {"file_name": f"card {CARD}.txt", "file_size": 3}, {"detail": "no"}, status=413)], [
        told({"name": f"card {CARD}.txt"}, **BAD)]


@case
def up_storage_fails_and_the_client_tries_again():
    url = "https://files.oaiusercontent.com/file-Retry1" + SAS
    failing = "https://files.oaiusercontent.com/file-Fails1" + SAS
    return [announce("file-Retry1", url), put(url, TEXT, 2, status=503), put(url, TEXT, 4),
            announce("file-Fails1", failing, second=6), put(failing, TEXT, 8, status=403)], [
        told(whole(TEXT, id="file-Retry1"), http={"status": 201}),
        told(whole(TEXT, id="file-Fails1"), outcome="failure", http={"status": 403})]


@case
def up_preflights_say_nothing():
    url = "https://files.oaiusercontent.com/file-Pre" + SAS
    return [entry(url, None, method="OPTIONS", status=204),
            entry(B + "/files", None, method="OPTIONS", second=1, status=204)], []


@case
def up_name_out_of_the_last_step():
    url = "https://sdmntprwestus3.oaiusercontent.com/files/late-name/raw" + SAS
    reserve = call(B + "/files/upload_reservations", {"intended_use_case": "my_files"},
                   {"eligible": True, "reservation_id": "file_late", "upload_url": url})
    return [reserve, put(url, TEXT, 2), process("file_late", "late.csv", 4), asks("file_late", name="")], [
        told(whole(TEXT, id="file_late", name="late.csv")), asked(whole(TEXT, id="file_late", name="late.csv"))]


@case
def up_name_out_of_the_answer():
    url = "https://sdmntprwestus3.oaiusercontent.com/files/answer-name/raw" + SAS
    reserve = call(B + "/files/upload_reservations", {}, {"reservation_id": "file_told", "upload_url": url})
    return [reserve, put(url, TEXT, 2),
            call(f"{B}/files/uploaded/file_told", {}, {"status": "success", "file_name": "told.csv",
                                                       "mime_type": "text/csv", "file_size_bytes": len(TEXT)}, 4)], [
        told(whole(TEXT, id="file_told", name="told.csv", declared_type="text/csv"))]


@case
def up_end_of_a_file_that_nobody_saw():
    return [uploaded("file-elsewhere", 0, file_name="x.csv"), process("file-other", "other.csv", 2),
            process("file-other", "other.csv", 4)], [told({"id": "file-other", "name": "other.csv"})]


# ---- 5.3: the name follows the bytes ----

def reservation(id, data, name, second=0, claim=True):
    url = f"https://sdmntprnorthcentralus.oaiusercontent.com/files/{id}/raw{SAS}"
    ask = {"intended_use_case": "my_files", "entry_surface": "chat_composer", "requires_gizmo_id": False,
           "store_in_library": True, "library_persistence_mode": "opportunistic"}
    end = {"file_name": name, "file_size": len(data), "use_case": "my_files", "index_for_retrieval": True,
           "store_in_library": True, "mime_type": "text/csv", "entry_surface": "chat_composer", "metadata": {}}
    made = [call(B + "/files/upload_reservations", ask, {"eligible": True, "reservation_id": id, "upload_url": url},
                 second), put(url, data, second + 2)]
    return made + [call(f"{B}/files/upload_reservations/{id}/claim_and_finish", end,
                        dumps({"event": "file.processing.completed", "file_id": id}) + "\n", second + 4,
                        answer_kind="text/event-stream")] * claim


@case
def up_reservation():
    return reservation("file_res1", TEXT, "plan.csv") + [asks("file_res1", name="plan.csv")], [
        told(whole(TEXT, id="file_res1", name="plan.csv", type="text/plain", declared_type="text/csv")),
        asked(whole(TEXT, id="file_res1", name="plan.csv"))]


@case
def up_reservation_claimed_before_its_bytes():
    made, expected = [], []
    for i, (data, name, bad) in enumerate([(TEXT, "early.csv", {}), (SECRET, "early.txt", {**BAD, "where": "file"}),
                                           (TEXT, f"card {CARD}.csv", {**BAD, "where": "file-name"})]):
        reserve, bytes_, claim = reservation(f"file_early{i}", data, name, 20 * i)
        claim["startedDateTime"], bytes_["startedDateTime"] = bytes_["startedDateTime"], claim["startedDateTime"]
        made += [reserve, claim, bytes_, asks(f"file_early{i}", second=20 * i + 8, name=name)]
        file = whole(data, id=f"file_early{i}", name=name)
        expected += [told({**file, "type": "text/plain", "declared_type": "text/csv"}, **bad), asked(file, **bad)]
    return made, expected


@case
def up_reservation_claimed_while_its_bytes_pass():
    reserve, bytes_, claim = reservation("file_meanwhile", TEXT, "meanwhile.csv")
    bytes_["time"], claim["startedDateTime"] = 5000, bytes_["startedDateTime"].replace("02.", "03.")
    return [reserve, bytes_, claim, asks("file_meanwhile")], [
        told(whole(TEXT, id="file_meanwhile", name="meanwhile.csv", declared_type="text/csv")),
        asked(whole(TEXT, id="file_meanwhile", name="q3.csv"))]


@case
def up_reservation_claimed_without_bytes():
    reserve, _, claim = reservation("file_nobytes", TEXT, "ghost.csv")
    return [reserve, claim], [told({"id": "file_nobytes", "name": "ghost.csv", "sha256": None})]


@case
def up_reservation_of_a_long_text():
    text = "".join(f"line {i} \"of\" a long text\n" for i in range(20000))
    return reservation("file_res6", text.encode(), "long.txt"), [
        told(whole(text.encode(), id="file_res6", name="long.txt", text={
            "bytes": len(text), "sha256": sha(text.encode()), "sample": text[:120], "content": text}))]


@case
def up_reservation_that_is_never_claimed():
    return reservation("file_res2", TEXT, "", claim=False), [told(whole(TEXT, id="file_res2", name=None))]


@case
def up_reservation_without_a_file():
    return reservation("file_res3", TEXT, "")[:1], []


@case
def up_reservation_blocked_by_its_name():
    return reservation("file_res4", TEXT, f"card {CARD}.csv") + [asks("file_res4", name="x.csv")], [
        told(whole(TEXT, id="file_res4", name=f"card {CARD}.csv"), where="file-name", **BAD),
        asked(whole(TEXT, id="file_res4", name="x.csv"), **BAD)]


@case
def up_reservation_blocked_by_its_bytes():
    return reservation("file_res5", SECRET, "plan.csv") + [asks("file_res5", name="plan.csv")], [
        told(whole(SECRET, id="file_res5", name="plan.csv"), where="file", **BAD),
        asked(whole(SECRET, id="file_res5"), where="file", **BAD)]


# ---- blocking ----

@case
def up_blocked_by_its_name():
    return [announce("file-n", "https://files.oaiusercontent.com/file-n" + SAS, name=f"{CARD}.txt")], [
        told({"name": f"{CARD}.txt"}, where="file-name", **BAD)]


@case
def up_blocked_and_then_used():
    url = "https://files.oaiusercontent.com/file-Bad1" + SAS
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file-Bad1?x=1#y", "size_bytes": 5}
    second = message("", "m-bad2", parts=[pointer, "and this?"])
    return [announce("file-Bad1", url, size=len(SECRET)), put(url, SECRET, 2), asks("file-Bad1", second=4),
            entry(F, dumps(prompt(second)), second=6)], [
        told(whole(SECRET, id="file-Bad1", name="q3.csv"), where="file", **BAD),
        asked(whole(SECRET, id="file-Bad1", name="q3.csv"), where="file", **BAD),
        asked(whole(SECRET, id="file-Bad1", name="q3.csv"), content="and this?", where="file", **BAD)]


# ---- 5.2: transports ----

def block(url, id, data, second, **more):
    name = base64.b64encode(id.encode()).decode().replace("=", "%3D").replace("+", "%2B")
    return put(f"{url}&comp=block&blockid={name}", data, second, kind="application/octet-stream", **more)


def blocklist(url, ids, second, tag="Latest"):
    items = "".join(f"<{tag}>{base64.b64encode(i.encode()).decode()}</{tag}>" for i in ids)
    text = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'
    return put(url + "&comp=blocklist", text.encode(), second, kind="application/xml")


@case
def up_blocks_out_of_order():
    url = "https://oaisdmntprwestus.blob.core.windows.net/files/blk1/raw" + SAS
    pieces = [b"first half of a card 4111 1111", b" 1111 111", b"1 and its end\n"]
    clean = [x.replace(b"4111", b"4112") for x in pieces]
    made, expected = [], []
    for i, data in enumerate((clean, pieces)):
        address, id = url.replace("blk1", f"blk{i}"), f"file_blk{i}"
        made += [announce(id, address, name="big.txt", size=99, second=20 * i), block(address, "b3", data[2], 20 * i + 2),
                 block(address, "b1", data[0], 20 * i + 3), block(address, "b2", data[1], 20 * i + 4),
                 blocklist(address, ["b1", "b2", "b3"], 20 * i + 6), asks(id, second=20 * i + 8)]
        bad = {**BAD, "where": "file"} if i else {}
        expected += [told(whole(b"".join(data), id=id, name="big.txt", type="text/plain"), **bad),
                     asked(whole(b"".join(data), id=id), **bad)]
    return made, expected


@case
def up_large_blocks():
    url = "https://oaisdmntprwestus.blob.core.windows.net/files/large/raw" + SAS
    one, two = b"a line of words\n" * 4000 + b"4111 1111 11", b"11 1111 is a card\n" + b"more words\n" * 4000
    return [announce("file_large", url, name="l.txt"), block(url, "2", two, 2), block(url, "1", one, 3),
            blocklist(url, ["1", "2"], 4)], [
        told(whole(one + two, name="l.txt", type="text/plain"), where="file", start=len(one) - 12, **BAD)]


@case
def up_large_blocks_are_one_text():
    url = "https://oaisdmntprwestus.blob.core.windows.net/files/ltext/raw" + SAS
    pieces = [b"%d words of a line\n" % i * 4000 for i in range(3)]
    text = b"".join(pieces).decode()
    made = [block(url, str(i), data, 5 - i) for i, data in enumerate(pieces)]
    return [announce("file_ltext", url, name="l.txt"), *made, blocklist(url, ["0", "1", "2"], 7)], [
        told(whole(text.encode(), name="l.txt", type="text/plain", text={
            "bytes": len(text), "sha256": sha(text.encode()), "sample": text[:120], "content": text}))]


def in_blocks(id, data, name, size, second=0):
    url = f"https://oaisdmntprwestus.blob.core.windows.net/files/{id}/raw{SAS}"
    names = [str(i) for i in range(0, len(data), size)]
    made = [block(url, n, data[int(n):int(n) + size], second + 2 + i) for i, n in enumerate(names)]
    return [announce(id, url, name=name, second=second), *reversed(made), blocklist(url, names, second + 60)]


@case
def up_document_in_blocks():
    padding = {"word/media/1.bin": random.Random(1).randbytes(90000)}
    clean = documents.docx(**padding)
    bad = documents.docx(f"<w:p><w:r><w:t>pay {CARD}</w:t></w:r></w:p>", **padding)
    return in_blocks("file_dblk", clean, "d.docx", 30000) + in_blocks("file_dbad", bad, "e.docx", 30000, 100), [
        told(whole(clean, id="file_dblk", name="d.docx", type=DOCX), verdict="alert"),  # URLs
        told(whole(bad, id="file_dbad", name="e.docx", type=DOCX), where="file", **BAD)]


@case
def up_ranges():
    made, expected = [], []
    data = b"some words of a line\n" * 5000
    bad = data[:60000] + b" " + CARD.encode() + b" " + data
    for i, (text, ranges) in enumerate([(data, [(0, 40000), (40000, 80000), (80000, len(data))]),
                                        (bad, [(0, 60010), (60010, len(bad))])]):
        url = f"https://bucket7.s3.amazonaws.com/up/r{i}?X-Amz-Algorithm=A"
        made.append(announce(f"file_rng{i}", url, name="r.txt", second=20 * i))
        made += [entry(url, text[start:end], method="PUT", kind="text/plain", second=20 * i + j + 1,
                       fields={"content-range": f"bytes {start}-{end - 1}/{len(text)}"})
                 for j, (start, end) in enumerate(ranges)]
        expected.append(told(whole(text, id=f"file_rng{i}", name="r.txt", type="text/plain"),
                             **({**BAD, "where": "file", "start": 60001} if i else {})))
    return made, expected


@case
def up_larger_than_what_is_held_in_blocks():
    data = b"words, and more words\n" * 400000 + b"card " + CARD.encode()
    return in_blocks("file_huge", data, "huge.txt", 3000000), [
        told(whole(data, id="file_huge", name="huge.txt", type="text/plain"), where="file", start=len(data) - len(CARD),
             **BAD)]


@case
def up_block_with_a_finding_is_refused_at_once():
    url = "https://oaisdmntprwestus.blob.core.windows.net/files/badblk/raw" + SAS
    return [announce("file_badblk", url, name="b.txt"), block(url, "1", TEXT, 2), block(url, "2", SECRET, 3),
            blocklist(url, ["1", "2"], 4), asks("file_badblk")], [
        told(whole(TEXT + SECRET, id="file_badblk", name="b.txt"), where="file", **BAD),
        asked({"id": "file_badblk"}, where="file", **BAD)]


@case
def up_blocks_that_were_not_all_seen():
    url = "https://oaisdmntprwestus.blob.core.windows.net/files/some/raw" + SAS
    return [block(url, "1", TEXT, 0), blocklist(url, ["1", "2"], 2, tag="Uncommitted")], [
        told({"bytes": None, "sha256": None}, failure="parse", **BAD)]


@case
def up_estuary():
    made, expected = [], []
    for i, base in enumerate((B, CHAT + "/backend-anon", CHAT + "/api")):
        url = f"https://sdmntprsouthcentralus.oaiusercontent.com/files/est{i}/raw{SAS}"
        own = base if "backend" in base else B
        fields = [("upload_url", url), ("file", TEXT, "blob", "text/csv")]
        made += [announce(f"file_est{i}", url, base=own, second=10 * i),
                 form(base + "/estuary/upload_content_bytes", *fields[::1 if i else -1], answer={}, second=10 * i + 2),
                 asks(f"file_est{i}", second=10 * i + 4)]
        expected += [told(whole(TEXT, id=f"file_est{i}", name="q3.csv")), asked(whole(TEXT, id=f"file_est{i}"))]
    return made, expected


@case
def up_one_shot():
    lines = [{"event": "file.processing.started", "file_id": None}, {"event": "file.processing.completed",
             "file_id": "file_shot", "extra": {"mime_type": "text/csv"}}]
    return [form(B + "/files/process_upload_stream", ("use_case", "my_files"), ("file", TEXT, "shot.csv", "text/csv"),
                 answer="".join(dumps(x) + "\n" for x in lines), answer_kind="application/x-ndjson"),
            asks("file_shot", name="shot.csv", second=2)], [
        told(whole(TEXT, id="file_shot", name="shot.csv")), asked(whole(TEXT, id="file_shot", name="shot.csv"))]


# ---- kinds of files ----

@case
def up_big_paste_and_image():
    paste, image = (f"https://files.oaiusercontent.com/file_{x}{SAS}" for x in ("paste", "image"))
    text = b"a very long text\n" * 30
    file = {"id": "file_paste", "name": "Pasted text.txt", "size": len(text), "mime_type": "text/plain",
            "is_big_paste": True, "source": "local"}
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file_image", "size_bytes": 1}
    asking = message("", "m-paste", parts=[pointer, ""], metadata={"attachments": [file]})
    return [announce("file_paste", paste, name="Pasted text.txt", kind="text/plain", size=len(text),
                     selection_method="generated_big_paste"), put(paste, text, 2, kind="text/plain"),
            announce("file_image", image, name="board.jpg", kind="image/jpeg", second=3, width=1, height=1),
            put(image, PNG, 4, kind="image/jpeg"), entry(F, dumps(prompt(asking)), second=6)], [
        told(whole(text, id="file_paste", name="Pasted text.txt", text={
            "bytes": len(text), "sha256": sha(text), "sample": text[:120].decode(), "content": text.decode()})),
        told(whole(PNG, id="file_image", name="board.jpg", type="image/png", declared_type="image/jpeg")),
        asked(whole(PNG, id="file_image", name="board.jpg", type="image/png"),
              whole(text, id="file_paste", name="Pasted text.txt"))]


@case
def up_knowledge_of_a_project():
    url = "https://files.oaiusercontent.com/file_know" + SAS
    body = {"id": "g-p-0123", "instructions": "be brief", "files": [
        {"file_id": "file_know", "name": "rules.csv", "type": "text/csv", "size": 3}], "memory_scope": "x"}
    return [announce("file_know", url, name="rules.csv", use_case="agent", entry_surface="project_sources",
                     gizmo_id="g-p-0123", answer={"status": "success", "file_id": "file_know", "upload_url": url,
                                                  "library_file_id": "libfile_9"}), put(url, TEXT, 2),
            call(B + "/gizmos/snorlax/upsert", body, second=4), asks("libfile_9", second=6, source="library")], [
        told(whole(TEXT, id="file_know", name="rules.csv"), project_id="g-p-0123"),
        expect("instructions.updated", "be brief", files=[whole(TEXT, id="file_know", name="rules.csv")]),
        asked(whole(TEXT, id="libfile_9"))]


@case
def up_dictation():
    audio = b"\x1a\x45\xdf\xa3\x01\x02webm" + bytes(64)
    made = [form(base + "/transcribe", ("file", audio, "audio.webm", "audio/webm"), ("language", "en"), answer=answer,
                 answer_kind=kind, second=4 * i)
            for i, (base, answer, kind) in enumerate([
                (B, {"text": "meet me at noon"}, "application/json"),
                (CHAT + "/backend-anon", "meet me at noon", "text/plain; charset=utf-8"),
                (B, {"text": f"card {CARD}"}, "application/json")])]
    file = whole(audio, name="audio.webm", declared_type="audio/webm")
    said = expect("audio.transcribed", "meet me at noon", files=[file], category="Service Usage")
    return made, [said, said, expect("audio.transcribed", f"card {CARD}", **{"verdict": "alert", "where": "answer"})]


@case
def up_inline():
    image = base64.b64encode(PNG).decode()
    chat = {"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "hear"}, {"type": "input_audio", "input_audio": {"data": image, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.csv", "file_data": base64.b64encode(TEXT).decode()}},
        {"type": "image_url", "image_url": {"url": "data:image/webp;base64," + image}}]}]}
    return [call(API + "/chat/completions", chat, fields={"authorization": "Bearer sk-x"})], [
        asked(whole(PNG, name=None, type="image/png", declared_type="audio/wav"),
              whole(TEXT, name="a.csv", type="text/plain"),
              whole(PNG, type="image/png", declared_type="image/webp"), content="hear")]


# ---- 9.3: the public API ----

@case
def up_api_files():
    jsonl = dumps({"custom_id": "1", "method": "POST", "url": "/v1/responses", "body": {"input": "hello\nthere"}}) + "\n"
    bad = jsonl.replace("hello", f"card {CARD}")
    chat = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-api1"},
                                                                {"type": "input_text", "text": "sum up"}]}]}
    return [form(API + "/files", ("purpose", "user_data"), ("file", TEXT, "a b.csv", "text/csv"),
                 answer={"id": "file-api1", "object": "file", "bytes": len(TEXT), "filename": "a b.csv"}),
            call(API + "/responses", chat, second=2),
            form(API + "/files", ("purpose", "batch"), ("file", jsonl, "in.jsonl", "application/jsonl"),
                 answer={"id": "file-api2"}, second=4),
            call(API + "/batches", {"input_file_id": "file-api2", "endpoint": "/v1/responses"}, second=6),
            form(API + "/files", ("purpose", "batch"), ("file", bad, "in.jsonl", "application/jsonl"), second=8)], [
        told(whole(TEXT, id="file-api1", name="a b.csv", declared_type="text/csv"), service="openai-api"),
        asked(whole(TEXT, id="file-api1", name="a b.csv"), content="sum up"),
        told(whole(jsonl.encode(), id="file-api2", name="in.jsonl")),
        asked(whole(jsonl.encode(), id="file-api2", name="in.jsonl")),
        told(whole(bad.encode(), name="in.jsonl"), where="file", **BAD)]


@case
def up_api_parts():
    made = [call(API + "/uploads", {"filename": "b.txt", "purpose": "assistants", "bytes": 9, "mime_type": "text/plain"},
                 {"id": "upload_1", "object": "upload", "status": "pending"})]
    for i, (part, data) in enumerate([("part_b", "second half\n"), ("part_a", "first half, ")]):
        made.append(form(API + "/uploads/upload_1/parts", ("data", data, "blob", "application/octet-stream"),
                         answer={"id": part, "object": "upload.part"}, second=i + 1))
    made += [call(API + "/uploads/upload_1/complete", {"part_ids": ["part_a", "part_b"]},
                  {"id": "upload_1", "status": "completed", "file": {"id": "file-parts", "filename": "b.txt"}}, 6),
             call(API + "/batches", {"input_file_id": "file-parts", "endpoint": "/v1/x"}, second=8)]
    data = b"first half, second half\n"
    return made, [told(whole(data, id="file-parts", name="b.txt", declared_type="text/plain")),
                  asked(whole(data, id="file-parts", name="b.txt"))]


@case
def up_api_large_parts():
    pieces = [random.Random(i).randbytes(1 << 20 if i else 70000) for i in range(3)]
    made = [call(API + "/uploads", {"filename": "b.bin", "purpose": "assistants", "bytes": 9, "mime_type": "x/y"},
                 {"id": "upload_2", "object": "upload", "status": "pending"})]
    for i, data in enumerate(pieces):
        made.append(form(API + "/uploads/upload_2/parts", ("data", data, "blob", "application/octet-stream"),
                         answer={"id": f"part_{i}", "object": "upload.part"}, second=i + 1))
    made.append(call(API + "/uploads/upload_2/complete", {"part_ids": ["part_2", "part_0", "part_1"]},
                     {"id": "upload_2", "status": "completed", "file": {"id": "file-lparts", "filename": "b.bin"}}, 6))
    return made, [told(whole(pieces[2] + pieces[0] + pieces[1], id="file-lparts", name="b.bin", declared_type="x/y"))]


@case
def up_api_container_and_audio():
    events = [{"type": "transcript.text.delta", "delta": "good "}, {"type": "transcript.text.delta", "delta": "day"},
              {"type": "transcript.text.done", "text": "good day"}]
    stream = "".join(f"data: {dumps(e)}\n\n" for e in events)
    return [form(API + "/containers/cntr_1/files", ("file", TEXT, "c.csv", "text/csv"),
                 answer={"id": "cfile_up1", "path": "/mnt/data/c.csv"}),
            call(API + "/containers/cntr_1/files", {"file_id": "cfile_up1"}, second=2),
            form(API + "/audio/transcriptions", ("file", PNG, "a.wav", "audio/wav"), ("model", "whisper-1"),
                 ("stream", "true"), answer=stream, answer_kind="text/event-stream", second=4),
            form(API + "/audio/translations", ("file", PNG, "a.wav", "audio/wav"), ("response_format", "text"),
                 ("prompt", "names: Bo"), answer="good day\n", answer_kind="text/plain", second=6)], [
        told(whole(TEXT, id="cfile_up1", name="c.csv")),
        expect("audio.transcribed", "good day", model="whisper-1", files=[whole(PNG, name="a.wav")]),
        expect("audio.transcribed", "good day", "names: Bo", files=[whole(PNG, name="a.wav")])]
