"""What a request says beside its body: header fields, and the address of what
no map explains."""
from exchanges import CARD, CHAT, F, dumps, entry, message, prompt
from replay_cases import BAD, case, expect, says

NEW = CHAT + "/backend-api/something/new"
NAME = "service.unclassified"


def get(path, **fields):
    return entry(CHAT + path, method="GET", kind=None, answer="{}", answer_kind="application/json", fields=fields)


@case
def header_with_a_card():
    return [entry(NEW, dumps({"a": "hello"}), "{}", fields={"x-note": "pay with " + CARD, "user-agent": "curl/8.1"})], [
        expect(NAME, "hello", "pay with " + CARD, where="hidden", **BAD)]


@case
def header_of_a_prompt_with_a_card():
    return [entry(F, dumps(prompt(message("hi"))), "", fields={"x-note": CARD})], [
        expect("prompt.created", "hi", CARD, where="hidden", **BAD)]


@case
def credentials_in_headers_are_no_content():
    secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    fields = {"authorization": "Bearer " + secret, "cookie": "card=4111111111111111; t=" + secret,
              "x-csrf-token": secret, "x-datadog-trace-id": "4111111111111111", "traceparent": "00-4111111111111111-01",
              "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0", "referer": CHAT + "/c/4f3c"}
    return [entry(F, dumps(prompt(message("hi"))), "", fields=fields)], [says("hi", findings=None)]


@case
def card_in_the_path_of_an_unknown_write():
    return [entry(NEW + "/4111%201111%201111%201111", dumps({"a": "hello"}), "{}")], [
        expect(NAME, "hello", where="url", **BAD)]


@case
def card_in_the_query_of_an_unknown_read():
    return [get("/backend-api/lookup?text=4111+1111+1111+1111")], [expect(NAME, where="url", **BAD)]


@case
def card_in_the_path_of_an_unknown_read():
    return [get("/backend-api/lookup/4111-1111-1111-1111")], [expect(NAME, where="url", **BAD)]


@case
def unknown_reads_without_a_word_say_nothing():
    return [get("/backend-api/lookup?limit=28&order=updated"), get("/backend-api/lookup/4f3c0a52-7c11-4f6e-9d5b-0123456789ab"),
            get("/backend-api/connectors/callback?code=ac_4111111111111111xyz&state=c2VjcmV0LXN0YXRl"),
            get("/backend-api/lookup?since=1790000000123&url=https%3A%2F%2Fexample.com%2F")], []


@case
def digits_with_nul_between_them():
    text = "\0".join("4111111111111111")
    return [entry(F, dumps(prompt(message("card " + text))), "")], [expect("prompt.created", "card " + text, **BAD)]
