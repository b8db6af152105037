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
    /* In 1/16 bits, of drawn characters: one case or both, with digits. */
    DRAWN_DIGIT_ONE_CASE = 30, /* 10 of 36 */
    DRAWN_LETTER_ONE_CASE = 83,
    DRAWN_DIGIT = 42, /* 10 of 62 */
    DRAWN_LETTER = 79,
    DRAWN_CASE = 16,
};

/* How names go on behind a letter: minus the binary logarithm, 1/16 bits; by
 * case of the letter before and of this one (0 lower, 1 upper). */
static const int name_cases[2][2] = {{2, 56}, {21, 12}};

static int symbol_of(unsigned char c)
{
    return isdigit(c) ? SYMBOL_DIGIT : tolower(c) - 'a';
}

static int step(unsigned char last, unsigned char c, bool is_mixed)
{
    int from = isalnum(last) ? symbol_of(last) : ROW_START;
    int name = name_pairs[from][symbol_of(c)];
    if (isdigit(c))
        return name - (is_mixed ? DRAWN_DIGIT : DRAWN_DIGIT_ONE_CASE);
    if (!is_mixed)
        return name - DRAWN_LETTER_ONE_CASE;
    if (isalpha(last))
        name += name_cases[isupper(last) != 0][isupper(c) != 0] - DRAWN_CASE;
    return name - DRAWN_LETTER;
}

int check_strangeness(struct str value)
{
    bool has_upper = false, has_lower = false;
    int sum = 0, count = 0;
    unsigned char last = 0;
    for (size_t i = 0; i < value.n; i++) {
        has_upper = has_upper || isupper((unsigned char)value.p[i]) != 0;
        has_lower = has_lower || islower((unsigned char)value.p[i]) != 0;
    }
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c < 0x80 && isalnum(c)) {
            sum += step(last, c, has_upper && has_lower);
            count++;
        }
        last = c < 0x80 ? c : 0;
    }
    return count == 0 ? 0 : sum / count;
}
