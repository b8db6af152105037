#include "proxy/headroom.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

enum { MEASURE_MS = 20, TEXT_BYTES = 8192 };

static struct {
    int statm, max, current, stat; /* of /proc/self and of the group; -1 */
    uint64_t measured_ms;
    bool is_short;
} room = {-1, -1, -1, -1, 0, false};

static int open_file(const char *folder, const char *name)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s", folder, name);
    int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    buf_free(&path);
    return fd;
}

/* "0::/system.slice/promptgate.service" (cgroups(7)) */
static void open_group(const char *root)
{
    struct buf path = {0}, text = {0};
    buf_printf(&path, "%s/proc/self/cgroup", root);
    struct str line = STR_NONE;
    if (file_load(buf_cstr(&path), TEXT_BYTES, &text) == OK) {
        struct str rest = buf_str(&text);
        while (str_split(&rest, '\n', &line) && !str_starts(line, "0::"))
            ;
    }
    buf_clear(&path);
    if (str_starts(line, "0::")) {
        buf_printf(&path, "%s/sys/fs/cgroup%.*s", root,
            STR_ARG(str_sub(line, 3, line.n)));
        room.max = open_file(buf_cstr(&path), "memory.max");
        room.current = open_file(buf_cstr(&path), "memory.current");
        room.stat = open_file(buf_cstr(&path), "memory.stat");
    }
    buf_free(&path);
    buf_free(&text);
}

void headroom_open(const char *root)
{
    struct buf path = {0};
    buf_printf(&path, "%s/proc/self", root);
    room.statm = open_file(buf_cstr(&path), "statm");
    buf_free(&path);
    open_group(root);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void headroom_close(void)
{
    close_fd(&room.statm);
    close_fd(&room.max);
    close_fd(&room.current);
    close_fd(&room.stat);
    room.is_short = false;
    room.measured_ms = 0;
}

/* Such files are made anew for each read from their start. */
static struct str read_text(int fd, char *bytes)
{
    ssize_t n = fd < 0 ? -1 : pread(fd, bytes, TEXT_BYTES, 0);
    return n < 0 ? STR_NONE : str_make(bytes, (size_t)n);
}

/* "max" and what is no number: none. */
static bool first_number(struct str text, uint64_t *out)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return str_to_u64(str_sub(text, 0, n), out) == OK;
}

uint64_t headroom_group_bytes(struct str current, struct str stat)
{
    static const char key[] = "inactive_file ";
    uint64_t used = 0, files = 0;
    struct str line;
    if (!first_number(current, &used))
        return 0;
    while (str_split(&stat, '\n', &line))
        if (str_starts(line, key))
            (void)first_number(str_sub(line, sizeof key - 1, line.n), &files);
    return used > files ? used - files : 0;
}

static bool is_near(const char *what, uint64_t used, uint64_t limit)
{
    bool is_short = used > limit - limit / 8;
    if (is_short && !room.is_short)
        log_event(LOG_WARN, "memory.short", LOG_CSTR("limit", what),
            LOG_INT("used", used), LOG_INT("of", limit));
    return is_short;
}

static bool is_near_own(void)
{
    struct rlimit limit;
    char bytes[TEXT_BYTES];
    uint64_t pages;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        !first_number(read_text(room.statm, bytes), &pages))
        return false;
    return is_near("process", pages * (uint64_t)sysconf(_SC_PAGESIZE),
        (uint64_t)limit.rlim_cur);
}

static bool is_near_groups(void)
{
    char max[TEXT_BYTES], current[TEXT_BYTES], stat[TEXT_BYTES];
    uint64_t limit;
    if (!first_number(read_text(room.max, max), &limit))
        return false;
    return is_near("group",
        headroom_group_bytes(
            read_text(room.current, current), read_text(room.stat, stat)),
        limit);
}

bool headroom_is_short(uint64_t now_ms)
{
    if (room.measured_ms != 0 && now_ms - room.measured_ms < MEASURE_MS)
        return room.is_short;
    room.measured_ms = now_ms;
    bool is_short = is_near_own() || is_near_groups();
    if (room.is_short && !is_short)
        log_event(LOG_INFO, "memory.enough");
    room.is_short = is_short;
    return is_short;
}
