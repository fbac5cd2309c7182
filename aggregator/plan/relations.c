/* SPDX-License-Identifier: Apache-2.0 */
/* Relations to other documents, and tasks. */
#include "aggregator/plan/parts.h"

/* What only a suspension may say. */
static void read_suspension(struct th_reader *reader, struct th_yaml_node item,
                            struct th_relation *relation)
{
    static const struct th_yaml_word whats[] = {{"scoring", 1}};
    static const struct th_words what_words = {whats, 1};
    static const char *const keys[] = {"what", "scope", "until"};
    struct th_yaml_node node;
    if (relation->kind != TH_RELATION_SUSPENDS) {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            if (th_yaml_get(item, keys[i], &node))
                th_reader_complain(reader, node, "bỏ khóa này, hoặc ghi kind: suspends",
                                   "\"%s\" chỉ dùng cho quan hệ tạm dừng", keys[i]);
        return;
    }
    int what = 0;
    relation->suspends_scoring =
        th_reader_word(reader, item, "what", TH_FIELD_REQUIRED, &what_words, &what);
    if (th_yaml_get(item, "scope", &node)) {
        relation->has_scope = true;
        th_read_selector(reader, node, TH_SELECTOR_SCOPE, &relation->scope);
    }
    relation->until = th_reader_text(reader, item, "until", TH_FIELD_OPTIONAL, TH_LIMIT_QUOTE_MAX);
}

void th_read_relations(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, root, "relations", TH_FIELD_OPTIONAL, TH_LIMIT_RELATIONS_MAX, &list);
    struct th_relation *relations = th_reader_alloc(reader, count, sizeof *relations);
    if (relations == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        struct th_relation *relation = &relations[i];
        *relation = (struct th_relation){
            .document = "", .title = "", .quote = "", .until = "", .scope = {.quote = ""}};
        if (!TH_READER_KEYS(reader, item, "kind", "document", "date", "title", "quote", "what",
                            "scope", "until"))
            continue;
        relation->document =
            th_reader_text(reader, item, "document", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
        relation->title =
            th_reader_text(reader, item, "title", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
        relation->quote =
            th_reader_text(reader, item, "quote", TH_FIELD_REQUIRED, TH_LIMIT_QUOTE_MAX);
        relation->has_date =
            th_reader_day(reader, item, "date", TH_FIELD_OPTIONAL, &relation->date);
        int kind = 0;
        if (!th_reader_word(reader, item, "kind", TH_FIELD_REQUIRED, &th_words_relation_kind,
                            &kind))
            continue;
        relation->kind = (enum th_relation_kind)kind;
        read_suspension(reader, item, relation);
    }
    plan->relations = relations;
    plan->relations_count = (uint16_t)count;
}

void th_read_tasks(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, root, "tasks", TH_FIELD_OPTIONAL, TH_LIMIT_TASKS_MAX, &list);
    struct th_task *tasks = th_reader_alloc(reader, count, sizeof *tasks);
    if (tasks == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        struct th_task *task = &tasks[i];
        *task = (struct th_task){.title = "", .time = ""};
        if (!TH_READER_KEYS(reader, item, "no", "title", "lead", "coordinating", "executing",
                            "time"))
            continue;
        int64_t number = 0;
        (void)th_reader_int(reader, item, "no", TH_FIELD_REQUIRED, 1, UINT16_MAX, &number);
        task->number = (uint16_t)number;
        for (size_t j = 0; j < i && number != 0; j++)
            if (tasks[j].number == number)
                th_reader_complain(reader, item, "mỗi nhiệm vụ một số", "số nhiệm vụ %d lặp lại",
                                   (int)number);
        task->title = th_reader_text(reader, item, "title", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
        task->time = th_reader_text(reader, item, "time", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
        task->lead = th_read_parties(reader, item, "lead");
        task->coordinating = th_read_parties(reader, item, "coordinating");
        task->executing = th_read_parties(reader, item, "executing");
    }
    plan->tasks = tasks;
    plan->tasks_count = (uint16_t)count;
}
