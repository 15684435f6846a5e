/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small gateway for tests: the fixture with a database, revision 1 of a
 * configuration, core itself and modules made for the test, and a request to
 * ask it with.
 *
 *   kw_test_gateway_open(&gateway);
 *   kw_test_modules_add(&gateway.modules, "a", NULL, false);
 *   kw_test_gateway_start(&gateway, "a: {value: 1}\n");
 *   kw_test_gateway_get(&gateway, "/config/a", 200, "{\"value\":1}");
 *   kw_test_gateway_close(&gateway);
 */
#ifndef KW_TEST_GATEWAY_H
#define KW_TEST_GATEWAY_H

#include "lib/fixture.h"
#include "lib/modules.h"
#include "lib/reply.h"

struct kw_test_gateway {
    struct kw_fixture fixture;
    struct kw_test_modules modules;
    const struct kw_module *table[KW_TEST_MODULES + 2]; /* core in front */
    struct kw_registry *registry;
    struct kw_test_reply reply; /* as Admin */
    struct kw_subscriber subscriber;
    unsigned events;
    char event[64]; /* key of the last one, "" none */
    char text[256]; /* and its text */
    bool stopped;
};

/* Fixture and database; modules can be added, the clock changed. */
void kw_test_gateway_open(struct kw_test_gateway *gateway);

/* Stores the YAML text as revision 1 and starts everything with it. */
void kw_test_gateway_start(struct kw_test_gateway *gateway, const char *yaml);

/* Stops what runs and checks that nothing is left. */
void kw_test_gateway_close(struct kw_test_gateway *gateway);

/* GET, answered at once with that status and the text in its body. */
void kw_test_gateway_get(struct kw_test_gateway *gateway, const char *path,
                         int status, const char *part);

/* Runs the loop until the answer is complete and no change is under way. */
void kw_test_gateway_settle(struct kw_test_gateway *gateway);

#endif
