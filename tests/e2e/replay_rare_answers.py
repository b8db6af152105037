"""Answers as few streams write them (facts/chatgpt-wire.md §4.1-§4.8): framing,
deltas, documents and typed events that are easily overlooked."""
import base64

from exchanges import CHAT, F, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse
from replay_cases import ANY, answers, asked, case, expect, says
from replay_mweb import PARTIAL, ask, control, form, line, piece
from replay_ws import EVENTS, PUBSUB, complete, down, item, socket, subscribe, up

END = {"type": "message_stream_complete", "conversation_id": "c"}
DONE = {"p": "", "o": "patch", "v": [{"p": "/message/status", "o": "replace", "v": "finished_successfully"},
                                     {"p": "/message/metadata", "o": "append", "v": {"is_complete": True}}]}


def begun(id, text="", **more):
    return document(id, [text], parent="u", conversation="c", **more)


def stream(id, *deltas, content, hidden=None, **more):
    """One visible document on channel 0, then these deltas."""
    return asked(delta(add(begun(id)), *deltas), answers(content, hidden=hidden, message_id=id, **more))


# ---- framing ----

@case
def deltas_without_their_name():
    """§4.3: known by what they hold, where the event line is missing."""
    text = sse(("delta_encoding", '"v1"'), add(begun("ra-1")), append("Nobody "), {"v": "named me"}, DONE, END)
    return asked(text, answers("Nobody named me", message_id="ra-1"))


@case
def stream_with_a_byte_order_mark_and_fields_nobody_reads():
    text = "\ufeff: hello\r\rretry: 3000\rid\rdata\r\revent: delta_encoding\rdata:\"v1\"\r\r"
    for n, d in enumerate([add(begun("ra-2")), append("All "), {"v": "the same"}, DONE]):
        text += f": ping {n}\rid: {n}\revent: delta\rfoo: bar\rdata:{dumps(d)}\r\r"
    return asked(text + "data: [DONE]\r\r", answers("All the same", message_id="ra-2"))


@case
def objects_over_several_lines():
    import json
    text = sse(("delta_encoding", '"v1"'))
    for d in [add(begun("ra-3")), append("On two "), {"v": "lines"}, DONE]:
        text += sse(("delta", json.dumps(d, indent=1)), done=False)
    text = text.replace("data: [DONE]\n\n", "", 1) + "data: [DONE]\n\n"
    return asked(text, answers("On two lines", message_id="ra-3"))


@case
def words_after_the_end():
    text = plain("Before the end", "ra-4", "u", "c") + sse(("delta", {"p": "/message/metadata", "o": "append",
                                                                   "v": {"late": True}}), done=False)
    return asked(text, answers("Before the end", message_id="ra-4"))


@case
def last_event_without_its_blank_line():
    text = sse(("delta_encoding", '"v1"'), ("delta", add(begun("ra-5"))), ("delta", append("Almost")), END, done=False)
    return asked(text.rstrip("\n"), answers("Almost", message_id="ra-5", complete=True))


@case
def answer_in_zstd_with_padding():
    text = delta(add(begun("ra-6")), append("Padded "), {"v": "and packed 👩‍🚀"}, DONE, pad="       ")
    return asked(text, answers("Padded and packed 👩‍🚀", message_id="ra-6"), answer_encoding="zstd")


@case
def type_in_capitals():
    return asked(plain("Loud", "ra-7", "u", "c"), answers("Loud", message_id="ra-7"),
                 answer_kind="Text/Event-Stream;charset=UTF-8")


# ---- deltas ----

@case
def first_delta_inherits_from_nothing():
    """§4.3: at first p is "" and o is add."""
    return asked(delta({"v": begun("ra-8")}, append("Begun")), answers("Begun", message_id="ra-8"))


@case
def channel_changes_and_the_rest_is_inherited():
    other = document("ra-9b", [""], parent="ra-9", conversation="c", channel="commentary")
    return asked(delta(add(begun("ra-9", channel="final")), add(other, 1), {**append("aside "), "c": 1}, {"v": "one"},
                       {"c": 0, "v": "main "}, {"v": "text"}, {"c": 1, "v": "!"}, {"c": 0, "v": "."}),
                 answers("main text.", hidden="aside one!", message_id="ra-9"))


@case
def patch_of_a_patch():
    inner = {"p": "", "o": "patch", "v": [append("in"), append("ner")]}
    return stream("ra-10", append("the "), {"p": "", "o": "patch", "v": [inner, append(".")]}, content="the inner.")


@case
def truncation_before_a_pair():
    """Lengths are of UTF-16; what was shown and cut is hidden."""
    return stream("ra-11", append("👋👋 bonjour"), {"p": "/message/content/parts/0", "o": "truncate", "v": 5},
                  {"o": "append", "v": "salut"}, content="👋👋 salut", hidden="bonjour")


@case
def truncation_in_a_patch():
    return stream("ra-12", append("It costs 10 €uros"), {"o": "patch", "v": [
        {"p": "/message/content/parts/0", "o": "truncate", "v": 9}, append("12 €")]}, DONE,
        content="It costs 12 €", hidden="10 €uros")


@case
def parts_that_are_appended():
    return stream("ra-13", append("one"), {"p": "/message/content/parts", "o": "append", "v": ["two", "three"]},
                  append("!", "/message/content/parts/2"), content="one\ntwo\nthree!")


@case
def parts_that_are_pushed():
    return stream("ra-14", append("one"), {"p": "/message/content/parts", "o": "append", "v": "two"}, content="one\ntwo")


@case
def thoughts_that_grow():
    thoughts = {"content_type": "thoughts", "thoughts": [], "source_analysis_msg_id": None}
    return asked(delta(
        add(document("ra-15t", content=thoughts, parent="u", conversation="c")),
        {"p": "/message/content/thoughts", "o": "append", "v": [{"summary": "Look", "content": "", "chunks": [], "finished": False}]},
        append("at the sea", "/message/content/thoughts/0/content"),
        {"p": "/message/content/thoughts/0/finished", "o": "replace", "v": True},
        add(begun("ra-15"), 1), {**append("Blue."), "c": 1}),
        answers("Blue.", hidden="Look\nat the sea", message_id="ra-15"))


@case
def text_of_a_spoken_part():
    content = {"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_transcription", "text": "", "direction": "out", "decoding_id": None}]}
    return asked(delta(add(document("ra-16", content=content, parent="u", conversation="c")),
                       append("Good ", "/message/content/parts/0/text"), {"v": "evening"}),
                 answers("Good evening", message_id="ra-16"))


@case
def code_that_a_tool_gets():
    call = {"content_type": "code", "language": "unknown", "text": "", "response_format_name": None}
    result = {"content_type": "execution_output", "text": "42"}
    return asked(delta(
        add(document("ra-17c", content=call, parent="u", conversation="c", recipient="python")),
        append("print(", "/message/content/text"), {"v": "6*7)"},
        add(document("ra-17r", content=result, role="tool", name="python", parent="ra-17c", conversation="c"), 1),
        add(begun("ra-17"), 2), {**append("It is 42."), "c": 2}),
        answers("It is 42.", hidden="print(6*7)\n42", message_id="ra-17"))


@case
def queries_sent_to_others():
    meta = {"search_model_queries": {"type": "search_model_queries", "queries": ["merger Dupont", "price 2026"]}}
    return stream("ra-18", {"p": "/message/metadata", "o": "append", "v": meta}, append("Found."), content="Found.",
                  hidden="merger Dupont\nprice 2026")


@case
def text_that_is_removed():
    return stream("ra-19", append("draft words"), {"p": "/message/content/parts/0", "o": "remove"},
                  {"p": "/message/content/parts/0", "o": "add", "v": "final words"}, content="final words",
                  hidden="draft words")


@case
def error_by_a_delta():
    return asked(delta(add(begun("ra-20")), append("Half of "), {"p": "/error", "o": "replace", "v": "server fell over"},
                       complete=False, done=False),
                 answers("Half of ", hidden=ANY, complete=False, message_id="ra-20"))


@case
def typed_events_with_odd_members():
    """Typed events change no delta state, whatever they hold."""
    return stream("ra-21", append("A"), {"type": "message_marker", "v": "no", "p": "/x", "o": "replace", "c": 7,
                                         "marker": "cot_token", "event": "first"}, {"v": "B"},
                  {"type": "conversation_detail_metadata", "banner_info": None, "limits_progress": []}, {"v": "C"},
                  content="ABC")


@case
def moderated_and_titled():
    return stream("ra-22", append("Fine"), {"type": "title_generation", "title": "Sea", "conversation_id": "c"},
                  {"type": "title_generation", "title": "Sea trip", "conversation_id": "c"},
                  {"type": "moderation", "conversation_id": "c", "message_id": "u", "is_completion": True,
                   "moderation_response": {"flagged": True, "blocked": False, "moderation_id": "modr-1"}},
                  content="Fine", hidden=ANY, hidden_has="Sea trip")


@case
def widgets_of_the_stream():
    return stream("ra-23", append("See below"), {"type": "add-item", "item_id": "i1", "item": {"kind": "card", "text": "Lyon office"}},
                  {"type": "stream-item-patch", "item_id": "i1", "patches": [{"p": "/text", "o": "append", "v": " closes"}]},
                  {"type": "display_crisis_helpline_message", "text": "Call 112"}, content="See below", hidden=ANY,
                  hidden_has=["Lyon office", " closes", "Call 112"])


@case
def quotes_and_context():
    quote = {"content_type": "tether_quote", "url": "https://a.example/x", "domain": "a.example", "title": "Ports", "text": "Le Havre"}
    context = {"content_type": "user_editable_context", "user_profile": "I am Ana", "user_instructions": "Be terse"}
    return asked(delta(
        add(document("ra-24u", content=context, role="user", conversation="c", metadata={"is_visually_hidden_from_conversation": True})),
        add(document("ra-24q", content=quote, role="tool", name="browser", conversation="c"), 1),
        add(begun("ra-24", "Short."), 2)),
        answers("Short.", verdict="alert", hidden=ANY, hidden_has=["I am Ana", "Be terse", "Ports", "Le Havre"], message_id="ra-24"))


# ---- legacy ----

@case
def old_stream_with_everything_in_it():
    def say(text, **more):
        return document("ra-25", [text], parent="u", conversation="c", **more)
    text = ": ping 2023-08-01 10:00:00.000000\n\n" + legacy(
        document("u", ["q"], role="user", conversation="c"), {"message": None, "conversation_id": "c", "error": None},
        say("It w"), say("It will rain"), say("It will snow", status="finished_successfully", end_turn=True),
        {"conversation_id": "c", "message_id": "u", "is_completion": False,
         "moderation_response": {"flagged": False, "blocked": False, "moderation_id": "modr-x"}},
        {"type": "title_generation", "title": "Weather", "conversation_id": "c"})
    return asked(text, answers("It will snow", hidden=ANY, hidden_has="rain", message_id="ra-25", conversation_id="c"))


@case
def old_stream_that_says_an_error():
    text = sse(document("ra-26", ["Then it"], parent="u", conversation="c"), "internal server error", done=False)
    return asked(text, answers("Then it", hidden=ANY, complete=False, message_id="ra-26"))


@case
def old_browser_tool():
    shown = {"content_type": "tether_browsing_display", "result": "Page one", "summary": "", "assets": None}
    text = legacy(document("ra-27c", content={"content_type": "code", "language": "unknown", "text": "search(\"tides\")"},
                           recipient="browser", conversation="c"),
                  document("ra-27t", content=shown, role="tool", name="browser", conversation="c"),
                  document("ra-27", ["High at six"], conversation="c", status="finished_successfully"))
    return asked(text, answers("High at six", hidden="search(\"tides\")\nPage one", message_id="ra-27"))


# ---- the light app ----

@case
def lines_labelled_as_a_stream():
    """§10 6: NDJSON also where the label says event-stream; two messages, a restart."""
    text = (control("started") + control("conversation-id", conversationId="ra-c28") + piece("Wrong", 1, "replace", id="ra-28") +
            piece("Right ", 2, "replace", id="ra-28") + piece("so", 3, baseRevision=2, status="complete", id="ra-28") +
            line("diagnostic", message="slow", detail={"ms": 9}) + control("message-stream-complete") + line("end"))
    return [ask(form("hm", "ra-u28"), text, kind="text/event-stream")], [
        says("hm", conversation_id="ra-c28"), answers("Right so", hidden=ANY, hidden_has="Wrong", message_id="ra-28")]


@case
def partials_with_templates_in_templates():
    def control_(kind, **more):
        extra = "".join(f' data-{k.replace("_", "-")}="{v}"' for k, v in more.items())
        return f'<span data-conversation-control="{kind}"{extra}></span>'

    def frame(n, inner):
        return f'<template data-web-mobile-dpu-frame="{n}">{inner}</template>'

    def region(name, how, inner):
        return f'<template for="{name}" data-web-mobile-dpu-apply="{how}">{inner}</template>'

    def p(text, n, tag="p"):
        return f'<{tag} data-assistant-stream-block="" data-assistant-stream-block-index="{n}">{text}</{tag}>'
    a = "assistant-pending-77"
    text = (frame(0, control_("started") + control_("conversation-id", conversation_id="ra-c29")) +
            frame(1, region(a + "-pending", "replace", p("Tom &amp; <?marker x>Jer", 0))) +
            frame(2, region(a + "-reasoning", "replace", '<span data-text-shimmer-text="Thinking">Thinking</span>')) +
            frame(3, region(a + "-committed-block-0", "append", p("Tom &amp; <?start a?>Jerry&#x27;s", 0, "h2"))) +
            frame(4, region(a + "-committed-tail", "append", p("caf&eacute; &#128512;", 1, "li"))) +
            frame(5, control_("message-stream-complete", message_id="ra-29") + control_("complete")))
    return [ask(form("who?", "ra-u29"), text, PARTIAL)], [
        says("who?", conversation_id="ra-c29"),
        answers(ANY, hidden=ANY, content_has=["Tom & Jerry's", "café 😀"], message_id="ra-29", conversation_id="ra-c29")]


@case
def partials_that_fail():
    text = ('<template data-web-mobile-dpu-frame="0"><template for="assistant-pending-77-pending" '
            'data-web-mobile-dpu-apply="replace"><p data-assistant-stream-block="" data-assistant-stream-block-index="0">'
            'Only half</p></template></template><template data-web-mobile-dpu-frame="1"><span '
            'data-conversation-control="failed" data-failure-reason="network" data-failure-status="502"></span></template>')
    return [ask(form("how?", "ra-u30"), text, PARTIAL)], [says("how?"), answers("Only half", complete=False)]


# ---- sockets ----

def handed(id, turn, conversation):
    stub = delta({"type": "resume_conversation_token", "kind": "topic", "token": "x.y.z", "conversation_id": conversation},
                 {"type": "stream_handoff", "conversation_id": conversation, "turn_exchange_id": turn, "options": [
                     {"type": "subscribe_ws_topic", "topic_id": "conversation-turn-" + turn},
                     {"type": "resume_sse_endpoint"}]}, complete=False)
    return entry(F, dumps(prompt(message("think " + turn, id), conversation_id=conversation, parent="p-" + id)), stub)


def pieces(topic, id, parent, conversation, *texts):
    doc = document(id, [""], parent=parent, conversation=conversation)
    made = [sse(("delta_encoding", '"v1"'), ("delta", add(doc)), done=False), sse(("delta", append(texts[0])), done=False)]
    made += [sse(("delta", {"v": t}), done=False) for t in texts[1:]]
    return [item(topic, n, p, conversation) for n, p in enumerate(made, 1)]


@case
def two_answers_in_turn_on_one_socket():
    one, two = "conversation-turn-rs1", "conv-turn-low-ttl-rs2"
    a = pieces(one, "ra-sa1", "ra-su1", "ra-sc1", "Uno ", "dos ", "tres")
    b = pieces(two, "ra-sa2", "ra-su2", "ra-sc2", "Eins ", "zwei ", "drei")
    mixed = [down(x) for pair in zip(a, b) for x in pair]
    return [handed("ra-su1", "rs1", "ra-sc1"), handed("ra-su2", "rs2", "ra-sc2"),
            socket(EVENTS, up([]), subscribe(one), subscribe(two), *mixed, up([]), down([complete(two, "ra-sc2")]),
                   down([complete(one, "ra-sc1")]), second=2)], [
        says("think rs1"), says("think rs2"), answers("Eins zwei drei", message_id="ra-sa2", conversation_id="ra-sc2"),
        answers("Uno dos tres", message_id="ra-sa1", conversation_id="ra-sc1")]


@case
def reply_that_catches_up_and_goes_on():
    topic = "conversation-turn-rs3"
    a = pieces(topic, "ra-sa3", "ra-su3", "ra-sc3", "Caught ", "up ", "at last")
    reply = {"type": "reply", "reply": {"topic_id": topic, "catchups": [{"payload": x["payload"]} for x in a[:3]]}}
    bare = {"topic_id": topic, "payload": a[3]["payload"]}
    return [handed("ra-su3", "rs3", "ra-sc3"), socket(EVENTS, subscribe(topic), down(reply), down(a[2]), down(bare),
                                                    down([complete(topic, "ra-sc3")]), second=2)], [
        says("think rs3"), answers("Caught up at last", message_id="ra-sa3", replies_to=0)]


@case
def report_of_a_long_research():
    def update(kind, **content):
        return {"type": "message", "topic_id": "conversations", "payload": {"type": "conversation-update", "payload": {
            "conversation_id": "ra-sc4", "update_type": kind, "update_content": content}}}
    report = {"id": "ra-sa4", "author": {"role": "assistant", "metadata": {}}, "recipient": "all", "status": "finished_successfully",
              "content": {"content_type": "text", "parts": ["The whole report"]}, "metadata": {"parent_id": "ra-su4"}}
    state = {"plan": ["Read", "Write"], "report_message": report}
    return [handed("ra-su4", "rs4", "ra-sc4"), socket(EVENTS, down([update("update-widget-state", widget_state=state)]),
                                                    second=3)], [
        says("think rs4"), answers("The whole report", hidden=ANY, message_id="ra-sa4", conversation_id="ra-sc4")]


@case
def picture_that_comes_later():
    image = {"id": "ra-sa5", "author": {"role": "tool", "name": "t2uay3k.sj1i4kz", "metadata": {}}, "recipient": "all",
             "status": "finished_successfully", "content": {"content_type": "multimodal_text", "parts": [
                 {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00000000aabbccddeeff0011223355cc",
                  "size_bytes": 10, "width": 1, "height": 1, "metadata": {"dalle": {"gen_id": "g", "prompt": "a red boat"}}}]},
             "metadata": {"async_task_type": "image_gen", "parent_id": "ra-su5"}}
    told = {"topic_id": "conversations", "payload": {"type": "conversation-update", "payload": {
        "conversation_id": "ra-sc5", "update_type": "add-messages", "update_content": {"messages": [image]}}}}
    return [handed("ra-su5", "rs5", "ra-sc5"), socket(EVENTS, down(told), second=3)], [
        says("think rs5"), expect("response_with_file.generated", None, "a red boat", complete=True, conversation_id="ra-sc5",
                                  file_ids=["file_00000000aabbccddeeff0011223355cc"])]


@case
def two_old_answers_in_turn():
    def frames(id, response, conversation, *texts):
        docs = [document(id, [t], parent="u", conversation=conversation) for t in texts]
        data = sse(*docs).encode()
        cuts = [data[i:i + 37] for i in range(0, len(data), 37)]
        return [{"type": "message", "from": "group", "fromUserId": None, "group": "conversations-x", "dataType": "json",
                 "sequenceId": 0, "data": {"type": "http.response.body", "body": base64.b64encode(c).decode(),
                                           "more_body": n + 1 < len(cuts), "response_id": response,
                                           "conversation_id": conversation}} for n, c in enumerate(cuts)]
    a, b = frames("ra-sa6", "r6", "ra-sc6", "Bon", "Bonjour 🙂"), frames("ra-sa7", "r7", "ra-sc7", "Gu", "Guten Tag")
    longest = max(len(a), len(b))
    mixed = [x[n] for n in range(longest) for x in (a, b) if n < len(x)]
    mixed = [down({**x, "sequenceId": n}) for n, x in enumerate(mixed, 1)]
    ends = ["ra-sa7", "ra-sa6"] if len(b) < len(a) else ["ra-sa6", "ra-sa7"]
    said = {"ra-sa6": "Bonjour 🙂", "ra-sa7": "Guten Tag"}
    return [socket(PUBSUB, down({"type": "system", "event": "connected", "userId": "user-x", "connectionId": "k"}),
                   *mixed, up({"type": "sequenceAck", "sequenceId": 12}))], [
        answers(said[e], message_id=e, conversation_id="ra-sc" + e[-1]) for e in ends]


@case
def socket_over_a_stream_of_http2():
    """RFC 8441: extended CONNECT, answered by 200."""
    topic = "conversation-turn-rs8"
    a = pieces(topic, "ra-sa8", "ra-su8", "ra-sc8", "Over ", "two")
    made = socket("wss://chatgpt.com/backend-api/celsius/ws/user-ana?verify=1-x", *[down([x]) for x in a],
                  down([complete(topic, "ra-sc8")]), second=2, status=200)
    made["request"]["method"] = "CONNECT"
    made["request"]["httpVersion"] = made["response"]["httpVersion"] = "h2"
    return [handed("ra-su8", "rs8", "ra-sc8"), made], [
        says("think rs8"), answers("Over two", message_id="ra-sa8", replies_to=0)]


@case
def answer_that_is_read_again_elsewhere():
    """§4.6: the rest by resume, offset = items to skip, on another connection."""
    text = delta(add(document("ra-sa9", [""], parent="ra-su9", conversation="ra-sc9")), append("Fresh "), {"v": "start"},
                 conversation="ra-sc9")
    return [handed("ra-su9", "rs9", "ra-sc9"),
            entry(CHAT + "/backend-anon/f/conversation/resume", dumps({"conversation_id": "ra-sc9", "offset": 0}), text,
                  second=4, answer_encoding="br")], [
        says("think rs9"), answers("Fresh start", message_id="ra-sa9", conversation_id="ra-sc9", replies_to=0)]
