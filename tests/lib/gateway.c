/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway.h"

#include "core/conf.h"
#include "core/core_module.h"
#include "core/revision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void on_event(void *arg, const struct kw_event *event)
{
    struct kw_test_gateway *gateway = arg;

    gateway->events++;
    snprintf(gateway->event, sizeof(gateway->event), "%s", event->kind->key);
    snprintf(gateway->text, sizeof(gateway->text), "%s", event->text);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void on_stored(void *arg, int err)
{
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

void kw_test_gateway_open(struct kw_test_gateway *gateway)
{
    *gateway = (struct kw_test_gateway){.events = 0};
    kw_fixture_open(&gateway->fixture, KW_FIXTURE_DB);
    kw_test_modules_init(&gateway->modules);
    gateway->subscriber.on_event = on_event;
    gateway->subscriber.arg = gateway;
    kw_hub_subscribe(gateway->fixture.core.hub, &gateway->subscriber);
    kw_test_reply_init(&gateway->reply, KW_PROFILE_ADMIN);
}

static void store_first(struct kw_test_gateway *gateway, const char *yaml)
{
    struct kw_core *core = &gateway->fixture.core;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    const struct kw_revision_note note = {
        .author = "file",
        .reason = "first start",
        .time_ms = 1,
        .from_file = true,
    };
    bool stored = false;

    kw_diag_init(&diag);
    kw_arena_init(&arena, 1 << 20);
    assert_int_equal(
        kw_conf_parse_yaml(yaml, strlen(yaml), &arena, &root, &diag), 0);
    assert_int_equal(kw_revisions_new(&core->revisions, core->db), 0);
    assert_int_equal(
        kw_revisions_store(core->revisions, root, &note, on_stored, &stored),
        0);
    kw_fixture_until_set(&gateway->fixture, &stored);
    kw_arena_fini(&arena);
    kw_diag_fini(&diag);
}

void kw_test_gateway_start(struct kw_test_gateway *gateway, const char *yaml)
{
    struct kw_core *core = &gateway->fixture.core;
    struct kw_conf_set *set;
    struct kw_diag diag;

    gateway->table[0] = &kw_core_module;
    memcpy(gateway->table + 1, gateway->modules.table,
           gateway->modules.count * sizeof(gateway->table[0]));
    assert_int_equal(kw_registry_new(&gateway->registry, gateway->table), 0);
    core->registry = gateway->registry;
    store_first(gateway, yaml);
    kw_diag_init(&diag);
    set = kw_test_conf(gateway->registry, &core->env, yaml);
    assert_int_equal(kw_registry_start(gateway->registry, core, set, &diag), 0);
    kw_conf_set_drop(set);
    kw_diag_fini(&diag);
    gateway->modules.trace[0] = 0;
}

void kw_test_gateway_close(struct kw_test_gateway *gateway)
{
    kw_test_reply_fini(&gateway->reply);
    if (!gateway->stopped)
        kw_registry_stop(gateway->registry, set_flag, &gateway->stopped);
    kw_fixture_until_set(&gateway->fixture, &gateway->stopped);
    kw_registry_free(gateway->registry);
    kw_fixture_close(&gateway->fixture);
}

void kw_test_gateway_get(struct kw_test_gateway *gateway, const char *path,
                         int status, const char *part)
{
    kw_test_ask(&gateway->reply, gateway->registry, "GET", path, NULL);
    kw_test_reply_expect(&gateway->reply, status, part);
}

static bool is_settled(void *arg)
{
    const struct kw_test_gateway *gateway = arg;

    return gateway->reply.done && !kw_registry_is_changing(gateway->registry);
}

void kw_test_gateway_settle(struct kw_test_gateway *gateway)
{
    kw_fixture_until(&gateway->fixture, is_settled, gateway);
}
