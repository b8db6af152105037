/* inspect/keep.h: datagrams from a process that may have been taken over.
 * Each is a length byte and that many bytes; 0: a well-formed question made
 * from the next two bytes. */
#include "inspect/keep.h"
#include "inspect/keep_links.h"

#include "tests/fuzz/same.h"

enum { TABLE_BYTES = 64 * 1024 }; /* an eighth is links': room for a few */

static void ask_well(struct keep *keep, uint8_t a, uint8_t b, int64_t now_ms)
{
    struct buf question = {0}, answer = {0};
    struct keep_prompt_answer said;
    struct keep_prompt prompt = {.service = STR("s"),
        .conversation_id = STR("c"),
        .message_id = str_make((const char *)&a, 1),
        .parent_message_id = str_make((const char *)&b, 1)};
    if (b % 4 == 0)
        keep_note_turn(prompt.service, prompt.conversation_id,
            prompt.parent_message_id, &question);
    else
        keep_ask_prompt(&prompt, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    if (b % 4 != 0)
        check(keep_read_prompt(buf_str(&answer), &said) == OK &&
                  said.attempts >= 1,
            "a question has an answer");
    buf_free(&question);
    buf_free(&answer);
}

/* What was noted is seen; what was not is not. */
static void check_notes(struct keep *keep, struct str name, int64_t now_ms)
{
    struct buf note = {0}, question = {0}, answer = {0};
    keep_ask_host(name, &question);
    keep_note_host(name, &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    check(answer.n == 0, "a note has no answer");
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_host(buf_str(&answer)), "a host that was noted");
    buf_clear(&note), buf_clear(&question), buf_clear(&answer);
    keep_ask_answer(STR("s"), name, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(!keep_read_answer(buf_str(&answer)), "an answer asked for once");
    buf_clear(&answer);
    keep_note_answer(STR("s"), name, &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_answer(buf_str(&answer)), "an answer that was noted");
    buf_free(&note);
    buf_free(&question);
    buf_free(&answer);
}

/* A link is found again by the bytes that follow it, whatever is in it, also
 * where the fetch is sent on: each name to an address of its own, for what is
 * sent on from two links is of one of them. */
static void check_links(struct keep *keep, struct str name, int64_t now_ms)
{
    struct buf question = {0}, answer = {0}, to = {0};
    buf_append_str(&to, STR("what follows: "));
    buf_append_str(&to, name);
    struct keep_link_answer said;
    struct keep_part_answer passed;
    struct keep_link link = {.service = STR("s"),
        .url = name,
        .time_ms = now_ms,
        .bytes = -1,
        .activity_id = "a"};
    struct keep_part part = {.service = STR("s"), .url = name, .total = 9};
    link.texts[LINK_NAME] = name;
    keep_ask_link(&link, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_link(buf_str(&answer), &said) == OK && said.is_handed_out,
        "a link has an answer");
    check(str_eq(said.texts[LINK_NAME], name) || name.n > KEEP_LINK_TEXT_MAX,
        "its name is kept");
    buf_clear(&question), buf_clear(&answer);
    keep_ask_moved(&link, buf_str(&to), &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_link(buf_str(&answer), &said) == OK && said.is_moved,
        "what it was sent on to is the same");
    part.url = buf_str(&to);
    part.to = (int64_t)(name.n % 12);
    buf_clear(&question), buf_clear(&answer);
    keep_ask_part(&part, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_part(buf_str(&answer), &passed) == OK &&
              passed.bytes == part.to &&
              passed.is_complete == (part.to >= part.total),
        "bytes count");
    buf_free(&to);
    buf_free(&question);
    buf_free(&answer);
}

static void check_file(
    struct keep *keep, const struct keep_file *file, int64_t now_ms)
{
    struct buf question = {0}, answer = {0};
    struct keep_file_answer said;
    keep_ask_file(file, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(keep_read_file(buf_str(&answer), &said) == OK && said.is_known &&
              said.flags == KEEP_FILE_WANTS_NAME,
        "a file that was noted");
    check(said.facts.n == said.facts_bytes && str_starts(said.facts, "line"),
        "what was said of it is kept");
    buf_free(&question);
    buf_free(&answer);
}

/* Every name of a file leads to what was said of it. */
static void check_files(struct keep *keep, struct str name, int64_t now_ms)
{
    struct buf note = {0}, answer = {0};
    struct keep_file file = {.service = STR("s"),
        .ids = {STR("id"), name},
        .address = str_sub(name, 0, name.n / 2),
        .activity_id = "a",
        .time_ms = now_ms,
        .flags = KEEP_FILE_WANTS_NAME,
        .fact = STR("line")};
    keep_note_file(&file, &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    check(answer.n == 0, "a note has no answer");
    struct keep_file by_id = {.service = STR("s"), .ids = {name}};
    struct keep_file by_address = {.address = file.address};
    if (by_id.ids[0].n != 0)
        check_file(keep, &by_id, now_ms);
    if (by_address.address.n != 0)
        check_file(keep, &by_address, now_ms);
    buf_free(&note);
    buf_free(&answer);
}

/* Bytes of a file are there until it is told. */
static void check_chunks(struct keep *keep, struct str name, int64_t now_ms)
{
    struct buf note = {0}, question = {0}, answer = {0};
    struct keep_file file = {.service = STR("s"),
        .ids = {STR("chunks")},
        .activity_id = "a",
        .time_ms = now_ms};
    keep_note_file(&file, &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    buf_clear(&note);
    keep_note_chunk(&file, name, name.n, name, &note);
    check(keep_payload_at(buf_str(&note)) == note.n - name.n,
        "the payload is the bytes");
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    keep_ask_chunk(name, name.n, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(str_eq(buf_str(&answer), name), "bytes that were noted");
    file.forgets = true;
    buf_clear(&note), buf_clear(&answer);
    keep_note_file(&file, &note);
    keep_handle(keep, buf_str(&note), now_ms, &answer);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    check(answer.n == 0, "bytes of a file that is told");
    buf_free(&note);
    buf_free(&question);
    buf_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct keep *keep = keep_new(TABLE_BYTES);
    check_notes(keep, str_make((const char *)data, n), 1);
    check_links(keep, str_make((const char *)data, n), 1);
    check_files(keep, str_make((const char *)data, n), 1);
    check_chunks(keep, str_make((const char *)data, n), 1);
    struct buf answer = {0};
    struct keep_prompt_answer said;
    int64_t now_ms = 1000;
    for (size_t i = 0; i < n; now_ms += 1000) {
        size_t length = data[i++];
        if (length == 0 && i + 2 <= n) {
            ask_well(keep, data[i], data[i + 1], now_ms);
            i += 2;
            continue;
        }
        if (length > n - i)
            length = n - i;
        struct str datagram = {(const char *)data + i, length};
        buf_clear(&answer);
        keep_handle(keep, datagram, now_ms, &answer);
        check(answer.n <= KEEP_DATAGRAM_MAX, "answers are datagrams");
        if (keep_read_prompt(datagram, &said) == OK)
            check(memchr(said.activity_id, 0, sizeof said.activity_id) != NULL,
                "ids end");
        keep_read_answer(datagram);
        struct keep_link_answer link;
        struct keep_part_answer part;
        (void)(keep_read_link(datagram, &link) == OK);
        (void)(keep_read_part(datagram, &part) == OK);
        struct keep_file_answer file;
        (void)(keep_read_file(datagram, &file) == OK);
        keep_read_host(datagram);
        i += length;
    }
    check(keep_count(keep) <= TABLE_BYTES / 64, "the table is bounded");
    buf_free(&answer);
    keep_free(&keep);
    return 0;
}
