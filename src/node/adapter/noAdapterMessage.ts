import { hasNvidiaDevice, nvidiaAdvice } from './nvidia.js';
import type { ProbedAdapter } from './probe.js';
import type { Route } from './route.js';

/** What one route of the search came to. */
export interface Looked {
  readonly route: Route['name'];
  readonly problem?: string;
  /** Whether the probe itself ended early: a driver crashed or hung. */
  readonly crashed?: boolean;
  readonly adapters: readonly ProbedAdapter[];
}

const ROUTES: Record<Route['name'], string> = {
  system: "the system's drivers",
  vulkan: 'Vulkan drivers',
  lavapipe: 'lavapipe',
  swiftshader: 'SwiftShader from npm',
};

/** Says what was looked for, what each place held, and what to do about it. */
export function noAdapterMessage(request: string | undefined, looked: readonly Looked[]): string {
  return [headline(request), 'Looked at:', ...looked.map(line), adviceFor(request, looked)].join('\n');
}

function headline(request: string | undefined): string {
  if (request === undefined) return 'No WebGPU adapter works here.';
  if (request === 'gpu') return 'A graphics card was asked for and none works here.';
  return `No WebGPU adapter that works here answers to "${request}".`;
}

function line({ route, adapters, problem }: Looked): string {
  const found = adapters.map((adapter) => `${adapter.name}${adapter.problem ? ` (${adapter.problem})` : ''}`);
  return `  ${ROUTES[route]}: ${found.length > 0 ? found.join(', ') : (problem ?? 'no adapter')}`;
}

/** The Debian 12 release has Mesa 22, whose lavapipe lacks shaderUniformArrayDynamicIndexing: Dawn lists no adapter. */
export const LAVAPIPE_ADVICE =
  'lavapipe needs Mesa 23 or newer: apt-get install mesa-vulkan-drivers (on Debian 12 add bookworm-backports and ' +
  'apt-get install -t bookworm-backports mesa-vulkan-drivers)';

function adviceFor(request: string | undefined, looked: readonly Looked[]): string {
  const reference = 'use --adapter reference, which needs no adapter and is slow';
  if (request === 'lavapipe') return `${LAVAPIPE_ADVICE}; or ${reference}.`;
  if (request === 'swiftshader') return `Run \`npm ci\` with optional packages on Linux x64, or ${reference}.`;
  if (request === 'gpu' && hasNvidiaDevice()) {
    return `${nvidiaAdvice(looked.flatMap(({ problem }) => problem ?? []))} Or leave --adapter out, or ${reference}.`;
  }
  if (request === 'gpu') return `Install the graphics card's Vulkan driver, or leave --adapter out; or ${reference}.`;
  if (request !== undefined) return `Name one of the adapters above, gpu, lavapipe or swiftshader, or ${reference}.`;
  return `Install the graphics card's driver. Without a card: ${LAVAPIPE_ADVICE}; or ${reference}.`;
}
