import { TokenTrimError } from '../../errors.js';
import { type AdapterKind, adapterKind } from '../../tensor/gpu/adapterKind.js';
import { EXACT_TIMESTAMPS, SUBGROUP_MATRIX_OPTIONS } from '../../tensor/gpu/requestDevice.js';
import { chooseAdapter, deviceOf } from './chooseAdapter.js';
import { installGentlePolling } from './gentlePolling.js';
import { listAdapters } from './listAdapters.js';
import { type Looked, noAdapterMessage } from './noAdapterMessage.js';
import type { ProbedAdapter } from './probe.js';
import { backendOptions, lavapipeRoute, onRoute, type Route } from './route.js';
import { requestOn, routesFor } from './routesFor.js';
import { driverFilesFromEnvironment } from './vulkanDrivers.js';

/** An adapter that is ready for one device: WebGPU lets an adapter be used once, so look again for a second device. */
export interface FoundAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  /** The driver's own name, such as `NVIDIA H200` or `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  readonly kind: AdapterKind;
  /** The driver and its version. */
  readonly description: string;
  readonly features: string[];
  readonly limits: Record<string, number>;
  /** What the user should know: that the adapter runs on the processor, or that a better one failed. */
  readonly note?: string;
}

/**
 * Finds an adapter: a real GPU, else a system software driver that works, else the SwiftShader of an npm package.
 *
 * @param request `gpu`, `lavapipe`, `swiftshader` or part of an adapter's name; undefined takes the best there is.
 * @param options `profile` for devices whose time stamps are to be exact
 * @throws TokenTrimError if there is none: what was looked for, what was found, what to do.
 */
export async function findAdapter(request?: string, options: { profile?: boolean } = {}): Promise<FoundAdapter> {
  const wanted = request?.trim().toLowerCase() || undefined;
  const looked: Looked[] = [];
  for (const attempt of routesFor(wanted)) {
    if ('problem' in attempt) {
      looked.push({ route: attempt.name, problem: attempt.problem, adapters: [] });
      continue;
    }
    const { adapters, complaints, problem } = listAdapters(attempt);
    looked.push({ route: attempt.name, adapters, problem: problem ?? complaints[0], crashed: problem !== undefined });
    const chosen = chooseAdapter(adapters, requestOn(attempt, wanted));
    const found = chosen && (await open(attempt, chosen, { others: adapters, ...options }));
    if (found) return { ...found, note: noteFor(found, wanted, looked) };
    if (chosen) looked.push({ route: attempt.name, problem: `${chosen.name} could not be opened`, adapters: [] });
  }
  throw new TokenTrimError(noAdapterMessage(wanted, looked));
}

/**
 * If an object that `create()` returned is collected, the process dies with SIGSEGV or SIGABRT, even while a device
 * made from it is in use and its adapter is held (webgpu 0.4.0 and 0.6.2). So each is kept for the life of the process.
 */
const keptAlive = new Map<string, GPU>();

async function open(
  route: Route,
  chosen: ProbedAdapter,
  { others, profile }: { others: readonly ProbedAdapter[]; profile?: boolean },
): Promise<FoundAdapter | undefined> {
  const { create } = await loadDawn();
  return onRoute(alone(route, chosen), async () => {
    const options = [
      ...backendOptions(route),
      `adapter=${chosen.name}`,
      ...(chosen.kind === 'gpu' ? SUBGROUP_MATRIX_OPTIONS : []),
      ...(profile ? EXACT_TIMESTAMPS : []),
    ];
    const key = JSON.stringify([route, options]);
    const gpu = keptAlive.get(key) ?? create(options);
    keptAlive.set(key, gpu);
    const adapter = await requestNamed(gpu, chosen.name, others);
    if (!adapter || adapterKind(adapter.info) !== chosen.kind) return undefined;
    const { name, kind, description, features, limits } = chosen;
    return { gpu, adapter, name, kind, description, features, limits };
  });
}

/**
 * Dawn takes the first adapter whose name contains the one that it is told, and lists them by power: where that is another
 * card, the other order may begin with the right one.
 */
async function requestNamed(gpu: GPU, name: string, others: readonly ProbedAdapter[]): Promise<GPUAdapter | null> {
  const isAnother = ({ info }: GPUAdapter) =>
    others.some((other) => other.name !== name && deviceOf(other.name) === info.device);
  for (const powerPreference of ['high-performance', 'low-power'] as const) {
    const adapter = await gpu.requestAdapter({ powerPreference }).catch(() => null);
    if (!adapter || !isAnother(adapter)) return adapter;
  }
  return null;
}

/** Once lavapipe is chosen there is no need to load the drivers of graphics cards beside it. */
function alone(route: Route, chosen: ProbedAdapter): Route {
  const narrowed = driverFilesFromEnvironment() !== undefined;
  return (route.name === 'system' && !narrowed && chosen.kind === 'lavapipe' && lavapipeRoute()) || route;
}

async function loadDawn(): Promise<typeof import('webgpu')> {
  try {
    const dawn = await import('webgpu');
    installGentlePolling();
    return dawn;
  } catch (error) {
    throw new TokenTrimError(
      `Dawn's Node bindings (npm package webgpu) do not load on ${process.platform} ${process.arch}: ` +
        `${(error as Error).message}. They need macOS, Windows, or Linux with glibc 2.34 or newer; ` +
        'run `npm ci` again, or use --adapter reference.',
    );
  }
}

function noteFor(found: FoundAdapter, wanted: string | undefined, looked: Looked[]): string | undefined {
  if (found.kind === 'gpu') return undefined;
  const broken = looked.flatMap(({ adapters }) => adapters).find(({ kind, problem }) => kind === 'gpu' && problem);
  if (broken) return `${broken.name} was found but cannot be used: ${broken.problem}`;
  if (wanted !== undefined) return undefined;
  const crash = looked.find(({ route, crashed }) => route === 'system' && crashed);
  const reason = crash
    ? `The system's drivers cannot be used: their probe ${crash.problem}`
    : 'No graphics card was found';
  return `${reason}. ${found.name} runs on the processor; \`tokentrim doctor\` says how to get better.`;
}
