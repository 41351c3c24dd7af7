import { Mismatch } from '@/contract/parse';
import { backoffMs } from '@/domain/backoff';

export type Connection = 'connecting' | 'connected' | 'disconnected';

export interface LiveSocket {
  close(): void;
  /** Tries at once instead of waiting for the next attempt (the page became visible, the network came back). */
  retry(): void;
}

export interface SocketHandlers<T> {
  /** The path, asked before every attempt: it holds the number to resume behind. */
  path(): string;
  parse(value: unknown): T | null;
  onMessage(message: T): void;
  onConnection(state: Connection): void;
  /** Resolves to true when somebody is logged in all the same: the token was renewed meanwhile. */
  onLoginEnded(): Promise<boolean>;
  onMismatch(error: Mismatch): void;
}

const LOGIN_ENDED = 4401;
/** The server sends something at least every 30 s; after this silence the connection is taken for dead (a laptop that slept). */
const SILENCE_MS = 75_000;

/** One WebSocket that comes back by itself until it is closed. */
export function openSocket<T>(handlers: SocketHandlers<T>): LiveSocket {
  let socket: WebSocket | null = null;
  let attempt = 0;
  let closed = false;
  let left = false;
  let retryTimer: number | undefined;
  let silenceTimer: number | undefined;

  function heard(): void {
    window.clearTimeout(silenceTimer);
    silenceTimer = window.setTimeout(() => drop(), SILENCE_MS);
  }

  function drop(): void {
    window.clearTimeout(silenceTimer);
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
    later();
  }

  function later(): void {
    handlers.onConnection('disconnected');
    if (closed) return;
    window.clearTimeout(retryTimer);
    retryTimer = window.setTimeout(connect, backoffMs(attempt++, Math.random));
  }

  function received(data: unknown): void {
    heard();
    try {
      const parsed = typeof data === 'string' ? handlers.parse(JSON.parse(data) as unknown) : null;
      if (parsed !== null) handlers.onMessage(parsed);
    } catch (error) {
      if (error instanceof Mismatch) handlers.onMismatch(error);
      else if (error instanceof SyntaxError) handlers.onMismatch(new Mismatch('', 'JSON', data));
      else throw error;
    }
  }

  function connect(): void {
    window.clearTimeout(retryTimer);
    if (closed || socket !== null) return;
    handlers.onConnection('connecting');
    const address = new URL(handlers.path(), window.location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(address);
    heard();
    socket.onopen = () => {
      attempt = 0;
      handlers.onConnection('connected');
    };
    socket.onmessage = (event: MessageEvent<unknown>) => received(event.data);
    socket.onclose = (event) => {
      socket = null;
      window.clearTimeout(silenceTimer);
      if (event.code === LOGIN_ENDED) {
        closed = true;
        void handlers.onLoginEnded().then((still) => {
          if (still) connectAgain();
        });
      }
      later();
    };
  }

  function connectAgain(): void {
    if (left) return;
    closed = false;
    connect();
  }

  connect();
  return {
    close() {
      closed = left = true;
      window.clearTimeout(retryTimer);
      window.clearTimeout(silenceTimer);
      if (socket !== null) {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        socket = null;
      }
    },
    retry() {
      if (socket === null) {
        attempt = 0;
        connect();
      }
    },
  };
}
