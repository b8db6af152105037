"""Seeds of fuzz_mweb_html and fuzz_mweb_ndjson: the answers of the cases in
tests/e2e/replay_mweb.py and variations of their pieces."""
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import replay_mweb as mw  # noqa: E402
from replay_cases import CASES  # noqa: E402

rng = random.Random(11)


def write(name, seeds):
    folder = HERE / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(dict.fromkeys(seeds)):
        (folder / f"{i:03}").write_bytes(seed)


html, lines = [], []
for name, make in CASES:
    if name.startswith("mweb"):
        for e in make()[0]:
            text = e["response"]["content"].get("text", "")
            (html if "html" in e["response"]["content"]["mimeType"] else lines).append(text.encode())

WORDS = ["a", "b &amp; c", "&#x27;", "&#39;", "&nope;", "&", "&#xd800;", "&hellip;", "<", "< 3", "<!-- c -->", "<!-->", "<?start x?>",
         "<br>", "<script>if (a<b) x='</p>'</script>", "<style>p{}</STYLE>", "  two  blanks\n", "<pre> x\n y</pre>", "é👋",
         "<a href='x>y'>l</a>", "<li>one<li>two", "<td>1</td><td>2</td>", "<p>n</p>", "<input disabled value=a/b>", ""]
NAMES = ["pending", "pending-tail", "committed-tail", "committed-block-1", "committed-block-x", "reasoning", "other"]
for i in range(140):
    out = []
    for frame in range(rng.randint(1, 4)):
        inner = ""
        for _ in range(rng.randint(1, 3)):
            text = "".join(rng.sample(WORDS, rng.randint(1, 4)))
            if rng.random() < .6:
                text = mw.block(text, rng.choice([0, 0, 1, 2, "x", -1]), rng.choice(["p", "li", "h2", "pre", "td", "div"]))
            inner += mw.region(rng.choice(NAMES), rng.choice(["replace", "append"]), text)
        inner += rng.choice(["", mw.mark(rng.choice(["complete", "failed", "conversation-id"]), conversation_id="c", message_id="m"),
                             '<b data-writing-block-source="{&quot;content&quot;:&quot;w&quot;,&quot;index&quot;:%d}">' % rng.randint(-1, 2),
                             "<i data-assistant-sources-payload='[{\"title\":\"t\",\"url\":\"u\"}]'></i>", "<p", "</template>"])
        out.append(mw.template(inner, frame))
    html.append("".join(out).encode())
for i in range(110):
    out = []
    for _ in range(rng.randint(1, 6)):
        kind = rng.randint(0, 7)
        if kind < 4:
            row = json.loads(mw.piece(rng.choice(["a", "é", "", "long words"]), rng.randint(1, 4), rng.choice(["replace", "append", "x"]),
                                      rng.choice(["streaming", "complete"]), rng.choice(["m1", "m2", ""])))
            for key in rng.sample(list(row), rng.randint(0, 1)):
                row[key] = rng.choice([None, 7, {}, "s"])
            row["streamingParent"] = {"metadata": {"model_slug": "g"}}
        elif kind == 4:
            row = {"type": "control", "detail": {"kind": rng.choice(["started", "failed", "complete", "conversation-id"]), "conversationId": "c"}}
        elif kind == 5:
            row = {"type": "state", "conversationState": rng.choice(['{"conversationId":"c"}', '{"backendConversationId":"d"}', "{", 7])}
        elif kind == 6:
            row = {"type": rng.choice(["end", "error", "shared", "diagnostic"]), "html": "<p>x</p>"}
        else:
            row = rng.choice([[], "x", None, 3])
        out.append(json.dumps(row) + rng.choice(["\n", "\r\n", "\n\n"]))
    lines.append("".join(out)[:rng.choice([None, None, -3])].encode())
write("mweb_html", html)
write("mweb_ndjson", lines)
