/** Fewer launches than these are not worth a submit of their own: they go with those that follow. */
const LEAST_LAUNCHES = 64;

/** A call of so many launches is handed over in parts, so that the adapter begins while the host still records. */
const MOST_LAUNCHES = 2048;

/**
 * Whether it is time to hand over what was recorded. A model's call is one outermost scope and becomes one submission when
 * the scope ends; outside of scopes every few launches are one. (The 30 layers of Wan2.1-1.3B are some 1000 launches a call.)
 */
export function isSubmitDue(launches: number, isInScope: boolean): boolean {
  return launches >= (isInScope ? MOST_LAUNCHES : LEAST_LAUNCHES);
}
