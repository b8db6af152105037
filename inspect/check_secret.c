/*
 * Whether a value that stands where a password or a key would is one: not a
 * variable, a call, a type, a placeholder or a word from a manual.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/check_ids.h"

enum {
    MARK_RUN = 10,
    PIECE_MIN = 3,
    PIECE_SURE = 5,
    CONSONANTS_MAX = 4,
    VOWELS_MAX = 3,
    SENTENCE_BLANKS = 3
};

bool check_is_placeholder(struct str value)
{
    size_t run = 1;
    for (size_t i = 1; i < value.n; i++) {
        run = value.p[i] == value.p[i - 1] ? run + 1 : 1;
        if (run >= MARK_RUN && strchr("xX*.0#-_", value.p[i]) != NULL)
            return true;
    }
    return str_starts(value, "${") || str_starts(value, "{{") ||
           str_starts(value, "<") || str_starts_nocase(value, "your");
}

/* A run of letters that could be spoken. */
static bool is_speakable(const char *p, size_t n)
{
    size_t vowels = 0, run = 0, vowel_run = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_vowel = strchr("aeiouAEIOU", p[i]) != NULL ||
                        (i > 0 && (p[i] == 'y' || p[i] == 'Y'));
        vowels += is_vowel;
        run = is_vowel ? 0 : run + 1;
        vowel_run = is_vowel ? vowel_run + 1 : 0;
        if (run > CONSONANTS_MAX || vowel_run > VOWELS_MAX)
            return false;
    }
    return vowels * 4 >= n && vowels * 10 <= n * 7;
}

/* Ends a piece: no letter, or the hump of "someName". */
static bool ends_piece(struct str value, size_t start, size_t at)
{
    unsigned char c = (unsigned char)value.p[at];
    if (!isalpha(c))
        return true;
    return at > start && isupper(c) && islower((unsigned char)value.p[at - 1]);
}

/* Of 100, how much of the value is words: names of things are, keys are
 * not.  Short pieces count half: chance makes them too. */
static size_t word_share(struct str value)
{
    size_t letters = 0;
    for (size_t i = 0; i < value.n;) {
        size_t start = i;
        if (!isalpha((unsigned char)value.p[i])) {
            i++;
            continue;
        }
        while (i < value.n && !ends_piece(value, start, i))
            i++;
        size_t n = i - start;
        if (n >= PIECE_MIN && is_speakable(value.p + start, n))
            letters += n >= PIECE_SURE ? 2 * n : n;
    }
    return value.n == 0 ? 100 : letters * 50 / value.n;
}

struct classes {
    unsigned upper, lower, digit, other, high, different;
};

static struct classes classify(struct str value)
{
    struct classes c = {0};
    bool seen[256] = {false};
    for (size_t i = 0; i < value.n; i++) {
        unsigned char b = (unsigned char)value.p[i];
        c.upper += isupper(b) != 0 ? 1u : 0u;
        c.lower += islower(b) != 0 ? 1u : 0u;
        c.digit += isdigit(b) != 0 ? 1u : 0u;
        c.high += b >= 0x80 ? 1u : 0u;
        c.other += b < 0x80 && isalnum(b) == 0 ? 1u : 0u;
        c.different += seen[b] ? 0u : 1u;
        seen[b] = true;
    }
    return c;
}

static unsigned kinds(const struct classes *c)
{
    return (c->upper > 0 ? 1u : 0u) + (c->lower > 0 ? 1u : 0u) +
           (c->digit > 0 ? 1u : 0u) + (c->other > 0 ? 1u : 0u);
}

/* Words that stand for a value, whole or as a part of it. */
static const char *const whole_words[] = {"string", "str", "null", "none",
    "nil", "true", "false", "undefined", "text", "char", "bytes", "object",
    "int", "number", "bool", "boolean", "void", "optional", "required",
    "password", "passwd", "passphrase", "secret", "token", "value", "key",
    "default", "disabled", "enabled", "hidden", "empty", "unknown", "todo",
    "tbd", "n/a", "env", "prompt", "stdin", "file", "varchar", "self", "this",
    "username", "user", "login", "name", "yes", "no", "and", "or", "is", "the",
    "for", "with", "from", "not", "invalid", "incorrect", "wrong", "correct",
    "expired", "missing", "field", "reset", "change", "forgot",
    "authentication", "protected", "length", "strength", "policy", "manager",
    "credentials"};

static const char *const part_words[] = {"example", "placeholder", "changeme",
    "change_me", "change-me", "your_", "your-", "yourpass", "yoursecret",
    "insert", "replace", "redacted", "dummy", "foobar", "<your", "my_pass",
    "mypass", "getenv", "environ", "process.", "config.", "settings.", "self.",
    "this.", "os.", "args.", "params.", "request.", "req.", "props.",
    "options.", "vault:", "!vault", "secrets.", "var.", "function", "return ",
    "null", "undefined", "lambda", "test_key", "xxxx", "****", "....", "____",
    "-----", "enc[", "enc(", "sha-1", "sha-256", "/tcp", "/udp"};

enum { LOOKED_AT = 160 };

/* In lower case and with an end: what is searched for many words. */
static bool is_word_of(struct str value)
{
    char lower[LOOKED_AT + 1];
    size_t n = value.n < LOOKED_AT ? value.n : LOOKED_AT;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)value.p[i]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof whole_words / sizeof *whole_words; i++)
        if (lower[0] == whole_words[i][0] && strcmp(lower, whole_words[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof part_words / sizeof *part_words; i++)
        if (strstr(lower, part_words[i]) != NULL)
            return true;
    return false;
}

/* "credentials[1]", "Optional[bytes]" */
static bool is_indexed(struct str value)
{
    size_t open = str_find_char(value, '[');
    for (size_t i = 0; i < open && i < value.n; i++)
        if (!isalnum((unsigned char)value.p[i]) && value.p[i] != '_' &&
            value.p[i] != '.')
            return false;
    return open > 0 && open < value.n && str_find_char(value, ']') < value.n;
}

/* "${X}", "$(cmd)", "%s", "{{x}}", "<x>", "@x@", "f(x)", "a.b", "a[0]". */
static bool is_reference(struct str value)
{
    char first = value.p[0], last = value.p[value.n - 1];
    if (first == '$' && value.n > 1 &&
        (value.p[1] == '{' || value.p[1] == '(' || value.p[1] == '_'))
        return true;
    if ((first == '{' && last == '}') || (first == '<' && last == '>') ||
        (first == '[' && last == ']') || (first == '%' && value.n < 5) ||
        (first == '(' && last == ')'))
        return true;
    return last == ')' || last == '(' || str_has(value, "()") ||
           str_has(value, "](") || str_has(value, "->") ||
           str_has(value, "::") || is_indexed(value);
}

/* "db1.example.com", "Prompt.ask", "/en/some/path", "Password:" */
static bool is_name(struct str value, const struct classes *c)
{
    if (value.p[0] == '/' &&
        str_find_char(str_sub(value, 1, value.n), '/') < value.n - 1)
        return true;
    if (value.p[value.n - 1] == ':' && c->digit == 0)
        return true;
    for (size_t i = 0; i < value.n; i++) {
        char ch = value.p[i];
        if (!isalpha((unsigned char)ch) && strchr("._-", ch) == NULL)
            return false;
    }
    return str_find_char(value, '.') < value.n || c->other > 1;
}

/* "scmVersion=", "modnames2paths:": a name, of the next thing. */
static bool is_next_name(struct str value)
{
    char last = value.p[value.n - 1];
    return (last == '=' || last == ':') && check_strangeness(value) < 0;
}

/* A mark that stands in sentences, rather than in passwords. */
static bool is_prose(unsigned char c)
{
    return isalpha(c) || c >= 0x80 || strchr(" .,:;'\"()<>/=?_-", c) != NULL;
}

/* Of sentences; a passphrase has none. */
static bool has_small_word(struct str value)
{
    static const char *const words[] = {" a ", " an ", " the ", " is ", " are ",
        " be ", " has ", " have ", " not ", " to ", " of ", " for ", " in ",
        " on ", " and ", " or ", " with "};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_has(value, words[i]))
            return true;
    return false;
}

/* "Password used to generate key", "Element has an aria-busy attribute" */
static bool is_sentence(struct str value, const struct classes *c)
{
    enum { BYTES_A_DIGIT = 24, LETTERS_IN_TEN = 7 };
    size_t blanks = 0, prose = 0;
    for (size_t i = 0; i < value.n; i++) {
        blanks += value.p[i] == ' ';
        prose += is_prose((unsigned char)value.p[i]);
    }
    size_t letters = c->upper + c->lower + c->high;
    size_t digits = c->digit;
    return blanks >= SENTENCE_BLANKS && prose + digits == value.n &&
           digits <= value.n / BYTES_A_DIGIT &&
           ((digits == 0 && c->other == blanks) || has_small_word(value)) &&
           letters * 10 >= value.n * LETTERS_IN_TEN;
}

/* Bytes of a binary behind two letters and a colon by chance; of a text in
 * another charset few of a password are no UTF-8. */
static bool is_no_text(struct str value)
{
    size_t strange = 0;
    while (value.n > 0 && value.p[value.n - 1] == '\1')
        value.n--; /* what a view ends with (inspect/view.h) */
    for (size_t i = 0; i < value.n;) {
        unsigned char c = (unsigned char)value.p[i];
        size_t n = utf8_length(str_sub(value, i, value.n));
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return true;
        strange += n == 0;
        i += n > 0 ? n : 1;
    }
    return strange * 3 > value.n;
}

enum check check_password(struct str *value)
{
    struct classes c = classify(*value);
    if (is_no_text(*value))
        return CHECK_FAIL;
    if (value->n < 4 || c.different < 4 || is_reference(*value) ||
        check_is_placeholder(*value) || is_word_of(*value) ||
        is_name(*value, &c) || is_next_name(*value) ||
        is_sentence(*value, &c) || str_has(*value, "://"))
        return CHECK_FAIL;
    bool is_mixed = kinds(&c) >= 3 ||
                    (c.digit > 0 && c.upper + c.lower > 1 && kinds(&c) >= 2);
    return is_mixed && value->n >= 6 ? CHECK_PASS : CHECK_UNKNOWN;
}

static bool is_host(struct str value)
{
    size_t dot = SIZE_MAX;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '.')
            dot = i;
        else if (!isalnum((unsigned char)value.p[i]) && value.p[i] != '-')
            return false;
    }
    if (dot == SIZE_MAX || value.n - dot < 2 || value.n - dot > 7)
        return false;
    for (size_t i = dot + 1; i < value.n; i++)
        if (!islower((unsigned char)value.p[i]))
            return false;
    return true;
}

enum {
    LONG_NAME = 32,
    SHARE_MAX = 45,
    SHARE_SURE = 75,
    DIGIT_RUNS_MAX = 2,
    LONG_TOKEN = 20,
    ALPHABET_MIN = 19,
    STRANGE_MIN = 11,
    NAME_MIN = 12,
    LONG_TOKEN_MIN = 14
};

/* "com/users/bg451", "KEY_WOW64_32KEY" */
static bool is_path_or_constant(struct str value, const struct classes *c)
{
    size_t letters = 0;
    bool has_word = false;
    for (size_t i = 0; i <= value.n; i++) {
        if (i < value.n && islower((unsigned char)value.p[i])) {
            letters++;
            continue;
        }
        bool is_edge = i == value.n || value.p[i] == '/';
        bool is_start = i == letters || value.p[i - letters - 1] == '/';
        has_word = has_word || (is_edge && is_start && letters >= PIECE_MIN);
        letters = 0;
    }
    if (has_word && str_find_char(value, '/') < value.n)
        return true;
    return c->lower == 0 && str_find_char(value, '_') < value.n &&
           value.n < LONG_NAME;
}

/* Names have words and one number or two; what is random may have words by
 * chance, but then digits in many places. */
static bool is_wordy(struct str value)
{
    size_t share = word_share(value), runs = 0;
    int strangeness = check_strangeness(value);
    if (value.n >= NAME_MIN && strangeness <= CHECK_IS_NAME)
        return true;
    if (share <= SHARE_MAX || strangeness >= CHECK_IS_STRANGE)
        return false;
    for (size_t i = 0; i < value.n; i++)
        runs += isdigit((unsigned char)value.p[i]) &&
                (i == 0 || !isdigit((unsigned char)value.p[i - 1]));
    return runs <= DIGIT_RUNS_MAX || share > SHARE_SURE;
}

/* Random enough: no words, and digits among the letters or letters as nobody
 * writes them. */
enum check check_api_key(struct str *value)
{
    struct classes c = classify(*value);
    if (value->n < 8 || c.different < 6 || is_reference(*value) ||
        check_is_placeholder(*value) || is_word_of(*value) || is_host(*value) ||
        is_wordy(*value) || is_path_or_constant(*value, &c))
        return CHECK_FAIL;
    if (c.upper + c.lower == 0)
        return CHECK_UNKNOWN;
    if (c.digit == 0 && c.different >= ALPHABET_MIN && c.other == 0)
        return CHECK_PASS;
    int least_strange =
        value->n >= LONG_TOKEN_MIN ? CHECK_IS_STRANGE : CHECK_IS_STRANGE * 2;
    if (value->n >= STRANGE_MIN && check_entropy(*value) >= 2.8 &&
        check_strangeness(*value) >= least_strange)
        return CHECK_PASS;
    size_t least = value->n < LONG_TOKEN ? 2 : (value->n + 15) / 16;
    return c.digit >= least && check_entropy(*value) >= 2.8 ? CHECK_PASS
                                                            : CHECK_UNKNOWN;
}

/* As api-key, for tokens with a prefix: only words are refused. */
enum check check_random(struct str *value)
{
    return is_wordy(*value) || is_word_of(*value) ? CHECK_FAIL : CHECK_UNKNOWN;
}
