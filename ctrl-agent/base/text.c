// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

void text_printable(const uint8_t *bytes, size_t len, char *text, size_t room)
{
	size_t n = len < room ? len : room - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = bytes[i] < ' ' || bytes[i] > '~' ? '?' : bytes[i];
	text[n] = 0;
}
