import { show } from '../../options/fields.js';
import type { DraftPlan } from '../plan/plan.js';

/** What decides nothing of the video: where files lie, and who made the plan. */
const PASSED_OVER = new Set(['program', 'model.source', 'model.name', 'given.file.path', 'noise.path']);

const MOST = 4;

/**
 * In what two plans differ that decides their video, in words: `seed 3 and not 4`. What only one of them decides yet, such
 * as when pictures are made, is no difference.
 */
export function planDifferences(saved: DraftPlan, other: DraftPlan): string[] {
  const found = [...differences('', saved, other)];
  return found.length > MOST ? [...found.slice(0, MOST), `${found.length - MOST} more`] : found;
}

function* differences(name: string, saved: unknown, other: unknown): Generator<string> {
  if (PASSED_OVER.has(name) || Object.is(saved, other) || (name === 'decode' && other === undefined)) return;
  if (isObject(saved) && isObject(other)) {
    for (const key of new Set([...Object.keys(saved), ...Object.keys(other)])) {
      yield* differences(name === '' ? key : `${name}.${key}`, saved[key], other[key]);
    }
  } else if (JSON.stringify(saved) !== JSON.stringify(other)) {
    const short = name.startsWith('model.digests.') ? `other weights (${name.slice(14)})` : undefined;
    yield short ?? `\`${name}\` ${show(saved)}, not ${show(other)}`;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
