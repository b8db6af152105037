/* See console/trial.h. */
#include "console/trial.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/json.h"

enum { DEPTH_MAX = 4, NODES_MAX = 64, TEXT_MAX = 64 * 1024 };

enum err trial_of_file(const struct request *r, struct trial *out)
{
    *out = (struct trial){.text = buf_str(&r->body),
        .activity = request_arg(r, "activity"),
        .service = request_arg(r, "service"),
        .user = request_arg(r, "user"),
        .ip = request_arg(r, "ip"),
        .file = request_arg(r, "file"),
        .is_down = str_is(request_arg(r, "direction"), "down")};
    const struct str words[] = {
        out->activity, out->service, out->user, out->ip, out->file};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i].n > TRIAL_WORD_MAX || !utf8_is_valid(words[i]))
            return ERR_LIMIT;
    return out->file.n > 0 && out->text.n > 0 ? OK : ERR_PARSE;
}

enum err trial_read(struct str body, struct arena *arena, struct trial *out)
{
    static const struct json_limits limits = {
        .depth = DEPTH_MAX, .string_bytes = TEXT_MAX, .nodes = NODES_MAX};
    struct json_node *root;
    *out = (struct trial){0};
    enum err err = json_parse(body, arena, &limits, &root);
    if (err != OK)
        return err;
    if (!json_is(json_get(root, "text"), JSON_STRING))
        return ERR_PARSE;
    out->text = json_get_text(root, "text");
    const struct {
        const char *key;
        struct str *to;
    } words[] = {
        {"activity", &out->activity},
        {"service", &out->service},
        {"user", &out->user},
        {"ip", &out->ip},
        {"file", &out->file},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        *words[i].to = json_get_text(root, words[i].key);
        if (words[i].to->n > TRIAL_WORD_MAX)
            return ERR_LIMIT;
    }
    out->is_down = str_is(json_get_text(root, "direction"), "down");
    return utf8_is_valid(out->text) ? OK : ERR_PARSE;
}
