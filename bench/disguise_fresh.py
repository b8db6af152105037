"""More disguises of our own, of the third sitting: written before the finders
were looked at again.  What each makes of a value, or of a text with one."""
import base64
import codecs
import gzip
import json
import zlib

from disguise_forms import (ALL, NUMBER, R, TOKENS, WHOLE, b64, by_table,
                            filler, groups, halves, simple, token, wrap)

MORSE = dict(zip("0123456789", (
    "-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...",
    "---..", "----.")))
NATO = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima "
    "Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey "
    "X-ray Yankee Zulu").split()))
SPOKEN = dict(zip("0123456789", "zero one two three four five six seven eight "
                                "nine".split()))


def base58(v):
    digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    n, out = int.from_bytes(v.encode(), "big"), ""
    while n:
        n, r = divmod(n, 58)
        out = digits[r] + out
    return out


def z85(v):
    """ZeroMQ's, of whole groups: blanks fill the last one."""
    table = ("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             ".-:+=^!/*?&<>()[]{}@%$#")
    data = v.encode() + b" " * (-len(v) % 4)
    out = ""
    for i in range(0, len(data), 4):
        n = int.from_bytes(data[i:i + 4], "big")
        out += "".join(table[n // 85 ** k % 85] for k in (4, 3, 2, 1, 0))
    return out


def uuencode(v):
    return "begin 644 x\n" + codecs.encode(
        v.encode(), "uu").decode().split("\n", 1)[1].rsplit("end", 1)[0] + "end"


simple("must",
       base64_double_quoted=lambda v: "'%s'" % b64("v=" + v),
       base64_in_cdata=lambda v: "<![CDATA[%s]]>" % b64(v),
       base64_prefix_word=lambda v: "base64:" + b64(v),
       base64_email=lambda v: "Content-Transfer-Encoding: base64\n\n"
       + wrap(b64(filler(60) + v), 76) + "\n",
       base64_data_uri_bare=lambda v: "data:;base64," + b64(v),
       hex_backslash_upper=lambda v: "".join("\\X%02X" % c
                                             for c in v.encode()),
       hex_h_suffix=lambda v: " ".join("%02Xh" % c for c in v.encode()),
       hex_dollar=lambda v: "$" + v.encode().hex(),
       hex_blob_psql=lambda v: "'\\x%s'" % v.encode().hex(),
       entities_hex_mixed=lambda v: "".join(
           ("&#x%x;" if i % 2 else "&#%d;") % ord(c) for i, c in enumerate(v)),
       entities_hex_no_semicolon=lambda v: "".join("&#x%x" % ord(c)
                                                   for c in v),
       unicode_mixed=lambda v: "".join(
           ("\\u%04x" if i % 2 else "\\x%02x") % ord(c)
           for i, c in enumerate(v)),
       percent_lower_all=lambda v: "".join("%%%02x" % c for c in v.encode()),
       octal_three=lambda v: "".join("\\%03o" % c for c in v.encode()))
simple("must", NUMBER,
       roman_script=lambda v: "".join(chr(0x1d7ec + int(c)) for c in v),
       eastern_then_ascii=lambda v: "".join(
           chr(0x6f0 + int(c)) for c in v[:len(v) // 2]) + v[len(v) // 2:],
       devanagari_dashes=lambda v: "-".join(
           "".join(chr(0x966 + int(c)) for c in g) for g in groups(v)),
       zwsp_groups=lambda v: "\u200b".join(groups(v)),
       blank_and_zwj=lambda v: " \u200d".join(groups(v)),
       nbsp_dashes=lambda v: "\u00a0-\u00a0".join(groups(v)))
simple("must", WHOLE,
       zwsp_in_all=lambda t: "\u200b".join(t),
       shy_in_words=lambda t: "\u00ad".join(t),
       full_width_all=lambda t: "".join(
           chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in t),
       percent_all=lambda t: "".join("%%%02X" % c for c in t.encode()),
       base64_all=b64)
simple("should",
       base64_of_hex_spaced=lambda v: b64(v.encode().hex(" ")),
       hex_of_hex=lambda v: v.encode().hex().encode().hex(),
       base32_base64=lambda v: base64.b32encode(b64(v).encode()).decode(),
       gzip_base64_url=lambda v: base64.urlsafe_b64encode(gzip.compress(
           (filler(40) + v).encode(), mtime=0)).decode().rstrip("="),
       zlib_hex=lambda v: zlib.compress(v.encode()).hex(),
       base64_of_entities=lambda v: b64("".join("&#%d;" % ord(c) for c in v)),
       base64_of_json_unicode=lambda v: b64('{"v":"%s"}' % "".join(
           "\\u%04x" % ord(c) for c in v)),
       json_array_halves=lambda v: json.dumps(halves(v, 3)),
       json_array_chars=lambda v: json.dumps(list(v)),
       base64_json_array=lambda v: json.dumps(halves(b64(v), 3)),
       concat_js_plus=lambda v: "let k = '" + "' +\n  '".join(
           halves(v, 4)) + "';",
       concat_python_lines=lambda v: "key = (\"" + "\"\n       \"".join(
           halves(v, 3)) + "\")",
       concat_perl=lambda v: "$k = '" + "' . '".join(halves(v, 3)) + "';",
       concat_vb=lambda v: 'k = "' + '" & _\n  "'.join(halves(v, 3)) + '"',
       heredoc_strip=lambda v: "tr -d '\\n' <<E\n" + "\n".join(halves(v, 3))
       + "\nE\n",
       markdown_table=lambda v: "| a | b | c |\n|---|---|---|\n| "
       + " | ".join(halves(v, 3)) + " |",
       char_a_line=lambda v: "\n" + "\n".join(v) + "\n",
       char_a_line_bullets=lambda v: "\n" + "\n".join("- " + c for c in v),
       html_span_halves=lambda v: "<b>" + "</b><i></i><b>".join(
           halves(v, 2)) + "</b>",
       set_x_parts=lambda v: "A=%s\nB=%s\necho $A$B" % tuple(halves(v)))
simple("should", NUMBER,
       emoji_digits=lambda v: "".join(c + "\ufe0f\u20e3" for c in v),
       emoji_between=lambda v: "✨".join(groups(v)),
       flags_between=lambda v: "🇩🇪".join(groups(v)),
       mixed_space_dash=lambda v: "".join(
           g + (" " if i % 2 else "-") for i, g in enumerate(groups(v)))[:-1],
       dots_and_blanks=lambda v: " . ".join(groups(v)),
       parens_first=lambda v: "(%s) %s" % (groups(v)[0],
                                           "-".join(groups(v)[1:])),
       then_words=lambda v: ", then ".join(groups(v)),
       spoken_commas=lambda v: ", ".join(SPOKEN[c] for c in v),
       spoken_dots=lambda v: "... ".join(SPOKEN[c] for c in v),
       spoken_joined=lambda v: "".join(SPOKEN[c] for c in v))
simple("hard", ALL,
       base58=base58, z85=z85, uu=uuencode,
       base64_blanks=lambda v: " ".join(halves(b64(v), 7)),
       reversed_base64_reversed=lambda v: b64(v[::-1])[::-1],
       xor_hex=lambda v: bytes(c ^ 0x20 for c in v.encode()).hex(),
       rail_fence=lambda v: v[::2] + v[1::2])
simple("hard", NUMBER,
       morse=lambda v: " ".join(MORSE[c] for c in v),
       morse_slash=lambda v: "/".join(MORSE[c] for c in v),
       leet_digits=by_table(dict(zip("013457", "OlEAST"))),
       leet_o_i=by_table(dict(zip("01", "oI"))),
       roman_numerals=lambda v: " ".join(
           "N I II III IV V VI VII VIII IX".split()[int(c)] for c in v),
       tally=lambda v: " ".join("|" * int(c) or "0" for c in v),
       acrostic=lambda v: "\n".join(
           c + " " + w for c, w in zip(v, (filler(900)).split())))
simple("hard", TOKENS,
       nato=lambda v: " ".join(NATO.get(c.upper(), SPOKEN.get(c, c))
                               for c in v),
       leet_letters=by_table(dict(zip("aeio", "@3!0"))),
       salted=lambda v: "".join(c + token(1) for c in v))
