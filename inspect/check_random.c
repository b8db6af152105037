/*
 * How far a value is from words and names of things.  Letters of a word follow
 * each other as they do in others ("th", "ing"), and change case only at
 * humps; what a machine drew at random does neither.  The measure is a
 * likelihood ratio: of drawn letters and digits against names.
 */
#include <ctype.h>

#include "inspect/check_ids.h"
#include "inspect/check_pairs.h"

enum {
    ROW_START = 27,
    SYMBOL_DIGIT = 26,
};

/* What is drawn from: minus the binary logarithm of how likely one letter,
 * and any digit, is, in 1/16 bits. */
struct alphabet {
    int letter, digit;
    bool is_mixed;
};
static const struct alphabet hex = {64, 11, false};
static const struct alphabet one_case = {83, 30, false}; /* 26 and 10 */
static const struct alphabet both_cases = {79, 42, true};
enum { DRAWN_CASE = 16 };

/* How names go on behind a letter, by case of the letter before and of this
 * one (0 lower, 1 upper). */
static const int name_cases[2][2] = {{2, 56}, {21, 12}};

static int symbol_of(unsigned char c)
{
    return isdigit(c) ? SYMBOL_DIGIT : tolower(c) - 'a';
}

static int step(unsigned char last, unsigned char c, const struct alphabet *a)
{
    int from = isalnum(last) ? symbol_of(last) : ROW_START;
    int name = name_pairs[from][symbol_of(c)];
    if (isdigit(c))
        return name - a->digit;
    if (a->is_mixed && isalpha(last))
        name += name_cases[isupper(last) != 0][isupper(c) != 0] - DRAWN_CASE;
    return name - a->letter;
}

static const struct alphabet *alphabet_of(struct str value)
{
    bool has_upper = false, has_lower = false, is_hex = true;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        has_upper = has_upper || (c >= 'A' && c <= 'Z');
        has_lower = has_lower || (c >= 'a' && c <= 'z');
        is_hex = is_hex && (!isalnum(c) || isxdigit(c));
    }
    if (has_upper && has_lower)
        return &both_cases;
    return is_hex ? &hex : &one_case;
}

/* Digits behind digits say nothing: names have numbers of any length. */
int check_strangeness(struct str value)
{
    const struct alphabet *alphabet = alphabet_of(value);
    int sum = 0, count = 0;
    unsigned char last = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c < 0x80 && isalnum(c) && !(isdigit(c) && isdigit(last))) {
            sum += step(last, c, alphabet);
            count++;
        }
        last = c < 0x80 ? c : 0;
    }
    return count == 0 ? 0 : sum / count;
}
