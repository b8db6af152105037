/*
 * Files that an answer of the public API names or holds (fact sheet
 * chatgpt-wire §6.3, §9): ids and names from annotations, bytes from base64,
 * data: URLs, or the answer itself.  Bytes are hashed in pieces and not kept,
 * but for the first ones, which tell the type.
 */
#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "inspect/address.h"
#include "inspect/answer_parts.h"
#include "inspect/filetype.h"
#include "inspect/form.h"

struct answer_file {
    struct str id, name, declared_type;
    struct str url; /* where its bytes are to be had */
    struct str key; /* of its place in the answer, where it has no id */
    int64_t choice;
    struct digest *digest; /* NULL: its bytes are not here */
    struct buf head;
    struct buf rest; /* base64 that a piece ended within */
    uint64_t bytes;
    bool is_damaged;
};

void answer_files_free(struct answer *a)
{
    for (size_t i = 0; i < a->file_count; i++) {
        digest_free(&a->files[i].digest);
        buf_wipe_free(&a->files[i].head);
        buf_wipe_free(&a->files[i].rest);
    }
    mem_free(a->files);
    a->files = NULL;
    a->file_count = 0;
}

static struct answer_file *add(struct answer *a, struct str id, struct str name)
{
    if (a->files == NULL)
        a->files = mem_calloc(ANSWER_FILES_MAX, sizeof *a->files);
    if (a->file_count == ANSWER_FILES_MAX) {
        a->is_over_limit = true;
        return NULL;
    }
    struct answer_file *file = &a->files[a->file_count++];
    file->id = arena_copy(&a->arena, id);
    file->name = arena_copy(&a->arena, name);
    return file;
}

struct answer_file *answer_add_file(
    struct answer *a, int64_t choice, struct str id, struct str name)
{
    for (size_t i = 0; i < a->file_count && (id.n != 0 || name.n != 0); i++) {
        struct answer_file *file = &a->files[i];
        bool is_same = id.n != 0 ? str_eq(file->id, id)
                                 : file->id.n == 0 && str_eq(file->name, name);
        if (!is_same || file->choice != choice)
            continue;
        if (file->name.n == 0)
            file->name = arena_copy(&a->arena, name);
        return file;
    }
    struct answer_file *file = add(a, id, name);
    if (file != NULL)
        file->choice = choice;
    return file;
}

struct answer_file *answer_file_at(
    struct answer *a, int64_t choice, struct str key, struct str id)
{
    struct answer_file *file = NULL;
    for (size_t i = 0; i < a->file_count && file == NULL; i++)
        if (str_eq(a->files[i].key, key) && a->files[i].choice == choice)
            file = &a->files[i];
    if (file == NULL) {
        file = add(a, STR_NONE, STR_NONE);
        if (file == NULL)
            return NULL;
        file->key = arena_copy(&a->arena, str_sub(key, 0, 256));
        file->choice = choice;
    }
    if (file->id.n == 0)
        file->id = arena_copy(&a->arena, id);
    return file;
}

void answer_file_declare(
    struct answer *a, struct answer_file *file, struct str type)
{
    if (file != NULL)
        file->declared_type = arena_copy(&a->arena, type);
}

void answer_file_bytes(struct answer_file *file, struct str bytes)
{
    if (file == NULL)
        return;
    if (file->digest == NULL)
        file->digest = digest_new();
    digest_update(file->digest, bytes);
    file->bytes += bytes.n;
    if (file->head.n < FILETYPE_HEAD_BYTES)
        buf_append_str(
            &file->head, str_sub(bytes, 0, FILETYPE_HEAD_BYTES - file->head.n));
}

static void decode(struct answer_file *file, struct str text)
{
    enum { PIECE = 64 * 1024 }; /* a multiple of four */
    struct buf bytes = {0};
    while (text.n != 0 && !file->is_damaged) {
        struct str piece = str_sub(text, 0, PIECE);
        text = str_sub(text, piece.n, text.n);
        buf_clear(&bytes);
        file->is_damaged = base64_decode(piece, &bytes) != OK;
        answer_file_bytes(file, buf_str(&bytes));
    }
    buf_wipe_free(&bytes);
}

void answer_file_base64(struct answer_file *file, struct str text)
{
    if (file == NULL)
        return;
    if (file->rest.n != 0) {
        size_t n = 4 - file->rest.n;
        buf_append_str(&file->rest, str_sub(text, 0, n));
        text = str_sub(text, n, text.n);
        if (file->rest.n < 4)
            return;
        decode(file, buf_str(&file->rest));
        buf_clear(&file->rest);
    }
    size_t whole = text.n - text.n % 4;
    decode(file, str_sub(text, 0, whole));
    buf_append_str(&file->rest, str_sub(text, whole, text.n));
}

bool answer_file_is_known(const struct answer_file *file)
{
    return file == NULL || file->digest != NULL;
}

/* The last part of the path, unescaped. */
static struct str name_of_url(struct answer *a, struct str url)
{
    struct address address;
    if (!address_split(&a->arena, url, &address) || address.host.n == 0)
        return STR_NONE;
    struct str path = address.path;
    size_t slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/')
        slash--;
    return form_decode(&a->arena, str_sub(path, slash, path.n), false);
}

void answer_file_url(struct answer *a, struct str key, struct str url)
{
    size_t comma = str_find_char(url, ',');
    if (url.n == 0)
        return;
    struct answer_file *file = answer_file_at(a, 0, key, STR_NONE);
    if (!str_starts_nocase(url, "data:")) {
        if (file != NULL && file->name.n == 0)
            file->name = name_of_url(a, url);
        if (file != NULL)
            file->url = arena_copy(&a->arena, url);
        return;
    }
    struct str head = str_sub(url, 5, comma);
    if (answer_file_is_known(file))
        return;
    answer_file_declare(a, file, str_sub(head, 0, str_find_char(head, ';')));
    if (str_ends_nocase(head, ";base64"))
        answer_file_base64(file, str_sub(url, comma + 1, url.n));
}

bool answer_next_file(
    struct answer *a, struct str *id_out, struct str *name_out)
{
    for (; a->file_told < a->file_count; a->file_told++) {
        const struct answer_file *file = &a->files[a->file_told];
        if (file->id.n == 0 || file->name.n == 0)
            continue;
        *id_out = file->id;
        *name_out = file->name;
        a->file_told++;
        return true;
    }
    return false;
}

static void set_bytes(
    struct activity_file *to, struct answer_file *file, struct arena *arena)
{
    uint8_t sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_BYTES];
    digest_sum(file->digest, sum);
    digest_hex(sum, hex);
    to->bytes = (int64_t)file->bytes;
    to->sha256 = arena_copy(arena, str_of(hex));
    to->type = filetype_find(buf_str(&file->head));
}

void answer_take_files(
    const struct answer *a, int64_t choice, struct activity *act)
{
    for (size_t i = 0; i < a->file_count; i++) {
        struct answer_file *file = &a->files[i];
        if (file->choice != choice)
            continue;
        struct activity_file *to = activity_add_file(act);
        to->id = arena_copy(&act->arena, file->id);
        to->name = arena_copy(&act->arena, file->name);
        to->declared_type = arena_copy(&act->arena, file->declared_type);
        to->link = arena_copy(&act->arena, file->url);
        decode(file, buf_str(&file->rest)); /* without padding */
        buf_clear(&file->rest);
        if (file->digest != NULL && !file->is_damaged)
            set_bytes(to, file, &act->arena);
    }
}
