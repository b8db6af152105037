/* The storer: store/storer.h, served to all workers of the node. */
#include "store/storer.h"

#include <errno.h>
#include <string.h>

#include "proxy/intake.h"
#include "proxy/role_service.h"
#include "proxy/sandbox.h"

static struct storer_options options_of(const struct conf *conf)
{
    const struct settings *s = &conf->settings;
    return (struct storer_options){s->store_dir, s->fsync_group,
        s->retention_days, s->retention_bytes, s->timeout_file, conf->alerts};
}

static int intake_fd = -1;

static enum err store_open(const struct role_start *start, void **state_out)
{
    struct storer_options options = options_of(start->conf);
    struct storer *storer = NULL;
    if (intake_listen(options.folder.p, &intake_fd) != OK)
        log_event(LOG_WARN, "store.no-intake", LOG_CSTR("why", strerror(errno)),
            LOG_CSTR("effect", "`promptgate collect` cannot store"));
    /* Before the indexer's thread starts: it inherits the limit. */
    enum err err = sandbox_limit_files(options.folder.p, true);
    if (err == ERR_UNSUPPORTED)
        log_event(LOG_WARN, "sandbox.no_landlock",
            LOG_CSTR("effect", "the storer's files are limited by user only"));
    else if (err != OK)
        return err;
    err = storer_open(&options, &storer);
    *state_out = storer;
    return err;
}

static enum storer_peer peer_of(enum role_kind kind)
{
    if (kind == ROLE_CONSOLE)
        return STORER_CONSOLE;
    return kind == ROLE_PARENT ? STORER_COMMAND : STORER_WORKER;
}

static void store_handle(void *state, struct service_loop *loop, unsigned peer,
    struct str datagram, int fd)
{
    storer_handle(
        state, peer, peer_of(service_peer_kind(loop, peer)), datagram, fd);
}

static int store_listen_fd(void *state)
{
    (void)state;
    return intake_fd;
}

static void emit(void *context, unsigned peer, struct str answer)
{
    service_answer(context, peer, answer);
}

static void store_commit(void *state, struct service_loop *loop)
{
    storer_commit(state, emit, loop);
}

static void store_origins(void *state, const uint64_t *origins, size_t count)
{
    storer_begin(state, origins, count);
}

static void store_gone(void *state, uint64_t origin)
{
    storer_origin_gone(state, origin);
}

static void store_reload(void *state, struct conf *conf)
{
    struct storer_options options = options_of(conf);
    storer_set_options(state, &options);
    conf_unref(&conf);
}

static void store_close(void *state)
{
    struct storer *storer = state;
    storer_close(&storer);
}

int storer_main(const struct role_start *start)
{
    static const struct service_ops ops = {.open = store_open,
        .handle = store_handle,
        .commit = store_commit,
        .listen_fd = store_listen_fd,
        .origins = store_origins,
        .gone = store_gone,
        .reload = store_reload,
        .close = store_close};
    return service_run(start, &ops);
}
