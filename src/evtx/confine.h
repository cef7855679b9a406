/*
 * confine.h - what a child process that parses hostile bytes may still do. Private to src/evtx.
 */
#ifndef ST_EVTX_CONFINE_H
#define ST_EVTX_CONFINE_H

/* Makes fd the process's only descriptor, number 0, and takes from it all that it doesn't need to
 * compute: new files, sockets, processes, memory beyond a bound, code that isn't there yet.
 * Whatever the kernel doesn't offer is left out. */
void st_confine(int fd);

#endif
