/** Where a text stops being JSON. */
export interface JsonPlace {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the first letter that no JSON could go on with. Node's messages leave the place out for some mistakes; but they
 * say whether a text merely ends too early, so the longest beginning of that kind ends at the place.
 */
export function jsonPlace(text: string): JsonPlace {
  let right = 0;
  for (let wrong = text.length; right < wrong; ) {
    const middle = Math.ceil((right + wrong) / 2);
    if (couldGoOn(text.slice(0, middle))) right = middle;
    else wrong = middle - 1;
  }
  const before = text.slice(0, right).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const [, position] = /position (\d+)/.exec(message) ?? [];
    return /end of JSON input/.test(message) || (position !== undefined && Number(position) >= beginning.length);
  }
}
