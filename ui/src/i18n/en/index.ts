import { account } from './account';
import { backups } from './backups';
import { procedures } from './procedures';
import { common } from './common';
import { dialogs } from './dialogs';
import { fleet } from './fleet';
import { alerts, channels, duty, incidents, maintenance } from './incidents';
import { inspect } from './inspect';
import { pages } from './pages';
import { restores } from './restores';
import { service } from './service';

/** Every English text of the console. */
export const en = {
  ...common,
  account,
  alerts,
  backups,
  procedures,
  channels,
  dialogs,
  duty,
  fleet,
  incidents,
  inspect,
  maintenance,
  pages,
  restores,
  service,
};
