"""Turns that few people take (facts/chatgpt-wire.md §3.1-§3.10, §4, §7): edits
of edits, forks, foreign JSON in deltas, answers by several ways at once."""
import base64

from exchanges import CARD, CHAT, F, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse, token
from replay_cases import ANY, BAD, answers, asked, case, expect, says
from replay_mweb import NDJSON, PARTIAL, ask, control, form, line, piece
from replay_rare_answers import begun, handed, pieces, stream
from replay_rare_prompts import CODEX, draft, sent
from replay_ws import CODEX as CODEX_SOCKET
from replay_ws import EVENTS, complete, create, down, item, socket, subscribe, turn, up

PIC = "file_00000000aabbccddeeff001122339900"
DONE = "data: [DONE]\n\n"


# ---- conversations ----

def said(text, id, parent, conversation, second, answer=None):
    reply = plain(answer[0], answer[1], id, conversation) if answer else None
    return sent(prompt(message(text, id), parent=parent, conversation_id=conversation), reply, second=second)


@case
def edit_of_an_edit_and_on():
    c = "rt-c1"
    return [said("First", "rt-u1", "rt-root", c, 0, ("One", "rt-a1")), said("Second", "rt-u2", "rt-a1", c, 2, ("Two", "rt-a2")),
            said("Second, better", "rt-u3", "rt-a1", c, 4, ("Three", "rt-a3")),
            said("Second, best", "rt-u4", "rt-a1", c, 6, ("Four", "rt-a4")), said("Third", "rt-u5", "rt-a4", c, 8)], [
        says("First"), answers("One"), says("Second"), answers("Two"),
        expect("prompt.updated", "Second, better", update="edit"), answers("Three", message_id="rt-a3"),
        expect("prompt.updated", "Second, best", update="edit"), answers("Four", message_id="rt-a4"),
        says("Third", update=None, parent_message_id="rt-a4")]


@case
def equal_parents_in_other_conversations():
    return [said("One", "rt-u6", "rt-same", "rt-c2", 0), said("Other", "rt-u7", "rt-same", "rt-c3", 2)], [
        says("One", update=None), says("Other", update=None)]


@case
def chats_that_start_out_of_others():
    """§3.1: forks have no conversation of their own yet."""
    return [sent(prompt(message("from here on", "rt-u8"), parent="rt-x1", branching_from_conversation_id="rt-c4",
                        branching_from_message_id="rt-x1"), plain("Well", "rt-a8", "rt-u8", "rt-c5")),
            sent(prompt(message("me too"), continue_from_shared_conversation_id="sh-1", conversation_id=None), second=3)], [
        says("from here on", conversation_id="rt-c5", update=None), answers("Well", conversation_id="rt-c5"),
        says("me too", conversation_id=None)]


@case
def messages_of_every_role():
    roles = [("critic", "harsh"), ("tool", "42"), ("assistant", "before")]
    return [sent(prompt(*(message(t, role=r) for r, t in roles), message("now me", "rt-u9")))], [
        says("now me", hidden="harsh\n42\nbefore", message_id="rt-u9")]


@case
def file_that_is_named_and_pointed_at():
    content = {"content_type": "multimodal_text", "parts": [
        "read it", {"content_type": "image_asset_pointer", "asset_pointer": "sediment://" + PIC, "size_bytes": 9}]}
    attached = {"attachments": [{"id": PIC, "name": "board.jpg", "size": 9, "mime_type": "image/jpeg"}]}
    return [sent(prompt(message("", "rt-u10", content=content, metadata=attached)))], [
        expect("prompt_with_file.created", "read it", files=[{"id": PIC, "name": "board.jpg", "bytes": 9}])]


@case
def another_answer_for_a_file():
    attached = {"attachments": [{"id": "file-rt11abcdefghijklmnopqr", "name": "q3.xlsx", "size": 10}], "request_id": "r",
                "timestamp_": "absolute"}
    m = message("sum it", "rt-u11", metadata=attached, status="finished_successfully", weight=1.0, recipient="all")
    return [sent(prompt(m, action="variant", conversation_id="rt-c11", parent="rt-s11"))], [
        expect("prompt_with_file.updated", "sum it", update="regenerate", files=[{"name": "q3.xlsx"}], message_id="rt-u11")]


@case
def refused_by_the_bots_guard():
    return [sent(prompt(message("hello?")), "<html>Just a moment</html>", status=403, answer_kind="text/html",
                 fields={"cookie": "oai-did=dv"})], [says("hello?", outcome="failure", http={"status": 403})]


@case
def addresses_that_ask():
    return [entry("https://chat.openai.com/?q=old+host", None, "", method="GET", status=307, answer_kind=None),
            entry(CHAT + "/g/g-abc-writer?q=a%0Apoem%20%F0%9F%8C%8A", None, "<html></html>", method="GET",
                  answer_kind="text/html", second=2),
            entry(CHAT + "/backend-api/conversations/search?query=budget%202027&cursor=", None,
                  dumps({"items": []}), method="GET", answer_kind="application/json", second=4)], [
        expect("prompt.drafted", "old host", outcome=ANY), expect("prompt.drafted", "a\npoem 🌊"),
        expect("conversation.viewed", "budget 2027", ANY)]


# ---- drafts ----

@case
def drafts_of_two_messages():
    ok = dumps({"status": "ok", "conduit_token": "t"})
    made = [draft("Ho", "rt-d1", conversation_id="rt-c12"), draft("How", "rt-d1", conversation_id="rt-c12"),
            draft("Wh", "rt-d2", conversation_id="rt-c13"), draft("Why", "rt-d2", conversation_id="rt-c13")]
    return [sent(b, ok, url=CHAT + "/backend-api/f/conversation/prepare", second=n, answer_kind="application/json",
                 fields={"authorization": token("d@example.com")}) for n, b in enumerate(made)], [
        expect("prompt.drafted", "How", conversation_id="rt-c12"), expect("prompt.drafted", "Why", conversation_id="rt-c13")]


@case
def keys_of_somebody_signed_out():
    url = CHAT + "/backend-anon/conversation/experimental/generate_autocompletions"
    made = ["w", "wh", "where can I fi"]
    return [sent({"input_text": t, "num_completions": 4, "in_search_mode": False}, dumps({"completions": ["find it"]}),
                 url=url, second=n, answer_kind="application/json", fields={"cookie": "oai-did=rt-dev"})
            for n, t in enumerate(made)], [expect("prompt.drafted", "where can I fi", ANY, actor={"device": "rt-dev"})]


# ---- deltas in foreign JSON ----

def raw(*lines, id, text, hidden=None, **more):
    """A v1 stream whose deltas are written by hand."""
    made = sse(("delta_encoding", '"v1"'), ("delta", add(begun(id))), done=False)
    made += "".join(f"event: delta\ndata: {x}\n\n" for x in lines) + DONE
    return asked(made, answers(text, hidden=hidden, message_id=id, **more))


APPEND = '{"p":"/message/content/parts/0","o":"append","v":"A"}'


@case
def names_that_are_escaped():
    return raw(r'{"\u0070":"\/message\/content\/parts\/0","\u006f":"appen\u0064","\u0076":"\u0041"}', '{"v":"B"}',
               r'{"\u0076":"C"}', r'{"v":"\"D\\"}', id="rt-a20", text='ABC"D\\')


@case
def values_named_twice():
    return raw(APPEND, '{"v":"x","v":"B"}', '{"v":"C"}', id="rt-a21", text="ABC", hidden=ANY)


@case
def blanks_between_everything():
    return raw('\t{ "p" : "/message/content/parts/0" , "o" : "append" , "v" : "A" } ', '{ "v":"B"}', '{"v" :"C"}',
               '{"v":"D" }', '{"v":"E"}\t', id="rt-a22", text="ABCDE")


@case
def channel_as_a_fraction():
    """1.0 is 1 to every client."""
    other = dumps(add(document("rt-a23b", ["aside"], parent="rt-a23", conversation="c", channel="commentary"), 1))
    return raw(other, '{"c":0.0,"p":"/message/content/parts/0","o":"append","v":"main"}', '{"c":1.0,"v":"!"}',
               id="rt-a23", text="main", hidden="aside!")


@case
def end_of_a_list_as_a_path():
    """JSON Pointer: "-" is behind the last element."""
    return raw('{"p":"/message/content/parts/0","o":"append","v":"one"}',
               '{"p":"/message/content/parts/-","o":"add","v":"two"}', id="rt-a24", text="one\ntwo")


@case
def appends_to_what_is_no_text():
    return raw('{"p":"/message/weight","o":"append","v":"2"}', '{"p":"/message/end_turn","o":"append","v":true}', APPEND,
               '{"p":"/message/metadata/new/deep/path","o":"append","v":"x"}', APPEND.replace('"A"', '"B"'),
               id="rt-a25", text="AB", hidden=ANY)


@case
def surrogates_in_two_deltas():
    return raw(r'{"p":"/message/content/parts/0","o":"append","v":"wave \ud83d"}', r'{"v":"\udc4b!"}', id="rt-a26",
               text=ANY, content_has=["wave ", "!"])


@case
def weight_tells_nothing():
    """§4.4: hidden is what its metadata says, not its weight."""
    shown = document("rt-a27", ["shown"], parent="u", conversation="c")
    shown["message"]["weight"] = 0.0
    kept = document("rt-h27", ["kept back"], parent="u", conversation="c",
                    metadata={"is_visually_hidden_from_conversation": True})
    return asked(delta(add(kept), add(shown, 1)), answers("shown", hidden="kept back", message_id="rt-a27"))


@case
def stopped_and_ended():
    return stream("rt-a28", append("As far as"), {"p": "/message/metadata", "o": "append",
                                                   "v": {"finish_details": {"type": "interrupted", "reason": "client_stopped"}}},
                  content="As far as", complete=True)


@case
def marks_of_widgets_are_kept():
    text = "Rain \ue200cite\ue202turn0search3\ue201 and \ue203sun\ue204.\ue206"
    return stream("rt-a29", append(text[:7]), {"v": text[7:]}, content=text)


@case
def everything_that_is_not_the_answer():
    def doc(n, content, role="assistant", **more):
        return document(f"rt-e{n}", content=content, role=role, conversation="c", **more)
    docs = [doc(1, {"content_type": "developer_content", "parts": ["be kind"]}, role="developer"),
            doc(2, {"content_type": "model_editable_context", "model_set_context": "likes tea", "repository": None}),
            doc(3, {"content_type": "reasoning_recap", "content": "Thought for 5s"}),
            doc(4, {"content_type": "code", "language": "json", "text": '{"name":"plan"}'}, recipient="canmore.create_textdoc"),
            doc(5, {"content_type": "system_error", "name": "tool_error", "text": "it broke"}, role="tool", name="python"),
            doc(6, {"content_type": "text", "parts": ["told to a friend"]}, recipient="bio")]
    last = document("rt-a30", ["All done"], parent="u", conversation="c", channel="final")
    return asked(delta(*(add(d, n) for n, d in enumerate(docs + [last]))), answers(
        "All done", message_id="rt-a30", hidden=ANY,
        hidden_has=["be kind", "likes tea", "Thought for 5s", '{"name":"plan"}', "it broke", "told to a friend"]))


@case
def picture_out_of_the_stream():
    image = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{PIC}#f", "size_bytes": 10, "width": 1,
             "height": 1, "metadata": {"dalle": {"gen_id": "g", "prompt": "a harbour", "seed": 1}}}
    tool = document("rt-t31", role="tool", name="image_gen.text2im", conversation="c",
                    content={"content_type": "multimodal_text", "parts": [image]})
    return asked(delta(add(tool), add(begun("rt-a31"), 1), {**append("Here it is"), "c": 1}), expect(
        "response_with_file.generated", "Here it is", "a harbour", complete=True, file_ids=[PIC], message_id="rt-a31"))


@case
def file_listed_by_an_answer():
    meta = {"attachments": [{"id": "file_00000000aabbccddeeff001122337700", "name": "plan.docx", "size": 77,
                             "mime_type": "application/msword"}]}
    return asked(delta(add(begun("rt-a32", metadata=meta)), append("Attached")), expect(
        "response_with_file.generated", "Attached", complete=True,
        files=[{"id": "file_00000000aabbccddeeff001122337700", "name": "plan.docx"}]))


@case
def old_answer_with_a_picture():
    content = {"content_type": "multimodal_text", "parts": ["Look", {
        "content_type": "image_asset_pointer", "asset_pointer": "file-service://file-ABCDEFGHIJKLMNOPQRSTUV", "size_bytes": 3,
        "width": 1, "height": 1, "fovea": None, "metadata": None}]}
    return asked(legacy(document("u", ["q"], role="user", conversation="c"),
                        document("rt-a33", content=content, parent="u", conversation="c")),
                 expect("response_with_file.generated", "Look", complete=True, file_ids=["file-ABCDEFGHIJKLMNOPQRSTUV"]))


@case
def old_answer_in_deflate_with_carriage_returns():
    text = legacy(document("rt-a34", ["Bon"], parent="u", conversation="c"),
                  document("rt-a34", ["Bonne journée 🌞"], parent="u", conversation="c"), end="\r\n")
    return asked(text, answers("Bonne journée 🌞", hidden=None, message_id="rt-a34"), answer_encoding="deflate")


@case
def addresses_that_were_judged():
    """§4.5: url_moderation names an address, which nobody showed."""
    return stream("rt-a35", append("See there"), {"type": "url_moderation", "conversation_id": "c", "message_id": "rt-a35",
                                                  "url_moderation_result": {"full_url": "https://a.example/x", "is_safe": True,
                                                                            "is_blocked": False}},
                  content="See there", hidden=ANY, verdict=ANY)


@case
def answers_of_nothing():
    return [sent(prompt(message("silence?")), ""), sent(prompt(message("only a start?")),
                                                        sse(("delta_encoding", '"v1"'), done=False), second=2)], [
        says("silence?"), says("only a start?")]


# ---- the light app ----

@case
def lines_with_odd_ends():
    text = "\r\n".join(x.rstrip("\n") for x in (
        control("conversation-id", conversationId="rt-c40"), "", piece("Zwölf ", 1, "replace", id="rt-a40"),
        piece("Uhr", 2, baseRevision=1, status="complete", id="rt-a40"), control("complete"), line("end").strip()))
    return [
        entry(CHAT + "/unauth-mweb/conversation/updates?operationId=2", form("Wann?", "rt-u40"), text,
              kind="application/x-www-form-urlencoded", answer_kind=NDJSON + "; charset=utf-8", answer_encoding="br",
              fields={"cookie": "oai-did=rt-mw; oai-mweb-route=1"})], [
        says("Wann?", conversation_id="rt-c40", actor={"device": "rt-mw", "account": None}),
        answers("Zwölf Uhr", message_id="rt-a40", hidden=None)]


@case
def blocks_with_tags_inside():
    def block(n, tag, text):
        return f'<{tag} data-assistant-stream-block="" data-assistant-stream-block-index="{n}">{text}</{tag}>'
    inner = block(0, "h3", "Menu") + block(1, "li", "a <strong>bold</strong> <a href=\"https://x.example\">word</a>") + \
        block(2, "pre", "x = 1\n  y &lt; 2") + block(3, "td", "4 &#8364;")
    text = ('<template data-web-mobile-dpu-frame="1"><template for="assistant-pending-77-committed-tail" '
            f'data-web-mobile-dpu-apply="append">{inner}</template></template>'
            '<template data-web-mobile-dpu-frame="2"><span data-conversation-control="message-stream-complete" '
            'data-conversation-id="rt-c41" data-message-id="rt-a41"></span></template>')
    return [ask(form("menu?", "rt-u41"), text, PARTIAL)], [
        says("menu?"), answers("Menu\na bold word\nx = 1\n  y < 2\n4 €", hidden=ANY, verdict=ANY, message_id="rt-a41")]


# ---- sockets ----

@case
def two_tabs_hear_one_answer():
    topic = "conversation-turn-rt50"
    a = pieces(topic, "rt-a50", "rt-u50", "rt-c50", "Heard ", "twice")
    end = complete(topic, "rt-c50")
    return [handed("rt-u50", "rt50", "rt-c50"),
            socket(EVENTS, subscribe(topic), *(down([x]) for x in a), down([end]), second=2),
            socket(EVENTS, subscribe(topic), *(down([x]) for x in a), down([end]), second=4)], [
        says("think rt50"), answers("Heard twice", message_id="rt-a50", replies_to=0)]


@case
def many_envelopes_in_one_frame():
    topic = "conversation-turn-rt51"
    a = pieces(topic, "rt-a51", "rt-u51", "rt-c51", "All ", "in ", "one")
    frame = [*a, complete(topic, "rt-c51"), {"type": "presence", "topic_id": "app_notifications", "payload": None}]
    return [handed("rt-u51", "rt51", "rt-c51"), socket(EVENTS, down(frame), second=2)], [
        says("think rt51"), answers("All in one", message_id="rt-a51", replies_to=0)]


@case
def items_in_carriage_returns_and_comments():
    topic = "conversation-turn-rt52"
    doc = add(document("rt-a52", [""], parent="rt-u52", conversation="rt-c52"))
    parts = [": hi\r\n\r\nevent: delta_encoding\r\ndata: \"v1\"\r\n\r\n" + f"event: delta\r\ndata: {dumps(doc)}\r\n\r\n",
             f"event: delta\r\ndata: {dumps(append('Cut '))}\r\n\r", "\nevent: delta\r\nda", 'ta: {"v":"apart"}   \r\n\r\n',
             'data: {"type":"message_stream_complete","conversation_id":"rt-c52"}\r\n\r\ndata: [DONE]\r\n\r\n']
    return [handed("rt-u52", "rt52", "rt-c52"),
            socket(EVENTS, *(down([item(topic, n, p, "rt-c52")]) for n, p in enumerate(parts, 1)), second=2)], [
        says("think rt52"), answers("Cut apart", message_id="rt-a52", replies_to=0)]


@case
def old_stream_in_base64_by_bytes():
    data = sse(document("rt-a53", ["Grüße 🙂"], parent="rt-u53", conversation="rt-c53")).encode()
    frames = [{"type": "message", "from": "group", "group": "g", "dataType": "json", "sequenceId": n, "data": {
        "type": "http.response.body", "body": base64.b64encode(data[n:n + 1]).decode(), "more_body": True,
        "response_id": "rt-r53", "conversation_id": "rt-c53"}} for n in range(len(data))]
    first = entry(CHAT + "/backend-api/conversation", dumps(prompt(message("Gruß?", "rt-u53"), supported_encodings="absent")),
                  dumps({"wss_url": "wss://x.webpubsub.azure.com/client/hubs/conversations?access_token=s",
                         "conversation_id": "rt-c53", "response_id": "rt-r53", "websocket_request_id": "w"}),
                  answer_kind="application/json")
    return [first, socket("wss://x.webpubsub.azure.com/client/hubs/conversations?access_token=s", *map(down, frames),
                          second=2)], [
        says("Gruß?", conversation_id="rt-c53"), answers("Grüße 🙂", message_id="rt-a53", conversation_id="rt-c53", replies_to=0)]


@case
def code_by_socket_that_fails():
    """A failure breaks the answer off; a limit of tokens is an end of its own."""
    def failed(id, text, end, status):
        made = list(turn(id, text, end=None))
        return made + [{"type": end, "response": {"id": id, "object": "response", "model": "gpt-5-codex-1", "status": status,
                                                  "output": [], "error": {"code": "server_error", "message": "no"}}}]
    return [socket(CODEX_SOCKET, up({"type": "response.create", "model": "gpt-5-codex", "input": "short"}),
                   *map(down, failed("rt-r1", "It sta", "response.failed", "failed")), up(create("again")),
                   *map(down, failed("rt-r2", "Too lo", "response.incomplete", "incomplete")))], [
        says("short", hidden=None), answers("It sta", hidden=ANY, complete=False, message_id="rt-r1"), says("again", hidden=ANY),
        answers("Too lo", hidden=ANY, complete=True, message_id="rt-r2")]


@case
def code_asked_with_pictures():
    history = [{"role": "user", "content": [{"type": "input_text", "text": "like this"},
                                            {"type": "input_image", "file_id": "file-rt60"}]}]
    return [sent({"model": "gpt-5-codex", "input": history, "stream": True, "store": False}, url=CODEX, encoding="zstd",
                 fields={"session-id": "s-1", "originator": "codex_cli_rs", "authorization": token("cx@example.com"),
                         "chatgpt-account-id": "w-cx"})], [
        expect("prompt_with_file.created", "like this", file_ids=["file-rt60"],
               actor={"account": "cx@example.com", "workspace": "w-cx"})]


# ---- group chats, Sora ----

@case
def group_chat_by_another_name():
    url = CHAT + "/backend-api/messaging/rooms/0123456789abcdef0123456789abcd99/messages"
    body = {"content": {"text": "pay with " + CARD, "attachments": [{"type": "post", "post_id": "p1"},
                                                                   {"type": "file", "file_id": PIC}]}, "request_id": "rt-q1"}
    return [sent(body, "{}", url=url, answer_kind="application/json")], [
        expect("prompt_with_file.created", "pay with " + CARD, ANY, where="prompt", **BAD)]


@case
def storyboard():
    body = {"kind": "video", "prompt": "storm", "title": "Sea", "audio_caption": "waves", "audio_transcript": "help",
            "video_caption": "grey", "size": "small", "n_frames": 300, "inpaint_items": [{"kind": "upload", "upload_id": "up_1"}]}
    return [sent(body, dumps({"id": "t"}), url="https://sora.chatgpt.com/backend/nf/create/storyboard",
                 answer_kind="application/json")], [
        expect("prompt_with_file.created", ANY, ANY, file_ids=["up_1"], anywhere="storm")]


# ---- who ----

@case
def tokens_that_are_none():
    made = ["Bearer eyJ.bnVsbA.c", "Basic dXNlcjpwYXNz", "", "Bearer ", "eyJ.e30.c"]
    return [sent(prompt(message(f"nobody {n}")), fields={"authorization": t}, second=n) for n, t in enumerate(made)], [
        says(f"nobody {n}", actor={"account": None}) for n in range(len(made))]


@case
def plan_and_place_of_a_stream():
    meta = {"type": "server_ste_metadata", "metadata": {"plan_type": "enterprise", "model_slug": "gpt-5-6"}}
    text = delta(meta, add(begun("rt-a70")), append("Hi"))
    return asked(text, answers("Hi", message_id="rt-a70", model="gpt-5-6"),
                 fields={"authorization": token("pl@example.com", user="user-pl", account="w-pl")})
