/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /health, /status, /metrics.
 *
 * Every figure is a metric row of some module and its value in health(); this
 * file only walks the rows, so that a new figure is in /status, in Prometheus'
 * format and in the README without a line here.
 */
#include "base/json.h"
#include "core/core_state.h"
#include "core/registry.h"
#include "core/route.h"

#include <math.h>

enum { ANSWER_MAX_BYTES = 4 << 20 };

static const char *level_name(enum kw_level level)
{
    static const char *const names[] = {"ok", "degraded", "failed"};

    return names[level];
}

/* The level of the whole: the worst of all modules. */
static enum kw_level whole_level(const struct kw_core *core)
{
    enum kw_level worst = KW_LEVEL_OK;

    for (size_t i = 0; kw_registry_module(core->registry, i) != NULL; i++) {
        struct kw_health health;

        kw_registry_health(core->registry, i, &health);
        worst = health.level > worst ? health.level : worst;
    }
    return worst;
}

static const char *state_name(enum kw_module_state state)
{
    static const char *const names[] = {
        [KW_MODULE_STOPPED] = "off",
        [KW_MODULE_RUNNING] = "running",
        [KW_MODULE_FORBIDDEN] = "forbidden",
        [KW_MODULE_STOPPING] = "off",
    };

    return names[state];
}

/* Public, so it tells no more than that the loop answers. */
void kw_core_get_health(void *self, struct kw_request *request)
{
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, 64);
    kw_buf_put_text(&body, "{\"status\":\"ok\"}");
    kw_reply_json(request, 200, &body);
}

static void put_metrics(struct kw_json *json, const struct kw_module *module,
                        const struct kw_health *health)
{
    kw_json_array(json, "metrics");
    for (size_t m = 0;
         module->metrics != NULL && module->metrics[m].name != NULL; m++) {
        const struct kw_metric *metric = &module->metrics[m];

        kw_json_object(json, NULL);
        kw_json_text(json, "name", metric->name);
        kw_json_text(json, "unit", metric->unit);
        kw_json_text(json, "kind",
                     metric->kind == KW_METRIC_GAUGE ? "gauge" : "counter");
        kw_json_text(json, "help", metric->help);
        kw_json_real(json, "value", health->values[m]);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

static void put_modules(struct kw_json *json, const struct kw_core *core)
{
    const struct kw_module *module;

    kw_json_array(json, "modules");
    for (size_t i = 0; (module = kw_registry_module(core->registry, i)) != NULL;
         i++) {
        struct kw_health health;

        kw_registry_health(core->registry, i, &health);
        kw_json_object(json, NULL);
        kw_json_text(json, "name", module->name);
        kw_json_text(json, "state",
                     state_name(kw_registry_state(core->registry, i)));
        kw_json_text(json, "level", level_name(health.level));
        kw_json_text(json, "text", health.text);
        put_metrics(json, module, &health);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

void kw_core_get_status(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_core *core = state->core;
    const struct kw_loop_stats *stats = &core->loop->stats;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "version", core->version);
    kw_json_int(&json, "started", core->started_ms);
    kw_json_int(
        &json, "uptime_ms",
        (int64_t)(kw_clock_mono_ms(core->clock) - core->started_mono_ms));
    kw_json_text(&json, "status", level_name(whole_level(core)));
    kw_json_object(&json, "loop");
    kw_json_uint(&json, "turns", stats->turns);
    kw_json_uint(&json, "longest_us", stats->longest_us);
    kw_json_uint(&json, "last_minute_longest_us",
                 stats->last_minute_longest_us);
    kw_json_end_object(&json);
    put_modules(&json, core);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

static void put_prometheus(struct kw_buf *out, const struct kw_module *module,
                           const struct kw_health *health)
{
    for (size_t m = 0;
         module->metrics != NULL && module->metrics[m].name != NULL; m++) {
        const struct kw_metric *metric = &module->metrics[m];
        char value[KW_REAL_TEXT_SIZE] = "NaN"; /* as Prometheus writes it */

        if (isfinite(health->values[m]))
            (void)kw_real_format(health->values[m], value);
        kw_buf_printf(out,
                      "# HELP kilowatch_%s_%s %s\n# TYPE kilowatch_%s_%s %s\n"
                      "kilowatch_%s_%s %s\n",
                      module->name, metric->name, metric->help, module->name,
                      metric->name,
                      metric->kind == KW_METRIC_GAUGE ? "gauge" : "counter",
                      module->name, metric->name, value);
    }
}

void kw_core_get_metrics(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_module *module;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    for (size_t i = 0;
         (module = kw_registry_module(state->core->registry, i)) != NULL; i++) {
        struct kw_health health;

        kw_registry_health(state->core->registry, i, &health);
        put_prometheus(&body, module, &health);
    }
    if (kw_buf_err(&body) != 0)
        kw_reply_problem(request, 500, "internal", "The figures are too many.");
    else
        kw_reply_take(request, 200, "text/plain; version=0.0.4", &body);
    kw_buf_fini(&body);
}
