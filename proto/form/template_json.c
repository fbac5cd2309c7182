/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON form, for scripts: the same keys as YAML, null where nothing is reported. */
#include "proto/form/template.h"

#include <jansson.h>

/* Failures to allocate are found once, in `failed`: jansson passes NULL through. */
static void set(json_t *map, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(map, key, value) != 0)
        *failed = true;
}

static void append(json_t *list, json_t *value, bool *failed)
{
    if (json_array_append_new(list, value) != 0)
        *failed = true;
}

static json_t *part(const struct th_form_template *form, enum th_form_part which, bool *failed)
{
    const struct th_catalogue *catalogue = &form->plan->catalogue;
    json_t *map = json_object();
    for (uint16_t i = 0; i < catalogue->sections_count; i++) {
        const struct th_indicator *indicator;
        uint16_t at = 0;
        while ((indicator = th_form_template_next(form, &catalogue->sections[i], which, &at)) !=
               NULL)
            if (th_indicator_is_asked(indicator))
                set(map, indicator->code, json_null(), failed);
    }
    return map;
}

static json_t *nulls(const char *const keys[], size_t keys_count, bool *failed)
{
    json_t *map = json_object();
    for (size_t i = 0; i < keys_count; i++)
        set(map, keys[i], json_null(), failed);
    return map;
}

static json_t *tasks(const struct th_form_template *form, bool *failed)
{
    static const char *const keys[] = {"status", "percent", "note"};
    json_t *list = json_array();
    for (uint16_t i = 0; i < form->plan->tasks_count; i++) {
        json_t *task = json_object();
        set(task, "no", json_integer(form->plan->tasks[i].number), failed);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            set(task, keys[k], json_null(), failed);
        append(list, task, failed);
    }
    return list;
}

int th_form_template_json(const struct th_form_template *form)
{
    static const char *const document[] = {"number", "date", "signer", "title"};
    bool failed = false;
    json_t *root = json_object();
    set(root, "report", json_string("tonghop"), &failed);
    set(root, "format", json_integer(1), &failed);
    set(root, "plan", json_string(form->plan->id), &failed);
    set(root, "obligation", json_string(form->obligation->id), &failed);
    set(root, "unit", json_string(form->unit->code), &failed);
    if (form->obligation->open_ended)
        set(root, "number", json_null(), &failed);
    set(root, "revision", json_null(), &failed);
    set(root, "values", part(form, TH_FORM_FIGURES, &failed), &failed);
    if (form->estimates) {
        set(root, "estimated", json_array(), &failed);
        set(root, "estimated_to", json_null(), &failed);
    }
    set(root, "sections", part(form, TH_FORM_TEXTS, &failed), &failed);
    set(root, "tasks", tasks(form, &failed), &failed);
    set(root, "models", json_array(), &failed);
    set(root, "document", nulls(document, sizeof document / sizeof *document, &failed), &failed);
    set(root, "attachments", json_array(), &failed);
    if (!failed && json_dumpf(root, form->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0)
        (void)fputc('\n', form->out);
    json_decref(root);
    return failed ? TH_E_NO_MEMORY : 0;
}
