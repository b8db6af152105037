#!/usr/bin/env python3
"""Seeds of fuzz_session: sessions of all kinds as steps (tests/fuzz/fuzz_session.c),
each also with one thing gone wrong, and with the pieces and answers shuffled."""
import hashlib
import pathlib
import random

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus/session"
(CONNECT, HELLO, REQUEST, CLIENT_PLAIN, CLIENT_RAW, CLIENT_MOVES, CLIENT_ENDS, CLIENT_BREAKS, CLIENT_BLOCKS,
 ORIGIN_ANSWERS, ORIGIN_PLAIN, ORIGIN_RAW, ORIGIN_MOVES, ORIGIN_ENDS, ORIGIN_BREAKS, ORIGIN_BLOCKS, WORLD_ANSWERS,
 RUN, WAIT, DRAIN, READY) = range(21)
LOGIN, MINTS_LATER, WRONG_CERT, ORIGIN_H1, CLIENT_H1 = 1, 2, 4, 8, 16
(PROMPT, FORBIDDEN, PAGE, CHUNKED, UPGRADE, UPLOAD, UNKNOWN, LARGE, EXPECTS, LOGGED_IN) = range(10)
CHATGPT, CHATGPT_CLEAR, API, TUNNEL, FILES, PRIVATE, NO_PORT, SOCKETS = range(8)
rng = random.Random(11)
seeds = []


def step(kind, arg=0, own=b""):
    return (kind, len(own) if own else arg, own)


def add(mode, *steps):
    seeds.append(bytes([mode]) + b"".join(bytes([k, a]) + own for k, a, own in steps))


GO = step(RUN)


def inside(target=CHATGPT, name=0):
    """CONNECT, and TLS on both sides."""
    return [step(CONNECT, target), GO, step(HELLO, name), GO]


def exchange(request=PROMPT, answer=1, origin=0):
    return [step(REQUEST, request), GO, step(ORIGIN_ANSWERS, answer | origin << 6), GO]


H1 = ORIGIN_H1 | CLIENT_H1
# Every request with every answer, in each pair of versions, and without TLS.
for request in range(10):
    for mode in (H1, 0, ORIGIN_H1, LOGIN | MINTS_LATER):
        add(mode, *inside(), *exchange(request, request % 8), *exchange(PROMPT, 0))
    add(0, *exchange(request, (request + 1) % 8), *exchange(PAGE, 0))
    add(0, step(CONNECT, CHATGPT_CLEAR), GO, *exchange(request, request % 8))
for answer in range(8):
    add(H1, *inside(), *exchange(PAGE, answer), step(ORIGIN_ENDS), GO, *exchange(PROMPT, answer))
    add(H1, *inside(), *exchange(UPGRADE, 2), step(ORIGIN_PLAIN, own=b"\x81\x02[]"),
        step(CLIENT_PLAIN, own=b"\x81\x82\0\0\0\0[]"), GO)
for target in range(8):
    add(H1, *inside(target), *exchange(PROMPT, 1))
    add(MINTS_LATER | LOGIN, *inside(target, 1), *exchange(FORBIDDEN, 1))
    add(0, step(CONNECT, target), GO, step(CLIENT_RAW, own=b"no TLS at all\r\n\r\n"), GO, step(ORIGIN_RAW, own=b"x"), GO)
for mode in range(32):
    add(mode, *inside(), *exchange(), *exchange(FORBIDDEN), *exchange(UPLOAD, 0))

# The world says no, at each place; what comes out of order.
base = [step(CONNECT, CHATGPT), step(CLIENT_MOVES), step(HELLO), step(CLIENT_MOVES), step(WORLD_ANSWERS),
        step(ORIGIN_MOVES, 252), step(CLIENT_MOVES), step(ORIGIN_MOVES, 252), step(CLIENT_MOVES), step(WORLD_ANSWERS),
        step(REQUEST, PROMPT), step(CLIENT_MOVES), step(WORLD_ANSWERS), step(WORLD_ANSWERS), step(WORLD_ANSWERS),
        step(WORLD_ANSWERS), step(ORIGIN_ANSWERS, 1), step(ORIGIN_MOVES, 252), step(WORLD_ANSWERS), step(WORLD_ANSWERS)]
events = [step(CLIENT_ENDS), step(CLIENT_BREAKS), step(CLIENT_BLOCKS), step(ORIGIN_ENDS), step(ORIGIN_BREAKS),
          step(ORIGIN_BLOCKS), step(WAIT, 255), step(DRAIN), step(READY), step(READY, 1), step(CLIENT_RAW, own=b"\x16\x03"),
          step(ORIGIN_RAW, own=b"\x17\x03\x03\0\x01x"), step(REQUEST, LARGE), GO]
for at, one in enumerate(base):
    for event in rng.sample(events, 5):
        add(rng.choice((0, H1, MINTS_LATER)), *base[:at], event, *base[at:], GO)
    if one[0] == WORLD_ANSWERS:
        for how in range(1, 7):
            add(MINTS_LATER if how % 2 else 0, *base[:at], step(WORLD_ANSWERS, how << 5), *base[at + 1:])
for _ in range(60):
    steps = inside(rng.choice((CHATGPT, CHATGPT, API, FILES, TUNNEL)))
    for _ in range(rng.randrange(2, 9)):
        steps += [step(REQUEST, rng.randrange(10)), step(CLIENT_MOVES, rng.randrange(200)),
                  step(WORLD_ANSWERS, rng.choice((0, 0, 0, 1, 2, 33, 64))), rng.choice(events),
                  step(ORIGIN_ANSWERS, rng.randrange(256)), step(ORIGIN_MOVES, rng.randrange(256)), GO]
    add(rng.randrange(32), *steps)

FOLDER.mkdir(parents=True, exist_ok=True)
for seed in seeds:
    (FOLDER / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)
print(len(set(seeds)), "seeds")
