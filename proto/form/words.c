/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/words.h"

#include "proto/form/reader.h"

#include <stdio.h>
#include <string.h>

static const struct th_form_word task_words[] = {
    {"chưa làm", TH_TASK_NOT_STARTED},
    {"đang làm", TH_TASK_IN_PROGRESS},
    {"xong", TH_TASK_DONE},
    {"không áp dụng", TH_TASK_NOT_APPLICABLE},
    {"not started", TH_TASK_NOT_STARTED},
    {"in progress", TH_TASK_IN_PROGRESS},
    {"done", TH_TASK_DONE},
    {"not applicable", TH_TASK_NOT_APPLICABLE},
};

static const struct th_form_word stage_words[] = {
    {"đăng ký", TH_SHOWCASE_REGISTERED},        {"đang thực hiện", TH_SHOWCASE_RUNNING},
    {"được công nhận", TH_SHOWCASE_RECOGNISED}, {"kết thúc", TH_SHOWCASE_ENDED},
    {"registered", TH_SHOWCASE_REGISTERED},     {"running", TH_SHOWCASE_RUNNING},
    {"recognised", TH_SHOWCASE_RECOGNISED},     {"ended", TH_SHOWCASE_ENDED},
};

const struct th_form_words th_form_task_words = {task_words,
                                                 sizeof task_words / sizeof *task_words};
const struct th_form_words th_form_stage_words = {stage_words,
                                                  sizeof stage_words / sizeof *stage_words};

char *th_form_words_offer(const struct th_form_words *words, char offer[TH_FORM_OFFER_SIZE])
{
    size_t used = 0;
    offer[0] = 0;
    for (size_t i = 0; i < words->count; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i; j++)
            is_first = is_first && words->items[j].value != words->items[i].value;
        if (!is_first)
            continue;
        int size = snprintf(offer + used, TH_FORM_OFFER_SIZE - used, "%s%s", used == 0 ? "" : ", ",
                            words->items[i].word);
        if (size < 0 || (size_t)size >= TH_FORM_OFFER_SIZE - used)
            break;
        used += (size_t)size;
    }
    return offer;
}

bool th_form_words_find(const struct th_form_words *words, struct th_text text, int *ret_value)
{
    for (size_t i = 0; i < words->count; i++)
        if (th_form_same_word(text.bytes, text.size, words->items[i].word)) {
            *ret_value = words->items[i].value;
            return true;
        }
    return false;
}
