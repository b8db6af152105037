/*
 * Plays: transcripts of a session (tests/play/X.play), run whole and cut at
 * every byte, against a world that only records.  The configuration is the
 * shipped one; the wire is clear text, so what is played is everything after
 * TLS.
 *
 *   > client            bytes that the client sends: head lines get CRLF, the
 *                       body follows the empty line; {{length}} is its length
 *   > client-more       follows the block before it in the same bytes
 *   > origin            what the origin answers to its next request
 *   > client-frames     a WebSocket's, a line each: text T, part T, rest T,
 *   > origin-frames     ping T, close STATUS, bare T (with the wrong mask)
 *   > client-eof   > origin-eof   > wait MS   > dial-fails   > record-fails   >
 * login-fails > memory-short < client STATUS | client has TEXT | client lacks
 * TEXT < origin has TEXT | origin lacks TEXT | no origin | dial HOST:PORT <
 * record NAME key=value …     one record with these members < records N that
 * many different activities < recorded before origin      durable before the
 * first forwarded byte < closed | open
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "inspect/keep.h"
#include "proxy/conf.h"
#include "proxy/session.h"

enum { LINES_MAX = 64, LINKS_MAX = 16, ANSWERS_MAX = 4096 };

/* ---- the recording world ---- */

struct test_link {
    struct link link; /* first */
    struct buf sent;
    size_t answered;
    bool is_open, is_origin;
};

struct answer {
    enum { DIALED, RECORDED, KEPT, EXTRACTED, LOGIN, LATER } kind;
    struct link *link;
    uint64_t token;
    struct buf text;
};

struct stage {
    struct world world; /* first */
    struct session *session;
    struct test_link links[LINKS_MAX];
    size_t link_count;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count, answer_next;
    struct keep *keep;
    struct buf records, order, dials;
    uint64_t now_ms, timer_ms;
    bool dial_fails, record_fails, login_fails, is_short, is_done;
};

static struct stage *stage_of(struct world *w)
{
    return (struct stage *)w;
}

static struct answer *queue(struct world *w, int kind)
{
    struct stage *st = stage_of(w);
    assert_true(st->answer_count < ANSWERS_MAX);
    struct answer *a = &st->answers[st->answer_count++];
    *a = (struct answer){.kind = kind};
    return a;
}

static void world_send(struct world *w, struct link *link, struct buf *data)
{
    struct test_link *to = (struct test_link *)link;
    assert_true(to->is_open);
    if (to->is_origin && to->sent.n == 0)
        buf_append_str(&stage_of(w)->order, STR("origin "));
    buf_append_str(&to->sent, buf_str(data));
    buf_free(data);
}

static void world_pause(struct world *w, struct link *link)
{
    (void)w;
    link->is_paused = true;
}

static void world_resume(struct world *w, struct link *link)
{
    (void)w;
    link->is_paused = false;
}

static void world_shutdown(struct world *w, struct link *link)
{
    (void)w;
    (void)link;
}

static void world_close(struct world *w, struct link *link)
{
    (void)w;
    ((struct test_link *)link)->is_open = false;
}

static struct test_link *add_link(struct stage *st)
{
    assert_true(st->link_count < LINKS_MAX);
    struct test_link *l = &st->links[st->link_count++];
    l->is_open = true;
    l->link.session = st->session;
    return l;
}

static struct link *world_dial(
    struct world *w, struct session *session, struct str host, uint16_t port)
{
    struct stage *st = stage_of(w);
    struct test_link *l = add_link(st);
    (void)session;
    l->is_origin = true;
    buf_printf(&st->dials, "%.*s:%u ", STR_ARG(host), port);
    queue(w, DIALED)->link = &l->link;
    return &l->link;
}

static enum err world_mint(struct world *w, struct session *session,
    struct str host, struct leaf **leaf_out)
{
    (void)w;
    (void)session;
    (void)host;
    *leaf_out = NULL;
    return ERR_UNSUPPORTED; /* plays are clear text */
}

static void world_record(struct world *w, struct session *session,
    uint64_t token, struct record *record)
{
    struct stage *st = stage_of(w);
    (void)session;
    buf_printf(&st->records, "%s %.*s\n",
        record->kind == RECORD_OPEN ? "open" : "done",
        STR_ARG(buf_str(&record->json)));
    buf_append_str(&st->order, STR("record "));
    buf_free(&record->json);
    if (token != 0)
        queue(w, RECORDED)->token = token;
}

static void world_keep(struct world *w, struct session *session, uint64_t token,
    struct str question)
{
    struct stage *st = stage_of(w);
    struct buf answer = {0};
    (void)session;
    keep_handle(st->keep, question, (int64_t)st->now_ms, &answer);
    if (token != 0) {
        struct answer *a = queue(w, KEPT);
        a->token = token;
        buf_take(&a->text, &answer);
    }
    buf_free(&answer);
}

static void world_extract(struct world *w, struct session *session,
    uint64_t token, struct str document)
{
    struct answer *a = queue(w, EXTRACTED);
    (void)session;
    a->token = token;
    buf_append_str(&a->text, document);
}

static void world_authenticate(struct world *w, struct session *session,
    struct str user, struct str password)
{
    (void)session;
    queue(w, LOGIN)->token = str_is(user, "ana") && str_is(password, "secret");
}

static void world_set_timer(
    struct world *w, struct session *session, uint64_t at_ms)
{
    (void)session;
    stage_of(w)->timer_ms = at_ms;
}

static void world_later(struct world *w, struct session *session)
{
    (void)session;
    queue(w, LATER);
}

static uint64_t world_now_ms(struct world *w)
{
    return stage_of(w)->now_ms;
}

static bool world_is_ready(struct world *w)
{
    (void)w;
    return true;
}

static bool world_is_short(struct world *w)
{
    return stage_of(w)->is_short;
}

static void world_done(struct world *w, struct session *session)
{
    (void)session;
    stage_of(w)->is_done = true;
}

static const struct world_ops ops = {
    .send = world_send,
    .pause = world_pause,
    .resume = world_resume,
    .shutdown = world_shutdown,
    .close = world_close,
    .abort = world_close,
    .dial = world_dial,
    .mint = world_mint,
    .record = world_record,
    .keep = world_keep,
    .extract = world_extract,
    .authenticate = world_authenticate,
    .is_ready = world_is_ready,
    .is_short = world_is_short,
    .set_timer = world_set_timer,
    .later = world_later,
    .now_ms = world_now_ms,
    .done = world_done,
};

/* The document's bytes, upside down: as good as any reader's text. */
static void deliver_text(struct session *s, struct answer *a)
{
    struct extract_report report = {0};
    for (size_t i = a->text.n; i-- > 0;)
        buf_append_char(&report.text, buf_bytes(&a->text)[i]);
    session_on_extracted(s, a->token, &report);
    buf_free(&report.text);
}

static void deliver(struct stage *st, struct answer *a)
{
    struct session *s = st->session;
    switch (a->kind) {
    case DIALED:
        if (((struct test_link *)a->link)->is_open)
            session_on_dialed(
                s, a->link, st->dial_fails ? DIAL_REFUSED : DIAL_OK);
        break;
    case RECORDED:
        session_on_recorded(s, a->token, st->record_fails ? ERR_IO : OK);
        break;
    case KEPT:
        session_on_kept(s, a->token, buf_str(&a->text));
        break;
    case EXTRACTED:
        deliver_text(s, a);
        break;
    case LOGIN:
        session_on_authenticated(
            s, a->token != 0 && !st->login_fails, STR("staff"));
        break;
    case LATER:
        session_on_later(s);
        break;
    }
}

static void run_answers(struct stage *st)
{
    while (st->answer_next < st->answer_count) {
        struct answer *a = &st->answers[st->answer_next++];
        if (!st->is_done)
            deliver(st, a);
        buf_free(&a->text);
    }
}

/* ---- a play ---- */

struct line {
    char action[32];
    struct buf text; /* argument, or the block that follows */
};

struct play {
    struct line lines[LINES_MAX];
    size_t count;
};

static struct conf *conf;
static struct buf database;

/* Head lines end with CRLF; {{length}} becomes the body's length. */
static void finish_block(struct line *line)
{
    struct str text = buf_str(&line->text);
    struct buf out = {0};
    while (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    size_t head = str_find(text, STR("\n\n"));
    struct str body =
        head < text.n ? str_sub(text, head + 2, text.n) : STR_NONE;
    struct str rest = str_sub(text, 0, head), part;
    while (str_split(&rest, '\n', &part)) {
        size_t at = str_find(part, STR("{{length}}"));
        buf_append_str(&out, str_sub(part, 0, at));
        if (at < part.n)
            buf_printf(&out, "%zu", body.n);
        buf_append_str(&out, STR("\r\n"));
    }
    buf_append_str(&out, STR("\r\n"));
    buf_append_str(&out, body);
    buf_free(&line->text);
    line->text = out;
}

static bool is_frames(const struct line *line)
{
    return strcmp(line->action, "> client-frames") == 0 ||
           strcmp(line->action, "> origin-frames") == 0;
}

static unsigned first_byte(struct str kind)
{
    static const struct {
        const char *name;
        unsigned first;
    } kinds[] = {{"text", 0x81}, {"part", 0x01}, {"rest", 0x80}, {"ping", 0x89},
        {"close", 0x88}, {"bare", 0x81}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_is(kind, kinds[i].name))
            return kinds[i].first;
    fail_msg("no frame: %.*s", STR_ARG(kind));
    return 0;
}

/* A mask of zeros, so that the text can be looked for at the origin. */
static void write_frame(struct buf *out, struct str line, bool is_masked)
{
    size_t blank = str_find_char(line, ' ');
    struct str kind = str_sub(line, 0, blank);
    struct str text = str_sub(line, blank + 1, line.n);
    char status[2];
    uint64_t number = 0;
    if (str_is(kind, "close") && str_to_u64(text, &number) == OK) {
        status[0] = (char)(number >> 8);
        status[1] = (char)number;
        text = str_make(status, 2);
    }
    is_masked = is_masked != str_is(kind, "bare");
    buf_append_char(out, (char)first_byte(kind));
    buf_append_char(out, (char)((is_masked ? 0x80u : 0u) | 126u));
    if (text.n < 126) {
        buf_truncate(out, out->n - 1);
        buf_append_char(out, (char)((is_masked ? 0x80u : 0u) | text.n));
    } else {
        buf_append_char(out, (char)(text.n >> 8));
        buf_append_char(out, (char)text.n);
    }
    if (is_masked)
        buf_append(out, "\0\0\0\0", 4);
    buf_append_str(out, text);
}

static void finish_frames(struct line *line)
{
    struct str rest = buf_str(&line->text), part;
    struct buf out = {0};
    while (str_split(&rest, '\n', &part))
        if (part.n != 0)
            write_frame(&out, part, line->action[2] == 'c');
    buf_free(&line->text);
    line->text = out;
}

static bool is_block(const struct line *line)
{
    if (is_frames(line))
        return true;
    return strcmp(line->action, "> client") == 0 ||
           strcmp(line->action, "> client-more") == 0 ||
           strcmp(line->action, "> origin") == 0;
}

static void parse_play(struct str text, struct play *play)
{
    struct str part;
    struct line *current = NULL;
    while (str_split(&text, '\n', &part)) {
        if (str_starts(part, "# ") && (current == NULL || !is_block(current)))
            continue;
        if (!str_starts(part, "> ") && !str_starts(part, "< ")) {
            if (current != NULL && is_block(current)) {
                buf_append_str(&current->text, part);
                buf_append_char(&current->text, '\n');
            }
            continue;
        }
        assert_true(play->count < LINES_MAX);
        current = &play->lines[play->count++];
        struct str rest = str_sub(part, 2, part.n);
        size_t word = str_find_char(rest, ' ');
        snprintf(current->action, sizeof current->action, "%c %.*s", part.p[0],
            STR_ARG(str_sub(rest, 0, word)));
        if (word < rest.n)
            buf_append_str(&current->text, str_sub(rest, word + 1, rest.n));
    }
    for (size_t i = 0; i < play->count; i++)
        if (is_frames(&play->lines[i]))
            finish_frames(&play->lines[i]);
        else if (is_block(&play->lines[i]))
            finish_block(&play->lines[i]);
    for (size_t i = play->count - 1; i > 0; i--)
        if (strcmp(play->lines[i].action, "> client-more") == 0)
            buf_append_str(
                &play->lines[i - 1].text, buf_str(&play->lines[i].text));
}

static void feed(
    struct stage *st, struct link *link, struct str bytes, size_t cut)
{
    struct buf copy = {0};
    for (size_t at = 0; at < bytes.n && !st->is_done;) {
        size_t end = cut == 0 ? bytes.n : cut == 1 || at == cut ? at + 1 : cut;
        if (cut > 1 && at >= cut)
            end = bytes.n;
        if (!((struct test_link *)link)->is_open)
            break;
        buf_append_str(&copy, str_sub(bytes, at, end));
        session_on_bytes(st->session, link, buf_str(&copy));
        buf_clear(&copy);
        run_answers(st);
        at = end;
    }
    buf_free(&copy);
}

static void feed_origin(struct stage *st, struct str bytes, size_t cut)
{
    for (size_t i = 1; i < st->link_count; i++) {
        struct test_link *l = &st->links[i];
        if (l->is_open && l->sent.n > l->answered) {
            l->answered = l->sent.n;
            feed(st, &l->link, bytes, cut);
            return;
        }
    }
}

static void feed_frames(struct stage *st, struct str bytes, size_t cut)
{
    for (size_t i = 1; i < st->link_count; i++)
        if (st->links[i].is_open && !st->is_done)
            feed(st, &st->links[i].link, bytes, cut);
}

static void origin_eof(struct stage *st)
{
    for (size_t i = 1; i < st->link_count; i++)
        if (st->links[i].is_open && !st->is_done)
            session_on_eof(st->session, &st->links[i].link);
    run_answers(st);
}

static void wait_ms(struct stage *st, uint64_t ms)
{
    uint64_t end = st->now_ms + ms;
    while (!st->is_done && st->timer_ms != 0 && st->timer_ms <= end) {
        st->now_ms = st->timer_ms;
        st->timer_ms = 0;
        session_on_timer(st->session);
        run_answers(st);
    }
    st->now_ms = end;
}

static void act(struct stage *st, const struct line *line, size_t cut)
{
    struct str text = buf_str(&line->text);
    uint64_t ms = 0;
    if (strcmp(line->action, "> origin-frames") == 0) {
        feed_frames(st, text, cut);
    } else if (strcmp(line->action, "> client") == 0 ||
               strcmp(line->action, "> client-frames") == 0) {
        feed(st, &st->links[0].link, text, cut);
    } else if (strcmp(line->action, "> origin") == 0) {
        feed_origin(st, text, cut);
    } else if (strcmp(line->action, "> client-eof") == 0) {
        session_on_eof(st->session, &st->links[0].link);
        run_answers(st);
    } else if (strcmp(line->action, "> origin-eof") == 0) {
        origin_eof(st);
    } else if (strcmp(line->action, "> wait") == 0) {
        assert_int_equal(str_to_u64(text, &ms), OK);
        wait_ms(st, ms);
    } else if (strcmp(line->action, "> dial-fails") == 0) {
        st->dial_fails = true;
    } else if (strcmp(line->action, "> record-fails") == 0) {
        st->record_fails = true;
    } else if (strcmp(line->action, "> login-fails") == 0) {
        st->login_fails = true;
    } else if (strcmp(line->action, "> memory-short") == 0) {
        st->is_short = true;
    }
}

static struct stage *stage_new(void)
{
    struct stage *st = MEM_NEW(struct stage);
    st->world.ops = &ops;
    st->now_ms = 1000;
    st->keep = keep_new(1 << 20);
    struct test_link *client = add_link(st);
    assert_int_equal(
        net_parse_endpoint(STR("127.0.0.1:5555"), &client->link.peer), OK);
    st->session = session_new(&st->world, conf, &client->link);
    return st;
}

static void stage_free(struct stage *st)
{
    session_free(&st->session);
    run_answers(st); /* only frees: done is set by now or nobody listens */
    for (size_t i = 0; i < st->link_count; i++)
        buf_free(&st->links[i].sent);
    keep_free(&st->keep);
    buf_free(&st->records);
    buf_free(&st->order);
    buf_free(&st->dials);
    mem_free(st);
}

static struct stage *run_play(
    const struct play *play, size_t client_cut, size_t origin_cut)
{
    struct stage *st = stage_new();
    for (size_t i = 0; i < play->count; i++) {
        bool is_origin = str_starts(str_of(play->lines[i].action), "> origin");
        act(st, &play->lines[i], is_origin ? origin_cut : client_cut);
    }
    return st;
}

/* ---- what it must lead to ---- */

/* The record lines of one activity name, newest last. */
static bool has_record(const struct stage *st, struct str want)
{
    struct str rest = buf_str(&st->records), line, name, words, word;
    size_t blank = str_find_char(want, ' ');
    name = str_sub(want, 0, blank);
    while (str_split(&rest, '\n', &line)) {
        struct buf member = {0};
        buf_printf(&member, "\"activity\":\"%.*s\"", STR_ARG(name));
        bool is_good = line.n > 0 && str_has(line, buf_cstr(&member));
        words = blank < want.n ? str_sub(want, blank + 1, want.n) : STR_NONE;
        while (is_good && str_split(&words, ' ', &word)) {
            size_t equals = str_find_char(word, '=');
            struct str value = str_sub(word, equals + 1, word.n);
            bool is_plain = str_is(value, "true") || str_is(value, "false") ||
                            (value.n > 0 && value.p[0] >= '0' &&
                                value.p[0] <= '9' && value.n < 10);
            buf_clear(&member);
            buf_printf(&member,
                is_plain ? "\"%.*s\":%.*s" : "\"%.*s\":\"%.*s\"", (int)equals,
                word.p, STR_ARG(value));
            is_good = str_has(line, buf_cstr(&member));
        }
        buf_free(&member);
        if (is_good)
            return true;
    }
    return false;
}

static size_t count_activities(const struct stage *st)
{
    struct str rest = buf_str(&st->records), line;
    struct str ids[64];
    size_t count = 0;
    while (str_split(&rest, '\n', &line)) {
        size_t at = str_find(line, STR("\"id\":\""));
        if (at == line.n)
            continue;
        struct str id = str_sub(line, at + 6, at + 42);
        bool is_new = true;
        for (size_t i = 0; i < count; i++)
            is_new = is_new && !str_eq(ids[i], id);
        if (is_new && count < ARRAY_LEN(ids))
            ids[count++] = id;
    }
    return count;
}

static struct str origin_bytes(const struct stage *st, struct buf *all)
{
    for (size_t i = 1; i < st->link_count; i++)
        buf_append_str(all, buf_str(&st->links[i].sent));
    return buf_str(all);
}

static bool holds(const struct stage *st, const char *action, struct str text)
{
    struct str client = buf_str(&st->links[0].sent);
    struct buf all = {0};
    struct str origin = origin_bytes(st, &all);
    bool is_true = false;
    struct str argument = str_sub(text, str_find_char(text, ' ') + 1, text.n);
    if (strcmp(action, "< client") == 0) {
        bool has = str_starts(text, "has "), lacks = str_starts(text, "lacks ");
        bool found = str_find(client, argument) < client.n;
        struct buf line = {0};
        buf_printf(&line, "HTTP/1.1 %.*s ", STR_ARG(text));
        is_true = has     ? found
                  : lacks ? !found
                          : str_find(client, buf_str(&line)) < client.n;
        buf_free(&line);
    } else if (strcmp(action, "< origin") == 0) {
        bool found = str_find(origin, argument) < origin.n;
        is_true = str_starts(text, "has ") ? found : !found;
    } else if (strcmp(action, "< no") == 0) {
        is_true = origin.n == 0;
    } else if (strcmp(action, "< dial") == 0) {
        is_true = str_find(buf_str(&st->dials), text) < st->dials.n;
    } else if (strcmp(action, "< record") == 0) {
        is_true = has_record(st, text);
    } else if (strcmp(action, "< records") == 0) {
        uint64_t want = 0;
        is_true = str_to_u64(text, &want) == OK && count_activities(st) == want;
    } else if (strcmp(action, "< recorded") == 0) {
        is_true = str_starts(buf_str(&st->order), "record ");
    } else if (strcmp(action, "< closed") == 0) {
        is_true = st->is_done;
    } else if (strcmp(action, "< open") == 0) {
        is_true = !st->is_done;
    }
    buf_free(&all);
    return is_true;
}

static void show(const struct stage *st)
{
    struct buf all = {0};
    struct str origin = origin_bytes(st, &all);
    printf("-- client got:\n%.*s\n-- origin got:\n%.*s\n"
           "-- records:\n%.*s-- order: %.*s\n-- dials: %.*s\n",
        STR_ARG(buf_str(&st->links[0].sent)), STR_ARG(origin),
        STR_ARG(buf_str(&st->records)), STR_ARG(buf_str(&st->order)),
        STR_ARG(buf_str(&st->dials)));
    buf_free(&all);
}

static void check_play(const struct play *play, const struct stage *st,
    const char *name, const char *how)
{
    for (size_t i = 0; i < play->count; i++) {
        const struct line *line = &play->lines[i];
        if (line->action[0] != '<')
            continue;
        if (!holds(st, line->action, buf_str(&line->text))) {
            show(st);
            fail_msg("%s (%s): not so: %s %.*s", name, how, line->action,
                STR_ARG(buf_str(&line->text)));
        }
    }
}

static size_t longest(const struct play *play, const char *action)
{
    size_t n = 0;
    for (size_t i = 0; i < play->count; i++)
        if (strcmp(play->lines[i].action, action) == 0 &&
            play->lines[i].text.n > n)
            n = play->lines[i].text.n;
    return n;
}

static void run_and_check(const struct play *play, const char *name,
    size_t client_cut, size_t origin_cut)
{
    char how[64];
    struct stage *st = run_play(play, client_cut, origin_cut);
    snprintf(how, sizeof how, "cut at client %zu, origin %zu", client_cut,
        origin_cut);
    check_play(play, st, name, how);
    stage_free(st);
}

/* Whole, byte by byte, and cut in two at every byte of either side. */
static void play_file(const char *name, struct str text)
{
    struct play *play = MEM_NEW(struct play);
    parse_play(text, play);
    run_and_check(play, name, 0, 0);
    run_and_check(play, name, 1, 1);
    for (size_t cut = 2; cut < longest(play, "> client"); cut++)
        run_and_check(play, name, cut, 0);
    for (size_t cut = 2; cut < longest(play, "> origin"); cut++)
        run_and_check(play, name, 0, cut);
    for (size_t i = 0; i < play->count; i++)
        buf_free(&play->lines[i].text);
    mem_free(play);
}

static void read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (;;) {
        ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
        if (n <= 0)
            break;
        buf_commit(out, (size_t)n);
    }
    close(fd);
}

static void every_play_holds_at_every_cut(void **state)
{
    (void)state;
    size_t count = 0;
    DIR *dir = opendir("tests/play");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[512];
        struct buf text = {0};
        if (!str_ends(str_of(e->d_name), ".play"))
            continue;
        snprintf(path, sizeof path, "tests/play/%s", e->d_name);
        read_file(path, &text);
        play_file(e->d_name, buf_str(&text));
        buf_free(&text);
        count++;
    }
    closedir(dir);
    print_message("%zu plays\n", count);
    assert_true(count >= 10);
}

static int load_conf(void **state)
{
    struct bundle bundle;
    struct diag diag = {0};
    (void)state;
    log_setup(LOG_TEXT, LOG_ERROR, "play");
    conf_collect("tests/play/promptgate.yaml", &bundle, &diag);
    conf = conf_load(&bundle, &diag);
    if (conf == NULL || rules_compile(conf->rules, &diag, &database) != OK ||
        scanner_new(conf->rules, buf_str(&database), &conf->scanner) != OK) {
        print_message("%.*s", STR_ARG(buf_str(&diag.text)));
        return -1;
    }
    diag_free(&diag);
    return 0;
}

static int free_conf(void **state)
{
    (void)state;
    conf_unref(&conf);
    buf_free(&database);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_play_holds_at_every_cut),
    };
    return cmocka_run_group_tests(tests, load_conf, free_conf);
}
