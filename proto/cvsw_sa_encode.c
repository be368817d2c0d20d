// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The controller's half of cvsw_sa.c, which has the diagram. */
#include "cvsw_sa.h"

#include "cvsw_cursor.h"

size_t cvsw_sa_encode(const struct cvsw_sa *sa, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_u8(&w, sa->direction);
	cvsw_put_u8(&w, sa->key_len);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, sa->spi);
	cvsw_put_u16(&w, sa->udp_src);
	cvsw_put_u16(&w, sa->udp_dst);
	cvsw_put_bytes(&w, sa->salt, sizeof(sa->salt));
	cvsw_put_bytes(&w, sa->key, sa->key_len);
	return cvsw_written(&w);
}
