"""Answers that offer or hold a file: response_with_file.generated
(facts/chatgpt-wire.md §6.3, §9)."""
import base64
import hashlib

from exchanges import CARD, document, dumps, entry, sse
from replay_api import api, response, said
from replay_cases import ANY, asked, case, expect, says

PNG = b"\x89PNG\r\n\x1a\n" + b"made up" * 40
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(range(200))


def b64(data):
    return base64.b64encode(data).decode()


def held(data, type, **more):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "type": type, **more}


def offers(text, *files, **more):
    return expect("response_with_file.generated", text, **{"hidden": ANY, "complete": True, "files": list(files), **more})


def stream(*events):
    return "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in events)


@case
def sandbox_links():
    text = ("[a](sandbox:/mnt/data/Q3%20report%20(final).xlsx) [b](sandbox:///mnt/data/out/b.csv) "
            "<sandbox:/mnt/data/c.txt> \"sandbox:/mnt/data/d.txt\" again sandbox:/mnt/data/c.txt and /mnt/data/no.txt")
    return asked(sse(document("m", [text])), offers(
        text, {"name": "Q3 report (final).xlsx"}, {"name": "b.csv"}, {"name": "c.txt"}, {"name": "d.txt"}))


@case
def pictures_of_a_tool():
    made = document("t", role="tool", name="t2uay3k.sj1i4kz", content={"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00aa?x=1", "size_bytes": 4321,
         "metadata": {"dalle": {"gen_id": "g", "prompt": "a fox"}}}]}, metadata={"async_task_type": "image_gen"})
    return asked(sse(made, document("m", ["Here it is"])), offers("Here it is", {"id": "file_00aa", "bytes": 4321}))


@case
def plots_of_the_code_interpreter():
    run = document("t", role="tool", name="python", content={"content_type": "execution_output", "text": "ok"},
                   metadata={"aggregate_result": {"messages": [
                       {"message_type": "image", "image_url": "file-service://file-Plot1"},
                       {"message_type": "image", "image_url": "https://elsewhere.example/x.png"}]}})
    return asked(sse(run, document("m", ["Plotted"])), offers("Plotted", {"id": "file-Plot1", "name": None}))


@case
def attachments_and_references():
    answer = document("m", ["Done"], metadata={
        "attachments": [{"id": "file_minutes", "name": "minutes.docx", "size": 321, "mime_type": "application/x-y"}],
        "content_references": [{"type": "file", "id": "file_10", "name": "x.csv", "matched_text": "[x]"},
                               {"type": "file", "id": "file_11", "name": "mine.pdf", "matched_text": "\ue200filecite\ue202turn0file0\ue201"},
                               {"type": "webpage", "title": "t", "url": "https://x.example"}]})
    return asked(sse(answer), offers(
        "Done", {"id": "file_minutes", "name": "minutes.docx", "bytes": 321, "declared_type": "application/x-y"},
        {"id": "file_10", "name": "x.csv", "bytes": None}))


@case
def images_in_json():
    body = {"model": "gpt-image-1", "prompt": "a fox"}
    reply = {"created": 1, "data": [{"b64_json": b64(PNG), "revised_prompt": "a red fox"},
                                    {"url": "https://img.example/private/img-7.png?sig=z"}]}
    return [api("/images/generations", body, dumps(reply))], [
        says("a fox", model="gpt-image-1"), offers(None, held(PNG, "image/png", name=None), {"name": "img-7.png"},
                                                   hidden="a red fox", service="openai-api")]


@case
def images_in_a_stream():
    body = {"model": "gpt-image-1", "prompt": "a fox", "stream": True}
    half = {"type": "image_generation.partial_image", "b64_json": b64(b"half"), "partial_image_index": 0}
    done = {"type": "image_generation.completed", "b64_json": b64(PNG), "output_format": "png"}
    return [api("/images/generations", body, stream(half, done), "text/event-stream"),
            api("/images/generations", body, stream(half), "text/event-stream", second=2)], [
        says("a fox"), offers(None, held(PNG, "image/png"), hidden=None), says("a fox")]


@case
def an_image_of_a_response():
    call = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": b64(PNG)}
    events = [{"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "partial_image_b64": b64(b"half")},
              {"type": "response.output_item.done", "output_index": 0, "item": call},
              {"type": "response.completed", "response": response([call, said("There")])}]
    body = {"model": "gpt-5", "input": "draw", "stream": True}
    return [api("/responses", body, stream(*events), "text/event-stream"),
            api("/responses", body, dumps(response([call, said("There")])), second=2)], [
        says("draw"), offers("There", held(PNG, "image/png", id="ig_1")),
        says("draw"), offers("There", held(PNG, "image/png", id="ig_1"))]


@case
def files_of_the_code_interpreter_of_the_api():
    call = {"id": "ci_1", "type": "code_interpreter_call", "code": "plot()", "outputs": [
        {"type": "logs", "logs": f"card {CARD}"}, {"type": "image", "url": "data:image/png;base64," + b64(PNG)},
        {"type": "image", "url": "https://files.example/cf/plot%201.png?sig=1"}]}
    path = {"type": "file_path", "file_id": "file-p"}
    events = [{"type": "response.output_item.done", "output_index": 0, "item": call},
              {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "See"},
              {"type": "response.output_text.annotation.added", "item_id": "msg_1", "annotation": path}]
    body = {"model": "gpt-5", "input": "plot", "stream": True}
    files = [held(PNG, "image/png", declared_type="image/png", id=None), {"name": "plot 1.png"}]
    whole = {"type": "response.completed", "response": response([call, said("See", annotations=[path])])}
    return [api("/responses", body, stream(*events), "text/event-stream"),
            api("/responses", body, stream(*events, whole), "text/event-stream", second=2)], [
        says("plot"), offers("See", *files, {"id": "file-p"}, complete=False, hidden_has=CARD, verdict="alert"),
        says("plot"), offers("See", *files, {"id": "file-p"}, hidden_has=CARD, verdict="alert")]


@case
def sound_of_a_chat():
    body = {"model": "gpt-4o-audio", "messages": [{"role": "user", "content": "say it"}], "modalities": ["text", "audio"]}
    whole = {"id": "c1", "model": "gpt-4o-audio", "choices": [{"index": 0, "message": {
        "role": "assistant", "content": None, "audio": {"id": "audio_1", "data": b64(WAV), "transcript": "Hello"}}}]}
    pieces = [{"id": "audio_1", "transcript": "Hel"}, {"data": b64(WAV[:30])}, {"data": b64(WAV[30:]), "transcript": "lo"}]
    text = "".join("data: " + dumps({"id": "c1", "choices": [{"index": 0, "delta": {"audio": p}}]}) + "\n\n" for p in pieces)
    return [api("/chat/completions", body, dumps(whole)),
            api("/chat/completions", {**body, "stream": True}, text + "data: [DONE]\n\n", "text/event-stream", second=2)], [
        says("say it"), offers("Hello", held(WAV, "audio/x-wav", id="audio_1")),
        says("say it"), offers("Hello", held(WAV, "audio/x-wav"))]


@case
def speech():
    body = {"model": "tts-1", "input": "read this", "voice": "x"}
    events = stream({"type": "speech.audio.delta", "audio": b64(WAV[:33])}, {"type": "speech.audio.delta", "audio": b64(WAV[33:])},
                    {"type": "speech.audio.done"})
    return [api("/audio/speech", body, WAV, "audio/wav"), api("/audio/speech", body, events, "text/event-stream", second=2)], [
        says("read this"), offers(None, held(WAV, "audio/x-wav", declared_type="audio/wav", id=None, name=None)),
        says("read this"), offers(None, held(WAV, "audio/x-wav"))]


@case
def messages_that_are_kept():
    items = {"object": "list", "data": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "first"}]},
        {"type": "function_call_output", "call_id": "c", "output": "tool says"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "second"}]}]}
    kept = {"object": "list", "data": [{"id": "m-0", "role": "user", "content": "Hi"}]}

    def get(path, value, second):
        return entry("https://api.openai.com/v1" + path, None, dumps(value), method="GET", answer_kind="application/json",
                     second=second, fields={"authorization": "Bearer sk-x"})
    return [get("/responses/resp_9/input_items?limit=20", items, 0), get("/chat/completions/chatcmpl-9/messages", kept, 2),
            get("/conversations/conv_9/items", items, 4), get("/threads/thread_9/messages", kept, 6)], [
        expect("conversation.viewed", "first\nsecond", "tool says"), expect("conversation.viewed", "Hi"),
        expect("conversation.viewed", "first\nsecond", "tool says", conversation_id="conv_9"),
        expect("conversation.viewed", "Hi", conversation_id="thread_9")]
