/** Backups for the demonstration: real ones of its Redis, and copies of them under earlier dates. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

import { vi } from 'vitest';

import { ask, tokenOf, type Served } from './daemon';

const WAIT = { timeout: 60_000, interval: 200 };
const DAY_MS = 86_400_000;
const at = (rest: string): string => `/api/services/redis${rest}`;
const idOf = (when: number): string => new Date(when).toISOString().replace(/[-:]|\.\d+/g, '');

interface Status {
  readonly schedule: string | null;
  readonly count: number;
  readonly directory: string;
  readonly job: { readonly number: number } | null;
  readonly last: { readonly number: number; readonly result: string; readonly backup: string | null } | null;
}

export interface Store {
  readonly token: string;
  /** Gives a command to Redis itself; the first line of its reply. */
  readonly redis: (...words: string[]) => Promise<string>;
  /** Puts the section in the place of the one before. */
  readonly configure: (section: string, scheduled: boolean) => Promise<void>;
  /** A real backup, to its end: [its id, how it ended]. */
  readonly create: (reason?: string) => Promise<readonly [string, string]>;
  /** The same backup as the schedule would have made it so many days ago. */
  readonly plant: (id: string, days: readonly number[]) => Promise<void>;
  /** Changes a byte of its data. */
  readonly damage: (id: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function withStore(served: Served): Promise<Store> {
  const token = await tokenOf(served, served.admin);
  const file = join(served.folder, 'resus.yaml');
  const before = readFileSync(file, 'utf8');
  const port = Number(/address: "127\.0\.0\.1:(\d+)"/.exec(before)?.[1]);
  const status = async (): Promise<Status> => (await ask(served, 'GET', at('/backup-status'), undefined, token)).body as Status;
  const folderOf = async (id: string): Promise<string> => ((await ask(served, 'GET', at(`/backups/${id}`), undefined, token)).body as { folder: string }).folder;

  const redis = (...words: string[]): Promise<string> =>
    new Promise((done, fail) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
      socket.once('error', fail);
      socket.once('data', (data) => {
        socket.destroy();
        done(data.toString().split('\r\n')[0] ?? '');
      });
    });

  async function configure(section: string, scheduled: boolean): Promise<void> {
    writeFileSync(file, `${before}\n${section}\n`);
    process.kill(served.pid, 'SIGHUP');
    await vi.waitUntil(async () => ((await status()).schedule !== null) === scheduled, WAIT);
  }

  async function create(reason = ''): Promise<readonly [string, string]> {
    const { status: code, body } = await ask(served, 'POST', at('/backups'), reason === '' ? {} : { reason }, token);
    if (code !== 202) throw new Error(`backup: ${code} ${JSON.stringify(body)}`);
    const { number } = body as { number: number };
    let last: Status['last'] = null;
    await vi.waitUntil(async () => {
      ({ last } = await status());
      return last?.number === number;
    }, WAIT);
    return [last!.backup ?? '', last!.result];
  }

  async function plant(id: string, days: readonly number[]): Promise<void> {
    const from = await folderOf(id);
    const manifest = JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8')) as { started_at: string; finished_at: string };
    const began = Date.parse(manifest.started_at);
    const { count } = await status();
    for (const n of days) {
      const shift = (time: string): string => new Date(Date.parse(time) - n * DAY_MS).toISOString().replace(/\.\d+/, '');
      const name = idOf(began - n * DAY_MS);
      const to = join(dirname(dirname(from)), 'daily', name);
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
      cpSync(from, to, { recursive: true });
      writeFileSync(join(to, 'manifest.json'), JSON.stringify({ ...manifest, id: name, kind: 'daily', by: '', reason: '', started_at: shift(manifest.started_at), finished_at: shift(manifest.finished_at) }));
    }
    process.kill(served.pid, 'SIGHUP');
    await vi.waitUntil(async () => (await status()).count === count + days.length, WAIT);
  }

  // The copies need not wait for a second replica.
  await redis('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  return {
    token,
    redis,
    configure,
    create,
    plant,
    async damage(id) {
      const dump = join(await folderOf(id), 'dump.rdb');
      const bytes = readFileSync(dump);
      bytes[bytes.length - 12]! ^= 1;
      writeFileSync(dump, bytes);
    },
    async stop() {
      const { directory } = await status();
      await redis('ACL', 'SETUSER', 'default', '+@all');
      rmSync(join(directory, 'redis'), { recursive: true, force: true });
      writeFileSync(file, before);
      process.kill(served.pid, 'SIGHUP');
      await vi.waitUntil(async () => {
        const now = await status();
        return now.schedule === null && now.count === 0;
      }, WAIT);
    },
  };
}
