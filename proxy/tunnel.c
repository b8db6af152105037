#include "proxy/session_parts.h"

/*
 * Out of scope: bytes go through as they are, both ways, with half-close and
 * back-pressure.  Only the first bytes are peeked at, so that an in-scope
 * server name cannot hide behind an out-of-scope CONNECT; then nothing is
 * looked at any more.
 */

static void touch(struct session *s)
{
    s->deadline_ms =
        session_now(s) + (uint64_t)s->conf->settings.timeout_stream;
}

static void relay(
    struct session *s, struct link *from, struct link *to, struct str data)
{
    struct buf copy = {0};
    if (to == NULL)
        return;
    buf_append_str(&copy, data);
    s->world->ops->send(s->world, to, &copy);
    if (to->queued > LINK_QUEUE_HIGH && from != NULL && !from->is_paused)
        s->world->ops->pause(s->world, from);
    touch(s);
}

static void end_if_both_ended(struct session *s)
{
    if (s->client.got_eof && s->target_eof)
        session_close(s);
}

void tunnel_start(struct session *s)
{
    struct str first = buf_str(&s->peeked);
    session_set_state(s, SESSION_TUNNEL);
    if (first.n != 0)
        relay(s, s->client.link, s->target, first);
    buf_free(&s->peeked);
    touch(s);
    if (s->client.got_eof)
        s->world->ops->shutdown(s->world, s->target);
    end_if_both_ended(s);
}

void tunnel_on_client_bytes(struct session *s, struct str data)
{
    relay(s, s->client.link, s->target, data);
}

void tunnel_on_target_bytes(struct session *s, struct str data)
{
    relay(s, s->target, s->client.link, data);
}

void tunnel_on_client_eof(struct session *s)
{
    if (s->state == SESSION_PEEK) {
        if (s->action == TARGET_TUNNEL && s->target != NULL)
            tunnel_start(s);
        else
            session_fail(s);
        return;
    }
    if (s->target != NULL)
        s->world->ops->shutdown(s->world, s->target);
    end_if_both_ended(s);
}

void tunnel_on_target_eof(struct session *s)
{
    s->target_eof = true;
    if (s->state == SESSION_CONNECT)
        return;
    if (s->client.link != NULL)
        s->world->ops->shutdown(s->world, s->client.link);
    end_if_both_ended(s);
}

void tunnel_on_drained(struct session *s, struct link *link)
{
    struct link *source = link == s->target ? s->client.link : s->target;
    if (source != NULL && source->is_paused)
        s->world->ops->resume(s->world, source);
}

void tunnel_on_deadline(struct session *s)
{
    bool waits_for_first_byte =
        s->action == TARGET_TUNNEL && s->peeked.n == 0 && s->target != NULL;
    if (waits_for_first_byte)
        tunnel_start(s);
    else
        session_fail(s);
}
