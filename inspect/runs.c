/*
 * Two readers side by side over the same bytes: one for UTF-8, one for ASCII
 * with a zero byte between characters.  At most one of them is in a run that
 * is long enough to be given out, since one needs zero bytes and the other
 * none.
 */
#include "inspect/runs.h"

#include <string.h>

#include "base/utf8.h"

static bool is_plain(char c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\t';
}

/* Stretches begin at multiples of their length, so that cuts do not matter. */
static void look(struct runs *r, size_t n)
{
    enum { STRETCH = 256 };
    r->looked += (unsigned)n;
    for (; r->looked >= STRETCH; r->looked -= STRETCH) {
        r->is_dense = r->odd * 5 > STRETCH * 2 && r->zeros * 50 < STRETCH;
        r->odd = r->zeros = 0;
    }
}

static void add_char(
    struct runs *r, struct runs_side *run, const char *p, unsigned n)
{
    if (run->is_open) {
        r->on_text(r->arg, str_make(p, n));
        return;
    }
    memcpy(run->head + run->head_n, p, n);
    run->head_n += n;
    unsigned least = r->is_dense ? RUNS_CHARS_DENSE : RUNS_CHARS_MIN;
    if (++run->chars < least)
        return;
    run->is_open = true;
    r->on_text(r->arg, str_make(run->head, run->head_n));
}

static void end_run(struct runs *r, struct runs_side *run)
{
    if (run->is_open)
        r->on_text(r->arg, STR("\n"));
    run->is_open = false;
    run->head_n = run->chars = 0;
}

/* True when c was taken as part of a sequence. */
static bool continue_sequence(struct runs *r, char c)
{
    if (((unsigned char)c & 0xc0) != 0x80) {
        r->odd += r->sequence_n;
        r->sequence_n = 0;
        end_run(r, &r->narrow);
        return false;
    }
    r->sequence[r->sequence_n++] = c;
    if (r->sequence_n < r->sequence_need)
        return true;
    uint32_t code_point;
    struct str s = {r->sequence, r->sequence_n};
    if (utf8_decode(s, &code_point) == s.n && code_point >= 0xa0)
        add_char(r, &r->narrow, s.p, r->sequence_n);
    else
        end_run(r, &r->narrow);
    r->sequence_n = 0;
    return true;
}

static void read_narrow(struct runs *r, char c)
{
    unsigned char byte = (unsigned char)c;
    if (r->sequence_n > 0 && continue_sequence(r, c))
        return;
    if (is_plain(c)) {
        add_char(r, &r->narrow, &c, 1);
    } else if (byte >= 0xc2 && byte <= 0xf4) {
        r->sequence[0] = c;
        r->sequence_n = 1;
        r->sequence_need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    } else {
        r->odd += c != '\0' && c != '\n' && c != '\r';
        r->zeros += c == '\0';
        end_run(r, &r->narrow);
    }
}

static void read_wide(struct runs *r, char c)
{
    if (r->has_low && c == '\0') {
        add_char(r, &r->wide, &r->low, 1);
        r->has_low = false;
        return;
    }
    if (r->has_low || !is_plain(c))
        end_run(r, &r->wide);
    r->has_low = is_plain(c);
    r->low = c;
}

/* Plain bytes within an open run go out together. */
static size_t read_plain(struct runs *r, struct str s)
{
    size_t n = 0;
    while (n < s.n && is_plain(s.p[n]))
        n++;
    if (n < 2)
        return 0;
    r->on_text(r->arg, str_sub(s, 0, n));
    read_wide(r, s.p[0]);
    read_wide(r, s.p[n - 1]);
    look(r, n);
    return n;
}

void runs_feed(struct runs *r, struct str bytes)
{
    size_t i = 0;
    while (i < bytes.n) {
        if (r->narrow.is_open && r->sequence_n == 0) {
            size_t n = read_plain(r, str_sub(bytes, i, bytes.n));
            i += n;
            if (n > 0)
                continue;
        }
        read_narrow(r, bytes.p[i]);
        read_wide(r, bytes.p[i]);
        look(r, 1);
        i++;
    }
}

void runs_finish(struct runs *r)
{
    /* In the big-endian order the last character has no byte behind it. */
    if (r->has_low && r->wide.chars > 0)
        add_char(r, &r->wide, &r->low, 1);
    r->has_low = false;
    r->sequence_n = 0;
    end_run(r, &r->narrow);
    end_run(r, &r->wide);
}
