/*
 * Inside the detection engine: what a rule set looks like once loaded.
 * Shared by rules.c (reads it), rules_hs.c (compiles it) and scan_hs.c (runs
 * it); nobody else includes this.
 */
#ifndef INSPECT_RULE_H
#define INSPECT_RULE_H

#include "base/arena.h"
#include "base/yaml.h"
#include "inspect/activity.h"
#include "inspect/check.h"
#include "inspect/marks.h"
#include "inspect/regex.h"
#include "inspect/rules.h"

enum {
    RULES_MAX = 2000,
    RULE_PATTERNS_MAX = 64,
    RULE_WITHIN_MAX = 1000,
    RULE_VALUE_MAX = 16384,
    RULE_BEFORE_MAX = 512,
    /* An anchor is at most so wide: slices overlap by it. */
    RULE_ANCHOR_MAX = 1024,
    RULE_GROUPS_MAX = 20,
    /* A shape and its first word are at most so long. */
    RULE_SHAPE_MAX = 48,
    RULE_LEADS = 65, /* letters and digits in a row: 0 to 63, or more */
    /* A token is at most so long. */
    RULE_TOKEN_MAX = 1024,
    RULE_TERMS_MAX = 200000, /* of all dictionaries */
    RULE_TERM_MAX = 200,     /* bytes of one */
    WORD_MAX = 100,          /* bytes of a keyword */
};

/* One way to spell a number: "3-2-4" is {3, 2, 4}; a bare one has count 1. */
struct grouping {
    unsigned char sizes[RULE_GROUPS_MAX];
    unsigned char count;
};

/* What may stand at the first places, a bit each, as far as that is known:
 * letters and digits only, none of them, no capitals, … */
struct char_form {
    uint64_t word, other;
    uint64_t no_upper, no_lower, no_digit;
};
static inline bool may_have_form(
    const struct char_bits *b, const struct char_form *f)
{
    uint64_t lower = b->word & ~b->upper & ~b->digit;
    return ((f->word & ~b->word) | (f->other & b->word) |
               (f->no_upper & b->upper) | (f->no_lower & lower) |
               (f->no_digit & b->digit)) == 0;
}

struct pattern {
    bool is_digits;
    /* A regular expression: confirmed where one of its anchors hit. */
    struct regex *regex;
    size_t before; /* the anchor may begin so far into the match */
    size_t max;    /* the match ends at most so far behind the anchor */
    /* Digits: bare ones of min to max_digits, or grouped ones. */
    unsigned min_digits, max_digits;
    const struct grouping *groups;
    size_t group_count;
    struct str separators;
    /* Identifiers by their spelling: 9 a digit, A an upper-case letter, a a
     * letter, X and x the same or a digit, blank one of the separators (the
     * same one each time), everything else itself.  With a regex: that is
     * tried where a text begins like a shape. */
    const char *const *shapes;
    size_t shape_count;
    /* Words and phrases, in either case unless is_exact. */
    const struct str *terms;
    size_t term_count;
    bool is_exact;
    bool is_token; /* regex is tried where a token starts, words near by */
    struct char_form form; /* is_token: of its matches */
    bool may_have_blank;   /* regex may match one; false: surely not */
    struct regex *gap; /* all between a word and the token, NULL: anything */
    bool has_base;
    enum level base; /* instead of the rule's */
};

/* Which words a text is looked through for: those that name tokens are asked
 * for much more often, and are rarer, than all others. */
enum word_kind { WORDS_OF_TOKENS, WORDS_OTHER, WORD_KINDS };

struct word_set {
    const uint64_t *bits; /* by keyword index; NULL: no words */
    size_t within;        /* bytes before the start and behind the end */
    unsigned kinds;       /* that are among them, a bit each */
};

/* kind: fingerprint (inspect/fingerprint.h) */
struct rule_fingerprint {
    struct str path;         /* of the set, a data file */
    unsigned min_share;      /* percent of the document */
    unsigned min_paragraphs; /* or so many of its paragraphs */
    unsigned min_letters;    /* and so much of it in any case */
};

/* kind: edm (inspect/edm.h) */
struct rule_edm {
    struct str path; /* of the index, a data file */
    const struct str *columns, *always;
    size_t column_count, always_count;
    unsigned match; /* so many of the columns, of one row */
    size_t within;  /* characters */
};

struct rule {
    struct str id, type, group, description;
    const char *file;
    unsigned line;
    enum level severity;
    const struct rule_fingerprint *fingerprint; /* or NULL: patterns */
    const struct rule_edm *edm;                 /* or NULL */
    const struct pattern *patterns;
    size_t pattern_count;
    const struct validator *validator; /* or NULL */
    double entropy;                    /* bits a byte; 0: not asked */
    struct word_set keywords, deny;
    struct word_set require; /* one of them must be near */
    struct regex **allow;
    size_t allow_count;
    /* LEVEL_NONE: not reported */
    enum level base, with_keyword, with_validator, with_both;
    enum level alone; /* the text is nothing but such values */
    bool gives_way;   /* to any other finding of the same bytes */
    /* Filled in by rules_index: what a view says of it can be a finding; the
     * most that it can be sure of. */
    bool is_topic, serves_turned, serves_doubtful;
    enum level most;
    const struct str *examples, *counter_examples;
    size_t example_count, counter_example_count;
};

enum anchor_kind { ANCHOR_REGEX, ANCHOR_WORD };

/* One expression of the database; its index is the id. */
struct anchor {
    enum anchor_kind kind;
    const char *expression;
    bool nocase;
    size_t width;           /* bytes, 0: varies; for words the length */
    unsigned rule, pattern; /* ANCHOR_REGEX */
    unsigned word;          /* ANCHOR_WORD: keyword index */
    const char *file;
    unsigned line;
};

/* What stands behind the first word of a shape, or of a text. */
enum shape_next {
    SHAPE_ENDS,
    SHAPE_OTHER,
    SHAPE_DIGIT,  /* one of " -./", a digit */
    SHAPE_LETTER, /* one of " -./", a letter */
    SHAPE_NEXTS,
};
/* And of the second word, if there is one: its length, all longer ones alike,
 * and whether it goes on behind that in the same way. */
enum { SHAPE_SECOND_MAX = 12, SHAPE_TAILS = 2 * (SHAPE_SECOND_MAX + 1) };
/* How it begins. */
enum shape_first { SHAPE_NUMBER, SHAPE_LOWER, SHAPE_UPPER, SHAPE_FIRSTS };
enum {
    SHAPE_CLASSES =
        (RULE_SHAPE_MAX + 1) * SHAPE_FIRSTS * SHAPE_NEXTS * SHAPE_TAILS
};

struct shape_form {
    size_t width; /* of the first word */
    enum shape_first first;
    enum shape_next next;
    size_t second; /* SHAPE_DIGIT, SHAPE_LETTER: 1 to SHAPE_SECOND_MAX */
    bool has_third;
};

/* Most words of a text have no shape of their class. */
static inline unsigned shape_class(const struct shape_form *f)
{
    size_t first = f->width * SHAPE_FIRSTS + f->first;
    return (unsigned)((first * SHAPE_NEXTS + f->next) * SHAPE_TAILS +
                      f->second * 2 + f->has_third);
}

static inline bool is_shape_gap(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/';
}

/* Numbers by the length of their first group; the last is for all longer. */
enum { NUMBER_LENGTHS = 42 };

static inline size_t number_length(size_t digits)
{
    return digits < NUMBER_LENGTHS - 1 ? digits : NUMBER_LENGTHS - 1;
}

/* Which words there must be near a number or shape for it to be anything. */
struct number_needs {
    bool is_word_needed[2]; /* in the text; in a doubtful view */
    unsigned kinds;         /* of the words that would do, and WORDS_OR_ALONE */
};
enum { WORDS_OR_ALONE = 1 << WORD_KINDS }; /* the text may be nothing else */

/* A shape of a class; a token pattern of a word; digits of a length. */
struct shape_entry {
    const struct rule *rule;
    const struct pattern *pattern;
    const char *text;
    struct char_form form;
    size_t whole;   /* bytes, when the form says all; 0: it does not */
    bool has_gap;   /* a separator */
    size_t longest; /* bytes that may be of the value */
    struct number_needs needs;
    /* Of the first of a class: what all need, the longest of them. */
    struct number_needs all;
    size_t longest_of_all;
};
struct token_entry {
    const struct rule *rule;
    const struct pattern *pattern;
    unsigned form; /* of rules.token_forms */
};
struct token_form {
    const struct pattern *pattern;
    struct regex_needs needs;
    size_t entry; /* the last one of the pattern; without words: the only one */
};
struct number_entry {
    const struct rule *rule;
    const struct pattern *pattern;
    struct number_needs needs;
};

struct term_entry {
    uint32_t hash;
    const struct rule *rule;
    const struct pattern *pattern;
    struct str text;
};

/* One step over a byte of a word; letters in either case are the same. */
enum { TERM_HASH_START = 5381 };
static inline uint32_t term_hash(uint32_t hash, unsigned char c)
{
    return (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * 16777619u;
}
static inline bool is_term_byte(unsigned char c)
{
    return c >= 0x80 || (unsigned char)((c | 0x20) - 'a') < 26 ||
           (unsigned char)(c - '0') < 10;
}

/* What a word may be by its first four bytes, in either case; shorter ones
 * end in zeros. */
enum {
    HEAD_TERM = 1,   /* of a dictionary */
    HEAD_NUMBER = 2, /* "four", "one" */
    HEAD_FIRST = 4,
    HEAD_RARE = 8,       /* "role", "foxtrot", "begin" */
    HEAD_CHARACTER = 16, /* "chr", "U" */
    HEAD_PIECE = 32,     /* how tokens of vendors begin */
    HEAD_BACKWARDS = 64, /* "eht" */
    HEAD_MIXED = 128,    /* words of several tags share the slot */
    HEAD_CAPITAL = 256,  /* only terms that begin with one: "INTERNAL" */
    HEAD_TAG = 0xfe00,
    HEADS = 4096
};

static inline uint32_t word_head(const char *word, size_t n)
{
    uint32_t head = 0;
    for (size_t i = 0; i < n && i < sizeof head; i++)
        head |= (uint32_t)((unsigned char)word[i] | 0x20) << 8 * i;
    return head;
}
static inline uint32_t head_slot(uint32_t head)
{
    return head * 2654435761u >> 20;
}
/* More of the hash, so that few other words are taken for one of those. */
static inline unsigned head_tag(uint32_t head)
{
    return head * 2654435761u >> 4 & HEAD_TAG;
}
/* A word that finders look for. */
struct view_word {
    uint32_t head;
    unsigned what;
};

struct rules {
    struct arena arena;
    struct rule *items;
    size_t count;
    struct anchor *anchors;
    size_t anchor_count, anchor_cap;
    size_t word_count;
    size_t word_longest[WORD_KINDS]; /* bytes */
    /* Of a class: [shape_start[class], shape_start[class + 1]). */
    struct shape_entry *shapes;
    unsigned *shape_start; /* SHAPE_CLASSES + 1 */
    /* Whether there are any, a bit a class: small enough to stay at hand. */
    uint64_t shape_bits[SHAPE_CLASSES / 64 + 1];
    /* And whatever the second word: a bit a width. */
    uint64_t shape_widths[SHAPE_FIRSTS][SHAPE_NEXTS];
    /* Of word n: [token_start[n], token_start[n + 1]); behind the last word
     * those that need none: [token_start[word_count], token_count). */
    struct token_entry *tokens;
    size_t token_count;
    size_t *token_start;
    /* Each token pattern once; which of them may begin with so many letters
     * and digits in a row: token_leads[lead * token_form_words], a bit each. */
    struct token_form *token_forms;
    size_t token_form_count, token_form_words;
    struct char_form *token_chars; /* of each */
    uint64_t *token_leads;
    /* The same by the bytes up to a blank, all from RULE_LEADS on alike. */
    uint64_t *token_lengths;
    /* The same by their first byte, and those that a word asks for:
     * token_words[word * token_form_words]. */
    uint64_t *token_firsts, *token_words;
    uint64_t *token_turned; /* those that serve turned tokens */
    uint64_t *token_open;   /* those that may match over a blank */
    /* Sure secrets are among what is found without an anchor. */
    bool has_secret_digits, has_secret_shapes, has_secret_terms;
    /* A match that begins with that byte has at least so many, none of them
     * blank; SIZE_MAX: there is no such match. */
    size_t token_bytes[256];
    size_t token_within; /* the widest window of them */
    /* That may begin so: [number_start[length], number_start[length + 1]). */
    struct number_entry *numbers;
    size_t number_start[NUMBER_LENGTHS + 1];
    /* Of all that may begin so: what they need, how long they are at most, and
     * how many groups are looked at. */
    struct number_needs number_needs[NUMBER_LENGTHS];
    size_t number_longest[NUMBER_LENGTHS], number_groups[NUMBER_LENGTHS];
    size_t number_within; /* the widest window of numbers and shapes */
    /* Terms of dictionaries by the hash of their first words, sorted; a bit of
     * term_bits for each hash. */
    struct term_entry *terms;
    size_t term_count;
    uint64_t *term_bits;
    uint32_t term_mask;
    /* Data files, each once. */
    struct str *data;
    size_t data_count;
    struct str edm_key;    /* absolute name; empty: no detector needs it */
    uint16_t heads[HEADS]; /* by head_slot: what, and a tag: head_find */
    bool has_number_heads; /* one begins with a digit and no letter behind */
    struct view_word *view_words; /* each head once, sorted */
    size_t view_word_count;
};

static inline enum word_kind rules_word_kind(
    const struct rules *rules, size_t word)
{
    return rules->token_start[word + 1] > rules->token_start[word]
               ? WORDS_OF_TOKENS
               : WORDS_OTHER;
}

/* `dictionary` or `dictionary_file` of a pattern; rules_terms.c. */
void rules_read_terms(struct rules *rules, struct yaml_doc *doc,
    const struct bundle *bundle, const struct yaml_node *node,
    struct pattern *p);

/* The indices above; rules_index.c. */
void rules_index(struct rules *rules);
/* The form of what an expression matches; rules_form.c. */
void rules_form(struct str expression, bool nocase, struct char_form *form_out);

/* The absolute name of a data file, in the arena: one that the configuration
 * names, or one that commands keep at DATA_DIR/FOLDER/NAME; and that a
 * detector needs it.  rules_data.c */
struct str rules_data_beside(
    struct rules *rules, const struct bundle *bundle, struct str name);
struct str rules_data_kept(struct rules *rules, const struct bundle *bundle,
    const char *folder, struct str name);
void rules_data_add(struct rules *rules, struct str path);

/* Fills in widths; reports expressions that Hyperscan cannot take. */
void rules_measure(struct rules *rules, struct diag *diag);

#endif
