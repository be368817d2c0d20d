/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC's side of control protocol version 2, as the driver plays it, for
 * tests: no I/O, frames come and go through calls.
 */
#ifndef CVSW_SIMNIC_H
#define CVSW_SIMNIC_H

#include "cvsw_msg.h"
#include "cvsw_sa.h"
#include "nic/flowset.h"

/* A security association it has, or had: never installed twice, even after deletion. */
struct simnic_sa {
	struct cvsw_sa sa;
	bool deleted;
};

struct simnic {
	uint8_t mac[CVSW_ETH_ALEN];
	bool connected;
	bool published;		/* it behaves as the published driver does */
	bool registered;	/* then: a HELLO came, and no other is answered */
	struct flowset table;
	uint16_t mtu;
	uint16_t offload;
	struct simnic_sa *sas;
	size_t n_sas;
	size_t refuse_above;	/* ADDs fail while the table has this many; 0: never */
	/* What came in, by cause. */
	unsigned int n_not_ours;
	unsigned int n_malformed;
	unsigned int n_refused;
	unsigned int n_sa_refused;	/* seen before, or deleted without having been there */
	unsigned int n_useless;	/* flows that the published driver would never match */
	unsigned int n_of_type[16];
	void (*send)(void *owner, const uint8_t *frame, size_t len);
	void *owner;
};

void simnic_init(struct simnic *nic, const uint8_t mac[CVSW_ETH_ALEN],
		 void (*send)(void *owner, const uint8_t *frame, size_t len), void *owner);
void simnic_free(struct simnic *nic);

/** simnic_find_sa() - that it has now, or NULL */
const struct cvsw_sa *simnic_find_sa(const struct simnic *nic, enum cvsw_sa_direction direction,
				     uint32_t spi);

/** simnic_reset() - as a reboot does it: nothing is left */
void simnic_reset(struct simnic *nic);

/** simnic_link_up() - the driver appears: a HELLO goes out */
void simnic_link_up(struct simnic *nic);

void simnic_receive(struct simnic *nic, const uint8_t *frame, size_t len);

#endif
