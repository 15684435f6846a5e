/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A meter that is polled: its map bound to points, what it is asked and when,
 * and how it does. It is a job of its line.
 *
 * A poll is what the meter is asked at one moment: the requests of all classes
 * that are due. It has one time stamp, taken when its first request leaves,
 * and one publication when the last answer has come or failed and the time is
 * over in which a surplus reply would show that it was another's. A meter that
 * fails three polls in a row is set aside: asked once in growing pauses up to
 * a minute, without repetition, until it answers again. One that has never
 * answered, while others of its line do, has those pauses from its first poll
 * on.
 */
#ifndef KW_METER_DEVICE_H
#define KW_METER_DEVICE_H

#include "meter/compute.h"
#include "meter/image.h"
#include "meter/line.h"
#include "meter/stats.h"

struct kw_core;
struct kw_meter_counters;
struct kw_meter_counting;
struct kw_meter_device;
struct kw_meter_entry;
struct kw_meter_request_state; /* refused.h */
struct kw_source;

enum { KW_METER_TEXT_SIZE = 2 * KW_MAP_STRING_REGISTERS + 1 };

/* A point of the meter. Attributes have no number and a text instead. What is
 * computed at the end of a poll has its value as raw, encoding and scale are
 * those of the number in its registers, if it has any. */
struct kw_meter_point {
    const struct kw_map_point *map;
    char *text;            /* of an attribute: KW_METER_TEXT_SIZE bytes */
    uint32_t id;           /* of the point, 0 for an attribute */
    uint16_t place;        /* of its sample in this poll, from 1; 0 none */
    uint16_t offset;       /* registers (bits) from the request's first */
    uint8_t encoding;      /* enum kw_encoding */
    uint8_t quality;       /* last published; UNPUBLISHED before */
    struct kw_scale scale; /* number in raw to the base unit */
    struct kw_map_bounds bounds; /* of the value, base unit */
    uint8_t power_share;         /* of the meter's power: see counters.c */
    struct kw_meter_counting *counting; /* NULL: not a counter */
};
enum { KW_METER_UNPUBLISHED = 0xFF };

enum kw_meter_device_state {
    KW_METER_DEVICE_WAITING, /* for the first answer */
    KW_METER_DEVICE_OK,
    KW_METER_DEVICE_FAILING, /* set aside */
};

/* What a request is to the poll under way. */
enum kw_meter_step {
    KW_METER_STEP_NONE, /* not part of it, or done with */
    KW_METER_STEP_TODO,
    KW_METER_STEP_SENT,
};

/* What the meter does not give, all requests together (refused.c). */
struct kw_meter_refused {
    unsigned count; /* requests that are left out */
    unsigned next;  /* the one to be tried again next, or the first behind */
    uint64_t retry_ns, pause_ms;
    uint64_t silent_ns; /* before that none without an answer is tried */
    bool again;         /* all of the plan is to be asked anew */
};

/* How a meter that gives no answer is asked (probe.c). */
enum { KW_METER_PROBE_SIZES = 4 };
struct kw_meter_probe {
    bool silent;     /* the last poll ended so */
    unsigned lost;   /* requests without an answer in a row in this poll */
    unsigned start;  /* the request that goes first */
    unsigned at;     /* the request of the last probe */
    uint16_t points; /* that it asked for; 0: there was none */
    uint16_t sizes[KW_METER_PROBE_SIZES]; /* asked since the last answer */
    uint8_t sizes_count;
};

struct kw_meter_device_owner {
    /* device->state has changed from old. */
    void (*on_state)(void *arg, struct kw_meter_device *device,
                     enum kw_meter_device_state old);
    /* A counter goes on from another value: the meter was replaced or set. */
    void (*on_counter)(void *arg, struct kw_meter_device *device,
                       const struct kw_meter_point *point, double before,
                       double after);
    void *arg;
};

struct kw_meter_device {
    struct kw_meter_job job;
    struct kw_link link; /* the owner's */
    struct kw_core *core;
    struct kw_meter_device_owner owner;
    const struct kw_meter_entry *entry; /* borrowed from the owner */
    struct kw_source *source;
    struct kw_map *map; /* held */
    unsigned retries;

    struct kw_plan plan;                    /* requests owned, no order */
    struct kw_meter_request_state *request; /* one a request */
    /* In the plan's order, then those without registers. */
    struct kw_meter_point *points;
    struct kw_meter_compute compute;
    uint16_t *computed;          /* indexes into points, as in compute.order */
    struct kw_sample *samples;   /* of the poll under way */
    uint16_t *sampled;           /* their places in points */
    struct kw_meter_image image; /* what the requests brought */
    char *texts;                 /* of the attributes */
    struct kw_meter_counters *counters; /* NULL: it has none */
    struct kw_meter_refused refused;
    struct kw_meter_probe probe;

    uint64_t period_ns[KW_MAP_ONCE];
    uint64_t grid_ns[KW_MAP_ONCE]; /* start of each class's grid */
    uint64_t due_ns[KW_MAP_ONCE];  /* UINT64_MAX: the class has no request */
    bool attributes_due;

    bool polling;
    bool answered; /* the poll has a good answer */
    bool stamped;
    bool broke;      /* the line did, while the last request was under way */
    bool retaken;    /* what was taken was given up once: see settle */
    bool disputed;   /* twice in the last poll */
    uint32_t strays; /* of its unit when the poll began, see line.h */
    unsigned probes; /* requests of a search in this poll */
    unsigned todo, sent; /* requests of the poll in these steps */
    size_t samples_count;
    int64_t stamp_ms; /* UTC */
    uint64_t deadline_ns;
    uint64_t busy_until_ns; /* the meter has asked for time */
    uint8_t worst;          /* enum kw_quality of what failed last */
    uint8_t exception;      /* code, when that was one */

    enum kw_meter_device_state state;
    int64_t since_ms;                       /* UTC: of state */
    unsigned failures;                      /* failed polls in a row */
    uint8_t shown_quality, shown_exception; /* why it is failing */
    uint8_t last_exception; /* code of the last refusal, 0 none */
    struct kw_meter_stats stats;
    struct kw_meter_recent recent;
    uint64_t turn_ns;     /* its last request left; 0 never */
    uint64_t heard_ns;    /* end of the last good poll; 0 never */
    uint64_t begun_ns;    /* the last poll of the shortest period */
    uint64_t achieved_ns; /* that period as it really is, 0 not known */
};

/*
 * Makes a meter of an entry: names its source and points in core, plans its
 * requests. sequence spreads the phases. The device is not yet in a line.
 * KW_ENOMEM, KW_ECONFLICT (uid of another meter), ...
 */
struct kw_meter_device_options {
    const struct kw_meter_entry *entry; /* borrowed until freed */
    struct kw_map *map;                 /* held by the device */
    unsigned retries;                   /* the line's */
    uint32_t sequence;
    struct kw_meter_device_owner owner;
};
KW_MUST_CHECK int
kw_meter_device_new(struct kw_meter_device **device, struct kw_core *core,
                    const struct kw_meter_device_options *options);

/* Takes it out of its line and frees it. NULL is allowed. */
void kw_meter_device_free(struct kw_meter_device *device);

/* Begins to poll on a new line as soon as that is up. KW_EFULL. */
KW_MUST_CHECK int kw_meter_device_start(struct kw_meter_device *device,
                                        struct kw_meter_line *line);

/* Points of its map that the meter refuses. */
unsigned kw_meter_device_refused_points(const struct kw_meter_device *device);

/* It has answered no poll yet, but others do on its line, with CRC frames: it
 * may not exist. */
bool kw_meter_device_is_absent(const struct kw_meter_device *device);

/* Tells the line what the meter asks of it: its requests in their periods but
 * those that are left out; nothing while it is set aside or absent. */
void kw_meter_device_claim(struct kw_meter_device *device);

/* What is wrong, for people: "no answer since ...", "no answer yet" before the
 * first one; "" when its polls succeed. */
void kw_meter_device_text(const struct kw_meter_device *device, char *text,
                          size_t size);

/* The operations of its job (poll.c). */
extern const struct kw_meter_job_ops kw_meter_poll_ops;

#endif
