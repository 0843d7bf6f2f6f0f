/** Where a rollout stops for a step of the method. */
export interface Stop {
  readonly name: string;
  readonly formula: string;
  /** Of src, without extension. */
  readonly file: string;
  /** A part of the one line at which it stops. */
  readonly line: string;
  /** Expressions in that line's scope. */
  readonly look: readonly string[];
}

export const STOPS: readonly Stop[];
