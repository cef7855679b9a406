/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - paths in, sources out: what there is to read, in a fixed order,
 * and an account of what was and wasn't read.
 *
 * A source is one log. What a file is, is told by its first bytes, never by its
 * name. Directories are walked; a symbolic link is followed only when it is
 * named itself. Nothing in the evidence is ever written, renamed or executed.
 *
 * Order      sources are sorted by the bytes of their names, whatever the order
 *            of arguments or of directory entries. One file reached by two
 *            names (device and inode) is one source, under the name that sorts first.
 * Ownership  everything lives as long as the st_evidence.
 * Errors     a path that can't be read is not an error of the run: it becomes a
 *            source with a status and a reason. Only memory fails.
 * Threads    adding and sealing: one thread. After the seal the list is
 *            read-only; reading (st_file) is per thread; reports are filled by
 *            whoever holds them and merged under the scanner's order.
 */
#ifndef SHELLTREE_EVIDENCE_H
#define SHELLTREE_EVIDENCE_H

#include "shelltree/base.h"

typedef enum st_status {
    ST_S_OK,
    ST_S_EMPTY,      /* no bytes, or no event in it */
    ST_S_OTHER,      /* another kind of file: kind says which */
    ST_S_DAMAGED,    /* read in part */
    ST_S_UNREADABLE, /* not read at all: reason says why */
    ST_S_CHANGED,    /* it changed while it was read */
    ST_S_GONE,       /* named as a log and holds none (zeros, no bytes, another kind) */
    ST_S_UNOPENED,   /* it may hold events and isn't opened: reason says what to do */
    ST_S_OPENED,     /* an archive: what is in it are sources of their own */
    ST_S_DUPLICATE   /* a log whose bytes are those of another, which is read: reason names it */
} st_status;

/* A byte range that gave no record, and why. */
typedef struct st_range {
    uint64_t offset, length;
    const char
        *reason; /* a stable word: "truncated", "bad-token", "no-template" ...; static storage */
} st_range;

typedef struct st_ranges {
    st_range *list; /* the first ST_MAX_RANGES of them, by offset */
    size_t n, cap, dropped;
    uint64_t bytes; /* sum of all, kept ones and others */
} st_ranges;

/* What became of one source. Counters add up: a record position found is
 * counted in exactly one of records, slack, carved, unparsable or duplicate. */
typedef struct st_report {
    uint64_t chunks, chunks_empty, chunks_bad; /* bad: header or data checksum, magic */
    uint64_t chunks_said;    /* how many the file's header counts, if it can be believed; else 0 */
    uint64_t chunks_missing; /* of those: zeroed, or behind the file's end */
    uint64_t chunks_end;     /* where the last chunk ends */
    uint64_t records;        /* live ones, read */
    uint64_t slack, carved;  /* recovered ones, read */
    uint64_t ghosts;         /* recovered ones that only repeat a live one byte for byte */
    uint64_t damaged;        /* of records+slack+carved: decoded only in part */
    uint64_t borrowed;       /* of those: read with a template from elsewhere in the source */
    uint64_t timeless;       /* whole records behind the live ones without a time: passed over */
    uint64_t unparsable;     /* record positions found that gave nothing */
    uint64_t lossy;          /* characters that had to be replaced */
    st_ranges lost;          /* bytes that should have given more */
    st_ranges left;  /* left-over records that couldn't be read, or in part: no damage, they were
                        given up */
    st_ranges zeros; /* 64 KiB slots of zeros: room that the log has reserved, as long as no
                        chunk is missing */
    bool header_bad; /* file header missing, damaged, or its checksum wrong */
    bool dirty;      /* the log was open when it was copied: not damage */
    bool truncated;
} st_report;

/* Adds a range; neighbours with one reason grow together. */
void st_report_lost(st_report *r, uint64_t offset, uint64_t length, const char *reason);
void st_report_left(st_report *r, uint64_t offset, uint64_t length, const char *reason);
void st_report_zeros(st_report *r, uint64_t offset, uint64_t length);
/* dst += src; src is emptied. Ranges are kept in the order of offsets. */
void st_report_merge(st_report *dst, st_report *src);
void st_report_free(st_report *r);

/* What events are carried in; told by bytes. */
typedef enum st_carrier {
    ST_CR_EVTX, /* an event log, or no events at all */
    ST_CR_XML,  /* <Event>s, whatever stands between them: lines of syslog, a root, nothing */
    ST_CR_JSON, /* objects, one behind the other, in lines or in arrays */
    ST_CR_CSV,
    ST_CR_ACCESS /* no events: an access log of a web server */
} st_carrier;

/* Bytes that a transport has put before an object of JSON in its line: a date and a host, a
 * separator. 0: none. */
size_t st_json_prefix(st_str line);
/* A table without the line that PowerShell writes above the names of its columns. */
st_str st_behind_type_line(st_str s);

typedef struct st_source {
    st_str name;      /* the argument as given, '/', the name below it; raw bytes; NUL-terminated */
    st_str path;      /* what open() takes; NUL-terminated; empty for standard input */
    uint64_t size;    /* bytes, when it was listed */
    int64_t modified; /* ns since 1970, when it was listed; 0: not a file on a disk */
    st_str kind;      /* "evtx", "empty", "zip archive", "text", "SQLite database", "unknown" ... */
    st_str reason;    /* for ST_S_UNREADABLE, _GONE and _UNOPENED: "Permission denied" ... */
    st_report *report; /* never NULL; of a source that nobody reads an empty one that many share */
    unsigned char sha256[32];
    const unsigned char *bytes; /* standard input, and small members of archives: `size` bytes */
    uint64_t members;           /* of an archive, folders aside */
    uint64_t at;                /* of a member that is in fd: from here on */
    st_str broken;              /* a member of which only a part came out: why; else empty */
    uint64_t bad_line; /* of a carrier: the first line that couldn't be read, from 1; 0: none */
    st_str shown;      /* its name with what a collector has escaped undone, for people; or empty */
    st_str copy_of;    /* of ST_S_DUPLICATE: the name of the log that is read; else empty */
    const struct st_stored *stored; /* it is read out of a case database; NULL: from its bytes */
    st_status status;
    st_carrier carrier;
    int fd;
    bool named;    /* named on the command line or in a list, not met while walking */
    bool digested; /* sha256 is that of its bytes */
    /* Archives and what is in them. The name of a member is its archive's, '!', and its own. */
    bool container; /* an archive that was opened; never readable itself */
    bool spooled;   /* a member: its path is empty, and its bytes are kept, or else in fd */
    bool readable;  /* since the seal: it is handed to a reader, whatever became of it then */
} st_source;

typedef struct st_evidence st_evidence;

/* How archives are read. Nothing in them is ever written to a file with a name. */
typedef struct st_intake {
    unsigned depth;               /* archives in each other that are opened; 0: none is */
    unsigned threads;             /* 0: one per processor */
    const char *tmp;              /* where temporary files go; NULL: TMPDIR, /var/tmp or /tmp */
    uint64_t tmp_size;            /* bytes that they may take in all; 0: as limits.h says */
    const char *const *passwords; /* tried in turn on what is encrypted */
    size_t npasswords;
} st_intake;

st_evidence *st_evidence_new(void);
/* The same sources, to be read once more: with empty reports of its own, so that the account of e
 * stays what it is, and e may be looked at meanwhile by other threads. Names and bytes are e's,
 * which has to live longer. NULL: no memory. */
st_evidence *st_evidence_again(const st_evidence *e);
void st_evidence_free(st_evidence *e);
/* A file, a directory, or "-" (standard input, read whole at once from descriptor 0). */
st_code st_evidence_add(st_evidence *e, st_str path, st_err *err);
/* The same, named otherwise: sources get `name` instead of the path in front of what is below it.
 */
st_code st_evidence_add_as(st_evidence *e, st_str path, st_str name, st_err *err);
/* Before the seal. Of what was added only every n-th file is taken, from the i-th (1..n) on, in the
 * order of names: n runs share out what all of them list. */
void st_evidence_part(st_evidence *e, uint64_t i, uint64_t n);
/* Before the seal: nothing of what was added is opened; all of it is unreadable, for this reason,
 * which must outlive e. */
void st_evidence_failed(st_evidence *e, const char *reason);
/* A list of paths, one a line (or NUL-terminated with nul), from a file or "-". */
st_code st_evidence_add_list(st_evidence *e, st_str file, bool nul, st_err *err);
/* Before the seal. What it points to must outlive it. Without it: three archives deep, no password.
 */
void st_evidence_intake(st_evidence *e, const st_intake *how);
/* Opens archives in child processes that can only compute; call it while no other thread of the
 * process runs. carve: files of unknown kind become sources to be carved, too.
 * duplicates: one file under two names stays two sources. */
st_code st_evidence_seal(st_evidence *e, bool carve, bool duplicates, st_err *err);
size_t st_evidence_count(const st_evidence *e);
st_source *st_evidence_at(const st_evidence *e, size_t i);
/* Was an archive read in a process whose system calls aren't filtered? */
bool st_evidence_unfiltered(const st_evidence *e);
/* Is the source to be handed to a reader? */
bool st_source_readable(const st_source *s);
/* Reads the source for its digest alone. false: it can't be read, or not as far as it was long. */
bool st_source_sha256(const st_source *s, unsigned char out[32]);
/* Is it an access log that can be read? No other reader takes it. */
bool st_source_requests(const st_source *s);
/* Anything that makes the exit status 3? Damaged, unreadable, changed, gone, not opened; other or
 * empty only when named. */
bool st_source_short(const st_source *s);
/* True when path (resolved, by device and inode up to the root) lies in one of the roots
 * that were added, or is one. For output paths. */
bool st_evidence_contains(const st_evidence *e, const char *path);
/* Where temporary files go, once it is sealed; *nameless: none may have a name there, since the
 * folder is part of the evidence. */
const char *st_evidence_tmp(const st_evidence *e, bool *nameless);

/* An open source. */
typedef struct st_file st_file;
st_code st_file_open(const st_source *s, st_file **out, st_err *err);
/* Reads n bytes at offset into buf, again after short reads; *got < n only at the end
 * of the file (or where it has shrunk). */
st_code st_file_read(st_file *f, uint64_t offset, void *buf, size_t n, size_t *got, st_err *err);
uint64_t st_file_size(const st_file *f);
/* Has it another size, or was it written to, since it was listed? */
bool st_file_changed(const st_file *f, const st_source *s);
/* Where bytes that aren't a hole begin, at or behind offset; UINT64_MAX: only holes follow. The
 * offset itself where that can't be told. */
uint64_t st_file_data(const st_file *f, uint64_t offset); /* now, by fstat */
void st_file_close(st_file *f);

#endif
