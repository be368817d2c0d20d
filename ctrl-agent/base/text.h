/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of others, for people to read. */
#ifndef CVSWD_TEXT_H
#define CVSWD_TEXT_H

#include <stddef.h>
#include <stdint.h>

/** text_printable() - as a string; what is not printable ASCII becomes "?" */
void text_printable(const uint8_t *bytes, size_t len, char *text, size_t room);

#endif
