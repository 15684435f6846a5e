/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives of meters against the truth: counters of every kind roll over,
 * are updated at once or seldom, are not reachable for a while, stand still
 * for minutes, read 0 after a restart, or a wrong word. What the meter truly
 * has counted is always taken, without a jump; what is wrong never is.
 */
#include "meter/plausible.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { LIVES = 3000, READINGS = 400, MINUTE_MS = 60000 };

/* A kind of register: the counter begins anew at end units. */
static const struct kind {
    const char *name;
    double end;
    struct kw_meter_counter_form form;
} kinds[] = {
    {"u32, Wh",
     4294967296.0,
     {.unit = 1, .step = 1, .modulus = {4294967296.0}, .decimal = true}},
    {"u32, 10 Wh, 8 digits",
     1e8,
     {.unit = 10, .step = 10, .modulus = {4294967296.0}, .decimal = true}},
    {"s32, Wh",
     2147483648.0,
     {.unit = 1,
      .step = 1,
      .modulus = {4294967296.0, 2147483648.0},
      .decimal = true}},
    {"u16, 10 kWh",
     65536,
     {.unit = 1e4, .step = 1e4, .modulus = {65536}, .decimal = true}},
    {"bcd32, kWh", 1e8, {.unit = 1e3, .step = 1e3, .decimal = true}},
    {"f32, kWh, 6 digits",
     1e6,
     {.unit = 1e3, .step = 1, .decimal = true, .is_float = true}},
    {"f32, Wh, 9 digits",
     1e9,
     {.unit = 1, .step = 1, .decimal = true, .is_float = true}},
    {"u64, mWh",
     18446744073709551616.0,
     {.unit = 1e-3,
      .step = 1e-3,
      .modulus = {18446744073709551616.0},
      .decimal = true}},
    {"partial, Wh",
     1e9,
     {.unit = 1, .step = 1, .decimal = true, .resettable = true}},
};

/* What befalls a meter while it is read. */
enum mishap { WELL, FROZEN, ZERO, WRONG_WORD };

struct life {
    uint32_t random;
    const struct kind *kind;
    struct kw_meter_counter counter;
    struct kw_meter_counter_reading reading;
    double total_wh, shown_wh; /* truly counted, and at the last update */
    double power_w, most_w;    /* now, and the largest told */
    int64_t period_ms, update_ms, updated_ms, mishap_until_ms;
    enum mishap mishap;
    unsigned wrong; /* words */
};

static uint32_t draw(struct life *life, uint32_t below)
{
    life->random = life->random * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)life->random * below >> 32);
}

/* What the register gives of what was counted. */
static double registers(const struct kind *kind, double wh)
{
    double number = fmod(wh, kind->end * kind->form.unit) / kind->form.unit;

    if (kind->form.is_float)
        return (double)(float)number * kind->form.unit;
    return floor(number) * kind->form.unit;
}

static void be_born(struct life *life, uint32_t seed)
{
    static const int64_t periods_ms[] = {1000, 10000, MINUTE_MS,
                                         15 * MINUTE_MS};
    static const int64_t updates_ms[] = {
        0, 0, 1000, 30000, 5 * MINUTE_MS, 14 * MINUTE_MS};
    double end_wh;

    *life = (struct life){.random = seed * 2654435761U};
    life->kind = &kinds[draw(life, sizeof(kinds) / sizeof(kinds[0]))];
    life->period_ms = periods_ms[draw(life, 4)];
    life->update_ms = updates_ms[draw(life, 6)];
    life->power_w = life->most_w = pow(10, 2 + draw(life, 400) / 100.0);
    end_wh = life->kind->end * life->kind->form.unit;
    /* One in two is about to roll over. */
    life->total_wh = draw(life, 2) == 0
                         ? end_wh - life->power_w * (double)life->period_ms /
                                        3.6e6 * draw(life, READINGS)
                         : end_wh / 1000 * draw(life, 1000);
    life->total_wh = fmax(life->total_wh, 0);
    life->shown_wh = life->total_wh;
    life->reading.now_ms = draw(life, 1000);
    life->reading.replaced_ms = -1;
    life->updated_ms = life->reading.now_ms - draw(life, 14 * MINUTE_MS);
}

/* Time goes on until the next reading. */
static void live(struct life *life)
{
    int64_t pause_ms = life->period_ms;
    bool frozen;

    if (draw(life, 100) == 0) /* nobody can reach it */
        pause_ms += draw(life, 5 * 3600 * 1000);
    life->reading.now_ms += pause_ms;
    frozen =
        life->mishap == FROZEN && life->reading.now_ms < life->mishap_until_ms;
    life->total_wh += life->power_w * (double)pause_ms / 3.6e6;
    if (!frozen && life->reading.now_ms - life->updated_ms >= life->update_ms) {
        life->updated_ms = life->reading.now_ms;
        life->shown_wh = life->total_wh;
    }
    /* What it tells by now, and what flows until the next reading. */
    life->reading.flow = life->power_w;
    if (draw(life, 20) == 0)
        life->power_w =
            draw(life, 3) == 0 ? 0 : pow(10, draw(life, 600) / 100.0);
    life->most_w = fmax(life->most_w, life->power_w);
    life->reading.rate = kw_meter_counter_rate("Wh", life->most_w);
}

/* True when 0 is what a sound counter might read by now. */
static bool zero_is_plausible(const struct life *life)
{
    const struct kw_meter_counter_form *form = &life->kind->form;
    double near_wh = life->reading.rate * 6 + 3 * form->step;
    double last = life->counter.last.value;

    if (form->resettable || last < near_wh || !life->counter.known)
        return true;
    for (double end = 1e4 * form->unit; end < 1e20; end *= 10) {
        if (last > end * 0.89 && last <= end)
            return true;
    }
    return last > life->kind->end * form->unit * 0.89;
}

static void meet_mishap(struct life *life)
{
    int64_t now_ms = life->reading.now_ms, most_ms = 13 * MINUTE_MS;

    if (life->mishap != WELL) {
        if (now_ms >= life->mishap_until_ms)
            life->mishap = WELL;
        return;
    }
    if (draw(life, 30) != 0)
        return;
    life->mishap = (enum mishap)(1 + draw(life, 3));
    if (life->mishap == FROZEN) /* and what is not shown before it */
        most_ms -= life->update_ms < most_ms ? life->update_ms : most_ms;
    life->mishap_until_ms = now_ms + draw(life, (uint32_t)most_ms + 1);
    if (life->mishap == ZERO && zero_is_plausible(life))
        life->mishap = WELL;
}

/* What it reads now; *right: that is what it has counted. */
static double read_meter(struct life *life, bool *right)
{
    double shown = registers(life->kind, life->shown_wh);

    *right = life->mishap == WELL || life->mishap == FROZEN;
    if (life->mishap == ZERO && !zero_is_plausible(life))
        return 0;
    if (life->mishap == WRONG_WORD && life->counter.known && draw(life, 2) == 0)
        return shown + life->reading.rate * 24 * (1 + life->wrong++ % 9) +
               100 * life->kind->form.step;
    *right = true;
    return shown;
}

static void test_lives(void **state)
{
    unsigned wrong = 0, over = 0;

    (void)state;
    for (uint32_t seed = 1; seed <= LIVES; seed++) {
        struct life life;

        be_born(&life, seed);
        for (int i = 0; i < READINGS; i++) {
            enum kw_meter_plausible result;
            double before;
            bool right;

            live(&life);
            meet_mishap(&life);
            life.reading.value = read_meter(&life, &right);
            result = kw_meter_counter_check(&life.counter, &life.kind->form,
                                            &life.reading, &before);
            if (result == KW_METER_PLAUSIBLE_ANEW ||
                right == (result == KW_METER_IMPLAUSIBLE))
                fail_msg("seed %u, %s, reading %d: %.17g after %.17g is %s, "
                         "judged %d",
                         seed, life.kind->name, i, life.reading.value,
                         life.counter.last.value, right ? "right" : "wrong",
                         (int)result);
            wrong += !right;
            over += result == KW_METER_PLAUSIBLE_OVER;
        }
    }
    /* There was enough of both. */
    assert_in_range(wrong, LIVES, LIVES * READINGS);
    assert_in_range(over, LIVES / 10, LIVES * READINGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lives)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
