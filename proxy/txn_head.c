#include "proxy/session_parts.h"

/*
 * What an exchange changes in the heads that pass through it: our own proxy
 * fields come out; on inspected hosts also what would keep us from reading
 * (dictionary encodings), what would lead browsers around us (Alt-Svc), and
 * whatever a client says about the tenants that are allowed: that is said here.
 * Everything else goes on as it came.
 */

/* Encodings that need a dictionary cannot be inspected: not offered on. */
static void drop_dictionary_encodings(struct head *head)
{
    struct str rest = head_get(head, "accept-encoding"), item;
    struct buf kept = {0};
    bool has_dropped = false;
    head_remove(head, "available-dictionary");
    head_remove(head, "dictionary-id");
    while (str_split(&rest, ',', &item)) {
        item = str_trim(item);
        if (str_starts_nocase(item, "dcb") || str_starts_nocase(item, "dcz"))
            has_dropped = true;
        else
            buf_printf(&kept, "%s%.*s", kept.n == 0 ? "" : ", ", STR_ARG(item));
    }
    if (has_dropped) /* else it goes on as it came, to the byte */
        head_set(head, "accept-encoding", buf_str(&kept));
    buf_free(&kept);
}

/* Some servers take "A_B" for "A-B". */
static bool is_same_header(struct str name, struct str header)
{
    if (name.n != header.n)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i] == '_' ? '-' : name.p[i];
        if (c != header.p[i])
            return false;
    }
    return true;
}

static bool is_tenant_header(const struct conf *conf, struct str name)
{
    struct str header;
    for (size_t i = 0; (header = service_tenant_header(conf->services, i)).n;
         i++)
        if (is_same_header(name, header))
            return true;
    return false;
}

/* Whatever the client says about tenants, in a head or in trailers. */
static void strip_tenants(const struct conf *conf, struct head *head)
{
    size_t kept = 0;
    for (size_t i = 0; i < head->count; i++)
        if (!is_tenant_header(conf, head->fields[i].name))
            head->fields[kept++] = head->fields[i];
    head->count = kept;
}

/* chatgpt-wire §8.1, §8.2.  The client's own copies go out first, on every
 * inspected host and under every map's name. */
static void set_tenant(struct txn *t)
{
    const struct conf *conf = t->session->conf;
    const struct service *service = NULL;
    strip_tenants(conf, t->request);
    (void)service_match_host(conf->services, t->host, &service);
    if (service == NULL)
        return;
    const struct service_tenant *tenant = service_tenant(service);
    struct str ids = tenant->ids == TENANT_WORKSPACES
                         ? conf->settings.tenant_workspaces
                         : conf->settings.tenant_organizations;
    if (tenant->header.n != 0 && ids.n != 0 &&
        service_tenant_has_host(tenant, t->host))
        head_add(t->request, tenant->header, ids);
}

void txn_prepare_trailers(struct txn *t)
{
    if (t->exchange != NULL && t->request_trailers != NULL)
        strip_tenants(t->session->conf, t->request_trailers);
}

void txn_prepare_request(struct txn *t)
{
    head_remove(t->request, "proxy-authorization");
    head_remove(t->request, "proxy-connection");
    if (t->exchange == NULL)
        return;
    drop_dictionary_encodings(t->request);
    set_tenant(t);
}

void txn_prepare_response(const struct txn *t, struct head *head)
{
    head_remove(head, "proxy-connection");
    if (t->exchange == NULL)
        return;
    head_remove(head, "alt-svc"); /* keeps browsers off QUIC (S7) */
    head_remove(head, "use-as-dictionary");
}
