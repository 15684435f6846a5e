/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all modules of this build declare as data, row by row: a default that
 * its own row refuses, a member outside of its struct, a route without a
 * handler or a name given twice is found here and not by a user.
 */
#include "base/event.h"
#include "core/core_module.h"
#include "core/db.h"
#include "core/policy.h"
#include "core/route.h"
#include "core/setting_value.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH_MAX = 8, NAMES_MAX = 1024 };

/* Where the walk is: "meters.every.fast". */
struct place {
    char path[256];
    unsigned rows, presets; /* seen so far */
};

#define EXPECT(place, condition)                                               \
    do {                                                                       \
        if (!(condition))                                                      \
            fail_msg("%s: %s", (place), #condition);                           \
    } while (0)

/* Names that may stand once only. */
struct names {
    const char *list[NAMES_MAX];
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i], name) == 0)
            fail_msg("%s is there twice", name);
    }
    assert_true(names->count < NAMES_MAX);
    names->list[names->count++] = name;
}

/* "poll_errors", "serial": lower case, digits, underscores. */
static bool is_key(const char *text)
{
    if (text == NULL || !islower((unsigned char)text[0]))
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

/* Something for people: begins with a capital or a digit, ends with a stop. */
static bool is_sentence(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;

    return length > 5 && !islower((unsigned char)text[0]) &&
           (text[length - 1] == '.' || text[length - 1] == '?');
}

static size_t size_of(const struct kw_setting *row)
{
    switch (row->kind) {
    case KW_KIND_BOOL:
        return sizeof(bool);
    case KW_KIND_INT:
    case KW_KIND_DURATION:
        return sizeof(int64_t);
    case KW_KIND_BYTES:
        return sizeof(uint64_t);
    case KW_KIND_REAL:
        return sizeof(double);
    case KW_KIND_KEYWORD:
        return sizeof(int);
    case KW_KIND_LIST:
        return sizeof(struct kw_list_of);
    case KW_KIND_TEXTS:
        return sizeof(struct kw_texts);
    case KW_KIND_PAIRS:
        return sizeof(struct kw_pairs);
    case KW_KIND_OBJECT:
        return row->flags & KW_OPTIONAL ? sizeof(void *) : row->size;
    case KW_KIND_TEXT:
    case KW_KIND_HOST:
    case KW_KIND_NAME:
    case KW_KIND_ADDRESS:
    case KW_KIND_PATH:
    case KW_KIND_SECRET:
    case KW_KIND_TIME:
    case KW_KIND_REF:
    case KW_KIND_END:
        break;
    }
    return sizeof(const char *);
}

/* Reads a value by the row, into a struct of its own. */
static void read_value(const char *place, const struct kw_setting *row,
                       const char *text)
{
    struct kw_setting moved = *row;
    union {
        max_align_t align;
        unsigned char bytes[64];
    } out = {.bytes = {0}};
    struct kw_arena arena;
    struct kw_diag diag;
    char why[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    moved.offset = 0;
    if (moved.kind == KW_KIND_TEXTS)
        moved.kind = KW_KIND_TEXT; /* of the texts; a max counts them */
    if (row->kind == KW_KIND_TEXTS)
        moved.min = moved.max = 0;
    kw_arena_init(&arena, 1 << 16);
    kw_diag_init(&diag);
    if (kw_setting_read_text(&moved, text, out.bytes, &arena, &diag) != 0)
        fail_msg("%s: its default: %s", place,
                 kw_diag_first(&diag, why, sizeof(why)));
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

static const struct kw_setting *find_row(const struct kw_setting *rows,
                                         const char *key)
{
    for (; rows->kind != KW_KIND_END; rows++) {
        if (rows->key != NULL && strcmp(rows->key, key) == 0)
            return rows;
    }
    return NULL;
}

/* The section of that name among all modules; what a reference refers to. */
static const struct kw_setting *find_section(const char *key)
{
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_setting *found =
            kw_modules[i]->settings != NULL
                ? find_row(kw_modules[i]->settings, key)
                : NULL;

        if (found != NULL)
            return found;
    }
    return NULL;
}

/* "meters|virtual": each is a list of things with names. */
static void check_refers(const char *place, const char *refers)
{
    char key[64];

    while (*refers != 0) {
        size_t length = strcspn(refers, "|");
        const struct kw_setting *section;

        EXPECT(place, length > 0 && length < sizeof(key));
        snprintf(key, sizeof(key), "%.*s", (int)length, refers);
        section = find_section(key);
        EXPECT(place, section != NULL && section->kind == KW_KIND_LIST);
        EXPECT(place, find_row(section->rows, "name") != NULL);
        refers += length + (refers[length] == '|');
    }
}

/* A default, of the row itself or of the member it stands for. */
static void check_preset(const char *place, const struct kw_setting *row)
{
    const struct kw_setting *member = row;

    EXPECT(place, (row->flags & KW_REQUIRED) == 0);
    EXPECT(place, row->kind != KW_KIND_LIST && row->kind != KW_KIND_PAIRS);
    if (row->kind == KW_KIND_OBJECT) {
        EXPECT(place, row->shorthand != NULL);
        member = find_row(row->rows, row->shorthand);
    }
    read_value(place, member, row->preset);
}

/* Limits in order, and no row that says what its kind can't. */
static void check_limits(const char *place, const struct kw_setting *row)
{
    if (kw_setting_has_min(row) && kw_setting_has_max(row))
        EXPECT(place, row->min <= row->max);
    EXPECT(place, (row->words != NULL) == (row->kind == KW_KIND_KEYWORD));
    EXPECT(place, (row->rows != NULL) == (row->kind == KW_KIND_OBJECT ||
                                          row->kind == KW_KIND_LIST));
    EXPECT(place, row->kind != KW_KIND_REF || row->refers != NULL);
    EXPECT(place,
           (row->flags & KW_ONE_OF) == 0 || (row->flags & KW_REQUIRED) == 0);
    for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++)
        read_value(place, row, row->words[i]);
}

static void walk(struct place *place, const struct kw_setting *rows,
                 size_t size, unsigned depth);

static void check_row(struct place *place, const struct kw_setting *row,
                      size_t size, unsigned depth)
{
    EXPECT(place->path, size == 0 || row->offset + size_of(row) <= size);
    place->rows++;
    EXPECT(place->path, is_key(row->key));
    EXPECT(place->path, is_sentence(row->help));
    check_limits(place->path, row);
    if (row->refers != NULL)
        check_refers(place->path, row->refers);
    if (row->shorthand != NULL)
        EXPECT(place->path, find_row(row->rows, row->shorthand) != NULL);
    if (row->preset != NULL) {
        place->presets++;
        check_preset(place->path, row);
    }
    if (row->rows != NULL)
        walk(place, row->rows, row->size, depth + 1);
}

/* size 0: of an unknown struct. */
static void walk(struct place *place, const struct kw_setting *rows,
                 size_t size, unsigned depth)
{
    size_t length = strlen(place->path);
    struct names keys = {.count = 0};

    EXPECT(place->path, depth < DEPTH_MAX);
    for (; rows->kind != KW_KIND_END; rows++) {
        snprintf(place->path + length, sizeof(place->path) - length, ".%s",
                 rows->key != NULL ? rows->key : "mark");
        check_row(place, rows, size, depth);
        if (rows->key != NULL)
            add_name(&keys, rows->key);
    }
    place->path[length] = 0;
}

static void begin(struct place *place, const char *module, const char *what)
{
    snprintf(place->path, sizeof(place->path), "%s %s", module, what);
}

static void test_settings(void **state)
{
    struct place place = {.rows = 0};
    struct names sections = {.count = 0};

    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_module *module = kw_modules[i];

        begin(&place, module->name, "settings");
        if (module->settings == NULL)
            continue;
        walk(&place, module->settings, module->conf_size, 0);
        for (const struct kw_setting *row = module->settings;
             row->kind != KW_KIND_END; row++) {
            add_name(&sections, row->key);
            EXPECT(row->key, row->permission == KW_MAY_CONFIGURE ||
                                 row->permission == KW_MAY_SECURE);
        }
    }
    print_message("%u rows, %u defaults\n", place.rows, place.presets);
    assert_true(place.rows > 60 && place.presets > 20);
}

static unsigned count_params(const char *path)
{
    unsigned count = 0;

    for (; *path != 0; path++)
        count += *path == '{';
    return count;
}

static void check_route(struct place *place, const struct kw_route *route)
{
    const char *path = place->path;

    EXPECT(path, route->path[0] == '/' && route->path[1] != 0);
    EXPECT(path, route->handle != NULL);
    EXPECT(path, is_sentence(route->help));
    EXPECT(path, count_params(route->path) <= KW_REQUEST_PARAMS);
    EXPECT(path, (route->permission & (route->permission - 1)) == 0 ||
                     route->permission == KW_MAY_CHANGE);
    /* nobody may make the loop parse much who may not use it */
    EXPECT(path, route->body_max_bytes <= 65536 ||
                     route->permission == KW_MAY_CHANGE);
    EXPECT(path, (route->query != NULL) == (route->query_size > 0));
    EXPECT(path, (route->body != NULL) == (route->body_size > 0));
    EXPECT(path, route->method != KW_GET || route->body == NULL);
    EXPECT(path, !(route->flags & KW_ROUTE_RAW_BODY) || route->body == NULL);
    /* who may change something without a CSRF token has no session yet */
    EXPECT(path, !(route->flags & KW_ROUTE_NO_CSRF) ||
                     route->permission == KW_MAY_PUBLIC);
    EXPECT(path, !(route->flags & KW_ROUTE_REAUTH) ||
                     route->permission != KW_MAY_PUBLIC);
    if (route->query != NULL)
        walk(place, route->query, route->query_size, 0);
    if (route->body != NULL)
        walk(place, route->body, route->body_size, 0);
}

static void test_routes(void **state)
{
    static char texts[NAMES_MAX][80];
    struct place place = {.rows = 0};
    struct names names = {.count = 0};

    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        for (const struct kw_route *route = kw_modules[i]->routes;
             route != NULL && route->path != NULL; route++) {
            char *text = texts[names.count];

            snprintf(text, sizeof(texts[0]), "%s %s",
                     kw_method_name(route->method), route->path);
            begin(&place, kw_modules[i]->name, text);
            check_route(&place, route);
            add_name(&names, text);
        }
    }
    assert_true(names.count > 20);
}

static void test_metrics(void **state)
{
    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_metric *metric = kw_modules[i]->metrics;
        struct names names = {.count = 0};

        for (; metric != NULL && metric->name != NULL; metric++) {
            size_t length = strlen(metric->name);
            bool total =
                length > 6 && strcmp(metric->name + length - 6, "_total") == 0;

            EXPECT(metric->name, is_key(metric->name));
            EXPECT(metric->name, is_sentence(metric->help));
            EXPECT(metric->name, metric->unit != NULL && metric->unit[0] != 0);
            EXPECT(metric->name, !total || metric->kind == KW_METRIC_COUNTER);
            add_name(&names, metric->name);
        }
        assert_true(names.count <= KW_METRICS_MAX);
    }
}

static void test_events(void **state)
{
    struct names names = {.count = 0};

    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_event_kind *kind = kw_modules[i]->events;

        for (; kind != NULL && kind->key != NULL; kind++) {
            EXPECT(kind->key, is_key(kind->key));
            EXPECT(kind->key, is_sentence(kind->help));
            /* what is wrong lasts until it is right */
            EXPECT(kind->key, !kind->state || kind->severity > 0);
            add_name(&names, kind->key);
        }
    }
    assert_true(names.count > 10);
}

static void test_tables(void **state)
{
    struct names names = {.count = 0};

    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_module *module = kw_modules[i];

        for (size_t j = 0; module->tables != NULL && module->tables[j] != NULL;
             j++) {
            const struct kw_db_table *table = module->tables[j];
            size_t length = strlen(module->name);

            EXPECT(table->name,
                   strncmp(table->name, module->name, length) == 0);
            EXPECT(table->name, table->name[length] == '.');
            EXPECT(table->name, is_sentence(table->help));
            add_name(&names, table->name);
        }
    }
    assert_true(names.count > 4);
}

/* A module needs only what stands above it, and has what core calls. */
static void test_modules(void **state)
{
    struct names names = {.count = 0}, services = {.count = 0};

    (void)state;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        const struct kw_module *module = kw_modules[i];

        for (size_t j = 0; module->needs != NULL && module->needs[j] != NULL;
             j++) {
            bool found = false;

            for (size_t k = 0; k < names.count; k++)
                found = found || strcmp(names.list[k], module->needs[j]) == 0;
            EXPECT(module->name, found);
        }
        for (const struct kw_service *service = module->services;
             service != NULL && service->name != NULL; service++) {
            EXPECT(service->name, service->port > 0);
            EXPECT(service->name, strcmp(service->protocol, "tcp") == 0 ||
                                      strcmp(service->protocol, "udp") == 0);
            EXPECT(service->name, is_sentence(service->help));
            add_name(&services, service->name);
        }
        EXPECT(module->name, is_key(module->name));
        EXPECT(module->name, (module->start != NULL) == (module->stop != NULL));
        EXPECT(module->name, module->reconfigure == NULL || module->conf_size);
        EXPECT(module->name,
               (module->settings != NULL) == (module->conf_size > 0));
        add_name(&names, module->name);
    }
    assert_string_equal(names.list[0], "core");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings), cmocka_unit_test(test_routes),
        cmocka_unit_test(test_metrics),  cmocka_unit_test(test_events),
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_modules),
    };

    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
