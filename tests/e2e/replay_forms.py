"""Files that go up in forms, as less usual clients write them: boundaries,
what stands around the parts, names in every spelling, encodings (RFC 2046,
7578, 5987; facts/chatgpt-wire.md §5.2, §9.3, §10)."""
import base64

from exchanges import CARD, CHAT, dumps, entry
from replay_cases import ANY, case, expect
from replay_transfers import NOTE, PNG, js, sha

V1 = "https://api.openai.com/v1"
KEY = {"authorization": "Bearer sk-proj-Zm9ybXMgb2YgbWFueSBzaGFwZXM0NDQ0"}
PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"


def part(headers, data, end="\r\n"):
    data = data if isinstance(data, bytes) else data.encode()
    return (end.join(headers) + end + end).encode() + data + end.encode()


def field(name, value):
    return part([f'Content-Disposition: form-data; name="{name}"'], value)


def file(disposition, data=NOTE, kind="text/plain"):
    return part(["Content-Disposition: form-data; name=\"file\"; " + disposition, "Content-Type: " + kind], data)


def form(boundary, *parts, before=b"", behind=b"\r\n"):
    mark = b"--" + boundary.encode()
    return before + b"".join(mark + b"\r\n" + p for p in parts) + mark + b"--" + behind


def sent(body, kind="multipart/form-data; boundary=fx1", id="file-forms", name=None, path="/files", **more):
    answer = {"id": id, "object": "file", "bytes": len(NOTE), "filename": name or "x", "purpose": "user_data"}
    return entry(V1 + path, body, dumps(answer), kind=kind, fields=KEY, answer_kind="application/json", **more)


def up(name, data=NOTE, id="file-forms", **more):
    wanted = {"name": name, "bytes": len(data), "sha256": sha(data), "id": id}
    return expect("file.uploaded", files=[{**wanted, **more}], service="openai-api")


@case
def form_whose_boundary_is_quoted():
    mark = "a b:c/d=e?f(g)'h+i,j.k_l"
    return [sent(form(mark, field("purpose", "user_data"), file('filename="a.txt"')),
                 f'multipart/form-data; charset=utf-8; boundary="{mark}"')], [up("a.txt", declared_type="text/plain")]


@case
def form_with_text_before_and_behind():
    body = form("fx1", field("purpose", "user_data"), file('filename="a.txt"'),
                before=b"This is a message with several parts.\r\n\r\n", behind=b"\r\nThe end.\r\n")
    return [sent(body)], [up("a.txt")]


@case
def form_whose_last_line_is_missing():
    """What ends with its last mark and no line end is whole."""
    return [sent(form("fx1", field("purpose", "user_data"), file('filename="a.txt"'), behind=b""))], [up("a.txt")]


@case
def form_with_spaces_behind_its_marks():
    body = form("fx1", field("purpose", "user_data"), file('filename="a.txt"')).replace(b"--fx1\r\n", b"--fx1 \t\r\n")
    return [sent(body)], [up("a.txt")]


@case
def file_that_holds_what_looks_like_a_mark():
    data = b"line\r\n--fx\r\n-- fx1\r\n\r\n--fy1--\r\n" + NOTE
    return [sent(form("fx1", field("purpose", "user_data"), file('filename="marks.txt"', data)))], [up("marks.txt", data)]


@case
def name_in_both_spellings():
    """contract: filename* wins over filename."""
    return [sent(form("fx1", field("purpose", "user_data"),
                      file("filename=\"pruefung.txt\"; filename*=UTF-8''Pr%C3%BCfung%20%E2%82%AC.txt")))], [up("Prüfung €.txt")]


@case
def name_with_a_language_and_a_quote():
    return [sent(form("fx1", file("filename*=utf-8'en'it%27s%20%22done%22.txt; filename=\"its done.txt\""),
                      field("purpose", "user_data")))], [up("it's \"done\".txt")]


@case
def name_with_percent_signs_as_browsers_write_it():
    """Browsers write a quote as %22 and leave other percent signs alone; the
    name is kept as sent."""
    return [sent(form("fx1", file('filename="100%25 of it.txt"'), field("purpose", "user_data")))], [up("100%25 of it.txt")]


@case
def name_with_quoted_pairs():
    return [sent(form("fx1", file('filename="say \\"hi\\".txt"'), field("purpose", "user_data")))], [up('say "hi".txt')]


@case
def name_from_right_to_left():
    name = "invoice_\u202etxt.exe"
    return [sent(form("fx1", file(f'filename="{name}"'), field("purpose", "user_data")))], [up(name)]


@case
def name_that_is_a_path():
    name = "C:\\Users\\ana\\Desktop\\q3.txt"
    return [js("/files", {"file_name": name, "file_size": len(NOTE), "use_case": "my_files"},
               {"status": "success", "upload_url": "https://sdmntpreastus.oaiusercontent.com/files/fp-1/raw?sig=s",
                "file_id": "file_fp1"}),
            entry("https://sdmntpreastus.oaiusercontent.com/files/fp-1/raw?sig=s", NOTE, "", method="PUT",
                  kind="text/plain", status=201, answer_kind=None, second=1)], [
        expect("file.uploaded", files=[{"id": "file_fp1", "name": name, "bytes": len(NOTE), "sha256": sha(NOTE)}])]


@case
def name_without_quotes_in_a_form():
    return [sent(form("fx1", field("purpose", "user_data"), file("filename=plain.txt")))], [up("plain.txt")]


@case
def headers_of_parts_in_any_case():
    body = form("fx1", part(["CONTENT-TYPE: application/pdf", 'content-disposition: Form-Data; FILENAME="a.pdf"; NAME="file"'], PDF),
                field("purpose", "user_data"))
    return [sent(body, "Multipart/Form-Data; BOUNDARY=fx1")], [up("a.pdf", PDF, type="application/pdf", declared_type="application/pdf")]


@case
def declared_as_a_picture_and_none():
    return [sent(form("fx1", file('filename="scan.png"', PDF, "image/png"), field("purpose", "vision")))], [
        up("scan.png", PDF, type="application/pdf", declared_type="image/png")]


@case
def picture_declared_as_a_stream_of_bytes():
    return [sent(form("fx1", file('filename="blob"', PNG, "application/octet-stream"), field("purpose", "vision")))], [
        up("blob", PNG, type="image/png", declared_type="application/octet-stream")]


@case
def file_without_a_type():
    body = form("fx1", field("purpose", "user_data"), part(['Content-Disposition: form-data; name="file"; filename="a.txt"'], NOTE))
    return [sent(body)], [up("a.txt", declared_type=None)]


@case
def form_in_gzip():
    body = form("fx1", field("purpose", "user_data"), file('filename="a.txt"'))
    return [sent(body, encoding="gzip")], [up("a.txt")]


@case
def form_in_zstd_then_gzip():
    body = form("fx1", field("purpose", "user_data"), file('filename="a.txt"'))
    return [sent(body, encoding="zstd, gzip")], [up("a.txt")]


@case
def file_of_no_bytes_in_a_form():
    return [sent(form("fx1", field("purpose", "user_data"), file('filename="empty.txt"', b"")))], [up("empty.txt", b"")]


@case
def card_in_a_part_that_is_encoded():
    """Nobody should write it (RFC 7578 §4.7); some servers read it."""
    data = base64.b64encode(b"pay with " + CARD.encode() + b" today, and never again\n")
    body = form("fx1", field("purpose", "user_data"),
                part(['Content-Disposition: form-data; name="file"; filename="a.txt"', "Content-Type: text/plain",
                      "Content-Transfer-Encoding: base64"], data))
    return [sent(body)], [expect("file.uploaded", verdict="block", outcome="failure", type="credit-card")]


@case
def pictures_and_mask_of_an_edit():
    body = form("fx1", field("prompt", "Make the sky green"),
                part(['Content-Disposition: form-data; name="image[]"; filename="one.png"', "Content-Type: image/png"], PNG),
                part(['Content-Disposition: form-data; name="image[]"; filename="two.png"', "Content-Type: image/png"], PNG + b"2"),
                part(['Content-Disposition: form-data; name="mask"; filename="mask.png"', "Content-Type: image/png"], PNG + b"3"),
                field("model", "gpt-image-1"))
    return [entry(V1 + "/images/edits", body, dumps({"error": {"message": "Not now", "type": "server_error"}}), kind="multipart/form-data; boundary=fx1",
                  status=503, fields=KEY, answer_kind="application/json")], [
        expect("prompt_with_file.created", "Make the sky green", hidden=ANY, model="gpt-image-1", outcome="failure",
               files=[{"name": "one.png", "bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)},
                      {"name": "two.png", "bytes": len(PNG) + 1, "sha256": sha(PNG + b"2")},
                      {"name": "mask.png", "bytes": len(PNG) + 1, "sha256": sha(PNG + b"3")}])]


@case
def two_files_of_a_skill():
    body = form("fx1",
                part(['Content-Disposition: form-data; name="files[]"; filename="tides/SKILL.md"', "Content-Type: text/markdown"], NOTE),
                part(['Content-Disposition: form-data; name="files[]"; filename="tides/run.py"', "Content-Type: text/x-python"], b"print(1)\n"))
    return [entry(V1 + "/skills", body, dumps({"id": "skill_1", "object": "skill"}), kind="multipart/form-data; boundary=fx1",
                  fields=KEY, answer_kind="application/json")], [
        expect("file.uploaded", service="openai-api",
               files=[{"name": "tides/SKILL.md", "bytes": len(NOTE), "sha256": sha(NOTE)},
                      {"name": "tides/run.py", "bytes": 9, "sha256": sha(b"print(1)\n")}])]


@case
def dictation_of_a_visitor():
    sound = b"\x1aE\xdf\xa3" + bytes(range(128, 250))
    body = form("fx1", part(['Content-Disposition: form-data; name="file"; filename="blob"', "Content-Type: audio/webm;codecs=opus"], sound),
                field("language", "de"))
    return [entry(CHAT + "/backend-anon/transcribe", body, dumps({"text": "Guten Morgen aus Lyon"}),
                  kind="multipart/form-data; boundary=fx1", answer_kind="application/json")], [
        expect("audio.transcribed", "Guten Morgen aus Lyon", hidden=ANY,
               files=[{"name": "blob", "bytes": len(sound), "sha256": sha(sound), "declared_type": "audio/webm;codecs=opus"}])]


@case
def one_shot_with_its_name_in_a_field():
    """§5.2: one form to the processing; the part's own name is a browser's."""
    body = form("fx1", field("file_name", "minutes.txt"), field("use_case", "my_files"),
                part(['Content-Disposition: form-data; name="file"; filename="minutes.txt"', "Content-Type: text/plain"], NOTE))
    lines = "".join(dumps(x) + "\n" for x in (
        {"event": "file.processing.started", "file_id": "file_os1", "progress": 0},
        {"event": "file.processing.completed", "file_id": "file_os1", "progress": 100, "extra": {"mime_type": "text/plain"}}))
    return [entry(CHAT + "/backend-api/files/process_upload_stream", body, lines, kind="multipart/form-data; boundary=fx1")], [
        expect("file.uploaded", files=[{"id": "file_os1", "name": "minutes.txt", "bytes": len(NOTE), "sha256": sha(NOTE)}])]


@case
def estuary_of_the_pages_themselves():
    """§5.2: /api/estuary, a blob without a name, a region that has a number."""
    url = "https://files09.oaiusercontent.com/files/ep-1/raw?se=2026&sig=x%2By"
    body = form("----WebKitFormBoundaryAb12", field("upload_url", url),
                part(['Content-Disposition: form-data; name="file"; filename="blob"', "Content-Type: text/plain"], NOTE))
    return [js("/files", {"file_name": "estuary.txt", "file_size": len(NOTE), "use_case": "my_files"},
               {"status": "success", "upload_url": url, "file_id": "file_ep1", "upload_strategy": "estuary_bytes"}),
            entry(CHAT + "/api/estuary/upload_content_bytes", body, "{}", kind="multipart/form-data; boundary=----WebKitFormBoundaryAb12",
                  answer_kind="application/json", second=1),
            js("/files/file_ep1/uploaded", {}, {"status": "success", "file_name": "estuary.txt"}, 2)], [
        expect("file.uploaded", files=[{"id": "file_ep1", "name": "estuary.txt", "bytes": len(NOTE), "sha256": sha(NOTE)}])]
