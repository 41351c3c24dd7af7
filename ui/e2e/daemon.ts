/** A real daemon with a real Redis: the demonstration in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = resolve(process.env['RESUS_BUILD'] ?? '../build', 'resus');
/** What the daemon says meanwhile, for whoever has to find out why a test failed. */
const LOG = resolve(process.env['RESUS_BUILD'] ?? '../build', 'console-daemon.log');
const READY_MS = 60_000;

export interface Login {
  readonly email: string;
  readonly password: string;
}
export interface Served {
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  readonly admin: Login;
}

export const freePort = (): Promise<number> =>
  new Promise((done) => {
    const taken = createServer().listen(0, '127.0.0.1', () => {
      const address = taken.address();
      taken.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

export class Daemon {
  private constructor(
    private readonly child: ChildProcess,
    readonly served: Served,
  ) {}

  static async start(): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), 'resus-console-'));
    const port = await freePort();
    const child = spawn(PROGRAM, ['demo', '--dir', folder, '--port', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const told: string[] = [];
    rmSync(LOG, { force: true });
    const admin = await new Promise<Login>((done, fail) => {
      const late = setTimeout(() => fail(new Error(`the demonstration is not ready: ${told.join('\n')}`)), READY_MS);
      child.once('exit', (status) => fail(new Error(`the demonstration ended with ${String(status)}: ${told.join('\n')}`)));
      let login: Login | null = null;
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          told.push(line);
          appendFileSync(LOG, `${new Date().toISOString()} ${line.startsWith('Login:') ? 'Login:' : line}\n`);
          const found = /^Login:\s+(\S+)\s+(\S+)/.exec(line);
          if (found !== null) login = { email: found[1] ?? '', password: found[2] ?? '' };
          if (!line.startsWith('Redis:') || login === null) return;
          clearTimeout(late);
          done(login);
        });
      }
    });
    return new Daemon(child, { url: `https://127.0.0.1:${port}`, folder, pid: child.pid ?? 0, admin });
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.served.folder, { recursive: true, force: true });
  }
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A question to the API, as another program would ask it. The demonstration's certificate is its own. */
export function ask(served: Served, method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  return new Promise((done, fail) => {
    const asked = request(`${served.url}${path}`, {
      method,
      rejectUnauthorized: false,
      headers: { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    });
    asked.on('error', fail);
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => done({ status: response.statusCode ?? 0, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text }));
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export async function tokenOf(served: Served, login: Login): Promise<string> {
  const { status, body } = await ask(served, 'POST', '/api/auth/login', login);
  if (status !== 200) throw new Error(`login of ${login.email}: ${status} ${JSON.stringify(body)}`);
  return (body as { token: string }).token;
}

/** An admin's order, ended well: what a test needs to have happened, whichever tests ran before it. */
export async function ordered(served: Served, operation: 'restart' | 'reset-circuit-breaker'): Promise<void> {
  const { status, body } = await ask(served, 'POST', `/api/services/redis/${operation}`, {}, await tokenOf(served, served.admin));
  if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
}

/** As somebody on the host would: the process dies, nobody is asked. */
export function killRedis(served: Served): void {
  const text = readFileSync(join(served.folder, 'state', 'processes', 'redis.pid'), 'utf8');
  process.kill(Number(/\d+/.exec(text)?.[0]), 'SIGKILL');
}

/** The web process of this daemon, found among its children. */
export function webProcess(served: Served): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === served.pid && stat.includes('(resus-web)')) return Number(name);
    } catch {
      // It ended between the list and the look.
    }
  }
  throw new Error('there is no resus-web');
}
