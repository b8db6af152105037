"""Group chats, Codex, Sora, apps (facts/chatgpt-wire.md §3.7, §3.9 to §3.11)
and the rest of the public API (§9.3)."""
from exchanges import CARD, CHAT, dumps, entry
from replay_api import api, response, said
from replay_cases import ANY, BAD, answers, case, expect, says


def parts(*each, boundary="zz9"):
    """Each: name, value, and of a file its name and type."""
    out = b""
    for name, value, *file in each:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        out += f'; filename="{file[0]}"\r\nContent-Type: {file[1]}'.encode() if file else b""
        out += b"\r\n\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


MULTIPART = "multipart/form-data; boundary=zz9"


def upload(path, *each, **more):
    return entry("https://api.openai.com/v1" + path, parts(*each), kind=MULTIPART,
                 fields={"authorization": "Bearer sk-x"}, **more)


@case
def group_chat():
    url = CHAT + "/backend-api/calpico/chatgpt/rooms/0123456789abcdef0123456789abcdef/messages"
    body = {"content": {"text": "lunch at noon?", "attachments": [], "system_hints": []},
            "reply_to": {"message_id": "m-0"}, "request_id": "r-1"}
    file = {"content": {"text": None, "attachments": [{"type": "file", "file_id": "file_g"},
                                                      {"type": "link", "url": "https://l.example"}]}, "request_id": "r-2"}
    project = url.replace("/rooms/", "/projects/g-p-7/rooms/")
    other = {**body, "request_id": "r-3"}
    return [entry(url, dumps(body)), entry(url, dumps(file), second=2), entry(project, dumps(other), second=4),
            entry(url, dumps({"content": {"text": CARD}}), second=6)], [
        says("lunch at noon?", message_id="r-1", parent_message_id="m-0", files=None,
             conversation_id="0123456789abcdef0123456789abcdef"),
        expect("prompt_with_file.created", None, "https://l.example", files=[{"id": "file_g"}], message_id="r-2",
               verdict="alert"),
        says("lunch at noon?", project_id="g-p-7"), says(CARD, **BAD)]


@case
def codex_task():
    body = {"new_task": {"environment_id": "e", "branch": "main"}, "input_items": [
        {"type": "message", "role": "user", "content": [{"content_type": "text", "text": "fix the build"}]},
        {"type": "pre_apply_patch", "output_diff": {"diff": "--- a/x\n+++ b/x"}}], "metadata": {"best_of_n": 1}}
    return [entry(CHAT + "/backend-api/wham/tasks", dumps(body), dumps({"task": {"id": "t"}}),
                  answer_kind="application/json")], [says("fix the build", hidden="--- a/x\n+++ b/x", service="chatgpt")]


@case
def codex_turn():
    body = {"model": "gpt-5-codex", "instructions": "You code", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go on"}]}], "store": False, "stream": True}
    stream = "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in [
        {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "Done"},
        {"type": "response.completed", "response": response([said("Done")])}])
    url = CHAT + "/backend-api/codex/responses"
    card = {**body, "input": CARD}
    return [entry(url, dumps(body), stream, encoding="zstd"), entry(url, dumps(card), encoding="zstd", second=2)], [
        says("go on", hidden="You code", model="gpt-5-codex", service="chatgpt"),
        answers("Done", message_id="resp_1", service="chatgpt"), says(CARD, hidden="You code", **BAD)]


@case
def sora():
    body = {"type": "video_gen", "operation": "simple_compose", "prompt": "a fox", "width": 480, "n_variants": 1,
            "inpaint_items": [{"type": "image", "frame_index": 0, "upload_media_id": "media_1"}]}
    board = {"kind": "video", "prompt": "a hen", "model": "sy_8", "inpaint_items": []}
    return [entry("https://sora.chatgpt.com/backend/video_gen", dumps(body)),
            entry("https://sora.com/backend/nf/create", dumps(board), second=2),
            entry("https://sora.chatgpt.com/backend/uploads", parts(("file", b"\x89PNG", "fox.png", "image/png")),
                  kind=MULTIPART, second=4)], [
        expect("prompt_with_file.created", "a fox", files=[{"id": "media_1"}]), says("a hen", model="sy_8"),
        expect("file.uploaded", files=[{"name": "fox.png", "bytes": 4, "declared_type": "image/png"}])]


@case
def sora_storyboards_and_uploads():
    board = {"kind": "video", "title": "Hens", "prompt": "a hen", "audio_caption": "birds", "audio_transcript": "cluck",
             "video_caption": "wide", "n_frames": 300, "model": "sy_8", "inpaint_items": []}
    sora = "https://sora.chatgpt.com/backend"

    def sent(path, name, second, id):
        return entry(sora + path, parts(("file", b"\x89PNG", name, "image/png"), ("timestamps", "0,3")),
                     dumps({id: "up_" + name}), kind=MULTIPART, answer_kind="application/json", second=second)
    return [entry(sora + "/nf/create/storyboard", dumps(board)),
            entry(sora + "/editor/enhance_prompt", dumps({"prompt": "a hen, nicer"}), second=2),
            sent("/characters/upload", "c.png", 4, "id"), sent("/project_y/file/upload", "p.png", 6, "file_id"),
            entry(sora + "/project_y/post/s_1/comment", dumps({"text": "love it"}), second=8)], [
        says("Hens\na hen\nbirds\ncluck\nwide", model="sy_8"), says("a hen, nicer"),
        expect("file.uploaded", files=[{"id": "up_c.png", "name": "c.png", "bytes": 4}]),
        expect("file.uploaded", files=[{"id": "up_p.png", "name": "p.png", "bytes": 4}]),
        expect("conversation.shared", "love it")]


@case
def apps_and_automations():
    call = {"app_uri": "connectors://x", "tool_name": "search", "tool_input": {"query": "q3 figures"}}
    return [entry(CHAT + "/backend-api/ecosystem/call_mcp", dumps(call)),
            entry(CHAT + "/backend-api/automations", dumps({"prompt": "each day", "title": "T", "schedule": "RRULE:X"}), second=2)], [
        expect("tool.invoked", None, "connectors://x\nsearch\nq3 figures"), says("each day", hidden="T")]


@case
def api_completions():
    answer = dumps({"id": "cmpl-1", "object": "text_completion", "model": "m1", "choices": [{"index": 0, "text": " there"}]})
    return [api("/completions", {"model": "m", "prompt": ["Hello", "you"], "suffix": "!"}, answer),
            entry("https://eu.api.openai.com/v1/completions", dumps({"model": "m", "prompt": "hi"}), second=2)], [
        says("Hello\nyou", hidden="!", model="m", service="openai-api"), answers(" there", message_id="cmpl-1"),
        says("hi", service="openai-api")]


@case
def api_embeddings_and_search():
    return [api("/embeddings", {"model": "e", "input": ["one", "two"]}), api("/moderations", {"input": "bad?"}, second=2),
            api("/vector_stores/vs_1/search", {"query": "tax"}, second=4)], [
        expect("tool.invoked", "one\ntwo", model="e"), expect("tool.invoked", "bad?"), expect("tool.invoked", "tax")]


@case
def api_images_and_speech():
    return [api("/images/generations", {"model": "i", "prompt": "a hen"}),
            upload("/images/edits", ("model", "i"), ("prompt", "add a hat"), ("image[]", b"\x89PNG1", "a.png", "image/png"),
                   ("mask", b"\x89PNG", "m.png", "image/png"), second=2),
            api("/audio/speech", {"model": "t", "input": "Hello", "instructions": "calm"}, second=4),
            upload("/videos", ("prompt", f"card {CARD}"), ("input_reference", b"x", "r.png", "image/png"), second=6),
            upload("/images/variations", ("image", CARD, "c.txt", "text/plain"), second=8)], [
        says("a hen", model="i"),
        expect("prompt_with_file.created", "add a hat", model="i", category="Data Upload", files=[
            {"name": "a.png", "bytes": 5, "declared_type": "image/png"}, {"name": "m.png", "bytes": 4}]),
        says("Hello", hidden="calm"),
        expect("prompt_with_file.created", f"card {CARD}", where="prompt", **{**{"files": [{"name": "r.png"}]}, **BAD}),
        expect("prompt_with_file.created", None, where="file", **{**{"files": [{"name": "c.txt"}]}, **BAD})]


@case
def api_rarer_inputs():
    return [upload("/audio/translations", ("file", b"xx", "a.m4a", "audio/mp4"), ("model", "w"), answer='{"text":"In English"}',
                   answer_kind="application/json"),
            api("/videos/video_1/remix", {"prompt": "slower"}, second=2),
            api("/responses/input_tokens", {"model": "m", "input": "count me"}, second=4),
            api("/responses/compact", {"model": "m", "input": "make it short"}, second=6)], [
        expect("audio.transcribed", "In English", model="w"), says("slower"),
        expect("prompt.drafted", "count me", model="m"), expect("prompt.drafted", "make it short")]


@case
def api_files():
    return [upload("/files", ("purpose", "assistants"), ("file", "plain words", "a.txt", "text/plain")),
            api("/batches", {"input_file_id": "file-9", "endpoint": "/v1/responses"}, second=6)], [
        expect("file.uploaded", files=[{"name": "a.txt", "bytes": 11, "declared_type": "text/plain"}]),
        expect("prompt_with_file.created", files=[{"id": "file-9"}])]


def run(*events):
    return "".join(f"event: {name}\ndata: {data if isinstance(data, str) else dumps(data)}\n\n" for name, data in events)


def grown(text):
    return ("thread.message.delta", {"id": "msg_7", "object": "thread.message.delta", "delta": {
        "content": [{"index": 0, "type": "text", "text": {"value": text, "annotations": []}}]}})


@case
def api_threads():
    begun = ("thread.run.created", {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "model": "gpt-4o"})
    whole = ("thread.message.completed", {"id": "msg_7", "object": "thread.message", "thread_id": "thread_1",
                                          "role": "assistant", "content": [{"type": "text", "text": {"value": "Hello"}}]})
    message = {"role": "user", "content": [{"type": "text", "text": "Hi"},
                                           {"type": "image_file", "image_file": {"file_id": "file-2"}}], "attachments": [{"file_id": "file-3", "tools": []}]}
    return [api("/threads", {}), api("/threads/thread_1/messages", message, second=2),
            api("/threads/thread_1/runs", {"assistant_id": "a", "stream": True, "additional_instructions": "be calm"},
                run(begun, grown("Hel"), grown("lo"), whole, ("done", "[DONE]")), "text/event-stream", second=4),
            api("/threads/runs", {"assistant_id": "a", "thread": {"messages": [{"role": "user", "content": "Bye"}]}, "stream": True},
                run(begun, grown("Far")), "text/event-stream", second=6),
            api("/threads/thread_1/runs/run_1/submit_tool_outputs", {"tool_outputs": [{"tool_call_id": "c", "output": "42 C"}]},
                second=8),
            api("/assistants", {"model": "m", "instructions": "Be good", "name": "N"}, second=10)], [
        says(None), expect("prompt_with_file.created", "Hi", conversation_id="thread_1", files=[{"id": "file-2"}, {"id": "file-3"}]),
        says(None, hidden="be calm", conversation_id="thread_1"),
        answers("Hello", message_id="msg_7", conversation_id="thread_1", model="gpt-4o"),
        says("Bye"), answers("Far", complete=False), expect("tool.invoked", None, "42 C"),
        expect("instructions.updated", "Be good", "N", model="m")]


@case
def api_events_told_by_name():
    """Members that a shape leaves out: the event's name says what it holds."""
    events = run(("thread.run.created", {"id": "run_1", "thread_id": "thread_1", "model": "m"}),
                 ("thread.message.created", {"id": "msg_2", "thread_id": "thread_1", "role": "assistant"}),
                 ("thread.message.delta", {"id": "msg_2", "delta": {"content": [{"index": 0, "text": {"value": "He"}}]}}),
                 ("thread.message.delta", {"id": "msg_2", "delta": {"content": [{"index": 0, "text": {"value": "llo"}}]}}),
                 ("thread.run.step.completed", {"id": "step_1", "thread_id": "thread_1"}), ("done", "[DONE]"))
    named = run(("response.output_text.delta", {"item_id": "i", "content_index": 0, "delta": "ab"}),
                ("response.completed", {"response": {"id": "resp_n", "output": []}}))
    return [api("/threads/thread_1/runs", {"assistant_id": "a", "additional_messages": [{"role": "user", "content": "Go"}],
                                           "stream": True}, events, "text/event-stream"),
            api("/responses", {"model": "m", "input": "x", "stream": True}, named, "text/event-stream", second=2)], [
        says("Go", conversation_id="thread_1"),
        answers("Hello", message_id="msg_2", conversation_id="thread_1", model="m", complete=True),
        says("x"), answers("ab", message_id="resp_n", complete=True)]


@case
def api_begun_conversations():
    hi = {"messages": [{"role": "user", "content": "Hi"}]}
    item = {"items": [{"type": "message", "role": "user", "content": "Ho"}]}
    return [api("/threads", hi, dumps({"id": "thread_8", "object": "thread"})),
            api("/threads", hi, dumps({"id": "thread_9"}), second=2),
            api("/conversations", item, dumps({"id": "conv_9", "object": "conversation"}), second=4)], [
        says("Hi", conversation_id="thread_8"), says("Hi", conversation_id="thread_9"),
        says("Ho", conversation_id="conv_9")]


@case
def api_message_has_its_id_from_the_thread():
    body = {"role": "user", "content": "Hi"}
    made = {"id": "msg_u1", "object": "thread.message", "thread_id": "thread_5", "role": "user"}
    other = {"id": "msg_a1", "object": "thread.message", "thread_id": "thread_5", "role": "assistant"}
    return [api("/threads/thread_5/messages", body, dumps(made)),
            api("/threads/thread_5/messages", {**body, "role": "assistant"}, dumps(other), second=2)], [
        says("Hi", message_id="msg_u1", conversation_id="thread_5"),
        expect("prompt.created", ANY, ANY, message_id=None, conversation_id="thread_5")]


@case
def api_conversations():
    items = {"items": [{"type": "message", "role": "user", "content": "Keep this"}]}
    return [api("/conversations", items), api("/conversations/conv_1/items", items, second=2)], [
        says("Keep this"), says("Keep this", conversation_id="conv_1")]


def node(id, parent, role, text, kind="text", **more):
    content = {"content_type": kind, **({"parts": [text]} if kind == "text" else {"text": text})}
    return {id: {"id": id, "parent": parent, "children": [], "message": {
        "id": id, "author": {"role": role}, "content": content, "recipient": "all", "metadata": {}, **more}}}


@case
def conversation_viewed():
    mapping = {"root": {"id": "root", "message": None, "parent": None, "children": ["u1"]}}
    for each in (node("a2", "u2", "assistant", "4"), node("u1", "root", "user", "one"), node("a1", "u1", "assistant", "two"),
                 node("x1", "u1", "assistant", "another branch"), node("u2", "t1", "user", "three"),
                 node("t1", "a1", "tool", "logs", "execution_output")):
        mapping.update(each)
    tree = {"title": "T", "mapping": mapping, "current_node": "a2", "conversation_id": "c-view"}
    circle = {"mapping": {**node("p", "q", "user", "P"), **node("q", "p", "assistant", "Q")}, "current_node": "p"}
    url = CHAT + "/backend-api/conversation/c-view"
    return [entry(url, None, dumps(tree), method="GET", answer_kind="application/json"),
            entry(url, None, dumps({"detail": "not found"}), method="GET", answer_kind="application/json", status=404, second=2),
            entry(url, None, dumps(circle), method="GET", answer_kind="application/json", second=4)], [
        expect("conversation.viewed", "one\ntwo\nthree\n4", "logs", conversation_id="c-view", category="Data Access",
               service="chatgpt", complete=None),
        expect("conversation.viewed", "Q\nP", verdict="alert")]
