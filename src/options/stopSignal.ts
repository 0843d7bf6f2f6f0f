import type * as z from 'zod';
import { value } from './fields.js';

/** What ends a run early: an `AbortSignal`, of which this is all that is used. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

/** @internal */
export const stopSignal: z.ZodType<StopSignal> = value<StopSignal>(
  'must be the signal of an AbortController',
  (given) => typeof (given as StopSignal | null)?.throwIfAborted === 'function',
);
