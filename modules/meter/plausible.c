/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/plausible.h"

#include <math.h>
#include <string.h>

/* 2 kA at 36 kV; and a workshop that is switched on between two readings. */
const double kw_meter_power_unknown_w = 125e6;
const double kw_meter_power_least_w = 100e3;

static const double margin = 1.5;
static const double ms_per_hour = 3600e3;
static const double float_step = 1.0 / (1 << 22); /* of the value, doubled */

double kw_meter_counter_rate(const char *unit, double power_w)
{
    if (strcmp(unit, "s") == 0)
        return 3600 * margin;
    if (strcmp(unit, "Wh") != 0 && strcmp(unit, "varh") != 0 &&
        strcmp(unit, "VAh") != 0)
        return (double)INFINITY;
    if (power_w <= 0)
        return kw_meter_power_unknown_w;
    /* One wrong power must not switch the check off. */
    return fmin(fmax(power_w * margin, kw_meter_power_least_w),
                kw_meter_power_unknown_w);
}

/* Two digits, since sums of phases are rounded one by one. */
static double tolerance(const struct kw_meter_counter_form *form, double value)
{
    double step = form->step * 2;

    return form->is_float ? step + fabs(value) * float_step : step;
}

/* Time in which it may have counted: since it changed, if that is not long
 * ago, and always since it was read. */
static double elapsed_ms(uint64_t read_ms, uint64_t changed_ms, uint64_t now_ms)
{
    uint64_t since_read = now_ms - read_ms, since_changed = now_ms - changed_ms;
    uint64_t most = since_read > KW_METER_COUNTER_UPDATE_MS
                        ? since_read
                        : KW_METER_COUNTER_UPDATE_MS;

    return (double)(since_changed < most ? since_changed : most);
}

/* Where the display of so many digits begins anew: the power of ten above the
 * last value, if that was almost there. */
static double decimal_modulus(const struct kw_meter_counter_form *form,
                              double last)
{
    double digits = last / form->step, modulus = 1e4;

    while (modulus <= digits && modulus < 1e15)
        modulus *= 10;
    return digits > modulus * 0.99 ? modulus * form->step : 0;
}

static bool rolls_over(const struct kw_meter_counter_form *form, double from,
                       double to, double allowed)
{
    double decimal = form->decimal ? decimal_modulus(form, from) : 0;

    if (to >= from || to < 0 || !isfinite(allowed))
        return false;
    return (form->modulus > 0 && to + form->modulus - from <= allowed) ||
           (decimal > 0 && to + decimal - from <= allowed);
}

/* Can it have gone from one value to the other in that time? */
static bool follows(const struct kw_meter_counter_form *form, double from,
                    double to, double allowed)
{
    double least = tolerance(form, from);

    if (to < from)
        return from - to <= least ||
               rolls_over(form, from, to, allowed + least);
    return to - from <= allowed + least;
}

static double allowed_in(double rate, double ms)
{
    return isfinite(rate) ? rate / ms_per_hour * ms : rate;
}

static void take(struct kw_meter_counter *counter, double value,
                 uint64_t changed_ms, uint64_t now_ms)
{
    counter->known = true;
    counter->confirmed = 0;
    counter->last = value;
    counter->last_ms = now_ms;
    counter->changed_ms = changed_ms;
}

/* Another reading that does not follow: does it follow the one before? */
static bool confirm(struct kw_meter_counter *counter,
                    const struct kw_meter_counter_form *form, double value,
                    double rate, uint64_t now_ms)
{
    double allowed =
        allowed_in(rate, elapsed_ms(counter->candidate_ms,
                                    counter->candidate_changed_ms, now_ms));
    bool agrees = counter->confirmed > 0 &&
                  follows(form, counter->candidate, value, allowed);

    if (!agrees || value != counter->candidate)
        counter->candidate_changed_ms = now_ms;
    counter->confirmed = agrees ? (uint8_t)(counter->confirmed + 1) : 1;
    counter->candidate = value;
    counter->candidate_ms = now_ms;
    return counter->confirmed > KW_METER_CONFIRMATIONS;
}

enum kw_meter_plausible
kw_meter_counter_check(struct kw_meter_counter *counter,
                       const struct kw_meter_counter_form *form, double value,
                       double rate, uint64_t now_ms, double *before)
{
    double allowed;

    if (!counter->known) {
        take(counter, value, now_ms, now_ms);
        return KW_METER_PLAUSIBLE;
    }
    allowed = allowed_in(
        rate, elapsed_ms(counter->last_ms, counter->changed_ms, now_ms));
    if (follows(form, counter->last, value, allowed)) {
        take(counter, value,
             value == counter->last ? counter->changed_ms : now_ms, now_ms);
        return KW_METER_PLAUSIBLE;
    }
    if (!confirm(counter, form, value, rate, now_ms))
        return KW_METER_IMPLAUSIBLE;
    *before = counter->last;
    take(counter, value, now_ms, now_ms);
    return KW_METER_PLAUSIBLE_ANEW;
}
