/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - what the readers ask of values beyond the door. Private to src/evtx. */
#ifndef ST_EVTX_VALUE_H
#define ST_EVTX_VALUE_H

#include "evtx/format.h"
#include "shelltree/evtx.h"

/* Takes the next item of an array value: *pos counts bytes done, 0 at the start. False at
 * the end, or where only a part of an item is left. */
bool st_value_item(const st_value *array, uint32_t *pos, st_value *out);
/* How many bytes a value of that type has; 0: any number. */
uint32_t st_value_width(unsigned type);
/* The ordinary case of st_value_u64: a number without a sign, of a width that there is. */
static inline bool st_value_unsigned(const st_value *v, uint64_t *out)
{
    const uint32_t types = UINT32_C(1) << ST_V_U8 | UINT32_C(1) << ST_V_U16 |
                           UINT32_C(1) << ST_V_U32 | UINT32_C(1) << ST_V_U64 |
                           UINT32_C(1) << ST_V_HEX32 | UINT32_C(1) << ST_V_HEX64;
    if (v->type > ST_V_HEX64 || !(types >> v->type & 1) || !v->p || !v->n || v->n > 8 ||
        (v->n & (v->n - 1)))
        return false;
    *out = st_le(v->p, v->n);
    return true;
}
/* A floating-point number of 4 or 8 bytes, little-endian, on any machine. */
double st_value_double(const unsigned char *p, size_t n);

#endif
