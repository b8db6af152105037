"""Talks by WebSocket with the public API (facts/chatgpt-wire.md §9.2, §9.3):
realtime of today and of its beta, responses by socket."""
import base64

from replay_cases import ANY, answers, case, expect, says
from replay_ws import API, create, down, socket, turn, up

TALK = "wss://api.openai.com/v1/realtime?model=gpt-realtime"


def talk(*messages, url=TALK, **more):
    return socket(url, *messages, fields={"sec-websocket-protocol": "realtime, openai-insecure-api-key.sk-proj-dGFsa3MtYnktc29ja2V0LTU1"}, **more)


def said(text, id="item_u"):
    return up({"type": "conversation.item.create", "item": {"id": id, "type": "message", "role": "user",
                                                            "content": [{"type": "input_text", "text": text}]}})


def reply(id, text, kind="output_text"):
    field = "transcript" if "transcript" in kind else "text"
    part = {"type": "output_audio" if "transcript" in kind else "output_text", field: text}
    base = {"response_id": id, "item_id": "item_" + id, "output_index": 0, "content_index": 0}
    yield down({"type": "response.created", "response": {"id": id, "status": "in_progress", "output": []}})
    half = len(text) // 2
    for piece in (text[:half], text[half:]):
        yield down({"type": f"response.{kind}.delta", **base, "delta": piece})
    yield down({"type": f"response.{kind}.done", **base, field: text})
    yield down({"type": "response.done", "response": {"id": id, "status": "completed", "output": [
        {"id": "item_" + id, "type": "message", "role": "assistant", "content": [part]}]}})


@case
def talk_typed_and_answered():
    return [talk(down({"type": "session.created", "session": {"id": "sess_1", "model": "gpt-realtime"}}),
                 up({"type": "session.update", "session": {"type": "realtime", "instructions": "Speak of tides"}}),
                 said("When is high tide?"), up({"type": "response.create"}), *reply("resp_k1", "At noon."))], [
        expect(ANY, ANY, hidden=ANY, anywhere="Speak of tides"), says("When is high tide?", hidden=ANY),
        answers("At noon.", message_id="resp_k1", replies_to=1, hidden=ANY)]


@case
def talk_spoken_and_written_down():
    return [talk(up({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(400)).decode()}),
                 up({"type": "input_audio_buffer.commit"}),
                 down({"type": "conversation.item.input_audio_transcription.delta", "item_id": "item_v", "content_index": 0, "delta": "Is it "}),
                 down({"type": "conversation.item.input_audio_transcription.completed", "item_id": "item_v", "content_index": 0,
                       "transcript": "Is it calm?"}),
                 *reply("resp_k2", "It is calm.", "output_audio_transcript"))], [
        expect("audio.transcribed", "Is it calm?"), answers("It is calm.", message_id="resp_k2", hidden=ANY)]


@case
def talk_of_the_beta():
    return [talk(said("Old names?"), up({"type": "response.create", "response": {"modalities": ["text"]}}), *reply("resp_k3", "Still known.", "text"),
                 url="wss://api.openai.com/v1/realtime?model=gpt-4o-realtime-preview")], [
        says("Old names?"), answers("Still known.", message_id="resp_k3", replies_to=0, hidden=ANY)]


@case
def two_turns_by_a_socket_with_a_function():
    call = {"type": "response.function_call_arguments.done", "response_id": "resp_k4", "item_id": "fc_1", "output_index": 0, "call_id": "call_1",
            "name": "tide", "arguments": "{\"port\":\"Lyon\"}"}
    done = {"type": "response.done", "response": {"id": "resp_k4", "status": "completed", "output": [
        {"id": "fc_1", "type": "function_call", "name": "tide", "call_id": "call_1", "arguments": "{\"port\":\"Lyon\"}"}]}}
    return [talk(said("Tide in Lyon?"), up({"type": "response.create"}), down({"type": "response.created", "response": {"id": "resp_k4"}}),
                 down(call), down(done),
                 up({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_1", "output": "none inland"}}),
                 up({"type": "response.create"}), *reply("resp_k5", "There is none."))], [
        says("Tide in Lyon?"), expect("response.generated", None, hidden_has='{"port":"Lyon"}', hidden=ANY, message_id="resp_k4"),
        expect("tool.invoked", None, hidden="none inland"), answers("There is none.", message_id="resp_k5", hidden=ANY)]


@case
def response_by_the_api_s_socket():
    return [socket(API, up(create("List the tides")), *(down(x) for x in turn("resp_k6", "None today")))], [
        says("List the tides", hidden=ANY), answers("None today", message_id="resp_k6", replies_to=0, hidden=ANY)]
