/*
 * Whether a value that stands where a password or a key would is one: not a
 * variable, a call, a type, a placeholder or a word from a manual.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

enum { MARK_RUN = 10 };

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
    "-----"};

static bool has_nocase(struct str value, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= value.n; i++)
        if (str_starts_nocase(str_sub(value, i, value.n), word))
            return true;
    return false;
}

static bool is_word_of(struct str value)
{
    for (size_t i = 0; i < sizeof whole_words / sizeof *whole_words; i++)
        if (value.n == strlen(whole_words[i]) &&
            str_starts_nocase(value, whole_words[i]))
            return true;
    for (size_t i = 0; i < sizeof part_words / sizeof *part_words; i++)
        if (has_nocase(value, part_words[i]))
            return true;
    return false;
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
    return last == ')' || (last == '(' || str_has(value, "()")) ||
           str_has(value, "](") || str_has(value, "->") ||
           str_has(value, "::") || str_has(value, "==");
}

enum check check_password(struct str *value)
{
    struct classes c = classify(*value);
    if (value->n < 4 || c.different < 4 || is_reference(*value) ||
        check_is_placeholder(*value) || is_word_of(*value))
        return CHECK_FAIL;
    bool is_mixed = kinds(&c) >= 3 ||
                    (c.digit > 0 && c.upper + c.lower > 1 && kinds(&c) >= 2);
    return is_mixed && value->n >= 6 ? CHECK_PASS : CHECK_UNKNOWN;
}

/* Random enough: digits among letters, few of them the same. */
enum check check_api_key(struct str *value)
{
    struct classes c = classify(*value);
    if (value->n < 8 || c.different < 6 || is_reference(*value) ||
        check_is_placeholder(*value) || is_word_of(*value))
        return CHECK_FAIL;
    if (c.digit == 0)
        return CHECK_UNKNOWN;
    return c.upper + c.lower > 0 && check_entropy(*value) >= 3.0
               ? CHECK_PASS
               : CHECK_UNKNOWN;
}
