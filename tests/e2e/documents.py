"""Documents made here, each with words where a reader must look for them.
All are bytes."""
import ctypes
import email.message
import gzip
import io
import lzma
import bz2
import struct
import subprocess
import tarfile
import zipfile
import zlib

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ' \
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ODF = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" ' \
      'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" ' \
      'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" ' \
      'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CORE = '<cp:coreProperties xmlns:cp="urn:cp" xmlns:dc="http://purl.org/dc/elements/1.1/">' \
       '<dc:title>title-word</dc:title><dc:creator>author-word</dc:creator></cp:coreProperties>'


def xml(text):
    return '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text


def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(body="", **more):
    members = {
        "[Content_Types].xml": xml("<Types/>"),
        "word/document.xml": xml(
            f"<w:document {W}><w:body>{body}"
            "<w:p><w:r><w:t>body-</w:t></w:r><w:proofErr/><w:r><w:rPr><w:b/></w:rPr><w:t>word</w:t></w:r></w:p>"
            "<w:p><w:del w:author='editor-word'><w:r><w:delText>deleted-word</w:delText></w:r></w:del></w:p>"
            "<w:p><w:r><w:instrText>HYPERLINK http://field-word.example/</w:instrText></w:r></w:p>"
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell-one</w:t></w:r></w:p></w:tc>"
            "<w:tc><w:p><w:r><w:t>cell-two</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
            "</w:body></w:document>"),
        "word/header1.xml": xml(f"<w:hdr {W}><w:p><w:r><w:t>header-word</w:t></w:r></w:p></w:hdr>"),
        "word/footnotes.xml": xml(f"<w:footnotes {W}><w:p><w:r><w:t>footnote-word</w:t></w:r></w:p></w:footnotes>"),
        "word/comments.xml": xml(f"<w:comments {W}><w:comment w:author='reviewer-word'><w:p><w:r>"
                                 "<w:t>comment-word</w:t></w:r></w:p></w:comment></w:comments>"),
        "word/_rels/document.xml.rels": xml("<Relationships><Relationship Target='http://link-word.example/'"
                                            " TargetMode='External'/></Relationships>"),
        "docProps/core.xml": xml(CORE),
        "docProps/custom.xml": xml("<Properties><property name='key-word'><vt:lpwstr xmlns:vt='urn:vt'>custom-word"
                                   "</vt:lpwstr></property></Properties>"),
    }
    members.update(more)
    return zipped(members)


DOCX_WORDS = ["body-word", "deleted-word", "field-word", "header-word", "footnote-word", "comment-word", "link-word",
              "title-word", "author-word", "custom-word", "key-word", "editor-word", "reviewer-word",
              "cell-one\tcell-two"]


def xlsx():
    return zipped({
        "[Content_Types].xml": xml("<Types/>"),
        "xl/workbook.xml": xml(f"<workbook {S}><sheets><sheet name='sheet-word' state='hidden'/></sheets>"
                               "<definedNames><definedName name='range-word'>'x'!$A$1</definedName></definedNames>"
                               "</workbook>"),
        "xl/worksheets/sheet1.xml": xml(
            f"<worksheet {S}><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1'><v>4.2E+15</v></c>"
            "<c r='C1' t='inlineStr'><is><t>inline-word</t></is></c>"
            "<c r='D1' t='str'><f>CONCAT(\"formula-word\",A1)</f><v>result-word</v></c></row>"
            "<row r='2'><c r='A2'><v>4111111111111111</v></c></row></sheetData>"
            "<headerFooter><oddHeader>header-word</oddHeader></headerFooter></worksheet>"),
        "xl/sharedStrings.xml": xml(f"<sst {S}><si><r><t>shared-</t></r><r><t>word</t></r></si>"
                                    "<si><t>orphan-word</t></si></sst>"),
        "xl/comments1.xml": xml(f"<comments {S}><authors><author>who-word</author></authors><commentList><comment>"
                                "<text><r><t>remark-word</t></r></text></comment></commentList></comments>"),
        "docProps/core.xml": xml(CORE),
    })


XLSX_WORDS = ["shared-word\t4200000000000000\tinline-word\tresult-word\n4111111111111111", "formula-word", "orphan-word",
              "sheet-word", "range-word", "header-word", "who-word", "remark-word", "title-word"]


def pptx():
    slide = f"<p:sld {A}><p:txBody><a:p><a:r><a:t>slide-</a:t></a:r><a:r><a:t>word</a:t></a:r></a:p></p:txBody></p:sld>"
    return zipped({
        "[Content_Types].xml": xml("<Types/>"),
        "ppt/slides/slide1.xml": xml(slide),
        "ppt/notesSlides/notesSlide1.xml": xml(slide.replace("slide-", "notes-")),
        "ppt/comments/comment1.xml": xml(f"<p:cmLst {A}><p:cm><p:text>comment-word</p:text></p:cm></p:cmLst>"),
        "docProps/app.xml": xml("<Properties><Company>company-word</Company></Properties>"),
    })


PPTX_WORDS = ["slide-word", "notes-word", "comment-word", "company-word"]


def odf(kind, body):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument." + kind)
        archive.writestr("content.xml", xml(f"<office:document-content {ODF}>{body}</office:document-content>"))
        archive.writestr("styles.xml", xml(f"<office:document-styles {ODF}><text:p>footer-word</text:p>"
                                           "</office:document-styles>"))
        archive.writestr("meta.xml", xml(f"<office:document-meta {ODF}><dc:title>title-word</dc:title>"
                                         "</office:document-meta>"))
    return out.getvalue()


def odt():
    return odf("text", "<text:p>one<text:s text:c='2'/>two<text:span>-word</text:span></text:p>"
                       "<office:annotation><dc:creator>who-word</dc:creator><text:p>note-word</text:p>"
                       "</office:annotation><text:tracked-changes><text:deletion><text:p>gone-word</text:p>"
                       "</text:deletion></text:tracked-changes>")


ODT_WORDS = ["one  two-word", "who-word", "note-word", "gone-word", "footer-word", "title-word"]


def ods():
    return odf("spreadsheet", "<table:table table:name='sheet-word'><table:table-row><table:table-cell>"
                              "<text:p>left-word</text:p></table:table-cell><table:table-cell office:value='4111'>"
                              "<text:p>right-word</text:p></table:table-cell></table:table-row></table:table>")


ODS_WORDS = ["left-word\tright-word", "sheet-word", "footer-word"]


def epub():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        archive.writestr("OEBPS/chapter.xhtml", xml("<html xmlns='http://www.w3.org/1999/xhtml'><body><p>chapter-"
                                                    "<b>word</b></p></body></html>"))
        archive.writestr("OEBPS/content.opf", xml("<package><metadata><title>title-word</title></metadata></package>"))
    return out.getvalue()


EPUB_WORDS = ["chapter-word", "title-word"]

RTF = (rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 font-word;}}{\info{\title title-word}{\author author-word}}"
       rb"{\header header-word}plain-{\b word} caf\'e9 \u8364?{\v hidden-word}{\deleted deleted-word}"
       rb"{\*\annotation note-word}{\field{\*\fldinst HYPERLINK field-word}{\fldrslt shown-word}}\par}")
RTF_WORDS = ["plain-word", "title-word", "author-word", "header-word", "caf\u00e9", "\u20ac", "hidden-word",
             "deleted-word", "note-word", "field-word", "shown-word"]

HTML = (b"<!DOCTYPE html><html><head><title>title-word</title><meta name=x content='meta-word'>"
        b"<script>var a='script-word';</script></head><body><!-- comment-word --><p>shown-<b>word</b></p>"
        b"<a href='http://link-word.example/'>x</a><input value='value-word'><p>&#101;ntity-word &lt;</p>"
        b"<table><tr><td>cell-one</td><td>cell-two</td></tr></table></body></html>")
HTML_WORDS = ["title-word", "meta-word", "script-word", "comment-word", "shown-word", "link-word", "value-word",
              "entity-word <", "cell-one\tcell-two"]


def mail():
    message = email.message.EmailMessage()
    message["From"] = "from-word@example.com"
    message["To"] = "to-word@example.com"
    message["Subject"] = "subject-w\u00f6rd"
    message["Message-ID"] = "<1@example.com>"
    message.set_content("body-word =\n" + "x" * 200 + " caf\u00e9\n", cte="quoted-printable")
    message.add_alternative("<p>html-<b>word</b></p><!-- hidden-word -->", subtype="html", cte="base64")
    message.add_attachment(docx(), maintype="application", subtype="octet-stream", filename="file-w\u00f6rd.bin")
    inner = email.message.EmailMessage()
    inner["Subject"] = "inner-word"
    inner["From"] = inner["To"] = "a@example.com"
    inner.set_content("forwarded-word\n")
    message.add_attachment(inner)
    return message.as_bytes()


MAIL_WORDS = ["from-word@", "to-word@", "subject-w\u00f6rd", "body-word", "caf\u00e9", "html-word", "hidden-word",
              "file-w\u00f6rd.bin", "comment-word", "inner-word", "forwarded-word"]


def tar(members, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def nested():
    """docx in zip in tar.gz in zip."""
    inner = zipped({"folder/name-word.docx": docx()})
    return zipped({"a.tgz": tar({"b.zip": inner}, "w:gz"), "c.txt.xz": lzma.compress(b"xz-word"),
                   "d.bz2": bz2.compress(b"bz2-word"), "e.gz": gzip.compress(b"gz-word")})


NESTED_WORDS = ["name-word", "body-word", "deleted-word", "xz-word", "bz2-word", "gz-word"]


# ---- PDF ----

def pdf_objects(objects):
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, len(objects), start)
    return out


def pdf_stream(dictionary, content):
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(content), content)


def pdf(lines, size=24):
    text = b"BT /F1 %d Tf 40 700 Td " % size + b" ".join(
        b"(%s) Tj 0 -%d Td" % (line.encode(), 2 * size) for line in lines) + b" ET"
    attached = zlib.compress(docx())
    return pdf_objects([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Annots [6 0 R]"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        pdf_stream(b"/Filter /FlateDecode", zlib.compress(text)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (annotation-\\167ord) "
        b"/A << /S /URI /URI (http://link-word.example/) >> >>",
        pdf_stream(b"/Type /EmbeddedFile /Filter /FlateDecode", attached),
        b"<< /Title (title-word) /Author <FEFF0061007500740068006F0072002D0077006F00720064> >>",
    ])


PDF_LINES = ["first line of a page with words", "page-word stands here"]
PDF_WORDS = ["page-word", "annotation-word", "link-word", "title-word", "author-word", "comment-word"]


def picture(lines, kind="png"):
    """A picture of a page, as a screenshot is."""
    return subprocess.run(["pdftoppm", "-r", "110", "-" + kind, "-"], input=pdf(lines), stdout=subprocess.PIPE,
                          check=True).stdout


def scanned_pdf(lines):
    jpeg = picture(lines, "jpeg")
    height, width = struct.unpack(">HH", jpeg[jpeg.index(b"\xff\xc0") + 5:][:4])
    return pdf_objects([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /XObject << /I 5 0 R >> >> >>",
        pdf_stream(b"", b"q 612 0 0 792 0 0 cm /I Do Q"),
        pdf_stream(b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB"
                   b" /BitsPerComponent 8 /Filter /DCTDecode" % (width, height), jpeg),
        b"<< /Title (scan) >>",
    ])


# ---- pictures ----

def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(extra=b"", behind=b""):
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff" * 8 for _ in range(8)))
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + extra + png_chunk(b"IDAT", rows) +
            png_chunk(b"IEND", b"") + behind)


def exif(text):
    value = text.encode() + b"\0"
    return (b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHII", 1, 0x010e, 2, len(value), 26) +
            struct.pack("<I", 0) + value)


def noted_png():
    return png(png_chunk(b"tEXt", b"Comment\0text-word") + png_chunk(b"zTXt", b"K\0\0" + zlib.compress(b"packed-word")) +
               png_chunk(b"iTXt", b"XML\0\0\0\0\0international-word") + png_chunk(b"eXIf", exif("exif-word")),
               zipped({"x.txt": "polyglot-word " * 4}))


PNG_WORDS = ["text-word", "packed-word", "international-word", "exif-word", "polyglot-word"]


# ---- OLE ----

def cfb(streams):
    """[MS-CFB], version 3, everything in ordinary sectors; streams: name to
    bytes, in the root."""
    sector = 512
    entries, data, fat = [], b"", []

    def add(content):
        nonlocal data
        first, count = len(fat), max(1, -(-len(content) // sector))
        fat.extend([first + i + 1 for i in range(count - 1)] + [0xfffffffe])
        data += content.ljust(count * sector, b"\0")
        return first

    for name, content in streams.items():
        content = content.ljust(4096, b"\0") if len(content) < 4096 else content
        entries.append((name, 2, add(content), len(content)))

    def entry(name, kind, start, size, right, child):
        raw = name.encode("utf-16-le") + b"\0\0"
        return (raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, 0xffffffff, right, child) +
                b"\0" * 36 + struct.pack("<IQ", start, size))

    count = len(entries)
    directory = entry("Root Entry", 5, 0xfffffffe, 0, 0xffffffff, 1 if count else 0xffffffff)
    for i, (name, kind, start, size) in enumerate(entries):
        directory += entry(name, kind, start, size, i + 2 if i + 1 < count else 0xffffffff, 0xffffffff)
    while len(directory) % sector:
        directory += b"\0" * 64 + struct.pack("<HBBIII", 0, 0, 1, *[0xffffffff] * 3) + b"\0" * 48
    directory_at = add(directory)
    fat_at = len(fat)
    fat.append(0xfffffffd)
    assert len(fat) <= 128
    table = struct.pack("<128I", *(fat + [0xffffffff] * (128 - len(fat))))
    head = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3e, 3, 0xfffe, 9, 6) +
            b"\0" * 6 + struct.pack("<IIIIIIIII", 0, 1, directory_at, 0, 4096, 0xfffffffe, 0, 0xfffffffe, 0) +
            struct.pack("<109I", fat_at, *[0xffffffff] * 108))
    return head + data + table


def properties(title):
    value = title.encode() + b"\0"
    section = struct.pack("<IIII", 0, 1, 2, 16) + struct.pack("<II", 0x1e, len(value)) + value
    section = struct.pack("<I", len(section)) + section[4:]
    return struct.pack("<HHI16sI", 0xfffe, 0, 2, b"\0" * 16, 1) + b"\0" * 16 + struct.pack("<I", 48) + section


def doc(text="body-word\rnote-word\r", narrow="narrow-word\r", flags=0x0200):
    wide = text.encode("utf-16-le")
    body = bytearray(1536)
    struct.pack_into("<HH", body, 0, 0xa5ec, 0xc1)
    struct.pack_into("<H", body, 0x0a, flags)
    wide_at = len(body)
    body += wide
    narrow_at = len(body)
    body += narrow.encode("cp1252")
    pieces = struct.pack("<III", 0, len(text), len(text) + len(narrow))
    pieces += struct.pack("<HIH", 0, wide_at, 0) + struct.pack("<HIH", 0, 2 * narrow_at | 0x40000000, 0)
    clx = b"\1" + struct.pack("<H", 4) + b"\0" * 4 + b"\2" + struct.pack("<I", len(pieces)) + pieces
    struct.pack_into("<II", body, 0x01a2, 0, len(clx))
    return cfb({"WordDocument": bytes(body), "1Table": clx, "\5SummaryInformation": properties("title-word")})


DOC_WORDS = ["body-word\nnote-word", "narrow-word", "title-word"]


def biff(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def xls(password=False):
    def string(text):
        return struct.pack("<HB", len(text), 0) + text.encode("cp1252")

    # The second string is cut in two and goes on in UTF-16.
    sst = struct.pack("<II", 2, 2) + string("shared-word") + struct.pack("<HB", 9, 0) + b"cont"
    book = biff(0x809, struct.pack("<HH", 0x600, 5) + b"\0" * 12)
    if password:
        book += biff(0x2f, b"\1\0" + b"\0" * 52)
    book += biff(0x85, struct.pack("<IBBBB", 0, 1, 0, 10, 0) + b"sheet-word")
    book += biff(0xfc, sst) + biff(0x3c, b"\1" + "inued".encode("utf-16-le")) + biff(0x0a, b"")
    book += biff(0x809, struct.pack("<HH", 0x600, 0x10) + b"\0" * 12)
    book += biff(0xfd, struct.pack("<HHHI", 0, 0, 0, 0)) + biff(0xfd, struct.pack("<HHHI", 0, 1, 0, 1))
    book += biff(0x203, struct.pack("<HHHd", 0, 2, 0, 4111111111111111.0))
    book += biff(0x27e, struct.pack("<HHHI", 1, 0, 0, (4711 << 2) | 2))
    book += biff(0x1b6, b"\0" * 10 + struct.pack("<H", 11) + b"\0" * 6) + biff(0x3c, b"\0remark-word") + biff(0x0a, b"")
    return cfb({"Workbook": book, "\5SummaryInformation": properties("title-word")})


XLS_WORDS = ["shared-word\tcontinued\t4111111111111111\n4711", "sheet-word", "remark-word", "title-word"]


def ppt():
    def record(kind, body, version=0):
        return struct.pack("<HHI", version, kind, len(body)) + body

    inner = record(4000, "wide-w\u00f6rd".encode("utf-16-le")) + record(4008, b"narrow-word")
    return cfb({"PowerPoint Document": record(1000, record(1006, inner, 0xf) + record(4026, "c-word".encode("utf-16-le")),
                                              0xf)})


PPT_WORDS = ["wide-w\u00f6rd", "narrow-word", "c-word"]


def msg():
    return cfb({
        "__substg1.0_0037001F": "subject-w\u00f6rd".encode("utf-16-le"),
        "__substg1.0_1000001F": "body-word\r\n".encode("utf-16-le"),
        "__substg1.0_10130102": b"<html><body>html-<b>word</b></body></html>",
        "__substg1.0_37010102": docx(),
        "__substg1.0_3707001F": "file-word.docx".encode("utf-16-le"),
    })


MSG_WORDS = ["subject-w\u00f6rd", "body-word", "html-word", "comment-word", "file-word.docx"]


# ---- by libarchive itself ----

def archived(members, kind, password=None):
    """7z and others that Python does not write."""
    lib = ctypes.CDLL("libarchive.so.13")
    for name in ("archive_write_new", "archive_entry_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    out = ctypes.create_string_buffer(1 << 20)
    used = ctypes.c_size_t()
    archive = ctypes.c_void_p(lib.archive_write_new())
    assert lib.archive_write_set_format_by_name(archive, kind.encode()) == 0
    if password is not None:
        assert lib.archive_write_set_options(archive, b"zip:encryption=aes256") == 0
        assert lib.archive_write_set_passphrase(archive, password.encode()) == 0
    assert lib.archive_write_open_memory(archive, out, ctypes.c_size_t(len(out)), ctypes.byref(used)) == 0
    for name, content in members.items():
        entry = ctypes.c_void_p(lib.archive_entry_new())
        lib.archive_entry_set_pathname(entry, name.encode())
        lib.archive_entry_set_size(entry, ctypes.c_int64(len(content)))
        lib.archive_entry_set_filetype(entry, 0o100000)
        assert lib.archive_write_header(archive, entry) == 0
        lib.archive_write_data(archive, content, ctypes.c_size_t(len(content)))
        lib.archive_entry_free(entry)
    assert lib.archive_write_close(archive) == 0
    lib.archive_write_free(archive)
    return out.raw[:used.value]


def locked_pdf():
    """As PDF 1.4 with a password nobody has (ISO 32000-1 §7.6.3)."""
    return pdf(PDF_LINES).replace(b"trailer\n<<", b"trailer\n<< /ID [<00112233> <00112233>] /Encrypt << /Filter /Standard "
                                  b"/V 1 /R 2 /P -4 /O <" + b"5a" * 32 + b"> /U <" + b"a5" * 32 + b"> >>")
