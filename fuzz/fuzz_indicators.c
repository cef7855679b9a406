/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_indicators.c - any bytes as a list of indicators. Asserts that the rules made of it are
 * sound, whatever it holds. */
#include "shelltree/rules.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    st_indicators told;
    st_err e = { 0 };
    st_rules *r = st_rules_new();
    st_str text = { (const char *)data, size };
    if (r && st_indicators_add(r, text, &told, &e) == ST_OK)
        for (size_t i = 0; i < st_rules_count(r); i++)
            if (st_rules_at(r, i)->status != ST_RULE_READY)
                abort();
    st_rules_free(r);
    return 0;
}
