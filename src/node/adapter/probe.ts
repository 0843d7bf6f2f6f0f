import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type AdapterIdentity, type AdapterKind, adapterKind } from '../../tensor/gpu/adapterKind.js';
import { probeScript } from './probeScript.js';
import { backendOptions, type Route, routeEnvironment } from './route.js';

/** What a child process learned about one adapter. */
export interface ProbedAdapter {
  /** The driver's own name for it, which Dawn's `adapter=` option matches. */
  readonly name: string;
  readonly kind: AdapterKind;
  /** The driver and its version. */
  readonly description: string;
  readonly features: string[];
  readonly limits: Record<string, number>;
  /** Why it cannot be used; undefined if it ran a shader and gave the right numbers. */
  readonly problem?: string;
}

/** The adapters of one route, and why the probe ended early if it did. */
export interface ProbeResult {
  readonly adapters: ProbedAdapter[];
  readonly problem?: string;
  /** What Dawn and the Vulkan loader complained about, one complaint a line. */
  readonly complaints: string[];
}

interface ProbeLine {
  name?: string;
  trying?: string;
  info?: AdapterIdentity;
  features?: string[];
  limits?: Record<string, number>;
  problem?: string;
}

/** A probe takes 0.1 to 0.5 s on an idle two-core machine; a driver that loads itself without end takes for ever. */
const TIME_LIMIT_MS = 15_000;

/** Tries every adapter of a route in a child process, because a broken driver ends the process it is loaded into. */
export function probe(route: Route): ProbeResult {
  const webgpu = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;
  const environment: NodeJS.ProcessEnv = { ...process.env, ...routeEnvironment(route) };
  delete environment.NODE_OPTIONS; // a debugger or a loader of the parent has no business in the probe
  const child = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      probeScript,
      '--',
      JSON.stringify({ webgpu, loader: route.loader, options: backendOptions(route) }),
    ],
    { env: environment, encoding: 'utf8', timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', windowsHide: true },
  );
  const lines = parseLines(child.stdout ?? '');
  const problem = endedEarly(child, lines);
  return { adapters: adaptersFrom(lines, problem), problem, complaints: complaintsFrom(child.stderr ?? '') };
}

function parseLines(output: string): ProbeLine[] {
  return output.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as ProbeLine] : [];
    } catch {
      return []; // a line cut short by a crash
    }
  });
}

function endedEarly(child: ReturnType<typeof spawnSync>, lines: ProbeLine[]): string | undefined {
  if (child.status === 0) return undefined;
  const trying = lines.findLast((line) => line.trying)?.trying;
  const where = trying === undefined ? 'while its drivers were loaded' : `while ${trying} was tried`;
  if ((child.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') {
    return `gave no answer within ${TIME_LIMIT_MS / 1000} s ${where}`;
  }
  if (child.error) return `could not be started: ${child.error.message}`;
  if (child.signal) return `was ended by ${child.signal} ${where}`;
  return `ended with status ${child.status} ${where}: ${lastLine(String(child.stderr))}`;
}

function adaptersFrom(lines: ProbeLine[], problem: string | undefined): ProbedAdapter[] {
  return lines.flatMap((line) => {
    if (line.info === undefined) return [];
    const verdict = lines.find((other) => other.name === line.name && other.info === undefined);
    return [
      {
        name: line.name!,
        kind: adapterKind(line.info),
        description: line.info.description,
        features: (line.features ?? []).sort(),
        limits: line.limits ?? {},
        problem: verdict === undefined ? (problem ?? 'was not tried') : verdict.problem,
      },
    ];
  });
}

/** Dawn clamps two limits that nobody reaches and says so each time it meets an adapter. */
function complaintsFrom(output: string): string[] {
  return output.split('\n').flatMap((line) => {
    const complaint = /^(?:Warning|Error): (.*)$/.exec(line)?.[1];
    return complaint === undefined || complaint.includes('artificially reduced') ? [] : [complaint];
  });
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .findLast((line) => /error/i.test(line)) ?? text.trim().split('\n').at(-1)!
  );
}
