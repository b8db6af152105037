/* What passes through here: the first bytes of a peer on HTTP/2, up to its
 * first stream.  See proxy/h2_profile.h. */
#include "proxy/h2_profile.h"

enum {
    PREFACE_BYTES = 24,
    FRAME_HEAD = 9,
    SETTING_BYTES = 6,
    TYPE_SETTINGS = 4,
    TYPE_WINDOW_UPDATE = 8,
    FLAG_ACK = 1,
    WINDOW_MAX = 0x7fffffff,
};

static uint32_t number(struct str s, size_t at, size_t bytes)
{
    uint32_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | (uint8_t)s.p[at + i];
    return n;
}

static void take_settings(struct h2_profile *p, struct str payload)
{
    for (size_t at = 0;
         at + SETTING_BYTES <= payload.n && p->count < H2_PROFILE_SETTINGS_MAX;
         at += SETTING_BYTES)
        p->settings[p->count++] = (struct h2_setting){
            (uint16_t)number(payload, at, 2), number(payload, at + 2, 4)};
}

/* False: the introduction is over, requests begin. */
static bool take_frame(struct h2_profile *p, struct str head, struct str body)
{
    unsigned type = (uint8_t)head.p[3], flags = (uint8_t)head.p[4];
    bool is_connection = number(head, 5, 4) == 0;
    if (!is_connection)
        return false;
    if (type == TYPE_SETTINGS && (flags & FLAG_ACK) == 0 && p->count == 0)
        take_settings(p, body);
    else if (type == TYPE_WINDOW_UPDATE && body.n == 4)
        p->window_increment = number(body, 0, 4) & WINDOW_MAX;
    return p->window_increment == 0;
}

static void end(struct h2_profile *p)
{
    p->is_whole = true;
    buf_free(&p->bytes);
}

void h2_profile_feed(struct h2_profile *p, struct str bytes)
{
    if (p->is_whole)
        return;
    size_t room = H2_PROFILE_BYTES_MAX - p->bytes.n;
    buf_append_str(&p->bytes, str_sub(bytes, 0, room));
    struct str all = buf_str(&p->bytes);
    /* Read anew each time: a client needs one or two pieces. */
    p->count = 0;
    p->window_increment = 0;
    size_t at = p->has_preface ? PREFACE_BYTES : 0;
    while (at + FRAME_HEAD <= all.n) {
        struct str head = str_sub(all, at, at + FRAME_HEAD);
        size_t n = number(head, 0, 3);
        if (at + FRAME_HEAD + n > all.n)
            break;
        at += FRAME_HEAD + n;
        if (!take_frame(p, head, str_sub(all, at - n, at))) {
            end(p);
            return;
        }
    }
    if (all.n == H2_PROFILE_BYTES_MAX)
        end(p);
}

const struct h2_setting *h2_profile_find(
    const struct h2_profile *p, uint16_t id)
{
    const struct h2_setting *found = NULL;
    for (size_t i = 0; i < p->count; i++)
        if (p->settings[i].id == id)
            found = &p->settings[i];
    return found;
}

void h2_profile_free(struct h2_profile *p)
{
    buf_free(&p->bytes);
}
