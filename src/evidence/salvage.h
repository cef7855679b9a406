/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * salvage.h - the last bytes in front of a break. Private to src/evidence.
 *
 * libarchive gives bytes by the quarter of a megabyte; where a member breaks, what it has unpacked
 * up to there and not given yet is gone, and with it all of a small log. For deflate, which nearly
 * all archives have, it is unpacked once more with zlib, up to the last byte.
 */
#ifndef ST_EVIDENCE_SALVAGE_H
#define ST_EVIDENCE_SALVAGE_H

#include "unpack.h"

typedef enum st_deflated { ST_DEFLATE_RAW, ST_DEFLATE_GZIP } st_deflated;

/* Unpacks what begins at `at` of the archive, and gives what lies behind the first *end bytes of
 * it; *end is moved. True: it ended as it should. */
bool st_salvage(const st_unpack_io *io, st_deflated how, uint64_t at, uint64_t *end);

#endif
