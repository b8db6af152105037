"""The signed-out light web app (facts/chatgpt-wire.md §3.6, §4.8)."""
import urllib.parse

from exchanges import CARD, CHAT, dumps, entry
from replay_cases import ANY, BAD, answers, case, expect, says

UPDATES = CHAT + "/unauth-mweb/conversation/updates?lightweight_authenticated=0&operationId=9c1f"
NDJSON = "application/vnd.openai.conversation-source+ndjson"
PARTIAL = "text/vnd.openai.web-mobile-partial+html"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


def state(conversation=None, parent="client-created-root", messages=()):
    made = {"messages": list(messages), "parentMessageId": parent, "userMessageCount": len(messages),
            "safety": {"dismissedInterventionIds": []}}
    return {**made, **({"backendConversationId": conversation} if conversation else {})}


def form(text, user="u1", held=None, **more):
    fields = {"chatRequirementsToken": "gAAAAA" + "x" * 300, "prompt": text, "conversationState": dumps(held or state()),
              "imageAttachments": "[]", "pendingImageUploads": "[]", "messageMetadata": "{}", "userMessageId": user,
              "assistantMessageId": "pending-77", "conversationRetryOwner": dumps({"mode": "anonymous", "sessionEpoch": None}),
              "timezone": "Europe/Paris", "timezoneOffsetMinutes": "-120", "proofToken": "", **more}
    return urllib.parse.urlencode(fields)


def ask(body, answer=None, kind=NDJSON, url=UPDATES, **more):
    return entry(url, body, answer, kind=FORM, answer_kind=kind, fields={"accept": kind}, **more)


def line(type, **more):
    return dumps({"version": 1, "type": type, **more}) + "\n"


def control(kind, **more):
    return line("control", detail={"kind": kind, **more})


def piece(text, revision, mode="append", status="streaming", id="m1", **more):
    return line("content", messageId=id, revision=revision, mode=mode, markdown=text, status=status,
                dil={"kind": "dil", "renderer": "dil-v2", "constants": {"0": text}, "fallbackMarkdown": text}, **more)


END = control("message-stream-complete") + control("complete") + line("end")


@case
def mweb_ndjson():
    answer = (control("started") + control("conversation-id", conversationId="c-mw") + control("resume-token", resumeToken="t") +
              control("assistant-content-started") + piece("The invoice ", 1, "replace") + piece("is due ", 2, baseRevision=1) +
              piece("Friday 👋", 3, baseRevision=2) + piece("", 4, status="complete", baseRevision=3) +
              line("state", conversationState=dumps(state("c-mw", "m1", [{"content": "The invoice is due Friday 👋"}]))) +
              line("shared", html="<p>The invoice is due Friday 👋</p>") + END)
    return [ask(form("When is the invoice due?\n100% + more é"), answer)], [
        says("When is the invoice due?\n100% + more é", message_id="u1", conversation_id="c-mw",
             parent_message_id="client-created-root", files=None, model=None),
        answers("The invoice is due Friday 👋", message_id="m1", conversation_id="c-mw", hidden=None)]


@case
def mweb_later_turn():
    held = state("c-mw2", "m1", [{"id": "u1", "role": "user", "content": "old words"}])
    answer = piece("Sure", 1, "replace", "complete", "m2") + line("end")
    return [ask(form("and then?", "u2", held), answer, url=CHAT + "/unauth-mweb/conversation?lightweight_authenticated=0"),
            ask(form("x", "u3", {**state(None, "m2"), "conversationId": "c-mw3"}), second=3)], [
        says("and then?", hidden="old words", conversation_id="c-mw2", message_id="u2", parent_message_id="m1"),
        answers("Sure", message_id="m2", conversation_id="c-mw2"), says("x", conversation_id="c-mw3")]


@case
def mweb_ndjson_broken_off():
    failed = piece("half", 1, "replace") + control("failed", failureReason="x", status=500, origin="o") + line("end")
    return [ask(form("q"), piece("The half", 1, "replace") + '{"version":1,"ty'), ask(form("q", "u2"), failed, second=2),
            ask(form("q", "u3"), control("started") + control("failed", failureReason="x"), second=4)], [
        says("q"), answers("The half", complete=False), says("q"), answers("half", complete=False), says("q")]


@case
def mweb_ndjson_replaced_and_repeated():
    answer = (piece("Draft one", 1, "replace") + piece("Sorry", 2, "replace") + piece(", no.", 3) + piece(", no.", 3) +
              piece("B", 1, "replace", id="m2") + line("end"))
    return [ask(form("q"), answer), ask(form("q", "u2"), answer, "text/event-stream", second=2)], [
        says("q"), answers("Sorry, no.", hidden="Draft one"), answers("B"),
        says("q"), answers("Sorry, no.", hidden="Draft one"), answers("B")]


@case
def mweb_with_an_image():
    images = dumps([{"id": "file_img1", "name": "cat.png", "size": 9, "mimeType": "image/png"}])
    return [ask(form("what is it", imageAttachments=images))], [
        expect("prompt_with_file.created", "what is it", files=[
            {"id": "file_img1", "name": "cat.png", "bytes": 9, "declared_type": "image/png"}])]


@case
def mweb_secrets():
    held = state("c", "m", [{"role": "user", "content": CARD}])
    return [ask(form(f"card {CARD}")), ask(form("next", held=held), second=2), ask(form("x", messageMetadata=dumps({"note": CARD})), second=4),
            ask(form(dumps({"number": CARD})), second=6)], [
        says(f"card {CARD}", where="prompt", **BAD), says("next", hidden=CARD, where="hidden", **BAD),
        says("x", hidden=ANY, hidden_has=CARD, where="hidden", **BAD),
        says(dumps({"number": CARD}), where="prompt", **BAD)]


def template(inner, frame=1):
    return f'<template data-web-mobile-dpu-frame="{frame}">{inner}</template>\n'


def region(name, mode, inner, id="pending-77"):
    return f'<template for="assistant-{id}-{name}" data-web-mobile-dpu-apply="{mode}">{inner}</template>'


def block(text, index=0, tag="p"):
    return f'<{tag} data-assistant-stream-block="" data-assistant-stream-block-index="{index}">{text}</{tag}>'


def mark(kind, **more):
    attributes = "".join(f' data-{k.replace("_", "-")}="{v}"' for k, v in more.items())
    return f'<span data-conversation-control="{kind}"{attributes}></span>'


@case
def mweb_html():
    answer = (template(mark("conversation-id", conversation_id="c-h") + region("reasoning", "replace", "<p>Thinking</p>")) +
              template(mark("assistant-content-started", message_id="a-h") +
                       region("pending", "replace", block("Profit &amp; lo<?marker x?>")), 2) +
              template(region("pending-tail", "append", "ss isn&#x27;t"), 3) +
              template(region("committed-tail", "append", block("Profit &amp; loss isn&#x27;t <b>bad</b>.")) +
                       region("pending", "replace", block("Next", 1)), 4) +
              template(region("committed-block-1", "replace", block("Next: 3 &lt; 4 é", 1)) + region("pending", "replace", ""), 5) +
              template(mark("message-stream-complete", message_id="a-h") + mark("complete", message_id="a-h"), 6))
    return [ask(form("q"), answer, PARTIAL), ask(form("q", "u2"), "\n  " + answer, PARTIAL + "; charset=utf-8", second=2)], 2 * [
        says("q", conversation_id="c-h"),
        answers("Profit & loss isn't bad.\nNext: 3 < 4 é", hidden=None, message_id="a-h", conversation_id="c-h")]


@case
def mweb_html_lists_and_code():
    inner = (block("Title", 0, "h2") + block("<ul>\n <li>one</li>\n <li>two</li>\n</ul>", 1, "div") +
             block("<code>if (a &lt; b)\n    go();</code>", 2, "pre"))
    answer = template(region("committed-tail", "append", inner)) + template(mark("complete"))
    return [ask(form("q"), answer, PARTIAL)], [
        says("q"), answers("Title\none\ntwo\nif (a < b)\n    go();")]


@case
def mweb_html_pending_only():
    answer = template(region("pending", "replace", block("The half "))) + template(region("pending-tail", "append", "is he"))
    failed = answer + template(mark("failed", failure_reason="x", failure_status="500"))
    return [ask(form("q"), answer, PARTIAL), ask(form("q", "u2"), failed, PARTIAL, second=2)], [
        says("q"), answers("The half is he", complete=False), says("q"), answers("The half is he", complete=False)]


@case
def mweb_html_attributes():
    sources = dumps([{"title": "News", "url": "https://n.example", "attribution": "N"}]).replace('"', "&quot;")
    writing = dumps({"content": "Dear Ana,", "index": 1}).replace('"', "&quot;")
    inner = block("Here:") + f'<div data-writing-block-source="{writing}"></div><i data-assistant-sources-payload="{sources}"></i>'
    answer = template(region("committed-tail", "append", inner)) + template(mark("complete"))
    return [ask(form("q"), answer, PARTIAL)], [
        says("q"), answers("Here:\nDear Ana,", hidden="News\nhttps://n.example\nN", verdict="alert")]


@case
def mweb_silent_steps():
    pre = urllib.parse.urlencode({"conversationState": dumps(state()), "imageAttachments": "[]", "timezone": "Europe/Paris"})
    return [entry(CHAT + "/unauth-mweb/conversation/prepare?lightweight_authenticated=0", pre, "{}", kind=FORM,
                  answer_kind="application/json"),
            entry(CHAT + "/unauth-mweb/sentinel/chat-requirements/prepare", dumps({"p": "gAAAA"}), "{}"),
            entry(CHAT + "/unauth-mweb/events/x", dumps({"e": 1}), "{}"),
            entry(CHAT + "/unauth-mweb/something/new", dumps({"note": "words"}), "{}")], [
        expect("service.unclassified", "words")]
