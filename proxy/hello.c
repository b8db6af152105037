/*
 * What passes through here: the first bytes of every tunnel whose client
 * speaks first.  The session calls again with more bytes until the hello is
 * whole; nothing is remembered in between, so each call first finds out
 * cheaply whether everything is there (walking record headers) and only then
 * copies and reads.  A hello in one record is read in place.
 */
#include "proxy/hello.h"

#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = 16 * 1024, /* RFC 8446 §5.1 */
    TYPE_HANDSHAKE = 22,
    MESSAGE_HEADER = 4,
    MESSAGE_CLIENT_HELLO = 1,
    RANDOM_BYTES = 32,
    SESSION_ID_MAX = 32,
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,     /* RFC 8446 §4.2.7 */
    EXT_SIGNATURES = 13, /* RFC 8446 §4.2.3 */
    EXT_ALPN = 16,
    EXT_SCT = 18,     /* RFC 6962 §3.3.1 */
    EXT_ETM = 22,     /* RFC 7366 */
    EXT_ECH = 0xfe0d, /* RFC 9849 */
    NAME_MAX = 253,
    LABEL_MAX = 63,
};

/* ---- reading vectors --------------------------------------------------- */

static unsigned byte_at(struct str s, size_t i)
{
    return (unsigned char)s.p[i];
}

static enum err take_number(
    struct str *rest, unsigned bytes, size_t *number_out)
{
    if (rest->n < bytes)
        return ERR_PARSE;
    *number_out = 0;
    for (unsigned i = 0; i < bytes; i++)
        *number_out = *number_out << 8 | byte_at(*rest, i);
    *rest = str_sub(*rest, bytes, rest->n);
    return OK;
}

static enum err take_bytes(struct str *rest, size_t n, struct str *part_out)
{
    if (rest->n < n)
        return ERR_PARSE;
    *part_out = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return OK;
}

/* A vector with a length in front (RFC 8446 §3.4). */
static enum err take_vector(
    struct str *rest, unsigned length_bytes, struct str *part_out)
{
    size_t n;
    enum err err = take_number(rest, length_bytes, &n);
    return err == OK ? take_bytes(rest, n, part_out) : err;
}

/* ---- names ------------------------------------------------------------- */

/* Letters, digits, '-' and '_' in labels; lower case into `name`. */
static enum err copy_name(struct str given, char *name)
{
    size_t label = 0;
    for (size_t i = 0; i < given.n; i++) {
        char c = given.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
        if (c == '.' ? label == 0 : !is_word || label == LABEL_MAX)
            return ERR_PARSE;
        label = c == '.' ? 0 : label + 1;
        name[i] = c;
    }
    return label > 0 ? OK : ERR_PARSE;
}

/* RFC 6066 §3: no address literals.  No top-level domain starts with a digit,
 * so this also keeps "127.1" and "0x7f.0.0.0x1" out. */
static bool looks_like_address(struct str name)
{
    size_t at = name.n;
    while (at > 0 && name.p[at - 1] != '.')
        at--;
    return name.p[at] >= '0' && name.p[at] <= '9';
}

static enum err read_name(
    struct str given, struct arena *arena, struct str *name_out)
{
    char name[NAME_MAX];
    if (given.n > 0 && given.p[given.n - 1] == '.')
        given.n--;
    if (given.n == 0 || given.n > NAME_MAX)
        return ERR_PARSE;
    if (copy_name(given, name) != OK ||
        looks_like_address(str_make(name, given.n)))
        return ERR_PARSE;
    *name_out = arena_copy(arena, str_make(name, given.n));
    return OK;
}

/* ---- extensions -------------------------------------------------------- */

static enum err read_server_name(
    struct str body, struct arena *arena, struct hello *hello)
{
    struct str list, name;
    size_t type;
    if (take_vector(&body, 2, &list) != OK || body.n != 0 || list.n == 0)
        return ERR_PARSE;
    while (list.n > 0) {
        if (take_number(&list, 1, &type) != OK ||
            take_vector(&list, 2, &name) != OK)
            return ERR_PARSE;
        /* One name of a type; only host_name exists (RFC 6066 §3). */
        if (type != 0 || hello->server_name.n > 0 ||
            read_name(name, arena, &hello->server_name) != OK)
            return ERR_PARSE;
    }
    return OK;
}

static enum err read_alpn(struct str body, struct hello *hello)
{
    struct str list, name;
    if (take_vector(&body, 2, &list) != OK || body.n != 0 || list.n == 0)
        return ERR_PARSE;
    hello->has_alpn = true;
    while (list.n > 0) {
        if (take_vector(&list, 1, &name) != OK || name.n == 0)
            return ERR_PARSE;
        if (str_is(name, "h2"))
            hello->offers_h2 = true;
        else if (str_is(name, "http/1.1"))
            hello->offers_h1 = true;
    }
    return OK;
}

/* A list of numbers, kept for the origin. */
static struct str keep_numbers(struct str list, struct arena *arena)
{
    return arena_copy(arena, str_sub(list, 0, TLS_OFFER_BYTES_MAX));
}

/* A broken one is the handshake's to refuse. */
static struct str read_numbers(struct str body, struct arena *arena)
{
    struct str list;
    if (take_vector(&body, 2, &list) != OK || body.n != 0)
        return STR_NONE;
    return keep_numbers(list, arena);
}

static enum err read_extension(
    size_t type, struct str body, struct arena *arena, struct hello *hello)
{
    switch (type) {
    case EXT_SERVER_NAME:
        return read_server_name(body, arena, hello);
    case EXT_ALPN:
        return read_alpn(body, hello);
    case EXT_ECH:
        hello->has_ech = true;
        return OK;
    case EXT_GROUPS:
        hello->offer.groups = read_numbers(body, arena);
        return OK;
    case EXT_SIGNATURES:
        hello->offer.signatures = read_numbers(body, arena);
        return OK;
    case EXT_SCT:
        hello->offer.has_sct = true;
        return OK;
    case EXT_ETM:
        hello->offer.has_etm = true;
        return OK;
    default:
        return OK; /* GREASE and everything else */
    }
}

static enum err read_extensions(
    struct str list, struct arena *arena, struct hello *hello)
{
    uint8_t seen[65536 / 8] = {0};
    while (list.n > 0) {
        size_t type;
        struct str body;
        if (take_number(&list, 2, &type) != OK ||
            take_vector(&list, 2, &body) != OK)
            return ERR_PARSE;
        /* RFC 8446 §4.2: at most one of a type.  Two server names would let
         * us and the server see different ones. */
        uint8_t bit = (uint8_t)(1u << (type % 8));
        if ((seen[type / 8] & bit) != 0)
            return ERR_PARSE;
        seen[type / 8] |= bit;
        if (read_extension(type, body, arena, hello) != OK)
            return ERR_PARSE;
    }
    return OK;
}

/* RFC 8446 §4.1.2, RFC 5246 §7.4.1.2 (where extensions may be absent). */
static enum err read_hello(
    struct str message, struct arena *arena, struct hello *hello)
{
    struct str version, skipped, ciphers, extensions, rest = message;
    if (take_bytes(&rest, 2, &version) != OK || version.p[0] != 3 ||
        take_bytes(&rest, RANDOM_BYTES, &skipped) != OK ||
        take_vector(&rest, 1, &skipped) != OK || skipped.n > SESSION_ID_MAX ||
        take_vector(&rest, 2, &ciphers) != OK || ciphers.n < 2 ||
        ciphers.n % 2 != 0 || take_vector(&rest, 1, &skipped) != OK ||
        skipped.n == 0)
        return ERR_PARSE;
    hello->offer.ciphers = keep_numbers(ciphers, arena);
    if (rest.n == 0)
        return OK;
    if (take_vector(&rest, 2, &extensions) != OK || rest.n != 0)
        return ERR_PARSE;
    return read_extensions(extensions, arena, hello);
}

/* ---- records ----------------------------------------------------------- */

/* One record's fragment off *rest; a last one may be cut short. */
static enum err take_record(struct str *rest, struct str *fragment_out)
{
    if (rest->n > 0 && byte_at(*rest, 0) != TYPE_HANDSHAKE)
        return ERR_PARSE;
    if (rest->n > 1 && byte_at(*rest, 1) != 3)
        return ERR_PARSE;
    if (rest->n < RECORD_HEADER)
        return ERR_AGAIN;
    size_t n = (size_t)byte_at(*rest, 3) << 8 | byte_at(*rest, 4);
    if (n == 0 || n > RECORD_MAX)
        return ERR_PARSE;
    *fragment_out = str_sub(*rest, RECORD_HEADER, RECORD_HEADER + n);
    *rest = str_sub(*rest, RECORD_HEADER + n, rest->n);
    return OK;
}

/* The message's header out of the fragments so far. */
struct found {
    uint8_t header[MESSAGE_HEADER];
    size_t message_n; /* handshake bytes seen */
    size_t want_n;    /* of the message with its header; 0: unknown yet */
};

static enum err look_at(struct found *found, struct str fragment)
{
    for (size_t i = 0; i < fragment.n && found->message_n + i < MESSAGE_HEADER;
         i++)
        found->header[found->message_n + i] = (uint8_t)fragment.p[i];
    found->message_n += fragment.n;
    if (found->message_n > 0 && found->header[0] != MESSAGE_CLIENT_HELLO)
        return ERR_PARSE;
    if (found->message_n < MESSAGE_HEADER)
        return OK;
    found->want_n =
        MESSAGE_HEADER + ((size_t)found->header[1] << 16 |
                             (size_t)found->header[2] << 8 | found->header[3]);
    return found->want_n > HELLO_MAX ? ERR_LIMIT : OK;
}

/* OK when the whole message is there, in one record or several. */
static enum err measure(
    struct str bytes, struct found *found, struct str *first_out)
{
    struct str rest = bytes, fragment;
    enum err err;
    *first_out = STR_NONE;
    while ((err = take_record(&rest, &fragment)) == OK) {
        if (first_out->p == NULL)
            *first_out = fragment;
        err = look_at(found, fragment);
        if (err != OK)
            return err;
        if (found->want_n > 0 && found->message_n >= found->want_n)
            return OK;
    }
    return err;
}

static struct str join(
    struct str bytes, struct str first, size_t want_n, struct arena *arena)
{
    if (first.n >= want_n)
        return str_sub(first, 0, want_n);
    char *whole = arena_alloc(arena, want_n);
    struct str rest = bytes, fragment;
    size_t at = 0;
    while (at < want_n && take_record(&rest, &fragment) == OK) {
        size_t n = fragment.n < want_n - at ? fragment.n : want_n - at;
        memcpy(whole + at, fragment.p, n);
        at += n;
    }
    return str_make(whole, want_n);
}

enum err hello_parse(
    struct str bytes, struct arena *arena, struct hello *hello_out)
{
    struct found found = {0};
    struct str first;
    *hello_out = (struct hello){0};
    if (bytes.n > 0 && byte_at(bytes, 0) != TYPE_HANDSHAKE)
        return ERR_UNSUPPORTED;
    if (bytes.n > 1 && byte_at(bytes, 1) != 3)
        return ERR_UNSUPPORTED;
    enum err err = measure(bytes, &found, &first);
    if (err == ERR_AGAIN && bytes.n >= HELLO_MAX)
        return ERR_LIMIT;
    if (err != OK)
        return err;
    struct str message = join(bytes, first, found.want_n, arena);
    return read_hello(
        str_sub(message, MESSAGE_HEADER, message.n), arena, hello_out);
}
