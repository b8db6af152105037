"""Persons' and companies' identifiers: valid values of each family, as they are
written, and what the family is called.

Check digits are computed here, not by inspect/check_*.c: two mistakes that
agree are less likely so.
"""
import datetime
import hashlib
import random
import string

UPPER = string.ascii_uppercase
ANY = string.digits + UPPER
R = random.Random()


def digits(n, first="0123456789"):
    return R.choice(first) + "".join(R.choice("0123456789")
                                     for _ in range(n - 1))


def letters(n, alphabet=UPPER):
    return "".join(R.choice(alphabet) for _ in range(n))


def birthday(first=1940, last=2004):
    start = datetime.date(first, 1, 1).toordinal()
    end = datetime.date(last, 12, 31).toordinal()
    return datetime.date.fromordinal(R.randint(start, end))


def weigh(s, weights):
    return sum(int(c, 36) * w for c, w in zip(s, weights))


def luhn(s):
    total = 0
    for i, c in enumerate(reversed(s)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return str(-total % 10)


def until(make):
    """make() until it gives one: some have no check digit."""
    while True:
        value = make()
        if value is not None:
            return value


def group(s, *sizes, sep=" "):
    out, at = [], 0
    for n in sizes:
        out.append(s[at:at + n])
        at += n
    return sep.join(out)


def iso7064_11_10(s):
    p = 10
    for c in s:
        p = (p + int(c)) % 10 or 10
        p = p * 2 % 11
    return str((11 - p) % 10)


VERHOEFF_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
              [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
              [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
              [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
              [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
VERHOEFF_P = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def verhoeff(s):
    c = 0
    for i, d in enumerate(reversed(s), 1):
        v = int(d)
        for _ in range(i % 8):
            v = VERHOEFF_P[v]
        c = VERHOEFF_D[c][v]
    return str(VERHOEFF_D[c].index(0))


def icao(s):
    return str(weigh(s, [7, 3, 1] * 10) % 10)


# Each returns the ways one value is written, the plain one first.

def credit_card():
    kind = R.choice(["4", "51", "55", "37", "6011", "2221", "3566"])
    n = 15 if kind == "37" else 16
    s = kind + digits(n - 1 - len(kind))
    s += luhn(s)
    sizes = (4, 6, 5) if n == 15 else (4, 4, 4, 4)
    return [s, group(s, *sizes), group(s, *sizes, sep="-")]


def iban():
    kind = R.choice(["DE", "FR", "GB", "NL", "ES", "IT", "PL", "CH", "AT"])
    bban = {"DE": lambda: digits(18), "FR": lambda: digits(10) + letters(1)
            + digits(12), "GB": lambda: letters(4) + digits(14),
            "NL": lambda: letters(4) + digits(10), "ES": lambda: digits(20),
            "IT": lambda: letters(1) + digits(22), "PL": lambda: digits(24),
            "CH": lambda: digits(17), "AT": lambda: digits(16)}[kind]()
    number = "".join(str(int(c, 36)) for c in bban + kind + "00")
    s = kind + "%02d" % (98 - int(number) % 97) + bban
    return [s, group(s, *[4] * ((len(s) + 3) // 4)), s.lower(),
            group(s, *[4] * ((len(s) + 3) // 4), sep="-")]


def us_aba():
    s = R.choice(["02", "11", "12", "26", "07", "31"]) + digits(6)
    return [s + str(-weigh(s, [3, 7, 1, 3, 7, 1, 3, 7]) % 10)]


def crypto():
    alphabet = ("123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
                "abcdefghijkmnopqrstuvwxyz")
    raw = b"\0" + R.randbytes(20)
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    n, out = int.from_bytes(raw, "big"), ""
    while n:
        n, r = divmod(n, 58)
        out = alphabet[r] + out
    return ["1" * (len(raw) - len(raw.lstrip(b"\0"))) + out]


def us_ssn():
    s = "%03d%02d%04d" % (R.choice(list(range(1, 666)) + list(range(667, 900))),
                          R.randint(1, 99), R.randint(1, 9999))
    return [group(s, 3, 2, 4, sep="-"), s, group(s, 3, 2, 4)]


def us_itin():
    s = "9" + digits(2) + str(R.choice([*range(50, 66), *range(70, 89),
                                        90, 91, 92, *range(94, 100)]))
    s += digits(4)
    return [group(s, 3, 2, 4, sep="-"), group(s, 3, 2, 4), s]


def us_npi():
    s = digits(9, "12")
    return [s + luhn("80840" + s)]


def us_mbi():
    a, n = "ACDEFGHJKMNPQRTUVWXY", "ACDEFGHJKMNPQRTUVWXY0123456789"
    s = (digits(1, "123456789") + letters(1, a) + letters(1, n) + digits(1)
         + letters(1, a) + letters(1, n) + digits(1) + letters(2, a)
         + digits(2))
    return [s, group(s, 4, 3, 4, sep="-")]


def dea():
    s = digits(6)
    total = weigh(s, [1, 2, 1, 2, 1, 2])
    return [letters(1, "ABFGM") + letters(1) + s + str(total % 10)]


def ca_sin():
    s = digits(8, "1234567")
    s += luhn(s)
    return [group(s, 3, 3, 3), group(s, 3, 3, 3, sep="-"), s]


def uk_nhs():
    def make():
        s = digits(9, "4679")
        check = 11 - weigh(s, range(10, 1, -1)) % 11
        return None if check == 10 else s + str(check % 11)
    s = until(make)
    return [group(s, 3, 3, 4), s, group(s, 3, 3, 4, sep="-")]


def uk_nino():
    s = (letters(1, "ABCEGHJLMPRSTWXYZ"[:13]) + letters(1, "ABCEHJLMPRSWXYZ")
         + digits(6) + letters(1, "ABCD"))
    return [s, group(s, 2, 2, 2, 2, 1), group(s, 2, 6, 1), s.lower(),
            group(s, 2, 2, 2, 2, 1, sep="-")]


def uk_driver():
    d = birthday(1950, 1999)
    name = letters(R.randint(3, 5)).ljust(5, "9")
    y = "%02d" % (d.year % 100)
    month = d.month + R.choice([0, 50])
    s = (name + y[0] + "%02d%02d" % (month, d.day) + y[1] + letters(2)
         + digits(1) + letters(2))
    return [s]


def in_aadhaar():
    s = digits(11, "23456789")
    s += verhoeff(s)
    return [group(s, 4, 4, 4), s, group(s, 4, 4, 4, sep="-")]


def in_pan():
    return [letters(3) + R.choice("PCHFATBLJG") + letters(1) + digits(4)
            + letters(1)]


def in_gstin():
    s = "%02d" % R.randint(1, 37) + in_pan()[0] + digits(1, "123") + "Z"
    total = 0
    for i, c in enumerate(s):
        v = int(c, 36) * (1 + i % 2)
        total += v // 36 + v % 36
    return [s + ANY[-total % 36]]


def au_tfn():
    def make():
        s = digits(8, "123456789")
        for c in "0123456789":
            if weigh(s + c, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0:
                return s + c
        return None
    s = until(make)
    return [group(s, 3, 3, 3), s, group(s, 3, 3, 3, sep="-")]


def au_abn():
    s = digits(9)
    total = weigh(s, [3, 5, 7, 9, 11, 13, 15, 17, 19])
    # 10*(a-1) + b + total = 0 mod 89 with both digits free
    for first in range(10, 100):
        check = 10 * (first // 10 - 1) + first % 10
        if (check + total) % 89 == 0:
            s = str(first) + s
            break
    return [group(s, 2, 3, 3, 3), s] if len(s) == 11 else au_abn()


def au_acn():
    s = digits(8)
    s += str(-weigh(s, range(8, 0, -1)) % 10)
    return [group(s, 3, 3, 3), s]


def au_medicare():
    s = digits(8, "23456")
    s += str(weigh(s, [1, 3, 7, 9, 1, 3, 7, 9]) % 10) + digits(1, "1234")
    return [group(s, 4, 5, 1), s, group(s, 4, 5, 1, sep="-")]


DNI = "TRWAGMYFPDXBNJZSQVHLCKE"


def es_nif():
    s = digits(8)
    c = DNI[int(s) % 23]
    return [s + c, s + "-" + c, group(s, 2, 3, 3, sep=".") + "-" + c,
            s + " " + c, group(s, 2, 3, 3, sep=".") + c, (s + c).lower()]


def es_nie():
    n, s = R.randint(0, 2), digits(7)
    c = DNI[int(str(n) + s) % 23]
    x = "XYZ"[n]
    return [x + s + c, x + "-" + s + "-" + c, x + s + "-" + c,
            x + " " + s + " " + c]


ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14,
       16, 10, 22, 25, 24, 23]


def it_fiscal():
    d = birthday()
    cons = "BCDFGLMNPRSTV"
    s = (letters(6, cons) + "%02d" % (d.year % 100)
         + "ABCDEHLMPRST"[d.month - 1] + "%02d" % (d.day + R.choice([0, 40]))
         + letters(1, "ABCDEFGHIL") + "%03d" % R.randint(1, 899))
    total = 0
    for i, c in enumerate(s):
        v = int(c) if c.isdigit() else ord(c) - 65
        total += v if i % 2 else ODD[v]
    s += UPPER[total % 26]
    return [s, group(s, 3, 3, 5, 5), s.lower(), group(s, 6, 5, 5)]


def it_vat():
    s = "0" + digits(6) + "%03d" % R.randint(1, 100)
    s += luhn(s)
    return [s, "IT" + s, "IT " + s]


def fr_nir():
    d = birthday()
    s = (R.choice("12") + d.strftime("%y%m") + "%02d" % R.randint(21, 95)
         + "%03d" % R.randint(1, 600) + "%03d" % R.randint(1, 900))
    s += "%02d" % (97 - int(s) % 97)
    return [s, group(s, 1, 2, 2, 2, 3, 3, 2), s[:13] + " " + s[13:]]


def de_tax_id():
    def make():
        pool = R.sample("0123456789", 9)
        s = pool + [R.choice(pool)]
        R.shuffle(s)
        return None if s[0] == "0" else "".join(s)
    s = until(make)
    s += iso7064_11_10(s)
    return [s, group(s, 2, 3, 3, 3), group(s, 2, 3, 3, 3, sep="/")]


def de_card(first):
    s = letters(1, first) + letters(8, "CFGHJKLMNPRTVWXYZ0123456789")
    return [s + icao(s)]


def de_social():
    d = birthday()
    s = ("%02d" % R.choice([2, 4, 8, 12, 15, 20, 50, 53, 65])
         + d.strftime("%d%m%y") + letters(1) + "%02d" % R.randint(0, 99))
    wide = "".join("%02d" % (ord(c) - 64) if c.isalpha() else c for c in s)
    total = 0
    for c, w in zip(wide, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]):
        v = int(c) * w
        total += v // 10 + v % 10
    s += str(total % 10)
    return [s, group(s, 2, 6, 1, 3)]


def nl_bsn():
    def make():
        s = digits(8, "123456789")
        check = weigh(s, range(9, 1, -1)) % 11
        return None if check == 10 else s + str(check)
    s = until(make)
    return [s, group(s, 4, 2, 3, sep="."), group(s, 3, 3, 3),
            group(s, 4, 2, 3), group(s, 3, 3, 3, sep=".")]


def be_nn():
    d = birthday(1940, 1999)
    s = d.strftime("%y%m%d") + "%03d" % R.randint(1, 997)
    s += "%02d" % (97 - int(s) % 97)
    return [group(s[:6], 2, 2, 2, sep=".") + "-" + s[6:9] + "." + s[9:], s,
            group(s, 2, 2, 2, 3, 2), s[:6] + "-" + s[6:9] + "-" + s[9:]]


def pl_pesel():
    d = birthday()
    s = ("%02d%02d%02d" % (d.year % 100, d.month + (20 if d.year >= 2000
                                                    else 0), d.day)
         + digits(4))
    return [s + str(-weigh(s, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)]


def pl_nip():
    def make():
        s = digits(9, "123456789")
        check = weigh(s, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11
        return None if check == 10 or "0" in s[:3] else s + str(check)
    s = until(make)
    return [s, group(s, 3, 3, 2, 2, sep="-"), group(s, 3, 2, 2, 3, sep="-"),
            "PL" + s, group(s, 3, 3, 2, 2)]


def pt_nif():
    s = digits(8, "125")
    check = 11 - weigh(s, range(9, 1, -1)) % 11
    s += str(check if check < 10 else 0)
    return [s, group(s, 3, 3, 3), "PT" + s, group(s, 3, 3, 3, sep=".")]


def se_person():
    d = birthday(1940, 1999)
    s = d.strftime("%y%m%d") + digits(3)
    s += luhn(s)
    full = str(d.year)[:2] + s
    return [s[:6] + "-" + s[6:], full[:8] + "-" + full[8:], full, s,
            full[:8] + " " + full[8:]]


def se_org():
    s = "55" + digits(1, "23456789") + digits(6)
    s = s[:2] + str(R.randint(2, 9)) + s[3:]
    s += luhn(s)
    return [s[:6] + "-" + s[6:], s]


def no_fnr():
    def make():
        d = birthday(1940, 1999)
        s = d.strftime("%d%m%y") + "%03d" % R.randint(0, 499)
        a = -weigh(s, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11
        b = -weigh(s + str(a % 10), [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
        return None if a == 10 or b == 10 else s + str(a) + str(b)
    s = until(make)
    return [s, group(s, 6, 5)]


def fi_hetu():
    d = birthday()
    s = d.strftime("%d%m%y") + "%03d" % R.randint(2, 899)
    c = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(s) % 31]
    return [s[:6] + ("A" if d.year >= 2000 else "-") + s[6:] + c]


def ro_cnp():
    d = birthday(1940, 1999)
    s = (R.choice("12") + d.strftime("%y%m%d") + "%02d" % R.randint(1, 46)
         + "%03d" % R.randint(1, 999))
    check = weigh(s, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return [s + str(1 if check == 10 else check)]


def bg_egn():
    d = birthday(1940, 1999)
    s = d.strftime("%y%m%d") + digits(3)
    return [s + str(weigh(s, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10)]


def cz_rc():
    def make():
        d = birthday(1955, 2003)
        s = "%02d%02d%02d" % (d.year % 100, d.month + R.choice([0, 50]), d.day)
        s += digits(3)
        check = int(s) % 11
        return None if check == 10 else s + str(check)
    s = until(make)
    return [s[:6] + "/" + s[6:], s]


def hr_oib():
    s = digits(10)
    return [s + iso7064_11_10(s)]


def ch_ahv():
    s = "756" + digits(9)
    s += str(-weigh(s, [1, 3] * 6) % 10)
    return [group(s, 3, 4, 4, 2, sep="."), s, group(s, 3, 4, 4, 2)]


def br_cpf():
    s = digits(9)
    for n in (10, 11):
        s += str(weigh(s, range(n, 1, -1)) * 10 % 11 % 10)
    return [group(s[:9], 3, 3, 3, sep=".") + "-" + s[9:], s,
            group(s[:9], 3, 3, 3) + " " + s[9:]]


def br_cnpj():
    s = digits(8) + "0001"
    for w in ([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2],
              [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]):
        check = weigh(s, w) % 11
        s += str(0 if check < 2 else 11 - check)
    return [group(s[:8], 2, 3, 3, sep=".") + "/" + s[8:12] + "-" + s[12:], s]


def cl_rut():
    s = str(R.randint(5_000_000, 25_000_000))
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(s)))
    c = "0123456789K0"[11 - total % 11] if total % 11 else "0"
    dots = "{:,}".format(int(s)).replace(",", ".")
    return [dots + "-" + c, s + "-" + c, (s + c) if c != "K" else s + "-k"]


def cn_id():
    s = (R.choice(["110105", "310115", "440305", "510107", "330106"])
         + birthday().strftime("%Y%m%d") + digits(3))
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    s += "10X98765432"[weigh(s, weights) % 11]
    return [s, group(s, 6, 8, 4)]


def jp_number():
    s = digits(11)
    total = weigh(s, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    s += str(0 if total <= 1 else 11 - total)
    return [s, group(s, 4, 4, 4), group(s, 4, 4, 4, sep="-")]


def kr_rrn():
    d = birthday(1940, 1999)
    s = d.strftime("%y%m%d") + R.choice("12") + digits(5)
    weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    s += str((11 - weigh(s, weights) % 11) % 10)
    return [s[:6] + "-" + s[6:], s, s[:6] + " " + s[6:]]


def kr_brn():
    s = "%03d" % R.randint(101, 699) + "81" + digits(4)
    total = weigh(s, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + int(s[8]) * 5 // 10
    s += str(-total % 10)
    return [group(s, 3, 2, 5, sep="-"), s]


def tw_id():
    c = letters(1, "ABCDEFGHJKLMNPQRSTUVXYWZIO")
    code = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(c)
    s = R.choice("12") + digits(7)
    total = code // 10 + code % 10 * 9 + weigh(s, range(8, 0, -1))
    return [c + s + str(-total % 10)]


def hk_id():
    c, s = letters(1), digits(6)
    total = 36 * 9 + (ord(c) - 55) * 8 + weigh(s, range(7, 1, -1))
    check = -total % 11
    check = "A" if check == 10 else str(check)
    return [c + s + "(" + check + ")", c + s + check,
            c + s + " (" + check + ")"]


def sg_nric():
    c, s = R.choice("STFG"), digits(7)
    total = weigh(s, [2, 7, 6, 5, 4, 3, 2]) + (4 if c in "TG" else 0)
    table = "JZIHGFEDCBA" if c in "ST" else "XWUTRQPNMLK"
    return [c + s + table[total % 11]]


def sg_uen():
    s = digits(8)
    return [s + "XMKECAWLJDB"[weigh(s, [10, 4, 9, 3, 8, 2, 7, 1]) % 11]]


def th_id():
    s = digits(12, "12345")
    s += str((11 - weigh(s, range(13, 1, -1)) % 11) % 10)
    return [group(s, 1, 4, 5, 2, 1, sep="-"), s, group(s, 1, 4, 5, 2, 1)]


def tr_id():
    s = digits(9, "123456789")
    odd, even = sum(map(int, s[::2])), sum(map(int, s[1::2]))
    s += str((odd * 7 - even) % 10)
    return [s + str(sum(map(int, s)) % 10)]


def za_id():
    s = birthday(1940, 1999).strftime("%y%m%d") + digits(4) + R.choice("01")
    s += "8"
    s += luhn(s)
    return [s, group(s, 6, 4, 2, 1)]


def il_id():
    s = digits(8)
    return [s + luhn(s)]


def ng_nin():
    s = digits(10, "123456789")
    return [s + verhoeff(s)]


def ph_tin():
    s = digits(8, "1234")
    return [group(s + digits(1), 3, 3, 3, sep="-") + "-000"]


def ru_inn():
    if R.random() < 0.5:
        s = "%02d" % R.randint(1, 79) + digits(7)
        return [s + str(weigh(s, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)]
    s = "%02d" % R.randint(1, 79) + digits(8)
    s += str(weigh(s, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)
    return [s + str(weigh(s, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10)]


def ru_snils():
    s = digits(9, "123456789")
    total = weigh(s, range(9, 0, -1)) % 101
    s += "%02d" % (0 if total == 100 else total)
    return [group(s[:9], 3, 3, 3, sep="-") + " " + s[9:], s,
            group(s[:9], 3, 3, 3) + " " + s[9:],
            group(s, 3, 3, 3, 2, sep="-")]


def imei():
    s = "35" + digits(12)
    s += luhn(s)
    return [s, group(s, 2, 6, 6, 1, sep="-"), group(s, 2, 6, 6, 1)]


def vin():
    alphabet = "ABCDEFGHJKLMNPRSTUVWXYZ"
    value = dict(zip(alphabet, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2,
                                3, 4, 5, 6, 7, 8, 9]))
    s = (R.choice(["WVW", "1HG", "JTD", "WBA", "5YJ", "1FT"])
         + letters(5, alphabet + "0123456789") + "0" + letters(2, "ABCDEFGH")
         + digits(6))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum(w * (int(c) if c.isdigit() else value[c])
                for c, w in zip(s, weights)) % 11
    return [s[:8] + "0123456789X"[total] + s[9:]]


def born():
    d = birthday()
    return [d.isoformat(), d.strftime("%d.%m.%Y"), d.strftime("%m/%d/%Y"),
            d.strftime("%d/%m/%Y"), d.strftime("%d %B %Y"),
            d.strftime("%B %d, %Y"), d.strftime("%d-%m-%Y")]


# family: maker, whether a check digit ends it, names.
FAMILIES = {
    "credit-card": (credit_card, True, [
        "credit card", "card number", "Kreditkarte", "carte bancaire",
        "tarjeta de crédito", "carta di credito", "creditcard"]),
    "iban": (iban, True, ["IBAN", "bank account", "Kontonummer"]),
    "us-bank": (lambda: [digits(R.choice([10, 11, 12]))], False,
                ["bank account number", "checking account number"]),
    "us-aba": (us_aba, True, ["routing number", "ABA number",
                              "routing transit number"]),
    "crypto-address": (crypto, True, ["bitcoin address", "BTC wallet"]),
    "us-ssn": (us_ssn, False, ["SSN", "social security number",
                               "Social Security No", "social security"]),
    "us-itin": (us_itin, False, ["ITIN",
                                 "individual taxpayer identification number"]),
    "us-passport": (lambda: [digits(9), letters(1) + digits(8)], False,
                    ["US passport", "US passport number",
                     "American passport no"]),
    "us-npi": (us_npi, True, ["NPI", "national provider identifier"]),
    "us-mbi": (us_mbi, False, ["MBI", "Medicare beneficiary identifier",
                               "Medicare number"]),
    "medical-license": (dea, True, ["DEA number", "DEA registration",
                                    "DEA"]),
    "ca-sin": (ca_sin, True, ["SIN", "social insurance number",
                              "numéro d'assurance sociale", "NAS"]),
    "uk-nhs": (uk_nhs, True, ["NHS number", "NHS no"]),
    "uk-nino": (uk_nino, False, ["national insurance number", "NINO",
                                 "NI number"]),
    "uk-passport": (lambda: [digits(9)], False,
                    ["UK passport", "British passport number"]),
    "uk-driver-license": (uk_driver, False, ["driving licence number",
                                             "UK driving licence"]),
    "in-aadhaar": (in_aadhaar, True, ["Aadhaar", "Aadhaar number",
                                      "आधार संख्या", "UIDAI"]),
    "in-pan": (in_pan, False, ["PAN", "permanent account number", "PAN card"]),
    "in-gstin": (in_gstin, True, ["GSTIN", "GST number"]),
    "in-voter": (lambda: [letters(3) + digits(7)], False,
                 ["voter id", "EPIC number", "elector photo identity card"]),
    "in-passport": (lambda: [letters(1, "JKLMNPRSTUV")
                             + digits(6, "123456789")
                             + digits(1, "123456789")], False,
                    ["Indian passport", "passport number (India)"]),
    "au-tfn": (au_tfn, True, ["TFN", "tax file number"]),
    "au-abn": (au_abn, True, ["ABN", "Australian business number"]),
    "au-acn": (au_acn, True, ["ACN", "Australian company number"]),
    "au-medicare": (au_medicare, False, ["Medicare number", "Medicare card",
                                         "Medicare no"]),
    "es-nif": (es_nif, True, ["DNI", "NIF", "documento nacional de identidad",
                              "número de identificación fiscal",
                              "Spanish national id"]),
    "es-nie": (es_nie, True, ["NIE", "número de identidad de extranjero"]),
    "it-fiscal-code": (it_fiscal, True, ["codice fiscale",
                                         "Italian fiscal code", "C.F."]),
    "it-vat": (it_vat, True, ["partita IVA", "P.IVA", "P. IVA",
                              "Italian VAT number"]),
    "it-passport": (lambda: [letters(2) + digits(7)], False,
                    ["passaporto", "Italian passport",
                     "numero di passaporto"]),
    "fr-nir": (fr_nir, True, ["numéro de sécurité sociale", "NIR", "INSEE",
                              "n° de sécu", "French social security number"]),
    "de-tax-id": (de_tax_id, True, ["Steuer-ID", "Steueridentifikationsnummer",
                                    "IdNr", "Steuer-IdNr.", "German tax ID",
                                    "steuerliche Identifikationsnummer"]),
    "de-passport": (lambda: de_card("CFGHJK"), True,
                    ["Reisepass", "Reisepassnummer", "German passport",
                     "Passnummer"]),
    "de-id-card": (lambda: de_card("LMNPRTVWXY"), True,
                   ["Personalausweis", "Personalausweisnummer",
                    "Ausweisnummer", "German ID card"]),
    "de-social-security": (de_social, True, [
        "Sozialversicherungsnummer", "Rentenversicherungsnummer", "SV-Nummer",
        "RVNR", "German social security number"]),
    "nl-bsn": (nl_bsn, True, ["BSN", "burgerservicenummer", "sofinummer"]),
    "be-nn": (be_nn, True, ["rijksregisternummer", "numéro national",
                            "registre national", "Belgian national number",
                            "numéro de registre national"]),
    "pl-pesel": (pl_pesel, True, ["PESEL", "numer PESEL"]),
    "pl-nip": (pl_nip, True, ["NIP", "numer identyfikacji podatkowej",
                              "Polish tax number"]),
    "pt-nif": (pt_nif, True, ["NIF", "contribuinte", "número de contribuinte",
                              "Portuguese tax number",
                              "número de identificação fiscal"]),
    "se-personnummer": (se_person, True, ["personnummer",
                                          "Swedish personal number",
                                          "personal identity number"]),
    "se-orgnr": (se_org, True, ["organisationsnummer", "org.nr", "orgnr",
                                "Swedish organisation number"]),
    "no-fnr": (no_fnr, True, ["fødselsnummer", "personnummer",
                              "Norwegian national identity number", "fnr"]),
    "fi-hetu": (fi_hetu, True, ["henkilötunnus", "HETU",
                                "Finnish personal identity code",
                                "sosiaaliturvatunnus"]),
    "ro-cnp": (ro_cnp, True, ["CNP", "cod numeric personal"]),
    "bg-egn": (bg_egn, True, ["ЕГН", "EGN", "Единен граждански номер"]),
    "cz-rc": (cz_rc, True, ["rodné číslo", "RČ", "Czech birth number",
                            "rodné č."]),
    "hr-oib": (hr_oib, True, ["OIB", "osobni identifikacijski broj"]),
    "ch-ahv": (ch_ahv, True, ["AHV-Nummer", "AHV", "numéro AVS",
                              "Sozialversicherungsnummer", "numero AVS"]),
    "br-cpf": (br_cpf, True, ["CPF", "cadastro de pessoas físicas"]),
    "br-cnpj": (br_cnpj, True, ["CNPJ", "cadastro nacional da pessoa "
                                        "jurídica"]),
    "cl-rut": (cl_rut, True, ["RUT", "RUN", "rol único tributario"]),
    "cn-resident-id": (cn_id, True, ["身份证", "身份证号码", "Chinese ID card",
                                     "resident identity card"]),
    "jp-my-number": (jp_number, True, ["マイナンバー", "My Number",
                                       "個人番号"]),
    "kr-rrn": (kr_rrn, True, ["주민등록번호", "resident registration number",
                              "RRN"]),
    "kr-brn": (kr_brn, True, ["사업자등록번호",
                              "business registration number"]),
    "tw-id": (tw_id, True, ["身分證字號", "身分證", "Taiwan ID",
                            "national identification card"]),
    "hk-id": (hk_id, True, ["HKID", "香港身份證", "Hong Kong identity card",
                            "身份證號碼"]),
    "sg-nric": (sg_nric, True, ["NRIC", "FIN", "Singapore identity card"]),
    "sg-uen": (sg_uen, True, ["UEN", "unique entity number"]),
    "th-tnin": (th_id, True, ["เลขประจำตัวประชาชน", "Thai national ID",
                              "บัตรประชาชน"]),
    "tr-id": (tr_id, True, ["TC kimlik no", "T.C. kimlik numarası", "TCKN",
                            "Turkish identification number",
                            "kimlik numarası"]),
    "za-id": (za_id, True, ["South African ID", "SA ID number",
                            "RSA ID number"]),
    "il-id": (il_id, True, ["תעודת זהות", "Israeli ID", "teudat zehut",
                            "מספר זהות"]),
    "ng-nin": (ng_nin, True,
               ["Nigerian NIN", "national identification number (Nigeria)"]),
    "ph-tin": (ph_tin, False, ["TIN (Philippines)", "Philippine TIN",
                               "BIR TIN"]),
    "ru-inn": (ru_inn, True, ["ИНН", "INN"]),
    "ru-snils": (ru_snils, True, ["СНИЛС", "SNILS", "снилс"]),
    "imei": (imei, True, ["IMEI", "IMEI number"]),
    "vin": (vin, True, ["VIN", "vehicle identification number",
                        "Fahrgestellnummer"]),
    "date-of-birth": (born, False, ["date of birth", "DOB", "geboren am",
                                    "Geburtsdatum", "date de naissance",
                                    "fecha de nacimiento", "born on",
                                    "data di nascita", "geboortedatum"]),
}
