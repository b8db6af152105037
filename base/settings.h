/*
 * promptgate.yaml as one struct.  One table in settings_rows.c (key path, type,
 * min, max, default, unit, description) drives parsing, `check` and
 * docs/settings.md.  Lists and strings live in the struct's arena.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bundle.h"
#include "base/log.h"
#include "base/net.h"

enum alpn_mode { ALPN_MIRROR, ALPN_CLIENT_H1, ALPN_SERVER_H1 };
enum oversize { OVERSIZE_STREAM, OVERSIZE_BLOCK };
enum setting_failure { ON_FAILURE_BLOCK, ON_FAILURE_RECORD };

struct str_list {
    struct str *items; /* each followed by a NUL */
    size_t count;
};

struct resolve_entry { /* upstream.resolve: like curl --resolve */
    struct str host;
    uint16_t port;
    struct net_address address;
};

struct setting_role { /* oidc.roles */
    struct str value;
    int role; /* enum user_role */
};

struct setting_oidc { /* issuer empty: off */
    struct str issuer, name, client_id, secret_file, secret_env, name_claim,
        role_claim, ca_file, proxy;
    struct str_list scopes, domains;
    struct setting_role *roles;
    size_t roles_count;
    int default_role; /* 0: none; else enum user_role and one more */
    bool refuses_passwords;
};

struct host_file {   /* upstream.host_roots */
    struct str host; /* a pattern */
    struct str file;
};

struct settings {
    struct arena arena;
    /* listen */
    struct str_list listen_proxy, listen_console, listen_metrics;
    struct str data_dir, run_as, node;
    /* data_dir/store: all that the storer may open; data_dir/cache */
    struct str store_dir, cache_dir;
    int64_t workers; /* 0: one a core */
    struct str_list services, detectors;
    struct str policy;
    struct str_list alerts;
    /* clients */
    struct net_range *clients_allow;
    size_t clients_allow_count;
    bool proxy_auth_basic;
    struct str_list console_hosts;
    struct str console_url; /* without a closing slash; empty: as it is named */
    struct setting_oidc oidc;
    int64_t clients_max_connections, clients_max_per_address,
        clients_max_per_user;
    /* upstream */
    struct resolve_entry *resolve;
    size_t resolve_count;
    struct str_list extra_roots, crl;
    struct host_file *host_roots;
    size_t host_roots_count;
    bool ignore_missing_staple;
    struct str_list dns_servers; /* empty: /etc/resolv.conf */
    struct net_range *allow_private;
    size_t allow_private_count;
    uint16_t *ports;
    size_t ports_count;
    struct str_list bypass; /* host patterns as in service maps */
    /* tenant: "a,b" as the services' headers want them; empty: any */
    struct str tenant_workspaces, tenant_organizations;
    bool tenant_blocks_signed_out;
    int64_t limit_request_line, limit_field, limit_head, limit_fields;
    enum alpn_mode alpn;
    bool pac_default_proxy;
    bool before_forward; /* durability */
    bool fsync_group;
    /* hold */
    int64_t hold_max_bytes, hold_connection_bytes, hold_worker_bytes;
    enum oversize hold_oversize;
    int capture;                        /* enum capture of inspect/activity.h */
    enum setting_failure on_failure[6]; /* indexed as enum failure */
    /* extract: documents to text */
    struct {
        int64_t max_bytes, text_bytes, unpacked_bytes, members, depth, ratio,
            pages, timeout_ms, memory_bytes, jobs;
        struct str languages;
    } extract;
    /* evidence: texts around findings, sealed */
    struct {
        struct str public_key; /* base64, or a file; empty: none is kept */
        int keep, min_severity;
        bool is_whole;
        int64_t max_bytes;
    } evidence;
    /* names: of persons, as pseudonyms */
    struct {
        bool are_hidden;
        struct str key_file;
        struct str public_key; /* base64, or a file */
    } names;
    /* collect, audit_log, compliance_log: what is polled */
    struct str collect_proxy; /* URL; empty: none */
    struct setting_log {
        struct str base_url, principal, key_file, key_env;
        struct str_list event_types;
        bool tenant_only; /* audit_log: the types that need it, too */
        int64_t interval_ms, overlap_ms, first_ms, file_bytes;
    } audit_log, compliance_log;
    /* retention */
    int64_t retention_days, retention_bytes;
    struct str log_file; /* empty: standard error */
    enum log_format log_format;
    enum log_level log_level;
    /* timeouts, milliseconds */
    int64_t timeout_head, timeout_body, timeout_handshake, timeout_dial,
        timeout_idle, timeout_stream, timeout_response, timeout_file, drain;
};

/* Reads the bundle's BUNDLE_SETTINGS file.  Reports every mistake; the struct
 * is usable only when diag->count did not grow. */
void settings_load(const struct bundle *bundle, struct diag *diag,
    struct settings *settings_out);
void settings_free(struct settings *settings);
/* Whether it is to be polled: it has a key. */
bool setting_log_is_on(const struct setting_log *log);
/* The table as Markdown, for docs/settings.md. */
void settings_describe(struct buf *out);

#endif
