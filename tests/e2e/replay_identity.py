"""Who it is, with the plan and the id of the account, where the wire tells it
(facts/chatgpt-wire.md §7.1); and what is known only of one session."""
from exchanges import CHAT, F, delta, add, append, document, dumps, entry, message, prompt, token
from replay_cases import ANY, answers, case, expect, says
from replay_content import write
from replay_ws import down, items, socket, stream

COOKIE = "__Secure-next-auth.session-token"


def get(path, answer, cookie, **more):
    return entry(CHAT + path, None, dumps(answer), method="GET", answer_kind="application/json",
                 fields={"cookie": cookie}, **more)


def ask(text, cookie, second, **fields):
    return entry(F, dumps(prompt(message(text))), "{}", answer_kind="application/json",
                 fields={"cookie": cookie, **fields}, second=second)


def accounts(*known):
    made = {id: {"account": {"account_id": id, "name": None, "plan_type": plan, "structure": structure}, "features": []}
            for id, plan, structure in known}
    return {"accounts": made, "account_ordering": [k[0] for k in known]}


@case
def token_names_plan_and_id():
    bearer = {"authorization": token("a@example.com", user="user-7", account="w-1")}
    chosen = {**bearer, "chatgpt-account-id": "w-2"}
    return [entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", fields=bearer),
            entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", fields=chosen, second=2)], [
        says("hi", actor={"user": "a@example.com", "user_id": "user-7", "workspace": "w-1", "plan": "team"}),
        # the plan is that of the token's account, not of the one that was chosen
        says("hi", actor={"user": "a@example.com", "user_id": "user-7", "workspace": "w-2", "plan": None})]


@case
def session_names_plan_and_id():
    cookie = COOKIE + "=plan-1"
    session = {"user": {"id": "user-8", "email": "b@example.com"}, "account": {"id": "w-8", "planType": "enterprise"}}
    return [get("/api/auth/session", session, cookie), ask("hi", cookie, 2)], [
        says("hi", actor={"user": "b@example.com", "source": "session", "user_id": "user-8", "workspace": "w-8",
                          "plan": "enterprise"})]


@case
def pieces_of_the_session_in_any_order():
    """A long token comes in cookies .0, .1 …, which a client may turn round."""
    one, two = COOKIE + ".0=first", COOKIE + ".1=second"
    session = {"user": {"id": "user-13", "email": "f@example.com"}, "account": {"id": "w-13", "planType": "team"}}
    return [get("/api/auth/session", session, f"{one}; oai-did=d; {two}"), ask("hi", f"{two}; {one}", 2),
            ask("ho", COOKIE + ".0=second; " + COOKIE + ".1=first", 4)], [
        says("hi", actor={"user": "f@example.com", "source": "session", "workspace": "w-13"}),
        says("ho", actor={"user": None, "workspace": None})]


@case
def accounts_check_names_the_chosen_workspace():
    cookie = COOKIE + "=plan-2"
    me = {"id": "user-9", "email": "c@example.com", "orgs": {"data": []}}
    listed = accounts(("w-a", "plus", "personal"), ("w-b", "team", "workspace"))
    return [get("/backend-api/me", me, cookie),
            get("/backend-api/accounts/check/v4-2023-04-27", listed, cookie + "; _account=w-b", second=1),
            ask("hi", cookie + "; _account=w-b", 2)], [
        says("hi", actor={"user": "c@example.com", "user_id": "user-9", "workspace": "w-b", "plan": "team"})]


@case
def accounts_check_with_one_account():
    cookie = COOKIE + "=plan-3"
    return [get("/backend-api/me", {"id": "user-10", "email": "d@example.com"}, cookie),
            get("/backend-api/accounts/check/v4-2023-04-27", accounts(("w-c", "plus", "personal")), cookie, second=1),
            ask("hi", cookie, 2)], [
        says("hi", actor={"user": "d@example.com", "user_id": "user-10", "workspace": "w-c", "plan": "plus"})]


@case
def accounts_check_does_not_guess():
    cookie = COOKIE + "=plan-4"
    listed = accounts(("w-d", "plus", "personal"), ("w-e", "team", "workspace"))
    return [get("/backend-api/me", {"id": "user-11", "email": "e@example.com"}, cookie),
            get("/backend-api/accounts/check/v4-2023-04-27", listed, cookie, second=1), ask("hi", cookie, 2)], [
        says("hi", actor={"user": "e@example.com", "workspace": None, "plan": None})]


@case
def the_socket_of_the_answers_names_the_user():
    """wss://ws.chatgpt.com/ws/user/ID has nothing else that does."""
    return [socket("wss://ws.chatgpt.com/ws/user/user-12?verify=secret",
                   *map(down, items("conversation-turn-who", stream("Yes", id="who-a", conversation="who-c"))))], [
        answers("Yes", actor={"user": "user-12"})]


@case
def another_workspace_is_chosen():
    return [write("/accounts/transfer", {"workspace_id": "0f7c9b1e-1111-4222-8333-444444444444"})], [
        expect("service.unclassified", ANY, ANY)]


@case
def stream_names_the_plan():
    stream = delta(add(document("ste-a", parent="ste-u", conversation="ste-c")), append("yes"),
                   {"type": "server_ste_metadata", "metadata": {"plan_type": "guest", "model_slug": "m"}})
    return [entry(CHAT + "/backend-anon/f/conversation", dumps(prompt(message("hi", "ste-u"))), stream)], [
        says("hi", actor={"plan": "guest"}, conversation_id=ANY), answers("yes", actor={"plan": "guest"})]


@case
def voice_is_named_and_said_to_be_unreadable():
    body = {"voice": "breeze", "voice_mode": "advanced", "conversation_id": "vo-c", "parent_message_id": "vo-p",
            "model_slug": "gpt-5-6"}
    return [entry(CHAT + "/voice/get_token", dumps(body), dumps({"url": "wss://x.livekit.cloud", "token": "t"}),
                  answer_kind="application/json"),
            write("/realtime/calls", {"sdp": "v=0", "session": {"voice": "breeze"}}, second=2)], [
        expect("tool.invoked", target={"type": "tool", "name": "voice"}, details={"inspectable": False},
               conversation_id="vo-c"),
        expect("tool.invoked", target={"type": "tool", "name": "voice"}, details={"inspectable": False})]


@case
def call_of_an_app_names_the_tool():
    body = {"app_uri": "connectors://crm", "tool_name": "find_customer", "tool_input": {"q": "Lyon"}}
    return [write("/ecosystem/call_mcp", body, dumps({"ok": True}))], [
        expect("tool.invoked", target={"type": "tool", "name": "find_customer"}, details=None,
               hidden="connectors://crm\nfind_customer\nLyon", http={"path": "/backend-api/ecosystem/call_mcp"})]


@case
def an_app_is_named_by_what_its_token_was_told():
    """Apps have no cookies, and their token may name an id only."""
    bearer = {"authorization": token(None, user="user-21", account="w-21")}
    other = {"authorization": token(None, user="user-22", account="w-21")}
    return [entry(CHAT + "/backend-api/me", None, dumps({"id": "user-21", "email": "g@example.com"}), method="GET",
                  answer_kind="application/json", fields=bearer),
            entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", fields=bearer, second=2),
            entry(F, dumps(prompt(message("ho"))), "{}", answer_kind="application/json", fields=other, second=4)], [
        says("hi", actor={"user": "g@example.com", "account": "g@example.com", "user_id": "user-21", "workspace": "w-21",
                          "plan": "team"}),
        says("ho", actor={"user": "user-22", "user_id": "user-22"})]


@case
def accounts_check_of_a_token():
    bearer = {"authorization": token("h@example.com", user="user-23", account="w-23"), "ChatGPT-Account-ID": "w-24"}
    listed = accounts(("w-23", "plus", "personal"), ("w-24", "enterprise", "workspace"))
    return [entry(CHAT + "/backend-api/accounts/check/v4-2023-04-27", None, dumps(listed), method="GET",
                  answer_kind="application/json", fields=bearer),
            entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", fields=bearer, second=2)], [
        says("hi", actor={"user": "h@example.com", "source": "jwt", "user_id": "user-23", "workspace": "w-24",
                          "plan": "enterprise"})]


@case
def a_token_without_claims_is_named_by_an_answer():
    bearer = {"authorization": "Bearer opaque-0123456789-abcdefghijklmnop"}
    return [entry(CHAT + "/backend-api/me", None, dumps({"id": "user-25", "email": "i@example.com"}), method="GET",
                  answer_kind="application/json", fields=bearer),
            entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", fields=bearer, second=2)], [
        says("hi", actor={"user": "i@example.com", "source": "session", "user_id": "user-25"})]


@case
def an_answer_to_nobody_names_nobody():
    return [entry(CHAT + "/backend-api/me", None, dumps({"id": "user-26", "email": "j@example.com"}), method="GET",
                  answer_kind="application/json"),
            entry(F, dumps(prompt(message("hi"))), "{}", answer_kind="application/json", second=2)], [
        says("hi", actor={"user": None, "account": None})]
