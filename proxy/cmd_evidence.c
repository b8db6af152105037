/*
 * promptgate evidence: makes the pair of keys that evidence is sealed with,
 * and opens what the store holds.  The secret key is read here only, from
 * where the administrator keeps it; no role of a gateway ever sees it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/seal.h"
#include "proxy/cmd_data.h"
#include "proxy/command.h"
#include "store/indexer.h"
#include "store/query.h"

enum { CATCH_UP_MS = 10000 };

static const char help[] =
    "usage: promptgate evidence keygen [FILE]\n"
    "       promptgate evidence open [-c FILE] --key FILE ID…\n\n"
    "  keygen   makes a pair of keys: the secret one in FILE (evidence.key),\n"
    "           which belongs to whoever investigates and not on the gateway,\n"
    "           the public one in FILE.pub; its base64, printed too, is for\n"
    "           evidence.public_key of promptgate.yaml. Replaces nothing\n"
    "  open     prints the evidence of activities, one JSON object each: the\n"
    "           texts around what was found, as they were sent\n\n"
    "  --key FILE   the secret key; -: from standard input\n\n"
    "`promptgate activities --format json` shows \"evidence\":true where "
    "there\n"
    "is some. Status: 0; 1 nothing kept, or not with this key; 2 usage.\n";

struct options {
    const char *config, *key;
};

static int say(int status, const char *what, const char *why)
{
    fprintf(stderr, "promptgate evidence: %s%s%s\n", what,
        why != NULL ? ": " : "", why != NULL ? why : "");
    return status;
}

/* ---- keygen ------------------------------------------------------------ */

static enum err write_key(const char *path, mode_t mode, const char *comment,
    enum seal_kind kind, const struct seal_key *key)
{
    struct buf text = {0};
    buf_printf(&text, "# promptgate evidence: %s\n", comment);
    seal_write_key(kind, key, &text);
    enum err err = file_create(path, buf_str(&text), mode);
    buf_wipe_free(&text);
    return err;
}

static int keygen(const char *path)
{
    struct seal_key public_key, secret;
    struct buf public_path = {0}, base64 = {0};
    int status = STATUS_OK;
    buf_printf(&public_path, "%s.pub", path);
    seal_new_keys(&public_key, &secret);
    base64_encode(
        str_make((const char *)public_key.bytes, SEAL_KEY_BYTES), &base64);
    if (access(buf_cstr(&public_path), F_OK) == 0)
        status = say(STATUS_FAILED, buf_cstr(&public_path), strerror(EEXIST));
    else if (write_key(path, 0600, "the SECRET key, never on a gateway",
                 SEAL_SECRET, &secret) != OK)
        status = say(STATUS_FAILED, path, strerror(errno));
    else if (write_key(buf_cstr(&public_path), 0644, "the public key",
                 SEAL_PUBLIC, &public_key) != OK)
        status = say(STATUS_FAILED, buf_cstr(&public_path), strerror(errno));
    else
        printf("secret key  %s\npublic key  %s\n\nevidence: {public_key: "
               "\"%s\"}\n",
            path, buf_cstr(&public_path), buf_cstr(&base64));
    seal_wipe(&secret);
    buf_free(&public_path);
    buf_free(&base64);
    return status;
}

/* ---- open -------------------------------------------------------------- */

static int bad_key(const char *name, enum err err)
{
    const char *why = strerror(errno);
    if (err == ERR_DENIED)
        why = "this is the public key; the secret one is needed";
    else if (err == ERR_PARSE)
        why = "no key as `promptgate evidence keygen` writes it";
    else if (err == ERR_LIMIT)
        why = "too large for a key";
    return say(STATUS_FAILED, name, why);
}

static int read_secret(const char *name, struct seal_key *key)
{
    struct buf text = {0};
    enum err err = strcmp(name, "-") == 0
                       ? file_read(STDIN_FILENO, SEAL_FILE_MAX, &text)
                       : file_load(name, SEAL_FILE_MAX, &text);
    if (err == OK)
        err = seal_read_key(buf_str(&text), SEAL_SECRET, key);
    int status = err == OK ? STATUS_OK : bad_key(name, err);
    buf_wipe_free(&text);
    return status;
}

/* One activity's parts, opened. */
struct opening {
    const struct seal_key *key;
    struct str id;
    struct buf parts; /* JSON with commas between */
    size_t opened, failed, foreign;
};

static void on_sealed(void *context, struct str base64)
{
    struct opening *o = context;
    struct buf sealed = {0}, clear = {0}, start = {0};
    enum err err = base64_decode(base64, &sealed);
    if (err == OK)
        err = seal_open(o->key, buf_str(&sealed), &clear);
    /* A box of another activity is no evidence of this one. */
    buf_printf(&start, "{\"v\":1,\"id\":\"%.*s\",", STR_ARG(o->id));
    if (err != OK) {
        o->failed++;
    } else if (!str_starts(buf_str(&clear), buf_cstr(&start))) {
        o->foreign++;
    } else {
        if (o->opened++ != 0)
            buf_append_char(&o->parts, ',');
        buf_append_char(&o->parts, '{');
        buf_append_str(&o->parts, str_sub(buf_str(&clear), start.n, clear.n));
    }
    buf_free(&sealed);
    buf_free(&start);
    buf_wipe_free(&clear);
}

static int report(const struct opening *o, const char *id)
{
    if (o->opened != 0)
        printf("{\"id\":\"%s\",\"parts\":[%.*s]}\n", id,
            STR_ARG(buf_str(&o->parts)));
    if (o->foreign != 0)
        say(STATUS_FAILED, id,
            "holds evidence of another activity; the "
            "store was changed by somebody");
    if (o->failed != 0)
        say(STATUS_FAILED, id,
            o->opened != 0
                ? "a part of it was sealed to another key, or is damaged"
                : "sealed to another key, or damaged: this key does not open "
                  "it");
    return o->foreign + o->failed == 0 ? STATUS_OK : STATUS_FAILED;
}

static int open_one(struct query *q, const struct seal_key *key, const char *id)
{
    struct opening o = {.key = key, .id = str_of(id)};
    if (!store_id_is_valid(o.id))
        return say(STATUS_USAGE, id, "no id of an activity");
    enum err err = query_evidence(q, o.id, on_sealed, &o);
    int status = STATUS_FAILED;
    if (err == ERR_NOT_FOUND)
        say(STATUS_FAILED, id, "no evidence is kept of it");
    else if (err != OK)
        say(STATUS_FAILED, "cannot read the store", query_error(q));
    else
        status = report(&o, id);
    buf_wipe_free(&o.parts);
    return status;
}

static int open_all(const struct settings *settings, struct alert_rules *alerts,
    const struct seal_key *key, char **ids, int count)
{
    struct query *q = NULL;
    int status = STATUS_OK;
    enum err err = cmd_become_storer(settings);
    if (err == ERR_NOT_FOUND)
        return say(STATUS_FAILED, "nothing was ever stored", NULL);
    if (err != OK)
        return cmd_no_data("evidence", settings);
    err = indexer_catch_up(settings->store_dir, alerts, CATCH_UP_MS);
    if (err == ERR_TIMEOUT)
        say(STATUS_OK,
            "the index is behind the journal; the latest evidence "
            "may be missing",
            NULL);
    if (query_open(settings->store_dir, &q) != OK)
        return say(STATUS_FAILED, "cannot open the store", db_error(NULL));
    for (int i = 0; i < count; i++) {
        int one = open_one(q, key, ids[i]);
        status = one > status ? one : status;
    }
    query_close(&q);
    if (fflush(stdout) != 0)
        return say(STATUS_FAILED, "standard output", strerror(errno));
    return status;
}

static int open_evidence(const struct options *o, char **ids, int count)
{
    struct settings settings;
    struct alert_rules *alerts = NULL;
    struct seal_key key;
    if (o->key == NULL)
        return say(STATUS_USAGE, "open needs --key FILE; see --help", NULL);
    if (count == 0)
        return say(STATUS_USAGE, "open needs ids of activities", NULL);
    if (cmd_load_store(o->config, &settings, &alerts) != OK)
        return STATUS_USAGE;
    log_setup(LOG_TEXT, LOG_WARN, "evidence");
    int status = read_secret(o->key, &key); /* as root still */
    if (status == STATUS_OK)
        status = open_all(&settings, alerts, &key, ids, count);
    seal_wipe(&key);
    alert_rules_unref(&alerts);
    settings_free(&settings);
    return status;
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"key", required_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'h')
            return fputs(help, stdout) < 0 ? STATUS_FAILED : STATUS_OK;
        if (c == 'c')
            o->config = optarg;
        else if (c == 'k')
            o->key = optarg;
        else
            return STATUS_USAGE;
    }
    return -1;
}

int command_evidence(int argc, char **argv)
{
    struct options o = {0};
    int status = parse_options(argc, argv, &o);
    if (status >= 0)
        return status;
    const char *action = optind < argc ? argv[optind] : "";
    char **rest = argv + optind + 1;
    int count = argc - optind - 1;
    if (strcmp(action, "open") == 0)
        return open_evidence(&o, rest, count);
    if (strcmp(action, "keygen") == 0 && count <= 1)
        return keygen(count == 1 ? rest[0] : "evidence.key");
    return say(STATUS_USAGE,
        "keygen [FILE], or open --key FILE ID…; see --help", NULL);
}
