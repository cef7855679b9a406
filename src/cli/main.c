/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - which verb, and the exit status. */
#include "cli.h"

#include "shelltree/verify.h"
#include "base/limits.h"
#include "base/os/os.h"
#include "base/suggest.h"
#include "cli/heap.h"
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

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

static int flushed(void)
{
    return fflush(stdout) == 0 ? ST_EXIT_OK : ST_EXIT_CANNOT;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* The verb of that name; NULL: there is none, which was said with the nearest. */
static const st_verb *named(const char *name)
{
    const st_verb *verb = st_verb_find(name);
    st_suggest g = { .want = st_str_of(name) };
    if (verb)
        return verb;
    for (size_t i = 0; st_verb_at(i); i++)
        st_suggest_offer(&g, st_str_of(st_verb_at(i)->name));
    if (g.best.p)
        st_complain("%s: no such verb; did you mean %.*s?", name, ST_FMT(g.best));
    else if (access(name, F_OK) == 0)
        st_complain("%s: no verb in front of it; did you mean shelltree hunt %s?", name, name);
    else
        st_complain("%s: no such verb; shelltree --help lists them", name);
    return NULL;
}

/* `help` or `help VERB`. */
static int help(int argc, char **argv)
{
    if (argc < 3 || is_one_of(argv[2], "-h", "--help")) {
        usage(stdout);
        return flushed();
    }
    const st_verb *verb = named(argv[2]);
    if (!verb)
        return ST_EXIT_CANNOT;
    return st_options_help(stdout, verb) ? flushed() : ST_EXIT_CANNOT;
}

static int version(void)
{
    const char *second = st_second_reader_version();
    printf("shelltree " VERSION "\nreaders: its own%s%s; libraries: " ST_LINKED "\nbars: %s\n",
           second ? ", libevtx " : ", and no second one in this build", second ? second : "",
           st_os_bars());
    return flushed();
}

/* The verb, moved in front of the options that stand before it. NULL: nothing is to be run, and
 * *status is what to end with. */
static const st_verb *verb_of(int argc, char **argv, int *status)
{
    int at = st_options_verb(argc, argv);
    *status = ST_EXIT_CANNOT;
    for (int i = 1; i < (at ? at : argc); i++) {
        if (is_one_of(argv[i], "-V", "--version")) {
            *status = version();
            return NULL;
        }
        if (!at && is_one_of(argv[i], "-h", "--help")) {
            usage(stdout);
            *status = flushed();
            return NULL;
        }
    }
    if (!at) {
        st_complain("no verb; shelltree --help lists them");
        return NULL;
    }
    if (strcmp(argv[at], "help") == 0) {
        *status = help(argc - at + 1, argv + at - 1);
        return NULL;
    }
    char *word = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = word;
    return named(word);
}

int main(int argc, char **argv)
{
    if (!hold_streams())
        return ST_EXIT_CANNOT;
    st_heap_begin();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error like a full disk */
    /* Only what letters are: numbers, times and order never follow the locale. */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return ST_EXIT_CANNOT;
    }
    int status;
    const st_verb *verb = verb_of(argc, argv, &status);
    if (!verb)
        return status;
    st_config c = { .verb = verb,
                    .scope = ST_SCOPE_INCIDENT,
                    .pid = ST_NO_U32,
                    .pager = { .fd = -1 },
                    .archive_depth = ST_ARCHIVE_DEPTH };
    st_err e = { 0 };
    if (st_options_parse(&c, argc - 1, argv + 1, &e) != ST_OK) {
        status = st_cannot(&e);
    } else if (c.help) {
        status = st_options_help(stdout, verb) ? flushed() : ST_EXIT_CANNOT;
    } else {
        st_pager_prepare(&c);
        st_give_up_rights(&c);
        if (st_output_target(&c) != ST_TO_STDOUT) {
            c.tidy = st_tidy_new();
            signal(SIGPIPE, SIG_IGN); /* a pager that ends must not end the writing of files */
        }
        status = verb->run(&c);
        st_pager_end(&c);
        if (st_heap_spilled())
            st_say(&c, "--memory: at most %llu MiB lay in a temporary file",
                   (unsigned long long)(st_heap_spilled() + MIB - 1) / MIB);
        if (st_heap_full()) {
            st_complain("--memory: what is more found no room in the folder of temporary files "
                        "(%s); name one with more with --tmp",
                        strerror(st_heap_full()));
            status = ST_EXIT_CANNOT;
        }
        st_tidy_free(c.tidy);
    }
    st_config_free(&c);
    return status;
}
