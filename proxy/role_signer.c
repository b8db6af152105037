/*
 * The signer: the only process that has the CA key.  Signs leaves for names
 * that a service map knows (also learnable ones) and for the console's own
 * names; refuses all others itself, whatever a worker asks.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "certs/ca.h"
#include "certs/signer.h"
#include "proxy/console_names.h"
#include "proxy/role_service.h"

struct signing {
    struct signer *signer;
    struct conf *conf;
    struct ca_info ca;
    int expiry_step; /* told last; -1: nothing to tell */
};

static bool is_in_scope(void *context, struct str host)
{
    const struct signing *s = context;
    if (service_match_host(s->conf->services, host, NULL) != HOST_OUT ||
        console_has_name(&s->conf->settings, host))
        return true;
    stats_add(STAT_LEAVES_REFUSED, 1);
    log_event(LOG_WARN, "leaf.refused", LOG_STR("host", host));
    return false;
}

/* Told at the start and once more at each of 60, 30, 7 and 0 days (K5). */
static void tell_expiry(void *state)
{
    struct signing *s = state;
    int64_t now_ms = clock_wall_ms();
    int step = ca_expiry_step(&s->ca, now_ms);
    if (step == s->expiry_step)
        return;
    s->expiry_step = step;
    if (step == 0)
        log_event(LOG_ERROR, "ca.expired");
    else if (step > 0)
        log_event(step <= 7 ? LOG_ERROR : LOG_WARN, "ca.expires_soon",
            LOG_INT("days", (s->ca.not_after_ms - now_ms) / 86400000));
}

static enum err signer_open(const struct role_start *start, void **state_out)
{
    const struct bundle_file *ca =
        bundle_first(&start->conf->bundle, BUNDLE_CA);
    if (ca == NULL)
        return ERR_CONFIG;
    struct signing *s = MEM_NEW(struct signing);
    s->conf = start->conf;
    s->expiry_step = -1;
    *state_out = s;
    if (ca_read(ca->text, &s->ca) == OK) {
        stats_set(STAT_CA_EXPIRY_SECONDS, s->ca.not_after_ms / 1000);
        tell_expiry(s);
    }
    return signer_new(ca->text, start->key, is_in_scope, s, &s->signer);
}

static void signer_answer(void *state, struct service_loop *loop, unsigned peer,
    struct str datagram, int fd)
{
    struct signing *s = state;
    struct buf answer = {0};
    uint64_t before = signer_signed_count(s->signer);
    if (fd >= 0)
        close(fd);
    signer_handle(s->signer, datagram, &answer);
    stats_add(
        STAT_LEAVES_MINTED, (int64_t)(signer_signed_count(s->signer) - before));
    service_answer(loop, peer, buf_str(&answer));
    buf_free(&answer);
}

static void signer_reload(void *state, struct conf *conf)
{
    struct signing *s = state;
    conf_unref(&s->conf);
    s->conf = conf;
}

int signer_main(const struct role_start *start)
{
    static const struct service_ops ops = {.open = signer_open,
        .handle = signer_answer,
        .tick = tell_expiry,
        .reload = signer_reload};
    return service_run(start, &ops);
}
