"""Cases of test_replay.py: WebSockets (facts/chatgpt-wire.md §3.7, §3.10,
§4.6, §4.7, §9.2, §9.3), as Chrome keeps their messages in a HAR."""
import base64
import hashlib
import itertools
import random

import documents
from exchanges import CARD, F, IBAN, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse
from replay_cases import ANY, BAD, answers, case, expect, says

CODEX = "wss://chatgpt.com/backend-api/codex/responses"
API = "wss://api.openai.com/v1/responses"
EVENTS = "wss://ws.chatgpt.com/ws/user/user-ana?verify=169-secret"
PUBSUB = "wss://chatgpt-async-webps-prod-westus-1.chatgpt.com/client/hubs/conversations?access_token=secret"


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def up(value, at=0):
    return ("send", value, at)


def down(value, at=0):
    return ("receive", value, at)


def socket(url, *messages, second=0, fields=None, status=101):
    """Each message: (direction, text or bytes or an object, seconds after the
    upgrade)."""
    e = entry(url, method="GET", kind=None, answer_kind=None, status=status, second=second, version="http/1.1",
              fields={"upgrade": "websocket", "connection": "Upgrade", **(fields or {})})
    e["_resourceType"] = "websocket"
    out, last = [], 0.0
    for kind, value, at in messages:
        last = max(last + 0.01, at)
        data = value if isinstance(value, (str, bytes)) else dumps(value)
        is_binary = isinstance(data, bytes)
        out.append({"type": kind, "time": last, "opcode": 2 if is_binary else 1,
                    "data": base64.b64encode(data).decode() if is_binary else data})
    e["_webSocketMessages"] = out
    e["time"] = last * 1000 + 100
    return e


# ---- Codex and Responses ----

def create(text, **more):
    history = [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandboxed."}]},
               {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]
    return {"type": "response.create", "model": "gpt-5-codex", "instructions": "You are Codex.", "input": history,
            "stream": True, "store": False, **more}


def turn(id, text, end="response.completed", cuts=2, hidden=None):
    step = max(1, len(text) // cuts)
    pieces = [text[i:i + step] for i in range(0, len(text), step)]
    head = {"id": id, "object": "response", "model": "gpt-5-codex-1"}
    yield {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}
    if hidden:
        yield {"type": "response.reasoning_summary_text.delta", "item_id": "rs_" + id, "summary_index": 0, "delta": hidden}
    for piece in pieces:
        yield {"type": "response.output_text.delta", "item_id": "msg_" + id, "output_index": 0, "content_index": 0,
               "delta": piece}
    if end:
        output = [{"type": "message", "id": "msg_" + id, "role": "assistant",
                   "content": [{"type": "output_text", "text": text, "annotations": []}]}]
        yield {"type": end, "response": {**head, "status": "completed", "output": output}}


@case
def codex_turns_on_one_socket():
    return [socket(CODEX, up(create("List the files")), *map(down, turn("r1", "README.md\nsrc", hidden="Looking.")),
                   up({"type": "response.processed", "response_id": "r1"}),
                   up(create("Now " + CARD, previous_response_id="r1")),
                   up(create("And the tests?", previous_response_id="r1")), *map(down, turn("r2", "Ünït tests 🙂")))], [
        says("List the files", hidden="Sandboxed.\nYou are Codex.", model="gpt-5-codex", service="chatgpt",
             http={"method": "GET", "path": "/backend-api/codex/responses", "status": 101, "version": "1.1"}),
        answers("README.md\nsrc", hidden="Looking.", message_id="r1", model="gpt-5-codex-1"),
        expect("prompt.created", "Now " + CARD, ANY, **BAD),
        says("And the tests?", hidden=ANY, parent_message_id="r1"),
        answers("Ünït tests 🙂", message_id="r2")]


@case
def responses_by_socket():
    bad = {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "code": "x", "message": "No."}}
    return [socket(API, up({"type": "response.create", "model": "gpt-5", "input": "Hi"}), *map(down, turn("q1", "Hello there")),
                   up({"type": "response.create", "model": "gpt-5", "input": "Again"}), down(bad),
                   up({"type": "response.create", "model": "gpt-5", "input": "Long one"}),
                   *map(down, turn("q2", "It was cut", end=None)))], [
        says("Hi", service="openai-api", model="gpt-5"), answers("Hello there", message_id="q1", service="openai-api"),
        says("Again", outcome="failure"), says("Long one"), answers("It was cut", complete=False, message_id="q2")]


@case
def sockets_of_both_sides_of_a_failed_upgrade():
    return [socket(CODEX, up(create("never sent")), status=403)], []


# ---- ws.chatgpt.com ----

COMMANDS = [{"id": 1, "command": {"type": "connect", "presence": {"type": "presence", "state": "background"}}},
            {"id": 2, "command": {"type": "subscribe", "topic_id": "conversations"}}]


def subscribe(topic, offset="0"):
    return up([{"id": 3, "command": {"type": "subscribe", "topic_id": topic, "offset": offset}}])


def item(topic, number, piece, conversation="c9", turn_id=None, **more):
    return {"type": "message", "topic_id": topic, "offset": str(number), "payload": {
        "type": "conversation-turn-stream", "payload": {
            "type": "stream-item", "conversation_id": conversation, "turn_id": turn_id or topic.rsplit("turn-")[-1],
            "stream_item_id": f"{topic}-{number}", "parent_stream_item_id": f"{topic}-{number - 1}",
            "server_timestamp_ms": 1790000000000, "encoded_item": piece, **more}}}


def complete(topic, conversation="c9"):
    return {"type": "message", "topic_id": topic, "payload": {"type": "conversation-turn-complete", "payload": {
        "conversation_id": conversation, "turn_id": topic.rsplit("turn-")[-1]}}}


def stream(text, id="ws-a1", parent="u1", conversation="c9", done=True, cuts=3):
    step = max(1, len(text) // cuts)
    return delta(add(document(id, [""], parent=parent, conversation=conversation)),
                 append(text[:step]), *({"v": text[i:i + step]} for i in range(step, len(text), step)),
                 done=done, complete=done, conversation=conversation)


def events_of(text):
    return [e + "\n\n" for e in text.split("\n\n") if e]


def items(topic, text, start=1, **more):
    return [item(topic, n, piece, **more) for n, piece in enumerate(events_of(text), start)]


def handed_off(id="u1", turn_id="5b1c", conversation="c9", text="Think hard", **more):
    stub = delta({"type": "resume_conversation_token", "kind": "topic", "token": "x", "conversation_id": conversation},
                 {"type": "stream_handoff", "conversation_id": conversation, "turn_exchange_id": turn_id, "options": [
                     {"type": "subscribe_ws_topic", "topic_id": f"conversation-turn-{turn_id}"}]}, complete=False)
    return entry(F, dumps(prompt(message(text, id), conversation_id=conversation, parent="p0")), stub, **more)


@case
def answer_handed_off_to_the_socket():
    topic = "conversation-turn-5b1c"
    return [socket(EVENTS, up(COMMANDS), up("[]"), subscribe(topic, "0"),
                   *[down([i], 2) for i in items(topic, stream("The long answer.", id="ws-h1"))], down([complete(topic)])),
            handed_off(second=1)], [
        says("Think hard", conversation_id="c9", message_id="u1"),
        answers("The long answer.", message_id="ws-h1", parent_message_id="u1", conversation_id="c9", replies_to=0,
                http={"method": "GET", "host": "ws.chatgpt.com", "path": "/ws/user/user-ana", "status": 101})]


@case
def catchups_are_not_told_twice():
    topic = "conversation-turn-77"
    parts = items(topic, stream("Caught up and on.", id="ws-c1", done=False))
    rest = items(topic, sse({"type": "message_stream_complete"}), start=len(parts) + 1)
    catch = {"type": "reply", "reply": {"topic_id": topic, "catchups": [
        {"offset": p["offset"], "payload": p["payload"]} for p in parts[:4]]}}
    return [socket(EVENTS, *map(down, parts[:3]), down([catch]), *map(down, parts[2:]), down(catch), *map(down, rest),
                   down(complete(topic)), down(catch), *map(down, parts), down(complete(topic)))], [
        answers("Caught up and on.", message_id="ws-c1")]


@case
def catchups_after_what_is_live():
    topic = "conversation-turn-78"
    parts = items(topic, stream("First things first.", id="ws-f1", cuts=6))
    catch = {"type": "reply", "reply": {"topic_id": topic, "catchups": parts[:5]}}
    return [socket(EVENTS, down([parts[6]]), down([parts[5]]), down(catch), *map(down, parts[7:]))], [
        answers("First things first.", message_id="ws-f1")]


@case
def pieces_in_any_order():
    rng = random.Random(4)
    sockets, expected = [], []
    for n in range(4):
        topic = f"conversation-turn-shuffled{n}"
        parts = items(topic, stream("Shuffled and dealt.", id=f"ws-s{n}", cuts=8))
        rng.shuffle(parts)
        parts[3:3] = parts[:2]
        sockets.append(socket(EVENTS, *map(down, parts), down(complete(topic)), second=n))
        expected.append(answers("Shuffled and dealt.", message_id=f"ws-s{n}"))
    return sockets, expected


@case
def topics_share_nothing():
    one, two = "conversation-turn-1a", "conversation-turn-2b"
    pairs = zip(items(one, stream("Apples from Amiens", id="ws-t1", cuts=7), conversation="c1"),
                items(two, stream("Bears in Bilbao ü!", id="ws-t2", cuts=7, parent="u2"), conversation="c2"))
    return [socket(EVENTS, *(down([a, b]) for a, b in pairs), down(complete(two, "c2")), down(complete(one, "c1")))], [
        answers("Apples from Amiens", message_id="ws-t1", conversation_id=ANY),
        answers("Bears in Bilbao ü!", message_id="ws-t2", parent_message_id="u2")]


@case
def pieces_cut_anywhere():
    rng = random.Random(5)
    sockets, expected = [], []
    for n, size in enumerate((1, 2, 7, 40, None)):
        text, topic = stream("Grüße, 世界 🙂 done.", id=f"ws-k{n}"), f"conversation-turn-cut{n}"
        pieces = []
        while text:
            k = size or rng.randint(1, 60)
            pieces.append(text[:k])
            text = text[k:]
        sockets.append(socket(EVENTS, *(down(item(topic, i, p)) for i, p in enumerate(pieces, 1)), second=20 * n))
        expected.append(answers("Grüße, 世界 🙂 done.", message_id=f"ws-k{n}"))
    return sockets, expected


@case
def envelopes_without_type():
    bare = [{"topic_id": "conv-turn-low-ttl-9", "payload": {"payload": {"encoded_item": p}}}
            for p in events_of(stream("Bare bones", id="ws-b1"))]
    return [socket(EVENTS, *map(down, bare))], [answers("Bare bones", message_id="ws-b1")]


@case
def a_new_socket_goes_on():
    topic = "conversation-turn-again"
    parts = items(topic, stream("Cut in the middle, then whole.", id="ws-g1", cuts=10))
    return [socket(EVENTS, *map(down, parts[:6])),
            socket(EVENTS, subscribe(topic, "6"), *map(down, parts[4:]), down(complete(topic)), second=30)], [
        answers("Cut in the middle, then whole.", message_id="ws-g1")]


@case
def a_socket_that_closes_early():
    topic = "conversation-turn-early"
    return [socket(EVENTS, *map(down, items(topic, stream("Only this", id="ws-e1", done=False))))], [
        answers("Only this", message_id="ws-e1", complete=False)]


@case
def an_answer_is_told_once_whatever_way_it_came():
    topic, text = "conversation-turn-once", stream("Once only", id="ws-o1", parent="ou")
    resume = "https://chatgpt.com/backend-api/f/conversation/resume"
    return [handed_off("ou", "once", "c-once", text="Twice?"), socket(EVENTS, *map(down, items(topic, text)), second=1),
            entry(resume, dumps({"conversation_id": "c9", "offset": 0}), text, second=3),
            socket(EVENTS, *map(down, items(topic, text)), second=5)], [
        says("Twice?"), answers("Once only", message_id="ws-o1", replies_to=0)]


def update(kind, conversation="c7", **content):
    return {"type": "message", "topic_id": "conversations", "payload": {"type": "conversation-update", "payload": {
        "conversation_id": conversation, "update_type": kind, "update_content": content}}}


def on_the_way(id, text, turn=None, status="in_progress", **more):
    metadata = {"parent_id": "up-u", **({"turn_exchange_id": turn} if turn else {})}
    return document(id, [text], conversation="c-up", metadata=metadata, status=status, **more)["message"]


def tool_at_work(id, text, turn=None, status="in_progress"):
    return on_the_way(id, text, turn, status, role="tool", name="web", channel=None)


def updates(*messages):
    return [down([update("async-task-update-message", "c-up", message=m)]) for m in messages]


@case
def update_that_never_finishes():
    return [socket(EVENTS, *updates(on_the_way("up-1", "The report beg"), on_the_way("up-1", "The report begins")))], [
        answers("The report begins", message_id="up-1", parent_message_id="up-u", conversation_id="c-up", complete=False)]


@case
def update_whose_steps_never_lead_to_an_answer():
    return [socket(EVENTS, *updates(tool_at_work("up-2", "Searching for " + IBAN, "t2"),
                                    tool_at_work("up-2b", "Reading page 1", "t2")))], [
        answers(None, hidden=f"Searching for {IBAN}\nReading page 1", message_id="up-2b", conversation_id="c-up",
                complete=False, verdict="alert")]


@case
def steps_of_a_turn_belong_to_its_answer():
    return [socket(EVENTS, *updates(tool_at_work("up-3", "Searching", "t3", "finished_successfully"),
                                    on_the_way("up-4", "Found", "t3"),
                                    on_the_way("up-4", "Found it.", "t3", "finished_successfully")))], [
        answers("Found it.", hidden="Searching", message_id="up-4", conversation_id="c-up")]


@case
def updates_of_two_conversations_interleaved():
    other = document("up-6", ["Two"], conversation="c-other", status="in_progress")["message"]
    done = document("up-6", ["Two is done"], conversation="c-other", status="finished_successfully")["message"]
    return [socket(EVENTS, *updates(on_the_way("up-5", "One")), down([update("add-messages", "c-other", messages=[other])]),
                   *updates(on_the_way("up-5", "One is")), down([update("add-messages", "c-other", messages=[done])]))], [
        answers("Two is done", message_id="up-6", conversation_id="c-other"),
        answers("One is", message_id="up-5", conversation_id="c-up", complete=False)]


@case
def update_that_finishes_on_the_next_socket():
    return [socket(EVENTS, *updates(on_the_way("up-7", "Half"))),
            socket(EVENTS, *updates(on_the_way("up-7", "Half and half", None, "finished_successfully")), second=30)], [
        answers("Half and half", message_id="up-7", conversation_id="c-up")]


@case
def update_that_its_turn_completes():
    return [socket(EVENTS, *updates(on_the_way("up-8", "All there is", "t8")), down(complete("conversation-turn-t8", "c-up")))], [
        answers("All there is", message_id="up-8", conversation_id="c-up")]


@case
def whole_messages_in_updates():
    report = document("ws-rep1", ["# Report\nAll is well."], parent="u7", metadata={"parent_id": "u7", "model_slug": "research"}, status="finished_successfully")["message"]
    image = document("ws-img1", role="tool", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00ab"}]},
        metadata={"parent_id": "u8", "async_task_type": "image_gen"}, status="finished_successfully")["message"]
    start = document("ws-t1", role="tool", content={"content_type": "text", "parts": ["Working on it"]})["message"]
    added = [document("ws-x1", ["mine"], role="user", status="finished_successfully")["message"], document("ws-x2", ["Yours"], parent="ws-x1", status="finished_successfully")["message"]]
    return [socket(EVENTS, down([update("async-task-start", message=start)]),
                   down([update("update-widget-state", widget_state={"plan": {"steps": ["Search"]}, "report_message": report})]),
                   down([update("update-widget-state", widget_state={"plan": {"steps": ["Search"]}, "report_message": report})]),
                   down([update("async-task-update-message", message=image)]), down([update("add-messages", messages=added)]))], [
        answers("# Report\nAll is well.", hidden="Search", message_id="ws-rep1", parent_message_id="u7", conversation_id="c7",
                model="research"),
        expect("response_with_file.generated", message_id="ws-img1", parent_message_id="u8", files=[{"id": "file_00ab"}],
               complete=True, conversation_id="c7"),
        answers("Yours", message_id="ws-x2", conversation_id="c7")]


@case
def messages_of_others_in_a_group_chat():
    def said(id, text, **more):
        return {"type": "message", "topic_id": "calpico-chatgpt", "payload": {"type": "calpico-message-added", "payload": {
            "room_id": "room1", "message": {"id": id, "content": {"text": text, "attachments": []}, **more}}}}

    return [socket(EVENTS, down([said("ws-room-g1", "lunch at noon?", author={"role": "user", "user_id": "user-bob"})]),
                   down([said("ws-g2", "Noon it is.", author={"role": "assistant"})]))], [
        expect("conversation.viewed", "lunch at noon?", message_id="ws-room-g1", conversation_id="room1", complete=None),
        answers("Noon it is.", message_id="ws-g2", conversation_id="room1")]


@case
def what_nobody_explains_on_a_socket():
    return [socket(EVENTS, up(COMMANDS), up([{"id": 4, "command": {"type": "ack", "offset": "12", "topic_id": "t"}}]),
                   up([{"id": 5, "command": {"type": "whisper", "note": "pay " + CARD}}]),
                   up([{"id": 6, "command": {"type": "whisper", "note": "good morning"}}]),
                   up("no JSON at all"), up(b"\x00\x01binary text\x00\x02"), down({"type": "pong"}),
                   down({"topic_id": "app_notifications", "payload": {"type": "note", "text": "IBAN " + IBAN}}),
                   down("plain words"), down(b"\x01\x02\x03"))], [
        expect("service.unclassified", ANY, content_has=["pay " + CARD], **BAD),
        expect("service.unclassified", ANY, content_has=["good morning"]),
        expect("service.unclassified", "no JSON at all"), expect("service.unclassified", "binary text"),
        expect("service.unclassified", ANY, content_has=[IBAN], verdict="alert")]


# ---- Azure Web PubSub ----

def pubsub(number, piece, response="r5", more=True):
    return {"type": "message", "from": "group", "fromUserId": None, "group": "conversations-x", "dataType": "json",
            "sequenceId": number, "data": {"type": "http.response.body", "body": base64.b64encode(piece).decode(),
                                           "more_body": more, "response_id": response, "conversation_id": "c5"}}


def old_answer(text, id, cut=11, response="r5", last=False, done=True):
    data = legacy(*(document(id, [text[:n]], parent="u5", conversation="c5") for n in range(3, len(text) + 1, 3)),
                  document(id, [text], parent="u5", conversation="c5"), done=done).encode()
    pieces = [data[i:i + cut] for i in range(0, len(data), cut)]
    return [pubsub(n, p, response, not (last and n == len(pieces))) for n, p in enumerate(pieces, 1)]


@case
def answers_of_2023():
    url = "https://chatgpt.com/backend-api/conversation"
    hand = {"wss_url": "wss://abc.webpubsub.azure.com/client/hubs/conversations?access_token=secret", "conversation_id": "c5",
            "response_id": "r5", "websocket_request_id": "w5"}
    parts, others = old_answer("Bonjour Claire, ça va ?", "ws-m5"), old_answer("Zwei", "ws-m6", 64, "r6", True, False)
    return [socket(PUBSUB, down({"type": "system", "event": "connected", "userId": "user-ana", "connectionId": "x"}),
                   *itertools.chain(*((down(p, 2), up({"type": "sequenceAck", "sequenceId": n})) for n, p in enumerate(parts, 1))),
                   down(parts[1]), *map(down, others)),
            entry(url, dumps(prompt(message("Salut", "u5"))), dumps(hand), answer_kind="application/json", second=1),
            socket(hand["wss_url"], *map(down, old_answer("Ailleurs", "ws-m7", 33, "r7")), second=20)], [
        says("Salut", conversation_id="c5"), answers("Bonjour Claire, ça va ?", message_id="ws-m5", conversation_id="c5", replies_to=0),
        answers("Zwei", message_id="ws-m6"), answers("Ailleurs", message_id="ws-m7")]


@case
def undecodable_pieces_of_2023():
    parts = old_answer("Salut tout le monde", "ws-m8", 400, "r8", last=True)
    broken = {**parts[1], "data": {**parts[1]["data"], "body": "%%% not base64: " + IBAN}}
    return [socket(PUBSUB, down(parts[0]), down(broken), down({**broken, "data": {"body": "==="}}),
                   *map(down, parts[1:]))], [
        expect("service.unclassified", broken["data"]["body"], failure="parse", verdict="alert",
               http={"path": "/client/hubs/conversations"}),
        expect("service.unclassified", "===", failure="parse", verdict="alert"),
        answers("Salut tout le monde", message_id="ws-m8")]


@case
def plain_stream_by_topic():
    topic = "conversation-turn-plain"
    return [socket(EVENTS, *map(down, items(topic, plain("Whole at once", "ws-w1", "wu", "c9"))))], [
        answers("Whole at once", message_id="ws-w1")]


# ---- realtime ----

REALTIME = "wss://api.openai.com/v1/realtime?model=gpt-realtime"


def spoken(id, text, kind="response.output_audio_transcript", end=True, conversation="conv_1"):
    head = {"object": "realtime.response", "id": id, "conversation_id": conversation}
    half = len(text) // 2
    where = {"response_id": id, "item_id": "item_" + id, "output_index": 0, "content_index": 0}
    name = "transcript" if "transcript" in kind else "text"
    yield {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}
    for piece in (text[:half], text[half:]):
        yield {"type": kind + ".delta", **where, "delta": piece}
        yield {"type": "response.output_audio.delta", **where, "delta": base64.b64encode(bytes(30)).decode()}
    if not end:
        return
    yield {"type": kind + ".done", **where, name: text}
    yield {"type": "response.done", "response": {**head, "status": "completed", "output": [
        {"type": "message", "id": "item_" + id, "role": "assistant", "content": [
            {"type": "output_audio" if name == "transcript" else "output_text", name: text}]}]}}


def user_item(text, id="item_u", **more):
    return {"type": "conversation.item.create", "item": {"id": id, "type": "message", "role": "user", "content": [
        {"type": "input_text", "text": text}]}, **more}


@case
def realtime_talk():
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123"
    appended = [up({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(90)).decode()})] * 5
    heard = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "item_a", "content_index": 0,
             "transcript": "What is the time?"}
    call = {"type": "conversation.item.create", "previous_item_id": "item_u", "item": {
        "type": "function_call_output", "call_id": "call_1", "output": "12 C"}}
    return [socket(REALTIME, down({"type": "session.created", "session": {"model": "gpt-realtime-1"}}),
                   up({"type": "session.update", "session": {"instructions": "Be brief.", "voice": "ash"}}),
                   up({"type": "session.update", "session": {"voice": "ash"}}),
                   up(user_item("Good day")), down({"type": "conversation.item.added", "item": {"id": "item_u"}}),
                   up({"type": "response.create"}), *map(down, spoken("resp_1", "Good day to you, too!")),
                   *appended, down(heard), *map(down, spoken("resp_2", "Noon.", "response.text")),
                   up(user_item("My card is " + CARD, "item_c")), up(call),
                   up({"type": "response.create", "response": {"instructions": "Say goodbye.", "input": []}}),
                   *map(down, spoken("resp_3", "It is over", end=False)),
                   fields={"sec-websocket-protocol": f"realtime, openai-insecure-api-key.{key}, openai-beta.realtime-v1"})], [
        expect("instructions.updated", "Be brief.", service="openai-api", model="gpt-realtime-1",
               actor_has=["sk-proj-…0123", "api-key"]),
        says("Good day", message_id="item_u", model="gpt-realtime-1"),
        answers("Good day to you, too!", message_id="resp_1", conversation_id="conv_1", replies_to=1, model="gpt-realtime-1"),
        expect("audio.transcribed", "What is the time?", message_id="item_a"),
        answers("Noon.", message_id="resp_2"),
        expect("prompt.created", "My card is " + CARD, **BAD),
        expect("tool.invoked", None, ANY, hidden_has=["12 C"]), says("Say goodbye."),
        answers("It is over", complete=False, message_id="resp_3")]


@case
def answers_of_a_talk_come_no_other_way():
    piece = {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "Some wor"}
    created = {"type": "response.created", "response": {"id": "resp_talk", "model": "gpt-5", "output": []}}
    stream = "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in (created, piece))
    body = {"model": "gpt-5", "input": "Hi", "stream": True}
    return [entry("https://api.openai.com/v1/responses", dumps(body), stream),
            socket(REALTIME, up(user_item("Good day")), up({"type": "response.create"}),
                   *map(down, spoken("resp_talk", "Good day to you!")), second=2)], [
        says("Hi"), answers("Some wor", complete=False), says("Good day"),
        answers("Good day to you!", message_id="resp_talk", replies_to=2)]


def data_url(data, kind):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def held(data, **more):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more}


@case
def documents_in_messages_are_opened():
    clean = documents.pdf(["quarter figures"])
    bad = documents.docx(f"<w:p><w:r><w:t>card {CARD}</w:t></w:r></w:p>")

    def asks(data, name, text):
        item = {"type": "input_file", "filename": name, "file_data": data_url(data, "application/octet-stream")}
        return {"type": "response.create", "model": "gpt-5-codex", "input": [{"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": text}, item]}]}

    def shows(data, text):
        return {"type": "conversation.item.create", "item": {"id": "item_f", "type": "message", "role": "user", "content": [
            {"type": "input_text", "text": text}, {"type": "input_image", "image_url": data_url(data, "image/png")}]}}
    file = held(bad, name="plan.docx", type=DOCX)
    return [socket(CODEX, up(asks(clean, "q3.pdf", "Read it")), *map(down, turn("r1", "Read.")), up(asks(bad, "plan.docx", "And it"))),
            socket(API, up(asks(bad, "plan.docx", "Of the API")), second=10),
            socket(REALTIME, up(shows(PNG, "See")), up(shows(bad, "And see")), second=20)], [
        expect("prompt_with_file.created", "Read it", files=[held(clean, name="q3.pdf", type="application/pdf")], failure=None, verdict=ANY),
        answers("Read."),
        expect("prompt_with_file.created", "And it", files=[file], where="file", **BAD),
        expect("prompt_with_file.created", "Of the API", files=[file], where="file", **BAD),
        expect("prompt_with_file.created", "See", files=[held(PNG, declared_type="image/png", type="image/png")]),
        expect("prompt_with_file.created", "And see", files=[held(bad, type=DOCX)], where="file", **BAD)]


@case
def realtime_audio_that_nobody_wrote_down():
    appended = [up({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(90)).decode()})] * 3
    part = {"type": "input_audio", "audio": base64.b64encode(b"RIFF").decode()}
    return [socket("wss://api.openai.com/v1/live/call_7", *appended, up({"type": "input_audio_buffer.commit"}),
                   up({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [part]}}))], [
        expect("prompt_with_file.created", None, files=[{"bytes": 4}]),
        expect("tool.invoked", None, reason="Voice: what was said was not written down and is not inspected")]
