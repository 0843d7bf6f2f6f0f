import { InvalidArgumentError } from 'commander';

/** Parsers of option values for commander, which prints what they throw beside the option's name. */

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}, found "${text}"`);
    }
    return value;
  };
}

/** @param isAllowed the range, said by `range` */
export function decimal(range: string, isAllowed: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isAllowed(value)) {
      throw new InvalidArgumentError(`expected a number ${range}, found "${text}"`);
    }
    return value;
  };
}

/** The path of a file or folder. */
export function path(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('expected a path, found nothing');
  return text;
}

/** A seed of any size; only its low 32 bits count. */
export function seed(text: string): string {
  if (!/^[+-]?\d+$/.test(text.trim())) throw new InvalidArgumentError(`expected a whole number, found "${text}"`);
  return BigInt(text.trim()).toString();
}

/** Denoising steps such as 1000,750,500,250. */
export function steps(text: string): number[] {
  const values = text.split(',').map((part) => Number(part));
  const falls = values.every((value, index) => index === 0 || value < values[index - 1]);
  const isInRange = values.every((value) => Number.isInteger(value) && value > 0 && value <= 1000);
  if (!falls || !isInRange) {
    throw new InvalidArgumentError(
      `expected falling whole numbers from 1000 to 1, such as 1000,750,500,250, found "${text}"`,
    );
  }
  return values;
}

export const ADAPTER_HELP =
  'gpu, lavapipe, swiftshader, reference (float64, no GPU), or part of an adapter name (default: the best there is; also TOKENTRIM_ADAPTER)';
