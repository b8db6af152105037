/* inspect/keep.h: bounded tables and their datagrams. */
#include "inspect/keep.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct keep_prompt_answer ask(struct keep *keep, const char *message,
    const char *parent, const char *text, int64_t now_ms)
{
    struct keep_prompt prompt = {.service = STR("s"),
        .conversation_id = STR("c"),
        .message_id = str_of(message),
        .parent_message_id = str_of(parent),
        .text = str_of(text),
        .time_ms = now_ms};
    struct keep_prompt_answer said;
    struct buf question = {0}, answer = {0};
    snprintf(prompt.activity_id, sizeof prompt.activity_id, "act-%s-%lld",
        message, (long long)now_ms);
    keep_ask_prompt(&prompt, &question);
    assert_true(question.n <= KEEP_DATAGRAM_MAX);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    assert_int_equal(keep_read_prompt(buf_str(&answer), &said), OK);
    buf_free(&question);
    buf_free(&answer);
    return said;
}

static void note_turn(struct keep *keep, const char *parent, int64_t now_ms)
{
    struct buf note = {0}, answer = {0};
    keep_note_turn(STR("s"), STR("c"), str_of(parent), &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&note);
}

static void a_message_seen_again_is_a_retry_for_a_while(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    assert_int_equal(ask(keep, "m", "p", "hi", 1000).attempts, 1);
    struct keep_prompt_answer said = ask(keep, "m", "p", "hi", 2000);
    assert_int_equal(said.attempts, 2);
    assert_string_equal(said.activity_id, "act-m-1000");
    assert_int_equal(said.time_ms, 1000);
    assert_int_equal(ask(keep, "m", "p", "other", 3000).attempts, 1);
    int64_t late = 4000 + KEEP_RETRY_SECONDS * 1000;
    assert_int_equal(ask(keep, "m", "p", "other", late).attempts, 1);
    keep_free(&keep);
}

static void a_second_message_under_a_parent_is_an_edit(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    assert_false(ask(keep, "m1", "p", "a", 1000).is_edit);
    assert_false(ask(keep, "m2", "p", "b", 1100).is_edit);
    note_turn(keep, "p", 1200);
    assert_true(ask(keep, "m3", "p", "c", 1300).is_edit);
    assert_false(ask(keep, "m4", "q", "d", 1300).is_edit);
    /* a retry is what the first attempt was */
    assert_false(ask(keep, "m2", "p", "b", 1400).is_edit);
    keep_free(&keep);
}

static void a_history_tells_where_user_messages_hang(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf note = {0}, said = {0};
    const struct keep_turn turns[] = {
        {STR("c"), STR("p")}, {STR("c"), STR("q")}, {STR("d"), STR("r")}};
    keep_note_turns(STR("s"), turns, 3, &note);
    assert_true(note.n < KEEP_DATAGRAM_MAX);
    keep_handle(keep, buf_str(&note), 1000, &said);
    assert_int_equal(said.n, 0);
    assert_true(ask(keep, "m1", "p", "a", 1100).is_edit);
    assert_true(ask(keep, "m2", "q", "b", 1100).is_edit);
    assert_false(ask(keep, "m3", "r", "c", 1100).is_edit);
    for (size_t n = note.n; n-- > 0;) /* cut anywhere it does no harm */
        keep_handle(keep, str_sub(buf_str(&note), 0, n), 1200, &said);
    buf_free(&note);
    buf_free(&said);
    keep_free(&keep);
}

static void answers_and_hosts_are_remembered_when_noted(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf ask_host = {0}, ask_answer = {0}, note = {0}, said = {0};
    keep_ask_host(STR("x.test"), &ask_host);
    keep_ask_answer(STR("s"), STR("a"), &ask_answer);
    keep_handle(keep, buf_str(&ask_host), 1, &said);
    assert_false(keep_read_host(buf_str(&said)));
    keep_note_host(STR("x.test"), &note);
    keep_handle(keep, buf_str(&note), 2, &said);
    buf_clear(&said);
    keep_handle(keep, buf_str(&ask_host), 3, &said);
    assert_true(keep_read_host(buf_str(&said)));
    assert_false(keep_read_answer(buf_str(&said)));
    buf_clear(&note);
    buf_clear(&said);
    keep_note_answer(STR("s"), STR("a"), &note);
    keep_handle(keep, buf_str(&note), 4, &said);
    assert_int_equal(said.n, 0);
    keep_handle(keep, buf_str(&ask_answer), 5, &said);
    assert_true(keep_read_answer(buf_str(&said)));
    buf_free(&ask_host);
    buf_free(&ask_answer);
    buf_free(&note);
    buf_free(&said);
    keep_free(&keep);
}

static void the_least_recently_used_go_first(void **state)
{
    (void)state;
    struct keep *keep = keep_new(64 * 1024);
    note_turn(keep, "first", 1);
    for (int i = 0; i < 2000; i++) {
        char parent[16];
        snprintf(parent, sizeof parent, "p%d", i);
        note_turn(keep, parent, 2 + i);
        if (i % 50 == 0)
            assert_true(ask(keep, "", "first", "", 2 + i).is_edit);
    }
    assert_true(keep_count(keep) < 1000);
    assert_false(ask(keep, "", "p0", "", 3000).is_edit);
    assert_true(ask(keep, "", "p1999", "", 3000).is_edit);
    keep_free(&keep);
}

static void what_is_over_leaves_though_nobody_asks_for_it(void **state)
{
    (void)state;
    enum { MESSAGES = 2000 };
    struct keep *keep = keep_new(1 << 20);
    char name[16];
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(name, sizeof name, "m%d", i);
        (void)ask(keep, name, "p", "hi", 1000);
    }
    note_turn(keep, "stays", 1000);
    assert_int_equal(keep_count(keep), MESSAGES + 1);
    int64_t late = 2000 + KEEP_RETRY_SECONDS * 1000;
    for (int i = 0; i < MESSAGES / 4; i++) /* of one turn, again and again */
        note_turn(keep, "again", late);
    assert_int_equal(keep_count(keep), 2);
    assert_true(ask(keep, "", "stays", "", late).is_edit);
    keep_free(&keep);
}

/* What the heap has given for the tables; that of the sanitizer knows. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks;
}

static void note_file(struct keep *keep, int number, size_t fact_bytes)
{
    static char fact[4096];
    char id[24];
    struct buf note = {0}, answer = {0};
    memset(fact, 'f', sizeof fact);
    snprintf(id, sizeof id, "file-%d", number);
    struct keep_file file = {.service = STR("s"),
        .ids = {str_of(id)},
        .address = str_of(id),
        .fact = str_make(fact, fact_bytes)};
    keep_note_file(&file, &note);
    keep_handle(keep, buf_str(&note), 1000, &answer);
    buf_free(&note);
    buf_free(&answer);
}

/* Full tables take what they may and no more, whatever fills them. */
static void the_bound_is_that_of_the_memory_taken(void **state)
{
    (void)state;
    enum { BYTES = 4 << 20 };
    size_t before = heap_bytes();
    struct keep *keep = keep_new(BYTES);
    for (int i = 0; i < 40000; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        note_turn(keep, name, 1000);
    }
    assert_in_range(heap_bytes() - before, BYTES / 2, BYTES * 21 / 20);
    for (int i = 0; i < 20000; i++)
        note_file(keep, i, (size_t)i % 40 * 100);
    assert_in_range(heap_bytes() - before, BYTES / 2, BYTES * 21 / 20);
    keep_free(&keep);
}

static void damaged_datagrams_give_nothing(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf question = {0}, answer = {0};
    struct keep_prompt_answer said;
    keep_ask_host(STR("x"), &question);
    for (size_t n = 0; n < question.n; n++)
        keep_handle(keep, str_sub(buf_str(&question), 0, n), 1, &answer);
    buf_bytes(&question)[0] ^= 1;
    keep_handle(keep, buf_str(&question), 1, &answer);
    buf_bytes(&question)[0] ^= 1;
    buf_bytes(&question)[1] = 99;
    keep_handle(keep, buf_str(&question), 1, &answer);
    assert_int_equal(answer.n, 0);
    assert_int_equal(keep_read_prompt(STR("short"), &said), ERR_PARSE);
    assert_int_equal(keep_read_prompt(STR_NONE, &said), ERR_PARSE);
    buf_free(&question);
    keep_free(&keep);
}

static bool who(struct keep *keep, const struct keep_session *session,
    int64_t now_ms, struct buf *answer, struct keep_identity *identity_out)
{
    struct buf question = {0};
    buf_clear(answer);
    keep_ask_identity(session, &question);
    keep_handle(keep, buf_str(&question), now_ms, answer);
    buf_free(&question);
    return keep_read_identity(buf_str(answer), identity_out);
}

static void tell(struct keep *keep, const struct keep_session *session,
    const char *user, int64_t now_ms)
{
    struct buf note = {0}, none = {0};
    struct keep_identity identity = {.user = str_of(user),
        .account = str_of(user),
        .workspace = STR("workspace")};
    keep_note_identity(session, &identity, &note);
    assert_true(note.n <= KEEP_DATAGRAM_MAX);
    keep_handle(keep, buf_str(&note), now_ms, &none);
    assert_int_equal(none.n, 0);
    for (size_t n = 0; n < note.n; n++) /* damaged: no harm */
        keep_handle(keep, str_sub(buf_str(&note), 0, n), now_ms, &none);
    buf_free(&note);
    buf_free(&none);
}

static void a_session_is_known_by_token_or_device_until_it_expires(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_session session = {.token = {1}, .device = {2}};
    session.has_token = session.has_device = true;
    struct keep_session other = {.token = {3}, .has_token = true};
    struct keep_identity said;
    struct buf answer = {0};
    assert_false(who(keep, &session, 1000, &answer, &said));
    tell(keep, &session, "ana", 1000);
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_true(str_is(said.user, "ana") && str_is(said.account, "ana"));
    assert_true(str_is(said.workspace, "workspace"));
    assert_false(who(keep, &other, 1000, &answer, &said));
    other.has_device = true;
    other.device[0] = 2;
    assert_true(who(keep, &other, 1000, &answer, &said));
    tell(keep, &other, "bob", 1000);
    assert_true(who(keep, &session, 2000, &answer, &said));
    assert_true(str_is(said.user, "ana"));
    int64_t late = 3000 + KEEP_IDENTITY_SECONDS * INT64_C(1000);
    assert_false(who(keep, &session, late, &answer, &said));
    assert_int_equal(keep_count(keep), 0); /* the other's token, too */
    buf_free(&answer);
    keep_free(&keep);
}

static void tell_more(struct keep *keep, const struct keep_session *session,
    const char *user, const char *workspace, const char *plan)
{
    struct buf note = {0}, none = {0};
    struct keep_identity identity = {.user = str_of(user),
        .workspace = str_of(workspace),
        .plan = str_of(plan)};
    keep_note_identity(session, &identity, &note);
    keep_handle(keep, buf_str(&note), 1000, &none);
    buf_free(&note);
}

static void what_is_said_of_an_account_adds_up(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_session session = {.token = {1}, .has_token = true};
    struct keep_identity said;
    struct buf answer = {0};
    tell_more(keep, &session, "", "workspace", "team");
    assert_false(who(keep, &session, 1000, &answer, &said)); /* of nobody */
    tell(keep, &session, "ana", 1000);
    tell_more(keep, &session, "", "workspace", "team");
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_true(str_is(said.user, "ana") && str_is(said.plan, "team"));
    tell(keep, &session, "ana", 1000);
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_true(str_is(said.plan, "team"));
    tell_more(keep, &session, "ana", "other", "");
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_true(str_is(said.workspace, "other") && said.plan.n == 0);
    tell_more(keep, &session, "ana", "", "plus");
    tell_more(keep, &session, "bob", "", "");
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_true(str_is(said.user, "bob") && said.plan.n == 0);
    assert_int_equal(said.workspace.n, 0);
    buf_free(&answer);
    keep_free(&keep);
}

static void identities_are_bounded_by_their_bytes(void **state)
{
    (void)state;
    enum { BYTES = 16 * 1024 };
    struct keep *keep = keep_new(BYTES);
    struct keep_identity said;
    struct buf answer = {0};
    char name[KEEP_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[KEEP_NAME_MAX] = '\0';
    struct keep_session session = {.has_token = true};
    for (int i = 0; i < 200; i++) {
        session.token[0] = (uint8_t)i;
        tell(keep, &session, name, 1000);
    }
    assert_true(keep_count(keep) >= 10);
    assert_true(keep_count(keep) * 2 * KEEP_NAME_MAX < BYTES);
    assert_true(who(keep, &session, 1000, &answer, &said));
    assert_int_equal(said.user.n, KEEP_NAME_MAX);
    session.token[0] = 0;
    assert_false(who(keep, &session, 1000, &answer, &said));
    name[KEEP_NAME_MAX] = 'n';
    name[KEEP_NAME_MAX + 1] = '\0';
    tell(keep, &session, name, 1000); /* too long: nobody */
    assert_false(who(keep, &session, 1000, &answer, &said));
    buf_free(&answer);
    keep_free(&keep);
}

static struct keep_draft_answer type(
    struct keep *keep, const char *id, const char *text, int64_t now_ms)
{
    struct keep_draft draft = {.service = STR("s"),
        .user = STR("ana"),
        .text = str_of(text),
        .time_ms = now_ms};
    struct keep_draft_answer said;
    struct buf question = {0}, answer = {0};
    snprintf(draft.activity_id, sizeof draft.activity_id, "%s", id);
    keep_ask_draft(&draft, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    assert_int_equal(keep_read_draft(buf_str(&answer), &said), OK);
    buf_free(&question);
    buf_free(&answer);
    return said;
}

static void texts_that_follow_each_other_are_one_draft(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    int64_t pause = KEEP_DRAFT_SECONDS * INT64_C(1000);
    assert_true(type(keep, "a", "x", 1000).is_longest);
    struct keep_draft_answer said = type(keep, "b", "xyz", 2000);
    assert_true(said.is_longest);
    assert_string_equal(said.activity_id, "a");
    assert_int_equal(said.time_ms, 1000);
    assert_false(type(keep, "c", "xy", 1000 + pause).is_longest);
    assert_string_equal(type(keep, "d", "xyz1", pause + 2000).activity_id, "a");
    assert_string_equal(type(keep, "e", "other", 3000).activity_id, "e");
    said = type(keep, "f", "x", 3000 + 2 * pause);
    assert_true(said.is_longest);
    assert_string_equal(said.activity_id, "f");
    keep_free(&keep);
}

static const struct keep_conversation talk = {{"s", 1}, {"c", 1}};

static void say(struct keep *keep, const struct keep_conversation *c,
    struct str text, int64_t now_ms)
{
    struct buf note = {0}, answer = {0};
    keep_note_tail(c, text, &note);
    assert_int_equal(str_find(buf_str(&note), STR("1111")), note.n);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&note);
}

/* What was said last, or "" where nothing is known. */
static void assert_said(struct keep *keep, const struct keep_conversation *c,
    int64_t now_ms, struct str text)
{
    struct buf question = {0}, answer = {0}, tail = {0};
    keep_ask_tail(c, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    assert_int_equal(keep_read_tail(c, buf_str(&answer), &tail), text.n != 0);
    assert_true(str_eq(buf_str(&tail), text));
    buf_free(&question);
    buf_free(&answer);
    buf_free(&tail);
}

static void the_end_of_what_was_said_last_is_known_for_a_while(void **state)
{
    (void)state;
    const struct keep_conversation other = {STR("s"), STR("d")};
    struct keep *keep = keep_new(1 << 20);
    int64_t while_ms = KEEP_TAIL_SECONDS * INT64_C(1000);
    assert_said(keep, &talk, 500, STR(""));
    say(keep, &talk, STR("card 4111 1111"), 1000);
    assert_said(keep, &talk, 2000, STR("card 4111 1111"));
    assert_said(keep, &other, 2000, STR(""));
    say(keep, &talk, STR("now 1111 1111"), 3000);
    assert_said(keep, &talk, 2999 + while_ms, STR("now 1111 1111"));
    assert_said(keep, &talk, 3000 + while_ms, STR(""));
    keep_free(&keep);
}

static void of_a_long_text_whole_characters_at_its_end_are_kept(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf text = {0};
    for (int i = 0; i < 300; i++)
        buf_append_str(&text, STR("\xc3\xa9"));
    buf_append_char(&text, '.');
    say(keep, &talk, buf_str(&text), 1000);
    assert_said(keep, &talk, 1000, str_sub(buf_str(&text), 601 - 255, text.n));
    buf_free(&text);
    keep_free(&keep);
}

static void only_its_own_conversation_opens_a_tail(void **state)
{
    (void)state;
    const struct keep_conversation other = {STR("s"), STR("d")};
    struct keep *keep = keep_new(1 << 20);
    struct buf question = {0}, answer = {0}, tail = {0};
    say(keep, &talk, STR("1111 2222"), 1000);
    keep_ask_tail(&talk, &question);
    keep_handle(keep, buf_str(&question), 1000, &answer);
    assert_int_equal(str_find(buf_str(&answer), STR("2222")), answer.n);
    assert_false(keep_read_tail(&other, buf_str(&answer), &tail));
    for (size_t n = 0; n < answer.n; n++)
        assert_false(
            keep_read_tail(&talk, str_sub(buf_str(&answer), 0, n), &tail));
    buf_bytes(&answer)[answer.n - 1] ^= 1;
    assert_false(keep_read_tail(&talk, buf_str(&answer), &tail));
    assert_int_equal(tail.n, 0);
    buf_free(&question);
    buf_free(&tail);
    buf_free(&answer);
    keep_free(&keep);
}

static void the_oldest_tails_leave_when_there_are_many(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    char name[16];
    for (int i = 0; i <= KEEP_TAILS_MAX; i++) {
        snprintf(name, sizeof name, "c%d", i);
        const struct keep_conversation c = {STR("s"), str_of(name)};
        say(keep, &c, str_of(name), 1000);
    }
    const struct keep_conversation first = {STR("s"), STR("c0")};
    const struct keep_conversation second = {STR("s"), STR("c1")};
    assert_said(keep, &first, 1000, STR(""));
    assert_said(keep, &second, 1000, STR("c1"));
    keep_free(&keep);
}

static void several_notes_are_told_at_once(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf several = {0}, note = {0}, answer = {0};
    static char long_note[KEEP_DATAGRAM_MAX];
    const char *const parents[] = {"p", "q", "r"};
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&note);
        keep_note_turn(STR("s"), STR("c"), str_of(parents[i]), &note);
        assert_true(keep_join_note(&several, buf_str(&note)));
    }
    size_t n = several.n;
    assert_false(
        keep_join_note(&several, str_make(long_note, sizeof long_note)));
    assert_int_equal(several.n, n);
    for (size_t cut = 0; cut < n; cut += n - 2) /* the third is damaged */
        keep_handle(keep, str_sub(buf_str(&several), 0, cut), 1000, &answer);
    assert_true(ask(keep, "m1", "p", "a", 1100).is_edit);
    assert_true(ask(keep, "m2", "q", "a", 1100).is_edit);
    assert_false(ask(keep, "m3", "r", "a", 1100).is_edit);
    keep_handle(keep, buf_str(&several), 1200, &answer);
    assert_true(ask(keep, "m4", "r", "b", 1300).is_edit);
    assert_int_equal(answer.n, 0);
    buf_free(&several);
    buf_free(&note);
    keep_free(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_seen_again_is_a_retry_for_a_while),
        cmocka_unit_test(several_notes_are_told_at_once),
        cmocka_unit_test(a_second_message_under_a_parent_is_an_edit),
        cmocka_unit_test(a_history_tells_where_user_messages_hang),
        cmocka_unit_test(answers_and_hosts_are_remembered_when_noted),
        cmocka_unit_test(the_least_recently_used_go_first),
        cmocka_unit_test(what_is_over_leaves_though_nobody_asks_for_it),
        cmocka_unit_test(the_bound_is_that_of_the_memory_taken),
        cmocka_unit_test(damaged_datagrams_give_nothing),
        cmocka_unit_test(
            a_session_is_known_by_token_or_device_until_it_expires),
        cmocka_unit_test(what_is_said_of_an_account_adds_up),
        cmocka_unit_test(identities_are_bounded_by_their_bytes),
        cmocka_unit_test(texts_that_follow_each_other_are_one_draft),
        cmocka_unit_test(the_end_of_what_was_said_last_is_known_for_a_while),
        cmocka_unit_test(of_a_long_text_whole_characters_at_its_end_are_kept),
        cmocka_unit_test(only_its_own_conversation_opens_a_tail),
        cmocka_unit_test(the_oldest_tails_leave_when_there_are_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
