import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Runs a full garbage collection now, where the runtime allows it.
 * For native objects whose memory V8 does not see: it would let hundreds of megabytes of them wait on a small heap.
 */
export function collectGarbage(): void {
  collect ??= findCollector();
  collect();
}

let collect: (() => void) | undefined;

function findCollector(): () => void {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    return () => undefined;
  }
}
