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

void response_header(
    struct response *response, const char *name, struct str value)
{
    if (response->header_count == REPLY_HEADERS_MAX)
        return;
    response->headers[response->header_count].name = name;
    response->headers[response->header_count++].value =
        mem_memdup0(value.p, value.n);
}

void response_error(struct response *response, unsigned status,
    const char *word, const char *message)
{
    struct jsonw w = {.out = &response->body};
    buf_clear(&response->body);
    response->status = status;
    response->type = "application/json";
    jsonw_object(&w);
    jsonw_key_cstr(&w, "error", word);
    jsonw_key_cstr(&w, "message", message);
    jsonw_close(&w);
}

void response_free(struct response *response)
{
    buf_free(&response->body);
    if (response->source != NULL)
        response->source->free(response->source);
    for (size_t i = 0; i < response->header_count; i++)
        mem_free(response->headers[i].value);
    *response = (struct response){0};
}
