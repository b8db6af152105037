/*
 * The datagrams between workers and the storer, as bytes.
 *
 * Little-endian, one layout a direction:
 *   request  'R' version kind flags  u32 json_bytes  u64 token  u64 origin
 *            36 bytes id (zero for GONE)  json (unless it is in the memfd)
 *   answer   'A' version 0 0  u32 err  u64 token  text
 * A worker handles hostile traffic and may be taken over, so the storer
 * checks every field: kind, id, sizes, and that nothing is left over.
 */
#include "store/record.h"

#include <string.h>

enum {
    VERSION = 1,
    FLAG_IN_MEMFD = 1,
    ID_BYTES = UUID_TEXT_BYTES - 1,
    REQUEST_HEAD = 4 + 4 + 8 + 8 + ID_BYTES,
    ANSWER_BYTES = 4 + 4 + 8,
};

static void put(struct buf *out, uint64_t value, size_t bytes)
{
    char text[8];
    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)(value >> (8 * i));
    buf_append(out, text, bytes);
}

static uint64_t get(const char *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return value;
}

bool store_id_is_valid(struct str id)
{
    if (id.n != ID_BYTES)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

void store_request_encode(const struct store_request *request, struct buf *out)
{
    bool is_inline = request->json.n > 0 && request->json.n <= STORE_INLINE_MAX;
    uint32_t bytes =
        request->json.n > 0 ? (uint32_t)request->json.n : request->json_bytes;
    buf_append_char(out, 'R');
    buf_append_char(out, VERSION);
    buf_append_char(out, (char)request->kind);
    buf_append_char(out, !is_inline && bytes > 0 ? FLAG_IN_MEMFD : 0);
    put(out, bytes, 4);
    put(out, request->token, 8);
    put(out, request->origin, 8);
    char id[ID_BYTES] = {0};
    memcpy(id, request->id, strnlen(request->id, ID_BYTES));
    buf_append(out, id, ID_BYTES);
    if (is_inline)
        buf_append_str(out, request->json);
}

static enum err check_gone(const struct store_request *request)
{
    static const char no_id[UUID_TEXT_BYTES];
    bool is_good = request->origin != 0 &&
                   memcmp(request->id, no_id, sizeof no_id) == 0 &&
                   request->json_bytes == 0 && request->json.n == 0;
    return is_good ? OK : ERR_PARSE;
}

static enum err check_record(const struct store_request *request, bool in_memfd)
{
    if (request->kind != STORE_OPEN && request->kind != STORE_DONE &&
        request->kind != STORE_VOID && request->kind != STORE_AUDIT &&
        request->kind != STORE_CURSOR && request->kind != STORE_ASK_CURSOR)
        return ERR_PARSE;
    if (!store_id_is_valid(str_of(request->id)) || request->json_bytes == 0)
        return ERR_PARSE;
    if (request->json_bytes > STORE_JSON_MAX)
        return ERR_LIMIT;
    if (in_memfd)
        return request->json.n == 0 ? OK : ERR_PARSE;
    return request->json.n == request->json_bytes ? OK : ERR_PARSE;
}

enum err store_request_decode(struct str bytes, struct store_request *out)
{
    memset(out, 0, sizeof *out);
    if (bytes.n < REQUEST_HEAD || bytes.p[0] != 'R' || bytes.p[1] != VERSION)
        return ERR_PARSE;
    unsigned flags = (unsigned char)bytes.p[3];
    if ((flags & ~(unsigned)FLAG_IN_MEMFD) != 0)
        return ERR_PARSE;
    out->kind = (enum store_kind)(unsigned char)bytes.p[2];
    out->json_bytes = (uint32_t)get(bytes.p + 4, 4);
    out->token = get(bytes.p + 8, 8);
    out->origin = get(bytes.p + 16, 8);
    memcpy(out->id, bytes.p + 24, ID_BYTES);
    out->json = str_sub(bytes, REQUEST_HEAD, bytes.n);
    if (out->json.n > STORE_INLINE_MAX)
        return ERR_LIMIT;
    if (out->kind == STORE_GONE)
        return flags == 0 ? check_gone(out) : ERR_PARSE;
    return check_record(out, (flags & FLAG_IN_MEMFD) != 0);
}

void store_answer_encode(const struct store_answer *answer, struct buf *out)
{
    buf_append_char(out, 'A');
    buf_append_char(out, VERSION);
    put(out, 0, 2);
    put(out, (uint64_t)answer->err, 4);
    put(out, answer->token, 8);
    buf_append_str(out, answer->text);
}

enum err store_answer_decode(struct str bytes, struct store_answer *out)
{
    memset(out, 0, sizeof *out);
    if (bytes.n < ANSWER_BYTES || bytes.p[0] != 'A' || bytes.p[1] != VERSION ||
        bytes.p[2] != 0 || bytes.p[3] != 0)
        return ERR_PARSE;
    uint64_t err = get(bytes.p + 4, 4);
    if (err >= ERR_COUNT)
        return ERR_PARSE;
    out->err = (enum err)err;
    out->token = get(bytes.p + 8, 8);
    out->text = str_sub(bytes, ANSWER_BYTES, bytes.n);
    return OK;
}
