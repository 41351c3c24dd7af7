import type { Alert } from '@/contract/incidents';
import type { Numbered, RecoveryEvent, ServiceEvent } from '@/contract/message';
import { toneOfAlert, waitsForAnswer } from '@/domain/duty';
import { isBackupEvent } from '@/domain/live';
import { words } from '@/i18n';
import { useNotices } from '@/stores/notices';
import { useService } from '@/stores/service';
import { useSession } from '@/stores/session';

/** Older than this, a message is history that a resumed connection brought, and nobody is woken for it. */
const FRESH_MS = 60_000;

/** Tells what happens to the followed service, wherever in the console the reader is. */
export function useLiveNotices(): (message: Numbered) => void {
  const notices = useNotices();
  const service = useService();
  const session = useSession();
  const say = words.service.notify;

  function recovery(event: RecoveryEvent): void {
    if (event.status === 'started') notices.tell('progress', say.started.title, say.started.text(service.name));
    else if (event.status === 'success')
      notices.tell('healthy', say.success.title, say.success.text(service.name, words.levels[event.recovery_level]));
    else if (event.status === 'failed') {
      if (event.requires_manual_intervention === true || event.recovery_level === 'critical')
        notices.tell('critical', say.failed.title, say.failed.text(event.attempt_number ?? 0));
      else notices.tell('degraded', say.failed.title, event.message, false);
    } else notices.tell('unknown', say.skipped, event.message);
  }

  /** One's own operation is told by its answer. */
  function operation(event: ServiceEvent): void {
    if (event.user === undefined || event.user === session.user?.email) return;
    // The schedule works day and night: a card only when it did not succeed.
    if (event.user === 'system' && isBackupEvent(event) && event.result !== 'failure') return;
    const verb = words.service.verbs[event.event] ?? event.event;
    if (event.result === 'started') notices.tell('progress', service.name, say.other(event.user, verb));
    else
      notices.tell(
        event.result === 'success' ? 'healthy' : 'critical',
        isBackupEvent(event) ? `${service.name}: ${words.service.events[event.event] ?? event.event}` : service.name,
        say.otherDone(event.user, event.message ?? ''),
        false,
      );
  }

  /** The bell keeps it: the card goes by itself. An alert says the same again when its messages have arrived. */
  const told = new Map<number, string>();
  function firing(alert: Alert): void {
    const state = `${alert.state} ${alert.severity}`;
    if (told.get(alert.id) === state) return;
    told.set(alert.id, state);
    if (waitsForAnswer(alert)) notices.tell(toneOfAlert(alert), words.duty.firing(alert.severity, service.name), alert.summary, false);
  }

  return (message) => {
    if (message.timestamp < Date.now() + service.live.skewMs - FRESH_MS) return;
    if (message.type === 'auto_recovery') recovery(message);
    else if (message.type === 'service_event') operation(message);
    else if (message.type === 'alert') firing(message.alert);
    // What a person announced stands in the banner.
    else if (message.type === 'notice' && message.kind !== 'announcement') notices.tell('degraded', service.name, message.message);
  };
}
