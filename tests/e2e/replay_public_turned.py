"""The public API's rarer calls (facts/chatgpt-wire.md §9): every event of a
response, polling, regional hosts, files by address, threads that stream,
uploads in parts, sound, pictures."""
import base64

from exchanges import CARD, dumps, entry, sse
from replay_cases import ANY, answers, case, expect, says
from replay_forms import field, form, part
from replay_public import SK, call, chat, data_url, stream, typed, user
from replay_transfers import NOTE, PNG, sha

V1 = "https://api.openai.com/v1"
EU = "https://eu.api.openai.com/v1"
AUTH = {"authorization": "Bearer " + SK}
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00"
PDF = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"


def completed(id, text, **more):
    item = {"id": "msg_" + id, "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]}
    return {"id": id, "object": "response", "status": "completed", "model": "gpt-5.1", "output": [item], **more}


# ---- chat completions ----

@case
def chat_in_europe_with_named_speakers():
    body = chat({"role": "developer", "content": "Be brief"}, {"role": "user", "name": "ana", "content": "When is high tide?"})
    return [call("/chat/completions", body, {"id": "chatcmpl-e1", "object": "chat.completion", "model": "gpt-5-mini-1", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "At noon.", "refusal": None, "annotations": []}, "finish_reason": "stop"}],
        "usage": {"total_tokens": 9}}, base=EU)], [
        says("When is high tide?", hidden_has="Be brief", hidden=ANY, service="openai-api", model="gpt-5-mini"),
        answers("At noon.", message_id="chatcmpl-e1", replies_to=0, hidden=ANY)]


@case
def chat_with_sound_in_and_out():
    body = chat(user([{"type": "text", "text": "What is said?"}, {"type": "input_audio", "input_audio": {
        "data": base64.b64encode(WAV).decode(), "format": "wav"}}]), modalities=["text", "audio"])
    out = {"id": "chatcmpl-s1", "object": "chat.completion", "model": "gpt-audio", "choices": [{"index": 0, "message": {
        "role": "assistant", "content": None, "audio": {"id": "audio_1", "data": base64.b64encode(WAV).decode(), "expires_at": 1,
                                                        "transcript": "Somebody greets."}}, "finish_reason": "stop"}]}
    return [call("/chat/completions", body, out)], [
        expect("prompt_with_file.created", "What is said?", hidden=ANY, files=[{"bytes": len(WAV), "sha256": sha(WAV)}]),
        expect("response_with_file.generated", "Somebody greets.", complete=True, hidden=ANY,
                files=[{"id": "audio_1", "bytes": len(WAV), "sha256": sha(WAV)}])]


@case
def chat_stream_of_refusal_and_usage():
    def chunk(delta, finish=None):
        return {"id": "chatcmpl-r1", "object": "chat.completion.chunk", "model": "gpt-5-mini",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}
    return [stream("/chat/completions", chat(user("Do harm")), chunk({"role": "assistant", "content": "", "refusal": None}),
                   chunk({"refusal": "I can"}), chunk({"refusal": "not."}), chunk({}, "stop"),
                   {"id": "chatcmpl-r1", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 3}})], [
        says("Do harm"), answers("I cannot.", message_id="chatcmpl-r1", replies_to=0)]


@case
def chat_with_custom_tool_in_a_stream():
    def chunk(delta, finish=None):
        return {"id": "chatcmpl-t1", "object": "chat.completion.chunk", "model": "gpt-5", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return [stream("/chat/completions", chat(user("Look it up")), chunk({"role": "assistant", "content": "One moment"}),
                   chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{\"q\":"}}]}),
                   chunk({"tool_calls": [{"index": 0, "function": {"arguments": "\"tide\"}"}}]}), chunk({}, "tool_calls"))], [
        says("Look it up"), answers("One moment", hidden_has='{"q":"tide"}', hidden=ANY)]


# ---- responses ----

@case
def response_of_every_event():
    r, m = "resp_ev1", "msg_ev1"

    def e(kind, **more):
        return {"type": "response." + kind, **more}
    text = {"item_id": m, "output_index": 1, "content_index": 0}
    final = completed(r, "High at noon.")
    final["output"] = [{"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Looking at the table"}]},
                       {**final["output"][0], "id": m}]
    events = typed(
        e("created", response={"id": r, "object": "response", "status": "queued", "model": "gpt-5.1", "output": []}),
        e("queued", response={"id": r, "status": "queued"}), e("in_progress", response={"id": r, "status": "in_progress"}),
        e("output_item.added", output_index=0, item={"id": "rs_1", "type": "reasoning", "summary": []}),
        e("reasoning_summary_part.added", item_id="rs_1", output_index=0, summary_index=0, part={"type": "summary_text", "text": ""}),
        e("reasoning_summary_text.delta", item_id="rs_1", output_index=0, summary_index=0, delta="Looking at "),
        e("reasoning_summary_text.delta", item_id="rs_1", output_index=0, summary_index=0, delta="the table"),
        e("reasoning_summary_text.done", item_id="rs_1", output_index=0, summary_index=0, text="Looking at the table"),
        e("output_item.done", output_index=0, item=final["output"][0]),
        e("output_item.added", output_index=1, item={"id": m, "type": "message", "role": "assistant", "content": []}),
        e("content_part.added", **text, part={"type": "output_text", "text": "", "annotations": []}),
        e("output_text.delta", **text, delta="High "), e("output_text.delta", **text, delta="at noon."),
        e("output_text.done", **text, text="High at noon."),
        e("content_part.done", **text, part={"type": "output_text", "text": "High at noon.", "annotations": []}),
        e("output_item.done", output_index=1, item=final["output"][1]), e("completed", response=final))
    return [stream("/responses", {"model": "gpt-5.1", "input": "When is high tide?", "instructions": "Be exact"}, *events, done=False)], [
        says("When is high tide?", hidden="Be exact", model="gpt-5.1"),
        answers("High at noon.", hidden="Looking at the table", message_id=r, replies_to=0)]


@case
def response_of_two_messages_and_a_refusal():
    r = completed("resp_tw", "First.")
    r["output"].append({"id": "msg_2", "type": "message", "role": "assistant", "content": [
        {"type": "output_text", "text": "Second.", "annotations": []}, {"type": "refusal", "refusal": "Not the third."}]})
    return [call("/responses", {"model": "gpt-5.1", "input": [{"role": "user", "content": "Three things"}]}, r)], [
        says("Three things"), answers("First.\nSecond.\nNot the third.", message_id="resp_tw")]


@case
def response_in_the_background_that_is_asked_for():
    """It is queued at first; a GET brings the answer."""
    queued = {"id": "resp_bg", "object": "response", "status": "queued", "model": "gpt-5.1", "background": True, "output": []}
    return [call("/responses", {"model": "gpt-5.1", "input": "Think long", "background": True}, queued),
            call("/responses/resp_bg", None, {**queued, "status": "in_progress"}, 2, method="GET"),
            call("/responses/resp_bg", None, completed("resp_bg", "Thought.", background=True), 5, method="GET")], [
        says("Think long"), answers("Thought.", message_id="resp_bg", replies_to=0)]


@case
def response_with_files_in_three_ways():
    content = [{"type": "input_text", "text": "Compare them"},
               {"type": "input_file", "filename": "a.pdf", "file_data": data_url("application/pdf", PDF)},
               {"type": "input_file", "file_url": "https://lyon.example/tides/2026.pdf"},
               {"type": "input_image", "file_id": "file-img1", "detail": "auto"},
               {"type": "input_image", "image_url": data_url("image/png", PNG)}]
    return [call("/responses", {"model": "gpt-5.1", "input": [{"role": "user", "content": content}]}, completed("resp_fi", "Done."))], [
        expect("prompt_with_file.created", "Compare them", hidden="https://lyon.example/tides/2026.pdf", verdict="alert", type="url", files=[
            {"name": "a.pdf", "bytes": len(PDF), "type": "application/pdf", "sha256": sha(PDF)},
            {"id": "file-img1"}, {"bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}]),
        answers("Done.")]


@case
def response_that_follows_another():
    items = [{"type": "function_call_output", "call_id": "call_1", "output": "{\"tide\":\"noon\"}"}]
    return [call("/responses", {"model": "gpt-5.1", "input": "When is high tide?"}, completed("resp_p1", "One moment.")),
            call("/responses", {"model": "gpt-5.1", "previous_response_id": "resp_p1", "input": items}, completed("resp_p2", "At noon."), 2)], [
        says("When is high tide?"), answers("One moment.", message_id="resp_p1"),
        expect("prompt.created", None, hidden='{"tide":"noon"}', parent_message_id="resp_p1"),
        answers("At noon.", message_id="resp_p2", replies_to=2)]


@case
def response_that_runs_code_and_cites_its_file():
    r = completed("resp_ci", "See tide.csv")
    r["output"][0]["content"][0]["annotations"] = [{"type": "container_file_citation", "container_id": "cntr_pt1", "file_id": "cfile_pt1",
                                                    "filename": "tide.csv", "start_index": 0, "end_index": 5}]
    r["output"].insert(0, {"id": "ci_1", "type": "code_interpreter_call", "status": "completed", "container_id": "cntr_pt1",
                           "code": "print(1)", "outputs": [{"type": "logs", "logs": "1"}]})
    get = call("/containers/cntr_pt1/files/cfile_pt1/content", None, NOTE, 3, method="GET", answer_kind="application/octet-stream")
    return [call("/responses", {"model": "gpt-5.1", "input": "Make a table"}, r), get], [
        says("Make a table"),
        expect("response_with_file.generated", "See tide.csv", complete=True, hidden="print(1)\n1", files=[{"id": "cfile_pt1", "name": "tide.csv"}]),
        expect("response_with_file.downloaded", files=[{"id": "cfile_pt1", "name": "tide.csv", "bytes": len(NOTE), "sha256": sha(NOTE)}])]


@case
def tokens_counted_and_history_compacted():
    items = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}, {"role": "user", "content": "Three"}]
    return [call("/responses/compact", {"model": "gpt-5.1", "input": items}, {"id": "resp_cp", "object": "response.compaction", "output": []})], [
        expect(ANY, "Three", hidden="One\nTwo")]


@case
def response_whose_stream_ends_with_an_error():
    events = typed({"type": "response.created", "response": {"id": "resp_er", "status": "in_progress", "output": []}},
                   {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "Half"},
                   {"type": "error", "code": "server_error", "message": "Sorry", "param": None})
    return [stream("/responses", {"model": "gpt-5.1", "input": "Go"}, *events, done=False)], [
        says("Go"), expect("response.generated", "Half", hidden=ANY, message_id="resp_er", complete=False)]


# ---- assistants ----

@case
def thread_and_run_in_one_stream():
    body = {"assistant_id": "asst_1", "thread": {"messages": [{"role": "user", "content": "When is high tide?"}]},
            "instructions": "Be exact"}
    msg = {"id": "msg_th1", "object": "thread.message", "thread_id": "thread_1", "role": "assistant", "content": []}

    def piece(value):
        return {"id": "msg_th1", "object": "thread.message.delta", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": value}}]}}
    events = [("thread.created", {"id": "thread_1", "object": "thread"}),
              ("thread.run.created", {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "instructions": "Be exact"}),
              ("thread.message.created", msg), ("thread.message.delta", piece("At ")), ("thread.message.delta", piece("noon.")),
              ("thread.message.completed", {**msg, "content": [{"type": "text", "text": {"value": "At noon.", "annotations": []}}]}),
              ("thread.run.completed", {"id": "run_1", "object": "thread.run"}), ("done", "[DONE]")]
    return [call("/threads/runs", {**body, "stream": True}, sse(*events, done=False), answer_kind="text/event-stream")], [
        says("When is high tide?", hidden="Be exact"), answers("At noon.", message_id="msg_th1", hidden=ANY)]


@case
def message_of_a_thread_with_a_picture():
    body = {"role": "user", "content": [{"type": "text", "text": "Whose is it?"}, {"type": "image_file", "image_file": {"file_id": "file-im"}}],
            "attachments": [{"file_id": "file-doc", "tools": [{"type": "file_search"}]}]}
    return [call("/threads/thread_2/messages", body, {"id": "msg_th2", "object": "thread.message", "thread_id": "thread_2"})], [
        expect("prompt_with_file.created", "Whose is it?", file_ids=["file-im", "file-doc"], conversation_id="thread_2", message_id="msg_th2")]


@case
def assistant_made_with_instructions():
    return [call("/assistants", {"model": "gpt-5", "name": "Harbour", "description": "Knows tides", "instructions": "You know the tides."},
                 {"id": "asst_2", "object": "assistant"})], [
        expect("instructions.updated", ANY, hidden=ANY, content_has="You know the tides.", category="Data Updates")]


# ---- files and uploads ----

@case
def upload_in_parts_that_cross():
    """The parts' ids come with their answers; complete says their order."""
    def piece(id, data, second):
        return entry(V1 + "/uploads/upload_x1/parts", form("fx1", part(['Content-Disposition: form-data; name="data"; filename="blob"',
                     "Content-Type: application/octet-stream"], data)), dumps({"id": id, "object": "upload.part", "upload_id": "upload_x1"}),
                     kind="multipart/form-data; boundary=fx1", answer_kind="application/json", fields=AUTH, second=second)
    return [call("/uploads", {"filename": "train.jsonl", "purpose": "fine-tune", "bytes": len(NOTE), "mime_type": "text/jsonl"},
                 {"id": "upload_x1", "object": "upload", "status": "pending"}),
            piece("part_b", NOTE[20:], 1), piece("part_a", NOTE[:20], 2),
            call("/uploads/upload_x1/complete", {"part_ids": ["part_a", "part_b"], "md5": "0" * 32},
                 {"id": "upload_x1", "object": "upload", "status": "completed", "file": {"id": "file-x1", "filename": "train.jsonl"}}, 3),
            call("/responses", {"model": "gpt-5", "input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-x1"}]}]},
                 completed("resp_x1", "Read."), 4)], [
        expect("file.uploaded", files=[{"name": "train.jsonl", "bytes": len(NOTE), "sha256": sha(NOTE), "declared_type": "text/jsonl"}]),
        expect("prompt_with_file.created", None, files=[{"id": "file-x1", "name": "train.jsonl", "bytes": len(NOTE), "sha256": sha(NOTE)}]),
        answers("Read.")]


@case
def batch_whose_lines_hold_a_card():
    line = dumps({"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": chat(user("Charge " + CARD))}).encode() + b"\n"
    return [entry(V1 + "/files", form("fx1", field("purpose", "batch"), part(['Content-Disposition: form-data; name="file"; filename="b.jsonl"',
            "Content-Type: application/jsonl"], line)), dumps({"id": "file-b1"}), kind="multipart/form-data; boundary=fx1",
            answer_kind="application/json", fields=AUTH)], [
        expect("file.uploaded", verdict="block", outcome="failure", type="credit-card", where="file")]


@case
def content_of_a_file_by_its_listed_name():
    return [call("/files/file-ls1", None, {"id": "file-ls1", "object": "file", "filename": "results.jsonl", "bytes": len(NOTE)}, method="GET"),
            call("/files/file-ls1/content", None, NOTE, 2, method="GET", answer_kind="application/octet-stream")], [
        expect("response_with_file.downloaded", files=[{"id": "file-ls1", "name": "results.jsonl", "bytes": len(NOTE), "sha256": sha(NOTE)}],
               complete=True)]


@case
def file_put_into_a_container():
    body = form("fx1", part(['Content-Disposition: form-data; name="file"; filename="tides.csv"', "Content-Type: text/csv"], NOTE))
    return [entry(V1 + "/containers/cntr_pt2/files", body, dumps({"id": "cfile_pt2", "object": "container.file", "container_id": "cntr_pt2",
                  "path": "/mnt/data/tides.csv", "bytes": len(NOTE)}), kind="multipart/form-data; boundary=fx1",
                  answer_kind="application/json", fields=AUTH)], [
        expect("file.uploaded", files=[{"id": "cfile_pt2", "name": "tides.csv", "bytes": len(NOTE), "sha256": sha(NOTE), "declared_type": "text/csv"}])]


@case
def search_of_a_vector_store():
    return [call("/vector_stores/vs_1/search", {"query": "tide tables", "max_num_results": 3}, {"object": "vector_store.search_results.page",
                 "search_query": ["tide tables"], "data": [{"file_id": "file-v1", "filename": "t.txt", "score": 0.9,
                                                            "content": [{"type": "text", "text": "High at noon"}]}]})], [
        expect("tool.invoked", "tide tables")]


# ---- sound and pictures ----

@case
def translation_with_a_prompt():
    body = form("fx1", part(['Content-Disposition: form-data; name="file"; filename="talk.wav"', "Content-Type: audio/wav"], WAV),
                field("model", "whisper-1"), field("prompt", "Names: Ana, Lyon"), field("response_format", "text"))
    return [entry(V1 + "/audio/translations", body, "Good morning from Lyon\n", kind="multipart/form-data; boundary=fx1",
                  answer_kind="text/plain; charset=utf-8", fields=AUTH)], [
        expect("audio.transcribed", ANY, hidden=ANY, content_has="Good morning from Lyon", model="whisper-1",
               files=[{"name": "talk.wav", "bytes": len(WAV), "sha256": sha(WAV), "declared_type": "audio/wav"}])]


@case
def speech_in_a_voice():
    return [call("/audio/speech", {"model": "gpt-4o-mini-tts", "voice": "coral", "input": "High tide at noon", "instructions": "Cheerfully"},
                 WAV, answer_kind="audio/wav")], [
        says("High tide at noon", hidden="Cheerfully", model="gpt-4o-mini-tts"),
        expect("response_with_file.generated", None, complete=True, files=[{"bytes": len(WAV), "sha256": sha(WAV)}], replies_to=0)]


@case
def pictures_with_a_revised_prompt():
    out = {"created": 1, "data": [{"b64_json": base64.b64encode(PNG).decode(), "revised_prompt": "A calm harbour at dawn"}]}
    return [call("/images/generations", {"model": "dall-e-3", "prompt": "A harbour", "response_format": "b64_json"}, out)], [
        says("A harbour", model="dall-e-3"),
        expect("response_with_file.generated", ANY, complete=True, hidden=ANY, anywhere="A calm harbour at dawn",
                files=[{"bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}])]


@case
def variation_of_a_picture():
    body = form("fx1", part(['Content-Disposition: form-data; name="image"; filename="a.png"', "Content-Type: image/png"], PNG), field("n", "2"))
    return [entry(V1 + "/images/variations", body, dumps({"created": 1, "data": [{"url": "https://x.example/1.png"}]}),
                  kind="multipart/form-data; boundary=fx1", answer_kind="application/json", fields=AUTH)], [
        expect("prompt_with_file.created", None, hidden=ANY, files=[{"name": "a.png", "bytes": len(PNG), "sha256": sha(PNG)}]),
        expect("response_with_file.generated", None, hidden=ANY, files=ANY, complete=True)]


@case
def video_remixed():
    return [call("/videos/video_1/remix", {"prompt": "Now at dusk"}, {"id": "video_2", "object": "video", "status": "queued", "remixed_from_video_id": "video_1"})], [
        expect("prompt.created", "Now at dusk", hidden=ANY)]


@case
def texts_judged_and_embedded():
    return [call("/embeddings", {"model": "text-embedding-3-small", "input": ["one tide", "two tides"]}, {"object": "list", "data": []}),
            call("/moderations", {"model": "omni-moderation-latest", "input": [{"type": "text", "text": "is it calm"}, {"type": "image_url",
                 "image_url": {"url": data_url("image/png", PNG)}}]}, {"id": "modr-1", "results": []}, 1)], [
        expect("tool.invoked", "one tide\ntwo tides", model="text-embedding-3-small"),
        expect("tool.invoked", "is it calm", files=[{"type": "image/png", "sha256": sha(PNG), "bytes": len(PNG)}])]
