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
static const double near_end = 0.9;               /* of a modulus */
static const double rounding = 1e-6;              /* of a step */

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

/* What can have flowed in that time; no more than most where the rate has no
 * limit. */
static double flowed(double rate, int64_t ms, double most)
{
    return isfinite(rate) ? rate / ms_per_hour * (double)ms : most;
}

/* Time in which a value may have counted: since it was read, and before that
 * since it changed, but no longer than meters wait with an update. */
static int64_t counting_ms(const struct kw_meter_counter_value *from,
                           int64_t now_ms)
{
    int64_t since_changed = now_ms - from->changed_ms;
    int64_t most = now_ms - from->read_ms + KW_METER_COUNTER_UPDATE_MS;

    return since_changed < most ? since_changed : most;
}

/* True when the value was near that end, and went through it. */
static bool passes(const struct kw_meter_counter_value *from,
                   const struct kw_meter_counter_reading *reading,
                   double modulus, double tolerated)
{
    double more = reading->value + modulus - from->value;
    double most = modulus * (1 - near_end);

    return from->value >= modulus * near_end &&
           from->value <= modulus + tolerated &&
           more <= tolerated + flowed(reading->rate,
                                      counting_ms(from, reading->now_ms), most);
}

/* Where the display of so many digits begins anew: the power of ten above. */
static double decimal_modulus(const struct kw_meter_counter_form *form,
                              double value)
{
    double modulus = 1e4;

    while (modulus * form->unit < value && modulus < 1e15)
        modulus *= 10;
    return modulus * form->unit;
}

/* True when it may have begun anew: at an end, or because it was reset since
 * it was read. */
static bool begins_anew(const struct kw_meter_counter_form *form,
                        const struct kw_meter_counter_value *from,
                        const struct kw_meter_counter_reading *reading,
                        double tolerated)
{
    int64_t since_read_ms = reading->now_ms - from->read_ms;

    if (form->resettable &&
        reading->value <=
            tolerated + flowed(reading->rate, since_read_ms, tolerated))
        return true;
    for (int i = 0; i < KW_METER_COUNTER_MODULI; i++) {
        if (form->modulus[i] > 0 &&
            passes(from, reading, form->modulus[i] * form->unit, tolerated))
            return true;
    }
    return form->decimal &&
           passes(from, reading, decimal_modulus(form, from->value), tolerated);
}

/* Can it have gone from that value to the one it reads? */
static enum kw_meter_plausible
follow(const struct kw_meter_counter_form *form,
       const struct kw_meter_counter_value *from,
       const struct kw_meter_counter_reading *reading)
{
    double tolerated = tolerance(form, from->value);
    double more = reading->value - from->value;

    if (more < -tolerated)
        return begins_anew(form, from, reading, tolerated)
                   ? KW_METER_PLAUSIBLE_OVER
                   : KW_METER_IMPLAUSIBLE;
    return more <= tolerated + flowed(reading->rate,
                                      counting_ms(from, reading->now_ms), more)
               ? KW_METER_PLAUSIBLE
               : KW_METER_IMPLAUSIBLE;
}

/* Takes the newest value. It may have stood since just after the reading
 * before; when it is the first nobody knows since when. */
static void note(struct kw_meter_counter_value *last,
                 const struct kw_meter_counter_reading *reading, bool first)
{
    if (first)
        last->changed_ms = reading->now_ms - KW_METER_COUNTER_UPDATE_MS;
    else if (reading->value != last->value)
        last->changed_ms = last->read_ms;
    last->value = reading->value;
    last->read_ms = reading->now_ms;
}

/* Another reading that does not follow the last one: goes on with the stretch
 * if it follows the one before, or opens a new one. */
static void doubt(struct kw_meter_counter *counter,
                  const struct kw_meter_counter_form *form,
                  const struct kw_meter_counter_reading *reading)
{
    bool first = !counter->doubted ||
                 follow(form, &counter->doubt, reading) == KW_METER_IMPLAUSIBLE;

    if (first) {
        counter->doubted = true;
        counter->moved = false;
        counter->readings = 0;
        counter->opened_ms = reading->now_ms;
        counter->expected = 0;
    } else {
        counter->moved |= reading->value > counter->doubt.value;
        counter->expected +=
            flowed(reading->flow, reading->now_ms - counter->doubt.read_ms, 0);
    }
    if (counter->readings < KW_METER_COUNTER_READINGS)
        counter->readings++;
    note(&counter->doubt, reading, first);
}

/* True when the stretch has lasted long enough for what speaks for it. */
static bool is_believed(const struct kw_meter_counter *counter,
                        const struct kw_meter_counter_form *form,
                        const struct kw_meter_counter_reading *reading)
{
    int64_t lasts_ms = reading->now_ms - counter->opened_ms;

    if (lasts_ms < KW_METER_COUNTER_MOVES_MS ||
        counter->readings < KW_METER_COUNTER_READINGS)
        return false;
    if (counter->moved || reading->replaced_ms >= counter->opened_ms)
        return true;
    if (lasts_ms >= KW_METER_COUNTER_UPDATE_MS &&
        counter->expected <= tolerance(form, reading->value))
        return true;
    return lasts_ms >= KW_METER_COUNTER_STANDS_MS;
}

/* True when it is further than it was by no more than can have flowed since it
 * changed: the meter has not counted for long, and has made up for it. */
static bool has_caught_up(const struct kw_meter_counter *counter,
                          const struct kw_meter_counter_reading *reading)
{
    double more = reading->value - counter->last.value;

    return more > 0 &&
           more <= flowed(reading->rate,
                          reading->now_ms - counter->last.changed_ms, more);
}

enum kw_meter_plausible kw_meter_counter_check(
    struct kw_meter_counter *counter, const struct kw_meter_counter_form *form,
    const struct kw_meter_counter_reading *reading, double *before)
{
    enum kw_meter_plausible result = KW_METER_PLAUSIBLE;
    bool first = !counter->known;

    /* No counter is negative, but what is computed may be rounded. */
    if (reading->value < -rounding * form->step)
        return KW_METER_IMPLAUSIBLE;
    if (!first)
        result = follow(form, &counter->last, reading);
    if (result == KW_METER_IMPLAUSIBLE) {
        doubt(counter, form, reading);
        if (!is_believed(counter, form, reading))
            return KW_METER_IMPLAUSIBLE;
        first = true;
        *before = counter->last.value;
        result = has_caught_up(counter, reading) ? KW_METER_PLAUSIBLE
                                                 : KW_METER_PLAUSIBLE_ANEW;
    }
    note(&counter->last, reading, first);
    counter->known = true;
    counter->doubted = false;
    return result;
}
