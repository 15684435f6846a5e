/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS context of Modbus/TCP Security: read from its files in a job, again
 * with each change of configuration and every few seconds while it fails. The
 * doors of the service open when there is one.
 */
#ifndef KW_SUPERVISOR_SECURE_H
#define KW_SUPERVISOR_SECURE_H

struct kw_supervisor;
struct kw_supervisor_secure;
struct kw_tls;

/* Nothing is open yet; NULL without memory. Free it when the owner's life is
 * over. */
struct kw_supervisor_secure *
kw_supervisor_secure_new(struct kw_supervisor *supervisor);
void kw_supervisor_secure_free(struct kw_supervisor_secure *secure);

/* Begins the timer, which holds the owner's life until stop. */
void kw_supervisor_secure_start(struct kw_supervisor_secure *secure);
void kw_supervisor_secure_stop(struct kw_supervisor_secure *secure);

/* Takes over the owner's settings: opens, closes, reads the files again. */
void kw_supervisor_secure_update(struct kw_supervisor_secure *secure);

/* Borrowed; NULL until there is one. */
struct kw_tls *
kw_supervisor_secure_tls(const struct kw_supervisor_secure *secure);

/* Why there is none, "" when there is or it isn't wanted. */
const char *kw_supervisor_secure_why(const struct kw_supervisor_secure *secure);

#endif
