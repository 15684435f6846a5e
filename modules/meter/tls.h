/* SPDX-License-Identifier: Apache-2.0 */
/* Modbus/TCP Security on a line: its files become a context of net/tls. */
#ifndef KW_METER_TLS_H
#define KW_METER_TLS_H

#include "base/err.h"

struct kw_clock;
struct kw_diag;
struct kw_tls;
struct kw_meter_conf;
struct kw_meter_tls_conf;

/*
 * Reads the files of a line; the context is the caller's. Errors of
 * kw_tls_client, with a finding that begins with the file's name. Waits for
 * the disk: for a job.
 */
KW_MUST_CHECK int kw_meter_tls_load(struct kw_tls **tls,
                                    const struct kw_meter_tls_conf *conf,
                                    const struct kw_clock *clock,
                                    struct kw_diag *diag);

/* Tries the files of all lines and adds an error for those that can't be used;
 * lines with the same files are tried and told of once. Waits for the disk: for
 * a job. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_tls_check(const struct kw_meter_conf *conf,
                                     struct kw_diag *diag);

#endif
