/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256, SHA-1 and MD5, by OpenSSL; on Windows os/windows/digest.c. */
#include "shelltree/base.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* OpenSSL without the system's configuration of it: that takes longer to read than what is hashed,
 * may load modules, and where it forbids SHA-1 or MD5 for signatures it would take them from
 * fingerprints of evidence, too. Before each first call; again it costs nothing. */
static void ready(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* OpenSSL's digests fail only where they are switched off; the zeroed result is then seen in tests.
 */
void st_sha256(const void *p, size_t n, unsigned char out[32])
{
    for (unsigned i = 0; i < 32; i++)
        out[i] = 0;
    ready();
    EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL);
}

void st_sha1(const void *p, size_t n, unsigned char out[20])
{
    for (unsigned i = 0; i < 20; i++)
        out[i] = 0;
    ready();
    EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL);
}

void st_md5(const void *p, size_t n, unsigned char out[16])
{
    for (unsigned i = 0; i < 16; i++)
        out[i] = 0;
    ready();
    EVP_Digest(p, n, out, NULL, EVP_md5(), NULL);
}

/* EVP_sha256() is only a name: each digest by it asks the providers who has the algorithm. */
struct st_digester {
    EVP_MD *sha256;
};

st_digester *st_digester_new(void)
{
    st_digester *d = malloc(sizeof *d);
    ready();
    if (d)
        d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    return d;
}

void st_digester_sha256(const st_digester *d, const void *p, size_t n, unsigned char out[32])
{
    if (!d || !d->sha256) {
        st_sha256(p, n, out);
        return;
    }
    for (unsigned i = 0; i < 32; i++)
        out[i] = 0;
    EVP_Digest(p, n, out, NULL, d->sha256, NULL);
}

void st_digester_free(st_digester *d)
{
    if (d)
        EVP_MD_free(d->sha256);
    free(d);
}

struct st_sha256_stream {
    EVP_MD_CTX *md;
};

st_sha256_stream *st_sha256_new(void)
{
    st_sha256_stream *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    ready();
    s->md = EVP_MD_CTX_new();
    if (!s->md || EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(s->md);
        free(s);
        return NULL;
    }
    return s;
}

void st_sha256_add(st_sha256_stream *s, const void *p, size_t n)
{
    EVP_DigestUpdate(s->md, p, n);
}

void st_sha256_end(st_sha256_stream *s, unsigned char out[32])
{
    for (unsigned i = 0; i < 32; i++)
        out[i] = 0;
    EVP_DigestFinal_ex(s->md, out, NULL);
    EVP_MD_CTX_free(s->md);
    free(s);
}
