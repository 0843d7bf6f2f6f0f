import { TokenTrimError } from '../../../src/errors.js';
import type { FuzzTarget } from './target.js';

/** What was wrong with a run of a parser, in a line, and where. */
export interface Finding {
  readonly what: string;
  readonly detail: string;
}

const PROTOTYPES = [Object, Array, Function, String, Number, Map, Set, Promise].map(({ prototype }) => prototype);
const fieldsOf = () => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length).join();
const sound = fieldsOf();

/** Processor time that an input may take, in seconds. */
export const MAX_SECONDS = 1;

/** Runs a parser on an input: it parses it or explains what is wrong, within the time, and leaves prototypes as they are. */
export async function observe(
  target: FuzzTarget,
  bytes: Uint8Array,
  maxSeconds = MAX_SECONDS,
): Promise<Finding | undefined> {
  const before = process.cpuUsage();
  try {
    await target.run(bytes);
  } catch (error) {
    const found = errorFinding(error);
    if (found) return found;
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  if (fieldsOf() !== sound) return { what: 'pollution', detail: fieldsOf() };
  return seconds > maxSeconds ? { what: 'slow', detail: `${seconds.toFixed(1)} s of processor time` } : undefined;
}

function errorFinding(error: unknown): Finding | undefined {
  if (error instanceof TokenTrimError) return undefined;
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
  const place = stack.split('\n').find((line) => /\bsrc\/|node_modules\//.test(line)) ?? stack.split('\n')[1] ?? '';
  return {
    what: `${name} ${place.trim().replace(/\(?file:\/\/|\/.*?\/(?=src\/)/g, '')}`,
    detail: `${message.slice(0, 300)}\n${stack.slice(0, 1500)}`,
  };
}
