/* Lines; what a line means is the caller's business. */
#include "inspect/ndjson.h"

#include "base/buf.h"
#include "base/mem.h"

struct ndjson {
    void (*on_line)(void *arg, struct str line, bool is_complete);
    void *arg;
    size_t line_max;
    struct buf line; /* the beginning of a line that a feed cut */
    enum err err;
};

struct ndjson *ndjson_new(size_t line_bytes,
    void (*on_line)(void *arg, struct str line, bool is_complete), void *arg)
{
    struct ndjson *n = MEM_NEW(struct ndjson);
    n->on_line = on_line;
    n->arg = arg;
    n->line_max = line_bytes != 0 ? line_bytes : NDJSON_LINE_BYTES_DEFAULT;
    return n;
}

void ndjson_free(struct ndjson **ndjson)
{
    if (*ndjson == NULL)
        return;
    buf_free(&(*ndjson)->line);
    mem_free(*ndjson);
    *ndjson = NULL;
}

static void give(struct ndjson *n, struct str line, bool is_complete)
{
    if (str_ends(line, "\r"))
        line = str_sub(line, 0, line.n - 1);
    if (str_trim(line).n > 0)
        n->on_line(n->arg, line, is_complete);
}

/* line_max counts the CR: else the cut would decide. */
static enum err read_part(struct ndjson *n, struct str part, bool is_end)
{
    if (part.n > n->line_max - n->line.n)
        return ERR_LIMIT;
    if (is_end && n->line.n == 0) {
        give(n, part, true);
        return OK;
    }
    buf_append_str(&n->line, part);
    if (is_end) {
        give(n, buf_str(&n->line), true);
        buf_clear(&n->line);
    }
    return OK;
}

enum err ndjson_feed(struct ndjson *n, struct str bytes)
{
    while (n->err == OK && bytes.n > 0) {
        size_t at = str_find_char(bytes, '\n');
        n->err = read_part(n, str_sub(bytes, 0, at), at < bytes.n);
        bytes = str_sub(bytes, at + 1, bytes.n);
    }
    return n->err;
}

enum err ndjson_finish(struct ndjson *n)
{
    if (n->err == OK)
        give(n, buf_str(&n->line), false);
    buf_clear(&n->line);
    return n->err;
}
