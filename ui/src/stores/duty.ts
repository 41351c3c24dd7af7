import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import { ApiError } from '@/api/http';
import { listAlerts, listIncidents } from '@/api/incidents';
import { listWindows } from '@/api/maintenance';
import type { Alert, Incident } from '@/contract/incidents';
import type { MaintenanceWindow } from '@/contract/maintenance';
import type { Message } from '@/contract/message';
import { may } from '@/domain/permission';
import { withAlert, withIncident } from '@/domain/duty';

import { useSession } from './session';

/** What is open and what is planned: for the bell, the lists and whoever shows one of them. */
export const useDuty = defineStore('duty', () => {
  const session = useSession();
  const alerts = shallowRef<readonly Alert[]>([]);
  const incidents = shallowRef<readonly Incident[]>([]);
  const windows = shallowRef<readonly MaintenanceWindow[]>([]);
  const loaded = ref(false);
  const problem = ref<string | null>(null);
  /** Counts what was heard: a page that shows one alert, incident or window reads it again when this changes. */
  const heard = ref(0);
  const known = computed(() => may(session.role, 'incidents'));
  let loading = false;
  let again = false;

  async function ask(): Promise<void> {
    try {
      const [a, i, w] = await Promise.all([listAlerts('open'), listIncidents('open'), listWindows()]);
      [alerts.value, incidents.value, windows.value] = [a, i, w];
      problem.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem.value = error.message;
    }
  }

  /** An answer that was on its way when something else was heard is older than that: it is asked for again. */
  async function load(): Promise<void> {
    if (!known.value) {
      [alerts.value, incidents.value, windows.value] = [[], [], []];
      loaded.value = false;
      return;
    }
    again = true;
    if (loading) return;
    loading = true;
    try {
      while (again) {
        again = false;
        await ask();
      }
      loaded.value = true;
    } finally {
      loading = false;
    }
  }

  /** The connection is there again, or another role reads: all of it is read. */
  async function resync(): Promise<void> {
    heard.value++;
    await load();
  }

  function hear(message: Message): void {
    if (message.type === 'alert') alerts.value = withAlert(alerts.value, message.alert);
    else if (message.type === 'incident') incidents.value = withIncident(incidents.value, message.incident);
    else if (message.type !== 'notice' || message.kind !== 'maintenance') return;
    heard.value++;
    if (loading || message.type === 'notice') void load();
  }

  /** What an order of the reader answered. */
  function noteAlert(alert: Alert): void {
    alerts.value = withAlert(alerts.value, alert);
  }
  function noteIncident(incident: Incident): void {
    incidents.value = withIncident(incidents.value, incident);
  }

  return { alerts, incidents, windows, loaded, problem, heard, known, load, resync, hear, noteAlert, noteIncident };
});
