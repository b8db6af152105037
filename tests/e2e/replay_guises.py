"""Cases of test_replay.py: shapes of the fact sheet in another guise: members in
another order and beside unknown ones, headers in another case, bodies that are
compressed or framed in rarer ways, regional and older hosts."""
import base64
import gzip
import json
import urllib.parse

from exchanges import CARD, CHAT, F, add, append, delta, document, dumps, entry, message, prompt, sse, token
from replay_cases import ANY, BAD, answers, case, expect, says
from replay_files_up import PNG, SAS, TEXT, TYPE, parts, whole
from replay_ws import create, down, socket, turn, up

B = CHAT + "/backend-api"
JSON = "application/json"


def write(url, body, answer="{}", second=0, kind=JSON, answer_kind=JSON, **more):
    text = body if isinstance(body, (str, bytes)) else dumps(body)
    reply = answer if isinstance(answer, (str, bytes)) else dumps(answer)
    return entry(url, text, reply, kind=kind, answer_kind=answer_kind, second=second, **more)


def read(url, answer, second=0, kind=JSON, **more):
    return entry(url, None, answer if isinstance(answer, (str, bytes)) else dumps(answer), method="GET", answer_kind=kind,
                 second=second, **more)


# ---- prompts ----

@case
def guise_shouted_headers_of_an_app():
    fields = {"AUTHORIZATION": token("k@example.com", user="user-31", account="w-31").replace("Bearer", "bearer"),
              "OAI-Device-Id": "dev-31", "Oai-Client-Type": "android"}
    body = {"model": "auto", "zz": {"deep": [1, {"x": None}]}, "parent_message_id": "root", "messages": [
        {"metadata": {}, "content": {"parts": ["from the train"], "content_type": "text", "extra": 1}, "status": "in_progress",
         "author": {"metadata": {}, "name": None, "role": "user"}, "id": "m-31", "weight": 1.0}], "action": "next"}
    return [write("https://android.chat.openai.com/backend-anon/conversation", body, kind="Application/JSON; Charset=utf-8",
                  fields=fields)], [
        says("from the train", message_id="m-31", parent_message_id="root", model="auto",
             actor={"user": "k@example.com", "source": "jwt", "device": "dev-31", "workspace": "w-31"})]


@case
def guise_project_by_the_other_prefix():
    body = prompt(message("plan it", "m-32"), conversation_mode={"gizmo_id": "g-p-" + "a" * 32, "kind": "gizmo_interaction"},
                  conversation_id="c-32", parent="a-31")
    return [write(CHAT + "/backend-alt/f/conversation", body)], [
        says("plan it", project_id="g-p-" + "a" * 32, conversation_id="c-32", parent_message_id="a-31")]


@case
def guise_client_of_2022():
    body = {"action": "variant", "messages": [{"id": "m-33", "role": "user", "content": {
        "content_type": "text", "parts": ["hello from 2022"]}}], "parent_message_id": "p-33",
        "model": "text-davinci-002-render"}
    answer = sse({"message": {"id": "a-33", "role": "assistant", "content": {"content_type": "text", "parts": ["Hi"]}},
                  "conversation_id": "c-33", "error": None},
                 {"message": {"id": "a-33", "role": "assistant", "content": {"content_type": "text", "parts": ["Hi there"]}},
                  "conversation_id": "c-33", "error": None})
    return [entry("https://chat.openai.com/backend-api/conversation", dumps(body), answer)], [
        says("hello from 2022", message_id="m-33", conversation_id="c-33"), answers("Hi there", message_id="a-33")]


@case
def guise_text_without_parts():
    body = prompt(message("", "m-34", content={"content_type": "text", "text": "no parts here"}))
    return [write(F, body)], [says("no parts here", message_id="m-34")]


@case
def guise_quoted_reply_between_parts():
    body = prompt(message("", "m-35", parts=["and", "", "why?"], metadata={"targeted_reply": "the sky is blue",
                                                                          "targeted_reply_label": "Reply"}))
    return [write(F, body)], [says("and\nwhy?\nthe sky is blue", message_id="m-35")]


@case
def guise_system_beside_the_user():
    body = prompt(message("you are terse", "m-36s", role="system"), message("speak", "m-36"))
    return [write(B + "/conversation", body)], [says("speak", message_id="m-36", hidden=ANY, hidden_has="you are terse")]


@case
def guise_steered_when_signed_out():
    return [write(CHAT + "/backend-anon/f/steer_turn", prompt(message("stop, do the other", "m-37"), conversation_id="c-37"))], [
        says("stop, do the other", message_id="m-37", conversation_id="c-37")]


@case
def guise_zipped_prompt():
    body = gzip.compress(dumps(prompt(message(f"zipped {CARD}", "m-38"))).encode())
    return [entry(F, body, fields={"Content-Encoding": "GZIP"}, is_base64=True)], [
        says(f"zipped {CARD}", message_id="m-38", where="prompt", **BAD)]


@case
def guise_light_form_in_another_order():
    state = {"userMessageCount": 2, "messages": [{"role": "user", "content": "earlier words"}], "conversationId": "c-39",
             "parentMessageId": "a-38"}
    form = urllib.parse.urlencode({"turnstileToken": "x" * 900, "assistantMessageId": "pending-1", "imageAttachments": "[]",
                                   "conversationState": dumps(state), "userMessageId": "m-39",
                                   "prompt": "Grüße & \"more\"\nof it", "timezone": "Europe/Paris"})
    return [write(CHAT + "/unauth-mweb/conversation?lightweight_authenticated=1", form, "",
                  kind="application/x-www-form-urlencoded;charset=UTF-8", answer_kind="text/html")], [
        says("Grüße & \"more\"\nof it", message_id="m-39", conversation_id="c-39", hidden="earlier words")]


@case
def guise_ndjson_under_another_name():
    lines = [{"version": 1, "type": "control", "detail": {"conversationId": "c-40", "kind": "conversation-id"}},
             {"type": "content", "mode": "replace", "messageId": "a-40", "revision": 1, "markdown": "Due ", "status": "streaming"},
             {"type": "content", "mode": "append", "messageId": "a-40", "revision": 2, "baseRevision": 1, "markdown": "Friday.",
              "status": "complete"}, {"type": "end", "version": 1}]
    form = urllib.parse.urlencode({"prompt": "when?", "userMessageId": "m-40", "conversationState": "{}"})
    return [write(CHAT + "/unauth-mweb/conversation/updates?lightweight_authenticated=0&operationId=o", form,
                  "\r\n".join(map(dumps, lines)) + "\r\n", kind="application/x-www-form-urlencoded",
                  answer_kind="text/event-stream")], [
        says("when?", message_id="m-40", conversation_id="c-40"), answers("Due Friday.", message_id="a-40")]


# ---- answers ----

def asks(answer, *expected, id, **more):
    return [entry(F, dumps(prompt(message("q", id))), answer, **more)], [says("q", message_id=id, conversation_id=ANY), *expected]


@case
def guise_carriage_returns_and_brotli():
    stream = delta(add(document("a-41", parent="m-41", conversation="c-41")), append("One\ntwo"), {"v": " – three"},
                   conversation="c-41", end="\r")
    return asks(stream, answers("One\ntwo – three", message_id="a-41", conversation_id="c-41", replies_to=0), id="m-41",
                answer_kind="TEXT/EVENT-STREAM", answer_encoding="br")


@case
def guise_lines_in_pieces_with_notes():
    doc = json.dumps(add(document("a-42", parent="m-42", conversation="c-42")))
    stream = (": hello\r\nid: 1\r\nretry: 9\r\nevent:delta_encoding\r\ndata:\"v1\"\r\n\r\n"
              f"event: delta\r\ndata:{doc}   \r\n\r\n"
              'id: 2\r\nevent: delta\r\ndata: {"p":"/message/content/parts/0",\r\ndata: "o":"append","v":"Hi \\ud83d\\udc4b"}\r\n\r\n'
              'data:{"type":"message_stream_complete","conversation_id":"c-42"}\r\n\r\ndata: [DONE]\r\n\r\n')
    return asks(stream, answers("Hi 👋", message_id="a-42", conversation_id="c-42"), id="m-42")


@case
def guise_two_parts_and_a_restart():
    stream = delta(add(document("a-43", [""], parent="m-43", conversation="c-43")), append("Wrong"),
                   {"p": "/message/content/parts/0", "o": "replace", "v": "Right"},
                   {"p": "/message/content/parts/1", "o": "add", "v": "Second"},
                   {"p": "/message/content/parts/1", "o": "append", "v": " part"}, conversation="c-43")
    return asks(stream, answers("Right\nSecond part", message_id="a-43", hidden=ANY, hidden_has="Wrong"), id="m-43")


@case
def guise_sandbox_link_with_blanks():
    text = "[Get it](sandbox:///mnt/data/my%20report%20(2).xlsx) or [that](sandbox:/mnt/data/b.csv)"
    stream = delta(add(document("a-44", [text], parent="m-44", conversation="c-44")), conversation="c-44")
    return asks(stream, expect("response_with_file.generated", text, complete=True, message_id="a-44",
                               files=[{"name": "my report (2).xlsx"}, {"name": "b.csv"}]), id="m-44")


@case
def guise_widgets_keep_their_marks():
    text = "See \ue200cite\ue202turn0search3\ue201 and \ue200genui\ue202{\"t\":\"x\"}\ue201."
    stream = delta(add(document("a-45", parent="m-45", conversation="c-45")), append(text), conversation="c-45")
    return asks(stream, answers(text, message_id="a-45"), id="m-45")


@case
def guise_picture_of_an_older_tool():
    part = {"asset_pointer": "file-service://file-Pic46", "content_type": "image_asset_pointer", "width": 9, "height": 9,
            "size_bytes": 77, "metadata": {"dalle": {"gen_id": "g", "prompt": "a red hen", "seed": 1}}}
    tool = document("t-46", role="tool", name="dalle.text2im", parent="m-46", conversation="c-46",
                    content={"content_type": "multimodal_text", "parts": [part]})
    stream = sse(tool, document("a-46", ["Here it is."], parent="t-46", conversation="c-46"))
    return asks(stream, expect("response_with_file.generated", "Here it is.", complete=True, message_id="a-46",
                               files=[{"id": "file-Pic46", "bytes": 77}], hidden=ANY, hidden_has="a red hen"), id="m-46")


@case
def guise_reasoning_search_and_a_tool_of_others():
    think = document("r-47", parent="m-47", conversation="c-47", content={"content_type": "thoughts", "thoughts": [
        {"summary": "Weighing", "content": "It is a trap", "chunks": [], "finished": True}]})
    call = document("k-47", parent="r-47", conversation="c-47", recipient="web.run",
                    content={"content_type": "code", "language": "unknown", "text": "{\"search\":\"lyon office\"}"})
    stream = delta(add(think, 0), add(call, 1), add(document(
        "a-47", ["Done."], parent="k-47", conversation="c-47", channel="final",
        metadata={"search_model_queries": {"type": "search_model_queries", "queries": ["lyon opening hours"]}}), 2),
        conversation="c-47")
    return asks(stream, answers("Done.", message_id="a-47", hidden=ANY, hidden_has=["It is a trap", "lyon office", "lyon opening hours"]), id="m-47")


# ---- Codex, Sora ----

@case
def guise_codex_zstd_and_history():
    body = {"stream": True, "store": False, "prompt_cache_key": "k", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "first wish"}]},
        {"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"cat\",\"key.pem\"]}", "call_id": "1"},
        {"type": "function_call_output", "call_id": "1", "output": "no such file"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "second"}, {"type": "input_text", "text": "wish"}]}],
        "instructions": "Code.", "model": "gpt-5-codex", "client_metadata": {"x": "y"}}
    fields = {"ChatGPT-Account-ID": "w-48", "originator": "codex_cli_rs",
              "authorization": token("l@example.com", user="user-48", account="w-1")}
    answer = 'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_48","model":"gpt-5-codex"}}\n\n' \
             'event: response.output_text.done\ndata: {"type":"response.output_text.done","item_id":"i","content_index":0,"text":"ok"}\n\n' \
             'event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_48","output":[]}}\n\n'
    return [entry(CHAT + "/backend-api/codex/responses", dumps(body), answer, encoding="zstd", fields=fields)], [
        says("second\nwish", model="gpt-5-codex", service="chatgpt", hidden=ANY,
             hidden_has=["first wish", "key.pem", "no such file", "Code."],
             actor={"user": "l@example.com", "workspace": "w-48"}),
        answers("ok", message_id="resp_48")]


@case
def guise_codex_frames_as_bytes():
    """A client may send its JSON as binary messages."""
    first = dumps(create("Read it")).encode()
    return [socket("wss://chatgpt.com/backend-api/codex/responses", up(first), *[
        down(dumps(e).encode()) for e in turn("r49", "Read.")], up({"type": "response.processed", "response_id": "r49"}))], [
        says("Read it", hidden=ANY, model="gpt-5-codex"), answers("Read.", message_id="r49", replies_to=0)]


@case
def guise_bytes_that_are_no_json():
    """Nobody says what they hold: scanned as they are."""
    bad = b"\x08\x01\x12\x1b" + f"pay {CARD} now".encode() + b"\x00\xff"
    return [socket("wss://ws.chatgpt.com/ws/user/user-49b?verify=x", down(b"\x08\x01\x12\x05hello\xfe"), down(bad)),
            socket("wss://chatgpt.com/backend-api/codex/responses", up(bad), second=2)], [
        expect("service.unclassified", ANY, ANY, anywhere=CARD, verdict="alert"),
        expect("service.unclassified", ANY, ANY, anywhere=CARD, **BAD)]


@case
def guise_codex_task_with_two_items():
    body = {"metadata": {"best_of_n": 2}, "input_items": [
        {"type": "message", "role": "user", "content": [{"content_type": "text", "text": "rename it"},
                                                         {"content_type": "text", "text": "everywhere"}]}],
        "new_task": {"branch": "dev", "environment_id": "env", "run_environment_in_qa_mode": False}}
    return [write(CHAT + "/backend-api/wham/tasks", body, {"task": {"id": "task_50"}})], [
        says("rename it\neverywhere", service="chatgpt")]


@case
def guise_sora_remix():
    body = {"kind": "video", "cameo_ids": [], "remix_target_id": "s_1", "prompt": "the same at night", "orientation": "wide",
            "size": "small", "n_frames": 300, "style_id": None, "model": "sy_8", "inpaint_items": [
                {"kind": "upload", "upload_id": "up_51"}]}
    return [write("https://sora.com/backend/nf/create", body, {"id": "task_1"})], [
        expect("prompt_with_file.created", "the same at night", model="sy_8", files=[{"id": "up_51"}])]


@case
def guise_sora_upload_named_beside():
    body = parts(("file_name", "fox day.png"), ("file", PNG, "blob", "image/png"))
    return [write("https://sora.chatgpt.com/backend/uploads", body, {"id": "media_52"}, kind=TYPE)], [
        expect("file.uploaded", files=[whole(PNG, id="media_52", name="fox day.png", type="image/png")])]


# ---- group chats, tasks, connectors ----

@case
def guise_group_chat_by_the_other_route():
    body = {"request_id": "r-53", "content": {"system_hints": [], "attachments": [{"type": "post", "post_id": "p"},
            {"file_id": "file_53", "type": "file"}], "text": "see this"}}
    return [write(B + "/messaging/rooms/" + "f" * 32 + "/messages", body)], [
        expect("prompt_with_file.created", "see this", files=[{"id": "file_53"}], message_id="r-53", conversation_id="f" * 32)]


@case
def guise_task_and_its_change():
    return [write(B + "/tasks", {"schedule": "RRULE", "title": "Morning", "prompt": "news of Lyon"}, {"id": "t"}),
            write(B + "/tasks/t-54", {"title": "Evening", "is_enabled": False}, method="PATCH", second=2)], [
        says("news of Lyon", hidden="Morning"), expect("prompt.updated", None, "Evening", update="edit")]


@case
def guise_connector_called_deeply():
    body = {"tool_input": {"filter": {"any": [{"name": "Ana"}, {"card": CARD}]}, "limit": 5}, "tool_name": "crm.search",
            "app_uri": "connectors://crm"}
    return [write(CHAT + "/backend-alt/ecosystem/call_mcp", body, {"result": {"content": []}})], [
        expect("tool.invoked", None, ANY, hidden_has=["Ana", CARD], target={"type": "tool", "name": "crm.search"}, **BAD)]


@case
def guise_connector_linked():
    return [write(B + "/connectors/links/list_accessible", {"principals": [{"type": "USER", "id": "u"}], "note": "mine only"})], [
        expect("tool.invoked", ANY, ANY, anywhere="mine only")]


# ---- files ----

@case
def guise_one_shot_with_its_facts_behind():
    body = parts(("file", TEXT, "Löhne 2026.csv", "text/csv"), ("use_case", "my_files"), ("index_for_retrieval", "true"))
    answer = dumps({"event": "file.processing.started", "file_id": "file-57", "progress": 0}) + "\n" + \
        dumps({"event": "file.processing.completed", "file_id": "file-57", "progress": 100}) + "\n"
    return [write(CHAT + "/backend-anon/files/process_upload_stream", body, answer, kind=TYPE, answer_kind="text/event-stream")], [
        expect("file.uploaded", files=[whole(TEXT, id="file-57", name="Löhne 2026.csv", declared_type="text/csv")])]


@case
def guise_bucket_with_a_small_query():
    url = "https://oaisdmntprwestus2aws.s3.us-west-2.amazonaws.com/files/58/raw?x-amz-algorithm=AWS4-HMAC-SHA256&x-amz-signature=s"
    made = {"library_file_id": "libfile_58", "upload_headers": {"X": "1"}, "upload_url": url, "file_id": "file_58",
            "status": "success", "strategy": "direct_aws"}
    return [write(B + "/files", {"mime_type": "text/csv", "store_in_library": True, "use_case": "agent", "file_size": str(len(TEXT)),
                                 "entry_surface": "project_sources", "gizmo_id": "g-p-58", "file_name": "b.csv"}, made),
            entry(url, TEXT, "", method="PUT", kind="text/csv", second=2, answer_kind=None)], [
        expect("file.uploaded", files=[whole(TEXT, id="file_58", name="b.csv")], project_id="g-p-58")]


@case
def guise_saved_from_a_numbered_host():
    name = urllib.parse.quote("attachment; filename=\"a plan.csv\"")
    url = f"https://files09.oaiusercontent.com/file-59?se=2026&sp=r&sv=2024&rscc=private&rscd={name}&sig=z"
    return [read(url, TEXT, kind="text/csv")], [
        expect("response_with_file.downloaded", files=[whole(TEXT, id="file-59", name="a plan.csv")], complete=True)]


@case
def guise_asked_for_by_post():
    url = CHAT + "/backend-api/estuary/content?id=file_60&ts=1&p=fs&cid=1&sig=" + "a" * 64
    link = {"mime_type": "text/csv", "file_size_bytes": len(TEXT), "metadata": {}, "file_name": "sum.csv", "status": "success",
            "download_url": url}
    return [write(B + "/conversation/c-60/interpreter/download", {"sandbox_path": "/mnt/data/sum.csv", "message_id": "m-60"}, link),
            read(url, TEXT, second=2, kind="text/csv")], [
        expect("response_with_file.downloaded", files=[whole(TEXT, name="sum.csv")], conversation_id="c-60", complete=True)]


@case
def guise_shared_page_content():
    return [read(CHAT + "/backend-api/estuary/public_content/enc/eyJpZCI6", TEXT, kind="text/csv", )], [
        expect("response_with_file.downloaded", files=[whole(TEXT)], complete=True)]


# ---- the public API ----

KEY = {"Authorization": "Bearer sk-proj-" + "z" * 40, "OpenAI-Organization": "org-61", "OpenAI-Project": "proj_61"}


@case
def guise_chat_on_a_regional_host():
    chunks = [{"id": "chatcmpl-61", "object": "chat.completion.chunk", "model": "gpt-5", "choices": [
        {"index": i, "delta": {"content": t}, "finish_reason": None}]} for i, t in ((0, "Yes"), (1, "No"), (0, "!"), (1, "?"))]
    body = {"stream_options": {"include_usage": True}, "n": 2, "stream": True, "messages": [
        {"content": "Be brief", "role": "developer"}, {"role": "user", "content": [{"text": "So?", "type": "text"}], "name": "ana"}],
        "model": "gpt-5"}
    return [entry("https://us.api.openai.com/v1/chat/completions", dumps(body), sse(
        *chunks, {"id": "chatcmpl-61", "choices": [], "usage": {"total_tokens": 9}}, end="\r\n"), fields=KEY)], [
        says("So?", model="gpt-5", service="openai-api", project_id="proj_61", hidden="Be brief\nana"),
        answers("Yes!", message_id="chatcmpl-61"), answers("No?", message_id="chatcmpl-61")]


@case
def guise_prompt_with_variables():
    body = {"prompt": {"id": "pmpt_1", "variables": {"city": "Lyon", "note": {"type": "input_text", "text": "for Ana"}}},
            "model": "gpt-5", "input": []}
    return [write("https://api.openai.com/v1/responses", body, {"id": "resp_62", "object": "response", "model": "gpt-5", "output": [
        {"type": "message", "id": "msg", "role": "assistant", "content": [{"type": "output_text", "text": "Fine."}]}]}, fields=KEY)], [
        expect("prompt.created", None, "Lyon\nfor Ana", service="openai-api"), answers("Fine.", message_id="resp_62")]


@case
def guise_dictation_in_a_stream():
    events = [{"type": "transcript.text.delta", "delta": "Call "}, {"type": "transcript.text.delta", "delta": "me"},
              {"type": "transcript.text.done", "text": "Call me."}]
    body = parts(("model", "gpt-4o-transcribe"), ("stream", "true"), ("prompt", "names: Zoe"), ("file", b"RIFF0000WAVEfmt ", "a.wav", "audio/wav"))
    return [write("https://eu.api.openai.com/v1/audio/transcriptions", body, "".join(f"data: {dumps(e)}\n\n" for e in events),
                  kind=TYPE, answer_kind="text/event-stream", fields=KEY)], [
        expect("audio.transcribed", "Call me.", ANY, files=[{"name": "a.wav"}], model="gpt-4o-transcribe", hidden_has="names: Zoe")]


@case
def guise_talk_with_older_names():
    say = [{"type": "conversation.item.created", "item": {"id": "it", "role": "user"}},
           {"type": "response.created", "response": {"id": "resp_64", "conversation_id": "conv_64"}},
           {"type": "response.text.delta", "response_id": "resp_64", "item_id": "i", "content_index": 0, "delta": "Good "},
           {"type": "response.text.delta", "response_id": "resp_64", "item_id": "i", "content_index": 0, "delta": "day"},
           {"type": "response.text.done", "response_id": "resp_64", "item_id": "i", "content_index": 0, "text": "Good day"},
           {"type": "response.done", "response": {"id": "resp_64", "status": "completed", "output": []}}]
    item = {"item": {"content": [{"text": "Hello", "type": "input_text"}], "role": "user", "type": "message", "id": "it"},
            "event_id": "e1", "type": "conversation.item.create"}
    return [socket("wss://eu.api.openai.com/v1/realtime?model=gpt-4o-realtime-preview", up(item), up({"type": "response.create"}),
                   *map(down, say), fields={"OpenAI-Beta": "realtime=v1", "authorization": KEY["Authorization"]})], [
        says("Hello", message_id="it", model="gpt-4o-realtime-preview", service="openai-api"),
        answers("Good day", message_id="resp_64", replies_to=0)]


@case
def guise_pictures_asked_for_twice():
    data = base64.b64encode(PNG).decode()
    return [write("https://api.openai.com/v1/images/generations", {"n": 2, "prompt": "two hens", "model": "gpt-image-1"},
                  {"created": 1, "data": [{"b64_json": data, "revised_prompt": "two red hens"}, {"b64_json": data}]}, fields=KEY)], [
        says("two hens", model="gpt-image-1"),
        expect("response_with_file.generated", None, "two red hens", complete=True, files=[whole(PNG, type="image/png")] * 2)]


@case
def guise_upload_in_parts_backwards():
    at = "https://api.openai.com/v1/uploads"
    up_ = {"id": "upload_66", "object": "upload", "status": "pending", "filename": "all.jsonl"}
    one, two = TEXT, b"more,1\n"
    sent = [write(f"{at}/upload_66/parts", parts(("data", data, "blob", "application/octet-stream")),
                  {"id": f"part_{i}", "upload_id": "upload_66"}, second=2 + i, kind=TYPE, fields=KEY)
            for i, data in ((2, two), (1, one))]
    done = {"id": "upload_66", "status": "completed", "file": {"id": "file-66", "filename": "all.jsonl", "bytes": len(one + two)}}
    return [write(at, {"purpose": "batch", "mime_type": "text/jsonl", "bytes": len(one + two), "filename": "all.jsonl"}, up_,
                  fields=KEY), *sent,
            write(f"{at}/upload_66/complete", {"md5": "x", "part_ids": ["part_1", "part_2"]}, done, second=8, fields=KEY)], [
        expect("file.uploaded", files=[whole(one + two, name="all.jsonl", id="file-66")], service="openai-api")]


# ---- other content ----

@case
def guise_feedback_and_a_copy():
    return [write(CHAT + "/backend-anon/conversation/message_feedback", {
                "tags": ["not-helpful"], "text": "wrong city", "rating": "thumbs_down", "message_id": "a-67", "conversation_id": "c-67"}),
            write(B + "/conversation/implicit_message_feedback", {"feedback": {
                "selected_text": f"pay {CARD}", "feedback_type": "copy"}, "source": "keyboard", "conversation_id": "c-67",
                "message_id": "a-67"}, second=2)], [
        expect("feedback.sent", "wrong city", ANY, message_id="a-67", conversation_id="c-67"),
        expect("feedback.sent", f"pay {CARD}", ANY, message_id="a-67", conversation_id="c-67", verdict=ANY, outcome=ANY)]


@case
def guise_words_in_an_address():
    q = urllib.parse.quote_plus("what is “due” today?")
    return [read(CHAT + f"/?temporary-chat=true&hints=search&model=gpt-5&q={q}", "<html></html>", kind="text/html"),
            read(B + "/conversations/search?cursor=&query=wages%20of%20Ana", {"items": []}, second=2)], [
        expect("prompt.drafted", "what is “due” today?"), expect("conversation.viewed", "wages of Ana")]


@case
def guise_canvas_saved_by_the_other_prefix():
    return [write(CHAT + "/backend-alt/textdoc/td-69", {"comments": [{"id": "k", "content": "shorter"}], "content": "# Offer\nto Lyon",
                                                        "version": 4})], [
        expect("document.edited", "shorter\n# Offer\nto Lyon", ANY)]
