/* inspect/view.h, and who finds what it shows: island.h, join.h, turn.h */
#include "inspect/view.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "inspect/island.h"
#include "inspect/island_rare.h"
#include "inspect/join.h"
#include "inspect/turn.h"
#include "tests/unit/shows.h"

/* ---- views ---- */

static void offsets_lead_back_to_the_source(void **state)
{
    (void)state;
    struct str source = str_of("abc<<def>>ghi");
    struct view_edits edits = {0};
    struct view view;
    size_t start, end;
    view_edits_add(&edits, 3, 10, STR("DEF!"));
    view_make(&view, source, &edits, true);
    view_locate(&view, 1, 3, &start, &end);
    assert_int_equal(start, 1);
    assert_int_equal(end, 3);
    assert_false(view_is_edited(&view, 1, 3));
    view_locate(&view, 2, 5, &start, &end);
    assert_int_equal(start, 2);
    assert_int_equal(end, 10);
    assert_true(view_is_edited(&view, 2, 5));
    view_locate(&view, 8, 10, &start, &end);
    assert_int_equal(start, 11);
    assert_int_equal(end, 13);
    view_free(&view);
    view_edits_free(&edits);
}

static void what_was_taken_out_counts_only_between_two_bytes(void **state)
{
    (void)state;
    struct view_edits edits = {0};
    struct view view;
    size_t start, end;
    view_edits_add(&edits, 2, 5, STR(""));
    view_make(&view, str_of("41---11"), &edits, true);
    assert_true(view_is_edited(&view, 0, 4));
    assert_false(view_is_edited(&view, 0, 2));
    assert_false(view_is_edited(&view, 2, 4));
    view_locate(&view, 0, 4, &start, &end);
    assert_int_equal(start, 0);
    assert_int_equal(end, 7);
    view_free(&view);
    view_edits_free(&edits);
}

static void far_places_have_windows_of_their_own(void **state)
{
    (void)state;
    enum { N = 4000 };
    char source[N];
    struct view_edits edits = {0};
    struct view view;
    size_t start, end;
    memset(source, 'a', sizeof source);
    view_edits_add(&edits, 3000, 3001, STR("z"));
    view_edits_add(&edits, 1000, 1001, STR("y"));
    view_edits_add(&edits, 1000, 1001, STR("x")); /* the first is made */
    view_edits_add(&edits, 1100, 1101, STR(""));
    view_edits_add(&edits, 2000, 2001, STR("no"));
    edits.items[edits.count - 1].is_hint = true;
    view_make(&view, str_make(source, N), &edits, true);
    assert_int_equal(view.window_count, 2);
    assert_true(view.text.n < N / 2);
    const char *z = memchr(view.text.base, 'z', view.text.n);
    assert_non_null(memchr(view.text.base, 'y', view.text.n));
    assert_null(memchr(view.text.base, 'x', view.text.n));
    size_t at = (size_t)(z - view.text.base);
    view_locate(&view, at, at + 1, &start, &end);
    assert_int_equal(start, 3000);
    assert_int_equal(end, 3001);
    view_free(&view);
    view_edits_free(&edits);
}

/* ---- islands ---- */

static void escapes_become_what_they_stand_for(void **state)
{
    (void)state;
    assert_shows(island_find_escapes, "a %34%31%31 b", "a 411 b");
    assert_shows(island_find_escapes, "a &#52;&#x31;&amp; b", "a 41& b");
    assert_shows(island_find_escapes, "\\x34\\x31", "41");
    assert_shows(island_find_escapes, "\\u0034\\u{31}\\ud83d\\ude00!",
        "41\xf0\x9f\x98\x80!");
    assert_shows(island_find_escapes, "\\064\\061\\061", "411");
    assert_shows(island_find_escapes, "=34=31=\n=31", "411");
    assert_shows(island_find_escapes, "%2534%2531", "%34%31");
    assert_shows(island_find_escapes, "&#37;34&#37;31", "%34%31");
    assert_shows(island_find_escapes, "&amp;#52;", "&#52;");
    assert_shows(island_find_escapes, "&#52&#49&#49 ok", "411 ok");
    assert_shows(island_find_escapes, "\\\\u0034\\\\\\x31", "41");
    assert_shows(island_find_escapes, "\\34 \\31\\000031 \\31 \\34 \\31 ok",
        "411141 ok");
    assert_shows(
        island_find_escapes, "my%20SSN%3D160468096", "my SSN=160468096");
    assert_shows(island_find_escapes, "bm90ZS%2BQdGUgbm9", "bm90ZS+QdGUgbm9");
}

static void what_encoders_write_by_themselves_is_no_island(void **state)
{
    (void)state;
    assert_shows(island_find_escapes, "?a=33&b%20c &amp; d\\n 100% =", NULL);
    assert_shows(island_find_escapes, "\\u12 \\x4 &#; %4 %zz \\", NULL);
}

static void runs_are_decoded_when_they_are_text(void **state)
{
    (void)state;
    assert_shows(island_find_tokens, "is MTYwNDY4MDk2 ok", "is 160468096 ok");
    assert_shows(
        island_find_tokens, "id=aGVsbG8_d29ybGQ-ISE=", "id=hello?world>!!");
    assert_shows(island_find_tokens, "base64,MzU3OTkyODk0NTM1NzYwMw== ok",
        "base64,3579928945357603 ok");
    assert_shows(island_find_tokens, "33353739393238393435333537363033",
        "3579928945357603");
    assert_shows(island_find_tokens, "is 0x3335373939323839", "is 35799289");
    assert_shows(island_find_tokens,
        "0011010000110001001100010011000100110100001100010011000100110001",
        "41114111");
    assert_shows(
        island_find_tokens, "gm2tooJZGI4DSNBVGM2TONRQGM", "3579928945357603");
    assert_shows(island_find_tokens,
        "GM2TOOJZGI4DSNBVGM2TONRQGM======", "3579928945357603");
    assert_shows(island_find_tokens,
        "H4sIAAAAAAACAzM2Nbe0NLKwNDE1NjU3MzAGAPh987gQAAAA", "3579928945357603");
}

static void wrapped_lines_are_one_run(void **state)
{
    (void)state;
    assert_shows(island_find_tokens,
        "bm90ZSBub3RlIG5vdGUgbm90ZSBub3RlIG5vdGUgbm90ZSBu\n"
        "b3RlIG5vdGUgMTYwNDY4MDk2\nok",
        "note note note note note note note note note 160468096\nok");
    assert_shows(island_find_tokens,
        "bm90ZSBub3RlIG5vdGUgbm90ZSBub3RlIG5vdGUgbm90ZSBu\\n"
        "b3RlIG5vdGUgMTYwNDY4MDk2\\nok",
        "note note note note note note note note note 160468096\\nok");
}

static void hashes_names_and_pictures_are_no_islands(void **state)
{
    (void)state;
    assert_shows(island_find_tokens,
        "sha512-9PZP6p8Hk9Gm0wG5cPU2pVq0wYk5QyXJvN5mJ8D7Hk1dZg== "
        "d41d8cd98f00b204e9800998ecf8427e "
        "123e4567-e89b-12d3-a456-426614174000 "
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ "
        "InternationalizationOfSomething /usr/share/doc/libreoffice/html",
        NULL);
}

static void lists_of_byte_values_are_text(void **state)
{
    (void)state;
    assert_shows(
        island_find_codes, "is 67 68 6f 5f 41 42 43 44 ok", "is gho_ABCD ok");
    assert_shows(
        island_find_codes, "[103,104,111,95,65,66,67,68]", "[gho_ABCD]");
    assert_shows(island_find_codes,
        "0x67, 0x68, 0x6f, 0x5f, 0x41, 0x42, "
        "0x43, 0x44",
        "gho_ABCD");
    assert_shows(
        island_find_codes, "is 3335 3739 3932 3839 34", "is 357992894");
    assert_shows(
        island_find_codes, "167 150 157 137 101 102 103 104", "who_ABCD");
    assert_shows(
        island_find_codes, "51 53 55 57 57 50 56 59", "3579928; QSUWWPVY");
    assert_shows(island_find_codes,
        "00110100 00110001 00110001 00110001 00110100 00110001 00110001 "
        "00110001",
        "41114111");
    assert_shows(island_find_codes, "12:30:45 2026-11-22 10 20 30 1 2 3", NULL);
}

static void dumps_and_numbers_of_characters_are_text(void **state)
{
    (void)state;
    assert_shows(island_find_dumps,
        "is\n00000000: 6768 705f 4142 4344 4546 4748 494a 4b4c  gh\n"
        "00000010: 4d4e 4f                                  MNO\nok",
        "is\nghp_ABCDEFGHIJKLMNO                                  MNO\nok");
    assert_shows(island_find_dumps,
        "00000000  34 31 31 31 31 31 31 31  31 31 31 31 31 31 31 31  |41|\n"
        "00000010  0a\n00000011",
        "4111111111111111\n\n00000011");
    assert_shows(island_find_dumps, "0000000 and 00000010: zz", NULL);
    assert_shows(island_find_characters,
        "is chr(52).chr(49) & Chr$(0x31) + CHR(49)+chr(49)+chr(49) ok",
        "is 411111 ok");
    assert_shows(island_find_characters,
        "is U+0034 U+0031 U+0031 U+0031 U+0031 U+0034 ok", "is 411114 ok");
    assert_shows(island_find_characters, "chr(10) U+2028 chromium", NULL);
}

/* ---- pieces ---- */

static void numbers_with_one_kind_of_separator_are_joined(void **state)
{
    (void)state;
    assert_shows(join_find_numbers, "a 3579\n9289\n4535 b", "a 357992894535 b");
    assert_shows(join_find_numbers, "3/5/7/9/9/2/8/9", "35799289");
    assert_shows(
        join_find_numbers, "<b>3579</b><b>9289</b>", "<b>35799289</b>");
    assert_shows(join_find_numbers, "3579<!-- x -->9289", "35799289");
    assert_shows(join_find_numbers, "**3579****9289**", "**35799289**");
    assert_shows(join_find_numbers, "\"3579\" + \"9289\"", "\"35799289\"");
    assert_shows(join_find_numbers, "['3', '5', '7', '9', '9', '2', '8', '9']",
        "['35799289']");
    assert_shows(join_find_numbers, "x35799289y", "x 35799289 y");
}

static void numbers_that_stand_by_themselves_stay(void **state)
{
    (void)state;
    assert_shows(join_find_numbers, "12 apples, 35 pears, 2 of 7", NULL);
    assert_shows(join_find_numbers, "3579 92/89 0x70000016", NULL);
}

static void pieces_of_tokens_are_joined(void **state)
{
    (void)state;
    assert_shows(
        join_find_tokens, "k=gho_cKcFn\nwxr92py9", "k=gho_cKcFnwxr92py9");
    assert_shows(
        join_find_tokens, "gho_cKcFn\\\n  wxr92py9", "gho_cKcFnwxr92py9");
    assert_shows(join_find_tokens, "\"AKIA\" + \"3MVR\"", "\"AKIA3MVR\"");
    assert_shows(join_find_tokens, "['g', 'h', 'p']", "['ghp']");
    assert_shows(join_find_tokens, "[\"gh\", \"p_\", \"4\"]", "[\"ghp_4\"]");
    assert_shows(join_find_tokens, "'AKIA'.concat('3MVR')", "'AKIA3MVR')");
    assert_shows(
        join_find_tokens, "\"AKIA\" /* x */ _ \"3MVR\"", "\"AKIA3MVR\"");
    assert_shows(join_find_tokens, "'AKIA''3MVR'", "'AKIA3MVR'");
    assert_shows(join_find_tokens, "AKIA=\n3MVR=\r\n9X", "AKIA3MVR9X");
    assert_shows(
        join_find_tokens, "gho_cKcFn<i></i>wxr92py9", "gho_cKcFnwxr92py9");
    assert_shows(
        join_find_tokens, "plain words\nof prose \"and\", \"more\"", NULL);
}

static void pieces_at_regular_distances_are_joined(void **state)
{
    (void)state;
    assert_shows(join_find_counted,
        "a 357\xc2\xb7"
        "992\xc2\xb7"
        "89 b",
        "a 35799289 b");
    assert_shows(join_find_counted, "<i v=\"357\"><i v=\"992\"><i v=\"89\">",
        "<i v=\"35799289\">");
    assert_shows(join_find_counted, "1. 3579\n2. 9289\n3. 4535\nok",
        "1. 357992894535\nok");
    assert_shows(join_find_counted, "KEY_1=gho_cKcFnw\nKEY_2=xr92py9\n",
        "KEY_1=gho_cKcFnwxr92py9\n");
    assert_shows(join_find_counted, "(1/2) gho_cKcFnw\n(2/2) xr92py9\n",
        "(1/2) gho_cKcFnwxr92py9\n");
    assert_shows(join_find_counted,
        "1. one apple\n2. two pears, 357 and 992 or 12:30", NULL);
    assert_shows(join_find_singles,
        "is g h o _ c K c F n 4 2 x r 9 2 p y 9 for you",
        "is gho_cKcFn42xr92py9 for you");
    assert_shows(join_find_singles, "g-h-o-_-c-K-c-F-n-4-2-x-r-9-2-p-y-9",
        "gho_cKcFn42xr92py9");
    assert_shows(join_find_singles,
        "f(a, b, c, d) = a + b + c + d, i = 0, j = 1; x - y * z", NULL);
}

static void halves_and_messages_are_joined(void **state)
{
    (void)state;
    assert_shows(join_find_halves, "is first half 3579 and second half 9289 ok",
        "is 35799289 ok");
    assert_shows(join_find_halves, "at first half of us left", NULL);
    assert_shows(join_find_messages,
        "[{\"role\": \"user\", \"content\": \"n 35\"}, {\"role\": "
        "\"assistant\","
        " \"content\": \"go on\"}, {\"role\": \"user\", \"content\": \"79\"}]",
        "[{\"role\": \"user\", \"content\": \"n 3579\"}]");
}

/* ---- what is passed over ---- */

static struct view_edits edits_of(find_fn *find, const struct marks *marks)
{
    struct view_edits edits = {0};
    (void)find(marks, 0, marks->text.n, &edits);
    return edits;
}

/* Pieces, what joins them, and what only seems to. */
static struct str any_numbers(char *bytes, size_t most)
{
    static const char *const parts[] = {"4111", "1", "2", "12", "3579", "00",
        "5", "2nd", " ", "\n", ", ", "-", ":", ": ", "+", " + ", "**", ">>",
        "<b>", "<h1 a=\"2\">", "<!-- 3 -->", "<<", "\"", "'", "\" + \"",
        "\" /* 2 */ + \"", "=\n", "`\n", "=", "$", "(",
        " and the second half is ", " 2nd part: ", " part 2 is ", "then ", "x",
        "gho_cKcFnw", "KEY_", "1. ", "2. ", "3. ", "(1/2) ", "(2/2) "};
    size_t n = 0, first = (size_t)random() % ARRAY_LEN(parts);
    size_t kinds = 3 + (size_t)random() % ARRAY_LEN(parts);
    for (;;) {
        size_t i = (first + (size_t)random() % kinds) % ARRAY_LEN(parts);
        if (n + strlen(parts[i]) > most)
            return str_make(bytes, n);
        memcpy(bytes + n, parts[i], strlen(parts[i]));
        n += strlen(parts[i]);
    }
}

static void what_one_look_passes_over_has_no_pieces(void **state)
{
    (void)state;
    find_fn *const finders[] = {join_find_numbers, join_find_counted};
    srandom(7);
    for (int round = 0; round < 4000; round++) {
        char bytes[400];
        struct str text =
            any_numbers(bytes, 1 + (size_t)random() % sizeof bytes);
        struct marks marks = {0};
        marks_make(&marks, text, 0, text.n);
        for (size_t f = 0; f < ARRAY_LEN(finders); f++) {
            struct view_edits few = edits_of(finders[f], &marks);
            for (size_t i = 0; i < marks.numbers->count; i++)
                marks.numbers->items[i].may = UINT32_MAX;
            struct view_edits all = edits_of(finders[f], &marks);
            marks.numbers->is_made = false;
            assert_int_equal(few.count, all.count);
            for (size_t i = 0; i < few.count; i++)
                assert_memory_equal(
                    &few.items[i], &all.items[i], sizeof few.items[i]);
            view_edits_free(&few);
            view_edits_free(&all);
        }
        marks_free(&marks);
    }
}

static void identifiers_are_neither_looks_nor_lists(void **state)
{
    (void)state;
    assert_shows(turn_find_looks, "4ll1OO2E ok", "41110023 ok");
    assert_shows(
        turn_find_looks, "cb7d0a11-3415-4295-8f9f-133290276e14 ok", NULL);
    assert_shows(
        island_find_codes, "34313131-3131-3131-3131-313131313131 ok", NULL);
}

/* ---- turned ---- */

static void what_was_turned_is_turned_back(void **state)
{
    (void)state;
    assert_shows(turn_find_bidi,
        "a \xe2\x80\xae"
        "321\xe2\x80\xac b",
        "a 123 b");
    assert_shows(turn_find_numbers, "a 123456789 b", "a 987654321 b");
    assert_shows(turn_find_numbers, "a x123456789 1234", NULL);
    assert_shows(turn_find_words,
        "is four one, One one-three two eight nine ok", "is 41113289 ok");
    assert_shows(turn_find_words, "one of two things, three at most", NULL);
    assert_shows(turn_find_tokens, "a ghp_ABcd12345678z b",
        "a \nz87654321dcBA_phg\ntuc_NOpq12345678m\nm87654321qpON_cut\n"
        "GHP_abCD12345678Z\n b");
    assert_shows(turn_find_tokens, "a simple-plain-sentence_of_words", NULL);
}

static void pieces_with_names_or_words_between_are_joined(void **state)
{
    (void)state;
    find_fn *find = join_find_bridges;
    assert_shows(
        find, "a = \"51960284\"\nb = \"81773558\"", "a = \"5196028481773558\"");
    assert_shows(find, "A=22211834\nB=09715805\n", "A=2221183409715805\n");
    assert_shows(find, "{\"first\": \"37988223\", \"second\": \"9730330\"}",
        "{\"first\": \"379882239730330\"}");
    assert_shows(
        find, "prefix: 22211084\nsuffix: 18807525", "prefix: 2221108418807525");
    assert_shows(find, "with 55570279 and ends with 06659668.",
        "with 5557027906659668.");
    assert_shows(
        find, "it is 4111 1111, then 1111 1111.", "it is 4111 1111 1111 1111.");
    assert_shows(find, "<![CDATA[42733622]]><![CDATA[60562364]]>",
        "<![CDATA[4273362260562364]]>");
    assert_shows(find, "card 5138 2939\nAssistant: go on\nUser: 9806 6547",
        "card 5138 2939 9806 6547");
    assert_shows(find,
        "no 43111227\n\n[assistant]\nok, and?\n\n[user]\n21485371 ok",
        "no 4311122721485371 ok");
    assert_shows(find, "width = 4111\nheight = 1111", NULL);
    assert_shows(find, "in 1999, and 2001 was next", NULL);
    assert_shows(find, "order 44112233 of 12345678 pieces", NULL);
    assert_shows(find, "a1111 b2222 = 3333", NULL);
}

static void rests_of_a_vendors_token_are_joined(void **state)
{
    (void)state;
    find_fn *find = join_find_prefixed;
    assert_shows(find, "use AKIAKPK475 followed by IGZNBBX6YS for S3",
        "use AKIAKPK475IGZNBBX6YS for S3");
    assert_shows(find, "| gho_AeUQrsQYkAjSZME5 | zNvjVrFTzMJdsD1bvzC0 |",
        "| 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 |");
    assert_shows(find, "first ghp_5uwlQf, second mwfZS4mz, third 9DE8qG4X ok",
        "first ghp_5uwlQfmwfZS4mz9DE8qG4X ok");
    assert_shows(
        find, "A=AKIAGVR72T\nB=YUU7FLCVLV\n", "A=AKIAGVR72TYUU7FLCVLV\n");
    assert_shows(find, "the AKIAxx prefix is that of access keys", NULL);
    assert_shows(find, "xAKIAKPK475 IGZNBBX6YS", NULL);
    assert_shows(find, "AKIA", NULL);
}

static void chinese_digits_are_digits(void **state)
{
    (void)state;
    find_fn *find = turn_find_chinese;
    assert_shows(find,
        "\xe5\x8d\xa1 \xe5\x9b\x9b\xe4\xb8\x80\xe4\xb8\x80"
        "\xe4\xb8\x80 \xe4\xba\x8c\xe4\xb8\x89\xe3\x80\x87"
        "\xe9\x9b\xb6-\xe8\x82\x86 ok",
        "\xe5\x8d\xa1 411123004 ok");
    assert_shows(
        find, "\xe5\x9b\x9b\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80", NULL);
    assert_shows(find, "plain", NULL);
}

static void texts_that_are_backwards_are_turned(void **state)
{
    (void)state;
    find_fn *find = turn_find_text;
    assert_shows(find, "1111 1114 :rebmun draC", "Card number: 4111 1111");
    assert_shows(find, "\xc3\xa9 41 si drac eht", "the card is 14 \xc3\xa9");
    assert_shows(find, "the card number is 14", NULL);
    assert_shows(find, "samples of DNA and RNA", NULL);
}

static void every_number_word_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < turn_word_count; i++) {
        char text[256], shown[16] = "11111111";
        const char *word = turn_words[i].word;
        snprintf(text, sizeof text, "one one one one one one one %s", word);
        shown[7] = turn_words[i].digit;
        if (!isdigit((unsigned char)shown[7])) /* "double", "forty" */
            continue;
        assert_shows(turn_find_words, text, shown);
    }
}

/* ---- rare encodings ---- */

static void base58_is_decoded(void **state)
{
    (void)state;
    assert_shows(island_find_tokens, "see W9ckrBHyhoNSQFhoC4vPynPw875Tyi here",
        "see key: Tr4ktor-55 of eva here");
    assert_shows(island_find_tokens,
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWPbdG", NULL);
}

static void base64_and_hex_are_read_backwards(void **state)
{
    (void)state;
    assert_shows(island_find_tokens,
        "see ==QY2VGIm9GI1UTLy9GdrRjcUBiO5V2a here",
        "see key: Tr4ktor-55 of eva here");
    assert_shows(island_find_tokens,
        "see 1667560266f6025353d227f647b643274502a39756b6 here",
        "see key: Tr4ktor-55 of eva here");
    assert_shows(island_find_tokens, "d41d8cd98f00b204e9800998ecf8427e", NULL);
}

static void uuencoded_lines_are_decoded(void **state)
{
    (void)state;
    assert_shows(island_find_rare,
        "begin 644 a\n7:V5Y.B!4<C1K=&]R+34U(&]F(&5V80H \n`\nend\n",
        "key: Tr4ktor-55 of eva\n\n`\nend\n");
    assert_shows(island_find_rare,
        "KEY=begin 644 a\n7:V5Y.B!4<C1K=&]R+34U(&]F(&5V80H \nend",
        "KEY=key: Tr4ktor-55 of eva\n\nend");
    assert_shows(island_find_rare, "begin 644 a\nhello\nend\n", NULL);
    assert_shows(island_find_rare, "begin 644", NULL);
    assert_shows(island_find_rare, "begin begin 644 begin 644 a\nb", NULL);
    assert_shows(island_find_rare, "a begin 644 b\nc\n", NULL);
}

static void letters_are_spelled_as_pilots_do(void **state)
{
    (void)state;
    assert_shows(island_find_rare,
        "key Alfa Kilo, india-Alpha\nSeven X-ray 4 niner Zulu ok",
        "key AKIA7X49Z ok");
    assert_shows(island_find_rare, "Golf Hotel India 1 2 3", NULL);
    assert_shows(
        island_find_rare, "kilo kilo kilo kilo kilo kilo kilo kilo kilo", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_lead_back_to_the_source),
        cmocka_unit_test(what_was_taken_out_counts_only_between_two_bytes),
        cmocka_unit_test(far_places_have_windows_of_their_own),
        cmocka_unit_test(escapes_become_what_they_stand_for),
        cmocka_unit_test(what_encoders_write_by_themselves_is_no_island),
        cmocka_unit_test(runs_are_decoded_when_they_are_text),
        cmocka_unit_test(wrapped_lines_are_one_run),
        cmocka_unit_test(hashes_names_and_pictures_are_no_islands),
        cmocka_unit_test(lists_of_byte_values_are_text),
        cmocka_unit_test(dumps_and_numbers_of_characters_are_text),
        cmocka_unit_test(numbers_with_one_kind_of_separator_are_joined),
        cmocka_unit_test(numbers_that_stand_by_themselves_stay),
        cmocka_unit_test(pieces_of_tokens_are_joined),
        cmocka_unit_test(pieces_at_regular_distances_are_joined),
        cmocka_unit_test(halves_and_messages_are_joined),
        cmocka_unit_test(what_one_look_passes_over_has_no_pieces),
        cmocka_unit_test(identifiers_are_neither_looks_nor_lists),
        cmocka_unit_test(what_was_turned_is_turned_back),
        cmocka_unit_test(pieces_with_names_or_words_between_are_joined),
        cmocka_unit_test(rests_of_a_vendors_token_are_joined),
        cmocka_unit_test(chinese_digits_are_digits),
        cmocka_unit_test(texts_that_are_backwards_are_turned),
        cmocka_unit_test(every_number_word_is_known),
        cmocka_unit_test(base58_is_decoded),
        cmocka_unit_test(base64_and_hex_are_read_backwards),
        cmocka_unit_test(uuencoded_lines_are_decoded),
        cmocka_unit_test(letters_are_spelled_as_pilots_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
