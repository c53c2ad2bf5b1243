// libpq, PostgreSQL's own client, from wherever the distribution keeps its header.
#ifndef NECTAR_CPOSTGRESQL_SHIM_H
#define NECTAR_CPOSTGRESQL_SHIM_H

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

#endif
