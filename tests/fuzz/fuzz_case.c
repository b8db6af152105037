/* inspect/exchange.h over the shipped maps, several exchanges that share one
 * keeper: prompts, uploads, links and their bytes, sessions.  Exchanges are
 * separated by 0x1e; each is a head (its first line "METHOD host path status",
 * then "> name: value" and "< name: value", then an empty line), the request
 * body, 0x1f, the answer.  The first byte is the mode.  The same activities
 * come out whole and in pieces. */
#include "inspect/exchange.h"

#include "inspect/identity.h"
#include "tests/fuzz/maps.h"

enum {
    MODE_JUDGES = 1, /* the word "secret" is found, and blocked */
    MODE_BREAKS = 2, /* answers break off */
    MODE_TIGHT = 4,  /* little may be held, failures block */
    MODE_SIGNED = 8, /* nothing without a sign-in */
    MODE_FULL = 16,  /* the keeper has no room for bytes of files */
    MODE_ONE = 32,   /* all on one connection, which remembers who it is */
    FIELDS = 24,
    EXCHANGES = 24,
};

struct one {
    struct str method, host, path;
    uint64_t status;
    struct field sent[FIELDS], got[FIELDS];
    size_t sent_count, got_count;
    struct str body, answer;
};

static struct keep *keep;

static struct str until(struct str *rest, char end)
{
    struct str part = STR_NONE;
    (void)str_split(rest, end, &part);
    return part;
}

static void read_field(struct one *one, struct str line)
{
    bool is_sent = str_starts(line, "> ");
    size_t *count = is_sent ? &one->sent_count : &one->got_count;
    size_t colon = str_find_char(line, ':');
    if (*count == FIELDS || colon < 3 || colon == line.n)
        return;
    struct field *field = is_sent ? &one->sent[*count] : &one->got[*count];
    field->name = str_sub(line, 2, colon);
    field->value = str_trim(str_sub(line, colon + 1, line.n));
    ++*count;
}

static void read_one(struct str text, struct one *one)
{
    struct str line = until(&text, '\n');
    *one = (struct one){.method = until(&line, ' ')};
    one->host = until(&line, ' ');
    one->path = until(&line, ' ');
    if (str_to_u64(line, &one->status) != OK || one->status > 999)
        one->status = 0;
    while ((line = until(&text, '\n')).n != 0)
        read_field(one, line);
    size_t end = str_find_char(text, '\x1f');
    one->body = str_sub(text, 0, end);
    one->answer = str_sub(text, end + 1, text.n);
}

typedef void feed_fn(struct exchange *ex, struct str bytes);

static void feed(
    struct exchange *ex, struct str bytes, unsigned way, feed_fn *to)
{
    struct cuts cuts = cuts_of(bytes, way);
    struct str piece;
    while (cuts_next(&cuts, &piece))
        to(ex, piece);
    cuts_end(&cuts);
}

/* A document that hands out a link is read as soon as it seems whole: what
 * stands behind it then counts or not, by the cuts. */
static bool is_stream(const struct one *one)
{
    for (size_t i = 0; i < one->got_count; i++)
        if (str_has(one->got[i].value, "event-stream"))
            return true;
    return false;
}

static void run_one(const struct one *one, unsigned mode, unsigned way,
    int64_t now_ms, struct buf *out)
{
    struct exchange_request request = {.method = one->method,
        .host = one->host,
        .path = one->path,
        .version = "2",
        .fields = one->sent,
        .field_count = one->sent_count,
        .has_body = one->body.n != 0,
        .time_ms = now_ms};
    if (one->host.n == 0 || one->path.n == 0 || one->path.p[0] != '/')
        return;
    struct exchange *ex = exchange_new(&env, &request);
    feed(ex, one->body, way, exchange_request_data);
    if (exchange_gate(ex) == GATE_REFUSE)
        exchange_request_cut(ex);
    else
        exchange_request_end(ex);
    run_steps(ex, keep, now_ms, out);
    const struct verdict *verdict = exchange_verdict(ex);
    if (verdict->kind == VERDICT_BLOCK && !verdict->is_monitored) {
        struct exchange_reply reply;
        exchange_block_reply(ex, &reply);
        exchange_no_response(ex, reply.status);
        buf_free(&reply.body);
    } else if (one->status == 0) {
        exchange_no_response(ex, 0);
    } else {
        exchange_response_head(
            ex, (int)one->status, one->got, one->got_count, one->answer.n != 0);
        feed(ex, one->answer, is_stream(one) ? way : CUTS_WHOLE,
            exchange_response_data);
        exchange_response_end(ex, (mode & MODE_BREAKS) == 0);
    }
    run_steps(ex, keep, now_ms + 10, out);
    exchange_free(&ex);
}

static void run(struct str text, unsigned mode, unsigned way, struct buf *out)
{
    struct one one;
    struct str part;
    struct identity_memory memory = {0};
    env.memory = (mode & MODE_ONE) != 0 ? &memory : NULL;
    keep = keep_new(64 * 1024);
    if ((mode & MODE_FULL) != 0)
        keep_release_handles(keep, NULL, 1);
    for (int i = 0; i < EXCHANGES && str_split(&text, '\x1e', &part); i++) {
        read_one(part, &one);
        run_one(&one, mode, way, 1000 * (i + 1), out);
    }
    identity_memory_free(&memory);
    keep_free(&keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (env.services == NULL)
        load_maps();
    if (n == 0)
        return 0;
    unsigned mode = data[0];
    bool is_tight = (mode & MODE_TIGHT) != 0;
    bool judges = (mode & MODE_JUDGES) != 0;
    env.capture = is_tight ? CAPTURE_NONE : CAPTURE_FULL;
    env.hold_max_bytes = is_tight ? 256 : 64 * 1024;
    env.oversize_streams = !is_tight;
    env.blocks_signed_out = (mode & MODE_SIGNED) != 0;
    env.scanner = judges ? scanner : NULL;
    env.policy = judges ? policy : NULL;
    for (int i = 0; i < FAIL_COUNT; i++)
        env.failure_blocks[i] = is_tight;
    struct str text = {(const char *)data + 1, n - 1};
    struct buf whole = {0}, cut = {0};
    run(text, mode, CUTS_WHOLE, &whole);
    run(text, mode, CUTS_RANDOM, &cut);
    /* What Brotli gives of a broken body depends on how it was fed; so does
     * whether a form's address was among what was held of it when it became
     * too large. */
    bool may_differ = str_has(buf_str(&cut), "\"failure\":\"decode\"") ||
                      str_has(buf_str(&whole), "\"failure\":\"decode\"") ||
                      (is_tight && str_has(text, "multipart/form-data") &&
                          str_has(buf_str(&cut), "\"failure\":\"limit\""));
    if (!may_differ)
        check_same(&whole, &cut, "cuts change nothing");
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
