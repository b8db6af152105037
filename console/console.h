/*
 * The console: who may come in, and what is answered on each path.  Sans
 * network: http.c brings requests here, on threads; the role (proxy/
 * role_console.c) starts it and passes on what it records.
 *
 * It reads the store (read-only connections, one a thread) and writes nothing:
 * what was done in it goes to the storer as audit records.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "base/users.h"
#include "console/http.h"

enum { CONSOLE_HOSTS_MAX = 128 };

/* A file in the store: what is in it was made up (proxy/cmd_demo.c), and each
 * page says so. */
#define CONSOLE_DEMO_MARK "demo"

struct console;
struct oidc_question;
struct setting_oidc;

/* Waits for one record; made by the console, given back by the role with
 * console_recorded, once, from any thread. */
struct console_ticket;

/* What the extractor made of a document. */
struct console_document {
    struct buf text, where; /* where: which member of it was the trouble */
    const char *trouble;    /* static; NULL: all of it could be read */
    bool is_nobodys;        /* no reader is for it: its bytes are its text */
};

struct console_options {
    struct str store_dir, node;
    const char *version;
    const void *stats; /* the mapping of base/stats.h */
    /* What a browser may call it by, besides addresses and "localhost":
     * names, borrowed for good. */
    const struct str *hosts;
    size_t host_count;
    struct str ca_pem; /* borrowed for good */
    void *owner;
    /* From any thread.  An audit record; json is taken. ticket: NULL or to be
     * given back. */
    void (*record)(void *owner, const char id[UUID_TEXT_BYTES],
        struct buf *json, struct console_ticket *ticket);
    /* From any thread: the mode of a service (enum mode) is to be switched;
     * the ticket is given back when every role works by it. */
    void (*set_mode)(void *owner, struct str service, unsigned mode,
        struct console_ticket *ticket);
    /* From any thread: a document's bytes (taken) are to be read; the ticket
     * is given back by console_document_read or console_recorded. */
    void (*read)(void *owner, struct buf *bytes, struct console_ticket *ticket);
    /* From any thread: somebody logged in with a password. */
    void (*on_login)(void *owner, struct str user);
    /* From any thread: whose is the code that came back?  The ticket is given
     * back by console_signed_in or console_recorded. */
    void (*sign_in)(void *owner, const struct oidc_question *question,
        struct console_ticket *ticket);
};

/* The configuration as it runs: borrowed until release, which comes from any
 * thread, after the last use. */
struct policy;
struct rules;
struct service_set;
struct console_running {
    const struct policy *policy;
    const struct rules *rules;
    const struct service_set *services;
    struct str database, data; /* of the rules: inspect/scan.h */
    bool stops_unreadable;     /* on_failure.extract */
    bool hides_names;          /* names.pseudonyms */
    const struct setting_oidc *oidc;
    struct str url; /* console.url */
    void *owner;
    void (*release)(void *owner); /* NULL: it stays for good */
};

/* For the life of the process. */
struct console *console_new(const struct console_options *options);
/* The logins from now on (taken). */
void console_set_users(struct console *console, struct users *users);
void console_set_running(
    struct console *console, const struct console_running *running);
/* When the served certificate ends. */
void console_set_certificate(struct console *console, int64_t expires_ms);
void console_recorded(struct console_ticket *ticket, enum err err);
/* document: taken. */
void console_document_read(
    struct console_ticket *ticket, struct console_document *document);

struct oidc_answer;
struct oidc_state;
/* answer: copied. */
void console_signed_in(
    struct console_ticket *ticket, const struct oidc_answer *answer);
/* Where people sign in now; from any thread. */
void console_set_provider(
    struct console *console, const struct oidc_state *state);

struct pool *console_pool(struct console *console);
/* For http_options; owner: the console. */
bool console_quick(
    void *owner, struct request *request, struct response *response);
bool console_may_be_large(void *owner, const struct request *request);
void console_handle(void *owner, void *local, struct request *request,
    struct response *response);

/* For http_options of the metrics server; owner: the stats mapping. */
bool console_metrics(
    void *owner, struct request *request, struct response *response);

#endif
