/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - runs a fuzz target over files, without a fuzzer: every seed and every input
 * that ever crashed is part of the tests. Fails when a folder has no file.
 *
 *     replay_TARGET [FOLDER...]
 *
 * With no folder named it is $srcdir/fuzz/corpus/TARGET.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20 };

static int run_file(const char *path, uint8_t *buf)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t n = fread(buf, 1, LARGEST, f);
    fclose(f);
    LLVMFuzzerTestOneInput(buf, n);
    return 1;
}

static int run_folder(const char *folder, uint8_t *buf)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    int ran = 0;
    while (d && (e = readdir(d))) {
        char path[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        ran += run_file(path, buf);
    }
    if (d)
        closedir(d);
    if (!ran)
        fprintf(stderr, "%s: no inputs\n", folder);
    else
        printf("%s: %d inputs replayed\n", folder, ran);
    return ran;
}

/* The folder that goes with the program's own name, "replay_TARGET". */
static const char *own_folder(const char *program, char *out, size_t n)
{
    const char *srcdir = getenv("srcdir"), *target = strstr(program, "replay_");
    snprintf(out, n, "%s/fuzz/corpus/%s", srcdir ? srcdir : ".",
             target ? target + strlen("replay_") : "");
    return out;
}

int main(int argc, char **argv)
{
    char own[4096];
    uint8_t *buf = malloc(LARGEST);
    int failed = !buf;
    for (int i = 1; i < argc && !failed; i++)
        failed = !run_folder(argv[i], buf);
    if (argc < 2 && !failed)
        failed = !run_folder(own_folder(argv[0], own, sizeof own), buf);
    free(buf);
    return failed;
}
