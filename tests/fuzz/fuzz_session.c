/*
 * The session core as a whole (proxy/session.h): front, hello, dial, leaf,
 * exchanges, gate, replies, tunnel, over TLS and in clear text, HTTP/1 and
 * HTTP/2.  The input is a byte for the mode, then steps of two bytes, kind and
 * argument (and for bytes of one's own: so many more): what the client and the
 * origins send, in which pieces, when they end, break or stop reading; which
 * answer of the world comes next and how it turns out; the time.
 *
 * Whatever happens: nothing is sent on a closed connection, queues are
 * bounded, nothing follows the last record of an activity, a prompt reaches an
 * origin only once it is durable and a forbidden one never, and after both
 * ends have left, with time enough, the session is over and nothing is held.
 */
#include "tests/fuzz/session_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
    CONNECT,
    HELLO,
    REQUEST,
    CLIENT_PLAIN, /* through its TLS, if there is one */
    CLIENT_RAW,
    CLIENT_MOVES, /* so many bytes of what it sent */
    CLIENT_ENDS,
    CLIENT_BREAKS,
    CLIENT_BLOCKS,
    ORIGIN_ANSWERS,
    ORIGIN_PLAIN,
    ORIGIN_RAW,
    ORIGIN_MOVES,
    ORIGIN_ENDS,
    ORIGIN_BREAKS,
    ORIGIN_BLOCKS,
    WORLD_ANSWERS,
    RUN, /* all that is waited for turns out well */
    WAIT,
    DRAIN,
    READY, /* by its lowest bit: short of memory */
    STEPS,
};

enum { STEPS_MAX = 150 };

static const char *const settings[] = {
    "data_dir: /nonexistent\nnode: fuzz\ncapture: full\n",
    "data_dir: /nonexistent\nnode: fuzz\ncapture: full\n"
    "clients: {proxy_auth: basic}\n"
    "hold: {max_bytes: 65536}\n"};
static struct conf *confs[2];

/* ---- steps ---- */

static void origin_step(
    struct stage *st, enum step step, unsigned arg, struct str own)
{
    struct peer *p = origin_of(st, step == ORIGIN_MOVES ? arg & 3 : 0);
    if (p == NULL)
        return;
    if (step == ORIGIN_PLAIN)
        peer_says(p, own);
    else if (step == ORIGIN_RAW)
        buf_append_str(&p->to_session, own);
    else if (step == ORIGIN_MOVES)
        (void)peer_moves(st, p, 1 + (arg >> 2) * 7);
    else if (step == ORIGIN_ENDS)
        p->ends = true;
    else if (step == ORIGIN_BREAKS)
        peer_breaks(st, p);
    else if (step == ORIGIN_BLOCKS)
        peer_blocks(st, p);
}

static void client_step(
    struct stage *st, enum step step, unsigned arg, struct str own)
{
    struct peer *client = &st->peers[0];
    st->is_raw = st->is_raw || step == CLIENT_PLAIN || step == CLIENT_RAW;
    if (step == CLIENT_PLAIN)
        peer_says(client, own);
    else if (step == CLIENT_RAW)
        buf_append_str(&client->to_session, own);
    else if (step == CLIENT_MOVES)
        (void)peer_moves(st, client, arg == 0 ? SIZE_MAX : arg * 5);
    else if (step == CLIENT_ENDS)
        client->ends = true;
    else if (step == CLIENT_BREAKS)
        peer_breaks(st, client);
    else if (step == CLIENT_BLOCKS)
        peer_blocks(st, client);
}

static void take_step(
    struct stage *st, enum step step, unsigned arg, struct str own)
{
    if (step == CONNECT)
        do_connect(st, arg);
    else if (step == HELLO)
        do_hello(st, arg);
    else if (step == REQUEST)
        do_request(st, arg);
    else if (step <= CLIENT_BLOCKS)
        client_step(st, step, arg, own);
    else if (step == ORIGIN_ANSWERS)
        do_answer(st, arg);
    else if (step <= ORIGIN_BLOCKS)
        origin_step(st, step, arg, own);
    else if (step == WORLD_ANSWERS)
        answer_one(st, arg & 31, arg >> 5);
    else if (step == RUN)
        run(st);
    else if (step == WAIT)
        wait_ms(st, arg * arg * 4u);
    else if (step == READY && (arg & 1) != 0)
        st->is_short = !st->is_short;
    else if (step == READY)
        st->is_unready = !st->is_unready;
    else if (!st->is_done)
        session_drain(st->session);
    for (size_t i = 0; i < st->peer_count; i++)
        peer_reads(st, &st->peers[i]);
}

static bool takes_bytes(enum step step)
{
    return step == CLIENT_PLAIN || step == CLIENT_RAW || step == ORIGIN_PLAIN ||
           step == ORIGIN_RAW;
}

static void take_steps(struct stage *st, struct str input)
{
    for (int i = 0; i < STEPS_MAX && input.n >= 2 && !st->is_done; i++) {
        enum step step = (enum step)((unsigned char)input.p[0] % STEPS);
        unsigned arg = (unsigned char)input.p[1];
        input = str_sub(input, 2, input.n);
        struct str own = STR_NONE;
        if (takes_bytes(step)) {
            own = str_sub(input, 0, arg);
            input = str_sub(input, own.n, input.n);
        }
        take_step(st, step, arg, own);
    }
}

/* ---- a session ---- */

static struct stage *stage_new(void)
{
    static struct stage stage;
    struct stage *st = &stage;
    memset(st, 0, offsetof(struct stage, marks));
    st->world.ops = &session_world_ops;
    st->now_ms = 1000;
    st->keep = keep_new(1 << 20);
    st->mints_later = (mode & WITH_MINTS_LATER) != 0;
    st->has_wrong_cert = (mode & WITH_WRONG_CERT) != 0;
    struct peer *client = peer_add(st);
    check(net_parse_endpoint(STR("127.0.0.1:5555"), &client->link.peer) == OK,
        "an address");
    st->session =
        session_new(&st->world, confs[(mode & WITH_LOGIN) != 0], &client->link);
    snprintf(client_host, sizeof client_host, "chatgpt.com");
    is_connected = has_preface = false;
    h2_stream = 1;
    return st;
}

/* Both ends leave, the world answers, and time passes. */
static void leave(struct stage *st)
{
    st->is_leaving = true;
    for (size_t i = 0; i < st->peer_count; i++) {
        struct peer *p = &st->peers[i];
        if (p->is_blocked)
            peer_blocks(st, p);
        p->ends = true;
    }
    for (int i = 0; i < ROUNDS_MAX && !st->is_done; i++) {
        run(st);
        wait_ms(st, 600 * 1000);
    }
    check(st->is_done, "a session that all have left is over");
}

static void stage_free(struct stage *st)
{
    session_free(&st->session);
    check(session_worker_held() == 0, "nothing is held any more");
    for (size_t i = 0; i < st->answer_count; i++)
        buf_free(&st->answers[i].text);
    for (size_t i = 0; i < st->peer_count; i++) {
        struct peer *p = &st->peers[i];
        check(!p->is_open, "every connection is closed");
        tls_free(&p->tls);
        buf_free(&p->to_session);
        buf_free(&p->from_session);
        buf_free(&p->plain);
    }
    keep_free(&st->keep);
}

static void make_all(void)
{
    struct buf ca = {0}, root = {0};
    log_setup(LOG_TEXT, LOG_ERROR, "fuzz");
    make_ca(0, &ca);
    make_ca(1, &root);
    for (size_t i = 0; i < ARRAY_LEN(confs); i++)
        confs[i] = make_conf(settings[i], &ca, &root);
    make_far_end(&ca);
    buf_free(&ca);
    buf_free(&root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (far_end == NULL)
        make_all();
    if (size == 0)
        return 0;
    mode = data[0];
    struct stage *st = stage_new();
    take_steps(st, str_make((const char *)data + 1, size - 1));
    leave(st);
    stage_free(st);
    return 0;
}
