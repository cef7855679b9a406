/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a few processes on two hosts, and other events, for rules and queries to run over. */
#ifndef ST_FUZZ_WORLD_H
#define ST_FUZZ_WORLD_H

#include "shelltree/rules.h"

/* NULL: no memory. Freed with st_store_free. */
st_store *st_fuzz_store(void);

#endif
