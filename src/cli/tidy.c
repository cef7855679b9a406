/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tidy.c - what is half written goes when the run is interrupted.
 *
 * The signals that end a run are blocked everywhere and waited for by one thread, which may
 * then call what it likes: it removes the temporary file or folder and lets the signal do
 * what it would have done. A signal that was ignored from the start stays so.
 */
#include "cli.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct st_tidy {
    pthread_mutex_t lock;
    pthread_t watcher;
    sigset_t signals, before;
    char *path; /* what is to go; NULL: nothing */
    bool done;
    int wake; /* one of the signals: ends the wait when done */
};

/* The files of a folder below `in`, and the folder itself. */
static void remove_folder(int in, const char *name)
{
    int fd = openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        unlinkat(fd, e->d_name, 0);
    closedir(d);
    unlinkat(in, name, AT_REMOVEDIR);
}

/* Temporary folders hold files, and folders of files. */
void st_tidy_remove(const char *path)
{
    DIR *d = opendir(path);
    if (!d) {
        unlink(path);
        return;
    }
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        if (unlinkat(dirfd(d), e->d_name, 0) != 0 && strcmp(e->d_name, ".") != 0 &&
            strcmp(e->d_name, "..") != 0)
            remove_folder(dirfd(d), e->d_name);
    closedir(d);
    rmdir(path);
}

/* Unless all is done, keeps the lock: nothing may be put in place any more. */
static void *watch(void *arg)
{
    st_tidy *t = arg;
    sigset_t this;
    int number = 0;
    while (sigwait(&t->signals, &number) != 0)
        continue;
    pthread_mutex_lock(&t->lock);
    if (t->done) {
        pthread_mutex_unlock(&t->lock);
        return NULL;
    }
    if (t->path)
        st_tidy_remove(t->path);
    signal(number, SIG_DFL);
    sigemptyset(&this);
    sigaddset(&this, number);
    pthread_sigmask(SIG_UNBLOCK, &this, NULL);
    raise(number);
    _exit(ST_EXIT_CANNOT);
}

st_tidy *st_tidy_new(void)
{
    static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
    st_tidy *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    sigemptyset(&t->signals);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction now;
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
            sigaddset(&t->signals, ends[i]);
            t->wake = ends[i];
        }
    }
    if (!t->wake) {
        free(t);
        return NULL;
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_sigmask(SIG_BLOCK, &t->signals, &t->before);
    if (pthread_create(&t->watcher, NULL, watch, t) == 0)
        return t;
    pthread_sigmask(SIG_SETMASK, &t->before, NULL);
    pthread_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}

void st_tidy_note(st_tidy *t, const char *path)
{
    if (!t)
        return;
    char *copy = path ? strdup(path) : NULL;
    pthread_mutex_lock(&t->lock);
    free(t->path);
    t->path = copy;
    pthread_mutex_unlock(&t->lock);
}

void st_tidy_free(st_tidy *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->done = true;
    pthread_mutex_unlock(&t->lock);
    pthread_kill(t->watcher, t->wake);
    pthread_join(t->watcher, NULL);
    pthread_sigmask(SIG_SETMASK, &t->before, NULL);
    pthread_mutex_destroy(&t->lock);
    free(t->path);
    free(t);
}
