/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/refused.h"

#include "base/mem.h"
#include "base/sample.h"
#include "core/core.h"
#include "meter/settings.h"

static const uint64_t ns_per_ms = 1000000;

/* Registers or bits that so many points from first on take. */
static uint16_t span(const struct kw_meter_point *first, unsigned points)
{
    unsigned end = 0;

    for (unsigned i = 0; i < points; i++) {
        if (first[i].offset + first[i].map->registers > end)
            end = first[i].offset + first[i].map->registers;
    }
    return (uint16_t)end;
}

static uint64_t now_ns_of(const struct kw_meter_device *device)
{
    return kw_clock_mono_ns(device->core->clock);
}

static bool is_refused(const struct kw_meter_request_state *state)
{
    return state->left_out == KW_QUALITY_BAD_EXCEPTION;
}

static bool is_silent(const struct kw_meter_request_state *state)
{
    return state->left_out != KW_QUALITY_GOOD && !is_refused(state);
}

/* Some requests are left out, or parts of what they were in the plan. */
static bool is_narrowed(const struct kw_meter_device *device)
{
    return device->refused.count > 0 ||
           device->plan.count > device->image.count;
}

/* Nothing that is polled is left. */
static bool leaves_all_out(const struct kw_meter_device *device)
{
    for (unsigned i = 0; i < device->plan.count; i++) {
        if (device->plan.requests[i].read_class != KW_MAP_ONCE &&
            device->request[i].left_out == KW_QUALITY_GOOD)
            return false;
    }
    return true;
}

/* --- which one is tried again */

static unsigned next_searching(const struct kw_meter_device *device)
{
    unsigned at = 0;

    while (at < device->plan.count && !device->request[at].searching)
        at++;
    return at;
}

/* The next one in turn; plan.count behind the last. What is being searched has
 * turns of its own, unless all is left out. */
static unsigned next_left_out(const struct kw_meter_device *device, bool all)
{
    unsigned at = device->refused.next;

    while (at < device->plan.count &&
           (device->request[at].left_out == KW_QUALITY_GOOD ||
            (device->request[at].searching && !all)))
        at++;
    return at;
}

/* All have had their turn. */
static void end_round(struct kw_meter_device *device, uint64_t now_ns)
{
    struct kw_meter_refused *refused = &device->refused;

    refused->next = 0;
    refused->retry_ns = now_ns + refused->pause_ms * ns_per_ms;
    refused->pause_ms *= 2;
    if (refused->pause_ms > KW_METER_REFUSED_LAST_MS)
        refused->pause_ms = KW_METER_REFUSED_LAST_MS;
    for (unsigned i = 0; i < device->plan.count; i++)
        device->request[i].apart = false;
}

static unsigned pick(struct kw_meter_device *device, uint64_t now_ns, bool all)
{
    struct kw_meter_refused *refused = &device->refused;
    unsigned none = (unsigned)device->plan.count, at;

    if (!all && now_ns >= refused->silent_ns) {
        at = next_searching(device);
        if (at < none)
            return at;
    }
    if (!all && now_ns < refused->retry_ns)
        return none;
    at = next_left_out(device, all);
    if (at == none) {
        end_round(device, now_ns);
        at = all ? next_left_out(device, all) : none;
    } else if (!all && is_silent(&device->request[at]) &&
               now_ns < refused->silent_ns) {
        return none; /* it goes on when that may be asked */
    }
    refused->next = at + 1;
    return at;
}

unsigned kw_meter_refused_pick(struct kw_meter_device *device, uint64_t now_ns)
{
    unsigned none = (unsigned)device->plan.count, at;
    bool all;

    if (!is_narrowed(device))
        return none;
    all = device->refused.count > 0 && leaves_all_out(device);
    /* A poll with nothing else would fail when it is refused again. */
    if (!all && device->todo == 0)
        return none;
    at = pick(device, now_ns, all);
    if (at < none && is_silent(&device->request[at]))
        device->refused.silent_ns = now_ns + KW_METER_SILENT_MS * ns_per_ms;
    return at;
}

void kw_meter_refused_retry(struct kw_meter_device *device)
{
    device->refused.next = 0;
    device->refused.retry_ns = device->refused.silent_ns = 0;
    device->refused.pause_ms = KW_METER_REFUSED_FIRST_MS;
    for (unsigned i = 0; i < device->plan.count; i++)
        device->request[i].apart = false;
}

/* --- what is asked */

void kw_meter_refused_cut(struct kw_meter_device *device, unsigned request,
                          unsigned points, struct kw_meter_ask *ask)
{
    struct kw_meter_request_state *state = &device->request[request];

    state->asked = (uint16_t)points;
    state->count = ask->count =
        span(&device->points[device->plan.requests[request].first], points);
}

void kw_meter_refused_ask(struct kw_meter_device *device, unsigned request,
                          struct kw_meter_ask *ask)
{
    const struct kw_plan_request *plan = &device->plan.requests[request];
    struct kw_meter_request_state *state = &device->request[request];

    state->asked = (uint16_t)kw_meter_narrow_ask(&state->narrow, plan->points);
    *ask = (struct kw_meter_ask){
        .unit = (uint8_t)device->entry->unit,
        .function = plan->function,
        .address = plan->address,
        .count = plan->count,
    };
    state->count = ask->count;
    if (state->asked != plan->points)
        kw_meter_refused_cut(device, request, state->asked, ask);
}

/* --- parts: cut and joined */

/* Room for one more request. */
static int grow(struct kw_meter_device *device)
{
    size_t count = device->plan.count + 1;
    struct kw_plan_request *requests =
        kw_realloc(device->plan.requests, count * sizeof(*requests));
    struct kw_meter_request_state *states;

    if (requests == NULL)
        return KW_ENOMEM;
    device->plan.requests = requests;
    states = kw_realloc(device->request, count * sizeof(*states));
    if (states == NULL)
        return KW_ENOMEM;
    device->request = states;
    return 0;
}

static void start_waiting(struct kw_meter_device *device)
{
    struct kw_meter_refused *refused = &device->refused;

    if (is_narrowed(device))
        return;
    refused->next = 0;
    refused->pause_ms = KW_METER_REFUSED_FIRST_MS;
    refused->retry_ns = now_ns_of(device) + refused->pause_ms * ns_per_ms;
}

/* Cuts the request off behind so many points; the rest is a new one, the
 * plan's last. They are not joined before the next round. */
static int split(struct kw_meter_device *device, unsigned request,
                 unsigned points)
{
    int err = grow(device);
    struct kw_plan_request *front, *rest;
    struct kw_meter_request_state *state = &device->request[request];
    struct kw_meter_point *first;
    uint16_t shift;

    if (err != 0)
        return err;
    start_waiting(device);
    state = &device->request[request];
    front = &device->plan.requests[request];
    rest = &device->plan.requests[device->plan.count];
    first = &device->points[front->first + points];
    shift = first->offset;
    for (unsigned i = points; i < front->points; i++)
        device->points[front->first + i].offset =
            (uint16_t)(device->points[front->first + i].offset - shift);
    *rest = *front;
    rest->address = (uint16_t)(front->address + shift);
    rest->first = (uint16_t)(front->first + points);
    rest->points = (uint16_t)(front->points - points);
    rest->count = span(first, rest->points);
    front->points = (uint16_t)points;
    front->count = span(&device->points[front->first], points);
    device->request[device->plan.count++] = (struct kw_meter_request_state){
        .block = state->block, .apart = state->apart};
    state->narrow = (struct kw_meter_narrow){.good = 0};
    state->apart = true;
    return 0;
}

/* What follows the request in its block; plan.count: nothing. */
static unsigned next_part(const struct kw_meter_device *device,
                          unsigned request)
{
    const struct kw_plan_request *front = &device->plan.requests[request];
    unsigned at = (unsigned)device->image.count; /* parts stand behind these */

    while (at < device->plan.count &&
           (device->request[at].block != device->request[request].block ||
            device->plan.requests[at].first != front->first + front->points))
        at++;
    return at;
}

/* Makes one request of two; the plan's last takes the place of the second. */
static void merge(struct kw_meter_device *device, unsigned first,
                  unsigned second)
{
    struct kw_plan_request *front = &device->plan.requests[first];
    const struct kw_plan_request *rest = &device->plan.requests[second];
    unsigned last = (unsigned)device->plan.count - 1;

    for (unsigned i = 0; i < rest->points; i++)
        device->points[rest->first + i].offset =
            (uint16_t)(device->points[rest->first + i].offset + rest->address -
                       front->address);
    device->request[first].trial = front->points;
    device->request[first].apart = device->request[second].apart;
    front->points = (uint16_t)(front->points + rest->points);
    front->count = span(&device->points[front->first], front->points);
    device->plan.requests[second] = device->plan.requests[last];
    device->request[second] = device->request[last];
    device->plan.count--;
    device->refused.next = 0; /* the order has changed */
}

static bool may_join(const struct kw_meter_request_state *state)
{
    return state->given && state->left_out == KW_QUALITY_GOOD &&
           state->narrow.refused == 0 && !state->narrow.first_alone &&
           state->trial == 0;
}

/* The plan as it was made. */
static void forget(struct kw_meter_device *device)
{
    for (unsigned i = 0; i < device->image.count; i++) {
        unsigned next;

        while ((next = next_part(device, i)) < device->plan.count)
            merge(device, i, next);
        device->request[i] =
            (struct kw_meter_request_state){.block = (uint16_t)i};
    }
    device->refused.count = 0;
    device->refused.again = false;
    kw_meter_device_claim(device);
}

void kw_meter_refused_join(struct kw_meter_device *device)
{
    unsigned before = (unsigned)device->plan.count;

    if (device->refused.again) {
        forget(device);
        return;
    }
    for (unsigned i = 0;
         is_narrowed(device) && i < (unsigned)device->plan.count; i++) {
        unsigned next = next_part(device, i);

        if (next < device->plan.count && !device->request[i].apart &&
            may_join(&device->request[i]) && may_join(&device->request[next]))
            merge(device, i, next);
    }
    if (device->plan.count != before)
        kw_meter_device_claim(device);
}

/* --- what is found */

static void fails(struct kw_meter_told *told, unsigned first, unsigned points)
{
    told->first_bad = first;
    told->bad = points;
}

static void leave_out(struct kw_meter_device *device, unsigned request,
                      uint8_t quality, uint8_t exception)
{
    struct kw_meter_request_state *state = &device->request[request];

    start_waiting(device);
    device->refused.count += state->left_out == KW_QUALITY_GOOD;
    state->left_out = quality;
    state->exception = exception;
    state->misses = 0;
    kw_meter_device_claim(device);
}

static void take_in(struct kw_meter_device *device, unsigned request)
{
    struct kw_meter_request_state *state = &device->request[request];

    device->refused.count -= state->left_out != KW_QUALITY_GOOD;
    state->left_out = KW_QUALITY_GOOD;
    state->searching = false;
    kw_meter_device_claim(device);
}

/* One step of the search for what is refused is done. */
static void go_on(struct kw_meter_device *device, unsigned request,
                  enum kw_meter_narrowed step, uint8_t exception,
                  struct kw_meter_told *told)
{
    struct kw_meter_narrow *narrow = &device->request[request].narrow;
    const struct kw_plan_request *plan = &device->plan.requests[request];
    bool more = device->probes++ < KW_METER_PROBES_MAX;
    unsigned first = plan->first, points = plan->points, good;

    if (step == KW_METER_NARROW_MORE) {
        told->again = more;
        if (!more)
            fails(told, first + narrow->good, points - narrow->good);
        return;
    }
    good = step == KW_METER_NARROW_SPLIT ? narrow->good : 1;
    *narrow = (struct kw_meter_narrow){.good = 0};
    if (good < points && split(device, request, good) != 0) {
        fails(told, first, points); /* the next poll searches again */
        return;
    }
    if (good < points) {
        told->split = more;
        /* Behind what is good stands what is missing. */
        device->request[device->plan.count - 1].narrow.first_alone =
            step == KW_METER_NARROW_SPLIT;
    }
    if (step == KW_METER_NARROW_MISSING) {
        leave_out(device, request, KW_QUALITY_BAD_EXCEPTION, exception);
        fails(told, first, more ? 1 : points);
    } else if (!more) {
        fails(told, first + good, points - good);
    }
}

/* One step of the search for what gives no answer is done; the next one comes
 * with a later poll. */
static void search_on(struct kw_meter_device *device, unsigned request,
                      bool answered)
{
    struct kw_meter_request_state *state = &device->request[request];
    const uint8_t quality = state->left_out, exception = state->exception;
    unsigned points = device->plan.requests[request].points, good, rest;
    enum kw_meter_narrowed step =
        kw_meter_narrow_step(&state->narrow, points, state->asked, answered);

    if (step == KW_METER_NARROW_WHOLE) {
        state->narrow = (struct kw_meter_narrow){.good = 0};
        take_in(device, request);
        return;
    }
    if (step == KW_METER_NARROW_MORE)
        return;
    good = step == KW_METER_NARROW_SPLIT ? state->narrow.good : 1;
    if (good < points) {
        if (split(device, request, good) != 0)
            return; /* the same step again */
        rest = (unsigned)device->plan.count - 1;
        leave_out(device, rest, quality, exception);
        device->request[rest].searching = true;
        device->request[rest].narrow.first_alone =
            step == KW_METER_NARROW_SPLIT;
    }
    device->request[request].searching = false;
    if (step == KW_METER_NARROW_SPLIT)
        take_in(device, request);
}

/* Parts that were joined on trial are not answered together. */
static int part_again(struct kw_meter_device *device, unsigned request)
{
    unsigned points = device->request[request].trial;
    int err = split(device, request, points);

    if (err != 0)
        return err;
    device->request[request].trial = 0;
    device->request[device->plan.count - 1].given = true;
    kw_meter_device_claim(device);
    return 0;
}

static void told_good(struct kw_meter_device *device, unsigned request,
                      struct kw_meter_told *told)
{
    struct kw_meter_request_state *state = &device->request[request];
    unsigned points = device->plan.requests[request].points;
    enum kw_meter_narrowed step;

    state->given = true;
    state->misses = 0;
    state->trial = 0;
    if (is_silent(state))
        device->refused.silent_ns = 0; /* this look has cost no time-out */
    if (state->searching) {
        search_on(device, request, true);
        return;
    }
    if (state->left_out != KW_QUALITY_GOOD) {
        /* It has it by now; and perhaps the others, too: of a meter that gave
         * nothing at all everything is asked anew. */
        device->refused.again = leaves_all_out(device);
        device->refused.retry_ns = 0;
        take_in(device, request);
        return;
    }
    step = kw_meter_narrow_step(&state->narrow, points, state->asked, true);
    if (step == KW_METER_NARROW_WHOLE)
        state->narrow = (struct kw_meter_narrow){.good = 0};
    else
        go_on(device, request, step, 0, told);
}

static int told_bad(struct kw_meter_device *device, unsigned request,
                    uint8_t exception, struct kw_meter_told *told)
{
    struct kw_meter_request_state *state = &device->request[request];
    const struct kw_plan_request *plan = &device->plan.requests[request];
    enum kw_meter_narrowed step;
    int err;

    if (state->trial != 0) {
        err = part_again(device, request);
        told->again = told->split = err == 0;
        return err;
    }
    if (state->searching)
        take_in(device, request); /* a refusal is searched at once */
    else if (state->left_out != KW_QUALITY_GOOD)
        return 0; /* as before: its points are bad already */
    err = kw_meter_image_narrow(&device->image, state->block, exception);
    if (err != 0)
        return err;
    kw_meter_image_drop(&device->image, state->block, plan->address,
                        state->count);
    if (kw_meter_refusal(exception) == KW_METER_REFUSAL_FUNCTION) {
        leave_out(device, request, KW_QUALITY_BAD_EXCEPTION, exception);
        fails(told, plan->first, plan->points);
        return 0;
    }
    step =
        kw_meter_narrow_step(&state->narrow, plan->points, state->asked, false);
    go_on(device, request, step, exception, told);
    return 0;
}

int kw_meter_refused_told(struct kw_meter_device *device, unsigned request,
                          uint8_t exception, struct kw_meter_told *told)
{
    *told = (struct kw_meter_told){.again = false};
    if (exception != 0)
        return told_bad(device, request, exception, told);
    told_good(device, request, told);
    return 0;
}

void kw_meter_refused_missed(struct kw_meter_device *device, unsigned request)
{
    struct kw_meter_request_state *state = &device->request[request];
    const struct kw_plan_request *plan = &device->plan.requests[request];
    uint8_t quality = state->missed, exception = state->missed_exception;

    if (state->trial != 0) {
        (void)part_again(device, request); /* else it is tried again */
        return;
    }
    if (state->searching) {
        search_on(device, request, false);
        return;
    }
    if (state->left_out != KW_QUALITY_GOOD ||
        ++state->misses <
            (state->given ? KW_METER_MISSES_MAX : KW_METER_MISSES_NEW) ||
        kw_meter_image_narrow(&device->image, state->block, exception) != 0)
        return;
    kw_meter_image_drop(&device->image, state->block, plan->address,
                        plan->count);
    leave_out(device, request, quality, exception);
    state->narrow = (struct kw_meter_narrow){.good = 0};
    state->searching = true;
    device->refused.silent_ns =
        now_ns_of(device) + KW_METER_SILENT_MS * ns_per_ms;
}

/* --- what is told of it */

/* Where a range of registers begins, to sort by. */
static uint32_t place_of(const struct kw_plan_request *request)
{
    return (uint32_t)request->function << 16 | request->address;
}

/* The silent request that begins there or, at_least, is the next one;
 * plan.count: none. */
static unsigned find_silent(const struct kw_meter_device *device,
                            uint32_t place, bool at_least)
{
    unsigned found = (unsigned)device->plan.count;

    for (unsigned i = 0; i < device->plan.count; i++) {
        uint32_t at = place_of(&device->plan.requests[i]);

        if (!is_silent(&device->request[i]) || at < place ||
            (!at_least && at != place))
            continue;
        if (found == device->plan.count ||
            at < place_of(&device->plan.requests[found]))
            found = i;
    }
    return found;
}

bool kw_meter_refused_gap(const struct kw_meter_device *device,
                          struct kw_meter_gap *gap)
{
    unsigned at = find_silent(device, 0, true);
    const struct kw_plan_request *request;
    uint32_t end;

    if (at == device->plan.count)
        return false;
    request = &device->plan.requests[at];
    gap->quality = device->request[at].left_out;
    gap->function = request->function;
    gap->first = request->address;
    do {
        request = &device->plan.requests[at];
        end = place_of(request) + request->count;
        gap->last = (uint16_t)(request->address + request->count - 1U);
        at = find_silent(device, end, false);
    } while (at < device->plan.count);
    return true;
}
