/*
 * promptgate.yaml by one table: parser, `check` and docs/settings.md come from
 * it.  A default is YAML text and takes the way that the file's own value
 * takes, so that both are checked by the same code.
 */
#include "base/settings_parts.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/yaml.h"

enum setting_type {
    SETTING_TEXT,      /* struct str */
    SETTING_LIST,      /* struct str_list */
    SETTING_ENDPOINTS, /* struct str_list, each an address and port */
    SETTING_HOSTS,     /* struct str_list, each a host pattern */
    SETTING_INT,       /* int64_t */
    SETTING_WORD,      /* an enum: index of the word */
    SETTING_FLAG,      /* bool: the second word is true */
    SETTING_RANGES,
    SETTING_RESOLVE,
    SETTING_HOST_FILES,
    SETTING_PORTS,
    SETTING_UUIDS,         /* struct str: joined by commas */
    SETTING_ORGANIZATIONS, /* likewise, each org-… */
    SETTING_ROLES,         /* values of a claim to roles */
};

struct setting {
    const char *section, *key; /* section NULL: top level */
    enum setting_type type;
    size_t offset, count_offset;
    int64_t min, max;
    const char *const *words;
    const char *otherwise; /* YAML */
    const char *unit, *text;
};

static const char *const alpn_words[] = {
    "mirror", "client-h1", "server-h1", NULL};
static const char *const auth_words[] = {"none", "basic", NULL};
static const char *const off_words[] = {"off", "on", NULL};
static const char *const staple_words[] = {"refuse", "ignore", NULL};
static const char *const signed_out_words[] = {"allow", "block", NULL};
static const char *const pac_words[] = {"direct", "proxy", NULL};
static const char *const durability_words[] = {"async", "before-forward", NULL};
static const char *const fsync_words[] = {"none", "group", NULL};
static const char *const oversize_words[] = {"stream", "block", NULL};
static const char *const capture_words[] = {"none", "sample", "full", NULL};
static const char *const failure_words[] = {"block", "record", NULL};
static const char *const keep_words[] = {"block", "alert", "all", NULL};
static const char *const severity_words[] = {"low", "medium", "high", NULL};
static const char *const evidence_words[] = {"around", "whole", NULL};
static const char *const local_login_words[] = {"on", "off", NULL};
/* In the order of enum user_role, behind "none". */
static const char *const role_words[] = {
    "none", "analyst", "investigator", "administrator", "auditor", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const level_words[] = {
    "error", "warn", "info", "debug", NULL};

#define AT(member) offsetof(struct settings, member)
#define TEXT(section, key, member, otherwise, text)                            \
    {                                                                          \
        section, key, SETTING_TEXT, AT(member), 0, 0, 0, NULL, otherwise, "",  \
            text                                                               \
    }
#define LIST(section, key, type, member, otherwise, text)                      \
    {                                                                          \
        section, key, type, AT(member), 0, 0, 0, NULL, otherwise, "", text     \
    }
#define ARRAY(section, key, type, member, otherwise, text)                     \
    {                                                                          \
        section, key, type, AT(member), AT(member##_count), 0, 0, NULL,        \
            otherwise, "", text                                                \
    }
#define INT(section, key, member, min, max, otherwise, unit, text)             \
    {                                                                          \
        section, key, SETTING_INT, AT(member), 0, min, max, NULL, otherwise,   \
            unit, text                                                         \
    }
#define WORD(section, key, type, member, words, otherwise, text)               \
    {                                                                          \
        section, key, type, AT(member), 0, 0, 0, words, otherwise, "", text    \
    }
#define ON_FAILURE(key, index, text)                                           \
    {                                                                          \
        "on_failure", key, SETTING_WORD,                                       \
            AT(on_failure) + index * sizeof(enum setting_failure), 0, 0, 0,    \
            failure_words, "block", "", text                                   \
    }

/* What every log that is polled has. */
#define POLLED_LOG(section, member, address)                                   \
    TEXT(section, "base_url", member.base_url, address,                        \
        "where it is; plain http only to a loopback address"),                 \
        TEXT(section, "key_file", member.key_file, "",                         \
            "file with the key that it is read with, beside this one or by "   \
            "its whole path; neither this nor key_env: it is not read"),       \
        TEXT(section, "key_env", member.key_env, "",                           \
            "or the environment variable that holds the key")

static const int64_t GIB = INT64_C(1) << 30, DAY_MS = 86400000;

enum { TENANT_IDS_MAX = 64, ORGANIZATION_BYTES_MAX = 64 };
enum { WORKERS_MAX = 48 }; /* slots of base/stats.h, less the other roles */

/* clang-format off */
static const struct setting table[] = {
    LIST("listen", "proxy", SETTING_ENDPOINTS, listen_proxy,
        "\"127.0.0.1:8080\"", "where clients reach the proxy and its PAC file"),
    LIST("listen", "console", SETTING_ENDPOINTS, listen_console,
        "\"127.0.0.1:8443\"", "the console, HTTPS"),
    LIST("listen", "metrics", SETTING_ENDPOINTS, listen_metrics,
        "\"127.0.0.1:9090\"", "/metrics for Prometheus, plain HTTP"),
    TEXT(NULL, "data_dir", data_dir, "/var/lib/promptgate",
        "CA, store, journal, logins; created if absent. Started as an ordinary "
        "user that cannot write to the default, ~/.local/state/promptgate (or "
        "below $XDG_STATE_HOME) is used"),
    TEXT(NULL, "run_as", run_as, "promptgate",
        "user that the roles run as when started as root"),
    TEXT(NULL, "node", node, "",
        "name of this gateway in its records; empty: the host name"),
    INT(NULL, "workers", workers, 0, WORKERS_MAX, "0", "",
        "worker processes; 0: one a core"),
    LIST(NULL, "services", SETTING_LIST, services,
        "[services/chatgpt.yaml, services/openai-api.yaml, "
        "services/openai-admin.yaml]",
        "service maps, relative to this file"),
    LIST(NULL, "detectors", SETTING_LIST, detectors, "[detectors/]",
        "detection rules: files, or folders of .yaml files"),
    TEXT(NULL, "policy", policy, "policy.yaml", "what is allowed, alerted, "
        "blocked"),
    LIST(NULL, "alerts", SETTING_LIST, alerts, "[alerts.yaml]",
        "rules of alerts about what has happened; the default need not be "
        "there"),
    ARRAY("clients", "allow", SETTING_RANGES, clients_allow,
        "[\"127.0.0.0/8\", \"::1/128\"]", "networks that may use the proxy"),
    WORD("clients", "proxy_auth", SETTING_FLAG, proxy_auth_basic, auth_words,
        "none", "basic: a login made with `promptgate user` is demanded"),
    INT("clients", "max_connections", clients_max_connections, 1, 1000000,
        "20000", "", "client connections at once, of one worker"),
    INT("clients", "max_per_address", clients_max_per_address, 1, 1000000,
        "2000", "", "client connections at once from one address, of one "
        "worker"),
    INT("clients", "max_per_user", clients_max_per_user, 0, 1000000, "2000",
        "", "client connections at once of one login, from whatever addresses, "
        "of one worker (503); 0: no bound"),
    LIST("console", "hosts", SETTING_HOSTS, console_hosts, "[]",
        "names that browsers reach the console by, besides its addresses, "
        "localhost and `node`"),
    TEXT("console", "url", console_url, "",
        "where people reach it, https://HOST[:PORT]: what an identity provider "
        "leads back to; empty: as the browser names it"),
    TEXT("oidc", "issuer", oidc.issuer, "",
        "of the OpenID Connect provider that people sign in to the console "
        "with: https://…; empty: none"),
    TEXT("oidc", "name", oidc.name, "",
        "of it, on the login page; empty: the issuer's host"),
    TEXT("oidc", "client_id", oidc.client_id, "", "what it knows us by"),
    TEXT("oidc", "secret_file", oidc.secret_file, "",
        "file with the client's secret, beside this one or by its whole path; "
        "neither this nor secret_env: a public client, by PKCE alone"),
    TEXT("oidc", "secret_env", oidc.secret_env, "",
        "or the environment variable that holds it"),
    LIST("oidc", "scopes", SETTING_LIST, oidc.scopes,
        "[openid, email, profile]", "that are asked for"),
    TEXT("oidc", "name_claim", oidc.name_claim, "email",
        "claim of the ID token that is the user's name here; `email` only with "
        "email_verified"),
    TEXT("oidc", "role_claim", oidc.role_claim, "groups",
        "claim with the values that `roles` names; a/b: b within a"),
    ARRAY("oidc", "roles", SETTING_ROLES, oidc.roles, "{}",
        "values to roles: {\"dlp-admins\": administrator}; the first that "
        "somebody has counts"),
    WORD("oidc", "default_role", SETTING_WORD, oidc.default_role, role_words,
        "none", "of those without such a value; none: they are refused"),
    LIST("oidc", "domains", SETTING_LIST, oidc.domains, "[]",
        "what stands behind the @ of names; empty: any"),
    TEXT("oidc", "ca_file", oidc.ca_file, "",
        "PEM: whom the provider's certificates must be of; empty: the system's "
        "roots and upstream.extra_roots"),
    TEXT("oidc", "proxy", oidc.proxy, "",
        "URL of an HTTP proxy that it is reached by"),
    WORD("oidc", "local_login", SETTING_FLAG, oidc.refuses_passwords,
        local_login_words, "on", "off: no passwords in the console"),
    ARRAY("upstream", "resolve", SETTING_RESOLVE, resolve, "{}",
        "like curl --resolve: {\"chatgpt.com:443\": \"127.0.0.1:9443\"}; such "
        "addresses are allowed even if private"),
    LIST("upstream", "extra_roots", SETTING_LIST, extra_roots, "[]",
        "PEM files trusted besides the system's roots"),
    ARRAY("upstream", "host_roots", SETTING_HOST_FILES, host_roots, "{}",
        "PEM files trusted for some hosts only, besides all others: "
        "{\".lab.example\": lab.pem}; the first pattern that fits counts"),
    LIST("upstream", "crl", SETTING_LIST, crl, "[]",
        "PEM files of revocation lists"),
    WORD("upstream", "missing_staple", SETTING_FLAG, ignore_missing_staple,
        staple_words, "refuse", "an origin whose certificate demands a stapled "
        "OCSP answer (must-staple) and that sends no good one"),
    LIST("upstream", "dns_servers", SETTING_LIST, dns_servers, "[]",
        "name servers; empty: those of /etc/resolv.conf"),
    ARRAY("upstream", "allow_private", SETTING_RANGES, allow_private, "[]",
        "networks that CONNECT may reach besides public ones"),
    ARRAY("upstream", "ports", SETTING_PORTS, ports, "[443, 80]",
        "ports that CONNECT may reach"),
    LIST(NULL, "bypass", SETTING_HOSTS, bypass, "[]",
        "hosts tunnelled although a map names them"),
    LIST("tenant", "chatgpt_workspaces", SETTING_UUIDS, tenant_workspaces, "[]",
        "workspaces that may be used on chatgpt.com: UUIDs; empty: any"),
    LIST("tenant", "api_organizations", SETTING_ORGANIZATIONS,
        tenant_organizations, "[]", "organizations whose keys may be used on "
        "api.openai.com: org-…; empty: any"),
    WORD("tenant", "signed_out", SETTING_FLAG, tenant_blocks_signed_out,
        signed_out_words, "allow", "block: ChatGPT without a sign-in is "
        "refused"),
    INT("limits", "request_line", limit_request_line, 1024, 1048576, "32768",
        "bytes", "of a request's first line (414)"),
    INT("limits", "field", limit_field, 1024, 1048576, "32768", "bytes",
        "of one header field; the services' own reach 30 KiB (431)"),
    INT("limits", "head", limit_head, 4096, 4194304, "131072", "bytes",
        "of all fields of a head, or of trailers (431)"),
    INT("limits", "fields", limit_fields, 10, 10000, "200", "",
        "fields of a head, or of trailers (431)"),
    WORD(NULL, "alpn", SETTING_WORD, alpn, alpn_words, "mirror",
        "mirror: the same HTTP version on both sides"),
    WORD("pac", "default", SETTING_FLAG, pac_default_proxy, pac_words, "direct",
        "what the PAC file says of hosts that no map names"),
    WORD(NULL, "durability", SETTING_FLAG, before_forward, durability_words,
        "before-forward", "whether a request waits for its record"),
    WORD(NULL, "fsync", SETTING_FLAG, fsync_group, fsync_words, "none",
        "none survives any process crash, group power loss too"),
    INT("hold", "max_bytes", hold_max_bytes, 4096, INT64_C(256) << 20,
        "8388608", "bytes", "of one request body held for its verdict"),
    INT("hold", "connection_bytes", hold_connection_bytes, 4096, 4 * GIB,
        "33554432", "bytes", "held on one client connection: above it reading "
        "pauses"),
    INT("hold", "worker_bytes", hold_worker_bytes, 4096, 1024 * GIB,
        "536870912", "bytes", "held by one worker: above it reading pauses"),
    WORD("hold", "oversize", SETTING_WORD, hold_oversize, oversize_words,
        "stream", "larger bodies of upload routes: scanned in slices, the end "
        "withheld; or refused"),
    WORD(NULL, "capture", SETTING_WORD, capture, capture_words, "sample",
        "text in records: none, at most 120 bytes masked, or all"),
    ON_FAILURE("parse", 0, "a body that is not what its type says"),
    ON_FAILURE("limit", 1, "a body beyond a limit"),
    ON_FAILURE("decode", 2, "a content encoding that cannot be undone"),
    ON_FAILURE("extract", 3, "a document whose text cannot be had"),
    ON_FAILURE("scan", 4, "a scan that failed"),
    ON_FAILURE("store", 5, "a record that cannot be made durable"),
    INT("extract", "max_bytes", extract.max_bytes, 1, INT64_C(256) << 20,
        "33554432", "bytes", "of a file whose text is extracted; larger ones "
        "are unreadable"),
    INT("extract", "text_bytes", extract.text_bytes, 4096, INT64_C(256) << 20,
        "16777216", "bytes", "of text taken out of one file"),
    INT("extract", "unpacked_bytes", extract.unpacked_bytes, 4096, GIB,
        "268435456", "bytes", "of all members of one file's archives"),
    INT("extract", "members", extract.members, 1, 1000000, "10000", "",
        "of all archives in one file"),
    INT("extract", "depth", extract.depth, 1, 32, "8", "",
        "archives within archives"),
    INT("extract", "ratio", extract.ratio, 10, 100000, "250", "",
        "unpacked to packed, above 1 MiB: beyond it a member is a bomb"),
    INT("extract", "pages", extract.pages, 0, 10000, "20", "",
        "pictures and scanned pages of one file that OCR reads; 0: none"),
    INT("extract", "timeout", extract.timeout_ms, 100, 600000, "20000", "ms",
        "for one file"),
    INT("extract", "memory_bytes", extract.memory_bytes, INT64_C(256) << 20,
        64 * GIB, "1073741824", "bytes", "of each process that reads one "
        "file"),
    INT("extract", "jobs", extract.jobs, 0, 256, "0", "",
        "files read at once; 0: one a core"),
    TEXT("extract", "languages", extract.languages, "eng",
        "of OCR, as tesseract names them: eng+deu"),
    TEXT("evidence", "public_key", evidence.public_key, "",
        "of the administrator who may read it: a file beside this one, or the "
        "key's base64; empty: none is kept. `promptgate evidence keygen` makes "
        "a pair"),
    WORD("evidence", "keep", SETTING_WORD, evidence.keep, keep_words, "alert",
        "of blocked activities, of alerts too, or of all with a finding"),
    WORD("evidence", "min_severity", SETTING_WORD, evidence.min_severity,
        severity_words, "low", "of the findings whose text is kept"),
    WORD("evidence", "text", SETTING_FLAG, evidence.is_whole, evidence_words,
        "around", "256 bytes on either side of each finding, or the whole "
        "text where it fits max_bytes"),
    INT("evidence", "max_bytes", evidence.max_bytes, 1024, INT64_C(8) << 20,
        "65536", "bytes", "of text kept of one activity"),
    WORD("names", "pseudonyms", SETTING_FLAG, names.are_hidden, off_words,
        "off", "on: names of persons are pseudonyms in all that is stored; "
        "needs the two keys below"),
    TEXT("names", "key_file", names.key_file, "",
        "file with the keys that pseudonyms are made with, beside this one or "
        "by its whole path, for its owner alone. `promptgate names rotate` "
        "makes it"),
    TEXT("names", "public_key", names.public_key, "",
        "that the names are sealed to: a file beside this one, or the key's "
        "base64. `promptgate names keygen` makes it, with two halves for two "
        "people"),
    POLLED_LOG("audit_log", audit_log, "https://api.openai.com/v1"),
    LIST("audit_log", "event_types", SETTING_LIST, audit_log.event_types,
        "[]", "of the events that are asked for; empty: all"),
    WORD("audit_log", "tenant_only", SETTING_FLAG, audit_log.tenant_only,
        off_words, "off", "on: the types of the tenant, too, one call each"),
    INT("audit_log", "interval", audit_log.interval_ms, 1000, DAY_MS, "60000",
        "ms", "between two polls"),
    INT("audit_log", "overlap", audit_log.overlap_ms, 0, DAY_MS, "600000",
        "ms", "asked for again each time: events come late"),
    INT("audit_log", "first", audit_log.first_ms, 0, 366 * DAY_MS,
        "604800000", "ms", "how far back the first poll goes"),
    POLLED_LOG("compliance_log", compliance_log, "https://api.chatgpt.com/v1"),
    TEXT("compliance_log", "workspace", compliance_log.principal, "",
        "UUID of the workspace, or org-… of an organization"),
    LIST("compliance_log", "event_types", SETTING_LIST, compliance_log.event_types,
        "[AUTH_LOG, AUDIT_LOG, CONVERSATION_MESSAGE]", "of the events that are asked for"),
    INT("compliance_log", "interval", compliance_log.interval_ms, 1000, DAY_MS,
        "300000", "ms", "between two polls"),
    INT("compliance_log", "overlap", compliance_log.overlap_ms, 0, 30 * DAY_MS,
        "3600000", "ms", "listed again each time: files come late"),
    INT("compliance_log", "first", compliance_log.first_ms, 0, 30 * DAY_MS,
        "604800000", "ms", "how far back the first poll goes"),
    INT("compliance_log", "max_file_bytes", compliance_log.file_bytes, 4096,
        GIB, "268435456", "bytes", "of one file; a larger one is passed over "
        "with an alarm"),
    TEXT("collect", "proxy", collect_proxy, "",
        "URL of an HTTP proxy that these logs are reached by"),
    INT("retention", "days", retention_days, 1, 36500, "30", "days",
        "records older than that are removed"),
    INT("retention", "bytes", retention_bytes, 1 << 20, INT64_C(1) << 50,
        "10737418240", "bytes", "above it the oldest records are removed"),
    TEXT("log", "file", log_file, "",
        "appended to, and opened anew at each SIGHUP: rename it, then send one; "
        "empty: standard error"),
    WORD("log", "format", SETTING_WORD, log_format, format_words, "text",
        "key=value, or one JSON object a line"),
    WORD("log", "level", SETTING_WORD, log_level, level_words, "info",
        "events below it are not written"),
    INT("timeouts", "head", timeout_head, 1, DAY_MS, "60000", "ms",
        "for a complete request head"),
    INT("timeouts", "body", timeout_body, 1, DAY_MS, "120000", "ms",
        "between two pieces of a request body"),
    INT("timeouts", "handshake", timeout_handshake, 1, DAY_MS, "15000", "ms",
        "for a TLS handshake on either side"),
    INT("timeouts", "dial", timeout_dial, 1, DAY_MS, "15000", "ms",
        "for resolving and connecting"),
    INT("timeouts", "idle", timeout_idle, 1, DAY_MS, "120000", "ms",
        "a kept-alive connection without a request"),
    INT("timeouts", "stream", timeout_stream, 1, DAY_MS, "900000", "ms",
        "an open answer or tunnel without a byte"),
    INT("timeouts", "response", timeout_response, 1, DAY_MS, "900000", "ms",
        "for the first byte of an answer"),
    INT("timeouts", "file", timeout_file, 1, 30 * DAY_MS, "600000", "ms",
        "for what the record of a file announced or linked waits for (its "
        "bytes, its name): then it is closed, until that comes all the same"),
    INT("timeouts", "drain", drain, 0, DAY_MS, "10000", "ms",
        "for what runs to end after SIGTERM"),
};
/* clang-format on */

struct reader {
    struct yaml_doc *doc;
    struct settings *settings;
};

static void *member(struct reader *r, size_t offset)
{
    return (char *)r->settings + offset;
}

static void set_list(struct reader *r, size_t offset, struct yaml_strs from)
{
    struct str_list list = {NULL, from.count};
    list.items =
        arena_alloc(&r->settings->arena, from.count * sizeof *list.items + 1);
    for (size_t i = 0; i < from.count; i++)
        list.items[i] = arena_copy(&r->settings->arena, from.items[i]);
    memcpy(member(r, offset), &list, sizeof list);
}

static bool is_host_pattern(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '.' && c != '*' && c != '_')
            return false;
    }
    return s.n > 0 && s.n <= 253;
}

static void read_list(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    const struct yaml_node *node = yaml_get(map, s->key);
    for (size_t i = 0; i < strs.count; i++) {
        struct net_address address;
        if (s->type == SETTING_ENDPOINTS &&
            net_parse_endpoint(strs.items[i], &address) != OK)
            yaml_mistake(r->doc, node,
                "%s: \"%.*s\" is no address with a port, like "
                "\"127.0.0.1:8080\" or \"[::1]:8080\"",
                s->key, STR_ARG(strs.items[i]));
        if (s->type == SETTING_HOSTS && !is_host_pattern(strs.items[i]))
            yaml_mistake(r->doc, node,
                "%s: \"%.*s\" is no host pattern: name.example, "
                ".name.example, or na*.example; lower case",
                s->key, STR_ARG(strs.items[i]));
    }
    if (s->type == SETTING_ENDPOINTS && strs.count == 0)
        yaml_mistake(r->doc, node, "%s needs at least one address", s->key);
    set_list(r, s->offset, strs);
}

static void read_ranges(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    struct net_range *ranges =
        arena_alloc(&r->settings->arena, strs.count * sizeof *ranges + 1);
    for (size_t i = 0; i < strs.count; i++)
        if (net_parse_range(strs.items[i], &ranges[i]) != OK)
            yaml_mistake(r->doc, yaml_get(map, s->key),
                "%s: \"%.*s\" is no network, like \"10.0.0.0/8\" or "
                "\"fd00::/8\"",
                s->key, STR_ARG(strs.items[i]));
    memcpy(member(r, s->offset), &ranges, sizeof ranges);
    memcpy(member(r, s->count_offset), &strs.count, sizeof strs.count);
}

static void read_ports(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    r->settings->ports = arena_alloc(
        &r->settings->arena, strs.count * sizeof *r->settings->ports + 1);
    r->settings->ports_count = strs.count;
    for (size_t i = 0; i < strs.count; i++) {
        uint64_t port = 0;
        if (str_to_u64(strs.items[i], &port) != OK || port == 0 || port > 65535)
            yaml_mistake(r->doc, yaml_get(map, s->key),
                "%s: \"%.*s\" is no port (1 to 65535)", s->key,
                STR_ARG(strs.items[i]));
        r->settings->ports[i] = (uint16_t)port;
    }
}

bool settings_is_uuid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? s.p[i] != '-' : str_hex_value(s.p[i]) < 0)
            return false;
    }
    return s.n == 36;
}

bool settings_is_organization(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_word = (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_word)
            return false;
    }
    return str_starts(s, "org-") && s.n > 4 && s.n <= ORGANIZATION_BYTES_MAX;
}

/* As the service's header wants them: one malformed id and it answers 400 to
 * everything. */
static void read_tenants(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    const struct yaml_node *node = yaml_get(map, s->key);
    bool are_uuids = s->type == SETTING_UUIDS;
    struct buf joined = {0};
    for (size_t i = 0; i < strs.count; i++) {
        struct str id = strs.items[i];
        if (are_uuids ? !settings_is_uuid(id) : !settings_is_organization(id))
            yaml_mistake(r->doc, node, "%s: \"%.*s\" is no id, like %s", s->key,
                STR_ARG(id),
                are_uuids ? "8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01"
                          : "org-AbC123");
        buf_printf(&joined, "%s%.*s", i == 0 ? "" : ",", STR_ARG(id));
    }
    if (strs.count > TENANT_IDS_MAX)
        yaml_mistake(
            r->doc, node, "%s: more than %d ids", s->key, TENANT_IDS_MAX);
    struct str value = arena_copy(&r->settings->arena, buf_str(&joined));
    memcpy(member(r, s->offset), &value, sizeof value);
    buf_free(&joined);
}

/* "chatgpt.com:443" -> lower-case host and port. */
static enum err parse_host_port(
    struct reader *r, struct str text, struct resolve_entry *out)
{
    size_t colon = str_find_char(text, ':');
    uint64_t port;
    struct str host = arena_lower(&r->settings->arena, str_sub(text, 0, colon));
    if (!is_host_pattern(host) || str_has(host, "*") || colon == text.n ||
        str_to_u64(str_sub(text, colon + 1, text.n), &port) != OK ||
        port == 0 || port > 65535)
        return ERR_PARSE;
    out->host = host;
    out->port = (uint16_t)port;
    return OK;
}

/* The setting's value; NULL: none, or another thing than a map, which is told.
 */
static const struct yaml_node *map_of(struct reader *r, const struct setting *s,
    const struct yaml_node *map, const char *example)
{
    const struct yaml_node *node = yaml_get(map, s->key);
    if (node == NULL || node->kind == YAML_KIND_NULL)
        return NULL;
    if (node->kind == YAML_KIND_MAP)
        return node;
    yaml_mistake(r->doc, node, "%s must be a map: %s", s->key, example);
    return NULL;
}

static void read_resolve(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    const struct yaml_node *node =
        map_of(r, s, map, "{\"chatgpt.com:443\": \"127.0.0.1:9443\"}");
    if (node == NULL)
        return;
    struct resolve_entry *entries =
        arena_alloc(&r->settings->arena, node->count * sizeof *entries + 1);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        if (parse_host_port(r, pair->key, &entries[i]) != OK ||
            pair->value->kind != YAML_KIND_SCALAR ||
            net_parse_endpoint(pair->value->text, &entries[i].address) != OK)
            yaml_mistake(r->doc, pair->value,
                "%s: \"%.*s\" must map HOST:PORT to ADDRESS:PORT, like "
                "\"chatgpt.com:443\": \"127.0.0.1:9443\"",
                s->key, STR_ARG(pair->key));
    }
    r->settings->resolve = entries;
    r->settings->resolve_count = node->count;
}

static void read_host_files(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    const struct yaml_node *node =
        map_of(r, s, map, "{\".lab.example\": lab.pem}");
    if (node == NULL)
        return;
    struct host_file *files =
        arena_alloc(&r->settings->arena, node->count * sizeof *files + 1);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        bool is_file =
            pair->value->kind == YAML_KIND_SCALAR && pair->value->text.n > 0;
        if (!is_host_pattern(pair->key) || !is_file)
            yaml_mistake(r->doc, pair->value,
                "%s: \"%.*s\" must map a host pattern (name.example, "
                ".name.example, or na*.example; lower case) to a file",
                s->key, STR_ARG(pair->key));
        files[i].host = arena_copy(&r->settings->arena, pair->key);
        files[i].file = is_file
                            ? arena_copy(&r->settings->arena, pair->value->text)
                            : STR_NONE;
    }
    r->settings->host_roots = files;
    r->settings->host_roots_count = node->count;
}

static void read_word(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    int word = yaml_word(r->doc, map, s->key, s->words, 0);
    if (s->type == SETTING_FLAG) {
        bool is_second = word == 1;
        memcpy(member(r, s->offset), &is_second, sizeof is_second);
    } else {
        memcpy(member(r, s->offset), &word, sizeof word);
    }
}

static void read_text(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    struct str text =
        arena_copy(&r->settings->arena, yaml_str(r->doc, map, s->key, STR("")));
    memcpy(member(r, s->offset), &text, sizeof text);
}

static void read_value(
    struct reader *r, const struct setting *s, const struct yaml_node *map)
{
    switch (s->type) {
    case SETTING_TEXT:
        read_text(r, s, map);
        break;
    case SETTING_LIST:
    case SETTING_ENDPOINTS:
    case SETTING_HOSTS:
        read_list(r, s, map);
        break;
    case SETTING_INT: {
        int64_t value = yaml_int(r->doc, map, s->key, s->min, s->max, s->min);
        memcpy(member(r, s->offset), &value, sizeof value);
        break;
    }
    case SETTING_WORD:
    case SETTING_FLAG:
        read_word(r, s, map);
        break;
    case SETTING_RANGES:
        read_ranges(r, s, map);
        break;
    case SETTING_RESOLVE:
        read_resolve(r, s, map);
        break;
    case SETTING_HOST_FILES:
        read_host_files(r, s, map);
        break;
    case SETTING_PORTS:
        read_ports(r, s, map);
        break;
    case SETTING_UUIDS:
    case SETTING_ORGANIZATIONS:
        read_tenants(r, s, map);
        break;
    case SETTING_ROLES:
        settings_read_roles(r->doc, map, r->settings);
        break;
    }
}

/* The default takes the same way as a document of its own. */
static void read_default(struct reader *r, const struct setting *s)
{
    struct buf text = {0};
    buf_printf(&text, "%s: %s\n", s->key, s->otherwise);
    struct reader own = {
        yaml_parse("default", buf_str(&text), r->doc->diag), r->settings};
    if (own.doc != NULL)
        read_value(&own, s, own.doc->root);
    yaml_free(&own.doc);
    buf_free(&text);
}

static bool is_of(const struct setting *s, const char *section)
{
    return s->section == section || (s->section != NULL && section != NULL &&
                                        strcmp(s->section, section) == 0);
}

/* The keys of a section; of the top level also the sections' names. */
static void check_keys(
    struct reader *r, const struct yaml_node *map, const char *section)
{
    const char *allowed[ARRAY_LEN(table) + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *name = is_of(&table[i], section) ? table[i].key
                           : section == NULL         ? table[i].section
                                                     : NULL;
        bool is_new = name != NULL &&
                      (count == 0 || strcmp(allowed[count - 1], name) != 0);
        if (is_new)
            allowed[count++] = name;
    }
    yaml_check_keys(r->doc, map, allowed);
}

static void check_sections(struct reader *r)
{
    const struct yaml_node *root = r->doc->root;
    if (root->kind == YAML_KIND_NULL)
        return;
    check_keys(r, root, NULL);
    const char *last = NULL;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *section = table[i].section;
        if (section == NULL || (last != NULL && strcmp(last, section) == 0))
            continue;
        last = section;
        const struct yaml_node *map = yaml_get(root, section);
        if (map != NULL && map->kind != YAML_KIND_NULL)
            check_keys(r, map, section);
    }
}

static void read_all(struct reader *r)
{
    check_sections(r);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *s = &table[i];
        const struct yaml_node *map = s->section != NULL
                                          ? yaml_get(r->doc->root, s->section)
                                          : r->doc->root;
        const struct yaml_node *node = yaml_get(map, s->key);
        if (node != NULL && node->kind != YAML_KIND_NULL)
            read_value(r, s, map);
        else
            read_default(r, s);
    }
}

static void set_node(struct settings *s)
{
    char name[65] = "";
    if (s->node.n > 0 || gethostname(name, sizeof name - 1) != 0)
        return;
    s->node = arena_copy(&s->arena, str_of(name));
}

static struct str below_data_dir(struct settings *s, const char *name)
{
    return str_of(
        arena_printf(&s->arena, "%.*s/%s", STR_ARG(s->data_dir), name));
}

void settings_load(const struct bundle *bundle, struct diag *diag,
    struct settings *settings_out)
{
    *settings_out = (struct settings){0};
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_SETTINGS);
    if (file == NULL) {
        if (diag->count == 0) /* else why has been told */
            diag_add(diag, "promptgate.yaml", 1, "there is no settings file");
        return;
    }
    struct reader r = {
        yaml_parse(file->name.p, file->text, diag), settings_out};
    if (r.doc == NULL)
        return;
    read_all(&r);
    settings_check(r.doc, settings_out);
    yaml_free(&r.doc);
    set_node(settings_out);
    const struct bundle_file *dir = bundle_first(bundle, BUNDLE_DATA_DIR);
    if (dir != NULL)
        settings_out->data_dir = arena_copy(&settings_out->arena, dir->name);
    settings_out->store_dir = below_data_dir(settings_out, "store");
    settings_out->cache_dir = below_data_dir(settings_out, "cache");
}

void settings_free(struct settings *settings)
{
    arena_free(&settings->arena);
    *settings = (struct settings){0};
}

static void describe_values(const struct setting *s, struct buf *out)
{
    for (size_t i = 0; s->words != NULL && s->words[i] != NULL; i++)
        buf_printf(out, "%s`%s`", i == 0 ? "" : " ", s->words[i]);
    if (s->type == SETTING_INT)
        buf_printf(out, "%lld to %lld%s%s", (long long)s->min,
            (long long)s->max, s->unit[0] != '\0' ? " " : "", s->unit);
    if (s->type == SETTING_TEXT)
        buf_append_str(out, STR("text"));
    if (s->type == SETTING_RESOLVE || s->type == SETTING_HOST_FILES ||
        s->type == SETTING_ROLES)
        buf_append_str(out, STR("map"));
    if (s->type == SETTING_ENDPOINTS)
        buf_append_str(out, STR("address:port, or a list"));
    if (s->type == SETTING_LIST || s->type == SETTING_HOSTS ||
        s->type == SETTING_RANGES || s->type == SETTING_PORTS ||
        s->type == SETTING_UUIDS || s->type == SETTING_ORGANIZATIONS)
        buf_append_str(out, STR("list"));
}

void settings_describe(struct buf *out)
{
    buf_append_str(out,
        STR("# Settings\n\n"
            "Every key of `promptgate.yaml`, from the table that reads it "
            "(`base/settings.c`).\n"
            "Relative file names resolve beside the file. Most take effect on "
            "SIGHUP; `listen`,\n`data_dir`, `run_as` and `workers` need a "
            "restart.\n\n"
            "| key | values | default | meaning |\n| --- | --- | --- | --- "
            "|\n"));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *s = &table[i];
        buf_printf(out, "| `%s%s%s` | ", s->section != NULL ? s->section : "",
            s->section != NULL ? "." : "", s->key);
        describe_values(s, out);
        buf_printf(out, " | %s%s%s | %s |\n",
            s->otherwise[0] != '\0' ? "`" : "", s->otherwise,
            s->otherwise[0] != '\0' ? "`" : "", s->text);
    }
}
