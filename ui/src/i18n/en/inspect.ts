import { plural } from './plural';

export const inspect = {
  title: 'Inspection',
  link: 'Look into Redis',
  menu: (name: string) => `Look into ${name}`,
  of: (name: string) => `Inside ${name}`,
  text: 'What Redis reports. Looking changes nothing, and every look is noted in the audit log.',
  looks: { slowlog: 'Slow commands', clients: 'Clients', commandstats: 'Commands', bigkeys: 'Big keys' },
  about: {
    slowlog: 'The newest commands that took longer than slowlog-log-slower-than, at most 128.',
    clients: 'Who is connected now, at most 1,000.',
    commandstats: 'Which kinds of command took the time since Redis started, or since CONFIG RESETSTAT.',
    bigkeys: 'Keys that take the most memory, at most 20. Keys are measured one by one, and the search ends after some seconds; Redis serves its clients meanwhile.',
  },
  columns: {
    took: 'Took', command: 'Command', when: 'When', client: 'Client', address: 'Address', name: 'Name', user: 'User', last: 'Last command', idle: 'Idle', age: 'Connected',
    memory: 'Memory', db: 'DB', calls: 'Calls', total: 'Time in all', each: 'Time per call', rejected: 'Rejected', failed: 'Failed', key: 'Key',
  },
  sortBy: 'Sort by',
  orders: { figures: { up: 'smallest first', down: 'largest first' }, texts: { up: 'A first', down: 'Z first' }, times: { up: 'oldest first', down: 'newest first' } },
  values: 'Show values',
  valuesText: 'Values may be secret: they are shown on this page only, and the look is noted.',
  again: 'Look again',
  looked: (text: string) => `Looked ${text}.`,
  asking: 'Redis is being asked …',
  search: 'Search for big keys',
  searching: (seconds: number, most: number) => `Measuring keys: ${seconds} of at most ${most} s.`,
  progress: 'Time used of the search',
  found: (n: number) => `${plural(n, 'key', 'keys')} measured: all of them.`,
  foundSome: (n: number, passed: number) =>
    `${plural(n, 'key', 'keys')} measured, not all of them: a bigger one may be among the others.${passed === 0 ? '' : ` ${plural(passed, 'key was', 'keys were')} passed over.`}`,
  shownOf: (n: string, all: string) => `${n} of ${all} clients are shown.`,
  empty: {
    slowlog: 'No command was slow.',
    clients: 'Nobody is connected.',
    commandstats: 'Redis has counted no command.',
    bigkeys: 'Redis holds no key.',
  },
};
