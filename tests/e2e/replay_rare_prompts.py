"""Prompts as few clients write them (facts/chatgpt-wire.md §3.1-§3.7, §3.10,
§3.11, §4.9, §10): rare fields, old and foreign shapes, odd JSON."""
import uuid

from exchanges import CARD, CHAT, F, OLD, dumps, entry, message, plain, prompt, sse, token
from replay_cases import ANY, BAD, answers, case, expect, says
from replay_mweb import FORM, form, state

ANON = CHAT + "/backend-anon/f/conversation"
IOS = "https://ios.chat.openai.com/backend-api/conversation"
ONE = "file_00000000aabbccddeeff0011223344aa"
TWO = "file_00000000aabbccddeeff0011223344bb"


def sent(body, answer=None, url=F, second=0, **more):
    return entry(url, body if isinstance(body, (str, bytes)) else dumps(body), answer, second=second, **more)


def with_file(text, *files, **more):
    return expect("prompt_with_file.created", text, files=list(files), **more)


# ---- JSON that is written oddly ----

@case
def messages_named_twice():
    """§10 3: the last of two equal keys wins in the browser, both are looked at."""
    body = dumps(prompt(message("first " + CARD, "rp-u1")))
    more = dumps([message("the second list", "rp-u2")])
    return [sent(body[:-1] + ', "messages": ' + more + "}")], [
        says("the second list", hidden=ANY, hidden_has=CARD, message_id="rp-u2", **BAD)]


@case
def action_named_twice():
    body = dumps(prompt(message("once more", "rp-u3"), conversation_id="rp-c3", parent="rp-p3"))
    return [sent(body[:-1] + ', "action": "variant"}')], [
        expect("prompt.updated", "once more", update="regenerate", message_id="rp-u3")]


@case
def surrogates_and_zeros():
    text = r'"lone \ud83d end, pair \ud83d\ude00, slash \/, nul \u0000."'
    body = dumps(prompt(message("@", "rp-u4"))).replace('"@"', text)
    return [sent(body)], [says("lone \ufffd end, pair 😀, slash /, nul \0.")]


@case
def body_with_a_byte_order_mark():
    return [sent(b"\xef\xbb\xbf" + dumps(prompt(message("after the mark"))).encode())], [says("after the mark")]


@case
def numbers_beyond_all_bounds():
    body = dumps(prompt(message("big numbers", "rp-u5"))).replace("1790000000.125", "1" * 400 + ".5e+999")
    return [sent(body.replace('-120', '-1e-9999'))], [says("big numbers", message_id="rp-u5")]


@case
def nesting_of_sixty_levels():
    deep = {"x": 1}
    for _ in range(58):
        deep = {"x": deep}
    return [sent(prompt(message("deep down"), future=deep))], [says("deep down")]


@case
def bodies_without_their_type():
    body = dumps(prompt(message("which type?")))
    return [sent(body, kind=None), sent(body.replace("which", "what"), kind="text/plain;charset=UTF-8", second=2)], [
        says("which type?"), says("what type?")]


@case
def prompts_in_other_encodings():
    made = []
    for n, encoding in enumerate(["br", "zstd", "deflate", "gzip"]):
        made.append(sent(prompt(message("packed by " + encoding)), encoding=encoding, second=n))
    return made, [says("packed by " + e) for e in ("br", "zstd", "deflate", "gzip")]


# ---- rare fields ----

@case
def suggestion_that_was_typed_at():
    """§3.1: chosen_suggestion.user_input holds typed text."""
    chosen = {"type": "composer", "index": 2, "source": "x", "user_input": "best cheese in"}
    return [sent(prompt(message("best cheese in Lyon"), chosen_suggestion=chosen))], [
        says("best cheese in Lyon", hidden="best cheese in")]


@case
def suggestions_shown_are_not_typed():
    return [sent(prompt(message("hello"), suggestions=["Plan a trip", "Tell me a joke"]))], [says("hello")]


@case
def search_of_a_map():
    """§3.1: map_search_params possibly holds what somebody wrote."""
    return [sent(prompt(message("near me"), map_search_params={"query": CARD}))], [
        says("near me", hidden=CARD, **BAD)]


@case
def no_action_at_all():
    return [sent(prompt(message("no action", "rp-u6"), action="absent", model=None))], [
        says("no action", message_id="rp-u6", model=None)]


@case
def quoted_reply_behind_pictures():
    """Contract: the quoted reply comes after the parts."""
    parts = ["look", {"asset_pointer": f"sediment://{ONE}?x=1#top", "size_bytes": 7, "width": 1, "height": 1}, "", "there"]
    m = message("", "rp-u7", content={"content_type": "multimodal_text", "parts": parts},
                metadata={"targeted_reply": "the older words", "targeted_reply_label": "ChatGPT said"})
    return [sent(prompt(m, turn_origin="targeted_reply"))], [
        with_file("look\nthere\nthe older words", {"id": ONE}, hidden=ANY, message_id="rp-u7")]


@case
def last_message_is_the_systems():
    """Several messages: the last user's id; what a client injects is hidden."""
    return [sent(prompt(message("one", "rp-a"), message("two", "rp-b"), message("be brief", "rp-s", role="system")))], [
        says("one\ntwo", hidden="be brief", message_id="rp-b")]


@case
def only_a_system_message():
    """§3.1: scanned; nobody typed it, so it is no prompt."""
    return [sent(prompt(message("You are a pirate", "rp-s2", role="system")))], []


@case
def names_of_both_spellings():
    files = [{"id": ONE, "name": "a b.docx", "size": "1234", "mimeType": "application/msword", "fileTokenSize": 9},
             {"id": "file-abcdefghijklmnopqrstuv", "name": "ü.csv", "size": 5, "mime_type": "text/csv",
              "source": "library", "library_file_id": "libfile_1"}]
    return [sent(prompt(message("two files", metadata={"attachments": files})))], [
        with_file("two files", {"id": ONE, "name": "a b.docx", "bytes": 1234},
                  {"id": "file-abcdefghijklmnopqrstuv", "name": "ü.csv", "bytes": 5})]


@case
def attachment_is_null():
    return [sent(prompt(message("none", metadata={"attachments": None}))),
            sent(prompt(message("empty", metadata={"attachments": []}), attachment_mime_types=[]), second=2)], [
        says("none", files=None), says("empty", files=None)]


@case
def talk_with_a_camera():
    """§3.5: pointers inside a pointer; speech in and out."""
    seen = {"content_type": "real_time_user_audio_video_asset_pointer", "expiry_datetime": None,
            "frames_asset_pointers": [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://" + TWO,
                                       "size_bytes": 1, "width": 1, "height": 1}],
            "video_container_asset_pointer": None, "audio_start_timestamp": 1.5,
            "audio_asset_pointer": {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://" + ONE,
                                    "size_bytes": 99, "format": "wav", "metadata": {}}}
    heard = {"content_type": "audio_transcription", "text": "what do you see", "direction": "in", "decoding_id": None}
    m = message("", content={"content_type": "multimodal_text", "parts": [seen, heard]})
    return [sent(prompt(m))], [expect("prompt_with_file.created", "what do you see", file_ids=ANY,
                                      anywhere="what do you see")]


# ---- regenerate, continue, edit ----

@case
def regenerate_without_a_message():
    """§3.2.1: the list is dropped, the parent is the user's message."""
    body = prompt(action="variant", messages="absent", parent="rp-u8", conversation_id="rp-c8", variant_purpose="none")
    return [sent(body, plain("Other words", "rp-a8", "rp-u8", "rp-c8"))], [
        expect("prompt.updated", None, update="regenerate", conversation_id="rp-c8", parent_message_id="rp-u8"),
        answers("Other words", message_id="rp-a8", conversation_id="rp-c8", replies_to=0)]


@case
def variant_of_every_turn():
    """§3.2.1: clients of 2022 sent it always; without a conversation it is new."""
    body = {"action": "variant", "messages": [{"id": "rp-u9", "role": "user", "content": {
        "content_type": "text", "parts": ["hi"]}}], "conversation_id": None, "parent_message_id": str(uuid.uuid4()),
        "model": "text-davinci-002-render-sha"}
    return [sent(body, url="https://chat.openai.com/backend-api/conversation")], [
        says("hi", message_id="rp-u9", model="text-davinci-002-render-sha", conversation_id=None, update=None)]


@case
def continue_of_a_cut_answer():
    body = prompt(action="continue", parent="rp-a10", conversation_id="rp-c10", messages=[])
    return [sent(body, plain("and the rest", "rp-a10", "rp-u10", "rp-c10"), url=ANON)], [
        expect("prompt.updated", None, update="continue", conversation_id="rp-c10", parent_message_id="rp-a10"),
        answers("and the rest", message_id="rp-a10", replies_to=0)]


@case
def edit_of_what_was_opened():
    """§3.2.3: a history that was fetched seeds the map."""
    def node(id, parent, role, text):
        return {"id": id, "parent": parent, "children": [], "message": None if role is None else {
            "id": id, "author": {"role": role}, "content": {"content_type": "text", "parts": [text]},
            "metadata": {}, "recipient": "all"}}
    tree = {"title": "Trip", "conversation_id": "rp-c11", "current_node": "rp-n4", "mapping": {n["id"]: n for n in [
        node("rp-n0", None, None, ""), node("rp-n1", "rp-n0", "user", "Plan"), node("rp-n2", "rp-n1", "assistant", "Ok"),
        node("rp-n3", "rp-n2", "user", "Cheaper"), node("rp-n4", "rp-n3", "assistant", "Bus")]}}
    return [entry(CHAT + "/backend-api/conversation/rp-c11", None, dumps(tree), method="GET",
                  answer_kind="application/json"),
            sent(prompt(message("Faster", "rp-u11"), conversation_id="rp-c11", parent="rp-n2"), second=3),
            sent(prompt(message("And back?", "rp-u12"), conversation_id="rp-c11", parent="rp-n4"), second=5)], [
        expect("conversation.viewed", ANY, ANY, conversation_id="rp-c11"),
        expect("prompt.updated", "Faster", update="edit", message_id="rp-u11", parent_message_id="rp-n2"),
        says("And back?", message_id="rp-u12", update=None)]


@case
def edit_of_the_first_prompt():
    return [sent(prompt(message("Again from the top", "rp-u13"), conversation_id="rp-c13"))], [
        expect("prompt.updated", "Again from the top", update="edit", conversation_id="rp-c13")]


@case
def resent_after_a_bad_gateway():
    """§4.9: retried on 502; one activity."""
    body = dumps(prompt(message("try me", "rp-u14")))
    return [sent(body, "<html>502</html>", status=502, answer_kind="text/html"),
            sent(body, plain("Here", "rp-a14", "rp-u14", "rp-c14"), second=3)], [
        says("try me", attempts=2, conversation_id="rp-c14"), answers("Here", message_id="rp-a14", replies_to=0)]


# ---- answers that refuse ----

@case
def refused_for_too_many():
    detail = {"detail": {"message": "You've hit the limit", "code": "model_cap_exceeded", "clears_in": 900,
                         "can_retry": False}}
    return [sent(prompt(message("one more")), dumps(detail), status=413, answer_kind="application/json")], [
        says("one more", outcome="failure", http={"status": 413})]


@case
def questions_about_the_path():
    return [entry(F, None, "", method="OPTIONS", status=204), entry(F, None, "", method="HEAD", status=405, second=1),
            entry(F, None, dumps({"detail": "Method Not Allowed"}), method="GET", status=405, second=2,
                  answer_kind="application/json")], []


@case
def steered_while_it_runs():
    """§3.1: the same body; a JSON answer is none of the model's."""
    body = prompt(message("stop, use euros", "rp-u15"), conversation_id="rp-c15", parent="rp-a15")
    return [sent(body, dumps({"status": "accepted", "conversation_id": "rp-c15"}), answer_kind="application/json",
                 url=CHAT + "/backend-alt/f/steer_turn")], [
        says("stop, use euros", message_id="rp-u15", conversation_id="rp-c15", parent_message_id="rp-a15")]


@case
def talk_about_a_card_of_the_feed():
    return [sent(prompt(message("more of this", "rp-u16")), plain("Gladly", "rp-a16", "rp-u16", "rp-c16"),
                 url=CHAT + "/backend-api/feed/card/crd_77/conversation"),
            sent(prompt(message("less politics", "rp-u17")), url=CHAT + "/backend-api/feed/feedback/conversation",
                 second=3)], [
        says("more of this", message_id="rp-u16", conversation_id="rp-c16"),
        answers("Gladly", message_id="rp-a16", replies_to=0), says("less politics", message_id="rp-u17")]


@case
def phone_of_the_other_maker():
    m = message("from the phone", "rp-u18", status="finished_successfully", end_turn=None, weight=1.0, recipient="all",
                channel=None, update_time=None)
    m["author"] = {"role": "user", "name": None, "metadata": {}}
    fields = {"oai-client-type": "ios", "user-agent": "ChatGPT/1.2026.300 (iOS 26.1)", "authorization": token("i@example.com")}
    return [sent(prompt(m, model="gpt-5-5-thinking", thinking_effort="extended"), url=IOS, fields=fields)], [
        says("from the phone", message_id="rp-u18", model="gpt-5-5-thinking", actor={"account": "i@example.com"})]


@case
def project_and_gpt():
    project = "g-p-" + "0123456789abcdef" * 2
    return [sent(prompt(message("in the project"), conversation_mode={"kind": "gizmo_interaction", "gizmo_id": project})),
            sent(prompt(message("to the GPT"), conversation_mode={"kind": "gizmo_interaction", "gizmo_id": "g-abc123"}),
                 second=2)], [
        says("in the project", project_id=project), says("to the GPT", project_id=None)]


# ---- drafts ----

PREPARE = CHAT + "/backend-anon/f/conversation/prepare"


def draft(text, id="rp-d1", **more):
    partial = {"id": id, "author": {"role": "user"}, "content": {"content_type": "text", "parts": [text]}}
    body = prompt(messages="absent", partial_query=partial, client_prepare_dispatch="debounced",
                  client_prepare_source="composer_editor_state", **more)
    return {k: v for k, v in body.items() if k != "messages"}


@case
def prepared_without_words():
    body = draft("")
    without = {k: v for k, v in body.items() if k != "partial_query"}
    ok = dumps({"status": "ok", "conduit_token": "eyJhbGciOiJIUzI1NiJ9.e30.x"})
    return [sent(b, ok, url=PREPARE, answer_kind="application/json", second=n) for n, b in enumerate(
        [body, without, {**body, "partial_query": None}])], []


@case
def draft_that_grows_is_one():
    ok = dumps({"status": "ok", "conduit_token": "t"})
    grown = ["D", "Dear ", "Dear Ann", "Dear Anna, the offer"]
    made = [sent(draft(t), ok, url=PREPARE, answer_kind="application/json", second=n) for n, t in enumerate(grown)]
    final = sent(prompt(message("Dear Anna, the offer", "rp-u19")), url=ANON, second=6)
    return made + [final], [expect("prompt.drafted", "Dear Anna, the offer", ANY), says("Dear Anna, the offer")]


@case
def draft_whose_secret_was_deleted_again():
    """A flood is one activity, without losing a finding: what was blocked stays."""
    ok = dumps({"status": "ok", "conduit_token": "t"})
    grown = ["card", "card " + CARD, "card no"]
    made = [sent(draft(t), ok, url=PREPARE, answer_kind="application/json", second=n) for n, t in enumerate(grown)]
    return made, [expect("prompt.drafted", "card " + CARD, type="credit-card", **BAD),
                  expect("prompt.drafted", "card no")]


# ---- group chats, Codex, Sora, signed out ----

ROOM = "0123456789abcdef0123456789abcdef"


@case
def group_chat_of_a_project():
    url = CHAT + f"/backend-api/calpico/chatgpt/projects/g-p-1/rooms/{ROOM}/messages"
    body = {"content": {"text": None, "attachments": [{"type": "file", "file_id": ONE}], "system_hints": []},
            "reply_to": {"message_id": "rp-m0"}, "request_id": str(uuid.uuid4())}
    other = {"content": {"text": "see this", "attachments": [{"type": "link", "url": "https://example.org/x"},
                                                             {"type": "sticker", "sticker_id": "s1"}]},
             "request_id": str(uuid.uuid4())}
    return [sent(body, "{}", url=url, answer_kind="application/json"),
            sent(other, "{}", url=url, answer_kind="application/json", second=2)], [
        with_file(None, {"id": ONE}, parent_message_id="rp-m0"), says("see this", verdict="alert", hidden="https://example.org/x", files=None)]


@case
def code_task_with_a_patch():
    body = {"new_task": {"environment_id": "env1", "branch": "main", "run_environment_in_qa_mode": False},
            "input_items": [{"type": "message", "role": "user", "content": [
                {"content_type": "text", "text": "Fix the build"}, {"content_type": "text", "text": "and the tests"}]},
                {"type": "pre_apply_patch", "output_diff": {"diff": "-old\n+new"}}], "metadata": {"best_of_n": 1}}
    return [sent(body, dumps({"task": {"id": "task_e_1"}}), url=CHAT + "/backend-api/wham/tasks",
                 answer_kind="application/json")], [says("Fix the build\nand the tests", hidden="-old\n+new")]


CODEX = CHAT + "/backend-api/codex/responses"


@case
def code_turn_that_repeats_everything():
    history = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "first ask"}]},
               {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "1"},
               {"type": "function_call_output", "call_id": "1", "output": "README.md"},
               {"role": "user", "content": "second ask"}]
    body = {"model": "gpt-5-codex", "instructions": "Be Codex", "input": history, "stream": True, "store": False}
    done = {"id": "resp_rp1", "object": "response", "model": "gpt-5-codex", "status": "completed", "output": [
        {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Done it."}]}]}
    events = [("response.created", {"type": "response.created", "response": {"id": "resp_rp1", "model": "gpt-5-codex"}}),
              ("response.output_text.delta", {"type": "response.output_text.delta", "item_id": "msg_1",
                                              "output_index": 0, "content_index": 0, "delta": "Done it."}),
              ("response.completed", {"type": "response.completed", "response": done})]
    return [sent(body, sse(*events, done=False), url=CODEX, encoding="zstd")], [
        says("second ask", hidden=ANY, hidden_has=["first ask", "README.md", "Be Codex", "ls"], model="gpt-5-codex"),
        answers("Done it.", message_id="resp_rp1", model="gpt-5-codex", replies_to=0)]


@case
def code_turn_whose_newest_is_a_tools():
    history = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "run it"}]},
               {"type": "custom_tool_call", "name": "apply_patch", "input": "*** Begin", "call_id": "2"},
               {"type": "custom_tool_call_output", "call_id": "2", "output": [{"type": "input_text", "text": "ok 7"}]}]
    return [sent({"model": "gpt-5-codex", "input": history, "stream": True}, url=CODEX, encoding="zstd")], [
        says("run it", hidden=ANY, hidden_has=["*** Begin", "ok 7"])]


@case
def films_are_asked_for():
    body = {"kind": "video", "prompt": "a cat on a train", "orientation": "landscape", "size": "small", "n_frames": 300,
            "model": "sy_8", "style_id": None, "inpaint_items": [], "remix_target_id": None, "cameo_ids": []}
    with_one = {"type": "image_gen", "operation": "simple_compose", "prompt": "the same, blue", "n_variants": 1,
                "inpaint_items": [{"type": "image", "frame_index": 0, "upload_media_id": "media_1"}]}
    return [sent(body, dumps({"id": "task_1"}), url="https://sora.com/backend/nf/create", answer_kind="application/json"),
            sent(with_one, dumps({"id": "task_2"}), url="https://sora.chatgpt.com/backend/video_gen", second=2,
                 answer_kind="application/json")], [
        says("a cat on a train", files=None), with_file("the same, blue", {"id": "media_1"})]


@case
def words_in_the_address():
    """§3.9: + and %2B.  The page fills its composer with it: not sent yet."""
    return [entry(CHAT + "/?model=gpt-5&q=1%2B1+is%3F&temporary-chat=true", None, "<html></html>", method="GET",
                  answer_kind="text/html"),
            entry(CHAT + "/?q=" + CARD.replace(" ", "+") + "&hints=search", None, "<html></html>", method="GET",
                  answer_kind="text/html", second=2)], [
        expect("prompt.drafted", "1+1 is?", model="gpt-5", http={"path": "/"}),
        expect("prompt.drafted", CARD, type="credit-card", **BAD)]


@case
def form_in_another_order():
    """§3.6: fields in any order, names of the type in any case."""
    body = "userMessageId=rp-u20&proofToken=%7E&prompt=caf%C3%A9+%2B+cr%C3%A8me%0D%0A2%25&conversationState=" + \
        "%7B%22messages%22%3A%5B%5D%2C%22parentMessageId%22%3A%22rp-p20%22%2C%22conversationId%22%3A%22rp-c20%22%7D"
    return [entry(CHAT + "/unauth-mweb/conversation/updates?operationId=1&lightweight_authenticated=1", body, None,
                  kind="Application/X-WWW-Form-Urlencoded")], [
        says("café + crème\r\n2%", message_id="rp-u20", conversation_id="rp-c20", parent_message_id="rp-p20")]


@case
def form_that_only_prepares():
    body = form("", held=state("rp-c21")).replace("prompt=&", "")
    return [entry(CHAT + "/unauth-mweb/conversation/prepare?lightweight_authenticated=0", body,
                  dumps({"conduit_token": "x", "prepare_cadence_enabled": True}), kind=FORM,
                  answer_kind="application/json")], []


# ---- what is no prompt ----

@case
def writes_without_words():
    """§3.4, §3.9: explained, and nothing in them."""
    made = [("conversation/init", {"gizmo_id": None, "requested_default_model": None, "conversation_id": "x",
                                   "timezone_offset_min": -60, "conversation_origin": None}),
            ("conversation/rp-c1/experimental/generate_suggestions", {"message_id": "m", "model": "auto",
                                                                     "num_suggestions": 2}),
            ("stop_conversation", {"conversation_id": "x"}), ("conversation/x/async-status", {}),
            ("lat/r", {"turn": "1"}), ("sentinel/req", {"p": "gAAAA", "id": "1", "flow": "conversation"})]
    return [entry(CHAT + "/backend-api/" + path, dumps(body), "{}", answer_kind="application/json", second=n)
            for n, (path, body) in enumerate(made)], []


@case
def writes_that_nobody_knows():
    made = [("PUT", "/backend-api/brand_new/thing", dumps({"note": "the quarter was bad", "list": [{"x": "and red"}]}),
             "application/json"),
            ("POST", "/backend-alt/never/seen", "plain words here", "text/plain"),
            ("PATCH", "/unauth-mweb/other", "story=once+upon+a+time&n=1", FORM)]
    return [entry(CHAT + path, body, "{}", method=method, kind=kind, answer_kind="application/json", second=n)
            for n, (method, path, body, kind) in enumerate(made)], [
        expect("service.unclassified", ANY, ANY, anywhere="the quarter was bad"),
        expect("service.unclassified", ANY, ANY, anywhere="plain words here"),
        expect("service.unclassified", ANY, ANY, anywhere="once upon a time")]


# ---- who ----

@case
def workspace_of_the_header_wins():
    fields = {"authorization": token("w@example.com", account="w-jwt"), "chatgpt-account-id": "w-header",
              "oai-device-id": "dev-rp"}
    cookie = {"authorization": token("w@example.com", account="w-jwt"), "cookie": "oai-did=dev-ck; _account=w-cookie"}
    return [sent(prompt(message("where am I?")), fields=fields), sent(prompt(message("and now?")), fields=cookie, second=2)], [
        says("where am I?", actor={"account": "w@example.com", "workspace": "w-header", "device": "dev-rp"}),
        says("and now?", actor={"workspace": "w-cookie", "device": "dev-ck"})]


@case
def named_by_the_page():
    """§7.1: the session stands in a script of the page."""
    session = {"user": {"id": "user-pg", "name": "Pia", "email": "pia@example.com"}, "expires": "2027-01-01",
               "account": {"id": "w-page", "planType": "team"}, "authProvider": "auth0"}
    page = ('<!DOCTYPE html><html><head><script type="application/json" id="client-bootstrap">' +
            dumps({"authStatus": "logged_in", "session": session, "x": "<\\/script>"}) + "</script></head></html>")
    cookie = {"cookie": "__Secure-next-auth.session-token=rp-cookie-1"}
    return [entry(CHAT + "/", None, page, method="GET", answer_kind="text/html; charset=utf-8", fields=cookie),
            sent(prompt(message("me?")), fields=cookie, second=2)], [
        says("me?", actor={"account": "pia@example.com", "source": "session"})]


@case
def named_by_me():
    cookie = {"cookie": "__Secure-next-auth.session-token.0=rp-two; __Secure-next-auth.session-token.1=b"}
    me = {"id": "user-me", "email": "me@example.com", "name": "M", "phone_number": "+33123456789", "orgs": {"data": []}}
    return [entry(CHAT + "/backend-api/me", None, dumps(me), method="GET", answer_kind="application/json", fields=cookie),
            sent(prompt(message("who?")), fields=cookie, url=OLD, second=2)], [
        says("who?", actor={"account": "me@example.com"})]
