"""What is fetched, spoken, or set up beside prompts (facts/chatgpt-wire.md §3.7
to §3.9, §9.3): a case each row of docs/activities.md."""
from exchanges import CARD, CHAT, dumps, entry
from replay_cases import ANY, case, expect, says

B = CHAT + "/backend-api"
API = "https://api.openai.com/v1"
VOICE = ("--d\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.webm\"\r\nContent-Type: audio/webm\r\n\r\n"
         "\x1aE\r\n--d--\r\n")
PARTS = "multipart/form-data; boundary=d"


def get(url, answer, second=0):
    return entry(url, None, dumps(answer), method="GET", answer_kind="application/json", second=second)


def write(url, body, answer="{}", method="POST", **more):
    return entry(url, None if body is None else dumps(body), answer, method=method, answer_kind="application/json",
                 **more)


@case
def dictation_says_what_was_spoken():
    return [entry(B + "/transcribe", VOICE, '{"text":"call me at noon"}', kind=PARTS, answer_kind="application/json"),
            entry(API + "/audio/transcriptions", VOICE, '{"text":"and at six"}', kind=PARTS,
                  answer_kind="application/json", second=2)], [
        expect("audio.transcribed", "call me at noon", files=[{"name": "a.webm"}]),
        expect("audio.transcribed", "and at six", files=[{"name": "a.webm"}])]


@case
def voice_is_told_as_not_inspected():
    return [write(CHAT + "/voice/get_token", {"voice": "ember", "voice_mode": "advanced", "conversation_id": "vo-c",
                  "parent_message_id": "p", "model_slug": "gpt-4o"}, '{"url":"wss://x","token":"t","e2ee_key":"k"}'),
            write(B + "/realtime/calls", {"sdp": "v=0", "session": {"instructions": "Be kind", "voice": "ember"}},
                  second=2),
            write(API + "/realtime/calls", {"sdp": "v=0", "session": {"instructions": "Be kind"}}, second=4)], [
        expect("tool.invoked", conversation_id="vo-c", reason=ANY), expect("tool.invoked", None, ANY, hidden_has="Be kind"),
        expect("tool.invoked", None, ANY, hidden_has="Be kind", service="openai-api")]


@case
def memories_and_instructions_read():
    memory = {"memories": [{"id": "m", "content": f"Ana pays with {CARD}"}], "memory_max_tokens": 9}
    return [get(B + "/memories?include_memory_entries=true", memory),
            get(B + "/user_system_messages", {"about_user_message": f"card {CARD}"}, 2)], [
        expect("conversation.viewed", f"Ana pays with {CARD}", verdict="alert"),
        expect("conversation.viewed", f"card {CARD}", verdict="alert")]


@case
def lists_of_conversations():
    answer = {"items": [{"id": "c", "title": f"pay {CARD}", "snippet": "x"}]}
    return [get(B + "/conversations?offset=0&limit=28", answer)], [
        expect("conversation.viewed", f"pay {CARD}\nx", verdict="alert")]


@case
def several_conversations_fetched():
    tree = {"conversation_id": "b-c", "current_node": "u", "mapping": {"u": {"id": "u", "parent": None, "children": [],
            "message": {"id": "u", "author": {"role": "user"}, "recipient": "all", "metadata": {},
                        "content": {"content_type": "text", "parts": ["from the past"]}}}}}
    return [write(B + "/conversations/batch", {"conversation_ids": ["b-c"]}, dumps([tree]))], [
        expect("conversation.viewed", "from the past")]


@case
def canvas_read_restored_and_commented():
    return [get(B + "/textdoc/td-7", {"id": "td-7", "version": 2, "content": "# Offer"}),
            write(B + "/textdoc/td-7/restore", {"version": 3, "restore_from_version": 1}, second=2),
            entry(B + "/textdoc/td-7/3/comment/k1?reason=applied", None, "{}", method="DELETE", second=4)], [
        expect("conversation.viewed", "# Offer"), expect("document.edited"), expect("document.edited")]


@case
def group_chat_read_and_set_up():
    room = B + "/calpico/chatgpt/rooms"
    return [write(room, {"name": "Lunch", "custom_instructions": "Be short"}),
            get(room + "/0123456789abcdef0123456789abcdef/messages?after=", {"items": [
                {"content": {"text": f"my card {CARD}"}}]}, 2)], [
        expect("instructions.updated", ANY, content_has=["Lunch", "Be short"]),
        expect("conversation.viewed", f"my card {CARD}", verdict="alert")]


@case
def automations_changed():
    return [write(B + "/automations/a-1", {"prompt": "each Friday", "title": "T"}, method="PATCH"),
            write(B + "/tasks", {"prompt": "each day", "title": "D"}, second=2),
            write(B + "/tasks/t-1", {"prompt": "each hour"}, method="PATCH", second=4)], [
        expect("prompt.updated", "each Friday", "T", update="edit"), says("each day", hidden="D"),
        expect("prompt.updated", "each hour", update="edit")]


@case
def widgets_connectors_and_actions():
    return [write(B + "/ecosystem/widget_state", {"conversation_id": "w-c", "message_id": "w-m", "state": {"q": "tea"}}),
            write(B + "/aip/connectors/links", {"name": "Drive of Ana"}, second=2),
            write(B + "/gizmos/action_settings", {"url": "https://x.test"}, second=4)], [
        expect("tool.invoked", None, "tea", conversation_id="w-c"), expect("tool.invoked", ANY), expect(
            "instructions.updated", hidden=ANY, verdict="alert")]


@case
def library_file_deleted():
    url = B + "/files/library/files/libfile_1/delete_stream?file_id=file_1&file_name=Wages.xlsx&soft_delete=true"
    return [entry(url, "{}", "{}", answer_kind="application/json")], [
        expect("service.unclassified", files=[{"id": "file_1", "name": "Wages.xlsx"}])]


@case
def evaluations_tuning_and_skills():
    return [write(API + "/fine_tuning/jobs", {"model": "m", "training_file": "file-t", "suffix": "s"}),
            entry(API + "/skills", VOICE, "{}", kind=PARTS, answer_kind="application/json", second=2),
            write(API + "/evals", {"name": "E", "testing_criteria": [{"input": [{"role": "user", "content": "Is it so?"}]}]},
                  second=4)], [
        expect("tool.invoked", hidden="s", file_ids=["file-t"]), expect("file.uploaded", files=[{"name": "a.webm"}]),
        expect("tool.invoked", "Is it so?", "E")]


@case
def the_page_names_the_session():
    """§7.1: the HTML of the page holds the session as JSON."""
    boot = {"session": {"user": {"id": "user-boot", "email": "boot@example.com"}, "account": {"id": "w-boot"}}}
    page = f'<!doctype html><html><script type="application/json" id="client-bootstrap">{dumps(boot)}</script></html>'
    cookies = {"cookie": "__Secure-next-auth.session-token=boot-token-1"}
    body = {"conversation_id": "bo-c", "message_id": "m", "rating": "thumbsUp", "text": "good"}
    return [entry(CHAT + "/", None, page, method="GET", answer_kind="text/html; charset=utf-8", fields=cookies),
            write(B + "/conversation/message_feedback", body, fields=cookies, second=4)], [
        expect("feedback.sent", "good", "thumbsUp", actor={"account": "boot@example.com", "workspace": "w-boot"})]
