"""Whole turns, both ways (facts/chatgpt-wire.md §3, §4, §7): what one sentence of
the sheet says of a request and another of its answer, together."""
import base64
import json

from exchanges import CHAT, F, OLD, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse
from replay_cases import ANY, answers, case, expect, says
from replay_mweb import FORM, NDJSON, PARTIAL, control, form, line, piece
from replay_ws import CODEX, down, socket, up

JS = "application/json"


def ok(n, text="Ok", which="a", parent="u"):
    return plain(text, f"fc{n}-{which}", f"fc{n}-{parent}", f"fc{n}-c")


def doc(n, role="assistant", which="a", parts=None, parent="u", **more):
    return document(f"fc{n}-{which}", parts, role, parent=f"fc{n}-{parent}", conversation=f"fc{n}-c", **more)


def told(n, text="Ok", which="a", **more):
    return answers(text, **{"message_id": f"fc{n}-{which}", "conversation_id": f"fc{n}-c", **more})


def ask(n, text=None, which="u", **more):
    return dumps(prompt(message(text or f"ask {n}", f"fc{n}-{which}"), **more))


def js(path, body, answer="{}", method="POST", second=0, **more):
    return entry(CHAT + path, dumps(body) if body is not None else None, answer, method=method, answer_kind=JS, second=second, **more)


@case
def turn_middle_prompt_edited_twice():
    c = {"conversation_id": "fc1-c"}
    turns = [("One", "u1", "client-created-root", {}, None), ("Two", "u2", "fc1-a1", c, None), ("Three", "u3", "fc1-a2", c, None),
             ("Two b", "u4", "fc1-a1", c, "edit"), ("Two c", "u5", "fc1-a1", c, "edit"), ("Four", "u6", "fc1-a5", c, None)]
    made, want = [], []
    for i, (text, id, parent, more, update) in enumerate(turns, 1):
        made.append(entry(F, ask(1, text, id, parent=parent, **more), ok(1, f"A{i}", f"a{i}", id), second=3 * i))
        want += [expect("prompt.updated" if update else "prompt.created", text, update=update, message_id=f"fc1-{id}", conversation_id="fc1-c",
                        parent_message_id=parent), told(1, f"A{i}", f"a{i}", replies_to=2 * i - 2)]
    return made, want


@case
def turn_lost_connection_and_again():
    return [entry(F, ask(2), None, status=0, answer_kind=None), entry(F, ask(2), ok(2), second=8)], [
        says("ask 2", attempts=2, message_id="fc2-u", conversation_id="fc2-c"), told(2, replies_to=0)]


@case
def turn_files_of_two_messages():
    def m(text, id, *files):
        return message(text, id, metadata={"attachments": [{"id": i, "name": n, "mime_type": "text/csv", "size": 3} for i, n in files]})
    body = prompt(m("See", "fc3-u1", ("file-CCCCCCCCCCCCCCCCCCfc31", "a b.csv")), m("and", "fc3-u2", ("file-CCCCCCCCCCCCCCCCCCfc32", "é.csv")), message("compare", "fc3-u3"))
    return [entry(F, dumps(body), ok(3, parent="u3"))], [
        expect("prompt_with_file.created", "See\nand\ncompare", message_id="fc3-u3",
               files=[{"id": "file-CCCCCCCCCCCCCCCCCCfc31", "name": "a b.csv"}, {"id": "file-CCCCCCCCCCCCCCCCCCfc32", "name": "é.csv"}]), told(3)]


@case
def turn_editing_a_prompt_with_a_file():
    def m(text, id):
        return message(text, id, metadata={"attachments": [{"id": "file-DDDDDDDDDDDDDDDDDDfc41", "name": "plan.pdf"}]})
    return [entry(F, dumps(prompt(m("Read", "fc4-u1"))), ok(4, "R", "a1", "u1")),
            entry(F, dumps(prompt(m("Read it", "fc4-u2"), conversation_id="fc4-c")), ok(4, "S", "a2", "u2"), second=5),
            entry(F, dumps(prompt(m("Read it", "fc4-u2"), conversation_id="fc4-c", action="variant")), ok(4, "T", "a3", "u2"), second=9)], [
        expect("prompt_with_file.created", "Read", update=None, files=[{"name": "plan.pdf"}]), told(4, "R", "a1"),
        expect("prompt_with_file.updated", "Read it", update="edit", files=[{"name": "plan.pdf"}]), told(4, "S", "a2"),
        expect("prompt_with_file.updated", "Read it", update="regenerate", files=[{"name": "plan.pdf"}]), told(4, "T", "a3")]


@case
def turn_over_one_point_one_with_a_query():
    return [entry(F + "?source=x", ask(5), ok(5), version="HTTP/1.1", kind="application/json; charset=UTF-8")], [
        says("ask 5", http={"path": "/backend-api/f/conversation", "version": "1.1", "method": "POST"}), told(5)]


@case
def turn_codex_socket_with_a_string_and_no_type_of_message():
    def r(type, **more):
        return {"type": type, "response": {"id": "fc6-r", "model": "gpt-5.1-codex", **more}}
    return [socket(CODEX, up({"input": "Explain main.c", "type": "response.create", "model": "gpt-5.1-codex", "previous_response_id": "resp_0"}),
                   down(r("response.created")), down({"type": "response.output_text.done", "item_id": "m", "output_index": 0, "content_index": 0, "text": "It starts."}),
                   down(r("response.completed", status="completed", output=[{"type": "message", "id": "m", "role": "assistant", "content": [
                       {"type": "output_text", "text": "It starts."}]}])))], [
        says("Explain main.c", model="gpt-5.1-codex", parent_message_id="resp_0"), answers("It starts.", message_id="fc6-r", replies_to=0)]


@case
def turn_sora_video_and_a_better_prompt():
    return [entry("https://sora.chatgpt.com/backend/editor/enhance_prompt", dumps({"prompt": "cat on a boat", "expansion_level": "long"}),
                  dumps({"enhanced_prompt": "A ginger cat"}), answer_kind=JS),
            entry("https://sora.chatgpt.com/backend/video_gen", dumps({"type": "video_gen", "operation": "simple_compose", "n_variants": 2, "n_frames": 150,
                  "height": 480, "width": 854, "prompt": "A ginger cat on a boat", "inpaint_items": []}), dumps({"id": "task_7"}), answer_kind=JS, second=4)], [
        says("cat on a boat", hidden=ANY), says("A ginger cat on a boat", hidden=ANY)]


@case
def turn_nothing_is_said_by_telemetry():
    return [js("/backend-api/conversation/init", {"gizmo_id": None, "requested_default_model": None, "conversation_id": None, "timezone_offset_min": -60}),
            js("/backend-api/sentinel/chat-requirements", {"p": "gAAAAAC" + "x" * 40}, second=1), js("/backend-api/lat/r", {"server_request_id": "9-CDG", "client_metric_first_token": 3}, second=2),
            js("/ces/v1/t", {"event": "Send", "properties": {"text_length": 5}}, second=3),
            js("/backend-api/stop_conversation", {"conversation_id": "fc8-c"}, second=4),
            entry(CHAT + "/backend-api/conversation/fc8-c/stream_status", None, dumps({"status": "IS_STREAMING"}), method="GET", answer_kind=JS, second=5)], []


@case
def turn_history_in_another_order():
    def node(id, parent, role, parts, **more):
        return {"id": id, "parent": parent, "children": [], "message": {"id": id, "author": {"role": role}, "recipient": more.pop("recipient", "all"),
                "content": more.pop("content", {"content_type": "text", "parts": parts}), "metadata": more}}
    nodes = [node("fc9-4", "fc9-3", "assistant", ["Fine, thanks"]), node("fc9-1", "fc9-0", "user", ["How are you"]),
             {"id": "fc9-0", "message": None, "parent": None, "children": ["fc9-1"]},
             node("fc9-3", "fc9-2", "tool", [""], content={"content_type": "execution_output", "text": "pulse ok"}),
             node("fc9-2", "fc9-1", "assistant", [""], recipient="python", content={"content_type": "code", "text": "pulse()"})]
    tree = {"current_node": "fc9-4", "conversation_id": "fc9-c", "mapping": {n["id"]: n for n in nodes}, "title": "Health", "is_archived": None}
    return [entry(CHAT + "/backend-api/conversation/fc9-c", None, dumps(tree), method="GET", answer_kind=JS, answer_encoding="br")], [
        expect("conversation.viewed", "How are you\nFine, thanks", hidden=ANY, hidden_has=["pulse ok", "pulse()"], conversation_id="fc9-c")]


@case
def turn_dictation():
    body = ('--b\r\nContent-Disposition: form-data; name="language"\r\n\r\nfr\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="whisper.webm"\r\n'
            'Content-Type: audio/webm;codecs=opus\r\n\r\n\x1a\r\n--b--\r\n')
    return [entry(CHAT + "/backend-api/transcribe", body, dumps({"text": "Quelle heure est-il ?"}), kind="multipart/form-data; boundary=b", answer_kind=JS)], [
        expect("audio.transcribed", "Quelle heure est-il ?", hidden=ANY, files=ANY)]


def item(topic, n, text, conversation, **more):
    return {"type": "message", "topic_id": topic, "offset": str(n), "payload": {"type": "conversation-turn-stream", "payload": {
        "type": "stream-item", "conversation_id": conversation, "turn_id": more.pop("turn", "t"), "stream_item_id": f"{topic}/{n}",
        "parent_stream_item_id": f"{topic}/{n - 1}", "encoded_item": text}}}


def ev(d):
    return f"event: delta\ndata: {dumps(d)}\n\n"


V1 = "event: delta_encoding\ndata: \"v1\"\n\n"


def end(n):
    return f'data: {{"type":"message_stream_complete","conversation_id":"fc{n}-c"}}\n\ndata: [DONE]\n\n'


def stub(n, topic, *docs, turn=None):
    return sse(("delta_encoding", '"v1"'), *[("delta", add(d, i)) for i, d in enumerate(docs)],
               {"type": "stream_handoff", "conversation_id": f"fc{n}-c", "turn_exchange_id": turn or f"fc{n}-t", "options": [
                   {"type": "subscribe_ws_topic", "topic_id": topic}]})


@case
def turn_low_ttl_topic_and_documents_in_the_stub():
    t = "conv-turn-low-ttl-fc11"
    sys = doc(11, "system", "s", [""], metadata={"is_visually_hidden_from_conversation": True})
    s = socket("wss://ws.chatgpt.com/ws/user/user-fc11?verify=1-x",
               down([item(t, 1, V1 + ev(add(sys)), "fc11-c", turn="fc11-t"), item(t, 2, ev({"v": doc(11, parent="s", channel="final"), "c": 1}), "fc11-c", turn="fc11-t")], 3),
               down(item(t, 3, ev(append("Deep ")) + ev({"v": "thought"}), "fc11-c", turn="fc11-t"), 4), up([], 4.5), down([], 4.6),
               down([item(t, 4, end(11), "fc11-c", turn="fc11-t")], 5))
    return [s, entry(F, ask(11), stub(11, t, sys), second=1)], [says("ask 11", conversation_id="fc11-c"), told(11, "Deep thought", replies_to=0, parent_message_id="fc11-s")]


@case
def turn_socket_breaks_and_the_next_catches_up():
    t = "conversation-turn-fc12"
    one, two, three = V1 + ev(add(doc(12))), ev(append("Before ")), ev({"v": "the break "})
    a = socket("wss://ws.chatgpt.com/ws/user/user-fc12?verify=1-x", down([item(t, 1, one, "fc12-c", turn="fc12-t")], 2), down([item(t, 2, two, "fc12-c", turn="fc12-t")], 3))
    b = socket("wss://ws.chatgpt.com/ws/user/user-fc12?verify=2-y",
               up([{"id": 1, "command": {"type": "subscribe", "topic_id": t, "offset": "1"}}]),
               down([{"type": "reply", "reply": {"topic_id": t, "catchups": [{"payload": item(t, n, x, "fc12-c", turn="fc12-t")["payload"]} for n, x in ((2, two), (3, three))]}}], 1),
               down([item(t, 4, ev({"v": "and after"}), "fc12-c", turn="fc12-t"), item(t, 5, end(12), "fc12-c", turn="fc12-t")], 2), second=10)
    return [a, entry(F, ask(12), stub(12, t), second=1), b], [says("ask 12", conversation_id="fc12-c"),
                                                            told(12, "Before the break and after", replies_to=0)]


@case
def turn_async_task_told_by_its_steps():
    def upd(kind, m, at):
        return down([{"type": "message", "topic_id": "conversations", "payload": {"type": "conversation-update", "conversation_id": "fc13-c",
                      "update_type": kind, "update_content": {"message": m}}}], at)
    def msg(text, status):
        return doc(13, parts=[text], status=status, metadata={"async_task_id": "at13", "async_task_type": "research"})["message"]
    s = socket("wss://ws.chatgpt.com/ws/user/user-fc13?verify=1-x", upd("async-task-start", msg("", "in_progress"), 3),
               upd("async-task-update-message", msg("Draft", "in_progress"), 4), upd("async-task-update-message", msg("Draft, done", "finished_successfully"), 5))
    return [s, entry(F, ask(13), sse({"type": "conversation_async_status", "async_status": 1, "conversation_id": "fc13-c"},
                                     {"type": "stream_handoff", "conversation_id": "fc13-c", "turn_exchange_id": "x", "options": []}), second=1)], [
        says("ask 13", conversation_id="fc13-c"), told(13, "Draft, done", replies_to=0)]


def light(n, answer, kind=PARTIAL, **more):
    return entry(CHAT + f"/unauth-mweb/conversation/updates?lightweight_authenticated=0&operationId={n}", form(f"ask {n}", f"fc{n}-u", **more), answer, kind=FORM, answer_kind=kind)


def tpl(n, region, how, html):
    return f'<template data-web-mobile-dpu-frame="{n}"><template for="{region}" data-web-mobile-dpu-apply="{how}">{html}</template></template>'


@case
def turn_partials_that_only_grow_their_tail():
    r = "assistant-pending-1d-"
    t = (tpl(1, r + "pending", "replace", '<p data-assistant-stream-block="" data-assistant-stream-block-index="0">Only</p>') +
         tpl(2, r + "pending-tail", "append", '<span> a tail &lt;3</span>') +
         '<template data-web-mobile-dpu-frame="3"><span data-conversation-control="conversation-id" data-conversation-id="fc14-c"></span>'
         '<span data-conversation-control="complete" data-message-id="fc14-a"></span></template>')
    return [light(14, t)], [says("ask 14", conversation_id="fc14-c"), told(14, "Only a tail <3", hidden=ANY)]


@case
def turn_partials_with_two_committed_blocks():
    r = "assistant-pending-2e-"
    b = '<{0} data-assistant-stream-block="" data-assistant-stream-block-index="{1}">{2}</{0}>'
    t = (tpl(1, r + "pending", "replace", b.format("h2", 0, "Ports")) + tpl(2, r + "committed-block-0", "replace", b.format("h2", 0, "Ports")) +
         tpl(3, r + "pending", "replace", b.format("p", 1, "Brest and")) + tpl(4, r + "committed-block-1", "replace", b.format("p", 1, "Brest and Lorient")) +
         '<template data-web-mobile-dpu-frame="9"><span data-conversation-control="message-stream-complete" data-message-id="fc15-a" data-conversation-id="fc15-c"></span></template>')
    return [light(15, t)], [says("ask 15"), answers(ANY, hidden=ANY, content_has=["Ports", "Brest and Lorient"], message_id="fc15-a")]


@case
def turn_lines_without_a_first_replacement():
    t = (control("started") + line("content", messageId="fc16-a", revision=1, mode="append", markdown="Just ", status="streaming") +
         line("content", messageId="fc16-a", revision=2, mode="append", markdown="added", status="complete", dil=None) +
         line("state", conversationState=dumps({"backendConversationId": "fc16-c", "messages": [{"text": "Just added"}]})) + line("end"))
    return [light(16, t, NDJSON + "; charset=utf-8")], [says("ask 16", conversation_id="fc16-c"), told(16, "Just added")]


@case
def turn_light_follow_up_and_its_edit():
    def st(parent):
        return {"conversationState": dumps({"messages": [], "parentMessageId": parent, "userMessageCount": 1, "backendConversationId": "fc17-c"})}
    def reply(n, text):
        return control("conversation-id", conversationId="fc17-c") + piece(text, 1, "replace", "complete", f"fc17-{n}") + line("end")
    def go(text, user, answer, second, **more):
        e = entry(CHAT + "/unauth-mweb/conversation/updates?lightweight_authenticated=0", form(text, f"fc17-{user}", **more), answer, kind=FORM, answer_kind=NDJSON, second=second)
        return e
    return [go("first", "u1", reply("a1", "One"), 0), go("second", "u2", reply("a2", "Two"), 3, **st("fc17-a1"))], [
        says("first", conversation_id="fc17-c", message_id="fc17-u1"), answers("One", message_id="fc17-a1", replies_to=0),
        says("second", conversation_id="fc17-c", parent_message_id="fc17-a1"), answers("Two", message_id="fc17-a2", replies_to=2)]


@case
def turn_old_stream_whose_text_shrinks():
    return [entry(OLD, ask(18), legacy(doc(18, parts=["It is 13 July"]), doc(18, parts=["It is 14"]), doc(18, parts=["It is 14 July"], end_turn=True)))], [
        says("ask 18"), told(18, "It is 14 July", hidden="It is 13 July")]


@case
def turn_stopped_halfway():
    return [entry(F, ask(19), delta(add(doc(19)), append("Going on and"), {"p": "/message/status", "o": "replace", "v": "finished_partial_completion"},
                                    complete=False, done=False))], [says("ask 19"), told(19, "Going on and", complete=False)]


@case
def turn_cut_at_the_limit_and_continued():
    one = delta(add(doc(20)), append("Part one,"), {"p": "/message/metadata", "o": "append", "v": {"finish_details": {"type": "max_tokens"}}}, conversation="fc20-c")
    two = delta(add(doc(20, which="a2", parent="a")), append(" part two."), conversation="fc20-c")
    return [entry(F, ask(20), one), entry(F, dumps(prompt(action="continue", parent="fc20-a", conversation_id="fc20-c", messages=[])), two, second=4)], [
        says("ask 20"), told(20, "Part one,"),
        expect("prompt.updated", None, update="continue", parent_message_id="fc20-a", conversation_id="fc20-c"), told(20, " part two.", "a2", replies_to=2)]


@case
def turn_crlf_and_data_over_two_lines():
    t = V1.replace("\n", "\r\n")
    for d in (add(doc(21)), append("Split "), {"v": "lines"}):
        s = json.dumps(d, indent=1, ensure_ascii=False).split("\n")
        t += "event: delta\r\n" + "".join(f"data: {x}\r\n" for x in s) + "\r\n"
    t += end(21).replace("\n", "\r\n")
    return [entry(F, ask(21), t)], [says("ask 21"), told(21, "Split lines")]


@case
def turn_help_line_and_toast():
    return [entry(F, ask(22), delta(add(doc(22)), {"type": "toast", "text": "You are low on messages"}, append("I am here"),
                                    {"type": "display_crisis_helpline_message", "text": "Call 3114", "message_id": "fc22-a"},
                                    {"type": "url_moderation", "message_id": "fc22-a", "url_moderation_result": {"full_url": "https://e.org/a", "is_safe": True}},
                                    conversation="fc22-c"))], [says("ask 22"), told(22, "I am here", hidden=ANY, verdict=ANY)]


@case
def turn_picture_of_a_tool_and_an_empty_answer():
    pic = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-EEEEEEEEEEEEEEEEEEfc23",
           "size_bytes": 100, "width": 1024, "height": 1024, "metadata": {"dalle": {"gen_id": "g1", "prompt": "two boats", "seed": 5}}}]}
    return [entry(F, ask(23), legacy(doc(23, which="k", recipient="dalle.text2im", content={"content_type": "code", "language": "json", "text": "{\"prompt\":\"boats\"}"}),
                                     doc(23, "tool", "t", content=pic, name="dalle.text2im", parent="k"), doc(23, parts=[""], parent="t", end_turn=True)))], [
        says("ask 23"), expect("response_with_file.generated", None, hidden=ANY, hidden_has=["two boats", "boats"], complete=True, message_id=ANY,
                               file_ids=["file-EEEEEEEEEEEEEEEEEEfc23"], conversation_id="fc23-c")]


@case
def turn_token_with_little_in_it():
    def bearer(claims):
        return {"authorization": "Bearer eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(dumps(claims).encode()).decode().rstrip("=") + ".sig"}
    auth = "https://api.openai.com/auth"
    return [entry(F, ask(24), ok(24), fields={**bearer({"sub": "auth0|abc", auth: {"user_id": "user-24", "chatgpt_account_id": "w-24", "chatgpt_plan_type": "hc"}}),
                                              "cookie": "_account=personal; oai-did=dev24"}),
            entry(F, ask(24, "and", "u2"), ok(24, "And", "a2", "u2"), second=3, fields={**bearer({"https://api.openai.com/profile": {"email": "Z@Example.com"}}), "oai-device-id": "dev24b"})], [
        says("ask 24", actor={"user_id": "user-24", "device": "dev24", "source": "jwt"}), told(24),
        says("and", actor={"user": "Z@Example.com", "device": "dev24b", "source": "jwt"}), told(24, "And", "a2")]


@case
def turn_page_names_the_session():
    cookie = {"cookie": "__Secure-next-auth.session-token.0=aa; __Secure-next-auth.session-token.1=bb; oai-did=d25"}
    boot = {"authStatus": "logged_in", "session": {"user": {"id": "user-25", "email": "p@example.com"}, "account": {"id": "w-25", "planType": "team"}, "accessToken": "x.y.z"}}
    page = f'<!doctype html><html><script nonce="1" type="application/json" id="client-bootstrap">{dumps(boot)}</script></html>'
    return [entry(CHAT + "/c/9f", None, page, method="GET", answer_kind="text/html; charset=utf-8", fields=cookie, answer_encoding="br"),
            entry(F, ask(25), ok(25), second=3, fields=cookie)], [
        says("ask 25", actor={"user": "p@example.com", "user_id": "user-25", "workspace": "w-25", "plan": "team", "source": "session"}), told(25)]


@case
def turn_codex_with_a_picture_and_upper_case_encoding():
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
    body = {"model": "gpt-5-codex", "stream": True, "input": [{"type": "message", "role": "user", "content": [
        {"type": "input_text", "text": "What is in it"}, {"type": "input_image", "image_url": url}]}]}
    e = entry(CHAT + "/backend-api/codex/responses", dumps(body), dumps({"error": {"message": "no", "type": "x", "code": None, "param": None}}), status=400, answer_kind=JS, encoding="zstd")
    for h in e["request"]["headers"]:
        if h["name"] == "content-encoding":
            h["name"], h["value"] = "Content-Encoding", "ZSTD"
    return [e], [expect("prompt_with_file.created", "What is in it", hidden=ANY, outcome="failure", model="gpt-5-codex", files=[{"type": "image/png"}])]


@case
def turn_voice_token_of_a_phone():
    return [entry("https://android.chat.openai.com/voice/get_token", dumps({"voice": "ember", "voice_mode": "advanced", "parent_message_id": "p27", "conversation_id": "fc27-c",
            "model_slug": "gpt-4o", "language": "auto", "voice_session_id": "vs"}), dumps({"url": "wss://x.livekit.cloud", "token": "t", "e2ee_key": "k"}), answer_kind=JS)], [
        expect("tool.invoked", ANY, hidden=ANY, conversation_id="fc27-c", facts={"inspectable": False})]


@case
def turn_words_at_odd_places_of_a_delta():
    return [entry(F, ask(28), delta(add(doc(28, content={"content_type": "multimodal_text", "parts": []})), {"p": "/message/content/parts", "o": "append", "v": ["first"]},
                                    {"p": "/message/content/parts", "o": "append", "v": ["second", {"content_type": "audio_transcription", "text": "third", "direction": "out"}]},
                                    {"p": "/message/content/parts/1", "o": "append", "v": " half"}, {"p": "/message/content/parts/2/text", "o": "append", "v": " spoken"},
                                    {"p": "/message/unknown/deep/0/x", "o": "add", "v": None}, {"p": "/message/content/parts/9", "o": "remove"},
                                    conversation="fc28-c"))], [says("ask 28"), told(28, "first\nsecond half\nthird spoken", hidden=ANY)]


@case
def turn_replaced_from_the_beginning_of_the_message():
    return [entry(F, ask(29), delta(add(doc(29)), append("Old words"), {"p": "/message", "o": "replace", "v": doc(29, parts=["New "])["message"]},
                                    append("words"), conversation="fc29-c"))], [says("ask 29"), told(29, "New words", hidden="Old words")]


@case
def turn_null_conversation_then_known_by_a_delta():
    d = doc(30)
    d["conversation_id"] = None
    return [entry(F, ask(30), sse(("delta_encoding", '"v1"'), ("delta", add(d)), ("delta", append("Where")), ("delta", {"p": "/conversation_id", "o": "add", "v": "fc30-c"}),
                                  {"type": "message_stream_complete", "conversation_id": None}))], [says("ask 30", conversation_id="fc30-c"), told(30, "Where")]


@case
def turn_html_instead_of_an_answer():
    return [entry(F, ask(31), "<!DOCTYPE html><title>Just a moment...</title>", status=403, answer_kind="text/html; charset=UTF-8", fields={"cf-mitigated": "challenge"})], [
        says("ask 31", outcome="failure", http={"status": 403})]


@case
def turn_reply_to_a_group_message():
    return [js("/backend-api/calpico/chatgpt/projects/g-p-1234/rooms/00112233445566778899aabbccddeeff/messages",
               {"content": {"text": "yes, at noon", "attachments": [], "system_hints": []}, "reply_to": {"message_id": "gm-1"}, "request_id": "rq32"}, dumps({"id": "gm-2"}))], [
        says("yes, at noon", hidden=ANY)]


@case
def turn_search_of_the_history_and_a_prompt_in_a_url_of_a_gpt():
    return [entry(CHAT + "/backend-api/conversations/search?cursor=&query=brest%20budget%202026", None, dumps({"items": []}), method="GET", answer_kind=JS),
            entry(CHAT + "/?model=auto&q=hello%20there#x", None, "<html>", method="GET", answer_kind="text/html", second=2)], [
        expect("conversation.viewed", "brest budget 2026", hidden=ANY), expect("prompt.drafted", "hello there", hidden=ANY)]


@case
def turn_body_in_pieces_of_utf16_text_and_bom():
    return [entry(F, ask(34, "ça va 👍"), ok(34), kind="text/plain;charset=UTF-8"),
            entry(F, "\ufeff" + ask(34, "bom", "u2"), ok(34, "B", "a2", "u2"), second=3)], [
        says("ça va 👍"), told(34), says("bom"), told(34, "B", "a2")]


@case
def turn_autocompletions_while_signed_out_then_prepare_without_words():
    return [js("/backend-anon/conversation/experimental/generate_autocompletions", {"num_completions": 4, "input_text": "how do ti", "in_search_mode": False}, dumps({"completions": []})),
            js("/backend-anon/f/conversation/prepare", {"action": "next", "partial_query": None, "model": "auto", "parent_message_id": "client-created-root"}, dumps({"status": "ok"}), second=200)], [
        expect("prompt.drafted", "how do ti", hidden=ANY)]


@case
def turn_moderation_before_the_answer():
    return [entry(OLD, ask(36), sse({"conversation_id": "fc36-c", "message_id": "fc36-u", "is_completion": False, "moderation_response": {"flagged": True, "blocked": False, "moderation_id": "m"}},
                                    doc(36, "user", "u", ["ask 36"], parent="root"), doc(36, parts=["Careful"], end_turn=True)))], [
        says("ask 36", conversation_id="fc36-c"), told(36, "Careful", hidden=ANY)]


@case
def turn_resume_read_by_another_window_whose_prompt_nobody_saw():
    return [entry(F + "/resume", dumps({"conversation_id": "fc37-c", "offset": 0}), ok(37, "Late reader"))], [told(37, "Late reader", parent_message_id="fc37-u", reply_to=None)]


@case
def turn_search_results_and_widgets_beside_the_text():
    meta = {"content_references": [{"type": "grouped_webpages", "matched_text": "\ue200cite\ue202turn0search1\ue201", "alt": "([Météo](https://m.example))", "safe_urls": ["https://m.example"],
                                    "items": [{"title": "Météo du jour", "snippet": "Vent 20 kn"}]}], "search_result_groups": [{"domain": "m.example", "entries": [{"snippet": "Rafales"}]}]}
    return [entry(F, ask(38), delta(add(doc(38)), append("Windy \ue200cite\ue202turn0search1\ue201"), {"p": "/message/metadata", "o": "append", "v": meta},
                                    conversation="fc38-c"))], [says("ask 38"), told(38, "Windy \ue200cite\ue202turn0search1\ue201", hidden=ANY, verdict=ANY)]


@case
def turn_new_instructions_with_the_prompt():
    return [entry(F, dumps(prompt(message("Hi", "fc39-u", metadata={"system_hints": ["search"], "suggestion_type": None}), message("", "fc39-x", parts=[]), system_hints=["research"],
                                  suggestions=["What is new?"], force_use_search=True)), ok(39))], [
        says("Hi", message_id="fc39-x"), told(39)]


@case
def turn_old_client_sends_variant_for_every_turn():
    def b(text, id, **more):
        return dumps({"action": "variant", "messages": [{"id": id, "role": "user", "content": {"content_type": "text", "parts": [text]}}], "parent_message_id": "p40", "model": "text-davinci-002-render-sha", **more})
    return [entry(OLD, b("New chat", "fc40-u"), legacy(doc(40, parts=["Hello"], end_turn=True))),
            entry(OLD, b("New chat", "fc40-u", conversation_id="fc40-c"), legacy(doc(40, which="a2", parts=["Hello again"], end_turn=True)), second=3)], [
        says("New chat", update=None, conversation_id="fc40-c"), told(40, "Hello"),
        expect("prompt.updated", "New chat", update="regenerate"), told(40, "Hello again", "a2")]
