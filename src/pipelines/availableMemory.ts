import { freemem } from 'node:os';
import { adapterKind } from '../tensor/adapter/adapterKind.js';
import type { Device } from '../tensor/device.js';

const NO_NAMES = { vendor: '', architecture: '', device: '', isFallbackAdapter: false } as const;

/**
 * Bytes that a run may take on a device: where the device is the processor, what the machine has left; WebGPU does not say
 * what a graphics card has.
 */
export function availableOn({ kind, name }: Pick<Device, 'kind' | 'name'>): number | undefined {
  const onProcessor = kind === 'reference' || adapterKind({ ...NO_NAMES, description: name }) !== 'gpu';
  return onProcessor ? availableMemory() : undefined;
}

/** Node tells what is available to the process (from 20.13 on), caches that would be given up included. */
function availableMemory(): number {
  return typeof process.availableMemory === 'function' ? process.availableMemory() : freemem();
}
