/*
 * A wall clock that a test moves: preloaded into the gateway and its roles, it
 * adds the seconds that stand in the file WRONG_CLOCK (an int64_t, mapped) to
 * every reading of CLOCK_REALTIME.  The monotonic clock stays true, as it does
 * when somebody sets a machine's clock.  (F53)
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_s;
static int (*true_gettime)(clockid_t, struct timespec *);

/* Before the sandbox closes files. */
__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("WRONG_CLOCK");
    *(void **)&true_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *offset_s, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        offset_s = map;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (true_gettime == NULL)
        *(void **)&true_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int result = true_gettime(id, t);
    if (result == 0 && offset_s != NULL &&
        (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        t->tv_sec += (time_t)*offset_s;
    return result;
}

time_t time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out != NULL)
        *out = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    out->tv_sec = t.tv_sec;
    out->tv_usec = t.tv_nsec / 1000;
    return 0;
}
