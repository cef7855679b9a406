/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pager.c - text on a terminal goes through a pager, as git's does: the program of SHELLTREE_PAGER
 * or PAGER, else less, which is told to end by itself where all fits on the screen.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

static bool wanted(const st_config *c)
{
    const unsigned drawn = ST_VERB_HUNT | ST_VERB_TREE;
    return !c->no_pager && (c->verb->bit & drawn) && st_output_target(c) == ST_TO_STDOUT &&
           (!c->format || strcmp(c->format, "text") == 0) && isatty(STDOUT_FILENO) && program();
}

/* In the child: waits for the first byte, then is the pager. None came: there is nothing to show.
 */
static void become(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        ;
    if (!(p.revents & POLLIN) || dup2(fd, STDIN_FILENO) < 0)
        _exit(0);
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    execl("/bin/sh", "sh", "-c", program(), (char *)NULL);
    _exit(127);
}

void st_pager_prepare(st_config *c)
{
    int ends[2];
    c->pager = (st_pager){ .fd = -1 };
    if (!wanted(c) || pipe2(ends, O_CLOEXEC) != 0)
        return;
    c->pager.child = fork();
    if (c->pager.child == 0) {
        close(ends[1]);
        become(ends[0]);
    }
    close(ends[0]);
    if (c->pager.child > 0)
        c->pager.fd = ends[1];
    else
        close(ends[1]);
}

void st_pager_end(st_config *c)
{
    if (c->pager.fd < 0)
        return;
    close(c->pager.fd);
    c->pager.fd = -1;
    while (waitpid(c->pager.child, NULL, 0) < 0 && errno == EINTR)
        ;
}
