/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.c - what published queries use and no event log can give: tables and functions of
 * cloud services, with the columns that their documentation lists.
 *
 * A query that needs one is sound, but not applicable here. It is bound all the same, over an
 * empty table of these columns, so that its own mistakes are found; and if its user says so
 * (--stub-services), it runs over that. The lists may lack what a service learnt since: a column
 * that none of them has is taken as one that is never filled.
 *
 * Columns are words; their type is string, or the letter behind a colon: b bool, d datetime,
 * i int, l long, r real, y dynamic.
 */
#include "rules/kql/bind/bind.h"

#include <string.h>

static const st_service_def services[] = {
    /* functions */
    { "geo_info_from_ip_address", ST_SV_VALUE, "" },
    { "FileProfile", ST_SV_ENRICHES,
      "SHA1 SHA256 MD5 FileSize:i GlobalPrevalence:i GlobalFirstSeen:d GlobalLastSeen:d Signer "
      "Issuer "
      "SignerHash IsCertificateValid:b IsRootSignerMicrosoft:b SignatureState IsExecutable:b "
      "ThreatName Publisher SoftwareName ProfileAvailability" },
    { "SeenBy", ST_SV_TABLE, "DeviceId" },
    { "DeviceFromIP", ST_SV_TABLE, "IP DeviceId" },
    { "AssignedIPAddresses", ST_SV_TABLE,
      "Timestamp:d IPAddress IPType NetworkAdapterType:i ConnectedNetworks" },
    { "InvokeAdvancedHunting", ST_SV_TABLE, "" },
    { "cluster", ST_SV_TABLE, "" },
    { "database", ST_SV_TABLE, "" },
    { "workspace", ST_SV_TABLE, "" },
    { "external_table", ST_SV_TABLE, "" },
    { "_GetWatchlist", ST_SV_TABLE, "_DTItemId LastUpdatedTimeUTC:d SearchKey WatchlistItem:y" },
    /* alerts and behaviours */
    { "AlertInfo", ST_SV_TABLE,
      "Timestamp:d AlertId Title Category Severity ServiceSource DetectionSource "
      "AttackTechniques" },
    { "AlertEvidence", ST_SV_TABLE,
      "Timestamp:d AlertId Title Categories AttackTechniques ServiceSource DetectionSource "
      "EntityType "
      "EvidenceRole EvidenceDirection FileName FolderPath SHA1 SHA256 FileSize:l ThreatFamily "
      "RemoteIP "
      "RemoteUrl AccountName AccountDomain AccountSid AccountObjectId AccountUpn DeviceId "
      "DeviceName "
      "LocalIP NetworkMessageId EmailSubject Application ApplicationId:i OAuthApplicationId "
      "ProcessCommandLine RegistryKey RegistryValueName RegistryValueData AdditionalFields "
      "Severity "
      "CloudResource CloudPlatform ResourceType ResourceID SubscriptionId" },
    { "DeviceAlertEvents", ST_SV_TABLE, /* until 2020 */
      "Timestamp:d AlertId DeviceId DeviceName Severity Category Title FileName SHA1 RemoteUrl "
      "RemoteIP AttackTechniques ReportId:l Table" },
    { "BehaviorInfo", ST_SV_TABLE,
      "Timestamp:d BehaviorId ActionType Description Categories AttackTechniques ServiceSource "
      "DetectionSource DataSources DeviceId AccountUpn AccountObjectId StartTime:d EndTime:d "
      "AdditionalFields Title" },
    { "BehaviorEntities", ST_SV_TABLE,
      "Timestamp:d BehaviorId ActionType Categories ServiceSource DetectionSource DataSources "
      "EntityType "
      "EntityRole DetailedEntityRole FileName FolderPath SHA1 SHA256 FileSize:l ThreatFamily "
      "RemoteIP "
      "RemoteUrl AccountName AccountDomain AccountSid AccountObjectId AccountUpn DeviceId "
      "DeviceName "
      "LocalIP NetworkMessageId EmailSubject EmailClusterId Application ApplicationId:i "
      "OAuthApplicationId ProcessCommandLine RegistryKey RegistryValueName RegistryValueData "
      "AdditionalFields" },
    /* mail */
    { "EmailEvents", ST_SV_TABLE,
      "Timestamp:d NetworkMessageId InternetMessageId SenderMailFromAddress SenderFromAddress "
      "SenderDisplayName SenderObjectId SenderMailFromDomain SenderFromDomain SenderIPv4 "
      "SenderIPv6 "
      "RecipientEmailAddress RecipientObjectId Subject EmailClusterId:l EmailDirection "
      "DeliveryAction "
      "DeliveryLocation ThreatTypes ThreatNames DetectionMethods ConfidenceLevel "
      "BulkComplaintLevel:i "
      "EmailAction EmailActionPolicy EmailActionPolicyGuid AuthenticationDetails AttachmentCount:i "
      "UrlCount:i EmailLanguage Connectors OrgLevelAction OrgLevelPolicy UserLevelAction "
      "UserLevelPolicy ReportId AdditionalFields LatestDeliveryLocation LatestDeliveryAction" },
    { "EmailUrlInfo", ST_SV_TABLE,
      "Timestamp:d NetworkMessageId Url UrlDomain UrlLocation ReportId" },
    { "EmailAttachmentInfo", ST_SV_TABLE,
      "Timestamp:d NetworkMessageId SenderFromAddress SenderDisplayName SenderObjectId "
      "RecipientEmailAddress RecipientObjectId FileName FileType SHA256 FileSize:l ThreatTypes "
      "ThreatNames DetectionMethods ReportId" },
    { "EmailPostDeliveryEvents", ST_SV_TABLE,
      "Timestamp:d NetworkMessageId InternetMessageId Action ActionType ActionTrigger ActionResult "
      "RecipientEmailAddress DeliveryLocation ThreatTypes DetectionMethods ReportId" },
    { "UrlClickEvents", ST_SV_TABLE,
      "Timestamp:d Url ActionType AccountUpn Workload NetworkMessageId ThreatTypes "
      "DetectionMethods "
      "IPAddress IsClickedThrough:b UrlChain ReportId" },
    { "MessageEvents", ST_SV_TABLE, "Timestamp:d" },
    /* identities and apps */
    { "IdentityInfo", ST_SV_TABLE,
      "Timestamp:d ReportId AccountObjectId AccountUpn OnPremSid AccountDisplayName AccountName "
      "AccountDomain CriticalityLevel:i Type DistinguishedName CloudSid GivenName Surname "
      "Department "
      "JobTitle EmailAddress SipProxyAddress Address City Country IsAccountEnabled:b Manager Phone "
      "CreatedDateTime:d ChangeSource BlastRadius CompanyName DeletedDateTime:d EmployeeId "
      "OtherMailAddresses:y RiskLevel RiskLevelDetails State Tags:y AssignedRoles:y "
      "PrivilegedEntraPimRoles:y TenantId SourceSystem OnPremObjectId TenantMembershipType "
      "RiskStatus "
      "UserAccountControl IdentityEnvironment SourceProviders:y GroupMembership:y" },
    { "IdentityLogonEvents", ST_SV_TABLE,
      "Timestamp:d ActionType Application LogonType Protocol FailureReason AccountName "
      "AccountDomain "
      "AccountUpn AccountSid AccountObjectId AccountDisplayName DeviceName DeviceType OSPlatform "
      "IPAddress Port:i DestinationDeviceName DestinationIPAddress DestinationPort:i "
      "TargetDeviceName "
      "TargetAccountDisplayName Location Isp ReportId AdditionalFields:y" },
    { "IdentityQueryEvents", ST_SV_TABLE,
      "Timestamp:d ActionType Application QueryType QueryTarget Query Protocol AccountName "
      "AccountDomain "
      "AccountUpn AccountSid AccountObjectId AccountDisplayName DeviceName IPAddress Port:i "
      "DestinationDeviceName DestinationIPAddress DestinationPort:i TargetDeviceName "
      "TargetAccountUpn "
      "TargetAccountDisplayName Location ReportId AdditionalFields:y" },
    { "IdentityDirectoryEvents", ST_SV_TABLE,
      "Timestamp:d ActionType Application TargetAccountUpn TargetAccountDisplayName "
      "TargetDeviceName "
      "DestinationDeviceName DestinationIPAddress DestinationPort:i Protocol AccountName "
      "AccountDomain "
      "AccountUpn AccountSid AccountObjectId AccountDisplayName DeviceName IPAddress Port:i "
      "Location ISP "
      "ReportId AdditionalFields:y" },
    { "CloudAppEvents", ST_SV_TABLE,
      "Timestamp:d ActionType Application ApplicationId:i AppInstanceId:i AccountObjectId "
      "AccountId "
      "AccountDisplayName IsAdminOperation:b DeviceType OSPlatform IPAddress IsAnonymousProxy:b "
      "CountryCode City Isp UserAgent ActivityType ActivityObjects:y ObjectName ObjectType "
      "ObjectId "
      "ReportId AccountType IsExternalUser:b IsImpersonated:b IPTags:y IPCategory UserAgentTags:y "
      "RawEventData:y AdditionalFields:y LastSeenForUser:y UncommonForUser:y AuditSource "
      "SessionData:y "
      "OAuthAppId" },
    { "CloudAuditEvents", ST_SV_TABLE,
      "Timestamp:d ReportId DataSource ActionType OperationName ResourceId IPAddress "
      "IsAnonymousProxy:b "
      "CountryCode City Isp UserAgent RawEventData:y AdditionalFields:y" },
    { "AADSignInEventsBeta", ST_SV_TABLE,
      "Timestamp:d Application ApplicationId LogonType ErrorCode:i CorrelationId SessionId "
      "AccountDisplayName AccountObjectId AccountUpn IsExternalUser:i IsGuestUser:b "
      "AlternateSignInName "
      "LastPasswordChangeTimestamp:d ResourceDisplayName ResourceId ResourceTenantId DeviceName "
      "AadDeviceId EntraIdDeviceId OSPlatform DeviceTrustType IsManaged:i IsCompliant:i "
      "AuthenticationProcessingDetails AuthenticationRequirement TokenIssuerType:i "
      "RiskLevelAggregated:i RiskDetails:i RiskState:i UserAgent ClientAppUsed Browser "
      "ConditionalAccessPolicies ConditionalAccessStatus:i IPAddress Country State City Latitude "
      "Longitude NetworkLocationDetails RequestId ReportId EndpointCall" },
    { "AADSpnSignInEventsBeta", ST_SV_TABLE, "Timestamp:d" },
    { "EntraIdSignInEvents", ST_SV_TABLE, "Timestamp:d" },
    /* vulnerabilities and exposure */
    { "DeviceTvmSoftwareInventory", ST_SV_TABLE,
      "DeviceId DeviceName OSPlatform OSVersion OSArchitecture SoftwareVendor SoftwareName "
      "SoftwareVersion EndOfSupportStatus EndOfSupportDate:d ProductCodeCpe" },
    { "DeviceTvmSoftwareVulnerabilities", ST_SV_TABLE,
      "DeviceId DeviceName OSPlatform OSVersion OSArchitecture SoftwareVendor SoftwareName "
      "SoftwareVersion CveId VulnerabilitySeverityLevel RecommendedSecurityUpdate "
      "RecommendedSecurityUpdateId CveTags:y" },
    { "DeviceTvmSoftwareVulnerabilitiesKB", ST_SV_TABLE,
      "CveId CvssScore:r IsExploitAvailable:b VulnerabilitySeverityLevel LastModifiedTime:d "
      "PublishedDate:d VulnerabilityDescription AffectedSoftware:y" },
    { "DeviceTvmSecureConfigurationAssessment", ST_SV_TABLE,
      "DeviceId DeviceName OSPlatform Timestamp:d ConfigurationId ConfigurationCategory "
      "ConfigurationSubcategory ConfigurationImpact:r IsCompliant:b IsApplicable:b Context:y "
      "IsExpectedUserImpact:b" },
    { "DeviceTvmSecureConfigurationAssessmentKB", ST_SV_TABLE,
      "ConfigurationId ConfigurationImpact:r ConfigurationName ConfigurationDescription "
      "RiskDescription "
      "ConfigurationCategory ConfigurationSubcategory ConfigurationBenchmarks:y Tags:y "
      "RemediationOptions" },
    { "DeviceTvmInfoGathering", ST_SV_TABLE,
      "Timestamp:d LastSeenTime:d DeviceId DeviceName OSPlatform AdditionalFields:y" },
    { "DeviceTvmHardwareFirmware", ST_SV_TABLE,
      "DeviceId DeviceName ComponentType Manufacturer ComponentName ComponentFamily "
      "ComponentVersion "
      "AdditionalFields:y" },
    { "DeviceTvmBrowserExtensions", ST_SV_TABLE,
      "DeviceId BrowserName ExtensionId ExtensionName ExtensionDescription ExtensionVersion "
      "ExtensionRisk ExtensionVendor IsActivated InstallationTime:d" },
    { "DeviceTvmSoftwareEvidenceBeta", ST_SV_TABLE,
      "DeviceId SoftwareVendor SoftwareName SoftwareVersion RegistryPaths:y DiskPaths:y "
      "LastSeenTime" },
    { "DeviceTvm*", ST_SV_TABLE, "DeviceId" },
    { "DeviceBaseline*", ST_SV_TABLE, "DeviceId" },
    { "ExposureGraphNodes", ST_SV_TABLE,
      "NodeId NodeLabel NodeName Categories:y NodeProperties:y EntityIds:y" },
    { "ExposureGraphEdges", ST_SV_TABLE,
      "EdgeId EdgeLabel SourceNodeId SourceNodeName SourceNodeLabel SourceNodeCategories:y "
      "TargetNodeId "
      "TargetNodeName TargetNodeLabel TargetNodeCategories:y EdgeProperties:y" },
    /* of a workspace: their columns differ from one to the next */
    { "SigninLogs", ST_SV_TABLE,
      "TimeGenerated:d UserPrincipalName UserDisplayName UserId IPAddress Location AppDisplayName "
      "AppId "
      "ResultType ResultDescription UserAgent ClientAppUsed CorrelationId DeviceDetail:y "
      "LocationDetails:y Status:y" },
    { "AuditLogs", ST_SV_TABLE,
      "TimeGenerated:d OperationName Category Result ResultReason CorrelationId InitiatedBy:y "
      "TargetResources:y AdditionalDetails:y" },
    { "OfficeActivity", ST_SV_TABLE,
      "TimeGenerated:d Operation UserId UserType OfficeWorkload RecordType ClientIP OfficeObjectId "
      "ResultStatus SourceFileName Site_Url" },
    { "ThreatIntelligenceIndicator", ST_SV_TABLE,
      "TimeGenerated:d IndicatorId Action Active:b ConfidenceScore:r Description ThreatType "
      "ExpirationDateTime:d DomainName Url NetworkIP NetworkSourceIP NetworkDestinationIP "
      "FileHashType "
      "FileHashValue FileName EmailSourceIpAddress EmailSenderAddress SourceSystem Tags" },
    { "ThreatIntelIndicators", ST_SV_TABLE,
      "TimeGenerated:d Id ObservableKey ObservableValue Pattern Confidence:i IsActive:b Data:y "
      "SourceSystem ValidFrom:d ValidUntil:d" },
    { "SecurityAlert", ST_SV_TABLE,
      "TimeGenerated:d DisplayName AlertName AlertSeverity Description ProviderName VendorName "
      "SystemAlertId CompromisedEntity StartTime:d EndTime:d Entities ExtendedProperties Tactics "
      "Techniques Status ProductName" },
    { "SecurityIncident", ST_SV_TABLE,
      "TimeGenerated:d IncidentNumber:i IncidentName Title Description Severity Status "
      "Classification "
      "AlertIds:y Owner:y Labels:y" },
    { "Syslog", ST_SV_TABLE,
      "TimeGenerated:d Computer HostName HostIP Facility SeverityLevel ProcessName ProcessID:i "
      "SyslogMessage" },
    { "CommonSecurityLog", ST_SV_TABLE,
      "TimeGenerated:d DeviceVendor DeviceProduct DeviceAction Activity SourceIP SourcePort:i "
      "DestinationIP DestinationPort:i DestinationHostName RequestURL Protocol Message" },
    { "AzureActivity", ST_SV_TABLE,
      "TimeGenerated:d Caller CallerIpAddress OperationName OperationNameValue ActivityStatus "
      "ActivityStatusValue ResourceGroup ResourceId SubscriptionId" },
    { "AzureDiagnostics", ST_SV_TABLE, "TimeGenerated:d Category OperationName ResourceId" },
    { "BehaviorAnalytics", ST_SV_TABLE,
      "TimeGenerated:d UserName UserPrincipalName ActivityType ActionType SourceIPAddress "
      "SourceDevice "
      "InvestigationPriority:i UsersInsights:y DevicesInsights:y ActivityInsights:y" },
    { "Usage", ST_SV_TABLE, "TimeGenerated:d DataType Quantity:r IsBillable:b" },
    { "IntuneDevices", ST_SV_TABLE, "TimeGenerated:d DeviceName DeviceId OS OSVersion UserEmail" },
    /* plugins that ask or run something elsewhere */
    { "azure_digital_twins_query_request", ST_SV_PLUGIN, "" },
    { "cosmosdb_sql_request", ST_SV_PLUGIN, "" },
    { "http_request", ST_SV_PLUGIN, "" },
    { "http_request_post", ST_SV_PLUGIN, "" },
    { "infer_storage_schema", ST_SV_PLUGIN, "" },
    { "mysql_request", ST_SV_PLUGIN, "" },
    { "postgresql_request", ST_SV_PLUGIN, "" },
    { "python", ST_SV_PLUGIN, "" },
    { "r", ST_SV_PLUGIN, "" },
    { "sql_request", ST_SV_PLUGIN, "" },
};

/* Other tables of a workspace; of their columns only the time is known. *_CL are its own logs;
 * _Im_*, im..., _ASim_* and ASim* are the parsers and tables of Sentinel's information model, of
 * which some are here (models.c). */
static const char workspace_tables[] =
    "*_CL _ASim_* _Im_* AADB2CRequestLogs AADDomainServicesAccountLogon "
    "AADDomainServicesAccountManagement AADDomainServicesDirectoryServiceAccess "
    "AADDomainServicesLogonLogoff AADDomainServicesPolicyChange AADDomainServicesPrivilegeUse "
    "AADDomainServicesSystemSecurity AADGraphActivityLogs AADManagedIdentitySignInLogs "
    "AADNonInteractiveUserSignInLogs AADProvisioningLogs AADRiskyServicePrincipals "
    "AADRiskyUsers AADServicePrincipalRiskEvents AADServicePrincipalSignInLogs "
    "AADUserRiskEvents ABSBotRequests ADAssessmentRecommendation AddonAzureBackup* "
    "ADFSSignInLogs AGCAccessLogs AGW* AIAgentsInfo AKSAudit AKSAuditAdmin AKSControlPlane "
    "Alert Anomalies ApiManagementGatewayLogs AppAvailabilityResults AppBrowserTimings "
    "AppDependencies AppEvents AppExceptions AppMetrics AppPageViews AppPerformanceCounters "
    "AppPlatform* AppRequests AppService* AppSystemEvents AppTraces ASim* ASR* "
    "AWSCloudFront_AccessLog* AWSCloudTrail AWSCloudWatch AWSGuardDuty AWSNetworkFirewall* "
    "AWSRoute53Resolver AWSS3ServerAccess AWSSecurityHubFindings AWSVPCFlow AWSWAF AZFW* "
    "AZKVAuditLogs AZKVPolicyEvaluationDetailsLogs AZMS* AzureAssessmentRecommendation "
    "AzureDevOpsAuditing AzureFirewall AzureMetrics AzureMetricsV2 AzureNetworkAnalytics* "
    "CampaignInfo CloudDnsEvents CloudProcessEvents CloudStorageAggregatedEvents ComputerGroup "
    "ConfidentialWatchlist ConfigurationChange ConfigurationData ContainerAppConsoleLogs "
    "ContainerAppSystemLogs ContainerEvent ContainerImageInventory ContainerInstanceLog "
    "ContainerInventory ContainerLog ContainerLogV2 ContainerNodeInventory ContainerRegistry* "
    "ContainerServiceLog CoreAzureBackup CrowdStrikeFalconEventStream DatabricksAccounts "
    "DatabricksClusters DatabricksJobs DatabricksNotebook DatabricksSecrets DatabricksSQL "
    "DatabricksWorkspace DataSecurityBehaviors DataSecurityEvents DataverseActivity "
    "DisruptionAndResponseEvents DnsAuditEvents DnsEvents DnsInventory DynamicEventCollection "
    "Dynamics365Activity EnrichedMicrosoft365AuditLogs ETWEvent FileMaliciousContentInfo "
    "FunctionAppLogs GCPApigee GCPAuditLogs GCPCDN GCPCloudRun GCPCloudSQL GCPComputeEngine "
    "GCPDNS GCPFirewallLogs GCPIAM GCPIDS GCPLoadBalancer* GCPMonitoring GCPResourceManager "
    "GCPVPCFlow GitHubAuditLogs* GKE* GoogleCloudSCC GoogleWorkspaceReports GraphApiAuditEvents "
    "Heartbeat HuntingBookmark IdentityAccountInfo IdentityEvents imAuditEvent imAuthentication "
    "imDhcpEvent imDns imFileEvent imNetworkSession imProcess imProcessCreate imProcessEvent "
    "imProcessCreation imProcessTerminate imRegistry imRegistryEvent imUserManagement imWebSession "
    "InsightsMetrics "
    "IntuneAuditLogs IntuneDeviceComplianceOrg IntuneOperationalLogs KubeEvents KubeHealth "
    "KubeMonAgentEvents KubeNodeInventory KubePodInventory KubePVInventory KubeServices "
    "LAJobLogs LAQueryLogs LASummaryLogs LinuxAuditLog LogicAppWorkflowRuntime "
    "McasShadowItReporting MDCFileIntegrityMonitoringEvents MicrosoftGraphActivityLogs "
    "MicrosoftPurviewInformationProtection MicrosoftServicePrincipalSignInLogs "
    "NetworkAccessAlerts NetworkAccessConnectionEvents NetworkAccessTraffic "
    "NginxUpstreamUpdateLogs NSPAccessLogs NTA* NWConnectionMonitor* OAuthAppInfo OktaV2* "
    "OLPSupplyChainEvents Operation Perf PowerAppsActivity PowerAutomateActivity "
    "PowerBIActivity PowerPlatform* ProjectActivity ProtectionStatus PurviewDataSensitivityLogs "
    "PurviewScanStatusLogs PurviewSecurityLogs RemoteNetworkHealthLogs "
    "ResourceManagementPublicAccessLogs SecureScoreControls SecureScores SecurityBaseline "
    "SecurityBaselineSummary SecurityDetection SecurityIoTRawEvent SecurityNestedRecommendation "
    "SecurityRecommendation SecurityRegulatoryCompliance SentinelAudit SentinelHealth "
    "ServiceFabric* SignalRServiceDiagnosticLogs SQLAssessmentRecommendation SqlAtpStatus "
    "SQLSecurityAuditEvents SqlVulnerabilityAssessmentResult StorageBlobLogs StorageFileLogs "
    "StorageQueueLogs StorageTableLogs ThreatIntelObjects UCClient* UCDO* UCServiceUpdateStatus "
    "UCUpdateAlert Update UpdateSummary UserAccessAnalytics UserPeerAnalytics vim* VMBoundPort "
    "VMComputer VMConnection VMProcess W3CIISLog Watchlist WebPubSub* "
    "WindowsClientAssessmentRecommendation WindowsFirewall "
    "WindowsServerAssessmentRecommendation WireData WVD*";
static const st_service_def workspace_table = { "", ST_SV_TABLE, "TimeGenerated:d" };

static bool ends_with(st_str s, st_str tail)
{
    return s.n >= tail.n && st_str_eq((st_str){ s.p + s.n - tail.n, tail.n }, tail);
}

/* Is it the listed name l, where an asterisk at its end or its beginning stands for anything? */
static bool is_named(st_str l, st_str name)
{
    if (l.p[l.n - 1] == '*')
        return st_str_starts(name, (st_str){ l.p, l.n - 1 });
    if (l.p[0] == '*')
        return ends_with(name, (st_str){ l.p + 1, l.n - 1 });
    return st_str_eq(name, l);
}

/* Asked for every name of a rule: a listed one is looked at only if it begins as this one does. */
static bool may_be(const char *listed, st_str name)
{
    return *listed == '*' || (name.n && *listed == name.p[0]);
}

static bool is_workspace_table(st_str name)
{
    for (const char *p = workspace_tables, *end; p; p = end ? end + 1 : NULL) {
        end = strchr(p, ' ');
        if (may_be(p, name) && is_named((st_str){ p, end ? (size_t)(end - p) : strlen(p) }, name))
            return true;
    }
    return false;
}

/* Whole names stand in front of those with an asterisk that they fit. */
static const st_service_def *find(st_str name, bool plugin)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if ((services[i].kind == ST_SV_PLUGIN) == plugin && may_be(services[i].name, name) &&
            is_named(st_str_of(services[i].name), name))
            return &services[i];
    return !plugin && is_workspace_table(name) ? &workspace_table : NULL;
}

const st_service_def *st_service_def_find(st_str name)
{
    return find(name, false);
}

const st_service_def *st_service_def_plugin(st_str name)
{
    return find(name, true);
}

const st_service_def *st_service_def_rows(const st_kql_expr *e)
{
    const st_service_def *s = NULL;
    while (e->kind == ST_KQL_MEMBER || (e->kind == ST_KQL_CALL && e->u.call.base))
        e = e->kind == ST_KQL_MEMBER ? e->u.member.base : e->u.call.base;
    if (e->kind == ST_KQL_CALL)
        s = st_service_def_find(e->u.call.name.text);
    else if (e->kind == ST_KQL_NAME)
        s = st_service_def_find(e->u.name);
    return s && s->kind != ST_SV_VALUE ? s : NULL;
}

/* a service in a query */

bool st_bind_note(const st_scope *sc, st_need **list, st_str name)
{
    st_need *n = NULL, **end = list;
    for (; *end; end = &(*end)->next)
        if (st_str_eq((*end)->name, name))
            return false;
    if (!(n = ST_NEW(&sc->r->arena, st_need)))
        return st_run_nomem(sc->r);
    n->name = name;
    *end = n;
    return true;
}

void st_bind_need(const st_scope *sc, st_span at, st_str name)
{
    if (sc->missing && !sc->r->settings->stub_services) {
        if (!sc->missing->name.n)
            *sc->missing = (st_bind_missing){ name, true };
        return;
    }
    if (st_bind_note(sc, &sc->binder->needs, name) && sc->r->settings->stub_services)
        st_bind_warn(sc, at, "%.*s isn't here: taken as though it knew nothing (--stub-services)",
                     ST_FMT(name));
}

static st_type type_of(char letter)
{
    static const char letters[] = "bdilry";
    static const st_type types[] = { ST_TYPE_BOOL, ST_TYPE_DATETIME, ST_TYPE_INT,
                                     ST_TYPE_LONG, ST_TYPE_REAL,     ST_TYPE_DYNAMIC };
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? types[at - letters] : ST_TYPE_STRING;
}

/* The columns of a service's list; NULL: no memory. */
static st_col *columns(st_run *r, const st_service_def *s, size_t *n)
{
    st_str rest = st_str_of(s->columns), word;
    size_t most = 1;
    for (size_t i = 0; i < rest.n; i++)
        most += rest.p[i] == ' ';
    st_col *c = ST_NEWN(&r->arena, st_col, most);
    *n = 0;
    while (c && st_str_cut(&rest, ' ', &word)) {
        bool typed = word.n > 2 && word.p[word.n - 2] == ':';
        c[*n].type = typed ? type_of(word.p[word.n - 1]) : ST_TYPE_STRING;
        c[(*n)++].name = (st_str){ word.p, typed ? word.n - 2 : word.n };
    }
    return c;
}

st_op *st_bind_service_table(const st_scope *sc, st_span at, const st_service_def *s, st_str name)
{
    size_t n;
    st_col *c = columns(sc->r, s, &n);
    st_op *op = c ? st_op_values(sc->r, c, n, NULL, 0) : NULL;
    st_bind_need(sc, at, name);
    if (op)
        op->schema.loose = sc->out->loosened = true;
    return op;
}

/* The rows as they are, with the columns that they lack. */
st_op *st_bind_service_enrich(const st_scope *sc, st_op *in, st_span at, const st_service_def *s)
{
    size_t n, had = in->schema.n, all = had;
    st_col *c = columns(sc->r, s, &n);
    st_col *cols = c ? ST_NEWN(&sc->r->arena, st_col, had + n) : NULL;
    st_proj_item *items = cols ? ST_NEWN(&sc->r->arena, st_proj_item, had + n) : NULL;
    if (!items)
        return NULL;
    for (size_t i = 0; i < had; i++) {
        cols[i] = in->schema.v[i];
        items[i].from = i;
    }
    for (size_t i = 0; i < n; i++) {
        if (st_bind_column(&in->schema, c[i].name) != SIZE_MAX)
            continue;
        cols[all] = c[i];
        items[all++].x = st_bind_const(sc, c[i].type, st_val_missing(c[i].type));
    }
    st_bind_need(sc, at, st_str_of(s->name));
    return st_op_project(sc->r, in, cols, items, all);
}

/* "EmailEvents and FileProfile". */
st_str st_bind_needs_text(st_run *r, const st_need *needs)
{
    st_buf t = { 0 };
    for (const st_need *n = needs; n; n = n->next) {
        st_buf_str(&t, n == needs ? ST_STR("") : n->next ? ST_STR(", ") : ST_STR(" and "));
        st_buf_str(&t, n->name);
    }
    st_str s = st_arena_copy(&r->arena, st_buf_slice(&t));
    st_buf_free(&t);
    return s;
}

/* columns that no list has */

/* A point in time, by its name; everything else is text until it is known better. */
st_type st_bind_loose_type(st_str name)
{
    static const char *const ends[] = { "Time", "DateTime", "TimeGenerated", "Timestamp", "Date" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, st_str_of(ends[i])))
            return ST_TYPE_DATETIME;
    return ST_TYPE_DYNAMIC;
}

st_type st_bind_billing_type(const st_schema *row, st_str name)
{
    if (!row || st_bind_column(row, ST_STR("SourceSystem")) == SIZE_MAX)
        return ST_TYPE_UNKNOWN;
    return st_str_eq(name, ST_STR("_IsBillable"))   ? ST_TYPE_STRING
           : st_str_eq(name, ST_STR("_BilledSize")) ? ST_TYPE_REAL
                                                    : ST_TYPE_UNKNOWN;
}
