"""Documents that mean harm, made here: each is bytes, with what may be said of
it (the cause in the finding unreadable-file; None: it can be read) and a word
that must be found all the same, if any."""
import base64
import bz2
import gzip
import lzma
import struct
import zipfile
import zlib

import documents as d

ANY = ("limit", "damaged", "encrypted", "timeout", None)
MEMBER = b"harm-word " * 2


# ---- archives ----

def bombs_in_bombs():
    """Sixteen of sixteen of … as 42.zip: small at each level."""
    content = d.zipped({"0": b"\0" * (4 << 20)})
    for _ in range(5):
        content = d.zipped({str(i): content for i in range(16)})
    return content


def overlapping_members():
    """All names lead to the same bytes (Fifield, 2019)."""
    kernel = d.zipped({"a": b"\0" * (8 << 20)})
    at = kernel.index(b"PK\1\2")
    entry, end = kernel[at:kernel.index(b"PK\5\6")], kernel[kernel.index(b"PK\5\6"):]
    count = 5000
    directory = entry * count
    return kernel[:at] + directory + end[:8] + struct.pack("<HHII", count, count, len(directory), at) + b"\0\0"


def gzip_thrice():
    content = b"\0" * (300 << 20)
    for _ in range(3):
        content = gzip.compress(content, 6)
    return content


def packed_bomb(pack):
    return pack(b"\0" * (300 << 20))


def seven_zip_bomb():
    return d.archived({"a.txt": MEMBER, "b": b"\0" * (300 << 20)}, "7zip")


def every_format_in_the_next():
    content = b"deep-word " * 9
    for _ in range(5):
        content = d.docx(**{"word/embeddings/a.bin": content})
        content = d.tar({"a": gzip.compress(content)})
        packed = base64.encodebytes(d.zipped({"m.eml": content}))
        content = (b"From: a\nTo: b\nSubject: c\nContent-Type: application/zip\n"
                   b"Content-Transfer-Encoding: base64\n\n" + packed)
    return content


def tar_size(field):
    """A member whose header says so much."""
    whole = bytearray(d.tar({"a.txt": MEMBER, "b": b"x" * 600, "c.txt": b"after"}))
    at = 1024  # the header of b
    whole[at + 124:at + 136] = field
    whole[at + 148:at + 156] = b" " * 8
    whole[at + 148:at + 156] = b"%06o\0 " % sum(whole[at:at + 512])
    return bytes(whole)


def cpio_name():
    return b"070701" + b"0" * 80 + b"ffffffff" + b"0" * 8 + b"x" * 1000


def one_member_locked():
    content = bytearray(d.zipped({"a.txt": MEMBER, "b.txt": b"locked"}, zipfile.ZIP_STORED))
    second = content.index(b"PK\3\4", 4)
    content[second + 6] |= 1
    content[content.index(b"PK\1\2", content.index(b"PK\1\2") + 4) + 8] |= 1
    return bytes(content)


# ---- XML ----

def one_long_entity():
    text = f"<!DOCTYPE x [<!ENTITY a '{'x' * 100_000}'>]><x>{'&a;' * 20_000}</x>"
    return d.docx(**{"word/document.xml": text})


def entities_from_outside():
    text = ('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;'
            '<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>')
    return d.docx(**{"word/document.xml": text})


def deep_elements():
    return d.docx(**{"word/document.xml": "<a>" * 500_000})


def a_million_strings():
    strings = "".join(f"<si><t>s{i}</t></si>" for i in range(1_000_000))
    sheet = "<row r='1'><c r='A1' t='s'><v>999999</v></c></row>"
    return d.zipped({"[Content_Types].xml": "<Types/>", "xl/sharedStrings.xml": f"<sst {d.S}>{strings}</sst>",
                     "xl/worksheets/sheet1.xml": f"<worksheet {d.S}><sheetData>{sheet}</sheetData></worksheet>"})


def cells_far_out():
    cells = "".join(f"<row r='{2 ** 31 - i}'><c r='XFD{2 ** 31 - i}' t='s'><v>{2 ** 40 + i}</v></c></row>" for i in range(1000))
    return d.zipped({"[Content_Types].xml": "<Types/>", "xl/sharedStrings.xml": f"<sst {d.S}><si><t>harm-word</t></si></sst>",
                     "xl/worksheets/sheet1.xml": f"<worksheet {d.S}><sheetData>{cells}</sheetData></worksheet>"})


# ---- OLE ----

def chain_without_end():
    """Every sector of the table leads back to the first."""
    whole = bytearray(d.doc())
    table = len(whole) - 512
    for i in range(60):
        at, = struct.unpack_from("<I", whole, table + 4 * i)
        if at == 0xfffffffe:
            struct.pack_into("<I", whole, table + 4 * i, 0)
    return bytes(whole)


def folder_in_itself():
    """The root is its own child and neighbour."""
    whole = bytearray(d.xls())
    at = whole.index("Root Entry".encode("utf-16-le"))
    struct.pack_into("<III", whole, at + 68, 0, 0, 0)
    return bytes(whole)


def table_of_tables():
    """The list of tables goes on in itself."""
    whole = bytearray(d.ppt())
    struct.pack_into("<II", whole, 68, 0, 0xffffffff)
    return bytes(whole)


# ---- PDF ----

def pages_in_a_ring():
    return d.pdf_objects([b"<< /Type /Catalog /Pages 2 0 R /Outlines 3 0 R >>", b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 9999999 >>",
                          b"<< /Type /Outlines /First 3 0 R /Next 3 0 R /Parent 3 0 R /Title (harm-word) >>", b"4 0 R", b"<< /Title 5 0 R >>"])


def streams_in_a_ring():
    return d.pdf_objects([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>",
                          b"<< /Type /ObjStm /N 1 /First 4 /Extends 3 0 R /Length 3 0 R >>\nstream\n3 0 <<>>\nendstream", b"<< >>"])


def page_bomb():
    text = zlib.compress(b" " * (20 << 20))
    return d.pdf_objects([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                          b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
                          d.pdf_stream(b"/Filter /FlateDecode", text), b"<< >>"])


def brackets():
    return d.pdf_objects([b"<< /Type /Catalog /Pages 2 0 R >>", b"[" * 20_000, b"<<" * 20_000, b"(" * 20_000])


# ---- pictures ----

def huge_picture(bits=1):
    head = struct.pack(">IIBBBBB", 60_000, 60_000, bits, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (60_000 * (1 + 60_000 * bits // 8)) if bits == 1 else b"\0" * 1000)
    return (b"\x89PNG\r\n\x1a\n" + d.png_chunk(b"IHDR", head) + d.png_chunk(b"tEXt", b"Comment\0harm-word") +
            d.png_chunk(b"IDAT", rows) + d.png_chunk(b"IEND", b""))


def directories_in_a_ring():
    """EXIF whose next and inner directories are itself."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8)
    body = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


# ---- text formats ----

def ten_thousand_parts():
    parts = "".join(f"--b\nContent-Type: text/plain\n\npart {i}\n" for i in range(12_000))
    return f"From: a\nTo: b\nSubject: harm-word\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n".encode()


def mail_in_mail():
    content = "From: a\nTo: b\nSubject: last\n\nend"
    for _ in range(200):
        content = f"From: a\nTo: b\nSubject: harm-word\nContent-Type: message/rfc822\n\n{content}"
    return content.encode()


def endless_header():
    return b"From: a\nTo: b\nSubject: harm-word\nX: " + b"=?utf-8?q?x?= " * 2_000_000


# ---- what may be said ----

def documents():
    """name: (bytes, causes, word)"""
    zip_behind = d.zipped({"z.txt": MEMBER})
    return {
        "bombs in bombs": (bombs_in_bombs(), ("limit",), None),
        "overlapping members": (overlapping_members(), ANY, None),
        "gzip thrice": (gzip_thrice(), ("limit",), None),
        "bzip2 bomb": (packed_bomb(bz2.compress), ("limit",), None),
        "xz bomb": (packed_bomb(lambda data: lzma.compress(data, preset=0)), ("limit",), None),
        "7z bomb": (seven_zip_bomb(), ("limit",), "harm-word"),
        "every format in the next": (every_format_in_the_next(), ("limit",), None),
        "tar of eight gigabytes": (tar_size(b"77777777777\0"), ("damaged", "limit"), "harm-word"),
        "tar of a negative size": (tar_size(b"\xff" * 12), ("damaged", "limit"), "harm-word"),
        "cpio with a name of four gigabytes": (cpio_name(), ("damaged", "limit"), None),
        "one member locked": (one_member_locked(), ("encrypted",), "harm-word"),
        "one long entity": (one_long_entity(), ("damaged", "limit"), None),
        "entities from outside": (entities_from_outside(), ANY, "header-word"),
        "deep elements": (deep_elements(), ("damaged", "limit"), None),
        "a million strings": (a_million_strings(), (None, "limit"), "s999999"),
        "cells far out": (cells_far_out(), ANY, "harm-word"),
        "chain without end": (chain_without_end(), ANY, None),
        "folder in itself": (folder_in_itself(), ANY, None),
        "table of tables": (table_of_tables(), ANY, None),
        "pages in a ring": (pages_in_a_ring(), ANY, "harm-word"),
        "streams in a ring": (streams_in_a_ring(), ANY, None),
        "page bomb": (page_bomb(), ANY, None),
        "brackets": (brackets(), ANY, None),
        "huge picture": (huge_picture(), ("limit",), "harm-word"),
        "huge picture that is not there": (huge_picture(16), ("limit",), "harm-word"),
        "directories in a ring": (directories_in_a_ring(), ANY, None),
        "rtf groups": (b"{\\rtf1 harm-word " + b"{" * 1_000_000, ANY, "harm-word"),
        "rtf of binary without end": (b"{\\rtf1 harm-word {\\*\\x\\bin2147483647 " + b"x" * 1000 + b"}}", ANY, "harm-word"),
        "ten thousand parts": (ten_thousand_parts(), (None, "limit"), "part 11999"),
        "mail in mail": (mail_in_mail(), ("limit",), "harm-word"),
        "endless header": (endless_header(), ANY, "harm-word"),
        "pdf and zip": (d.pdf(d.PDF_LINES) + zip_behind, ANY, "page-word"),
        "gif and zip": (b"GIF89a\1\0\1\0\0\0\0;" + zip_behind, ANY, "harm-word"),
        "program and zip": (b"MZ" + b"\0" * 500 + zip_behind, (None,), "harm-word"),
    }


def cut():
    """Each format without its last part, at three places."""
    whole = {"docx": d.docx(), "xlsx": d.xlsx(), "pptx": d.pptx(), "odt": d.odt(), "epub": d.epub(), "msg": d.msg(),
             "png": d.noted_png(), "7z": d.archived({"a.txt": b"x" * 500}, "7zip"), "pdf": d.pdf(d.PDF_LINES), "rtf": d.RTF,
             "xz": lzma.compress(MEMBER * 99), "bz2": bz2.compress(MEMBER * 99), "ppt": d.ppt(), "mail": d.mail()}
    for name, content in whole.items():
        for place in (len(content) // 3, len(content) * 2 // 3, len(content) - 3):
            yield f"{name} at {place}", content[:place]
