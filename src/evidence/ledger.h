/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - what the files of src/evidence share. Private to them.
 *
 * The ledger is a growing array of items, one for each thing met. Sealing sorts
 * it, drops second names of one file, and looks at first bytes.
 */
#ifndef ST_EVIDENCE_LEDGER_H
#define ST_EVIDENCE_LEDGER_H

#include "shelltree/evidence.h"
#include "spool.h"
#include "unpack.h"
#include "base/limits.h"

#include <sys/stat.h>
#include <sys/types.h>

typedef struct st_item {
    st_source source;
    dev_t dev;
    ino_t ino;
    uint64_t hash[2]; /* of its first and last bytes */
    size_t seq;       /* order of arrival, so that sorting is total */
    st_format format; /* an archive that can be opened */
    unsigned depth;   /* archives that it is in */
    bool identified;  /* dev and ino are known */
    bool regular;     /* a file whose first bytes are to be looked at */
    bool filtered;    /* compressed as a whole */
    bool hashed;
} st_item;

typedef struct st_root {
    dev_t dev;
    ino_t ino;
} st_root;

struct st_evidence {
    st_arena arena; /* names and reasons */
    st_item *items;
    size_t n, cap;
    st_report none; /* of all sources that nobody reads */
    st_root *roots;
    size_t nroots, roots_cap;
    char *input; /* standard input */
    bool input_used;
    bool sealed;
    bool unfiltered;
    st_source **others;   /* st_evidence_again made it: of n sources those that can be read are its
                             items, the rest is another's, and so are all bytes; else NULL */
    uint64_t part, parts; /* parts 0: all */
    const char *failure;  /* NULL: none */
    struct st_stored **stored; /* of case databases; they lie in the arena */
    size_t nstored, stored_cap;
    size_t opened; /* case databases that became their sources */
    st_intake how;
    st_spool_room room;
    st_spool **spools; /* one a thread that opened archives */
    size_t nspools;
};

/* Appends an item of that name; NULL when memory or the bound on sources is spent. */
st_item *st_ledger_put(st_evidence *e, st_str name, const struct stat *sb, st_err *err);
/* Gives it a report of its own, unless it has one. False: no memory. */
bool st_ledger_account(st_evidence *e, st_source *s);
void st_ledger_unreadable(st_evidence *e, st_item *it, int errnum);
/* Lists whatever path is: a file, a folder and all below it, a special file. */
st_code st_walk(st_evidence *e, st_str path, st_err *err);
/* When it was last written to, in ns since 1970. */
static inline int64_t st_modified(const struct stat *sb)
{
    return (int64_t)((uint64_t)sb->st_mtim.tv_sec * 1000000000u + (uint64_t)sb->st_mtim.tv_nsec);
}
/* The name of what Velociraptor collected, for people; empty: it is the name as it is. */
st_str st_shown_name(st_evidence *e, st_str name);
/* What is behind an inode that is neither file nor folder. */
const char *st_special_kind(mode_t mode);

/* Opens for reading without leaving a trace where that is allowed; works for paths
 * longer than PATH_MAX. -1 and errno on failure. */
int st_open_quietly(const char *path, int flags);

/* Opens a source whose bytes are a file's or lie in memory; st_file_open also one whose bytes are
 * in a case database. */
st_code st_file_open_plain(const st_source *s, st_file **out, st_err *err);
/* A file of these bytes, which are its own from now on. */
st_code st_file_hold(st_buf *own, st_file **out, st_err *err);

typedef struct st_kind {
    const char *name;
    const char *todo; /* it may hold events and isn't opened: what to do; else NULL */
    bool evtx;
    bool empty;         /* no byte in it */
    bool zeros;         /* bytes, and all zero */
    bool carvable;      /* raw bytes that may hold chunks */
    bool guessed;       /* no first bytes tell what it is: more of them may */
    bool goes_on;       /* a text without events so far that may have some further on */
    st_format format;   /* an archive that can be opened; else ST_F_NONE */
    st_carrier carrier; /* events in text */
} st_kind;

/* Looks at the first bytes of an open source. */
st_code st_sniff(st_file *f, st_kind *out, st_err *err);

/* Is it events, or a tool's results? UTF-8, or UTF-16 without its zeros: the first 64 KiB of a
 * text, and a part of it, which is those or later ones. Results are told by the beginning alone. */
bool st_tell_carrier(st_str head, st_str part, st_kind *out);
/* Is it a text of which events may be a part, though its beginning has none: lines of a log, JSON,
 * XML? */
bool st_may_go_on(st_str head);
/* Ends the file with a zip's directory? Programs that unpack themselves do; a zip that doesn't is
 * cut off. */
bool st_zip_ends(st_file *f);
/* Has an ISO image a second file system beside it, UDF, that isn't read? */
bool st_iso_has_udf(st_file *f);
/* What a zip holds and its directory doesn't tell of: members that it leaves out, or calls folders
 * or links. In words (static storage); NULL: nothing. */
const char *st_zip_hides(st_file *f);
/* The kind decides the status; only what is to be read stays ST_S_OK. */
st_code st_apply_kind(st_evidence *e, st_source *s, const st_kind *k, bool carve, st_err *err);
/* Opens archives, and archives in them; what is in them is put behind the other items. */
st_code st_expand(st_evidence *e, bool carve, st_err *err);
/* Case databases become the sources that they hold; the list is sorted by name behind it. */
st_code st_expand_stored(st_evidence *e, bool duplicates, st_err *err);
/* Logs whose bytes are those of another become ST_S_DUPLICATE: one log is read once. */
st_code st_drop_copies(st_evidence *e, st_err *err);
/* Puts the holes back into a file that was collected without them. */
st_code st_fill_holes(st_evidence *e, st_item *file, st_item *index, st_err *err);
/* Is that the name of the index of a sparsely collected file? */
bool st_is_sparse_index(st_str name);

/* Everything that descriptor fd gives, at most max bytes. *too_long: there was more. */
st_code st_slurp(int fd, size_t max, char **out, size_t *n, bool *too_long, int *errnum);

#endif
