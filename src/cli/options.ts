import { randomInt } from 'node:crypto';
import { InvalidArgumentError } from 'commander';

/** What a file of options (`--config`) has for a value that is read by one of the parsers below; a string by default. */
export type JsonKind = 'number' | 'integer' | 'list' | 'text' | 'texts';

const as = <Parser extends object>(json: JsonKind, parser: Parser) => Object.assign(parser, { json });

// Parsers of option values for commander, which prints what they throw beside the option's name.

export function wholeNumber(least: number): (text: string) => number {
  return as('number', (text: string) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}, found "${text}"`);
    }
    return value;
  });
}

/** @param isAllowed the range, said by `range` */
export function decimal(range: string, isAllowed: (value: number) => boolean): (text: string) => number {
  return as('number', (text: string) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !isAllowed(value)) {
      throw new InvalidArgumentError(`expected a number ${range}, found "${text}"`);
    }
    return value;
  });
}

/** The path of a file or folder. */
export function path(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('expected a path, found nothing');
  return text;
}

/** What stands for a seed that is drawn when the run begins. */
export const RANDOM_SEED = 'random';

/** A seed of any size, of which the low 32 bits count; -1 is what other programs call a random one. */
export const seed = as('integer', (text: string): string => {
  const given = text.trim().toLowerCase();
  if (given === RANDOM_SEED || /^-0*1$/.test(given)) return RANDOM_SEED;
  if (!/^[+-]?\d+$/.test(given)) {
    throw new InvalidArgumentError(`expected a whole number, or random, found "${text}"`);
  }
  return BigInt(given).toString();
});

/** The seed itself: another one each time where that was asked for. */
export function drawSeed(text: string): string {
  return text === RANDOM_SEED ? String(randomInt(2 ** 32)) : text;
}

/**
 * A text that may be given again: all of them, in order.
 * @param check throws where one is not what is expected
 */
export function eachText(check: (text: string) => void): (text: string, before?: readonly string[]) => string[] {
  return as('texts', (text: string, before: readonly string[] = []) => {
    check(text);
    return [...before, text];
  });
}

/** A size such as 832*480 or 832x480. */
export function size(text: string): { width: number; height: number } {
  const [, width, height] = /^\s*(\d+)\s*[*x×]\s*(\d+)\s*$/i.exec(text) ?? [];
  if (!height) throw new InvalidArgumentError(`expected width*height, such as 832*480, found "${text}"`);
  return { width: wholeNumber(1)(width), height: wholeNumber(1)(height) };
}

/** Height and width of a token in latent pixels, such as 2,2. */
export function patch(text: string): { height: number; width: number } {
  const [, height, width] = /^\s*(\d+)\s*[,x]\s*(\d+)\s*$/.exec(text) ?? [];
  if (!height) throw new InvalidArgumentError(`expected height,width, such as 2,2, found "${text}"`);
  return { height: wholeNumber(1)(height), width: wholeNumber(1)(width) };
}

/** Denoising steps such as 1000,750,500,250. */
export const steps = as('list', (text: string): number[] => {
  const values = text.split(',').map((part) => Number(part));
  const falls = values.every((value, index) => index === 0 || value < values[index - 1]);
  const isInRange = values.every((value) => Number.isInteger(value) && value > 0 && value <= 1000);
  if (!falls || !isInRange) {
    throw new InvalidArgumentError(
      `expected falling whole numbers from 1000 to 1, such as 1000,750,500,250, found "${text}"`,
    );
  }
  return values;
});

export const FORCE_HELP = 'replace files that this program did not write';

export const ADAPTER_HELP =
  'gpu, lavapipe, swiftshader, reference (float64, no GPU), interpreter (the WGSL itself, no GPU), on Windows vulkan or d3d12, or part of an adapter name (default: the best there is; also TOKENTRIM_ADAPTER)';
