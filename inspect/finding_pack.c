/*
 * Findings on their way through the keeper, from one exchange to another of
 * the same file.  What comes back is checked: the keeper may have been taken
 * over.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/finding.h"

struct packed {
    uint64_t start, end, value_hash;
    uint32_t count;
    uint8_t confidence, severity, where, similarity;
    uint16_t lengths[5]; /* detector, type, group, sample, document */
    uint16_t reserved[3];
};

void findings_pack(const struct findings *f, size_t max, struct buf *out)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *one = &f->items[i];
        const struct str texts[] = {
            one->detector, one->type, one->group, one->sample, one->document};
        struct packed p = {.start = one->start,
            .end = one->end,
            .value_hash = one->value_hash,
            .count = (uint32_t)one->count,
            .confidence = (uint8_t)one->confidence,
            .severity = (uint8_t)one->severity,
            .where = (uint8_t)one->where,
            .similarity = (uint8_t)one->similarity};
        size_t n = sizeof p;
        for (size_t j = 0; j < ARRAY_LEN(texts); j++) {
            n += texts[j].n;
            p.lengths[j] = (uint16_t)texts[j].n;
        }
        if (out->n + n > max)
            return;
        buf_append(out, &p, sizeof p);
        for (size_t j = 0; j < ARRAY_LEN(texts); j++)
            buf_append_str(out, texts[j]);
    }
}

static bool is_sound(const struct packed *p, size_t rest)
{
    size_t texts = 0;
    for (size_t i = 0; i < ARRAY_LEN(p->lengths); i++)
        texts += p->lengths[i];
    return texts <= rest && p->where <= WHERE_DRAFT &&
           p->severity <= LEVEL_HIGH && p->confidence <= LEVEL_HIGH &&
           p->start <= p->end;
}

void findings_unpack(struct str bytes, struct findings *f)
{
    struct packed p;
    while (bytes.n >= sizeof p) {
        struct str texts[ARRAY_LEN(p.lengths)];
        memcpy(&p, bytes.p, sizeof p);
        bytes = str_sub(bytes, sizeof p, bytes.n);
        struct finding *one = is_sound(&p, bytes.n) ? findings_add(f) : NULL;
        if (one == NULL)
            return;
        for (size_t j = 0; j < ARRAY_LEN(texts); j++) {
            texts[j] = arena_copy(&f->arena, str_sub(bytes, 0, p.lengths[j]));
            bytes = str_sub(bytes, p.lengths[j], bytes.n);
        }
        *one = (struct finding){
            .detector = texts[0],
            .type = texts[1],
            .group = texts[2],
            .sample = texts[3],
            .document = texts[4],
            .similarity = p.similarity,
            .confidence = (enum level)p.confidence,
            .severity = (enum level)p.severity,
            .where = (enum where)p.where,
            .count = p.count,
            .start = (size_t)p.start,
            .end = (size_t)p.end,
            .value_hash = p.value_hash,
        };
    }
}
