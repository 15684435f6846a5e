/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to nodes over libyaml's events; the only user of libyaml.
 *
 * Events and not its document tree: they carry line and column, and nothing is
 * built before the ceilings have been looked at. What YAML can do beyond maps,
 * lists and texts (anchors, aliases, tags, several documents) is refused: none
 * of it helps who writes a configuration, and aliases are how a small file
 * becomes a large tree. A syntax error ends the reading and is told alone, for
 * what follows it would be guesses.
 */
#include "base/text.h"
#include "core/conf_build.h"

#include <string.h>
#include <yaml.h>

struct source {
    const char *text;
    size_t length;
};

static struct kw_mark mark_of(yaml_mark_t mark)
{
    return (struct kw_mark){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static bool is_null(const char *text)
{
    return text[0] == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static void check_properties(struct kw_conf_builder *builder,
                             const yaml_char_t *anchor, const yaml_char_t *tag,
                             struct kw_mark mark)
{
    if (anchor != NULL)
        kw_conf_refuse(builder, mark, "anchors (&name) are not supported");
    if (tag != NULL)
        kw_conf_refuse(builder, mark, "tags (!name) are not supported");
}

static int on_scalar(struct kw_conf_builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    struct kw_mark mark = mark_of(event->start_mark);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    check_properties(builder, event->data.scalar.anchor, event->data.scalar.tag,
                     mark);
    if (memchr(text, 0, length) != NULL)
        return kw_diag_add(builder->diag, mark, NULL,
                           "a NUL character in a text");
    if (kw_conf_wants_key(builder))
        return kw_conf_add_key(builder, text, length, mark);
    if (plain && is_null(text))
        return kw_conf_add_null(builder, mark);
    return kw_conf_add_scalar(builder, text, length, plain, mark);
}

static int on_open(struct kw_conf_builder *builder, enum kw_node_kind kind,
                   struct kw_mark mark)
{
    if (kw_conf_wants_key(builder))
        return kw_diag_add(builder->diag, mark, NULL,
                           "a key must be a text, not a map or a list");
    return kw_conf_open(builder, kind, mark);
}

/* An alias stands for a key or a value: so that reading can go on. */
static int on_alias(struct kw_conf_builder *builder, struct kw_mark mark)
{
    kw_conf_refuse(builder, mark, "aliases (*name) are not supported");
    if (kw_conf_wants_key(builder))
        return kw_conf_add_key(builder, "*", 1, mark);
    return kw_conf_add_null(builder, mark);
}

static int on_event(struct kw_conf_builder *builder, const yaml_event_t *event)
{
    struct kw_mark mark = mark_of(event->start_mark);

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root != NULL)
            return kw_diag_add(builder->diag, mark, NULL,
                               "a second document, expected only one");
        break;
    case YAML_ALIAS_EVENT:
        return on_alias(builder, mark);
    case YAML_SCALAR_EVENT:
        return on_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        check_properties(builder, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag, mark);
        return on_open(builder, KW_NODE_LIST, mark);
    case YAML_MAPPING_START_EVENT:
        check_properties(builder, event->data.mapping_start.anchor,
                         event->data.mapping_start.tag, mark);
        return on_open(builder, KW_NODE_MAP, mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        kw_conf_close(builder);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return 0;
}

/* True when a line (from 1) is indented with a tab, which YAML forbids. */
static bool has_tab_indent(const struct source *source, unsigned line)
{
    const char *at = source->text, *end = at + source->length;

    for (; line > 1 && at != NULL; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    while (at != NULL && at < end && *at == ' ')
        at++;
    return at != NULL && at < end && *at == '\t';
}

/* libyaml's error as a finding: the one place that translates it. */
static int complain(const struct source *source, const yaml_parser_t *parser,
                    struct kw_diag *diag)
{
    struct kw_mark mark = mark_of(parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR)
        return KW_ENOMEM; /* UNTESTED: libyaml's own allocations don't fail */
    if (has_tab_indent(source, mark.line))
        return kw_diag_add(diag, mark, NULL,
                           "not valid YAML: a tab in front, expected spaces");
    if (parser->context == NULL)
        return kw_diag_add(diag, mark, NULL, "not valid YAML: %s",
                           parser->problem);
    return kw_diag_add(diag, mark, NULL, "not valid YAML: %s, %s on line %u",
                       parser->problem, parser->context,
                       (unsigned)parser->context_mark.line + 1);
}

static int read_events(struct kw_conf_builder *builder, yaml_parser_t *parser,
                       const struct source *source)
{
    bool ended = false;
    int err = 0;

    while (err == 0 && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event))
            return complain(source, parser, builder->diag);
        err = on_event(builder, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return err;
}

/* libyaml names a bad byte without its place, so it is looked for here. */
static int check_characters(const struct source *source, struct kw_diag *diag)
{
    const char *at = source->text, *end = at + source->length;
    struct kw_mark mark = {1, 1};

    while (at < end) {
        size_t step = kw_text_step(at, (size_t)(end - at));

        if (step == 0 && (*at == '\n' || *at == '\r' || *at == '\t'))
            step = 1;
        if (step == 0)
            return kw_diag_add(diag, mark, NULL,
                               "byte 0x%02X is no UTF-8 text or a control "
                               "character",
                               (unsigned char)*at);
        mark.column++;
        if (*at == '\n')
            mark = (struct kw_mark){mark.line + 1, 1};
        at += step;
    }
    return 0;
}

int kw_conf_parse_yaml(const char *text, size_t length, struct kw_arena *arena,
                       struct kw_node **root, struct kw_diag *diag)
{
    struct source source = {length > 0 ? text : "", length};
    struct kw_conf_builder builder = {
        .arena = arena, .diag = diag, .nodes_max = KW_CONF_NODES};
    yaml_parser_t parser;
    int err;

    if (length > KW_CONF_BYTES)
        return kw_diag_say(diag, "larger than %d MiB", KW_CONF_BYTES >> 20);
    err = check_characters(&source, diag);
    if (err != 0)
        return err;
    if (!yaml_parser_initialize(&parser))
        return KW_ENOMEM; /* UNTESTED: libyaml's own allocations don't fail */
    yaml_parser_set_input_string(&parser, (const unsigned char *)source.text,
                                 length);
    err = read_events(&builder, &parser, &source);
    yaml_parser_delete(&parser);
    if (err == 0 && builder.root == NULL)
        err = kw_conf_add_null(&builder, (struct kw_mark){1, 1});
    if (err != 0)
        return err;
    *root = builder.root;
    return builder.err;
}
