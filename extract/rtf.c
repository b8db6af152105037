/*
 * RTF 1.9.1: text of all destinations but those that hold only the program's
 * tables; hidden and deleted text, annotations, field codes and properties
 * are text like any other.  Pictures and embedded objects become members.
 */
#include "extract/job.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "extract/text.h"

enum { GROUPS_MAX = 256, WORD_MAX = 32, HEX_MAX = 64 << 20 };

/* What the characters of a group are. */
enum destination { SHOWN, SKIPPED, PROPERTY, HEX_PICTURE, HEX_OBJECT };

struct group {
    enum destination destination;
    int unicode_skip; /* \ucN */
    bool is_property; /* began with the word of one */
    bool has_fields;  /* each group in it is a value of its own */
};

struct rtf {
    struct job *job;
    struct str rest;
    struct group groups[GROUPS_MAX];
    size_t depth;      /* index of the open group */
    size_t too_deep;   /* groups open beyond GROUPS_MAX */
    bool is_ignorable; /* \* came */
    int skip;          /* characters that stand for the last \u */
    uint32_t high;     /* of a surrogate pair */
    char charset[16];
    struct buf eight_bit; /* \'hh, until something else comes */
    struct buf apart;     /* properties, told behind the line they stand in */
    struct buf hex;
    int nibble; /* -1: none */
};

static struct group *top(struct rtf *r)
{
    return &r->groups[r->depth];
}

/* ---- text ---- */

/* A bookmark, a note or a field's code may stand within a value. */
static void say(struct rtf *r, struct str text)
{
    bool is_apart = top(r)->destination == PROPERTY;
    if (is_apart && text.n <= SIDE_MAX - r->apart.n)
        buf_append_str(&r->apart, text);
    else
        job_text(r->job, text);
}

static void end_apart(struct rtf *r)
{
    if (r->apart.n > 0 && !str_ends(buf_str(&r->apart), "\n"))
        buf_append_char(&r->apart, '\n');
}

static void tell_apart(struct rtf *r)
{
    job_line(r->job, buf_str(&r->apart));
    buf_clear(&r->apart);
}

static void say_latin(struct rtf *r, struct str bytes)
{
    struct buf out = {0};
    text_latin_to_utf8(bytes, &out);
    say(r, buf_str(&out));
    buf_free(&out);
}

static void flush_bytes(struct rtf *r)
{
    struct buf out = {0};
    if (r->eight_bit.n == 0)
        return;
    struct str bytes = buf_str(&r->eight_bit);
    if (r->charset[0] != '\0' && text_convert(bytes, r->charset, &out))
        say(r, buf_str(&out));
    else
        say_latin(r, bytes);
    buf_free(&out);
    buf_clear(&r->eight_bit);
}

static bool is_text(struct rtf *r)
{
    return top(r)->destination == SHOWN || top(r)->destination == PROPERTY;
}

static void put_hex(struct rtf *r, char c)
{
    int value = str_hex_value(c);
    if (value < 0 || r->hex.n >= HEX_MAX)
        return;
    if (r->nibble >= 0)
        buf_append_char(&r->hex, (char)(r->nibble << 4 | value));
    r->nibble = r->nibble >= 0 ? -1 : value;
}

static void put_byte(struct rtf *r, char c)
{
    enum destination d = top(r)->destination;
    if (d == HEX_PICTURE || d == HEX_OBJECT) {
        put_hex(r, c);
    } else if (r->skip > 0) {
        r->skip--;
    } else if (is_text(r) && c != '\0') {
        buf_append_char(&r->eight_bit, c);
        if (r->eight_bit.n >= SINK_BYTES)
            flush_bytes(r);
    }
}

static void put_code_point(struct rtf *r, uint32_t c)
{
    if (!is_text(r))
        return;
    flush_bytes(r);
    if ((c & 0xfc00) == 0xd800) {
        r->high = c;
        return;
    }
    if (r->high != 0 && (c & 0xfc00) == 0xdc00)
        c = 0x10000 + ((r->high & 0x3ff) << 10) + (c & 0x3ff);
    r->high = 0;
    char bytes[4];
    if (c != 0)
        say(r, str_make(bytes, utf8_encode(c, bytes)));
}

static void put_break(struct rtf *r, char c)
{
    if (!is_text(r))
        return;
    flush_bytes(r);
    if (c != '\n') {
        say(r, str_make(&c, 1));
    } else if (top(r)->destination == PROPERTY) {
        end_apart(r);
    } else {
        job_break(r->job);
        tell_apart(r);
    }
}

/* ---- groups ---- */

static void open_group(struct rtf *r)
{
    flush_bytes(r);
    r->is_ignorable = false;
    if (r->depth + 1 == GROUPS_MAX) {
        r->too_deep++;
        return;
    }
    struct group *parent = top(r);
    r->depth++;
    *top(r) = *parent;
    top(r)->is_property = parent->has_fields;
    top(r)->has_fields = false;
    if (parent->has_fields)
        end_apart(r);
}

/* An object's OLE file stands behind a head of its own ([MS-OLEDS] §2.2.5). */
static void end_hex(struct rtf *r, bool is_object)
{
    struct str bytes = buf_str(&r->hex);
    if (is_object) {
        size_t at = str_find(bytes, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
        bytes = at < bytes.n ? str_sub(bytes, at, bytes.n) : bytes;
    }
    if (bytes.n > 16)
        job_member(r->job, is_object ? STR("object") : STR("picture"), bytes);
    buf_free(&r->hex);
    r->nibble = -1;
}

static void close_group(struct rtf *r)
{
    flush_bytes(r);
    r->skip = 0;
    if (r->too_deep > 0) {
        r->too_deep--;
        return;
    }
    if (r->depth == 0)
        return;
    enum destination ended = top(r)->destination;
    if (top(r)->is_property)
        end_apart(r);
    r->depth--;
    if (ended == top(r)->destination)
        return;
    if (ended == HEX_PICTURE || ended == HEX_OBJECT)
        end_hex(r, ended == HEX_OBJECT);
}

/* ---- control words ---- */

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static bool is_table(const char *word)
{
    static const char *const words[] = {"fonttbl", "colortbl", "stylesheet",
        "themedata", "colorschememapping", "latentstyles", "listtable",
        "listoverridetable", "rsidtbl", "xmlnstbl", "filetbl", "revtbl",
        "mmathPr", "pgptbl", "wgrffmtfilter", "generator", "blipuid", "panose",
        "falt", NULL};
    return is_one_of(word, words);
}

static bool is_property(const char *word)
{
    static const char *const words[] = {"info", "title", "subject", "author",
        "manager", "company", "operator", "category", "keywords", "comment",
        "doccomm", "hlinkbase", "userprops", "propname", "staticval",
        "annotation", "atnauthor", "atnid", "header", "headerl", "headerr",
        "headerf", "footer", "footerl", "footerr", "footerf", "footnote",
        "fldinst", "docvar", "bkmkstart", "shptxt", "sn", "sv", "formfield",
        "ffname", "ffdeftext", "ffformat", "ffhelptext", "ffstattext",
        "ffentrymcr", "ffl", NULL};
    return is_one_of(word, words);
}

static void begin_property(struct rtf *r, const char *word)
{
    struct group *g = top(r);
    flush_bytes(r);
    g->destination = PROPERTY;
    g->is_property = true;
    g->has_fields = strcmp(word, "docvar") == 0;
    end_apart(r);
}

static bool is_destination(struct rtf *r, const char *word)
{
    struct group *g = top(r);
    if (is_table(word))
        g->destination = SKIPPED;
    else if (g->destination == SKIPPED)
        return false;
    else if (strcmp(word, "pict") == 0)
        g->destination = HEX_PICTURE;
    else if (strcmp(word, "objdata") == 0)
        g->destination = HEX_OBJECT;
    else if (is_property(word))
        begin_property(r, word);
    else
        return false;
    return true;
}

static bool is_line_end(const char *word)
{
    static const char *const words[] = {
        "par", "line", "row", "sect", "page", "column", "nestrow", NULL};
    return is_one_of(word, words);
}

static const struct {
    const char *word;
    uint32_t c;
} characters[] = {{"emdash", 0x2014}, {"endash", 0x2013}, {"bullet", 0x2022},
    {"lquote", 0x2018}, {"rquote", 0x2019}, {"ldblquote", 0x201c},
    {"rdblquote", 0x201d}, {"emspace", 0x2003}, {"enspace", 0x2002}};

static bool put_named(struct rtf *r, const char *word)
{
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        if (strcmp(word, characters[i].word) == 0) {
            put_code_point(r, characters[i].c);
            return true;
        }
    }
    return false;
}

static void skip_binary(struct rtf *r, long n)
{
    size_t most = n > 0 && (size_t)n < r->rest.n ? (size_t)n : r->rest.n;
    if (n > 0)
        r->rest = str_sub(r->rest, most, r->rest.n);
}

static void take_word(struct rtf *r, const char *word, bool has_n, long n)
{
    bool was_ignorable = r->is_ignorable;
    r->is_ignorable = false;
    if (strcmp(word, "u") == 0 && has_n) {
        put_code_point(r, (uint32_t)n & 0xffff);
        r->skip = top(r)->unicode_skip;
    } else if (strcmp(word, "uc") == 0) {
        top(r)->unicode_skip = n >= 0 && n < 16 ? (int)n : 1;
    } else if (strcmp(word, "bin") == 0) {
        skip_binary(r, n);
    } else if (strcmp(word, "ansicpg") == 0 && n > 0 && n < 100000) {
        snprintf(r->charset, sizeof r->charset, "CP%ld", n);
    } else if (is_line_end(word)) {
        put_break(r, '\n');
    } else if (strcmp(word, "tab") == 0 || strcmp(word, "cell") == 0 ||
               strcmp(word, "nestcell") == 0) {
        put_break(r, '\t');
    } else if (!put_named(r, word) && !is_destination(r, word) &&
               was_ignorable && strcmp(word, "shpinst") != 0 &&
               strcmp(word, "bkmkend") != 0 && is_text(r)) {
        /* What we do not know may hold words: they are told apart. */
        begin_property(r, word);
    }
}

static void read_word(struct rtf *r)
{
    char word[WORD_MAX + 1];
    size_t n = 0, i = 0;
    struct str s = r->rest;
    while (i < s.n && ((s.p[i] >= 'a' && s.p[i] <= 'z') ||
                          (s.p[i] >= 'A' && s.p[i] <= 'Z'))) {
        if (n < WORD_MAX)
            word[n++] = s.p[i];
        i++;
    }
    word[n] = '\0';
    bool is_minus = i < s.n && s.p[i] == '-', has_n = false;
    long value = 0;
    i += is_minus;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        value = value < 100000000 ? value * 10 + (s.p[i] - '0') : value;
        has_n = true;
    }
    if (i < s.n && s.p[i] == ' ')
        i++;
    r->rest = str_sub(s, i, s.n);
    take_word(r, word, has_n, is_minus ? -value : value);
}

static void read_symbol(struct rtf *r)
{
    char c = r->rest.p[0];
    r->rest = str_sub(r->rest, 1, r->rest.n);
    if (c == '\'') {
        int high = r->rest.n > 1 ? str_hex_value(r->rest.p[0]) : -1;
        int low = high >= 0 ? str_hex_value(r->rest.p[1]) : -1;
        if (low >= 0) {
            r->rest = str_sub(r->rest, 2, r->rest.n);
            put_byte(r, (char)(high << 4 | low));
        }
    } else if (c == '*') {
        r->is_ignorable = true;
    } else if (c == '~') {
        put_code_point(r, 0xa0);
    } else if (c == '_') {
        put_byte(r, '-');
    } else if (c == '\n' || c == '\r') {
        put_break(r, '\n');
    } else if (c == '{' || c == '}' || c == '\\') {
        put_byte(r, c);
    }
}

static void read_control(struct rtf *r)
{
    r->rest = str_sub(r->rest, 1, r->rest.n);
    if (r->rest.n == 0)
        return;
    char c = r->rest.p[0];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        read_word(r);
    else
        read_symbol(r);
}

void read_rtf(struct job *job, struct str bytes)
{
    struct rtf *r = MEM_NEW(struct rtf);
    r->job = job;
    r->rest = bytes;
    r->nibble = -1;
    r->groups[0].unicode_skip = 1;
    while (r->rest.n > 0 && !job_is_over(job)) {
        char c = r->rest.p[0];
        if (c == '\\') {
            read_control(r);
            continue;
        }
        r->rest = str_sub(r->rest, 1, r->rest.n);
        if (c == '{')
            open_group(r);
        else if (c == '}')
            close_group(r);
        else if (c != '\r' && c != '\n')
            put_byte(r, c);
    }
    flush_bytes(r);
    tell_apart(r);
    if (r->depth > 0)
        job_trouble(job, EXTRACT_DAMAGED);
    buf_free(&r->eight_bit);
    buf_free(&r->apart);
    buf_free(&r->hex);
    mem_free(r);
}
