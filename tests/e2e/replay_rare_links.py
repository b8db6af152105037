"""What belongs together (facts/chatgpt-wire.md §3.2, §4.3, §4.6, §4.9, §7): ids
that change on the way, answers under the id of an older one, hosts that are
none of the service's."""
import gzip

from exchanges import CARD, CHAT, F, add, append, brotli, delta, document, dumps, entry, legacy, message, plain, prompt, sse, token
from replay_cases import ANY, BAD, answers, asked, case, expect, says
from replay_mweb import NDJSON, control, form, line, piece, state
from replay_mweb import ask as ask_light
from replay_rare_answers import begun, handed, pieces, stream
from replay_rare_prompts import CODEX, draft, sent
from replay_ws import CODEX as CODEX_SOCKET
from replay_ws import EVENTS, complete, down, item, socket, subscribe, turn, up


# ---- prompts and their answers ----

@case
def goes_on_under_the_same_id():
    """§3.2.2: the answer appends to the same message; it is another answer."""
    c = "rl-c1"
    cut = delta(add(document("rl-a1", [""], parent="rl-u1", conversation=c)), append("Once upon"),
                {"p": "/message/metadata", "o": "append", "v": {"finish_details": {"type": "max_tokens"}}}, conversation=c)
    rest = delta(add(document("rl-a1", ["Once upon"], parent="rl-u1", conversation=c)), append(" a time"), conversation=c)
    return [sent(prompt(message("Tell", "rl-u1"), conversation_id=c, parent="rl-p1"), cut),
            sent(prompt(action="continue", conversation_id=c, parent="rl-a1", messages="absent"), rest, second=3)], [
        says("Tell"), answers("Once upon", message_id="rl-a1", replies_to=0),
        expect("prompt.updated", None, update="continue", parent_message_id="rl-a1"),
        answers(ANY, hidden=ANY, message_id="rl-a1", replies_to=2, content_has=" a time")]


@case
def edit_under_an_answer_of_a_socket():
    c, topic = "rl-c2", "conversation-turn-rl2"
    a = pieces(topic, "rl-a2", "rl-u2", c, "Thought ", "out")
    return [handed("rl-u2", "rl2", c), socket(EVENTS, *(down([x]) for x in a), down([complete(topic, c)]), second=2),
            sent(prompt(message("go on", "rl-u3"), conversation_id=c, parent="rl-a2"), second=5),
            sent(prompt(message("no, this", "rl-u4"), conversation_id=c, parent="rl-a2"), second=7)], [
        says("think rl2"), answers("Thought out", message_id="rl-a2", replies_to=0), says("go on", update=None),
        expect("prompt.updated", "no, this", update="edit", message_id="rl-u4")]


@case
def light_app_tries_again():
    """§4.9, §3.6: 409 asks for another try; the id is the same."""
    body = form("again?", "rl-u5", state("rl-c5", "rl-p5"))
    answer = piece("Yes", 1, "replace", "complete", "rl-a5") + control("message-stream-complete") + line("end")
    return [ask_light(body, "", status=409), ask_light(body, answer, second=2)], [
        says("again?", attempts=2, message_id="rl-u5", conversation_id="rl-c5", parent_message_id="rl-p5"),
        answers("Yes", message_id="rl-a5", replies_to=0)]


@case
def turns_of_code_are_linked():
    body = {"model": "gpt-5-codex", "input": "more", "previous_response_id": "rl-r0", "stream": True, "store": False}
    events = [(e["type"], e) for e in turn("rl-r1", "Sure thing")]
    return [sent(body, sse(*events, done=False), url=CODEX)], [
        says("more", parent_message_id="rl-r0"), answers("Sure thing", message_id="rl-r1", replies_to=0)]


@case
def two_turns_of_code_answered_later():
    """Both are asked before the first is answered."""
    def ask(text):
        return up({"type": "response.create", "model": "gpt-5-codex", "input": text})
    return [socket(CODEX_SOCKET, ask("one"), *map(down, turn("rl-r2", "first")), ask("two"), *map(down, turn("rl-r3", "second")),
                   fields={"authorization": token("ws@example.com")})], [
        says("one", actor={"account": "ws@example.com"}), answers("first", message_id="rl-r2", replies_to=0),
        says("two"), answers("second", message_id="rl-r3", replies_to=2)]


# ---- documents that change on the way ----

@case
def id_and_model_by_deltas():
    return asked(delta(add(begun("rl-tmp")), append("Named later"), {"p": "/message/id", "o": "replace", "v": "rl-a10"},
                       {"p": "/message/metadata/model_slug", "o": "replace", "v": "gpt-5-9"}),
                 answers("Named later", message_id="rl-a10", model="gpt-5-9"))


@case
def recipient_by_a_delta():
    """What turns out to be for a tool is none of the answer."""
    return asked(delta(add(begun("rl-a11t")), append("import os"), {"p": "/message/recipient", "o": "replace", "v": "python"},
                       add(begun("rl-a11"), 1), {**append("Done."), "c": 1}),
                 answers("Done.", hidden="import os", message_id="rl-a11"))


@case
def channel_by_a_delta():
    return asked(delta(add(begun("rl-a12", channel="commentary")), append("Now visible"),
                       {"p": "/message/channel", "o": "replace", "v": "final"}),
                 answers("Now visible", hidden=None, message_id="rl-a12"))


@case
def contents_that_merge():
    return stream("rl-a13", {"p": "/message/content", "o": "append", "v": {"parts": ["merged"], "language": None}},
                  append(" in"), content="merged in")


@case
def list_of_parts_set_anew():
    return stream("rl-a14", append("old"), {"p": "/message/content/parts", "o": "replace", "v": ["new", "", "list"]},
                  content="new\nlist", hidden="old")


@case
def first_part_removed():
    return stream("rl-a15", append("one"), {"p": "/message/content/parts/1", "o": "add", "v": "two"},
                  {"p": "/message/content/parts/0", "o": "remove"}, content="two", hidden="one")


@case
def lengths_of_other_kinds():
    return stream("rl-a16", append("keep this"), {"p": "/message/content/parts/0", "o": "truncate", "v": 4.0},
                  {"p": "/message/content/parts/0", "o": "append", "v": " that"}, content="keep that", hidden=" this")


@case
def secret_in_an_event_of_tomorrow():
    return stream("rl-a17", append("All well"), {"type": "brand_new_thing", "note": {"text": "paid by " + CARD}},
                  content="All well", hidden=ANY, hidden_has=CARD, where="hidden", verdict=ANY, outcome=ANY)


@case
def part_that_becomes_speech():
    spoken = {"content_type": "audio_transcription", "text": "spoken", "direction": "out"}
    return stream("rl-a18", {"p": "/message/content", "o": "replace", "v": {"content_type": "multimodal_text", "parts": [spoken]}},
                  append(" words", "/message/content/parts/0/text"), content="spoken words")


@case
def tokens_of_a_stream_are_no_words():
    return stream("rl-a19", {"type": "resume_conversation_token", "kind": "topic", "token": "eyJhbGciOi.J0.x", "conversation_id": "c"},
                  append("Quiet"), {"type": "server_ste_metadata", "metadata": {"plan_type": "plus", "tool_invoked": False}},
                  {"type": "message_marker", "marker": "last_token", "event": "last", "message_id": "rl-a19"}, content="Quiet")


@case
def prompt_echoed_with_its_file():
    """§4.5: input_message is the prompt as stored, no second one."""
    echo = document("rl-u20", ["q"], role="user", conversation="c",
                    metadata={"attachments": [{"id": "file-rl20", "name": "mine.txt", "size": 3}]})
    return stream("rl-a20", {"type": "input_message", "input_message": echo["message"], "conversation_id": "c"}, append("Read"),
                  content="Read", hidden=ANY, files=None)


# ---- streams that break ----

@case
def packed_streams_that_break_off():
    text = delta(add(begun("rl-a21")), append("Half of it"), {"v": " and more" * 40}, complete=False, done=False).encode()
    made = []
    for n, (name, data) in enumerate([("gzip", gzip.compress(text)), ("br", brotli(text))]):
        e = sent(prompt(message("broken " + name)), data[:len(data) - 9], second=2 * n, is_answer_base64=True)
        e["response"]["headers"].append({"name": "content-encoding", "value": name})
        made.append(e)
    return made, [says("broken gzip"), answers(ANY, hidden=ANY, complete=False, content_has="Half of it"),
                  says("broken br"), answers(ANY, hidden=ANY, complete=False)]


@case
def ends_twice():
    text = plain("Enough", "rl-a22", "u", "c") + "data: [DONE]\n\n" + ": bye\n\n"
    return asked(text, answers("Enough", message_id="rl-a22"))


@case
def answer_kept_but_not_labelled():
    return asked(plain("Unlabelled", "rl-a23", "u", "c"), answers("Unlabelled", message_id="rl-a23"), answer_kind=None)


# ---- hosts ----

@case
def hosts_that_only_look_like_it():
    body = dumps(prompt(message("not yours " + CARD)))
    return [entry(u + "/backend-api/f/conversation", body, "", second=n) for n, u in enumerate([
        "https://notchatgpt.com", "https://chatgpt.com.evil.test", "https://chatgpt.co"])], []


@case
def hosts_that_are_it():
    return [sent(prompt(message("loud")), url="https://ChatGPT.com:443/backend-api/f/conversation"),
            sent(prompt(message("dotted")), url="https://chatgpt.com./backend-api/f/conversation", second=2),
            sent(prompt(message("droid")), url="https://android.chat.openai.com/backend-anon/f/conversation", second=4)], [
        says("loud"), says("dotted"), says("droid")]


# ---- shapes of others ----

@case
def parts_of_other_services():
    m = message("", parts=[{"type": "input_text", "text": "as an object"}, {"content_type": "text", "text": "and another"}])
    return [sent(prompt(m))], [says("as an object\nand another")]


@case
def content_is_null_with_a_file():
    m = message("", content={"content_type": "text", "parts": None}, metadata={"attachments": [{"id": "file-rl30", "name": "n.txt"}]})
    return [sent(prompt(m))], [expect("prompt_with_file.created", None, files=[{"id": "file-rl30", "name": "n.txt"}])]


@case
def draft_with_a_picture():
    body = draft("look", "rl-d1")
    body["partial_query"]["content"] = {"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00000000aabbccddeeff00112233aa31"}, "look"]}
    return [sent(body, dumps({"status": "ok"}), url=CHAT + "/backend-api/f/conversation/prepare", answer_kind="application/json")], [
        expect("prompt.drafted", "look", ANY)]


@case
def code_that_is_made_short():
    body = {"model": "gpt-5-codex", "input": [{"role": "user", "content": "the long history"}], "instructions": "x"}
    return [sent(body, "{}", url=CODEX + "/compact", encoding="zstd", answer_kind="application/json")], [
        expect("prompt.drafted", "the long history", "x")]


@case
def code_task_that_is_watched():
    """§3.10: its events are nowhere described, so all their strings are told."""
    text = sse({"type": "turn", "text": "paid with " + CARD}, done=False)
    return [entry(CHAT + "/backend-api/wham/tasks/task_e_9/turns/turn_1/stream", None, text, method="GET")], [
        answers(ANY, hidden=ANY, anywhere="paid with " + CARD, verdict="alert", conversation_id="task_e_9")]


@case
def code_task_that_goes_on():
    body = {"follow_up": {"task_id": "task_e_8", "turn_id": "turn_7"}, "input_items": [
        {"type": "message", "role": "user", "content": [{"content_type": "text", "text": "also docs"}]}]}
    return [sent(body, dumps({"task": {"id": "task_e_8"}}), url=CHAT + "/backend-api/wham/tasks", encoding="zstd",
                 answer_kind="application/json")], [
        says("also docs", conversation_id="task_e_8", parent_message_id="turn_7")]


# ---- who ----

@case
def two_people_behind_one_address():
    def session(email, id):
        return dumps({"user": {"id": id, "email": email}, "expires": "2027", "accessToken": "eyJ.e30.x", "account": {"id": "w-" + id}})
    a, b = ({"cookie": f"__Secure-next-auth.session-token=rl-{x}"} for x in "ab")
    url = CHAT + "/api/auth/session"
    return [entry(url, None, session("a@example.com", "user-a"), method="GET", answer_kind="application/json", fields=a),
            entry(url, None, session("b@example.com", "user-b"), method="GET", answer_kind="application/json", fields=b, second=1),
            entry(url, None, "{}", method="GET", answer_kind="application/json", fields={"cookie": "x=1"}, second=2),
            sent(prompt(message("I am A")), fields=a, second=3), sent(prompt(message("I am B")), fields=b, second=4),
            sent(prompt(message("I am C")), fields={"cookie": "x=1"}, second=5)], [
        says("I am A", actor={"account": "a@example.com", "workspace": "w-user-a"}),
        says("I am B", actor={"account": "b@example.com", "workspace": "w-user-b"}), says("I am C", actor={"account": None})]


@case
def header_that_names_a_path_is_not_believed():
    fields = {"x-openai-target-path": "/backend-api/f/conversation", "x-openai-target-route": "/backend-api/f/conversation"}
    return [entry(CHAT + "/backend-api/something/else", dumps({"words": "not a prompt"}), "{}", fields=fields,
                  answer_kind="application/json")], [expect("service.unclassified", ANY, ANY, anywhere="not a prompt")]
