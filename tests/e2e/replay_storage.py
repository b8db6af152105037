"""Bytes at the storage (facts/chatgpt-wire.md §5.1 to §5.3): steps in every
order, blocks and their lists, pieces, addresses in every spelling."""
import base64
import gzip
from urllib.parse import quote

from exchanges import CARD, CHAT, F, dumps, entry, message, prompt
from replay_cases import ANY, case, expect
from replay_forms import field, form, part
from replay_transfers import EMPTY, NOTE, PNG, create, done, js, put, sha, steps

WEST = "https://sdmntprwestus3.oaiusercontent.com/files/"
PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
DATA = bytes(range(32, 127)) * 40


def at(name):
    return f"{WEST}{name}/raw?se=2026-11-22T12%3A00%3A00Z&sp=w&sv=2024-08-04&sr=b&sig=ab%2Fc%3D"


def up(id, name, data=NOTE, **more):
    return expect("file.uploaded", files=[{"id": id, "name": name, "bytes": len(data), "sha256": sha(data), **more}])


def used(id, name, text="And this?", second=8, **more):
    file = {"id": id, "name": name, "size": 7, "mime_type": "text/plain", "source": "local", **more}
    return entry(F, dumps(prompt(message(text, "m-" + id, metadata={"attachments": [file]}))), second=second)


def asks(id, name, text="And this?", **more):
    return expect("prompt_with_file.created", text, files=[{"id": id, "name": name, **more}])


def reserve(id, second=0):
    return js("/files/upload_reservations",
              {"intended_use_case": "my_files", "entry_surface": "chat_composer", "requires_gizmo_id": False,
               "store_in_library": True, "library_persistence_mode": "opportunistic"},
              {"eligible": True, "reservation_id": id, "upload_url": at(id), "upload_url_expires_at": 1790000600,
               "reservation_expires_at": 1790000900}, second)


def claim(id, name, second=2, size=len(NOTE), kind="text/plain", answer=None):
    body = {"file_name": name, "file_size": size, "use_case": "my_files", "index_for_retrieval": True,
            "store_in_library": True, "library_persistence_mode": "opportunistic", "mime_type": kind,
            "entry_surface": "chat_composer", "metadata": {"store_in_library": True}}
    return entry(f"{CHAT}/backend-api/files/upload_reservations/{id}/claim_and_finish", dumps(body),
                 steps(id) if answer is None else answer, second=second)


def block(url, id, data, second, status=201):
    return put(f"{url}&comp=block&blockid={quote(id, safe='')}", data, second, kind=None, status=status)


def blocks(url, order, second, kind="Latest"):
    xml = '<?xml version="1.0" encoding="utf-8"?>\n<BlockList>\n'
    xml += "".join(f"  <{kind}>{o}</{kind}>\n" for o in order) + "</BlockList>"
    return put(url + "&comp=blocklist", xml, second, kind="application/xml", fields={"x-ms-blob-content-type": "text/plain"})


def b64(text):
    return base64.b64encode(text.encode()).decode()


# ---- the order of the steps ----

@case
def steps_done_before_the_bytes():
    """The page asks too early, is told to try again, and then the bytes come."""
    url = at("st-1")
    return [create("file_st1", "early.txt", len(NOTE), url),
            js("/files/file_st1/uploaded", {}, {"status": "retry"}, 1), put(url, NOTE, 2), done("file_st1", 3)], [
        up("file_st1", "early.txt")]


@case
def processing_asked_before_the_bytes():
    url = at("st-2")
    body = {"file_id": "file_st2", "file_name": "early.txt", "use_case": "my_files", "index_for_retrieval": True,
            "entry_surface": "chat_composer", "metadata": {}}
    return [create("file_st2", "early.txt", len(NOTE), url),
            entry(CHAT + "/backend-api/files/process_upload_stream", dumps(body), steps("file_st2"), second=1),
            put(url, NOTE, 2)], [up("file_st2", "early.txt")]


@case
def three_files_crossing_each_other():
    a, b, c = at("st-3a"), at("st-3b"), at("st-3c")
    return [create("file_st3a", "a.txt", len(NOTE), a), create("file_st3b", "b.png", len(PNG), b, 1, width=1, height=1),
            put(b, PNG, 2, kind="image/png"), create("file_st3c", "c.pdf", len(PDF), c, 3), put(c, PDF, 4, kind="application/pdf"),
            done("file_st3c", 5), put(a, NOTE, 6), done("file_st3b", 7), done("file_st3a", 8),
            entry(F, dumps(prompt(message("", "m-st3", metadata={"attachments": [
                {"id": "file_st3b", "name": "b.png", "size": "1", "mimeType": "image/png"},
                {"id": "file_st3a", "name": "a.txt", "size": 2, "mime_type": "text/plain"},
                {"id": "file_st3c", "name": "c.pdf", "size": 3, "mime_type": "application/pdf"}]}))), second=9)], [
        up("file_st3b", "b.png", PNG, type="image/png"), up("file_st3c", "c.pdf", PDF, type="application/pdf"),
        up("file_st3a", "a.txt"),
        expect("prompt_with_file.created", None, files=[
            {"id": "file_st3b", "name": "b.png", "bytes": len(PNG), "sha256": sha(PNG)},
            {"id": "file_st3a", "name": "a.txt", "bytes": len(NOTE), "sha256": sha(NOTE)},
            {"id": "file_st3c", "name": "c.pdf", "bytes": len(PDF), "sha256": sha(PDF), "type": "application/pdf"}])]


@case
def two_reservations_claimed_the_other_way_round():
    return [reserve("file_r1"), reserve("file_r2", 1), put(at("file_r1"), NOTE, 2), put(at("file_r2"), PDF, 3, kind="application/pdf"),
            claim("file_r2", "two.pdf", 4, len(PDF), "application/pdf"), claim("file_r1", "one.txt", 5)], [
        up("file_r2", "two.pdf", PDF, type="application/pdf"), up("file_r1", "one.txt")]


@case
def reservation_of_no_bytes():
    return [reserve("file_r3"), put(at("file_r3"), "", 1), claim("file_r3", "empty.txt", 2, 0)], [
        expect("file.uploaded", files=[{"id": "file_r3", "name": "empty.txt", "bytes": 0, "sha256": EMPTY}])]


@case
def reservation_whose_bytes_came_twice():
    """The first PUT broke off at the storage; the second one counts."""
    return [reserve("file_r4"), put(at("file_r4"), NOTE[:20], 1, status=500), put(at("file_r4"), NOTE, 2),
            claim("file_r4", "twice.txt", 3)], [up("file_r4", "twice.txt")]


@case
def reservation_used_by_a_prompt():
    return [reserve("file_r5"), put(at("file_r5"), PNG, 1, kind="image/png"), claim("file_r5", "board.png", 2, len(PNG), "image/png"),
            entry(F, dumps(prompt(message("", "m-r5", content={"content_type": "multimodal_text", "parts": [
                {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_r5?shared=1#x", "size_bytes": 5, "width": 1, "height": 1},
                "Whose hand is this?"]}, metadata={"attachments": [{"id": "file_r5", "name": "board.png", "size": 5, "mime_type": "image/png"}]}))),
                second=3)], [
        up("file_r5", "board.png", PNG, type="image/png", declared_type="image/png"),
        expect("prompt_with_file.created", "Whose hand is this?",
               files=[{"id": "file_r5", "name": "board.png", "bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}])]


# ---- blocks ----

@case
def blocks_in_another_order_than_their_list():
    url, ids = at("bl-1"), [b64(f"block-{i:06d}") for i in range(4)]
    quarter = len(DATA) // 4
    piece = [DATA[i * quarter:(i + 1) * quarter] for i in range(4)]
    return [create("file_bl1", "big.txt", len(DATA), url, supports_direct_azure_multipart=True),
            block(url, ids[2], piece[2], 1), block(url, ids[0], piece[0], 2), block(url, ids[3], piece[3], 3),
            block(url, ids[1], piece[1], 4), blocks(url, ids, 5), done("file_bl1", 6)], [up("file_bl1", "big.txt", DATA)]


@case
def blocks_of_which_the_last_version_counts():
    url, ids = at("bl-2"), [b64("a+/1"), b64("??>>")]
    return [create("file_bl2", "again.txt", len(NOTE), url), block(url, ids[0], b"not this", 1, status=500),
            block(url, ids[1], NOTE[30:], 2), block(url, ids[0], NOTE[:30], 3), blocks(url, ids, 4), done("file_bl2", 5)], [
        up("file_bl2", "again.txt")]


@case
def blocks_by_uncommitted_and_other_queries():
    """The order of parameters and the case of their names are the client's."""
    url, ids = at("bl-3"), [b64("one"), b64("two")]
    return [create("file_bl3", "q.txt", len(NOTE), url),
            put(f"{WEST}bl-3/raw?comp=block&blockid={quote(ids[0], safe='')}&se=x&sig=ab", NOTE[:9], 1, kind=None),
            put(f"{WEST}bl-3/raw?blockid={quote(ids[1], safe='')}&se=x&comp=block&sig=ab", NOTE[9:], 2, kind=None),
            blocks(url, ids, 3, "Uncommitted"), done("file_bl3", 4)], [up("file_bl3", "q.txt")]


@case
def blocks_of_which_one_is_missing():
    """What was not seen has no hash; its name and id are known all the same."""
    url, ids = at("bl-4"), [b64("one"), b64("two")]
    return [create("file_bl4", "gap.txt", len(NOTE), url), block(url, ids[1], NOTE[9:], 1), blocks(url, ids, 2), done("file_bl4", 3)], [
        expect("file.uploaded", files=[{"id": "file_bl4", "name": "gap.txt", "sha256": None}], verdict=ANY, outcome=ANY)]


@case
def blocks_of_a_reservation():
    url, ids = at("file_bl5"), [b64("one"), b64("two")]
    return [reserve("file_bl5"), block(url, ids[1], NOTE[9:], 1), block(url, ids[0], NOTE[:9], 2), blocks(url, ids, 3),
            claim("file_bl5", "late.txt", 4)], [up("file_bl5", "late.txt")]


@case
def card_cut_between_two_blocks():
    url, ids = at("bl-6"), [b64("one"), b64("two")]
    data = b"pay with " + CARD.encode() + b" today, thank you\n"
    return [create("file_bl6", "pay.txt", len(data), url), block(url, ids[0], data[:17], 1), block(url, ids[1], data[17:], 2),
            blocks(url, ids, 3)], [expect("file.uploaded", verdict="block", outcome="failure", type="credit-card",
                                          files=[{"id": "file_bl6", "name": "pay.txt", "bytes": len(data), "sha256": sha(data)}])]


# ---- addresses ----

@case
def address_written_with_escapes():
    """The JSON has \\u0026 and \\/; the signature of the PUT is another one."""
    answer = ('{"status":"success","file_id":"file_ad1","upload_url":"https:\\/\\/SDMNTPRUKWEST.oaiusercontent.com\\/files\\/ad-1\\/raw'
              '?se=1\\u0026sp=w\\u0026sig=one"}')
    return [entry(CHAT + "/backend-api/files", dumps({"file_name": "a.txt", "file_size": len(NOTE), "use_case": "my_files"}), answer,
                  answer_kind="application/json; charset=utf-8"),
            put("https://sdmntprukwest.oaiusercontent.com/files/ad-1/raw?se=2&sp=w&sig=two", NOTE, 1), done("file_ad1")], [
        up("file_ad1", "a.txt")]


@case
def address_at_amazon_in_small_letters():
    url = ("https://oaisdmntprwestaws.s3.us-west-2.amazonaws.com/files/ad-2/raw?x-amz-algorithm=AWS4-HMAC-SHA256"
           "&x-amz-credential=A%2F20261122%2Fus-west-2%2Fs3%2Faws4_request&x-amz-signature=abc")
    return [create("file_ad2", "a.pdf", len(PDF), url), put(url, PDF, 1, kind="application/pdf", status=200), done("file_ad2")], [
        up("file_ad2", "a.pdf", PDF, type="application/pdf", declared_type="application/pdf")]


@case
def address_with_a_port_and_a_coded_path():
    return [create("file_ad3", "a.txt", len(NOTE), "https://oaisdmntprwestus3.blob.core.windows.net:443/user-files/a%20b/raw?sig=1"),
            put("https://oaisdmntprwestus3.blob.core.windows.net/user-files/a%20b/raw?sig=1", NOTE, 1), done("file_ad3")], [
        up("file_ad3", "a.txt")]


# ---- pieces by range ----

@case
def pieces_by_range_with_their_end_unknown():
    url = at("ra-1")
    return [create("file_ra1", "r.txt", len(NOTE), url),
            put(url, NOTE[:20], 1, status=308, fields={"content-range": "bytes 0-19/*"}),
            put(url, NOTE[20:], 2, fields={"content-range": f"bytes 20-{len(NOTE) - 1}/{len(NOTE)}"}), done("file_ra1", 3)], [
        up("file_ra1", "r.txt")]


@case
def pieces_by_range_that_overlap():
    """It broke off at 30; the client goes on at 25, as the storage says."""
    url, n = at("ra-2"), len(NOTE)
    return [create("file_ra2", "r.txt", n, url), put(url, NOTE[:30], 1, status=308, fields={"content-range": f"bytes 0-29/{n}"}),
            put(url, "", 2, status=308, fields={"content-range": f"bytes */{n}"}),
            put(url, NOTE[25:], 3, fields={"content-range": f"bytes 25-{n - 1}/{n}"}), done("file_ra2", 4)], [
        up("file_ra2", "r.txt")]


# ---- projects, GPTs, the library ----

@case
def source_of_a_project_and_knowledge_of_a_gpt():
    """§3.1: g-p-… is a project; another g-… is a GPT and none."""
    project = "g-p-" + "68a1" * 8
    return [create("file_pj1", "plan.txt", len(NOTE), at("pj-1"), gizmo_id=project, entry_surface="project_sources"),
            put(at("pj-1"), NOTE, 1), done("file_pj1"),
            create("file_pj2", "rules.txt", len(NOTE), at("pj-2"), 3, gizmo_id="g-AbCdEf123"), put(at("pj-2"), NOTE, 4),
            done("file_pj2", 5)], [
        {**up("file_pj1", "plan.txt"), "project_id": project}, {**up("file_pj2", "rules.txt"), "project_id": None}]


@case
def file_of_the_library_by_either_id():
    url = at("lb-1")
    make = js("/files", {"file_name": "lib.txt", "file_size": len(NOTE), "use_case": "my_files", "store_in_library": True},
              {"status": "success", "upload_url": url, "file_id": "file_lb1", "library_file_id": "libfile_lb1"})
    return [make, put(url, NOTE, 1), done("file_lb1"),
            used("file_lb1", "lib.txt", "first", 4, library_file_id="libfile_lb1", source="library"),
            used("libfile_lb1", "lib.txt", "second", 6, source="library")], [
        up("file_lb1", "lib.txt"), asks("file_lb1", "lib.txt", "first", sha256=sha(NOTE), bytes=len(NOTE)),
        expect("prompt_with_file.created", "second", files=[{"name": "lib.txt", "sha256": sha(NOTE), "bytes": len(NOTE)}])]


@case
def files_of_which_one_is_unknown():
    url = at("un-1")
    attached = [{"id": "file-0ldOne1234567890abcdef", "name": "last year.xlsx", "size": 912, "mimeType": "application/vnd.ms-excel"},
                {"id": "file_un1", "name": "new.txt", "size": 1, "mime_type": "text/plain"}]
    return [create("file_un1", "new.txt", len(NOTE), url), put(url, NOTE, 1), done("file_un1"),
            entry(F, dumps(prompt(message("Compare", "m-un", metadata={"attachments": attached}))), second=4)], [
        up("file_un1", "new.txt"),
        expect("prompt_with_file.created", "Compare", files=[
            {"id": "file-0ldOne1234567890abcdef", "name": "last year.xlsx", "sha256": None},
            {"id": "file_un1", "name": "new.txt", "bytes": len(NOTE), "sha256": sha(NOTE)}])]


@case
def pasted_text_put_into_a_file():
    url = at("pt-1")
    return [js("/files", {"file_name": "Pasted text.txt", "file_size": len(NOTE), "use_case": "my_files", "mime_type": "text/plain",
                          "selection_method": "generated_big_paste"},
               {"status": "success", "upload_url": url, "file_id": "file_pt1"}),
            put(url, NOTE, 1), done("file_pt1"), used("file_pt1", "Pasted text.txt", "", 4, is_big_paste=True)], [
        up("file_pt1", "Pasted text.txt", declared_type="text/plain"),
        asks("file_pt1", "Pasted text.txt", None, bytes=len(NOTE), sha256=sha(NOTE))]


@case
def upload_given_up_amid_its_bytes():
    """The browser's tab is closed: no status; nothing more comes."""
    url = at("gu-1")
    return [create("file_gu1", "half.txt", len(NOTE), url), put(url, NOTE[:12], 1, status=0)], [
        expect("file.uploaded", files=[{"id": "file_gu1", "name": "half.txt"}], outcome="failure")]


@case
def announced_in_zstd_and_answered_in_brotli():
    url = at("zs-1")
    make = entry(CHAT + "/backend-api/files", dumps({"file_name": "z.txt", "file_size": len(NOTE), "use_case": "ace_upload"}),
                 dumps({"status": "success", "upload_url": url, "file_id": "file_zs1"}), answer_kind="application/json",
                 encoding="zstd", answer_encoding="br")
    return [make, put(url, NOTE, 1), done("file_zs1")], [up("file_zs1", "z.txt")]


@case
def sora_takes_a_picture():
    """§3.11: the name is a field of the form."""
    body = form("fx1", part(['Content-Disposition: form-data; name="file"; filename="blob"', "Content-Type: image/png"], PNG),
                field("file_name", "harbour.png"))
    return [entry("https://sora.chatgpt.com/backend/uploads", body, dumps({"id": "media_1"}), kind="multipart/form-data; boundary=fx1",
                  answer_kind="application/json"),
            entry("https://sora.chatgpt.com/backend/video_gen", dumps({"type": "video_gen", "operation": "simple_compose",
                  "prompt": "The harbour at dawn", "width": 480, "height": 480, "n_variants": 1, "n_frames": 150,
                  "inpaint_items": [{"type": "image", "frame_index": 0, "upload_media_id": "media_1"}]}), dumps({"id": "task_1"}),
                  answer_kind="application/json", second=2)], [
        expect("file.uploaded", files=[{"name": "harbour.png", "bytes": len(PNG), "sha256": sha(PNG), "type": "image/png"}], hidden=ANY),
        expect("prompt_with_file.created", "The harbour at dawn", hidden=ANY, files=[{"id": "media_1"}])]


@case
def file_used_by_two_prompts():
    url = at("th-1")

    def ask(n):
        file = {"id": "file_th1", "name": "n.txt", "size": 1, "mime_type": "text/plain"}
        return entry(F, dumps(prompt(message("q" + n, "m-th1" + n, metadata={"attachments": [file]}))), second=4 + int(n))
    return [create("file_th1", "n.txt", len(NOTE), url), put(url, NOTE, 1), done("file_th1"), ask("1"), ask("2")], [
        up("file_th1", "n.txt"), *(expect("prompt_with_file.created", "q" + n, files=[{"id": "file_th1", "sha256": sha(NOTE)}]) for n in "12")]


@case
def file_refused_and_then_used():
    url, data = at("th-2"), b"pay with " + CARD.encode() + b" now\n"
    file = {"id": "file_th2", "name": "pay.txt", "size": 1, "mime_type": "text/plain"}
    return [create("file_th2", "pay.txt", len(data), url), put(url, data, 1),
            entry(F, dumps(prompt(message("read it", "m-th2", metadata={"attachments": [file]}))), second=4)], [
        expect("file.uploaded", verdict="block", outcome="failure", type="credit-card", files=[{"id": "file_th2", "name": "pay.txt"}]),
        expect("prompt_with_file.created", "read it", verdict="block", outcome="failure", files=[{"id": "file_th2"}])]


@case
def archive_is_a_file():
    url, data = at("th-3"), gzip.compress(NOTE, mtime=0)
    return [create("file_th3", "n.txt.gz", len(data), url), put(url, data, 1, kind="application/gzip"), done("file_th3")], [
        up("file_th3", "n.txt.gz", data, type="application/gzip", declared_type="application/gzip")]


@case
def bytes_packed_on_their_way():
    url = at("th-4")
    return [create("file_th4", "n.txt", len(NOTE), url), put(url, NOTE, 1, encoding="gzip"), done("file_th4")], [up("file_th4", "n.txt")]


@case
def bytes_without_a_type():
    url = at("th-5")
    return [create("file_th5", "n.png", len(PNG), url, mime_type="image/png"), put(url, PNG, 1, kind=None), done("file_th5")], [
        up("file_th5", "n.png", PNG, type="image/png", declared_type="image/png")]


@case
def type_in_a_header_of_the_storage():
    url = at("th-6")
    return [create("file_th6", "n.pdf", len(PDF), url), put(url, PDF, 1, kind=None, fields={"x-ms-blob-content-type": "application/pdf"}), done("file_th6")], [
        up("file_th6", "n.pdf", PDF, type="application/pdf")]


@case
def name_that_the_last_answer_gives():
    url = at("th-7")
    return [js("/files", {"file_size": len(NOTE), "use_case": "my_files"}, {"status": "success", "upload_url": url, "file_id": "file_th7"}),
            put(url, NOTE, 1), done("file_th7", file_name="given.txt", mime_type="text/plain", file_size_bytes=len(NOTE))], [up("file_th7", "given.txt")]
