/* SPDX-License-Identifier: Apache-2.0 */
#include "plant.h"

#include <string.h>

int kw_plant_init(struct kw_plant *plant,
                  const struct kw_plant_settings *settings,
                  struct kw_plant_library library, struct kw_plant_diag *diag)
{
    *plant = (struct kw_plant){.settings = *settings, .library = library};
    kw_plant_clock_init(&plant->clock, settings->era.start_ms, settings->speed);
    plant->loop.epoll = -1;
    plant->tcp.desk = (struct kw_plant_desk){.wire = -1, .far = -1};
    if (kw_plant_loop_init(&plant->loop, diag) < 0 ||
        kw_plant_tcp_init(&plant->tcp, &plant->loop, diag) < 0) {
        kw_plant_fini(plant);
        return -1;
    }
    return 0;
}

struct kw_plant_line *kw_plant_line_find(struct kw_plant *plant,
                                         const char *name)
{
    for (size_t i = 0; i < plant->count; i++)
        if (strcmp(plant->lines[i]->name, name) == 0)
            return plant->lines[i];
    return NULL;
}

static int add_meters(struct kw_plant *plant, struct kw_plant_line *line,
                      const struct kw_plant_spec_meter *spec,
                      struct kw_plant_diag *diag)
{
    const struct kw_plant_map *block = NULL;
    const struct kw_plant_map *map =
        kw_plant_library_get(&plant->library, spec->profile, diag);
    if (map == NULL)
        return -1;
    if (*map->fingerprint != '\0') {
        block = kw_plant_library_get(&plant->library, map->fingerprint, diag);
        if (block == NULL)
            return -1;
    }
    for (unsigned unit = spec->first; unit <= spec->last; unit++) {
        struct kw_plant_place place = {line->index, unit, spec->load};
        if (kw_plant_line_add(line, map, block, place, &plant->settings.era,
                              diag) < 0)
            return -1;
    }
    return 0;
}

static struct kw_plant_line *new_line(struct kw_plant *plant)
{
    struct kw_plant_line *line = kw_plant_alloc(1, sizeof *line);
    kw_plant_line_init(line, (unsigned)plant->count, &plant->clock);
    line->strict = plant->settings.strict;
    line->true_speed = plant->settings.true_speed;
    line->turnaround_ns = plant->settings.turnaround_ns;
    line->absent_exception = plant->settings.absent_exception;
    plant->lines =
        kw_plant_grow(plant->lines, plant->count + 1, sizeof *plant->lines);
    plant->lines[plant->count++] = line;
    return line;
}

static int start_serial(struct kw_plant *plant, struct kw_plant_line *line,
                        struct kw_plant_diag *diag)
{
    struct kw_plant_serial *serial = kw_plant_alloc(1, sizeof *serial);
    if (kw_plant_serial_start(serial, line, plant->settings.folder, diag) < 0) {
        kw_plant_free(serial);
        return -1;
    }
    plant->serials = kw_plant_grow(plant->serials, plant->serial_count + 1,
                                   sizeof *plant->serials);
    plant->serials[plant->serial_count++] = serial;
    return 0;
}

static int add_line(struct kw_plant *plant, const struct kw_plant_spec *spec,
                    unsigned port, struct kw_plant_diag *diag)
{
    if (!spec->tcp && kw_plant_line_find(plant, spec->name) != NULL)
        return kw_plant_say(diag, "serial line %s is there already",
                            spec->name);
    struct kw_plant_line *line = new_line(plant);
    line->tcp = spec->tcp;
    line->port = port;
    line->pace = spec->pace;
    kw_plant_copy(line->name, sizeof line->name, spec->name);
    for (size_t i = 0; i < spec->count; i++)
        if (add_meters(plant, line, &spec->meters[i], diag) < 0)
            return -1;
    if (spec->tcp)
        return kw_plant_tcp_listen(&plant->tcp, line, diag);
    return start_serial(plant, line, diag);
}

int kw_plant_add(struct kw_plant *plant, const struct kw_plant_spec *spec,
                 struct kw_plant_diag *diag)
{
    for (unsigned port = spec->first_port; port <= spec->last_port; port++)
        if (add_line(plant, spec, port, diag) < 0)
            return -1;
    return 0;
}

void kw_plant_print_ready(const struct kw_plant *plant, const char *control,
                          struct kw_plant_out *out)
{
    const char *comma = "";
    kw_plant_out(out, "{\"ready\":true,\"serial\":[");
    for (size_t i = 0; i < plant->serial_count; i++) {
        const struct kw_plant_serial *serial = plant->serials[i];
        kw_plant_out(out, "%s{\"name\":\"%s\",\"path\":", i > 0 ? "," : "",
                     serial->line->name);
        kw_plant_out_string(out, serial->link);
        kw_plant_out(out, ",\"units\":%zu}", serial->line->count);
    }
    kw_plant_out(out, "],\"tcp\":[");
    for (size_t i = 0; i < plant->count; i++) {
        const struct kw_plant_line *line = plant->lines[i];
        if (!line->tcp)
            continue;
        kw_plant_out(out, "%s{\"port\":%u,\"units\":%zu}", comma, line->port,
                     line->count);
        comma = ",";
    }
    kw_plant_out(out, "],\"control\":");
    if (control != NULL)
        kw_plant_out_string(out, control);
    else
        kw_plant_out(out, "null");
    kw_plant_out(out, "}");
}

void kw_plant_fini(struct kw_plant *plant)
{
    for (size_t i = 0; i < plant->serial_count; i++) {
        kw_plant_serial_stop(plant->serials[i]);
        kw_plant_free(plant->serials[i]);
    }
    kw_plant_free(plant->serials);
    kw_plant_tcp_fini(&plant->tcp);
    for (size_t i = 0; i < plant->count; i++) {
        kw_plant_line_fini(plant->lines[i]);
        kw_plant_free(plant->lines[i]);
    }
    kw_plant_free(plant->lines);
    kw_plant_loop_fini(&plant->loop);
    kw_plant_clock_fini(&plant->clock);
    kw_plant_library_fini(&plant->library);
}
