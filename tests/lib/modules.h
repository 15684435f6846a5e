/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules for the registry that do what their configuration says and note
 * what is done with them. Each has one section of its own name:
 *
 *   a: {value: 1, refuse: start}
 *
 * refuse is one of no, check, start, reconfigure, warn (a warning of check).
 * Every call goes into one trace, "a+1" started with value 1, "a-" told to
 * stop, "a." gone, "a1>2" reconfigured, and with '!' behind it refused;
 * separated by blanks.
 *
 * A module's state keeps the pointer to its configuration and reads it in
 * every call, so that a configuration freed too early shows under a sanitizer.
 */
#ifndef KW_TEST_MODULES_H
#define KW_TEST_MODULES_H

#include "core/life.h"
#include "core/module.h"
#include "core/registry.h"
#include "core/setting.h"

enum { KW_TEST_MODULES = 6, KW_TEST_ROWS = 4 };

struct kw_test_modules;

struct kw_test_module {
    struct kw_module module;
    struct kw_test_modules *all;
    struct kw_setting section[2];
    const char *needs[3];
    bool stop_now;      /* stop is done when it returns, else a turn later */
    bool hold;          /* stop waits for kw_test_let_go */
    unsigned fail_next; /* so many starts fail, whatever is configured */
    unsigned starts, stops;
    void *self; /* while it runs or stops */
};

struct kw_test_modules {
    struct kw_test_module list[KW_TEST_MODULES];
    const struct kw_module *table[KW_TEST_MODULES + 1];
    size_t count;
    char trace[1024];
};

void kw_test_modules_init(struct kw_test_modules *modules);

/* Adds a module; needs names one before it, or NULL. Without reconfigure it is
 * restarted on a change. */
struct kw_test_module *kw_test_modules_add(struct kw_test_modules *modules,
                                           const char *name, const char *needs,
                                           bool reconfigures);

/* Ends the stop that hold has kept back. */
void kw_test_let_go(struct kw_test_module *module);

/* Compares the trace, which ends with a blank, and empties it. */
void kw_test_trace(struct kw_test_modules *modules, const char *expected);

/* A set from YAML text; findings fail the test. Drop it with
 * kw_conf_set_drop. */
struct kw_conf_set *kw_test_conf(const struct kw_registry *registry,
                                 const struct kw_env *env, const char *yaml);

/* The same, giving the error instead; the first finding goes to text. */
int kw_test_check(const struct kw_registry *registry, const struct kw_env *env,
                  const char *yaml, struct kw_conf_set **set, char *text,
                  size_t size);

#endif
