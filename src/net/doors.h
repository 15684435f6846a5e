/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a service: listening sockets that are kept open as the
 * configuration names them. One that can't be opened is told once and tried
 * again every two seconds; a change leaves alone what stays.
 */
#ifndef KW_NET_DOORS_H
#define KW_NET_DOORS_H

#include "net/listen.h"

#include <stdbool.h>

enum { KW_DOORS_MAX = 8, KW_DOOR_ADDRESS_SIZE = 64, KW_DOOR_WHY_SIZE = 128 };

struct kw_doors;

struct kw_door {
    struct kw_doors *doors;
    char address[KW_DOOR_ADDRESS_SIZE]; /* "" free */
    struct kw_listener *listener;       /* NULL: closed */
    bool failing, closing;
    char why[KW_DOOR_WHY_SIZE]; /* it fails; "" when it doesn't, but in said()
                                   how the failure ended */
};

struct kw_doors_options {
    const char *service; /* "https": for admission, and as the scheme in logs */
    const char *tag;     /* of the log: the module */
    int backlog;
    kw_accepted_fn *accepted;
    /* A door began to fail, or ended (opened, or is no longer asked for). */
    void (*said)(void *arg, const struct kw_door *door);
    void *arg;            /* of both */
    struct kw_life *life; /* held as long as something is open */
};

/* Embedded by its owner. */
struct kw_doors {
    struct kw_core *core;
    struct kw_doors_options options;
    uv_timer_t retry; /* runs while a door fails */
    bool stopping;
    struct kw_door list[KW_DOORS_MAX];
};

/* No door yet. Holds the life until kw_doors_stop. */
void kw_doors_init(struct kw_doors *doors, struct kw_core *core,
                   const struct kw_doors_options *options);

/* These addresses and no others; at most KW_DOORS_MAX of less than
 * KW_DOOR_ADDRESS_SIZE bytes, each valid (kw_address_parse) and there once. */
void kw_doors_set(struct kw_doors *doors, const char *const *addresses,
                  size_t count);

/* Closes all; harmless when it was done. */
void kw_doors_stop(struct kw_doors *doors);

/* The port of the first open door, 0 none. */
uint16_t kw_doors_port(const struct kw_doors *doors);
/* The first door that fails, NULL when none does. */
const struct kw_door *kw_doors_failing(const struct kw_doors *doors);

#endif
