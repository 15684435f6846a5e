/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admission hook: asked with the peer's address before a connection costs
 * anything. The firewall module sets it; without it everybody is admitted.
 */
#ifndef KW_CORE_ADMIT_H
#define KW_CORE_ADMIT_H

#include <stdbool.h>

struct sockaddr;

struct kw_admission {
    /* false: close at once. service is the listener's name ("https"). */
    bool (*admit)(void *arg, const char *service, const struct sockaddr *peer);
    void *arg;
};

/* NULL, or one without admit, lets everybody in. */
static inline bool kw_admit(const struct kw_admission *admission,
                            const char *service, const struct sockaddr *peer)
{
    return admission == (void *)0 || admission->admit == (void *)0 ||
           admission->admit(admission->arg, service, peer);
}

#endif
