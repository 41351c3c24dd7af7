/** A real daemon that watches many services: small programs that answer as Redis does, run by Resus itself. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { freePort, type Login, type Served } from './daemon';

const BUILD = resolve(process.env['RESUS_BUILD'] ?? '../build');
const SERVER = join(BUILD, 'tests/bench/tiny-redis');
const READY_MS = 200_000;
const AT_ONCE = 16;
/** An address of the loopback for this run alone: another one on this machine has others. Two digits each: a test that searches for
 * three finds names and ports only. Ports below those that the system hands out. */
const HOST = `127.${64 + (process.pid % 36)}.${11 + (Math.floor(process.pid / 36) % 89)}.1`;
const FIRST_PORT = 21_000;

export interface FleetPlan {
  readonly size: number;
  /** The last of them are never started, and nobody starts them. */
  readonly down: number;
  /** Wait until every state is known? A machine with too much to do may never know a thousand of them at one moment. */
  readonly settled?: boolean;
}

interface Frame {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The control socket: requests of root, a few at a time, without login or limit. */
class Control {
  private read = Buffer.alloc(0);
  private next = 0;
  private readonly waiting = new Map<number, (frame: Frame) => void>();
  private constructor(private readonly socket: ReturnType<typeof createConnection>) {
    socket.on('data', (data) => {
      this.read = Buffer.concat([this.read, data]);
      while (this.read.length >= 4 && this.read.length >= 4 + this.read.readUInt32BE(0)) {
        const end = 4 + this.read.readUInt32BE(0);
        const frame = JSON.parse(this.read.subarray(4, end).toString()) as Frame & { id: number };
        this.read = this.read.subarray(end);
        this.waiting.get(frame.id)?.(frame);
        this.waiting.delete(frame.id);
      }
    });
  }
  static open(path: string): Promise<Control> {
    return new Promise((done, fail) => {
      const socket = createConnection(path, () => done(new Control(socket)));
      socket.once('error', fail);
    });
  }
  ask(op: string, service: string | null, args: object = {}): Promise<Frame> {
    const body = Buffer.from(JSON.stringify({ id: ++this.next, op, ...(service === null ? {} : { service }), args }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    this.socket.write(Buffer.concat([head, body]));
    return new Promise((done) => this.waiting.set(this.next, done));
  }
  close(): void {
    this.socket.destroy();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** s000, s001 ...: names, groups and tags of several kinds, for the search. */
function settings(folder: string, port: number, { size, down }: FleetPlan): string {
  const names = ['Sessions', 'Queue', 'Cache', 'Search', 'Basket'];
  const groups = ['Shop', 'Billing', 'Research'];
  const services = Array.from({ length: size }, (_, i): [string, object] => [
    `s${String(i).padStart(3, '0')}`,
    {
      name: `${names[i % names.length] ?? ''} ${String(i).padStart(3, '0')}`,
      group: groups[i % groups.length],
      tags: [i % 2 === 0 ? 'eu' : 'us', ...(i % 10 === 0 ? ['critical'] : [])],
      vm_name: `rack-${i % 7}`,
      unit: `tiny-${i}`,
      address: `${HOST}:${FIRST_PORT + i}`,
      control: 'process',
      process: { program: SERVER },
      ...(i >= size - down ? { auto_recovery: { enabled: false } } : {}),
    },
  ]);
  return JSON.stringify({
    server: { listen: `127.0.0.1:${port}`, state_dir: join(folder, 'state'), control_socket: join(folder, 'control.sock') },
    audit: { file: join(folder, 'audit.log') },
    rate_limits: { status: 0, health: 0 },
    // A machine with two cores runs a thousand servers, the watch of them and a browser.
    health_check: { thresholds: { response_time_ms_warning: 4000, response_time_ms_critical: 4900 } },
    services: Object.fromEntries(services),
  });
}

export class Fleet {
  private constructor(
    private readonly child: ChildProcess,
    readonly served: Served,
    readonly ids: readonly string[],
    readonly control: Control,
  ) {}

  static async start(plan: FleetPlan): Promise<Fleet> {
    const built = spawnSync('ninja', ['-C', BUILD, 'tests/bench/tiny-redis'], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`tiny-redis: ${built.stdout}`);
    const folder = mkdtempSync(join(tmpdir(), 'resus-fleet-'));
    mkdirSync(join(folder, 'state'));
    const port = await freePort();
    const file = join(folder, 'resus.yaml');
    writeFileSync(file, settings(folder, port, plan), { mode: 0o640 });
    const log = openSync(join(BUILD, 'console-fleet.log'), 'w');
    const child = spawn(join(BUILD, 'resus'), ['serve', '--config', file], { stdio: ['ignore', log, log] });
    const admin: Login = { email: 'admin@example.org', password: 'correct horse 42 battery' };
    const served: Served = { url: `https://127.0.0.1:${port}`, folder, pid: child.pid ?? 0, admin };
    const ids = Array.from({ length: plan.size }, (_, i) => `s${String(i).padStart(3, '0')}`);
    const end = Date.now() + READY_MS;
    for (;;) {
      const control = await Control.open(join(folder, 'control.sock')).catch(() => null);
      if (control === null) {
        if (Date.now() > end || child.exitCode !== null) throw new Error('resus serve is not ready: console-fleet.log says why');
        await sleep(100);
        continue;
      }
      const fleet = new Fleet(child, served, ids, control);
      try {
        await fleet.begin(plan, end);
      } catch (error) {
        await fleet.stop();
        throw error;
      }
      return fleet;
    }
  }

  private async begin({ size, down, settled }: FleetPlan, end: number): Promise<void> {
    await this.control.ask('user_add', null, { ...this.served.admin, role: 'admin' });
    const left = this.ids.slice(0, size - down);
    // A machine with too much to do trusts nothing that it measures: what was refused for that is ordered again.
    const start = async (id: string): Promise<void> => {
      while ((await this.control.ask('start', id, { reason: 'test' })).status >= 400 && Date.now() < end) await sleep(500);
    };
    const worker = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) await start(id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    while (settled !== false) {
      const { body } = await this.control.ask('services', null);
      const items = body['items'] as { readonly overall_status: string; readonly status: string }[];
      const well = items.filter((item) => item.status === 'running').length;
      const stopped = items.filter((item) => item.status === 'stopped').length;
      if (well === size - down && stopped === down) return;
      if (Date.now() > end) throw new Error(`of ${size} services ${well} are running and ${stopped} are stopped`);
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    this.control.close();
    const ended = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGTERM');
    await ended;
    // Redis goes on without Resus; these have nobody else.
    const processes = join(this.served.folder, 'state', 'processes');
    for (const name of readdirSync(processes).filter((one) => one.endsWith('.pid'))) {
      try {
        process.kill(Number(/\d+/.exec(readFileSync(join(processes, name), 'utf8'))?.[0]), 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
    rmSync(this.served.folder, { recursive: true, force: true });
  }
}
