/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket STATE/control.sock (0600): `kilowatch status`, `read`,
 * `scan` and `config` ask a running gateway here. One JSON object a line,
 * {"method":"GET","path":"/status","body":{...}} with "accept" and "if_match"
 * as the headers of these names, answered by one line
 * {"status":200,"type":"application/json","body":...}: the same handlers as
 * the web's. A stream is gathered and answered whole. Rights by SO_PEERCRED:
 * root and the service's own user, nobody else; routes that need an account or
 * the first start's session are refused. At most 8 connections, 30 s idle.
 */
#ifndef KW_CORE_CONTROL_H
#define KW_CORE_CONTROL_H

#include "base/diag.h"
#include "core/core.h"

struct kw_control;

/* KW_ENOMEM, or with a line in diag KW_ERANGE (the state folder's path is too
 * long for a socket), KW_EDENIED, KW_ENOTFOUND, KW_EIO. */
KW_MUST_CHECK int kw_control_open(struct kw_control **control,
                                  struct kw_core *core, struct kw_diag *diag);
/* Removes the socket, ends the connections (a handler that waits is told by
 * on_closed); closed(arg) when all of it is gone. */
void kw_control_close(struct kw_control *control, void (*closed)(void *arg),
                      void *arg);

/*
 * The client's side, blocking, for the command line: sends one request,
 * gives the answer's line (caller frees with kw_free). KW_ENOTFOUND: no
 * gateway runs on that state folder; KW_EOF: it hung up; KW_ETIMEOUT after
 * 30 s of silence.
 */
KW_MUST_CHECK int kw_control_ask(const char *state_dir, const char *request,
                                 char **answer);

#endif
