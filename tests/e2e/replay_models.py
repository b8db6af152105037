"""Exchanges made at random by models of facts/chatgpt-wire.md: streams of
deltas (§4.3, §4.4), conversations with edits and further answers (§3.2.3),
answers in pieces by WebSocket (§4.6), and of the light web app (§4.8).  A model
knows what was meant and writes it down in one of the many ways that the sheet
allows; the seed is in the case's name."""
import html
import json
import random

from exchanges import CHAT, F, OLD, add, append, document, dumps, entry, legacy, message, plain, prompt, sse
from replay_cases import ANY, CASES, answers, expect, says
from replay_mweb import FORM, NDJSON, PARTIAL, control, form, line
from replay_ws import down, socket, up

SEEDS = 25
BITS = ["tide", "é", "👋", "日本", 'a"b', "back\\slash", "\n", " ", "x", "/mnt", "\ue200cite\ue202t\ue201", "&amp;", "ﬁ", "\t", "end.",
        "{", "}", "[DONE]", "data:", "\u2028", "<b>", "it's"]
HIDDEN = ["hidden", "thoughts", "recap", "call", "result", "comment"]


def words(r, n=6):
    return "".join(r.choice(BITS) + r.choice(["", " "]) for _ in range(r.randint(1, n)))


def modelled(make):
    """A case for each seed."""
    for seed in range(SEEDS):
        name = f"model_{make.__name__}_{seed}"
        CASES.append((name, lambda name=name: make(random.Random(name), name)))
    return make


# ---- deltas ----

class Writer:
    """Deltas with p, o and c left out where they are inherited."""

    def __init__(self, r):
        self.r, self.path, self.operation, self.channel, self.deltas = r, "", "add", None, []

    def put(self, channel, path, operation, value):
        made, r = {"v": value}, self.r
        inherits = isinstance(value, str)
        if self.channel != channel or r.random() < .2:
            made["c"] = channel
        if not (inherits and self.path == path) or r.random() < .3:
            made["p"] = path
        if not (inherits and self.operation == operation) or r.random() < .3:
            made["o"] = operation
        self.path, self.operation, self.channel = path, operation, channel
        self.deltas.append(dict(r.sample(list(made.items()), len(made))))

    def patch(self, channel, operations):
        made = {"p": "", "o": "patch", "v": [{"p": p, "o": o, "v": v} for p, o, v in operations]}
        if self.channel != channel:
            made["c"] = channel
        self.path, self.operation, self.channel = "", "patch", channel
        self.deltas.append(made)

    def stream(self, conversation, is_complete=True):
        """As events, framed in one of the ways of §4.1."""
        r = self.r
        end, blank, is_ascii = r.choice(["\n", "\n", "\n", "\r\n", "\r"]), r.choice(["", " "]), r.random() < .4
        separators = r.choice([(",", ":"), (", ", ": ")])

        def event(name, data):
            text = r.choice([": note" + end, "id: 7" + end]) if r.random() < .2 else ""
            lines = [f"event:{blank}{name}"] if name else []
            lines.append(f"data:{blank}{data}" + " " * r.randint(0, 7))
            return text + end.join(r.sample(lines, len(lines))) + end + end
        out = event("delta_encoding", '"v1"')
        for made in self.deltas:
            data = json.dumps(made, ensure_ascii=is_ascii, separators=separators)
            out += event(None if "type" in made else "delta", data)
        if is_complete:
            out += event(None, dumps({"type": "message_stream_complete", "conversation_id": conversation}))
            out += f"data: [DONE]{end}{end}" if r.random() < .8 else ""
        return out


class Document:
    """A message that grows, is cut and set anew."""
    PATHS = {"call": "text", "result": "text", "thoughts": "thoughts/0/content", "recap": "content"}

    def __init__(self, r, kind, id, parent, conversation):
        self.r, self.kind, self.id, self.gone = r, kind, id, []
        self.text = "Thought" if kind == "recap" else ""
        self.path = "/message/content/" + self.PATHS.get(kind, "parts/0")
        content = {"thoughts": {"content_type": "thoughts", "thoughts": [{"summary": "S", "content": "", "chunks": [], "finished": False}]},
                   "recap": {"content_type": "reasoning_recap", "content": "Thought"},
                   "call": {"content_type": "code", "language": "unknown", "text": ""},
                   "result": {"content_type": "execution_output", "text": ""}}.get(kind)
        more = {"channel": {"final": r.choice(["final", None]), "comment": "commentary"}.get(kind), "weight": r.choice([0.0, 1.0])}
        if kind == "call":
            more["recipient"] = "python"
        if kind == "hidden":
            more["metadata"] = {"is_visually_hidden_from_conversation": True}
        role = {"hidden": "system", "result": "tool"}.get(kind, "assistant")
        self.made = document(id, role=role, parent=parent, content=content, conversation=conversation, **more)
        if kind == "final" and r.random() < .2:
            del self.made["message"]["recipient"]

    def step(self, to, channel):
        r, chance, new = self.r, self.r.random(), words(self.r)
        if chance < .62 or not self.text:
            to.put(channel, self.path, "append", new)
            self.text += new
        elif chance < .75:
            more = [words(r, 2) for _ in range(r.randint(1, 3))]
            extra = [("/message/metadata", "append", {"finish_details": {"type": "stop"}, "x": [1, None]}),
                     ("/message/status", "replace", "finished_successfully")]
            to.patch(channel, [(self.path, "append", m) for m in more] + r.sample(extra, r.randint(0, 2)))
            self.text += "".join(more)
        elif chance < .86 and self.kind in ("final", "call"):
            keep = r.randint(0, len(self.text))
            self.lose(self.text[keep:])
            self.text = self.text[:keep]
            length = len(self.text.encode("utf-16-le")) // 2
            if r.random() < .5:
                to.put(channel, self.path, "truncate", length)
            else:
                to.patch(channel, [(self.path, "truncate", length), (self.path, "append", new)])
                self.text += new
        elif chance < .93 and self.kind == "final":
            self.lose("" if new.startswith(self.text) else self.text)
            to.put(channel, self.path, "replace", new)
            self.text = new
        else:
            to.put(channel, "/message/metadata", "append", {f"k{r.randint(0, 9)}": {"n": None}})

    def lose(self, text):
        self.gone += [text] if text else []

    def hidden(self):
        own = [] if self.kind == "final" or not self.text else [self.text]
        return own + self.gone


def grown(r, name, kinds, to, typed=()):
    """Documents one under the other, whose deltas interleave."""
    documents, parent = [], name + "-u"
    for i, kind in enumerate(kinds):
        documents.append(Document(r, kind, f"{name}-{i}", parent, name + "-c"))
        parent = documents[-1].id
    waiting, under_way = list(enumerate(documents)), []
    while waiting or under_way:
        if waiting and (not under_way or r.random() < .3):
            channel, made = waiting.pop(0)
            to.put(channel, "", "add", made.made)
            under_way.append([channel, made, r.randint(1, 6)])
        else:
            one = r.choice(under_way) if r.random() < .4 else under_way[0]
            one[1].step(to, one[0])
            one[2] -= 1
            if one[2] == 0:
                under_way.remove(one)
        if typed and r.random() < .15:
            to.deltas.append(r.choice(typed))
    return documents


def answered(documents, name, **more):
    shown = [d for d in documents if d.kind == "final" and d.text]
    return answers("\n".join(d.text for d in shown) or None, hidden=ANY, verdict=ANY, hidden_has=[h for d in documents for h in d.hidden()],
                   message_id=shown[-1].id if documents[-1] in shown else ANY, conversation_id=name + "-c", **more)


@modelled
def deltas(r, name):
    kinds = [r.choice(HIDDEN) for _ in range(r.randint(0, 5))]
    for _ in range(r.choice([1, 1, 1, 2])):
        kinds += ["final"] + ([r.choice(["call", "result"])] if r.random() < .3 else [])
    to, is_complete = Writer(r), r.random() < .85
    typed = [{"type": "message_marker", "marker": "cot_token", "event": "first", "message_id": "x", "conversation_id": name + "-c"},
             {"type": "server_ste_metadata", "metadata": {"plan_type": "plus"}, "conversation_id": name + "-c"},
             {"type": "conversation_detail_metadata", "limits_progress": [], "conversation_id": name + "-c"}]
    documents = grown(r, name, kinds, to, typed)
    asked = entry(F, dumps(prompt(message("ask " + name, name + "-u"))), to.stream(name + "-c", is_complete),
                  answer_encoding=r.choice([None, None, "gzip", "br", "zstd", "deflate"]))
    return [asked], [says("ask " + name, conversation_id=name + "-c"), answered(documents, name, complete=is_complete, replies_to=0)]


# ---- conversations ----

def reply(r, text, id, parent, conversation):
    """In one of the formats; with the parent that the answer names."""
    way = r.random()
    if way < .6:
        return plain(text, id, parent, conversation), parent
    if way < .8:
        return legacy(*(document(id, [t], parent=parent, conversation=conversation) for t in (text[:3], text))), parent
    first = document(id + "s", [""], "system", parent=parent, conversation=conversation,
                     metadata={"is_visually_hidden_from_conversation": True})
    return sse(("delta_encoding", '"v1"'), ("delta", add(first)),
               ("delta", {"v": document(id, [""], parent=id + "s", conversation=conversation), "c": 1}), ("delta", append(text)),
               {"type": "message_stream_complete", "conversation_id": conversation}), id + "s"


@modelled
def conversation(r, name):
    made, want, second, c = [], [], 0, name + "-c"
    prompts, leaves, last = [], [], None  # (id, parent, text); answers that nothing follows
    for number in range(r.randint(3, 8)):
        user, answer = f"{name}-u{number}", f"{name}-a{number}"
        kind = r.choice(["next", "next", "edit", "variant", "variant alone", "continue", "branch"]) if prompts else "next"
        more = {"conversation_id": c} if prompts else r.choice([{}, {"conversation_id": None}])
        text, said = f"{words(r)} {number}", f"{words(r)} A{number}"
        if kind in ("variant", "variant alone"):
            user, parent, text = r.choice(prompts)
            is_alone = kind == "variant alone"
            body = prompt(*([] if is_alone else [message(text, user)]), action="variant", parent=user if is_alone else parent, **more)
            wanted = expect("prompt.updated", None if is_alone else text, update="regenerate", parent_message_id=user if is_alone else parent,
                            conversation_id=c, message_id=ANY if is_alone else user)
        elif kind == "continue":
            user, body = last, prompt(action="continue", parent=last, **more)
            wanted = expect("prompt.updated", None, update="continue", parent_message_id=last, conversation_id=c)
        else:
            parent = last or r.choice(["client-created-root", "random-" + name])
            if kind == "edit":
                parent = r.choice(prompts)[1]
            elif kind == "branch":
                parent = r.choice(leaves)
            prompts.append((user, parent, text))
            leaves = [leaf for leaf in leaves if leaf != parent]
            body = prompt(message(text, user), parent=parent, **more)
            is_edit = kind == "edit"
            wanted = expect("prompt.updated" if is_edit else "prompt.created", text, update="edit" if is_edit else None, message_id=user,
                            parent_message_id=parent, conversation_id=c)
        stream, above = reply(r, said, answer, user, c)
        second += r.randint(1, 20)
        made.append(entry(r.choice([F, OLD, F.replace("api", "anon")]), dumps(body), stream, second=second,
                          encoding=r.choice([None, None, "gzip", "br", "zstd"]), answer_encoding=r.choice([None, "br", "zstd"])))
        want += [{**wanted, "verdict": ANY}, answers(said, verdict=ANY, message_id=answer, conversation_id=c, parent_message_id=above,
                                                     replies_to=len(want))]
        last = answer
        leaves.append(last)
    return made, want


# ---- WebSockets ----

def envelope(r, topic, number, piece, name):
    item = {"type": "stream-item", "conversation_id": name + "-c", "turn_id": name, "stream_item_id": f"{topic}:{number}",
            "parent_stream_item_id": f"{topic}:{number - 1}" if number else None, "encoded_item": piece}
    made = {"topic_id": topic, "offset": str(number), "payload": {"type": "conversation-turn-stream", "payload": item}}
    return {"type": "message", **made} if r.random() < .7 else made


def frames(r, topic, stream, name):
    """Pieces one by one, several together, or once more to catch up.  The last
    one has the whole end mark, so that it is known when the answer ends."""
    pieces, at, end = [], 0, stream.index('{"type": "message_stream_complete"')
    while at < end:
        size = r.randint(1, 120)
        pieces.append(stream[at:min(at + size, end)])
        at += size
    pieces.append(stream[end:])
    out, at = [], 0
    while at < len(pieces):
        way, upto = r.random(), min(len(pieces), at + r.randint(1, 4))
        if way < .4:
            out.append(envelope(r, topic, at, pieces[at], name))
            at += 1
        elif way < .8 or at == 0:
            out.append([envelope(r, topic, i, pieces[i], name) for i in range(at, upto)])
            at = upto
        else:
            again = [envelope(r, topic, i, pieces[i], name) for i in range(r.randint(0, at - 1), upto)]
            out.append([{"type": "reply", "reply": {"topic_id": topic, "catchups": [{"payload": e["payload"]} for e in again]}}])
            at = upto
    return out


@modelled
def socket_of_answers(r, name):
    asked, prompts, wanted, waiting = [], [], [], []
    for number in range(r.randint(1, 3)):
        turn = f"{name}-{number}"
        topic, to = r.choice(["conversation-turn-", "conv-turn-low-ttl-"]) + turn, Writer(r)
        documents = grown(r, turn, r.choice([["final"], ["thoughts", "final"], ["thoughts", "call", "result", "final"]]), to)
        stub = sse(("delta_encoding", '"v1"'), {"type": "stream_handoff", "conversation_id": turn + "-c", "turn_exchange_id": turn,
                                                "options": [{"type": "subscribe_ws_topic", "topic_id": topic}]})
        asked.append(entry(F, dumps(prompt(message("ask " + turn, turn + "-u"))), stub, second=1 + number))
        prompts.append(says("ask " + turn, conversation_id=turn + "-c", message_id=turn + "-u"))
        wanted.append(answered(documents, turn, replies_to=number))
        waiting.append(frames(r, topic, to.stream(turn + "-c"), turn))
    sent, ends = [], []
    while any(waiting):
        number = r.choice([i for i, left in enumerate(waiting) if left])
        sent.append(down(waiting[number].pop(0), 6 + len(sent) / 20))
        if not waiting[number]:
            ends.append(wanted[number])
    return [socket(f"wss://ws.chatgpt.com/ws/user/user-{name}?verify=1-s", up([]), *sent), *asked], prompts + ends


# ---- the light web app ----

def light(r, text, name, answer, kind):
    return entry(CHAT + "/unauth-mweb/conversation/updates?operationId=1&lightweight_authenticated=0", form(text, name + "-u"), answer,
                 kind=FORM, answer_kind=kind, answer_encoding=r.choice([None, "br", "gzip"]))


@modelled
def lines(r, name):
    text, now, gone, number = words(r) + "?", "", [], 0
    out = control("started") + control("conversation-id", conversationId=name + "-c")
    for number in range(1, r.randint(2, 8)):
        new, more = words(r) + " ", {}
        is_anew = number == 1 or r.random() < .2
        gone += [now] if is_anew and now and not new.startswith(now) else []
        now = new if is_anew else now + new
        if r.random() < .6:
            more["dil"] = {"kind": "dil", "renderer": "dil-v2", "constants": {"0": now}, "fallbackMarkdown": now}
        out += line("content", messageId=name + "-a", revision=number, mode="replace" if is_anew else "append", markdown=new,
                    status="streaming", **more)
    is_complete = r.random() < .8
    if is_complete:
        out += line("content", messageId=name + "-a", revision=number + 1, mode="append", markdown="", status="complete")
        out += line("shared", html=f"<p>{html.escape(now)}</p>") + control("complete") + line("end")
    return [light(r, text, name, out, NDJSON)], [
        says(text, message_id=name + "-u", conversation_id=name + "-c", verdict=ANY),
        answers(now, hidden="\n".join(gone) or None, message_id=name + "-a", conversation_id=name + "-c", complete=is_complete, verdict=ANY)]


@modelled
def partials(r, name):
    out, count = "", 0

    def frame(inside):
        nonlocal out, count
        count += 1
        out += f'<template data-web-mobile-dpu-frame="{count}">{inside}</template>'

    def region(of, inside):
        return f'<template for="assistant-pending-{name}-{of}" data-web-mobile-dpu-apply="replace">{inside}</template>'

    def block(index, text):
        signs = html.escape(text, quote=r.random() < .5)
        return f'<p data-assistant-stream-block="" data-assistant-stream-block-index="{index}"><?start {index}>{signs}<?marker x></p>'
    frame(f'<span data-conversation-control="conversation-id" data-conversation-id="{name}-c"></span>')
    blocks = [" ".join(r.choice(["tide", "é", "日本", "<b>", "it's", "&", '"q"']) for _ in range(r.randint(1, 5))) for _ in range(r.randint(1, 4))]
    for index, text in enumerate(blocks):
        if r.random() < .7:
            frame(region("pending", block(index, text[:r.randint(0, len(text))])))
        if r.random() < .3:
            frame(region("reasoning", "<p>Thinking</p>"))
        frame(region(f"committed-block-{index}", block(index, text)) + (region("pending", "") if r.random() < .5 else ""))
    frame(f'<span data-conversation-control="complete" data-message-id="{name}-a"></span>')
    return [light(r, "ask " + name, name, out, PARTIAL)], [
        says("ask " + name, message_id=name + "-u", conversation_id=name + "-c"),
        answers(ANY, hidden=ANY, content_has=blocks, message_id=name + "-a", conversation_id=name + "-c", verdict=ANY)]
