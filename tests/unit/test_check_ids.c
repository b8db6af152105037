/* inspect/check_ids.h: identifiers of many countries.  The values are the
 * specimens that authorities, standards and manuals print. */
#include "inspect/check_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *validator, *value;
} confirmed[] = {
    {"uk-nhs", "9434765919"},
    {"uk-nino", "AB123456C"},
    {"uk-driver", "MORGA657054SM9IJ"},
    {"es-nif", "12345678Z"},
    {"es-nif", "X1234567L"},
    {"it-fiscal", "RSSMRA85T10A562S"},
    {"fr-nir", "255081416802538"},
    {"de-tax-id", "86095742719"},
    {"de-social", "15070649C103"},
    {"de-health", "A123456780"},
    {"de-card", "L01X00T471"},
    {"de-lanr", "123456601"},
    {"de-vat", "DE136695976"},
    {"nl-bsn", "111222333"},
    {"be-nn", "93051822361"},
    {"be-nn", "00012556777"},
    {"pl-pesel", "44051401359"},
    {"pl-nip", "1234563218"},
    {"pt-nif", "123456789"},
    {"se-person", "8112289874"},
    {"se-person", "198112289874"},
    {"se-org", "5560360793"},
    {"no-fnr", "29029600013"},
    {"fi-hetu", "131052-308T"},
    {"ro-cnp", "1800101221144"},
    {"bg-egn", "7523169263"},
    {"cz-rc", "7103192745"},
    {"hr-oib", "33392005961"},
    {"ch-ahv", "7569217076985"},
    {"ru-inn", "7707083893"},
    {"ru-inn", "500100732259"},
    {"ru-snils", "11223344595"},
    {"at-svnr", "1237010180"},
    {"dk-cpr", "2110625629"},
    {"ee-isikukood", "37605030299"},
    {"lv-code", "16117519997"},
    {"ie-pps", "1234567T"},
    {"ie-pps", "1234567FA"},
    {"gr-amka", "01013099997"},
    {"hu-taj", "123456788"},
    {"jmbg", "0101006500006"},
    {"is-kennitala", "1201743399"},
    {"ua-rnokpp", "1759013776"},
    {"dk-cvr", "13585628"},
    {"no-org", "988077917"},
    {"fi-business", "20774740"},
    {"ch-uid", "100155212"},
    {"at-uid", "13585627"},
    {"hu-tax", "12892312242"},
    {"cz-ico", "25123891"},
    {"pl-regon", "192598184"},
    {"pl-regon", "12345678512347"},
    {"ro-cui", "18547290"},
    {"gr-afm", "094259216"},
    {"si-tax", "50223054"},
    {"be-company", "0428759497"},
    {"uk-vat", "980780684"},
    {"br-pis", "12056412545"},
    {"ec-cedula", "1714307103"},
    {"ve-rif", "V114702834"},
    {"pe-ruc", "20512333797"},
    {"cn-uscc", "91110000600037341L"},
    {"tw-ubn", "00501503"},
    {"kz-iin", "870412300129"},
    {"us-aba", "021000021"},
    {"us-npi", "1234567893"},
    {"us-mbi", "1EG4TE5MK73"},
    {"us-dea", "AB1234563"},
    {"ca-sin", "130692544"},
    {"mx-curp", "BOXW310820HNERXN09"},
    {"br-cpf", "11144477735"},
    {"br-cnpj", "11222333000181"},
    {"cl-rut", "123456785"},
    {"ar-cuit", "20055361682"},
    {"au-tfn", "123456782"},
    {"au-abn", "51824753556"},
    {"au-acn", "004085616"},
    {"au-medicare", "2123456701"},
    {"nz-ird", "49091850"},
    {"tr-id", "10000000146"},
    {"za-id", "8001015009087"},
    {"il-id", "123456782"},
    {"imei", "490154203237518"},
    {"vin", "1M8GDM9AXKP042788"},
    {"in-aadhaar", "399876543211"},
    {"in-gstin", "27AAPFU0939F1ZV"},
    {"cn-id", "11010519491231002X"},
    {"jp-number", "123456789018"},
    {"kr-brn", "1048213138"},
    {"tw-id", "A123456789"},
    {"hk-id", "A123456(3)"},
    {"sg-nric", "S1234567D"},
    {"sg-uen", "53125226D"},
    {"sg-uen", "201434292D"},
    {"sg-uen", "S57TU0392K"},
    {"th-tnin", "1234567890121"},
    {"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
    {"bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
    {"bitcoin-key", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"},
};

static enum check run(const char *validator, const char *value)
{
    const struct validator *v = validator_find(str_of(validator));
    struct str text = str_of(value);
    assert_non_null(v);
    return v->run(&text);
}

static void specimens_are_confirmed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof confirmed / sizeof *confirmed; i++)
        if (run(confirmed[i].validator, confirmed[i].value) != CHECK_PASS)
            print_message(
                "%s refuses %s\n", confirmed[i].validator, confirmed[i].value);
    for (size_t i = 0; i < sizeof confirmed / sizeof *confirmed; i++)
        assert_int_equal(
            run(confirmed[i].validator, confirmed[i].value), CHECK_PASS);
}

/* Structure alone: any digit may stand in these. */
static bool has_no_check_digit(const char *validator)
{
    return strcmp(validator, "us-mbi") == 0 ||
           strcmp(validator, "uk-nino") == 0 ||
           strcmp(validator, "uk-driver") == 0;
}

/* Of the other digits at the place of the check digit, or before the check
 * letter, at most one passes (mod 11 maps ten to something). */
static void another_check_digit_is_not_confirmed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof confirmed / sizeof *confirmed; i++) {
        char value[64];
        unsigned passes = 0;
        size_t n = strlen(confirmed[i].value), at = n - 1;
        if (has_no_check_digit(confirmed[i].validator) || n >= sizeof value)
            continue;
        memcpy(value, confirmed[i].value, n + 1);
        while (at > 0 && !isdigit((unsigned char)value[at]))
            at--;
        if (strcmp(confirmed[i].validator, "au-medicare") == 0 ||
            strcmp(confirmed[i].validator, "is-kennitala") == 0)
            at--; /* an issue number, a century stands behind it */
        if (strcmp(confirmed[i].validator, "de-lanr") == 0)
            at -= 2; /* the speciality */
        if (strcmp(confirmed[i].validator, "at-svnr") == 0)
            at = 3;
        if (strcmp(confirmed[i].validator, "hu-tax") == 0)
            at = 7; /* kind and district behind it */
        for (char c = '0'; c <= '9'; c++) {
            value[at] = c;
            passes += run(confirmed[i].validator, value) == CHECK_PASS;
        }
        if (passes > 2)
            fail_msg("%s confirms %u of ten", confirmed[i].validator, passes);
    }
}

static void impossible_ones_fail(void **state)
{
    static const struct {
        const char *validator, *value;
    } wrong[] = {{"uk-nino", "QQ123456C"}, {"uk-nino", "AB123456E"},
        {"us-itin", "912341234"}, {"us-itin", "812701234"},
        {"us-mbi", "0EG4TE5MK73"}, {"us-mbi", "1SG4TE5MK73"},
        {"ca-sin", "046454286"}, {"in-aadhaar", "123456789012"},
        {"in-pan", "ABCDE1234F"}, {"za-id", "8013015009087"},
        {"kz-iin", "871312300129"}, {"ec-cedula", "2614307103"},
        {"ve-rif", "X114702834"}, {"pl-pesel", "44133101359"},
        {"se-person", "8113289874"}, {"nl-bsn", "000000000"},
        {"br-cpf", "11111111111"}, {"kr-rrn", "0511029234110"},
        {"ph-tin", "600000000"}, {"de-tax-number", "1781508150001"},
        {"cz-rc", "7153192745"}, {"date", "31.2.2021"}, {"date", "2021-13-01"},
        {"ip", "256.1.1.1"}, {"ip", "2001::db8::1"},
        {"mac", "00:00:00:00:00:00"}, {"mac", "10:2F:33-AC-29-C3"},
        {"in-vehicle", "XX12AB1234"},
        {"bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"},
        {"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"},
        {"kr-driver", "102212345612"}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (run(wrong[i].validator, wrong[i].value) != CHECK_FAIL)
            fail_msg("%s takes %s", wrong[i].validator, wrong[i].value);
}

static void structure_without_a_check_digit_stays_open(void **state)
{
    (void)state;
    assert_int_equal(run("us-itin", "912701234"), CHECK_UNKNOWN);
    assert_int_equal(run("in-pan", "ABCPE1234F"), CHECK_UNKNOWN);
    assert_int_equal(run("kr-rrn", "9601211234567"), CHECK_UNKNOWN);
    assert_int_equal(run("ph-tin", "123456789000"), CHECK_UNKNOWN);
    assert_int_equal(run("de-tax-number", "0281508150123"), CHECK_UNKNOWN);
    assert_int_equal(run("my-nric", "850607145678"), CHECK_UNKNOWN);
}

static void dates_are_read_in_their_spellings(void **state)
{
    static const char *const dates[] = {"2021-05-20", "20.5.2021", "5/20/21",
        "20/5/21", "21-May", "3 March 1984", "May 5, 2021", "Sept 7, 1999",
        "29.2.2024"};
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (run("date", dates[i]) != CHECK_PASS)
            fail_msg("%s", dates[i]);
    assert_int_equal(run("date", "29.2.2023"), CHECK_FAIL);
    assert_int_equal(run("date", "10 decent 1999"), CHECK_FAIL);
}

static void words_are_no_keys_and_references_no_passwords(void **state)
{
    static const char *const no_keys[] = {"Ed25519PrivateKey",
        "standard_b64encode", "w32-registered-hot-keys", "xsalsa20poly1305.h",
        "your_api_key_1234", "${API_KEY_1}", "db1.example.com", "get_token(1)",
        "xxxxxxxxxxxxxxxxxxxx"};
    static const char *const no_passwords[] = {"${PASSWORD}", "getpass()",
        "credentials[1]", "Prompt.ask", "os.environ", "string", "********",
        "/en/some/path", "Password:", "<password>"};
    (void)state;
    for (size_t i = 0; i < sizeof no_keys / sizeof *no_keys; i++)
        if (run("api-key", no_keys[i]) == CHECK_PASS)
            fail_msg("a key: %s", no_keys[i]);
    for (size_t i = 0; i < sizeof no_passwords / sizeof *no_passwords; i++)
        if (run("password", no_passwords[i]) != CHECK_FAIL)
            fail_msg("a password: %s", no_passwords[i]);
    assert_int_equal(
        run("api-key", "554nmyirs56nepn9q7olvvg1wvl3bd40"), CHECK_PASS);
    assert_int_equal(
        run("api-key", "Kpy22uhabxAgP0FjygRCxy0kdEsIHHrp"), CHECK_PASS);
    assert_int_equal(run("password", "Winter2020#"), CHECK_PASS);
    assert_int_equal(run("password", "hunter"), CHECK_UNKNOWN);
}

/* Validators get what the network sends: nothing, short ones, other bytes. */
static void no_value_is_read_beyond_its_end(void **state)
{
    static const char bytes[] = "9A\xff-(z0";
    (void)state;
    for (size_t i = 0; validator_at(i) != NULL; i++)
        for (size_t b = 0; b + 1 < sizeof bytes; b++)
            for (size_t n = 1; n <= 24; n++) {
                char value[24];
                memset(value, bytes[b], n);
                struct str text = {value, n};
                (void)validator_at(i)->run(&text);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specimens_are_confirmed),
        cmocka_unit_test(another_check_digit_is_not_confirmed),
        cmocka_unit_test(impossible_ones_fail),
        cmocka_unit_test(structure_without_a_check_digit_stays_open),
        cmocka_unit_test(dates_are_read_in_their_spellings),
        cmocka_unit_test(words_are_no_keys_and_references_no_passwords),
        cmocka_unit_test(no_value_is_read_beyond_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
