import { describeCheck } from './checkTensors.js';
import type { Inspection } from './inspect.js';

const NAMINGS = { official: 'official names', hf: 'diffusers / transformers names', unknown: 'unknown names' } as const;

/** The plain text of `tokentrim inspect`: a paragraph for each set of weights. */
export function formatInspection(inspections: readonly Inspection[]): string {
  return inspections.map(formatOne).join('\n\n');
}

function formatOne(inspection: Inspection): string {
  const { path, part, naming, tensors, parameters, bytes, dtypes, metadata, config, check, problem, sample } =
    inspection;
  const lines = [path];
  const row = (label: string, text: string) =>
    lines.push(`  ${label.padEnd(11)}${text.replaceAll('\n', '\n             ')}`);
  if (tensors > 0) {
    row('part', `${part}, ${NAMINGS[naming]}`);
    row('size', `${tensors} tensors, ${parameters.toLocaleString('en')} parameters, ${formatBytes(bytes)}`);
    row('dtypes', entries(dtypes));
  }
  if (Object.keys(metadata).length > 0) row('metadata', shorten(entries(metadata)));
  if (config) row('config', entries(config, ' = '));
  if (check) row('tensors', describeCheck(check).join('\n') || 'all there, none unexpected, all shapes right');
  if (problem) row('problem', problem);
  if (sample.length > 0) row('first', sample.map(printable).join('\n') + (tensors > sample.length ? '\n…' : ''));
  return lines.join('\n');
}

function entries(record: object, between = ' '): string {
  const text = (value: unknown) => (typeof value === 'string' ? printable(value) : JSON.stringify(value));
  return Object.entries(record)
    .map(([key, value]) => `${printable(key)}${between}${text(value)}`)
    .join(', ');
}

function formatBytes(bytes: number): string {
  const unit = [1, 1e3, 1e6, 1e9].findLastIndex((size) => bytes >= size);
  return unit <= 0 ? `${bytes} B` : `${(bytes / 1e3 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit]}`;
}

function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}

/** Names and metadata come from files: control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
