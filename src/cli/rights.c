/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.c - what the program gives up before it reads evidence. What is written goes beside -o's
 * path first and is renamed, so the directory that holds it is the one that stays writable, beside
 * that of temporary files.
 */
#include "cli.h"

#include "shelltree/verify.h"
#include "base/confine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The directory that a path's last name is in. */
static bool directory_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash)
        return snprintf(out, PATH_MAX, ".") > 0;
    return snprintf(out, PATH_MAX, "%.*s", (int)(n ? n : 1), path) < PATH_MAX;
}

/* Where what comes out of archives may go: at most three. */
static size_t temporary(const st_config *c, const char **out)
{
    const char *tmpdir = getenv("TMPDIR");
    size_t n = 0;
    if (c->tmp) {
        out[n++] = c->tmp;
        return n;
    }
    if (tmpdir && *tmpdir)
        out[n++] = tmpdir;
    out[n++] = "/var/tmp";
    out[n++] = "/tmp";
    return n;
}

void st_give_up_rights(const st_config *c)
{
    char dir[PATH_MAX];
    const char *writable[5] = { dir, c->output };
    bool any = c->output && st_output_target(c) != ST_TO_STDOUT;
    if (any && !directory_of(c->output, dir))
        return; /* too long a path: opening it fails with words */
    size_t n = any ? 2 : 0;
    n += temporary(c, writable + n);
    unsigned held = st_confine_reader(writable, n);
    if (c->verbose && !(held & ST_HELD_CALLS))
        st_say(
            c,
            "no filter of system calls here (no seccomp): programs and the network aren't barred");
    if (c->verbose && !(held & ST_HELD_FILES))
        st_say(c, "no Landlock here: writing elsewhere than to the output isn't barred");
}

void st_say_unfiltered(const st_config *c)
{
    if (!st_second_reader_filtered())
        st_say(c,
               "libevtx runs without a filter of system calls here (no seccomp): in a process of "
               "its own, with limits of memory, time and files");
}
