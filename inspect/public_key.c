/* See inspect/public_key.h. */
#include "inspect/public_key.h"

static bool read_file_key(
    const struct bundle_file *file, struct diag *diag, struct seal_key *key)
{
    enum err err = seal_read_key(file->text, SEAL_PUBLIC, key);
    if (err == ERR_DENIED)
        diag_add(diag, file->name.p, 1,
            "this is a secret key, which the gateway must never have; the "
            "public one is needed");
    else if (err != OK)
        diag_add(diag, file->name.p, 1,
            "one line is needed, \"public-key BASE64\", as `promptgate "
            "evidence keygen` and `promptgate names keygen` write it");
    return err == OK;
}

bool public_key_load(const struct bundle *bundle, enum bundle_kind kind,
    struct str value, const char *setting, struct diag *diag,
    struct seal_key *out)
{
    const struct bundle_file *file = bundle_first(bundle, kind);
    const struct bundle_file *where = bundle_first(bundle, BUNDLE_SETTINGS);
    struct buf probe = {0};
    if (value.n == 0)
        return false;
    if (seal_read_base64(value, out) != OK &&
        (file == NULL || !read_file_key(file, diag, out)))
        return false; /* a missing file was reported when it was collected */
    bool is_good = seal_close(out, STR("probe"), &probe) == OK;
    if (!is_good)
        diag_add(diag, file != NULL ? file->name.p : where->name.p, 1,
            "%s is no key that could be sealed to", setting);
    buf_free(&probe);
    return is_good;
}
