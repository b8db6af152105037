"""Answers that come in several streams (facts/chatgpt-wire.md §3.1, §4.6, §4.9):
broken off and resumed, handed off after their beginning, on other connections."""
from exchanges import CHAT, F, add, append, document, dumps, entry, legacy, message, prompt, sse
from replay_cases import answers, case, says
from replay_ws import EVENTS, complete, down, item, socket

RESUME = CHAT + "/backend-api/f/conversation/resume"
END = {"type": "message_stream_complete"}


def pieces(id, parent, conversation, *texts):
    """The events of a plain answer: its document, then one delta a text."""
    doc = document(id, parent=parent, conversation=conversation)
    return [add(doc), append(texts[0]), *({"v": t} for t in texts[1:])]


def part(*deltas, done=False, encoding=True):
    events = [("delta_encoding", '"v1"')] if encoding else []
    events += [d if isinstance(d, str) or "type" in d else ("delta", d) for d in deltas]
    return sse(*events, done=done)


def ask(text, id, conversation, answer, second=0):
    return entry(F, dumps(prompt(message(text, id), conversation_id=conversation, parent="p-" + id)), answer,
                 second=second)


def resume(conversation, offset, answer, second):
    body = {"conversation_id": conversation} if offset is None else {"conversation_id": conversation, "offset": offset}
    return entry(RESUME, dumps(body), answer, second=second)


def handoff(conversation, turn, kind="subscribe_ws_topic"):
    return {"type": "stream_handoff", "conversation_id": conversation, "turn_exchange_id": turn,
            "options": [{"type": kind, "topic_id": f"conversation-turn-{turn}"}]}


WHOLE = ["The train ", "leaves ", "at nine ", "from Gare ", "de Lyon."]


def whole(id, conversation, parent, **more):
    return answers("".join(WHOLE), message_id=id, conversation_id=conversation, parent_message_id=parent,
                   replies_to=0, **more)


@case
def resumed_where_it_broke_off():
    c, events = "res-1", pieces("res-a1", "res-u1", "res-1", *WHOLE)
    return [ask("When?", "res-u1", c, part(*events[:3])),
            resume(c, 3, part(*events[3:], END, done=True), 2)], [says("When?"), whole("res-a1", c, "res-u1")]


@case
def resumed_without_the_name_of_the_encoding():
    c, events = "res-2", pieces("res-a2", "res-u2", "res-2", *WHOLE)
    return [ask("When?", "res-u2", c, part(*events[:4])),
            resume(c, 5, part(*events[4:], END, done=True, encoding=False), 2)], [
        says("When?"), whole("res-a2", c, "res-u2")]


@case
def resumed_with_an_overlap():
    c, events = "res-3", pieces("res-a3", "res-u3", "res-3", *WHOLE)
    return [ask("When?", "res-u3", c, part(*events[:5])),
            resume(c, 3, part(*events[3:], END, done=True), 2)], [says("When?"), whole("res-a3", c, "res-u3")]


@case
def resumed_from_the_beginning():
    c, events = "res-4", pieces("res-a4", "res-u4", "res-4", *WHOLE)
    return [ask("When?", "res-u4", c, part(*events[:3])),
            resume(c, 0, part(*events, END, done=True), 2)], [says("When?"), whole("res-a4", c, "res-u4", hidden=None)]


@case
def resumed_twice():
    c, events = "res-5", pieces("res-a5", "res-u5", "res-5", *WHOLE)
    return [ask("When?", "res-u5", c, part(*events[:2])), resume(c, 2, part(*events[2:4]), 2),
            resume(c, 4, part(*events[4:], END, done=True), 4),
            resume(c, 0, part(*events, END, done=True), 6)], [says("When?"), whole("res-a5", c, "res-u5")]


@case
def never_resumed():
    c, events = "res-6", pieces("res-a6", "res-u6", "res-6", *WHOLE)
    return [ask("When?", "res-u6", c, part(*events[:3])), ask("Hello?", "res-v6", c, "", 2)], [
        says("When?"), answers("The train leaves ", message_id="res-a6", complete=False, replies_to=0), says("Hello?")]


@case
def resumed_while_another_conversation_goes_on():
    one, two = pieces("res-a7", "res-u7", "res-7", *WHOLE), pieces("res-b7", "res-v7", "res-8", "Quite ", "another")
    return [ask("When?", "res-u7", "res-7", part(*one[:3])), ask("And?", "res-v7", "res-8", part(*two[:2]), 1),
            resume("res-7", 3, part(*one[3:], END, done=True), 2),
            resume("res-8", 2, part(*two[2:], END, done=True), 3)], [
        says("When?"), says("And?"), whole("res-a7", "res-7", "res-u7"),
        answers("Quite another", message_id="res-b7", conversation_id="res-8", replies_to=1)]


@case
def stub_with_text_goes_on_in_a_topic():
    c, topic, events = "res-9", "conversation-turn-res9", pieces("res-a9", "res-u9", "res-9", *WHOLE)
    stub = part(*events[:3], handoff(c, "res9"), done=True)
    rest = [item(topic, n, part(e, encoding=False)) for n, e in enumerate(events[3:], 4)]
    return [ask("When?", "res-u9", c, stub),
            socket(EVENTS, *(down([i]) for i in rest), down([complete(topic)]), second=2)], [
        says("When?"), whole("res-a9", c, "res-u9")]


@case
def stub_with_text_comes_again_in_the_topic():
    c, topic, events = "res-10", "conversation-turn-res10", pieces("res-a10", "res-u10", "res-10", *WHOLE)
    stub = part(*events[:3], handoff(c, "res10"), done=True)
    again = [item(topic, n, part(e, encoding=n == 1)) for n, e in enumerate(events, 1)]
    return [ask("When?", "res-u10", c, stub),
            socket(EVENTS, *(down([i]) for i in again), down([complete(topic)]), second=2)], [
        says("When?"), whole("res-a10", c, "res-u10", hidden=None)]


@case
def stub_with_text_is_resumed_by_request():
    c, events = "res-11", pieces("res-a11", "res-u11", "res-11", *WHOLE)
    stub = part(*events[:3], handoff(c, "res11", "resume_sse_endpoint"), done=True)
    return [ask("When?", "res-u11", c, stub), resume(c, 3, part(*events[3:], END, done=True), 2)], [
        says("When?"), whole("res-a11", c, "res-u11")]


@case
def stub_with_text_that_nothing_follows():
    c, events = "res-12", pieces("res-a12", "res-u12", "res-12", *WHOLE)
    return [ask("When?", "res-u12", c, part(*events[:3], handoff(c, "res12"), done=True))], [
        says("When?"), answers("The train leaves ", message_id="res-a12", complete=False)]


@case
def topic_that_breaks_off_is_resumed_by_request():
    c, topic, events = "res-13", "conversation-turn-res13", pieces("res-a13", "res-u13", "res-13", *WHOLE)
    first = [item(topic, n, part(e, encoding=n == 1), conversation_id=c) for n, e in enumerate(events[:4], 1)]
    return [ask("When?", "res-u13", c, part(handoff(c, "res13"), done=True)),
            socket(EVENTS, *(down([i]) for i in first), second=2),
            resume(c, None, part(*events[4:], END, done=True), 5)], [says("When?"), whole("res-a13", c, "res-u13")]


@case
def reasoning_of_the_stub_belongs_to_the_answer():
    c, topic = "res-14", "conversation-turn-res14"
    thoughts = document("res-t14", parent="res-u14", conversation=c,
                        content={"content_type": "thoughts", "thoughts": [{"summary": "Timetable", "content": "hm"}]})
    events = pieces("res-a14", "res-t14", c, *WHOLE)
    rest = [item(topic, n, part({**e, "c": 1} if n == 1 else e, encoding=n == 1)) for n, e in enumerate(events, 1)]
    return [ask("When?", "res-u14", c, part(add(thoughts), handoff(c, "res14"), done=True)),
            socket(EVENTS, *(down([i]) for i in rest), down([complete(topic)]), second=2)], [
        says("When?"), whole("res-a14", c, "res-t14", hidden="Timetable\nhm")]


@case
def whole_messages_are_resumed_as_they_are():
    c = "res-15"
    return [ask("When?", "res-u15", c, legacy(document("res-a15", ["At"], conversation=c), done=False)),
            resume(c, 1, legacy(document("res-a15", ["At nine"], conversation=c)), 2)], [
        says("When?"), answers("At nine", message_id="res-a15", replies_to=0)]


@case
def another_message_follows_in_the_second_stream():
    c, events = "res-16", pieces("res-a16", "res-u16", "res-16", "At ", "nine.")
    more = {"v": document("res-b16", ["Or ten."], parent="res-a16", conversation=c), "c": 1}
    return [ask("When?", "res-u16", c, part(*events[:2])), resume(c, 2, part(events[2], more, END, done=True), 2)], [
        says("When?"), answers("At nine.\nOr ten.", message_id="res-b16", replies_to=0)]


# ---- an older turn's state ----

@case
def a_new_prompt_ends_what_broke_off_before():
    c, old = "res-20", pieces("res-a20", "res-u20", "res-20", *WHOLE)
    new = part(*pieces("res-b20", "res-v20", c, "By ", "bus."), END, done=True)
    return [ask("When?", "res-u20", c, part(*old[:3])), ask("How?", "res-v20", c, new, 2), resume(c, None, new, 4)], [
        says("When?"), answers("The train leaves ", message_id="res-a20", complete=False, replies_to=0), says("How?"),
        answers("By bus.", hidden=None, message_id="res-b20", replies_to=2)]


@case
def a_turn_whose_prompt_nobody_saw_joins_no_older_one():
    c, old = "res-21", pieces("res-a21", "res-u21", "res-21", *WHOLE)
    new = part(*pieces("res-b21", "res-v21", c, "By ", "bus."), END, done=True)
    return [ask("When?", "res-u21", c, part(*old[:3])), resume(c, None, new, 4)], [
        says("When?"), answers("The train leaves ", message_id="res-a21", complete=False, replies_to=0),
        answers("By bus.", hidden=None, message_id="res-b21", parent_message_id="res-v21")]


@case
def a_prompt_into_the_running_turn_ends_nothing():
    c, events = "res-22", pieces("res-a22", "res-u22", "res-22", *WHOLE)
    steer = entry(CHAT + "/backend-api/f/steer_turn", dumps(prompt(message("Be brief", "res-v22"), conversation_id=c, parent="res-a22")), "{}",
                  answer_kind="application/json", second=2)
    return [ask("When?", "res-u22", c, part(*events[:3])), steer, resume(c, 3, part(*events[3:], END, done=True), 4)], [
        says("When?"), says("Be brief"), whole("res-a22", c, "res-u22")]


# ---- the first stream is still open when the second one ends ----

def open_until(second, first):
    first["time"] = second * 1000
    return first


@case
def the_first_stream_ends_after_the_second():
    c, events = "res-30", pieces("res-a30", "res-u30", "res-30", *WHOLE)
    return [open_until(9, ask("When?", "res-u30", c, part(*events[:3]))),
            resume(c, 3, part(*events[3:], END, done=True), 2)], [says("When?"), whole("res-a30", c, "res-u30", hidden=None)]


@case
def the_first_stream_ends_after_the_second_that_had_all():
    c, events = "res-31", pieces("res-a31", "res-u31", "res-31", *WHOLE)
    return [open_until(9, ask("When?", "res-u31", c, part(*events[:3]))),
            resume(c, 0, part(*events, END, done=True), 2)], [says("When?"), whole("res-a31", c, "res-u31", hidden=None)]


@case
def the_first_stream_goes_on_to_its_end_unseen():
    c, events = "res-32", pieces("res-a32", "res-u32", "res-32", *WHOLE)
    return [open_until(9, ask("When?", "res-u32", c, part(*events, END, done=True))),
            resume(c, 3, part(*events[3:], END, done=True), 2)], [says("When?"), whole("res-a32", c, "res-u32", hidden=None)]


@case
def both_streams_break_off():
    c, events = "res-33", pieces("res-a33", "res-u33", "res-33", *WHOLE)
    return [open_until(9, ask("When?", "res-u33", c, part(*events[:3]))), resume(c, 3, part(*events[3:5]), 2)], [
        says("When?"), answers("".join(WHOLE[:4]), hidden=None, message_id="res-a33", complete=False, replies_to=0)]


@case
def the_first_stream_overlaps_the_second():
    c, events = "res-34", pieces("res-a34", "res-u34", "res-34", *WHOLE)
    return [open_until(9, ask("When?", "res-u34", c, part(*events[:5]))),
            resume(c, 2, part(*events[2:], END, done=True), 2)], [says("When?"), whole("res-a34", c, "res-u34", hidden=None)]


@case
def an_open_stream_of_an_older_turn_is_left_alone():
    c, old = "res-35", pieces("res-a35", "res-u35", "res-35", *WHOLE)
    new = pieces("res-b35", "res-v35", c, "By ", "bus.")
    return [open_until(9, ask("When?", "res-u35", c, part(*old[:3]))), ask("How?", "res-v35", c, part(*new[:2]), 2),
            resume(c, 2, part(*new[2:], END, done=True), 4)], [
        says("How?"), answers("By bus.", message_id="res-b35", replies_to=0), says("When?"),
        answers("The train leaves ", message_id="res-a35", complete=False, replies_to=2)]
