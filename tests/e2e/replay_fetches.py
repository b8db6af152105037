"""Files fetched in less usual ways (facts/chatgpt-wire.md §6): names wherever
they stand, encodings, pieces, answers without bytes."""
from urllib.parse import quote

from exchanges import CHAT, F, document, dumps, entry, message, prompt, sse
from replay_cases import ANY, answers, case, expect, says
from replay_files_down import CSV, PNG, downloads, estuary, get, link, sha
from replay_public import call
from replay_storage import DATA

B = CHAT + "/backend-api"
PDF = (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
       b"trailer\n<</Root 1 0 R>>\n%%EOF\n")


def whole(data, name, **more):
    return {"bytes": len(data), "sha256": sha(data), "name": name, **more}


@case
def interpreter_file_meant_to_be_saved():
    """The link's answer has no name: it is the last part of the path."""
    ask = B + "/conversation/fe-c1/interpreter/download?message_id=fe-m1&sandbox_path=" + quote("/mnt/data/out/Übersicht Q3+4.csv", safe="") + "&download_intent=true"
    url = estuary("file_fe1")
    return [link(ask, url, None), get(url, CSV, second=1)], [
        downloads(whole(CSV, "Übersicht Q3+4.csv"), conversation_id="fe-c1", message_id="fe-m1")]


@case
def name_in_quoted_pairs():
    url = estuary("file_fe2")
    return [get(url, CSV, got={"content-disposition": 'attachment; filename="the \\"final\\".csv"'})], [
        downloads(whole(CSV, 'the "final".csv', id="file_fe2"))]


@case
def name_with_a_language_before_a_plain_one():
    url = estuary("file_fe3")
    return [get(url, CSV, got={"content-disposition": "attachment; filename*=UTF-8'fr'r%C3%A9sum%C3%A9.csv; filename=\"resume.csv\""})], [
        downloads(whole(CSV, "résumé.csv"))]


@case
def name_in_raw_letters():
    url = estuary("file_fe4")
    return [get(url, CSV, got={"content-disposition": 'inline; filename="отчёт.csv"'})], [downloads(whole(CSV, "отчёт.csv"))]


@case
def name_of_the_link_before_that_of_the_answer():
    url = estuary("file_fe5")
    return [link(B + "/files/download/file_fe5?inline=false", url, "mine.csv"),
            get(url, CSV, second=1, got={"content-disposition": 'attachment; filename="theirs.csv"'})], [
        downloads(whole(CSV, "mine.csv", id="file_fe5"))]


@case
def name_in_the_address_of_the_storage():
    url = ("https://sdmntprnorthcentralus.oaiusercontent.com/files/fe-6/raw?se=2026&sp=r&rscd="
           + quote("attachment; filename*=UTF-8''caf%C3%A9.csv", safe="") + "&sig=x%3D")
    return [link(B + "/files/file_fe6/download", url, None), get(url, CSV, second=1)], [downloads(whole(CSV, "café.csv", id="file_fe6"))]


@case
def attachment_of_a_conversation_in_brotli():
    url = estuary("file_fe7")
    return [link(B + "/conversation/fe-c7/attachment/file_fe7/download", url, "tides.pdf", mime_type="application/pdf"),
            get(url, PDF, "application/pdf", second=1, answer_encoding="br")], [
        downloads(whole(PDF, "tides.pdf", id="file_fe7", type="application/pdf"), conversation_id="fe-c7")]


@case
def declared_as_text_and_a_document():
    url = estuary("file_fe8")
    return [link(B + "/files/download/file_fe8?inline=false", url, "notes.txt", mime_type="text/plain"),
            get(url, PDF, "text/plain", second=1, answer_encoding="zstd")], [
        downloads(whole(PDF, "notes.txt", type="application/pdf", declared_type="text/plain"))]


@case
def pieces_of_a_document_in_three_orders():
    url, third = estuary("file_fe9"), len(PDF) // 3
    cut = [(third, 2 * third), (2 * third, len(PDF)), (0, third)]

    def piece(a, b, second):
        return get(url, PDF[a:b], "application/pdf", 206, second, {"content-range": f"bytes {a}-{b - 1}/{len(PDF)}"},
                   fields={"range": f"bytes={a}-{b - 1}"})
    return [link(B + "/files/download/file_fe9?inline=false", url, "t.pdf"),
            *(piece(a, b, 1 + i) for i, (a, b) in enumerate(cut))], [
        downloads({"id": "file_fe9", "name": "t.pdf", "bytes": len(PDF), "type": "application/pdf"}, complete=ANY)]


@case
def not_modified_and_gone():
    """304 and 404 deliver nothing; both links were handed out."""
    a, b = estuary("file_fea"), estuary("file_feb")
    return [link(B + "/files/download/file_fea?inline=false", a, "a.csv"), get(a, None, status=304, second=1, kind=None),
            link(B + "/files/download/file_feb?inline=false", b, "b.csv", second=2),
            get(b, dumps({"detail": "File not found"}), "application/json", 404, 3)], [
        downloads({"id": "file_fea", "name": "a.csv", "sha256": None}, complete=False),
        downloads({"id": "file_feb", "name": "b.csv", "sha256": None}, complete=False)]


@case
def link_refused_in_words():
    return [get(B + "/conversation/fe-cc/interpreter/download?message_id=m&sandbox_path=%2Fmnt%2Fdata%2Fx.csv",
                dumps({"status": "error", "error_code": "file_not_found", "error_message": None}), "application/json")], []


@case
def file_of_an_answer_fetched_later():
    """The sandbox link, the link that is handed out and the bytes belong to one file."""
    c, url = "fe-cd", estuary("file_fed")
    made = document("fe-ad", ["Here: [the table](sandbox:///mnt/data/tide%20table.csv)."], parent="fe-ud", conversation=c,
                    status="finished_successfully")
    return [entry(F, dumps(prompt(message("Make a table", "fe-ud"), conversation_id=c, parent="fe-pd", supported_encodings="absent")), sse(made)),
            link(B + f"/conversation/{c}/interpreter/download?message_id=fe-ad&sandbox_path=%2Fmnt%2Fdata%2Ftide%20table.csv", url,
                 "tide table.csv", second=3), get(url, CSV, second=4)], [
        says("Make a table"),
        expect("response_with_file.generated", "Here: [the table](sandbox:///mnt/data/tide%20table.csv).", complete=True, message_id="fe-ad",
                files=[{"name": "tide table.csv"}]),
        downloads(whole(CSV, "tide table.csv"), conversation_id=c, message_id="fe-ad")]


@case
def picture_saved_by_its_disposition():
    url = estuary("file_fee")
    return [link(B + "/files/download/file_fee?inline=false&post_id=", url, "harbour.png"),
            get(url, PNG, "image/png", second=1, got={"content-disposition": "attachment"})], [
        downloads(whole(PNG, "harbour.png", type="image/png", declared_type="image/png"))]


@case
def asked_for_its_length_only():
    url = estuary("file_fef")
    return [get(url, None, second=0, status=200) | {"request": {**get(url)["request"], "method": "HEAD"}}], []


@case
def name_of_two_words_without_quotes():
    url = estuary("file_td1")
    return [get(url, DATA, "text/plain", got={"content-disposition": "attachment; filename=my file.txt"})], [
        downloads({"name": "my file.txt", "bytes": len(DATA), "sha256": sha(DATA)})]


@case
def file_that_nobody_named():
    return [get(estuary("file_td2"), DATA, "text/plain")], [downloads({"id": "file_td2", "bytes": len(DATA), "sha256": sha(DATA)})]


@case
def name_with_signs_of_the_header():
    url = estuary("file_td3")
    return [get(url, DATA, "text/plain", got={"content-disposition": 'attachment; filename="a;b=c.txt"; size=3'})], [downloads({"name": "a;b=c.txt"})]


@case
def name_that_climbs():
    """Kept as sent."""
    url = estuary("file_td4")
    return [get(url, DATA, "text/plain", got={"content-disposition": "attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"})], [downloads({"name": "../../etc/passwd"})]


@case
def interpreter_file_asked_for_by_post():
    url = estuary("file_td5")
    ask = entry(B + "/conversation/td-c5/interpreter/download", dumps({"message_id": "td-m5", "sandbox_path": "/mnt/data/x y.txt"}),
                dumps({"status": "success", "download_url": url, "file_name": "x y.txt"}), answer_kind="application/json", answer_encoding="gzip")
    return [ask, get(url, DATA, "text/plain", second=1, answer_encoding="gzip")], [
        downloads({"name": "x y.txt", "bytes": len(DATA), "sha256": sha(DATA)}, conversation_id="td-c5", message_id="td-m5")]


@case
def link_within_the_service():
    return [link(B + "/files/download/file_td6?inline=false", "/backend-api/estuary/content?id=file_td6&sig=x", "r.txt"),
            get(B + "/estuary/content?id=file_td6&sig=x", DATA, "text/plain", second=1)], [downloads({"id": "file_td6", "name": "r.txt", "sha256": sha(DATA)})]


@case
def results_of_a_batch():
    line = dumps({"id": "b", "custom_id": "r1", "response": {"status_code": 200, "body": {"choices": []}}}).encode() + b"\n"
    return [call("/files", None, {"object": "list", "data": [{"id": "file-tb1", "filename": "out.jsonl", "bytes": len(line)}]}, method="GET"),
            call("/files/file-tb1/content", None, line, 1, method="GET", answer_kind="application/octet-stream")], [
        downloads({"id": "file-tb1", "name": "out.jsonl", "bytes": len(line), "sha256": sha(line)})]
