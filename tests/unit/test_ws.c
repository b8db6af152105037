/* proxy/ws.h, proxy/ws_inflate.h: frames at any cuts, every violation, and
 * permessage-deflate against zlib. */
#include "proxy/ws.h"
#include "proxy/ws_inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

enum { SMALL_MAX = 4096 };

static const struct ws_rules from_server = {
    .sender = WS_SERVER, .keeps_wire = true, .message_max = SMALL_MAX};
static const struct ws_rules from_client = {
    .sender = WS_CLIENT, .keeps_wire = true, .message_max = SMALL_MAX};

/* ---- writing an account of what was read ---- */

static void append_shown(struct buf *out, struct str s)
{
    if (s.n <= 40)
        buf_append_str(out, s);
    else
        buf_printf(out, "<%zu bytes>", s.n);
}

static void note(struct buf *out, enum ws_found found, struct ws_event *e)
{
    switch (found) {
    case WS_MORE:
        return;
    case WS_FRAGMENT:
        buf_append_str(out, STR("frag;"));
        return;
    case WS_OVERSIZE:
        buf_append_str(out, STR("oversize;"));
        return;
    case WS_BROKEN:
        buf_printf(out, "%s %u;", e->reason, e->status);
        return;
    case WS_MESSAGE:
        buf_printf(out, "%s ", e->opcode == WS_TEXT ? "text" : "binary");
        append_shown(out, e->payload);
        break;
    case WS_CONTROL:
        buf_printf(out, "%s ",
            e->opcode == WS_PING   ? "ping"
            : e->opcode == WS_PONG ? "pong"
                                   : "close");
        if (e->opcode == WS_CLOSE)
            buf_printf(out, "%u", e->status);
        else
            append_shown(out, e->payload);
        break;
    }
    buf_printf(out, "/%zu;", e->wire.n);
}

static void read_all(
    const struct ws_rules *rules, struct str all, unsigned way, struct buf *out)
{
    struct ws_reader *r = ws_reader_new(rules);
    struct cuts cuts = cuts_begin(all, way);
    struct str piece;
    struct ws_event e;
    enum ws_found found = WS_MORE;
    while (found != WS_BROKEN && cuts_next(&cuts, &piece)) {
        do {
            found = ws_reader_next(r, &piece, &e);
            note(out, found, &e);
        } while (found != WS_MORE && found != WS_BROKEN);
    }
    cuts_end(&cuts);
    if (found != WS_BROKEN && !ws_reader_is_between_frames(r))
        buf_append_str(out, STR("in-frame;"));
    if (found != WS_BROKEN && ws_reader_is_in_message(r))
        buf_append_str(out, STR("in-message;"));
    ws_reader_free(&r);
    assert_null(r);
}

static void expect(
    const struct ws_rules *rules, struct str all, const char *want)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        read_all(rules, all, way, &out);
        assert_string_equal(buf_cstr(&out), want);
        buf_free(&out);
    }
}

#define SERVER(bytes, want) expect(&from_server, STR(bytes), want)
#define CLIENT(bytes, want) expect(&from_client, STR(bytes), want)

/* A server's frame. */
static void put(struct buf *out, unsigned first, struct str payload)
{
    size_t at = out->n;
    ws_write_frame(out, WS_SERVER, (enum ws_opcode)(first & 15), payload);
    buf_bytes(out)[at] = (char)first;
}

/* ---- frames ---- */

/* RFC 6455 §5.7 */
static void the_examples_of_the_rfc_are_read(void **state)
{
    (void)state;
    SERVER("\x81\x05Hello", "text Hello/7;");
    CLIENT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "text Hello/11;");
    SERVER("\x01\x03Hel\x80\x02lo", "frag;text Hello/9;");
    SERVER("\x89\x05Hello", "ping Hello/7;");
    CLIENT("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "pong Hello/11;");
    SERVER("\x81\0\x82\0\x88\0", "text /2;binary /2;close 1005/2;");
}

static void long_payloads_have_long_lengths(void **state)
{
    (void)state;
    static const size_t sizes[] = {125, 126, 127, 65535, 65536, 100000};
    struct ws_rules rules = from_server;
    rules.message_max = 100000;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (int sender = 0; sender < 2; sender++) {
            struct buf all = {0}, payload = {0};
            char want[64];
            memset(buf_reserve(&payload, sizes[i]), 'x', sizes[i]);
            buf_commit(&payload, sizes[i]);
            rules.sender = (enum ws_sender)sender;
            ws_write_frame(&all, rules.sender, WS_BINARY, buf_str(&payload));
            snprintf(
                want, sizeof want, "binary <%zu bytes>/%zu;", sizes[i], all.n);
            expect(&rules, buf_str(&all), want);
            buf_free(&all);
            buf_free(&payload);
        }
    }
}

static void control_frames_stand_between_fragments(void **state)
{
    (void)state;
    SERVER("\x01\x01"
           "a\x89\x01"
           "p\0\x01"
           "b\x8a\0\x80\x01"
           "c\x81\x01"
           "d",
        "frag;ping p/3;frag;pong /2;text abc/9;text d/3;");
    SERVER("\x01\x01"
           "a\x88\x02\x03\xe8",
        "frag;close 1000/4;in-message;");
}

static void what_is_cut_off_is_no_message(void **state)
{
    (void)state;
    SERVER("\x81\x05Hell", "in-frame;in-message;");
    SERVER("\x81", "in-frame;");
    SERVER("\x01\x03Hel", "frag;in-message;");
}

static void masks_are_for_clients_only(void **state)
{
    (void)state;
    CLIENT("\x81\x05Hello", "ws-not-masked 1002;");
    SERVER("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "ws-masked 1002;");
    CLIENT("\x88\0", "ws-not-masked 1002;");
}

static void reserved_bits_and_opcodes_are_refused(void **state)
{
    (void)state;
    SERVER("\xc1\x01x", "ws-reserved-bits 1002;");
    SERVER("\xa1\x01x", "ws-reserved-bits 1002;");
    SERVER("\x91\x01x", "ws-reserved-bits 1002;");
    SERVER("\xc9\0", "ws-reserved-bits 1002;");
    for (unsigned opcode = 3; opcode < 16; opcode++) {
        char frame[] = {(char)(0x80 | opcode), 0};
        if (opcode >= WS_CLOSE && opcode <= WS_PONG)
            continue;
        expect(&from_server, str_make(frame, 2), "ws-opcode 1002;");
    }
}

static void control_frames_are_short_and_whole(void **state)
{
    (void)state;
    SERVER("\x09\0", "ws-control-fragmented 1002;");
    SERVER("\x08\0", "ws-control-fragmented 1002;");
    SERVER("\x89\x7e\0\x7e", "ws-control-too-long 1002;");
    struct buf all = {0}, payload = {0};
    memset(buf_reserve(&payload, 125), 'p', 125);
    buf_commit(&payload, 125);
    put(&all, 0x89, buf_str(&payload));
    expect(&from_server, buf_str(&all), "ping <125 bytes>/127;");
    buf_free(&all);
    buf_free(&payload);
}

static void fragments_come_in_order(void **state)
{
    (void)state;
    SERVER("\x80\x01x", "ws-continues-nothing 1002;");
    SERVER("\0\x01x", "ws-continues-nothing 1002;");
    SERVER("\x01\x01x\x81\x01y", "frag;ws-message-in-message 1002;");
    SERVER("\x81\x01x\x80\x01y", "text x/3;ws-continues-nothing 1002;");
}

static void lengths_have_their_shortest_form(void **state)
{
    (void)state;
    SERVER("\x82\x7e\0\x7d", "ws-length 1002;");
    SERVER("\x82\x7f\0\0\0\0\0\0\xff\xff", "ws-length 1002;");
    SERVER("\x82\x7f\x80\0\0\0\0\x01\0\0", "ws-length 1002;");
    SERVER("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
        "oversize;in-frame;in-message;");
}

static void texts_are_utf8(void **state)
{
    (void)state;
    SERVER("\x81\x02\xc3\xa9", "text \xc3\xa9/4;");
    SERVER("\x01\x01\xc3\x80\x01\xa9", "frag;text \xc3\xa9/6;");
    SERVER("\x81\x01\xc3", "ws-not-utf8 1007;");
    SERVER("\x81\x03\xed\xa0\x80", "ws-not-utf8 1007;");
    SERVER("\x82\x01\xc3", "binary \xc3/3;");
}

static void a_close_has_a_status_that_may_be_sent(void **state)
{
    (void)state;
    static const unsigned good[] = {
        1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999};
    static const unsigned bad[] = {
        0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    char want[32];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char frame[] = {'\x88', 2, (char)(good[i] >> 8), (char)good[i]};
        snprintf(want, sizeof want, "close %u/4;", good[i]);
        expect(&from_server, str_make(frame, 4), want);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char frame[] = {'\x88', 2, (char)(bad[i] >> 8), (char)bad[i]};
        expect(&from_server, str_make(frame, 4), "ws-close-status 1002;");
    }
    SERVER("\x88\x01\x03", "ws-close-length 1002;");
    SERVER("\x88\x03\x03\xe8\xff", "ws-not-utf8 1007;");
    SERVER("\x88\x05\x03\xe8"
           "bye",
        "close 1000/7;");
}

static void nothing_is_read_behind_a_violation(void **state)
{
    (void)state;
    struct ws_reader *r = ws_reader_new(&from_server);
    struct str bytes = STR("\x81\x81");
    struct ws_event e;
    assert_int_equal(ws_reader_next(r, &bytes, &e), WS_BROKEN);
    bytes = STR("\x81\x01x");
    assert_int_equal(ws_reader_next(r, &bytes, &e), WS_BROKEN);
    assert_string_equal(e.reason, "ws-masked");
    assert_int_equal(bytes.n, 3);
    ws_reader_free(&r);
}

/* ---- bounds ---- */

static void fill(struct buf *out, size_t n)
{
    memset(buf_reserve(out, n), 'x', n);
    buf_commit(out, n);
}

static void a_long_message_is_read_on_but_not_kept(void **state)
{
    (void)state;
    struct buf all = {0}, payload = {0};
    fill(&payload, SMALL_MAX);
    put(&all, 0x01, buf_str(&payload));
    put(&all, 0x00, STR("x"));
    put(&all, 0x89, STR("p"));
    put(&all, 0x80, STR("y"));
    put(&all, 0x81, STR("next"));
    expect(&from_server, buf_str(&all),
        "frag;oversize;frag;ping p/3;frag;text next/6;");
    buf_free(&all);
    put(&all, 0x81, buf_str(&payload));
    expect(&from_server, buf_str(&all), "text <4096 bytes>/4100;");
    buf_free(&all);
    buf_free(&payload);
}

static void empty_fragments_are_bounded_too(void **state)
{
    (void)state;
    struct ws_reader *r = ws_reader_new(&from_server);
    struct ws_event e;
    struct str first = STR("\x01\0");
    enum ws_found found = ws_reader_next(r, &first, &e);
    unsigned count = 0;
    while (found == WS_FRAGMENT && count < WS_OVERHEAD_MAX) {
        struct str more = STR("\0\0");
        found = ws_reader_next(r, &more, &e);
        count++;
    }
    assert_int_equal(found, WS_OVERSIZE);
    assert_true(count <= WS_OVERHEAD_MAX / 2);
    assert_int_equal(ws_reader_kept(r), 0);
    ws_reader_free(&r);
}

static void a_message_can_be_skipped(void **state)
{
    (void)state;
    struct ws_reader *r = ws_reader_new(&from_server);
    struct ws_event e;
    struct str bytes = STR("\x01\x03Hel");
    assert_int_equal(ws_reader_next(r, &bytes, &e), WS_FRAGMENT);
    assert_int_equal(ws_reader_kept(r), 8);
    ws_reader_skip(r);
    assert_int_equal(ws_reader_kept(r), 0);
    bytes = STR("\x80\x02lo\x81\x01y");
    assert_int_equal(ws_reader_next(r, &bytes, &e), WS_FRAGMENT);
    assert_int_equal(ws_reader_next(r, &bytes, &e), WS_MESSAGE);
    assert_true(str_is(e.payload, "y"));
    ws_reader_skip(r); /* none is under way: the event stays */
    assert_int_equal(ws_reader_kept(r), 4);
    ws_reader_free(&r);
}

/* ---- permessage-deflate ---- */

struct packer {
    z_stream z;
    bool resets;
};

static void pack_begin(struct packer *p, int window, bool resets)
{
    *p = (struct packer){.resets = resets};
    assert_int_equal(
        deflateInit2(&p->z, 9, Z_DEFLATED, -window, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
}

/* RFC 7692 §7.2.1 */
static void pack(struct packer *p, struct str text, struct buf *out)
{
    struct buf wire = {0};
    size_t room = text.n * 2 + 100;
    if (text.n == 0) { /* zlib flushes nothing twice (§7.2.3.6) */
        buf_append_char(out, '\0');
        return;
    }
    p->z.next_in = (unsigned char *)(uintptr_t)text.p;
    p->z.avail_in = (unsigned)text.n;
    p->z.next_out = (unsigned char *)buf_reserve(&wire, room);
    p->z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&p->z, Z_SYNC_FLUSH), Z_OK);
    buf_commit(&wire, room - p->z.avail_out);
    assert_true(str_ends(buf_str(&wire), "\xff\xff"));
    buf_truncate(&wire, wire.n - 4);
    buf_append_str(out, buf_str(&wire));
    buf_free(&wire);
    if (p->resets)
        deflateReset(&p->z);
}

static struct ws_rules deflated(bool resets, size_t max)
{
    return (struct ws_rules){.sender = WS_SERVER,
        .may_deflate = true,
        .resets_context = resets,
        .keeps_wire = true,
        .message_max = max};
}

/* RFC 7692 §7.2.3 */
static void the_examples_of_rfc_7692_are_inflated(void **state)
{
    (void)state;
    struct ws_rules rules = deflated(false, SMALL_MAX);
    expect(&rules, STR("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0"), "text Hello/9;");
    expect(&rules, STR("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\0"),
        "frag;text Hello/11;");
    expect(&rules,
        STR("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0\xc1\x05\xf2\0\x11\0\0"),
        "text Hello/9;text Hello/7;");
    expect(&rules, STR("\xc1\x0b\0\x05\0\xfa\xffHello\0"), "text Hello/13;");
    expect(
        &rules, STR("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\0\0"), "text Hello/10;");
    expect(&rules, STR("\xc1\x0d\xf2\x48\x05\0\0\0\xff\xff\xca\xc9\xc9\x07\0"),
        "text Hello/15;");
    expect(&rules, STR("\xc1\x01\0\x81\x01x"), "text /3;text x/3;");
}

static void contexts_are_taken_over_or_not_as_agreed(void **state)
{
    (void)state;
    static const struct str texts[] = {
        {"a prompt of some length, said once", 34},
        {"a prompt of some length, said once", 34}, {"", 0}, {"other", 5},
        {"a prompt of some length, said thrice", 36}};
    for (int window = 9; window <= 15; window += 3) {
        for (int resets = 0; resets < 2; resets++) {
            struct packer packer;
            struct buf all = {0}, want = {0};
            pack_begin(&packer, window, resets);
            for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                struct buf wire = {0};
                size_t before = all.n;
                pack(&packer, texts[i], &wire);
                size_t cut = wire.n / 2;
                put(&all, 0x41, str_sub(buf_str(&wire), 0, cut));
                put(&all, 0x89, STR("ping"));
                put(&all, 0x80, str_sub(buf_str(&wire), cut, wire.n));
                buf_printf(&want, "frag;ping ping/6;text %.*s/%zu;",
                    STR_ARG(texts[i]), all.n - before - 6);
                buf_free(&wire);
            }
            struct ws_rules rules = deflated(resets, SMALL_MAX);
            expect(&rules, buf_str(&all), buf_cstr(&want));
            deflateEnd(&packer.z);
            buf_free(&all);
            buf_free(&want);
        }
    }
}

static void a_clients_compressed_message_is_unmasked_first(void **state)
{
    (void)state;
    struct packer packer;
    struct buf all = {0}, wire = {0}, text = {0};
    uint32_t seed = 7;
    char want[64];
    while (text.n < 60000)
        buf_printf(&text, "%u ", (unsigned)cuts_random(&seed));
    pack_begin(&packer, 15, false);
    pack(&packer, buf_str(&text), &wire);
    assert_true(wire.n > 4096 * 2);
    ws_write_frame(&all, WS_CLIENT, WS_TEXT, buf_str(&wire));
    buf_bytes(&all)[0] = '\xc1';
    struct ws_rules rules = deflated(false, 100000);
    rules.sender = WS_CLIENT;
    snprintf(want, sizeof want, "text <%zu bytes>/%zu;", text.n, all.n);
    expect(&rules, buf_str(&all), want);
    rules.message_max = text.n - 1; /* found out at the very end */
    struct str all_but_tail = buf_str(&all);
    expect(&rules, all_but_tail, "oversize;frag;");
    deflateEnd(&packer.z);
    buf_free(&all);
    buf_free(&wire);
    buf_free(&text);
}

/* More than have zlib's state at once, in turns: each is parked in between. */
static void idle_ones_keep_only_their_window(void **state)
{
    (void)state;
    enum { COUNT = WS_INFLATE_AWAKE_MAX + 16, ROUNDS = 3 };
    struct packer packers[COUNT];
    struct ws_inflate *all[COUNT];
    struct buf text = {0}, wire = {0}, out = {0};
    uint32_t seed = 9;
    for (size_t i = 0; i < COUNT; i++) {
        pack_begin(&packers[i], 15, i % 3 == 0);
        all[i] = ws_inflate_new();
    }
    for (size_t turn = 0; turn < ROUNDS * COUNT; turn++) {
        size_t i = turn % COUNT, n = i % 2 == 0 ? 100 : 40000;
        buf_clear(&wire), buf_clear(&out);
        while (text.n < n) /* what is there was said before, by others too */
            buf_printf(&text, "%u ", (unsigned)cuts_random(&seed));
        struct str said = str_sub(buf_str(&text), 0, n);
        pack(&packers[i], said, &wire);
        struct str first = str_sub(buf_str(&wire), 0, wire.n / 2);
        ws_inflate_begin(all[i], packers[i].resets);
        assert_int_equal(ws_inflate_feed(all[i], first, &out, 1 << 20), OK);
        first = str_sub(buf_str(&wire), first.n, wire.n);
        assert_int_equal(ws_inflate_feed(all[i], first, &out, 1 << 20), OK);
        assert_int_equal(ws_inflate_end(all[i], &out, 1 << 20), OK);
        assert_true(str_eq(buf_str(&out), said));
    }
    for (size_t i = 0; i < COUNT; i++) {
        deflateEnd(&packers[i].z);
        ws_inflate_free(&all[i]);
    }
    buf_free(&text);
    buf_free(&wire);
    buf_free(&out);
}

static void what_does_not_inflate_breaks_the_socket(void **state)
{
    (void)state;
    struct ws_rules rules = deflated(false, SMALL_MAX);
    expect(&rules, STR("\xc1\x02\xff\xff"), "ws-deflate 1007;");
    /* ends inside a block */
    expect(&rules, STR("\xc1\x03\xf2\x48\xcd"), "ws-deflate 1007;");
    /* refers to a window that is not there */
    expect(&rules, STR("\xc1\x05\xf2\0\x11\0\0"), "ws-deflate 1007;");
    expect(&rules, STR("\x41\x01\xf2\xc0\0"), "frag;ws-reserved-bits 1002;");
    rules = deflated(true, SMALL_MAX); /* a window that was given up */
    expect(&rules,
        STR("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0\xc1\x05\xf2\0\x11\0\0"),
        "text Hello/9;ws-deflate 1007;");
    expect(&rules, STR("\xc1\x02\x4a\x04"), "ws-deflate 1007;");
}

static void a_long_compressed_message_keeps_the_window(void **state)
{
    (void)state;
    struct packer packer;
    struct buf all = {0}, wire = {0}, text = {0};
    uint32_t seed = 3;
    while (text.n < SMALL_MAX * 3)
        buf_printf(&text, "%u ", (unsigned)cuts_random(&seed) % 1000);
    pack_begin(&packer, 15, false);
    pack(&packer, buf_str(&text), &wire);
    put(&all, 0xc1, buf_str(&wire));
    buf_clear(&wire);
    pack(&packer, str_sub(buf_str(&text), 9000, 9030), &wire);
    put(&all, 0xc1, buf_str(&wire));
    struct buf want = {0};
    buf_printf(&want, "oversize;frag;text %.30s/%zu;", buf_bytes(&text) + 9000,
        wire.n + 2);
    struct ws_rules rules = deflated(false, SMALL_MAX);
    expect(&rules, buf_str(&all), buf_cstr(&want));
    deflateEnd(&packer.z);
    buf_free(&all);
    buf_free(&wire);
    buf_free(&text);
    buf_free(&want);
}

static void a_bomb_breaks_the_socket(void **state)
{
    (void)state;
    struct packer packer;
    struct buf all = {0}, wire = {0}, text = {0};
    fill(&text, 2 * WS_RATIO_FREE_BYTES);
    pack_begin(&packer, 15, false);
    pack(&packer, buf_str(&text), &wire);
    put(&all, 0xc1, buf_str(&wire));
    struct ws_rules rules = deflated(false, 16 * 1024 * 1024);
    struct buf out = {0};
    read_all(&rules, buf_str(&all), CUTS_WHOLE, &out);
    assert_string_equal(buf_cstr(&out), "ws-bomb 1009;");
    buf_clear(&out);
    rules.message_max = SMALL_MAX; /* and also while it is not kept */
    read_all(&rules, buf_str(&all), CUTS_BYTES, &out);
    assert_string_equal(buf_cstr(&out), "oversize;ws-bomb 1009;");
    deflateEnd(&packer.z);
    buf_free(&all);
    buf_free(&wire);
    buf_free(&text);
    buf_free(&out);
}

static void a_long_message_that_breaks_is_long_first(void **state)
{
    (void)state;
    struct packer packer;
    struct buf all = {0}, wire = {0}, text = {0};
    fill(&text, SMALL_MAX * 2);
    pack_begin(&packer, 15, false);
    pack(&packer, buf_str(&text), &wire);
    buf_append_str(&wire, STR("\xff\xff"));
    put(&all, 0xc1, buf_str(&wire));
    struct ws_rules rules = deflated(false, SMALL_MAX);
    expect(&rules, buf_str(&all), "oversize;ws-deflate 1007;");
    deflateEnd(&packer.z);
    buf_free(&all);
    buf_free(&wire);
    buf_free(&text);
}

/* ---- writing ---- */

static void our_frames_are_read_back(void **state)
{
    (void)state;
    struct buf out = {0};
    struct str long_reason = STR(
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901\xc3\xa9 more");
    ws_write_frame(&out, WS_SERVER, WS_TEXT, STR("{}"));
    ws_write_close(&out, WS_SERVER, WS_STATUS_POLICY, long_reason);
    expect(&from_server, buf_str(&out), "text {}/4;close 1008/126;");
    buf_clear(&out);
    ws_write_close(&out, WS_SERVER, WS_STATUS_NO_CODE, STR("unsaid"));
    expect(&from_server, buf_str(&out), "close 1005/2;");
    buf_clear(&out);
    ws_write_close(&out, WS_CLIENT, WS_STATUS_POLICY, STR("why"));
    expect(&from_client, buf_str(&out), "close 1008/11;");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_are_read),
        cmocka_unit_test(long_payloads_have_long_lengths),
        cmocka_unit_test(control_frames_stand_between_fragments),
        cmocka_unit_test(what_is_cut_off_is_no_message),
        cmocka_unit_test(masks_are_for_clients_only),
        cmocka_unit_test(reserved_bits_and_opcodes_are_refused),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(fragments_come_in_order),
        cmocka_unit_test(lengths_have_their_shortest_form),
        cmocka_unit_test(texts_are_utf8),
        cmocka_unit_test(a_close_has_a_status_that_may_be_sent),
        cmocka_unit_test(nothing_is_read_behind_a_violation),
        cmocka_unit_test(a_long_message_is_read_on_but_not_kept),
        cmocka_unit_test(empty_fragments_are_bounded_too),
        cmocka_unit_test(a_message_can_be_skipped),
        cmocka_unit_test(the_examples_of_rfc_7692_are_inflated),
        cmocka_unit_test(contexts_are_taken_over_or_not_as_agreed),
        cmocka_unit_test(a_clients_compressed_message_is_unmasked_first),
        cmocka_unit_test(idle_ones_keep_only_their_window),
        cmocka_unit_test(what_does_not_inflate_breaks_the_socket),
        cmocka_unit_test(a_long_compressed_message_keeps_the_window),
        cmocka_unit_test(a_bomb_breaks_the_socket),
        cmocka_unit_test(a_long_message_that_breaks_is_long_first),
        cmocka_unit_test(our_frames_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
