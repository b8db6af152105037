"""Seeds of fuzz_extract: the documents of the end-to-end tests and odd ones,
each for its own reader and for the dispatch."""
import gzip
import lzma
import pathlib
import random
import struct
import sys
import zipfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import documents as d  # noqa: E402
import documents_odd as odd  # noqa: E402

ALL, RTF, OLE, OFFICE, MAIL, HTML, IMAGE, PDF, BIFF, SLIDES, PROPERTIES, PACKED, WORD, ARCHIVE, SINGLE, TEXT, STRINGS = range(17)
RUN, REPORT = 254, 255
rng = random.Random(17)
seeds = []


def add(reader, content, also=True):
    seeds.append(bytes([reader]) + content)
    if also and reader not in (ALL, RUN, REPORT):
        seeds.append(bytes([ALL]) + content)


def rtf_packed(content):
    """Literal bytes, one match with the dictionary, one that ends it."""
    out, window = b"", 207
    for at in range(0, len(content), 8):
        piece = content[at:at + 8]
        out += b"\0" + piece
        window += len(piece)
    out += b"\3" + struct.pack(">H", 0 << 4 | 4) + struct.pack(">H", ((window + 6) % 4096) << 4)
    return struct.pack("<III4sI", 0, len(content), 0, b"LZFu", 0)[:8] + b"LZFu" + b"\0\0\0\0" + out




for content in (d.docx(), d.xlsx(), d.pptx(), d.odt(), d.ods(), d.epub()):
    add(OFFICE, content)
    add(OFFICE, content[:len(content) // 2], False)
add(OFFICE, d.zipped({"content.xml": "x", "META-INF/manifest.xml": "<a encryption-data='1'/>"}))
add(OFFICE, d.docx(**{"word/document.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"}))
add(OFFICE, d.docx(**{"word/document.xml": "<x>" * 600}))
add(OFFICE, d.docx(**{"word/document.xml": "no xml at all"}))
add(OFFICE, d.docx(**{"word/document.xml": d.xml(f"<w:p {d.W}><w:r><w:tab/><w:t>a</w:t><w:br/><w:noBreakHyphen/><w:t>b"
                                                 "</w:t></w:r></w:p>\n  <x> </x>")}))
add(OFFICE, d.zipped({"[Content_Types].xml": "<a/>", "xl/worksheets/sheet1.xml":
                      f"<worksheet {d.S}><row><c t='s'><v>9</v></c><c><v>1.5E+2</v></c><c><v>12E</v></c><c><v></v></c>"
                      "<c><f>A1</f></c></row><dataValidation prompt='pp'><formula1>\"a,b\"</formula1></dataValidation>",
                      "xl/sharedStrings.xml": f"<sst {d.S}><si><t>a</t><rPh><t>b</t></rPh></si>"}))
add(OFFICE, b"PK\3\4" + b"\0" * 26)

add(RTF, d.RTF)
for content in (rb"{\rtf1\ansicpg932 \'82\'a0\u55357?\u56832?\uc2\u8364 ??x\~\_\-\emdash\lquote}",
                rb"{\rtf1{\*\unknown words}{\pict\pngblip 89504e470d0a1a0a0000000d4948445200000008}}",
                rb"{\rtf1{\object{\*\objdata 01050000d0cf11e0a1b11ae10000000000000000000000000000}}}",
                rb"{\rtf1\bin5 abcde\bin99999999 x}", rb"{\rtf1" + b"{" * 300 + b"x" + b"}" * 300 + b"}", rb"{\rtf1 \u-3 \'zz \'",
                rb"{\rtf1\trowd a\cell b\cell\row\sect\page\nestcell\nestrow}}}}", rb"{\rtf1\ansicpg99999 \'e9}",
                b"{\\rtf1 a\\\nb\\\\ \\{ \\} \\tab\\line \\abcdefghijklmnopqrstuvwxyzabcdefghijk1 x}", b"{\\rtf1 \\"):
    add(RTF, content)
add(RTF, b"{\\rtf1 " + b"\\'e9" * 40000 + b"}", False)

for content in (d.doc(), d.xls(), d.ppt(), d.msg(), d.xls(True), d.doc(flags=0x100),
                d.cfb({"EncryptedPackage": b"x"}), d.cfb({"\1Ole10Native": struct.pack("<IH", 60, 2) + b"a.txt\0C:\\a.txt\0" +
                       struct.pack("<II", 3, 4) + b"abc\0" + struct.pack("<I", 9) + b"some text"}),
                d.cfb({"\1Ole10Native": b"x" * 9}), d.cfb({"Contents": d.docx(), "0Table": b"y", "Other": b"some words here"}),
                d.cfb({"__substg1.0_10090102": rtf_packed(d.RTF), "__substg1.0_0E04001E": b"to-word",
                       "__substg1.0_37010102": b"text of an attachment", "__substg1.0_3704001E": b"a.txt",
                       "__substg1.0_zzzz001F": b"x", "__properties_version1.0": b"\0" * 99})):
    add(OLE, content)
    add(OLE, content[:len(content) * 2 // 3], False)
whole = d.xls()
for at in (30, 32, 44, 48, 56, 60, 68, 76, 80, 600):
    broken = bytearray(whole)
    broken[at:at + 4] = struct.pack("<I", rng.choice((0, 1, 9, 0xffffffff, 0xfffffffe)))
    add(OLE, bytes(broken), False)
loop = bytearray(whole)
loop[-512:] = struct.pack("<128I", *[(i * 7 + 1) % 20 for i in range(128)])
add(OLE, bytes(loop), False)
mini = bytearray(whole)
mini[56:60] = struct.pack("<I", 1 << 20)
mini[60:64] = struct.pack("<I", 0)
add(OLE, bytes(mini), False)


def book(*records, version=0x600):
    return d.biff(0x809, struct.pack("<HH", version, 5) + b"\0" * 12) + b"".join(d.biff(*r) for r in records)


cell = struct.pack("<HHH", 0, 1, 0)
add(BIFF, book((0x204, cell + struct.pack("<HB", 3, 0) + b"abc"), (0x0d6, cell + struct.pack("<HB", 2, 1) + b"a\0b\0"),
               (0xbd, struct.pack("<HH", 2, 0) + struct.pack("<HI", 0, 7 << 2 | 2) * 3 + b"\2\0"),
               (0x06, cell + b"\0" * 6 + b"\xff\xff"), (0x207, struct.pack("<HB", 2, 0) + b"ok"),
               (0x06, cell + struct.pack("<d", 0.5) + b"\0\0"), (0x14, struct.pack("<HB", 2, 0) + b"hd"), (0x15, b""),
               (0x1c, b"\0" * 8 + struct.pack("<HB", 2, 0) + b"me"), (0x18, b"\0" * 14 + b"defined-name"), (0x27e, cell + b"\1\0\0\0"),
               (0x1b8, "http://link/".encode("utf-16-le"))), False)
add(BIFF, book((0x85, b"\0" * 6 + b"\3abc"), (0x204, cell + struct.pack("<H", 3) + b"abc"), (0x1c, b"\0" * 6 + b"note"),
               version=0x500), False)
rich = struct.pack("<HBHI", 3, 13, 1, 4) + "abc".encode("utf-16-le") + b"\0" * 4 + b"ext!"
add(BIFF, book((0xfc, struct.pack("<II", 9, 9) + rich + struct.pack("<HB", 5, 1) + b"a\0b"), (0x3c, b"\0cd"), (0x3c, b"")), False)
add(BIFF, book((0x1b6, b"\0" * 10 + b"\4\0"), (0x3c, b"\1" + "word".encode("utf-16-le")), (0x1b6, b"\0" * 18)), False)
add(BIFF, b"\xfc\0\xff\xff", False)
word = bytearray(1536)
struct.pack_into("<II", word, 0x1a2, 0, 200)
text = b"narrow \x13field\x14shown\x15\x07cell\x0d\x1e\x1f\x01"
clx = b"\1\2\0xx\2" + struct.pack("<I", 28) + struct.pack("<III", 0, len(text), len(text) + 4)
place = 1536 + len(clx) + 16
clx += struct.pack("<HIH", 0, place * 2 | 0x40000000, 0) + struct.pack("<HIH", 0, place, 0)
add(WORD, bytes(word) + clx + text + "\ud83d\ude00ab".encode("utf-16-le", "surrogatepass"), False)
add(WORD, bytes(word), False)
add(SLIDES, struct.pack("<HHI", 15, 1000, 30) + struct.pack("<HHI", 0, 4000, 4) + b"a\0b\0" + struct.pack("<HHI", 0, 4008, 2) + b"cd", False)
add(SLIDES, struct.pack("<HHI", 0, 12052, 1) + b"x", False)
add(SLIDES, struct.pack("<HHI", 0, 5, 0xffffffff), False)
add(PROPERTIES, d.properties("title"), False)
vector = struct.pack("<HHI16sI", 0xfffe, 0, 2, b"\0" * 16, 2) + b"\0" * 16 + struct.pack("<I", 68) + b"\0" * 16 + struct.pack("<I", 68)
vector += struct.pack("<IIIIII", 99, 2, 2, 24, 3, 48) + struct.pack("<III4s", 0x101e, 1, 3, b"abc") + b"\0" * 8
vector += struct.pack("<IIII", 0x100c, 1, 0x1f, 2) + b"x\0y\0" + struct.pack("<I", 3)
add(PROPERTIES, vector, False)
add(PACKED, rtf_packed(d.RTF), False)
add(PACKED, struct.pack("<II", 9, 9) + b"MELA\0\0\0\0" + d.RTF, False)
add(PACKED, b"\0" * 8 + b"XXXX" + b"\0" * 8, False)
add(PACKED, struct.pack("<II", 9, 9) + b"LZFu\0\0\0\0\xff\0", False)

add(MAIL, d.mail())
add(MAIL, b"From a@b Mon\n" + d.mail() + b"\n\nFrom c@d\nSubject: x\n\nbody\n")
for content in (
        b"From: =?utf-8?q?a=C3=A9_b?= =?iso-8859-1?B?6Q==?= <x@y>\r\nTo: =?bad?Z?x?= =?utf-8?b?=\r\nSubject: a\r\n b\r\n\r\nbody",
        b"From: a\nTo: b\nDate: c\nContent-Type: multipart/mixed; boundary=\"q\"\n\npreamble\n--q\nContent-Type: text/plain; "
        b"charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n=C1=C2 soft=  \nline=ZZ\n--q\n\nno type\n--q--\nepilogue",
        b"From: a\nTo: b\nDate: c\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\nAAAA\nA\n",
        b"From: a\nTo: b\nDate: c\nContent-Type: text/html; name=a.html\nContent-Disposition: attachment; filename*=utf-8''%41\n\n<p>x",
        b"From: a\nTo: b\nDate: c\nContent-Type: broken\nContent-Disposition: =\nContent-Transfer-Encoding: base64\n\n!!!!",
        b"From: a\nTo: b\nDate: c\nContent-Type: text/plain\nContent-Disposition: attachment\n\nattached"):
    add(MAIL, content)
deep = b"\n\ninnermost"
for i in range(20):
    deep = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s" % (i, i, deep)
add(MAIL, b"From: a\nTo: b\nDate: c\n" + deep, False)

add(HTML, d.HTML)
for content in (b"<html><p>a &amp; b &#x41; &bogus; &<pre> x\n y </pre><textarea>z</textarea><a href=x>l</a></html>",
                b"<html><img alt='a > b' src=\"x\"><img alt='open><p>b <", b"<html><!-- never ends", b"<html><script>if(a<b)</scr",
                b"<html>a < b <3 <> </> <?x?><br/><td>1<td>2<tr><x =a b= c='' data-z=zz onx=yy>", "<html>\u00e9".encode("utf-16"),
                b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>x</html>", b"<html>\xe9\xe8"):
    add(HTML, content)

add(IMAGE, d.noted_png())
add(IMAGE, d.png(d.png_chunk(b"iTXt", b"a\0\1\0en\0x\0" + zlib.compress(b"packed")) + d.png_chunk(b"zTXt", b"k\0\0broken")))
tiff = d.exif("words")
big = (b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 5) + struct.pack(">HHII", 0x8769, 4, 1, 8) +
       struct.pack(">HHII", 0x9c9b, 1, 4, 0x61006200) + struct.pack(">HHII", 0x9286, 7, 14, 74) +
       struct.pack(">HHII", 0x83bb, 7, 14, 74) + struct.pack(">HHII", 0x02bc, 1, 14, 74) + struct.pack(">I", 8) + b"ASCII\0\0\0comment")
for content in (tiff, big):
    add(IMAGE, content)
    add(IMAGE, b"\xff\xd8\xff\xe1" + struct.pack(">H", len(content) + 8) + b"Exif\0\0" + content +
        b"\xff\xfe\0\7abcde\xff\xe1\0\x10http://x\0<xmp>\xff\xed\0\x0cphotoshop!\xff\xff\xda\0\2..\xff\xd9" + b"behind it all there is more text" * 2)
    webp = b"WEBPEXIF" + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1) + b"XMP \5\0\0\0<xmp>\0"
    add(IMAGE, b"RIFF" + struct.pack("<I", len(webp)) + webp + b"\0\1\2" * 20)
add(IMAGE, b"GIF89a\1\0\1\0\x80\0\0......\x21\xfe\x05words\x03abc\0\x21\xff\x0bXMP DataXMP\x05<xmp>\0\x21\xf9\x04\0\0\0\0\0"
           b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0\x3b" + b"tail " * 9)
add(IMAGE, b"GIF89a\1\0\1\0\0\0\0\x99")
add(IMAGE, b"BM" + struct.pack("<IIII", 60, 0, 54, 40) + b"\0" * 40)

add(PDF, d.pdf(d.PDF_LINES))
objects = zlib.compress(b"1 0 2 9 << /Contents (in \\(a\\) stream\\n\\053\\q) /V <6869> /Opt [(one) (two)] /Other (no) >>")
add(PDF, b"%PDF-1.5\n1 0 obj\n" + d.pdf_stream(b"/Type /ObjStm /Filter /FlateDecode", objects) + b"\nendobj\n2 0 obj\n" +
    d.pdf_stream(b"/Type /EmbeddedFile", b"plain attached words") + b"\nendobj 3 0 obj << /Type /ObjStm /Fl >> stream\r\nbroken", False)
add(PDF, b"%PDF-1.5\n(open ((never) closed", False)
add(PDF, b"%PDF-1.5\n<< /URI <68 69", False)

add(ARCHIVE, d.nested())
add(ARCHIVE, d.tar({"a/b": b"x" * 600, "c": b"", "\xff": b"y"}))
add(ARCHIVE, d.zipped({"a": b"\0" * 300000, "b": "x", "name-without-content": ""}))
locked = bytearray(d.zipped({"a.txt": "x" * 100}, zipfile.ZIP_STORED))
locked[6] |= 1
locked[locked.index(b"PK\1\2") + 8] |= 1
add(ARCHIVE, bytes(locked))
add(ARCHIVE, d.zipped({str(i): "x" for i in range(300)}), False)
add(ARCHIVE, b"!<arch>\na.txt/          0           0     0     100644  5         `\nhello\n")
add(ARCHIVE, b"070701" + b"00000000" * 13 + b"a\0")
many = b"x"
for _ in range(7):
    many = d.zipped({"a": many})
add(ARCHIVE, many)
for content in (gzip.compress(b"gz words"), gzip.compress(d.tar({"a": b"b"})), gzip.compress(b"\0" * (2 << 20)),
                gzip.compress(b"x" * 999)[:40]):
    add(SINGLE, content)

for charset in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp1252", "utf-8-sig"):
    add(TEXT, ("gr\u00fc\u00df \u20ac \U0001f600 " * 4).encode(charset, "replace"))
add(TEXT, b"\0\0\xfe\xff\0\0\0a")
add(TEXT, b"text with a \0 in it")
add(STRINGS, b"\1\2some words\3\4" + "wide words".encode("utf-16-le") + b"\xff\xfe\0short\0")
add(RUN, d.docx(), False)
add(RUN, d.noted_png(), False)
add(ALL, b"")
add(ALL, b"MZ" + bytes(range(256)) * 8)
add(ALL, bytes(32769) + b"CD001" + bytes(99))
add(ALL, b"MZ stub" + bytes(99) + d.zipped({"a": "self-extracting"}))


def record(letter, body):
    return letter + struct.pack("<I", len(body)) + body


for content in (record(b"P", b"a") + record(b"T", b"abc") + record(b"P", b"b") + record(b"S", b"\5a/b") + record(b"T", b"x") + record(b"E", b""),
                record(b"T", b"cut") + b"T\xff\0\0\0x", record(b"X", b""), record(b"S", b"") + record(b"S", b"\xff") + record(b"S", b"\1"),
                b"".join(record(b"P", b"%d" % i) + record(b"T", b"x") for i in range(4200)), record(b"T", b"y" * 70000), b"T\1"):
    add(REPORT, content, False)

rows = [("left", 5425233430109903), (b"%PDF-", -5), (b"\0\1some words", 1.5), ("x" * 700, None), (300, "y" * 3000)]
for encoding in ("UTF-8", "UTF-16le", "UTF-16be"):
    add(ALL, odd.database(encoding, rows))
add(ALL, odd.database("UTF-8", [(str(i), i << 20) for i in range(400)], "create index by_a on t(a, b)"))
add(ALL, odd.database("UTF-8", rows)[:400])
for content in (odd.winmail("value-word"), odd.winmail("value-word")[:-100], odd.tnef((0x69005, b"\2\0\0\0\x0d\0\1\x37"))):
    add(ALL, content)
add(ALL, lzma.compress(b"words of old", lzma.FORMAT_ALONE))
add(ALL, b"LZIP\1\x0cbroken")
add(ALL, d.zipped({"a": "hidden"}) + d.zipped({"b": "shown"}))
add(ALL, odd.commented_zip("comment-word"))
add(RTF, rb"{\rtf1 a{\*\docvar {key}{value}}b{\*\bkmkstart c}d{\*\userprops{\propname e}{\staticval f}}{\field{\*\fldinst X{\*\formfield{\ffdeftext g}}}}\par}")
add(OFFICE, odd.word("<w:p><w:r><w:t>a</w:t></w:r><w:del><w:r><w:delText>b</w:delText></w:r></w:del><w:ins><w:r><w:t>c</w:t></w:r></w:ins>"
                     "<w:r><w:txbxContent><w:p><w:r><w:t>d</w:t></w:r></w:p></w:txbxContent></w:r><!-- e --></w:p>",
                     **{"customXml/item1.xml": "<a b='5.4E3'/>"}))
add(OFFICE, odd.sheet("<row><c><f>X(12345678)</f><v>1.0</v></c></row>",
                      "<headerFooter><oddHeader>&amp;La&amp;&amp;&amp;\"b\"&amp;12c&amp;KFF0000d&amp;P</oddHeader></headerFooter>"
                      "<filter val='e'/>"))
add(PDF, odd.pdf(d.pdf_stream(b"/Type /Metadata /Subtype /XML", b"<?xpacket?><x>words</x>"), info=b"/Ticket (unknown key)"))
add(PDF, odd.pdf(d.pdf_stream(b"/Type /EmbeddedFile", b"x")).replace(b"trailer\n<<", b"trailer\n<< /Encrypt 9 0 R "))

PROPERTIES = [(0x1e, 0x37, b"text\0"), (0x0d, 0x3701, b"\0" * 16 + b"object-word"), (0x102, 0x1013, b"<p>html</p>"),
              (0x102, 0x3701, b"attached"), (0x102, 0x1009, struct.pack("<IIII", 24, 8, 0x414c454d, 0) + rb"{\rtf1 a}"),
              (0x102, 0x1009, b"not compressed")]
for kind, tag, value in PROPERTIES:
    add(ALL, odd.tnef((0x69003, struct.pack("<IHHII", 1, kind, tag, 1, len(value)) + value + b"\0" * (-len(value) % 4))))
FIXED = b"".join(struct.pack("<HH", kind, 1) + b"\0" * size for kind, size in ((5, 8), (6, 8), (7, 8), (0x14, 8), (0x48, 16), (3, 4)))
add(ALL, odd.tnef((0x69003, struct.pack("<I", 6) + FIXED), (0x8000, b"sender\0"), (0x1234, b"x")))

if __name__ == "__main__":
    folder = HERE / "corpus/extract"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, seed in enumerate(dict.fromkeys(seeds)):
        (folder / f"{number:03}").write_bytes(seed)
