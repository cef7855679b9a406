/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * no_libevtx.c - a build without the second reader: none can be made. The command line refuses what
 * would need one, by st_second_reader_version.
 */
#include "evtx/engine.h"
#include "shelltree/verify.h"

const char *st_second_reader_version(void)
{
    return NULL;
}

st_libevtx *st_libevtx_new(void)
{
    return NULL;
}

void st_libevtx_free(st_libevtx *s)
{
    (void)s;
}

void st_libevtx_begin(st_libevtx *s)
{
    (void)s;
}

st_code st_libevtx_chunk(st_libevtx *s, const st_chunk *c, st_err *err)
{
    (void)s;
    (void)c;
    return st_fail(err, ST_E_USAGE, "this build is without libevtx");
}

st_code st_libevtx_one(st_libevtx *s, const st_chunk *c, uint32_t at, st_err *err)
{
    (void)at;
    return st_libevtx_chunk(s, c, err);
}
