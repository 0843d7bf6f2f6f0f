import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that an input may take above what there was before it. */
export const MAX_GROWTH = 64 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const field = (name: string): number =>
  1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

/** The most that the process ever had; quick to ask for. */
export const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

/** Collects garbage, and has the peak begin anew (Linux). @returns what there is now */
export function resetPeak(): number {
  collect();
  writeFileSync('/proc/self/clear_refs', '5');
  return field('VmRSS');
}
