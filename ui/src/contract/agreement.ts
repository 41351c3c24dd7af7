/**
 * The checks at the edge and the daemon's own description, held against each other by the compiler: a member that the daemon
 * does not have, of another kind, with other words, or that may be missing where the check does not allow it, ends the build.
 * (types.gen.ts itself is compared with the running daemon by the browser suite.)
 */
import type * as backups from './backups';
import type * as procedures from './procedures';
import type * as incidents from './incidents';
import type * as inspect from './inspect';
import type * as maintenance from './maintenance';
import type * as message from './message';
import type * as metrics from './metrics';
import type * as people from './people';
import type * as restores from './restores';
import type * as service from './service';
import type * as wire from './types.gen';

/** Times are milliseconds on this side. Objects and lists are compared by the lines of their own. */
type Kind<T> = [T] extends [wire.Time] ? number : [T] extends [readonly unknown[]] ? 'list' : [T] extends [object] ? 'object' : T;
type MayMiss<T, K extends keyof T> = object extends Pick<T, K> ? true : null extends T[K] ? true : false;
type MemberFits<Checked, Wire, K extends keyof Checked & keyof Wire> = unknown extends Wire[K]
  ? true
  : [Kind<NonNullable<Wire[K]>>] extends [Kind<NonNullable<Checked[K]>>]
    ? MayMiss<Wire, K> extends true
      ? MayMiss<Checked, K>
      : true
    : false;
/** The names of the members that do not fit; never when all do. */
type Misfits<Checked, Wire> = {
  [K in keyof Checked]-?: K extends keyof Wire ? (MemberFits<Checked, Wire, K> extends true ? never : K) : K;
}[keyof Checked];
type Agree<Checked, Wire> = [Misfits<Checked, Wire>] extends [never] ? true : Misfits<Checked, Wire>;
/** Every kind of message that the daemon may send is one that is checked here. */
type KindsFit<Checked, Wire> = [Wire] extends [Checked] ? true : Exclude<Wire, Checked>;
type All<T extends readonly true[]> = T;

export type Agreement = All<
  [
    Agree<service.ServiceItem, wire.Service>,
    Agree<NonNullable<service.ServiceItem['maintenance']>, wire.MaintenanceHold>,
    Agree<service.Status, wire.Status>,
    Agree<service.RunningOperation, wire.Running>,
    Agree<NonNullable<service.Status['vm_info']>, wire.VmInfo>,
    Agree<service.Health, wire.Health>,
    Agree<service.Health['health_checks'], wire.Checks>,
    Agree<service.HealthCheck, wire.Check>,
    Agree<service.Gauge, wire.Gauge>,
    Agree<service.Cause, wire.Cause>,
    Agree<service.AutoRecovery, wire.AutoRecovery>,
    Agree<service.AutoRecovery['circuit_breaker'], wire.Breaker>,
    Agree<NonNullable<service.AutoRecovery['policy']>, wire.RecoveryPolicy>,
    Agree<service.Preflight, wire.Preflight>,
    Agree<service.Operated, wire.Result>,
    Agree<service.LogLine, wire.LogLine>,
    Agree<service.RecoveryItem, wire.PastRecovery>,
    Agree<Omit<metrics.MetricsAnswer, 'times'>, wire.Metrics>,
    Agree<NonNullable<metrics.MetricsAnswer['outages']>[number], wire.Outage>,
    Agree<Omit<inspect.Clients, 'items'>, wire.Inspection>,
    Agree<Omit<inspect.BigKeys, 'items'>, wire.Inspection>,
    Agree<metrics.ServiceLevels, wire.ServiceLevels>,
    Agree<metrics.LevelsWindow, wire.Window>,
    Agree<metrics.LevelsWindow['availability'], wire.Availability>,
    Agree<metrics.LevelsWindow['response_time'], wire.ResponseTime>,
    Agree<metrics.LevelsWindow['automatic_recovery'], wire.Within>,
    Agree<Pick<message.Numbered, 'service' | 'timestamp' | 'seq'>, wire.Event>,
    KindsFit<message.Message['type'], wire.Event['type']>,
    Agree<incidents.Alert, wire.Alert>,
    Agree<incidents.Delivery, wire.Delivery>,
    Agree<incidents.Channel, wire.Channel>,
    Agree<incidents.Sent, wire.Sent>,
    Agree<incidents.Incident, wire.Incident>,
    Agree<incidents.IncidentEntry, wire.IncidentEntry>,
    Agree<maintenance.MaintenanceWindow, wire.MaintenanceWindow>,
    Agree<maintenance.ChecklistItem, wire.ChecklistItem>,
    Agree<maintenance.Maintained, wire.MaintainedService>,
    Agree<backups.Backup, wire.Backup>,
    Agree<backups.BackupSource, wire.BackupSource>,
    Agree<backups.BackupCopy, wire.BackupCopy>,
    Agree<backups.BackupPlace, wire.BackupPlace>,
    Agree<backups.BackupList, wire.Backups>,
    Agree<backups.BackupJob, wire.BackupJob>,
    Agree<backups.BackupLast, wire.BackupLast>,
    Agree<procedures.Procedure, wire.Procedure>,
    Agree<procedures.Step, wire.RebuildStep>,
    Agree<backups.BackupDrill, wire.BackupDrill>,
    Agree<backups.BackupDrills, wire.BackupDrills>,
    Agree<backups.BackupDrilling, wire.BackupDrilling>,
    Agree<backups.BackupStatus, wire.BackupStatus>,
    Agree<backups.BackupTask, wire.BackupTask>,
    Agree<backups.Prunable, wire.PrunableBackups>,
    Agree<restores.RestorePoint, wire.RestorePoint>,
    Agree<restores.RestorePlan, wire.RestorePlan>,
    Agree<restores.Restore, wire.Restore>,
    Agree<restores.RestoreList, wire.Restores>,
    Agree<people.AuditLine, wire.AuditLine>,
    Agree<people.AuditLine['user'], wire.AuditUser>,
    Agree<NonNullable<people.AuditLine['result']>, wire.AuditResult>,
    Agree<people.AuditReport, wire.AuditReport>,
    Agree<people.Me, wire.Me>,
    Agree<people.User, wire.Identity>,
    Agree<people.Account, wire.User>,
    Agree<people.AccessRequest, wire.AccessRequest>,
    Agree<people.Token, wire.ApiToken>,
    Agree<people.Session, wire.Session>,
  ]
>;
