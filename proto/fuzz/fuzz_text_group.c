// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A group's text: an error has its place; a group is written, read and encoded as the same. */
#include "../cvsw_group_mod.h"
#include "../cvsw_text.h"
#include "fuzz.h"

static void check_group(const struct cvsw_group *group)
{
	static uint8_t out[CVSW_GROUP_MOD_MAX];
	static struct cvsw_group again;
	static char shown[65536];
	struct cvsw_text_error error;
	enum cvsw_group_command command;
	size_t written, used;
	unsigned int bucket;

	MUST(cvsw_group_check(group, &bucket) == CVSW_OK);
	MUST(cvsw_text_format_group(group, shown, sizeof(shown)) < sizeof(shown));
	MUST(cvsw_text_parse_group(shown, &again, NULL, &error));
	MUST(cvsw_group_equal(&again, group));
	written = cvsw_group_mod_encode(CVSW_GROUP_ADD, group, out, sizeof(out));
	MUST(written);
	MUST(!cvsw_group_mod_decode(out, written, &used, &command, &again, NULL));
	MUST(used == written && cvsw_group_equal(&again, group));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cvsw_group group;
	char *text = malloc(len + 1);
	struct cvsw_text_error error;

	MUST(text);
	memcpy(text, data, len);
	text[len] = '\0';
	if (cvsw_text_parse_group(text, &group, NULL, &error))
		check_group(&group);
	else
		MUST(error.column >= 1 && error.column <= strlen(text) + 1 && error.message[0] &&
		     strnlen(error.message, sizeof(error.message)) < sizeof(error.message));
	free(text);
	return 0;
}
