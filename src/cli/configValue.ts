import { isAbsolute, join } from 'node:path';
import type { Option } from 'commander';
import { isHubPreset } from '../node/hub/presets.js';
import { show } from '../options/fields.js';
import { type JsonKind, path as pathParser } from './options.js';
import { ensureUsage, UsageError } from './usageError.js';

/** In words, and whether a value is of the kind. */
const KINDS: Readonly<Record<JsonKind | 'switch', readonly [string, (value: unknown) => boolean]>> = {
  switch: ['true or false', (value) => typeof value === 'boolean'],
  number: ['a number', (value) => typeof value === 'number'],
  integer: [
    'a whole number, or a string where it is a large one',
    (value) => Number.isSafeInteger(value) || isText(value),
  ],
  list: ['a list of numbers, or one number', (value) => [value].flat().every((each) => typeof each === 'number')],
  text: ['a string', isText],
  texts: ['a string, or a list of strings', (value) => [value].flat().every(isText)],
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/**
 * An option's value from what a file of options has for it.
 * @param label what errors call it
 * @param folder where the file's paths begin
 * @throws UsageError where it is of another type, or is refused by the option
 */
export function configValue(option: Option, given: unknown, label: string, folder: string): unknown {
  const parser = option.parseArg as (((text: string, previous: unknown) => unknown) & { json?: JsonKind }) | undefined;
  const isSwitch = option.isBoolean() || option.negate;
  const [words, fits] = KINDS[isSwitch ? 'switch' : (parser?.json ?? 'text')];
  ensureUsage(fits(given), `${label} must be ${words}, found ${show(given)}`);
  if (isSwitch) return option.negate ? !given : given;
  if (!parser) return given;
  try {
    if (parser.json === 'texts')
      return [given].flat().reduce((all: unknown, each) => parser(String(each), all), undefined);
    const value = parser(String(given), undefined);
    return parser === pathParser ? fromFolder(folder, String(given)) : value;
  } catch (cause) {
    throw new UsageError(`${label}: ${(cause as Error).message}`, { cause });
  }
}

/** A path in the file, as seen from where the program runs. What stands for no path stays: the Hub's names, and `-`. */
function fromFolder(folder: string, path: string): string {
  if (isAbsolute(path) || path === '-' || path.startsWith('hf:') || isHubPreset(path)) return path;
  return join(folder, path);
}
