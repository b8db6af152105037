"""Files on their way up and down, in the orders and with the odd parts that
facts/chatgpt-wire.md sections 5 and 6 name in passing."""
import base64
import gzip
import hashlib
from urllib.parse import quote

from exchanges import CARD, CHAT, F, add, append, delta, document, dumps, entry, message, plain, prompt
from replay_cases import ANY, case, expect, says

API = CHAT + "/backend-api"
REGION = "https://sdmntprwestus3.oaiusercontent.com"
NOTE = b"The harbour wall was repaired in the spring of that year.\n"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def sha(data):
    return hashlib.sha256(data).hexdigest()


def words(data):
    return {"bytes": len(data), "sha256": sha(data), "sample": data.decode(), "content": data.decode()}


def js(path, body, answer, second=0, method="POST", **more):
    url = path if path.startswith("https:") else API + path
    return entry(url, None if body is None else dumps(body), dumps(answer), method=method, second=second,
                 answer_kind="application/json", **more)


def create(id, name, size, url, second=0, base=API, **more):
    return entry(base + "/files", dumps({"file_name": name, "file_size": size, "use_case": "my_files",
                                         "timezone_offset_min": -60, "reset_rate_limits": False, **more}),
                 dumps({"status": "success", "upload_url": url, "file_id": id}),
                 answer_kind="application/json", second=second)


def put(url, data, second=1, kind="text/plain", status=201, fields=None, **more):
    sent = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08", "origin": CHAT, **(fields or {})}
    return entry(url, data, "", method="PUT", kind=kind, fields=sent, status=status, answer_kind=None,
                 second=second, **more)


def done(id, second=2, **more):
    return js(f"/files/{id}/uploaded", {}, {"status": "success", "download_url": REGION + "/x", **more}, second)


def ndjson(*events):
    return "".join(dumps(e) + "\n" for e in events)


def steps(id, *extra):
    return ndjson({"event": "file.processing.started", "file_id": id, "progress": 0},
                  {"event": "file.processing.metadata", "file_id": id, "extra": {"mime_type": "text/plain"}},
                  {"event": "file.processing.file_ready", "file_id": id, "progress": 60}, *extra,
                  {"event": "file.processing.completed", "file_id": id, "progress": 100, "message": "done",
                   "extra": {"mime_type": "text/plain", "total_tokens": 12, "metadata_object_id": "m"}})


def up(data, **file):
    return expect("file.uploaded", files=[{"bytes": len(data), "sha256": sha(data), "text": words(data), **file}])


def multipart(boundary, *parts, quoted=False, before="", after=""):
    """parts: (the header lines, the bytes)."""
    out = before.encode()
    for head, data in parts:
        out += b"--" + boundary.encode() + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    out += b"--" + boundary.encode() + b"--\r\n" + after.encode()
    mark = f'"{boundary}"' if quoted else boundary
    return {"body": out, "kind": f"multipart/form-data; boundary={mark}", "is_base64": True}


def field(name, value):
    return f'Content-Disposition: form-data; name="{name}"', value.encode()


# ---- up ----

@case
def reservation_made_before_any_file_is_picked():
    id = "file_000000001111222233334444aaaabbbb"
    url = f"{REGION}/files/{id}/raw?se=2026&sp=w&sig=x"
    made = [js("/files/upload_reservations",
               {"intended_use_case": "my_files", "entry_surface": "chat_composer", "requires_gizmo_id": False,
                "store_in_library": True, "library_persistence_mode": "opportunistic"},
               {"eligible": True, "reservation_id": id, "upload_url": url, "upload_url_expires_at": 1790000000}),
            put(url, NOTE, 60),
            entry(f"{API}/files/upload_reservations/{id}/claim_and_finish",
                  dumps({"file_name": "harbour.txt", "file_size": len(NOTE), "use_case": "my_files",
                         "index_for_retrieval": True, "mime_type": "text/plain", "entry_surface": "chat_composer",
                         "metadata": {"store_in_library": True}}), steps(id), second=61)]
    return made, [up(NOTE, id=id, name="harbour.txt", declared_type="text/plain")]


@case
def reservation_that_was_not_eligible():
    made = [js("/files/upload_reservations", {"intended_use_case": "my_files"}, {"eligible": False}),
            create("file-NotEligible0000000001", "b.txt", len(NOTE), REGION + "/files/ne/raw?sig=1", 1),
            put(REGION + "/files/ne/raw?sig=1", NOTE, 2), done("file-NotEligible0000000001", 3)]
    return made, [up(NOTE, id="file-NotEligible0000000001", name="b.txt")]


@case
def processing_is_what_ends_an_upload():
    id, url = "file-Processed0000000000001", REGION + "/files/pr/raw?sig=1"
    made = [create(id, "plan.md", len(NOTE), url, mime_type="text/markdown", store_in_library=True), put(url, NOTE),
            entry(API + "/files/process_upload_stream",
                  dumps({"file_id": id, "file_name": "plan.md", "use_case": "my_files", "index_for_retrieval": True,
                         "entry_surface": "chat_composer", "metadata": {"is_temporary_chat": False}}),
                  steps(id, {"event": "file.indexing.completed", "file_id": id}), second=2)]
    return made, [up(NOTE, id=id, name="plan.md", declared_type="text/markdown")]


@case
def one_form_sent_to_the_processing():
    form = multipart("----geckoformboundary12ab", field("use_case", "my_files"),
                     ('content-disposition: form-data; name="file"; filename="plan \\"B\\".txt"\r\n'
                      'content-type: text/plain', NOTE))
    made = [entry(API + "/files/process_upload_stream", answer=steps("file-OneShot0000000000001"), **form)]
    return made, [up(NOTE, id="file-OneShot0000000000001", name='plan "B".txt',
                     declared_type="text/plain")]


def estuary(base, first):
    id, url = "file-Estuary00000000000001", REGION + "/files/es/raw?sig=1"
    address = field("upload_url", url)
    bytes_ = ('Content-Disposition: form-data; name="file"; filename="blob"\r\nContent-Type: text/plain', NOTE)
    form = multipart("----WebKitFormBoundaryAbCd", *((address, bytes_) if first else (bytes_, address)))
    made = [create(id, "secret plan.txt", len(NOTE), url),
            entry(base + "/estuary/upload_content_bytes", answer=dumps({"status": "success"}), second=1,
                  answer_kind="application/json", **form),
            done(id)]
    return made, [up(NOTE, id=id, name="secret plan.txt")]


@case
def estuary_with_the_address_before_the_bytes():
    return estuary(API, True)


@case
def estuary_with_the_address_after_the_bytes():
    return estuary(CHAT + "/api", False)


@case
def estuary_of_a_visitor():
    return estuary(CHAT + "/backend-anon", False)


@case
def put_to_amazon():
    id = "file-Amazon000000000000001"
    url = ("https://oaisdmntpreastusaws.s3.us-east-1.amazonaws.com/files/aa/raw?x-amz-algorithm=AWS4-HMAC-SHA256"
           "&X-Amz-Signature=00ff")
    made = [create(id, "deck.txt", len(NOTE), url, mime_type="text/plain"),
            entry(url, NOTE.decode(), "", method="PUT", kind="text/plain", status=200, answer_kind=None, second=1),
            done(id)]
    return made, [up(NOTE, id=id, name="deck.txt")]


def block(url, number, data, second):
    id = base64.b64encode(f"block-{number:05d}".encode()).decode()
    return entry(f"{url}&comp=block&blockid={quote(id)}", data, "", method="PUT", kind="application/octet-stream",
                 status=201, answer_kind=None, second=second), id


def blocklist(url, ids, second):
    xml = '<?xml version="1.0" encoding="utf-8"?><BlockList>' + "".join(f"<Latest>{i}</Latest>" for i in ids)
    return entry(url + "&comp=blocklist", xml + "</BlockList>", "", method="PUT", kind="application/xml",
                 fields={"x-ms-blob-content-type": "text/plain"}, status=201, answer_kind=None, second=second)


@case
def blocks_that_pass_in_another_order():
    id, url = "file-Blocks000000000000001", "https://oaisdmntprwestus3.blob.core.windows.net/files/bl/raw?se=1&sig=1"
    pieces = [b"One for sorrow, ", b"two for joy, ", b"three for a girl.\n"]
    sent = [block(url, n, pieces[n], 1 + i) for i, n in enumerate((2, 0, 1))]
    made = [create(id, "rhyme.txt", 47, url, supports_direct_azure_multipart=True), *[b for b, _ in sent],
            blocklist(url, [sent[1][1], sent[2][1], sent[0][1]], 5), done(id, 6)]
    whole = b"".join(pieces)
    return made, [up(whole, id=id, name="rhyme.txt")]


@case
def a_block_that_the_list_leaves_out():
    id, url = "file-Blocks000000000000002", "https://oaisdmntprwestus3.blob.core.windows.net/files/b2/raw?se=1&sig=1"
    one, first = block(url, 0, b"Kept from the start ", 1)
    two, _ = block(url, 1, b"never committed ", 2)
    three, third = block(url, 2, b"to the end.", 3)
    made = [create(id, "kept.txt", 31, url), one, two, three, blocklist(url, [first, third], 4), done(id, 5)]
    whole = b"Kept from the start to the end."
    return made, [up(whole, id=id, name="kept.txt")]


@case
def put_refused_and_made_again():
    made = [create("file-Expired00000000000001", "twice.txt", len(NOTE), REGION + "/files/ex1/raw?sig=1"),
            put(REGION + "/files/ex1/raw?sig=1", NOTE, 1, status=403),
            create("file-Expired00000000000002", "twice.txt", len(NOTE), REGION + "/files/ex2/raw?sig=1", 2),
            put(REGION + "/files/ex2/raw?sig=1", NOTE, 3), done("file-Expired00000000000002", 4)]
    return made, [dict(up(NOTE, id="file-Expired00000000000001", name="twice.txt"), outcome="failure"),
                  up(NOTE, id="file-Expired00000000000002", name="twice.txt")]


@case
def completion_tried_again():
    id, url = "file-Retried00000000000001", REGION + "/files/rt/raw?sig=1"
    made = [create(id, "r.txt", len(NOTE), url), put(url, NOTE),
            js(f"/files/{id}/uploaded", {}, {"status": "retry"}, 2),
            js(f"/files/{id}/uploaded", {}, {"status": "retry"}, 3),
            js(f"/files/{id}/uploaded", {}, {"status": "success", "file_name": "r.txt", "mime_type": "text/plain",
                                             "file_size_bytes": len(NOTE), "metadata": {}}, 4)]
    return made, [up(NOTE, id=id, name="r.txt")]


@case
def completion_by_the_other_path():
    id, url = "file-Variant00000000000001", REGION + "/files/va/raw?sig=1"
    made = [create(id, "v.txt", len(NOTE), url), put(url, NOTE), js(f"/files/uploaded/{id}", {}, {"status": "success"}, 2)]
    return made, [up(NOTE, id=id, name="v.txt")]


@case
def file_of_no_bytes():
    id, url = "file-Nothing00000000000001", REGION + "/files/no/raw?sig=1"
    made = [create(id, "empty.txt", 0, url), put(url, b"", 1), done(id)]
    return made, [expect("file.uploaded", None, files=[{"id": id, "name": "empty.txt", "bytes": 0, "sha256": EMPTY}])]


@case
def two_files_of_one_name_in_one_prompt():
    a, b = "file-SameName0000000000001", "file-SameName0000000000002"
    ua, ub = REGION + "/files/sna/raw?sig=1", REGION + "/files/snb/raw?sig=1"
    other = b"The lighthouse keeper counted the ships.\n"
    asked = message("Compare both", metadata={"attachments": [
        {"id": b, "name": "notes.txt", "size": len(other), "mime_type": "text/plain", "source": "local"},
        {"id": a, "name": "notes.txt", "size": len(NOTE), "mime_type": "text/plain", "source": "local"}]})
    made = [create(a, "notes.txt", len(NOTE), ua), create(b, "notes.txt", len(other), ub, 1), put(ub, other, 2),
            put(ua, NOTE, 3), done(b, 4), done(a, 5), entry(F, dumps(prompt(asked)), "", second=6)]
    return made, [up(other, id=b, name="notes.txt"),
                  up(NOTE, id=a, name="notes.txt"),
                  expect("prompt_with_file.created", "Compare both", outcome=ANY, files=[
                      {"id": b, "name": "notes.txt", "sha256": sha(other), "bytes": len(other)},
                      {"id": a, "name": "notes.txt", "sha256": sha(NOTE), "bytes": len(NOTE)}])]


@case
def one_file_in_two_conversations():
    id, url = "file-TwoPrompts00000000001", REGION + "/files/tp/raw?sig=1"
    one = {"id": id, "name": "shared.txt", "size": len(NOTE), "mime_type": "text/plain"}
    again = {"id": id, "name": "shared.txt", "size": str(len(NOTE)), "mimeType": "text/plain", "fileTokenSize": 12,
             "source": "library", "library_file_id": "libfile_1"}
    said = {"id": id, "name": "shared.txt", "bytes": len(NOTE), "sha256": sha(NOTE)}
    made = [create(id, "shared.txt", len(NOTE), url), put(url, NOTE), done(id),
            entry(F, dumps(prompt(message("First", metadata={"attachments": [one]}))),
                  plain("Yes.", "a-two-1", "u", "c-two-1"), second=3),
            entry(F, dumps(prompt(message("Second", metadata={"attachments": [again]}))),
                  plain("No.", "a-two-2", "u", "c-two-2"), second=9)]
    return made, [up(NOTE, id=id, name="shared.txt"),
                  expect("prompt_with_file.created", "First", files=[said], conversation_id="c-two-1"),
                  expect("response.generated", "Yes.", complete=True, conversation_id="c-two-1", replies_to=1),
                  expect("prompt_with_file.created", "Second", files=[said], conversation_id="c-two-2"),
                  expect("response.generated", "No.", complete=True, conversation_id="c-two-2", replies_to=3)]


@case
def pasted_text_that_became_a_file():
    id, url = "file-BigPaste00000000000001", REGION + "/files/bp/raw?sig=1"
    paste = ("Card " + CARD + " was charged twice.\n").encode()
    asked = message("", parts=[""], metadata={"attachments": [
        {"id": id, "name": "Pasted text(3).txt", "size": len(paste), "mime_type": "text/plain", "is_big_paste": True,
         "non_library_my_files_injest_upload": True}]})
    made = [create(id, "Pasted text(3).txt", len(paste), url, selection_method="generated_big_paste"),
            put(url, paste), done(id), entry(F, dumps(prompt(asked)), plain("Noted.", "a-bp", "u", "c-bp"), second=3)]
    return made, [expect("file.uploaded", verdict="block", outcome="failure", where="file",
                         files=[{"id": id, "name": "Pasted text(3).txt", "sha256": sha(paste)}]),
                  expect("prompt_with_file.created", None, verdict=ANY, outcome=ANY,
                         files=[{"id": id, "name": "Pasted text(3).txt", "sha256": sha(paste)}])]


@case
def image_told_by_pointer_and_attachment():
    id, url = "file_00000000aaaabbbbccccddddeeee0001", REGION + "/files/im/raw?sig=1"
    content = {"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{id}?shared_conversation_id=x#p_0",
         "size_bytes": len(PNG), "width": 1, "height": 1}, "What colour is it?"]}
    asked = message("", content=content, metadata={"attachments": [
        {"id": id, "size": len(PNG), "name": "dot.png", "mime_type": "image/png", "width": 1, "height": 1}]})
    made = [create(id, "dot.png", len(PNG), url, use_case="multimodal", width=1, height=1, mime_type="image/png"),
            put(url, PNG, kind="image/png", is_base64=True), done(id), entry(F, dumps(prompt(asked)), "", second=3)]
    said = {"id": id, "name": "dot.png", "bytes": len(PNG), "sha256": sha(PNG), "type": "image/png"}
    return made, [expect("file.uploaded", ANY, files=[said]),
                  expect("prompt_with_file.created", "What colour is it?", outcome=ANY, files=[said])]


@case
def prompt_that_overtakes_its_upload():
    id, url = "file-Overtaken000000000001", REGION + "/files/ov/raw?sig=1"
    asked = message("Read it", metadata={"attachments": [{"id": id, "name": "late.txt", "size": len(NOTE)}]})
    made = [create(id, "late.txt", len(NOTE), url), entry(F, dumps(prompt(asked)), "", second=1, millis=100),
            put(url, NOTE, 5), done(id, 6)]
    return made, [expect("prompt_with_file.created", "Read it", outcome=ANY, files=[{"id": id, "name": "late.txt"}]),
                  up(NOTE, id=id, name="late.txt")]


@case
def gzip_on_the_way_up():
    id, url = "file-Packed0000000000000001", REGION + "/files/gz/raw?sig=1"
    made = [create(id, "packed.txt", len(NOTE), url), put(url, NOTE, encoding="gzip"), done(id)]
    return made, [up(NOTE, id=id, name="packed.txt")]


@case
def bytes_nobody_announced():
    made = [put("https://files09.oaiusercontent.com/file-Unheard0of000000000001?se=1&sp=w&sig=1", NOTE)]
    return made, [up(NOTE)]


@case
def preflight_is_nothing():
    id, url = "file-Preflight000000000001", REGION + "/files/pf/raw?sig=1"
    made = [create(id, "p.txt", len(NOTE), url),
            entry(url, None, "", method="OPTIONS", kind=None, status=200, answer_kind=None, second=1,
                  fields={"access-control-request-method": "PUT", "origin": CHAT}),
            put(url, NOTE, 2), done(id, 3)]
    return made, [up(NOTE, id=id, name="p.txt")]


@case
def asked_around_an_upload():
    id, url = "file-Around000000000000001", REGION + "/files/ar/raw?sig=1"
    return [js("/file_upload_action_suggestions", {"file_ids": [id]}, {"suggestions": []}),
            create(id, "a.txt", len(NOTE), url, 1), put(url, NOTE, 2), done(id, 3),
            js(f"/files/{id}", None, {"id": id, "name": "a.txt", "retrieval_index_status": "success"}, 4, "GET"),
            js(f"/files/{id}/simple", None, {"id": id, "name": "a.txt"}, 5, "GET")], [up(NOTE, id=id, name="a.txt")]


@case
def source_of_a_project():
    id, url = "file-Project0000000000001", REGION + "/files/pj/raw?sig=1"
    gizmo = "g-p-0123456789abcdef0123456789abcdef"
    made = [create(id, "src.txt", len(NOTE), url, use_case="agent", gizmo_id=gizmo, entry_surface="project_sources"),
            put(url, NOTE), done(id)]
    return made, [dict(up(NOTE, id=id, name="src.txt"), project_id=gizmo)]


@case
def dictation_with_a_language():
    form = multipart("xYzZY", field("language", "fr"),
                     ('Content-Disposition: form-data; name="file"; filename="whisper.webm"\r\n'
                      'Content-Type: audio/webm;codecs=opus', b"\x1a\x45\xdf\xa3" + b"\0" * 40))
    made = [entry(API + "/transcribe", answer=dumps({"text": "Bonjour tout le monde"}), answer_kind="application/json",
                  **form)]
    return made, [expect("audio.transcribed", "Bonjour tout le monde",
                         files=[{"name": "whisper.webm", "bytes": 44}])]


@case
def dictation_answered_in_plain_text():
    form = multipart("xYzZY", ('Content-Disposition: form-data; name="file"; filename="a.m4a"\r\n'
                               'Content-Type: audio/mp4', b"\0\0\0\x18ftypM4A " + b"\0" * 16))
    made = [entry(API + "/transcribe", answer="Meet me at the pier", answer_kind="text/plain; charset=utf-8", **form)]
    return made, [expect("audio.transcribed", "Meet me at the pier", files=[{"name": "a.m4a"}])]


@case
def upload_to_sora():
    form = multipart("b1", field("file_name", "cat.txt"),
                     ('Content-Disposition: form-data; name="file"; filename="cat.txt"', NOTE))
    made = [entry("https://sora.chatgpt.com/backend/uploads", answer=dumps({"id": "media_01", "type": "image"}),
                  answer_kind="application/json", **form),
            js("https://sora.chatgpt.com/backend/video_gen",
               {"type": "video_gen", "operation": "simple_compose", "prompt": "A cat on a pier", "n_variants": 1,
                "width": 480, "height": 480, "n_frames": 150, "inpaint_items": []}, {"id": "task_1"}, 1)]
    return made, [up(NOTE, name="cat.txt"), expect("prompt.created", "A cat on a pier")]


# ---- down ----

def link(url, name, second=0, asked="/files/download/file_1", **more):
    return entry(asked if asked.startswith("https:") else API + asked, None,
                 dumps({"status": "success", "download_url": url, "file_name": name, "creation_time": None,
                        "metadata": {}, **more}), method="GET", kind=None, answer_kind="application/json",
                 second=second)


def get(url, data, second=1, kind="application/octet-stream", status=200, got=None, sent=None, method="GET", **more):
    made = entry(url, None, data, method=method, kind=None, answer_kind=kind, second=second, status=status,
                 fields=sent, **more)
    made["response"]["headers"] += [{"name": n, "value": v} for n, v in (got or {}).items()]
    return made


def down(data, **file):
    return expect("response_with_file.downloaded",
                  files=[{"bytes": len(data), "sha256": sha(data), **file}])


def estuary_content(id):
    return f"{API}/estuary/content?id={id}&ts=490000&p=fs&cid=1&sig={'0a' * 32}&v=0"


@case
def report_made_and_fetched():
    answer = plain("Done: [Download the report](sandbox:/mnt/data/my%20report.txt)", "a-rep", "u", "c-rep")
    where = estuary_content("file_00000000000000000000000000000001")
    made = [entry(F, dumps(prompt(message("Make a report"))), answer),
            link(where, "my report.txt", 2, "/conversation/c-rep/interpreter/download?message_id=a-rep"
                 "&sandbox_path=%2Fmnt%2Fdata%2Fmy%20report.txt&download_intent=true"),
            get(where, NOTE, 3, "text/plain")]
    return made, [says("Make a report", conversation_id="c-rep"),
                  expect("response_with_file.generated", ANY, complete=True, message_id="a-rep",
                         files=[{"name": "my report.txt"}]),
                  dict(down(NOTE, name="my report.txt"), conversation_id="c-rep", message_id="a-rep")]


@case
def sandbox_path_in_a_posted_body():
    where = REGION + "/files/sb/raw?se=1&sp=r&sig=1"
    made = [js("/conversation/c-post/interpreter/download",
               {"message_id": "a-post", "sandbox_path": "/mnt/data/out.txt"},
               {"status": "success", "download_url": where, "file_name": "out.txt"}),
            get(where, NOTE, 1, "text/plain")]
    return made, [dict(down(NOTE, name="out.txt"), conversation_id="c-post", message_id="a-post")]


@case
def link_by_redirect_and_name_in_the_address():
    where = ("https://files.oaiusercontent.com/file-Redir000000000000000001?se=1&sp=r&rscc=max-age%3D1&"
             "rscd=attachment%3B%20filename%3D%22m%C3%BCde.txt%22&sig=1")
    made = [get(API + "/files/file-Redir000000000000000001/download", "", 0, None, 302, {"location": where}),
            get(where, NOTE, 1, "text/plain")]
    return made, [down(NOTE, id="file-Redir000000000000000001", name="müde.txt")]


@case
def link_that_nobody_followed():
    made = [link(REGION + "/files/unfollowed/raw?sig=1", "never.pdf", 0,
                 "/conversation/c-unf/attachment/file_00000000000000000000000000000abc/download",
                 mime_type="application/pdf", file_size_bytes=4711)]
    return made, [expect("response_with_file.downloaded", None, complete=False, conversation_id="c-unf", files=[
        {"id": "file_00000000000000000000000000000abc", "name": "never.pdf"}])]


@case
def name_only_in_the_disposition():
    where = estuary_content("file_00000000000000000000000000000002")
    made = [get(where, NOTE, 1, "text/plain", got={
        "content-disposition": "attachment; filename=\"resume.txt\"; filename*=UTF-8''r%C3%A9sum%C3%A9.txt"})]
    return made, [down(NOTE, id="file_00000000000000000000000000000002", name="résumé.txt")]


@case
def name_without_quotes_in_the_disposition():
    where = estuary_content("file_00000000000000000000000000000003")
    made = [get(where, NOTE, 1, "text/plain", got={"Content-Disposition": "inline;filename=plain.txt"})]
    return made, [down(NOTE, name="plain.txt")]


@case
def name_as_old_mail_wrote_it():
    where = estuary_content("file_00000000000000000000000000000004")
    made = [get(where, NOTE, 1, "text/plain", got={
        "content-disposition": 'attachment; filename="=?UTF-8?B?w7x0aGVyLnR4dA==?="'})]
    return made, [down(NOTE, name="üther.txt")]


@case
def file_in_two_ranges():
    where = estuary_content("file_00000000000000000000000000000005")
    half = len(NOTE) // 2

    def part(a, b, second):
        return get(where, NOTE[a:b], second, "text/plain", 206, {"content-range": f"bytes {a}-{b - 1}/{len(NOTE)}"},
                   {"range": f"bytes={a}-{b - 1}"})
    made = [link(where, "ranged.txt", 0, "/files/download/file_00000000000000000000000000000005"),
            part(0, half, 1), part(half, len(NOTE), 2)]
    return made, [down(NOTE, name="ranged.txt")]


@case
def head_comes_before_get():
    where = estuary_content("file_00000000000000000000000000000006")
    made = [link(where, "h.txt", 0, "/files/download/file_00000000000000000000000000000006?post_id=&inline=false"),
            get(where, "", 1, "text/plain", method="HEAD", got={"content-length": "58"}),
            get(where, NOTE, 2, "text/plain")]
    return made, [down(NOTE, id="file_00000000000000000000000000000006", name="h.txt")]


@case
def brotli_on_the_way_down():
    where = REGION + "/files/br/raw?se=1&sp=r&sig=1"
    made = [link(where, "b.txt", 0, "/files/file-Brotli00000000000000001/download"),
            get(where, NOTE, 1, "text/plain", answer_encoding="br")]
    return made, [down(NOTE, id="file-Brotli00000000000000001", name="b.txt")]


@case
def shared_page_fetches_a_file():
    made = [get(API + "/estuary/public_content/enc/AbCdEf0123456789", NOTE, 0, "text/plain",
                got={"content-disposition": 'attachment; filename="pub.txt"'})]
    return made, [down(NOTE, name="pub.txt")]


@case
def picture_drawn_and_shown():
    id = "file_0000000000000000000000000000d00d"
    tool = document("t-pic", role="tool", name="t2uay3k.sj1i4kz", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{id}", "size_bytes": len(PNG), "width": 1,
         "height": 1, "metadata": {"dalle": {"gen_id": "g1", "prompt": "a red dot", "seed": 1}}}]},
        conversation="c-pic", parent="u", metadata={"image_gen_title": "Dot"})
    where = estuary_content(id)
    made = [entry(F, dumps(prompt(message("Draw a dot"))), delta(add(tool), conversation="c-pic")),
            link(where, "dot.png", 3, f"/files/download/{id}?conversation_id=c-pic&inline=true"),
            get(where, PNG, 4, "image/png")]
    return made, [says("Draw a dot", conversation_id="c-pic"),
                  expect("response_with_file.generated", None, hidden=ANY, complete=True, files=[{"id": id}])]


@case
def picture_whose_pointer_comes_as_a_delta():
    id = "file_0000000000000000000000000000d00e"
    tool = document("t-pd", role="tool", name="image_gen.text2im", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "", "size_bytes": 0, "width": 1, "height": 1}]},
        conversation="c-pd", parent="u")
    made = [entry(F, dumps(prompt(message("Draw"))), delta(
        add(tool), {"p": "/message/content/parts/0/asset_pointer", "o": "replace", "v": f"sediment://{id}"},
        {"p": "/message/status", "o": "replace", "v": "finished_successfully"}, conversation="c-pd"))]
    return made, [says("Draw", conversation_id="c-pd"),
                  expect("response_with_file.generated", None, complete=True, files=[{"id": id}])]


@case
def plot_of_python_in_the_results():
    result = document("t-plot", role="tool", name="python", content={"content_type": "execution_output", "text": "<Figure>"},
                      conversation="c-plot", parent="u", metadata={"aggregate_result": {
                          "code": "plt.show()", "messages": [{"message_type": "image", "time": 1.0,
                                                              "image_url": "file-service://file-Plot00000000000000000001"}]}})
    final = document("a-plot", ["Here is the plot."], parent="t-plot", conversation="c-plot", channel="final")
    made = [entry(F, dumps(prompt(message("Plot it"))), delta(add(result), add(final, 1), conversation="c-plot"))]
    return made, [says("Plot it", conversation_id="c-plot"),
                  expect("response_with_file.generated", "Here is the plot.", hidden=ANY, complete=True,
                         message_id="a-plot", files=[{"id": "file-Plot00000000000000000001"}])]


@case
def files_listed_beside_an_answer():
    final = document("a-att", [""], parent="u", conversation="c-att", channel="final", metadata={
        "attachments": [{"id": "file_00000000000000000000000000000a77", "name": "slides.pptx", "size": 90112,
                         "mime_type": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}]})
    made = [entry(F, dumps(prompt(message("Slides please"))),
                  delta(add(final), append("Your slides are ready."), conversation="c-att"))]
    return made, [says("Slides please", conversation_id="c-att"),
                  expect("response_with_file.generated", "Your slides are ready.", complete=True, files=[
                      {"id": "file_00000000000000000000000000000a77", "name": "slides.pptx", "bytes": 90112}])]


@case
def two_files_of_one_answer_fetched():
    text = "[A](sandbox:/mnt/data/a.txt) and [B](sandbox:///mnt/data/b.txt)"
    ua, ub = REGION + "/files/twoa/raw?sig=1", REGION + "/files/twob/raw?sig=1"
    base = "/conversation/c-2f/interpreter/download?message_id=a-2f&sandbox_path=%2Fmnt%2Fdata%2F"
    other = b"second file\n"
    made = [entry(F, dumps(prompt(message("Two files"))), plain(text, "a-2f", "u", "c-2f")),
            link(ub, "b.txt", 2, base + "b.txt"), link(ua, "a.txt", 3, base + "a.txt"),
            get(ua, NOTE, 4, "text/plain"), get(ub, other, 5, "text/plain")]
    return made, [says("Two files", conversation_id="c-2f"),
                  expect("response_with_file.generated", text, complete=True, files=[{"name": "a.txt"}, {"name": "b.txt"}]),
                  down(NOTE, name="a.txt"), down(other, name="b.txt")]


@case
def card_in_a_fetched_file():
    data = ("paid with " + CARD + "\n").encode()
    where = REGION + "/files/card/raw?se=1&sp=r&sig=1"
    made = [link(where, "paid.txt.gz", 0, "/files/file-Card0000000000000000001/download"),
            get(where, gzip.compress(data, mtime=0), 1, "application/gzip", is_answer_base64=True)]
    return made, [expect("response_with_file.downloaded", ANY, hidden=ANY, verdict=ANY, outcome=ANY, type="credit-card",
                         files=[{"name": "paid.txt.gz", "sha256": sha(gzip.compress(data, mtime=0))}])]
