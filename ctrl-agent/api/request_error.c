// SPDX-License-Identifier: GPL-2.0-or-later
#include "request_error.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *help;
} codes[] = {
#define REQUEST_CODE_ROW(name, code, help) [REQUEST_##name] = { code, help },
	REQUEST_CODES(REQUEST_CODE_ROW)
};

const char *request_code_name(enum request_code code)
{
	return codes[code].name;
}

const char *request_code_help(enum request_code code)
{
	return codes[code].help;
}

void request_wrong_v(struct request_error *error, enum request_code code, const char *format,
		     va_list args)
{
	error->code = code;
	vsnprintf(error->text, sizeof(error->text), format, args);
}

bool request_wrong(struct request_error *error, enum request_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request_wrong_v(error, code, format, args);
	va_end(args);
	return false;
}

/* Bytes of the character that begins here, from its first byte; RFC 3629, 3. */
static size_t character_len(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
	       first < 0xf5 ? 4 : 0;
}

json_t *request_text_json(const char *text)
{
	char whole[REQUEST_ERROR_TEXT];
	json_t *json = json_string(text);
	size_t at = 0;

	if (json)
		return json;
	while (*text && at + 4 < sizeof(whole)) {
		size_t len = character_len(*text), have = strnlen(text, len);

		json = len && have == len ? json_stringn(text, len) : NULL;
		if (json) {
			memcpy(whole + at, text, len);
			at += len;
		}
		text += json ? len : 1;
		json_decref(json);
	}
	return json_stringn(whole, at);
}

json_t *request_error_json(const struct request_error *error)
{
	return json_pack("{s:b, s:s, s:o}", "ok", 0, "code", codes[error->code].name,
			 "error", request_text_json(error->text));
}

json_t *request_warning_json(const struct request_error *error)
{
	return json_pack("{s:s, s:o}", "code", codes[error->code].name,
			 "error", request_text_json(error->text));
}
