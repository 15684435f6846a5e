/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the control socket share; nobody else includes it.
 * control.c listens and accepts, control_connection.c reads lines and answers
 * them, control_client.c is the other side.
 */
#ifndef KW_CORE_CONTROL_INTERNAL_H
#define KW_CORE_CONTROL_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "core/life.h"
#include "core/route.h"

struct kw_core;

/* As long as a socket's path can be (sun_path). */
enum { KW_CONTROL_PATH_SIZE = 108 };

struct kw_control {
    struct kw_core *core;
    struct kw_life life;
    uv_poll_t poll;
    uv_timer_t retry; /* after running out of descriptors */
    int fd;           /* listens; owned */
    char path[KW_CONTROL_PATH_SIZE];
    struct kw_link open; /* connections */
    unsigned connections;
    char chunk[16384]; /* what was just read; used up in the same call */
    void (*closed)(void *arg);
    void *arg;
};

struct kw_control_connection {
    struct kw_link link;
    struct kw_control *control;
    struct kw_life life;
    uv_pipe_t pipe;
    uv_timer_t timer; /* idle */
    uv_write_t write;
    struct kw_buf in, out;
    struct kw_buf stream; /* a streamed answer being gathered */
    int stream_status;
    char stream_type[64];
    bool busy; /* a handler has the request */
    bool writing;
    bool last;             /* ends after the answer */
    bool ended;            /* no more lines come; those that came count */
    struct kw_arena arena; /* of the request */
    struct kw_identity who;
    struct kw_request request;
};

/*
 * Serves a connected socket, which is taken in every case. KW_ENOMEM, or
 * KW_EIO when libuv refuses it.
 */
KW_MUST_CHECK int kw_control_serve(struct kw_control *control, int fd,
                                   const struct kw_identity *who);

/* Ends a connection; a handler that waits is told. */
void kw_control_drop(struct kw_control_connection *connection);

/* STATE/control.sock; KW_ERANGE when the path is too long for a socket. */
KW_MUST_CHECK int kw_control_path(const char *state_dir, char *path,
                                  size_t size);

#endif
