/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slows guessing down without locking anybody out for good (SEC-08, NIST
 * SP 800-63B-4, 3.2.2). Pure: keys and times come from the caller.
 *
 * Every verification is charged to its source and to its account before it
 * begins, so that attempts side by side gain nothing. From the fifth failure
 * on each one costs a pause: 1 s, 2 s, 4 s ... 5 min. That lets a source
 * verify 14 passwords in its first ten minutes and two in each ten after.
 *
 * An account under attack would be closed to its owner by that; so for a
 * source that has not failed much itself the account's pause is at most 2 s.
 *
 * Bounded: a table of each, the one that was quiet longest makes room. A
 * quarter of an hour without an attempt forgets the failures.
 */
#ifndef KW_AUTH_THROTTLE_H
#define KW_AUTH_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

enum {
    KW_AUTH_SOURCES = 1024,
    KW_AUTH_ACCOUNTS = 256,
    KW_AUTH_FREE_FAILURES = 5,
    KW_AUTH_PAUSE_MAX_MS = 300000,
    KW_AUTH_PAUSE_OTHER_MS = 2000, /* of an account, for a clean source */
    KW_AUTH_FORGET_MS = 900000,
};

struct kw_auth_failures {
    uint64_t key, last_ms; /* monotonic time of the last attempt */
    uint32_t failures;     /* 0: the place is free */
};

struct kw_auth_throttle {
    struct kw_auth_failures sources[KW_AUTH_SOURCES];
    struct kw_auth_failures accounts[KW_AUTH_ACCOUNTS];
};

/* What an attempt is charged to. */
struct kw_auth_charge {
    uint64_t source;  /* kw_auth_throttle_source */
    uint64_t account; /* a keyed hash of the account's name */
};

/*
 * 0: go ahead, the attempt is charged; one of the two below is to follow
 * unless it failed. Otherwise nothing is charged and the
 * answer is the milliseconds to wait. A zeroed throttle is empty.
 */
uint64_t kw_auth_throttle_begin(struct kw_auth_throttle *throttle,
                                const struct kw_auth_charge *charge,
                                uint64_t now_ms);

/* The password was right: the account is clean, the source gets back what
 * this attempt cost (an insider can't wash off failures by log-ins). */
void kw_auth_throttle_succeed(struct kw_auth_throttle *throttle,
                              const struct kw_auth_charge *charge);

/* The attempt was never verified. */
void kw_auth_throttle_refund(struct kw_auth_throttle *throttle,
                             const struct kw_auth_charge *charge);

/*
 * The key of a numeric peer address: IPv4 whole (mapped into IPv6 or not),
 * IPv6 by its /64, which is what one subscriber has. Anything else is one
 * common source.
 */
uint64_t kw_auth_throttle_source(const char *address);

#endif
