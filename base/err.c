#include "base/err.h"

static const char *const names[ERR_COUNT] = {
    [OK] = "ok",
    [ERR_AGAIN] = "again",
    [ERR_EOF] = "eof",
    [ERR_PARSE] = "parse",
    [ERR_LIMIT] = "limit",
    [ERR_IO] = "io",
    [ERR_DENIED] = "denied",
    [ERR_NOT_FOUND] = "not-found",
    [ERR_UNSUPPORTED] = "unsupported",
    [ERR_TIMEOUT] = "timeout",
    [ERR_STATE] = "state",
    [ERR_CONFIG] = "config",
    [ERR_CLOSED] = "closed",
};

const char *err_name(enum err err)
{
    return (unsigned)err < ERR_COUNT ? names[err] : "unknown";
}
