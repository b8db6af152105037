"""How a case of test_replay.py is written: a function that returns exchanges
and what is expected of them."""
from exchanges import F, dumps, entry, message, prompt

ANY = object()
CASES = []


def case(function):
    CASES.append((function.__name__, function))
    return function


def expect(activity, content=None, hidden=None, **more):
    return {"activity": activity, "content": content, "hidden": hidden, "verdict": "allow", "outcome": "success",
            **more}


def says(text, **more):
    return expect("prompt.created", text, **more)


def answers(text, **more):
    return expect("response.generated", text, **{"complete": True, **more})


def both(request, answer, *expected, **more):
    return [entry(F, dumps(request), answer, **more)], list(expected)


def asked(answer, *expected, url=F, **more):
    """A prompt whose answer matters."""
    return [entry(url, dumps(prompt(message("q"))), answer, **more)], [says("q", conversation_id=ANY), *expected]


BAD = {"verdict": "block", "outcome": "failure"}
