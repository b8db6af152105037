"""What clients send, in guises that no older case has (facts/chatgpt-wire.md
§3): whole turns, with fields in other orders, missing, null or unknown."""
import base64
import json
import urllib.parse

from exchanges import CARD, CHAT, F, OLD, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse, token, zstd
from replay_cases import ANY, BAD, answers, case, expect, says
from replay_mweb import FORM, NDJSON, control, line, piece
from replay_ws import down, socket, up, CODEX

ANON = CHAT + "/backend-anon/f/conversation"
JS = "application/json"


def ok(text, n, c=None, parent=None):
    return plain(text, f"fa{n}-a", parent or f"fa{n}-u", c or f"fa{n}-c")


def told(text, n, **more):
    return answers(text, **{"message_id": f"fa{n}-a", "conversation_id": f"fa{n}-c", **more})


@case
def asked_fields_in_reverse_and_messages_elsewhere():
    body = {"z": {"messages": [{"author": {"role": "user"}, "content": {"parts": ["not typed"]}}]}, "model": "gpt-5-6",
            "parent_message_id": "client-created-root", "conversation_id": None,
            "messages": [{"metadata": None, "content": {"parts": ["Real words"], "content_type": "text", "extra": [1, {"a": None}]},
                          "author": {"metadata": {}, "name": None, "role": "user"}, "id": "fa1-u", "weight": 1}],
            "conversation_mode": {"plugin_ids": None, "kind": "primary_assistant"}, "action": "next"}
    return [entry(F, dumps(body), ok("Yes", 1))], [
        says("Real words", hidden=ANY, message_id="fa1-u", model="gpt-5-6", conversation_id="fa1-c",
             parent_message_id="client-created-root"), told("Yes", 1, replies_to=0)]


@case
def asked_mixed_roles_in_one_request():
    body = prompt(message("Be brief", "fa2-s", role="system"), message("First half", "fa2-u1"),
                  message("", "fa2-t", role="tool", content={"content_type": "execution_output", "text": "42 rows"}),
                  message("Earlier answer", "fa2-x", role="assistant"), message("Second half", "fa2-u2"))
    return [entry(F, dumps(body), ok("Both", 2, parent="fa2-u2"))], [
        says("First half\nSecond half", hidden=ANY, hidden_has=["Be brief", "42 rows", "Earlier answer"], message_id="fa2-u2"),
        told("Both", 2, parent_message_id="fa2-u2")]


@case
def asked_stacked_encodings_of_a_request():
    return [entry(F, dumps(prompt(message("Packed twice", "fa3-u"))), ok("Open", 3), encoding="br, gzip"),
            entry(F, dumps(prompt(message("Not packed", "fa3b-u"))), plain("Same", "fa3b-a", "fa3b-u", "fa3b-c"), second=3,
                  fields={"content-encoding": "identity"})], [
        says("Packed twice", message_id="fa3-u"), told("Open", 3),
        says("Not packed", message_id="fa3b-u"), answers("Same", message_id="fa3b-a")]


@case
def asked_follow_up_to_the_other_branch():
    c = "fa4-c"
    r = {"conversation_id": c}
    return [entry(F, dumps(prompt(message("Q1", "fa4-u1"))), plain("A1", "fa4-a1", "fa4-u1", c)),
            entry(F, dumps(prompt(message("Q1", "fa4-u1"), action="variant", **r)), plain("A1 again", "fa4-a2", "fa4-u1", c), second=2),
            entry(F, dumps(prompt(message("More of the second", "fa4-u2"), parent="fa4-a2", **r)), plain("M", "fa4-a3", "fa4-u2", c), second=4),
            entry(F, dumps(prompt(message("More of the second, please", "fa4-u3"), parent="fa4-a2", **r)), plain("N", "fa4-a4", "fa4-u3", c), second=6),
            entry(F, dumps(prompt(message("And then", "fa4-u4"), parent="fa4-a4", **r)), plain("O", "fa4-a5", "fa4-u4", c), second=8)], [
        says("Q1", conversation_id=c, update=None), answers("A1", replies_to=0),
        expect("prompt.updated", "Q1", update="regenerate", message_id="fa4-u1", conversation_id=c), answers("A1 again", replies_to=2),
        says("More of the second", update=None), answers("M", replies_to=4),
        expect("prompt.updated", "More of the second, please", update="edit", message_id="fa4-u3"), answers("N", replies_to=6),
        says("And then", update=None), answers("O", replies_to=8)]


@case
def asked_regenerate_of_a_prompt_nobody_saw():
    m = message("Summarise the plan", "fa5-u", author={"role": "user", "name": None, "metadata": {}}, status="finished_successfully",
                end_turn=None, weight=1.0, recipient="all", channel=None, metadata={"request_id": "r-5", "timestamp_": "absolute"})
    return [entry(F, dumps(prompt(m, action="variant", parent="sys-5", conversation_id="fa5-c", variant_purpose="none")), ok("It is", 5))], [
        expect("prompt.updated", "Summarise the plan", update="regenerate", message_id="fa5-u", conversation_id="fa5-c",
               parent_message_id="sys-5"), told("It is", 5, replies_to=0)]


@case
def asked_continue_with_null_messages():
    body = prompt(action="continue", parent="fa6-old", conversation_id="fa6-c")
    body["messages"] = None
    return [entry(OLD, dumps(body), legacy(document("fa6-a", ["and the rest."], conversation="fa6-c", parent="fa6-old",
                                                    status="finished_successfully")))], [
        expect("prompt.updated", None, update="continue", conversation_id="fa6-c", parent_message_id="fa6-old"),
        told("and the rest.", 6, replies_to=0)]


@case
def asked_steered_by_the_other_prefix():
    return [entry(CHAT + "/backend-alt/f/steer_turn", dumps(prompt(message("In euros", "fa7-u"), conversation_id="fa7-c", parent="fa7-p")),
                  dumps({"status": "accepted", "turn_exchange_id": "t7"}), answer_kind=JS)], [
        says("In euros", message_id="fa7-u", conversation_id="fa7-c", http={"path": "/backend-alt/f/steer_turn"})]


@case
def asked_group_chat_with_files_and_a_sticker():
    body = {"request_id": "rq-8", "reply_to": None, "content": {"system_hints": None, "attachments": [
        {"type": "file", "file_id": "file_000000000000000000000000000fa801"}, {"type": "sticker", "sticker_id": "st-1"},
        {"file_id": "file_000000000000000000000000000fa802", "type": "file"}], "text": "both plans\nattached"}}
    return [entry(CHAT + "/backend-api/calpico/chatgpt/rooms/0123456789abcdef0123456789abcdef/messages", dumps(body),
                  dumps({"id": "gm-8"}), answer_kind=JS)], [
        expect("prompt_with_file.created", "both plans\nattached",
               file_ids=["file_000000000000000000000000000fa801", "file_000000000000000000000000000fa802"])]


@case
def asked_project_and_gpt_are_told_apart():
    p = "g-p-" + "ab" * 16
    return [entry(F, dumps(prompt(message("In the project", "fa9-u"), conversation_mode={"gizmo_id": p, "kind": "gizmo_interaction"})),
                  ok("P", 9)),
            entry(F, dumps(prompt(message("To the GPT", "fa9g-u"), conversation_mode={"kind": "gizmo_interaction", "gizmo_id": "g-Ab12Cd34"})),
                  plain("G", "fa9g-a", "fa9g-u", "fa9g-c"), second=3)], [
        says("In the project", project_id=p), told("P", 9), says("To the GPT", project_id=None), answers("G", message_id="fa9g-a")]


@case
def asked_quoted_reply_without_words_of_its_own():
    m = message("", "fa10-u", parts=[""], metadata={"targeted_reply": "The fee is \"due\"\nin May", "targeted_reply_label": "Invoice"})
    return [entry(F, dumps(prompt(m, turn_origin="targeted_reply", conversation_id="fa10-c", parent="fa10-p")), ok("So", 10))], [
        says("The fee is \"due\"\nin May", hidden=ANY, message_id="fa10-u"), told("So", 10)]


@case
def asked_prompt_in_the_address_with_much_around_it():
    def page(q, host="chatgpt.com", second=0):
        return entry(f"https://{host}/?{q}", None, "<!doctype html><p>ChatGPT", method="GET", answer_kind="text/html", second=second)
    return [page("hints=search&temporary-chat=true&q=tide+at+Br%C3%A9hat%2C%0Aplease+%26+thanks&model=gpt-5"),
            page("model=gpt-5&q=", second=2), page("hints=search", second=3), page("q=%F0%9F%8C%8A%2B1", "chat.openai.com", 4)], [
        expect("prompt.drafted", "tide at Bréhat,\nplease & thanks", hidden=ANY),
        expect("prompt.drafted", "🌊+1", hidden=ANY)]


@case
def asked_visitor_with_null_everywhere():
    body = prompt(message("Hello from nobody", "fa12-u", metadata=None, create_time=None), parent="9c0ffee0-1111-4222-8333-944455556666",
                  conversation_id=None, system_hints=None, supported_encodings=None, conversation_mode=None, model=None)
    return [entry(ANON, dumps(body), legacy(document("fa12-a", ["Hi"], conversation="fa12-c", parent="fa12-u"),
                                            document("fa12-a", ["Hi nobody"], conversation="fa12-c", parent="fa12-u", end_turn=True)))], [
        says("Hello from nobody", model=None, message_id="fa12-u", conversation_id="fa12-c",
             actor={"user": None}, http={"path": "/backend-anon/f/conversation"}), told("Hi nobody", 12, parent_message_id="fa12-u")]


@case
def asked_light_form_with_nulls_in_its_state():
    fields = [("workModel", ""), ("oai-session-id", "s-13"), ("conversationState", dumps(
        {"userMessageCount": 1, "messages": [], "parentMessageId": "fa13-p", "conversationId": "fa13-c", "backendConversationId": None})),
        ("prompt", "100 % sûr?\r\n+1 & <b>"), ("userMessageId", "fa13-u"), ("assistantMessageId", "pending-13"),
        ("imageAttachments", ""), ("timezone", "Europe/Paris")]
    body = urllib.parse.urlencode(fields, quote_via=urllib.parse.quote)
    answer = (control("started") + piece("Oui", 1, "replace", id="fa13-a") + piece(" sûr", 2, id="fa13-a") +
              piece("", 3, status="complete", id="fa13-a") + line("end"))
    return [entry(CHAT + "/unauth-mweb/conversation/updates?operationId=13&lightweight_authenticated=1", body, answer,
                  kind="Application/X-WWW-Form-URLencoded", answer_kind=NDJSON)], [
        says("100 % sûr?\r\n+1 & <b>", message_id="fa13-u", conversation_id="fa13-c", parent_message_id="fa13-p"),
        answers("Oui sûr", message_id="fa13-a", conversation_id="fa13-c", replies_to=0)]


@case
def asked_phone_with_a_stored_body():
    m = message("On the road", "fa14-u", status="finished_successfully", end_turn=True, weight=1.0, recipient="all", channel=None,
                update_time=None, author={"role": "user", "name": None, "metadata": {"real_author": "user:phone"}})
    return [entry("https://ios.chat.openai.com/backend-api/f/conversation", dumps(prompt(m)), ok("Drive safely", 14),
                  fields={"user-agent": "ChatGPT/1.2026.200 (iOS 19)", "oai-client-type": "ios"})], [
        says("On the road", hidden=ANY, message_id="fa14-u", http={"host": "ios.chat.openai.com"}), told("Drive safely", 14)]


def codex_input(*items):
    return {"model": "gpt-5-codex", "instructions": "You are Codex.", "store": False, "stream": True, "input": list(items),
            "tool_choice": "auto", "parallel_tool_calls": False, "include": ["reasoning.encrypted_content"], "prompt_cache_key": "pk"}


def item(role, text, kind="input_text"):
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


@case
def asked_codex_turn_after_a_tool():
    body = codex_input(item("developer", "<permissions>"), item("user", "<environment_context>cwd</environment_context>"),
                       item("user", "Fix the test"), {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
                       {"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"ls\"]}", "call_id": "c1"},
                       {"type": "function_call_output", "call_id": "c1", "output": "README"})
    answer = sse(("response.created", {"type": "response.created", "response": {"id": "fa15-r", "model": "gpt-5-codex"}}),
                 ("response.output_item.done", {"type": "response.output_item.done", "output_index": 0, "item": {
                     "type": "message", "id": "msg_15", "role": "assistant", "content": [{"type": "output_text", "text": "Fixed it."}]}}),
                 ("response.completed", {"type": "response.completed", "response": {"id": "fa15-r", "usage": {"total_tokens": 5}}}), done=False)
    return [entry(CHAT + "/backend-api/codex/responses", dumps(body), answer, encoding="zstd",
                  fields={"originator": "codex_cli_rs", "session-id": "s"})], [
        says("Fix the test", hidden=ANY, hidden_has=["README", "ls", "You are Codex.", "environment_context"], model="gpt-5-codex"),
        answers("Fixed it.", hidden=ANY, message_id="fa15-r")]


@case
def asked_codex_task_with_a_patch():
    body = {"metadata": {"best_of_n": 2}, "input_items": [
        {"role": "user", "type": "message", "content": [{"text": "Make it green", "content_type": "text"}, {"content_type": "text", "text": "and fast"}]},
        {"type": "pre_apply_patch", "output_diff": {"diff": "--- a/x\n+++ b/x\n+green"}}],
        "new_task": {"branch": "main", "environment_id": "env-16", "run_environment_in_qa_mode": False}}
    return [entry(CHAT + "/backend-api/wham/tasks", dumps(body), dumps({"task": {"id": "task_e_16"}}), answer_kind=JS)], [
        says("Make it green\nand fast", hidden=ANY, hidden_has="+green")]


@case
def asked_sora_remixed():
    body = {"kind": "video", "style_id": None, "remix_target_id": "gen_17", "cameo_ids": None, "inpaint_items": [], "model": "sy_8",
            "n_frames": 300, "orientation": "portrait", "prompt": "A tide\nrising, in rain", "size": "small"}
    return [entry("https://sora.com/backend/nf/create", dumps(body), dumps({"id": "task_17"}), answer_kind=JS)], [
        says("A tide\nrising, in rain", hidden=ANY, http={"host": "sora.com"})]


@case
def asked_voice_by_a_form():
    body = ('--vv\r\nContent-Disposition: form-data; name="session"\r\nContent-Type: application/json\r\n\r\n'
            '{"instructions":"Speak slowly","voice":"cove"}\r\n--vv\r\ncontent-disposition: form-data; name=sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n'
            '\r\n--vv--\r\n')
    return [entry(CHAT + "/backend-api/realtime/calls", body, "v=0\r\n", kind="multipart/form-data; boundary=vv", status=201,
                  answer_kind="application/sdp")], [
        expect("tool.invoked", ANY, hidden=ANY, anywhere="Speak slowly", facts={"inspectable": False}, verdict=ANY)]


@case
def asked_a_system_message_alone_is_no_prompt():
    return [entry(F, dumps(prompt(message("You are a pirate", "fa19-s", role="system"), conversation_id="fa19-c")), ok("Arr", 19))], [
        answers("Arr", message_id="fa19-a", reply_to=None)]


@case
def asked_nothing_but_what_a_client_puts_in_is_scanned():
    return [entry(F, dumps(prompt(message("You are a pirate", "fa19t", role="system"), message(f"row: {CARD}", "fa19v", role="tool"))),
                  ok("Arr", 19))], [
        expect("service.unclassified", None, hidden=f"You are a pirate\nrow: {CARD}", message_id=None, **BAD)]


@case
def asked_opaque_bearer_names_nobody():
    return [entry(F, dumps(prompt(message("Who am I", "fa20-u"))), ok("You", 20), fields={"authorization": "Bearer 4f9aXopaque0000session11112222"})], [
        says("Who am I", actor={"user": None, "account": None, "source": None}), told("You", 20)]


@case
def asked_escapes_of_every_kind():
    body = dumps(prompt(message("@@", "fa21-u"))).replace('"@@"', '"a\\/b \\ud83d\\ude00 \\u0000|\\ud800|\\udc00 \\u00e9 \\t\\"q\\" \\\\n"')
    return [entry(F, body, ok("ok", 21))], [says("a/b 😀 \0|�|� é \t\"q\" \\n", message_id="fa21-u"), told("ok", 21)]


@case
def asked_null_and_false_between_the_parts():
    m = message("", "fa22-u", parts=[None, "start", False, "", "end", {}])
    return [entry(F, dumps(prompt(m)), ok("ok", 22))], [says("start\nend", hidden=ANY), told("ok", 22)]


@case
def asked_long_ids():
    u, c, p = "u-" + "9" * 120, "c-" + "8" * 120, "p-" + "7" * 120
    return [entry(F, dumps(prompt(message("long", u), conversation_id=c, parent=p)), plain("short", "a-" + "6" * 120, u, c))], [
        says("long", message_id=u, conversation_id=c, parent_message_id=p),
        answers("short", message_id="a-" + "6" * 120, parent_message_id=u, conversation_id=c)]


@case
def asked_three_attempts_over_two_paths():
    body = dumps(prompt(message("Stubborn", "fa24-u")))
    return [entry(F, body, "", status=504, answer_kind="text/html"),
            entry(F, body, dumps({"detail": "busy"}), status=429, answer_kind=JS, second=5),
            entry(OLD, body, ok("At last", 24), second=12)], [
        says("Stubborn", attempts=3, message_id="fa24-u"), told("At last", 24)]


@case
def asked_two_tabs_at_once():
    one = entry(F, dumps(prompt(message("Slow one", "fa25-u1"))), plain("Slow answer", "fa25-a1", "fa25-u1", "fa25-c1"), millis=20000)
    two = entry(F, dumps(prompt(message("Quick one", "fa25-u2"))), plain("Quick answer", "fa25-a2", "fa25-u2", "fa25-c2"), second=4, millis=900)
    return [one, two], [
        says("Quick one", conversation_id="fa25-c2"), answers("Quick answer", conversation_id="fa25-c2", replies_to=0),
        says("Slow one", conversation_id="fa25-c1"), answers("Slow answer", conversation_id="fa25-c1", replies_to=2)]


@case
def asked_draft_and_then_the_prompt():
    draft = {"action": "next", "parent_message_id": "client-created-root", "model": "auto", "client_prepare_source": "composer_editor_state",
             "client_prepare_dispatch": "debounced", "partial_query": {"content": {"parts": ["Draft of twenty-six"], "content_type": "text"},
                                                                      "author": {"role": "user"}, "id": "fa26-d"}}
    return [entry(F + "/prepare", dumps(draft), dumps({"status": "ok", "conduit_token": "eyJh.e30.x"}), answer_kind=JS),
            entry(F, dumps(prompt(message("Draft of twenty-six, sent", "fa26-u"))), ok("Sent", 26), second=200)], [
        expect("prompt.drafted", "Draft of twenty-six"), says("Draft of twenty-six, sent", message_id="fa26-u"), told("Sent", 26)]


@case
def asked_keystrokes_of_a_search():
    return [entry(CHAT + "/backend-anon/conversation/experimental/generate_autocompletions",
                  dumps({"in_search_mode": True, "num_completions": 4, "input_text": "harbour mast"}),
                  dumps({"completions": ["harbour master"]}), answer_kind=JS)], [
        expect("prompt.drafted", "harbour mast", hidden=ANY)]


@case
def asked_pulse_by_another_prefix():
    return [entry(CHAT + "/backend-alt/feed/feedback/conversation", dumps(prompt(message("Less sport", "fa28-u"))), ok("Noted", 28))], [
        says("Less sport", message_id="fa28-u"), told("Noted", 28)]


@case
def asked_branch_of_another_conversation():
    body = prompt(message("From here on", "fa29-u"), parent="fa29-m", branching_from_conversation_id="fa29-old",
                  branching_from_message_id="fa29-m")
    return [entry(F, dumps(body), ok("Branched", 29))], [
        says("From here on", update=None, conversation_id="fa29-c", parent_message_id="fa29-m"), told("Branched", 29)]


@case
def asked_text_member_beside_empty_parts():
    m = message("", "fa30-u", content={"text": "Out of a script", "parts": [], "content_type": "text"})
    return [entry(F, dumps(prompt(m)), ok("ok", 30))], [says("Out of a script", message_id="fa30-u"), told("ok", 30)]


@case
def asked_voice_turn_with_both_directions():
    m = message("", "fa31-u", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_000000000000000000000000000fa311?shared=1", "format": "wav",
         "size_bytes": 99}, {"direction": "in", "text": "When is low tide", "content_type": "audio_transcription"}]})
    return [entry(F, dumps(prompt(m)), ok("At six", 31))], [
        expect("prompt_with_file.created", "When is low tide", message_id="fa31-u", file_ids=["file_000000000000000000000000000fa311"]),
        told("At six", 31)]


@case
def asked_attachments_in_both_spellings():
    m = message("", "fa32-u", parts=[""], metadata={"attachments": [
        {"id": "file-AAAAAAAAAAAAAAAAAAfa32", "name": "Pasted text.txt", "size": "812", "mimeType": "text/plain", "is_big_paste": True,
         "fileTokenSize": 200, "source": "local"},
        {"mime_type": "application/pdf", "name": "Q3 – final (2).pdf", "size": 4096, "id": "file_000000000000000000000000000fa322",
         "library_file_id": "libfile_32", "source": "library", "new_field": {"name": "other"}}]})
    return [entry(F, dumps(prompt(m, attachment_mime_types=["text/plain", "application/pdf"])), ok("Read", 32))], [
        expect("prompt_with_file.created", None, message_id="fa32-u", files=[
            {"id": "file-AAAAAAAAAAAAAAAAAAfa32", "name": "Pasted text.txt"},
            {"id": "file_000000000000000000000000000fa322", "name": "Q3 – final (2).pdf"}]), told("Read", 32)]


@case
def asked_role_beside_a_null_author():
    body = {"action": "next", "messages": [{"id": "fa33-u", "author": None, "role": "user",
                                            "content": {"content_type": "text", "parts": ["Old style"]}}],
            "conversation_id": None, "parent_message_id": "0b7c", "model": "text-davinci-002-render"}
    return [entry("https://chat.openai.com/backend-api/conversation", dumps(body),
                  legacy(document("fa33-a", ["Fine"], conversation="fa33-c", parent="fa33-u", end_turn=True)))], [
        says("Old style", message_id="fa33-u", model="text-davinci-002-render", conversation_id="fa33-c"), told("Fine", 33)]


@case
def asked_temporary_chat_in_a_workspace():
    return [entry(F, dumps(prompt(message("Off the record", "fa34-u"), history_and_training_disabled=True, is_do_not_remember=True)), ok("Ok", 34),
                  fields={"authorization": token("t@example.com", "user-34", "w-34"), "chatgpt-account-id": "w-34b", "oai-device-id": "dev-34"})], [
        says("Off the record", actor={"user": "t@example.com", "workspace": "w-34b", "device": "dev-34", "user_id": "user-34"}), told("Ok", 34)]


@case
def asked_image_between_two_texts():
    m = message("", "fa35-u", content={"content_type": "multimodal_text", "parts": [
        "Before", {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-BBBBBBBBBBBBBBBBBBfa35#x", "width": 1, "height": 1,
                   "size_bytes": 7, "fovea": None, "metadata": None}, "After"]},
        metadata={"attachments": [{"id": "file-BBBBBBBBBBBBBBBBBBfa35", "name": "map.PNG", "mime_type": "image/png"}]})
    return [entry(F, dumps(prompt(m)), ok("A map", 35))], [
        expect("prompt_with_file.created", "Before\nAfter", message_id="fa35-u", files=[{"id": "file-BBBBBBBBBBBBBBBBBBfa35", "name": "map.PNG"}]),
        told("A map", 35)]


@case
def asked_refused_with_details():
    bad = {"detail": {"message": "You have hit your limit", "code": "rate_limit", "clears_in": 3600, "can_retry": False}}
    return [entry(F, dumps(prompt(message("Too much", "fa36-u"))), dumps(bad), status=403, answer_kind=JS)], [
        says("Too much", outcome="failure", http={"status": 403}, message_id="fa36-u")]


@case
def asked_codex_by_socket_with_calls_only():
    return [socket(CODEX, up({"type": "response.create", **codex_input(item("user", "Run it"))}),
                   down({"type": "response.created", "response": {"id": "fa37-r", "model": "gpt-5-codex"}}),
                   down({"type": "response.output_item.done", "output_index": 0, "item": {
                       "type": "function_call", "id": "fc", "call_id": "k", "name": "shell", "arguments": "{\"command\":[\"make\"]}"}}),
                   down({"type": "response.completed", "response": {"id": "fa37-r", "output": []}}))], [
        says("Run it", hidden=ANY, hidden_has="You are Codex.", model="gpt-5-codex"),
        answers(None, hidden=ANY, hidden_has="make", message_id="fa37-r")]


@case
def asked_edit_of_the_first_prompt_of_an_opened_chat():
    tree = {"title": "T", "conversation_id": "fa38-c", "current_node": "fa38-a", "mapping": {
        "client-created-root": {"id": "client-created-root", "message": None, "parent": None, "children": ["fa38-u"]},
        "fa38-u": {"id": "fa38-u", "parent": "client-created-root", "children": ["fa38-a"], "message": {
            "id": "fa38-u", "author": {"role": "user"}, "content": {"content_type": "text", "parts": ["First"]}, "metadata": {}}},
        "fa38-a": {"id": "fa38-a", "parent": "fa38-u", "children": [], "message": {
            "id": "fa38-a", "author": {"role": "assistant"}, "recipient": "all", "content": {"content_type": "text", "parts": ["Reply"]},
            "metadata": {}}}}}
    return [entry(CHAT + "/backend-api/conversation/fa38-c", None, dumps(tree), method="GET", answer_kind=JS),
            entry(F, dumps(prompt(message("First, better", "fa38-u2"), conversation_id="fa38-c")), plain("B", "fa38-a2", "fa38-u2", "fa38-c"), second=2),
            entry(F, dumps(prompt(message("Then", "fa38-u3"), conversation_id="fa38-c", parent="fa38-a2")), plain("C", "fa38-a3", "fa38-u3", "fa38-c"), second=4)], [
        expect("conversation.viewed", "First\nReply", hidden=ANY, conversation_id="fa38-c"),
        expect("prompt.updated", "First, better", update="edit", message_id="fa38-u2"), answers("B"),
        says("Then", update=None), answers("C")]


@case
def asked_cookie_only_calls_after_the_session():
    session = {"user": {"id": "user-39", "name": "Nora", "email": "nora@example.com"}, "expires": "2026-12-01T00:00:00Z",
               "account": {"id": "w-39", "planType": "enterprise", "structure": "workspace"}, "authProvider": "openai"}
    cookie = {"cookie": "oai-did=d39; __Secure-next-auth.session-token=tok39; _account=w-39; _puid=user-39:169-x"}
    return [entry(CHAT + "/api/auth/session", None, dumps(session), method="GET", answer_kind=JS, fields=cookie),
            entry(F, dumps(prompt(message("By cookie", "fa39-u"))), ok("Nora", 39), fields=cookie, second=2)], [
        says("By cookie", actor={"user": "nora@example.com", "source": "session", "workspace": "w-39", "user_id": "user-39"}), told("Nora", 39)]


@case
def asked_variant_of_nothing_and_empty_prompt():
    return [entry(F, dumps(prompt(message("", "fa40-u", parts=[]))), ok("Say something", 40)),
            entry(F, dumps(prompt(action="variant", parent="fa40-u", conversation_id="fa40-c", messages=[])),
                  plain("Please", "fa40-a2", "fa40-u", "fa40-c"), second=2)], [
        says(None, message_id="fa40-u"), told("Say something", 40),
        expect("prompt.updated", None, update="regenerate", conversation_id="fa40-c", parent_message_id="fa40-u"),
        answers("Please", message_id="fa40-a2")]
