import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/**
 * Bytes that the machine has left for this process.
 * Node tells what is available to the process (from 20.13 on): caches that would be given up and the limit of its control
 * group included, but not a limit of its address space (`ulimit -v`), past which drivers crash.
 */
export function availableMemory(): number {
  const ofMachine = typeof process.availableMemory === 'function' ? process.availableMemory() : freemem();
  return Math.min(ofMachine, addressSpaceLeft());
}

/** What `ulimit -v` leaves; Linux only. */
function addressSpaceLeft(): number {
  try {
    const limit = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const used = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return limit && used ? Math.max(0, Number(limit) - Number(used) * 1024) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
