import type { Plan } from '../pipelines/plan/plan.js';
import type { KernelTime } from '../tensor/device.js';
import type { KernelLog } from '../tensor/kernelLog.js';
import type { Decision } from '../tokentrim/policy.js';
import { type TrimPolicyName, watchedBlocks } from '../tokentrim/trimOptions.js';
import { IdleRetries } from '../trace/idleRetries.js';
import type { BlockRow, Report } from './reportSchema.js';

/** A block as `--json` tells it. */
export function blockRow({ block: index, ...decision }: Decision, seconds: number): BlockRow {
  const { severity, mean, std, threshold, triggered, unstable, severityAfter, attempts, drift } = decision;
  return {
    ...{ index, severity, mean, std, threshold, triggered, severityAfter, attempts, seconds },
    unstable: unstable && [...unstable],
    drift: drift && [...drift],
    reviews: decision.reviews.map((review) => ({
      severity: review.severity,
      aboveThreshold: threshold === null ? null : review.severity > threshold,
      drift: [...review.drift],
      unstable: [...review.unstable],
    })),
  };
}

/** What the progress bar says of the newest block. */
export function blockNote(row: BlockRow | undefined): string {
  if (!row || row.severity === null) return '';
  const severity = `severity ${row.severity.toFixed(2)}`;
  if (!row.triggered) return severity;
  return `${severity} > ${row.threshold?.toFixed(2)}, generated again: ${row.severityAfter?.toFixed(2)}`;
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

/** Longest rollout whose every block is listed at the end; of a longer one only the trimmed blocks are. */
const LISTED_BLOCKS = 30;

/** TokenTrim's decisions, block by block; nothing where it was off. */
export function blockTable(blocks: readonly BlockRow[], trim: Plan['trim'], idle = new IdleRetries()): string {
  if (blocks.every(({ severity }) => severity === null)) return '';
  const listed = blocks.length > LISTED_BLOCKS ? blocks.filter(({ triggered }) => triggered) : blocks;
  const cell = (value: number | null) => (value?.toFixed(2) ?? '-').padStart(11);
  const watched = typeof trim === 'object' ? watchedBlocks(trim) : 0;
  const rows = listed.map(({ index, severity, threshold, triggered, unstable, severityAfter, attempts }) => {
    const outcome = triggered
      ? `${againWords(trim, unstable?.length, attempts - 1, idle.of(index))}: severity ${severityAfter?.toFixed(2)}`
      : index > 0 && index <= watched
        ? 'accepted (warm-up)'
        : 'accepted';
    return `${String(index).padStart(5)}${cell(severity)}${cell(threshold)}  ${outcome}\n`;
  });
  return `block   severity  threshold\n${rows.join('')}`;
}

/**
 * What was done about a block.
 * @param times that it was generated again
 * @param idle how many of those found nothing left to prune
 */
function againWords(trim: Plan['trim'], count: number | undefined, times: number, idle: number): string {
  const policy = typeof trim === 'object' ? trim.policy : undefined;
  const again = `generated again${times > 1 ? ` ${times} times` : ''}`;
  if (policy === 'regenerate') return again;
  if (idle >= times) return `${again}, with nothing left to prune`;
  const tokens = `${count ?? 0} ${policy === 'placebo' ? 'random ' : ''}tokens`;
  return `pruned ${tokens} a frame and ${again}${idle > 0 ? `, ${idle} of them with nothing left to prune` : ''}`;
}

/** What a policy is called where it is said to have intervened. */
const POLICY_NAMES: Readonly<Record<TrimPolicyName, string>> = {
  tokentrim: 'TokenTrim',
  adaptive: 'adaptive pruning',
  placebo: 'the control placebo',
  regenerate: 'the control regenerate',
};

export function closingLine(report: Report): string {
  const { frames, width, height, seconds, adapter, blocks, preset, seed, settings } = report;
  const out = settings?.latentsOnly ? settings.saveLatents : report.out;
  const size = `${width}x${height}`;
  const what = settings?.latentsOnly
    ? `latents of ${settings.frames} frames of ${size} and no pictures`
    : `${frames} frames of ${size}`;
  const seeded = seed === null ? '' : `, seed ${seed}`;
  const made = `${out}: ${what} in ${seconds.toFixed(1)} s on ${adapter}${seeded}`;
  if (preset === 'wan') return `${made}\n`;
  const again = blocks.filter(({ triggered }) => triggered).map(({ index }) => index);
  if (again.length === 0) return `${made}; no block was generated again\n`;
  const policy = settings?.trim ? POLICY_NAMES[settings.trim.policy] : 'the policy';
  return `${made}; ${policy} intervened in ${again.length === 1 ? 'block' : 'blocks'} ${again.join(', ')}\n`;
}

/** Time of every kernel, the slowest first, and how many were compiled. */
export function kernelTable(times: readonly KernelTime[], { names }: Pick<KernelLog, 'names'>): string {
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
