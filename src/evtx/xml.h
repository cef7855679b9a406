/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.h - one event's XML text into a record. Private to src/evtx and src/carriers.
 *
 * Ownership  what a record is given lives until the next st_xml_read of the same state.
 */
#ifndef ST_EVTX_XML_H
#define ST_EVTX_XML_H

#include "shelltree/evtx.h"

typedef struct st_xml st_xml;

st_xml *st_xml_new(void); /* NULL: no memory */
void st_xml_free(st_xml *x);
/* Adds shift to every character beyond U+FFFF that is read from now on. */
void st_xml_shift(st_xml *x, uint32_t shift);
/* What is read from now on is in the form of xml_put.c, not of libevtx: its escapes are undone, and
 * values are taken as they stand. */
void st_xml_own(st_xml *x);
/* What is read from now on is libevtx's, and fields keep its spelling of values, which a text in it
 * can't be told from: whoever knows their types compares. Else numbers and times that look like
 * libevtx's come as the native reader has them. */
void st_xml_spelled(st_xml *x, bool as_it_is);
/* Parses one <Event>. ST_E_EVIDENCE: it is no event (a DOCTYPE, not well-formed ...).
 * *lossy grows by the characters that had to be replaced. */
st_code st_xml_read(st_xml *x, const char *text, size_t n, uint64_t *lossy);
/* Is every name of an element or attribute, but xmlns, one that ok knows? */
bool st_xml_names(const st_xml *x, bool (*ok)(const void *ctx, st_str name), const void *ctx);
/* Fills the System part of r. */
st_code st_xml_system(st_xml *x, st_record *r);
/* Fills fields, nfields and user_data of r. name_id may be NULL. */
st_code st_xml_fields(st_xml *x, uint16_t (*name_id)(st_str name), st_record *r);

/* Appends what the last st_xml_read took in, on one line, in the form of xml_put.c. */
void st_xml_render(st_xml *x, st_buf *out);

/* writing (xml_put.c) */

/* A name of an element, attribute or processing instruction; never empty. */
void st_xml_put_name(st_buf *out, st_str s);
/* The data of a processing instruction. */
void st_xml_put_data(st_buf *out, st_str s);
/* Appends s with the escapes of all these undone. */
void st_xml_put_undone(st_buf *out, st_str s);

#endif
