#include "certs/profile.h"

#include "base/mem.h"
#include "base/str.h"

enum {
    SERIAL_BYTES_MAX = 20, /* RFC 5280 §4.1.2.2 */
    DNS_NAME_BYTES_MAX = 253,
    DNS_LABEL_BYTES_MAX = 63,
    IPV4_RANGE_BYTES = 8, /* address and mask */
    IPV6_RANGE_BYTES = 32,
};

static bool is_positive_and_short(X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
    bool is_good = n != NULL && !BN_is_negative(n) && !BN_is_zero(n) &&
                   BN_num_bytes(n) <= SERIAL_BYTES_MAX;
    BN_free(n);
    return is_good;
}

/* An extension that OpenSSL knows is to be one whole value of its type. */
static bool is_readable(X509_EXTENSION *extension)
{
    const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    if (method == NULL)
        return true;
    const unsigned char *at = ASN1_STRING_get0_data(value);
    const unsigned char *end = at + ASN1_STRING_length(value);
    void *read = method->it != NULL ? ASN1_item_d2i(NULL, &at, end - at,
                                          ASN1_ITEM_ptr(method->it))
                                    : method->d2i(NULL, &at, end - at);
    if (read == NULL)
        return false;
    if (method->it != NULL)
        ASN1_item_free(read, ASN1_ITEM_ptr(method->it));
    else
        method->ext_free(read);
    return at == end;
}

static bool are_readable(X509 *cert)
{
    for (int i = 0; i < X509_get_ext_count(cert); i++)
        if (!is_readable(X509_get_ext(cert, i)))
            return false;
    return true;
}

/* RFC 5280 §4.2.2.1: AccessDescriptions are at least one. */
static bool has_empty_access(X509 *cert)
{
    AUTHORITY_INFO_ACCESS *access =
        X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
    bool is_empty = access != NULL && sk_ACCESS_DESCRIPTION_num(access) == 0;
    AUTHORITY_INFO_ACCESS_free(access);
    return is_empty;
}

/* §4.2.1.11, §4.2.1.14: what narrows policies is to be critical. */
static bool has_lax_policy_limits(X509 *cert)
{
    static const int kinds[] = {NID_policy_constraints, NID_inhibit_any_policy};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        int at = X509_get_ext_by_NID(cert, kinds[i], -1);
        if (at >= 0 && !X509_EXTENSION_get_critical(X509_get_ext(cert, at)))
            return true;
    }
    return false;
}

/* ---- names -------------------------------------------------------------- */

/* Letters, digits, hyphens, and the underscore and asterisk that are in use,
 * in labels of which none is empty. */
static bool is_dns_name(const ASN1_IA5STRING *name)
{
    struct str s = str_make((const char *)ASN1_STRING_get0_data(name),
        (size_t)ASN1_STRING_length(name));
    size_t label_n = 0;
    if (s.n == 0 || s.n > DNS_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                         c == '*';
        if (c == '.' ? label_n == 0 : !is_letter)
            return false;
        label_n = c == '.' ? 0 : label_n + 1;
        if (label_n > DNS_LABEL_BYTES_MAX)
            return false;
    }
    return label_n > 0;
}

/* One name that cannot be is enough: a constraint may have missed it. */
static bool has_bad_name(X509 *cert)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool is_bad = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        is_bad |= name->type == GEN_DNS && !is_dns_name(name->d.dNSName);
    }
    GENERAL_NAMES_free(names);
    return is_bad;
}

/* §4.2.1.10.  The empty name stands for all names. */
static bool is_subtree(const GENERAL_NAME *base)
{
    int n;
    switch (base->type) {
    case GEN_DNS:
        return ASN1_STRING_length(base->d.dNSName) == 0 ||
               (is_dns_name(base->d.dNSName) &&
                   ASN1_STRING_get0_data(base->d.dNSName)[0] != '*');
    case GEN_IPADD:
        n = ASN1_STRING_length(base->d.iPAddress);
        return n == IPV4_RANGE_BYTES || n == IPV6_RANGE_BYTES;
    default:
        return true;
    }
}

static bool are_subtrees(const STACK_OF(GENERAL_SUBTREE) * trees)
{
    if (trees == NULL)
        return true;
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++)
        if (!is_subtree(sk_GENERAL_SUBTREE_value(trees, i)->base))
            return false;
    return sk_GENERAL_SUBTREE_num(trees) > 0;
}

/* There is something in it, and each of it can be held against a name. */
static bool has_bad_constraints(X509 *cert)
{
    NAME_CONSTRAINTS *constraints =
        X509_get_ext_d2i(cert, NID_name_constraints, NULL, NULL);
    bool is_bad = constraints != NULL &&
                  ((constraints->permittedSubtrees == NULL &&
                       constraints->excludedSubtrees == NULL) ||
                      !are_subtrees(constraints->permittedSubtrees) ||
                      !are_subtrees(constraints->excludedSubtrees));
    NAME_CONSTRAINTS_free(constraints);
    return is_bad;
}

/* ---- places ------------------------------------------------------------- */

static bool may_sign(X509 *cert)
{
    return (X509_get_extension_flags(cert) & EXFLAG_KUSAGE) != 0 &&
           (X509_get_key_usage(cert) & KU_KEY_CERT_SIGN) != 0;
}

static const char *server_mistake(X509 *cert)
{
    bool is_ca = (X509_get_extension_flags(cert) & EXFLAG_CA) != 0;
    if (!is_ca && may_sign(cert)) /* §4.2.1.9 */
        return "may sign certificates and is no authority";
    if (!is_ca && X509_get_ext_by_NID(cert, NID_name_constraints, -1) >= 0)
        return "constrains names and is no authority";
    return has_bad_name(cert) ? "a name that is none" : NULL;
}

const char *profile_mistake(X509 *cert, enum profile_place place)
{
    bool is_server =
        place == PROFILE_SERVER || place == PROFILE_SERVER_AND_ROOT;
    bool is_root = place == PROFILE_ROOT || place == PROFILE_SERVER_AND_ROOT;
    if (!is_server &&
        X509_NAME_entry_count(X509_get_subject_name(cert)) == 0) /* §4.1.2.6 */
        return "an authority without a name";
    if (has_bad_constraints(cert))
        return "name constraints that constrain nothing or no name";
    if (!is_root && !is_positive_and_short(cert))
        return "a serial number that is zero, negative or too long";
    if (!is_root && !are_readable(cert))
        return "an extension that cannot be read";
    if (!is_root && has_empty_access(cert))
        return "an empty authority information access";
    if (!is_root && has_lax_policy_limits(cert))
        return "limits of policies that are not critical";
    return is_server ? server_mistake(cert) : NULL;
}
