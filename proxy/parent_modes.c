/*
 * Modes of services, switched in the console: the console asks, the parent
 * alone writes.  The file is part of the configuration (inspect/policy.h), so
 * a restart finds it, and roles get it as they get any change.
 */
#include "proxy/parent.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* Empty: no service is called so. */
static struct str service_of(const struct conf *conf, uint64_t hash)
{
    struct str name;
    for (size_t i = 0; (name = service_set_name(conf->services, i)).n > 0; i++)
        if (control_name_hash(name) == hash)
            return name;
    return STR_NONE;
}

static enum err write_modes(struct parent *p, struct str service,
    enum mode mode, struct buf *path, struct buf *text)
{
    enum err err = policy_write_modes(p->now.conf->policy, service, mode, text);
    buf_printf(path, "%s/modes.yaml", p->now.conf->settings.data_dir.p);
    if (err == OK)
        err = file_replace(buf_cstr(path), buf_str(text), 0600);
    if (err != OK)
        log_event(LOG_ERROR, "mode.unwritten",
            LOG_CSTR("why", err == ERR_IO ? strerror(errno) : err_name(err)));
    return err;
}

enum err modes_set(struct parent *p, uint64_t service_hash, unsigned mode)
{
    struct str service = service_of(p->now.conf, service_hash);
    struct buf path = {0}, text = {0}, name = {0};
    if (p->phase != PARENT_RUN || service.n == 0 || mode > MODE_MONITOR)
        return ERR_STATE;
    buf_append_str(&name, service); /* the configuration goes */
    enum err err =
        write_modes(p, buf_str(&name), (enum mode)mode, &path, &text);
    if (err == OK)
        err = reload_file(p, BUNDLE_MODES, buf_cstr(&path), buf_str(&text));
    if (err == OK)
        log_event(LOG_INFO, "mode.changed", LOG_STR("service", buf_str(&name)),
            LOG_CSTR("mode", mode_name((enum mode)mode)));
    /* What is being compiled was read before this. */
    if (err == OK && p->compiler_pid != 0)
        p->wants_reload = true;
    buf_free(&path);
    buf_free(&text);
    buf_free(&name);
    return err;
}
