"""Histories, lists and other reads; the rarer writes; voice; answers that broke
off (facts/chatgpt-wire.md §3.2.3, §3.8, §3.9, §7.1, §9.3)."""
from exchanges import CARD, CHAT, F, add, append, delta, document, dumps, entry, message, prompt
from replay_api import api
from replay_cases import ANY, BAD, answers, asked, case, expect, says
from replay_more import MULTIPART, node, parts

B = CHAT + "/backend-api"
JSON = "application/json"


def tree(id):
    mapping = {"root": {"id": "root", "message": None, "parent": None, "children": ["u1"]}}
    for each in (node("u1", "root", "user", "one"), node("a1", "u1", "assistant", "two"),
                 node("u2", "a1", "user", "three"), node("a2", "u2", "assistant", "four")):
        mapping.update(each)
    return {"title": "T", "mapping": mapping, "current_node": "a2", "conversation_id": id}


def get(path, answer, **more):
    return entry(B + path, None, dumps(answer), method="GET", answer_kind=JSON, **more)


@case
def edits_in_a_chat_out_of_the_history():
    def turn(text, parent, second):
        return entry(F, dumps(prompt(message(text, "eh-" + text), parent=parent, conversation_id="eh-c")), second=second)
    return [get("/conversation/eh-c", tree("eh-c")), turn("x", "a1", 2), turn("y", "a2", 4), turn("z", "root", 6)], [
        expect("conversation.viewed", "one\ntwo\nthree\nfour", conversation_id="eh-c"),
        expect("prompt.updated", "x", update="edit"), says("y", update=None),
        expect("prompt.updated", "z", update="edit")]


@case
def several_conversations_at_once():
    return [entry(B + "/conversations/batch", dumps({"conversation_ids": ["b1", "b2"]}), dumps([tree("b1"), tree("b2")]),
                  answer_kind=JSON)], [
        expect("conversation.viewed", "one\ntwo\nthree\nfour", conversation_id=c) for c in ("b1", "b2")]


@case
def lists_and_memories_are_told_of_where_something_is_found():
    def titles(*each):
        return {"items": [{"id": "c", "title": t, "snippet": None} for t in each], "total": 1}
    return [get("/conversations?offset=0&limit=28", titles("Lyon", "Taxes")),
            get("/conversations?offset=28&limit=28", titles("Lyon", CARD), second=2),
            get("/memories?include_memory_entries=true", {"memories": [{"id": "m", "content": "Pays with " + CARD}]}, second=4),
            get("/user_system_messages", {"about_user_message": CARD, "enabled": True}, second=6),
            get("/conversations/search?query=pay&cursor=", {"items": [{"payload": {"snippet": CARD}}]}, second=8)], [
        expect("conversation.viewed", "Lyon\n" + CARD, where="answer", verdict="alert"),
        expect("conversation.viewed", "Pays with " + CARD, where="answer", verdict="alert"),
        expect("conversation.viewed", CARD, where="answer", verdict="alert"),
        expect("conversation.viewed", "pay", hidden_has=CARD, hidden=CARD, where="hidden", verdict="alert")]


@case
def canvas_read_and_set_back():
    return [get("/conversation/cr-c/textdocs", [{"id": "td", "title": "T", "content": "The plan"}]),
            get("/textdoc/td", {"id": "td", "content": "The plan"}, second=2),
            entry(B + "/textdoc/td/restore", dumps({"version": 3, "restore_from_version": 1}), second=4),
            entry(B + f"/textdoc/td/2/comment/c9?reason=of%20{CARD.replace(' ', '')}", method="DELETE", second=6)], [
        expect("conversation.viewed", "The plan", conversation_id="cr-c"), expect("conversation.viewed", "The plan"),
        expect("document.edited"), expect("document.edited", where="url", **BAD)]


@case
def voice_is_told_of():
    token = {"voice": "cove", "voice_mode": "advanced", "parent_message_id": "vp", "conversation_id": "vc", "model_slug": "vm"}
    session = {"instructions": "Be brief", "voice": "x"}
    calls = B + "/realtime/calls"
    past = {"reason": "Voice: the talk goes by WebRTC and is not inspected"}
    return [entry(CHAT + "/voice/get_token", dumps(token), dumps({"url": "wss://x", "token": "t", "e2ee_key": "k"}), answer_kind=JSON),
            entry(calls, "v=0\r\ns=-\r\n", kind="application/sdp", second=2),
            entry(calls, parts(("sdp", "v=0"), ("session", dumps(session))), kind=MULTIPART, second=4),
            entry(calls, dumps({"sdp": "v=0\r\n", "session": session}), second=6),
            entry(calls, dumps({"sdp": "v=0\r\n", "session": {"instructions": CARD}}), second=8),
            api("/realtime/calls", {"sdp": "v=0", "session": {**session, "model": "gpt-realtime"}}, second=10)], [
        expect("tool.invoked", conversation_id="vc", parent_message_id="vp", model="vm",
               reason="Voice: the talk goes by WebRTC, end-to-end encrypted, and is not inspected"),
        expect("tool.invoked", **past), expect("tool.invoked", None, "Be brief", **past),
        expect("tool.invoked", None, "Be brief", **past), expect("tool.invoked", None, CARD, where="hidden", **BAD),
        expect("tool.invoked", None, "Be brief", model="gpt-realtime", **past)]


@case
def rarer_writes():
    def write(path, body, second, method="POST"):
        return entry(path if path.startswith("http") else B + path, dumps(body), method=method, second=second)
    follow = {"follow_up": {"task_id": "task_e1", "turn_id": "t1"}, "input_items": [
        {"type": "message", "role": "user", "content": [{"content_type": "text", "text": "go on"}]}]}
    return [write("/automations/au1", {"prompt": "each week", "title": "T", "schedule": "RRULE"}, 0, "PATCH"),
            write("/wham/tasks", follow, 2),
            write("/ecosystem/widget_state", {"conversation_id": "c", "message_id": "m", "state": {"note": "hello"}}, 4),
            write("/files/library/files/libfile_1/delete_stream?file_id=file_1&file_name=q3%20plan.xlsx&soft_delete=true", {}, 6),
            write("https://sora.chatgpt.com/backend/project_y/post", {"text": "look", "attachments": []}, 8),
            write("/conversation/id/rw-c/rename", {"title": "New"}, 10),
            write("/calpico/chatgpt/rooms", {"name": "Team", "custom_instructions": "Be kind"}, 12)], [
        expect("prompt.updated", "each week", "T", update="edit"),
        says("go on", conversation_id="task_e1", parent_message_id="t1"),
        expect("tool.invoked", None, "hello", conversation_id="c", message_id="m"),
        expect("service.unclassified", None, files=[{"id": "file_1", "name": "q3 plan.xlsx"}]),
        expect("conversation.shared", "look"), expect("service.unclassified", "New", conversation_id="rw-c"),
        expect("instructions.updated", "Team\nBe kind")]


@case
def what_carries_no_words_says_nothing():
    """Ids and counts only (3.4, 3.9, 3.10): told of where something is found."""
    paths = {"/conversation/gen_title/nw-c": {"message_id": "m", "model": "x"}, "/stop_conversation": {"conversation_id": "c"},
             "/conversation/init": {"gizmo_id": None, "conversation_id": None, "timezone_offset_min": -120},
             "/conversation/nw-c/async-status": {},
             "/conversation/nw-c/experimental/generate_suggestions": {"message_id": "m", "num_suggestions": 3}}
    return [entry(B + path, dumps(body), "{}", answer_kind="application/json", second=2 * i)
            for i, (path, body) in enumerate(paths.items())] + [
        get("/conversation/nw-c/stream_status", {"status": "COMPLETE"}, second=20),
        get("/wham/tasks/list", {"items": []}, second=22),
        entry(B + "/conversation/init", dumps({"conversation_origin": CARD}), "{}", second=24),
        get("/wham/tasks/task_e2", {"task": {"title": f"pay {CARD}"}}, second=26)], [
        expect("service.unclassified", ANY, ANY, **BAD),
        expect("conversation.viewed", ANY, ANY, conversation_id="task_e2", verdict="alert")]


@case
def a_page_names_the_session():
    cookie = {"cookie": "__Secure-next-auth.session-token=boot-1"}
    boot = dumps({"session": {"user": {"id": "user-9", "email": "boot@example.com"}, "account": {"id": "w-boot"}}})
    page = f'<!doctype html><script id="other">{{}}</script><script type="application/json" id="client-bootstrap">{boot}</script>'
    return [entry(CHAT + "/", None, page, method="GET", answer_kind="text/html; charset=utf-8", fields=cookie),
            entry(F, dumps(prompt(message("q"))), fields=cookie, second=2)], [
        says("q", actor={"user": "boot@example.com", "source": "session", "workspace": "w-boot"})]


@case
def events_beside_the_answer():
    beside = [{"type": "add-item", "item_id": "i", "item": {"text": "widget words"}},
              {"type": "display_crisis_helpline_message", "text": "Call someone"}]
    doc = document("eb-a", ["Hi"], conversation="eb")
    new = asked(delta(add(doc), {"type": "brand_new_event", "text": "plain"}, *beside, conversation="eb"),
                answers("Hi", hidden="widget words\nCall someone"))
    bad = entry(F, dumps(prompt(message("r"))), delta(add(document("eb-b", ["Ho"])), {"type": "brand_new_event", "text": CARD}), second=4)
    return new[0] + [bad], new[1] + [says("r", conversation_id="c"),
                                     answers("Ho", hidden=CARD, where="hidden", verdict="alert")]


@case
def an_error_with_status_200():
    error = dumps({"error": {"message": "no", "type": "x"}})
    return [entry(F, dumps(prompt(message("q"))), error, answer_kind=JSON)], [says("q", outcome="failure")]


@case
def json_that_broke_off():
    chat = dumps({"id": "chatcmpl-b", "object": "chat.completion", "model": "m2", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "A long answer \"with\" ümlauts and more"}}]})
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    cut = chat[:chat.index("ümlauts") + 4]
    return [api("/chat/completions", body, cut)], [
        says("x", model="m"), answers("A long answer \"with\" ümla", message_id="chatcmpl-b", complete=False)]


@case
def tokens_are_no_text():
    return [api("/completions", {"model": "m", "prompt": [[15496, 11], [995]]}),
            api("/embeddings", {"model": "m", "input": [1, 2, 3]}, second=2),
            api("/moderations", {"model": "m", "input": [{"type": "text", "text": "bad?"}]}, second=4)], [
        says(None, model="m"), expect("tool.invoked", None, model="m"), expect("tool.invoked", "bad?", model="m")]


@case
def unknown_operation_keeps_its_words():
    return asked(delta(add(document("uo-a", ["Hi"], conversation="c")),
                       {"p": "/message/content/parts/0", "o": "splice", "v": ["words", {"x": "deep"}]}, append("!")),
                 answers("Hi!", hidden="words\ndeep", failure="parse", verdict="alert"))
