/* certs/profile.h: each form that it forbids, and the neighbour of it that it
 * lets pass, in every place of a chain. */
#include "certs/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/pki.h"

static const char serial[] = "a serial number that is zero, negative or too "
                             "long";
static const char unreadable[] = "an extension that cannot be read";
static const char empty_access[] = "an empty authority information access";
static const char lax_limits[] = "limits of policies that are not critical";
static const char bad_name[] = "a name that is none";
static const char bad_constraints[] =
    "name constraints that constrain nothing or no name";
static const char signs[] = "may sign certificates and is no authority";
static const char constrains[] = "constrains names and is no authority";
static const char good[] = "good";

struct form {
    const char *want;
    struct pki_spec spec;
};

static const char *mistake_of(X509 *cert, enum profile_place place)
{
    const char *mistake = profile_mistake(cert, place);
    return mistake != NULL ? mistake : good;
}

static void check_forms(
    const struct form *forms, size_t n, enum profile_place place)
{
    for (size_t i = 0; i < n; i++) {
        struct pki_spec spec = forms[i].spec;
        spec.name = "anybody";
        struct pki_cert made = pki_make(spec, NULL);
        const char *got = mistake_of(made.cert, place);
        if (strcmp(got, forms[i].want) != 0)
            print_message("form %zu: %s\n", i, got);
        assert_string_equal(got, forms[i].want);
        pki_free(&made);
    }
}

static void u5_serial_numbers_are_positive_and_of_twenty_bytes(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {good, {.serial = "1"}},
        {good, {.serial = "0xfab77cd6f0f2bab61a642396c6994a6b1415ae1e"}},
        {serial, {.serial = "0x7ab77cd6f0f2bab61a642396c6994a6b1415ae1e25"}},
        {serial, {.serial = "0"}},
        {serial, {.serial = "-5"}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_AUTHORITY);
}

static void u5_extensions_are_whole_values_of_their_type(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {empty_access, {.extra = "1.3.6.1.5.5.7.1.1=DER:3000"}},
        {unreadable, {.extra = "1.3.6.1.5.5.7.1.1=DER:0500"}},
        {good, {.extra = "2.5.29.32=DER:3006300406022a03"}},
        {unreadable, /* the policies, and a byte more */
            {.extra = "2.5.29.32=DER:3006300406022a0300"}},
        {unreadable, {.extra = "2.5.29.32=DER:05"}},
        {good, {.extra = "1.2.3.4=DER:05"}}, /* of nobody knows what type */
        {lax_limits, {.extra = "policyConstraints=requireExplicitPolicy:3"}},
        {good, {.extra = "policyConstraints=critical,requireExplicitPolicy:3"}},
        {lax_limits, {.extra = "inhibitAnyPolicy=2"}},
        {good, {.extra = "inhibitAnyPolicy=critical,2"}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_AUTHORITY);
}

#define LABEL_63                                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void u5_every_name_of_a_server_is_one(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {good, {.san = "DNS:a.test,IP:10.0.0.1,DNS:b_c,DNS:*.b.test"}},
        {good, {.san = "DNS:" LABEL_63 ".test"}},
        {bad_name, {.san = "DNS:a" LABEL_63 ".test"}},
        {good, {.san = "DNS:" LABEL_63 "." LABEL_63 "." LABEL_63 ".test"}},
        {bad_name,
            {.san = "DNS:" LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63}},
        {bad_name, {.san = "DNS:a.test,DNS:.a.test"}},
        {bad_name, {.san = "DNS:a.test,DNS:b..test"}},
        {bad_name, {.san = "DNS:a.test,DNS:b test"}},
        {bad_name, {.san = "DNS:a.test,DNS:b.test."}},
        {bad_name, {.san = "DNS:a.test,DNS:b@test"}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER_AND_ROOT);
}

static void u5_constraints_can_be_held_against_names(void **state)
{
    (void)state;
    static const char ca[] = "critical,CA:TRUE";
    const struct form forms[] = {
        {good, {.constraints = ca,
                   .extra = "nameConstraints=critical,excluded;DNS:b.test,"
                            "permitted;DNS:test,permitted;IP:10.0.0.0/"
                            "255.0.0.0"}},
        {good, /* the empty name: every name */
            {.constraints = ca, .extra = "2.5.29.30=DER:3006a10430028200"}},
        {bad_constraints, {.constraints = ca,
                              .extra = "nameConstraints=permitted;DNS:.test"}},
        {bad_constraints,
            {.constraints = ca,
                .extra = "nameConstraints=excluded;DNS:*.b.test"}},
        {bad_constraints, /* a range of five bytes */
            {.constraints = ca,
                .extra = "2.5.29.30=critical,DER:300ba009300787050a00000000"}},
        {bad_constraints,
            {.constraints = ca, .extra = "2.5.29.30=critical,DER:3000"}},
        {bad_constraints, {.constraints = ca,
                              .extra = "2.5.29.30=critical,DER:3004a000a100"}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_AUTHORITY);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_ROOT);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER_AND_ROOT);
}

static void u5_rights_of_an_authority_are_for_authorities(void **state)
{
    (void)state;
    static const char permits[] = "nameConstraints=permitted;DNS:a.test";
    const struct form forms[] = {
        {good, {.key_usage = "digitalSignature"}},
        {signs, {.key_usage = "keyCertSign,digitalSignature"}},
        {good, {.constraints = "critical,CA:TRUE", .key_usage = "keyCertSign"}},
        {constrains, {.extra = permits}},
        {good, {.constraints = "critical,CA:TRUE", .extra = permits}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER_AND_ROOT);
}

/* Whoever set up a root believes it: of its own forms nothing hangs. */
static void a_roots_own_forms_are_taken_as_they_are(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {good, {.serial = "0"}},
        {good, {.extra = "2.5.29.32=DER:05"}},
        {good, {.extra = "1.3.6.1.5.5.7.1.1=DER:3000"}},
        {good, {.extra = "inhibitAnyPolicy=2"}},
    };
    check_forms(forms, ARRAY_LEN(forms), PROFILE_ROOT);
    check_forms(forms, ARRAY_LEN(forms), PROFILE_SERVER_AND_ROOT);
}

static void u5_an_authority_has_a_name_and_a_server_needs_none(void **state)
{
    (void)state;
    static const char nameless[] = "an authority without a name";
    struct pki_cert made = pki_make_ca("anybody", NULL);
    X509_NAME *none = X509_NAME_new();
    assert_int_equal(X509_set_subject_name(made.cert, none), 1);
    X509_NAME_free(none);
    assert_string_equal(mistake_of(made.cert, PROFILE_AUTHORITY), nameless);
    assert_string_equal(mistake_of(made.cert, PROFILE_ROOT), nameless);
    assert_string_equal(mistake_of(made.cert, PROFILE_SERVER), good);
    pki_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u5_serial_numbers_are_positive_and_of_twenty_bytes),
        cmocka_unit_test(u5_extensions_are_whole_values_of_their_type),
        cmocka_unit_test(u5_every_name_of_a_server_is_one),
        cmocka_unit_test(u5_constraints_can_be_held_against_names),
        cmocka_unit_test(u5_rights_of_an_authority_are_for_authorities),
        cmocka_unit_test(a_roots_own_forms_are_taken_as_they_are),
        cmocka_unit_test(u5_an_authority_has_a_name_and_a_server_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
