"""Disguises of our own: what each makes of a value, or of a text with one."""
import base64
import codecs
import gzip
import json
import quopri
import random
import string
import urllib.parse
import zlib

R = random.Random()
TOKEN = string.ascii_letters + string.digits


def token(n, alphabet=TOKEN):
    return "".join(R.choice(alphabet) for _ in range(n))


DISGUISES = {}
NUMBER, TOKENS, ALL, WHOLE = "number", "token", "all", "whole"


def disguise(level, fits=ALL, name=None):
    """fits: numbers, tokens, all; WHOLE gets the text around it, too."""
    def add(f):
        DISGUISES[name or f.__name__.replace("_", "-")] = (level, fits, f)
        return f
    return add


def simple(level, fits=ALL, **named):
    for name, f in named.items():
        disguise(level, fits, name.strip("_").replace("_", "-"))(f)


def pieces(v, least=3, most=5):
    out = []
    while v:
        n = R.randint(least, most)
        out.append(v[:n])
        v = v[n:]
    if len(out) > 1 and len(out[-1]) < 2:
        out[-2] += out.pop()
    return out


def groups(v):
    """As people group digits: by four, or three-two-four."""
    if len(v) == 9:
        return [v[:3], v[3:5], v[5:]]
    return [v[i:i + 4] for i in range(0, len(v), 4)]


def halves(v, many=2):
    n = (len(v) + many - 1) // many
    return [v[i:i + n] for i in range(0, len(v), n)]


def b64(v):
    return base64.b64encode(v if isinstance(v, bytes) else v.encode()).decode()


def wrap(s, width, sep="\n"):
    return sep.join(s[i:i + width] for i in range(0, len(s), width))


def filler(n):
    words = "please keep this text as it is for the report and do not read it "
    return (words * (n // len(words) + 1))[:n].rsplit(" ", 1)[0] + " "


# One encoding of the value, or of a text with it.
simple("must",
       base64_76=lambda v: wrap(b64(filler(80) + v), 76, "\r\n"),
       base64_64=lambda v: "\n" + wrap(b64(filler(70) + v + " " + filler(40)),
                                       64) + "\n",
       base64_indented=lambda v: "\n    " + wrap(b64(filler(70) + v), 64,
                                                 "\n    "),
       base64_quoted_lines=lambda v: "> " + wrap(b64(filler(70) + v), 64,
                                                 "\n> "),
       base64_data_uri_wrapped=lambda v: "data:text/plain;base64,"
       + wrap(b64(v + " " + filler(90)), 76),
       base64_data_uri_charset=lambda v:
       "data:text/plain;charset=utf-8;base64," + b64(v),
       base64_sentence=lambda v: b64("here it is: " + v + ", thanks"),
       base64_escaped_lines=lambda v: '"' + wrap(b64(filler(80) + v), 76,
                                                 "\\n") + '\\n"',
       base64_call=lambda v: R.choice(["atob(\"%s\")", "b64decode('%s')",
                                       "echo %s | base64 -d"]) % b64(v),
       base64_url_query=lambda v: "https://example.com/x?d="
       + base64.urlsafe_b64encode(v.encode()).decode().rstrip("="),
       base64_percent=lambda v: urllib.parse.quote(
           b64(v + " " * (len(v) % 3 == 0) + "\u00fe~"), safe=""),
       base64_utf16=lambda v: b64(v.encode("utf-16-le")),
       base64_mime_word=lambda v: "=?utf-8?B?%s?=" % b64(v),
       base64_xml=lambda v: "<data>%s</data>" % b64(v),
       base64_json=lambda v: '{"data":"%s"}' % b64(v),
       base64_of_json=lambda v: b64(json.dumps({"user": "anna", "value": v})),
       hex_upper=lambda v: v.encode().hex().upper(),
       hex_0x=lambda v: "0x" + v.encode().hex(),
       hex_0x_list=lambda v: "{" + ", ".join("0x%02x" % c for c in v.encode())
       + "}",
       hex_0x_list_lines=lambda v: "{\n  " + wrap(
           "".join("0x%02X, " % c for c in v.encode()), 48, "\n  ") + "\n}",
       hex_colons=lambda v: v.encode().hex(":"),
       hex_dashes=lambda v: v.encode().hex("-").upper(),
       hex_commas=lambda v: v.encode().hex(","),
       hex_pairs_of_two=lambda v: v.encode().hex(" ", -2),
       hex_pairs_of_four=lambda v: v.encode().hex(" ", -4),
       hex_wrapped=lambda v: wrap((filler(40) + v).encode().hex(), 60),
       hex_sentence=lambda v: ("here it is: " + v).encode().hex(),
       hex_sql=lambda v: "X'" + v.encode().hex() + "'",
       hex_escapes_upper=lambda v: "".join("\\x%02X" % c for c in v.encode()),
       hex_escapes_every_other=lambda v: "".join(
           "\\x%02x" % ord(c) if i % 2 else c for i, c in enumerate(v)),
       octal_bare=lambda v: "".join("\\%o" % c for c in v.encode()),
       percent_every_other=lambda v: "".join(
           "%%%02x" % ord(c) if i % 2 else c for i, c in enumerate(v)),
       percent_u=lambda v: "".join("%%u%04x" % ord(c) for c in v),
       percent_in_url=lambda v: "https://example.com/?q=" + "".join(
           "%%%02X" % c for c in v.encode()) + "&x=1",
       unicode_braces=lambda v: "".join("\\u{%x}" % ord(c) for c in v),
       unicode_long=lambda v: "".join("\\U%08x" % ord(c) for c in v),
       unicode_every_third=lambda v: "".join(
           "\\u%04x" % ord(c) if i % 3 == 0 else c for i, c in enumerate(v)),
       entities_no_semicolon=lambda v: "".join("&#%d" % ord(c) for c in v),
       entities_padded=lambda v: "".join("&#%07d;" % ord(c) for c in v),
       entities_upper=lambda v: "".join("&#X%X;" % ord(c) for c in v),
       entities_every_other=lambda v: "".join(
           "&#%d;" % ord(c) if i % 2 else c for i, c in enumerate(v)),
       quoted_printable_soft=lambda v: wrap(v, 5, "=\n"),
       quoted_printable_crlf=lambda v: wrap(
           "".join("=%02X" % c for c in v.encode()), 24, "=\r\n"),
       json_in_json=lambda v: json.dumps({"a": json.dumps({"b": v})}),
       json_in_json_twice=lambda v: json.dumps(
           {"a": json.dumps({"b": json.dumps({"c": v})})}),
       )
simple("should",
       base64_base64_wrapped=lambda v: wrap(b64(b64(filler(60) + v)), 76),
       base64_url_twice=lambda v: base64.urlsafe_b64encode(
           base64.urlsafe_b64encode(v.encode())).decode().rstrip("="),
       base64_of_hex=lambda v: b64(v.encode().hex()),
       hex_of_base64=lambda v: b64(v).encode().hex(),
       percent_of_base64=lambda v: "".join("%%%02X" % ord(c) for c in b64(v)),
       base64_of_percent=lambda v: b64("".join("%%%02X" % c
                                               for c in v.encode())),
       entities_of_percent=lambda v: "".join("&#37;%02X" % c
                                             for c in v.encode()),
       base64_three=lambda v: b64(b64(b64(v))),
       base64_spaced=lambda v: " ".join(halves(b64(v), 5)),
       base64_concat=lambda v: '"' + '" + "'.join(halves(b64(v), 3)) + '"',
       base64_reversed=lambda v: b64(v)[::-1],
       base64_of_reversed=lambda v: b64(v[::-1]),
       base32_lower=lambda v: base64.b32encode(v.encode()).decode().lower()
       .rstrip("="),
       base32_wrapped=lambda v: wrap(base64.b32encode(
           (filler(40) + v).encode()).decode(), 64),
       base32_sentence=lambda v: base64.b32encode(
           ("here it is: " + v).encode()).decode(),
       zlib_base64=lambda v: b64(zlib.compress(v.encode())),
       gzip_hex=lambda v: gzip.compress(v.encode(), mtime=0).hex(),
       gzip_base64_wrapped=lambda v: wrap(b64(gzip.compress(
           (filler(30) + token(60) + " " + v).encode(), mtime=0)), 76),
       unicode_double_backslash=lambda v: "".join("\\\\u%04x" % ord(c)
                                                  for c in v),
       hex_escapes_double_backslash=lambda v: "".join("\\\\x%02x" % ord(c)
                                                      for c in v),
       unicode_plus=lambda v: " ".join("U+%04X" % ord(c) for c in v),
       css_escapes=lambda v: "".join("\\%x " % ord(c) for c in v),
       css_escapes_padded=lambda v: "".join("\\%06x" % ord(c) for c in v),
       decimal_commas=lambda v: ", ".join(str(c) for c in v.encode()),
       decimal_tight=lambda v: "[" + ",".join(str(c) for c in v.encode())
       + "]",
       decimal_from_char_code=lambda v: "String.fromCharCode(%s)" % ",".join(
           str(c) for c in v.encode()),
       chr_calls=lambda v: R.choice([".", " + ", " & "]).join(
           "chr(%d)" % c for c in v.encode()),
       char_sql=lambda v: "CHAR(%s)" % ",".join(str(c) for c in v.encode()),
       octal_list=lambda v: " ".join("%03o" % c for c in v.encode()),
       binary_joined=lambda v: "".join("{:08b}".format(c)
                                       for c in v.encode()),
       hexdump=lambda v: "\n" + "\n".join(
           "%08x: %s  %s" % (i, v.encode()[i:i + 16].hex(" ", -2),
                             v[i:i + 16]) for i in range(0, len(v), 16)),
       hexdump_c=lambda v: "\n" + "\n".join(
           "%08x  %s" % (i, v.encode()[i:i + 16].hex(" "))
           for i in range(0, len(v), 16)),
       json_unicode_in_json=lambda v: json.dumps(json.dumps(
           {"b": v}).replace(v, "".join("\\u%04x" % ord(c) for c in v))),
       quoted_printable_word=lambda v: "=?utf-8?Q?%s?=" % "".join(
           "=%02X" % c for c in v.encode()),
       percent_three=lambda v: "".join("%%2525%02x" % c for c in v.encode()),
       html_double=lambda v: "".join("&amp;#%d;" % ord(c) for c in v),
       )
simple("hard",
       base85=lambda v: base64.b85encode(v.encode()).decode(),
       ascii85_framed=lambda v: "<~%s~>" % base64.a85encode(
           v.encode()).decode(),
       utf7=lambda v: "+%s-" % b64(v.encode("utf-16-be")).rstrip("="),
       rot47=lambda v: "".join(chr(33 + (ord(c) + 14) % 94) for c in v),
       atbash=lambda v: v.translate(str.maketrans(
           TOKEN, string.ascii_lowercase[::-1]
           + string.ascii_uppercase[::-1] + string.digits)),
       deflate_base64=lambda v: b64(zlib.compress(v.encode())[2:-4]),
       nibbles_swapped=lambda v: "".join(h[::-1] for h in v.encode()
                                         .hex(" ").split()))


# Characters that a reader sees as the same ones.
def digits_from(zero):
    return lambda v: "".join(chr(zero + int(c)) if c.isdigit() else c
                             for c in v)


def letters_from(upper, lower, digit=None):
    def f(v):
        out = ""
        for c in v:
            if c in string.ascii_uppercase:
                out += chr(upper + ord(c) - 65)
            elif c in string.ascii_lowercase:
                out += chr(lower + ord(c) - 97)
            elif c.isdigit() and digit:
                out += chr(digit + int(c))
            else:
                out += c
        return out
    return f


def by_table(table):
    return lambda v: "".join(table.get(c, c) for c in v)


def between(mark):
    return lambda v: mark.join(v)


def behind(mark):
    return lambda v: "".join(c + mark for c in v)


SCRIPTS = {"extended-arabic": 0x6f0, "bengali": 0x9e6, "thai": 0xe50,
           "tibetan": 0xf20, "nko": 0x7c0, "tamil": 0xbe6, "khmer": 0x17e0,
           "mongolian": 0x1810, "double-struck": 0x1d7d8, "sans": 0x1d7e2,
           "sans-bold": 0x1d7ec, "monospace": 0x1d7f6, "segmented": 0x1fbf0,
           "gujarati": 0xae6, "myanmar": 0x1040, "subscript": 0x2080,
           "adlam": 0x1e950, "osmanya": 0x104a0}
for _name, _zero in SCRIPTS.items():
    disguise("must", NUMBER, _name + "-digits")(digits_from(_zero))
simple("must", NUMBER,
       superscript_digits=by_table(dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))),
       negative_circled=by_table(dict(zip("0123456789", "⓿❶❷❸❹❺❻❼❽❾"))),
       sans_circled=by_table(dict(zip("0123456789", "🄋➀➁➂➃➄➅➆➇➈"))),
       digit_full_stop=by_table(dict(zip("0123456789", "🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐"))),
       double_circled=by_table(dict(zip("0123456789", "⓪⓵⓶⓷⓸⓹⓺⓻⓼⓽"))),
       mixed_scripts=lambda v: "".join(chr(R.choice(
           [0x30, 0xff10, 0x660, 0x966, 0x1d7ce]) + int(c)) for c in v),
       enclosing_circle=behind("\u20dd"),
       )
simple("should", NUMBER,
       digits_parentheses=by_table(dict(zip("123456789", "⑴⑵⑶⑷⑸⑹⑺⑻⑼"))),
       cjk_digits=by_table(dict(zip("0123456789", "〇一二三四五六七八九"))),
       cjk_zero=by_table(dict(zip("0123456789", "零一二三四五六七八九"))),
       cjk_formal=by_table(dict(zip("0123456789", "零壹贰叁肆伍陆柒捌玖"))),
       )
simple("hard", NUMBER,
       letter_o=lambda v: v.replace("0", "O").replace("1", "l"))
simple("must", TOKENS,
       math_bold=letters_from(0x1d400, 0x1d41a, 0x1d7ce),
       math_sans=letters_from(0x1d5a0, 0x1d5ba, 0x1d7e2),
       math_mono=letters_from(0x1d670, 0x1d68a, 0x1d7f6),
       math_bold_italic=letters_from(0x1d468, 0x1d482),
       math_fraktur=letters_from(0x1d56c, 0x1d586),
       circled_letters=letters_from(0x24b6, 0x24d0),
       full_width_letters=letters_from(0xff21, 0xff41),
       greek_homoglyphs=by_table(dict(zip("ABEZHIKMNOPTYXov",
                                          "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον"))),
       cyrillic_few=lambda v: v.replace("a", "а", 1).replace(
           "A", "А", 1).replace("e", "е", 1),
       math_italic=by_table({**{c: chr(0x1d434 + i) for i, c in enumerate(
           string.ascii_uppercase)}, **{c: chr(0x1d44e + i) for i, c in
                                        enumerate(string.ascii_lowercase)},
                             "h": "ℎ"}),
       math_script=by_table({**{c: chr(0x1d49c + i) for i, c in enumerate(
           string.ascii_uppercase)}, **{c: chr(0x1d4b6 + i) for i, c in
                                        enumerate(string.ascii_lowercase)},
                             **dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ"))}),
       )
simple("should", TOKENS,
       squared_letters=by_table({c: chr(0x1f130 + i) for i, c in
                                 enumerate(string.ascii_uppercase)}),
       negative_squared=by_table({c: chr(0x1f170 + i) for i, c in
                                  enumerate(string.ascii_uppercase)}),
       parenthesised_letters=by_table({c: chr(0x249c + i) for i, c in
                                       enumerate(string.ascii_lowercase)}),
       roman_letters=by_table(dict(zip("IVXLCDMivxlcdm", "ⅠⅤⅩⅬⅭⅮⅯⅰⅴⅹⅼⅽⅾⅿ"))),
       armenian_cherokee=by_table(dict(zip("ADEGKMTZou", "ᎪᎠᎬᏀᏦᎷᎢᏃօս"))),
       latin_lookalikes=by_table(dict(zip("aglo", "ɑɡӏ\u1d0f"))),
       superscript_letters=by_table(dict(zip("abcdefghijklmnoprstuvwxyz",
                                             "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"))),
       small_capitals=by_table(dict(zip("abcdefghjklmnoprtuvwyz",
                                        "ᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ"))))
simple("hard", TOKENS,
       accents=by_table(dict(zip("aeiouACEINOUyn", "áéíóúÁÇÉÍÑÓÚýñ"))))
INVISIBLE = {"zwnj": "\u200c", "zwj": "\u200d", "lrm": "\u200e",
             "rlm": "\u200f", "word-joiner-each": "\u2060", "bom": "\ufeff",
             "soft-hyphens": "\u00ad", "invisible-times": "\u2062",
             "mongolian-separator": "\u180e", "grapheme-joiner": "\u034f",
             "hangul-filler": "\u115f", "half-hangul-filler": "\uffa0",
             "arabic-mark": "\u061c", "isolates": "\u2068\u2069",
             "supplement-selector": "\U000e0101", "tag-space": "\U000e0020",
             "khmer-vowel": "\u17b4", "deprecated-format": "\u206a",
             "musical": "\U0001d173", "interlinear": "\ufff9"}
for _name, _mark in INVISIBLE.items():
    disguise("must", ALL, _name)(between(_mark))
simple("must",
       underlined=behind("\u0332"), slashed=behind("\u0338"),
       zalgo=behind("\u0323\u0301\u0489"),
       overlined=behind("\u0305"),
       mixed_invisible=lambda v: "".join(
           c + R.choice([m for n, m in INVISIBLE.items()
                            if n != "tag-space"]) for c in v),
       bidi_isolate=lambda v: "\u2066%s\u2069" % v,
       bidi_override_left=lambda v: "\u202d%s\u202c" % v,
       nul_bytes=between("\0"), escape_codes=lambda v: "\x1b[31m%s\x1b[0m" % v,
       escape_codes_inside=lambda v: "\x1b[0m".join(halves(v, 3)))

# What stands between digits.
EACH = {"space2": "  ", "underscore": "_", "middle-dot": "·", "bullet": " • ",
        "comma-blank": ", ", "pipe": "|", "colon": ":", "star": "*",
        "plus": "+", "tilde": "~", "em-dash": "—", "figure-dash": "\u2012",
        "ideographic": "\u3000", "dash-blanks": " - ", "slash-each": "/",
        "tab-each": "\t", "newline-each": "\n", "crlf-each": "\r\n",
        "nbsp-each": "\u00a0", "thin-each": "\u2009", "br": "<br>",
        "nbsp-entity": "&nbsp;", "shy-entity": "&shy;", "zwsp-entity":
        "&#8203;", "wbr": "<wbr>", "hash": "#", "backslash": "\\",
        "equals": "=", "semicolon": ";", "middle-dot-katakana": "・",
        "fraction-slash": "\u2044", "ellipsis": "…", "braille": "\u2800"}
for _name, _mark in EACH.items():
    _level = ("must" if _name in ("space2", "slash-each", "tab-each",
                                  "newline-each", "crlf-each", "nbsp-each",
                                  "thin-each", "em-dash", "figure-dash",
                                  "ideographic", "dash-blanks", "br", "wbr",
                                  "nbsp-entity", "shy-entity", "zwsp-entity",
                                  "braille") else "should")
    disguise(_level, NUMBER, _name)(between(_mark))
    if not _name.endswith("-each"):
        disguise(_level, NUMBER, _name + "-groups")(
            lambda v, m=_mark: m.join(groups(v)))
EMOJI = ["🙂", "➖", "⭐", "👉", "🔹", "❤️", "👩‍💻", "💳"]
simple("should", NUMBER,
       emoji_each=lambda v: R.choice(EMOJI).join(v),
       emoji_groups=lambda v: R.choice(EMOJI).join(groups(v)),
       arrows=lambda v: "→".join(groups(v)),
       ascii_arrows=lambda v: " -> ".join(groups(v)),
       parentheses=lambda v: " ".join("(%s)" % g for g in groups(v)),
       brackets_each=lambda v: "".join("[%s]" % c for c in v),
       braces_groups=lambda v: "".join("{%s}" % g for g in groups(v)),
       angle_groups=lambda v: " ".join("<%s>" % g for g in groups(v)),
       quotes_each=lambda v: " ".join('"%s"' % c for c in v),
       quotes_groups=lambda v: " ".join("'%s'" % g for g in groups(v)),
       guillemets=lambda v: "".join("«%s»" % g for g in groups(v)),
       mixed_separators=lambda v: "".join(
           c + R.choice(" -./_") for c in v).rstrip(" -./_"),
       mixed_groups=lambda v: "".join(
           g + R.choice([" ", "-", ".", "/", " - "])
           for g in groups(v)).rstrip(" -./"),
       uneven_groups=lambda v: " ".join(pieces(v, 1, 6)),
       uneven_dashes=lambda v: "-".join(pieces(v, 2, 5)),
       pairs=lambda v: " ".join(wrap(v, 2, " ").split()),
       dash_newline=lambda v: "-\n".join(groups(v)),
       glued=lambda v: "abc%sdef" % v,
       glued_unicode=lambda v: "号%s号" % v,
       html_cells=lambda v: "<tr>%s</tr>" % "".join(
           "<td>%s</td>" % g for g in groups(v)),
       html_spans=lambda v: "".join('<span class="d">%s</span>' % c
                                    for c in v),
       html_attributes=lambda v: "".join(
           '<input value="%s">' % g for g in groups(v)),
       latex=lambda v: "\\,".join(groups(v)),
       latex_braces=lambda v: "{,}".join(groups(v)),
       latex_tilde=lambda v: "~".join(groups(v)),
       bbcode=lambda v: "".join("[b]%s[/b]" % g for g in groups(v)),
       italics=lambda v: "".join("*%s*" % g for g in groups(v)),
       underscores=lambda v: " ".join("__%s__" % g for g in groups(v)),
       struck=lambda v: "~~%s~~" % "~~~~".join(groups(v)),
       backticks=lambda v: " ".join("`%s`" % g for g in groups(v)),
       bullets=lambda v: "\n" + "\n".join("- " + g for g in groups(v)),
       stars=lambda v: "\n" + "\n".join("* " + g for g in groups(v)),
       numbered=lambda v: "\n" + "\n".join(
           "%d. %s" % (i, g) for i, g in enumerate(groups(v), 1)),
       numbered_parens=lambda v: "\n" + "\n".join(
           "%d) %s" % (i, g) for i, g in enumerate(groups(v), 1)),
       table_spaced=lambda v: "| " + " | ".join(groups(v)) + " |",
       table_column=lambda v: "\n" + "\n".join("| %s |" % g
                                               for g in groups(v)),
       table_rows=lambda v: "\n| part | value |\n|---|---|\n" + "\n".join(
           "| %d | %s |" % (i, g) for i, g in enumerate(groups(v), 1)),
       csv_quoted=lambda v: ",".join('"%s"' % g for g in groups(v)),
       prefix_quote=lambda v: "\n" + "\n".join("> " + g for g in groups(v)),
       prefix_comment=lambda v: "\n" + "\n".join("// " + g
                                                 for g in groups(v)),
       prefix_hash=lambda v: "\n" + "\n".join("# " + g for g in groups(v)),
       prefix_diff=lambda v: "\n" + "\n".join("+" + g for g in groups(v)),
       blank_lines=lambda v: "\n\n".join(groups(v)),
       latin_letters=lambda v: "x".join(groups(v)),
       word_between=lambda v: " then ".join(groups(v)),
       and_between=lambda v: " and ".join(groups(v)),
       dash_words=lambda v: " dash ".join(groups(v)),
       )

# Words for digits.
WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "sv": "noll ett två tre fyra fem sex sju åtta nio",
}


def words(language, sep=" "):
    names = WORDS[language].split()
    return lambda v: sep.join(names[int(c)] for c in v)


def mixed_words(v):
    names = WORDS["en"].split()
    return " ".join(names[int(c)] if i % 2 else c for i, c in enumerate(v))


def doubled(v):
    names, out, i = WORDS["en"].split(), [], 0
    while i < len(v):
        if i + 1 < len(v) and v[i] == v[i + 1]:
            out += ["double", names[int(v[i])]]
            i += 2
        else:
            out.append(names[int(v[i])])
            i += 1
    return " ".join(out)


simple("should", NUMBER,
       words_dashes=words("en", "-"), words_commas=words("en", ", "),
       words_upper=lambda v: words("en")(v).upper(),
       words_lines=words("en", "\n"), words_dots=words("en", "."),
       words_title=lambda v: words("en")(v).title(),
       words_oh=lambda v: words("en")(v).replace("zero", "oh"),
       words_double=doubled, words_mixed=mixed_words,
       words_underscores=words("en", "_"), words_slashes=words("en", "/"),
       words_quoted=lambda v: " ".join('"%s"' % w
                                       for w in words("en")(v).split()))
for _language in WORDS:
    if _language != "en":
        disguise("hard", NUMBER, "words-" + _language)(words(_language))
simple("hard", NUMBER, words_glued=words("en", ""),
       words_camel=lambda v: "".join(w.title() for w in
                                     words("en")(v).split()),
       roman=lambda v: " ".join(["0", "I", "II", "III", "IV", "V", "VI",
                                 "VII", "VIII", "IX"][int(c)] for c in v))


# Put together by code, or by whoever reads.
def quoted(sep, quote='"', many=2):
    return lambda v: quote + (quote + sep + quote).join(halves(v, many)) + quote


simple("must",
       concat_single=quoted(" + ", "'"), concat_tight=quoted("+"),
       concat_dot=quoted(" . "), concat_dot_single=quoted(".", "'"),
       concat_ampersand=quoted(" & "), concat_lua=quoted(" .. "),
       concat_sql=quoted(" || ", "'"), concat_haskell=quoted(" ++ "),
       concat_adjacent=quoted(" "), concat_lines=quoted(" +\n    "),
       concat_lines_before=quoted("\n    + "),
       concat_adjacent_lines=quoted("\n    "),
       concat_backslash=quoted(" \\\n    "),
       concat_backtick=quoted(" + ", "`"),
       concat_underscore=quoted(" _ "), concat_caret=quoted(" ^ "),
       concat_comment=quoted(" /* x */ + "), shell_adjacent=quoted("", "'"),
       shell_double=quoted(""))
simple("should",
       concat_three=quoted(" + ", "'", 3), concat_five=quoted(".", '"', 5),
       join_call=lambda v: '"".join(["' + '", "'.join(halves(v, 3)) + '"])',
       join_js=lambda v: "['" + "','".join(halves(v, 4)) + "'].join('')",
       concat_call=lambda v: "CONCAT('" + "', '".join(halves(v, 3)) + "')",
       concat_method=lambda v: '"' + '".concat("'.join(halves(v, 2)) + '")',
       format_call=lambda v: 'String.format("%s%s", "' + '", "'.join(
           halves(v)) + '")',
       printf=lambda v: "printf '%s%s' '" + "' '".join(halves(v)) + "'",
       f_string=lambda v: 'f"' + "".join("{'%s'}" % h
                                         for h in halves(v)) + '"',
       template=lambda v: "`" + "".join('${"%s"}' % h
                                        for h in halves(v)) + "`",
       char_array_double=lambda v: json.dumps(list(v)),
       char_array_tight=lambda v: json.dumps(list(v), separators=(",", ":")),
       char_array_c=lambda v: "{" + ", ".join("'%s'" % c for c in v) + "}",
       char_array_lines=lambda v: json.dumps(list(v), indent=2),
       char_plus=lambda v: " + ".join("'%s'" % c for c in v),
       pair_array=lambda v: json.dumps([v[i:i + 2]
                                        for i in range(0, len(v), 2)]),
       yaml_list=lambda v: "\n" + "\n".join("  - \"%s\"" % h
                                            for h in halves(v, 3)),
       json_list_lines=lambda v: json.dumps(halves(v, 3), indent=2),
       variables=lambda v: 'a = "%s"\nb = "%s"\nprint(a + b)' % tuple(
           halves(v)),
       variables_js=lambda v: "const p1 = '%s';\nconst p2 = '%s';\n"
       "f(p1 + p2)" % tuple(halves(v)),
       variables_shell=lambda v: "A=%s\nB=%s\necho $A$B" % tuple(halves(v)),
       json_fields=lambda v: '{"part1": "%s", "part2": "%s"}' % tuple(
           halves(v)),
       json_fields_words=lambda v: '{"first": "%s", "second": "%s"}' % tuple(
           halves(v)),
       yaml_fields=lambda v: "\nprefix: %s\nsuffix: %s" % tuple(halves(v)),
       env_fields=lambda v: "\nKEY_1=%s\nKEY_2=%s" % tuple(halves(v)),
       starts_ends=lambda v: "starts with %s and ends with %s" % tuple(
           halves(v)),
       part_one_two=lambda v: "part 1: %s, part 2: %s" % tuple(halves(v)),
       part_of=lambda v: "(1/2) %s\n(2/2) %s" % tuple(halves(v)),
       first_then=lambda v: "first %s, then %s" % tuple(halves(v)),
       followed_by=lambda v: "%s followed by %s" % tuple(halves(v)),
       beginning_end=lambda v: "beginning: %s, end: %s" % tuple(halves(v)),
       left_right=lambda v: "left part %s right part %s" % tuple(halves(v)),
       thirds=lambda v: "first %s, second %s, third %s" % tuple(halves(v, 3)),
       without_spaces=lambda v: "%s (remove the spaces)" % " ".join(
           halves(v, 4)),
       lines_quote=lambda v: "\n> " + "\n> ".join(halves(v)),
       lines_comment=lambda v: "\n// " + "\n// ".join(halves(v)),
       lines_hash=lambda v: "\n# " + "\n# ".join(halves(v)),
       lines_diff=lambda v: "\n+" + "\n+".join(halves(v)),
       lines_numbered=lambda v: "\n1: %s\n2: %s" % tuple(halves(v)),
       crlf_wrap=lambda v: "\r\n".join(halves(v)),
       indent_wrap=lambda v: "\n        ".join(halves(v)),
       continuation_indent=lambda v: "\\\n    ".join(halves(v)),
       caret_continuation=lambda v: "^\r\n".join(halves(v)),
       backtick_continuation=lambda v: "`\n".join(halves(v)),
       markdown_bold_inside=lambda v: "**".join(halves(v, 3)),
       markdown_cells=lambda v: "| " + " | ".join(halves(v)) + " |",
       html_inside=lambda v: "<b>%s</b>%s" % tuple(halves(v)),
       html_comment=lambda v: "<!-- x -->".join(halves(v)),
       html_lines=lambda v: "<br/>\n".join(halves(v)),
       xml_cdata=lambda v: "<![CDATA[%s]]><![CDATA[%s]]>" % tuple(halves(v)),
       letter_spaced=between(" "), letter_dashes=between("-"),
       letter_dots=between("."), letter_lines=between("\n"),
       letter_commas=between(", "), letter_underscores=between("_"),
       space_before_half=lambda v: " ".join(halves(v)),
       reverse_call=lambda v: '"%s"[::-1]' % v[::-1],
       reverse_rev=lambda v: "echo %s | rev" % v[::-1],
       reversed_said=lambda v: "%s (read it backwards)" % v[::-1],
       reversed_spaced=lambda v: " ".join(halves(v[::-1], 4)),
       rot13_said=lambda v: "%s (rot13)" % codecs.encode(v, "rot13"),
       swapped_case=lambda v: v.swapcase())
simple("hard",
       leet=lambda v: v.translate(str.maketrans("aeiost", "431057")),
       caesar=lambda v: v.translate(str.maketrans(
           TOKEN, "defghijklmnopqrstuvwxyzabc"
           "DEFGHIJKLMNOPQRSTUVWXYZABC0123456789")),
       halves_swapped=lambda v: "second half %s, first half %s" % tuple(
           halves(v)[::-1]),
       every_second=lambda v: "x".join(v))


# The text around is disguised with it.
simple("must", WHOLE,
       sentence_base64=lambda t: b64(t), sentence_hex=lambda t:
       t.encode().hex(),
       sentence_percent=lambda t: urllib.parse.quote(t, safe=""),
       sentence_plus=lambda t: "q=" + urllib.parse.quote_plus(t),
       sentence_full_width=lambda t: "".join(
           chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in t),
       sentence_entities=lambda t: "".join("&#%d;" % ord(c) for c in t),
       sentence_unicode=lambda t: "".join("\\u%04x" % ord(c) for c in t),
       sentence_zwsp=lambda t: "\u200b".join(t),
       sentence_tags=lambda t: "".join(chr(0xe0000 + ord(c)) for c in t
                                       if ord(c) < 128),
       sentence_math=lambda t: letters_from(0x1d5d4, 0x1d5ee, 0x1d7ec)(t),
       sentence_rlo=lambda t: "\u202e%s\u202c" % t[::-1],
       keyword_cyrillic=lambda t: t[:12].translate(str.maketrans(
           "aceopx", "асеорх")) + t[12:],
       keyword_zwsp=lambda t: "\u200b".join(t[:14]) + t[14:],
       keyword_full_width=lambda t: "".join(
           chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in t[:12])
       + t[12:],
       sentence_quoted_printable=lambda t: quopri.encodestring(
           (t + " " + filler(60) + "ü").encode()).decode(),
       sentence_json=lambda t: json.dumps({"text": json.dumps(t)}),
       sentence_utf16_base64=lambda t: b64(t.encode("utf-16-le")))
simple("should", WHOLE,
       sentence_base32=lambda t: base64.b32encode(t.encode()).decode(),
       sentence_reversed=lambda t: t[::-1],
       sentence_rot13=lambda t: codecs.encode(t, "rot13"),
       sentence_gzip=lambda t: b64(gzip.compress(t.encode(), mtime=0)),
       sentence_base64_twice=lambda t: b64(b64(t)),
       sentence_decimal=lambda t: " ".join(str(c) for c in t.encode()),
       sentence_spaced=lambda t: " ".join(t),
       sentence_script=lambda t: "\n".join(
           ["%s", "eval $(echo %s | base64 -d)"][i] % x
           for i, x in enumerate(["#!/bin/sh", b64(t)])))


def chat(form):
    """The value in the user's next message, half of it."""
    def f(text):
        return form(text[:len(text) // 2], text[len(text) // 2:])
    return f


@disguise("should", name="messages-user-assistant")
def user_assistant(v):
    return "%s\nAssistant: go on\nUser: %s" % tuple(halves(v))


@disguise("should", name="messages-roles-bare")
def roles_bare(v):
    return "%s\n\n[assistant]\nok, and then?\n\n[user]\n%s" % tuple(halves(v))


@disguise("should", name="messages-markdown")
def roles_markdown(v):
    return "%s\n\n**ChatGPT:** continue\n\n**You:** %s" % tuple(halves(v))
