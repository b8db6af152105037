/*
 * The other end of an extraction: its report, written by a process that may
 * have been taken over, so nothing of it is believed but its lengths, and
 * these are checked.
 */
#include "extract/extract.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { HEAD_BYTES = 5 };

const char *extract_status_name(enum extract_status status)
{
    static const char *const names[EXTRACT_STATUSES] = {"good", "partly",
        "unknown", "limit", "damaged", "encrypted", "timeout", "crashed"};
    return status < EXTRACT_STATUSES ? names[status] : "crashed";
}

bool extract_status_is_bad(enum extract_status status)
{
    return status > EXTRACT_UNKNOWN;
}

static void begin_part(struct extract_report *r, struct str path)
{
    if (r->part_count == EXTRACT_PARTS_MAX)
        return; /* the last one goes on */
    if (r->part_count > 0)
        r->parts[r->part_count - 1].end = r->text.n;
    /* Twice the same, or one without text, says nothing. */
    if (r->part_count > 0 && r->parts[r->part_count - 1].start == r->text.n)
        r->part_count--;
    path = str_sub(path, 0, EXTRACT_PATH_MAX);
    r->parts[r->part_count++] = (struct extract_part){
        arena_copy(&r->arena, path), r->text.n, r->text.n};
}

static void take_status(struct extract_report *r, struct str body)
{
    if (body.n == 0)
        return;
    unsigned code = (unsigned char)body.p[0];
    enum extract_status status =
        code < EXTRACT_STATUSES ? (enum extract_status)code : EXTRACT_CRASHED;
    if (status <= r->status)
        return;
    r->status = status;
    r->where = arena_copy(&r->arena, str_sub(body, 1, EXTRACT_PATH_MAX + 1));
}

static void take_text(struct extract_report *r, struct str body, size_t max)
{
    if (body.n > max - r->text.n) {
        body = str_sub(body, 0, max - r->text.n);
        if (r->status < EXTRACT_LIMIT)
            r->status = EXTRACT_LIMIT;
    }
    buf_append_str(&r->text, body);
}

/* False: no whole record. */
static bool next_record(
    struct str *rest, char *letter_out, struct str *body_out)
{
    if (rest->n < HEAD_BYTES)
        return false;
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t n = (size_t)p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 |
               (size_t)p[4] << 24;
    if (n > rest->n - HEAD_BYTES)
        return false;
    *letter_out = rest->p[0];
    *body_out = str_sub(*rest, HEAD_BYTES, HEAD_BYTES + n);
    *rest = str_sub(*rest, HEAD_BYTES + n, rest->n);
    return true;
}

void extract_report_read(
    struct str report, size_t text_max, struct extract_report *out)
{
    bool is_ended = false;
    char letter;
    struct str body;
    *out = (struct extract_report){0};
    out->parts =
        arena_alloc(&out->arena, EXTRACT_PARTS_MAX * sizeof *out->parts);
    begin_part(out, STR_NONE);
    while (!is_ended && next_record(&report, &letter, &body)) {
        switch (letter) {
        case 'T':
            take_text(out, body, text_max);
            break;
        case 'P':
            begin_part(out, body);
            break;
        case 'S':
            take_status(out, body);
            break;
        case 'E':
            is_ended = true;
            break;
        default:
            report = STR_NONE; /* not one of ours */
        }
    }
    out->parts[out->part_count - 1].end = out->text.n;
    if (!is_ended && out->status < EXTRACT_CRASHED)
        out->status = EXTRACT_CRASHED;
}

void extract_report_free(struct extract_report *report)
{
    buf_free(&report->text);
    arena_free(&report->arena);
    *report = (struct extract_report){0};
}

const struct extract_part *extract_part_at(
    const struct extract_report *report, size_t offset)
{
    size_t low = 0, high = report->part_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (report->parts[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < report->part_count ? &report->parts[low] : NULL;
}
