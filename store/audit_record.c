/* See store/audit_record.h. */
#include "store/audit_record.h"

#include "base/clock.h"
#include "base/jsonw.h"

static void write_actor(struct jsonw *w, const struct audit_record *record)
{
    jsonw_key(w, "actor");
    jsonw_object(w);
    jsonw_key_str_if(w, "user", record->user);
    jsonw_key_cstr(w, "source", record->via);
    if (record->ip != NULL)
        jsonw_key_cstr(w, "ip", record->ip);
    jsonw_close(w);
}

static void write_target(struct jsonw *w, const struct audit_record *record)
{
    jsonw_key(w, "target");
    jsonw_object(w);
    jsonw_key_cstr(w, "type", record->target_type);
    jsonw_key_str_if(w, "id", record->target_id);
    jsonw_close(w);
}

void audit_record_write(const struct audit_record *record, struct buf *out)
{
    struct jsonw w = {.out = out};
    char time[CLOCK_TEXT_BYTES];
    clock_format(record->time_ms, time);
    jsonw_object(&w);
    jsonw_key_cstr(&w, "id", record->id);
    jsonw_key_cstr(&w, "time", time);
    jsonw_key_str_if(&w, "node", record->node);
    jsonw_key_cstr(&w, "via", record->via);
    jsonw_key_cstr(&w, "service", "promptgate");
    jsonw_key_cstr(&w, "activity", record->activity);
    jsonw_key_cstr(&w, "category", "Console");
    jsonw_key_cstr(&w, "outcome", record->is_failure ? "failure" : "success");
    write_actor(&w, record);
    if (record->target_type != NULL)
        write_target(&w, record);
    if (record->details.n > 0) {
        jsonw_key(&w, "details");
        jsonw_raw(&w, record->details);
    }
    jsonw_close(&w);
}
