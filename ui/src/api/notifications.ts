import { anything, call } from './http';

/** A notice to everybody who has a console open, and to the configured channels. */
export const notifyUsers = (message: string, service: string): Promise<unknown> =>
  call('/api/notifications', anything, { method: 'POST', body: { message, service } });
