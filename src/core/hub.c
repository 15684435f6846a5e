/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A callback may unsubscribe itself or any other subscriber, or publish an
 * event. So a walk marks its place with a subscriber of its own that has no
 * callbacks; whatever leaves the list around it, the mark stays.
 */
#include "core/hub.h"

#include "core/point.h"

void kw_hub_init(struct kw_hub *hub, struct kw_points *points)
{
    *hub = (struct kw_hub){.points = points};
    kw_list_init(&hub->subscribers);
}

void kw_hub_subscribe(struct kw_hub *hub, struct kw_subscriber *subscriber)
{
    kw_list_append(&hub->subscribers, &subscriber->link);
}

void kw_hub_unsubscribe(struct kw_subscriber *subscriber)
{
    if (subscriber->link.next != NULL)
        kw_list_remove(&subscriber->link);
}

/* The subscriber behind the mark, which moves on behind it; NULL at the end,
 * where the mark is taken out. */
static struct kw_subscriber *next_of(struct kw_hub *hub,
                                     struct kw_subscriber *mark)
{
    struct kw_link *link = mark->link.next;

    kw_list_remove(&mark->link);
    if (link == &hub->subscribers)
        return NULL;
    kw_list_append(link->next, &mark->link);
    return KW_LIST_ENTRY(link, struct kw_subscriber, link);
}

/*
 * Puts the mark in front of all. Not inlined: gcc 12 would warn at -Os of a
 * dangling pointer, since it does not see that next_of takes the mark out.
 */
__attribute__((noinline)) static void begin(struct kw_hub *hub,
                                            struct kw_subscriber *mark)
{
    *mark = (struct kw_subscriber){0};
    kw_list_append(hub->subscribers.next, &mark->link);
}

/* The table first: whoever is told of a sample may look up its neighbours. */
static void deliver(struct kw_hub *hub, const struct kw_sample *samples,
                    size_t count)
{
    struct kw_subscriber mark, *to;

    if (count == 0)
        return;
    hub->samples += count;
    kw_points_update(hub->points, samples, count);
    begin(hub, &mark);
    while ((to = next_of(hub, &mark)) != NULL) {
        if (to->on_samples != NULL)
            to->on_samples(to->arg, samples, count);
    }
}

/* Derived samples go out second and by themselves, so a subscriber sees a poll
 * before what was computed from it, and nothing is derived from the derived. */
void kw_hub_publish_samples(struct kw_hub *hub, const struct kw_sample *samples,
                            size_t count)
{
    const struct kw_sample *derived = NULL;

    deliver(hub, samples, count);
    if (hub->stage.derive == NULL)
        return;
    count = hub->stage.derive(hub->stage.arg, samples, count, &derived);
    deliver(hub, derived, count);
}

void kw_hub_publish_event(struct kw_hub *hub, const struct kw_event *event)
{
    struct kw_subscriber mark, *to;

    hub->events++;
    begin(hub, &mark);
    while ((to = next_of(hub, &mark)) != NULL) {
        if (to->on_event != NULL)
            to->on_event(to->arg, event);
    }
}
