"""contract.md, "How the fields are filled": what it says of files, sentence by
sentence."""
import base64

from exchanges import F, dumps, entry, message, prompt
from replay_cases import case, expect
from replay_files_down import CSV, INTERPRETER, downloads, estuary, get, letter, link, read
from replay_files_up import (API, B, DOCX, PNG, SAS, TEXT, TYPE, announce, call, form, process, put, sha, told,
                             uploaded, whole)

AT = "https://files.oaiusercontent.com/"
KEY = {"authorization": "Bearer sk-proj-" + "y" * 40}


def attached(text, *files, second=0):
    return entry(F, dumps(prompt(message(text, metadata={"attachments": list(files)}))), second=second)


# ---- "attachment names do not (they stand in `files`)" ----

@case
def names_are_no_content():
    return [attached("", {"id": "file-k1", "name": "plan – final (2).pdf", "size": 7, "mime_type": "application/pdf"})], [
        expect("prompt_with_file.created", None, files=[{"id": "file-k1", "name": "plan – final (2).pdf"}],
               category="Data Upload")]


@case
def several_attachments_in_their_order():
    return [attached("compare", *({"id": f"file-k{i}", "name": n} for i, n in enumerate(("b.csv", "a.csv", "b.csv"), 2)))], [
        expect("prompt_with_file.created", "compare",
               files=[{"id": "file-k2", "name": "b.csv"}, {"id": "file-k3", "name": "a.csv"}, {"id": "file-k4", "name": "b.csv"}])]


# ---- "An inline `data:` image or file is an attachment" ----

@case
def inline_pictures_are_attachments():
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": url}}]}]}
    return [call(API + "/chat/completions", body, fields=KEY)], [
        expect("prompt_with_file.created", "what is this", service="openai-api", files=[whole(PNG, type="image/png")])]


@case
def inline_files_are_attachments():
    body = {"model": "gpt-5", "input": [{"role": "user", "content": [
        {"type": "input_file", "filename": "Q3 – früh.csv", "file_data": "data:text/csv;base64," + base64.b64encode(CSV).decode()},
        {"type": "input_text", "text": "sum it up"}]}]}
    return [call(API + "/responses", body, fields=KEY)], [
        expect("prompt_with_file.created", "sum it up", files=[whole(CSV, name="Q3 – früh.csv", type="text/plain")])]


@case
def inline_files_without_base64():
    body = {"model": "gpt-5", "input": [{"role": "user", "content": [
        {"type": "input_file", "filename": "n.txt", "file_data": "data:text/plain,hello%20world"},
        {"type": "input_text", "text": "read"}]}]}
    return [call(API + "/responses", body, fields=KEY)], [
        expect("prompt_with_file.created", "read", files=[whole(b"hello world", name="n.txt", type="text/plain")])]


# ---- "File names are kept as sent; `filename*` wins over `filename`" ----

def named(disposition, second=0):
    body = (b"--zz9\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n--zz9\r\n"
            b"Content-Disposition: form-data; name=\"file\"; " + disposition.encode() +
            b"\r\nContent-Type: text/csv\r\n\r\n" + CSV + b"\r\n--zz9--\r\n")
    return call(API + "/files", body, {"id": f"file-n{second}", "object": "file"}, second, kind=TYPE, fields=KEY)


@case
def names_of_what_goes_up():
    given = [("filename=\"a.csv\"; filename*=UTF-8''%C3%A4%20b.csv", "ä b.csv"), ("filename*=UTF-8''late.csv; filename=\"x.csv\"", "late.csv"),
             ('filename="  two  blanks .csv"', "  two  blanks .csv"), ('filename="Zoë \u200b.csv"', "Zoë \u200b.csv")]
    return [named(d, i) for i, (d, _) in enumerate(given)], [
        told(whole(CSV, name=n, id=f"file-n{i}"), service="openai-api") for i, (_, n) in enumerate(given)]


@case
def names_of_what_comes_down():
    given = [("attachment; filename=\"a.csv\"; filename*=UTF-8''%E2%82%AC%20a.csv", "€ a.csv"),
             ("attachment; filename*=ISO-8859-1''caf%E9.csv; filename=x.csv", "café.csv"), ("attachment; filename=plain.csv", "plain.csv"),
             ('attachment; filename="semi;colon.csv"', "semi;colon.csv")]
    return [get(estuary(f"file_n{i}"), CSV, second=i, got={"content-disposition": d}) for i, (d, _) in enumerate(given)], [
        downloads({**whole(CSV), "name": n, "id": f"file_n{i}"}) for i, (_, n) in enumerate(given)]


@case
def names_out_of_a_path():
    at = B + "/conversation/c-k/interpreter/download?message_id=m-k&sandbox_path=%2Fmnt%2Fdata%2Fout%2Fgr%C3%B6%C3%9Fe%20%231.csv"
    return [get(at, dumps({"status": "success", "download_url": estuary("file_k9")}), "application/json"),
            get(estuary("file_k9"), CSV, second=2)], [
        downloads({**whole(CSV), "name": "größe #1.csv"}, conversation_id="c-k", message_id="m-k")]


# ---- "`file.uploaded` comes once per file, when bytes and name are both known (or will not come)" ----

@case
def every_step_of_it_and_still_one():
    url = AT + "file-s1" + SAS
    return [announce("file-s1", url), put(url, TEXT, 1), uploaded("file-s1", 3), process("file-s1", "q3.csv", 4),
            process("file-s1", "q3.csv", 5), uploaded("file-s1", 6)], [told(whole(TEXT, id="file-s1", name="q3.csv"))]


@case
def two_files_at_the_same_time():
    a, b = AT + "file-s2" + SAS, AT + "file-s3" + SAS
    return [announce("file-s2", a, name="a.csv"), announce("file-s3", b, name="b.csv", second=1), put(b, TEXT + b"b", 2),
            put(a, TEXT + b"a", 3), uploaded("file-s2", 4), uploaded("file-s3", 5)], [
        told(whole(TEXT + b"b", id="file-s3", name="b.csv")), told(whole(TEXT + b"a", id="file-s2", name="a.csv"))]


@case
def the_same_bytes_twice_are_two_files():
    made = []
    for i in (4, 5):
        url = f"{AT}file-s{i}{SAS}"
        made += [announce(f"file-s{i}", url, second=4 * i), put(url, TEXT, 4 * i + 1), uploaded(f"file-s{i}", 4 * i + 2)]
    return made, [told(whole(TEXT, id="file-s4", name="q3.csv")), told(whole(TEXT, id="file-s5", name="q3.csv"))]


@case
def a_name_that_will_not_come():
    url = AT + "file-s6" + SAS
    reserve = call(B + "/files/upload_reservations", {"intended_use_case": "my_files", "entry_surface": "chat_composer"},
                   {"status": "success", "reservation_id": "res-s6", "upload_url": url})
    return [reserve, put(url, TEXT, 2)], [told({**whole(TEXT), "name": None})]


@case
def bytes_at_the_service_itself():
    return [form(B + "/estuary/upload_content_bytes", ("upload_url", AT + "file-s7" + SAS), ("file", TEXT, "q3.csv", "text/csv"), second=1)], [
        told(whole(TEXT, name="q3.csv"), http={"path": "/backend-api/estuary/upload_content_bytes"})]


# ---- "`response_with_file.downloaded` comes once per file: when its bytes have passed, or … `complete: false`" ----

@case
def two_kinds_of_links_to_one_file():
    url = estuary("file_d1")
    return [link(B + "/files/download/file_d1?inline=false", url, "d.csv"),
            link(B + "/conversation/c-d/attachment/file_d1/download", estuary("file_d1", "b" * 64), "d.csv", second=1), get(url, CSV, second=2)], [
        downloads({**whole(CSV), "name": "d.csv", "id": "file_d1"}, conversation_id="c-d")]


@case
def a_link_that_leads_to_the_service_itself():
    return [link(INTERPRETER, "/backend-api/estuary/content?id=file_d2&sig=z", "own.csv"), get(estuary("file_d2"), CSV, second=2)], [
        downloads({**whole(CSV), "name": "own.csv"}, conversation_id="c-1",
                  http={"host": "chatgpt.com", "path": "/backend-api/estuary/content"})]


@case
def two_links_of_which_one_is_followed():
    return [link(INTERPRETER, estuary("file_d3"), "left.csv"), link(INTERPRETER.replace("c-1", "c-2"), estuary("file_d4"), "taken.csv", second=1),
            get(estuary("file_d4"), CSV, second=2)], [
        downloads({"name": "left.csv", "bytes": None, "sha256": None}, complete=False),
        downloads({**whole(CSV), "name": "taken.csv"}, conversation_id="c-2")]


@case
def an_error_is_no_download():
    return [get(B + "/files/download/file_d5", dumps({"status": "error", "error_code": "file_not_found", "error_message": None}),
                "application/json"), get(estuary("file_d5"), b"gone", "text/plain", 404, 1),
            get(estuary("file_d6"), b"", None, 304, 2)], []


# ---- "The text extracted from a file is that file's `text`" ----

@case
def text_of_a_document_is_its_own():
    data = letter("quarter figures")
    url = AT + "file-t1" + SAS
    return [announce("file-t1", url, name="q.docx", size=len(data), kind=DOCX), put(url, data, 1, kind=DOCX), uploaded("file-t1", 2),
            attached("short", {"id": "file-t1", "name": "q.docx"}, second=4)], [
        told(whole(data, id="file-t1", name="q.docx", type=DOCX, text=read("quarter figures\n", "quarter figures\n"))),
        expect("prompt_with_file.created", "short", files=[whole(data, id="file-t1", name="q.docx", type=DOCX)])]


@case
def text_of_what_comes_down_is_its_own():
    return [get(estuary("file_t2"), CSV)], [
        expect("response_with_file.downloaded", None, complete=True, files=[{"id": "file_t2", "text": {
            "bytes": len(CSV), "sha256": sha(CSV), "sample": CSV.decode(), "content": CSV.decode()}}])]
