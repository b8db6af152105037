/*
 * Numbers in words: "four one one one", "vier eins eins eins", "forty-one
 * eleven", "4 one 1 one", "four one dash one one".
 */
#include "inspect/turn.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum {
    WORDS_MIN = 8,
    TRUE_WORDS_MIN = 3, /* the others may be digits */
    WORD_MAX_BYTES = 18,
    WORDS_MAX = 64,
    GAP_MAX = 4, /* between two: "... " */
    PROBE = 24,  /* every run of eight number words has one at each so many */
};

/* English (also tens and teens), German, French, Spanish, Portuguese, Italian,
 * Dutch, Polish, Russian, Ukrainian and Bulgarian (also as inspect/norm.h
 * spells them, with Latin letters that look the same), Turkish, Swedish, Danish
 * and Norwegian but for "en" and "to", Finnish, Indonesian, Czech, Slovak,
 * Croatian, Greek, Hungarian but for "hat", Romanian, Catalan, Latin, Swahili,
 * Arabic, Persian, Hebrew, Hindi.  Eight in a row are no accident in any of
 * them. */
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
    {"t\xc5\x99i", '3'}, {"\xc4\x8dty\xc5\x99i", '4'}, {"p\xc4\x9bt", '5'},
    {"\xc5\xa1"
     "est",
        '6'},
    {"dev\xc4\x9bt", '9'}, {"\xd8\xb5\xd9\x81\xd8\xb1", '0'},
    {"\xd9\x88\xd8\xa7\xd8\xad\xd8\xaf", '1'},
    {"\xd8\xa7\xd8\xab\xd9\x86\xd8\xa7\xd9\x86", '2'},
    {"\xd8\xab\xd9\x84\xd8\xa7\xd8\xab\xd8\xa9", '3'},
    {"\xd8\xa3\xd8\xb1\xd8\xa8\xd8\xb9\xd8\xa9", '4'},
    {"\xd8\xae\xd9\x85\xd8\xb3\xd8\xa9", '5'},
    {"\xd8\xb3\xd8\xaa\xd8\xa9", '6'},
    {"\xd8\xb3\xd8\xa8\xd8\xb9\xd8\xa9", '7'},
    {"\xd8\xab\xd9\x85\xd8\xa7\xd9\x86\xd9\x8a\xd8\xa9", '8'},
    {"\xd8\xaa\xd8\xb3\xd8\xb9\xd8\xa9", '9'},
    {"\xe0\xa4\xb6\xe0\xa5\x82\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xaf", '0'},
    {"\xe0\xa4\x8f\xe0\xa4\x95", '1'}, {"\xe0\xa4\xa6\xe0\xa5\x8b", '2'},
    {"\xe0\xa4\xa4\xe0\xa5\x80\xe0\xa4\xa8", '3'},
    {"\xe0\xa4\x9a\xe0\xa4\xbe\xe0\xa4\xb0", '4'},
    {"\xe0\xa4\xaa\xe0\xa4\xbe\xe0\xa4\x82\xe0\xa4\x9a", '5'},
    {"\xe0\xa4\x9b\xe0\xa4\xb9", '6'},
    {"\xe0\xa4\xb8\xe0\xa4\xbe\xe0\xa4\xa4", '7'},
    {"\xe0\xa4\x86\xe0\xa4\xa0", '8'}, {"\xe0\xa4\xa8\xe0\xa5\x8c", '9'},
    {"\xce\xbc\xce\xb7\xce\xb4\xce\xadv", '0'},
    {"\xce\xbc\xce\xb7\xce\xb4\xce\xad\xce\xbd", '0'},
    {"\xce\xadv\xce\xb1", '1'}, {"\xce\xad\xce\xbd\xce\xb1", '1'},
    {"\xce\xb4\xcf\x8do", '2'}, {"\xce\xb4\xcf\x8d\xce\xbf", '2'},
    {"\xcf\x84p\xce\xaf\xce\xb1", '3'},
    {"\xcf\x84\xcf\x81\xce\xaf\xce\xb1", '3'},
    {"\xcf\x84\xce\xad\xcf\x83\xcf\x83\xce\xb5p\xce\xb1", '4'},
    {"\xcf\x84\xce\xad\xcf\x83\xcf\x83\xce\xb5\xcf\x81\xce\xb1", '4'},
    {"\xcf\x80\xce\xadv\xcf\x84\xce\xb5", '5'},
    {"\xcf\x80\xce\xad\xce\xbd\xcf\x84\xce\xb5", '5'},
    {"\xce\xad\xce\xbe\xce\xb9", '6'},
    {"\xce\xb5\xcf\x80\xcf\x84\xce\xac", '7'},
    {"o\xce\xba\xcf\x84\xcf\x8e", '8'},
    {"\xce\xbf\xce\xba\xcf\x84\xcf\x8e", '8'},
    {"\xce\xb5vv\xce\xad\xce\xb1", '9'},
    {"\xce\xb5\xce\xbd\xce\xbd\xce\xad\xce\xb1", '9'}, {"kett\xc5\x91", '2'},
    {"h\xc3\xa1rom", '3'}, {"n\xc3\xa9gy", '4'}, {"\xc3\xb6t", '5'},
    {"h\xc3\xa9t", '7'}, {"unu", '1'},
    {"\xc8\x99"
     "ase",
        '6'},
    {"\xc8\x99"
     "apte",
        '7'},
    {"opt", '8'}, {"nou\xc4\x83", '9'}, {"nelj\xc3\xa4", '4'},
    {"seitsem\xc3\xa4n", '7'}, {"kahdeksan", '8'}, {"yhdeks\xc3\xa4n", '9'},
    {"fire", '4'}, {"seks", '6'}, {"ni", '9'}, {"\xc3\xa5tte", '8'},
    {"unus", '1'}, {"duo", '2'}, {"quattuor", '4'}, {"quinque", '5'},
    {"septem", '7'}, {"octo", '8'}, {"novem", '9'},
    {"\xd8\xa7\xd8\xab\xd9\x86\xd9\x8a\xd9\x86", '2'},
    {"\xd8\xab\xd9\x84\xd8\xa7\xd8\xab", '3'},
    {"\xd8\xa3\xd8\xb1\xd8\xa8\xd8\xb9", '4'},
    {"\xd8\xae\xd9\x85\xd8\xb3", '5'}, {"\xd8\xb3\xd8\xaa", '6'},
    {"\xd8\xb3\xd8\xa8\xd8\xb9", '7'},
    {"\xd8\xab\xd9\x85\xd8\xa7\xd9\x86", '8'},
    {"\xd8\xaa\xd8\xb3\xd8\xb9", '9'},
    {"\xe0\xa4\xaa\xe0\xa4\xbe\xe0\xa4\x81\xe0\xa4\x9a", '5'},
    {"\xe0\xa4\x9b\xe0\xa4\x83", '6'}, {"dv\xc4\x9b", '2'}, {"sedum", '7'},
    {"osum", '8'}, {"\xc5\xa1tyri", '4'}, {"p\xc3\xa4\xc5\xa5", '5'},
    {"\xc5\xa1"
     "es\xc5\xa5",
        '6'},
    {"sedem", '7'}, {"osem", '8'}, {"dev\xc3\xa4\xc5\xa5", '9'}, {"jedan", '1'},
    {"\xc4\x8d"
     "etiri",
        '4'},
    {"pet", '5'}, {"sedam", '7'}, {"osam", '8'}, {"devet", '9'},
    {"\xce\xbc\xce\xb7\xce\xb4\xce\xb5v", '0'},
    {"\xce\xbc\xce\xb7\xce\xb4\xce\xb5\xce\xbd", '0'},
    {"\xce\xb5v\xce\xb1", '1'}, {"\xce\xb5\xce\xbd\xce\xb1", '1'},
    {"\xce\xb4\xcf\x85o", '2'}, {"\xce\xb4\xcf\x85\xce\xbf", '2'},
    {"\xcf\x84p\xce\xb9\xce\xb1", '3'},
    {"\xcf\x84\xcf\x81\xce\xb9\xce\xb1", '3'},
    {"\xcf\x84\xce\xb5\xcf\x83\xcf\x83\xce\xb5p\xce\xb1", '4'},
    {"\xcf\x84\xce\xb5\xcf\x83\xcf\x83\xce\xb5\xcf\x81\xce\xb1", '4'},
    {"\xcf\x80\xce\xb5v\xcf\x84\xce\xb5", '5'},
    {"\xcf\x80\xce\xb5\xce\xbd\xcf\x84\xce\xb5", '5'},
    {"\xce\xb5\xce\xbe\xce\xb9", '6'},
    {"\xce\xb5\xcf\x86\xcf\x84\xce\xb1", '7'},
    {"o\xcf\x87\xcf\x84\xcf\x89", '8'},
    {"\xce\xbf\xcf\x87\xcf\x84\xcf\x89", '8'},
    {"\xce\xb5vv\xce\xb9\xce\xb1", '9'},
    {"\xce\xb5\xce\xbd\xce\xbd\xce\xb9\xce\xb1", '9'},
    {"\xd0\xbf\xe2\x80\x99\xd1\x8f\xd1\x82\xd1\x8c", '5'},
    {"\xd0\xb4"
     "e\xd0\xb2\xe2\x80\x99\xd1\x8f\xd1\x82\xd1\x8c",
        '9'},
    {"\xd0\xb4\xd0\xb5\xd0\xb2\xe2\x80\x99\xd1\x8f\xd1\x82\xd1\x8c", '9'},
    {"cinc", '5'}, {"sis", '6'}, {"vuit", '8'}, {"nou", '9'}, {"sifuri", '0'},
    {"moja", '1'}, {"mbili", '2'}, {"tatu", '3'}, {"nne", '4'}, {"tano", '5'},
    {"sita", '6'}, {"saba", '7'}, {"nane", '8'}, {"tisa", '9'},
    {"\xd0\xbdy\xd0\xbb"
     "a",
        '0'},
    {"\xd0\xbd\xd1\x83\xd0\xbb\xd0\xb0", '0'}, {"e\xd0\xb4\xd0\xbdo", '1'},
    {"\xd0\xb5\xd0\xb4\xd0\xbd\xd0\xbe", '1'},
    {"\xd1\x87"
     "e\xd1\x82\xd0\xb8p\xd0\xb8",
        '4'},
    {"\xd1\x87\xd0\xb5\xd1\x82\xd0\xb8\xd1\x80\xd0\xb8", '4'},
    {"\xd0\xbf"
     "e\xd1\x82",
        '5'},
    {"\xd0\xbf\xd0\xb5\xd1\x82", '5'},
    {"\xd1\x88"
     "ec\xd1\x82",
        '6'},
    {"\xd1\x88\xd0\xb5\xd1\x81\xd1\x82", '6'},
    {"ce\xd0\xb4"
     "e\xd0\xbc",
        '7'},
    {"\xd1\x81\xd0\xb5\xd0\xb4\xd0\xb5\xd0\xbc", '7'}, {"oce\xd0\xbc", '8'},
    {"\xd0\xbe\xd1\x81\xd0\xb5\xd0\xbc", '8'},
    {"\xd0\xb4"
     "e\xd0\xb2"
     "e\xd1\x82",
        '9'},
    {"\xd0\xb4\xd0\xb5\xd0\xb2\xd0\xb5\xd1\x82", '9'},
    {"\xd7\x90\xd7\xa4\xd7\xa1", '0'}, {"\xd7\x90\xd7\x97\xd7\xaa", '1'},
    {"\xd7\xa9\xd7\xaa\xd7\x99\xd7\x99\xd7\x9d", '2'},
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\xa9", '3'},
    {"\xd7\x90\xd7\xa8\xd7\x91\xd7\xa2", '4'},
    {"\xd7\x97\xd7\x9e\xd7\xa9", '5'}, {"\xd7\xa9\xd7\xa9", '6'},
    {"\xd7\xa9\xd7\x91\xd7\xa2", '7'},
    {"\xd7\xa9\xd7\x9e\xd7\x95\xd7\xa0\xd7\x94", '8'},
    {"\xd7\xaa\xd7\xa9\xd7\xa2", '9'}, {"\xdb\x8c\xda\xa9", '1'},
    {"\xd8\xaf\xd9\x88", '2'}, {"\xd8\xb3\xd9\x87", '3'},
    {"\xda\x86\xd9\x87\xd8\xa7\xd8\xb1", '4'},
    {"\xd9\xbe\xd9\x86\xd8\xac", '5'}, {"\xd8\xb4\xd8\xb4", '6'},
    {"\xd9\x87\xd9\x81\xd8\xaa", '7'}, {"\xd9\x87\xd8\xb4\xd8\xaa", '8'},
    {"\xd9\x86\xd9\x87", '9'}, {"twenty", TURN_TWENTY},
    {"thirty", TURN_TWENTY + 1}, {"forty", TURN_TWENTY + 2},
    {"fifty", TURN_TWENTY + 3}, {"sixty", TURN_TWENTY + 4},
    {"seventy", TURN_TWENTY + 5}, {"eighty", TURN_TWENTY + 6},
    {"ninety", TURN_TWENTY + 7}, {"ten", TURN_TEN}, {"eleven", TURN_TEN + 1},
    {"twelve", TURN_TEN + 2}, {"thirteen", TURN_TEN + 3},
    {"fourteen", TURN_TEN + 4}, {"fifteen", TURN_TEN + 5},
    {"sixteen", TURN_TEN + 6}, {"seventeen", TURN_TEN + 7},
    {"eighteen", TURN_TEN + 8}, {"nineteen", TURN_TEN + 9},
    {"triple", TURN_TRIPLE}, {"treble", TURN_TRIPLE}, {"double", TURN_DOUBLE},
    {"doppel", TURN_DOUBLE}};
const size_t turn_word_count = ARRAY_LEN(turn_words);

/* By the first two bytes; most words are none. */
static bool may_be_number(struct str word)
{
    static const uint32_t seconds[32] = {[0] = 0x00000010,
        [1] = 0x00001008,
        [2] = 0x00000222,
        [3] = 0x14600320,
        [4] = 0x04e4a028,
        [5] = 0x001172a2,
        [6] = 0x02208228,
        [8] = 0x0220000a,
        [9] = 0x00000800,
        [10] = 0x00000020,
        [11] = 0x00208322,
        [12] = 0x00000200,
        [13] = 0x00008006,
        [14] = 0x9230e23a,
        [15] = 0x0019c319,
        [16] = 0xe034023a,
        [17] = 0x00200186,
        [19] = 0x0600063a,
        [20] = 0x00e4036a,
        [21] = 0x00006000,
        [22] = 0x00200200,
        [23] = 0x00810600,
        [24] = 0x0038cc88,
        [25] = 0x400009e0,
        [26] = 0x00800068,
        [27] = 0x00001000};
    return (seconds[word.p[0] & 31] >> (word.p[1] & 31) & 1) != 0;
}

/* The words by two of their bytes, as chains: made once, the same for all
 * texts. */
enum { CHAINS = 256 };
static _Thread_local struct {
    uint16_t first[CHAINS],
        next[ARRAY_LEN(turn_words)]; /* a word's place, one more */
    bool is_made;
} chains;

static unsigned chain_of(const char *word)
{
    unsigned a = (unsigned char)word[0] & 0xdf, b = (unsigned char)word[1];
    return (a * 7 + (b & 0xdf) * 31) % CHAINS;
}

static void make_chains(void)
{
    chains.is_made = true;
    for (size_t i = turn_word_count; i-- > 0;) {
        uint16_t *first = &chains.first[chain_of(turn_words[i].word)];
        chains.next[i] = *first;
        *first = (uint16_t)(i + 1);
    }
}

static char digit_of(struct str word)
{
    if (word.n == 1 && isdigit((unsigned char)word.p[0]))
        return word.p[0];
    if (word.n == 1)
        return (word.p[0] | 0x20) == 'o' ? '0' : '\0';
    if (word.n == 0 || !may_be_number(word))
        return '\0';
    if (!chains.is_made)
        make_chains();
    for (size_t i = chains.first[chain_of(word.p)]; i != 0;
         i = chains.next[i - 1])
        if (str_is_nocase(word, turn_words[i - 1].word))
            return turn_words[i - 1].digit;
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

/* What people say between groups. */
static bool is_filling(struct str word)
{
    static const char *const words[] = {"dash", "hyphen", "minus", "space",
        "blank", "slash", "stroke", "dot", "point", "period", "comma", "then",
        "and", "und", "dann", "strich", "bindestrich", "leerzeichen", "tiret",
        "espace", "puis", "guion", "espacio", "luego", "trattino", "spazio"};
    for (size_t i = 0; word.n >= 3 && i < ARRAY_LEN(words); i++)
        if (str_is_nocase(word, words[i]))
            return true;
    return false;
}

static struct str number_before(struct str text, size_t at)
{
    struct str word = word_before(text, at);
    return is_filling(word) ? word_before(text, (size_t)(word.p - text.p))
                            : word;
}

static struct str number_behind(struct str text, size_t at)
{
    struct str word = word_behind(text, at);
    return is_filling(word)
               ? word_behind(text, (size_t)(word.p - text.p) + word.n)
               : word;
}

/* A number while its words are read. */
struct number {
    char digits[WORDS_MAX];
    size_t n, words;
    unsigned more; /* times the next digit stands once more */
    bool is_tens;  /* "forty", and its "one" may follow */
};

static void end_tens(struct number *number)
{
    if (number->is_tens)
        number->digits[number->n++] = '0';
    number->is_tens = false;
}

static void add_word(struct number *number, char what)
{
    if (what >= '1' && what <= '9' && number->is_tens) {
        number->is_tens = false;
        number->digits[number->n++] = what;
        return;
    }
    end_tens(number);
    if (what == TURN_DOUBLE || what == TURN_TRIPLE) {
        number->more = what == TURN_DOUBLE ? 1 : 2;
        return;
    }
    if (what >= TURN_TEN) {
        number->digits[number->n++] = '1';
        what = (char)(what - TURN_TEN + '0');
    } else if (what >= TURN_TWENTY) {
        what = (char)(what - TURN_TWENTY + '2');
        number->is_tens = true;
    }
    for (; number->more > 0; number->more--)
        number->digits[number->n++] = what;
    number->digits[number->n++] = what;
}

/* The run of number words around `word`; returns its end. */
static size_t add_words(
    struct str text, struct str word, struct view_edits *out)
{
    enum { MOST_DIGITS = 5 }; /* of one word, and of tens around it */
    struct number number = {.n = 0};
    size_t start = (size_t)(word.p - text.p), end;
    char what;
    for (size_t i = 0; i < WORDS_MAX / 2; i++) {
        struct str before = number_before(text, start);
        if (digit_of(before) == '\0')
            break;
        start = (size_t)(before.p - text.p);
    }
    word = word_at(text, start);
    end = start;
    while (number.n + MOST_DIGITS <= WORDS_MAX &&
           (what = digit_of(word)) != '\0') {
        number.words += word.n > 1;
        add_word(&number, what);
        end = (size_t)(word.p - text.p) + word.n;
        word = number_behind(text, end);
    }
    end_tens(&number);
    if (number.n >= WORDS_MIN && number.words >= TRUE_WORDS_MIN)
        view_edits_add(out, start, end, str_make(number.digits, number.n));
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
