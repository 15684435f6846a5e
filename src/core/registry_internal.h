/* SPDX-License-Identifier: Apache-2.0 */
/* What registry.c and registry_apply.c share; nobody else includes it. */
#ifndef KW_CORE_REGISTRY_INTERNAL_H
#define KW_CORE_REGISTRY_INTERNAL_H

#include "base/arena.h"
#include "core/registry.h"

enum { KW_MODULES_MAX = 32 };

struct kw_conf_set {
    unsigned holds;
    struct kw_arena arena;
    size_t count;
    const struct kw_module *modules[KW_MODULES_MAX];
    void *conf[KW_MODULES_MAX];
    uint64_t hash[KW_MODULES_MAX]; /* of what its sections say */
};

struct kw_module_slot {
    struct kw_registry *registry;
    const struct kw_module *module;
    enum kw_module_state state;
    void *self;               /* owned; NULL unless running or stopping */
    struct kw_conf_set *conf; /* held: what it runs with */
    bool restart;             /* of the change being applied */
};

/* A change being applied: steps through stopping and starting. */
struct kw_change {
    struct kw_conf_set *set; /* held: the new one */
    struct kw_conf_set *old; /* held: to go back to */
    kw_applied_fn *applied;
    void *arg;
    struct kw_diag diag;
    int err;   /* why it goes back; 0 while going forward */
    size_t at; /* module whose stop is waited for */
};

struct kw_registry {
    struct kw_module_slot slots[KW_MODULES_MAX];
    size_t count;
    struct kw_core *core;
    struct kw_conf_set *conf; /* held: in force */
    struct kw_change *change; /* NULL when none is under way */
    kw_stopped_fn *stopped;   /* while all are being stopped */
    void *arg;
    bool stopping; /* kw_registry_stop was called */
};

/* Starts one module with a set; its slot is then running. */
KW_MUST_CHECK int kw_slot_start(struct kw_module_slot *slot,
                                struct kw_conf_set *set, struct kw_diag *diag);
/* Ends a running one; the slot is stopped when stopped(slot) runs. */
void kw_slot_stop(struct kw_module_slot *slot, kw_stopped_fn *stopped);
/* Frees what a stopped module had; called by its stopped callback. */
void kw_slot_clear(struct kw_module_slot *slot);
/* Goes on with kw_registry_stop where a change was under way. */
void kw_registry_stop_next(struct kw_registry *registry);

#endif
