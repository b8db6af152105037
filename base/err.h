/*
 * Error codes of every fallible function of the project.
 *
 * A function that can fail returns enum err and must be used; its results go
 * through parameters that end in _out.  Out of memory is not an error code:
 * it ends the process (base/mem.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    OK = 0,
    ERR_AGAIN,  /* not yet: more input, or room in a queue, is needed */
    ERR_EOF,    /* the peer ended in an orderly way */
    ERR_PARSE,  /* the input is not what its format demands */
    ERR_LIMIT,  /* a named limit was reached */
    ERR_IO,     /* the system refused; errno says more */
    ERR_DENIED, /* policy, permission or authentication says no */
    ERR_NOT_FOUND,
    ERR_UNSUPPORTED, /* well formed, but not something we handle */
    ERR_TIMEOUT,
    ERR_STATE,  /* called in a phase in which it makes no sense */
    ERR_CONFIG, /* a mistake in configuration */
    ERR_CLOSED, /* the other role or peer is gone */
    ERR_COUNT,
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_arg, first_arg)                                     \
    __attribute__((format(printf, format_arg, first_arg)))

/* A short lower-case word for logs: "parse", "limit" …; never NULL. */
const char *err_name(enum err err);

#endif
