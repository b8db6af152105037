"""Documents with words in places where nobody looks.  All are bytes."""
import io
import sqlite3
import struct
import zipfile

import documents as d


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


def word(body="", **parts):
    members = {"[Content_Types].xml": d.xml("<Types/>"),
               "word/document.xml": d.xml(f"<w:document {d.W} xmlns:v='urn:v'><w:body>{body}</w:body></w:document>")}
    return d.zipped(members | parts)


def book(**parts):
    return d.zipped({"[Content_Types].xml": d.xml("<Types/>"),
                     "xl/workbook.xml": d.xml(f"<workbook {d.S}/>")} | parts)


def sheet(rows="", rest=""):
    return book(**{"xl/worksheets/sheet1.xml": d.xml(
        f"<worksheet {d.S}><sheetData>{rows}</sheetData>{rest}</worksheet>")})


def pdf(*more, info=b"/Title (t)", catalog=b""):
    """A page of words, and the objects from the sixth on."""
    text = b"BT /F1 12 Tf 40 700 Td (A page of ordinary words stands here) Tj ET"
    return d.pdf_objects([
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        d.pdf_stream(b"", text), b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", *more,
        b"<< " + info + b" >>"])


def two_pages(first, jpeg):
    """One of words, one that is a picture."""
    height, width = struct.unpack(">HH", jpeg[jpeg.index(b"\xff\xc0") + 5:][:4])
    return d.pdf_objects([
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 2 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>", d.pdf_stream(b"", first),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 7 0 R"
        b" /Resources << /XObject << /I 8 0 R >> >> >>", d.pdf_stream(b"", b"q 612 0 0 792 0 0 cm /I Do Q"),
        d.pdf_stream(b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB"
                     b" /BitsPerComponent 8 /Filter /DCTDecode" % (width, height), jpeg), b"<< /Title (scan) >>"])


def numbered_pages(count, drawn=b""):
    """Nothing but their numbers on them, and what is drawn."""
    pages = range(4, 4 + 2 * count, 2)
    return d.pdf_objects([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + b" ".join(b"%d 0 R" % n for n in pages) + b"] /Count %d >>" % count,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *(part for n in pages for part in (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (n + 1),
            d.pdf_stream(b"", b"BT /F1 12 Tf 300 40 Td (%d) Tj ET " % n + drawn))), b"<< /Title (numbers) >>"])


def tnef(*attributes):
    out = struct.pack("<IH", 0x223e9f78, 1)
    for tag, value in attributes:
        out += b"\1" + struct.pack("<II", tag, len(value)) + value + struct.pack("<H", sum(value) & 0xffff)
    return out


def winmail(value):
    """A subject, a body, a named property with the value, an attached document."""
    wide = (value + "\0").encode("utf-16-le")
    wide += b"\0" * (-len(wide) % 4)
    name = "name".encode("utf-16-le")
    properties = struct.pack("<IHHI", 3, 3, 0x0017, 1) + struct.pack("<HHI", 0x40, 0x0039, 1) + b"\0" * 4
    properties += struct.pack("<HH16sII", 0x101f, 0x8001, b"\0" * 16, 1, len(name)) + name
    properties += struct.pack("<II", 1, len((value + "\0").encode("utf-16-le"))) + wide
    return tnef((0x18004, b"subject-word\0"), (0x2800c, b"body-word\0"), (0x69003, properties),
                (0x18010, b"name-word.docx\0"), (0x6800f, d.docx()))


def commented_zip(comment):
    out = io.BytesIO(d.zipped({"a": "b"}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = comment.encode()
    return out.getvalue()


def database(encoding, rows, more="select 1"):
    connection = sqlite3.connect(":memory:")
    connection.execute(f"pragma encoding='{encoding}'")
    connection.execute("create table t(a, b)")
    connection.executemany("insert into t values(?, ?)", rows)
    connection.execute(more)
    connection.commit()
    return connection.serialize()
