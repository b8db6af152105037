/* Disguises that are seldom: ciphers, pieces in another order, groups. */
#include <stdlib.h>

#include "inspect/island.h"
#include "inspect/join.h"
#include "inspect/turn.h"
#include "tests/unit/shows.h"

/* ---- turned ---- */

static void tokens_in_a_cipher_are_turned_back(void **state)
{
    (void)state;
    find_fn *find = turn_find_ciphers;
    assert_shows(
        find, "key EOMEU7DO2QHIB4CXV5PF ok", "key \nAKIAQ7ZK2MDEX4YTR5LB\n ok");
    assert_shows(find, "T=tokzg-Cb7Pj2nMdK4iG8eAzY3x",
        "T=\nglpat-Xy7Kq2mNwP4rT8vZaB3c\n");
    assert_shows(find, "T=tuc_N1o2P3q4R5s6T7u8", NULL); /* ROT13: elsewhere */
    assert_shows(find, "AKIAQ7ZK2MDEX4YTR5LB", NULL);
    assert_shows(find, "EOMeU7DO2QHIB4CXV5PF", NULL);
    assert_shows(find, "QUIZ7DO2QHIB4CXV5PFAA", NULL);
    assert_shows(find, "how-to-choose-a-card-in-2026", NULL);
}

static void keys_and_addresses_in_a_cipher_are_turned_back(void **state)
{
    (void)state;
    find_fn *find = turn_find_ciphers;
    assert_shows(find,
        "-----KNPRW YAREJCN TNH-----\nVRRN8\n-----NWM YAREJCN TNH----- ok",
        "\n-----BEGIN PRIVATE KEY-----\nMIIE8\n-----END PRIVATE KEY-----\n ok");
    assert_shows(find, "at nbhjo://illg:sp42@wy.vcznkov.mvg/z ok",
        "at \nmysql://root:hk42@db.example.net/a\n ok");
    assert_shows(find, "-----KNPRW YAREJCN TNH-----\nVR",
        "\n-----BEGIN PRIVATE KEY-----\nMI\n");
    assert_shows(find, "see https://a.example/ and -----BEGIN X", NULL);
    assert_shows(find, "ftps://a.example/ ----- table ----- //", NULL);
}

static void roman_digits_are_digits(void **state)
{
    (void)state;
    find_fn *find = turn_find_roman;
    assert_shows(find, "is IV V II IX N I VIII III ok", "is 45290183 ok");
    assert_shows(find, "V, V, II, I, VI, VII, IX, II", "55216792");
    assert_shows(find, "I II III IV V VI VII VIII IX", NULL);
    assert_shows(find, "LOUIS XIV, HENRY VIII AND JOHN II", NULL);
    assert_shows(find, "IV V II IX N I VIIII III", NULL);
}

static void number_words_may_have_others_between(void **state)
{
    (void)state;
    find_fn *find = turn_find_words;
    assert_shows(find, "is four one eight dash two two nine then five one ok",
        "is 41822951 ok");
    assert_shows(find, "triple five double two nine oh one", "55522901");
    assert_shows(find, "forty-one eleven twenty 3 ninety eight", "41112398");
    assert_shows(find, "fifty sixty seventy ten twenty-two", "5060701022");
    assert_shows(find, "dash one two three", NULL);
}

static void korean_digits_are_digits(void **state)
{
    (void)state;
    assert_shows(turn_find_chinese,
        "\xea\xb3\xb5\xec\x9d\xbc\xec\x9d\xb4\xec\x82\xbc\xec\x82\xac"
        "\xec\x98\xa4\xec\x9c\xa1\xec\xb9\xa0\xed\x8c\x94\xea\xb5\xac",
        "0123456789");
}

/* ---- pieces ---- */

static void pieces_in_another_order_are_put_in_theirs(void **state)
{
    (void)state;
    find_fn *find = join_find_order;
    assert_shows(find,
        "second half is 77320915 and the first half is 4485 1290",
        "second half is 4485129077320915");
    assert_shows(find, "card: last four 0915, first twelve 448512907732 ok",
        "card: last four 448512907732"
        "0915 ok");
    assert_shows(find, "ends with \"TR5LB4cX9q\", starts with \"AKIAQ7ZK2M\".",
        "ends with \"AKIAQ7ZK2MTR5LB4cX9q\".");
    assert_shows(
        find, "the second half was better than the first half 2019", NULL);
    assert_shows(find, "the last 2021 season and the first 201 games", NULL);
    assert_shows(find, "last name, first name", NULL);
}

static void pieces_of_one_length_are_joined(void **state)
{
    (void)state;
    find_fn *find = join_find_prefixed;
    assert_shows(find, "AKIA<wbr>PKQZ<wbr>TYIG<wbr>ZNBB<wbr>WXYS ok",
        "AKIAPKQZTYIGZNBBWXYS ok");
    assert_shows(
        find, "- glpat-ab\n- QxRtYzWv\n- mnbv\n", "- glpat-abQxRtYzWvmnbv\n");
    assert_shows(
        find, "xoxb/**/-684/**/8349/**/-Yq4/**/ab", "xoxb-6848349-Yq4ab");
    assert_shows(find, "AKIA, ASIA, AROA prefix", NULL);
    assert_shows(find, "sk - ro - en", NULL);
}

static void counted_pieces_may_end_in_a_short_one(void **state)
{
    (void)state;
    find_fn *find = join_find_counted;
    assert_shows(find, "| 1 | 44851 |\n| 2 | 29077 |\n| 3 | 9 |\n",
        "| 1 | 44851290779 |\n");
    assert_shows(find,
        "part 1: AKIAQZ part 2: KMDEXY part 3: TRWLBS part 4: 7 ok",
        "part 1: AKIAQZKMDEXYTRWLBS7 ok");
    assert_shows(find, "1. Install\n2. Run\n3. Stop\n", NULL);
}

static void characters_under_numbers_are_joined(void **state)
{
    (void)state;
    find_fn *find = join_find_indexed;
    assert_shows(find,
        "digit 1 is 5, digit 2 is 1, digit 3 is 0, digit 4 is 8, digit 5 is "
        "7, digit 6 is 7, digit 7 is 2, digit 8 is 0, digit 9 is 9, digit 10 "
        "is 3 ok",
        "digit 5108772093 ok");
    assert_shows(find,
        "{0: 'g', 1: 'h', 2: 'p', 3: '_', 4: 'A', 5: '7', 6: 'b', 7: 'C', "
        "8: '2', 9: 'd', 10: 'E', 11: '4', 12: 'f', 13: 'G', 14: '6', 15: "
        "'h'}",
        "{ghp_A7bC2dE4fG6h'}");
    assert_shows(find, "1:3 2:5 3:7 4:9 5:1 6:2 7:12 8:4 9:5", NULL);
    assert_shows(find, "A1 B2 C3 D4 E5 F6 G7 H8 board", NULL);
    assert_shows(find, "1 2 3 4 5 6 7 8 9 10 11 12", NULL);
}

static void signs_of_quotations_join_numbers(void **state)
{
    (void)state;
    assert_shows(
        join_find_numbers, "> > 41118\n> > 22950\n", "> > 4111822950\n");
    assert_shows(join_find_numbers, "41118...\n...22950", "4111822950");
}

static void pieces_of_an_account_are_joined(void **state)
{
    (void)state;
    find_fn *find = join_find_prefixed;
    assert_shows(find, "a = \"DE44500105\"\nb = \"175407324931\"\n",
        "a = \"DE44500105175407324931\"\n");
    assert_shows(find, "GB29@@NWBK@@6016@@1331@@9268@@19 ok",
        "GB29NWBK60161331926819 ok");
    assert_shows(find, "RFC2616 and RFC 9110", NULL);
}

static void initials_of_lines_are_read_downwards(void **state)
{
    (void)state;
    find_fn *find = turn_find_initials;
    assert_shows(find,
        "key:\n\nA\nkite is\nin\nair\nQuiet\n7\nzoo\nkeeps\n2 \nmice\n"
        "down\nEver\nx\n4 owls\nyet\ntoo\nRed\n5\nlate\nbirds\nok: z\n",
        "key:\n\nAKIAQ7ZK2MDEX4YTR5LB\nok: z\n");
    assert_shows(find, "4 birds\n1 lake\n8 ducks\n2 of\n2\n9\n5 more\n1 x\n",
        "41822951 x\n");
    assert_shows(find, "is 4 birds\n1 lake\n8 of\n2\n2\n9\n5 on\n1\n7 ok\nend",
        "is 418229517\n18229517\nend");
    assert_shows(find, "1 a\n2 b\n3 c\n4 d\n5 e\n6 f\n7 g\n8 h\n", NULL);
    assert_shows(
        find, "4. a\n1. b\n8. c\n2. d\n2. e\n9. f\n5. g\n1. h\n", NULL);
    assert_shows(find, "All\nkinds\nin\nall\nother\nlines\n", NULL);
}

/* ---- encodings ---- */

static void groups_are_decoded_as_one(void **state)
{
    (void)state;
    find_fn *find = island_find_groups;
    assert_shows(find, "is cGlu IDQ5 MjkgM TE4", NULL);
    assert_shows(find, "is cGlu IDQ5 Mjkg MTE4 MCAy Mg== when",
        "is pin 4929 1180 22 when");
    assert_shows(find, "is cGlu IDQ5 MjkgMTE4MCAyMg== ok", NULL);
    assert_shows(find, "=MNXWI ZJAG4 3TCMR QHEZT I ok", "=code 77120934 ok");
    assert_shows(find, "is cGl1 cGl1 ND ky OSA xM TgwI DIy", NULL);
    assert_shows(
        find, "is cGluIDQ 5MjkgMT E4MCAyM g ok", "is pin 4929 1180 22 ok");
    assert_shows(find, "love king gold card deck hand face", NULL);
    assert_shows(find, "2019 2020 2021 2022 2023 2024 2025", NULL);
}

/* How many edits a text has of `n` bytes of prose, and then of this. */
static size_t count_behind(find_fn *find, size_t n, const char *value)
{
    static const char prose[] = "no man is an island \nor two\n\n";
    struct buf text = {0};
    struct marks marks = {0};
    struct view_edits edits = {0};
    for (size_t i = 0; i < n; i++)
        buf_append_char(&text, prose[i % (sizeof prose - 1)]);
    buf_append_str(&text, str_of(value));
    marks_make(&marks, buf_str(&text), 0, text.n);
    find(&marks, 0, text.n, &edits);
    size_t count = edits.count;
    view_edits_free(&edits);
    marks_free(&marks);
    buf_free(&text);
    return count;
}

static void prose_in_front_hides_nothing(void **state)
{
    (void)state;
    for (size_t n = 0; n < 700; n++) {
        assert_int_equal(count_behind(island_find_groups, n,
                             " is cGlu IDQ5 Mjkg MTE4 MCAy Mg== when"),
            1);
        assert_int_equal(count_behind(turn_find_initials, n,
                             "\n\n4 birds\n1 a\n8 b\n2 c\n2\n9\n5\n1 x\n"),
            1);
        assert_int_equal(count_behind(turn_find_initials, n,
                             "\n- 4 birds\n1 a\n8 b\n2 c\n2\n9\n5\n1 x\n"),
            0);
    }
}

static void utf16_may_begin_with_its_mark(void **state)
{
    (void)state;
    assert_shows(
        island_find_tokens, "//5jAGEAcgBkACAANQAyAA== ok", "card 52 ok");
    assert_shows(
        island_find_tokens, "a //5uAG8AdABlACAANwA3ADQAMQA=", "a note 7741");
    assert_shows(island_find_tokens, "//5//5//5//5//5//5//5//5", NULL);
}

static void codes_are_read_in_every_base(void **state)
{
    (void)state;
    find_fn *find = island_find_codes;
    assert_shows(find, "67 61 40 101 142 64 62 170", "71 Ab42x");
    assert_shows(find,
        "[0b110111, 0b110001, 0b1000001, 0b1100010, 0b110100, 0b110010, "
        "0b1111000, 0b111001]",
        "[71Ab42x9]");
    assert_shows(
        find, "0o67 0o61 0o101 0o142 0o64 0o62 0o170 0o71", "71Ab42x9");
    assert_shows(find,
        "0110111 0110001 1000001 1100010 0110100 0110010 1111000 0111001",
        "71Ab42x9");
    assert_shows(find, "37h 31h 41h 62h 34h 32h 78h 39h ok", "71Ab42x9 ok");
    assert_shows(find, "0o67 0x31 0o101 0o142 0o64 0o62 0o170", NULL);
}

static void morse_may_have_slashes(void **state)
{
    (void)state;
    find_fn *find = island_find_slashed;
    assert_shows(find, "is ....-/-----/..---/----./.----/...--/-..../--... ok",
        "is 40291367 ok");
    assert_shows(find, "....- / ----- / ..--- / ----.", NULL);
    assert_shows(find, "../../../../-/../../../../../../../x", NULL);
    assert_shows(find, "------------------------------------", NULL);
    assert_shows(find,
        "////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////"
        "....-/-----/..---/----./.----/...--/-..../--... ok",
        "////////////////////////////////////////////////////////////////////"
        "////////////////////////////////////////////////////////////////////"
        "40291367 ok");
}

static void selectors_are_bytes(void **state)
{
    (void)state;
    find_fn *find = island_find_hidden;
    assert_shows(find,
        "a \xf3\xa0\x85\x98\xf3\xa0\x85\x99\xf3\xa0\x85\x94\xf3\xa0\x85\x94"
        "\xf3\xa0\x85\x95\xf3\xa0\x85\x9e\xf3\xa0\x84\x90\xf3\xa0\x84\xa7"
        "\xf3\xa0\x84\xa7\xf3\xa0\x84\xa4\xf3\xa0\x84\xa1 b",
        "a hidden 7741 b");
    assert_shows(find, "a \xf3\xa0\x84\x80 b \xf3\xa0\x84\x80 c \xf3", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_in_a_cipher_are_turned_back),
        cmocka_unit_test(keys_and_addresses_in_a_cipher_are_turned_back),
        cmocka_unit_test(roman_digits_are_digits),
        cmocka_unit_test(number_words_may_have_others_between),
        cmocka_unit_test(korean_digits_are_digits),
        cmocka_unit_test(pieces_in_another_order_are_put_in_theirs),
        cmocka_unit_test(pieces_of_one_length_are_joined),
        cmocka_unit_test(counted_pieces_may_end_in_a_short_one),
        cmocka_unit_test(characters_under_numbers_are_joined),
        cmocka_unit_test(signs_of_quotations_join_numbers),
        cmocka_unit_test(pieces_of_an_account_are_joined),
        cmocka_unit_test(initials_of_lines_are_read_downwards),
        cmocka_unit_test(groups_are_decoded_as_one),
        cmocka_unit_test(prose_in_front_hides_nothing),
        cmocka_unit_test(utf16_may_begin_with_its_mark),
        cmocka_unit_test(codes_are_read_in_every_base),
        cmocka_unit_test(morse_may_have_slashes),
        cmocka_unit_test(selectors_are_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
