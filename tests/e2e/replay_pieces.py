"""Files that pass in pieces, broken off, resumed, out of order, in both
directions (facts/chatgpt-wire.md §5.2, §5.3, §6.2, §9.3)."""
from exchanges import CHAT, F, dumps, entry, message, prompt
from replay_cases import ANY, case, expect
from replay_files_down import downloads, estuary, get, link
from replay_forms import field, form, part
from replay_storage import DATA, at, b64, block, blocks, claim, reserve, up
from replay_transfers import NOTE, PNG, create, done, js, put, sha

B = CHAT + "/backend-api"
N = len(NOTE)


def ranged(url, first, data, second, total=N, status=201, **more):
    last = first + len(data) - 1
    return put(url, data, second, status=status, fields={"content-range": f"bytes {first}-{last}/{total}"}, **more)


# ---- up ----

@case
def ranges_of_which_the_middle_comes_last():
    url = at("pc-1")
    return [create("file_pc1", "r.txt", N, url), ranged(url, 0, NOTE[:20], 1), ranged(url, 40, NOTE[40:], 2),
            ranged(url, 20, NOTE[20:40], 3), done("file_pc1", 4)], [up("file_pc1", "r.txt")]


@case
def range_that_broke_off_and_is_resumed():
    """It said it would bring all; 25 bytes came; the rest follows."""
    url = at("pc-2")
    broken = put(url, NOTE[:25], 1, status=0, fields={"content-range": f"bytes 0-{N - 1}/{N}"})
    return [create("file_pc2", "r.txt", N, url), broken,
            put(url, None, 2, status=308, kind=None, fields={"content-range": f"bytes */{N}", "content-length": "0"}),
            ranged(url, 25, NOTE[25:], 3), done("file_pc2", 4)], [up("file_pc2", "r.txt")]


@case
def ranges_into_a_reserved_place():
    url = at("file_pc3")
    return [reserve("file_pc3"), ranged(url, 0, NOTE[:30], 1, status=308), ranged(url, 30, NOTE[30:], 2),
            claim("file_pc3", "late.txt", 3)], [up("file_pc3", "late.txt")]


@case
def place_claimed_before_the_list_of_its_blocks():
    url, ids = at("file_pc4"), [b64("x1"), b64("x2")]
    return [reserve("file_pc4"), block(url, ids[0], NOTE[:9], 1), block(url, ids[1], NOTE[9:], 2),
            claim("file_pc4", "early.txt", 3), blocks(url, ids, 4)], [up("file_pc4", "early.txt")]


@case
def list_of_blocks_in_one_line_with_a_mark():
    """No line ends, a byte order mark, each kind of entry."""
    url, ids = at("pc-5"), [b64("p1"), b64("p2"), b64("p3")]
    third = len(DATA) // 3
    xml = ("\ufeff<?xml version='1.0' encoding='utf-8'?><BlockList><Committed>" + ids[0] + "</Committed><Uncommitted>" + ids[1]
           + "</Uncommitted><Latest> " + ids[2] + " </Latest></BlockList>")
    return [create("file_pc5", "big.txt", len(DATA), url), *(block(url, ids[i], DATA[i * third:(i + 1) * third if i < 2 else None], 1 + i)
                                                             for i in range(3)),
            put(url + "&comp=blocklist", xml, 5, kind="application/xml"), done("file_pc5", 6)], [up("file_pc5", "big.txt", DATA)]


@case
def picture_in_blocks_is_a_picture():
    url, ids = at("pc-6"), [b64("b"), b64("a")]
    return [create("file_pc6", "p.png", len(PNG), url, width=1, height=1, mime_type="image/png", use_case_="multimodal"),
            block(url, ids[0], PNG[:5], 1), block(url, ids[1], PNG[5:], 2), blocks(url, ids, 3), done("file_pc6", 4)], [
        up("file_pc6", "p.png", PNG, type="image/png", declared_type="image/png")]


@case
def upload_given_up_in_words():
    v1 = "https://api.openai.com/v1"
    data = form("fx1", part(['Content-Disposition: form-data; name="data"; filename="blob"', "Content-Type: application/octet-stream"], NOTE))
    return [entry(v1 + "/uploads", dumps({"filename": "gone.txt", "purpose": "user_data", "bytes": 2 * N, "mime_type": "text/plain"}),
                  dumps({"id": "upload_pc7", "object": "upload", "status": "pending"}), answer_kind="application/json"),
            entry(v1 + "/uploads/upload_pc7/parts", data, dumps({"id": "part_pc7", "object": "upload.part"}),
                  kind="multipart/form-data; boundary=fx1", answer_kind="application/json", second=1),
            entry(v1 + "/uploads/upload_pc7/cancel", "", dumps({"id": "upload_pc7", "status": "cancelled"}), kind=None,
                  answer_kind="application/json", second=2)], [
        expect("file.uploaded", files=[{"name": "gone.txt"}], complete=False)]


# ---- down ----

@case
def ranges_that_overlap_on_their_way_down():
    url, n = estuary("file_pd1"), len(DATA)

    def piece(a, b, second):
        return get(url, DATA[a:b], "text/plain", 206, second, {"content-range": f"bytes {a}-{b - 1}/{n}"}, fields={"range": f"bytes={a}-{b - 1}"})
    return [link(B + "/files/download/file_pd1?inline=false", url, "t.txt"), piece(0, 2000, 1), piece(1500, 3000, 2), piece(2900, n, 3)], [
        downloads({"id": "file_pd1", "name": "t.txt", "bytes": n, "sha256": sha(DATA)})]


@case
def end_of_a_file_before_its_beginning():
    """bytes=-100, then the rest, as readers of ZIP do."""
    url, n = estuary("file_pd2"), len(DATA)
    tail = get(url, DATA[-100:], "text/plain", 206, 1, {"content-range": f"bytes {n - 100}-{n - 1}/{n}"}, fields={"range": "bytes=-100"})
    head = get(url, DATA[:-100], "text/plain", 206, 2, {"content-range": f"bytes 0-{n - 101}/{n}"}, fields={"range": f"bytes=0-{n - 101}"})
    return [link(B + "/files/download/file_pd2?inline=false", url, "t.txt"), tail, head], [
        downloads({"id": "file_pd2", "name": "t.txt", "bytes": n, "sha256": sha(DATA)})]


@case
def bytes_packed_by_deflate():
    url = estuary("file_pd3")
    return [link(B + "/files/file_pd3/download", url, "d.txt"), get(url, DATA, "text/plain", second=1, answer_encoding="deflate")], [
        downloads({"id": "file_pd3", "name": "d.txt", "bytes": len(DATA), "sha256": sha(DATA)})]


@case
def page_that_is_shared_fetches_a_file():
    url = B + "/estuary/public_content/enc/eyJpZCI6ImZpbGVfcGQ0In0"
    return [get(url, DATA, "text/plain", got={"content-disposition": 'attachment; filename="shared.txt"'})], [
        downloads({"name": "shared.txt", "bytes": len(DATA), "sha256": sha(DATA)})]


@case
def link_that_sends_on_to_the_storage():
    url = "https://sdmntpreastus.oaiusercontent.com/files/pd-5/raw?se=2026&sp=r&rscd=attachment%3B%20filename%3Dsent.txt&sig=q"
    sent = get(B + "/files/file_pd5/download", None, None, 302, got={"location": url})
    return [sent, get(url, DATA, "text/plain", second=1)], [
        downloads({"id": "file_pd5", "name": "sent.txt", "bytes": len(DATA), "sha256": sha(DATA)})]


# ---- prompts that use them ----

@case
def picture_by_its_pointer_alone():
    url = at("pp-1")
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_pp1", "size_bytes": 5, "width": 1, "height": 1}, "What is it?"]
    return [create("file_pp1", "p.png", len(PNG), url), put(url, PNG, 1, kind="image/png"), done("file_pp1"),
            entry(F, dumps(prompt(message("", "m-pp1", content={"content_type": "multimodal_text", "parts": parts}))), second=4)], [
        up("file_pp1", "p.png", PNG, type="image/png"),
        expect("prompt_with_file.created", "What is it?", files=[{"id": "file_pp1", "name": "p.png", "bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}])]


@case
def talk_with_pictures_of_its_frames():
    parts = [{"content_type": "audio_transcription", "text": "What do you see?", "direction": "in", "decoding_id": None},
             {"content_type": "real_time_user_audio_video_asset_pointer", "expiry_datetime": "2026-12-01T00:00:00Z",
              "frames_asset_pointers": ["sediment://file_fr1", "sediment://file_fr2"], "video_container_asset_pointer": None,
              "audio_asset_pointer": {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_au1", "size_bytes": 9, "format": "wav"},
              "audio_start_timestamp": 1.5}]
    return [entry(F, dumps(prompt(message("", "m-pp2", content={"content_type": "multimodal_text", "parts": parts}))))], [
        expect("prompt_with_file.created", "What do you see?", file_ids=["file_fr1", "file_fr2", "file_au1"])]


@case
def file_sent_into_a_running_turn():
    url = at("pp-3")
    file = {"id": "file_pp3", "name": "more.txt", "size": N, "mime_type": "text/plain"}
    body = prompt(message("and this one", "m-pp3", metadata={"attachments": [file]}), conversation_id="pp-c3", parent="pp-a3")
    return [create("file_pp3", "more.txt", N, url), put(url, NOTE, 1), done("file_pp3"),
            entry(B + "/f/steer_turn", dumps(body), dumps({"status": "ok"}), answer_kind="application/json", second=4)], [
        up("file_pp3", "more.txt"),
        expect("prompt_with_file.created", "and this one", conversation_id="pp-c3", files=[{"id": "file_pp3", "bytes": N, "sha256": sha(NOTE)}])]


@case
def edited_with_another_file():
    file = {"id": "file-pp4", "name": "two.txt", "size": N, "mime_type": "text/plain"}
    body = prompt(message("use this instead", "m-pp4", metadata={"attachments": [file]}), conversation_id="pp-c4", parent="client-created-root")
    return [entry(F, dumps(body))], [
        expect("prompt_with_file.updated", "use this instead", update="edit", category="Data Upload", files=[{"id": "file-pp4", "name": "two.txt"}])]


@case
def sources_of_a_project_named_in_the_last_step():
    project = "g-p-" + "77ab" * 8
    url = at("pp-5")
    body = {"file_id": "file_pp5", "file_name": "plan.txt", "use_case": "agent", "index_for_retrieval": True,
            "entry_surface": "project_sources", "metadata": {"is_project_thread": True}, "gizmo_id": project}
    return [create("file_pp5", "plan.txt", N, url, gizmo_id=project), put(url, NOTE, 1),
            entry(B + "/files/process_upload_stream", dumps(body), dumps({"event": "file.processing.completed", "file_id": "file_pp5"}) + "\n", second=2)], [
        {**up("file_pp5", "plan.txt"), "project_id": project}]


@case
def storage_in_a_region_that_nobody_listed():
    url = "https://sdmntprjapaneast.oaiusercontent.com/files/pp-6/raw?sig=1"
    return [create("file_pp6", "q.txt", N, url), put(url, NOTE, 1), done("file_pp6")], [up("file_pp6", "q.txt")]


@case
def form_with_everything_around_the_file():
    body = form("fx1", field("purpose", "user_data"), field("expires_after[anchor]", "created_at"), field("expires_after[seconds]", "3600"),
                part(['Content-Disposition: form-data; name="file"; filename="a.txt"', "Content-Type: text/plain"], NOTE))
    return [entry("https://us.api.openai.com/v1/files", body, dumps({"id": "file-pp7", "object": "file", "filename": "a.txt"}),
                  kind="multipart/form-data; boundary=fx1", answer_kind="application/json")], [
        expect("file.uploaded", files=[{"id": "file-pp7", "name": "a.txt", "bytes": N, "sha256": sha(NOTE)}], service="openai-api")]


@case
def library_file_deleted_with_its_name():
    return [js("/files/library/files/libfile_gone/delete_stream?file_id=file_gone&file_name=plan%20B.txt&soft_delete=true", None, {"status": "ok"})], [
        expect(ANY, ANY, hidden=ANY, files=ANY)]
