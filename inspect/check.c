/*
 * The table of validators.  scan_judge.c calls them on every candidate that a
 * pattern gave; a rule names its validator in YAML.  Those of a kind are in a
 * file of their own: check_money.c, check_token.c, check_secret.c, and by
 * country check_europe.c, check_europe_more.c, check_world.c, check_asia.c,
 * check_companies.c.
 */
#include "inspect/check_ids.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

bool check_luhn(struct str digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits.n; i++) {
        unsigned d = (unsigned)(digits.p[digits.n - 1 - i] - '0');
        if (d > 9)
            return false;
        if (i % 2 == 1)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return digits.n > 0 && sum % 10 == 0;
}

bool check_mod97(struct str value)
{
    unsigned rest = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (isdigit(c))
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else if (isupper(c))
            rest = (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
        else
            return false;
    }
    return rest == 1;
}

static bool is_one_digit(struct str value)
{
    struct digits d = check_digits(value);
    return check_is_monotone(&d);
}

/* Numbers that were printed in advertisements and manuals. */
static const char *const ssn_known[] = {"078051120", "219099999", "123456789",
    "987654321", "111223333", "123121234", "123456780"};

/* Social Security Administration: no area 000, 666 or 9xx, no group 00, no
 * serial 0000. */
static enum check check_ssn(struct str *value)
{
    const char *p = value->p;
    if (value->n != 9 || is_one_digit(*value) || p[0] == '9' ||
        memcmp(p, "000", 3) == 0 || memcmp(p, "666", 3) == 0 ||
        memcmp(p + 3, "00", 2) == 0 || memcmp(p + 5, "0000", 4) == 0)
        return CHECK_FAIL;
    for (size_t i = 0; i < ARRAY_LEN(ssn_known); i++)
        if (memcmp(p, ssn_known[i], 9) == 0)
            return CHECK_FAIL;
    return CHECK_UNKNOWN;
}

static enum check check_luhn_digits(struct str *value)
{
    return check_luhn(*value) && !is_one_digit(*value) ? CHECK_PASS
                                                       : CHECK_FAIL;
}

static const struct validator validators[] = {
    {"card", check_card},
    {"iban", check_iban},
    {"us-ssn", check_ssn},
    {"crc62", check_crc62},
    {"jwt", check_jwt},
    {"pem", check_pem},
    {"aws", check_aws},
    {"mixed", check_mixed},
    {"has-digit", check_has_digit},
    {"basic-auth", check_basic_auth},
    {"luhn", check_luhn_digits},
    {"password", check_password},
    {"api-key", check_api_key},
    {"random", check_random},
    {"date", check_date_value},
    {"ip", check_ip_value},
    {"mac", check_mac_value},
    {"bitcoin", check_bitcoin},
    {"bitcoin-key", check_bitcoin_key},
    {"at-svnr", check_at_svnr},
    {"ar-cuit", check_ar_cuit},
    {"au-abn", check_au_abn},
    {"au-acn", check_au_acn},
    {"au-medicare", check_au_medicare},
    {"au-tfn", check_au_tfn},
    {"be-nn", check_be_nn},
    {"bg-egn", check_bg_egn},
    {"br-cnpj", check_br_cnpj},
    {"br-cpf", check_br_cpf},
    {"ca-sin", check_ca_sin},
    {"ch-ahv", check_ch_ahv},
    {"cl-rut", check_cl_rut},
    {"cn-id", check_cn_id},
    {"cz-rc", check_cz_rc},
    {"de-card", check_de_card},
    {"de-health", check_de_health},
    {"de-lanr", check_de_lanr},
    {"de-social", check_de_social},
    {"de-tax-id", check_de_tax_id},
    {"de-tax-number", check_de_tax_number},
    {"de-vat", check_de_vat},
    {"dk-cpr", check_dk_cpr},
    {"ee-isikukood", check_ee_isikukood},
    {"es-nif", check_es_nif},
    {"fi-hetu", check_fi_hetu},
    {"fr-nir", check_fr_nir},
    {"gr-amka", check_gr_amka},
    {"hk-id", check_hk_id},
    {"hr-oib", check_hr_oib},
    {"hu-taj", check_hu_taj},
    {"ie-pps", check_ie_pps},
    {"il-id", check_il_id},
    {"imei", check_imei},
    {"in-aadhaar", check_in_aadhaar},
    {"in-gstin", check_in_gstin},
    {"in-pan", check_in_pan},
    {"in-vehicle", check_in_vehicle},
    {"is-kennitala", check_is_kennitala},
    {"it-fiscal", check_it_fiscal},
    {"jmbg", check_jmbg},
    {"jp-number", check_jp_number},
    {"kr-brn", check_kr_brn},
    {"kr-driver", check_kr_driver},
    {"kr-frn", check_kr_frn},
    {"kr-rrn", check_kr_rrn},
    {"lv-code", check_lv_code},
    {"mx-curp", check_mx_curp},
    {"my-nric", check_my_nric},
    {"ng-nin", check_ng_nin},
    {"nl-bsn", check_nl_bsn},
    {"no-fnr", check_no_fnr},
    {"nz-ird", check_nz_ird},
    {"ph-tin", check_ph_tin},
    {"pl-nip", check_pl_nip},
    {"pl-pesel", check_pl_pesel},
    {"pt-nif", check_pt_nif},
    {"ro-cnp", check_ro_cnp},
    {"ru-inn", check_ru_inn},
    {"ru-snils", check_ru_snils},
    {"se-org", check_se_org},
    {"se-person", check_se_person},
    {"sg-nric", check_sg_nric},
    {"sg-uen", check_sg_uen},
    {"th-tnin", check_th_tnin},
    {"tr-id", check_tr_id},
    {"tw-id", check_tw_id},
    {"ua-rnokpp", check_ua_rnokpp},
    {"uk-driver", check_uk_driver},
    {"uk-nhs", check_uk_nhs},
    {"uk-nino", check_uk_nino},
    {"us-aba", check_us_aba},
    {"us-dea", check_us_dea},
    {"us-itin", check_us_itin},
    {"us-mbi", check_us_mbi},
    {"us-npi", check_us_npi},
    {"vin", check_vin},
    {"za-id", check_za_id},
    /* check_companies.c */
    {"dk-cvr", check_dk_cvr},
    {"no-org", check_no_org},
    {"fi-business", check_fi_business},
    {"ch-uid", check_ch_uid},
    {"at-uid", check_at_uid},
    {"hu-tax", check_hu_tax},
    {"cz-ico", check_cz_ico},
    {"pl-regon", check_pl_regon},
    {"ro-cui", check_ro_cui},
    {"gr-afm", check_gr_afm},
    {"si-tax", check_si_tax},
    {"be-company", check_be_company},
    {"uk-vat", check_uk_vat},
    {"br-pis", check_br_pis},
    {"ec-cedula", check_ec_cedula},
    {"ve-rif", check_ve_rif},
    {"pe-ruc", check_pe_ruc},
    {"cn-uscc", check_cn_uscc},
    {"tw-ubn", check_tw_ubn},
    {"kz-iin", check_kz_iin},
};
const struct validator *validator_at(size_t index)
{
    return index < ARRAY_LEN(validators) ? &validators[index] : NULL;
}

const struct validator *validator_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(validators); i++)
        if (str_is(name, validators[i].name))
            return &validators[i];
    return NULL;
}

double check_entropy(struct str value)
{
    unsigned counts[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < value.n; i++)
        counts[(unsigned char)value.p[i]]++;
    for (size_t i = 0; i < 256; i++) {
        if (counts[i] == 0)
            continue;
        double p = (double)counts[i] / (double)value.n;
        bits -= p * log2(p);
    }
    return bits;
}
