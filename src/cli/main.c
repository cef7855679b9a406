/* main.c - which verb, and the exit status. */
#include "cli.h"
#include "config.h"

#include <locale.h>
#include <string.h>

static void usage(FILE *to)
{
    fputs("Usage: shelltree VERB [options] EVIDENCE...\n"
          "Reads collected Windows event logs (Sysmon), rebuilds each host's process tree, and hunts in it.\n\n"
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

int main(int argc, char **argv)
{
    /* Only what letters are: numbers, times and order never follow the locale. */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return ST_EXIT_CANNOT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
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
    st_config c = { .verb = verb, .scope = ST_SCOPE_INCIDENT, .pid = ST_NO_U32 };
    st_err e = { 0 };
    int status;
    if (st_options_parse(&c, argc - 1, argv + 1, &e) != ST_OK) {
        status = st_cannot(&e);
    } else if (c.help) {
        st_options_help(stdout, verb);
        status = fflush(stdout) == 0 ? ST_EXIT_OK : ST_EXIT_CANNOT;
    } else {
        status = verb->run(&c);
    }
    st_config_free(&c);
    return status;
}
