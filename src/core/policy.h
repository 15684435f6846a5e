/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what: permissions, the four profiles mapped to them in one table
 * and the gate that says whether a module may run at all.
 */
#ifndef KW_CORE_POLICY_H
#define KW_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kw_permission {
    KW_MAY_PUBLIC = 0,         /* no session needed */
    KW_MAY_SEE = 1 << 0,       /* measurements, history, alarms */
    KW_MAY_SELF = 1 << 1,      /* own password, second factor, log-out */
    KW_MAY_OPERATE = 1 << 2,   /* acknowledge, export, edit dashboards */
    KW_MAY_CONFIGURE = 1 << 3, /* lines, meters, rules, mail, export */
    KW_MAY_SECURE = 1 << 4,    /* users, policy, firewall, certificates */
    KW_MAY_SETUP = 1 << 5,     /* only the first start's one-time session */
    KW_MAY_SESSION = 1 << 6,   /* who am I, log-out: every session, also it */
    /* of a route: either of the two, the section decides which */
    KW_MAY_CHANGE = KW_MAY_CONFIGURE | KW_MAY_SECURE,
};

enum kw_profile {
    KW_PROFILE_USER,
    KW_PROFILE_ADVANCED_USER,
    KW_PROFILE_ADMIN,
    KW_PROFILE_CYBER_SECURITY,
    KW_PROFILE_SETUP, /* not an account's: a session of the one-time password */
    KW_PROFILE_COUNT
};

/* The permissions of a profile: the one table. */
unsigned kw_profile_permissions(enum kw_profile profile);

/* "user", "advanced_user", "admin", "cyber_security", "setup". */
const char *kw_profile_name(enum kw_profile profile);
/* -1 when there is none; "setup" is not accepted. */
int kw_profile_parse(const char *name);

/* "see", "self", ... of a single bit; "change"; "public" of 0. */
const char *kw_permission_name(unsigned permission);

/* Who makes a request. */
struct kw_identity {
    char user[64]; /* "" when nobody is logged in */
    enum kw_profile profile;
    unsigned permissions; /* bits; 0 when nobody is logged in */
    char address[64];     /* numeric peer address, or "local" */
    uint64_t session;     /* handle of auth; 0 none */
};

/* The gate. Everything is allowed until the access part fills it. */
struct kw_policy {
    const char *const *forbidden; /* names of modules, NULL at the end */
};
bool kw_policy_allows(const struct kw_policy *policy, const char *module);

#endif
