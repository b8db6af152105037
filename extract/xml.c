#include "extract/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/mem.h"

/* Deeper than any document, and less than our own recursion would mind. */
enum { XML_DEPTH_MAX = 512 };

struct parse {
    const struct xml_events *events;
    void *arg;
    XML_Parser parser;
    unsigned depth;
};

const char *xml_local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

bool xml_is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

const char *xml_attribute(const char **atts, const char *name)
{
    for (; atts[0] != NULL; atts += 2)
        if (strcmp(xml_local(atts[0]), name) == 0)
            return atts[1];
    return NULL;
}

static void on_begin(void *data, const XML_Char *name, const XML_Char **atts)
{
    struct parse *p = data;
    if (++p->depth > XML_DEPTH_MAX)
        XML_StopParser(p->parser, XML_FALSE);
    else
        p->events->on_begin(p->arg, xml_local(name), atts);
}

static void on_end(void *data, const XML_Char *name)
{
    struct parse *p = data;
    p->depth--;
    p->events->on_end(p->arg, xml_local(name));
}

static void on_text(void *data, const XML_Char *text, int n)
{
    struct parse *p = data;
    p->events->on_text(p->arg, str_make(text, (size_t)n));
}

static void on_comment(void *data, const XML_Char *text)
{
    struct parse *p = data;
    if (p->events->on_comment != NULL)
        p->events->on_comment(p->arg, str_of(text));
}

/* A document has no use for entities of its own; bombs have. */
static void on_entity(void *data, const XML_Char *name, int is_parameter,
    const XML_Char *value, int value_n, const XML_Char *base,
    const XML_Char *system, const XML_Char *public, const XML_Char *notation)
{
    struct parse *p = data;
    (void)name, (void)is_parameter, (void)value, (void)value_n, (void)base;
    (void)system, (void)public, (void)notation;
    XML_StopParser(p->parser, XML_FALSE);
}

bool xml_read(struct str bytes, const struct xml_events *events, void *arg)
{
    struct parse p = {.events = events, .arg = arg};
    p.parser = XML_ParserCreate(NULL);
    if (p.parser == NULL)
        mem_exhausted();
    XML_SetUserData(p.parser, &p);
    XML_SetElementHandler(p.parser, on_begin, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    XML_SetCommentHandler(p.parser, on_comment);
    XML_SetEntityDeclHandler(p.parser, on_entity);
    enum XML_Status status = XML_STATUS_OK;
    while (status == XML_STATUS_OK && bytes.n > 0) {
        size_t n = bytes.n < INT_MAX / 2 ? bytes.n : INT_MAX / 2;
        status = XML_Parse(p.parser, bytes.p, (int)n, n == bytes.n);
        bytes = str_sub(bytes, n, bytes.n);
    }
    XML_ParserFree(p.parser);
    return status == XML_STATUS_OK;
}
