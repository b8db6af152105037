/*
 * promptgate replay: from file names and a configuration to replay.h.
 *
 * Captures are read with the project's own reader, since browsers cut
 * surrogate pairs, which stricter readers refuse a whole file for.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "inspect/audit_log.h"
#include "inspect/channel.h"
#include "inspect/compliance_log.h"
#include "inspect/json.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/log_file.h"
#include "proxy/replay.h"
#include "proxy/scan_engine.h"

enum {
    STATUS_GOOD = 0,
    STATUS_BAD = 2,
    KEEP_BYTES = 64 << 20,
};
static const size_t CAPTURE_MAX = (size_t)2 << 30;

static const char help[] =
    "usage: promptgate replay [-c FILE] [--chunk N,M,…] CAPTURE.har…\n"
    "       promptgate replay [-c FILE] --audit-log FILE | --compliance-log "
    "FILE\n\n"
    "Feeds captured exchanges (HAR 1.2) through the inspection and prints one\n"
    "activity a line as JSON, in the order in which they ended. Blocks stop\n"
    "nothing that follows. Saved log events are a page of the list API, an "
    "array\n"
    "or JSON Lines; each event counts once.\n\n"
    "  -c FILE        configuration: service maps, detectors, policy\n"
    "  --chunk N,M,…  bodies arrive in pieces of these sizes, repeating\n"
    "  --audit-log FILE       events of the platform's audit log\n"
    "  --compliance-log FILE  events of a workspace's compliance log\n\n"
    "Status: 0, or 2 for a capture that cannot be read or wrong usage.\n";

enum { LOG_FILES_MAX = 64 };

typedef enum err log_read_fn(const struct log_env *env,
    const struct json_node *event, struct log_activities *out);

struct log_source {
    const char *file;
    log_read_fn *read;
};

struct command {
    struct conf *conf;
    struct engine engine;
    struct replay replay;
    struct log_source logs[LOG_FILES_MAX];
    size_t log_count;
    log_read_fn *read; /* of the log that is being read */
};

static bool read_capture(const char *file, struct buf *text)
{
    int fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO)
                                    : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "promptgate replay: %s: %s\n", file, strerror(errno));
        return false;
    }
    enum err err = file_read(fd, CAPTURE_MAX, text);
    close(fd);
    if (err != OK)
        fprintf(stderr, "promptgate replay: %s: %s\n", file, err_name(err));
    return err == OK;
}

static bool replay_file(struct replay *replay, const char *file)
{
    static const struct json_limits limits = {.depth = JSON_DEPTH_MAX,
        .string_bytes = (size_t)1 << 30,
        .nodes = (size_t)1 << 28,
        .tree_bytes = (size_t)8 << 30};
    struct buf text = {0};
    struct arena arena = {0};
    struct json_node *root = NULL;
    bool is_good = false;
    if (!read_capture(file, &text))
        goto out;
    enum err err = json_parse(buf_str(&text), &arena, &limits, &root);
    const struct json_node *list = json_path(root, "log/entries");
    if (err != OK || !json_is(list, JSON_ARRAY)) {
        fprintf(stderr,
            "promptgate replay: %s: no HAR 1.2 capture (a JSON object with "
            "log.entries)\n",
            file);
        goto out;
    }
    replay_entries(replay, list);
    is_good = true;
out:
    arena_free(&arena);
    buf_free(&text);
    return is_good;
}

static enum err on_event(void *context, const struct json_node *event)
{
    struct command *command = context;
    const struct exchange_env *exchange = &command->replay.env;
    struct log_env env = {exchange->services, exchange->policy,
        exchange->scanner, exchange->evidence, exchange->node};
    struct log_activities list = {.count = 0};
    enum err err = command->read(&env, event, &list);
    for (size_t i = 0; i < list.count; i++)
        replay_tell(&command->replay, list.items[i]);
    log_activities_free(&list);
    return err;
}

static bool replay_log(struct command *command, const struct log_source *log)
{
    struct buf text = {0};
    command->read = log->read;
    bool is_good =
        read_capture(log->file, &text) &&
        log_file_read(buf_str(&text), log->file, on_event, command) == OK;
    buf_free(&text);
    return is_good;
}

/* ---- the command --------------------------------------------------------- */

static bool parse_chunks(struct replay *replay, const char *text)
{
    struct str rest = str_of(text), part;
    while (str_split(&rest, ',', &part)) {
        uint64_t n;
        if (replay->chunk_count == REPLAY_CHUNKS_MAX ||
            str_to_u64(part, &n) != OK || n == 0 || n > ((uint64_t)1 << 30))
            return false;
        replay->chunks[replay->chunk_count++] = (size_t)n;
    }
    return replay->chunk_count != 0;
}

static void set_env(struct command *command)
{
    const struct settings *settings = &command->conf->settings;
    command->replay.env = (struct exchange_env){
        .services = command->conf->services,
        .policy = command->conf->policy,
        .scanner = command->engine.scanner,
        .node = settings->node,
        .capture = CAPTURE_FULL,
        .hold_max_bytes = (size_t)settings->hold_max_bytes,
        .oversize_streams = settings->hold_oversize == OVERSIZE_STREAM,
        .blocks_signed_out = settings->tenant_blocks_signed_out,
        .document_max_bytes = (size_t)settings->extract.max_bytes,
    };
    for (size_t i = 0; i < FAIL_COUNT; i++)
        command->replay.env.failure_blocks[i] =
            settings->on_failure[i] == ON_FAILURE_BLOCK;
    extract_setup_from(settings, &command->replay.setup);
    command->replay.keep = keep_new(KEEP_BYTES);
    command->replay.alerts = alerts_new(command->conf->alerts);
    command->replay.env.pool = channel_pool_new();
}

static bool open_replay(struct command *command, const char *given)
{
    struct bundle bundle = {0};
    struct diag collecting = {0}, diag = {0};
    char *file = conf_find_file(given);
    if (file == NULL) {
        fputs("promptgate replay: no configuration file found; name one with "
              "-c\n",
            stderr);
        return false;
    }
    conf_collect(file, &bundle, &collecting);
    mem_free(file);
    command->conf = conf_load(&bundle, &diag);
    bool is_open = command->conf != NULL &&
                   engine_open(&command->engine, command->conf->rules,
                       &command->conf->bundle, &diag);
    /* What replay does not need (logins, CA) may be unreadable to us. */
    if (!is_open)
        fputs(buf_cstr(&collecting.text), stderr);
    fputs(buf_cstr(&diag.text), stderr);
    diag_free(&collecting);
    diag_free(&diag);
    if (is_open)
        set_env(command);
    return is_open;
}

static void close_replay(struct command *command)
{
    keep_free(&command->replay.keep);
    alerts_free(&command->replay.alerts);
    channel_pool_free(&command->replay.env.pool);
    engine_close(&command->engine);
    if (command->conf != NULL)
        conf_unref(&command->conf);
}

static int usage(const char *problem)
{
    fprintf(stderr, "promptgate replay: %s; see --help\n", problem);
    return STATUS_BAD;
}

static int replay_files(struct command *command, const char *conf, char **files)
{
    int status = STATUS_BAD;
    if (open_replay(command, conf)) {
        status = STATUS_GOOD;
        for (size_t i = 0; i < command->log_count; i++)
            if (!replay_log(command, &command->logs[i]))
                status = STATUS_BAD;
        for (; *files != NULL; files++)
            if (!replay_file(&command->replay, *files))
                status = STATUS_BAD;
        replay_print(&command->replay);
        if (fflush(stdout) != 0)
            status = STATUS_BAD;
    }
    close_replay(command);
    return status;
}

int command_replay(int argc, char **argv)
{
    enum { OPTION_CHUNK = 256, OPTION_AUDIT, OPTION_COMPLIANCE };
    static const struct option options[] = {
        {"chunk", required_argument, NULL, OPTION_CHUNK},
        {"audit-log", required_argument, NULL, OPTION_AUDIT},
        {"compliance-log", required_argument, NULL, OPTION_COMPLIANCE},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct command command = {0};
    const char *conf = NULL;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            conf = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return STATUS_GOOD;
        case OPTION_CHUNK:
            if (!parse_chunks(&command.replay, optarg))
                return usage("--chunk takes sizes from 1 on, with commas");
            break;
        case OPTION_AUDIT:
        case OPTION_COMPLIANCE:
            if (command.log_count == LOG_FILES_MAX)
                return usage("too many logs");
            command.logs[command.log_count++] = (struct log_source){optarg,
                option == OPTION_AUDIT ? audit_log_read : compliance_log_read};
            break;
        default:
            return STATUS_BAD;
        }
    }
    if (optind >= argc && command.log_count == 0)
        return usage("which capture?");
    return replay_files(&command, conf, argv + optind);
}
