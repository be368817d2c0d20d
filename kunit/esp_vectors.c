// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a C header of ESP packets that libcrypto has encrypted: what
 * esp_test.c holds our own against.  Runs on the build machine.
 *
 *	RFC 4106: nonce = salt (4) | IV (8); AAD = SPI | sequence number
 *	RFC 4303, 2.4: padding 1, 2, 3... up to a multiple of four bytes
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_VECTORS	40
#define PAYLOAD_MAX	128
#define HEAD		16
#define ICV		16

static uint64_t state = 0x9e3779b97f4a7c15;

/* The same numbers with every run: xorshift64. */
static uint8_t random_byte(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 24;
}

static void randomize(uint8_t *p, int len)
{
	while (len--)
		*p++ = random_byte();
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = value >> (24 - 8 * i);
}

static void check(int ok, const char *what)
{
	if (ok == 1)
		return;
	fprintf(stderr, "esp_vectors: %s failed\n", what);
	exit(1);
}

/* @esp: header written; @plain is encrypted behind it, and the ICV put behind that */
static void seal(const uint8_t *key, int key_len, const uint8_t *salt, uint8_t *esp,
		 const uint8_t *plain, int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int out;

	memcpy(nonce, salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	check(EVP_EncryptInit_ex(ctx, key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(),
				 NULL, key, nonce), "init");
	check(EVP_EncryptUpdate(ctx, NULL, &out, esp, 8), "AAD");
	check(EVP_EncryptUpdate(ctx, esp + HEAD, &out, plain, len), "encryption");
	check(EVP_EncryptFinal_ex(ctx, esp + HEAD + len, &out), "end");
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, ICV, esp + HEAD + len), "tag");
	EVP_CIPHER_CTX_free(ctx);
}

static void print_bytes(const char *name, const uint8_t *p, int len)
{
	printf("\t\t.%s = {", name);
	for (int i = 0; i < len; i++)
		printf("%s0x%02x,", i % 16 ? " " : "\n\t\t\t", p[i]);
	printf("\n\t\t},\n");
}

/* @own_iv: the IV is no sequence number: another implementation's */
static void print_vector(uint32_t spi, int key_len, int payload_len, int own_iv)
{
	uint8_t key[32], salt[4], plain[PAYLOAD_MAX + 8], esp[HEAD + PAYLOAD_MAX + 8 + ICV];
	int pad = (4 - (payload_len + 2) % 4) % 4, len = payload_len + pad + 2;
	uint32_t seq;
	uint8_t next = random_byte() % 59;

	randomize(key, sizeof(key));
	randomize(salt, sizeof(salt));
	randomize(plain, payload_len);
	for (int i = 0; i < pad; i++)
		plain[payload_len + i] = i + 1;
	plain[payload_len + pad] = pad;
	plain[payload_len + pad + 1] = next;
	randomize(esp, HEAD);
	seq = 1 + random_byte() + ((uint32_t)random_byte() << 24);
	put32(esp, spi);
	put32(esp + 4, seq);
	if (!own_iv) {
		put32(esp + 8, 0);
		put32(esp + 12, seq);
	}
	seal(key, key_len, salt, esp, plain, len);

	printf("\t{\n\t\t.spi = 0x%08x, .seq = 0x%08x, .own_iv = %d,\n", spi, seq, own_iv);
	printf("\t\t.next_header = %d, .key_len = %d, .payload_len = %d, .esp_len = %d,\n",
	       next, key_len, payload_len, HEAD + len + ICV);
	print_bytes("key", key, key_len);
	print_bytes("salt", salt, sizeof(salt));
	print_bytes("payload", plain, payload_len);
	print_bytes("esp", esp, HEAD + len + ICV);
	printf("\t},\n");
}

int main(void)
{
	printf("/* Made by kunit/esp_vectors.c. */\n"
	       "static const struct esp_vector {\n"
	       "\tu32 spi, seq;\n"
	       "\tu8 own_iv, next_header, key_len, payload_len, esp_len;\n"
	       "\tu8 key[32], salt[4], payload[%d], esp[%d];\n"
	       "} esp_vectors[] = {\n", PAYLOAD_MAX, HEAD + PAYLOAD_MAX + 8 + ICV);
	for (int i = 0; i < N_VECTORS; i++)
		print_vector(0xc0000100 + i, i % 2 ? 32 : 16, i < 36 ? i : PAYLOAD_MAX - i % 4, i % 5 == 4);
	printf("};\n");
	return 0;
}
