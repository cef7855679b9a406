/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every bound on what evidence, rules and options may ask for, with
 * its reason and what happens when it is met. The only place for such numbers.
 */
#ifndef SHELLTREE_LIMITS_H
#define SHELLTREE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* More threads than this only compete for memory bandwidth. Met: capped. */
#define ST_MAX_THREADS 256u

/* Brackets of JSON inside one another; the reader keeps a bit for each. Met: the text is no JSON; a
 * query's dynamic value stays a string. */
#define ST_MAX_JSON_DEPTH 128u
/* Bytes that the reader keeps of one string of JSON where nobody says otherwise; the longest that
 * an event can hold are 64 KiB of UTF-16. Met: the first are kept, and the rest is passed over. */
#define ST_MAX_JSON_STRING ((size_t)1 << 20)
/* Characters of one number of JSON; a double has 24 at most. Met: the text is no JSON. */
#define ST_MAX_JSON_NUMBER 1024u
/* A pattern longer than this is generated, not written; compiled size grows with it. Met: the rule
 * is broken. */
#define ST_MAX_REGEX 65536u
/* Steps of one regular expression over one text, so that no pattern and no command line
 * together can stall a run. Met: no match, and the rule's result says it stopped short. */
#define ST_MAX_REGEX_STEPS 1000000u
#define ST_MAX_REGEX_DEPTH 100000u
#define ST_MAX_REGEX_HEAP_KIB 16384u
/* Elements of AncestorFileNames: a hostile chain must not cost its square. Met: nearest ones only.
 */
#define ST_MAX_ANCESTORS 64u
/* Tables and functions of lets inside one another, all written out when bound. Met: the rule is
 * broken. */
#define ST_MAX_KQL_CALLS 64u
/* Links a Chain shows: a cell must stay readable. Met: the middle (or top) becomes "… +N …". */
#define ST_MAX_CHAIN_SHOWN 12u
/* Ancestors looked at for a Chain: a chain of a million must not cost its square. Met: the
 * links above are only counted. */
#define ST_MAX_CHAIN_WALK 256u
/* Context rows an incident may have: one noisy service must not drown the others. Met: the
 * rest is left out and counted. */
#define ST_MAX_CONTEXT_ROWS 5000u
/* UTF-16 units of a CSV cell: spreadsheets cut at 32,767 without a word. Met: cut, marked, counted.
 */
#define ST_MAX_CSV_CELL 32000u
/* Hosts, incidents and sources that a summary names one by one: it must stay a page. Met: the rest
 * is counted, and it is said where they stand. */
#define ST_MAX_ANSWER_HOSTS 20u
/* Incidents of which a summary gives techniques and facts: the gravest come first. Met: the others
 * have a line each. */
#define ST_MAX_SUMMARY_WHOLE 8u
/* Characters of a technique's comment in a layer: readers show it in a small box. Met: the rest is
 * counted. */
#define ST_MAX_LAYER_COMMENT 900u
/* Nodes of one graph file: Graphviz takes minutes for more. Met: the rest is left out, and said. */
#define ST_MAX_DOT_NODES 2000u
/* Characters of a line in a graph's label. */
#define ST_DOT_COLUMNS 60u
/* Siblings that are alike, or links of a chain, that are folded in a drawing: fewer are quicker
 * read than explained. */
#define ST_MIN_FOLD 3u
/* Links at each end of a long chain that are drawn. */
#define ST_CHAIN_END 4u
/* Levels a tree is drawn with lines for: beyond, nobody can follow them. Met: "… depth N". */
#define ST_MAX_TREE_DRAWN 256u
/* Lines a wrapped command line may take on a terminal. Met: cut with an ellipsis. */
#define ST_MAX_WRAPPED_LINES 6u
/* Fields of a record whose names are compared with each other, so that no key comes twice.
 * Met: further ones carry their place in their name. */
#define ST_MAX_DISTINCT_FIELDS 512u
/* Process creations are counted with 32 bits, and a few values at the top mean "none".
 * Met: reading stops with an error, as for memory; 4 billion rows are a terabyte. */
#define ST_MAX_ROWS UINT32_C(0xfffffff0)
/* Creations under one (host, ProcessGuid) that are compared with what a child says of its parent,
 * before and behind its start: real collisions are of two or three, hostile ones must not cost
 * their square. */
#define ST_MAX_NAMESAKES 64

/* Gaps of one host that are told one by one; what is beyond is added to the last of its kind. Real
 * logs have a few; a hostile one could make one of each two records. */
#define ST_MAX_GAPS 10000u

/* Incidents of one host, the gravest, that an event without a process is held against: a host has a
 * few. */
#define ST_MAX_INCIDENTS_ASKED 1024u

/* Other events of one incident that become rows, the earliest; the rest is counted. A busy server
 * writes some thousand files in an incident's hours; a timeline beyond that is read by nobody. */
#define ST_MAX_INCIDENT_EVENTS 20000u

/* Hosts that have the same program, address or command line; more than these say that it is
 * everybody's. Bytes that a command line needs to be taken for somebody's. Bytes of an address that
 * a command names. Met: it isn't told, or is cut. */
#define ST_MAX_SHARED_HOSTS 20u
#define ST_MIN_SHARED_COMMAND 32u
#define ST_MAX_FACT_URL 300u
/* Incidents that are told of one thing that several hosts have. Met: the others aren't told. */
#define ST_MAX_SHARED_INCIDENTS 500u
/* Commands that name another host, whose other end is looked for; and processes or events of the
 * minute that are looked at for each. Met: it is told without what began there. */
#define ST_MAX_MOVES 1000u
#define ST_MAX_ARRIVALS 20000u

/* Access logs: bytes of a line (Apache takes 8 KiB of a request's first line, IIS 16 KiB), and
 * milliseconds that a request is taken to last at most, so that one that hangs isn't taken for the
 * cause of all that begins meanwhile. Met: the line isn't read; the request lasted so long. */
#define ST_MAX_ACCESS_LINE ((size_t)1 << 16)
#define ST_MAX_REQUEST_MS UINT64_C(60000)
/* Seconds between a request and a process that it may have started. */
#define ST_REQUEST_WINDOW 5u
/* Distinct paths of a host's access logs whose requests are counted, for what share of them came
 * before processes: 16 bytes each. Met: of others only those before processes count. */
#define ST_MAX_ACCESS_PATHS ((size_t)1 << 16)
/* Bytes of a request's path with its query, and of a user agent, that a row shows. Met: cut. */
#define ST_MAX_REQUEST_PATH ((size_t)2000)
#define ST_MAX_REQUEST_AGENT ((size_t)400)
/* Requests of one hunt that become rows. Met: the rest is counted, and said. */
#define ST_MAX_REQUESTS 200000u

/* Notes of analysts in one file; a person writes some thousand in a long case. Met: an error. */
#define ST_MAX_NOTES ((size_t)100000)
/* Lists of indicators: bytes of a file, indicators in all its lines, bytes of one, and how many go
 * into one rule (a rule's text is bounded). Public feeds have some hundred thousand. Met: an error;
 * a longer indicator is passed over. */
#define ST_MAX_LIST_FILE ((size_t)64 << 20)
#define ST_MAX_INDICATORS ((size_t)500000)
#define ST_MAX_INDICATOR ((size_t)1024)
#define ST_INDICATORS_A_RULE ((size_t)20000)

/* DecodedCommand. What an encoded command says, in bytes of UTF-8 (a command line holds 24 kB of
 * it), and how often what was decoded is decoded once more: droppers nest two deep. */
#define ST_MAX_DECODED 4096
#define ST_MAX_DECODED_DEPTH 3

/* EVTX. Real maxima are those of some thousand real logs. */

/* Slots of 64 KiB in one piece of work: 4 MiB, so that one log keeps all threads busy. */
#define ST_MAX_RUN_SLOTS 64u
/* GUIDs that are told of a record nobody wants: an event has three at most, System two. Of one that
 * has more none is told, and whoever looks for its process reads it. */
#define ST_MAX_GLANCED 16u

/* Slots of one source, 2 TiB: each piece of work costs some bytes and microseconds even if it is a
 * hole, and a sparse file may claim any size. Met: the rest counts as lost, as "too-long". */
#define ST_MAX_SOURCE_SLOTS (UINT64_C(1) << 25)
/* Elements open at once; real: 7. Met: the element is skipped, the record marked. */
#define ST_MAX_DEPTH 64u
/* Streams inside values inside streams; real: 2. Met: the value is left out, the record marked. */
#define ST_MAX_NEST 8u
/* Substitutions of one instance; real: 42. Met: the rest is ignored, the record marked. */
#define ST_MAX_SUBST 1024u
/* Characters of a name; real: 34. Met: counts as damage. */
#define ST_MAX_NAME 512u
/* Fields of one record, items of arrays included. Met: the rest is left out, the record marked. */
#define ST_MAX_FIELDS 8192u
/* Templates of one chunk, compiled or only found; real: 41. Met: further ones count as missing. */
#define ST_MAX_TEMPLATES 2048u
/* Templates that a chunk may ask of the rest of its source; how many slots of a source are
 * looked through for templates, once. Met: further ones count as missing. */
#define ST_MAX_LENT 64u
#define ST_MAX_SOUGHT_SLOTS 16384u
/* Steps for one record, and for all of a chunk: a token, a field, 256 bytes of a value each
 * count one. Templates that overlap, repeat or hold each other would cost their square
 * otherwise; a real chunk takes some ten thousand. Met: the record is cut. */
#define ST_MAX_RECORD_STEPS (UINT32_C(1) << 17)
#define ST_MAX_CHUNK_STEPS (UINT64_C(1) << 19)
/* Text put together for one record from pieces. Met: the field is left empty, the record marked. */
#define ST_MAX_RECORD_TEXT (UINT32_C(1) << 20)
/* Bytes of all the values of one record's fields. A record has 64 KiB, but its template may use one
 * value a thousand times; real ones use a value once or twice. Met: the rest is left out, the
 * record marked. */
#define ST_MAX_RECORD_VALUES (UINT32_C(1) << 20)
/* Bytes of lines that a piece of work holds back until its turn to write. 4 MiB of a real log give
 * some 5. Met: it waits for its turn, and then writes as it goes. */
#define ST_MAX_HELD_TEXT ((size_t)8 << 20)
/* Names a thread remembers from chunk to chunk; forged logs could hold any number. Met: all
 * are forgotten before the next chunk. */
#define ST_MAX_NAMES 65536u
/* Templates whose plans a thread keeps for the chunks that follow, and the longest, in bytes: real
 * ones have 1 to 3 KiB, and a kept plan takes up to ten times as much. Met: a plan is made again.
 */
#define ST_MAX_KEPT_PLANS 256u
#define ST_MAX_KEPT_TEMPLATE 4096u
/* Files listed, of any kind: about 400 bytes each. Met: the run ends with an error. */
#define ST_MAX_SOURCES ((size_t)16000000)
/* Folders inside each other; no collection comes near. Met: the folder is listed as unreadable. */
#define ST_MAX_FOLDER_DEPTH 1024u
/* Standard input is kept in memory, because logs are read at offsets. Met: the source is
 * listed as unreadable, with advice. */
#define ST_MAX_STDIN ((size_t)2 << 30)
/* A list of paths. Met: an error. */
#define ST_MAX_PATH_LIST ((size_t)1 << 30)
/* Pieces of 64 KiB, holes aside, of a file that begins with zeros that are looked at to see whether
 * it is all zeros. Met: it is of unknown kind. */
#define ST_MAX_ZERO_SCAN 65536u
/* Events in text: bytes of one. Met: it is cut, or passed over, and counted as bad. */
#define ST_MAX_CARRIED_EVENT ((size_t)1 << 20)
/* Bad ones in a row, behind which a file isn't what it seemed to be. Met: the rest isn't read, and
 * the file is said to be damaged. */
#define ST_MAX_BAD_LINES 1000u
/* Values of one event, items of arrays counted singly; real ones have 150. Met: the rest is left
 * out. */
#define ST_MAX_CARRIED_VALUES 16384u
/* Columns of a CSV; real: 26. Met: the rest is left out. */
#define ST_MAX_CSV_COLUMNS 4096u

/* Archives inside each other that are opened, if no option says otherwise; collections have two,
 * and a folder of them packed once more three. Met: the next one isn't opened, and named. */
#define ST_ARCHIVE_DEPTH 3u
/* The same, whatever an option says. */
#define ST_MAX_ARCHIVE_DEPTH 16u
/* Case databases. Bytes of one cell (a record of 64 KiB is some 400 KiB as JSON, an event of text a
 * megabyte and as much again), rows that the child gives at once, bytes of the whole file that is
 * mapped. Met: the database is refused. */
#define ST_MAX_STORED_CELL ((size_t)64 << 20)
#define ST_STORED_BATCH ((size_t)256 << 10)
#define ST_MAX_STORED_FILE (UINT64_C(1) << 40)
/* Bytes of an access log that a case database keeps as it is, read into memory at once; those of a
 * busy year have some gigabytes. Met: it isn't kept, or not read. */
#define ST_MAX_STORED_TEXT (UINT64_C(4) << 30)
/* Steps of SQLite's machine that may pass without a row: a plain scan of a table takes some
 * twenty. Met: likewise. */
#define ST_MAX_STORED_STEPS 50000000
/* What the child that reads it may add to its memory, and seconds of processor that it may use.
 * Met: likewise. */
#define ST_MAX_STORED_MEMORY (UINT64_C(1) << 30)
#define ST_MAX_STORED_SECONDS 3600u
/* Parts that evidence is shared out in. Met: the option is refused. */
#define ST_MAX_PARTS 1000000u
/* Rows of events that are one piece of work. */
#define ST_STORED_JOB INT64_C(65536)

/* Members of one archive; a collected disk has some hundred thousand files. Met: it is read up to
 * there, and said to be read in part. */
#define ST_MAX_MEMBERS UINT64_C(1000000)
/* Bytes of one member; logs are limited to 4 GiB by the system, images are larger. Met: it is read
 * up to there, and said to be read in part. */
#define ST_MAX_MEMBER_BYTES (UINT64_C(64) << 30)
/* Bytes that may come out of all archives, and out of one for each byte of it when it has given
 * more than the third. The ratio alone says nothing: a log that is nearly empty gives a thousand
 * bytes for one. Met: the archive is read up to there, and said to be read in part. */
#define ST_MAX_UNPACKED_BYTES (UINT64_C(1) << 40)
#define ST_MAX_ARCHIVE_RATIO 300u
#define ST_MAX_ARCHIVE_FREE (UINT64_C(4) << 30)
/* Bytes of a member's name. Met: it is cut. */
#define ST_MAX_MEMBER_NAME 4096u
/* Bytes of a 7z's directory, which libarchive takes into memory whole: a million members have some
 * hundred megabytes; and of a name in a cpio, of which it does the same. Met: the archive, or what
 * follows that member, isn't read. */
#define ST_MAX_7Z_HEADER (UINT64_C(256) << 20)
#define ST_MAX_CPIO_NAME (UINT64_C(1) << 20)
/* What the child that reads an archive may add to its memory (large dictionaries of 7z and zstd
 * have some hundred megabytes), and seconds of processor it may use: an hour unpacks a terabyte of
 * deflate or 200 GiB of LZMA. Met: it ends; members before are kept, the archive is said to be read
 * in part. */
#define ST_MAX_ARCHIVE_MEMORY (UINT64_C(1) << 30)
#define ST_MAX_ARCHIVE_SECONDS 3600u
/* Milliseconds of processor that it may take without a word, neither asking for bytes nor giving
 * any; how many times that is waited for a child that gets no processor. Met: likewise. */
#define ST_MAX_ARCHIVE_TURN_MS 20000
#define ST_MAX_ARCHIVE_TURNS 12u
/* Members behind a broken one of a zip that are sought by opening it anew. Met: the rest is said to
 * be lost. */
#define ST_MAX_ARCHIVE_RESUMED 1000u
/* Bytes of an archive that are asked for at once, and of a member that are given at once. */
#define ST_ARCHIVE_BLOCK ((size_t)65536)
/* Archives smaller than this aren't shared out among threads: a child costs a millisecond. */
#define ST_ARCHIVE_SHARED ((uint64_t)4 << 20)
/* Bytes of what came out of archives: of one thing in memory, of all in memory; else it goes to a
 * temporary file. Bytes in temporary files if no option says otherwise; bytes that are left free on
 * their disk, and how often that is looked at. Met: the member isn't read, and is named. */
#define ST_SPOOL_SMALL ((uint64_t)256 << 10)
#define ST_MAX_SPOOL_MEMORY ((uint64_t)256 << 20)
#define ST_MAX_SPOOL_FILES (UINT64_C(1) << 40)
#define ST_SPOOL_SPARE ((uint64_t)256 << 20)
#define ST_SPOOL_LOOK ((uint64_t)16 << 20)
/* Addresses for what lies in a file past --memory: nearly none is used twice, and a block that
 * grows has eight times its room; a file of that length is one that ext4 takes. Where addresses
 * have 32 bits there are few. Met: as a full disk. */
#define ST_SPILL_SPAN ((size_t)(sizeof(size_t) > 4 ? UINT64_C(8) << 40 : UINT64_C(1) << 30))
/* Bytes of a file of passwords, and passwords in it: each is tried on each encrypted member. Met:
 * an error. */
#define ST_MAX_PASSWORD_FILE ((size_t)1 << 20)
#define ST_MAX_PASSWORDS 1000u
/* Ranges that the index of a sparsely collected file may have; one for each extent of the disk.
 * Met: the index isn't used, and the file is said to be read in part. */
#define ST_MAX_SPARSE_RANGES 1000000u
/* Bytes of such an index. Met: likewise. */
#define ST_MAX_SPARSE_INDEX ((uint64_t)64 << 20)
/* Byte ranges without a record that are kept for one source, the first by offset; a hostile log
 * could make one of every other byte. Met: further ones are only counted. */
#define ST_MAX_RANGES ((size_t)1000)

/* One event as XML. A record is at most 64 KiB of binary XML, whose text may be some times as
 * long. Met: libevtx's record is counted as unparsable, the native reader's is cut and says so. */
#define ST_MAX_EVENT_XML ((size_t)8 << 20)
/* Brackets within brackets in a rule; the parser calls itself that often. Met: an error in
 * that rule. Real queries stay below 30. */
#define ST_MAX_KQL_DEPTH 200u
/* Height of a rule's expression tree (a or b or c ... is as high as it is long); the binder
 * calls itself that often. Met: an error in that rule. */
#define ST_MAX_KQL_HEIGHT 2000u
/* Bytes of one rule file; offsets are 32 bits and the largest published query has 60 kB.
 * Met: the file isn't loaded, with a diagnostic. */
#define ST_MAX_RULE_BYTES (4u << 20)
/* Errors shown for one rule file; later ones are rarely news. Met: the rest is counted. */
#define ST_MAX_DIAGS 20u
/* Mappings and lists within each other in a YAML file of rules; real ones have 5. Met: an error in
 * that file. */
#define ST_MAX_YAML_DEPTH 64u
/* Texts that are looked for at once on behalf of one rule; the largest public rule needs 2,000.
 * Met: the rule is asked about every row. */
#define ST_MAX_TRIGGER_ATOMS ((size_t)20000)
/* Parts of a condition that are looked at for what narrows its rule, one that is shared each time.
 * Met: the rest narrows nothing. */
#define ST_MAX_NARROWING ((size_t)1 << 17)
/* Rows that rules are kept apart for at once, 4 bytes each. Met: the rule at hand is asked about
 * every row. */
#define ST_MAX_TRIGGERED ((size_t)16 << 20)
/* Nodes that one document of a Sigma file unfolds to, aliases written out; the largest public rule
 * has 700. Met: an error in that file. */
#define ST_MAX_SIGMA_NODES ((size_t)100000)
/* Bytes of one value of a Sigma rule; real ones have 232 at most. Met: an error in that rule. */
#define ST_MAX_SIGMA_VALUE ((size_t)8192)
/* Texts at once that the placeholders of one value of a Sigma rule make of it; lists of accounts
 * and hosts that people keep have hundreds. Met: an error in that rule. */
#define ST_MAX_SIGMA_FILLED ((size_t)10000)
/* Selections, and values, of one Sigma rule; real ones have 24 and 700. Met: an error in that rule.
 */
#define ST_MAX_SIGMA_SELECTIONS ((size_t)1000)
/* Brackets and negations within each other in a Sigma condition, and lists and maps in a selection;
 * the parser calls itself that often. Real ones have 4. Met: an error in that rule. */
#define ST_MAX_SIGMA_DEPTH 64u
/* Rules that one correlation names; and correlations of correlations. Met: an error in that rule.
 */
#define ST_MAX_CORRELATED 1000u
#define ST_MAX_CORRELATION_DEPTH 8u
/* Words of a Sigma condition. Met: an error in that rule. */
#define ST_MAX_SIGMA_WORDS ((size_t)2000)
/* Keys with a meaning around one query in YAML, items of lists counted singly; real ones have 20.
 * Met: the rest means nothing. */
#define ST_MAX_YAML_FIELDS 256u
/* Techniques of one rule; the longest published list has 20. Met: the rest isn't kept, with a
 * diagnostic. */
#define ST_MAX_TECHNIQUES 64u
/* Bytes of a rule's id, which becomes a file's name: with ".csv" it must stay below 255. Met: cut.
 */
#define ST_MAX_RULE_ID ((size_t)160)
/* Days of evidence from which on a server has habits: in less, a job that an intruder set up looks
 * as old as the server's own. */
#define ST_MIN_HABIT_DAYS 14u
/* Libraries that one rule uses, with those that they use: each may hold a whole pack's definitions.
 * Met: the rule is broken, with a diagnostic. */
#define ST_MAX_LIBRARIES 32u
/* Folders within folders of rules. Met: the deeper ones aren't walked, with a diagnostic. */
#define ST_MAX_RULE_DEPTH 16u
/* Things of one kind that the page lists of an incident; the timeline has all. Met: the rest is
 * counted. */
#define ST_MAX_HTML_FACTS 40u
/* Processes drawn, and rows of findings, on the HTML page: browsers slow down beyond. Met: the
 * page says so and names the other files. */
#define ST_MAX_HTML_NODES 20000u
/* Levels of nested lists on the HTML page: deeper, the text is squeezed to the edge. Met: what is
 * deeper stands at the last level, and says how deep it is. */
#define ST_MAX_HTML_DEPTH 24u
/* Rows of the page's tables of hosts, sources and findings: a browser lays out some thousands in a
 * second. Met: the rest is counted, and it is said where it stands. */
#define ST_MAX_HTML_HOSTS 2000u
#define ST_MAX_HTML_ROWS 3000u
/* Incidents, and gaps, marked on a host's strip of time, which is no wider. */
#define ST_MAX_STRIP_MARKS 100u
/* Phases and decoded commands of an incident on the page; more tell no story. Met: counted. */
#define ST_MAX_HTML_PHASES 40u
/* Hits further apart than this are two phases of an incident: an operator paused. In seconds. */
#define ST_PHASE_PAUSE 120u
/* Bytes of one text that the HTML page shows unfolded. Met: the rest is folded, not cut. */
#define ST_MAX_HTML_TEXT 2000u

/* How often one chunk is offered to libevtx again for records that its walk didn't reach, at some
 * 0.4 ms each, so that a hostile one costs no more than some twenty times a sound one. Real damage
 * needs a handful. Met: further ones count as unparsable. */
#define ST_MAX_OFFERS 64u

/* Differing records of a source that are looked at with all their values at a time; each may
 * hold 64 KiB of text. Met: the source is read again for the next ones. */
#define ST_MAX_VERIFY_LOOK ((size_t)8192)
/* Bytes shown of a value that differs; what differs is seen within it or not at all by eye.
 * Met: the rest is cut off. */
#define ST_MAX_VERIFY_SHOWN ((size_t)512)

/* Hits that libevtx is asked to confirm unless each one is asked for: it takes a good part of a
 * millisecond a record, and hits may be as many as processes. Each incident's first come first.
 * Met: the rest isn't asked for, which is said with the count. */
#define ST_MAX_CONFIRM_UNASKED ((size_t)256)

/* What the child process that libevtx runs in may add to the memory it was born with, and seconds
 * of processor it may use; a chunk takes ten milliseconds and some megabytes. When half the
 * seconds are gone the next chunk gets a new child. Met: it ends; the chunk counts as one that it
 * ended over, a record to be confirmed as unreadable. */
#define ST_MAX_REMOTE_MEMORY (UINT64_C(256) << 20)
#define ST_MAX_REMOTE_SECONDS 60u
/* Milliseconds of processor that one question may take while nothing is answered; how many times
 * that is waited for a child that gets no processor. Met: likewise. */
#define ST_MAX_REMOTE_TURN_MS 10000
#define ST_MAX_REMOTE_TURNS 12u
/* Questions asked of one child, as libevtx loses some memory with each record that it can't read.
 * Met: the next one gets a new child. */
#define ST_MAX_REMOTE_ASKED 10000u
/* Bytes of a record's names and texts in an answer; a record's text is a few times 64 KiB at most.
 * Met: it is no answer. */
#define ST_MAX_REMOTE_ANSWER (UINT32_C(8) << 20)
/* What one query, or one rule, may take if no option says otherwise: rows that one of its
 * operators gives (beyond those of the evidence), bytes of its rows and values, seconds. A few
 * words of a rule can ask for more than any machine has; real ones stay far below. Met: the query
 * is stopped and says so; a rule of a hunt has no findings then. */
#define ST_MAX_RUN_ROWS UINT64_C(100000000)
#define ST_MAX_RUN_MEMORY (UINT64_C(4) << 30)
#define ST_MAX_RUN_SECONDS UINT64_C(600)
/* Tables and functions written out when one rule is bound: forty lines of lets that each use the
 * one before twice would ask for 2^40. Met: the rule is broken. */
#define ST_MAX_KQL_EXPANSIONS 20000u
/* Nodes of one rule's expressions, when its lets and functions are written out, beyond one a byte
 * of its text: some 200 MB of them. Real rules have some thousands. Met: the rule is broken. */
#define ST_MAX_KQL_NODES 1000000u
/* Operators over tables in one rule, when its lets are written out; each copies its columns. Long
 * queries have a hundred. Met: the rule is broken. */
#define ST_MAX_KQL_OPERATORS 10000u
/* Columns of one table on a rule's way, a join's at most twice as many: forty joins of a let with
 * itself would have 2^40. A table of Defender's has a hundred. Met: the rule is broken. */
#define ST_MAX_KQL_COLUMNS 1000u
/* Columns that one join is on; people write three. Met: the rule is broken. */
#define ST_MAX_JOIN_KEYS 32u
/* Tables of one union, or of one search over tables; there are ten. Met: the rule is broken. */
#define ST_MAX_UNION 256u
/* Conditions with any() on one edge of a pattern of graph-shortest-paths: each doubles the states
 * of the search. Met: the rule is broken. */
#define ST_MAX_GRAPH_ANYS 6
/* Bytes of a query that is typed or stands in a file, longer than any that a person or a generator
 * writes. Met: it isn't read. */
#define ST_MAX_QUERY_BYTES ((size_t)4 << 20)
/* Groups of one regular expression, with the whole match; people number them by hand. Met: those
 * behind are missing, and the result (for parse: an error) says so. */
#define ST_MAX_REGEX_GROUPS 64
/* Steps of a path into a bag that bag_set_key and bag_remove_keys follow. Met: the bag stays as it
 * is, and the result says so. */
#define ST_MAX_BAG_PATH 16
/* Bytes of a text that a function makes, as Kusto has it. Met: it is cut, and the rule's result
 * (for a constant: an error) says so. */
#define ST_MAX_TEXT ((size_t)1 << 20)
/* Bytes of an operator's words in a plan that is shown, and of the whole plan: lets that use each
 * other write out long. Met: an ellipsis. */
#define ST_MAX_PLAN_WORDS 200
#define ST_MAX_PLAN (4 << 20)
/* Bytes of a file that stands for externaldata, unpacked: lists of indicators have some MiB.
 * Met: the query fails with an error. */
#define ST_MAX_EXTERNAL ((size_t)256 << 20)
/* Elements of a filter of series_fir: it is laid over each element of the series. Met: null, and
 * the result says so. */
#define ST_MAX_FILTER 1024u
/* Periods that series_periods_detect is asked for; each costs a transform. Met: null. */
#define ST_MAX_SERIES_PERIODS 32
/* Characters of one label in Punycode; a label of the DNS has 63. Met: an empty text. */
#define ST_MAX_PUNYCODE 256u
/* Bytes of the needles of one has_any that are looked for in one pass; 24 bytes of memory each.
 * Met: each needle is looked for by itself. */
#define ST_MAX_NEEDLE_BYTES ((size_t)8 << 20)
/* 64 bits each of what is remembered of texts and the patterns that can't match them: 64 MiB. Met:
 * all is forgotten, and looked for again as it is asked for. */
#define ST_MAX_SCREEN_WORDS ((size_t)8 << 20)
/* Patterns of the rows that a run keeps compiled, some kilobytes each. Met: all are forgotten, and
 * compiled again as they come. */
#define ST_MAX_PATTERNS 1024u
/* Bytes of one dynamic's text: a list of a million texts of a MiB each is small as long as nobody
 * writes it out. Met: the query is stopped. */
#define ST_MAX_JSON_TEXT ((size_t)256 << 20)
/* Elements of an array that array_concat makes. Met: null, and the result says so. */
#define ST_MAX_ARRAY ((size_t)1 << 20)
/* Bytes that one rule's constants may take. Met: the rule is broken. */
#define ST_MAX_CONSTANTS ((size_t)256 << 20)
/* Attributes of one element when a record is written as XML; real: 5. Each is held against the
 * others, since XML forbids repeated names. Met: the rest is left out, and the place marked. */
#define ST_MAX_ATTRIBUTES 64u
/* Definitions of one template that are kept and tried for a record whose own is gone; the names
 * of one may be lost where those of the next are not. Met: further ones aren't looked at. */
#define ST_MAX_CANDIDATES 4u
/* Characters of a name that may tell where a record's chunk began; real: 34. Met: others tell. */
#define ST_MAX_LONE_NAME 64u
/* Lone records read, and remains of records told of, in 64 KiB; a chunk has room for 2,322.
 * Met: the rest of the 64 KiB is a range of its own. */
#define ST_MAX_LONE 2400u

/* Values that range() makes: Kusto's own bound. Met: the array ends there. */
#define ST_MAX_RANGE ((size_t)1 << 20)
/* Columns that bag_unpack and pivot make of the evidence; nobody reads more. Met: an error. */
#define ST_MAX_KQL_UNPACKED 1000u

/* Keys of one KQL partition: its subquery is bound anew for each. The rest is left out, and the
 * result is said to be incomplete. */
#define ST_MAX_KQL_PARTITIONS 65536u

/* Points on the axis of one KQL make-series, as many as Kusto lets an array have. The rest is
 * left out, and the result is said to be incomplete. */
#define ST_MAX_KQL_SERIES 1048576u

/* Points of all its series together: 256 MB for each aggregate. The same happens. */
#define ST_MAX_SERIES_POINTS 16777216u

/* Nodes and edges of one KQL graph pattern; people write a handful. Met: the rule is broken. */
#define ST_MAX_GRAPH_PATTERN 64u
/* Length that a pattern may ask of a path of edges; the deepest chains of processes that were
 * seen have some hundred. Met: the rule is broken. */
#define ST_MAX_GRAPH_PATH 100000u

/* Steps of one KQL scan; people write a handful, and each is asked about every row. Met: the rule
 * is broken. */
#define ST_MAX_KQL_STEPS 64u

/* Event ids that conditions of one query leave of a table of whole records; people name a dozen.
 * Met: records of all ids are kept. */
#define ST_MAX_LOG_IDS 256u

/* How far Windows' own record of a process creation (4688) may lie from Sysmon's of the same
 * process; both are written within milliseconds, and a PID isn't given again so soon. Met: they are
 * two processes. */
#define ST_AUDIT_APART (UINT64_C(2) * ST_TICKS_SECOND)
/* Between two of Sysmon's creations that are further apart Sysmon may have been off, where Windows
 * recorded processes meanwhile (4688): Windows starts some of its own every few minutes, and common
 * filters leave a part of them. Met: inferred parents of those are believed, one level lower. */
#define ST_SYSMON_SILENCE (UINT64_C(600) * ST_TICKS_SECOND)
/* Bytes of a PowerShell script that is put together of several records; one record holds some
 * 20,000 characters. Met: the text ends behind the part that reached it. */
#define ST_MAX_SCRIPT ((size_t)16 << 20)
/* Within this, several events that say so speak of one start of Windows: from the first process to
 * the event log service. Met: they are two. */
#define ST_BOOT_SPREAD (UINT64_C(300) * ST_TICKS_SECOND)

#endif
