/*
 * Bodies on their way from the wire to the parsers.  Stages in the order in
 * which they are undone; each is a library's stream decoder with its memory
 * bounded, and what one gives out is counted before the next one sees it.
 */
#include "inspect/decode.h"

#include <string.h>

#include <brotli/decode.h>
#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* an allocator of our own */
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/filetype.h"

enum {
    CHUNK_BYTES = 16 * 1024,
    ZSTD_WINDOW_LOG_MAX = 23, /* RFC 9659 §3 */
    ZSTD_HEAD_BYTES_MAX = 18, /* RFC 8878 §3.1.1 */
    TEXT_LOOK_BYTES = 64,
    GZIP_WINDOW = 15 + 16,
    ZLIB_WINDOW = 15,
    RAW_WINDOW = -15,
};

enum encoding { E_GZIP, E_DEFLATE, E_BR, E_ZSTD, E_COUNT };

static const struct {
    const char *name;
    enum encoding encoding;
} encodings[] = {
    {"gzip", E_GZIP},
    {"x-gzip", E_GZIP},
    {"deflate", E_DEFLATE},
    {"br", E_BR},
    {"zstd", E_ZSTD},
};

struct stage {
    enum encoding encoding;
    z_stream z;
    bool has_z; /* z is initialised */
    BrotliDecoderState *br;
    ZSTD_DStream *zstd;
    unsigned char head[2]; /* deflate: to tell zlib from raw */
    unsigned head_n;
    bool is_started;
    unsigned frame_bytes; /* zstd: of the frame's head so far */
    bool is_ended;        /* at the end of a member, frame or stream */
    uint64_t out_bytes;
    char *chunk; /* all but the last stage */
};

struct decoder {
    struct stage stages[DECODE_STAGES_MAX];
    unsigned count;
    struct decode_limits limits;
    uint64_t wire_bytes; /* consumed by the first stage */
    enum err err;
};

/* ---- which encodings ---- */

static bool find_encoding(struct str name, enum encoding *encoding_out)
{
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        if (!str_is_nocase(name, encodings[i].name))
            continue;
        *encoding_out = encodings[i].encoding;
        return true;
    }
    return false;
}

/* In the order in which they were applied. */
static enum err parse_encodings(struct str value,
    enum encoding list_out[DECODE_STAGES_MAX], unsigned *count_out)
{
    struct str part;
    *count_out = 0;
    while (str_split(&value, ',', &part)) {
        part = str_trim(part);
        if (part.n == 0 || str_is_nocase(part, "identity"))
            continue;
        if (*count_out == DECODE_STAGES_MAX ||
            !find_encoding(part, &list_out[*count_out]))
            return ERR_UNSUPPORTED;
        ++*count_out;
    }
    return OK;
}

/* Out of memory ends the process here as everywhere. */
static void *zlib_alloc(void *opaque, unsigned count, unsigned n)
{
    (void)opaque;
    return mem_calloc(count, n);
}

static void zlib_free(void *opaque, void *p)
{
    (void)opaque;
    mem_free(p);
}

static void *plain_alloc(void *opaque, size_t n)
{
    (void)opaque;
    return mem_alloc(n);
}

static ZSTD_DStream *new_zstd(void)
{
    static const ZSTD_customMem memory = {plain_alloc, zlib_free, NULL};
    return ZSTD_createDStream_advanced(memory);
}

static void start_inflate(struct stage *s, int window)
{
    s->z.zalloc = zlib_alloc;
    s->z.zfree = zlib_free;
    s->has_z = inflateInit2(&s->z, window) == Z_OK;
}

static void start_stage(struct stage *s, enum encoding encoding, bool is_last)
{
    s->encoding = encoding;
    if (!is_last)
        s->chunk = mem_alloc(CHUNK_BYTES);
    if (encoding == E_GZIP)
        start_inflate(s, GZIP_WINDOW);
    if (encoding == E_BR)
        s->br = BrotliDecoderCreateInstance(plain_alloc, zlib_free, NULL);
    if (encoding == E_ZSTD) {
        s->zstd = new_zstd();
        ZSTD_DCtx_setParameter(
            s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    }
}

enum err decoder_new(struct str content_encoding,
    const struct decode_limits *limits, struct decoder **decoder_out)
{
    enum encoding list[DECODE_STAGES_MAX];
    unsigned count;
    *decoder_out = NULL;
    enum err err = parse_encodings(content_encoding, list, &count);
    if (err != OK)
        return err;
    struct decoder *d = MEM_NEW(struct decoder);
    if (limits != NULL)
        d->limits = *limits;
    if (d->limits.ratio == 0)
        d->limits.ratio = DECODE_RATIO_DEFAULT;
    d->count = count;
    for (unsigned i = 0; i < count; i++)
        start_stage(&d->stages[i], list[count - 1 - i], i == count - 1);
    *decoder_out = d;
    return OK;
}

void decoder_free(struct decoder **decoder)
{
    struct decoder *d = *decoder;
    if (d == NULL)
        return;
    for (unsigned i = 0; i < d->count; i++) {
        struct stage *s = &d->stages[i];
        if (s->has_z)
            inflateEnd(&s->z);
        if (s->br != NULL)
            BrotliDecoderDestroyInstance(s->br);
        ZSTD_freeDStream(s->zstd);
        mem_free(s->chunk);
    }
    mem_free(d);
    *decoder = NULL;
}

bool decoder_is_identity(const struct decoder *d)
{
    return d->count == 0;
}

/* ---- one stage: input into room ---- */

struct step {
    struct str in; /* what is left of it, afterwards */
    char *room;
    size_t room_bytes;
    size_t filled;   /* of room */
    bool wants_more; /* nothing more comes out of the input so far */
};

static enum err inflate_step(struct stage *s, struct step *t)
{
    if (s->is_ended) {
        if (s->encoding != E_GZIP)
            return ERR_PARSE;
        inflateReset(&s->z);
        s->is_ended = false;
    }
    union {
        const char *c;
        unsigned char *u;
    } in = {t->in.p}; /* zlib does not write there */
    uInt in_bytes = t->in.n < UINT32_MAX ? (uInt)t->in.n : UINT32_MAX;
    s->z.next_in = in.u;
    s->z.avail_in = in_bytes;
    s->z.next_out = (unsigned char *)t->room;
    s->z.avail_out = (uInt)t->room_bytes;
    int code = inflate(&s->z, Z_SYNC_FLUSH);
    t->filled = t->room_bytes - s->z.avail_out;
    t->in = str_sub(t->in, in_bytes - s->z.avail_in, t->in.n);
    if (code == Z_NEED_DICT)
        return ERR_UNSUPPORTED;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return ERR_PARSE;
    s->is_ended = code == Z_STREAM_END;
    t->wants_more = t->in.n == 0 && (s->is_ended || s->z.avail_out != 0);
    return OK;
}

static bool is_zlib_head(unsigned char a, unsigned char b)
{
    return (a & 0x0f) == Z_DEFLATED && a >> 4 <= 7 && (a << 8 | b) % 31 == 0;
}

/* "deflate" is zlib by RFC 9110, raw deflate by some servers. */
static enum err deflate_step(struct stage *s, struct step *t)
{
    if (s->has_z)
        return inflate_step(s, t);
    while (s->head_n < 2 && t->in.n > 0) {
        s->head[s->head_n++] = (unsigned char)t->in.p[0];
        t->in = str_sub(t->in, 1, t->in.n);
    }
    if (s->head_n < 2) {
        t->wants_more = true;
        return OK;
    }
    bool is_zlib = is_zlib_head(s->head[0], s->head[1]);
    start_inflate(s, is_zlib ? ZLIB_WINDOW : RAW_WINDOW);
    struct step head = *t;
    head.in = str_make((const char *)s->head, 2);
    enum err err = inflate_step(s, &head);
    if (err == OK && head.in.n != 0)
        err = ERR_PARSE; /* raw and over before its second byte */
    t->filled = head.filled;
    t->wants_more = t->in.n == 0 && head.wants_more;
    return err;
}

static enum err brotli_step(struct stage *s, struct step *t)
{
    if (s->is_ended)
        return ERR_PARSE;
    const uint8_t *in = (const uint8_t *)t->in.p;
    uint8_t *out = (uint8_t *)t->room;
    size_t in_bytes = t->in.n, out_bytes = t->room_bytes;
    BrotliDecoderResult result = BrotliDecoderDecompressStream(
        s->br, &in_bytes, &in, &out_bytes, &out, NULL);
    t->filled = t->room_bytes - out_bytes;
    t->in = str_sub(t->in, t->in.n - in_bytes, t->in.n);
    if (result == BROTLI_DECODER_RESULT_ERROR)
        return ERR_PARSE;
    s->is_ended = result == BROTLI_DECODER_RESULT_SUCCESS;
    t->wants_more =
        t->in.n == 0 && result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    return OK;
}

static enum err zstd_error(size_t code)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return ERR_LIMIT;
    case ZSTD_error_dictionary_wrong:
    case ZSTD_error_dictionary_corrupted:
        return ERR_UNSUPPORTED;
    default:
        return ERR_PARSE;
    }
}

/* The head of a frame goes in byte by byte.  Given a whole frame at once, the
 * library takes another path, which is stricter about the size declared; and
 * behind a damaged head it takes four bytes that a call begins with for the
 * magic of a format of before 2016, and goes on with that. */
static enum err zstd_step(struct stage *s, struct step *t)
{
    if (s->is_ended)
        s->frame_bytes = 0;
    bool is_in_head = s->frame_bytes < ZSTD_HEAD_BYTES_MAX;
    size_t in_bytes = is_in_head && t->in.n > 1 ? 1 : t->in.n;
    ZSTD_inBuffer in = {t->in.p, in_bytes, 0};
    ZSTD_outBuffer out = {t->room, t->room_bytes, 0};
    size_t code = ZSTD_decompressStream(s->zstd, &out, &in);
    t->filled = out.pos;
    t->in = str_sub(t->in, in.pos, t->in.n);
    if (is_in_head)
        s->frame_bytes += (unsigned)in.pos;
    if (ZSTD_isError(code))
        return zstd_error(code);
    if (in.pos > 0 || out.pos > 0)
        s->is_ended = code == 0;
    t->wants_more = t->in.n == 0 && (s->is_ended || out.pos < out.size);
    return OK;
}

static enum err take_step(struct stage *s, struct step *t)
{
    switch (s->encoding) {
    case E_GZIP:
        return inflate_step(s, t);
    case E_DEFLATE:
        return deflate_step(s, t);
    case E_BR:
        return brotli_step(s, t);
    default:
        return zstd_step(s, t);
    }
}

/* ---- the chain ---- */

static enum err check_limits(const struct decoder *d, uint64_t out_bytes)
{
    const struct decode_limits *limits = &d->limits;
    if (limits->output_bytes != 0 && out_bytes > limits->output_bytes)
        return ERR_LIMIT;
    if (out_bytes > DECODE_RATIO_FREE_BYTES &&
        out_bytes / limits->ratio > d->wire_bytes)
        return ERR_LIMIT;
    return OK;
}

/* What of n new bytes a bomb may still give out: the same at all cuts. */
static size_t free_bytes(
    const struct decoder *d, const struct stage *s, size_t n)
{
    uint64_t before = s->out_bytes - n, most = DECODE_RATIO_FREE_BYTES;
    if (d->limits.output_bytes != 0 && d->limits.output_bytes < most)
        most = d->limits.output_bytes;
    if (before >= most)
        return 0;
    uint64_t left = most - before;
    return left < n ? (size_t)left : n;
}

static enum err feed_stage(
    struct decoder *d, unsigned at, struct str in, struct buf *out)
{
    struct stage *s = &d->stages[at];
    bool is_last = at == d->count - 1;
    struct step t = {.in = in};
    s->is_started = true;
    while (!t.wants_more) {
        t.room = is_last ? buf_reserve(out, CHUNK_BYTES) : s->chunk;
        t.room_bytes = CHUNK_BYTES;
        t.filled = 0;
        size_t left = t.in.n;
        enum err step_err = take_step(s, &t);
        if (at == 0)
            d->wire_bytes += left - t.in.n;
        s->out_bytes += t.filled;
        enum err err = check_limits(d, s->out_bytes);
        if (err != OK)
            t.filled = free_bytes(d, s, t.filled);
        if (is_last)
            buf_commit(out, t.filled);
        else if (t.filled > 0) {
            enum err next =
                feed_stage(d, at + 1, str_make(t.room, t.filled), out);
            err = err != OK ? err : next;
        }
        if (step_err != OK || err != OK)
            return step_err != OK ? step_err : err;
        if (t.filled == 0 && left == t.in.n)
            break; /* no progress: waits for more input */
    }
    return OK;
}

enum err decoder_feed(struct decoder *d, struct str wire, struct buf *out)
{
    if (d->err != OK || wire.n == 0)
        return d->err;
    if (d->count > 0) {
        d->err = feed_stage(d, 0, wire, out);
        return d->err;
    }
    d->wire_bytes += wire.n;
    d->err = check_limits(d, d->wire_bytes);
    if (d->err == OK)
        buf_append_str(out, wire);
    return d->err;
}

enum err decoder_finish(struct decoder *d, struct buf *out)
{
    (void)out; /* every stage gave out all it had at each feed */
    for (unsigned i = 0; i < d->count && d->err == OK; i++)
        if (d->stages[i].is_started && !d->stages[i].is_ended)
            d->err = ERR_PARSE;
    return d->err;
}

/* ---- is it encoded at all ---- */

static bool starts_with(struct str s, const unsigned char *magic, size_t n)
{
    n = n < s.n ? n : s.n;
    return memcmp(s.p, magic, n) == 0;
}

bool decode_looks_encoded(struct str content_encoding, struct str first_bytes)
{
    static const unsigned char gzip[] = {0x1f, 0x8b};
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    static const unsigned char skip[] = {0x2a, 0x4d, 0x18};
    enum encoding list[DECODE_STAGES_MAX];
    unsigned count;
    if (first_bytes.n == 0 ||
        parse_encodings(content_encoding, list, &count) != OK)
        return true;
    if (count == 0)
        return false;
    const unsigned char *p = (const unsigned char *)first_bytes.p;
    switch (list[count - 1]) {
    case E_GZIP:
        return starts_with(first_bytes, gzip, sizeof gzip);
    case E_ZSTD:
        return starts_with(first_bytes, zstd, sizeof zstd) ||
               ((p[0] & 0xf0) == 0x50 &&
                   starts_with(str_sub(first_bytes, 1, first_bytes.n), skip,
                       sizeof skip));
    case E_DEFLATE:
        if (first_bytes.n >= 2 && is_zlib_head(p[0], p[1]))
            return true;
        /* fall through */
    default:
        return !utf8_is_text(str_sub(first_bytes, 0, TEXT_LOOK_BYTES));
    }
}

static bool has_signature(struct str body)
{
    struct str type = filetype_find(str_sub(body, 0, FILETYPE_HEAD_BYTES));
    return type.n != 0 && !str_is(type, "application/octet-stream");
}

/* In whatever charset: compressed bytes have control characters among them. */
static bool has_no_controls(struct str body)
{
    enum { ENOUGH = 64 };
    for (size_t i = 0; i < body.n; i++) {
        unsigned char c = (unsigned char)body.p[i];
        if (c < '\t' || (c > '\r' && c < ' '))
            return false;
    }
    return body.n >= ENOUGH;
}

static bool has_magic(struct str content_encoding)
{
    enum encoding list[DECODE_STAGES_MAX];
    unsigned count;
    return parse_encodings(content_encoding, list, &count) != OK ||
           list[count - 1] == E_GZIP || list[count - 1] == E_ZSTD;
}

/* is_early_out: it fails before anything can have been damaged on its way. */
static enum err undo(struct decoder *d, struct str body, bool *is_early_out)
{
    enum { PIECE = 256 };
    struct buf out = {0};
    enum err err = OK;
    size_t at = 0;
    for (; at < body.n && err == OK; at += PIECE) {
        err = decoder_feed(d, str_sub(body, at, at + PIECE), &out);
        buf_clear(&out);
    }
    *is_early_out = err != OK && at <= PIECE;
    if (err == OK)
        err = decoder_finish(d, &out);
    buf_wipe_free(&out);
    return err;
}

bool decode_is_encoded(struct str content_encoding, struct str body)
{
    struct decode_limits limits = {0};
    struct decoder *d;
    bool is_early;
    if (!decode_looks_encoded(content_encoding, body))
        return false;
    if (body.n == 0 || has_magic(content_encoding) ||
        decoder_new(content_encoding, &limits, &d) != OK)
        return true;
    enum err err = undo(d, body, &is_early);
    decoder_free(&d);
    return err != ERR_PARSE ||
           !(is_early || has_signature(body) || has_no_controls(body));
}
