import type { Plan } from '../pipelines/plan.js';
import type { Device } from '../tensor/device.js';
import type { Decision } from '../tokentrim/policy.js';
import type { GenerateFlags } from './generateFlags.js';
import type { Run } from './openRun.js';

/** A block in the output of `--json`; null where there is no such value. */
export interface BlockRow {
  readonly index: number;
  readonly severity: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly threshold: number | null;
  readonly triggered: boolean;
  readonly unstable: readonly number[] | null;
  readonly severityAfter: number | null;
  readonly attempts: number;
  readonly seconds: number;
}

export function blockRow(decision: Decision, seconds: number): BlockRow {
  const { block: index, severity, mean, std, threshold, triggered, unstable, severityAfter, attempts } = decision;
  return { index, severity, mean, std, threshold, triggered, unstable, severityAfter, attempts, seconds };
}

/** What the progress bar says of the newest block. */
export function blockNote(row: BlockRow | undefined): string {
  if (!row || row.severity === null) return '';
  const severity = `severity ${row.severity.toFixed(2)}`;
  if (!row.triggered) return severity;
  return `${severity} > ${row.threshold?.toFixed(2)}, trimmed to ${row.severityAfter?.toFixed(2)}`;
}

/** Kernels named in the progress bar; of more only the number is told. */
const NAMED_KERNELS = 3;

/** What the progress bar says while kernels run for the first time, which is when drivers compile them. */
export function compileNote(pending: readonly string[]): string {
  if (pending.length === 0) return '';
  const names = [...new Set(pending)];
  const more = names.length > NAMED_KERNELS ? ', ...' : '';
  const count = `compiling ${pending.length} ${pending.length === 1 ? 'kernel' : 'kernels'}`;
  return `${count}: ${names.slice(0, NAMED_KERNELS).join(', ')}${more}`;
}

/** Denoising steps of a run in which nothing triggers. */
export function callCount(plan: Plan): number {
  if (plan.preset === 'wan') return plan.steps;
  const blocks = plan.frames / plan.framesPerBlock;
  return plan.preset === 'rolling-forcing' ? blocks + plan.steps.length - 1 : blocks * plan.steps.length;
}

/** The object that `--json` prints. */
export interface Summary {
  readonly out: string;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** A number where it is exact; null where the noise came from a file. */
  readonly seed: number | string | null;
  readonly preset: string;
  readonly model: string;
  readonly adapter: string;
  readonly seconds: number;
  readonly peakGpuBytes: number;
  /** Kernels that were compiled, or that the driver still had from an earlier run. */
  readonly compiledKernels: number;
  readonly blocks: readonly BlockRow[];
}

export function summarise(
  { folder, device, plan, fps, sink }: Run,
  flags: Pick<GenerateFlags, 'seed' | 'noise'>,
  { frames, blocks }: { frames: number; blocks: readonly BlockRow[] },
  seconds: number,
): Summary {
  const seed = Number(flags.seed);
  return {
    out: sink.path,
    frames,
    width: plan.pixel.width,
    height: plan.pixel.height,
    fps,
    seed: flags.noise === undefined ? (Number.isSafeInteger(seed) ? seed : flags.seed) : null,
    preset: plan.preset,
    model: folder.config.name,
    adapter: device.name,
    seconds,
    peakGpuBytes: device.kind === 'gpu' ? device.memory.peakBytes : 0,
    compiledKernels: device.kernels.names.length,
    blocks,
  };
}

/** Longest rollout whose every block is listed at the end; of a longer one only the trimmed blocks are. */
const LISTED_BLOCKS = 30;

/** TokenTrim's decisions, block by block; nothing where it was off. */
export function blockTable(blocks: readonly BlockRow[], warmup: number): string {
  if (blocks.every(({ severity }) => severity === null)) return '';
  const listed = blocks.length > LISTED_BLOCKS ? blocks.filter(({ triggered }) => triggered) : blocks;
  const cell = (value: number | null) => (value?.toFixed(2) ?? '-').padStart(11);
  const rows = listed.map(({ index, severity, threshold, triggered, unstable, severityAfter }) => {
    const outcome = triggered
      ? `pruned ${unstable?.length} tokens a frame and generated again: severity ${severityAfter?.toFixed(2)}`
      : index > 0 && index <= warmup
        ? 'accepted (warm-up)'
        : 'accepted';
    return `${String(index).padStart(5)}${cell(severity)}${cell(threshold)}  ${outcome}\n`;
  });
  return `block   severity  threshold\n${rows.join('')}`;
}

export function closingLine(summary: Summary): string {
  const { out, frames, width, height, seconds, adapter, blocks, preset, seed } = summary;
  const seeded = seed === null ? '' : `, seed ${seed}`;
  const made = `${out}: ${frames} frames of ${width}x${height} in ${seconds.toFixed(1)} s on ${adapter}${seeded}`;
  if (preset === 'wan') return `${made}\n`;
  const trimmed = blocks.filter(({ triggered }) => triggered).map(({ index }) => index);
  const trims = trimmed.length > 0 ? `TokenTrim intervened in blocks ${trimmed.join(', ')}` : 'no block was trimmed';
  return `${made}; ${trims}\n`;
}

/** Time of every kernel, the slowest first, and how many were compiled. */
export async function kernelTable(device: Device): Promise<string> {
  const times = await device.kernelTimes();
  const { names } = device.kernels;
  const compiled = `${names.length} kernels compiled, of ${new Set(names).size} names\n`;
  if (times.length === 0) return `no kernel times: this adapter has no timestamp queries\n${compiled}`;
  const width = Math.max(...times.map(({ kernel }) => kernel.length)) + 2;
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = times.map(({ kernel, calls, milliseconds }) => {
    const share = `${((100 * milliseconds) / total).toFixed(1)}%`;
    return `${kernel.padEnd(width)}${String(calls).padStart(8)}${milliseconds.toFixed(1).padStart(12)}${share.padStart(8)}`;
  });
  return `${'kernel'.padEnd(width)}${'calls'.padStart(8)}${'ms'.padStart(12)}${'share'.padStart(8)}\n${rows.join('\n')}\n${compiled}`;
}
