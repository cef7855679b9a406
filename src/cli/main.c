/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - which verb, and the exit status. */
#include "cli.h"
#include "base/limits.h"
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void usage(FILE *to)
{
    fputs("Usage: shelltree VERB [options] EVIDENCE...\n"
          "Reads collected Windows event logs (Sysmon), rebuilds each host's process tree, and "
          "hunts in it.\n\n"
          "Verbs:\n",
          to);
    for (size_t i = 0; st_verb_at(i); i++)
        fprintf(to, "  %-8s %s\n", st_verb_at(i)->name, st_verb_at(i)->summary);
    fputs("\n"
          "EVIDENCE is a file, a directory, or - for one log on standard input.\n"
          "shelltree VERB --help tells a verb's options; man shelltree tells the rest.\n"
          "Exit status: 0 all read; 1 findings, with --exit-code; 2 it could not run;\n"
          "3 some evidence could not be read in full; 4 verify: a difference is not explained.\n",
          to);
}

/* A standard stream that is closed is opened the wrong way round, so that its use fails and no
 * file of ours ever gets its number: messages would end up in the results. */
static bool hold_streams(void)
{
    static const int modes[] = { O_WRONLY, O_RDONLY, O_WRONLY };
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!hold_streams())
        return ST_EXIT_CANNOT;
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error like a full disk */
    /* Only what letters are: numbers, times and order never follow the locale. */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return ST_EXIT_CANNOT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return fflush(stdout) == 0 ? ST_EXIT_OK : ST_EXIT_CANNOT;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("shelltree " VERSION);
        return fflush(stdout) == 0 ? ST_EXIT_OK : ST_EXIT_CANNOT;
    }
    const st_verb *verb = st_verb_find(argv[1]);
    if (!verb) {
        st_complain("%s: no such verb; shelltree --help lists them", argv[1]);
        return ST_EXIT_CANNOT;
    }
    st_config c = { .verb = verb,
                    .scope = ST_SCOPE_INCIDENT,
                    .pid = ST_NO_U32,
                    .pager = { .fd = -1 },
                    .archive_depth = ST_ARCHIVE_DEPTH };
    st_err e = { 0 };
    int status;
    if (st_options_parse(&c, argc - 1, argv + 1, &e) != ST_OK) {
        status = st_cannot(&e);
    } else if (c.help) {
        st_options_help(stdout, verb);
        status = fflush(stdout) == 0 ? ST_EXIT_OK : ST_EXIT_CANNOT;
    } else {
        st_pager_prepare(&c);
        st_give_up_rights(&c);
        if (st_output_target(&c) != ST_TO_STDOUT) {
            c.tidy = st_tidy_new();
            signal(SIGPIPE, SIG_IGN); /* a pager that ends must not end the writing of files */
        }
        status = verb->run(&c);
        st_pager_end(&c);
        st_tidy_free(c.tidy);
    }
    st_config_free(&c);
    return status;
}
