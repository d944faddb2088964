/* The files of vectors/cases/ as the program carries them, for vectors.c. */
#ifndef VECTORS_FILE_H
#define VECTORS_FILE_H

#include "vectors/vectors.h"

/* The case of ROW. A file is parsed at its first use and kept until the program ends. */
SEVKIT_MUST bool vector_case_open(struct suite_ctx *ctx, const struct vector_row *row,
                                  struct vector_case *c);

/* Frees what was handed out for C. */
void vector_case_forget(struct vector_case *c);

#endif
