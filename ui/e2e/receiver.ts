/** Channels for the demonstration: a receiver of this process that takes messages, and one that refuses them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { vi } from 'vitest';

import { ask, tokenOf, type Served } from './daemon';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const WAIT = { timeout: 60_000 };

export interface Receiver {
  /** The bodies that were taken. */
  readonly taken: string[];
  /** For orders and answers beside the page. */
  readonly token: string;
  stop(): Promise<void>;
}

/** By an order and not by the settings: an order that another test gave would hold against those. */
async function recover(served: Served, token: string, enabled: boolean): Promise<void> {
  const { status } = await ask(served, 'PATCH', '/api/services/redis/auto-recovery', { enabled }, token);
  if (status !== 200) throw new Error(`auto-recovery: ${status}`);
}

async function reload(served: Served, token: string, settings: string, channels: number): Promise<void> {
  writeFileSync(join(served.folder, 'resus.yaml'), settings);
  process.kill(served.pid, 'SIGHUP');
  await vi.waitUntil(async () => ((await ask(served, 'GET', '/api/channels', undefined, token)).body as { items: unknown[] }).items.length === channels, WAIT);
}

/** Nothing recovers by itself meanwhile: a killed Redis is an alert at once. */
export async function withReceiver(served: Served): Promise<Receiver> {
  const token = await tokenOf(served, served.admin);
  const before = readFileSync(join(served.folder, 'resus.yaml'), 'utf8');
  const taken: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      if (request.url === '/gone') response.writeHead(410);
      else taken.push(body);
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const secret = join(served.folder, 'hook-secret');
  writeFileSync(secret, SECRET, { mode: 0o600 });
  const hook = (path: string): string => `{type: webhook, url: "http://127.0.0.1:${port}/${path}", secret_file: "${secret}"}`;
  const section = `
alerts:
  channels:
    hook: ${hook('taken')}
    gone: ${hook('gone')}
  routes:
    - {channels: [hook]}
  resolve_after_seconds: 1
`;
  await reload(served, token, before + section, 2);
  await recover(served, token, false);
  return {
    taken,
    token,
    async stop() {
      await recover(served, token, true);
      await reload(served, token, before, 0);
      await new Promise((done) => server.close(done));
    },
  };
}
