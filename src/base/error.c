/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - the first cause is kept: the layer that knew most wrote it. */
#include "shelltree/base.h"

#include <stdio.h>

st_code st_fail(st_err *e, st_code code, const char *fmt, ...)
{
    if (!e)
        return code;
    if (e->code != ST_OK)
        return e->code;
    e->code = code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    return code;
}
