/* Text out of pictures, by tesseract. */
#ifndef EXTRACT_OCR_H
#define EXTRACT_OCR_H

#include "extract/job.h"

/* image: PNG, JPEG, GIF, WebP, TIFF, BMP or PNM. */
void ocr_read(struct job *job, struct str image);

#endif
