import type { TracedAttempt, TracedBlock } from './traceReader.js';

type Cell = number | null | undefined;

/** What stands above each column, and what in it. */
const COLUMNS: Readonly<Record<string, (block: TracedBlock, attempt: TracedAttempt) => Cell>> = {
  block: ({ block }) => block,
  attempt: (_, { attempt }) => attempt,
  severity: (_, { review }) => review?.severity,
  mean: (_, { review }) => review?.mean,
  std: (_, { review }) => review?.std,
  threshold: (_, { review }) => review?.threshold,
  unstable: (_, { review }) => review?.unstable?.length,
  pruned: (_, { review }) => review?.pruned?.length,
  kept: ({ accepted, attempts }, attempt) => accepted && Number(attempt === attempts.at(-1)),
  first_frame: ({ accepted }, { steps }) => accepted?.firstFrame ?? steps.at(0)?.firstFrame,
  calls: (_, { steps }) => steps.length,
  frames_seen: (_, { steps }) => steps.at(-1)?.seen?.frames.length,
  rows_seen: (_, { steps }) => steps.at(-1)?.seen?.rows,
  seconds: (_, { steps }) => microseconds(sumOf(steps.map(({ seconds }) => seconds))),
  block_seconds: ({ accepted }) => accepted?.seconds,
  memory_bytes: ({ accepted }) => accepted?.memory,
};

/** As exact as clocks are: a sum of decimals is not. */
const microseconds = (seconds: Cell): Cell => (typeof seconds === 'number' ? Math.round(seconds * 1e6) / 1e6 : seconds);

/** Null where one of them is not known, or there is none. */
const sumOf = (values: readonly (number | null)[]): Cell =>
  values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), values.length > 0 ? 0 : null);

/** The first line of every table. */
export const CSV_HEADER = Object.keys(COLUMNS).join(',');

/** A line for each attempt at a block; what is not known is empty. `frames_seen` and `rows_seen` are the last call's. */
export function traceCsv(blocks: readonly TracedBlock[]): string {
  const cells = Object.values(COLUMNS);
  const lines = blocks.flatMap((block) =>
    block.attempts.map((attempt) => cells.map((cell) => cell(block, attempt) ?? '').join(',')),
  );
  return `${[CSV_HEADER, ...lines].join('\n')}\n`;
}
