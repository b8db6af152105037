"""In which order a capture happens, and in which its lines come (contract:
"in the order of their end")."""
from exchanges import CARD, F, dumps, entry, message, plain, prompt
from replay_api import api, completion
from replay_cases import BAD, answers, case, says
from replay_files_up import SAS, TEXT, announce, asked, asks, put, told, uploaded, whole


def took(made, millis, receiving=1):
    """receiving: how much of it the browser counts from the answer's head on."""
    made["time"], made["timings"]["receive"] = millis, receiving
    return made


def talk(text, **more):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return api("/chat/completions", body, completion({"content": "to " + text}), **more)


@case
def lines_in_the_order_of_ends():
    return [took(talk("slow"), 5000), took(talk("quick", second=1), 500), took(talk("third", second=2), 1000)], [
        says(t, model="gpt-4o") if i == 0 else answers("to " + t) for t in ("quick", "third", "slow") for i in (0, 1)]


@case
def an_end_noted_late_is_a_late_line():
    return [took(talk("noted late"), 5000, 4000), took(talk("later", second=2), 1000, 900)], [
        says("later", model="gpt-4o"), answers("to later"), says("noted late", model="gpt-4o"), answers("to noted late")]


@case
def of_ends_at_one_time_the_captures_order():
    """Whatever the answers are, and how long the browser received them."""
    return [entry(F, dumps(prompt(message(f"pay {CARD}"))), "", status=0), took(talk("two"), 500, 400),
            entry(F, dumps(prompt(message("three", "m-3"))), plain("streamed", "a-3", "m-3", "c-3")), took(talk("four"), 500, 0)], [
        says(f"pay {CARD}", **BAD), says("two", model="gpt-4o"), answers("to two"),
        says("three", conversation_id="c-3"), answers("streamed", conversation_id="c-3"),
        says("four", model="gpt-4o"), answers("to four")]


@case
def what_an_answer_said_is_known_before_its_noted_end():
    """A page goes on with the answer's head: its next call is told by it."""
    url = "https://files.oaiusercontent.com/file-Late" + SAS
    return [took(announce("file-Late", url), 9000, 8700), put(url, TEXT, 2), uploaded("file-Late", 4), asks("file-Late", second=5)], [
        told(whole(TEXT, id="file-Late", name="q3.csv", type="text/plain")),
        asked(whole(TEXT, id="file-Late", name="q3.csv", type="text/plain"))]
