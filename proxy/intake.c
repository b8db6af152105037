/*
 * See proxy/intake.h.  Paths of sockets are short (108 bytes) and data folders
 * need not be: so by the folder's descriptor.
 */
#include "proxy/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "proxy/chan.h"
#include "proxy/first.h"
#include "store/storer.h"

enum { BACKLOG = 8 };

static const char NAME[] = "intake";

static int open_folder(const char *folder, struct sockaddr_un *address)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s",
        fd, NAME);
    return fd;
}

enum err intake_listen(const char *store_dir, int *fd_out)
{
    struct sockaddr_un address;
    int folder = open_folder(store_dir, &address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_good = folder >= 0 && fd >= 0 &&
                   (unlinkat(folder, NAME, 0) == 0 || errno == ENOENT);
    mode_t before = umask(0177);
    is_good = is_good &&
              bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(fd, BACKLOG) == 0;
    int why = errno;
    umask(before);
    if (folder >= 0)
        close(folder);
    if (!is_good && fd >= 0)
        close(fd);
    errno = why;
    *fd_out = is_good ? fd : -1;
    return is_good ? OK : ERR_IO;
}

bool intake_is_welcome(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static bool connect_to(const char *store_dir, int *fd_out)
{
    struct sockaddr_un address;
    int folder = open_folder(store_dir, &address);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool is_good =
        folder >= 0 && fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (folder >= 0)
        close(folder);
    if (!is_good && fd >= 0)
        close(fd);
    *fd_out = is_good ? fd : -1;
    return is_good;
}

/* ---- a storer of our own ---- */

struct line {
    int fd;
    bool is_broken;
};

static void emit(void *context, unsigned peer, struct str answer)
{
    struct line *line = context;
    (void)peer;
    if (send(line->fd, answer.p, answer.n, MSG_NOSIGNAL) < 0)
        line->is_broken = true;
}

/* One datagram and the descriptor with it; false: the other end has closed. */
static bool take_datagram(struct storer *storer, int fd)
{
    static char bytes[CHAN_DATAGRAM_MAX];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control};
    int memfd = -1;
    ssize_t n;
    do
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c != NULL && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&memfd, CMSG_DATA(c), sizeof memfd);
    storer_handle(storer, 0, STORER_COMMAND, str_make(bytes, (size_t)n), memfd);
    return true;
}

static int serve(const struct settings *s, struct alert_rules *alerts, int fd)
{
    struct storer_options options = {s->store_dir, s->fsync_group,
        s->retention_days, s->retention_bytes, s->timeout_file, alerts};
    struct storer *storer;
    struct line line = {fd, false};
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (storer_open(&options, &storer) != OK)
        return 1;
    storer_begin(storer, NULL, 0);
    while (!line.is_broken && take_datagram(storer, fd)) {
        struct pollfd more = {.fd = fd, .events = POLLIN};
        while (poll(&more, 1, 0) > 0 && (more.revents & POLLIN) != 0)
            if (!take_datagram(storer, fd))
                break;
        storer_commit(storer, emit, &line);
    }
    storer_close(&storer);
    return 0;
}

/* ---- opening and closing ---- */

static enum err start_storer(const struct settings *settings,
    struct alert_rules *alerts, struct intake *intake)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_IO;
    pid_t child = fork();
    if (child == 0) {
        close(pair[0]);
        _exit(serve(settings, alerts, pair[1]));
    }
    close(pair[1]);
    intake->fd = pair[0];
    intake->child = child;
    return child > 0 ? OK : ERR_IO;
}

enum err intake_open(const struct settings *settings,
    struct alert_rules *alerts, struct intake *intake)
{
    struct run_user user;
    *intake = (struct intake){.fd = -1, .lock = -1};
    enum err err = first_user(settings->run_as, &user);
    if (err != OK)
        return err;
    if (connect_to(settings->store_dir.p, &intake->fd))
        return first_become(&user);
    err = first_data_dir(settings, &user, &intake->lock);
    if (err == OK)
        err = first_become(&user);
    if (err == OK)
        err = start_storer(settings, alerts, intake);
    return err;
}

enum err intake_close(struct intake *intake)
{
    int status = 0;
    if (intake->child > 0 &&
        (waitpid(intake->child, &status, 0) != intake->child || status != 0))
        status = -1;
    if (intake->lock >= 0)
        close(intake->lock);
    *intake = (struct intake){.fd = -1, .lock = -1};
    return status == 0 ? OK : ERR_IO;
}
