let plain: Intl.NumberFormat | null = null;

export const wholeText = (value: number): string => (plain ??= new Intl.NumberFormat('en', { maximumFractionDigits: 0 })).format(value);

/** One figure after the point below 100, none above. */
export function shortText(value: number): string {
  if (Math.abs(value) < 10) return value.toFixed(value === Math.round(value) ? 0 : 1);
  return Math.abs(value) < 100 ? value.toFixed(1).replace(/\.0$/, '') : wholeText(value);
}

/** As the guide writes it: "128.5 MB"; whole gibibytes as GB. */
export function memoryText(mb: number): string {
  if (mb >= 1024 && mb % 1024 === 0) return `${wholeText(mb / 1024)} GB`;
  if (mb >= 10240) return `${(mb / 1024).toFixed(1)} GB`;
  return `${mb >= 1000 ? wholeText(mb) : mb.toFixed(1).replace(/\.0$/, '')} MB`;
}

/** "0.4 ms", "12 ms", "1.2 s". */
export function latencyText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 10) return `${Math.round(ms)} ms`;
  // What takes no time at all was not measured finely enough.
  return ms < 0.05 ? '< 0.1 ms' : `${Number(ms.toFixed(1))} ms`;
}

/** The guide's spelling inside a check: "2.5ms". */
export const checkText = (ms: number): string => latencyText(ms).replace(' ms', 'ms').replace(' s', 's');

export function percentText(value: number): string {
  return `${value < 10 && value > 0 ? value.toFixed(1) : Math.round(value)} %`;
}

/** As the guide writes a figure beside its limit: "128.5", "4096". */
export const plainText = (value: number): string => String(Math.round(value * 10) / 10);

const KB = 1024;
const MB = KB * KB;
const TB = MB * MB;
/** "512 B", "25 KB", "160 MB", "48.5 GB", "1.2 TB": how much of a disk. */
export function bytesText(bytes: number): string {
  if (bytes < KB) return `${wholeText(bytes)} B`;
  if (bytes < MB) return `${shortText(bytes / KB)} KB`;
  if (bytes < MB * KB) return `${shortText(bytes / MB)} MB`;
  return bytes < TB ? `${shortText(bytes / MB / KB)} GB` : `${shortText(bytes / TB)} TB`;
}
