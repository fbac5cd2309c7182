/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The package: mimetype first and not compressed, then the parts that OpenDocument 1.3 asks for.
 * Nothing in it depends on when or where it was made: its time is the moment it was asked about.
 */
#include "aggregator/document/odt.h"

#include "aggregator/document/odt_parts.h"
#include "aggregator/document/package.h"
#include "aggregator/document/say.h"

#include <libxml/tree.h>
#include <string.h>

#define MEDIA_TYPE "application/vnd.oasis.opendocument.text"

typedef void write_part(struct th_odt *odt);

static void write_content(struct th_odt *odt)
{
    th_odt_open(odt, "office:document-content");
    th_odt_namespaces(odt);
    th_odt_write_automatic(odt);
    th_odt_open(odt, "office:body");
    th_odt_open(odt, "office:text");
    th_odt_letterhead(odt);
    th_odt_body(odt);
    th_odt_signature(odt);
    th_odt_appendices(odt);
    th_odt_close(odt);
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_simple(struct th_odt *odt, const char *element, const char *text)
{
    th_odt_open(odt, element);
    th_odt_text(odt, text);
    th_odt_close(odt);
}

static void write_meta(struct th_odt *odt)
{
    char text[TH_INSTANT_TEXT_SIZE];
    const char *time = th_instant_format(odt->facts->as_of, text);
    th_odt_open(odt, "office:document-meta");
    th_odt_namespaces(odt);
    th_odt_open(odt, "office:meta");
    write_simple(odt, "meta:generator", "tonghop");
    write_simple(odt, "dc:title", th_say(odt->arena, "Báo cáo %s", odt->subject));
    write_simple(odt, "dc:subject", th_sheet_provenance(odt->facts, odt->arena));
    write_simple(odt, "dc:language", "vi-VN");
    write_simple(odt, "meta:creation-date", time);
    write_simple(odt, "dc:date", time);
    th_odt_close(odt);
    th_odt_close(odt);
}

/* Pages that an editor would put in to reach an odd number are not printed. */
static void write_settings(struct th_odt *odt)
{
    th_odt_open(odt, "office:document-settings");
    th_odt_namespaces(odt);
    th_odt_open(odt, "office:settings");
    th_odt_open(odt, "config:config-item-set");
    th_odt_attribute(odt, "config:name", "ooo:configuration-settings");
    th_odt_open(odt, "config:config-item");
    th_odt_attribute(odt, "config:name", "PrintEmptyPages");
    th_odt_attribute(odt, "config:type", "boolean");
    th_odt_text(odt, "false");
    th_odt_close(odt);
    th_odt_close(odt);
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_entry(struct th_odt *odt, const char *path, const char *type)
{
    th_odt_open(odt, "manifest:file-entry");
    th_odt_attribute(odt, "manifest:full-path", path);
    th_odt_attribute(odt, "manifest:media-type", type);
    if (path[0] == '/')
        th_odt_attribute(odt, "manifest:version", "1.3");
    th_odt_close(odt);
}

static void write_manifest(struct th_odt *odt)
{
    th_odt_open(odt, "manifest:manifest");
    th_odt_attribute(odt, "xmlns:manifest", "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0");
    th_odt_attribute(odt, "manifest:version", "1.3");
    write_entry(odt, "/", MEDIA_TYPE);
    write_entry(odt, "content.xml", "text/xml");
    write_entry(odt, "styles.xml", "text/xml");
    write_entry(odt, "meta.xml", "text/xml");
    write_entry(odt, "settings.xml", "text/xml");
    th_odt_close(odt);
}

static const struct {
    const char *name;
    write_part *write;
} parts[] = {{"content.xml", write_content},
             {"styles.xml", th_odt_write_styles},
             {"meta.xml", write_meta},
             {"settings.xml", write_settings},
             {"META-INF/manifest.xml", write_manifest}};

#define PARTS (sizeof parts / sizeof parts[0])

/* One XML text into a buffer of its own. */
static xmlBufferPtr make_part(struct th_odt *odt, write_part *write)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    odt->xml = buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0);
    if (odt->xml == NULL) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return buffer;
    }
    if (xmlTextWriterStartDocument(odt->xml, NULL, "UTF-8", NULL) < 0)
        th_odt_fail(odt, TH_E_NO_MEMORY);
    write(odt);
    if (xmlTextWriterEndDocument(odt->xml) < 0)
        th_odt_fail(odt, TH_E_NO_MEMORY);
    xmlFreeTextWriter(odt->xml); /* what it holds back goes into the buffer */
    odt->xml = NULL;
    return buffer;
}

int th_odt_write(const struct th_document_facts *facts, struct th_arena *arena,
                 struct th_document_file *ret_document)
{
    struct th_odt odt = {.arena = arena, .facts = facts};
    xmlBufferPtr buffers[PARTS] = {NULL};
    struct th_package_part files[PARTS + 1] = {
        {"mimetype", MEDIA_TYPE, sizeof MEDIA_TYPE - 1, true}};
    th_odt_prepare(&odt);
    for (size_t i = 0; i < PARTS && odt.status == TH_OK; i++) {
        buffers[i] = make_part(&odt, parts[i].write);
        if (odt.status == TH_OK)
            files[i + 1] = (struct th_package_part){parts[i].name, xmlBufferContent(buffers[i]),
                                                    (size_t)xmlBufferLength(buffers[i]), false};
    }
    int status = odt.status;
    if (status == TH_OK)
        status = th_package_make(files, PARTS + 1, facts->as_of, ret_document);
    for (size_t i = 0; i < PARTS; i++)
        if (buffers[i] != NULL)
            xmlBufferFree(buffers[i]);
    return status;
}
