"""Places in documents where nobody looks, and a value may stand all the same:
by `promptgate scan --text`, each with its word whole."""
import base64
import lzma
import subprocess
import zlib

import documents as d
from documents_odd import book, commented_zip, database, numbered_pages, pdf, run, sheet, two_pages, winmail, word
from test_extract import Extraction

VALUE = "AKIAQ3EGPJ5XKZ7WMV2T"
HEAD, TAIL = VALUE[:8], VALUE[8:]
NUMBER = "5425233430109903"


class Places(Extraction):
    def whole(self, content, value=VALUE):
        """The value, and no letter or digit that belongs to something else at either side of it."""
        self.assertRegex(self.text(content), rf"(?<![A-Za-z0-9]){value}(?![A-Za-z0-9])")

    # ---- Word ----

    def test_a_value_that_was_changed_is_told_as_it_is_and_as_it_was(self):
        deleted = "<w:del><w:r><w:delText>{}</w:delText></w:r></w:del>"
        text = self.text(word(f"<w:p>{run(HEAD)}{deleted.format('OLD')}<w:ins>{run(TAIL)}</w:ins></w:p>"))
        self.assertIn(VALUE, text)
        self.assertIn(HEAD + "OLD\n", text)
        self.whole(word(f"<w:p>{run(HEAD)}{deleted.format(TAIL)}<w:ins>{run('new')}</w:ins></w:p>"))

    def test_boxes_and_notes_within_a_value(self):
        box = f"<w:r><w:pict><v:textbox><w:txbxContent><w:p>{run('boxed words')}</w:p></w:txbxContent></v:textbox></w:pict></w:r>"
        content = word(f"<w:p>{run(HEAD)}{box}{run(TAIL)}</w:p>")
        self.whole(content)
        self.whole(content, "boxed words")
        self.whole(d.odf("text", f"<text:p>{HEAD}<office:annotation><text:p>remark</text:p></office:annotation>{TAIL}</text:p>"))
        self.whole(d.odf("text", f"<text:p>x<office:annotation><text:p>{VALUE}</text:p></office:annotation>y</text:p>"))

    def test_settings_and_controls_of_word(self):
        settings = lambda inner: word(**{"word/settings.xml": d.xml(f"<w:settings {d.W}>{inner}</w:settings>")})
        self.whole(settings(f"<w:docVars><w:docVar w:name='x' w:val='{VALUE}'/></w:docVars>"))
        self.assertIn("Password=hunter2!", self.text(settings(
            "<w:mailMerge><w:connectString w:val='Provider=SQLOLEDB;Password=hunter2!'/></w:mailMerge>")))
        self.whole(word(f"<w:sdt><w:sdtPr><w:alias w:val='{VALUE}'/></w:sdtPr></w:sdt>"))
        self.whole(word(f"<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText='{VALUE}'/></w:dropDownList></w:sdtPr></w:sdt>"))
        self.whole(word(f"<w:r><w:fldChar><w:ffData><w:textInput><w:default w:val='{VALUE}'/></w:textInput></w:ffData></w:fldChar></w:r>"))
        self.whole(word(f"<w:p><w:r><w:pict><v:textpath string='{VALUE}'/></w:pict></w:r></w:p>"))
        self.assertNotIn("dull-style", self.text(word("<w:p><w:pPr><w:pStyle w:val='dull-style'/></w:pPr></w:p>")))

    def test_xml_of_the_customer(self):
        self.whole(word(**{"customXml/item1.xml": d.xml(f"<a><b any='{VALUE}'/></a>")}))
        self.whole(word(f"<!-- {VALUE} -->"))

    # ---- Excel, PowerPoint, OpenDocument ----

    def test_numbers_in_full(self):
        for written in ("5.425233430109903E15", "5.425233430109903e+15", NUMBER + ".0"):
            self.whole(sheet(f"<row><c><v>{written}</v></c></row>"), NUMBER)
        for kept in ("3.14", "1.0.0", "12E", "E15", "1.5E+300"):
            self.assertIn(kept, self.text(sheet(f"<row><c t='str'><v>{kept}</v></c></row>")))
        self.whole(d.odf("spreadsheet", "<table:table><table:table-row><table:table-cell office:value='5.425233430109903E15'>"
                         "<text:p>5.43E15</text:p></table:table-cell></table:table-row></table:table>"), NUMBER)

    def test_what_no_cell_shows(self):
        self.whole(sheet(f"<row><c><f>VLOOKUP({NUMBER},A1:B2,2)</f><v>3</v></c></row>"), NUMBER)
        self.whole(sheet(rest=f"<scenarios><scenario><inputCells r='A1' val='{VALUE}'/></scenario></scenarios>"))
        self.whole(sheet(rest=f"<autoFilter><filterColumn><filters><filter val='{VALUE}'/></filters></filterColumn></autoFilter>"))
        self.whole(sheet(rest=f"<conditionalFormatting><cfRule><formula>A1=\"{VALUE}\"</formula></cfRule></conditionalFormatting>"))
        self.whole(book(**{"xl/connections.xml": d.xml(f"<connections><connection><dbPr connection='Server=db;PWD={VALUE}'/></connection></connections>")}))
        self.whole(book(**{"xl/pivotCache/pivotCacheRecords1.xml": d.xml(f"<pivotCacheRecords><r><n v='{NUMBER}'/></r></pivotCacheRecords>")}), NUMBER)

    def test_codes_of_headers(self):
        text = self.text(sheet(rest=f"<headerFooter><oddHeader>&amp;L{VALUE}&amp;C&amp;\"Arial,Bold\"&amp;12Q&amp;&amp;A&amp;KFF0000red</oddHeader></headerFooter>"))
        self.assertIn(f"{VALUE}\tQ&Ared", text)

    def test_tags_of_slides(self):
        self.whole(d.zipped({"[Content_Types].xml": "<Types/>", "ppt/tags/tag1.xml":
                             d.xml(f"<p:tagLst {d.A}><p:tag name='K' val='{VALUE}'/></p:tagLst>")}))

    # ---- PDF ----

    def test_properties_and_forms_of_a_pdf(self):
        xmp = f"<?xpacket begin=''?><x:xmpmeta><dc:description>{VALUE}</dc:description></x:xmpmeta>".encode()
        self.whole(pdf(d.pdf_stream(b"/Type /Metadata /Subtype /XML", xmp)))
        self.whole(pdf(d.pdf_stream(b"/Type /Metadata /Subtype /XML /Filter /FlateDecode", zlib.compress(xmp))))
        self.whole(pdf(d.pdf_stream(b"/Filter /FlateDecode", zlib.compress(f"<xfa:data><k>{VALUE}</k></xfa:data>".encode()))))
        self.whole(pdf(info=b"/Ticket (%s)" % VALUE.encode()))
        self.assertNotIn("D:2026", self.text(pdf(info=b"/CreationDate (D:20260101000000Z)")))

    def test_a_scanned_page_among_others(self):
        words = b"BT /F1 12 Tf 40 700 Td " + b"(A page with a good many words upon it) Tj 0 -14 Td " * 30 + b"ET"
        self.assertIn("secret plans", self.text(two_pages(words, d.picture(["some secret plans"], "jpeg"))))

    def test_behind_the_end_of_a_pdf(self):
        self.whole(pdf() + d.zipped({"a.txt": VALUE}))

    def test_a_locked_attachment_is_told(self):
        locked = pdf(d.pdf_stream(b"/Type /EmbeddedFile", b"x" * 32)).replace(
            b"trailer\n<<", b"trailer\n<< /ID [<00112233> <00112233>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" +
            b"5a" * 32 + b"> /U <" + b"a5" * 32 + b"> >>")
        self.assertIn("encrypted", self.trouble(locked))

    def test_the_word_encrypt_locks_nothing(self):
        for said in (b"(we use /Encrypt here)", b"/Encrypt"):
            self.whole(pdf(b"<< /Type /Annot /Note %s /Contents (%s) >>" % (said, VALUE.encode())))
        self.whole(pdf(b"<< /Type /Annot /Contents (%s) >>" % VALUE.encode(), info=b"/Title (a title\\nEncrypted: yes)"))

    def test_pages_that_are_nearly_empty_are_no_pictures(self):
        self.configure(pages=2)
        self.assertIsNone(self.trouble(numbered_pages(6)))
        self.assertIn("limit", self.trouble(numbered_pages(6, b"40 500 m 340 500 l 340 590 l f")))

    # ---- RTF ----

    def test_values_of_rtf_stand_apart(self):
        for inner in (r"{\*\docvar {key}{%s}}", r"{\*\userprops{\propname k}\proptype30{\staticval %s}}",
                      r"{\field{\*\fldinst FORMTEXT{\*\formfield{\ffdeftext %s}}}}", r"{\*\unknown %s}more"):
            self.whole(("{\\rtf1 words" + inner % VALUE + "}").encode())
        self.whole(("{\\rtf1 %s{\\*\\bkmkstart mark}{\\*\\annotation a note}%s\\par}" % (HEAD, TAIL)).encode())

    # ---- mail ----

    def test_charsets_of_mail(self):
        for charset in ("cp500", "utf-16le", "utf-7", "gb18030"):
            body = base64.encodebytes(("key " + VALUE + "\n").encode(charset))
            self.whole(b"From: a@example.com\nSubject: x\nContent-Type: text/plain; charset=" + charset.encode() +
                       b"\nContent-Transfer-Encoding: base64\n\n" + body)

    def test_winmail(self):
        content = winmail(VALUE)
        self.whole(content)
        self.expect(content, ["subject-word", "body-word", "name-word.docx"] + d.DOCX_WORDS)
        self.assertIn("damaged", self.trouble(content[:-200]))

    # ---- containers ----

    def test_lzma_and_compress(self):
        self.whole(lzma.compress(VALUE.encode(), lzma.FORMAT_ALONE))
        self.whole(lzma.compress(b"words " * 1000 + VALUE.encode(), lzma.FORMAT_ALONE))

    def test_corners_of_zips(self):
        self.whole(commented_zip(VALUE))
        hidden, shown = d.zipped({"a.txt": VALUE}), d.zipped({"b.txt": "nothing"})
        self.whole(hidden + shown)
        self.whole(hidden[:hidden.index(b"PK\1\2")] + shown)

    def test_databases(self):
        rows = [("left", NUMBER), (int(NUMBER), VALUE), (b"%PDF", -5), ("x" * 9000 + " " + VALUE[::-1], 1.5)]
        for encoding in ("UTF-8", "UTF-16le", "UTF-16be"):
            text = self.text(database(encoding, rows))
            for line in (f"left\t{NUMBER}", f"{NUMBER}\t{VALUE}", "\t-5", f" {VALUE[::-1]}\t1.5"):
                self.assertIn(line, text, encoding)
        self.assertIn("damaged", self.trouble(database("UTF-8", rows)[:400]))

    # ---- HTML, pictures ----

    def test_attributes_of_any_name(self):
        content = d.zipped({"a.html": f"<html><body><my-app api-key='{VALUE}' class='dull-class'></my-app></body></html>"})
        self.whole(content)
        self.assertNotIn("dull-class", self.text(content))

    def test_pages_that_were_turned(self):
        lines = ["The first of some lines", "with words enough in them", "to see which way is up", "secret plans for all",
                 "of the year that comes", "and those that follow it", "in their ordinary order", "to the end of the page"]
        for angle in (90, 180, 270):
            turned = d.pdf(lines).replace(b"/MediaBox", b"/Rotate %d /MediaBox" % angle)
            done = subprocess.run(["pdftoppm", "-r", "110", "-png", "-"], input=turned, stdout=subprocess.PIPE, check=True)
            self.assertIn("secret plans", self.text(done.stdout), angle)
