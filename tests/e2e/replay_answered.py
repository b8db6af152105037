"""What comes back, in guises that no older case has (facts/chatgpt-wire.md §4):
whole turns over each carrier, by more than one way at once."""
import base64

from exchanges import CHAT, F, OLD, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse
from replay_cases import ANY, answers, case, expect, says
from replay_mweb import FORM, NDJSON, PARTIAL, control, form, line, piece
from replay_ws import CODEX, EVENTS, PUBSUB, down, socket, up

JS = "application/json"


def ask(n, answer, *expected, says_more=None, **more):
    c = f"fb{n}-c"
    return [entry(F, dumps(prompt(message(f"ask {n}", f"fb{n}-u"))), answer, **more)], [
        says(f"ask {n}", message_id=f"fb{n}-u", **(says_more or {})), *expected]


def doc(n, role="assistant", which="a", parts=None, parent="u", **more):
    return document(f"fb{n}-{which}", parts, role, parent=f"fb{n}-{parent}", conversation=f"fb{n}-c", **more)


def told(n, text, which="a", **more):
    return answers(text, **{"message_id": f"fb{n}-{which}", "conversation_id": f"fb{n}-c", **more})


def put(path, value, o="replace"):
    return {"p": path, "o": o, "v": value}


PART = "/message/content/parts/0"


@case
def answered_a_whole_turn_of_thinking_and_tools():
    return ask(1, delta(
        add(doc(1, "system", "s", [""], metadata={"is_visually_hidden_from_conversation": True}), 0),
        {"v": doc(1, which="t", content={"content_type": "thoughts", "thoughts": [], "source_analysis_msg_id": "x"}, parent="s"), "c": 1},
        {"p": "/message/content/thoughts", "o": "append", "v": [{"summary": "Weighing", "content": "Tide or", "chunks": [], "finished": False}]},
        {"p": "/message/content/thoughts/0/content", "o": "append", "v": " current"},
        {"p": "", "o": "patch", "v": [put("/message/content/thoughts/0/finished", True), put("/message/status", "finished_successfully")]},
        {"p": "", "o": "add", "v": doc(1, which="k", recipient="web.run", content={
            "content_type": "code", "language": "unknown", "text": "", "response_format_name": None}, parent="t"), "c": 2},
        {"p": "/message/content/text", "o": "append", "v": "{\"q\":\"brest"}, {"v": " tides\"}"},
        {"p": "", "o": "add", "v": doc(1, "tool", "w", name="web.run", content={"content_type": "tether_quote", "url": "https://e.org/t", "domain": "e.org",
                                                                          "title": "Tide table", "text": "High 06:12"}, parent="k"), "c": 3},
        {"v": doc(1, which="r", content={"content_type": "reasoning_recap", "content": "Thought for 4s"}, parent="w"), "c": 4},
        {"v": doc(1, which="a", channel="final", parent="r"), "c": 5},
        {"p": PART, "o": "append", "v": "High water is "}, {"v": "at 06:12 \ue200cite\ue202turn0search0\ue201."},
        {"p": "", "o": "patch", "v": [put("/message/metadata", {"citations": [{"start_ix": 1}], "is_complete": True}, "append")]},
        conversation="fb1-c"),
        told(1, "High water is at 06:12 \ue200cite\ue202turn0search0\ue201.", hidden=ANY,
             verdict=ANY, hidden_has=["Weighing", "Tide or current", "brest tides", "High 06:12", "Thought for 4s"], parent_message_id="fb1-r", model="gpt-5-6"))


@case
def answered_two_visible_messages_with_a_tool_between():
    return ask(2, delta(
        add(doc(2, which="a1", channel="final")), append("Let me look."),
        add(doc(2, "tool", "t", ["found 3"], name="file_search", parent="a1"), 1),
        {"v": doc(2, which="a2", parent="t"), "c": 2}, append("There are three."), conversation="fb2-c"),
        told(2, "Let me look.\nThere are three.", "a2", hidden="found 3"))


@case
def answered_interleaved_counters_of_two_documents():
    return ask(3, delta(
        add(doc(3, which="k", recipient="python", content={"content_type": "code", "text": "", "language": "python"}), 0),
        {"v": doc(3, which="a"), "c": 1}, {"p": PART, "o": "append", "v": "one "},
        {"c": 0, "p": "/message/content/text", "v": "x"}, {"v": " = 1"}, {"c": 1, "p": PART, "v": "two "}, {"v": "three"},
        {"c": 0, "p": "/message/content/text", "v": "; y"}, {"c": 1, "p": PART, "v": "!"}, conversation="fb3-c"),
        told(3, "one two three!", hidden="x = 1; y"))


@case
def answered_halves_of_a_pair_in_two_deltas():
    text = delta(add(doc(4)), append("smile @1"), {"v": "@2 done"}, conversation="fb4-c").replace("@1", "\\ud83d").replace("@2", "\\ude00")
    return ask(4, text, told(4, "smile \ufffd\ufffd done"))


@case
def answered_part_taken_out_again():
    return ask(5, delta(add(doc(5, parts=["keep", "drop"])), put("/message/content/parts/1", None, "remove"), append(" this"), conversation="fb5-c"),
               told(5, "keep this", hidden="drop"))


@case
def answered_content_changes_its_kind():
    return ask(6, delta(add(doc(6, content={"content_type": "thoughts", "thoughts": [{"summary": "hm", "content": "maybe"}]})),
                        put("/message/content", {"content_type": "text", "parts": ["Surely"]}), append(" yes"), conversation="fb6-c"),
               told(6, "Surely yes", hidden=ANY, hidden_has="maybe"))


@case
def answered_picture_put_beside_the_words():
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_000000000000000000000000000fb701", "width": 4, "height": 4,
               "metadata": {"dalle": {"gen_id": "g", "prompt": "a lighthouse"}}}
    return ask(7, delta(add(doc(7, content={"content_type": "multimodal_text", "parts": ["Here:"]})),
                        put("/message/content/parts/1", pointer, "add"), append(" it is"), conversation="fb7-c"),
               expect("response_with_file.generated", "Here: it is", hidden=ANY, hidden_has="a lighthouse", complete=True, message_id="fb7-a",
                      file_ids=["file_000000000000000000000000000fb701"]))


@case
def answered_stream_that_just_stops():
    return ask(8, delta(add(doc(8)), append("Half a sen"), {"v": "tence"}, done=False, complete=False),
               told(8, "Half a sentence", complete=False))


@case
def answered_blocked_by_moderation():
    return ask(9, legacy(doc(9, parts=["Mixing those"]), {"conversation_id": "fb9-c", "message_id": "fb9-a", "is_completion": True, "moderation_response": {
        "flagged": True, "blocked": True, "moderation_id": "modr-9"}}), told(9, "Mixing those"))


@case
def answered_error_amid_the_stream():
    return ask(10, delta(add(doc(10)), append("It was "), put("/error", "Something went wrong"), complete=False, done=False),
               told(10, "It was ", hidden=ANY, complete=False))


@case
def answered_typed_events_between_inherited_deltas():
    return ask(11, delta(
        {"type": "resume_conversation_token", "kind": "topic", "token": "eyJ.e30.x", "conversation_id": "fb11-c"},
        {"type": "input_message", "input_message": {"id": "fb11-u", "author": {"role": "user"}, "content": {"content_type": "text", "parts": ["ask 11"]}},
         "conversation_id": "fb11-c"},
        add(doc(11)), {"type": "message_marker", "marker": "user_visible_token", "event": "first", "message_id": "fb11-a", "conversation_id": "fb11-c"},
        append("A"), {"type": "title_generation", "title": "Letters", "conversation_id": "fb11-c"}, {"v": "B"},
        {"type": "server_ste_metadata", "metadata": {"plan_type": "plus", "model_slug": "gpt-5-6"}, "conversation_id": "fb11-c"}, {"v": "C"},
        {"type": "conversation_detail_metadata", "limits_progress": [], "default_model_slug": "auto", "conversation_id": "fb11-c"},
        conversation="fb11-c"), told(11, "ABC", hidden=ANY))


@case
def answered_double_packed_and_raw_deflated():
    import zlib
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = plain("Raw", "fb12b-a", "fb12b-u", "fb12b-c").encode()
    e = entry(F, dumps(prompt(message("ask 12b", "fb12b-u"))), raw.compress(text) + raw.flush(), second=3, is_answer_base64=True)
    e["response"]["headers"].append({"name": "Content-Encoding", "value": "deflate"})
    made, want = ask(12, plain("Twice", "fb12-a", "fb12-u", "fb12-c"), told(12, "Twice"), answer_encoding="gzip, br")
    return made + [e], want + [says("ask 12b"), answers("Raw", message_id="fb12b-a")]


@case
def answered_cr_lines_comments_and_no_blanks():
    text = ": hello\rid: 1\revent:delta_encoding\rdata:\"v1\"\r\r"
    for i, d in enumerate([add(doc(13)), append("CR "), {"v": "only"}]):
        text += f": {i}\rretry: 10\revent:delta\rdata:{dumps(d)}   \r\r"
    text += "data:{\"type\":\"message_stream_complete\",\"conversation_id\":\"fb13-c\"}\r\r:bye\r\rdata:[DONE]\r"
    return ask(13, text, told(13, "CR only"))


TURN = "fb14-turn"


def envelope(topic, n, piece, conversation, bare=False):
    payload = {"type": "conversation-turn-stream", "payload": {"type": "stream-item", "conversation_id": conversation, "turn_id": topic,
               "stream_item_id": f"{topic}-{n}", "parent_stream_item_id": f"{topic}-{n - 1}", "encoded_item": piece}}
    e = {"topic_id": f"conversation-turn-{topic}", "offset": str(n), "payload": payload}
    return e if bare else {"type": "message", **e}


def event(d):
    return f"event: delta\ndata: {dumps(d)}\n\n"


def stub(n, topic):
    return sse(("delta_encoding", '"v1"'), {"type": "resume_conversation_token", "kind": "topic", "token": "t", "conversation_id": f"fb{n}-c"},
               {"type": "stream_handoff", "conversation_id": f"fb{n}-c", "turn_exchange_id": topic, "options": [
                   {"type": "resume_sse_endpoint"}, {"type": "subscribe_ws_topic", "topic_id": f"conversation-turn-{topic}"}]})


END = {"type": "message_stream_complete"}


def finished(n):
    return f"data: {dumps({**END, 'conversation_id': f'fb{n}-c'})}\n\ndata: [DONE]\n\n"


@case
def answered_two_conversations_on_one_socket():
    s = socket("wss://ws.chatgpt.com/ws/user/user-fb14?verify=1-s",
               up([]), up([{"id": 1, "command": {"type": "subscribe", "topic_id": "conversation-turn-t14", "offset": "0"}}], 3),
               down([{"type": "reply", "reply": {"topic_id": "conversation-turn-t14", "catchups": [
                   {"payload": {"payload": {"stream_item_id": "t14-1", "encoded_item": "event: delta_encoding\ndata: \"v1\"\n\n"}}},
                   {"payload": {"payload": {"stream_item_id": "t14-2", "encoded_item": event(add(doc(14)))}}}]}}], 4),
               down([envelope("t14", 2, event(add(doc(14))), "fb14-c"), envelope("t14", 3, event(append("First ")), "fb14-c")], 5),
               down(envelope("t15", 1, "event: delta_encoding\ndata: \"v1\"\n\n" + event(add(doc(15))), "fb15-c", True), 5.5),
               down(envelope("t15", 2, event(append("Second ")), "fb15-c"), 6),
               down([envelope("t14", 4, event({"v": "answer"}), "fb14-c"), envelope("t15", 3, event({"v": "one"}), "fb15-c", True)], 6.5),
               down(envelope("t14", 5, finished(14), "fb14-c"), 7), down(envelope("t15", 4, finished(15), "fb15-c"), 8))
    a, _ = ask(14, stub(14, "t14"), second=1)
    b, _ = ask(15, stub(15, "t15"), second=2)
    return [s, *a, *b], [says("ask 14", conversation_id="fb14-c"), says("ask 15", conversation_id="fb15-c"),
                         told(14, "First answer", replies_to=0), told(15, "Second one", replies_to=1)]


@case
def answered_frames_before_the_stub_has_ended():
    s = socket("wss://ws.chatgpt.com/ws/user/user-fb16?verify=1-s",
               down(envelope("t16", 1, "event: delta_encoding\ndata: \"v1\"\n\n" + event(add(doc(16))), "fb16-c"), 2.2),
               down(envelope("t16", 2, event(append("Early bird"))[:20], "fb16-c"), 2.4),
               down(envelope("t16", 3, event(append("Early bird"))[20:], "fb16-c"), 2.5),
               down(envelope("t16", 4, finished(16), "fb16-c"), 9))
    a, _ = ask(16, stub(16, "t16"), second=2, millis=2000)
    return [s, *a], [says("ask 16", conversation_id="fb16-c"), told(16, "Early bird", replies_to=0)]


@case
def answered_two_old_answers_interleaved_cut_within_letters():
    def frames(n):
        data = legacy(doc(n, parts=["É"]), doc(n, parts=["Été à"]), doc(n, parts=["Été à Brest 🙂"], end_turn=True), pad=" ").encode()
        cuts = [data[i:i + 37] for i in range(0, len(data), 37)]
        return [{"type": "message", "from": "group", "fromUserId": None, "group": "conversations-x", "dataType": "json", "sequenceId": 0,
                 "data": {"type": "http.response.body", "body": base64.b64encode(c).decode(), "more_body": i + 1 < len(cuts),
                          "response_id": f"fb{n}-r", "conversation_id": f"fb{n}-c"}} for i, c in enumerate(cuts)]
    both = [x for pair in zip(frames(17), frames(18)) for x in pair]
    for i, x in enumerate(both):
        x["sequenceId"] = i + 1
    s = socket("wss://chatgpt-async-webps-prod-eastus-7.chatgpt.com/client/hubs/conversations?access_token=x",
               down({"type": "system", "event": "connected", "userId": "user-17", "connectionId": "k"}),
               *[down(x, 5 + i / 10) for i, x in enumerate(both)], up({"type": "sequenceAck", "sequenceId": 4}, 30))
    asks = [entry(OLD, dumps(prompt(message(f"ask {n}", f"fb{n}-u"), websocket_request_id=f"w{n}")),
                  dumps({"wss_url": "wss://chatgpt-async-webps-prod-eastus-7.chatgpt.com/client/hubs/conversations?access_token=x",
                         "conversation_id": f"fb{n}-c", "response_id": f"fb{n}-r", "websocket_request_id": f"w{n}"}), answer_kind=JS, second=n - 16)
            for n in (17, 18)]
    return [s, *asks], [says("ask 17", conversation_id="fb17-c"), says("ask 18", conversation_id="fb18-c"),
                        told(17, "Été à Brest 🙂", replies_to=0), told(18, "Été à Brest 🙂", replies_to=1)]


def update(kind, conversation, **content):
    return {"type": "message", "topic_id": "conversations", "offset": "3", "payload": {"type": "conversation-update", "payload": {
        "conversation_id": conversation, "update_type": kind, "update_content": content}}}


@case
def answered_picture_by_an_update():
    picture = doc(19, "tool", "p", name="image_gen.text2im", parent="u", status="finished_successfully", content={
        "content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer", "asset_pointer":
                                                      "sediment://file_000000000000000000000000000fb191", "metadata": {"dalle": None, "generation": {"gen_id": "x"}}}]},
        metadata={"async_task_type": "image_gen", "image_gen_task_id": "ig"})["message"]
    said = doc(19, parts=["Your picture"], parent="p", status="finished_successfully", end_turn=True)["message"]
    s = socket("wss://ws.chatgpt.com/ws/user/user-fb19?verify=1-s", down([{
        "type": "message", "topic_id": "conversations", "offset": "3", "payload": {
            "type": "conversation-update", "conversation_id": "fb19-c", "update_type": "add-messages",
            "update_content": {"messages": [picture, said]}}}], 5))
    a, _ = ask(19, sse({"type": "stream_handoff", "conversation_id": "fb19-c", "turn_exchange_id": "t19", "options": []}), second=1)
    return [s, *a], [says("ask 19", conversation_id="fb19-c"),
                     expect("response_with_file.generated", "Your picture", hidden=ANY, message_id="fb19-a", conversation_id="fb19-c",
                            file_ids=["file_000000000000000000000000000fb191"], replies_to=0)]


@case
def answered_report_of_a_research():
    s = socket("wss://ws.chatgpt.com/ws/user/user-fb20?verify=1-s", down({
        "topic_id": "conversations", "payload": {"type": "conversation-update", "conversation_id": "fb20-c", "update_type": "update-widget-state",
                                                 "update_content": {"widget_state": {"plan": {"steps": ["Read ports"]}, "report_message":
                                                     doc(20, parts=["# Ports\nThree of them."], status="finished_successfully", end_turn=True)["message"]}}}}, 5))
    a, _ = ask(20, stub(20, "t20"), second=1)
    return [s, *a], [says("ask 20", conversation_id="fb20-c"),
                     told(20, "# Ports\nThree of them.", hidden=ANY, replies_to=0)]


def light(n, answer, kind=NDJSON):
    return entry(CHAT + f"/unauth-mweb/conversation/updates?lightweight_authenticated=0&operationId={n}", form(f"ask {n}", f"fb{n}-u"), answer,
                 kind=FORM, answer_kind=kind)


@case
def answered_lines_with_two_messages_and_a_replacement():
    t = (control("started") + control("conversation-id", conversationId="fb21-c") + piece("Wrong", 1, "replace", id="fb21-a1") +
         piece("Right", 2, "replace", id="fb21-a1") + piece(" so", 3, id="fb21-a1", baseRevision=2) + piece("", 4, status="complete", id="fb21-a1") +
         piece("Also this", 1, "replace", "complete", id="fb21-a2") + line("diagnostic", message="slow") + line("shared", html="<p>Right so</p><p>Also this</p>") +
         control("complete") + line("end"))
    return [light(21, t)], [says("ask 21", conversation_id="fb21-c"),
                            answers("Right so", hidden="Wrong", message_id="fb21-a1", conversation_id="fb21-c"),
                            answers("Also this", message_id="fb21-a2", conversation_id="fb21-c")]


@case
def answered_lines_that_fail():
    t = control("started") + control("conversation-id", conversationId="fb22-c") + piece("Only a", 1, "replace", id="fb22-a") + \
        control("failed", failureReason="upstream", status=502, origin="server") + line("error", message="Try again", detail=None)
    return [light(22, t)], [says("ask 22", conversation_id="fb22-c"), told(22, "Only a", hidden=ANY, complete=False)]


@case
def answered_partials_with_entities_and_instructions():
    region = "assistant-pending-9f-"
    t = ('<template data-web-mobile-dpu-frame="1"><span data-conversation-control="conversation-id" data-conversation-id="fb23-c"></span></template>'
         f'<template data-web-mobile-dpu-frame="2"><template for="{region}pending" data-web-mobile-dpu-apply="replace">'
         '<p data-assistant-stream-block="" data-assistant-stream-block-index="0"><?start 1>Salt &amp; pep</p></template></template>'
         f'<template data-web-mobile-dpu-frame="3"><template for="{region}committed-block-0" data-web-mobile-dpu-apply="replace">'
         '<p data-assistant-stream-block="" data-assistant-stream-block-index="0">Salt &amp; pepper, it&#x27;s <b>fine</b><?marker x?></p></template></template>'
         f'<template data-web-mobile-dpu-frame="4"><template for="{region}reasoning" data-web-mobile-dpu-apply="replace"><p>Thinking</p></template></template>'
         '<template data-web-mobile-dpu-frame="5"><span data-conversation-control="message-stream-complete" data-message-id="fb23-a"></span>'
         '<span data-conversation-control="complete"></span></template>')
    return [light(23, t, PARTIAL)], [says("ask 23", conversation_id="fb23-c"), answers("Salt & pepper, it's fine", hidden=ANY, conversation_id="fb23-c", message_id="fb23-a")]


@case
def answered_canvas_made_and_changed():
    call = "{\"name\":\"letter\",\"type\":\"document\",\"content\":\"Dear Lyon\"}"
    return ask(24, delta(
        add(doc(24, which="k", recipient="canmore.create_textdoc", content={"content_type": "code", "language": "json", "text": ""})),
        append(call[:30], "/message/content/text"), {"v": call[30:]},
        add(doc(24, "tool", "t", ["Successfully created text document"], name="canmore.create_textdoc", parent="k", metadata={"canvas": {"textdoc_id": "td24"}}), 1),
        {"v": doc(24, which="k2", recipient="canmore.update_textdoc", parent="t", content={"content_type": "code", "language": "json",
                                                                                     "text": "{\"updates\":[{\"pattern\":\"Dear\",\"multiple\":false,\"replacement\":\"Hello\"}]}"}), "c": 2},
        {"v": doc(24, which="a", parent="k2"), "c": 3}, append("I wrote the letter."), conversation="fb24-c"),
        told(24, "I wrote the letter.", hidden=ANY, hidden_has=["Dear Lyon", "replacement"]))


@case
def answered_error_of_a_tool_and_code_that_ran():
    return ask(25, legacy(
        doc(25, which="k", recipient="python", content={"content_type": "code", "language": "python", "text": "1/0"}),
        doc(25, "tool", "t", name="python", content={"content_type": "system_error", "name": "ZeroDivisionError", "text": "division by zero"}, parent="k"),
        doc(25, "tool", "t2", name="python", content={"content_type": "execution_output", "text": "inf"}, parent="t",
            metadata={"aggregate_result": {"code": "1/0", "final_expression_output": "inf", "messages": [], "jupyter_messages": []}}),
        doc(25, parts=["It is infinite."], parent="t2", end_turn=True)),
        told(25, "It is infinite.", hidden=ANY, hidden_has=["1/0", "division by zero", "inf"], parent_message_id="fb25-t2"))


@case
def answered_file_of_the_interpreter_deep_in_folders():
    return ask(26, delta(add(doc(26)), append("[Get it](sandbox:///mnt/data/out/may/rep"), {"v": "ort.v2.xlsx) now"}, conversation="fb26-c"),
               expect("response_with_file.generated", "[Get it](sandbox:///mnt/data/out/may/report.v2.xlsx) now", complete=True, message_id="fb26-a",
                      files=[{"name": "report.v2.xlsx"}]))


@case
def answered_spoken_answer():
    return ask(27, delta(add(doc(27, content={"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_transcription", "text": "", "direction": "out", "decoding_id": None},
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_000000000000000000000000000fb271", "format": "aac", "size_bytes": 3}]})),
        append("Low tide ", PART + "/text"), {"v": "at six"}, conversation="fb27-c"),
        expect(ANY, "Low tide at six", hidden=ANY, message_id="fb27-a", complete=True))


@case
def answered_old_stream_with_nulls_and_dates():
    t = ('data: 2023-03-01 10:00:00.000001\n\n' + legacy({"message": None, "conversation_id": "fb28-c", "error": None}, doc(28, "user", "u", ["ask 28"]),
         doc(28, parts=["On"]), {"type": "title_generation", "title": "One", "conversation_id": "fb28-c"},
         doc(28, parts=["One, two"], end_turn=True, status="finished_successfully")))
    return ask(28, t, told(28, "One, two", hidden=ANY))


@case
def answered_patch_given_to_an_inherited_text():
    return ask(29, delta(add(doc(29)), append("Wait"), {"v": [put(PART, 2, "truncate"), put(PART, "ves", "append")]},
                         {"p": PART, "o": "append", "v": " roll"}, {"o": "patch", "v": [put(PART, " on", "append"), put("/message/end_turn", True)]},
                         conversation="fb29-c"), told(29, "Waves roll on", hidden=ANY))


@case
def answered_no_ids_but_the_documents():
    d = doc(30, parts=["Bare"])
    del d["conversation_id"], d["error"]
    return ask(30, delta(add(d), append(" bones"), conversation="fb30-c"), answers("Bare bones", message_id="fb30-a"))


@case
def answered_weight_zero_and_hidden_with_weight():
    return ask(31, delta(add(doc(31, which="h", parts=["secret aside"], metadata={"is_visually_hidden_from_conversation": True})),
                         {"v": doc(31, which="a", parent="h", weight=0.0, channel="final"), "c": 1}, append("Shown"), conversation="fb31-c"),
               told(31, "Shown", hidden="secret aside"))


@case
def answered_resumed_by_a_visitor():
    c = "fb32-c"
    events = [add(doc(32)), append("Six "), {"v": "ships "}, {"v": "sailed"}]
    head = sse(("delta_encoding", '"v1"'), *[("delta", e) for e in events[:2]], done=False)
    tail = sse(("delta_encoding", '"v1"'), *[("delta", e) for e in events[2:]], {**END, "conversation_id": c})
    anon = CHAT + "/backend-anon/f/conversation"
    return [entry(anon, dumps(prompt(message("ask 32", "fb32-u"))), head),
            entry(anon + "/resume", dumps({"offset": 3, "conversation_id": c}), tail, second=3)], [
        says("ask 32", conversation_id=c), told(32, "Six ships sailed", replies_to=0)]


@case
def answered_codex_stream_of_events():
    def ev(type, **more):
        return (type, {"type": type, **more})
    out = {"type": "message", "id": "msg_33", "role": "assistant", "content": [{"type": "output_text", "text": "All green.", "annotations": []}]}
    answer = sse(ev("response.created", response={"id": "fb33-r", "model": "gpt-5-codex", "output": []}),
                 ev("response.output_item.added", output_index=0, item={"type": "reasoning", "id": "rs_33", "summary": []}),
                 ev("response.reasoning_summary_text.delta", item_id="rs_33", output_index=0, summary_index=0, delta="Look at "),
                 ev("response.reasoning_summary_text.delta", item_id="rs_33", output_index=0, summary_index=0, delta="tests"),
                 ev("response.reasoning_summary_text.done", item_id="rs_33", output_index=0, summary_index=0, text="Look at tests"),
                 ev("response.output_item.done", output_index=1, item={"type": "custom_tool_call", "id": "ct", "call_id": "k", "name": "apply_patch", "input": "*** Begin"}),
                 ev("response.output_text.delta", item_id="msg_33", output_index=2, content_index=0, delta="All "),
                 ev("response.output_text.delta", item_id="msg_33", output_index=2, content_index=0, delta="green."),
                 ev("response.output_text.done", item_id="msg_33", output_index=2, content_index=0, text="All green."),
                 ev("response.output_item.done", output_index=2, item=out),
                 ev("response.completed", response={"id": "fb33-r", "model": "gpt-5-codex", "status": "completed", "output": [out]}), done=False)
    body = {"model": "gpt-5-codex", "input": "Run the tests", "stream": True, "store": False}
    return [entry(CHAT + "/backend-api/codex/responses", dumps(body), answer, encoding="zstd", answer_encoding="br")], [
        says("Run the tests", model="gpt-5-codex"),
        answers("All green.", hidden=ANY, hidden_has=["Look at tests", "*** Begin"], message_id="fb33-r", replies_to=0)]


@case
def answered_codex_socket_with_a_failure_between():
    def r(n, type, **more):
        return {"type": type, "response": {"id": f"fb34-r{n}", "model": "gpt-5-codex", **more}}
    def d(n, text):
        return {"type": "response.output_text.delta", "item_id": f"m{n}", "output_index": 0, "content_index": 0, "delta": text}
    def c(text):
        return {"type": "response.create", "model": "gpt-5-codex", "input": [{"role": "user", "content": text}]}
    return [socket(CODEX, up(c("first")), down(r(1, "response.created")), down(d(1, "one")), down(r(1, "response.completed", status="completed", output=[])),
                   up(c("second")), down(r(2, "response.created")), down(d(2, "tw")), down(r(2, "response.failed", status="failed", error={"code": "x", "message": "No"})),
                   up(c("third")), down(r(3, "response.created")), down(d(3, "three")), down(r(3, "response.incomplete", status="incomplete", output=[])))], [
        says("first"), answers("one", message_id="fb34-r1"),
        says("second", outcome=ANY), answers("tw", complete=ANY, hidden=ANY, message_id="fb34-r2", outcome=ANY),
        says("third"), answers("three", complete=ANY, message_id="fb34-r3", outcome=ANY)]


@case
def answered_answer_over_http2_socket():
    s = socket("wss://ws.chatgpt.com/ws/user/user-fb35?verify=1-s",
               down([envelope("t35", 1, "event: delta_encoding\r\ndata: \"v1\"\r\n\r\n" + event(add(doc(35))), "fb35-c")], 5),
               down([envelope("t35", n + 2, event(append(t)), "fb35-c") for n, t in enumerate(["Over ", "a ", "stream"])], 6),
               down([{"type": "message", "topic_id": "conversation-turn-t35", "payload": {"type": "conversation-turn-complete", "payload": {
                   "conversation_id": "fb35-c", "turn_id": "t35"}}}], 7))
    s["request"]["method"] = "CONNECT"
    s["request"]["httpVersion"] = s["response"]["httpVersion"] = "h2"
    s["request"]["headers"].append({"name": ":protocol", "value": "websocket"})
    s["response"]["status"] = 200
    a, _ = ask(35, stub(35, "t35"), second=1)
    return [s, *a], [says("ask 35", conversation_id="fb35-c"), told(35, "Over a stream", replies_to=0, complete=True)]


@case
def answered_genui_and_writing_block():
    text = "Look \ue200genui\ue202{\"kpi\":\"Revenue\"}\ue201\n:::writing{variant=\"email\" id=\"1\" title=\"Hi\"}\nDear Ana\n:::"
    return ask(36, delta(add(doc(36, channel="final")), append(text[:20]), {"v": text[20:]}, conversation="fb36-c"), told(36, text))


@case
def answered_metadata_names_files_and_queries():
    meta = {"search_model_queries": {"type": "search_model_queries", "queries": ["dupont merger date"]},
            "attachments": [{"id": "file_000000000000000000000000000fb371", "name": "summary.docx", "mime_type": "application/x", "size": 9}]}
    return ask(37, delta(add(doc(37)), append("See the file"), put("/message/metadata", meta, "append"), conversation="fb37-c"),
               expect("response_with_file.generated", "See the file", hidden=ANY, hidden_has="dupont merger date", complete=True,
                      files=[{"id": "file_000000000000000000000000000fb371", "name": "summary.docx"}], message_id="fb37-a"))


@case
def answered_developer_and_context_documents():
    return ask(38, delta(
        add(doc(38, "developer", "d", content={"content_type": "developer_content", "parts": ["Dev rules"]})),
        {"v": doc(38, "user", "x", content={"content_type": "user_editable_context", "user_profile": "I am Ana", "user_instructions": "Be kind"}, parent="d",
                  metadata={"is_visually_hidden_from_conversation": True}), "c": 1},
        {"v": doc(38, which="m", content={"content_type": "model_editable_context", "model_set_context": "1. Likes tea"}, parent="x"), "c": 2},
        {"v": doc(38, which="a", parent="m"), "c": 3}, append("Hello Ana"), conversation="fb38-c"),
        told(38, "Hello Ana", hidden=ANY, hidden_has=["I am Ana", "Be kind", "Likes tea"]))


@case
def answered_variant_pair_in_one_stream():
    return ask(39, delta({"type": "num_variants_in_stream", "num_variants": 2, "conversation_id": "fb39-c"},
                         add(doc(39, which="a1")), append("Left"), {"v": doc(39, which="a2"), "c": 1, "p": "", "o": "add"},
                         {"p": PART, "o": "append", "v": "Right"}, conversation="fb39-c"),
               told(39, "Left", "a1"), told(39, "Right", "a2"))


@case
def answered_json_error_with_200_and_a_bare_line():
    a = entry(F, dumps(prompt(message("ask 40", "fb40-u"))), dumps({"error": {"message": "boom", "type": "server_error", "code": None}}), answer_kind=JS)
    b = entry(F, dumps(prompt(message("ask 41", "fb41-u"))), "data: internal server error\n\n", second=4)
    return [a, b], [says("ask 40", outcome=ANY), says("ask 41", outcome=ANY)]
