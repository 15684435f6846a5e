/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be there before a browser can come in: the certificate (made at
 * the first start), the web application's files, the listening sockets. All
 * of it is tried again every two seconds until it is there.
 */
#ifndef KW_HTTP_OPENING_H
#define KW_HTTP_OPENING_H

#include "base/diag.h"
#include "core/job.h"
#include "http/check.h"
#include "net/doors.h"

#include <stdbool.h>
#include <stdint.h>

struct kw_http;
struct kw_http_files;
struct kw_tls;

/* Runs on a thread: a private copy of what it needs, and what it made. */
struct kw_http_prepare {
    struct kw_job job;
    struct kw_http *http;
    const char *state_dir, *web_dir; /* of the environment: constant */
    const struct kw_clock *clock;
    bool want_files;
    struct kw_tls *tls; /* made, or NULL */
    bool made_certificate;
    struct kw_http_files *files; /* read, or NULL */
    struct kw_diag tls_diag, files_diag;
};

struct kw_http_opening {
    struct kw_http_prepare prepare;
    bool preparing;
    bool failing;  /* no certificate: said once */
    char why[160]; /* of the certificate, for health */
    uv_timer_t retry;
    struct kw_doors doors;
};

/* Begins: the certificate and the files in a job, then the doors. */
void kw_http_opening_start(struct kw_http *http);

/* Takes over the addresses of http->conf; what stays open stays open. Reads
 * the certificate again. */
void kw_http_opening_update(struct kw_http *http);

/* Closes all doors and the timer. */
void kw_http_opening_stop(struct kw_http *http);

#endif
