/*
 * Counters that all roles share.  Each role writes to its own slot of a
 * shared mapping without locks; /metrics adds the slots up.  Before
 * stats_attach (tests, commands) they count into a private slot.
 *
 * Adding one: a line in STATS_TABLE.  Names follow Prometheus: _total for
 * counters, _bytes, _seconds; label sets are part of the name and bounded.
 */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>
#include <stdint.h>

/* id, kind (COUNTER | GAUGE), exported name with labels, help */
#define STATS_TABLE(X)                                                         \
    X(CONNECTIONS, COUNTER, "promptgate_connections_total",                    \
        "Client connections accepted")                                         \
    X(CONNECTIONS_OPEN, GAUGE, "promptgate_connections",                       \
        "Client connections open now")                                         \
    X(CONNECTIONS_REFUSED, COUNTER, "promptgate_connections_refused_total",    \
        "Client connections refused by address or limit")                      \
    X(TUNNELS, COUNTER, "promptgate_tunnels_total",                            \
        "CONNECT requests relayed without inspection")                         \
    X(TARGETS_REFUSED, COUNTER, "promptgate_targets_refused_total",            \
        "CONNECT and proxy requests refused by address, port or name")         \
    X(REQUESTS, COUNTER, "promptgate_requests_total", "In-scope requests")     \
    X(REQUESTS_MALFORMED, COUNTER, "promptgate_requests_malformed_total",      \
        "Requests refused as ambiguous or malformed")                          \
    X(SOCKETS, COUNTER, "promptgate_websockets_total",                         \
        "WebSockets opened whose messages are read")                           \
    X(SOCKETS_OPEN, GAUGE, "promptgate_websockets",                            \
        "WebSockets open now whose messages are read")                         \
    X(SOCKET_MESSAGES_UP, COUNTER,                                             \
        "promptgate_websocket_messages_total{direction=\"up\"}",               \
        "Messages of WebSockets that were read")                               \
    X(SOCKET_MESSAGES_DOWN, COUNTER,                                           \
        "promptgate_websocket_messages_total{direction=\"down\"}",             \
        "Messages of WebSockets that were read")                               \
    X(SOCKET_MESSAGES_BLOCKED, COUNTER,                                        \
        "promptgate_websocket_messages_blocked_total",                         \
        "Messages of clients that did not go on")                              \
    X(UPLOADS, COUNTER, "promptgate_uploads_total",                            \
        "Requests that brought bytes of a file")                               \
    X(UPLOAD_BYTES, COUNTER, "promptgate_upload_bytes_total",                  \
        "Bytes of their bodies")                                               \
    X(VERDICT_ALLOW, COUNTER, "promptgate_verdicts_total{verdict=\"allow\"}",  \
        "Verdicts on activities")                                              \
    X(VERDICT_ALERT, COUNTER, "promptgate_verdicts_total{verdict=\"alert\"}",  \
        "Verdicts on activities")                                              \
    X(VERDICT_BLOCK, COUNTER, "promptgate_verdicts_total{verdict=\"block\"}",  \
        "Verdicts on activities")                                              \
    X(ACTIVITIES, COUNTER, "promptgate_activities_total",                      \
        "Activities recorded")                                                 \
    X(MAP_DRIFT, COUNTER, "promptgate_map_drift_total",                        \
        "requests that no map explains or whose body was not as it says")      \
    X(LOG_ROWS_AUDIT, COUNTER,                                                 \
        "promptgate_log_activities_total{source=\"audit-log\"}",               \
        "Activities read from a polled log")                                   \
    X(LOG_ROWS_COMPLIANCE, COUNTER,                                            \
        "promptgate_log_activities_total{source=\"compliance-log\"}",          \
        "Activities read from a polled log")                                   \
    X(LOG_UNKNOWN_AUDIT, COUNTER,                                              \
        "promptgate_log_activities_unknown_total{source=\"audit-log\"}",       \
        "Of them those whose type is kept as it is")                           \
    X(LOG_UNKNOWN_COMPLIANCE, COUNTER,                                         \
        "promptgate_log_activities_unknown_total{source=\"compliance-log\"}",  \
        "Of them those whose type is kept as it is")                           \
    X(LOG_MERGED_AUDIT, COUNTER,                                               \
        "promptgate_log_activities_merged_total{source=\"audit-log\"}",        \
        "Of them those that had been seen inline as well")                     \
    X(LOG_MERGED_COMPLIANCE, COUNTER,                                          \
        "promptgate_log_activities_merged_total{source=\"compliance-log\"}",   \
        "Of them those that had been seen inline as well")                     \
    X(LOG_ALARM_AUDIT, GAUGE, "promptgate_log_alarm{source=\"audit-log\"}",    \
        "1 while a polled log is not read as it should be")                    \
    X(LOG_ALARM_COMPLIANCE, GAUGE,                                             \
        "promptgate_log_alarm{source=\"compliance-log\"}",                     \
        "1 while a polled log is not read as it should be")                    \
    X(UNCLASSIFIED, COUNTER, "promptgate_unclassified_total",                  \
        "In-scope writes that no map entry explains")                          \
    X(FAILURES, COUNTER, "promptgate_inspection_failures_total",               \
        "Bodies that could not be parsed, decoded, held or scanned")           \
    X(HELD_BYTES, GAUGE, "promptgate_held_bytes",                              \
        "Request bytes held for a verdict now")                                \
    X(SCANNED_BYTES, COUNTER, "promptgate_scanned_bytes_total",                \
        "Bytes of text scanned")                                               \
    X(BYTES_UP, COUNTER, "promptgate_relayed_bytes_total{direction=\"up\"}",   \
        "Bytes relayed")                                                       \
    X(BYTES_DOWN, COUNTER,                                                     \
        "promptgate_relayed_bytes_total{direction=\"down\"}", "Bytes relayed") \
    X(HANDSHAKES_CLIENT, COUNTER,                                              \
        "promptgate_handshakes_total{side=\"client\"}",                        \
        "TLS handshakes completed")                                            \
    X(HANDSHAKES_SERVER, COUNTER,                                              \
        "promptgate_handshakes_total{side=\"server\"}",                        \
        "TLS handshakes completed")                                            \
    X(RESUMED_CLIENT, COUNTER,                                                 \
        "promptgate_resumptions_total{side=\"client\"}",                       \
        "TLS handshakes that resumed a session")                               \
    X(RESUMED_SERVER, COUNTER,                                                 \
        "promptgate_resumptions_total{side=\"server\"}",                       \
        "TLS handshakes that resumed a session")                               \
    X(UPSTREAM_REFUSED_EXPIRED, COUNTER,                                       \
        "promptgate_upstream_refused_total{reason=\"expired\"}",               \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_REFUSED_NAME, COUNTER,                                          \
        "promptgate_upstream_refused_total{reason=\"name-mismatch\"}",         \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_REFUSED_ISSUER, COUNTER,                                        \
        "promptgate_upstream_refused_total{reason=\"unknown-issuer\"}",        \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_REFUSED_WEAK, COUNTER,                                          \
        "promptgate_upstream_refused_total{reason=\"weak\"}",                  \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_REFUSED_REVOKED, COUNTER,                                       \
        "promptgate_upstream_refused_total{reason=\"revoked\"}",               \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_REFUSED_OTHER, COUNTER,                                         \
        "promptgate_upstream_refused_total{reason=\"other\"}",                 \
        "Upstream certificates refused")                                       \
    X(UPSTREAM_FAILED, COUNTER, "promptgate_upstream_failures_total",          \
        "Upstream connections that failed")                                    \
    X(LEAVES_MINTED, COUNTER, "promptgate_leaves_minted_total",                \
        "Leaf certificates signed")                                            \
    X(LEAVES_REFUSED, COUNTER, "promptgate_leaves_refused_total",              \
        "Leaf requests for names out of scope")                                \
    X(EXTRACTS, COUNTER, "promptgate_extracts_total",                          \
        "Files handed to the extractor")                                       \
    X(EXTRACT_TIMEOUTS, COUNTER, "promptgate_extract_timeouts_total",          \
        "Files whose reader was ended for its time")                           \
    X(JOURNAL_RECORDS, COUNTER, "promptgate_journal_records_total",            \
        "Records appended to the journal")                                     \
    X(JOURNAL_BYTES, COUNTER, "promptgate_journal_bytes_total",                \
        "Bytes appended to the journal")                                       \
    X(JOURNAL_FAILURES, COUNTER, "promptgate_journal_failures_total",          \
        "Failed appends")                                                      \
    X(RECORDS_PENDING, GAUGE, "promptgate_records_pending",                    \
        "Records that wait for the storer's acknowledgement")                  \
    X(INDEX_LAG_BYTES, GAUGE, "promptgate_index_lag_bytes",                    \
        "Journal bytes not yet in the store")                                  \
    X(ROLES_SIGNER, GAUGE, "promptgate_roles{kind=\"signer\"}",                \
        "Roles that run")                                                      \
    X(ROLES_STORER, GAUGE, "promptgate_roles{kind=\"storer\"}",                \
        "Roles that run")                                                      \
    X(ROLES_KEEPER, GAUGE, "promptgate_roles{kind=\"keeper\"}",                \
        "Roles that run")                                                      \
    X(ROLES_WORKER, GAUGE, "promptgate_roles{kind=\"worker\"}",                \
        "Roles that run")                                                      \
    X(ROLES_CONSOLE, GAUGE, "promptgate_roles{kind=\"console\"}",              \
        "Roles that run")                                                      \
    X(ROLES_EXTRACTOR, GAUGE, "promptgate_roles{kind=\"extractor\"}",          \
        "Roles that run")                                                      \
    X(ROLE_RESTARTS, COUNTER, "promptgate_role_restarts_total",                \
        "Roles restarted after they ended")                                    \
    X(RELOADS, COUNTER, "promptgate_reloads_total", "Reloads done")            \
    X(RELOADS_FAILED, COUNTER, "promptgate_reloads_failed_total",              \
        "Reloads refused; the old configuration stays")                        \
    X(CA_EXPIRY_SECONDS, GAUGE, "promptgate_ca_expiry_timestamp_seconds",      \
        "When the CA certificate ends, Unix time")

/* id, exported name, help; microseconds in, seconds out */
#define HISTOGRAMS_TABLE(X)                                                    \
    X(SCAN_TIME, "promptgate_scan_seconds", "Time to scan one exchange")       \
    X(COMMIT_TIME, "promptgate_commit_seconds",                                \
        "Time from record to acknowledgement")                                 \
    X(HOLD_TIME, "promptgate_hold_seconds",                                    \
        "Time a request was held after its last byte")

#define STATS_ID_(id, kind, name, help) STAT_##id,
enum stats_counter { STATS_TABLE(STATS_ID_) STAT_COUNT };
#define HISTOGRAMS_ID_(id, name, help) HIST_##id,
enum histogram { HISTOGRAMS_TABLE(HISTOGRAMS_ID_) HIST_COUNT };

enum { STATS_SLOTS = 64, HIST_BUCKETS = 20 };

/* Bytes of the shared mapping for STATS_SLOTS roles. */
size_t stats_mapping_bytes(void);
/* From now on this process counts into the slot. */
void stats_attach(void *mapping, unsigned slot);
void stats_add(enum stats_counter counter, int64_t n);
void stats_set(enum stats_counter counter, int64_t value);
void stats_observe_us(enum histogram histogram, uint64_t us);
/* Of all slots together. */
int64_t stats_sum(const void *mapping, enum stats_counter counter);
/* What was observed by all slots since the start: below which bound that
 * fraction lay, in microseconds; INT64_MAX: beyond the last one. */
struct stats_summary {
    int64_t count; /* 0: nothing, and no bounds */
    int64_t p50_us, p95_us, p99_us;
};
void stats_summarize(const void *mapping, enum histogram histogram,
    struct stats_summary *summary_out);
/* Gauges of a role that died start anew. */
void stats_reset_gauges(void *mapping, unsigned slot);

struct buf;
/* Prometheus text format 0.0.4, all slots added up. */
void stats_write_prometheus(const void *mapping, struct buf *out);

#endif
