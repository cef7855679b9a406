/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_record.c - any bytes as the binary XML of one record of an otherwise sound chunk. */
#include "splice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gen_log *g = splice_begin();
    if (!g)
        return 0;
    gen_add_raw(g, (st_str){ (const char *)data, size });
    splice_end(g);
    return 0;
}
