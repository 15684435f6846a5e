/* SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <math.h>
#include <string.h>

/* Names with `*` stand for three: l1 l2 l3, or l1_l2 l2_l3 l3_l1 for `**`. */
static const struct row {
    const char *name;
    enum kw_plant_value value;
} rows[] = {
    {"voltage_*_n", KW_PLANT_V_LN},
    {"voltage_**", KW_PLANT_V_LL},
    {"voltage_n", KW_PLANT_V_N},
    {"voltage_avg", KW_PLANT_V_LN_AVG},
    {"voltage_ln_avg", KW_PLANT_V_LN_AVG},
    {"voltage_ll_avg", KW_PLANT_V_LL_AVG},
    {"current_*", KW_PLANT_I},
    {"current_n", KW_PLANT_I_N},
    {"current_ground", KW_PLANT_I_PE},
    {"current_avg", KW_PLANT_I_AVG},
    {"current_sum", KW_PLANT_I_SUM},
    {"active_power_*", KW_PLANT_P},
    {"active_power_total", KW_PLANT_P_SUM},
    {"reactive_power_*", KW_PLANT_Q},
    {"reactive_power_total", KW_PLANT_Q_SUM},
    {"apparent_power_*", KW_PLANT_S},
    {"apparent_power_total", KW_PLANT_S_SUM},
    {"power_factor_*", KW_PLANT_PF},
    {"power_factor_total", KW_PLANT_PF_SUM},
    {"phase_angle_total", KW_PLANT_ANGLE},
    {"frequency", KW_PLANT_F},
    {"thd_voltage_*", KW_PLANT_THD_V},
    {"thd_voltage_**", KW_PLANT_THD_VLL},
    {"thd_voltage_avg", KW_PLANT_THD_V_AVG},
    {"thd_current_*", KW_PLANT_THD_I},
    {"active_energy_import_*", KW_PLANT_EP_IN},
    {"active_energy_import_total", KW_PLANT_EP_IN_SUM},
    {"active_energy_export_*", KW_PLANT_EP_OUT},
    {"active_energy_export_total", KW_PLANT_EP_OUT_SUM},
    {"active_energy_sum_*", KW_PLANT_EP_ALL},
    {"active_energy_sum_total", KW_PLANT_EP_ALL_SUM},
    {"reactive_energy_import_*", KW_PLANT_EQ_IN},
    {"reactive_energy_import_total", KW_PLANT_EQ_IN_SUM},
    {"reactive_energy_export_*", KW_PLANT_EQ_OUT},
    {"reactive_energy_export_total", KW_PLANT_EQ_OUT_SUM},
    {"reactive_energy_sum_*", KW_PLANT_EQ_ALL},
    {"reactive_energy_sum_total", KW_PLANT_EQ_ALL_SUM},
    {"apparent_energy_import_total", KW_PLANT_ES_IN_SUM},
    {"apparent_energy_export_total", KW_PLANT_ES_OUT_SUM},
    {"apparent_energy_total", KW_PLANT_ES_SUM},
    {"hour_meter", KW_PLANT_HOURS},
    {"sample_time", KW_PLANT_SAMPLE_TIME},
    {"load_status", KW_PLANT_STATUS},
};

/* Settings of the meter; the small ones are powers of ten. */
static const struct setting {
    const char *name;
    double value;
} settings[] = {
    {"scale_voltage", -1}, {"scale_current", -2},   {"scale_power", 1},
    {"scale_energy", 2},   {"ratio_ct", 40},        {"ratio_vt", 100},
    {"tariff", 2},         {"digital_inputs", 165},
};

static const char *const attribute_starts[] = {
    "info_",  "vendor_",   "product_", "extended_",
    "table_", "software_", "serial_",
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length > size && strcmp(text + length - size, end) == 0;
}

/* Compares `name` with a row's pattern; -1 if they differ, else how many
 * places after the row's value the name's value stands. */
static int match(const char *pattern, const char *name)
{
    static const char *const one[] = {"l1", "l2", "l3"};
    static const char *const two[] = {"l1_l2", "l2_l3", "l3_l1"};
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return strcmp(pattern, name) == 0 ? 0 : -1;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, name, before) != 0)
        return -1;
    bool pair = star[1] == '*';
    const char *rest = star + (pair ? 2 : 1);
    for (int i = 0; i < 3; i++) {
        const char *part = pair ? two[i] : one[i];
        size_t size = strlen(part);
        if (strncmp(name + before, part, size) == 0 &&
            strcmp(name + before + size, rest) == 0)
            return i;
    }
    return -1;
}

static bool is_energy(enum kw_plant_value value)
{
    return value >= KW_PLANT_EP_IN && value <= KW_PLANT_ES_SUM;
}

/* Takes the endings off that mean the same value again. */
static void cut_endings(char *name)
{
    static const char *const same[] = {"_2", "_fine", "_alt"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (ends_with(name, same[i]))
            name[strlen(name) - strlen(same[i])] = '\0';
}

bool kw_plant_source_find(const char *name, struct kw_plant_source *source)
{
    *source = (struct kw_plant_source){.part = KW_PLANT_PLAIN};
    for (size_t i = 0; i < sizeof attribute_starts / sizeof(char *); i++) {
        const char *start = attribute_starts[i];
        if (strncmp(name, start, strlen(start)) == 0) {
            source->part = KW_PLANT_ATTRIBUTE;
            return true;
        }
    }

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (strcmp(name, settings[i].name) == 0) {
            source->part = KW_PLANT_FIXED;
            source->fixed = settings[i].value;
            return true;
        }
    }

    char base[64];
    if (!kw_plant_copy(base, sizeof base - sizeof "total", name))
        return false;
    cut_endings(base);
    if (ends_with(base, "_residual"))
        source->part = KW_PLANT_RESIDUAL;
    else if (ends_with(base, "_partial"))
        source->part = KW_PLANT_PARTIAL;
    if (source->part != KW_PLANT_PLAIN)
        memcpy(strrchr(base, '_') + 1, "total", sizeof "total");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int place = match(rows[i].name, base);
        if (place >= 0) {
            source->value = (enum kw_plant_value)((int)rows[i].value + place);
            return source->part == KW_PLANT_PLAIN || is_energy(source->value);
        }
    }
    return false;
}

double kw_plant_source_value(const struct kw_plant_source *source,
                             const struct kw_plant_values *values,
                             const struct kw_plant_values *start)
{
    double value = values->real[source->value];
    switch (source->part) {
    case KW_PLANT_RESIDUAL:
        return fmod(value, 1000);
    case KW_PLANT_PARTIAL:
        return value - 0.9 * start->real[source->value];
    case KW_PLANT_FIXED:
        return source->fixed;
    case KW_PLANT_PLAIN:
    case KW_PLANT_ATTRIBUTE:
        break;
    }
    return value;
}
