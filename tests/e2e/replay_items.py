"""What responses, threads and talks are made of (facts/chatgpt-wire.md §9.1 to
§9.3): calls of every kind, sound in pieces, pictures as they are drawn."""
import base64

from exchanges import dumps, entry, sse
from replay_cases import ANY, answers, case, expect, says
from replay_forms import field, form, part
from replay_public import SK, call, chat, data_url, stream, typed, user
from replay_public_turned import PDF, WAV, completed
from replay_talks import reply, said, talk
from replay_transfers import NOTE, PNG, sha
from replay_ws import down, up

V1 = "https://api.openai.com/v1"
AUTH = {"authorization": "Bearer " + SK}


def asked(*items, text="Done.", id="resp_it", input="Go on", **more):
    r = completed(id, text)
    r["output"] = [*items, *r["output"]] if text else list(items)
    return call("/responses", {"model": "gpt-5.1", "input": input, **more}, r)


# ---- items of an answer ----

@case
def item_searches_files():
    item = {"id": "fs_1", "type": "file_search_call", "status": "completed", "queries": ["tide tables", "lyon"],
            "results": [{"file_id": "file-searched", "filename": "t.txt", "score": 0.5, "attributes": {}, "text": "High at noon"}]}
    return [asked(item)], [says("Go on"), answers("Done.", hidden=ANY, hidden_has=["tide tables\nlyon", "High at noon"])]


@case
def item_searches_the_web():
    item = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "tides lyon"}}
    return [asked(item)], [says("Go on"), answers("Done.", hidden="tides lyon")]


@case
def item_runs_a_shell():
    items = [{"id": "lsh_1", "type": "local_shell_call", "call_id": "c1", "status": "completed",
              "action": {"type": "exec", "command": ["cat", "plan.txt"], "env": {}, "timeout_ms": 1000}},
             {"id": "sh_1", "type": "shell_call", "call_id": "c2", "status": "completed", "action": {"commands": ["ls -l", "pwd"]}}]
    return [asked(*items)], [says("Go on"), answers("Done.", hidden=ANY, hidden_has=["cat\nplan.txt", "ls -l\npwd"])]


@case
def item_patches_a_file():
    item = {"id": "ap_1", "type": "apply_patch_call", "call_id": "c1", "status": "completed",
            "operation": {"type": "update_file", "path": "plan.txt", "diff": "@@\n-old\n+new"}}
    return [asked(item)], [says("Go on"), answers("Done.", hidden=ANY, hidden_has="@@\n-old\n+new")]


@case
def item_reasons_in_full():
    item = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "In short"}],
            "content": [{"type": "reasoning_text", "text": "At length"}], "encrypted_content": "gAAAA"}
    return [asked(item)], [says("Go on"), answers("Done.", hidden="In short\nAt length")]


@case
def item_calls_another_server():
    items = [{"id": "mcp_1", "type": "mcp_call", "server_label": "drive", "name": "find", "arguments": "{\"q\":\"plan\"}", "output": "two files"}]
    return [asked(*items)], [says("Go on"), answers("Done.", hidden_has=['{"q":"plan"}', "two files"], hidden=ANY)]


@case
def items_sent_back_after_a_shell():
    items = [{"role": "user", "content": "List it"},
             {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}},
             {"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": "plan.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
             {"type": "apply_patch_call_output", "call_id": "c2", "status": "completed", "output": "patched"}]
    return [asked(input=items)], [says("List it", hidden_has=["ls", "plan.txt", "patched"], hidden=ANY), answers("Done.")]


@case
def picture_drawn_while_it_streams():
    r = {"id": "resp_dr", "object": "response", "model": "gpt-5.1", "status": "in_progress", "output": []}
    item = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": base64.b64encode(PNG).decode(), "revised_prompt": "A harbour"}
    events = typed({"type": "response.created", "response": r},
                   {"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "output_index": 0, "partial_image_index": 0,
                    "partial_image_b64": base64.b64encode(PNG[:40]).decode()},
                   {"type": "response.output_item.done", "output_index": 0, "item": item},
                   {"type": "response.completed", "response": {**r, "status": "completed", "output": [item]}})
    return [stream("/responses", {"model": "gpt-5.1", "input": "Draw", "tools": [{"type": "image_generation"}]}, *events, done=False)], [
        says("Draw", hidden=ANY), expect("response_with_file.generated", ANY, hidden=ANY, complete=True, message_id="resp_dr",
                                         files=[{"id": "ig_1", "bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}])]


@case
def calls_in_a_stream_of_events():
    r = {"id": "resp_cs", "object": "response", "model": "gpt-5.1", "status": "in_progress", "output": []}
    events = typed({"type": "response.created", "response": r},
                   {"type": "response.custom_tool_call_input.delta", "item_id": "ct_1", "output_index": 0, "delta": "SELECT "},
                   {"type": "response.custom_tool_call_input.delta", "item_id": "ct_1", "output_index": 0, "delta": "1"},
                   {"type": "response.custom_tool_call_input.done", "item_id": "ct_1", "output_index": 0, "input": "SELECT 1"},
                   {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "output_index": 1, "delta": "print("},
                   {"type": "response.code_interpreter_call_code.done", "item_id": "ci_1", "output_index": 1, "code": "print(1)"},
                   {"type": "response.reasoning_text.delta", "item_id": "rs_1", "output_index": 2, "content_index": 0, "delta": "Hm"},
                   {"type": "response.completed", "response": {**r, "status": "completed", "output": []}})
    return [stream("/responses", {"model": "gpt-5.1", "input": "Go"}, *events, done=False)], [
        says("Go"), expect("response.generated", None, hidden="SELECT 1\nprint(1)\nHm", message_id="resp_cs", complete=True)]


@case
def sound_of_a_chat_in_pieces():
    def chunk(delta, finish=None):
        return {"id": "chatcmpl-so", "object": "chat.completion.chunk", "model": "gpt-audio", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    half = 24
    return [stream("/chat/completions", chat(user("Say it"), modalities=["text", "audio"]), chunk({"role": "assistant", "content": None}),
                   chunk({"audio": {"id": "audio_so", "transcript": "High "}}), chunk({"audio": {"transcript": "tide."}}),
                   chunk({"audio": {"data": base64.b64encode(WAV[:half]).decode()}}), chunk({"audio": {"data": base64.b64encode(WAV[half:]).decode()}}),
                   chunk({}, "stop"))], [
        says("Say it"), expect("response_with_file.generated", "High tide.", complete=True, message_id="chatcmpl-so",
                               files=[{"id": "audio_so", "bytes": len(WAV), "sha256": sha(WAV)}])]


@case
def parts_of_a_chat_with_a_file_by_id_and_one_inside():
    content = [{"type": "file", "file": {"file_id": "file-ch1"}},
               {"type": "file", "file": {"filename": "b.pdf", "file_data": data_url("application/pdf", PDF)}},
               {"type": "text", "text": "Compare"}, {"type": "text", "text": "both"}]
    return [call("/chat/completions", chat({"role": "system", "content": "Be brief"}, user("Before"), {"role": "assistant", "content": "Yes"}, user(content)),
                 {"id": "chatcmpl-pf", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Same."}}]})], [
        expect("prompt_with_file.created", "Compare\nboth", hidden="Be brief\nBefore\nYes",
               files=[{"id": "file-ch1"}, {"name": "b.pdf", "bytes": len(PDF), "type": "application/pdf", "sha256": sha(PDF)}]),
        answers("Same.", message_id="chatcmpl-pf")]


# ---- threads ----

@case
def run_that_makes_a_file():
    msg = {"id": "msg_rf", "object": "thread.message", "thread_id": "thread_rf", "role": "assistant"}
    whole = {**msg, "content": [{"type": "text", "text": {"value": "See [it](sandbox:/mnt/data/t.csv)", "annotations": [
        {"type": "file_path", "text": "sandbox:/mnt/data/t.csv", "file_path": {"file_id": "file-rf1"}, "start_index": 0, "end_index": 1}]}},
        {"type": "image_file", "image_file": {"file_id": "file-rf2"}}]}
    events = [("thread.run.created", {"id": "run_rf", "object": "thread.run", "thread_id": "thread_rf", "model": "gpt-5"}),
              ("thread.message.created", {**msg, "content": []}),
              ("thread.message.delta", {"id": "msg_rf", "object": "thread.message.delta", "delta": {"content": [
                  {"index": 0, "type": "text", "text": {"value": "See [it]"}}]}}),
              ("thread.message.completed", whole), ("done", "[DONE]")]
    return [stream("/threads/thread_rf/runs", {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "Make it"}]}, *events, done=False)], [
        says("Make it", conversation_id="thread_rf"),
        expect("response_with_file.generated", "See [it](sandbox:/mnt/data/t.csv)", message_id="msg_rf", complete=True, model="gpt-5",
               conversation_id="thread_rf", file_ids=["file-rf1", "file-rf2"])]


@case
def conversation_begun_and_gone_on_with():
    return [call("/conversations", {"items": [{"type": "message", "role": "user", "content": "Hello"}]}, {"id": "conv_1", "object": "conversation"}),
            call("/responses", {"model": "gpt-5.1", "conversation": "conv_1", "input": "And now?"}, completed("resp_cv", "Now.", conversation={"id": "conv_1"}), 2)], [
        says("Hello", conversation_id="conv_1"), says("And now?", conversation_id="conv_1"),
        answers("Now.", conversation_id="conv_1", message_id="resp_cv", replies_to=1)]


# ---- sound, pictures, videos ----

@case
def transcription_in_events():
    body = form("fx1", part(['Content-Disposition: form-data; name="file"; filename="a.wav"', "Content-Type: audio/wav"], WAV),
                field("model", "gpt-4o-transcribe"), field("stream", "true"))
    events = ('data: {"type":"transcript.text.delta","delta":"Good "}\n\ndata: {"type":"transcript.text.delta","delta":"morning"}\n\n'
              'data: {"type":"transcript.text.done","text":"Good morning"}\n\n')
    return [entry(V1 + "/audio/transcriptions", body, events, kind="multipart/form-data; boundary=fx1", fields=AUTH)], [
        expect("audio.transcribed", "Good morning", hidden=ANY, model="gpt-4o-transcribe", files=[{"name": "a.wav", "sha256": sha(WAV)}])]


@case
def pictures_edited_by_their_ids():
    body = {"model": "gpt-image-1", "prompt": "Make it green", "images": [{"file_id": "file-ie1"}, {"image_url": data_url("image/png", PNG)}]}
    out = {"created": 1, "data": [{"b64_json": base64.b64encode(PNG + b"x").decode()}]}
    return [call("/images/edits", body, out)], [
        expect("prompt_with_file.created", "Make it green", hidden=ANY, files=[{"id": "file-ie1"}, {"bytes": len(PNG), "sha256": sha(PNG)}]),
        expect("response_with_file.generated", None, complete=True, files=[{"bytes": len(PNG) + 1, "sha256": sha(PNG + b"x")}])]


@case
def video_made_and_fetched():
    body = form("fx1", field("prompt", "A slow dawn"), field("model", "sora-2"),
                part(['Content-Disposition: form-data; name="input_reference"; filename="h.png"', "Content-Type: image/png"], PNG))
    clip = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(128, 228))
    return [entry(V1 + "/videos", body, dumps({"id": "video_9", "object": "video", "status": "queued"}), kind="multipart/form-data; boundary=fx1",
                  answer_kind="application/json", fields=AUTH),
            call("/videos/video_9/content", None, clip, 5, method="GET", answer_kind="video/mp4")], [
        expect("prompt_with_file.created", "A slow dawn", hidden=ANY, model="sora-2", files=[{"name": "h.png", "bytes": len(PNG), "sha256": sha(PNG)}]),
        expect("response_with_file.downloaded", files=[{"id": "video_9", "bytes": len(clip), "sha256": sha(clip), "type": "video/mp4"}])]


# ---- talks ----

@case
def talk_with_a_picture():
    item = {"type": "conversation.item.create", "item": {"id": "it_p", "type": "message", "role": "user", "content": [
        {"type": "input_text", "text": "Whose hand?"}, {"type": "input_image", "image_url": data_url("image/png", PNG)}]}}
    return [talk(up(item), up({"type": "response.create"}), *reply("resp_tp", "Nobody's."))], [
        expect("prompt_with_file.created", "Whose hand?", message_id="it_p", files=[{"bytes": len(PNG), "type": "image/png", "sha256": sha(PNG)}]),
        answers("Nobody's.", message_id="resp_tp", hidden=ANY)]


@case
def talk_interrupted():
    """The person speaks in between: what was said so far is all there is."""
    base = {"response_id": "resp_ti", "item_id": "item_ti", "output_index": 0, "content_index": 0}
    return [talk(said("Tell me all"), up({"type": "response.create"}), down({"type": "response.created", "response": {"id": "resp_ti"}}),
                 down({"type": "response.output_audio_transcript.delta", **base, "delta": "Well, "}),
                 down({"type": "response.output_audio_transcript.delta", **base, "delta": "first"}),
                 up({"type": "response.cancel"}),
                 down({"type": "response.done", "response": {"id": "resp_ti", "status": "cancelled", "status_details": {"type": "cancelled"}, "output": [
                     {"id": "item_ti", "type": "message", "role": "assistant", "status": "incomplete", "content": [
                         {"type": "output_audio", "transcript": "Well, first"}]}]}}))], [
        says("Tell me all"), expect("response.generated", "Well, first", hidden=ANY, message_id="resp_ti", complete=ANY)]


@case
def two_talks_of_one_socket_with_orders_for_each():
    order = {"type": "response.create", "response": {"instructions": "Answer in verse", "conversation": "none",
                                                     "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "The tide?"}]}]}}
    return [talk(up(order), *reply("resp_v1", "It comes, it goes."), said("Plainly?"), up({"type": "response.create"}), *reply("resp_v2", "At noon."))], [
        says("The tide?", hidden="Answer in verse"), answers("It comes, it goes.", message_id="resp_v1", replies_to=0, hidden=ANY),
        says("Plainly?"), answers("At noon.", message_id="resp_v2", replies_to=2, hidden=ANY)]


@case
def tuning_and_batches_name_their_files():
    return [call("/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": "file-tr", "validation_file": "file-va", "suffix": "harbour"}, {"id": "ftjob-1"}),
            call("/batches", {"input_file_id": "file-ba", "endpoint": "/v1/chat/completions", "completion_window": "24h"}, {"id": "batch_1"}, 1)], [
        expect("tool.invoked", None, hidden=ANY, file_ids=["file-tr", "file-va"]),
        expect("prompt_with_file.created", None, hidden=ANY, file_ids=["file-ba"])]


@case
def response_asked_for_twice():
    queued = {"id": "resp_b2", "object": "response", "status": "queued", "model": "gpt-5.1", "output": []}
    r = completed("resp_b2", "Thought.")
    return [call("/responses", {"model": "gpt-5.1", "input": "Think", "background": True}, queued),
            call("/responses/resp_b2", None, r, 2, method="GET"), call("/responses/resp_b2", None, r, 4, method="GET")], [
        says("Think"), answers("Thought.", message_id="resp_b2", replies_to=0)]


@case
def response_read_again():
    r = completed("resp_b3", "Here.")
    return [call("/responses", {"model": "gpt-5.1", "input": "Give"}, r), call("/responses/resp_b3", None, r, 2, method="GET")], [
        says("Give"), answers("Here.", message_id="resp_b3", replies_to=0)]


@case
def response_that_failed_in_the_background():
    queued = {"id": "resp_b4", "object": "response", "status": "queued", "model": "gpt-5.1", "output": []}
    return [call("/responses", {"model": "gpt-5.1", "input": "Think", "background": True}, queued),
            call("/responses/resp_b4", None, {**queued, "status": "failed", "error": {"code": "server_error", "message": "No"}}, 2, method="GET")], [
        says("Think"), expect("response.generated", None, complete=False, message_id="resp_b4", hidden=ANY)]


@case
def response_gone_on_with_in_a_stream():
    r = {"id": "resp_b5", "object": "response", "status": "in_progress", "model": "gpt-5.1", "output": []}
    first = typed({"type": "response.created", "response": r},
                  {"type": "response.output_text.delta", "item_id": "msg_resp_b5", "output_index": 0, "content_index": 0, "delta": "Tho"})
    rest = typed({"type": "response.output_text.delta", "item_id": "msg_resp_b5", "output_index": 0, "content_index": 0, "delta": "ught."},
                 {"type": "response.completed", "response": completed("resp_b5", "Thought.")})
    return [stream("/responses", {"model": "gpt-5.1", "input": "Think", "background": True}, *first, done=False),
            call("/responses/resp_b5?stream=true&starting_after=1", None, sse(*rest, done=False), 3, method="GET", answer_kind="text/event-stream")], [
        says("Think"), answers("Thought.", message_id="resp_b5", complete=True, replies_to=0)]


def piece(number, text, id="msg_resp_b8"):
    return {"type": "response.output_text.delta", "sequence_number": number, "item_id": id, "output_index": 0, "content_index": 0, "delta": text}


def read_on(id, after, seconds, *events):
    query = "stream=true" if after is None else f"stream=true&starting_after={after}"
    return call(f"/responses/{id}?{query}", None, sse(*typed(*events), done=False), seconds, method="GET", answer_kind="text/event-stream")


def begun(id, *pieces):
    r = {"id": id, "object": "response", "status": "in_progress", "model": "gpt-5.1", "output": []}
    return stream("/responses", {"model": "gpt-5.1", "input": "Think", "background": True},
                  *typed({"type": "response.created", "sequence_number": 0, "response": r}, *pieces), done=False)


@case
def response_gone_on_with_twice():
    done = {"type": "response.completed", "sequence_number": 5, "response": completed("resp_b8", "")}
    done["response"]["output"] = []
    return [begun("resp_b8", piece(1, "One, ")), read_on("resp_b8", 1, 3, piece(2, "two, "), piece(3, "thr")),
            call("/responses/resp_b8", None, {"id": "resp_b8", "status": "in_progress", "output": []}, 4, method="GET"),
            read_on("resp_b8", 2, 5, piece(3, "thr"), piece(4, "ee"), done)], [
        says("Think"), answers("One, two, three", message_id="resp_b8", complete=True, replies_to=0)]


@case
def response_read_again_from_the_first_event():
    r = {"id": "resp_b9", "object": "response", "status": "in_progress", "model": "gpt-5.1", "output": []}
    return [begun("resp_b9", piece(1, "One, ")),
            read_on("resp_b9", None, 3, {"type": "response.created", "sequence_number": 0, "response": r}, piece(1, "One, "), piece(2, "two"))], [
        says("Think"), answers("One, two", message_id="resp_b9", complete=False, replies_to=0)]


@case
def response_whose_rest_is_asked_for_whole():
    return [begun("resp_b10", piece(1, "One, ")), call("/responses/resp_b10", None, completed("resp_b10", "One, two."), 3, method="GET")], [
        says("Think"), answers("One, two.", message_id="resp_b10", complete=True, replies_to=0)]


@case
def upload_whose_parts_have_no_file_name():
    def send(n, data):
        body = form("up9", part(['Content-Disposition: form-data; name="data"'], data))
        return entry(V1 + "/uploads/upload_up9/parts", body, dumps({"id": f"part_up{n}", "object": "upload.part"}),
                     kind="multipart/form-data; boundary=up9", answer_kind="application/json", fields=AUTH, second=n)
    whole = b"low tide, high tide"
    return [call("/uploads", {"filename": "tides.txt", "purpose": "user_data", "bytes": len(whole), "mime_type": "text/plain"},
                 {"id": "upload_up9", "object": "upload", "status": "pending"}),
            send(2, whole[9:]), send(3, whole[:9]),
            call("/uploads/upload_up9/complete", {"part_ids": ["part_up3", "part_up2"]},
                 {"id": "upload_up9", "status": "completed", "file": {"id": "file-up9", "filename": "tides.txt"}}, 4)], [
        expect("file.uploaded", files=[{"id": "file-up9", "name": "tides.txt", "bytes": len(whole), "sha256": sha(whole)}])]


@case
def response_at_its_limit():
    r = completed("resp_b6", "Half of")
    r["status"] = "incomplete"
    r["incomplete_details"] = {"reason": "max_output_tokens"}
    return [call("/responses", {"model": "gpt-5.1", "input": "All"}, r)], [says("All"), expect("response.generated", "Half of", complete=ANY, message_id="resp_b6")]


@case
def file_of_a_thread_s_message():
    body = form("fx1", field("purpose", "user_data"), part(['Content-Disposition: form-data; name="file"; filename="u.pdf"', "Content-Type: application/pdf"], PDF))
    return [entry(V1 + "/files", body, dumps({"id": "file-tu1", "object": "file", "filename": "u.pdf"}), kind="multipart/form-data; boundary=fx1",
                  answer_kind="application/json", fields=AUTH),
            call("/threads/thread_tu/messages", {"role": "user", "content": "read", "attachments": [{"file_id": "file-tu1", "tools": []}]},
                 {"id": "msg_tu", "object": "thread.message", "thread_id": "thread_tu"}, 2)], [
        expect("file.uploaded", files=[{"id": "file-tu1", "name": "u.pdf", "sha256": sha(PDF)}]),
        expect("prompt_with_file.created", "read", files=[{"id": "file-tu1", "name": "u.pdf", "sha256": sha(PDF), "bytes": len(PDF)}])]


@case
def history_in_parts():
    return [call("/chat/completions", chat({"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "assistant", "content": [{"type": "text", "text": "b"}, {"type": "refusal", "refusal": "c"}]},
                                            {"role": "tool", "tool_call_id": "t", "content": "d"}, user("e")),
                 {"id": "x", "choices": [{"index": 0, "message": {"content": "f"}}]})], [says("e", hidden="a\nb\nc\nd"), answers("f")]


@case
def output_of_a_function_after_its_prompt():
    """The last user message is the content, what follows it is hidden."""
    items = [{"role": "user", "content": "tide?"}, {"type": "function_call", "call_id": "1", "name": "tide", "arguments": "{}"},
             {"type": "function_call_output", "call_id": "1", "output": "noon"}]
    return [call("/responses", {"model": "m", "input": items}, completed("resp_fo", "At noon."))], [
        says("tide?", hidden=ANY, hidden_has="noon"), answers("At noon.")]


@case
def sound_in_events():
    events = ('data: {"type":"speech.audio.delta","audio":"' + base64.b64encode(WAV).decode() + '"}\n\ndata: {"type":"speech.audio.done","usage":{}}\n\n')
    return [call("/audio/speech", {"model": "gpt-4o-mini-tts", "input": "hello", "voice": "alloy", "stream_format": "sse"}, events, answer_kind="text/event-stream")], [
        says("hello"), expect("response_with_file.generated", None, complete=True, files=[{"bytes": len(WAV), "sha256": sha(WAV)}])]


@case
def picture_whole_at_last():
    events = typed({"type": "image_generation.partial_image", "b64_json": base64.b64encode(PNG[:30]).decode(), "partial_image_index": 0},
                   {"type": "image_generation.completed", "b64_json": base64.b64encode(PNG).decode(), "usage": {}})
    return [stream("/images/generations", {"model": "gpt-image-1", "prompt": "harbour", "partial_images": 1}, *events, done=False)], [
        says("harbour"), expect("response_with_file.generated", None, complete=True, files=[{"bytes": len(PNG), "sha256": sha(PNG), "type": "image/png"}])]
