"""Rarer sentences of facts/chatgpt-wire.md 3.5, 5, 6 and 9: files called by
another id, blocks sent twice, links that are relative, tools of the public
API, pictures in events, older names of realtime."""
import base64

from exchanges import CHAT, F, add, append, delta, document, dumps, entry, message, plain, prompt, sse
from replay_cases import ANY, case, expect, says
from replay_public import (SK, V1, answered, api, call, chat, chunk, completion, data_url, response, said, send, socket,
                           stream, typed, uploaded, user)
from replay_transfers import (API, NOTE, PNG, REGION, block, blocklist, create, done, down, estuary_content, field, get,
                              js, link, multipart, put, sha, steps, up, words)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


# ---- up ----

@case
def prompt_calls_the_file_by_its_library_id():
    id, url = "file-Library000000000000001", REGION + "/files/lib/raw?sig=1"
    first = entry(API + "/files", dumps({"file_name": "lib.txt", "file_size": len(NOTE), "use_case": "my_files",
                                         "store_in_library": True, "library_persistence_mode": "required"}),
                  dumps({"status": "success", "upload_url": url, "file_id": id, "library_file_id": "libfile_77",
                         "upload_headers": {"x-ms-blob-type": "BlockBlob"}}), answer_kind="application/json")
    asked = message("Read it", metadata={"attachments": [
        {"id": "libfile_77", "library_file_id": "libfile_77", "name": "lib.txt", "source": "library"}]})
    return [first, put(url, NOTE), done(id), entry(F, dumps(prompt(asked)), "", second=3)], [
        up(NOTE, id=id, name="lib.txt"),
        expect("prompt_with_file.created", "Read it", outcome=ANY, files=[{"name": "lib.txt", "sha256": sha(NOTE)}])]


@case
def reservation_nobody_claimed():
    id = "file_0000000011112222333344440000dead"
    url = f"{REGION}/files/{id}/raw?sig=1"
    return [js("/files/upload_reservations", {"intended_use_case": "my_files", "entry_surface": "chat_composer"},
               {"eligible": True, "reservation_id": id, "upload_url": url}), put(url, NOTE, 2)], [up(NOTE, id=id)]


@case
def block_sent_twice():
    id, url = "file-BlockTwice00000000001", "https://oaisdmntprwestus3.blob.core.windows.net/files/bt/raw?se=1&sig=1"
    one, first = block(url, 0, b"first try ", 1)
    again, _ = block(url, 0, b"second try ", 2)
    two, second = block(url, 1, b"and the end.", 3)
    whole = b"second try and the end."
    return [create(id, "t.txt", len(whole), url), one, again, two, blocklist(url, [first, second], 4), done(id, 5)], [
        up(whole, id=id, name="t.txt")]


@case
def list_with_other_words_for_its_blocks():
    id, url = "file-BlockWords00000000001", "https://oaisdmntprwestus3.blob.core.windows.net/files/bw/raw?se=1&sig=1"
    one, first = block(url, 0, b"uncommitted and ", 1)
    two, second = block(url, 1, b"latest.", 2)
    xml = f"<?xml version='1.0'?>\n<BlockList>\n  <Uncommitted>{first}</Uncommitted>\n  <Latest>{second}</Latest>\n</BlockList>"
    last = entry(url + "&comp=blocklist", xml, "", method="PUT", kind="text/plain; charset=UTF-8", status=201,
                 answer_kind=None, second=3)
    whole = b"uncommitted and latest."
    return [create(id, "w.txt", len(whole), url), one, two, last, done(id, 4)], [up(whole, id=id, name="w.txt")]


@case
def name_in_other_scripts():
    id, url = "file-Scripts00000000000001", REGION + "/files/sc/raw?sig=1"
    name = 'Отчёт "май" — 日本/語 \U0001f9ed.txt'
    return [create(id, name, len(NOTE), url, mime_type=None, client_resolved_mime_type="text/plain"),
            put(url, NOTE), done(id)], [up(NOTE, id=id, name=name, declared_type="text/plain")]


@case
def type_is_what_the_bytes_are():
    id, url = "file-Disguised000000000001", REGION + "/files/dg/raw?sig=1"
    return [create(id, "notes.txt", len(PNG), url, mime_type="text/plain"),
            put(url, PNG, kind="application/octet-stream", is_base64=True), done(id)], [
        expect("file.uploaded", files=[{"id": id, "name": "notes.txt", "type": "image/png", "declared_type": "text/plain",
                                        "sha256": sha(PNG), "bytes": len(PNG)}])]


@case
def portable_document_of_a_phone():
    id, url = "file-Phone0000000000000001", REGION + "/files/ph/raw?sig=1"
    return [create(id, "scan.pdf", len(PDF), url, base="https://android.chat.openai.com/backend-api", use_case="multimodal"),
            put(url, PDF, kind="application/pdf"), done(id)], [
        expect("file.uploaded", verdict=ANY, findings=ANY, files=[
            {"id": id, "name": "scan.pdf", "type": "application/pdf", "sha256": sha(PDF), "bytes": len(PDF)}])]


@case
def claim_that_failed():
    id = "file_0000000011112222333344440000beef"
    url = f"{REGION}/files/{id}/raw?sig=1"
    return [js("/files/upload_reservations", {"intended_use_case": "my_files"},
               {"eligible": True, "reservation_id": id, "upload_url": url}), put(url, NOTE, 2),
            js(f"/files/upload_reservations/{id}/claim_and_finish", {"file_name": "late.txt", "file_size": len(NOTE)},
               {"detail": "Reservation expired"}, 3, status=410)], [
        dict(up(NOTE, id=id, name="late.txt"), outcome=ANY)]


@case
def bytes_into_a_reserved_place_by_a_form():
    id = "file_0000000011112222333344440000cafe"
    url = f"{REGION}/files/{id}/raw?sig=1"
    made = multipart("W", ('Content-Disposition: form-data; name="file"; filename="blob"', NOTE), field("upload_url", url))
    return [js("/files/upload_reservations", {"intended_use_case": "my_files"},
               {"eligible": True, "reservation_id": id, "upload_url": url}),
            entry(API + "/estuary/upload_content_bytes", answer="{}", answer_kind="application/json", second=1, **made),
            entry(f"{API}/files/upload_reservations/{id}/claim_and_finish",
                  dumps({"file_name": "by form.txt", "file_size": len(NOTE)}), steps(id), second=2)], [
        up(NOTE, id=id, name="by form.txt")]


@case
def voice_turn_has_words_and_sound():
    content = {"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_transcription", "text": "How high is the tide", "direction": "in", "decoding_id": None},
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_000000000000000000000000000a0d10",
         "size_bytes": 4100, "format": "wav", "metadata": {}}]}
    return [entry(F, dumps(prompt(message("", content=content))), "")], [
        expect("prompt_with_file.created", "How high is the tide", outcome=ANY, files=[
            {"id": "file_000000000000000000000000000a0d10", "bytes": 4100}])]


@case
def file_of_a_connector_without_an_upload():
    asked = message("Sum it up", metadata={"attachments": [
        {"id": "gdrive:1AbC", "name": "Budget 2026", "source": "google_drive", "mimeType": "application/vnd.google-apps.sheet"}]})
    return [entry(F, dumps(prompt(asked)), "")], [
        expect("prompt_with_file.created", "Sum it up", outcome=ANY, files=[
            {"id": "gdrive:1AbC", "name": "Budget 2026", "declared_type": "application/vnd.google-apps.sheet"}])]


@case
def dictation_that_failed():
    made = multipart("z", ('Content-Disposition: form-data; name="file"; filename="w.webm"', b"\x1a\x45\xdf\xa3data"))
    return [entry(API + "/transcribe", answer=dumps({"detail": "Could not transcribe"}), status=500,
                  answer_kind="application/json", **made)], [
        expect("audio.transcribed", None, outcome="failure", hidden=ANY, files=[{"name": "w.webm", "bytes": 8}])]


# ---- down ----

@case
def link_that_is_relative():
    id = "file_00000000000000000000000000000007"
    where = estuary_content(id)
    return [link(where[len(CHAT):], "rel.txt", 0, f"/files/download/{id}?inline=false"), get(where, NOTE, 1, "text/plain")], [
        down(NOTE, id=id, name="rel.txt")]


@case
def range_that_is_the_whole_file():
    where = REGION + "/files/whole/raw?sig=1"
    return [link(where, "w.txt", 0, "/files/file-WholeRange00000000001/download"),
            get(where, NOTE, 1, "text/plain", 206, {"content-range": f"bytes 0-{len(NOTE) - 1}/{len(NOTE)}"},
                {"range": "bytes=0-"})], [down(NOTE, id="file-WholeRange00000000001", name="w.txt")]


@case
def file_of_a_project():
    id = "file_00000000000000000000000000000008"
    where = estuary_content(id)
    gizmo = "g-p-0123456789abcdef0123456789abcdef"
    made = link(where, "p.txt", 0, f"/files/download/{id}?inline=false")
    made["request"]["headers"].append({"name": "chatgpt-project-id", "value": gizmo})
    return [made, get(where, NOTE, 1, "text/plain")], [dict(down(NOTE, id=id, name="p.txt"), project_id=gizmo)]


@case
def link_that_could_not_be_given():
    return [js("/files/download/file_00000000000000000000000000000009", None,
               {"status": "error", "error_code": "file_not_found", "error_message": None}, method="GET")], []


@case
def picture_that_is_saved():
    id = "file_0000000000000000000000000000d00f"
    where = estuary_content(id)
    return [link(where, "dot.png", 0, f"/files/download/{id}?post_id=&inline=false"),
            get(where, PNG, 1, "image/png", got={"content-disposition": 'attachment; filename="dot.png"'})], [
        down(PNG, id=id, name="dot.png", type="image/png")]


@case
def reference_to_a_file_in_an_answer():
    final = document("a-ref", [""], parent="u", conversation="c-ref", channel="final", metadata={"content_references": [
        {"matched_text": "x", "start_idx": 0, "end_idx": 1, "type": "file", "id": "file_00000000000000000000000000000b01",
         "name": "tides.csv"}]})
    return [entry(F, dumps(prompt(message("Tides?"))), delta(add(final), append("See the file."), conversation="c-ref"))], [
        says("Tides?", conversation_id="c-ref"), expect("response_with_file.generated", "See the file.", complete=True, files=[
            {"id": "file_00000000000000000000000000000b01", "name": "tides.csv"}])]


@case
def sandbox_link_in_pieces():
    first = document("a-cut", [""], parent="u", conversation="c-cut", channel="final")
    return [entry(F, dumps(prompt(message("Export"))), delta(
        add(first), append("[Get it](sandb"), {"v": "ox:/mnt/da"}, {"v": "ta/tide%20table.csv"}, {"v": ") now"}, conversation="c-cut"))], [
        says("Export", conversation_id="c-cut"),
        expect("response_with_file.generated", "[Get it](sandbox:/mnt/data/tide%20table.csv) now", complete=True,
               files=[{"name": "tide table.csv"}])]


@case
def read_aloud():
    return [get(API + "/synthesize?conversation_id=c&message_id=a&voice=cove&format=aac", b"\xff\xf1\x50\x80data", 0,
                "audio/aac", is_answer_base64=True)], []


# ---- other content ----

@case
def library_file_deleted_by_name():
    return [js("/files/library/files/libfile_5/delete_stream?file_id=file-Gone0000000000000001&file_name=old%20plan.txt"
               "&soft_delete=true", None, {})], [
        expect(ANY, files=[{"id": "file-Gone0000000000000001", "name": "old plan.txt"}])]


@case
def two_trees_at_once():
    def tree(n):
        return {"title": f"T{n}", "conversation_id": f"c-b{n}", "current_node": "u", "mapping": {
            "u": {"id": "u", "parent": None, "children": [], "message": {
                "id": "u", "author": {"role": "user"}, "content": {"content_type": "text", "parts": [f"Ask {n}"]},
                "metadata": {}, "recipient": "all", "weight": 1.0}}}}
    return [js("/conversations/batch", {"conversation_ids": ["c-b1", "c-b2"]}, [tree(1), tree(2)])], [
        expect("conversation.viewed", f"Ask {n}", hidden=ANY, conversation_id=f"c-b{n}") for n in (1, 2)]


@case
def gpt_made_in_the_builder():
    return [js("/gizmos", {"display": {"name": "Pilot", "description": "Knows tides", "prompt_starters": ["When?", "Where?"]},
                           "instructions": "Answer like a pilot", "tools": [{"type": "browser"}],
                           "files": [{"id": "file-Know0000000000000001", "name": "tides.csv"}]},
               {"resource": {"gizmo": {"id": "g-PilotPilot"}}})], [
        expect("instructions.updated", "Pilot\nKnows tides\nWhen?\nWhere?\nAnswer like a pilot", hidden=ANY,
               files=[{"id": "file-Know0000000000000001", "name": "tides.csv"}])]


@case
def automation_made():
    return [js("/automations", {"prompt": "Tell me the tide", "title": "Tide", "schedule": "BEGIN:VEVENT\nEND:VEVENT"},
               {"id": "auto_1"})], [expect("prompt.created", "Tell me the tide", hidden=ANY)]


# ---- public API ----

@case
def response_in_a_conversation_with_variables():
    return [call("/responses", {"model": "gpt-5", "conversation": {"id": "conv_9"}, "prompt": {
        "id": "pmpt_1", "variables": {"port": "Brest"}}, "input": [user("Tide there?")]},
        {"id": "resp_6", "status": "completed", "output": [{"type": "message", "id": "msg_6", "role": "assistant", "content": [
            {"type": "output_text", "text": "High", "annotations": []}]}]})], [
        said("Tide there?", hidden=ANY, hidden_has=["Brest"], conversation_id="conv_9"),
        answered("High", conversation_id="conv_9")]


@case
def code_and_calls_of_a_streamed_response():
    tool = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "shell", "input": ""}
    code = {"type": "code_interpreter_call", "id": "ci_1", "code": "", "outputs": None}
    events = typed({"type": "response.created", "response": response("in_progress")},
                   {"type": "response.output_item.added", "output_index": 0, "item": code},
                   {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "output_index": 0, "delta": "print("},
                   {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "output_index": 0, "delta": "'tide')"},
                   {"type": "response.code_interpreter_call_code.done", "item_id": "ci_1", "output_index": 0, "code": "print('tide')"},
                   {"type": "response.output_item.added", "output_index": 1, "item": tool},
                   {"type": "response.custom_tool_call_input.delta", "item_id": "ctc_1", "output_index": 1, "delta": "ls quay"},
                   {"type": "response.custom_tool_call_input.done", "item_id": "ctc_1", "output_index": 1, "input": "ls quay"},
                   {"type": "response.output_text.delta", "item_id": "m", "output_index": 2, "content_index": 0, "delta": "Do"},
                   {"type": "response.output_text.delta", "item_id": "m", "output_index": 2, "content_index": 0, "delta": "ne"},
                   {"type": "response.output_text.done", "item_id": "m", "output_index": 2, "content_index": 0, "text": "Done"},
                   {"type": "response.completed", "response": response("completed")})
    return [call("/responses", {"model": "gpt-5", "input": "Run", "stream": True}, sse(*events, done=False),
                 answer_kind="text/event-stream")], [
        said("Run"), answered("Done", hidden="print('tide')\nls quay", message_id="resp_3")]


@case
def picture_drawn_by_a_tool_of_a_response():
    b64 = base64.b64encode(PNG).decode()
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": b64}
    events = typed({"type": "response.created", "response": response("in_progress")},
                   {"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "output_index": 0,
                    "partial_image_index": 0, "partial_image_b64": base64.b64encode(PNG[:40]).decode()},
                   {"type": "response.output_item.done", "output_index": 0, "item": item},
                   {"type": "response.completed", "response": response("completed", output=[item])})
    return [call("/responses", {"model": "gpt-5", "input": "Draw a dot", "stream": True}, sse(*events, done=False),
                 answer_kind="text/event-stream")], [
        said("Draw a dot"), api("response_with_file.generated", None, complete=True, files=[
            {"sha256": sha(PNG), "bytes": len(PNG), "type": "image/png"}])]


@case
def function_of_2023():
    def piece(**f):
        return chunk((0, {"function_call": f}))
    return [stream("/chat/completions", chat(
        user("Tide?"), {"role": "assistant", "content": None, "function_call": {"name": "tide", "arguments": '{"a":1}'}},
        {"role": "function", "name": "tide", "content": "high"}, functions=[{"name": "tide", "parameters": {}}]),
        piece(name="pier", arguments=""), piece(arguments='{"n"'), piece(arguments=":4}"))], [
        said("Tide?", hidden=ANY, hidden_has=['{"a":1}', "high"]), answered(None, hidden=ANY, hidden_has=['{"n":4}'])]


@case
def only_instructions_are_sent():
    return [call("/chat/completions", chat({"role": "system", "content": [{"type": "text", "text": "You are a pilot"}]}),
                 completion({"content": "Aye"}))], [said(None, hidden="You are a pilot"), answered("Aye")]


@case
def data_url_that_is_no_base64():
    content = [{"type": "file", "file": {"filename": "n.txt", "file_data": "data:text/plain;charset=utf-8,high%20tide"}},
               {"type": "text", "text": "Read"}]
    return [call("/chat/completions", chat(user(content)), completion({"content": "ok"}))], [
        api("prompt_with_file.created", "Read", hidden=ANY, files=[
            {"name": "n.txt", "bytes": 9, "sha256": sha(b"high tide")}]), answered("ok")]


@case
def upload_given_up():
    made = multipart("p", ('Content-Disposition: form-data; name="data"; filename="b"', NOTE))
    return [call("/uploads", {"filename": "gone.txt", "purpose": "assistants", "bytes": 99, "mime_type": "text/plain"},
                 {"id": "upload_g", "object": "upload", "status": "pending"}),
            send("/uploads/upload_g/parts", {"id": "part_g", "upload_id": "upload_g"}, 1, **made),
            call("/uploads/upload_g/cancel", None, {"id": "upload_g", "status": "cancelled"}, 2)], [
        api("file.uploaded", outcome=ANY, complete=ANY, files=[{"name": "gone.txt"}])]


@case
def batch_started_of_a_file():
    lines = dumps({"custom_id": "r1", "method": "POST", "url": "/v1/embeddings", "body": {"input": "lamp"}}).encode() + b"\n"
    made = multipart("b", ('Content-Disposition: form-data; name="file"; filename="b.jsonl"', lines), field("purpose", "batch"))
    id = "file-BatchIn00000000000001"
    return [send("/files", {"id": id, "filename": "b.jsonl", "bytes": len(lines)}, base="https://us.api.openai.com/v1", **made),
            call("/batches", {"input_file_id": id, "endpoint": "/v1/embeddings", "completion_window": "24h"},
                 {"id": "batch_1", "status": "validating"}, 1, base="https://us.api.openai.com/v1")], [
        api("file.uploaded", files=[{"id": id, "name": "b.jsonl", "sha256": sha(lines), "bytes": len(lines)}]),
        api("prompt_with_file.created", None, files=[{"id": id, "name": "b.jsonl", "sha256": sha(lines), "bytes": len(lines)}])]


@case
def subtitles_of_a_translation():
    made = multipart("b", field("model", "whisper-1"), field("response_format", "srt"),
                     ('Content-Disposition: form-data; name="file"; filename="l.mp3"\r\nContent-Type: audio/mpeg', b"ID3\x04\0\0\0\0\0\0"))
    text = "1\n00:00:00,000 --> 00:00:02,000\nLamp lit\n"
    return [entry(V1 + "/audio/translations", answer=text, answer_kind="text/plain; charset=utf-8",
                  fields={"authorization": "Bearer " + SK}, **made)], [
        api("audio.transcribed", ANY, content_has=["Lamp lit"], files=[{"name": "l.mp3", "bytes": 10}])]


@case
def transcription_with_segments():
    made = multipart("b", field("model", "whisper-1"), field("response_format", "verbose_json"),
                     ('Content-Disposition: form-data; name="file"; filename="l.mp3"', b"ID3\x04\0\0\0\0\0\0"))
    return [send("/audio/transcriptions", {"task": "transcribe", "language": "en", "duration": 2.0, "text": "Lamp lit",
                                           "segments": [{"id": 0, "text": " Lamp lit", "tokens": [1]}]}, **made)], [
        api("audio.transcribed", "Lamp lit", hidden=ANY, files=[{"name": "l.mp3"}])]


@case
def picture_in_events():
    def event(kind, data):
        return (kind, {"type": kind, "b64_json": base64.b64encode(data).decode()})
    return [call("/images/generations", {"prompt": "A dot", "stream": True, "partial_images": 1}, sse(
        event("image_generation.partial_image", PNG[:40]), event("image_generation.completed", PNG), done=False),
        answer_kind="text/event-stream")], [
        said("A dot"), api("response_with_file.generated", None, complete=True, files=[{"sha256": sha(PNG), "bytes": len(PNG)}])]


@case
def video_from_a_picture():
    made = multipart("b", field("prompt", "Waves"), field("model", "sora-2"),
                     ('Content-Disposition: form-data; name="input_reference"; filename="sea.png"\r\nContent-Type: image/png', PNG))
    return [send("/videos", {"id": "video_1", "status": "queued"}, **made)], [
        api("prompt_with_file.created", "Waves", model="sora-2", files=[{"name": "sea.png", "sha256": sha(PNG)}])]


@case
def thread_begun_with_messages():
    return [call("/threads", {"messages": [{"role": "user", "content": "First"}, {"role": "user", "content": [
        {"type": "text", "text": "Second"}], "attachments": [{"file_id": "file-Att00000000000000001"}]}]},
        {"id": "thread_7", "object": "thread"})], [
        api("prompt_with_file.created", ANY, hidden=ANY, anywhere="Second", conversation_id="thread_7",
            file_ids=["file-Att00000000000000001"])]


@case
def outputs_of_tools_sent_to_a_run():
    return [call("/threads/thread_8/runs/run_8/submit_tool_outputs", {"tool_outputs": [
        {"tool_call_id": "call_1", "output": "high at nine"}]}, {"id": "run_8", "status": "queued"})], [
        api("tool.invoked", None, hidden="high at nine", conversation_id="thread_8")]


@case
def stored_items_read():
    return [call("/responses/resp_77/input_items", None, {"object": "list", "data": [
        {"id": "m1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Old question"}]}]},
        method="GET")], [api("conversation.viewed", "Old question", hidden=ANY)]


@case
def too_many_requests():
    return [call("/responses", {"model": "gpt-5", "input": "Name a port"},
                 {"error": {"message": "Rate limit", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}, status=429)], [
        said("Name a port", outcome="failure")]


@case
def older_talk_by_a_socket():
    return [socket(
        "wss://api.openai.com/v1/realtime?model=gpt-4o-realtime-preview",
        ("send", {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": data_url("image/png", PNG)}]}}),
        ("send", {"type": "response.create"}),
        ("receive", {"type": "response.created", "response": {"id": "resp_o", "status": "in_progress"}}),
        ("receive", {"type": "response.text.delta", "response_id": "resp_o", "item_id": "i1", "output_index": 0,
                     "content_index": 0, "delta": "A d"}),
        ("receive", {"type": "response.text.delta", "response_id": "resp_o", "item_id": "i1", "output_index": 0,
                     "content_index": 0, "delta": "ot"}),
        ("receive", {"type": "response.text.done", "response_id": "resp_o", "item_id": "i1", "output_index": 0,
                     "content_index": 0, "text": "A dot"}),
        ("receive", {"type": "response.done", "response": {"id": "resp_o", "status": "completed", "output": []}}),
        ("receive", {"type": "conversation.item.input_audio_transcription.completed", "item_id": "i2", "content_index": 0,
                     "transcript": "Thank you"}),
        fields={"authorization": "Bearer " + SK, "openai-beta": "realtime=v1"})], [
        api("prompt_with_file.created", "Look", files=[{"sha256": sha(PNG), "type": "image/png"}]),
        answered("A dot"), api("audio.transcribed", "Thank you")]


@case
def file_cited_while_it_streams():
    note = {"type": "file_citation", "file_id": "file-Cited0000000000000001", "filename": "harbour.txt", "index": 3}
    events = typed({"type": "response.created", "response": response("in_progress")},
                   {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "See"},
                   {"type": "response.output_text.annotation.added", "item_id": "m", "output_index": 0, "content_index": 0,
                    "annotation_index": 0, "annotation": note},
                   {"type": "response.completed", "response": response("completed", output=[{
                       "type": "message", "id": "m", "role": "assistant", "content": [
                           {"type": "output_text", "text": "See", "annotations": [note]}]}])})
    return [call("/responses", {"model": "gpt-5", "input": "Where?", "stream": True}, sse(*events, done=False),
                 answer_kind="text/event-stream")], [
        said("Where?"), api(ANY, "See", complete=True)]


@case
def container_file_of_the_public_api():
    made = multipart("b", ('Content-Disposition: form-data; name="file"; filename="in.txt"', NOTE))
    return [send("/containers/cntr_5/files", {"id": "cfile_5", "object": "container.file", "path": "/mnt/data/in.txt",
                                              "bytes": len(NOTE)}, **made)], [uploaded(NOTE, id="cfile_5", name="in.txt")]
