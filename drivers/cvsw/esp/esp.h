/* SPDX-License-Identifier: GPL-2.0 */
/* ESP (RFC 4303) with AES-GCM (RFC 4106), transport mode: two actions of the engine. */
#ifndef CVSW_ESP_H
#define CVSW_ESP_H

#include <linux/skbuff.h>

#include "engine/walk.h"
#include "table/key.h"

/*
 * The most that encryption adds to a frame: UDP 8, SPI and sequence number 8,
 * IV 8 in front; padding to four bytes 3, trailer 2, ICV 16 behind.
 */
#define CVSW_ESP_HEAD		24
#define CVSW_ESP_TAIL		21
#define CVSW_ESP_OVERHEAD	(CVSW_ESP_HEAD + CVSW_ESP_TAIL)

/**
 * cvsw_esp_encrypt() - put what an IPv4 header carries into ESP
 * @walk: the frame's way; @walk->engine is the port's
 * @skb: one frame (no list, no GSO, no CHECKSUM_PARTIAL), not shared, data at
 *	the Ethernet header; its bytes may be a clone's too.  Consumed.  What the
 *	engine encapsulated itself has CVSW_ESP_HEAD bytes of headroom and
 *	CVSW_ESP_TAIL of tailroom, others may have none
 * @spi: names the SA, for sending
 *
 * Context: as cvsw_handle_frame(), under RCU.
 * Return: the frame, or NULL: dropped and counted, or it comes back later by
 * cvsw_engine_resume() with what cvsw_walk_hold() made of @walk.
 */
struct sk_buff *cvsw_esp_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi);

/**
 * cvsw_esp_decrypt() - open the ESP that an IPv4 header carries, with the SA
 *	that its SPI names
 * @walk: as for cvsw_esp_encrypt(); @walk->sa is set to the SPI
 * @skb: as for cvsw_esp_encrypt(), but may be GSO or CHECKSUM_PARTIAL
 * @at: its layout, by cvsw_key_extract()
 *
 * Context: as cvsw_esp_encrypt().
 * Return: as cvsw_esp_encrypt(), or ERR_PTR(-ENOENT): it is others' IPsec (no SA of ours
 * has its SPI, or it has none), and @skb is left alone.
 */
struct sk_buff *cvsw_esp_decrypt(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_layout *at);

#endif
