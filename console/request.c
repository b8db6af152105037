#include "console/request.h"

#include "base/jsonw.h"
#include "base/mem.h"

struct str request_arg(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->arg_count; i++)
        if (str_is(r->args[i].name, name))
            return r->args[i].value;
    return STR_NONE;
}

void response_header(struct response *reply, const char *name, struct str value)
{
    if (reply->header_count == REPLY_HEADERS_MAX)
        return;
    reply->headers[reply->header_count].name = name;
    reply->headers[reply->header_count++].value = mem_memdup0(value.p, value.n);
}

void response_error(struct response *reply, unsigned status, const char *word,
    const char *message)
{
    struct jsonw w = {.out = &reply->body};
    buf_clear(&reply->body);
    reply->status = status;
    reply->type = "application/json";
    jsonw_object(&w);
    jsonw_key_cstr(&w, "error", word);
    jsonw_key_cstr(&w, "message", message);
    jsonw_close(&w);
}

void response_free(struct response *reply)
{
    buf_free(&reply->body);
    if (reply->source != NULL)
        reply->source->free(reply->source);
    for (size_t i = 0; i < reply->header_count; i++)
        mem_free(reply->headers[i].value);
    *reply = (struct response){0};
}
