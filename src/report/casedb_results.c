/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casedb_results.c - a hunt's results as tables, and views for what is asked first.
 *
 * Columns follow the tables of the other formats: the timeline has the rows' column table, the
 * processes have the tree's, hosts and gaps what their CSV files have.
 */
#include "casedb.h"
#include "casedb_guids.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* cells */

static void put_text(st_buf *row, st_str s)
{
    if (s.n)
        st_raw_text(row, s);
    else
        st_raw_null(row);
}

/* Digits as a number; what doesn't fit in 63 bits is the nearest one that SQLite has. */
static void put_digits(st_buf *row, st_str s)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t u = 0;
    if (s.n && st_str_u64((st_str){ s.p + minus, s.n - minus }, &u) && u <= INT64_MAX)
        st_raw_int(row, minus ? -(int64_t)u : (int64_t)u);
    else if (u)
        st_raw_real(row, minus ? -(double)u : (double)u);
    else
        put_text(row, s);
}

static void put_typed(st_buf *row, st_column_kind kind, st_str s)
{
    if (kind == ST_COL_NUMBER)
        put_digits(row, s);
    else if (kind == ST_COL_BOOL && s.n)
        st_raw_int(row, st_str_eq(s, ST_STR("true")));
    else
        put_text(row, s);
}

static void put_moment(st_casedb *d, st_ticks t)
{
    if (!t) {
        st_raw_null(&d->row);
        return;
    }
    size_t mark = st_raw_text_begin(&d->row);
    st_buf_time_iso(&d->row, t);
    st_raw_text_end(&d->row, mark);
}

static const char *type_of(st_column_kind kind)
{
    return kind == ST_COL_NUMBER || kind == ST_COL_BOOL ? "INTEGER" : "TEXT";
}

/* timeline */

enum { MOST_COLUMNS = 128 };

static void put_list(st_buf *row, const st_column *col, const st_view *v, st_buf *cell)
{
    size_t mark = st_raw_text_begin(row);
    st_buf_char(row, '[');
    for (size_t i = 0;; i++) {
        st_buf_clear(cell);
        if (!col->item(v, i, cell))
            break;
        if (i)
            st_buf_char(row, ',');
        st_json_exact(row, st_buf_slice(cell));
        row->failed |= cell->failed;
    }
    st_buf_char(row, ']');
    st_raw_text_end(row, mark);
}

/* Rows that are made on threads, in blocks, and put in order. */
typedef struct block {
    st_buf rows, cell;
    st_cells_seen *seen; /* of the timeline's rows; NULL: nothing is kept */
    const st_row *like[ST_LIKE];
} block;

typedef struct making {
    st_casedb_table *t;
    const void *ctx;
    void (*make)(const void *ctx, size_t i, block *to); /* row i, or nothing */
    size_t n;
    block blocks[ST_MAX_THREADS]; /* by thread */
} making;
enum { BLOCK = 256 }; /* rows */

static void make_block(void *ctx, unsigned thread, size_t number)
{
    making *m = ctx;
    size_t from = number * BLOCK, to = from + BLOCK < m->n ? from + BLOCK : m->n;
    for (size_t i = from; i < to; i++)
        m->make(m->ctx, i, &m->blocks[thread]);
}

static void put_block(void *ctx, unsigned thread, size_t number)
{
    making *m = ctx;
    (void)number;
    block *from = &m->blocks[thread];
    st_str rows = st_buf_slice(&from->rows);
    if (from->rows.failed || from->cell.failed)
        rows.n = 0;
    m->t->d->row.failed |=
        from->rows.failed || from->cell.failed; /* the next row of any table tells it */
    while (rows.n && !m->t->d->code)
        st_casedb_take(m->t, &rows);
    st_buf_clear(&from->rows);
}

/* Ends the table, too. */
static void put_made_rows(st_casedb_table *t, unsigned threads, size_t n, const void *ctx,
                          void (*make)(const void *ctx, size_t i, block *to))
{
    making *m = calloc(1, sizeof *m);
    if (m && !t->d->code) {
        *m = (making){ .t = t, .ctx = ctx, .make = make, .n = n };
        st_parallel_in_order(threads, (n + BLOCK - 1) / BLOCK, make_block, put_block, m);
        for (size_t i = 0; i < ST_MAX_THREADS; i++) {
            st_buf_free(&m->blocks[i].rows);
            st_buf_free(&m->blocks[i].cell);
            st_cells_seen_free(m->blocks[i].seen);
        }
    }
    t->d->row.failed |= !m;
    free(m);
    st_casedb_end(t);
}

static void make_cell(const st_column *col, const st_view *v, block *to)
{
    if (col->kind == ST_COL_LIST)
        put_list(&to->rows, col, v, &to->cell);
    else
        put_typed(&to->rows, col->kind, st_column_text(col, v, &to->cell));
}

/* What has to be made, and was made for another row, is copied. */
static void make_column(size_t k, const st_view *v, block *to)
{
    const st_column *col = &st_columns[k];
    bool made = !col->sid && !col->get;
    uint64_t tells = to->seen && made ? st_column_tells(col, v) : 0;
    size_t from = to->rows.n;
    if (tells && st_cells_seen_put(to->seen, k, tells, &to->rows))
        return;
    make_cell(col, v, to);
    if (tells && !to->rows.failed)
        st_cells_seen_keep(to->seen, k, tells, (st_str){ to->rows.p + from, to->rows.n - from });
}

static void make_timeline(const void *ctx, size_t i, block *to)
{
    const st_job *j = ctx;
    st_view v;
    if (!st_view_of(&v, j->found, &j->found->rows[i]))
        return;
    if (!to->seen)
        to->seen = st_cells_seen_new();
    v.like = st_row_like(j->found, to->like, v.row);
    for (size_t k = 0; k < st_ncolumns; k++)
        make_column(k, &v, to);
    put_text(&to->rows, st_confirmed_text(&v, &j->ro));
}

static void put_timeline(st_casedb *d, const st_job *j)
{
    st_raw_column columns[MOST_COLUMNS];
    size_t n = 0;
    for (; n < st_ncolumns && n + 1 < MOST_COLUMNS; n++)
        columns[n] = (st_raw_column){ st_columns[n].name, type_of(st_columns[n].kind) };
    columns[n] = (st_raw_column){ "Confirmed", "TEXT" };
    st_casedb_table t = st_casedb_begin_large(d, "timeline", columns, n + 1, NULL, 0);
    put_made_rows(&t, j->scan.threads, j->found->nrows, j, make_timeline);
}

/* processes */

static void put_number(st_buf *row, uint64_t u)
{
    if (u <= INT64_MAX)
        st_raw_int(row, (int64_t)u);
    else
        st_raw_real(row, (double)u);
}

static void make_process(const void *ctx, size_t i, block *to)
{
    st_node_view v = st_node_view_of(ctx, (st_node)i);
    uint64_t u;
    for (size_t k = 0; k < st_ntree_columns; k++)
        if (st_tree_number(&v, k, &u))
            put_number(&to->rows, u);
        else if (st_tree_column_kind(k) == ST_COL_NUMBER)
            st_raw_null(&to->rows);
        else
            put_text(&to->rows, st_tree_text(&v, k, &to->cell));
}

static const st_guid *guid_of(const void *forest, uint32_t row)
{
    return st_node_guid(forest, row);
}

static const st_guid *parent_guid_of(const void *forest, uint32_t row)
{
    return st_node_parent_guid(forest, row);
}

static const st_casedb_index PROCESS_INDEXES[] = {
    { "processes_by_guid", "CREATE INDEX processes_by_guid ON processes(ProcessGuid)", NULL,
      st_guid_keys_put },
    { "processes_by_parent", "CREATE INDEX processes_by_parent ON processes(ParentProcessGuid)",
      NULL, st_guid_keys_put },
};
enum { PROCESS_NINDEXES = sizeof PROCESS_INDEXES / sizeof PROCESS_INDEXES[0] };

static void put_processes(st_casedb *d, const st_job *j)
{
    const st_forest *f = j->found->forest;
    const st_guid_keys keys[] = { { f, guid_of, f->n }, { f, parent_guid_of, f->n } };
    _Static_assert(sizeof keys / sizeof keys[0] == PROCESS_NINDEXES, "keys for each index");
    st_raw_column columns[MOST_COLUMNS];
    size_t n = 0;
    for (; n < st_ntree_columns && n < MOST_COLUMNS; n++)
        columns[n] = (st_raw_column){ st_tree_column_name(n), type_of(st_tree_column_kind(n)) };
    st_casedb_table t =
        st_casedb_begin_large(d, "processes", columns, n, PROCESS_INDEXES, PROCESS_NINDEXES);
    put_made_rows(&t, j->scan.threads, f->n, f, make_process);
    for (size_t i = 0; i < PROCESS_NINDEXES; i++)
        st_casedb_put_index(d, &PROCESS_INDEXES[i], &keys[i], true);
}

/* findings */

static const st_raw_column FINDING_COLUMNS[] = {
    { "FindingID", "TEXT" }, { "Incident", "TEXT" },        { "Level", "TEXT" },
    { "Rule", "TEXT" },      { "RuleID", "TEXT" },          { "Reason", "TEXT" },
    { "Computer", "TEXT" },  { "UtcTime", "TEXT" },         { "ProcessGuid", "TEXT" },
    { "Image", "TEXT" },     { "CommandLine", "TEXT" },     { "EventRecordID", "INTEGER" },
    { "Source", "TEXT" },    { "SourceOffset", "INTEGER" },
};

/* Columns of the row that a finding stands on, taken from the timeline's own. */
static const char *const FINDING_ROW[] = { "Computer", "UtcTime",     "ProcessGuid",
                                           "Image",    "CommandLine", "EventRecordID",
                                           "Source",   "SourceOffset" };
enum { FINDING_ROWS = sizeof FINDING_ROW / sizeof FINDING_ROW[0] };

static void put_finding(st_casedb *d, const st_column *const columns[FINDING_ROWS],
                        const st_view *v, const st_finding *x, st_buf *cell)
{
    const st_case *c = v->c;
    const st_rule *rule = st_rules_at(c->rules, x->rule);
    char id[17];
    st_finding_id(c, x, id);
    put_text(&d->row, st_str_of(id));
    put_text(&d->row,
             x->incident < c->nincidents ? st_str_of(c->incidents[x->incident].id) : (st_str){ 0 });
    put_text(&d->row, st_str_of(st_level_word((st_level)x->level)));
    put_text(&d->row, rule->title);
    put_text(&d->row, rule->id);
    st_buf_clear(cell);
    st_finding_put_reason(c, x, cell);
    put_text(&d->row, st_buf_slice(cell));
    for (size_t i = 0; i < FINDING_ROWS; i++)
        put_typed(&d->row, columns[i]->kind, st_column_text(columns[i], v, cell));
    d->row.failed |= cell->failed;
}

static void put_findings(st_casedb *d, const st_case *c)
{
    st_buf cell = { 0 };
    st_view v;
    const st_column *columns[FINDING_ROWS];
    st_casedb_table t = st_casedb_begin(d, "findings", FINDING_COLUMNS,
                                        sizeof FINDING_COLUMNS / sizeof FINDING_COLUMNS[0]);
    for (size_t i = 0; i < FINDING_ROWS; i++)
        columns[i] = st_column_named(FINDING_ROW[i]);
    for (size_t i = 0; i < c->nrows && !d->code; i++) {
        const st_row *r = &c->rows[i];
        if (!r->nfindings || !st_view_of(&v, c, r))
            continue;
        for (uint32_t k = 0; k < r->nfindings; k++) {
            put_finding(d, columns, &v, &c->findings[r->first_finding + k], &cell);
            st_casedb_put(&t);
        }
    }
    st_buf_free(&cell);
    st_casedb_end(&t);
}

/* incidents, and what they come to */

static const st_raw_column INCIDENT_COLUMNS[] = {
    { "Incident", "TEXT" },     { "Computer", "TEXT" },    { "Level", "TEXT" },
    { "WebServer", "INTEGER" }, { "Entry", "TEXT" },       { "What", "TEXT" },
    { "Accounts", "TEXT" },     { "Techniques", "TEXT" },  { "FirstTime", "TEXT" },
    { "LastTime", "TEXT" },     { "Findings", "INTEGER" }, { "Processes", "INTEGER" },
    { "Events", "INTEGER" },    { "Gaps", "TEXT" },
};

static void put_made(st_casedb *d, st_buf *cell)
{
    put_text(&d->row, st_buf_slice(cell));
    d->row.failed |= cell->failed;
    st_buf_clear(cell);
}

static void put_techniques(st_casedb *d, const st_case *c, const st_groups *g, uint32_t i)
{
    st_technique_set *set = calloc(1, sizeof *set);
    if (!set) {
        d->row.failed = true;
        return;
    }
    st_techniques_of(set, c, g, i);
    size_t mark = st_raw_text_begin(&d->row);
    for (size_t k = 0; k < set->n; k++) {
        st_buf_char(&d->row, k ? ',' : '[');
        st_json_exact(&d->row, st_str_of(set->ids[k]));
    }
    st_buf_str(&d->row, set->n ? ST_STR("]") : ST_STR("[]"));
    st_raw_text_end(&d->row, mark);
    free(set);
}

static void put_incident(st_casedb *d, const st_case *c, const st_groups *g, uint32_t i,
                         st_buf *cell)
{
    const st_incident *x = &c->incidents[i];
    put_text(&d->row, st_str_of(x->id));
    put_text(&d->row, st_host_shown(c, x->host));
    put_text(&d->row, st_str_of(st_level_word(x->level)));
    st_raw_int(&d->row, x->server);
    st_incident_put_entry(c, x, cell);
    put_made(d, cell);
    st_incident_put_what(c, g, i, cell);
    put_made(d, cell);
    st_incident_put_accounts(c, g, i, cell);
    put_made(d, cell);
    put_techniques(d, c, g, i);
    put_moment(d, x->first);
    put_moment(d, x->last);
    st_raw_int(&d->row, x->findings);
    st_raw_int(&d->row, x->processes);
    st_raw_int(&d->row, x->events);
    st_incident_put_gaps(c, x, cell);
    put_made(d, cell);
}

static void put_incidents(st_casedb *d, const st_case *c)
{
    st_buf cell = { 0 };
    st_groups g;
    st_casedb_table t = st_casedb_begin(d, "incidents", INCIDENT_COLUMNS,
                                        sizeof INCIDENT_COLUMNS / sizeof INCIDENT_COLUMNS[0]);
    bool ok = st_groups_make(&g, c);
    d->row.failed |= !ok;
    for (uint32_t i = 0; ok && i < c->nincidents && !d->code; i++) {
        put_incident(d, c, &g, i, &cell);
        st_casedb_put(&t);
    }
    st_groups_free(&g);
    st_buf_free(&cell);
    st_casedb_end(&t);
}

static const st_raw_column FACT_COLUMNS[] = {
    { "Incident", "TEXT" },  { "Kind", "TEXT" },     { "What", "TEXT" },     { "More", "TEXT" },
    { "FirstTime", "TEXT" }, { "LastTime", "TEXT" }, { "Count", "INTEGER" },
};

static void put_facts(st_casedb *d, const st_case *c)
{
    st_casedb_table t =
        st_casedb_begin(d, "facts", FACT_COLUMNS, sizeof FACT_COLUMNS / sizeof FACT_COLUMNS[0]);
    for (size_t i = 0; i < c->nfacts && !d->code; i++) {
        const st_fact *x = &c->facts[i];
        put_text(&d->row, st_str_of(c->incidents[x->incident].id));
        put_text(&d->row, st_str_of(st_fact_word(x->kind)));
        put_text(&d->row, x->what);
        put_text(&d->row, st_dashless(x->more));
        put_moment(d, x->first);
        put_moment(d, x->last);
        st_raw_int(&d->row, x->count);
        st_casedb_put(&t);
    }
    st_casedb_end(&t);
}

/* tables that are CSV files elsewhere */

/* Columns of these that hold numbers; all others are text. */
static const char *const NUMBERS[] = {
    "Findings",         "Incidents",        "Creations",       "Copies",
    "Records",          "SysmonRecords",    "FirstRecordID",   "LastRecordID",
    "MissingRecordIDs", "AuditedCreations", "ParentsObserved", "ParentsPlaceholder",
    "ParentsInferred",  "ParentsNone",      "ObservedPercent", "FromRecordID",
    "ToRecordID",       "SourceOffset",     "Count",
};

static bool is_number(st_str name)
{
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        if (st_str_eq(name, st_str_of(NUMBERS[i])))
            return true;
    return false;
}

/* A quoted field off the line; false: the line's end. */
static bool csv_next(st_str *rest, st_buf *cell)
{
    size_t i = 1;
    st_buf_clear(cell);
    if (!rest->n || rest->p[0] != '"')
        return false;
    for (; i < rest->n; i++) {
        if (rest->p[i] == '"' && (i + 1 >= rest->n || rest->p[++i] != '"'))
            break;
        st_buf_char(cell, rest->p[i]);
    }
    bool more = i < rest->n && rest->p[i] == ',';
    size_t skip = more ? i + 1 : i + 2; /* a comma, or the line's end */
    skip = skip < rest->n ? skip : rest->n;
    *rest = (st_str){ rest->p + skip, rest->n - skip };
    return more;
}

/* A small CSV file of the program's own as a table. */
static void put_csv(st_casedb *d, const st_job *j, const char *name,
                    void (*write)(st_out *o, const st_case *c, const st_report_options *ro))
{
    st_raw_column columns[MOST_COLUMNS];
    bool number[MOST_COLUMNS];
    st_report_options ro = { .csv_raw = true };
    st_arena names = { 0 };
    st_buf cell = { 0 };
    size_t n = 0;
    st_out o;
    st_out_memory(&o);
    write(&o, j->found, &ro);
    st_str rest = st_buf_slice(&o.buf);
    d->row.failed |= o.buf.failed;
    for (bool more = rest.n > 0; more && n < MOST_COLUMNS; n++) {
        more = csv_next(&rest, &cell);
        st_str copy = st_arena_copy(&names, st_buf_slice(&cell));
        number[n] = is_number(copy);
        columns[n] = (st_raw_column){ copy.p ? copy.p : "", number[n] ? "INTEGER" : "TEXT" };
    }
    st_casedb_table t = st_casedb_begin(d, name, columns, n);
    while (rest.n && !d->code) {
        for (size_t i = 0; i < n; i++) {
            csv_next(&rest, &cell);
            put_typed(&d->row, number[i] ? ST_COL_NUMBER : ST_COL_TEXT, st_buf_slice(&cell));
        }
        d->row.failed |= cell.failed;
        st_casedb_put(&t);
    }
    st_casedb_end(&t);
    st_buf_free(&cell);
    st_buf_free(&o.buf);
    st_arena_free(&names);
}

/* rules and run */

static const st_raw_column RULE_COLUMNS[] = {
    { "RuleID", "TEXT" },  { "Title", "TEXT" },      { "Level", "TEXT" },
    { "Status", "TEXT" },  { "Why", "TEXT" },        { "SHA256", "TEXT" },
    { "Authors", "TEXT" }, { "Matches", "INTEGER" }, { "TableRows", "INTEGER" },
    { "Problem", "TEXT" },
};

static void put_rules(st_casedb *d, const st_case *c)
{
    st_casedb_table t =
        st_casedb_begin(d, "rules", RULE_COLUMNS, sizeof RULE_COLUMNS / sizeof RULE_COLUMNS[0]);
    for (size_t i = 0; i < st_rules_count(c->rules) && !d->code; i++) {
        const st_rule *r = st_rules_at(c->rules, i);
        const st_rule_result *x = c->matches ? &c->matches->results[i] : NULL;
        put_text(&d->row, r->id);
        put_text(&d->row, r->title);
        put_text(&d->row, st_str_of(st_level_word(r->level)));
        put_text(&d->row, st_str_of(st_rule_status_word(r)));
        put_text(&d->row, r->why);
        unsigned char digest[32];
        st_sha256(r->text.p, r->text.n, digest);
        size_t mark = st_raw_text_begin(&d->row);
        st_buf_hex(&d->row, digest, sizeof digest, false);
        st_raw_text_end(&d->row, mark);
        put_text(&d->row, r->authors);
        st_raw_int(&d->row, x ? (int64_t)x->matches : 0);
        st_raw_int(&d->row, x ? (int64_t)x->rows : 0);
        put_text(&d->row, x ? x->problem : (st_str){ 0 });
        st_casedb_put(&t);
    }
    st_casedb_end(&t);
}

static const st_raw_column RUN_COLUMNS[] = { { "Name", "TEXT" }, { "Value", "TEXT" } };

static void put_pair(st_casedb_table *t, st_str name, st_str value)
{
    put_text(&t->d->row, name);
    st_raw_text(&t->d->row, value.p ? value : ST_STR(""));
    st_casedb_put(t);
}

static void put_run(st_casedb *d, const st_job *j)
{
    const st_run_info *i = &j->info;
    st_buf text = { 0 };
    st_casedb_table t = st_casedb_begin(d, "run", RUN_COLUMNS, 2);
    put_pair(&t, ST_STR("version"), st_str_of(i->version));
    st_buf_time_iso(&text, i->now);
    put_pair(&t, ST_STR("now"), st_buf_slice(&text));
    st_buf_clear(&text);
    st_buf_i64(&text, i->exit_status);
    put_pair(&t, ST_STR("exit"), st_buf_slice(&text));
    for (size_t k = 0; k < i->noptions; k++) {
        st_str value = i->options[k], name = { 0 };
        if (st_str_cut(&value, '=', &name))
            put_pair(&t, name, value);
    }
    d->row.failed |= text.failed;
    st_buf_free(&text);
    st_casedb_end(&t);
}

/* What is asked first. Views, so that nobody has to know the columns by heart. */
static const char VIEWS[] =
    "CREATE VIEW what_happened AS SELECT Level, Computer, FirstTime, LastTime, Entry, What, "
    "Accounts, Processes, Findings, Incident FROM incidents ORDER BY CASE Level WHEN 'critical' "
    "THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END, FirstTime;"
    "CREATE VIEW how_they_came_in AS SELECT FirstTime, Computer, Entry, Level, Accounts, Incident "
    "FROM incidents WHERE WebServer = 1 ORDER BY FirstTime;"
    "CREATE VIEW what_they_ran AS SELECT UtcTime, Computer, User, Image, CommandLine, "
    "DecodedCommand, Level, Rules, Chain, Incident FROM timeline WHERE Kind = 'hit' AND Event = "
    "'process' ORDER BY UtcTime;"
    "CREATE VIEW what_they_left AS SELECT i.Computer, f.Kind, f.What, f.More, f.FirstTime, "
    "f.Count, "
    "f.Incident FROM facts f JOIN incidents i USING (Incident) ORDER BY f.FirstTime;"
    "CREATE VIEW what_was_not_seen AS SELECT h.Computer, h.Coverage, h.Reasons, h.FirstRecord, "
    "h.LastRecord, (SELECT count(*) FROM gaps g WHERE g.Computer = h.Computer) AS Gaps FROM hosts "
    "h WHERE h.Coverage <> 'covered' ORDER BY h.Coverage, h.Computer;"
    "CREATE INDEX timeline_by_incident ON timeline(Incident);"
    "CREATE INDEX timeline_by_host ON timeline(Computer, UtcTime);"
    "CREATE INDEX findings_by_incident ON findings(Incident);"
    "CREATE INDEX gaps_by_host ON gaps(Computer);";

void st_casedb_results(st_casedb *d, const st_job *j)
{
    put_timeline(d, j);
    put_processes(d, j);
    put_findings(d, j->found);
    put_incidents(d, j->found);
    put_facts(d, j->found);
    put_csv(d, j, "hosts", st_write_hosts_csv);
    put_csv(d, j, "gaps", st_write_gaps_csv);
    put_rules(d, j->found);
    put_run(d, j);
    st_casedb_sql(d, VIEWS);
}
