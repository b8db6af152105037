/*
 * Texts around findings, as they will be sealed: the members of
 *   {"v":1,"id":ACTIVITY,"texts":[{"where":"prompt","start":0,"text":"…",
 *    "findings":[{"detector":…,"type":…,"start":…,"end":…}]}, …]}
 * start and end are byte offsets as in the activity's findings; a text that
 * is not UTF-8 stands under "base64" instead.
 */
#include "inspect/evidence.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/public_key.h"

struct evidence {
    struct buf texts; /* JSON objects with commas between */
    size_t bytes;     /* of text in them */
    bool is_cut;      /* there was more than max_bytes */
};

/* ---- options ----------------------------------------------------------- */

bool evidence_options_load(const struct bundle *bundle,
    const struct settings *s, struct diag *diag, struct evidence_options *out)
{
    static const enum verdict_kind least[] = {
        VERDICT_BLOCK, VERDICT_ALERT, VERDICT_ALLOW};
    *out = (struct evidence_options){
        .least = least[s->evidence.keep],
        .min_severity = (enum level)(s->evidence.min_severity + LEVEL_LOW),
        .is_whole = s->evidence.is_whole,
        .max_bytes = (size_t)s->evidence.max_bytes,
    };
    return public_key_load(bundle, BUNDLE_EVIDENCE, s->evidence.public_key,
        "evidence.public_key", diag, &out->key);
}

/* ---- collecting -------------------------------------------------------- */

/* Findings that stand close together share a piece of text. */
struct piece {
    size_t from, to; /* of the text */
    size_t first, count;
};

static int by_start(const void *a, const void *b)
{
    const struct finding *const *x = a, *const *y = b;
    return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

/* What is to be kept of one text. */
struct search {
    const struct evidence_options *options;
    const struct activity *activity;
    const struct findings *findings;
    size_t first; /* of the findings */
    struct str text;
    size_t base; /* of the findings' offsets */
};

static bool is_known(const struct search *s, const struct finding *f)
{
    const struct findings *all = &s->activity->findings;
    for (size_t i = 0; s->findings != all && i < all->count; i++)
        if (all->items[i].value_hash == f->value_hash &&
            str_eq(all->items[i].detector, f->detector))
            return true;
    return false;
}

static bool is_wanted(const struct search *s, const struct finding *f)
{
    return f->severity >= s->options->min_severity && f->start >= s->base &&
           f->start <= f->end && f->end - s->base <= s->text.n &&
           !is_known(s, f);
}

static size_t choose(const struct search *s, const struct finding **chosen)
{
    size_t n = 0;
    for (size_t i = s->first; i < s->findings->count; i++)
        if (is_wanted(s, &s->findings->items[i]))
            chosen[n++] = &s->findings->items[i];
    if (n != 0)
        qsort(chosen, n, sizeof(struct finding *), by_start);
    return n;
}

static void write_text(struct jsonw *w, struct str text)
{
    struct buf encoded = {0};
    if (utf8_is_valid(text)) {
        jsonw_key_str(w, "text", text);
        return;
    }
    base64_encode(text, &encoded);
    jsonw_key_str(w, "base64", buf_str(&encoded));
    buf_wipe_free(&encoded);
}

static void write_piece(struct evidence *e, struct str text, size_t base,
    const struct piece *piece, const struct finding *const *findings)
{
    struct jsonw w = {.out = &e->texts};
    if (e->texts.n != 0)
        buf_append_char(&e->texts, ',');
    jsonw_object(&w);
    jsonw_key_cstr(&w, "where", where_name(findings[piece->first]->where));
    jsonw_key_int(&w, "start", (int64_t)(base + piece->from));
    write_text(&w, str_sub(text, piece->from, piece->to));
    jsonw_key(&w, "findings");
    jsonw_array(&w);
    for (size_t i = 0; i < piece->count; i++) {
        const struct finding *f = findings[piece->first + i];
        jsonw_object(&w);
        jsonw_key_str(&w, "detector", f->detector);
        jsonw_key_str(&w, "type", f->type);
        jsonw_key_int(&w, "start", (int64_t)f->start);
        jsonw_key_int(&w, "end", (int64_t)f->end);
        jsonw_close(&w);
    }
    jsonw_close(&w);
    jsonw_close(&w);
    e->bytes += piece->to - piece->from;
}

/* From the first finding on, as far as the next one begins within reach. */
static struct piece next_piece(struct str text, size_t base,
    const struct finding *const *findings, size_t n, size_t at)
{
    struct piece piece = {.first = at};
    size_t end = 0;
    for (; at < n; at++, piece.count++) {
        size_t start = findings[at]->start - base;
        size_t from =
            start > EVIDENCE_AROUND_BYTES ? start - EVIDENCE_AROUND_BYTES : 0;
        if (piece.count != 0 && from > end)
            break;
        if (piece.count == 0)
            piece.from = utf8_floor(text, from);
        if (findings[at]->end - base + EVIDENCE_AROUND_BYTES > end)
            end = findings[at]->end - base + EVIDENCE_AROUND_BYTES;
    }
    piece.to = end < text.n ? utf8_floor(text, end) : text.n;
    return piece;
}

void evidence_note(const struct evidence_options *options, struct activity *a,
    const struct findings *f, size_t first, struct str text, size_t base)
{
    if (options == NULL || f->count <= first)
        return;
    const struct search search = {options, a, f, first, text, base};
    const struct finding **chosen =
        mem_calloc(f->count - first, sizeof(struct finding *));
    size_t n = choose(&search, chosen), at = 0;
    if (n != 0 && a->evidence == NULL)
        a->evidence = MEM_NEW(struct evidence);
    while (at < n) {
        size_t left = options->max_bytes - a->evidence->bytes;
        struct piece piece = {0, text.n, 0, n};
        if (!options->is_whole || text.n > left)
            piece = next_piece(text, base, chosen, n, at);
        if (piece.to - piece.from > left)
            a->evidence->is_cut = true;
        else
            write_piece(a->evidence, text, base, &piece, chosen);
        at = piece.first + piece.count;
    }
    mem_free(chosen);
}

/* ---- sealing ----------------------------------------------------------- */

void evidence_seal(const struct evidence_options *options, struct activity *a)
{
    struct evidence *e = a->evidence;
    buf_clear(&a->sealed);
    if (options == NULL || e == NULL || e->texts.n == 0 ||
        a->verdict < options->least)
        return;
    struct buf clear = {0}, sealed = {0};
    buf_printf(&clear, "{\"v\":1,\"id\":\"%s\",%s\"texts\":[", a->id,
        e->is_cut ? "\"is_cut\":true," : "");
    buf_append_str(&clear, buf_str(&e->texts));
    buf_append_str(&clear, STR("]}"));
    if (seal_close(&options->key, buf_str(&clear), &sealed) == OK)
        base64_encode(buf_str(&sealed), &a->sealed);
    else
        log_event(LOG_ERROR, "evidence.cannot-seal", LOG_CSTR("id", a->id));
    buf_wipe_free(&clear);
    buf_free(&sealed);
    buf_wipe_free(&e->texts); /* what comes later is sealed on its own */
}

void evidence_free(struct evidence **evidence)
{
    if (*evidence == NULL)
        return;
    buf_wipe_free(&(*evidence)->texts);
    mem_free(*evidence);
    *evidence = NULL;
}
