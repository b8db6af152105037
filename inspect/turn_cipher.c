/*
 * Ciphers that shift the alphabet (Caesar) or mirror it (Atbash), and numbers
 * in Roman digits.
 *
 * Any text can be shifted in 25 ways.  But how a vendor's token begins is
 * known, and so is the way that turns what stands there into it: the same for
 * all its letters, or there is none.  Only that one is tried, and only what
 * then has the vendor's form is found.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/turn.h"

enum {
    LETTERS = 26,
    TOKEN_MIN = 16,
    TOKEN_MAX = 4096,
    KEY_MAX = 16 * 1024,
    KEY_LINE = 5, /* dashes */
    SCHEME_MAX = 16,
    ROMAN_MIN = 8,
    ROMAN_MAX = 40,
    ROMAN_BITS = 8, /* capitals of a block */
};

/* c becomes (shift + c) or (shift - c), by place in the alphabet. */
struct cipher {
    bool is_mirror;
    unsigned shift;
};

static unsigned place(char c)
{
    return (unsigned)((c | 0x20) - 'a');
}

static char turn_letter(struct cipher cipher, char c)
{
    if (!isalpha((unsigned char)c))
        return c;
    unsigned at = cipher.is_mirror ? LETTERS - place(c) : place(c);
    char base = (c & 0x20) != 0 ? 'a' : 'A';
    return (char)(base + (int)((at + cipher.shift) % LETTERS));
}

/* The cipher that makes `plain` of what stands at the text's beginning; it
 * changes letters to letters of the same case and nothing else. */
static bool find_cipher(
    struct str text, const char *plain, struct cipher *cipher)
{
    size_t n = strlen(plain), first = 0;
    if (text.n < n)
        return false;
    while (first < n && !isalpha((unsigned char)plain[first]))
        first++;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        unsigned char p = (unsigned char)plain[i];
        if (isalpha(p) ? !isalpha(c) || ((c ^ p) & 0x20) != 0 : c != p)
            return false;
    }
    for (unsigned mirror = 0; mirror < 2; mirror++) {
        unsigned from = place(text.p[first]);
        from = mirror != 0 ? LETTERS - from : from;
        *cipher = (struct cipher){
            mirror != 0, (place(plain[first]) + 2 * LETTERS - from) % LETTERS};
        size_t i = first;
        while (i < n && turn_letter(*cipher, text.p[i]) == plain[i])
            i++;
        if (i == n)
            return cipher->is_mirror || cipher->shift != 0;
    }
    return false;
}

/* inspect/turn.c tries that of every token. */
static bool is_rot13(struct cipher cipher)
{
    return !cipher.is_mirror && cipher.shift == LETTERS / 2;
}

static void add_turned(struct str text, size_t start, size_t end,
    struct cipher cipher, struct view_edits *out)
{
    struct buf turned = {0};
    char *p = buf_reserve(&turned, end - start + 2);
    p[0] = p[end - start + 1] = '\n';
    for (size_t i = start; i < end; i++)
        p[i - start + 1] = turn_letter(cipher, text.p[i]);
    buf_commit(&turned, end - start + 2);
    view_edits_add(out, start, end, buf_str(&turned));
    buf_free(&turned);
}

/* ---- tokens ---- */

/* How tokens begin that have a form of their own; three letters and more. */
static const char *const prefixes[] = {"AKIA", "ASIA", "ghp_", "gho_", "ghs_",
    "ghu_", "ghr_", "github_pat_", "glpat-", "sk_live_", "rk_live_", "xoxb-",
    "xoxp-", "AIza", "npm_", "pypi-", "eyJh", "dop_v1_", "shpat_", "dapi",
    "sk-proj-", "sk-ant-", "ya29."};

/* By classes of characters: most tokens begin with other ones. */
static bool may_begin(struct str token)
{
    unsigned char a = (unsigned char)token.p[0], b = (unsigned char)token.p[1];
    unsigned char c = (unsigned char)token.p[2], d = (unsigned char)token.p[3];
    return isalpha(a) && isalpha(b) &&
           (isalpha(c) ? isalpha(d) || d == '_' || d == '-'
                       : c == '-' || c == '_' || c == '2');
}

static void try_token(
    struct str text, size_t start, size_t end, struct view_edits *out)
{
    struct str token = str_sub(text, start, end);
    struct cipher cipher;
    if (token.n < TOKEN_MIN || !may_begin(token))
        return;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (find_cipher(token, prefixes[i], &cipher)) {
            if (!is_rot13(cipher))
                add_turned(text, start, end, cipher, out);
            return;
        }
}

static size_t find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from, start, end;
    while ((at = marks_next_token(marks, MARK_TURN, at, to, TOKEN_MIN)) < to) {
        end = marks_end(marks, MARK_TURN, at + TOKEN_MIN);
        if (end - at > TOKEN_MAX)
            end = at + TOKEN_MAX;
        if (end <= to && marks_next(marks, MARK_DIGIT, at, end) == end) {
            at = end;
            continue;
        }
        start = turn_token_start(marks, at, end);
        if (!marks_at_uuid(marks, at))
            try_token(text, start, end, out);
        at = end;
    }
    return at;
}

/* ---- keys and addresses ---- */

static size_t find(struct str text, size_t from, size_t to, const char *what)
{
    const char *hit =
        from < to ? memmem(text.p + from, to - from, what, strlen(what)) : NULL;
    return hit == NULL ? to : (size_t)(hit - text.p);
}

/* "-----ORTVA EFN CEVINGR XRL-----" at `at`: the key's end, or 0. */
static size_t try_key(struct str text, size_t at, struct view_edits *out)
{
    struct cipher cipher;
    if (!isalpha((unsigned char)(text.n - at > KEY_LINE ? text.p[at + KEY_LINE]
                                                        : ' ')) ||
        !find_cipher(str_sub(text, at, text.n), "-----BEGIN ", &cipher))
        return 0;
    size_t most = text.n - at > KEY_MAX ? at + KEY_MAX : text.n, end = at;
    for (unsigned line = 0; line < 4 && end < most; line++)
        end = find(text, end, most, "-----") + KEY_LINE;
    end = end < most ? end : most;
    add_turned(text, at, end, cipher, out);
    return end;
}

/* "cbfgterf://nccyvpngvba:…", its colon at `at`: its end, or 0. */
static size_t try_address(struct str text, size_t at, struct view_edits *out)
{
    static const char *const schemes[] = {"postgres", "postgresql", "mysql",
        "mongodb", "redis", "rediss", "amqp", "amqps", "mariadb", "https",
        "http"};
    struct cipher cipher;
    size_t start = at, end = at, i = 0;
    while (start > 0 && at - start < SCHEME_MAX &&
           isalpha((unsigned char)text.p[start - 1]))
        start--;
    while (i < ARRAY_LEN(schemes) &&
           (strlen(schemes[i]) != at - start ||
               !find_cipher(str_sub(text, start, at), schemes[i], &cipher)))
        i++;
    if (i == ARRAY_LEN(schemes))
        return 0;
    while (end < text.n && end - start < TOKEN_MAX &&
           (unsigned char)text.p[end] > ' ' && text.p[end] != '"')
        end++;
    add_turned(text, start, end, cipher, out);
    return end;
}

/* Two signs of tokens in a row that are no letters or digits: "//", "--". */
static uint64_t find_pairs(const struct mark_block *b)
{
    uint64_t bits = b->kinds[MARK_TOKEN] & ~b->kinds[MARK_WORD];
    uint64_t next = b[1].kinds[MARK_TOKEN] & ~b[1].kinds[MARK_WORD];
    return bits & (bits >> 1 | next << (MARK_BLOCK - 1));
}

static size_t find_framed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t done = from, end;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t bits = find_pairs(marks_block(marks, block));
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at < done || at >= to)
                continue;
            end = text.p[at] == '-' ? try_key(text, at, out) : 0;
            if (text.p[at] == '/' && at > 0 && text.p[at - 1] == ':')
                end = try_address(text, at - 1, out);
            done = end > at ? end : done;
        }
    }
    return done > to ? done : to;
}

size_t turn_find_ciphers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    size_t framed = find_framed(marks, from, to, out);
    if (!marks_have(marks, MARK_LONG))
        return framed;
    size_t tokens = find_tokens(marks, from, to, out);
    return tokens > framed ? tokens : framed;
}

/* ---- Roman digits ---- */

/* The digit from `at` on; its end, or 0. */
static size_t read_roman(struct str text, size_t at, char *digit_out)
{
    static const char *const romans[] = {
        "N", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"};
    size_t end = at;
    while (end < text.n && isalnum((unsigned char)text.p[end]))
        end++;
    struct str word = str_sub(text, at, end);
    for (size_t i = 0; word.n <= 4 && i < ARRAY_LEN(romans); i++)
        if (str_is(word, romans[i]) || (i == 0 && str_is(word, "0"))) {
            *digit_out = (char)('0' + i);
            return end;
        }
    return 0;
}

static size_t skip_gap(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && end - at < 3 && strchr(" ,-./", text.p[end]) != NULL)
        end++;
    return end;
}

/* Digits from `at` on; their end.  "I II III IV …" are the numbers of
 * chapters. */
static size_t add_roman(struct str text, size_t at, struct view_edits *out)
{
    char digits[ROMAN_MAX], digit;
    size_t start = at, end = at, next, n = 0, counted = 0;
    while (n < ROMAN_MAX && (next = read_roman(text, at, &digit)) != 0) {
        counted += n > 0 && digit == digits[n - 1] + 1 ? 1u : 0u;
        digits[n++] = digit;
        end = next;
        at = skip_gap(text, end);
        if (at == end)
            break;
    }
    if (n >= ROMAN_MIN && counted + 2 < n)
        view_edits_add(out, start, end, str_make(digits, n));
    return end;
}

size_t turn_find_roman(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        uint64_t bits = b->kinds[MARK_UPPER];
        uint64_t pairs = bits & bits >> 1, apart = b->kinds[MARK_INK] << 1;
        if (pairs == 0 || (bits & ~apart) == 0 ||
            __builtin_popcountll(bits) < ROMAN_BITS)
            continue;
        for (bits &= ~(b->kinds[MARK_WORD] << 1); bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at < done || at >= to || strchr("NIV", text.p[at]) == NULL)
                continue;
            if (at > 0 && isalnum((unsigned char)text.p[at - 1]))
                continue;
            size_t end = add_roman(text, at, out);
            done = end > at ? end : done;
        }
    }
    return done > to ? done : to;
}
