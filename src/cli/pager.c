/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pager.c - text on a terminal goes through a pager, as git's does: the program of SHELLTREE_PAGER
 * or PAGER, else less, which is told to end by itself where all fits on the screen.
 */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program(void)
{
    const char *own = getenv("SHELLTREE_PAGER"), *usual = getenv("PAGER");
    const char *p = own ? own : usual && *usual ? usual : "less";
    return *p && strcmp(p, "cat") != 0 ? p : NULL;
}

bool st_pager_wanted(const st_config *c)
{
    const unsigned drawn = ST_VERB_HUNT | ST_VERB_TREE;
    const st_format *f = st_output_format(c);
    return !c->no_pager && (c->verb->bit & drawn) && f && f->id == ST_F_TEXT &&
           st_output_target(c) == ST_TO_STDOUT && isatty(STDOUT_FILENO) && program();
}

/* In the child: the pager, reading from fd. */
static void become(int fd)
{
    if (dup2(fd, STDIN_FILENO) < 0)
        _exit(127);
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    execl("/bin/sh", "sh", "-c", program(), (char *)NULL);
    _exit(127);
}

bool st_pager_start(st_pager *p)
{
    int ends[2];
    *p = (st_pager){ .fd = -1 };
    if (pipe(ends) != 0)
        return false;
    p->child = fork();
    if (p->child == 0) {
        close(ends[1]);
        become(ends[0]);
    }
    close(ends[0]);
    if (p->child < 0) {
        close(ends[1]);
        return false;
    }
    p->fd = ends[1];
    p->before = signal(SIGPIPE, SIG_IGN); /* who leaves the pager early has read enough */
    return true;
}

void st_pager_end(st_pager *p)
{
    close(p->fd);
    while (waitpid(p->child, NULL, 0) < 0 && errno == EINTR)
        ;
    signal(SIGPIPE, p->before);
}
