import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import type { Device } from '../tensor/device.js';
import { adapterKind } from '../tensor/gpu/adapterKind.js';

const NO_NAMES = { vendor: '', architecture: '', device: '', isFallbackAdapter: false } as const;

/**
 * Bytes that a run may take on a device: where the device is the processor, what the machine has left; WebGPU does not say
 * what a graphics card has.
 */
export function availableOn({ kind, name }: Pick<Device, 'kind' | 'name'>): number | undefined {
  const onProcessor = kind === 'reference' || adapterKind({ ...NO_NAMES, description: name }) !== 'gpu';
  return onProcessor ? availableMemory() : undefined;
}

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
