/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan looks for meters on one line: it asks unit after unit, names those
 * that answer, and proposes how to configure them. Its questions stand in the
 * line's schedule among the polls, one at a time.
 *
 * With a line that others use, `shared`, they go on polling. A search for
 * speed and parity can't share: that line is suspended, the scan opens the
 * port itself with one setting after the other, and when it ends, however it
 * ends, the shared line is resumed.
 *
 * Everything runs on the loop's thread.
 */
#ifndef KW_METER_SCAN_H
#define KW_METER_SCAN_H

#include "core/life.h"
#include "meter/identify.h"
#include "meter/request.h"
#include "meter/scan_plan.h"

struct kw_core;
struct kw_diag;
struct kw_json;
struct kw_meter_library;
struct kw_meter_scan;

enum kw_meter_scan_state {
    KW_METER_SCAN_RUNNING,
    KW_METER_SCAN_DONE,
    KW_METER_SCAN_CANCELLED,
    KW_METER_SCAN_FAILED,
};

enum kw_meter_found_state {
    KW_METER_FOUND_METER,
    KW_METER_FOUND_CONFLICT,
    KW_METER_FOUND_FOREIGN,
};

/* What answered on one unit. */
struct kw_meter_found {
    enum kw_meter_found_state state;
    uint8_t unit;
    char settings[KW_METER_SPEED_TEXT_SIZE]; /* "38400 8N1", "" on TCP */
    struct kw_meter_identity identity;
    struct {
        const struct kw_map *map; /* held by the scan */
        unsigned score;
    } proposals[KW_METER_PROPOSALS_MAX]; /* best first */
    size_t proposed;
    uint32_t loads;                      /* bit n: load n + 1 */
    uint64_t poll_us;                    /* reading all of it once */
    char name[KW_METER_SCAN_NAME_SIZE];  /* proposed */
    char meter[KW_METER_SCAN_NAME_SIZE]; /* configured there; "" none */
    char text[96];                       /* what else people should know */
};

/* A meter of the configuration on the line. */
struct kw_meter_scan_known {
    const char *name;
    const struct kw_map *map;
    bool answers; /* it is polled and needs not be asked */
};

struct kw_meter_scan_owner {
    /* Progress, at most four times a second, and every change of state. */
    void (*changed)(void *arg, struct kw_meter_scan *scan);
    /* The configured meter of a unit; false when there is none. */
    bool (*known)(void *arg, const struct kw_meter_scan *scan, unsigned unit,
                  struct kw_meter_scan_known *known);
    /* True when a configured meter, of any line, has that name. */
    bool (*taken)(void *arg, const char *name);
    /* Nothing of it is left; after kw_meter_scan_free. */
    void (*gone)(void *arg);
    void *arg;
};

struct kw_meter_scan_options {
    const struct kw_meter_line_conf *conf; /* copied */
    struct kw_meter_line *shared;          /* NULL: the scan opens its own */
    struct kw_meter_units units;
    bool identify;                 /* false: only who answers */
    struct kw_meter_speed *speeds; /* to search; copied */
    size_t speeds_count;           /* 0: no search; serial lines only */
    uint32_t timeout_ms;           /* of a silent unit; 0: as it sees fit */
    uint64_t longest_us;           /* round trip seen on the line so far */
    double usage;                  /* share of time that polls ask for */
    const struct kw_meter_library *library; /* its maps are held */
};

struct kw_meter_scan {
    struct kw_link link; /* the owner's */
    struct kw_life life;
    struct kw_core *core;
    struct kw_meter_scan_owner owner;
    struct kw_arena arena; /* of conf */
    const struct kw_meter_line_conf *conf;
    struct kw_meter_line_conf try_conf; /* conf with the settings tried */
    struct kw_meter_serial_conf try_serial;
    struct kw_meter_line *shared, *own;
    bool suspended;
    uv_timer_t timer, tell_timer;

    enum kw_meter_scan_state state, ending; /* ending: when own is closed */
    char text[160];
    int64_t started_ms, finished_ms; /* UTC; 0: not yet */
    uint64_t told_ns;
    char settings[KW_METER_SPEED_TEXT_SIZE]; /* being tried */
    unsigned done, total;                    /* units */
    bool identify;
    uint32_t timeout_ms;
    uint64_t longest_us, answers_us, answers; /* round trips: their sum */
    double usage;

    struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX];
    size_t speeds_count, speed;
    struct kw_meter_units first, rest; /* of a search: asked before, after */
    struct kw_meter_units todo, again; /* of this pass; late ones */
    bool patient;                      /* the pass of the late ones */
    bool all_rest;                     /* the rest is being asked */
    size_t pass_from;                  /* found before this pass */

    /* The unit under way. */
    struct kw_meter_request request;
    int unit, before; /* -1: none; before: the silent one before it */
    bool identifying, repeated;
    struct kw_meter_presence presence;
    struct kw_meter_identify *dialogue; /* owned */
    uint64_t strays, strays_heard; /* the line's when the unit began; since */
    unsigned unit_foreign;

    struct kw_map **maps; /* held */
    size_t maps_count;
    struct kw_meter_found *found[256]; /* owned */
    size_t found_count;
};

/* Begins in the loop's next turn. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_scan_new(struct kw_meter_scan **scan,
                                    struct kw_core *core,
                                    const struct kw_meter_scan_options *options,
                                    const struct kw_meter_scan_owner *owner);

/* Ends it; what was found stays. state: cancelled or failed, with the reason.
 * Harmless when it has ended. */
void kw_meter_scan_end(struct kw_meter_scan *scan,
                       enum kw_meter_scan_state state, const char *why);

/* The shared line closes now: the scan ends and does not touch it again. */
void kw_meter_scan_forget_line(struct kw_meter_scan *scan, const char *why);

/* Ends and frees it, gone follows; changed is not called any more. */
void kw_meter_scan_free(struct kw_meter_scan *scan);

/* scan_format.c: the scan as an object, and what /live gets of it. */
void kw_meter_scan_format(const struct kw_meter_scan *scan,
                          struct kw_json *json);
void kw_meter_scan_format_progress(const struct kw_meter_scan *scan,
                                   struct kw_json *json);

#endif
