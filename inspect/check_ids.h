/*
 * Inside the validators: the ones that live in files of their own, and what
 * they share.  check.c has the table of all of them.
 *
 * Every one gets the value without separators and returns CHECK_PASS when a
 * check digit confirms it, CHECK_UNKNOWN when only its structure is right.
 */
#ifndef INSPECT_CHECK_IDS_H
#define INSPECT_CHECK_IDS_H

#include "inspect/check.h"

enum { CHECK_DIGITS_MAX = 24 };

/* The digits of the value, letters and marks left out. */
struct digits {
    unsigned char d[CHECK_DIGITS_MAX];
    size_t n;
};

struct digits check_digits(struct str value);
/* The first `strlen(weights)` digits, each times its weight: '1' to '9', then
 * ':' for 10, ';' 11, '<' 12 … as they follow in ASCII. */
unsigned check_weigh(const struct digits *digits, const char *weights);
/* ISO 7064 mod 11,10 over all of them. */
bool check_mod11_10(const struct digits *digits);
bool check_verhoeff(const struct digits *digits);
/* A day of the calendar; year 0: any. */
bool check_is_date(unsigned year, unsigned month, unsigned day);
/* Two digits at `at`. */
unsigned check_two(const struct digits *digits, size_t at);
/* One digit over and over. */
bool check_is_monotone(const struct digits *digits);
/* Value of 0-9, A-Z (or a-z) as 0 to 35; -1 for anything else. */
int check_alnum(char c);
enum check check_pass(bool is_right);
/* check_random.c: how far letters and digits of a value are from words and
 * names, in 1/16 bits a character: below 0 they are words, from
 * CHECK_IS_STRANGE on they were drawn at random (of words and names 1 in 100,
 * of drawn ones of 16 characters 97 in 100). */
enum { CHECK_IS_NAME = -5, CHECK_IS_STRANGE = 5 };
int check_strangeness(struct str value);

/* check_europe.c */
enum check check_uk_nhs(struct str *value);
enum check check_uk_nino(struct str *value);
enum check check_uk_driver(struct str *value);
enum check check_es_nif(struct str *value);
enum check check_it_fiscal(struct str *value);
enum check check_fr_nir(struct str *value);
enum check check_de_tax_id(struct str *value);
enum check check_de_tax_number(struct str *value);
enum check check_de_social(struct str *value);
enum check check_de_health(struct str *value);
enum check check_de_card(struct str *value);
enum check check_de_lanr(struct str *value);
enum check check_de_vat(struct str *value);
enum check check_nl_bsn(struct str *value);
enum check check_be_nn(struct str *value);
enum check check_pl_pesel(struct str *value);
enum check check_pl_nip(struct str *value);
enum check check_pt_nif(struct str *value);
enum check check_se_person(struct str *value);
enum check check_se_org(struct str *value);
enum check check_no_fnr(struct str *value);
enum check check_fi_hetu(struct str *value);
enum check check_ro_cnp(struct str *value);
enum check check_bg_egn(struct str *value);
enum check check_cz_rc(struct str *value);
enum check check_hr_oib(struct str *value);
enum check check_ch_ahv(struct str *value);
enum check check_ru_inn(struct str *value);
enum check check_ru_snils(struct str *value);

/* check_europe_more.c */
enum check check_at_svnr(struct str *value);
enum check check_dk_cpr(struct str *value);
enum check check_ee_isikukood(struct str *value);
enum check check_lv_code(struct str *value);
enum check check_ie_pps(struct str *value);
enum check check_gr_amka(struct str *value);
enum check check_hu_taj(struct str *value);
enum check check_jmbg(struct str *value);
enum check check_is_kennitala(struct str *value);
enum check check_ua_rnokpp(struct str *value);

/* check_companies.c */
enum check check_dk_cvr(struct str *value);
enum check check_no_org(struct str *value);
enum check check_fi_business(struct str *value);
enum check check_ch_uid(struct str *value);
enum check check_at_uid(struct str *value);
enum check check_hu_tax(struct str *value);
enum check check_cz_ico(struct str *value);
enum check check_pl_regon(struct str *value);
enum check check_ro_cui(struct str *value);
enum check check_gr_afm(struct str *value);
enum check check_si_tax(struct str *value);
enum check check_be_company(struct str *value);
enum check check_uk_vat(struct str *value);
enum check check_br_pis(struct str *value);
enum check check_ec_cedula(struct str *value);
enum check check_ve_rif(struct str *value);
enum check check_pe_ruc(struct str *value);
enum check check_cn_uscc(struct str *value);
enum check check_tw_ubn(struct str *value);
enum check check_kz_iin(struct str *value);

/* check_world.c */
enum check check_us_itin(struct str *value);
enum check check_us_aba(struct str *value);
enum check check_us_npi(struct str *value);
enum check check_us_mbi(struct str *value);
enum check check_us_dea(struct str *value);
enum check check_ca_sin(struct str *value);
enum check check_mx_curp(struct str *value);
enum check check_br_cpf(struct str *value);
enum check check_br_cnpj(struct str *value);
enum check check_cl_rut(struct str *value);
enum check check_ar_cuit(struct str *value);
enum check check_au_tfn(struct str *value);
enum check check_au_abn(struct str *value);
enum check check_au_acn(struct str *value);
enum check check_au_medicare(struct str *value);
enum check check_nz_ird(struct str *value);
enum check check_tr_id(struct str *value);
enum check check_za_id(struct str *value);
enum check check_il_id(struct str *value);
enum check check_ng_nin(struct str *value);
enum check check_imei(struct str *value);
enum check check_vin(struct str *value);

/* check_asia.c */
enum check check_in_aadhaar(struct str *value);
enum check check_in_pan(struct str *value);
enum check check_in_gstin(struct str *value);
enum check check_cn_id(struct str *value);
enum check check_jp_number(struct str *value);
enum check check_kr_rrn(struct str *value);
enum check check_kr_frn(struct str *value);
enum check check_kr_brn(struct str *value);
enum check check_kr_driver(struct str *value);
enum check check_tw_id(struct str *value);
enum check check_hk_id(struct str *value);
enum check check_sg_nric(struct str *value);
enum check check_sg_uen(struct str *value);
enum check check_th_tnin(struct str *value);
enum check check_ph_tin(struct str *value);
enum check check_my_nric(struct str *value);
enum check check_in_vehicle(struct str *value);

/* check_money.c */
enum check check_card(struct str *value);
enum check check_iban(struct str *value);
enum check check_bitcoin(struct str *value);
enum check check_bitcoin_key(struct str *value);

/* check_token.c */
enum check check_crc62(struct str *value);
enum check check_jwt(struct str *value);
enum check check_pem(struct str *value);
enum check check_mixed(struct str *value);
enum check check_has_digit(struct str *value);
enum check check_basic_auth(struct str *value);
enum check check_aws(struct str *value);

/* check_secret.c */
enum check check_password(struct str *value);
enum check check_api_key(struct str *value);
enum check check_random(struct str *value);

/* check_plain.c */
enum check check_date_value(struct str *value);
enum check check_ip_value(struct str *value);
enum check check_mac_value(struct str *value);

#endif
