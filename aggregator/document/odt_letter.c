/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes the report a letter: who issues it, its number, place and date, to whom it goes, who
 * signs. The number and the day are left to fill in.
 *
 * The issuing body is the unit of the list that reports are sent through (qua), which collects them
 * for the addressee; else the body that issued the plan.
 */
#include "aggregator/document/odt_parts.h"

#include "aggregator/document/say.h"
#include "proto/model/period.h"

#include <stdio.h>
#include <string.h>

static const struct th_unit *unit_of(const struct th_odt *odt, const char *code)
{
    uint32_t index = code[0] == '\0' ? TH_UNIT_NONE : th_facts_find_unit(odt->facts, code);
    return index == TH_UNIT_NONE ? NULL : &odt->facts->context->units.units[index];
}

static bool is_territorial(const struct th_unit *unit)
{
    return th_unit_kind_level(unit->kind) != TH_LEVEL_BODY;
}

/* The body that acts for a unit: of a territory its People's Committee. */
static const char *authority(struct th_odt *odt, const struct th_unit *unit)
{
    if (!is_territorial(unit))
        return unit->name;
    return th_say(odt->arena, "Ủy ban nhân dân %s %s", th_unit_kind_prefix(unit->kind), unit->name);
}

static const char *party_name(struct th_odt *odt, const struct th_party *party)
{
    const struct th_unit *unit = unit_of(odt, party->unit_code);
    if (party->name[0] != '\0')
        return party->name;
    return unit == NULL ? party->unit_code : authority(odt, unit);
}

/* ---- who issues it ---- */

/* "Sở Nội vụ tỉnh Gia Lai" below "Ủy ban nhân dân tỉnh Gia Lai" is "Sở Nội vụ". */
static const char *without_territory(struct th_odt *odt, const char *name,
                                     const struct th_unit *territory)
{
    const char *tail =
        th_say(odt->arena, " %s %s", th_unit_kind_prefix(territory->kind), territory->name);
    size_t size = strlen(name), tail_size = tail == NULL ? 0 : strlen(tail);
    if (tail == NULL)
        return NULL;
    if (tail_size >= size || strcmp(name + size - tail_size, tail) != 0)
        return name;
    return th_arena_copy_text(odt->arena, name, size - tail_size);
}

/* "64-snv" gives "BC-SNV"; the office of a People's Committee signs BC-UBND. */
static const char *symbol_of(struct th_odt *odt, const struct th_unit *issuer)
{
    if (issuer == NULL)
        return "BC-";
    if (is_territorial(issuer))
        return "BC-UBND";
    const char *tail = strrchr(issuer->code, '-');
    return tail == NULL ? "BC-" : th_say(odt->arena, "BC-%s", th_say_upper(odt->arena, tail + 1));
}

static const struct th_unit *find_issuer(const struct th_odt *odt)
{
    const struct th_parties *via = &odt->facts->obligation->via;
    for (uint16_t i = 0; i < via->count; i++) {
        const struct th_unit *unit = unit_of(odt, via->items[i].unit_code);
        if (unit != NULL)
            return unit;
    }
    return unit_of(odt, odt->facts->plan->issuer.unit_code);
}

static void prepare_issuer(struct th_odt *odt)
{
    const struct th_document_facts *facts = odt->facts;
    const struct th_unit *issuer = find_issuer(odt);
    const struct th_unit *above =
        issuer == NULL || is_territorial(issuer) ? NULL : unit_of(odt, issuer->parent_code);
    const struct th_unit *territory = unit_of(odt, facts->plan->territory);
    odt->issuer_name =
        issuer == NULL ? party_name(odt, &facts->plan->issuer) : authority(odt, issuer);
    odt->superior = "";
    const char *name = odt->issuer_name;
    if (above != NULL && is_territorial(above)) {
        /* The decree lets the body above be written short, and its line is. */
        odt->superior =
            th_say_upper(odt->arena, th_say(odt->arena, "UBND %s %s",
                                            th_unit_kind_prefix(above->kind), above->name));
        name = without_territory(odt, name, above);
    }
    if (issuer != NULL && is_territorial(issuer)) /* the form has it in two lines */
        name = th_say(odt->arena, "Ủy ban nhân dân\n%s %s", th_unit_kind_prefix(issuer->kind),
                      issuer->name);
    odt->issuer = name == NULL ? NULL : th_say_upper(odt->arena, name);
    odt->symbol = symbol_of(odt, issuer);
    odt->place = territory == NULL || !is_territorial(territory) ? "…………" : territory->name;
    odt->addressee = "";
    for (uint16_t i = 0; i < facts->obligation->to.count && odt->addressee != NULL; i++) {
        const char *to = party_name(odt, &facts->obligation->to.items[i]);
        if (to == NULL || odt->issuer_name == NULL || strcmp(to, odt->issuer_name) != 0)
            odt->addressee = to == NULL ? NULL
                                        : th_say(odt->arena, "%s%s%s", odt->addressee,
                                                 odt->addressee[0] == '\0' ? "" : "; ", to);
    }
    if (odt->issuer == NULL || odt->superior == NULL || odt->symbol == NULL ||
        odt->addressee == NULL)
        th_odt_fail(odt, TH_E_NO_MEMORY);
}

/* ---- what it is about ---- */

static const char *say_period(struct th_odt *odt)
{
    static const char *const quarters[] = {"I", "II", "III", "IV"};
    const struct th_obligation *obligation = odt->facts->obligation;
    struct th_period period;
    if (th_period_parse(obligation->period, strlen(obligation->period), &period) != TH_OK)
        return "";
    switch (period.kind) {
    case TH_PERIOD_HALF:
        return th_say(odt->arena, "06 tháng %s năm %d", period.part == 1 ? "đầu" : "cuối",
                      period.year);
    case TH_PERIOD_QUARTER:
        return th_say(odt->arena, "quý %s năm %d", quarters[(period.part - 1) % 4], period.year);
    case TH_PERIOD_MONTH:
        return th_say(odt->arena, "tháng %s%d năm %d", period.part < 3 ? "0" : "", period.part,
                      period.year);
    case TH_PERIOD_YEAR:
    default:
        return th_say(odt->arena, "năm %d", period.year);
    }
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t end_size = strlen(end);
    return size >= end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

/* Where " năm 2025", or " Năm 2025", stands in a title; NULL: it does not. */
static const char *find_year(const struct th_odt *odt, const char *title)
{
    char year[24];
    (void)snprintf(year, sizeof year, "ăm %d", odt->facts->plan->year);
    for (const char *at = strstr(title, year); at != NULL; at = strstr(at + 1, year))
        if (at - title >= 2 && at[-2] == ' ' && (at[-1] == 'n' || at[-1] == 'N'))
            return at - 2;
    return NULL;
}

/* The plan's title with the period in the place of its year: "… năm 2025 trên địa bàn xã" as
 * "… 06 tháng đầu năm 2025 trên địa bàn xã". "… đến cuối năm 2025" keeps its year, and so does a
 * title when there is no period. NULL: no memory. */
static const char *say_title(struct th_odt *odt, const char *title)
{
    static const char *const needs[] = {" đầu", " giữa", " cuối", " hết", " trong", " đến"};
    const char *year = find_year(odt, title);
    size_t before = year == NULL ? strlen(title) : (size_t)(year - title);
    if (odt->period[0] == '\0')
        return title;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (year != NULL && ends_with(title, before, needs[i]))
            return th_say(odt->arena, "%s, %s", title, odt->period);
    return th_say(odt->arena, "%.*s %s%s", (int)before, title, odt->period,
                  year == NULL ? "" : year + strlen(" năm 2025"));
}

/* " (khối xã, phường)", or nothing. */
static const char *say_branch(struct th_odt *odt)
{
    const char *const branches[] = {"", odt->facts->communes_name, "sở, cơ quan, đơn vị"};
    return odt->facts->branch == TH_BRANCH_ALL
               ? ""
               : th_say(odt->arena, " (khối %s)", branches[odt->facts->branch]);
}

/* The plan's title, the period, and the unit when it is not all of it. */
static void prepare_subject(struct th_odt *odt)
{
    const struct th_document_facts *facts = odt->facts;
    const struct th_unit *unit = &facts->context->units.units[facts->unit];
    const char *title = th_say_small(odt->arena, facts->plan->title);
    const char *branch = say_branch(odt), *where = "";
    odt->period = say_period(odt);
    if (!facts->is_whole && is_territorial(unit))
        where =
            th_say(odt->arena, " trên địa bàn %s %s", th_unit_kind_prefix(unit->kind), unit->name);
    else if (!facts->is_whole)
        where = th_say(odt->arena, " của %s", unit->name);
    if (title == NULL || branch == NULL || where == NULL || odt->period == NULL) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    title = say_title(odt, title);
    if (title != NULL && odt->period[0] == '\0')
        odt->subject = th_say(odt->arena, "kết quả %s%s%s (%s)", title, where, branch,
                              facts->obligation->title);
    else if (title != NULL)
        odt->subject = th_say(odt->arena, "kết quả %s%s%s", title, where, branch);
    if (odt->subject == NULL)
        th_odt_fail(odt, TH_E_NO_MEMORY);
}

static void count_appendices(struct th_odt *odt)
{
    const struct th_document_facts *facts = odt->facts;
    bool known;
    unsigned count = 0;
    odt->appendix_summary = json_object_size(facts->figures) > 0 ? ++count : 0;
    odt->appendix_parts = facts->parts_count > 0 && odt->appendix_summary > 0 ? ++count : 0;
    odt->appendix_missing =
        json_array_size(facts->groups) > 0 || th_facts_count(facts->counts, "late", &known) > 0
            ? ++count
            : 0;
    odt->appendix_texts = json_array_size(facts->narratives) > 0 ? ++count : 0;
    odt->appendix_models = json_array_size(facts->models) > 0 ? ++count : 0;
}

void th_odt_prepare(struct th_odt *odt)
{
    prepare_issuer(odt);
    prepare_subject(odt);
    count_appendices(odt);
}

/* ---- the head ---- */

/* "tháng 10 năm 2025"; the day is left to fill in. Months below 3 with two digits. */
static const char *say_month(struct th_odt *odt)
{
    struct th_civil_date date = th_date_of_day(th_day_of_instant(odt->facts->as_of));
    return th_say(odt->arena, "tháng %s%d năm %d", date.month < 3 ? "0" : "", date.month,
                  date.year);
}

static void write_issuer(struct th_odt *odt)
{
    if (odt->superior[0] != '\0')
        th_odt_paragraph(odt, "CoQuanChuQuan", odt->superior);
    th_odt_paragraph(odt, "CoQuan", odt->issuer);
    th_odt_paragraph(odt, "GachCoQuan", "");
}

static void write_nation(struct th_odt *odt)
{
    th_odt_paragraph(odt, "QuocHieu", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
    th_odt_paragraph(odt, "TieuNgu", "Độc lập - Tự do - Hạnh phúc");
    th_odt_paragraph(odt, "GachTieuNgu", "");
}

static void write_basis(struct th_odt *odt)
{
    const struct th_plan *plan = odt->facts->plan;
    for (uint16_t i = 0; i < plan->relations_count; i++) {
        const struct th_relation *relation = &plan->relations[i];
        const char *day = relation->has_date ? th_say_day(odt->arena, relation->date) : "";
        if (relation->kind != TH_RELATION_IMPLEMENTS || relation->title[0] == '\0')
            continue;
        th_odt_paragraph(
            odt, "CanCu",
            th_say(odt->arena, "Căn cứ %s%s%s%s%s%s;", relation->title,
                   relation->document[0] == '\0' ? "" : " (số ", relation->document,
                   relation->document[0] == '\0' || !relation->has_date ? "" : " ngày ",
                   relation->document[0] == '\0' ? "" : day,
                   relation->document[0] == '\0' ? "" : ")"));
    }
    th_odt_paragraph(odt, "CanCu",
                     th_say(odt->arena, "Căn cứ Kế hoạch %s%s%s%s của %s về %s.",
                            plan->number[0] == '\0' ? "" : "số ", plan->number,
                            plan->has_date ? " ngày " : "",
                            plan->has_date ? th_say_day(odt->arena, plan->date) : "",
                            party_name(odt, &plan->issuer), th_say_small(odt->arena, plan->title)));
}

void th_odt_letterhead(struct th_odt *odt)
{
    bool is_rehearsal = odt->facts->mode == TH_MODE_REHEARSAL;
    th_odt_paragraph(odt, "DauVanBan", "");
    if (is_rehearsal)
        th_odt_paragraph(odt, "DienTap", "DIỄN TẬP – SỐ LIỆU TRONG VĂN BẢN NÀY KHÔNG CÓ THẬT");
    th_odt_block_open(odt, "TieuDe", 70, 95);
    write_issuer(odt);
    th_odt_block_next(odt);
    write_nation(odt);
    th_odt_block_row(odt);
    th_odt_paragraph(odt, "SoKyHieu", th_say(odt->arena, "Số:          /%s", odt->symbol));
    th_odt_block_next(odt);
    th_odt_paragraph(odt, "DiaDanh",
                     th_say(odt->arena, "%s, ngày          %s", odt->place, say_month(odt)));
    th_odt_block_close(odt);
    th_odt_paragraph(odt, "TenLoai", "BÁO CÁO");
    th_odt_paragraph(odt, "TrichYeu", th_say_capital(odt->arena, odt->subject));
    th_odt_paragraph(odt, "GachTrichYeu", "");
    if (odt->addressee[0] != '\0')
        th_odt_paragraph(odt, "KinhGui", th_say(odt->arena, "Kính gửi: %s.", odt->addressee));
    write_basis(odt);
    th_odt_paragraph(
        odt, "Text_20_body",
        th_say(odt->arena,
               "Trên cơ sở báo cáo của các cơ quan, đơn vị, địa phương, %s tổng hợp, báo cáo %s "
               "như sau:",
               odt->issuer_name, odt->subject));
}

/* ---- the end ---- */

/* By the beginning of its name: the title of a head of such a body. */
static const char *title_of(const char *issuer)
{
    static const char *const titles[][2] = {{"Ủy ban nhân dân", "CHỦ TỊCH"},
                                            {"UBND", "CHỦ TỊCH"},
                                            {"Sở", "GIÁM ĐỐC"},
                                            {"Văn phòng", "CHÁNH VĂN PHÒNG"},
                                            {"Thanh tra", "CHÁNH THANH TRA"},
                                            {"Phòng", "TRƯỞNG PHÒNG"},
                                            {"Ban", "TRƯỞNG BAN"},
                                            {"Trung tâm", "GIÁM ĐỐC"}};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (strncmp(issuer, titles[i][0], strlen(titles[i][0])) == 0)
            return titles[i][1];
    return "THỦ TRƯỞNG";
}

static bool is_filed(const struct th_party *party)
{
    return strcmp(party->role, "lưu") == 0 || strcmp(party->role, "Lưu") == 0;
}

static bool is_same_party(const struct th_party *a, const struct th_party *b)
{
    return strcmp(a->unit_code, b->unit_code) == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_listed(const struct th_parties *parties, uint16_t count,
                      const struct th_party *party)
{
    for (uint16_t i = 0; i < count; i++)
        if (is_same_party(&parties->items[i], party))
            return true;
    return false;
}

static void write_recipient(struct th_odt *odt, const struct th_party *party)
{
    const char *name = party_name(odt, party);
    if (name != NULL)
        name = th_say_capital(odt->arena, name);
    th_odt_paragraph(odt, "NoiNhanMuc",
                     name == NULL ? NULL
                                  : th_say(odt->arena, "- %s%s%s%s;", name,
                                           party->role[0] == '\0' ? "" : " (", party->role,
                                           party->role[0] == '\0' ? "" : ")"));
}

static void write_recipients(struct th_odt *odt)
{
    const struct th_parties *copies = &odt->facts->obligation->copies;
    const struct th_parties *all = &odt->facts->plan->recipients;
    const char *filed = "VT";
    th_odt_paragraph(odt, "NoiNhan", "Nơi nhận:");
    if (odt->addressee[0] != '\0')
        th_odt_paragraph(odt, "NoiNhanMuc", "- Như trên;");
    for (uint16_t i = 0; i < copies->count; i++)
        write_recipient(odt, &copies->items[i]);
    for (uint16_t i = 0; i < all->count; i++) {
        const struct th_party *party = &all->items[i];
        if (is_filed(party))
            filed = party_name(odt, party);
        else if (!is_listed(copies, copies->count, party) && !is_listed(all, i, party))
            write_recipient(odt, party);
    }
    th_odt_paragraph(odt, "NoiNhanMuc",
                     filed == NULL ? NULL : th_say(odt->arena, "- Lưu: %s.", filed));
}

void th_odt_signature(struct th_odt *odt)
{
    bool is_committee =
        strncmp(odt->issuer_name, "Ủy ban nhân dân", strlen("Ủy ban nhân dân")) == 0 ||
        strncmp(odt->issuer_name, "UBND", 4) == 0;
    th_odt_paragraph(odt, "Text_20_body",
                     odt->addressee[0] == '\0'
                         ? th_say(odt->arena, "Trên đây là báo cáo %s./.", odt->subject)
                         : th_say(odt->arena, "Trên đây là báo cáo %s; %s kính báo cáo %s./.",
                                  odt->subject, odt->issuer_name, odt->addressee));
    th_odt_paragraph(odt, "OChu", "");
    th_odt_block_open(odt, "KyTen", 85, 80);
    write_recipients(odt);
    th_odt_block_next(odt);
    if (is_committee)
        th_odt_paragraph(odt, "ChucVu", "TM. ỦY BAN NHÂN DÂN");
    th_odt_paragraph(odt, "ChucVu", title_of(odt->issuer_name));
    th_odt_paragraph(odt, "ChoKy", "");
    th_odt_block_close(odt);
}
