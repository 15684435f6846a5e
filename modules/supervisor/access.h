/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect and who may write, ready to be asked: the texts of the
 * settings taken apart once a change. */
#ifndef KW_SUPERVISOR_ACCESS_H
#define KW_SUPERVISOR_ACCESS_H

#include "supervisor/grant.h"
#include "supervisor/settings.h"

struct kw_supervisor_access;

/* What a connection may do. */
struct kw_supervisor_rights {
    bool read, write; /* write: if a rule allows it too */
};

/* From checked settings; borrows the roles from them. NULL without memory. */
struct kw_supervisor_access *
kw_supervisor_access_new(const struct kw_supervisor_conf *conf);
void kw_supervisor_access_free(struct kw_supervisor_access *access);

/* Nobody is listed: this machine alone. */
bool kw_supervisor_may_connect(const struct kw_supervisor_access *access,
                               const struct kw_station *station);

/* A valid write of a station that may write at all. */
bool kw_supervisor_write_allowed(const struct kw_supervisor_access *access,
                                 const struct kw_station *station,
                                 const struct kw_meter_ask *ask);

/* What the role of a certificate may do ("" when it states none). */
struct kw_supervisor_rights
kw_supervisor_role_rights(const struct kw_supervisor_conf *conf,
                          const char *role);

#endif
