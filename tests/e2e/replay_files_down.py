"""Files coming down (facts/chatgpt-wire.md §6, §9.3): links, bytes, and what
of them is one activity."""
import hashlib

import documents
from exchanges import CARD, CHAT, F, document, dumps, entry, message, prompt, sse
from replay_cases import ANY, case, expect

B = CHAT + "/backend-api"
CSV = b"name,amount\nAna,12\nBo,14\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
SAS = "https://files.oaiusercontent.com/file-Abc123?se=2026-11-22T11%3A00Z&sp=r&sv=2024-08-04&rscc=private"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def get(url, answer=None, kind="text/csv", status=200, second=0, got=None, **more):
    """A GET; got: more fields of the answer."""
    made = entry(url, None, answer, method="GET", status=status, answer_kind=kind, second=second, **more)
    made["response"]["headers"] += [{"name": n, "value": v} for n, v in (got or {}).items()]
    return made


def link(url, to, name="report.csv", second=0, **more):
    answer = {"status": "success", "download_url": to, "file_name": name, "creation_time": None, "metadata": {}, **more}
    return get(url, dumps({k: v for k, v in answer.items() if v is not None}), "application/json", second=second)


def estuary(id, signature="a" * 64):
    return f"{B}/estuary/content?id={id}&ts=490000&p=fs&cid=1&sig={signature}&v=0"


def downloads(*files, **more):
    return expect("response_with_file.downloaded", files=list(files), **{"complete": True, **more})


def whole(data, name=None, type="text/plain", **more):
    return {"bytes": len(data), "sha256": sha(data), "name": name, "type": type, **more}


def words(data):
    return {"bytes": len(data), "sha256": sha(data), "sample": data.decode()[:120], "content": data.decode()}


def read(text, sample):
    """What a reader got out of it."""
    return {"bytes": len(text.encode()), "content": text, "sample": sample, "sha256": sha(text.encode())}


INTERPRETER = B + "/conversation/c-1/interpreter/download?message_id=m-1&sandbox_path=%2Fmnt%2Fdata%2Fq3%20report.csv"


@case
def a_link_and_its_bytes_are_one_download():
    url = estuary("file_1")
    return [link(INTERPRETER, url, "q3 report.csv", mime_type="text/csv", file_size_bytes=len(CSV)),
            get(url, CSV, second=2)], [
        downloads(whole(CSV, "q3 report.csv", declared_type="text/csv", text=words(CSV)), conversation_id="c-1", message_id="m-1",
                  category="Data Download", service="chatgpt")]


@case
def a_link_by_post():
    url = estuary("file_2")
    ask = entry(B + "/conversation/c-2/interpreter/download", dumps({"message_id": "m-2", "sandbox_path": "/mnt/data/a.csv"}),
                dumps({"status": "success", "download_url": url}), answer_kind="application/json")
    return [ask, get(url, CSV, second=2)], [
        downloads(whole(CSV, "a.csv"), conversation_id="c-2", message_id="m-2")]


@case
def a_link_never_followed():
    return [link(INTERPRETER, estuary("file_3"), "q3 report.csv")], [
        downloads({"name": "q3 report.csv", "sha256": None}, complete=False, conversation_id="c-1", message_id="m-1")]


@case
def bytes_at_storage_keep_the_name_of_their_link():
    return [link(B + "/files/download/file-Abc123?conversation_id=c-4&inline=false", SAS + "&sig=x", "plan.csv"),
            get(SAS + "&sig=x", CSV, "application/octet-stream", second=2,
                got={"content-disposition": 'attachment; filename="other.csv"'})], [
        downloads(whole(CSV, "plan.csv", id="file-Abc123", declared_type="application/octet-stream"),
                  conversation_id="c-4")]


@case
def names_without_a_link():
    star = {"content-disposition": "attachment; filename=\"a.csv\"; filename*=UTF-8''caf%C3%A9.csv"}
    return [get(estuary("file_5"), CSV, got=star),
            get(SAS.replace("Abc123", "N") + "&rscd=attachment%3B%20filename%3Dfigures%20q3.csv&sig=z", CSV, second=2)], [
        downloads(whole(CSV, "café.csv", id="file_5")),
        downloads(whole(CSV, "figures q3.csv", id="file-N"))]


@case
def an_attachment_of_a_conversation():
    url = "https://sdmntprwestus3.oaiusercontent.com/files/00000000-a1b2/raw?se=2026&sp=r&sig=q"
    return [link(B + "/conversation/c-6/attachment/file_00aa/download", url, "notes.csv"), get(url, CSV, second=2)], [
        downloads(whole(CSV, "notes.csv", id="file_00aa"), conversation_id="c-6")]


@case
def a_redirect_is_a_link():
    url = "https://sdmntpreastus.oaiusercontent.com/files/1234/raw?rscd=attachment%3B%20filename%3Db.csv&sig=q"
    return [get(B + "/files/file-R/download", status=302, kind=None, got={"location": url}), get(url, CSV, second=2)], [
        downloads(whole(CSV, "b.csv", id="file-R"))]


@case
def a_host_that_only_the_link_names():
    url = "https://prodfiles7.blob.core.windows.net/c/blob-1?sig=q"
    return [link(B + "/files/file-H/download", url, "h.csv"), get(url, CSV, second=2),
            get("https://elsewhere.blob.core.windows.net/c/blob-2?sig=q", CSV, second=4)], [
        downloads(whole(CSV, "h.csv", id="file-H"))]


@case
def links_that_were_not_given():
    error = dumps({"status": "error", "error_code": "file_not_found", "error_message": None})
    return [get(B + "/files/file-E/download", error, "application/json"),
            get(B + "/files/download/file-E", dumps({"detail": "no"}), "application/json", status=404, second=2),
            get(estuary("file_E"), dumps({"detail": "expired"}), "application/json", status=403, second=4),
            get(estuary("file_E"), status=304, kind=None, second=6),
            entry(estuary("file_E"), None, None, method="HEAD", answer_kind="text/csv", second=8)], []


@case
def bytes_that_break_off():
    one, two = (get(estuary("file_7"), CSV[:10], second=2, got={"content-length": str(len(CSV))}),
                get(estuary("file_8"), CSV[:9], second=4))
    one["response"]["_error"] = two["response"]["_error"] = "net::ERR_CONNECTION_RESET"
    return [link(INTERPRETER, estuary("file_7"), "cut.csv"), one, two], [
        downloads({"name": "cut.csv", "bytes": 10, "sha256": None}, complete=False),
        downloads({"id": "file_8", "bytes": 9, "sha256": None}, complete=False)]


def part(url, data, start, end, second):
    return get(url, data[start:end], "text/csv", 206, second,
               {"content-range": f"bytes {start}-{end - 1}/{len(data)}"})


@case
def ranges_are_one_download():
    url = estuary("file_9")
    return [part(url, CSV, 0, 10, 0), part(url, CSV, 5, 15, 2), part(url, CSV, 15, len(CSV), 4)], [
        downloads(whole(CSV, None, id="file_9", declared_type="text/csv", text=words(CSV)))]


def shuffled(id, data, spans, **more):
    return [part(estuary(id), data, a, min(b, len(data)), 2 * i) for i, (a, b) in enumerate(spans)]


@case
def ranges_in_any_order_are_read_as_one():
    text = ("a line of words\n" * 90000).encode() + b"card " + CARD.encode() + b"\n"
    small = text[-3000:]
    cut = len(small) - 10  # within the number
    return [*shuffled("file_9x", small, [(cut, 3000), (0, 1000), (900, cut + 2)]),
            *shuffled("file_9y", text, [(1200000, 9999999), (400000, 1300000), (0, 500000)])], [
        downloads(whole(small, None, id="file_9x"), where="file", verdict="alert"),
        downloads(whole(text, None, id="file_9y", text=None), where="file", verdict="alert")]


@case
def a_document_in_ranges_is_opened_as_a_whole():
    data = letter("card " + CARD)
    text = read(f"card {CARD}\n", f"card {'•' * len(CARD)}\n")
    n = len(data)
    orders = [[(0, 300), (300, n)], [(300, n), (0, 300)], [(100, 400), (0, 200), (350, n)]]
    return [e for i, spans in enumerate(orders) for e in shuffled(f"file_47{i}", data, spans)], [
        downloads(whole(data, None, DOCX, id=f"file_47{i}", text=text), where="file", verdict="alert", failure=None)
        for i in range(len(orders))]


@case
def a_document_that_broke_off_and_is_gone_on_with():
    data = letter("card " + CARD)
    first = get(estuary("file_48"), data[:200], "application/zip", got={"content-length": str(len(data))})
    first["response"]["_error"] = "net::ERR_CONNECTION_RESET"
    return [first, part(estuary("file_48"), data, 200, len(data), 2)], [
        downloads(whole(data, None, DOCX, id="file_48"), where="file", verdict="alert", failure=None)]


@case
def ranges_of_encoded_bytes_have_no_place():
    ask = part(estuary("file_49"), CSV * 9, 0, 20, 0)
    zipped = get(estuary("file_49"), CSV * 9, "text/csv", 206, 2, {"content-range": "bytes 0-99/150"}, answer_encoding="gzip")
    return [ask, zipped], [downloads({"id": "file_49", "sha256": None}, complete=False)]


def in_order(id, data, cuts, second=0, **more):
    cuts = [0, *cuts, len(data)]
    return [part(estuary(id), data, a, b, second + 2 * i) for i, (a, b) in enumerate(zip(cuts, cuts[1:]))]


@case
def ranges_in_their_order_have_the_hash_of_the_whole():
    data = CSV * 9
    return in_order("file_9c", data, [1, 64, 65, 200]), [downloads({"id": "file_9c", "bytes": len(data), "sha256": sha(data),
                                                                  "type": "text/plain", "text": words(data)})]


@case
def a_range_that_goes_on_where_an_answer_broke_off():
    first = get(estuary("file_9d"), CSV[:10], got={"content-length": str(len(CSV))})
    first["response"]["_error"] = "net::ERR_CONNECTION_RESET"
    return [first, part(estuary("file_9d"), CSV, 10, len(CSV), 2)], [
        downloads({"id": "file_9d", "bytes": len(CSV), "sha256": sha(CSV)})]


@case
def a_range_that_is_fetched_once_more_takes_nothing_away():
    return [*in_order("file_9e", CSV, [8]), part(estuary("file_9e"), CSV, 8, len(CSV), 8)], [
        downloads({"id": "file_9e", "bytes": len(CSV), "sha256": sha(CSV)})]


@case
def parts_of_two_versions_are_no_file():
    one, two = in_order("file_9f", CSV, [10])
    one["response"]["headers"].append({"name": "ETag", "value": '"1"'})
    two["response"]["headers"].append({"name": "ETag", "value": '"2"'})
    other = in_order("file_9g", CSV, [10])[0]
    return [one, two, other, *in_order("file_9g", CSV + b"more", [10], 6)[1:]], [
        downloads({"id": "file_9f", "bytes": len(CSV) - 10, "sha256": None}, complete=False),
        downloads({"id": "file_9g", "bytes": len(CSV) - 6, "sha256": None}, complete=False)]


def byteranges(id, data, spans, second=0, **more):
    body = b"".join(b"\r\n--gap\r\nContent-Type: text/csv\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%s" % (
        a, b - 1, len(data), data[a:b]) for a, b in spans) + b"\r\n--gap--\r\n"
    return get(estuary(id), body, "multipart/byteranges; boundary=gap", 206, second, **more)


@case
def several_ranges_in_one_answer():
    data = b"x" * 60 + b"\ncard " + CARD.encode() + b"\n"
    return [byteranges("file_9h", CSV, [(0, 7), (7, len(CSV))]),
            byteranges("file_9i", CSV, [(0, 7), (9, 12)], 2), byteranges("file_9i", CSV, [(5, len(CSV))], 4),
            byteranges("file_9j", data, [(0, 10), (50, len(data))], 6)], [
        downloads(whole(CSV, id="file_9h", declared_type="text/csv", text=words(CSV))),
        downloads({"id": "file_9i", "bytes": len(CSV), "sha256": sha(CSV)}),
        downloads({"id": "file_9j", "bytes": len(data) - 40}, complete=False, where="file", verdict="alert")]


@case
def ranges_that_nobody_can_place():
    parts = ["bytes */10", "bytes 5", "bytes x-y/z", "lines 0-4/5", "bytes 0-99999999999999999999/5"]
    return [get(estuary(f"file_9{chr(107 + i)}"), CSV[:5], "text/csv", 206, 2 * i, {"content-range": p})
            for i, p in enumerate(parts)], [
        downloads({"bytes": 5, "sha256": None}, complete=False) for p in parts]


@case
def a_range_that_is_the_whole():
    return [part(estuary("file_9b"), CSV, 0, len(CSV), 0)], [downloads(whole(CSV, id="file_9b"))]


@case
def a_range_that_never_comes():
    return [part(estuary("file_10"), CSV, 0, 10, 0)], [
        downloads({"id": "file_10", "bytes": 10, "sha256": None}, complete=False)]


@case
def what_ranges_hold_is_found():
    text = ("card " + CARD + "\n").encode()
    data = text + b"x" * 100 + b"\n" + text
    url, cut = estuary("file_11"), len(text) + 50
    return [part(url, data, 0, cut, 0), part(url, data, cut, len(data), 2)], [
        downloads({"id": "file_11", "bytes": len(data)}, where="file", verdict="alert")]


@case
def fetched_again_is_told_once():
    url = estuary("file_12")
    return [link(INTERPRETER, url, "again.csv"), get(url, CSV, second=2), get(estuary("file_12", "b" * 64), CSV, second=4),
            link(INTERPRETER, estuary("file_12", "c" * 64), "again.csv", second=6), get(url, CSV, second=8)], [
        downloads(whole(CSV, "again.csv")), downloads(whole(CSV, "again.csv"))]


@case
def two_links_before_the_bytes():
    url = estuary("file_13")
    return [link(INTERPRETER, url, "twice.csv"), link(INTERPRETER, url, "twice.csv", second=2), get(url, CSV, second=4)], [
        downloads(whole(CSV, "twice.csv"))]


@case
def what_a_file_holds_is_found():
    data = ("Pay to " + CARD + "\n").encode() * 2
    return [get(estuary("file_14"), data)], [
        downloads(whole(data, id="file_14"), where="file", verdict="alert")]


@case
def a_name_that_says_too_much():
    return [link(INTERPRETER, estuary("file_15"), f"card {CARD}.csv"), get(estuary("file_15"), CSV, second=2)], [
        downloads(whole(CSV, f"card {CARD}.csv"), where="file-name", verdict="alert")]


@case
def encoded_bytes_count_decoded():
    return [get(estuary("file_16"), CSV * 100, answer_encoding="gzip"),
            get(estuary("file_17"), CSV * 100, answer_encoding="br", second=2)], [
        downloads(whole(CSV * 100, id="file_16")), downloads(whole(CSV * 100, id="file_17"))]


@case
def bytes_that_the_exporter_decoded_already():
    files = [("gzip", PNG), ("br", PNG), ("deflate", PNG), ("zstd", PNG), ("br", letter("nothing")), ("br", b"\xff\xfe\xfd" * 99),
             ("br", "Größe;1\n".encode("latin-1") * 40)]
    return [get(estuary(f"file_18{i}"), data, "application/octet-stream", second=i, is_answer_base64=True,
                got={"content-encoding": encoding}) for i, (encoding, data) in enumerate(files)], [
        downloads({"id": f"file_18{i}", "bytes": len(data), "sha256": sha(data)}, failure=None)
        for i, (_, data) in enumerate(files)]


@case
def a_picture_that_is_only_shown():
    return [link(B + "/files/download/file_20?conversation_id=c&inline=true", estuary("file_20"), "fox.png",
                 mime_type="image/png"), get(estuary("file_20"), PNG, "image/png", second=2),
            get(estuary("file_21"), PNG, "image/png", second=4),
            get(estuary("file_22"), PNG, "image/png", second=6, fields={"sec-fetch-dest": "image"})], []


@case
def a_picture_that_is_saved():
    return [link(B + "/files/download/file_23?conversation_id=c&inline=false", estuary("file_23"), "fox.png",
                 mime_type="image/png"), get(estuary("file_23"), PNG, "image/png", second=2),
            get(estuary("file_24"), PNG, "image/png", second=4,
                got={"content-disposition": "attachment; filename=owl.png"})], [
        downloads(whole(PNG, "fox.png", "image/png", id="file_23"), conversation_id="c"),
        downloads(whole(PNG, "owl.png", "image/png", id="file_24"))]


@case
def a_picture_that_the_person_sent():
    body = prompt(message("look", metadata={"attachments": [{"id": "file_27", "name": "mine.png", "size": len(PNG)},
                                                            {"id": "file_28", "name": "mine.csv", "size": 9}]}))
    return [entry(F, dumps(body), sse(document("m", ["nice"]))),
            link(B + "/files/download/file_27?inline=false", estuary("file_27"), "mine.png", second=2, mime_type="image/png"),
            get(estuary("file_27"), PNG, "image/png", second=4),
            link(B + "/files/download/file_28", estuary("file_28"), "mine.csv", second=6),
            get(estuary("file_28"), CSV, second=8),
            link(B + "/files/download/file_28?download_intent=true", estuary("file_28"), "mine.csv", second=10),
            get(estuary("file_28"), CSV, second=12)], [
        expect("prompt_with_file.created", "look"), expect("response.generated", "nice", complete=True),
        downloads(whole(CSV, "mine.csv", id="file_28"))]


@case
def a_picture_that_the_answer_made():
    made = document("t", role="tool", name="image_gen.x", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_29"}]})
    return [entry(F, dumps(prompt(message("draw"))), sse(made, document("m", ["Here"]))),
            get(estuary("file_29"), PNG, "image/png", second=2)], [
        expect("prompt.created", "draw"),
        expect("response_with_file.generated", "Here", complete=True, file_ids=["file_29"]),
        downloads(whole(PNG, None, "image/png", id="file_29"))]


@case
def an_empty_file():
    return [link(INTERPRETER, estuary("file_25"), "empty.csv"),
            get(estuary("file_25"), b"", second=2, got={"content-length": "0"})], [
        downloads({"name": "empty.csv", "bytes": 0, "sha256": sha(b"")})]


@case
def bytes_that_a_capture_left_out():
    return [get(estuary("file_26"), None, got={"content-length": "5000"})], [
        downloads({"id": "file_26", "bytes": None, "sha256": None}, complete=False)]


@case
def whoever_got_the_link_is_who_fetches():
    token = "eyJhbGciOiJub25lIn0.eyJodHRwczovL2FwaS5vcGVuYWkuY29tL3Byb2ZpbGUiOnsiZW1haWwiOiJhbmFAZXhhbXBsZS5jb20ifX0.x"
    asked = link(B + "/files/file-W/download", SAS.replace("Abc123", "W") + "&sig=w", "w.csv")
    asked["request"]["headers"].append({"name": "authorization", "value": "Bearer " + token})
    return [asked, get(SAS.replace("Abc123", "W") + "&sig=w", CSV, second=2)], [
        downloads(whole(CSV, "w.csv", id="file-W"), actor={"user": "ana@example.com", "source": "jwt"})]


@case
def pictures_that_the_public_api_hands_out_by_link():
    at = "https://oaidalleapiprodscus.blob.core.windows.net/private/org-a/user-b/img-{}.png?st=2026&se=2027&sig={}"
    asked = entry("https://api.openai.com/v1/images/generations", dumps({"model": "dall-e-3", "prompt": "a fox", "n": 2}),
                  dumps({"created": 1, "data": [{"url": at.format(i, "a")} for i in (1, 2)]}), answer_kind="application/json",
                  fields={"authorization": "Bearer sk-proj-" + "x" * 40})
    return [asked, get(at.format(2, "a"), PNG, "image/png", second=2), get(at.format(2, "a"), PNG, "image/png", second=4),
            get(at.format(3, "a"), PNG, "image/png", second=6)], [
        expect("prompt.created", "a fox", service="openai-api"),
        expect("response_with_file.generated", complete=True, files=[{"name": "img-1.png"}, {"name": "img-2.png"}]),
        downloads(whole(PNG, "img-2.png", "image/png"), service="openai-api", replies_to=1, actor={"source": "api-key"})]


@case
def files_of_the_public_api():
    api = "https://api.openai.com/v1"
    return [get(api + "/files/file-out/content", CSV, fields={"authorization": "Bearer sk-x"},
                got={"content-disposition": 'attachment; filename="batch_output.jsonl"'}),
            get(api + "/containers/cntr_1/files/cfile_1/content", PNG, "application/octet-stream", second=2),
            get(api + "/videos/video_1/content", b"\0\0\0\x18ftypmp42" + b"x" * 50, "video/mp4", second=4)], [
        downloads(whole(CSV, "batch_output.jsonl", id="file-out"), service="openai-api"),
        downloads(whole(PNG, None, "image/png", id="cfile_1"), service="openai-api"),
        downloads({"id": "video_1", "type": "video/mp4"}, service="openai-api")]


def cites(id, *files, text="See it"):
    notes = [{"type": "container_file_citation", "container_id": "cntr_9", "file_id": f, "filename": n,
              "start_index": 0, "end_index": 1} for f, n in files]
    return dumps({"id": id, "object": "response", "status": "completed", "model": "gpt-5", "output": [
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": text, "annotations": notes}]}]})


API = "https://api.openai.com/v1"


def container(file, data, second, kind="application/octet-stream", at="cntr_9"):
    return get(f"{API}/containers/{at}/files/{file}/content", data, kind, second=second,
               fields={"authorization": "Bearer sk-proj-" + "x" * 40})


def responds(answer, second=0, kind="application/json"):
    return entry(API + "/responses", dumps({"model": "gpt-5", "input": "plot"}), answer, answer_kind=kind, second=second,
                 fields={"authorization": "Bearer sk-proj-" + "x" * 40})


@case
def a_cited_file_has_the_name_it_is_cited_by():
    answer = cites("resp_c1", ("cfile_c1", "q3 plan.csv"), ("cfile_c2", "fox.png"))
    events = [{"type": "response.output_text.annotation.added", "item_id": "msg_1", "annotation": {
        "type": "container_file_citation", "container_id": "cntr_9", "file_id": "cfile_c3", "filename": "late.csv"}},
        {"type": "response.completed", "response": {"id": "resp_c2", "model": "gpt-5", "output": []}}]
    stream = "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in events)
    return [responds(answer), container("cfile_c1", CSV, 2), container("cfile_c2", PNG, 4), container("cfile_c1", CSV, 5),
            responds(stream, 6, "text/event-stream"), container("cfile_c3", CSV, 8)], [
        expect("prompt.created", "plot"),
        expect("response_with_file.generated", "See it", complete=True,
               files=[{"id": "cfile_c1", "name": "q3 plan.csv"}, {"id": "cfile_c2", "name": "fox.png"}]),
        downloads(whole(CSV, "q3 plan.csv", id="cfile_c1"), service="openai-api", replies_to=1),
        downloads(whole(PNG, "fox.png", "image/png", id="cfile_c2"), replies_to=1),
        expect("prompt.created", "plot"), expect("response_with_file.generated", files=[{"id": "cfile_c3", "name": "late.csv"}]),
        downloads(whole(CSV, "late.csv", id="cfile_c3"), replies_to=5)]


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def letter(text):
    return documents.zipped({"[Content_Types].xml": documents.xml("<Types/>"), "word/document.xml": documents.xml(
        f"<w:document {documents.W}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")})


@case
def what_a_document_holds_is_found():
    data = letter(f"Pay with {CARD} now")
    text = read(f"Pay with {CARD} now\n", f"Pay with {'•' * len(CARD)} now\n")
    return [link(INTERPRETER, estuary("file_40"), "letter.docx"), get(estuary("file_40"), data, second=2)], [
        downloads(whole(data, "letter.docx", DOCX, text=text), where="file", verdict="alert")]


@case
def a_document_within_an_archive():
    data = documents.zipped({"a/note.txt": "nothing", "a/b.zip": documents.zipped({"c.docx": letter("card " + CARD)})})
    return [get(estuary("file_41"), data, "application/zip", answer_encoding="br")], [
        downloads(whole(data, None, "application/zip", id="file_41"), where="file", verdict="alert")]


@case
def a_document_that_is_clean():
    data = documents.pdf(["quarter figures", "nothing else"])
    return [get(estuary("file_42"), data, "application/pdf")], [
        downloads({"id": "file_42", "type": "application/pdf", "sha256": sha(data)}, verdict=ANY, failure=None)]


@case
def a_document_that_cannot_be_read():
    whole_one = letter("nothing")
    data = whole_one[:len(whole_one) // 2]
    return [get(estuary("file_43"), data), get(estuary("file_44"), documents.locked_pdf(), second=2)], [
        downloads(whole(data, None, DOCX, id="file_43"), failure="extract", verdict="alert"),
        downloads({"id": "file_44", "type": "application/pdf"}, failure="extract", verdict="alert")]


@case
def what_came_of_a_document_that_broke_off_is_no_fault_of_it():
    data = documents.zipped({"a.txt": "card " + CARD, "b.bin": bytes(range(256)) * 400}, documents.zipfile.ZIP_STORED)
    cut = get(estuary("file_45"), data[:60000], got={"content-length": str(len(data))})
    cut["response"]["_error"] = "net::ERR_CONNECTION_RESET"
    return [cut], [downloads({"id": "file_45", "bytes": 60000, "sha256": None}, complete=False, where="file", failure=None,
                               verdict="alert")]


@case
def a_document_fetched_again_is_told_once():
    data = letter("card " + CARD)
    return [get(estuary("file_46"), data), get(estuary("file_46"), data, second=2)], [
        downloads(whole(data, None, DOCX, id="file_46"), where="file", verdict="alert")]


BLOB = "https://sdmntprwestus.oaiusercontent.com/files/00000000-{}/raw?se=2026&sp=r&sig=s"


def moves(url, to, status=302, second=0, **more):
    return get(url, b"moved", "text/html", status, second, {"location": to}, **more)


@case
def a_fetch_that_is_sent_on_is_one_download():
    to = BLOB.format("m1") + "&rscd=attachment%3B%20filename%3Dq1.csv"
    return [link(INTERPRETER, estuary("file_m1"), "q3 report.csv"), moves(estuary("file_m1"), to, second=2), get(to, CSV, second=4),
            moves(estuary("file_m2"), BLOB.format("m2"), 307, 6), get(BLOB.format("m2") + "x", CSV, second=8)], [
        downloads(whole(CSV, "q3 report.csv", text=words(CSV), id="file_m1"), conversation_id="c-1", message_id="m-1"),
        downloads(whole(CSV, id="file_m2"))]


@case
def sent_on_twice_and_fetched_again():
    first, second = "https://files.oaiusercontent.com/file-M3?sig=a", "https://prodfiles9.blob.core.windows.net/c/m3?sig=b"
    return [moves(estuary("file_m3"), first, 301), moves(first, second, 308, 2), get(second, CSV, second=4),
            moves(estuary("file_m3", "b" * 64), first, second=6), moves(first, second, second=8), get(second, CSV, second=10)], [
        downloads(whole(CSV, id="file_m3"), http={"host": "prodfiles9.blob.core.windows.net", "status": 200})]


@case
def a_new_link_to_what_was_sent_on_is_a_new_download():
    to = BLOB.format("m4")
    once = [link(INTERPRETER, estuary("file_m4"), "again.csv"), moves(estuary("file_m4"), to, second=1), get(to, CSV, second=2)]
    twice = [link(INTERPRETER, estuary("file_m4"), "again.csv", second=4), moves(estuary("file_m4"), to, second=5),
             get(to, CSV, second=6)]
    return [*once, *twice], [downloads(whole(CSV, "again.csv")), downloads(whole(CSV, "again.csv"))]


@case
def ranges_that_are_sent_on():
    url, first, second = estuary("file_m5"), BLOB.format("m5a"), BLOB.format("m5b")
    return [moves(url, first), part(first, CSV, 0, 10, 1), moves(url, second, second=2), part(second, CSV, 10, len(CSV), 3)], [
        downloads({"id": "file_m5", "bytes": len(CSV), "sha256": sha(CSV), "type": "text/plain"})]


@case
def sent_on_to_where_nobody_went():
    return [moves(estuary("file_m6"), BLOB.format("m6")),
            link(INTERPRETER, estuary("file_m7"), "never.csv", second=2), moves(estuary("file_m7"), BLOB.format("m7"), second=4),
            moves(estuary("file_m8"), "https://elsewhere.example/m8?rscd=attachment%3B%20filename%3Dfar.csv", second=6)], [
        downloads({"id": "file_m6", "sha256": None, "bytes": None}, complete=False),
        downloads({"name": "never.csv", "sha256": None}, complete=False, conversation_id="c-1"),
        downloads({"id": "file_m8", "sha256": None, "bytes": None}, complete=False)]


@case
def a_link_that_is_sent_on_twice():
    to = BLOB.format("m9")
    return [moves(B + "/files/file-m9/download?inline=false", B + "/files/download/file-m9?inline=false"),
            moves(B + "/files/download/file-m9?inline=false", "/backend-api/estuary/content?id=file-m9&sig=q", 303, 2),
            moves(estuary("file-m9"), to, second=4), get(to, CSV, second=6, got={"content-disposition": "attachment; filename=m.csv"})], [
        downloads(whole(CSV, "m.csv", id="file-m9"))]


@case
def sent_to_sign_in_is_no_download():
    return [moves(estuary("file_m10"), "/auth/login?next=x"), moves(B + "/files/file-m11/download", "https://chatgpt.com/auth/login"),
            moves(estuary("file_m12"), "", second=2), moves(B + "/files/file-m13/download", "#", second=3)], []


@case
def a_picture_that_is_only_shown_after_a_redirect():
    to = BLOB.format("m14")
    return [moves(estuary("file_m14"), to), get(to, PNG, "image/png", second=2),
            moves(estuary("file_m15"), to, second=4, fields={"sec-fetch-dest": "image"}),
            link(B + "/files/download/file_m16?inline=true", estuary("file_m16"), "a.png", second=6, mime_type="image/png"),
            moves(estuary("file_m16"), BLOB.format("m16"), second=8), get(BLOB.format("m16"), PNG, "image/png", second=10)], []


@case
def a_file_of_a_container_that_is_sent_on():
    at = "https://oaiprodfiles.blob.core.windows.net/c/{}?sig=q"
    return [responds(cites("resp_m", ("cfile_m1", "q3 plan.csv"))),
            get(f"{API}/containers/cntr_9/files/cfile_m1/content", b"", None, 302, 2, {"location": at.format(1)},
                fields={"authorization": "Bearer sk-proj-" + "x" * 40}),
            get(at.format(1), CSV, "application/octet-stream", second=4)], [
        expect("prompt.created", "plot"), expect("response_with_file.generated", "See it"),
        downloads(whole(CSV, "q3 plan.csv", id="cfile_m1"), service="openai-api", replies_to=1, actor={"source": "api-key"})]


def listed(path, *files, second=0, **more):
    """An answer of the public API that says what files are called."""
    items = [{"id": f, "object": "container.file", "created_at": 1, "bytes": 25, "container_id": "cntr_9", "path": n,
              "source": "assistant"} for f, n in files]
    body = items[0] if more.get("is_one") else {"object": "list", "data": items, "has_more": False}
    return get(API + path, dumps(body), "application/json", second=second, fields={"authorization": "Bearer sk-proj-" + "x" * 40})


@case
def a_list_says_what_files_of_a_container_are_called():
    files = ("cfile_l1", "/mnt/data/q3 plan.csv"), ("cfile_l2", "/mnt/data/fox.png")
    return [container("cfile_l0", CSV, 0), listed("/containers/cntr_9/files?limit=20&order=desc", *files, second=1),
            container("cfile_l1", CSV, 2), container("cfile_l2", PNG, 3),
            listed("/containers/cntr_9/files/cfile_l3", ("cfile_l3", "/mnt/data/späte.csv"), second=4, is_one=True),
            container("cfile_l3", CSV, 5), container("cfile_l9", CSV, 6)], [
        downloads(whole(CSV, None, id="cfile_l0")), downloads(whole(CSV, "q3 plan.csv", id="cfile_l1"), service="openai-api"),
        downloads(whole(PNG, "fox.png", "image/png", id="cfile_l2")), downloads(whole(CSV, "späte.csv", id="cfile_l3")),
        downloads(whole(CSV, None, id="cfile_l9"))]


@case
def a_list_takes_nothing_from_a_citation():
    cited, listing = cites("resp_l", ("cfile_l4", "cited.csv")), listed("/containers/cntr_9/files", ("cfile_l4", "/mnt/data/cited.csv"), second=1)
    return [responds(cited), listing, container("cfile_l4", CSV, 2)], [
        expect("prompt.created", "plot"), expect("response_with_file.generated", "See it"),
        downloads(whole(CSV, "cited.csv", id="cfile_l4"), replies_to=1)]


@case
def a_file_put_into_a_container_has_its_name():
    asked = entry(f"{API}/containers/cntr_9/files", dumps({"file_id": "file-l5"}),
                  dumps({"id": "cfile_l5", "object": "container.file", "path": "/mnt/data/in.csv", "source": "user"}),
                  answer_kind="application/json", fields={"authorization": "Bearer sk-proj-" + "x" * 40})
    return [asked, container("cfile_l5", CSV, 2)], [downloads(whole(CSV, "in.csv", id="cfile_l5"))]


@case
def what_files_that_went_up_are_called():
    return [get(API + "/files?purpose=batch_output", dumps({"object": "list", "data": [
                {"id": "file-l6", "object": "file", "bytes": 25, "filename": "out.jsonl", "purpose": "batch_output"}, {"id": 6}]}),
                "application/json"),
            get(API + "/files/file-l6/content", CSV, second=2),
            get(API + "/files/file-l7", dumps({"id": "file-l7", "object": "file", "filename": "l7.csv"}), "application/json", second=3),
            get(API + "/files/file-l7/content", CSV, second=4)], [
        downloads(whole(CSV, "out.jsonl", id="file-l6")), downloads(whole(CSV, "l7.csv", id="file-l7"))]


@case
def a_list_whose_address_says_something():
    return [get(f"{API}/containers/cntr_9/files?after={CARD.replace(' ', '')}", dumps({"data": []}), "application/json")], [
        expect("service.unclassified", where="url", verdict=ANY, outcome=ANY)]
