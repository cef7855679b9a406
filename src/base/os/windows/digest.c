/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256, SHA-1 and MD5 by Windows' own library (CNG). */
#include "room.h"

#include "shelltree/base.h"

#include <bcrypt.h>

struct st_sha256_stream {
    BCRYPT_ALG_HANDLE how;
    BCRYPT_HASH_HANDLE state;
};

struct st_digester {
    BCRYPT_ALG_HANDLE sha256; /* NULL: it couldn't be opened */
};

st_digester *st_digester_new(void)
{
    st_digester *d = calloc(1, sizeof *d);
    if (d && BCryptOpenAlgorithmProvider(&d->sha256, BCRYPT_SHA256_ALGORITHM, NULL, 0) != 0)
        d->sha256 = NULL;
    return d;
}

void st_digester_free(st_digester *d)
{
    if (d && d->sha256)
        BCryptCloseAlgorithmProvider(d->sha256, 0);
    free(d);
}

static bool begin(st_sha256_stream *s, const wchar_t *name)
{
    *s = (st_sha256_stream){ 0 };
    return BCryptOpenAlgorithmProvider(&s->how, name, NULL, 0) == 0 &&
           BCryptCreateHash(s->how, &s->state, NULL, 0, NULL, 0, 0) == 0;
}

static void add(st_sha256_stream *s, const void *p, size_t n)
{
    for (const unsigned char *at = p; n;) {
        ULONG k = n > 1u << 30 ? 1u << 30 : (ULONG)n;
        BCryptHashData(s->state, (PUCHAR)(uintptr_t)at, k, 0);
        at += k;
        n -= k;
    }
}

static void end(st_sha256_stream *s, unsigned char *out, size_t n)
{
    memset(out, 0, n);
    if (s->state) {
        BCryptFinishHash(s->state, out, (ULONG)n, 0);
        BCryptDestroyHash(s->state);
    }
    if (s->how)
        BCryptCloseAlgorithmProvider(s->how, 0);
}

static void once(const wchar_t *name, const void *p, size_t n, unsigned char *out, size_t size)
{
    st_sha256_stream s;
    if (begin(&s, name))
        add(&s, p, n);
    end(&s, out, size);
}

void st_sha256(const void *p, size_t n, unsigned char out[32])
{
    once(BCRYPT_SHA256_ALGORITHM, p, n, out, 32);
}

void st_digester_sha256(const st_digester *d, const void *p, size_t n, unsigned char out[32])
{
    st_sha256_stream s = { 0 };
    if (!d || !d->sha256) {
        st_sha256(p, n, out);
        return;
    }
    if (BCryptCreateHash(d->sha256, &s.state, NULL, 0, NULL, 0, 0) == 0)
        add(&s, p, n);
    end(&s, out, 32);
}

void st_sha1(const void *p, size_t n, unsigned char out[20])
{
    once(BCRYPT_SHA1_ALGORITHM, p, n, out, 20);
}

void st_md5(const void *p, size_t n, unsigned char out[16])
{
    once(BCRYPT_MD5_ALGORITHM, p, n, out, 16);
}

st_sha256_stream *st_sha256_new(void)
{
    st_sha256_stream *s = malloc(sizeof *s);
    if (s && !begin(s, BCRYPT_SHA256_ALGORITHM)) {
        unsigned char none[32];
        end(s, none, sizeof none);
        free(s);
        return NULL;
    }
    return s;
}

void st_sha256_add(st_sha256_stream *s, const void *p, size_t n)
{
    add(s, p, n);
}

void st_sha256_end(st_sha256_stream *s, unsigned char out[32])
{
    end(s, out, 32);
    free(s);
}
