import { channelList, sent, type Channel, type Sent } from '@/contract/incidents';

import { anything, call } from './http';

/** A notice to everybody who has a console open, and to the configured channels. */
export const notifyUsers = (message: string, service: string): Promise<unknown> =>
  call('/api/notifications', anything, { method: 'POST', body: { message, service } });

export const listChannels = async (): Promise<Channel[]> => (await call('/api/channels', channelList)).items;
/** Really sends; the answer comes when the channel has answered, after 10 s at most. */
export const testChannel = (channel: string): Promise<Sent> => call('/api/notifications/test', sent, { method: 'POST', body: { channel } });
