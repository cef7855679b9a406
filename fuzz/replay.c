/*
 * replay.c - runs a fuzz target over files, without a fuzzer: every seed and every input
 * that ever crashed is part of the tests. Fails when a folder has no file.
 *
 *     replay_TARGET FOLDER...
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

int main(int argc, char **argv)
{
    uint8_t *buf = malloc(LARGEST);
    int failed = argc < 2 || !buf, total = 0;
    for (int i = 1; i < argc && !failed; i++) {
        DIR *d = opendir(argv[i]);
        struct dirent *e;
        int ran = 0;
        while (d && (e = readdir(d))) {
            char path[4096];
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            ran += run_file(path, buf);
        }
        if (d)
            closedir(d);
        if (!ran) {
            fprintf(stderr, "%s: no inputs\n", argv[i]);
            failed = 1;
        }
        total += ran;
    }
    printf("%d inputs replayed\n", total);
    free(buf);
    return failed;
}
