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

import { createInbox } from './inbox';
import { afterPaint } from './paint';
import { createTurns } from './turns';

const POLL_MS = 30_000;
/** The newest; the page of events has the rest. */
const HISTORY = 25;
const TOO_MANY = 429;

const changed = (before: Live, after: Live): boolean => before.status?.status !== after.status?.status;

interface Foreseen {
  readonly service: string;
  readonly coming: Promise<api.Known>;
  known: api.Known | null;
}

interface Merged {
  readonly next: Live;
  /** What was new among the messages. */
  readonly told: readonly Numbered[];
  /** Details that no message carries (SSH, who stopped it, phase of an operation) are to be asked for. */
  readonly more: boolean;
  readonly again: boolean;
}

function merged(known: Live, messages: readonly Message[]): Merged {
  const told: Numbered[] = [];
  let next = known;
  let more = false;
  let again = false;
  for (const message of messages) {
    const before = next;
    next = apply(before, message, Date.now());
    if (message.type === 'resync') again = true;
    else if (next !== before) {
      told.push(message);
      more ||= next.status === null || message.type === 'service_event' || (message.type === 'service_status' && changed(before, next));
    }
  }
  return { next, told, more, again };
}

/** The one service whose page is open: what is known of it, kept up to date. */
export const useService = defineStore('service', () => {
  const session = useSession();
  const services = useServices();
  const id = ref('');
  const live = shallowRef<Live>(NOTHING);
  const connection = ref<Connection>('connecting');
  const problem = ref<ApiError | null>(null);
  const inbox = createInbox<Message>((messages) => received(messages));
  const name = computed(() => live.value.status?.name ?? services.nameOf(id.value));
  let socket: LiveSocket | null = null;
  let poll: number | undefined;
  let listener: (message: Numbered) => void = () => undefined;
  let foreseen: Foreseen | null = null;
  const turns = createTurns();

  /** An answer that is on its way before the page of that service is there; a failure is told when the page asks itself. */
  async function foresee(service: string, coming: Promise<api.Known>): Promise<void> {
    const question: Foreseen = { service, coming, known: null };
    foreseen = question;
    try {
      question.known = await question.coming;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  function know(asked: string, [status, health]: api.Known): void {
    live.value = snapshot(live.value, status, health);
    services.note(asked, status);
    problem.value = null;
    if (!may(session.role, 'events')) connection.value = 'connected';
  }

  /** Dropped are answers that come back after the reader went to another service, or after one to a later question. */
  async function load(answer?: Promise<api.Known>): Promise<void> {
    const asked = id.value;
    const turn = turns.next();
    try {
      const known = await (answer ?? api.getKnown(asked));
      if (asked === id.value && turns.take(turn)) know(asked, known);
    } catch (error) {
      if (asked !== id.value) return;
      if (!(error instanceof ApiError)) throw error;
      problem.value = error;
      if (error.status === TOO_MANY) turns.again(() => void load());
      if (!may(session.role, 'events') && error.status === 0) connection.value = 'disconnected';
    }
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

  function received(messages: readonly Message[]): void {
    const { next, told, more, again } = merged(live.value, messages);
    live.value = next;
    if (next.status !== null && told.some(({ type }) => type === 'service_status' || type === 'service_event')) services.noteEnded(id.value, next.status);
    if (more || again) void load();
    if (again) void loadHistory();
    told.forEach((message) => listener(message));
  }

  function watch(): void {
    if (!may(session.role, 'events')) return;
    socket = openSocket<Message>({
      path: () => api.statusSocketPath(id.value, live.value.seq),
      parse: parseMessage,
      onMessage: (message) => inbox.put(message),
      onConnection(state) {
        connection.value = state;
      },
      onLoginEnded: () => session.restore().then(() => may(session.role, 'events')),
      onMismatch: (error) => reportMismatch(error, `/ws/services/${id.value}/status`),
    });
  }

  function close(): void {
    socket?.close();
    socket = null;
    inbox.clear();
    window.clearInterval(poll);
    turns.clear();
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
    const more = (): void => {
      if (id.value !== service || socket !== null) return;
      void loadHistory();
      watch();
    };
    // First how it is now; what happened before and what comes next have the time that this takes.
    const first = foreseen?.service === service ? foreseen : null;
    foreseen = null;
    if (first?.known) {
      know(service, first.known);
      afterPaint(more);
    } else void load(first?.coming).finally(more);
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


  return { id, live, connection, problem, name, open, close, load, refresh, retry: () => socket?.retry(), foresee };
});
