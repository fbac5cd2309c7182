/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/loader.h"

#include "aggregator/plan/parts.h"
#include "aggregator/plan/units_csv.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 1024

struct loader {
    struct th_reader reader;
    const char *path;
    struct th_yaml_node root;
    struct th_plan_files files;
    int status; /* the first failure that is not a problem of content */
};

/* A path in the plan, from the plan's folder; NULL when memory is out. */
static const char *beside_plan(struct loader *loader, const char *name)
{
    const char *slash = strrchr(loader->path, '/');
    size_t folder_size = name[0] == '/' || slash == NULL ? 0 : (size_t)(slash - loader->path) + 1;
    size_t name_size = strlen(name);
    char *path = th_reader_alloc(&loader->reader, folder_size + name_size + 1, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, loader->path, folder_size);
    memcpy(path + folder_size, name, name_size + 1);
    return path;
}

/* Opens the file that a key of the plan names; NULL when it cannot be read. */
static struct th_yaml *open_named(struct loader *loader, const char *key)
{
    struct th_reader *reader = &loader->reader;
    const char *name = th_reader_text(reader, loader->root, key, TH_FIELD_REQUIRED, PATH_BYTES_MAX);
    const char *path = name[0] == 0 ? NULL : beside_plan(loader, name);
    struct th_yaml *doc = NULL;
    if (path == NULL)
        return NULL;
    int status = th_yaml_open(path, TH_YAML_SIZE_MAX, reader->problems, &doc);
    if (status == TH_E_NO_MEMORY)
        reader->out_of_memory = true;
    if (status < 0) {
        struct th_yaml_node node;
        if (th_yaml_get(loader->root, key, &node))
            th_reader_complain(reader, node, "sửa đường dẫn, tính từ thư mục của tệp kế hoạch",
                               "không đọc được tệp \"%s\"", path);
        return NULL;
    }
    return doc;
}

/* Each file is judged by itself: a problem elsewhere does not stop the checks of this one. */
static struct th_reader fresh(const struct loader *loader)
{
    struct th_reader reader = loader->reader;
    reader.failed = false;
    return reader;
}

/* Takes over what a file's reader found; true when the file is good. */
static bool settle(struct loader *loader, const struct th_reader *reader)
{
    loader->reader.failed = loader->reader.failed || reader->failed;
    loader->reader.out_of_memory = loader->reader.out_of_memory || reader->out_of_memory;
    return !reader->failed && !reader->out_of_memory;
}

static void load_catalogue(struct loader *loader)
{
    struct th_yaml *doc = open_named(loader, "indicators");
    if (doc == NULL)
        return;
    struct th_reader reader = fresh(loader);
    th_read_catalogue(&reader, th_yaml_root(doc), &loader->files.plan.catalogue);
    if (settle(loader, &reader))
        loader->reader.catalogue = &loader->files.plan.catalogue;
    th_yaml_close(doc);
}

static void load_rules(struct loader *loader)
{
    struct th_yaml *doc = open_named(loader, "rules");
    if (doc == NULL)
        return;
    struct th_reader reader = fresh(loader);
    th_read_rules(&reader, th_yaml_root(doc), &loader->files.plan.rules);
    (void)settle(loader, &reader);
    th_yaml_close(doc);
}

static void load_holidays(struct loader *loader)
{
    struct th_yaml *doc = open_named(loader, "holidays");
    if (doc == NULL)
        return;
    struct th_reader reader = fresh(loader);
    th_read_holidays(&reader, th_yaml_root(doc), &loader->files.holidays);
    if (settle(loader, &reader))
        loader->reader.holidays = &loader->files.holidays;
    th_yaml_close(doc);
}

static void load_units(struct loader *loader, const char *const unit_files[],
                       size_t unit_files_count)
{
    struct th_reader *reader = &loader->reader;
    const char *name =
        th_reader_text(reader, loader->root, "units", TH_FIELD_REQUIRED, PATH_BYTES_MAX);
    const char *own = name[0] == 0 ? NULL : beside_plan(loader, name);
    bool given = unit_files_count > 0;
    if (!given && own == NULL)
        return;
    int status = th_units_csv_read_all(given ? unit_files : &own, given ? unit_files_count : 1,
                                       reader->arena, reader->problems, &loader->files.units);
    if (status == 0) {
        reader->units = &loader->files.units;
        return;
    }
    reader->failed = true;
    struct th_yaml_node node;
    if (status == TH_E_NO_MEMORY)
        reader->out_of_memory = true;
    else if (given)
        loader->status = status;
    else if (th_yaml_get(loader->root, "units", &node))
        th_reader_complain(reader, node, "sửa tệp đơn vị, hoặc sửa đường dẫn",
                           "không dùng được tệp \"%s\"", own);
}

static void read_head(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan)
{
    th_reader_format(reader, root);
    plan->id = th_reader_name(reader, root, "plan", TH_FIELD_REQUIRED, TH_LIMIT_PLAN_ID_MAX);
    plan->title = th_reader_text(reader, root, "title", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
    plan->number = th_reader_text(reader, root, "number", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
    plan->has_date = th_reader_day(reader, root, "date", TH_FIELD_OPTIONAL, &plan->date);
    int policy = TH_POLICY_STRICT;
    (void)th_reader_word(reader, root, "deadline_policy", TH_FIELD_REQUIRED, &th_words_policy,
                         &policy);
    plan->policy = reader->policy = (enum th_deadline_policy)policy;
    int64_t year = 0;
    (void)th_reader_int(reader, root, "year", TH_FIELD_REQUIRED, TH_YEAR_MIN, TH_YEAR_MAX, &year);
    plan->year = reader->year = (int)year;
}

static void read_body(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan)
{
    struct th_yaml_node node;
    plan->issuer = th_read_issuer(reader, root);
    plan->territory = "";
    if (th_reader_find(reader, root, "territory", TH_FIELD_REQUIRED, &node))
        plan->territory = th_read_unit_code(reader, node);
    plan->recipients = th_read_parties(reader, root, "recipients");
    th_read_relations(reader, root, plan);
    th_read_tasks(reader, root, plan);
    th_read_obligations(reader, root, plan);
}

int th_plan_load(const char *path, const char *const unit_files[], size_t unit_files_count,
                 struct th_arena *arena, struct th_problems *problems,
                 struct th_plan_files *ret_files)
{
    struct th_yaml *doc = NULL;
    int status = th_yaml_open(path, TH_YAML_SIZE_MAX, problems, &doc);
    if (status < 0)
        return status;
    struct loader loader = {
        .reader = {.arena = arena, .problems = problems}, .path = path, .root = th_yaml_root(doc)};
    struct th_reader *reader = &loader.reader;
    if (TH_READER_KEYS(reader, loader.root, "plan", "format", "title", "number", "date", "year",
                       "issuer", "territory", "units", "indicators", "rules", "holidays",
                       "deadline_policy", "relations", "tasks", "recipients", "obligations")) {
        read_head(reader, loader.root, &loader.files.plan);
        load_catalogue(&loader);
        load_rules(&loader);
        load_holidays(&loader);
        load_units(&loader, unit_files, unit_files_count);
        read_body(reader, loader.root, &loader.files.plan);
    }
    th_yaml_close(doc);
    if (reader->out_of_memory)
        return TH_E_NO_MEMORY;
    if (loader.status < 0)
        return loader.status;
    if (reader->failed)
        return TH_E_INVALID;
    *ret_files = loader.files;
    return 0;
}
