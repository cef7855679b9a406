/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreign.c - words that authors bring along: from SQL and other query languages, and from the
 * names that Defender's tables had before 2020. What to write instead.
 */
#include "rules/text/diag.h"
#include "rules/kql/syntax/foreign.h"

typedef struct foreign {
    const char *word, *here;
} foreign;

static const foreign operators[] = {
    { "select", "project" },
    { "fields", "project" },
    { "table", "project" },
    { "eval", "extend" },
    { "rename", "project-rename" },
    { "groupby", "summarize ... by" },
    { "group", "summarize ... by" },
    { "stats", "summarize" },
    { "head", "take" },
    { "orderby", "order by" },
    { "sortby", "sort by" },
    { "dedup", "distinct" },
    { "unique", "distinct" },
    { "project-out", "project-away" },
    { "drop", "project-away" },
    { "remove", "project-away" },
    { "filter", "where" },
    { "include", "where" },
    { "expand", "mv-expand" },
    { "mvexpand", "mv-expand" },
    { "append", "union" },
    { "add", "extend" },
    { "columns", "project" },
    { "uniq", "distinct" },
    { "rex", "extend ... = extract(...)" },
    { "having", "where" },
};

static const foreign functions[] = {
    { "lower", "tolower" },
    { "upper", "toupper" },
    { "len", "strlen" },
    { "length", "strlen" },
    { "concat", "strcat" },
    { "substr", "substring" },
    { "if", "iff" },
    { "ifnull", "coalesce" },
    { "nvl", "coalesce" },
    { "dateadd", "datetime_add" },
    { "datediff", "datetime_diff" },
    { "date_diff", "datetime_diff" },
    { "regex_extract", "extract" },
    { "json_extract", "extract_json" },
    { "median", "percentile" },
    { "average", "avg" },
    { "mean", "avg" },
    { "distinct_count", "dcount" },
    { "array_agg", "make_list" },
    { "first", "take_any" },
    { "contains", "the operator contains" },
};

static const foreign tables[] = {
    { "ProcessCreationEvents", "DeviceProcessEvents" },
    { "NetworkCommunicationEvents", "DeviceNetworkEvents" },
    { "FileCreationEvents", "DeviceFileEvents" },
    { "RegistryEvents", "DeviceRegistryEvents" },
    { "ImageLoadEvents", "DeviceImageLoadEvents" },
    { "LogonEvents", "DeviceLogonEvents" },
    { "MiscEvents", "DeviceEvents" },
    { "MachineInfo", "DeviceInfo" },
    { "MachineNetworkInfo", "DeviceNetworkInfo" },
};

static const foreign columns[] = {
    { "EventTime", "Timestamp" },
    { "MachineId", "DeviceId" },
    { "UtcTime", "Timestamp" },
    { "CommandLine", "ProcessCommandLine" },
    { "ParentImage", "InitiatingProcessFolderPath" },
    { "ParentCommandLine", "InitiatingProcessCommandLine" },
    { "Image", "FolderPath" },
    { "Computer", "DeviceName" },
};

#define FOREIGN(table)                         \
    {                                          \
        table, sizeof(table) / sizeof *(table) \
    }

const char *st_kql_foreign(st_foreign_kind kind, st_str word)
{
    static const struct {
        const foreign *words;
        size_t n;
    } kinds[] = { [ST_FOREIGN_OPERATOR] = FOREIGN(operators),
                  [ST_FOREIGN_FUNCTION] = FOREIGN(functions),
                  [ST_FOREIGN_TABLE] = FOREIGN(tables),
                  [ST_FOREIGN_COLUMN] = FOREIGN(columns) };
    for (size_t i = 0; i < kinds[kind].n; i++)
        if (st_str_ieq(word, st_str_of(kinds[kind].words[i].word)))
            return kinds[kind].words[i].here;
    return NULL;
}
