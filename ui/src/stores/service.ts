import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import { ApiError, messageOf, reportMismatch } from '@/api/http';
import * as api from '@/api/services';
import { openSocket, type Connection, type LiveSocket } from '@/api/socket';
import { message as parseMessage, type Message, type Numbered } from '@/contract/message';
import { apply, NOTHING, snapshot, withHistory, type Live } from '@/domain/live';
import { may } from '@/domain/permission';
import { useServices } from '@/stores/services';
import { useSession } from '@/stores/session';

const POLL_MS = 30_000;
const HISTORY = 100;

/** The one service whose page is open: what is known of it, kept up to date. */
export const useService = defineStore('service', () => {
  const session = useSession();
  const services = useServices();
  const id = ref('');
  const live = shallowRef<Live>(NOTHING);
  const connection = ref<Connection>('connecting');
  const problem = ref<ApiError | null>(null);
  const name = computed(() => live.value.status?.name ?? services.nameOf(id.value));
  let socket: LiveSocket | null = null;
  let poll: number | undefined;
  let listener: (message: Numbered) => void = () => undefined;

  /** Answers that come back after the reader went to another service are dropped. */
  async function load(): Promise<void> {
    const asked = id.value;
    try {
      const [status, health] = await Promise.all([api.getStatus(asked), api.getHealth(asked).catch(healthOrNull)]);
      if (asked !== id.value) return;
      live.value = snapshot(live.value, status, health);
      services.note(asked, status);
      problem.value = null;
      if (!may(session.role, 'events')) connection.value = 'connected';
    } catch (error) {
      if (asked !== id.value) return;
      if (!(error instanceof ApiError)) throw error;
      problem.value = error;
      if (!may(session.role, 'events') && error.status === 0) connection.value = 'disconnected';
    }
  }

  function healthOrNull(error: unknown): null {
    if (error instanceof ApiError && error.status !== 0) return null;
    throw error;
  }

  async function loadHistory(): Promise<void> {
    const asked = id.value;
    if (!may(session.role, 'events')) return;
    try {
      const events = await api.getEvents(asked, HISTORY);
      if (asked === id.value) live.value = withHistory(live.value, events);
    } catch (error) {
      // The page says more without its past than not at all; the events page tells the reason.
      console.warn(messageOf(error));
    }
  }

  function received(message: Message): void {
    const before = live.value;
    live.value = apply(before, message, Date.now());
    if (message.type === 'resync') {
      void load();
      void loadHistory();
      return;
    }
    if (live.value === before) return;
    const status = live.value.status;
    if (message.type === 'service_status' && status !== null) services.note(id.value, status);
    // Details that no message carries (SSH, who stopped it, phase of an operation) are asked for.
    if (status === null || message.type === 'service_event' || (message.type === 'service_status' && changed(before, live.value)))
      void load();
    listener(message);
  }

  const changed = (before: Live, after: Live): boolean => before.status?.status !== after.status?.status;

  function watch(): void {
    if (!may(session.role, 'events')) return;
    socket = openSocket<Message>({
      path: () => api.statusSocketPath(id.value, live.value.seq),
      parse: parseMessage,
      onMessage: received,
      onConnection(state) {
        connection.value = state;
      },
      onLoginEnded: () => void session.restore(),
      onMismatch: (error) => reportMismatch(error, `/ws/services/${id.value}/status`),
    });
  }

  function close(): void {
    socket?.close();
    socket = null;
    window.clearInterval(poll);
    id.value = '';
    live.value = NOTHING;
    problem.value = null;
    connection.value = 'connecting';
    listener = () => undefined;
  }

  function open(service: string, onEvent: (message: Numbered) => void): void {
    close();
    id.value = service;
    listener = onEvent;
    void load();
    void loadHistory();
    watch();
    // Without the socket (anonymous, or a lost connection) the page still asks now and then.
    poll = window.setInterval(() => {
      if (connection.value !== 'connected' || socket === null) void load();
    }, POLL_MS);
  }

  async function refresh(): Promise<void> {
    const asked = id.value;
    const fresh = await api.refreshService(asked);
    if (asked !== id.value) return;
    if (fresh.status !== undefined) live.value = snapshot(live.value, fresh.status, fresh.health ?? null);
    else await load();
  }

  /** While an operation or a load runs nobody tells its percentage: ask. */
  const follow = (): Promise<void> => load();
  const retry = (): void => socket?.retry();

  return { id, live, connection, problem, name, open, close, load, refresh, follow, retry };
});
