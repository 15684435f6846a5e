/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening side of the control socket.
 *
 * Happy path: the socket becomes readable, accept, check the peer's user id,
 * serve (control_connection.c).
 * Failure: a peer of another user, one too many or one that there is no memory
 * for is closed at once. (libuv's own pipes stop listening when a connection
 * isn't taken, so the listening socket is polled.) Out of descriptors, it
 * stops looking for a moment: the socket stays readable.
 * On close: the listener and all connections close, the socket's file goes;
 * closed() runs when the last handle is gone.
 */
#include "core/control.h"

#include "base/mem.h"
#include "core/control_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 8, BACKLOG = 8, RETRY_MS = 200 };

/*
 * Root and the gateway's own user may do everything but what needs an account
 * or a session of one's own; nobody else gets in.
 */
static bool identify(int fd, struct kw_identity *who)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != 0 && peer.uid != geteuid()))
        return false;
    *who = (struct kw_identity){
        .profile = KW_PROFILE_ADMIN,
        .permissions = (kw_profile_permissions(KW_PROFILE_ADMIN) |
                        kw_profile_permissions(KW_PROFILE_CYBER_SECURITY)) &
                       ~(unsigned)(KW_MAY_SELF | KW_MAY_SESSION),
        .address = "local",
    };
    snprintf(who->user, sizeof(who->user), "local:%u", (unsigned)peer.uid);
    return true;
}

static void on_retry(uv_timer_t *timer);

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kw_control *control = poll->data;
    struct kw_identity who;
    int fd, err;

    (void)status; /* of a listening socket: accept tells it as well */
    (void)events;
    fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) {
            uv_poll_stop(poll);
            uv_timer_start(&control->retry, on_retry, RETRY_MS, 0);
        }
        return;
    }
    if (control->connections == CONNECTIONS_MAX || !identify(fd, &who)) {
        close(fd);
        return;
    }
    err = kw_control_serve(control, fd, &who);
    if (err != 0)
        kw_log_write(control->core->log, KW_LOG_WARN, "core",
                     "a control connection could not be taken: %s",
                     kw_strerror(err));
}

static void on_retry(uv_timer_t *timer)
{
    struct kw_control *control = timer->data;

    uv_poll_start(&control->poll, UV_READABLE, on_readable);
}

static void on_control_gone(struct kw_life *life)
{
    struct kw_control *control = KW_LIST_ENTRY(life, struct kw_control, life);
    void (*closed)(void *) = control->closed;
    void *arg = control->arg;

    close(control->fd);
    kw_free(control);
    closed(arg);
}

/* A listening socket of mode 0600 at the path. */
static int listen_at(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd, failed;

    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return kw_err_from_errno(errno);
    (void)unlink(path); /* left by a crash; the folder's lock is ours */
    mask = umask(0177);
    failed = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (failed == 0)
        failed = listen(fd, BACKLOG);
    if (failed != 0) {
        int err = kw_err_from_errno(errno);

        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int kw_control_open(struct kw_control **out, struct kw_core *core,
                    struct kw_diag *diag)
{
    struct kw_control *control = kw_alloc(sizeof(*control));
    int err;

    if (control == NULL)
        return KW_ENOMEM;
    control->core = core;
    kw_life_init(&control->life, on_control_gone);
    kw_list_init(&control->open);
    err = kw_control_path(core->env.state_dir, control->path,
                          sizeof(control->path));
    if (err == 0)
        err = listen_at(control->path, &control->fd);
    if (err == 0 &&
        uv_poll_init(&core->loop->uv, &control->poll, control->fd) != 0) {
        /* UNTESTED: needs epoll to refuse a fresh socket. */
        close(control->fd);
        err = KW_EIO;
    }
    if (err != 0) {
        kw_diag_say(diag, "control socket in %s: %s", core->env.state_dir,
                    kw_strerror(err));
        kw_free(control);
        return err;
    }
    control->poll.data = control;
    kw_life_hold(&control->life);
    kw_life_timer(&control->life, &core->loop->uv, &control->retry, control);
    on_retry(&control->retry);
    *out = control;
    return 0;
}

void kw_control_close(struct kw_control *control, void (*closed)(void *arg),
                      void *arg)
{
    control->closed = closed;
    control->arg = arg;
    KW_LIST_EACH_SAFE (link, after, &control->open)
        kw_control_drop(
            KW_LIST_ENTRY(link, struct kw_control_connection, link));
    (void)unlink(control->path);
    kw_life_close_handle(&control->life, (uv_handle_t *)&control->poll);
    kw_life_close_handle(&control->life, (uv_handle_t *)&control->retry);
    kw_life_close(&control->life);
}
