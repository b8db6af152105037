/* promptgate replay over the captures of tests/data. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proxy/command.h"

static char folder[] = "/tmp/test_replay.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Standard output of the command, ids of activities masked. */
static int replay(struct buf *out, char *const *arguments)
{
    char *argv[16] = {"replay", "-c", "conf/promptgate.yaml"};
    int argc = 3;
    while (*arguments != NULL)
        argv[argc++] = *arguments++;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int saved = dup(1);
    dup2(fileno(file), 1);
    int status = command_replay(argc, argv);
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    rewind(file);
    for (int c; (c = fgetc(file)) != EOF;)
        buf_append_char(out, (char)c);
    fclose(file);
    struct str text = buf_str(out);
    for (size_t i = 0; i + 37 < text.n; i++)
        if (text.p[i] == '"' && text.p[i + 1] == '0' && text.p[i + 9] == '-' &&
            text.p[i + 37] == '"')
            memset(buf_bytes(out) + i + 1, 'x', 36);
    return status;
}

/* Names of the activities, in order. */
static void assert_activities(const struct buf *out, const char *expected)
{
    struct buf names = {0};
    struct str rest = buf_str(out), line;
    while (str_split(&rest, '\n', &line)) {
        size_t at = str_find(line, STR("\"activity\":\""));
        if (at == line.n)
            continue;
        line = str_sub(line, at + 12, line.n);
        buf_printf(&names, "%.*s ",
            STR_ARG(str_sub(line, 0, str_find_char(line, '"'))));
    }
    assert_string_equal(buf_cstr(&names), expected);
    buf_free(&names);
}

static void turns_of_a_conversation_are_told_apart(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(
        replay(&out, (char *[]){"tests/data/chatgpt-turns.har", NULL}), 0);
    assert_activities(&out,
        "prompt.created response.generated prompt.created response.generated "
        "prompt.updated response.generated prompt.updated response.generated "
        "prompt.updated response.generated prompt.updated "
        "response.generated ");
    assert_true(str_has(buf_str(&out), "\"update\":\"edit\""));
    assert_true(str_has(buf_str(&out), "\"update\":\"regenerate\""));
    assert_true(str_has(buf_str(&out), "\"update\":\"continue\""));
    assert_true(str_has(buf_str(&out), "\"time\":\"2026-11-22T10:02:00.000Z"));
    buf_free(&out);
}

static void blocks_stop_nothing_that_follows(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(replay(&out, (char *[]){"tests/data/chatgpt-mixed.har",
                                      "tests/data/openai-api.har", NULL}),
        0);
    assert_activities(&out,
        "prompt_with_file.created response_with_file.generated prompt.created "
        "service.unclassified prompt.created response.generated "
        "prompt.created prompt_with_file.created response.generated "
        "prompt.created response.generated prompt.created "
        "response.generated ");
    assert_true(str_has(buf_str(&out), "\"verdict\":\"block\""));
    assert_true(str_has(buf_str(&out), "\"content\":\"Bonjour Claire !\""));
    buf_free(&out);
}

static void pieces_change_nothing(void **state)
{
    (void)state;
    static char *const files[] = {"tests/data/chatgpt-turns.har",
        "tests/data/chatgpt-mixed.har", "tests/data/openai-api.har"};
    static char *const sizes[] = {"1", "7,1,300", "2,3"};
    for (size_t i = 0; i < 3; i++) {
        struct buf whole = {0}, pieces = {0};
        assert_int_equal(replay(&whole, (char *[]){files[i], NULL}), 0);
        assert_int_equal(
            replay(&pieces, (char *[]){"--chunk", sizes[i], files[i], NULL}),
            0);
        assert_string_equal(buf_cstr(&whole), buf_cstr(&pieces));
        buf_free(&whole);
        buf_free(&pieces);
    }
}

static void what_cannot_be_read_is_status_2(void **state)
{
    (void)state;
    char *const wrong[][4] = {
        {"conf/promptgate.yaml"},
        {"tests/data/none.har"},
        {"--chunk", "0", "tests/data/openai-api.har"},
        {"--chunk", "x", "tests/data/openai-api.har"},
        {"--audit-log", "x"},
        {"--compliance-log", "x"},
        {"--what"},
        {NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf out = {0};
        assert_int_equal(replay(&out, wrong[i]), 2);
        assert_int_equal(out.n, 0);
        buf_free(&out);
    }
}

/* A document is read by this executable, started anew (extract_child.h). */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "extract") == 0)
        return command_extract(argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_of_a_conversation_are_told_apart),
        cmocka_unit_test(blocks_stop_nothing_that_follows),
        cmocka_unit_test(pieces_change_nothing),
        cmocka_unit_test(what_cannot_be_read_is_status_2),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
