/* A clock that is so many seconds wrong as the file DUOLOGUE_CLOCK says, a text such as "-3600".

   Only what tells the time of day; no sleep, no timer and no monotonic clock: as on a machine whose
   clock is set. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int (*clock_gettime_t)(clockid_t, struct timespec *);

static long seconds_wrong(void) {
    const char *file = getenv("DUOLOGUE_CLOCK");
    long seconds = 0;
    FILE *opened = file ? fopen(file, "re") : NULL;
    if (opened) {
        if (fscanf(opened, "%ld", &seconds) != 1) seconds = 0;
        fclose(opened);
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static clock_gettime_t real;
    if (!real) real = (clock_gettime_t)dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += seconds_wrong();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    (void)zone;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *result) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (result) *result = precise.tv_sec;
    return precise.tv_sec;
}
