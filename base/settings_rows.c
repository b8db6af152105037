/*
 * The rows of promptgate.yaml: parser, `check` and docs/settings.md come from
 * them.  A default is YAML text and takes the way that the file's own value
 * takes, so that both are checked by the same code.
 */
#include "base/settings_parts.h"

#include <stddef.h>

#include "base/mem.h"

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

enum { WORKERS_MAX = 48 }; /* slots of base/stats.h, less the other roles */

/* clang-format off */
const struct setting settings_rows[] = {
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

const size_t settings_row_count = ARRAY_LEN(settings_rows);
