import type { BlockRow } from './runState.js';
import { numbersOf, type Trimming } from './words.js';

/** How a chart is drawn, in pixels. */
export interface ChartSize {
  readonly width: number;
  /** Room for labels on the points. */
  readonly isWide: boolean;
}

const TOP = 22;
const BOTTOM = 8;

/**
 * The severity of each block beside its threshold, as SVG: a dot for a block that was kept, open while the scale is being
 * learnt; for one that was made again, open circles for the tries that were not kept and a full one for the last.
 * @param blocks of the whole video: each has its place before it comes
 * @param selected the block that is looked at
 */
export function severityChart(
  rows: readonly BlockRow[],
  blocks: number,
  selected: number | undefined,
  { warmup }: Trimming,
  { width, isWide }: ChartSize,
): string {
  const height = blocks === 0 ? 108 : isWide ? 158 : 184;
  const base = height - BOTTOM;
  const pitch = width / Math.max(1, blocks);
  const x = (block: number) => (block + 0.5) * pitch;
  const measured = rows.filter(({ decision }) => decision?.severity != null);
  const y = scale(measured, base);
  const marks: string[] = [];
  const labels: string[] = [];

  const limited = measured.filter(({ block, decision }) => block > warmup && decision?.threshold != null);
  if (limited.length > 0) {
    const edge = limited
      .map(({ block, decision }, index) => {
        const level = y(decision?.threshold ?? 0);
        return `${index > 0 ? 'L' : 'M'}${x(block) - pitch / 2} ${level}H${x(block) + pitch / 2}`;
      })
      .join('');
    const from = x(limited[0].block) - pitch / 2;
    marks.push(
      `<path d="${edge}V${base}H${from}Z" fill="var(--band)"/>`,
      `<path d="${edge}" fill="none" stroke="var(--muted)" stroke-width="1.25" stroke-dasharray="4 4"/>`,
    );
    labels.push(`<text x="${from + 10}" y="${base - 8}">usual</text>`);
  }
  if (warmup > 0 && measured.length > 0 && blocks > warmup) {
    labels.push(`<text x="${(x(1) + x(warmup)) / 2}" y="${base - 8}" text-anchor="middle">warm-up</text>`);
  }
  marks.push(`<path d="M0 ${base}H${width}" stroke="var(--line)"/>`);
  const nothing = whyEmpty(rows, blocks);
  if (nothing) {
    labels.push(`<text x="${width / 2}" y="${(base + TOP) / 2}" text-anchor="middle">${nothing}</text>`);
  }
  if (selected !== undefined) {
    marks.push(
      `<rect x="${x(selected) - pitch / 2}" width="${pitch}" height="${base}" fill="var(--ink)" opacity=".045"/>`,
    );
  }

  const kept = measured.map(({ block, decision }) => `${x(block)} ${y(keptSeverity(decision))}`);
  if (kept.length > 1) {
    marks.push(
      `<path d="M${kept.join('L')}" fill="none" stroke="var(--ink)" stroke-width="1.5" stroke-linejoin="round" opacity=".85"/>`,
    );
  }
  for (const { block, decision } of measured) {
    if (!decision || decision.severity === null) continue;
    const center = x(block);
    if (!decision.triggered) {
      const fill = block <= warmup ? 'var(--bg)' : 'var(--ink)';
      marks.push(
        `<circle cx="${center}" cy="${y(decision.severity)}" r="4" fill="${fill}" stroke="var(--ink)" stroke-width="1.5"/>`,
      );
      const limit = block > warmup ? decision.threshold : null;
      if (isWide) labels.push(label(center, y(decision.severity), decision.severity, limit === null ? null : y(limit)));
      continue;
    }
    const tries = decision.reviews.map(({ severity }) => severity);
    const [low, high] = [Math.min(...tries), Math.max(...tries)];
    marks.push(`<path d="M${center} ${y(low)}V${y(high)}" stroke="var(--accent)" stroke-width="2"/>`);
    tries.forEach((severity, index) => {
      const isLast = index === tries.length - 1;
      const look = isLast ? 'fill="var(--accent)"' : 'fill="var(--bg)" stroke="var(--accent)" stroke-width="2.25"';
      marks.push(`<circle cx="${center}" cy="${y(severity)}" r="5.5" ${look}/>`);
    });
    const words = (severity: number) => {
      const word = isWide && block === selected ? (severity === tries.at(-1) ? 'new try ' : 'first try ') : '';
      return `${word}${severity.toFixed(1)}`;
    };
    labels.push(
      `<text class="hot halo" text-anchor="end" x="${center - 12}" y="${y(high) + 1}">${words(high)}</text>`,
      `<text class="hot halo" x="${center + 12}" y="${y(low) + 8}">${words(low)}</text>`,
    );
  }
  const columns = rows.map(
    (row) =>
      `<rect data-block="${row.block}" x="${x(row.block) - pitch / 2}" width="${pitch}" height="${height}" fill="none" ` +
      `pointer-events="all"><title>${numbersOf(row)}</title></rect>`,
  );
  const summary = `Severity of ${measured.length} blocks, ${measured.filter(({ decision }) => decision?.triggered).length} of them made again`;
  return (
    `<svg width="${width}" height="${height}" role="img" aria-label="${summary}">` +
    `${marks.join('')}${labels.join('')}${columns.join('')}</svg>`
  );
}

const keptSeverity = (decision: BlockRow['decision']) => decision?.severityAfter ?? decision?.severity ?? 0;

/** From a severity to its height: from zero, unless all of them lie far above it. */
function scale(rows: readonly BlockRow[], base: number): (value: number) => number {
  const values = rows.flatMap(({ decision }) => [
    ...(decision?.reviews.map(({ severity }) => severity) ?? []),
    ...(decision?.threshold != null ? [decision.threshold] : []),
  ]);
  const top = Math.max(1e-6, ...values) * 1.08;
  const low = Math.min(top, ...values);
  const floor = low / top < 0.4 ? 0 : low - 0.45 * (top - low);
  return (value) => base - ((value - floor) / (top - floor)) * (base - TOP);
}

/** A number at its dot: above it, unless the threshold runs there. */
function label(x: number, y: number, severity: number, limit: number | null): string {
  const isCrossed = limit !== null && Math.abs(y - 14 - limit) < 13;
  return `<text class="halo" x="${x}" y="${isCrossed ? y + 19 : y - 10}" text-anchor="middle">${severity.toFixed(1)}</text>`;
}

/** What stands in a chart without a dot; nothing while one may still come. */
function whyEmpty(rows: readonly BlockRow[], blocks: number): string | undefined {
  if (blocks === 0) return 'a dot for each block, beside its threshold';
  if (rows.some(({ decision }) => decision?.severity != null)) return undefined;
  if (rows.some(({ decision }) => decision === null))
    return 'all pictures are made at once: there is nothing to compare';
  return rows.length > 1 ? 'with TokenTrim off, nothing is measured' : undefined;
}
