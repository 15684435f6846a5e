/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All modules of this program in the order of the build's list, their
 * configuration and state; starts them in that order, stops them in reverse,
 * applies changes. Module 0 is `core` itself, which owns the sections site,
 * circuits, virtual and tariffs.
 *
 * A change: validate all, store the revision, answer, apply. Applying calls
 * reconfigure, or stops and starts the module and those that need it; if that
 * fails the old configuration is applied again and an event names the reason.
 */
#ifndef KW_CORE_REGISTRY_H
#define KW_CORE_REGISTRY_H

#include "core/core.h"
#include "core/module.h"
#include "core/route.h"

struct kw_registry;
struct kw_node;

/* The validated configuration of one revision: one arena, one struct a
 * module. Counted: freed when its last user is gone. */
struct kw_conf_set;

/* modules ends with NULL and is borrowed. */
KW_MUST_CHECK int kw_registry_new(struct kw_registry **registry,
                                  const struct kw_module *const *modules);
void kw_registry_free(struct kw_registry *registry);

/*
 * Validates a whole configuration: rows of all modules, then each check. All
 * findings go to diag, each with its place in root; there may be warnings on 0
 * too. On 0 *set is owned by the caller. Looks only at what it is given and at
 * files, for which it may wait: on any thread, of a running gateway in a job.
 */
KW_MUST_CHECK int kw_registry_check(const struct kw_registry *registry,
                                    const struct kw_node *root,
                                    const struct kw_env *env,
                                    struct kw_conf_set **set,
                                    struct kw_diag *diag);
void kw_conf_set_hold(struct kw_conf_set *set);
void kw_conf_set_drop(struct kw_conf_set *set);
/* A module's struct inside; index as in the module table. */
const void *kw_conf_set_get(const struct kw_conf_set *set, size_t index);

/*
 * Starts all modules that the policy allows and that need none that it
 * forbids; holds set. On an error those before it run: kw_registry_stop ends
 * them, as in any other case.
 */
KW_MUST_CHECK int kw_registry_start(struct kw_registry *registry,
                                    struct kw_core *core,
                                    struct kw_conf_set *set,
                                    struct kw_diag *diag);

/* Stops all in reverse; stopped(arg) at the end, maybe at once. */
void kw_registry_stop(struct kw_registry *registry, kw_stopped_fn *stopped,
                      void *arg);

/*
 * Applies a set that kw_registry_check has made (held, not taken). applied
 * runs on the loop, maybe at once, with 0 or the error after which the old one
 * is in force again; diag is valid during that call. One at a time: KW_EBUSY;
 * KW_ECLOSING after kw_registry_stop; KW_ENOMEM.
 */
typedef void kw_applied_fn(void *arg, int err, const struct kw_diag *diag);
KW_MUST_CHECK int kw_registry_apply(struct kw_registry *registry,
                                    struct kw_conf_set *set,
                                    kw_applied_fn *applied, void *arg);

/* True until applied was called: kw_registry_apply would be KW_EBUSY. */
bool kw_registry_is_changing(const struct kw_registry *registry);

/* The set in force. */
struct kw_conf_set *kw_registry_conf(const struct kw_registry *registry);

enum kw_module_state {
    KW_MODULE_STOPPED,
    KW_MODULE_RUNNING,
    KW_MODULE_FORBIDDEN,
    KW_MODULE_STOPPING,
};

/* Walking: index from 0; NULL past the end. */
const struct kw_module *kw_registry_module(const struct kw_registry *registry,
                                           size_t index);
enum kw_module_state kw_registry_state(const struct kw_registry *registry,
                                       size_t index);
/* The state memory of a running module (its `self`), else NULL. */
void *kw_registry_self(const struct kw_registry *registry, size_t index);
/* self of a module by name, or NULL: for those that NEED it, which never run
 * without it. */
void *kw_registry_need(const struct kw_registry *registry, const char *name);
/* Health of a module. One that isn't allowed is ok and says so, one that could
 * not be started again after a change has failed. */
void kw_registry_health(const struct kw_registry *registry, size_t index,
                        struct kw_health *out);

/* JSON Schema of the whole configuration. */
void kw_registry_schema(const struct kw_registry *registry, struct kw_buf *out);
/* The row of a section, or NULL. */
const struct kw_setting *kw_registry_section(const struct kw_registry *registry,
                                             const char *key);

#endif
