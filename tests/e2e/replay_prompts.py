"""Prompts, files and people (facts/chatgpt-wire.md §3.1, §3.2, §3.5, §7.1)."""
import hashlib

from exchanges import CARD, CHAT, F, OLD, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, token
from replay_cases import ANY, answers, both, case, expect, says

# ---- 3.1, 3.2: what a prompt is ----

@case
def first_turn():
    body = prompt(message("Draft a note to the Lyon office", "u1"))
    return both(body, plain("Bonjour 👋 Lyon", "a1", "u1", "c1"),
                says("Draft a note to the Lyon office", conversation_id="c1", message_id="u1", model="auto",
                     parent_message_id="client-created-root", service="chatgpt", via="inline", update=None,
                     category="Service Usage", files=None, project_id=None, attempts=None),
                answers("Bonjour 👋 Lyon", conversation_id="c1", message_id="a1", parent_message_id="u1",
                        model="gpt-5-6", category="Service Usage", service="chatgpt"))


def turn(text, user, parent, conversation, answer, second, **more):
    body = prompt(message(text, user), parent=parent, conversation_id=conversation, **more)
    return entry(F, dumps(body), plain("ok " + user, answer, user, conversation if conversation != "absent" else
                                       more.get("new", "c2")), second=second)


@case
def turns_and_edits():
    c = "c-edits"
    entries = [
        entry(F, dumps(prompt(message("one", "e-u1"))), plain("A", "e-a1", "e-u1", c), second=0),
        turn("two", "e-u2", "e-a1", c, "e-a2", 2),
        turn("three", "e-u3", "e-a2", c, "e-a3", 4),
        turn("two, better", "e-u4", "e-a1", c, "e-a4", 6),        # under the parent of e-u2
        turn("one, better", "e-u5", "client-created-root", c, "e-a5", 8),
        turn("on it goes", "e-u6", "e-a5", c, "e-a6", 10),
        turn("elsewhere", "e-u7", "nobody-knows", "c-other", "e-a7", 12)]
    names = [("one", None), ("two", None), ("three", None), ("two, better", "edit"), ("one, better", "edit"),
             ("on it goes", None), ("elsewhere", None)]
    expected = []
    for i, (text, update) in enumerate(names, 1):
        name = "prompt.updated" if update else "prompt.created"
        expected += [expect(name, text, update=update, message_id=f"e-u{i}",
                            conversation_id=c if i < 7 else "c-other"), answers(ANY, message_id=f"e-a{i}")]
    return entries, expected


@case
def edit_with_a_file():
    c = "c-edit-file"
    attached = message("see", "ef-u2", metadata={"attachments": [{"id": "file-1", "name": "a.txt", "size": 5}]})
    return [turn("one", "ef-u1", "ef-root", c, "ef-a1", 0),
            entry(F, dumps(prompt(attached, parent="ef-root", conversation_id=c)), None, second=2)], [
        says("one"), answers(ANY),
        expect("prompt_with_file.updated", "see", update="edit", category="Data Upload",
               files=[{"id": "file-1", "name": "a.txt", "bytes": 5}])]


@case
def refused_turn_makes_no_edit():
    c = "c-refused"
    body = prompt(message("one", "r-u1"), parent="r-root", conversation_id=c)
    return [entry(F, dumps(body), '{"detail":"no"}', status=422, answer_kind="application/json"),
            turn("two", "r-u2", "r-root", c, "r-a2", 3)], [
        says("one", outcome="failure"), says("two", update=None), answers(ANY)]


@case
def first_edit_of_an_old_client():
    """A random parent before 2025; the conversation's id comes with the answer."""
    c = "c-old-edit"
    first = entry(OLD, dumps(prompt(message("one", "o-u1"), parent="0b-uuid", conversation_id=None)),
                  legacy(document("o-a1", ["yes"], parent="o-u1", conversation=c)))
    return [first, turn("one, better", "o-u2", "0b-uuid", c, "o-a2", 2)], [
        says("one", conversation_id=c, parent_message_id="0b-uuid"), answers("yes"),
        expect("prompt.updated", "one, better", update="edit"), answers(ANY)]


@case
def variants():
    stored = message("Summarise the Q3 plan", "v-u1", author={"role": "user", "name": None, "metadata": {}},
                     status="finished_successfully", end_turn=None, weight=1.0, recipient="all", channel=None,
                     metadata={"request_id": "r-1", "timestamp_": "absolute"})
    c = "c-variant"
    bare = message("Summarise the Q3 plan", "v-u1")
    bodies = [prompt(stored, action="variant", conversation_id=c, parent="sys-1", variant_purpose="none"),
              prompt(bare, action="variant", conversation_id=c, parent="sys-1"),
              prompt(action="variant", conversation_id=c, parent="v-u1"),
              prompt(action="variant", conversation_id=c, parent="v-u1", messages="absent")]
    texts = ["Summarise the Q3 plan"] * 2 + [None] * 2
    entries = [entry(F, dumps(b), plain(f"v{i}", f"v-a{i}", "v-u1", c), second=2 * i) for i, b in enumerate(bodies)]
    expected = []
    for i, text in enumerate(texts):
        expected += [expect("prompt.updated", text, update="regenerate", conversation_id=c,
                            parent_message_id=bodies[i]["parent_message_id"]), answers(f"v{i}")]
    return entries, expected


@case
def variant_with_a_card():
    body = prompt(message(f"pay {CARD}", "vc-u1"), action="variant", conversation_id="c", parent="s")
    return both(body, plain("no", "vc-a1", "vc-u1", "c"),
                expect("prompt.updated", f"pay {CARD}", update="regenerate", verdict="block", outcome="failure"))


@case
def variant_of_2022():
    body = prompt(message("hi", "v22", author="absent", role="user"), action="variant", conversation_id="absent",
                  parent="p-uuid", model="text-davinci-002-render")
    body["messages"][0]["role"] = "user"
    body2 = prompt(message("hi", "v22-2"), action="variant", conversation_id=None, parent="p-uuid2")
    return [entry(OLD, dumps(body)), entry(OLD, dumps(body2), second=2)], [
        says("hi", update=None, model="text-davinci-002-render", message_id="v22", conversation_id=None),
        says("hi", update=None)]


@case
def goes_on():
    c = "c-continue"
    bodies = [prompt(action="continue", conversation_id=c, parent="g-a1"),
              prompt(action="continue", conversation_id=c, parent="g-a1", messages="absent")]
    answer = delta(add(document("g-a1", ["Once upon"], parent="g-u1", conversation=c)), append(" a time"))
    return [entry(F, dumps(b), answer, second=2 * i) for i, b in enumerate(bodies)], [
        expect("prompt.updated", update="continue", parent_message_id="g-a1", conversation_id=c),
        answers("Once upon a time", message_id="g-a1"),
        expect("prompt.updated", update="continue"), answers("Once upon a time")]


@case
def retry():
    body = dumps(prompt(message("once only", "retry-u1")))
    return [entry(F, body, "{}", status=502, answer_kind="application/json"),
            entry(F, body, "{}", status=429, answer_kind="application/json", second=2),
            entry(F, body, plain("at last", "retry-a1", "retry-u1", "c-retry"), second=4)], [
        says("once only", attempts=3, message_id="retry-u1"), answers("at last")]


@case
def same_id_other_text_is_no_retry():
    return [entry(F, dumps(prompt(message(t, "same-u1"))), None, second=i) for i, t in enumerate(("a b", "a c"))], [
        says("a b", attempts=None), says("a c", attempts=None)]


@case
def several_messages():
    body = prompt(message("first", "m1"), message("sys", "m2", "system"), message("second", "m3"))
    return both(body, None, says("first\nsecond", hidden="sys", message_id="m3"))


@case
def system_message_with_a_card():
    body = prompt(message(f"use {CARD}", "s1", "system"), message("hello", "s2"))
    return both(body, None, says("hello", hidden=f"use {CARD}", verdict="block", outcome="failure"))


@case
def assistant_and_tool_messages():
    body = prompt(message("before", "t1", "assistant"), message("result", "t2", "tool"), message("ask", "t3"))
    return both(body, None, says("ask", hidden="before\nresult", message_id="t3"))


@case
def odd_parts():
    body = prompt(message("", "odd", parts=["one", "", 42, None, "two", 1.50, {"unknown": 1}, []]))
    raw = dumps(body).replace("1.5,", "1.50,")
    return [entry(F, raw)], [says("one\n42\ntwo\n1.50")]


@case
def numbers_that_are_cards():
    body = prompt(message("", "num", parts=[4111111111111111]))
    return both(body, None, says("4111111111111111", verdict="block", outcome="failure"))


@case
def content_text():
    body = prompt(message("", "ct", content={"content_type": "text", "text": "spelt otherwise"}))
    return both(body, None, says("spelt otherwise"))


@case
def content_code():
    body = prompt(message("", "cc", content={"content_type": "code", "language": "python", "text": "print(1)"}))
    return both(body, None, says("print(1)"))


@case
def no_author():
    body = prompt(message("nobody", "na", author="absent"))
    return both(body, None, says("nobody", message_id="na"))


@case
def null_everywhere():
    body = prompt(message("text", "nul", author={"role": "user", "name": None}, metadata=None), conversation_id=None,
                  model=None, conversation_mode=None, system_hints=None)
    return both(body, None, says("text", conversation_id=None, model=None))


@case
def quoted_reply():
    body = prompt(message("what of it?", "q1", metadata={
        "targeted_reply": "the quoted words", "targeted_reply_label": "label",
        "attachments": [{"id": "file-q", "name": "q.pdf", "size": 7, "mime_type": "application/pdf"}]}),
        turn_origin="targeted_reply")
    return both(body, None, expect("prompt_with_file.created", "what of it?\nthe quoted words", files=[
        {"id": "file-q", "name": "q.pdf", "bytes": 7, "declared_type": "application/pdf"}]))


@case
def quoted_reply_with_a_card():
    body = prompt(message("what is", "qc", metadata={"targeted_reply": CARD}))
    return both(body, None, says("what is\n" + CARD, verdict="block", outcome="failure"))


@case
def text_that_looks_odd():
    text = "a\rb\nc\u00a0d\u200be \ue200cite\ue202turn0\ue201 \u0000 end\t"
    return both(prompt(message(text, "odd-text")), plain(text, "ot-a", "odd-text", "c-ot"),
                says(text), answers(text))


@case
def blanks_are_kept():
    return both(prompt(message("  spaces  \n\n", "blank")), plain("  x \n", "bl-a", "blank", "c-bl"),
                says("  spaces  \n\n"), answers("  x \n"))


@case
def escaped_text():
    body = prompt(message("@@", "esc"))
    raw = dumps(body).replace('"@@"', r'"A\u0022b\/\ud83d\ude00\u00e9 \ud800x \u4f60"')
    return [entry(F, raw)], [says('A"b/😀é \ufffdx 你')]


@case
def escaped_card():
    raw = dumps(prompt(message("@@", "escc"))).replace("@@", r"\u0034111 1111\u00201111 111\u0031")
    return [entry(F, raw)], [says(CARD, verdict="block", outcome="failure")]


@case
def projects():
    p = "g-p-" + "ab" * 16
    bodies = [prompt(message("x1", "p1"), conversation_mode={"kind": "gizmo_interaction", "gizmo_id": p}),
              prompt(message("x2", "p2"), conversation_mode={"kind": "gizmo_interaction", "gizmo_id": "g-abc"})]
    return [entry(F, dumps(b), plain("y", f"p-a{i}", f"p{i}", f"c-p{i}"), second=i * 2)
            for i, b in enumerate(bodies)] + [
        entry(F, dumps(prompt(message("x3", "p3"))), None, fields={"chatgpt-project-id": p}, second=6)], [
        says("x1", project_id=p), answers("y", project_id=p), says("x2", project_id=None), answers("y"),
        says("x3", project_id=p)]


@case
def temporary_chat():
    return both(prompt(message("forget me", "tmp"), history_and_training_disabled=True, is_do_not_remember=True), None,
                says("forget me", facts={"is_temporary_chat": "true"}))


@case
def other_paths():
    paths = ["/backend-anon/conversation", "/backend-anon/f/conversation", "/backend-alt/f/conversation",
             "/backend-api/f/steer_turn", "/backend-api/feed/card/x9/conversation",
             "/backend-api/feed/feedback/conversation", "/backend-api/conversation?x=1"]
    entries, expected = [], []
    for i, path in enumerate(paths):
        entries.append(entry(CHAT + path, dumps(prompt(message(f"at {i}", f"path-{i}"))), None, second=i))
        expected.append(says(f"at {i}", http={"path": path.split("?")[0]}))
    for i, host in enumerate(("android.chat.openai.com", "ios.chat.openai.com", "chat.openai.com",
                              "CHATGPT.com:443", "www.chatgpt.com.")):
        url = f"https://{host}/backend-api/conversation"
        entries.append(entry(url, dumps(prompt(message(f"on {i}", f"host-{i}"))), None, second=20 + i))
        expected.append(says(f"on {i}", http={"host": host.split(":")[0].lower().rstrip(".")}))
    for host in ("notchatgpt.com", "chatgpt.com.evil.test"):
        entries.append(entry(f"https://{host}/backend-api/conversation", dumps(prompt(message("x"))), None))
    return entries, expected


@case
def android_body():
    body = prompt(message("from the phone", "droid", status="finished_successfully", end_turn=None, weight=1.0,
                          recipient="all", channel=None, update_time=None))
    return [entry("https://android.chat.openai.com/backend-anon/f/conversation", dumps(body), version="h2")], [
        says("from the phone", message_id="droid")]


@case
def http_facts():
    body = dumps(prompt(message("facts", "http")))
    return [entry(F + "?secret=1", body, plain("fine", "http-a", "http", "c-h"), version="HTTP/1.1")], [
        says("facts", http={"method": "POST", "host": "chatgpt.com", "path": "/backend-api/f/conversation",
                            "status": 200, "version": "1.1"}),
        answers("fine", http={"status": 200, "path": "/backend-api/f/conversation"})]


# ---- 3.5: files ----

def with_files(text, attachments, parts=None, kind="text", **more):
    content = {"content_type": kind, "parts": [text] if parts is None else parts}
    return message(text, content=content, metadata={"attachments": attachments}, **more)


@case
def file_without_text():
    m = with_files("", [{"id": "file-AbC", "name": "q3 plan.xlsx", "size": "48211", "mimeType": "application/x-q",
                         "fileTokenSize": 12, "source": "library", "library_file_id": "libfile_1"}])
    return both(prompt(m), None, expect("prompt_with_file.created", category="Data Upload", files=[
        {"id": "file-AbC", "name": "q3 plan.xlsx", "bytes": 48211, "declared_type": "application/x-q"}]))


@case
def big_paste():
    m = with_files("", [{"id": "file_" + "0" * 32, "name": "Pasted text.txt", "size": 9000, "is_big_paste": True,
                         "mime_type": "text/plain"}])
    return both(prompt(m), None, expect("prompt_with_file.created", files=[
        {"id": "file_" + "0" * 32, "name": "Pasted text.txt", "bytes": 9000, "declared_type": "text/plain"}]))


POINTER = "file_00000000aabbccddeeff001122334455"


@case
def image_pointers():
    pointers = [{"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{POINTER}", "size_bytes": 48211,
                 "width": 640, "height": 480},
                {"asset_pointer": f"sediment://{POINTER}?x=1#y", "size_bytes": 48211, "width": 640, "height": 480},
                {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-AAAABBBB",
                 "size_bytes": 9}]
    entries, expected = [], []
    for i, pointer in enumerate(pointers):
        id = POINTER if i < 2 else "file-AAAABBBB"
        named = [{"id": id, "size": pointer["size_bytes"], "name": "board.jpg", "mime_type": "image/jpeg"}]
        for j, attachments in enumerate((named, [])):
            m = with_files("", attachments, [pointer, "What does it say?"] if i else ["What does it say?", pointer],
                           "multimodal_text")
            entries.append(entry(F, dumps(prompt(m)), second=i * 2 + j))
            file = {"id": id, "bytes": pointer["size_bytes"]}
            if attachments:
                file |= {"name": "board.jpg", "declared_type": "image/jpeg"}
            expected.append(expect("prompt_with_file.created", "What does it say?", files=[file]))
    return entries, expected


@case
def two_pointers():
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "size_bytes": 11},
             {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_2", "size_bytes": 22}]
    m = with_files("", [{"id": "file_2", "name": "b.png", "size": 22, "mime_type": "image/png"},
                        {"id": "file_1", "name": "a.png", "size": 11, "mime_type": "image/png"}], parts,
                   "multimodal_text")
    return both(prompt(m), None, expect("prompt_with_file.created", files=[
        {"id": "file_1", "name": "a.png", "bytes": 11, "declared_type": "image/png"},
        {"id": "file_2", "name": "b.png", "bytes": 22, "declared_type": "image/png"}]))


@case
def voice_turn():
    parts = [{"content_type": "audio_transcription", "text": "spoken words", "direction": "in", "decoding_id": None},
             {"content_type": "real_time_user_audio_video_asset_pointer", "expiry_datetime": None,
              "frames_asset_pointers": ["sediment://file_frame"], "video_container_asset_pointer": None,
              "audio_asset_pointer": {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_audio",
                                      "size_bytes": 77, "format": "wav", "metadata": {}},
              "audio_start_timestamp": 1.5}]
    return both(prompt(with_files("", [], parts, "multimodal_text")), None,
                expect("prompt_with_file.created", "spoken words",
                       files=[{"id": "file_frame"}, {"id": "file_audio", "bytes": 77}]))


@case
def file_names_with_numbers():
    m = with_files("see file", [{"id": "file-1", "name": f"card {CARD}.txt", "size": 1}])
    return both(prompt(m), None, expect("prompt_with_file.created", "see file", verdict="block", outcome="failure",
                                        where="file-name"))


@case
def inline_image():
    data = "data:image/png;base64,iVBORw0KGgo="
    m = with_files("", [], ["look", {"content_type": "image_url", "url": data}], "multimodal_text")
    return both(prompt(m), None, expect("prompt_with_file.created", "look", files=[
        {"bytes": 8, "declared_type": "image/png",
         "sha256": hashlib.sha256(b"\x89PNG\r\n\x1a\n").hexdigest()}]))


@case
def attachments_of_two_messages():
    body = prompt(with_files("a", [{"id": "f1", "name": "1.txt"}]), with_files("b", [{"id": "f2", "name": "2.txt"}]))
    return both(body, None, expect("prompt_with_file.created", "a\nb",
                                   files=[{"id": "f1", "name": "1.txt"}, {"id": "f2", "name": "2.txt"}]))


# ---- 7.1: who ----

@case
def who():
    body = dumps(prompt(message("me", "who-1")))
    mail = {"authorization": token("a.user@example.com"), "oai-device-id": "d-1"}
    entries = [entry(F, body, fields=mail),
               entry(F, dumps(prompt(message("me", "who-2"))), second=1, fields=mail | {"ChatGPT-Account-ID": "w-head"}),
               entry(F, dumps(prompt(message("me", "who-3"))), second=2,
                     fields={"authorization": token(None, "user-9"), "cookie": "oai-did=d-2; _account=w-cookie; x=y"}),
               entry(F, dumps(prompt(message("me", "who-4"))), second=3)]
    return entries, [
        says("me", actor={"user": "a.user@example.com", "source": "jwt", "workspace": "w-token", "device": "d-1",
                          "account": "a.user@example.com"}),
        says("me", actor={"user": "a.user@example.com", "workspace": "w-head"}),
        says("me", actor={"user": "user-9", "source": "jwt", "workspace": "w-cookie", "device": "d-2"}),
        says("me", actor={"user": None, "device": None})]


@case
def drafts_without_text():
    """What the page prepares before anything is typed is no draft."""
    empty = {**prompt(), "partial_query": {"id": "d", "content": {"content_type": "text", "parts": [""]}}}
    absent = {k: v for k, v in empty.items() if k != "partial_query"}
    draft = {**empty, "partial_query": {"id": "d", "content": {"content_type": "text", "parts": ["Dear"]}}}
    return [entry(F + "/prepare", dumps(body), '{"status":"ok"}', answer_kind="application/json", second=i)
            for i, body in enumerate((absent, empty, draft))], [expect("prompt.drafted", "Dear")]


@case
def keystrokes_of_an_autocompletion():
    """Each key sends what stands there; all of it is one draft (3.4)."""
    typed = "where can I find it"
    return [entry(CHAT + "/backend-api/conversation/experimental/generate_autocompletions",
                  dumps({"input_text": typed[:n], "num_completions": 4, "in_search_mode": False}),
                  dumps({"completions": ["x"]}), answer_kind="application/json", second=n)
            for n in range(2, len(typed) + 1)], [expect("prompt.drafted", typed)]
