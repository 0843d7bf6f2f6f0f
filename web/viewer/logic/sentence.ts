/** A piece of a sentence: plain, or standing out; `token` puts the sign of a removed token before it. */
export type Piece = string | { readonly strong: string; readonly isHot?: boolean; readonly token?: boolean };

/** A sentence, some of whose words stand out. */
export type Sentence = readonly Piece[];

/** Its words alone. */
export const plain = (sentence: Sentence): string =>
  sentence.map((piece) => (typeof piece === 'string' ? piece : piece.strong)).join('');

/** `1 token`, `2 tokens`. */
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** A number as short as words have it; one that is very large or very small with an exponent. */
export function short(value: number, digits = 1): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-4) ? value.toExponential(2) : value.toFixed(digits);
}

/** As few digits, from one on, as tell numbers apart that are not equal; at most five. */
export function digitsApart(...values: readonly number[]): number {
  const different = new Set(values).size;
  for (let digits = 1; digits < 5; digits++) {
    if (new Set(values.map((value) => value.toFixed(digits))).size === different) return digits;
  }
  return 5;
}

/** `3`, `3 and 4`, `6 to 14`, `3, 5 and 9`, of numbers that ascend. */
export function listed(numbers: readonly number[]): string {
  const isRun = numbers.length > 2 && numbers.every((each, index) => index === 0 || each === numbers[index - 1] + 1);
  if (isRun) return `${numbers[0]} to ${numbers.at(-1)}`;
  if (numbers.length < 2) return numbers.join('');
  return `${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;
}
