/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: set names the doors and opens them. Failure: the retry timer
 * tries those that are closed again until all are open. On close: each
 * listener and the timer hold the owner's life until they are gone.
 */
#include "net/doors.h"

#include "base/text.h"

#include <string.h>

enum { RETRY_MS = 2000 };

static void on_retry(uv_timer_t *timer);

static void say(struct kw_door *door, bool failing, const char *why)
{
    struct kw_doors *doors = door->doors;

    (void)kw_text_copy(door->why, sizeof(door->why), why);
    if (failing && !uv_is_active((uv_handle_t *)&doors->retry))
        uv_timer_start(&doors->retry, on_retry, RETRY_MS, RETRY_MS);
    if (door->failing != failing) {
        door->failing = failing;
        doors->options.said(doors->options.arg, door);
    }
    if (!failing)
        door->why[0] = 0;
}

static void open_door(struct kw_door *door)
{
    struct kw_doors *doors = door->doors;
    struct kw_listener_options options = {
        .service = doors->options.service,
        .address = door->address,
        .backlog = doors->options.backlog,
        .accepted = doors->options.accepted,
        .arg = doors->options.arg,
    };
    char why[KW_DIAG_TEXT_SIZE];
    struct kw_diag diag;

    if (door->address[0] == 0 || door->listener != NULL || door->closing)
        return;
    kw_diag_init(&diag);
    if (kw_listener_open(&door->listener, doors->core, &options, &diag) != 0) {
        door->listener = NULL;
        say(door, true, kw_diag_first(&diag, why, sizeof(why)));
    } else {
        kw_life_hold(doors->options.life);
        kw_log_write(doors->core->log, KW_LOG_NOTICE, doors->options.tag,
                     "listening on %s://%s (port %u)", options.service,
                     door->address, kw_listener_port(door->listener));
        say(door, false, "listening again");
    }
    kw_diag_fini(&diag);
}

static void on_retry(uv_timer_t *timer)
{
    struct kw_doors *doors = timer->data;

    for (size_t i = 0; i < KW_DOORS_MAX; i++)
        open_door(&doors->list[i]);
    if (kw_doors_failing(doors) == NULL)
        uv_timer_stop(timer);
}

static void on_closed(void *arg)
{
    struct kw_door *door = arg;
    struct kw_doors *doors = door->doors;

    door->listener = NULL;
    door->closing = false;
    if (!doors->stopping)
        open_door(door); /* its place may have got another address */
    kw_life_drop(doors->options.life);
}

static void close_door(struct kw_door *door)
{
    say(door, false, "no longer asked for");
    door->address[0] = 0;
    if (door->listener != NULL && !door->closing) {
        door->closing = true;
        kw_listener_close(door->listener, on_closed, door);
    }
}

void kw_doors_init(struct kw_doors *doors, struct kw_core *core,
                   const struct kw_doors_options *options)
{
    *doors = (struct kw_doors){.core = core, .options = *options};
    for (size_t i = 0; i < KW_DOORS_MAX; i++)
        doors->list[i].doors = doors;
    kw_life_timer(options->life, &core->loop->uv, &doors->retry, doors);
}

static struct kw_door *find_door(struct kw_doors *doors, const char *address)
{
    for (size_t i = 0; i < KW_DOORS_MAX; i++) {
        if (strcmp(doors->list[i].address, address) == 0)
            return &doors->list[i];
    }
    return NULL;
}

static bool is_wanted(const char *const *addresses, size_t count,
                      const char *address)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(addresses[i], address) == 0)
            return true;
    }
    return false;
}

void kw_doors_set(struct kw_doors *doors, const char *const *addresses,
                  size_t count)
{
    for (size_t i = 0; i < KW_DOORS_MAX; i++) {
        if (!is_wanted(addresses, count, doors->list[i].address))
            close_door(&doors->list[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct kw_door *door = find_door(doors, addresses[i]);

        if (door == NULL)
            door = find_door(doors, "");
        if (door == NULL)
            return; /* the caller's rows allow no more */
        (void)kw_text_copy(door->address, sizeof(door->address), addresses[i]);
        open_door(door);
    }
    if (kw_doors_failing(doors) == NULL)
        uv_timer_stop(&doors->retry);
}

void kw_doors_stop(struct kw_doors *doors)
{
    if (doors->stopping)
        return;
    doors->stopping = true;
    kw_doors_set(doors, NULL, 0);
    kw_life_close_handle(doors->options.life, (uv_handle_t *)&doors->retry);
}

uint16_t kw_doors_port(const struct kw_doors *doors)
{
    for (size_t i = 0; i < KW_DOORS_MAX; i++) {
        if (doors->list[i].listener != NULL)
            return kw_listener_port(doors->list[i].listener);
    }
    return 0;
}

const struct kw_door *kw_doors_failing(const struct kw_doors *doors)
{
    for (size_t i = 0; i < KW_DOORS_MAX; i++) {
        if (doors->list[i].failing)
            return &doors->list[i];
    }
    return NULL;
}
