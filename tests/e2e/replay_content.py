"""What else people write to ChatGPT or publish from it (facts/chatgpt-wire.md
§3.9): a case each row of the map of activities, docs/activities.md."""
from exchanges import CARD, CHAT, dumps, entry, plain
from replay_cases import ANY, BAD, case, expect

B = CHAT + "/backend-api"


def write(path, body=None, answer="{}", method="POST", **more):
    return entry(B + path, None if body is None else dumps(body), answer, method=method,
                 answer_kind="application/json", **more)


@case
def feedback_with_words():
    body = {"conversation_id": "fb-c", "message_id": "fb-m", "rating": "thumbsDown", "tags": ["inaccurate"],
            "text": "Lyon is in France"}
    return [write("/conversation/message_feedback", body)], [
        expect("feedback.sent", "Lyon is in France", hidden="thumbsDown\ninaccurate", conversation_id="fb-c",
               message_id="fb-m")]


@case
def text_copied_out_of_an_answer():
    body = {"message_id": "cp-m", "conversation_id": "cp-c", "source": "mouse",
            "feedback": {"feedback_type": "copy", "selected_text": "the copied\nlines"}}
    return [write("/conversation/implicit_message_feedback", body)], [
        expect("feedback.sent", "the copied\nlines", conversation_id="cp-c", message_id="cp-m")]


@case
def share_made_and_changed():
    made = {"conversation_id": "sh-c", "current_node_id": "sh-m", "is_anonymous": True}
    changed = {"title": "Plan for Lyon", "highlighted_message_id": "sh-m", "is_public": True, "is_visible": True,
               "is_anonymous": False, "is_discoverable": False, "current_node_id": "sh-m"}
    answer = dumps({"share_id": "s1", "share_url": "https://chatgpt.com/share/s1", "title": "Plan"})
    return [write("/share/create", made, answer), write("/share/s1", changed, method="PATCH", second=2)], [
        expect("conversation.shared", ANY, conversation_id="sh-c", category="Data Sharing"),
        expect("conversation.shared", "Plan for Lyon", category="Data Sharing")]


@case
def conversation_deleted_in_each_way():
    return [write("/conversation/del-c", {"is_visible": False}, method="PATCH"),
            write("/conversations", {"is_visible": False}, method="PATCH", second=2),
            write("/conversation/id/del-d", method="DELETE", second=4)], [
        expect("conversation.deleted", conversation_id="del-c", category="Data Delete"),
        expect("conversation.deleted", category="Data Delete"),
        expect("conversation.deleted", conversation_id="del-d")]


@case
def conversation_renamed_archived_moved():
    return [write("/conversation/ren-c", {"title": "Taxes of Ana"}, method="PATCH"),
            write("/conversation/ren-c", {"gizmo_id": "g-p-1"}, method="PATCH", second=2),
            write("/conversation/ren-c", {"title": f"pay {CARD}"}, method="PATCH", second=4)], [
        expect("service.unclassified", "Taxes of Ana", conversation_id="ren-c"),
        expect("service.unclassified", None, conversation_id="ren-c", project_id="g-p-1"),
        expect("service.unclassified", f"pay {CARD}", **BAD)]


@case
def conversations_exported():
    return [write("/accounts/data_export", {})], [expect("conversation.exported", category="Data Download")]


@case
def custom_instructions():
    body = {"object": "user_system_message_detail", "enabled": True, "about_user_message": "I keep the books",
            "about_model_message": "Be brief", "name_user_message": "Ana", "role_user_message": "Accountant",
            "other_user_message": "", "traits_model_message": "dry", "personality_type_selection": "robot",
            "personality_traits": ["calm"], "disabled_tools": []}
    return [write("/user_system_messages", body), write("/user_system_messages", {"about_user_message": CARD},
                                                        method="PATCH", second=2)], [
        expect("instructions.updated", "I keep the books\nBe brief\nAna\nAccountant\ndry", hidden="robot\ncalm",
               category="Data Updates"),
        expect("instructions.updated", CARD, **BAD)]


@case
def memories():
    return [write("/memories/mem-1", {"content": "Ana likes tea"}, method="PATCH"),
            write("/memories/mem-1", method="DELETE", second=2)], [
        expect("memory.updated", "Ana likes tea", category="Data Updates"), expect("memory.updated")]


@case
def canvas_saved_and_renamed():
    body = {"version": 3, "content": "# Offer\n12 chairs", "comments": [{"id": "k", "content": "cheaper?"},
                                                                          {"id": "l", "comment": "no"}]}
    return [write("/textdoc/td-1", body), write("/textdoc/td-1/rename", {"title": "Offer"}, second=2),
            write("/textdoc/td-1", {"version": 4, "content": f"IBAN {CARD}", "comments": []}, second=4)], [
        expect("document.edited", "# Offer\n12 chairs\ncheaper?\nno", category="Data Updates"),
        expect("document.edited", "Offer"), expect("document.edited", f"IBAN {CARD}", **BAD)]


@case
def projects_and_gpts():
    return [write("/projects", {"name": "Audit", "instructions": "Check twice", "memory_scope": "project"}),
            write("/projects/g-p-7", {"name": "Audit 2", "instructions": "", "emoji": "x", "theme": "y"},
                  method="PATCH", second=2),
            write("/gizmos/snorlax/upsert", {"instructions": "Count", "display": {"name": "Old", "description": "d",
                  "prompt_starters": ["Hi"]}, "tools": [], "files": []}, second=4),
            write("/gizmos", {"instructions": "Sell", "display": {"name": "Shop"}}, second=6)], [
        expect("instructions.updated", "Audit\nCheck twice"),
        expect("instructions.updated", "Audit 2", project_id="g-p-7"),
        expect("instructions.updated", "Count\nOld\nd\nHi"), expect("instructions.updated", "Sell\nShop")]


@case
def words_in_addresses():
    return [entry(CHAT + "/?q=Plan+for%20Lyon&hints=search", method="GET", answer="<html>", answer_kind="text/html"),
            entry(B + "/conversations/search?query=ana%27s+taxes&cursor=", method="GET", second=2),
            entry(B + f"/conversations/search?query={CARD.replace(' ', '')}&cursor=", method="GET", second=4)], [
        expect("prompt.drafted", "Plan for Lyon"), expect("conversation.viewed", "ana's taxes"),
        expect("conversation.viewed", CARD.replace(" ", ""), where="url", **BAD)]


@case
def an_answer_read_again():
    """Resume: the answer is told once, whichever stream brought it."""
    body = {"conversation_id": "rs-c", "offset": 0}
    stream = plain("The long answer", "rs-a1", "rs-u1", "rs-c")
    return [entry(B + "/f/conversation/resume", dumps(body), stream, second=0),
            entry(B + "/f/conversation/resume", dumps(body), stream, second=4)], [
        expect("response.generated", "The long answer", message_id="rs-a1", conversation_id="rs-c", complete=True)]


@case
def a_talk_read_afterwards():
    """Voice goes past the proxy, but its words are in the history (§3.8)."""
    def said(id, parent, role, text, direction):
        part = {"content_type": "audio_transcription", "text": text, "direction": direction, "decoding_id": None}
        sound = {"content_type": "audio_asset_pointer", "asset_pointer": f"sediment://file_{id}", "size_bytes": 9,
                 "format": "wav"}
        content = {"content_type": "multimodal_text", "parts": [part, sound]}
        return {"id": id, "parent": parent, "children": [],
                "message": {"id": id, "author": {"role": role}, "content": content, "recipient": "all", "metadata": {}}}
    nodes = [said("vu", "root", "user", "Book the train to Lyon", "in"), said("va", "vu", "assistant", "Done.", "out")]
    tree = {"title": "T", "mapping": {n["id"]: n for n in nodes}, "current_node": "va", "conversation_id": "voice-c"}
    return [write("/conversation/voice-c", None, dumps(tree), method="GET")], [
        expect("conversation.viewed", "Book the train to Lyon\nDone.", conversation_id="voice-c")]
