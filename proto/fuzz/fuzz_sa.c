// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Data2 of a SET_SA: what is accepted encodes to the same bytes, what is refused leaves no key. */
#include "../cvsw_sa.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct cvsw_sa none;
	uint8_t out[CVSW_SA_MAX_LEN];
	size_t offset = 0;
	struct cvsw_sa sa;

	if (cvsw_sa_decode(data, len, &sa, &offset)) {
		MUST(offset <= len);
		MUST(!memcmp(&sa, &none, sizeof(sa)));
		return 0;
	}
	MUST(sa.spi >= CVSW_SA_SPI_MIN && sa.key_len <= CVSW_SA_KEY_MAX);
	MUST(cvsw_sa_encode(&sa, out, sizeof(out)) == len);
	MUST(!memcmp(out, data, len));
	return 0;
}
