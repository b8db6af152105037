"""Values split over two and more messages of one conversation
(inspect/exchange_seam.c)."""
from exchanges import CARD, F, IBAN, dumps, entry, message, plain, prompt
from replay_cases import BAD, answers, case, says

KEY = "AKIAQ3EGRIZ7NWHYT6QK"


def talk(conversation, *texts, blocked=(), new=True, ids=None):
    """The prompts of a conversation, whose id the first one may not have yet."""
    entries, expected = [], []
    root = "client-created-root" if new else f"{conversation}-root"
    for i, text in enumerate(texts):
        user, last = f"{conversation}-u{i}", f"{conversation}-a{i - 1}"
        more = {} if i == 0 and new else {"conversation_id": (ids or [conversation] * len(texts))[i]}
        body = dumps(prompt(message(text, user), parent=last if i else root, **more))
        is_bad = i in blocked
        entries.append(entry(F, body, None if is_bad else plain("ok", f"{conversation}-a{i}", user, (
            ids or [conversation] * len(texts))[i]), second=2 * i))
        expected.append(says(text, **BAD) if is_bad else says(text))
        if not is_bad:
            expected.append(answers("ok"))
    return entries, expected


@case
def card_in_two_messages():
    return talk("c-seam-card", "my card is 4111 1111", "1111 1111, and the date 12/29", blocked=(1,))


@case
def card_in_two_messages_of_a_known_conversation():
    return talk("c-seam-known", "the card number: 4111111", "111111111", blocked=(1,), new=False)


@case
def card_in_four_messages():
    return talk("c-seam-four", "card number:", "4111", "1111", "1111", "1111", blocked=(4,))


@case
def iban_in_two_messages():
    return talk("c-seam-iban", "the IBAN begins with " + IBAN[:14], IBAN[15:], blocked=(1,))


@case
def blocked_half_is_not_said():
    """It never went out, so the next prompt completes nothing."""
    return talk("c-seam-blocked", f"card {CARD} and 4111 1111", "1111 1111", blocked=(0,), new=False)


@case
def halves_of_two_conversations():
    return talk("c-seam-other", "my card is 4111 1111", "1111 1111", ids=["c-seam-x", "c-seam-y"], new=False)


@case
def what_was_told_is_not_told_again():
    """The card of the message before, and a prompt that begins with digits."""
    return talk("c-seam-told", "hello 4111 1111 1111", "12 apples and 3 pears", "and 4 more")


@case
def the_second_half_again():
    """A prompt that was blocked is blocked when it is sent once more."""
    entries, expected = talk("c-seam-again", "my card is 4111 1111", "1111 1111 please", blocked=(1,))
    return entries + [dict(entries[1])], expected[:-1] + [says("1111 1111 please", **BAD, attempts=2)]


@case
def key_in_two_messages():
    return talk("c-seam-key", "the key begins with " + KEY[:9], KEY[9:] + " and ends there", blocked=(1,), new=False)
