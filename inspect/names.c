/*
 * See inspect/names.h.  A key file has a line for each key, the oldest first:
 *   name-key 2026-11-23T15:00:00.000Z BASE64
 * A key counts for what happens from its time on, until that of the next one;
 * the first one counts for what was before it, too.
 */
#include "inspect/names.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "inspect/public_key.h"

enum {
    HASH_BYTES = 10, /* of the MAC: 16 digits */
    BOXES = 1024,    /* sealed names that are remembered */
    BOX_GRAIN = 64,  /* a box's length tells no name's */
    TAG_CHARS = 8,   /* of the public key's hash */
};
static const char WORD[] = "name-key";
static const char START[] = "person-";
static const char MAIL_END[] = "@hidden";

struct name_key {
    int64_t from_ms;
    struct seal_key key;
};

struct name_box {
    struct str pseudonym; /* heap; empty: free */
    struct buf sealed;
};

struct names {
    struct seal_key public_key;
    char tag[TAG_CHARS + 1];
    struct name_key *keys;
    size_t count;
    struct name_box boxes[BOXES];
};

/* ---- keys ---------------------------------------------------------------- */

static enum err read_line(struct str line, struct name_key *out)
{
    struct str word, time;
    if (!str_split(&line, ' ', &word) || !str_is(word, WORD) ||
        !str_split(&line, ' ', &time) ||
        clock_parse(time, 0, &out->from_ms) != OK)
        return ERR_PARSE;
    return seal_read_base64(str_trim(line), &out->key);
}

/* keys_out: NAMES_KEYS_MAX of them. */
static enum err read_keys(
    struct str text, struct name_key *keys_out, size_t *count_out)
{
    struct str line;
    size_t n = 0;
    *count_out = 0;
    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (n == NAMES_KEYS_MAX || read_line(line, &keys_out[n]) != OK ||
            (n > 0 && keys_out[n].from_ms <= keys_out[n - 1].from_ms))
            return ERR_PARSE;
        *count_out = ++n;
    }
    return n > 0 ? OK : ERR_NOT_FOUND;
}

static void free_keys(struct name_key **keys)
{
    if (*keys == NULL)
        return;
    for (size_t i = 0; i < NAMES_KEYS_MAX; i++)
        seal_wipe(&(*keys)[i].key);
    mem_free(*keys);
    *keys = NULL;
}

enum err names_last_key(struct str text, int64_t *from_ms_out)
{
    struct name_key *keys = mem_calloc(NAMES_KEYS_MAX, sizeof *keys);
    size_t count;
    enum err err = read_keys(text, keys, &count);
    if (err == OK)
        *from_ms_out = keys[count - 1].from_ms;
    free_keys(&keys);
    return err;
}

void names_add_key(struct str text, int64_t from_ms, struct buf *out)
{
    struct seal_key key;
    char time[CLOCK_TEXT_BYTES];
    random_fill(key.bytes, sizeof key.bytes);
    clock_format(from_ms, time);
    buf_append_str(out, text);
    if (text.n > 0 && text.p[text.n - 1] != '\n')
        buf_append_char(out, '\n');
    buf_printf(out, "%s %s ", WORD, time);
    base64_encode(str_make((const char *)key.bytes, sizeof key.bytes), out);
    buf_append_char(out, '\n');
    seal_wipe(&key);
}

struct names *names_load(
    const struct bundle *bundle, const struct settings *s, struct diag *diag)
{
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_NAMES_KEYS);
    struct seal_key public_key;
    char hash[DIGEST_HEX_BYTES];
    if (!s->names.are_hidden ||
        !public_key_load(bundle, BUNDLE_NAMES_PUBLIC, s->names.public_key,
            "names.public_key", diag, &public_key) ||
        file == NULL)
        return NULL;
    struct names *names = MEM_NEW(struct names);
    names->keys = mem_calloc(NAMES_KEYS_MAX, sizeof *names->keys);
    if (read_keys(file->text, names->keys, &names->count) != OK) {
        diag_add(diag, file->name.p, 1,
            "lines \"name-key TIME BASE64\" are needed, the oldest first, as "
            "`promptgate names rotate` writes them");
        names_free(&names);
        return NULL;
    }
    names->public_key = public_key;
    digest_sha256_hex(
        str_make((const char *)public_key.bytes, SEAL_KEY_BYTES), hash);
    memcpy(names->tag, hash, TAG_CHARS);
    return names;
}

static void free_box(struct name_box *box)
{
    mem_free((void *)(uintptr_t)box->pseudonym.p);
    buf_free(&box->sealed);
    *box = (struct name_box){.sealed = {0}};
}

void names_free(struct names **names)
{
    struct names *n = *names;
    if (n == NULL)
        return;
    for (size_t i = 0; i < BOXES; i++)
        free_box(&n->boxes[i]);
    free_keys(&n->keys);
    mem_free(n);
    *names = NULL;
}

/* ---- pseudonyms ---------------------------------------------------------- */

static void write_hash(const uint8_t *mac, struct buf *out)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        bits = (bits << 8) | mac[i];
        for (held += 8; held >= 5; held -= 5)
            buf_append_char(out, digits[(bits >> (held - 5)) & 31]);
    }
}

bool names_is_pseudonym(struct str text)
{
    size_t n = sizeof START - 1 + HASH_BYTES * 8 / 5;
    if (!str_starts(text, START) || text.n < n)
        return false;
    struct str end = str_sub(text, n, text.n);
    for (size_t i = sizeof START - 1; i < n; i++)
        if (!(text.p[i] >= 'a' && text.p[i] <= 'z') &&
            !(text.p[i] >= '2' && text.p[i] <= '7'))
            return false;
    return end.n == 0 || str_is(end, MAIL_END);
}

static void write_pseudonym(
    const struct name_key *key, struct str name, struct buf *out)
{
    uint8_t mac[DIGEST_BYTES];
    struct arena lower = {0};
    if (names_is_pseudonym(name)) {
        buf_append_str(out, name);
        return;
    }
    digest_hmac_sha256(
        str_make((const char *)key->key.bytes, sizeof key->key.bytes),
        arena_lower(&lower, name), mac);
    arena_wipe(&lower);
    buf_append_str(out, STR(START));
    write_hash(mac, out);
    if (str_find_char(name, '@') < name.n)
        buf_append_str(out, STR(MAIL_END));
}

void names_pseudonym(const struct names *names, int64_t time_ms,
    struct str name, struct buf *out)
{
    size_t i = names->count - 1;
    while (i > 0 && names->keys[i].from_ms > time_ms)
        i--;
    write_pseudonym(&names->keys[i], name, out);
}

bool names_pseudonym_of_key(
    const struct names *names, size_t n, struct str name, struct buf *out)
{
    if (n >= names->count)
        return false;
    write_pseudonym(&names->keys[n], name, out);
    return true;
}

struct str names_hide_one(
    const struct names *names, struct str name, struct arena *arena)
{
    struct buf text = {0};
    if (names == NULL || name.n == 0)
        return name;
    names_pseudonym(names, clock_wall_ms(), name, &text);
    name = arena_copy(arena, buf_str(&text));
    buf_free(&text);
    return name;
}

/* ---- boxes --------------------------------------------------------------- */

/* The pseudonym, a line's end, the name, and zeros. */
static void write_box(
    struct names *names, struct str pseudonym, struct str name, struct buf *out)
{
    struct buf clear = {0}, sealed = {0};
    buf_append_str(&clear, pseudonym);
    buf_append_char(&clear, '\n');
    buf_append_str(&clear, name);
    while (clear.n % BOX_GRAIN != 0)
        buf_append_char(&clear, '\0');
    buf_printf(out, "%s.", names->tag);
    if (seal_close(&names->public_key, buf_str(&clear), &sealed) == OK)
        base64_encode(buf_str(&sealed), out);
    buf_wipe_free(&clear);
    buf_free(&sealed);
}

struct str names_seal(
    struct names *names, struct str pseudonym, struct str name)
{
    uint8_t hash[DIGEST_BYTES];
    digest_sha256(pseudonym, hash);
    struct name_box *box = &names->boxes[(hash[0] | hash[1] << 8) % BOXES];
    if (!str_eq(box->pseudonym, pseudonym)) {
        free_box(box);
        write_box(names, pseudonym, name, &box->sealed);
        char *copy = mem_alloc(pseudonym.n);
        memcpy(copy, pseudonym.p, pseudonym.n);
        box->pseudonym = str_make(copy, pseudonym.n);
    }
    return buf_str(&box->sealed);
}

static enum err read_box(
    struct str clear, struct str pseudonym, struct buf *name_out)
{
    struct str of;
    while (clear.n > 0 && clear.p[clear.n - 1] == '\0')
        clear.n--;
    if (!str_split(&clear, '\n', &of) || !str_eq(of, pseudonym))
        return ERR_PARSE;
    buf_append_str(name_out, clear);
    return OK;
}

enum err names_open(const struct seal_key *secret, struct str pseudonym,
    struct str sealed, struct buf *name_out)
{
    struct buf box = {0}, clear = {0};
    size_t dot = str_find_char(sealed, '.');
    enum err err = ERR_PARSE;
    if (dot < sealed.n)
        err = base64_decode(str_sub(sealed, dot + 1, sealed.n), &box);
    if (err == OK)
        err = seal_open(secret, buf_str(&box), &clear);
    if (err == OK)
        err = read_box(buf_str(&clear), pseudonym, name_out);
    buf_free(&box);
    buf_wipe_free(&clear);
    return err;
}
