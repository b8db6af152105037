"""Identifiers of companies, and of persons in more countries: as in
families.py, found as detectors of these names (their type is other-pii)."""
import datetime

from families import R, digits, group, letters, luhn, until, weigh


def of(n, weights, check, first="123456789"):
    """n digits and what `check` makes of their weighed sum: one, or None."""
    def make():
        body = digits(n, first)
        last = check(weigh(body, weights))
        return None if last is None else body + str(last)
    return until(make)


def eleven(s):
    rest = (11 - s % 11) % 11
    return None if rest == 10 else rest


def eleven_as_zero(s):
    rest = 11 - s % 11
    return 0 if rest > 9 else rest


def dk_cvr():
    v = of(7, (2, 7, 6, 5, 4, 3, 2), eleven)
    return [v, group(v, 2, 2, 2, 2), "DK" + v]


def no_org():
    v = of(8, (3, 2, 7, 6, 5, 4, 3, 2), eleven, "89")
    return [v, group(v, 3, 3, 3), "NO " + v + " MVA"]


def fi_business():
    v = of(7, (7, 9, 10, 5, 8, 4, 2), eleven)
    return [v[:7] + "-" + v[7]]


def fr_siren():
    body = digits(8, "3456789")
    v = body + luhn(body)
    return [v, group(v, 3, 3, 3)]


def fr_siret():
    body = digits(8, "3456789")
    v = body + luhn(body) + "000" + digits(1, "123456789")
    v += luhn(v)
    return [v, group(v, 3, 3, 3, 5)]


def ch_uid():
    v = of(8, (5, 4, 3, 2, 7, 6, 5, 4), eleven)
    return ["CHE-" + group(v, 3, 3, 3, sep="."), "CHE" + v]


def at_uid():
    body = digits(7)
    total = 4
    for i, c in enumerate(body):
        n = int(c) * (1 + i % 2)
        total += n // 10 + n % 10
    return ["ATU" + body + str(-total % 10)]


def hu_tax():
    v = of(7, (9, 7, 3, 1, 9, 7, 3), lambda s: -s % 10)
    return [v + "-" + R.choice("12345") + "-" + R.choice(["02", "13", "41",
                                                           "43"])]


def cz_ico():
    return [of(7, (8, 7, 6, 5, 4, 3, 2), lambda s: (11 - s % 11) % 10)]


def pl_regon():
    v = of(8, (8, 9, 2, 3, 4, 5, 6, 7), lambda s: s % 11 % 10)
    return [v, group(v, 3, 3, 3)]


def ro_cui():
    body = digits(7, "123456789")
    total = sum(int(c) * w for c, w in zip(reversed(body),
                                           (2, 3, 5, 7, 1, 2, 3)))
    v = body + str(total * 10 % 11 % 10)
    return ["RO" + v, v]


def gr_afm():
    return [of(8, tuple(2 ** k for k in range(8, 0, -1)),
               lambda s: s % 11 % 10, "0189")]


def si_tax():
    def check(s):
        rest = 11 - s % 11
        return None if rest == 11 else rest % 10
    v = of(7, (8, 7, 6, 5, 4, 3, 2), check)
    return [v, "SI" + v]


def be_company():
    body = "0" + digits(7, "4567")
    v = body + "%02d" % (97 - int(body) % 97)
    return [group(v, 4, 3, 3, sep="."), "BE " + v]


def uk_vat():
    body = digits(7, "123456789")
    s = weigh(body, (8, 7, 6, 5, 4, 3, 2)) + R.choice([0, 55])
    v = body + "%02d" % (97 - s % 97)
    return ["GB" + v, "GB " + group(v, 3, 4, 2)]


def br_pis():
    v = of(10, (3, 2, 9, 8, 7, 6, 5, 4, 3, 2), eleven_as_zero, "12")
    return [v, v[:3] + "." + v[3:8] + "." + v[8:10] + "-" + v[10]]


def ec_cedula():
    body = "%02d" % R.randint(1, 24) + digits(1, "012345") + digits(6)
    v = body + luhn(body)
    return [v, v[:9] + "-" + v[9]]


def do_cedula():
    body = "0" + digits(9)
    v = body + luhn(body)
    return [v, v[:3] + "-" + v[3:10] + "-" + v[10]]


def ve_rif():
    kind = R.choice("VEJPG")
    body = digits(8)
    v = eleven_as_zero(4 * ("VEJPG".index(kind) + 1)
                       + weigh(body, (3, 2, 7, 6, 5, 4, 3, 2)))
    return [kind + "-" + body + "-" + str(v), kind + body + str(v)]


def pe_ruc():
    body = R.choice(["10", "20"]) + digits(8)
    s = weigh(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return [body + str((11 - s % 11) % 10)]


def cn_uscc():
    table = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91" + digits(6) + letters(9, table)
    s = sum(table.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return [body + table[-s % 31]]


def tw_ubn():
    def make():
        v = digits(8)
        s = sum(sum(map(int, str(int(c) * w)))
                for c, w in zip(v, (1, 2, 1, 2, 1, 2, 4, 1)))
        return v if s % 5 == 0 else None
    return [until(make)]


def kz_iin():
    def make():
        day = datetime.date(1950, 1, 1) + datetime.timedelta(
            days=R.randint(0, 18000))
        body = day.strftime("%y%m%d") + R.choice("34") + digits(4)
        rest = weigh(body, range(1, 12)) % 11
        if rest == 10:
            rest = weigh(body, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)) % 11
        return None if rest == 10 else body + str(rest)
    return [until(make)]


MORE = {
    "dk-cvr": (dk_cvr, True, ["CVR", "CVR-nr", "CVR-nummer"]),
    "no-orgnr": (no_org, True, ["organisasjonsnummer", "Org.nr", "orgnr"]),
    "fi-business-id": (fi_business, True, ["Y-tunnus", "business ID"]),
    "fr-siren": (fr_siren, True, ["SIREN", "numéro SIREN"]),
    "fr-siret": (fr_siret, True, ["SIRET", "numéro SIRET", "n° SIRET"]),
    "ch-uid": (ch_uid, True, ["UID", "IDE", "Unternehmens-ID"]),
    "at-uid": (at_uid, True, ["UID-Nummer", "USt-IdNr", "VAT"]),
    "hu-tax-number": (hu_tax, True, ["adószám", "tax number"]),
    "cz-ico": (cz_ico, True, ["IČO", "IČ", "identifikační číslo"]),
    "pl-regon": (pl_regon, True, ["REGON", "numer REGON"]),
    "ro-cui": (ro_cui, True, ["CUI", "CIF", "cod fiscal"]),
    "gr-afm": (gr_afm, True, ["ΑΦΜ", "AFM"]),
    "si-tax-number": (si_tax, True, ["davčna številka", "ID za DDV"]),
    "be-company": (be_company, True, ["KBO", "ondernemingsnummer", "BCE",
                                      "numéro d'entreprise"]),
    "uk-vat": (uk_vat, True, ["VAT number", "VAT reg no", "VAT"]),
    "br-pis": (br_pis, True, ["PIS", "PIS/PASEP", "NIT"]),
    "ec-cedula": (ec_cedula, True, ["cédula", "cedula"]),
    "do-cedula": (do_cedula, True, ["cédula", "cedula de identidad"]),
    "ve-rif": (ve_rif, True, ["RIF", "registro fiscal"]),
    "pe-ruc": (pe_ruc, True, ["RUC"]),
    "cn-uscc": (cn_uscc, True, ["统一社会信用代码", "USCC",
                                "unified social credit code"]),
    "tw-ubn": (tw_ubn, True, ["統一編號", "統編", "UBN"]),
    "kz-iin": (kz_iin, True, ["ИИН", "ЖСН", "IIN"]),
}
