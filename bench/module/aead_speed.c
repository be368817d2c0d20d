// SPDX-License-Identifier: GPL-2.0
/*
 * How long the crypto API takes for a frame's worth of RFC 4106, in one linear
 * buffer, in place: what no ESP can be faster than.
 *
 *	/sys/kernel/debug/cvsw_bench/aead_speed		each read measures anew:
 *		driver NAME
 *		bytes N			of plaintext in a frame
 *		encrypt NS CPU_NS	a frame
 *		both NS CPU_NS		a frame, encrypted and decrypted
 */
#include <crypto/aead.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "bench.h"
#include "host_cpu.h"

#define AEAD_NAME	"rfc4106(gcm(aes))"
#define AAD_LEN		16	/* SPI, sequence number, IV */
#define IV_LEN		8
#define ICV_LEN		16
#define KEY_LEN		(16 + 4)
#define BATCH		64	/* frames with bottom halves off, as a driver has them */
#define DURATION_NS	(100 * NSEC_PER_MSEC)

static unsigned int size = 1448;
module_param(size, uint, 0644);
MODULE_PARM_DESC(size, "bytes of plaintext in a frame");

struct aead_loop {
	struct aead_request *req;
	struct crypto_wait wait;
	struct scatterlist sg;
	unsigned int len;
	u8 iv[IV_LEN];
};

static int aead_encrypt(struct aead_loop *loop)
{
	aead_request_set_crypt(loop->req, &loop->sg, &loop->sg, loop->len, loop->iv);
	return crypto_aead_encrypt(loop->req);
}

static int aead_decrypt(struct aead_loop *loop)
{
	aead_request_set_crypt(loop->req, &loop->sg, &loop->sg, loop->len + ICV_LEN, loop->iv);
	return crypto_aead_decrypt(loop->req);
}

struct spent {
	u64 ns;
	u64 cpu_ns;
};

/* A frame's time.  Asynchronous completion would not be a loop's speed: an error. */
static int aead_time(struct aead_loop *loop, bool both, struct spent *spent)
{
	u64 cpu = cvsw_host_cpu_ns(), start = ktime_get_ns(), now = start, frames = 0;
	unsigned int i;
	int err = 0;

	while (now - start < DURATION_NS) {
		local_bh_disable();
		for (i = 0; i < BATCH && !err; i++) {
			err = aead_encrypt(loop);
			if (both && !err)
				err = aead_decrypt(loop);
		}
		local_bh_enable();
		if (err)
			return err == -EINPROGRESS || err == -EBUSY ?
			       crypto_wait_req(err, &loop->wait) ?: -EOPNOTSUPP : err;
		frames += BATCH;
		now = ktime_get_ns();
		cond_resched();
	}
	spent->ns = div64_u64(now - start, frames);
	spent->cpu_ns = div64_u64(cvsw_host_cpu_ns() - cpu, frames);
	return 0;
}

static int aead_measure(struct seq_file *seq, struct crypto_aead *aead, struct aead_loop *loop)
{
	static const u8 key[KEY_LEN] = { 1, 2, 3 };
	struct spent encrypt, both;
	u8 *frame;
	int err;

	err = crypto_aead_setkey(aead, key, sizeof(key)) ?: crypto_aead_setauthsize(aead, ICV_LEN);
	if (err)
		return err;
	frame = kzalloc(AAD_LEN + loop->len + ICV_LEN, GFP_KERNEL);
	loop->req = aead_request_alloc(aead, GFP_KERNEL);
	if (!frame || !loop->req) {
		err = -ENOMEM;
		goto out;
	}
	sg_init_one(&loop->sg, frame, AAD_LEN + loop->len + ICV_LEN);
	crypto_init_wait(&loop->wait);
	aead_request_set_callback(loop->req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done,
				  &loop->wait);
	aead_request_set_ad(loop->req, AAD_LEN);

	err = aead_time(loop, false, &encrypt) ?: aead_time(loop, true, &both);
	if (!err)
		seq_printf(seq, "driver %s\nbytes %u\nencrypt %llu %llu\nboth %llu %llu\n",
			   crypto_tfm_alg_driver_name(crypto_aead_tfm(aead)), loop->len,
			   encrypt.ns, encrypt.cpu_ns, both.ns, both.cpu_ns);
out:
	aead_request_free(loop->req);
	kfree(frame);
	return err;
}

static int aead_speed_show(struct seq_file *seq, void *v)
{
	struct aead_loop *loop = kzalloc(sizeof(*loop), GFP_KERNEL);
	struct crypto_aead *aead;
	int err;

	if (!loop)
		return -ENOMEM;
	loop->len = clamp(READ_ONCE(size), 1U, 65536U);
	aead = crypto_alloc_aead(AEAD_NAME, 0, 0);
	if (IS_ERR(aead)) {
		err = PTR_ERR(aead);
	} else {
		err = aead_measure(seq, aead, loop);
		crypto_free_aead(aead);
	}
	kfree(loop);
	return err;
}

static int aead_speed_open(struct inode *inode, struct file *file)
{
	return single_open(file, aead_speed_show, NULL);
}

const struct file_operations bench_aead_speed_fops = {
	.owner = THIS_MODULE,
	.open = aead_speed_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
