/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module offers to those that need it (the supervisor, the scan): its
 * meters with the registers they gave, and its lines by name. With a line,
 * kw_meter_request_start queues a request fairly among the polls.
 */
#ifndef KW_METER_METER_H
#define KW_METER_METER_H

#include "core/module.h"
#include "meter/image.h"
#include "meter/line.h"
#include "meter/request.h"

struct kw_meter; /* the module's state: its `self` */

extern const struct kw_module kw_meter_module;

/*
 * The line of that name, NULL when there is none. Borrowed, and only for the
 * moment: a change of configuration may close it; requests that are under way
 * then are not answered any more and must be cancelled or forgotten.
 */
struct kw_meter_line *kw_meter_find_line(struct kw_meter *meter,
                                         const char *name);

/* A meter that is polled; all of it is borrowed until the next change. */
struct kw_meter_place {
    const char *name, *line;
    uint8_t unit;
    const struct kw_meter_image *image;
};

/* Calls each for all meters: in the order of the lines, on a line in that of
 * units and loads. */
void kw_meter_each(const struct kw_meter *meter,
                   void (*each)(void *arg, const struct kw_meter_place *place),
                   void *arg);

/* Told when what was borrowed goes. Embedded by its owner; no callback may
 * be NULL, or call the meter module. */
struct kw_meter_watch {
    struct kw_link link;
    /* A line is about to close, with its meters: requests on it are to be
     * cancelled now. */
    void (*closing)(void *arg, const struct kw_meter_line *line);
    /* The meters are others now: kw_meter_each gives the new ones. Not at the
     * module's end. */
    void (*changed)(void *arg);
    void *arg;
};
void kw_meter_watch(struct kw_meter *meter, struct kw_meter_watch *watch);
/* Harmless when it doesn't watch (a zeroed one). */
void kw_meter_unwatch(struct kw_meter_watch *watch);

#endif
