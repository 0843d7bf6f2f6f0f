import type { AdapterKind } from '../../tensor/gpu/adapterKind.js';
import type { ProbedAdapter } from './probe.js';

/** Best first: SwiftShader is 7 to 10 times slower than lavapipe. */
const PREFERENCE: readonly AdapterKind[] = ['gpu', 'lavapipe', 'swiftshader', 'software'];

const isKind = (word: string): word is AdapterKind => (PREFERENCE as readonly string[]).includes(word);

/**
 * The best adapter that works and answers to `request`: one of that very name before those whose names contain it. Dawn lists
 * discrete cards first, and that order is kept.
 */
export function chooseAdapter(adapters: readonly ProbedAdapter[], request?: string): ProbedAdapter | undefined {
  const fitting = adapters.filter((adapter) => !adapter.problem && matches(adapter, request));
  const exact = fitting.filter(({ name }) => name.toLowerCase() === request?.toLowerCase());
  return (exact.length > 0 ? exact : fitting).sort(
    (one, other) => PREFERENCE.indexOf(one.kind) - PREFERENCE.indexOf(other.kind),
  )[0];
}

function matches(adapter: ProbedAdapter, request: string | undefined): boolean {
  if (request === undefined) return true;
  if (isKind(request)) return adapter.kind === request;
  return `${adapter.name} ${adapter.description}`.toLowerCase().includes(request.toLowerCase());
}

/** A name as `GPUAdapterInfo.device` has it: in small letters, what lies between them a hyphen. */
export function deviceOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
