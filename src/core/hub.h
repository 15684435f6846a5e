/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub: push for change. Publishing stores the samples in the point table,
 * lets the virtual meters add theirs, and calls the subscribers in order.
 * Everything is borrowed for the call. Subscribers never block and never
 * publish samples (an event may be published from on_samples).
 */
#ifndef KW_CORE_HUB_H
#define KW_CORE_HUB_H

#include "base/event.h"
#include "base/list.h"
#include "base/sample.h"

#include <stddef.h>

struct kw_points;

/* Embedded by the subscriber; either callback may be NULL. */
struct kw_subscriber {
    struct kw_link link;
    void (*on_samples)(void *arg, const struct kw_sample *samples,
                       size_t count);
    void (*on_event)(void *arg, const struct kw_event *event);
    void *arg;
};

/*
 * A stage before the subscribers that computes further samples from those
 * published (virtual meters). Returns how many; *out is the stage's own array,
 * borrowed until it is called again.
 */
struct kw_hub_stage {
    size_t (*derive)(void *arg, const struct kw_sample *samples, size_t count,
                     const struct kw_sample **out);
    void *arg;
};

struct kw_hub {
    struct kw_link subscribers;
    struct kw_points *points;  /* borrowed */
    struct kw_hub_stage stage; /* derive may be NULL */
    uint64_t samples, events;  /* published since start */
};

void kw_hub_init(struct kw_hub *hub, struct kw_points *points);

/*
 * At the end of the list. Unsubscribe is harmless when not subscribed (a
 * zeroed subscriber). Both are allowed inside a callback, for any subscriber.
 */
void kw_hub_subscribe(struct kw_hub *hub, struct kw_subscriber *subscriber);
void kw_hub_unsubscribe(struct kw_subscriber *subscriber);

/* The samples are published before those derived from them. */
void kw_hub_publish_samples(struct kw_hub *hub, const struct kw_sample *samples,
                            size_t count);
void kw_hub_publish_event(struct kw_hub *hub, const struct kw_event *event);

#endif
