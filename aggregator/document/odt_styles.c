/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The styles of the report, as Phụ lục I of Nghị định 30/2020/NĐ-CP prescribes: A4, margins 20 mm
 * above and below, 30 mm left, 15 mm right; Times New Roman in black; text of 14 points, justified,
 * first line 12.7 mm in, 6 points between paragraphs; the number of a page in the middle of the
 * upper margin, not on the first page.
 */
#include "aggregator/document/odt_parts.h"

#include "aggregator/document/say.h"

#define FONT "Times New Roman"

struct look {
    const char *name, *shown; /* shown: as an editor lists it */
    const char *align;
    unsigned half_points; /* of the letters, times 2 */
    bool is_bold, is_italic;
    unsigned indent_tenths; /* of the first line, 0.1 mm */
    unsigned before_pt, after_pt;
    bool keeps_next;
    bool is_red;
};

static const struct look looks[] = {
    {"Text_20_body", "Text body", "justify", 28, false, false, 127, 3, 3, false, false},
    {"Heading_20_1", "Heading 1", "justify", 28, true, false, 127, 9, 3, true, false},
    {"Heading_20_2", "Heading 2", "justify", 28, true, false, 127, 6, 3, true, false},
    {"QuocHieu", "Quốc hiệu", "center", 25, true, false, 0, 0, 0, false, false},
    {"TieuNgu", "Tiêu ngữ", "center", 27, true, false, 0, 0, 0, false, false},
    {"CoQuanChuQuan", "Cơ quan chủ quản", "center", 25, false, false, 0, 0, 0, false, false},
    {"CoQuan", "Cơ quan ban hành", "center", 25, true, false, 0, 0, 0, false, false},
    {"SoKyHieu", "Số, ký hiệu", "center", 26, false, false, 0, 6, 0, false, false},
    {"DiaDanh", "Địa danh, thời gian", "center", 26, false, true, 0, 6, 0, false, false},
    {"TenLoai", "Tên loại văn bản", "center", 28, true, false, 0, 18, 0, true, false},
    {"TrichYeu", "Trích yếu", "center", 28, true, false, 0, 0, 0, true, false},
    {"KinhGui", "Kính gửi", "center", 28, false, false, 0, 12, 9, false, false},
    {"CanCu", "Căn cứ", "justify", 28, false, true, 127, 3, 3, false, false},
    {"PhamVi", "Phạm vi số liệu", "justify", 26, false, true, 127, 0, 3, false, false},
    {"NoiNhan", "Nơi nhận", "start", 24, true, true, 0, 0, 0, true, false},
    {"NoiNhanMuc", "Nơi nhận, từng nơi", "start", 22, false, false, 0, 0, 0, false, false},
    {"ChucVu", "Quyền hạn, chức vụ", "center", 28, true, false, 0, 0, 0, true, false},
    {"ChoKy", "Chỗ ký", "center", 28, false, false, 0, 60, 12, false, false},
    {"TenPhuLuc", "Tên phụ lục", "center", 28, true, false, 0, 0, 0, true, false},
    {"KemTheo", "Kèm theo văn bản", "center", 26, false, true, 0, 0, 3, true, false},
    {"MucPhuLuc", "Mục của phụ lục", "start", 24, true, false, 0, 9, 3, true, false},
    {"GhiChu", "Ghi chú", "justify", 22, false, true, 0, 3, 3, false, false},
    {"TieuDeCot", "Tiêu đề cột", "center", 20, true, false, 0, 1, 1, true, false},
    {"OChu", "Ô chữ", "start", 20, false, false, 0, 1, 1, false, false},
    {"OSo", "Ô số", "end", 20, false, false, 0, 1, 1, false, false},
    {"OChuDam", "Ô chữ, dòng tổng", "start", 20, true, false, 0, 1, 1, false, false},
    {"OSoDam", "Ô số, dòng tổng", "end", 20, true, false, 0, 1, 1, false, false},
    {"OMuc", "Ô mục", "start", 20, true, false, 0, 1, 1, true, false},
    {"SoTrang", "Số trang", "center", 26, false, false, 0, 0, 0, false, false},
    {"ChanTrang", "Chân trang", "start", 16, false, true, 0, 0, 0, false, false},
    {"DienTap", "Diễn tập", "center", 26, true, false, 0, 0, 0, false, true},
};

/* ---- paragraphs ---- */

static void write_font(struct th_odt *odt, const struct look *look)
{
    const char *size =
        th_say(odt->arena, "%u%spt", look->half_points / 2, look->half_points % 2 == 0 ? "" : ".5");
    th_odt_open(odt, "style:text-properties");
    th_odt_attribute(odt, "fo:font-size", size);
    th_odt_attribute(odt, "style:font-size-asian", size);
    th_odt_attribute(odt, "style:font-size-complex", size);
    th_odt_attribute(odt, "fo:font-weight", look->is_bold ? "bold" : "normal");
    th_odt_attribute(odt, "fo:font-style", look->is_italic ? "italic" : "normal");
    if (look->is_red)
        th_odt_attribute(odt, "fo:color", "#c00000");
    th_odt_close(odt);
}

static void open_style(struct th_odt *odt, const char *name, const char *shown, const char *family)
{
    th_odt_open(odt, "style:style");
    th_odt_attribute(odt, "style:name", name);
    if (shown != NULL)
        th_odt_attribute(odt, "style:display-name", shown);
    th_odt_attribute(odt, "style:family", family);
}

static void write_look(struct th_odt *odt, const struct look *look)
{
    bool is_heading = look->name[0] == 'H';
    open_style(odt, look->name, look->shown, "paragraph");
    th_odt_attribute(odt, "style:parent-style-name", "Standard");
    th_odt_attribute(odt, "style:class", "text");
    if (is_heading) {
        th_odt_attribute(odt, "style:next-style-name", "Text_20_body");
        th_odt_attribute(odt, "style:default-outline-level",
                         look->name[sizeof "Heading_20_1" - 2] == '1' ? "1" : "2");
    }
    th_odt_open(odt, "style:paragraph-properties");
    th_odt_attribute(odt, "fo:text-align", look->align);
    th_odt_attribute(
        odt, "fo:text-indent",
        th_say(odt->arena, "%u.%umm", look->indent_tenths / 10, look->indent_tenths % 10));
    th_odt_attribute(odt, "fo:margin-top", th_say(odt->arena, "%upt", look->before_pt));
    th_odt_attribute(odt, "fo:margin-bottom", th_say(odt->arena, "%upt", look->after_pt));
    if (look->keeps_next)
        th_odt_attribute(odt, "fo:keep-with-next", "always");
    th_odt_close(odt);
    write_font(odt, look);
    th_odt_close(odt);
}

/* A line of its own below a block of text: a small empty paragraph with a border, drawn in from
 * both sides. */
static void write_rule(struct th_odt *odt, const char *name, const char *shown, unsigned left_mm,
                       unsigned right_mm)
{
    open_style(odt, name, shown, "paragraph");
    th_odt_attribute(odt, "style:parent-style-name", "Standard");
    th_odt_open(odt, "style:paragraph-properties");
    th_odt_attribute(odt, "fo:margin-left", th_say(odt->arena, "%umm", left_mm));
    th_odt_attribute(odt, "fo:margin-right", th_say(odt->arena, "%umm", right_mm));
    th_odt_attribute(odt, "fo:margin-top", "3pt");
    th_odt_attribute(odt, "fo:border-top", "0.75pt solid #000000");
    th_odt_attribute(odt, "fo:padding-top", "0mm");
    th_odt_close(odt);
    th_odt_open(odt, "style:text-properties");
    th_odt_attribute(odt, "fo:font-size", "4pt");
    th_odt_close(odt);
    th_odt_close(odt);
}

/* A paragraph that begins another run of pages. */
static void write_opener(struct th_odt *odt, const char *name, const char *shown,
                         const char *parent, const char *master)
{
    open_style(odt, name, shown, "paragraph");
    th_odt_attribute(odt, "style:parent-style-name", parent);
    th_odt_attribute(odt, "style:master-page-name", master);
    th_odt_open(odt, "style:paragraph-properties");
    th_odt_attribute(odt, "style:page-number", "1");
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_defaults(struct th_odt *odt)
{
    th_odt_open(odt, "style:default-style");
    th_odt_attribute(odt, "style:family", "paragraph");
    th_odt_open(odt, "style:paragraph-properties");
    th_odt_attribute(odt, "style:tab-stop-distance", "12.7mm");
    th_odt_close(odt);
    th_odt_open(odt, "style:text-properties");
    th_odt_attribute(odt, "style:font-name", FONT);
    th_odt_attribute(odt, "style:font-name-asian", FONT);
    th_odt_attribute(odt, "style:font-name-complex", FONT);
    th_odt_attribute(odt, "fo:font-size", "14pt");
    th_odt_attribute(odt, "fo:language", "vi");
    th_odt_attribute(odt, "fo:country", "VN");
    th_odt_attribute(odt, "fo:color", "#000000");
    th_odt_close(odt);
    th_odt_close(odt);
    open_style(odt, "Standard", NULL, "paragraph");
    th_odt_attribute(odt, "style:class", "text");
    th_odt_open(odt, "style:paragraph-properties");
    th_odt_attribute(odt, "fo:line-height", "105%");
    th_odt_attribute(odt, "fo:orphans", "2");
    th_odt_attribute(odt, "fo:widows", "2");
    th_odt_close(odt);
    th_odt_close(odt);
    open_style(odt, "Dam", "Chữ đậm", "text");
    th_odt_open(odt, "style:text-properties");
    th_odt_attribute(odt, "fo:font-weight", "bold");
    th_odt_close(odt);
    th_odt_close(odt);
}

/* ---- pages ---- */

static void write_layout(struct th_odt *odt, const char *name, bool is_landscape, bool is_first)
{
    th_odt_open(odt, "style:page-layout");
    th_odt_attribute(odt, "style:name", name);
    th_odt_open(odt, "style:page-layout-properties");
    th_odt_attribute(odt, "fo:page-width", is_landscape ? "297mm" : "210mm");
    th_odt_attribute(odt, "fo:page-height", is_landscape ? "210mm" : "297mm");
    th_odt_attribute(odt, "style:print-orientation", is_landscape ? "landscape" : "portrait");
    th_odt_attribute(odt, "fo:margin-top", is_first ? "20mm" : "10mm");
    th_odt_attribute(odt, "fo:margin-bottom", is_landscape ? "10mm" : "20mm");
    th_odt_attribute(odt, "fo:margin-left", is_landscape ? "20mm" : "30mm");
    th_odt_attribute(odt, "fo:margin-right", is_landscape ? "20mm" : "15mm");
    th_odt_close(odt);
    if (!is_first) {
        th_odt_open(odt, "style:header-style");
        th_odt_open(odt, "style:header-footer-properties");
        th_odt_attribute(odt, "fo:min-height", "10mm");
        th_odt_close(odt);
        th_odt_close(odt);
    }
    if (is_landscape) {
        th_odt_open(odt, "style:footer-style");
        th_odt_open(odt, "style:header-footer-properties");
        th_odt_attribute(odt, "fo:min-height", "10mm");
        th_odt_attribute(odt, "fo:margin-top", "2mm");
        th_odt_close(odt);
        th_odt_close(odt);
    }
    th_odt_close(odt);
}

static void write_header(struct th_odt *odt)
{
    th_odt_open(odt, "style:header");
    th_odt_open(odt, "text:p");
    th_odt_attribute(odt, "text:style-name", "SoTrang");
    th_odt_open(odt, "text:page-number");
    th_odt_attribute(odt, "text:select-page", "current");
    th_odt_text(odt, "2");
    th_odt_close(odt);
    if (odt->facts->mode == TH_MODE_REHEARSAL)
        th_odt_text(odt, " – DIỄN TẬP");
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_master(struct th_odt *odt, const char *name, const char *layout, const char *next,
                         bool has_header, bool has_footer)
{
    th_odt_open(odt, "style:master-page");
    th_odt_attribute(odt, "style:name", name);
    th_odt_attribute(odt, "style:page-layout-name", layout);
    if (next != NULL)
        th_odt_attribute(odt, "style:next-style-name", next);
    if (has_header)
        write_header(odt);
    if (has_footer) {
        th_odt_open(odt, "style:footer");
        th_odt_paragraph(odt, "ChanTrang", th_sheet_provenance(odt->facts, odt->arena));
        th_odt_close(odt);
    }
    th_odt_close(odt);
}

void th_odt_namespaces(struct th_odt *odt)
{
    static const char *const names[][2] = {
        {"xmlns:office", "urn:oasis:names:tc:opendocument:xmlns:office:1.0"},
        {"xmlns:style", "urn:oasis:names:tc:opendocument:xmlns:style:1.0"},
        {"xmlns:text", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"},
        {"xmlns:table", "urn:oasis:names:tc:opendocument:xmlns:table:1.0"},
        {"xmlns:fo", "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"},
        {"xmlns:svg", "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"},
        {"xmlns:meta", "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"},
        {"xmlns:config", "urn:oasis:names:tc:opendocument:xmlns:config:1.0"},
        {"xmlns:dc", "http://purl.org/dc/elements/1.1/"},
        {"xmlns:ooo", "http://openoffice.org/2004/office"},
        {"office:version", "1.3"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        th_odt_attribute(odt, names[i][0], names[i][1]);
}

static void write_faces(struct th_odt *odt)
{
    th_odt_open(odt, "office:font-face-decls");
    th_odt_open(odt, "style:font-face");
    th_odt_attribute(odt, "style:name", FONT);
    th_odt_attribute(odt, "svg:font-family", "'" FONT "'");
    th_odt_attribute(odt, "style:font-family-generic", "roman");
    th_odt_attribute(odt, "style:font-pitch", "variable");
    th_odt_close(odt);
    th_odt_close(odt);
}

void th_odt_write_styles(struct th_odt *odt)
{
    th_odt_open(odt, "office:document-styles");
    th_odt_namespaces(odt);
    write_faces(odt);
    th_odt_open(odt, "office:styles");
    write_defaults(odt);
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        write_look(odt, &looks[i]);
    write_rule(odt, "GachTieuNgu", "Gạch dưới tiêu ngữ", 17, 17);
    write_rule(odt, "GachCoQuan", "Gạch dưới cơ quan", 27, 27);
    write_rule(odt, "GachTrichYeu", "Gạch dưới trích yếu", 62, 62);
    write_opener(odt, "DauVanBan", "Đầu văn bản", "OChu", "TrangDau");
    write_opener(odt, "PhuLuc", "Phụ lục", "TenPhuLuc", "PhuLucDau");
    th_odt_close(odt);
    th_odt_open(odt, "office:automatic-styles");
    write_layout(odt, "DocDau", false, true);
    write_layout(odt, "Doc", false, false);
    write_layout(odt, "NgangDau", true, true);
    write_layout(odt, "Ngang", true, false);
    th_odt_close(odt);
    th_odt_open(odt, "office:master-styles");
    write_master(odt, "Standard", "Doc", NULL, true, false);
    write_master(odt, "TrangDau", "DocDau", "Standard", false, false);
    write_master(odt, "PhuLucSau", "Ngang", NULL, true, true);
    write_master(odt, "PhuLucDau", "NgangDau", "PhuLucSau", false, true);
    th_odt_close(odt);
    th_odt_close(odt);
}

/* ---- tables ---- */

static void write_table_style(struct th_odt *odt, const char *name, unsigned mm)
{
    open_style(odt, name, NULL, "table");
    th_odt_open(odt, "style:table-properties");
    th_odt_attribute(odt, "style:width", th_say(odt->arena, "%umm", mm));
    th_odt_attribute(odt, "table:align", "center");
    th_odt_attribute(odt, "table:border-model", "collapsing");
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_cell_style(struct th_odt *odt, const char *name, const char *border,
                             const char *background)
{
    open_style(odt, name, NULL, "table-cell");
    th_odt_open(odt, "style:table-cell-properties");
    th_odt_attribute(odt, "fo:border", border);
    th_odt_attribute(odt, "fo:padding", border[0] == 'n' ? "0mm" : "0.8mm");
    if (background != NULL)
        th_odt_attribute(odt, "fo:background-color", background);
    th_odt_attribute(odt, "style:vertical-align", border[0] == 'n' ? "top" : "middle");
    th_odt_close(odt);
    th_odt_close(odt);
}

void th_odt_write_automatic(struct th_odt *odt)
{
    write_faces(odt);
    th_odt_open(odt, "office:automatic-styles");
    write_table_style(odt, "BangDoc", TH_ODT_PORTRAIT_MM);
    write_table_style(odt, "BangNgang", TH_ODT_LANDSCAPE_MM);
    for (unsigned mm = 1; mm <= TH_ODT_LANDSCAPE_MM; mm++) {
        open_style(odt, th_say(odt->arena, "C%u", mm), NULL, "table-column");
        th_odt_open(odt, "style:table-column-properties");
        th_odt_attribute(odt, "style:column-width", th_say(odt->arena, "%umm", mm));
        th_odt_close(odt);
        th_odt_close(odt);
    }
    open_style(odt, "Dong", NULL, "table-row");
    th_odt_open(odt, "style:table-row-properties");
    th_odt_attribute(odt, "fo:keep-together", "always");
    th_odt_close(odt);
    th_odt_close(odt);
    write_cell_style(odt, "O", "0.5pt solid #000000", NULL);
    write_cell_style(odt, "ODau", "0.5pt solid #000000", "#f2f2f2");
    write_cell_style(odt, "OTrong", "none", NULL);
    th_odt_close(odt);
}
