/*
 * One activity: who did what, where, with which text and files, what was
 * found in it, and the verdict.  Written as JSON in the contract's shape.
 *
 * Everything lives in the activity's own arena, but the two texts, which can
 * be large.  Absent means unknown; nothing is guessed.
 */
#ifndef INSPECT_ACTIVITY_H
#define INSPECT_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

enum level { LEVEL_NONE, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };
const char *level_name(enum level level); /* "low" …; NULL for LEVEL_NONE */

enum where {
    WHERE_PROMPT,
    WHERE_ANSWER,
    WHERE_HIDDEN,
    WHERE_FILE,
    WHERE_FILE_NAME,
    WHERE_URL,
    WHERE_DRAFT,
};
const char *where_name(enum where where);

enum verdict_kind {
    VERDICT_ALLOW,
    VERDICT_ALERT,
    VERDICT_COACH,
    VERDICT_REDACT,
    VERDICT_BLOCK
};
const char *verdict_name(enum verdict_kind kind);

enum capture { CAPTURE_NONE, CAPTURE_SAMPLE, CAPTURE_FULL };

struct finding {
    struct str detector; /* the rule's id */
    struct str type;     /* "credit-card" … */
    struct str group;    /* secret, financial, personal, document, topic */
    enum level confidence, severity;
    enum where where;
    size_t count;        /* equal ones folded */
    struct str sample;   /* masked: never the value */
    size_t start, end;   /* byte offsets into the UTF-8 text of the source */
    uint64_t value_hash; /* keyed; equal values fold, and count as unique */
    struct str document; /* fingerprint: of which one, */
    unsigned similarity; /* and how much of it is there, in percent */
    bool gives_way;      /* a guess: another one of the same bytes is better */
    bool is_derived;     /* out of a view: found under a disguise */
    bool is_apart;       /* of many values: says nothing against others there */
};

struct findings {
    struct finding *items; /* heap; strings belong to the rule set or arena */
    size_t count, cap;
    bool is_capped;     /* FINDINGS_MAX was reached: noted, not silent */
    int floor;          /* none ranks lower, while full (finding.c) */
    bool is_incomplete; /* a scan failed: there may be more */
    struct arena arena;
};
enum { FINDINGS_MAX = 1024 };
struct finding *findings_add(struct findings *f); /* zeroed; NULL when full */
void findings_free(struct findings *f);

struct activity_file {
    struct str id, name, type, declared_type, sha256;
    int64_t bytes;   /* -1: unknown */
    bool is_users;   /* where an activity has both sides' files */
    struct str link; /* handed out with it: signed, so never recorded */
    struct buf text; /* what could be read of it; see FILE_TEXT_BYTES_MAX */
};
/* A longer text is only scanned. */
enum { FILE_TEXT_BYTES_MAX = 1024 * 1024 };

enum outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

struct actor {
    struct str user, source, ip, account, workspace, device;
    struct str user_id; /* "user-…", as the service calls the person */
    struct str plan;    /* "team" …: of the workspace, where that is known */
    bool is_signed_in;
    bool is_named; /* the account is named by a token, not only by a key */
};

/* What the activity is about: a tool, an API key, an invitation. */
struct activity_target {
    struct str type, id, name;
};

/* A further fact about it: `role`, `scopes`, `parent`. */
enum detail_kind { DETAIL_TEXT, DETAIL_NUMBER, DETAIL_BOOL, DETAIL_LIST };
struct activity_detail {
    const char *key;
    enum detail_kind kind;
    struct str text;
    int64_t number; /* 0 and 1 for false and true */
    struct str *items;
    size_t item_count;
};

/* What comes from outside is cut to these; a cut text ends with "…". */
enum {
    ACTIVITY_TARGETS_MAX = 256,
    ACTIVITY_CHANGES_MAX = 128,
    ACTIVITY_DETAILS_MAX = 64,
    ACTIVITY_ITEMS_MAX = 256, /* of one list */
    ACTIVITY_FACT_BYTES_MAX = 4096,
};

struct evidence; /* inspect/evidence.h */

struct activity {
    struct arena arena;
    char id[UUID_TEXT_BYTES];
    int64_t time_ms;
    struct str node, via, service, name; /* name: "prompt.created" … */
    enum outcome outcome;
    struct actor actor;
    struct str conversation_id, message_id, parent_message_id, model,
        project_id;
    struct activity_target *targets;
    size_t target_count;
    struct str *changes; /* the settings changed, by name */
    size_t change_count;
    struct activity_detail *details;
    size_t detail_count;
    bool is_opaque;      /* its content passes where nobody can read it */
    struct str update;   /* edit, regenerate, continue */
    struct str reply_to; /* an answer's prompt: its activity id */
    unsigned attempts;   /* 0 and 1: not written */
    bool has_complete, complete;
    struct buf content; /* exact text: parts joined by a newline */
    struct buf hidden;
    struct activity_file *files;
    size_t file_count;
    struct findings findings;
    struct evidence *evidence; /* in clear, never written; NULL: none */
    struct buf sealed;         /* the same, sealed, as base64 */
    struct str sealed_names;   /* JSON of inspect/names.h; empty: none */
    enum verdict_kind verdict;
    bool is_monitored; /* verdict is what would have happened (monitor mode) */
    struct str rule, reason;
    enum level severity;
    struct str failure; /* "parse", "limit", "decode", "scan", "store": the
                           cause, where something in-scope was not understood */
    struct str http_method, http_host, http_path; /* path without query */
    int http_status;                              /* 0: none (yet) */
    const char *http_version;                     /* "1.1", "2"; NULL unknown */
    int64_t request_bytes, response_bytes;        /* -1 unknown */
};

struct activity *activity_new(void); /* id and time are set */
void activity_free(struct activity **activity);
struct activity_file *activity_add_file(struct activity *a);

/* Targets, changes and details (activity_facts.c).  Texts are copied; an
 * empty one adds nothing, and neither does one above the bounds. */
void activity_add_target(
    struct activity *a, struct str type, struct str id, struct str name);
void activity_add_change(struct activity *a, struct str name); /* once */
/* A key that is there already gets the new value. */
void activity_add_detail(struct activity *a, const char *key, struct str text);
void activity_add_detail_number(
    struct activity *a, const char *key, int64_t number);
void activity_add_detail_bool(struct activity *a, const char *key, bool value);
/* One more at the end of the list of that key. */
void activity_add_detail_item(
    struct activity *a, const char *key, struct str item);
void activity_add_detail_list(
    struct activity *a, const char *key, const struct str *items, size_t count);
/* NULL when there is none. */
const struct activity_detail *activity_detail(
    const struct activity *a, const char *key);

/* None are left: they may be added anew. */
void activity_free_facts(struct activity *a);

/* "prompt_with_file.created" -> "Data Upload" … (contract). */
const char *activity_category(struct str name);

/* One line of JSON, without the newline.  capture says whether and how the
 * texts are written; samples have every finding masked. */
void activity_write(
    const struct activity *a, enum capture capture, struct buf *out);

/* The member `findings` of an open object, equal values folded, masked; nothing
 * when there are none. */
struct jsonw;
void activity_write_findings(const struct findings *findings, struct jsonw *w);

#endif
