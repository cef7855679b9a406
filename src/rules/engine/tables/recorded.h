/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorded.h - the fields of a record as it has them, by the names that it has for them.
 *
 * Device tables say what Defender would; here nothing is cleaned: '-' stays '-', doubled percent
 * signs stay doubled, a number, a GUID or a time is the text that the record's XML shows. A field
 * that the record lacks is null. Names are compared without regard to case.
 *
 * Beside Sysmon's own fields there are those of the System part (Computer, Channel, EventID,
 * Provider_Name, EventRecordID), and of the tree, for the process that the record is about or that
 * acted: see st_tree_field.
 */
#ifndef ST_RULES_ENGINE_TABLES_RECORDED_H
#define ST_RULES_ENGINE_TABLES_RECORDED_H

#include "rules/engine/run/batch.h"

/* Of process creations. false: they have no such field. */
bool st_recorded_creation(st_str name, st_getter *out);
/* Of Sysmon's other events. false: none has such a field. */
bool st_recorded_event(st_str name, st_getter *out);
/* Of records that are kept whole: any name may be one of theirs. name ends with a NUL and outlives
 * the getter. */
void st_recorded_log(const char *name, st_getter *out);
/* Is it the column of such records' event ids? */
bool st_recorded_log_is_id(const st_getter *c);
/* Of the tree; a field of several values (AncestorImage ...) is an array, or null if it has none.
 */
bool st_tree_field(st_str name, st_getter *out);
/* The columns in which a keyword is looked for: the record's own fields, Computer, Channel and
 * Provider_Name. The i-th; false past the end. Of a record that is kept whole its own fields are
 * one column, an array. */
bool st_recorded_creation_any(size_t i, st_getter *out);
bool st_recorded_event_any(size_t i, st_getter *out);
bool st_recorded_log_any(size_t i, st_getter *out);
/* Can the column, of those above, hold a text with these bytes, folded (or a pattern, see
 * match/glob.h)? A process ID never holds a word. A column that could only where its value isn't
 * what it should be becomes one of just such values. */
bool st_recorded_may_hold(st_getter *c, st_str folded);

#endif
