/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <string.h>

static bool parse_range(char *text, unsigned low, unsigned high,
                        unsigned *first, unsigned *last)
{
    uint64_t from = 0, to = 0;
    char *end = strchr(text, '-');
    if (end != NULL)
        *end++ = '\0';
    if (!kw_plant_parse_whole(text, 10, high, &from) ||
        !kw_plant_parse_whole(end != NULL ? end : text, 10, high, &to) ||
        from < low || to < from)
        return false;
    *first = (unsigned)from;
    *last = (unsigned)to;
    return true;
}

static bool parse_meter(char *text, bool tcp, struct kw_plant_spec_meter *meter)
{
    uint64_t load = 1;
    char *profile = strchr(text, '=');
    if (profile == NULL)
        return false;
    *profile++ = '\0';
    char *number = strchr(profile, '@');
    if (number != NULL)
        *number++ = '\0';
    if (number != NULL &&
        (!kw_plant_parse_whole(number, 10, 32, &load) || load == 0))
        return false;
    meter->load = (unsigned)load;
    return *profile != '\0' &&
           kw_plant_copy(meter->profile, sizeof meter->profile, profile) &&
           parse_range(text, tcp ? 0 : 1, tcp ? 255 : 247, &meter->first,
                       &meter->last);
}

static int parse_meters(struct kw_plant_spec *spec, char *text,
                        struct kw_plant_diag *diag)
{
    char *part;
    while ((part = strsep(&text, ",")) != NULL) {
        char whole[128];
        kw_plant_copy(whole, sizeof whole, part);
        spec->meters =
            kw_plant_grow(spec->meters, spec->count + 1, sizeof *spec->meters);
        if (!parse_meter(part, spec->tcp, &spec->meters[spec->count]))
            return kw_plant_say(diag,
                                "meter '%s': expected "
                                "UNIT[-UNIT]=PROFILE[@LOAD], units %s, loads "
                                "1 to 32",
                                whole, spec->tcp ? "0 to 255" : "1 to 247");
        spec->count++;
    }
    return 0;
}

static bool parse_name(struct kw_plant_spec *spec, const char *name)
{
    return *name != '\0' && *name != '.' && strpbrk(name, "/@ ") == NULL &&
           kw_plant_copy(spec->name, sizeof spec->name, name);
}

/* Cuts the parts before the meters off. */
static bool parse_head(struct kw_plant_spec *spec, char **text)
{
    uint64_t baud = 0;
    const char *framing;
    if (spec->tcp) {
        char *ports = strsep(text, ":");
        return *text != NULL && parse_range(ports, 0, 65535, &spec->first_port,
                                            &spec->last_port);
    }
    const char *name = strsep(text, ":");
    const char *rate = strsep(text, ":");
    framing = strsep(text, ":");
    if (*text == NULL || !parse_name(spec, name) ||
        !kw_plant_parse_whole(rate, 10, 4000000, &baud) ||
        !kw_plant_pace_parse(framing, &spec->pace.bits))
        return false;
    spec->pace.baud = (unsigned)baud;
    return true;
}

int kw_plant_spec_parse(struct kw_plant_spec *spec, bool tcp, const char *text,
                        struct kw_plant_diag *diag)
{
    *spec = (struct kw_plant_spec){.tcp = tcp};
    size_t length = strlen(text);
    char *copy = kw_plant_alloc(length + 1, 1), *at = copy;
    memcpy(copy, text, length);
    int result;
    if (!parse_head(spec, &at))
        result = kw_plant_say(
            diag,
            tcp ? "--tcp %s: expected PORT[-PORT]:METERS"
                : "--serial %s: expected NAME:BAUD:FRAMING:METERS such "
                  "as panel:9600:8N1:1=eastron_sdm630",
            text);
    else
        result = parse_meters(spec, at, diag);
    kw_plant_free(copy);
    if (result < 0)
        kw_plant_spec_fini(spec);
    return result;
}

void kw_plant_spec_fini(struct kw_plant_spec *spec)
{
    kw_plant_free(spec->meters);
    spec->meters = NULL;
    spec->count = 0;
}
