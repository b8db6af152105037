"""The public API by its less common fields (facts/chatgpt-wire.md, section 9):
parts, choices, refusals, incomplete answers, uploads in parts, threads,
realtime."""
import base64

from exchanges import CARD, dumps, entry, sse
from replay_cases import ANY, case, expect
from replay_transfers import NOTE, PNG, field, multipart, sha, words

V1 = "https://api.openai.com/v1"
SK = "sk-proj-Qm9yZWQgb2YgZXhhbXBsZXMgaW4gdGVzdHM5OTk5"


def data_url(kind, data):
    return f"data:{kind};base64," + base64.b64encode(data).decode()


def call(path, body, answer=None, second=0, base=V1, fields=None, method="POST", **more):
    kind = {"answer_kind": "application/json", **more}
    reply = answer if isinstance(answer, (str, bytes)) else dumps({} if answer is None else answer)
    return entry(base + path, None if body is None else dumps(body), reply, method=method, second=second,
                 fields={"authorization": "Bearer " + SK, **(fields or {})}, **kind)


def stream(path, body, *events, done=True, **more):
    return call(path, {**body, "stream": True}, sse(*events, done=done), answer_kind="text/event-stream", **more)


def typed(*events):
    return [(e["type"], e) for e in events]


def chat(*messages, **more):
    return {"model": "gpt-5-mini", "messages": list(messages), **more}


def user(content):
    return {"role": "user", "content": content}


def completion(*choices, id="chatcmpl-1"):
    return {"id": id, "object": "chat.completion", "created": 1790000000, "model": "gpt-5-mini-2026", "choices": [
        {"index": i, "finish_reason": "stop", "message": {"role": "assistant", **m}} for i, m in enumerate(choices)],
        "usage": {"total_tokens": 3}}


def chunk(*choices, id="chatcmpl-1"):
    return {"id": id, "object": "chat.completion.chunk", "created": 1790000000, "model": "gpt-5-mini-2026",
            "choices": [{"index": i, "delta": d, "finish_reason": None} for i, d in choices], "usage": None}


def api(activity, content=None, hidden=None, **more):
    return expect(activity, content, hidden, service="openai-api", **more)


def said(text, **more):
    return api("prompt.created", text, **more)


def answered(text, **more):
    return api("response.generated", text, **{"complete": True, **more})


def send(path, answer, second=0, base=V1, method="POST", **made):
    return entry(base + path, answer=dumps(answer), answer_kind="application/json", second=second, method=method,
                 fields={"authorization": "Bearer " + SK}, **made)


# ---- chat completions ----

@case
def three_choices_at_once():
    return [call("/chat/completions", chat(user("Name a port"), n=3),
                 completion({"content": "Brest"}, {"content": "Riga"}, {"content": None, "refusal": "I will not"}))], [
        said("Name a port", model="gpt-5-mini"), answered("Brest"), answered("Riga"), answered("I will not")]


@case
def two_choices_in_a_stream():
    return [stream("/chat/completions", chat(user("Name a port"), n=2, stream_options={"include_usage": True}),
                   chunk((0, {"role": "assistant", "content": ""})), chunk((1, {"role": "assistant", "content": ""})),
                   chunk((1, {"content": "Ri"})), chunk((0, {"content": "Bre"})), chunk((0, {"content": "st"})),
                   chunk((1, {"content": "ga"})), {**chunk(), "usage": {"total_tokens": 9}})], [
        said("Name a port"), answered("Brest"), answered("Riga")]


@case
def probabilities_are_no_text():
    made = completion({"content": "Brest"})
    made["choices"][0]["logprobs"] = {"content": [
        {"token": "Brest", "logprob": -0.1, "bytes": [66], "top_logprobs": [{"token": "Riga", "logprob": -3}]}],
        "refusal": None}
    return [call("/chat/completions", chat(user("Name a port"), logprobs=True, top_logprobs=1), made)], [
        said("Name a port"), answered("Brest")]


@case
def refusal_in_a_stream():
    return [stream("/chat/completions", chat(user("Do harm")), chunk((0, {"role": "assistant", "refusal": ""})),
                   chunk((0, {"refusal": "I can"})), chunk((0, {"refusal": "not."})))], [
        said("Do harm"), answered("I cannot.")]


@case
def arguments_in_pieces_of_two_calls():
    def tool(i, **f):
        return {"tool_calls": [{"index": i, **f}]}
    return [stream("/chat/completions", chat(user("Weather?"), tools=[
                {"type": "function", "function": {"name": "weather", "description": "Tells weather"}}]),
                   chunk((0, tool(0, id="call_a", type="function", function={"name": "weather", "arguments": ""}))),
                   chunk((0, tool(0, function={"arguments": '{"city":'}))),
                   chunk((0, tool(1, id="call_b", type="function", function={"name": "tide", "arguments": '{"po'}))),
                   chunk((0, tool(0, function={"arguments": '"Brest"}'}))),
                   chunk((0, tool(1, function={"arguments": 'rt":"Riga"}'}))))], [
        said("Weather?"),
        answered(None, hidden=ANY, hidden_has=['{"city":"Brest"}', '{"port":"Riga"}'])]


@case
def every_kind_of_part():
    content = [{"type": "text", "text": "Look at"}, {"type": "image_url", "image_url": {"url": data_url("image/png", PNG)}},
               {"type": "input_audio", "input_audio": {"data": base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt ").decode(),
                                                       "format": "wav"}},
               {"type": "file", "file": {"filename": "note.txt", "file_data": data_url("text/plain", NOTE)}},
               {"type": "text", "text": "all of it"}]
    return [call("/chat/completions", chat(user(content)), completion({"content": "Fine"}))], [
        api("prompt_with_file.created", "Look at\nall of it", hidden=ANY, files=[
            {"sha256": sha(PNG), "bytes": len(PNG), "type": "image/png"}, {"bytes": 16},
            {"name": "note.txt", "sha256": sha(NOTE), "bytes": len(NOTE)}]), answered("Fine")]


@case
def picture_at_an_address():
    content = [{"type": "image_url", "image_url": {"url": "https://example.com/pier.jpg", "detail": "low"}},
               {"type": "text", "text": "What is it?"}]
    return [call("/chat/completions", chat(user(content)), completion({"content": "A pier"}))], [
        api("prompt.created", "What is it?", "https://example.com/pier.jpg", type="url", verdict="alert"), answered("A pier")]


@case
def history_resent():
    return [call("/chat/completions", chat(
        {"role": "developer", "content": "Be brief"}, user("First"), {"role": "assistant", "content": "One"},
        user([{"type": "text", "text": "Second"}, {"type": "text", "text": "and third"}])),
        completion({"content": "Two"}))], [
        said("Second\nand third", hidden="Be brief\nFirst\nOne"), answered("Two")]


@case
def results_of_a_tool_sent_back():
    return [call("/chat/completions", chat(
        user("Tide?"), {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": '{"port":"Brest"}'}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "high at nine"}), completion({"content": "At nine"}))], [
        said("Tide?", hidden=ANY, hidden_has=['{"port":"Brest"}', "high at nine"]), answered("At nine")]


@case
def spoken_answer_has_a_transcript():
    made = completion({"content": None, "audio": {"id": "audio_1", "data": base64.b64encode(b"RIFF1234WAVE").decode(),
                                                  "expires_at": 1, "transcript": "Ahoy there"}})
    return [call("/chat/completions", chat(user("Greet me"), modalities=["text", "audio"],
                                           audio={"voice": "x", "format": "wav"}), made)], [
        said("Greet me"), api(ANY, "Ahoy there", complete=True)]


@case
def refused_by_the_service():
    return [call("/chat/completions", chat(user("Name a port")),
                 {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "param": None,
                            "code": "invalid_api_key"}}, status=401)], [said("Name a port", outcome="failure")]


@case
def error_amid_a_stream():
    return [stream("/chat/completions", chat(user("Name a port")), chunk((0, {"content": "Bre"})),
                   {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}},
                   done=False)], [said("Name a port"), answered("Bre", complete=False, outcome=ANY, hidden=ANY)]


@case
def regional_host_and_named_tenant():
    return [call("/chat/completions", chat(user("Name a port")), completion({"content": "Riga"}), base="https://eu.api.openai.com/v1",
                 fields={"openai-organization": "org-77", "openai-project": "proj_88"})], [
        said("Name a port", actor={"source": "api-key"}, project_id="proj_88", actor_has=["org-77"]), answered("Riga")]


@case
def prediction_and_metadata_are_hidden():
    return [call("/chat/completions", chat(user("Mend it"), prediction={"type": "content", "content": "int main"},
                                           metadata={"ticket": "4711 lamp"}, user="u-7"), completion({"content": "ok"}))], [
        said("Mend it", hidden=ANY, hidden_has=["int main"]), answered("ok")]


# ---- legacy completions and friends ----

@case
def legacy_completion_of_two_prompts():
    return [call("/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["Once", "Twice"], "suffix": "the end",
                                  "max_tokens": 5},
                 {"id": "cmpl-1", "object": "text_completion", "model": "x", "choices": [
                     {"index": 0, "text": " upon", "logprobs": None, "finish_reason": "length"},
                     {"index": 1, "text": " told", "logprobs": None, "finish_reason": "stop"}]})], [
        said("Once\nTwice", hidden=ANY, hidden_has=["the end"]), answered(" upon"), answered(" told")]


@case
def legacy_completion_of_tokens():
    return [call("/completions", {"model": "x", "prompt": [[1, 2, 3], [4]]},
                 {"id": "cmpl-2", "choices": [{"index": 0, "text": "ok"}]})], [said(None), answered("ok")]


@case
def embedding_of_texts():
    return [call("/embeddings", {"model": "text-embedding-3-small", "input": ["lamp", "quay"], "encoding_format": "base64"},
                 {"object": "list", "data": [{"index": 0, "embedding": "AAAA", "object": "embedding"}]})], [
        api("tool.invoked", "lamp\nquay")]


@case
def moderation_of_parts():
    return [call("/moderations", {"model": "omni-moderation-latest", "input": [
        {"type": "text", "text": "is it rude"}, {"type": "image_url", "image_url": {"url": data_url("image/png", PNG)}}]},
        {"id": "modr-1", "results": [{"flagged": False}]})], [
        api("tool.invoked", "is it rude", files=[{"sha256": sha(PNG), "type": "image/png"}])]


# ---- responses ----

@case
def response_to_a_string():
    return [call("/responses", {"model": "gpt-5", "input": "Name a port", "instructions": "Be brief",
                                "previous_response_id": "resp_0"},
                 {"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5", "output": [
                     {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "thinking of Brest"}]},
                     {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
                         {"type": "output_text", "text": "Brest", "annotations": []},
                         {"type": "refusal", "refusal": "No more"}]}]})], [
        said("Name a port", hidden="Be brief"), answered("Brest\nNo more", hidden="thinking of Brest")]


@case
def three_ways_to_give_a_file():
    content = [{"type": "input_file", "filename": "note.txt", "file_data": data_url("text/plain", NOTE)},
               {"type": "input_file", "file_id": "file-Given0000000000000001"},
               {"type": "input_file", "file_url": "https://example.com/a/tides.pdf"},
               {"type": "input_image", "file_id": "file-Given0000000000000002", "detail": "auto"},
               {"type": "input_text", "text": "Sum up"}]
    return [call("/responses", {"model": "gpt-5", "input": [user(content)]},
                 {"id": "resp_2", "status": "completed", "output": [{"type": "message", "role": "assistant", "content": [
                     {"type": "output_text", "text": "ok", "annotations": []}]}]})], [
        api("prompt_with_file.created", "Sum up", "https://example.com/a/tides.pdf", type="url", verdict="alert", files=[
            {"name": "note.txt", "sha256": sha(NOTE)}, {"id": "file-Given0000000000000001"},
            {"id": "file-Given0000000000000002"}]), answered("ok")]


def response(status, **more):
    return {"id": "resp_3", "object": "response", "status": status, "model": "gpt-5", "output": [], **more}


@case
def streamed_function_call():
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "tide", "arguments": ""}
    whole = {**item, "arguments": '{"port":"Riga"}', "status": "completed"}
    return [call("/responses", {"model": "gpt-5", "input": "Tide?", "stream": True}, sse(*typed(
        {"type": "response.created", "response": response("in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": '{"port":'},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": '"Riga"}'},
        {"type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 0, "arguments": '{"port":"Riga"}'},
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": response("completed", output=[whole])}), done=False),
        answer_kind="text/event-stream")], [
        said("Tide?"), answered(None, hidden=ANY, hidden_has=['{"port":"Riga"}'])]


def text_events(*texts):
    return typed({"type": "response.created", "response": response("in_progress")},
                 {"type": "response.output_item.added", "output_index": 0,
                  "item": {"type": "message", "id": "msg_3", "role": "assistant", "content": []}},
                 *({"type": "response.output_text.delta", "item_id": "msg_3", "output_index": 0, "content_index": 0,
                    "delta": t} for t in texts))


@case
def response_cut_at_its_limit():
    return [call("/responses", {"model": "gpt-5", "input": "Name ports", "stream": True, "max_output_tokens": 2}, sse(
        *text_events("Brest", ", Riga"), *typed({"type": "response.incomplete", "response": response(
            "incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[
                {"type": "message", "id": "msg_3", "role": "assistant", "status": "incomplete",
                 "content": [{"type": "output_text", "text": "Brest, Riga", "annotations": []}]}])}), done=False),
        answer_kind="text/event-stream")], [said("Name ports"), api("response.generated", "Brest, Riga")]


@case
def response_that_failed():
    return [call("/responses", {"model": "gpt-5", "input": "Name ports", "stream": True}, sse(
        *text_events("Bre"), *typed({"type": "response.failed", "response": response(
            "failed", error={"code": "server_error", "message": "The model failed"})}), done=False),
        answer_kind="text/event-stream")], [
        said("Name ports"), api("response.generated", "Bre", outcome=ANY, hidden=ANY)]


@case
def connection_lost_amid_a_response():
    return [call("/responses", {"model": "gpt-5", "input": "Name ports", "stream": True},
                 sse(*text_events("Bre", "st"), done=False), answer_kind="text/event-stream")], [
        said("Name ports"), answered("Brest", complete=False, outcome=ANY)]


@case
def file_cited_by_a_response():
    made = {"type": "message", "id": "msg_4", "role": "assistant", "content": [{
        "type": "output_text", "text": "See tides.csv", "annotations": [
            {"type": "container_file_citation", "container_id": "cntr_tides", "file_id": "cfile_tides", "filename": "tides.csv",
             "start_index": 4, "end_index": 13}]}]}
    return [call("/responses", {"model": "gpt-5", "input": "Make a table", "tools": [{"type": "code_interpreter"}]},
                 {"id": "resp_4", "status": "completed", "output": [made]}),
            entry(V1 + "/containers/cntr_tides/files/cfile_tides/content", None, b"port,high\nBrest,9\n", method="GET", kind=None,
                  answer_kind="application/octet-stream", second=3, fields={"authorization": "Bearer " + SK})], [
        said("Make a table"), api("response_with_file.generated", "See tides.csv", complete=True,
                                  files=[{"id": "cfile_tides", "name": "tides.csv"}]),
        api("response_with_file.downloaded", ANY, hidden=ANY, files=[
            {"id": "cfile_tides", "name": "tides.csv", "bytes": 18, "sha256": sha(b"port,high\nBrest,9\n")}])]


@case
def card_in_the_output_of_a_shell():
    return [call("/responses", {"model": "gpt-5", "input": [
        user("Run it"), {"type": "shell_call", "call_id": "c1", "action": {"commands": ["cat dues"]}},
        {"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": "card " + CARD, "stderr": ""}]}]},
        {"id": "resp_5", "status": "completed", "output": []})], [
        said("Run it", hidden=ANY, hidden_has=["cat dues", CARD], verdict="block", outcome=ANY, where="hidden",
             type="credit-card")]


# ---- files ----

def uploaded(data, **file):
    return api("file.uploaded", files=[{"bytes": len(data), "sha256": sha(data), "text": words(data), **file}])


@case
def file_and_then_a_prompt_with_it():
    made = multipart("=_odd'()+boundary?", field("purpose", "user_data"), field("expires_after[anchor]", "created_at"),
                ('Content-Disposition: form-data; name="file"; filename="t.txt"; filename*=UTF-8\'\'Flut%20%E2%82%AC.txt\r\n'
                 'Content-Type: text/plain', NOTE), quoted=True, before="ignored preamble\r\n", after="epilogue")
    asked = [{"type": "file", "file": {"file_id": "file-Linked000000000000001"}}, {"type": "text", "text": "Sum up"}]
    return [send("/files", {"id": "file-Linked000000000000001", "object": "file", "bytes": len(NOTE),
                            "filename": "Flut €.txt", "purpose": "user_data", "status": "processed"}, **made),
            call("/chat/completions", chat(user(asked)), completion({"content": "ok"}), second=2)], [
        uploaded(NOTE, id="file-Linked000000000000001", name="Flut €.txt", declared_type="text/plain"),
        api("prompt_with_file.created", "Sum up", files=[{"id": "file-Linked000000000000001", "name": "Flut €.txt",
                                                          "sha256": sha(NOTE), "bytes": len(NOTE)}]), answered("ok")]


@case
def file_whose_name_is_empty():
    made = multipart("b", ('Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream',
                      NOTE), field("purpose", "assistants"))
    return [send("/files", {"id": "file-Noname000000000000001", "filename": "upload", "bytes": len(NOTE)}, **made)], [
        uploaded(NOTE, id="file-Noname000000000000001")]


@case
def file_refused():
    made = multipart("b", field("purpose", "fine-tune"),
                ("content-disposition: form-data; filename=train.jsonl; name=file\r\ncontent-type: application/jsonl", NOTE))
    return [send("/files", {"error": {"message": "bad", "type": "invalid_request_error"}}, status=400, **made)], [
        dict(uploaded(NOTE, name="train.jsonl", declared_type="application/jsonl"), outcome="failure")]


@case
def batch_of_lines():
    lines = "".join(dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions",
                           "body": chat(user(f"Question {i}"))}) + "\n" for i in (1, 2)).encode()
    made = multipart("b", field("purpose", "batch"),
                ('Content-Disposition: form-data; name="file"; filename="batch.jsonl"', lines))
    return [send("/files", {"id": "file-Batch0000000000000001", "filename": "batch.jsonl"}, **made)], [
        api("file.uploaded",
            files=[{"id": "file-Batch0000000000000001", "name": "batch.jsonl", "bytes": len(lines), "sha256": sha(lines)}])]


@case
def upload_in_three_parts():
    pieces = [b"One for sorrow, ", b"two for joy, ", b"three for a girl.\n"]
    whole = b"".join(pieces)

    def part(n, second):
        return send("/uploads/upload_1/parts", {"id": f"part_{n}", "object": "upload.part", "upload_id": "upload_1"},
                    second, **multipart("p", ('Content-Disposition: form-data; name="data"; filename="blob"\r\n'
                                         'Content-Type: application/octet-stream', pieces[n])))
    return [call("/uploads", {"filename": "rhyme.txt", "purpose": "assistants", "bytes": len(whole), "mime_type": "text/plain"},
                 {"id": "upload_1", "object": "upload", "status": "pending"}),
            part(2, 1), part(0, 2), part(1, 3),
            call("/uploads/upload_1/complete", {"part_ids": ["part_0", "part_1", "part_2"], "md5": "x"},
                 {"id": "upload_1", "status": "completed", "file": {"id": "file-Parts0000000000000001",
                                                                    "filename": "rhyme.txt", "bytes": len(whole)}}, 4)], [
        uploaded(whole, id="file-Parts0000000000000001", name="rhyme.txt",
                 declared_type="text/plain")]


@case
def contents_of_a_file_fetched():
    return [entry(V1 + "/files/file-Stored000000000000001/content", None, NOTE, method="GET", kind=None,
                  answer_kind="application/octet-stream", fields={"authorization": "Bearer " + SK})], [
        api("response_with_file.downloaded", files=[{"id": "file-Stored000000000000001", "bytes": len(NOTE),
                                                                "sha256": sha(NOTE)}])]


# ---- audio and images ----

@case
def transcription_in_a_stream():
    made = multipart("b", field("model", "gpt-4o-transcribe"), field("prompt", "Names: Elin"), field("stream", "true"),
                ('Content-Disposition: form-data; name="file"; filename="log.wav"\r\nContent-Type: audio/wav',
                 b"RIFF\x24\0\0\0WAVEfmt "))
    return [entry(V1 + "/audio/transcriptions", answer=sse(*typed(
        {"type": "transcript.text.delta", "delta": "Lamp "}, {"type": "transcript.text.delta", "delta": "lit"},
        {"type": "transcript.text.done", "text": "Lamp lit"}), done=False), **made)], [
        api("audio.transcribed", "Lamp lit", hidden=ANY, hidden_has=["Names: Elin"],
            files=[{"name": "log.wav", "bytes": 16, "declared_type": "audio/wav"}])]


@case
def speech_made_of_text():
    return [call("/audio/speech", {"model": "tts-1", "input": "Cast off", "voice": "x", "instructions": "Shout"},
                 b"\xff\xf3\x40\xc0" + b"\0" * 60, answer_kind="audio/mpeg")], [
        said("Cast off", hidden="Shout"), api(ANY, ANY, hidden=ANY)]


@case
def picture_generated():
    return [call("/images/generations", {"model": "gpt-image-1", "prompt": "A red dot", "n": 1},
                 {"created": 1, "data": [{"b64_json": base64.b64encode(PNG).decode(), "revised_prompt": "One red dot"}]})], [
        said("A red dot"), api("response_with_file.generated", ANY, hidden=ANY, anywhere="One red dot", complete=True,
                               files=[{"sha256": sha(PNG), "bytes": len(PNG), "type": "image/png"}])]


@case
def pictures_edited():
    made = multipart("b", field("prompt", "Join them"),
                ('Content-Disposition: form-data; name="image[]"; filename="a.png"\r\nContent-Type: image/png', PNG),
                ('Content-Disposition: form-data; name="image[]"; filename="b.png"\r\nContent-Type: image/png', PNG),
                ('Content-Disposition: form-data; name="mask"; filename="m.png"\r\nContent-Type: image/png', PNG))
    return [send("/images/edits", {"data": [{"url": "https://example.com/x.png"}]}, **made)], [
        api("prompt_with_file.created", "Join them", hidden=ANY, files=[
            {"name": n, "sha256": sha(PNG), "type": "image/png"} for n in ("a.png", "b.png", "m.png")]),
        api("response_with_file.generated", ANY, hidden=ANY)]


# ---- threads ----

@case
def message_of_a_thread_with_files():
    return [call("/threads/thread_1/messages", {"role": "user", "content": [
        {"type": "text", "text": "Compare"}, {"type": "image_file", "image_file": {"file_id": "file-Pic00000000000000001"}}],
        "attachments": [{"file_id": "file-Doc00000000000000001", "tools": [{"type": "file_search"}]}]},
        {"id": "msg_9", "object": "thread.message", "thread_id": "thread_1", "role": "user"})], [
        api("prompt_with_file.created", "Compare", conversation_id="thread_1", message_id="msg_9",
            file_ids=["file-Pic00000000000000001", "file-Doc00000000000000001"])]


@case
def run_of_a_thread_in_a_stream():
    def delta(text):
        return ("thread.message.delta", {"id": "msg_10", "object": "thread.message.delta", "delta": {
            "content": [{"index": 0, "type": "text", "text": {"value": text, "annotations": []}}]}})
    return [call("/threads/runs", {"assistant_id": "asst_1", "stream": True, "additional_instructions": "Be brief",
                                   "thread": {"messages": [{"role": "user", "content": "Name a port"}]}},
                 sse(("thread.created", {"id": "thread_2", "object": "thread"}),
                     ("thread.run.created", {"id": "run_1", "object": "thread.run", "thread_id": "thread_2"}),
                     ("thread.message.created", {"id": "msg_10", "thread_id": "thread_2", "role": "assistant", "content": []}),
                     delta("Ri"), delta("ga"),
                     ("thread.message.completed", {"id": "msg_10", "thread_id": "thread_2", "role": "assistant", "content": [
                         {"type": "text", "text": {"value": "Riga", "annotations": []}}]}),
                     ("thread.run.completed", {"id": "run_1", "thread_id": "thread_2"}), ("done", "[DONE]"), done=False),
                 answer_kind="text/event-stream")], [
        said("Name a port", hidden="Be brief", conversation_id="thread_2"),
        answered("Riga", conversation_id="thread_2", message_id="msg_10")]


@case
def items_added_to_a_conversation():
    return [call("/conversations/conv_1/items", {"items": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Remember the lamp"}]}]},
        {"object": "list", "data": [{"id": "msg_11", "type": "message"}]})], [
        said("Remember the lamp", conversation_id="conv_1")]


@case
def endpoint_of_tomorrow():
    return [call("/lanterns", {"wish": "more light", "id": "lan_1"})], [
        api("service.unclassified", "more light", hidden=ANY)]


# ---- realtime ----

def socket(url, *frames, fields=None):
    made = entry(url, None, "", method="GET", kind=None, status=101, answer_kind=None, version="http/1.1",
                 fields={"upgrade": "websocket", "connection": "Upgrade", **(fields or {})})
    made["_resourceType"] = "websocket"
    made["_webSocketMessages"] = [
        {"type": kind, "time": 1 + i / 10, "opcode": 1, "data": dumps(data)} for i, (kind, data) in enumerate(frames)]
    return made


@case
def talk_by_a_socket():
    return [socket(
        "wss://api.openai.com/v1/realtime?model=gpt-realtime",
        ("receive", {"type": "session.created", "session": {"id": "sess_1", "model": "gpt-realtime"}}),
        ("send", {"type": "session.update", "session": {"type": "realtime", "instructions": "Speak like a pilot"}}),
        ("send", {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "Name a port"}]}}),
        ("send", {"type": "response.create"}),
        ("receive", {"type": "response.created", "response": {"id": "resp_9", "status": "in_progress"}}),
        ("receive", {"type": "response.output_audio_transcript.delta", "response_id": "resp_9", "item_id": "item_9",
                     "output_index": 0, "content_index": 0, "delta": "Ri"}),
        ("receive", {"type": "response.output_audio_transcript.delta", "response_id": "resp_9", "item_id": "item_9",
                     "output_index": 0, "content_index": 0, "delta": "ga"}),
        ("receive", {"type": "response.output_audio_transcript.done", "response_id": "resp_9", "item_id": "item_9",
                     "output_index": 0, "content_index": 0, "transcript": "Riga"}),
        ("receive", {"type": "response.done", "response": {"id": "resp_9", "status": "completed", "output": [
            {"id": "item_9", "type": "message", "role": "assistant", "content": [
                {"type": "output_audio", "transcript": "Riga"}]}]}}),
        fields={"sec-websocket-protocol": "realtime, openai-insecure-api-key." + SK})], [
        api(ANY, "Speak like a pilot"), said("Name a port"), answered("Riga")]
