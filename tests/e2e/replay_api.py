"""The public API (facts/chatgpt-wire.md §9.1, §9.2)."""
import hashlib

from exchanges import CARD, delta, dumps, entry, message, sse
from replay_cases import ANY, BAD, answers, case, expect, says

# ---- 9.1: chat completions ----

API = "https://api.openai.com/v1"
SK = "sk-proj-" + "aB3dE5fG7hJ9kL1m" * 3 + "wxyz"


def api(path, body, answer=None, kind="application/json", fields=None, **more):
    return entry(API + path, dumps(body), answer, answer_kind=kind,
                 fields={"authorization": "Bearer " + SK, **(fields or {})}, **more)


def completion(*choices, id="chatcmpl-1", model="gpt-4o-2024"):
    return dumps({"id": id, "object": "chat.completion", "created": 1, "model": model, "choices": [
        {"index": i, "message": {"role": "assistant", **c}, "finish_reason": "stop"} for i, c in enumerate(choices)],
        "usage": {"total_tokens": 3}})


def chunk(delta_, index=0, id="chatcmpl-2", **more):
    return {"id": id, "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024",
            "choices": [{"index": index, "delta": delta_, "finish_reason": None}], **more}


@case
def chat_plain():
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    digest = hashlib.sha256(SK.encode()).hexdigest()
    return [api("/chat/completions", body, completion({"content": "Hello"}))], [
        says("Hi", service="openai-api", model="gpt-4o", conversation_id=None,
             actor={"source": "api-key"}, actor_has=["sk-proj-", "wxyz", digest]),
        answers("Hello", service="openai-api", model="gpt-4o-2024", message_id="chatcmpl-1")]


@case
def chat_of_a_project():
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    tenant = {"OpenAI-Organization": "org-abc", "OpenAI-Project": "proj_x"}
    return [api("/chat/completions", body, completion({"content": "Hello"}), fields=tenant)], [
        says("Hi", project_id="proj_x", actor={"source": "api-key", "workspace": "org-abc"}),
        answers("Hello", project_id="proj_x")]


@case
def chat_history():
    body = {"model": "gpt-4o", "messages": [
        {"role": "developer", "content": "Be brief"}, {"role": "user", "content": "First"},
        {"role": "assistant", "content": "Yes", "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "result"},
        {"role": "user", "content": [{"type": "text", "text": "Second"}, {"type": "text", "text": "third"}]}]}
    return [api("/chat/completions", body, completion({"content": "ok"}))], [
        says("Second\nthird", hidden=ANY, hidden_has=["Be brief", "First", "Yes", "{\"a\":1}", "result"]),
        answers("ok")]


@case
def chat_files():
    data = "data:image/png;base64,iVBORw0KGgo="
    body = {"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": data, "detail": "low"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"}},
        {"type": "file", "file": {"file_id": "file-77"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}]}
    return [api("/chat/completions", body)], [expect("prompt_with_file.created", "what?", ANY, files=[
        {"bytes": 8, "declared_type": "image/png"}, {"name": "a.pdf", "bytes": 6, "declared_type": "application/pdf"},
        {"id": "file-77"}], verdict="alert")]  # a URL


@case
def chat_card_in_history():
    body = {"model": "m", "messages": [{"role": "user", "content": f"old {CARD}"},
                                       {"role": "assistant", "content": "hm"}, {"role": "user", "content": "new"}]}
    return [api("/chat/completions", body)], [
        says("new", hidden=f"old {CARD}\nhm", where="hidden", **BAD)]


@case
def chat_choices():
    body = {"model": "m", "n": 2, "messages": [{"role": "user", "content": "two"}]}
    return [api("/chat/completions", body, completion({"content": "A"}, {"content": "B"}))], [
        says("two"), answers("A"), answers("B")]


@case
def chat_refusal_and_tools():
    body = {"model": "m", "messages": [{"role": "user", "content": "bad"}]}
    call = {"content": None, "tool_calls": [{"id": "c", "type": "function",
                                             "function": {"name": "f", "arguments": "{\"x\":1}"}}]}
    old = {"content": None, "function_call": {"name": "g", "arguments": "{\"y\":2}"}}
    return [api("/chat/completions", body, completion({"content": None, "refusal": "I will not."})),
            api("/chat/completions", body, completion(call), second=2),
            api("/chat/completions", body, completion(old), second=4)], [
        says("bad"), answers("I will not."), says("bad"), answers(None, hidden=ANY, hidden_has='{"x":1}'),
        says("bad"), answers(None, hidden=ANY, hidden_has='{"y":2}')]


@case
def chat_stream():
    body = {"model": "m", "stream": True, "n": 2, "messages": [{"role": "user", "content": "go"}]}
    stream = sse(chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}), chunk({"content": "X"}, 1),
                 chunk({"content": "lo 👋"}), chunk({"content": "Y"}, 1),
                 {"id": "chatcmpl-2", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 9}})
    return [api("/chat/completions", body, stream, "text/event-stream")], [
        says("go"), answers("Hello 👋", message_id="chatcmpl-2", model="gpt-4o-2024"), answers("XY")]


@case
def chat_stream_tools():
    stream = sse(chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}),
                 chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":"}}]}),
                 chunk({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]}),
                 chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}))
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "go"}]}
    return [api("/chat/completions", body, stream, "text/event-stream")], [
        says("go"), answers(None, hidden=ANY, hidden_has=['{"a":1}', "{}"])]


@case
def chat_stream_cut():
    stream = sse(chunk({"content": "par"}), chunk({"content": "tial"}), done=False)
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "go"}]}
    return [api("/chat/completions", body, stream, "text/event-stream")], [
        says("go"), answers("partial", complete=False)]


@case
def chat_error():
    body = {"model": "m", "messages": [{"role": "user", "content": "go"}]}
    error = dumps({"error": {"message": "bad key", "type": "invalid_request_error"}})
    return [api("/chat/completions", body, error, status=401)], [says("go", outcome="failure")]


# ---- 9.2: responses ----

def response(output, status="completed", **more):
    return {"id": "resp_1", "object": "response", "status": status, "model": "gpt-5", "output": output, **more}


def said(text, id="msg_1", **more):
    return {"id": id, "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": [], **more}]}


@case
def responses_string():
    body = {"model": "gpt-5", "input": "Hi", "instructions": "Be brief", "previous_response_id": "resp_0"}
    return [api("/responses", body, dumps(response([said("Hello")], previous_response_id="resp_0")))], [
        says("Hi", hidden="Be brief", model="gpt-5", parent_message_id="resp_0", service="openai-api"),
        answers("Hello", message_id="resp_1", model="gpt-5")]


@case
def responses_items():
    body = {"model": "gpt-5", "input": [
        {"role": "user", "content": "old question"}, said("old answer"),
        {"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{\"cmd\":\"ls\"}"},
        {"type": "function_call_output", "call_id": "c", "output": "a.txt"},
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "summed up"}]},
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["cat", "/etc/hosts"]}},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "new question"}, {"type": "input_text", "text": "and more"},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
            {"type": "input_file", "file_id": "file-5", "filename": "b.pdf"}]}]}
    return [api("/responses", body, dumps(response([said("fine")])))], [
        expect("prompt_with_file.created", "new question\nand more", ANY, files=[
            {"bytes": 8, "declared_type": "image/png"}, {"id": "file-5", "name": "b.pdf"}],
            hidden_has=["old question", "old answer", "{\"cmd\":\"ls\"}", "a.txt", "summed up", "/etc/hosts"]),
        answers("fine")]


@case
def responses_stream():
    item = said("Hello there")
    stream = "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in [
        {"type": "response.created", "response": response([], "in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "summary_index": 0, "delta": "Think"},
        {"type": "response.reasoning_summary_text.done", "item_id": "rs_1", "summary_index": 0, "text": "Thinking"},
        {"type": "response.content_part.added", "item_id": "msg_1", "content_index": 0,
         "part": {"type": "output_text", "text": ""}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "delta": "Hello"},
        {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "delta": " there"},
        {"type": "response.output_text.done", "item_id": "msg_1", "content_index": 0, "text": "Hello there"},
        {"type": "response.content_part.done", "item_id": "msg_1", "content_index": 0, "part": item["content"][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response([
            {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Thinking"}]}, item])}])
    return [api("/responses", {"model": "gpt-5", "input": "Hi", "stream": True}, stream, "text/event-stream")], [
        says("Hi"), answers("Hello there", hidden="Thinking", message_id="resp_1")]


@case
def responses_stream_ends():
    def stream(*events):
        return "".join(f"event: {e['type']}\ndata: {dumps(e)}\n\n" for e in events)
    created = {"type": "response.created", "response": response([], "in_progress")}
    piece = {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "some wor"}
    body = {"model": "gpt-5", "input": "Hi", "stream": True}
    streams = [stream(created, piece),
               stream(created, piece, {"type": "response.incomplete", "response": response(
                   [said("some wor")], "incomplete", incomplete_details={"reason": "max_output_tokens"})}),
               stream(created, piece, {"type": "response.failed", "response": response([], "failed")})]
    return [api("/responses", body, s, "text/event-stream", second=2 * i) for i, s in enumerate(streams)], [
        says("Hi"), answers("some wor", complete=False), says("Hi"), answers("some wor"), says("Hi"),
        answers("some wor", complete=ANY)]


@case
def responses_tools():
    output = [{"id": "fc_1", "type": "function_call", "name": "f", "arguments": "{\"q\":1}"},
              {"id": "ci_1", "type": "code_interpreter_call", "code": "print(7)", "outputs": [
                  {"type": "logs", "logs": "7"}]},
              {"id": "ws_1", "type": "web_search_call", "action": {"type": "search", "query": "lyon weather"}},
              said("Done", annotations=[{"type": "container_file_citation", "container_id": "c", "file_id": "cf_1",
                                         "filename": "plot.png"}])]
    return [api("/responses", {"model": "gpt-5", "input": "Hi"}, dumps(response(output)))], [
        says("Hi"), expect("response_with_file.generated", "Done", ANY, complete=True,
                           files=[{"id": "cf_1", "name": "plot.png"}],
                           hidden_has=["{\"q\":1}", "print(7)", "lyon weather"])]


@case
def responses_card_in_tool_output():
    body = {"model": "gpt-5", "input": [{"role": "user", "content": "see"},
                                        {"type": "shell_call_output", "output": [{"stdout": CARD, "stderr": ""}]}]}
    return [api("/responses", body)], [says("see", hidden=ANY, hidden_has=CARD, **BAD)]


@case
def responses_compressed():
    body = {"model": "gpt-5", "input": f"zipped {CARD}"}
    return [api("/responses", body, encoding="zstd")], [says(f"zipped {CARD}", **BAD)]
