/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * models.c - the parsers of Sentinel's information model (ASIM) that are about what Sysmon records,
 * as functions over Defender's tables.
 *
 * Names of parameters and columns are those of its published schemas, and what a column holds is
 * what its parsers of Sysmon and Defender put there. A column of the schemas that nothing here
 * fills is null.
 */
#include "rules/kql/bind/bind.h"

/* clang-format off */
#define TIMES "starttime:datetime=datetime(null), endtime:datetime=datetime(null), "
#define LIST(name) #name ":dynamic=dynamic([]), "
#define ANY(name) #name ":string='*', "
#define OFF "disabled:bool=false, pack:bool=false"
#define IN_TIME \
    "| where not(disabled) and (isnull(starttime) or Timestamp >= starttime) " \
    "and (isnull(endtime) or Timestamp <= endtime) "
#define HAS_ANY(list, column) "| where array_length(" list ") == 0 or " column " has_any (" list ") "
#define HAS(text, column) "| where " text " == '*' or " column " has " text " "
#define IS_IN(list, column) "| where array_length(" list ") == 0 or " column " in~ (" list ") "
#define BEGINS(list, column) \
    "| where array_length(" list ") == 0 or has_any_ipv4_prefix(" column ", " list ") "
#define USER(domain, name) \
    "iff(isempty(" domain "), " name ", strcat(" domain ", '\\\\', " name "))"
#define HASH "coalesce(SHA256, SHA1, MD5)"
#define HASH_TYPE \
    "case(SHA256 != '', 'SHA256', SHA1 != '', 'SHA1', MD5 != '', 'MD5', '')"
/* What a response's code is called. 9016 is BADSIG too: a response is one row all the same. */
#define CODE_NAMES \
    "dynamic({'0': 'NOERROR', '1460': 'TIMEOUT', '9001': 'FORMERR', '9002': 'SERVFAIL', " \
    "'9003': 'NXDOMAIN', '9004': 'NOTIMP', '9005': 'REFUSED', '9006': 'YXDOMAIN', " \
    "'9007': 'YXRRSET', '9008': 'NXRRSET', '9009': 'NOTAUTH', '9010': 'NOTZONE', " \
    "'9011': 'DSOTYPENI', '9016': 'BADVERS', '9017': 'BADKEY', '9018': 'BADTIME', " \
    "'9019': 'BADMODE', '9020': 'BADNAME', '9021': 'BADALG', '9022': 'BADTRUNC', " \
    "'9023': 'BADCOOKIE'})"
/* Of every event. */
#define COMMON(schema, version) \
    "TimeGenerated, Type, EventSchema = '" schema "', EventSchemaVersion = '" version "', " \
    "EventVendor = 'Microsoft', " \
    "EventProduct = 'Sysmon', EventCount = int(1), EventStartTime = Timestamp, " \
    "EventEndTime = Timestamp, Dvc = DeviceName, DvcHostname = DeviceName, DvcId = DeviceId, " \
    "DvcOs = 'Windows', "
/* The process that did it, which is the one that all but a creation is about. */
#define ACTOR \
    "ActorUsername, ActingProcessName = InitiatingProcessFolderPath, " \
    "ActingProcessId = tostring(InitiatingProcessId), ActingProcessGuid = InitiatingProcessGuid, " \
    "ActingProcessCommandLine = InitiatingProcessCommandLine, " \
    "ActingProcessCreationTime = InitiatingProcessCreationTime, " \
    "ActingProcessMD5 = InitiatingProcessMD5, ActingProcessSHA1 = InitiatingProcessSHA1, " \
    "ActingProcessSHA256 = InitiatingProcessSHA256, " \
    "ActingProcessIntegrityLevel = InitiatingProcessIntegrityLevel, " \
    "ParentProcessName = InitiatingProcessParentFileName, " \
    "ParentProcessId = tostring(InitiatingProcessParentId), "
#define BY_ACTOR ACTOR \
    "User = ActorUsername, Process = InitiatingProcessFolderPath, " \
    "CommandLine = InitiatingProcessCommandLine, "
#define WITH_ACTOR \
    "| extend ActorUsername = " \
    USER("InitiatingProcessAccountDomain", "InitiatingProcessAccountName") " "

static const char creations[] =
    "let m = (" TIMES LIST(commandline_has_any) LIST(commandline_has_all)
    LIST(commandline_has_any_ip_prefix) LIST(actingprocess_has_any) LIST(targetprocess_has_any)
    LIST(parentprocess_has_any) ANY(actorusername_has) ANY(targetusername_has)
    LIST(dvcipaddr_has_any_prefix) LIST(dvchostname_has_any) LIST(hashes_has_any) ANY(eventtype)
    OFF ") { DeviceProcessEvents " IN_TIME
    "| where eventtype in ('*', 'ProcessCreated') and array_length(dvcipaddr_has_any_prefix) == 0 "
    HAS_ANY("commandline_has_any", "ProcessCommandLine")
    "| where array_length(commandline_has_all) == 0 "
    "or ProcessCommandLine has_all (commandline_has_all) "
    BEGINS("commandline_has_any_ip_prefix", "ProcessCommandLine")
    HAS_ANY("actingprocess_has_any", "InitiatingProcessFolderPath")
    HAS_ANY("targetprocess_has_any", "FolderPath")
    HAS_ANY("parentprocess_has_any", "InitiatingProcessParentFileName")
    HAS_ANY("dvchostname_has_any", "DeviceName")
    "| where array_length(hashes_has_any) == 0 or SHA256 in~ (hashes_has_any) "
    "or SHA1 in~ (hashes_has_any) or MD5 in~ (hashes_has_any) "
    WITH_ACTOR "| extend TargetUsername = " USER("AccountDomain", "AccountName") " "
    HAS("actorusername_has", "ActorUsername") HAS("targetusername_has", "TargetUsername")
    "| project " COMMON("ProcessEvent", "0.1.0") ACTOR
    "EventOriginalType = '1', EventType = 'ProcessCreated', EventResult = 'Success', TargetUsername, "
    "TargetProcessName = FolderPath, TargetProcessFilename = FileName, "
    "TargetProcessId = tostring(ProcessId), TargetProcessGuid = ProcessGuid, "
    "TargetProcessCommandLine = ProcessCommandLine, "
    "TargetProcessCreationTime = ProcessCreationTime, "
    "TargetProcessCurrentDirectory = tostring(AdditionalFields.CurrentDirectory), "
    "TargetProcessIntegrityLevel = ProcessIntegrityLevel, "
    "TargetProcessFileCompany = ProcessVersionInfoCompanyName, "
    "TargetProcessFileProduct = ProcessVersionInfoProductName, "
    "TargetProcessFileVersion = ProcessVersionInfoProductVersion, "
    "TargetProcessFileDescription = ProcessVersionInfoFileDescription, "
    "TargetProcessFileOriginalName = ProcessVersionInfoOriginalFileName, "
    "TargetProcessMD5 = MD5, TargetProcessSHA1 = SHA1, TargetProcessSHA256 = SHA256, "
    "TargetUserSessionId = tostring(LogonId), Hash = " HASH ", HashType = " HASH_TYPE ", User = TargetUsername, "
    "Process = FolderPath, CommandLine = ProcessCommandLine };";

static const char files[] =
    "let m = (" TIMES LIST(eventtype_in) LIST(srcipaddr_has_any_prefix) LIST(actorusername_has_any)
    LIST(targetfilepath_has_any) LIST(srcfilepath_has_any) LIST(hashes_has_any)
    LIST(dvchostname_has_any) OFF ") { DeviceFileEvents " IN_TIME
    "| where array_length(srcipaddr_has_any_prefix) == 0 and array_length(srcfilepath_has_any) == 0 "
    IS_IN("eventtype_in", "ActionType") HAS_ANY("targetfilepath_has_any", "FolderPath")
    "| where array_length(hashes_has_any) == 0 or SHA256 in~ (hashes_has_any) "
    "or SHA1 in~ (hashes_has_any) or MD5 in~ (hashes_has_any) "
    HAS_ANY("dvchostname_has_any", "DeviceName") WITH_ACTOR
    HAS_ANY("actorusername_has_any", "ActorUsername")
    "| project " COMMON("FileEvent", "0.1.0") BY_ACTOR
    "EventType = ActionType, EventResult = 'Success', TargetFilePath = FolderPath, "
    "TargetFilePathType = 'Windows Local', TargetFileName = FileName, FilePath = FolderPath, "
    "FileName, TargetFileMD5 = MD5, TargetFileSHA1 = SHA1, TargetFileSHA256 = SHA256, Hash = "
    HASH ", HashType = " HASH_TYPE " };";

static const char registry[] =
    "let m = (" TIMES LIST(eventtype_in) LIST(actorusername_has_any) LIST(registrykey_has_any)
    LIST(registryvalue_has_any) LIST(registrydata_has_any) LIST(dvchostname_has_any) OFF
    ") { DeviceRegistryEvents " IN_TIME IS_IN("eventtype_in", "ActionType")
    HAS_ANY("registrykey_has_any", "RegistryKey")
    HAS_ANY("registryvalue_has_any", "RegistryValueName")
    HAS_ANY("registrydata_has_any", "RegistryValueData")
    HAS_ANY("dvchostname_has_any", "DeviceName") WITH_ACTOR
    HAS_ANY("actorusername_has_any", "ActorUsername")
    "| project " COMMON("RegistryEvent", "0.1.0") BY_ACTOR
    "EventType = ActionType, EventResult = 'Success', RegistryKey, "
    "RegistryValue = RegistryValueName, RegistryValueData, "
    "RegistryPreviousKey = PreviousRegistryKey };";

static const char connections[] =
    "let m = (" TIMES LIST(srcipaddr_has_any_prefix) LIST(dstipaddr_has_any_prefix)
    LIST(ipaddr_has_any_prefix) "dstportnumber:int=int(null), " LIST(hostname_has_any)
    LIST(dvcaction) ANY(eventresult) OFF ") { DeviceNetworkEvents " IN_TIME
    "| where array_length(dvcaction) == 0 or 'Allow' in~ (dvcaction) "
    "| where eventresult in ('*', 'Success') "
    "| extend inward = ActionType == 'InboundConnectionAccepted' "
    "| extend SrcIpAddr = iff(inward, RemoteIP, LocalIP), DstIpAddr = iff(inward, LocalIP, RemoteIP), "
    "SrcPortNumber = toint(iff(inward, RemotePort, LocalPort)), "
    "DstPortNumber = toint(iff(inward, LocalPort, RemotePort)), "
    "SrcHostname = iff(inward, '', DeviceName), DstHostname = iff(inward, DeviceName, RemoteUrl) "
    BEGINS("srcipaddr_has_any_prefix", "SrcIpAddr") BEGINS("dstipaddr_has_any_prefix", "DstIpAddr")
    "| where array_length(ipaddr_has_any_prefix) == 0 "
    "or has_any_ipv4_prefix(SrcIpAddr, ipaddr_has_any_prefix) "
    "or has_any_ipv4_prefix(DstIpAddr, ipaddr_has_any_prefix) "
    "| where isnull(dstportnumber) or DstPortNumber == dstportnumber "
    "| where array_length(hostname_has_any) == 0 or SrcHostname has_any (hostname_has_any) "
    "or DstHostname has_any (hostname_has_any) " WITH_ACTOR
    "| project " COMMON("NetworkSession", "0.2.4")
    "EventOriginalType = '3', EventSeverity = 'Informational', EventType = 'EndpointNetworkSession', EventResult = 'Success', DvcAction = 'Allow', "
    "NetworkDirection = iff(inward, 'Inbound', 'Outbound'), NetworkProtocol = toupper(Protocol), "
    "SrcIpAddr, SrcPortNumber, SrcHostname, DstIpAddr, DstPortNumber, DstHostname, "
    "IpAddr = SrcIpAddr, Src = SrcIpAddr, Dst = DstIpAddr, Hostname = iff(SrcHostname in ('', '-'), DstHostname, SrcHostname), "
    "SrcProcessName = iff(inward, '', InitiatingProcessFolderPath), "
    "SrcProcessId = iff(inward, '', tostring(InitiatingProcessId)), "
    "SrcProcessGuid = iff(inward, '', InitiatingProcessGuid), "
    "DstProcessName = iff(inward, InitiatingProcessFolderPath, ''), "
    "DstProcessId = iff(inward, tostring(InitiatingProcessId), ''), "
    "DstProcessGuid = iff(inward, InitiatingProcessGuid, ''), "
    "SrcUsername = iff(inward, '', ActorUsername), DstUsername = iff(inward, ActorUsername, ''), "
    "User = ActorUsername, Process = InitiatingProcessFolderPath };";

static const char lookups[] =
    "let m = (" TIMES ANY(srcipaddr) LIST(domain_has_any) ANY(responsecodename)
    ANY(response_has_ipv4) LIST(response_has_any_prefix) "eventtype:string='Query', " OFF
    ") { DeviceEvents | where ActionType == 'DnsQueryResponse' " IN_TIME
    "| where eventtype in~ ('*', 'Query', 'lookup') and srcipaddr == '*' "
    "| extend DnsQuery = tostring(AdditionalFields.QueryName), "
    "DnsResponseName = strcat_array(todynamic(AdditionalFields).QueryResults, ';'), "
    "DnsResponseCode = toint(AdditionalFields.QueryStatus) "
    "| extend DnsResponseCodeName = tostring(" CODE_NAMES "[tostring(DnsResponseCode)]) "
    HAS_ANY("domain_has_any", "DnsQuery")
    "| where responsecodename == '*' or DnsResponseCodeName has responsecodename "
    "| where response_has_ipv4 == '*' or has_ipv4(DnsResponseName, response_has_ipv4) "
    BEGINS("response_has_any_prefix", "DnsResponseName") WITH_ACTOR
    "| extend DnsResponseCodeName = iff(DnsResponseCodeName == '', 'NA', DnsResponseCodeName), "
    "DnsResponseName = iff(DnsResponseName == '-', '', DnsResponseName), "
    "DnsResponseCode = toint(iff(DnsResponseCode > 9000 and DnsResponseCode < 9100, "
    "DnsResponseCode - 9000, DnsResponseCode)) "
    "| project " COMMON("Dns", "0.1.6")
    "EventOriginalType = '22', "
    "EventSeverity = iff(DnsResponseCode == 0, 'Informational', 'Low'), EventType = 'Query', EventSubType = 'response', "
    "EventResult = iff(DnsResponseCode == 0, 'Success', 'Failure'), DnsQuery, DnsResponseName, "
    "DnsResponseCode, DnsResponseCodeName, EventResultDetails = DnsResponseCodeName, "
    "Domain = DnsQuery, Query = DnsQuery, SrcHostname = DeviceName, Hostname = DeviceName, "
    "SrcProcessName = InitiatingProcessFolderPath, "
    "SrcProcessId = tostring(InitiatingProcessId), SrcProcessGuid = InitiatingProcessGuid, "
    "SrcUsername = ActorUsername, User = ActorUsername, "
    "Process = InitiatingProcessFolderPath };";
/* clang-format on */

typedef struct model {
    const char *name, *text;
} model;

/* Without parameters (ASim) and with them (im), and the names of both before they were built in. */
static const model models[] = {
    { "imProcessCreate", creations },
    { "_Im_ProcessCreate", creations },
    { "imProcessEvent", creations },
    { "_Im_ProcessEvent", creations },
    { "_ASim_ProcessEvent", creations },
    { "_ASim_ProcessEvent_Create", creations },
    { "ASimProcessEventCreate", creations },
    { "imFileEvent", files },
    { "_Im_FileEvent", files },
    { "_ASim_FileEvent", files },
    { "imRegistry", registry },
    { "imRegistryEvent", registry },
    { "_Im_RegistryEvent", registry },
    { "_ASim_RegistryEvent", registry },
    { "imNetworkSession", connections },
    { "_Im_NetworkSession", connections },
    { "_ASim_NetworkSession", connections },
    { "imDns", lookups },
    { "_Im_Dns", lookups },
    { "_ASim_Dns", lookups },
};

bool st_bind_is_model(st_str name)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (st_str_is(name, models[i].name))
            return true;
    return false;
}

st_let *st_bind_model(const st_scope *sc, st_str name)
{
    const char *text = NULL;
    for (size_t i = 0; i < sizeof models / sizeof *models && !text; i++)
        if (st_str_is(name, models[i].name))
            text = models[i].text;
    st_let *l = text ? ST_NEW(&sc->r->arena, st_let) : NULL;
    st_kql_script *script = l ? ST_NEW(&sc->r->arena, st_kql_script) : NULL;
    st_diag_sink quiet = { .arena = &sc->r->arena };
    if (!script) {
        st_bind_nomem(sc);
        return NULL;
    }
    script->library = true; /* definitions are all that it is */
    bool ok = st_kql_parse(&sc->r->arena, st_str_of(text), &quiet, script);
    st_diags_free(&quiet);
    if (!ok) {
        st_bind_nomem(sc);
        return NULL;
    }
    *l = (st_let){ .name = name, .kind = ST_L_LAMBDA, .expr = script->first->value };
    return l;
}
