/* inspect/answer.h: every codec, and answers that a map describes; the same
 * answers at any cut.  The first byte chooses the codec and whether the
 * answer calls itself an event stream. */
#include "inspect/answer.h"

#include "tests/fuzz/same.h"

static const char map[] =
    "service: s\n"
    "hosts: [s.test]\n"
    "routes:\n"
    "  - path: /append\n"
    "    activity: prompt.created\n"
    "    answer: {text: [delta.text, 'content[].text'],\n"
    "             hidden: [delta.*, 'content[-1].input'], part: index,\n"
    "             ids: {message_id: [message.id, id], model: model},\n"
    "             end: {when: type, is: [message_stop, message]}}\n"
    "  - path: /replace\n"
    "    activity: prompt.created\n"
    "    answer: {text: text, pieces: replace}\n";

static const enum answer_codec codecs[] = {ANSWER_CHATGPT, ANSWER_OPENAI_CHAT,
    ANSWER_OPENAI_RESPONSES, ANSWER_MWEB, ANSWER_TREE, ANSWER_LINKS,
    ANSWER_TRANSCRIPT, ANSWER_OPENAI_MEDIA, ANSWER_OPENAI_LIST, ANSWER_MAP,
    ANSWER_MAP};

static struct service_set *set; /* as long as the process */
static const struct answer_map *maps[2];
static enum answer_codec codec;
static const struct answer_map *chosen;
static bool is_sse;

static void load(void)
{
    static const char *const paths[] = {"/append", "/replace"};
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_SERVICE, STR("m.yaml"), str_of(map));
    set = service_set_load(&bundle, &diag);
    check(set != NULL, "the map is good");
    for (size_t i = 0; i < 2; i++) {
        struct route_match match;
        struct route_query query = {.host = STR("s.test"),
            .method = STR("POST"),
            .path = str_of(paths[i])};
        service_find_route(set, &query, &match);
        maps[i] = &match.route->answer_map;
    }
    bundle_free(&bundle);
    diag_free(&diag);
}

static void describe(const struct activity *a, struct buf *out)
{
    buf_printf(out, "%.*s %.*s<%.*s %.*s %.*s %d %.*s [", STR_ARG(a->name),
        STR_ARG(a->message_id), STR_ARG(a->parent_message_id),
        STR_ARG(a->conversation_id), STR_ARG(a->model), a->complete,
        STR_ARG(a->failure));
    buf_append_str(out, buf_str(&a->content));
    buf_append_str(out, STR("] ("));
    buf_append_str(out, buf_str(&a->hidden));
    for (size_t i = 0; i < a->file_count; i++)
        buf_printf(out, ") %.*s:%.*s:%lld", STR_ARG(a->files[i].id),
            STR_ARG(a->files[i].name), (long long)a->files[i].bytes);
    buf_append_char(out, ';');
}

static void read_answer(struct str s, unsigned way, struct buf *out)
{
    struct activity *all[ANSWERS_MAX];
    struct answer *a = codec == ANSWER_MAP ? answer_new_mapped(chosen, is_sse)
                                           : answer_new(codec, is_sse);
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    while (cuts_next(&cuts, &piece))
        answer_feed(a, piece);
    cuts_end(&cuts);
    answer_finish(a, s.n % 2 == 0);
    size_t n = answer_take(a, all);
    buf_printf(out, "%.*s ", STR_ARG(answer_conversation_id(a)));
    for (size_t i = 0; i < n; i++) {
        describe(all[i], out);
        activity_free(&all[i]);
    }
    answer_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (maps[0] == NULL)
        load();
    if (n == 0)
        return 0;
    size_t choice = data[0] / 2 % ARRAY_LEN(codecs);
    codec = codecs[choice];
    chosen = maps[choice + 1 == ARRAY_LEN(codecs)]; /* the last one repeats */
    is_sse = data[0] % 2 == 1;
    check_cuts(str_make((const char *)data + 1, n - 1), read_answer);
    return 0;
}
