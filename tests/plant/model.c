/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include "load.h"

#include <math.h>

/* Seconds from 1970-01-01 to 2000-01-01, both UTC. */
static const int64_t year_2000_s = 946684800;

/* Impedance of the supply: about 3 V at 60 A. */
static const double supply_ohm = 0.05;

static const double slot_s = (double)KW_PLANT_SLOT_MS / 1000;

enum { MINUTE_MS = 60 * 1000 };

static double pi(void)
{
    return acos(-1);
}

/* Number of whole turns that sine `i` makes in a slot: its integral over a
 * slot of constant power is 0. */
static double turns(int i)
{
    static const double count[KW_PLANT_SINES] = {1, 3, 8};
    return 2 * pi() * count[i] / slot_s;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double line_power(const struct kw_plant_load *load)
{
    return load->phase[0] + load->phase[1] + load->phase[2] - load->solar;
}

/* Appliances and power factors are those at the start of the slot. */
static void make_slot(const struct kw_plant_model *model, int64_t number,
                      struct kw_plant_slot *slot)
{
    struct kw_plant_load from, to;
    int64_t local_ms = number * KW_PLANT_SLOT_MS + model->offset_ms;
    kw_plant_load_at(model->kind, model->seed, model->phases, local_ms, number,
                     &from);
    kw_plant_load_at(model->kind, model->seed, model->phases,
                     local_ms + KW_PLANT_SLOT_MS, number, &to);
    slot->number = number;
    slot->at = line_power(&from);
    slot->rise = (line_power(&to) - slot->at) / slot_s;
    for (unsigned i = 0; i < KW_PLANT_SINES; i++) {
        slot->size[i] = 0.004 * kw_plant_random(model->seed, 50 + i, number);
        slot->angle[i] =
            2 * pi() * kw_plant_random(model->seed, 60 + i, number);
    }
    double sum = from.phase[0] + from.phase[1] + from.phase[2];
    for (int i = 0; i < 3; i++) {
        double cos_phi = clamp(from.cos_phi[i], 0.5, 0.999);
        double tan_phi = sqrt(1 - cos_phi * cos_phi) / cos_phi;
        slot->share[i] = from.phase[i] / sum;
        slot->tan_phi[i] = from.capacitive ? -tan_phi : tan_phi;
    }
}

double kw_plant_slot_power(const struct kw_plant_slot *slot, double t)
{
    double n = 0;
    for (int i = 0; i < KW_PLANT_SINES; i++)
        n += slot->size[i] * sin(turns(i) * t + slot->angle[i]);
    return (slot->at + slot->rise * t) * (1 + n);
}

/* An antiderivative of kw_plant_slot_power():
 * integral of (a + b t) sin(w t + p) is
 * -(a + b t) cos(w t + p) / w + b sin(w t + p) / w^2. */
static double integral(const struct kw_plant_slot *slot, double t)
{
    double level = slot->at + slot->rise * t;
    double sum = slot->at * t + slot->rise * t * t / 2;
    for (int i = 0; i < KW_PLANT_SINES; i++) {
        double w = turns(i), angle = w * t + slot->angle[i];
        sum += slot->size[i] *
               (slot->rise * sin(angle) / w - level * cos(angle)) / w;
    }
    return sum;
}

/* The sign of the power is the sign of its straight line, as |n| < 1; it
 * changes at most once. */
void kw_plant_slot_energy(const struct kw_plant_slot *slot, double seconds,
                          double energy[2])
{
    double cross = slot->rise != 0 ? -slot->at / slot->rise : -1;
    if (!(cross > 0 && cross < seconds))
        cross = seconds;
    double part[2] = {
        integral(slot, cross) - integral(slot, 0),
        integral(slot, seconds) - integral(slot, cross),
    };
    energy[0] = energy[1] = 0;
    for (int i = 0; i < 2; i++) {
        if (part[i] >= 0)
            energy[0] += part[i];
        else
            energy[1] -= part[i];
    }
}

static double size_3(const double part[3], const double share[3])
{
    return part[0] * share[0] + part[1] * share[1] + part[2] * share[2];
}

/* Adds what flowed in the first `seconds` of a slot to the counters. */
static void add_energy(const struct kw_plant_slot *slot, double seconds,
                       double *counter)
{
    double flow[2];
    kw_plant_slot_energy(slot, seconds, flow);
    double in = flow[0] / 3600, out = flow[1] / 3600, all = in + out;
    for (int i = 0; i < 3; i++) {
        double reactive = all * slot->share[i] * slot->tan_phi[i];
        counter[KW_PLANT_EP_IN + i] += in * slot->share[i];
        counter[KW_PLANT_EP_OUT + i] += out * slot->share[i];
        counter[KW_PLANT_EQ_IN + i] += reactive > 0 ? reactive : 0;
        counter[KW_PLANT_EQ_OUT + i] += reactive < 0 ? -reactive : 0;
    }
    double factor = hypot(1, size_3(slot->tan_phi, slot->share));
    counter[KW_PLANT_ES_IN_SUM] += in * factor;
    counter[KW_PLANT_ES_OUT_SUM] += out * factor;
}

/* Totals from the phases, and sums of both directions. */
static void sum_energy(double *counter)
{
    static const int in_and_out[] = {KW_PLANT_EP_IN, KW_PLANT_EP_OUT,
                                     KW_PLANT_EQ_IN, KW_PLANT_EQ_OUT};
    for (size_t i = 0; i < sizeof in_and_out / sizeof(int); i++) {
        double *c = counter + in_and_out[i];
        c[3] = c[0] + c[1] + c[2];
    }
    for (int i = 0; i < 4; i++) {
        counter[KW_PLANT_EP_ALL + i] =
            counter[KW_PLANT_EP_IN + i] + counter[KW_PLANT_EP_OUT + i];
        counter[KW_PLANT_EQ_ALL + i] =
            counter[KW_PLANT_EQ_IN + i] + counter[KW_PLANT_EQ_OUT + i];
    }
    counter[KW_PLANT_ES_SUM] =
        counter[KW_PLANT_ES_IN_SUM] + counter[KW_PLANT_ES_OUT_SUM];
}

/* Readings of a meter that has been in service for some time. */
static void first_readings(struct kw_plant_model *model, bool solar)
{
    double import = 1e6 + 5e7 * kw_plant_random(model->seed, 1, 0);
    double back = solar ? import * 0.4 : 0;
    double *energy = model->energy;
    for (int i = 0; i < 3; i++) {
        double share = model->slot.share[i];
        double reactive = (import + back) * share * model->slot.tan_phi[i];
        energy[KW_PLANT_EP_IN + i] = import * share;
        energy[KW_PLANT_EP_OUT + i] = back * share;
        energy[KW_PLANT_EQ_IN + i] = reactive > 0 ? reactive : 0;
        energy[KW_PLANT_EQ_OUT + i] = reactive < 0 ? -reactive : 0;
    }
    double factor = hypot(1, size_3(model->slot.tan_phi, model->slot.share));
    energy[KW_PLANT_ES_IN_SUM] = import * factor;
    energy[KW_PLANT_ES_OUT_SUM] = back * factor;
}

void kw_plant_model_init(struct kw_plant_model *model, uint64_t seed,
                         struct kw_plant_place place, unsigned phases,
                         int64_t start_ms, int64_t offset_ms)
{
    bool solar = place.unit % 8 == 7;
    uint64_t own = kw_plant_mix(kw_plant_mix(seed, place.line),
                                place.unit * UINT64_C(256) + place.load);
    *model = (struct kw_plant_model){
        .grid_seed = seed,
        .seed = own,
        .kind = kw_plant_load_kind(own, solar),
        .phases = phases,
        .start_ms = start_ms,
        .offset_ms = offset_ms,
    };
    make_slot(model, start_ms / KW_PLANT_SLOT_MS, &model->slot);
    first_readings(model, solar);
}

/* Power of one phase and what follows from it. The voltage is that of the
 * supply less the drop of the current: V = E - R I and |P| = V I cos phi. */
static void phase_at(const struct kw_plant_model *model, int phase,
                     double power, int64_t time_ms, double *real)
{
    unsigned channel = 70 + (unsigned)phase;
    double open =
        231 +
        1.6 *
            kw_plant_wander(model->grid_seed, channel, time_ms, 7 * MINUTE_MS) +
        0.25 * kw_plant_wander(model->grid_seed, channel + 3, time_ms, 900);
    double p = power * model->slot.share[phase];
    double q = fabs(p) * model->slot.tan_phi[phase];
    double s = hypot(p, q);
    double drop = p < 0 ? -s : s;
    double v = (open + sqrt(open * open - 4 * supply_ohm * drop)) / 2;
    real[KW_PLANT_V_LN + phase] = v;
    real[KW_PLANT_I + phase] = s / v;
    real[KW_PLANT_P + phase] = p;
    real[KW_PLANT_Q + phase] = q;
    real[KW_PLANT_S + phase] = s;
    real[KW_PLANT_PF + phase] = s > 0 ? p / s : 1;
    real[KW_PLANT_THD_V + phase] =
        0.021 + 0.006 * kw_plant_wander(model->grid_seed, channel + 6, time_ms,
                                        11 * MINUTE_MS);
    real[KW_PLANT_THD_I + phase] =
        0.14 + 0.08 * kw_plant_wander(model->seed, channel + 9, time_ms,
                                      3 * MINUTE_MS);
}

/* Sums and what needs all phases: line to line voltages and the neutral
 * current come from the phasors, 120 degrees apart. */
static void totals_at(struct kw_plant_values *values)
{
    double *real = values->real, re = 0, im = 0;
    for (int i = 0; i < 3; i++) {
        double a = real[KW_PLANT_V_LN + i];
        double b = real[KW_PLANT_V_LN + (i + 1) % 3];
        real[KW_PLANT_V_LL + i] = sqrt(a * a + b * b + a * b);
        double angle = -2 * pi() / 3 * i -
                       atan2(real[KW_PLANT_Q + i], real[KW_PLANT_P + i]);
        re += real[KW_PLANT_I + i] * cos(angle);
        im += real[KW_PLANT_I + i] * sin(angle);
        real[KW_PLANT_I_SUM] += real[KW_PLANT_I + i];
        real[KW_PLANT_P_SUM] += real[KW_PLANT_P + i];
        real[KW_PLANT_Q_SUM] += real[KW_PLANT_Q + i];
        real[KW_PLANT_THD_VLL + i] =
            0.47 *
            (real[KW_PLANT_THD_V + i] + real[KW_PLANT_THD_V + (i + 1) % 3]);
    }
    real[KW_PLANT_I_N] = hypot(re, im);
    double p = real[KW_PLANT_P_SUM], q = real[KW_PLANT_Q_SUM];
    double s = hypot(p, q);
    real[KW_PLANT_S_SUM] = s;
    real[KW_PLANT_PF_SUM] = s > 0 ? p / s : 1;
    real[KW_PLANT_ANGLE] = atan2(q, p) * 180 / pi();
    values->leading = p * q < 0;
}

/* Means over the phases that the meter has. */
static void means_at(unsigned phases, double *real)
{
    static const struct mean {
        int from, to;
    } means[] = {
        {KW_PLANT_V_LN, KW_PLANT_V_LN_AVG},
        {KW_PLANT_V_LL, KW_PLANT_V_LL_AVG},
        {KW_PLANT_I, KW_PLANT_I_AVG},
        {KW_PLANT_THD_V, KW_PLANT_THD_V_AVG},
    };
    for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
        double sum = 0;
        for (unsigned phase = 0; phase < phases; phase++)
            sum += real[means[i].from + (int)phase];
        real[means[i].to] = sum / phases;
    }
}

/* Goes on to the slot that holds `time_ms`, counting what is passed. */
static void advance(struct kw_plant_model *model, int64_t time_ms)
{
    int64_t number = time_ms / KW_PLANT_SLOT_MS;
    while (model->slot.number < number) {
        add_energy(&model->slot, slot_s, model->energy);
        make_slot(model, model->slot.number + 1, &model->slot);
    }
}

void kw_plant_model_at(struct kw_plant_model *model, int64_t time_ms,
                       struct kw_plant_values *values)
{
    advance(model, time_ms);
    const struct kw_plant_slot *slot = &model->slot;
    double seconds = (double)(time_ms - slot->number * KW_PLANT_SLOT_MS) / 1000;
    double *real = values->real;
    *values = (struct kw_plant_values){0};
    for (int i = 0; i < KW_PLANT_VALUES; i++)
        real[i] = model->energy[i];
    add_energy(slot, seconds, real);
    sum_energy(real);

    double power = kw_plant_slot_power(slot, seconds);
    for (int i = 0; i < 3; i++)
        phase_at(model, i, power, time_ms, real);
    totals_at(values);
    means_at(model->phases, real);
    real[KW_PLANT_F] =
        50 + 0.018 * kw_plant_wander(model->grid_seed, 90, time_ms, 20000) +
        0.006 * kw_plant_wander(model->grid_seed, 91, time_ms, 1700);
    real[KW_PLANT_V_N] = 0.3 + 0.04 * real[KW_PLANT_I_N];
    real[KW_PLANT_I_PE] =
        0.02 + 0.008 * kw_plant_wander(model->seed, 92, time_ms, MINUTE_MS);
    real[KW_PLANT_HOURS] = 4e6 +
                           floor(4e7 * kw_plant_random(model->seed, 2, 0)) +
                           (double)(time_ms - model->start_ms) / 1000;
    real[KW_PLANT_SAMPLE_TIME] = (double)(time_ms / 1000 - year_2000_s);
    real[KW_PLANT_STATUS] = 1;
}
