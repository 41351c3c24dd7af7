import type { TestProject } from 'vitest/node';

import { ask, Daemon, tokenOf, type Login, type Served } from './daemon';

export interface People {
  readonly admin: Login;
  readonly operator: Login;
  readonly viewer: Login;
}
declare module 'vitest' {
  interface ProvidedContext {
    served: Served;
    people: People;
  }
}

const PASSWORD = 'correct horse 42 battery';

/** One daemon for the whole suite, with somebody of each role. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const daemon = await Daemon.start();
  const { served } = daemon;
  const token = await tokenOf(served, served.admin);
  const made: Record<string, Login> = {};
  for (const role of ['operator', 'viewer']) {
    const login = { email: `${role}@example.org`, password: PASSWORD };
    const { status, body } = await ask(served, 'POST', '/api/users', { ...login, role }, token);
    if (status >= 300) throw new Error(`user ${role}: ${status} ${JSON.stringify(body)}`);
    made[role] = login;
  }
  const { operator, viewer } = made;
  if (operator === undefined || viewer === undefined) throw new Error('nobody was made');
  project.provide('served', served);
  project.provide('people', { admin: served.admin, operator, viewer });
  return () => daemon.stop();
}
