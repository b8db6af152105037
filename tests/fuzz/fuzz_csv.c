/*
 * Any bytes as a CSV file: whole and in pieces the same rows and mistakes, and
 * each row as a table of one that is looked up in its own text.
 */
#include <stdlib.h>

#include "inspect/csv_read.h"
#include "inspect/edm_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    uint64_t sum;
    size_t rows;
    struct edm_build *build;
};

static void add(struct heard *h, uint64_t value)
{
    h->sum = (h->sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool on_row(
    void *owner, size_t line, const struct str *cells, size_t count)
{
    struct heard *h = owner;
    struct str pair[2] = {cells[0], cells[count - 1]};
    add(h, line);
    for (size_t i = 0; i < count; i++) {
        add(h, cells[i].n);
        for (size_t k = 0; k < cells[i].n; k++)
            add(h, (unsigned char)cells[i].p[k]);
    }
    h->rows++;
    if (h->build != NULL && edm_build_add(h->build, pair) != OK)
        abort();
    return h->rows < 100;
}

static void on_bad(void *owner, size_t line, const char *what)
{
    add(owner, line);
    add(owner, strlen(what));
}

static void read_all(struct heard *h, struct str text, size_t piece)
{
    static const struct csv_events events = {on_row, on_bad};
    struct csv_reader *r = csv_reader_new(0, &events, h);
    bool wants_more = true;
    for (size_t at = 0; at < text.n && wants_more; at += piece)
        wants_more = csv_reader_feed(r, str_sub(text, at, at + piece));
    if (wants_more)
        csv_reader_finish(r);
    csv_reader_free(&r);
}

static void on_match(void *owner, const struct edm_match *m)
{
    const struct str *text = owner;
    if (m->start >= m->end || m->end > text->n || m->columns == 0)
        abort();
}

static void look_up(struct str image, struct str text)
{
    struct edm_detector detector = {.columns = 3, .match = 1, .within = 300};
    struct edm_index *index = NULL;
    const char *why;
    if (edm_index_open(image, &index, &why) != OK)
        abort();
    struct edm_walk *w =
        edm_walk_new(index, &detector, 1, 0, text, on_match, &text);
    while (edm_walk_step(w, 4096))
        continue;
    edm_walk_free(&w);
    edm_index_free(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    static const enum edm_type types[] = {EDM_TYPE_NAME, EDM_TYPE_NUMBER,
        EDM_TYPE_DATE, EDM_TYPE_TEXT, EDM_TYPE_EMAIL};
    struct edm_column columns[2] = {
        {"first", types[size % 5]}, {"last", types[size / 5 % 5]}};
    struct edm_build_options options = {columns, 2, 2};
    struct heard whole = {.build = edm_build_new(&options)}, cut = {0};
    struct edm_build_report report;
    struct buf image = {0};
    uint32_t rows;
    read_all(&whole, text, size + 1);
    read_all(&cut, text, 1 + size % 7);
    if (whole.sum != cut.sum || whole.rows != cut.rows)
        abort();
    if (edm_build_finish(whole.build, &image, &rows, &report) == OK)
        look_up(buf_str(&image), text);
    edm_build_free(&whole.build);
    buf_free(&image);
    return 0;
}
