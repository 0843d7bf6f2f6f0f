/** What ends a run early: an `AbortSignal`, of which this is all that is used. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}
