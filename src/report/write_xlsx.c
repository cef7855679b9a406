/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_xlsx.c - the case as a spreadsheet: Summary, Hosts, Incidents, Timeline, Gaps. Texts are
 * typed cells, so none is a formula; times are dates; rows are written as they come and not kept.
 *
 * libxlsxwriter writes to a name, so it gets that of a file without one, in the folder for
 * temporary files, which is then copied to where the output goes.
 */
#include "internal.h"

#include "base/limits.h"
#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define DAY (86400.0 * 1e7)
#define TICKS_1900 UINT64_C(94353120000000000) /* 1899-12-30, which Excel counts from */

typedef struct book {
    const st_case *c;
    const st_report_options *ro;
    const st_run_info *info;
    st_groups g;
    st_answer a;
    lxw_workbook *wb;
    lxw_worksheet *ws;
    lxw_row_t row;
    lxw_format *head, *when, *bold, *levels[5];
    st_buf text, cell;
} book;

/* cells */

/* Scrubbed, without what XML can't hold, cut as in CSV. NUL-terminated, in k->cell. */
static const char *shown(book *k, st_str s)
{
    st_buf *b = &k->cell;
    size_t units = 0, end = 0;
    st_buf_clear(b);
    st_scrub(b, s, false);
    st_str all = st_buf_slice(b);
    bool plain = all.n <= ST_MAX_CSV_CELL && st_plain_run(all, 0) == all.n; /* most are */
    for (size_t i = plain ? all.n : 0; i < all.n;) {
        size_t from = i;
        uint32_t cp = st_utf8_next(all, &i);
        if (cp == 0xfffe || cp == 0xffff)
            memcpy(b->p + from, "\xef\xbf\xbd", 3);
        units += cp >= 0x10000 ? 2 : 1;
        if (units <= ST_MAX_CSV_CELL - 64)
            end = i;
    }
    if (units > ST_MAX_CSV_CELL) {
        b->n = end;
        st_buf_str(b, ST_STR("\xe2\x80\xa6<cut: findings.jsonl has all>"));
        if (k->ro->cells_truncated)
            ++*k->ro->cells_truncated;
    }
    st_buf_char(b, 0);
    return b->failed ? "" : b->p;
}

static void put_text(book *k, lxw_col_t col, st_str s, lxw_format *f)
{
    if (s.n)
        worksheet_write_string(k->ws, k->row, col, shown(k, s), f);
}

static void put_number(book *k, lxw_col_t col, double v)
{
    worksheet_write_number(k->ws, k->row, col, v, NULL);
}

static void put_time(book *k, lxw_col_t col, st_ticks t)
{
    if (t >= TICKS_1900)
        worksheet_write_number(k->ws, k->row, col, (double)(t - TICKS_1900) / DAY, k->when);
}

/* What k->text holds; it is empty then. */
static void put_made(book *k, lxw_col_t col, lxw_format *f)
{
    put_text(k, col, st_buf_slice(&k->text), f);
    st_buf_clear(&k->text);
}

static void put_level(book *k, lxw_col_t col, st_level level)
{
    put_text(k, col, st_str_of(st_level_word(level)), k->levels[level]);
}

/* A number, as long as a spreadsheet keeps its digits; else as text. */
static void put_digits(book *k, lxw_col_t col, st_str s)
{
    uint64_t v;
    if (st_str_u64(s, &v) && v < UINT64_C(1000000000000000))
        put_number(k, col, (double)v);
    else
        put_text(k, col, s, NULL);
}

/* sheets */

typedef struct heading {
    const char *name;
    double width;
} heading;

static void begin_sheet(book *k, const char *name, const heading *h, size_t n)
{
    k->ws = workbook_add_worksheet(k->wb, name);
    k->row = 0;
    if (!k->ws)
        return;
    for (size_t i = 0; i < n; i++) {
        worksheet_set_column(k->ws, (lxw_col_t)i, (lxw_col_t)i, h[i].width, NULL);
        worksheet_write_string(k->ws, 0, (lxw_col_t)i, h[i].name, k->head);
    }
    worksheet_freeze_panes(k->ws, 1, 0);
    k->row = 1;
}

static void end_sheet(book *k, size_t columns)
{
    if (k->ws)
        worksheet_autofilter(k->ws, 0, 0, k->row > 1 ? k->row - 1 : 1, (lxw_col_t)(columns - 1));
}

static void put_summary(book *k)
{
    const st_look look = { 0 };
    st_buf b = { 0 };
    st_answer_put(&b, &k->a, k->c, &k->g, &look);
    k->ws = workbook_add_worksheet(k->wb, "Summary");
    if (!k->ws)
        return;
    worksheet_set_column(k->ws, 0, 0, 24, NULL);
    worksheet_set_column(k->ws, 1, 1, 100, NULL);
    static const char *const names[ST_STANDINGS] = { "Compromised", "To be reviewed",
                                                     "Nothing found", "Blind" };
    k->row = 0;
    put_text(k, 0, ST_STR("shelltree"), k->bold);
    put_text(k, 1, st_str_of(k->info->version), NULL);
    for (size_t i = 0; i < ST_STANDINGS; i++) {
        k->row++;
        put_text(k, 0, st_str_of(names[i]), k->bold);
        put_number(k, 1, (double)k->a.counts[i]);
    }
    const struct {
        const char *name;
        st_ticks t;
    } times[] = { { "First sign (UTC)", k->a.first },
                  { "Last sign (UTC)", k->a.last },
                  { "Reference time (UTC)", k->info->now } };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        k->row++;
        put_text(k, 0, st_str_of(times[i].name), k->bold);
        put_time(k, 1, times[i].t);
    }
    k->row += 2;
    st_str rest = st_buf_slice(&b), line;
    for (; rest.n && st_str_cut(&rest, '\n', &line); k->row++)
        put_text(k, 0, line, NULL);
    st_buf_free(&b);
}

static void put_hosts(book *k)
{
    static const heading h[] = {
        { "Computer", 28 },   { "Standing", 14 },  { "Level", 12 },
        { "Coverage", 10 },   { "Accounts", 28 },  { "Entry", 26 },
        { "First", 23 },      { "Last", 23 },      { "What", 60 },
        { "Incidents", 10 },  { "Hits", 8 },       { "FirstRecord", 23 },
        { "LastRecord", 23 }, { "Creations", 11 }, { "CoverageReasons", 60 }
    };
    begin_sheet(k, "Hosts", h, sizeof h / sizeof h[0]);
    for (size_t i = 0; k->ws && i < k->a.nhosts; i++, k->row++) {
        const st_host_answer *x = &k->a.hosts[i];
        const st_host *host = &k->c->forest->hosts[x->host];
        put_text(k, 0, st_host_shown(k->c, x->host), NULL);
        put_text(k, 1, st_str_of(st_standing_word(x->standing)), NULL);
        if (x->incidents)
            put_level(k, 2, x->level);
        put_text(k, 3, st_str_of(st_covered_word(k->c->coverage[x->host].verdict)), NULL);
        if (x->incidents) {
            st_incident_put_accounts(k->c, &k->g, x->incident, &k->text);
            put_made(k, 4, NULL);
            st_incident_put_entry(k->c, &k->c->incidents[x->incident], &k->text);
            put_made(k, 5, NULL);
            put_time(k, 6, x->first);
            put_time(k, 7, x->last);
            st_incident_put_what(k->c, &k->g, x->incident, &k->text);
            put_made(k, 8, NULL);
        }
        put_number(k, 9, x->incidents);
        put_number(k, 10, (double)x->hits);
        put_time(k, 11, host->first);
        put_time(k, 12, host->last);
        put_number(k, 13, (double)host->creations);
        put_text(k, 14, k->c->coverage[x->host].reasons, NULL);
    }
    end_sheet(k, sizeof h / sizeof h[0]);
}

static void put_incidents(book *k)
{
    static const heading h[] = { { "Incident", 18 }, { "Level", 12 },     { "Computer", 28 },
                                 { "Entry", 26 },    { "Accounts", 28 },  { "First", 23 },
                                 { "Last", 23 },     { "What", 60 },      { "Processes", 10 },
                                 { "Findings", 9 },  { "Techniques", 60 } };
    st_technique_set t;
    begin_sheet(k, "Incidents", h, sizeof h / sizeof h[0]);
    for (uint32_t i = 0; k->ws && i < k->c->nincidents && k->row < LXW_ROW_MAX; i++, k->row++) {
        const st_incident *x = &k->c->incidents[i];
        put_text(k, 0, st_str_of(x->id), NULL);
        put_level(k, 1, x->level);
        put_text(k, 2, st_host_shown(k->c, x->host), NULL);
        st_incident_put_entry(k->c, x, &k->text);
        put_made(k, 3, NULL);
        st_incident_put_accounts(k->c, &k->g, i, &k->text);
        put_made(k, 4, NULL);
        put_time(k, 5, x->first);
        put_time(k, 6, x->last);
        st_incident_put_what(k->c, &k->g, i, &k->text);
        put_made(k, 7, NULL);
        put_number(k, 8, x->processes);
        put_number(k, 9, x->findings);
        st_techniques_of(&t, k->c, &k->g, i);
        for (size_t n = 0; n < t.n; n++) {
            st_buf_str(&k->text, n ? ST_STR("; ") : ST_STR(""));
            st_technique_put(&k->text, st_str_of(t.ids[n]));
        }
        put_made(k, 10, NULL);
    }
    end_sheet(k, sizeof h / sizeof h[0]);
}

/* the timeline */

static double width_of(const st_column *col)
{
    static const struct {
        const char *name;
        double width;
    } widths[] = { { "CommandLine", 80 },   { "Target", 50 },
                   { "Reason", 60 },        { "Image", 45 },
                   { "ParentImage", 45 },   { "Rules", 40 },
                   { "Chain", 60 },         { "ParentCommandLine", 60 },
                   { "User", 26 },          { "Computer", 24 },
                   { "DecodedCommand", 60 } };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        if (strcmp(col->name, widths[i].name) == 0)
            return widths[i].width;
    return col->kind == ST_COL_TIME ? 23 : col->kind == ST_COL_NUMBER ? 11 : 16;
}

static void begin_timeline(book *k, unsigned nth)
{
    heading h[128];
    char name[32];
    size_t n = st_ncolumns < 127 ? st_ncolumns : 127;
    for (size_t i = 0; i < n; i++)
        h[i] = (heading){ st_columns[i].name, width_of(&st_columns[i]) };
    if (k->ro->confirmed)
        h[n++] = (heading){ "Confirmed", 12 };
    snprintf(name, sizeof name, nth > 1 ? "Timeline %u" : "Timeline", nth);
    begin_sheet(k, name, h, n);
    if (k->ws)
        worksheet_freeze_panes(k->ws, 1, 2);
}

static void put_cell(book *k, lxw_col_t i, const st_view *v)
{
    const st_column *col = &st_columns[i];
    st_ticks t;
    st_str s = st_column_text(col, v, &k->text);
    if (!s.n)
        return;
    if (col->kind == ST_COL_TIME && (st_time_sysmon(s, &t) || st_time_iso(s, &t)))
        put_time(k, i, t);
    else if (col->kind == ST_COL_NUMBER)
        put_digits(k, i, s);
    else if (strcmp(col->name, "Level") == 0) {
        st_level level;
        put_text(k, i, s, st_level_parse(s, &level) ? k->levels[level] : NULL);
    } else {
        put_text(k, i, s, NULL);
    }
}

static void put_timeline(book *k)
{
    size_t columns = st_ncolumns + (k->ro->confirmed != NULL);
    unsigned nth = 1;
    st_view v;
    begin_timeline(k, nth);
    for (size_t r = 0; k->ws && r < k->c->nrows; r++) {
        if (!st_view_of(&v, k->c, &k->c->rows[r]))
            continue;
        if (k->row == LXW_ROW_MAX) { /* the rest goes on another sheet */
            end_sheet(k, columns);
            begin_timeline(k, ++nth);
        }
        for (lxw_col_t i = 0; i < st_ncolumns; i++)
            put_cell(k, i, &v);
        if (k->ro->confirmed)
            put_text(k, (lxw_col_t)st_ncolumns, st_confirmed_text(&v, k->ro), NULL);
        k->row++;
    }
    end_sheet(k, columns);
    st_buf_clear(&k->text);
}

static void put_gaps(book *k)
{
    static const heading h[] = { { "Computer", 28 }, { "Kind", 14 },         { "From", 23 },
                                 { "To", 23 },       { "FromRecordID", 14 }, { "ToRecordID", 14 },
                                 { "Count", 10 },    { "Source", 60 },       { "SourceOffset", 14 },
                                 { "Detail", 70 } };
    const st_case *c = k->c;
    begin_sheet(k, "Gaps", h, sizeof h / sizeof h[0]);
    for (size_t i = 0; k->ws && i < c->ngaps && k->row < LXW_ROW_MAX; i++, k->row++) {
        const st_gap *x = &c->gaps[i];
        put_text(k, 0, st_host_shown(c, x->host), NULL);
        put_text(k, 1, st_str_of(st_gap_word(x->kind)), NULL);
        put_time(k, 2, x->from);
        put_time(k, 3, x->to);
        if (x->from_id)
            put_number(k, 4, (double)x->from_id);
        if (x->to_id)
            put_number(k, 5, (double)x->to_id);
        put_number(k, 6, (double)x->n);
        if (x->source != UINT32_MAX) {
            put_text(k, 7, st_source_name(c->forest->evidence, x->source), NULL);
            put_number(k, 8, (double)x->offset);
        }
        put_text(k, 9, x->detail, NULL);
    }
    end_sheet(k, sizeof h / sizeof h[0]);
}

/* the book */

/* A level is a word and a colour, dark enough on its ground to be read. */
/* False: no memory. The library's setters don't look. */
static bool make_formats(book *k)
{
    static const struct {
        lxw_color_t text, ground;
    } colors[] = { { 0x1f5fa8, 0xeef4fb },
                   { 0x1f5fa8, 0xdceaf8 },
                   { 0x8a4b00, 0xfff1d6 },
                   { 0xb3261e, 0xfbe3e1 },
                   { 0xffffff, 0x8b0000 } };
    k->head = workbook_add_format(k->wb);
    k->bold = workbook_add_format(k->wb);
    k->when = workbook_add_format(k->wb);
    bool ok = k->head && k->bold && k->when;
    for (size_t i = 0; i < 5; i++)
        ok &= (k->levels[i] = workbook_add_format(k->wb)) != NULL;
    if (!ok)
        return false;
    format_set_bold(k->head);
    format_set_bottom(k->head, LXW_BORDER_THIN);
    format_set_bold(k->bold);
    format_set_num_format(k->when, "yyyy-mm-dd hh:mm:ss.000");
    format_set_align(k->when, LXW_ALIGN_LEFT);
    for (size_t i = 0; i < 5; i++) {
        format_set_font_color(k->levels[i], colors[i].text);
        format_set_bg_color(k->levels[i], colors[i].ground);
    }
    return true;
}

/* The newest row's time, so that the same evidence gives the same bytes. */
static time_t made_at(const book *k)
{
    st_ticks newest = ST_TICKS_UNIX + 86400 * ST_TICKS_SECOND;
    for (size_t i = 0; i < k->c->forest->nhosts; i++)
        if (k->c->forest->hosts[i].last > newest)
            newest = k->c->forest->hosts[i].last;
    return (time_t)((newest - ST_TICKS_UNIX) / ST_TICKS_SECOND);
}

/* Writes the book into the file, which has no name. */
static bool fill(book *k, int fd, char *tmp)
{
    char path[4096], title[] = "shelltree", text[] = "Timeline of a hunt";
    lxw_workbook_options o = { .constant_memory = LXW_TRUE, .tmpdir = tmp, .use_zip64 = LXW_TRUE };
    lxw_doc_properties p = { .title = title, .comments = text, .created = made_at(k) };
    if (!st_os_descriptor_path(fd, path, sizeof path))
        return false;
    k->wb = workbook_new_opt(path, &o);
    if (!k->wb)
        return false;
    workbook_set_properties(k->wb, &p);
    if (!make_formats(k)) {
        workbook_close(k->wb);
        return false;
    }
    put_summary(k);
    put_hosts(k);
    put_incidents(k);
    put_timeline(k);
    put_gaps(k);
    return workbook_close(k->wb) == LXW_NO_ERROR && !k->text.failed && !k->cell.failed;
}

static void copy(st_out *o, int fd)
{
    char piece[65536];
    ssize_t n = 1;
    if (lseek(fd, 0, SEEK_SET) < 0)
        n = -1;
    while (n > 0 && !o->error) {
        n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            st_out_put(o, piece, (size_t)n);
    }
    if (n < 0 && !o->error)
        o->error = errno ? errno : EIO;
}

/* A file without a name; -1: none can be made there. */
static int nameless(const char *tmp)
{
    char path[4096];
    int fd = open(tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || snprintf(path, sizeof path, "%s/shelltree-XXXXXX", tmp) >= (int)sizeof path)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

void st_write_xlsx(st_out *o, const st_case *c, const st_report_options *ro,
                   const st_run_info *info)
{
    char tmp[4096];
    book k = { .c = c, .ro = ro, .info = info };
    snprintf(tmp, sizeof tmp, "%s", ro->tmp ? ro->tmp : "/tmp");
    bool ok = st_answer_make(&k.a, c);
    ok = st_groups_make(&k.g, c) && ok;
    int fd = ok ? nameless(tmp) : -1;
    if (!ok)
        o->buf.failed = true;
    else if (fd < 0 || !fill(&k, fd, tmp))
        o->error = o->error ? o->error : errno ? errno : EIO;
    else
        copy(o, fd);
    if (fd >= 0)
        close(fd);
    st_out_tick(o);
    st_answer_free(&k.a);
    st_groups_free(&k.g);
    st_buf_free(&k.text);
    st_buf_free(&k.cell);
}
