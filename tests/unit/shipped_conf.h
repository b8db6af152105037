/* The shipped configuration, loaded for a whole group of tests. */
#ifndef TESTS_SHIPPED_CONF_H
#define TESTS_SHIPPED_CONF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proxy/conf.h"

static struct conf *conf;

static int load(void **state)
{
    (void)state;
    struct bundle bundle;
    struct diag diag = {0};
    conf_collect("conf/promptgate.yaml", &bundle, &diag);
    conf = conf_load(&bundle, &diag);
    if (conf == NULL)
        print_error("%s", buf_cstr(&diag.text));
    diag_free(&diag);
    return conf == NULL;
}

static int unload(void **state)
{
    (void)state;
    conf_unref(&conf);
    return 0;
}

#endif
