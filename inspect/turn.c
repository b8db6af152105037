/*
 * Cheap to undo, but true of every token: so only tokens that look made by a
 * machine are turned, and scan_judge.c takes only what is sure by its form.
 */
#include "inspect/turn.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
    BIDI_MAX = 4096,
    NUMBER_MIN = 8,
    NUMBER_MAX = 40,
    WORDS_MIN = 8,
    TRUE_WORDS_MIN = 3, /* the others may be digits */
    WORD_MAX_BYTES = 18,
    WORDS_MAX = 64,
    GAP_MAX = 4, /* between two: "... " */
    TOKEN_MIN = 16,
    TOKEN_MAX = 4096,
    PROBE = 24, /* every run of eight number words has one at each so many */
};

/* ---- overrides of direction ---- */

/* Where what an override turns ends; *next_out: behind its own end. */
static size_t override_end(struct str text, size_t at, size_t *next_out)
{
    size_t most = text.n - at > BIDI_MAX ? at + BIDI_MAX : text.n;
    for (; at < most && text.p[at] != '\n'; at++) {
        if (str_starts(str_sub(text, at, text.n), "\xe2\x80\xac") ||
            str_starts(str_sub(text, at, text.n), "\xe2\x81\xa9")) {
            *next_out = at + 3;
            return at;
        }
    }
    *next_out = at;
    return at;
}

void turn_append_backwards(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t at = s.n - 1;
        while (
            at > 0 && s.n - at < 4 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        buf_append(out, s.p + at, s.n - at);
        s.n = at;
    }
}

size_t turn_find_bidi(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf turned = {0};
    size_t at = from;
    while (at < to) {
        const char *hit = memchr(text.p + at, 0xe2, to - at);
        if (hit == NULL)
            break;
        size_t start = (size_t)(hit - text.p), next;
        at = start + 1;
        if (!str_starts(str_sub(text, start, text.n), "\xe2\x80\xae"))
            continue;
        size_t end = override_end(text, start + 3, &next);
        buf_clear(&turned);
        turn_append_backwards(&turned, str_sub(text, start + 3, end));
        view_edits_add(out, start, next, buf_str(&turned));
        at = next;
    }
    buf_free(&turned);
    return at > to ? at : to;
}

/* ---- numbers ---- */

static bool is_word_char(unsigned char c)
{
    return isalnum(c) || c == '_';
}

size_t turn_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from, end;
    while ((at = marks_next_digits(marks, at, to, NUMBER_MIN)) < to) {
        for (end = at + NUMBER_MIN;
             end < text.n && isdigit((unsigned char)text.p[end]); end++)
            ;
        bool is_bare =
            (at == 0 || !is_word_char((unsigned char)text.p[at - 1])) &&
            (end == text.n || !is_word_char((unsigned char)text.p[end]));
        if (is_bare && end - at <= NUMBER_MAX) {
            char turned[NUMBER_MAX];
            for (size_t i = 0; i < end - at; i++)
                turned[i] = text.p[end - 1 - i];
            view_edits_add(out, at, end, str_make(turned, end - at));
        }
        at = end;
    }
    return at;
}

/* ---- number words ---- */

/* English, German, French, Spanish, Portuguese, Italian, Dutch, Polish,
 * Russian and Ukrainian (also as inspect/norm.h spells them, with Latin letters
 * that look the same), Turkish, Swedish; of others what is not a word of
 * English.  Eight in a row are no accident in any of them. */
const struct turn_word turn_words[] = {{"zero", '0'}, {"one", '1'},
    {"two", '2'}, {"three", '3'}, {"four", '4'}, {"five", '5'}, {"six", '6'},
    {"seven", '7'}, {"eight", '8'}, {"nine", '9'}, {"null", '0'}, {"eins", '1'},
    {"zwei", '2'}, {"drei", '3'}, {"vier", '4'}, {"f\xc3\xbcnf", '5'},
    {"sechs", '6'}, {"sieben", '7'}, {"acht", '8'}, {"neun", '9'},
    {"z\xc3\xa9ro", '0'}, {"un", '1'}, {"deux", '2'}, {"trois", '3'},
    {"quatre", '4'}, {"cinq", '5'}, {"sept", '7'}, {"huit", '8'}, {"neuf", '9'},
    {"cero", '0'}, {"uno", '1'}, {"dos", '2'}, {"tres", '3'}, {"cuatro", '4'},
    {"cinco", '5'}, {"seis", '6'}, {"siete", '7'}, {"ocho", '8'},
    {"nueve", '9'}, {"um", '1'}, {"dois", '2'}, {"tr\xc3\xaas", '3'},
    {"quatro", '4'}, {"sete", '7'}, {"oito", '8'}, {"nove", '9'}, {"due", '2'},
    {"tre", '3'}, {"quattro", '4'}, {"cinque", '5'}, {"sei", '6'},
    {"sette", '7'}, {"otto", '8'}, {"nul", '0'}, {"een", '1'}, {"twee", '2'},
    {"drie", '3'}, {"vijf", '5'}, {"zes", '6'}, {"zeven", '7'}, {"negen", '9'},
    {"jeden", '1'}, {"dwa", '2'}, {"trzy", '3'}, {"cztery", '4'},
    {"pi\xc4\x99\xc4\x87", '5'}, {"sze\xc5\x9b\xc4\x87", '6'}, {"siedem", '7'},
    {"osiem", '8'}, {"dziewi\xc4\x99\xc4\x87", '9'},
    {"\xd0\xbd\xd0\xbe\xd0\xbb\xd1\x8c", '0'},
    {"\xd0\xbe\xd0\xb4\xd0\xb8\xd0\xbd", '1'},
    {"\xd0\xb4\xd0\xb2\xd0\xb0", '2'}, {"\xd1\x82\xd1\x80\xd0\xb8", '3'},
    {"\xd1\x87\xd0\xb5\xd1\x82\xd1\x8b\xd1\x80\xd0\xb5", '4'},
    {"\xd0\xbf\xd1\x8f\xd1\x82\xd1\x8c", '5'},
    {"\xd1\x88\xd0\xb5\xd1\x81\xd1\x82\xd1\x8c", '6'},
    {"\xd1\x81\xd0\xb5\xd0\xbc\xd1\x8c", '7'},
    {"\xd0\xb2\xd0\xbe\xd1\x81\xd0\xb5\xd0\xbc\xd1\x8c", '8'},
    {"\xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c", '9'},
    {"s\xc4\xb1"
     "f\xc4\xb1r",
        '0'},
    {"bir", '1'}, {"iki", '2'}, {"\xc3\xbc\xc3\xa7", '3'}, {"d\xc3\xb6rt", '4'},
    {"be\xc5\x9f", '5'}, {"alt\xc4\xb1", '6'}, {"yedi", '7'}, {"sekiz", '8'},
    {"dokuz", '9'}, {"noll", '0'}, {"ett", '1'}, {"tv\xc3\xa5", '2'},
    {"fyra", '4'}, {"fem", '5'}, {"sex", '6'}, {"sju", '7'},
    {"\xc3\xa5tta", '8'}, {"nio", '9'}, {"oh", '0'}, {"o", '0'},
    {"nought", '0'}, {"niner", '9'}, {"zwo", '2'}, {"fuenf", '5'},
    {"\xd0\xbdo\xd0\xbb\xd1\x8c", '0'}, {"\xd0\xbdy\xd0\xbb\xd1\x8c", '0'},
    {"\xd0\xbd\xd1\x83\xd0\xbb\xd1\x8c", '0'},
    {"o\xd0\xb4\xd0\xb8\xd0\xbd", '1'},
    {"o\xd0\xb4\xd0\xbd"
     "a",
        '1'},
    {"\xd0\xbe\xd0\xb4\xd0\xbd\xd0\xb0", '1'},
    {"\xd0\xb4\xd0\xb2"
     "a",
        '2'},
    {"\xd0\xb4\xd0\xb2\xd0\xb5", '2'},
    {"\xd0\xb4\xd0\xb2"
     "e",
        '2'},
    {"\xd1\x82p\xd0\xb8", '3'},
    {"\xd1\x87"
     "e\xd1\x82\xd1\x8bpe",
        '4'},
    {"\xd1\x88"
     "ec\xd1\x82\xd1\x8c",
        '6'},
    {"ce\xd0\xbc\xd1\x8c", '7'}, {"\xd0\xb2oce\xd0\xbc\xd1\x8c", '8'},
    {"\xd0\xb4"
     "e\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c",
        '9'},
    {"\xd1\x87o\xd1\x82\xd0\xb8p\xd0\xb8", '4'},
    {"\xd1\x87\xd0\xbe\xd1\x82\xd0\xb8\xd1\x80\xd0\xb8", '4'},
    {"\xd1\x88\xd1\x96\xd1\x81\xd1\x82\xd1\x8c", '6'},
    {"\xd1\x88ic\xd1\x82\xd1\x8c", '6'}, {"ci\xd0\xbc", '7'},
    {"\xd1\x81\xd1\x96\xd0\xbc", '7'}, {"\xd0\xb2ici\xd0\xbc", '8'},
    {"\xd0\xb2\xd1\x96\xd1\x81\xd1\x96\xd0\xbc", '8'},
    {"\xd0\xb4\xd0\xb2i", '2'}, {"\xd0\xb4\xd0\xb2\xd1\x96", '2'},
    {"yksi", '1'}, {"kaksi", '2'}, {"kolme", '3'}, {"viisi", '5'},
    {"kuusi", '6'}, {"nolla", '0'}, {"nula", '0'}, {"jedna", '1'}, {"dva", '2'},
    {"sedm", '7'}, {"osm", '8'}, {"nulla", '0'}, {"egy", '1'}, {"nyolc", '8'},
    {"kilenc", '9'}, {"nol", '0'}, {"satu", '1'}, {"dua", '2'}, {"tiga", '3'},
    {"empat", '4'}, {"lima", '5'}, {"enam", '6'}, {"tujuh", '7'},
    {"delapan", '8'}, {"sembilan", '9'}, {"syv", '7'}, {"otte", '8'},
    {"doi", '2'}, {"trei", '3'}, {"patru", '4'}, {"cinci", '5'},
    {"double", 'D'}, {"doppel", 'D'}};
const size_t turn_word_count = ARRAY_LEN(turn_words);

/* By the first two bytes; most words are none. */
static bool may_be_number(struct str word)
{
    static const uint32_t seconds[32] = {[1] = 0x00001008,
        [2] = 0x00000220,
        [3] = 0x14200220,
        [4] = 0x04e48028,
        [5] = 0x001062a0,
        [6] = 0x02208228,
        [8] = 0x00200000,
        [9] = 0x00000800,
        [10] = 0x00000020,
        [11] = 0x00208202,
        [12] = 0x00000200,
        [14] = 0x02208220,
        [15] = 0x00194308,
        [16] = 0xe0140202,
        [17] = 0x00200186,
        [19] = 0x06000632,
        [20] = 0x00e40300,
        [21] = 0x00006000,
        [22] = 0x00000200,
        [25] = 0x00000820,
        [26] = 0x00800028};
    return (seconds[word.p[0] & 31] >> (word.p[1] & 31) & 1) != 0;
}

static char digit_of(struct str word)
{
    if (word.n == 1 && isdigit((unsigned char)word.p[0]))
        return word.p[0];
    if (word.n == 1)
        return (word.p[0] | 0x20) == 'o' ? '0' : '\0';
    if (word.n == 0 || !may_be_number(word))
        return '\0';
    for (size_t i = 0; i < turn_word_count; i++)
        if (((turn_words[i].word[1] ^ word.p[1]) & 0x5f) == 0 &&
            str_is_nocase(word, turn_words[i].word))
            return turn_words[i].digit;
    return '\0';
}

static bool is_gap(char c)
{
    return c == ' ' || c == ',' || c == '-' || c == '.' || c == '\n' ||
           c == '\t' || c == '/' || c == '_' || c == '"' || c == '\'';
}

static bool is_number_letter(unsigned char c)
{
    return isalnum(c) || c >= 0x80;
}

static struct str word_at(struct str text, size_t at)
{
    size_t start = at, end = at;
    while (start > 0 && at - start < WORD_MAX_BYTES &&
           is_number_letter((unsigned char)text.p[start - 1]))
        start--;
    while (end < text.n && end - at < WORD_MAX_BYTES &&
           is_number_letter((unsigned char)text.p[end]))
        end++;
    return str_sub(text, start, end);
}

static struct str word_before(struct str text, size_t at)
{
    size_t end = at;
    while (end > 0 && at - end < GAP_MAX && is_gap(text.p[end - 1]))
        end--;
    return end < at && end > 0 ? word_at(text, end - 1) : str_sub(text, 0, 0);
}

static struct str word_behind(struct str text, size_t at)
{
    size_t start = at;
    while (start < text.n && start - at < GAP_MAX && is_gap(text.p[start]))
        start++;
    return start > at ? word_at(text, start) : str_sub(text, 0, 0);
}

/* The run of number words around `word`; returns its end. */
static size_t add_words(
    struct str text, struct str word, struct view_edits *out)
{
    char digits[WORDS_MAX], digit;
    size_t n = 0, start = (size_t)(word.p - text.p), end;
    for (size_t i = 0; i < WORDS_MAX / 2; i++) {
        struct str before = word_before(text, start);
        if (digit_of(before) == '\0')
            break;
        start = (size_t)(before.p - text.p);
    }
    word = word_at(text, start);
    end = start;
    size_t words = 0;
    bool is_double = false;
    while (n + 1 < WORDS_MAX && (digit = digit_of(word)) != '\0') {
        words += word.n > 1;
        if (digit != 'D') {
            digits[n++] = digit;
            if (is_double)
                digits[n++] = digit;
        }
        is_double = digit == 'D';
        end = (size_t)(word.p - text.p) + word.n;
        word = word_behind(text, end);
    }
    if (n >= WORDS_MIN && words >= TRUE_WORDS_MIN)
        view_edits_add(out, start, end, str_make(digits, n));
    return end;
}

size_t turn_find_words(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from;
    while (at < to) {
        size_t near = at; /* between two words: the next one */
        while (near < text.n && near - at < GAP_MAX && is_gap(text.p[near]))
            near++;
        struct str word = word_at(text, near < text.n ? near : at);
        size_t end = at;
        if (digit_of(word) != '\0')
            end = add_words(text, word, out);
        at = end > at + PROBE ? end : at + PROBE;
    }
    return at;
}

/* ---- tokens ---- */

/* Letters and digits, and not one word after the other. */
static bool looks_made(struct str s)
{
    size_t changes = 0, digits = 0, letters = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        digits += isdigit(c) ? 1u : 0u;
        letters += isalpha(c) ? 1u : 0u;
        if (i > 0 &&
            (isdigit(c) != 0) != (isdigit((unsigned char)s.p[i - 1]) != 0))
            changes++;
    }
    return digits > 0 && letters > 0 && changes >= 2;
}

static char rot13(char c)
{
    if (!isalpha((unsigned char)c))
        return c;
    char base = c >= 'a' ? 'a' : 'A';
    return (char)(base + (c - base + 13) % 26);
}

static void add_turned(
    struct str text, size_t start, size_t end, struct buf *turned)
{
    size_t n = end - start;
    const char *p = text.p + start;
    buf_clear(turned);
    char *out = buf_reserve(turned, 4 * n + 5);
    for (size_t i = 0; i < n; i++) {
        out[i + 1] = p[n - 1 - i];
        out[n + 2 + i] = rot13(p[i]);
        out[2 * n + 3 + i] = rot13(p[n - 1 - i]);
        out[3 * n + 4 + i] =
            isalpha((unsigned char)p[i]) ? (char)(p[i] ^ 0x20) : p[i];
    }
    out[0] = out[n + 1] = out[2 * n + 2] = out[3 * n + 3] = out[4 * n + 4] =
        '\n';
    buf_commit(turned, 4 * n + 5);
}

size_t turn_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf turned = {0};
    size_t at = from, start, end;
    while ((at = marks_next_token(marks, MARK_TURN, at, to, TOKEN_MIN)) < to) {
        end = marks_end(marks, MARK_TURN, at + TOKEN_MIN);
        if (end - at > TOKEN_MAX)
            end = at + TOKEN_MAX;
        if (end <= to && marks_next(marks, MARK_DIGIT, at, end) == end) {
            at = end;
            continue;
        }
        for (start = end; start > at; start--) /* behind NAME= */
            if (text.p[start - 1] == '=' && start < end && text.p[start] != '=')
                break;
        bool is_uuid = end - start == UUID_BYTES && marks_is_uuid(text, start);
        if (!is_uuid && end - start >= TOKEN_MIN &&
            looks_made(str_sub(text, start, end))) {
            add_turned(text, start, end, &turned);
            view_edits_add(out, start, end, buf_str(&turned));
        }
        at = end;
    }
    buf_free(&turned);
    return at;
}
