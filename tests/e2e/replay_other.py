"""Other content that leaves or comes by chatgpt.com: feedback, canvas, custom
instructions, memories, shares, exports, projects, voice (facts/chatgpt-wire.md
3.8, 3.9)."""
from exchanges import CARD, CHAT, dumps, entry
from replay_cases import ANY, BAD, case, expect

API = CHAT + "/backend-api"


def js(path, body, answer=None, method="POST", second=0, base=API, **more):
    return entry(base + path, None if body is None else dumps(body), dumps({} if answer is None else answer),
                 method=method, answer_kind="application/json", second=second, **more)


@case
def thumbs_with_tags_and_words():
    return [js("/conversation/message_feedback",
               {"conversation_id": "c-fb", "message_id": "a-fb", "rating": "thumbs_down", "tags": ["not-true"],
                "text": "The tide table is from last year"})], [
        expect("feedback.sent", "The tide table is from last year", conversation_id="c-fb", message_id="a-fb",
               hidden=ANY)]


@case
def thumbs_without_a_word():
    return [js("/conversation/message_feedback",
               {"conversation_id": "c-fb", "message_id": "a-fb", "rating": "thumbsUp", "tags": [], "text": ""})], [
        expect("feedback.sent", None, conversation_id="c-fb", message_id="a-fb", hidden=ANY)]


@case
def copied_out_of_an_answer():
    return [js("/conversation/implicit_message_feedback",
               {"message_id": "a-cp", "conversation_id": "c-cp", "source": "mouse",
                "feedback": {"feedback_type": "copy", "selected_text": "the wall was repaired"}})], [
        expect("feedback.sent", "the wall was repaired", conversation_id="c-cp", message_id="a-cp")]


@case
def canvas_saved_with_a_card():
    return [js("/textdoc/td_1", {"version": 7, "content": "# Dues\nPaid with " + CARD, "comments": []})], [
        expect("document.edited", "# Dues\nPaid with " + CARD, where=ANY, type="credit-card", **BAD)]


@case
def canvas_renamed():
    return [js("/textdoc/td_1/rename", {"title": "Harbour dues"})], [expect("document.edited", "Harbour dues")]


@case
def canvas_restored():
    return [js("/textdoc/td_1/restore", {"version": 9, "restore_from_version": 3})], [expect("document.edited")]


@case
def custom_instructions_patched():
    return [js("/user_system_messages", {
        "about_user_message": "I run a ferry", "about_model_message": "Answer briefly", "name_user_message": "Ana",
        "role_user_message": "skipper", "other_user_message": "", "traits_model_message": None, "enabled": True,
        "traits_enabled": True, "disabled_tools": ["dalle"], "personality_type_selection": "default"},
        method="PATCH")], [
        expect("instructions.updated", "I run a ferry\nAnswer briefly\nAna\nskipper", hidden=ANY)]


@case
def memory_changed():
    return [js("/memories/m-1", {"content": "Sails on Tuesdays"}, method="PATCH")], [
        expect("memory.updated", "Sails on Tuesdays")]


@case
def memory_removed():
    return [js("/memories/m-1", None, method="DELETE")], [expect("memory.updated")]


@case
def share_made():
    return [js("/share/create", {"conversation_id": "c-sh", "current_node_id": "a-sh", "is_anonymous": True},
               {"share_id": "s-1", "share_url": CHAT + "/share/s-1", "title": "Ferry times", "already_exists": False})], [
        expect("conversation.shared", ANY, hidden=ANY, conversation_id="c-sh", message_id="a-sh")]


@case
def share_published():
    return [js("/share/s-1", {"title": "Ferry times of May", "highlighted_message_id": "a-2", "is_public": True,
                              "is_visible": True, "is_anonymous": False, "is_discoverable": True,
                              "current_node_id": "a-3"}, method="PATCH")], [
        expect("conversation.shared", "Ferry times of May", message_id=ANY)]


@case
def canvas_shared():
    return [js("/textdoc/td_1/share", {"title": "Harbour dues"}, {"share_id": "s-2"})], [
        expect("conversation.shared", "Harbour dues")]


@case
def share_taken_back():
    return [js("/share/s-1", None, {"success": True}, method="DELETE")], []


@case
def conversation_deleted():
    return [js("/conversation/c-del", {"is_visible": False}, {"success": True}, method="PATCH")], [
        expect("conversation.deleted", conversation_id="c-del")]


@case
def conversation_deleted_the_newer_way():
    return [js("/conversation/id/c-del2", None, {"success": True}, method="DELETE")], [
        expect("conversation.deleted", conversation_id="c-del2")]


@case
def all_conversations_deleted():
    return [js("/conversations", {"is_visible": False}, {"success": True}, method="PATCH")], [
        expect("conversation.deleted")]


@case
def export_started():
    return [js("/accounts/data_export", None, {"status": "queued"})], [expect("conversation.exported")]


def node(id, parent, role, text, *children):
    return {"id": id, "parent": parent, "children": list(children), "message": None if role is None else {
        "id": id, "author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "weight": 1.0,
        "status": "finished_successfully", "metadata": {}, "recipient": "all"}}


TREE = {"title": "Ferries", "conversation_id": "c-tree", "current_node": "a2", "is_archived": False, "async_status": None,
        "mapping": {"root": node("root", None, None, "", "u1"), "u1": node("u1", "root", "user", "When?", "a1"),
                    "a1": node("a1", "u1", "assistant", "At nine.", "u2"),
                    "u2": node("u2", "a1", "user", "Where?", "a2"), "a2": node("a2", "u2", "assistant", "Pier 4.")}}


@case
def history_opened():
    return [js("/conversation/c-tree", None, TREE, method="GET")], [
        expect("conversation.viewed", "When?\nAt nine.\nWhere?\nPier 4.", hidden=ANY, conversation_id="c-tree")]


@case
def feedback_refused():
    return [js("/conversation/message_feedback",
               {"conversation_id": "c", "message_id": "a", "rating": "thumbsDown", "text": "no luck"},
               {"detail": "Unauthorized"}, status=401)], [expect("feedback.sent", "no luck", outcome="failure", hidden=ANY)]


@case
def prompt_in_the_address_of_the_page():
    return [entry(CHAT + "/?q=draft%20a%20note+to%20Lyon&hints=search&temporary-chat=true", None, "<html></html>",
                  method="GET", kind=None, answer_kind="text/html")], [
        expect("prompt.drafted", "draft a note to Lyon")]


@case
def project_made_with_instructions():
    return [js("/projects", {"name": "Ferries", "instructions": "Use nautical miles", "memory_scope": "project"},
               {"id": "g-p-00000000000000000000000000000001"})], [
        expect("instructions.updated", "Ferries\nUse nautical miles", hidden=ANY,
               project_id="g-p-00000000000000000000000000000001")]


@case
def project_the_older_way_with_files():
    return [js("/gizmos/snorlax/upsert", {
        "gizmo_id": "g-p-00000000000000000000000000000002", "instructions": "Be brief",
        "display": {"name": "Dues", "description": "Fees of ports", "prompt_starters": ["How much?"]}, "tools": [],
        "files": [{"file_id": "file-Source00000000000001", "name": "dues.csv", "type": "text/csv", "size": 12}],
        "memory_scope": "unset", "training_disabled": False, "sharing": [{"type": "private"}]},
        {"resource": {"gizmo": {"id": "g-p-00000000000000000000000000000002"}}})], [
        expect("instructions.updated", "Be brief\nDues\nFees of ports\nHow much?", hidden=ANY,
               project_id="g-p-00000000000000000000000000000002",
               files=[{"id": "file-Source00000000000001", "name": "dues.csv"}])]


@case
def connector_called():
    return [js("/ecosystem/call_mcp", {"app_uri": "connectors://drive", "tool_name": "search",
                                       "tool_input": {"query": "berth plan"}}, {"result": {"content": []}})], [
        expect("tool.invoked", anywhere="berth plan", content=ANY, hidden=ANY)]


@case
def voice_session_with_instructions():
    session = {"sdp": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n", "session": {"instructions": "Pay with " + CARD, "voice": "x"}}
    return [js("/realtime/calls", session, "v=0\r\n")], [
        expect(ANY, anywhere="Pay with " + CARD, content=ANY, hidden=ANY, where=ANY, type="credit-card", **BAD)]


@case
def write_that_nobody_explains():
    return [js("/lighthouse/keepers", {"name": "Elin", "id": "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f",
                                       "notes": ["lamp at dusk", 3, None]})], [
        expect("service.unclassified", "Elin\nlamp at dusk", hidden=ANY)]


@case
def form_that_nobody_explains():
    return [entry(CHAT + "/unauth-mweb/guestbook", "comment=nice+lamp%21&n=3", "", answer_kind=None,
                  kind="application/x-www-form-urlencoded;charset=UTF-8")], [
        expect("service.unclassified", "nice lamp!", hidden=ANY)]


@case
def telemetry_is_nothing():
    return [js("/lat/r", {"a": 1}), js("/ces/v1/t", {"event": "click"}, base=CHAT),
            js("/sentinel/chat-requirements", {"p": "x"}), js("/stop_conversation", {"conversation_id": "c"})], []
