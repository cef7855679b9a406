/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* decoded.h - what command lines say in base64. */
#ifndef ST_BASE_DECODED_H
#define ST_BASE_DECODED_H

#include "shelltree/base.h"

/* The bytes that base64 (RFC 4648, section 4) says, behind what `out` holds. Padding may be left
 * out. False: another character, or a length that none has; what was decoded before it stays in
 * `out`. */
bool st_base64_decode(st_str s, st_buf *out);

/* What an encoded PowerShell command, or base64 that a command line decodes, says: text, never run,
 * shortened (limits.h) with a count. Nothing if there is none. */
void st_decoded_put(st_str command_line, st_buf *out);

#endif
