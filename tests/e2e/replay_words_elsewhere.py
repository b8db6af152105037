"""Words that go other ways than a prompt (facts/chatgpt-wire.md §3.4, §3.7 to
§3.11): canvas, memories, shares, automations, connectors, searches, voice,
Codex, Sora."""
from exchanges import CARD, CHAT, dumps, entry
from replay_cases import ANY, case, expect
from replay_other import js


@case
def keystrokes_of_a_search():
    return [js("/conversation/experimental/generate_autocompletions",
               {"input_text": "where can I fi", "num_completions": 4, "in_search_mode": True}, {"completions": ["where can I find it"]})], [
        expect("prompt.drafted", "where can I fi", hidden=ANY)]


@case
def feedback_with_several_tags():
    return [js("/conversation/message_feedback", {"conversation_id": "we-c1", "message_id": "we-a1", "rating": "thumbsDown",
               "tags": ["not-helpful", "incomplete"], "text": "The last column\nis missing."})], [
        expect("feedback.sent", "The last column\nis missing.", conversation_id="we-c1", message_id="we-a1", hidden=ANY)]


@case
def copied_with_a_card():
    return [js("/conversation/implicit_message_feedback", {"message_id": "we-a2", "conversation_id": "we-c2", "source": "keyboard",
               "feedback": {"feedback_type": "copy", "selected_text": "Card " + CARD}})], [
        expect("feedback.sent", "Card " + CARD, conversation_id="we-c2", message_id="we-a2", type="credit-card", verdict=ANY, outcome=ANY)]


@case
def canvas_saved_whole():
    return [js("/textdoc/td-1", {"version": 4, "content": "# Tides\n\nHigh at noon.", "comments": []})], [
        expect("document.edited", "# Tides\n\nHigh at noon.", hidden=ANY, category="Data Updates")]


@case
def instructions_with_every_field():
    body = {"about_user_message": "I keep the harbour", "about_model_message": "Be brief", "name_user_message": "Ana",
            "role_user_message": "harbour master", "other_user_message": "I like tides", "traits_model_message": "dry humour",
            "personality_type_selection": "default", "traits_enabled": True, "enabled": True, "disabled_tools": []}
    return [js("/user_system_messages", body, {**body, "object": "user_system_message_detail"})], [
        expect("instructions.updated", "I keep the harbour\nBe brief\nAna\nharbour master\nI like tides\ndry humour", hidden=ANY,
               category="Data Updates")]


@case
def memory_forgotten():
    return [js("/memories/mem-1", None, {"success": True}, method="DELETE")], [expect("memory.updated", None, category="Data Updates")]


@case
def share_made_named_and_taken_back():
    return [js("/share/create", {"conversation_id": "we-c3", "current_node_id": "we-n3", "is_anonymous": True},
               {"share_id": "sh-1", "share_url": "https://chatgpt.com/share/sh-1", "title": "Tides", "already_exists": False}),
            js("/share/sh-1", {"title": "Tides of Lyon", "highlighted_message_id": "we-n3", "is_public": True, "is_visible": True,
                               "is_anonymous": True, "is_discoverable": False, "current_node_id": "we-n3"}, {}, "PATCH", 2)], [
        expect("conversation.shared", ANY, hidden=ANY, conversation_id="we-c3", category="Data Sharing"),
        expect("conversation.shared", "Tides of Lyon", hidden=ANY)]


@case
def one_conversation_hidden_and_all_of_them():
    return [js("/conversation/we-c4", {"is_visible": False}, {"success": True}, "PATCH"),
            js("/conversations", {"is_visible": False}, {"success": True}, "PATCH", 1),
            js("/conversation/id/we-c5", None, {}, "DELETE", 2)], [
        expect("conversation.deleted", None, conversation_id="we-c4", category="Data Delete"),
        expect("conversation.deleted", None), expect("conversation.deleted", None, conversation_id="we-c5")]


@case
def search_for_a_card():
    return [js("/conversations/search?query=" + CARD.replace(" ", "%20") + "&cursor=", None, {"items": [], "cursor": None}, "GET")], [
        expect(ANY, ANY, hidden=ANY, where="url", type="credit-card", verdict=ANY, outcome=ANY)]


@case
def page_with_a_prompt_in_its_address():
    return [entry(CHAT + "/?q=Where%20is%20the%20harbour%3F&hints=search&temporary-chat=true", None, "<html></html>", method="GET",
                  answer_kind="text/html")], [expect("prompt.drafted", "Where is the harbour?")]


@case
def tool_of_an_app():
    return [js("/ecosystem/call_mcp", {"app_uri": "connectors://drive", "tool_name": "search_files",
                                       "tool_input": {"query": "tide tables 2026", "limit": 5}}, {"result": {"files": []}})], [
        expect("tool.invoked", ANY, hidden=ANY, anywhere="tide tables 2026", target={"type": "tool", "name": "search_files"})]


@case
def voice_by_a_token():
    return [entry(CHAT + "/voice/get_token", dumps({"voice": "cove", "voice_mode": "advanced", "parent_message_id": "p", "conversation_id": "we-c6",
                  "model_slug": "gpt-5", "language": "auto", "voice_session_id": "vs-1", "voice_training_allowed": False}),
                  dumps({"url": "wss://x.livekit.cloud", "token": "t", "e2ee_key": "k"}), answer_kind="application/json")], [
        expect(ANY, ANY, hidden=ANY, conversation_id="we-c6", reason=ANY)]


@case
def task_of_codex_with_a_patch():
    body = {"new_task": {"environment_id": "env-1", "branch": "main", "run_environment_in_qa_mode": False},
            "input_items": [{"type": "message", "role": "user", "content": [{"content_type": "text", "text": "Fix the tide table"}]},
                            {"type": "pre_apply_patch", "output_diff": {"diff": "--- a/t.c\n+++ b/t.c\n"}}], "metadata": {"best_of_n": 2}}
    return [js("/wham/tasks", body, {"task": {"id": "task_e_1"}})], [
        expect("prompt.created", "Fix the tide table", hidden=ANY, hidden_has="+++ b/t.c")]


@case
def video_with_a_storyboard():
    return [entry("https://sora.chatgpt.com/backend/nf/create", dumps({"kind": "video", "prompt": "A slow dawn", "orientation": "landscape",
                  "size": "small", "n_frames": 300, "model": "sy_8", "style_id": None, "inpaint_items": [], "cameo_ids": []}),
                  dumps({"id": "task_2"}), answer_kind="application/json")], [expect("prompt.created", "A slow dawn", hidden=ANY)]


@case
def room_with_a_file_and_a_reply():
    body = {"content": {"text": "see this", "attachments": [{"type": "file", "file_id": "file_rm1"}, {"type": "link", "url": "https://lyon.example/x"}],
                        "system_hints": []}, "reply_to": {"message_id": "rm-0"}, "request_id": "rm-r1"}
    return [js("/calpico/chatgpt/rooms/" + "ab" * 16 + "/messages", body, {"message": {"id": "rm-1"}})], [
        expect("prompt_with_file.created", ANY, hidden=ANY, content_has="see this", verdict="alert", type="url", file_ids=["file_rm1"], parent_message_id="rm-0")]
