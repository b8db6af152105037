/* inspect/audit_log.h, inspect/compliance_log.h: an event of either log gives
 * the same activities each time, within their bounds. */
#include "inspect/audit_log.h"
#include "inspect/compliance_log.h"
#include "tests/fuzz/maps.h"

typedef enum err read_fn(const struct log_env *env,
    const struct json_node *event, struct log_activities *out);

static void tell(read_fn *read, const struct log_env *log_env,
    const struct json_node *event, struct buf *out)
{
    static struct log_activities list;
    if (read(log_env, event, &list) != OK) {
        check(list.count == 0, "what is no event gives nothing");
        return;
    }
    check(list.count > 0, "an event gives something");
    for (size_t i = 0; i < list.count; i++) {
        struct activity *a = list.items[i];
        check(a->name.n != 0 && a->name.n <= LOG_NAME_BYTES_MAX, "it is named");
        /* What has no time of its own happened when it was read. */
        buf_append(out, a->id + 14, UUID_TEXT_BYTES - 15);
        a->time_ms = 0;
        memset(a->id, '0', UUID_TEXT_BYTES - 1);
        activity_write(a, CAPTURE_FULL, out);
    }
    log_activities_free(&list);
}

static void tell_twice(read_fn *read, const struct json_node *event)
{
    struct log_env log_env = {.services = env.services,
        .policy = policy,
        .scanner = scanner,
        .node = STR("n")};
    struct buf first = {0}, second = {0};
    tell(read, &log_env, event, &first);
    tell(read, &log_env, event, &second);
    check_same(&first, &second, "the same event is the same activity");
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct arena arena = {0};
    struct json_node *root;
    if (env.services == NULL)
        load_maps();
    if (json_parse(text, &arena, NULL, &root) == OK) {
        tell_twice(audit_log_read, root);
        tell_twice(compliance_log_read, root);
    }
    arena_free(&arena);
    return 0;
}
