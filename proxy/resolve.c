/*
 * One struct lookup per name: first a question under way that any number of
 * queries wait for, then, for its time to live, the answer.  Both families
 * are asked at once and on their own, so that a server that never answers for
 * one of them costs little (RFC 8305 §3).
 */
#include "proxy/resolve.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ares.h>
#include <uthash.h>

#include "base/mem.h"

enum { FAMILY_V4, FAMILY_V6, FAMILIES };
enum { NAME_MAX_BYTES = 255, HOSTS_PER_NAME = 4 };

struct answer {
    struct net_address addresses[RESOLVE_ADDRESSES_MAX];
    size_t count;
    unsigned ttl_s;
    bool is_there;   /* c-ares is through with this family */
    bool is_failure; /* no server answered: nothing to remember */
};

struct lookup {
    struct resolver *owner;
    char name[NAME_MAX_BYTES + 1];
    struct answer answers[FAMILIES];
    unsigned asked;      /* families that c-ares still has a call for */
    bool is_done;        /* the result below is final */
    bool is_dropped;     /* out of the table: freed with the last call */
    uint64_t expires_ms; /* of a done one */
    uint64_t hurry_ms;   /* finish by then with what is there; 0: no */
    struct net_address addresses[RESOLVE_ADDRESSES_MAX];
    size_t count;
    struct resolve_query *waiters;
    UT_hash_handle hh; /* in the order of use */
};

/* Each c-ares call has one, because it cannot be taken back. */
struct question {
    struct lookup *lookup;
    int family;
};

struct resolve_query {
    struct deferred ready; /* first */
    struct lookup *lookup; /* NULL: answered */
    struct resolve_query *prev, *next;
    resolve_done_fn *done;
    void *owner;
    size_t count;
    struct net_address addresses[RESOLVE_ADDRESSES_MAX];
};

struct host_entry {
    char *name;
    struct net_address addresses[HOSTS_PER_NAME];
    size_t count;
    UT_hash_handle hh;
};

struct dns_socket {
    uv_poll_t poll;
    struct resolver *owner;
    ares_socket_t fd;
    struct dns_socket *prev, *next;
};

struct resolver {
    uv_loop_t *loop;
    ares_channel channel;
    struct ares_addr_port_node *system_servers;
    struct host_entry *hosts;
    struct lookup *lookups;
    size_t asked; /* calls that c-ares owes us */
    struct dns_socket *sockets;
    uv_timer_t timer;
    struct defer_queue *defer; /* the loop's */
    bool is_closing;
};

/* Waiting queries */

static void query_unlink(struct resolve_query *q)
{
    if (q->lookup == NULL)
        return;
    if (q->prev != NULL)
        q->prev->next = q->next;
    else
        q->lookup->waiters = q->next;
    if (q->next != NULL)
        q->next->prev = q->prev;
    q->lookup = NULL;
}

static void on_query_ready(struct deferred *self)
{
    struct resolve_query *q = (struct resolve_query *)self;
    q->done(q->owner, q->addresses, q->count);
    mem_free(q);
}

static void query_answer(struct resolver *r, struct resolve_query *q,
    const struct net_address *addresses, size_t count)
{
    q->count = count;
    if (count > 0)
        memcpy(q->addresses, addresses, count * sizeof *addresses);
    defer_push(r->defer, &q->ready);
}

void resolver_cancel(struct resolve_query **query)
{
    struct resolve_query *q = *query;
    if (q == NULL)
        return;
    *query = NULL;
    query_unlink(q);
    defer_cancel(&q->ready);
    mem_free(q);
}

/* Lookups */

static void lookup_free_if_over(struct lookup *l)
{
    if (l->is_dropped && l->asked == 0)
        mem_free(l);
}

static void lookup_drop(struct lookup *l)
{
    HASH_DEL(l->owner->lookups, l);
    l->is_dropped = true;
    lookup_free_if_over(l);
}

static void lookup_merge(struct lookup *l, const struct answer *a, size_t max)
{
    for (size_t i = 0;
         i < a->count && i < max && l->count < RESOLVE_ADDRESSES_MAX; i++)
        l->addresses[l->count++] = a->addresses[i];
}

static uint64_t lookup_lifetime_ms(const struct lookup *l)
{
    const struct answer *v4 = &l->answers[FAMILY_V4];
    const struct answer *v6 = &l->answers[FAMILY_V6];
    if (v4->is_failure || v6->is_failure || !v4->is_there || !v6->is_there)
        return 0; /* half an answer is not to be remembered */
    if (l->count == 0)
        return RESOLVE_NEGATIVE_MS;
    unsigned ttl = RESOLVE_TTL_MAX_S;
    for (int f = 0; f < FAMILIES; f++)
        if (l->answers[f].count > 0 && l->answers[f].ttl_s < ttl)
            ttl = l->answers[f].ttl_s;
    return (uint64_t)ttl * 1000;
}

static void lookup_finish(struct lookup *l)
{
    struct resolver *r = l->owner;
    size_t half = RESOLVE_ADDRESSES_MAX / 2;
    size_t v6 = l->answers[FAMILY_V6].count;
    size_t v4 = l->answers[FAMILY_V4].count;
    lookup_merge(l, &l->answers[FAMILY_V6],
        v4 < half ? RESOLVE_ADDRESSES_MAX - v4 : half);
    lookup_merge(l, &l->answers[FAMILY_V4],
        v6 < half ? RESOLVE_ADDRESSES_MAX - v6 : half);
    l->is_done = true;
    l->hurry_ms = 0;
    l->expires_ms = uv_now(r->loop) + lookup_lifetime_ms(l);
    while (l->waiters != NULL) {
        struct resolve_query *q = l->waiters;
        query_unlink(q);
        query_answer(r, q, l->addresses, l->count);
    }
    if (l->expires_ms == uv_now(r->loop))
        lookup_drop(l);
}

/* An answer, or the time for the missing one, has come. */
static void lookup_advance(struct lookup *l)
{
    const struct answer *v4 = &l->answers[FAMILY_V4];
    const struct answer *v6 = &l->answers[FAMILY_V6];
    uint64_t now = uv_now(l->owner->loop);
    if (l->is_done)
        return;
    if ((v4->is_there && v6->is_there) ||
        (l->hurry_ms != 0 && l->hurry_ms <= now))
        lookup_finish(l);
    else if (v4->is_there && v4->count > 0)
        l->hurry_ms = now + RESOLVE_WAIT_V6_MS;
    else if (v6->is_there && v6->count > 0)
        l->hurry_ms = now + RESOLVE_WAIT_V4_MS;
}

/* c-ares */

static void answer_take(struct answer *a, const struct ares_addrinfo *info)
{
    a->ttl_s = RESOLVE_TTL_MAX_S;
    for (const struct ares_addrinfo_node *n = info->nodes;
         n != NULL && a->count < RESOLVE_ADDRESSES_MAX; n = n->ai_next) {
        struct net_address *to = &a->addresses[a->count++];
        net_from_sockaddr(n->ai_addr, to);
        to->port = 0;
        unsigned ttl = n->ai_ttl > 0 ? (unsigned)n->ai_ttl : 0;
        if (ttl < a->ttl_s)
            a->ttl_s = ttl;
    }
}

static void on_answer(
    void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    (void)timeouts;
    struct question *question = arg;
    struct lookup *l = question->lookup;
    struct answer *a = &l->answers[question->family];
    mem_free(question);
    if (status == ARES_SUCCESS && info != NULL)
        answer_take(a, info);
    a->is_failure = status != ARES_SUCCESS && status != ARES_ENOTFOUND &&
                    status != ARES_ENODATA;
    if (info != NULL)
        ares_freeaddrinfo(info);
    a->is_there = true;
    l->asked--;
    l->owner->asked--;
    if (l->is_dropped)
        lookup_free_if_over(l);
    else if (!l->owner->is_closing)
        lookup_advance(l);
}

static void resolver_schedule(struct resolver *r);

static void resolver_process(
    struct resolver *r, ares_socket_t read_fd, ares_socket_t write_fd)
{
    ares_process_fd(r->channel, read_fd, write_fd);
    resolver_schedule(r);
}

static void on_dns_socket(uv_poll_t *poll, int status, int events)
{
    struct dns_socket *s = poll->data;
    bool reads = status < 0 || (events & UV_READABLE) != 0;
    bool writes = status < 0 || (events & UV_WRITABLE) != 0;
    resolver_process(s->owner, reads ? s->fd : ARES_SOCKET_BAD,
        writes ? s->fd : ARES_SOCKET_BAD);
}

static void on_dns_socket_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static struct dns_socket *dns_socket_new(struct resolver *r, ares_socket_t fd)
{
    struct dns_socket *s = MEM_NEW(struct dns_socket);
    s->owner = r;
    s->fd = fd;
    if (uv_poll_init(r->loop, &s->poll, fd) != 0) {
        mem_free(s); /* c-ares will run into its time-out */
        return NULL;
    }
    s->poll.data = s;
    s->next = r->sockets;
    if (s->next != NULL)
        s->next->prev = s;
    r->sockets = s;
    return s;
}

static void dns_socket_close(struct dns_socket *s)
{
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        s->owner->sockets = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    uv_close((uv_handle_t *)&s->poll, on_dns_socket_closed);
}

/* c-ares tells before it closes a socket (readable and writable 0). */
static void on_socket_state(
    void *owner, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = owner;
    struct dns_socket *s = r->sockets;
    while (s != NULL && s->fd != fd)
        s = s->next;
    if (!readable && !writable) {
        if (s != NULL)
            dns_socket_close(s);
        return;
    }
    if (s == NULL)
        s = dns_socket_new(r, fd);
    if (s != NULL)
        uv_poll_start(&s->poll,
            (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
            on_dns_socket);
}

/* Time */

static void resolver_hurry(struct resolver *r)
{
    struct lookup *l, *next;
    HASH_ITER(hh, r->lookups, l, next)
    {
        if (!l->is_done && l->hurry_ms != 0)
            lookup_advance(l);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct resolver *r = timer->data;
    resolver_hurry(r);
    resolver_process(r, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static uint64_t resolver_next_ms(struct resolver *r)
{
    struct timeval max = {.tv_sec = 1, .tv_usec = 0}, found;
    const struct timeval *t = ares_timeout(r->channel, &max, &found);
    uint64_t wait_ms = t == NULL ? 1000
                                 : (uint64_t)t->tv_sec * 1000 +
                                       (uint64_t)t->tv_usec / 1000 + 1;
    uint64_t now = uv_now(r->loop);
    for (struct lookup *l = r->lookups; l != NULL; l = l->hh.next)
        if (!l->is_done && l->hurry_ms != 0 && l->hurry_ms < now + wait_ms)
            wait_ms = l->hurry_ms > now ? l->hurry_ms - now : 0;
    return wait_ms;
}

static void resolver_schedule(struct resolver *r)
{
    if (r->is_closing)
        return;
    if (r->asked == 0)
        uv_timer_stop(&r->timer);
    else
        uv_timer_start(&r->timer, on_timer, resolver_next_ms(r), 0);
}

/* Asking */

static void lookup_ask(struct lookup *l, int family)
{
    struct question *question = MEM_NEW(struct question);
    question->lookup = l;
    question->family = family;
    l->asked++;
    l->owner->asked++;
    struct ares_addrinfo_hints hints = {
        .ai_family = family == FAMILY_V6 ? AF_INET6 : AF_INET,
        .ai_socktype = SOCK_STREAM,
        /* Sorting connects a socket to each address, and files are closed to
         * a worker; the order is ours (proxy/dial.c). */
        .ai_flags = ARES_AI_NOSORT,
    };
    ares_getaddrinfo(
        l->owner->channel, l->name, NULL, &hints, on_answer, question);
}

/* The oldest of those that nobody waits for. */
static bool resolver_make_room(struct resolver *r)
{
    if (HASH_COUNT(r->lookups) < RESOLVE_CACHE_MAX)
        return true;
    for (struct lookup *l = r->lookups; l != NULL; l = l->hh.next)
        if (l->is_done) {
            lookup_drop(l);
            return true;
        }
    return false;
}

static struct lookup *resolver_find(struct resolver *r, struct str host)
{
    struct lookup *l;
    HASH_FIND(hh, r->lookups, host.p, host.n, l);
    if (l == NULL || !l->is_done || l->expires_ms > uv_now(r->loop))
        return l;
    lookup_drop(l);
    return NULL;
}

static struct lookup *resolver_look_up(struct resolver *r, struct str host)
{
    if (!resolver_make_room(r))
        return NULL;
    struct lookup *l = MEM_NEW(struct lookup);
    l->owner = r;
    memcpy(l->name, host.p, host.n);
    HASH_ADD_KEYPTR(hh, r->lookups, l->name, host.n, l);
    return l;
}

/* A host whose last label is a number is an address in some spelling, and one
 * that net_parse_ip did not take: c-ares would read 0177.0.0.1 its own way
 * (P2). */
static bool ends_in_number(struct str host)
{
    if (str_ends(host, "."))
        host.n--;
    size_t start = host.n;
    while (start > 0 && host.p[start - 1] != '.')
        start--;
    struct str label = str_sub(host, start, host.n);
    if (str_starts_nocase(label, "0x"))
        return true;
    for (size_t i = 0; i < label.n; i++)
        if (label.p[i] < '0' || label.p[i] > '9')
            return false;
    return true;
}

static bool is_askable(struct str host)
{
    if (host.n == 0 || host.n > NAME_MAX_BYTES || ends_in_number(host))
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] <= ' ' || host.p[i] == 127)
            return false;
    return true;
}

static const struct host_entry *hosts_find(
    const struct resolver *r, struct str host)
{
    struct host_entry *entry = NULL;
    if (host.n > 0)
        HASH_FIND(hh, r->hosts, host.p, host.n, entry);
    return entry;
}

/* Waits for the lookup, starting it when it is a new one.  The query waits
 * before c-ares is asked, because that may answer at once. */
static void query_wait(
    struct resolver *r, struct resolve_query *q, struct lookup *l, bool is_new)
{
    q->lookup = l;
    q->next = l->waiters;
    if (q->next != NULL)
        q->next->prev = q;
    l->waiters = q;
    if (!is_new)
        return;
    l->asked++; /* holds it while both are asked */
    lookup_ask(l, FAMILY_V6);
    lookup_ask(l, FAMILY_V4);
    l->asked--;
    lookup_free_if_over(l);
    resolver_schedule(r);
}

struct resolve_query *resolver_ask(
    struct resolver *r, struct str host, resolve_done_fn *done, void *owner)
{
    struct resolve_query *q = MEM_NEW(struct resolve_query);
    q->ready.run = on_query_ready;
    q->done = done;
    q->owner = owner;
    const struct host_entry *known = hosts_find(r, host);
    if (known != NULL || !is_askable(host)) {
        query_answer(r, q, known != NULL ? known->addresses : NULL,
            known != NULL ? known->count : 0);
        return q;
    }
    struct lookup *l = resolver_find(r, host);
    bool is_new = l == NULL;
    if (is_new)
        l = resolver_look_up(r, host);
    if (l == NULL)
        query_answer(r, q, NULL, 0); /* too many names at once */
    else if (l->is_done)
        query_answer(r, q, l->addresses, l->count);
    else
        query_wait(r, q, l, is_new);
    return q;
}

/* /etc/hosts */

static void hosts_add(
    struct resolver *r, struct str name, const struct net_address *address)
{
    char lower[NAME_MAX_BYTES + 1];
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return;
    memcpy(lower, name.p, name.n);
    str_lower(lower, name.n);
    struct host_entry *entry;
    HASH_FIND(hh, r->hosts, lower, name.n, entry);
    if (entry == NULL) {
        entry = MEM_NEW(struct host_entry);
        entry->name = mem_memdup0(lower, name.n);
        HASH_ADD_KEYPTR(hh, r->hosts, entry->name, name.n, entry);
    }
    if (entry->count < HOSTS_PER_NAME)
        entry->addresses[entry->count++] = *address;
}

static bool next_word(struct str *rest, struct str *word_out)
{
    size_t i = 0;
    while (i < rest->n &&
           (rest->p[i] == ' ' || rest->p[i] == '\t' || rest->p[i] == '\r'))
        i++;
    size_t start = i;
    while (i < rest->n && rest->p[i] != ' ' && rest->p[i] != '\t' &&
           rest->p[i] != '\r')
        i++;
    *word_out = str_sub(*rest, start, i);
    *rest = str_sub(*rest, i, rest->n);
    return word_out->n > 0;
}

static void hosts_parse_line(struct resolver *r, struct str line)
{
    struct net_address address;
    struct str word;
    line = str_sub(line, 0, str_find_char(line, '#'));
    if (!next_word(&line, &word) || net_parse_ip(word, &address) != OK)
        return;
    while (next_word(&line, &word))
        hosts_add(r, word, &address);
}

static void hosts_load(struct resolver *r, const char *file)
{
    struct buf text = {0};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* none is as good as an empty one */
    ssize_t n;
    do {
        n = read(fd, buf_reserve(&text, 64 * 1024), 64 * 1024);
        if (n > 0)
            buf_commit(&text, (size_t)n);
    } while (n > 0 && text.n < RESOLVE_HOSTS_MAX_BYTES);
    (void)close(fd);
    struct str rest = buf_str(&text), line;
    while (str_split(&rest, '\n', &line))
        hosts_parse_line(r, line);
    buf_free(&text);
}

static void hosts_free(struct resolver *r)
{
    struct host_entry *entry, *next;
    HASH_ITER(hh, r->hosts, entry, next)
    {
        HASH_DEL(r->hosts, entry);
        mem_free(entry->name);
        mem_free(entry);
    }
}

/* Servers */

static void resolver_forget(struct resolver *r)
{
    struct lookup *l, *next;
    HASH_ITER(hh, r->lookups, l, next)
    {
        if (l->is_done)
            lookup_drop(l);
    }
}

enum err resolver_set_servers(
    struct resolver *r, const struct str_list *servers)
{
    struct buf list = {0};
    for (size_t i = 0; i < servers->count; i++)
        buf_printf(
            &list, "%s%.*s", i > 0 ? "," : "", STR_ARG(servers->items[i]));
    int status = servers->count > 0
                     ? ares_set_servers_ports_csv(r->channel, buf_cstr(&list))
                     : ares_set_servers_ports(r->channel, r->system_servers);
    buf_free(&list);
    resolver_forget(r);
    return status == ARES_SUCCESS ? OK : ERR_CONFIG;
}

/* Making and ending */

static enum err channel_open(struct resolver *r)
{
    char lookups[] = "b"; /* the file is ours: it must be read beforehand */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = RESOLVE_TRY_MS,
        .tries = RESOLVE_TRIES,
        .lookups = lookups,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = r,
    };
    /* No domains: a name is looked up as it stands, never `search`ed. */
    int mask = ARES_OPT_DOMAINS | ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
               ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return ERR_IO;
    if (ares_init_options(&r->channel, &options, mask) != ARES_SUCCESS)
        return ERR_IO;
    (void)ares_get_servers_ports(r->channel, &r->system_servers);
    return OK;
}

enum err resolver_new(uv_loop_t *loop, struct defer_queue *defer,
    const char *hosts_file, struct resolver **resolver_out)
{
    struct resolver *r = MEM_NEW(struct resolver);
    r->loop = loop;
    r->defer = defer;
    if (channel_open(r) != OK) {
        mem_free(r);
        return ERR_IO;
    }
    uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    hosts_load(r, hosts_file != NULL ? hosts_file : "/etc/hosts");
    *resolver_out = r;
    return OK;
}

static void on_resolver_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *r = *resolver;
    if (r == NULL)
        return;
    *resolver = NULL;
    r->is_closing = true;
    ares_destroy(r->channel); /* calls on_answer for what is open */
    ares_library_cleanup();
    if (r->system_servers != NULL)
        ares_free_data(r->system_servers);
    struct lookup *l, *next;
    HASH_ITER(hh, r->lookups, l, next)
    {
        while (l->waiters != NULL)
            query_unlink(l->waiters); /* stays its owner's, to be cancelled */
        lookup_drop(l);
    }
    hosts_free(r);
    uv_close((uv_handle_t *)&r->timer, on_resolver_closed);
}
