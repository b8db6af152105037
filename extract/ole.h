/* Readers of the streams that an OLE file is made of; for ole.c. */
#ifndef EXTRACT_OLE_H
#define EXTRACT_OLE_H

#include "extract/job.h"

void read_biff(struct job *job, struct str workbook);
/* document: the stream WordDocument; table: 0Table or 1Table. */
void read_word(struct job *job, struct str document, struct str table);
/* Whether the table is 1Table; whether the document is encrypted. */
bool word_has_table_1(struct str document);
bool word_is_encrypted(struct str document);
void read_slides(struct job *job, struct str document);
/* "\005SummaryInformation" and its like ([MS-OLEPS]). */
void read_properties(struct job *job, struct str bytes);
/* The compressed RTF of Outlook ([MS-OXRTFCP]); false: damaged. */
bool rtf_decompress(struct str bytes, struct buf *out);

#endif
