import type { BlockFacts } from '../logic/facts.js';
import type { Columns } from '../logic/scale.js';

interface Props {
  readonly all: readonly BlockFacts[];
  readonly count: number;
  readonly width: number;
  readonly columns: Columns;
  readonly scroll: number;
  readonly go: (left: number) => void;
}

const HEIGHT = 30;

/** A long run as a whole: its severities, where blocks were made again, and which part of it is in sight. */
export function Overview({ all, count, width, columns, scroll, go }: Props) {
  const kept = all.map((facts) => facts.kept ?? 0);
  const top = kept.reduce((most, each) => Math.max(most, each), 1e-6);
  const x = (index: number) => ((index + 0.5) / count) * width;
  // A point a pixel at most: the highest of the blocks that share it.
  const peaks = new Map<number, number>();
  for (const { index, kept: value } of all) {
    if (value === null) continue;
    const column = Math.round(x(index));
    peaks.set(column, Math.max(peaks.get(column) ?? 0, value));
  }
  const path = [...peaks]
    .map(([column, value]) => `${column} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 8)).toFixed(1)}`)
    .join('L');
  const again = all.filter(({ outcome }) => outcome === 'again' || outcome === 'asked' || outcome === 'would');
  const share = width / columns.width;
  const at = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * columns.width - width / 2);
  };
  return (
    <svg
      class="overview"
      width={width}
      height={HEIGHT}
      aria-hidden="true"
      onClick={at}
      onMouseMove={(event) => event.buttons === 1 && at(event)}
    >
      <rect class="window" x={scroll * share} width={Math.max(6, width * share)} height={HEIGHT} rx={3} />
      {path.includes('L') && <path class="curve" d={`M${path}`} />}
      <path class="ticks" d={again.map(({ index }) => `M${x(index).toFixed(1)} 0v5`).join('')} />
    </svg>
  );
}
