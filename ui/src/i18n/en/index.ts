import { account } from './account';
import { common } from './common';
import { dialogs } from './dialogs';
import { pages } from './pages';
import { service } from './service';

/** Every English text of the console. */
export const en = { ...common, account, dialogs, pages, service };
