/* How fast bytes become activities' text: the decoder of ChatGPT's answer
 * streams and the JSON reader, beside jansson parsing the same bytes, in turn
 * within each round, in CPU time of one thread.  Prints a JSON object.
 *
 *     extract [rounds=N]
 *
 * The inputs are made here, in the shapes of the fact sheet (chatgpt-wire
 * §4.3, §3.9, §3.1).  jansson is given the data lines of the streams already
 * cut, and does nothing with what it parses; the decoder cuts the lines, and
 * ends with the answers' text.  What both parsed is compared before anything
 * is measured: the bytes of all strings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "bench/extract_jansson.h"
#include "inspect/answer.h"
#include "inspect/json.h"
#include "inspect/sse.h"

enum {
    INPUT_BYTES = 8 * 1024 * 1024,
    ANSWER_BYTES = 64 * 1024, /* of a stream */
    FEED_BYTES = 16 * 1024,   /* a TLS record */
    ROUNDS_MAX = 99,
};

/* One input: whole documents or streams, one after the other. */
struct input {
    const char *name;
    struct buf bytes;
    size_t *ends, count;
    struct str *events; /* the data of every event of all streams */
    size_t event_count;
};

static uint64_t strings; /* bytes of them that the last run saw */

static const char *const words[] = {"the", " quarterly", " figures", " of",
    " Lyon", " are", " attached", ",", " and", " Grüße", " gehen", " an",
    " everybody", " who", " has", " read", " this", " far", ".", " Next"};

static const char *word(unsigned i)
{
    return words[i * 7 % ARRAY_LEN(words)];
}

/* ---- inputs -------------------------------------------------------------- */

static void end_document(struct input *in)
{
    in->ends = mem_realloc(in->ends, (in->count + 1) * sizeof *in->ends);
    in->ends[in->count++] = in->bytes.n;
}

static struct str document(const struct input *in, size_t i)
{
    size_t from = i == 0 ? 0 : in->ends[i - 1];
    return str_sub(buf_str(&in->bytes), from, in->ends[i]);
}

/* Padded as the service pads, to hide lengths. */
static void add_stream(struct input *in, unsigned id)
{
    struct buf *b = &in->bytes;
    size_t from = b->n;
    buf_printf(b, "event: delta_encoding\ndata: \"v1\"\n\n");
    buf_printf(b,
        "event: delta\ndata: {\"p\":\"\",\"o\":\"add\",\"v\":{\"message\":{"
        "\"id\":\"a-%u\",\"author\":{\"role\":\"assistant\",\"name\":null,"
        "\"metadata\":{}},\"create_time\":1790000000.5,\"content\":{"
        "\"content_type\":\"text\",\"parts\":[\"\"]},\"status\":"
        "\"in_progress\",\"weight\":1.0,\"metadata\":{\"parent_id\":\"u-%u\","
        "\"model_slug\":\"gpt-5-6\"},\"recipient\":\"all\",\"channel\":"
        "\"final\"},\"conversation_id\":\"c-%u\"},\"c\":1}   \n\n",
        id, id, id);
    buf_printf(b, "event: delta\ndata: {\"p\":\"/message/content/parts/0\","
                  "\"o\":\"append\",\"v\":\"First\"}\n\n");
    for (unsigned i = 0; b->n - from < ANSWER_BYTES; i++) {
        buf_printf(b, "event: delta\ndata: {\"v\":\"%s\"}%.*s\n\n", word(i),
            (int)(i % 8), "       ");
        if (i % 120 == 119)
            buf_printf(b,
                "event: delta\ndata: {\"p\":\"\",\"o\":\"patch\",\"v\":[{"
                "\"p\":\"/message/content/parts/0\",\"o\":\"append\",\"v\":"
                "\" \\ud83d\\udc4b\"},{\"p\":\"/message/metadata\",\"o\":"
                "\"append\",\"v\":{\"n\":%u}}]}\n\nevent: delta\ndata: {\"p\":"
                "\"/message/content/parts/0\",\"o\":\"append\",\"v\":\"\\n\"}"
                "\n\n",
                i);
    }
    buf_printf(b,
        "data: {\"type\":\"message_stream_complete\",\"conversation_id\":"
        "\"c-%u\"}\n\ndata: [DONE]\n\n",
        id);
    end_document(in);
}

/* The message of a history or a prompt, of some 1.5 KiB. */
static void add_message(struct buf *b, unsigned id, bool is_escaped)
{
    buf_printf(b,
        "{\"id\":\"m-%u\",\"author\":{\"role\":\"user\",\"name\":null,"
        "\"metadata\":{}},\"create_time\":1790000000.125,\"update_time\":null,"
        "\"content\":{\"content_type\":\"text\",\"parts\":[\"",
        id);
    for (unsigned i = 0; i < 200; i++)
        buf_printf(b, "%s%s", word(i + id),
            i % 10 != 9  ? ""
            : is_escaped ? "\\n\\u00e9"
                         : " ");
    buf_printf(b, "\"]},\"status\":\"finished_successfully\",\"weight\":1.0,"
                  "\"metadata\":{\"selected_sources\":[],\"is_complete\":true,"
                  "\"serialization_metadata\":{\"custom_symbol_offsets\":[]}},"
                  "\"recipient\":\"all\"}");
}

static void make_streams(struct input *in)
{
    for (unsigned i = 0; in->bytes.n < INPUT_BYTES; i++)
        add_stream(in, i);
}

static void make_history(struct input *in, bool is_escaped)
{
    struct buf *b = &in->bytes;
    buf_printf(b, "{\"title\":\"t\",\"mapping\":{");
    for (unsigned i = 0; b->n < INPUT_BYTES; i++) {
        buf_printf(b,
            "%s\"m-%u\":{\"id\":\"m-%u\",\"message\":", i == 0 ? "" : ",", i,
            i);
        add_message(b, i, is_escaped);
        buf_printf(
            b, ",\"parent\":\"m-%u\",\"children\":[\"m-%u\"]}", i - 1, i + 1);
    }
    buf_printf(b, "},\"current_node\":\"m-1\"}");
    end_document(in);
}

static void make_prompts(struct input *in)
{
    for (unsigned i = 0; in->bytes.n < INPUT_BYTES; i++) {
        buf_printf(&in->bytes, "{\"action\":\"next\",\"messages\":[");
        add_message(&in->bytes, i, false);
        buf_printf(&in->bytes,
            "],\"parent_message_id\":\"m-%u\",\"model\":\"auto\",\"timezone\":"
            "\"Europe/Paris\",\"supported_encodings\":[\"v1\"]}",
            i);
        end_document(in);
    }
}

/* ---- runs: each goes once over the whole input ---- */

static void fail(const char *what)
{
    fprintf(stderr, "extract: %s\n", what);
    exit(1);
}

static enum err on_token(void *arg, const struct json_token *token)
{
    (void)arg;
    if (token->kind == JSON_STRING || token->kind == JSON_KEY)
        strings += token->text.n;
    return OK;
}

static void run_reader(const struct input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct str s = document(in, i);
        struct json_reader *r = json_reader_new(NULL, false, on_token, NULL);
        for (size_t at = 0; at < s.n; at += FEED_BYTES)
            if (json_feed(r, str_sub(s, at, at + FEED_BYTES)) != OK)
                fail("the reader refuses the input");
        if (json_finish(r) != OK)
            fail("the reader refuses the end");
        json_reader_free(&r);
    }
}

static void add_strings(const struct json_node *node)
{
    strings += node->key.n + json_str(node).n;
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        add_strings(c);
}

static bool counts; /* while comparing, not while measuring */

static void run_tree(const struct input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct arena arena = {0};
        struct json_node *root;
        if (json_parse(document(in, i), &arena, NULL, &root) != OK)
            fail("the tree refuses the input");
        if (counts)
            add_strings(root);
        arena_free(&arena);
    }
}

static void parse_jansson(struct str s)
{
    if (!jansson_parse(s.p, s.n, counts ? &strings : NULL))
        fail("jansson refuses the input");
}

static void run_jansson(const struct input *in)
{
    for (size_t i = 0; i < in->count; i++)
        parse_jansson(document(in, i));
}

static void run_jansson_events(const struct input *in)
{
    for (size_t i = 0; i < in->event_count; i++)
        parse_jansson(in->events[i]);
}

static void run_trees_of_events(const struct input *in)
{
    struct arena arena = {0};
    for (size_t i = 0; i < in->event_count; i++) {
        struct json_node *root;
        if (json_parse(in->events[i], &arena, NULL, &root) != OK)
            fail("the tree refuses an event");
        if (counts)
            add_strings(root);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static void on_counted(void *arg, const struct sse_event *event)
{
    (void)arg;
    strings += event->data.n;
}

static void run_sse(const struct input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct str s = document(in, i);
        struct sse *sse = sse_new(0, on_counted, NULL);
        for (size_t at = 0; at < s.n; at += FEED_BYTES)
            if (sse_feed(sse, str_sub(s, at, at + FEED_BYTES)) != OK)
                fail("sse");
        if (sse_finish(sse) != OK)
            fail("sse");
        sse_free(&sse);
    }
}

static void run_answer(const struct input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct activity *all[ANSWERS_MAX];
        struct str s = document(in, i);
        struct answer *a = answer_new(ANSWER_CHATGPT, true);
        for (size_t at = 0; at < s.n; at += FEED_BYTES)
            answer_feed(a, str_sub(s, at, at + FEED_BYTES));
        answer_finish(a, true);
        if (answer_take(a, all) != 1 || !all[0]->complete)
            fail("no whole answer");
        strings += all[0]->content.n;
        activity_free(&all[0]);
        answer_free(&a);
    }
}

/* ---- cutting the lines for jansson ---- */

static void on_event(void *arg, const struct sse_event *event)
{
    struct input *in = arg;
    char *copy;
    if (str_is(event->data, "[DONE]"))
        return;
    copy = mem_alloc(event->data.n + 1);
    memcpy(copy, event->data.p, event->data.n);
    if (in->event_count % 4096 == 0)
        in->events = mem_realloc(
            in->events, (in->event_count + 4096) * sizeof *in->events);
    in->events[in->event_count++] = str_make(copy, event->data.n);
}

static void cut_events(struct input *in)
{
    for (size_t i = 0; i < in->count; i++) {
        struct sse *sse = sse_new(0, on_event, in);
        if (sse_feed(sse, document(in, i)) != OK || sse_finish(sse) != OK)
            fail("sse");
        sse_free(&sse);
    }
}

/* ---- measuring ---- */

struct measure {
    const char *name;
    unsigned input;
    void (*run)(const struct input *in);
    double mb_s[ROUNDS_MAX];
};

enum { STREAMS, HISTORY, ESCAPED, PROMPTS, INPUTS };

static struct measure measures[] = {
    {"answer decoder", STREAMS, run_answer, {0}},
    {"event lines", STREAMS, run_sse, {0}},
    {"tree of each event", STREAMS, run_trees_of_events, {0}},
    {"jansson of each event", STREAMS, run_jansson_events, {0}},
    {"reader", HISTORY, run_reader, {0}},
    {"tree", HISTORY, run_tree, {0}},
    {"jansson", HISTORY, run_jansson, {0}},
    {"reader", ESCAPED, run_reader, {0}},
    {"tree", ESCAPED, run_tree, {0}},
    {"jansson", ESCAPED, run_jansson, {0}},
    {"reader", PROMPTS, run_reader, {0}},
    {"tree", PROMPTS, run_tree, {0}},
    {"jansson", PROMPTS, run_jansson, {0}},
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Each pair of a tree and jansson must have seen the same strings. */
static void compare(const struct input *inputs)
{
    uint64_t tree = 0;
    counts = true;
    for (size_t i = 0; i < ARRAY_LEN(measures); i++) {
        const struct measure *m = &measures[i];
        strings = 0;
        m->run(&inputs[m->input]);
        if (strings == 0)
            fail("nothing was read");
        if (strncmp(m->name, "tree", 4) == 0)
            tree = strings;
        else if (strncmp(m->name, "jansson", 7) == 0 && strings != tree)
            fail("jansson and the tree read other strings");
    }
    counts = false;
}

static void print_measures(const struct input *inputs, unsigned rounds)
{
    printf("{\"figures\": [");
    for (size_t i = 0; i < ARRAY_LEN(measures); i++) {
        const struct measure *m = &measures[i];
        printf("%s\n {\"input\": \"%s\", \"name\": \"%s\", \"mb_s\": [",
            i == 0 ? "" : ",", inputs[m->input].name, m->name);
        for (unsigned r = 0; r < rounds; r++)
            printf("%s%.1f", r == 0 ? "" : ", ", m->mb_s[r]);
        printf("]}");
    }
    printf("\n]}\n");
}

int main(int argc, char **argv)
{
    static struct input inputs[INPUTS] = {{.name = "answer streams"},
        {.name = "history"}, {.name = "history, escapes"},
        {.name = "prompts, 2 KiB each"}};
    unsigned rounds = 7;
    if (argc > 1 && strncmp(argv[1], "rounds=", 7) == 0)
        rounds = (unsigned)atoi(argv[1] + 7);
    if (rounds == 0 || rounds > ROUNDS_MAX)
        fail("rounds=1 to 99");
    make_streams(&inputs[STREAMS]);
    cut_events(&inputs[STREAMS]);
    make_history(&inputs[HISTORY], false);
    make_history(&inputs[ESCAPED], true);
    make_prompts(&inputs[PROMPTS]);
    compare(inputs);
    for (unsigned r = 0; r < rounds; r++) {
        for (size_t i = 0; i < ARRAY_LEN(measures); i++) {
            struct measure *m = &measures[i];
            double before = cpu_seconds();
            m->run(&inputs[m->input]);
            m->mb_s[r] = (double)inputs[m->input].bytes.n / 1e6 /
                         (cpu_seconds() - before);
        }
    }
    print_measures(inputs, rounds);
    return 0;
}
