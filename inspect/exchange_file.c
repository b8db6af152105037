/*
 * Files coming down (`answer: file` of a service map, fact sheet chatgpt-wire
 * §6): an answer that hands out a link, and the bytes that are fetched by it.
 * Both are one activity, response_with_file.downloaded, which the keeper
 * (inspect/keep_links.h) knows by the link without its signature: the link
 * opens it, the bytes complete it.
 *
 * A fetch may be sent on to another address (a redirect): whoever fetches that
 * one goes on with the same activity.
 *
 * What is done with the bytes is inspect/download.c's.
 *
 * Which fetches are a download: what is saved (the map's marks, an attachment
 * disposition), and otherwise every file but what is known to be only shown:
 * pictures that the page draws, and pictures that the person put there.
 */
#include <string.h>

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/address.h"
#include "inspect/download.h"
#include "inspect/form.h"
#include "inspect/keep_links.h"
#include "inspect/mime.h"

/* ---- life ----------------------------------------------------------- */

static bool is_link_route(const struct exchange *ex)
{
    return exchange_route(ex)->file.link_url.count != 0;
}

static bool has_mark(
    const struct exchange *ex, const struct str *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str rest = ex->query, pair;
        if (str_is(marks[i], "*"))
            return true;
        while (str_split(&rest, '&', &pair))
            if (str_eq(pair, marks[i]))
                return true;
    }
    return false;
}

void file_begin(struct exchange *ex)
{
    const struct route_file *file = &exchange_route(ex)->file;
    struct download *d = MEM_NEW(struct download);
    d->is_saved = has_mark(ex, file->saved, file->saved_count);
    d->is_shown = has_mark(ex, file->shown, file->shown_count) ||
                  str_is(ex->fetch_dest, "image");
    d->length = d->known_total = -1;
    ex->download = d;
}

void file_free(struct exchange *ex)
{
    struct download *d = ex->download;
    if (d == NULL)
        return;
    buf_wipe_free(&d->body);
    download_drop(d);
    mem_free(d);
    ex->download = NULL;
}

/* ---- addresses ------------------------------------------------------- */

/* A link by what stays the same of it: host, path, and the parameters that
 * name the file; the rest are times and signatures. */
static struct str name_url(struct exchange *ex, struct str host,
    struct str path, struct str query, const struct route *route)
{
    struct buf url = {0};
    buf_printf(&url, "%.*s%.*s", STR_ARG(host), STR_ARG(path));
    for (size_t i = 0; route != NULL && i < route->ids[ROUTE_ID_FILE].count;
         i++) {
        struct str step = route->ids[ROUTE_ID_FILE].items[i].steps[0];
        if (!str_starts(step, "?"))
            continue;
        struct str value =
            extract_parameter(&ex->arena, query, str_sub(step, 1, step.n));
        buf_printf(&url, "%.*s=%.*s", STR_ARG(step), STR_ARG(value));
    }
    struct str name = arena_copy(&ex->arena, buf_str(&url));
    buf_free(&url);
    return name;
}

/* The route of who fetches it; NULL: no map explains it. */
static const struct route *find_fetch(
    struct exchange *ex, const struct address *link)
{
    struct route_match match = {0};
    struct route_query query = {
        .host = link->host,
        .method = STR("GET"),
        .path = form_decode(&ex->arena, link->path, false),
        .query = link->query,
    };
    service_find_route(ex->env->services, &query, &match);
    return match.route;
}

/* As a fetch of it will be named. */
static struct str name_link(struct exchange *ex, const struct address *link)
{
    return name_url(
        ex, link->host, link->path, link->query, find_fetch(ex, link));
}

/* ---- what is known of the file ------------------------------------------ */

struct activity_file *download_file(struct exchange *ex)
{
    struct activity *a = ex->activity;
    return a->file_count != 0 ? &a->files[0] : activity_add_file(a);
}

static void set_if_none(struct exchange *ex, struct str *to, struct str value)
{
    if (to->n == 0)
        *to = arena_copy(&ex->activity->arena, value);
}

/* "/mnt/data/a.csv" -> "a.csv" */
static struct str last_part(struct str path)
{
    size_t slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/')
        slash--;
    return str_sub(path, slash, path.n);
}

static struct str disposition_name(
    struct exchange *ex, struct str value, bool *is_attachment_out)
{
    struct mime_disposition disposition;
    if (value.n == 0 ||
        mime_parse_disposition(value, &ex->arena, &disposition) != OK)
        return STR_NONE;
    if (str_is(disposition.kind, "attachment"))
        *is_attachment_out = true;
    return disposition.has_filename ? disposition.filename : STR_NONE;
}

bool download_is_identified(const struct exchange *ex)
{
    return ex->actor.user.n != 0 && !str_is(ex->actor.source, "ip");
}

static void take_person(const struct exchange *ex, struct keep_link *link)
{
    const struct actor *actor = &ex->actor;
    if (!download_is_identified(ex))
        return;
    link->user = actor->user;
    link->texts[LINK_USER] = actor->user;
    link->texts[LINK_SOURCE] = actor->source;
    link->texts[LINK_ACCOUNT] = actor->account;
    link->texts[LINK_WORKSPACE] = actor->workspace;
    link->texts[LINK_DEVICE] = actor->device;
}

static void describe(struct exchange *ex, struct keep_link *link)
{
    const struct activity *a = ex->activity;
    const struct activity_file *file = download_file(ex);
    *link = (struct keep_link){
        .service = a->service,
        .url = ex->download->url,
        .time_ms = a->time_ms,
        .bytes = file->bytes,
        .is_saved = ex->download->is_saved,
        .is_shown = ex->download->is_shown,
    };
    memcpy(link->activity_id, a->id, sizeof link->activity_id);
    link->texts[LINK_FILE_ID] = file->id;
    link->texts[LINK_NAME] = file->name;
    link->texts[LINK_TYPE] = file->declared_type;
    link->texts[LINK_CONVERSATION] = a->conversation_id;
    link->texts[LINK_MESSAGE] = a->message_id;
    link->texts[LINK_PROJECT] = a->project_id;
    link->texts[LINK_SERVICE] = a->service;
    link->texts[LINK_ANSWER] = a->reply_to;
    take_person(ex, link);
}

bool file_ask_fetch(struct exchange *ex)
{
    struct keep_link link;
    struct activity_file *file = download_file(ex);
    file->name = last_part(file->name);
    buf_clear(&ex->names); /* scanned once it is settled */
    if (is_link_route(ex))
        return false;
    ex->download->url =
        name_url(ex, ex->host, ex->path, ex->query, exchange_route(ex));
    describe(ex, &link);
    buf_clear(&ex->question);
    keep_ask_fetch(&link, &ex->question);
    return true;
}

/* Storage knows no accounts: whoever was given the link is who fetches. */
static void take_actor(struct exchange *ex, const struct keep_link_answer *said)
{
    struct actor *actor = &ex->actor;
    const struct str *texts = said->texts;
    if (download_is_identified(ex) || texts[LINK_USER].n == 0)
        return;
    actor->user = arena_copy(&ex->arena, texts[LINK_USER]);
    actor->account = arena_copy(&ex->arena, texts[LINK_ACCOUNT]);
    actor->workspace = arena_copy(&ex->arena, texts[LINK_WORKSPACE]);
    actor->device = arena_copy(&ex->arena, texts[LINK_DEVICE]);
    actor->source = STR("session");
    static const char *const sources[] = {"proxy-auth", "jwt", "api-key"};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (str_is(texts[LINK_SOURCE], sources[i]))
            actor->source = str_of(sources[i]);
    actor->is_signed_in = true;
    ex->activity->actor = *actor;
}

static void take_link(struct exchange *ex, const struct keep_link_answer *said)
{
    struct activity *a = ex->activity;
    struct activity_file *file = download_file(ex);
    if (said->texts[LINK_FILE_ID].n != 0) /* not that of a place in storage */
        file->id = arena_copy(&a->arena, said->texts[LINK_FILE_ID]);
    if (said->texts[LINK_NAME].n != 0)
        file->name = arena_copy(&a->arena, said->texts[LINK_NAME]);
    set_if_none(ex, &file->declared_type, said->texts[LINK_TYPE]);
    set_if_none(ex, &a->conversation_id, said->texts[LINK_CONVERSATION]);
    set_if_none(ex, &a->message_id, said->texts[LINK_MESSAGE]);
    set_if_none(ex, &a->project_id, said->texts[LINK_PROJECT]);
    set_if_none(ex, &a->reply_to, said->texts[LINK_ANSWER]);
    if (said->texts[LINK_SERVICE].n != 0)
        a->service = arena_copy(&a->arena, said->texts[LINK_SERVICE]);
    take_actor(ex, said);
}

static void take_id(struct exchange *ex, const struct keep_link_answer *said)
{
    memcpy(ex->activity->id, said->activity_id, sizeof ex->activity->id);
    ex->activity->time_ms = said->time_ms;
}

/* Pictures that an answer hands out (fact sheet chatgpt-wire §9.3). */
static void note_link(
    struct exchange *ex, const struct activity *a, struct activity_file *file)
{
    struct address address;
    if (!address_split(&ex->arena, file->link, &address) ||
        address.host.n == 0 || address.path.n == 0)
        return;
    struct keep_link link = {.service = a->service,
        .url = name_link(ex, &address),
        .time_ms = a->time_ms,
        .bytes = -1};
    memcpy(link.activity_id, a->id, sizeof link.activity_id);
    link.texts[LINK_NAME] = file->name;
    link.texts[LINK_CONVERSATION] = a->conversation_id;
    link.texts[LINK_PROJECT] = a->project_id;
    link.texts[LINK_SERVICE] = a->service;
    link.texts[LINK_ANSWER] = str_of(a->id);
    take_person(ex, &link);
    exchange_learn_host(ex, address.host);
    keep_note_link(&link, exchange_push_note(ex));
}

void file_note_links(struct exchange *ex, const struct activity *a)
{
    size_t noted = 0;
    for (size_t i = 0; i < a->file_count && noted < LINKS_MAX; i++) {
        if (a->files[i].link.n == 0)
            continue;
        note_link(ex, a, &a->files[i]);
        noted++;
    }
}

/* What a file is called, for who fetches it by its id (container_file_citation
 * of the public API, §9.3; files that went up). */
void file_note_names(struct exchange *ex, const struct activity *a)
{
    size_t noted = 0;
    for (size_t i = 0; i < a->file_count && noted < KEEP_FILES_MAX; i++) {
        const struct activity_file *file = &a->files[i];
        struct keep_link name = {.service = a->service, .bytes = -1};
        if (file->id.n == 0 || file->name.n == 0)
            continue;
        name.texts[LINK_FILE_ID] = file->id;
        name.texts[LINK_NAME] = last_part(file->name);
        name.texts[LINK_PROJECT] = a->project_id;
        if (!file->is_users) {
            name.texts[LINK_CONVERSATION] = a->conversation_id;
            name.texts[LINK_ANSWER] = str_of(a->id);
        }
        keep_note_name(&name, exchange_push_note(ex));
        noted++;
    }
}

void file_note_name(struct exchange *ex, struct str id, struct str name)
{
    struct keep_link file = {.service = service_name(ex->service), .bytes = -1};
    file.texts[LINK_FILE_ID] = id;
    file.texts[LINK_NAME] = last_part(name);
    if (id.n != 0 && file.texts[LINK_NAME].n != 0)
        keep_note_name(&file, exchange_push_note(ex));
}

void file_take_fetch(struct exchange *ex, struct str answer)
{
    struct download *d = ex->download;
    struct keep_link_answer said = {0};
    if (keep_read_link(answer, &said) == OK) {
        take_id(ex, &said);
        d->side = said.side;
        d->is_told = said.is_told;
        if (said.has_sum)
            d->known = said.sum;
        d->known_version = said.version;
        d->known_total = said.total;
        d->is_handed_out = said.is_handed_out;
        d->is_named = said.is_named;
        d->is_moved = said.is_moved;
        d->is_link_told = said.is_handed_out && said.texts[LINK_ANSWER].n == 0;
        d->is_saved = d->is_saved || said.is_saved;
        d->is_shown = d->is_shown || said.is_shown;
    }
    if (d->is_handed_out || d->is_named || d->is_moved) {
        take_link(ex, &said);
    } else if (exchange_route(ex)->file.needs_link) {
        activity_free(&ex->activity);
        file_free(ex);
    }
}

/* ---- the answer's head ---- */

/* Files change under one address. */
static uint64_t version_of(const struct field *fields, size_t count)
{
    uint8_t sum[DIGEST_BYTES];
    uint64_t version;
    struct str mark = exchange_field(fields, count, "etag");
    if (mark.n == 0)
        mark = exchange_field(fields, count, "last-modified");
    if (mark.n == 0)
        return 0;
    digest_sha256(mark, sum);
    memcpy(&version, sum, sizeof version);
    return version;
}

static bool is_image(struct str type)
{
    return str_starts_nocase(type, "image/");
}

/* Whether this is somebody's download; see the head of this file. */
static bool is_download(const struct download *d, struct str type)
{
    if (d->side == FILE_SIDE_USER)
        return d->is_saved && !is_image(type);
    if (d->is_saved || d->is_attachment)
        return true;
    if (d->is_shown)
        return false;
    return d->side == FILE_SIDE_ANSWER || d->is_handed_out ||
           d->kind != DOWNLOAD_NOTHING || !is_image(type);
}

/* Told when its fetch was sent on; by its bytes it is only shown. */
static void take_back(struct exchange *ex)
{
    const struct download *d = ex->download;
    if (d->is_moved && !d->is_link_told)
        exchange_push_void(ex, ex->activity->id);
}

static void settle_name(struct exchange *ex, struct str query)
{
    struct download *d = ex->download;
    struct activity_file *file = download_file(ex);
    struct str parameter = exchange_route(ex)->file.disposition;
    struct str from_query = STR_NONE;
    if (parameter.n != 0)
        from_query = disposition_name(ex,
            extract_parameter(&ex->arena, query, parameter), &d->is_attachment);
    if ((d->is_handed_out || d->is_named) && file->name.n != 0)
        return; /* as the link's answer called it */
    if (d->header_name.n != 0)
        file->name = arena_copy(&ex->activity->arena, d->header_name);
    else if (from_query.n != 0)
        file->name = arena_copy(&ex->activity->arena, from_query);
}

static void begin_bytes(struct exchange *ex, struct str range)
{
    struct download *d = ex->download;
    struct activity *a = ex->activity;
    struct activity_file *file = download_file(ex);
    settle_name(ex, ex->query);
    if (d->type.n != 0 && !str_starts_nocase(d->type, "multipart/byteranges"))
        file->declared_type = arena_copy(&a->arena, d->type);
    if (!is_download(d, file->declared_type)) {
        take_back(ex);
        return;
    }
    d->kind = DOWNLOAD_BYTES;
    download_begin(ex, range);
    a->has_complete = true;
    a->http_status = ex->status;
    if (!d->is_told) /* a crash leaves no download untold */
        exchange_push_record(ex, RECORD_OPEN, a);
}

/* A redirect leads to the bytes; to another hand-out, which says more than we
 * know here; or to a page that says why not. */
static enum download_kind kind_of_redirect(struct exchange *ex)
{
    struct download *d = ex->download;
    struct address *to = &d->to;
    struct address base = {.host = ex->host, .path = ex->path};
    if (!address_resolve(&ex->arena, &base, d->location, to) || to->path.n == 0)
        return DOWNLOAD_NOTHING;
    const struct route *route = find_fetch(ex, to);
    bool is_seen =
        service_match_host(ex->env->services, to->host, NULL) != HOST_OUT;
    bool leads_to_bytes = route != NULL && route->answer == ANSWER_FILE &&
                          route->file.link_url.count == 0;
    if (is_seen && !leads_to_bytes)
        return DOWNLOAD_NOTHING;
    return is_link_route(ex) ? DOWNLOAD_LINK : DOWNLOAD_MOVED;
}

/* A link's answer is JSON or a redirect; what else comes on its route is the
 * file itself, but for a page that says why not. */
static enum download_kind kind_of(struct exchange *ex)
{
    const struct download *d = ex->download;
    struct mime_type type = {0};
    struct arena scratch = {0};
    if (d->location.n != 0)
        return kind_of_redirect(ex);
    if (ex->status != 200 && ex->status != 206)
        return DOWNLOAD_NOTHING;
    bool has_type = mime_parse_type(d->type, &scratch, &type) == OK;
    bool is_json = has_type && mime_is_json(type.type);
    bool is_page = has_type && str_is(type.type, "text/html");
    arena_free(&scratch);
    if (!is_link_route(ex) || d->is_attachment)
        return DOWNLOAD_BYTES;
    return is_json   ? DOWNLOAD_LINK
           : is_page ? DOWNLOAD_NOTHING
                     : DOWNLOAD_BYTES;
}

static void ask_link(struct exchange *ex, struct buf *question)
{
    struct download *d = ex->download;
    struct keep_link link;
    d->url = name_link(ex, &d->to);
    describe(ex, &link);
    keep_ask_link(&link, question);
}

static void ask_moved(struct exchange *ex, struct buf *question)
{
    struct keep_link link;
    describe(ex, &link);
    keep_ask_moved(&link, name_link(ex, &ex->download->to), question);
}

/* The client may act on a redirect before its end: the keeper knows at once,
 * and is asked at the end what has become of it. */
static void begin_redirect(struct exchange *ex)
{
    struct buf *note;
    exchange_learn_host(ex, ex->download->to.host);
    settle_name(ex, ex->download->to.query);
    note = exchange_push_note(ex);
    if (ex->download->kind == DOWNLOAD_LINK)
        ask_link(ex, note);
    else
        ask_moved(ex, note);
}

void file_head(struct exchange *ex, const struct field *fields, size_t count,
    bool has_body)
{
    struct download *d = ex->download;
    struct decode_limits limits = {0};
    if (ex->activity == NULL || ex->is_blocked)
        return;
    struct str length = exchange_field(fields, count, "content-length");
    struct str encoding = exchange_field(fields, count, "content-encoding");
    d->type =
        arena_copy(&ex->arena, exchange_field(fields, count, "content-type"));
    d->header_name = disposition_name(ex,
        exchange_field(fields, count, "content-disposition"),
        &d->is_attachment);
    d->is_encoded = encoding.n != 0;
    if (!mime_take_number(&length, &d->length))
        d->length = -1;
    if (ex->status > 300 && ex->status < 400)
        d->location =
            arena_copy(&ex->arena, exchange_field(fields, count, "location"));
    d->version = version_of(fields, count);
    enum download_kind kind = kind_of(ex);
    if (kind == DOWNLOAD_LINK || kind == DOWNLOAD_MOVED)
        d->kind = kind;
    if (d->kind != DOWNLOAD_NOTHING && d->location.n != 0)
        begin_redirect(ex);
    else if (kind == DOWNLOAD_BYTES)
        begin_bytes(ex, exchange_field(fields, count, "content-range"));
    if (has_body && d->kind != DOWNLOAD_NOTHING && d->location.n == 0 &&
        decoder_new(encoding, &limits, &ex->response_decoder) != OK)
        d->is_damaged = true;
}

void file_set_length(struct exchange *ex, int64_t length)
{
    if (length >= 0)
        ex->download->length = length;
}

void file_take_link_body(struct exchange *ex, struct str bytes)
{
    struct download *d = ex->download;
    if (d->body.n + bytes.n <= ANSWER_LINKS_BYTES_MAX)
        buf_append_str(&d->body, bytes);
    else
        d->is_damaged = true;
}

/* ---- the end ---- */

static const struct json_node *find(
    const struct json_node *root, const struct json_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        const struct json_node *node = exchange_walk(root, &paths->items[i]);
        if (json_is(node, JSON_STRING) || json_is(node, JSON_NUMBER))
            return node;
    }
    return NULL;
}

/* The link out of the JSON that hands it out; empty: it does not. */
static struct str read_link(struct exchange *ex, struct arena *scratch)
{
    const struct route_file *map = &exchange_route(ex)->file;
    struct download *d = ex->download;
    struct activity_file *file = download_file(ex);
    struct arena *arena = &ex->activity->arena;
    struct json_node *root;
    if (ex->response_decoder != NULL &&
        decoder_finish(ex->response_decoder, &d->body) != OK)
        return STR_NONE;
    if (json_parse(buf_str(&d->body), scratch, NULL, &root) != OK)
        return STR_NONE;
    struct str name = json_str(find(root, &map->link_name));
    struct str type = json_str(find(root, &map->link_type));
    if (name.n != 0)
        file->name = arena_copy(arena, name);
    if (type.n != 0)
        file->declared_type = arena_copy(arena, type);
    if (json_int(find(root, &map->link_bytes), &file->bytes) != OK)
        file->bytes = -1;
    d->is_handed_out = name.n != 0; /* the name is settled */
    return json_str(find(root, &map->link_url));
}

static bool find_link(struct exchange *ex)
{
    struct download *d = ex->download;
    struct arena scratch = {0};
    struct str url = d->is_damaged ? STR_NONE : read_link(ex, &scratch);
    bool is_link = address_split(&ex->arena, url, &d->to) && d->to.path.n != 0;
    if (is_link) {
        d->to.path = arena_copy(&ex->arena, d->to.path);
        d->to.query = arena_copy(&ex->arena, d->to.query);
        if (d->to.host.n == 0)
            d->to.host = ex->host;
        exchange_learn_host(ex, d->to.host);
        settle_name(ex, d->to.query);
    }
    arena_free(&scratch);
    return is_link;
}

/* True: there is a link, and the keeper is asked about it. */
static bool finish_link(struct exchange *ex)
{
    if (ex->download->location.n == 0 && !find_link(ex))
        return false;
    buf_clear(&ex->question);
    ask_link(ex, &ex->question);
    return true;
}

/* True: nothing waits for the bytes yet, unless they have passed already. */
static bool finish_moved(struct exchange *ex)
{
    struct download *d = ex->download;
    if (d->is_link_told || d->is_told)
        return false;
    buf_clear(&ex->question);
    ask_moved(ex, &ex->question);
    return true;
}

bool file_finish(struct exchange *ex)
{
    struct download *d = ex->download;
    if (ex->activity == NULL || d->kind == DOWNLOAD_NOTHING)
        return false;
    if (d->kind == DOWNLOAD_LINK)
        return finish_link(ex);
    if (d->kind == DOWNLOAD_MOVED)
        return finish_moved(ex);
    download_end(ex);
    if (d->url.n == 0) /* on a route for links: nothing to be joined */
        d->url = name_url(ex, ex->host, ex->path, ex->query, NULL);
    return true;
}

void file_ask(struct exchange *ex)
{
    if (ex->download->kind == DOWNLOAD_BYTES)
        download_ask(ex);
}

static enum file_next take_link_answer(struct exchange *ex, struct str answer)
{
    struct download *d = ex->download;
    struct keep_link_answer said;
    if (keep_read_link(answer, &said) == OK) {
        d->side = said.side;
        if (said.is_told) /* before this answer's end */
            return FILE_IS_SILENT;
        take_id(ex, &said);
    }
    return is_download(d, download_file(ex)->declared_type) ? FILE_TELLS
                                                            : FILE_IS_SILENT;
}

enum file_next file_step(struct exchange *ex)
{
    return download_whole_step(ex);
}

enum file_next file_take_answer(struct exchange *ex, struct str answer)
{
    struct activity *a = ex->activity;
    enum file_next next = file_is_link(ex) ? take_link_answer(ex, answer)
                                           : download_answered(ex, answer);
    a->has_complete = true;
    a->http_status = ex->status;
    a->response_bytes = (int64_t)ex->response_bytes;
    a->outcome = OUTCOME_SUCCESS;
    return next;
}

bool file_is_link(const struct exchange *ex)
{
    const struct download *d = ex->download;
    return d != NULL && (d->kind == DOWNLOAD_LINK || d->kind == DOWNLOAD_MOVED);
}
