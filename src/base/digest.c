/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.c - SHA-256, SHA-1 and MD5, by OpenSSL; on Windows os/windows/digest.c.
 *
 * OpenSSL's own functions of each digest, not those that ask its providers who has the algorithm:
 * these make all tables of OpenSSL ready before the first digest and take them down at the end of
 * the program, which is more work than what is hashed here; read the system's configuration, which
 * may load modules; and where that forbids SHA-1 or MD5 for signatures, they would be missing for
 * fingerprints of evidence, too. OpenSSL 3 calls them deprecated and has them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* NOLINT(readability-identifier-naming): OpenSSL's name */
#include "shelltree/base.h"

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>

void st_sha256(const void *p, size_t n, unsigned char out[32])
{
    SHA256_CTX c;
    SHA256_Init(&c);
    SHA256_Update(&c, p, n);
    SHA256_Final(out, &c);
}

void st_sha1(const void *p, size_t n, unsigned char out[20])
{
    SHA_CTX c;
    SHA1_Init(&c);
    SHA1_Update(&c, p, n);
    SHA1_Final(out, &c);
}

void st_md5(const void *p, size_t n, unsigned char out[16])
{
    MD5_CTX c;
    MD5_Init(&c);
    MD5_Update(&c, p, n);
    MD5_Final(out, &c);
}

/* Nothing has to be looked up; Windows' own library has something to. */
struct st_digester {
    bool ready;
};

st_digester *st_digester_new(void)
{
    st_digester *d = malloc(sizeof *d);
    if (d)
        d->ready = true;
    return d;
}

void st_digester_sha256(const st_digester *d, const void *p, size_t n, unsigned char out[32])
{
    (void)d;
    st_sha256(p, n, out);
}

void st_digester_free(st_digester *d)
{
    free(d);
}

struct st_sha256_stream {
    SHA256_CTX c;
};

st_sha256_stream *st_sha256_new(void)
{
    st_sha256_stream *s = malloc(sizeof *s);
    if (s)
        SHA256_Init(&s->c);
    return s;
}

void st_sha256_add(st_sha256_stream *s, const void *p, size_t n)
{
    SHA256_Update(&s->c, p, n);
}

void st_sha256_end(st_sha256_stream *s, unsigned char out[32])
{
    SHA256_Final(out, &s->c);
    free(s);
}
