"""Answers of ChatGPT (facts/chatgpt-wire.md §4.1 to §4.5)."""
import json

from exchanges import CARD, CHAT, F, add, append, delta, document, dumps, entry, legacy, message, plain, prompt, sse, token
from replay_cases import ANY, answers, asked, case, expect, says

# ---- 4.2: legacy answers ----

@case
def legacy_answer():
    c = "l-c1"
    docs = [document("l-u1", ["the prompt"], "user", conversation=c)]
    docs += [document("l-a1", [t], parent="l-u1", conversation=c, metadata={"model_slug": "gpt-4"})
             for t in ("", "Bon", "Bonjour Cl", "Bonjour Claire !")]
    docs += [{"conversation_id": c, "message_id": "l-u1", "is_completion": False,
              "moderation_response": {"flagged": False, "blocked": False, "moderation_id": "modr-x"}},
             {"type": "title_generation", "title": "Greeting", "conversation_id": c}]
    return asked(legacy(*docs), answers("Bonjour Claire !", hidden=ANY, message_id="l-a1", conversation_id=c,
                                        parent_message_id="l-u1", model="gpt-4"))


@case
def legacy_noise():
    c = "l-c2"
    return asked(sse("2023-05-01 10:00:00.000000", {"message": None, "conversation_id": c, "error": None},
                     document("n-a1", ["fine"], conversation=c), "internal server error"),
                 answers("fine", hidden=ANY, conversation_id=c))


@case
def legacy_error():
    return asked(sse({"error": "The server is busy"}, {"message": None, "error": "x", "conversation_id": "l-c9"}))


@case
def legacy_without_done():
    return asked(legacy(document("nd-a1", ["half an ans"], conversation="l-c3"), done=False),
                 answers("half an ans", complete=False))


@case
def legacy_without_ids():
    docs = [document(None, [t], conversation=None) for t in ("a", "ab", "abc")]
    return asked(legacy(*docs), answers("abc", message_id=None))


@case
def legacy_replaced_text():
    docs = [document("rp", [t], conversation="c") for t in ("I think so", "No")]
    return asked(legacy(*docs), answers("No", hidden="I think so"))


@case
def legacy_parts():
    return asked(legacy(document("lp", ["one", "", "two"], conversation="c")), answers("one\ntwo"))


@case
def legacy_tools():
    c = "l-c4"
    docs = [document("lt-1", recipient="python", parent="u", conversation=c,
                     content={"content_type": "code", "language": "python", "text": "2+2"}),
            document("lt-2", role="tool", name="python", parent="lt-1", conversation=c,
                     content={"content_type": "execution_output", "text": "4"}),
            document("lt-3", ["It is 4."], parent="lt-2", conversation=c)]
    return asked(legacy(*docs), answers("It is 4.", hidden="2+2\n4", message_id="lt-3", parent_message_id="lt-2"))


# ---- 4.1: framing ----

FRAMES = [{"end": "\n"}, {"end": "\r\n"}, {"end": "\r"}, {"pad": "   "}, {"pad": " " * 7}]


@case
def line_ends():
    entries, expected = [], []
    for i, frame in enumerate(FRAMES):
        stream = delta(add(document(f"f-{i}", conversation="c")), append("Grüße 👋"), {"v": " da"}, **frame)
        more = asked(stream, answers("Grüße 👋 da", message_id=f"f-{i}"), second=i * 2)
        entries += more[0]
        expected += more[1]
    return entries, expected


@case
def loose_framing():
    doc = dumps(document("lf", ["x"], conversation="c"))
    middle = doc.index(',"conversation_id"') if ',"conversation_id"' in doc else doc.index(', "conversation_id"')
    streams = ["\ufeff: hello\nretry: 100\nid: 7\ndata:" + doc + "\n\n:ping\n\ndata:[DONE]\n\n",
               "data: " + doc[:middle] + "\ndata: " + doc[middle:] + "\n\ndata: [DONE]",
               "\n\n\ndata:" + doc + "\n\ndata: [DONE]\n\ndata: {\"type\":\"beacon_ui_response\"}\n\n",
               "data: " + doc + "\r\n\r\n: x\rdata: [DONE]\r\r"]
    entries, expected = [], []
    for i, stream in enumerate(streams):
        more = asked(stream, answers("x"), second=i * 2)
        entries += more[0]
        expected += more[1]
    return entries, expected


@case
def escaped_stream():
    text = "Hello 👋 é 你"
    stream = json.dumps(document("es", [text], conversation="c"))
    return asked(f"data: {stream}\n\ndata: [DONE]\n\n", answers(text))


@case
def content_types():
    entries, expected = [], []
    for i, kind in enumerate(("text/event-stream", "TEXT/Event-Stream; charset=UTF-8", "text/event-stream;x=y")):
        more = asked(legacy(document(f"ty{i}", ["t"], conversation="c")), answers("t"), second=i, answer_kind=kind)
        entries += more[0]
        expected += more[1]
    return entries, expected


# ---- 4.3: deltas ----

def streamed(deltas, content, hidden=None, **more):
    options = {k: more.pop(k) for k in ("done", "complete_event", "before") if k in more}
    if "complete_event" in options:
        options["complete"] = options.pop("complete_event")
    return asked(delta(*deltas, **options), answers(content, hidden=hidden, **more))


DOC = document("d1", parent="u", conversation="c")
TEXT = "/message/content/parts/0"


@case
def inherits_all():
    return streamed([{"v": DOC}, append("a"), {"v": "b"}, {"v": "c"}], "abc", message_id="d1")


@case
def inherits_operation_only():
    return streamed([add(DOC), {"p": TEXT, "o": "append", "v": "x"}, {"p": "/message/metadata/note", "v": "n"},
                     {"p": TEXT, "v": "y"}], "xy")


@case
def implied_patch():
    return streamed([add(DOC), append("Hel"), {"v": [{"p": TEXT, "o": "append", "v": "lo"},
                                                     {"p": "/message/status", "o": "replace", "v": "x"}]}], "Hello")


@case
def patch_without_path():
    return streamed([add(DOC), append("Hel"), {"o": "patch", "v": [append("lo"), append("!")]}], "Hello!")


@case
def patch_then_text():
    return streamed([add(DOC), append("Hel"), {"p": "", "o": "patch", "v": [append("lo")]}, {"v": "!"}], "Hello!")


@case
def interleaved_channels():
    one, two = document("i1", parent="u", conversation="c"), document("i2", parent="i1", conversation="c")
    return streamed([add(one, 0), append("A"), {"v": two, "c": 1}, {"p": TEXT, "o": "append", "v": "X", "c": 1},
                     {"v": "a", "c": 0}, {"v": "x", "c": 1}, {"c": 0, "v": "!"}], "Aa!\nXx", message_id="i2")


@case
def truncation():
    return streamed([add(DOC), append("The answer is foo, bar"), {"p": TEXT, "o": "truncate", "v": 14},
                     {"p": TEXT, "o": "append", "v": "five"}], "The answer is five", hidden="foo, bar")


@case
def truncation_counts_utf16():
    return streamed([add(DOC), append("👋é你abc"), {"p": TEXT, "o": "truncate", "v": 4}, append("!")], "👋é你!",
                    hidden="abc")


@case
def truncation_of_the_parts():
    parts = "/message/content/parts"
    return streamed([add(DOC), append("kept"), {"p": parts, "o": "append", "v": ["two", "three"]},
                     {"p": parts, "o": "truncate", "v": 1}], "kept", hidden="two\nthree")


@case
def truncation_beyond_the_end():
    return streamed([add(DOC), append("abc"), {"p": TEXT, "o": "truncate", "v": 99}, append("d")], "abcd")


@case
def truncation_to_nothing():
    return streamed([add(DOC), append("wrong"), {"p": TEXT, "o": "truncate", "v": 0}, append("right")], "right",
                    hidden="wrong")


@case
def replacement():
    return streamed([add(DOC), append("first try"), {"p": TEXT, "o": "replace", "v": "second"}, append(" try")],
                    "second try", hidden="first try")


@case
def addition_to_a_string():
    return streamed([add(DOC), append("first"), {"p": TEXT, "o": "add", "v": "second"}, append("!")], "second!",
                    hidden="first")


@case
def removal():
    return streamed([add(DOC), append("one"), {"p": "/message/content/parts/1", "o": "add", "v": "two"},
                     {"p": "/message/content/parts/1", "o": "remove"},
                     {"p": "/message/metadata/none", "o": "remove"}], "one", hidden="two")


@case
def more_parts():
    return streamed([add(DOC), append("one"), {"p": "/message/content/parts", "o": "append", "v": ["two", ""]},
                     {"p": "/message/content/parts", "o": "append", "v": "three"},
                     {"p": "/message/content/parts/1", "o": "append", "v": "!"}], "one\ntwo!\nthree")


@case
def missing_targets():
    bare = document("mt", parent="u", conversation="c", content={"content_type": "text"})
    return streamed([add(bare), append("made"), {"v": " up"}], "made up")


@case
def text_member():
    doc = document("tm", parent="u", conversation="c", content={"content_type": "text", "text": ""})
    return streamed([add(doc), append("in text", "/message/content/text")], "in text")


@case
def escaped_path():
    return streamed([add(DOC), {"p": "/message/metadata/a~1b~0c", "o": "add", "v": "x"}, append("ok")], "ok")


@case
def metadata_merges():
    return streamed([add(DOC), append("m"), {"p": "/message/metadata", "o": "append", "v": {
        "model_slug": "gpt-9", "is_complete": True, "finish_details": {"type": "stop"}}}], "m", model="gpt-9")


@case
def hidden_by_later_metadata():
    return streamed([add(DOC), append("secret"), {"p": "/message/metadata", "o": "append", "v": {
        "is_visually_hidden_from_conversation": True}},
        {"v": document("h2", ["shown"], parent="d1", conversation="c"), "c": 1}], "shown", hidden="secret",
        message_id="h2")


@case
def references_are_no_text():
    return streamed([add(DOC), append("See \ue200cite\ue202turn0search3\ue201."),
                     {"p": "/message/metadata/content_references", "o": "append", "v": [
                         {"matched_text": "\ue200cite\ue202turn0search3\ue201", "type": "webpage", "alt": "A page",
                          "safe_urls": ["https://example.com"]}]},
                     {"p": "/message/metadata/search_model_queries", "o": "add", "v": {
                         "type": "search_model_queries", "queries": ["what is asked elsewhere"]}}],
                    "See \ue200cite\ue202turn0search3\ue201.", hidden=ANY, hidden_has="what is asked elsewhere")


@case
def without_end_mark():
    return streamed([add(DOC), append("half")], "half", complete=False, done=False, complete_event=False)


@case
def without_done_but_complete_event():
    return streamed([add(DOC), append("whole")], "whole", done=False)


@case
def cut_in_an_event():
    stream = delta(add(DOC), append("half"), {"v": " and more"}, complete=False, done=False)
    return asked(stream[:-20], answers(ANY, complete=False))


@case
def unknown_version():
    stream = delta(add(DOC), append("text of tomorrow")).replace('"v1"', '"v2"')
    return asked(stream, answers(ANY, hidden=ANY, anywhere="text of tomorrow", verdict=ANY))


@case
def unknown_version_other_format():
    stream = sse(("delta_encoding", '"v3"'), ("delta", [1, "insert", f"words {CARD}"]))
    return asked(stream, answers(ANY, hidden=ANY, anywhere=CARD, verdict="alert"))


@case
def bare_version():
    return asked(delta(add(DOC), append("bare")).replace('"v1"', "v1"), answers("bare"))


@case
def unknown_operation():
    return streamed([add(DOC), append("kept"), {"p": TEXT, "o": "splice", "v": "stray words"}, append("!")], "kept!",
                    hidden=ANY, hidden_has="stray words", verdict=ANY)


@case
def typed_events():
    c = "te-c"
    user = document("te-u", ["q"], "user", conversation=c)["message"]
    events = [{"type": "resume_conversation_token", "kind": "topic", "token": "x", "conversation_id": c},
              {"type": "input_message", "input_message": user, "conversation_id": c}]
    after = [{"type": "message_marker", "conversation_id": c, "message_id": "te-a", "marker": "user_visible_token",
              "event": "first"}, append("Hel"),
             {"type": "server_ste_metadata", "metadata": {"plan_type": "team", "model_slug": "gpt-5-6-ste"}}, {"v": "lo"},
             {"type": "moderation", "moderation_response": {"flagged": False}}, {"v": "!"},
             {"type": "conversation_detail_metadata", "banner_info": None, "default_model_slug": "other"}]
    doc = document("te-a", parent="te-u", conversation=c, metadata={"model_slug": None})
    return asked(delta(*events, add(doc), *after, conversation=c),
                 answers("Hello!", conversation_id=c, message_id="te-a", model="gpt-5-6-ste"))


@case
def handoff():
    c = "ho-c"
    stub = delta({"type": "resume_conversation_token", "kind": "topic", "token": "t", "conversation_id": c},
                 {"type": "stream_handoff", "conversation_id": c, "turn_exchange_id": "x", "options": [
                     {"type": "resume_sse_endpoint", "topic_id": "t"}]}, complete=False)
    first = delta(add(document("ho-a0", conversation=c, content={"content_type": "thoughts", "thoughts": [
        {"summary": "Thinking", "content": "hm"}]})),
        {"type": "stream_handoff", "conversation_id": c, "options": []}, complete=False)
    return [entry(F, dumps(prompt(message("think", "ho-u"))), stub),
            entry(CHAT + "/backend-api/f/conversation/resume", dumps({"conversation_id": c, "offset": 0}),
                  plain("thought about it", "ho-a", "ho-u", c), second=2),
            entry(CHAT + "/backend-api/f/conversation/resume", dumps({"conversation_id": c, "offset": 0}),
                  plain("thought about it", "ho-a", "ho-u", c), second=4),
            entry(F, dumps(prompt(message("think", "ho-u2"), conversation_id=c, parent="ho-a")), first, second=6)], [
        says("think", conversation_id=c), answers("thought about it", message_id="ho-a", conversation_id=c),
        says("think", conversation_id=c)]


@case
def errors():
    answers_ = ['{"detail":"nope"}', '{"detail":{"message":"m","code":"c","clears_in":3}}',
                '{"error":{"message":"m","type":"t","code":"c"}}', "<html>cf-mitigated</html>"]
    entries = [entry(F, dumps(prompt(message(f"e{i}"))), a, status=s, answer_kind=k, second=i) for i, (a, s, k) in
               enumerate(zip(answers_, (403, 429, 400, 403), ("application/json",) * 3 + ("text/html",)))]
    entries.append(entry(F, dumps(prompt(message("e4"))), '{"wss_url":"wss://x","conversation_id":"c-ws"}',
                         answer_kind="application/json", second=9))
    entries.append(entry(F, dumps(prompt(message("e5"))), None, status=0, answer_kind=None, second=10))
    return entries, [says(f"e{i}", outcome="failure", http={"status": s}) for i, s in
                     enumerate((403, 429, 400, 403))] + [
        says("e4"), says("e5", outcome="failure", http={"status": None})]


# ---- 4.4: which message is what ----

@case
def hidden_messages():
    c = "hm"
    sys = document("hm-s", [""], "system", conversation=c, metadata={"is_visually_hidden_from_conversation": True},
                   weight=0.0)
    context = document("hm-c", role="user", conversation=c, content={
        "content_type": "user_editable_context", "user_profile": "profile words", "user_instructions": "be nice"},
        metadata={"is_visually_hidden_from_conversation": True})
    model = document("hm-m", role="assistant", conversation=c, content={
        "content_type": "model_editable_context", "model_set_context": "memory words"})
    return streamed([add(sys, 0), {"v": context, "c": 1}, {"v": model, "c": 2},
                     {"v": document("hm-a", parent="hm-s", conversation=c), "c": 3}, append("Hello")], "Hello",
                    hidden="profile words\nbe nice\nmemory words", message_id="hm-a")


@case
def reasoning():
    c = "rs"
    thoughts = document("rs-t", conversation=c, content={"content_type": "thoughts", "thoughts": [],
                                                         "source_analysis_msg_id": "s"})
    recap = document("rs-r", conversation=c, content={"content_type": "reasoning_recap", "content": "Thought for 3s"})
    return streamed([add(thoughts), {"p": "/message/content/thoughts", "o": "append", "v": [
        {"summary": "Plan", "content": "First", "chunks": [], "finished": False}]},
        {"p": "/message/content/thoughts/0/content", "o": "append", "v": " step"},
        {"v": recap, "c": 1}, {"v": document("rs-a", parent="rs-r", conversation=c, channel="final"), "c": 2},
        append("Done")], "Done", hidden="Plan\nFirst step\nThought for 3s", message_id="rs-a")


@case
def commentary():
    return streamed([add(document("co-1", ["let me see"], conversation="c", channel="commentary")),
                     {"v": document("co-2", ["analysing"], conversation="c", channel="analysis"), "c": 1},
                     {"v": document("co-3", ["result"], conversation="c", channel="final"), "c": 2}], "result",
                    hidden="let me see\nanalysing")


@case
def tool_calls():
    c = "tc"
    docs = [document("tc-1", recipient="web.run", conversation=c, content={
        "content_type": "code", "language": "unknown", "response_format_name": None,
        "text": '{"search_query":[{"q":"lyon"}]}'}),
        document("tc-2", role="tool", name="web.run", conversation=c, content={
            "content_type": "tether_quote", "url": "https://e.com", "domain": "e.com", "title": "Lyon",
            "text": "A city"}),
        document("tc-3", role="tool", name="browser", conversation=c, content={
            "content_type": "tether_browsing_display", "result": "res", "summary": "sum"}),
        document("tc-4", role="tool", name="python", conversation=c, content={
            "content_type": "system_error", "name": "Err", "text": "boom"}),
        document("tc-5", ["It is big."], conversation=c)]
    return streamed([{"v": d, "c": i} for i, d in enumerate(docs)], "It is big.", hidden=ANY,
                    hidden_has='{"search_query":[{"q":"lyon"}]}', verdict="alert")


@case
def only_hidden():
    return streamed([add(document("oh", conversation="c", content={"content_type": "thoughts", "thoughts": [
        {"summary": "S", "content": "C"}]}))], None, hidden="S\nC", complete=False, done=False, complete_event=False)


@case
def two_visible_messages():
    return streamed([add(document("two-1", ["First I look."], parent="u", conversation="c")),
                     {"v": document("two-2", ["Then I say."], parent="two-1", conversation="c"), "c": 1}],
                    "First I look.\nThen I say.", message_id="two-2")


@case
def sandbox_file():
    text = "[Download](sandbox:/mnt/data/q3%20report.xlsx) or (sandbox:///mnt/data/b.csv)"
    return asked(plain(text, "sb", "u", "c"), expect(
        "response_with_file.generated", text, complete=True, files=[{"name": "q3 report.xlsx"}, {"name": "b.csv"}]))


@case
def generated_image():
    image = document("gi-t", role="tool", name="t2uay3k.sj1i4kz", conversation="c", content={
        "content_type": "multimodal_text", "parts": [{
            "content_type": "image_asset_pointer", "asset_pointer": "sediment://file_img", "size_bytes": 5,
            "width": 1, "height": 1, "metadata": {"dalle": {"gen_id": "g", "prompt": "a red fox"}}}]})
    return asked(delta(add(image), {"v": document("gi-a", ["Here it is"], conversation="c"), "c": 1}),
                 expect("response_with_file.generated", "Here it is", hidden="a red fox", complete=True,
                        files=ANY, file_ids=["file_img"]))


@case
def card_in_the_answer():
    return asked(plain(f"try {CARD}", "ca", "u", "c"), answers(f"try {CARD}", verdict="alert"))


@case
def card_across_deltas():
    return asked(delta(add(DOC), *[append(c) if i == 0 else {"v": c} for i, c in enumerate("x 4111 1111 1111 1111 y")]),
                 answers(f"x {CARD} y", verdict="alert"))


@case
def card_in_reasoning():
    return streamed([add(document("cr", conversation="c", content={"content_type": "thoughts", "thoughts": [
        {"summary": "S", "content": CARD}]})), {"v": document("cr2", ["no"], conversation="c"), "c": 1}], "no",
        hidden=f"S\n{CARD}", verdict="alert")


@case
def compressed_answers():
    entries, expected = [], []
    for i, encoding in enumerate(("gzip", "br", "zstd", "deflate", "gzip, br")):
        for j, kept in enumerate((False, True)):
            id = f"z{i}{j}"
            more = asked(plain("Grüße 👋", id, "u", "c"), answers("Grüße 👋", message_id=id), second=i * 4 + j * 2,
                         answer_encoding=encoding, is_kept=kept)
            entries += more[0]
            expected += more[1]
    more = asked(plain("base64", "zb", "u", "c"), answers("base64"), second=30, is_answer_base64=True)
    return entries + more[0], expected + more[1]


# ---- more of 4.2 to 4.5 ----

@case
def whole_content_replaced():
    return streamed([add(DOC), append("old words"), {"p": "/message/content", "o": "replace", "v": {
        "content_type": "text", "parts": ["new words"]}}, append("!")], "new words!", hidden="old words")


@case
def whole_message_added_again():
    again = document("d1", ["better"], parent="u", conversation="c")["message"]
    return streamed([add(DOC), append("good"), {"p": "/message", "o": "replace", "v": again}], "better", hidden="good")


@case
def document_restated_on_its_channel():
    return streamed([add(DOC), append("good"), add(document("d1", ["good and more"], parent="u", conversation="c"))],
                    "good and more")


@case
def channel_reused_for_another_message():
    return streamed([add(document("r1", ["one"], parent="u", conversation="c")),
                     add(document("r2", ["two"], parent="r1", conversation="c"))], "one\ntwo", message_id="r2")


@case
def inserted_part():
    return streamed([add(document("ip", ["one", {"content_type": "image_asset_pointer"}], conversation="c")),
                     {"p": "/message/content/parts/1", "o": "add", "v": "two"},
                     {"p": "/message/content/parts/-", "o": "add", "v": "three"}], "one\ntwo\nthree")


@case
def citations_list_grows():
    return streamed([add(DOC), append("text"),
                     {"p": "/message/metadata/citations", "o": "add", "v": []},
                     {"p": "/message/metadata/citations", "o": "append", "v": [{"a": 1}]},
                     {"p": "/message/metadata/citations/0/a", "o": "replace", "v": 2},
                     {"p": "/message/metadata/citations/7/x", "o": "append", "v": "y"}, append("!")], "text!")


@case
def patch_of_relative_paths():
    return streamed([add(DOC), {"p": "/message/content", "o": "patch", "v": [
        {"p": "/parts/0", "o": "append", "v": "rel"}]}, {"v": [{"p": "/parts/0", "o": "append", "v": "ative"}]}],
        "relative")


@case
def typed_events_named():
    """Third-party servers name typed events too."""
    c = "tn"
    stream = sse(("delta_encoding", '"v1"'), ("delta", add(document("tn1", conversation=c))), ("delta", append("a")),
                 ("message_marker", {"type": "message_marker", "marker": "x"}), ("delta", {"v": "b"}),
                 ("message_stream_complete", {"type": "message_stream_complete", "conversation_id": c}))
    return asked(stream, answers("ab", conversation_id=c))


@case
def odd_values():
    return streamed([add(DOC), append("a"), {"v": 1}, {"v": None}, {"v": True}, {"v": {}}, {"v": ["x"]}, append("b"),
                     {"p": "/message/content/parts/0/deeper", "o": "add", "v": "z"},
                     {"p": "", "o": "remove"}, {"c": -1, "v": "q"}, {"c": "x"}, {}], ANY, hidden=ANY, verdict=ANY)


@case
def conversation_id_by_delta():
    doc = document("cd", parent="u", conversation=None)
    return [entry(F, dumps(prompt(message("q", "cd-u"))), delta(
        add(doc), {"p": "/conversation_id", "o": "replace", "v": "late-c"}, append("x"),
        {"type": "title_generation", "title": "T", "conversation_id": "late-c"}, conversation="late-c"))], [
        says("q", conversation_id="late-c"), answers("x", hidden=ANY, conversation_id="late-c")]


@case
def two_variants_in_one_stream():
    c = "tv"
    one, two = document("tv1", ["A"], parent="tv-u", conversation=c), document("tv2", ["B"], parent="tv-u",
                                                                              conversation=c)
    return asked(delta({"type": "num_variants_in_stream", "num_variants_in_stream": 2}, add(one, 0), add(two, 1)),
                 answers("A", message_id="tv1"), answers("B", message_id="tv2"))


@case
def long_answer():
    words = [f"word{i} 👋 " for i in range(3000)]
    return streamed([add(DOC), append(""), *[{"v": w} for w in words]], "".join(words))


@case
def stopped_by_the_user():
    return streamed([add(DOC), append("I was say"), {"p": "/message/metadata", "o": "append", "v": {
        "finish_details": {"type": "interrupted"}}}], "I was say", done=False, complete_event=False, complete=False)


@case
def error_inside_the_stream():
    return streamed([add(DOC), append("some"), {"p": "/error", "o": "add", "v": "Something went wrong"}], "some",
                    done=False, complete_event=False, complete=False)


@case
def canvas():
    c = "cv"
    call = document("cv1", recipient="canmore.create_textdoc", conversation=c, content={
        "content_type": "code", "language": "json",
        "text": '{"name":"note","type":"document","content":"Dear Lyon"}'})
    return streamed([add(call), {"v": document("cv2", ["Written."], conversation=c), "c": 1}], "Written.",
                    hidden='{"name":"note","type":"document","content":"Dear Lyon"}')


@case
def writing_block():
    text = ":::writing{variant=\"document\" id=\"1\" title=\"T\"}\nDear all\n:::"
    return asked(plain(text, "wb", "u", "c"), answers(text))


@case
def python_plot():
    result = document("pp", role="tool", name="python", conversation="c", content={
        "content_type": "execution_output", "text": "<plot>"}, metadata={"aggregate_result": {
            "code": "plot()", "messages": [{"message_type": "image", "image_url": "file-service://file-plot"}]}})
    return asked(delta(add(result), {"v": document("pp2", ["See"], conversation="c"), "c": 1}),
                 expect("response_with_file.generated", "See", hidden=ANY, hidden_has="<plot>", complete=True,
                        file_ids=["file-plot"]))


@case
def voice_answer():
    doc = document("va", conversation="c", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_transcription", "text": "spoken answer", "direction": "out"},
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_aud", "size_bytes": 9}]})
    return asked(delta(add(doc)), expect("response_with_file.generated", "spoken answer", complete=True,
                                         file_ids=["file_aud"]))


@case
def legacy_json_once():
    """Everything in one event without the closing blank line."""
    return asked("data: " + dumps(document("jo", ["once"], conversation="c")), answers("once", complete=False))


@case
def untyped_event_stream():
    """A stream whose answer has another label, or none."""
    entries, expected = [], []
    for i, kind in enumerate((None, "text/plain", "application/octet-stream")):
        more = asked(plain("labelled", f"ut{i}", "u", "c"), answers("labelled"), second=i, answer_kind=kind)
        entries += more[0]
        expected += more[1]
    return entries, expected


@case
def titles():
    """May repeat, the last one wins; a title alone is no answer."""
    events = [{"type": "title_generation", "title": t, "conversation_id": "c"} for t in ("Some", "Some title")]
    first = asked(delta(add(DOC), append("text"), *events), answers("text", hidden="Some title"))
    second = asked(delta(*events), second=2)
    return first[0] + second[0], first[1] + second[1]
