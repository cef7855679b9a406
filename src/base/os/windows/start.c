/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - before main (the linker puts __wrap_main in its place): arguments become UTF-8, those
 * with
 * * or ? in their last name the names they stand for, since no shell does that here; streams are
 * binary; the console takes UTF-8 and colours, and gets back what it had.
 */
#include "room.h"

#include <io.h>
#include <shellapi.h>

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

typedef struct arguments {
    char **p;
    size_t n, cap;
} arguments;

static char *utf8(const wchar_t *w)
{
    int n = WideCharToMultiByte(CP_UTF8, 0, w, -1, NULL, 0, NULL, NULL);
    char *s = n > 0 ? malloc((size_t)n) : NULL;
    if (s)
        WideCharToMultiByte(CP_UTF8, 0, w, -1, s, n, NULL, NULL);
    return s;
}

static bool add(arguments *a, char *s)
{
    if (a->n + 2 > a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 64;
        char **p = realloc(a->p, cap * sizeof *p);
        if (!p)
            return false;
        a->p = p;
        a->cap = cap;
    }
    a->p[a->n++] = s;
    a->p[a->n] = NULL;
    return s != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names that a pattern stands for; none: it stays as it is. */
static bool expand(arguments *a, const wchar_t *pattern)
{
    size_t before = a->n, folder = 0;
    WIN32_FIND_DATAW found;
    for (size_t i = 0; pattern[i]; i++)
        if (pattern[i] == L'/' || pattern[i] == L'\\' || pattern[i] == L':')
            folder = i + 1;
    HANDLE h =
        wcspbrk(pattern + folder, L"*?") ? FindFirstFileW(pattern, &found) : INVALID_HANDLE_VALUE;
    if (h == INVALID_HANDLE_VALUE)
        return add(a, utf8(pattern));
    bool ok = true;
    do {
        wchar_t path[ST_OS_PATH];
        if (found.cFileName[0] == L'.' || folder + wcslen(found.cFileName) >= ST_OS_PATH)
            continue;
        memcpy(path, pattern, folder * sizeof *path);
        wcscpy(path + folder, found.cFileName);
        ok = add(a, utf8(path));
    } while (ok && FindNextFileW(h, &found));
    FindClose(h);
    qsort(a->p + before, a->n - before, sizeof *a->p, by_name);
    return ok && (a->n > before || add(a, utf8(pattern)));
}

/* Variables that name folders, as UTF-8; where temporary files go has one name in the house. */
static void environment(void)
{
    static const wchar_t *const NAMES[] = { L"SHELLTREE_RULES", L"TMPDIR", L"TEMP" };
    static const char *const TO[] = { "SHELLTREE_RULES", "TMPDIR", "TMPDIR" };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const wchar_t *value = _wgetenv(NAMES[i]);
        char *s = value ? utf8(value) : NULL;
        if (s && !(i == 2 && getenv("TMPDIR")))
            _putenv_s(TO[i], s);
        free(s);
    }
    setenv("TERM", "xterm", 0); /* a console of Windows 10 draws as one */
}

static struct {
    UINT page;
    DWORD mode;
    HANDLE out;
} console;

static void leave_console(void)
{
    st_os_sweep();
    if (!console.out)
        return;
    SetConsoleOutputCP(console.page);
    SetConsoleMode(console.out, console.mode);
}

static void enter_console(void)
{
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    if (GetConsoleMode(out, &console.mode)) {
        console.out = out;
        console.page = GetConsoleOutputCP();
        SetConsoleOutputCP(CP_UTF8);
        if (!SetConsoleMode(out, console.mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING))
            setenv("NO_COLOR", "1", 0); /* one that draws no colours would show their codes */
    }
    atexit(leave_console);
}

int __wrap_main(int argc, char **argv)
{
    arguments a = { 0 };
    int n = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
    (void)argc;
    (void)argv;
    for (int fd = 0; fd < 3; fd++)
        _setmode(fd, _O_BINARY);
    if (!wide)
        return 2;
    for (int i = 0; i < n; i++)
        if (!expand(&a, wide[i]))
            return 2;
    LocalFree(wide);
    environment();
    enter_console();
    return __real_main((int)a.n, a.p);
}
