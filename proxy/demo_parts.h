/*
 * What the files of the demonstration share; not for others.
 */
#ifndef PROXY_DEMO_PARTS_H
#define PROXY_DEMO_PARTS_H

#include "proxy/demo.h"

/* ---- who and what: demo_texts.c ---- */

struct demo_department {
    const char *workspace, *node;
    int zone_minutes; /* east of Greenwich */
    const char *network;
    const char *const *prompts; /* ended by NULL, as all lists */
    const char *const *files;
};
extern const struct demo_department demo_departments[];

struct demo_person {
    const char *name;
    unsigned department, weight;
};
extern const struct demo_person demo_people[];
extern const size_t demo_people_count;

/* A slip: a text with one "@", where a made-up value goes. */
enum demo_value {
    DEMO_CARD,
    DEMO_IBAN,
    DEMO_SSN,
    DEMO_AWS_KEY,
    DEMO_PASSWORD,
    DEMO_PRIVATE_KEY,
    DEMO_EMAILS,
    DEMO_CODE,
};
struct demo_slip {
    enum demo_value value;
    const char *text;
};
extern const struct demo_slip demo_slips[];
extern const size_t demo_slips_count;

extern const char *const demo_answers[];
extern const char *const demo_models[];
extern const char *const demo_analysts[];
extern const char *const demo_comments_good[]; /* of resolved incidents */
extern const char *const demo_comments_false[];

/* ---- chance ---- */

struct demo_chance {
    uint64_t state;
};
uint64_t demo_next(struct demo_chance *c);
unsigned demo_below(struct demo_chance *c, unsigned n); /* 0 … n - 1 */
bool demo_is(struct demo_chance *c, unsigned percent);
const char *demo_one_of(struct demo_chance *c, const char *const *list);
void demo_uuid(
    struct demo_chance *c, int64_t time_ms, char out[UUID_TEXT_BYTES]);
void demo_put_slip(struct demo_chance *c, struct buf *out);

/* ---- the week ---- */

struct demo_desk;
struct demo {
    const struct demo_options *options;
    struct demo_week *week;
    struct demo_chance chance;
    struct demo_desk *desk;
};
/* The next record of the week; borrowed until another one is added. */
struct demo_record *demo_add(
    struct demo *d, enum store_kind kind, int64_t time_ms);
/* What analysts do about what the policy did not just let pass: demo_desk.c */
void demo_desk_open(struct demo *d);
void demo_desk_note(struct demo *d, const struct activity *a);
/* Puts their records; the desk is gone. */
void demo_desk_finish(struct demo *d);

#endif
