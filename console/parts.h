/*
 * What the console's own files share; not for others.
 */
#ifndef CONSOLE_PARTS_H
#define CONSOLE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "console/access.h"
#include "console/console.h"
#include "console/lockout.h"
#include "console/visits.h"
#include "console/oidc_msg.h"
#include "store/browse.h"

struct shared_users; /* auth.c */
struct running;      /* running.c */

enum { SSO_USED_MAX = 1024, SSO_KEY_BYTES = 32 };

struct sso { /* safe from several threads */
    pthread_mutex_t lock;
    char key[SSO_KEY_BYTES]; /* of this process: what cookies hold is signed */
    struct {                 /* states that came back: each counts once */
        uint8_t hash[DIGEST_BYTES];
        uint64_t until_ms;
    } used[SSO_USED_MAX];
    struct buf authorization_endpoint, end_session_endpoint;
    bool sends_iss;
    struct buf proof; /* the settings that roles come by; empty: it is off */
    bool refuses_passwords;
};

struct console {
    struct console_options options;
    struct pool *pool;
    struct visits *visits;
    struct lockout *lockout;
    bool is_demo;
    atomic_bool hides_names; /* of persons: they are pseudonyms */
    pthread_mutex_t lock;    /* what follows */
    struct shared_users *users;
    struct running *running;
    struct sso sso;    /* has a lock of its own */
    bool is_switching; /* a mode */
    unsigned trying;   /* texts against the policy, at once */
    unsigned hashing;  /* passwords at once: 64 MiB each */
    unsigned streams;
    int64_t certificate_ms, started_ms;
};

/* One thread's; opened at first use, and again after an error. */
struct local {
    struct console *console;
    struct query *query;
};

/* ---- who asks: auth.c ---- */

struct who {
    char user[USER_NAME_MAX + 1];
    enum user_role role;
    unsigned rights;
    bool is_token;
    char csrf[VISIT_TOKEN_BYTES];
    int64_t expires_ms;
};

/* By cookie or token.  is_use: keeps the session alive.  ERR_DENIED. */
enum err auth_identify(struct console *c, const struct request *r, bool is_use,
    struct who *out) MUST_USE;
/* Whether a request that changes something comes from our own pages: the
 * cookie alone proves nothing. */
bool auth_is_ours(const struct request *r, const struct who *who);
/* Of no other site: the Origin that a browser sends is ours. */
bool auth_is_same_origin(const struct request *r);
bool auth_host_is_known(const struct console *c, struct str host);
struct str auth_cookie(const struct request *r);
/* The value of the cookie whose name, with its "=", that is. */
struct str auth_cookie_named(const struct request *r, const char *name);
void auth_set_cookie(struct response *response, const char *token);
/* A local login of that name, however it is spelt. */
bool auth_has_login(struct console *c, struct str name);
/* There is a login of that name, with that right. */
bool auth_may(struct console *c, struct str name, enum access_right right);
/* ERR_DENIED; ERR_AGAIN: too many at once.  proof_out: for visits_start. */
enum err auth_verify(struct console *c, struct str user, struct str password,
    struct who *out, struct buf *proof_out) MUST_USE;

/* ---- what was done: audit.c ---- */

struct audit {
    const char *action; /* "console.login.succeeded" */
    bool is_failure;
    struct str user; /* as given */
    const char *target_type;
    struct str target_id;
    struct str details; /* a JSON object, or empty */
};
void audit_note(
    struct console *c, const struct request *r, const struct audit *audit);
/* Returns when it is durable; not OK: what was to be done must not be. */
enum err audit_before(struct console *c, const struct request *r,
    const struct audit *audit) MUST_USE;
/* The same under an id of the caller's, for what the store makes of it. */
void audit_new_id(char id_out[UUID_TEXT_BYTES]);
enum err audit_before_as(struct console *c, const struct request *r,
    const struct audit *audit, const char id[UUID_TEXT_BYTES]) MUST_USE;

/* Something that another thread does and then tells of with console_recorded;
 * waited for once.  ERR_TIMEOUT. */
struct console_ticket *ticket_new(void);
enum err ticket_wait(struct console_ticket *t, unsigned seconds) MUST_USE;
/* The same for a document, whose buffers are the caller's then. */
enum err ticket_wait_document(struct console_ticket *t, unsigned seconds,
    struct console_document *out) MUST_USE;
/* The same for a sign-in, without waiting: ERR_TIMEOUT: not done, given up. */
bool ticket_is_done(struct console_ticket *t);
enum err ticket_take_answer(struct console_ticket *t, struct oidc_answer *out,
    struct buf *hint_out) MUST_USE;

/* ---- sign-in by OpenID Connect: sso.c ---- */

#define SSO_START_PATH "/login/oidc"
#define SSO_RETURN_PATH "/login/oidc/callback"

void sso_init(struct sso *sso);
/* A new configuration. */
void sso_configure(struct sso *sso, const struct console_running *running);
void sso_set_provider(struct sso *sso, const struct oidc_state *state);
/* What a session of a provider's user must have begun with; false: it is off.
 */
bool sso_proof(struct console *c, struct buf *out);
bool sso_refuses_passwords(struct console *c);
/* The button on the login page, if there is one. */
void sso_write_button(struct console *c, const struct request *r,
    struct str next, struct buf *out);
/* On the network's thread: sends people to the provider. */
void sso_start(struct console *c, struct request *r, struct response *response);
/* They are back.  Holds no thread while the provider is asked. */
void sso_return(
    struct console *c, struct request *r, struct response *response);
/* Where the session's user signs out at the provider; false: nowhere. */
bool sso_logout_url(
    struct console *c, const struct request *r, struct buf *out);
/* They signed in by the provider the last time, with a role of that right. */
bool sso_may(struct query *query, struct str name, enum access_right right);

/* ---- the configuration as it runs: running.c ---- */

/* NULL: none yet. */
struct running *running_ref(struct console *c);
void running_unref(struct console *c, struct running **running);
const struct console_running *running_get(const struct running *running);
/* The modes of the services, as an array: api_modes.c. */
struct jsonw;
void modes_write(const struct console_running *now, struct jsonw *w);

/* ---- answers ---- */

struct call { /* an API request on its way */
    struct console *console;
    struct local *local;
    struct request *request;
    struct response *response;
    struct who who;
    struct str rest; /* of the path, behind the route's prefix */
};

/* This thread's connection, opened where it must be; ERR_AGAIN: the store is
 * not there yet. */
enum err local_query(struct local *local, struct query **query_out) MUST_USE;
/* After an error: the next one may be another file. */
void local_forget(struct local *local);
/* running_ref for a call; NULL: an error has been replied. */
struct running *call_running(struct call *call);
/* The same for a call; not OK: an error has been replied. */
enum err call_query(struct call *call, struct query **query_out) MUST_USE;
/* An error of the store as a reply. */
void call_failed(struct call *call, enum err err);
/* The reply: what was written of it as JSON, or the error. */
void call_end(struct call *call, enum err err);
/* An argument that is a number, or what it is without; not OK: replied. */
enum err call_number(struct call *call, const char *name, size_t min,
    size_t max, size_t otherwise, size_t *out) MUST_USE;
/* The filter of the arguments (borrowed); not OK: replied. */
enum err call_filter(struct call *call, struct browse_filter *out) MUST_USE;
/* The same, resolved. */
enum err call_browse(struct call *call, struct browse **browse_out) MUST_USE;
/* Where names are pseudonyms, a name that no record has would silently find
 * nothing: replies and returns ERR_PARSE. */
enum err call_names(
    struct call *call, const struct query_words *users) MUST_USE;
/* Replies and returns ERR_PARSE. */
enum err call_bad_argument(struct call *call, struct str name) MUST_USE;
/* limit and cursor; not OK: replied. */
enum err call_page(struct call *call, size_t *limit_out,
    struct query_cursor *cursor_out) MUST_USE;
/* What must be recorded first could not be: as a reply. */
void call_unrecorded(struct call *call);
/* Waits, a little, until the store shows what was recorded under that id. */
bool call_wait_shown(struct call *call, const char id[UUID_TEXT_BYTES]);
/* A body that is a JSON object, and has no members but these (ended by NULL);
 * NULL: replied. */
struct json_t *call_body(struct call *call, const char *const *names);
void response_json(struct response *response);
/* A time as a member of an object. */
struct jsonw;
void call_write_time(struct jsonw *w, const char *key, int64_t time_ms);
/* Items of a list, and its end: "],"next":…}". */
struct page {
    struct buf *out;
    size_t count;
};
void page_on_row(void *page, const struct query_row *row);
void page_end(struct page *page, const struct query_cursor *cursor, bool more);

/* The frame of pages that a stranger sees; what is between is HTML. */
void login_begin(struct console *c, struct response *response, unsigned status,
    const char *title, const char *more_head);
void login_end(struct console *c, struct response *response);
/* Where to go after it: a path of ours, or the first page. */
struct str login_safe_next(struct str next);
void login_page(struct console *c, struct request *r, struct response *response,
    unsigned status, const char *message);
void login_post(
    struct console *c, struct request *r, struct response *response);
void session_write(
    const struct console *c, const struct who *who, struct buf *out);

void api_activities(struct call *call);
void api_activity(struct call *call);
void api_conversation(struct call *call);
void api_export_csv(struct call *call);
void api_export_jsonl(struct call *call);
void api_services(struct call *call);
void api_stats(struct call *call);
void api_stream(struct call *call);
void api_audit(struct call *call);
void api_users(struct call *call);
void api_incidents(struct call *call);
void api_incident(struct call *call);
void api_incident_change(struct call *call);
void api_incidents_change(struct call *call);
void api_views(struct call *call);
void api_view_save(struct call *call);
void api_view_delete(struct call *call);
void api_policy(struct call *call);
void api_modes(struct call *call);
void api_modes_change(struct call *call);
void api_policy_try(struct call *call);
void api_policy_try_file(struct call *call);
/* A file may be longer than the usual body. */
bool try_may_be_large(const struct request *r);
void api_detectors(struct call *call);
void api_health(struct call *call);

/* ---- files in the binary: assets.c ---- */

/* NULL: no such file.  name: below console/static/. */
struct asset {
    const char *name;
    const char *start, *end;
    const char *packed, *packed_end; /* the same by gzip */
};
const struct asset *asset_find(struct str name);
void asset_reply(const struct asset *asset, const struct request *r,
    struct response *response);
struct str asset_openapi(void);
struct str asset_quality(void); /* JSON, made by bench/score.py */

#endif
