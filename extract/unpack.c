#include "extract/unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"

struct unpack {
    struct job *job;
    struct archive *archive;
    struct str container;
    size_t unpacked_bytes; /* of this container */
    struct buf bytes;      /* of the member */
    bool is_over;
    bool may_be_bare; /* compressed, and no member was seen */
};

static void add_formats(struct archive *a, bool is_single, bool has_tar)
{
    if (is_single) {
        archive_read_support_filter_gzip(a);
        archive_read_support_filter_bzip2(a);
        archive_read_support_filter_xz(a);
        archive_read_support_filter_lzma(a);
        archive_read_support_filter_lzip(a);
        archive_read_support_filter_zstd(a);
        archive_read_support_filter_lz4(a);
        archive_read_support_filter_compress(a);
        archive_read_support_format_raw(a);
    }
    if (has_tar)
        archive_read_support_format_tar(a);
    if (is_single)
        return;
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_cpio(a);
    archive_read_support_format_ar(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_rar5(a);
    archive_read_support_format_cab(a);
    archive_read_support_format_iso9660(a);
    archive_read_support_filter_rpm(a);
    archive_read_support_filter_gzip(a); /* within an RPM */
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
}

static bool open_container(struct unpack *u, bool is_single, bool has_tar)
{
    u->archive = archive_read_new();
    if (u->archive == NULL)
        mem_exhausted();
    add_formats(u->archive, is_single, has_tar);
    return archive_read_open_memory(
               u->archive, u->container.p, u->container.n) == ARCHIVE_OK;
}

struct unpack *unpack_open(struct job *job, struct str bytes, bool is_single)
{
    struct unpack *u = MEM_NEW(struct unpack);
    u->job = job;
    u->container = bytes;
    u->may_be_bare = is_single;
    if (!open_container(u, is_single, true)) {
        job_trouble(job, EXTRACT_DAMAGED);
        unpack_close(&u);
    }
    return u;
}

/* Two blocks of zeros are an empty tar, whatever follows. */
static bool open_bare(struct unpack *u)
{
    bool may_be = u->may_be_bare;
    u->may_be_bare = false;
    if (!may_be)
        return false;
    archive_read_free(u->archive);
    return open_container(u, true, false);
}

void unpack_close(struct unpack **unpack)
{
    struct unpack *u = *unpack;
    if (u == NULL)
        return;
    *unpack = NULL;
    archive_read_free(u->archive);
    buf_free(&u->bytes);
    mem_free(u);
}

/* Members that are encrypted but for their names give an error when read. */
static void note_failure(
    struct unpack *u, struct archive_entry *entry, struct unpack_member *m)
{
    const char *why = archive_error_string(u->archive);
    bool says_so = why != NULL && (strstr(why, "ncrypt") != NULL ||
                                      strstr(why, "assphrase") != NULL);
    if (says_so || (entry != NULL && archive_entry_is_encrypted(entry)))
        m->is_encrypted = true;
    else
        m->is_damaged = true;
}

/* Before a piece is taken. */
static bool may_take(struct unpack *u, size_t n)
{
    u->unpacked_bytes += n;
    u->is_over = !job_may_unpack(
        u->job, u->bytes.n + n, u->unpacked_bytes, u->container.n);
    return !u->is_over;
}

static void read_data(
    struct unpack *u, struct archive_entry *entry, struct unpack_member *m)
{
    enum { PIECE = 64 * 1024 };
    buf_clear(&u->bytes);
    for (;;) {
        char *to = buf_reserve(&u->bytes, PIECE);
        la_ssize_t n = archive_read_data(u->archive, to, PIECE);
        if (n < 0)
            note_failure(u, entry, m);
        if (n <= 0 || !may_take(u, (size_t)n))
            break;
        buf_commit(&u->bytes, (size_t)n);
    }
    m->bytes = buf_str(&u->bytes);
}

static struct str name_of(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    if (name == NULL)
        name = archive_entry_pathname(entry);
    return str_of(name != NULL ? name : "");
}

bool unpack_next(struct unpack *u, struct unpack_member *m)
{
    struct archive_entry *entry = NULL;
    *m = (struct unpack_member){0};
    if (u->is_over || job_is_over(u->job))
        return false;
    int status = archive_read_next_header(u->archive, &entry);
    if (status == ARCHIVE_EOF && open_bare(u))
        status = archive_read_next_header(u->archive, &entry);
    u->may_be_bare = false;
    if (status == ARCHIVE_EOF)
        return false;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        note_failure(u, NULL, m);
        job_trouble(
            u->job, m->is_encrypted ? EXTRACT_ENCRYPTED : EXTRACT_DAMAGED);
        return false;
    }
    m->name = name_of(entry);
    m->is_encrypted = archive_entry_is_encrypted(entry) != 0;
    if (!m->is_encrypted && archive_entry_filetype(entry) == AE_IFREG)
        read_data(u, entry, m);
    return true;
}
