import { chooseAdapter } from './chooseAdapter.js';
import { listAdapters } from './listAdapters.js';
import { LAVAPIPE_ADVICE } from './noAdapterMessage.js';
import { hasNvidiaDevice, nvidiaAdvice } from './nvidia.js';
import type { ProbedAdapter } from './probe.js';
import type { Route } from './route.js';
import { type ClosedRoute, routesFor } from './routesFor.js';

/** One adapter as `tokentrim doctor` shows it. */
export interface DescribedAdapter extends ProbedAdapter {
  /** Where it comes from: the system's drivers, or the npm package. */
  readonly source: Route['name'];
  /** Whether {@link findAdapter} would take this one. */
  readonly chosen: boolean;
}

/** What there is on this machine, what would be used, and how to get something better. */
export interface AdapterReport {
  readonly platform: string;
  readonly adapters: DescribedAdapter[];
  /** Places that were searched in vain, and why. */
  readonly problems: { source: Route['name']; problem: string }[];
  /** Name of the adapter that would be used, if any. */
  readonly chosen?: string;
  readonly advice: string[];
}

/**
 * Asks every route afresh, each in a child process so that one bad driver cannot end this one, and refreshes the
 * remembered answers on the way.
 *
 * @param request as for {@link findAdapter}: what would be chosen for it.
 */
export async function describeAdapters(request?: string): Promise<AdapterReport> {
  const adapters = new Map<string, ProbedAdapter & { source: Route['name'] }>();
  const problems: AdapterReport['problems'] = [];
  for (const route of routesFor()) {
    const { found, problem } = ask(route);
    // The lavapipe route shows again what the system's route has shown, unless another driver broke that one.
    for (const adapter of found) {
      if (adapters.get(adapter.name)?.problem || !adapters.has(adapter.name)) {
        adapters.set(adapter.name, { ...adapter, source: route.name });
      }
    }
    if (problem) problems.push({ source: route.name, problem });
  }
  const list = [...adapters.values()];
  const chosen = chooseAdapter(list, request);
  return {
    platform: `${process.platform} ${process.arch}, Node ${process.version}`,
    adapters: list.map((adapter) => ({ ...adapter, chosen: adapter === chosen })),
    problems,
    chosen: chosen?.name,
    advice: adviceFor(
      list,
      problems.map(({ problem }) => problem),
    ),
  };
}

function ask(route: Route | ClosedRoute): { found: ProbedAdapter[]; problem?: string } {
  if ('problem' in route) return { found: [], problem: route.problem };
  const { adapters, problem, complaints } = listAdapters(route, true);
  return { found: adapters, problem: problem ?? (adapters.length === 0 ? (complaints[0] ?? 'no adapter') : undefined) };
}

function adviceFor(adapters: readonly ProbedAdapter[], problems: readonly string[]): string[] {
  const has = (kind: string) => adapters.some((adapter) => adapter.kind === kind && !adapter.problem);
  if (has('gpu')) return [];
  const advice = ['A graphics card with a Vulkan, Metal or Direct3D 12 driver is many times faster than a processor.'];
  if (process.platform !== 'linux') return [...advice, "Install the graphics card's newest driver."];
  if (hasNvidiaDevice()) {
    advice.push(nvidiaAdvice(problems));
  } else {
    advice.push('For AMD and Intel cards install mesa-vulkan-drivers, for NVIDIA cards nvidia-driver, and libvulkan1.');
  }
  if (!has('lavapipe')) advice.push(`Without a card, lavapipe is faster than SwiftShader: ${LAVAPIPE_ADVICE}.`);
  if (adapters.every((adapter) => adapter.problem)) advice.push('Until then --adapter reference runs without any.');
  return advice;
}
