/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - Windows' own account of processes: that one began (Security's 4688), that one ended
 * (4689), that Windows started (4608; the event log service's 6005 and 6009). Private to
 * src/events. Field lists: Microsoft's documentation of the audit subcategories "Process
 * Creation" and "Process Termination".
 */
#ifndef ST_EVENTS_WINDOWS_AUDIT_H
#define ST_EVENTS_WINDOWS_AUDIT_H

#include "events/store.h"

/* Their fields: one list, numbered and named. */
/* clang-format off */
#define ST_AUDIT_FIELDS(X)                                                                         \
    X(SUBJECT_USER, "SubjectUserName") X(SUBJECT_DOMAIN, "SubjectDomainName")                      \
    X(SUBJECT_LOGON, "SubjectLogonId") X(NEW_PID, "NewProcessId") X(NEW_IMAGE, "NewProcessName")   \
    X(PID, "ProcessId") /* 4688: of who asked for it; 4689: its own */                             \
    X(IMAGE, "ProcessName") /* 4689 */ X(COMMAND, "CommandLine")                                   \
    X(TARGET_USER, "TargetUserName") X(TARGET_DOMAIN, "TargetDomainName")                          \
    X(TARGET_LOGON, "TargetLogonId") X(PARENT_IMAGE, "ParentProcessName")                          \
    X(LABEL, "MandatoryLabel")
/* clang-format on */
enum st_audit_field {
#define ST_AUDIT_NUMBER(name, text) ST_AUDIT_##name,
    ST_AUDIT_FIELDS(ST_AUDIT_NUMBER)
#undef ST_AUDIT_NUMBER
        ST_AUDIT_COUNT
};

typedef enum st_audit_kind {
    ST_AUDIT_NONE,
    ST_AUDIT_CREATION,
    ST_AUDIT_END,
    ST_AUDIT_BOOT
} st_audit_kind;
st_audit_kind st_audit_of(unsigned provider, uint32_t event_id);

/* The values of a record by field; NULL: it hasn't got it. */
typedef struct st_audit {
    const st_value *v[ST_AUDIT_COUNT];
} st_audit;
void st_audit_read(const st_record *r, st_audit *out);
/* A number of theirs; `none` where there is none. */
uint64_t st_audit_number(const st_audit *a, unsigned field, uint64_t none);
/* Does it run as another account than that of who asked for it? */
bool st_audit_has_target(const st_audit *a);
/* "DOMAIN\name" of the two fields; false: neither is known. */
bool st_audit_account(const st_audit *a, unsigned domain, unsigned name, st_buf *out);
/* MandatoryLabel in Sysmon's words ("High"); false: it isn't one of the labels that Windows has. */
bool st_audit_integrity(const st_audit *a, st_str *out);

#endif
