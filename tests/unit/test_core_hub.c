/* SPDX-License-Identifier: Apache-2.0 */
/* Who is called with what and in which order; what callbacks may do. */
#include "core/hub.h"

#include "base/mem.h"
#include "core/point.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char quantity_text[] =
    "name,title,unit,kind,decimals,group\n"
    "active_power_total,Power,W,gauge,0,power\n"
    "frequency,Frequency,Hz,gauge,2,frequency\n";

static const struct kw_event_kind kind = {.key = "some_event"};

struct stage;

struct listener {
    struct kw_subscriber subscriber;
    struct stage *stage;
    char name;
    void (*also)(struct listener *self); /* done in each call */
};

struct stage {
    struct kw_quantities *quantities;
    struct kw_points *points;
    struct kw_hub hub;
    const struct kw_point *power, *frequency;
    struct listener a, b, c;
    char trace[128]; /* who was called: letters, digits are samples */
};

static void note(struct stage *stage, char name, size_t count)
{
    size_t used = strlen(stage->trace);

    snprintf(stage->trace + used, sizeof(stage->trace) - used, "%c%zu ", name,
             count);
}

static void on_samples(void *arg, const struct kw_sample *samples, size_t count)
{
    struct listener *self = arg;

    /* The table knows them already. */
    for (size_t i = 0; i < count; i++) {
        const struct kw_point *point =
            kw_points_get(self->stage->points, samples[i].point);

        if (point != NULL)
            assert_int_equal(point->latest.time_ms, samples[i].time_ms);
    }
    note(self->stage, self->name, count);
    if (self->also != NULL)
        self->also(self);
}

static void on_event(void *arg, const struct kw_event *event)
{
    struct listener *self = arg;

    assert_ptr_equal(event->kind, &kind);
    note(self->stage, (char)(self->name - 'a' + 'A'), 0);
    if (self->also != NULL)
        self->also(self);
}

static void subscribe(struct stage *stage, struct listener *listener, char name)
{
    *listener = (struct listener){
        .subscriber = {.on_samples = on_samples,
                       .on_event = on_event,
                       .arg = listener},
        .stage = stage,
        .name = name,
    };
    kw_hub_subscribe(&stage->hub, &listener->subscriber);
}

static int open_stage(void **state)
{
    struct stage *stage = kw_alloc(sizeof(*stage));
    struct kw_source *source;
    struct kw_point_form form = {.scale = 1};
    struct kw_diag diag;

    assert_non_null(stage);
    *state = stage;
    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_parse(&stage->quantities, quantity_text,
                                         strlen(quantity_text), &diag),
                     0);
    kw_diag_fini(&diag);
    assert_int_equal(kw_points_new(&stage->points, NULL, stage->quantities), 0);
    assert_int_equal(
        kw_points_source(stage->points, 'm', "meter", NULL, &source), 0);
    form.quantity = kw_quantities_find(stage->quantities, "active_power_total");
    assert_int_equal(
        kw_points_define(stage->points, source, &form, &stage->power), 0);
    form.quantity = kw_quantities_find(stage->quantities, "frequency");
    assert_int_equal(
        kw_points_define(stage->points, source, &form, &stage->frequency), 0);
    kw_hub_init(&stage->hub, stage->points);
    subscribe(stage, &stage->a, 'a');
    subscribe(stage, &stage->b, 'b');
    subscribe(stage, &stage->c, 'c');
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    kw_points_free(stage->points);
    kw_quantities_free(stage->quantities);
    kw_free(stage);
    return 0;
}

static void publish(struct stage *stage, size_t count)
{
    struct kw_sample samples[2] = {
        {.point = stage->power->id, .time_ms = 1000, .value = 5},
        {.point = stage->frequency->id, .time_ms = 1000, .value = 50},
    };

    kw_hub_publish_samples(&stage->hub, samples, count);
}

static void publish_event(struct stage *stage)
{
    const struct kw_event event = {
        .kind = &kind, .on = true, .subject = "", .text = "", .actor = ""};

    kw_hub_publish_event(&stage->hub, &event);
}

static void expect(struct stage *stage, const char *trace)
{
    assert_string_equal(stage->trace, trace);
    stage->trace[0] = 0;
}

static void test_order(void **state)
{
    struct stage *stage = *state;

    publish(stage, 2);
    expect(stage, "a2 b2 c2 ");
    publish_event(stage);
    expect(stage, "A0 B0 C0 ");
    publish(stage, 0);
    expect(stage, "");
    assert_int_equal(stage->hub.samples, 2);
    assert_int_equal(stage->hub.events, 1);
    assert_true(stage->power->latest.value > 4);
}

static void test_halves(void **state)
{
    struct stage *stage = *state;

    stage->a.subscriber.on_samples = NULL;
    stage->b.subscriber.on_event = NULL;
    publish(stage, 1);
    publish_event(stage);
    expect(stage, "b1 c1 A0 C0 ");
}

static void test_unsubscribe(void **state)
{
    struct stage *stage = *state;
    struct kw_subscriber never = {.arg = NULL};

    kw_hub_unsubscribe(&never);
    kw_hub_unsubscribe(&stage->b.subscriber);
    kw_hub_unsubscribe(&stage->b.subscriber);
    publish(stage, 1);
    expect(stage, "a1 c1 ");
    kw_hub_unsubscribe(&stage->a.subscriber);
    kw_hub_unsubscribe(&stage->c.subscriber);
    publish(stage, 1);
    publish_event(stage);
    expect(stage, "");
}

static void drop_self(struct listener *self)
{
    kw_hub_unsubscribe(&self->subscriber);
}

static void drop_a(struct listener *self)
{
    kw_hub_unsubscribe(&self->stage->a.subscriber);
}

static void drop_c(struct listener *self)
{
    kw_hub_unsubscribe(&self->stage->c.subscriber);
}

static void drop_all(struct listener *self)
{
    drop_a(self);
    kw_hub_unsubscribe(&self->stage->b.subscriber);
    drop_c(self);
}

static void drop_and_return(struct listener *self)
{
    drop_self(self);
    self->also = NULL;
    kw_hub_subscribe(&self->stage->hub, &self->subscriber);
}

/* What b does in its call, and who hears this and the next publication. */
static void test_unsubscribe_inside(void **state)
{
    static const struct {
        void (*also)(struct listener *self);
        const char *now, *then;
    } cases[] = {
        {drop_self, "a1 b1 c1 ", "a1 c1 "},
        {drop_a, "a1 b1 c1 ", "b1 c1 "},
        {drop_c, "a1 b1 ", "a1 b1 "},
        {drop_all, "a1 b1 ", ""},
        {drop_and_return, "a1 b1 c1 b1 ", "a1 c1 b1 "},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kw_hub_init(&stage->hub, stage->points);
        subscribe(stage, &stage->a, 'a');
        subscribe(stage, &stage->b, 'b');
        subscribe(stage, &stage->c, 'c');
        stage->b.also = cases[i].also;
        publish(stage, 1);
        expect(stage, cases[i].now);
        publish(stage, 1);
        expect(stage, cases[i].then);
    }
}

static void event_once(struct listener *self)
{
    self->also = NULL;
    publish_event(self->stage);
}

static void event_then_drop(struct listener *self)
{
    self->also = NULL;
    self->stage->b.also = drop_all;
    publish_event(self->stage);
}

/* An event from inside a sample: everybody hears it before the walk goes on. */
static void test_event_inside(void **state)
{
    struct stage *stage = *state;

    stage->b.also = event_once;
    publish(stage, 1);
    expect(stage, "a1 b1 A0 B0 C0 c1 ");
    stage->a.also = event_then_drop; /* ends both walks early */
    publish(stage, 1);
    expect(stage, "a1 A0 B0 ");
    publish(stage, 1);
    expect(stage, "");
}

struct deriver {
    struct stage *stage;
    struct kw_sample out[1];
    size_t calls, answer;
};

static size_t derive(void *arg, const struct kw_sample *samples, size_t count,
                     const struct kw_sample **out)
{
    struct deriver *deriver = arg;

    /* The samples are in the table and were delivered before. */
    assert_string_equal(deriver->stage->trace, count > 0 ? "a1 b1 c1 " : "");
    if (count > 0)
        assert_int_equal(samples[0].point, deriver->stage->power->id);
    deriver->calls++;
    deriver->out[0] = (struct kw_sample){
        .point = deriver->stage->frequency->id, .time_ms = 2000, .value = 1};
    *out = deriver->out;
    return deriver->answer;
}

static void test_stage(void **state)
{
    struct stage *stage = *state;
    struct deriver deriver = {.stage = stage, .answer = 1};

    stage->hub.stage = (struct kw_hub_stage){derive, &deriver};
    publish(stage, 1);
    expect(stage, "a1 b1 c1 a1 b1 c1 "); /* derived ones aren't derived from */
    assert_int_equal(deriver.calls, 1);
    assert_int_equal(stage->frequency->latest.time_ms, 2000);
    assert_int_equal(stage->hub.samples, 2);

    deriver.answer = 0;
    publish(stage, 1);
    expect(stage, "a1 b1 c1 ");
}

/* A number that isn't in the table passes through. */
static void test_unknown_point(void **state)
{
    struct stage *stage = *state;
    const struct kw_sample sample = {.point = 4711, .time_ms = 1};

    kw_hub_publish_samples(&stage->hub, &sample, 1);
    expect(stage, "a1 b1 c1 ");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),         TEST(test_halves),
        TEST(test_unsubscribe),   TEST(test_unsubscribe_inside),
        TEST(test_event_inside),  TEST(test_stage),
        TEST(test_unknown_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
