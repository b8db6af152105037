/*
 * promptgate names: the keys of pseudonyms, and the way back to the names, for
 * two people together.  The halves of the secret key are read here only, from
 * where their holders keep them; no role of a gateway ever sees one.  Who asked
 * is in the store's audit trail before anything is printed.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "proxy/chan.h"
#include "proxy/cmd_data.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/intake.h"
#include "store/audit_record.h"
#include "store/indexer.h"
#include "store/name_rows.h"

enum {
    CATCH_UP_MS = 10000,
    ANSWER_MS = 10000,
    NOTICE_MS = 60000, /* to reload the gateway before a new key counts */
    FILE_MAX = 1 << 20,
};

static const char help[] =
    "usage: promptgate names keygen [PREFIX]\n"
    "       promptgate names rotate [--from TIME] FILE\n"
    "       promptgate names open [-c FILE] --key A --key B PSEUDONYM…\n"
    "       promptgate names of [-c FILE] NAME…\n\n"
    "  keygen   makes the key that names are sealed to: PREFIX.pub "
    "(names.pub)\n"
    "           for names.public_key, and PREFIX.first and PREFIX.second, the\n"
    "           halves of its secret, for two people. Replaces nothing\n"
    "  rotate   adds a key that pseudonyms are made with to FILE, which is\n"
    "           names.key_file, or makes it. It counts from TIME on (a minute\n"
    "           from now; the first one always has): reload the gateway "
    "before\n"
    "  open     prints the names of pseudonyms, one JSON object each\n"
    "  of       prints the pseudonyms of names, for who may read key_file: as\n"
    "           filters of console and `promptgate activities`\n\n"
    "  --key FILE   a half of the secret; both are needed\n\n"
    "open and of leave a line each in the audit trail first. Status: 0; 1 not\n"
    "known, or not with these keys; 2 usage.\n";

struct options {
    const char *config, *keys[2], *from;
    size_t key_count;
};

struct task { /* open and of */
    struct settings settings;
    struct alert_rules *alerts;
    struct seal_key secret;
};

static int say(int status, const char *what, const char *why)
{
    fprintf(stderr, "promptgate names: %s%s%s\n", what, why != NULL ? ": " : "",
        why != NULL ? why : "");
    return status;
}

/* ---- keygen, rotate ------------------------------------------------------ */

static const struct {
    const char *end, *comment;
    mode_t mode;
} FILES[] = {
    {"pub", "the public key: names.public_key", 0644},
    {"first", "the first half of the SECRET key, of one person alone", 0600},
    {"second", "the second half of the SECRET key, of another person", 0600},
};

static int write_files(const char *prefix, const struct buf *texts)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LEN(FILES) && status == STATUS_OK; i++) {
        struct buf path = {0}, text = {0};
        buf_printf(&path, "%s.%s", prefix, FILES[i].end);
        buf_printf(&text, "# promptgate names: %s\n", FILES[i].comment);
        buf_append_str(&text, buf_str(&texts[i]));
        if (file_create(buf_cstr(&path), buf_str(&text), FILES[i].mode) != OK)
            status = say(STATUS_FAILED, buf_cstr(&path), strerror(errno));
        else
            printf("%s  %s\n", buf_cstr(&path), FILES[i].comment);
        buf_wipe_free(&text);
        buf_free(&path);
    }
    return status;
}

static int keygen(const char *prefix)
{
    struct seal_key public_key, secret;
    struct buf texts[ARRAY_LEN(FILES)] = {{0}};
    seal_new_keys(&public_key, &secret);
    seal_write_key(SEAL_PUBLIC, &public_key, &texts[0]);
    seal_write_halves(&secret, &texts[1], &texts[2]);
    int status = write_files(prefix, texts);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        buf_wipe_free(&texts[i]);
    seal_wipe(&secret);
    return status;
}

/* The first key is for all times.  Each other one begins behind the last and,
 * if nothing is given, a minute from now: until then the gateway can be
 * reloaded, and no record of its time is made with the old one. */
static int choose_time(struct str text, const char *given, int64_t *from_out)
{
    int64_t last = 0, now = clock_wall_ms();
    enum err err = names_last_key(text, &last);
    *from_out = err == ERR_NOT_FOUND ? 0 : now + NOTICE_MS;
    if (err == ERR_PARSE)
        return say(STATUS_FAILED, "no file of `promptgate names rotate`", NULL);
    if (given != NULL && clock_parse(str_of(given), now, from_out) != OK)
        return say(STATUS_USAGE, given, "no time, as 2026-12-01T00:00:00Z");
    if (err == OK && *from_out <= last)
        return say(STATUS_FAILED, "the last key begins later", NULL);
    return STATUS_OK;
}

static int rotate(const struct options *o, const char *path)
{
    struct buf old = {0}, text = {0};
    char time[CLOCK_TEXT_BYTES];
    int64_t from;
    enum err err = file_load(path, FILE_MAX, &old);
    if (err != OK && err != ERR_NOT_FOUND)
        return say(STATUS_FAILED, path, strerror(errno));
    int status = choose_time(buf_str(&old), o->from, &from);
    if (status == STATUS_OK) {
        names_add_key(buf_str(&old), from, &text);
        clock_format(from, time);
        if (file_replace(path, buf_str(&text), 0600) != OK)
            status = say(STATUS_FAILED, path, strerror(errno));
        else
            printf("%s: the new key counts for what happens from %s on; "
                   "reload the gateway\n",
                path, time);
    }
    buf_wipe_free(&old);
    buf_wipe_free(&text);
    return status;
}

/* ---- the audit trail ----------------------------------------------------- */

/* Whoever sits there: root says who called sudo. */
static const char *operator_name(void)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());
    if (getuid() == 0 && sudo != NULL && sudo[0] != '\0')
        return sudo;
    return user != NULL ? user->pw_name : "unknown";
}

static void write_audit(const struct task *t, const char *action,
    const char *id, const char *who, struct str pseudonym, struct buf *out)
{
    struct audit_record record = {
        .id = id,
        .time_ms = clock_wall_ms(),
        .node = t->settings.node,
        .via = "command",
        .activity = action,
        .user = str_of(who),
        .target_type = "person",
        .target_id = pseudonym,
    };
    audit_record_write(&record, out);
}

/* OK: it is durable. */
static enum err send_audit(int fd, struct str json, const char *id)
{
    struct store_request request = {
        .kind = STORE_AUDIT, .token = 1, .json = json};
    struct store_answer answer = {.err = ERR_CLOSED};
    struct pollfd line = {.fd = fd, .events = POLLIN};
    struct buf bytes = {0};
    char text[CHAN_DATAGRAM_MAX];
    memcpy(request.id, id, sizeof request.id);
    store_request_encode(&request, &bytes);
    bool is_sent =
        send(fd, buf_bytes(&bytes), bytes.n, MSG_NOSIGNAL) == (ssize_t)bytes.n;
    buf_free(&bytes);
    if (!is_sent || poll(&line, 1, ANSWER_MS) != 1)
        return ERR_CLOSED;
    ssize_t n = recv(fd, text, sizeof text, 0);
    if (n <= 0 || store_answer_decode(str_make(text, (size_t)n), &answer) != OK)
        return ERR_CLOSED;
    return answer.err;
}

/* Gives root up for the store's user. */
static enum err record(const struct task *t, const char *action,
    const struct str *pseudonyms, size_t count)
{
    struct intake intake;
    const char *name = operator_name();
    char *who = mem_strdup(name);
    enum err err = intake_open(&t->settings, t->alerts, &intake);
    for (size_t i = 0; i < count && err == OK; i++) {
        struct buf json = {0};
        char id[UUID_TEXT_BYTES];
        clock_uuid7(id);
        write_audit(t, action, id, who, pseudonyms[i], &json);
        err = send_audit(intake.fd, buf_str(&json), id);
        buf_free(&json);
    }
    if (intake.fd >= 0)
        close(intake.fd);
    if (intake_close(&intake) != OK)
        err = ERR_IO;
    mem_free(who);
    return err;
}

/* ---- open ---------------------------------------------------------------- */

static int read_halves(const struct options *o, struct seal_key *secret)
{
    struct buf texts[2] = {{0}};
    int status = STATUS_OK;
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++)
        if (file_load(o->keys[i], SEAL_FILE_MAX, &texts[i]) != OK)
            status = say(STATUS_FAILED, o->keys[i], strerror(errno));
    enum err err = status == STATUS_OK ? seal_join_halves(buf_str(&texts[0]),
                                             buf_str(&texts[1]), secret)
                                       : OK;
    if (err == ERR_DENIED)
        status = say(STATUS_FAILED,
            "these are not the two halves of one key: the other one is needed",
            NULL);
    else if (err != OK)
        status = say(STATUS_FAILED,
            "no half as `promptgate names keygen` writes it", NULL);
    buf_wipe_free(&texts[0]);
    buf_wipe_free(&texts[1]);
    return status;
}

struct opening {
    const struct seal_key *secret;
    struct str pseudonym;
    struct buf name;
    bool is_open;
};

static void on_sealed(void *context, struct str sealed)
{
    struct opening *o = context;
    if (!o->is_open)
        o->is_open =
            names_open(o->secret, o->pseudonym, sealed, &o->name) == OK;
}

static int open_one(
    struct query *q, const struct seal_key *secret, struct str pseudonym)
{
    struct opening o = {.secret = secret, .pseudonym = pseudonym};
    struct buf line = {0};
    struct jsonw w = {.out = &line};
    enum err err = query_name(q, pseudonym, on_sealed, &o);
    int status = STATUS_OK;
    if (err == ERR_NOT_FOUND)
        status = say(STATUS_FAILED, pseudonym.p, "no name is kept of it");
    else if (err != OK)
        status = say(STATUS_FAILED, "cannot read the store", query_error(q));
    else if (!o.is_open)
        status = say(STATUS_FAILED, pseudonym.p,
            "sealed to another key: these halves do not open it");
    if (status == STATUS_OK) {
        jsonw_object(&w);
        jsonw_key_str(&w, "pseudonym", pseudonym);
        jsonw_key_str(&w, "name", buf_str(&o.name));
        jsonw_close(&w);
        printf("%s\n", buf_cstr(&line));
    }
    buf_wipe_free(&line);
    buf_wipe_free(&o.name);
    return status;
}

static int open_all(struct task *t, const struct str *pseudonyms, size_t count)
{
    struct query *q = NULL;
    int status = STATUS_OK;
    enum err err =
        indexer_catch_up(t->settings.store_dir, t->alerts, CATCH_UP_MS);
    if (err == ERR_TIMEOUT)
        say(STATUS_OK, "the index is behind the journal", NULL);
    if (query_open(t->settings.store_dir, &q) != OK)
        return say(STATUS_FAILED, "cannot open the store", db_error(NULL));
    for (size_t i = 0; i < count; i++) {
        int one = open_one(q, &t->secret, pseudonyms[i]);
        status = one > status ? one : status;
    }
    query_close(&q);
    return status;
}

static int open_names(
    const struct options *o, struct task *t, struct str *texts, size_t count)
{
    if (o->key_count != 2)
        return say(STATUS_USAGE, "open needs --key twice; see --help", NULL);
    for (size_t i = 0; i < count; i++)
        if (!names_is_pseudonym(texts[i]))
            return say(STATUS_USAGE, texts[i].p, "no pseudonym");
    int status = read_halves(o, &t->secret); /* as root still */
    if (status != STATUS_OK)
        return status;
    if (record(t, "names.opened", texts, count) != OK)
        return say(
            STATUS_FAILED, "this must be recorded first, and cannot be", NULL);
    return open_all(t, texts, count);
}

/* ---- of ------------------------------------------------------------------ */

static struct names *load_names(const char *config, const struct settings *s)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    char *file = conf_find_file(config);
    conf_collect(file, &bundle, &diag);
    struct names *names = names_load(&bundle, s, &diag);
    bundle_free(&bundle);
    diag_free(&diag);
    mem_free(file);
    return names;
}

/* Of all keys, the latest last. */
static size_t find_all(const struct names *names, const struct str *texts,
    size_t count, struct arena *arena, struct str **out)
{
    size_t n = 0;
    bool has_key = true;
    *out = NULL;
    for (size_t key = 0; has_key; key++)
        for (size_t i = 0; i < count && has_key; i++) {
            struct buf text = {0};
            has_key = names_pseudonym_of_key(names, key, texts[i], &text);
            if (has_key) {
                *out = mem_realloc(*out, (n + 1) * sizeof **out);
                (*out)[n++] = arena_copy(arena, buf_str(&text));
            }
            buf_free(&text);
        }
    return n;
}

static int names_of(
    const struct options *o, struct task *t, struct str *texts, size_t count)
{
    struct arena arena = {0};
    struct str *found;
    int status = STATUS_OK;
    struct names *names = load_names(o->config, &t->settings);
    if (names == NULL)
        return say(STATUS_FAILED,
            "names.pseudonyms is off, or its keys cannot be read (see "
            "`promptgate check`)",
            NULL);
    size_t n = find_all(names, texts, count, &arena, &found);
    names_free(&names);
    if (record(t, "names.searched", found, n) != OK)
        status = say(
            STATUS_FAILED, "this must be recorded first, and cannot be", NULL);
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        printf("%s\n", found[i].p);
    mem_free(found);
    arena_free(&arena);
    return status;
}

/* ---- the command --------------------------------------------------------- */

typedef int task_fn(
    const struct options *o, struct task *t, struct str *texts, size_t count);

static int run(
    const struct options *o, task_fn *task, char **given, int given_count)
{
    struct task t = {.alerts = NULL};
    size_t count = (size_t)given_count;
    if (count == 0)
        return say(STATUS_USAGE, "open and of need names; see --help", NULL);
    if (cmd_load_store(o->config, &t.settings, &t.alerts) != OK)
        return STATUS_USAGE;
    log_setup(LOG_TEXT, LOG_WARN, "names");
    struct str *texts = mem_calloc(count, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = str_of(given[i]);
    int status = task(o, &t, texts, count);
    if (fflush(stdout) != 0)
        status = say(STATUS_FAILED, "standard output", strerror(errno));
    mem_free(texts);
    seal_wipe(&t.secret);
    alert_rules_unref(&t.alerts);
    settings_free(&t.settings);
    return status;
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"key", required_argument, NULL, 'k'},
        {"from", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'h')
            return fputs(help, stdout) < 0 ? STATUS_FAILED : STATUS_OK;
        if (c == 'c')
            o->config = optarg;
        else if (c == 'f')
            o->from = optarg;
        else if (c == 'k' && o->key_count < 2)
            o->keys[o->key_count++] = optarg;
        else
            return c == 'k' ? say(STATUS_USAGE, "--key: two halves", NULL)
                            : STATUS_USAGE;
    }
    return -1;
}

int command_names(int argc, char **argv)
{
    struct options o = {0};
    int status = parse_options(argc, argv, &o);
    if (status >= 0)
        return status;
    const char *action = optind < argc ? argv[optind] : "";
    char **rest = argv + optind + 1;
    int count = argc - optind - 1;
    if (strcmp(action, "open") == 0)
        return run(&o, open_names, rest, count);
    if (strcmp(action, "of") == 0)
        return run(&o, names_of, rest, count);
    if (strcmp(action, "keygen") == 0 && count <= 1)
        return keygen(count == 1 ? rest[0] : "names");
    if (strcmp(action, "rotate") == 0 && count == 1)
        return rotate(&o, rest[0]);
    return say(STATUS_USAGE, "keygen, rotate, open or of; see --help", NULL);
}
