/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML form as a tree: base/yaml.h has already refused what is not plain and clear. */
#include "proto/form/form.h"
#include "proto/form/tree.h"

#include "base/yaml.h"

/* The place of the key, which is there even when the value is empty. */
static void add(struct th_form_tree *tree, struct th_form_node *parent, struct th_yaml_node from,
                const char *key, unsigned depth)
{
    uint32_t line = th_yaml_line(from), column = th_yaml_column(from);
    if (depth == TH_FORM_DEPTH_MAX) {
        th_form_tree_refuse(tree, line, column, "bớt số tầng lồng nhau",
                            "lồng nhau quá nhiều tầng");
        return;
    }
    enum th_yaml_kind kind = th_yaml_kind(from);
    if (kind == TH_YAML_SCALAR) {
        struct th_text text =
            th_yaml_is_null(from) ? (struct th_text){"", 0} : th_yaml_scalar(from);
        (void)th_form_tree_add_text(tree, parent, key, text.bytes, text.size, line, column);
        return;
    }
    struct th_form_node *node = th_form_tree_add(
        tree, parent, kind == TH_YAML_MAPPING ? TH_FORM_MAP : TH_FORM_LIST, key, line, column);
    for (size_t i = 0; node != NULL && i < th_yaml_count(from); i++) {
        struct th_yaml_node item = th_yaml_item(from, i);
        add(tree, node, item, kind == TH_YAML_MAPPING ? th_yaml_key(item).bytes : "", depth + 1);
    }
}

void th_form_tree_read_yaml(struct th_form_tree *tree, const char *bytes, size_t size)
{
    struct th_yaml *doc = NULL;
    int status =
        th_yaml_open_memory(tree->file, bytes, size, 3 * TH_FORM_SIZE_MAX, tree->problems, &doc);
    if (status < 0) {
        th_form_tree_fail(tree, status);
        return;
    }
    add(tree, NULL, th_yaml_root(doc), "", 0);
    th_yaml_close(doc);
}
