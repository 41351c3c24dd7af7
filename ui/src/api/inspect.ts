import * as shape from '@/contract/inspect';
import { OPERATIONS } from '@/contract/types.gen';

import { call } from './http';

/** The daemon searches for big keys for so long and says then how far it came; a server that answers slowly may take some seconds more. */
export const BIGKEYS_BUDGET_MS = OPERATIONS.inspect.budgetMs;
const BIGKEYS_TIMEOUT_MS = BIGKEYS_BUDGET_MS + 25_000;

const at = (id: string, what: string): string => `/api/services/${encodeURIComponent(id)}/inspect/${what}`;

export const getSlowlog = async (id: string, withArguments: boolean): Promise<shape.SlowCommand[]> =>
  (await call(at(id, 'slowlog'), shape.slowlog, withArguments ? { query: { with_arguments: 'true' } } : {})).items;
export const getClients = (id: string): Promise<shape.Clients> => call(at(id, 'clients'), shape.clients);
export const getCommandstats = async (id: string): Promise<shape.CommandStat[]> => (await call(at(id, 'commandstats'), shape.commandstats)).items;
export const getBigkeys = (id: string): Promise<shape.BigKeys> => call(at(id, 'bigkeys'), shape.bigkeys, { timeoutMs: BIGKEYS_TIMEOUT_MS });
