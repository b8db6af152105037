#include "proxy/spawn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"

/* Above every number that a role uses. */
enum { NUMBER_BYTES = 24, ARGUMENTS_MAX = 20 };

struct arguments {
    char *argv[ARGUMENTS_MAX];
    char numbers[ARGUMENTS_MAX][NUMBER_BYTES];
    size_t count;
};

static void add_word(struct arguments *a, const char *word)
{
    a->argv[a->count++] = (char *)(uintptr_t)word;
}

static void add_number(struct arguments *a, const char *name, uint64_t value)
{
    if (name != NULL)
        add_word(a, name);
    char *text = a->numbers[a->count];
    snprintf(text, NUMBER_BYTES, "%" PRIu64, value);
    add_word(a, text);
}

static void make_arguments(const struct spawn *s, struct arguments *a)
{
    *a = (struct arguments){0};
    add_word(a, "promptgate");
    add_word(a, "role");
    add_word(a, role_kind_name(s->kind));
    add_number(a, NULL, s->index);
    add_number(a, "--slot", s->slot);
    add_number(a, "--origin", s->origin);
    add_number(a, "--listen", s->listen_count);
    add_number(a, "--metrics", s->metrics_count);
    if (s->user.is_set) {
        add_number(a, "--uid", s->user.uid);
        add_number(a, "--gid", s->user.gid);
    }
}

/* First out of the way of the numbers to come, then to their places. */
static int place(
    const int *from, int *moved, size_t count, int null_fd, size_t all)
{
    int first_free = ROLE_FD_CONTROL + (int)all;
    for (size_t i = 0; i < count; i++) {
        int fd = from[i] >= 0 ? from[i] : null_fd;
        moved[i] = fcntl(fd, F_DUPFD, first_free);
        if (moved[i] < 0)
            return -1;
    }
    return 0;
}

static int settle(const int *moved, size_t count, int first)
{
    for (size_t i = 0; i < count; i++)
        if (dup2(moved[i], first + (int)i) < 0)
            return -1;
    return 0;
}

/* In the child. Returns only when something failed. */
static void become_role(const struct spawn *s, char **argv)
{
    int moved[SPAWN_FDS + ROLE_LISTEN_MAX];
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    size_t n = SPAWN_FDS, listening = s->listen_count + s->metrics_count;
    size_t all = n + listening;
    if (null_fd < 0 || listening > ROLE_LISTEN_MAX ||
        place(s->fds, moved, SPAWN_FDS, null_fd, all) != 0 ||
        place(s->listen_fds, moved + n, s->listen_count, null_fd, all) != 0)
        return;
    n += s->listen_count;
    if (place(s->metrics_fds, moved + n, s->metrics_count, null_fd, all) != 0)
        return;
    n += s->metrics_count;
    if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        settle(moved, n, ROLE_FD_CONTROL) != 0 ||
        close_range((unsigned)ROLE_FD_CONTROL + (unsigned)n, ~0u, 0) != 0)
        return;
    execv("/proc/self/exe", argv);
}

enum err spawn_role(const struct spawn *spawn, pid_t *pid_out)
{
    struct arguments *arguments = MEM_NEW(struct arguments);
    make_arguments(spawn, arguments);
    pid_t pid = fork();
    if (pid == 0) {
        become_role(spawn, arguments->argv);
        _exit(3);
    }
    mem_free(arguments);
    *pid_out = pid;
    return pid > 0 ? OK : ERR_IO;
}
