/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.c - requests in access logs as a provider's events: what they consist of. It has no
 * name and no GUID, so no record is taken for one of its own.
 */
#include "events/store.h"

static const st_event_kind kinds[] = {
    { { ST_ACCESS, 0 },
      "request",
      "% % % from % (%)",
      { ST_T_request_method, ST_T_request_path, ST_T_request_status, ST_T_request_client,
        ST_T_request_agent },
      ST_T_NONE,
      { ST_T_request_method, ST_T_request_path, ST_T_request_status, ST_T_request_client,
        ST_T_request_agent },
      ST_TIE_TIME },
};

const st_provider st_access_logs = { .name = "", .shown = "request ", .kinds = kinds, .nkinds = 1 };
